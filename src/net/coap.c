// SPDX-License-Identifier: Apache-2.0
#include "net/coap_inside.h"

#include "net/address.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* --- OpenSSL's context inside of libcoap's, which libcoap does not tell --- */

enum { CAUGHT = 4 };
static _Thread_local bool catching;
static _Thread_local SSL_CTX *caught[CAUGHT];
static _Thread_local size_t caught_count;

static void on_new_ctx(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long number,
	void *user)
{
	(void)ptr;
	(void)ad;
	(void)index;
	(void)number;
	(void)user;
	if (catching && caught_count < CAUGHT) {
		caught[caught_count++] = parent;
	}
}

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static bool started;

static void be_quiet(coap_log_t level, const char *message)
{
	(void)level;
	(void)message; /* identities stand in them */
}

static void start_once(void)
{
	coap_startup();
	coap_set_log_handler(be_quiet);
	coap_set_log_level(LOG_EMERG);
	coap_dtls_set_log_level(LOG_EMERG);
	started = SSL_CTX_get_ex_new_index(0, NULL, on_new_ctx, NULL, NULL) >= 0;
}

static enum err new_context(struct coap_runner *r)
{
	if (!CRYPTO_THREAD_run_once(&once, start_once) || !started) {
		return err_fail(ERR_CRYPTO, "CoAP: libcoap cannot be started");
	}
	if (!coap_dtls_is_supported() ||
		coap_get_tls_library_version()->type != COAP_TLS_LIBRARY_OPENSSL) {
		return err_fail(ERR_UNSUPPORTED, "CoAP: this libcoap is not the one with OpenSSL");
	}
	caught_count = 0;
	catching = true;
	r->context = coap_new_context(NULL);
	catching = false;
	if (!r->context || caught_count == 0) {
		return err_fail(ERR_MEMORY, "CoAP: libcoap gives no context");
	}
	r->dtls = caught[0];
	(void)SSL_CTX_set_session_cache_mode(r->dtls, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_options(r->dtls, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	coap_context_set_block_mode(r->context, COAP_BLOCK_USE_LIBCOAP | COAP_BLOCK_SINGLE_BODY);
	return OK;
}

/* --- the loop --- */

static void turn(void *user)
{
	struct coap_runner *r = user;
	coap_tick_t now;

	(void)coap_io_process(r->context, COAP_IO_NO_WAIT);
	coap_ticks(&now);
	unsigned wait_ms = coap_io_prepare_epoll(r->context, now);

	if (wait_ms > 0) {
		timer_start(r->loop, &r->due, wait_ms, turn, r);
	} else {
		timer_stop(r->loop, &r->due);
	}
}

static void on_readable(void *user, int events)
{
	(void)events;
	turn(user);
}

void coap_runner_wake(struct coap_runner *r)
{
	timer_start(r->loop, &r->due, 0, turn, r);
}

enum err coap_runner_open(struct coap_runner *r, struct loop *loop)
{
	*r = (struct coap_runner){.loop = loop};
	TRY(new_context(r));
	int fd = coap_context_get_coap_fd(r->context);

	if (fd < 0) {
		return err_fail(ERR_UNSUPPORTED, "CoAP: this libcoap has no epoll");
	}
	return watch_start(loop, fd, WATCH_READ, on_readable, r, &r->watch);
}

void coap_runner_close(struct coap_runner *r)
{
	if (!r->loop) {
		return;
	}
	timer_stop(r->loop, &r->due);
	watch_stop(r->watch);
	if (r->context) {
		coap_free_context(r->context);
	}
	*r = (struct coap_runner){.loop = NULL};
}

/* --- addresses and messages --- */

enum err coap_address_of(const char *text, coap_address_t *ret)
{
	struct address address;

	TRY(address_parse(text, &address));
	coap_address_init(ret);
	if (address.len == 0 || address.sa.any.sa_family == AF_UNIX) {
		return err_fail(ERR_SYNTAX, "CoAP: %s: give a number and a port", text);
	}
	memcpy(&ret->addr, &address.sa, address.len);
	ret->size = address.len;
	return OK;
}

uint16_t coap_suite_of(const coap_session_t *session)
{
	coap_tls_library_t library;
	SSL *ssl = coap_session_get_tls(session, &library);
	const SSL_CIPHER *cipher = NULL;

	if (ssl && library == COAP_TLS_LIBRARY_OPENSSL) {
		cipher = SSL_get_pending_cipher(ssl);
	}
	return cipher ? SSL_CIPHER_get_protocol_id(cipher) : 0;
}

enum err net_coap_put(struct net_coap_message *message, uint16_t number, struct view value)
{
	if (message->option_count == NET_COAP_OPTIONS) {
		return err_fail(ERR_RANGE, "RFC 7252 3.1: more than %d options", NET_COAP_OPTIONS);
	}
	message->options[message->option_count++] = (struct net_coap_option){number, value};
	return OK;
}

enum err coap_read_message(const coap_pdu_t *pdu, struct net_coap_message *ret)
{
	coap_opt_iterator_t it;
	const uint8_t *data = NULL;
	size_t len = 0, offset = 0, total = 0;
	coap_opt_t *option;

	*ret = (struct net_coap_message){.code = (uint8_t)coap_pdu_get_code(pdu)};
	if (!coap_option_iterator_init(pdu, &it, COAP_OPT_ALL)) {
		return OK; /* neither options nor payload */
	}
	while ((option = coap_option_next(&it))) {
		TRY(net_coap_put(ret, it.number,
			view_of(coap_opt_value(option), coap_opt_length(option))));
	}
	if (!coap_get_data_large(pdu, &len, &data, &offset, &total)) {
		return OK;
	}
	if (offset != 0 || len != total || len > NET_COAP_BODY) {
		return err_fail(ERR_RANGE, "RFC 7252 5.9.2.9: more than %d bytes", NET_COAP_BODY);
	}
	ret->payload = view_of(data, len);
	return OK;
}

static bool is_libcoaps(uint16_t number)
{
	return number == COAP_BLOCK1 || number == COAP_BLOCK2 || number == COAP_SIZE1 ||
	       number == COAP_SIZE2 || number == COAP_OBSERVE;
}

enum err coap_write_options(coap_pdu_t *pdu, const struct net_coap_message *message)
{
	coap_optlist_t *list = NULL;
	bool good = true;

	for (size_t i = 0; i < message->option_count && good; i++) {
		const struct net_coap_option *o = &message->options[i];

		if (!is_libcoaps(o->number)) {
			good = coap_insert_optlist(&list,
				coap_new_optlist(o->number, o->value.len, o->value.data));
		}
	}
	good = good && (!list || coap_add_optlist_pdu(pdu, &list));
	coap_delete_optlist(list);
	return good ? OK : err_fail(ERR_RANGE, "CoAP: options that have no room");
}

uint8_t *coap_copy(struct view bytes)
{
	uint8_t *copy = malloc(bytes.len + 1);

	if (copy && bytes.len > 0) {
		memcpy(copy, bytes.data, bytes.len);
	}
	return copy;
}

void coap_free_copy(coap_session_t *session, void *copy)
{
	(void)session;
	free(copy);
}
