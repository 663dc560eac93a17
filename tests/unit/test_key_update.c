// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/key_update.h"

/* Of the values below, by Python's hmac. */
#define MAC_KEY	    "e201a627d1dab1f8c7dca41611fcb5af4869a1aec7e9f410c11c718d7b1433a1"
#define WRAP_PART   "75cb31cc73b182203e62c119c8ff60abab0df4178ff945f155f09cf6e3396ffd"
#define REQUEST_MAC "1903f5a3d53615044a3c0c423b8093ee07b890ec51736f7e8ef8ca916472fa3c"
#define CONFIRM	    "d5c61b4ff1cdd9db3c9a0e2c9cd92612301c1d5a87d78e846132db6f56a0010c"
#define CONFIRMED   "d2898badc3e1130ccdff07c9fc6b13869db5f902d7ba4a10fdd72da7a4993e36"

/* The exchange, by Python's cryptography: private halves 01 02 .. 20 and 65 66 .. 84, nonce 00 01 .. 0b. */
#define DEVICE_PRIVATE "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define DEVICE_PUBLIC  "07a37cbc142093c8b755dc1b10e86cb426374ad16aa853ed0bdfc0b2b86d1c7c"
#define VAULT_PUBLIC   "5714769d116bf76436ae74bc793d2c30ad1903c59ac5273805c7e2698b410c36"
#define SEALED	       "000102030405060708090a0b8e7c7dd0ebc6ac59fc37b07fc46468c90e209f90afe17c394a0982"

#define KS "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct token_base base(void)
{
	struct token_base b = {.rand = {1, 2, 3}};

	assert_ok(secret_from_hex(&b.ks, view_text(KS)));
	assert_ok(ident_parse(IDENT_CLIENT, view_text("001010123456789@new.example"), &b.client));
	assert_ok(ident_parse(IDENT_FQDN, view_text("authn1.new.example"), &b.node));
	assert_ok(ident_parse(IDENT_FQDN, view_text("new.example"), &b.realm));
	return b;
}

/* Not only the two ends to each other. */
static void the_formulas_are_those_of_the_page(void **state)
{
	const struct token_base b = base();
	const uint8_t device[KEY_UPDATE_PUBLIC] = {9};
	struct key_update_keys keys = {.mac = {.len = 0}};
	uint8_t mac[KEY_UPDATE_MAC];
	SECRET(k);

	(void)state;
	assert_ok(key_update_derive(&b, view_text("binding"), &keys));
	assert_hex(keys.mac.bytes, 32, MAC_KEY);
	assert_hex(keys.wrap.bytes, 32, WRAP_PART);
	assert_ok(key_update_request_mac(&keys.mac, view_text("token"), device, mac));
	assert_hex(mac, 32, REQUEST_MAC);
	assert_ok(secret_from_hex(&k, view_text("465b5ce8b199b49faa5f0a2ee238a6bc")));
	assert_ok(key_update_confirm(&k, KEY_UPDATE_CONFIRM, &b.client, view_text("token"), mac));
	assert_hex(mac, 32, CONFIRM);
	assert_ok(key_update_confirm(&k, KEY_UPDATE_CONFIRMED, &b.client, view_text("token"), mac));
	assert_hex(mac, 32, CONFIRMED);
}

static void everything_that_goes_in_counts(void **state)
{
	const struct token_base b = base();
	struct token_base other;
	struct key_update_keys keys, changed;

	(void)state;
	assert_ok(key_update_derive(&b, view_text("binding"), &keys));
	for (int i = 0; i < 6; i++) {
		other = b;
		other.ks.bytes[0] ^= i == 0;
		other.rand[0] ^= i == 1;
		other.client.text[0] = i == 2 ? '1' : other.client.text[0];
		other.node.text[5] = i == 3 ? '2' : other.node.text[5];
		other.realm.text[0] = i == 4 ? 'm' : other.realm.text[0];
		assert_ok(key_update_derive(&other, view_text(i == 5 ? "bindinG" : "binding"),
			&changed));
		assert_false(secret_equal(&keys.mac, &changed.mac));
		assert_false(secret_equal(&keys.wrap, &changed.wrap));
	}
	assert_false(secret_equal(&keys.mac, &keys.wrap));
	secret_wipe(&other.ks);
	assert_err(ERR_RANGE, key_update_derive(&other, view_text(""), &changed));
	static const uint8_t too_long[TOKEN_BINDING_MAX + 1];
	assert_err(ERR_RANGE, key_update_derive(&b, VIEW(too_long), &changed));
	key_update_wipe(&keys);
	assert_int_equal(keys.mac.len + keys.wrap.len, 0);
}

/* --- the exchange --- */

struct ends {
	struct token_base base;
	struct key_update_keys keys;
	struct secret device, vault;
	uint8_t device_public[KEY_UPDATE_PUBLIC], vault_public[KEY_UPDATE_PUBLIC];
	struct key_update_exchange at_device, at_vault;
};

