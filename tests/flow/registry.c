// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/text.h"
#include "net/daemon.h"
#include "registry.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static const char master[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

const char *registry_flow_host;
const char *registry_flow_store;

static const struct daemon_part *part_at(size_t i)
{
	return &registry_program.parts[i];
}

static void start_parts(struct registry_flow *r)
{
	r->registry = (struct registry){.conf = &r->conf};
	for (r->started = 0; r->started < registry_program.part_count; r->started++) {
		assert_ok(part_at(r->started)->start(&r->registry, r->loop));
	}
}

/* That it was set up is its first event. */
static void wait_for_set_up(struct registry_flow *r)
{
	const int64_t deadline = env_system.steady_us(&env_system) + 10 * 1000 * 1000;

	while (ledger_size(r->registry.ledger) == 0) {
		loop_turn(r->loop, 50);
		assert_true(env_system.steady_us(&env_system) < deadline);
	}
}

static void stop_parts(struct registry_flow *r)
{
	while (r->started > 0) {
		part_at(--r->started)->stop(&r->registry);
	}
}

void registry_flow_connect(struct registry_flow *r, const char *address, const char *host,
	struct tls *tls)
{
	const struct http_client_options options = {.address = address, .host = host, .tls = tls};

	if (r->client) {
		http_client_free(r->client);
	}
	assert_ok(http_client_new(r->loop, &options, &r->client));
}

static void open_client(struct registry_flow *r)
{
	char address[ADDRESS_MAX];

	(void)snprintf(address, sizeof(address), "unix:%s/api.sock", r->dir);
	registry_flow_connect(r, address, "registry", NULL);
}

static const char *type_of(const char *id)
{
	const char *dot = strchr(id, '.');

	return !dot ? "geographical" : strchr(dot + 1, '.') ? "primary" : "sectoral";
}

void registry_flow_start(struct registry_flow *r, const char *id, const char *more)
{
	char path[96], url[160], yaml[4096];

	*r = (struct registry_flow){.env = fake_env_of(1), .body = buf_growing(32 << 20)};
	(void)strcpy(r->dir, "/tmp/symbolon-registry.XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	(void)snprintf(path, sizeof(path), "%s/master", r->dir);
	assert_ok(text_write_file(path, view_text(master), 0600));
	(void)snprintf(url, sizeof(url), "sqlite:%s/registry.db", r->dir);
	(void)snprintf(yaml, sizeof(yaml),
		"node: {host: %s}\n"
		"store: {url: \"%s\"}\n"
		"seal: {master_key: \"%s\"}\n"
		"registry: {id: %s, type: %s}\n"
		"api:\n  socket: %s/api.sock\n%s",
		registry_flow_host ? registry_flow_host : "registry.example",
		registry_flow_store ? registry_flow_store : url, path, id, type_of(id), r->dir,
		more);
	assert_ok(conf_parse(registry_options, "test", view_text(yaml), &r->conf));
	assert_ok(loop_new(&r->env.env, &r->loop));
	start_parts(r);
	wait_for_set_up(r);
	open_client(r);
}

void registry_flow_restart(struct registry_flow *r)
{
	http_client_free(r->client);
	r->client = NULL;
	stop_parts(r);
	start_parts(r);
	open_client(r);
}

static void remove_files(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char path[400];

	while (dir && (entry = readdir(dir))) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		(void)unlink(path);
	}
	if (dir) {
		closedir(dir);
	}
	(void)rmdir(folder);
}

void registry_flow_stop(struct registry_flow *r)
{
	http_client_free(r->client);
	stop_parts(r);
	loop_free(r->loop);
	conf_free(registry_options, &r->conf);
	buf_free(&r->body);
	remove_files(r->dir);
}

static void keep_field(const struct http_head *head, const char *name, char *to, size_t room)
{
	struct view value = http_field_of(head, name);

	(void)snprintf(to, room, "%.*s", (int)value.len, value.data ? (const char *)value.data : "");
}

static void on_head(void *user, const struct http_head *head)
{
	struct registry_flow *r = user;

	r->status = head->status;
	keep_field(head, "Content-Type", r->type, sizeof(r->type));
	keep_field(head, "Allow", r->allow, sizeof(r->allow));
}

static void on_body(void *user, struct view part)
{
	buf_view(&((struct registry_flow *)user)->body, part);
}

static void on_done(void *user, enum err result)
{
	struct registry_flow *r = user;

	r->result = result;
	r->done = true;
}

void registry_wait(struct registry_flow *r, const bool *flag)
{
	int64_t deadline = env_system.steady_us(&env_system) + 10 * 1000 * 1000;

	while (!*flag) {
		loop_turn(r->loop, 50);
		if (env_system.steady_us(&env_system) > deadline) {
			fail_msg("nothing came");
		}
	}
}

static void ask(struct registry_flow *r, const char *method, const char *target,
	const struct http_field *fields, size_t count, struct view body)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	struct http_call *call;

	r->done = false;
	r->status = 0;
	buf_clear(&r->body);
	assert_ok(http_client_call(r->client, method, view_text(target), fields, count, body, &on,
		r, &call));
	registry_wait(r, &r->done);
}

unsigned registry_ask_with(struct registry_flow *r, const char *method, const char *target,
	const struct http_field *fields, size_t count, struct view body)
{
	ask(r, method, target, fields, count, body);
	if (r->result != OK) {
		fail_msg("%s %s: %s: %s", method, target, err_name(r->result), err_detail());
	}
	return r->status;
}

enum err registry_try(struct registry_flow *r, const char *method, const char *target)
{
	ask(r, method, target, NULL, 0, view_text(""));
	return r->result;
}

unsigned registry_ask(struct registry_flow *r, const char *method, const char *target,
	const char *body)
{
	const struct http_field json = {view_text("Content-Type"), view_text("application/json")};

	return registry_ask_with(r, method, target, &json, body ? 1 : 0, view_text(body));
}

const char *registry_said(struct registry_flow *r)
{
	return buf_string(&r->body);
}

void registry_on_logged(void *user, uint64_t ref, const struct store_result *result,
	int64_t first_seq)
{
	struct registry_flow *r = user;

	(void)ref;
	r->logged = result->err;
	r->seq = first_seq;
	r->done = true;
}

int64_t registry_log(struct registry_flow *r, enum event_kind kind, const char *subject,
	const char *record)
{
	const struct event event = {.kind = kind,
		.subject = view_text(subject),
		.record = view_text(record)};

	r->done = false;
	assert_ok(ledger_submit(r->registry.ledger, &event, 1, NULL, 0, registry_on_logged, r, 0));
	registry_wait(r, &r->done);
	assert_int_equal(r->logged, OK);
	return r->seq;
}

int registry_flow_open(void **state)
{
	static struct registry_flow r;

	registry_flow_start(&r, "IN.TEL.P01", "");
	*state = &r;
	return 0;
}

int registry_flow_close(void **state)
{
	registry_flow_stop(*state);
	return 0;
}
