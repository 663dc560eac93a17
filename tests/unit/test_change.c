// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/text.h"
#include "wire/change.h"
#include "wire/json.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

enum { NOW = 1700000000 };

/* A key that signs as a secure element does: DER, and its PEM is nowhere else. */
struct element {
	struct jose_key *key;
	EVP_PKEY *pkey;
};

static void element_open(struct element *e)
{
	uint8_t *der = NULL;

	e->pkey = EVP_EC_gen("prime256v1");
	assert_non_null(e->pkey);
	int len = i2d_PUBKEY(e->pkey, &der);

	assert_ok(jose_key_from_spki(view_of(der, (size_t)len), &e->key));
	OPENSSL_free(der);
}

static void element_close(struct element *e)
{
	EVP_PKEY_free(e->pkey);
	jose_key_free(e->key);
}

static enum err element_sign(void *user, struct view text, struct buf *ret)
{
	struct element *e = user;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[80];
	size_t len = sizeof(der);

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, e->pkey), 1);
	assert_int_equal(EVP_DigestSign(ctx, der, &len, text.data, text.len), 1);
	EVP_MD_CTX_free(ctx);
	buf_bytes(ret, der, len);
	return buf_end(ret, "DER");
}

static enum err element_refuses(void *user, struct view text, struct buf *ret)
{
	(void)user;
	(void)text;
	(void)ret;
	return err_fail(ERR_UNSUPPORTED, "no key");
}

static void parties(struct ident *old_realm, struct ident *client, struct ident *new_realm,
	struct ident *new_client)
{
	assert_ok(ident_parse(IDENT_FQDN, view_text("old.example"), old_realm));
	assert_ok(ident_parse(IDENT_CLIENT, view_text("001010123456789@old.example"), client));
	assert_ok(ident_parse(IDENT_FQDN, view_text("new.example"), new_realm));
	assert_ok(ident_parse(IDENT_CLIENT, view_text("001010123456789@new.example"), new_client));
}

static struct change_consent consent(const struct element *e)
{
	struct change_consent c = {.nonce = {1, 2, 3},
		.issued = NOW,
		.expires = NOW + 60,
		.method = CHANGE_SYMMETRIC,
		.pseudonyms = true};

	parties(&c.old_realm, &c.client, &c.new_realm, &c.new_client);
	assert_ok(jose_thumbprint(e->key, c.new_key));
	assert_ok(change_key_of(e->key, &c.device_key));
	return c;
}

static struct change_order order(const struct jose_key *key)
{
	struct change_order o = {.key_count = 2,
		.serial = 7,
		.nonce = {1, 2, 3},
		.issued = NOW,
		.expires = NOW + 60};

	parties(&o.realm, &o.client, &o.new_realm, &o.new_client);
	assert_ok(change_key_of(key, &o.keys[0]));
	assert_ok(change_key_of(key, &o.keys[1]));
	return o;
}

/* req: B10.6.1 B10.6.2 */
static void a_consent_comes_back_whole(void **state)
{
	struct element e;
	BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS);
	struct change_consent in, out = {.issued = 0};

	(void)state;
	element_open(&e);
	in = consent(&e);
	assert_ok(change_consent_sign(&in, element_sign, &e, &jws));
	assert_ok(change_consent_verify(e.key, NOW, buf_contents(&jws), &out));
	assert_memory_equal(&in, &out, sizeof(in));
	memset(&out, 0, sizeof(out));
	assert_ok(change_consent_verify(NULL, NOW + 59, buf_contents(&jws), &out));
	assert_memory_equal(&in, &out, sizeof(in));
	element_close(&e);
}

static void consents_of_others_expired_or_changed_are_refused(void **state)
{
	struct element e, other;
	BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS);
	struct change_consent in, out = {.issued = 0};

	(void)state;
	element_open(&e);
	element_open(&other);
	in = consent(&e);
	assert_ok(change_consent_sign(&in, element_sign, &e, &jws));
	assert_err(ERR_EXPIRED, change_consent_verify(e.key, NOW + 60, buf_contents(&jws), &out));
	assert_err(ERR_AUTH, change_consent_verify(other.key, NOW, buf_contents(&jws), &out));
	for (size_t at = 0; at < jws.len; at++) {
		uint8_t was = jws.data[at];

		jws.data[at] = was == 'A' ? 'B' : 'A';
		if (change_consent_verify(e.key, NOW, buf_contents(&jws), &out) == OK ||
			change_consent_verify(NULL, NOW, buf_contents(&jws), &out) == OK) {
			fail_msg("changed at %zu", at);
		}
		jws.data[at] = was;
	}
	assert_int_equal(out.issued, 0);

	/* Another key than it names: neither the element's word nor a stranger's. */
	buf_clear(&jws);
	assert_err(ERR_AUTH, change_consent_sign(&in, element_sign, &other, &jws));
	buf_clear(&jws);
	assert_err(ERR_UNSUPPORTED, change_consent_sign(&in, element_refuses, NULL, &jws));
	element_close(&e);
	element_close(&other);
}

