// SPDX-License-Identifier: Apache-2.0
/* registry_log: the log of a trust registry, listed, and verified from its leaves up. */
#include "cli/registry.h"

#include "base/text.h"
#include "wire/note.h"
#include "wire/tile_name.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MAX = 32 << 20, PATH_SIZE = 96 };

/* ---- listing ---- */

enum { LOG_DEVICE, LOG_UNTIL, LOG_AFTER, LOG_LIMIT };

static const struct print_column event_columns[] = {
	{"SEQ", "seq"},
	{"TIME", "time", true},
	{"REGISTRY", "registry"},
	{"KIND", "kind"},
	{"SUBJECT", "subject"},
};

static enum cli_status list(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	const char *device = args->values[LOG_DEVICE];
	const struct cli_page page = {
		.filter = "until",
		.value = args->values[LOG_UNTIL],
		.after = args->values[LOG_AFTER],
		.limit = args->values[LOG_LIMIT],
	};

	if (args->values[LOG_UNTIL] && !device) {
		cli_say("--until goes with --device");
		return CLI_USAGE;
	}
	if (device) {
		buf_text(&target, "/v1/devices/");
		cli_put(&target, device);
		buf_text(&target, "/history");
	} else {
		buf_text(&target, "/v1/events");
	}
	return cli_list(cli, buf_string(&target), &page, event_columns,
		sizeof(event_columns) / sizeof(event_columns[0]));
}

static enum cli_status queries(struct cli *cli, const struct cli_arguments *args)
{
	static const struct print_column columns[] = {
		{"BATCH", "batch"},
		{"TIME", "at", true},
		{"QUESTIONS", "count"},
	};
	const struct cli_page page = {.after = args->values[0], .limit = args->values[1]};

	return cli_list(cli, "/v1/queries", &page, columns, sizeof(columns) / sizeof(columns[0]));
}

/* ---- verifying ---- */

enum { VERIFY_LOG_KEY, VERIFY_KEEP };

static enum cli_status failed(void)
{
	cli_say("%s", err_detail());
	return CLI_REFUSED;
}

/* As the registry tells it, over a connection that is trusted to be to the registry. */
static enum cli_status ask_key(struct cli *cli, struct note_key *ret)
{
	JSON_CLEANUP struct json *document = NULL;
	struct view text;
	enum cli_status status = cli_ask(cli, "GET", "/.well-known/trust-registry", view_text(""));

	if (status != CLI_DONE) {
		return status;
	}
	if (json_parse(api_body(cli->api), ANSWER_MAX, &document) != OK ||
		json_text(json_member(document, "log"), "key", &text) != OK ||
		note_key_parse(text, ret) != OK) {
		return failed();
	}
	return CLI_DONE;
}

static enum err open_checkpoint(struct view bytes, const struct note_key *key,
	struct note_checkpoint *ret)
{
	struct note note;

	TRY(note_parse(bytes, &note));
	TRY(note_verify(&note, key, NULL));
	TRY(note_checkpoint_parse(note.text, ret));
	return view_is(ret->origin, key->name) ? OK
					       : err_fail(ERR_AUTH, "checkpoint: another log's");
}

static enum err append_leaves(struct view bytes, uint64_t count, struct merkle_range *range)
{
	struct reader r = reader_of(bytes);

	for (uint64_t i = 0; i < count; i++) {
		const struct view leaf = reader_bytes(&r, reader_u16(&r));
		struct merkle_hash hash;

		merkle_leaf(leaf, &hash);
		TRY(merkle_append(range, &hash, NULL, NULL));
	}
	return reader_end(&r, "leaves");
}

/* Leaves from the range's end on, up to `end`, which is in the same tile. */
static enum cli_status read_tile(struct cli *cli, struct merkle_range *range, uint64_t end)
{
	const uint64_t first = range->size / TILE_WIDTH * TILE_WIDTH, skip = range->size - first;
	BUF_CLEANUP struct buf target = buf_growing(PATH_SIZE);

	const struct tile_name name = {.entries = true,
		.index = first / TILE_WIDTH,
		.width = (unsigned)(end - first)};

	buf_text(&target, "/log/tile/");
	tile_name_write(&name, &target);
	enum cli_status status = cli_ask(cli, "GET", buf_string(&target), view_text(""));

	if (status != CLI_DONE) {
		return status;
	}
	struct reader r = reader_of(api_body(cli->api));

	for (uint64_t i = 0; i < skip; i++) {
		reader_skip(&r, reader_u16(&r));
	}
	return append_leaves(view_of(r.at, reader_left(&r)), end - range->size, range) == OK
		       ? CLI_DONE
		       : failed();
}

/* The root of the first `size` leaves, and that of the first `before`, from the leaves themselves. A tile in which the old
 * log ended is read twice. */
static enum cli_status hash_leaves(struct cli *cli, uint64_t size, uint64_t before,
	struct merkle_hash *ret, struct merkle_hash *ret_before)
{
	struct merkle_range range = {0};
	enum cli_status status = CLI_DONE;

