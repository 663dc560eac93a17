// SPDX-License-Identifier: Apache-2.0
/* The operator's API: who may, hostile requests, a store that is away, clients and nodes that go. */
#include "test.h"

#include "operator.h"

#include "authz/api/api.h"
#include "fake_ca.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALICE "{\"id\":\"alice\",\"verification\":\"none\"}"

/* ---- who may ---- */

enum { NOBODY = 65534 };

/* Another user, at a socket that was opened to all by mistake. Ends with the status divided by ten. */
static void ask_as_nobody(const char *path)
{
	static const char request[] = "GET /v1/status HTTP/1.1\r\nHost: authz\r\n\r\n";
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	char answer[16] = "";
	unsigned status = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0 ||
		connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
		write(fd, request, sizeof(request) - 1) < 0 ||
		read(fd, answer, sizeof(answer) - 1) < 12) {
		_exit(1);
	}
	(void)sscanf(answer, "HTTP/1.1 %u", &status);
	_exit((int)(status / 10));
}

static void test_another_user_is_refused(void **state)
{
	struct authz_flow *o = *state;
	char path[96];
	int status = 0;
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/authz.sock", o->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	if (geteuid() != 0) {
		skip();
	}
	assert_int_equal(chmod(o->dir, 0755), 0);
	assert_int_equal(chmod(path, 0666), 0);
	pid_t child = fork();

	if (child == 0) {
		ask_as_nobody(path);
	}
	while (waitpid(child, &status, WNOHANG) == 0) {
		loop_turn(o->loop, 10);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 40);
}

struct https {
	struct fake_ca ca;
	struct authz_flow flow;
	struct tls *tls; /* of the client, which borrows it */
};

static void connect_with(struct https *h, const struct tls_files *files)
{
	struct tls *tls = NULL;

	assert_ok(tls_client(files, &tls));
	operator_connect(&h->flow, http_server_address(h->flow.authz.operator_https),
		"authz1.realm.example", tls);
	tls_free(h->tls);
	h->tls = tls;
}

static void connect_as(struct https *h, const char *name)
{
	struct fake_certificate own;
	char alt[64];

	(void)snprintf(alt, sizeof(alt), "DNS:%s", name);
	fake_ca_issue(&h->ca, name, alt, 1, &own);
	struct tls_files files = fake_ca_files(&h->ca, &own);

	connect_with(h, &files);
}

static int open_https(void **state)
{
	static struct https h;
	struct fake_certificate own;
	char more[512];

	fake_ca_open(&h.ca);
	fake_ca_issue(&h.ca, "authz1", "DNS:authz1.realm.example", 1, &own);
	(void)snprintf(more, sizeof(more),
		"  listen: 127.0.0.1:0\n  certificate: %s\n  key: %s\n  authority: %s\n"
		"  operators: [ops.realm.example]\n",
		own.certificate, own.key, h.ca.authority);
	operator_start(&h.flow, more);
	*state = &h;
	return 0;
}

static int close_https(void **state)
{
	struct https *h = *state;

	operator_stop(&h->flow);
	tls_free(h->tls);
	h->tls = NULL;
	fake_ca_close(&h->ca);
	return 0;
}

static void test_a_certificate_that_is_listed(void **state)
{
	struct https *h = *state;

	connect_as(h, "ops.realm.example");
	assert_asked(&h->flow, 201, "POST", "/v1/subscribers", ALICE);
	assert_asked(&h->flow, 200, "GET", "/v1/realm", NULL);
	assert_answer(&h->flow, "\"operator\":\"127.0.0.1:");
}

static void test_a_certificate_that_is_not(void **state)
{
	struct https *h = *state;

	connect_as(h, "authn1.realm.example");
	assert_asked(&h->flow, 403, "GET", "/v1/status", NULL);
	assert_asked(&h->flow, 403, "POST", "/v1/subscribers", ALICE);
	assert_asked(&h->flow, 403, "GET", "/v1/no-such-thing", NULL);
	connect_as(h, "ops.realm.example");
	assert_asked(&h->flow, 404, "GET", "/v1/subscribers/alice", NULL);
}

static void test_no_certificate(void **state)
{
	struct https *h = *state;
	const struct tls_files files = {.authority = h->ca.authority};

	connect_with(h, &files);
	(void)operator_begin(&h->flow, "GET", "/v1/status", NULL, 0, NULL);
	operator_wait(&h->flow, &h->flow.done);
	assert_int_equal(h->flow.status, 0);
	assert_int_not_equal(h->flow.result, OK);
}

