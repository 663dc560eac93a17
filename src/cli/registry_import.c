// SPDX-License-Identifier: Apache-2.0
/*
 * `symbolon registry import`: a file of devices that are announced, or of owners, a few hundred rows a request. The registry
 * keeps how far the batch has come, and a digest of the rows until there; so whoever begins again with the same file goes
 * on, and with another is stopped.  req: R9.2-i-g
 */
#include "cli/registry_owners.h"

#include "base/secret.h"
#include "base/text.h"
#include "cli/registry_bulk_file.h"
#include "cli/registry_party.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COLLECTION "/v1/imports"

enum {
	REQUEST_MAX = 1024 * 1024,	   /* bytes that a registry takes */
	REQUEST_FULL = REQUEST_MAX - 8192, /* so that a row and the names still fit */
	ROWS_FULL = 1000,
	TRIES = 7,
	SHOWN_ERRORS = 10,
	ANSWER_MAX = 32 << 20,
};

struct import {
	struct cli *cli;
	const struct cli_arguments *args;
	struct jose_key *key; /* NULL: an administrator's connection */
	struct bulk_file *file;
	const char *batch, *kind;
	bool csv, cut_off;
	int64_t rows_full;
	struct buf body;
	int64_t in_request;			       /* rows */
	int64_t rows, added, failed;		       /* of the batch, as the registry has it */
	char before[BULK_DIGEST], digest[BULK_DIGEST]; /* until the request, and of the registry */
	int64_t began, told,
		rows_before; /* milliseconds; and rows that were done when this run began */
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
	(void)fprintf(stderr, "%s%lld rows, %lld added, %lld wrong, %lld rows/s%s",
		terminal ? "\r" : "", (long long)import->rows, (long long)import->added,
		(long long)import->failed,
		(long long)((import->rows - import->rows_before) * 1000 / (took > 0 ? took : 1)),
		terminal && !at_the_end ? "\033[K" : "\n");
}

/* ---- where the batch stands ---- */

static void put_path(const struct import *import, struct buf *target)
{
	buf_text(target, COLLECTION "/");
	cli_put(target, import->batch);
}

static enum err read_state(struct import *import)
{
	JSON_CLEANUP struct json *state = NULL;
	struct view digest;

	TRY(json_parse(api_body(import->cli->api), ANSWER_MAX, &state));
	TRY(json_int(state, "rows", 0, INT64_MAX, &import->rows));
	TRY(json_int(state, "added", 0, INT64_MAX, &import->added));
	TRY(json_int(state, "failed", 0, INT64_MAX, &import->failed));
	TRY(json_text(state, "digest", &digest));
	return text_copy(import->digest, sizeof(import->digest), digest, "digest");
}

/* ERR_NOT_FOUND: none of it came before. */
static enum err look(struct import *import)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	struct party_request request = {.method = "GET"};

	put_path(import, &target);
	request.target = buf_string(&target);
	TRY(party_ask(import->cli, import->key, &request));
	if (api_status(import->cli->api) == 404) {
		return err_fail(ERR_NOT_FOUND, "no such batch");
	}
	return api_status(import->cli->api) == 200 ? read_state(import)
						   : err_fail(ERR_UNAVAILABLE, "no answer");
}

/* Reads over what is done. The file is the one that the batch began with, or it is not gone on with. */
static enum cli_status skip_done(struct import *import)
{
	char digest[BULK_DIGEST];
	struct view row;
	enum err err = OK;

	while (err == OK && bulk_file_rows(import->file) < import->rows) {
		err = bulk_file_next(import->file, &row);
	}
	err = err == OK ? bulk_file_digest(import->file, digest) : err;
	if (err != OK || (import->rows > 0 && strcmp(digest, import->digest) != 0)) {
		cli_say("%lld rows of batch %s are done, and this file begins otherwise",
			(long long)import->rows, import->batch);
		(void)fputs("another file is another batch: --batch names it\n", stderr);
		return CLI_REFUSED;
	}
	if (import->rows > 0) {
		(void)fprintf(stderr, "going on after row %lld\n", (long long)import->rows);
	}
	return CLI_DONE;
}

/* ---- one request ---- */

static enum err begin_request(struct import *import)
{
	buf_clear(&import->body);
	buf_view(&import->body, bulk_file_names(import->file));
	import->in_request = 0;
	return bulk_file_digest(import->file, import->before);
}

