// SPDX-License-Identifier: Apache-2.0
/*
 * import: a batch of SIMs, a few hundred lines a request. The node keeps how far the batch has come, and a digest of
 * the lines until there; so whoever begins again with the same file goes on, and with another is stopped.
 */
#include "base/secret.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/import_file.h"
#include "wire/import_row.h"
#include "wire/key_json.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COLLECTION "/v1/imports"

enum { BATCH, FORMAT, TRANSPORT_KEY, REPORT };
enum { AFTER, LIMIT };
enum {
	REQUEST_MAX = 63 * 1024,	    /* bytes that the node takes */
	LINE_AS_JSON = 6 * IMPORT_LINE_MAX, /* of the worst line */
	REQUEST_FULL = REQUEST_MAX - LINE_AS_JSON - 256,
	LINES_FULL = 200,
	TRIES = 7,
	SHOWN_ERRORS = 10,
	TRANSPORT_MAX = 4096,
	ANSWER_MAX = 32 << 20,
};

#define TRY_STATUS(call)                                                                           \
	do {                                                                                       \
		enum cli_status try_status = (call);                                               \
		if (try_status != CLI_DONE) {                                                      \
			return try_status;                                                         \
		}                                                                                  \
	} while (0)

struct import {
	struct cli *cli;
	struct import_file *file;
	const char *batch;
	bool csv, cut_off;
	char columns[IMPORT_LINE_MAX + 1];
	char transport[TRANSPORT_MAX]; /* JSON; "" none */
	char request[REQUEST_MAX];
	struct buf body;
	struct json_writer writer;
	int64_t in_request;				   /* lines */
	int64_t lines, added, failed;			   /* of the batch, as the node has it */
	char before[IMPORT_DIGEST], digest[IMPORT_DIGEST]; /* until the request, and of the node */
	int64_t began, told,
		lines_before; /* milliseconds; and lines that were done when this run began */
};

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void tell_progress(struct import *import, bool at_the_end)
{
	int64_t now = now_ms(), took = now - import->began;
	bool terminal = isatty(STDERR_FILENO) == 1;

	if (!at_the_end && now - import->told < 1000) {
		return;
	}
	import->told = now;
	(void)fprintf(stderr, "%s%lld lines, %lld added, %lld wrong, %lld lines/s%s",
		terminal ? "\r" : "", (long long)import->lines, (long long)import->added,
		(long long)import->failed,
		(long long)((import->lines - import->lines_before) * 1000 / (took > 0 ? took : 1)),
		terminal && !at_the_end ? "\033[K" : "\n");
}

/* --- where the batch stands --- */

static const char *path_of(const struct import *import, struct buf *target)
{
	buf_text(target, COLLECTION "/");
	cli_put(target, import->batch);
	return buf_string(target);
}

static enum cli_status read_state(struct import *import)
{
	JSON_CLEANUP struct json *state = NULL;
	struct view digest;

	if (json_parse(api_body(import->cli->api), ANSWER_MAX, &state) != OK ||
		json_int(state, "lines", 0, INT64_MAX, &import->lines) != OK ||
		json_int(state, "added", 0, INT64_MAX, &import->added) != OK ||
		json_int(state, "failed", 0, INT64_MAX, &import->failed) != OK ||
		json_text(state, "digest", &digest) != OK ||
		text_copy(import->digest, sizeof(import->digest), digest, "digest") != OK) {
		cli_say("the answer is not a batch: %s", err_detail());
		return CLI_REFUSED;
	}
	return CLI_DONE;
}

/* ERR_NOT_FOUND: none of it came before. */
static enum err look(struct import *import)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	TRY(api_ask(import->cli->api, "GET", path_of(import, &target), view_text("")));
	if (api_status(import->cli->api) == 404) {
		return err_fail(ERR_NOT_FOUND, "no such batch");
	}
	return api_status(import->cli->api) == 200 && read_state(import) == CLI_DONE
		       ? OK
		       : err_fail(ERR_UNAVAILABLE, "no answer");
}

/* Reads over what is done. The file is the one that the batch began with, or it is not gone on with. */
static enum cli_status skip_done(struct import *import)
{
	char digest[IMPORT_DIGEST];
	struct view line;
	enum err err = OK;

	while (err == OK && import_file_lines(import->file) < import->lines) {
		err = import_file_next(import->file, &line);
	}
	if (err == OK) {
		err = import_file_digest(import->file, digest);
	}
	if (err != OK || strcmp(digest, import->digest) != 0) {
		cli_say("%lld lines of batch %s are done, and this file begins otherwise",
			(long long)import->lines, import->batch);
		(void)fputs("another file is another batch: --batch names it\n", stderr);
		return CLI_REFUSED;
	}
	if (import->lines > 0) {
		(void)fprintf(stderr, "going on after line %lld\n", (long long)import->lines);
	}
	return CLI_DONE;
}

