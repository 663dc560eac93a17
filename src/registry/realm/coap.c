// SPDX-License-Identifier: Apache-2.0
#include "registry/realm/coap.h"

#include "base/log.h"
#include "base/text.h"
#include "net/http_foreign.h"
#include "registry/api/api.h"
#include "registry/realm/realm_inside.h"

#include <stdlib.h>

enum {
	TARGET_MAX = 2048,
	TEXT_TIMES = 8,	  /* a body of CBOR as JSON */
	LINGER_MS = 1000, /* for the answer that tells of the end, and its repetition */
};

struct coap_door {
	struct registry *registry;
	struct net_coap_server *server;
	size_t errands;
};

/* A device's session. */
struct guest {
	char token_id[TOKEN_ID_MAX + 1];
};

/* A request under way: the API answers it, once. */
struct errand {
	struct coap_door *door;
	struct net_coap_exchange *exchange;
	uint8_t method;
	bool json; /* the answer too */
};

static struct realm *realm_of(const struct coap_door *door)
{
	return door->registry->realm;
}

static uint16_t suite_of(const struct registry *registry)
{
	static const uint16_t suites[] = {0xc0a8, 0x00a8, 0xccac, 0x00aa}; /* as conf.h has them */

	return suites[registry->conf->coap_suite];
}

struct ua coap_door_ua(const struct registry *registry)
{
	return UA_TLS12(suite_of(registry));
}

/* --- sessions --- */

static void not_waited_for(void *user, uint64_t user_ref)
{
	(void)user;
	(void)user_ref;
}

static void on_gone(void *user, struct net_coap_visit *visit)
{
	(void)user;
	free(net_coap_visit_user(visit));
	net_coap_visit_set(visit, NULL);
}

static enum err find_token(struct coap_door *door, const char *id, struct symapp_token *ret)
{
	const struct realm *realm = realm_of(door);

	return symapp_find(realm->app, view_text(id), &realm->application,
		coap_door_ua(door->registry), not_waited_for, NULL, 0, ret);
}

static enum err find_key(struct coap_door *door, struct net_coap_visit *visit,
	const struct tls_psk_hello *hello, struct secret *ret_key)
{
	enum token_format format;
	struct symapp_token token;
	struct view id;
	struct guest *g;

	TRY(symapp_from_psk_identity(hello->identity, &format, &id));
	on_gone(door, visit); /* an identity shown before */
	g = calloc(1, sizeof(*g));
	if (!g) {
		return err_fail(ERR_MEMORY, "CoAP: out of memory");
	}
	net_coap_visit_set(visit, g);
	TRY(text_copy(g->token_id, sizeof(g->token_id), id, "token id"));
	TRY(find_token(door, g->token_id, &token));
	*ret_key = token.key;
	secret_wipe(&token.key);
	return OK;
}

/*
 * Y.3056 10.5/2b. libcoap cannot wait for RP_A: a token that is not here yet is asked for, this handshake fails, and the device
 * that comes again finds it.
 */
static enum err on_find(void *user, struct net_coap_visit *visit, const struct tls_psk_hello *hello,
	struct secret *ret_key)
{
	enum err err = find_key(user, visit, hello, ret_key);

	if (err != OK) {
		log_event(LOG_INFO, "coap.refused", "", LOG_TEXT("error", err_name(err)),
			LOG_TEXT("detail", err == ERR_AGAIN
						   ? "the realm is being asked for this token"
						   : err_detail()));
	}
	return err;
}

static enum err begin_visit(struct coap_door *door, const struct guest *g)
{
	struct realm *realm = realm_of(door);
	struct symapp_token token;

	TRY(find_token(door, g->token_id, &token));
	secret_wipe(&token.key);
	TRY(visits_begin(realm, &token, NULL));
	symapp_use(realm->app, view_text(g->token_id), &realm->application);
	return OK;
}

