// SPDX-License-Identifier: Apache-2.0
/* Applications: FQDN, address, URL, oneM2M App-ID, GS1 key.  req: B7.1-d B7.6-a */
#include "core/ident.h"

#include "base/text.h"
#include "core/ident_parts.h"
#include <arpa/inet.h>
#include <string.h>

enum { URL_PATH_MAX = 1024, GTIN_DIGITS = 14, GS1_VALUE_MAX = 90 };

/* Addresses. */

static enum err read_ip4(struct view in, struct buf *out)
{
	uint8_t address[4];

	if (!ip4_from_text(in, address)) {
		return err_fail(ERR_SYNTAX, "IPv4 address: not four numbers from 0 to 255");
	}
	buf_view(out, in); /* there is one spelling only */
	return OK;
}

static enum err read_ip6(struct view in, struct buf *out)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t address[16];

	if (!ip6_from_text(in, address)) {
		return err_fail(ERR_SYNTAX, "IPv6 address: not as in RFC 4291 2.2");
	}
	buf_u8(out, '[');
	buf_text(out, inet_ntop(AF_INET6, address, text, sizeof(text)));
	buf_u8(out, ']');
	return OK;
}

static bool looks_like_ip4(struct view in)
{
	for (size_t i = 0; i < in.len; i++) {
		if (!is_digit(in.data[i]) && in.data[i] != '.') {
			return false;
		}
	}
	return true;
}

static enum err read_host(struct view in, struct buf *out)
{
	if (in.len >= 2 && in.data[0] == '[' && in.data[in.len - 1] == ']') {
		return read_ip6(view_of(in.data + 1, in.len - 2), out);
	}
	if (looks_like_ip4(in)) {
		return read_ip4(in, out);
	}
	return ident_read_fqdn(in, out);
}

/* URL, normalised as RFC 3986 6.2.2 and 6.2.3 say. */

static enum err read_scheme(struct view in, struct buf *out)
{
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];

		if (!is_alpha(c) && (i == 0 || (!is_digit(c) && c != '+' && c != '-' && c != '.'))) {
			return err_fail(ERR_SYNTAX, "URL: not a scheme (RFC 3986 3.1)");
		}
		buf_u8(out, to_lower(c));
	}
	return in.len > 0 ? OK : err_fail(ERR_SYNTAX, "URL: no scheme (RFC 3986 3.1)");
}

static uint64_t default_port(struct view scheme)
{
	static const struct {
		const char *scheme;
		uint64_t port;
	} defaults[] = {
		{"http", 80},
		{"https", 443},
		{"ws", 80},
		{"wss", 443},
		{"coap", 5683},
		{"coaps", 5684},
		{"mqtt", 1883},
		{"mqtts", 8883},
	};

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (view_is_nocase(scheme, defaults[i].scheme)) {
			return defaults[i].port;
		}
	}
	return 0;
}

/* Leading zeros are allowed in a URL, and no port at all after the colon is. */
static enum err read_port(struct view in, struct view scheme, struct buf *out)
{
	uint64_t port = 0;

	if (in.len == 0) {
		return OK;
	}
	while (in.len > 1 && in.data[0] == '0') {
		in = view_from(in, 1);
	}
	TRY(text_from_u64(in, UINT16_MAX, &port, "URL: port"));
	if (port == 0) {
		return err_fail(ERR_RANGE, "URL: port 0");
	}
	if (port != default_port(scheme)) {
		buf_printf(out, ":%u", (unsigned)port);
	}
	return OK;
}

static enum err read_authority(struct view in, struct view scheme, struct buf *out)
{
	bool bracketed = in.len > 0 && in.data[0] == '[';
	size_t search = bracketed ? find_byte(in, ']') : 0;
	size_t colon = search + find_byte(view_from(in, search), ':');

