// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "wire/key_json.h"

#define K    "465b5ce8b199b49faa5f0a2ee238a6bc"
#define OPC  "cd63cb71954a9f4e48a5994e37a02baf"
#define TOPC OPC "0c36c6c6b29d0c65de5974d5977f8524"

static void a_key_comes_back_with_its_sequence_numbers(void **state)
{
	static const char *const texts[] = {
		"{\"algorithm\":\"milenage\",\"k\":\"" K "\",\"opc\":\"" OPC
		"\",\"amf\":\"b9b9\",\"sqn\":281474976710591}",
		"{\"algorithm\":\"tuak\",\"k\":\"" K K "\",\"topc\":\"" TOPC
		"\",\"amf\":\"8000\",\"keccak_iterations\":2,\"res_bytes\":16,\"sqn\":0}",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		BUF_CLEANUP struct buf out = buf_growing(1024);
		struct aka_key key;
		uint64_t sqn = 1;

		assert_ok(key_document_read(view_text(texts[i]), &key, &sqn));
		assert_ok(key_document_write(&key, sqn, &out));
		assert_view(buf_contents(&out), texts[i]);
		assert_int_equal(sqn, i == 0 ? SQN_LAST : 0);
	}
}

static void what_is_no_such_key_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"{\"k\":\"" K "\",\"opc\":\"" OPC "\"}",
		"{\"k\":\"" K "\",\"op\":\"" OPC "\",\"sqn\":0}",
		"{\"k\":\"" K "\",\"opc\":\"" OPC "\",\"sqn\":-1}",
		"{\"k\":\"" K "\",\"opc\":\"" OPC "\",\"sqn\":281474976710592}",
		"{\"k\":\"" K "\",\"opc\":\"" OPC "\",\"sqn\":0,\"more\":1}",
	};
	BUF_CLEANUP struct buf out = buf_growing(1024);
	struct aka_key key = {.algorithm = AKA_MILENAGE};
	uint64_t sqn = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		enum err err = key_document_read(view_text(texts[i]), &key, &sqn);

		if (err != ERR_SYNTAX && err != ERR_RANGE) {
			fail_msg("%s: %s", texts[i], err_detail());
		}
		assert_null(strstr(err_detail(), K));
	}
	assert_int_equal(sqn, 7);
	assert_err(ERR_RANGE, key_document_write(&key, 0, &out));
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_key_comes_back_with_its_sequence_numbers),
		TEST(what_is_no_such_key_is_refused),
	};
	return RUN_TESTS(tests);
}
