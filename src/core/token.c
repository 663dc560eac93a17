// SPDX-License-Identifier: Apache-2.0
#include "core/token.h"

#include "base/text.h"
#include "core/kdf.h"
#include <string.h>

/* FC of every derivation from Ks here; P0 keeps them apart (TS 33.220 B.3). */
enum { FC = 0x01 };

enum { ID_BYTES = 18, ID_DIGITS = 24, PSEUDONYM_BYTES = 18, TMPI_BYTES = 24 };
enum { NAF_ID_MAX = IDENT_MAX + UA_SIZE };

static const char *const format_names[] = {[TOKEN_GBA] = "gba", [TOKEN_Y3056] = "y3056"};

enum { FORMATS = sizeof(format_names) / sizeof(format_names[0]) };

enum err token_format_of(const char *name, enum token_format *ret)
{
	for (size_t i = TOKEN_GBA; i < FORMATS; i++) {
		if (strcmp(format_names[i], name) == 0) {
			*ret = (enum token_format)i;
			return OK;
		}
	}
	return err_fail(ERR_UNSUPPORTED, "token format: not one of gba, y3056");
}

const char *token_format_name(enum token_format format)
{
	return format >= TOKEN_GBA && (size_t)format < FORMATS ? format_names[format] : "unknown";
}

/* Ua security protocol identifiers. */

bool ua_equal(struct ua a, struct ua b)
{
	return memcmp(a.bytes, b.bytes, UA_SIZE) == 0;
}

enum err ua_parse(struct view ten_hex_digits, struct ua *ret)
{
	struct ua got;
	size_t len = 0;

	TRY(text_from_hex(ten_hex_digits, got.bytes, sizeof(got.bytes), &len, "Ua id"));
	if (len != UA_SIZE) {
		return err_fail(ERR_SYNTAX,
			"Ua id: not ten hexadecimal digits (TS 33.220 Annex H)");
	}
	*ret = got;
	return OK;
}

void ua_print(struct ua ua, char ret[UA_SIZE * 2 + 1])
{
	struct buf out = buf_fixed(ret, UA_SIZE * 2);

	text_hex(&out, VIEW(ua.bytes));
	ret[out.len] = '\0';
}

/* The key. */

/* What TLS or Digest proves is bound to who asked, for what, and under which protocol. */
static struct view put_naf_id(struct view application, struct ua ua, uint8_t room[NAF_ID_MAX])
{
	struct buf naf_id = buf_fixed(room, NAF_ID_MAX);

	buf_view(&naf_id, application);
	buf_bytes(&naf_id, ua.bytes, UA_SIZE);
	return buf_contents(&naf_id);
}

/* Ks_NAF of TS 33.220 B.3, for GBA_ME. */
static enum err derive_gba(const struct token_base *base, struct view naf_id, uint8_t ret[KDF_SIZE])
{
	const struct view params[] = {
		view_text("gba-me"),
		VIEW(base->rand),
		ident_view(&base->client),
		naf_id,
	};

	return kdf(&base->ks, FC, params, sizeof(params) / sizeof(params[0]), ret);
}

/* Beyond GBA: bound to node, realm and channel too.  req: B7.1-i B7.2-c B9.4.1-d */
static enum err derive_y3056(const struct token_base *base, struct view naf_id, struct view binding,
	uint8_t ret[KDF_SIZE])
{
	const struct view params[] = {
		view_text("y3056"),
		VIEW(base->rand),
		ident_view(&base->client),
		naf_id,
		ident_view(&base->node),
		ident_view(&base->realm),
		binding,
	};

	if (binding.len > TOKEN_BINDING_MAX) {
		return err_fail(ERR_RANGE, "token: channel binding of more than %d bytes",
			TOKEN_BINDING_MAX);
	}
	return kdf(&base->ks, FC, params, sizeof(params) / sizeof(params[0]), ret);
}

