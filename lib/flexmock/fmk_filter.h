/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_FILTER_H
#define FMK_FILTER_H

/**
 * @file
 * Address filter of the port. A filter never changes once pollers can see it: a new one takes its
 * place (fmk_device_set_filter()).
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#define FMK_FILTER_MAX_UC 64 /**< Unicast addresses. */
#define FMK_FILTER_MAX_MC 64 /**< Multicast addresses. */

struct fmk_filter {
	bool promiscuous;
	bool allmulticast;
	uint16_t nb_uc;
	uint16_t nb_mc;
	struct rte_ether_addr uc[FMK_FILTER_MAX_UC];
	struct rte_ether_addr mc[FMK_FILTER_MAX_MC];
	struct fmk_filter *retired; /**< The one this took the place of, until the card stops. */
};

/** @return whether a frame to @p dst is received; broadcast always is */
bool fmk_filter_pass(const struct fmk_filter *filter, const struct rte_ether_addr *dst);

#endif /* FMK_FILTER_H */
