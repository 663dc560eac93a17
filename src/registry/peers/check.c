// SPDX-License-Identifier: Apache-2.0
#include "registry/peers/check.h"

#include "registry/ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 64 };

void check_begin(struct check *c, const struct merkle_range *range)
{
	c->range = *range;
	c->known = range->size;
	c->greeted = c->in_snapshot = false;
	if (c->head <= range->size) {
		c->head = range->size;
		merkle_range_root(range, &c->head_root);
	}
}

static void drop_held(struct check *c)
{
	for (size_t i = 0; i < c->held_count; i++) {
		json_free(c->held[i].document);
	}
	c->held_count = c->held_bytes = 0;
}

void check_free(struct check *c)
{
	drop_held(c);
	free(c->held);
	EVP_MD_CTX_free(c->digest);
	c->held = NULL;
	c->held_room = 0;
	c->digest = NULL;
}

static enum err hand_on(struct check *c, const struct merkle_range *range, bool in_snapshot)
{
	const size_t count = c->held_count;

	c->held_count = c->held_bytes = 0;
	return c->verified(c->user, c->held, count, range, in_snapshot);
}

/* --- checkpoints --- */

static enum err read_checkpoint(const struct check *c, struct view data, struct note *note,
	struct note_checkpoint *ret)
{
	TRY(note_parse(data, note));
	enum err err = note_verify(note, &c->key, NULL);

	if (err != OK) {
		return err_fail(ERR_AUTH, "checkpoint: %s", err_detail());
	}
	TRY(note_checkpoint_parse(note->text, ret));
	return view_is(ret->origin, c->key.name) ? OK
						 : err_fail(ERR_AUTH, "checkpoint: of another log");
}

static enum err forked(uint64_t size)
{
	return err_fail(ERR_CONFLICT, "the log was forked before entry %llu",
		(unsigned long long)size);
}

static void keep_head(struct check *c, const struct note_checkpoint *checkpoint)
{
	if (checkpoint->size > c->head) {
		c->head = checkpoint->size;
		c->head_root = checkpoint->root;
	}
}

static enum err take_checkpoint(struct check *c, struct view data)
{
	struct note_checkpoint checkpoint;
	struct note note;
	struct merkle_hash root;

	TRY(read_checkpoint(c, data, &note, &checkpoint));
	if (checkpoint.size < c->known) {
		return err_fail(ERR_CONFLICT,
			"the log was rolled back: it has %llu entries, and had %llu",
			(unsigned long long)checkpoint.size, (unsigned long long)c->known);
	}
	if (!c->greeted && checkpoint.size < c->head) {
		return err_fail(ERR_CONFLICT,
			"the log was rolled back: it has %llu entries, and said %llu",
			(unsigned long long)checkpoint.size, (unsigned long long)c->head);
	}
	c->greeted = true;
	if (checkpoint.size == c->head && !merkle_equal(&checkpoint.root, &c->head_root)) {
		return forked(checkpoint.size);
	}
	if (checkpoint.size > c->range.size) {
		keep_head(c, &checkpoint);
		return OK; /* how far there is to go */
	}
	if (checkpoint.size < c->range.size) {
		return err_fail(ERR_SYNTAX, "checkpoint: not of what was sent last");
	}
	merkle_range_root(&c->range, &root);
	if (!merkle_equal(&root, &checkpoint.root)) {
		return forked(checkpoint.size);
	}
	c->known = checkpoint.size;
	keep_head(c, &checkpoint);
	return c->held_count > 0 ? hand_on(c, &c->range, false) : OK;
}

/* --- entries --- */

/* What is below its own RegID, and what the administrator has said besides.  req: R6.1-a */
static bool may_speak_for(const struct check *c, const struct reg_id *id)
{
	const char *at = c->also;

	if (reg_id_within(id, &c->peer)) {
		return true;
	}
	while (*at) {
		const size_t len = strcspn(at, " ");
		struct reg_id also;

		if (reg_id_parse(view_of(at, len), &also) == OK && reg_id_within(id, &also)) {
			return true;
		}
		at += len + strspn(at + len, " ");
	}
	return false;
}

