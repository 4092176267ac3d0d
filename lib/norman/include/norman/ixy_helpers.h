/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_COMPAT_IXY_HELPERS_H
#define NORMAN_COMPAT_IXY_HELPERS_H

/** @file enso/ixy_helpers.h in namespace norman. */

#include <enso/ixy_helpers.h>

namespace norman
{

using enso::get_huge_page;
using enso::virt_to_phys;

} // namespace norman

#endif /* NORMAN_COMPAT_IXY_HELPERS_H */
