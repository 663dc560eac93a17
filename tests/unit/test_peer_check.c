// SPDX-License-Identifier: Apache-2.0
/* What another registry sends of its log, before any of it is believed.  req: R7-iv-f R9.1-v R6.1-d */
#include "test.h"

#include "registry/ledger/ledger.h"
#include "registry/peers/check.h"

enum { ENTRIES = 4 };

static struct secret seed;
static struct note_key key;
static struct check check;
static size_t handed_on;
static struct merkle_range handed_range;

static enum err on_verified(void *user, const struct checked *entries, size_t count,
	const struct merkle_range *range, bool in_snapshot)
{
	(void)user;
	(void)in_snapshot;
	for (size_t i = 0; i < count; i++) {
		json_free(entries[i].document);
	}
	handed_on += count;
	if (range) {
		handed_range = *range;
	}
	return OK;
}

static int open_check(void **state)
{
	const struct merkle_range empty = {.size = 0};

	(void)state;
	assert_ok(note_seed_new(&seed));
	assert_ok(note_key_of_seed(view_text("IN.TEL/log"), &seed, &key));
	check = (struct check){
		.limits = {.entry = 4096, .held = ENTRIES, .held_bytes = 1 << 16, .snapshot = 8},
		.key = key,
		.relation = PEER_CHILD,
		.verified = on_verified,
	};
	assert_ok(reg_id_parse(view_text("IN"), &check.own));
	assert_ok(reg_id_parse(view_text("IN.TEL"), &check.peer));
	check_begin(&check, &empty);
	handed_on = 0;
	return 0;
}

static int close_check(void **state)
{
	(void)state;
	check_free(&check);
	secret_wipe(&seed);
	return 0;
}

static void put_leaf(const char *origin, int64_t seq, const char *device, struct buf *record,
	struct buf *leaf, struct log_entry *ret)
{
	*ret = (struct log_entry){.seq = seq, .origin_seq = seq, .has_record = true};
	buf_printf(record, "{\"subject\":\"%s\"}", device);
	ret->record = buf_contents(record);
	memset(ret->salt, 7, LOG_SALT);
	ret->envelope = (struct log_leaf){.kind = view_text("status_changed"),
		.time = seq,
		.registry = view_text(origin)};
	assert_ok(log_commit(ret->salt, ret->record, ret->envelope.commitment));
	log_leaf_write(&ret->envelope, leaf);
	ret->leaf = buf_contents(leaf);
}

static enum err give_entry(const char *origin, int64_t seq, const char *device)
{
	BUF_CLEANUP struct buf record = buf_growing(1 << 17), leaf = buf_growing(4096);
	BUF_CLEANUP struct buf json = buf_growing(1 << 18);
	struct log_entry entry;

	put_leaf(origin, seq, device, &record, &leaf, &entry);
	log_entry_write(&entry, &json);
	return check_take(&check, view_text("entry"), buf_contents(&json));
}

static enum err give_own(int64_t seq)
{
	return give_entry("IN.TEL", seq, "IN.TEL.P01:mac:0024befffe804ff1");
}

/* Of the range so far, unless the root says otherwise. */
static enum err give_checkpoint(uint64_t size, const struct merkle_hash *root)
{
	BUF_CLEANUP struct buf text = buf_growing(4096), note = buf_growing(4096);
	struct note_checkpoint checkpoint = {.origin = view_text("IN.TEL/log"), .size = size};

	merkle_range_root(&check.range, &checkpoint.root);
	if (root) {
		checkpoint.root = *root;
	}
	note_checkpoint_write(&checkpoint, &text);
	assert_ok(note_sign(buf_contents(&text), &key, &seed, &note));
	return check_take(&check, view_text("checkpoint"), buf_contents(&note));
}

/* The root that the log will have with so many more entries of give_own(). */
static void root_to_come(int64_t more, struct merkle_hash *ret)
{
	struct merkle_range range = check.range;

	for (int64_t i = 0; i < more; i++) {
		BUF_CLEANUP struct buf record = buf_growing(4096), leaf = buf_growing(4096);
		struct log_entry entry;
		struct merkle_hash hash;

		put_leaf("IN.TEL", (int64_t)range.size, "IN.TEL.P01:mac:0024befffe804ff1", &record,
			&leaf, &entry);
		merkle_leaf(entry.leaf, &hash);
		assert_ok(merkle_append(&range, &hash, NULL, NULL));
	}
	merkle_range_root(&range, ret);
}

static void entries_are_handed_on_with_their_checkpoint(void **state)
{
	struct merkle_hash to_come;

	(void)state;
	root_to_come(2, &to_come);
	assert_ok(give_checkpoint(2, &to_come)); /* how far there is to go */
	assert_int_equal(check.head, 2);
	assert_ok(give_own(0));
	assert_ok(give_own(1));
	assert_int_equal(handed_on, 0);
	assert_ok(give_checkpoint(2, NULL));
	assert_int_equal(handed_on, 2);
	assert_int_equal(handed_range.size, 2);
	assert_int_equal(check.known, 2);
}

