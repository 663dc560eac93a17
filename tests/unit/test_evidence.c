// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "fake_maker.h"
#include "wire/evidence.h"

#include <time.h>

#define IMEI "urn:gsma:imei:35693803-564380-0"

struct world {
	struct fake_maker maker;
	struct fake_device device;
	struct trust_roots *roots;
	struct jose_key *key;
	struct reg_id registry, other;
	struct ident granted;
	uint8_t nonce[EVIDENCE_NONCE];
	struct device_facts facts;
	struct evidence_wanted wanted;
};

static int open_world(void **state)
{
	static struct world w;
	char root[FINGERPRINT_TEXT];

	w = (struct world){.nonce = {1, 2, 3}, .facts = {.make = "Acme", .model = "T-1"}};
	fake_maker_open(&w.maker, "Acme");
	fake_maker_device(&w.maker, &(struct fake_names){.alt_names = "URI:" IMEI}, &w.device);
	assert_ok(jose_key_from_pem(view_text(w.device.key_pem), &w.key));
	assert_ok(trust_roots_new(&w.roots));
	assert_ok(trust_roots_add(w.roots, view_text(w.maker.root_pem), root));
	assert_ok(reg_id_parse(view_text("IN.TEL.P01"), &w.registry));
	assert_ok(reg_id_parse(view_text("IN.TEL.P02"), &w.other));
	assert_ok(ident_parse(IDENT_DEVICE, view_text(IMEI), &w.granted));
	w.wanted = (struct evidence_wanted){
		.registry = &w.registry,
		.roots = w.roots,
		.now = (int64_t)time(NULL),
		.token = view_text("abc@authn1.realm.example"),
		.realm = view_text("realm.example"),
		.nonce = VIEW(w.nonce),
	};
	*state = &w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	trust_roots_free(w->roots);
	jose_key_free(w->key);
	fake_device_close(&w->device);
	fake_maker_close(&w->maker);
	return 0;
}

static enum err verify(struct world *w, struct view text, struct evidence *ret)
{
	JSON_CLEANUP struct json *json = NULL;

	assert_ok(json_parse(text, 64 * 1024, &json));
	return evidence_verify(json, &w->wanted, ret);
}

/* What a device shows that claims this. */
static void show(struct world *w, const struct evidence_claim *claim, struct buf *out)
{
	BUF_CLEANUP struct buf payload = buf_growing(8192), proof = buf_growing(JOSE_MAX);
	struct json_writer writer = json_to(out);

	assert_ok(evidence_payload(claim, &payload));
	assert_ok(jose_sign(w->key, EVIDENCE_TYP, buf_contents(&payload), &proof));
	evidence_put_x509(&writer, NULL, w->device.chain, 2, buf_contents(&proof));
	assert_ok(buf_end(out, "evidence"));
}

static struct evidence_claim honest(struct world *w)
{
	return (struct evidence_claim){
		.registry = &w->registry,
		.token = w->wanted.token,
		.nonce = VIEW(w->nonce),
		.facts = &w->facts,
	};
}

/* req: R7-ii R7-iii R9.2-i-a */
static void a_certificate_and_a_signature_prove_a_device(void **state)
{
	BUF_CLEANUP struct buf shown = buf_growing(JOSE_MAX);
	struct world *w = *state;
	struct evidence_claim claim = honest(w);
	struct evidence got;

	show(w, &claim, &shown);
	assert_ok(verify(w, buf_contents(&shown), &got));
	assert_string_equal(got.device.text, IMEI);
	assert_int_equal(got.origin.kind, ROT_X509);
	assert_true(got.has_facts);
	assert_string_equal(got.facts.make, "Acme");
	assert_true(got.key[0] != '\0');
}

/* What comes later is by the key alone.  req: R9.2-ii-c R9.3-i-c */
static void the_key_of_a_registered_device_proves_it_again(void **state)
{
	BUF_CLEANUP struct buf shown = buf_growing(JOSE_MAX), payload = buf_growing(8192);
	BUF_CLEANUP struct buf proof = buf_growing(JOSE_MAX), foreign = buf_growing(JOSE_MAX);
	JOSE_KEY_CLEANUP struct jose_key *other = NULL;
	struct world *w = *state;
	struct evidence_claim claim = honest(w);
	struct device_facts facts;
	struct evidence got;

	show(w, &claim, &shown);
	assert_ok(verify(w, buf_contents(&shown), &got));
	assert_ok(evidence_payload(&claim, &payload));
	assert_ok(jose_sign(w->key, EVIDENCE_TYP, buf_contents(&payload), &proof));
	assert_ok(evidence_verify_proof(view_text(got.key), buf_contents(&proof), &w->wanted,
		&facts));
	assert_true(facts_equal(&facts, &w->facts));
	assert_ok(jose_key_make(JOSE_ES256, &other));
	assert_ok(jose_sign(other, EVIDENCE_TYP, buf_contents(&payload), &foreign));
	assert_err(ERR_AUTH, evidence_verify_proof(view_text(got.key), buf_contents(&foreign),
				     &w->wanted, &facts));
	assert_err(ERR_SYNTAX,
		evidence_verify_proof(view_text("!"), buf_contents(&proof), &w->wanted, &facts));
}

