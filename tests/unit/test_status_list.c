// SPDX-License-Identifier: Apache-2.0
/* req: R7-iv-e */
#include "test.h"

#include "base/text.h"
#include "wire/jose.h"
#include "wire/json.h"
#include "wire/status_list.h"

enum { NOW = 1700000000, MILLION = 1000 * 1000 };

static struct status_list *new_list(size_t entries)
{
	struct status_list *list = NULL;

	assert_ok(status_list_new(entries, &list));
	return list;
}

/* The draft's example of two bits: statuses 1 2 0 3 0 1 0 1 1 2 3 3. */
static void the_drafts_list_is_read(void **state)
{
	static const unsigned statuses[] = {1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3};
	JSON_CLEANUP struct json *object = NULL;
	struct status_list *list = NULL;

	(void)state;
	assert_ok(json_parse(view_text("{\"bits\":2,\"lst\":\"eNo76fITAAPfAgc\"}"), 100, &object));
	assert_ok(status_list_read_json(object, 100, &list));
	assert_int_equal(status_list_entries(list), 12);
	for (size_t i = 0; i < 12; i++) {
		assert_int_equal(status_list_get(list, i), statuses[i]);
	}
	status_list_free(list);
}

/* Twelve of them make the draft's three bytes again. */
static void the_drafts_list_is_written(void **state)
{
	static const unsigned statuses[] = {1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3};
	struct status_list *list = new_list(12);
	BUF_CLEANUP struct buf zlib = buf_growing(100), json = buf_growing(100);

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		status_list_set(list, i, statuses[i]);
	}
	assert_ok(status_list_deflate(list, &zlib));
	assert_ok(status_list_write_json(buf_contents(&zlib), &json));
	assert_string_equal(buf_string(&json), "{\"bits\":2,\"lst\":\"eNo76fITAAPfAgc\"}");
	status_list_free(list);
}

static void an_index_that_nobody_has_is_unassigned(void **state)
{
	struct status_list *list = new_list(1000);

	(void)state;
	status_list_set(list, 5, 0);
	status_list_set(list, 1000, 0);
	assert_int_equal(status_list_get(list, 5), 0);
	assert_int_equal(status_list_get(list, 6), STATUS_LIST_UNASSIGNED);
	assert_int_equal(status_list_get(list, 1000), STATUS_LIST_UNASSIGNED);
	assert_int_equal(status_list_get(list, SIZE_MAX), STATUS_LIST_UNASSIGNED);
	status_list_free(list);
}

static uint32_t next_random(uint32_t *at)
{
	*at = *at * 1664525 + 1013904223;
	return *at >> 8;
}

/* What is promised of a million: 1 % unverified, 0.1 % unreliable, 16.5 kB. A part that changes is compressed anew. */
static void a_million_devices_are_small(void **state)
{
	struct status_list *list = new_list(MILLION), *back = NULL;
	BUF_CLEANUP struct buf zlib = buf_growing(1 << 20);
	uint32_t random = 1;

	(void)state;
	for (size_t i = 0; i < MILLION; i++) {
		uint32_t of_thousand = next_random(&random) % 1000;

		status_list_set(list, i, of_thousand < 10 ? 2 : of_thousand == 10 ? 1 : 0);
	}
	assert_ok(status_list_deflate(list, &zlib));
	print_message("a million: %zu bytes\n", zlib.len);
	assert_in_range(zlib.len, 1000, 16500);
	status_list_set(list, 777777, 1);
	buf_clear(&zlib);
	assert_ok(status_list_deflate(list, &zlib));
	assert_ok(status_list_inflate(buf_contents(&zlib), MILLION, &back));
	for (size_t i = 0; i < MILLION; i++) {
		assert_int_equal(status_list_get(back, i), status_list_get(list, i));
	}
	status_list_free(back);
	status_list_free(list);
}

