// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "wire/device_row.h"

#define NAMES "imei,manufacturer,owner,make,model,firmware,communication,protocols"

static enum err read_csv(const char *names, const char *line, struct device_row *ret)
{
	struct csv_columns columns;

	assert_ok(device_columns_read(view_text(names), &columns));
	return device_row_read(&columns, view_text(line), ret);
}

static enum err read_json(const char *line, struct device_row *ret)
{
	return device_row_read(NULL, view_text(line), ret);
}

/* req: R9.2-i-g R9.2-i-e */
static void csv_tells_a_device(void **state)
{
	struct device_row row;

	(void)state;
	assert_ok(read_csv(NAMES,
		"490154203237518,acme,own-7,Acme,\"Meter, small\",2.1,lte nb-iot,coap\r\n", &row));
	assert_view(ident_view(&row.device), "urn:gsma:imei:49015420-323751-0");
	assert_string_equal(row.manufacturer, "acme");
	assert_string_equal(row.owner, "own-7");
	assert_string_equal(row.facts.make, "Acme");
	assert_string_equal(row.facts.model, "Meter, small");
	assert_string_equal(row.facts.firmware, "2.1");
	assert_view(words_view(&row.facts.communication), "lte nb-iot");
	assert_view(words_view(&row.facts.protocols), "coap");
	assert_string_equal(row.facts.serial, "");
}

/* req: R9.2-i-g */
static void json_tells_the_same(void **state)
{
	struct device_row row;

	(void)state;
	assert_ok(
		read_json("{\"device\":\"mac:0024befffe804ff1\",\"manufacturer\":\"acme\","
			  "\"facts\":{\"make\":\"Acme\",\"model\":\"M\",\"power\":[\"mains\"]}}\n",
			&row));
	assert_view(ident_view(&row.device), "urn:dev:mac:0024befffe804ff1");
	assert_string_equal(row.owner, "");
	assert_view(words_view(&row.facts.power), "mains");
}

static void each_identifier_has_a_column(void **state)
{
	struct device_row row;

	(void)state;
	assert_ok(read_csv("mac,make,model", "00:24:be:80:4f:f1,A,B", &row));
	assert_view(ident_view(&row.device), "urn:dev:mac:0024befffe804ff1");
	assert_ok(read_csv("ipv6,make,model", "2001:db8::1,A,B", &row));
	assert_ok(read_csv("device,make,model", "urn:gsma:imei:49015420-323751-8,A,B", &row));
	assert_ok(read_csv("imei,mac,make,model", ",0024befffe804ff1,A,B", &row));
	assert_err(ERR_SYNTAX,
		read_csv("imei,mac,make,model", "490154203237518,0024befffe804ff1,A,B", &row));
	assert_err(ERR_SYNTAX, read_csv("imei,mac,make,model", ",,A,B", &row));
}

static void assert_broken(const char *line, const char *rule)
{
	struct device_row row;

	assert_err(ERR_SYNTAX, read_csv(NAMES, line, &row));
	if (!strstr(err_detail(), rule)) {
		fail_msg("\"%s\" does not say \"%s\"", err_detail(), rule);
	}
}

static void what_is_wrong_names_column_and_rule(void **state)
{
	(void)state;
	assert_broken("490154203237519,acme,,Acme,M,1,,", "imei: IMEI: wrong check digit");
	assert_broken("49015420323,acme,,Acme,M,1,,", "imei: 9.2 i b: imei: 11 digits, not 15");
	assert_broken("490154203237518,a b,,Acme,M,1,,", "manufacturer: 1 to 64 letters");
	assert_broken("490154203237518,acme,,,M,1,,", "make: is wanted");
	assert_broken("490154203237518,acme,,Acme,,1,,", "model: is wanted");
	assert_broken("490154203237518,acme,,Acme,\"M\x01\",1,,", "model: text without control");
	assert_broken("490154203237518,acme,,Acme,M,1,LTE,", "communication");
	assert_broken("490154203237518,acme,,Acme", "4 values where there are 8 columns");
	assert_broken("490154203237518,acme,,Acme,\"M,1,,", "a quotation mark is not closed");
}

static void a_row_repeats_no_value_in_what_it_says(void **state)
{
	struct device_row row;

	(void)state;
	assert_err(ERR_SYNTAX, read_csv(NAMES, "490154203237519,acme,,Acme,M,1,,", &row));
	assert_null(strstr(err_detail(), "490154203237519"));
}

static void broken_json_is_refused(void **state)
{
	struct device_row row;

	(void)state;
	assert_err(ERR_SYNTAX, read_json("[]", &row));
	assert_err(ERR_SYNTAX, read_json("{\"device\":\"mac:0024befffe804ff1\"", &row));
	assert_err(ERR_SYNTAX, read_json("{\"device\":\"mac:0024befffe804ff1\"}", &row));
	assert_err(ERR_SYNTAX,
		read_json("{\"device\":1,\"facts\":{\"make\":\"A\",\"model\":\"B\"}}", &row));
	assert_err(ERR_SYNTAX, read_json("{\"device\":\"mac:0024befffe804ff1\",\"trusted\":true,"
					 "\"facts\":{\"make\":\"A\",\"model\":\"B\"}}",
				       &row));
}

/* A row is a word, no evidence.  req: R7-iii */
static void a_row_shows_no_root_of_trust(void **state)
{
	struct device_row row;

	(void)state;
	assert_err(ERR_SYNTAX,
		read_json("{\"device\":\"mac:0024befffe804ff1\",\"facts\":{\"make\":\"A\","
			  "\"model\":\"B\",\"root_of_trust\":{\"kind\":\"aka\",\"id\":\"r\"}}}",
			&row));
}

static void blank_and_long_rows(void **state)
{
	static char text[DEVICE_ROW_MAX + 2];
	struct device_row row;

	(void)state;
	assert_err(ERR_NOT_FOUND, read_json("\r\n", &row));
	memset(text, 'x', DEVICE_ROW_MAX + 1);
	assert_err(ERR_RANGE, read_json(text, &row));
}

static void columns_that_say_too_little(void **state)
{
	struct csv_columns columns;

	(void)state;
	assert_err(ERR_SYNTAX, device_columns_read(view_text("make,model"), &columns));
	assert_err(ERR_SYNTAX, device_columns_read(view_text("imei,make"), &columns));
	assert_err(ERR_SYNTAX, device_columns_read(view_text("imei,make,model,colour"), &columns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(csv_tells_a_device),
		TEST(json_tells_the_same),
		TEST(each_identifier_has_a_column),
		TEST(what_is_wrong_names_column_and_rule),
		TEST(a_row_repeats_no_value_in_what_it_says),
		TEST(broken_json_is_refused),
		TEST(a_row_shows_no_root_of_trust),
		TEST(blank_and_long_rows),
		TEST(columns_that_say_too_little),
	};

	return RUN_TESTS(tests);
}
