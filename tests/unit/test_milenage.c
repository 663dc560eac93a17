// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/milenage.h"

/* Test sets 1 to 6 of TS 35.207, in its order. */
static const struct set {
	const char *k, *rand, *sqn, *amf, *op, *opc;
	const char *mac_a, *mac_s, *res, *ck, *ik, *ak, *ak_s;
} sets[] = {
	{
		.k = "465b5ce8b199b49faa5f0a2ee238a6bc",
		.rand = "23553cbe9637a89d218ae64dae47bf35",
		.sqn = "ff9bb4d0b607",
		.amf = "b9b9",
		.op = "cdc202d5123e20f62b6d676ac72cb318",
		.opc = "cd63cb71954a9f4e48a5994e37a02baf",
		.mac_a = "4a9ffac354dfafb3",
		.mac_s = "01cfaf9ec4e871e9",
		.res = "a54211d5e3ba50bf",
		.ck = "b40ba9a3c58b2a05bbf0d987b21bf8cb",
		.ik = "f769bcd751044604127672711c6d3441",
		.ak = "aa689c648370",
		.ak_s = "451e8beca43b",
	},
	{
		.k = "0396eb317b6d1c36f19c1c84cd6ffd16",
		.rand = "c00d603103dcee52c4478119494202e8",
		.sqn = "fd8eef40df7d",
		.amf = "af17",
		.op = "ff53bade17df5d4e793073ce9d7579fa",
		.opc = "53c15671c60a4b731c55b4a441c0bde2",
		.mac_a = "5df5b31807e258b0",
		.mac_s = "a8c016e51ef4a343",
		.res = "d3a628ed988620f0",
		.ck = "58c433ff7a7082acd424220f2b67c556",
		.ik = "21a8c1f929702adb3e738488b9f5c5da",
		.ak = "c47783995f72",
		.ak_s = "30f1197061c1",
	},
	{
		.k = "fec86ba6eb707ed08905757b1bb44b8f",
		.rand = "9f7c8d021accf4db213ccff0c7f71a6a",
		.sqn = "9d0277595ffc",
		.amf = "725c",
		.op = "dbc59adcb6f9a0ef735477b7fadf8374",
		.opc = "1006020f0a478bf6b699f15c062e42b3",
		.mac_a = "9cabc3e99baf7281",
		.mac_s = "95814ba2b3044324",
		.res = "8011c48c0c214ed2",
		.ck = "5dbdbb2954e8f3cde665b046179a5098",
		.ik = "59a92d3b476a0443487055cf88b2307b",
		.ak = "33484dc2136b",
		.ak_s = "deacdd848cc6",
	},
	{
		.k = "9e5944aea94b81165c82fbf9f32db751",
		.rand = "ce83dbc54ac0274a157c17f80d017bd6",
		.sqn = "0b604a81eca8",
		.amf = "9e09",
		.op = "223014c5806694c007ca1eeef57f004f",
		.opc = "a64a507ae1a2a98bb88eb4210135dc87",
		.mac_a = "74a58220cba84c49",
		.mac_s = "ac2cc74a96871837",
		.res = "f365cd683cd92e96",
		.ck = "e203edb3971574f5a94b0d61b816345d",
		.ik = "0c4524adeac041c4dd830d20854fc46b",
		.ak = "f0b9c08ad02e",
		.ak_s = "6085a86c6f63",
	},
	{
		.k = "4ab1deb05ca6ceb051fc98e77d026a84",
		.rand = "74b0cd6031a1c8339b2b6ce2b8c4a186",
		.sqn = "e880a1b580b6",
		.amf = "9f07",
		.op = "2d16c5cd1fdf6b22383584e3bef2a8d8",
		.opc = "dcf07cbd51855290b92a07a9891e523e",
		.mac_a = "49e785dd12626ef2",
		.mac_s = "9e85790336bb3fa2",
		.res = "5860fc1bce351e7e",
		.ck = "7657766b373d1c2138f307e3de9242f9",
		.ik = "1c42e960d89b8fa99f2744e0708ccb53",
		.ak = "31e11a609118",
		.ak_s = "fe2555e54aa9",
	},
	{
		.k = "6c38a116ac280c454f59332ee35c8c4f",
		.rand = "ee6466bc96202c5a557abbeff8babf63",
		.sqn = "414b98222181",
		.amf = "4464",
		.op = "1ba00a1a7c6700ac8c3ff3e96ad08725",
		.opc = "3803ef5363b947c6aaa225e58fae3934",
		.mac_a = "078adfb488241a57",
		.mac_s = "80246b8d0186bcf1",
		.res = "16c8233f05a0ac28",
		.ck = "3f8c7587fe8e4b233af676aede30ba3b",
		.ik = "a7466cc1e6b2a1337d49d3b66e95d7b4",
		.ak = "45b0f69ab06c",
		.ak_s = "1f53cd2b1113",
	},
};

