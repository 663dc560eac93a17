// SPDX-License-Identifier: Apache-2.0
/* The part of clause 10.4 that is AKA, with HTTP Digest (RFC 3310, RFC 4169): steps 1b to 1d. */
#include "authn/bootstrap_inside.h"

#include "authn/figures.h"
#include "base/text.h"
#include "wire/digest.h"

#include <string.h>

/* In its order */
static void on_vector(void *user, uint64_t ref, const struct rp_b_vector *vector);	 /* 1c */
static enum err challenge(struct bootstrap *run);					 /* 2a */
static enum err verify(struct bootstrap *run, const struct digest_authorization *reply); /* 1d */
static void resynchronise(struct bootstrap *run, const struct digest_authorization *reply);

/* In the form with an application nothing may be stripped: AKAv2 alone (RFC 4169). */
static enum digest_algorithm algorithm_of(const struct bootstrap *run)
{
	return run->who.application.len > 0 ? DIGEST_AKAV2_SHA256 : DIGEST_AKAV1_MD5;
}

/* 10.4/1b */
void aka_begin(struct bootstrap *run)
{
	bootstrap_enter(run, WAIT_VECTOR);
	bootstrap_step(run, "rp_b.vector_asked", "10.4/1b", "authn", "authz");
	rp_b_ask_vector(run->authn, &run->who.client, NULL, run->tx, on_vector, run->ref);
}

/* 10.4/1c: the key management function has set the keying material. */
static void on_vector(void *user, uint64_t ref, const struct rp_b_vector *vector)
{
	struct bootstrap *run = bootstrap_find(user, ref, ON_VECTOR);

	if (!run) {
		return;
	}
	if (vector->err == ERR_DENIED || vector->err == ERR_AUTH) {
		bootstrap_refuse(run, 403, "10.4/1d: refused");
		return;
	}
	if (vector->err != OK) {
		log_event(LOG_WARN, "rp_b.no_vector", run->tx, LOG_TEXT("detail", vector->detail));
		bootstrap_refuse(run, 503,
			"10.4/1b: the authorization element is away; come back later");
		return;
	}
	run->vector = vector->vector;
	run->key = vector->key;
	run->lifetime = vector->lifetime;
	run->awaits = vector->awaits;
	if (challenge(run) != OK) {
		bootstrap_refuse(run, 500, err_detail());
	}
}

/* 10.4/2a: the node challenges the device under its own name. */
static enum err challenge(struct bootstrap *run)
{
	struct authn *authn = run->authn;
	struct buf nonce = buf_fixed(run->nonce, sizeof(run->nonce));
	struct http_request *request = run->request;

	digest_nonce(&nonce, run->vector.rand, run->vector.autn);
	TRY(buf_end(&nonce, "nonce"));
	TRY(table_put(authn->challenges, buf_contents(&nonce), (void *)(uintptr_t)run->ref));
	enum err err =
		rp_c_challenge(authn, request, algorithm_of(run), buf_contents(&nonce), run->tx);

	if (err != OK) {
		table_remove(authn->challenges, buf_contents(&nonce));
		return err;
	}
	run->request = NULL;
	bootstrap_enter(run, WAIT_RESPONSE);
	bootstrap_step(run, "rp_c.challenge", "10.4/2a", "authn", "device");
	return OK;
}

void aka_on_patience(void *user)
{
	struct bootstrap *run = user;

	authn_figures_bootstrap(run->authn, 0, 0);
	table_remove(run->authn->challenges, view_text(run->nonce));
	bootstrap_end(run);
}

/* 10.4/2c: the device has answered. */
void aka_on_response(struct bootstrap *run, const struct digest_authorization *reply)
{
	if (!view_is(reply->username, run->who.username) || !view_is(reply->uri, run->target) ||
		!view_is(run->request->head->target, run->target)) {
		bootstrap_refuse(run, 400, "10.4/2c: identity or uri is not that of the first leg");
		return;
	}
	if (reply->has_auts) {
		resynchronise(run, reply);
		return;
	}
	if (verify(run, reply) != OK) {
		log_event(LOG_INFO, "rp_c.refused", run->tx, LOG_TEXT("clause", "10.4/1d"),
			LOG_DETAIL());
		bootstrap_refuse(run, 403, "10.4/1d: refused");
		return;
	}
	bootstrap_step(run, "rp_c.verified", "10.4/1d", "device", "authn");
	bootstrap_authenticated(run);
}

