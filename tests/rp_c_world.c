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
	w->steps[0] = 0;
	return symdev_boot_begin(&w->boot, &options);
}

void rp_c_open(struct rp_c *w)
{
	memset(w, 0, sizeof(*w));
	w->env = fake_env_of(1);
	w->lifetime = env_wall(&w->env.env) + 3600;
	w->sqn = 32;
	fake_se_open(&w->se);
	assert_ok(aka_new(&w->aka));
	assert_ok(rp_c_begin(w));
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
		w->algorithm ? w->algorithm : "algorithm=AKAv1-MD5",
		w->algorithm && !w->algorithm[0] ? "" : ", ", w->qop ? w->qop : "auth-int",
		w->fields ? w->fields : "");
	return w->answer;
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
	assert_memory_equal(output.data, "GET / HTTP/1.1\r\nHost: " NODE "\r\n", 38 + 6);
	assert_memory_equal(output.data + output.len - 4, "\r\n\r\n", 4);
}

struct digest_input rp_c_input_of(const struct digest_authorization *request,
	const struct secret *password, const char *body)
{
	return (struct digest_input){.algorithm = DIGEST_AKAV1_MD5,
		.username = view_text(CLIENT),
		.realm = view_text(NODE),
		.nonce = request->nonce,
		.nc = request->nc,
		.cnonce = request->cnonce,
		.method = view_text("GET"),
		.uri = view_text("/"),
		.body = view_text(body),
		.password = password};
}

const char *rp_c_document(const struct rp_c *w)
{
	static char text[1024];
	char id[64], until[TEXT_TIME];
	struct buf out = buf_fixed(id, sizeof(id));

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

/* The Authentication-Info for the response that the device has sent last. */
const char *rp_c_info(const struct rp_c *w, const char *body)
{
	static char text[512];
	char rspauth[DIGEST_HEX + 1];
	struct digest_authorization request;

	rp_c_read_request(w, &request);
	struct digest_input input = rp_c_input_of(&request, &w->vector.xres, body);

	assert_ok(digest_rspauth(&input, rspauth));
	(void)snprintf(text, sizeof(text),
		"rspauth=\"%s\", cnonce=\"%.*s\", nc=00000001, qop=auth-int",
		w->rspauth ? w->rspauth : rspauth, (int)request.cnonce.len,
		(const char *)request.cnonce.data);
	return text;
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

	rp_c_read_request(w, &request);
	struct digest_input input = rp_c_input_of(&request, &w->vector.xres, "");

	assert_ok(digest_response(&input, expected));
	assert_ok(digest_verify(request.response, expected));
	assert_view(request.username, CLIENT);
	assert_view(request.realm, NODE);
	assert_view(request.uri, "/");
	assert_view(request.opaque, "5d0c41aa");
	assert_view(request.qop, "auth-int");
	assert_view(request.algorithm, "AKAv1-MD5");
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
	struct ident client;

	assert_ok(ident_parse(IDENT_CLIENT, view_text(CLIENT), &client));
	return symdev_token_load(&fake_se_ops, &w->se, &client, ret);
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
	struct token_base base = {.ks = {.len = 0}};
	struct ident application;
	uint8_t ks[32];
	char identity[SYMDEV_PSK_IDENTITY], want[SYMDEV_PSK_IDENTITY];
	SECRET(key);
	SECRET(node_key);

	assert_ok(symdev_boot_token(&w->boot, &token));
	assert_ok(rp_c_kept_token(w, &kept));
	assert_string_equal(kept.id, token.id);
	assert_int_equal(token.until, w->lifetime);
	assert_int_equal(token.from, env_wall(&w->env.env));
	memcpy(ks, w->vector.ck.bytes, 16);
	memcpy(ks + 16, w->vector.ik.bytes, 16);
	assert_ok(secret_set(&base.ks, ks, sizeof(ks)));
	memcpy(base.rand, w->vector.rand, RAND_SIZE);
	assert_ok(ident_parse(IDENT_CLIENT, view_text(CLIENT), &base.client));
	assert_ok(ident_parse(IDENT_FQDN, view_text(NODE), &base.node));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text("app.example"), &application));
	assert_ok(token_derive(TOKEN_GBA, &base, &application, UA_TLS13_PSK, view_text(""),
		&node_key));
	assert_ok(symdev_token_key(&fake_se_ops, &w->se, &token, &application, UA_TLS13_PSK, &key));
	assert_true(secret_equal(&key, &node_key));
	assert_ok(symdev_psk_identity(&token, identity));
	(void)snprintf(want, sizeof(want), "3GPP-bootstrapping;%s", token.id);
	assert_string_equal(identity, want);
	assert_false(fake_se_holds(&w->boot, sizeof(w->boot), ks, sizeof(ks)));
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
