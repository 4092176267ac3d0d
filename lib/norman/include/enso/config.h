/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef ENSO_CONFIG_H
#define ENSO_CONFIG_H

/**
 * @file
 * Commands to the card. Applications use the functions of Device or of socket.h instead.
 *
 * All return 0 when the card has carried the command out, -1 if it is wrong.
 */

#include <cstdint>
#include <cstring>

#include <enso/consts.h>
#include <enso/internals.h>

namespace enso
{

/** Send a command of 64 bytes. */
inline int
send_config(NotificationBufPair *notification_buf_pair, const TxNotification *config)
{
	return norman_device_apply_config(notification_buf_pair->device, config) == 0 ? 0 : -1;
}

/** Have packets to a destination delivered to a pipe. All values in host byte order. */
inline int
insert_flow_entry(NotificationBufPair *notification_buf_pair, const uint16_t dst_port,
	const uint16_t src_port, const uint32_t dst_ip, const uint32_t src_ip,
	const uint32_t protocol, const uint32_t enso_pipe_id)
{
	struct {
		uint64_t signal;
		uint64_t id;
		uint16_t dst_port;
		uint16_t src_port;
		uint32_t dst_ip;
		uint32_t src_ip;
		uint32_t protocol;
		uint32_t pipe;
	} flow = {2, 1, dst_port, src_port, dst_ip, src_ip, protocol, enso_pipe_id};
	TxNotification config = TxNotification();

	static_assert(sizeof(flow) <= sizeof(config), "a command is 64 bytes");
	std::memcpy(static_cast<void *>(&config), &flow, sizeof(flow));
	return send_config(notification_buf_pair, &config);
}

/** Put timestamps into frames, at byte @p offset: at most 60. */
inline int
enable_timestamp(
	NotificationBufPair *notification_buf_pair, const uint8_t offset = kDefaultRttOffset)
{
	return norman_device_enable_timestamping(notification_buf_pair->device, offset) == 0 ? 0
											     : -1;
}

inline int
disable_timestamp(NotificationBufPair *notification_buf_pair)
{
	return norman_device_disable_timestamping(notification_buf_pair->device) == 0 ? 0 : -1;
}

/** Limit what the card sends to @p num flits in each @p den cycles of 200 MHz. */
inline int
enable_rate_limit(
	NotificationBufPair *notification_buf_pair, const uint16_t num, const uint16_t den)
{
	return norman_device_enable_rate_limiting(notification_buf_pair->device, num, den) == 0
		? 0
		: -1;
}

inline int
disable_rate_limit(NotificationBufPair *notification_buf_pair)
{
	return norman_device_disable_rate_limiting(notification_buf_pair->device) == 0 ? 0 : -1;
}

/** Spread frames that match no rule over the fallback pipes in turn. */
inline int
enable_round_robin(NotificationBufPair *notification_buf_pair)
{
	return norman_device_enable_round_robin(notification_buf_pair->device) == 0 ? 0 : -1;
}

inline int
disable_round_robin(NotificationBufPair *notification_buf_pair)
{
	return norman_device_disable_round_robin(notification_buf_pair->device) == 0 ? 0 : -1;
}

/** Nothing to do: the card knows its fallback pipes. */
inline int
update_fallback_queues_config(NotificationBufPair *)
{
	return 0;
}

} // namespace enso

#endif /* ENSO_CONFIG_H */
