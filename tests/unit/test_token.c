// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/token.h"

static void set_ident(enum ident_kind kind, const char *text, struct ident *ret)
{
	assert_ok(ident_parse(kind, view_text(text), ret));
}

/* The worked example of docs/protocol/token.md. */
static void make_example(struct token_base *base, struct ident *application)
{
	assert_ok(secret_from_hex(&base->ks,
		view_text("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")));
	bytes_from_hex("202122232425262728292a2b2c2d2e2f", base->rand, RAND_SIZE);
	set_ident(IDENT_CLIENT, "001010123456789@realm.example", &base->client);
	set_ident(IDENT_FQDN, "authn1.realm.example", &base->node);
	set_ident(IDENT_FQDN, "realm.example", &base->realm);
	set_ident(IDENT_APPLICATION, "app.example", application);
}

static uint8_t binding_bytes[32];

static struct view example_binding(void)
{
	for (size_t i = 0; i < sizeof(binding_bytes); i++) {
		binding_bytes[i] = (uint8_t)(0x40 + i);
	}
	return VIEW(binding_bytes);
}

/* Ks_NAF, as two independent implementations of GBA agree on it. */
static const struct gba {
	const char *ks, *rand, *impi, *naf, *ks_naf;
} gba_sets[] = {
	{
		.ks = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		.rand = "202122232425262728292a2b2c2d2e2f",
		.impi = "001010123456789@ims.mnc001.mcc001.3gppnetwork.org",
		.naf = "xcap.ims.mnc001.mcc001.pub.3gppnetwork.org",
		.ks_naf = "273152e7675c40055af1395a22e6a563cbe29075e3a3d3462c55660e4ec54094",
	},
	{
		.ks = "0d5ec968ea653ad4841a7a92b70752abd75a4e49ac0fa59884484cbcfe4cf5bf",
		.rand = "5cc0188ec5ff0ce0bfe386f67f46ae56",
		.impi = "999991122223333@ims.mnc99.mcc999.3gppnetwork.org",
		.naf = "naf.mnc99.mcc999.3gppnetwork.org",
		.ks_naf = "4aa7b1eecc7f3d9f02749cf28b38c70c6e22605fcbb83cc9502339fdbb010f45",
	},
};

static void gba_keys_are_those_of_other_implementations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(gba_sets) / sizeof(gba_sets[0]); i++) {
		struct token_base base = {.ks = {.len = 0}};
		struct ident application;
		SECRET(key);

		assert_ok(secret_from_hex(&base.ks, view_text(gba_sets[i].ks)));
		bytes_from_hex(gba_sets[i].rand, base.rand, RAND_SIZE);
		set_ident(IDENT_CLIENT, gba_sets[i].impi, &base.client);
		set_ident(IDENT_APPLICATION, gba_sets[i].naf, &application);
		assert_ok(token_derive(TOKEN_GBA, &base, &application, UA_HTTP_DIGEST,
			view_of(NULL, 0), &key));
		assert_int_equal(key.len, TOKEN_KEY);
		assert_hex(key.bytes, TOKEN_KEY, gba_sets[i].ks_naf);
	}
}

