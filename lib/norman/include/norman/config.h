/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_COMPAT_CONFIG_H
#define NORMAN_COMPAT_CONFIG_H

/** @file enso/config.h in namespace norman. */

#include <norman/internals.h>
#include <enso/config.h>

namespace norman
{

using enso::disable_rate_limit;
using enso::disable_round_robin;
using enso::disable_timestamp;
using enso::enable_rate_limit;
using enso::enable_round_robin;
using enso::enable_timestamp;
using enso::insert_flow_entry;
using enso::send_config;
using enso::update_fallback_queues_config;

} // namespace norman

#endif /* NORMAN_COMPAT_CONFIG_H */
