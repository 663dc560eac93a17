// SPDX-License-Identifier: Apache-2.0
#include "authn/announcement.h"

#include "authn/elements.h"
#include "authn/rp_b.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOON_MS = 1000 };

/*
 * What an element announces, or has announced: one application after the other is asked for, then all changes at once,
 * and is answered if there is a request.
 */
struct announcement {
	struct authn *authn;
	pool_ref ref, element;
	struct rp_a_request request; /* without a message: a check of ours */
	char tx[LOG_TX];
	struct announced *items;
	size_t count, asked;
	uint8_t log[EVENT_LOG_SIZE];
	size_t log_len;
	uint64_t serial;
	int64_t since_us;
};

struct announcements {
	struct pool *runs;
	struct timer check;
};

static enum err read_announcement(const struct rp_rpr *rpr, struct announcement *ret);
static enum err join_others(const struct element *element, const struct ident *one,
	struct announcement *a);
static void ask_next(struct announcement *a);
static void on_permission(void *user, uint64_t ref, const struct rp_b_permission *permission);
static void conclude(struct announcement *a, struct element *element);
static void refuse(struct announcement *a, const char *why);
static void check_all(void *user);

static struct announcement *run_at(const struct authn *authn, pool_ref ref)
{
	return authn->announcements ? pool_at(authn->announcements->runs, ref) : NULL;
}

static void close_run(struct announcement *a)
{
	struct element *element = element_at(a->authn, a->element);

	if (element && element->asking == a->ref) {
		element->asking = 0;
	}
	free(a->items);
	pool_give(a->authn->announcements->runs, a->ref);
}

static enum err open_run(struct element *element, struct announcement **ret)
{
	struct authn *authn = element->authn;
	const struct env *env = loop_env(authn->loop);
	struct announcement *a;
	pool_ref ref;

	TRY(pool_take(authn->announcements->runs, &ref, (void **)&a));
	a->authn = authn;
	a->ref = ref;
	a->element = element->ref;
	a->since_us = env->steady_us(env);
	element->asking = ref;
	*ret = a;
	return OK;
}

/* --- the element's own word --- */

/* A check of ours gives way to the element itself. */
static enum err open_announcement(struct authn *authn, const struct rp_a_request *request,
	const struct rp_rpr *rpr, const struct ident *one, struct announcement **ret)
{
	struct announcement *a;
	struct element *element;

	if (rpr->type != RP_A_ANNOUNCE) {
		return err_fail(ERR_SYNTAX, "9.6.1: elements announce, and no more");
	}
	TRY(element_of(authn, request, &element));
	a = run_at(authn, element->asking);
	if (a && a->request.message) {
		return err_fail(ERR_OVERLOAD,
			"9.6.1: an announcement of this element is under way");
	}
	if (a) {
		close_run(a);
	}
	TRY(open_run(element, &a));
	enum err err = read_announcement(rpr, a);

	if (err == OK && one) {
		err = join_others(element, one, a);
	}
	if (err != OK) {
		close_run(a);
		return err;
	}
	a->request = *request;
	(void)snprintf(a->tx, sizeof(a->tx), "%s", request->tx);
	*ret = a;
	return OK;
}

void announcement_take(struct authn *authn, const struct rp_a_request *request,
	const struct rp_rpr *rpr, const struct ident *one)
{
	struct announcement *a = NULL;
	enum err err = open_announcement(authn, request, rpr, one, &a);

	if (err != OK) {
		request->carrier->refuse(authn, request, err, err_detail());
		return;
	}
	log_step("rp_a.announced", a->tx, "9.6.1", "element", "authn", 0);
	ask_next(a);
}

static enum err read_uas(const struct rp_announced *in, struct announced *ret)
{
	if (in->naf_id_count == 0) {
		return err_fail(ERR_SYNTAX, "9.6.1: an announcement without a NAF-Id");
	}
	for (size_t i = 0; i < in->naf_id_count; i++) {
		struct ident application;

		TRY(rp_from_naf_id(in->naf_ids[i], &application, &ret->uas[i]));
		if (i > 0 && !ident_equal(&application, &ret->application)) {
			return err_fail(ERR_SYNTAX, "9.6.1: NAF-Ids of two applications in one");
		}
		ret->application = application;
	}
	ret->ua_count = in->naf_id_count;
	return OK;
}

static enum err read_mechanisms(const struct rp_announced *in, struct announced *ret)
{
	struct buf names = buf_fixed(ret->mechanisms, sizeof(ret->mechanisms));

