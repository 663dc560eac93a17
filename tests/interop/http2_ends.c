// SPDX-License-Identifier: Apache-2.0
/*
 * http2_ends: our HTTP server, over TLS, with either version. It prints its address, and serves until it is killed.
 * usage: http2_ends CERTIFICATE KEY. GET /SIZE: so many bytes at once; GET /stream/SIZE: in parts; POST: what came.
 */
#include "net/http_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART = 10000, AT_ONCE = 4 << 20, STREAMED = 64 << 20 };

static uint8_t bytes[AT_ONCE];

static void produce(struct http_request *request)
{
	size_t left = (size_t)request->user;
	enum err e = OK;

	while (left > 0 && e == OK) {
		size_t len = left < PART ? left : PART;

		e = http_answer_part(request, view_of(bytes, len));
		left -= e == OK || e == ERR_AGAIN ? len : 0;
	}
	request->user = (void *)left;
	if (left == 0 || e == ERR_CLOSED) {
		http_answer_end(request);
	}
}

static size_t size_of(struct view path, size_t most)
{
	char text[32] = "";

	memcpy(text, path.data, path.len < sizeof(text) ? path.len : sizeof(text) - 1);
	size_t size = strtoul(text, NULL, 10);
	return size < most ? size : most;
}

static void on_request(void *user, struct http_request *request)
{
	const struct http_field type = {view_text("Content-Type"), view_text("text/plain")};
	struct view path = request->target.path;

	(void)user;
	if (request->body.len > 0) {
		http_answer(request, 200, &type, 1, request->body);
	} else if (path.len > 8 && memcmp(path.data, "/stream/", 8) == 0) {
		request->user = (void *)size_of(view_of(path.data + 8, path.len - 8), STREAMED);
		if (http_answer_begin(request, 200, &type, 1, produce) == OK) {
			produce(request);
		} else {
			http_answer_abort(request);
		}
	} else {
		http_answer(request, 200, &type, 1,
			view_of(bytes, size_of(view_of(path.data + 1, path.len - 1), AT_ONCE)));
	}
}

static void must(enum err e)
{
	if (e != OK) {
		(void)fprintf(stderr, "%s\n", err_detail());
		exit(1);
	}
}

static void on_signal(void *user, int number)
{
	(void)number;
	loop_stop(user);
}

int main(int argc, char **argv)
{
	struct http_server_options options = {.listen = {.address = "127.0.0.1:0",
						      .limits = {.output = AT_ONCE + 65536}},
		.http2 = true};
	struct http_server *server;
	struct loop *loop;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: http2_ends CERTIFICATE KEY\n");
		return 2;
	}
	const struct tls_files files = {.certificate = argv[1], .key = argv[2]};

	memset(bytes, 'a', sizeof(bytes));
	must(loop_new(&env_system, &loop));
	must(tls_server(&files, TLS_PEERS_NONE, &options.listen.tls));
	must(http_server_open(loop, &options, on_request, NULL, &server));
	must(loop_on_signal(loop, SIGTERM, on_signal, loop));
	(void)printf("%s\n", http_server_address(server));
	(void)fflush(stdout);
	loop_run(loop);
	http_server_close(server);
	tls_free(options.listen.tls);
	loop_free(loop);
	return 0;
}
