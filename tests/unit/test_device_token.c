// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "device/token.h"
#include "fake_se.h"

static const char client_text[] = "001010123456789@realm.example";

static void set_ident(enum ident_kind kind, const char *text, struct ident *ret)
{
	assert_ok(ident_parse(kind, view_text(text), ret));
}

/* Token number `n` of a client: RAND and Ks are filled with it. */
static void make_token(const char *client, uint8_t n, struct symdev_token *ret, struct secret *ks)
{
	struct token_base base = {.ks = {.len = 0}};
	uint8_t bytes[32];

	*ret = (struct symdev_token){.format = TOKEN_GBA, .from = 1000 + n, .until = 2000 + n};
	set_ident(IDENT_CLIENT, client, &ret->client);
	set_ident(IDENT_FQDN, "authn1.realm.example", &ret->node);
	set_ident(IDENT_FQDN, "realm.example", &ret->realm);
	memset(ret->rand, n, RAND_SIZE);
	memset(bytes, n, sizeof(bytes));
	assert_ok(secret_set(ks, bytes, sizeof(bytes)));
	base.node = ret->node;
	memcpy(base.rand, ret->rand, RAND_SIZE);
	assert_ok(token_id(TOKEN_GBA, &base, NULL, ret->id));
}

/* What the other end has for app.example. */
static void expected_key(const struct symdev_token *token, const struct secret *ks,
	struct secret *ret)
{
	struct token_base base = {.ks = *ks,
		.client = token->client,
		.node = token->node,
		.realm = token->realm};
	struct ident application;

	set_ident(IDENT_APPLICATION, "app.example", &application);
	memcpy(base.rand, token->rand, RAND_SIZE);
	assert_ok(token_derive(TOKEN_GBA, &base, &application, UA_TLS13_PSK, view_text(""), ret));
}

static enum err key_of(struct fake_se *se, const struct symdev_token *token, struct secret *ret)
{
	struct ident application;

	set_ident(IDENT_APPLICATION, "app.example", &application);
	return symdev_token_key(&fake_se_ops, se, token, &application, UA_TLS13_PSK, ret);
}

/* The client has token `n`, whole: its record, and the key that its Ks gives. */
static void assert_has(struct fake_se *se, const char *client, uint8_t n)
{
	struct symdev_token want, token;
	struct ident who;
	SECRET(ks);
	SECRET(want_key);
	SECRET(key);

	make_token(client, n, &want, &ks);
	set_ident(IDENT_CLIENT, client, &who);
	assert_ok(symdev_token_load(&fake_se_ops, se, &who, &token));
	assert_string_equal(token.id, want.id);
	assert_memory_equal(token.rand, want.rand, RAND_SIZE);
	assert_int_equal(token.from, want.from);
	assert_int_equal(token.until, want.until);
	assert_true(ident_equal(&token.client, &want.client));
	assert_true(ident_equal(&token.node, &want.node));
	assert_true(ident_equal(&token.realm, &want.realm));
	assert_ok(key_of(se, &token, &key));
	expected_key(&want, &ks, &want_key);
	assert_true(secret_equal(&key, &want_key));
}

static enum err keep(struct fake_se *se, const char *client, uint8_t n)
{
	struct symdev_token token;
	SECRET(ks);

	make_token(client, n, &token, &ks);
	return token_keep(&fake_se_ops, se, &ks, &token);
}

/* req: B9.4.2 B9.3-c */
static void a_token_is_kept_and_gives_the_application_s_key(void **state)
{
	struct fake_se se;

	(void)state;
	fake_se_open(&se);
	assert_ok(keep(&se, client_text, 1));
	assert_has(&se, client_text, 1);
	assert_int_equal(fake_se_count(&se), 2);
	fake_se_close(&se);
}

/* req: B9.3-e */
static void a_new_token_replaces_the_one_before(void **state)
{
	struct fake_se se;
	struct symdev_token old;
	uint8_t old_ks[32];
	SECRET(ks);
	SECRET(key);

	(void)state;
	fake_se_open(&se);
	for (uint8_t n = 1; n < 20; n++) {
		assert_ok(keep(&se, client_text, n));
		assert_has(&se, client_text, n);
		assert_int_equal(fake_se_count(&se), 2);
		memset(old_ks, n - 1, sizeof(old_ks));
		assert_false(n > 1 && fake_se_holds(&se.lasting, sizeof(se.lasting), old_ks, 32));
	}
	make_token(client_text, 17, &old, &ks); /* stood in the slot that is in use now */
	old.slot = 0;
	assert_err(ERR_EXPIRED, key_of(&se, &old, &key));
	assert_said("replaced");
	fake_se_close(&se);
}