static struct digest_input input_of(const struct bootstrap *run,
	const struct digest_authorization *reply, const struct secret *password)
{
	return (struct digest_input){
		.algorithm = algorithm_of(run),
		.username = view_text(run->who.username),
		.realm = ident_view(&run->authn->node),
		.nonce = view_text(run->nonce),
		.nc = reply->nc,
		.cnonce = reply->cnonce,
		.method = run->request->head->method,
		.uri = view_text(run->target),
		.body = run->request->body,
		.password = password,
	};
}

/* What rspauth is made over. */
static enum err keep_reply(struct bootstrap *run, const struct digest_authorization *reply)
{
	TRY(bootstrap_keep_channel(run));
	TRY(text_copy(run->cnonce, sizeof(run->cnonce), reply->cnonce, "10.4/2c: cnonce"));
	return text_copy(run->nc, sizeof(run->nc), reply->nc, "10.4/2c: nc");
}

static enum err set_ks(const struct vector *vector, struct bootstrap *run)
{
	uint8_t ks[32];

	memcpy(ks, vector->ck.bytes, 16);
	memcpy(ks + 16, vector->ik.bytes, 16);
	enum err err = secret_set(&run->ks, ks, sizeof(ks));

	bytes_wipe(ks, sizeof(ks));
	memcpy(run->rand, vector->rand, RAND_SIZE);
	return err;
}

/* 10.4/1d: mutual authentication, the device's half.  req: B9.1.1-c B9.6.3 */
static enum err verify(struct bootstrap *run, const struct digest_authorization *reply)
{
	char expected[DIGEST_HEX + 1];

	if (!view_equal(reply->realm, ident_view(&run->authn->node)) ||
		!view_is(reply->qop, "auth-int")) {
		return err_fail(ERR_AUTH, "10.4/1d: another realm, or qop is not auth-int");
	}
	if (reply->algorithm.data &&
		!view_is_nocase(reply->algorithm, digest_algorithm_name(algorithm_of(run)))) {
		return err_fail(ERR_AUTH, "10.4/1d: not the algorithm of the challenge");
	}
	TRY(digest_password(algorithm_of(run), &run->vector.xres, &run->vector.ck, &run->vector.ik,
		&run->password));
	const struct digest_input input = input_of(run, reply, &run->password);

	TRY(digest_response(&input, expected));
	TRY(digest_verify(reply->response, expected));
	TRY(set_ks(&run->vector, run));
	return keep_reply(run, reply);
}

/* TS 33.102 6.3.5, RFC 3310 3.4: the device's SQN is ahead. Once a bootstrap; the old vector is spent. */
static void resynchronise(struct bootstrap *run, const struct digest_authorization *reply)
{
	char expected[DIGEST_HEX + 1];
	uint8_t rand_auts[RAND_SIZE + AUTS_SIZE];
	const struct digest_input input = input_of(run, reply, NULL);

	if (run->resynchronised) {
		bootstrap_refuse(run, 403, "10.4/2c: resynchronised once already");
		return;
	}
	if (!view_equal(reply->realm, input.realm) || digest_response(&input, expected) != OK ||
		digest_verify(reply->response, expected) != OK) {
		bootstrap_refuse(run, 403, "10.4/1d: refused");
		return;
	}
	memcpy(rand_auts, run->vector.rand, RAND_SIZE);
	memcpy(rand_auts + RAND_SIZE, reply->auts_bytes, AUTS_SIZE);
	run->resynchronised = true;
	authn_figures_resynchronised(run->authn);
	vector_wipe(&run->vector);
	bootstrap_enter(run, WAIT_VECTOR);
	bootstrap_step(run, "rp_b.resynchronisation_asked", "10.4/1b", "authn", "authz");
	rp_b_ask_vector(run->authn, &run->who.client, rand_auts, run->tx, on_vector, run->ref);
}

/* The node's half of the mutual authentication: it knows RES too. */
struct rp_c_proof aka_proof(const struct bootstrap *run)
{
	return (struct rp_c_proof){
		.digest = {.algorithm = algorithm_of(run),
			.username = view_text(run->who.username),
			.realm = ident_view(&run->authn->node),
			.nonce = view_text(run->nonce),
			.nc = view_text(run->nc),
			.cnonce = view_text(run->cnonce),
			.method = view_text("GET"),
			.uri = view_text(run->target),
			.password = &run->password},
		.status = 200,
		.content_type = run->json ? "application/json" : "application/vnd.3gpp.bsf+xml",
	};
}
