// SPDX-License-Identifier: Apache-2.0
/* What CoAP asks, as the routes know it; and an answer as CoAP has it. */
#include "test.h"

#include "net/http_foreign.h"
#include "registry/realm/coap.h"

#include <string.h>

static struct net_coap_message message_of(size_t count, const struct net_coap_option *options)
{
	struct net_coap_message m = {.code = COAP_GET};

	for (size_t i = 0; i < count; i++) {
		assert_ok(net_coap_put(&m, options[i].number, options[i].value));
	}
	return m;
}

static void paths_and_queries_become_a_target(void **state)
{
	const struct net_coap_option options[] = {
		{COAP_URI_HOST, view_text("registry.example")},
		{COAP_URI_PATH, view_text("v1")},
		{COAP_URI_PATH, view_text("a/b c")},
		{COAP_URI_PATH, view_text("..")},
		{COAP_URI_QUERY, view_text("at=2026-11-30T00:00:00Z")},
		{COAP_URI_QUERY, view_text("q=a=b&c")},
		{COAP_URI_QUERY, view_text("flag")},
	};
	struct net_coap_message m = message_of(7, options);
	BUF_CLEANUP struct buf target = buf_growing(256), short_one = buf_growing(8);

	(void)state;
	assert_ok(coap_target_of(&m, &target));
	assert_string_equal(buf_string(&target),
		"/v1/a%2Fb%20c/..?at=2026-11-30T00%3A00%3A00Z&q=a%3Db%26c&flag");
	assert_err(ERR_RANGE, coap_target_of(&m, &short_one));
	m = message_of(0, NULL);
	buf_clear(&target);
	assert_ok(coap_target_of(&m, &target));
	assert_string_equal(buf_string(&target), "/");
	assert_ok(net_coap_put(&m, COAP_PROXY_URI, view_text("coap://elsewhere/")));
	assert_err(ERR_SYNTAX, coap_target_of(&m, &target));
}

static void statuses_have_codes(void **state)
{
	(void)state;
	assert_int_equal(coap_code_of(200, COAP_GET), COAP_2_05);
	assert_int_equal(coap_code_of(200, COAP_POST), 2 << 5 | 4);
	assert_int_equal(coap_code_of(201, COAP_POST), 2 << 5 | 1);
	assert_int_equal(coap_code_of(204, COAP_DELETE), 2 << 5 | 2);
	assert_int_equal(coap_code_of(401, COAP_GET), COAP_4_01);
	assert_int_equal(coap_code_of(404, COAP_GET), COAP_4_04);
	assert_int_equal(coap_code_of(409, COAP_PUT), 4 << 5 | 9);
	assert_int_equal(coap_code_of(418, COAP_GET), COAP_4_00);
	assert_int_equal(coap_code_of(303, COAP_GET), COAP_4_00);
	assert_int_equal(coap_code_of(503, COAP_GET), COAP_5_03);
	assert_int_equal(coap_code_of(599, COAP_GET), 5 << 5);
	assert_string_equal(coap_method_of(COAP_DELETE), "DELETE");
	assert_null(coap_method_of(0));
	assert_null(coap_method_of(5)); /* FETCH */
	assert_null(coap_method_of(255));
}

static void bodies_are_the_same_document(void **state)
{
	BUF_CLEANUP struct buf cbor = buf_growing(256), json = buf_growing(256);

	(void)state;
	assert_ok(coap_body_to_cbor(view_text("{\"make\":\"Aeotec\",\"n\":[1,true]}"), &cbor));
	assert_int_equal(cbor.len, 18);
	assert_ok(coap_body_from_cbor(buf_contents(&cbor), &json));
	assert_string_equal(buf_string(&json), "{\"make\":\"Aeotec\",\"n\":[1,true]}");
	assert_err(ERR_SYNTAX, coap_body_to_cbor(view_text("{"), &cbor));
	assert_err(ERR_SYNTAX, coap_body_from_cbor(view_text("\x82\x01"), &json));
}

struct heard {
	unsigned status, times;
	char body[64];
};

static void hear(void *user, unsigned status, const struct http_field *fields, size_t count,
	struct view body)
{
	struct heard *heard = user;

	(void)fields;
	(void)count;
	heard->status = status;
	heard->times++;
	memset(heard->body, 0, sizeof(heard->body));
	memcpy(heard->body, body.data ? body.data : (const uint8_t *)"", body.len);
}

static void a_foreign_request_is_answered_once(void **state)
{
	const struct http_field type = {view_text("Content-Type"), view_text("application/json")};
	struct heard heard = {.status = 0};
	struct http_foreign foreign = {.method = "POST",
		.target = view_text("/v1/devices?x=y"),
		.fields = &type,
		.field_count = 1,
		.body = view_text("{}"),
		.answer = hear,
		.user = &heard};
	struct http_request *request;

	(void)state;
	assert_ok(http_foreign_new(&foreign, &request));
	assert_true(view_is(request->target.path, "/v1/devices"));
	assert_true(view_is(request->target.query, "x=y"));
	assert_true(view_is(request->body, "{}"));
	assert_true(view_is(http_field_of(request->head, "content-type"), "application/json"));
	assert_null(request->stream);
	assert_err(ERR_UNSUPPORTED, http_answer_begin(request, 200, NULL, 0, NULL));
	assert_err(ERR_WRONG_STATE, http_answer_part(request, view_text("x")));
	http_answer_text(request, 201, "text/plain", "made");
	assert_int_equal(heard.status, 201);
	assert_string_equal(heard.body, "made");
	assert_ok(http_foreign_new(&foreign, &request));
	http_answer(request, 204, NULL, 0, view_text("dropped"));
	assert_string_equal(heard.body, "");
	assert_ok(http_foreign_new(&foreign, &request));
	http_answer_abort(request);
	assert_int_equal(heard.status, 500);
	assert_int_equal(heard.times, 3);
	foreign.target = view_text("/a/../b");
	assert_err(ERR_SYNTAX, http_foreign_new(&foreign, &request));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_and_queries_become_a_target),
		cmocka_unit_test(statuses_have_codes),
		cmocka_unit_test(bodies_are_the_same_document),
		cmocka_unit_test(a_foreign_request_is_answered_once),
	};
	return RUN_TESTS(tests);
}
