/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include "fmk_filter.h"

static bool
listed(const struct rte_ether_addr *list, uint16_t nb, const struct rte_ether_addr *addr)
{
	for (uint16_t i = 0; i < nb; i++) {
		if (rte_is_same_ether_addr(&list[i], addr))
			return true;
	}
	return false;
}

bool
fmk_filter_pass(const struct fmk_filter *filter, const struct rte_ether_addr *dst)
{
	if (filter->promiscuous || rte_is_broadcast_ether_addr(dst))
		return true;
	if (rte_is_multicast_ether_addr(dst))
		return filter->allmulticast || listed(filter->mc, filter->nb_mc, dst);
	return listed(filter->uc, filter->nb_uc, dst);
}
