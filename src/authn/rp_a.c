// SPDX-License-Identifier: Apache-2.0
#include "authn/rp_a.h"

#include "authn/figures.h"
#include "authn/announcement.h"
#include "authn/elements.h"
#include "authn/events.h"
#include "authn/revocation.h"
#include "authn/rp_b.h"
#include "authn/schema.h"
#include "authn/tokens.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/rp_messages.h"

#include <stdio.h>
#include <string.h>

/* One pull under way: token looked up, permission asked, key derived, answered. */
struct pull {
	struct authn *authn;
	pool_ref ref;
	struct rp_a_request request;
	char tx[LOG_TX];
	struct ident application;
	struct ua ua;
	struct token token; /* session, settings and end become those of the permission */
	bool identity;	    /* the application may see the client's */
	int64_t since_us;
};

static enum err open_pull(struct pull *pull, const struct rp_bir *bir);
static void on_token(void *user, uint64_t ref, enum err result, const struct token *token);
static void on_own_token(struct pull *pull);
static void on_use(void *user, uint64_t ref, const struct store_result *result);
static void ask(struct pull *pull); /* 3a */
static void on_permission(void *user, uint64_t ref,
	const struct rp_b_permission *permission); /* 3b */
static void not_permitted(struct pull *pull);
static void keep_use(struct pull *pull);
static void on_used(void *user, uint64_t ref, const struct store_result *result);
static void hand_over(struct pull *pull); /* 4d */
static void refuse(struct pull *pull, enum err result, const char *why);

static int64_t us_of(const struct pull *pull)
{
	const struct env *env = loop_env(pull->authn->loop);

	return env->steady_us(env) - pull->since_us;
}

static void step(const struct pull *pull, const char *event, const char *clause, const char *from,
	const char *to)
{
	log_step(event, pull->tx, clause, from, to, us_of(pull));
}

void rp_a_pull(struct authn *authn, const struct rp_a_request *request, const struct rp_bir *bir)
{
	struct pull *pull;
	pool_ref ref;

	if (pool_take(authn->pulls, &ref, (void **)&pull) != OK) {
		request->carrier->refuse(authn, request, ERR_OVERLOAD,
			"RP_A: too many pulls under way");
		return;
	}
	pull->authn = authn;
	pull->ref = ref;
	pull->request = *request;
	pull->since_us = loop_env(authn->loop)->steady_us(loop_env(authn->loop));
	(void)snprintf(pull->tx, sizeof(pull->tx), "%s", request->tx);
	if (open_pull(pull, bir) != OK) {
		refuse(pull, ERR_NOT_FOUND, err_detail());
		return;
	}
	step(pull, "rp_a.asked", "10.4/4d", "element", "authn");
	tokens_load(authn, bir->transaction_id, on_token, ref);
}

static enum err open_pull(struct pull *pull, const struct rp_bir *bir)
{
	struct ident node;

	TRY(rp_from_naf_id(bir->naf_id, &pull->application, &pull->ua));
	TRY(token_id_node(bir->transaction_id, &node));
	if (!ident_equal(&node, &pull->authn->node)) {
		return err_fail(ERR_NOT_FOUND, "RP_A: the token is another node's, %s", node.text);
	}
	return OK;
}

static void on_token(void *user, uint64_t ref, enum err result, const struct token *token)
{
	struct authn *authn = user;
	struct pull *pull = pool_at(authn->pulls, ref);

	if (!pull) {
		return;
	}
	if (result == ERR_NOT_FOUND) {
		refuse(pull, ERR_NOT_FOUND, "RP_A: no such token, or expired");
		return;
	}
	if (result != OK) {
		refuse(pull, ERR_UNAVAILABLE, "RP_A: tokens cannot be read now");
		return;
	}
	pull->token = *token;
	if (token->application.len > 0) {
		on_own_token(pull);
		return;
	}
	const struct store_step step_of[] = {{.statement = FIND_USE,
		.param_count = 2,
		.params = {STORE_TEXT_OF(view_text(pull->token.id)),
			STORE_TEXT_OF(ident_view(&pull->application))}}};

	if (store_submit(authn->store, step_of, 1, on_use, authn, ref) != OK) {
		refuse(pull, ERR_UNAVAILABLE, err_detail());
	}
}

