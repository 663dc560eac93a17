// SPDX-License-Identifier: Apache-2.0
#include "cli/up.h"

#include "base/secret.h"
#include "base/text.h"
#include "cli/up_inside.h"
#include "net/loop.h"
#include "wire/json.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READY_MS = 20000, STOP_MS = 8000 };

static enum err start_authz(struct up *up);
static enum err start_others(struct up *up);
static enum err stay(struct up *up);
static void stop_all(struct up *up);

/* --- processes --- */

static void on_node_line(void *user, struct view line)
{
	walk_line(((struct node *)user)->up->walk, line);
}

static void on_node_ended(void *user, int status)
{
	struct node *node = user;

	node->ended = true;
	node->status = status;
}

static const struct process_on node_on = {on_node_line, NULL, on_node_ended};

static enum err start_node(struct up *up, enum node_index index, const char *name,
	const char *const *argv)
{
	struct node *node = &up->nodes[index];
	char file[64], path[PATH_MAX], log[PATH_MAX];

	*node = (struct node){.up = up, .name = name};
	(void)snprintf(file, sizeof(file), "%s.ready", name);
	(void)unlink(realm_path(&up->realm, file, path));
	(void)snprintf(file, sizeof(file), "logs/%s.log", name);
	return process_start(up->loop, argv, realm_path(&up->realm, file, log), &node_on, node,
		&node->process);
}

/* Waits until the node has written where it listens. */
static enum err wait_ready(struct up *up, enum node_index index, const char *member, char *ret,
	size_t room)
{
	const struct node *node = &up->nodes[index];
	int64_t deadline = loop_now(up->loop) + READY_MS;

	while (!up->stop && loop_now(up->loop) < deadline) {
		TRY(realm_ready(&up->realm, node->name, member, ret, room));
		if (ret[0]) {
			return OK;
		}
		if (node->ended) {
			return err_fail(ERR_UNAVAILABLE,
				"%s ended with status %d; see %s/logs/%s.log", node->name,
				node->status, up->realm.dir, node->name);
		}
		loop_turn(up->loop, 10);
	}
	return err_fail(ERR_TIMEOUT, "%s did not get ready; see %s/logs/%s.log", node->name,
		up->realm.dir, node->name);
}

static enum err start_daemon(struct up *up, enum node_index index, const char *name,
	const char *program)
{
	char file[64], yaml[PATH_MAX], ready[PATH_MAX];

	(void)snprintf(file, sizeof(file), "%s.yaml", name);
	realm_path(&up->realm, file, yaml);
	(void)snprintf(file, sizeof(file), "%s.ready", name);
	realm_path(&up->realm, file, ready);
	const char *const argv[] = {program, "--config", yaml, "--ready-file", ready, NULL};

	return start_node(up, index, name, argv);
}

static enum err start_hello(struct up *up)
{
	char ready[PATH_MAX];

	realm_path(&up->realm, "hello.ready", ready);
	const char *const argv[] = {"symbolon-hello", "--listen", up->realm.backend, "--ready-file",
		ready, NULL};

	return start_node(up, HELLO, "hello", argv);
}

static void say_up(const struct up *up, const char *what, const char *node, const char *where)
{
	up_say(up, "  %-42s %-28s %s\n", what, node, where);
}

static enum err start_authz(struct up *up)
{
	struct realm *realm = &up->realm;

	up_heading(up, "Starting the realm: who authorises");
	TRY(realm_configure_authz(realm));
	TRY(start_daemon(up, AUTHZ, "authz", "symbolon-authz"));
	TRY(wait_ready(up, AUTHZ, "rp_b", realm->rp_b, REALM_ADDRESS));
	TRY(realm_ready(realm, "authz", "operator", realm->operator_api, REALM_ADDRESS));
	say_up(up, "authorization element (9.2), RP_B", realm->authz, realm->rp_b);
	return OK;
}

static enum err start_others(struct up *up)
{
	struct realm *realm = &up->realm;

	up_heading(up,
		"Starting the realm: who authenticates, and an application behind its element");
	TRY(realm_configure_authn(realm));
	TRY(start_daemon(up, AUTHN, "authn", "symbolon-authn"));
	TRY(wait_ready(up, AUTHN, "rp_c", realm->rp_c, REALM_ADDRESS));
	TRY(realm_ready(realm, "authn", "rp_a", realm->rp_a, REALM_ADDRESS));
	say_up(up, "authentication element (9.1), RP_C", realm->authn, realm->rp_c);
	TRY(start_hello(up));
	TRY(wait_ready(up, HELLO, "listen", realm->backend, REALM_ADDRESS));
	say_up(up, "sample application, plain HTTP", "symbolon-hello", realm->backend);
	TRY(realm_configure_gateway(realm));
	TRY(start_daemon(up, GATEWAY, "gateway", "symbolon-gateway"));
	TRY(wait_ready(up, GATEWAY, "rp_d", realm->rp_d, REALM_ADDRESS));
	say_up(up, "application element (8.3) before it, RP_D", realm->element, realm->rp_d);
	TRY(realm_write_endpoints(realm));
	up_say(up, "  all of it is in %s (endpoints.json, logs, certificates of a throw-away CA)\n",
		realm->dir);
	return OK;
}

