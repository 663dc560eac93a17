// SPDX-License-Identifier: Apache-2.0
#include "authn/rp_c.h"

#include "base/text.h"
#include "wire/gba_xml.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

#define TMPI_REALM "@tmpi.bsf.3gppnetwork.org"

static size_t count_of(const struct http_head *head, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < head->field_count; i++) {
		count += view_is_nocase(head->fields[i].name, name);
	}
	return count;
}

enum err rp_c_read(const struct http_request *request, struct digest_authorization *ret)
{
	size_t count = count_of(request->head, "Authorization");

	if (count == 0) {
		return err_fail(ERR_SYNTAX, "10.4/1a: no Authorization with the client's identity, "
					    "and no client certificate");
	}
	if (count > 1) { /* of two, a proxy might have looked at the other */
		return err_fail(ERR_SYNTAX, "RP_C: Authorization stands there twice");
	}
	return digest_parse_authorization(http_field_of(request->head, "Authorization"), ret);
}

static bool ends_with(struct view text, const char *end)
{
	size_t len = strlen(end);

	return text.len > len && memcmp(text.data + text.len - len, end, len) == 0;
}

/* Its own identity, or the temporary one that an earlier bootstrap left both ends with.  req: B9.1.1-b B9.1.1-e */
static enum err read_username(struct view username, struct rp_c_start *ret)
{
	TRY(text_copy(ret->username, sizeof(ret->username), username, "10.4/1a: username"));
	ret->temporary = ends_with(username, TMPI_REALM);
	if (ret->temporary) {
		return OK;
	}
	TRY(ident_parse(IDENT_CLIENT, username, &ret->client));
	/* The name goes into digest and key as it was sent: both ends must write it alike. */
	return view_equal(username, ident_view(&ret->client))
		       ? OK
		       : err_fail(ERR_SYNTAX,
				 "10.4/1a: client not in its canonical form (lower case)");
}

/* The one parameter that RP_C has. */
static enum err read_application(struct view query, struct rp_c_start *ret)
{
	uint8_t room[IDENT_MAX + 1];
	struct buf id = buf_fixed(room, sizeof(room));

	if (memchr(query.data, '&', query.len) || http_query(query, "app", &id) != OK) {
		return err_fail(ERR_SYNTAX, "RP_C: the query is ?app=<application>, or none");
	}
	TRY(buf_end(&id, "RP_C: app"));
	TRY(ident_parse(IDENT_APPLICATION, buf_contents(&id), &ret->application));
	return view_equal(buf_contents(&id), ident_view(&ret->application))
		       ? OK
		       : err_fail(ERR_SYNTAX, "RP_C: application not in its canonical form");
}

/* A token for an application is bound to the channel; without TLS only where the realm says so. */
static enum err check_channel(struct authn *authn, const struct http_request *request)
{
	uint8_t binding[32];

	return authn->conf->app_plain || !request->stream ||
			       stream_channel_binding(request->stream, binding) == OK
		       ? OK
		       : err_fail(ERR_DENIED,
				 "RP_C: tokens for applications are made over TLS alone here");
}

enum err rp_c_read_start(struct authn *authn, const struct http_request *request,
	const struct digest_authorization *authorization, struct rp_c_start *ret)
{
	if (!view_equal(authorization->realm, ident_view(&authn->node))) {
		return err_fail(ERR_SYNTAX, "10.4/1a: the digest realm is not this node, %s",
			authn->node.text);
	}
	if (!view_equal(authorization->uri, request->head->target)) {
		return err_fail(ERR_SYNTAX, "10.4/1a: digest uri and request-target differ");
	}
	if (request->head->target.len >= RP_C_TARGET) {
		return err_fail(ERR_RANGE, "10.4/1a: request-target longer than %d bytes",
			RP_C_TARGET - 1);
	}
	TRY(read_username(authorization->username, ret));
	if (request->target.query.len == 0) {
		return OK;
	}
	TRY(read_application(request->target.query, ret));
	return check_channel(authn, request);
}

bool rp_c_is_shown(const struct http_request *request)
{
	return request->stream && count_of(request->head, "Authorization") == 0 &&
	       stream_has_certificate(request->stream);
}

/* Pinned or vouched for, a certificate's own dates hold. */
static enum err read_certificate(struct authn *authn, const struct http_request *request,
	struct rp_c_start *ret)
{
	int64_t now = env_wall(loop_env(authn->loop));
	struct tls_certificate shown;
	struct buf hex = buf_fixed(ret->username, sizeof(ret->username));

	if (stream_peer_certificate(request->stream, &shown) != OK) {
		return err_fail(ERR_DENIED, "10.4/1d: the device's certificate: %s", err_detail());
	}
	if (now < shown.from || now >= shown.until) {
		return err_fail(ERR_DENIED, "10.4/1d: the device's certificate %s",
			now < shown.from ? "is not valid yet" : "has expired");
	}
	memcpy(ret->key.digest, shown.key.digest, sizeof(ret->key.digest));
	memcpy(ret->key.name, shown.name, sizeof(ret->key.name));
	ret->key.algorithm = shown.key.algorithm;
	ret->key.strength = shown.key.strength;
	ret->shown = true;
	text_hex(&hex, VIEW(ret->key.digest));
	buf_u8(&hex, 0);
	return buf_end(&hex, "RP_C: key");
}

