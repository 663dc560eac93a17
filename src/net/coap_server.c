// SPDX-License-Identifier: Apache-2.0
#include "net/coap_inside.h"

#include "base/secret.h"
#include "net/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PLAIN_PAYLOAD = 1024,
	ACKNOWLEDGE_MS = 1000 /* half of what a client waits before it repeats */
};

struct net_coap_visit {
	struct net_coap_server *server;
	struct net_coap_visit *before, *after;
	coap_session_t *session;
	void *user;
	bool ended, told; /* is to be closed; `greet` has come */
	struct timer end; /* later */
};

struct net_coap_exchange {
	struct net_coap_server *server;
	struct net_coap_visit *visit; /* NULL: gone */
	struct net_coap_exchange *before, *after;
	coap_session_t *session; /* held */
	coap_pdu_t *request;	 /* its head, for libcoap to answer in blocks */
	coap_pdu_t *response;	 /* within the request's callback */
	coap_mid_t mid;
	struct timer patience;
	bool acknowledged; /* without an answer */
	coap_resource_t *resource;
};

struct net_coap_server {
	struct coap_runner runner;
	struct net_coap_server_options options;
	char address[ADDRESS_MAX];
	struct net_coap_visit *visits;
	struct net_coap_exchange *exchanges;
	struct timer ends;
	struct secret key; /* handed to libcoap, which copies it */
	coap_bin_const_t key_view;
	bool closing;
};

static const char *cipher_name(uint16_t suite)
{
	static const struct {
		uint16_t suite;
		const char *name;
	} rows[] = {
		{0xc0a8, "PSK-AES128-CCM8"},
		{0x00a8, "PSK-AES128-GCM-SHA256"},
		{0xccac, "ECDHE-PSK-CHACHA20-POLY1305"},
		{0x00aa, "DHE-PSK-AES128-GCM-SHA256"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].suite == suite) {
			return rows[i].name;
		}
	}
	return NULL;
}

/* --- visits --- */

static struct net_coap_visit *visit_of(const coap_session_t *session)
{
	return coap_session_get_app_data(session);
}

static struct net_coap_visit *new_visit(struct net_coap_server *s, coap_session_t *session)
{
	struct net_coap_visit *v = calloc(1, sizeof(*v));

	if (!v) {
		return NULL;
	}
	*v = (struct net_coap_visit){.server = s, .session = session, .after = s->visits};
	if (s->visits) {
		s->visits->before = v;
	}
	s->visits = v;
	coap_session_set_app_data(session, v);
	return v;
}

static void free_visit(struct net_coap_visit *v)
{
	struct net_coap_server *s = v->server;

	for (struct net_coap_exchange *e = s->exchanges; e; e = e->after) {
		e->visit = e->visit == v ? NULL : e->visit;
	}
	timer_stop(s->runner.loop, &v->end);
	s->options.gone(s->options.user, v);
	*(v->before ? &v->before->after : &s->visits) = v->after;
	if (v->after) {
		v->after->before = v->before;
	}
	coap_session_set_app_data(v->session, NULL);
	free(v);
}

void *net_coap_visit_user(const struct net_coap_visit *v)
{
	return v->user;
}

void net_coap_visit_set(struct net_coap_visit *v, void *user)
{
	v->user = user;
}

/* Not from within libcoap's own call, which goes on with the session. */
static void end_visits(void *user)
{
	struct net_coap_server *s = user;

	for (struct net_coap_visit *v = s->visits; v; v = v->after) {
		if (v->ended) {
			coap_session_disconnected(v->session, COAP_NACK_NOT_DELIVERABLE);
		}
	}
	coap_runner_wake(&s->runner); /* those that are closed go */
}

void net_coap_visit_end(struct net_coap_visit *v)
{
	v->ended = true;
	timer_start(v->server->runner.loop, &v->server->ends, 0, end_visits, v->server);
}

static void end_now(void *user)
{
	net_coap_visit_end(user);
}

void net_coap_visit_end_after(struct net_coap_visit *v, int64_t ms)
{
	timer_start(v->server->runner.loop, &v->end, ms, end_now, v);
}

struct net_coap_visit *net_coap_visit_of(const struct net_coap_exchange *e)
{
	return e->visit;
}

/* --- handshakes --- */

static enum err find(struct net_coap_server *s, struct net_coap_visit *v, struct view identity)
{
	coap_tls_library_t library;
	SSL *ssl = coap_session_get_tls(v->session, &library);
	const char *name = ssl ? SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : NULL;
	uint16_t suite = coap_suite_of(v->session);
	const struct tls_psk_hello hello = {identity, view_text(name), {TLS_1_2, suite}};

