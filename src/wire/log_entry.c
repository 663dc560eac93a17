// SPDX-License-Identifier: Apache-2.0
#include "wire/log_entry.h"

#include "base/secret.h"
#include "base/text.h"
#include "core/kdf.h"

#include <string.h>

#define PAGE_WORD "/snapshot"

enum { TIME_DIGITS = 16, COMMITMENT_TEXT = 43, SNAPSHOT_MAX = 16384 };

/* --- the leaf --- */

void log_leaf_write(const struct log_leaf *leaf, struct buf *out)
{
	buf_text(out, "{\"kind\":\"");
	buf_view(out, leaf->kind);
	buf_printf(out, "\",\"time\":%lld,\"registry\":\"", (long long)leaf->time);
	buf_view(out, leaf->registry);
	buf_text(out, "\",\"commitment\":\"");
	text_base64url(out, view_of(leaf->commitment, LOG_COMMITMENT));
	buf_text(out, "\"}");
}

static void expect(struct reader *r, const char *word)
{
	struct view given = reader_bytes(r, strlen(word));

	if (!view_is(given, word)) {
		r->failed = true;
	}
}

/* Bytes up to this one, which is not taken; at most `max`, at least one. */
static struct view up_to(struct reader *r, uint8_t end, size_t max)
{
	size_t left = reader_left(r), len = 0;

	while (len < left && len < max && r->at[len] != end) {
		len++;
	}
	if (len == 0) {
		r->failed = true;
	}
	return reader_bytes(r, len);
}

static bool is_kind(struct view kind)
{
	for (size_t i = 0; i < kind.len; i++) {
		if (kind.data[i] != '_' && (kind.data[i] < 'a' || kind.data[i] > 'z')) {
			return false;
		}
	}
	return kind.len > 0;
}

/* As reg_id_parse() takes it: letters of one case, digits, dots and hyphens, which need no escape in JSON. */
static bool is_registry(struct view id)
{
	for (size_t i = 0; i < id.len; i++) {
		uint8_t c = id.data[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '.' && c != '-') {
			return false;
		}
	}
	return id.len > 0;
}

enum err log_leaf_parse(struct view text, struct log_leaf *ret)
{
	struct reader r = reader_of(text);
	struct log_leaf leaf;
	uint64_t time;
	size_t len;

	expect(&r, "{\"kind\":\"");
	leaf.kind = up_to(&r, '"', LOG_KIND_MAX);
	expect(&r, "\",\"time\":");
	struct view digits = up_to(&r, ',', TIME_DIGITS);

	expect(&r, ",\"registry\":\"");
	leaf.registry = up_to(&r, '"', LOG_REGISTRY_MAX);
	expect(&r, "\",\"commitment\":\"");
	struct view commitment = up_to(&r, '"', COMMITMENT_TEXT);

	expect(&r, "\"}");
	TRY(reader_end(&r, "log: leaf"));
	if (!is_kind(leaf.kind) || !is_registry(leaf.registry)) {
		return err_fail(ERR_SYNTAX, "log: leaf: not a kind, or not a RegID");
	}
	TRY(text_from_u64(digits, (UINT64_C(1) << 53) - 1, &time, "log: leaf: time"));
	TRY(text_from_base64url(commitment, leaf.commitment, LOG_COMMITMENT, &len,
		"log: leaf: commitment"));
	if (len != LOG_COMMITMENT) {
		return err_fail(ERR_SYNTAX, "log: leaf: a commitment has 32 bytes");
	}
	leaf.time = (int64_t)time;
	*ret = leaf;
	return OK;
}

enum err log_commit(const uint8_t salt[LOG_SALT], struct view record, uint8_t ret[LOG_COMMITMENT])
{
	SECRET(key);

	TRY(secret_set(&key, salt, LOG_SALT));
	return kdf_hmac(&key, record, ret);
}

/* --- an entry --- */

void log_entry_write(const struct log_entry *entry, struct buf *out)
{
	buf_printf(out, "{\"seq\":%lld,\"origin_seq\":%lld,\"leaf\":", (long long)entry->seq,
		(long long)entry->origin_seq);
	text_json(out, entry->leaf);
	if (entry->has_record) {
		buf_text(out, ",\"salt\":\"");
		text_base64url(out, view_of(entry->salt, LOG_SALT));
		buf_text(out, "\",\"record\":");
		text_json(out, entry->record);
	}
	buf_u8(out, '}');
}

static enum err read_record(const struct json *root, struct log_entry *entry)
{
	struct view salt = {NULL, 0};
	uint8_t commitment[LOG_COMMITMENT];
	size_t len;

	TRY(json_text(root, "record", &entry->record));
	TRY(json_text(root, "salt", &salt));
	TRY(text_from_base64url(salt, entry->salt, LOG_SALT, &len, "log: entry: salt"));
	if (len != LOG_SALT) {
		return err_fail(ERR_SYNTAX, "log: entry: a salt has 32 bytes");
	}
	TRY(log_commit(entry->salt, entry->record, commitment));
	if (memcmp(commitment, entry->envelope.commitment, LOG_COMMITMENT) != 0) {
		return err_fail(ERR_AUTH, "log: entry %lld: its leaf commits to another record",
			(long long)entry->seq);
	}
	entry->has_record = true;
	return OK;
}

static enum err read_entry(const struct json *root, struct log_entry *entry)
{
	static const char *const members[] = {"seq", "origin_seq", "leaf", "salt", "record", NULL};
	const int64_t max = (INT64_C(1) << 53) - 1;

