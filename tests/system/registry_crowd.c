// SPDX-License-Identifier: Apache-2.0
/*
 * registry_crowd: parties that enrol at a registry, each once, over its Unix socket, until SIGTERM; while it is away they
 * wait. Each that was acknowledged is a line of the file: "201 ID"; what was refused: "503 -".
 *
 *	registry_crowd SOCKET FILE [AT-THE-SAME-TIME [HOW-MANY]]
 */
#include "net/http_client.h"
#include "wire/jose.h"
#include "wire/json.h"
#include "wire/request_signature.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { CALLS_MAX = 64, AGAIN_MS = 20, BODY_MAX = 1024 };

struct world;

struct caller {
	struct world *world;
	struct timer again;
	unsigned status;
	char id[JOSE_THUMBPRINT];
};

struct world {
	struct loop *loop;
	struct http_client *client;
	FILE *file;
	long left; /* to be enrolled; < 0: no end */
	size_t busy;
	bool stopping;
	struct caller callers[CALLS_MAX];
};

static void begin(void *user);

static void on_head(void *user, const struct http_head *head)
{
	struct caller *c = user;

	c->status = head->status;
}

static void on_body(void *user, struct view part)
{
	(void)user;
	(void)part;
}

static void on_done(void *user, enum err result)
{
	struct caller *c = user;
	const bool good = result == OK && (c->status == 201 || c->status == 202);

	if (result == OK) {
		(void)fprintf(c->world->file, "%u %s\n", c->status, good ? c->id : "-");
		(void)fflush(c->world->file);
	}
	c->world->left += !good && c->world->left >= 0 ? 1 : 0;
	timer_start(c->world->loop, &c->again, good ? 0 : AGAIN_MS, begin, c);
}

static enum err write_body(const struct jose_key *key, struct buf *body)
{
	struct json_writer w = json_to(body);

	json_open(&w, NULL);
	TRY(jose_key_write_jwk(key, &w, "key"));
	json_put_string(&w, "name", "crowd");
	json_put_string(&w, "contact", "crowd@example.net");
	json_put_string(&w, "purpose", "a test");
	json_open_array(&w, "roles");
	json_put_string(&w, NULL, "enquirer");
	json_close_array(&w);
	json_close(&w);
	return buf_end(body, "body");
}

static enum err send(struct caller *c)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	static const struct http_field json = {{(const uint8_t *)"Content-Type", 12},
		{(const uint8_t *)"application/json", 16}};
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	BUF_CLEANUP struct buf body = buf_growing(BODY_MAX);
	struct request_signature signature;
	struct http_field fields[4] = {json};
	struct http_call *call;

	TRY(jose_key_make(JOSE_EDDSA, &key));
	TRY(jose_thumbprint(key, c->id));
	TRY(write_body(key, &body));
	const struct request_to_sign request = {
		.method = "POST",
		.authority = view_text("registry"),
		.target = view_text("/v1/parties"),
		.body = buf_contents(&body),
		.tag = REQUEST_ENROLMENT_TAG,
		.now = env_wall(&env_system),
	};

	TRY(request_sign(key, &request, &signature));
	for (size_t i = 0; i < signature.count; i++) {
		fields[i + 1] = signature.fields[i];
	}
	c->status = 0;
	return http_client_call(c->world->client, "POST", request.target, fields,
		signature.count + 1, buf_contents(&body), &on, c, &call);
}

static void begin(void *user)
{
	struct caller *c = user;
	struct world *w = c->world;

	if (w->stopping || w->left == 0) {
		if (--w->busy == 0) {
			loop_stop(w->loop);
		}
		return;
	}
	w->left -= w->left > 0 ? 1 : 0;
	if (send(c) != OK) {
		(void)fprintf(stderr, "%s\n", err_detail());
		exit(1);
	}
}

static void on_signal(void *user, int number)
{
	struct world *w = user;

	(void)number;
	w->stopping = true;
}

int main(int argc, char **argv)
{
	static struct world w;
	char address[ADDRESS_MAX];
	const int calls = argc > 3 ? atoi(argv[3]) : 16;

	if (argc < 3 || calls < 1 || calls > CALLS_MAX) {
		(void)fprintf(stderr, "usage: registry_crowd SOCKET FILE [CALLS [COUNT]]\n");
		return 2;
	}
	(void)snprintf(address, sizeof(address), "unix:%s", argv[1]);
	const struct http_client_options options = {.address = address,
		.host = "registry",
		.timeout_ms = 5000};

	w.left = argc > 4 ? atol(argv[4]) : -1;
	w.file = fopen(argv[2], "a");
	if (!w.file || loop_new(&env_system, &w.loop) != OK ||
		loop_on_signal(w.loop, SIGTERM, on_signal, &w) != OK ||
		http_client_new(w.loop, &options, &w.client) != OK) {
		(void)fprintf(stderr, "%s\n", err_detail());
		return 1;
	}
	for (int i = 0; i < calls; i++) {
		w.callers[i].world = &w;
		w.busy++;
		begin(&w.callers[i]);
	}
	loop_run(w.loop);
	http_client_free(w.client);
	loop_free(w.loop);
	return fclose(w.file) == 0 ? 0 : 1;
}
