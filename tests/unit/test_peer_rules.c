// SPDX-License-Identifier: Apache-2.0
/* Which registries may be what to each other.  req: R3.2 R6.1-a R6.1-d */
#include "test.h"

#include "registry/peers/rules.h"

static struct peer_party party(const char *id, enum registry_type type)
{
	struct peer_party party = {.type = type};

	assert_ok(reg_id_parse(view_text(id), &party.id));
	return party;
}

static void the_three_levels(void **state)
{
	const struct peer_party geo = party("IN", REGISTRY_GEOGRAPHICAL);
	const struct peer_party sec = party("IN.TEL", REGISTRY_SECTORAL);
	const struct peer_party prim = party("IN.TEL.P01", REGISTRY_PRIMARY);

	(void)state;
	assert_ok(peer_rules_check(&geo, &sec, PEER_CHILD, 0));
	assert_ok(peer_rules_check(&sec, &geo, PEER_PARENT, 0));
	assert_ok(peer_rules_check(&sec, &prim, PEER_CHILD, 1));
	assert_ok(peer_rules_check(&prim, &sec, PEER_PARENT, 0));
	assert_ok(peer_rules_check(&prim, &sec, PEER_PARENT, 1)); /* in another hierarchy too */
	assert_err(ERR_DENIED, peer_rules_check(&sec, &geo, PEER_PARENT, 1));
	assert_said("single parent");
	assert_err(ERR_DENIED, peer_rules_check(&geo, &prim, PEER_CHILD, 0));
	assert_err(ERR_DENIED, peer_rules_check(&prim, &geo, PEER_PARENT, 0));
	assert_err(ERR_DENIED, peer_rules_check(&geo, &sec, PEER_PARENT, 0));
	assert_err(ERR_DENIED, peer_rules_check(&sec, &geo, PEER_CHILD, 0));
	assert_err(ERR_DENIED, peer_rules_check(&prim, &sec, PEER_CHILD, 0));
	assert_said("lowest level");
}

static void names_and_peers(void **state)
{
	const struct peer_party geo = party("IN", REGISTRY_GEOGRAPHICAL);
	const struct peer_party other = party("US", REGISTRY_GEOGRAPHICAL);
	const struct peer_party sec = party("IN.TEL", REGISTRY_SECTORAL);
	const struct peer_party above = party("IN", REGISTRY_PRIMARY);

	(void)state;
	assert_ok(peer_rules_check(&geo, &other, PEER_EQUAL, 0));
	assert_ok(peer_rules_check(&sec, &other, PEER_EQUAL, 1));
	assert_ok(peer_rules_check(&other, &sec, PEER_CHILD, 0)); /* named in another hierarchy */
	assert_err(ERR_DENIED, peer_rules_check(&geo, &geo, PEER_EQUAL, 0));
	assert_err(ERR_DENIED, peer_rules_check(&geo, &sec, PEER_EQUAL, 0));
	assert_err(ERR_DENIED, peer_rules_check(&sec, &above, PEER_CHILD, 0));
	assert_true(peer_rules_is_below(&sec.id, &geo.id));
	assert_false(peer_rules_is_below(&sec.id, &other.id));
	assert_false(peer_rules_is_below(&geo.id, &geo.id));
}

/* req: R9.1-i */
static void labels_have_the_width_that_was_set(void **state)
{
	struct reg_id in, tel, telco, other;

	(void)state;
	assert_ok(reg_id_parse(view_text("IN"), &in));
	assert_ok(reg_id_parse(view_text("IN.TEL"), &tel));
	assert_ok(reg_id_parse(view_text("IN.TELCO"), &telco));
	assert_ok(reg_id_parse(view_text("XK.TELCO"), &other));
	assert_ok(peer_rules_check_width(&tel, &in, 3));
	assert_err(ERR_RANGE, peer_rules_check_width(&telco, &in, 3));
	assert_ok(peer_rules_check_width(&telco, &in, 0));
	assert_ok(peer_rules_check_width(&other, &in, 3));
}

static void who_may_see_what(void **state)
{
	(void)state;
	for (int relation = PEER_CHILD; relation <= PEER_EQUAL; relation++) {
		assert_true(peer_rules_may_see(relation, EVENT_STATUS_CHANGED));
		assert_true(peer_rules_may_see(relation, EVENT_ERASED));
		assert_false(peer_rules_may_see(relation, EVENT_OWNER_SET));
		assert_false(peer_rules_may_see(relation, EVENT_ENQUIRER_ENROLLED));
		assert_false(peer_rules_may_see(relation, EVENT_VIRTUAL_ISSUED));
		assert_false(peer_rules_may_see(relation, EVENT_QUERIES));
		assert_int_equal(peer_rules_may_see(relation, EVENT_DEVICE_REPORTED),
			relation == PEER_PARENT);
	}
}

static void relations_have_names(void **state)
{
	enum peer_relation relation;

	(void)state;
	assert_ok(peer_relation_of(view_text("peer"), &relation));
	assert_int_equal(relation, PEER_EQUAL);
	assert_err(ERR_SYNTAX, peer_relation_of(view_text("sibling"), &relation));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_three_levels),
		TEST(names_and_peers),
		TEST(labels_have_the_width_that_was_set),
		TEST(who_may_see_what),
		TEST(relations_have_names),
	};

	return RUN_TESTS(tests);
}