enum { SETS = sizeof(sets) / sizeof(sets[0]) };

static void opc_is_made_from_op(void **state)
{
	struct milenage *m = NULL;

	(void)state;
	assert_ok(milenage_new(&m));
	for (int i = 0; i < SETS; i++) {
		uint8_t k[16], op[16], opc[16];

		bytes_from_hex(sets[i].k, k, sizeof(k));
		bytes_from_hex(sets[i].op, op, sizeof(op));
		assert_ok(milenage_opc(m, k, op, opc));
		assert_hex(opc, sizeof(opc), sets[i].opc);
	}
	milenage_free(m);
}

static void run_set(struct milenage *m, const struct set *set)
{
	struct milenage_out out;
	uint8_t k[16], opc[16], rand[16], sqn[6], amf[2];

	bytes_from_hex(set->k, k, sizeof(k));
	bytes_from_hex(set->opc, opc, sizeof(opc));
	bytes_from_hex(set->rand, rand, sizeof(rand));
	bytes_from_hex(set->sqn, sqn, sizeof(sqn));
	bytes_from_hex(set->amf, amf, sizeof(amf));
	assert_ok(milenage_run(m, k, opc, rand, sqn, amf, &out));
	assert_hex(out.mac_a, sizeof(out.mac_a), set->mac_a);
	assert_hex(out.mac_s, sizeof(out.mac_s), set->mac_s);
	assert_hex(out.res, sizeof(out.res), set->res);
	assert_hex(out.ck, sizeof(out.ck), set->ck);
	assert_hex(out.ik, sizeof(out.ik), set->ik);
	assert_hex(out.ak, sizeof(out.ak), set->ak);
	assert_hex(out.ak_s, sizeof(out.ak_s), set->ak_s);
}

/* req: B9.4.1-a */
static void the_published_sets_pass(void **state)
{
	struct milenage *m = NULL;

	(void)state;
	assert_ok(milenage_new(&m));
	for (int i = 0; i < SETS; i++) {
		run_set(m, &sets[i]);
	}
	milenage_free(m);
}

/* One context serves all subscribers, so nothing of one may reach the next, whatever the order. */
static void a_context_remembers_nothing_of_the_last_run(void **state)
{
	struct milenage *m = NULL;

	(void)state;
	assert_ok(milenage_new(&m));
	for (int i = 0; i < SETS * SETS; i++) {
		uint8_t k[16], op[16], opc[16];

		run_set(m, &sets[i % SETS]);
		bytes_from_hex(sets[i / SETS].k, k, sizeof(k));
		bytes_from_hex(sets[i / SETS].op, op, sizeof(op));
		assert_ok(milenage_opc(m, k, op, opc));
		assert_hex(opc, sizeof(opc), sets[i / SETS].opc);
		run_set(m, &sets[i / SETS]);
		run_set(m, &sets[i / SETS]);
	}
	milenage_free(m);
}

static void freeing_nothing_is_fine(void **state)
{
	(void)state;
	milenage_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opc_is_made_from_op),
		TEST(the_published_sets_pass),
		TEST(a_context_remembers_nothing_of_the_last_run),
		TEST(freeing_nothing_is_fine),
	};
	return RUN_TESTS(tests);
}
