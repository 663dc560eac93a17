// SPDX-License-Identifier: Apache-2.0
/*
 * A device's key is replaced (10.6.1/4) between whole nodes: RP_C, RP_B and the vault, with a device made by hand.
 *  req: B10.6.1 B9.2.1-a
 */
#include "test.h"

#include "authz/change/change.h"
#include "authz/keys.h"
#include "authz/mapping.h"
#include "base/text.h"
#include "core/key_update.h"
#include "element.h"
#include "realm.h"
#include "ue.h"
#include "wire/json.h"
#include "wire/key_json.h"

static struct ue ue;
static char token[TOKEN_ID_MAX + 1];

static void on_stepped(void *user, uint64_t ref, const struct store_result *result)
{
	(void)ref;
	assert_int_equal(result->err, OK);
	*(bool *)user = true;
}

/* As the operator asks for it: PATCH /v1/devices/{} {"key_update": true}. */
static void ask_for_update(struct flow *f)
{
	const struct store_step step = {.statement = SET_DEVICE,
		.expect = STORE_ONE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text(FLOW_CLIENT)), STORE_NULL_OF(), STORE_INT_OF(1)}};
	bool done = false;

	assert_ok(store_submit(f->authz.store, &step, 1, on_stepped, &done, 0));
	flow_until(f, &done);
}

static int open_realm(void **state)
{
	static struct flow flow;

	flow_open(&flow);
	flow.authn.conf->app_plain = true; /* these devices come without TLS */
	flow_add_device(&flow, FLOW_CLIENT, 0);
	flow_add_application_as(&flow, FLOW_APP, FLOW_ASP, FLOW_ELEMENT, "y3056");
	flow_grant(&flow, FLOW_CLIENT, FLOW_APP, FOREVER);
	ue = (struct ue){.f = &flow};
	element_bootstrap(&flow, FLOW_APP, &ue, token);
	assert_null(strstr(ue.reply.body, "key_update"));
	ask_for_update(&flow);
	element_bootstrap(&flow, FLOW_APP, &ue, token);
	assert_non_null(strstr(ue.reply.body, "\"key_update\":true"));
	*state = &flow;
	return 0;
}

static int close_realm(void **state)
{
	flow_close(*state);
	return 0;
}

/* --- the device's half --- */

struct exchange {
	struct key_update_keys keys;
	struct secret own;
	uint8_t public_half[KEY_UPDATE_PUBLIC];
	struct aka_key key; /* the new one */
};

static struct flow_reply reply;

static void on_head(void *user, const struct http_head *head)
{
	(void)user;
	reply.status = head->status;
}

static void on_body(void *user, struct view part)
{
	(void)user;
	assert_true(reply.body_len + part.len < sizeof(reply.body));
	memcpy(reply.body + reply.body_len, part.data, part.len);
	reply.body_len += part.len;
}

static void on_done(void *user, enum err result)
{
	(void)user;
	reply.result = result;
	reply.done = true;
}

static unsigned post(struct flow *f, const char *body)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	const struct http_field json = {view_text("Content-Type"), view_text("application/json")};
	struct http_call *call;

	reply = (struct flow_reply){.done = false};
	assert_ok(http_client_call(f->device, "POST", view_text("/key-update"), &json, 1,
		view_text(body), &on, NULL, &call));
	flow_until(f, &reply.done);
	assert_ok(reply.result);
	return reply.status;
}

static void put(struct buf *out, const char *name, struct view bytes)
{
	buf_printf(out, ",\"%s\":\"", name);
	text_base64url(out, bytes);
	buf_text(out, "\"");
}

static void begin(struct exchange *x)
{
	*x = (struct exchange){.own = {.len = 0}};
	assert_ok(key_update_derive(&ue.base, view_text(""), &x->keys));
	assert_ok(key_update_pair(&x->own, x->public_half));
}

/* `flip`: which bit of the MAC is wrong; -1: none. */
static unsigned ask(struct flow *f, struct exchange *x, int flip)
{
	BUF_CLEANUP struct buf body = buf_growing(2048);
	uint8_t mac[KEY_UPDATE_MAC];

	assert_ok(key_update_request_mac(&x->keys.mac, view_text(token), x->public_half, mac));
	if (flip >= 0) {
		mac[flip / 8] ^= (uint8_t)(1 << flip % 8);
	}
	buf_printf(&body, "{\"token\":\"%s\"", token);
	put(&body, "public", VIEW(x->public_half));
	put(&body, "mac", VIEW(mac));
	buf_text(&body, "}");
	return post(f, buf_string(&body));
}

