// SPDX-License-Identifier: Apache-2.0
/* What others may send in a change of operator, and what is not theirs to ask for.  req: B10.6.1 B10.6.2 B7.5-e */
#include "test.h"

#include "base/text.h"
#include "two_realms.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

static int open_world(void **state)
{
	static struct two_realms w;

	two_realms_open(&w, "", "");
	*state = &w;
	return 0;
}

static int open_careful_world(void **state)
{
	static struct two_realms w;

	/* The last line of what stands below `change:`; each may stand there once. */
	two_realms_open(&w, "", "  open: 1\n  verification: postpaid\n");
	*state = &w;
	return 0;
}

static int close_world(void **state)
{
	two_realms_close(*state);
	return 0;
}

/* --- at the old operator's door --- */

static unsigned ask_as(struct two_realms *w, const char *target, const char *change,
	const struct change_consent *consent)
{
	BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS), body = buf_growing(2 * CHANGE_JWS);

	two_realms_sign(w, consent, &jws);
	buf_printf(&body, "{\"change\":\"%s\",\"consent\":\"%s\"", change, buf_string(&jws));
	if (strstr(target, "orders")) {
		buf_text(&body, ",\"new_keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
				"\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
				"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]");
	}
	buf_text(&body, "}");
	return two_realms_visit(w, target, buf_string(&body));
}

static unsigned ask_keys(struct two_realms *w, const char *change,
	const struct change_consent *consent)
{
	return ask_as(w, "/change/v1/keys", change, consent);
}

#define assert_door_said(w, words)                                                                 \
	do {                                                                                       \
		if (!strstr((const char *)(w)->said.data, (words))) {                              \
			fail_msg("\"%s\" does not say \"%s\"", (const char *)(w)->said.data,       \
				(words));                                                          \
		}                                                                                  \
	} while (0)

static bool is_frozen(struct two_realms *w)
{
	return strstr(two_realms_device(w, &w->from, OLD_CLIENT), "leaving") != NULL;
}

static void without_a_consent_nothing_is_handed_over(void **state)
{
	static const char *const bodies[] = {"{}", "[]", "{", "{\"change\":\"c1\"}",
		"{\"change\":\"c1\",\"consent\":\"\"}", "{\"change\":\"c1\",\"consent\":\"a.b.c\"}",
		"{\"change\":\"c1\",\"consent\":1}", "{\"change\":\"../x\",\"consent\":\"a.b.c\"}"};
	struct two_realms *w = *state;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		assert_int_equal(two_realms_visit(w, "/change/v1/keys", bodies[i]), 400);
		assert_int_equal(two_realms_visit(w, "/change/v1/orders", bodies[i]), 400);
	}
	assert_int_equal(two_realms_visit(w, "/change/v1/all", "{}"), 404);
	assert_false(is_frozen(w));
}

static void a_consent_is_good_for_one_change(void **state)
{
	struct two_realms *w = *state;
	struct change_consent consent = two_realms_consent(w, CHANGE_SYMMETRIC);

	assert_int_equal(ask_keys(w, "c1", &consent), 200);
	assert_int_equal(ask_keys(w, "c2", &consent), 409);
	assert_door_said(w, "used already");
	/* A second change of the same client, with a consent of its own. */
	consent.nonce[0] = 99;
	assert_int_equal(ask_keys(w, "c3", &consent), 409);
	/* And another consent under the first one's name. */
	consent.nonce[0] = 98;
	assert_int_equal(ask_keys(w, "c1", &consent), 409);
}

static void a_nonce_is_not_used_again_when_the_change_was_given_up(void **state)
{
	struct two_realms *w = *state;
	const struct change_consent consent = two_realms_consent(w, CHANGE_SYMMETRIC);

	assert_int_equal(ask_keys(w, "c1", &consent), 200);
	assert_int_equal(two_realms_visit(w, "/change/v1/changes/c1/abort", NULL), 200);
	assert_false(is_frozen(w));
	assert_int_equal(ask_keys(w, "c1", &consent), 409);
	assert_int_equal(ask_keys(w, "c2", &consent), 409);
	assert_false(is_frozen(w));
}

