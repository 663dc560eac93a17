// SPDX-License-Identifier: Apache-2.0
#include "rp_c_world.h"

#include "base/text.h"

volatile bool rp_c_inside;

static void note_step(void *user, const char *clause, const char *event, int64_t microseconds)
{
	struct rp_c *w = user;
	size_t len = strlen(w->steps);

	assert_true(microseconds >= 0);
	(void)snprintf(w->steps + len, sizeof(w->steps) - len, "%s %s\n", clause, event);
}

enum err rp_c_begin(struct rp_c *w)
{
	struct symdev_options options = {.se_ops = &fake_se_ops,
		.se = &w->se,
		.env = &w->env.env,
		.step = note_step,
		.step_user = w};

	assert_ok(ident_parse(IDENT_CLIENT, view_text(CLIENT), &options.client));
	assert_ok(ident_parse(IDENT_FQDN, view_text(NODE), &options.node));
	if (w->application) {
		assert_ok(ident_parse(IDENT_APPLICATION, view_text(w->application),
			&options.application));
	}
	options.plain_allowed = w->plain_allowed;
	w->steps[0] = 0;
	TRY(symdev_boot_begin(&w->boot, &options));
	return w->binding ? symdev_boot_connected(&w->boot, view_text(w->binding)) : OK;
}

void rp_c_open_for(struct rp_c *w, const char *application)
{
	memset(w, 0, sizeof(*w));
	w->application = application;
	w->binding = application ? "0123456789abcdef0123456789abcdef" : NULL;
	w->env = fake_env_of(1);
	w->lifetime = env_wall(&w->env.env) + 3600;
	w->sqn = 32;
	fake_se_open(&w->se);
	assert_ok(aka_new(&w->aka));
	assert_ok(rp_c_begin(w));
}

void rp_c_open(struct rp_c *w)
{
	rp_c_open_for(w, NULL);
}

void rp_c_close(struct rp_c *w)
{
	symdev_boot_end(&w->boot);
	fake_se_close(&w->se);
	aka_free(w->aka);
}

enum err rp_c_feed(struct rp_c *w, struct view bytes)
{
	size_t piece = w->piece ? w->piece : bytes.len;
	enum err err = OK;

	symdev_boot_sent(&w->boot, SYMDEV_OUTPUT);
	for (size_t at = 0; at < bytes.len && err == OK; at += piece) {
		size_t left = bytes.len - at;

		rp_c_inside = true;
		err = symdev_boot_input(&w->boot,
			view_of(bytes.data + at, left < piece ? left : piece));
		rp_c_inside = false;
	}
	return err;
}

enum err rp_c_feed_text(struct rp_c *w, const char *text)
{
	return rp_c_feed(w, view_text(text));
}

/* 10.4/2a into w->answer. */
const char *rp_c_challenge(struct rp_c *w)
{
	uint8_t rand[RAND_SIZE];
	char nonce[64];
	struct buf out = buf_fixed(nonce, sizeof(nonce));

	assert_ok(w->env.env.random(&w->env.env, rand, sizeof(rand)));
	assert_ok(sqn_next(w->sqn, &w->sqn));
	assert_ok(vector_make(w->aka, &w->se.key, rand, w->sqn, &w->vector));
	digest_nonce(&out, w->vector.rand, w->vector.autn);
	buf_u8(&out, 0);
	(void)snprintf(w->answer, sizeof(w->answer),
		"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"%s\", nonce=\"%s\", "
		"%s%sqop=\"%s\", opaque=\"5d0c41aa\"\r\n%sContent-Length: 0\r\n\r\n",
		w->realm ? w->realm : NODE, nonce,
		w->algorithm	 ? w->algorithm
		: w->application ? "algorithm=AKAv2-SHA-256"
				 : "algorithm=AKAv1-MD5",
		w->algorithm && !w->algorithm[0] ? "" : ", ", w->qop ? w->qop : "auth-int",
		w->fields ? w->fields : "");
	return w->answer;
}