/* A token made for one application: what it is not for needs no question.  req: B7.2-c B9.4.1-d */
static void on_own_token(struct pull *pull)
{
	SECRET(key);
	enum err err = token_key(&pull->token, &pull->application, pull->ua, &key);

	if (err != OK) {
		refuse(pull, err == ERR_DENIED ? err : ERR_UNAVAILABLE, err_detail());
		return;
	}
	ask(pull);
}

/* A token for all applications rests, for each of them, on a permission of its own: asked for again under its name. */
static void on_use(void *user, uint64_t ref, const struct store_result *result)
{
	struct authn *authn = user;
	struct pull *pull = pool_at(authn->pulls, ref);

	if (!pull) {
		return;
	}
	if (result->err != OK || text_copy(pull->token.session, sizeof(pull->token.session),
					 store_at(result, 0, 0, 0).bytes, "Session-Id") != OK) {
		refuse(pull, ERR_UNAVAILABLE, "RP_A: sessions cannot be read now");
		return;
	}
	ask(pull);
}

static void ask(struct pull *pull)
{
	step(pull, "rp_b.permission_asked", "10.4/3a", "authn", "authz");
	rp_b_ask_permission(pull->authn,
		&(struct rp_b_question){
			.client = &pull->token.base.client,
			.application = &pull->application,
			.ua = pull->ua,
			.element = pull->request.element,
			.session = pull->token.session,
			.tx = pull->tx,
		},
		on_permission, pull->ref);
}

/* What the permission says of this use. Settings that are too long cannot be handed on. */
static enum err keep_terms(struct pull *pull, const struct rp_b_permission *permission)
{
	struct token *token = &pull->token;
	int64_t now = env_wall(loop_env(pull->authn->loop));

	TRY(tokens_subscribe(permission, &token->subscription));
	memcpy(token->session, permission->session, sizeof(token->session));
	pull->identity = permission->identity;
	if (permission->lifetime > 0 && now + permission->lifetime < token->until) {
		token->until = now + permission->lifetime;
	}
	/* However often it is pulled: for this application it lives so long from its making. */
	if (permission->token_lifetime > 0 &&
		token->from + permission->token_lifetime < token->until) {
		token->until = token->from + permission->token_lifetime;
	}
	return token->until > now
		       ? OK
		       : err_fail(ERR_EXPIRED, "RP_A: for this application the token has expired");
}

/* 10.4/3b: the service permission flag decides.  req: B9.4.1-b B9.4.1-c */
static void on_permission(void *user, uint64_t ref, const struct rp_b_permission *permission)
{
	struct authn *authn = user;
	struct pull *pull = pool_at(authn->pulls, ref);

	if (!pull) {
		return;
	}
	bool plain = pull->token.application.len == 0;

	/* A plain bootstrap binds no node and is the same toward all: only those who chose it take it. */
	if (permission->err == ERR_DENIED ||
		(permission->err == OK && plain && permission->format != TOKEN_GBA)) {
		not_permitted(pull);
		return;
	}
	if (permission->err != OK) {
		log_event(LOG_WARN, "rp_b.no_permission", pull->tx,
			LOG_TEXT("detail", permission->detail));
		refuse(pull, ERR_UNAVAILABLE, "10.4/3a: the authorization element is away");
		return;
	}
	enum err err = keep_terms(pull, permission);

	if (err != OK) {
		refuse(pull, err == ERR_EXPIRED ? ERR_NOT_FOUND : ERR_UNAVAILABLE, err_detail());
		return;
	}
	if (pull->token.application.len > 0) {
		hand_over(pull);
		return;
	}
	keep_use(pull);
}

static void not_permitted(struct pull *pull)
{
	log_event(LOG_INFO, "rp_a.refused", pull->tx, LOG_TEXT("clause", "10.4/3b"),
		LOG_TEXT("element", pull->request.element));
	refuse(pull, ERR_DENIED, "10.4/3b: not permitted");
}

