// SPDX-License-Identifier: Apache-2.0
#include "wire/digest.h"

#include "base/text.h"
#include <string.h>

enum {
	HEADER_MAX = 8192, /* a whole header */
	AUTS_BASE64 = (AUTS_SIZE + 2) / 3 * 4,
	MD5_HEX = 32,
	NC_HEX = 8,
};

/* One parameter that is understood: where its view goes, and what it must be. */
struct param {
	const char *name;
	size_t at;    /* offset of the view */
	uint16_t max; /* bytes, without quotes */
	enum { REQUIRED = 1, QUOTED = 2 } must;
};

/* WWW-Authenticate before its words become numbers. */
struct challenge_text {
	struct view realm, nonce, opaque, qop, algorithm, stale;
};

/* clang-format off */
#define PARAM(type, field, max, must) {#field, offsetof(struct type, field), (max), (must)}
static const struct param authorization_params[] = {
	PARAM(digest_authorization, username, 255, REQUIRED | QUOTED),
	PARAM(digest_authorization, realm, 255, REQUIRED | QUOTED),
	PARAM(digest_authorization, nonce, DIGEST_NONCE_MAX, REQUIRED | QUOTED),
	PARAM(digest_authorization, uri, 1024, REQUIRED | QUOTED),
	PARAM(digest_authorization, response, DIGEST_HEX, REQUIRED | QUOTED),
	PARAM(digest_authorization, cnonce, DIGEST_CNONCE_MAX, QUOTED),
	PARAM(digest_authorization, opaque, DIGEST_OPAQUE_MAX, QUOTED),
	PARAM(digest_authorization, auts, AUTS_BASE64, QUOTED),
	PARAM(digest_authorization, nc, NC_HEX, 0),
	PARAM(digest_authorization, qop, 16, 0),
	PARAM(digest_authorization, algorithm, 32, 0),
	{0},
};

static const struct param challenge_params[] = {
	PARAM(challenge_text, realm, 255, REQUIRED | QUOTED),
	PARAM(challenge_text, nonce, DIGEST_NONCE_MAX, REQUIRED | QUOTED),
	PARAM(challenge_text, opaque, DIGEST_OPAQUE_MAX, QUOTED),
	PARAM(challenge_text, qop, 64, REQUIRED),
	PARAM(challenge_text, algorithm, 32, REQUIRED),
	PARAM(challenge_text, stale, 5, 0),
	{0},
};

static const struct param demand_params[] = {
	PARAM(challenge_text, realm, 255, REQUIRED | QUOTED),
	PARAM(challenge_text, stale, 5, 0),
	{0},
};

static const struct param info_params[] = {
	PARAM(digest_info, rspauth, DIGEST_HEX, REQUIRED),
	PARAM(digest_info, cnonce, DIGEST_CNONCE_MAX, 0),
	PARAM(digest_info, nc, NC_HEX, 0),
	PARAM(digest_info, qop, 16, 0),
	PARAM(digest_info, nextnonce, DIGEST_NONCE_MAX, 0),
	{0},
};
/* clang-format on */

static const struct algorithm {
	enum digest_algorithm algorithm;
	const char *name;
	bool aka;
} algorithms[] = {
	{DIGEST_AKAV1_MD5, "AKAv1-MD5", true},
	{DIGEST_AKAV2_SHA256, "AKAv2-SHA-256", true},
	{DIGEST_SHA256, "SHA-256", false},
	{DIGEST_MD5, "MD5", false},
};
enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

/* The text that is left of a header. */
struct lexer {
	const uint8_t *at, *end;
	const char *header; /* its name, for sentences */
};

/* Where values go whose quoting had to be undone. */
struct scratch {
	uint8_t *at;
	size_t left;
};

static enum err read_params(struct lexer *lx, const struct param *rows, struct scratch *scratch,
	void *ret);

const char *digest_algorithm_name(enum digest_algorithm algorithm)
{
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (algorithms[i].algorithm == algorithm) {
			return algorithms[i].name;
		}
	}
	return "";
}

