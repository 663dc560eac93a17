// SPDX-License-Identifier: Apache-2.0
/* RP_A over Diameter: Zn (TS 29.109) for the pull, RPR/RPA for announcements and events. */
#include "app/carrier.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum { SESSION_ROOM = 512, ROUND_SHIFT = 32 };

/* A peer, and a node that is reached by it: itself, or one behind a relay. */
struct way {
	const char *peer; /* as in the options */
	struct node *node;
};

struct ways {
	size_t count;
	struct way all[];
};

static const struct carrier diameter;

/* --- nodes, and the ways to them --- */

static size_t count_ways(const struct diameter_node_options *o)
{
	size_t count = 0;

	for (size_t i = 0; i < o->peer_count; i++) {
		count += 1 + o->peers[i].origin_count;
	}
	return count;
}

static enum err add_way(struct symapp *app, const struct diameter_peer_options *peer,
	const char *host)
{
	struct node *node;

	TRY(announce_add_node(app, &diameter, host, peer->realm, &node));
	app->ways->all[app->ways->count++] = (struct way){.peer = peer->host, .node = node};
	return OK;
}

/* Relays are no nodes of their own, unless they stand for nobody else. */
static enum err add_ways(struct symapp *app, const struct diameter_node_options *options)
{
	app->ways = calloc(1, sizeof(*app->ways) + count_ways(options) * sizeof(struct way));
	if (!app->ways) {
		return err_fail(ERR_MEMORY, "RP_A: out of memory");
	}
	for (size_t i = 0; i < options->peer_count; i++) {
		const struct diameter_peer_options *peer = &options->peers[i];

		if (!peer->relay || peer->origin_count == 0) {
			TRY(add_way(app, peer, peer->host));
		}
		for (size_t j = 0; j < peer->origin_count; j++) {
			TRY(add_way(app, peer, peer->origins[j]));
		}
	}
	return OK;
}

static void on_peer_changed(void *user, const char *host, bool open)
{
	struct symapp *app = user;

	for (size_t i = 0; i < app->ways->count; i++) {
		if (strcmp(app->ways->all[i].peer, host) != 0) {
			continue;
		}
		if (open) {
			announce_way_opened(app->ways->all[i].node);
		} else {
			announce_way_closed(app->ways->all[i].node);
		}
	}
}

static bool reaches(const struct node *node)
{
	return diameter_node_reaches(node->app->diameter, node->realm.text, DIAMETER_ZN);
}

/* --- requests --- */

static enum err begin_session(const struct node *node, const char *tx, struct buf *session_id,
	struct rp_session *ret)
{
	const struct symapp *app = node->app;

	diameter_session_id(app->diameter, session_id);
	buf_printf(session_id, ";%s", tx);
	TRY(buf_end(session_id, "Session-Id"));
	*ret = (struct rp_session){.session_id = buf_contents(session_id),
		.origin_host = ident_view(&app->host),
		.origin_realm = ident_view(&app->realm),
		.destination_host = ident_view(&node->host),
		.destination_realm = ident_view(&node->realm),
		.auth_session_state = 1};
	return OK;
}

static uint32_t result_of(const struct rp_session *s)
{
	return s->has_experimental ? s->experimental : s->result;
}

/* TS 29.109 5.3: 2001 alone gives a token; who may not have it, and what does not exist, look alike above. */
static enum err verdict(const struct rp_session *s)
{
	uint32_t result = result_of(s);

	switch (result) {
	case DIAMETER_SUCCESS:
		return OK;
	case DIAMETER_AUTHORIZATION_REJECTED:
	case DIAMETER_IDENTITY_UNKNOWN:
	case DIAMETER_NOT_AUTHORIZED:
	case DIAMETER_TRANSACTION_IDENTIFIER_INVALID:
		return err_fail(ERR_NOT_FOUND, "RP_A: refused with %u", result);
	default:
		return err_fail(ERR_UNAVAILABLE, "RP_A: answered with %u", result);
	}
}

static enum err read_bia(struct view message, struct rp_bia *ret)
{
	struct diameter_fault fault;

	TRY(diameter_decode(message, rp_bia_rows, ret, &fault));
	return verdict(&ret->s);
}

static void on_bia(void *user, uint64_t ref, enum err result, struct view message)
{
	struct symapp *app = user;
	struct rp_bia bia = {.has_expiry = false};

	if (result == OK) {
		result = read_bia(message, &bia);
	}
	pull_answered(app, ref, result, &bia);
}

static enum err pull(struct node *node, const struct rp_bir *bir, const char *tx, pool_ref ref)
{
	struct symapp *app = node->app;
	BUF_CLEANUP struct buf session_id = buf_growing(SESSION_ROOM);
	struct rp_bir own = *bir;

	TRY(begin_session(node, tx, &session_id, &own.s));
	diameter_send(app->diameter, DIAMETER_ZN, DIAMETER_BIR, node->host.text, node->realm.text,
		rp_bir_rows, &own, on_bia, app, ref);
	return OK;
}

static enum err read_rpa(const struct node *node, struct view message, struct announce_answer *ret)
{
	struct rp_rpa rpa;
	struct diameter_fault fault;

	TRY(diameter_decode(message, rp_rpa_rows, &rpa, &fault));
	uint32_t result = result_of(&rpa.s);

