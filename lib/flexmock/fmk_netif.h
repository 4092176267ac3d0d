/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_NETIF_H
#define FMK_NETIF_H

/**
 * @file
 * Network interfaces of the kernel: what ports of raw sockets and taps stand on.
 */

#include <stdbool.h>
#include <stdint.h>

/** Bytes a frame has beside what the kernel's MTU counts: the Ethernet header. */
#define FMK_NETIF_OVERHEAD 14

/** @return whether the interface has a carrier and is up; false if it is gone */
bool fmk_netif_running(unsigned int index);

/** @return whether the interface is in the namespace of this thread */
bool fmk_netif_here(unsigned int index);

/** @return the file of this process that has made a tap, -1 if there is none; not to be closed */
int fmk_netif_tap_file(const char *name);

/** @return whether a file has its tap: it may have been moved to another namespace, but not deleted */
bool fmk_netif_has_tap(int file);

/**
 * Frames that found the rings of this process's raw sockets at an interface full since they were
 * asked for last: the kernel counts them, and tells once.
 */
uint64_t fmk_netif_ring_drops(unsigned int index);

/** @return the interface's MTU, 0 if it is gone */
int fmk_netif_mtu(unsigned int index);

/**
 * Why a device driver that stands on an interface may have refused to make a port.
 *
 * @param driver name of the device, which begins with its driver's
 * @param args its arguments, may be NULL
 * @return what is wrong and allowed, in @p text; NULL if nothing is known
 */
const char *fmk_netif_refusal(const char *driver, const char *args, char *text, int size);

#endif /* FMK_NETIF_H */