/* RegDevID, or "registry:REGID"; others name no registry. */
static enum err check_subject(const struct check *c, const struct log_entry *entry)
{
	JSON_CLEANUP struct json *record = NULL;
	struct view subject = {NULL, 0};
	struct reg_dev_id device;

	TRY(json_parse(entry->record, c->limits.entry, &record));
	TRY(json_text_opt(record, "subject", &subject));
	if (reg_dev_id_parse(subject, &device) != OK) {
		return OK;
	}
	return may_speak_for(c, &device.registry)
		       ? OK
		       : err_fail(ERR_DENIED, "entry %lld: of a device in another registry",
				 (long long)entry->seq);
}

/* A child's log has what happened in it and below it, and no more.  req: R6.1-d */
static enum err check_origin(const struct check *c, const struct log_entry *entry)
{
	struct reg_id origin;

	TRY(reg_id_parse(entry->envelope.registry, &origin));
	if (c->relation != PEER_CHILD) {
		return OK; /* what is not its own is passed over: apply.c */
	}
	if (!may_speak_for(c, &origin)) {
		return err_fail(ERR_DENIED, "entry %lld: of a registry that is not below it",
			(long long)entry->seq);
	}
	return entry->has_record ? check_subject(c, entry) : OK;
}

static enum err make_room(struct check *c, size_t bytes)
{
	if (c->held_count >= c->limits.held || bytes > c->limits.held_bytes - c->held_bytes) {
		return err_fail(ERR_RANGE, "%zu entries without a checkpoint", c->held_count);
	}
	if (c->held_count < c->held_room) {
		return OK;
	}
	size_t room = c->held_room > 0 ? 2 * c->held_room : ROOM_FIRST;
	struct checked *more = realloc(c->held, room * sizeof(*more));

	if (!more) {
		return err_fail(ERR_MEMORY, "entries of a log: out of memory");
	}
	c->held = more;
	c->held_room = room;
	return OK;
}

static enum err add_to_page(struct check *c, const struct log_entry *entry, struct view data)
{
	if (++c->snapshot_count > c->limits.snapshot) {
		return err_fail(ERR_RANGE, "a snapshot of more than %zu entries",
			c->limits.snapshot);
	}
	if ((uint64_t)entry->seq >= c->snapshot.range.size) {
		return err_fail(ERR_SYNTAX, "snapshot: entry %lld is not in it",
			(long long)entry->seq);
	}
	return EVP_DigestUpdate(c->digest, data.data, data.len) == 1 &&
			       EVP_DigestUpdate(c->digest, "\n", 1) == 1
		       ? OK
		       : err_fail(ERR_CRYPTO, "SHA-256 of a page");
}

static enum err add_to_log(struct check *c, const struct log_entry *entry)
{
	struct merkle_hash leaf, root;

	if ((uint64_t)entry->seq != c->range.size) {
		return err_fail(ERR_SYNTAX, "entry %lld where %llu follows", (long long)entry->seq,
			(unsigned long long)c->range.size);
	}
	merkle_leaf(entry->leaf, &leaf);
	TRY(merkle_append(&c->range, &leaf, NULL, NULL));
	if (c->range.size != c->head) {
		return OK;
	}
	merkle_range_root(&c->range, &root); /* what was signed when the head was told */
	return merkle_equal(&root, &c->head_root) ? OK : forked(c->head);
}

static enum err take_entry(struct check *c, struct view data)
{
	struct checked taken;

	TRY(make_room(c, data.len));
	TRY(log_entry_parse(data, c->limits.entry, &taken.document, &taken.entry));
	enum err err = taken.entry.record.len <= LEDGER_RECORD_MAX
			       ? check_origin(c, &taken.entry)
			       : err_fail(ERR_RANGE, "entry %lld: a record of more than %d bytes",
					 (long long)taken.entry.seq, LEDGER_RECORD_MAX);

