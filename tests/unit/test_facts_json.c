// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "wire/facts_json.h"

#define ALL                                                                                        \
	"{\"make\":\"Acme\",\"model\":\"T-1\",\"firmware\":\"1.2\",\"hardware\":\"B\","            \
	"\"serial\":\"0815\",\"type\":\"m\xc3\xa9ter\",\"communication\":[\"lte\",\"nb-iot\"],"    \
	"\"connectivity\":[\"ip\"],\"power\":[\"battery\"],\"protocols\":[\"coap\",\"mqtt\"],"     \
	"\"root_of_trust\":{\"kind\":\"x509\",\"id\":\"00ff\"}}"

static enum err read_facts(const char *text, struct device_facts *ret)
{
	JSON_CLEANUP struct json *json = NULL;

	TRY(json_parse(view_text(text), FACTS_JSON_MAX, &json));
	return facts_read(json, ret);
}

/* req: R9.2-i-e R9.2-ii-d */
static void facts_are_written_as_they_were_read(void **state)
{
	BUF_CLEANUP struct buf out = buf_growing(FACTS_JSON_MAX);
	struct json_writer w = json_to(&out);
	struct device_facts facts, less;

	(void)state;
	assert_ok(read_facts(ALL, &facts));
	assert_string_equal(facts.make, "Acme");
	assert_string_equal(facts.protocols.text, "coap mqtt");
	assert_int_equal(facts.origin.kind, ROT_X509);
	assert_ok(facts_check_complete(&facts));
	facts_write(&w, NULL, &facts);
	assert_string_equal(buf_string(&out), ALL);
	assert_ok(read_facts("{\"make\":\"Acme\"}", &less));
	assert_err(ERR_SYNTAX, facts_check_complete(&less));
	assert_said("model");
	assert_true(facts_equal(&facts, &facts));
	assert_false(facts_equal(&facts, &less));
}

static void what_is_no_fact_is_refused(void **state)
{
	static const struct {
		enum err code;
		const char *in, *says;
	} bad[] = {
		{ERR_SYNTAX, "[]", "object"},
		{ERR_SYNTAX, "{\"owner\":\"somebody\"}", "owner"},
		{ERR_SYNTAX, "{\"make\":1}", "make"},
		{ERR_SYNTAX, "{\"make\":\" Acme\"}", "control"},
		{ERR_SYNTAX, "{\"make\":\"a\\nb\"}", "control"},
		{ERR_SYNTAX, "{\"power\":\"mains\"}", "array"},
		{ERR_SYNTAX, "{\"power\":[1]}", ""},
		{ERR_SYNTAX, "{\"power\":[\"Mains\"]}", "power"},
		{ERR_SYNTAX, "{\"root_of_trust\":\"aka\"}", "object"},
		{ERR_UNSUPPORTED, "{\"root_of_trust\":{\"kind\":\"faith\"}}", "kind"},
		{ERR_RANGE,
			"{\"model\":\"0123456789012345678901234567890123456789012345678901234567890"
			"123456789012345678901234567890123456789012345678901234567890123456789\"}",
			"model"},
	};
	struct device_facts facts;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		enum err e = read_facts(bad[i].in, &facts);

		if (e != bad[i].code) {
			fail_msg("%s: %s", bad[i].in, err_name(e));
		}
		assert_said(bad[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(facts_are_written_as_they_were_read),
		TEST(what_is_no_fact_is_refused),
	};

	return RUN_TESTS(tests);
}