static void wait_before(int again)
{
	const int64_t ms = INT64_C(100) << again;
	const struct timespec delay = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	(void)nanosleep(&delay, NULL);
}

/* The registry may have taken the request whose answer did not come. */
static bool is_done_already(struct import *import)
{
	char digest[BULK_DIGEST];

	return look(import) == OK && import->rows == bulk_file_rows(import->file) &&
	       bulk_file_digest(import->file, digest) == OK && strcmp(digest, import->digest) == 0;
}

/* A registry that restarts is waited for, some twelve seconds. */
static enum cli_status send_request(struct import *import, const struct party_request *request)
{
	for (int again = 0; again < TRIES; again++) {
		if (again > 0 && is_done_already(import)) {
			return CLI_DONE;
		}
		enum err err = party_ask(import->cli, import->key, request);

		if (err == OK && api_status(import->cli->api) == 200) {
			return read_state(import) == OK ? CLI_DONE : CLI_REFUSED;
		}
		if (err == OK && api_status(import->cli->api) < 500) {
			return cli_judge(import->cli);
		}
		wait_before(again);
	}
	return party_ask_from(import->cli, import->args->values[IMPORT_PARTY_KEY], request);
}

static enum cli_status end_request(struct import *import)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	struct party_request request = {
		.method = "POST",
		.type = import->csv ? "text/csv" : "application/x-ndjson",
		.body = buf_contents(&import->body),
	};
	char digest[BULK_DIGEST];

	if (import->in_request == 0) {
		return CLI_DONE;
	}
	if (bulk_file_digest(import->file, digest) != OK ||
		buf_end(&import->body, "request") != OK) {
		cli_say("%s", err_detail());
		return CLI_REFUSED;
	}
	put_path(import, &target);
	buf_printf(&target, "?kind=%s&after=%lld&before=%s&digest=%s", import->kind,
		(long long)(bulk_file_rows(import->file) - import->in_request), import->before,
		digest);
	request.target = buf_string(&target);
	enum cli_status status = send_request(import, &request);

	if (status == CLI_DONE) {
		tell_progress(import, false);
	}
	return status;
}

/* ---- the whole of it ---- */

static enum cli_status send_rows(struct import *import)
{
	enum cli_status status = CLI_DONE;
	struct view row;
	enum err err = begin_request(import);

