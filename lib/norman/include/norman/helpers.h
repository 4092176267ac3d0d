/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_COMPAT_HELPERS_H
#define NORMAN_COMPAT_HELPERS_H

/**
 * @file
 * enso/helpers.h in namespace norman, but for stats_t, show_stats() and set_core_id(), which
 * applications of these versions define themselves.
 */

#include <norman/pcie.h>
#include <enso/helpers.h>

namespace norman
{

using enso::get_bdf_from_pcie_addr;
using enso::memcpy_64_align;
using enso::mov64;

} // namespace norman

#endif /* NORMAN_COMPAT_HELPERS_H */
