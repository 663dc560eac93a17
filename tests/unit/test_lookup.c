// SPDX-License-Identifier: Apache-2.0
/* Which addresses are public. Questions to name servers are asked in tests/flow/test_portal_application.c. */
#include "test.h"

#include "net/lookup.h"

#include <arpa/inet.h>

static struct lookup_address address_of(const char *text)
{
	struct lookup_address a = {.len = strchr(text, ':') ? 16 : 4};

	assert_int_equal(inet_pton(a.len == 16 ? AF_INET6 : AF_INET, text, a.bytes), 1);
	return a;
}

static void private_and_special_addresses_are_known(void **state)
{
	static const char *const not_public[] = {"0.0.0.0", "10.1.2.3", "100.64.0.1",
		"100.127.255.255", "127.0.0.1", "127.255.0.1", "169.254.169.254", "172.16.0.1",
		"172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1",
		"198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "240.0.0.1",
		"255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::1",
		"fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "2001::1",
		"2002:7f00:1::", "3fff::1"};
	static const char *const is_public[] = {"8.8.8.8", "9.255.255.255", "11.0.0.0",
		"100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.169.0.0",
		"198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1", "2a00::1"};

	(void)state;
	for (size_t i = 0; i < sizeof(not_public) / sizeof(not_public[0]); i++) {
		struct lookup_address a = address_of(not_public[i]);

		if (lookup_is_public(&a)) {
			fail_msg("%s is taken for public", not_public[i]);
		}
	}
	for (size_t i = 0; i < sizeof(is_public) / sizeof(is_public[0]); i++) {
		struct lookup_address a = address_of(is_public[i]);

		if (!lookup_is_public(&a)) {
			fail_msg("%s is not taken for public", is_public[i]);
		}
	}
}

static void addresses_are_printed(void **state)
{
	char text[LOOKUP_PRINTED];
	struct lookup_address four = address_of("192.0.2.1"), six = address_of("2001:db8::1");

	(void)state;
	lookup_print(&four, text);
	assert_string_equal(text, "192.0.2.1");
	lookup_print(&six, text);
	assert_string_equal(text, "[2001:db8::1]");
}

static void a_server_that_is_none(void **state)
{
	struct lookup_addresses found;
	struct lookup_texts texts;

	(void)state;
	assert_err(ERR_CONFIG, lookup_addresses("nonsense", "app.example", &found));
	assert_err(ERR_CONFIG, lookup_texts("127.0.0.1:0", "app.example", &texts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(private_and_special_addresses_are_known),
		TEST(addresses_are_printed),
		TEST(a_server_that_is_none),
	};

	return RUN_TESTS(tests);
}
