// SPDX-License-Identifier: Apache-2.0
/* Clause 10.4 with devices whose operator chose TUAK (TS 35.231), beside those with Milenage. */
#include "test.h"

#include "realm.h"

#define K_SHORT "abababababababababababababababab"
#define K_LONG	"fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0"
#define TOPC	"bd04d9530e87513c5d837ac2ad954623a8e2330c115305a73eb45d1f40cccbff"
#define CLIENT	"001010000000042@" FLOW_REALM

static int open_realm(void **state)
{
	static struct flow flow;

	flow_open(&flow);
	flow_add_application(&flow, FLOW_APP, FLOW_ASP, FLOW_ELEMENT);
	*state = &flow;
	return 0;
}

static int close_realm(void **state)
{
	flow_close(*state);
	return 0;
}

static void tuak_key(const char *k, uint8_t iterations, uint8_t res_len, struct aka_key *ret)
{
	*ret = (struct aka_key){.algorithm = AKA_TUAK,
		.amf = {0x80, 0x00},
		.iterations = iterations,
		.res_len = res_len};
	assert_ok(secret_from_hex(&ret->k, view_text(k)));
	assert_ok(secret_from_hex(&ret->opc, view_text(TOPC)));
}

static void assert_same_key(struct flow *f, struct se_soft *se, const struct symdev_token *token)
{
	struct flow_pull pull;
	struct ident application;
	SECRET(key);

	flow_pull(f, f->element, token->id, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_SUCCESS);
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FLOW_APP), &application));
	assert_ok(symdev_token_key(&se_soft_ops, se, token, &application, UA_TLS13_PSK, &key));
	assert_true(secret_equal(&key, &pull.key));
}

/* req: B9.4.1-a B10.4 B9.6.3 */
static void both_ends_make_the_same_token_with_each_length(void **state)
{
	static const struct {
		const char *client, *k;
		uint8_t iterations, res_len;
	} cases[] = {
		{"001010000000050@" FLOW_REALM, K_SHORT, 1, 8},
		{"001010000000051@" FLOW_REALM, K_LONG, 1, 16},
		{"001010000000052@" FLOW_REALM, K_LONG, 2, 4},
		{"001010000000053@" FLOW_REALM, K_SHORT, 255, 8},
	};
	struct flow *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct aka_key key;
		struct se_soft *se;
		struct symdev_token token;

		tuak_key(cases[i].k, cases[i].iterations, cases[i].res_len, &key);
		flow_add_device_of(f, cases[i].client, &key, 0);
		flow_grant(f, cases[i].client, FLOW_APP, INT64_MAX);
		flow_new_se_of(f, cases[i].client, &key, &se);
		assert_ok(flow_bootstrap(f, se, cases[i].client, &token));
		assert_same_key(f, se, &token);
		se_soft_close(se);
	}
}

/* TS 33.102 6.3.5, with f1* and f5* of TUAK. */
static void a_device_that_is_ahead_resynchronises(void **state)
{
	struct flow *f = *state;
	struct aka *aka;
	struct aka_key key;
	struct se_soft *se;
	struct symdev_token token;
	struct vector ahead;
	struct aka_result result;
	const uint8_t rand[RAND_SIZE] = {9};
	const uint64_t far = UINT64_C(1000000) << SQN_IND_BITS | 1; /* the IND that 65 has */

	tuak_key(K_LONG, 1, 8, &key);
	flow_add_device_of(f, CLIENT, &key, 64);
	flow_new_se_of(f, "ahead", &key, &se);
	assert_ok(aka_new(&aka));
	assert_ok(vector_make(aka, &key, rand, far, &ahead));
	assert_ok(se_soft_ops.aka(se, &(const struct ident){.len = 0}, ahead.rand, ahead.autn,
		&result));
	assert_ok(flow_bootstrap(f, se, CLIENT, &token));
	assert_true(flow_sqn(f, CLIENT) > far);
	aka_free(aka);
	se_soft_close(se);
}

/* The same bytes under the other algorithm are another key. */
static void a_device_of_the_other_algorithm_does_not_believe_the_node(void **state)
{
	struct flow *f = *state;
	struct aka_key tuak, other;
	struct se_soft *se;
	struct symdev_token token;

	tuak_key(K_SHORT, 1, 8, &tuak);
	tuak_key(K_SHORT, 2, 8, &other);
	flow_add_device_of(f, "001010000000060@" FLOW_REALM, &tuak, 0);
	flow_new_se_of(f, "iterations", &other, &se);
	assert_err(ERR_AUTH, flow_bootstrap(f, se, "001010000000060@" FLOW_REALM, &token));
	se_soft_close(se);
	flow_new_se(f, "milenage", &se);
	assert_err(ERR_AUTH, flow_bootstrap(f, se, "001010000000060@" FLOW_REALM, &token));
	se_soft_close(se);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_ends_make_the_same_token_with_each_length),
		TEST(a_device_that_is_ahead_resynchronises),
		TEST(a_device_of_the_other_algorithm_does_not_believe_the_node),
	};
	return cmocka_run_group_tests(tests, open_realm, close_realm);
}