static void a_stream_begins_with_a_checkpoint(void **state)
{
	(void)state;
	assert_err(ERR_SYNTAX, give_own(0));
	assert_ok(give_checkpoint(0, NULL));
	assert_ok(give_own(0));
	assert_err(ERR_SYNTAX, check_take(&check, view_text("hello"), view_text("{}")));
	assert_err(ERR_SYNTAX, check_take(&check, view_text("entry"), view_text("{")));
	assert_err(ERR_SYNTAX, check_take(&check, view_text("page"), view_text("{}")));
}

static void another_tree_is_refused(void **state)
{
	struct merkle_hash other = {.bytes = {1}};

	(void)state;
	assert_ok(give_checkpoint(0, NULL));
	assert_ok(give_own(0));
	assert_err(ERR_CONFLICT, give_checkpoint(1, &other));
	assert_said("forked");
	assert_int_equal(handed_on, 0);
	assert_ok(give_checkpoint(1, NULL));
	assert_err(ERR_CONFLICT, give_checkpoint(0, NULL));
	assert_said("rolled back");
	assert_err(ERR_CONFLICT,
		give_checkpoint(1, &other)); /* nothing was sent, and it is another */
}

/* What was signed in the stream before holds in the next one, whether its entries came or not. */
static void what_the_log_said_it_has_is_held_against_it(void **state)
{
	const struct merkle_hash other = {.bytes = {1}};
	struct merkle_range begun;

	(void)state;
	assert_ok(give_checkpoint(0, NULL));
	assert_ok(give_own(0));
	assert_ok(give_checkpoint(1, NULL));
	assert_ok(give_checkpoint(2, &other));
	begun = check.range;
	check_free(&check);
	check_begin(&check, &begun);
	assert_err(ERR_CONFLICT, give_checkpoint(1, NULL));
	assert_said("rolled back");
	assert_ok(give_checkpoint(2, &other));
	assert_err(ERR_CONFLICT, give_own(1));
	assert_said("forked");
}

static void two_roots_of_one_size_are_a_fork(void **state)
{
	const struct merkle_hash one = {.bytes = {1}}, other = {.bytes = {2}};

	(void)state;
	assert_ok(give_checkpoint(3, &one));
	assert_ok(give_checkpoint(3, &one));
	assert_err(ERR_CONFLICT, give_checkpoint(3, &other));
	assert_said("forked");
}

static void a_record_is_no_longer_than_one_of_ours(void **state)
{
	static char device[LEDGER_RECORD_MAX];

	(void)state;
	memset(device, 'x', sizeof(device) - 1);
	check.limits.entry = check.limits.held_bytes = 1 << 20;
	assert_ok(give_checkpoint(0, NULL));
	assert_err(ERR_RANGE, give_entry("IN.TEL", 0, device));
}

static void a_checkpoint_is_signed_by_the_log(void **state)
{
	(void)state;
	check.key.public_key[0] ^= 1;
	assert_err(ERR_AUTH, give_checkpoint(0, NULL));
	check.key = key;
	check.key.id++;
	assert_err(ERR_AUTH, give_checkpoint(0, NULL));
	check.key = key;
	assert_err(ERR_SYNTAX, check_take(&check, view_text("checkpoint"), view_text("x")));
	assert_ok(give_checkpoint(0, NULL));
	assert_ok(give_own(0));
	assert_ok(give_own(1));
	assert_err(ERR_SYNTAX, give_checkpoint(1, NULL)); /* not of what was sent last */
}

static void what_is_not_its_own_is_refused(void **state)
{
	(void)state;
	assert_ok(give_checkpoint(0, NULL));
	assert_err(ERR_DENIED, give_entry("IN.MED", 0, "IN.MED.P01:mac:0024befffe804ff1"));
	assert_err(ERR_DENIED, give_entry("IN.TEL", 0, "IN.MED.P01:mac:0024befffe804ff1"));
	assert_err(ERR_DENIED, give_entry("IN", 0, "IN.TEL.P01:mac:0024befffe804ff1"));
	(void)strcpy(check.also, "US IN.MED.P01");
	assert_ok(give_entry("IN.MED.P01", 0, "IN.MED.P01:mac:0024befffe804ff1"));
	assert_err(ERR_DENIED, give_entry("IN.MED", 1, "IN.MED.P01:mac:0024befffe804ff1"));
	check.relation = PEER_EQUAL;
	assert_ok(give_entry("IN.MED", 1, "IN.MED.P01:mac:0024befffe804ff1"));
}

