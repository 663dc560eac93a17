// SPDX-License-Identifier: Apache-2.0
/* A registry without a certificate gets one from its parent, once that has approved it; nobody else does.  req: R9.1-v */
#include "test.h"

#include "hierarchy.h"
#include "registry/api/api.h"
#include "registry/ledger/proof.h"
#include "registry/peers/certificate.h"
#include "base/text.h"
#include "wire/request_signature.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define ADMIN "admin.example"
#define CHILD "in-tel.example"

static struct hierarchy h;
static struct fake_ca ours; /* the parent's authority */
static char issuer_key[96], lines[512];
static struct registry_flow *geo, *sec;
static struct jose_key *answer_key;

static void write_key(EVP_PKEY *key, const char *path)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	const long len = BIO_get_mem_data(bio, &text);

	assert_ok(text_write_file(path, view_of((uint8_t *)text, (size_t)len), 0600));
	BIO_free(bio);
}

static int open_two(void **state)
{
	(void)state;
	hierarchy_open(&h);
	fake_ca_open(&ours);
	(void)snprintf(issuer_key, sizeof(issuer_key), "%s/ours.key", ours.folder);
	write_key(ours.key, issuer_key);
	(void)snprintf(lines, sizeof(lines),
		"  administrators: [" ADMIN "]\n"
		"peers: {approve: below, ca_certificate: %s, ca_key: %s, certificate_lifetime: "
		"3650d}\n",
		ours.authority, issuer_key);
	geo = hierarchy_add(&h, "IN", lines);
	sec = hierarchy_add_bare(&h, "IN.TEL", "");
	assert_ok(jose_key_make(JOSE_ES256, &answer_key));
	return 0;
}

static int close_two(void **state)
{
	(void)state;
	jose_key_free(answer_key);
	hierarchy_close(&h);
	fake_ca_close(&ours);
	return 0;
}

static bool have_both(void)
{
	return hierarchy_in_step(geo, sec) && hierarchy_in_step(sec, geo);
}

static int64_t kept_until(void)
{
	return certificate_until(sec->registry.peers);
}

/* --- the good way --- */

static void a_child_without_a_certificate_gets_one(void **state)
{
	(void)state;
	char thumbprint[JOSE_THUMBPRINT];

	assert_ok(jose_thumbprint(sec->registry.answer_key, thumbprint));
	assert_int_equal(hierarchy_ask(sec, geo, "parent"), 202);
	hierarchy_until(&h, hierarchy_is(geo, "IN.TEL", PEER_ASKED)); /* not by policy */
	assert_int_equal(kept_until(), 0);
	assert_registry(geo, 200, "GET", "/v1/registries/IN.TEL", NULL);
	assert_registry_said(geo, thumbprint);
	assert_registry(geo, 200, "PUT", "/v1/registries/IN.TEL/approval", "{}");
	hierarchy_until(&h, hierarchy_is(sec, "IN", PEER_JOINED) && have_both());
	assert_true(kept_until() > 0);
}

static void it_keeps_it(void **state)
{
	(void)state;
	hierarchy_join(&h, sec, geo, "parent");
	const int64_t until = kept_until();

	hierarchy_restart(&h, sec);
	assert_int_equal(kept_until(), until); /* before anybody was asked */
	hierarchy_until(&h, have_both());
}

static void it_renews_it(void **state)
{
	(void)state;
	hierarchy_join(&h, sec, geo, "parent");
	const int64_t from = certificate_from(sec->registry.peers), until = kept_until();
	const int64_t due = 1000 * (until - (until - from) / 3);

	for (size_t i = 0; i < h.count; i++) {
		fake_env_advance(&h.at[i].env, due - h.at[i].env.wall_ms + 1000);
	}
	hierarchy_until(&h, certificate_from(sec->registry.peers) > from);
	hierarchy_until(&h, have_both());
}

static void who_left_has_nothing_of_it(void **state)
{
	(void)state;
	hierarchy_join(&h, sec, geo, "parent");
	assert_registry(geo, 200, "DELETE", "/v1/registries/IN.TEL", "{}");
	hierarchy_until(&h, hierarchy_is(sec, "IN", PEER_LEFT));
	assert_int_equal(hierarchy_ask(sec, geo, "parent"), 202);
	hierarchy_until(&h,
		hierarchy_is(geo, "IN.TEL", PEER_ASKED)); /* it has to be approved again */
	assert_registry(geo, 200, "PUT", "/v1/registries/IN.TEL/approval", "{\"approve\":false}");
	hierarchy_until(&h, hierarchy_is(sec, "IN", PEER_REFUSED));
}