	if (result == DIAMETER_COMMAND_UNSUPPORTED || result == DIAMETER_APPLICATION_UNSUPPORTED) {
		return err_fail(ERR_UNSUPPORTED,
			"RP_A: %s takes no announcements: tokens are "
			"pulled, and none is revoked",
			node->host.text);
	}
	if (result != DIAMETER_SUCCESS && result != DIAMETER_NOT_AUTHORIZED) {
		return err_fail(ERR_UNAVAILABLE, "RP_A: announcement answered with %u", result);
	}
	if (!view_is_nocase(rpa.s.origin_host, node->host.text)) {
		return err_fail(ERR_DENIED, "RP_A: another answered in the place of %s",
			node->host.text);
	}
	*ret = (struct announce_answer){.whole = result == DIAMETER_SUCCESS,
		.detail = rpa.s.error_message,
		.log = rpa.has_serial ? rpa.log : (struct view){0},
		.serial = rpa.serial};
	return OK;
}

static void on_rpa(void *user, uint64_t ref, enum err result, struct view message)
{
	struct symapp *app = user;
	struct node *node = &app->nodes[ref & UINT32_MAX];
	struct announce_answer answer = {.whole = false};

	if (result == OK) {
		result = read_rpa(node, message, &answer);
	}
	announce_answered(node, (uint32_t)(ref >> ROUND_SHIFT), result, &answer);
}

static enum err announce(struct node *node, const struct rp_rpr *rpr, const char *tx, uint32_t round)
{
	struct symapp *app = node->app;
	BUF_CLEANUP struct buf session_id = buf_growing(SESSION_ROOM);
	struct rp_rpr own = *rpr;
	uint64_t ref = (uint64_t)round << ROUND_SHIFT | (uint64_t)(node - app->nodes);

	TRY(begin_session(node, tx, &session_id, &own.s));
	diameter_send(app->diameter, DIAMETER_ZN, DIAMETER_RPR, node->host.text, node->realm.text,
		rp_rpr_rows, &own, on_rpa, app, ref);
	return OK;
}

/* --- events --- */

static void on_event(void *user, struct diameter_request *request)
{
	struct symapp *app = user;
	struct diameter_fault fault;
	struct rp_rpr rpr;

	if (diameter_decode(request->message, rp_rpr_rows, &rpr, &fault) != OK) {
		diameter_refuse(request, &fault, err_detail());
		return;
	}
	const struct told_by by = {.carrier = &diameter,
		.node = node_of(app, view_text(request->origin)),
		.message = request,
		.serial = rpr.serial};

	events_take(app, &by, &rpr);
}

static uint32_t code_of(enum err err)
{
	switch (err) {
	case OK:
		return DIAMETER_SUCCESS;
	case ERR_DENIED:
		return DIAMETER_NOT_AUTHORIZED;
	case ERR_SYNTAX:
	case ERR_RANGE:
	case ERR_UNSUPPORTED:
		return DIAMETER_INVALID_AVP_VALUE;
	default:
		return DIAMETER_UNABLE_TO_COMPLY;
	}
}

/* The request lives until it is answered, and its Session-Id with it. */
static void answer(struct symapp *app, const struct told_by *by, enum err result, const char *why)
{
	struct diameter_request *request = by->message;
	struct diameter_base base = {.has_result = false};
	struct diameter_fault fault;
	uint32_t code = code_of(result);

	(void)!diameter_decode_base(request->message, &base, &fault); /* it has been read before */
	struct rp_rpa rpa = {.s = {.session_id = base.session_id,
				     .origin_host = ident_view(&app->host),
				     .origin_realm = ident_view(&app->realm),
				     .auth_session_state = 1}};

	rpa.s.error_message = why ? view_text(why) : (struct view){0};
	rpa.s.has_experimental = code >= DIAMETER_IDENTITY_UNKNOWN;
	rpa.s.experimental = code;
	rpa.s.has_result = !rpa.s.has_experimental;
	rpa.s.result = code;
	diameter_answer(request, rp_rpa_rows, &rpa);
}

static const struct carrier diameter = {
	.name = "diameter",
	.reaches = reaches,
	.pull = pull,
	.announce = announce,
	.answer = answer,
};

/* --- life --- */

static bool is_wanted(const struct diameter_node_options *o)
{
	return o->peer_count > 0 || (o->listen && o->listen[0]) ||
	       (o->listen_plain && o->listen_plain[0]);
}

enum err carrier_diameter_open(struct symapp *app, const struct diameter_node_options *options)
{
	static const uint32_t applications[] = {DIAMETER_ZN};
	static const struct diameter_handler handlers[] = {{DIAMETER_ZN, DIAMETER_RPR, on_event}};
	struct diameter_node_options own = *options;

	if (!is_wanted(options)) {
		return OK;
	}
	TRY(add_ways(app, options));
	own.applications = applications;
	own.application_count = sizeof(applications) / sizeof(applications[0]);
	own.peer_changed = on_peer_changed;
	return diameter_node_open(app->loop, &own, handlers, sizeof(handlers) / sizeof(handlers[0]),
		app, &app->diameter);
}

void carrier_diameter_close(struct symapp *app)
{
	if (app->diameter) {
		diameter_node_close(app->diameter);
	}
}

void carrier_diameter_free(struct symapp *app)
{
	free(app->ways);
}
