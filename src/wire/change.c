// SPDX-License-Identifier: Apache-2.0
#include "wire/change.h"

#include "base/text.h"
#include "wire/json.h"

#include <openssl/evp.h>
#include <string.h>

#define SERIAL_MAX INT64_C(9007199254740991)

static const char *const method_names[] = {
	[CHANGE_SYMMETRIC] = "symmetric",
	[CHANGE_ASYMMETRIC] = "asymmetric",
};

const char *change_method_name(enum change_method method)
{
	return method == CHANGE_SYMMETRIC || method == CHANGE_ASYMMETRIC ? method_names[method]
									 : "unknown";
}

enum err change_method_of(struct view name, enum change_method *ret)
{
	for (enum change_method m = CHANGE_SYMMETRIC; m <= CHANGE_ASYMMETRIC; m++) {
		if (view_is(name, method_names[m])) {
			*ret = m;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "10.6: method: symmetric or asymmetric");
}

enum err change_id_check(struct view id, const char *what)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-_";

	for (size_t i = 0; i < id.len; i++) {
		if (id.data[i] == 0 || !strchr(allowed, id.data[i])) {
			return err_fail(ERR_SYNTAX, "%s: letters, digits, - and _ alone", what);
		}
	}
	return id.len > 0 && id.len < CHANGE_ID
		       ? OK
		       : err_fail(ERR_SYNTAX, "%s: 1 to %d characters", what, CHANGE_ID - 1);
}

enum err change_key_of(const struct jose_key *key, struct change_key *ret)
{
	struct change_key got = {.len = 0};
	struct buf out = buf_fixed(got.bytes, sizeof(got.bytes));

	TRY(jose_key_public(key, &out));
	got.len = (uint8_t)out.len;
	*ret = got;
	return OK;
}

bool change_key_equal(const struct change_key *a, const struct change_key *b)
{
	return view_equal(view_of(a->bytes, a->len), view_of(b->bytes, b->len));
}

enum err change_digest(struct view jws, uint8_t ret[CHANGE_DIGEST])
{
	return EVP_Digest(jws.data, jws.len, ret, NULL, EVP_sha256(), NULL) == 1
		       ? OK
		       : err_fail(ERR_CRYPTO, "10.6: SHA-256");
}

/* --- what may stand there --- */

static bool is_of(const struct ident *client, const struct ident *realm)
{
	return client->kind == IDENT_CLIENT && realm->kind == IDENT_FQDN &&
	       view_equal(ident_realm_of(client), ident_view(realm));
}

static enum err check_parties(const struct ident *old_realm, const struct ident *client,
	const struct ident *new_realm, const struct ident *new_client)
{
	if (!is_of(client, old_realm) || !is_of(new_client, new_realm)) {
		return err_fail(ERR_SYNTAX, "10.6: a client is not of the realm beside it");
	}
	return ident_equal(old_realm, new_realm)
		       ? err_fail(ERR_SYNTAX, "10.6: old and new realm are the same")
		       : OK;
}

static enum err check_consent(const struct change_consent *c)
{
	TRY(check_parties(&c->old_realm, &c->client, &c->new_realm, &c->new_client));
	if (c->device_key.len == 0 || c->device_key.bytes[0] != JOSE_ES256) {
		return err_fail(ERR_SYNTAX, "10.6: device_key: a P-256 key is wanted");
	}
	return c->expires > c->issued
		       ? OK
		       : err_fail(ERR_SYNTAX, "10.6: a consent that ends before it begins");
}

static enum err check_order(const struct change_order *o)
{
	TRY(check_parties(&o->realm, &o->client, &o->new_realm, &o->new_client));
	if (o->key_count == 0 || o->key_count > CHANGE_KEYS) {
		return err_fail(ERR_RANGE, "10.6.2: an order names 1 to %d keys", CHANGE_KEYS);
	}
	return o->serial > 0 && o->serial <= (uint64_t)SERIAL_MAX
		       ? OK
		       : err_fail(ERR_RANGE, "10.6.2: an order's serial begins at 1");
}

/* --- written --- */