static size_t member(const char *name, uint8_t *to, size_t room)
{
	JSON_CLEANUP struct json *body = NULL;
	struct view text;
	size_t len = 0;

	assert_ok(json_parse(view_of(reply.body, reply.body_len), 4096, &body));
	assert_ok(json_text(body, name, &text));
	assert_ok(text_from_base64url(text, to, room, &len, name));
	return len;
}

static void open_answer(struct exchange *x)
{
	uint8_t public_half[KEY_UPDATE_PUBLIC], sealed[KEY_UPDATE_PLAIN_MAX + KEY_UPDATE_OVERHEAD];
	BUF_CLEANUP struct buf plain = buf_growing(KEY_UPDATE_PLAIN_MAX);
	uint64_t sqn = 1;

	assert_int_equal(member("public", public_half, sizeof(public_half)), KEY_UPDATE_PUBLIC);
	size_t len = member("sealed", sealed, sizeof(sealed));
	const struct key_update_exchange exchange = {.own = &x->own,
		.wrap = &x->keys.wrap,
		.client = &ue.base.client,
		.device_public = x->public_half,
		.vault_public = public_half,
		.is_device = true};

	assert_ok(key_update_open(&exchange, view_of(sealed, len), &plain));
	assert_ok(key_document_read(buf_contents(&plain), &x->key, &sqn));
	assert_int_equal(sqn, 0);
}

static unsigned confirm(struct flow *f, const struct exchange *x)
{
	BUF_CLEANUP struct buf body = buf_growing(2048);
	uint8_t proof[KEY_UPDATE_MAC];

	assert_ok(key_update_confirm(&x->key.k, KEY_UPDATE_CONFIRM, &ue.base.client,
		view_text(token), proof));
	buf_printf(&body, "{\"token\":\"%s\"", token);
	put(&body, "confirm", VIEW(proof));
	buf_text(&body, "}");
	return post(f, buf_string(&body));
}

static void check_confirmed(const struct exchange *x)
{
	uint8_t expected[KEY_UPDATE_MAC], said[KEY_UPDATE_MAC];

	assert_ok(key_update_confirm(&x->key.k, KEY_UPDATE_CONFIRMED, &ue.base.client,
		view_text(token), expected));
	assert_int_equal(member("confirmed", said, sizeof(said)), sizeof(said));
	assert_memory_equal(said, expected, sizeof(said));
}

/* Whose key the next vector is made with. */
static struct vector vector;
static bool got;

static void on_vector(void *authz, uint64_t ref, enum err result, const struct vector *made,
	unsigned awaits)
{
	(void)authz;
	(void)ref;
	(void)awaits;
	assert_int_equal(result, OK);
	vector = *made;
	got = true;
}

static bool works(struct flow *f, const struct aka_key *key)
{
	struct sqn_window window = {.seq = {0}};
	struct aka_result result;
	struct aka *aka = NULL;

	got = false;
	keys_make_vector(&f->authz, view_text(FLOW_CLIENT), NULL, on_vector, 0);
	flow_until(f, &got);
	assert_ok(aka_new(&aka));
	enum err err = aka_answer(aka, key, vector.rand, vector.autn, &window, &result);

	aka_free(aka);
	return err == OK;
}

/* --- cases --- */

