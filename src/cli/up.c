// SPDX-License-Identifier: Apache-2.0
#include "cli/up.h"

#include "base/secret.h"
#include "base/text.h"
#include "cli/process.h"
#include "cli/realm.h"
#include "cli/walk.h"
#include "net/loop.h"
#include "wire/json.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READY_MS = 20000, STOP_MS = 8000, COMMAND_MS = 30000, SETTLE_MS = 3000, ARGS_MAX = 24 };

/* The processes of a realm, in the order of starting; stopped backwards. */
enum node_index { AUTHZ, AUTHN, HELLO, GATEWAY, NODES };

struct node {
	struct up *up;
	const char *name; /* of its .ready and .yaml */
	struct process *process;
	bool ended;
	int status;
};

struct up {
	const struct env *env;
	struct loop *loop;
	struct realm realm;
	struct walk *walk;
	struct node nodes[NODES];
	bool once, json, stop;
	const char *dir, *name, *rp_c, *rp_d;
	/* the command that runs now */
	bool command_ended;
	int command_status;
	struct buf command_output, command_lines;
};

static enum err run(struct up *up);
static enum err start_all(struct up *up);
static enum err provision(struct up *up);
static enum err bootstrap_and_connect(struct up *up);
static void print_suggestions(const struct up *up);
static enum err stay(struct up *up);
static void stop_all(struct up *up);

static void say(const struct up *up, const char *format, ...) PRINTF_LIKE(2, 3);

/* Words for people: not with --json. */
static void say(const struct up *up, const char *format, ...)
{
	va_list args;

	if (up->json) {
		return;
	}
	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
	(void)fflush(stdout);
}

static bool colour(void)
{
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

static void heading(const struct up *up, const char *words)
{
	say(up, colour() ? "\n\033[1m%s\033[0m\n" : "\n%s\n", words);
}

/* --- processes --- */

static void on_node_line(void *user, struct view line)
{
	walk_line(((struct node *)user)->up->walk, line);
}

static void on_node_ended(void *user, int status, struct view output)
{
	struct node *node = user;

	(void)output;
	node->ended = true;
	node->status = status;
}

static const struct process_on node_on = {on_node_line, on_node_ended};

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
	say(up, "  %-42s %-28s %s\n", what, node, where);
}

static enum err start_all(struct up *up)
{
	struct realm *realm = &up->realm;

	heading(up, "Starting the realm");
	TRY(realm_configure_authz(realm));
	TRY(start_daemon(up, AUTHZ, "authz", "symbolon-authz"));
	TRY(wait_ready(up, AUTHZ, "rp_b", realm->rp_b, REALM_ADDRESS));
	TRY(realm_ready(realm, "authz", "operator", realm->operator_api, REALM_ADDRESS));
	say_up(up, "authorization element (9.2), RP_B", realm->authz, realm->rp_b);
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
	say(up, "  all of it is in %s (endpoints.json, logs, certificates of a throw-away CA)\n",
		realm->dir);
	return OK;
}

/* --- commands, as a person would type them --- */

static void on_command_line(void *user, struct view line)
{
	struct up *up = user;

	walk_line(up->walk, line);
	if (line.len > 0 && line.data[0] != '{') {
		buf_view(&up->command_lines, line);
		buf_u8(&up->command_lines, '\n');
	}
}

static void on_command_ended(void *user, int status, struct view output)
{
	struct up *up = user;

	up->command_ended = true;
	up->command_status = status;
	buf_view(&up->command_output, output);
}

static const struct process_on command_on = {on_command_line, on_command_ended};

/* Runs it to its end; its standard output is in up->command_output then. */
static enum err command(struct up *up, const char *const *argv)
{
	struct process *process;
	int64_t deadline = loop_now(up->loop) + COMMAND_MS;

	up->command_ended = false;
	buf_clear(&up->command_output);
	buf_clear(&up->command_lines);
	TRY(process_start(up->loop, argv, NULL, &command_on, up, &process));
	while (!up->command_ended && !up->stop && loop_now(up->loop) < deadline) {
		loop_turn(up->loop, 50);
	}
	process_free(process);
	if (!up->command_ended) {
		return err_fail(up->stop ? ERR_CLOSED : ERR_TIMEOUT, "%s %s did not end", argv[0],
			argv[1]);
	}
	if (up->command_status != 0) {
		return err_fail(ERR_CONFLICT, "%s %s: status %d: %s", argv[0], argv[1],
			up->command_status, buf_string(&up->command_lines));
	}
	return OK;
}

