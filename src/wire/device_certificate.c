// SPDX-License-Identifier: Apache-2.0
#include "wire/device_certificate.h"

#include "base/table.h"
#include "base/text.h"
#include "core/reg_id.h"

#include <openssl/asn1t.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum {
	PEM_MAX = 64 * 1024,
	LISTED_MAX = 1 << 20, /* fingerprints that are pinned or withdrawn */
	FINGERPRINT = 32,
	SECURITY_LEVEL = 2, /* 112 bits, no SHA-1 */
	ISSUER_DIGITS = 8,  /* bytes of its digest */
	IP6 = 16,
};

#define PINNED	  ((void *)1)
#define WITHDRAWN ((void *)2)

struct trust_roots {
	X509_STORE *store;
	struct table *listed; /* fingerprint -> PINNED or WITHDRAWN */
};

/* --- roots --- */

enum err trust_roots_new(struct trust_roots **ret)
{
	struct trust_roots *roots = calloc(1, sizeof(*roots));

	if (!roots) {
		return err_fail(ERR_MEMORY, "roots of trust");
	}
	roots->store = X509_STORE_new();
	if (!roots->store || table_new(LISTED_MAX, &roots->listed) != OK) {
		trust_roots_free(roots);
		return err_fail(ERR_MEMORY, "roots of trust");
	}
	*ret = roots;
	return OK;
}

void trust_roots_free(struct trust_roots *roots)
{
	if (roots) {
		X509_STORE_free(roots->store);
		table_free(roots->listed);
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

static void free_chain(STACK_OF(X509) * *chain)
{
	sk_X509_pop_free(*chain, X509_free);
}

static enum err read_chain(const struct view *chain, size_t count, STACK_OF(X509) * ret)
{
	if (count == 0 || count > DEVICE_CHAIN_MAX) {
		return err_fail(ERR_RANGE, "7 iii: chain: 1 to %d certificates are wanted",
			DEVICE_CHAIN_MAX);
	}
	for (size_t i = 0; i < count; i++) {
		X509 *one = NULL;

		TRY(read_one(chain[i], &one));
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

/* --- the device --- */

/* RFC 4108 5. */
struct module_name {
	ASN1_OBJECT *type;
	ASN1_OCTET_STRING *serial;
};
ASN1_SEQUENCE(module_name) =
	{
		ASN1_SIMPLE(struct module_name, type, ASN1_OBJECT),
		ASN1_SIMPLE(struct module_name, serial, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END_name(struct module_name, module_name)

#define MODULE_NAME "1.3.6.1.5.5.7.8.4"
#define ENTERPRISE  "1.3.6.1.4.1."

		static bool is_plain(struct view serial)
{
	for (size_t i = 0; i < serial.len; i++) {
		uint8_t c = serial.data[i];

		if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
			    c == '.' || c == '-')) {
			return false;
		}
	}
	return serial.len > 0;
}

/* "32473.5.1" and a serial: urn:dev:ops:32473-5.1-SERIAL (RFC 9039 4.3); of a serial in bytes the digits. */
static bool print_module(const char *type, struct view serial, struct buf *out)
{
	size_t number = strcspn(type, ".");

	if (type[number] != '.') {
		return false;
	}
	buf_text(out, "urn:dev:ops:");
	buf_bytes(out, type, number);
	buf_u8(out, '-');
	buf_text(out, type + number + 1);
	buf_u8(out, '-');
	if (is_plain(serial)) {
		buf_view(out, serial);
	} else {
		text_hex(out, serial);
	}
	return !out->failed && serial.len > 0;
}

static bool from_module(const ASN1_TYPE *value, struct buf *out)
{
	struct module_name *name = NULL;
	char type[128] = "";
	bool fine = false;

	if (value->type == V_ASN1_SEQUENCE) {
		const uint8_t *at = value->value.sequence->data;

		name = (struct module_name *)ASN1_item_d2i(NULL, &at, value->value.sequence->length,
			ASN1_ITEM_rptr(module_name));
	}
	if (name && OBJ_obj2txt(type, sizeof(type), name->type, 1) > 0 &&
		strncmp(type, ENTERPRISE, strlen(ENTERPRISE)) == 0) {
		fine = print_module(type + strlen(ENTERPRISE),
			view_of(ASN1_STRING_get0_data(name->serial),
				(size_t)ASN1_STRING_length(name->serial)),
			out);
	}
	ASN1_item_free((ASN1_VALUE *)name, ASN1_ITEM_rptr(module_name));
	return fine;
}

static bool is_module_name(const GENERAL_NAME *name)
{
	char type[64] = "";

	return name->type == GEN_OTHERNAME &&
	       OBJ_obj2txt(type, sizeof(type), name->d.otherName->type_id, 1) > 0 &&
	       strcmp(type, MODULE_NAME) == 0;
}

static struct view bytes_of(const ASN1_STRING *text)
{
	return view_of(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
}

static bool print_name(const GENERAL_NAME *name, int type, struct buf *out)
{
	if (name->type != type) {
		return false;
	}
	if (type == GEN_URI) {
		buf_view(out, bytes_of(name->d.uniformResourceIdentifier));
		return true;
	}
	if (type == GEN_IPADD && ASN1_STRING_length(name->d.iPAddress) == IP6) {
		buf_text(out, "urn:dev:ip6:");
		text_hex(out, bytes_of(name->d.iPAddress));
		return true;
	}
	return type == GEN_OTHERNAME && is_module_name(name) &&
	       from_module(name->d.otherName->value, out);
}

/* The first subjectAltName of that type that names a device. */
static bool find_name(const GENERAL_NAMES *names, int type, struct ident *ret)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		char text[IDENT_MAX + 1];
		struct buf urn = buf_fixed(text, sizeof(text));

		if (print_name(sk_GENERAL_NAME_value(names, i), type, &urn) &&
			buf_end(&urn, "name") == OK &&
			ident_parse(IDENT_DEVICE, buf_contents(&urn), ret) == OK) {
			return true;
		}
	}
	return false;
}

static void read_serial(X509 *certificate, char ret[FACT_SIZE])
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_serialNumber, -1);
	const ASN1_STRING *text =
		at >= 0 ? X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)) : NULL;

	ret[0] = '\0';
	if (text && !text_is_printable(bytes_of(text))) {
		return;
	}
	if (text && text_copy(ret, FACT_SIZE, bytes_of(text), "serialNumber") != OK) {
		ret[0] = '\0';
	}
}

