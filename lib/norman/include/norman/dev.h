/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_COMPAT_DEV_H
#define NORMAN_COMPAT_DEV_H

/** @file norman/pipe.h, with the name that RxPipe had in January 2023. C++17. */

#include <norman/pipe.h>

namespace norman
{

using Pipe = enso::RxPipe;

} // namespace norman

#endif /* NORMAN_COMPAT_DEV_H */
