// SPDX-License-Identifier: Apache-2.0
/* What goes over a stream between registries: leaves, entries, snapshots.  req: R7-iv-f R9.4-i-b */
#include "test.h"

#include "wire/log_entry.h"

#define ZEROS43 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define LEAF                                                                                       \
	"{\"kind\":\"status_changed\",\"time\":1732976400123,\"registry\":\"IN.TEL.P01\","         \
	"\"commitment\":\"" ZEROS43 "\"}"
#define RECORD "{\"subject\":\"IN.TEL.P01:mac:0024befffe804ff1\",\"trust\":\"unreliable\"}"

static void a_leaf_has_one_form(void **state)
{
	struct buf out BUF_CLEANUP = buf_growing(1024);
	struct log_leaf leaf;

	(void)state;
	assert_ok(log_leaf_parse(view_text(LEAF), &leaf));
	assert_view(leaf.kind, "status_changed");
	assert_int_equal(leaf.time, 1732976400123);
	assert_view(leaf.registry, "IN.TEL.P01");
	log_leaf_write(&leaf, &out);
	assert_string_equal(buf_string(&out), LEAF);
}

static void another_form_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"{}",
		LEAF " ",
		"{ \"kind\":\"a\",\"time\":1,\"registry\":\"IN\",\"commitment\":\"" ZEROS43 "\"}",
		"{\"kind\":\"\",\"time\":1,\"registry\":\"IN\",\"commitment\":\"" ZEROS43 "\"}",
		"{\"kind\":\"A\",\"time\":1,\"registry\":\"IN\",\"commitment\":\"" ZEROS43 "\"}",
		"{\"kind\":\"a\",\"time\":01,\"registry\":\"IN\",\"commitment\":\"" ZEROS43 "\"}",
		"{\"kind\":\"a\",\"time\":-1,\"registry\":\"IN\",\"commitment\":\"" ZEROS43 "\"}",
		"{\"kind\":\"a\",\"time\":1,\"registry\":\"in\",\"commitment\":\"" ZEROS43 "\"}",
		"{\"kind\":\"a\",\"time\":1,\"registry\":\"I\\u004e\",\"commitment\":\"" ZEROS43
		"\"}",
		"{\"kind\":\"a\",\"time\":1,\"registry\":\"IN\",\"commitment\":\"AAAA\"}",
		"{\"kind\":\"a\",\"time\":1,\"registry\":\"IN\",\"commitment\":\"A" ZEROS43 "\"}",
		"{\"kind\":\"a\",\"time\":1,\"registry\":\"IN\",\"commitment\":\"" ZEROS43
		"\",\"x\":1}",
	};
	struct log_leaf leaf;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_err(ERR_SYNTAX, log_leaf_parse(view_text(rows[i]), &leaf));
	}
	assert_err(ERR_RANGE,
		log_leaf_parse(view_text("{\"kind\":\"a\",\"time\":9007199254740992,\"registry\":"
					 "\"IN\",\"commitment\":\"" ZEROS43 "\"}"),
			&leaf));
}

/* Checked with Python's hmac: RFC 4231's own keys have other lengths. */
static void a_commitment_is_an_hmac(void **state)
{
	uint8_t salt[LOG_SALT], commitment[LOG_COMMITMENT];

	(void)state;
	memset(salt, 0x0b, sizeof(salt));
	assert_ok(log_commit(salt, view_text("Hi There"), commitment));
	assert_hex(commitment, LOG_COMMITMENT,
		"198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7");
	memset(salt, 0, sizeof(salt));
	assert_err(ERR_CRYPTO, log_commit(salt, view_text("Hi There"), commitment));
}

static void write_entry(struct buf *leaf, struct buf *out)
{
	struct log_entry entry = {.seq = 7, .origin_seq = 3, .record = view_text(RECORD)};

	memset(entry.salt, 0x0b, LOG_SALT);
	entry.envelope = (struct log_leaf){.kind = view_text("status_changed"),
		.time = 1732976400123,
		.registry = view_text("IN.TEL.P01")};
	assert_ok(log_commit(entry.salt, entry.record, entry.envelope.commitment));
	log_leaf_write(&entry.envelope, leaf);
	entry.leaf = buf_contents(leaf);
	entry.has_record = true;
	log_entry_write(&entry, out);
}

static void an_entry_is_read_as_written(void **state)
{
	struct buf leaf BUF_CLEANUP = buf_growing(1024), out BUF_CLEANUP = buf_growing(4096);
	struct json *document JSON_CLEANUP = NULL;
	struct log_entry entry;

	(void)state;
	write_entry(&leaf, &out);
	assert_ok(log_entry_parse(buf_contents(&out), 4096, &document, &entry));
	assert_int_equal(entry.seq, 7);
	assert_int_equal(entry.origin_seq, 3);
	assert_true(view_equal(entry.leaf, buf_contents(&leaf)));
	assert_true(entry.has_record);
	assert_view(entry.record, RECORD);
	assert_view(entry.envelope.registry, "IN.TEL.P01");
}