	if (err == OK) {
		err = c->in_snapshot ? add_to_page(c, &taken.entry, data)
				     : add_to_log(c, &taken.entry);
	}
	if (err != OK) {
		json_free(taken.document);
		return err;
	}
	c->held[c->held_count++] = taken;
	c->held_bytes += data.len;
	return OK;
}

/* --- snapshots --- */

static enum err begin_page(struct check *c)
{
	if (!c->digest) {
		c->digest = EVP_MD_CTX_new();
	}
	return c->digest && EVP_DigestInit_ex(c->digest, EVP_sha256(), NULL) == 1
		       ? OK
		       : err_fail(ERR_CRYPTO, "SHA-256 of a page");
}

/* That its log ends as the checkpoint before it says, and begins with what is known of it already. */
static enum err take_snapshot(struct check *c, struct view data)
{
	struct merkle_hash known, root;

	if (c->held_count > 0 || c->in_snapshot || c->known != c->range.size) {
		return err_fail(ERR_SYNTAX, "snapshot: in the midst of entries");
	}
	TRY(log_snapshot_parse(data, &c->snapshot));
	if (c->snapshot.from != c->range.size) {
		return err_fail(ERR_SYNTAX, "snapshot: from another place than was asked for");
	}
	merkle_range_root(&c->range, &known);
	merkle_range_root(&c->snapshot.range, &root);
	if (c->snapshot.range.size != c->head || !merkle_equal(&root, &c->head_root) ||
		merkle_verify_consistency(c->snapshot.from, c->snapshot.range.size,
			&c->snapshot.proof, &known, &root) != OK) {
		return err_fail(ERR_CONFLICT, "snapshot: the log was forked before entry %llu",
			(unsigned long long)c->snapshot.from);
	}
	c->in_snapshot = true;
	c->page = c->snapshot_count = 0;
	return begin_page(c);
}

static enum err check_page(struct check *c, struct view data, bool *ret_last)
{
	struct merkle_hash digest;
	struct log_page page;
	struct note note;

	TRY(note_parse(data, &note));
	if (note_verify(&note, &c->key, NULL) != OK) {
		return err_fail(ERR_AUTH, "snapshot: a page that its log did not sign");
	}
	TRY(log_page_parse(note.text, &page));
	if (EVP_DigestFinal_ex(c->digest, digest.bytes, NULL) != 1) {
		return err_fail(ERR_CRYPTO, "SHA-256 of a page");
	}
	if (!view_is(page.origin, c->key.name) || page.size != c->snapshot.range.size ||
		page.number != c->page || !merkle_equal(&page.digest, &digest)) {
		return err_fail(ERR_AUTH, "snapshot: page %llu is another's",
			(unsigned long long)c->page);
	}
	*ret_last = page.is_last;
	return OK;
}

static enum err take_page(struct check *c, struct view data)
{
	bool last = false;

	if (!c->in_snapshot) {
		return err_fail(ERR_SYNTAX, "a page without a snapshot");
	}
	TRY(check_page(c, data, &last));
	if (!last) {
		c->page++;
		TRY(begin_page(c));
		return hand_on(c, NULL, true);
	}
	c->in_snapshot = false;
	c->range = c->snapshot.range;
	c->known = c->range.size;
	return hand_on(c, &c->range, true);
}

enum err check_take(struct check *c, struct view name, struct view data)
{
	if (view_is(name, "checkpoint") && !c->in_snapshot) {
		return take_checkpoint(c, data);
	}
	if (!c->greeted) {
		return err_fail(ERR_SYNTAX, "a stream that does not begin with a checkpoint");
	}
	if (view_is(name, "entry")) {
		return take_entry(c, data);
	}
	if (view_is(name, "snapshot")) {
		return take_snapshot(c, data);
	}
	if (view_is(name, "page")) {
		return take_page(c, data);
	}
	return err_fail(ERR_SYNTAX, "a stream with other events than those of a log");
}
