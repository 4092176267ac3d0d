/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "norman_internal.h"

int
norman_device_apply_config(struct norman_device *dev, const void *command)
{
	struct fmk_config config;

	memcpy(&config, command, sizeof(config));
	if (config.signal != FMK_SIGNAL_CONFIG) {
		NORMAN_LOG(ERR,
			"command with signal %" PRIu64
			", allowed 2: the card would take it for data",
			config.signal);
		return -EINVAL;
	}
	if (config.id < FMK_CONFIG_FLOW || config.id > FMK_CONFIG_FALLBACK)
		NORMAN_LOG(WARNING,
			"command with id %" PRIu64 ", known 1 to 4: the card ignores it",
			config.id);
	norman_device_command(dev, &config);
	return 0;
}

static int
set_timestamps(struct norman_device *dev, bool on, uint8_t offset)
{
	const struct fmk_config config = {
		.signal = FMK_SIGNAL_CONFIG,
		.id = FMK_CONFIG_TIMESTAMP,
		.timestamp = {.enable = on ? UINT64_MAX : 0, .offset = offset},
	};

	norman_device_command(dev, &config);
	return 0;
}

/* Bytes other than those of the default offset mean something to the card. */
static void
warn_offset(uint8_t offset)
{
	if ((offset > 12 && offset < 18) || (offset > 19 && offset < 38) ||
		(offset > 43 && offset < 48))
		NORMAN_LOG(WARNING,
			"timestamps at byte %u overwrite the length, the protocol, addresses, "
			"ports or TCP flags: packets will be cut or steered wrong",
			offset);
}

int
norman_device_enable_timestamping(struct norman_device *dev, uint8_t offset)
{
	if (offset > NORMAN_RTT_OFFSET_MAX) {
		NORMAN_LOG(ERR, "timestamps at byte %u, allowed 0 to %u", offset,
			NORMAN_RTT_OFFSET_MAX);
		return -EINVAL;
	}
	warn_offset(offset);
	return set_timestamps(dev, true, offset);
}

int
norman_device_disable_timestamping(struct norman_device *dev)
{
	return set_timestamps(dev, false, 0);
}

static int
set_rate(struct norman_device *dev, bool on, uint16_t num, uint16_t den)
{
	const struct fmk_config config = {
		.signal = FMK_SIGNAL_CONFIG,
		.id = FMK_CONFIG_RATE_LIMIT,
		.rate = {.enable = on ? UINT32_MAX : 0, .num = num, .den = den},
	};

	norman_device_command(dev, &config);
	return 0;
}

int
norman_device_enable_rate_limiting(struct norman_device *dev, uint16_t num, uint16_t den)
{
	if (num == 0 || den == 0) {
		NORMAN_LOG(ERR,
			"rate limit %u/%u, allowed two numbers from 1 on: 0/n stops the card, n/0 "
			"limits nothing",
			num, den);
		return -EINVAL;
	}
	return set_rate(dev, true, num, den);
}

int
norman_device_disable_rate_limiting(struct norman_device *dev)
{
	return set_rate(dev, false, 0, 0);
}

void
norman_device_update_fallback(struct norman_device *dev)
{
	const uint32_t set = dev->card->shared->options.fallback_queues;
	const uint32_t n = set != 0 ? set : fmk_nic_nb_fallback(dev->nic);
	const struct fmk_config config = {
		.signal = FMK_SIGNAL_CONFIG,
		.id = FMK_CONFIG_FALLBACK,
		.fallback =
			{
				.count = n,
				.mask = n == 0 ? 0 : rte_align32prevpow2(n) - 1,
				.round_robin = fmk_nic_round_robin(dev->nic) ? UINT64_MAX : 0,
			},
	};

	norman_device_command(dev, &config);
}

int
norman_device_nb_fallback(struct norman_device *dev)
{
	return (int)fmk_nic_nb_fallback(dev->nic);
}

static int
set_round_robin(struct norman_device *dev, bool on)
{
	fmk_nic_set_round_robin(dev->nic, on);
	norman_device_update_fallback(dev);
	return 0;
}

int
norman_device_enable_round_robin(struct norman_device *dev)
{
	return set_round_robin(dev, true);
}

int
norman_device_disable_round_robin(struct norman_device *dev)
{
	return set_round_robin(dev, false);
}

int
norman_device_round_robin(struct norman_device *dev)
{
	return fmk_nic_round_robin(dev->nic);
}