/* --- what is sent by others --- */

static void make_csr(const char *host, char ret[2048])
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *request = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	BIO *bio = BIO_new(BIO_s_mem());
	char name[128], *text;

	(void)snprintf(name, sizeof(name), "DNS:%s", host);
	sk_X509_EXTENSION_push(extensions,
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name));
	assert_int_equal(X509_REQ_add_extensions(request, extensions), 1);
	assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
	assert_true(X509_REQ_sign(request, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509_REQ(bio, request), 1);
	const long len = BIO_get_mem_data(bio, &text);

	(void)snprintf(ret, 2048, "%.*s", (int)len, text);
	BIO_free(bio);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	X509_REQ_free(request);
	EVP_PKEY_free(key);
}

struct wish {
	const char *url, *csr_host;
	const struct jose_key *key, *signer; /* NULL: answer_key; of `signer`: that of key */
	int64_t late;			     /* seconds that the signature is old */
	bool unsigned_;
};

static void write_wish(const struct wish *wish, const struct jose_key *key, struct buf *out)
{
	struct json_writer w = json_to(out);
	char csr[2048], text[PEER_KEY];
	struct buf vkey = buf_fixed(text, sizeof(text));

	make_csr(wish->csr_host, csr);
	note_key_write(ledger_key(sec->registry.ledger), &vkey);
	json_open(&w, NULL);
	json_put_string(&w, "id", "IN.TEL");
	json_put_string(&w, "type", "sectoral");
	json_put_string(&w, "relation", "child");
	json_put_string(&w, "url", wish->url);
	json_put_text(&w, "log_key", buf_contents(&vkey));
	json_put_string(&w, "csr", csr);
	assert_ok(jose_key_write_jwk(key, &w, "answer_key"));
	json_close(&w);
	assert_ok(buf_end(out, "wish"));
}

/* At the parent's HTTPS door; `own` NULL: without a certificate. */
static void at_the_door(const struct fake_certificate *own, struct tls **ret)
{
	const struct tls_files files = fake_ca_files(&h.ca, own);

	assert_ok(tls_client(&files, ret));
	registry_flow_connect(geo, api_address(geo->registry.api), "in.example", *ret);
}

static void as_administrator(struct tls *tls)
{
	char address[ADDRESS_MAX];

	(void)snprintf(address, sizeof(address), "unix:%s/api.sock", geo->dir);
	registry_flow_connect(geo, address, "registry", NULL);
	tls_free(tls);
}

static unsigned send_wish(const struct wish *wish)
{
	const struct jose_key *key = wish->key ? wish->key : answer_key;
	BUF_CLEANUP struct buf body = buf_growing(16384);
	struct http_field fields[4] = {{view_text("Content-Type"), view_text("application/json")}};
	struct request_signature signature = {.count = 0};
	struct tls *tls;

	write_wish(wish, key, &body);
	const struct request_to_sign request = {
		.method = "POST",
		.authority = view_text("in.example"),
		.target = view_text("/v1/joining"),
		.body = buf_contents(&body),
		.tag = CERTIFICATE_JOINING_TAG,
		.now = geo->env.wall_ms / 1000 - wish->late,
	};

	assert_ok(request_sign(wish->signer ? wish->signer : key, &request, &signature));
	memcpy(fields + 1, signature.fields, sizeof(signature.fields));
	at_the_door(NULL, &tls);
	const unsigned status = registry_ask_with(geo, "POST", "/v1/joining", fields,
		wish->unsigned_ ? 1 : 4, buf_contents(&body));

	as_administrator(tls);
	return status;
}

static void bad_requests_are_refused(void **state)
{
	(void)state;
	JOSE_KEY_CLEANUP struct jose_key *other = NULL;
	const char *url = "https://" CHILD;

	assert_ok(jose_key_make(JOSE_ES256, &other));
	assert_int_equal(send_wish(&(struct wish){url, "other.example"}), 403);
	assert_registry_said(geo, "not among the names");
	assert_int_equal(send_wish(&(struct wish){"https://in.example", "in.example"}), 403);
	assert_registry_said(geo, "this registry's own");
	assert_int_equal(send_wish(&(struct wish){"https://192.0.2.1", "in.example"}), 403);
	assert_int_not_equal(send_wish(&(struct wish){url, CHILD, .signer = other}), 202);
	assert_int_not_equal(send_wish(&(struct wish){url, CHILD, .late = 3600}), 202);
	assert_int_not_equal(send_wish(&(struct wish){url, CHILD, .unsigned_ = true}), 202);
	assert_null(hierarchy_peer(geo, "IN.TEL"));
}