	for (size_t i = 0; i < in->mechanism_count; i++) {
		struct view name = in->mechanisms[i];

		if (name.len == 0 || name.len >= MECHANISM_MAX || !text_is_printable(name)) {
			return err_fail(ERR_SYNTAX, "9.6.1: a Mechanism that is no short name");
		}
		buf_printf(&names, "%s%.*s", i > 0 ? " " : "", (int)name.len,
			(const char *)name.data);
	}
	return buf_end(&names, "9.6.1: Mechanisms");
}

/* req: B9.6.1-c */
static enum err read_item(const struct rp_announced *in, struct announced *ret)
{
	TRY(read_uas(in, ret));
	if (in->address.len > 0 && !text_is_printable(in->address)) {
		return err_fail(ERR_SYNTAX, "9.6.1: an Element-Address that is not printable");
	}
	TRY(text_copy(ret->address, sizeof(ret->address), in->address, "9.6.1: Element-Address"));
	ret->alone = in->has_shared && in->shared == 0;
	return read_mechanisms(in, ret);
}

static enum err read_items(const struct rp_rpr *rpr, struct announced *ret)
{
	for (size_t i = 0; i < rpr->announced_count; i++) {
		TRY(read_item(&rpr->announced[i], &ret[i]));
		for (size_t k = 0; k < i; k++) {
			if (ident_equal(&ret[k].application, &ret[i].application)) {
				return err_fail(ERR_SYNTAX,
					"9.6.1: an application announced twice");
			}
		}
	}
	return OK;
}

static enum err read_announcement(const struct rp_rpr *rpr, struct announcement *ret)
{
	if (rpr->log.len > 0 && (rpr->log.len != EVENT_LOG_SIZE || !rpr->has_serial)) {
		return err_fail(ERR_SYNTAX, "9.6.1: an Event-Log of %zu bytes, or without a serial",
			rpr->log.len);
	}
	memcpy(ret->log, rpr->log.len > 0 ? rpr->log.data : ret->log, rpr->log.len);
	ret->log_len = rpr->log.len;
	ret->serial = rpr->serial;
	ret->items = calloc(rpr->announced_count + 1, sizeof(*ret->items));
	if (!ret->items) {
		return err_fail(ERR_MEMORY, "RP_A: out of memory");
	}
	ret->count = rpr->announced_count;
	return read_items(rpr, ret->items);
}

/* What it announced before, but for this application, stays. */
static enum err join_others(const struct element *element, const struct ident *one,
	struct announcement *a)
{
	struct announced *all = calloc(element->announced_count + a->count + 1, sizeof(*all));
	size_t count = 0;

	if (!all) {
		return err_fail(ERR_MEMORY, "RP_A: out of memory");
	}
	for (size_t i = 0; i < element->announced_count; i++) {
		if (!ident_equal(&element->announced[i].application, one)) {
			all[count++] = element->announced[i];
		}
	}
	memcpy(&all[count], a->items, a->count * sizeof(*all));
	free(a->items);
	a->items = all;
	a->count += count;
	return a->count <= RP_ANNOUNCED
		       ? OK
		       : err_fail(ERR_RANGE, "9.6.1: more than %d applications announced",
				 RP_ANNOUNCED);
}

/* --- questions --- */

/* One after the other: an element that announces much does not crowd out who bootstraps. */
static void ask_next(struct announcement *a)
{
	struct element *element = element_at(a->authn, a->element);

	if (!element) {
		refuse(a, "9.6.1: the connection is gone");
		return;
	}
	if (a->asked == a->count) {
		conclude(a, element);
		return;
	}
	rp_b_ask_permission(a->authn,
		&(struct rp_b_question){
			.application = &a->items[a->asked].application,
			.ua = UA_ALL,
			.element = element->host,
			.session = "",
			.tx = a->tx,
		},
		on_permission, a->ref);
}

/* Of what was announced that counts which is registered. */
static void keep_registered(struct announced *item, const struct rp_b_permission *permission)
{
	item->served_count = 0;
	for (size_t i = 0; i < item->ua_count; i++) {
		bool registered = false;

		for (size_t k = 0; k < permission->ua_count && !registered; k++) {
			registered = ua_equal(permission->uas[k], item->uas[i]);
		}
		if (registered) {
			item->served[item->served_count++] = item->uas[i];
		}
	}
}

static void on_permission(void *user, uint64_t ref, const struct rp_b_permission *permission)
{
	struct announcement *a = run_at(user, ref);

	if (!a) {
		return;
	}
	if (permission->err != OK && permission->err != ERR_DENIED) {
		log_event(LOG_WARN, "rp_b.no_permission", a->tx,
			LOG_TEXT("detail", permission->detail));
		refuse(a, "9.6.1: the authorization element is away");
		return;
	}
	struct announced *item = &a->items[a->asked++];

	item->authorised = permission->err == OK;
	if (item->authorised) {
		item->group = permission->application;
		keep_registered(item, permission);
	}
	ask_next(a);
}