	if (suite != s->options.suite) {
		return err_fail(ERR_UNSUPPORTED, "RP_D: another cipher suite than the key's");
	}
	secret_wipe(&s->key);
	return s->options.find(s->options.user, v, &hello, &s->key);
}

static const coap_bin_const_t *on_identity(coap_bin_const_t *identity, coap_session_t *session,
	void *user)
{
	struct net_coap_server *s = user;
	struct net_coap_visit *v = visit_of(session);

	if (!v) {
		v = new_visit(s, session);
	}
	enum err err = v ? find(s, v, view_of(identity->s, identity->length)) : ERR_MEMORY;

	if (err != OK) {
		return NULL;
	}
	s->key_view = (coap_bin_const_t){.length = s->key.len, .s = s->key.bytes};
	return &s->key_view;
}

static int on_event(coap_session_t *session, const coap_event_t event)
{
	struct net_coap_visit *v = visit_of(session);

	if (!v) {
		return 0;
	}
	secret_wipe(&v->server->key);
	if (event == COAP_EVENT_DTLS_CONNECTED && !v->told) {
		v->told = true;
		v->server->options.greet(v->server->options.user, v);
	} else if (event == COAP_EVENT_SERVER_SESSION_DEL) {
		free_visit(v);
	}
	return 0;
}

/* --- exchanges --- */

static struct net_coap_exchange *new_exchange(struct net_coap_visit *v, coap_resource_t *resource,
	const coap_pdu_t *request, coap_pdu_t *response)
{
	struct net_coap_server *s = v->server;
	struct net_coap_exchange *e = calloc(1, sizeof(*e));
	coap_bin_const_t token = coap_pdu_get_token(request);

	if (!e) {
		return NULL;
	}
	*e = (struct net_coap_exchange){.server = s,
		.visit = v,
		.resource = resource,
		.response = response,
		.mid = coap_pdu_get_mid(request)};
	e->request = coap_pdu_duplicate(request, v->session, token.length, token.s, NULL);
	if (!e->request) {
		free(e);
		return NULL;
	}
	e->session = coap_session_reference(v->session);
	e->after = s->exchanges;
	if (s->exchanges) {
		s->exchanges->before = e;
	}
	s->exchanges = e;
	return e;
}

static void free_exchange(struct net_coap_exchange *e)
{
	*(e->before ? &e->before->after : &e->server->exchanges) = e->after;
	if (e->after) {
		e->after->before = e->before;
	}
	timer_stop(e->server->runner.loop, &e->patience);
	coap_delete_pdu(e->request);
	coap_session_release(e->session);
	coap_runner_wake(&e->server->runner);
	free(e);
}

static bool asks_for_block(const coap_pdu_t *request)
{
	coap_opt_iterator_t it;

	return coap_check_option(request, COAP_BLOCK2, &it) != NULL;
}

static uint32_t number_in(const struct net_coap_message *m, uint16_t number, uint32_t without)
{
	for (size_t i = 0; i < m->option_count; i++) {
		if (m->options[i].number == number && m->options[i].value.len <= 4) {
			return coap_decode_var_bytes(m->options[i].value.data,
				m->options[i].value.len);
		}
	}
	return without;
}

static bool is_of_body(uint16_t number)
{
	return number == COAP_CONTENT_FORMAT || number == COAP_MAX_AGE || number == COAP_ETAG;
}

/* In blocks: libcoap sets format, age and tag. */
static enum err write_large(const struct net_coap_exchange *e, coap_pdu_t *pdu,
	const struct net_coap_message *m)
{
	struct net_coap_message rest = {.code = m->code};

	for (size_t i = 0; i < m->option_count; i++) {
		if (!is_of_body(m->options[i].number)) {
			rest.options[rest.option_count++] = m->options[i];
		}
	}
	TRY(coap_write_options(pdu, &rest));
	uint8_t *copy = coap_copy(m->payload);

	return copy && coap_add_data_large_response(e->resource, e->session, e->request, pdu, NULL,
			       (uint16_t)number_in(m, COAP_CONTENT_FORMAT, 0),
			       (int)number_in(m, COAP_MAX_AGE, 60), 0, m->payload.len, copy,
			       coap_free_copy, copy)
		       ? OK
		       : err_fail(ERR_MEMORY, "CoAP: no room for the answer");
}

