// SPDX-License-Identifier: Apache-2.0
#include "authn/elements.h"

#include "authn/rp_b.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An application may be served twice: for itself, and for the tokens of its group. */
enum { SERVICES_MAX = 2 * RP_ANNOUNCED, ANNOUNCEMENTS_MAX = 256 };

struct elements {
	struct pool *all;	      /* struct element */
	struct table *by_host;	      /* Origin-Host -> pool_ref */
	struct table *by_application; /* -> its first struct service */
	struct pool *announcements;   /* under way: struct announcement */
};

/* One application of an announcement, and what the authorization element said of it. */
struct item {
	struct ident application, group; /* group: its own identity when it is in none */
	struct ua uas[RP_UAS];		 /* announced; of these the registered ones */
	size_t ua_count;
	bool alone; /* tokens of several applications are not wanted */
	char address[ELEMENT_TEXT];
	char mechanisms[RP_MECHANISMS * MECHANISM_MAX];
	bool authorised;
};

/* An announcement under way: one application after the other is asked for, then all is answered at once. */
struct announcement {
	struct authn *authn;
	pool_ref ref, element;
	struct diameter_request *request;
	char session_id[SESSION_MAX];
	size_t session_id_len;
	char tx[LOG_TX];
	struct item items[RP_ANNOUNCED];
	size_t count, asked;
	uint8_t log[EVENT_LOG_SIZE];
	size_t log_len;
	uint64_t serial;
	int64_t since_us;
};

static enum err read_announcement(const struct rp_rpr *rpr, struct announcement *ret);
static void ask_next(struct announcement *a);
static void on_permission(void *user, uint64_t ref, const struct rp_b_permission *permission);
static void conclude(struct announcement *a);
static void refuse(struct announcement *a, const char *why);

/* --- who serves what --- */

struct element *element_at(const struct authn *authn, pool_ref ref)
{
	return authn->elements ? pool_at(authn->elements->all, ref) : NULL;
}

struct service *elements_serving(const struct authn *authn, const struct ident *application)
{
	return table_get(authn->elements->by_application, ident_view(application));
}

static struct service *service_of(const struct element *element, const struct ident *application)
{
	for (size_t i = 0; i < element->service_count; i++) {
		if (ident_equal(&element->services[i].application, application)) {
			return &element->services[i];
		}
	}
	return NULL;
}

const struct service *element_serves(const struct element *element, const struct ident *application)
{
	return service_of(element, application);
}

static void unlink_service(struct elements *all, struct service *service)
{
	struct view name = ident_view(&service->application);
	struct service *first = table_remove(all->by_application, name);
	struct service **at = &first;

	while (*at != service) {
		at = &(*at)->next;
	}
	*at = service->next;
	if (first) {
		(void)table_put(all->by_application, name, first); /* it had room before */
	}
}

static enum err link_service(struct elements *all, struct service *service)
{
	struct view name = ident_view(&service->application);
	struct service *first = table_get(all->by_application, name);

	if (first) {
		service->next = first->next;
		first->next = service;
		return OK;
	}
	return table_put(all->by_application, name, service);
}

static void forget_services(struct elements *all, struct element *element)
{
	for (size_t i = 0; i < element->service_count; i++) {
		unlink_service(all, &element->services[i]);
	}
	free(element->services);
	element->services = NULL;
	element->service_count = 0;
}

static void add_ua(struct service *service, struct ua ua)
{
	for (size_t i = 0; i < service->ua_count; i++) {
		if (ua_equal(service->uas[i], ua)) {
			return;
		}
	}
	if (service->ua_count < RP_UAS) {
		service->uas[service->ua_count++] = ua;
	}
}

/* Two applications of one group share its service. */
static enum err add_service(struct elements *all, struct element *element, const struct item *item,
	const struct ident *application)
{
	struct service *service = service_of(element, application);

	if (!service) {
		service = &element->services[element->service_count];
		*service = (struct service){.element = element, .application = *application};
		TRY(link_service(all, service));
		element->service_count++;
		memcpy(service->address, item->address, sizeof(service->address));
		memcpy(service->mechanisms, item->mechanisms, sizeof(service->mechanisms));
	}
	for (size_t i = 0; i < item->ua_count; i++) {
		add_ua(service, item->uas[i]);
	}
	return OK;
}

