// SPDX-License-Identifier: Apache-2.0
#include "cli/registry_bulk_file.h"

#include "base/secret.h"
#include "base/text.h"
#include "wire/csv.h"
#include "wire/device_row.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 256 * 1024 };

struct bulk_file {
	FILE *from;
	EVP_MD_CTX *sha256;
	int64_t rows;
	bool csv, at_end;
	char separator;
	struct csv_scan scan;
	size_t begin, len; /* what of `bytes` is not taken yet */
	char names[DEVICE_ROW_MAX];
	size_t names_len;
	uint8_t bytes[CHUNK + 1];
};

/* Moves what is left to the front, and reads on. */
static enum err fill(struct bulk_file *file)
{
	memmove(file->bytes, file->bytes + file->begin, file->len - file->begin);
	file->len -= file->begin;
	file->begin = 0;
	const size_t got = fread(file->bytes + file->len, 1, CHUNK - file->len, file->from);

	file->len += got;
	file->at_end = got == 0;
	return ferror(file->from) ? err_system("reading") : OK;
}

static struct view left(const struct bulk_file *file)
{
	return view_of(file->bytes + file->begin, file->len - file->begin);
}

/* A row of NDJSON is a line: nothing in it opens a quotation for the scan when nothing separates. */
static enum err find_line(struct bulk_file *file, size_t *ret_len)
{
	const struct view text = left(file);
	const uint8_t *end = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;

	if (end) {
		*ret_len = (size_t)(end - text.data) + 1;
		return *ret_len <= DEVICE_ROW_MAX ? OK : err_fail(ERR_RANGE, "too long");
	}
	return text.len < DEVICE_ROW_MAX ? ERR_AGAIN : err_fail(ERR_RANGE, "too long");
}

static enum err find_end(struct bulk_file *file, size_t *ret_len)
{
	enum err err = OK;

	for (;;) {
		err = file->csv ? csv_scan(&file->scan, left(file), file->separator, DEVICE_ROW_MAX,
					  ret_len)
				: find_line(file, ret_len);
		if (err != ERR_AGAIN || file->at_end) {
			break;
		}
		TRY(fill(file));
	}
	return err == ERR_AGAIN ? csv_scan_end(&file->scan, left(file), ret_len) : err;
}

enum err bulk_file_next(struct bulk_file *file, struct view *ret)
{
	size_t len = 0;
	enum err err = find_end(file, &len);

	if (err == ERR_CLOSED) {
		return err_fail(ERR_CLOSED, "row %lld has no line end: the file was cut off",
			(long long)file->rows + 1);
	}
	if (err == ERR_RANGE) {
		return err_fail(ERR_RANGE, "row %lld is longer than %d bytes",
			(long long)file->rows + 1, DEVICE_ROW_MAX);
	}
	TRY(err);
	*ret = view_of(file->bytes + file->begin, len);
	file->begin += len;
	file->rows++;
	return EVP_DigestUpdate(file->sha256, ret->data, ret->len) == 1
		       ? OK
		       : err_fail(ERR_CRYPTO, "SHA-256 failed");
}

static enum err read_names(struct bulk_file *file)
{
	struct view names;

	TRY(bulk_file_next(file, &names));
	file->rows = 0;
	file->separator = csv_separator(names);
	file->names_len = names.len;
	if (names.len > sizeof(file->names)) {
		return err_fail(ERR_SYNTAX, "the first line of CSV names the columns");
	}
	memcpy(file->names, names.data, names.len);
	return OK;
}

enum err bulk_file_open(const char *path, bool csv, struct bulk_file **ret)
{
	struct bulk_file *file = calloc(1, sizeof(*file));

	if (!file) {
		return err_fail(ERR_MEMORY, "out of memory");
	}
	file->csv = csv;
	file->separator = ',';
	file->from = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	file->sha256 = EVP_MD_CTX_new();
	enum err err = file->from ? OK : err_system("%s", path);

	if (err == OK &&
		(!file->sha256 || EVP_DigestInit_ex(file->sha256, EVP_sha256(), NULL) != 1)) {
		err = err_fail(ERR_CRYPTO, "OpenSSL offers no SHA-256");
	}
	err = err == OK && csv ? read_names(file) : err;
	if (err != OK) {
		bulk_file_close(file);
		return err;
	}
	*ret = file;
	return OK;
}

void bulk_file_close(struct bulk_file *file)
{
	if (!file) {
		return;
	}
	if (file->from && file->from != stdin) {
		(void)fclose(file->from);
	}
	EVP_MD_CTX_free(file->sha256);
	bytes_wipe(file, sizeof(*file)); /* owners went through it */
	free(file);
}

struct view bulk_file_names(const struct bulk_file *file)
{
	return view_of(file->names, file->names_len);
}

int64_t bulk_file_rows(const struct bulk_file *file)
{
	return file->rows;
}

enum err bulk_file_digest(const struct bulk_file *file, char ret[BULK_DIGEST])
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	struct buf hex = buf_fixed(ret, BULK_DIGEST);
	uint8_t digest[32];
	unsigned len = 0;
	bool done = copy && EVP_MD_CTX_copy_ex(copy, file->sha256) == 1 &&
		    EVP_DigestFinal_ex(copy, digest, &len) == 1;

	EVP_MD_CTX_free(copy);
	if (!done) {
		return err_fail(ERR_CRYPTO, "SHA-256 failed");
	}
	text_hex(&hex, view_of(digest, len));
	buf_u8(&hex, '\0');
	return buf_end(&hex, "digest");
}
