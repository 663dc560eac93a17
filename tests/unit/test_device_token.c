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

/* A node that says the same RAND twice would have one key made twice.  req: B10.4-asym */
static void a_rand_is_good_once(void **state)
{
	struct fake_se se;
	struct ident who, other;
	uint8_t rand[RAND_SIZE];

	(void)state;
	fake_se_open(&se);
	set_ident(IDENT_CLIENT, client_text, &who);
	set_ident(IDENT_CLIENT, "001010123456790@realm.example", &other);
	memset(rand, 1, sizeof(rand));
	assert_ok(token_check_rand(&fake_se_ops, &se, &who, rand));
	assert_ok(keep(&se, client_text, 1));
	assert_err(ERR_REPLAY, token_check_rand(&fake_se_ops, &se, &who, rand));
	assert_ok(token_check_rand(&fake_se_ops, &se, &other, rand));
	rand[RAND_SIZE - 1] = 2;
	assert_ok(token_check_rand(&fake_se_ops, &se, &who, rand));
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
	assert_said("no token of this version");
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

/* --- tokens for applications --- */

/* Token number `n` for an application, or for a group that has it as its only member. */
static void make_application_token(const char *application, const char *member, uint8_t n,
	struct symdev_token *ret, struct secret *ks)
{
	struct token_base base;

	make_token(client_text, n, ret, ks);
	ret->format = TOKEN_Y3056;
	set_ident(IDENT_APPLICATION, application, &ret->application);
	set_ident(IDENT_APPLICATION, member, &ret->applications[0]);
	ret->application_count = 1;
	ret->uas[0] = UA_TLS13_PSK;
	ret->ua_count = 1;
	(void)snprintf(ret->degree, sizeof(ret->degree), "standard");
	(void)snprintf(ret->mechanisms, sizeof(ret->mechanisms), "tls13-psk");
	memset(ret->binding, n, 32);
	ret->binding_len = 32;
	ret->permitted_until = 9000;
	base = (struct token_base){.ks = *ks,
		.client = ret->client,
		.node = ret->node,
		.realm = ret->realm};
	memcpy(base.rand, ret->rand, RAND_SIZE);
	assert_ok(token_id(TOKEN_Y3056, &base, &ret->application, ret->id));
}

static enum err keep_for(struct fake_se *se, const char *application, const char *member, uint8_t n)
{
	struct symdev_token token;
	SECRET(ks);

	make_application_token(application, member, n, &token, &ks);
	return token_keep(&fake_se_ops, se, &ks, &token);
}

static enum err find(struct fake_se *se, const char *application, int64_t now,
	struct symdev_token *ret)
{
	struct ident client, name;

	set_ident(IDENT_CLIENT, client_text, &client);
	set_ident(IDENT_APPLICATION, application, &name);
	return symdev_token_find(&fake_se_ops, se, &client, &name, now, ret);
}

/* What is found for an application is token `n`, whole, with its key. */
static void assert_found(struct fake_se *se, const char *application, uint8_t n)
{
	struct symdev_token token;
	struct ident name;
	struct token_base base;
	uint8_t bytes[32];
	SECRET(key);
	SECRET(want);

	assert_ok(find(se, application, 100, &token));
	assert_int_equal(token.rand[0], n);
	set_ident(IDENT_APPLICATION, application, &name);
	assert_ok(symdev_token_key(&fake_se_ops, se, &token, &name, UA_TLS13_PSK, &key));
	base = (struct token_base){.client = token.client, .node = token.node, .realm = token.realm};
	memset(bytes, n, sizeof(bytes));
	assert_ok(secret_set(&base.ks, bytes, sizeof(bytes)));
	memcpy(base.rand, token.rand, RAND_SIZE);
	bool plain = token.application.kind == IDENT_NONE;

	assert_ok(token_derive(token.format, &base, plain ? &name : &token.application,
		UA_TLS13_PSK, view_of(bytes, 32), &want));
	assert_true(secret_equal(&key, &want));
}

/* req: B9.3-c B9.4.2 */
static void a_token_for_an_application_is_kept_whole(void **state)
{
	struct fake_se se;
	struct symdev_token want, token;
	SECRET(ks);

	(void)state;
	fake_se_open(&se);
	make_application_token("group.example", "app.example", 1, &want, &ks);
	assert_ok(token_keep(&fake_se_ops, &se, &ks, &want));
	assert_ok(find(&se, "app.example", 100, &token));
	assert_string_equal(token.id, want.id);
	assert_int_equal(token.format, TOKEN_Y3056);
	assert_string_equal(token.application.text, "group.example");
	assert_int_equal(token.application_count, 1);
	assert_string_equal(token.applications[0].text, "app.example");
	assert_int_equal(token.ua_count, 1);
	assert_true(ua_equal(token.uas[0], UA_TLS13_PSK));
	assert_string_equal(token.degree, "standard");
	assert_string_equal(token.mechanisms, "tls13-psk");
	assert_int_equal(token.permitted_until, 9000);
	assert_int_equal(token.binding_len, 32);
	assert_memory_equal(token.binding, want.binding, 32);
	assert_true(symdev_token_opens(&token, &want.application));
	fake_se_close(&se);
}

/* req: B9.3-e */
static void each_application_has_one(void **state)
{
	struct fake_se se;
	struct symdev_token token;

	(void)state;
	fake_se_open(&se);
	assert_err(ERR_NOT_FOUND, find(&se, "a.example", 100, &token));
	assert_ok(keep_for(&se, "a.example", "a.example", 1));
	assert_ok(keep_for(&se, "b.example", "b.example", 2));
	assert_found(&se, "a.example", 1);
	assert_found(&se, "b.example", 2);
	assert_err(ERR_NOT_FOUND, find(&se, "c.example", 100, &token));
	assert_ok(keep(&se, client_text, 3));
	assert_found(&se, "a.example", 1);
	assert_found(&se, "c.example", 3);
	assert_has(&se, client_text, 3);
	for (uint8_t n = 4; n < 10; n++) {
		assert_ok(keep_for(&se, "b.example", "b.example", n));
		assert_found(&se, "a.example", 1);
		assert_found(&se, "b.example", n);
		assert_int_equal(fake_se_count(&se), 6);
	}
	fake_se_close(&se);
}

static void an_expired_one_is_not_offered(void **state)
{
	struct fake_se se;
	struct symdev_token token;

	(void)state;
	fake_se_open(&se);
	assert_ok(keep_for(&se, "a.example", "a.example", 50)); /* until 2050 */
	assert_ok(keep(&se, client_text, 100));			/* until 2100 */
	assert_ok(find(&se, "a.example", 2049, &token));
	assert_int_equal(token.format, TOKEN_Y3056);
	assert_ok(find(&se, "a.example", 2050, &token));
	assert_int_equal(token.format, TOKEN_GBA);
	assert_err(ERR_EXPIRED, find(&se, "a.example", 2100, &token));
	fake_se_close(&se);
}

/* The group's opens what the old one did: there is one active token per application. */
static void a_group_s_token_supersedes_its_members_own(void **state)
{
	struct fake_se se, cut;

	(void)state;
	fake_se_open(&se);
	assert_ok(keep_for(&se, "a.example", "a.example", 1));
	assert_ok(keep_for(&se, "b.example", "b.example", 2));
	for (int changes = 2; changes < 6; changes++) {
		cut = se;
		cut.left = changes;
		assert_err(ERR_IO, keep_for(&cut, "group.example", "a.example", 3));
		cut.left = FAKE_SE_FOREVER;
		assert_found(&cut, "a.example", 3);
		assert_found(&cut, "b.example", 2);
	}
	assert_ok(keep_for(&se, "group.example", "a.example", 3));
	assert_found(&se, "a.example", 3);
	assert_found(&se, "b.example", 2);
	assert_int_equal(fake_se_count(&se), 4);
	fake_se_close(&se);
}

static const char *name_of(uint8_t n)
{
	static char name[32];

	(void)snprintf(name, sizeof(name), "n%u.example", n);
	return name;
}

/* A ninth takes the place of the one that ends first; once one has expired, that one's. */
static void a_full_element_gives_the_place_of_the_one_that_ends_first(void **state)
{
	struct fake_se se;
	struct symdev_token token;

	(void)state;
	fake_se_open(&se);
	for (uint8_t n = 20; n > 20 - SYMDEV_TOKENS; n--) {
		assert_ok(keep_for(&se, name_of(n), name_of(n), n));
	}
	assert_ok(keep_for(&se, name_of(30), name_of(30), 30));
	assert_found(&se, name_of(30), 30);
	assert_err(ERR_NOT_FOUND, find(&se, name_of(13), 100, &token));
	for (uint8_t n = 14; n <= 20; n++) {
		assert_found(&se, name_of(n), n);
	}
	assert_int_equal(fake_se_count(&se), 2 * SYMDEV_TOKENS);
	fake_se_close(&se);
}

/* Cut the power before every single change: each application has its old token, or the new one. */
static void a_power_cut_leaves_every_application_a_token(void **state)
{
	struct fake_se se, cut;

	(void)state;
	fake_se_open(&se);
	assert_ok(keep_for(&se, "a.example", "a.example", 1));
	assert_ok(keep_for(&se, "b.example", "b.example", 2));
	for (int changes = 0; changes < 3; changes++) {
		cut = se;
		cut.left = changes;
		assert_err(ERR_IO, keep_for(&cut, "b.example", "b.example", 3));
		cut.left = FAKE_SE_FOREVER;
		assert_found(&cut, "a.example", 1);
		assert_found(&cut, "b.example", changes < 2 ? 2 : 3);
		assert_ok(keep_for(&cut, "b.example", "b.example", 4));
		assert_found(&cut, "b.example", 4);
		assert_int_equal(fake_se_count(&cut), 4);
	}
	fake_se_close(&se);
}

static void one_is_forgotten_and_all_are_dropped(void **state)
{
	struct fake_se se;
	struct symdev_token token, other;
	struct ident client, node;
	char tmpi[TMPI_MAX + 1];

	(void)state;
	fake_se_open(&se);
	set_ident(IDENT_CLIENT, client_text, &client);
	set_ident(IDENT_FQDN, "authn1.realm.example", &node);
	assert_ok(keep_for(&se, "a.example", "a.example", 1));
	assert_ok(keep_for(&se, "b.example", "b.example", 2));
	assert_ok(token_keep_tmpi(&fake_se_ops, &se, &client, &node, "x@y"));
	assert_ok(find(&se, "a.example", 100, &token));
	assert_ok(symdev_token_forget(&fake_se_ops, &se, &token));
	assert_err(ERR_NOT_FOUND, symdev_token_forget(&fake_se_ops, &se, &token));
	assert_err(ERR_NOT_FOUND, find(&se, "a.example", 100, &token));
	assert_ok(find(&se, "b.example", 100, &token));
	assert_ok(keep_for(&se, "b.example", "b.example", 3));
	assert_err(ERR_NOT_FOUND, symdev_token_forget(&fake_se_ops, &se, &token));
	assert_found(&se, "b.example", 3);
	assert_ok(symdev_token_at(&fake_se_ops, &se, &client, token.place, &other));
	assert_err(ERR_NOT_FOUND,
		symdev_token_at(&fake_se_ops, &se, &client, SYMDEV_TOKENS, &other));
	assert_ok(symdev_token_drop(&fake_se_ops, &se, &client));
	assert_int_equal(fake_se_count(&se), 0);
	assert_err(ERR_NOT_FOUND, token_load_tmpi(&fake_se_ops, &se, &client, &node, tmpi));
	fake_se_close(&se);
}

/* What version 0.1 kept: one record, of the plain form. */
static void a_record_of_the_first_version_is_read_and_replaced(void **state)
{
	struct fake_se se;
	struct symdev_token token;
	struct ident client;
	uint8_t bytes[512];
	struct buf record = buf_fixed(bytes, sizeof(bytes));
	bool found = false;

	(void)state;
	fake_se_open(&se);
	set_ident(IDENT_CLIENT, client_text, &client);
	assert_ok(keep(&se, client_text, 7)); /* its Ks stands where version 1 had it */
	buf_bytes(&record, "\x01\x01\x00", 3);
	buf_u64(&record, 1007);
	buf_u64(&record, 2007);
	memset(buf_extend(&record, RAND_SIZE), 7, RAND_SIZE);
	buf_u8(&record, sizeof(client_text) - 1);
	buf_text(&record, client_text);
	buf_u8(&record, 20);
	buf_text(&record, "authn1.realm.example");
	buf_u8(&record, 13);
	buf_text(&record, "realm.example");
	for (size_t i = 0; i < FAKE_SE_VALUES; i++) {
		typeof(&se.lasting.values[0]) value = &se.lasting.values[i];

		if (strncmp(value->label, "token.", 6) == 0) {
			assert_int_equal(strlen(value->label), 6 + 32);
			memcpy(value->bytes, record.data, record.len);
			value->len = record.len;
			found = true;
		}
	}
	assert_true(found);
	assert_has(&se, client_text, 7);
	assert_ok(symdev_token_load(&fake_se_ops, &se, &client, &token));
	assert_ok(keep(&se, client_text, 8));
	assert_has(&se, client_text, 8);
	assert_int_equal(fake_se_count(&se), 2);
	fake_se_close(&se);
}

/* Every byte changed, and cut off anywhere: never a crash, and never another application's. */
static void a_damaged_record_for_an_application_opens_nothing_else(void **state)
{
	struct fake_se se;
	struct symdev_token token;

	(void)state;
	fake_se_open(&se);
	assert_ok(keep_for(&se, "a.example", "a.example", 1));
	size_t at = strncmp(se.lasting.values[0].label, "token.", 6) == 0 ? 0 : 1;
	size_t len = se.lasting.values[at].len;

	for (size_t i = 0; i < len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			se.lasting.values[at].bytes[i] ^= (uint8_t)(1 << bit);
			assert_err(ERR_NOT_FOUND, find(&se, "z.example", 0, &token));
			se.lasting.values[at].bytes[i] ^= (uint8_t)(1 << bit);
		}
		se.lasting.values[at].len = i + (i == 0);
		assert_err(ERR_NOT_FOUND, find(&se, "a.example", 0, &token));
		se.lasting.values[at].len = len;
	}
	assert_found(&se, "a.example", 1);
	fake_se_close(&se);
}