/* On a connection that is open already. */
static void test_operators_are_reloaded(void **state)
{
	struct https *h = *state;
	char other[] = "other.realm.example", ops[] = "ops.realm.example";
	char *names[] = {other, ops};

	connect_as(h, "ops.realm.example");
	assert_asked(&h->flow, 200, "GET", "/v1/status", NULL);
	assert_ok(api_admit(&h->flow.authz, &(struct conf_texts){names, 1}));
	assert_asked(&h->flow, 403, "GET", "/v1/status", NULL);
	assert_ok(api_admit(&h->flow.authz, &(struct conf_texts){names, 2}));
	assert_asked(&h->flow, 200, "GET", "/v1/status", NULL);
	assert_ok(api_admit(&h->flow.authz, &(struct conf_texts){NULL, 0}));
	assert_asked(&h->flow, 403, "GET", "/v1/status", NULL);
}

/* ---- hostile requests ---- */

static void test_bodies_that_are_no_objects(void **state)
{
	static const char *const bodies[] = {"", "{", "nonsense", "[]", "null", "\"x\"", "17",
		"{\"id\":\"a\",\"verification\":\"none\"} x",
		"{\"id\":\"a\",\"id\":\"b\",\"verification\":\"none\"}",
		"{\"id\":\"a\",\"verification\":\"none\",\"admin\":true}",
		"{\"id\":\"\xff\",\"verification\":\"none\"}",
		"{\"id\":{\"id\":\"a\"},\"verification\":\"none\"}",
		"{\"id\":\"a\",\"verification\":\"none\",\"name\":\"\\ud800\"}",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["};
	struct authz_flow *o = *state;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		assert_asked(o, 400, "POST", "/v1/subscribers", bodies[i]);
		assert_asked(o, 400, "PUT", "/v1/grants", bodies[i]);
		assert_string_equal(o->type, "application/problem+json");
	}
	assert_asked(o, 200, "GET", "/v1/subscribers", NULL);
	assert_string_equal(operator_said(o), "{\"items\":[]}\n");
}

/* What a page of another site can make a browser send is not taken. */
static void test_only_json_is_read(void **state)
{
	static const char *const types[] = {"text/plain", "application/x-www-form-urlencoded",
		"application/jsonx", "application/jso", ""};
	struct authz_flow *o = *state;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const struct http_field field = {view_text("Content-Type"), view_text(types[i])};

		assert_int_equal(operator_ask_with(o, "POST", "/v1/subscribers", &field, 1, ALICE),
			415);
	}
	assert_int_equal(operator_ask_with(o, "POST", "/v1/subscribers", NULL, 0, ALICE), 415);
	const struct http_field fine = {view_text("content-type"),
		view_text("Application/JSON; charset=utf-8")};

	assert_int_equal(operator_ask_with(o, "POST", "/v1/subscribers", &fine, 1, ALICE), 201);
}

static void test_too_large(void **state)
{
	enum { LARGE = 80 * 1024 };
	struct authz_flow *o = *state;
	char *text = malloc(LARGE + 1);

	assert_non_null(text);
	memset(text, ' ', LARGE);
	text[LARGE] = '\0';
	assert_asked(o, 413, "POST", "/v1/subscribers", text);
	memset(text, 'a', 300);
	memcpy(text, "{\"id\":\"bob\",\"verification\":\"none\",\"name\":\"", 42);
	text[310] = '"';
	text[311] = '}';
	text[312] = '\0';
	assert_asked(o, 400, "POST", "/v1/subscribers", text);
	memset(text, 'a', 2000);
	memcpy(text, "/v1/subscribers/", 16);
	text[2000] = '\0';
	assert_asked(o, 400, "GET", text, NULL);
	memset(text, 'a', 20000);
	memcpy(text, "/v1/subscribers/", 16);
	text[20000] = '\0';
	assert_true(operator_ask(o, "GET", text, NULL) >= 414);
	free(text);
	assert_asked(o, 200, "GET", "/v1/status", NULL);
}

static void test_paths(void **state)
{
	static const char *const paths[] = {"/v1/subscribers/%00", "/v1/subscribers/%2e%2e",
		"/v1/subscribers/%zz", "/v1/subscribers/a%2Fb", "/v1/devices/%",
		"/v1/devices/'%20OR%20''='@realm.example", "/v1/asps/%ff%fe",
		"/v1/applications/%20"};
	struct authz_flow *o = *state;

	operator_provision(o);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_asked(o, 400, "DELETE", paths[i], NULL);
	}
	assert_asked(o, 200, "GET", "/v1/devices/" OPERATOR_CLIENT, NULL);
	assert_asked(o, 404, "GET", "/", NULL);
	assert_asked(o, 404, "GET", "/v1/subscribers/a/b", NULL);
	assert_asked(o, 404, "GET", "/v1/subscribers//", NULL);
	assert_asked(o, 405, "DELETE", "/v1/status", NULL);
}