static enum err stay(struct up *up)
{
	while (!up->stop) {
		loop_turn(up->loop, 500);
		for (size_t i = 0; i < NODES; i++) {
			const struct node *node = &up->nodes[i];

			if (node->ended) {
				return err_fail(ERR_UNAVAILABLE,
					"%s ended with status %d; see %s/logs/%s.log", node->name,
					node->status, up->realm.dir, node->name);
			}
		}
	}
	up_say(up, "\nStopping.\n");
	return OK;
}

static void stop_all(struct up *up)
{
	for (size_t i = NODES; i-- > 0;) {
		struct node *node = &up->nodes[i];
		int64_t deadline = loop_now(up->loop) + STOP_MS;

		process_stop(node->process);
		while (node->process && !node->ended && loop_now(up->loop) < deadline) {
			loop_turn(up->loop, 20);
		}
		process_free(node->process);
		node->process = NULL;
	}
}

/* --- main --- */

static enum err run(struct up *up)
{
	struct realm *realm = &up->realm;

	TRY(realm_open(up->env, up->dir, up->name, realm));
	(void)snprintf(realm->rp_b, REALM_ADDRESS, "127.0.0.1:0");
	(void)snprintf(realm->rp_a, REALM_ADDRESS, "127.0.0.1:0");
	(void)snprintf(realm->operator_api, REALM_ADDRESS, "127.0.0.1:0");
	(void)snprintf(realm->backend, REALM_ADDRESS, "127.0.0.1:0");
	(void)snprintf(realm->rp_c, REALM_ADDRESS, "%.63s", up->rp_c);
	(void)snprintf(realm->rp_d, REALM_ADDRESS, "%.63s", up->rp_d);
	TRY(start_authz(up));
	TRY(up_provision(up));
	TRY(start_others(up));
	TRY(up_walk(up));
	if (up->once) {
		return OK;
	}
	up_suggest(up);
	return stay(up);
}

static void on_signal(void *user, int number)
{
	(void)number;
	((struct up *)user)->stop = true;
}

static const char help[] =
	"symbolon up: a whole realm of ITU-T Y.3056 on the loopback, walked through once\n"
	"\n"
	"  --dir DIR      where its data is kept (symbolon-realm); a second start goes on with it\n"
	"  --once         end after the walk, with its status\n"
	"  --json         steps as JSON, one object a line, and nothing else\n"
	"  --realm NAME   the realm's FQDN (realm.example)\n"
	"  --rp-c ADDR    where devices bootstrap (127.0.0.1:0: a free port)\n"
	"  --rp-d ADDR    where the application is reached (127.0.0.1:0)\n";

static int parse(struct up *up, int argc, char **argv)
{
	static const struct option options[] = {{"dir", required_argument, NULL, 'd'},
		{"once", no_argument, NULL, 'o'}, {"json", no_argument, NULL, 'j'},
		{"realm", required_argument, NULL, 'r'}, {"rp-c", required_argument, NULL, 'c'},
		{"rp-d", required_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}, {0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			up->dir = optarg;
			break;
		case 'o':
			up->once = true;
			break;
		case 'j':
			up->json = true;
			break;
		case 'r':
			up->name = optarg;
			break;
		case 'c':
			up->rp_c = optarg;
			break;
		case 'a':
			up->rp_d = optarg;
			break;
		case 'h':
			(void)fputs(help, stdout);
			return 0;
		default:
			(void)fputs("try `symbolon up --help`\n", stderr);
			return 2;
		}
	}
	return -1;
}

static enum err prepare(struct up *up)
{
	TRY(loop_new(up->env, &up->loop));
	TRY(walk_new(&up->walk));
	TRY(loop_on_signal(up->loop, SIGINT, on_signal, up));
	return loop_on_signal(up->loop, SIGTERM, on_signal, up);
}

int up_main(int argc, char **argv)
{
	struct up up = {
		.env = &env_system,
		.realm.lock = -1,
		.dir = "symbolon-realm",
		.name = "realm.example",
		.rp_c = "127.0.0.1:0",
		.rp_d = "127.0.0.1:0",
		.command.ended = true,
	};
	int status = parse(&up, argc, argv);

	if (status >= 0) {
		return status;
	}
	enum err err = prepare(&up);

	if (err == OK) {
		err = run(&up);
	}
	if (err != OK && !up.stop) {
		(void)fprintf(stderr, "symbolon up: %s\n", err_detail());
	}
	if (up.loop) {
		stop_all(&up);
		loop_free(up.loop);
	}
	command_stop(&up.command);
	realm_close(&up.realm);
	walk_free(up.walk);
	return err == OK || (up.stop && !up.once) ? 0 : 1;
}