static void a_foreign_key_gets_nothing(void **state)
{
	(void)state;
	JOSE_KEY_CLEANUP struct jose_key *other = NULL;
	const struct wish wish = {"https://" CHILD, CHILD};

	assert_ok(jose_key_make(JOSE_ES256, &other));
	assert_int_equal(send_wish(&wish), 202);
	assert_null(strstr(registry_said(geo), "CERTIFICATE"));
	assert_int_equal(send_wish(&(struct wish){wish.url, CHILD, .key = other}), 409);
	assert_registry(geo, 200, "PUT", "/v1/registries/IN.TEL/approval", "{}");
	assert_int_equal(send_wish(&(struct wish){wish.url, CHILD, .key = other}), 409);
	assert_null(strstr(registry_said(geo), "CERTIFICATE"));
	assert_int_equal(send_wish(&wish), 200);
	assert_registry_said(geo, "BEGIN CERTIFICATE");
}

/* A name that somebody asked for without a certificate is not lost to who has one, nor after a refusal. */
static void a_claim_holds_nothing(void **state)
{
	(void)state;
	const struct wish wish = {"https://" CHILD, CHILD};

	assert_int_equal(send_wish(&wish), 202);
	assert_registry(geo, 200, "PUT", "/v1/registries/IN.TEL/approval", "{\"approve\":false}");
	assert_int_equal(send_wish(&wish), 403);
	hierarchy_join(&h, sec, geo, "parent");
	assert_int_equal(send_wish(&wish), 409);
}

static void show(struct fake_ca *ca, const char *names, int days, unsigned status)
{
	struct fake_certificate own;
	struct tls *tls;

	fake_ca_issue(ca, "x", names, days, &own);
	at_the_door(&own, &tls);
	if (status != 0) {
		assert_registry(geo, status, "GET", "/v1/lists/trusted", NULL);
	} else {
		assert_int_not_equal(registry_try(geo, "GET", "/v1/lists/trusted"), OK);
	}
	as_administrator(tls);
}

/* Of our authority, for a host, or the name of an administrator: who has not joined is nobody with it, nor who has left. */
static void its_certificates_are_for_those_who_joined(void **state)
{
	(void)state;
	char thumbprint[JOSE_THUMBPRINT], child[160];

	assert_ok(jose_thumbprint(sec->registry.answer_key, thumbprint));
	(void)snprintf(child, sizeof(child), "DNS:" CHILD ",URI:urn:symbolon:registry:IN.TEL:%s",
		thumbprint);
	show(&ours, child, 1, 401);
	show(&ours, "DNS:" ADMIN, 1, 401);
	show(&h.ca, "DNS:" ADMIN, 1, 200);
	hierarchy_join(&h, sec, geo, "parent");
	show(&ours, child, 1, 200);
	show(&ours, child, -1, 0); /* it is over */
	show(&ours, "DNS:" CHILD, 1, 401);
	show(&ours, "DNS:" CHILD ",URI:urn:symbolon:registry:IN.TEL:x", 1, 401);
	assert_registry(geo, 200, "DELETE", "/v1/registries/IN.TEL", "{}");
	show(&ours, child, 1, 401);
}

static void a_parent_without_an_authority_says_so(void **state)
{
	(void)state;
	struct registry_flow *other = hierarchy_add(&h, "US", "");

	assert_int_equal(hierarchy_ask(sec, other, "parent"), 202);
	hierarchy_until(&h, hierarchy_is(sec, "US", PEER_REFUSED));
	assert_non_null(strstr(hierarchy_peer(sec, "US")->reason, "gives no certificates"));
}

#define WITH_TWO(name) cmocka_unit_test_setup_teardown(name, open_two, close_two)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TWO(a_child_without_a_certificate_gets_one),
		WITH_TWO(it_keeps_it),
		WITH_TWO(it_renews_it),
		WITH_TWO(who_left_has_nothing_of_it),
		WITH_TWO(bad_requests_are_refused),
		WITH_TWO(a_foreign_key_gets_nothing),
		WITH_TWO(a_claim_holds_nothing),
		WITH_TWO(its_certificates_are_for_those_who_joined),
		WITH_TWO(a_parent_without_an_authority_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