static void an_unknown_client_looks_like_a_forged_consent(void **state)
{
	struct two_realms *w = *state;
	struct change_consent consent = two_realms_consent(w, CHANGE_SYMMETRIC);
	BUF_CLEANUP struct buf first = buf_growing(4096);
	void *own = w->device_key;
	uint8_t *der = NULL;

	assert_ok(ident_parse(IDENT_CLIENT, view_text("001019999999999@old.example"),
		&consent.client));
	assert_int_equal(ask_keys(w, "c1", &consent), 403);
	buf_view(&first, buf_contents(&w->said));
	/* Another device signs for this one. */
	consent = two_realms_consent(w, CHANGE_SYMMETRIC);
	w->device_key = EVP_EC_gen("prime256v1");
	int len = i2d_PUBKEY(w->device_key, &der);
	JOSE_KEY_CLEANUP struct jose_key *other = NULL;

	assert_ok(jose_key_from_spki(view_of(der, (size_t)len), &other));
	OPENSSL_free(der);
	assert_ok(change_key_of(other, &consent.device_key));
	assert_int_equal(ask_keys(w, "c1", &consent), 403);
	assert_true(view_equal(buf_contents(&first), buf_contents(&w->said)));
	EVP_PKEY_free(w->device_key);
	w->device_key = own;
	assert_false(is_frozen(w));
}

static void an_unknown_operator_gets_nothing(void **state)
{
	struct two_realms *w = *state;
	const struct change_consent consent = two_realms_consent(w, CHANGE_SYMMETRIC);

	two_realms_pose(w, "authz1.third.example");
	assert_int_equal(ask_keys(w, "c1", &consent), 403);
	assert_door_said(w, "not an operator");
	assert_int_equal(two_realms_visit(w, "/change/v1/changes/c1/done", NULL), 403);
	assert_false(is_frozen(w));
}

static void a_consent_for_others_or_for_another_key_is_refused(void **state)
{
	struct two_realms *w = *state;
	struct change_consent consent = two_realms_consent(w, CHANGE_SYMMETRIC);

	assert_ok(ident_parse(IDENT_FQDN, view_text("third.example"), &consent.new_realm));
	assert_ok(ident_parse(IDENT_CLIENT, view_text("001010123456789@third.example"),
		&consent.new_client));
	assert_int_equal(ask_keys(w, "c1", &consent), 403);
	assert_door_said(w, "another new realm");
	consent = two_realms_consent(w, CHANGE_SYMMETRIC);
	assert_ok(ident_parse(IDENT_FQDN, view_text("third.example"), &consent.old_realm));
	assert_ok(ident_parse(IDENT_CLIENT, view_text("001010123456789@third.example"),
		&consent.client));
	assert_int_equal(ask_keys(w, "c1", &consent), 403);
	consent = two_realms_consent(w, CHANGE_SYMMETRIC);
	assert_ok(jose_thumbprint(w->device, consent.new_key));
	assert_int_equal(ask_keys(w, "c1", &consent), 403);
	assert_door_said(w, "another key");
	consent = two_realms_consent(w, CHANGE_ASYMMETRIC);
	assert_int_equal(ask_keys(w, "c1", &consent), 403);
	assert_door_said(w, "another method");
	assert_false(is_frozen(w));
}

static void a_consent_that_is_over_or_too_long_is_refused(void **state)
{
	struct two_realms *w = *state;
	struct change_consent consent = two_realms_consent(w, CHANGE_SYMMETRIC);

	consent.issued -= 7200;
	consent.expires = consent.issued + 3600;
	assert_int_equal(ask_keys(w, "c1", &consent), 403);
	assert_door_said(w, "expired");
	consent = two_realms_consent(w, CHANGE_SYMMETRIC);
	consent.expires = consent.issued + 366 * 86400;
	assert_int_equal(ask_keys(w, "c1", &consent), 403);
	consent = two_realms_consent(w, CHANGE_SYMMETRIC);
	consent.issued += 86400;
	consent.expires = consent.issued + 3600;
	assert_int_equal(ask_keys(w, "c1", &consent), 403);
	assert_false(is_frozen(w));
}

/* req: B9.2.1-a */
static void the_key_of_a_network_subscription_is_never_handed_over(void **state)
{
	struct two_realms *w = *state;
	const struct change_consent consent = two_realms_consent(w, CHANGE_SYMMETRIC);

	assert_asked(&w->from, 204, "PATCH", "/v1/devices/" OLD_CLIENT, "{\"exportable\":false}");
	assert_int_equal(ask_keys(w, "c1", &consent), 403);
	assert_door_said(w, "network subscription");
	assert_false(is_frozen(w));
	/* The whole change ends with what the old operator said. */
	two_realms_begin(w, CHANGE_SYMMETRIC);
	two_realms_until(w, "refused");
	assert_true(two_realms_says(w, "network subscription"));
	/* With public keys no symmetric key is concerned. */
	const struct change_consent other = two_realms_consent(w, CHANGE_ASYMMETRIC);

	assert_int_equal(ask_as(w, "/change/v1/orders", "c2", &other), 200);
}

