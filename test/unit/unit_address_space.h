/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef UNIT_ADDRESS_SPACE_H
#define UNIT_ADDRESS_SPACE_H

/**
 * @file
 * For tests that limit what may be mapped. Include after cmocka.h.
 */

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/** @return bytes of address space this process has taken */
static rlim_t
unit_address_space(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu", &pages), 1);
	fclose(file);
	return pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

#endif /* UNIT_ADDRESS_SPACE_H */
