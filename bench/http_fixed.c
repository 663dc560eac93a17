// SPDX-License-Identifier: Apache-2.0
/* http_fixed: our HTTP server with one fixed answer, as nginx gives it with `return 200`. Prints its address, and
 * serves until SIGTERM.
 *
 *	http_fixed HOST:PORT [FOLDER NAME]	with the certificate of that name in the folder: TLS
 */
#include "measure.h"
#include "net/http_server.h"

#include <signal.h>
#include <stdio.h>

static void on_request(void *user, struct http_request *request)
{
	static const struct http_field fields[] = {{.name = {(const uint8_t *)"Content-Type", 12},
		.value = {(const uint8_t *)"text/plain", 10}}};

	(void)user;
	http_answer(request, 200, fields, 1, view_text("hello\n"));
}

static void on_signal(void *user, int number)
{
	(void)number;
	loop_stop(user);
}

static struct tls *make_tls(const char *folder, const char *name)
{
	char certificate[256], key[256];
	const struct tls_files files = {.certificate = certificate, .key = key};
	struct tls *tls;

	(void)snprintf(certificate, sizeof(certificate), "%s/%s.pem", folder, name);
	(void)snprintf(key, sizeof(key), "%s/%s.key", folder, name);
	must(tls_server(&files, TLS_PEERS_NONE, &tls) == OK, "TLS");
	return tls;
}

int main(int argc, char **argv)
{
	struct loop *loop;
	struct http_server *server = NULL;
	struct tls *tls = argc > 3 ? make_tls(argv[2], argv[3]) : NULL;
	const struct http_server_options options = {
		.listen = {.address = argc > 1 ? argv[1] : "127.0.0.1:0", .tls = tls},
		.name = "http_fixed",
	};

	must(loop_new(&env_system, &loop) == OK &&
			http_server_open(loop, &options, on_request, NULL, &server) == OK &&
			loop_on_signal(loop, SIGTERM, on_signal, loop) == OK,
		"start");
	(void)printf("%s\n", http_server_address(server));
	(void)fflush(stdout);
	loop_run(loop);
	http_server_close(server);
	tls_free(tls);
	loop_free(loop);
	return 0;
}
