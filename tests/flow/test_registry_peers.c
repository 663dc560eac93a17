// SPDX-License-Identifier: Apache-2.0
/* Registries of three levels: joining, following, the lists that each of them has.  req: R3.2 R6.1-a R7-iv-d R7-iv-f */
#include "test.h"

#include "hierarchy.h"

#define DEVICE "IN.TEL.P01:mac:0024befffe804ff1"
#define REGISTER                                                                                   \
	"{\"subject\":\"" DEVICE                                                                   \
	"\",\"facts\":{\"make\":\"Acme\",\"model\":\"M1\",\"firmware\":\"1.0\"}}"
#define CHANGED                                                                                    \
	"{\"subject\":\"" DEVICE                                                                   \
	"\",\"trust\":\"unreliable\",\"was\":\"unverified\",\"rule\":\"r\","                       \
	"\"reason\":\"x\",\"make\":\"Acme\",\"model\":\"M1\"}"

static struct hierarchy h;
static struct registry_flow *geo, *sec, *prim;

static int open_three(void **state)
{
	(void)state;
	hierarchy_open(&h);
	geo = hierarchy_add(&h, "IN", "");
	sec = hierarchy_add(&h, "IN.TEL", "");
	prim = hierarchy_add(&h, "IN.TEL.P01", "");
	return 0;
}

static int close_three(void **state)
{
	(void)state;
	hierarchy_close(&h);
	return 0;
}

static bool lists(struct registry_flow *r, const char *trust, const char *words)
{
	char target[64];

	(void)snprintf(target, sizeof(target), "/v1/lists/%s", trust);
	assert_registry(r, 200, "GET", target, NULL);
	return strstr(registry_said(r), words);
}

static void join_all(void)
{
	hierarchy_join(&h, sec, geo, "parent");
	hierarchy_join(&h, prim, sec, "parent");
}

static void a_change_is_seen_at_every_level(void **state)
{
	(void)state;
	join_all();
	(void)registry_log(prim, EVENT_DEVICE_REGISTERED, DEVICE, REGISTER);
	(void)registry_log(prim, EVENT_STATUS_CHANGED, DEVICE, CHANGED);
	hierarchy_until(&h, hierarchy_in_step(sec, prim) && hierarchy_in_step(geo, sec));
	assert_true(lists(geo, "unreliable", "\"registry\":\"IN.TEL.P01\""));
	assert_true(lists(geo, "unreliable", "\"make\":\"Acme\""));
	assert_true(lists(geo, "unreliable", "\"through\":\"IN.TEL\""));
	assert_true(lists(sec, "unreliable", DEVICE));
	assert_false(lists(geo, "trusted", DEVICE));
	assert_registry(geo, 200, "GET", "/v1/devices/" DEVICE "/history", NULL);
	assert_registry_said(geo, "status_changed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_change_is_seen_at_every_level, open_three,
			close_three),
	};

	return RUN_TESTS(tests);
}