/* `symbolon ...` on the operator's socket, shown without the socket. */
static enum err operate(struct up *up, const char *const *words)
{
	char socket[PATH_MAX];
	const char *argv[ARGS_MAX] = {"symbolon", "--socket",
		realm_path(&up->realm, "authz.sock", socket)};
	size_t count = 3;

	say(up, "  symbolon");
	for (; *words && count < ARGS_MAX - 1; words++) {
		say(up, " %s", *words);
		argv[count++] = *words;
	}
	say(up, "\n");
	return command(up, argv);
}

#define OPERATE(...) TRY(operate(up, (const char *const[]){__VA_ARGS__, NULL}))

/* A fresh K and OPc in a file that only we can read, for both ends; removed when both have it. */
static enum err write_new_key(const struct up *up, const char *path)
{
	uint8_t bytes[32], text[256];
	struct buf json = buf_fixed(text, sizeof(text));

	TRY(up->env->random(up->env, bytes, sizeof(bytes)));
	buf_text(&json, "{\"algorithm\":\"milenage\",\"k\":\"");
	text_hex(&json, view_of(bytes, 16));
	buf_text(&json, "\",\"opc\":\"");
	text_hex(&json, view_of(bytes + 16, 16));
	buf_text(&json, "\",\"amf\":\"8000\"}\n");
	enum err err = buf_end(&json, "key file");

	if (err == OK) {
		err = text_write_file(path, buf_contents(&json), 0600);
	}
	bytes_wipe(bytes, sizeof(bytes));
	bytes_wipe(text, sizeof(text));
	return err;
}

static enum err provision_device(struct up *up)
{
	const struct realm *realm = &up->realm;
	char key[PATH_MAX], folder[PATH_MAX], element[PATH_MAX], authority[PATH_MAX];

	if (access(realm_path(realm, "device/se.sealed", element), F_OK) == 0) {
		say(up, "  (the device has its key from an earlier run)\n");
		return OK;
	}
	/* One that is there was given to the realm by a run that was cut off before the device had it. */
	if (access(realm_path(realm, "device.key", key), F_OK) != 0) {
		TRY(write_new_key(up, key));
	}
	OPERATE("device", "add", realm->client, "--subscriber", "alice", "--key-file", key,
		"--if-missing");
	const char *const argv[] = {"symbolon-device", "init", "--dir",
		realm_path(realm, "device", folder), "--client", realm->client, "--node",
		realm->authn, "--ca", realm_path(realm, "certificates/ca.pem", authority),
		"--key-file", key, NULL};

	say(up, "  symbolon-device init --client %s --node %s --key-file %s\n", realm->client,
		realm->authn, key);
	TRY(command(up, argv));
	return unlink(key) == 0 ? OK : err_system("remove %s", key);
}

static enum err provision(struct up *up)
{
	const struct realm *realm = &up->realm;

	heading(up, "Provisioning, as the operator would");
	OPERATE("subscriber", "add", "alice", "--verification", "postpaid", "--if-missing");
	TRY(provision_device(up));
	OPERATE("asp", "add", "cin:U72200KA2001PTC028000", "--name", "Example Services",
		"--element", realm->element, "--if-missing");
	OPERATE("app", "add", realm->application, "--asp", "cin:U72200KA2001PTC028000", "--ua",
		"0100000007", "--ua", "010001ccac", "--ua", "01000100aa", "--if-missing");
	OPERATE("grant", realm->client, realm->application);
	return OK;
}

/* --- the walk --- */

/* Lines come through pipes: a node may log a step a moment after the device has ended. */
static void settle(struct up *up, const char *clause, const char *event)
{
	int64_t deadline = loop_now(up->loop) + SETTLE_MS;

	while (!walk_has(up->walk, clause, event) && loop_now(up->loop) < deadline) {
		loop_turn(up->loop, 10);
	}
}

static void print_walk(struct up *up)
{
	walk_print(up->walk, up->json ? WALK_JSON : colour() ? WALK_COLOUR : WALK_PLAIN, stdout);
}

