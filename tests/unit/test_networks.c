// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "net/networks.h"

#include <arpa/inet.h>

static bool have(const char *list, const char *text)
{
	struct networks networks;
	struct lookup_address address = {.len = strchr(text, ':') ? 16 : 4};

	assert_ok(networks_parse(list, &networks));
	assert_int_equal(inet_pton(address.len == 16 ? AF_INET6 : AF_INET, text, address.bytes), 1);
	return networks_have(&networks, &address);
}

static void addresses_are_in_networks_or_not(void **state)
{
	(void)state;
	assert_true(have("10.0.0.0/8", "10.255.0.1"));
	assert_false(have("10.0.0.0/8", "11.0.0.1"));
	assert_true(have("192.168.4.0/22,fd00::/8", "192.168.7.255"));
	assert_false(have("192.168.4.0/22, fd00::/8", "192.168.8.0"));
	assert_true(have("192.168.4.0/22, fd00::/8", "fdff::1"));
	assert_false(have("192.168.4.0/22 fd00::/8", "fe80::1"));
	assert_true(have("127.0.0.1", "127.0.0.1"));
	assert_false(have("127.0.0.1", "127.0.0.2"));
	assert_true(have("::1", "::1"));
	assert_true(have("0.0.0.0/0", "8.8.8.8"));
	assert_false(have("0.0.0.0/0", "::"));
	assert_false(have("", "127.0.0.1"));
}

static void what_is_no_network_is_refused(void **state)
{
	static const char *const bad[] = {"10.0.0.0/33", "::/129", "10.0.0/8", "x", "10.0.0.0/",
		"10.0.0.0/-1", "10.0.0.0/8/8", "[::1]"};
	char many[512] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_err(ERR_SYNTAX, networks_check(bad[i]) == OK ? OK : ERR_SYNTAX);
	}
	for (int i = 0; i <= NETWORKS_MAX; i++) {
		strcat(many, "10.0.0.0/8 ");
	}
	assert_err(ERR_RANGE, networks_check(many));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses_are_in_networks_or_not),
		TEST(what_is_no_network_is_refused),
	};

	return RUN_TESTS(tests);
}