/* --- one request --- */

static void put_transport(struct import *import)
{
	static const char *const texts[] = {"cipher", "key", "iv", "check"};
	JSON_CLEANUP struct json *transport = NULL;
	struct json_writer *w = &import->writer;

	if (!import->transport[0] ||
		json_parse(view_text(import->transport), TRANSPORT_MAX, &transport) != OK) {
		return;
	}
	json_open(w, "transport");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct view text = {0};

		if (json_text_opt(transport, texts[i], &text) == OK && text.data) {
			json_put_text(w, texts[i], text);
		}
	}
	if (json_member(transport, "wraps")) {
		const struct json *item = json_item(json_member(transport, "wraps"), 0);

		json_open_array(w, "wraps");
		for (struct view text; item && json_as_text(item, &text) == OK;
			item = json_next(item)) {
			json_put_text(w, NULL, text);
		}
		json_close_array(w);
	}
	json_close(w);
}

static enum err begin_request(struct import *import)
{
	struct json_writer *w = &import->writer;

	bytes_wipe(import->request, sizeof(import->request));
	import->body = buf_fixed(import->request, sizeof(import->request));
	*w = json_to(&import->body);
	import->in_request = 0;
	TRY(import_file_digest(import->file, import->before));
	json_open(w, NULL);
	json_put_int(w, "after", import_file_lines(import->file));
	json_put_string(w, "before", import->before);
	if (import->csv) {
		json_put_string(w, "columns", import->columns);
	}
	put_transport(import);
	json_open_array(w, "lines");
	return OK;
}

static void wait_before(int again)
{
	const int64_t ms = INT64_C(100) << again;
	const struct timespec delay = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	(void)nanosleep(&delay, NULL);
}

/* The node may have taken the request whose answer did not come. */
static bool is_done_already(struct import *import)
{
	char digest[IMPORT_DIGEST];
	int64_t lines = import_file_lines(import->file);

	return look(import) == OK && import->lines == lines &&
	       import_file_digest(import->file, digest) == OK &&
	       strcmp(digest, import->digest) == 0;
}

/* A node that restarts is waited for, some twelve seconds. */
static enum cli_status send_request(struct import *import)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	const char *path = path_of(import, &target);

	for (int again = 0; again < TRIES; again++) {
		if (again > 0 && is_done_already(import)) {
			return CLI_DONE;
		}
		enum err err = api_ask(import->cli->api, "POST", path, buf_contents(&import->body));

		if (err == OK && api_status(import->cli->api) == 200) {
			return read_state(import);
		}
		if (err == OK && api_status(import->cli->api) < 500) {
			break;
		}
		wait_before(again);
	}
	enum cli_status status = cli_ask(import->cli, "POST", path, buf_contents(&import->body));

	return status == CLI_DONE ? read_state(import) : status;
}

static enum cli_status end_request(struct import *import)
{
	char digest[IMPORT_DIGEST];

	if (import->in_request == 0) {
		return CLI_DONE;
	}
	json_close_array(&import->writer);
	if (import_file_digest(import->file, digest) != OK) {
		cli_say("%s", err_detail());
		return CLI_REFUSED;
	}
	json_put_string(&import->writer, "digest", digest);
	json_close(&import->writer);
	if (buf_end(&import->body, "request") != OK) {
		cli_say("%s", err_detail());
		return CLI_REFUSED;
	}
	enum cli_status status = send_request(import);

	if (status == CLI_DONE) {
		tell_progress(import, false);
	}
	return status;
}

/* --- the whole of it --- */

/* Whether it was CSV is in its first line. That line is read over, or the first that is sent. */
static enum cli_status read_columns(struct import *import)
{
	struct import_columns columns;
	struct view line;

	if (!import->csv) {
		return CLI_DONE;
	}
	if (import_file_next(import->file, &line) != OK ||
		text_copy(import->columns, sizeof(import->columns), line, "columns") != OK ||
		import_columns_read(line, &columns) != OK) {
		cli_say("%s", err_detail());
		(void)fputs("the first line of CSV names the columns; --format ndjson is for JSON "
			    "objects\n",
			stderr);
		return CLI_REFUSED;
	}
	return CLI_DONE;
}

static enum cli_status send_lines(struct import *import)
{
	enum cli_status status = CLI_DONE;
	struct view line;
	enum err err = begin_request(import);