static const char *target_of(const struct rp_c *w)
{
	static char target[1024];
	struct buf out = buf_fixed(target, sizeof(target));

	buf_text(&out, "/");
	if (w->application) {
		buf_text(&out, "?app=");
		text_percent(&out, view_text(w->application));
	}
	buf_u8(&out, 0);
	return target;
}

/* What the device sent, as the node reads it. */
void rp_c_read_request(const struct rp_c *w, struct digest_authorization *ret)
{
	struct view output = symdev_boot_output(&w->boot);
	static const char name[] = "\r\nAuthorization: ";
	const char *at = memmem(output.data, output.len, name, strlen(name));

	assert_non_null(at);
	at += strlen(name);
	const char *end =
		memmem(at, (size_t)((const char *)output.data + output.len - at), "\r\n", 2);

	assert_non_null(end);
	assert_ok(digest_parse_authorization(view_of(at, (size_t)(end - at)), ret));
	assert_true(output.len > 4);
	char line[1024];
	int len =
		snprintf(line, sizeof(line), "GET %s HTTP/1.1\r\nHost: " NODE "\r\n", target_of(w));

	assert_memory_equal(output.data, line, len);
	assert_memory_equal(output.data + output.len - 4, "\r\n\r\n", 4);
}

struct digest_input rp_c_input_of(const struct digest_authorization *request,
	const struct secret *password, const char *body)
{
	return (struct digest_input){.algorithm = view_is(request->uri, "/") ? DIGEST_AKAV1_MD5
									     : DIGEST_AKAV2_SHA256,
		.username = request->username,
		.realm = view_text(NODE),
		.nonce = request->nonce,
		.nc = request->nc,
		.cnonce = request->cnonce,
		.method = view_text("GET"),
		.uri = request->uri,
		.body = view_text(body),
		.password = password};
}

void rp_c_base(const struct rp_c *w, struct token_base *ret)
{
	uint8_t ks[32];

	*ret = (struct token_base){.ks = {.len = 0}};
	memcpy(ks, w->vector.ck.bytes, 16);
	memcpy(ks + 16, w->vector.ik.bytes, 16);
	assert_ok(secret_set(&ret->ks, ks, sizeof(ks)));
	memcpy(ret->rand, w->vector.rand, RAND_SIZE);
	assert_ok(ident_parse(IDENT_CLIENT, view_text(CLIENT), &ret->client));
	assert_ok(ident_parse(IDENT_FQDN, view_text(NODE), &ret->node));
	assert_ok(ident_parse(IDENT_FQDN, view_text("realm.example"), &ret->realm));
}

#define OR(value, otherwise) ((value) ? (value) : (otherwise))

static const char *json_document(const struct rp_c *w)
{
	static char text[4096];
	char id[TOKEN_ID_MAX + 1], until[TEXT_TIME], applications[300];
	struct token_base base;
	struct ident application;
	const char *for_whom = OR(w->json.application, w->application);
	bool is_gba = w->json.format && strcmp(w->json.format, "gba") == 0;

	rp_c_base(w, &base);
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(for_whom), &application));
	assert_ok(token_id(is_gba ? TOKEN_GBA : TOKEN_Y3056, &base, &application, id));
	text_time(w->lifetime, until);
	(void)snprintf(applications, sizeof(applications), "[\"%s\"]", w->application);
	(void)snprintf(text, sizeof(text),
		"{\"token\":\"%s\",\"lifetime\":\"%s\",\"format\":\"%s\",\"degree\":\"standard\","
		"\"node\":\"%s\",\"realm\":\"%s\",\"application\":\"%s\",\"applications\":%s,"
		"\"ua\":%s%s}",
		OR(w->json.token, id), until, OR(w->json.format, "y3056"), OR(w->json.node, NODE),
		OR(w->json.realm, "realm.example"), for_whom, OR(w->json.applications, applications),
		OR(w->json.ua, "[\"0100000007\",\"010001ccac\"]"), OR(w->json.rest, ""));
	return text;
}

