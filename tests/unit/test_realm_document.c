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

/* Everything that a document can say. */
static struct realm_document full_document(const struct jose_key *const *keys, size_t count)
{
	struct realm_document d = document();

	assert_ok(ident_parse(IDENT_FQDN, view_text("authz1.realm.example"), &d.nodes[2].host));
	d.nodes[2].role = REALM_AUTHZ;
	d.node_count = 3;
	(void)snprintf(d.nodes[0].rp_a, REALM_ADDRESS, "192.0.2.1:5658");
	(void)snprintf(d.nodes[0].rp_a_https, REALM_ADDRESS, "192.0.2.1:8444");
	(void)snprintf(d.nodes[2].address, REALM_ADDRESS, "192.0.2.2:443");
	d.protocols = (UINT32_C(1) << REALM_PROTOCOLS) - 1;
	for (size_t i = 0; i < count; i++) {
		assert_ok(realm_key_of(keys[i], &d.keys[d.key_count++]));
	}
	d.change_key = d.keys[0];
	for (size_t i = 0; i < REALM_ANCHORS; i++) {
		d.anchors[i].len = (uint16_t)(i == 0 ? REALM_ANCHOR : 400 + i);
		memset(d.anchors[i].der, 0x30 + (int)i, d.anchors[i].len);
		d.anchor_count++;
	}
	for (size_t i = 0; i < REALM_DEGREES; i++) {
		struct realm_degree *degree = &d.degrees[d.degree_count++];

		(void)snprintf(degree->name, sizeof(degree->name), "degree-%zu", i);
		(void)snprintf(degree->mechanisms, sizeof(degree->mechanisms), "aka certificate");
		(void)snprintf(degree->algorithms, sizeof(degree->algorithms), "tuak p-256");
		degree->strength = 128;
		degree->lifetime = 3600;
	}
	(void)snprintf(d.join_asp, REALM_URL, "https://authz1.realm.example/join/asp");
	(void)snprintf(d.join_device, REALM_URL, "https://authz1.realm.example/join/device");
	(void)snprintf(d.api, REALM_URL, "https://authz1.realm.example/v1");
	(void)snprintf(d.change_url, REALM_URL, "https://authz1.realm.example");
	return d;
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

/* req: B7.5-a B7.5-b B7.2-a */
static void nodes_protocols_anchors_keys_and_joining_come_back(void **state)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	JOSE_KEY_CLEANUP struct jose_key *next = NULL;
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX), pem = buf_growing(65536);
	static struct realm_document in, out, again;
	size_t place = 0;

	(void)state;
	assert_ok(jose_key_make(JOSE_ES256, &key));
	assert_ok(jose_key_make(JOSE_EDDSA, &next));
	in = full_document((const struct jose_key *[]){key, next}, 2);
	assert_ok(realm_document_sign(key, &in, &jws));
	assert_ok(verify(key, &jws, 0, NOW, &out));
	assert_memory_equal(&in, &out, sizeof(in));
	assert_string_equal(realm_document_next(&out, REALM_AUTHZ, &place)->host.text,
		"authz1.realm.example");
	assert_null(realm_document_next(&out, REALM_AUTHZ, &place));
	assert_ok(realm_document_anchors(&out, &pem));
	assert_ok(realm_document_take_anchors(buf_contents(&pem), &again));
	assert_int_equal(again.anchor_count, REALM_ANCHORS);
	assert_memory_equal(in.anchors, again.anchors, sizeof(in.anchors));
	assert_int_equal(realm_protocol_of_ua(UA_TLS13_PSK), REALM_RP_D_TLS13);
	assert_int_equal(realm_protocol_of_ua(UA_TLS12(0xccac)), REALM_RP_D_TLS12_ECDHE);
	assert_int_equal(realm_protocol_of_ua(UA_ALL), REALM_PROTOCOLS);
}

/* A change of the signing key is followed when a known key tells of it, and by no other way. */
static void a_change_of_keys_is_signed_by_a_known_one(void **state)
{
	JOSE_KEY_CLEANUP struct jose_key *one = NULL;
	JOSE_KEY_CLEANUP struct jose_key *two = NULL;
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	static struct realm_document in, out;
	struct realm_key pinned[REALM_KEYS];

	(void)state;
	assert_ok(jose_key_make(JOSE_ES256, &one));
	assert_ok(jose_key_make(JOSE_ES256, &two));
	in = full_document((const struct jose_key *[]){two}, 1);
	assert_err(ERR_RANGE, realm_document_sign(one, &in, &jws)); /* it would lock all out */
	assert_ok(realm_document_sign(two, &in, &jws));
	assert_err(ERR_AUTH, verify(one, &jws, 0, NOW, &out));
	in = full_document((const struct jose_key *[]){one, two}, 2);
	buf_clear(&jws);
	assert_ok(realm_document_sign(one, &in, &jws));
	assert_ok(verify(one, &jws, 0, NOW, &out));
	memcpy(pinned, out.keys, sizeof(pinned));
	in = full_document((const struct jose_key *[]){two}, 1);
	buf_clear(&jws);
	assert_ok(realm_document_sign(two, &in, &jws));
	assert_ok(realm_document_verify_pinned(pinned, out.key_count, &in.realm, 0, NOW,
		buf_contents(&jws), &out));
	assert_int_equal(out.key_count, 1);
	assert_err(ERR_UNSUPPORTED, realm_document_verify_pinned(pinned, 0, &in.realm, 0, NOW,
					    buf_contents(&jws), &out));
}