/* --- answers --- */

/* Nothing has changed: what it announced before still holds, if it did. */
static void refuse(struct announcement *a, const char *why)
{
	if (a->request.message) {
		a->request.carrier->refuse(a->authn, &a->request, ERR_UNAVAILABLE, why);
	}
	close_run(a);
}

/* Of a check, what has changed. */
static void log_items(const struct announcement *a, const struct element *element)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct announced *item = &a->items[i];

		if (!a->request.message && item->authorised == element->announced[i].authorised) {
			continue;
		}
		log_event(LOG_INFO, item->authorised ? "rp_a.serves" : "rp_a.not_served", a->tx,
			LOG_TEXT("element", element->host),
			LOG_TEXT("application", item->application.text),
			LOG_TEXT("address", item->address), LOG_TEXT("mechanisms", item->mechanisms),
			LOG_INT("ua_ids", (int64_t)item->served_count));
	}
}

static void name_refused(const struct announcement *a, struct buf *out)
{
	for (size_t i = 0; i < a->count; i++) {
		if (!a->items[i].authorised) {
			buf_printf(out, "%s%s", out->len > 0 ? " " : "not permitted: ",
				a->items[i].application.text);
		}
	}
}

/* Who is permitted some of what it announced serves that; the answer names the rest.  req: B9.6.1-a B9.6.1-c */
static void accept(struct announcement *a, struct element *element, const char *refused)
{
	const struct env *env = loop_env(a->authn->loop);

	log_step("rp_a.served", a->tx, "9.6.1", "authn", "element",
		env->steady_us(env) - a->since_us);
	a->request.carrier->accept(a->authn, &a->request,
		&(struct rp_a_accepted){.refused = refused,
			.log = view_of(a->log, a->log_len),
			.serial = a->serial,
			.element = element});
}

static void conclude(struct announcement *a, struct element *element)
{
	BUF_CLEANUP struct buf refused = buf_growing(RP_ANNOUNCED * (IDENT_MAX + 2) + 32);
	struct announced *items = a->items;

	log_items(a, element);
	name_refused(a, &refused);
	a->items = NULL;
	if (element_serve(element, items, a->count) != OK) {
		refuse(a, err_detail());
		return;
	}
	if (a->request.message) {
		accept(a, element, buf_string(&refused));
	}
	close_run(a);
}

/* --- checks of ours --- */

/* An element may lose an application, or its ASP the element, while it is connected.  req: B9.6.1-a */
static void check_one(void *user, pool_ref ref, void *slot)
{
	struct element *element = slot;
	struct announcement *a;
	size_t size = element->announced_count * sizeof(*element->announced);

	(void)user;
	(void)ref;
	if (element->announced_count == 0 || run_at(element->authn, element->asking) ||
		open_run(element, &a) != OK) {
		return;
	}
	a->items = malloc(size);
	if (!a->items || log_tx_make(loop_env(a->authn->loop), a->tx) != OK) {
		close_run(a);
		return;
	}
	memcpy(a->items, element->announced, size);
	a->count = element->announced_count;
	ask_next(a);
}

static void check_all(void *user)
{
	struct authn *authn = user;

	timer_start(authn->loop, &authn->announcements->check, authn->conf->element_check,
		check_all, authn);
	elements_each(authn, check_one);
}

void announcements_check_soon(struct authn *authn)
{
	struct timer *check = &authn->announcements->check;

	if (!timer_is_running(check) || check->at > loop_now(authn->loop) + SOON_MS) {
		timer_start(authn->loop, check, SOON_MS, check_all, authn);
	}
}

/* --- life --- */

enum err announcements_start_up(struct authn *authn)
{
	struct announcements *all = calloc(1, sizeof(*all));

	if (!all) {
		return err_fail(ERR_MEMORY, "announcements: out of memory");
	}
	authn->announcements = all;
	TRY(pool_new(sizeof(struct announcement), ELEMENTS_MAX, &all->runs));
	timer_start(authn->loop, &all->check, authn->conf->element_check, check_all, authn);
	return OK;
}

static void abandon(void *user, pool_ref ref, void *slot)
{
	(void)user;
	(void)ref;
	refuse(slot, "this node is stopping");
}

void announcements_shut_down(struct authn *authn)
{
	struct announcements *all = authn->announcements;

	if (!all) {
		return;
	}
	timer_stop(authn->loop, &all->check);
	if (all->runs) {
		pool_each(all->runs, abandon, NULL);
	}
	pool_free(all->runs);
	free(all);
	authn->announcements = NULL;
}
