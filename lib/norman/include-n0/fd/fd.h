/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_N0_FD_H
#define NORMAN_N0_FD_H

/** @file norman/socket.h, as it was called before 20 Feb 2022. */

#include <norman/socket.h>

#endif /* NORMAN_N0_FD_H */
