// SPDX-License-Identifier: Apache-2.0
#include "net/coap_inside.h"

#include "base/secret.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 30 * 1000, TOKEN_MAX = 8, IDENTITY_MAX = 256 };

struct net_coap_call {
	struct net_coap_client *client;
	struct net_coap_call *before, *after;
	net_coap_done *done;
	void *user;
	uint8_t token[TOKEN_MAX];
	size_t token_len;
	struct timer patience;
};

struct net_coap_client {
	struct coap_runner runner;
	struct net_coap_client_options options;
	char server_name[256];
	coap_session_t *session;
	struct net_coap_call *calls;
	char identity[IDENTITY_MAX];
	struct secret key;
	coap_dtls_cpsk_info_t psk;
	bool refused; /* no key for what the server wants */
	bool connected;
};

static void drop(struct net_coap_call *call)
{
	struct net_coap_client *c = call->client;

	timer_stop(c->runner.loop, &call->patience);
	*(call->before ? &call->before->after : &c->calls) = call->after;
	if (call->after) {
		call->after->before = call->before;
	}
	free(call);
}

static void finish(struct net_coap_call *call, enum err result,
	const struct net_coap_message *answer)
{
	net_coap_done *done = call->done;
	void *user = call->user;

	drop(call);
	done(user, result, answer);
}

void net_coap_call_cancel(struct net_coap_call *call)
{
	if (call) {
		drop(call);
	}
}

static struct net_coap_call *call_of(const struct net_coap_client *c, const coap_pdu_t *pdu)
{
	coap_bin_const_t token = coap_pdu_get_token(pdu);
	struct net_coap_call *call = c->calls;

	while (call && (call->token_len != token.length ||
			       memcmp(call->token, token.s, token.length) != 0)) {
		call = call->after;
	}
	return call;
}

static struct net_coap_client *client_of(const coap_session_t *session)
{
	return coap_session_get_app_data(session);
}

static coap_response_t on_answer(coap_session_t *session, const coap_pdu_t *sent,
	const coap_pdu_t *received, const coap_mid_t mid)
{
	struct net_coap_call *call = call_of(client_of(session), received);
	struct net_coap_message answer;

	(void)sent;
	(void)mid;
	if (!call) {
		return COAP_RESPONSE_FAIL; /* nobody asked, or does not wait any more */
	}
	enum err err = coap_read_message(received, &answer);

	finish(call, err, err == OK ? &answer : NULL);
	return COAP_RESPONSE_OK;
}

/* What could not be sent, or was not acknowledged. */
static enum err verdict(const struct net_coap_client *c, coap_nack_reason_t reason)
{
	switch (reason) {
	case COAP_NACK_TLS_FAILED:
		return c->refused     ? err_fail(ERR_UNSUPPORTED,
						"DTLS: there is no key for the server's cipher suite")
		       : c->connected ? err_fail(ERR_CLOSED, "DTLS: the session was closed")
				      : err_fail(ERR_AUTH, "DTLS: the handshake was refused");
	case COAP_NACK_TOO_MANY_RETRIES:
		return err_fail(ERR_TIMEOUT, "CoAP: nobody answers");
	case COAP_NACK_RST:
		return err_fail(ERR_CLOSED, "CoAP: reset");
	default:
		return err_fail(ERR_UNAVAILABLE, "CoAP: it cannot be reached");
	}
}

static void on_nack(coap_session_t *session, const coap_pdu_t *sent, coap_nack_reason_t reason,
	const coap_mid_t mid)
{
	struct net_coap_client *c = client_of(session);
	struct net_coap_call *call = c && sent ? call_of(c, sent) : NULL;

	(void)mid;
	if (call) {
		finish(call, verdict(c, reason), NULL);
	}
}

static void fail_all(struct net_coap_client *c, enum err why)
{
	while (c->calls) {
		finish(c->calls, why, NULL);
	}
}

static int on_event(coap_session_t *session, const coap_event_t event)
{
	struct net_coap_client *c = client_of(session);

	if (!c) {
		return 0;
	}
	if (event == COAP_EVENT_DTLS_CONNECTED) {
		c->connected = true;
		secret_wipe(&c->key);
	} else if (event == COAP_EVENT_DTLS_ERROR || event == COAP_EVENT_DTLS_CLOSED) {
		fail_all(c, verdict(c, COAP_NACK_TLS_FAILED));
	}
	return 0;
}

/* --- who this is --- */

static const coap_dtls_cpsk_info_t *on_hint(coap_str_const_t *hint, coap_session_t *session,
	void *user)
{
	struct net_coap_client *c = user;

	(void)hint;
	secret_wipe(&c->key);
	if (c->options.find(c->options.user, coap_suite_of(session), c->identity, &c->key) != OK) {
		c->refused = true;
		return NULL;
	}
	c->psk = (coap_dtls_cpsk_info_t){.identity = {.length = strlen(c->identity),
						 .s = (const uint8_t *)c->identity},
		.key = {.length = c->key.len, .s = c->key.bytes}};
	return &c->psk;
}

