// SPDX-License-Identifier: Apache-2.0
/*
 * load_http: the same small GET again and again, on connections that stay, or with --authority and --name each
 * on a new TLS 1.3 connection.
 *
 *	load_http --work NAME --who NAME --address HOST:PORT --clients C --seconds S --watch NAME=PID
 */
#include "load.h"

static bool begin(void *user, size_t client, SSL *ssl, struct buf *out)
{
	(void)user;
	(void)client;
	(void)ssl;
	buf_text(out, "GET /fixed HTTP/1.1\r\nHost: app.example\r\nUser-Agent: load\r\n"
		      "Accept: */*\r\n\r\n");
	return true;
}

static bool answered(void *user, size_t client, const struct load_answer *answer, struct buf *out)
{
	(void)user;
	(void)client;
	(void)out;
	load_expect(answer, 200);
	return false;
}

int main(int argc, char **argv)
{
	struct load_arguments arguments = {.clients = 64, .seconds = 1};
	struct measure m = {.work = NULL};

	load_arguments(argc, argv, &arguments, &m);
	SSL_CTX *tls = arguments.authority ? load_tls(arguments.authority) : NULL;

	load_run(&(struct load){.address = arguments.address,
			 .tls = tls,
			 .server_name = arguments.name,
			 .fresh = tls != NULL,
			 .clients = arguments.clients,
			 .warm_up = arguments.warm_up,
			 .seconds = arguments.seconds,
			 .begin = begin,
			 .answered = answered},
		&m);
	measure_print(&m, "");
	SSL_CTX_free(tls);
	return 0;
}
