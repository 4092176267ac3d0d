/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>

#include "fmk_nic.h"

int
fmk_nic_alloc_notif(struct fmk_nic *nic)
{
	int id = -ENOSPC;

	fmk_nic_lock(nic);
	for (uint16_t i = 0; i < FMK_NOTIFS_MAX && id < 0; i++) {
		if (!nic->ring[i].allocated)
			id = i;
	}
	if (id >= 0)
		nic->ring[id].allocated = true;
	fmk_nic_unlock(nic);
	return id;
}

void
fmk_nic_free_notif(struct fmk_nic *nic, uint16_t id)
{
	pthread_mutex_lock(&nic->tx.lock);
	fmk_tx_forget(&nic->tx, id);
	fmk_nic_lock(nic);
	nic->ring[id].mem = NULL;
	nic->ring[id].allocated = false;
	fmk_nic_unlock(nic);
	pthread_mutex_unlock(&nic->tx.lock);
}

static void
take_pipe(struct fmk_nic *nic, uint16_t id, bool fallback)
{
	nic->pipe[id].allocated = true;
	nic->pipe[id].fallback = fallback;
	nic->nb_fallback += fallback;
}

static int
find_free_pipe(const struct fmk_nic *nic, bool fallback)
{
	for (uint16_t i = 0; i < FMK_PIPES_MAX; i++) {
		uint16_t id = fallback ? i : (uint16_t)(FMK_PIPES_MAX - 1 - i);

		if (!nic->pipe[id].allocated)
			return id;
	}
	return -ENOSPC;
}

int
fmk_nic_alloc_pipe(struct fmk_nic *nic, bool fallback)
{
	int id;

	fmk_nic_lock(nic);
	id = find_free_pipe(nic, fallback);
	if (id >= 0 && fallback && (uint32_t)id != nic->nb_fallback)
		id = -EINVAL;
	if (id >= 0)
		take_pipe(nic, (uint16_t)id, fallback);
	fmk_nic_unlock(nic);
	return id;
}

int
fmk_nic_alloc_pipe_id(struct fmk_nic *nic, uint16_t id)
{
	int ret = -EBUSY;

	fmk_nic_lock(nic);
	if (!nic->pipe[id].allocated) {
		take_pipe(nic, id, false);
		ret = 0;
	}
	fmk_nic_unlock(nic);
	return ret;
}

void
fmk_nic_free_pipe(struct fmk_nic *nic, uint16_t id)
{
	struct fmk_pipe *pipe = &nic->pipe[id];

	fmk_nic_enable_pipe(nic, id, NULL, 0);
	fmk_nic_lock(nic);
	nic->nb_fallback -= pipe->fallback;
	pipe->allocated = false;
	pipe->fallback = false;
	fmk_nic_unlock(nic);
}

uint32_t
fmk_nic_nb_fallback(struct fmk_nic *nic)
{
	uint32_t n;

	fmk_nic_lock(nic);
	n = nic->nb_fallback;
	fmk_nic_unlock(nic);
	return n;
}

bool
fmk_nic_round_robin(struct fmk_nic *nic)
{
	bool on;

	fmk_nic_lock(nic);
	on = nic->round_robin;
	fmk_nic_unlock(nic);
	return on;
}

void
fmk_nic_set_round_robin(struct fmk_nic *nic, bool on)
{
	fmk_nic_lock(nic);
	nic->round_robin = on;
	fmk_nic_unlock(nic);
}