static bool find_algorithm(struct view name, bool aka, enum digest_algorithm *ret)
{
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (algorithms[i].aka == aka && view_is_nocase(name, algorithms[i].name)) {
			*ret = algorithms[i].algorithm;
			return true;
		}
	}
	return false;
}

enum err digest_algorithm_of(struct view name, enum digest_algorithm *ret)
{
	return find_algorithm(name, true, ret)
		       ? OK
		       : err_fail(ERR_UNSUPPORTED,
				 "digest: algorithm is neither AKAv1-MD5 nor AKAv2-SHA-256 (RFC "
				 "3310 3.2, RFC 4169)");
}

enum err digest_plain_algorithm_of(struct view name, enum digest_algorithm *ret)
{
	return find_algorithm(name.data ? name : view_text("MD5"), false, ret)
		       ? OK
		       : err_fail(ERR_UNSUPPORTED,
				 "digest: algorithm is neither SHA-256 nor MD5 (RFC 7616 3.3)");
}

/* Reading. */

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* tchar, RFC 9110 5.6.2. */
static bool is_token(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_control(uint8_t c)
{
	return (c < 0x20 && c != '\t') || c == 0x7f;
}

static bool is_hex(struct view v, bool upper_too)
{
	for (size_t i = 0; i < v.len; i++) {
		uint8_t c = v.data[i];
		bool upper = c >= 'A' && c <= 'F';

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f') && !(upper && upper_too)) {
			return false;
		}
	}
	return true;
}

static enum err refuse(const struct lexer *lx, const char *param, const char *why)
{
	return err_fail(ERR_SYNTAX, "%s: %s %s", lx->header, param, why);
}

static bool at_end(const struct lexer *lx)
{
	return lx->at == lx->end;
}

static bool take(struct lexer *lx, uint8_t c)
{
	if (at_end(lx) || *lx->at != c) {
		return false;
	}
	lx->at++;
	return true;
}

static void skip_spaces(struct lexer *lx)
{
	while (!at_end(lx) && is_space(*lx->at)) {
		lx->at++;
	}
}

static struct view read_token(struct lexer *lx)
{
	const uint8_t *from = lx->at;

	while (!at_end(lx) && is_token(*lx->at)) {
		lx->at++;
	}
	return view_of(from, (size_t)(lx->at - from));
}

/* After the opening quote: what stands before the closing one, backslashes still in. */
static enum err read_quoted(struct lexer *lx, const char *name, struct view *ret)
{
	const uint8_t *from = lx->at;

	while (!at_end(lx) && *lx->at != '"') {
		if (*lx->at == '\\' && lx->end - lx->at > 1) {
			lx->at++;
		}
		if (is_control(*lx->at)) {
			return refuse(lx, name, "holds a control character");
		}
		lx->at++;
	}
	*ret = view_of(from, (size_t)(lx->at - from));
	return take(lx, '"') ? OK : refuse(lx, name, "has no closing quote");
}

/* More than a token: what devices leave unquoted may be base64. */
static struct view read_unquoted(struct lexer *lx)
{
	const uint8_t *from = lx->at;

	while (!at_end(lx) && *lx->at > 0x20 && *lx->at < 0x7f && !strchr(",\"\\", *lx->at)) {
		lx->at++;
	}
	return view_of(from, (size_t)(lx->at - from));
}

/*
 * Takes the backslashes out of a quoted string, into the scratch when there are any. None is the last:
 * it would have taken the closing quote.
 */
static enum err unquote(const struct lexer *lx, const char *name, struct scratch *scratch,
	struct view *value)
{
	struct view in = *value;
	size_t len = 0;

	if (in.len == 0 || !memchr(in.data, '\\', in.len)) {
		return OK;
	}
	if (in.len > scratch->left) {
		return refuse(lx, name, "is too long");
	}
	for (size_t i = 0; i < in.len; i++) {
		if (in.data[i] == '\\') {
			i++;
		}
		scratch->at[len++] = in.data[i];
	}
	*value = view_of(scratch->at, len);
	scratch->at += len;
	scratch->left -= len;
	return OK;
}

