// SPDX-License-Identifier: Apache-2.0
/* Bulk: rows that are wrong, cut off or repeated, batches that go on, and what manufacturers may announce.
 * req: R9.2-i-g R7-a R6.3 */
#include "test.h"

#include "postgres_server.h"
#include "registry.h"
#include "registry/owners/owners.h"

#define NAMES "imei,manufacturer,owner,make,model,firmware\n"
#define BATCH "/v1/imports/batch-1"
#define CSV   "text/csv"
#define JSONS "application/x-ndjson"

static unsigned post(struct registry_flow *r, const char *target, const char *type, const char *rows)
{
	const struct http_field field = {view_text("Content-Type"), view_text(type)};

	return registry_ask_with(r, "POST", target, &field, 1, view_text(rows));
}

#define assert_post(r, want, ...)                                                                  \
	do {                                                                                       \
		unsigned test_post = post((r), __VA_ARGS__);                                       \
		if (test_post != (want)) {                                                         \
			fail_msg("%u: %s", test_post, registry_said(r));                           \
		}                                                                                  \
	} while (0)

static void good_rows_are_announced(void **state)
{
	struct registry_flow *r = *state;
	const int64_t before = ledger_size(r->registry.ledger);

	assert_post(r, 200, BATCH, CSV,
		NAMES "490154203237518,,,Acme,M1,1.0\n"
		      "356938035643809,,,Acme,\"M,2\",1.0\n");
	assert_registry_said(r, "\"rows\":2");
	assert_registry_said(r, "\"added\":2,\"failed\":0");
	assert_registry(r, 200, "GET", "/v1/preregistrations", NULL);
	assert_registry_said(r, "\"device\":\"urn:gsma:imei:49015420-323751-0\"");
	assert_registry_said(r, "\"model\":\"M,2\"");
	assert_registry_said(r, "\"lifecycle\":\"preregistered\",\"trust\":\"unverified\"");
	assert_int_equal(ledger_size(r->registry.ledger), before + 1);
}

/* A RegDevID is given for evidence alone. */
static void what_is_announced_has_no_registered_identity(void **state)
{
	struct registry_flow *r = *state;

	assert_post(r, 200, BATCH, CSV, NAMES "490154203237518,,,Acme,M1,1.0\n");
	assert_registry(r, 200, "GET", "/v1/preregistrations", NULL);
	assert_null(strstr(registry_said(r), "IN.TEL.P01:"));
}

static void wrong_rows_are_told_and_others_are_taken(void **state)
{
	struct registry_flow *r = *state;

	assert_post(r, 200, BATCH, CSV,
		NAMES "490154203237519,,,Acme,M1,1.0\n"
		      "490154203237518,,,Acme,M1,1.0\n"
		      "356938035643809,,,,M1,1.0\n"
		      "\n"
		      "356938035643809,nobody,,Acme,M1,1.0\n"
		      "356938035643809,,nobody,Acme,M1,1.0\n"
		      "356938035643809,,,\"Acme,M1,1.0\n"
		      "490154203237518,,,Acme,M1,1.0\n");
	assert_registry_said(r, "\"rows\":8");
	assert_registry_said(r, "\"added\":1,\"failed\":6");
	assert_registry(r, 200, "GET", BATCH "/errors", NULL);
	assert_registry_said(r, "\"row\":1,\"detail\":\"imei: IMEI: wrong check digit");
	assert_registry_said(r, "\"row\":3,\"detail\":\"9.2 i e: make: is wanted");
	assert_registry_said(r, "\"row\":5,\"detail\":\"manufacturer: not registered here");
	assert_registry_said(r,
		"\"row\":6,\"detail\":\"device: it is registered already, or owner:");
	assert_registry_said(r, "\"row\":7,\"detail\":\"RFC 4180 2.5: a quotation mark is not");
	assert_registry_said(r, "\"row\":8,\"detail\":\"device: it is announced already");
	assert_null(strstr(registry_said(r), "490154203237519"));
	assert_registry(r, 200, "GET", BATCH "/errors?after=5&limit=1", NULL);
	assert_registry_said(r, "\"next\":\"6\"");
}

