/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_ethdev.h>

#include <fmk_port.h>

#include "flexmock.h"
#include "flexmock_rxtx.h"

#define WAIT_US 100
#define DRAIN_US 10000 /* Far more than a store takes to be seen by another CPU. */

static int
lower_gone(uint16_t lower_id, enum rte_eth_event_type event, void *arg, void *ret)
{
	struct rte_eth_dev *dev = arg;

	RTE_SET_USED(lower_id);
	RTE_SET_USED(event);
	RTE_SET_USED(ret);
	FLEXMOCK_LOG(WARNING, dev, "the port below was taken away");
	fmk_device_sever(flexmock_device(dev));
	flexmock_link_event(dev->data->port_id);
	return 0;
}

/* An application that watches ports come (testpmd does) has seen the one below: it is not for it. */
static int
join(struct rte_eth_dev *dev)
{
	struct flexmock_port *port = flexmock_port(dev);

	port->lower_id = fmk_port_id(flexmock_device(dev)->port);
	rte_eth_dev_callback_process(&rte_eth_devices[port->lower_id], RTE_ETH_EVENT_DESTROY, NULL);
	return rte_eth_dev_callback_register(
		port->lower_id, RTE_ETH_EVENT_DESTROY, lower_gone, dev);
}

static void
made_anew(void *arg)
{
	if (join(arg) < 0)
		FLEXMOCK_LOG(ERR, (struct rte_eth_dev *)arg,
			"no memory to hear of the end of the port below");
}

static void
about_to_go(void *arg)
{
	flexmock_forget_lower(arg);
}

static void
link_changed(void *arg)
{
	struct rte_eth_dev *dev = arg;

	flexmock_link_event(dev->data->port_id);
}

/*
 * Make every thread of the process run a memory barrier. Pollers have none between saying that they
 * are busy and looking whether they may: it is made for them here, once in a port's life, and not
 * there, once a burst.
 */
static void
barrier_everywhere(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) < 0)
		usleep(DRAIN_US);
}

static bool
is_busy(struct rte_eth_dev *dev)
{
	struct flexmock_port *port = flexmock_port(dev);
	bool busy = false;

	rte_spinlock_lock(&port->queues_lock);
	for (uint16_t q = 0; q < dev->data->nb_rx_queues; q++) {
		const struct flexmock_rxq *rxq = dev->data->rx_queues[q];

		busy |= rxq != NULL && __atomic_load_n(&rxq->busy, __ATOMIC_ACQUIRE);
	}
	for (uint16_t q = 0; q < dev->data->nb_tx_queues; q++) {
		const struct flexmock_txq *txq = dev->data->tx_queues[q];

		busy |= txq != NULL && __atomic_load_n(&txq->busy, __ATOMIC_ACQUIRE);
	}
	rte_spinlock_unlock(&port->queues_lock);
	return busy;
}

/*
 * Of a poller that said it is busy before the barrier the word is seen; one that says so after it
 * sees its queue shut.
 */
static void
quiesce(void *arg)
{
	struct rte_eth_dev *dev = arg;

	barrier_everywhere();
	while (is_busy(dev))
		usleep(WAIT_US);
}

int
flexmock_adopt_lower(struct rte_eth_dev *dev)
{
	struct flexmock_process *process = dev->process_private;
	const struct rte_eth_dev_info *info = fmk_port_info(process->device->port);
	struct flexmock_port *port = flexmock_port(dev);

	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	process->face = (struct fmk_face){
		.quiesce = quiesce,
		.leave = about_to_go,
		.join = made_anew,
		.link = link_changed,
		.arg = dev,
	};
	process->device->face = &process->face;
	port->max_mtu = RTE_MIN(port->max_mtu, info->max_mtu);
	port->rx_offloads &= info->rx_offload_capa;
	port->tx_offloads &= info->tx_offload_capa;
	return join(dev);
}

void
flexmock_forget_lower(struct rte_eth_dev *dev)
{
	struct flexmock_port *port = flexmock_port(dev);

	if (port->lower_id != RTE_MAX_ETHPORTS)
		rte_eth_dev_callback_unregister(
			port->lower_id, RTE_ETH_EVENT_DESTROY, lower_gone, dev);
	port->lower_id = RTE_MAX_ETHPORTS;
}