static void a_document_has_a_ceiling(void **state)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	static struct realm_document in, out;
	char host[200];

	(void)state;
	assert_ok(jose_key_make(JOSE_ES256, &key));
	in = full_document((const struct jose_key *[]){key}, 1);
	in.node_count = REALM_NODES;
	for (size_t i = 0; i < REALM_NODES; i++) {
		(void)snprintf(host, sizeof(host), "authn%02zu.bootstrapping.realm.example", i);
		assert_ok(ident_parse(IDENT_FQDN, view_text(host), &in.nodes[i].host));
		in.nodes[i].role = REALM_AUTHN;
		(void)snprintf(in.nodes[i].address, REALM_ADDRESS, "[2001:db8::1234:%02zu]:8443", i);
		(void)snprintf(in.nodes[i].rp_a, REALM_ADDRESS, "[2001:db8::1234:%02zu]:5658", i);
	}
	assert_ok(realm_document_sign(key, &in, &jws)); /* large, and within it */
	assert_in_range(jws.len, REALM_DOCUMENT_MAX / 2, REALM_DOCUMENT_MAX);
	for (size_t i = 0; i < REALM_ANCHORS; i++) {
		in.anchors[i].len = REALM_ANCHOR;
	}
	for (size_t i = 0; i < REALM_NODES; i++) {
		memset(in.nodes[i].rp_a_https, 'a', REALM_ADDRESS - 1);
		memset(in.nodes[i].address, 'a', REALM_ADDRESS - 1);
		memset(in.nodes[i].rp_a, 'a', REALM_ADDRESS - 1);
	}
	buf_clear(&jws);
	assert_err(ERR_RANGE, realm_document_sign(key, &in, &jws));
	assert_said("the most that devices take");
	buf_clear(&jws);
	for (size_t i = 0; i < REALM_DOCUMENT_MAX / 8; i++) {
		buf_text(&jws, "aaaaaaaaa");
	}
	assert_err(ERR_RANGE, verify(key, &jws, 0, NOW, &out));
}

/* What is not known is of realms to come; what is wrong is told. */
static void further_members_are_read_strictly(void **state)
{
	static const struct {
		const char *members;
		enum err wanted;
	} cases[] = {
		{"\"reference_points\":{\"rp_c\":[{\"protocol\":\"eap\",\"version\":\"1\","
		 "\"transport\":\"tls\"}],\"rp_x\":[]}",
			OK},
		{"\"nodes\":[{\"role\":\"registry\",\"host\":\"b.example\"},{\"host\":\"a."
		 "example\"}]",
			OK},
		{"\"keys\":[{\"kty\":\"RSA\",\"crv\":\"\"}]", OK},
		{"\"nodes\":[{\"role\":\"authz\",\"host\":\"b.example\"}]", ERR_SYNTAX},
		{"\"nodes\":[{\"role\":1,\"host\":\"b.example\"}]", ERR_SYNTAX},
		{"\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]",
			ERR_SYNTAX},
		{"\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"AA\"}]", ERR_SYNTAX},
		{"\"trust_anchors\":[\"=\"]", ERR_SYNTAX},
		{"\"trust_anchors\":[7]", ERR_SYNTAX},
		{"\"degrees\":[{\"lifetime\":1}]", ERR_SYNTAX},
		{"\"degrees\":[{\"name\":\"a\",\"strength\":-1}]", ERR_RANGE},
		{"\"join\":{\"asp\":\"a\\nb\"}", ERR_SYNTAX},
		{"\"reference_points\":{\"rp_a\":[{}]}", ERR_SYNTAX},
		{"\"change\":{\"key\":{\"kty\":\"EC\"}}", ERR_SYNTAX},
	};
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	static struct realm_document out;

	(void)state;
	assert_ok(jose_key_make(JOSE_ES256, &key));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);
		BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);

		buf_printf(&payload,
			"{\"realm\":\"realm.example\",\"serial\":1,\"expires\":\"2030-01-01T00:00:"
			"00Z\",%s%s}",
			strstr(cases[i].members, "\"nodes\"")
				? ""
				: "\"nodes\":[{\"host\":\"a.example\"}],",
			cases[i].members);
		assert_ok(jose_sign(key, REALM_DOCUMENT_TYP, buf_contents(&payload), &jws));
		enum err err = verify(key, &jws, 0, NOW, &out);

		if (err != cases[i].wanted) {
			fail_msg("%s: %s", cases[i].members, err_name(err));
		}
		if (err == OK) {
			assert_int_equal(out.node_count, 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_signed_document_comes_back_whole),
		TEST(old_expired_foreign_and_forged_ones_are_refused),
		TEST(what_is_signed_but_makes_no_sense_is_refused),
		TEST(of_many_nodes_the_first_are_kept),
		TEST(nodes_protocols_anchors_keys_and_joining_come_back),
		TEST(a_change_of_keys_is_signed_by_a_known_one),
		TEST(a_document_has_a_ceiling),
		TEST(further_members_are_read_strictly),
	};
	return RUN_TESTS(tests);
}
