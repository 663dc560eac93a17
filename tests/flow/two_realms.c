// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/text.h"
#include "two_realms.h"
#include "wire/json.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>

static void write_key(struct two_realms *w, const char *name, struct jose_key **ret)
{
	char path[128];
	JOSE_KEY_CLEANUP struct jose_key *pair = NULL;
	BUF_CLEANUP struct buf pem = buf_growing(4096), half = buf_growing(4096),
			       bytes = buf_growing(JOSE_PUBLIC_MAX);

	assert_ok(jose_key_make(JOSE_ES256, &pair));
	assert_ok(jose_key_to_pem(pair, true, &pem));
	(void)snprintf(path, sizeof(path), "%s/%s", w->folder, name);
	assert_ok(text_write_file(path, buf_contents(&pem), 0600));
	assert_ok(jose_key_to_pem(pair, false, &half));
	(void)snprintf(path, sizeof(path), "%s/%s.pub", w->folder, name);
	assert_ok(text_write_file(path, buf_contents(&half), 0600));
	if (ret) {
		assert_ok(jose_key_public(pair, &bytes));
		assert_ok(jose_key_from_public(buf_contents(&bytes), ret));
	}
}

static void start_realm(struct two_realms *w, struct authz_flow *o, const char *own,
	const char *other, const char *more)
{
	struct fake_certificate certificate;
	char name[64], alt[80], realm[64], yaml[3000];
	const char *f = w->folder;

	(void)snprintf(name, sizeof(name), "authz1.%s.example", own);
	(void)snprintf(alt, sizeof(alt), "DNS:%s", name);
	(void)snprintf(realm, sizeof(realm), "%s.example", own);
	fake_ca_issue(&w->ca, name, alt, 10, &certificate);
	(void)snprintf(yaml, sizeof(yaml),
		"change:\n  listen: \"unix:%s/%s.sock\"\n  certificate: %s\n  key: %s\n"
		"  authority: %s\n  envelope_key: %s/%s.envelope\n  signing_key: %s/%s.signing\n"
		"  approval: automatic\n  realms:\n    - {realm: %s.example, host: "
		"authz1.%s.example,"
		" address: \"unix:%s/%s.sock\", key: %s/%s.envelope.pub,"
		" signing_key: %s/%s.signing.pub}\n%s",
		f, own, certificate.certificate, certificate.key, w->ca.authority, f, own, f, own,
		other, other, f, other, f, other, f, other, more);
	operator_realm = realm;
	operator_start(o, yaml);
	operator_realm = NULL;
}

static void make_device(struct two_realms *w)
{
	uint8_t *der = NULL;

	w->device_key = EVP_EC_gen("prime256v1");
	assert_non_null(w->device_key);
	int len = i2d_PUBKEY(w->device_key, &der);

	assert_ok(jose_key_from_spki(view_of(der, (size_t)len), &w->device));
	OPENSSL_free(der);
}

/* Alice at both; her device, with a key for bootstrapping alone and one that it signs with, at the old one. */
static void provision(struct two_realms *w)
{
	BUF_CLEANUP struct buf pem = buf_growing(4096), body = buf_growing(8192);
	struct json_writer j = json_to(&body);

	assert_ok(jose_key_to_pem(w->device, false, &pem));
	json_open(&j, NULL);
	json_put_string(&j, "client", OLD_CLIENT);
	json_put_string(&j, "subscriber", "alice");
	json_put_string(&j, "k", OPERATOR_K);
	json_put_string(&j, "opc", OPERATOR_OPC);
	json_put_int(&j, "sqn", 320);
	json_put_bool(&j, "exportable", true);
	json_put_text(&j, "public_key", buf_contents(&pem));
	json_close(&j);
	assert_asked(&w->from, 201, "POST", "/v1/subscribers",
		"{\"id\":\"alice\",\"verification\":\"postpaid\",\"name\":\"Alice\"}");
	assert_asked(&w->to, 201, "POST", "/v1/subscribers",
		"{\"id\":\"alice\",\"verification\":\"prepaid\",\"name\":\"Alice\"}");
	assert_asked(&w->from, 201, "POST", "/v1/devices", buf_string(&body));
}

void two_realms_pose(struct two_realms *w, const char *host)
{
	struct fake_certificate certificate;
	char alt[80], address[ADDRESS_MAX];

	(void)snprintf(alt, sizeof(alt), "DNS:%s", host);
	fake_ca_issue(&w->ca, host, alt, 10, &certificate);
	const struct tls_files files = fake_ca_files(&w->ca, &certificate);

	http_client_free(w->peer);
	tls_free(w->tls);
	assert_ok(tls_client(&files, &w->tls));
	(void)snprintf(address, sizeof(address), "unix:%s/old.sock", w->folder);
	const struct http_client_options options = {.address = address,
		.host = "authz1.old.example",
		.tls = w->tls};

	assert_ok(http_client_new(w->from.loop, &options, &w->peer));
}

void two_realms_open(struct two_realms *w, const char *more_from, const char *more_to)
{
	*w = (struct two_realms){.said = buf_growing(1 << 20)};
	fake_ca_open(&w->ca);
	(void)snprintf(w->folder, sizeof(w->folder), "%s", w->ca.folder);
	write_key(w, "old.envelope", NULL);
	write_key(w, "old.signing", NULL);
	write_key(w, "new.envelope", &w->new_envelope_key);
	write_key(w, "new.signing", NULL);
	start_realm(w, &w->from, "old", "new", more_from);
	start_realm(w, &w->to, "new", "old", more_to);
	make_device(w);
	provision(w);
	two_realms_pose(w, "authz1.new.example");
}