/* Computed with Python's hmac from the formulas in docs/protocol/token.md.  req: B7.2-e B9.3-c */
static void the_worked_example_holds(void **state)
{
	struct token_base base = {.ks = {.len = 0}};
	struct ident application, asp;
	char id[TOKEN_ID_MAX + 1], tmpi[TMPI_MAX + 1], pseudonym[PSEUDONYM_SIZE];
	SECRET(key);
	SECRET(realm_secret);

	(void)state;
	make_example(&base, &application);
	assert_ok(token_derive(TOKEN_Y3056, &base, &application, UA_TLS13_PSK, example_binding(),
		&key));
	assert_hex(key.bytes, TOKEN_KEY,
		"d08cc16eb131d9085d58ceab016f6884d032d12d32f43668b969ecc21ee6018c");
	assert_ok(token_derive(TOKEN_Y3056, &base, &application, UA_TLS13_PSK, view_of(NULL, 0),
		&key));
	assert_hex(key.bytes, TOKEN_KEY,
		"3e6800bfe538963bbfd7270c86c04183315f3b959025fe357e8050985ae8dba8");
	assert_ok(token_derive(TOKEN_GBA, &base, &application, UA_TLS13_PSK, example_binding(),
		&key));
	assert_hex(key.bytes, TOKEN_KEY,
		"b2600b02e2018712144fe26aa2c020928d1cab8e754bcb010f14729eb8a2d4f8");
	assert_ok(token_id(TOKEN_Y3056, &base, &application, id));
	assert_string_equal(id, "QCaEsO-i6QP1_qH_9LyuDPgd@authn1.realm.example");
	assert_ok(token_id(TOKEN_GBA, &base, &application, id));
	assert_string_equal(id, "ICEiIyQlJicoKSorLC0uLw==@authn1.realm.example");
	assert_ok(token_tmpi(&base, tmpi));
	assert_string_equal(tmpi, "rPYlB54vidN3Ol/Z+MXc9KFuWMq4dOFV@tmpi.bsf.3gppnetwork.org");
	assert_ok(secret_from_hex(&realm_secret,
		view_text("606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f")));
	set_ident(IDENT_ASP, "cin:U72200KA2001PTC028000", &asp);
	assert_ok(token_pseudonym(&realm_secret, &base.client, &asp, pseudonym));
	assert_string_equal(pseudonym, "90G0DZKNLS5XhSFmrTrqdavy");
}

enum { CHANGES = 8 };

/* Each case changes one thing that the token stands on. */
static void change(int which, struct token_base *base, struct ident *application, struct ua *ua)
{
	switch (which) {
	case 0:
		base->ks.bytes[31] ^= 1;
		return;
	case 1:
		base->rand[0] ^= 0x80;
		return;
	case 2:
		set_ident(IDENT_CLIENT, "001010123456780@realm.example", &base->client);
		return;
	case 3:
		set_ident(IDENT_APPLICATION, "app2.example", application);
		return;
	case 4:
		ua->bytes[4] ^= 1;
		return;
	case 5:
		set_ident(IDENT_FQDN, "authn2.realm.example", &base->node);
		return;
	case 6:
		set_ident(IDENT_FQDN, "realm2.example", &base->realm);
		return;
	default:
		binding_bytes[0] ^= 1;
	}
}

/* req: B7.1-i B7.2-c B9.4.1-d */
static void change_one_thing_and_the_key_changes(void **state)
{
	struct secret keys[CHANGES + 1] = {{.len = 0}};

	(void)state;
	for (int i = 0; i <= CHANGES; i++) {
		struct token_base base = {.ks = {.len = 0}};
		struct ident application;
		struct view binding = example_binding();
		struct ua ua = UA_TLS13_PSK;

		make_example(&base, &application);
		if (i < CHANGES) {
			change(i, &base, &application, &ua);
		}
		assert_ok(token_derive(TOKEN_Y3056, &base, &application, ua, binding, &keys[i]));
		for (int k = 0; k < i; k++) {
			assert_false(secret_equal(&keys[i], &keys[k]));
		}
	}
}

/* A "gba" key is for 3GPP peers, who know nothing of node, realm and channel. */
static void a_gba_key_does_not_depend_on_node_realm_and_channel(void **state)
{
	SECRET(key);
	SECRET(other);

	(void)state;
	for (int i = 5; i < CHANGES; i++) {
		struct token_base base = {.ks = {.len = 0}};
		struct ident application;
		struct view binding = example_binding();
		struct ua ua = UA_TLS13_PSK;

		make_example(&base, &application);
		assert_ok(token_derive(TOKEN_GBA, &base, &application, ua, binding, &key));
		change(i, &base, &application, &ua);
		assert_ok(token_derive(TOKEN_GBA, &base, &application, ua, binding, &other));
		assert_true(secret_equal(&key, &other));
	}
}

/* Toward two applications a "y3056" token has two ids, a B-TID is one; both name the node. */
static void ids_of_two_applications_cannot_be_joined(void **state)
{
	struct token_base base = {.ks = {.len = 0}};
	struct ident application, other, node;
	char a[TOKEN_ID_MAX + 1], b[TOKEN_ID_MAX + 1];

	(void)state;
	make_example(&base, &application);
	set_ident(IDENT_APPLICATION, "app2.example", &other);
	assert_ok(token_id(TOKEN_Y3056, &base, &application, a));
	assert_ok(token_id(TOKEN_Y3056, &base, &other, b));
	assert_memory_not_equal(a, b, 24);
	assert_ok(token_id_node(view_text(b), &node));
	assert_true(ident_equal(&node, &base.node));
	assert_ok(token_id(TOKEN_GBA, &base, &application, a));
	assert_ok(token_id(TOKEN_GBA, &base, &other, b));
	assert_string_equal(a, b);
	assert_ok(token_id_node(view_text(b), &node));
	assert_true(ident_equal(&node, &base.node));
}

