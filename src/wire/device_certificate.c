// SPDX-License-Identifier: Apache-2.0
#include "wire/device_certificate.h"

#include "base/table.h"
#include "base/text.h"
#include "wire/device_name.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum {
	PEM_MAX = 64 * 1024,
	LISTED_MAX = 1 << 20, /* fingerprints that are pinned or withdrawn */
	READ_MAX = 256,	      /* authorities that are kept read */
	FINGERPRINT = 32,
	SECURITY_LEVEL = 2, /* 112 bits, no SHA-1 */
};

#define PINNED	  ((void *)1)
#define WITHDRAWN ((void *)2)

struct trust_roots {
	X509_STORE *store;
	struct table *listed; /* fingerprint -> PINNED or WITHDRAWN */
	struct table *read; /* SHA-256 of DER -> X509: authorities that many devices show, read before */
};

/* --- roots --- */

enum err trust_roots_new(struct trust_roots **ret)
{
	struct trust_roots *roots = calloc(1, sizeof(*roots));

	if (!roots) {
		return err_fail(ERR_MEMORY, "roots of trust");
	}
	roots->store = X509_STORE_new();
	if (!roots->store || table_new(LISTED_MAX, &roots->listed) != OK ||
		table_new(READ_MAX, &roots->read) != OK) {
		trust_roots_free(roots);
		return err_fail(ERR_MEMORY, "roots of trust");
	}
	*ret = roots;
	return OK;
}

static void forget_one(void *user, struct view key, void *value)
{
	(void)table_remove(user, key);
	X509_free(value);
}

void trust_roots_free(struct trust_roots *roots)
{
	if (roots) {
		X509_STORE_free(roots->store);
		table_free(roots->listed);
		if (roots->read) {
			table_each(roots->read, forget_one, roots->read);
		}
		table_free(roots->read);
		free(roots);
	}
}

static enum err fingerprint_of(const X509 *certificate, uint8_t ret[FINGERPRINT])
{
	unsigned len = 0;

	return X509_digest(certificate, EVP_sha256(), ret, &len) == 1 && len == FINGERPRINT
		       ? OK
		       : err_fail(ERR_CRYPTO, "certificate: SHA-256");
}

static enum err print_fingerprint(const uint8_t fingerprint[FINGERPRINT], char ret[FINGERPRINT_TEXT])
{
	struct buf text = buf_fixed(ret, FINGERPRINT_TEXT);

	text_hex(&text, view_of(fingerprint, FINGERPRINT));
	return *buf_string(&text) ? OK : err_fail(ERR_RANGE, "fingerprint");
}

enum err trust_roots_add(struct trust_roots *roots, struct view pem, char ret_id[FINGERPRINT_TEXT])
{
	BIO *bio =
		pem.len > 0 && pem.len <= PEM_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
	X509 *root = bio ? PEM_read_bio_X509(bio, NULL, NULL, (void *)"") : NULL;
	uint8_t fingerprint[FINGERPRINT];
	enum err err =
		root ? fingerprint_of(root, fingerprint)
		     : err_fail(ERR_SYNTAX, "9.1 vi: root of trust: no PEM of a certificate");

	BIO_free(bio);
	if (err == OK && X509_check_ca(root) == 0) {
		err = err_fail(ERR_UNSUPPORTED, "9.1 vi: root of trust: not an authority's "
						"certificate; one device's own is "
						"pinned");
	}
	if (err == OK && X509_STORE_add_cert(roots->store, root) != 1) {
		err = err_fail(ERR_CRYPTO, "9.1 vi: root of trust: not taken");
	}
	X509_free(root);
	return err == OK ? print_fingerprint(fingerprint, ret_id) : err;
}

static enum err list(struct trust_roots *roots, struct view text, void *as)
{
	uint8_t fingerprint[FINGERPRINT];
	size_t len = 0;

	TRY(text_from_hex(text, fingerprint, sizeof(fingerprint), &len, "9.1 vi: fingerprint"));
	if (len != FINGERPRINT) {
		return err_fail(ERR_SYNTAX,
			"9.1 vi: fingerprint: 64 hexadecimal digits are wanted");
	}
	(void)table_remove(roots->listed, VIEW(fingerprint));
	return table_put(roots->listed, VIEW(fingerprint), as);
}

enum err trust_roots_pin(struct trust_roots *roots, struct view fingerprint)
{
	return list(roots, fingerprint, PINNED);
}

