// SPDX-License-Identifier: Apache-2.0
#include "cli/import_file.h"

#include "base/secret.h"
#include "base/text.h"
#include "wire/import_row.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct import_file {
	FILE *from;
	EVP_MD_CTX *sha256;
	int64_t lines;
	char line[IMPORT_LINE_MAX + 4]; /* with \r\n and a zero */
	char chunk[32 * 1024];
};

enum err import_file_open(const char *path, struct import_file **ret)
{
	struct import_file *file = calloc(1, sizeof(*file));

	if (!file) {
		return err_fail(ERR_MEMORY, "out of memory");
	}
	file->from = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	file->sha256 = EVP_MD_CTX_new();
	if (!file->from) {
		import_file_close(file);
		return err_system("%s", path);
	}
	if (!file->sha256 || EVP_DigestInit_ex(file->sha256, EVP_sha256(), NULL) != 1) {
		import_file_close(file);
		return err_fail(ERR_CRYPTO, "OpenSSL offers no SHA-256");
	}
	(void)setvbuf(file->from, file->chunk, _IOFBF, sizeof(file->chunk));
	*ret = file;
	return OK;
}

void import_file_close(struct import_file *file)
{
	if (!file) {
		return;
	}
	if (file->from && file->from != stdin) {
		(void)fclose(file->from);
	} else if (file->from) {
		(void)setvbuf(file->from, NULL, _IONBF, 0);
	}
	EVP_MD_CTX_free(file->sha256);
	bytes_wipe(file, sizeof(*file)); /* keys went through it */
	free(file);
}

enum err import_file_next(struct import_file *file, struct view *ret)
{
	file->line[0] = '\0';
	if (!fgets(file->line, sizeof(file->line), file->from)) {
		return ferror(file->from) ? err_system("reading")
					  : err_fail(ERR_NOT_FOUND, "no more lines");
	}
	size_t len = strlen(file->line);

	if (len == 0 || file->line[len - 1] != '\n') {
		return feof(file->from)
			       ? err_fail(ERR_CLOSED, "line %lld has no end: the file was cut off",
					 (long long)file->lines + 1)
			       : err_fail(ERR_RANGE,
					 "line %lld is longer than %d bytes, or not text",
					 (long long)file->lines + 1, IMPORT_LINE_MAX);
	}
	if (EVP_DigestUpdate(file->sha256, file->line, len) != 1) {
		return err_fail(ERR_CRYPTO, "SHA-256 failed");
	}
	file->lines++;
	len--;
	len -= len > 0 && file->line[len - 1] == '\r' ? 1 : 0;
	*ret = view_of(file->line, len);
	return OK;
}

int64_t import_file_lines(const struct import_file *file)
{
	return file->lines;
}

enum err import_file_digest(const struct import_file *file, char ret[IMPORT_DIGEST])
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	struct buf hex = buf_fixed(ret, IMPORT_DIGEST);
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