static const struct param *find_param(const struct param *rows, struct view name)
{
	for (const struct param *row = rows; row->name; row++) {
		if (view_is_nocase(name, row->name)) {
			return row;
		}
	}
	return NULL;
}

static struct view *view_at(void *base, const struct param *row)
{
	return (struct view *)(void *)((char *)base + row->at);
}

/* One name=value; what is not understood is read past. */
static enum err read_param(struct lexer *lx, const struct param *rows, struct scratch *scratch,
	void *ret)
{
	struct view word = read_token(lx);
	const struct param *row = find_param(rows, word);
	const char *name = row ? row->name : "a parameter";
	struct view value;

	if (word.len == 0) {
		return refuse(lx, name, "has no name");
	}
	skip_spaces(lx);
	if (!take(lx, '=')) {
		return refuse(lx, name, "has no value");
	}
	skip_spaces(lx);
	bool quoted = take(lx, '"');

	if (quoted) {
		TRY(read_quoted(lx, name, &value));
	} else {
		value = read_unquoted(lx);
	}
	if (!row) {
		return OK;
	}
	if (view_at(ret, row)->data) {
		return refuse(lx, name, "stands twice");
	}
	if (!quoted && (row->must & QUOTED || value.len == 0)) {
		return refuse(lx, name, value.len == 0 ? "has no value" : "is unquoted");
	}
	if (quoted) {
		TRY(unquote(lx, name, scratch, &value));
	}
	if (value.len > row->max) {
		return refuse(lx, name, "is too long");
	}
	if (!text_is_printable(value)) {
		return refuse(lx, name, "is not printable ASCII");
	}
	*view_at(ret, row) = value;
	return OK;
}

/* The list of parameters; empty elements are allowed (RFC 9110 5.6.1.2). */
static enum err read_params(struct lexer *lx, const struct param *rows, struct scratch *scratch,
	void *ret)
{
	for (;;) {
		skip_spaces(lx);
		if (take(lx, ',')) {
			continue;
		}
		if (at_end(lx)) {
			break;
		}
		TRY(read_param(lx, rows, scratch, ret));
		skip_spaces(lx);
		if (!at_end(lx) && *lx->at != ',') {
			return refuse(lx, "a comma", "is missing between parameters");
		}
	}
	for (const struct param *row = rows; row->name; row++) {
		if (row->must & REQUIRED && !view_at(ret, row)->data) {
			return refuse(lx, row->name, "is missing");
		}
	}
	return OK;
}

/* Begins a header; with a scheme, steps over "Digest". */
static enum err begin(const char *header, struct view in, bool has_scheme, struct lexer *ret)
{
	struct lexer lx = {in.data, in.len > 0 ? in.data + in.len : in.data, header};

	if (in.len > HEADER_MAX) {
		return refuse(&lx, "the header", "is too long");
	}
	skip_spaces(&lx);
	if (has_scheme && !view_is_nocase(read_token(&lx), "Digest")) {
		return refuse(&lx, "the scheme", "is not Digest");
	}
	if (has_scheme && !at_end(&lx) && !is_space(*lx.at)) {
		return refuse(&lx, "the scheme", "is not followed by a space");
	}
	*ret = lx;
	return OK;
}

static bool is_digest(struct view v)
{
	return (v.len == MD5_HEX || v.len == DIGEST_HEX) && is_hex(v, false);
}

static enum err check_nc(const struct lexer *lx, struct view nc)
{
	return nc.len == NC_HEX && is_hex(nc, true)
		       ? OK
		       : refuse(lx, "nc", "is not 8 hexadecimal digits (RFC 7616 3.4)");
}

/* On RP_C a response over less than qop=auth-int covers would leave the body open: not taken. */
static enum err check_response(const struct lexer *lx, const struct digest_authorization *a,
	bool auth_too)
{
	if (!is_digest(a->response)) {
		return refuse(lx, "response", "is not 32 or 64 lower-case hexadecimal digits");
	}
	if (a->nonce.len == 0) {
		return refuse(lx, "nonce", "is empty beside a response");
	}
	if (!view_is(a->qop, "auth-int") && !(auth_too && view_is(a->qop, "auth"))) {
		return refuse(lx, "qop",
			auth_too ? "is neither auth nor auth-int (RFC 7616 3.4)"
				 : "is not auth-int (TS 24.109 4.3)");
	}
	if (a->cnonce.len == 0) {
		return refuse(lx, "cnonce", "is missing (RFC 7616 3.4)");
	}
	return check_nc(lx, a->nc);
}

