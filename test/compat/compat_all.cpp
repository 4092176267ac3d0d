/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* All headers, in two files of one program. */

#include <enso/config.h>
#include <enso/queue.h>
#include <enso/socket.h>
#include <norman/config.h>
#include <norman/dev.h>
#include <norman/queue.h>
#include <norman/socket.h>

#include "compat.h"

#ifdef COMPAT_SECOND
extern "C" int
compat_second()
#else
extern "C" int compat_second();

int
main()
#endif
{
	const bool numbers =
		norman::kNotificationBufSize == COMPAT_NOTIFS && DSC_BUF_SIZE == COMPAT_NOTIFS;

#ifndef COMPAT_SECOND
	if (compat_second() != 0)
		return 1;
#endif
	return !numbers;
}
