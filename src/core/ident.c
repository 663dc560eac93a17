// SPDX-License-Identifier: Apache-2.0
#include "core/ident.h"

#include "base/text.h"
#include "core/ident_parts.h"
#include <arpa/inet.h>
#include <string.h>

enum { INPUT_MAX = 1024, LABEL_MAX = 63, FQDN_MAX = 253 };
enum { IMSI_MIN = 6, IMSI_MAX = 15, ASP_NUMBER_MAX = 64 };

typedef enum err reader_fn(struct view in, struct buf *out);

static reader_fn read_client, read_asp;

static const struct {
	const char *name;
	reader_fn *read;
} kinds[] = {
	[IDENT_FQDN] = {"FQDN", ident_read_fqdn},
	[IDENT_CLIENT] = {"client identity", read_client},
	[IDENT_DEVICE] = {"device identity", ident_read_device},
	[IDENT_APPLICATION] = {"application identity", ident_read_application},
	[IDENT_ASP] = {"ASP identity", read_asp},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

enum err ident_parse(enum ident_kind kind, struct view in, struct ident *ret)
{
	struct ident got = {.kind = kind};
	struct buf out = buf_fixed(got.text, IDENT_MAX);

	if ((size_t)kind >= KINDS || !kinds[kind].read) {
		return err_fail(ERR_UNSUPPORTED, "identity: no kind %d", (int)kind);
	}
	if (in.len == 0) {
		return err_fail(ERR_SYNTAX, "%s: empty", kinds[kind].name);
	}
	if (in.len > INPUT_MAX) {
		return err_fail(ERR_RANGE, "%s: longer than %d bytes", kinds[kind].name, INPUT_MAX);
	}
	TRY(kinds[kind].read(in, &out));
	TRY(buf_end(&out, kinds[kind].name));
	got.len = (uint8_t)out.len;
	memset(got.text + got.len, 0, sizeof(got.text) - got.len); /* a path may have shrunk */
	*ret = got;
	return OK;
}

bool ident_equal(const struct ident *a, const struct ident *b)
{
	return a->kind == b->kind && view_equal(ident_view(a), ident_view(b));
}

struct view ident_view(const struct ident *id)
{
	return view_of(id->text, id->len);
}

/* FQDN. */

static enum err read_label(struct view label, struct buf *out)
{
	if (label.len == 0) {
		return err_fail(ERR_SYNTAX, "FQDN: empty label (RFC 1123 2.1)");
	}
	if (label.len > LABEL_MAX) {
		return err_fail(ERR_RANGE, "FQDN: label of more than 63 bytes (RFC 1035 2.3.4)");
	}
	if (label.data[0] == '-' || label.data[label.len - 1] == '-') {
		return err_fail(ERR_SYNTAX, "FQDN: label begins or ends with - (RFC 1123 2.1)");
	}
	for (size_t i = 0; i < label.len; i++) {
		if (!is_alnum(label.data[i]) && label.data[i] != '-') {
			return err_fail(ERR_SYNTAX,
				"FQDN: not a letter, digit or - (RFC 1123 2.1)");
		}
		buf_u8(out, to_lower(label.data[i]));
	}
	return OK;
}

enum err ident_read_fqdn(struct view in, struct buf *out)
{
	if (in.len > FQDN_MAX) {
		return err_fail(ERR_RANGE, "FQDN: longer than 253 bytes (RFC 1035 2.3.4)");
	}
	for (;;) {
		size_t len = find_byte(in, '.');

		TRY(read_label(view_of(in.data, len), out));
		if (len == in.len) {
			break;
		}
		buf_u8(out, '.');
		in = view_from(in, len + 1);
	}
	if (all_digits(in)) {
		return err_fail(ERR_SYNTAX,
			"FQDN: ends in a number, as an address does (RFC 1123 2.1)");
	}
	return OK;
}

/* CLIENT. */

static enum err read_imsi(struct view in, struct buf *out)
{
	if (in.len < IMSI_MIN || in.len > IMSI_MAX) {
		return err_fail(ERR_RANGE, "IMSI: %zu digits, not 6 to 15 (TS 23.003 2.2)", in.len);
	}
	buf_view(out, in);
	return OK;
}

static enum err read_imei_user(struct view in, struct buf *out)
{
	char digits[14];

	TRY(ident_read_imei(in, digits));
	buf_bytes(out, digits, sizeof(digits));
	return OK;
}

/* IEEE writes hyphens between the bytes. */
static enum err read_mac_user(struct view in, struct buf *out)
{
	uint8_t digits[16];
	struct buf plain = buf_fixed(digits, sizeof(digits));

	if (in.len % 3 != 2 || in.data[2 % in.len] != '-') {
		return ident_read_eui64(in, out);
	}
	for (size_t i = 0; i < in.len; i++) {
		if (i % 3 != 2) {
			buf_u8(&plain, in.data[i]);
		} else if (in.data[i] != '-') {
			return err_fail(ERR_SYNTAX, "EUI: not two digits between hyphens");
		}
	}
	TRY(buf_end(&plain, "EUI"));
	return ident_read_eui64(buf_contents(&plain), out);
}

/* Dots between runs of other characters; beyond ASCII, two spellings would name one client. */
static enum err read_nai_user(struct view in, struct buf *out)
{
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];
		bool dot = c == '.' && i > 0 && i + 1 < in.len && in.data[i - 1] != '.';

		if (!dot && !is_alnum(c) && (c == 0 || !strchr("!#$%&'*+-/=?^_`{|}~", c))) {
			return err_fail(ERR_SYNTAX,
				"client identity: not a user name (RFC 7542 2.2)");
		}
	}
	buf_view(out, in);
	return OK;
}