static enum err bootstrap_and_connect(struct up *up)
{
	const struct realm *realm = &up->realm;
	char folder[PATH_MAX];

	realm_path(realm, "device", folder);
	const char *const bootstrap[] = {"symbolon-device", "bootstrap", "--dir", folder,
		"--address", realm->rp_c, "--log-level", "debug", NULL};
	const char *const connect[] = {"symbolon-device", "connect", realm->application, "--dir",
		folder, "--address", realm->rp_d, "--rp-c", realm->rp_c, "--get", "/",
		"--log-level", "debug", NULL};

	heading(up, "Clause 10.4: the device bootstraps at the realm (plain GBA form)");
	walk_begin(up->walk);
	TRY(command(up, bootstrap));
	settle(up, "10.4/4c", "token.stored");
	print_walk(up);
	heading(up, "Clause 10.5: the device reaches the application over TLS-PSK");
	walk_begin(up->walk);
	TRY(command(up, connect));
	settle(up, "10.5/2c", "session.established");
	print_walk(up);
	if (walk_steps(up->walk) == 0) {
		return err_fail(ERR_NOT_FOUND, "no step of 10.5 was seen in the logs");
	}
	heading(up, "The application's answer");
	say(up, "%s\n", buf_string(&up->command_output));
	return OK;
}

/* Programs of a build that is not installed are in folders that PATH does not name. */
static void print_path(const struct up *up)
{
	char symbolon[PATH_MAX], device[PATH_MAX];

	process_find("symbolon", symbolon);
	process_find("symbolon-device", device);
	char *first = strrchr(symbolon, '/'), *second = strrchr(device, '/');

	if (!first || !second) {
		return;
	}
	*first = '\0';
	*second = '\0';
	say(up, "  export PATH=\"%s:%s:$PATH\"\n", symbolon, device);
}

static void print_suggestions(const struct up *up)
{
	const struct realm *r = &up->realm;

	heading(up, "Try (in another terminal)");
	print_path(up);
	say(up, "  # another bootstrap, another session\n");
	say(up, "  symbolon-device bootstrap --dir %s/device --address %s\n", r->dir, r->rp_c);
	say(up, "  symbolon-device connect %s --dir %s/device --address %s --rp-c %s --get /\n",
		r->application, r->dir, r->rp_d, r->rp_c);
	say(up,
		"  # OpenSSL as the device, with the derived key; then type GET / HTTP/1.1, Host: "
		"%s"
		" and an empty line\n",
		r->application);
	say(up,
		"  openssl s_client -crlf -connect %s -servername %s -tls1_3 -psk_identity"
		" \"$(symbolon-device key %s --dir %s/device)\" -psk"
		" \"$(symbolon-device key %s --dir %s/device --reveal)\"\n",
		r->rp_d, r->application, r->application, r->dir, r->application, r->dir);
	say(up, "  # a device that nobody registered: it cannot tell that it is unknown\n");
	say(up,
		"  curl --cacert %s/certificates/ca.pem --connect-to ::%s https://%s/ -i -H"
		" 'Authorization: Digest username=\"001019999999999@%s\", realm=\"%s\", nonce=\"\","
		" uri=\"/\", response=\"\"'\n",
		r->dir, r->rp_c, r->authn, r->realm, r->authn);
	say(up, "  # take the permission away: it is asked for when a token is first used, so after"
		" another bootstrap\n");
	say(up, "  symbolon --socket %s/authz.sock revoke %s %s\n", r->dir, r->client,
		r->application);
	say(up, "  symbolon --socket %s/authz.sock status\n", r->dir);
	say(up, "\nThe realm is up. Ctrl-C stops it; the data stays in %s.\n", r->dir);
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
	say(up, "\nStopping.\n");
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
	TRY(start_all(up));
	TRY(provision(up));
	TRY(bootstrap_and_connect(up));
	if (up->once) {
		return OK;
	}
	print_suggestions(up);
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
		.command_output = buf_growing(1024 * 1024),
		.command_lines = buf_growing(64 * 1024),
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
	realm_close(&up.realm);
	walk_free(up.walk);
	buf_free(&up.command_output);
	buf_free(&up.command_lines);
	return err == OK || (up.stop && !up.once) ? 0 : 1;
}
