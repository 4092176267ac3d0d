/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_COMPAT_INTERNALS_H
#define NORMAN_COMPAT_INTERNALS_H

/** @file enso/internals.h in namespace norman. */

#include <norman/consts.h>
#include <enso/internals.h>

namespace norman
{

using enso::enso_pipe_id_t;
using enso::NotificationBufPair;
using enso::QueueRegs;
using enso::RxEnsoPipeInternal;
using enso::RxNotification;
using enso::TxNotification;

} // namespace norman

#endif /* NORMAN_COMPAT_INTERNALS_H */