static void a_copy_follows(void **state)
{
	struct status_list *list = new_list(2 * STATUS_LIST_PART),
			   *copy = new_list(2 * STATUS_LIST_PART);

	(void)state;
	status_list_follow(list, copy);
	assert_false(status_list_has_changed(list));
	status_list_set(list, STATUS_LIST_PART + 1, 0);
	assert_true(status_list_has_changed(list));
	assert_int_equal(status_list_get(copy, STATUS_LIST_PART + 1), STATUS_LIST_UNASSIGNED);
	status_list_follow(list, copy);
	assert_int_equal(status_list_get(copy, STATUS_LIST_PART + 1), 0);
	status_list_set(list, STATUS_LIST_PART + 1, 0);
	assert_false(status_list_has_changed(list));
	status_list_free(copy);
	status_list_free(list);
}

static void what_is_no_list_is_refused(void **state)
{
	struct status_list *list = new_list(4096), *back = NULL;
	BUF_CLEANUP struct buf zlib = buf_growing(1 << 20);

	(void)state;
	assert_err(ERR_RANGE, status_list_new(0, &back));
	assert_err(ERR_RANGE, status_list_new(STATUS_LIST_MAX + 1, &back));
	assert_ok(status_list_deflate(list, &zlib));
	assert_err(ERR_RANGE, status_list_inflate(buf_contents(&zlib), 4092, &back));
	assert_err(ERR_SYNTAX, status_list_inflate(view_of(zlib.data, zlib.len - 1), 4096, &back));
	zlib.data[zlib.len - 1] ^= 1;
	assert_err(ERR_SYNTAX, status_list_inflate(buf_contents(&zlib), 4096, &back));
	zlib.data[zlib.len - 1] ^= 1;
	buf_u8(&zlib, 0);
	assert_err(ERR_SYNTAX, status_list_inflate(buf_contents(&zlib), 4096, &back));
	assert_err(ERR_SYNTAX, status_list_inflate(view_text(""), 4096, &back));
	assert_null(back);
	status_list_free(list);
}

static void a_signed_list_is_believed_for_its_time(void **state)
{
	const struct status_list_token token = {.issuer = view_text("IN.TEL.P01"),
		.subject = view_text("https://registry.example/v1/status-lists/0"),
		.issued = NOW,
		.expires = NOW + 600,
		.ttl = 60};
	JOSE_KEY_CLEANUP struct jose_key *key = NULL, *other = NULL;
	const struct jose_key *keys[2];
	BUF_CLEANUP struct buf zlib = buf_growing(1 << 16), jwt = buf_growing(1 << 16);
	BUF_CLEANUP struct buf kept = buf_growing(1 << 16);
	struct status_list *list = new_list(100), *back = NULL;
	struct status_list_token read;

	(void)state;
	assert_ok(jose_key_make(JOSE_ES256, &key));
	assert_ok(jose_key_make(JOSE_ES256, &other));
	keys[0] = key;
	keys[1] = other;
	status_list_set(list, 42, 1);
	assert_ok(status_list_deflate(list, &zlib));
	assert_ok(status_list_sign(&token, buf_contents(&zlib), key, &jwt));
	struct view signed_list = buf_contents(&jwt);

	assert_ok(status_list_verify(keys, 1, signed_list, NOW + 1, &kept, &read, &back));
	assert_view(read.subject, "https://registry.example/v1/status-lists/0");
	assert_view(read.issuer, "IN.TEL.P01");
	assert_int_equal(read.ttl, 60);
	assert_int_equal(status_list_get(back, 42), 1);
	status_list_free(back);
	assert_err(ERR_EXPIRED,
		status_list_verify(keys, 1, signed_list, NOW + 600, &kept, &read, &back));
	assert_err(ERR_EXPIRED,
		status_list_verify(keys, 1, signed_list, NOW - 61, &kept, &read, &back));
	assert_err(ERR_AUTH, status_list_verify(keys + 1, 1, signed_list, NOW, &kept, &read, &back));
	status_list_free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_drafts_list_is_read),
		TEST(the_drafts_list_is_written),
		TEST(an_index_that_nobody_has_is_unassigned),
		TEST(a_million_devices_are_small),
		TEST(a_copy_follows),
		TEST(what_is_no_list_is_refused),
		TEST(a_signed_list_is_believed_for_its_time),
	};

	return RUN_TESTS(tests);
}