	while (err == OK && status == CLI_DONE) {
		err = import_file_next(import->file, &line);
		if (err != OK) {
			break;
		}
		json_put_text(&import->writer, NULL, line);
		import->in_request++;
		if (import->in_request == LINES_FULL || import->body.len > REQUEST_FULL) {
			status = end_request(import);
			err = status == CLI_DONE ? begin_request(import) : OK;
		}
	}
	if (status != CLI_DONE) {
		return status;
	}
	if (err != ERR_NOT_FOUND) {
		cli_say("%s", err_detail());
		import->cut_off = true; /* what came before it is taken */
	}
	return end_request(import);
}

/* What was wrong, line by line: all of it into a file, or a few on standard error. */
static enum cli_status list_errors(struct import *import, FILE *to, int64_t most)
{
	int64_t after = 0;

	while (most > 0) {
		BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
		JSON_CLEANUP struct json *page = NULL;

		(void)path_of(import, &target);
		buf_printf(&target, "/errors?after=%lld&limit=%lld", (long long)after,
			(long long)(most > 1000 ? 1000 : most));
		TRY_STATUS(cli_ask(import->cli, "GET", buf_string(&target), view_text("")));
		if (json_parse(api_body(import->cli->api), ANSWER_MAX, &page) != OK) {
			cli_say("the answer is not a list: %s", err_detail());
			return CLI_REFUSED;
		}
		const struct json *item = json_item(json_member(page, "items"), 0);

		for (; item; item = json_next(item), most--) {
			struct view detail = {0};

			if (json_int(item, "line", 0, INT64_MAX, &after) == OK &&
				json_text(item, "detail", &detail) == OK) {
				(void)fprintf(to, "line %lld: ", (long long)after);
				print_text(to, detail);
				(void)fputc('\n', to);
			}
		}
		if (!json_member(page, "next")) {
			break;
		}
	}
	return CLI_DONE;
}

static enum cli_status report(struct import *import, const char *path)
{
	if (import->failed == 0) {
		return CLI_DONE;
	}
	if (!path) {
		TRY_STATUS(list_errors(import, stderr, SHOWN_ERRORS));
		if (import->failed > SHOWN_ERRORS) {
			(void)fputs("--report FILE writes all of them\n", stderr);
		}
		return CLI_REFUSED;
	}
	FILE *to = fopen(path, "we");

	if (!to) {
		cli_say("%s: cannot be written", path);
		return CLI_REFUSED;
	}
	enum cli_status status = list_errors(import, to, INT64_MAX);

	if (fclose(to) != 0) {
		cli_say("%s: cannot be written", path);
	} else if (status == CLI_DONE) {
		(void)fprintf(stderr, "%s says what was wrong\n", path);
	}
	return status == CLI_DONE ? CLI_REFUSED : status;
}

static enum cli_status summarise(struct import *import, const char *report_path)
{
	enum cli_status status = CLI_DONE;

	tell_progress(import, true);
	enum err err = look(import);

	if (err == OK && import->cli->json) {
		cli_print_answer(import->cli);
	} else if (err == OK) {
		(void)printf("%s: %lld lines, %lld devices added, %lld lines wrong\n",
			import->batch, (long long)import->lines, (long long)import->added,
			(long long)import->failed);
	} else if (err != ERR_NOT_FOUND) {
		cli_say("%s", err_detail());
		return CLI_UNREACHABLE;
	}
	status = report(import, report_path);
	if (import->cut_off) {
		(void)fputs("nothing from there on was read; put it right, and import the file "
			    "again: it goes on\n",
			stderr);
		return status == CLI_UNREACHABLE ? status : CLI_REFUSED;
	}
	return status;
}

static enum cli_status run_import(struct import *import, const char *report_path)
{
	enum err err = look(import);

	if (err != OK && err != ERR_NOT_FOUND) {
		BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

		TRY_STATUS(cli_ask(import->cli, "GET", path_of(import, &target), view_text("")));
		return CLI_UNREACHABLE; /* it answers again; the same command may be given again */
	}
	TRY_STATUS(read_columns(import));
	if (err == OK) {
		TRY_STATUS(skip_done(import));
	}
	import->began = import->told = now_ms();
	import->lines_before = import->lines;
	enum cli_status status = send_lines(import);

	if (status != CLI_DONE) {
		(void)fputs("the same command goes on from there\n", stderr);
		return status;
	}
	return summarise(import, report_path);
}

/* --- what is typed --- */

/* The name of the file is the batch's, unless said otherwise. */
static const char *batch_of(const struct cli_arguments *args)
{
	const char *path = args->words[0], *slash = strrchr(path, '/');

	if (args->values[BATCH]) {
		return args->values[BATCH];
	}
	return strcmp(path, "-") == 0 ? NULL : slash ? slash + 1 : path;
}

