// SPDX-License-Identifier: Apache-2.0
#include "wire/transfer.h"

#include "base/text.h"
#include "wire/json.h"

#include <openssl/evp.h>
#include <string.h>

enum { PAYLOAD_MAX = 2048 };

/* What both have. */
struct signed_terms {
	struct view issuer, registry, device, taker, offer;
	int64_t issued, expires;
};

/* ---- written ---- */

static enum err sign(const struct signed_terms *terms, const char *typ, const struct jose_key *key,
	struct buf *out)
{
	BUF_CLEANUP struct buf payload = buf_growing(PAYLOAD_MAX);
	struct json_writer w = json_to(&payload);
	char issuer[JOSE_THUMBPRINT];

	TRY(jose_thumbprint(key, issuer));
	json_open(&w, NULL);
	json_put_string(&w, "iss", issuer);
	json_put_text(&w, "aud", terms->registry);
	json_put_text(&w, "sub", terms->device);
	if (terms->taker.len > 0) {
		json_put_text(&w, "taker", terms->taker);
	}
	if (terms->offer.len > 0) {
		json_put_text(&w, "offer", terms->offer);
	}
	json_put_int(&w, "iat", terms->issued);
	json_put_int(&w, "exp", terms->expires);
	json_close(&w);
	TRY(buf_end(&payload, "transfer"));
	return jose_sign(key, typ, buf_contents(&payload), out);
}

enum err transfer_offer_sign(const struct transfer_offer *offer, struct view registry,
	const struct jose_key *key, struct buf *out)
{
	const struct signed_terms terms = {
		.registry = registry,
		.device = view_text(offer->device),
		.taker = view_text(offer->taker),
		.issued = offer->issued,
		.expires = offer->expires,
	};

	return sign(&terms, TRANSFER_OFFER_TYP, key, out);
}

enum err transfer_acceptance_sign(const struct transfer_offer *offer, struct view registry,
	const struct jose_key *key, struct buf *out)
{
	const struct signed_terms terms = {
		.registry = registry,
		.device = view_text(offer->device),
		.offer = view_text(offer->id),
		.issued = offer->issued,
		.expires = offer->expires,
	};

	return sign(&terms, TRANSFER_ACCEPTANCE_TYP, key, out);
}

/* ---- read ---- */

static enum err read_terms(const struct json *payload, struct signed_terms *ret)
{
	static const char *const known[] = {"iss", "aud", "sub", "taker", "offer", "iat", "exp",
		NULL};

	*ret = (struct signed_terms){.issued = 0};
	TRY(json_only(payload, known));
	TRY(json_text(payload, "iss", &ret->issuer));
	TRY(json_text(payload, "aud", &ret->registry));
	TRY(json_text(payload, "sub", &ret->device));
	TRY(json_text_opt(payload, "taker", &ret->taker));
	TRY(json_text_opt(payload, "offer", &ret->offer));
	TRY(json_int(payload, "iat", 0, INT32_MAX, &ret->issued));
	return json_int(payload, "exp", 0, INT64_C(1) << 40, &ret->expires);
}

/* Of what was signed alone: there are two signatures of ECDSA for one that is known. */
static enum err make_id(struct view jws, char ret[TRANSFER_ID])
{
	struct buf id = buf_fixed(ret, TRANSFER_ID);
	const uint8_t *end = memrchr(jws.data, '.', jws.len);
	uint8_t digest[32];
	unsigned len = 0;

	if (!end || EVP_Digest(jws.data, (size_t)(end - jws.data), digest, &len, EVP_sha256(),
			    NULL) != 1) {
		return err_fail(ERR_CRYPTO, "SHA-256 failed");
	}
	text_base64url(&id, view_of(digest, len));
	buf_u8(&id, '\0');
	return buf_end(&id, "offer");
}

static enum err read_offer(const struct signed_terms *terms, struct view jws,
	struct transfer_offer *ret)
{
	struct transfer_offer offer = {.issued = terms->issued, .expires = terms->expires};
	struct reg_dev_id device;