static enum err read_auts(const struct lexer *lx, struct digest_authorization *a)
{
	size_t len = 0;

	if (!a->has_response) {
		return refuse(lx, "auts", "stands without a response (RFC 3310 3.4)");
	}
	if (text_from_base64(a->auts, a->auts_bytes, AUTS_SIZE, &len, lx->header) != OK ||
		len != AUTS_SIZE) {
		return refuse(lx, "auts", "is not base64 of 14 bytes (RFC 3310 3.4)");
	}
	a->has_auts = true;
	return OK;
}

enum err digest_parse_authorization(struct view header, struct digest_authorization *ret)
{
	struct scratch scratch = {ret->scratch, sizeof(ret->scratch)};
	struct lexer lx;

	*ret = (struct digest_authorization){.has_response = false};
	TRY(begin("Authorization", header, true, &lx));
	TRY(read_params(&lx, authorization_params, &scratch, ret));
	ret->has_response = ret->response.len > 0;
	if (ret->has_response) {
		TRY(check_response(&lx, ret, false));
	}
	return ret->auts.data ? read_auts(&lx, ret) : OK;
}

enum err digest_parse_credentials(struct view header, struct digest_authorization *ret)
{
	struct scratch scratch = {ret->scratch, sizeof(ret->scratch)};
	struct lexer lx;

	*ret = (struct digest_authorization){.has_response = true};
	TRY(begin("Authorization", header, true, &lx));
	TRY(read_params(&lx, authorization_params, &scratch, ret));
	return check_response(&lx, ret, true);
}

bool digest_offers(struct view list, const char *word)
{
	struct lexer lx = {list.data, list.data + list.len, ""};

	while (!at_end(&lx)) {
		if (view_is_nocase(read_token(&lx), word)) {
			return true;
		}
		while (!at_end(&lx) && (is_space(*lx.at) || *lx.at == ',')) {
			lx.at++;
		}
		if (!at_end(&lx) && !is_token(*lx.at)) {
			return false;
		}
	}
	return false;
}

static enum err read_challenge(struct view header, struct lexer *lx, struct challenge_text *text,
	struct digest_challenge *ret)
{
	struct scratch scratch = {ret->scratch, sizeof(ret->scratch)};

	*ret = (struct digest_challenge){.stale = false};
	TRY(begin("WWW-Authenticate", header, true, lx));
	TRY(read_params(lx, challenge_params, &scratch, text));
	ret->realm = text->realm;
	ret->nonce = text->nonce;
	ret->opaque = text->opaque;
	ret->qop = text->qop;
	ret->stale = view_is_nocase(text->stale, "true");
	return OK;
}

enum err digest_parse_challenge(struct view header, struct digest_challenge *ret)
{
	struct challenge_text text = {.stale = {NULL, 0}};
	struct lexer lx;

	TRY(read_challenge(header, &lx, &text, ret));
	if (!digest_offers(text.qop, "auth-int")) {
		return refuse(&lx, "qop", "does not offer auth-int (TS 24.109 4.3)");
	}
	return digest_algorithm_of(text.algorithm, &ret->algorithm);
}

enum err digest_parse_offer(struct view header, struct digest_challenge *ret)
{
	struct challenge_text text = {.stale = {NULL, 0}};
	struct lexer lx;

	TRY(read_challenge(header, &lx, &text, ret));
	if (!digest_offers(text.qop, "auth-int") && !digest_offers(text.qop, "auth")) {
		return refuse(&lx, "qop", "offers neither auth nor auth-int (RFC 7616 3.3)");
	}
	return digest_plain_algorithm_of(text.algorithm, &ret->algorithm);
}

