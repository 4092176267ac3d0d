/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_common.h>

#include "fmk_flexbuf.h"
#include "fmk_log.h"
#include "fmk_mem.h"
#include "fmk_pace.h"
#include "fmk_steer.h"

#define HUGE_PAGE (2u << 20)

static void *
map_memfd(uint64_t len, unsigned int flags)
{
	int fd = memfd_create("flexbuf", MFD_CLOEXEC | flags);
	void *map = MAP_FAILED;

	if (fd < 0)
		return NULL;
	if (ftruncate(fd, (off_t)len) == 0)
		map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	close(fd);
	return map == MAP_FAILED ? NULL : map;
}

/* Huge pages when the kernel has some to spare: a lap then costs no TLB misses. */
static int
map_buffer(struct fmk_flexbuf *buf, uint64_t len)
{
	buf->map_len = RTE_ALIGN_CEIL(len, (uint64_t)HUGE_PAGE);
	buf->map = map_memfd(buf->map_len, MFD_HUGETLB);
	if (buf->map != NULL)
		return 0;
	buf->map_len = RTE_ALIGN_CEIL(len, (uint64_t)sysconf(_SC_PAGESIZE));
	buf->map = map_memfd(buf->map_len, 0);
	return buf->map == NULL ? -ENOMEM : 0;
}

uint64_t
fmk_flexbuf_size(uint64_t flits, uint64_t frames, bool paced)
{
	return flits * FMK_FLIT + frames * sizeof(struct fmk_rx_desc) +
		(paced ? frames * sizeof(struct fmk_arrival) : 0);
}

/* Map room for the frames and flits that were counted, and count anew while laying. */
static int
make_room(struct fmk_flexbuf *buf, bool paced)
{
	if (buf->nb_frames == 0)
		return 0;
	if (map_buffer(buf, fmk_flexbuf_size(buf->nb_flits, buf->nb_frames, paced)) < 0)
		return -ENOMEM;
	buf->data = buf->map;
	buf->desc = (struct fmk_rx_desc *)(buf->data + buf->nb_flits * FMK_FLIT);
	if (paced)
		buf->arrival = (struct fmk_arrival *)(buf->desc + buf->nb_frames);
	buf->room_frames = buf->nb_frames;
	buf->room_flits = buf->nb_flits;
	buf->nb_frames = 0;
	buf->nb_flits = 0;
	return 0;
}

static void
count_frame(struct fmk_flexbuf *buf, const struct fmk_peer_frame *frame)
{
	buf->nb_frames++;
	buf->nb_flits += FMK_FLITS(frame->len);
}

/* @return -EIO if more comes than was counted */
static int
append_frame(struct fmk_flexbuf *buf, const struct fmk_peer_frame *frame, uint64_t at)
{
	if (buf->nb_frames == buf->room_frames ||
		FMK_FLITS(frame->len) > buf->room_flits - buf->nb_flits)
		return -EIO;
	memcpy(buf->data + buf->nb_flits * FMK_FLIT, frame->data, frame->len);
	buf->desc[buf->nb_frames] = (struct fmk_rx_desc){
		.len = frame->len,
		.data_len = (uint16_t)frame->len,
	};
	if (buf->arrival != NULL)
		buf->arrival[buf->nb_frames] = (struct fmk_arrival){at, buf->nb_flits};
	buf->nb_bytes += frame->len;
	buf->max_len = RTE_MAX(buf->max_len, frame->len);
	count_frame(buf, frame);
	return 0;
}

/* Read the peer once from its start: counting without room, laying with it. */
static int
read_peer(const struct fmk_lay *lay, struct fmk_flexbuf *bufs, struct fmk_pace *pace)
{
	struct fmk_peer_frame frame;
	int ret = lay->ops->rewind(lay->peer);

	while (ret == 0) {
		struct fmk_flexbuf *buf;

		ret = lay->ops->next(lay->peer, &frame);
		if (ret <= 0)
			break;
		ret = 0;
		buf = &bufs[fmk_steer_queue(frame.data, frame.len, lay->nb_queues)];
		if (pace == NULL)
			count_frame(buf, &frame);
		else
			ret = append_frame(buf, &frame, fmk_pace_next(pace, frame.len, frame.time));
		if (ret < 0)
			FMK_LOG(ERR, lay->card,
				"%s changed while it was read; allowed one nobody writes to",
				lay->ops->name);
	}
	return ret;
}

/* Whether what was counted fits: touching memory there is not ends the process. */
static int
check_memory(const struct fmk_lay *lay, const struct fmk_flexbuf *bufs, bool paced)
{
	uint64_t available = fmk_mem_available();
	uint64_t needed = 0;

	for (uint16_t q = 0; q < lay->nb_queues; q++)
		needed += fmk_flexbuf_size(bufs[q].nb_flits, bufs[q].nb_frames, paced);
	if (needed <= available)
		return 0;
	FMK_LOG(ERR, lay->card,
		"%s needs %" PRIu64 " MiB, %" PRIu64
		" MiB of memory available; allowed fewer or smaller frames, or preload=0",
		lay->ops->name, FMK_MIB_CEIL(needed), available >> 20);
	return -ENOMEM;
}

int
fmk_flexbuf_lay(const struct fmk_lay *lay, struct fmk_flexbuf *bufs)
{
	const bool paced = lay->rate.kind != FMK_RATE_MAX;
	struct fmk_pace pace;
	int ret;

	memset(bufs, 0, lay->nb_queues * sizeof(*bufs));
	ret = read_peer(lay, bufs, NULL);
	if (ret == 0)
		ret = check_memory(lay, bufs, paced);
	for (uint16_t q = 0; ret == 0 && q < lay->nb_queues; q++) {
		ret = make_room(&bufs[q], paced);
		if (ret < 0)
			FMK_LOG(ERR, lay->card, "no memory for %" PRIu64 " MiB of frames",
				(bufs[q].nb_flits * FMK_FLIT) >> 20);
	}
	if (ret == 0) {
		fmk_pace_init(&pace, &lay->rate);
		ret = read_peer(lay, bufs, &pace);
	}
	for (uint16_t q = 0; q < lay->nb_queues; q++) {
		if (ret < 0)
			fmk_flexbuf_free(&bufs[q]);
		else if (paced)
			bufs[q].lap = fmk_pace_lap(&pace);
	}
	return ret;
}

void
fmk_flexbuf_free(struct fmk_flexbuf *buf)
{
	if (buf->map != NULL)
		munmap(buf->map, buf->map_len);
	memset(buf, 0, sizeof(*buf));
}
