// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/siphash.h"
#include "base/table.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { MANY = 5000 };

static struct view key_of(int number, char room[16])
{
	return view_of(room, (size_t)snprintf(room, 16, "key-%d", number));
}

static struct table *table_with(size_t ceiling)
{
	struct table *t = NULL;

	assert_ok(table_new(ceiling, &t));
	return t;
}

static void what_is_put_is_found_until_removed(void **state)
{
	static int values[MANY];
	char room[16];
	struct table *t = table_with(MANY);

	(void)state;
	for (int i = 0; i < MANY; i++) {
		assert_ok(table_put(t, key_of(i, room), &values[i]));
	}
	assert_int_equal(table_count(t), MANY);
	for (int i = 0; i < MANY; i++) {
		assert_ptr_equal(table_get(t, key_of(i, room)), &values[i]);
	}
	for (int i = 0; i < MANY; i += 2) {
		assert_ptr_equal(table_remove(t, key_of(i, room)), &values[i]);
		assert_null(table_remove(t, key_of(i, room)));
	}
	assert_int_equal(table_count(t), MANY / 2);
	for (int i = 0; i < MANY; i++) {
		assert_ptr_equal(table_get(t, key_of(i, room)), i % 2 ? &values[i] : NULL);
	}
	table_free(t);
}

static void keys_are_bytes_of_any_length(void **state)
{
	struct table *t = table_with(10);
	int empty, zero, two;

	(void)state;
	assert_ok(table_put(t, view_of(NULL, 0), &empty));
	assert_ok(table_put(t, view_of("\0", 1), &zero));
	assert_ok(table_put(t, view_of("\0\0", 2), &two));
	assert_ptr_equal(table_get(t, view_of(NULL, 0)), &empty);
	assert_ptr_equal(table_get(t, view_of("\0", 1)), &zero);
	assert_ptr_equal(table_get(t, view_of("\0\0", 2)), &two);
	table_free(t);
}

static void the_key_is_copied(void **state)
{
	char key[] = "abc";
	struct table *t = table_with(10);

	(void)state;
	assert_ok(table_put(t, view_text(key), key));
	key[0] = 'x';
	assert_null(table_get(t, view_text(key)));
	assert_ptr_equal(table_get(t, view_text("abc")), key);
	table_free(t);
}

static void a_key_twice_and_one_too_many_are_refused(void **state)
{
	struct table *t = table_with(2);
	int value;

	(void)state;
	assert_ok(table_put(t, view_text("a"), &value));
	assert_ok(table_put(t, view_text("b"), &value));
	assert_err(ERR_EXISTS, table_put(t, view_text("a"), &value));
	assert_err(ERR_OVERLOAD, table_put(t, view_text("c"), &value));
	assert_said("ceiling of 2");
	assert_ptr_equal(table_remove(t, view_text("a")), &value);
	assert_ok(table_put(t, view_text("c"), &value));
	table_free(t);
	table_free(NULL);
}

static void remove_odd(void *user, struct view key, void *value)
{
	if (key.data[key.len - 1] % 2 == 1) {
		assert_ptr_equal(table_remove(user, key), value);
	}
}

static void count_one(void *user, struct view key, void *value)
{
	(void)key;
	(void)value;
	++*(int *)user;
}

static void each_may_remove_its_own_entry(void **state)
{
	char room[16];
	struct table *t = table_with(MANY);
	int left = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_ok(table_put(t, key_of(i, room), t));
	}
	table_each(t, remove_odd, t);
	table_each(t, count_one, &left);
	assert_int_equal(left, 500);
	assert_int_equal(table_count(t), 500);
	table_free(t);
}

/* OpenSSL computes the same function, slowly: it is the oracle for every length up to 64. */
static uint64_t siphash_by_openssl(const uint8_t key[16], struct view in)
{
	unsigned c = 1, d = 3;
	size_t size = 8, len;
	uint8_t out[8];
	OSSL_PARAM params[] = {OSSL_PARAM_construct_uint("c-rounds", &c),
		OSSL_PARAM_construct_uint("d-rounds", &d),
		OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end()};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);

	assert_int_equal(EVP_MAC_init(ctx, key, 16, params), 1);
	assert_int_equal(EVP_MAC_update(ctx, in.data, in.len), 1);
	assert_int_equal(EVP_MAC_final(ctx, out, &len, sizeof(out)), 1);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	uint64_t value = 0;

	for (int i = 7; i >= 0; i--) {
		value = value << 8 | out[i];
	}
	return value;
}

