// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "wire/import_row.h"

#define K    "465b5ce8b199b49faa5f0a2ee238a6bc"
#define OPC  "cd63cb71954a9f4e48a5994e37a02baf"
#define TOPC OPC OPC

static struct ident realm(void)
{
	struct ident ret;

	assert_ok(ident_parse(IDENT_FQDN, view_text("realm.example"), &ret));
	return ret;
}

static enum err read_csv(const char *names, const char *line, struct import_row *ret)
{
	const struct ident of = realm();
	struct import_columns columns;

	assert_ok(import_columns_read(view_text(names), &columns));
	return import_row_read(&columns, view_text(line), &of, ret);
}

static enum err read_json(const char *line, struct import_row *ret)
{
	const struct ident of = realm();

	return import_row_read(NULL, view_text(line), &of, ret);
}

static void assert_milenage(const struct import_row *row)
{
	assert_view(ident_view(&row->client), "001010123456789@realm.example");
	assert_int_equal(row->key.algorithm, AKA_MILENAGE);
	assert_hex(row->key.k.bytes, 16, K);
	assert_hex(row->key.opc.bytes, 16, OPC);
	assert_false(row->from_op);
}

static void csv_of_the_fewest_columns(void **state)
{
	struct import_row row;

	(void)state;
	assert_ok(read_csv("imsi,k,opc", "001010123456789," K "," OPC, &row));
	assert_milenage(&row);
	assert_int_equal(row.device.kind, IDENT_NONE);
	assert_string_equal(row.subscriber, "");
	assert_int_equal(row.sqn, 0);
	assert_hex(row.key.amf, 2, "8000");
}

/* req: B9.2.2-a B9.2.2-b */
static void csv_of_all_columns(void **state)
{
	struct import_row row;

	(void)state;
	assert_ok(read_csv(
		"\xef\xbb\xbfICCID;IMSI;KI;OPc;AMF;SQN;IMEI;Subscriber;Verification;Name;PIN1;"
		"Algorithm\r\n",
		"8935;001010123456789;" K ";" OPC ";b9b9;640;904201560257637;alice;postpaid;"
		"\"Example; \"\"Alice\"\"\";0000;milenage\r\n",
		&row));
	assert_milenage(&row);
	assert_hex(row.key.amf, 2, "b9b9");
	assert_int_equal(row.sqn, 640);
	assert_view(ident_view(&row.device), "urn:gsma:imei:90420156-025763-0");
	assert_string_equal(row.subscriber, "alice");
	assert_string_equal(row.verification, "postpaid");
	assert_string_equal(row.name, "Example; \"Alice\"");
}

static void empty_values_are_as_if_the_column_was_not_there(void **state)
{
	struct import_row row;

	(void)state;
	assert_ok(read_csv("client,k,opc,op,amf,sqn,imei,subscriber,algorithm",
		"001010123456789@realm.example, " K " ," OPC ",,,,\"\",,", &row));
	assert_milenage(&row);
}

static void tuak_and_op(void **state)
{
	struct import_row row;

	(void)state;
	assert_ok(read_csv("imsi\talgorithm\tk\ttop\tkeccak_iterations\tres_bytes",
		"001010123456789\ttuak\t" K K "\t" TOPC "\t2\t16", &row));
	assert_int_equal(row.key.algorithm, AKA_TUAK);
	assert_int_equal(row.key.k.len, 32);
	assert_int_equal(row.key.iterations, 2);
	assert_int_equal(row.key.res_len, 16);
	assert_true(row.from_op);
}

static void a_json_object_a_line(void **state)
{
	struct import_row row;

	(void)state;
	assert_ok(read_json("{\"imsi\":\"001010123456789\",\"k\":\"" K "\",\"opc\":\"" OPC
			    "\",\"sqn\":640,\"subscriber\":null}\n",
		&row));
	assert_milenage(&row);
	assert_int_equal(row.sqn, 640);
	assert_ok(
		read_json("{\"client\":\"001010123456789@realm.example\",\"k\":\"" K K
			  "\",\"topc\":\"" TOPC
			  "\",\"algorithm\":\"tuak\",\"keccak_iterations\":\"3\",\"res_bytes\":4}",
			&row));
	assert_int_equal(row.key.iterations, 3);
	assert_int_equal(row.key.res_len, 4);
}

static void a_blank_line_is_none(void **state)
{
	struct import_row row;

	(void)state;
	assert_err(ERR_NOT_FOUND, read_json("", &row));
	assert_err(ERR_NOT_FOUND, read_json(" \r\n", &row));
	assert_err(ERR_NOT_FOUND, read_csv("imsi,k,opc", "\n", &row));
}

