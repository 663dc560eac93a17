// SPDX-License-Identifier: Apache-2.0
#include "wire/evidence.h"

#include "base/text.h"

#include <string.h>

enum { PROOF_PAYLOAD_MAX = FACTS_JSON_MAX + 1024 };

typedef enum err verify_fn(const struct json *evidence, const struct evidence_wanted *wanted,
	struct evidence *ret);

struct kind {
	enum rot_kind kind;
	bool needs_nonce;
	verify_fn *verify;
};

static verify_fn verify_aka, verify_x509;

static const struct kind kinds[] = {
	{ROT_AKA, false, verify_aka},
	{ROT_X509, true, verify_x509},
};

/* --- the token of RP_D --- */

/* A subscription proves no device: which one it is in is the realm's word, given by its grant.  req: R9.2-note */
static enum err verify_aka(const struct json *evidence, const struct evidence_wanted *wanted,
	struct evidence *ret)
{
	static const char *const known[] = {"kind", NULL};

	TRY(json_only(evidence, known));
	if (!wanted->granted) {
		return err_fail(ERR_DENIED, "9.2 i a: aka: the operator's realm does not tell this "
					    "registry which device the subscription is in");
	}
	ret->device = *wanted->granted;
	ret->origin.kind = ROT_AKA;
	return text_copy(ret->origin.id, sizeof(ret->origin.id), wanted->realm, "9.2 i a: realm");
}

/* --- a certificate and a signature --- */

static enum err check_text(const struct json *payload, const char *name, struct view wanted)
{
	struct view text;

	TRY(json_text(payload, name, &text));
	return view_equal(text, wanted) ? OK
					: err_fail(ERR_AUTH, "9.2 i a: proof: of another %s", name);
}

static enum err check_nonce(const struct json *payload, struct view wanted)
{
	char digits[2 * EVIDENCE_NONCE];
	struct buf text = buf_fixed(digits, sizeof(digits));
	struct view nonce;

	TRY(json_text(payload, "nonce", &nonce));
	if (wanted.len != EVIDENCE_NONCE) {
		return err_fail(ERR_REPLAY,
			"9.2 i a: proof: there is no nonce for it: ask for one");
	}
	text_base64url(&text, wanted);
	return view_equal(nonce, buf_contents(&text))
		       ? OK
		       : err_fail(ERR_REPLAY, "9.2 i a: proof: over another nonce");
}

static enum err verify_proof(const struct jose_key *key, struct view proof,
	const struct evidence_wanted *wanted, struct device_facts *ret)
{
	static const char *const known[] = {"registry", "token", "nonce", "facts", NULL};
	BUF_CLEANUP struct buf text = buf_growing(JOSE_PAYLOAD_MAX + 4);
	JSON_CLEANUP struct json *payload = NULL;

	TRY(jose_verify(&key, 1, EVIDENCE_TYP, proof, &text));
	TRY(json_parse(buf_contents(&text), PROOF_PAYLOAD_MAX, &payload));
	TRY(json_only(payload, known));
	TRY(check_text(payload, "registry", reg_id_view(wanted->registry)));
	TRY(check_text(payload, "token", wanted->token));
	TRY(check_nonce(payload, wanted->nonce));
	return facts_read(json_member(payload, "facts"), ret);
}

enum err evidence_verify_proof(struct view key, struct view proof,
	const struct evidence_wanted *wanted, struct device_facts *ret)
{
	JOSE_KEY_CLEANUP struct jose_key *public = NULL;
	uint8_t bytes[JOSE_PUBLIC_MAX];
	size_t len = 0;

	TRY(text_from_base64url(key, bytes, sizeof(bytes), &len, "9.2 i a: the device's key"));
	TRY(jose_key_from_public(view_of(bytes, len), &public));
	return verify_proof(public, proof, wanted, ret);
}

static enum err print_key(struct view public, char ret[EVIDENCE_KEY])
{
	struct buf text = buf_fixed(ret, EVIDENCE_KEY);

	text_base64url(&text, public);
	return *buf_string(&text) ? OK : err_fail(ERR_RANGE, "9.2 i a: the device's key");
}

struct chain {
	uint8_t der[DEVICE_CHAIN_MAX][DEVICE_CERTIFICATE_MAX];
	struct view views[DEVICE_CHAIN_MAX];
	size_t count;
};

