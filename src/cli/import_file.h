// SPDX-License-Identifier: Apache-2.0
/* import_file: a batch of SIMs, read line by line, with the digest of what was read so far. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct import_file;

enum { IMPORT_DIGEST = 65 }; /* hex digits of SHA-256 and a zero */

/* "-" is standard input. */
enum err import_file_open(const char *path, struct import_file **ret);
void import_file_close(struct import_file *file); /* NULL is fine */
/*
 * The next line, without its end, valid until the next call. ERR_NOT_FOUND: no more. ERR_CLOSED: the file ends
 * inside this line, which has no end of line: it was cut off. ERR_RANGE: longer than an import takes.
 */
enum err import_file_next(struct import_file *file, struct view *ret);
int64_t import_file_lines(const struct import_file *file); /* read so far */
/* Of all lines that were read so far. */
enum err import_file_digest(const struct import_file *file, char ret[IMPORT_DIGEST]);
