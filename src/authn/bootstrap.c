// SPDX-License-Identifier: Apache-2.0
#include "authn/bootstrap_inside.h"

#include "authn/figures.h"
#include "authn/revocation.h"
#include "authn/rp_a.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 16 * 1024, STARTS_REMEMBERED = 65536 };

static const struct {
	const char *name;
	enum event awaits;
} phases[] = {
	[WAIT_IDENTITY] = {"wait-identity", ON_IDENTITY},
	[WAIT_VECTOR] = {"wait-vector", ON_VECTOR},
	[WAIT_RESPONSE] = {"wait-response", ON_RESPONSE},
	[WAIT_CERTIFICATE] = {"wait-certificate", ON_CERTIFICATE},
	[WAIT_PERMISSION] = {"wait-permission", ON_PERMISSION},
	[WAIT_STORE] = {"wait-store", ON_STORED},
	[WAIT_PUSH] = {"wait-push", ON_PUBLISHED},
};

/* 10.4 in its order: what is left out is bootstrap_aka.c, or bootstrap_certificate.c */
static struct bootstrap *start(struct authn *authn, struct http_request *request,
	const struct rp_c_start *who);							    /* 1a */
static void on_identity(void *user, uint64_t ref, enum err result, const struct token *of); /* 1a */
static void ask_permission(struct bootstrap *run);					    /* 3a */
static void on_permission(void *user, uint64_t ref,
	const struct rp_b_permission *permission);					   /* 3b */
static enum err generate(struct bootstrap *run, const struct rp_b_permission *permission); /* 4b */
static void on_stored(void *user, uint64_t ref, enum err result, uint64_t serial);	   /* 4c */
static void on_published(void *user, uint64_t ref, unsigned told, unsigned acknowledged);  /* 4d */

static int64_t now_us(const struct bootstrap *run)
{
	const struct env *env = loop_env(run->authn->loop);

	return env->steady_us(env);
}

void bootstrap_step(const struct bootstrap *run, const char *event, const char *clause,
	const char *from, const char *to)
{
	log_step(event, run->tx, clause, from, to, now_us(run) - run->since_us);
}

static void start_aka(struct authn *authn, struct http_request *request,
	const struct digest_authorization *authorization)
{
	struct rp_c_start who = {.temporary = false};
	enum err err = rp_c_read_start(authn, request, authorization, &who);

	if (err != OK) {
		http_answer_problem(request, err == ERR_DENIED ? 403 : 400, err_detail());
		return;
	}
	struct bootstrap *run = start(authn, request, &who);

	if (!run) {
		return;
	}
	memcpy(run->target, request->head->target.data, request->head->target.len);
	if (!who.temporary) {
		aka_begin(run);
		return;
	}
	bootstrap_enter(run, WAIT_IDENTITY);
	tokens_load_tmpi(authn, view_text(who.username), on_identity, run->ref);
}

/* 10.4, NOTE: a device with a key pair of its own, which TLS has seen it have.  req: B10.4-asym */
static void start_certificate(struct authn *authn, struct http_request *request)
{
	struct rp_c_start who = {.temporary = false};
	enum err err = rp_c_read_shown(authn, request, &who);

	if (err != OK) {
		http_answer_problem(request, err == ERR_SYNTAX ? 400 : 403, err_detail());
		return;
	}
	struct bootstrap *run = start(authn, request, &who);

	if (run) {
		certificate_begin(run);
	}
}