/*
 * Cut the power before every single change of a renewal: the next owner of the element finds the old token or the new
 * one, each with its own Ks, and goes on from there.
 */
static void a_power_cut_leaves_the_old_token_or_the_new_one(void **state)
{
	struct fake_se se, cut;
	bool was_old = false, was_new = false;

	(void)state;
	fake_se_open(&se);
	assert_ok(keep(&se, client_text, 1));
	for (int changes = 0; changes < 3; changes++) {
		cut = se;
		cut.left = changes;
		assert_err(ERR_IO, keep(&cut, client_text, 2));
		cut.left = FAKE_SE_FOREVER;
		bool replaced = changes >= 2;

		assert_has(&cut, client_text, replaced ? 2 : 1);
		was_old |= !replaced;
		was_new |= replaced;
		assert_ok(keep(&cut, client_text, 3));
		assert_has(&cut, client_text, 3);
		assert_int_equal(fake_se_count(&cut), 2);
	}
	assert_true(was_old && was_new);
	fake_se_close(&se);
}

static void cuts_without_end_fill_nothing(void **state)
{
	struct fake_se se;

	(void)state;
	fake_se_open(&se);
	for (uint8_t n = 1; n < 100; n++) {
		se.left = n % 4;
		(void)!keep(&se, client_text, n);
		se.left = FAKE_SE_FOREVER;
		assert_true(fake_se_count(&se) <= 3);
	}
	assert_ok(keep(&se, client_text, 100));
	assert_has(&se, client_text, 100);
	fake_se_close(&se);
}

static void clients_do_not_meet(void **state)
{
	static const char other[] = "001010123456780@realm.example";
	struct fake_se se;
	struct ident who;

	(void)state;
	fake_se_open(&se);
	assert_ok(keep(&se, client_text, 1));
	assert_ok(keep(&se, other, 2));
	assert_has(&se, client_text, 1);
	assert_has(&se, other, 2);
	set_ident(IDENT_CLIENT, other, &who);
	assert_ok(symdev_token_drop(&fake_se_ops, &se, &who));
	assert_has(&se, client_text, 1);
	fake_se_close(&se);
}

static void a_dropped_token_is_gone_with_its_key(void **state)
{
	struct fake_se se, cut;
	struct symdev_token token;
	struct ident who;
	SECRET(key);

	(void)state;
	fake_se_open(&se);
	set_ident(IDENT_CLIENT, client_text, &who);
	assert_err(ERR_NOT_FOUND, symdev_token_drop(&fake_se_ops, &se, &who));
	assert_ok(keep(&se, client_text, 1));
	assert_ok(symdev_token_load(&fake_se_ops, &se, &who, &token));
	for (int changes = 0; changes < 3; changes++) {
		cut = se;
		cut.left = changes;
		assert_err(ERR_IO, symdev_token_drop(&fake_se_ops, &cut, &who));
		cut.left = FAKE_SE_FOREVER;
		assert_err(changes > 0 ? ERR_NOT_FOUND : OK, key_of(&cut, &token, &key));
	}
	assert_ok(symdev_token_drop(&fake_se_ops, &se, &who));
	assert_int_equal(fake_se_count(&se), 0);
	assert_err(ERR_NOT_FOUND, key_of(&se, &token, &key));
	assert_err(ERR_NOT_FOUND, symdev_token_load(&fake_se_ops, &se, &who, &token));
	fake_se_close(&se);
}