enum err digest_parse_demand(struct view header, struct digest_challenge *ret)
{
	struct scratch scratch = {ret->scratch, sizeof(ret->scratch)};
	struct challenge_text text = {.stale = {NULL, 0}};
	struct lexer lx;

	*ret = (struct digest_challenge){.stale = false};
	TRY(begin("WWW-Authenticate", header, true, &lx));
	TRY(read_params(&lx, demand_params, &scratch, &text));
	ret->realm = text.realm;
	ret->stale = view_is_nocase(text.stale, "true");
	return OK;
}

enum err digest_parse_info(struct view header, struct digest_info *ret)
{
	struct scratch scratch = {ret->scratch, sizeof(ret->scratch)};
	struct lexer lx;

	*ret = (struct digest_info){.qop = {NULL, 0}};
	TRY(begin("Authentication-Info", header, false, &lx));
	TRY(read_params(&lx, info_params, &scratch, ret));
	if (!is_digest(ret->rspauth)) {
		return refuse(&lx, "rspauth", "is not 32 or 64 lower-case hexadecimal digits");
	}
	return ret->nc.data ? check_nc(&lx, ret->nc) : OK;
}

/* Writing. */

/* `before` is what separates it from the one before. A control character makes the buf fail. */
static void put_quoted(struct buf *out, const char *before, const char *name, struct view value)
{
	buf_text(out, before);
	buf_text(out, name);
	buf_text(out, "=\"");
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];

		out->failed |= is_control(c);
		if (c == '"' || c == '\\') {
			buf_u8(out, '\\');
		}
		buf_u8(out, c);
	}
	buf_u8(out, '"');
}

static void put_token(struct buf *out, const char *name, struct view value)
{
	for (size_t i = 0; i < value.len; i++) {
		out->failed |= !is_token(value.data[i]);
	}
	buf_text(out, ", ");
	buf_text(out, name);
	buf_u8(out, '=');
	buf_view(out, value);
}

void digest_print_authorization(struct buf *out, const struct digest_authorization *in,
	enum digest_algorithm algorithm)
{
	put_quoted(out, "Digest ", "username", in->username);
	put_quoted(out, ", ", "realm", in->realm);
	put_quoted(out, ", ", "nonce", in->nonce);
	put_quoted(out, ", ", "uri", in->uri);
	put_quoted(out, ", ", "response", in->has_response ? in->response : view_text(""));
	if (algorithm) {
		put_token(out, "algorithm", view_text(digest_algorithm_name(algorithm)));
	}
	if (in->has_response) {
		put_token(out, "qop", in->qop.data ? in->qop : view_text("auth-int"));
		put_token(out, "nc", in->nc);
		put_quoted(out, ", ", "cnonce", in->cnonce);
	}
	if (in->opaque.data) {
		put_quoted(out, ", ", "opaque", in->opaque);
	}
	if (in->has_auts) {
		buf_text(out, ", auts=\"");
		text_base64(out, view_of(in->auts_bytes, AUTS_SIZE));
		buf_u8(out, '"');
	}
}

void digest_print_challenge(struct buf *out, const struct digest_challenge *in)
{
	put_quoted(out, "Digest ", "realm", in->realm);
	put_quoted(out, ", ", "nonce", in->nonce);
	put_token(out, "algorithm", view_text(digest_algorithm_name(in->algorithm)));
	put_quoted(out, ", ", "qop", in->qop.data ? in->qop : view_text("auth-int"));
	if (in->opaque.data) {
		put_quoted(out, ", ", "opaque", in->opaque);
	}
	if (in->stale) {
		put_token(out, "stale", view_text("true"));
	}
}

void digest_print_info(struct buf *out, const struct digest_info *in)
{
	put_quoted(out, "", "rspauth", in->rspauth);
	put_quoted(out, ", ", "cnonce", in->cnonce);
	put_token(out, "nc", in->nc);
	put_token(out, "qop", in->qop.data ? in->qop : view_text("auth-int"));
	if (in->nextnonce.data) {
		put_quoted(out, ", ", "nextnonce", in->nextnonce);
	}
}
