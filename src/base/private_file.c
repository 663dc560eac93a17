// SPDX-License-Identifier: Apache-2.0
#include "base/private_file.h"

#include <stdlib.h>
#include <string.h>

static bool is_credential(const char *path, const struct stat *st)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t len = folder ? strlen(folder) : 0;

	return len > 0 && strncmp(path, folder, len) == 0 && path[len] == '/' &&
	       !strstr(path, "/../") && st->st_uid == 0 && st->st_gid == 0;
}

bool private_file_is(const char *path, const struct stat *st)
{
	mode_t others = st->st_mode & 077;

	return others == 0 || (others == 040 && is_credential(path, st));
}
