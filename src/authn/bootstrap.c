// SPDX-License-Identifier: Apache-2.0
#include "authn/bootstrap.h"

#include "authn/figures.h"
#include "authn/rp_b.h"
#include "authn/tokens.h"
#include "base/log.h"
#include "base/text.h"
#include "core/token.h"
#include "wire/digest.h"
#include "wire/gba_xml.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

enum { NONCE_MAX = 48, TARGET_MAX = 1024 };

/*
 * A run of 10.4: WAIT_VECTOR -> WAIT_RESPONSE -> (WAIT_VECTOR again, once, to resynchronise) -> WAIT_STORE.
 * It dies with the process, or with the last answer.
 */
enum phase { WAIT_VECTOR, WAIT_RESPONSE, WAIT_STORE };

enum event { ON_VECTOR = 1, ON_RESPONSE = 2, ON_STORED = 4, ON_TIMEOUT = 8 };

static const struct {
	const char *name;
	unsigned may; /* events that fit */
} phases[] = {
	[WAIT_VECTOR] = {"wait-vector", ON_VECTOR},
	[WAIT_RESPONSE] = {"wait-response", ON_RESPONSE | ON_TIMEOUT},
	[WAIT_STORE] = {"wait-store", ON_STORED},
};

struct bootstrap {
	struct authn *authn;
	pool_ref ref;
	enum phase phase;
	char tx[LOG_TX];
	struct http_request *request; /* to be answered; NULL while the device has the turn */
	uint8_t crowd[8];	      /* whence it came */
	size_t crowd_len;
	struct ident client;
	char target[TARGET_MAX]; /* both legs carry the same */
	char nonce[NONCE_MAX];
	struct vector vector;
	bool resynchronised;
	int64_t lifetime; /* seconds, as the subscription says; 0: the node's own */
	struct timer patience;
	struct buf body;			   /* of the 200, made before the commit */
	char cnonce[DIGEST_CNONCE_MAX + 1], nc[9]; /* to be repeated in the 200 */
	char rspauth[DIGEST_HEX + 1];
	bool json; /* the device prefers JSON to BootstrappingInfo */
	int64_t since_us, phase_us;
};

/* 10.4 in its order */
static void start(struct authn *authn, struct http_request *request,
	const struct digest_authorization *authorization);				  /* 1a */
static void on_vector(void *user, uint64_t ref, const struct rp_b_vector *vector);	  /* 1c */
static enum err challenge(struct bootstrap *run);					  /* 2a */
static void on_response(struct bootstrap *run, const struct digest_authorization *reply); /* 2c */
static enum err verify(struct bootstrap *run, const struct digest_authorization *reply,
	struct secret *ret_password); /* 1d */
static void resynchronise(struct bootstrap *run, const struct digest_authorization *reply);
static enum err generate(struct bootstrap *run, const struct digest_authorization *reply,
	const struct secret *password);						   /* 4b */
static void on_stored(void *user, uint64_t ref, enum err result, uint64_t serial); /* 4c */

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

/* Of two, a proxy might have looked at the other. */
static bool is_repeated(const struct http_head *head, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < head->field_count; i++) {
		count += view_is_nocase(head->fields[i].name, name);
	}
	return count > 1;
}

