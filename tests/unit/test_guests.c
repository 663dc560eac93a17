// SPDX-License-Identifier: Apache-2.0
/* What of a device's CoAP request goes on to an application, and what the gateway says beside it. */
#include "test.h"

#include "gateway/guests.h"
#include <string.h>

static struct symapp_token token_of(void)
{
	struct symapp_token token = {.until = 1767225600, .pseudonym = "who", .rights = "read"};

	assert_ok(ident_parse(IDENT_APPLICATION, view_text("app.example"), &token.application));
	return token;
}

static void put(struct net_coap_message *m, uint16_t number, const char *value)
{
	assert_ok(net_coap_put(m, number, view_text(value)));
}

static bool has(const struct net_coap_message *m, uint16_t number, const char *value)
{
	for (size_t i = 0; i < m->option_count; i++) {
		if (m->options[i].number == number && view_is(m->options[i].value, value)) {
			return true;
		}
	}
	return false;
}

/* req: B9.4.1-g B9.6.4-a */
static void the_gateway_alone_says_who_asks(void **state)
{
	const struct symapp_token token = token_of();
	struct net_coap_message request = {.code = COAP_POST, .payload = view_text("body")}, out;
	char room[GUESTS_ROOM];

	(void)state;
	put(&request, COAP_URI_HOST, "APP.example");
	put(&request, COAP_URI_PORT, "x");
	put(&request, COAP_URI_PATH, "a");
	put(&request, COAP_URI_QUERY, "q=1");
	put(&request, COAP_URI_QUERY, "symbolon-pseudonym=forged");
	put(&request, COAP_URI_QUERY, "Symbolon-Anything");
	put(&request, COAP_CONTENT_FORMAT, "2");
	assert_ok(guests_to_backend(&request, "app.example", &token, room, &out));
	assert_int_equal(out.code, COAP_POST);
	assert_view(out.payload, "body");
	assert_true(has(&out, COAP_URI_PATH, "a"));
	assert_true(has(&out, COAP_URI_QUERY, "q=1"));
	assert_true(has(&out, COAP_CONTENT_FORMAT, "2"));
	assert_true(has(&out, COAP_URI_QUERY, "symbolon-application=app.example"));
	assert_true(has(&out, COAP_URI_QUERY, "symbolon-expires=2026-01-01T00:00:00Z"));
	assert_true(has(&out, COAP_URI_QUERY, "symbolon-pseudonym=who"));
	assert_true(has(&out, COAP_URI_QUERY, "symbolon-rights=read"));
	assert_int_equal(out.option_count,
		7); /* no degree was told; nothing of the way is passed on */
}

static void another_host_is_refused(void **state)
{
	const struct symapp_token token = token_of();
	struct net_coap_message request = {.code = COAP_GET}, out;
	char room[GUESTS_ROOM];

	(void)state;
	put(&request, COAP_URI_HOST, "other.example");
	assert_err(ERR_DENIED, guests_to_backend(&request, "app.example", &token, room, &out));
}

static void there_is_a_ceiling(void **state)
{
	const struct symapp_token token = token_of();
	struct net_coap_message request = {.code = COAP_GET}, out;
	char room[GUESTS_ROOM];

	(void)state;
	while (request.option_count < NET_COAP_OPTIONS) {
		put(&request, COAP_URI_PATH, "a");
	}
	assert_err(ERR_RANGE, net_coap_put(&request, COAP_URI_PATH, view_text("a")));
	assert_err(ERR_RANGE, guests_to_backend(&request, "app.example", &token, room, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gateway_alone_says_who_asks),
		cmocka_unit_test(another_host_is_refused),
		cmocka_unit_test(there_is_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