static void the_longest_token_is_kept(void **state)
{
	char url[256];
	struct fake_se se;
	struct symdev_token token, loaded;
	SECRET(ks);

	(void)state;
	fake_se_open(&se);
	memset(url, 'a', 255);
	memcpy(url, "http://a/", 9);
	url[255] = 0;
	make_application_token(url, url, 1, &token, &ks);
	for (size_t i = 0; i < SYMDEV_APPLICATIONS; i++) {
		token.applications[i] = token.application;
	}
	for (size_t i = 0; i < SYMDEV_UAS; i++) {
		token.uas[i] = UA_TLS13_PSK;
	}
	token.application_count = SYMDEV_APPLICATIONS;
	token.ua_count = SYMDEV_UAS;
	token.binding_len = sizeof(token.binding);
	memset(token.degree, 'd', sizeof(token.degree) - 1);
	memset(token.mechanisms, 'm', sizeof(token.mechanisms) - 1);
	assert_ok(token_keep(&fake_se_ops, &se, &ks, &token));
	assert_ok(find(&se, url, 100, &loaded));
	assert_string_equal(loaded.mechanisms, token.mechanisms);
	assert_int_equal(loaded.application_count, SYMDEV_APPLICATIONS);
	fake_se_close(&se);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_is_kept_and_gives_the_application_s_key),
		TEST(a_rand_is_good_once),
		TEST(a_new_token_replaces_the_one_before),
		TEST(a_power_cut_leaves_the_old_token_or_the_new_one),
		TEST(cuts_without_end_fill_nothing),
		TEST(clients_do_not_meet),
		TEST(a_dropped_token_is_gone_with_its_key),
		TEST(a_record_that_is_not_ours_is_told_and_replaced),
		TEST(nothing_is_written_when_the_record_cannot_be_read),
		TEST(a_token_ends_when_it_says),
		TEST(the_longest_identities_are_kept),
		TEST(a_token_for_an_application_is_kept_whole),
		TEST(each_application_has_one),
		TEST(an_expired_one_is_not_offered),
		TEST(a_group_s_token_supersedes_its_members_own),
		TEST(a_full_element_gives_the_place_of_the_one_that_ends_first),
		TEST(a_power_cut_leaves_every_application_a_token),
		TEST(one_is_forgotten_and_all_are_dropped),
		TEST(a_record_of_the_first_version_is_read_and_replaced),
		TEST(a_damaged_record_for_an_application_opens_nothing_else),
		TEST(the_longest_token_is_kept),
	};
	return RUN_TESTS(tests);
}
