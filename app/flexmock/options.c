/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdio.h>

#include <rte_common.h>

#include <fmk_options.h>

#include "app.h"

int
app_options(int argc, char **argv)
{
	RTE_SET_USED(argc);
	RTE_SET_USED(argv);
	fmk_options_print(stdout);
	return 0;
}
