/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_COMPAT_QUEUE_H
#define NORMAN_COMPAT_QUEUE_H

/** @file enso/queue.h in namespace norman. */

#include <norman/consts.h>
#include <enso/queue.h>

namespace norman
{

using enso::Queue;
using enso::QueueConsumer;
using enso::QueueProducer;

} // namespace norman

#endif /* NORMAN_COMPAT_QUEUE_H */
