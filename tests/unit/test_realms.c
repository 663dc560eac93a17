// SPDX-License-Identifier: Apache-2.0
/* A device of several realms, on a secure element whose power can be cut. */
#include "test.h"

#include "device/symdev_realms.h"
#include "device/token.h"
#include "fake_se.h"
#include "wire/realm_document.h"

static void set_ident(enum ident_kind kind, const char *text, struct ident *ret)
{
	assert_ok(ident_parse(kind, view_text(text), ret));
}

static struct ident name_of(const char *text)
{
	struct ident name;

	set_ident(IDENT_FQDN, text, &name);
	return name;
}

/* "one.example": its client is dev@one.example, its node authn.one.example. */
static struct symdev_realm realm_of(const char *name)
{
	struct symdev_realm realm = {.node_count = 1};
	char text[128];

	(void)snprintf(text, sizeof(text), "dev@%s", name);
	set_ident(IDENT_CLIENT, text, &realm.client);
	(void)snprintf(text, sizeof(text), "authn.%s", name);
	set_ident(IDENT_FQDN, text, &realm.nodes[0].host);
	(void)snprintf(realm.trust, sizeof(realm.trust), "/etc/%s.pem", name);
	return realm;
}

static enum err add(struct fake_se *se, const char *name)
{
	struct symdev_realm realm = realm_of(name);

	return symdev_realm_add(&fake_se_ops, se, &realm);
}

static enum err use(struct fake_se *se, const char *name)
{
	struct ident ident = name_of(name);

	return symdev_realm_use(&fake_se_ops, se, &ident);
}

static enum err drop(struct fake_se *se, const char *name)
{
	struct ident ident = name_of(name);

	return symdev_realm_drop(&fake_se_ops, se, &ident);
}

/* Exactly one is active, and its record is whole. */
static void assert_active(struct fake_se *se, const char *name)
{
	struct symdev_realm realm, want = realm_of(name);
	struct ident clients[SYMDEV_REALMS];
	size_t count = 0, active = 99;

	assert_ok(symdev_realm_active(&fake_se_ops, se, &realm));
	assert_string_equal(realm.client.text, want.client.text);
	assert_string_equal(realm.trust, want.trust);
	assert_ok(symdev_realm_list(&fake_se_ops, se, clients, &count, &active));
	assert_true(active < count);
	assert_string_equal(clients[active].text, want.client.text);
}

static size_t count_of(struct fake_se *se)
{
	struct ident clients[SYMDEV_REALMS];
	size_t count = 0, active = 0;

	assert_ok(symdev_realm_list(&fake_se_ops, se, clients, &count, &active));
	return count;
}

static enum err keep_token(struct fake_se *se, const char *realm_name, const char *application)
{
	struct symdev_realm realm = realm_of(realm_name);
	struct symdev_token token = {.format = TOKEN_GBA, .from = 1000, .until = 2000};
	uint8_t bytes[32];
	SECRET(ks);

	memset(bytes, 7, sizeof(bytes));
	assert_ok(secret_set(&ks, bytes, sizeof(bytes)));
	token.client = realm.client;
	token.node = realm.nodes[0].host;
	token.realm = name_of(realm_name);
	if (application) {
		set_ident(IDENT_APPLICATION, application, &token.application);
		token.uas[token.ua_count++] = UA_TLS13_PSK;
	}
	return token_keep(&fake_se_ops, se, &ks, &token);
}

static enum err find_token(struct fake_se *se, const char *realm_name, const char *application,
	struct symdev_token *ret)
{
	struct symdev_realm realm = realm_of(realm_name);
	struct ident ident;

	set_ident(IDENT_APPLICATION, application, &ident);
	return symdev_token_find(&fake_se_ops, se, &realm.client, &ident, 1500, ret);
}

/* --- one is active --- */

/* req: B7.4-e B7.1-a */
static void the_first_is_active_until_another_is_used(void **state)
{
	struct fake_se se;

	(void)state;
	fake_se_open(&se);
	assert_int_equal(count_of(&se), 0);
	assert_ok(add(&se, "one.example"));
	assert_active(&se, "one.example");
	assert_ok(add(&se, "two.example"));
	assert_active(&se, "one.example");
	assert_ok(use(&se, "two.example"));
	assert_active(&se, "two.example");
	assert_ok(use(&se, "two.example"));
	assert_err(ERR_NOT_FOUND, use(&se, "three.example"));
	assert_err(ERR_EXISTS, add(&se, "one.example"));
	assert_active(&se, "two.example");
	assert_int_equal(count_of(&se), 2);
	fake_se_close(&se);
}