	merkle_empty_root(ret_before);
	while (status == CLI_DONE && range.size < size) {
		const uint64_t aim = range.size < before ? before : size;
		const uint64_t whole = (range.size / TILE_WIDTH + 1) * TILE_WIDTH;

		status = read_tile(cli, &range, aim < whole ? aim : whole);
		if (range.size == before) {
			merkle_range_root(&range, ret_before);
		}
	}
	merkle_range_root(&range, ret);
	return status;
}

static enum cli_status differs(const char *what)
{
	cli_say("%s; keep both checkpoints: they are evidence", what);
	return CLI_REFUSED;
}

static enum cli_status verify_log(struct cli *cli, const struct note_key *key, struct view text,
	const struct note_checkpoint *old)
{
	struct note_checkpoint now;
	struct merkle_hash root, begin;
	enum cli_status status;

	if (open_checkpoint(text, key, &now) != OK) {
		return failed();
	}
	if (old->size > now.size) {
		return differs("the log is shorter than it was");
	}
	status = hash_leaves(cli, now.size, old->size, &root, &begin);
	if (status != CLI_DONE) {
		return status;
	}
	if (!merkle_equal(&root, &now.root)) {
		return differs("the checkpoint is not that of the leaves");
	}
	if (old->size > 0 && !merkle_equal(&begin, &old->root)) {
		return differs("the log did not begin as it was");
	}
	(void)printf("%s: %llu events, as the checkpoint says", key->name,
		(unsigned long long)now.size);
	if (old->size > 0) {
		(void)printf(", the first %llu as they were", (unsigned long long)old->size);
	}
	(void)printf("\n");
	return CLI_DONE;
}

/* What was kept the last time; nothing when this is the first. */
static enum cli_status read_kept(const char *path, const struct note_key *key, struct buf *kept,
	struct note_checkpoint *ret)
{
	*ret = (struct note_checkpoint){.size = 0};
	if (!path || access(path, F_OK) != 0) {
		return CLI_DONE;
	}
	return text_read_file(path, NOTE_MAX, kept) == OK &&
			       open_checkpoint(buf_contents(kept), key, ret) == OK
		       ? CLI_DONE
		       : failed();
}

static enum cli_status verify(struct cli *cli, const struct cli_arguments *args)
{
	const char *keep = args->values[VERIFY_KEEP], *text = args->values[VERIFY_LOG_KEY];
	BUF_CLEANUP struct buf kept = {0};
	BUF_CLEANUP struct buf told = buf_growing(NOTE_MAX);
	struct note_checkpoint old;
	struct note_key key;
	enum cli_status status = CLI_DONE;

	if (text && note_key_parse(view_text(text), &key) != OK) {
		cli_say("--log-key: %s", err_detail());
		return CLI_USAGE;
	}
	if (!text) {
		status = ask_key(cli, &key);
	}
	status = status == CLI_DONE ? read_kept(keep, &key, &kept, &old) : status;
	status =
		status == CLI_DONE ? cli_ask(cli, "GET", "/log/checkpoint", view_text("")) : status;
	if (status != CLI_DONE) {
		return status;
	}
	buf_view(&told, api_body(cli->api));
	status = verify_log(cli, &key, buf_contents(&told), &old);
	if (status == CLI_DONE && keep && text_write_file(keep, buf_contents(&told), 0644) != OK) {
		return failed();
	}
	return status;
}

static const struct cli_command commands[] = {
	{
		.noun = "registry",
		.verb = "log",
		.summary = "list events of its log, or what happened to a device",
		.options =
			{
				[LOG_DEVICE] = CLI_OPTION("device", "REGDEVID", "of this one alone"),
				[LOG_UNTIL] = CLI_OPTION("until", "TIME",
					"as of then: 2026-01-31T00:00:00Z"),
				[LOG_AFTER] = CLI_OPTION("after", "SEQ", "begin after this one"),
				[LOG_LIMIT] =
					CLI_OPTION("limit", "NUMBER", "at most so many: one page"),
			},
		.run = list,
	},
	{
		.noun = "registry",
		.verb = "queries",
		.summary = "list the audit of enquiries, batch by batch; --json shows each",
		.options = {CLI_PAGE_OPTIONS},
		.run = queries,
	},
	{
		.noun = "registry",
		.verb = "verify",
		.summary = "verify the log from its leaves up",
		.options =
			{
				[VERIFY_LOG_KEY] = CLI_OPTION("log-key", "VKEY",
					"what checkpoints are verified with; else as the registry "
					"says"),
				[VERIFY_KEEP] = CLI_OPTION("keep", "FILE",
					"keep the checkpoint there; one that is there must be the "
					"log's beginning"),
			},
		.more = "All leaves are read, and must have the root that the signed checkpoint "
			"says. "
			"With\n--keep the log is seen to have only grown since the last time.",
		.run = verify,
	},
};

const struct cli_noun cli_registry_log = {.name = "registry",
	.commands = commands,
	.count = sizeof(commands) / sizeof(commands[0])};
