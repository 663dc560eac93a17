// SPDX-License-Identifier: Apache-2.0
/* What a registry tells of itself and of its log, to whom.  req: R7-i-a R7-i-c R9.1-i R9.1-ii R9.1-vi R9.3-i-b */
#include "test.h"

#include "base/text.h"
#include "net/daemon.h"
#include "registry.h"
#include "registry/ledger/log_tree.h"
#include "registry/ledger/queries.h"
#include "wire/json.h"

static void the_document_says_who_it_is(void **state)
{
	struct registry_flow *r = *state;

	assert_registry(r, 200, "GET", "/.well-known/trust-registry", NULL);
	assert_registry_said(r, "{\"registry\":\"IN.TEL.P01\",\"type\":\"primary\"");
	assert_registry_said(r, "\"parents\":[\"IN.TEL\"]");
	assert_registry_said(r, "\"origin\":\"IN.TEL.P01/log\"");
	assert_registry_said(r, "\"tls\":[\"TLSv1.2\",\"TLSv1.3\"]");
	assert_registry_said(r,
		"\"practice_statement\":\"https://registry.example/practice-statement\"");
}

static void the_document_is_signed(void **state)
{
	struct registry_flow *r = *state;
	JSON_CLEANUP struct json *document = NULL;
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	struct view jws;

	assert_registry(r, 200, "GET", "/.well-known/trust-registry", NULL);
	assert_ok(json_parse(buf_contents(&r->body), 1 << 20, &document));
	assert_ok(jose_key_from_jwk(json_item(json_member(document, "keys"), 0), &key));
	assert_ok(json_text(document, "jws", &jws));
	assert_ok(jose_verify((const struct jose_key *const[]){key}, 1, "trust-registry+jwt", jws,
		&payload));
	(void)buf_string(&payload);
	assert_non_null(strstr((const char *)payload.data, "\"registry\":\"IN.TEL.P01\""));
}

static void the_practice_statement_is_filled_in(void **state)
{
	struct registry_flow *r = *state;

	assert_registry(r, 200, "GET", "/practice-statement", NULL);
	assert_string_equal(r->type, "text/markdown; charset=utf-8");
	assert_registry_said(r, "# Practice statement of the trust registry IN.TEL.P01");
	assert_registry_said(r, "https://registry.example/v1/status-lists");
	assert_null(strchr(registry_said(r), '{'));
}

static void its_name_stays(void **state)
{
	struct registry_flow *r = *state;
	char *kept = r->conf.id;

	while (r->started > 0) {
		registry_program.parts[--r->started].stop(&r->registry);
	}
	r->registry = (struct registry){.conf = &r->conf};
	r->conf.id = (char[]){"IN.TEL.P02"};
	for (r->started = 0; r->started < 2; r->started++) {
		assert_ok(registry_program.parts[r->started].start(&r->registry, r->loop));
	}
	assert_err(ERR_CONFIG, registry_program.parts[r->started].start(&r->registry, r->loop));
	assert_said("this store is that of IN.TEL.P01");
	r->started++;
	r->conf.id = kept;
	registry_flow_restart(r);
}

static void a_type_has_its_level(void **state)
{
	struct registry_flow r;

	(void)state;
	registry_flow_start(&r, "IN", "");
	assert_registry(&r, 200, "GET", "/v1/status", NULL);
	assert_registry_said(&r, "\"registry\":\"IN\",\"type\":\"geographical\"");
	r.conf.type = 2; /* primary */
	assert_err(ERR_CONFIG, registry_program.parts[0].start(&r.registry, r.loop));
	assert_said("a primary registry has 3 labels");
	registry_flow_stop(&r);
}

