// SPDX-License-Identifier: Apache-2.0
#include "gateway/guests.h"

#include "base/log.h"
#include "base/text.h"
#include "gateway/rp_d.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINGER_MS = 1000 }; /* for the answer that tells of the end, and its repetition */

/* A device's session. */
struct guest {
	struct guest *before, *after; /* in its application's list */
	struct application *application;
	struct net_coap_visit *visit;
	char token_id[TOKEN_ID_MAX + 1];
	bool over;
};

/* A request that the application is asked. */
struct errand {
	struct application *application;
	struct net_coap_exchange *exchange;
	struct errand *before, *after;
	struct net_coap_call *call;
};

/* --- what goes through --- */

static const char ours[] = "symbolon-";

static bool is_ours(struct view query)
{
	return query.len >= sizeof(ours) - 1 &&
	       strncasecmp((const char *)query.data, ours, sizeof(ours) - 1) == 0;
}

static bool stays_here(const struct net_coap_option *o)
{
	return o->number == COAP_URI_HOST || o->number == COAP_URI_PORT ||
	       (o->number == COAP_URI_QUERY && is_ours(o->value));
}

static enum err say(struct net_coap_message *ret, struct buf *room, const char *name,
	const char *value)
{
	size_t begin = room->len;

	if (!value[0]) {
		return OK;
	}
	buf_printf(room, "%s%s=%s", ours, name, value);
	TRY(buf_end(room, "CoAP: what the application is told"));
	return net_coap_put(ret, COAP_URI_QUERY, view_of(room->data + begin, room->len - begin));
}

enum err guests_to_backend(const struct net_coap_message *request, const char *host,
	const struct symapp_token *token, char room[GUESTS_ROOM], struct net_coap_message *ret)
{
	struct buf text = buf_fixed(room, GUESTS_ROOM);
	char expires[TEXT_TIME];

	*ret = (struct net_coap_message){.code = request->code, .payload = request->payload};
	for (size_t i = 0; i < request->option_count; i++) {
		const struct net_coap_option *o = &request->options[i];

		if (o->number == COAP_URI_HOST && !view_is_nocase(o->value, host)) {
			return err_fail(ERR_DENIED,
				"RP_D: Uri-Host is not the application of this session");
		}
		if (!stays_here(o)) {
			TRY(net_coap_put(ret, o->number, o->value));
		}
	}
	text_time(token->until, expires);
	TRY(say(ret, &text, "application", token->application.text));
	TRY(say(ret, &text, "expires", expires));
	TRY(say(ret, &text, "pseudonym", token->pseudonym));
	TRY(say(ret, &text, "degree", token->degree));
	return say(ret, &text, "rights", token->rights);
}

/* --- sessions --- */

/* RFC 6066 3: an address is no server name; libcoap's clients send it nevertheless. */
static bool is_number(struct view name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!strchr("0123456789.:abcdefABCDEF[]", name.data[i])) {
			return false;
		}
	}
	return name.len > 0 &&
	       (memchr(name.data, ':', name.len) || strchr("0123456789", name.data[name.len - 1]));
}

static struct application *application_asked(struct door *door, struct view name)
{
	struct gateway *gateway = door->gateway;
	struct view server_name = is_number(name) ? view_of(NULL, 0) : name;
	struct application *only = NULL;

	for (size_t i = 0; i < gateway->application_count; i++) {
		struct application *a = &gateway->applications[i];

		if (a->door != door) {
			continue;
		}
		if (view_is_nocase(server_name, a->host)) {
			return a;
		}
		if (server_name.len == 0 && only) {
			return NULL;
		}
		only = a;
	}
	return server_name.len == 0 ? only : NULL;
}

static struct ua ua_of(const struct gateway *gateway)
{
	return UA_TLS12(gateway_coap_suite(gateway->conf));
}

static void not_waited_for(void *user, uint64_t user_ref)
{
	(void)user;
	(void)user_ref;
}

static enum err find_token(struct application *application, const char *id, struct symapp_token *ret)
{
	struct gateway *gateway = application->gateway;

	TRY(symapp_find(gateway->app, view_text(id), &application->group, ua_of(gateway),
		not_waited_for, NULL, 0, ret));
	ret->application = application->id;
	return OK;
}

static void free_guest(struct guest *g)
{
	*(g->before ? &g->before->after : &g->application->guests) = g->after;
	if (g->after) {
		g->after->before = g->before;
	}
	free(g);
}