/* A key of the realm's that signs other documents has signed no order; an order is no consent. */
static void one_document_does_not_do_for_another(void **state)
{
	struct element e;
	JOSE_KEY_CLEANUP struct jose_key *realm = NULL;
	BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS);
	struct change_order in, out = {.serial = 0};
	struct change_consent c;
	struct change_receipt r;

	(void)state;
	element_open(&e);
	assert_ok(jose_key_make(JOSE_ES256, &realm));
	in = order(e.key);
	assert_ok(change_order_sign(&in, realm, &jws));
	assert_ok(change_order_verify((const struct jose_key *const *)&realm, 1, NOW,
		buf_contents(&jws), &out));
	assert_memory_equal(&in, &out, sizeof(in));
	assert_err(ERR_AUTH, change_consent_verify(realm, NOW, buf_contents(&jws), &c));
	assert_err(ERR_AUTH, change_receipt_verify(realm, buf_contents(&jws), &r));
	assert_err(ERR_EXPIRED, change_order_verify((const struct jose_key *const *)&realm, 1,
					NOW + 60, buf_contents(&jws), &out));
	assert_err(ERR_AUTH, change_order_verify((const struct jose_key *const *)&e.key, 1, NOW,
				     buf_contents(&jws), &out));
	assert_err(ERR_UNSUPPORTED, change_order_verify(NULL, 0, NOW, buf_contents(&jws), &out));
	element_close(&e);
}

static void a_receipt_names_the_order_that_it_is_of(void **state)
{
	struct element e;
	BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS);
	struct change_receipt in = {.change = "a-Change_1", .issued = NOW}, out;
	struct ident others[3];

	(void)state;
	memset(&out, 0, sizeof(out));
	parties(&others[0], &others[1], &in.new_realm, &others[2]);
	assert_ok(change_digest(view_text("order"), in.order));
	assert_hex(in.order, 4, "3eeb7e96");
	element_open(&e);
	assert_ok(change_receipt_sign(&in, e.key, element_sign, &e, &jws));
	assert_ok(change_receipt_verify(e.key, buf_contents(&jws), &out));
	assert_memory_equal(&in, &out, sizeof(in));
	buf_clear(&jws);
	in.change[1] = '/';
	assert_err(ERR_SYNTAX, change_receipt_sign(&in, e.key, element_sign, &e, &jws));
	in.change[0] = '\0';
	assert_err(ERR_SYNTAX, change_receipt_sign(&in, e.key, element_sign, &e, &jws));
	element_close(&e);
}

/* --- what makes no sense --- */

static void what_makes_no_sense_is_not_signed(void **state)
{
	struct element e;
	JOSE_KEY_CLEANUP struct jose_key *ed = NULL;
	BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS);

	(void)state;
	element_open(&e);
	assert_ok(jose_key_make(JOSE_EDDSA, &ed));
	for (int i = 0; i < 5; i++) {
		struct change_consent c = consent(&e);
		struct change_order o = order(e.key);

		switch (i) {
		case 0: /* to where it comes from */
			c.new_realm = o.new_realm = c.old_realm;
			c.new_client = o.new_client = c.client;
			break;
		case 1: /* a client of the other realm */
			c.new_client = c.client;
			o.new_client = c.client;
			break;
		case 2:
			c.expires = c.issued;
			o.key_count = 0;
			break;
		case 3:
			assert_ok(change_key_of(ed, &c.device_key));
			o.serial = 0;
			break;
		default:
			c.device_key.len = 0;
			o.key_count = CHANGE_KEYS + 1;
			break;
		}
		enum err err = change_consent_sign(&c, element_sign, &e, &jws);

		assert_true(err == ERR_SYNTAX || err == ERR_RANGE);
		err = change_order_sign(&o, ed, &jws);
		assert_true(err == ERR_SYNTAX || err == ERR_RANGE);
	}
	assert_int_equal(jws.len, 0);
	element_close(&e);
}

