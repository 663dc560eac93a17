// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/secret.h"
#include "core/tuak.h"

/* Test sets 1 to 6 of TS 35.233, in its order. */
static const struct set {
	const char *k, *rand, *sqn, *amf, *top, *topc;
	unsigned iterations;
	const char *f1, *f1_star, *f2, *f3, *f4, *f5, *f5_star;
} sets[] = {
	{
		.k = "abababababababababababababababab",
		.rand = "42424242424242424242424242424242",
		.sqn = "111111111111",
		.amf = "ffff",
		.top = "5555555555555555555555555555555555555555555555555555555555555555",
		.topc = "bd04d9530e87513c5d837ac2ad954623a8e2330c115305a73eb45d1f40cccbff",
		.iterations = 1,
		.f1 = "f9a54e6aeaa8618d",
		.f1_star = "e94b4dc6c7297df3",
		.f2 = "657acd64",
		.f3 = "d71a1e5c6caffe986a26f783e5c78be1",
		.f4 = "be849fa2564f869aecee6f62d4337e72",
		.f5 = "719f1e9b9054",
		.f5_star = "e7af6b3d0e38",
	},
	{
		.k = "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0",
		.rand = "0123456789abcdef0123456789abcdef",
		.sqn = "0123456789ab",
		.amf = "abcd",
		.top = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
		.topc = "305425427e18c503c8a4b294ea72c95d0c36c6c6b29d0c65de5974d5977f8524",
		.iterations = 1,
		.f1 = "c0b8c2d4148ec7aa5f1d78a97e4d1d58",
		.f1_star = "ef81af7290f7842c6ceafa537fa0745b",
		.f2 = "e9d749dc4eea0035",
		.f3 = "a4cb6f6529ab17f8337f27baa8234d47",
		.f4 = "2274155ccf4199d5e2abcbf621907f90",
		.f5 = "480a9345cc1e",
		.f5_star = "f84eb338848c",
	},
	{
		.k = "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0",
		.rand = "0123456789abcdef0123456789abcdef",
		.sqn = "0123456789ab",
		.amf = "abcd",
		.top = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
		.topc = "305425427e18c503c8a4b294ea72c95d0c36c6c6b29d0c65de5974d5977f8524",
		.iterations = 1,
		.f1 = "d97b75a1776065271b1e212bc3b1bf173f438b21e6c64a55a96c372e085e5cc5",
		.f1_star = "427bbf07c6e3a86c54f8c5216499f3909a6fd4a164c9fe235b1550258111b821",
		.f2 = "07021c73e7635c7d",
		.f3 = "4d59ac796834eb85d11fa148a5058c3c",
		.f4 = "126d47500136fdc5ddfd14f19ebf16749ce4b6435323fbb5715a3a796a6082bd",
		.f5 = "1d6622c4e59a",
		.f5_star = "f84eb338848c",
	},
	{
		.k = "b8da837a50652d6ac7c97da14f6acc61",
		.rand = "6887e55425a966bd86c9661a5fa72be8",
		.sqn = "0dea2ee2c5af",
		.amf = "df1e",
		.top = "0952be13556c32ebc58195d9dd930493e12a9003669988ffde5fa1f0fe35cc01",
		.topc = "2bc16eb657a68e1f446f08f57c0efb1d493527a2e652ce281eb6ca0e4487760a",
		.iterations = 1,
		.f1 = "749214087958dd8f58bfcdf869d8ae3f",
		.f1_star = "619e865afe80e382aee13063f9dfb56d",
		.f2 = "4041ce438e3e38e8aa96562eed83ac43",
		.f3 = "3e3bc01bea0cd914c4c2c83ce2d92757",
		.f4 = "666a8e6f577b1aa77b7fd53cebb8a3d6",
		.f5 = "1f880d005119",
		.f5_star = "45e617d77fe5",
	},
	{
		.k = "1574ca56881d05c189c82880f789c9cd4244955f4426aa2b69c29f15770e5aa5",
		.rand = "c570aac68cde651fb1e3088322498bef",
		.sqn = "c89bb71f3a41",
		.amf = "297d",
		.top = "e59f6eb10ea406813f4991b0b9e02f181edf4c7e17b480f66d34da35ee88c95e",
		.topc = "3c6052e41532a28a47aa3cbb89f223e8f3aaa976aecd48bc3e7d6165a55eff62",
		.iterations = 1,
		.f1 = "d7340dad02b4cb01",
		.f1_star = "c6021e2e66accb15",
		.f2 = "84d89b41db1867ffd4c7ba1d82163f4d526a20fbae5418fbb526940b1eeb905c",
		.f3 = "d419676afe5ab58c1d8bee0d43523a4d2f52ef0b31a4676a0c334427a988fe65",
		.f4 = "205533e505661b61d05cc0eac87818f4",
		.f5 = "d7b3d2d4980a",
		.f5_star = "ca9655264986",
	},
	{
		.k = "1574ca56881d05c189c82880f789c9cd4244955f4426aa2b69c29f15770e5aa5",
		.rand = "c570aac68cde651fb1e3088322498bef",
		.sqn = "c89bb71f3a41",
		.amf = "297d",
		.top = "e59f6eb10ea406813f4991b0b9e02f181edf4c7e17b480f66d34da35ee88c95e",
		.topc = "b04a66f26c62fcd6c82de22a179ab65506ecf47f56245cd149966cfa9cec7a51",
		.iterations = 2,
		.f1 = "90d2289ed1ca1c3dbc2247bb480d431ac71d2e4a7677f6e997cfddb0cbad88b7",
		.f1_star = "427355dbac30e825063aba61b556e87583abac638e3ab01c4c884ad9d458dc2f",
		.f2 = "d67e6e64590d22eecba7324afa4af4460c93f01b24506d6e12047d789a94c867",
		.f3 = "ede57edfc57cdffe1aae75066a1b7479bbc3837438e88d37a801cccc9f972b89",
		.f4 = "48ed9299126e5057402fe01f9201cf25249f9c5c0ed2afcf084755daff1d3999",
		.f5 = "6aae8d18c448",
		.f5_star = "8c5f33b61f4e",
	},
};