/* A group's tokens open several applications: only who says that this is good gets them.  req: B9.6.1-e */
static enum err serve(struct elements *all, struct element *element, const struct announcement *a)
{
	forget_services(all, element);
	element->services = calloc(SERVICES_MAX, sizeof(*element->services));
	if (!element->services) {
		return err_fail(ERR_MEMORY, "RP_A: out of memory");
	}
	for (size_t i = 0; i < a->count; i++) {
		const struct item *item = &a->items[i];

		if (!item->authorised) {
			continue;
		}
		TRY(add_service(all, element, item, &item->application));
		if (!item->alone) {
			TRY(add_service(all, element, item, &item->group));
		}
	}
	return OK;
}

static void forget(struct authn *authn, struct element *element)
{
	struct elements *all = authn->elements;

	log_event(LOG_INFO, "rp_a.element_gone", "", LOG_TEXT("element", element->host));
	events_leave(element);
	forget_services(all, element);
	(void)table_remove(all->by_host, view_text(element->host));
	pool_give(all->all, element->ref);
}

struct gone {
	struct authn *authn;
	const char *peer;
};

static void forget_if_over(void *user, pool_ref ref, void *slot)
{
	const struct gone *gone = user;
	struct element *element = slot;

	(void)ref;
	if (strcmp(element->peer, gone->peer) == 0) {
		forget(gone->authn, element);
	}
}

void elements_on_peer_changed(void *user, const char *host, bool open)
{
	struct gone gone = {user, host};

	if (!open && gone.authn->elements) {
		pool_each(gone.authn->elements->all, forget_if_over, &gone);
	}
}

/* --- announcing --- */

/* The record of who speaks, made when it speaks first. */
static enum err find_or_add(struct authn *authn, const struct diameter_request *request,
	struct view realm, struct element **ret)
{
	struct elements *all = authn->elements;
	struct view host = view_text(request->origin);
	struct element *element =
		pool_at(all->all, (pool_ref)(uintptr_t)table_get(all->by_host, host));
	pool_ref ref;

	if (element) {
		*ret = element;
		return OK;
	}
	TRY(pool_take(all->all, &ref, (void **)&element));
	element->authn = authn;
	element->ref = ref;
	enum err err = text_copy(element->host, sizeof(element->host), host, "RP_A: Origin-Host");

	if (err == OK) {
		err = text_copy(element->realm, sizeof(element->realm), realm, "RP_A: Origin-Realm");
	}
	if (err == OK) {
		err = text_copy(element->peer, sizeof(element->peer), view_text(request->peer),
			"RP_A: peer");
	}
	if (err == OK) {
		err = table_put(all->by_host, host, (void *)(uintptr_t)ref);
	}
	if (err != OK) {
		pool_give(all->all, ref);
		return err;
	}
	*ret = element;
	return OK;
}

static enum err open_announcement(struct authn *authn, struct diameter_request *request,
	const struct rp_rpr *rpr, struct announcement **ret)
{
	struct announcement *a;
	struct element *element;
	pool_ref ref;

	TRY(find_or_add(authn, request, rpr->s.origin_realm, &element));
	if (element->announcing) {
		return err_fail(ERR_OVERLOAD,
			"9.6.1: an announcement of this element is under way");
	}
	TRY(pool_take(authn->elements->announcements, &ref, (void **)&a));
	*a = (struct announcement){.authn = authn, .ref = ref, .element = element->ref};
	enum err err = read_announcement(rpr, a);

	if (err != OK) {
		pool_give(authn->elements->announcements, ref);
		return err;
	}
	a->request = request;
	a->since_us = loop_env(authn->loop)->steady_us(loop_env(authn->loop));
	log_tx_of(rpr->s.session_id, a->tx);
	element->announcing = true;
	*ret = a;
	return OK;
}

void elements_on_request(void *user, struct diameter_request *request)
{
	struct authn *authn = user;
	struct rp_rpr rpr;
	struct diameter_fault fault;
	struct announcement *a = NULL;

	if (diameter_decode(request->message, rp_rpr_rows, &rpr, &fault) != OK) {
		diameter_refuse(request, &fault, err_detail());
		return;
	}
	enum err err = rpr.type == RP_A_ANNOUNCE
			       ? open_announcement(authn, request, &rpr, &a)
			       : err_fail(ERR_SYNTAX, "9.6.1: elements announce, and no more");

	if (err != OK) {
		fault = (struct diameter_fault){.result = err == ERR_OVERLOAD || err == ERR_MEMORY
								  ? DIAMETER_TOO_BUSY
								  : DIAMETER_INVALID_AVP_VALUE};
		diameter_refuse(request, &fault, err_detail());
		return;
	}
	log_step("rp_a.announced", a->tx, "9.6.1", "element", "authn", 0);
	ask_next(a);
}

