/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef ENSO_IXY_HELPERS_H
#define ENSO_IXY_HELPERS_H

/**
 * @file
 * Memory as the card sees it.
 */

#include <cstddef>
#include <cstdint>
#include <string>

#include <flexmock/norman_socket.h>

namespace enso
{

/**
 * Address of a byte as send() takes it.
 *
 * Differs from the card: needs no privilege, as it need not be the physical one.
 *
 * @return 0 if @p virt is not mapped
 */
inline uint64_t
virt_to_phys(void *virt)
{
	return norman_virt_to_phys(virt);
}

/**
 * Map a file of 2 MiB pages, creating it.
 *
 * Differs from the card: a path outside of hugetlbfs gives ordinary pages.
 *
 * @param size bytes, 0 for one page
 * @param mirror map the pages twice in a row
 * @return null if it cannot be had
 */
inline void *
get_huge_page(const std::string &path, const size_t size = 0, const bool mirror = false)
{
	return norman_huge_page(path.c_str(), size, mirror);
}

} // namespace enso

#endif /* ENSO_IXY_HELPERS_H */
