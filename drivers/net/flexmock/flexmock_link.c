/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <rte_alarm.h>
#include <rte_ethdev.h>

#include <fmk_port.h>

#include "flexmock.h"

/* The NIC's one speed (numbers.md 2.4), where no port below has one of its own. */
#define LINK_SPEED RTE_ETH_SPEED_NUM_100G

#define EVENT_DELAY_US 1

int
flexmock_link_update(struct rte_eth_dev *dev, int wait_to_complete)
{
	const struct fmk_wire *wire = &flexmock_port(dev)->card->wire;
	struct rte_eth_link link = {
		.link_speed = LINK_SPEED,
		.link_duplex = RTE_ETH_LINK_FULL_DUPLEX,
		.link_autoneg = RTE_ETH_LINK_FIXED,
		.link_status = RTE_ETH_LINK_UP,
	};

	RTE_SET_USED(wait_to_complete);
	/* Only the primary process can ask a port below; the others see what it found. */
	if (rte_eal_process_type() != RTE_PROC_PRIMARY)
		return -1;
	if (flexmock_device(dev)->port != NULL)
		fmk_port_link(flexmock_device(dev)->port, &link);
	if (!fmk_wire_up(wire))
		link.link_status = RTE_ETH_LINK_DOWN;
	return rte_eth_linkstatus_set(dev, &link);
}

static void
tell(void *arg)
{
	struct rte_eth_dev *dev = arg;

	/* The port may have been closed between the event and now. */
	if (dev->state == RTE_ETH_DEV_ATTACHED && dev->data->dev_conf.intr_conf.lsc)
		rte_eth_dev_callback_process(dev, RTE_ETH_EVENT_INTR_LSC, NULL);
}

static void
look_and_tell(void *arg)
{
	struct rte_eth_dev *dev = arg;

	if (dev->state == RTE_ETH_DEV_ATTACHED && flexmock_link_update(dev, 0) == 0)
		tell(dev);
}

static void
from_interrupt_thread(struct rte_eth_dev *dev, rte_eal_alarm_callback callback)
{
	if (rte_eal_alarm_set(EVENT_DELAY_US, callback, dev) < 0)
		FLEXMOCK_LOG(ERR, dev, "the link event cannot be raised");
}

void
flexmock_link_event(uint16_t port_id)
{
	from_interrupt_thread(&rte_eth_devices[port_id], look_and_tell);
}

void
flexmock_link_close(struct rte_eth_dev *dev)
{
	rte_eal_alarm_cancel(look_and_tell, dev);
	rte_eal_alarm_cancel(tell, dev);
}

/* The port of the card at the other end of the cable, if that card is a port. */
static struct rte_eth_dev *
far_port(struct rte_eth_dev *dev)
{
	const struct fmk_shared *near = flexmock_port(dev)->card;
	uint16_t id;

	if (near->far == NULL || near->far == near ||
		rte_eth_dev_get_port_by_name(near->far->name, &id) < 0)
		return NULL;
	return &rte_eth_devices[id];
}

int
flexmock_link_changed(struct rte_eth_dev *dev)
{
	struct rte_eth_dev *far = far_port(dev);

	if (far != NULL && far->data->dev_started)
		flexmock_link_event(far->data->port_id);
	return flexmock_link_update(dev, 0);
}

/* The status changes at once; the event follows, as a card's would. */
static int
set_link(struct rte_eth_dev *dev, bool up)
{
	fmk_device_set_link(flexmock_device(dev), up);
	if (flexmock_link_changed(dev) == 0)
		from_interrupt_thread(dev, tell);
	return 0;
}

int
flexmock_set_link_up(struct rte_eth_dev *dev)
{
	return set_link(dev, true);
}

int
flexmock_set_link_down(struct rte_eth_dev *dev)
{
	return set_link(dev, false);
}