static void events_are_for_the_staff(void **state)
{
	struct registry_flow *r = *state;

	(void)registry_log(r, EVENT_DECISION, "d", "{\"subject\":\"d\",\"n\":1}");
	(void)registry_log(r, EVENT_DECISION, "d", "{\"subject\":\"d\",\"n\":2}");
	assert_registry(r, 200, "GET", "/v1/events?limit=2", NULL);
	assert_registry_said(r, "\"kind\":\"registry_set_up\"");
	assert_registry_said(r, "\"next\":\"1\"");
	assert_registry(r, 200, "GET", "/v1/events?after=1", NULL);
	assert_registry_said(r, "{\"items\":[{\"seq\":2,\"kind\":\"decision\"");
	assert_registry_said(r, "\"record\":{\"subject\":\"d\",\"n\":2}}]}");
	assert_registry(r, 400, "GET", "/v1/events?after=x", NULL);
	assert_registry(r, 200, "GET", "/v1/devices/d/history", NULL);
	assert_registry_said(r, "{\"items\":[{\"seq\":1");
	assert_registry(r, 200, "GET", "/v1/devices/d/history?until=2025-01-01T00:00:00Z", NULL);
	assert_registry_said(r, "{\"items\":[]}");
}

static void tiles_have_the_hashes_of_leaves(void **state)
{
	struct registry_flow *r = *state;
	struct merkle_hash leaf;

	for (int i = 1; i < 300; i++) {
		(void)registry_log(r, EVENT_DECISION, "", "{}");
	}
	assert_registry(r, 200, "GET", "/log/tile/entries/000", NULL);
	assert_string_equal(r->type, "application/octet-stream");
	const size_t len = (size_t)r->body.data[0] << 8 | r->body.data[1];

	merkle_leaf(view_of(r->body.data + 2, len), &leaf);
	assert_registry(r, 200, "GET", "/log/tile/0/000", NULL);
	assert_int_equal(r->body.len, TREE_TILE * MERKLE_HASH);
	assert_memory_equal(r->body.data, leaf.bytes, MERKLE_HASH);
	assert_registry(r, 200, "GET", "/log/tile/0/001.p/44", NULL);
	assert_int_equal(r->body.len, 44 * MERKLE_HASH);
	assert_registry(r, 200, "GET", "/log/tile/0/001.p/7", NULL);
	assert_registry(r, 200, "GET", "/log/tile/1/000.p/1", NULL);
	assert_registry(r, 200, "GET", "/log/tile/entries/001.p/44", NULL);
}

static void wrong_tiles_are_not_there(void **state)
{
	static const char *const targets[] = {"/log/tile/0/000", "/log/tile/0/000.p/9",
		"/log/tile/0/000.p/256", "/log/tile/0/0", "/log/tile/0/x000",
		"/log/tile/0/x000/00a", "/log/tile/9/000", "/log/tile/-1/000", "/log/tile/0/",
		"/log/tile/0", "/log/tile/entries/000", "/log/tile/entries/x999/x999/x999/x999/999",
		"/log/tile/0/x999/x999/x999/x999/x999/x999/999", "/log/tile/0/000.p/",
		"/log/tile/0/000.p/0", "/log/tile/entries/001.p/1", "/log/tile/x/000.p/1"};
	struct registry_flow *r = *state;

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		assert_registry(r, 404, "GET", targets[i], NULL);
	}
}

static void proofs_are_told(void **state)
{
	struct registry_flow *r = *state;

	(void)registry_log(r, EVENT_DECISION, "", "{}");
	assert_registry(r, 200, "GET", "/v1/log/proofs/inclusion?seq=0&size=2", NULL);
	assert_registry_said(r, "{\"seq\":0,\"size\":2,\"root\":\"");
	assert_registry(r, 200, "GET", "/v1/log/proofs/consistency?from=1&to=2", NULL);
	assert_registry_said(r, "{\"from\":1,\"to\":2,\"proof\":[\"");
	assert_registry(r, 400, "GET", "/v1/log/proofs/inclusion?seq=2&size=2", NULL);
	assert_registry(r, 400, "GET", "/v1/log/proofs/inclusion?seq=2&size=9", NULL);
	assert_registry(r, 400, "GET", "/v1/log/proofs/inclusion", NULL);
	assert_registry(r, 400, "GET", "/v1/log/proofs/consistency?from=3&to=9", NULL);
	assert_registry(r, 400, "GET", "/v1/log/proofs/consistency?from=2&to=1", NULL);
}

