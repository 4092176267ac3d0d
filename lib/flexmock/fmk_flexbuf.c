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
#define COLOR 4096u

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

static uint64_t
size_of(const struct fmk_lay *lay, const struct fmk_flexbuf *buf)
{
	uint64_t size =
		fmk_flexbuf_size(buf->nb_flits, buf->nb_frames, lay->rate.kind != FMK_RATE_MAX);

	return lay->flits ? size + (buf->nb_flits + 1) * sizeof(*buf->begun) : size;
}

/* Map room for the frames and flits that were counted, and count anew while laying. */
static int
make_room(const struct fmk_lay *lay, struct fmk_flexbuf *buf)
{
	void *behind;

	if (buf->nb_frames == 0)
		return 0;
	if (map_buffer(buf, size_of(lay, buf) + lay->color * COLOR) < 0)
		return -ENOMEM;
	buf->data = (uint8_t *)buf->map + lay->color * COLOR;
	buf->desc = (struct fmk_rx_desc *)(buf->data + buf->nb_flits * FMK_FLIT);
	behind = buf->desc + buf->nb_frames;
	if (lay->rate.kind != FMK_RATE_MAX) {
		buf->arrival = behind;
		behind = buf->arrival + buf->nb_frames;
	}
	if (lay->flits)
		buf->begun = behind;
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
	for (uint64_t i = 0; buf->begun != NULL && i < FMK_FLITS(frame->len); i++)
		buf->begun[buf->nb_flits + i + 1] = buf->nb_frames + 1;
	buf->nb_bytes += frame->len;
	buf->max_len = RTE_MAX(buf->max_len, frame->len);
	count_frame(buf, frame);
	return 0;
}

/* Buffer of the peer's frame with this number, NULL if it is laid in none. */
static struct fmk_flexbuf *
buffer_of(const struct fmk_lay *lay, struct fmk_flexbuf *bufs, uint64_t number,
	const struct fmk_peer_frame *frame)
{
	if (lay->owner != NULL)
		return lay->owner[number] == lay->pipe ? bufs : NULL;
	return &bufs[fmk_steer_queue(frame->data, frame->len, lay->nb_queues)];
}

/* Read the peer once from its start: counting without room, laying with it. */
static int
read_peer(const struct fmk_lay *lay, struct fmk_flexbuf *bufs, struct fmk_pace *pace, uint64_t from)
{
	struct fmk_peer_frame frame;
	int ret = lay->ops->rewind(lay->peer);
	uint64_t at = 0;

	for (uint64_t number = 0; ret == 0; number++) {
		struct fmk_flexbuf *buf;

		ret = lay->ops->next(lay->peer, &frame);
		if (ret <= 0)
			break;
		ret = 0;
		if (pace != NULL)
			at = RTE_MIN(from + fmk_pace_next(pace, frame.len, frame.time),
				(uint64_t)INT64_MAX);
		buf = buffer_of(lay, bufs, number, &frame);
		if (buf == NULL)
			continue;
		if (pace == NULL)
			count_frame(buf, &frame);
		else
			ret = append_frame(buf, &frame, at);
		if (ret < 0)
			FMK_LOG(ERR, lay->card,
				"%s changed while it was read; allowed one nobody writes to",
				lay->ops->name);
	}
	return ret;
}

/* Whether what was counted fits: touching memory there is not ends the process. */
static int
check_memory(const struct fmk_lay *lay, const struct fmk_flexbuf *bufs)
{
	uint64_t available = fmk_mem_available();
	uint64_t needed = 0;

	for (uint16_t q = 0; q < lay->nb_queues; q++)
		needed += size_of(lay, &bufs[q]);
	if (needed <= available)
		return 0;
	FMK_LOG(ERR, lay->card,
		"%s needs %" PRIu64 " MiB, %" PRIu64
		" MiB of memory available; allowed fewer or smaller frames, or preload=0",
		lay->ops->name, FMK_MIB_CEIL(needed), available >> 20);
	return -ENOMEM;
}

