// SPDX-License-Identifier: Apache-2.0
/* Devices: URNs of the GSMA (RFC 7254) and of RFC 9039.  req: B7.1-b */
#include "core/ident.h"

#include "base/text.h"
#include "core/ident_parts.h"
#include <string.h>

enum { TAC_DIGITS = 8, IMEI_DIGITS = 14, IMEI_WITH_CHECK = 15 };
enum { EUI48_DIGITS = 12, EUI64_DIGITS = 16 };

/* IMEI. */

/* Luhn over 14 digits: every second is doubled, beginning with the second. */
static char check_digit(const char digits[IMEI_DIGITS])
{
	int sum = 0;

	for (int i = 0; i < IMEI_DIGITS; i++) {
		int value = (digits[i] - '0') * (1 + i % 2);

		sum += value / 10 + value % 10;
	}
	return (char)('0' + (10 - sum % 10) % 10);
}

enum err ident_imei_check_digit(struct view digits14, char *ret)
{
	if (digits14.len != IMEI_DIGITS || !all_digits(digits14)) {
		return err_fail(ERR_SYNTAX, "IMEI: not 14 digits (TS 23.003 6.2.1)");
	}
	*ret = check_digit((const char *)digits14.data);
	return OK;
}

/* Takes the digits out of TAC-SNR-digit, whose hyphens may be missing. */
static enum err read_imei_digits(struct view in, char ret[IMEI_WITH_CHECK], size_t *ret_count)
{
	size_t count = 0;

	for (size_t i = 0; i < in.len; i++) {
		bool boundary = count == TAC_DIGITS || count == IMEI_DIGITS;
		bool hyphen = boundary && in.data[i] == '-' && in.data[i - 1] != '-';

		if (hyphen && i + 1 < in.len) {
			continue;
		}
		if (!is_digit(in.data[i])) {
			return err_fail(ERR_SYNTAX,
				"IMEI: not digits as in 90420156-025763-0 (RFC 7254)");
		}
		if (count == IMEI_WITH_CHECK) {
			return err_fail(ERR_RANGE, "IMEI: more than 15 digits (TS 23.003 6.2.1)");
		}
		ret[count++] = (char)in.data[i];
	}
	*ret_count = count;
	return OK;
}

enum err ident_read_imei(struct view in, char ret_digits[14])
{
	char digits[IMEI_WITH_CHECK];
	size_t count = 0;

	TRY(read_imei_digits(in, digits, &count));
	if (count < IMEI_DIGITS) {
		return err_fail(ERR_RANGE, "IMEI: %zu digits, not 14 or 15 (TS 23.003 6.2.1)",
			count);
	}
	if (count == IMEI_WITH_CHECK && digits[IMEI_DIGITS] != '0' &&
		digits[IMEI_DIGITS] != check_digit(digits)) {
		return err_fail(ERR_SYNTAX, "IMEI: wrong check digit (TS 23.003 B.1)");
	}
	memcpy(ret_digits, digits, IMEI_DIGITS);
	return OK;
}

/* The software version is not part of who the device is: ";svn=01" and ";vers=0" are left out. */
static enum err check_imei_params(struct view in)
{
	while (in.len > 0) {
		struct view param = view_from(in, 1);
		size_t len = find_byte(param, ';');

		if (!take_prefix(&param, "svn=") && !take_prefix(&param, "vers=")) {
			return err_fail(ERR_SYNTAX,
				"urn:gsma:imei: not ;svn= or ;vers= (RFC 7254)");
		}
		param.len = find_byte(param, ';');
		if (!all_digits(param)) {
			return err_fail(ERR_SYNTAX,
				"urn:gsma:imei: parameter is not a number (RFC 7254)");
		}
		in = view_from(in, len + 1);
	}
	return OK;
}

/* Written with the spare digit 0, so that it is a URN of RFC 7254 again. */
static enum err read_imei_urn(struct view in, struct buf *out)
{
	size_t len = find_byte(in, ';');
	char digits[IMEI_DIGITS];

	TRY(ident_read_imei(view_of(in.data, len), digits));
	TRY(check_imei_params(view_from(in, len)));
	buf_text(out, "urn:gsma:imei:");
	buf_bytes(out, digits, TAC_DIGITS);
	buf_u8(out, '-');
	buf_bytes(out, digits + TAC_DIGITS, IMEI_DIGITS - TAC_DIGITS);
	buf_text(out, "-0");
	return OK;
}

/* urn:dev. */

static enum err read_hex(struct view in, struct buf *out)
{
	if (in.len == 0 || in.len % 2 != 0) {
		return err_fail(ERR_SYNTAX, "urn:dev: odd number of digits (RFC 9039 3.2)");
	}
	for (size_t i = 0; i < in.len; i++) {
		if (!is_hex(in.data[i])) {
			return err_fail(ERR_SYNTAX,
				"urn:dev: not a hexadecimal digit (RFC 9039 3.2)");
		}
		buf_u8(out, to_lower(in.data[i]));
	}
	return OK;
}

