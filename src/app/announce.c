// SPDX-License-Identifier: Apache-2.0
/*
 * Announcing (9.6.1): at each connection the element tells every authentication node which applications it serves, how,
 * and which of the node's events it has; what it has missed comes after the answer.  req: B9.6.1-c B9.6.1-e
 */
#include "app/carrier.h"

#include "base/log.h"
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	AGAIN_MS = 1000, /* doubling to */
	AGAIN_MAX_MS = 60 * 1000,
	ADDRESS_ROOM = 264,
	MECHANISM_ROOM = 32,
};

/* An application, with the bytes that its announcement refers to. */
struct announced {
	struct ident id, group;
	struct ua uas[SYMAPP_UAS];
	size_t ua_count, mechanism_count;
	char address[ADDRESS_ROOM], mechanisms[SYMAPP_MECHANISMS][MECHANISM_ROOM];
	uint8_t naf_ids[SYMAPP_UAS][NAF_ID_MAX];
	bool shared;
};

static_assert((int)SYMAPP_APPLICATIONS <= (int)RP_ANNOUNCED && (int)SYMAPP_UAS <= (int)RP_UAS &&
		      (int)SYMAPP_MECHANISMS <= (int)RP_MECHANISMS,
	"an announcement is one message");

static void announce(struct symapp *app, struct node *node);
static void announce_later(struct node *node);

/* Nodes */

struct node *node_of(struct symapp *app, struct view host)
{
	for (size_t i = 0; i < app->node_count; i++) {
		if (view_is_nocase(host, app->nodes[i].host.text)) {
			return &app->nodes[i];
		}
	}
	return NULL;
}

enum err announce_add_node(struct symapp *app, const struct carrier *carrier, const char *host,
	const char *realm, struct node **ret)
{
	struct node *node = node_of(app, view_text(host));

	if (node && node->carrier != carrier) {
		return err_fail(ERR_CONFIG, "RP_A: %s is reached by Diameter and by HTTPS", host);
	}
	if (!node) {
		node = &app->nodes[app->node_count];
		*node = (struct node){.app = app, .carrier = carrier};
		TRY(ident_parse(IDENT_FQDN, view_text(host), &node->host));
		if (realm) {
			TRY(ident_parse(IDENT_FQDN, view_text(realm), &node->realm));
		}
		app->node_count++;
	}
	*ret = node;
	return OK;
}

void announce_close(struct symapp *app)
{
	for (size_t i = 0; i < app->node_count; i++) {
		timer_stop(app->loop, &app->nodes[i].again);
	}
	free(app->nodes);
	free(app->announced);
}

void announce_way_opened(struct node *node)
{
	node->wait_ms = AGAIN_MS;
	node->ways++;
	announce(node->app, node);
}

void announce_way_closed(struct node *node)
{
	node->wait_ms = AGAIN_MS;
	node->ways--;
	node->follows = false; /* what it sends elsewhere meanwhile is missed */
	timer_stop(node->app->loop, &node->again);
	if (node->ways > 0) {
		announce(node->app, node);
	}
}

void announce_lost(struct node *node)
{
	node->follows = false;
	announce_later(node);
}

void announce_soon(struct node *node)
{
	if (!node->follows && !node->refuses && timer_is_running(&node->again)) {
		announce(node->app, node);
	}
}

/* Applications */

static enum err copy_application(const struct symapp_application *from, struct announced *to)
{
	if (from->ua_count == 0 || from->ua_count > SYMAPP_UAS ||
		from->mechanism_count > SYMAPP_MECHANISMS) {
		return err_fail(ERR_RANGE, "announcement: %s has too many Ua ids or mechanisms",
			from->id.text);
	}
	to->id = from->id;
	to->group = from->group;
	to->shared = from->shared;
	to->ua_count = from->ua_count;
	to->mechanism_count = from->mechanism_count;
	for (size_t i = 0; i < from->ua_count; i++) {
		struct buf naf_id = buf_fixed(to->naf_ids[i], NAF_ID_MAX);

		to->uas[i] = from->uas[i];
		TRY(rp_naf_id(&from->id, from->uas[i], &naf_id));
	}
	TRY(text_copy(to->address, ADDRESS_ROOM, view_text(from->address), "announced address"));
	for (size_t i = 0; i < from->mechanism_count; i++) {
		TRY(text_copy(to->mechanisms[i], MECHANISM_ROOM, view_text(from->mechanisms[i]),
			"announced mechanism"));
	}
	return OK;
}