	while (err == OK && status == CLI_DONE) {
		err = bulk_file_next(import->file, &row);
		if (err != OK) {
			break;
		}
		buf_view(&import->body, row);
		import->in_request++;
		if (import->in_request == import->rows_full || import->body.len > REQUEST_FULL) {
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

/* One page of what was wrong; false: there is no more. */
static bool list_page(struct import *import, FILE *to, int64_t *after)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	JSON_CLEANUP struct json *page = NULL;
	struct party_request request = {.method = "GET"};

	put_path(import, &target);
	buf_printf(&target, "/errors?after=%lld&limit=%d", (long long)*after,
		to == stderr ? SHOWN_ERRORS : 1000);
	request.target = buf_string(&target);
	if (party_ask_from(import->cli, import->args->values[IMPORT_PARTY_KEY], &request) !=
			CLI_DONE ||
		json_parse(api_body(import->cli->api), ANSWER_MAX, &page) != OK) {
		return false;
	}
	for (const struct json *item = json_item(json_member(page, "items"), 0); item;
		item = json_next(item)) {
		struct view detail = {0};

		if (json_int(item, "row", 0, INT64_MAX, after) == OK &&
			json_text(item, "detail", &detail) == OK) {
			(void)fprintf(to, "row %lld: ", (long long)*after);
			print_text(to, detail);
			(void)fputc('\n', to);
		}
	}
	return json_member(page, "next") && to != stderr;
}

/* What was wrong, row by row: all of it into a file, or a few on standard error. */
static enum cli_status report(struct import *import)
{
	const char *path = import->args->values[IMPORT_REPORT];
	FILE *to = path ? fopen(path, "we") : stderr;
	int64_t after = 0;

	if (!to) {
		cli_say("%s: cannot be written", path);
		return CLI_REFUSED;
	}
	while (list_page(import, to, &after)) {
	}
	if (path && fclose(to) != 0) {
		cli_say("%s: cannot be written", path);
	} else if (path) {
		(void)fprintf(stderr, "%s says what was wrong\n", path);
	} else if (import->failed > SHOWN_ERRORS) {
		(void)fputs("--report FILE writes all of them\n", stderr);
	}
	return CLI_REFUSED;
}

static enum cli_status summarise(struct import *import)
{
	tell_progress(import, true);
	if (import->cli->json && look(import) == OK) {
		cli_print_answer(import->cli);
	} else {
		(void)printf("%s: %lld rows, %lld %s added, %lld rows wrong\n", import->batch,
			(long long)import->rows, (long long)import->added, import->kind,
			(long long)import->failed);
	}
	enum cli_status status = import->failed > 0 ? report(import) : CLI_DONE;

	if (import->cut_off) {
		(void)fputs("nothing from there on was read; put it right, and import the file "
			    "again: it goes on\n",
			stderr);
		return CLI_REFUSED;
	}
	return status;
}

static enum cli_status run(struct import *import)
{
	enum err err = look(import);

	if (err != OK && err != ERR_NOT_FOUND) {
		cli_say("%s", err_detail());
		return err == ERR_UNAVAILABLE ? CLI_UNREACHABLE : CLI_REFUSED;
	}
	if (err == OK) {
		enum cli_status skipped = skip_done(import);

		if (skipped != CLI_DONE) {
			return skipped;
		}
	}
	import->began = import->told = now_ms();
	import->rows_before = import->rows;
	enum cli_status status = send_rows(import);

	if (status != CLI_DONE) {
		(void)fputs("the same command goes on from there\n", stderr);
		return status;
	}
	return summarise(import);
}

/* ---- what is typed ---- */

/* The name of the file is the batch's, unless said otherwise. */
static const char *batch_of(const struct cli_arguments *args)
{
	const char *path = args->words[0], *slash = strrchr(path, '/');

	if (args->values[IMPORT_BATCH]) {
		return args->values[IMPORT_BATCH];
	}
	return strcmp(path, "-") == 0 ? NULL : slash ? slash + 1 : path;
}

static bool is_json(const char *path)
{
	const char *end = strrchr(path, '.');

	return end && (strcmp(end, ".ndjson") == 0 || strcmp(end, ".jsonl") == 0);
}

static enum cli_status set_up(struct import *import)
{
	const struct cli_arguments *args = import->args;
	const char *format = args->values[IMPORT_FORMAT], *key = args->values[IMPORT_PARTY_KEY];

	import->kind = args->values[IMPORT_OWNERS] ? "owners" : "devices";
	import->batch = batch_of(args);
	import->rows_full = ROWS_FULL;
	if (!import->batch) {
		cli_say("standard input has no name: --batch names the batch");
		return CLI_USAGE;
	}
	if (format && strcmp(format, "csv") != 0 && strcmp(format, "ndjson") != 0) {
		cli_say("--format: csv or ndjson");
		return CLI_USAGE;
	}
	if (args->values[IMPORT_ROWS] &&
		cli_number("rows", args->values[IMPORT_ROWS], &import->rows_full) != CLI_DONE) {
		return CLI_USAGE;
	}
	import->csv = format ? strcmp(format, "csv") == 0 : !is_json(args->words[0]);
	if ((key && party_key_read(key, &import->key) != OK) ||
		bulk_file_open(args->words[0], import->csv, &import->file) != OK) {
		cli_say("%s", err_detail());
		return CLI_REFUSED;
	}
	return CLI_DONE;
}

enum cli_status registry_import(struct cli *cli, const struct cli_arguments *args)
{
	struct import import = {.cli = cli, .args = args, .body = buf_growing(REQUEST_MAX)};
	enum cli_status status = set_up(&import);

	if (status == CLI_DONE) {
		status = run(&import);
	}
	bulk_file_close(import.file);
	jose_key_free(import.key);
	buf_wipe(&import.body);
	buf_free(&import.body);
	return status;
}

enum cli_status registry_imports(struct cli *cli, const struct cli_arguments *args)
{
	static const struct print_column columns[] = {
		{"BATCH", "id"},
		{"KIND", "kind"},
		{"BY", "by"},
		{"ROWS", "rows"},
		{"ADDED", "added"},
		{"WRONG", "failed"},
	};
	const struct cli_page page = {.after = args->values[0], .limit = args->values[1]};

	return cli_list(cli, COLLECTION, &page, columns, sizeof(columns) / sizeof(columns[0]));
}