static void orders_want_keys_of_the_new_realm(void **state)
{
	struct two_realms *w = *state;
	BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS), body = buf_growing(2 * CHANGE_JWS);
	const struct change_consent consent = two_realms_consent(w, CHANGE_ASYMMETRIC);

	two_realms_sign(w, &consent, &jws);
	buf_printf(&body, "{\"change\":\"c1\",\"consent\":\"%s\"}", buf_string(&jws));
	assert_int_equal(two_realms_visit(w, "/change/v1/orders", buf_string(&body)), 400);
	buf_clear(&body);
	buf_printf(&body, "{\"change\":\"c1\",\"consent\":\"%s\",\"new_keys\":[{\"kty\":\"RSA\"}]}",
		buf_string(&jws));
	assert_int_equal(two_realms_visit(w, "/change/v1/orders", buf_string(&body)), 400);
	assert_int_equal(two_realms_visit(w, "/change/v1/orders/c1/receipt",
				 "{\"receipt\":\"a.b.c\"}"),
		404);
}

/* --- at the new operator's portal --- */

static unsigned bring(struct two_realms *w, const struct change_consent *consent)
{
	BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS);

	two_realms_sign(w, consent, &jws);
	return two_realms_ask(w, buf_contents(&jws));
}

static void what_the_new_operator_does_not_take_is_said(void **state)
{
	struct two_realms *w = *state;
	struct change_consent consent = two_realms_consent(w, CHANGE_SYMMETRIC);

	assert_asked(&w->to, 400, "POST", "/v1/changes", "{\"subscriber\":\"alice\"}");
	assert_asked(&w->to, 400, "POST", "/v1/changes",
		"{\"subscriber\":\"alice\",\"consent\":\"a.b.c\"}");
	assert_ok(ident_parse(IDENT_FQDN, view_text("third.example"), &consent.new_realm));
	assert_ok(ident_parse(IDENT_CLIENT, view_text("001010123456789@third.example"),
		&consent.new_client));
	assert_int_equal(bring(w, &consent), 409);
	assert_answer(&w->to, "another new realm");
	consent = two_realms_consent(w, CHANGE_SYMMETRIC);
	assert_ok(ident_parse(IDENT_FQDN, view_text("third.example"), &consent.old_realm));
	assert_ok(ident_parse(IDENT_CLIENT, view_text("001010123456789@third.example"),
		&consent.client));
	assert_int_equal(bring(w, &consent), 409);
	consent = two_realms_consent(w, CHANGE_SYMMETRIC);
	assert_ok(jose_thumbprint(w->device, consent.new_key));
	assert_int_equal(bring(w, &consent), 409);
	assert_answer(&w->to, "change-key");
	consent = two_realms_consent(w, CHANGE_SYMMETRIC);
	consent.issued -= 7200;
	consent.expires = consent.issued + 1;
	assert_int_equal(bring(w, &consent), 400);
	assert_answer(&w->to, "expired");
	assert_asked(&w->to, 200, "GET", "/v1/changes", NULL);
	assert_answer(&w->to, "\"items\":[]");
}

static void the_same_consent_is_the_same_change_and_two_at_once_are_one_too_many(void **state)
{
	struct two_realms *w = *state;
	BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS);
	struct change_consent consent = two_realms_consent(w, CHANGE_SYMMETRIC);
	char first[CHANGE_ID];

	two_realms_sign(w, &consent, &jws);
	assert_int_equal(two_realms_ask(w, buf_contents(&jws)), 201);
	memcpy(first, w->id, sizeof(first));
	assert_int_equal(two_realms_ask(w, buf_contents(&jws)), 200);
	assert_string_equal(first, w->id);
	consent.nonce[0] = 77;
	assert_int_equal(bring(w, &consent), 409);
	assert_answer(&w->to, "under way");
	two_realms_until(w, "keyed");
	consent.nonce[0] = 78;
	assert_int_equal(bring(w, &consent), 409);
	assert_answer(&w->to, "registered here already");
	/* Its nonce under another text. */
	consent = two_realms_consent(w, CHANGE_ASYMMETRIC);
	consent.nonce[0] = 1;
	assert_int_equal(bring(w, &consent), 409);
	assert_answer(&w->to, "nonce was used");
}

