// SPDX-License-Identifier: Apache-2.0
#include "authn/revocation.h"

#include "authn/announcement.h"
#include "authn/events.h"
#include "authn/rp_b.h"
#include "authn/schema.h"
#include "authn/tokens.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	CALLS_MAX = 4096,
	ENDED_MAX = 16384, /* the oldest is forgotten for the newest */
	ENDED_MS = 60 * 1000,
	ATTEMPTS_MAX = 6,
	AGAIN_MS = 1000,
};

/* A session that was ended: what was asked of it before may still be on its way. */
struct ended {
	char *session;
	int64_t at; /* loop_now() */
};

struct revocation {
	struct pool *calls;
	struct ended ended[ENDED_MAX];
	size_t next;
	struct table *by_session; /* -> struct ended */
};

/* An ASR or RAR under way. */
struct change {
	struct authn *authn;
	pool_ref ref;
	struct diameter_request *request; /* NULL: answered */
	char session[SESSION_MAX + 1], tx[LOG_TX];
	struct token token; /* RAR: as it was made; `until` is its own end */
	struct ident application;
	bool whole; /* the token is for this application alone */
	int64_t until;
	unsigned attempts;
	struct timer again;
	int64_t since_us;
};

static void on_revoked(void *user, uint64_t ref, const struct store_result *result);
static void on_session(void *user, uint64_t ref, const struct store_result *result);
static void ask(struct change *change);
static void on_terms(void *user, uint64_t ref, const struct rp_b_permission *terms);
static void on_changed(void *user, uint64_t ref, const struct store_result *result);

/* --- sessions that ended lately --- */

bool revocation_has(const struct authn *authn, const char *session)
{
	const struct ended *ended = table_get(authn->revocation->by_session, view_text(session));

	return ended && loop_now(authn->loop) - ended->at < ENDED_MS;
}

static enum err remember(struct authn *authn, const char *session)
{
	struct revocation *r = authn->revocation;
	struct ended *ended = table_get(r->by_session, view_text(session));

	if (ended) {
		ended->at = loop_now(authn->loop);
		return OK;
	}
	char *copy = text_dup(view_text(session));

	if (!copy) {
		return err_fail(ERR_MEMORY, "revocation: out of memory");
	}
	ended = &r->ended[r->next];
	r->next = (r->next + 1) % ENDED_MAX;
	if (ended->session) {
		(void)table_remove(r->by_session, view_text(ended->session));
		free(ended->session);
	}
	*ended = (struct ended){copy, loop_now(authn->loop)};
	return table_put(r->by_session, view_text(copy), ended);
}

/* --- who may say so --- */

/* `host` is `realm` or below it. */
static bool is_below(const char *host, const char *realm)
{
	size_t host_len = strlen(host), realm_len = strlen(realm);

	return host_len > realm_len && host[host_len - realm_len - 1] == '.' &&
	       strcasecmp(host + host_len - realm_len, realm) == 0;
}

/*
 * The peers that would be asked for a permission may end it: of our own realm by the configuration, and with
 * RP_B announced; or who is named for such a relay under our realm. An element is neither.
 */
static bool may_change(const struct authn *authn, const struct diameter_request *request)
{
	const struct conf_list *peers = &authn->conf->diameter_peers;

	for (size_t i = 0; i < peers->count; i++) {
		const struct peer_conf *peer = &((const struct peer_conf *)peers->items)[i];

		if (strcmp(peer->host, request->peer) != 0) {
			continue;
		}
		if (strcasecmp(peer->realm, authn->realm.text) != 0 ||
			!diameter_node_peer_serves(authn->diameter, peer->host, DIAMETER_NASREQ)) {
			return false;
		}
		return strcmp(request->origin, peer->host) == 0 ||
		       is_below(request->origin, authn->realm.text);
	}
	return false;
}

/* --- requests and answers --- */

static void step(const struct change *change, const char *event, const char *from, const char *to)
{
	const struct env *env = loop_env(change->authn->loop);

	log_step(event, change->tx, "9.6.2", from, to, env->steady_us(env) - change->since_us);
}

static enum err open_change(struct authn *authn, struct diameter_request *request,
	struct view session_id, struct change **ret)
{
	struct change *change;
	pool_ref ref;

	if (!may_change(authn, request)) {
		return err_fail(ERR_DENIED, "9.6.2: %s gives no permissions", request->origin);
	}
	TRY(pool_take(authn->revocation->calls, &ref, (void **)&change));
	change->authn = authn;
	change->ref = ref;
	change->since_us = loop_env(authn->loop)->steady_us(loop_env(authn->loop));
	log_tx_of(session_id, change->tx);
	enum err err =
		text_copy(change->session, sizeof(change->session), session_id, "RP_B: Session-Id");