static enum err read_uas(const struct rp_announced *in, struct item *ret)
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

static enum err read_mechanisms(const struct rp_announced *in, struct item *ret)
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
static enum err read_item(const struct rp_announced *in, struct item *ret)
{
	TRY(read_uas(in, ret));
	if (in->address.len > 0 && !text_is_printable(in->address)) {
		return err_fail(ERR_SYNTAX, "9.6.1: an Element-Address that is not printable");
	}
	TRY(text_copy(ret->address, sizeof(ret->address), in->address, "9.6.1: Element-Address"));
	ret->alone = in->has_shared && in->shared == 0;
	return read_mechanisms(in, ret);
}

static enum err read_announcement(const struct rp_rpr *rpr, struct announcement *ret)
{
	if (rpr->log.len > 0 && (rpr->log.len != EVENT_LOG_SIZE || !rpr->has_serial)) {
		return err_fail(ERR_SYNTAX, "9.6.1: an Event-Log of %zu bytes, or without a serial",
			rpr->log.len);
	}
	if (rpr->s.session_id.len > sizeof(ret->session_id)) {
		return err_fail(ERR_RANGE, "RP_A: Session-Id longer than 256 bytes");
	}
	memcpy(ret->log, rpr->log.len > 0 ? rpr->log.data : ret->log, rpr->log.len);
	ret->log_len = rpr->log.len;
	ret->serial = rpr->serial;
	memcpy(ret->session_id, rpr->s.session_id.data, rpr->s.session_id.len);
	ret->session_id_len = rpr->s.session_id.len;
	for (size_t i = 0; i < rpr->announced_count; i++) {
		TRY(read_item(&rpr->announced[i], &ret->items[i]));
		for (size_t k = 0; k < i; k++) {
			if (ident_equal(&ret->items[k].application, &ret->items[i].application)) {
				return err_fail(ERR_SYNTAX,
					"9.6.1: an application announced twice");
			}
		}
	}
	ret->count = rpr->announced_count;
	return OK;
}

/* One after the other: an element that announces much does not crowd out who bootstraps. */
static void ask_next(struct announcement *a)
{
	if (a->asked == a->count) {
		conclude(a);
		return;
	}
	rp_b_ask_permission(a->authn,
		&(struct rp_b_question){
			.application = &a->items[a->asked].application,
			.ua = UA_ALL,
			.element = a->request->origin,
			.session = "",
			.tx = a->tx,
		},
		on_permission, a->ref);
}

/* Of what was announced that remains which is registered. */
static void keep_registered(struct item *item, const struct rp_b_permission *permission)
{
	size_t kept = 0;

	for (size_t i = 0; i < item->ua_count; i++) {
		bool registered = false;

		for (size_t k = 0; k < permission->ua_count && !registered; k++) {
			registered = ua_equal(permission->uas[k], item->uas[i]);
		}
		if (registered) {
			item->uas[kept++] = item->uas[i];
		}
	}
	item->ua_count = kept;
}

static void on_permission(void *user, uint64_t ref, const struct rp_b_permission *permission)
{
	struct authn *authn = user;
	struct announcement *a =
		authn->elements ? pool_at(authn->elements->announcements, ref) : NULL;

	if (!a) {
		return;
	}
	if (permission->err != OK && permission->err != ERR_DENIED) {
		log_event(LOG_WARN, "rp_b.no_permission", a->tx,
			LOG_TEXT("detail", permission->detail));
		refuse(a, "9.6.1: the authorization element is away");
		return;
	}
	struct item *item = &a->items[a->asked++];

	item->authorised = permission->err == OK;
	if (item->authorised) {
		item->group = permission->application;
		keep_registered(item, permission);
	}
	ask_next(a);
}

static void close_announcement(struct announcement *a)
{
	struct elements *all = a->authn->elements;
	struct element *element = pool_at(all->all, a->element);

	if (element) {
		element->announcing = false;
	}
	pool_give(all->announcements, a->ref);
}