	TRY(reg_dev_id_parse(terms->device, &device));
	TRY(text_copy(offer.device, sizeof(offer.device), reg_dev_id_view(&device), "sub"));
	if (terms->taker.len != JOSE_THUMBPRINT - 1) {
		return err_fail(ERR_SYNTAX, "taker: the thumbprint of a key");
	}
	TRY(text_copy(offer.taker, sizeof(offer.taker), terms->taker, "taker"));
	TRY(make_id(jws, offer.id));
	*ret = offer;
	return OK;
}

enum err transfer_offer_peek(struct view jws, struct transfer_offer *ret)
{
	BUF_CLEANUP struct buf payload = buf_growing(PAYLOAD_MAX);
	JSON_CLEANUP struct json *object = NULL;
	struct signed_terms terms;

	if (jws.len > TRANSFER_JWS_MAX) {
		return err_fail(ERR_RANGE, "offer: more than %d bytes", TRANSFER_JWS_MAX);
	}
	TRY(jose_peek(jws, &payload));
	TRY(json_parse(buf_contents(&payload), PAYLOAD_MAX, &object));
	TRY(read_terms(object, &terms));
	return read_offer(&terms, jws, ret);
}

/* Whom it is for, and when. */
static enum err check_terms(const struct signed_terms *terms, const struct jose_key *key,
	const struct transfer_for *wanted)
{
	char issuer[JOSE_THUMBPRINT];

	TRY(jose_thumbprint(key, issuer));
	if (!view_is(terms->issuer, issuer)) {
		return err_fail(ERR_AUTH, "iss: not the key that signed it");
	}
	if (!view_equal(terms->registry, wanted->registry)) {
		return err_fail(ERR_DENIED, "aud: for another registry");
	}
	if (wanted->device.len > 0 && !view_equal(terms->device, wanted->device)) {
		return err_fail(ERR_DENIED, "sub: another device");
	}
	if (wanted->offer.len > 0 && !view_equal(terms->offer, wanted->offer)) {
		return err_fail(ERR_DENIED, "offer: another one");
	}
	if (terms->expires <= wanted->now || terms->issued > wanted->now + TRANSFER_SKEW) {
		return err_fail(ERR_EXPIRED, "exp: it has run out, or has not begun");
	}
	return terms->expires - terms->issued <= wanted->longest
		       ? OK
		       : err_fail(ERR_EXPIRED, "exp: more than %lld seconds after iat",
				 (long long)wanted->longest);
}

static enum err verify(const struct jose_key *key, const char *typ,
	const struct transfer_for *wanted, struct view jws, struct buf *payload,
	struct json **ret_object, struct signed_terms *ret)
{
	if (jws.len > TRANSFER_JWS_MAX) {
		return err_fail(ERR_RANGE, "more than %d bytes", TRANSFER_JWS_MAX);
	}
	TRY(jose_verify(&key, 1, typ, jws, payload));
	TRY(json_parse(buf_contents(payload), PAYLOAD_MAX, ret_object));
	TRY(read_terms(*ret_object, ret));
	return check_terms(ret, key, wanted);
}

enum err transfer_offer_verify(const struct jose_key *giver, const struct transfer_for *wanted,
	struct view jws, struct transfer_offer *ret)
{
	BUF_CLEANUP struct buf payload = buf_growing(PAYLOAD_MAX);
	JSON_CLEANUP struct json *object = NULL;
	struct signed_terms terms;

	TRY(verify(giver, TRANSFER_OFFER_TYP, wanted, jws, &payload, &object, &terms));
	return read_offer(&terms, jws, ret);
}

enum err transfer_acceptance_verify(const struct jose_key *taker, const struct transfer_for *wanted,
	struct view jws)
{
	BUF_CLEANUP struct buf payload = buf_growing(PAYLOAD_MAX);
	JSON_CLEANUP struct json *object = NULL;
	struct signed_terms terms;

	return verify(taker, TRANSFER_ACCEPTANCE_TYP, wanted, jws, &payload, &object, &terms);
}