static void put_time(struct json_writer *w, const char *name, int64_t seconds)
{
	char text[TEXT_TIME];

	text_time(seconds, text);
	json_put_string(w, name, text);
}

static void put_bytes(struct json_writer *w, const char *name, const uint8_t *bytes, size_t len)
{
	char text[CHANGE_DIGEST * 2];
	struct buf out = buf_fixed(text, sizeof(text));

	text_base64url(&out, view_of(bytes, len));
	json_put_text(w, name, buf_contents(&out));
}

static enum err put_key(struct json_writer *w, const char *name, const struct change_key *key)
{
	JOSE_KEY_CLEANUP struct jose_key *read = NULL;

	TRY(jose_key_from_public(view_of(key->bytes, key->len), &read));
	return jose_key_write_jwk(read, w, name);
}

enum err change_consent_sign(const struct change_consent *in, jose_signer *sign, void *user,
	struct buf *out)
{
	BUF_CLEANUP struct buf payload = buf_growing(CHANGE_JWS);
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	struct json_writer w = json_to(&payload);

	TRY(check_consent(in));
	json_open(&w, NULL);
	json_put_string(&w, "old_realm", in->old_realm.text);
	json_put_string(&w, "client", in->client.text);
	json_put_string(&w, "new_realm", in->new_realm.text);
	json_put_string(&w, "new_client", in->new_client.text);
	json_put_string(&w, "new_key", in->new_key);
	TRY(put_key(&w, "device_key", &in->device_key));
	put_bytes(&w, "nonce", in->nonce, sizeof(in->nonce));
	put_time(&w, "iat", in->issued);
	put_time(&w, "exp", in->expires);
	json_put_string(&w, "method", change_method_name(in->method));
	json_put_bool(&w, "pseudonyms", in->pseudonyms);
	json_close(&w);
	TRY(buf_end(&payload, "consent"));
	TRY(jose_key_from_public(view_of(in->device_key.bytes, in->device_key.len), &key));
	return jose_sign_with(key, sign, user, CHANGE_CONSENT_TYP, buf_contents(&payload), out);
}

enum err change_order_sign(const struct change_order *in, const struct jose_key *realm_key,
	struct buf *out)
{
	BUF_CLEANUP struct buf payload = buf_growing(CHANGE_JWS);
	struct json_writer w = json_to(&payload);

	TRY(check_order(in));
	json_open(&w, NULL);
	json_put_string(&w, "realm", in->realm.text);
	json_put_string(&w, "client", in->client.text);
	json_put_string(&w, "new_realm", in->new_realm.text);
	json_put_string(&w, "new_client", in->new_client.text);
	json_open_array(&w, "keys");
	for (size_t i = 0; i < in->key_count; i++) {
		TRY(put_key(&w, NULL, &in->keys[i]));
	}
	json_close_array(&w);
	json_put_int(&w, "serial", (int64_t)in->serial);
	put_bytes(&w, "nonce", in->nonce, sizeof(in->nonce));
	put_time(&w, "iat", in->issued);
	put_time(&w, "exp", in->expires);
	json_close(&w);
	TRY(buf_end(&payload, "order"));
	return jose_sign(realm_key, CHANGE_ORDER_TYP, buf_contents(&payload), out);
}

enum err change_receipt_sign(const struct change_receipt *in, const struct jose_key *device_key,
	jose_signer *sign, void *user, struct buf *out)
{
	BUF_CLEANUP struct buf payload = buf_growing(CHANGE_JWS);
	struct json_writer w = json_to(&payload);

	TRY(change_id_check(view_text(in->change), "10.6.2: change"));
	json_open(&w, NULL);
	json_put_string(&w, "change", in->change);
	put_bytes(&w, "order", in->order, sizeof(in->order));
	json_put_string(&w, "new_realm", in->new_realm.text);
	put_time(&w, "iat", in->issued);
	json_close(&w);
	TRY(buf_end(&payload, "receipt"));
	return jose_sign_with(device_key, sign, user, CHANGE_RECEIPT_TYP, buf_contents(&payload),
		out);
}

/* --- read --- */

static enum err get_ident(const struct json *root, const char *name, enum ident_kind kind,
	struct ident *ret)
{
	struct view text;