static void an_entry_without_its_record_is_one(void **state)
{
	struct buf leaf BUF_CLEANUP = buf_growing(1024), out BUF_CLEANUP = buf_growing(4096);
	struct json *document JSON_CLEANUP = NULL;
	struct log_entry entry = {.seq = 1, .leaf = view_text(LEAF)};

	(void)state;
	(void)leaf;
	log_entry_write(&entry, &out);
	assert_ok(log_entry_parse(buf_contents(&out), 4096, &document, &entry));
	assert_false(entry.has_record);
}

static void a_record_that_was_not_committed_to_is_refused(void **state)
{
	struct buf leaf BUF_CLEANUP = buf_growing(1024), out BUF_CLEANUP = buf_growing(4096);
	struct json *document = NULL;
	struct log_entry entry;

	(void)state;
	write_entry(&leaf, &out);
	char *trust = strstr((char *)(uintptr_t)buf_string(&out), "unreliable");

	memcpy(trust, "trustworth", 10);
	assert_err(ERR_AUTH, log_entry_parse(buf_contents(&out), 4096, &document, &entry));
	assert_null(document);
	assert_err(ERR_RANGE, log_entry_parse(buf_contents(&out), out.len - 1, &document, &entry));
}

static void what_is_no_entry_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"[]",
		"{\"seq\":1,\"origin_seq\":1}",
		"{\"seq\":-1,\"origin_seq\":1,\"leaf\":\"{}\"}",
		"{\"seq\":1,\"origin_seq\":1,\"leaf\":\"{}\"}",
		"{\"seq\":1,\"origin_seq\":1,\"leaf\":{}}",
	};
	struct json *document = NULL;
	struct log_entry entry;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_not_equal(log_entry_parse(view_text(rows[i]), 4096, &document, &entry),
			OK);
		assert_null(document);
	}
}

static void a_snapshot_is_read_as_written(void **state)
{
	struct buf out BUF_CLEANUP = buf_growing(1 << 16);
	struct log_snapshot snapshot = {.from = 5, .proof = {.count = 2}}, read;
	struct merkle_hash a, b;

	(void)state;
	for (uint8_t i = 0; i < 13; i++) {
		merkle_leaf(view_of(&i, 1), &a);
		assert_ok(merkle_append(&snapshot.range, &a, NULL, NULL));
	}
	snapshot.proof.hash[1] = a;
	log_snapshot_write(&snapshot, &out);
	assert_ok(log_snapshot_parse(buf_contents(&out), &read));
	assert_int_equal(read.from, 5);
	assert_int_equal(read.proof.count, 2);
	assert_true(merkle_equal(&read.proof.hash[1], &a));
	merkle_range_root(&snapshot.range, &a);
	merkle_range_root(&read.range, &b);
	assert_true(merkle_equal(&a, &b));
	snapshot.from = 14;
	buf_clear(&out);
	log_snapshot_write(&snapshot, &out);
	assert_err(ERR_RANGE, log_snapshot_parse(buf_contents(&out), &read));
	assert_err(ERR_SYNTAX, log_snapshot_parse(view_text("{}"), &read));
	assert_err(ERR_SYNTAX,
		log_snapshot_parse(view_text("{\"from\":0,\"range\":\"AAAAAAAAAAA\"}"), &read));
}

static void a_page_is_read_as_written(void **state)
{
	struct buf out BUF_CLEANUP = buf_growing(1024);
	struct log_page page = {.origin = view_text("registry.example/IN"), .size = 13, .number = 2};
	struct log_page read;

	(void)state;
	page.digest.bytes[3] = 9;
	log_page_write(&page, &out);
	assert_ok(log_page_parse(buf_contents(&out), &read));
	assert_view(read.origin, "registry.example/IN");
	assert_int_equal(read.size, 13);
	assert_int_equal(read.number, 2);
	assert_false(read.is_last);
	assert_true(merkle_equal(&read.digest, &page.digest));
	page.is_last = true;
	buf_clear(&out);
	log_page_write(&page, &out);
	assert_ok(log_page_parse(buf_contents(&out), &read));
	assert_true(read.is_last);
	assert_err(ERR_SYNTAX, log_page_parse(view_of(out.data, out.len - 1), &read));
	assert_err(ERR_SYNTAX, log_page_parse(view_text("/snapshot\n1\n2\nmore\nAAAA\n"), &read));
	assert_err(ERR_SYNTAX, log_page_parse(view_text("a\n1\n2\nmore\nAAAA\n"), &read));
	assert_err(ERR_SYNTAX, log_page_parse(view_text(""), &read));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_leaf_has_one_form),
		TEST(another_form_is_refused),
		TEST(a_commitment_is_an_hmac),
		TEST(an_entry_is_read_as_written),
		TEST(an_entry_without_its_record_is_one),
		TEST(a_record_that_was_not_committed_to_is_refused),
		TEST(what_is_no_entry_is_refused),
		TEST(a_snapshot_is_read_as_written),
		TEST(a_page_is_read_as_written),
	};

	return RUN_TESTS(tests);
}
