// SPDX-License-Identifier: Apache-2.0
/* registry: a trust registry in this process, and its administrator who asks it. */
#pragma once

#include "fake_env.h"
#include "net/http_client.h"
#include "registry/ledger/ledger.h"
#include "registry/registry.h"

struct registry_flow {
	char dir[64];
	struct fake_env env;
	struct loop *loop;
	struct registry_conf conf;
	struct registry registry;
	size_t started; /* parts of registry_program */
	struct http_client *client;

	/* the last answer */
	unsigned status;
	struct buf body;
	char type[64], allow[64];
	enum err result;
	bool done;

	/* the last unit that was submitted with registry_log() */
	enum err logged;
	int64_t seq;
};

extern const char *registry_flow_host;	/* node.host; NULL: registry.example */
extern const char *registry_flow_store; /* URL of its database; NULL: SQLite, in DIR */
/* A primary registry IN.TEL.P01, unless `id` says otherwise. `more`: YAML lines beside those that every test wants; the
 * socket is DIR/api.sock, the administrator's. */
void registry_flow_start(struct registry_flow *r, const char *id, const char *more);
void registry_flow_restart(struct registry_flow *r); /* over the same store */
void registry_flow_stop(struct registry_flow *r);
/* Asks at another door from now on. */
void registry_flow_connect(struct registry_flow *r, const char *address, const char *host,
	struct tls *tls);

/* Asks and waits. `body` NULL: none; else it is sent as application/json. Gives the status. */
unsigned registry_ask(struct registry_flow *r, const char *method, const char *target,
	const char *body);
unsigned registry_ask_with(struct registry_flow *r, const char *method, const char *target,
	const struct http_field *fields, size_t count, struct view body);
/* The same, without a body, of what may get no answer. */
enum err registry_try(struct registry_flow *r, const char *method, const char *target);
const char *registry_said(struct registry_flow *r);
/* Turns the loop until `flag` is set; the test fails after 10 s. */
void registry_wait(struct registry_flow *r, const bool *flag);
/* A `done` for ledger_submit() with the flow as its user: sets logged, seq and done. */
ledger_done registry_on_logged;
/* Logs an event of our own and waits: its seq. */
int64_t registry_log(struct registry_flow *r, enum event_kind kind, const char *subject,
	const char *record);

#define WITH_REGISTRY(name)                                                                        \
	cmocka_unit_test_setup_teardown(name, registry_flow_open, registry_flow_close)
int registry_flow_open(void **state); /* *state is a struct registry_flow without further options */
int registry_flow_close(void **state);

#define assert_registry(r, want, ...)                                                              \
	do {                                                                                       \
		unsigned test_status = registry_ask((r), __VA_ARGS__);                             \
		if (test_status != (want)) {                                                       \
			fail_msg("%u: %s", test_status, registry_said(r));                         \
		}                                                                                  \
	} while (0)
#define assert_registry_said(r, words)                                                             \
	do {                                                                                       \
		if (!strstr(registry_said(r), (words))) {                                          \
			fail_msg("\"%s\" does not say \"%s\"", registry_said(r), (words));         \
		}                                                                                  \
	} while (0)