/* The same on both ends, from what both know; nothing of it is sent.  req: B7.2-e B9.3-c */
enum err token_derive(enum token_format format, const struct token_base *base,
	const struct ident *application, struct ua ua, struct view binding, struct secret *ret_key)
{
	uint8_t room[NAF_ID_MAX], key[KDF_SIZE];
	struct view naf_id = put_naf_id(ident_view(application), ua, room);
	enum err e;

	switch (format) {
	case TOKEN_GBA:
		e = derive_gba(base, naf_id, key);
		break;
	case TOKEN_Y3056:
		e = derive_y3056(base, naf_id, binding, key);
		break;
	default:
		return err_fail(ERR_UNSUPPORTED, "token: no format %d", (int)format);
	}
	if (e == OK) {
		e = secret_set(ret_key, key, sizeof(key));
	}
	bytes_wipe(key, sizeof(key));
	return e;
}

/* Names of a token. */

/* Two ASPs cannot join these: the application goes into each.  req: B9.1.1-e */
static enum err put_y3056_id(const struct token_base *base, const struct ident *application,
	struct buf *out)
{
	const struct view params[] = {
		view_text("y3056-id"),
		VIEW(base->rand),
		ident_view(&base->client),
		ident_view(application),
		ident_view(&base->node),
		ident_view(&base->realm),
	};
	uint8_t digest[KDF_SIZE];

	TRY(kdf(&base->ks, FC, params, sizeof(params) / sizeof(params[0]), digest));
	text_base64url(out, view_of(digest, ID_BYTES));
	return OK;
}

/* Ends what was put into `out`, which lies within an array of one byte more. */
static enum err finish(struct buf *out, const char *what)
{
	TRY(buf_end(out, what));
	out->data[out->len] = '\0';
	return OK;
}

enum err token_id(enum token_format format, const struct token_base *base,
	const struct ident *application, char ret[TOKEN_ID_MAX + 1])
{
	char room[TOKEN_ID_MAX + 1];
	struct buf out = buf_fixed(room, TOKEN_ID_MAX);

	switch (format) {
	case TOKEN_GBA:
		text_base64(&out, VIEW(base->rand));
		break;
	case TOKEN_Y3056:
		TRY(put_y3056_id(base, application, &out));
		break;
	default:
		return err_fail(ERR_UNSUPPORTED, "token id: no format %d", (int)format);
	}
	buf_u8(&out, '@');
	buf_view(&out, ident_view(&base->node));
	TRY(finish(&out, "token id"));
	memcpy(ret, room, out.len + 1);
	return OK;
}

enum err token_id_node(struct view id, struct ident *ret_node)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/-_=";

	if (id.len <= ID_DIGITS || id.data[ID_DIGITS] != '@') {
		return err_fail(ERR_SYNTAX, "token id: not 24 digits of base 64, @ and a node");
	}
	for (size_t i = 0; i < ID_DIGITS; i++) {
		if (id.data[i] == 0 || !strchr(digits, id.data[i])) {
			return err_fail(ERR_SYNTAX, "token id: not base 64 before the @");
		}
	}
	struct view node = view_of(id.data + ID_DIGITS + 1, id.len - ID_DIGITS - 1);

	return ident_parse(IDENT_FQDN, node, ret_node);
}

/* The key is a Ks_NAF toward the node itself, under a Ua id set aside for that (B.4). */
enum err token_tmpi(const struct token_base *base, char ret[TMPI_MAX + 1])
{
	static const struct ua of_tmpi = {{0x01, 0x00, 0x00, 0x01, 0x00}};
	uint8_t room[NAF_ID_MAX], digest[KDF_SIZE];
	struct buf out = buf_fixed(ret, TMPI_MAX);

	TRY(derive_gba(base, put_naf_id(ident_view(&base->node), of_tmpi, room), digest));
	text_base64(&out, view_of(digest, TMPI_BYTES));
	buf_text(&out, "@tmpi.bsf.3gppnetwork.org");
	bytes_wipe(digest, sizeof(digest));
	return finish(&out, "TMPI");
}

/* req: B9.4.1-g */
enum err token_pseudonym(const struct secret *realm_secret, const struct ident *client,
	const struct ident *asp, char ret[PSEUDONYM_SIZE])
{
	const struct view params[] = {
		view_text("y3056-uid"),
		ident_view(client),
		ident_view(asp),
	};
	uint8_t digest[KDF_SIZE];
	struct buf out = buf_fixed(ret, PSEUDONYM_SIZE - 1);

	TRY(kdf(realm_secret, FC, params, sizeof(params) / sizeof(params[0]), digest));
	text_base64url(&out, view_of(digest, PSEUDONYM_BYTES));
	return finish(&out, "pseudonym");
}