static enum err new_guest(struct application *application, struct net_coap_visit *visit,
	const struct symapp_token *token)
{
	struct guest *g = calloc(1, sizeof(*g));

	if (!g) {
		return err_fail(ERR_MEMORY, "CoAP: out of memory");
	}
	*g = (struct guest){.application = application,
		.visit = visit,
		.after = application->guests};
	memcpy(g->token_id, token->id, sizeof(g->token_id));
	if (g->after) {
		g->after->before = g;
	}
	application->guests = g;
	net_coap_visit_set(visit, g);
	return OK;
}

static void on_gone(void *user, struct net_coap_visit *visit)
{
	struct guest *g = net_coap_visit_user(visit);

	(void)user;
	if (g) {
		free_guest(g);
	}
}

static enum err find_key(struct door *door, struct net_coap_visit *visit,
	const struct tls_psk_hello *hello, struct secret *ret_key)
{
	struct application *application = application_asked(door, hello->server_name);
	enum token_format format;
	struct symapp_token token;
	char id[TOKEN_ID_MAX + 1];
	struct view view;

	if (!application) {
		return err_fail(ERR_NOT_FOUND, "RP_D: no application of that name here");
	}
	TRY(symapp_from_psk_identity(hello->identity, &format, &view));
	TRY(text_copy(id, sizeof(id), view, "token id"));
	TRY(find_token(application, id, &token));
	on_gone(door, visit); /* an identity shown before */
	net_coap_visit_set(visit, NULL);
	enum err err = new_guest(application, visit, &token);

	*ret_key = token.key;
	secret_wipe(&token.key);
	return err;
}

/*
 * 10.5/2b. libcoap cannot wait for RP_A: a token that is not here yet is asked for, this handshake fails, and the device
 * that comes again finds it.  req: B7.6-e B9.4.3 B9.5-a B9.5-b
 */
static enum err on_find(void *user, struct net_coap_visit *visit, const struct tls_psk_hello *hello,
	struct secret *ret_key)
{
	struct door *door = user;
	enum err err = find_key(door, visit, hello, ret_key);

	if (err != OK) {
		log_event(LOG_INFO, "session.refused", "", LOG_TEXT("clause", "10.5/2b"),
			LOG_TEXT("error", err_name(err)),
			LOG_TEXT("detail",
				err == ERR_AGAIN
					? "10.4/4d: the realm is being asked for this token"
					: err_detail()));
	}
	return err;
}

/* 10.5/2c */
static void on_greet(void *user, struct net_coap_visit *visit)
{
	const struct door *door = user;
	struct guest *g = net_coap_visit_user(visit);

	if (!g || g->over) {
		net_coap_visit_end(visit);
		return;
	}
	log_event(LOG_DEBUG, "session.established", "", LOG_TEXT("clause", "10.5/2c"),
		LOG_TEXT("from", "device"), LOG_TEXT("to", "element"),
		LOG_TEXT("application", g->application->id.text));
	symapp_use(door->gateway->app, view_text(g->token_id), &g->application->group);
}

/* --- requests --- */

static void drop_errand(struct errand *e)
{
	*(e->before ? &e->before->after : &e->application->errands) = e->after;
	if (e->after) {
		e->after->before = e->before;
	}
	e->application->gateway->errand_count--;
	free(e);
}

static void on_answer(void *user, enum err result, const struct net_coap_message *answer)
{
	struct errand *e = user;
	struct application *application = e->application;
	struct net_coap_exchange *exchange = e->exchange;

	drop_errand(e);
	if (result == OK) {
		net_coap_answer(exchange, answer);
		return;
	}
	application->gateway->backend_failures++;
	log_event(LOG_WARN, "backend.failed", "", LOG_TEXT("application", application->id.text),
		LOG_TEXT("error", err_name(result)), LOG_DETAIL());
	net_coap_answer_text(exchange, result == ERR_TIMEOUT ? COAP_5_04 : COAP_5_02,
		"the application does not answer; come back later");
}

static enum err send_on(struct guest *g, struct net_coap_exchange *exchange,
	const struct net_coap_message *request, const struct symapp_token *token)
{
	struct application *application = g->application;
	struct gateway *gateway = application->gateway;
	struct net_coap_message message;
	char room[GUESTS_ROOM];

	TRY(guests_to_backend(request, application->host, token, room, &message));
	if (gateway->errand_count >= (size_t)gateway->conf->requests) {
		return err_fail(ERR_OVERLOAD, "too many requests under way; come back later");
	}
	struct errand *e = calloc(1, sizeof(*e));

	if (!e) {
		return err_fail(ERR_MEMORY, "CoAP: out of memory");
	}
	*e = (struct errand){.application = application, .exchange = exchange};
	enum err err = net_coap_call(application->coap_client, &message, on_answer, e, &e->call);

	if (err != OK) {
		free(e);
		return err;
	}
	e->after = application->errands;
	if (e->after) {
		e->after->before = e;
	}
	application->errands = e;
	gateway->errand_count++;
	return OK;
}

