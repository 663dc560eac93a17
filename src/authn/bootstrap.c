// SPDX-License-Identifier: Apache-2.0
#include "authn/bootstrap.h"

#include "authn/figures.h"
#include "authn/revocation.h"
#include "authn/rp_a.h"
#include "authn/rp_b.h"
#include "authn/rp_c.h"
#include "authn/tokens.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/digest.h"

#include <stdlib.h>
#include <string.h>

enum { NONCE_MAX = 48, BODY_MAX = 16 * 1024, STARTS_REMEMBERED = 65536 };

/*
 * A run of 10.4.  req: B10.4
 * In the plain form the steps about an application are left out:
 *
 *	(WAIT_IDENTITY) -> WAIT_VECTOR -> WAIT_RESPONSE -> [WAIT_PERMISSION] -> WAIT_STORE -> [WAIT_PUSH]
 *
 * and WAIT_VECTOR comes again, once, to resynchronise. It dies with the process, or with the last answer.
 */
enum phase { WAIT_IDENTITY, WAIT_VECTOR, WAIT_RESPONSE, WAIT_PERMISSION, WAIT_STORE, WAIT_PUSH };

enum event {
	ON_IDENTITY = 1,
	ON_VECTOR = 2,
	ON_RESPONSE = 4,
	ON_PERMISSION = 8,
	ON_STORED = 16,
	ON_PUBLISHED = 32
};

static const struct {
	const char *name;
	enum event awaits;
} phases[] = {
	[WAIT_IDENTITY] = {"wait-identity", ON_IDENTITY},
	[WAIT_VECTOR] = {"wait-vector", ON_VECTOR},
	[WAIT_RESPONSE] = {"wait-response", ON_RESPONSE},
	[WAIT_PERMISSION] = {"wait-permission", ON_PERMISSION},
	[WAIT_STORE] = {"wait-store", ON_STORED},
	[WAIT_PUSH] = {"wait-push", ON_PUBLISHED},
};

struct bootstrap {
	struct authn *authn;
	pool_ref ref;
	enum phase phase;
	char tx[LOG_TX];
	struct http_request *request; /* to be answered; NULL while the device has the turn */
	uint8_t crowd[8];	      /* whence it came */
	size_t crowd_len;
	struct rp_c_start who;
	char target[RP_C_TARGET];
	char nonce[NONCE_MAX];
	struct vector vector;
	bool resynchronised;
	int64_t lifetime; /* seconds, as the subscription says; 0: the node's own */
	struct timer patience;
	struct secret password; /* of the verified response, for rspauth */
	char cnonce[DIGEST_CNONCE_MAX + 1], nc[9];
	uint8_t binding[32]; /* of the channel that the response came by */
	size_t binding_len;
	bool json;	     /* the device prefers JSON to BootstrappingInfo */
	struct token *token; /* until it is handed over */
	struct buf body;     /* of the 200, made before the commit */
	int64_t since_us, phase_us;
};

/* 10.4 in its order */
static void start(struct authn *authn, struct http_request *request,
	const struct digest_authorization *authorization);				    /* 1a */
static void on_identity(void *user, uint64_t ref, enum err result, const struct token *of); /* 1a */
static void ask_vector(struct bootstrap *run);						    /* 1b */
static void on_vector(void *user, uint64_t ref, const struct rp_b_vector *vector);	    /* 1c */
static enum err challenge(struct bootstrap *run);					    /* 2a */
static void on_response(struct bootstrap *run, const struct digest_authorization *reply);   /* 2c */
static enum err verify(struct bootstrap *run, const struct digest_authorization *reply);    /* 1d */
static void resynchronise(struct bootstrap *run, const struct digest_authorization *reply);
static void ask_permission(struct bootstrap *run); /* 3a */
static void on_permission(void *user, uint64_t ref,
	const struct rp_b_permission *permission);					   /* 3b */
static enum err generate(struct bootstrap *run, const struct rp_b_permission *permission); /* 4b */
static void on_stored(void *user, uint64_t ref, enum err result, uint64_t serial);	   /* 4c */
static void on_published(void *user, uint64_t ref, unsigned told, unsigned acknowledged);  /* 4d */

static void enter(struct bootstrap *run, enum phase phase);
static struct bootstrap *find(struct authn *authn, uint64_t ref, enum event event);
static void refuse(struct bootstrap *run, unsigned status, const char *why);
static void end(struct bootstrap *run);