enum err trust_roots_withdraw(struct trust_roots *roots, struct view fingerprint)
{
	return list(roots, fingerprint, WITHDRAWN);
}

enum err trust_roots_restore(struct trust_roots *roots, struct view fingerprint)
{
	TRY(list(roots, fingerprint, WITHDRAWN));
	uint8_t bytes[FINGERPRINT];
	size_t len = 0;

	TRY(text_from_hex(fingerprint, bytes, sizeof(bytes), &len, "9.1 vi: fingerprint"));
	(void)table_remove(roots->listed, VIEW(bytes));
	return OK;
}

/* --- the chain --- */

static enum err read_one(struct view der, X509 **ret)
{
	const uint8_t *at = der.data;
	X509 *certificate = der.len > 0 && der.len <= DEVICE_CERTIFICATE_MAX
				    ? d2i_X509(NULL, &at, (long)der.len)
				    : NULL;

	if (!certificate || at != der.data + der.len) {
		X509_free(certificate);
		return err_fail(ERR_SYNTAX, "7 iii: chain: not a certificate in DER");
	}
	*ret = certificate;
	return OK;
}

/* Reading one takes as long as two signatures do; all devices of a factory show the same. */
static enum err read_authority(const struct trust_roots *roots, struct view der, X509 **ret)
{
	uint8_t digest[FINGERPRINT];
	unsigned len = 0;

	if (EVP_Digest(der.data, der.len, digest, &len, EVP_sha256(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "7 iii: chain: SHA-256");
	}
	X509 *known = table_get(roots->read, VIEW(digest));

	if (!known) {
		TRY(read_one(der, &known));
		if (table_count(roots->read) == READ_MAX) {
			table_each(roots->read, forget_one, roots->read);
		}
		enum err err = table_put(roots->read, VIEW(digest), known);

		if (err != OK) {
			X509_free(known);
			return err;
		}
	}
	*ret = X509_up_ref(known) == 1 ? known : NULL;
	return *ret ? OK : err_fail(ERR_CRYPTO, "7 iii: chain: reference");
}

static void free_chain(STACK_OF(X509) * *chain)
{
	sk_X509_pop_free(*chain, X509_free);
}

static enum err read_chain(const struct trust_roots *roots, const struct view *chain, size_t count,
	STACK_OF(X509) * ret)
{
	if (count == 0 || count > DEVICE_CHAIN_MAX) {
		return err_fail(ERR_RANGE, "7 iii: chain: 1 to %d certificates are wanted",
			DEVICE_CHAIN_MAX);
	}
	for (size_t i = 0; i < count; i++) {
		X509 *one = NULL;

		TRY(i == 0 ? read_one(chain[i], &one) : read_authority(roots, chain[i], &one));
		if (sk_X509_push(ret, one) <= 0) {
			X509_free(one);
			return err_fail(ERR_MEMORY, "7 iii: chain");
		}
	}
	return OK;
}

static enum err say(int code)
{
	const char *why = X509_verify_cert_error_string(code);

	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return err_fail(ERR_EXPIRED, "7 iii: root of trust: %s", why);
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
		return err_fail(ERR_DENIED, "7 iii: the chain ends at no root of trust that is "
					    "accepted here (9.1 vi)");
	default:
		return err_fail(ERR_AUTH, "7 iii: root of trust: %s", why);
	}
}

/* Of all from the device to the root. */
static enum err check_withdrawn(const struct trust_roots *roots, STACK_OF(X509) * chain)
{
	for (int i = 0; i < sk_X509_num(chain); i++) {
		uint8_t fingerprint[FINGERPRINT];

		TRY(fingerprint_of(sk_X509_value(chain, i), fingerprint));
		if (table_get(roots->listed, VIEW(fingerprint)) == WITHDRAWN) {
			return err_fail(ERR_DENIED, "7 iii: %s was withdrawn (9.1 vi)",
				i == 0 ? "the device's certificate" : "the root of trust");
		}
	}
	return OK;
}

static enum err check_chain(const struct trust_roots *roots, X509_STORE_CTX *context,
	STACK_OF(X509) * shown, char ret_root[FINGERPRINT_TEXT])
{
	uint8_t fingerprint[FINGERPRINT];

	TRY(check_withdrawn(roots, shown));
	if (X509_verify_cert(context) != 1) {
		return say(X509_STORE_CTX_get_error(context));
	}
	STACK_OF(X509) *whole = X509_STORE_CTX_get0_chain(context);

	TRY(check_withdrawn(roots, whole));
	TRY(fingerprint_of(sk_X509_value(whole, sk_X509_num(whole) - 1), fingerprint));
	return print_fingerprint(fingerprint, ret_root);
}

