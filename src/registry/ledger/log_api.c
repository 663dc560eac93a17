// SPDX-License-Identifier: Apache-2.0
#include "registry/ledger/log_api.h"

#include "base/text.h"
#include "registry/ledger/log_tree.h"
#include "registry/ledger/proof.h"
#include "wire/tile_name.h"

#include <stdio.h>
#include <string.h>

static const char immutable[] = "public, max-age=31536000, immutable";
static const char fresh[] = "public, no-cache";

enum err log_checkpoint_show(struct call *call)
{
	TRY(ledger_checkpoint(call->registry->ledger, &call->reply, NULL));
	call->type = "text/plain; charset=utf-8";
	call_field(call, "Cache-Control", view_text(fresh));
	call_answer(call, 200);
	return OK;
}

/* ---- tiles ---- */

static void answer_tile(struct call *call)
{
	call->type = "application/octet-stream";
	call_field(call, "Cache-Control", view_text(immutable));
	call_answer(call, 200);
}

static void on_hashes(void *user, uint64_t ref, enum err err, struct view hashes)
{
	struct call *call = call_at(user, ref);

	if (!call) {
		return;
	}
	if (err != OK) {
		call_fail(call, err);
		return;
	}
	buf_view(&call->reply, hashes);
	answer_tile(call);
}

static enum err put_leaf(struct call *call, const struct ledger_entry *entry)
{
	BUF_CLEANUP struct buf leaf = buf_growing(UINT16_MAX);

	ledger_leaf(entry, &leaf);
	TRY(buf_end(&leaf, "leaf"));
	buf_u16(&call->reply, (uint16_t)leaf.len);
	buf_view(&call->reply, buf_contents(&leaf));
	return OK;
}

static enum err on_leaves(struct call *call, const struct ledger_entry *entries, size_t count)
{
	if (count != (size_t)call->number) {
		return err_fail(ERR_IO, "log: events are missing in the store");
	}
	for (size_t i = 0; i < count; i++) {
		TRY(put_leaf(call, &entries[i]));
	}
	answer_tile(call);
	return OK;
}

static enum err show_leaves(struct call *call, const struct tile_name *name)
{
	struct ledger *l = call->registry->ledger;
	const uint64_t size = (uint64_t)ledger_size(l);

	if (name->index > size / TREE_TILE || name->index * TREE_TILE + name->width > size) {
		return err_fail(ERR_NOT_FOUND, "log: it has no such tile yet");
	}
	call->number = (int64_t)name->width;
	return call_read_leaves(call, (int64_t)(name->index * TREE_TILE), (size_t)name->width,
		on_leaves);
}

enum err log_tile_show(struct call *call)
{
	struct tile_name name;

	TRY(tile_name_parse(buf_contents(&call->segment), &name));
	if (name.entries) {
		return show_leaves(call, &name);
	}
	const struct proof_question question = {.kind = PROOF_TILE,
		.a = name.index,
		.b = name.width,
		.level = name.level};

	return ledger_prove(call->registry->ledger, &question, on_hashes, call->registry, call->ref);
}

/* ---- proofs ---- */

static void put_hash(struct json_writer *w, const char *name, struct view hash)
{
	char text[MERKLE_HASH * 2];
	struct buf room = buf_fixed(text, sizeof(text));

	text_base64(&room, hash);
	json_put_text(w, name, buf_contents(&room));
}

static void put_proof(struct json_writer *w, struct view hashes)
{
	json_open_array(w, "proof");
	for (size_t at = 0; at + MERKLE_HASH <= hashes.len; at += MERKLE_HASH) {
		put_hash(w, NULL, view_of(hashes.data + at, MERKLE_HASH));
	}
	json_close_array(w);
}

static void on_consistency(void *user, uint64_t ref, enum err err, struct view hashes)
{
	struct call *call = call_at(user, ref);

	if (!call) {
		return;
	}
	if (err != OK) {
		call_fail(call, err);
		return;
	}
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_int(&w, "from", call->number);
	json_put_int(&w, "to", call->number2);
	put_proof(&w, hashes);
	json_close(&w);
	call_answer(call, 200);
}

enum err log_consistency_show(struct call *call)
{
	struct ledger *l = call->registry->ledger;

	call->number2 = ledger_size(l);
	TRY(call_query_number(call, "from", INT64_MAX, &call->number));
	TRY(call_query_number(call, "to", INT64_MAX, &call->number2));
	if (call->number > call->number2) {
		return err_fail(ERR_RANGE, "from: after to");
	}
	const struct proof_question question = {.kind = PROOF_CONSISTENCY,
		.a = (uint64_t)call->number,
		.b = (uint64_t)call->number2};