static int64_t now_us(const struct bootstrap *run)
{
	const struct env *env = loop_env(run->authn->loop);

	return env->steady_us(env);
}

static void step(const struct bootstrap *run, const char *event, const char *clause,
	const char *from, const char *to)
{
	log_step(event, run->tx, clause, from, to, now_us(run) - run->since_us);
}

/* In the form with an application nothing may be stripped: AKAv2 alone (RFC 4169). */
static enum digest_algorithm algorithm_of(const struct bootstrap *run)
{
	return run->who.application.len > 0 ? DIGEST_AKAV2_SHA256 : DIGEST_AKAV1_MD5;
}

void bootstrap_on_request(void *user, struct http_request *request, const struct view *segments)
{
	struct authn *authn = user;
	struct digest_authorization authorization;

	(void)segments;
	if (rp_c_read(request, &authorization) != OK) {
		http_answer_problem(request, 400, err_detail());
		return;
	}
	if (authorization.nonce.len == 0) {
		start(authn, request, &authorization);
		return;
	}
	/* A challenge is used once, whatever the answer. */
	struct bootstrap *run = find(authn,
		(uintptr_t)table_remove(authn->challenges, authorization.nonce), ON_RESPONSE);
	if (!run) {
		http_answer_problem(request, 400,
			"10.4/2c: answer to an unknown, used or expired challenge; begin again");
		return;
	}
	run->request = request;
	on_response(run, &authorization);
}

/* Each start costs a sequence number and a commit, known client or not. */
static bool may_start(struct authn *authn, const struct http_request *request,
	const struct rp_c_start *who, int64_t *ret_wait_ms)
{
	int64_t now = loop_now(authn->loop);

	return rates_allow(authn->starts, stream_peer_crowd(request->stream),
		       authn->conf->starts_per_address, now, ret_wait_ms) &&
	       rates_allow(authn->starts, view_text(who->username),
		       authn->conf->starts_per_identity, now, ret_wait_ms);
}

/* A run waits for its device, at the cost of a vector: nobody may have them all. */
static enum err open_run(struct authn *authn, struct view crowd, pool_ref *ret_ref,
	struct bootstrap **ret)
{
	struct bootstrap *run;

	if (!crowds_enter(authn->crowds, crowd, (size_t)authn->conf->bootstraps_per_address)) {
		return ERR_OVERLOAD;
	}
	if (pool_take(authn->bootstraps, ret_ref, (void **)&run) != OK) {
		crowds_leave(authn->crowds, crowd);
		return ERR_OVERLOAD;
	}
	run->authn = authn;
	run->ref = *ret_ref;
	memcpy(run->crowd, crowd.data, crowd.len);
	run->crowd_len = crowd.len;
	*ret = run;
	return OK;
}

/* 10.4/1a: a device makes itself known.  req: B9.1.1-b */
static void start(struct authn *authn, struct http_request *request,
	const struct digest_authorization *authorization)
{
	struct rp_c_start who = {.temporary = false};
	struct bootstrap *run;
	pool_ref ref;
	int64_t wait_ms = 0;
	enum err err = rp_c_read_start(authn, request, authorization, &who);

	if (err != OK) {
		http_answer_problem(request, err == ERR_DENIED ? 403 : 400, err_detail());
		return;
	}
	if (!may_start(authn, request, &who, &wait_ms)) {
		rp_c_put_off(request, wait_ms);
		return;
	}
	if (open_run(authn, stream_peer_crowd(request->stream), &ref, &run) != OK) {
		http_answer_problem(request, 503,
			"10.4/1a: too many bootstraps under way; come back later");
		return;
	}
	run->request = request;
	run->who = who;
	run->since_us = loop_env(authn->loop)->steady_us(loop_env(authn->loop));
	memcpy(run->target, request->head->target.data, request->head->target.len);
	if (log_tx_make(loop_env(authn->loop), run->tx) != OK) {
		refuse(run, 500, err_detail());
		return;
	}
	step(run, "rp_c.start", "10.4/1a", "device", "authn");
	if (!who.temporary) {
		ask_vector(run);
		return;
	}
	enter(run, WAIT_IDENTITY);
	tokens_load_tmpi(authn, view_text(who.username), on_identity, ref);
}