void bootstrap_on_request(void *user, struct http_request *request, const struct view *segments)
{
	struct authn *authn = user;
	struct view header = http_field_of(request->head, "Authorization");
	struct digest_authorization authorization;

	(void)segments;
	if (request->target.query.len > 0) {
		http_answer_problem(request, 501,
			"RP_C: this node offers the plain form only: no query");
		return;
	}
	if (!header.data) {
		http_answer_problem(request, 400,
			"10.4/1a: no Authorization with the client's identity");
		return;
	}
	if (is_repeated(request->head, "Authorization")) {
		http_answer_problem(request, 400, "RP_C: Authorization stands there twice");
		return;
	}
	if (digest_parse_authorization(header, &authorization) != OK) {
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

/* 10.4/1a: a device makes itself known.  req: B9.1.1-b */
static enum err check_first_leg(struct authn *authn, const struct http_request *request,
	const struct digest_authorization *authorization, struct ident *ret_client)
{
	if (!view_equal(authorization->realm, ident_view(&authn->node))) {
		return err_fail(ERR_SYNTAX, "10.4/1a: the digest realm is not this node, %s",
			authn->node.text);
	}
	if (!view_equal(authorization->uri, request->head->target)) {
		return err_fail(ERR_SYNTAX, "10.4/1a: digest uri and request-target differ");
	}
	if (request->head->target.len >= TARGET_MAX) {
		return err_fail(ERR_RANGE, "10.4/1a: request-target longer than %d bytes",
			TARGET_MAX - 1);
	}
	TRY(ident_parse(IDENT_CLIENT, authorization->username, ret_client));
	/* The name goes into digest and key as it was sent: both ends must write it alike. */
	return view_equal(authorization->username, ident_view(ret_client))
		       ? OK
		       : err_fail(ERR_SYNTAX,
				 "10.4/1a: client not in its canonical form (lower case)");
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

static void start(struct authn *authn, struct http_request *request,
	const struct digest_authorization *authorization)
{
	struct ident client;
	struct bootstrap *run;
	pool_ref ref;

	if (check_first_leg(authn, request, authorization, &client) != OK) {
		http_answer_problem(request, 400, err_detail());
		return;
	}
	if (open_run(authn, stream_peer_crowd(request->stream), &ref, &run) != OK) {
		http_answer_problem(request, 503,
			"10.4/1a: too many bootstraps under way; come back later");
		return;
	}
	run->request = request;
	run->client = client;
	run->since_us = loop_env(authn->loop)->steady_us(loop_env(authn->loop));
	memcpy(run->target, request->head->target.data, request->head->target.len);
	if (log_tx_make(loop_env(authn->loop), run->tx) != OK) {
		refuse(run, 500, err_detail());
		return;
	}
	step(run, "rp_c.start", "10.4/1a", "device", "authn");
	enter(run, WAIT_VECTOR);
	step(run, "rp_b.vector_asked", "10.4/1b", "authn", "authz");
	rp_b_ask_vector(authn, &run->client, NULL, run->tx, on_vector, ref);
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
	BUF_CLEANUP struct buf header = buf_growing(1024);

	digest_nonce(&nonce, run->vector.rand, run->vector.autn);
	TRY(buf_end(&nonce, "nonce"));
	digest_print_challenge(&header, &(struct digest_challenge){
						.realm = ident_view(&authn->node),
						.nonce = buf_contents(&nonce),
						.opaque = view_text(run->tx),
						.qop = view_text("auth-int"),
						.algorithm = DIGEST_AKAV1_MD5,
					});
	TRY(buf_end(&header, "WWW-Authenticate"));
	TRY(table_put(authn->challenges, buf_contents(&nonce), (void *)(uintptr_t)run->ref));

	const struct http_field fields[] = {
		{view_text("WWW-Authenticate"), buf_contents(&header)},
		{view_text("Cache-Control"), view_text("no-store")},
	};
	struct http_request *request = run->request;

	run->request = NULL;
	enter(run, WAIT_RESPONSE);
	step(run, "rp_c.challenge", "10.4/2a", "authn", "device");
	http_answer(request, 401, fields, 2, (struct view){0});
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
	SECRET(password);

	if (!view_equal(reply->username, ident_view(&run->client)) ||
		!view_is(reply->uri, run->target) ||
		!view_is(run->request->head->target, run->target)) {
		refuse(run, 400, "10.4/2c: identity or uri is not that of the first leg");
		return;
	}
	if (reply->has_auts) {
		resynchronise(run, reply);
		return;
	}
	if (verify(run, reply, &password) != OK) {
		log_event(LOG_INFO, "rp_c.refused", run->tx, LOG_TEXT("clause", "10.4/1d"),
			LOG_DETAIL());
		refuse(run, 403, "10.4/1d: refused");
		return;
	}
	step(run, "rp_c.verified", "10.4/1d", "device", "authn");
	if (generate(run, reply, &password) != OK) {
		refuse(run, 500, err_detail());
	}
}

static struct digest_input input_of(const struct bootstrap *run,
	const struct digest_authorization *reply, const struct secret *password)
{
	return (struct digest_input){
		.algorithm = DIGEST_AKAV1_MD5,
		.username = reply->username,
		.realm = reply->realm,
		.nonce = view_text(run->nonce),
		.nc = reply->nc,
		.cnonce = reply->cnonce,
		.method = run->request->head->method,
		.uri = reply->uri,
		.body = run->request->body,
		.password = password,
	};
}

/* 10.4/1d: mutual authentication, the device's half.  req: B9.1.1-c B9.6.3 */
static enum err verify(struct bootstrap *run, const struct digest_authorization *reply,
	struct secret *ret_password)
{
	char expected[DIGEST_HEX + 1];

	if (!view_equal(reply->realm, ident_view(&run->authn->node)) ||
		!view_is(reply->qop, "auth-int")) {
		return err_fail(ERR_AUTH, "10.4/1d: another realm, or qop is not auth-int");
	}
	TRY(digest_password(DIGEST_AKAV1_MD5, &run->vector.xres, &run->vector.ck, &run->vector.ik,
		ret_password));
	const struct digest_input input = input_of(run, reply, ret_password);

	TRY(digest_response(&input, expected));
	return digest_verify(reply->response, expected);
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
	if (digest_response(&input, expected) != OK ||
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
	rp_b_ask_vector(run->authn, &run->client, rand_auts, run->tx, on_vector, run->ref);
}

/* What the device is told: id and lifetime of the token, never its key (TS 24.109 Annex C).  req: B9.1.1-a */
static void write_info(struct bootstrap *run, const struct token *token)
{
	char until[TEXT_TIME];

	if (!run->json) {
		struct bootstrapping_info info = {.lifetime = token->until};

		(void)snprintf(info.btid, sizeof(info.btid), "%s", token->id);
		gba_xml_write_info(&run->body, &info);
		return;
	}
	struct json_writer w = json_to(&run->body);

	text_time(token->until, until);
	json_open(&w, NULL);
	json_put_string(&w, "token", token->id);
	json_put_string(&w, "lifetime", until);
	json_put_string(&w, "format", token_format_name(TOKEN_GBA));
	json_put_string(&w, "node", run->authn->node.text);
	json_put_string(&w, "realm", run->authn->realm.text);
	json_close(&w);
}

/* CK || IK is Ks; client and application go into each key that is derived from it.  req: B7.2-c B7.2-e */
static enum err make_token(struct bootstrap *run, struct token *ret)
{
	struct authn *authn = run->authn;
	uint8_t ks[32];
	int64_t most = authn->conf->lifetime / 1000;
	int64_t lifetime = run->lifetime > 0 && run->lifetime < most ? run->lifetime : most;

	memcpy(ks, run->vector.ck.bytes, 16);
	memcpy(ks + 16, run->vector.ik.bytes, 16);
	enum err err = secret_set(&ret->base.ks, ks, sizeof(ks));

	bytes_wipe(ks, sizeof(ks));
	TRY(err);
	memcpy(ret->base.rand, run->vector.rand, RAND_SIZE);
	ret->base.client = run->client;
	ret->base.node = authn->node;
	ret->base.realm = authn->realm;
	ret->format = TOKEN_GBA;
	ret->from = env_wall(loop_env(authn->loop));
	ret->until = ret->from + lifetime;
	return token_id(TOKEN_GBA, &ret->base, NULL, ret->id);
}

/* 10.4/4b, 4c: the node's half of the token goes to token management; the device hears of it after the commit. */
static enum err generate(struct bootstrap *run, const struct digest_authorization *reply,
	const struct secret *password)
{
	struct token token = {.from = 0};
	struct view accept = http_field_of(run->request->head, "Accept");

	run->json = view_is_nocase(accept, "application/json");
	TRY(text_copy(run->cnonce, sizeof(run->cnonce), reply->cnonce, "10.4/2c: cnonce"));
	TRY(text_copy(run->nc, sizeof(run->nc), reply->nc, "10.4/2c: nc"));
	enum err err = make_token(run, &token);

	if (err == OK) {
		run->body = buf_growing(2048);
		write_info(run, &token);
		err = buf_end(&run->body, "BootstrappingInfo");
	}
	if (err == OK) {
		struct digest_input input = input_of(run, reply, password);

		input.body = buf_contents(&run->body);
		err = digest_rspauth(&input, run->rspauth);
	}
	if (err == OK) {
		step(run, "token.generated", "10.4/4b", "authn", "authn");
		enter(run, WAIT_STORE);
		tokens_store(run->authn, &token, on_stored, run->ref);
	}
	bytes_wipe(&token, sizeof(token));
	return err;
}

/* 10.4/4c: committed. The node proves itself to the device by rspauth. */
static void on_stored(void *user, uint64_t ref, enum err result, uint64_t serial)
{
	struct bootstrap *run = find(user, ref, ON_STORED);
	BUF_CLEANUP struct buf info = buf_growing(1024);

	(void)serial;
	if (!run) {
		return;
	}
	if (result != OK) {
		log_event(LOG_ERROR, "token.not_stored", run->tx, LOG_DETAIL());
		refuse(run, 503, "10.4/4c: the token could not be kept; come back later");
		return;
	}
	digest_print_info(&info, &(struct digest_info){
					 .rspauth = view_text(run->rspauth),
					 .cnonce = view_text(run->cnonce),
					 .nc = view_text(run->nc),
					 .qop = view_text("auth-int"),
				 });
	const struct http_field fields[] = {
		{view_text("Content-Type"),
			view_text(run->json ? "application/json" : "application/vnd.3gpp.bsf+xml")},
		{view_text("Authentication-Info"), buf_contents(&info)},
		{view_text("Cache-Control"), view_text("no-store")},
	};
	step(run, "token.stored", "10.4/4c", "authn", "device");
	authn_figures_phase(run->authn, phases[run->phase].name, now_us(run) - run->phase_us);
	authn_figures_bootstrap(run->authn, 200, now_us(run) - run->since_us);
	http_answer(run->request, 200, fields, 3, buf_contents(&run->body));
	run->request = NULL;
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

	if (run && !(phases[run->phase].may & event)) {
		log_event(LOG_WARN, "rp_c.out_of_order", run->tx,
			LOG_TEXT("phase", phases[run->phase].name));
		return NULL;
	}
	return run;
}

static void refuse(struct bootstrap *run, unsigned status, const char *why)
{
	struct http_request *request = run->request;

	run->request = NULL;
	authn_figures_bootstrap(run->authn, status, 0);
	http_answer_problem(request, status, why);
	end(run);
}

static void end(struct bootstrap *run)
{
	timer_stop(run->authn->loop, &run->patience);
	buf_free(&run->body);
	crowds_leave(run->authn->crowds, view_of(run->crowd, run->crowd_len));
	pool_give(run->authn->bootstraps, run->ref);
}

enum err bootstrap_start_up(struct authn *authn)
{
	size_t ceiling = (size_t)authn->conf->bootstraps;

	TRY(pool_new(sizeof(struct bootstrap), ceiling, &authn->bootstraps));
	TRY(crowds_new(ceiling, &authn->crowds));
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
	authn->bootstraps = NULL;
	authn->crowds = NULL;
	authn->challenges = NULL;
}