/* Every byte of the record in turn; of the times and RAND others are as good. */
static void a_record_that_is_not_ours_is_told_and_replaced(void **state)
{
	struct fake_se se;
	struct symdev_token token;
	struct ident who;
	size_t refused = 0, at = FAKE_SE_VALUES;

	(void)state;
	fake_se_open(&se);
	set_ident(IDENT_CLIENT, client_text, &who);
	assert_ok(keep(&se, client_text, 1));
	for (size_t i = 0; i < FAKE_SE_VALUES; i++) {
		at = strncmp(se.lasting.values[i].label, "token.", 6) == 0 ? i : at;
	}
	for (size_t i = 0; i < se.lasting.values[at].len; i++) {
		uint8_t *byte = &se.lasting.values[at].bytes[i], was = *byte;

		*byte ^= 0x80;
		enum err err = symdev_token_load(&fake_se_ops, &se, &who, &token);

		assert_true(err == OK || err == ERR_UNSUPPORTED);
		refused += err != OK;
		*byte = was;
	}
	assert_true(refused > se.lasting.values[at].len - 8 - 8 - RAND_SIZE);
	for (size_t len = 1; len < se.lasting.values[at].len; len++) {
		struct fake_se cut = se;

		cut.lasting.values[at].len = len;
		assert_err(ERR_UNSUPPORTED, symdev_token_load(&fake_se_ops, &cut, &who, &token));
	}
	se.lasting.values[at].bytes[0] = 9;
	assert_err(ERR_UNSUPPORTED, symdev_token_load(&fake_se_ops, &se, &who, &token));
	assert_said("(9)");
	assert_ok(keep(&se, client_text, 2));
	assert_has(&se, client_text, 2);
	se.lasting.values[at].bytes[0] = 9;
	assert_ok(symdev_token_drop(&fake_se_ops, &se, &who));
	assert_int_equal(fake_se_count(&se), 0);
	fake_se_close(&se);
}

/* An element that cannot be read does not say which slot is free. */
static void nothing_is_written_when_the_record_cannot_be_read(void **state)
{
	struct fake_se se, before;

	(void)state;
	fake_se_open(&se);
	assert_ok(keep(&se, client_text, 1));
	before = se;
	se.left = 0;
	assert_err(ERR_IO, keep(&se, client_text, 2));
	assert_memory_equal(&se.lasting, &before.lasting, sizeof(se.lasting));
	fake_se_close(&se);
}

static void a_token_ends_when_it_says(void **state)
{
	struct symdev_token token;
	SECRET(ks);

	(void)state;
	make_token(client_text, 0xff, &token, &ks);
	token.until = 5000;
	assert_ok(symdev_token_check(&token, 4999, 0));
	assert_err(ERR_EXPIRED, symdev_token_check(&token, 5000, 0));
	assert_ok(symdev_token_check(&token, 4989, 10));
	assert_err(ERR_EXPIRED, symdev_token_check(&token, 4990, 10));
}

static void the_longest_identities_are_kept(void **state)
{
	char label[64], client[258], node[256], identity[SYMDEV_PSK_IDENTITY];
	struct fake_se se;
	struct symdev_token token, loaded;
	SECRET(ks);

	(void)state;
	memset(label, 'a', 63);
	label[63] = 0;
	(void)snprintf(node, sizeof(node), "%s.%s.%s.%.61s", label, label, label, label);
	(void)snprintf(client, sizeof(client), "x@%s", node);
	fake_se_open(&se);
	make_token(client, 1, &token, &ks);
	set_ident(IDENT_FQDN, node, &token.node);
	token.realm = token.node;
	assert_ok(token_keep(&fake_se_ops, &se, &ks, &token));
	assert_ok(symdev_token_load(&fake_se_ops, &se, &token.client, &loaded));
	assert_int_equal(strlen(loaded.id), 24 + 1 + 253);
	assert_ok(symdev_psk_identity(&loaded, identity));
	assert_int_equal(strlen(identity), strlen("3GPP-bootstrapping;") + 24 + 1 + 253);
	fake_se_close(&se);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_is_kept_and_gives_the_application_s_key),
		TEST(a_new_token_replaces_the_one_before),
		TEST(a_power_cut_leaves_the_old_token_or_the_new_one),
		TEST(cuts_without_end_fill_nothing),
		TEST(clients_do_not_meet),
		TEST(a_dropped_token_is_gone_with_its_key),
		TEST(a_record_that_is_not_ours_is_told_and_replaced),
		TEST(nothing_is_written_when_the_record_cannot_be_read),
		TEST(a_token_ends_when_it_says),
		TEST(the_longest_identities_are_kept),
	};
	return RUN_TESTS(tests);
}