enum { SETS = sizeof(sets) / sizeof(sets[0]) };

/* One of a published set, as bytes. */
struct input {
	uint8_t k[32], rand[16], sqn[6], amf[2];
	struct tuak_key key;
};

static void read_set(const struct set *set, struct input *ret)
{
	size_t k_len = strlen(set->k) / 2;

	bytes_from_hex(set->k, ret->k, k_len);
	bytes_from_hex(set->rand, ret->rand, 16);
	bytes_from_hex(set->sqn, ret->sqn, 6);
	bytes_from_hex(set->amf, ret->amf, 2);
	bytes_from_hex(set->topc, ret->key.topc, TUAK_TOP);
	ret->key.k = view_of(ret->k, k_len);
	ret->key.iterations = set->iterations;
}

static void check_mac(struct tuak *t, const struct input *in, bool star, const char *hex)
{
	uint8_t mac[32];
	size_t len = strlen(hex) / 2;

	assert_ok(tuak_mac(t, &in->key, star, in->rand, in->sqn, in->amf, len, mac));
	assert_hex(mac, len, hex);
}

static void check_set(struct tuak *t, const struct set *set)
{
	const struct tuak_lengths lengths = {strlen(set->f2) / 2, strlen(set->f3) / 2,
		strlen(set->f4) / 2};
	struct tuak_out out;
	struct input in;
	uint8_t ak[6];

	read_set(set, &in);
	check_mac(t, &in, false, set->f1);
	check_mac(t, &in, true, set->f1_star);
	assert_ok(tuak_keys(t, &in.key, in.rand, &lengths, &out));
	assert_hex(out.res, lengths.res, set->f2);
	assert_hex(out.ck, lengths.ck, set->f3);
	assert_hex(out.ik, lengths.ik, set->f4);
	assert_hex(out.ak, sizeof(out.ak), set->f5);
	assert_ok(tuak_ak_star(t, &in.key, in.rand, ak));
	assert_hex(ak, sizeof(ak), set->f5_star);
}