/* ---- a store that is away ---- */

/* The disk takes no more: nothing is half done, and later it works.  req: B9.2.2-a */
static void test_the_disk_is_full(void **state)
{
	struct authz_flow *o = *state;
	struct rlimit before, small;

	assert_asked(o, 201, "POST", "/v1/subscribers", ALICE);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){4096, before.rlim_max};
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	unsigned status = operator_ask(o, "POST", "/v1/subscribers",
		"{\"id\":\"bob\",\"verification\":\"none\"}");
	unsigned reading = operator_ask(o, "GET", "/v1/subscribers/alice", NULL);

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	(void)signal(SIGXFSZ, handler);
	assert_int_equal(reading, 200);
	assert_int_equal(status, 503);
	assert_asked(o, 404, "GET", "/v1/subscribers/bob", NULL);
	assert_asked(o, 201, "POST", "/v1/subscribers",
		"{\"id\":\"bob\",\"verification\":\"none\"}");
}

/* 503 says when to come back. */
static void test_too_many_at_once(void **state)
{
	struct authz_flow *o = *state;
	const size_t ceiling = (size_t)o->conf.operator_connections * 4;
	pool_ref refs[4096];
	void *slot;

	assert_true(ceiling <= sizeof(refs) / sizeof(refs[0]));
	for (size_t i = 0; i < ceiling; i++) {
		assert_ok(pool_take(o->authz.calls, &refs[i], &slot));
	}
	assert_asked(o, 503, "GET", "/v1/status", NULL);
	assert_string_equal(o->retry_after, "1");
	assert_answer(o, "nothing was done");
	for (size_t i = 0; i < ceiling; i++) {
		pool_give(o->authz.calls, refs[i]);
	}
	assert_asked(o, 200, "GET", "/v1/status", NULL);
}

/* ---- those who go ---- */

static const struct http_field json_type = {{(const uint8_t *)"Content-Type", 12},
	{(const uint8_t *)"application/json", 16}};

static bool is_under_way(struct authz_flow *o)
{
	return pool_count(o->authz.calls) > 0;
}

/* What was asked is done or not, but nobody's answer goes astray. */
static void test_a_client_leaves(void **state)
{
	struct authz_flow *o = *state;
	struct http_call *call = operator_begin(o, "POST", "/v1/subscribers", &json_type, 1, ALICE);

	while (!is_under_way(o)) {
		loop_turn(o->loop, 10);
	}
	http_call_cancel(call);
	while (is_under_way(o)) {
		loop_turn(o->loop, 10);
	}
	assert_asked(o, 200, "GET", "/v1/subscribers/alice", NULL);
}

static void test_the_node_stops_in_between(void **state)
{
	struct authz_flow *o = *state;
	char body[256];

	assert_asked(o, 201, "POST", "/v1/subscribers", ALICE);
	(void)snprintf(body, sizeof(body),
		"{\"client\":\"" OPERATOR_CLIENT "\",\"subscriber\":\"alice\",\"k\":\"" OPERATOR_K
		"\",\"opc\":\"" OPERATOR_OPC "\"}");
	(void)operator_begin(o, "POST", "/v1/devices", &json_type, 1, body);
	while (!is_under_way(o)) {
		loop_turn(o->loop, 10);
	}
	api_shut_down(&o->authz); /* the vault and the store still answer */
	operator_wait(o, &o->done);
	assert_true(o->status == 503 || o->result != OK);
	operator_restart(o);
	unsigned status = operator_ask(o, "GET", "/v1/devices/" OPERATOR_CLIENT, NULL);

	assert_true(status == 200 || status == 404);
}

#define WITH_HTTPS(name) cmocka_unit_test_setup_teardown(name, open_https, close_https)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OPERATOR(test_another_user_is_refused),
		WITH_HTTPS(test_a_certificate_that_is_listed),
		WITH_HTTPS(test_a_certificate_that_is_not),
		WITH_HTTPS(test_no_certificate),
		WITH_HTTPS(test_operators_are_reloaded),
		WITH_OPERATOR(test_bodies_that_are_no_objects),
		WITH_OPERATOR(test_only_json_is_read),
		WITH_OPERATOR(test_too_large),
		WITH_OPERATOR(test_paths),
		WITH_OPERATOR(test_the_disk_is_full),
		WITH_OPERATOR(test_too_many_at_once),
		WITH_OPERATOR(test_a_client_leaves),
		WITH_OPERATOR(test_the_node_stops_in_between),
	};

	return RUN_TESTS(tests);
}
