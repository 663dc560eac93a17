// SPDX-License-Identifier: Apache-2.0
/* operator: an authorization element without its Diameter node, in this process, and an operator who asks it. */
#pragma once

#include "authz/authz.h"
#include "fake_env.h"
#include "net/http_client.h"

struct authz_flow {
	char dir[64];
	struct fake_env env;
	struct loop *loop;
	struct authz_conf conf;
	struct authz authz;
	size_t started; /* parts of authz_program */
	struct http_client *client;

	/* the last answer */
	unsigned status;
	struct buf body;
	char type[64], retry_after[16], allow[64];
	enum err result;
	bool done;
};

extern const char *operator_store; /* URL of its database; NULL: SQLite, in DIR */
extern const char *operator_realm; /* of those that are started from now on; NULL: realm.example */
/* `more`: YAML lines beside those that every test wants; the socket is DIR/authz.sock. */
void operator_start(struct authz_flow *o, const char *more);
void operator_restart(struct authz_flow *o); /* over the same store */
void operator_stop(struct authz_flow *o);
/* Asks at another door from now on, or at the same one anew. */
void operator_connect(struct authz_flow *o, const char *address, const char *host, struct tls *tls);

/* Sends and does not wait. */
struct http_call *operator_begin(struct authz_flow *o, const char *method, const char *target,
	const struct http_field *fields, size_t count, const char *body);
/* Asks and waits. `body` NULL: none; else it is sent as application/json. Gives the status. */
unsigned operator_ask(struct authz_flow *o, const char *method, const char *target,
	const char *body);
/* The same with fields of one's own. */
unsigned operator_ask_with(struct authz_flow *o, const char *method, const char *target,
	const struct http_field *fields, size_t count, const char *body);
const char *operator_said(struct authz_flow *o);
/* Turns the loop until `flag` is set; the test fails after 10 s. */
void operator_wait(struct authz_flow *o, const bool *flag);

#define WITH_OPERATOR(name) cmocka_unit_test_setup_teardown(name, operator_open, operator_close)
int operator_open(void **state); /* *state is a struct authz_flow without further options */
int operator_close(void **state);

#define assert_asked(o, want, ...)                                                                 \
	do {                                                                                       \
		unsigned test_status = operator_ask((o), __VA_ARGS__);                             \
		if (test_status != (want)) {                                                       \
			fail_msg("%u: %s", test_status, operator_said(o));                         \
		}                                                                                  \
	} while (0)
#define assert_answer(o, words)                                                                    \
	do {                                                                                       \
		if (!strstr(operator_said(o), (words))) {                                          \
			fail_msg("\"%s\" does not say \"%s\"", operator_said(o), (words));         \
		}                                                                                  \
	} while (0)

#define OPERATOR_CLIENT "001010123456789@realm.example"
#define OPERATOR_ASP	"cin:U72200KA2001PTC028000"
/* TS 35.208 test set 1 */
#define OPERATOR_K   "465b5ce8b199b49faa5f0a2ee238a6bc"
#define OPERATOR_OP  "cdc202d5123e20f62b6d676ac72cb318"
#define OPERATOR_OPC "cd63cb71954a9f4e48a5994e37a02baf"

/* A subscriber alice, her device, an ASP, its application app.example, and the permission. */
void operator_provision(struct authz_flow *o);