enum err rp_c_read_shown(struct authn *authn, const struct http_request *request,
	struct rp_c_start *ret)
{
	if (stream_tls_protocol(request->stream).version != TLS_1_3) {
		return err_fail(ERR_DENIED,
			"10.4, NOTE: with a certificate a device bootstraps over TLS 1.3 alone");
	}
	if (request->target.query.len == 0) {
		return err_fail(ERR_SYNTAX, "10.4, NOTE: with a certificate a device says for "
					    "which application: ?app=<application>");
	}
	TRY(read_application(request->target.query, ret));
	return read_certificate(authn, request, ret);
}

enum err rp_c_challenge(struct authn *authn, struct http_request *request,
	enum digest_algorithm algorithm, struct view nonce, const char *tx)
{
	BUF_CLEANUP struct buf header = buf_growing(1024);

	digest_print_challenge(&header, &(struct digest_challenge){
						.realm = ident_view(&authn->node),
						.nonce = nonce,
						.opaque = view_text(tx),
						.qop = view_text("auth-int"),
						.algorithm = algorithm,
					});
	TRY(buf_end(&header, "WWW-Authenticate"));
	const struct http_field fields[] = {
		{view_text("WWW-Authenticate"), buf_contents(&header)},
		{view_text("Cache-Control"), view_text("no-store")},
	};

	http_answer(request, 401, fields, 2, (struct view){0});
	return OK;
}

/* TS 24.109 Annex C */
static void write_xml(const struct token *token, struct buf *ret)
{
	struct bootstrapping_info info = {.lifetime = token->until};

	(void)snprintf(info.btid, sizeof(info.btid), "%s", token->id);
	gba_xml_write_info(ret, &info);
}

/* HTTP Digest inside TLS has the suite of a connection with a certificate (TS 33.220 H.3). */
static bool is_digest(struct ua ua)
{
	return ua_equal(ua, UA_HTTP_DIGEST) || ua_equal(ua, UA_TLS12(0x1301)) ||
	       ua_equal(ua, UA_TLS12(0xc02b)) || ua_equal(ua, UA_TLS12(0xc02f));
}

static const char *mechanism_of(struct ua ua)
{
	return ua_equal(ua, UA_TLS13_PSK) ? "tls13-psk"
	       : is_digest(ua)		  ? "http-digest"
	       : ua.bytes[2] == 0x01	  ? "tls12-psk"
					  : "other";
}

/* Which applications the token opens, and how.  req: B9.6.1-e */
static void write_applications(struct json_writer *w, const struct token *token,
	const struct rp_b_permission *permission)
{
	json_put_text(w, "application", ident_view(&token->application));
	json_open_array(w, "applications");
	for (size_t i = 0; i < permission->member_count; i++) {
		json_put_text(w, NULL, permission->members[i]);
	}
	if (permission->member_count == 0) {
		json_put_text(w, NULL, ident_view(&token->application));
	}
	json_close_array(w);
	json_open_array(w, "ua");
	for (size_t i = 0; i < token->ua_count; i++) {
		char text[UA_SIZE * 2 + 1];

		ua_print(token->uas[i], text);
		json_put_string(w, NULL, text);
	}
	json_close_array(w);
}

static bool names(struct view words, const char *word)
{
	char room[256] = "";
	const char *at = room;

	if (text_copy(room, sizeof(room), words, "Y3056-Mechanisms") != OK) {
		return false;
	}
	for (struct view each = degree_next_word(&at); each.len > 0; each = degree_next_word(&at)) {
		if (view_is(each, word)) {
			return true;
		}
	}
	return false;
}

enum err rp_c_check_mechanisms(const struct http_request *request,
	const struct rp_b_permission *permission)
{
	struct view can = http_field_of(request->head, "Y3056-Mechanisms");

	if (can.len == 0) {
		return OK;
	}
	for (size_t i = 0; i < permission->ua_count; i++) {
		if (names(can, mechanism_of(permission->uas[i]))) {
			return OK;
		}
	}
	return err_fail(ERR_DENIED, "8.4: the device has none of the mechanisms that the "
				    "application has registered");
}

static void put_words(struct json_writer *w, const char *name, const char *words)
{
	json_open_array(w, name);
	for (struct view each = degree_next_word(&words); each.len > 0;
		each = degree_next_word(&words)) {
		json_put_text(w, NULL, each);
	}
	json_close_array(w);
}

/* The degree as it was met.  req: B8.4-a */
static void write_degree(struct json_writer *w, const struct rp_c_told *told)
{
	const struct degree_need *need = &told->permission->need;

	json_put_string(w, "degree", told->token->degree);
	json_open(w, "security");
	json_open(w, "asked");
	put_words(w, "mechanisms", need->mechanisms);
	put_words(w, "algorithms", need->algorithms);
	json_put_int(w, "strength", need->strength);
	json_close(w);
	json_open(w, "key");
	json_put_string(w, "mechanism", told->key->mechanism);
	json_put_string(w, "algorithm", told->key->algorithm);
	json_put_int(w, "strength", told->key->strength);
	json_close(w);
	json_close(w);
}