const char *rp_c_document(const struct rp_c *w)
{
	static char text[1024];
	char id[64], until[TEXT_TIME];
	struct buf out = buf_fixed(id, sizeof(id));

	if (w->application) {
		return json_document(w);
	}
	text_base64(&out, VIEW(w->vector.rand));
	buf_text(&out, "@" NODE);
	buf_u8(&out, 0);
	text_time(w->lifetime, until);
	(void)snprintf(text, sizeof(text),
		"<?xml version=\"1.0\"?><BootstrappingInfo xmlns=\"uri:3gpp-gba\"><btid>%s</btid>"
		"<lifetime>%s</lifetime></BootstrappingInfo>",
		w->btid ? w->btid : id, until);
	return text;
}

static void password_of(const struct rp_c *w, struct secret *ret)
{
	assert_ok(digest_password(w->application ? DIGEST_AKAV2_SHA256 : DIGEST_AKAV1_MD5,
		&w->vector.xres, &w->vector.ck, &w->vector.ik, ret));
}

/* The Authentication-Info for the response that the device has sent last. */
const char *rp_c_info(const struct rp_c *w, const char *body)
{
	static char text[512];
	char rspauth[DIGEST_HEX + 1];
	struct digest_authorization request;
	SECRET(password);

	rp_c_read_request(w, &request);
	password_of(w, &password);
	struct digest_input input = rp_c_input_of(&request, &password, body);

	assert_ok(digest_rspauth(&input, rspauth));
	(void)snprintf(text, sizeof(text),
		"rspauth=\"%s\", cnonce=\"%.*s\", nc=00000001, qop=auth-int",
		w->rspauth ? w->rspauth : rspauth, (int)request.cnonce.len,
		(const char *)request.cnonce.data);
	return text;
}

const char *rp_c_proved_refusal(struct rp_c *w)
{
	static const char body[] = "{\"type\":\"about:blank\",\"status\":403,\"detail\":\"10.4/3b: "
				   "no permission\"}";

	(void)snprintf(w->answer, sizeof(w->answer),
		"HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\n"
		"Authentication-Info: %s\r\nContent-Length: %zu\r\n\r\n%s",
		rp_c_info(w, body), strlen(body), body);
	return w->answer;
}

/* 4a into w->answer. */
const char *rp_c_result(struct rp_c *w)
{
	const char *body = rp_c_document(w);

	(void)snprintf(w->answer, sizeof(w->answer),
		"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.3gpp.bsf+xml\r\n"
		"Authentication-Info: %s\r\n%sContent-Length: %zu\r\n\r\n%s",
		w->info ? w->info : rp_c_info(w, body), w->fields ? w->fields : "", strlen(body),
		body);
	return w->answer;
}

/* The response is right over XRES: what the node checks in 1d. */
void rp_c_check_response(const struct rp_c *w)
{
	struct digest_authorization request;
	char expected[DIGEST_HEX + 1];

	SECRET(password);

	rp_c_read_request(w, &request);
	password_of(w, &password);
	struct digest_input input = rp_c_input_of(&request, &password, "");

	assert_ok(digest_response(&input, expected));
	assert_ok(digest_verify(request.response, expected));
	assert_view(request.username, w->username ? w->username : CLIENT);
	assert_view(request.realm, NODE);
	assert_view(request.uri, target_of(w));
	assert_view(request.opaque, "5d0c41aa");
	assert_view(request.qop, "auth-int");
	assert_view(request.algorithm, w->application ? "AKAv2-SHA-256" : "AKAv1-MD5");
	assert_int_equal(request.cnonce.len, 32);
	assert_false(request.has_auts);
}

void rp_c_run_well(struct rp_c *w)
{
	assert_ok(rp_c_feed_text(w, rp_c_challenge(w)));
	rp_c_check_response(w);
	assert_ok(rp_c_feed_text(w, rp_c_result(w)));
	assert_true(symdev_boot_done(&w->boot));
}

enum err rp_c_kept_token(struct rp_c *w, struct symdev_token *ret)
{
	struct ident client, application;

