/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include "fmk_log.h"

RTE_LOG_REGISTER(fmk_logtype, pmd.net.flexmock.card, NOTICE);