static void a_node_is_read_from_well_formed_ids_only(void **state)
{
	static const char *const bad[] = {
		"",
		"@authn1.realm.example",
		"ICEiIyQlJicoKSorLC0uLw==",
		"ICEiIyQlJicoKSorLC0uLw==@",
		"ICEiIyQlJicoKSorLC0uLw==authn1.realm.example",
		"ICEiIyQlJicoKSorLC0uLw=@authn1.realm.example",
		"ICEiIyQlJicoKSorLC0uLw===@authn1.realm.example",
		"ICEiIyQlJicoKSor C0uLw==@authn1.realm.example",
		"ICEiIyQlJicoKSorLC0uLw==@authn1..example",
		"ICEiIyQlJicoKSorLC0uLw==@authn1@realm.example",
	};
	struct ident node = {.kind = IDENT_NONE};
	const uint8_t with_zero[] = "ICEiIyQlJicoKSor\0C0uLw==@authn1.realm.example";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_err(ERR_SYNTAX, token_id_node(view_text(bad[i]), &node));
	}
	assert_err(ERR_SYNTAX, token_id_node(view_of(with_zero, sizeof(with_zero) - 1), &node));
	assert_int_equal(node.kind, IDENT_NONE);
}

/* The longest identities there are fit the KDF and the arrays. */
static void the_longest_identities_fit(void **state)
{
	struct token_base base = {.ks = {.len = 0}};
	struct ident application, node;
	uint8_t binding[TOKEN_BINDING_MAX + 1] = {0};
	char label[64] = "", text[256], id[TOKEN_ID_MAX + 1], tmpi[TMPI_MAX + 1];
	SECRET(key);

	(void)state;
	make_example(&base, &application);
	memset(label, 'a', 63);
	(void)snprintf(text, sizeof(text), "%s.%s.%s.%.61s", label, label, label, label);
	set_ident(IDENT_FQDN, text, &base.node);
	set_ident(IDENT_FQDN, text, &base.realm);
	set_ident(IDENT_APPLICATION, text, &application);
	(void)snprintf(text, sizeof(text), "x@%s.%s.%s.%.61s", label, label, label, label);
	set_ident(IDENT_CLIENT, text, &base.client);
	assert_int_equal(base.client.len, IDENT_MAX);
	assert_ok(token_derive(TOKEN_Y3056, &base, &application, UA_TLS13_PSK,
		view_of(binding, TOKEN_BINDING_MAX), &key));
	assert_ok(token_id(TOKEN_Y3056, &base, &application, id));
	assert_int_equal(strlen(id), 24 + 1 + 253);
	assert_ok(token_id_node(view_text(id), &node));
	assert_ok(token_tmpi(&base, tmpi));
	secret_wipe(&key);
	assert_err(ERR_RANGE,
		token_derive(TOKEN_Y3056, &base, &application, UA_TLS13_PSK, VIEW(binding), &key));
	assert_int_equal(key.len, 0);
}

static void without_ks_nothing_is_derived(void **state)
{
	struct token_base base = {.ks = {.len = 0}};
	struct ident application;
	char id[TOKEN_ID_MAX + 1] = "untouched";
	SECRET(key);

	(void)state;
	make_example(&base, &application);
	secret_wipe(&base.ks);
	assert_err(ERR_RANGE,
		token_derive(TOKEN_GBA, &base, &application, UA_TLS13_PSK, view_of(NULL, 0), &key));
	assert_err(ERR_RANGE, token_id(TOKEN_Y3056, &base, &application, id));
	assert_string_equal(id, "untouched");
	assert_int_equal(key.len, 0);
}

