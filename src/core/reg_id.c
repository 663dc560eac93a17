// SPDX-License-Identifier: Apache-2.0
#include "core/reg_id.h"

#include "base/text.h"
#include "core/ident_parts.h"

#include <arpa/inet.h>
#include <string.h>

#define IMEI_URN "urn:gsma:imei:"
#define MAC_URN	 "urn:dev:mac:"
#define IP6_URN	 "urn:dev:ip6:"

enum { TAC = 8, SNR = 6, IP6_BYTES = 16 };

/* --- kinds of registries --- */

static const char *const types[] = {
	[REGISTRY_NONE] = "",
	[REGISTRY_GEOGRAPHICAL] = "geographical",
	[REGISTRY_SECTORAL] = "sectoral",
	[REGISTRY_PRIMARY] = "primary",
};

const char *registry_type_name(enum registry_type type)
{
	return types[type];
}

enum err registry_type_of(struct view name, enum registry_type *ret)
{
	for (int type = REGISTRY_GEOGRAPHICAL; type <= REGISTRY_PRIMARY; type++) {
		if (view_is(name, types[type])) {
			*ret = (enum registry_type)type;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX,
		"9.1 ii: a registry is geographical, sectoral or primary, nothing else");
}

size_t registry_type_level(enum registry_type type)
{
	return (size_t)type;
}

/* --- RegID --- */

static enum err read_label(struct view label, bool first, struct buf *out)
{
	if (label.len == 0 || label.len > REG_LABEL_MAX) {
		return err_fail(ERR_RANGE, "9.1 i: RegID: a label has 1 to %d characters",
			REG_LABEL_MAX);
	}
	for (size_t i = 0; i < label.len; i++) {
		bool inside = first && i > 0 && i + 1 < label.len;

		if (!is_alnum(label.data[i]) && !(inside && label.data[i] == '-')) {
			return err_fail(ERR_SYNTAX, "9.1 i: RegID: not A to Z or 0 to 9");
		}
		buf_u8(out, to_upper(label.data[i]));
	}
	return OK;
}

enum err reg_id_parse(struct view in, struct reg_id *ret)
{
	struct reg_id got = {.len = 0};
	struct buf out = buf_fixed(got.text, REG_ID_MAX);

	for (size_t level = 1;; level++) {
		size_t len = find_byte(in, '.');

		if (level > REG_ID_LEVELS) {
			return err_fail(ERR_RANGE, "9.1 i: RegID: more than %d levels",
				REG_ID_LEVELS);
		}
		TRY(read_label(view_of(in.data, len), level == 1, &out));
		if (len == in.len) {
			break;
		}
		buf_u8(&out, '.');
		in = view_from(in, len + 1);
	}
	TRY(buf_end(&out, "9.1 i: RegID"));
	got.len = (uint8_t)out.len;
	*ret = got;
	return OK;
}

enum err reg_id_make(const struct reg_id *parent, struct view label, size_t width,
	struct reg_id *ret)
{
	char text[REG_ID_MAX + REG_LABEL_MAX + 2];
	struct buf whole = buf_fixed(text, sizeof(text));

	if (width > 0 && label.len != width) {
		return err_fail(ERR_RANGE, "9.1 i: RegID: the names here have %zu characters",
			width);
	}
	if (find_byte(label, '.') < label.len) {
		return err_fail(ERR_SYNTAX, "9.1 i: RegID: one label is wanted");
	}
	if (parent) {
		buf_view(&whole, reg_id_view(parent));
		buf_u8(&whole, '.');
	}
	buf_view(&whole, label);
	TRY(buf_end(&whole, "9.1 i: RegID"));
	return reg_id_parse(buf_contents(&whole), ret);
}

struct view reg_id_view(const struct reg_id *id)
{
	return view_of(id->text, id->len);
}

bool reg_id_equal(const struct reg_id *a, const struct reg_id *b)
{
	return view_equal(reg_id_view(a), reg_id_view(b));
}

size_t reg_id_level(const struct reg_id *id)
{
	size_t labels = id->len > 0;

	for (size_t i = 0; i < id->len; i++) {
		labels += id->text[i] == '.';
	}
	return labels;
}

bool reg_id_parent(const struct reg_id *id, struct reg_id *ret)
{
	struct reg_id parent = {.len = 0};
	const char *last = strrchr(id->text, '.');

	if (!last) {
		return false;
	}
	parent.len = (uint8_t)(last - id->text);
	memcpy(parent.text, id->text, parent.len);
	*ret = parent;
	return true;
}

bool reg_id_within(const struct reg_id *id, const struct reg_id *top)
{
	return id->len >= top->len && memcmp(id->text, top->text, top->len) == 0 &&
	       (id->len == top->len || id->text[top->len] == '.');
}

/* --- a device's own identifier --- */

static void print_imei(struct view hyphened, struct buf *out)
{
	char digits[TAC + SNR], check = '0';

	memcpy(digits, hyphened.data, TAC);
	memcpy(digits + TAC, hyphened.data + TAC + 1, SNR);
	if (ident_imei_check_digit(VIEW(digits), &check) != OK) {
		out->failed = true;
	}
	buf_text(out, "imei:");
	buf_bytes(out, digits, sizeof(digits));
	buf_u8(out, (uint8_t)check);
}

/* As RFC 5952 writes it. */
static void print_ip6(struct view hex, struct buf *out)
{
	uint8_t address[IP6_BYTES];
	char text[INET6_ADDRSTRLEN];
	size_t len = 0;

	if (text_from_hex(hex, address, sizeof(address), &len, "ip6") != OK ||
		!inet_ntop(AF_INET6, address, text, sizeof(text))) {
		out->failed = true;
		return;
	}
	buf_text(out, "ip6:");
	buf_text(out, text);
}

void reg_device_print(const struct ident *device, struct buf *out)
{
	struct view urn = ident_view(device), own = urn;
	bool component = find_byte(urn, '_') < urn.len; /* not the device itself */

	if (take_prefix(&own, IMEI_URN)) {
		print_imei(own, out);
	} else if (!component && take_prefix(&own, IP6_URN)) {
		print_ip6(own, out);
	} else if (!component && take_prefix(&own, MAC_URN)) {
		buf_text(out, "mac:");
		buf_view(out, own);
	} else if (take_prefix(&own, "urn:")) {
		buf_view(out, own);
	}
}

/* A URN may leave the check digit out, a RegDevID has it always: whoever types one off is told so. */
static enum err check_imei(struct view digits)
{
	char check = '0';