	return ledger_prove(l, &question, on_consistency, call->registry, call->ref);
}

static void on_root(void *user, uint64_t ref, enum err err, struct view hashes)
{
	struct call *call = call_at(user, ref);

	if (!call) {
		return;
	}
	if (err != OK) {
		call_fail(call, err);
		return;
	}
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_int(&w, "seq", call->number);
	json_put_int(&w, "size", call->number2);
	put_hash(&w, "root", hashes);
	put_proof(&w, buf_contents(&call->keep));
	json_close(&w);
	call_answer(call, 200);
}

static void on_inclusion(void *user, uint64_t ref, enum err err, struct view hashes)
{
	struct call *call = call_at(user, ref);

	if (!call) {
		return;
	}
	if (err == OK) {
		const struct proof_question question = {.kind = PROOF_ROOT,
			.a = (uint64_t)call->number2};

		buf_view(&call->keep, hashes);
		err = ledger_prove(call->registry->ledger, &question, on_root, user, ref);
	}
	if (err != OK) {
		call_fail(call, err);
	}
}

enum err log_inclusion_show(struct call *call)
{
	struct ledger *l = call->registry->ledger;

	call->number = -1;
	call->number2 = ledger_size(l);
	TRY(call_query_number(call, "seq", INT64_MAX, &call->number));
	TRY(call_query_number(call, "size", INT64_MAX, &call->number2));
	if (call->number < 0 || call->number >= call->number2) {
		return err_fail(ERR_RANGE, "seq: from 0 to below size");
	}
	const struct proof_question question = {.kind = PROOF_INCLUSION,
		.a = (uint64_t)call->number,
		.b = (uint64_t)call->number2};

	return ledger_prove(l, &question, on_inclusion, call->registry, call->ref);
}

/* ---- events ---- */

enum err ledger_put_entry(struct json_writer *w, const struct ledger_entry *entry)
{
	JSON_CLEANUP struct json *record = NULL;

	json_open(w, NULL);
	json_put_int(w, "seq", entry->seq);
	json_put_string(w, "kind", event_kind_name(entry->kind));
	json_put_int(w, "time", entry->time);
	json_put_text(w, "registry", entry->origin);
	json_put_int(w, "registry_seq", entry->origin_seq);
	if (entry->subject.len > 0) {
		json_put_text(w, "subject", entry->subject);
	}
	if (entry->record.len > 0) {
		TRY(json_parse(entry->record, LEDGER_RECORD_MAX, &record));
		json_put_value(w, "record", record);
	}
	json_close(w);
	return OK;
}

enum err ledger_on_page(struct call *call, const struct ledger_entry *entries, size_t count)
{
	struct json_writer w = json_to(&call->reply);
	const size_t shown = count < call->limit ? count : call->limit;
	char next[24];

	json_open(&w, NULL);
	json_open_array(&w, "items");
	for (size_t i = 0; i < shown; i++) {
		TRY(ledger_put_entry(&w, &entries[i]));
	}
	json_close_array(&w);
	if (shown > 0 && shown < count) {
		(void)snprintf(next, sizeof(next), "%lld", (long long)entries[shown - 1].seq);
		json_put_string(&w, "next", next);
	}
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

/* The page begins behind ?after=, which is a seq. */
static enum err read_page(struct call *call, int64_t *ret_from)
{
	BUF_CLEANUP struct buf after = buf_growing(CALL_SEGMENT_MAX);
	uint64_t seq;

	TRY(call_page(call, &after));
	if (call->limit > LEDGER_READ_MAX - 1) {
		call->limit = LEDGER_READ_MAX - 1;
	}
	*ret_from = 0;
	if (after.len > 0) {
		TRY(text_from_u64(buf_contents(&after), INT64_MAX - 1, &seq, "after"));
		*ret_from = (int64_t)seq + 1;
	}
	return OK;
}

/* All of the log, for those who audit it.  req: R7-i-c */
enum err event_list(struct call *call)
{
	int64_t from;

	TRY(read_page(call, &from));
	return call_read(call, from, call->limit + 1, ledger_on_page);
}

/* req: R6.1-d R9.3-ii-a */
enum err history_list(struct call *call)
{
	BUF_CLEANUP struct buf text = buf_growing(CALL_SEGMENT_MAX);
	int64_t from, until = INT64_MAX;
	enum err err;

	TRY(read_page(call, &from));
	err = call_query_text(call, "until", &text);
	if (err != ERR_NOT_FOUND) {
		TRY(err);
		TRY(text_from_time(buf_contents(&text), &until, "until"));
		until = until * 1000 + 999;
	}
	return call_read_subject(call, buf_contents(&call->segment), from, until, call->limit + 1,
		ledger_on_page);
}
