/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <string.h>

#include <rte_ether.h>

#include "flexmock.h"

/* A copy of the filter in force, to be changed and set. */
static struct fmk_filter
current(const struct rte_eth_dev *dev)
{
	return *flexmock_port(dev)->card->filter;
}

static void
list_remove(struct fmk_filter *filter, const struct rte_ether_addr *addr)
{
	for (uint16_t i = 0; i < filter->nb_uc; i++) {
		if (rte_is_same_ether_addr(&filter->uc[i], addr)) {
			filter->uc[i] = filter->uc[--filter->nb_uc];
			return;
		}
	}
}

/* ethdev gives all addresses again after start: one that is there stays once. */
static int
list_add(struct fmk_filter *filter, const struct rte_ether_addr *addr)
{
	list_remove(filter, addr);
	if (filter->nb_uc == FMK_FILTER_MAX_UC)
		return -ENOSPC;
	filter->uc[filter->nb_uc++] = *addr;
	return 0;
}

int
flexmock_filter_reset(struct rte_eth_dev *dev)
{
	struct fmk_filter filter = {.nb_uc = 1};

	filter.uc[0] = flexmock_port(dev)->card->options.mac;
	return fmk_device_set_filter(flexmock_device(dev), &filter);
}

static int
set_promiscuous(struct rte_eth_dev *dev, bool on)
{
	struct fmk_filter filter = current(dev);

	filter.promiscuous = on;
	return fmk_device_set_filter(flexmock_device(dev), &filter);
}

int
flexmock_promiscuous_enable(struct rte_eth_dev *dev)
{
	return set_promiscuous(dev, true);
}

int
flexmock_promiscuous_disable(struct rte_eth_dev *dev)
{
	return set_promiscuous(dev, false);
}

static int
set_allmulticast(struct rte_eth_dev *dev, bool on)
{
	struct fmk_filter filter = current(dev);

	filter.allmulticast = on;
	return fmk_device_set_filter(flexmock_device(dev), &filter);
}

int
flexmock_allmulticast_enable(struct rte_eth_dev *dev)
{
	return set_allmulticast(dev, true);
}

int
flexmock_allmulticast_disable(struct rte_eth_dev *dev)
{
	return set_allmulticast(dev, false);
}

int
flexmock_mac_addr_add(
	struct rte_eth_dev *dev, struct rte_ether_addr *addr, uint32_t index, uint32_t pool)
{
	struct fmk_filter filter = current(dev);
	int ret = list_add(&filter, addr);

	RTE_SET_USED(index);
	RTE_SET_USED(pool);
	return ret < 0 ? ret : fmk_device_set_filter(flexmock_device(dev), &filter);
}

void
flexmock_mac_addr_remove(struct rte_eth_dev *dev, uint32_t index)
{
	struct fmk_filter filter = current(dev);

	list_remove(&filter, &dev->data->mac_addrs[index]);
	if (fmk_device_set_filter(flexmock_device(dev), &filter) < 0)
		FLEXMOCK_LOG(ERR, dev, "no memory to remove address %u", index);
}

int
flexmock_mac_addr_set(struct rte_eth_dev *dev, struct rte_ether_addr *addr)
{
	struct fmk_filter filter = current(dev);
	int ret;

	list_remove(&filter, &dev->data->mac_addrs[0]);
	ret = list_add(&filter, addr);
	return ret < 0 ? ret : fmk_device_set_filter(flexmock_device(dev), &filter);
}

int
flexmock_set_mc_addr_list(struct rte_eth_dev *dev, struct rte_ether_addr *addrs, uint32_t nb_addrs)
{
	struct fmk_filter filter = current(dev);

	if (nb_addrs > FMK_FILTER_MAX_MC) {
		FLEXMOCK_LOG(ERR, dev, "%u multicast addresses, allowed %u or all-multicast",
			nb_addrs, FMK_FILTER_MAX_MC);
		return -ENOSPC;
	}
	if (nb_addrs > 0)
		memcpy(filter.mc, addrs, nb_addrs * sizeof(*addrs));
	filter.nb_mc = (uint16_t)nb_addrs;
	return fmk_device_set_filter(flexmock_device(dev), &filter);
}