	if (find_byte(in, '@') < in.len) {
		return err_fail(ERR_SYNTAX, "URL: an identity has no user before the host");
	}
	if (in.len == 0) {
		return err_fail(ERR_SYNTAX, "URL: no host (RFC 3986 3.2.2)");
	}
	TRY(read_host(view_of(in.data, colon), out));
	return colon < in.len ? read_port(view_from(in, colon + 1), scheme, out) : OK;
}

/* %41 becomes A, %c3 becomes %C3; other characters must be among `allowed` or unreserved. */
static enum err read_percent(struct view in, const char *allowed, struct buf *out)
{
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i], byte = 0;
		size_t len = 0;

		if (c != '%') {
			if (!is_unreserved(c) && (c == 0 || !strchr(allowed, c))) {
				return err_fail(ERR_SYNTAX,
					"URL: a character to be %%-encoded (RFC 3986 2)");
			}
			buf_u8(out, c);
			continue;
		}
		if (in.len - i < 3) {
			return err_fail(ERR_SYNTAX, "URL: cut off after %% (RFC 3986 2.1)");
		}
		TRY(text_from_hex(view_of(in.data + i + 1, 2), &byte, 1, &len, "URL: after %"));
		if (is_unreserved(byte)) {
			buf_u8(out, byte);
		} else {
			uint8_t triple[3] = {'%', to_upper(in.data[i + 1]),
				to_upper(in.data[i + 2])};

			buf_bytes(out, triple, sizeof(triple));
		}
		i += 2;
	}
	return OK;
}

/* "." and ".." go (RFC 3986 5.2.4); an empty path is "/". `path` is empty or begins with "/". */
static void put_path(struct view path, struct buf *out)
{
	size_t floor = out->len;

	while (path.len > 0) {
		struct view rest = view_from(path, 1);
		struct view segment = view_of(rest.data, find_byte(rest, '/'));
		bool is_last = segment.len == rest.len;
		bool up = view_is(segment, "..");

		path = view_from(rest, segment.len);
		if (!up && !view_is(segment, ".")) {
			buf_u8(out, '/');
			buf_view(out, segment);
			continue;
		}
		while (up && out->len > floor) {
			out->len--;
			up = out->data[out->len] != '/';
		}
		if (is_last) {
			buf_u8(out, '/');
		}
	}
	if (out->len == floor) {
		buf_u8(out, '/');
	}
}

static enum err read_path_and_query(struct view in, struct buf *out)
{
	uint8_t room[URL_PATH_MAX];
	struct buf path = buf_fixed(room, sizeof(room));
	size_t path_len = find_byte(in, '?');

	TRY(read_percent(view_of(in.data, path_len), "!$&'()*+,;=:@/", &path));
	TRY(buf_end(&path, "URL: path"));
	put_path(buf_contents(&path), out);
	if (path_len == in.len) {
		return OK;
	}
	buf_u8(out, '?');
	return read_percent(view_from(in, path_len + 1), "!$&'()*+,;=:@/?", out);
}

static enum err read_url(struct view in, size_t scheme_len, struct buf *out)
{
	struct view scheme = view_of(in.data, scheme_len);
	struct view rest = view_from(in, scheme_len + strlen("://"));
	size_t authority_len = find_byte(rest, '/');
	size_t query = find_byte(rest, '?');

	if (find_byte(in, '#') < in.len) {
		return err_fail(ERR_SYNTAX, "URL: an identity has no fragment (RFC 3986 4.3)");
	}
	if (query < authority_len) {
		authority_len = query;
	}
	TRY(read_scheme(scheme, out));
	buf_text(out, "://");
	TRY(read_authority(view_of(rest.data, authority_len), scheme, out));
	return read_path_and_query(view_from(rest, authority_len), out);
}

/* Other schemes of naming. */

