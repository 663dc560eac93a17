// SPDX-License-Identifier: Apache-2.0
/*
 * ident: every identity that Symbolon speaks of, parsed, normalised, printed and compared in one
 * place. Existing numbering is reused, none is invented.  req: B7.1-b B7.1-c B7.1-d
 *
 *	FQDN	     realm.example, authn1.realm.example			lower case
 *	CLIENT	     001010123456789@realm.example				IMSI, or imei-, mac-, ip6- forms
 *	DEVICE	     urn:gsma:imei:90420156-025763-0, urn:dev:mac:0024befffe804ff1
 *	APPLICATION  app.example, 192.0.2.1, [2001:db8::1], https://..., onem2m:..., gs1:...
 *	ASP	     cin:U72200KA2001PTC028000, or another scheme:number
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum ident_kind {
	IDENT_NONE,
	IDENT_FQDN,
	IDENT_CLIENT,
	IDENT_DEVICE,
	IDENT_APPLICATION,
	IDENT_ASP
};

enum { IDENT_MAX = 255 };

struct ident {
	enum ident_kind kind;
	uint8_t len;
	char text[IDENT_MAX + 1]; /* canonical */
};

/*
 * Reads an identity of the given kind, in any form that its standard allows, into the canonical
 * one. ERR_SYNTAX or ERR_RANGE with a sentence that names the rule; `ret` untouched then.
 * FQDN: RFC 1123 labels. CLIENT: IMSI of 6 to 15 digits, imei-, mac-, ip6- or another NAI user part
 * (RFC 7542) before @FQDN. DEVICE: RFC 7254 (check digit verified when present, not kept: canonical
 * is 14 digits and the spare 0; svn and vers are dropped), RFC 9039 (EUI-48 becomes EUI-64; urn:dev:ip6: has 32 digits).
 * APPLICATION: see above; URLs normalised as RFC 3986 6.2.2 and 6.2.3 say, a GTIN as gs1:01/ and 14
 * digits. ASP: RFC 3986 scheme, then 1 to 64 letters, digits, '.', '-'.
 */
enum err ident_parse(enum ident_kind kind, struct view in, struct ident *ret);
bool ident_equal(const struct ident *a, const struct ident *b);
struct view ident_view(const struct ident *id);
/* The FQDN after the @ of a CLIENT, and the part before it. */
struct view ident_realm_of(const struct ident *client);
struct view ident_user_of(const struct ident *client);
/*
 * The host that TLS names for an APPLICATION: SNI of RP_D. An IPv6 address comes without brackets
 * (no address may stand in SNI, RFC 6066 3). Empty for onem2m: and gs1: forms.
 */
struct view ident_host_of(const struct ident *application);
/* The 15th digit (TS 23.003 B.1, Luhn) of 14 IMEI digits. */
enum err ident_imei_check_digit(struct view digits14, char *ret);