static void who_is_not_verified_or_has_too_many_brings_none(void **state)
{
	struct two_realms *w = *state;
	struct change_consent consent = two_realms_consent(w, CHANGE_SYMMETRIC);

	assert_int_equal(bring(w, &consent), 403); /* alice is prepaid */
	assert_answer(&w->to, "verified");
	assert_asked(&w->to, 204, "DELETE", "/v1/subscribers/alice", NULL);
	assert_asked(&w->to, 201, "POST", "/v1/subscribers",
		"{\"id\":\"alice\",\"verification\":\"postpaid\"}");
	http_server_close(w->from.authz.changes->door); /* it stays open then */
	w->from.authz.changes->door = NULL;
	assert_int_equal(bring(w, &consent), 201);
	consent = two_realms_consent(w, CHANGE_SYMMETRIC);
	assert_ok(ident_parse(IDENT_CLIENT, view_text("001010000000002@new.example"),
		&consent.new_client));
	assert_int_equal(bring(w, &consent), 403);
	assert_answer(&w->to, "too many");
}

static void decisions_and_receipts_come_in_their_order(void **state)
{
	struct two_realms *w = *state;
	char target[128];

	two_realms_begin(w, CHANGE_SYMMETRIC); /* the operator asked: approved */
	(void)snprintf(target, sizeof(target), "/v1/changes/%s/approve", w->id);
	assert_asked(&w->to, 409, "POST", target, "{}");
	(void)snprintf(target, sizeof(target), "/v1/changes/%s/refuse", w->id);
	assert_asked(&w->to, 409, "POST", target, "{}");
	two_realms_until(w, "keyed");
	(void)snprintf(target, sizeof(target), "/v1/changes/%s/receipt", w->id);
	assert_asked(&w->to, 409, "POST", target, "{\"receipt\":\"a.b.c\"}");
	assert_asked(&w->to, 404, "GET", "/v1/changes/none", NULL);
	assert_asked(&w->to, 404, "DELETE", "/v1/changes/none", NULL);
	assert_asked(&w->to, 404, "POST", "/v1/changes/none/approve", "{}");
	assert_asked(&w->from, 404, "GET", "/v1/changes/none", NULL);
	assert_asked(&w->from, 200, "GET", "/v1/departures", NULL);
	assert_answer(&w->from, "\"key_handed_over\":true");
}

/* Somebody between the operators, or an old one that errs. */
static void an_order_under_another_key_ends_the_change(void **state)
{
	struct two_realms *w = *state;
	struct change_peer *peer = &w->to.authz.changes->peers[0];

	jose_key_free(peer->signing_key);
	assert_ok(jose_key_make(JOSE_ES256, &peer->signing_key));
	two_realms_begin(w, CHANGE_ASYMMETRIC);
	two_realms_until(w, "aborted");
	assert_true(two_realms_says(w, "JWS"));
	assert_string_equal(two_realms_device(w, &w->to, NEW_CLIENT), "");
}

/* The new operator has lost its key: what comes does not open, and the old one is told so. */
static void an_envelope_that_does_not_open_ends_the_change_and_the_device_stays(void **state)
{
	struct two_realms *w = *state;
	struct jose_key *other = NULL;

	assert_ok(jose_key_make(JOSE_ES256, &other));
	vault_set_envelope_key(w->to.authz.vault, other);
	two_realms_begin(w, CHANGE_SYMMETRIC);
	two_realms_until(w, "aborted");
	for (int i = 0; i < 100 && is_frozen(w); i++) {
		two_realms_turn(w, 250);
	}
	assert_false(is_frozen(w));
	assert_non_null(strstr(two_realms_device(w, &w->from, OLD_CLIENT), "\"key_update\":true"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(without_a_consent_nothing_is_handed_over),
		CASE(a_consent_is_good_for_one_change),
		CASE(a_nonce_is_not_used_again_when_the_change_was_given_up),
		CASE(an_unknown_client_looks_like_a_forged_consent),
		CASE(an_unknown_operator_gets_nothing),
		CASE(a_consent_for_others_or_for_another_key_is_refused),
		CASE(a_consent_that_is_over_or_too_long_is_refused),
		CASE(the_key_of_a_network_subscription_is_never_handed_over),
		CASE(orders_want_keys_of_the_new_realm),
		CASE(what_the_new_operator_does_not_take_is_said),
		CASE(the_same_consent_is_the_same_change_and_two_at_once_are_one_too_many),
		cmocka_unit_test_setup_teardown(who_is_not_verified_or_has_too_many_brings_none,
			open_careful_world, close_world),
		CASE(decisions_and_receipts_come_in_their_order),
		CASE(an_order_under_another_key_ends_the_change),
		CASE(an_envelope_that_does_not_open_ends_the_change_and_the_device_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