#define PARTIES                                                                                    \
	"\"old_realm\":\"old.example\",\"realm\":\"old.example\",\"client\":\"001010123456789@"    \
	"old.example\","                                                                           \
	"\"new_realm\":\"new.example\",\"new_client\":\"001010123456789@new.example\","
#define TIMES "\"iat\":\"2023-01-01T00:00:00Z\",\"exp\":\"2033-01-01T00:00:00Z\","
#define NONCE "\"nonce\":\"AQIDAAAAAAAAAAAAAAAAAA\","

/* Signed, so that only what it says is wrong. */
static void what_is_signed_but_makes_no_sense_is_refused(void **state)
{
	static const char *const payloads[] = {
		"",
		"[]",
		"{}",
		"{" PARTIES TIMES NONCE "\"serial\":1,\"keys\":[]}",
		"{" PARTIES TIMES NONCE "\"serial\":1,\"keys\":[1]}",
		"{" PARTIES TIMES NONCE "\"serial\":1,\"keys\":[{\"kty\":\"RSA\",\"crv\":\"\"}]}",
		"{" PARTIES TIMES NONCE "\"serial\":0,\"keys\":[]}",
		"{" PARTIES TIMES "\"nonce\":\"AQ\",\"serial\":1}",
		"{" PARTIES NONCE "\"iat\":1,\"exp\":2,\"serial\":1}",
		"{" TIMES NONCE "\"serial\":1}",
		"{\"change\":\"a b\"}",
		"{\"change\":\"a\",\"order\":\"AQ\"}",
		"{" PARTIES TIMES NONCE "\"new_key\":\"short\"}",
	};
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	const struct jose_key *const *keys = (const struct jose_key *const *)&key;
	struct change_consent c;
	struct change_order o;
	struct change_receipt r;

	(void)state;
	assert_ok(jose_key_make(JOSE_ES256, &key));
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		static const char *const types[] = {CHANGE_CONSENT_TYP, CHANGE_ORDER_TYP,
			CHANGE_RECEIPT_TYP};
		enum err errs[3];

		for (int t = 0; t < 3; t++) {
			BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS);

			assert_ok(jose_sign(key, types[t], view_text(payloads[i]), &jws));
			struct view all = buf_contents(&jws);

			errs[t] = t == 0   ? change_consent_verify(key, NOW, all, &c)
				  : t == 1 ? change_order_verify(keys, 1, NOW, all, &o)
					   : change_receipt_verify(key, all, &r);
			if (errs[t] != ERR_SYNTAX && errs[t] != ERR_RANGE &&
				errs[t] != ERR_UNSUPPORTED) {
				fail_msg("%s as %s: %s", payloads[i], types[t], err_name(errs[t]));
			}
		}
	}
	static char large[CHANGE_JWS + 1];

	memset(large, 'a', sizeof(large));
	assert_err(ERR_RANGE, change_order_verify(keys, 1, NOW, VIEW(large), &o));
	assert_err(ERR_SYNTAX, change_consent_verify(NULL, NOW, view_text("a.b"), &c));
	assert_err(ERR_SYNTAX, change_consent_verify(NULL, NOW, view_text(""), &c));
	assert_err(ERR_SYNTAX, change_consent_verify(NULL, NOW, view_text("e30.e30.e30"), &c));
}

static void methods_have_names(void **state)
{
	enum change_method m = 0;

	(void)state;
	assert_ok(change_method_of(view_text("asymmetric"), &m));
	assert_int_equal(m, CHANGE_ASYMMETRIC);
	assert_string_equal(change_method_name(CHANGE_SYMMETRIC), "symmetric");
	assert_string_equal(change_method_name(0), "unknown");
	assert_err(ERR_SYNTAX, change_method_of(view_text(""), &m));
	assert_err(ERR_SYNTAX, change_id_check(view_text(""), "id"));
	assert_ok(change_id_check(view_text("0aZ-_"), "id"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_consent_comes_back_whole),
		TEST(consents_of_others_expired_or_changed_are_refused),
		TEST(one_document_does_not_do_for_another),
		TEST(a_receipt_names_the_order_that_it_is_of),
		TEST(what_makes_no_sense_is_not_signed),
		TEST(what_is_signed_but_makes_no_sense_is_refused),
		TEST(methods_have_names),
	};
	return RUN_TESTS(tests);
}
