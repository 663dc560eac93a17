// SPDX-License-Identifier: Apache-2.0
/*
 * A CoAP client that holds a session: asks ten times a second, prints each answer's code, and "closed" when the session is.
 * usage: coap_held ADDRESS NAME IDENTITY KEY-IN-HEX
 */
#include "base/env.h"
#include "base/text.h"
#include "net/coap.h"

#include <stdio.h>
#include <string.h>

static struct loop *loop;
static struct net_coap_client *client;
static char **words;
static struct timer again;

static enum err find_key(void *user, uint16_t suite, char ret_identity[256], struct secret *ret_key)
{
	(void)user;
	(void)suite;
	TRY(text_copy(ret_identity, 256, view_text(words[3]), "identity"));
	return secret_from_hex(ret_key, view_text(words[4]));
}

static void ask(void *user);

static void on_done(void *user, enum err result, const struct net_coap_message *answer)
{
	(void)user;
	if (result != OK) {
		(void)printf("%s: %s\n", result == ERR_CLOSED ? "closed" : "failed", err_detail());
		(void)fflush(stdout);
		loop_stop(loop);
		return;
	}
	(void)printf("%u.%02u\n", answer->code >> 5, answer->code & 31);
	(void)fflush(stdout);
	timer_start(loop, &again, 100, ask, NULL);
}

static void ask(void *user)
{
	struct net_coap_message request = {.code = COAP_GET};
	struct net_coap_call *call;

	(void)user;
	if (net_coap_put(&request, COAP_URI_PATH, view_text("held")) != OK ||
		net_coap_call(client, &request, on_done, NULL, &call) != OK) {
		loop_stop(loop);
	}
}

int main(int argc, char **argv)
{
	words = argv;
	const struct net_coap_client_options options = {.address = argv[1],
		.server_name = argv[2],
		.find = find_key};

	if (argc != 5 || loop_new(&env_system, &loop) != OK ||
		net_coap_client_new(loop, &options, &client) != OK) {
		(void)fprintf(stderr, "coap_held: %s\n", err_detail());
		return 1;
	}
	ask(NULL);
	loop_run(loop);
	return 0;
}