static int open_tuak(void **state)
{
	struct tuak *t = NULL;

	assert_ok(tuak_new(&t));
	*state = t;
	return 0;
}

static int close_tuak(void **state)
{
	tuak_free(*state);
	return 0;
}

static void topc_is_made_from_top(void **state)
{
	for (int i = 0; i < SETS; i++) {
		struct input in;
		uint8_t top[TUAK_TOP], topc[TUAK_TOP];

		read_set(&sets[i], &in);
		bytes_from_hex(sets[i].top, top, sizeof(top));
		assert_ok(tuak_topc(*state, &in.key, top, topc));
		assert_hex(topc, sizeof(topc), sets[i].topc);
	}
}

/* req: B9.4.1-a */
static void the_published_sets_pass(void **state)
{
	for (int i = 0; i < SETS; i++) {
		check_set(*state, &sets[i]);
	}
}

/* One context serves all subscribers, so nothing of one may reach the next, whatever the order. */
static void a_context_remembers_nothing_of_the_last_run(void **state)
{
	for (int i = 0; i < SETS * SETS; i++) {
		check_set(*state, &sets[i % SETS]);
		check_set(*state, &sets[i / SETS]);
	}
}

static void lengths_that_the_text_does_not_have_are_refused(void **state)
{
	static const struct tuak_lengths wrong[] = {{0, 16, 16}, {5, 16, 16}, {64, 16, 16},
		{8, 0, 16}, {8, 16, 24}};
	struct tuak_out out;
	struct input in;
	uint8_t mac[64];

	read_set(&sets[0], &in);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_err(ERR_RANGE, tuak_keys(*state, &in.key, in.rand, &wrong[i], &out));
	}
	for (size_t len = 0; len <= sizeof(mac); len++) {
		bool fits = len == 8 || len == 16 || len == 32;
		enum err want = fits ? OK : ERR_RANGE;

		assert_err(want,
			tuak_mac(*state, &in.key, false, in.rand, in.sqn, in.amf, len, mac));
	}
}

static void keys_and_iterations_out_of_range_are_refused(void **state)
{
	struct input in;
	uint8_t topc[TUAK_TOP], top[TUAK_TOP] = {1};

	read_set(&sets[1], &in);
	in.key.iterations = 0;
	assert_err(ERR_RANGE, tuak_topc(*state, &in.key, top, topc));
	in.key.iterations = TUAK_ITERATIONS_MAX + 1;
	assert_err(ERR_RANGE, tuak_topc(*state, &in.key, top, topc));
	in.key.iterations = TUAK_ITERATIONS_MAX;
	assert_ok(tuak_topc(*state, &in.key, top, topc));
	in.key.iterations = 1;
	for (size_t len = 0; len <= sizeof(in.k); len++) {
		in.key.k.len = len;
		assert_err(len == 16 || len == 32 ? OK : ERR_RANGE,
			tuak_topc(*state, &in.key, top, topc));
	}
}

static void freeing_nothing_is_fine(void **state)
{
	(void)state;
	tuak_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(topc_is_made_from_top),
		TEST(the_published_sets_pass),
		TEST(a_context_remembers_nothing_of_the_last_run),
		TEST(lengths_that_the_text_does_not_have_are_refused),
		TEST(keys_and_iterations_out_of_range_are_refused),
		TEST(freeing_nothing_is_fine),
	};
	return cmocka_run_group_tests(tests, open_tuak, close_tuak);
}