/* Cut the power before every single change of everything that changes: one realm is active, whole, and all goes on. */
static void a_power_cut_leaves_exactly_one_active(void **state)
{
	struct fake_se se, cut;

	(void)state;
	fake_se_open(&se);
	assert_ok(add(&se, "one.example"));
	assert_ok(add(&se, "two.example"));
	assert_ok(add(&se, "three.example"));
	assert_ok(keep_token(&se, "three.example", NULL));
	assert_ok(keep_token(&se, "three.example", "app.example"));
	for (int changes = 0; changes < 60; changes++) {
		for (int what = 0; what < 3; what++) {
			cut = se;
			cut.left = changes;
			enum err err = what == 0   ? use(&cut, "two.example")
				       : what == 1 ? add(&cut, "four.example")
						   : drop(&cut, "three.example");

			cut.left = FAKE_SE_FOREVER;
			assert_active(&cut, what == 0 && err == OK ? "two.example" : "one.example");
			assert_true(count_of(&cut) >= (what == 2 ? 2 : 3));
			assert_ok(use(&cut, "two.example")); /* whatever was left is finished */
			assert_active(&cut, "two.example");
			if (what == 2 && changes > 0) {
				assert_int_equal(count_of(&cut), 2);
				assert_int_equal(fake_se_count(&cut), 1 + 2);
			}
		}
	}
	fake_se_close(&se);
}

/* req: B9.3-d B7.4-e */
static void tokens_of_the_others_are_kept_but_not_offered(void **state)
{
	struct fake_se se;
	struct symdev_token token;
	struct ident application;
	SECRET(key);

	(void)state;
	fake_se_open(&se);
	set_ident(IDENT_APPLICATION, "app.example", &application);
	assert_ok(add(&se, "one.example"));
	assert_ok(add(&se, "two.example"));
	assert_ok(keep_token(&se, "one.example", "app.example"));
	assert_ok(find_token(&se, "one.example", "app.example", &token));
	assert_ok(symdev_token_key(&fake_se_ops, &se, &token, &application, UA_TLS13_PSK, &key));
	assert_ok(use(&se, "two.example"));
	assert_err(ERR_DENIED, find_token(&se, "one.example", "app.example", &token));
	assert_said("one.example");
	assert_err(ERR_DENIED,
		symdev_token_key(&fake_se_ops, &se, &token, &application, UA_TLS13_PSK, &key));
	assert_err(ERR_NOT_FOUND, find_token(&se, "two.example", "app.example", &token));
	assert_ok(use(&se, "one.example"));
	assert_ok(find_token(&se, "one.example", "app.example", &token));
	assert_ok(symdev_token_key(&fake_se_ops, &se, &token, &application, UA_TLS13_PSK, &key));
	fake_se_close(&se);
}

/* --- leaving --- */

/* A change of operator destroys what the old one gave. */
static void a_dropped_realm_leaves_nothing_behind(void **state)
{
	struct fake_se se;
	struct symdev_realm realm = realm_of("two.example");

	(void)state;
	fake_se_open(&se);
	assert_ok(add(&se, "one.example"));
	assert_ok(add(&se, "two.example"));
	assert_ok(keep_token(&se, "two.example", NULL));
	assert_ok(token_keep_tmpi(&fake_se_ops, &se, &realm.client, &realm.nodes[0].host, "x@y"));
	assert_err(ERR_WRONG_STATE, drop(&se, "one.example"));
	assert_said("active");
	assert_ok(drop(&se, "two.example"));
	assert_int_equal(fake_se_count(&se), 2);
	assert_err(ERR_NOT_FOUND, drop(&se, "two.example"));
	assert_ok(add(&se, "two.example"));
	assert_ok(drop(&se, "two.example"));
	assert_ok(drop(&se, "one.example")); /* the last takes the list along */
	assert_int_equal(fake_se_count(&se), 0);
	assert_int_equal(count_of(&se), 0);
	fake_se_close(&se);
}

static void there_is_room_for_four(void **state)
{
	static const char *const names[] = {"a.example", "b.example", "c.example", "d.example"};
	struct fake_se se;
	struct symdev_realm realm = realm_of("e.example");

	(void)state;
	fake_se_open(&se);
	for (int i = 0; i < SYMDEV_REALMS; i++) {
		assert_ok(add(&se, names[i]));
	}
	assert_err(ERR_RANGE, add(&se, "e.example"));
	assert_int_equal(count_of(&se), SYMDEV_REALMS);
	assert_ok(drop(&se, "b.example"));
	assert_active(&se, "a.example");
	assert_ok(use(&se, "d.example"));
	assert_ok(drop(&se, "a.example")); /* those behind move up */
	assert_active(&se, "d.example");
	realm.node_count = 0;
	assert_err(ERR_RANGE, symdev_realm_add(&fake_se_ops, &se, &realm));
	fake_se_close(&se);
}

