// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "net/address.h"
#include "net/crowd.h"

#include <arpa/inet.h>

static union peer_address peer_of(const char *text)
{
	struct address parsed;
	union peer_address ret;

	assert_ok(address_parse(text, &parsed));
	memcpy(&ret, &parsed.sa, sizeof(ret));
	return ret;
}

static bool same(const char *a, const char *b)
{
	union peer_address one = peer_of(a), other = peer_of(b);

	return view_equal(address_crowd(&one), address_crowd(&other));
}

static void an_address_counts_without_its_port(void **state)
{
	(void)state;
	assert_true(same("192.0.2.1:1", "192.0.2.1:2"));
	assert_false(same("192.0.2.1:1", "192.0.2.2:1"));
	assert_true(same("[2001:db8::1]:1", "[2001:db8::ffff:ffff:ffff:ffff]:2"));
	assert_false(same("[2001:db8::1]:1", "[2001:db8:0:1::1]:1"));
}

static void each_has_so_much_and_no_more(void **state)
{
	struct crowds *c;

	(void)state;
	assert_ok(crowds_new(8, &c));
	assert_true(crowds_enter(c, view_text("a"), 2));
	assert_true(crowds_enter(c, view_text("a"), 2));
	assert_false(crowds_enter(c, view_text("a"), 2));
	assert_true(crowds_enter(c, view_text("b"), 2));
	crowds_leave(c, view_text("a"));
	assert_true(crowds_enter(c, view_text("a"), 2));
	assert_false(crowds_enter(c, view_text("a"), 1)); /* the limit fell meanwhile */
	assert_true(crowds_enter(c, view_text("a"), 0));
	crowds_leave(c, view_text("nobody"));
	crowds_free(c);
}

static void addresses_have_a_ceiling_too(void **state)
{
	struct crowds *c;

	(void)state;
	assert_ok(crowds_new(2, &c));
	assert_true(crowds_enter(c, view_text("a"), 0));
	assert_true(crowds_enter(c, view_text("b"), 0));
	assert_false(crowds_enter(c, view_text("c"), 0));
	crowds_leave(c, view_text("a"));
	assert_true(crowds_enter(c, view_text("c"), 0));
	crowds_free(c);
	crowds_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_counts_without_its_port),
		cmocka_unit_test(each_has_so_much_and_no_more),
		cmocka_unit_test(addresses_have_a_ceiling_too),
	};
	return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
