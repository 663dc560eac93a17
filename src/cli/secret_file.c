// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void warn_of_readers(const char *path, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0) {
		cli_say("warning: others may read %s: chmod 600 it, or remove it", path);
	}
}

/* Into an array of the caller's, so that no other copy of the key is left. */
static enum err read_all(int fd, const char *path, struct buf *ret)
{
	for (;;) {
		ssize_t n = read(fd, ret->data + ret->len, ret->room - ret->len);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return err_system("%s", path);
		}
		if (n == 0) {
			return OK;
		}
		ret->len += (size_t)n;
		if (ret->len == ret->room) {
			return err_fail(ERR_RANGE, "%s: longer than a key file is", path);
		}
	}
}

enum err cli_put_secret(struct json_writer *w, const char *name, const char *path)
{
	uint8_t bytes[1024];
	struct buf text = buf_fixed(bytes, sizeof(bytes));
	enum err err = cli_read_secret(path, &text);

	while (text.len > 0 &&
		(text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) {
		text.len--;
	}
	if (err == OK) {
		json_put_text(w, name, buf_contents(&text));
	}
	bytes_wipe(bytes, sizeof(bytes));
	return err;
}

enum err cli_read_secret(const char *path, struct buf *ret)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		return err_system("%s", path);
	}
	warn_of_readers(path, fd);
	enum err err = read_all(fd, standard ? "standard input" : path, ret);

	if (!standard) {
		(void)close(fd);
	}
	return err;
}
