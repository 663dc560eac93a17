// SPDX-License-Identifier: Apache-2.0
/*
 * load_registry_sync: how long after an event was logged at a primary registry it is in the log of the geographical one, two
 * levels up: events are made at a rate (0: as many as hold) by parties that enrol at the primary's socket, and seen by
 * following the geographical registry's log, as a registry that joined it: what that takes is in the time too. The time of
 * an event is that in its leaf, in milliseconds.
 *
 *	load_registry_sync --socket PATH --address GEO --name HOST --files FOLDER/NAME --id REGID --rate N --seconds N
 *		--warm-up N --origin REGID [--watch NAME=PID]...
 */
#include "measure.h"
#include "net/http_client.h"
#include "wire/jose.h"
#include "wire/log_entry.h"
#include "wire/note.h"
#include "wire/request_signature.h"
#include "wire/sse.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 4096, TICK_MS = 5, UNDER_WAY = 64, ENTRY_MAX = 1 << 20, SECOND_MS = 1000 };

struct bench {
	struct loop *loop;
	const char *socket, *address, *name, *files, *id, *origin;
	double rate, seconds, warm_up;
	struct http_client *primary, *geo;
	struct measure measure;
	struct sse sse;
	struct timer tick, phase;
	double due; /* events that should have been made and were not */
	size_t under_way;
	unsigned status;
	uint64_t made, refused;
	bool running;
};

/* --- events --- */

static void fill(struct bench *b);

static void on_made_head(void *user, const struct http_head *head)
{
	struct bench *b = user;

	b->refused += head->status / 100 != 2 ? 1 : 0;
}

static void on_part(void *user, struct view part)
{
	(void)user;
	(void)part;
}

static void on_made(void *user, enum err result)
{
	struct bench *b = user;

	must(result == OK, "an event");
	b->under_way--;
	b->made++;
	if (b->rate == 0) {
		fill(b);
	}
}

static enum err write_party(const struct jose_key *key, struct buf *body)
{
	struct json_writer w = json_to(body);

	json_open(&w, NULL);
	TRY(jose_key_write_jwk(key, &w, "key"));
	json_put_string(&w, "name", "bench");
	json_put_string(&w, "contact", "bench@example.net");
	json_put_string(&w, "purpose", "a measurement");
	json_open_array(&w, "roles");
	json_put_string(&w, NULL, "enquirer");
	json_close_array(&w);
	json_close(&w);
	return buf_end(body, "body");
}

static enum err make_event(struct bench *b)
{
	static const struct http_call_on on = {on_made_head, on_part, on_made};
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	BUF_CLEANUP struct buf body = buf_growing(BODY_MAX);
	struct request_signature signature;
	struct http_field fields[4] = {{view_text("Content-Type"), view_text("application/json")}};
	struct http_call *call;

	TRY(jose_key_make(JOSE_EDDSA, &key));
	TRY(write_party(key, &body));
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
	b->under_way++;
	return http_client_call(b->primary, "POST", request.target, fields, signature.count + 1,
		buf_contents(&body), &on, b, &call);
}

static void fill(struct bench *b)
{
	while (b->running && b->under_way < UNDER_WAY && (b->rate == 0 || b->due >= 1)) {
		must(make_event(b) == OK, "an event");
		b->due -= 1;
	}
}

static void on_tick(void *user)
{
	struct bench *b = user;

	b->due += b->rate * TICK_MS / SECOND_MS;
	timer_start(b->loop, &b->tick, TICK_MS, on_tick, b);
	fill(b);
}

/* --- seeing them --- */

static enum err on_event(void *user, const struct sse_event *event)
{
	struct bench *b = user;
	struct json *document;
	struct log_entry entry;

	if (!view_is(event->name, "entry")) {
		return OK;
	}
	TRY(log_entry_parse(event->data, ENTRY_MAX, &document, &entry));
	if (view_is(entry.envelope.registry, b->origin)) {
		const int64_t late = env_system.wall_ms(&env_system) - entry.envelope.time;

		measure_add(&b->measure, now() - (double)late / SECOND_MS);
	}
	json_free(document);
	return OK;
}

static void on_head(void *user, const struct http_head *head)
{
	((struct bench *)user)->status = head->status;
}

static void on_body(void *user, struct view part)
{
	struct bench *b = user;

	must(sse_feed(&b->sse, part, on_event, b) == OK, "the stream");
}

static void on_stream_end(void *user, enum err result)
{
	(void)user;
	must(result == OK, "the stream");
	must(false, "the stream ended");
}

static void on_end(void *user)
{
	struct bench *b = user;

	measure_end(&b->measure);
	loop_stop(b->loop);
}

static void on_warm(void *user)
{
	struct bench *b = user;

	measure_begin(&b->measure);
	timer_start(b->loop, &b->phase, (int64_t)(b->seconds * SECOND_MS), on_end, b);
}

static void follow(struct bench *b)
{
	static const struct http_call_on on = {on_head, on_body, on_stream_end};
	const struct http_field accept = {view_text("Accept"), view_text(SSE_TYPE)};
	struct http_call *call;

	b->sse = sse_of(ENTRY_MAX);
	must(http_client_call(b->geo, "GET", view_text("/v1/log/stream"), &accept, 1, view_text(""),
		     &on, b, &call) == OK,
		"the stream");
	b->running = true;
	timer_start(b->loop, &b->tick, TICK_MS, on_tick, b);
	timer_start(b->loop, &b->phase, (int64_t)(b->warm_up * SECOND_MS), on_warm, b);
	fill(b);
}

