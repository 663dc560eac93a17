// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/aka_key.h"

#define K16  "465b5ce8b199b49faa5f0a2ee238a6bc"
#define K32  K16 "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0"
#define OPC  "cd63cb71954a9f4e48a5994e37a02baf"
#define TOPC OPC "0c36c6c6b29d0c65de5974d5977f8524"

static struct aka_key_text milenage(void)
{
	return (struct aka_key_text){.k = view_text(K16), .opc = view_text(OPC)};
}

static struct aka_key_text tuak(void)
{
	return (struct aka_key_text){.algorithm = view_text("tuak"),
		.k = view_text(K32),
		.topc = view_text(TOPC)};
}

static void read_key(const struct aka_key_text *text, struct aka_key *ret, bool from_op)
{
	bool is_from_op = !from_op;

	assert_ok(aka_key_read(text, ret, &is_from_op));
	assert_int_equal(is_from_op, from_op);
}

static void words_become_a_key(void **state)
{
	struct aka_key_text text = milenage();
	struct aka_key key;

	(void)state;
	read_key(&text, &key, false);
	assert_int_equal(key.algorithm, AKA_MILENAGE);
	assert_hex(key.k.bytes, 16, K16);
	assert_hex(key.opc.bytes, 16, OPC);
	assert_hex(key.amf, 2, "8000");
	text.op = text.opc;
	text.opc = (struct view){0};
	text.amf = view_text("b9b9");
	text.algorithm = view_text("milenage");
	read_key(&text, &key, true);
	assert_hex(key.amf, 2, "b9b9");

	text = tuak();
	read_key(&text, &key, false);
	assert_int_equal(key.algorithm, AKA_TUAK);
	assert_hex(key.k.bytes, 32, K32);
	assert_hex(key.opc.bytes, 32, TOPC);
	assert_int_equal(key.iterations, 1);
	assert_int_equal(key.res_len, 8);
	text.top = text.topc;
	text.topc = (struct view){0};
	text.k = view_text(K16);
	text.keccak_iterations = 255;
	text.res_bytes = 16;
	read_key(&text, &key, true);
	assert_int_equal(key.k.len, 16);
	assert_int_equal(key.iterations, 255);
	assert_int_equal(key.res_len, 16);
}

static void assert_refused(struct aka_key_text text, const char *said)
{
	struct aka_key key = {.amf = {7}};
	bool from_op;

	assert_err(ERR_SYNTAX, aka_key_read(&text, &key, &from_op));
	assert_said(said);
	assert_null(strstr(err_detail(), K16));
	assert_int_equal(key.amf[0], 7);
	assert_int_equal(key.k.len, 0);
}

#define REFUSED(of, member, value, said)                                                           \
	do {                                                                                       \
		struct aka_key_text refused_text = of();                                           \
		refused_text.member = (value);                                                     \
		assert_refused(refused_text, (said));                                              \
	} while (0)

static void what_does_not_fit_is_named(void **state)
{
	const struct view none = {0};

	(void)state;
	REFUSED(milenage, k, none, "k: 32");
	REFUSED(milenage, k, view_text(K32), "k: 32");
	REFUSED(milenage, k, view_text(K16 "a"), "k: 32");
	REFUSED(milenage, opc, none, "opc, op");
	REFUSED(milenage, op, view_text(OPC), "opc, op");
	REFUSED(milenage, topc, view_text(TOPC), "tuak alone");
	REFUSED(milenage, res_bytes, 8, "tuak alone");
	REFUSED(milenage, keccak_iterations, 1, "tuak alone");
	REFUSED(milenage, amf, view_text("80"), "amf");
	REFUSED(milenage, amf, view_text("80zz"), "amf");
	REFUSED(milenage, algorithm, view_text(""), "algorithm");
	REFUSED(milenage, algorithm, view_text("tuakk-and-a-very-long-name"), "algorithm");
	REFUSED(tuak, k, view_text(K16 "fffe"), "32 or 64");
	REFUSED(tuak, opc, view_text(OPC), "tuak has topc");
	REFUSED(tuak, topc, view_text(OPC), "topc: 64");
	REFUSED(tuak, top, view_text(TOPC), "topc, top");
	REFUSED(tuak, topc, none, "topc, top");
	REFUSED(tuak, keccak_iterations, 256, "1 to 255");
	REFUSED(tuak, keccak_iterations, -1, "1 to 255");
	REFUSED(tuak, res_bytes, 5, "4, 8 or 16");
	REFUSED(tuak, res_bytes, 32, "4, 8 or 16");
}

static void put_and_get(const struct aka_key_text *text, size_t size)
{
	uint8_t bytes[AKA_KEY_RECORD];
	struct buf record = buf_fixed(bytes, sizeof(bytes));
	struct aka_key key, again = {.amf = {0}};

	read_key(text, &key, false);
	aka_key_put(&record, &key);
	assert_ok(buf_end(&record, "record"));
	assert_int_equal(record.len, size);
	struct reader r = reader_of(buf_contents(&record));

	assert_ok(aka_key_get(&r, &again));
	assert_int_equal(reader_left(&r), 0);
	assert_memory_equal(&key, &again, sizeof(key));
	for (size_t len = 0; len < size; len++) {
		r = reader_of(view_of(bytes, len));
		assert_true(aka_key_get(&r, &again) != OK);
	}
}

static void a_record_gives_the_key_back_and_is_refused_when_cut_off(void **state)
{
	struct aka_key_text text = milenage();

	(void)state;
	put_and_get(&text, 1 + 2 + 16 + 16);
	text = tuak();
	put_and_get(&text, AKA_KEY_RECORD);
}

static void a_record_that_nobody_wrote_is_refused(void **state)
{
	uint8_t bytes[AKA_KEY_RECORD];
	struct aka_key key = {.amf = {7}};
	const struct {
		size_t at;
		uint8_t byte;
		enum err want;
	} changes[] = {
		{0, 0, ERR_UNSUPPORTED},
		{0, 3, ERR_UNSUPPORTED},
		{3, 0, ERR_RANGE},  /* iterations */
		{4, 32, ERR_RANGE}, /* RES */
		{5, 31, ERR_RANGE}, /* length of K */
		{5, 255, ERR_SYNTAX},
		{5, 0, ERR_RANGE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		memset(bytes, 1, sizeof(bytes));
		memcpy(bytes, (const uint8_t[]){AKA_TUAK, 0x80, 0, 1, 8, 32}, 6);
		bytes[changes[i].at] = changes[i].byte;
		struct reader r = reader_of(VIEW(bytes));

		assert_err(changes[i].want, aka_key_get(&r, &key));
		assert_int_equal(key.amf[0], 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(words_become_a_key),
		TEST(what_does_not_fit_is_named),
		TEST(a_record_gives_the_key_back_and_is_refused_when_cut_off),
		TEST(a_record_that_nobody_wrote_is_refused),
	};
	return RUN_TESTS(tests);
}