	TRY(json_text(root, name, &text));
	return ident_parse(kind, text, ret);
}

static enum err get_time(const struct json *root, const char *name, int64_t *ret)
{
	struct view text;

	TRY(json_text(root, name, &text));
	return text_from_time(text, ret, name);
}

static enum err get_bytes(const struct json *root, const char *name, uint8_t *to, size_t size)
{
	struct view text;
	size_t len = 0;

	TRY(json_text(root, name, &text));
	TRY(text_from_base64url(text, to, size, &len, name));
	return len == size ? OK : err_fail(ERR_SYNTAX, "10.6: %s of %zu bytes", name, len);
}

static enum err get_key(const struct json *jwk, struct change_key *ret)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;

	if (!jwk) {
		return err_fail(ERR_SYNTAX, "10.6: a key is missing");
	}
	TRY(jose_key_from_jwk(jwk, &key));
	return change_key_of(key, ret);
}

static enum err read_parties(const struct json *root, const char *old_name, struct ident *ret_old,
	struct ident *ret_client, struct ident *ret_new, struct ident *ret_new_client)
{
	TRY(get_ident(root, old_name, IDENT_FQDN, ret_old));
	TRY(get_ident(root, "client", IDENT_CLIENT, ret_client));
	TRY(get_ident(root, "new_realm", IDENT_FQDN, ret_new));
	return get_ident(root, "new_client", IDENT_CLIENT, ret_new_client);
}

static enum err read_consent(struct view text, struct change_consent *ret)
{
	JSON_CLEANUP struct json *root = NULL;
	struct view method, new_key;

	TRY(json_parse(text, CHANGE_JWS, &root));
	TRY(read_parties(root, "old_realm", &ret->old_realm, &ret->client, &ret->new_realm,
		&ret->new_client));
	TRY(json_text(root, "new_key", &new_key));
	if (new_key.len != JOSE_THUMBPRINT - 1) {
		return err_fail(ERR_SYNTAX, "10.6: new_key: no thumbprint (RFC 7638)");
	}
	TRY(text_copy(ret->new_key, sizeof(ret->new_key), new_key, "10.6: new_key"));
	TRY(get_key(json_member(root, "device_key"), &ret->device_key));
	TRY(get_bytes(root, "nonce", ret->nonce, sizeof(ret->nonce)));
	TRY(get_time(root, "iat", &ret->issued));
	TRY(get_time(root, "exp", &ret->expires));
	TRY(json_text(root, "method", &method));
	TRY(change_method_of(method, &ret->method));
	TRY(json_bool_opt(root, "pseudonyms", &ret->pseudonyms));
	return check_consent(ret);
}

static enum err read_keys(const struct json *root, struct change_order *ret)
{
	const struct json *item = json_item(json_member(root, "keys"), 0);

	for (; item; item = json_next(item)) {
		if (ret->key_count == CHANGE_KEYS) {
			return err_fail(ERR_RANGE, "10.6.2: more than %d keys", CHANGE_KEYS);
		}
		TRY(get_key(item, &ret->keys[ret->key_count]));
		ret->key_count++;
	}
	return OK;
}

static enum err read_order(struct view text, struct change_order *ret)
{
	JSON_CLEANUP struct json *root = NULL;
	int64_t serial = 0;

	TRY(json_parse(text, CHANGE_JWS, &root));
	TRY(read_parties(root, "realm", &ret->realm, &ret->client, &ret->new_realm,
		&ret->new_client));
	TRY(read_keys(root, ret));
	TRY(json_int(root, "serial", 1, SERIAL_MAX, &serial));
	ret->serial = (uint64_t)serial;
	TRY(get_bytes(root, "nonce", ret->nonce, sizeof(ret->nonce)));
	TRY(get_time(root, "iat", &ret->issued));
	TRY(get_time(root, "exp", &ret->expires));
	return check_order(ret);
}

static enum err read_receipt(struct view text, struct change_receipt *ret)
{
	JSON_CLEANUP struct json *root = NULL;
	struct view change;