void two_realms_close(struct two_realms *w)
{
	http_client_free(w->peer);
	tls_free(w->tls);
	operator_stop(&w->to);
	operator_stop(&w->from);
	EVP_PKEY_free(w->device_key);
	jose_key_free(w->device);
	jose_key_free(w->new_envelope_key);
	buf_free(&w->said);
	fake_ca_close(&w->ca);
}

/* --- the device --- */

struct change_consent two_realms_consent(struct two_realms *w, enum change_method method)
{
	struct change_consent c = {.method = method, .issued = env_wall(&w->to.env.env)};

	c.expires = c.issued + 3600;
	c.nonce[0] = ++w->nonce;
	assert_ok(ident_parse(IDENT_FQDN, view_text(OLD_REALM), &c.old_realm));
	assert_ok(ident_parse(IDENT_FQDN, view_text(NEW_REALM), &c.new_realm));
	assert_ok(ident_parse(IDENT_CLIENT, view_text(OLD_CLIENT), &c.client));
	assert_ok(ident_parse(IDENT_CLIENT, view_text(NEW_CLIENT), &c.new_client));
	assert_ok(jose_thumbprint(w->new_envelope_key, c.new_key));
	assert_ok(change_key_of(w->device, &c.device_key));
	return c;
}

static enum err sign(void *user, struct view text, struct buf *ret)
{
	struct two_realms *w = user;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[80];
	size_t len = sizeof(der);

	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, w->device_key), 1);
	assert_int_equal(EVP_DigestSign(context, der, &len, text.data, text.len), 1);
	EVP_MD_CTX_free(context);
	buf_bytes(ret, der, len);
	return buf_end(ret, "DER");
}

void two_realms_sign(struct two_realms *w, const struct change_consent *consent, struct buf *ret)
{
	assert_ok(change_consent_sign(consent, sign, w, ret));
}

void two_realms_receipt(struct two_realms *w, struct view order, struct buf *ret)
{
	struct change_receipt receipt = {.issued = env_wall(&w->to.env.env)};

	memcpy(receipt.change, w->id, sizeof(receipt.change));
	assert_ok(change_digest(order, receipt.order));
	assert_ok(ident_parse(IDENT_FQDN, view_text(NEW_REALM), &receipt.new_realm));
	assert_ok(change_receipt_sign(&receipt, w->device, sign, w, ret));
}

/* --- the new realm's API --- */

unsigned two_realms_ask(struct two_realms *w, struct view consent)
{
	BUF_CLEANUP struct buf body = buf_growing(CHANGE_JWS + 1024);
	JSON_CLEANUP struct json *said = NULL;
	struct json_writer j = json_to(&body);
	struct view id;

	json_open(&j, NULL);
	json_put_string(&j, "subscriber", "alice");
	json_put_text(&j, "consent", consent);
	json_close(&j);
	unsigned status = operator_ask(&w->to, "POST", "/v1/changes", buf_string(&body));

	if (status == 201 || status == 200) {
		assert_ok(json_parse(buf_contents(&w->to.body), 65536, &said));
		assert_ok(json_text(said, "id", &id));
		assert_ok(text_copy(w->id, sizeof(w->id), id, "id"));
	}
	return status;
}

void two_realms_begin(struct two_realms *w, enum change_method method)
{
	BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS);
	const struct change_consent consent = two_realms_consent(w, method);

	two_realms_sign(w, &consent, &jws);
	if (two_realms_ask(w, buf_contents(&jws)) != 201) {
		fail_msg("%s", operator_said(&w->to));
	}
}

void two_realms_turn(struct two_realms *w, int64_t advance_ms)
{
	fake_env_advance(&w->from.env, advance_ms);
	fake_env_advance(&w->to.env, advance_ms);
	for (int i = 0; i < 4; i++) {
		loop_turn(w->from.loop, 1);
		loop_turn(w->to.loop, 1);
	}
}

bool two_realms_says(struct two_realms *w, const char *words)
{
	char target[CHANGE_ID + 16];

	(void)snprintf(target, sizeof(target), "/v1/changes/%s", w->id);
	assert_asked(&w->to, 200, "GET", target, NULL);
	return strstr(operator_said(&w->to), words) != NULL;
}

void two_realms_until(struct two_realms *w, const char *state)
{
	char words[64];

	(void)snprintf(words, sizeof(words), "\"state\":\"%s\"", state);
	for (int i = 0; i < 400; i++) {
		if (two_realms_says(w, words)) {
			return;
		}
		two_realms_turn(w, 250);
	}
	fail_msg("not %s: %s", state, operator_said(&w->to));
}

/* --- the old realm's door --- */

static void on_head(void *user, const struct http_head *head)
{
	((struct two_realms *)user)->status = head->status;
}

static void on_body(void *user, struct view part)
{
	buf_view(&((struct two_realms *)user)->said, part);
}

static void on_done(void *user, enum err result)
{
	struct two_realms *w = user;

	w->status = result == OK ? w->status : 0;
	w->done = true;
}

unsigned two_realms_visit(struct two_realms *w, const char *target, const char *body)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	const struct http_field json = {view_text("Content-Type"), view_text("application/json")};
	struct http_call *call;

	w->done = false;
	buf_clear(&w->said);
	assert_ok(http_client_call(w->peer, "POST", view_text(target), &json, 1,
		view_text(body ? body : "{}"), &on, w, &call));
	operator_wait(&w->from, &w->done);
	buf_u8(&w->said, 0);
	return w->status;
}

const char *two_realms_device(struct two_realms *w, struct authz_flow *o, const char *client)
{
	char target[IDENT_MAX + 32];

	(void)w;
	(void)snprintf(target, sizeof(target), "/v1/devices/%s", client);
	return operator_ask(o, "GET", target, NULL) == 200 ? operator_said(o) : "";
}
