// SPDX-License-Identifier: Apache-2.0
/* registry_bulk_file: a file of rows for a trust registry, CSV or NDJSON, read row by row, with the digest of what was read. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct bulk_file;

enum { BULK_DIGEST = 65 }; /* hex digits of SHA-256 and a zero */

/* "-" is standard input. CSV: its first line is read at once. ERR_IO; ERR_SYNTAX: CSV without a line of names. */
enum err bulk_file_open(const char *path, bool csv, struct bulk_file **ret);
void bulk_file_close(struct bulk_file *file); /* NULL is fine */
/* The line of names of CSV, with its end; empty for NDJSON. */
struct view bulk_file_names(const struct bulk_file *file);
/*
 * The next row, with its line end, valid until the next call. ERR_NOT_FOUND: no more. ERR_CLOSED: the file ends inside
 * this row: it was cut off. ERR_RANGE: longer than a registry takes.
 */
enum err bulk_file_next(struct bulk_file *file, struct view *ret);
int64_t bulk_file_rows(const struct bulk_file *file); /* read so far */
/* Of all rows that were read so far, and of the names. */
enum err bulk_file_digest(const struct bulk_file *file, char ret[BULK_DIGEST]);