/* Points that every key agrees to zeros with (RFC 7748 6.1): the device's own fault, and it is told so. */
static void a_public_half_of_low_order_is_refused(void **state)
{
	static const uint8_t low[][KEY_UPDATE_PUBLIC] = {
		{0},
		{1},
		{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f,
			0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62,
			0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
		{0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	};
	struct flow *f = *state;
	struct exchange x;
	struct aka_key old;

	flow_key(&old);
	for (size_t i = 0; i < sizeof(low) / sizeof(low[0]); i++) {
		begin(&x);
		memcpy(x.public_half, low[i], sizeof(x.public_half));
		assert_int_equal(ask(f, &x, -1), 400);
		assert_non_null(memmem(reply.body, reply.body_len, "10.6.1/4: public", 16));
		assert_int_equal(ask(f, &x, 3), 403); /* who has no Ks learns nothing of it */
	}
	assert_true(works(f, &old));
	begin(&x); /* nothing has been used up */
	assert_int_equal(ask(f, &x, -1), 200);
}

static void a_key_that_is_confirmed_takes_the_place_of_the_old_one(void **state)
{
	struct flow *f = *state;
	struct exchange x;
	struct aka_key old;

	flow_key(&old);
	begin(&x);
	assert_int_equal(ask(f, &x, -1), 200);
	open_answer(&x);
	assert_false(secret_equal(&x.key.k, &old.k));
	assert_false(secret_equal(&x.key.opc, &old.opc));
	assert_memory_equal(x.key.amf, old.amf, sizeof(old.amf));
	assert_true(works(f, &old)); /* until it is confirmed */
	assert_int_equal(confirm(f, &x), 200);
	check_confirmed(&x);
	assert_true(works(f, &x.key));
	assert_false(works(f, &old));
}

/* The answer was lost: the same again, and it stays as it is. */
static void confirmed_twice_it_is_the_same(void **state)
{
	struct flow *f = *state;
	struct exchange x, late;

	begin(&x);
	assert_int_equal(ask(f, &x, -1), 200);
	open_answer(&x);
	assert_int_equal(confirm(f, &x), 200);
	assert_int_equal(confirm(f, &x), 200);
	check_confirmed(&x);
	/* A request that comes late is refused: the device's new key stays the right one. */
	begin(&late);
	assert_int_equal(ask(f, &late, -1), 409);
	assert_true(works(f, &x.key));
}

/* The device lost what it was given, and asks anew: what it has last is what is confirmed. */
static void asked_twice_the_last_key_counts(void **state)
{
	struct flow *f = *state;
	struct exchange first, second;

	begin(&first);
	assert_int_equal(ask(f, &first, -1), 200);
	open_answer(&first);
	begin(&second);
	assert_int_equal(ask(f, &second, -1), 200);
	open_answer(&second);
	assert_int_equal(confirm(f, &first), 403);
	assert_int_equal(confirm(f, &second), 200);
	assert_true(works(f, &second.key));
}

static void restarted_in_between_it_goes_on(void **state)
{
	struct flow *f = *state;
	struct exchange x;

	begin(&x);
	assert_int_equal(ask(f, &x, -1), 200);
	open_answer(&x);
	flow_stop_authz(f);
	assert_int_equal(confirm(f, &x), 503);
	flow_start_authz(f);
	for (int i = 0; i < 100 && confirm(f, &x) != 200; i++) {
		fake_env_advance(&f->env, 1000);
	}
	assert_int_equal(reply.status, 200);
	check_confirmed(&x);
	assert_true(works(f, &x.key));
}

static void who_has_not_ks_gets_nothing(void **state)
{
	struct flow *f = *state;
	struct exchange x;

	begin(&x);
	for (int bit = 0; bit < 256; bit += 37) {
		assert_int_equal(ask(f, &x, bit), 403);
	}
	x.keys.mac.bytes[0] ^= 1;
	assert_int_equal(ask(f, &x, -1), 403);
	x.keys.mac.bytes[0] ^= 1;
	(void)strcpy(token, "unknown@" FLOW_AUTHN);
	assert_int_equal(ask(f, &x, -1), 404);
}

static void another_key_than_the_one_that_was_given_is_not_confirmed(void **state)
{
	struct flow *f = *state;
	struct exchange x;
	struct aka_key old;

	flow_key(&old);
	begin(&x);
	assert_int_equal(ask(f, &x, -1), 200);
	open_answer(&x);
	x.key.k.bytes[0] ^= 1;
	assert_int_equal(confirm(f, &x), 403);
	assert_true(works(f, &old));
}

/* RFC 7748 6.1: points of small order agree to nothing. */
static void what_is_malformed_is_refused(void **state)
{
	static const char *const bodies[] = {"", "{", "[]", "{}", "{\"token\":\"x\"}",
		"{\"token\":\"x\",\"public\":\"AAAA\",\"mac\":\"AAAA\"}",
		"{\"token\":\"x\",\"confirm\":\"AA\"}",
		("{\"token\":\"x\",\"confirm\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
		 "\"public\":\"\"}"),
		"{\"token\":1,\"confirm\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"};
	struct flow *f = *state;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		assert_int_equal(post(f, bodies[i]), 400);
	}
}

static void without_tls_it_goes_only_where_the_realm_says_so(void **state)
{
	struct flow *f = *state;
	struct exchange x;

	begin(&x);
	f->authn.conf->app_plain = false;
	assert_int_equal(ask(f, &x, -1), 403);
	f->authn.conf->app_plain = true;
	assert_int_equal(ask(f, &x, -1), 200);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_realm, close_realm)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_public_half_of_low_order_is_refused),
		CASE(a_key_that_is_confirmed_takes_the_place_of_the_old_one),
		CASE(confirmed_twice_it_is_the_same),
		CASE(asked_twice_the_last_key_counts),
		CASE(restarted_in_between_it_goes_on),
		CASE(who_has_not_ks_gets_nothing),
		CASE(another_key_than_the_one_that_was_given_is_not_confirmed),
		CASE(what_is_malformed_is_refused),
		CASE(without_tls_it_goes_only_where_the_realm_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
