// SPDX-License-Identifier: Apache-2.0
/*
 * Sealed documents from anybody. The first byte says what the rest is: H a header that the sealed parts follow, so that what
 * is behind the names is reached; S a content that is sealed here and must open; anything else a JWE, which must not.
 */
#include "fuzz.h"

#include "base/text.h"
#include "wire/jwe.h"

#include <stdlib.h>
#include <string.h>

#define CTY "fuzz"

static struct jose_key *key;

static enum err open_text(struct view text)
{
	BUF_CLEANUP struct buf plain = buf_growing(JWE_PLAIN_MAX);

	return jwe_decrypt(key, CTY, text, &plain);
}

static void seal_and_open(struct view plain)
{
	BUF_CLEANUP struct buf text = buf_growing(JWE_MAX);

	if (jwe_encrypt(key, CTY, plain, &text) == OK && open_text(buf_contents(&text)) != OK) {
		abort();
	}
}

static void open_under_header(struct view header)
{
	BUF_CLEANUP struct buf text = buf_growing(JWE_MAX);
	static const uint8_t wrapped[40], iv[12], tag[16];

	text_base64url(&text, header);
	buf_u8(&text, '.');
	text_base64url(&text, VIEW(wrapped));
	buf_u8(&text, '.');
	text_base64url(&text, VIEW(iv));
	buf_text(&text, ".AAAA.");
	text_base64url(&text, VIEW(tag));
	if (open_text(buf_contents(&text)) == OK) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = view_of(data + 1, size - (size > 0));

	if (!key && jose_key_make(JOSE_ES256, &key) != OK) {
		abort();
	}
	if (size > 0 && data[0] == 'S') {
		seal_and_open(rest);
	} else if (size > 0 && data[0] == 'H') {
		open_under_header(rest);
	} else if (open_text(view_of(data, size)) == OK) {
		abort();
	}
	return 0;
}
