// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include "base/text.h"
#include <openssl/crypto.h>
#include <string.h>

static bool all_zero(const uint8_t *bytes, size_t len)
{
	uint8_t seen = 0;

	for (size_t i = 0; i < len; i++) {
		seen |= bytes[i];
	}
	return seen == 0;
}

enum err secret_set(struct secret *ret, const void *bytes, size_t len)
{
	if (len == 0 || len > SECRET_MAX) {
		return err_fail(ERR_RANGE, "key: %zu bytes, not 1 to %d", len, SECRET_MAX);
	}
	if (all_zero(bytes, len)) {
		return err_fail(ERR_CRYPTO, "key: all bytes are zero");
	}
	memmove(ret->bytes, bytes, len); /* `bytes` may lie within `ret` */
	memset(ret->bytes + len, 0, SECRET_MAX - len);
	ret->len = len;
	return OK;
}

enum err secret_from_hex(struct secret *ret, struct view hex)
{
	uint8_t bytes[SECRET_MAX];
	size_t len = 0;
	enum err e = text_from_hex(hex, bytes, sizeof(bytes), &len, "key");

	if (e == OK) {
		e = secret_set(ret, bytes, len);
	}
	bytes_wipe(bytes, sizeof(bytes));
	return e;
}

struct view secret_view(const struct secret *s)
{
	return (struct view){s->bytes, s->len};
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && a->len > 0 && bytes_equal_secret(a->bytes, b->bytes, a->len);
}

bool bytes_equal_secret(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void secret_wipe(struct secret *s)
{
	OPENSSL_cleanse(s, sizeof(*s));
}

void bytes_wipe(void *bytes, size_t len)
{
	if (len > 0) {
		OPENSSL_cleanse(bytes, len);
	}
}
