/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef REPORT_H
#define REPORT_H

/**
 * @file
 * The comparison as a page: DIR/index.html and the plots it shows as DIR/<name>.svg.
 */

#include <jansson.h>

/**
 * Write the report of a comparison. What goes wrong is told by one line on stderr.
 *
 * @param root
 *   What `dpdk-flexmock compare --json` writes.
 * @param dir
 *   Folder, made when it is missing; its parent must be there. An earlier report is replaced when
 *   the new one is whole.
 * @return
 *   0, or a negative errno: -EINVAL if root is not such a comparison, -ENOENT without gnuplot.
 */
int report_write(const json_t *root, const char *dir);

#endif /* REPORT_H */