static void objects_are_taken_too(void **state)
{
	struct registry_flow *r = *state;

	assert_post(r, 200, BATCH, JSONS,
		"{\"device\":\"mac:0024befffe804ff1\",\"facts\":{\"make\":\"A\",\"model\":\"B\"}}\n"
		"{\"device\":\"mac:0024befffe804ff2\",\"facts\":{\"make\":\"A\"}}\n"
		"{broken\n");
	assert_registry_said(r, "\"added\":1,\"failed\":2");
}

static void what_was_cut_off_is_not_taken(void **state)
{
	struct registry_flow *r = *state;

	assert_post(r, 400, BATCH, CSV, NAMES "490154203237518,,,Acme,M1,1.0\n3569380");
	assert_registry_said(r, "cut off");
	assert_registry(r, 200, "GET", "/v1/preregistrations", NULL);
	assert_registry_said(r, "\"items\":[]");
	assert_registry(r, 200, "GET", BATCH, NULL);
	assert_registry_said(r, "\"rows\":0");
}

static void a_batch_goes_on_where_it_stands(void **state)
{
	struct registry_flow *r = *state;
	const char *const before =
		"?after=1&before=0000000000000000000000000000000000000000000000000000000000000000";
	char target[200];

	assert_post(r, 200, BATCH, CSV, NAMES "490154203237518,,,Acme,M1,1.0\n");
	assert_post(r, 409, BATCH, CSV, NAMES "490154203237518,,,Acme,M1,1.0\n");
	assert_registry_said(r, "1 rows of it are done");
	assert_post(r, 409, BATCH "?after=7", CSV, NAMES "356938035643809,,,Acme,M1,1.0\n");
	assert_post(r, 409, BATCH "?after=1&kind=owners", CSV, "owner,name\no,N\n");
	assert_post(r, 200,
		BATCH "?after=1&digest="
		      "1111111111111111111111111111111111111111111111111111111111111111",
		CSV, NAMES "356938035643809,,,Acme,M1,1.0\n");
	(void)snprintf(target, sizeof(target), BATCH "%s", before);
	target[strlen(BATCH) + 7] = '2';
	assert_post(r, 409, target, CSV, NAMES "352099001761481,,,Acme,M1,1.0\n");
	assert_registry_said(r, "another file");
	registry_flow_restart(r);
	assert_post(r, 200, BATCH "?after=2", CSV, NAMES "352099001761481,,,Acme,M1,1.0\n");
	assert_registry_said(r, "\"rows\":3");
	assert_registry_said(r, "\"added\":3,\"failed\":0");
}

static void a_file_that_comes_again_adds_nothing(void **state)
{
	struct registry_flow *r = *state;
	static const char rows[] = NAMES "490154203237518,,,Acme,M1,1.0\n"
					 "356938035643809,,,Acme,M1,1.0\n";

	assert_post(r, 200, BATCH, CSV, rows);
	assert_post(r, 409, BATCH, CSV, rows);
	assert_post(r, 200, "/v1/imports/again", CSV, rows);
	assert_registry_said(r, "\"added\":0,\"failed\":2");
}

/* A registry that ends between the rows and the mark finds them done. */
static void rows_whose_mark_was_not_reached_are_found_done(void **state)
{
	struct registry_flow *r = *state;
	static const char rows[] = NAMES "490154203237518,,,Acme,M1,1.0\n";
	const struct store_step back = {
		.statement = MARK_BATCH,
		.expect = STORE_ONE,
		.param_count = 7,
		.params = {STORE_TEXT_OF(view_text("batch-1")), STORE_INT_OF(1), STORE_INT_OF(0),
			STORE_TEXT_OF(view_text("")), STORE_INT_OF(-1), STORE_INT_OF(0),
			STORE_INT_OF(0)},
	};

	assert_post(r, 200, BATCH, CSV, rows);
	r->done = false;
	assert_ok(ledger_submit(r->registry.ledger, NULL, 0, &back, 1, registry_on_logged, r, 0));
	registry_wait(r, &r->done);
	assert_int_equal(r->logged, OK);
	assert_post(r, 200, BATCH, CSV, rows);
	assert_registry_said(r, "\"rows\":1");
	assert_registry_said(r, "\"added\":1,\"failed\":0");
}

