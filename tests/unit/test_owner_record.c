// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "wire/owner_record.h"
#include "wire/owner_row.h"

#define ALICE "{\"name\":\"Alice Example\",\"email\":\"alice@home.example\"}"

static void set_claims(struct owner_record *record, const char *text)
{
	JSON_CLEANUP struct json *claims = NULL;

	assert_ok(json_parse(view_text(text), 4096, &claims));
	assert_ok(owner_record_set(record, claims));
}

static enum err verify(struct owner_record *record, const char *text)
{
	JSON_CLEANUP struct json *granted = NULL;

	assert_ok(json_parse(view_text(text), 4096, &granted));
	return owner_record_verify(record, granted, view_text("realm.example"), 1000);
}

/* req: R9.2-i-d */
static void a_record_is_read_as_it_was_written(void **state)
{
	struct owner_record record = {.kind = OWNER_ORGANIZATION}, again;
	BUF_CLEANUP struct buf text = buf_growing(OWNER_RECORD_MAX);
	struct json_writer w = json_to(&text);

	(void)state;
	set_claims(&record, ALICE);
	assert_ok(verify(&record, "{\"name\":\"Alice Example\"}"));
	owner_record_write(&record, &w, NULL);
	assert_ok(owner_record_read(buf_contents(&text), &again));
	assert_int_equal(again.kind, OWNER_ORGANIZATION);
	assert_string_equal(again.claims, record.claims);
	assert_view(words_view(&again.verified), "name");
	assert_string_equal(again.realm, "realm.example");
	assert_int_equal(again.verified_at, 1000);
}

/* req: R9.2-i-d */
static void what_the_realm_says_otherwise_is_not_taken(void **state)
{
	struct owner_record record = {.kind = OWNER_PERSON};

	(void)state;
	set_claims(&record, ALICE);
	assert_err(ERR_CONFLICT, verify(&record, "{\"name\":\"Mallory\"}"));
	assert_string_equal(record.verified.text, "");
	assert_ok(verify(&record, "{}"));
	assert_string_equal(record.verified.text, "");
}

static void a_corrected_claim_is_verified_no_more(void **state)
{
	struct owner_record record = {.kind = OWNER_PERSON};

	(void)state;
	set_claims(&record, ALICE);
	assert_ok(verify(&record, ALICE));
	assert_string_equal(record.verified.text, "email name");
	set_claims(&record, "{\"name\":\"Alice Example\",\"email\":\"alice@work.example\"}");
	assert_string_equal(record.verified.text, "name");
}

static void broken_records_are_refused(void **state)
{
	struct owner_record record;

	(void)state;
	assert_err(ERR_SYNTAX, owner_record_read(view_text("{}"), &record));
	assert_err(ERR_SYNTAX, owner_record_read(view_text("{\"kind\":\"robot\"}"), &record));
	assert_err(ERR_SYNTAX,
		owner_record_read(view_text("{\"kind\":\"person\",\"claims\":{\"shoe\":\"43\"}}"),
			&record));
}

static enum err read_csv(const char *line, struct owner_row *ret)
{
	struct csv_columns columns;

	assert_ok(owner_columns_read(view_text("owner,kind,name,email,phone_number,address"),
		&columns));
	return owner_row_read(&columns, view_text(line), ret);
}

/* req: R9.2-i-g */
static void a_row_tells_an_owner(void **state)
{
	struct owner_row row, same;

	(void)state;
	assert_ok(read_csv("own-7,person,Alice Example,alice@home.example,,\"Main St 1, Town\"",
		&row));
	assert_string_equal(row.reference, "own-7");
	assert_string_equal(row.record.claims,
		"{\"name\":\"Alice Example\",\"email\":\"alice@home.example\","
		"\"address\":{\"formatted\":\"Main St 1, Town\"}}");
	assert_ok(owner_row_read(NULL,
		view_text("{\"owner\":\"own-7\",\"kind\":\"organization\",\"claims\":" ALICE "}"),
		&same));
	assert_int_equal(same.record.kind, OWNER_ORGANIZATION);
	assert_string_equal(same.record.claims, ALICE);
}

static void broken_rows_name_the_column(void **state)
{
	struct owner_row row;

	(void)state;
	assert_err(ERR_SYNTAX, read_csv("own 7,person,Alice,,,", &row));
	assert_non_null(strstr(err_detail(), "owner"));
	assert_err(ERR_SYNTAX, read_csv("own-7,robot,Alice,,,", &row));
	assert_non_null(strstr(err_detail(), "kind"));
	assert_err(ERR_SYNTAX, read_csv("own-7,person,Alice,no address,,", &row));
	assert_non_null(strstr(err_detail(), "email"));
	assert_null(strstr(err_detail(), "no address"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_is_read_as_it_was_written),
		TEST(what_the_realm_says_otherwise_is_not_taken),
		TEST(a_corrected_claim_is_verified_no_more),
		TEST(broken_records_are_refused),
		TEST(a_row_tells_an_owner),
		TEST(broken_rows_name_the_column),
	};

	return RUN_TESTS(tests);
}