void bootstrap_on_request(void *user, struct http_request *request, const struct view *segments)
{
	struct authn *authn = user;
	struct digest_authorization authorization;

	(void)segments;
	if (rp_c_is_shown(request)) {
		start_certificate(authn, request);
		return;
	}
	if (rp_c_read(request, &authorization) != OK) {
		http_answer_problem(request, 400, err_detail());
		return;
	}
	if (authorization.nonce.len == 0) {
		start_aka(authn, request, &authorization);
		return;
	}
	/* A challenge is used once, whatever the answer. */
	struct bootstrap *run = bootstrap_find(authn,
		(uintptr_t)table_remove(authn->challenges, authorization.nonce), ON_RESPONSE);
	if (!run) {
		http_answer_problem(request, 400,
			"10.4/2c: answer to an unknown, used or expired challenge; begin again");
		return;
	}
	run->request = request;
	aka_on_response(run, &authorization);
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

/* 10.4/1a: a device makes itself known. NULL: it has been answered.  req: B9.1.1-b */
static struct bootstrap *start(struct authn *authn, struct http_request *request,
	const struct rp_c_start *who)
{
	struct bootstrap *run;
	pool_ref ref;
	int64_t wait_ms = 0;

	if (!may_start(authn, request, who, &wait_ms)) {
		rp_c_put_off(request, wait_ms);
		return NULL;
	}
	if (open_run(authn, stream_peer_crowd(request->stream), &ref, &run) != OK) {
		http_answer_problem(request, 503,
			"10.4/1a: too many bootstraps under way; come back later");
		return NULL;
	}
	run->request = request;
	run->who = *who;
	run->since_us = loop_env(authn->loop)->steady_us(loop_env(authn->loop));
	if (log_tx_make(loop_env(authn->loop), run->tx) != OK) {
		bootstrap_refuse(run, 500, err_detail());
		return NULL;
	}
	bootstrap_step(run, "rp_c.start", "10.4/1a", "device", "authn");
	return run;
}

/* TS 33.220 4.5.2: whose temporary identity it is; unknown, the device begins again with its own.  req: B9.1.1-e */
static void on_identity(void *user, uint64_t ref, enum err result, const struct token *of)
{
	struct bootstrap *run = bootstrap_find(user, ref, ON_IDENTITY);

	if (!run) {
		return;
	}
	if (result == ERR_NOT_FOUND) {
		bootstrap_refuse(run, 403, "10.4/1a: no such temporary identity, or no longer");
		return;
	}
	if (result != OK) {
		bootstrap_refuse(run, 503,
			"10.4/1a: identities cannot be looked up now; come back later");
		return;
	}
	run->who.client = of->base.client;
	bootstrap_step(run, "rp_c.identified", "10.4/1a", "authn", "authn");
	aka_begin(run);
}

void bootstrap_authenticated(struct bootstrap *run)
{
	if (run->who.application.len > 0) {
		ask_permission(run);
	} else if (generate(run, NULL) != OK) {
		bootstrap_refuse(run, 500, err_detail());
	}
}

enum err bootstrap_keep_channel(struct bootstrap *run)
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
	return OK;
}

/* Digests have the node's proof; without them TLS, which the certificate was shown in, is it. */
static struct rp_c_proof proof_of(const struct bootstrap *run)
{
	return run->who.shown
		       ? (struct rp_c_proof){.status = 200, .content_type = "application/json"}
		       : aka_proof(run);
}

