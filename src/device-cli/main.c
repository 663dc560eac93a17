// SPDX-License-Identifier: Apache-2.0
#include "device-cli/device_cli.h"

#include "base/log.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *words, *help;
	enum err (*run)(const struct options *options);
} commands[] = {
	{"init", "--client ID --node FQDN --key-file FILE [--ca FILE] [--address ADDR]",
		"makes a device: a secure element in software with this key", command_init},
	{"bootstrap", "[--address ADDR]", "clause 10.4: a fresh bootstrap_token from the realm",
		command_bootstrap},
	{"tokens", "", "shows the bootstrap_token that is kept", command_tokens},
	{"drop", "", "forgets it", command_drop},
	{"key", "APPLICATION [--ua UA] [--reveal]",
		"the PSK identity for an application; --reveal: the key, to try other clients",
		command_key},
	{"connect", "APPLICATION --address ADDR [--rp-c ADDR] [--get PATH]",
		"clause 10.5: a session over TLS-PSK; bootstraps when a token is required",
		command_connect},
};

static void print_help(FILE *to)
{
	(void)fprintf(to, "symbolon-device: a device of a Y.3056 realm as a command\n\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		(void)fprintf(to, "  symbolon-device %s %s\n      %s\n", commands[i].name,
			commands[i].words, commands[i].help);
	}
	(void)fprintf(to,
		"\nOptions of all:\n"
		"  --dir DIR          the device's folder ($SYMBOLON_DEVICE, else ./device)\n"
		"  --json             answers as JSON\n"
		"  --log-level LEVEL  error, warn, info, or debug: every step, as JSON lines on "
		"standard error\n"
		"  --help, --version\n"
		"\nExit status: 0 done, 1 failed, 2 usage, 3 refused by the realm or the "
		"application,"
		" 4 cannot be reached.\n"
		"A key file is {\"algorithm\":\"milenage\",\"k\":\"32 hex\",\"opc\":\"32 "
		"hex\",\"amf\":\"8000\"};"
		" \"-\" reads standard input.\n");
}

enum { OPT_VERSION = 256, OPT_LEVEL };

static const struct option known[] = {{"dir", required_argument, NULL, 'd'},
	{"client", required_argument, NULL, 'c'}, {"node", required_argument, NULL, 'n'},
	{"ca", required_argument, NULL, 'a'}, {"key-file", required_argument, NULL, 'k'},
	{"address", required_argument, NULL, 'A'}, {"rp-c", required_argument, NULL, 'r'},
	{"ua", required_argument, NULL, 'u'}, {"get", required_argument, NULL, 'g'},
	{"json", no_argument, NULL, 'j'}, {"reveal", no_argument, NULL, 'R'},
	{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, OPT_VERSION},
	{"log-level", required_argument, NULL, OPT_LEVEL}, {0}};

static enum err take(struct options *options, int option, const char *value, enum log_level *level)
{
	const char **texts[] = {['d'] = &options->dir,
		['c'] = &options->client,
		['n'] = &options->node,
		['a'] = &options->ca,
		['k'] = &options->key_file,
		['A'] = &options->address,
		['r'] = &options->rp_c,
		['u'] = &options->ua,
		['g'] = &options->get};

	if (option == OPT_LEVEL) {
		return log_level_of(value, level);
	}
	if (option == 'j' || option == 'R') {
		*(option == 'j' ? &options->json : &options->reveal) = true;
		return OK;
	}
	if (option == '?' || (size_t)option >= sizeof(texts) / sizeof(texts[0]) || !texts[option]) {
		return err_fail(ERR_CONFIG, "unknown option");
	}
	*texts[option] = value;
	return OK;
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct options *options, const char **command)
{
	enum log_level level = LOG_ERROR;
	int option;

	while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1) {
		if (option == 'h') {
			print_help(stdout);
			return EXIT_DONE;
		}
		if (option == OPT_VERSION) {
			(void)printf("symbolon-device %s\n", SYMBOLON_VERSION);
			return EXIT_DONE;
		}
		if (take(options, option, optarg, &level) != OK) {
			(void)fprintf(stderr, "symbolon-device: %s; see --help\n", err_detail());
			return EXIT_USAGE;
		}
	}
	if (optind == argc) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	*command = argv[optind++];
	while (optind < argc &&
		options->word_count < sizeof(options->words) / sizeof(options->words[0])) {
		options->words[options->word_count++] = argv[optind++];
	}
	log_open(2, "device", level);
	return -1;
}

static int status_of(enum err err)
{
	switch (err) {
	case OK:
		return EXIT_DONE;
	case ERR_CONFIG:
		return EXIT_USAGE;
	case ERR_DENIED:
	case ERR_AUTH:
		return EXIT_REFUSED;
	case ERR_UNAVAILABLE:
	case ERR_TIMEOUT:
	case ERR_CLOSED:
		return EXIT_UNREACHABLE;
	default:
		return EXIT_FAILED;
	}
}

int main(int argc, char **argv)
{
	const char *home = getenv("SYMBOLON_DEVICE");
	struct options options = {.dir = home ? home : "device"};
	const char *command = NULL;
	int status = parse(argc, argv, &options, &command);

	if (status >= 0) {
		return status;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, command) == 0) {
			enum err err = commands[i].run(&options);

			if (err != OK) {
				(void)fprintf(stderr, "symbolon-device %s: %s\n", command,
					err_detail());
			}
			return status_of(err);
		}
	}
	(void)fprintf(stderr, "symbolon-device: no command %s; see --help\n", command);
	return EXIT_USAGE;
}