static uint8_t code_of(enum err err)
{
	switch (err) {
	case ERR_DENIED:
		return COAP_4_04;
	case ERR_RANGE:
		return COAP_4_00;
	default:
		return COAP_5_03;
	}
}

/* 4.01 is the word for it on CoAP; the session ends with that.  req: B9.5-b B9.6.4-b B9.6.4-d */
static void ask_for_token(struct guest *g, struct net_coap_exchange *exchange)
{
	g->over = true;
	net_coap_answer_text(exchange, COAP_4_01,
		"10.5: this session's token is over; bootstrap, and connect again");
	net_coap_visit_end_after(g->visit, LINGER_MS);
}

/* Every request is one of a session whose token still is.  req: B9.4.3 */
static void on_request(void *user, struct net_coap_exchange *exchange,
	const struct net_coap_message *request)
{
	struct guest *g = net_coap_visit_user(net_coap_visit_of(exchange));
	struct symapp_token token;

	(void)user;
	if (!g) {
		net_coap_answer_text(exchange, COAP_4_01, "10.5: a token is needed here");
		return;
	}
	enum err err = g->over ? err_fail(ERR_NOT_FOUND, "9.5: the token is over")
			       : find_token(g->application, g->token_id, &token);

	if (err == ERR_NOT_FOUND) {
		ask_for_token(g, exchange);
		return;
	}
	if (err == OK) {
		secret_wipe(&token.key);
		err = send_on(g, exchange, request, &token);
	}
	if (err != OK) {
		net_coap_answer_text(exchange, code_of(err),
			err == ERR_DENIED || err == ERR_RANGE || err == ERR_OVERLOAD
				? err_detail()
				: "10.4/4d: the realm cannot be asked now; come back later");
	}
}

/* --- ends --- */

/* Revoked: at once, with what is under way. Else its next request is told so; what changes is seen by the next one too. */
static void end(struct guest *g, enum symapp_kind kind)
{
	if (kind == SYMAPP_REVOKED) {
		g->over = true;
		net_coap_visit_end(g->visit);
	}
}

size_t guests_change(struct application *application, const struct symapp_change *change)
{
	size_t count = 0;

	for (struct guest *g = application->guests; g; g = g->after) {
		if (!view_is(change->token_id, g->token_id)) {
			continue;
		}
		count++;
		end(g, change->kind);
	}
	return count;
}

/* --- opening and closing --- */

enum err guests_open_door(struct door *door)
{
	const struct gateway_conf *conf = door->gateway->conf;
	const struct net_coap_server_options options = {
		.address = door->address,
		.hint = SYMAPP_PSK_HINT,
		.suite = gateway_coap_suite(conf),
		.sessions = (size_t)conf->connections,
		.handshakes = (size_t)conf->coap_handshakes,
		.idle_ms = conf->coap_idle,
		.find = on_find,
		.greet = on_greet,
		.request = on_request,
		.gone = on_gone,
		.user = door,
	};

	return net_coap_listen(door->gateway->loop, &options, &door->coap);
}

/* Their requests are not waited for any more. */
static void drop_errands(struct application *application)
{
	while (application->errands) {
		net_coap_call_cancel(application->errands->call);
		drop_errand(application->errands);
	}
}

void guests_close_door(struct door *door)
{
	struct gateway *gateway = door->gateway;

	for (size_t i = 0; door->coap && i < gateway->application_count; i++) {
		if (gateway->applications[i].door == door) {
			drop_errands(&gateway->applications[i]);
		}
	}
	net_coap_close(door->coap);
	door->coap = NULL;
}

enum err guests_open(struct application *application)
{
	const struct gateway *gateway = application->gateway;
	const struct net_coap_client_options options = {.address = application->backend,
		.timeout_ms = gateway->conf->backend_timeout};

	return net_coap_client_new(gateway->loop, &options, &application->coap_client);
}

void guests_close(struct application *application)
{
	net_coap_client_free(application->coap_client);
	application->coap_client = NULL;
}
