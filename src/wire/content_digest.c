// SPDX-License-Identifier: Apache-2.0
#include "wire/http_signature.h"

#include "base/secret.h"
#include "base/text.h"

#include <openssl/evp.h>

static const struct {
	const char *name;
	const EVP_MD *(*digest)(void);
	unsigned len;
} algorithms[] = {
	{"sha-256", EVP_sha256, 32},
	{"sha-512", EVP_sha512, 64},
};

enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

enum err content_digest_write(struct view body, struct buf *out)
{
	uint8_t digest[32];

	if (EVP_Digest(body.data, body.len, digest, NULL, EVP_sha256(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "Content-Digest: SHA-256");
	}
	buf_text(out, "sha-256=");
	sf_put_bytes(out, VIEW(digest));
	return buf_end(out, "Content-Digest");
}

static enum err check_one(const struct sf_member *member, size_t algorithm, struct view body)
{
	uint8_t said[64], is[64];
	size_t len = 0;

	if (member->is_list || member->items[0].value.type != SF_BYTES) {
		return err_fail(ERR_SYNTAX, "RFC 9530 2: a digest is bytes");
	}
	TRY(text_from_base64(member->items[0].value.text, said, sizeof(said), &len,
		"Content-Digest"));
	if (EVP_Digest(body.data, body.len, is, NULL, algorithms[algorithm].digest(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "Content-Digest: %s", algorithms[algorithm].name);
	}
	return len == algorithms[algorithm].len && bytes_equal_secret(said, is, len)
		       ? OK
		       : err_fail(ERR_AUTH, "RFC 9530 2: the body is another one");
}

static enum err check_line(struct view line, struct view body, size_t *known)
{
	struct reader r = reader_of(line);
	struct sf_member member;

	for (;;) {
		enum err err = sf_next(&r, &member);

		if (err == ERR_NOT_FOUND) {
			return OK;
		}
		TRY(err);
		for (size_t i = 0; i < ALGORITHMS; i++) {
			if (view_is(member.key, algorithms[i].name)) {
				TRY(check_one(&member, i, body));
				(*known)++;
			}
		}
	}
}

enum err content_digest_check(const struct signed_message *message, struct view body)
{
	size_t lines = 0, known = 0;

	for (size_t i = 0; i < message->field_count; i++) {
		if (view_is_nocase(message->fields[i].name, "content-digest")) {
			TRY(check_line(message->fields[i].value, body, &known));
			lines++;
		}
	}
	if (lines == 0) {
		return err_fail(ERR_NOT_FOUND, "RFC 9530 2: no Content-Digest");
	}
	return known > 0 ? OK
			 : err_fail(ERR_UNSUPPORTED, "RFC 9530 5: no digest that is known here");
}
