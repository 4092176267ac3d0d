/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_COMPAT_PIPE_H
#define NORMAN_COMPAT_PIPE_H

/** @file enso/pipe.h in namespace norman. C++17. */

#include <norman/helpers.h>
#include <norman/internals.h>
#include <enso/pipe.h>

namespace norman
{

using enso::Device;
using enso::MessageIteratorBase;
using enso::PeekPktIterator;
using enso::PktIterator;
using enso::RxPipe;
using enso::RxTxPipe;
using enso::TxPipe;

} // namespace norman

#endif /* NORMAN_COMPAT_PIPE_H */