static void wrong_columns_are_named(void **state)
{
	static const struct {
		const char *names, *said;
	} cases[] = {
		{"", "number 1 is not known"},
		{"imsi,k,opcc", "number 3 is not known"},
		{"imsi,k,", "number 3"},
		{"imsi,k,k", "k is given twice"},
		{"imsi,k,ki", "k is given twice"},
		{"k,opc", "client or imsi"},
		{"client,imsi,k", "client or imsi"},
		{"imsi,opc", "k is wanted"},
		{"\"imsi,k", "not closed"},
		{"\"imsi\"x,k", "follows"},
	};
	struct import_columns columns = {.count = 7};
	char many[4 * IMPORT_COLUMNS_MAX + 32] = "imsi,k";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_err(ERR_SYNTAX, import_columns_read(view_text(cases[i].names), &columns));
		assert_said(cases[i].said);
	}
	for (int i = 0; i < IMPORT_COLUMNS_MAX - 2; i++) {
		(void)strcat(many, ",acc");
	}
	assert_ok(import_columns_read(view_text(many), &columns));
	assert_int_equal(columns.count, IMPORT_COLUMNS_MAX);
	(void)strcat(many, ",acc");
	assert_err(ERR_RANGE, import_columns_read(view_text(many), &columns));
}

static void wrong_rows_are_told_and_no_value_is_repeated(void **state)
{
	static const struct {
		const char *names, *line, *said;
	} cases[] = {
		{"imsi,k,opc", "001010123456789," K, "2 values where there are 3"},
		{"imsi,k,opc", "001010123456789," K "," OPC ",x", "4 values where there are 3"},
		{"imsi,k,opc", "001010123456789," K ",\"" OPC, "not closed"},
		{"imsi,k,opc", "," K "," OPC, "client, imsi"},
		{"imsi,k,opc", "12a," K "," OPC, "imsi: 6 to 15 digits"},
		{"client,k,opc", "001010123456789@other.example," K "," OPC, "not of this realm"},
		{"imsi,k,opc", "001010123456789,," OPC, "k: 32 hex"},
		{"imsi,k,opc", "001010123456789," K "ab," OPC, "k: 32 hex"},
		{"imsi,k,opc,op", "001010123456789," K "," OPC "," OPC, "opc, op"},
		{"imsi,k,opc,imei", "001010123456789," K "," OPC ",904201560257631", "imei: not"},
		{"imsi,k,opc,imei,device", "001010123456789," K "," OPC ",1,2", "device, imei"},
		{"imsi,k,opc,sqn", "001010123456789," K "," OPC ",281474976710592", "sqn"},
		{"imsi,k,opc,sqn", "001010123456789," K "," OPC ",-1", "sqn"},
		{"imsi,k,opc,name", "001010123456789," K "," OPC ",Alice", "subscriber: is wanted"},
		{"imsi,k,opc,subscriber,name", "001010123456789," K "," OPC ",alice,Alice",
			"verification: is wanted"},
		{"imsi,k,opc,algorithm", "001010123456789," K "," OPC ",xor", "algorithm"},
	};
	struct import_row row = {.sqn = 7};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_err(ERR_SYNTAX, read_csv(cases[i].names, cases[i].line, &row));
		assert_said(cases[i].said);
		assert_null(strstr(err_detail(), K));
		assert_null(strstr(err_detail(), "00101012345"));
	}
	assert_int_equal(row.sqn, 7);
	assert_int_equal(row.key.k.len, 0);
}

static void wrong_objects_are_told(void **state)
{
	struct import_row row;

	(void)state;
	assert_err(ERR_SYNTAX, read_json("[]", &row));
	assert_err(ERR_SYNTAX, read_json("{\"imsi\":\"001010123456789\"", &row));
	assert_err(ERR_SYNTAX, read_json("{\"imsi\":\"001010123456789\",\"pin\":\"1\"}", &row));
	assert_err(ERR_SYNTAX, read_json("{\"imsi\":1,\"k\":\"" K "\",\"opc\":\"" OPC "\"}", &row));
	assert_err(ERR_SYNTAX, read_json("{\"imsi\":\"001010123456789\",\"k\":\"" K
					 "\",\"opc\":\"" OPC "\",\"sqn\":-1}",
				       &row));
}

static void longer_lines_are_refused(void **state)
{
	char line[IMPORT_LINE_MAX + 2];
	struct import_row row;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[IMPORT_LINE_MAX + 1] = '\0';
	assert_err(ERR_RANGE, read_csv("imsi,k,opc", line, &row));
	assert_err(ERR_RANGE, read_json(line, &row));
	line[IMPORT_LINE_MAX] = '\0';
	assert_err(ERR_SYNTAX, read_csv("imsi,k,opc", line, &row));
	memset(line, '"', IMPORT_LINE_MAX);
	assert_err(ERR_SYNTAX, read_csv("imsi,k,opc", line, &row));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(csv_of_the_fewest_columns),
		TEST(csv_of_all_columns),
		TEST(empty_values_are_as_if_the_column_was_not_there),
		TEST(tuak_and_op),
		TEST(a_json_object_a_line),
		TEST(a_blank_line_is_none),
		TEST(wrong_columns_are_named),
		TEST(wrong_rows_are_told_and_no_value_is_repeated),
		TEST(wrong_objects_are_told),
		TEST(longer_lines_are_refused),
	};
	return RUN_TESTS(tests);
}