/* Both have proved the key: from now on it is known who this is.  req: R9.2-i-a R9.2-note */
static void on_greet(void *user, struct net_coap_visit *visit)
{
	const struct guest *g = net_coap_visit_user(visit);
	enum err err = g ? begin_visit(user, g) : err_fail(ERR_AUTH, "CoAP: no token");

	if (err != OK) {
		log_event(LOG_INFO, "coap.refused", "", LOG_TEXT("error", err_name(err)),
			LOG_DETAIL());
		net_coap_visit_end(visit);
	}
}

/* --- answers --- */

static bool is_json(const struct http_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (view_is_nocase(fields[i].name, "Content-Type")) {
			return view_is(fields[i].value, "application/json") ||
			       view_is(fields[i].value, "application/problem+json");
		}
	}
	return false;
}

/* What is not JSON goes as it is. */
static enum err fill_answer(const struct errand *errand, const struct http_field *fields,
	size_t count, struct view body, struct buf *room, struct net_coap_message *ret)
{
	static const uint8_t json = COAP_FORMAT_JSON, cbor = COAP_FORMAT_CBOR;

	ret->payload = body;
	if (body.len > 0 && is_json(fields, count)) {
		TRY(net_coap_put(ret, COAP_CONTENT_FORMAT,
			view_of(errand->json ? &json : &cbor, 1)));
		TRY(errand->json ? OK : coap_body_to_cbor(body, room));
		ret->payload = errand->json ? body : buf_contents(room);
	}
	return ret->payload.len <= NET_COAP_BODY
		       ? OK
		       : err_fail(ERR_RANGE, "the answer is longer than CoAP takes it here");
}

static void on_answered(void *user, unsigned status, const struct http_field *fields, size_t count,
	struct view body)
{
	struct errand *errand = user;
	struct net_coap_message answer = {.code = coap_code_of(status, errand->method)};
	BUF_CLEANUP struct buf room = buf_growing(2 * NET_COAP_BODY);

	if (fill_answer(errand, fields, count, body, &room, &answer) == OK) {
		net_coap_answer(errand->exchange, &answer);
	} else {
		net_coap_answer_text(errand->exchange, coap_code_of(500, errand->method),
			err_detail());
	}
	errand->door->errands--;
	free(errand);
}

/* --- requests --- */

/* The number in an option of at most two bytes; -1: not given, or longer. */
static int number_of(const struct net_coap_message *m, uint16_t number)
{
	for (size_t i = 0; i < m->option_count; i++) {
		const struct view v = m->options[i].value;

		if (m->options[i].number == number) {
			return v.len == 0   ? 0
			       : v.len == 1 ? v.data[0]
			       : v.len == 2 ? v.data[0] << 8 | v.data[1]
					    : -1;
		}
	}
	return -1;
}

static enum err read_body(const struct net_coap_message *request, struct buf *room, struct view *ret)
{
	const int format = number_of(request, COAP_CONTENT_FORMAT);

	if (request->payload.len == 0 || format == COAP_FORMAT_JSON) {
		*ret = request->payload;
		return OK;
	}
	if (format != COAP_FORMAT_CBOR) {
		return err_fail(ERR_UNSUPPORTED, "CoAP: bodies are application/cbor or json");
	}
	TRY(coap_body_from_cbor(request->payload, room));
	*ret = buf_contents(room);
	return OK;
}

static enum err make_request(struct errand *errand, const struct net_coap_message *message,
	struct http_request **ret)
{
	const struct http_field type = {view_text("Content-Type"), view_text("application/json")};
	BUF_CLEANUP struct buf target = buf_growing(TARGET_MAX);
	BUF_CLEANUP struct buf room = buf_growing(TEXT_TIMES * NET_COAP_BODY);
	struct http_foreign foreign = {
		.method = coap_method_of(message->code),
		.fields = &type,
		.answer = on_answered,
		.user = errand,
	};

