// SPDX-License-Identifier: Apache-2.0
/* operator: an authorization element without its Diameter node, in this process, and an operator who asks it. */
#pragma once

#include "authz/authz.h"
#include "fake_env.h"
#include "net/http_client.h"

struct operator
{
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

/* `more`: YAML lines beside those that every test wants; the socket is DIR/authz.sock. */
void operator_start(struct operator* o, const char *more);
void operator_restart(struct operator* o); /* over the same store */
void operator_stop(struct operator* o);

/* Asks and waits. `body` NULL: none; else it is sent as application/json. Gives the status. */
unsigned operator_ask(struct operator* o, const char *method, const char *target, const char *body);
/* The same with fields of one's own. */
unsigned operator_ask_with(struct operator* o, const char *method, const char *target,
	const struct http_field *fields, size_t count, const char *body);
const char *operator_said(struct operator* o);
/* Turns the loop until `flag` is set; the test fails after 10 s. */
void operator_wait(struct operator* o, const bool *flag);