static void what_was_signed_for_another_time_or_place_is_refused(void **state)
{
	struct world *w = *state;
	uint8_t stale[EVIDENCE_NONCE] = {9};
	struct evidence got;

	for (int i = 0; i < 4; i++) {
		BUF_CLEANUP struct buf shown = buf_growing(JOSE_MAX);
		struct evidence_claim claim = honest(w);

		claim.registry = i == 0 ? &w->other : claim.registry;
		claim.token = i == 1 ? view_text("xyz@authn1.realm.example") : claim.token;
		claim.nonce = i == 2 ? VIEW(stale) : claim.nonce;
		w->wanted.nonce = i == 3 ? view_of(NULL, 0) : w->wanted.nonce;
		show(w, &claim, &shown);
		assert_err(i < 2 ? ERR_AUTH : ERR_REPLAY, verify(w, buf_contents(&shown), &got));
	}
}

static void a_certificate_without_its_key_proves_nothing(void **state)
{
	BUF_CLEANUP struct buf shown = buf_growing(JOSE_MAX);
	struct world *w = *state;
	struct evidence_claim claim = honest(w);
	struct evidence got;

	jose_key_free(w->key);
	w->key = NULL;
	assert_ok(jose_key_make(JOSE_ES256, &w->key));
	show(w, &claim, &shown);
	assert_err(ERR_AUTH, verify(w, buf_contents(&shown), &got));
}

/* req: R7-ii R9.2-note */
static void a_token_proves_the_device_that_the_realm_grants(void **state)
{
	struct world *w = *state;
	struct evidence got;

	assert_err(ERR_DENIED, verify(w, view_text("{\"kind\":\"aka\"}"), &got));
	assert_said("realm");
	w->wanted.granted = &w->granted;
	assert_ok(verify(w, view_text("{\"kind\":\"aka\"}"), &got));
	assert_string_equal(got.device.text, IMEI);
	assert_int_equal(got.origin.kind, ROT_AKA);
	assert_string_equal(got.origin.id, "realm.example");
	assert_false(got.has_facts);
	assert_string_equal(got.key, "");
}

/* req: R7-iii */
static void what_is_no_evidence_is_refused(void **state)
{
	static const struct {
		enum err code;
		const char *text;
	} bad[] = {
		{ERR_SYNTAX, "[]"},
		{ERR_SYNTAX, "{}"},
		{ERR_UNSUPPORTED, "{\"kind\":\"tea-leaves\"}"},
		{ERR_SYNTAX, "{\"kind\":\"aka\",\"imei\":\"356938035643809\"}"},
		{ERR_SYNTAX, "{\"kind\":\"x509\"}"},
		{ERR_SYNTAX, "{\"kind\":\"x509\",\"proof\":\"\"}"},
		{ERR_RANGE, "{\"kind\":\"x509\",\"proof\":\"\",\"chain\":[]}"},
		{ERR_SYNTAX, "{\"kind\":\"x509\",\"proof\":\"\",\"chain\":[1]}"},
		{ERR_SYNTAX, "{\"kind\":\"x509\",\"proof\":\"\",\"chain\":[\"AAAA\"]}"},
		{ERR_SYNTAX, "{\"kind\":\"x509\",\"proof\":\"\",\"chain\":[\"\",\"\",\"\",\"\","
			     "\"\",\"\"]}"},
	};
	struct world *w = *state;
	struct evidence got;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		enum err e = verify(w, view_text(bad[i].text), &got);

		if (e != bad[i].code) {
			fail_msg("%s: %s", bad[i].text, err_name(e));
		}
	}
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_certificate_and_a_signature_prove_a_device),
		IN_WORLD(the_key_of_a_registered_device_proves_it_again),
		IN_WORLD(what_was_signed_for_another_time_or_place_is_refused),
		IN_WORLD(a_certificate_without_its_key_proves_nothing),
		IN_WORLD(a_token_proves_the_device_that_the_realm_grants),
		IN_WORLD(what_is_no_evidence_is_refused),
	};

	return RUN_TESTS(tests);
}