enum err ident_read_eui64(struct view in, struct buf *out)
{
	const size_t oui = EUI48_DIGITS / 2;

	if (in.len == EUI64_DIGITS) {
		return read_hex(in, out);
	}
	if (in.len != EUI48_DIGITS) {
		return err_fail(ERR_RANGE, "EUI: %zu digits, not 12 or 16 (RFC 9039 4.1)", in.len);
	}
	TRY(read_hex(view_of(in.data, oui), out));
	buf_text(out, "fffe");
	return read_hex(view_from(in, oui), out);
}

enum err ident_read_ip6(struct view in, struct buf *out)
{
	uint8_t address[16];
	size_t len = 0;

	if (!ip6_from_text(in, address)) {
		if (in.len != 2 * sizeof(address)) {
			return err_fail(ERR_SYNTAX, "neither an IPv6 address nor 32 digits of one");
		}
		TRY(text_from_hex(in, address, sizeof(address), &len, "IPv6"));
	}
	text_hex(out, VIEW(address));
	return OK;
}

/* identifier *(":" identifier) or *("_" identifier), each of letters, digits, '.' and '-'. */
static enum err read_identifiers(struct view in, char separator, struct buf *out)
{
	bool empty = true;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];
		bool ends = c == (uint8_t)separator && !empty;

		if (!ends && !is_alnum(c) && c != '-' && c != '.') {
			return err_fail(ERR_SYNTAX, "urn:dev: not an identifier (RFC 9039 3.2)");
		}
		empty = ends;
		buf_u8(out, c);
	}
	return empty ? err_fail(ERR_SYNTAX, "urn:dev: empty identifier (RFC 9039 3.2)") : OK;
}

/* An organisation's number, then one or two parts: "32473-product-serial". */
static enum err read_owned(struct view in, size_t hyphens, struct buf *out)
{
	struct view left = in;

	for (size_t i = 0; i < hyphens; i++) {
		size_t len = find_byte(left, '-');
		struct view part = view_of(left.data, len);

		if (len == 0 || len == left.len ||
			(i == 0 && (!all_digits(part) || part.data[0] == '0'))) {
			return err_fail(ERR_SYNTAX,
				"urn:dev: not number-identifier (RFC 9039 4.3)");
		}
		left = view_from(left, len + 1);
	}
	if (left.len == 0 || left.data[0] == ':') {
		return err_fail(ERR_SYNTAX, "urn:dev: nothing after the number (RFC 9039 4.3)");
	}
	return read_identifiers(in, ':', out);
}

static enum err read_subtype(struct view in, struct buf *out)
{
	if (in.len == 0 || !is_alpha(in.data[0])) {
		return err_fail(ERR_SYNTAX, "urn:dev: no subtype (RFC 9039 3.2)");
	}
	for (size_t i = 0; i < in.len; i++) {
		if (!is_alnum(in.data[i])) {
			return err_fail(ERR_SYNTAX, "urn:dev: not a subtype (RFC 9039 3.2)");
		}
		buf_u8(out, to_lower(in.data[i]));
	}
	return OK;
}

static enum err read_body(struct view subtype, struct view body, struct buf *out)
{
	if (view_is_nocase(subtype, "mac")) {
		return ident_read_eui64(body, out);
	}
	if (view_is_nocase(subtype, "ip6")) {
		return ident_read_ip6(body, out);
	}
	if (view_is_nocase(subtype, "ow")) {
		return read_hex(body, out);
	}
	if (view_is_nocase(subtype, "org") || view_is_nocase(subtype, "os")) {
		return read_owned(body, 1, out);
	}
	if (view_is_nocase(subtype, "ops")) {
		return read_owned(body, 2, out);
	}
	return read_identifiers(body, ':', out);
}

static enum err read_dev_urn(struct view in, struct buf *out)
{
	size_t colon = find_byte(in, ':');

	if (colon == in.len) {
		return err_fail(ERR_SYNTAX,
			"urn:dev: no subtype: before the identifier (RFC 9039 3.2)");
	}
	struct view subtype = view_of(in.data, colon);
	struct view body = view_from(in, colon + 1);
	size_t body_len = find_byte(body, '_');

	buf_text(out, "urn:dev:");
	TRY(read_subtype(subtype, out));
	buf_u8(out, ':');
	TRY(read_body(subtype, view_of(body.data, body_len), out));
	if (body_len == body.len) {
		return OK;
	}
	buf_u8(out, '_'); /* a component of the device */
	return read_identifiers(view_from(body, body_len + 1), '_', out);
}

enum err ident_read_device(struct view in, struct buf *out)
{
	if (take_prefix(&in, "urn:gsma:imei:")) {
		return read_imei_urn(in, out);
	}
	if (take_prefix(&in, "urn:dev:")) {
		return read_dev_urn(in, out);
	}
	return err_fail(ERR_SYNTAX, "device identity: neither urn:gsma:imei: nor urn:dev:");
}
