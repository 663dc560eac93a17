// SPDX-License-Identifier: Apache-2.0
#include "device-cli/device_cli.h"

#include "base/log.h"
#include "wire/json.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(table) (sizeof(table) / sizeof((table)[0]))

static const struct command {
	const char *name, *words, *help;
	bool takes_word;
	enum err (*run)(const struct options *options);
} commands[] = {
	{"init", "--client ID --node FQDN --key-file FILE [--ca FILE] [--address ADDR]",
		"makes a device: a secure element in software with this key", false, command_init},
	{"bootstrap", "[--address ADDR]", "clause 10.4: a fresh bootstrap_token from the realm",
		false, command_bootstrap},
	{"tokens", "", "shows the bootstrap_token that is kept", false, command_tokens},
	{"drop", "", "forgets it", false, command_drop},
	{"key", "APPLICATION [--ua UA] [--reveal]",
		"the PSK identity for an application; --reveal: the key, to try other clients",
		true, command_key},
	{"connect", "APPLICATION [--address ADDR] [--rp-c ADDR] [--get PATH] [--linger SECONDS]",
		"clause 10.5: a session over TLS-PSK; bootstraps when a token is required", true,
		command_connect},
};

static void print_help(FILE *to)
{
	(void)fprintf(to, "symbolon-device: a device of a Y.3056 realm as a command\n\n");
	for (size_t i = 0; i < LENGTH(commands); i++) {
		(void)fprintf(to, "  symbolon-device %s %s\n      %s\n", commands[i].name,
			commands[i].words, commands[i].help);
	}
	(void)fprintf(to,
		"\nOptions of all:\n"
		"  --dir DIR          the device's folder ($SYMBOLON_DEVICE, else ./device)\n"
		"  --json             answers and errors as JSON\n"
		"  --log-level LEVEL  error, warn, info, or debug: every step, as JSON lines on "
		"standard error\n"
		"  --help, --version\n"
		"\nADDR is where to connect, HOST:PORT; the name stays that of node or "
		"application.\n"
		"Without --get standard input and output are the session; it ends --linger seconds "
		"(5) after both are silent.\n"
		"A key file is {\"algorithm\":\"milenage\",\"k\":\"32 hex\",\"opc\":\"32 "
		"hex\",\"amf\":\"8000\"};"
		" \"-\" reads standard input.\n"
		"\nExit status: 0 done, 1 failed, 2 usage, 3 cannot be reached, 4 refused: by the "
		"realm,"
		" the application, or by us because they are not who they should be.\n");
}

enum { OPT_VERSION = 256, OPT_LEVEL };

static const struct option known[] = {{"dir", required_argument, NULL, 'd'},
	{"client", required_argument, NULL, 'c'}, {"node", required_argument, NULL, 'n'},
	{"ca", required_argument, NULL, 'a'}, {"key-file", required_argument, NULL, 'k'},
	{"address", required_argument, NULL, 'A'}, {"rp-c", required_argument, NULL, 'r'},
	{"ua", required_argument, NULL, 'u'}, {"get", required_argument, NULL, 'g'},
	{"linger", required_argument, NULL, 'l'}, {"json", no_argument, NULL, 'j'},
	{"reveal", no_argument, NULL, 'R'}, {"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, OPT_VERSION},
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
		['g'] = &options->get,
		['l'] = &options->linger};

	if (option == OPT_LEVEL) {
		return log_level_of(value, level);
	}
	if (option == 'j' || option == 'R') {
		*(option == 'j' ? &options->json : &options->reveal) = true;
		return OK;
	}
	if ((size_t)option >= LENGTH(texts) || !texts[option]) {
		return err_fail(ERR_CONFIG, "unknown option");
	}
	*texts[option] = value;
	return OK;
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
	case ERR_SYNC:
		return EXIT_REFUSED;
	case ERR_UNAVAILABLE:
	case ERR_TIMEOUT:
	case ERR_CLOSED:
		return EXIT_UNREACHABLE;
	default:
		return EXIT_FAILED;
	}
}

/* One line on standard error; standard output may be a session. Returns the exit status. */
static int report(const struct options *options, const char *command, enum err err)
{
	BUF_CLEANUP struct buf text = buf_growing(4096);
	struct json_writer w = json_to(&text);

	if (err == OK) {
		return EXIT_DONE;
	}
	if (!options->json) {
		(void)fprintf(stderr, "symbolon-device%s%s: %s\n", command ? " " : "",
			command ? command : "", err_detail());
		return status_of(err);
	}
	json_open(&w, NULL);
	if (command) {
		json_put_string(&w, "command", command);
	}
	json_put_string(&w, "error", err_name(err));
	json_put_string(&w, "detail", err_detail());
	json_put_int(&w, "status", status_of(err));
	json_close(&w);
	(void)fprintf(stderr, "%s\n", buf_string(&text));
	return status_of(err);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < LENGTH(commands); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

/* The command, and what it is applied to. */
static enum err take_words(struct options *options, int count, char **words,
	const struct command **ret)
{
	const struct command *command = find_command(words[0]);

	if (!command) {
		return err_fail(ERR_CONFIG, "no command %s; see --help", words[0]);
	}
	*ret = command;
	if (command->takes_word && count < 2) {
		return err_fail(ERR_CONFIG, "an application is missing, such as app.example");
	}
	if (count > 1 + command->takes_word) {
		return err_fail(ERR_CONFIG, "%s is too much; see --help",
			words[1 + command->takes_word]);
	}
	options->word = command->takes_word ? words[1] : NULL;
	return OK;
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct options *options, const struct command **ret)
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
		if (option == '?') { /* getopt has said what */
			return EXIT_USAGE;
		}
		enum err err = take(options, option, optarg, &level);

		if (err != OK) {
			(void)report(options, NULL, err);
			return EXIT_USAGE;
		}
	}
	if (optind == argc) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	log_open(2, "device", level);
	enum err err = take_words(options, argc - optind, argv + optind, ret);

	return err == OK ? -1 : report(options, *ret ? (*ret)->name : NULL, err);
}

int main(int argc, char **argv)
{
	const char *home = getenv("SYMBOLON_DEVICE");
	struct options options = {.dir = home ? home : "device"};
	const struct command *command = NULL;
	int status = parse(argc, argv, &options, &command);

	if (status >= 0) {
		return status;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	return report(&options, command->name, command->run(&options));
}
