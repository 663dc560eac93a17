// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/text.h"
#include "wire/jwe.h"

#include <string.h>

#define CTY "test+json"

static const char plain[] = "{\"k\":\"465b5ce8b199b49faa5f0a2ee238a6bc\"}";

struct fixture {
	struct jose_key *key, *other;
	struct buf sealed, opened;
};

static int open_fixture(void **state)
{
	static struct fixture f;

	f = (struct fixture){.sealed = buf_growing(JWE_MAX), .opened = buf_growing(JWE_PLAIN_MAX)};
	assert_ok(jose_key_make(JOSE_ES256, &f.key));
	assert_ok(jose_key_make(JOSE_ES256, &f.other));
	assert_ok(jwe_encrypt(f.key, CTY, view_text(plain), &f.sealed));
	*state = &f;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *f = *state;

	jose_key_free(f->key);
	jose_key_free(f->other);
	buf_free(&f->sealed);
	buf_free(&f->opened);
	return 0;
}

static enum err open_text(struct fixture *f, struct view text)
{
	buf_clear(&f->opened);
	return jwe_decrypt(f->key, CTY, text, &f->opened);
}

static void what_was_sealed_opens_for_its_key_alone(void **state)
{
	struct fixture *f = *state;

	assert_ok(open_text(f, buf_contents(&f->sealed)));
	assert_view(buf_contents(&f->opened), plain);
	buf_clear(&f->opened);
	assert_err(ERR_AUTH, jwe_decrypt(f->other, CTY, buf_contents(&f->sealed), &f->opened));
	assert_err(ERR_AUTH,
		jwe_decrypt(f->key, "other+json", buf_contents(&f->sealed), &f->opened));
	assert_int_equal(f->opened.len, 0);
}

static void it_is_never_the_same_twice_and_does_not_show_its_content(void **state)
{
	struct fixture *f = *state;
	BUF_CLEANUP struct buf again = buf_growing(JWE_MAX);

	assert_ok(jwe_encrypt(f->key, CTY, view_text(plain), &again));
	assert_false(view_equal(buf_contents(&again), buf_contents(&f->sealed)));
	assert_null(strstr(buf_string(&again), "465b5ce8"));
}

/* Each character is part of a name, a key, a vector, a text or a tag: none may be another. */
static void no_character_of_it_may_change(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->sealed.len; i++) {
		uint8_t was = f->sealed.data[i];

		f->sealed.data[i] = was == 'A' ? 'B' : 'A';
		assert_true(open_text(f, buf_contents(&f->sealed)) != OK);
		assert_int_equal(f->opened.len, 0);
		f->sealed.data[i] = was;
	}
	assert_ok(open_text(f, buf_contents(&f->sealed)));
}

static void it_may_not_be_cut(void **state)
{
	struct fixture *f = *state;

	for (size_t len = 0; len < f->sealed.len; len++) {
		assert_true(open_text(f, view_of(f->sealed.data, len)) != OK);
	}
}

/* A header of one's own before the rest. */
static enum err open_with_header(struct fixture *f, const char *header)
{
	BUF_CLEANUP struct buf text = buf_growing(JWE_MAX);
	const uint8_t *dot = memchr(f->sealed.data, '.', f->sealed.len);

	text_base64url(&text, view_text(header));
	buf_bytes(&text, dot, f->sealed.len - (size_t)(dot - f->sealed.data));
	return open_text(f, buf_contents(&text));
}

static void other_algorithms_are_refused(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"" CTY "\"}",
		"{\"alg\":\"RSA1_5\",\"enc\":\"A256GCM\",\"cty\":\"" CTY "\"}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A128CBC-HS256\",\"cty\":\"" CTY "\"}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"zip\":\"DEF\",\"cty\":\"" CTY
		"\"}",
		"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"crit\":[\"x\"],\"cty\":\"" CTY
		"\"}",
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		assert_err(ERR_UNSUPPORTED, open_with_header(*state, headers[i]));
	}
	assert_err(ERR_SYNTAX,
		open_with_header(*state, "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\","
					 "\"cty\":\"" CTY "\"}"));
}

static void a_point_off_the_curve_is_refused(void **state)
{
	assert_true(open_with_header(*state,
			    "{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"cty\":\"" CTY "\","
			    "\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\","
			    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
			    "\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}}") != OK);
}

static void keys_of_another_kind_and_public_ones_are_refused(void **state)
{
	struct fixture *f = *state;
	JOSE_KEY_CLEANUP struct jose_key *ed25519 = NULL, *public_half = NULL;
	BUF_CLEANUP struct buf bytes = buf_growing(JOSE_PUBLIC_MAX);

	assert_ok(jose_key_make(JOSE_EDDSA, &ed25519));
	assert_err(ERR_UNSUPPORTED, jwe_encrypt(ed25519, CTY, view_text(plain), &f->opened));
	assert_ok(jose_key_public(f->key, &bytes));
	assert_ok(jose_key_from_public(buf_contents(&bytes), &public_half));
	assert_err(ERR_NOT_FOUND,
		jwe_decrypt(public_half, CTY, buf_contents(&f->sealed), &f->opened));
	assert_err(ERR_RANGE, jwe_encrypt(f->key, CTY, view_text(""), &f->opened));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_was_sealed_opens_for_its_key_alone),
		CASE(it_is_never_the_same_twice_and_does_not_show_its_content),
		CASE(no_character_of_it_may_change),
		CASE(it_may_not_be_cut),
		CASE(other_algorithms_are_refused),
		CASE(a_point_off_the_curve_is_refused),
		CASE(keys_of_another_kind_and_public_ones_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
