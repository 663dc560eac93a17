// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/text.h"
#include "net/daemon.h"
#include "operator.h"

#include <stdlib.h>
#include <unistd.h>

static const char master[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

static const struct daemon_part *part_at(size_t i)
{
	return &authz_program.parts[i];
}

/* Its Diameter node has tests of its own. */
static bool is_wanted(const struct daemon_part *part)
{
	return strcmp(part->name, "diameter") != 0;
}

static void start_parts(struct authz_flow *o)
{
	o->authz = (struct authz){.conf = &o->conf};
	for (o->started = 0; o->started < authz_program.part_count; o->started++) {
		if (is_wanted(part_at(o->started))) {
			assert_ok(part_at(o->started)->start(&o->authz, o->loop));
		}
	}
}

/* A part that was not started stops too: stopping copes with half a start. */
static void stop_parts(struct authz_flow *o)
{
	while (o->started > 0) {
		part_at(--o->started)->stop(&o->authz);
	}
}

void operator_connect(struct authz_flow *o, const char *address, const char *host, struct tls *tls)
{
	const struct http_client_options options = {.address = address, .host = host, .tls = tls};

	if (o->client) {
		http_client_free(o->client);
	}
	assert_ok(http_client_new(o->loop, &options, &o->client));
}

static void open_client(struct authz_flow *o)
{
	char address[ADDRESS_MAX];

	(void)snprintf(address, sizeof(address), "unix:%s/authz.sock", o->dir);
	operator_connect(o, address, "authz", NULL);
}

const char *operator_store, *operator_realm;

void operator_start(struct authz_flow *o, const char *more)
{
	char path[96], url[160], yaml[4096];
	const char *realm = operator_realm ? operator_realm : "realm.example";

	*o = (struct authz_flow){.env = fake_env_of(1), .body = buf_growing(32 << 20)};
	(void)strcpy(o->dir, "/tmp/symbolon-operator.XXXXXX");
	assert_non_null(mkdtemp(o->dir));
	(void)snprintf(path, sizeof(path), "%s/master", o->dir);
	assert_ok(text_write_file(path, view_text(master), 0600));
	(void)snprintf(url, sizeof(url), "sqlite:%s/authz.db", o->dir);
	(void)snprintf(yaml, sizeof(yaml),
		"node: {host: authz1.%s, realm: %s}\n"
		"store: {url: \"%s\"}\n"
		"seal: {master_key: \"%s\"}\n"
		"diameter: {certificate: none, key: none, authority: none}\n"
		"operator:\n  socket: %s/authz.sock\n%s",
		realm, realm, operator_store ? operator_store : url, path, o->dir, more);
	assert_ok(conf_parse(authz_options, "test", view_text(yaml), &o->conf));
	assert_ok(loop_new(&o->env.env, &o->loop));
	start_parts(o);
	open_client(o);
}

void operator_restart(struct authz_flow *o)
{
	http_client_free(o->client);
	o->client = NULL;
	stop_parts(o);
	start_parts(o);
	open_client(o);
}

void operator_stop(struct authz_flow *o)
{
	static const char *const files[] = {"master", "authz.db", "authz.db-wal", "authz.db-shm",
		"authz.db.lock", "authz.sock"};
	char path[96];

	http_client_free(o->client);
	stop_parts(o);
	loop_free(o->loop);
	conf_free(authz_options, &o->conf);
	buf_free(&o->body);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", o->dir, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(o->dir);
}

static void keep_field(const struct http_head *head, const char *name, char *to, size_t room)
{
	struct view value = http_field_of(head, name);

	(void)snprintf(to, room, "%.*s", (int)value.len, value.data ? (const char *)value.data : "");
}

static void on_head(void *user, const struct http_head *head)
{
	struct authz_flow *o = user;

	o->status = head->status;
	keep_field(head, "Content-Type", o->type, sizeof(o->type));
	keep_field(head, "Retry-After", o->retry_after, sizeof(o->retry_after));
	keep_field(head, "Allow", o->allow, sizeof(o->allow));
}

static void on_body(void *user, struct view part)
{
	buf_view(&((struct authz_flow *)user)->body, part);
}

static void on_done(void *user, enum err result)
{
	struct authz_flow *o = user;

	o->result = result;
	o->done = true;
}

void operator_wait(struct authz_flow *o, const bool *flag)
{
	int64_t deadline = env_system.steady_us(&env_system) + 10 * 1000 * 1000;

	while (!*flag) {
		loop_turn(o->loop, 50);
		if (env_system.steady_us(&env_system) > deadline) {
			fail_msg("nothing came");
		}
	}
}

struct http_call *operator_begin(struct authz_flow *o, const char *method, const char *target,
	const struct http_field *fields, size_t count, const char *body)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	struct http_call *call;

	o->done = false;
	o->status = 0;
	buf_clear(&o->body);
	assert_ok(http_client_call(o->client, method, view_text(target), fields, count,
		view_text(body), &on, o, &call));
	return call;
}

unsigned operator_ask_with(struct authz_flow *o, const char *method, const char *target,
	const struct http_field *fields, size_t count, const char *body)
{
	(void)operator_begin(o, method, target, fields, count, body);
	operator_wait(o, &o->done);
	if (o->result != OK) {
		fail_msg("%s %s: %s: %s", method, target, err_name(o->result), err_detail());
	}
	return o->status;
}

unsigned operator_ask(struct authz_flow *o, const char *method, const char *target, const char *body)
{
	const struct http_field json = {view_text("Content-Type"), view_text("application/json")};

	return operator_ask_with(o, method, target, &json, body ? 1 : 0, body);
}

const char *operator_said(struct authz_flow *o)
{
	return buf_string(&o->body);
}

int operator_open(void **state)
{
	static struct authz_flow o;

	operator_start(&o, "");
	*state = &o;
	return 0;
}

int operator_close(void **state)
{
	operator_stop(*state);
	return 0;
}

void operator_provision(struct authz_flow *o)
{
	assert_asked(o, 201, "POST", "/v1/subscribers",
		"{\"id\":\"alice\",\"verification\":\"postpaid\",\"name\":\"Alice Example\"}");
	assert_asked(o, 201, "POST", "/v1/devices",
		"{\"client\":\"" OPERATOR_CLIENT "\",\"subscriber\":\"alice\",\"k\":\"" OPERATOR_K
		"\",\"opc\":\"" OPERATOR_OPC "\",\"device\":\"urn:gsma:imei:90420156-025763-0\"}");
	assert_asked(o, 201, "POST", "/v1/asps",
		"{\"id\":\"" OPERATOR_ASP "\",\"name\":\"Example Services\",\"elements\":"
		"[\"gateway.app.example\",\"b.app.example\"]}");
	assert_asked(o, 201, "POST", "/v1/applications",
		"{\"id\":\"app.example\",\"asp\":\"" OPERATOR_ASP
		"\",\"format\":\"gba\",\"ua\":[\"0100000007\",\"0100011301\"]}");
	assert_asked(o, 200, "PUT", "/v1/grants",
		"{\"client\":\"" OPERATOR_CLIENT "\",\"application\":\"app.example\"}");
}
