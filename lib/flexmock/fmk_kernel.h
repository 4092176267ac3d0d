/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_KERNEL_H
#define FMK_KERNEL_H

/**
 * @file
 * The kernel beside the pipes (`kernel=`): an interface of the kernel, a tap, gets the frames no
 * pipe takes and those a program that walks packets by their IPv4 length would not survive; what
 * the kernel sends through it leaves on the card's wire. So ARP and ping go on beside a program.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "fmk_tx.h"

struct fmk_device;
struct fmk_kernel;

/**
 * Make the interface. EAL has been started.
 *
 * @param device the card; outlives the interface
 * @param interface name of the interface; there is none of that name yet
 * @param mac its address, the card's
 * @param[out] kernel closed by fmk_kernel_close()
 * @return 0, or -errno after one line of log; nothing is left behind then
 */
int fmk_kernel_open(struct fmk_device *device, const char *interface,
	const struct rte_ether_addr *mac, struct fmk_kernel **kernel);

/** Remove the interface; NULL is allowed. @param keep_device as for fmk_port_close() */
void fmk_kernel_close(struct fmk_kernel *kernel, bool keep_device);

/** Let frames pass. @return 0, or -errno after one line of log */
int fmk_kernel_start(struct fmk_kernel *kernel);

/** Let no frame pass any more. */
void fmk_kernel_stop(struct fmk_kernel *kernel);

/**
 * Hand a frame to the kernel. One thread at a time.
 *
 * @return false if the interface does not take it now: it is down, or full
 */
bool fmk_kernel_put(struct fmk_kernel *kernel, const void *data, uint32_t len);

/**
 * Put what the kernel has sent on the wire, at most FMK_PORT_BURST frames. One thread at a time.
 *
 * @param[out] lost frames the wire did not take
 * @return frames put on the wire
 */
uint32_t fmk_kernel_send(
	struct fmk_kernel *kernel, fmk_tx_wire wire, void *arg, uint64_t now, uint32_t *lost);

#endif /* FMK_KERNEL_H */
