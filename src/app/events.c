// SPDX-License-Identifier: Apache-2.0
/*
 * What authentication nodes tell (9.6.1): tokens pushed (10.4/4d), revoked, changed. Every event has a serial in its
 * node's log. It is taken once, in order, and acknowledged when the store has both what it
 * changed and that it is known; so what an element has missed is told again, and nothing twice.  req: B9.6.1-d B9.6.1-b
 */
#include "app/carrier.h"

#include "base/log.h"
#include "base/text.h"

#include <string.h>

enum { EVENTS = 1024 };

/* An event that the store is about to keep. */
struct event {
	struct told_by by;
	uint32_t round;
};

/* What it is about, checked. */
struct subject {
	struct node *node;
	struct ident application;
	struct name name;
	char tx[LOG_TX];
};

enum err events_open(struct symapp *app)
{
	return pool_new(sizeof(struct event), EVENTS, &app->events);
}

static void answer(struct symapp *app, const struct told_by *by, enum err result, const char *why)
{
	by->carrier->answer(app, by, result, why);
}

/* Checking */

/* Nobody but the node that a token is of speaks of it. */
static enum err check(struct symapp *app, const struct told_by *by, const struct rp_rpr *rpr,
	struct subject *ret)
{
	struct ident node;
	struct ua ua;

	if (rpr->type < RP_A_PUSH || rpr->type > RP_A_SUBSCRIPTION) {
		return err_fail(ERR_UNSUPPORTED, "9.6.1: RP-A-Type %u is not for elements",
			rpr->type);
	}
	TRY(token_id_node(rpr->transaction_id, &node));
	TRY(rp_from_naf_id(rpr->naf_id, &ret->application, &ua));
	TRY(name_of(rpr->transaction_id, &ret->application, UA_ALL, &ret->name));
	ret->node = by->node;
	if (!ret->node || !ident_equal(&ret->node->host, &node)) {
		return err_fail(ERR_DENIED, "9.6.1: the token is of another node");
	}
	if (!is_announced(app, &ret->application)) {
		return err_fail(ERR_DENIED, "9.6.1: this application is not served here");
	}
	if (!rpr->has_serial || rpr->serial == 0 || rpr->serial > INT64_MAX) {
		return err_fail(ERR_SYNTAX, "9.6.1: an event without serial");
	}
	if (!ret->node->follows) {
		return err_fail(ERR_WRONG_STATE, "9.6.1: this element has not announced itself");
	}
	if (rpr->log.len > 0 && !view_equal(rpr->log, VIEW(ret->node->log))) {
		return err_fail(ERR_WRONG_STATE, "9.6.1: an event of another log");
	}
	log_tx_of(rpr->s.session_id, ret->tx);
	return OK;
}

/* Only what is served here is kept. */
static enum err read_keys(const struct symapp *app, const struct rp_rpr *rpr,
	const struct subject *subject, struct facts *ret)
{
	for (size_t i = 0; i < rpr->key_count; i++) {
		struct rp_a_key *key = &ret->keys[ret->key_count];
		struct ident application;

		TRY(rp_from_naf_id(rpr->keys[i].naf_id, &application, &key->ua));
		if (!ident_equal(&application, &subject->application)) {
			return err_fail(ERR_SYNTAX, "9.6.1: a key for another application");
		}
		if (rpr->keys[i].key.len != TOKEN_KEY) {
			return err_fail(ERR_SYNTAX, "9.6.1: a key of %zu bytes",
				rpr->keys[i].key.len);
		}
		if (serves(app, &application, key->ua)) {
			TRY(secret_set(&key->key, rpr->keys[i].key.data, TOKEN_KEY));
			ret->key_count++;
		}
	}
	return OK;
}

static enum err read_push(const struct symapp *app, const struct rp_rpr *rpr,
	const struct subject *subject, struct facts *ret)
{
	char name[16];
	enum token_format format;

	TRY(text_copy(name, sizeof(name), rpr->format, "Token-Format"));
	TRY(token_format_of(name, &format));
	if (format != format_of_id(rpr->transaction_id)) {
		return err_fail(ERR_SYNTAX, "9.6.1: a token id of another format");
	}
	if (!rpr->has_expiry || !rpr->has_creation || rpr->key_count == 0) {
		return err_fail(ERR_SYNTAX, "9.6.1: a push without key, creation or expiry");
	}
	if (!text_is_printable(rpr->degree)) {
		return err_fail(ERR_SYNTAX, "9.6.1: a security degree that is not printable");
	}
	TRY(text_copy(ret->degree, DEGREE_MAX, rpr->degree, "Security-Degree"));
	TRY(read_told(&(struct told){rpr->guss, rpr->rights, rpr->right_count, rpr->attributes},
		ret));
	TRY(read_keys(app, rpr, subject, ret));
	ret->from = rpr->creation;
	ret->until = rpr->expiry;
	memcpy(ret->tx, subject->tx, sizeof(ret->tx));
	return OK;
}

/* Taking */

static void on_kept(void *user, uint64_t ref, const struct store_result *result);

/* What is known already is acknowledged again, and does nothing. */
static bool is_known(const struct subject *subject, const struct rp_rpr *rpr)
{
	return rpr->serial <= subject->node->kept;
}

