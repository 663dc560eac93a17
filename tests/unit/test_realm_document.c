// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/text.h"
#include "wire/realm_document.h"

enum { NOW = 1000000 };

static struct realm_document document(void)
{
	struct realm_document d = {.serial = 7, .expires = NOW + 1, .node_count = 2, .y3056 = true};

	assert_ok(ident_parse(IDENT_FQDN, view_text("realm.example"), &d.realm));
	assert_ok(ident_parse(IDENT_FQDN, view_text("authn1.realm.example"), &d.nodes[0].host));
	assert_ok(ident_parse(IDENT_FQDN, view_text("authn2.realm.example"), &d.nodes[1].host));
	(void)snprintf(d.nodes[0].address, REALM_ADDRESS, "192.0.2.1:443");
	return d;
}

static enum err verify(const struct jose_key *key, const struct buf *jws, uint64_t serial,
	int64_t now, struct realm_document *ret)
{
	struct ident realm;

	assert_ok(ident_parse(IDENT_FQDN, view_text("realm.example"), &realm));
	return realm_document_verify(&key, 1, &realm, serial, now, buf_contents(jws), ret);
}

/* req: B7.1-h */
static void a_signed_document_comes_back_whole(void **state)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	struct realm_document in = document(), out;

	(void)state;
	assert_ok(jose_key_make(JOSE_ES256, &key));
	assert_ok(realm_document_sign(key, &in, &jws));
	assert_ok(verify(key, &jws, 0, NOW, &out));
	assert_memory_equal(&in, &out, sizeof(in));
	in.plain_http = in.gba = true;
	buf_clear(&jws);
	assert_ok(realm_document_sign(key, &in, &jws));
	assert_ok(verify(key, &jws, 7, NOW, &out));
	assert_memory_equal(&in, &out, sizeof(in));
}

static void old_expired_foreign_and_forged_ones_are_refused(void **state)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	JOSE_KEY_CLEANUP struct jose_key *other = NULL;
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	struct realm_document in = document(), out;

	(void)state;
	assert_ok(jose_key_make(JOSE_ES256, &key));
	assert_ok(jose_key_make(JOSE_ES256, &other));
	assert_ok(realm_document_sign(key, &in, &jws));
	assert_err(ERR_REPLAY, verify(key, &jws, 8, NOW, &out));
	assert_err(ERR_EXPIRED, verify(key, &jws, 7, NOW + 1, &out));
	assert_err(ERR_AUTH, verify(other, &jws, 7, NOW, &out));
	assert_ok(ident_parse(IDENT_FQDN, view_text("other.example"), &in.realm));
	buf_clear(&jws);
	assert_ok(realm_document_sign(key, &in, &jws));
	assert_err(ERR_AUTH, verify(key, &jws, 0, NOW, &out));
	assert_said("another realm");
	buf_clear(&jws); /* signed by the right key, for another use */
	assert_ok(jose_sign(key, "other", view_text("{}"), &jws));
	assert_err(ERR_AUTH, verify(key, &jws, 0, NOW, &out));
}

static void what_is_signed_but_makes_no_sense_is_refused(void **state)
{
	static const char *const payloads[] = {
		"",
		"{}",
		"{\"realm\":\"realm.example\",\"serial\":0,\"expires\":\"2030-01-01T00:00:00Z\","
		"\"nodes\":[{\"host\":\"a.example\"}]}",
		"{\"realm\":\"realm.example\",\"serial\":1,\"expires\":\"soon\","
		"\"nodes\":[{\"host\":\"a.example\"}]}",
		"{\"realm\":\"realm.example\",\"serial\":1,\"expires\":\"2030-01-01T00:00:00Z\","
		"\"nodes\":[]}",
		"{\"realm\":\"realm.example\",\"serial\":1,\"expires\":\"2030-01-01T00:00:00Z\","
		"\"nodes\":[{\"host\":\"a b\"}]}",
		"{\"realm\":\"realm.example\",\"serial\":1,\"expires\":\"2030-01-01T00:00:00Z\","
		"\"nodes\":[{\"host\":\"a.example\",\"address\":\"a\\nb\"}]}",
		"{\"realm\":\"realm.example\",\"serial\":1,\"expires\":\"2030-01-01T00:00:00Z\","
		"\"nodes\":[{\"host\":\"a.example\"}],\"formats\":[1]}",
	};
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	struct realm_document in = document(), out;
	BUF_CLEANUP struct buf none = buf_growing(JOSE_MAX);

	(void)state;
	assert_ok(jose_key_make(JOSE_EDDSA, &key));
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);

		assert_ok(jose_sign(key, REALM_DOCUMENT_TYP, view_text(payloads[i]), &jws));
		enum err err = verify(key, &jws, 0, NOW, &out);

		if (err != ERR_SYNTAX && err != ERR_RANGE) {
			fail_msg("%s: %s", payloads[i], err_name(err));
		}
	}
	in.node_count = 0;
	assert_err(ERR_RANGE, realm_document_sign(key, &in, &none));
	in.node_count = 1;
	in.serial = 0;
	assert_err(ERR_RANGE, realm_document_sign(key, &in, &none));
}

static void of_many_nodes_the_first_are_kept(void **state)
{
	static const char head[] =
		"{\"realm\":\"realm.example\",\"serial\":1,\"expires\":\"2030-01-01T00:00:00Z\","
		"\"formats\":[\"y3056\",\"of-times-to-come\"],\"more\":{},\"nodes\":[";
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	struct realm_document out;

	(void)state;
	buf_text(&payload, head);
	for (int i = 0; i < 100; i++) {
		buf_printf(&payload, "%s{\"host\":\"a%d.example\"}", i ? "," : "", i);
	}
	buf_text(&payload, "]}");
	assert_ok(jose_key_make(JOSE_ES256, &key));
	assert_ok(jose_sign(key, REALM_DOCUMENT_TYP, buf_contents(&payload), &jws));
	assert_ok(verify(key, &jws, 0, NOW, &out));
	assert_int_equal(out.node_count, REALM_NODES);
	assert_string_equal(out.nodes[15].host.text, "a15.example");
	assert_true(out.y3056 && !out.gba);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_signed_document_comes_back_whole),
		TEST(old_expired_foreign_and_forged_ones_are_refused),
		TEST(what_is_signed_but_makes_no_sense_is_refused),
		TEST(of_many_nodes_the_first_are_kept),
	};
	return RUN_TESTS(tests);
}
