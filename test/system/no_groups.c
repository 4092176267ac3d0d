/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 *
 * Preloaded into tcpdump: root of a user namespace may not set groups, and it would end for that.
 */
#include <grp.h>

int
initgroups(const char *user, gid_t group)
{
	(void)user;
	(void)group;
	return 0;
}
