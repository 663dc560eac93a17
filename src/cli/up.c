// SPDX-License-Identifier: Apache-2.0
#include "cli/up.h"

#include "base/text.h"
#include "cli/up_inside.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASP "cin:U72200KA2001PTC028000"

/* In the order of the text. What a flow needs of the ones before is there when it is shown alone, too. */
const struct flow flows[] = {
	{"10.1", "capability exposure: nodes, realm document, pages, devices that configure themselves",
		flow_exposure},
	{"10.2", "an ASP joins, with a key that never leaves it", flow_on_boarding},
	{"10.3", "trust is extended to a subscriber and her device", flow_extension},
	{"10.4", "a bootstrap_token with symmetric keys, and a device that is refused", flow_tokens},
	{"10.4-asym", "a bootstrap_token with the device's own key", flow_own_key},
	{"10.5", "a session of a device with an application; a renewal", flow_session},
	{"9.6", "the permission is withdrawn while a session runs", flow_withdrawal},
	{"10.6.1", "change of operator with symmetric keys", flow_change_symmetric},
	{"10.6.2", "change of operator with the device's own key", flow_change_asymmetric},
	{"9.1", "Y.3059: trust registries of three levels are set up", flow_set_up},
	{"9.2", "Y.3059: devices of makes and models that there are register and confirm",
		flow_registration},
	{"9.3", "Y.3059: reports, an advisory, and an enquirer who asks now and as of then",
		flow_interrogation},
	{"9.4", "Y.3059: a subscriber is told of a change, which arrives three levels up",
		flow_notification},
};
const size_t flow_count = sizeof(flows) / sizeof(flows[0]);

const struct flow *flow_find(const char *name)
{
	for (size_t i = 0; i < flow_count; i++) {
		if (strcmp(flows[i].name, name) == 0) {
			return &flows[i];
		}
	}
	return NULL;
}

/* --- two operators, and what they have registered --- */

/* The same application is of both realms: a device that changes goes on using it. */
static enum err register_application(struct site *site)
{
	const struct realm *realm = &site->realm;

	OPERATE(site, "asp", "add", ASP, "--name", "Example Services", "--element", realm->element,
		"--if-missing");
	OPERATE(site, "app", "add", realm->application, "--asp", ASP, "--format", "y3056", "--ua",
		"0100000007", "--ua", "010001ccac", "--ua", "01000100aa", "--if-missing");
	return OK;
}

static enum err start_nodes(struct up *up)
{
	struct site *first = &up->sites[FIRST], *other = &up->sites[OTHER];

	up_heading(up, "Two operators: who authorises, who authenticates");
	TRY(site_start_authz(first));
	TRY(site_start_authn(first));
	TRY(site_start_authz(other));
	TRY(site_start_authn(other));
	up_heading(up, "An application that both know, as their operators register it");
	TRY(register_application(first));
	TRY(register_application(other));
	TRY(site_start_gateway(first));
	for (size_t i = 0; i < SITES; i++) {
		TRY(realm_write_endpoints(&up->sites[i].realm));
	}
	up_say(up, "  all of it is in %s (endpoints.json, logs, certificates of a throw-away CA)\n",
		first->realm.dir);
	return OK;
}

static enum err provision(struct up *up)
{
	const struct realm *realm = &up->sites[FIRST].realm;
	struct walker walker[WALKERS];

	up_heading(up, "Two devices, of which one may use the application");
	walkers(up, walker);
	for (size_t i = 0; i < WALKERS; i++) {
		TRY(provision_device(&up->sites[FIRST], &walker[i]));
	}
	OPERATE(&up->sites[FIRST], "grant", realm->client, realm->application);
	return OK;
}

/* DIR/run: names that must be new each time have this number in them. */
static enum err count_run(struct up *up)
{
	char path[PATH_MAX], text[16];
	BUF_CLEANUP struct buf before = buf_growing(0);

	realm_path(&up->sites[FIRST].realm, "run", path);
	up->run = 1;
	if (access(path, F_OK) == 0) {
		TRY(text_read_file(path, sizeof(text), &before));
		up->run = atoi(buf_string(&before)) + 1;
	}
	(void)snprintf(text, sizeof(text), "%d\n", up->run);
	return text_write_file(path, view_text(text), 0600);
}

/* --- the walk --- */

static enum err show_flows(struct up *up)
{
	char heading[160];

	for (size_t i = 0; i < flow_count; i++) {
		if (up->demo && strcmp(up->demo, flows[i].name) != 0) {
			continue;
		}
		(void)snprintf(heading, sizeof(heading), "=== %s: %s ===", flows[i].name,
			flows[i].title);
		up_heading(up, heading);
		TRY(flows[i].show(up));
	}
	return OK;
}

static enum err stay(struct up *up)
{
	while (!up->stop) {
		loop_turn(up->loop, 500);
		TRY(sites_check(up));
	}
	up_say(up, "\nStopping.\n");
	return OK;
}

static enum err run(struct up *up)
{
	TRY(sites_open(up));
	TRY(count_run(up));
	up_heading(up, "Lines below that are commands can be copied, while this runs. First:");
	up_print_folder(up);
	TRY(start_nodes(up));
	TRY(provision(up));
	TRY(show_flows(up));
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
	"symbolon up: two operators' realms of ITU-T Y.3056 on the loopback, walked through once\n"
	"symbolon demo FLOW: the same, for one flow, and then the end\n"
	"\n"
	"  --dir DIR      where its data is kept (symbolon-realm); a second start goes on with it\n"
	"  --once         end after the walk, with its status\n"
	"  --json         steps as JSON, one object a line, and nothing else\n"
	"  --realm NAME   the realm's FQDN (realm.example); the other's is other.example\n"
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

static int walk_main(int argc, char **argv, const char *demo)
{
	struct up up = {
		.env = &env_system,
		.sites[FIRST].realm.lock = -1,
		.sites[OTHER].realm.lock = -1,
		.dir = "symbolon-realm",
		.name = "realm.example",
		.other_name = "other.example",
		.rp_c = "127.0.0.1:0",
		.rp_d = "127.0.0.1:0",
		.command.ended = true,
		.device_actor = "device",
		.demo = demo,
		.once = demo != NULL,
	};
	/* Keys, sessions and passwords lie in the folder: whatever is made there, by whom, is ours alone. */
	(void)umask(0077);
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
		sites_stop(&up);
		loop_free(up.loop);
	}
	command_stop(&up.command);
	walk_free(up.walk);
	return err == OK || (up.stop && !up.once) ? 0 : 1;
}

int up_main(int argc, char **argv)
{
	return walk_main(argc, argv, NULL);
}

static void print_flows(FILE *to)
{
	(void)fprintf(to,
		"symbolon demo FLOW: one flow of Y.3056 clause 10 or Y.3059 clause 9, on the "
		"loopback; options as of `symbolon up`\n\n");
	for (size_t i = 0; i < flow_count; i++) {
		(void)fprintf(to, "  %-10s %s\n", flows[i].name, flows[i].title);
	}
}

int demo_main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		print_flows(stdout);
		return 0;
	}
	if (argc < 2 || !flow_find(argv[1])) {
		(void)fprintf(stderr, "symbolon demo: which flow?\n");
		print_flows(stderr);
		return 2;
	}
	return walk_main(argc - 1, argv + 1, argv[1]);
}