static void enquiries_are_audited_in_batches(void **state)
{
	struct registry_flow *r = *state;
	const struct query query = {.who = view_text("party:1"),
		.what = "device_ask",
		.object = view_text("IN.TEL.P01:mac:0024befffe804ff1"),
		.answer = "trusted"};
	const int64_t begin = ledger_size(r->registry.ledger);

	assert_ok(queries_note(&r->registry, &query));
	assert_ok(queries_note(&r->registry, &query));
	fake_env_advance(&r->env, 1000);
	while (ledger_size(r->registry.ledger) == begin) {
		loop_turn(r->loop, 10);
	}
	assert_registry(r, 200, "GET", "/v1/events?after=0", NULL);
	assert_registry_said(r, "\"kind\":\"queries\"");
	assert_registry_said(r, "\"count\":2");
	assert_ok(queries_note(&r->registry, &query)); /* an orderly end keeps it */
	registry_flow_restart(r);
	assert_registry(r, 200, "GET", "/v1/queries", NULL);
	assert_registry_said(r, "{\"items\":[{\"batch\":\"1000000000000000\"");
	assert_registry_said(r, "{\"batch\":\"1000000000000001\"");
	assert_registry_said(r, "\"who\":\"party:1\",\"what\":\"device_ask\"");
	assert_registry(r, 200, "GET", "/v1/queries?limit=1", NULL);
	assert_registry_said(r, "\"next\":\"1000000000000000\"");
}

/* A page of another site makes the browser of an administrator send something. */
static void pages_of_other_sites_change_nothing(void **state)
{
	static const char *const origins[] = {"https://evil.example", "null",
		"https://registry.evil", "http://registry", ""};
	struct registry_flow *r = *state;
	struct http_field field = {view_text("Origin"), {0}};

	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		field.value = view_text(origins[i]);
		assert_int_equal(registry_ask_with(r, "POST", "/v1/notices", &field, 1,
					 view_text("")),
			403);
		assert_registry_said(r, "a page of another site");
	}
	assert_int_equal(registry_ask_with(r, "GET", "/v1/status", &field, 1, view_text("")), 200);
	field.value = view_text("https://registry");
	assert_int_equal(registry_ask_with(r, "POST", "/v1/notices", &field, 1, view_text("")), 400);
}

static void what_is_not_there_is_told(void **state)
{
	struct registry_flow *r = *state;

	assert_registry(r, 404, "GET", "/v1/nothing", NULL);
	assert_string_equal(r->type, "application/problem+json");
	assert_registry(r, 405, "DELETE", "/v1/status", NULL);
	assert_string_equal(r->allow, "GET");
	assert_registry(r, 200, "GET", "/v1/problems/not-there", NULL);
	assert_registry(r, 404, "GET", "/v1/problems/another", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_REGISTRY(the_document_says_who_it_is),
		WITH_REGISTRY(the_document_is_signed),
		WITH_REGISTRY(the_practice_statement_is_filled_in),
		WITH_REGISTRY(its_name_stays),
		TEST(a_type_has_its_level),
		WITH_REGISTRY(events_are_for_the_staff),
		WITH_REGISTRY(tiles_have_the_hashes_of_leaves),
		WITH_REGISTRY(wrong_tiles_are_not_there),
		WITH_REGISTRY(proofs_are_told),
		WITH_REGISTRY(enquiries_are_audited_in_batches),
		WITH_REGISTRY(pages_of_other_sites_change_nothing),
		WITH_REGISTRY(what_is_not_there_is_told),
	};

	return RUN_TESTS(tests);
}