static enum err take_push(struct symapp *app, const struct rp_rpr *rpr,
	const struct subject *subject, struct view *ret_changed)
{
	FACTS(facts);
	struct token *token;

	TRY(read_push(app, rpr, subject, &facts));
	if (facts.key_count == 0 ||
		tokens_hold(app, name_view(&subject->name), &facts, &token) != OK) {
		return OK; /* over, replaced, or for nothing that is served here */
	}
	*ret_changed = name_view(&subject->name);
	log_step("rp_a.pushed", subject->tx, "10.4/4d", "authn", "element", 0);
	for (size_t i = 0; i < facts.key_count; i++) {
		find_serve(app, name_view(&subject->name), facts.keys[i].ua);
	}
	return OK;
}

/* Sessions end before it is answered, and even when it cannot be kept.  req: B9.6.4-d */
static enum err take_revoke(struct symapp *app, const struct subject *subject,
	struct view *ret_changed)
{
	struct view name = name_view(&subject->name);
	struct token *token = tokens_get(app, name);

	log_event(LOG_INFO, "token.revoked", subject->tx, LOG_TEXT("clause", "9.4.3"),
		LOG_TEXT("authn", subject->node->host.text),
		LOG_TEXT("application", subject->application.text));
	*ret_changed = name;
	find_refuse(app, name);
	if (token) {
		token_end(token, SYMAPP_REVOKED);
	} else {
		tokens_tell(app, SYMAPP_REVOKED, name, 0,
			false); /* its sessions may outlive it here */
	}
	return OK;
}

/*
 * A change that came late does not say what a token of the plain form may do by now. Rights that were taken away must not live
 * on: the token is not held any more, and who wants it pulls it with what holds then. Its sessions are told that their
 * rights may be others.  req: B9.6.1-b
 */
static enum err take_subscription(struct symapp *app, const struct rp_rpr *rpr,
	const struct subject *subject, struct view *ret_changed)
{
	struct view name = name_view(&subject->name);
	struct token *token = tokens_get(app, name);
	bool over = rpr->expiry <= env_wall(loop_env(app->loop));
	FACTS(facts);

	TRY(read_told(&(struct told){rpr->guss, rpr->rights, rpr->right_count, rpr->attributes},
		&facts));
	if (!rpr->has_expiry) {
		return err_fail(ERR_SYNTAX, "9.6.1: a change of the subscription without expiry");
	}
	find_bound(app, name, rpr->expiry);
	if (token) {
		*ret_changed = name;
	}
	if (token && (over || rpr->guss.len > 0)) {
		facts.until = rpr->expiry;
		token_change(token, &facts);
		return OK;
	}
	if (token) {
		token_forget(token);
	}
	tokens_tell(app, over ? SYMAPP_EXPIRED : SYMAPP_CHANGED, name, rpr->expiry, !over);
	return OK;
}

static enum err take(struct symapp *app, const struct rp_rpr *rpr, const struct subject *subject,
	struct view *ret_changed)
{
	if (rpr->serial <= subject->node->last) {
		return OK; /* it is being kept: acknowledged together with the first */
	}
	app_figures_event(app, rpr->type);
	switch (rpr->type) {
	case RP_A_PUSH:
		return take_push(app, rpr, subject, ret_changed);
	case RP_A_REVOKE:
		return take_revoke(app, subject, ret_changed);
	default:
		return take_subscription(app, rpr, subject, ret_changed);
	}
}

/* Keeping */

static void settle(struct symapp *app, pool_ref ref, enum err err, const char *why)
{
	const struct event event = *(struct event *)pool_at(app->events, ref);
	struct node *node = event.by.node;
	uint64_t serial = event.by.serial;

	pool_give(app->events, ref);
	if (err == OK) {
		node->kept = serial > node->kept ? serial : node->kept;
	} else {
		log_event(LOG_ERROR, "rp_a.event_not_kept", "", LOG_TEXT("authn", node->host.text),
			LOG_TEXT("detail", why));
		if (event.round == node->round) {
			announce_again(node);
		}
	}
	answer(app, &event.by, err, err == OK ? NULL : why);
}

static void on_kept(void *user, uint64_t ref, const struct store_result *result)
{
	settle(user, ref, result->err, result->detail);
}

static enum err keep(struct symapp *app, const struct told_by *by, const struct rp_rpr *rpr,
	const struct subject *subject, pool_ref ref)
{
	struct event *event = pool_at(app->events, ref);
	struct view changed = {0};

	TRY(take(app, rpr, subject, &changed));
	*event = (struct event){.by = *by, .round = subject->node->round};
	enum err err = OK;

	if (app->store) {
		err = keep_event(app, changed, subject->node, rpr->serial, on_kept, ref);
	}
	if (rpr->serial > subject->node->last) {
		subject->node->last = rpr->serial;
	}
	if (err != OK || !app->store) {
		settle(app, ref, err, err_detail());
	}
	return OK;
}

static enum err on_event(struct symapp *app, const struct told_by *by, const struct rp_rpr *rpr)
{
	struct subject subject;
	pool_ref ref;
	void *slot;

	if (app->closing) {
		return err_fail(ERR_OVERLOAD, "this element is stopping");
	}
	TRY(check(app, by, rpr, &subject));
	if (is_known(&subject, rpr)) {
		answer(app, by, OK, NULL);
		return OK;
	}
	TRY(pool_take(app->events, &ref, &slot));
	enum err err = keep(app, by, rpr, &subject, ref);

	if (err != OK) {
		pool_give(app->events, ref);
	}
	return err;
}

void events_take(struct symapp *app, const struct told_by *by, const struct rp_rpr *rpr)
{
	enum err err = on_event(app, by, rpr);

	if (err != OK) {
		log_event(LOG_WARN, "rp_a.event_refused", "",
			LOG_TEXT("authn", by->node ? by->node->host.text : "another"), LOG_DETAIL());
		answer(app, by, err, err_detail());
	}
}