/* What 9.3 lets the client fetch about its subscription: what 8.4 names.  req: B9.3-b B8.4-b */
static void write_subscription(struct json_writer *w, const struct authn *authn,
	const struct rp_c_told *told)
{
	const struct token *token = told->token;
	char until[TEXT_TIME];

	json_open(w, "subscription");
	json_put_string(w, "network", authn->realm.text);
	json_put_bool(w, "permission", true);
	if (told->permission->lifetime > 0) {
		text_time(token->from + told->permission->lifetime, until);
		json_put_string(w, "until", until);
	}
	text_time(token->until, until);
	json_put_string(w, "key_until", until);
	json_put_int(w, "key_bits", TOKEN_KEY * 8);
	json_put_string(w, "key_generation",
		token->format == TOKEN_GBA ? "gba-me" : "y3056"); /* both HMAC-SHA-256 */
	json_put_string(w, "inquiry", "rp_a");
	json_open_array(w, "mechanisms");
	for (size_t i = 0; i < token->ua_count; i++) {
		json_put_string(w, NULL, mechanism_of(token->uas[i]));
	}
	json_close_array(w);
	json_close(w);
}

/* What the exporter's context is made of, and the device does not know yet, or should hear.  req: B10.4-asym */
static void write_agreed(struct json_writer *w, const struct token *token)
{
	char text[2 * RAND_SIZE];
	struct buf rand = buf_fixed(text, sizeof(text));

	text_base64url(&rand, VIEW(token->base.rand));
	json_put_text(w, "rand", buf_contents(&rand));
	json_put_text(w, "client", ident_view(&token->base.client));
}

/* req: B9.1.1-a */
static void write_json(struct authn *authn, const struct rp_c_told *told, struct buf *ret)
{
	const struct token *token = told->token;
	struct json_writer w = json_to(ret);
	char until[TEXT_TIME];

	text_time(token->until, until);
	json_open(&w, NULL);
	json_put_string(&w, "token", token->id);
	json_put_string(&w, "lifetime", until);
	json_put_string(&w, "format", token_format_name(token->format));
	json_put_string(&w, "node", authn->node.text);
	json_put_string(&w, "realm", authn->realm.text);
	if (told->who->shown) {
		write_agreed(&w, token);
	}
	if (told->who->key_update) {
		json_put_bool(&w, "key_update", true);
	}
	if (told->permission) {
		write_degree(&w, told);
		write_applications(&w, token, told->permission);
		write_subscription(&w, authn, told);
	}
	json_close(&w);
}

void rp_c_write_info(struct authn *authn, const struct rp_c_told *told, bool json, struct buf *ret)
{
	if (json) {
		write_json(authn, told, ret);
	} else {
		write_xml(told->token, ret);
	}
}

static enum err print_info(const struct rp_c_proof *proof, struct view body, struct buf *ret)
{
	struct digest_input input = proof->digest;
	char rspauth[DIGEST_HEX + 1];

	input.body = body;
	TRY(digest_rspauth(&input, rspauth));
	digest_print_info(ret, &(struct digest_info){
				       .rspauth = view_text(rspauth),
				       .cnonce = input.cnonce,
				       .nc = input.nc,
				       .qop = view_text("auth-int"),
			       });
	return buf_end(ret, "Authentication-Info");
}

void rp_c_answer(struct http_request *request, const struct rp_c_proof *proof, struct view body)
{
	BUF_CLEANUP struct buf info = buf_growing(1024);

	if (proof->digest.password && print_info(proof, body, &info) != OK) {
		http_answer_problem(request, 500, err_detail());
		return;
	}
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text(proof->content_type)},
		{view_text("Cache-Control"), view_text("no-store")},
		{view_text("Authentication-Info"), buf_contents(&info)},
	};

	http_answer(request, proof->status, fields, proof->digest.password ? 3 : 2, body);
}

void rp_c_refuse(struct http_request *request, const struct rp_c_proof *proof, const char *why)
{
	BUF_CLEANUP struct buf body = buf_growing(1024);
	struct rp_c_proof refusal = *proof;

	refusal.status = 403;
	refusal.content_type = "application/problem+json";
	http_write_problem(&body, refusal.status, why);
	rp_c_answer(request, &refusal, buf_contents(&body));
}

void rp_c_put_off(struct http_request *request, int64_t wait_ms)
{
	BUF_CLEANUP struct buf body = buf_growing(1024);
	char seconds[24];

	(void)snprintf(seconds, sizeof(seconds), "%lld", (long long)((wait_ms + 999) / 1000));
	http_write_problem(&body, 429, "10.4/1a: too many bootstraps begun; come back later");
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text("application/problem+json")},
		{view_text("Retry-After"), view_text(seconds)},
	};

	http_answer(request, 429, fields, 2, buf_contents(&body));
}