	if (digits.len != TAC + SNR + 1) {
		return err_fail(ERR_RANGE, "9.2 i b: imei: %zu digits, not 15", digits.len);
	}
	TRY(ident_imei_check_digit(view_of(digits.data, TAC + SNR), &check));
	return digits.data[TAC + SNR] == (uint8_t)check
		       ? OK
		       : err_fail(ERR_SYNTAX, "IMEI: wrong check digit (TS 23.003 B.1)");
}

enum err reg_device_parse(struct view in, struct ident *ret)
{
	static const struct {
		const char *prefix, *urn;
	} forms[] = {
		{"imei:", IMEI_URN},
		{"mac:", MAC_URN},
		{"ip6:", IP6_URN},
		{"dev:", "urn:dev:"},
	};
	char text[IDENT_MAX + 1];
	struct buf urn = buf_fixed(text, sizeof(text));

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (take_prefix(&in, forms[i].prefix)) {
			TRY(i == 0 ? check_imei(in) : OK);
			buf_text(&urn, forms[i].urn);
			buf_view(&urn, in);
			TRY(buf_end(&urn, "9.2 i b: device identifier"));
			return ident_parse(IDENT_DEVICE, buf_contents(&urn), ret);
		}
	}
	return ident_parse(IDENT_DEVICE, in, ret);
}

/* --- RegDevID --- */

enum err reg_dev_id_make(const struct reg_id *registry, const struct ident *device,
	struct reg_dev_id *ret)
{
	struct reg_dev_id got = {.registry = *registry, .device = *device};
	struct buf out = buf_fixed(got.text, REG_DEV_ID_MAX);

	if (device->kind != IDENT_DEVICE || registry->len == 0) {
		return err_fail(ERR_SYNTAX,
			"9.2 i b: RegDevID: a registry and a device are wanted");
	}
	buf_view(&out, reg_id_view(registry));
	buf_u8(&out, ':');
	reg_device_print(device, &out);
	TRY(buf_end(&out, "9.2 i b: RegDevID"));
	got.len = (uint16_t)out.len;
	*ret = got;
	return OK;
}

enum err reg_dev_id_make_virtual(const struct reg_id *registry,
	const uint8_t random[REG_VIRTUAL_SIZE], struct reg_dev_id *ret)
{
	struct reg_dev_id got = {.registry = *registry, .is_virtual = true};
	struct buf out = buf_fixed(got.text, REG_DEV_ID_MAX);

	buf_view(&out, reg_id_view(registry));
	buf_text(&out, ":v:");
	text_base64url(&out, view_of(random, REG_VIRTUAL_SIZE));
	TRY(buf_end(&out, "9.2 i f: virtual RegDevID"));
	got.len = (uint16_t)out.len;
	*ret = got;
	return OK;
}

static enum err read_virtual(const struct reg_id *registry, struct view text, struct reg_dev_id *ret)
{
	uint8_t random[REG_VIRTUAL_SIZE];
	size_t len = 0;

	TRY(text_from_base64url(text, random, sizeof(random), &len, "9.2 i f: virtual RegDevID"));
	if (len != sizeof(random)) {
		return err_fail(ERR_SYNTAX, "9.2 i f: virtual RegDevID: not %d bytes",
			REG_VIRTUAL_SIZE);
	}
	return reg_dev_id_make_virtual(registry, random, ret);
}

enum err reg_dev_id_parse(struct view in, struct reg_dev_id *ret)
{
	size_t colon = find_byte(in, ':');
	struct reg_id registry;
	struct ident device;

	if (colon == in.len) {
		return err_fail(ERR_SYNTAX, "9.2 i b: RegDevID: no ':' after the RegID");
	}
	struct view own = view_from(in, colon + 1);

	TRY(reg_id_parse(view_of(in.data, colon), &registry));
	if (take_prefix(&own, "v:")) {
		return read_virtual(&registry, own, ret);
	}
	TRY(reg_device_parse(own, &device));
	return reg_dev_id_make(&registry, &device, ret);
}

struct view reg_dev_id_view(const struct reg_dev_id *id)
{
	return view_of(id->text, id->len);
}