	TRY(json_parse(text, CHANGE_JWS, &root));
	TRY(json_text(root, "change", &change));
	TRY(change_id_check(change, "10.6.2: change"));
	TRY(text_copy(ret->change, sizeof(ret->change), change, "10.6.2: change"));
	TRY(get_bytes(root, "order", ret->order, sizeof(ret->order)));
	TRY(get_ident(root, "new_realm", IDENT_FQDN, &ret->new_realm));
	return get_time(root, "iat", &ret->issued);
}

/* --- verified --- */

static enum err open_jws(const struct jose_key *const *keys, size_t count, const char *typ,
	struct view jws, struct buf *ret)
{
	return jws.len <= CHANGE_JWS
		       ? jose_verify(keys, count, typ, jws, ret)
		       : err_fail(ERR_RANGE, "10.6: a JWS longer than %d bytes", CHANGE_JWS);
}

/* Not trusted yet: only the key is taken, to verify the whole with. */
static enum err key_within(struct view jws, struct jose_key **ret)
{
	BUF_CLEANUP struct buf payload = buf_growing(CHANGE_JWS);
	JSON_CLEANUP struct json *root = NULL;
	const uint8_t *end = jws.data + jws.len;
	const uint8_t *first = jws.len > 0 ? memchr(jws.data, '.', jws.len) : NULL;
	const uint8_t *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;

	if (!second || jws.len > CHANGE_JWS) {
		return err_fail(ERR_SYNTAX, "10.6: a consent is a compact JWS");
	}
	struct view encoded = view_of(first + 1, (size_t)(second - first - 1));
	uint8_t *to = buf_extend(&payload, encoded.len + 1);
	size_t len = 0;

	if (!to) {
		return buf_end(&payload, "consent");
	}
	TRY(text_from_base64url(encoded, to, encoded.len + 1, &len, "consent"));
	TRY(json_parse(view_of(to, len), CHANGE_JWS, &root));
	const struct json *jwk = json_member(root, "device_key");

	return jwk ? jose_key_from_jwk(jwk, ret)
		   : err_fail(ERR_SYNTAX, "10.6: a consent without device_key");
}

static enum err verify_consent(const struct jose_key *key, struct view jws,
	struct change_consent *ret)
{
	BUF_CLEANUP struct buf payload = buf_growing(CHANGE_JWS);
	struct change_key used;

	TRY(open_jws(&key, 1, CHANGE_CONSENT_TYP, jws, &payload));
	TRY(read_consent(buf_contents(&payload), ret));
	TRY(change_key_of(key, &used));
	return change_key_equal(&used, &ret->device_key)
		       ? OK
		       : err_fail(ERR_AUTH,
				 "10.6: the consent names another key than the device's");
}

enum err change_consent_verify(const struct jose_key *registered, int64_t now, struct view jws,
	struct change_consent *ret)
{
	JOSE_KEY_CLEANUP struct jose_key *named = NULL;
	struct change_consent got = {.issued = 0};

	if (!registered) {
		TRY(key_within(jws, &named));
	}
	TRY(verify_consent(registered ? registered : named, jws, &got));
	if (now >= got.expires) {
		return err_fail(ERR_EXPIRED, "10.6: the consent has expired");
	}
	*ret = got;
	return OK;
}

enum err change_order_verify(const struct jose_key *const *anchors, size_t count, int64_t now,
	struct view jws, struct change_order *ret)
{
	BUF_CLEANUP struct buf payload = buf_growing(CHANGE_JWS);
	struct change_order got = {.issued = 0};

	TRY(open_jws(anchors, count, CHANGE_ORDER_TYP, jws, &payload));
	TRY(read_order(buf_contents(&payload), &got));
	if (now >= got.expires) {
		return err_fail(ERR_EXPIRED, "10.6.2: the order has expired");
	}
	*ret = got;
	return OK;
}

enum err change_receipt_verify(const struct jose_key *device_key, struct view jws,
	struct change_receipt *ret)
{
	BUF_CLEANUP struct buf payload = buf_growing(CHANGE_JWS);
	struct change_receipt got = {.issued = 0};

	TRY(open_jws(&device_key, 1, CHANGE_RECEIPT_TYP, jws, &payload));
	TRY(read_receipt(buf_contents(&payload), &got));
	*ret = got;
	return OK;
}