static enum err read_user(struct view in, struct buf *out)
{
	static const struct {
		const char *prefix;
		reader_fn *read;
	} forms[] = {
		{"imei-", read_imei_user},
		{"mac-", read_mac_user},
		{"ip6-", ident_read_ip6},
	};

	if (in.len == 0) {
		return err_fail(ERR_SYNTAX, "client identity: nothing before the @");
	}
	if (all_digits(in)) {
		return read_imsi(in, out);
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (take_prefix(&in, forms[i].prefix)) {
			buf_text(out, forms[i].prefix);
			return forms[i].read(in, out);
		}
	}
	return read_nai_user(in, out);
}

/* req: B7.1-b */
static enum err read_client(struct view in, struct buf *out)
{
	size_t at = find_byte(in, '@');

	if (at == in.len) {
		return err_fail(ERR_SYNTAX, "client identity: no @ before a realm (RFC 7542 2.2)");
	}
	TRY(read_user(view_of(in.data, at), out));
	buf_u8(out, '@');
	return ident_read_fqdn(view_from(in, at + 1), out);
}

struct view ident_realm_of(const struct ident *client)
{
	struct view v = ident_view(client);
	size_t at = find_byte(v, '@');

	return at < v.len ? view_from(v, at + 1) : view_of(NULL, 0);
}

struct view ident_user_of(const struct ident *client)
{
	struct view v = ident_view(client);
	size_t at = find_byte(v, '@');

	return view_of(v.data, at < v.len ? at : 0);
}

/* ASP. */

/* Listing, industry(5), state, year, kind of company, registration(6); letters are capitals. */
static enum err read_cin(struct view in, struct buf *out)
{
	static const char pattern[] = "A99999AA9999AAA999999";

	if (in.len != sizeof(pattern) - 1) {
		return err_fail(ERR_RANGE, "CIN: %zu characters, not 21", in.len);
	}
	for (size_t i = 0; i < in.len; i++) {
		bool fits = pattern[i] == '9' ? is_digit(in.data[i]) : is_alpha(in.data[i]);

		if (!fits) {
			return err_fail(ERR_SYNTAX, "CIN: not as in U72200KA2001PTC028000");
		}
		buf_u8(out, to_upper(in.data[i]));
	}
	return OK;
}

static enum err read_scheme(struct view in, struct buf *out)
{
	if (in.len == 0 || !is_alpha(in.data[0])) {
		return err_fail(ERR_SYNTAX,
			"ASP identity: does not begin with scheme: (RFC 3986 3.1)");
	}
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];

		if (!is_alnum(c) && c != '+' && c != '-' && c != '.') {
			return err_fail(ERR_SYNTAX, "ASP identity: not a scheme (RFC 3986 3.1)");
		}
		buf_u8(out, to_lower(c));
	}
	return OK;
}

/* req: B7.1-c */
static enum err read_asp(struct view in, struct buf *out)
{
	struct view number = in;

	if (take_prefix(&number, "cin:")) {
		buf_text(out, "cin:");
		return read_cin(number, out);
	}
	size_t colon = find_byte(in, ':');

	if (colon == in.len) {
		return err_fail(ERR_SYNTAX, "ASP identity: no scheme: before the number");
	}
	TRY(read_scheme(view_of(in.data, colon), out));
	buf_u8(out, ':');
	number = view_from(in, colon + 1);
	if (number.len == 0 || number.len > ASP_NUMBER_MAX) {
		return err_fail(ERR_RANGE, "ASP identity: number of not 1 to 64 characters");
	}
	for (size_t i = 0; i < number.len; i++) {
		if (!is_alnum(number.data[i]) && number.data[i] != '.' && number.data[i] != '-') {
			return err_fail(ERR_SYNTAX, "ASP identity: not a letter, digit, . or -");
		}
	}
	buf_view(out, number);
	return OK;
}

/* What the files of ident share. */

/* inet_pton() wants a string, and would stop at a zero byte. */
static bool from_text(int family, struct view in, uint8_t *ret)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (in.len == 0 || in.len >= sizeof(text)) {
		return false;
	}
	memcpy(text, in.data, in.len);
	return strlen(text) == in.len && inet_pton(family, text, ret) == 1;
}

bool ip6_from_text(struct view in, uint8_t ret[16])
{
	return from_text(AF_INET6, in, ret);
}

bool ip4_from_text(struct view in, uint8_t ret[4])
{
	return from_text(AF_INET, in, ret);
}

bool all_digits(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (!is_digit(v.data[i])) {
			return false;
		}
	}
	return v.len > 0;
}

bool take_prefix(struct view *v, const char *prefix)
{
	size_t len = strlen(prefix);

	if (v->len < len || !view_is_nocase(view_of(v->data, len), prefix)) {
		return false;
	}
	*v = view_from(*v, len);
	return true;
}

size_t find_byte(struct view v, uint8_t c)
{
	const uint8_t *at = v.len > 0 ? memchr(v.data, c, v.len) : NULL;

	return at ? (size_t)(at - v.data) : v.len;
}
