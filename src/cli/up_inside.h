// SPDX-License-Identifier: Apache-2.0
/*
 * up_inside: what the files of `symbolon up` share: up.c (from the beginning to the end), site.c (the processes of a realm),
 * hierarchy.c (those of the trust registries), up_print.c (what is shown), up_commands.c (commands that run), up_suggest.c (what
 * to try), and flow_*.c: each flow of Y.3056 clause 10, and of Y.3059 clause 9, as it is shown, a file each.
 */
#pragma once

#include "cli/process.h"
#include "cli/realm.h"
#include "cli/walk.h"
#include "net/loop.h"

/* The processes of a realm, in the order of starting; stopped backwards. */
enum node_index { AUTHZ, AUTHN, HELLO, GATEWAY, NODES };

struct node {
	struct site *site;
	const char *name; /* of its .ready and .yaml */
	struct process *process;
	bool ended;
	int status;
	char actor[16]; /* in what is shown */
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

/* One operator, with its nodes. */
struct site {
	struct up *up;
	const char *mark; /* before the names of its nodes: see site_mark() */
	struct realm realm;
	struct node nodes[NODES];
};

enum { FIRST, OTHER, SITES };

/* The registries of the walk, parents before children. */
enum {
	GEOGRAPHICAL,
	SECTORAL_TELECOM,
	SECTORAL_ENERGY,
	PRIMARY, /* the one that the walk's devices are registered at */
	PRIMARY_SECOND,
	PRIMARY_ENERGY,
	REGISTRIES
};

struct trust_registry {
	struct node node;
	char name[40];	       /* of its files, in the folder: "reg/IN.TEL.P01" */
	char host[REALM_NAME]; /* in its certificate */
	char api[REALM_ADDRESS];
	char rp_d[REALM_ADDRESS], coap[REALM_ADDRESS]; /* of a primary one */
};

struct up {
	const struct env *env;
	struct loop *loop;
	struct site sites[SITES];
	struct trust_registry registries[REGISTRIES]; /* a trusted application of the first realm */
	struct walk *walk;
	bool once, json, stop;
	const char *dir, *name, *other_name, *rp_c, *rp_d;
	const char *demo;      /* the one flow that is shown; NULL: all */
	bool have_joined;      /* each registry its parent, in this run */
	bool things_are_ready; /* devices are registered, in this run */
	bool is_advised;       /* and there is an advisory for one of them */
	int run; /* how often the walk was begun here: names that must be new have it */
	const char *device_actor; /* "new:device": what devices say of nodes is of the new operator's */
	struct command command; /* the last one that was waited for */
};

/* --- site.c --- */

/* Folders, keys and certificates of both; then their nodes, as each part of a realm needs the ones before. */
enum err sites_open(struct up *up);
enum err site_start_authz(struct site *site);
enum err site_start_authn(struct site *site);
enum err site_start_gateway(struct site *site); /* and the application behind it */
/* Before the names of its nodes from now on: "", "old:", "new:". */
void site_mark(struct site *site, const char *mark);
enum err sites_check(const struct up *up); /* ERR_UNAVAILABLE: a node has ended */
void sites_stop(struct up *up);

/* Starts a program of the site's, with DIR/NAME.yaml; then waits until it has written where it listens. */
enum err node_start(struct site *site, struct node *node, const char *name, const char *program);
enum err node_wait(const struct node *node, const char *member, char *ret, size_t room);
enum err node_say_ended(const struct node *node); /* fails, and says where its log is */
void node_stop(struct node *node);		  /* waits until it has ended, and kills it else */

/* --- hierarchy.c --- */

/* The RegID of one of them. */
const char *registry_id(size_t index);
size_t registry_parent(size_t index); /* of one that is not at the top */
/* What the realm is configured with of them; before its nodes start. */
enum err hierarchy_name(struct up *up);
/* Keys, certificates and configurations of all, then the processes, all at a time. Nothing when they are up. */
enum err hierarchy_start(struct up *up);
enum err hierarchy_check(const struct up *up);
void hierarchy_stop(struct up *up);
/* Each asks its parent, and is taken in; nothing of those that were before. flow_set_up.c */
enum err hierarchy_join(struct up *up);
/* `symbolon registry ...` at the socket of one of them. */
enum err up_administer(struct up *up, size_t index, const char *const *words);
/* The same over HTTPS, by whoever it is; and the words that such a command begins with, to which more may be appended. */
struct enquiry_words {
	char url[REALM_NAME + 16], authority[PATH_MAX];
};
size_t up_enquiry(const struct up *up, size_t index, struct enquiry_words *words, const char **argv);
enum err up_enquire(struct up *up, size_t index, const char *const *words);
/* Waits until an event is part of a registry's log. ERR_NOT_FOUND. */
enum err up_await_event(struct up *up, const char *event, size_t index);
#define ENQUIRE(up, index, ...)                                                                    \
	TRY(up_enquire((up), (index), (const char *const[]){__VA_ARGS__, NULL}))
#define ADMINISTER(up, index, ...)                                                                 \
	TRY(up_administer((up), (index), (const char *const[]){__VA_ARGS__, NULL}))

/* --- up_print.c --- */

/* Words for people: not with --json. */
void up_say(const struct up *up, const char *format, ...) PRINTF_LIKE(2, 3);
void up_heading(const struct up *up, const char *words);
bool up_in_colour(void);
/* As a person can copy it, after up_print_folder(): whole, but for what makes it log; files from the realm's folder; broken
 * between options. `into`: the file that its output goes to; NULL: none. */
void up_print_command(const struct up *up, const char *const *argv, const char *into);
/* What the last command wrote; lines are cut where a screen ends. */
void up_print_output(struct up *up);
/* What it has to say against it, in whole sentences. */
void up_print_errors(struct up *up);
/* Of its output the last line with this text in it. ERR_NOT_FOUND. */
enum err up_print_last(struct up *up, const char *having);
/* Where those lines are to be typed. */
void up_print_folder(const struct up *up);

/* --- up_commands.c --- */

/* Runs it to its end, which must be `status`; what it wrote is in up->command. */
enum err up_command(struct up *up, int status, const char *const *argv);
/* The same, shown first. */
enum err up_type(struct up *up, int status, const char *const *argv);
/* The same, and what it wrote is kept in a file. */
enum err up_type_into(struct up *up, const char *const *argv, const char *path);
/* `symbolon ...` on the operator's socket. */
enum err up_operate(struct site *site, const char *const *words);
/* `symbolon ...` at the operator's portal: a subscriber by the file of a session, an ASP by its certificate, or nobody yet. */
struct visitor {
	const char *session, *certificate, *key;
};
enum err up_visit(struct site *site, const struct visitor *who, const char *const *words);
#define OPERATE(site, ...)    TRY(up_operate((site), (const char *const[]){__VA_ARGS__, NULL}))
#define VISIT(site, who, ...) TRY(up_visit((site), (who), (const char *const[]){__VA_ARGS__, NULL}))
#define TYPE(up, status, ...) TRY(up_type((up), (status), (const char *const[]){__VA_ARGS__, NULL}))
/* A subscriber signs in, with a password that the operator has set; the session is in a file. */
enum err up_sign_in(struct site *site, const char *subscriber, char ret_session[PATH_MAX]);
/* A member of the JSON that the last command wrote. ERR_NOT_FOUND, ERR_SYNTAX. */
enum err up_member(struct up *up, const char *name, char *ret, size_t room);
/* Starts it and goes on; command_stop() must follow. */
enum err command_start(struct up *up, struct command *command, const char *const *argv);
void command_stop(struct command *command);
/* Turns the loop until it has ended, or written `wanted` to standard output (NULL: only the end). ERR_TIMEOUT, ERR_CLOSED. */
enum err command_wait(struct command *command, const char *wanted);

/* Forgets what was seen, under a heading. */
void up_begin(struct up *up, const char *words);
/* A step that no log tells. */
void up_step(struct up *up, const char *clause, const char *actor, const char *words);
/* Waits for a step that a log tells. ERR_NOT_FOUND. */
enum err up_await(struct up *up, const char *clause, const char *event);
/* Shows the steps that were seen since; the one that is named must be among them. */
enum err up_show(struct up *up, const char *clause, const char *event);
/* The same, of one chapter: what bootstraps in between have to say is left out. */
enum err up_show_only(struct up *up, const char *chapter, const char *clause, const char *event);

/* --- the devices of the walk, flow_device.c --- */

struct walker {
	const char *folder, *client, *subscriber;
	const char *device; /* the URN of the device that the client is in; NULL: not told */
};
enum { WALKER, REFUSED_WALKER, WALKERS };
void walkers(const struct up *up, struct walker ret[WALKERS]);
/* A fresh K and OPc in a file that only we can read, for both ends; removed when both have it. */
enum err write_new_key(const struct up *up, const char *path);
/* Subscriber, key, and a device that configures itself from the realm's document; left alone where it is there. */
enum err provision_device(struct site *site, const struct walker *walker);
enum err bootstrap(struct up *up, const struct walker *walker, int status);

/* --- the flows, in the order of clause 10; then Y.3059's, of its clause 9 --- */

struct flow {
	const char *name, *title;
	enum err (*show)(struct up *up);
};
extern const struct flow flows[];
extern const size_t flow_count;
const struct flow *flow_find(const char *name); /* NULL */

enum err flow_exposure(struct up *up);
enum err flow_on_boarding(struct up *up);
enum err flow_extension(struct up *up);
enum err flow_tokens(struct up *up);
enum err flow_own_key(struct up *up);
enum err flow_session(struct up *up);
enum err flow_withdrawal(struct up *up);
enum err flow_change_symmetric(struct up *up);
enum err flow_change_asymmetric(struct up *up);

/* What to try next. */
void up_suggest(const struct up *up);
enum err flow_set_up(struct up *up);
enum err flow_registration(struct up *up);
enum err flow_interrogation(struct up *up);
enum err flow_notification(struct up *up);