/* Held as it stands in the file, once it is known to be one. */
static enum err read_transport(const char *path, char ret[TRANSPORT_MAX])
{
	struct buf text = buf_fixed(ret, TRANSPORT_MAX - 1);
	JSON_CLEANUP struct json *object = NULL;
	struct key_transport transport = {.cbc = false};

	TRY(cli_read_secret(path, &text));
	ret[text.len] = '\0';
	enum err err = json_parse(buf_contents(&text), TRANSPORT_MAX, &object);

	err = err == OK ? transport_from_json(object, &transport) : err;
	bytes_wipe(&transport, sizeof(transport));
	return err;
}

static bool is_json(const char *path)
{
	const char *end = strrchr(path, '.');

	return end && (strcmp(end, ".ndjson") == 0 || strcmp(end, ".jsonl") == 0);
}

static enum cli_status set_up(struct import *import, const struct cli_arguments *args)
{
	const char *format = args->values[FORMAT], *key = args->values[TRANSPORT_KEY];

	import->batch = batch_of(args);
	if (!import->batch) {
		cli_say("standard input has no name: --batch names the batch");
		return CLI_USAGE;
	}
	if (format && strcmp(format, "csv") != 0 && strcmp(format, "ndjson") != 0) {
		cli_say("--format: csv or ndjson");
		return CLI_USAGE;
	}
	import->csv = format ? strcmp(format, "csv") == 0 : !is_json(args->words[0]);
	if (key && read_transport(key, import->transport) != OK) {
		cli_say("--transport-key: %s", err_detail());
		return CLI_REFUSED;
	}
	if (import_file_open(args->words[0], &import->file) != OK) {
		cli_say("%s", err_detail());
		return CLI_REFUSED;
	}
	return CLI_DONE;
}

static enum cli_status import(struct cli *cli, const struct cli_arguments *args)
{
	struct import *import = calloc(1, sizeof(*import));

	if (!import) {
		cli_say("out of memory");
		return CLI_REFUSED;
	}
	import->cli = cli;
	enum cli_status status = set_up(import, args);

	if (status == CLI_DONE) {
		status = run_import(import, args->values[REPORT]);
	}
	import_file_close(import->file);
	bytes_wipe(import, sizeof(*import));
	free(import);
	return status;
}

static const struct print_column columns[] = {
	{"BATCH", "id"},
	{"LINES", "lines"},
	{"ADDED", "added"},
	{"WRONG", "failed"},
	{"UPDATED", "updated"},
};

static enum cli_status list(struct cli *cli, const struct cli_arguments *args)
{
	const struct cli_page page = {.after = args->values[AFTER], .limit = args->values[LIMIT]};

	return cli_list(cli, COLLECTION, &page, columns, sizeof(columns) / sizeof(columns[0]));
}

static const struct cli_command import_commands[] = {
	{
		.noun = "import",
		.words = {"FILE"},
		.summary = "register a batch of SIMs, or go on with one",
		.options = {CLI_OPTION("batch", "ID",
				    "what it is called; the file's name unless given"),
			CLI_OPTION("format", "csv|ndjson",
				"csv unless the file's name ends in .ndjson or .jsonl"),
			CLI_OPTION("transport-key", "FILE",
				"the key that K is encrypted under in the file"),
			CLI_OPTION("report", "FILE", "where to write which lines were wrong")},
		.more = "CSV begins with a line of column names: client or imsi; k; opc, op, topc "
			"or "
			"top; and as\n"
			"wanted device or imei, subscriber, verification, name, algorithm, amf, "
			"sqn,\n"
			"keccak_iterations, res_bytes. NDJSON has an object with such members in "
			"each line.\n"
			"The transport key is JSON: {\"cipher\":\"aes-128-ecb\",\"key\":\"32 hex "
			"digits\"}, with\n"
			"\"iv\" for aes-128-cbc, \"wraps\":[\"k\",\"opc\"] when OPc is encrypted "
			"too, and \"check\",\n"
			"its check value of 6 digits. An import that was stopped goes on when it "
			"is begun again.",
		.after_conflict = "`symbolon imports` shows how far each batch is",
		.run = import,
	},
};

static const struct cli_command imports_commands[] = {
	{
		.noun = "imports",
		.summary = "list the batches of SIMs that were imported",
		.options = {CLI_PAGE_OPTIONS},
		.run = list,
	},
};

const struct cli_noun cli_import_noun = {"import", "register a batch of SIMs", import_commands, 1};
const struct cli_noun cli_imports_noun = {"imports", "batches of SIMs that were imported",
	imports_commands, 1};
