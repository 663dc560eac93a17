// SPDX-License-Identifier: Apache-2.0
#include "authn/elements.h"

#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* An application may be served twice: for itself, and for the tokens of its group. */
enum { SERVICES_MAX = 2 * RP_ANNOUNCED };

struct elements {
	struct pool *all;	      /* struct element */
	struct table *by_host;	      /* Origin-Host -> pool_ref */
	struct table *by_application; /* -> its first struct service */
};

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
static enum err add_service(struct elements *all, struct element *element,
	const struct announced *item, const struct ident *application)
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
	for (size_t i = 0; i < item->served_count; i++) {
		add_ua(service, item->served[i]);
	}
	return OK;
}

/* A group's tokens open several applications: only who says that this is good gets them.  req: B9.6.1-e */
static enum err serve_item(struct element *element, const struct announced *item)
{
	struct elements *all = element->authn->elements;

	if (!item->authorised) {
		return OK;
	}
	TRY(add_service(all, element, item, &item->application));
	return item->alone ? OK : add_service(all, element, item, &item->group);
}

enum err element_serve(struct element *element, struct announced *announced, size_t count)
{
	struct service *services = calloc(SERVICES_MAX, sizeof(*services));

	free(element->announced);
	element->announced = announced;
	element->announced_count = count;
	forget_services(element->authn->elements, element);
	element->services = services;
	if (!services) {
		return err_fail(ERR_MEMORY, "RP_A: out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		TRY(serve_item(element, &announced[i]));
	}
	return OK;
}

static void leave_carrier(struct element *element)
{
	outbox_close(element);
	if (element->carrier->forget) {
		element->carrier->forget(element);
	}
}

void element_forget(struct element *element)
{
	struct elements *all = element->authn->elements;

	log_event(LOG_INFO, "rp_a.element_gone", "", LOG_TEXT("element", element->host));
	leave_carrier(element);
	forget_services(all, element);
	free(element->announced);
	(void)table_remove(all->by_host, view_text(element->host));
	pool_give(all->all, element->ref);
}

static void forget_if_over(void *user, pool_ref ref, void *slot)
{
	const char *const *peer = user;
	struct element *element = slot;

	(void)ref;
	if (strcmp(element->peer, *peer) == 0) {
		element_forget(element);
	}
}

void elements_forget_peer(struct authn *authn, const char *peer)
{
	if (authn->elements) {
		pool_each(authn->elements->all, forget_if_over, &peer);
	}
}

struct element *element_named(const struct authn *authn, const char *host)
{
	struct elements *all = authn->elements;

	return pool_at(all->all, (pool_ref)(uintptr_t)table_get(all->by_host, view_text(host)));
}

/* By another way maybe: it ends with that one now. */
static enum err move_to(struct element *element, const struct rp_a_request *request)
{
	if (element->carrier != request->carrier) {
		leave_carrier(element);
		element->carrier = request->carrier;
	}
	return text_copy(element->peer, sizeof(element->peer), view_text(request->peer),
		"RP_A: peer");
}

static enum err name_element(struct element *element, const struct rp_a_request *request)
{
	element->carrier = request->carrier;
	TRY(text_copy(element->host, sizeof(element->host), view_text(request->element),
		"RP_A: Origin-Host"));
	TRY(text_copy(element->realm, sizeof(element->realm), view_text(request->realm),
		"RP_A: Origin-Realm"));
	return text_copy(element->peer, sizeof(element->peer), view_text(request->peer),
		"RP_A: peer");
}

enum err element_of(struct authn *authn, const struct rp_a_request *request, struct element **ret)
{
	struct elements *all = authn->elements;
	struct element *element = element_named(authn, request->element);
	pool_ref ref;

	if (element) {
		*ret = element;
		return move_to(element, request);
	}
	TRY(pool_take(all->all, &ref, (void **)&element));
	element->authn = authn;
	element->ref = ref;
	enum err err = name_element(element, request);

	if (err == OK) {
		err = table_put(all->by_host, view_text(element->host), (void *)(uintptr_t)ref);
	}
	if (err != OK) {
		pool_give(all->all, ref);
		return err;
	}
	*ret = element;
	return OK;
}

void elements_each(struct authn *authn, void (*each)(void *user, pool_ref ref, void *element))
{
	pool_each(authn->elements->all, each, authn);
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
	return table_new((size_t)ELEMENTS_MAX * SERVICES_MAX, &all->by_application);
}

static void leave(void *user, pool_ref ref, void *slot)
{
	struct element *element = slot;

	(void)user;
	(void)ref;
	leave_carrier(element);
	free(element->services);
	free(element->announced);
}

void elements_shut_down(struct authn *authn)
{
	struct elements *all = authn->elements;

	if (!all) {
		return;
	}
	if (all->all) {
		pool_each(all->all, leave, NULL);
	}
	pool_free(all->all);
	table_free(all->by_host);
	table_free(all->by_application);
	free(all);
	authn->elements = NULL;
}
