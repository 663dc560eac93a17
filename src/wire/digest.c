// SPDX-License-Identifier: Apache-2.0
#include "wire/digest.h"

#include "base/text.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

enum {
	HEADER_MAX = 8192,	 /* a whole header */
	HASHED_MAX = 4096,	 /* what is hashed beside the body */
	NONCE_SIZE = RAND_SIZE + AUTN_SIZE,
	AUTS_BASE64 = (AUTS_SIZE + 2) / 3 * 4,
	NONCE_BASE64_MAX = 128,	 /* RAND, AUTN and what another BSF may add */
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

#define AUTHORIZATION(field, max, must)                                                            \
	{#field, offsetof(struct digest_authorization, field), (max), (must)}
#define CHALLENGE(field, max, must)                                                                \
	{#field, offsetof(struct challenge_text, field), (max), (must)}
#define INFO(field, max, must) {#field, offsetof(struct digest_info, field), (max), (must)}

static const struct param authorization_params[] = {
	AUTHORIZATION(username, 255, REQUIRED | QUOTED),
	AUTHORIZATION(realm, 255, REQUIRED | QUOTED),
	AUTHORIZATION(nonce, NONCE_BASE64_MAX, REQUIRED | QUOTED),
	AUTHORIZATION(uri, 1024, REQUIRED | QUOTED),
	AUTHORIZATION(response, DIGEST_HEX, REQUIRED | QUOTED),
	AUTHORIZATION(cnonce, 256, QUOTED),
	AUTHORIZATION(opaque, 256, QUOTED),
	AUTHORIZATION(auts, AUTS_BASE64, QUOTED),
	AUTHORIZATION(nc, NC_HEX, 0),
	AUTHORIZATION(qop, 16, 0),
	AUTHORIZATION(algorithm, 32, 0),
	{0},
};

static const struct param challenge_params[] = {
	CHALLENGE(realm, 255, REQUIRED | QUOTED),
	CHALLENGE(nonce, NONCE_BASE64_MAX, REQUIRED | QUOTED),
	CHALLENGE(opaque, 256, QUOTED),
	CHALLENGE(qop, 64, REQUIRED),
	CHALLENGE(algorithm, 32, REQUIRED),
	CHALLENGE(stale, 5, 0),
	{0},
};

static const struct param info_params[] = {
	INFO(rspauth, DIGEST_HEX, REQUIRED),
	INFO(cnonce, 256, 0),
	INFO(nc, NC_HEX, 0),
	INFO(qop, 16, 0),
	INFO(nextnonce, NONCE_BASE64_MAX, 0),
	{0},
};

static const struct {
	enum digest_algorithm algorithm;
	const char *name;
	size_t hex;
} algorithms[] = {
	{DIGEST_AKAV1_MD5, "AKAv1-MD5", MD5_HEX},
	{DIGEST_AKAV2_SHA256, "AKAv2-SHA-256", DIGEST_HEX},
};

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

static enum err read_params(
	struct lexer *lx, const struct param *rows, struct scratch *scratch, void *ret);

const char *digest_algorithm_name(enum digest_algorithm algorithm)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (algorithms[i].algorithm == algorithm) {
			return algorithms[i].name;
		}
	}
	return "";
}

enum err digest_algorithm_of(struct view name, enum digest_algorithm *ret)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (view_is_nocase(name, algorithms[i].name)) {
			*ret = algorithms[i].algorithm;
			return OK;
		}
	}
	return err_fail(ERR_UNSUPPORTED,
		"digest: algorithm is neither AKAv1-MD5 nor AKAv2-SHA-256 (RFC 3310 3.2, RFC 4169)");
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

static struct view read_unquoted(struct lexer *lx)
{
	const uint8_t *from = lx->at;

	while (!at_end(lx) && *lx->at > 0x20 && *lx->at < 0x7f && *lx->at != ',' && *lx->at != '"') {
		lx->at++;
	}
	return view_of(from, (size_t)(lx->at - from));
}

/* Takes the backslashes out of a quoted string, into the scratch when there are any. */
static enum err unquote(
	const struct lexer *lx, const char *name, struct scratch *scratch, struct view *value)
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
static enum err read_param(
	struct lexer *lx, const struct param *rows, struct scratch *scratch, void *ret)
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
	TRY(unquote(lx, name, scratch, &value));
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
static enum err read_params(
	struct lexer *lx, const struct param *rows, struct scratch *scratch, void *ret)
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

