/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <dirent.h>
#include <stdlib.h>

#include "fmk_files.h"

void
fmk_files_walk(void (*visit)(int fd, void *arg), void *arg)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			visit(atoi(entry->d_name), arg);
	}
	closedir(dir);
}
