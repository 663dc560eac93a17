// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include "base/secret.h"
#include "base/text.h"
#include "wire/key_json.h"

#include <string.h>

#define COLLECTION "/v1/devices"

enum { KEY_FILE_MAX = 4096, PEM_MAX = 32 * 1024 };
enum { SUBSCRIBER, KEY_FILE, DEVICE, IF_MISSING, ALGORITHM, PUBLIC_KEY, CERTIFICATE, EXPORTABLE };
enum { NEW_PUBLIC_KEY, NEW_CERTIFICATE, NO_PUBLIC_KEY, SET_EXPORTABLE, KEY_UPDATE };
enum { OF_SUBSCRIBER, AFTER, LIMIT };

static const struct print_column columns[] = {
	{"CLIENT", "client"},
	{"SUBSCRIBER", "subscriber"},
	{"ALGORITHM", "algorithm"},
	{"CREATED", "created"},
	{"DEVICE", "device"},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* Texts and whole numbers; of another type it does not go on, and the node misses it. */
static void copy_member(struct json_writer *w, const struct json *from, const char *name)
{
	struct view text = {0};
	int64_t number = -1;

	if (json_text_opt(from, name, &text) == OK && text.data) {
		json_put_text(w, name, text);
	} else if (json_int_opt(from, name, 0, INT64_MAX, &number) == OK && number >= 0) {
		json_put_int(w, name, number);
	}
}

/* The file of a public key or of a certificate goes as it is; the node takes the key out of it. */
static enum err put_public_key(struct json_writer *w, const char *path)
{
	BUF_CLEANUP struct buf pem = {0};

	TRY(text_read_file(path, PEM_MAX, &pem));
	if (memmem(pem.data, pem.len, "PRIVATE KEY-----", 16)) {
		return err_fail(ERR_SYNTAX, "%s: a private key, which is not to leave its device",
			path);
	}
	json_put_text(w, "public_key", buf_contents(&pem));
	return OK;
}

static const char *public_key_of(const struct cli_arguments *args)
{
	return args->values[PUBLIC_KEY] ? args->values[PUBLIC_KEY] : args->values[CERTIFICATE];
}

/* What the file says of the key, beside what the command line says of the device. `key` NULL: a public key alone. */
static enum err write_body(const struct cli_arguments *args, const struct json *key, struct buf *ret)
{
	static const char *const known[] = {KEY_JSON_MEMBERS, "sqn", NULL};
	const char *algorithm = args->values[ALGORITHM];
	struct json_writer w = json_to(ret);
	int64_t sqn = 0;

	json_open(&w, NULL);
	json_put_string(&w, "client", args->words[0]);
	json_put_string(&w, "subscriber", args->values[SUBSCRIBER]);
	if (args->values[DEVICE]) {
		json_put_string(&w, "device", args->values[DEVICE]);
	}
	if (public_key_of(args)) {
		TRY(put_public_key(&w, public_key_of(args)));
	}
	if (args->values[EXPORTABLE]) {
		json_put_bool(&w, "exportable", true);
	}
	if (!key) {
		json_close(&w);
		return buf_end(ret, "device");
	}

	TRY(json_only(key, known));
	if (algorithm && json_member(key, "algorithm")) {
		return err_fail(ERR_SYNTAX, "it names an algorithm; --algorithm is for one that "
					    "names none");
	}
	TRY(json_int_opt(key, "sqn", 0, INT64_MAX, &sqn));
	if (algorithm) {
		json_put_string(&w, "algorithm", algorithm);
	}
	for (size_t i = 0; strcmp(known[i], "sqn") != 0; i++) {
		copy_member(&w, key, known[i]);
	}
	json_put_int(&w, "sqn", sqn);
	json_close(&w);
	return buf_end(ret, "device");
}

static enum err prepare(const struct cli_arguments *args, struct buf *ret)
{
	uint8_t bytes[KEY_FILE_MAX];
	struct buf text = buf_fixed(bytes, sizeof(bytes));
	JSON_CLEANUP struct json *key = NULL;

	if (!args->values[KEY_FILE]) {
		return write_body(args, NULL, ret);
	}
	enum err err = cli_read_secret(args->values[KEY_FILE], &text);

	if (err == OK) {
		err = json_parse(buf_contents(&text), KEY_FILE_MAX, &key);
	}
	bytes_wipe(bytes, sizeof(bytes));
	return err == OK ? write_body(args, key, ret) : err;
}

static enum cli_status add(struct cli *cli, const struct cli_arguments *args)
{
	uint8_t bytes[2 * KEY_FILE_MAX + 2 * PEM_MAX];
	struct buf body = buf_fixed(bytes, sizeof(bytes));

	if (!args->values[SUBSCRIBER] || (!args->values[KEY_FILE] && !public_key_of(args))) {
		cli_say("device add needs --subscriber, and --key-file, --public-key or "
			"--certificate");
		return CLI_USAGE;
	}
	enum err err = prepare(args, &body);
	enum cli_status status = CLI_REFUSED;

	if (err != OK) {
		cli_say("key file: %s", err_detail());
	} else {
		status = cli_add(cli, COLLECTION, args->words[0], &body, args->values[IF_MISSING],
			"registered");
	}
	bytes_wipe(bytes, sizeof(bytes));
	return status;
}

static enum cli_status list(struct cli *cli, const struct cli_arguments *args)
{
	const struct cli_page page = {.filter = "subscriber",
		.value = args->values[OF_SUBSCRIBER],
		.after = args->values[AFTER],
		.limit = args->values[LIMIT]};

	return cli_list(cli, COLLECTION, &page, columns, COLUMNS);
}

static enum cli_status show(struct cli *cli, const struct cli_arguments *args)
{
	return cli_show(cli, COLLECTION, args->words[0], columns, COLUMNS);
}

static enum cli_status drop(struct cli *cli, const struct cli_arguments *args)
{
	return cli_remove(cli, COLLECTION, args->words[0], "removed, with its permissions");
}

/* What is asked of the symmetric key. */
static enum cli_status set_key(struct cli *cli, const struct cli_arguments *args)
{
	const char *exportable = args->values[SET_EXPORTABLE];
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET), body = buf_growing(256);
	struct json_writer w = json_to(&body);

	if (exportable && strcmp(exportable, "yes") != 0 && strcmp(exportable, "no") != 0) {
		cli_say("--exportable: yes or no");
		return CLI_USAGE;
	}
	buf_text(&target, COLLECTION "/");
	cli_put(&target, args->words[0]);
	json_open(&w, NULL);
	if (exportable) {
		json_put_bool(&w, "exportable", strcmp(exportable, "yes") == 0);
	}
	if (args->values[KEY_UPDATE]) {
		json_put_bool(&w, "key_update", true);
	}
	json_close(&w);
	enum cli_status status = cli_ask(cli, "PATCH", buf_string(&target), buf_contents(&body));

	if (status == CLI_DONE && !cli->json) {
		(void)printf("%s: changed\n", args->words[0]);
	}
	return status;
}