static enum err write_answer(const struct net_coap_exchange *e, coap_pdu_t *pdu,
	const struct net_coap_message *m)
{
	coap_pdu_set_code(pdu, (coap_pdu_code_t)m->code);
	if (m->payload.len > PLAIN_PAYLOAD || (m->payload.len > 0 && asks_for_block(e->request))) {
		return write_large(e, pdu, m);
	}
	TRY(coap_write_options(pdu, m));
	return m->payload.len == 0 || coap_add_data(pdu, m->payload.len, m->payload.data)
		       ? OK
		       : err_fail(ERR_RANGE, "CoAP: no room for the answer");
}

static bool is_confirmable(const struct net_coap_exchange *e)
{
	return coap_pdu_get_type(e->request) == COAP_MESSAGE_CON;
}

/*
 * With the acknowledgement if that has not gone (RFC 7252 5.2.1), else as a message of its own (5.2.2). libcoap 4.3.1 as a
 * client does not put together what comes in blocks in the second way.
 */
static void send_later(const struct net_coap_exchange *e, const struct net_coap_message *m)
{
	bool with_ack = is_confirmable(e) && !e->acknowledged;
	coap_bin_const_t token = coap_pdu_get_token(e->request);
	coap_pdu_type_t type = with_ack		   ? COAP_MESSAGE_ACK
			       : is_confirmable(e) ? COAP_MESSAGE_CON
						   : COAP_MESSAGE_NON;
	coap_pdu_t *pdu = coap_pdu_init(type, (coap_pdu_code_t)m->code,
		with_ack ? (coap_mid_t)e->mid : coap_new_message_id(e->session),
		coap_session_max_pdu_size(e->session));

	if (!pdu || !coap_add_token(pdu, token.length, token.s) || write_answer(e, pdu, m) != OK) {
		coap_delete_pdu(pdu);
		return;
	}
	(void)coap_send(e->session, pdu);
}

void net_coap_answer(struct net_coap_exchange *e, const struct net_coap_message *m)
{
	bool alive = e->visit && !e->visit->ended;

	if (alive && e->response) {
		if (write_answer(e, e->response, m) != OK) {
			coap_pdu_set_code(e->response, COAP_RESPONSE_CODE_INTERNAL_ERROR);
		}
	} else if (alive) {
		send_later(e, m);
	}
	free_exchange(e);
}

void net_coap_answer_text(struct net_coap_exchange *e, uint8_t code, const char *text)
{
	net_coap_answer(e, &(struct net_coap_message){.code = code, .payload = view_text(text)});
}

/* So that the client does not ask again meanwhile. */
static void acknowledge(void *user)
{
	struct net_coap_exchange *e = user;
	coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_ACK, COAP_EMPTY_CODE, (coap_mid_t)e->mid,
		coap_session_max_pdu_size(e->session));

	e->acknowledged = true;
	if (pdu && e->visit && !e->visit->ended) {
		(void)coap_send(e->session, pdu);
	} else {
		coap_delete_pdu(pdu);
	}
	coap_runner_wake(&e->server->runner);
}

/* Nothing goes by itself when this returns: what is empty, and not confirmed, is left out by libcoap. */
static void wait_for_answer(struct net_coap_exchange *e)
{
	coap_pdu_set_type(e->response, COAP_MESSAGE_NON);
	e->response = NULL;
	if (is_confirmable(e)) {
		timer_start(e->server->runner.loop, &e->patience, ACKNOWLEDGE_MS, acknowledge, e);
	}
}

static void on_request(coap_resource_t *resource, coap_session_t *session,
	const coap_pdu_t *request, const coap_string_t *query, coap_pdu_t *response)
{
	struct net_coap_visit *v = visit_of(session);
	struct net_coap_message message;

	(void)query;
	if (!v || v->ended || v->server->closing) {
		coap_pdu_set_code(response, COAP_RESPONSE_CODE_UNAUTHORIZED);
		return;
	}
	if (coap_read_message(request, &message) != OK) {
		coap_pdu_set_code(response, COAP_RESPONSE_CODE_REQUEST_TOO_LARGE);
		return;
	}
	struct net_coap_exchange *e = new_exchange(v, resource, request, response);

	if (!e) {
		coap_pdu_set_code(response, COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE);
		return;
	}
	struct net_coap_server *s = v->server;

	s->options.request(s->options.user, e, &message);
	for (struct net_coap_exchange *left = s->exchanges; left; left = left->after) {
		if (left == e) {
			wait_for_answer(e);
			return;
		}
	}
}