static void manufacturers_announce_their_own_makes(void **state)
{
	struct registry_flow *r = *state;

	assert_registry(r, 200, "POST", "/v1/manufacturers",
		"{\"id\":\"acme\",\"name\":\"Acme Inc.\",\"makes\":[\"Acme\",\"Roadrunner\"]}");
	assert_post(r, 200, BATCH, CSV,
		NAMES "490154203237518,acme,,ACME,M1,1.0\n"
		      "356938035643809,acme,,Other,M1,1.0\n");
	assert_registry_said(r, "\"added\":1,\"failed\":1");
	assert_registry(r, 200, "GET", BATCH "/errors", NULL);
	assert_registry_said(r, "make: not one of this manufacturer's");
	registry_flow_restart(r);
	assert_registry(r, 200, "GET", "/v1/manufacturers/acme", NULL);
	assert_registry_said(r, "\"makes\":[\"Acme\",\"Roadrunner\"]");
	assert_post(r, 200, "/v1/imports/b2", CSV, NAMES "352099001761481,acme,,Acme,M1,1.0\n");
	assert_registry_said(r, "\"added\":1");
	assert_registry(r, 204, "DELETE", "/v1/manufacturers/acme", NULL);
	assert_registry(r, 404, "DELETE", "/v1/manufacturers/acme", NULL);
	assert_post(r, 200, "/v1/imports/b3", CSV, NAMES "353880080034305,acme,,Acme,M1,1.0\n");
	assert_registry_said(r, "\"added\":0,\"failed\":1");
}

static void broken_manufacturers_are_refused(void **state)
{
	struct registry_flow *r = *state;

	assert_registry(r, 400, "POST", "/v1/manufacturers", "{\"id\":\"acme\",\"name\":\"A\"}");
	assert_registry(r, 400, "POST", "/v1/manufacturers",
		"{\"id\":\"a b\",\"name\":\"A\",\"makes\":[\"A\"]}");
	assert_registry(r, 400, "POST", "/v1/manufacturers",
		"{\"id\":\"a\",\"name\":\"A\",\"makes\":[]}");
	assert_registry(r, 400, "POST", "/v1/manufacturers",
		"{\"id\":\"a\",\"name\":\"A\",\"makes\":[\"A\"],\"party\":\"short\"}");
}

static void broken_requests_are_refused(void **state)
{
	struct registry_flow *r = *state;

	assert_post(r, 415, BATCH, "application/json", "{}");
	assert_post(r, 400, BATCH, CSV, "");
	assert_post(r, 400, BATCH, CSV, NAMES);
	assert_post(r, 400, BATCH, CSV, "colour\nred\n");
	assert_post(r, 400, "/v1/imports/a%20b", CSV, NAMES "490154203237518,,,Acme,M1,1.0\n");
	assert_post(r, 400, BATCH "?digest=12", CSV, NAMES "490154203237518,,,Acme,M1,1.0\n");
	assert_post(r, 400, BATCH "?kind=robots", CSV, NAMES "490154203237518,,,Acme,M1,1.0\n");
	assert_registry(r, 404, "GET", "/v1/imports/none", NULL);
	assert_registry(r, 404, "GET", "/v1/imports/none/errors", NULL);
}