static enum cli_status set_public_key(struct cli *cli, const struct cli_arguments *args);

/* The device keeps what else is registered of it. */
static enum cli_status set(struct cli *cli, const struct cli_arguments *args)
{
	bool of_key = args->values[SET_EXPORTABLE] || args->values[KEY_UPDATE];
	bool of_public_key = args->values[NEW_PUBLIC_KEY] || args->values[NEW_CERTIFICATE] ||
			     args->values[NO_PUBLIC_KEY];

	if (of_key == of_public_key) {
		cli_say("device set needs one of --public-key, --certificate, --no-public-key, or "
			"--exportable and --key-update");
		return CLI_USAGE;
	}
	return of_key ? set_key(cli, args) : set_public_key(cli, args);
}

static enum cli_status set_public_key(struct cli *cli, const struct cli_arguments *args)
{
	const char *path = args->values[NEW_PUBLIC_KEY] ? args->values[NEW_PUBLIC_KEY]
							: args->values[NEW_CERTIFICATE];
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET), body = buf_growing(2 * PEM_MAX);
	struct json_writer w = json_to(&body);

	if (!path == !args->values[NO_PUBLIC_KEY]) {
		cli_say("device set needs one of --public-key, --certificate, --no-public-key");
		return CLI_USAGE;
	}
	buf_text(&target, COLLECTION "/");
	cli_put(&target, args->words[0]);
	buf_text(&target, "/public-key");
	json_open(&w, NULL);
	if (path && put_public_key(&w, path) != OK) {
		cli_say("public key: %s", err_detail());
		return CLI_REFUSED;
	}
	json_close(&w);
	enum cli_status status = cli_ask(cli, path ? "PUT" : "DELETE", buf_string(&target),
		path ? buf_contents(&body) : view_text(""));

	if (status == CLI_DONE && !cli->json) {
		(void)printf("%s %s\n", args->words[0],
			path ? "has this public key now" : "has no public key now");
	}
	return status;
}