/* One ASP always sees the same pseudonym; another ASP, client or realm has others.  req: B9.4.1-g */
static void pseudonyms_of_two_asps_cannot_be_joined(void **state)
{
	struct ident client, asp, other;
	char a[PSEUDONYM_SIZE], b[PSEUDONYM_SIZE];
	SECRET(realm_secret);

	(void)state;
	assert_ok(secret_from_hex(&realm_secret, view_text("6061626364656667")));
	set_ident(IDENT_CLIENT, "001010123456789@realm.example", &client);
	set_ident(IDENT_ASP, "cin:U72200KA2001PTC028000", &asp);
	set_ident(IDENT_ASP, "lei:5493001KJTIIGC8Y1R12", &other);
	assert_ok(token_pseudonym(&realm_secret, &client, &asp, a));
	assert_ok(token_pseudonym(&realm_secret, &client, &asp, b));
	assert_string_equal(a, b);
	assert_ok(token_pseudonym(&realm_secret, &client, &other, b));
	assert_string_not_equal(a, b);
	set_ident(IDENT_CLIENT, "001010123456780@realm.example", &client);
	assert_ok(token_pseudonym(&realm_secret, &client, &asp, b));
	assert_string_not_equal(a, b);
	realm_secret.bytes[0] ^= 1;
	set_ident(IDENT_CLIENT, "001010123456789@realm.example", &client);
	assert_ok(token_pseudonym(&realm_secret, &client, &asp, b));
	assert_string_not_equal(a, b);
}

static void ua_ids_are_read_and_printed(void **state)
{
	struct ua ua = {{0}};
	char text[UA_SIZE * 2 + 1];

	(void)state;
	assert_ok(ua_parse(view_text("010001CCAC"), &ua));
	assert_true(ua_equal(ua, UA_TLS12(0xccac)));
	assert_false(ua_equal(ua, UA_TLS13_PSK));
	ua_print(ua, text);
	assert_string_equal(text, "010001ccac");
	ua_print(UA_TLS13_PSK, text);
	assert_string_equal(text, "0100000007");
	ua_print(UA_HTTP_DIGEST, text);
	assert_string_equal(text, "0100000002");
	assert_err(ERR_SYNTAX, ua_parse(view_text("01000000"), &ua));
	assert_err(ERR_RANGE, ua_parse(view_text("010000000700"), &ua));
	assert_err(ERR_SYNTAX, ua_parse(view_text("01000000g7"), &ua));
	assert_err(ERR_SYNTAX, ua_parse(view_text(""), &ua));
	assert_true(ua_equal(ua, UA_TLS12(0xccac)));
}

static void formats_have_names(void **state)
{
	enum token_format format = TOKEN_GBA;

	(void)state;
	assert_ok(token_format_of("y3056", &format));
	assert_int_equal(format, TOKEN_Y3056);
	assert_ok(token_format_of("gba", &format));
	assert_int_equal(format, TOKEN_GBA);
	assert_string_equal(token_format_name(TOKEN_Y3056), "y3056");
	assert_string_equal(token_format_name(TOKEN_GBA), "gba");
	assert_string_equal(token_format_name((enum token_format)0), "unknown");
	assert_err(ERR_UNSUPPORTED, token_format_of("GBA", &format));
	assert_err(ERR_UNSUPPORTED, token_format_of("", &format));
}

static void an_unknown_format_is_refused(void **state)
{
	struct token_base base = {.ks = {.len = 0}};
	struct ident application;
	char id[TOKEN_ID_MAX + 1];
	SECRET(key);

	(void)state;
	make_example(&base, &application);
	assert_err(ERR_UNSUPPORTED, token_derive((enum token_format)3, &base, &application,
					    UA_TLS13_PSK, view_of(NULL, 0), &key));
	assert_err(ERR_UNSUPPORTED, token_id((enum token_format)0, &base, &application, id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gba_keys_are_those_of_other_implementations),
		TEST(the_worked_example_holds),
		TEST(change_one_thing_and_the_key_changes),
		TEST(a_gba_key_does_not_depend_on_node_realm_and_channel),
		TEST(ids_of_two_applications_cannot_be_joined),
		TEST(a_node_is_read_from_well_formed_ids_only),
		TEST(the_longest_identities_fit),
		TEST(without_ks_nothing_is_derived),
		TEST(pseudonyms_of_two_asps_cannot_be_joined),
		TEST(ua_ids_are_read_and_printed),
		TEST(formats_have_names),
		TEST(an_unknown_format_is_refused),
	};
	return RUN_TESTS(tests);
}
