// SPDX-License-Identifier: Apache-2.0
/* symbolon-hello: an application that knows nothing of Y.3056. What the gateway tells it, it shows. */
#include "base/text.h"
#include "net/http_server.h"
#include "wire/json.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct hello {
	struct loop *loop;
	const char *listen, *ready_file;
};

static void answer(void *user, struct http_request *request, const struct view *segments)
{
	struct hello *hello = user;
	struct view pseudonym = http_field_of(request->head, "Symbolon-Pseudonym");
	BUF_CLEANUP struct buf body = buf_growing(1024);
	char now[TEXT_TIME];

	(void)segments;
	text_time(env_wall(loop_env(hello->loop)), now);
	buf_text(&body, "Hello, ");
	buf_view(&body, pseudonym.len > 0 ? pseudonym : view_text("whoever you are"));
	buf_printf(&body, ".\nIt is %s.\n", now);
	http_answer_text(request, 200, "text/plain; charset=utf-8", buf_string(&body));
}

/* Somebody who looks at the clock: told the time once a second, until one side ends it. */
struct watcher {
	struct loop *loop;
	struct http_request *request;
	struct timer tick;
};

static void end_watching(struct http_request *request)
{
	struct watcher *watcher = request->user;

	timer_stop(watcher->loop, &watcher->tick);
	http_answer_end(request);
	free(watcher);
}

static void tell_time(void *user)
{
	struct watcher *watcher = user;
	char now[TEXT_TIME], line[64];

	text_time(env_wall(loop_env(watcher->loop)), now);
	(void)snprintf(line, sizeof(line), "It is %s.\n", now);
	enum err err = http_answer_part(watcher->request, view_text(line));

	if (err != OK && err != ERR_AGAIN) {
		end_watching(watcher->request);
		return;
	}
	timer_start(watcher->loop, &watcher->tick, 1000, tell_time, watcher);
}

static void answer_clock(void *user, struct http_request *request, const struct view *segments)
{
	static const struct http_field type = {{(const uint8_t *)"Content-Type", 12},
		{(const uint8_t *)"text/plain", 10}};
	struct hello *hello = user;
	struct watcher *watcher = calloc(1, sizeof(*watcher));

	(void)segments;
	if (!watcher || http_answer_begin(request, 200, &type, 1, NULL) != OK) {
		free(watcher);
		http_answer_problem(request, 503, "no clock now");
		return;
	}
	*watcher = (struct watcher){.loop = hello->loop, .request = request};
	request->user = watcher;
	request->on_gone = end_watching;
	tell_time(watcher);
}

static void on_request(void *user, struct http_request *request)
{
	static const struct http_route routes[] = {{"GET", "/", NULL, answer},
		{"GET", "/clock", NULL, answer_clock}};

	http_route(routes, sizeof(routes) / sizeof(routes[0]), user, request);
}

static void on_stop(void *user, int number)
{
	(void)number;
	loop_stop(user);
}

static enum err write_ready(const struct hello *hello, const char *address)
{
	BUF_CLEANUP struct buf json = buf_growing(1024);
	struct json_writer w = json_to(&json);

	if (!hello->ready_file) {
		return OK;
	}
	json_open(&w, NULL);
	json_put_string(&w, "listen", address);
	json_close(&w);
	buf_u8(&json, '\n');
	TRY(buf_end(&json, hello->ready_file));
	return text_write_file(hello->ready_file, buf_contents(&json), 0644);
}

static enum err serve(struct hello *hello)
{
	const struct http_server_options options = {.listen.address = hello->listen,
		.name = "symbolon-hello"};
	struct http_server *server;

	TRY(loop_on_signal(hello->loop, SIGTERM, on_stop, hello->loop));
	TRY(loop_on_signal(hello->loop, SIGINT, on_stop, hello->loop));
	TRY(http_server_open(hello->loop, &options, on_request, hello, &server));
	enum err err = write_ready(hello, http_server_address(server));

	if (err == OK) {
		loop_run(hello->loop);
	}
	http_server_close(server);
	if (hello->ready_file) {
		(void)unlink(hello->ready_file);
	}
	return err;
}

static const char help[] =
	"symbolon-hello: a sample application, plain HTTP: / greets, /clock tells the time every "
	"second\n\n"
	"  --listen ADDR      where it listens (127.0.0.1:8080)\n"
	"  --ready-file FILE  written once it serves: {\"listen\":\"...\"}\n"
	"  --help, --version\n";

static int parse(struct hello *hello, int argc, char **argv)
{
	static const struct option known[] = {{"listen", required_argument, NULL, 'l'},
		{"ready-file", required_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'}, {0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'l':
			hello->listen = optarg;
			break;
		case 'r':
			hello->ready_file = optarg;
			break;
		case 'h':
			(void)fputs(help, stdout);
			return 0;
		case 'v':
			(void)printf("symbolon-hello %s\n", SYMBOLON_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	return optind < argc ? 2 : -1;
}

int main(int argc, char **argv)
{
	struct hello hello = {.listen = "127.0.0.1:8080"};
	int status = parse(&hello, argc, argv);

	if (status >= 0) {
		return status;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	enum err err = loop_new(&env_system, &hello.loop);

	if (err == OK) {
		err = serve(&hello);
		loop_free(hello.loop);
	}
	if (err != OK) {
		(void)fprintf(stderr, "symbolon-hello: %s\n", err_detail());
	}
	return err == OK ? 0 : 1;
}
