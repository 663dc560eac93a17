// SPDX-License-Identifier: Apache-2.0
/* jwe_ends: seals for a key and opens with one: jwe_ends (seal|open) KEY.pem CTY, from standard input to standard output. */
#include "base/text.h"
#include "wire/jwe.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum err run(const char *what, const char *path, const char *cty)
{
	BUF_CLEANUP struct buf pem = buf_growing(JWE_MAX), out = buf_growing(JWE_MAX);
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	static uint8_t in[JWE_MAX];
	size_t len = fread(in, 1, sizeof(in), stdin);

	TRY(text_read_file(path, JWE_MAX, &pem));
	TRY(jose_key_from_pem(buf_contents(&pem), &key));
	TRY(strcmp(what, "seal") == 0 ? jwe_encrypt(key, cty, view_of(in, len), &out)
				      : jwe_decrypt(key, cty, view_of(in, len), &out));
	return fwrite(out.data, 1, out.len, stdout) == out.len ? OK : err_system("stdout");
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		return 2;
	}
	enum err err = run(argv[1], argv[2], argv[3]);

	if (err != OK) {
		(void)fprintf(stderr, "%s: %s\n", err_name(err), err_detail());
		return 1;
	}
	return 0;
}