/* To the root. An issuing authority of a maker may be accepted without the maker's root. */
static enum err verify_chain(const struct trust_roots *roots, STACK_OF(X509) * shown, int64_t now,
	char ret_root[FINGERPRINT_TEXT])
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();

	if (!context ||
		X509_STORE_CTX_init(context, roots->store, sk_X509_value(shown, 0), shown) != 1) {
		X509_STORE_CTX_free(context);
		return err_fail(ERR_MEMORY, "7 iii: chain");
	}
	X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(context);

	X509_VERIFY_PARAM_set_time(rules, (time_t)now);
	X509_VERIFY_PARAM_set_depth(rules, DEVICE_CHAIN_MAX);
	X509_VERIFY_PARAM_set_auth_level(rules, SECURITY_LEVEL);
	(void)X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
	enum err err = check_chain(roots, context, shown, ret_root);

	X509_STORE_CTX_free(context);
	return err;
}

static enum err check_dates(const X509 *certificate, int64_t now)
{
	time_t at = (time_t)now;

	return X509_cmp_time(X509_get0_notBefore(certificate), &at) < 0 &&
			       X509_cmp_time(X509_get0_notAfter(certificate), &at) > 0
		       ? OK
		       : err_fail(ERR_EXPIRED, "7 iii: the device's certificate is not valid now");
}

/* It signs for itself, and for nobody else. */
static enum err check_use(X509 *device)
{
	uint32_t usage = X509_get_key_usage(device);

	if (X509_get_extension_flags(device) & EXFLAG_CA) {
		return err_fail(ERR_AUTH, "7 iii: an authority's certificate is no device's");
	}
	return usage & KU_DIGITAL_SIGNATURE
		       ? OK
		       : err_fail(ERR_AUTH, "7 iii: the device's key is not one for signatures");
}

/* OpenSSL has it already: reading it anew would take longer than all of the signatures. */
static enum err read_key(X509 *certificate, struct device_certificate *ret,
	struct jose_key **ret_key)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	EVP_PKEY *pkey = X509_get0_pubkey(certificate);
	struct buf bytes = buf_fixed(ret->key, sizeof(ret->key));

	if (!pkey || jose_key_from_openssl(pkey, &key) != OK) {
		return err_fail(ERR_UNSUPPORTED, "7 iii: a device's key of P-256 or Ed25519 is "
						 "wanted");
	}
	TRY(jose_key_public(key, &bytes));
	ret->key_len = bytes.len;
	TRY(buf_end(&bytes, "7 iii: the device's key"));
	*ret_key = key;
	key = NULL;
	return OK;
}

/* The key comes last: nothing can fail once it is handed over. */
static enum err verify(const struct trust_roots *roots, STACK_OF(X509) * shown, int64_t now,
	struct device_certificate *ret, struct jose_key **ret_key)
{
	X509 *device = sk_X509_value(shown, 0);
	uint8_t fingerprint[FINGERPRINT];

	TRY(fingerprint_of(device, fingerprint));
	TRY(print_fingerprint(fingerprint, ret->id));
	if (table_get(roots->listed, VIEW(fingerprint)) == PINNED) {
		TRY(check_dates(device, now));
		TRY(print_fingerprint(fingerprint, ret->origin.id));
	} else {
		TRY(verify_chain(roots, shown, now, ret->origin.id));
	}
	ret->origin.kind = ROT_X509;
	TRY(check_use(device));
	device_serial_of(device, ret->serial);
	TRY(device_name_of(device, ret->serial, &ret->device));
	return read_key(device, ret, ret_key);
}

enum err device_certificate_verify(const struct trust_roots *roots, const struct view *chain,
	size_t count, int64_t now, struct device_certificate *ret, struct jose_key **ret_key)
{
	__attribute__((cleanup(free_chain))) STACK_OF(X509) *shown = sk_X509_new_null();
	struct device_certificate got = {.serial = ""};

	if (!shown) {
		return err_fail(ERR_MEMORY, "7 iii: chain");
	}
	TRY(read_chain(roots, chain, count, shown));
	TRY(verify(roots, shown, now, &got, ret_key));
	*ret = got;
	return OK;
}