static enum err name_by_serial(X509 *certificate, const char *serial, struct ident *ret)
{
	uint8_t issuer[FINGERPRINT];
	char text[IDENT_MAX + 1];
	struct buf urn = buf_fixed(text, sizeof(text));
	unsigned len = 0;

	if (serial[0] && reg_device_parse(view_text(serial), ret) == OK) {
		return OK;
	}
	if (!is_plain(view_text(serial)) || X509_NAME_digest(X509_get_issuer_name(certificate),
						    EVP_sha256(), issuer, &len) != 1) {
		return err_fail(ERR_NOT_FOUND, "9.2 i b: the certificate names no device: a URN, a "
					       "hardwareModuleName or a serialNumber is wanted");
	}
	buf_text(&urn, "urn:dev:idevid:");
	text_hex(&urn, view_of(issuer, ISSUER_DIGITS));
	buf_u8(&urn, ':');
	buf_text(&urn, serial);
	TRY(buf_end(&urn, "9.2 i b: serialNumber"));
	return ident_parse(IDENT_DEVICE, buf_contents(&urn), ret);
}

static enum err name_device(X509 *certificate, const char *serial, struct ident *ret)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool found =
		names && (find_name(names, GEN_URI, ret) || find_name(names, GEN_OTHERNAME, ret) ||
				 find_name(names, GEN_IPADD, ret));

	GENERAL_NAMES_free(names);
	return found ? OK : name_by_serial(certificate, serial, ret);
}

/* OpenSSL has it already: reading it anew would take longer than all of the signatures. */
static enum err read_key(X509 *certificate, struct device_certificate *ret)
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
	return buf_end(&bytes, "7 iii: the device's key");
}

static enum err verify(const struct trust_roots *roots, STACK_OF(X509) * shown, int64_t now,
	struct device_certificate *ret)
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
	TRY(read_key(device, ret));
	read_serial(device, ret->serial);
	return name_device(device, ret->serial, &ret->device);
}

enum err device_certificate_verify(const struct trust_roots *roots, const struct view *chain,
	size_t count, int64_t now, struct device_certificate *ret)
{
	__attribute__((cleanup(free_chain))) STACK_OF(X509) *shown = sk_X509_new_null();
	struct device_certificate got = {.serial = ""};

	if (!shown) {
		return err_fail(ERR_MEMORY, "7 iii: chain");
	}
	TRY(read_chain(chain, count, shown));
	TRY(verify(roots, shown, now, &got));
	*ret = got;
	return OK;
}