static void a_damaged_list_is_told(void **state)
{
	struct fake_se se, cut;
	struct symdev_realm realm;

	(void)state;
	fake_se_open(&se);
	assert_ok(add(&se, "one.example"));
	assert_ok(add(&se, "two.example"));
	for (size_t i = 0; i < FAKE_SE_VALUES; i++) {
		for (size_t at = 0; at < se.lasting.values[i].len; at++) {
			cut = se;
			cut.lasting.values[i].bytes[at] ^= 0x80;
			enum err err = symdev_realm_active(&fake_se_ops, &cut, &realm);

			assert_true(err != OK || realm.node_count == 1);
			cut.lasting.values[i].len = at + (at == 0);
			(void)!symdev_realm_active(&fake_se_ops, &cut, &realm);
			(void)!use(&cut, "two.example");
		}
	}
	fake_se_close(&se);
}

/* --- choice --- */

/* req: B7.1-h */
static void realms_that_serve_an_application_can_be_chosen_from(void **state)
{
	struct fake_se se;
	struct ident application, names[SYMDEV_REALMS];
	struct symdev_realm three = realm_of("three.example");
	size_t count = 99;

	(void)state;
	fake_se_open(&se);
	set_ident(IDENT_APPLICATION, "app.example", &application);
	assert_ok(symdev_realm_serving(&fake_se_ops, &se, &application, 1500, names, &count));
	assert_int_equal(count, 0);
	assert_ok(add(&se, "one.example"));
	assert_ok(add(&se, "two.example"));
	three.served[three.served_count++] = application;
	assert_ok(symdev_realm_add(&fake_se_ops, &se, &three));
	assert_ok(keep_token(&se, "two.example", "app.example"));
	assert_ok(keep_token(&se, "one.example", NULL)); /* says nothing of applications */
	assert_ok(symdev_realm_serving(&fake_se_ops, &se, &application, 1500, names, &count));
	assert_int_equal(count, 2);
	assert_string_equal(names[0].text, "two.example");
	assert_string_equal(names[1].text, "three.example");
	assert_ok(use(&se, "three.example")); /* the active one comes first */
	assert_ok(symdev_realm_serving(&fake_se_ops, &se, &application, 2000, names, &count));
	assert_int_equal(count, 1);
	assert_string_equal(names[0].text, "three.example");
	assert_active(&se, "three.example");
	fake_se_close(&se);
}

/* --- the realm document --- */

static void pin(struct symdev_realm *realm, const struct jose_key *key)
{
	struct symdev_anchor *anchor = &realm->anchors[realm->anchor_count++];
	struct buf out = buf_fixed(anchor->bytes, sizeof(anchor->bytes));

	assert_ok(jose_key_public(key, &out));
	anchor->len = (uint8_t)out.len;
}

static void write_document(const struct jose_key *key, uint64_t serial, int64_t expires,
	size_t nodes, struct buf *ret)
{
	struct realm_document document = {.serial = serial, .expires = expires, .y3056 = true};
	char host[64];

	set_ident(IDENT_FQDN, "one.example", &document.realm);
	document.plain_http = true;
	for (size_t i = 0; i < nodes; i++) {
		(void)snprintf(host, sizeof(host), "authn%zu.one.example", i);
		set_ident(IDENT_FQDN, host, &document.nodes[i].host);
		document.node_count++;
	}
	buf_clear(ret);
	assert_ok(realm_document_sign(key, &document, ret));
}

