// SPDX-License-Identifier: Apache-2.0
/* The operator's API (docs/protocol/operator_api.md), row by row, over a Unix socket. */
#include "test.h"

#include "operator.h"

#define CLIENT "001010123456789@realm.example"
#define ASP    "cin:U72200KA2001PTC028000"
#define K      "465b5ce8b199b49faa5f0a2ee238a6bc"
#define OPC    "cd63cb71954a9f4e48a5994e37a02baf"

static int open_operator(void **state)
{
	static struct operator o;

	operator_start(&o, "");
	*state = &o;
	return 0;
}

static int close_operator(void **state)
{
	operator_stop(*state);
	return 0;
}

#define WITH_OPERATOR(name) cmocka_unit_test_setup_teardown(name, open_operator, close_operator)

#define assert_asked(o, want, ...)                                                                 \
	do {                                                                                       \
		unsigned test_status = operator_ask((o), __VA_ARGS__);                             \
		if (test_status != (want)) {                                                       \
			fail_msg("%u: %s", test_status, operator_said(o));                         \
		}                                                                                  \
	} while (0)
#define assert_answer(o, words)                                                                    \
	do {                                                                                       \
		if (!strstr(operator_said(o), (words))) {                                          \
			fail_msg("\"%s\" does not say \"%s\"", operator_said(o), (words));         \
		}                                                                                  \
	} while (0)

/* req: B9.2.2-a B9.2.2-b B9.2.2-c B9.2.2-d B9.2.2-f */
static void test_a_realm_is_provisioned(void **state)
{
	struct operator* o = * state;

	assert_asked(o, 201, "POST", "/v1/subscribers",
		"{\"id\":\"alice\",\"verification\":\"postpaid\",\"name\":\"Alice Example\"}");
	assert_answer(o, "\"name\":\"Alice Example\"");
	assert_asked(o, 201, "POST", "/v1/devices",
		"{\"client\":\"" CLIENT "\",\"subscriber\":\"alice\",\"k\":\"" K "\",\"opc\":\"" OPC
		"\"}");
	assert_null(strstr(operator_said(o), K));
	assert_asked(o, 201, "POST", "/v1/asps",
		"{\"id\":\"" ASP "\",\"name\":\"Example Services\",\"elements\":"
		"[\"gateway.app.example\"]}");
	assert_asked(o, 201, "POST", "/v1/applications",
		"{\"id\":\"app.example\",\"asp\":\"" ASP "\",\"ua\":[\"0100000007\"]}");
	assert_asked(o, 200, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT "\",\"application\":\"app.example\"}");
	assert_asked(o, 200, "GET", "/v1/status", NULL);
	assert_answer(o,
		"\"counts\":{\"subscribers\":1,\"devices\":1,\"asps\":1,\"applications\":1,"
		"\"grants\":1}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OPERATOR(test_a_realm_is_provisioned),
	};

	return RUN_TESTS(tests);
}