/* libcoap wants an identity and a key beforehand: those are nobody's. */
static coap_session_t *connect_dtls(struct net_coap_client *c, const coap_address_t *to)
{
	static const uint8_t nobody[] = "nobody";
	uint8_t none[32];
	const struct env *env = loop_env(c->runner.loop);

	if (env->random(env, none, sizeof(none)) != OK) {
		return NULL;
	}
	coap_dtls_cpsk_t setup = {.version = COAP_DTLS_CPSK_SETUP_VERSION,
		.validate_ih_call_back = on_hint,
		.ih_call_back_arg = c,
		.client_sni = c->server_name,
		.psk_info = {.identity = {sizeof(nobody) - 1, nobody}, .key = {sizeof(none), none}}};

	return coap_new_client_session_psk2(c->runner.context, NULL, to, COAP_PROTO_DTLS, &setup);
}

static enum err connect_to(struct net_coap_client *c)
{
	coap_address_t to;
	const char *name = c->options.server_name;

	TRY(coap_address_of(c->options.address, &to));
	SSL_CTX_set_security_level(c->runner.dtls, 0); /* as the server has it */
	c->session = name ? connect_dtls(c, &to)
			  : coap_new_client_session(c->runner.context, NULL, &to, COAP_PROTO_UDP);
	if (!c->session) {
		return err_fail(ERR_UNAVAILABLE, "CoAP: no way to %s", c->options.address);
	}
	coap_session_set_app_data(c->session, c);
	return OK;
}

enum err net_coap_client_new(struct loop *loop, const struct net_coap_client_options *options,
	struct net_coap_client **ret)
{
	struct net_coap_client *c = calloc(1, sizeof(*c));

	if (!c) {
		return err_fail(ERR_MEMORY, "CoAP: out of memory");
	}
	c->options = *options;
	enum err err = options->server_name ? text_copy(c->server_name, sizeof(c->server_name),
						      view_text(options->server_name), "name")
					    : OK;
	if (err == OK) {
		err = coap_runner_open(&c->runner, loop);
	}
	if (err == OK) {
		coap_register_response_handler(c->runner.context, on_answer);
		coap_register_nack_handler(c->runner.context, on_nack);
		coap_register_event_handler(c->runner.context, on_event);
		err = connect_to(c);
	}
	if (err != OK) {
		net_coap_client_free(c);
		return err;
	}
	coap_runner_wake(&c->runner);
	*ret = c;
	return OK;
}

void net_coap_client_free(struct net_coap_client *c)
{
	if (!c) {
		return;
	}
	if (c->calls) {
		fail_all(c, err_fail(ERR_CLOSED, "CoAP: this end is stopping"));
	}
	if (c->session) {
		coap_session_set_app_data(c->session, NULL);
		coap_session_release(c->session);
	}
	coap_runner_close(&c->runner);
	secret_wipe(&c->key);
	free(c);
}

/* --- calls --- */

static void no_answer(void *user)
{
	finish(user, err_fail(ERR_TIMEOUT, "CoAP: no answer in time"), NULL);
}

static enum err write_request(struct net_coap_client *c, struct net_coap_call *call,
	const struct net_coap_message *m, coap_pdu_t *pdu)
{
	coap_session_new_token(c->session, &call->token_len, call->token);
	if (!coap_add_token(pdu, call->token_len, call->token)) {
		return err_fail(ERR_MEMORY, "CoAP: out of memory");
	}
	TRY(coap_write_options(pdu, m));
	if (m->payload.len == 0) {
		return OK;
	}
	uint8_t *copy = coap_copy(m->payload);

	return copy && coap_add_data_large_request(c->session, pdu, m->payload.len, copy,
			       coap_free_copy, copy)
		       ? OK
		       : err_fail(ERR_MEMORY, "CoAP: no room for the request");
}

enum err net_coap_call(struct net_coap_client *c, const struct net_coap_message *request,
	net_coap_done *done, void *user, struct net_coap_call **ret)
{
	struct net_coap_call *call = calloc(1, sizeof(*call));
	coap_pdu_t *pdu =
		coap_new_pdu(COAP_MESSAGE_CON, (coap_pdu_code_t)request->code, c->session);
	enum err err = call && pdu ? write_request(c, call, request, pdu)
				   : err_fail(ERR_MEMORY, "CoAP: out of memory");

	if (err != OK) {
		coap_delete_pdu(pdu);
		free(call);
		return err;
	}
	call->client = c;
	call->done = done;
	call->user = user;
	call->after = c->calls;
	if (c->calls) {
		c->calls->before = call;
	}
	c->calls = call;
	timer_start(c->runner.loop, &call->patience,
		c->options.timeout_ms ? c->options.timeout_ms : TIMEOUT_MS, no_answer, call);
	*ret = call;
	if (coap_send(c->session, pdu) == COAP_INVALID_MID) {
		timer_start(c->runner.loop, &call->patience, 0, no_answer, call);
	}
	coap_runner_wake(&c->runner);
	return OK;
}
