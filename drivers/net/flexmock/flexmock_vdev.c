/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bus_vdev_driver.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_log.h>
#include <rte_malloc.h>

#include "flexmock.h"
#include "flexmock_rxtx.h"

RTE_LOG_REGISTER(flexmock_logtype, pmd.net.flexmock, NOTICE);

/* Bursts of a process that may look at the port but not poll it. */
static uint16_t
no_burst(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	RTE_SET_USED(queue);
	RTE_SET_USED(pkts);
	RTE_SET_USED(n);
	return 0;
}

static void
set_functions(struct rte_eth_dev *dev, const struct eth_dev_ops *ops)
{
	dev->dev_ops = ops;
	dev->rx_pkt_burst = no_burst;
	dev->tx_pkt_burst = no_burst;
	dev->rx_queue_count = flexmock_rx_queue_count;
	dev->rx_descriptor_status = flexmock_rx_descriptor_status;
	dev->tx_descriptor_status = flexmock_tx_descriptor_status;
}

static int
attach_secondary(struct rte_vdev_device *vdev)
{
	struct rte_eth_dev *dev = rte_eth_dev_attach_secondary(rte_vdev_device_name(vdev));

	if (dev == NULL)
		return -ENODEV;
	set_functions(dev, &flexmock_secondary_ops);
	dev->device = &vdev->device;
	rte_eth_dev_probing_finish(dev);
	return 0;
}

/*
 * Ticks a second. EAL rounds what it measures to 10 MHz, which is 0.2 % of a clock that paces
 * captures to 0.1 %.
 */
static uint64_t
measure_tsc_hz(void)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	struct timespec begin, end;
	uint64_t ticks, ns;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	ticks = rte_rdtsc();
	nanosleep(&pause, NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ticks = rte_rdtsc() - ticks;
	ns = (uint64_t)(end.tv_sec - begin.tv_sec) * 1000000000 + (uint64_t)end.tv_nsec -
		(uint64_t)begin.tv_nsec;
	return (uint64_t)((double)ticks * 1e9 / (double)ns);
}

static uint64_t
tsc_hz(void)
{
	static uint64_t hz;

	if (hz == 0)
		hz = measure_tsc_hz();
	return hz;
}

static int
fill_port(struct rte_eth_dev *dev, struct fmk_device *device)
{
	struct flexmock_port *port = flexmock_port(dev);

	port->card = device->shared;
	port->port_id = dev->data->port_id;
	port->lower_id = RTE_MAX_ETHPORTS;
	rte_spinlock_init(&port->queues_lock);
	port->max_mtu = FMK_MTU_MAX;
	port->rx_offloads = FLEXMOCK_RX_OFFLOADS;
	port->tx_offloads = FLEXMOCK_TX_OFFLOADS;
	fmk_clock_init(&port->clock, tsc_hz());
	device->clock = port->clock;
	fmk_device_set_wall(device, fmk_clock_ps(&port->clock, rte_rdtsc()));
	dev->data->mac_addrs = rte_zmalloc(
		"flexmock addresses", FMK_FILTER_MAX_UC * sizeof(*dev->data->mac_addrs), 0);
	if (dev->data->mac_addrs == NULL)
		return -ENOMEM;
	dev->data->mac_addrs[0] = port->card->options.mac;
	if (port->card->options.numa_node >= 0)
		dev->data->numa_node = port->card->options.numa_node;
	dev->data->dev_link.link_speed = RTE_ETH_SPEED_NUM_100G;
	dev->data->dev_flags |= RTE_ETH_DEV_INTR_LSC;
	return flexmock_filter_reset(dev);
}

static int
probe_primary(struct rte_vdev_device *vdev)
{
	const char *name = rte_vdev_device_name(vdev);
	struct flexmock_process *process;
	struct rte_eth_dev *dev;
	int ret;

	dev = rte_eth_vdev_allocate(vdev, sizeof(struct flexmock_port));
	if (dev == NULL) {
		rte_log(RTE_LOG_ERR, (uint32_t)flexmock_logtype,
			"%s: no port could be allocated, allowed a free name and a free port\n",
			name);
		return -ENOMEM;
	}
	process = calloc(1, sizeof(*process));
	ret = -ENOMEM;
	if (process == NULL)
		goto release;
	dev->process_private = process;
	set_functions(dev, &flexmock_ops);
	ret = fmk_device_create(name, rte_vdev_device_args(vdev), &flexmock_mem, &process->device);
	if (ret < 0)
		goto free_process;
	ret = fill_port(dev, process->device);
	if (ret == 0 && process->device->port != NULL)
		ret = flexmock_adopt_lower(dev);
	if (ret < 0)
		goto destroy;
	rte_eth_dev_probing_finish(dev);
	return 0;

destroy:
	fmk_device_destroy(process->device, false);
free_process:
	free(process);
release:
	rte_eth_dev_release_port(dev);
	/* EAL takes -EEXIST for a device that is there already, and so for success. */
	return ret == -EEXIST ? -EBUSY : ret;
}

static int
flexmock_probe(struct rte_vdev_device *vdev)
{
	if (rte_eal_process_type() == RTE_PROC_SECONDARY)
		return attach_secondary(vdev);
	return probe_primary(vdev);
}

static int
flexmock_remove(struct rte_vdev_device *vdev)
{
	struct rte_eth_dev *dev = rte_eth_dev_allocated(rte_vdev_device_name(vdev));

	if (dev == NULL)
		return 0;
	if (rte_eal_process_type() == RTE_PROC_PRIMARY) {
		if (dev->data->dev_started)
			rte_eth_dev_stop(dev->data->port_id);
		flexmock_close(dev, true);
	}
	return rte_eth_dev_release_port(dev);
}

static struct rte_vdev_driver flexmock_driver = {
	.probe = flexmock_probe,
	.remove = flexmock_remove,
};

/*
 * In place of RTE_PMD_REGISTER_VDEV: only the public ABI is stable within a year's releases, and a
 * driver of another release would crash inside probe.
 */
RTE_INIT(flexmock_register)
{
	if (rte_version_year() != RTE_VER_YEAR || rte_version_month() != RTE_VER_MONTH) {
		rte_log(RTE_LOG_ERR, (uint32_t)flexmock_logtype,
			"net_flexmock: built for DPDK %02d.%02d, loaded into %s: not registered\n",
			RTE_VER_YEAR, RTE_VER_MONTH, rte_version());
		return;
	}
	flexmock_driver.driver.name = "net_flexmock";
	flexmock_driver.driver.alias = "eth_flexmock";
	rte_vdev_register(&flexmock_driver);
}

RTE_PMD_REGISTER_PARAM_STRING(net_flexmock, FMK_PARAM_STRING);

#ifdef FLEXMOCK_OUT_OF_TREE
/* What DPDK's own build generates, for dpdk-pmdinfo.py. */
__attribute__((used)) static const char flexmock_pmd_info[] =
	"PMD_INFO_STRING= {\"name\": \"net_flexmock\", \"params\": \"" FMK_PARAM_STRING
	"\", \"pci_ids\": []}";
#endif
