// SPDX-License-Identifier: Apache-2.0
/*
 * Signature-Input and Signature of a request from anybody, a line each; the third line is an Accept-Signature, the fourth a
 * Content-Digest. Nothing that was not signed here may verify, and what is written of a value reads as the same again.
 */
#include "fuzz.h"

#include "wire/http_signature.h"

#include <stdlib.h>
#include <string.h>

static struct jose_key *key;

static struct view take_line(struct reader *r)
{
	const uint8_t *begin = r->at;
	size_t left = reader_left(r);
	const uint8_t *end = left > 0 ? memchr(begin, '\n', left) : NULL;
	size_t len = end ? (size_t)(end - begin) : left;

	reader_skip(r, end ? len + 1 : len);
	return view_of(begin, len);
}

static void check_form(struct view text)
{
	BUF_CLEANUP struct buf once = buf_growing(1 << 20), twice = buf_growing(1 << 20);
	static struct sf_member member, again;
	struct reader r = reader_of(text);

	if (sf_next(&r, &member) != OK) {
		return;
	}
	buf_text(&once, "a=");
	sf_put_value(&once, &member);
	r = reader_of(buf_contents(&once));
	if (sf_next(&r, &again) != OK) {
		abort();
	}
	buf_text(&twice, "a=");
	sf_put_value(&twice, &again);
	if (!view_equal(buf_contents(&once), buf_contents(&twice))) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_signature signature;
	static struct http_signature_wanted asked;
	struct reader r = reader_of(view_of(data, size));
	struct view input = take_line(&r), made = take_line(&r), ask = take_line(&r);
	const struct http_field fields[] = {
		{view_text("signature-input"), input},
		{view_text("signature"), made},
		{view_text("content-digest"), take_line(&r)},
	};
	const struct signed_message message = {.method = view_text("GET"),
		.scheme = view_text("https"),
		.authority = view_text("registry.example"),
		.target = view_text("/v1/devices?at=1"),
		.fields = fields,
		.field_count = 3};

	if (!key && jose_key_make(JOSE_EDDSA, &key) != OK) {
		abort();
	}
	check_form(input);
	(void)!http_signature_read_asked(ask, &asked);
	(void)!content_digest_check(&message, view_text("body"));
	if (http_signature_read(&message, NULL, "enquiry", &signature) == OK &&
		http_signature_check(&signature, &message, key) == OK) {
		abort();
	}
	return 0;
}
