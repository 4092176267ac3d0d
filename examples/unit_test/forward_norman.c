/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <string.h>

#include <flexmock/norman.h>

#include "forward.h"

void
forward_pipe(struct norman_pipe *rx, struct norman_pipe *tx)
{
	struct norman_batch batch = norman_pipe_peek_pkts(rx, -1);
	uint32_t room, done = 0;
	uint8_t *pkt, *out;

	out = norman_pipe_alloc(tx, batch.available);
	while ((pkt = norman_batch_next(&batch)) != NULL) {
		room = norman_pkt_room(pkt);
		if (!forward_frame(pkt, norman_pkt_len(pkt)))
			continue;
		memcpy(out + done, pkt, room);
		done += room;
	}
	norman_pipe_send(tx, done);
	norman_pipe_confirm(rx, norman_batch_processed(&batch));
	norman_pipe_clear(rx);
}
