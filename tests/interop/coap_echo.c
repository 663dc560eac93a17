// SPDX-License-Identifier: Apache-2.0
/* A CoAP server as an application would be one: says what it was asked, on plain UDP. usage: coap_echo ADDRESS PORT */
#include <coap3/coap.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE = 5000, TEXT = 4096 };

static volatile sig_atomic_t quit;

static void stop(int number)
{
	(void)number;
	quit = 1;
}

static size_t tell_options(const coap_pdu_t *request, char *text)
{
	coap_opt_iterator_t it;
	coap_opt_t *o;
	size_t len = 0;

	coap_option_iterator_init(request, &it, COAP_OPT_ALL);
	while ((o = coap_option_next(&it))) {
		len += (size_t)snprintf(text + len, TEXT - len, "%u:%.*s\n", it.number,
			(int)coap_opt_length(o), (const char *)coap_opt_value(o));
	}
	return len;
}

static void answer(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
	const coap_string_t *query, coap_pdu_t *response)
{
	static uint8_t large[LARGE];
	char text[TEXT];
	size_t len = tell_options(request, text), size = 0, offset, total;
	const uint8_t *data = NULL;
	coap_string_t *path = coap_get_uri_path(request);
	bool wants_large = path && strcmp((const char *)path->s, "large") == 0;

	(void)coap_get_data_large(request, &size, &data, &offset, &total);
	len += (size_t)snprintf(text + len, TEXT - len, "code %d, %zu bytes\n",
		coap_pdu_get_code(request), size);
	coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
	if (path && strcmp((const char *)path->s, "missing") == 0) {
		coap_pdu_set_code(response, COAP_RESPONSE_CODE_NOT_FOUND);
	}
	memset(large, 'x', LARGE);
	coap_delete_string(path);
	printf("%.*s", (int)len, text);
	fflush(stdout);
	coap_add_data_large_response(resource, session, request, response, query, 0, 60, 0,
		wants_large ? LARGE : len, wants_large ? large : (const uint8_t *)text, NULL, NULL);
}

int main(int argc, char **argv)
{
	coap_address_t at;

	if (argc != 3) {
		return 2;
	}
	coap_startup();
	coap_address_init(&at);
	at.addr.sin.sin_family = AF_INET;
	at.addr.sin.sin_port = htons((uint16_t)atoi(argv[2]));
	at.size = sizeof(at.addr.sin);
	if (inet_pton(AF_INET, argv[1], &at.addr.sin.sin_addr) != 1) {
		return 2;
	}
	coap_context_t *context = coap_new_context(NULL);
	coap_resource_t *any = coap_resource_unknown_init2(answer, 0);

	coap_context_set_block_mode(context, COAP_BLOCK_USE_LIBCOAP | COAP_BLOCK_SINGLE_BODY);
	coap_register_request_handler(any, COAP_REQUEST_GET, answer);
	coap_register_request_handler(any, COAP_REQUEST_POST, answer);
	coap_register_request_handler(any, COAP_REQUEST_DELETE, answer);
	coap_add_resource(context, any);
	if (!coap_new_endpoint(context, &at, COAP_PROTO_UDP)) {
		return 1;
	}
	(void)signal(SIGTERM, stop);
	printf("ready\n");
	fflush(stdout);
	while (!quit) {
		(void)coap_io_process(context, 100);
	}
	coap_free_context(context);
	coap_cleanup();
	return 0;
}