static struct rp_rpa answer_of(const struct announcement *a)
{
	return (struct rp_rpa){.s = {.session_id = view_of(a->session_id, a->session_id_len),
				       .origin_host = ident_view(&a->authn->node),
				       .origin_realm = ident_view(&a->authn->realm),
				       .auth_session_state = 1}};
}

/* Nothing has changed: what it announced before still holds, if it did. */
static void refuse(struct announcement *a, const char *why)
{
	struct rp_rpa rpa = answer_of(a);

	rpa.s.has_result = true;
	rpa.s.result = DIAMETER_UNABLE_TO_COMPLY;
	rpa.s.error_message = view_text(why);
	diameter_answer(a->request, rp_rpa_rows, &rpa);
	close_announcement(a);
}

static void log_items(const struct announcement *a, const struct element *element,
	struct buf *ret_refused)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct item *item = &a->items[i];

		log_event(LOG_INFO, item->authorised ? "rp_a.serves" : "rp_a.not_served", a->tx,
			LOG_TEXT("element", element->host),
			LOG_TEXT("application", item->application.text),
			LOG_TEXT("address", item->address), LOG_TEXT("mechanisms", item->mechanisms),
			LOG_INT("ua_ids", (int64_t)item->ua_count));
		if (!item->authorised) {
			buf_printf(ret_refused, "%s%s",
				ret_refused->len > 0 ? " " : "not permitted: ",
				item->application.text);
		}
	}
}

/* Who is permitted some of what it announced serves that; the answer names the rest.  req: B9.6.1-a B9.6.1-c */
static void conclude(struct announcement *a)
{
	const struct env *env = loop_env(a->authn->loop);
	BUF_CLEANUP struct buf refused = buf_growing(RP_ANNOUNCED * (IDENT_MAX + 2));
	struct element *element = pool_at(a->authn->elements->all, a->element);
	struct rp_rpa rpa = answer_of(a);

	if (!element) {
		refuse(a, "9.6.1: the connection is gone");
		return;
	}
	if (serve(a->authn->elements, element, a) != OK) {
		refuse(a, err_detail());
		return;
	}
	log_items(a, element, &refused);
	rpa.s.has_result = refused.len == 0;
	rpa.s.result = DIAMETER_SUCCESS;
	rpa.s.has_experimental = refused.len > 0;
	rpa.s.experimental = DIAMETER_NOT_AUTHORIZED;
	rpa.s.error_message = buf_contents(&refused);
	rpa.log = events_log(a->authn);
	rpa.has_serial = true;
	rpa.serial = events_last(a->authn);
	log_step("rp_a.served", a->tx, "9.6.1", "authn", "element",
		env->steady_us(env) - a->since_us);
	diameter_answer(a->request, rp_rpa_rows, &rpa);
	events_follow(element, view_of(a->log, a->log_len), a->serial);
	close_announcement(a);
}

/* --- life --- */

enum err elements_start_up(struct authn *authn)
{
	struct elements *all = calloc(1, sizeof(*all));

	if (!all) {
		return err_fail(ERR_MEMORY, "elements: out of memory");
	}
	authn->elements = all;
	TRY(pool_new(sizeof(struct element), ELEMENTS_MAX, &all->all));
	TRY(table_new(ELEMENTS_MAX, &all->by_host));
	TRY(table_new((size_t)ELEMENTS_MAX * SERVICES_MAX, &all->by_application));
	return pool_new(sizeof(struct announcement), ANNOUNCEMENTS_MAX, &all->announcements);
}

static void abandon(void *user, pool_ref ref, void *slot)
{
	(void)user;
	(void)ref;
	refuse(slot, "this node is stopping");
}

static void leave(void *user, pool_ref ref, void *slot)
{
	struct element *element = slot;

	(void)user;
	(void)ref;
	events_leave(element);
	free(element->services);
}

void elements_shut_down(struct authn *authn)
{
	struct elements *all = authn->elements;

	if (!all) {
		return;
	}
	if (all->announcements) {
		pool_each(all->announcements, abandon, NULL);
	}
	if (all->all) {
		pool_each(all->all, leave, NULL);
	}
	pool_free(all->announcements);
	pool_free(all->all);
	table_free(all->by_host);
	table_free(all->by_application);
	free(all);
	authn->elements = NULL;
}