/* Before the key leaves it stands in the store what ends this use: one session for one token and application.  req: B9.4.1-e */
static void keep_use(struct pull *pull)
{
	struct authn *authn = pull->authn;
	const struct store_value token = STORE_TEXT_OF(view_text(pull->token.id));
	const struct store_value application = STORE_TEXT_OF(ident_view(&pull->application));
	const struct store_value until = STORE_INT_OF(pull->token.until);
	const struct store_step steps[] = {
		{.statement = ADD_USE,
			.param_count = 4,
			.params = {STORE_TEXT_OF(view_text(pull->token.session)), token,
				application, until}},
		{.statement = RENEW_USE,
			.expect = STORE_ONE,
			.param_count = 3,
			.params = {token, application, until}},
	};

	if (revocation_has(authn, pull->token.session)) {
		not_permitted(pull);
		return;
	}
	if (store_submit(authn->store, steps, 2, on_used, authn, pull->ref) != OK) {
		refuse(pull, ERR_UNAVAILABLE, err_detail());
	}
}

static void on_used(void *user, uint64_t ref, const struct store_result *result)
{
	struct authn *authn = user;
	struct pull *pull = pool_at(authn->pulls, ref);

	if (!pull) {
		return;
	}
	if (result->err != OK) {
		log_event(LOG_ERROR, "token.not_stored", pull->tx,
			LOG_TEXT("detail", result->detail));
		refuse(pull, ERR_UNAVAILABLE, "RP_A: the session could not be kept");
		return;
	}
	hand_over(pull);
}

static void close_pull(struct pull *pull)
{
	pool_give(pull->authn->pulls, pull->ref);
}

/*
 * 10.4/4d: the token goes to the application; the device's identity only if granted. A permission that ended
 * since it was given counts for nothing.  req: B9.4.1-e B9.4.1-f B9.4.1-g
 */
static void hand_over(struct pull *pull)
{
	SECRET(key);
	const struct token *token = &pull->token;
	struct rp_bia bia = {
		.has_expiry = true,
		.expiry = token->until,
		.has_creation = true,
		.creation = token->from,
		.guss = view_of(token->subscription.settings, token->subscription.settings_len),
	};

	bia.right_count = words_split(&token->subscription.rights, bia.rights);
	if (token->subscription.attributes_len > 0) { /* elements of others need not know of them */
		bia.attributes =
			view_of(token->subscription.attributes, token->subscription.attributes_len);
	}

	if (revocation_has(pull->authn, token->session)) {
		not_permitted(pull);
		return;
	}
	if (token_key(token, &pull->application, pull->ua, &key) != OK) {
		refuse(pull, ERR_UNAVAILABLE, err_detail());
		return;
	}
	bia.key_material = secret_view(&key);
	if (pull->identity) {
		bia.user_name = ident_view(&token->base.client);
	}
	step(pull, "rp_a.pushed", "10.4/4d", "authn", "element");
	authn_figures_pull(pull->authn, OK, us_of(pull));
	pull->request.carrier->give(pull->authn, &pull->request, &bia);
	close_pull(pull);
}

static void refuse(struct pull *pull, enum err result, const char *why)
{
	authn_figures_pull(pull->authn, result, us_of(pull));
	pull->request.carrier->refuse(pull->authn, &pull->request, result, why);
	close_pull(pull);
}

enum err rp_a_start_up(struct authn *authn)
{
	TRY(events_start_up(authn));
	TRY(outboxes_start_up(authn));
	TRY(elements_start_up(authn));
	TRY(announcements_start_up(authn));
	return pool_new(sizeof(struct pull), (size_t)authn->conf->pulls, &authn->pulls);
}

static void abandon(void *user, pool_ref ref, void *slot)
{
	struct pull *pull = slot;

	(void)user;
	(void)ref;
	pull->request.carrier->refuse(pull->authn, &pull->request, ERR_OVERLOAD,
		"this node is stopping");
	close_pull(pull);
}

void rp_a_shut_down(struct authn *authn)
{
	if (authn->pulls) {
		pool_each(authn->pulls, abandon, NULL);
	}
	pool_free(authn->pulls);
	authn->pulls = NULL;
	announcements_shut_down(authn);
	elements_shut_down(authn);
	outboxes_shut_down(authn);
	events_shut_down(authn);
}