	if (err != OK) {
		pool_give(authn->revocation->calls, ref);
		return err;
	}
	change->request = request;
	*ret = change;
	return OK;
}

static void close_change(struct change *change)
{
	timer_stop(change->authn->loop, &change->again);
	pool_give(change->authn->revocation->calls, change->ref);
}

static void answer(struct change *change, enum diameter_result result, const char *why)
{
	struct rp_asa asa = {.s = {.session_id = view_text(change->session),
				     .has_result = true,
				     .result = result,
				     .origin_host = ident_view(&change->authn->node),
				     .origin_realm = ident_view(&change->authn->realm)}};

	if (!change->request) {
		return;
	}
	if (why) {
		asa.s.error_message = view_text(why);
	}
	diameter_answer(change->request, rp_asa_rows, &asa);
	change->request = NULL;
}

static void refuse(struct diameter_request *request, enum err err)
{
	const struct diameter_fault fault = {
		.result = err == ERR_DENIED	? DIAMETER_AUTHORIZATION_REJECTED
			  : err == ERR_OVERLOAD ? DIAMETER_TOO_BUSY
						: DIAMETER_INVALID_AVP_VALUE};

	log_event(LOG_WARN, "rp_b.refused", "", LOG_TEXT("peer", request->origin), LOG_DETAIL());
	diameter_refuse(request, &fault, err_detail());
}

/* --- the end of a permission --- */

/*
 * One unit of work, behind all that was submitted before it, so that it sees a token which is being kept now: the event,
 * the token's end if it is for that application alone, and the session's.
 */
static enum err submit_revoke(struct change *change)
{
	struct authn *authn = change->authn;
	const struct store_value session = STORE_TEXT_OF(view_text(change->session));
	const struct store_value now = STORE_INT_OF(env_wall(loop_env(authn->loop)));
	const struct store_step steps[] = {
		{.statement = ADD_EVENT_OF_SESSION,
			.expect = STORE_ONE,
			.param_count = 5,
			.params = {session, STORE_TEXT_OF(ident_view(&authn->node)),
				STORE_INT_OF(RP_A_REVOKE), now, now}},
		{.statement = END_TOKEN, .param_count = 2, .params = {session, now}},
		{.statement = DROP_SESSION,
			.expect = STORE_ONE,
			.param_count = 1,
			.params = {session}},
	};

	TRY(remember(authn, change->session));
	return store_submit(authn->store, steps, 3, on_revoked, authn, change->ref);
}

void revocation_on_asr(void *user, struct diameter_request *request)
{
	struct authn *authn = user;
	struct rp_asr asr;
	struct diameter_fault fault;
	struct change *change = NULL;

	if (diameter_decode(request->message, rp_asr_rows, &asr, &fault) != OK) {
		diameter_refuse(request, &fault, err_detail());
		return;
	}
	enum err err = open_change(authn, request, asr.s.session_id, &change);

	if (err != OK) {
		refuse(request, err);
		return;
	}
	step(change, "rp_b.revoked", "authz", "authn");
	if (submit_revoke(change) != OK) {
		answer(change, DIAMETER_UNABLE_TO_COMPLY, err_detail());
		close_change(change);
	}
}

/* The columns that ADD_EVENT_OF_SESSION returns. */
enum { AT_SERIAL, AT_APPLICATION, AT_TOKEN };

static enum err read_event(const struct store_result *result, size_t at, struct event *ret)
{
	ret->serial = (uint64_t)store_at(result, at, 0, AT_SERIAL).number;
	ret->token_id = store_at(result, at, 0, AT_TOKEN).bytes;
	return ident_parse(IDENT_APPLICATION, store_at(result, at, 0, AT_APPLICATION).bytes,
		&ret->application);
}

