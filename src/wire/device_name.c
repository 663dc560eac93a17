// SPDX-License-Identifier: Apache-2.0
#include "wire/device_name.h"

#include "base/text.h"
#include "core/reg_id.h"

#include <openssl/asn1t.h>
#include <openssl/x509v3.h>
#include <string.h>

enum {
	DIGEST = 32,
	ISSUER_DIGITS = 8, /* bytes of its digest */
	IP6 = 16,
};

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

void device_serial_of(X509 *certificate, char ret[FACT_SIZE])
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
	uint8_t issuer[DIGEST];
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

enum err device_name_of(X509 *certificate, const char *serial, struct ident *ret)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool found =
		names && (find_name(names, GEN_URI, ret) || find_name(names, GEN_OTHERNAME, ret) ||
				 find_name(names, GEN_IPADD, ret));

	GENERAL_NAMES_free(names);
	return found ? OK : name_by_serial(certificate, serial, ret);
}