/* A response over less than qop=auth-int covers would leave the body open: not taken. */
static enum err check_response(const struct lexer *lx, const struct digest_authorization *a)
{
	if (!is_digest(a->response)) {
		return refuse(lx, "response", "is not 32 or 64 lower-case hexadecimal digits");
	}
	if (a->nonce.len == 0) {
		return refuse(lx, "nonce", "is empty beside a response");
	}
	if (!view_is_nocase(a->qop, "auth-int")) {
		return refuse(lx, "qop", "is not auth-int (TS 24.109 4.3)");
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
		TRY(check_response(&lx, ret));
	}
	return ret->auts.data ? read_auts(&lx, ret) : OK;
}

/* Whether `word` is an element of a comma-separated list. */
static bool lists(struct view list, const char *word)
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

enum err digest_parse_challenge(struct view header, struct digest_challenge *ret)
{
	struct scratch scratch = {ret->scratch, sizeof(ret->scratch)};
	struct challenge_text text = {.stale = {NULL, 0}};
	struct lexer lx;

	*ret = (struct digest_challenge){.stale = false};
	TRY(begin("WWW-Authenticate", header, true, &lx));
	TRY(read_params(&lx, challenge_params, &scratch, &text));
	if (!lists(text.qop, "auth-int")) {
		return refuse(&lx, "qop", "does not offer auth-int (TS 24.109 4.3)");
	}
	TRY(digest_algorithm_of(text.algorithm, &ret->algorithm));
	ret->realm = text.realm;
	ret->nonce = text.nonce;
	ret->opaque = text.opaque;
	ret->qop = text.qop;
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

void digest_print_authorization(
	struct buf *out, const struct digest_authorization *in, enum digest_algorithm algorithm)
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
		put_token(out, "qop", view_text("auth-int"));
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

/* Nonce and password. */

void digest_nonce(struct buf *out, const uint8_t rand[RAND_SIZE], const uint8_t autn[AUTN_SIZE])
{
	uint8_t both[NONCE_SIZE];

	memcpy(both, rand, RAND_SIZE);
	memcpy(both + RAND_SIZE, autn, AUTN_SIZE);
	text_base64(out, VIEW(both));
}

enum err digest_from_nonce(
	struct view nonce, uint8_t ret_rand[RAND_SIZE], uint8_t ret_autn[AUTN_SIZE])
{
	uint8_t both[NONCE_SIZE];
	size_t len = 0;

