// SPDX-License-Identifier: Apache-2.0
/* sqlite_file: a database file of ours, for one process, one owner and one program, with our settings. */
#pragma once

#include "store/engine.h"

#include <sqlite3.h>

/* Makes the file if need be, mode 0600, and takes the lock beside it, which is held until `ret_lock` is
 * closed or the process ends. ERR_UNAVAILABLE: another process has it. */
enum err sqlite_file_take(const char *path, int *ret_lock);

/* The lock alone; the file need not be there. */
enum err sqlite_file_lock(const char *path, int *ret_lock);
/* What stands in a URL as a path that SQLite takes for nothing else. ERR_CONFIG. */
enum err sqlite_file_path(const char *rest, char *ret, size_t room);

/* ERR_CONFIG: not an SQLite database, or another program's, which is left as it is. */
enum err sqlite_file_open(const char *path, enum engine_role role, sqlite3 **ret);