/* --- joining --- */

static void on_joined(void *user, enum err result)
{
	struct bench *b = user;

	must(result == OK && b->status == 200, "joining the geographical registry");
	follow(b);
}

/* By policy: peers.approve below. */
static void join(struct bench *b)
{
	static const struct http_call_on on = {on_head, on_part, on_joined};
	const struct http_field type = {view_text("Content-Type"), view_text("application/json")};
	BUF_CLEANUP struct buf body = buf_growing(BODY_MAX), key_text = buf_growing(BODY_MAX);
	struct json_writer w = json_to(&body);
	const char *slash = strrchr(b->files, '/');
	char url[256], origin[128];
	/* The same each time: it is the same registry that joins again, and has no log that anybody reads. */
	static const char seed_bytes[NOTE_SEED + 1] = "a measurement has no secret key.";
	SECRET(seed);
	struct note_key key;
	struct http_call *call;

	(void)snprintf(url, sizeof(url), "https://%s", slash ? slash + 1 : b->files);
	(void)snprintf(origin, sizeof(origin), "%s/log", b->id);
	must(secret_set(&seed, seed_bytes, NOTE_SEED) == OK &&
			note_key_of_seed(view_text(origin), &seed, &key) == OK,
		"a key");
	note_key_write(&key, &key_text);
	json_open(&w, NULL);
	json_put_string(&w, "id", b->id);
	json_put_string(&w, "type", "sectoral");
	json_put_string(&w, "relation", "child");
	json_put_string(&w, "url", url);
	json_put_string(&w, "address", "127.0.0.1:1");
	json_put_text(&w, "log_key", buf_contents(&key_text));
	json_close(&w);
	must(http_client_call(b->geo, "POST", view_text("/v1/joining"), &type, 1,
		     buf_contents(&body), &on, b, &call) == OK,
		"joining");
}

static void open_clients(struct bench *b)
{
	char address[ADDRESS_MAX], certificate[256], key[256], authority[256];
	struct tls *tls;

	(void)snprintf(address, sizeof(address), "unix:%s", b->socket);
	(void)snprintf(certificate, sizeof(certificate), "%s.pem", b->files);
	(void)snprintf(key, sizeof(key), "%s.key", b->files);
	(void)snprintf(authority, sizeof(authority), "%.*s/ca.pem",
		(int)(strrchr(b->files, '/') - b->files), b->files);
	const struct tls_files files = {certificate, key, authority};
	const struct http_client_options primary = {.address = address, .host = "registry"};

	must(loop_new(&env_system, &b->loop) == OK && tls_client(&files, &tls) == OK &&
			http_client_new(b->loop, &primary, &b->primary) == OK,
		"clients");
	const struct http_client_options geo = {.address = b->address,
		.host = b->name,
		.tls = tls,
		.stall_ms = -1,
		.limits = {.body = SIZE_MAX}};

	must(http_client_new(b->loop, &geo, &b->geo) == OK, "clients");
}

static void read_options(struct bench *b, int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"address", required_argument, NULL, 'a'},
		{"name", required_argument, NULL, 'n'},
		{"files", required_argument, NULL, 'f'},
		{"id", required_argument, NULL, 'i'},
		{"origin", required_argument, NULL, 'o'},
		{"rate", required_argument, NULL, 'r'},
		{"seconds", required_argument, NULL, 'd'},
		{"warm-up", required_argument, NULL, 'w'},
		{"work", required_argument, NULL, 'k'},
		{"who", required_argument, NULL, 'h'},
		{"watch", required_argument, NULL, 'p'},
		{NULL, 0, NULL, 0},
	};
	const char **const texts[] = {['s'] = &b->socket,
		['a'] = &b->address,
		['n'] = &b->name,
		['f'] = &b->files,
		['i'] = &b->id,
		['o'] = &b->origin,
		['k'] = &b->measure.work,
		['h'] = &b->measure.who};
	double *const numbers[] = {['r'] = &b->rate, ['d'] = &b->seconds, ['w'] = &b->warm_up};
	int letter;

	while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (letter == 'p') {
			measure_watch(&b->measure, optarg);
		} else if (letter == 'r' || letter == 'd' || letter == 'w') {
			*numbers[letter] = atof(optarg);
		} else if (letter != '?') {
			*texts[letter] = optarg;
		}
	}
	must(b->socket && b->address && b->name && b->files && strchr(b->files, '/') && b->id &&
			b->origin && b->seconds > 0,
		"usage: see the head of load_registry_sync.c");
}

int main(int argc, char **argv)
{
	static struct bench b = {.measure = {.work = "sync", .who = "symbolon"}};
	char more[64];

	read_options(&b, argc, argv);
	open_clients(&b);
	join(&b);
	loop_run(b.loop);
	(void)snprintf(more, sizeof(more), ",\"refused\":%llu", (unsigned long long)b.refused);
	measure_print(&b.measure, more);
	return 0;
}