static void ceilings_hold(void **state)
{
	char device[8192];

	(void)state;
	assert_ok(give_checkpoint(0, NULL));
	(void)snprintf(device, sizeof(device), "%05000d", 1);
	assert_err(ERR_RANGE, give_entry("IN.TEL", 0, device));
	for (int64_t i = 0; i < ENTRIES; i++) {
		assert_ok(give_own(i));
	}
	assert_err(ERR_RANGE, give_own(ENTRIES));
	assert_said("without a checkpoint");
	assert_err(ERR_SYNTAX, give_checkpoint(2, NULL));
}

static void a_gap_is_refused(void **state)
{
	(void)state;
	assert_ok(give_checkpoint(9, NULL));
	assert_err(ERR_SYNTAX, give_own(1));
	assert_ok(give_own(0));
	assert_err(ERR_SYNTAX, give_own(0));
}

/* --- snapshots --- */

static void begin_snapshot(struct merkle_range *range)
{
	BUF_CLEANUP struct buf json = buf_growing(1 << 16);
	struct log_snapshot snapshot = {.from = 0};
	struct merkle_hash leaf = {.bytes = {5}}, root;

	for (int i = 0; i < 6; i++) {
		assert_ok(merkle_append(&snapshot.range, &leaf, NULL, NULL));
	}
	merkle_range_root(&snapshot.range, &root);
	assert_ok(give_checkpoint(6, &root));
	log_snapshot_write(&snapshot, &json);
	assert_ok(check_take(&check, view_text("snapshot"), buf_contents(&json)));
	*range = snapshot.range;
}

static enum err give_page(uint64_t number, bool last, const struct merkle_hash *digest)
{
	BUF_CLEANUP struct buf text = buf_growing(4096), note = buf_growing(4096);
	const struct log_page page = {.origin = view_text("IN.TEL/log"),
		.size = 6,
		.number = number,
		.is_last = last,
		.digest = *digest};

	log_page_write(&page, &text);
	assert_ok(note_sign(buf_contents(&text), &key, &seed, &note));
	return check_take(&check, view_text("page"), buf_contents(&note));
}

static void digest_of(int64_t seq, struct merkle_hash *ret)
{
	BUF_CLEANUP struct buf record = buf_growing(1 << 16), leaf = buf_growing(4096);
	BUF_CLEANUP struct buf json = buf_growing(1 << 16);
	struct log_entry entry;

	put_leaf("IN.TEL", seq, "IN.TEL.P01:mac:0024befffe804ff1", &record, &leaf, &entry);
	log_entry_write(&entry, &json);
	buf_u8(&json, '\n');
	assert_int_equal(EVP_Digest(json.data, json.len, ret->bytes, NULL, EVP_sha256(), NULL), 1);
}

static void a_snapshot_is_handed_on_page_by_page(void **state)
{
	struct merkle_range range;
	struct merkle_hash digest;

	(void)state;
	begin_snapshot(&range);
	assert_ok(give_own(2));
	digest_of(2, &digest);
	assert_ok(give_page(0, false, &digest));
	assert_int_equal(handed_on, 1);
	assert_ok(give_own(5));
	digest_of(5, &digest);
	assert_ok(give_page(1, true, &digest));
	assert_int_equal(handed_on, 2);
	assert_int_equal(handed_range.size, 6);
	assert_ok(give_own(6)); /* and on from there */
	assert_ok(give_checkpoint(7, NULL));
}

static void a_forged_snapshot_is_refused(void **state)
{
	BUF_CLEANUP struct buf json = buf_growing(1 << 16);
	struct log_snapshot snapshot = {.from = 0};
	struct merkle_range range;
	struct merkle_hash digest = {.bytes = {1}}, leaf = {.bytes = {9}};

	(void)state;
	begin_snapshot(&range);
	assert_ok(give_own(2));
	assert_err(ERR_AUTH, give_page(0, false, &digest)); /* other entries */
	assert_err(ERR_SYNTAX, give_own(6));		    /* not in a log of six */
	check.in_snapshot = false;
	assert_ok(merkle_append(&snapshot.range, &leaf, NULL, NULL));
	log_snapshot_write(&snapshot, &json);
	check_free(&check);
	assert_err(ERR_CONFLICT, check_take(&check, view_text("snapshot"), buf_contents(&json)));
}

#define CHECKED(test) cmocka_unit_test_setup_teardown(test, open_check, close_check)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECKED(entries_are_handed_on_with_their_checkpoint),
		CHECKED(a_stream_begins_with_a_checkpoint),
		CHECKED(another_tree_is_refused),
		CHECKED(what_the_log_said_it_has_is_held_against_it),
		CHECKED(two_roots_of_one_size_are_a_fork),
		CHECKED(a_record_is_no_longer_than_one_of_ours),
		CHECKED(a_checkpoint_is_signed_by_the_log),
		CHECKED(what_is_not_its_own_is_refused),
		CHECKED(ceilings_hold),
		CHECKED(a_gap_is_refused),
		CHECKED(a_snapshot_is_handed_on_page_by_page),
		CHECKED(a_forged_snapshot_is_refused),
	};

	return RUN_TESTS(tests);
}