/* 10.4/3a: before there is a token.  req: B9.4.1-b B9.4.1-c */
static void ask_permission(struct bootstrap *run)
{
	bootstrap_enter(run, WAIT_PERMISSION);
	bootstrap_step(run, "rp_b.permission_asked", "10.4/3a", "authn", "authz");
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

/* Who is denied here has proved who it is, and hears it from the realm. */
static void deny(struct bootstrap *run, const char *clause, const char *why)
{
	struct http_request *request = run->request;
	const struct rp_c_proof proof = proof_of(run);

	log_event(LOG_INFO, "rp_c.refused", run->tx, LOG_TEXT("clause", clause));
	bootstrap_step(run, "rp_c.not_permitted", clause, "authn", "device");
	authn_figures_bootstrap(run->authn, 403, 0);
	run->request = NULL;
	rp_c_refuse(request, &proof, why);
	bootstrap_end(run);
}

/* 8.4: what the application's degree asks for, of the key and of the sessions that the device can hold.  req: B8.4-a */
static enum err check_degree(const struct bootstrap *run, const struct rp_b_permission *permission)
{
	char whose[sizeof("degree ") + DEGREE_MAX];

	(void)snprintf(whose, sizeof(whose), "degree %s", permission->degree);
	TRY(degree_check(whose, &permission->need, &run->key));
	return rp_c_check_mechanisms(run->request, permission);
}

/* 10.4/3b: the service permission flag. Who is refused here knows that it is the realm that refuses. */
static void on_permission(void *user, uint64_t ref, const struct rp_b_permission *permission)
{
	struct bootstrap *run = bootstrap_find(user, ref, ON_PERMISSION);

	if (!run) {
		return;
	}
	if (permission->err == ERR_DENIED ||
		(permission->err == OK && revocation_has(run->authn, permission->session))) {
		deny(run, "10.4/3b", "10.4/3b: the service permission flag is not set");
		return;
	}
	if (permission->err != OK) {
		log_event(LOG_WARN, "rp_b.no_permission", run->tx,
			LOG_TEXT("detail", permission->detail));
		bootstrap_refuse(run, 503,
			"10.4/3a: the authorization element is away; come back later");
		return;
	}
	if (check_degree(run, permission) != OK) {
		deny(run, "8.4", err_detail());
		return;
	}
	if (generate(run, permission) != OK) {
		bootstrap_refuse(run, 500, err_detail());
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
		.rand = run->rand,
		.ks = &run->ks,
		.lifetime = run->lifetime,
		.binding = view_of(run->binding, run->binding_len)};

	TRY(tokens_generate(run->authn, &basis, permission, run->token));
	run->who.key_update = (run->awaits & RP_AWAITS_KEY) != 0;
	run->body = buf_growing(BODY_MAX);
	rp_c_write_info(run->authn,
		&(struct rp_c_told){run->token, permission, &run->who, &run->key}, run->json,
		&run->body);
	TRY(buf_end(&run->body, "10.4/4b: answer"));
	bootstrap_step(run, "token.generated", "10.4/4b", "authn", "authn");
	bootstrap_enter(run, WAIT_STORE);
	tokens_store(run->authn, run->token, on_stored, run->ref);
	return OK;
}

/* 10.4/4c: committed. */
static void on_stored(void *user, uint64_t ref, enum err result, uint64_t serial)
{
	struct bootstrap *run = bootstrap_find(user, ref, ON_STORED);

	if (!run) {
		return;
	}
	if (result != OK) {
		log_event(LOG_ERROR, "token.not_stored", run->tx, LOG_DETAIL());
		bootstrap_refuse(run, 503, "10.4/4c: the token could not be kept; come back later");
		return;
	}
	bootstrap_step(run, "token.stored", "10.4/4c", "authn", "authn");
	if (run->awaits == RP_AWAITS_TOKEN) { /* 10.6/5: made with a key of this realm alone */
		rp_b_report_token(run->authn, &run->who.client, run->tx);
	}
	bootstrap_enter(run, WAIT_PUSH);
	if (run->who.application.len == 0) {
		on_published(user, ref, 0, 0);
		return;
	}
	rp_a_publish(run->authn, run->token, serial, run->tx, on_published, ref);
}

/* 10.4/4d: its elements have the token, or will ask for it. Only now does the device hear of it. */
static void on_published(void *user, uint64_t ref, unsigned told, unsigned acknowledged)
{
	struct bootstrap *run = bootstrap_find(user, ref, ON_PUBLISHED);

	if (!run) {
		return;
	}
	struct http_request *request = run->request;
	const struct rp_c_proof proof = proof_of(run);

	if (acknowledged < told) {
		log_event(LOG_INFO, "rp_a.not_all_told", run->tx, LOG_INT("told", told),
			LOG_INT("acknowledged", acknowledged));
	}
	bootstrap_step(run, "rp_c.answered", "10.4/4c", "authn", "device");
	authn_figures_phase(run->authn, phases[run->phase].name, now_us(run) - run->phase_us);
	authn_figures_bootstrap(run->authn, 200, now_us(run) - run->since_us);
	run->request = NULL;
	rp_c_answer(request, &proof, buf_contents(&run->body));
	bootstrap_end(run);
}

void bootstrap_enter(struct bootstrap *run, enum phase phase)
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
			aka_on_patience, run);
	}
}

struct bootstrap *bootstrap_find(struct authn *authn, uint64_t ref, enum event event)
{
	struct bootstrap *run = pool_at(authn->bootstraps, ref);

	if (run && phases[run->phase].awaits != event) {
		log_event(LOG_WARN, "rp_c.out_of_order", run->tx,
			LOG_TEXT("phase", phases[run->phase].name));
		return NULL;
	}
	return run;
}

void bootstrap_refuse(struct bootstrap *run, unsigned status, const char *why)
{
	struct http_request *request = run->request;

	authn_figures_bootstrap(run->authn, status, 0);
	run->request = NULL;
	http_answer_problem(request, status, why);
	bootstrap_end(run);
}

void bootstrap_end(struct bootstrap *run)
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
		bootstrap_refuse(run, 503, "this node is stopping; come back later");
		return;
	}
	bootstrap_end(run);
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