/* TS 33.220 4.5.2: whose temporary identity it is; unknown, the device begins again with its own.  req: B9.1.1-e */
static void on_identity(void *user, uint64_t ref, enum err result, const struct token *of)
{
	struct bootstrap *run = find(user, ref, ON_IDENTITY);

	if (!run) {
		return;
	}
	if (result == ERR_NOT_FOUND) {
		refuse(run, 403, "10.4/1a: no such temporary identity, or no longer");
		return;
	}
	if (result != OK) {
		refuse(run, 503, "10.4/1a: identities cannot be looked up now; come back later");
		return;
	}
	run->who.client = of->base.client;
	step(run, "rp_c.identified", "10.4/1a", "authn", "authn");
	ask_vector(run);
}

/* 10.4/1b */
static void ask_vector(struct bootstrap *run)
{
	enter(run, WAIT_VECTOR);
	step(run, "rp_b.vector_asked", "10.4/1b", "authn", "authz");
	rp_b_ask_vector(run->authn, &run->who.client, NULL, run->tx, on_vector, run->ref);
}

/* 10.4/1c: the key management function has set the keying material. */
static void on_vector(void *user, uint64_t ref, const struct rp_b_vector *vector)
{
	struct bootstrap *run = find(user, ref, ON_VECTOR);

	if (!run) {
		return;
	}
	if (vector->err == ERR_DENIED || vector->err == ERR_AUTH) {
		refuse(run, 403, "10.4/1d: refused");
		return;
	}
	if (vector->err != OK) {
		log_event(LOG_WARN, "rp_b.no_vector", run->tx, LOG_TEXT("detail", vector->detail));
		refuse(run, 503, "10.4/1b: the authorization element is away; come back later");
		return;
	}
	run->vector = vector->vector;
	run->lifetime = vector->lifetime;
	if (challenge(run) != OK) {
		refuse(run, 500, err_detail());
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
	enter(run, WAIT_RESPONSE);
	step(run, "rp_c.challenge", "10.4/2a", "authn", "device");
	return OK;
}

static void on_patience(void *user)
{
	struct bootstrap *run = user;

	authn_figures_bootstrap(run->authn, 0, 0);
	table_remove(run->authn->challenges, view_text(run->nonce));
	end(run);
}

/* 10.4/2c: the device has answered. */
static void on_response(struct bootstrap *run, const struct digest_authorization *reply)
{
	if (!view_is(reply->username, run->who.username) || !view_is(reply->uri, run->target) ||
		!view_is(run->request->head->target, run->target)) {
		refuse(run, 400, "10.4/2c: identity or uri is not that of the first leg");
		return;
	}
	if (reply->has_auts) {
		resynchronise(run, reply);
		return;
	}
	if (verify(run, reply) != OK) {
		log_event(LOG_INFO, "rp_c.refused", run->tx, LOG_TEXT("clause", "10.4/1d"),
			LOG_DETAIL());
		refuse(run, 403, "10.4/1d: refused");
		return;
	}
	step(run, "rp_c.verified", "10.4/1d", "device", "authn");
	if (run->who.application.len > 0) {
		ask_permission(run);
	} else if (generate(run, NULL) != OK) {
		refuse(run, 500, err_detail());
	}
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

/* What the answer needs of the request, which another request may have replaced by then. */
static enum err keep_reply(struct bootstrap *run, const struct digest_authorization *reply)
{
	struct view accept = http_field_of(run->request->head, "Accept");

	run->json = run->who.application.len > 0 || view_is_nocase(accept, "application/json");
	if (run->request->stream &&
		stream_channel_binding(run->request->stream, run->binding) == OK) {
		run->binding_len = sizeof(run->binding);
	}
	/* The legs may come by different connections: the token is bound to this one's channel. */
	if (run->who.application.len > 0 && run->binding_len == 0 && !run->authn->conf->app_plain) {
		return err_fail(ERR_DENIED, "10.4/2c: the response did not come over TLS");
	}
	TRY(text_copy(run->cnonce, sizeof(run->cnonce), reply->cnonce, "10.4/2c: cnonce"));
	return text_copy(run->nc, sizeof(run->nc), reply->nc, "10.4/2c: nc");
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
	return keep_reply(run, reply);
}

/* TS 33.102 6.3.5, RFC 3310 3.4: the device's SQN is ahead. Once a bootstrap; the old vector is spent. */
static void resynchronise(struct bootstrap *run, const struct digest_authorization *reply)
{
	char expected[DIGEST_HEX + 1];
	uint8_t rand_auts[RAND_SIZE + AUTS_SIZE];
	const struct digest_input input = input_of(run, reply, NULL);

	if (run->resynchronised) {
		refuse(run, 403, "10.4/2c: resynchronised once already");
		return;
	}
	if (!view_equal(reply->realm, input.realm) || digest_response(&input, expected) != OK ||
		digest_verify(reply->response, expected) != OK) {
		refuse(run, 403, "10.4/1d: refused");
		return;
	}
	memcpy(rand_auts, run->vector.rand, RAND_SIZE);
	memcpy(rand_auts + RAND_SIZE, reply->auts_bytes, AUTS_SIZE);
	run->resynchronised = true;
	authn_figures_resynchronised(run->authn);
	vector_wipe(&run->vector);
	enter(run, WAIT_VECTOR);
	step(run, "rp_b.resynchronisation_asked", "10.4/1b", "authn", "authz");
	rp_b_ask_vector(run->authn, &run->who.client, rand_auts, run->tx, on_vector, run->ref);
}

/* The node's half of the mutual authentication: it knows RES too. */
static struct rp_c_proof proof_of(const struct bootstrap *run)
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

/* 10.4/3a: before there is a token.  req: B9.4.1-b B9.4.1-c */
static void ask_permission(struct bootstrap *run)
{
	enter(run, WAIT_PERMISSION);
	step(run, "rp_b.permission_asked", "10.4/3a", "authn", "authz");
	rp_b_ask_permission(run->authn,
		&(struct rp_b_question){
			.client = &run->who.client,
			.application = &run->who.application,
			.ua = UA_ALL,
			.element = "",
			.session = "",
			.tx = run->tx,
		},
		on_permission, run->ref);
}

/* 10.4/3b: the service permission flag. Who is refused here knows that it is the realm that refuses. */
static void on_permission(void *user, uint64_t ref, const struct rp_b_permission *permission)
{
	struct bootstrap *run = find(user, ref, ON_PERMISSION);

	if (!run) {
		return;
	}
	if (permission->err == ERR_DENIED ||
		(permission->err == OK && revocation_has(run->authn, permission->session))) {
		struct http_request *request = run->request;
		const struct rp_c_proof proof = proof_of(run);

		log_event(LOG_INFO, "rp_c.refused", run->tx, LOG_TEXT("clause", "10.4/3b"));
		step(run, "rp_c.not_permitted", "10.4/3b", "authn", "device");
		authn_figures_bootstrap(run->authn, 403, 0);
		run->request = NULL;
		rp_c_refuse(request, &proof, "10.4/3b: the service permission flag is not set");
		end(run);
		return;
	}
	if (permission->err != OK) {
		log_event(LOG_WARN, "rp_b.no_permission", run->tx,
			LOG_TEXT("detail", permission->detail));
		refuse(run, 503, "10.4/3a: the authorization element is away; come back later");
		return;
	}
	if (generate(run, permission) != OK) {
		refuse(run, 500, err_detail());
	}
}

/* 10.4/4b, 4c: the client's identity and what was agreed with it go to token management, which makes the node's half
 * of the token; the device hears of it after the commit.  req: B9.1.1-d */
static enum err generate(struct bootstrap *run, const struct rp_b_permission *permission)
{
	run->token = calloc(1, sizeof(*run->token));
	if (!run->token) {
		return err_fail(ERR_MEMORY, "10.4/4b: out of memory");
	}
	const struct tokens_basis basis = {.client = &run->who.client,
		.vector = &run->vector,
		.lifetime = run->lifetime,
		.binding = view_of(run->binding, run->binding_len)};

	TRY(tokens_generate(run->authn, &basis, permission, run->token));
	run->body = buf_growing(BODY_MAX);
	rp_c_write_info(run->authn, run->token, permission, run->json, &run->body);
	TRY(buf_end(&run->body, "10.4/4b: answer"));
	step(run, "token.generated", "10.4/4b", "authn", "authn");
	enter(run, WAIT_STORE);
	tokens_store(run->authn, run->token, on_stored, run->ref);
	return OK;
}

/* 10.4/4c: committed. */
static void on_stored(void *user, uint64_t ref, enum err result, uint64_t serial)
{
	struct bootstrap *run = find(user, ref, ON_STORED);

	if (!run) {
		return;
	}
	if (result != OK) {
		log_event(LOG_ERROR, "token.not_stored", run->tx, LOG_DETAIL());
		refuse(run, 503, "10.4/4c: the token could not be kept; come back later");
		return;
	}
	step(run, "token.stored", "10.4/4c", "authn", "authn");
	enter(run, WAIT_PUSH);
	if (run->who.application.len == 0) {
		on_published(user, ref, 0, 0);
		return;
	}
	rp_a_publish(run->authn, run->token, serial, run->tx, on_published, ref);
}

/* 10.4/4d: its elements have the token, or will ask for it. Only now does the device hear of it. */
static void on_published(void *user, uint64_t ref, unsigned told, unsigned acknowledged)
{
	struct bootstrap *run = find(user, ref, ON_PUBLISHED);

	if (!run) {
		return;
	}
	struct http_request *request = run->request;
	const struct rp_c_proof proof = proof_of(run);

	if (acknowledged < told) {
		log_event(LOG_INFO, "rp_a.not_all_told", run->tx, LOG_INT("told", told),
			LOG_INT("acknowledged", acknowledged));
	}
	step(run, "rp_c.answered", "10.4/4c", "authn", "device");
	authn_figures_phase(run->authn, phases[run->phase].name, now_us(run) - run->phase_us);
	authn_figures_bootstrap(run->authn, 200, now_us(run) - run->since_us);
	run->request = NULL;
	rp_c_answer(request, &proof, buf_contents(&run->body));
	end(run);
}

static void enter(struct bootstrap *run, enum phase phase)
{
	int64_t now = now_us(run);

	if (run->phase_us > 0) {
		authn_figures_phase(run->authn, phases[run->phase].name, now - run->phase_us);
	}
	run->phase_us = now;
	run->phase = phase;
	timer_stop(run->authn->loop, &run->patience);
	if (phase == WAIT_RESPONSE) {
		timer_start(run->authn->loop, &run->patience, run->authn->conf->challenge_lifetime,
			on_patience, run);
	}
}

/* The run that an event is meant for; NULL when it has ended, or waits for something else. */
static struct bootstrap *find(struct authn *authn, uint64_t ref, enum event event)
{
	struct bootstrap *run = pool_at(authn->bootstraps, ref);

	if (run && phases[run->phase].awaits != event) {
		log_event(LOG_WARN, "rp_c.out_of_order", run->tx,
			LOG_TEXT("phase", phases[run->phase].name));
		return NULL;
	}
	return run;
}

static void refuse(struct bootstrap *run, unsigned status, const char *why)
{
	struct http_request *request = run->request;

	authn_figures_bootstrap(run->authn, status, 0);
	run->request = NULL;
	http_answer_problem(request, status, why);
	end(run);
}

static void end(struct bootstrap *run)
{
	timer_stop(run->authn->loop, &run->patience);
	buf_free(&run->body);
	if (run->token) {
		bytes_wipe(run->token, sizeof(*run->token));
		free(run->token);
	}
	crowds_leave(run->authn->crowds, view_of(run->crowd, run->crowd_len));
	pool_give(run->authn->bootstraps, run->ref);
}

enum err bootstrap_start_up(struct authn *authn)
{
	size_t ceiling = (size_t)authn->conf->bootstraps;

	TRY(pool_new(sizeof(struct bootstrap), ceiling, &authn->bootstraps));
	TRY(crowds_new(ceiling, &authn->crowds));
	TRY(rates_new(STARTS_REMEMBERED, &authn->starts));
	return table_new(ceiling, &authn->challenges);
}

static void abandon(void *user, pool_ref ref, void *slot)
{
	struct bootstrap *run = slot;

	(void)user;
	(void)ref;
	if (run->request) {
		refuse(run, 503, "this node is stopping; come back later");
		return;
	}
	end(run);
}

void bootstrap_shut_down(struct authn *authn)
{
	if (authn->bootstraps) {
		pool_each(authn->bootstraps, abandon, NULL);
	}
	pool_free(authn->bootstraps);
	table_free(authn->challenges);
	crowds_free(authn->crowds);
	rates_free(authn->starts);
	authn->bootstraps = NULL;
	authn->crowds = NULL;
	authn->starts = NULL;
	authn->challenges = NULL;
}