/* --- opening and closing --- */

static void serve(coap_context_t *context, coap_resource_t *resource)
{
	static const coap_request_t methods[] = {COAP_REQUEST_GET, COAP_REQUEST_POST,
		COAP_REQUEST_PUT, COAP_REQUEST_DELETE, COAP_REQUEST_FETCH, COAP_REQUEST_PATCH,
		COAP_REQUEST_IPATCH};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		coap_register_request_handler(resource, methods[i], on_request);
	}
	coap_add_resource(context, resource);
}

static enum err open_resources(coap_context_t *context)
{
	coap_resource_t *any = coap_resource_unknown_init2(on_request, 0);
	coap_resource_t *core = coap_resource_init(coap_make_str_const(".well-known/core"), 0);

	if (!any || !core) {
		return err_fail(ERR_MEMORY, "CoAP: out of memory");
	}
	serve(context, any);
	serve(context, core); /* the application's, not libcoap's */
	return OK;
}

static enum err open_psk(struct net_coap_server *s)
{
	coap_context_t *context = s->runner.context;
	coap_dtls_spsk_t setup = {.version = COAP_DTLS_SPSK_SETUP_VERSION,
		.validate_id_call_back = on_identity,
		.id_call_back_arg = s,
		.psk_info.hint = {.length = strlen(s->options.hint),
			.s = (const uint8_t *)s->options.hint}};
	const char *name = cipher_name(s->options.suite);
	char list[64];

	/* An eight-byte tag is what RFC 7252 9.1.3.1 asks for, and OpenSSL's level 2 is not content with. */
	(void)snprintf(list, sizeof(list), "%s:@SECLEVEL=0", name ? name : "");
	if (!name || SSL_CTX_set_cipher_list(s->runner.dtls, list) != 1) {
		return err_fail(ERR_UNSUPPORTED, "CoAP: no cipher suite %04x here",
			s->options.suite);
	}
	return coap_context_set_psk2(context, &setup)
		       ? OK
		       : err_fail(ERR_CRYPTO, "CoAP: libcoap takes no PSK");
}

/* libcoap does not tell which port the system chose. */
static enum err find_port(coap_address_t *at, char ret[ADDRESS_MAX])
{
	socklen_t len = at->size;
	int fd = socket(at->addr.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	enum err err = OK;

	if (fd < 0 || bind(fd, &at->addr.sa, len) != 0 || getsockname(fd, &at->addr.sa, &len) != 0) {
		err = err_system("listen (CoAP)");
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	if (err == OK) {
		address_text(&at->addr.sa, ret);
	}
	return err;
}

static enum err open_server(struct net_coap_server *s, struct loop *loop)
{
	coap_address_t at;

	TRY(coap_address_of(s->options.address, &at));
	TRY(coap_runner_open(&s->runner, loop));
	coap_context_t *context = s->runner.context;

	coap_register_event_handler(context, on_event);
	coap_context_set_max_idle_sessions(context, (unsigned)s->options.sessions);
	coap_context_set_max_handshake_sessions(context, (unsigned)s->options.handshakes);
	coap_context_set_session_timeout(context, (unsigned)(s->options.idle_ms / 1000 + 1));
	TRY(open_psk(s));
	TRY(open_resources(context));
	TRY(find_port(&at, s->address));
	if (!coap_new_endpoint(context, &at, COAP_PROTO_DTLS)) {
		return err_system("listen %s (CoAP)", s->address);
	}
	coap_runner_wake(&s->runner);
	return OK;
}

enum err net_coap_listen(struct loop *loop, const struct net_coap_server_options *options,
	struct net_coap_server **ret)
{
	struct net_coap_server *s = calloc(1, sizeof(*s));

	if (!s) {
		return err_fail(ERR_MEMORY, "CoAP: out of memory");
	}
	s->options = *options;
	enum err err = open_server(s, loop);

	if (err != OK) {
		net_coap_close(s);
		return err;
	}
	*ret = s;
	return OK;
}

const char *net_coap_address(const struct net_coap_server *s)
{
	return s->address;
}

void net_coap_close(struct net_coap_server *s)
{
	if (!s) {
		return;
	}
	s->closing = true;
	if (s->runner.loop) {
		timer_stop(s->runner.loop, &s->ends);
	}
	while (s->exchanges) {
		free_exchange(s->exchanges);
	}
	while (s->visits) {
		free_visit(s->visits);
	}
	coap_runner_close(&s->runner);
	secret_wipe(&s->key);
	free(s);
}
