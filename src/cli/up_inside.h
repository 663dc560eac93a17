// SPDX-License-Identifier: Apache-2.0
/*
 * up_inside: what the files of `symbolon up` share: up.c (the nodes' life), up_commands.c (commands as a person would
 * type them), up_flows.c (the flows that are shown).
 */
#pragma once

#include "cli/process.h"
#include "cli/realm.h"
#include "cli/walk.h"
#include "net/loop.h"

/* The processes of a realm, in the order of starting; stopped backwards. */
enum node_index { AUTHZ, AUTHN, HELLO, GATEWAY, NODES };

struct node {
	struct up *up;
	const char *name; /* of its .ready and .yaml */
	struct process *process;
	bool ended;
	int status;
};

/* A command that runs, or has run. */
struct command {
	struct up *up;
	struct process *process;
	bool ended;
	int status;
	int64_t ended_us;	   /* when, by the steady clock */
	struct buf output, errors; /* what it wrote; steps of the walk are not among the errors */
};

struct up {
	const struct env *env;
	struct loop *loop;
	struct realm realm;
	struct walk *walk;
	struct node nodes[NODES];
	bool once, json, stop;
	const char *dir, *name, *rp_c, *rp_d;
	struct command command; /* the last one that was waited for */
};

/* Words for people: not with --json. */
void up_say(const struct up *up, const char *format, ...) PRINTF_LIKE(2, 3);
void up_heading(const struct up *up, const char *words);
bool up_in_colour(void);

/* Runs it to its end, which must be `status`; what it wrote is in up->command. */
enum err up_command(struct up *up, int status, const char *const *argv);
/* `symbolon ...` on the operator's socket, shown without the socket. */
enum err up_operate(struct up *up, const char *const *words);
/* Starts it and goes on; command_stop() must follow. */
enum err command_start(struct up *up, struct command *command, const char *const *argv);
void command_stop(struct command *command);
/* Turns the loop until it has ended, or written `wanted` to standard output (NULL: only the end). ERR_TIMEOUT, ERR_CLOSED. */
enum err command_wait(struct command *command, const char *wanted);

/* Subscriber, devices, ASP, application, permission: as the operator would, by commands. */
enum err up_provision(struct up *up);
/* Clauses 10.4 and 10.5, and what ends and renews them; printed as they are seen in the nodes' logs. */
enum err up_walk(struct up *up);
/* What to try next. */
void up_suggest(const struct up *up);