static void meet(struct ends *e)
{
	*e = (struct ends){.base = base()};
	assert_ok(key_update_derive(&e->base, view_text("binding"), &e->keys));
	assert_ok(key_update_pair(&e->device, e->device_public));
	assert_ok(key_update_pair(&e->vault, e->vault_public));
	e->at_vault = (struct key_update_exchange){.own = &e->vault,
		.wrap = &e->keys.wrap,
		.client = &e->base.client,
		.device_public = e->device_public,
		.vault_public = e->vault_public};
	e->at_device = e->at_vault;
	e->at_device.own = &e->device;
	e->at_device.is_device = true;
}

/* req: B10.6.1 */
static void what_the_vault_seals_the_device_alone_opens(void **state)
{
	struct ends e, stranger;
	BUF_CLEANUP struct buf sealed = buf_growing(1024);
	BUF_CLEANUP struct buf again = buf_growing(1024);
	BUF_CLEANUP struct buf plain = buf_growing(1024);

	(void)state;
	meet(&e);
	assert_ok(key_update_seal(&e.at_vault, view_text("the new key"), &sealed));
	assert_ok(key_update_seal(&e.at_vault, view_text("the new key"), &again));
	assert_false(view_equal(buf_contents(&sealed), buf_contents(&again)));
	assert_ok(key_update_open(&e.at_device, buf_contents(&sealed), &plain));
	assert_view(buf_contents(&plain), "the new key");
	buf_clear(&plain);

	meet(&stranger);
	for (int i = 0; i < 5; i++) {
		struct key_update_exchange with = e.at_device;
		struct secret wrap = e.keys.wrap;

		wrap.bytes[0] ^= i == 0; /* the old operator, that stands beside */
		with.wrap = &wrap;
		with.own = i == 1 ? &stranger.device : with.own;
		with.client = i == 2 ? &stranger.base.realm : with.client;
		with.vault_public = i == 3 ? stranger.vault_public : with.vault_public;
		with.device_public = i == 4 ? stranger.device_public : with.device_public;
		assert_err(ERR_AUTH, key_update_open(&with, buf_contents(&sealed), &plain));
	}
	for (size_t at = 0; at < sealed.len; at++) {
		sealed.data[at] ^= 1;
		assert_err(ERR_AUTH, key_update_open(&e.at_device, buf_contents(&sealed), &plain));
		sealed.data[at] ^= 1;
	}
	assert_int_equal(plain.len, 0);
}

static void what_others_seal_by_the_page_opens(void **state)
{
	struct ends e;
	uint8_t sealed[sizeof(SEALED) / 2];
	BUF_CLEANUP struct buf plain = buf_growing(1024);

	(void)state;
	meet(&e);
	assert_ok(secret_from_hex(&e.device, view_text(DEVICE_PRIVATE)));
	bytes_from_hex(DEVICE_PUBLIC, e.device_public, KEY_UPDATE_PUBLIC);
	bytes_from_hex(VAULT_PUBLIC, e.vault_public, KEY_UPDATE_PUBLIC);
	bytes_from_hex(SEALED, sealed, sizeof(sealed));
	assert_ok(key_update_open(&e.at_device, VIEW(sealed), &plain));
	assert_view(buf_contents(&plain), "the new key");
}

static void lengths_and_null_points_are_refused(void **state)
{
	static const uint8_t zeros[KEY_UPDATE_PLAIN_MAX + KEY_UPDATE_OVERHEAD + 1];
	struct ends e;
	struct secret none = {.len = 0};
	uint8_t mac[KEY_UPDATE_MAC];
	BUF_CLEANUP struct buf out = buf_growing(4096);

	(void)state;
	meet(&e);
	assert_err(ERR_SYNTAX,
		key_update_open(&e.at_device, view_of(zeros, KEY_UPDATE_OVERHEAD), &out));
	assert_err(ERR_SYNTAX, key_update_open(&e.at_device, VIEW(zeros), &out));
	assert_err(ERR_RANGE, key_update_seal(&e.at_vault, view_of(zeros, 0), &out));
	assert_err(ERR_RANGE,
		key_update_seal(&e.at_vault, view_of(zeros, KEY_UPDATE_PLAIN_MAX + 1), &out));
	assert_err(ERR_RANGE,
		key_update_confirm(&none, KEY_UPDATE_CONFIRM, &e.base.client, view_text("t"), mac));
	assert_err(ERR_RANGE, key_update_request_mac(&none, view_text("t"), e.device_public, mac));
	e.at_vault.device_public = zeros; /* agrees to zeros, whoever the other is */
	assert_err(ERR_CRYPTO, key_update_seal(&e.at_vault, view_text("k"), &out));
	e.at_device.wrap = &none;
	assert_err(ERR_RANGE, key_update_open(&e.at_device, view_of(zeros, 64), &out));
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_formulas_are_those_of_the_page),
		TEST(everything_that_goes_in_counts),
		TEST(what_the_vault_seals_the_device_alone_opens),
		TEST(what_others_seal_by_the_page_opens),
		TEST(lengths_and_null_points_are_refused),
	};
	return RUN_TESTS(tests);
}