/* Times one buffer's frames are laid. */
static uint64_t
copies_of(const struct fmk_lay *lay, const struct fmk_flexbuf *buf)
{
	if (buf->nb_flits == 0 || buf->nb_flits >= lay->least)
		return 1;
	return (lay->least + buf->nb_flits - 1) / buf->nb_flits;
}

/* Lay all laps. @return 0 or -errno */
static int
lay_laps(const struct fmk_lay *lay, struct fmk_flexbuf *bufs, uint64_t copies)
{
	struct fmk_pace pace;
	uint64_t from = 0;
	int ret = 0;

	for (uint64_t i = 0; ret == 0 && i < copies; i++) {
		fmk_pace_init(&pace, &lay->rate);
		ret = read_peer(lay, bufs, &pace, from);
		if (lay->rate.kind != FMK_RATE_MAX)
			from = RTE_MIN(from + fmk_pace_lap(&pace), (uint64_t)INT64_MAX);
	}
	for (uint16_t q = 0; ret == 0 && q < lay->nb_queues; q++)
		bufs[q].lap = from;
	return ret;
}

int
fmk_flexbuf_lay(const struct fmk_lay *lay, struct fmk_flexbuf *bufs)
{
	uint64_t copies;
	int ret;

	memset(bufs, 0, lay->nb_queues * sizeof(*bufs));
	ret = read_peer(lay, bufs, NULL, 0);
	copies = copies_of(lay, bufs);
	for (uint16_t q = 0; q < lay->nb_queues; q++) {
		bufs[q].nb_frames *= copies;
		bufs[q].nb_flits *= copies;
	}
	if (ret == 0)
		ret = check_memory(lay, bufs);
	for (uint16_t q = 0; ret == 0 && q < lay->nb_queues; q++) {
		ret = make_room(lay, &bufs[q]);
		if (ret < 0)
			FMK_LOG(ERR, lay->card, "no memory for %" PRIu64 " MiB of frames",
				(bufs[q].nb_flits * FMK_FLIT) >> 20);
	}
	if (ret == 0)
		ret = lay_laps(lay, bufs, copies);
	for (uint16_t q = 0; ret < 0 && q < lay->nb_queues; q++)
		fmk_flexbuf_free(&bufs[q]);
	return ret;
}

/*
 * First frame of a lap from low on that is later than a time. Steps double from low, so that the
 * search takes as long as what is passed is far, however long the lap is.
 */
static uint32_t
gallop(const struct fmk_flexbuf *buf, uint32_t low, uint64_t time)
{
	uint64_t step = 1;
	uint32_t high;

	while (step <= buf->nb_frames - low && buf->arrival[low + step - 1].at <= time) {
		low += (uint32_t)step;
		step *= 2;
	}
	high = (uint32_t)RTE_MIN(low + step - 1, (uint64_t)buf->nb_frames);
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (buf->arrival[mid].at <= time)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint64_t
fmk_flexbuf_due(const struct fmk_flexbuf *buf, uint64_t elapsed, struct fmk_mark *mark)
{
	uint64_t time = elapsed - mark->lap_at;
	uint64_t laps;

	/* Clocks of two cores may differ by a little: nothing goes back. */
	if ((int64_t)time >= 0) {
		if (time >= buf->lap) {
			laps = time / buf->lap;
			time %= buf->lap;
			mark->lap_at += laps * buf->lap;
			mark->before += laps * buf->nb_frames;
			mark->index = 0;
		}
		mark->index = gallop(buf, mark->index, time);
	}
	return mark->before + mark->index;
}

void
fmk_flexbuf_free(struct fmk_flexbuf *buf)
{
	if (buf->map != NULL)
		munmap(buf->map, buf->map_len);
	memset(buf, 0, sizeof(*buf));
}