	TRY(text_from_base64(nonce, both, sizeof(both), &len, "nonce"));
	if (len != sizeof(both)) {
		return err_fail(ERR_SYNTAX, "nonce: not RAND and AUTN, 32 bytes (RFC 3310 3.2)");
	}
	memcpy(ret_rand, both, RAND_SIZE);
	memcpy(ret_autn, both + RAND_SIZE, AUTN_SIZE);
	return OK;
}

/* RFC 4169 3: base64(HMAC(RES || IK || CK, the constant)), with the hash of the algorithm. */
static enum err akav2_password(const struct secret *res, const struct secret *ck,
	const struct secret *ik, struct secret *ret)
{
	static const uint8_t label[] = "http-digest-akav2-password";
	uint8_t key[3 * SECRET_MAX], mac[32], text[44];
	struct buf joined = buf_fixed(key, sizeof(key)), out = buf_fixed(text, sizeof(text));
	unsigned int mac_len = 0;

	buf_view(&joined, secret_view(res));
	buf_view(&joined, secret_view(ik));
	buf_view(&joined, secret_view(ck));
	bool done = HMAC(EVP_sha256(), key, (int)joined.len, label, sizeof(label) - 1, mac,
			    &mac_len) != NULL;
	text_base64(&out, VIEW(mac));
	enum err result = done ? secret_set(ret, text, out.len)
			       : err_fail(ERR_CRYPTO, "digest: HMAC-SHA-256 failed");
	bytes_wipe(key, sizeof(key));
	bytes_wipe(mac, sizeof(mac));
	bytes_wipe(text, sizeof(text));
	return result;
}

enum err digest_password(enum digest_algorithm algorithm, const struct secret *res,
	const struct secret *ck, const struct secret *ik, struct secret *ret)
{
	if (algorithm == DIGEST_AKAV1_MD5) {
		return secret_set(ret, res->bytes, res->len);
	}
	return akav2_password(res, ck, ik, ret);
}

/* Digests. */

/* One context for the four hashes of a digest. */
struct hasher {
	EVP_MD_CTX *ctx;
	const EVP_MD *md;
};

static EVP_MD *md5, *sha256;
static CRYPTO_ONCE fetched = CRYPTO_ONCE_STATIC_INIT;

/* An explicit fetch once: each implicit one searches the providers anew. */
static void fetch_hashes(void)
{
	md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static void free_hasher(struct hasher *h)
{
	EVP_MD_CTX_free(h->ctx);
}

static enum err new_hasher(enum digest_algorithm algorithm, struct hasher *ret)
{
	if (!CRYPTO_THREAD_run_once(&fetched, fetch_hashes)) {
		return err_fail(ERR_CRYPTO, "digest: hashes cannot be loaded");
	}
	ret->md = algorithm == DIGEST_AKAV1_MD5 ? md5 : sha256;
	if (!ret->md) {
		return err_fail(ERR_CRYPTO, "digest: %s has no hash in this OpenSSL",
			digest_algorithm_name(algorithm));
	}
	ret->ctx = EVP_MD_CTX_new();
	return ret->ctx ? OK : err_fail(ERR_MEMORY, "digest: out of memory");
}

/* H(parts joined by colons), in lower-case hexadecimal. */
static enum err hash_joined(
	const struct hasher *h, const struct view *parts, size_t count, struct secret *ret_hex)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	bool good = EVP_DigestInit_ex(h->ctx, h->md, NULL) == 1;

	for (size_t i = 0; good && i < count; i++) {
		good = (i == 0 || EVP_DigestUpdate(h->ctx, ":", 1) == 1) &&
		       EVP_DigestUpdate(h->ctx, parts[i].data, parts[i].len) == 1;
	}
	if (!good || EVP_DigestFinal_ex(h->ctx, raw, &len) != 1 || len * 2 > SECRET_MAX) {
		return err_fail(ERR_CRYPTO, "digest: hash failed");
	}
	for (size_t i = 0; i < len; i++) {
		ret_hex->bytes[2 * i] = (uint8_t)digits[raw[i] >> 4];
		ret_hex->bytes[2 * i + 1] = (uint8_t)digits[raw[i] & 15];
	}
	ret_hex->len = (size_t)len * 2;
	bytes_wipe(raw, sizeof(raw));
	return OK;
}

/* RFC 7616 3.4.1 to 3.4.3: KD(H(A1), nonce:nc:cnonce:qop:H(A2)). `method` is empty for rspauth. */
static enum err compute(
	const struct digest_input *in, struct view method, char ret[DIGEST_HEX + 1])
{
	__attribute__((cleanup(free_hasher))) struct hasher h = {NULL, NULL};
	SECRET(a1);
	SECRET(a2);
	SECRET(body);
	SECRET(digest);
	struct view password = in->password ? secret_view(in->password) : view_text("");

	if (in->username.len + in->realm.len + in->nonce.len + in->nc.len + in->cnonce.len +
			method.len + in->uri.len > HASHED_MAX) {
		return err_fail(ERR_RANGE, "digest: more than %d bytes to hash", HASHED_MAX);
	}
	TRY(new_hasher(in->algorithm, &h));
	TRY(hash_joined(&h, (struct view[]){in->username, in->realm, password}, 3, &a1));
	TRY(hash_joined(&h, &in->body, 1, &body));
	TRY(hash_joined(&h, (struct view[]){method, in->uri, secret_view(&body)}, 3, &a2));
	TRY(hash_joined(&h,
		(struct view[]){secret_view(&a1), in->nonce, in->nc, in->cnonce,
			view_text("auth-int"), secret_view(&a2)},
		6, &digest));
	memcpy(ret, digest.bytes, digest.len);
	ret[digest.len] = '\0';
	return OK;
}

enum err digest_response(const struct digest_input *in, char ret[DIGEST_HEX + 1])
{
	return compute(in, in->method, ret);
}

enum err digest_rspauth(const struct digest_input *in, char ret[DIGEST_HEX + 1])
{
	return compute(in, view_text(""), ret);
}

enum err digest_verify(struct view claimed, const char expected[DIGEST_HEX + 1])
{
	size_t len = strlen(expected);

	if (len == 0 || claimed.len != len || !bytes_equal_secret(claimed.data, expected, len)) {
		return err_fail(ERR_AUTH, "digest: the response is another");
	}
	return OK;
}
