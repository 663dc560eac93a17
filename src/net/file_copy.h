// SPDX-License-Identifier: Apache-2.0
/* file_copy: what came of a copy that was asked for: between the store, which makes it, and who hands it out. */
#pragma once

#include "base/err.h"
#include <stdint.h>

enum { FILE_COPY_SHA256 = 32 };

struct file_copy {
	enum err err;
	const char *detail;    /* a sentence when err is not OK */
	const char *path;      /* whose file is the callback's now */
	const uint8_t *sha256; /* of the file */
};
typedef void file_copied(void *user, const struct file_copy *copy);