/* R and a registered name, or N and any (oneM2M TS-0001 7.1.2). */
static enum err read_onem2m(struct view in, struct buf *out)
{
	if (in.len < 2 || (in.data[0] != 'R' && in.data[0] != 'N')) {
		return err_fail(ERR_SYNTAX, "onem2m: no App-ID after R or N (TS-0001 7.1.2)");
	}
	for (size_t i = 0; i < in.len; i++) {
		if (!is_unreserved(in.data[i])) {
			return err_fail(ERR_SYNTAX,
				"onem2m: not an unreserved character (TS-0001 7.1.2)");
		}
	}
	buf_text(out, "onem2m:");
	buf_view(out, in);
	return OK;
}

/* GTIN-8, -12, -13 are GTIN-14 with zeros before (GS1 General Specifications 3.3.2, 7.9). */
static enum err read_gtin(struct view in, struct buf *out)
{
	int sum = 0;

	if (!all_digits(in) || (in.len != 8 && (in.len < 12 || in.len > GTIN_DIGITS))) {
		return err_fail(ERR_SYNTAX, "gs1: GTIN has 8, 12, 13 or 14 digits");
	}
	for (size_t i = 0; i < in.len; i++) {
		sum += (in.data[in.len - 1 - i] - '0') * (i % 2 ? 3 : 1);
	}
	if (sum % 10 != 0) {
		return err_fail(ERR_SYNTAX,
			"gs1: wrong check digit (GS1 General Specifications 7.9)");
	}
	buf_text(out, "gs1:01/");
	for (size_t i = in.len; i < GTIN_DIGITS; i++) {
		buf_u8(out, '0');
	}
	buf_view(out, in);
	return OK;
}

/* A GTIN alone, or "AI/value" with the application identifier that says what the value is. */
static enum err read_gs1(struct view in, struct buf *out)
{
	size_t slash = find_byte(in, '/');

	if (slash == in.len) {
		return read_gtin(in, out);
	}
	struct view ai = view_of(in.data, slash);
	struct view value = view_from(in, slash + 1);

	if (ai.len < 2 || ai.len > 4 || !all_digits(ai)) {
		return err_fail(ERR_SYNTAX, "gs1: application identifier of not 2 to 4 digits");
	}
	if (view_is(ai, "01")) {
		return read_gtin(value, out);
	}
	if (value.len == 0 || value.len > GS1_VALUE_MAX) {
		return err_fail(ERR_RANGE, "gs1: value of not 1 to %d characters", GS1_VALUE_MAX);
	}
	for (size_t i = 0; i < value.len; i++) {
		if (!is_unreserved(value.data[i])) {
			return err_fail(ERR_SYNTAX, "gs1: not a letter, digit, -, ., _ or ~");
		}
	}
	buf_text(out, "gs1:");
	buf_view(out, in);
	return OK;
}

/* Where "://" stands, or v.len. */
static size_t find_scheme_end(struct view v)
{
	size_t colon = find_byte(v, ':');
	struct view rest = view_from(v, colon);

	return take_prefix(&rest, "://") ? colon : v.len;
}

enum err ident_read_application(struct view in, struct buf *out)
{
	size_t scheme_len = find_scheme_end(in);
	uint8_t address[16];

	if (take_prefix(&in, "onem2m:")) {
		return read_onem2m(in, out);
	}
	if (take_prefix(&in, "gs1:")) {
		return read_gs1(in, out);
	}
	if (scheme_len < in.len) {
		return read_url(in, scheme_len, out);
	}
	if (ip6_from_text(in, address)) {
		return read_ip6(in, out);
	}
	return read_host(in, out);
}

struct view ident_host_of(const struct ident *application)
{
	struct view v = ident_view(application);
	size_t scheme_len = find_scheme_end(v);

	if (take_prefix(&v, "onem2m:") || take_prefix(&v, "gs1:")) {
		return view_of(NULL, 0);
	}
	if (scheme_len < v.len) {
		v = view_from(v, scheme_len + strlen("://"));
		v.len = find_byte(v, '/');
	}
	if (v.len > 0 && v.data[0] == '[') {
		return view_of(v.data + 1, find_byte(v, ']') - 1);
	}
	v.len = find_byte(v, ':');
	return v;
}
