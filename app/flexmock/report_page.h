/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

/**
 * @file
 * The page of a report: one file that refers to nothing outside of it.
 */

#include "report_data.h"
#include "report_plot.h"

#define PAGE_FILE "index.html"

/** Write the page into the folder where the plots are; 0, or a negative errno after one line. */
int page_write(const struct report *report, const struct plots *plots, const char *dir);

#endif /* REPORT_PAGE_H */