	TRY(json_only(root, members));
	TRY(json_int(root, "seq", 0, max, &entry->seq));
	TRY(json_int(root, "origin_seq", 0, max, &entry->origin_seq));
	TRY(json_text(root, "leaf", &entry->leaf));
	TRY(log_leaf_parse(entry->leaf, &entry->envelope));
	return json_member(root, "record") || json_member(root, "salt") ? read_record(root, entry)
									: OK;
}

enum err log_entry_parse(struct view text, size_t max, struct json **ret_document,
	struct log_entry *ret)
{
	struct json *root = NULL;
	struct log_entry entry = {.has_record = false};

	TRY(json_parse(text, max, &root));
	enum err err = read_entry(root, &entry);

	if (err != OK) {
		json_free(root);
		return err;
	}
	*ret_document = root;
	*ret = entry;
	return OK;
}

/* --- a snapshot --- */

void log_snapshot_write(const struct log_snapshot *snapshot, struct buf *out)
{
	struct json_writer w = json_to(out);
	uint8_t bytes[MERKLE_RANGE_BYTES];
	struct buf range = buf_fixed(bytes, sizeof(bytes));
	struct buf text BUF_CLEANUP = buf_growing(SNAPSHOT_MAX);

	merkle_range_write(&snapshot->range, &range);
	text_base64url(&text, buf_contents(&range));
	json_open(&w, NULL);
	json_put_int(&w, "from", (int64_t)snapshot->from);
	json_put_text(&w, "range", buf_contents(&text));
	json_open_array(&w, "proof");
	for (size_t i = 0; i < snapshot->proof.count; i++) {
		buf_clear(&text);
		text_base64url(&text, view_of(snapshot->proof.hash[i].bytes, MERKLE_HASH));
		json_put_text(&w, NULL, buf_contents(&text));
	}
	json_close_array(&w);
	json_close(&w);
}

static enum err read_proof(const struct json *hashes, struct merkle_proof *ret)
{
	size_t len;

	if (!json_is_array(hashes) || json_count(hashes) > MERKLE_LEVELS + 1) {
		return err_fail(ERR_SYNTAX, "log: snapshot: not a proof");
	}
	ret->count = 0;
	for (const struct json *item = json_item(hashes, 0); item; item = json_next(item)) {
		struct view text;

		TRY(json_as_text(item, &text));
		TRY(text_from_base64url(text, ret->hash[ret->count++].bytes, MERKLE_HASH, &len,
			"log: snapshot: proof"));
		if (len != MERKLE_HASH) {
			return err_fail(ERR_SYNTAX, "log: snapshot: a hash has 32 bytes");
		}
	}
	return OK;
}

enum err log_snapshot_parse(struct view text, struct log_snapshot *ret)
{
	struct json *root JSON_CLEANUP = NULL;
	struct log_snapshot snapshot;
	struct view range;
	uint8_t bytes[MERKLE_RANGE_BYTES];
	int64_t from;
	size_t len;

	TRY(json_parse(text, SNAPSHOT_MAX, &root));
	TRY(json_int(root, "from", 0, (INT64_C(1) << 53) - 1, &from));
	TRY(json_text(root, "range", &range));
	TRY(text_from_base64url(range, bytes, sizeof(bytes), &len, "log: snapshot: range"));
	TRY(merkle_range_read(view_of(bytes, len), &snapshot.range));
	TRY(read_proof(json_member(root, "proof"), &snapshot.proof));
	snapshot.from = (uint64_t)from;
	if (snapshot.from > snapshot.range.size) {
		return err_fail(ERR_RANGE, "log: snapshot: older than what is there already");
	}
	*ret = snapshot;
	return OK;
}

void log_page_write(const struct log_page *page, struct buf *out)
{
	buf_view(out, page->origin);
	buf_printf(out, PAGE_WORD "\n%llu\n%llu\n%s\n", (unsigned long long)page->size,
		(unsigned long long)page->number, page->is_last ? "last" : "more");
	text_base64(out, view_of(page->digest.bytes, MERKLE_HASH));
	buf_u8(out, '\n');
}

static struct view page_line(struct reader *r)
{
	struct view line = up_to(r, '\n', SIZE_MAX);

	expect(r, "\n");
	return line;
}

enum err log_page_parse(struct view text, struct log_page *ret)
{
	struct reader r = reader_of(text);
	struct view title = page_line(&r), size = page_line(&r), number = page_line(&r),
		    more = page_line(&r), digest = page_line(&r);
	const size_t word = sizeof(PAGE_WORD) - 1;
	struct log_page page = {.is_last = view_is(more, "last")};
	size_t len;

	TRY(reader_end(&r, "log: page of a snapshot"));
	if (title.len <= word || !view_is(view_of(title.data + title.len - word, word), PAGE_WORD) ||
		(!page.is_last && !view_is(more, "more"))) {
		return err_fail(ERR_SYNTAX, "log: not a page of a snapshot");
	}
	page.origin = view_of(title.data, title.len - word);
	TRY(text_from_u64(size, INT64_MAX, &page.size, "log: page: size"));
	TRY(text_from_u64(number, INT64_MAX, &page.number, "log: page: number"));
	TRY(text_from_base64(digest, page.digest.bytes, MERKLE_HASH, &len, "log: page: digest"));
	if (len != MERKLE_HASH) {
		return err_fail(ERR_SYNTAX, "log: page: a digest has 32 bytes");
	}
	*ret = page;
	return OK;
}