#define TRY_LIST "`symbolon device list` shows what is registered"

static const struct cli_command commands[] = {
	{
		.noun = "device",
		.verb = "add",
		.words = {"CLIENT"},
		.summary = "register a client element with its long-term key",
		.options = {CLI_OPTION("subscriber", "ID", "whose it is"),
			CLI_OPTION("key-file", "FILE", "its key; - reads standard input"),
			CLI_OPTION("device", "URN",
				"the device it is in, such as urn:gsma:imei:..."),
			CLI_FLAG("if-missing", "be content when the client is registered already"),
			CLI_OPTION("algorithm", "NAME",
				"milenage or tuak, when the key file does not say"),
			CLI_OPTION("public-key", "FILE",
				"its public key in PEM, beside a key file or instead of it"),
			CLI_OPTION("certificate", "FILE", "the same, out of a certificate"),
			CLI_FLAG("exportable",
				"its key is for bootstrapping alone: it may go to another operator "
				"when the device changes over")},
		.more = "CLIENT is such as 001010123456789@realm.example. The key file is JSON:\n"
			"{\"algorithm\":\"milenage\",\"k\":\"32 hex digits\",\"opc\":\"32 hex "
			"digits\",\"amf\":\"8000\",\"sqn\":0},\n"
			"where \"op\" may stand for \"opc\", and algorithm, amf and sqn may be "
			"left out. Or\n"
			"{\"algorithm\":\"tuak\",\"k\":\"32 or 64 hex digits\",\"topc\":\"64 hex "
			"digits\",\"keccak_iterations\":1,\"res_bytes\":8,...},\n"
			"where \"top\" may stand for \"topc\".\n"
			"A device with a key pair of its own is registered with the public half, "
			"which\n`symbolon-device own-key make` shows: it bootstraps by mutual "
			"TLS.",
		.after_missing = "`symbolon subscriber list` shows who is registered, `symbolon "
				 "subscriber add` registers",
		.after_conflict =
			"`symbolon device show CLIENT` shows it; --if-missing takes that for done",
		.run = add,
	},
	{
		.noun = "device",
		.verb = "list",
		.summary = "list client elements, without keys",
		.options = {CLI_OPTION("subscriber", "ID", "of this subscriber only"),
			CLI_PAGE_OPTIONS},
		.run = list,
	},
	{
		.noun = "device",
		.verb = "show",
		.words = {"CLIENT"},
		.summary = "show a client element, without its key",
		.after_missing = TRY_LIST,
		.run = show,
	},
	{
		.noun = "device",
		.verb = "set",
		.words = {"CLIENT"},
		.summary = "change what is registered of a client element's keys",
		.options = {CLI_OPTION("public-key", "FILE", "the new one, in PEM"),
			CLI_OPTION("certificate", "FILE", "the same, out of a certificate"),
			CLI_FLAG("no-public-key", "none: it bootstraps by mutual TLS no more"),
			CLI_OPTION("exportable", "yes|no",
				"whether its key may go to another operator when the device "
				"changes "
				"over; never that of a network subscription"),
			CLI_FLAG("key-update", "its key is replaced at its next bootstrap")},
		.after_missing = TRY_LIST,
		.after_conflict = "each device has a key pair of its own",
		.run = set,
	},
	{
		.noun = "device",
		.verb = "remove",
		.words = {"CLIENT"},
		.summary = "remove a client element, with its key and permissions",
		.after_missing = TRY_LIST,
		.run = drop,
	},
};

const struct cli_noun cli_device_noun = {"device", "client elements and their keys", commands,
	sizeof(commands) / sizeof(commands[0])};