static enum err read_chain(const struct json *evidence, struct chain *ret)
{
	const struct json *array = json_member(evidence, "chain");

	ret->count = 0;
	if (!json_is_array(array) || json_count(array) > DEVICE_CHAIN_MAX) {
		return err_fail(ERR_SYNTAX,
			"7 iii: chain: an array of up to %d certificates is "
			"wanted",
			DEVICE_CHAIN_MAX);
	}
	for (const struct json *item = json_item(array, 0); item; item = json_next(item)) {
		struct view text;
		size_t len = 0;

		TRY(json_as_text(item, &text));
		TRY(text_from_base64(text, ret->der[ret->count], DEVICE_CERTIFICATE_MAX, &len,
			"7 iii: chain"));
		ret->views[ret->count] = view_of(ret->der[ret->count], len);
		ret->count++;
	}
	return OK;
}

static enum err verify_x509(const struct json *evidence, const struct evidence_wanted *wanted,
	struct evidence *ret)
{
	static const char *const known[] = {"kind", "chain", "proof", NULL};
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	struct device_certificate certificate;
	struct chain chain;
	struct view proof;

	TRY(json_only(evidence, known));
	TRY(json_text(evidence, "proof", &proof));
	TRY(read_chain(evidence, &chain));
	TRY(device_certificate_verify(wanted->roots, chain.views, chain.count, wanted->now,
		&certificate, &key));
	TRY(verify_proof(key, proof, wanted, &ret->facts));
	ret->has_facts = true;
	ret->device = certificate.device;
	ret->origin = certificate.origin;
	memcpy(ret->serial, certificate.serial, sizeof(ret->serial));
	return print_key(view_of(certificate.key, certificate.key_len), ret->key);
}

/* --- any kind --- */

static enum err find_kind(const struct json *evidence, const struct kind **ret)
{
	enum rot_kind wanted = ROT_NONE;
	struct view name;

	if (!json_is_object(evidence)) {
		return err_fail(ERR_SYNTAX, "7 iii: evidence of a root of trust is required");
	}
	TRY(json_text(evidence, "kind", &name));
	TRY(rot_kind_of(name, &wanted));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].kind == wanted) {
			*ret = &kinds[i];
			return OK;
		}
	}
	return err_fail(ERR_UNSUPPORTED, "9.1 vi: evidence: a kind that is not accepted here");
}

enum err evidence_verify(const struct json *evidence, const struct evidence_wanted *wanted,
	struct evidence *ret)
{
	struct evidence got = {.has_facts = false};
	const struct kind *kind = NULL;

	TRY(find_kind(evidence, &kind));
	TRY(kind->verify(evidence, wanted, &got));
	*ret = got;
	return OK;
}

bool evidence_needs_nonce(const struct json *evidence)
{
	const struct kind *kind = NULL;

	return find_kind(evidence, &kind) == OK && kind->needs_nonce;
}

/* --- the device's side --- */

enum err evidence_payload(const struct evidence_claim *claim, struct buf *out)
{
	char digits[2 * EVIDENCE_NONCE];
	struct buf nonce = buf_fixed(digits, sizeof(digits));
	struct json_writer w = json_to(out);

	text_base64url(&nonce, claim->nonce);
	TRY(buf_end(&nonce, "nonce"));
	json_open(&w, NULL);
	json_put_text(&w, "registry", reg_id_view(claim->registry));
	json_put_text(&w, "token", claim->token);
	json_put_text(&w, "nonce", buf_contents(&nonce));
	facts_write(&w, "facts", claim->facts);
	json_close(&w);
	return buf_end(out, "evidence");
}

void evidence_put_x509(struct json_writer *w, const char *name, const struct view *chain,
	size_t count, struct view proof)
{
	json_open(w, name);
	json_put_string(w, "kind", rot_kind_name(ROT_X509));
	json_open_array(w, "chain");
	for (size_t i = 0; i < count; i++) {
		BUF_CLEANUP struct buf text = buf_growing(2 * DEVICE_CERTIFICATE_MAX);

		text_base64(&text, chain[i]);
		w->out->failed |= text.failed;
		json_put_text(w, NULL, buf_contents(&text));
	}
	json_close_array(w);
	json_put_text(w, "proof", proof);
	json_close(w);
}
