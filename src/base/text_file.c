// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_quietly(const int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
	}
}

#define AUTOCLOSE __attribute__((cleanup(close_quietly)))

/* Files hold keys at times: what is not handed on is wiped. */
static void wipe_and_free(struct buf *b)
{
	buf_wipe(b);
	buf_free(b);
}

static enum err read_all(int fd, const char *path, struct buf *to)
{
	for (;;) {
		uint8_t chunk[4096];
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return err_system("read %s", path);
		}
		if (got == 0) {
			return OK;
		}
		buf_bytes(to, chunk, (size_t)got);
		bytes_wipe(chunk, (size_t)got);
		TRY(buf_end(to, path));
	}
}

enum err text_read_file(const char *path, size_t max, struct buf *ret)
{
	AUTOCLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return err_system("open %s", path);
	}
	struct buf all __attribute__((cleanup(wipe_and_free))) = buf_growing(max);

	TRY(read_all(fd, path, &all));
	*ret = all;
	all = buf_growing(0);
	return OK;
}

static enum err write_all(int fd, const char *path, struct view contents)
{
	size_t done = 0;

	while (done < contents.len) {
		ssize_t put = write(fd, contents.data + done, contents.len - done);

		if (put < 0 && errno == EINTR) {
			continue;
		}
		if (put < 0) {
			return err_system("write %s", path);
		}
		done += (size_t)put;
	}
	return OK;
}

/* The rename lasts only when the folder is on disk too. */
static enum err sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	AUTOFREE char *folder = slash && len == 0 ? text_dup(view_text("/"))
				: slash		  ? text_dup(view_of(path, len))
						  : text_dup(view_text("."));

	if (!folder) {
		return err_fail(ERR_MEMORY, "write %s: out of memory", path);
	}
	AUTOCLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0) {
		return err_system("sync folder %s", folder);
	}
	return OK;
}

static enum err write_beside(const char *beside, int fd, struct view contents, unsigned mode)
{
	TRY(write_all(fd, beside, contents));
	if (fchmod(fd, (mode_t)mode) != 0 || fsync(fd) != 0) {
		return err_system("write %s", beside);
	}
	return OK;
}

enum err text_write_file(const char *path, struct view contents, unsigned mode)
{
	char beside[PATH_MAX];
	int len = snprintf(beside, sizeof(beside), "%s.XXXXXX" TEXT_PART, path);

	if (len < 0 || (size_t)len >= sizeof(beside)) {
		return err_fail(ERR_RANGE, "write: path longer than %zu bytes",
			PATH_MAX - sizeof(".XXXXXX" TEXT_PART));
	}
	AUTOCLOSE int fd = mkostemps(beside, sizeof(TEXT_PART) - 1, O_CLOEXEC);

	if (fd < 0) {
		return err_system("create %s", beside);
	}
	enum err e = write_beside(beside, fd, contents, mode);

	if (e == OK && rename(beside, path) != 0) {
		e = err_system("rename to %s", path);
	}
	if (e != OK) {
		(void)unlink(beside);
		return e;
	}
	return sync_folder_of(path);
}