/* Committed: elements are told, then who gave the permission.  req: B9.4.1-e */
static void on_revoked(void *user, uint64_t ref, const struct store_result *result)
{
	struct authn *authn = user;
	struct change *change = authn->revocation ? pool_at(authn->revocation->calls, ref) : NULL;
	struct event event = {.kind = RP_A_REVOKE};

	if (!change) {
		return;
	}
	if (result->err == ERR_UNKNOWN_RESULT) {
		events_look(authn);
	}
	if (result->err == ERR_CONFLICT) {
		answer(change, DIAMETER_UNKNOWN_SESSION_ID, "RFC 6733 8.5: no such session here");
		close_change(change);
		return;
	}
	if (result->err != OK || read_event(result, 0, &event) != OK) {
		log_event(LOG_ERROR, "token.not_revoked", change->tx,
			LOG_TEXT("detail", result->err != OK ? result->detail : err_detail()));
		answer(change, DIAMETER_UNABLE_TO_COMPLY, "9.4.1: the store is away");
		close_change(change);
		return;
	}
	memcpy(event.tx, change->tx, sizeof(event.tx));
	log_event(LOG_INFO, "token.revoked", change->tx, LOG_TEXT("clause", "9.4.1"),
		LOG_TEXT("application", event.application.text));
	step(change, "token.revoked", "authn", "authn");
	events_publish(authn, &event, NULL, 0);
	announcements_check_soon(authn);
	answer(change, DIAMETER_SUCCESS, NULL);
	close_change(change);
}

/* --- a change of a permission --- */

void revocation_on_rar(void *user, struct diameter_request *request)
{
	struct authn *authn = user;
	struct rp_rar rar;
	struct diameter_fault fault;
	struct change *change = NULL;

	if (diameter_decode(request->message, rp_rar_rows, &rar, &fault) != OK) {
		diameter_refuse(request, &fault, err_detail());
		return;
	}
	enum err err = open_change(authn, request, rar.s.session_id, &change);

	if (err != OK) {
		refuse(request, err);
		return;
	}
	const struct store_value session = STORE_TEXT_OF(view_text(change->session));
	const struct store_step steps[] = {
		{.statement = FIND_SESSION,
			.expect = STORE_ONE,
			.param_count = 1,
			.params = {session}},
		{.statement = FIND_TOKEN_OF_SESSION,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {session, STORE_INT_OF(env_wall(loop_env(authn->loop)))}},
	};

	step(change, "rp_b.changed", "authz", "authn");
	if (store_submit(authn->store, steps, 2, on_session, authn, change->ref) != OK) {
		answer(change, DIAMETER_UNABLE_TO_COMPLY, err_detail());
		close_change(change);
	}
}

static enum err read_session(struct authn *authn, const struct store_result *result,
	struct change *ret)
{
	struct view application = store_at(result, 0, 0, 0).bytes;

	TRY(ident_parse(IDENT_APPLICATION, application, &ret->application));
	ret->whole = store_at(result, 0, 0, 1).number != 0;
	return tokens_read(authn, result, 1, 0, &ret->token);
}

/* RFC 6733 8.3.2: RAA first, then the question. */
static void on_session(void *user, uint64_t ref, const struct store_result *result)
{
	struct authn *authn = user;
	struct change *change = authn->revocation ? pool_at(authn->revocation->calls, ref) : NULL;

	if (!change) {
		return;
	}
	if (result->err == ERR_CONFLICT) {
		answer(change, DIAMETER_UNKNOWN_SESSION_ID, "RFC 6733 8.3: no such session here");
		close_change(change);
		return;
	}
	if (result->err != OK || read_session(authn, result, change) != OK) {
		log_event(LOG_ERROR, "token.not_changed", change->tx,
			LOG_TEXT("detail", result->err != OK ? result->detail : err_detail()));
		answer(change, DIAMETER_UNABLE_TO_COMPLY, "9.4.1: the store is away");
		close_change(change);
		return;
	}
	answer(change, DIAMETER_SUCCESS, NULL);
	ask(change);
}

static void ask(struct change *change)
{
	change->attempts++;
	rp_b_ask_permission(change->authn,
		&(struct rp_b_question){
			.client = &change->token.base.client,
			.application = &change->application,
			.ua = UA_ALL,
			.element = "",
			.session = change->session,
			.tx = change->tx,
		},
		on_terms, change->ref);
}

static void ask_again(void *user)
{
	ask(user);
}

/* Never longer than it was made for, whatever the permission is now. */
static int64_t end_by(const struct change *change, const struct rp_b_permission *terms)
{
	int64_t until = change->token.until;
	int64_t now = env_wall(loop_env(change->authn->loop));

	if (terms->lifetime > 0 && now + terms->lifetime < until) {
		until = now + terms->lifetime;
	}
	if (terms->token_lifetime > 0 && change->token.from + terms->token_lifetime < until) {
		until = change->token.from + terms->token_lifetime;
	}
	return until;
}

static enum err submit_change(struct change *change)
{
	struct authn *authn = change->authn;
	const struct store_value session = STORE_TEXT_OF(view_text(change->session));
	const struct store_value now = STORE_INT_OF(env_wall(loop_env(authn->loop)));
	const struct store_value until = STORE_INT_OF(change->until);
	BUF_CLEANUP struct buf sealed = buf_growing(16384);