static void a_document_brings_other_nodes_and_an_older_one_none(void **state)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	JOSE_KEY_CLEANUP struct jose_key *other = NULL;
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	struct symdev_realm realm = realm_of("one.example"), kept;
	struct ident name = name_of("one.example");
	struct fake_se se;

	(void)state;
	fake_se_open(&se);
	assert_ok(jose_key_make(JOSE_ES256, &key));
	assert_ok(jose_key_make(JOSE_EDDSA, &other));
	assert_ok(symdev_realm_add(&fake_se_ops, &se, &realm));
	write_document(key, 5, 2000, 3, &jws);
	assert_err(ERR_UNSUPPORTED,
		symdev_realm_document(&fake_se_ops, &se, buf_contents(&jws), 1000, &realm));
	pin(&realm, other);
	assert_ok(symdev_realm_update(&fake_se_ops, &se, &realm));
	assert_err(ERR_UNSUPPORTED,
		symdev_realm_document(&fake_se_ops, &se, buf_contents(&jws), 1000, &realm));
	pin(&realm, key); /* the next key, beside the old one */
	assert_ok(symdev_realm_update(&fake_se_ops, &se, &realm));
	assert_false(symdev_realm_plain_allowed(&realm, 1000));
	assert_ok(symdev_realm_document(&fake_se_ops, &se, buf_contents(&jws), 1000, &realm));
	assert_ok(symdev_realm_load(&fake_se_ops, &se, &name, &kept));
	assert_int_equal(kept.node_count, 3);
	assert_string_equal(kept.nodes[2].host.text, "authn2.one.example");
	assert_int_equal(kept.serial, 5);
	assert_int_equal(kept.anchor_count, 2);
	assert_true(symdev_realm_plain_allowed(&kept, 1999));
	assert_false(symdev_realm_plain_allowed(&kept, 2000));
	write_document(key, 4, 9000, 1, &jws);
	assert_err(ERR_REPLAY,
		symdev_realm_document(&fake_se_ops, &se, buf_contents(&jws), 1000, &realm));
	write_document(key, 6, 1000, 1, &jws);
	assert_err(ERR_EXPIRED,
		symdev_realm_document(&fake_se_ops, &se, buf_contents(&jws), 1000, &realm));
	assert_int_equal(realm.node_count, 3);
	write_document(key, 6, 9000, 16, &jws); /* more than are kept */
	assert_ok(symdev_realm_document(&fake_se_ops, &se, buf_contents(&jws), 1000, &realm));
	assert_ok(symdev_realm_load(&fake_se_ops, &se, &name, &kept));
	assert_int_equal(kept.node_count, SYMDEV_NODES);
	fake_se_close(&se);
}

/* Without its owner: the next key is learnt from a document that the present one signed, the old one forgotten. */
static void a_device_follows_a_change_of_keys(void **state)
{
	JOSE_KEY_CLEANUP struct jose_key *one = NULL;
	JOSE_KEY_CLEANUP struct jose_key *two = NULL;
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	static struct realm_document document;
	struct symdev_realm realm = realm_of("one.example");
	struct fake_se se;

	(void)state;
	fake_se_open(&se);
	assert_ok(jose_key_make(JOSE_ES256, &one));
	assert_ok(jose_key_make(JOSE_EDDSA, &two));
	pin(&realm, one);
	assert_ok(symdev_realm_add(&fake_se_ops, &se, &realm));
	document = (struct realm_document){.serial = 1, .expires = 9000, .node_count = 1};
	set_ident(IDENT_FQDN, "one.example", &document.realm);
	set_ident(IDENT_FQDN, "authn.one.example", &document.nodes[0].host);
	assert_ok(realm_key_of(one, &document.keys[0]));
	assert_ok(realm_key_of(two, &document.keys[1]));
	document.key_count = 2;
	assert_ok(realm_document_sign(one, &document, &jws));
	assert_ok(symdev_realm_document(&fake_se_ops, &se, buf_contents(&jws), 1000, &realm));
	assert_int_equal(realm.anchor_count, 2);
	document.serial = 2;
	document.keys[0] = document.keys[1];
	document.key_count = 1;
	buf_clear(&jws);
	assert_ok(realm_document_sign(two, &document, &jws));
	assert_ok(symdev_realm_document(&fake_se_ops, &se, buf_contents(&jws), 1000, &realm));
	assert_int_equal(realm.anchor_count, 1);
	assert_ok(realm_key_of(one, &document.keys[0]));
	document.serial = 3;
	buf_clear(&jws);
	assert_ok(realm_document_sign(one, &document, &jws));
	assert_err(ERR_UNSUPPORTED,
		symdev_realm_document(&fake_se_ops, &se, buf_contents(&jws), 1000, &realm));
	assert_int_equal(realm.serial, 2);
	fake_se_close(&se);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_is_active_until_another_is_used),
		TEST(a_power_cut_leaves_exactly_one_active),
		TEST(tokens_of_the_others_are_kept_but_not_offered),
		TEST(a_dropped_realm_leaves_nothing_behind),
		TEST(there_is_room_for_four),
		TEST(a_damaged_list_is_told),
		TEST(realms_that_serve_an_application_can_be_chosen_from),
		TEST(a_document_brings_other_nodes_and_an_older_one_none),
		TEST(a_device_follows_a_change_of_keys),
	};
	return RUN_TESTS(tests);
}