enum err symapp_announce(struct symapp *app, const struct symapp_application *applications,
	size_t count)
{
	if (count > SYMAPP_APPLICATIONS) {
		return err_fail(ERR_RANGE, "announcement: more than %d applications",
			SYMAPP_APPLICATIONS);
	}
	struct announced *list = calloc(count + 1, sizeof(*list));

	if (!list) {
		return err_fail(ERR_MEMORY, "announcement: out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		enum err err = copy_application(&applications[i], &list[i]);

		if (err != OK) {
			free(list);
			return err;
		}
	}
	free(app->announced);
	app->announced = list;
	app->announced_count = count;
	for (size_t i = 0; i < app->node_count; i++) {
		if (app->nodes[i].ways > 0) {
			announce(app, &app->nodes[i]);
		}
	}
	return OK;
}

static bool is_of(const struct announced *a, const struct ident *application)
{
	return ident_equal(&a->id, application) || ident_equal(&a->group, application);
}

bool serves(const struct symapp *app, const struct ident *application, struct ua ua)
{
	for (size_t i = 0; i < app->announced_count; i++) {
		const struct announced *a = &app->announced[i];

		for (size_t j = 0; is_of(a, application) && j < a->ua_count; j++) {
			if (ua_equal(a->uas[j], ua)) {
				return true;
			}
		}
	}
	return false;
}

bool is_announced(const struct symapp *app, const struct ident *application)
{
	for (size_t i = 0; i < app->announced_count; i++) {
		if (is_of(&app->announced[i], application)) {
			return true;
		}
	}
	return false;
}

/* Telling */

static struct rp_announced row_of(const struct announced *a)
{
	struct rp_announced row = {.naf_id_count = a->ua_count,
		.address = view_text(a->address),
		.mechanism_count = a->mechanism_count,
		.has_shared = true,
		.shared = a->shared};

	for (size_t i = 0; i < a->ua_count; i++) {
		row.naf_ids[i] = view_of(a->naf_ids[i], a->id.len + (size_t)UA_SIZE);
	}
	for (size_t i = 0; i < a->mechanism_count; i++) {
		row.mechanisms[i] = view_text(a->mechanisms[i]);
	}
	if (!a->address[0]) {
		row.address = (struct view){0};
	}
	return row;
}

static enum err send(struct symapp *app, struct node *node)
{
	char tx[LOG_TX];
	struct rp_rpr rpr = {
		.type = RP_A_ANNOUNCE,
		.log = node->known ? VIEW(node->log) : (struct view){0},
		.has_serial = node->known,
		.serial = node->kept,
	};

	TRY(log_tx_make(loop_env(app->loop), tx));
	for (size_t i = 0; i < app->announced_count; i++) {
		rpr.announced[rpr.announced_count++] = row_of(&app->announced[i]);
	}
	TRY(node->carrier->announce(node, &rpr, tx, node->round));
	log_step("rp_a.announced", tx, "9.6.1", "element", "authn", 0);
	return OK;
}

static void announce_now(void *user)
{
	struct node *node = user;

	announce(node->app, node);
}

static void announce_later(struct node *node)
{
	if (node->app->closing) {
		return;
	}
	int64_t wait = node->wait_ms > 0 ? node->wait_ms : AGAIN_MS;

	node->wait_ms = wait * 2 < AGAIN_MAX_MS ? wait * 2 : AGAIN_MAX_MS;
	timer_start(node->app->loop, &node->again, wait, announce_now, node);
}

static void announce(struct symapp *app, struct node *node)
{
	if (app->closing || app->announced_count == 0) {
		return;
	}
	timer_stop(app->loop, &node->again);
	node->round++;
	if (send(app, node) != OK) {
		log_event(LOG_WARN, "rp_a.not_announced", "", LOG_TEXT("authn", node->host.text),
			LOG_DETAIL());
		announce_later(node);
	}
}

void announce_again(struct node *node)
{
	if (node->follows) {
		node->follows = false;
		announce_later(node);
	}
}

void announce_after_pull(struct symapp *app, const struct ident *host)
{
	struct node *node = node_of(app, ident_view(host));

	if (node && node->refuses) {
		node->refuses = false;
		announce(app, node);
	}
}

/* Answers */

/* A log that is new to us, or was set back: its events are followed from where it stands. */
static void follow(struct symapp *app, struct node *node, const struct announce_answer *answer)
{
	bool same = node->known && memcmp(node->log, answer->log.data, EVENT_LOG) == 0;

	if (!same || answer->serial < node->kept) {
		memcpy(node->log, answer->log.data, EVENT_LOG);
		node->known = true;
		node->kept = answer->serial;
		keep_log(app, node);
	}
	if (!node->follows) {
		node->last = node->kept;
	}
	node->follows = true;
}

static enum err take_answer(struct node *node, const struct announce_answer *answer)
{
	if (!answer->whole) {
		log_event(LOG_WARN, "rp_a.not_announced", "", LOG_TEXT("authn", node->host.text),
			LOG_VIEW("detail", answer->detail));
	}
	if (answer->log.len == EVENT_LOG && answer->serial <= INT64_MAX) {
		follow(node->app, node, answer);
		return OK;
	}
	return answer->whole ? err_fail(ERR_SYNTAX, "RP_A: an answer without log and serial") : OK;
}

void announce_answered(struct node *node, uint32_t round, enum err result,
	const struct announce_answer *answer)
{
	bool whole = result == OK && answer->whole;

	if (node->app->closing || node->round != round) {
		return;
	}
	if (result == OK) {
		result = take_answer(node, answer);
	}
	if (result != OK) {
		log_event(LOG_WARN, "rp_a.not_announced", "", LOG_TEXT("authn", node->host.text),
			LOG_DETAIL());
	}
	if (node->ways == 0 || result == ERR_UNSUPPORTED) {
		return;
	}
	node->refuses = result == OK && !whole;
	if (result == OK && whole) {
		node->wait_ms = AGAIN_MS;
		return;
	}
	announce_later(node); /* what is refused may be registered later */
}