	assert_ok(ident_parse(IDENT_CLIENT, view_text(CLIENT), &client));
	if (!w->application) {
		return symdev_token_load(&fake_se_ops, &w->se, &client, ret);
	}
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(w->application), &application));
	return symdev_token_find(&fake_se_ops, &w->se, &client, &application, env_wall(&w->env.env),
		ret);
}

/* The run is over, says nothing, keeps no secret, and a token from before is as it was. */
void rp_c_assert_over(struct rp_c *w, const struct fake_se *before)
{
	assert_false(symdev_boot_done(&w->boot));
	assert_int_equal(symdev_boot_output(&w->boot).len, 0);
	assert_false(symdev_boot_reconnect(&w->boot));
	assert_err(ERR_WRONG_STATE, symdev_boot_input(&w->boot, view_text("H")));
	assert_err(ERR_CLOSED, symdev_boot_closed(&w->boot));
	if (w->vector.ck.len > 0) {
		assert_false(fake_se_holds(&w->boot, sizeof(w->boot), w->vector.xres.bytes, 8));
		assert_false(fake_se_holds(&w->boot, sizeof(w->boot), w->vector.ck.bytes, 16));
		assert_false(fake_se_holds(&w->boot, sizeof(w->boot), w->vector.ik.bytes, 16));
	}
	assert_memory_equal(w->se.lasting.values, before->lasting.values,
		sizeof(before->lasting.values));
}

void rp_c_check_token(struct rp_c *w)
{
	struct symdev_token token, kept;
	struct token_base base;
	struct ident application;
	char identity[SYMDEV_PSK_IDENTITY], want[SYMDEV_PSK_IDENTITY];
	SECRET(key);
	SECRET(node_key);

	assert_ok(symdev_boot_token(&w->boot, &token));
	assert_ok(rp_c_kept_token(w, &kept));
	assert_string_equal(kept.id, token.id);
	assert_int_equal(token.until, w->lifetime);
	assert_int_equal(token.from, env_wall(&w->env.env));
	rp_c_base(w, &base);
	assert_ok(ident_parse(IDENT_APPLICATION,
		view_text(OR(w->json.application, OR(w->application, "app.example"))),
		&application));
	assert_ok(token_derive(token.format, &base, &application, UA_TLS13_PSK,
		view_text(w->binding), &node_key));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(OR(w->application, "app.example")),
		&application));
	assert_ok(symdev_token_key(&fake_se_ops, &w->se, &kept, &application, UA_TLS13_PSK, &key));
	assert_true(secret_equal(&key, &node_key));
	assert_ok(symdev_psk_identity(&token, identity));
	(void)snprintf(want, sizeof(want), "%s;%s",
		token.format == TOKEN_Y3056 ? "y3056" : "3GPP-bootstrapping", token.id);
	assert_string_equal(identity, want);
	assert_false(fake_se_holds(&w->boot, sizeof(w->boot), base.ks.bytes, base.ks.len));
	assert_false(fake_se_holds(&w->boot, sizeof(w->boot), w->vector.xres.bytes, 8));
}

/* The device has seen numbers that the node does not know of. */
void rp_c_go_ahead(struct rp_c *w)
{
	for (size_t i = 0; i < SQN_IND_COUNT; i++) {
		w->se.lasting.window.seq[i] = 5000;
	}
}

void rp_c_check_auts(struct rp_c *w)
{
	struct digest_authorization request;
	char expected[DIGEST_HEX + 1];
	uint64_t sqn_ms = 0;

	rp_c_read_request(w, &request);
	struct digest_input input = rp_c_input_of(&request, NULL, "");

	assert_true(request.has_auts);
	assert_ok(vector_resync(w->aka, &w->se.key, w->vector.rand, request.auts_bytes, &sqn_ms));
	assert_int_equal(sqn_ms, 5000 << SQN_IND_BITS | (SQN_IND_COUNT - 1));
	assert_ok(digest_response(&input, expected));
	assert_ok(digest_verify(request.response, expected));
	w->sqn = sqn_ms;
}