	if (!foreign.method) {
		return err_fail(ERR_NOT_FOUND, "CoAP: no such method here");
	}
	TRY(coap_target_of(message, &target));
	TRY(read_body(message, &room, &foreign.body));
	foreign.target = buf_contents(&target);
	foreign.field_count = foreign.body.len > 0;
	return http_foreign_new(&foreign, ret);
}

static unsigned status_of(enum err err)
{
	switch (err) {
	case ERR_UNSUPPORTED:
		return 415;
	case ERR_NOT_FOUND:
		return 405;
	case ERR_MEMORY:
	case ERR_OVERLOAD:
		return 503;
	default:
		return 400;
	}
}

static enum err serve(struct coap_door *door, struct net_coap_exchange *exchange,
	const struct net_coap_message *message, const struct asker *asker)
{
	struct http_request *request = NULL;

	if (door->errands >= (size_t)door->registry->conf->api_calls) {
		return err_fail(ERR_OVERLOAD, "too many requests under way; come back later");
	}
	struct errand *errand = calloc(1, sizeof(*errand));

	if (!errand) {
		return err_fail(ERR_MEMORY, "CoAP: out of memory");
	}
	*errand = (struct errand){.door = door,
		.exchange = exchange,
		.method = message->code,
		.json = number_of(message, COAP_ACCEPT) == COAP_FORMAT_JSON};
	enum err err = make_request(errand, message, &request);

	if (err != OK) {
		free(errand);
		return err;
	}
	door->errands++;
	api_serve(door->registry, request, asker);
	return OK;
}

/* Every request is one of a token that still is. */
static void on_request(void *user, struct net_coap_exchange *exchange,
	const struct net_coap_message *message)
{
	struct coap_door *door = user;
	struct net_coap_visit *visit = net_coap_visit_of(exchange);
	const struct guest *g = visit ? net_coap_visit_user(visit) : NULL;
	struct asker asker = {.who = WHO_ANYONE};

	if (!g || visits_asker(realm_of(door), view_text(g->token_id), &asker) != OK) {
		net_coap_answer_text(exchange, COAP_4_01,
			"this session's token is over; bootstrap, and connect again");
		if (visit) {
			net_coap_visit_end_after(visit, LINGER_MS);
		}
		return;
	}
	enum err err = serve(door, exchange, message, &asker);

	if (err != OK) {
		net_coap_answer_text(exchange, coap_code_of(status_of(err), message->code),
			err_detail());
	}
}

/* --- opening and closing --- */

static enum err listen_at(struct coap_door *door)
{
	const struct registry_conf *conf = door->registry->conf;
	const struct net_coap_server_options options = {
		.address = conf->coap_listen,
		.hint = SYMAPP_PSK_HINT,
		.suite = suite_of(door->registry),
		.sessions = (size_t)conf->coap_sessions,
		.handshakes = (size_t)conf->coap_handshakes,
		.idle_ms = conf->coap_idle,
		.find = on_find,
		.greet = on_greet,
		.request = on_request,
		.gone = on_gone,
		.user = door,
	};

	return net_coap_listen(door->registry->loop, &options, &door->server);
}

enum err coap_door_start_up(struct registry *registry)
{
	if (!registry->conf->coap_listen[0]) {
		return OK;
	}
	if (!registry->realm || !registry->realm->app) {
		return err_fail(ERR_CONFIG, "coap.listen needs rp_d.application: devices come with "
					    "the token of a realm");
	}
	registry->coap = calloc(1, sizeof(*registry->coap));
	if (!registry->coap) {
		return err_fail(ERR_MEMORY, "CoAP: out of memory");
	}
	registry->coap->registry = registry;
	return listen_at(registry->coap);
}

void coap_door_shut_down(struct registry *registry)
{
	if (registry->coap) {
		net_coap_close(registry->coap->server);
		free(registry->coap);
		registry->coap = NULL;
	}
}

const char *coap_door_address(const struct registry *registry)
{
	return registry->coap ? net_coap_address(registry->coap->server) : "";
}