	TRY(tokens_seal(authn, &change->token, &sealed));
	const struct store_step steps[] = {
		{.statement = ADD_EVENT_OF_SESSION,
			.expect = STORE_ONE,
			.param_count = 5,
			.params = {session, STORE_TEXT_OF(ident_view(&authn->node)),
				STORE_INT_OF(RP_A_SUBSCRIPTION), now, until}},
		{.statement = BOUND_USE_OF_SESSION, .param_count = 2, .params = {session, until}},
		{.statement = CHANGE_TOKEN,
			.expect = STORE_ONE,
			.param_count = 4,
			.params = {STORE_TEXT_OF(view_text(change->token.id)), until,
				STORE_BLOB_OF(buf_contents(&sealed)), now}},
	};

	return store_submit(authn->store, steps, change->whole ? 3 : 2, on_changed, authn,
		change->ref);
}

static void give_up(struct change *change, const char *why)
{
	log_event(LOG_ERROR, "token.not_changed", change->tx, LOG_TEXT("detail", why));
	close_change(change);
}

/* Asked in vain: the next attempt comes later. */
static void wait_and_ask(struct change *change, const char *why)
{
	if (change->attempts == ATTEMPTS_MAX) {
		give_up(change, why);
		return;
	}
	timer_start(change->authn->loop, &change->again,
		(int64_t)AGAIN_MS << (change->attempts - 1), ask_again, change);
}

/* Not permitted any more, or for a token that is too old by now: it ends.  req: B9.4.1-e */
static void on_terms(void *user, uint64_t ref, const struct rp_b_permission *terms)
{
	struct authn *authn = user;
	struct change *change = authn->revocation ? pool_at(authn->revocation->calls, ref) : NULL;
	enum err err;

	if (!change) {
		return;
	}
	if (revocation_has(authn, change->session)) {
		close_change(change);
		return;
	}
	if (terms->err != OK && terms->err != ERR_DENIED) {
		wait_and_ask(change, terms->detail);
		return;
	}
	change->until = terms->err == OK ? end_by(change, terms) : 0;
	if (change->until <= env_wall(loop_env(authn->loop))) {
		err = submit_revoke(change);
	} else {
		err = tokens_subscribe(terms, &change->token.subscription);
		err = err == OK ? submit_change(change) : err;
	}
	if (err != OK) {
		give_up(change, err_detail());
	}
}

/* req: B9.6.1-b B9.4.1-e */
static void on_changed(void *user, uint64_t ref, const struct store_result *result)
{
	struct authn *authn = user;
	struct change *change = authn->revocation ? pool_at(authn->revocation->calls, ref) : NULL;
	struct event event = {.kind = RP_A_SUBSCRIPTION};

	if (!change) {
		return;
	}
	if (result->err == ERR_UNKNOWN_RESULT) {
		events_look(authn);
	}
	if (result->err == ERR_CONFLICT) { /* it ended meanwhile, or was replaced by another */
		close_change(change);
		return;
	}
	if (result->err != OK || read_event(result, 0, &event) != OK) {
		give_up(change, result->err != OK ? result->detail : err_detail());
		return;
	}
	memcpy(event.tx, change->tx, sizeof(event.tx));
	event.token = &change->token;
	event.expiry = change->until;
	log_event(LOG_INFO, "token.changed", change->tx, LOG_TEXT("clause", "9.4.1"),
		LOG_TEXT("application", event.application.text));
	events_publish(authn, &event, NULL, 0);
	close_change(change);
}

/* --- life --- */

enum err revocation_start_up(struct authn *authn)
{
	struct revocation *r = calloc(1, sizeof(*r));

	if (!r) {
		return err_fail(ERR_MEMORY, "revocation: out of memory");
	}
	authn->revocation = r;
	TRY(pool_new(sizeof(struct change), CALLS_MAX, &r->calls));
	return table_new(ENDED_MAX, &r->by_session);
}

static void abandon(void *user, pool_ref ref, void *slot)
{
	(void)user;
	(void)ref;
	answer(slot, DIAMETER_UNABLE_TO_COMPLY, "this node is stopping");
	close_change(slot);
}

void revocation_shut_down(struct authn *authn)
{
	struct revocation *r = authn->revocation;

	if (!r) {
		return;
	}
	if (r->calls) {
		pool_each(r->calls, abandon, NULL);
	}
	pool_free(r->calls);
	table_free(r->by_session);
	for (size_t i = 0; i < ENDED_MAX; i++) {
		free(r->ended[i].session);
	}
	free(r);
	authn->revocation = NULL;
}