static void siphash_agrees_with_openssl(void **state)
{
	uint8_t bytes[64], key[16];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)(i * 7 + 1);
	}
	for (size_t i = 0; i < sizeof(key); i++) {
		key[i] = (uint8_t)i;
	}
	const struct siphash_key numbers = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		assert_int_equal(siphash13(&numbers, view_of(bytes, len)),
			siphash_by_openssl(key, view_of(bytes, len)));
	}
}

struct thing {
	int number;
	char rest[37];
};

static struct pool *pool_with(size_t ceiling)
{
	struct pool *p = NULL;

	assert_ok(pool_new(sizeof(struct thing), ceiling, &p));
	return p;
}

static void slots_are_zeroed_aligned_and_do_not_move(void **state)
{
	static pool_ref refs[MANY];
	static struct thing *things[MANY];
	struct pool *p = pool_with(MANY);

	(void)state;
	for (int i = 0; i < MANY; i++) {
		void *slot;

		assert_ok(pool_take(p, &refs[i], &slot));
		things[i] = slot;
		assert_int_equal((uintptr_t)slot % _Alignof(max_align_t), 0);
		assert_int_equal(things[i]->number, 0);
		memset(things[i], 0x55, sizeof(struct thing));
		things[i]->number = i;
	}
	assert_int_equal(pool_count(p), MANY);
	for (int i = 0; i < MANY; i++) {
		assert_ptr_equal(pool_at(p, refs[i]), things[i]);
		assert_int_equal(things[i]->number, i);
	}
	pool_free(p);
}

static void a_name_dies_with_its_slot(void **state)
{
	struct pool *p = pool_with(1);
	pool_ref first = 0, second = 0;
	void *slot, *again;

	(void)state;
	assert_ok(pool_take(p, &first, &slot));
	memset(slot, 0x55, sizeof(struct thing));
	assert_err(ERR_OVERLOAD, pool_take(p, &second, &again));
	pool_give(p, first);
	assert_null(pool_at(p, first));
	pool_give(p, first);
	assert_int_equal(pool_count(p), 0);

	assert_ok(pool_take(p, &second, &again));
	assert_ptr_equal(again, slot);
	assert_int_equal(((struct thing *)again)->number, 0);
	assert_int_not_equal(first, second);
	assert_null(pool_at(p, first));
	assert_ptr_equal(pool_at(p, second), again);
	pool_free(p);
	pool_free(NULL);
}

static void a_made_up_name_finds_nobody(void **state)
{
	struct pool *p = pool_with(10);
	pool_ref ref;
	void *slot;

	(void)state;
	assert_null(pool_at(p, 0));
	assert_null(pool_at(p, 1));
	assert_ok(pool_take(p, &ref, &slot));
	assert_null(pool_at(p, 0));
	assert_null(pool_at(p, ref + 1));
	assert_null(pool_at(p, UINT32_MAX));
	assert_null(pool_at(p, UINT64_MAX));
	assert_null(pool_at(p, ref | 1ULL << 32));
	pool_give(p, UINT64_MAX);
	assert_int_equal(pool_count(p), 1);
	pool_free(p);
}

struct walk {
	struct pool *pool;
	int seen;
};

static void give_even(void *user, pool_ref ref, void *slot)
{
	struct walk *w = user;
	struct thing *thing = slot;

	w->seen++;
	if (thing->number % 2 == 0) {
		pool_give(w->pool, ref);
	}
}

static void each_sees_live_slots_and_may_give_them_back(void **state)
{
	struct pool *p = pool_with(100);
	struct walk w = {.pool = p};

	(void)state;
	for (int i = 0; i < 100; i++) {
		pool_ref ref;
		void *slot;

		assert_ok(pool_take(p, &ref, &slot));
		((struct thing *)slot)->number = i;
	}
	pool_each(p, give_even, &w);
	assert_int_equal(w.seen, 100);
	assert_int_equal(pool_count(p), 50);
	pool_each(p, give_even, &w);
	assert_int_equal(w.seen, 150);
	assert_int_equal(pool_count(p), 50);
	pool_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_is_found_until_removed),
		TEST(keys_are_bytes_of_any_length),
		TEST(the_key_is_copied),
		TEST(a_key_twice_and_one_too_many_are_refused),
		TEST(each_may_remove_its_own_entry),
		TEST(siphash_agrees_with_openssl),
		TEST(slots_are_zeroed_aligned_and_do_not_move),
		TEST(a_name_dies_with_its_slot),
		TEST(a_made_up_name_finds_nobody),
		TEST(each_sees_live_slots_and_may_give_them_back),
	};
	return RUN_TESTS(tests);
}