/* req: R9.2-i-d R9.1-iii */
static void owners_are_imported_and_sealed(void **state)
{
	struct registry_flow *r = *state;
	static const char rows[] = "owner,kind,name,email\n"
				   "own-1,person,Alice Example,alice@home.example\n"
				   "own-2,robot,Bob Example,\n"
				   "own-1,person,Carol Example,\n";

	assert_post(r, 200, "/v1/imports/people?kind=owners", CSV, rows);
	assert_registry_said(r, "\"added\":1,\"failed\":2");
	assert_registry(r, 200, "GET", "/v1/imports/people/errors", NULL);
	assert_registry_said(r, "kind: person or organization");
	assert_registry_said(r, "there is one of this name already");
	assert_null(strstr(registry_said(r), "Example"));
	assert_post(r, 200, BATCH, CSV,
		NAMES "490154203237518,,own-1,Acme,M1,1.0\n"
		      "356938035643809,,own-9,Acme,M1,1.0\n");
	assert_registry_said(r, "\"added\":1,\"failed\":1");
	assert_registry(r, 200, "GET", "/v1/events", NULL);
	assert_null(strstr(registry_said(r), "Example"));
}

static void an_announcement_can_be_taken_back(void **state)
{
	struct registry_flow *r = *state;

	assert_post(r, 200, BATCH, CSV, NAMES "490154203237518,,,Acme,M1,1.0\n");
	assert_registry(r, 204, "DELETE", "/v1/preregistrations/imei:490154203237518", NULL);
	assert_registry(r, 404, "DELETE", "/v1/preregistrations/imei:490154203237518", NULL);
}

static struct postgres_server server; /* none while SQLite is tested */

static void empty(void)
{
	if (registry_flow_store) {
		postgres_server_clear(&server, "postgres");
	}
}

static void only_a_primary_registry_takes_devices(void **state)
{
	struct registry_flow r;

	(void)state;
	empty();
	registry_flow_start(&r, "IN.TEL", "");
	assert_post(&r, 403, BATCH, CSV, NAMES "490154203237518,,,Acme,M1,1.0\n");
	registry_flow_stop(&r);
}

static void limits_are_kept(void **state)
{
	struct registry_flow r;

	(void)state;
	empty();
	registry_flow_start(&r, "IN.TEL.P01", "imports: {rows: 1, failures: 0}\n");
	assert_post(&r, 400, BATCH, CSV,
		NAMES "490154203237518,,,A,M1,1.0\n"
		      "356938035643809,,,A,M1,1.0\n");
	assert_registry_said(&r, "imports.rows");
	assert_post(&r, 200, BATCH, CSV, NAMES "490154203237519,,,A,M1,1.0\n");
	assert_post(&r, 409, BATCH "?after=1", CSV, NAMES "490154203237518,,,A,M1,1.0\n");
	assert_registry_said(&r, "imports.failures");
	registry_flow_stop(&r);
}

static int open_empty(void **state)
{
	empty();
	return registry_flow_open(state);
}

#define ON_EACH(name) cmocka_unit_test_setup_teardown(name, open_empty, registry_flow_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EACH(good_rows_are_announced),
		ON_EACH(what_is_announced_has_no_registered_identity),
		ON_EACH(wrong_rows_are_told_and_others_are_taken),
		ON_EACH(objects_are_taken_too),
		ON_EACH(what_was_cut_off_is_not_taken),
		ON_EACH(a_batch_goes_on_where_it_stands),
		ON_EACH(a_file_that_comes_again_adds_nothing),
		ON_EACH(rows_whose_mark_was_not_reached_are_found_done),
		ON_EACH(manufacturers_announce_their_own_makes),
		ON_EACH(broken_manufacturers_are_refused),
		ON_EACH(broken_requests_are_refused),
		ON_EACH(owners_are_imported_and_sealed),
		ON_EACH(an_announcement_can_be_taken_back),
		TEST(only_a_primary_registry_takes_devices),
		TEST(limits_are_kept),
	};
	int failed = RUN_TESTS(tests);
	char url[160];

	if (!postgres_server_new(&server)) {
		return failed;
	}
	postgres_server_url(&server, "postgres", url);
	registry_flow_store = url;
	failed += cmocka_run_group_tests_name("registry_import on PostgreSQL", tests, NULL, NULL);
	postgres_server_free(&server);
	return failed;
}
