// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/vector.h"

/* Test set 1 of TS 35.207. */
static const uint64_t set_sqn = UINT64_C(0xff9bb4d0b607);

#define SQN(seq, ind) ((uint64_t)(seq) << SQN_IND_BITS | (ind))
#define SEQ_MAX	      (SQN_MAX >> SQN_IND_BITS)

struct fixture {
	struct aka *aka;
	struct aka_key key;
	uint8_t rand[RAND_SIZE];
	struct sqn_window window;
};

static int set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){.key = {.algorithm = AKA_MILENAGE, .amf = {0xb9, 0xb9}}};
	assert_ok(aka_new(&f.aka));
	assert_ok(secret_from_hex(&f.key.k, view_text("465b5ce8b199b49faa5f0a2ee238a6bc")));
	assert_ok(secret_from_hex(&f.key.opc, view_text("cd63cb71954a9f4e48a5994e37a02baf")));
	bytes_from_hex("23553cbe9637a89d218ae64dae47bf35", f.rand, sizeof(f.rand));
	*state = &f;
	return 0;
}

/* The same, with a key of test set 2 of TS 35.233. */
static int set_up_tuak(void **state)
{
	struct fixture *f;

	(void)set_up(state);
	f = *state;
	f->key.algorithm = AKA_TUAK;
	f->key.iterations = 1;
	f->key.res_len = 16;
	assert_ok(secret_from_hex(&f->key.k,
		view_text("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0")));
	assert_ok(secret_from_hex(&f->key.opc,
		view_text("305425427e18c503c8a4b294ea72c95d0c36c6c6b29d0c65de5974d5977f8524")));
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	aka_free(f->aka);
	return 0;
}

/* The network makes a vector with this SQN, the device answers it. */
static enum err exchange(struct fixture *f, uint64_t sqn, struct aka_result *ret)
{
	struct vector v;

	assert_ok(vector_make(f->aka, &f->key, f->rand, sqn, &v));
	return aka_answer(f->aka, &f->key, v.rand, v.autn, &f->window, ret);
}

static void assert_accepted(struct fixture *f, uint64_t sqn)
{
	struct aka_result result = {.res = {.len = 0}};

	assert_ok(exchange(f, sqn, &result));
	assert_int_equal(f->window.seq[sqn % SQN_IND_COUNT], sqn >> SQN_IND_BITS);
}

/* Refused; the network learns from AUTS that the device stands at `sqn_ms`. */
static void assert_out_of_range(struct fixture *f, uint64_t sqn, uint64_t sqn_ms)
{
	struct aka_result result = {.res = {.len = 0}};
	struct sqn_window before = f->window;
	uint64_t told = 0;

	assert_err(ERR_SYNC, exchange(f, sqn, &result));
	assert_said("C.2");
	assert_memory_equal(&before, &f->window, sizeof(before));
	assert_int_equal(result.res.len + result.ck.len + result.ik.len, 0);
	assert_ok(vector_resync(f->aka, &f->key, f->rand, result.auts, &told));
	assert_true(told == sqn_ms);
}

static void a_vector_is_made_of_the_published_parts(void **state)
{
	struct fixture *f = *state;
	struct vector v;

	assert_ok(vector_make(f->aka, &f->key, f->rand, set_sqn, &v));
	assert_memory_equal(v.rand, f->rand, RAND_SIZE);
	/* SQN ff9bb4d0b607 xor AK aa689c648370, AMF b9b9, MAC-A 4a9ffac354dfafb3 */
	assert_hex(v.autn, AUTN_SIZE, "55f328b43577b9b94a9ffac354dfafb3");
	assert_int_equal(v.xres.len, 8);
	assert_hex(v.xres.bytes, 8, "a54211d5e3ba50bf");
	assert_int_equal(v.ck.len, 16);
	assert_hex(v.ck.bytes, 16, "b40ba9a3c58b2a05bbf0d987b21bf8cb");
	assert_int_equal(v.ik.len, 16);
	assert_hex(v.ik.bytes, 16, "f769bcd751044604127672711c6d3441");
	vector_wipe(&v);
	assert_int_equal(v.xres.len + v.ck.len + v.ik.len, 0);
}

/* req: B9.4.1-a B9.6.3 */
static void both_ends_come_to_the_same_keys(void **state)
{
	struct fixture *f = *state;
	struct aka_result result = {.res = {.len = 0}};
	struct vector v;

	assert_ok(vector_make(f->aka, &f->key, f->rand, SQN(1, 0), &v));
	assert_ok(aka_answer(f->aka, &f->key, v.rand, v.autn, &f->window, &result));
	assert_true(secret_equal(&v.xres, &result.res));
	assert_true(secret_equal(&v.ck, &result.ck));
	assert_true(secret_equal(&v.ik, &result.ik));
	aka_result_wipe(&result);
	assert_int_equal(result.res.len, 0);
}

static void every_changed_bit_of_autn_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct sqn_window before = f->window;
	struct vector v;

	assert_ok(vector_make(f->aka, &f->key, f->rand, SQN(1, 0), &v));
	for (size_t bit = 0; bit < 8 * AUTN_SIZE; bit++) {
		struct aka_result result = {.res = {.len = 0}};
		uint8_t autn[AUTN_SIZE];

		memcpy(autn, v.autn, sizeof(autn));
		autn[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_err(ERR_AUTH, aka_answer(f->aka, &f->key, v.rand, autn, &f->window, &result));
		assert_said("6.3.3");
		assert_int_equal(result.res.len, 0);
		assert_memory_equal(&before, &f->window, sizeof(before));
	}
}

static void another_key_or_challenge_does_not_verify(void **state)
{
	struct fixture *f = *state;
	struct aka_result result = {.res = {.len = 0}};
	struct aka_key other = f->key;
	struct vector v;

	assert_ok(vector_make(f->aka, &f->key, f->rand, SQN(1, 0), &v));
	v.rand[15] ^= 1;
	assert_err(ERR_AUTH, aka_answer(f->aka, &f->key, v.rand, v.autn, &f->window, &result));
	v.rand[15] ^= 1;
	other.k.bytes[0] ^= 1;
	assert_err(ERR_AUTH, aka_answer(f->aka, &other, v.rand, v.autn, &f->window, &result));
	other = f->key;
	other.opc.bytes[0] ^= 1;
	assert_err(ERR_AUTH, aka_answer(f->aka, &other, v.rand, v.autn, &f->window, &result));
}

/* The device checks MAC under the AMF that came, not under one it holds. */
static void amf_comes_from_autn(void **state)
{
	struct fixture *f = *state;
	struct aka_result result = {.res = {.len = 0}};
	struct aka_key device = f->key;
	struct vector v;

	memset(device.amf, 0, sizeof(device.amf));
	assert_ok(vector_make(f->aka, &f->key, f->rand, SQN(1, 0), &v));
	assert_ok(aka_answer(f->aka, &device, v.rand, v.autn, &f->window, &result));
}

/* Sequence numbers (TS 33.102 Annex C.2). */

static void a_replay_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_accepted(f, SQN(7, 3));
	assert_out_of_range(f, SQN(7, 3), SQN(7, 3));
	assert_out_of_range(f, SQN(6, 3), SQN(7, 3));
	assert_accepted(f, SQN(8, 3));
}

static void a_new_device_refuses_seq_0(void **state)
{
	struct fixture *f = *state;

	assert_out_of_range(f, SQN(0, 0), 0);
	assert_out_of_range(f, SQN(0, 31), 0);
	assert_accepted(f, SQN(1, 31));
}

/* Vectors fetched in one order and used in another: each IND has its own memory. */
static void vectors_may_be_used_out_of_order(void **state)
{
	struct fixture *f = *state;
	uint64_t made[SQN_IND_COUNT], sqn = SQN(100, 5);

	for (int i = 0; i < SQN_IND_COUNT; i++) {
		assert_ok(sqn_next(sqn, &sqn));
		made[i] = sqn;
	}
	for (int i = SQN_IND_COUNT - 1; i >= 0; i--) {
		assert_accepted(f, made[i]);
	}
	for (int i = 0; i < SQN_IND_COUNT; i++) {
		assert_out_of_range(f, made[i], made[SQN_IND_COUNT - 1]);
	}
	/* the 33rd shares its IND with the first: once used, the first is old */
	f->window = (struct sqn_window){{0}};
	assert_ok(sqn_next(made[SQN_IND_COUNT - 1], &sqn));
	assert_int_equal(sqn % SQN_IND_COUNT, made[0] % SQN_IND_COUNT);
	assert_accepted(f, sqn);
	assert_out_of_range(f, made[0], sqn);
	assert_accepted(f, made[1]);
}

static void a_jump_of_delta_is_the_farthest(void **state)
{
	struct fixture *f = *state;

	assert_out_of_range(f, SQN(SQN_DELTA + 1, 0), 0);
	assert_accepted(f, SQN(SQN_DELTA, 0));
	/* counted from the highest of all, not from the one with the same IND */
	assert_out_of_range(f, SQN(2 * SQN_DELTA + 1, 9), SQN(SQN_DELTA, 0));
	assert_accepted(f, SQN(2 * SQN_DELTA, 9));
	assert_accepted(f, SQN(1, 10));
}

/* Forced ahead to the end, a device never takes small numbers for new ones. */
static void numbers_do_not_wrap(void **state)
{
	struct fixture *f = *state;
	uint64_t sqn = 12345;

	f->window.seq[4] = SEQ_MAX - 1;
	assert_accepted(f, SQN(SEQ_MAX, 4));
	assert_out_of_range(f, SQN(1, 4), SQN(SEQ_MAX, 4));
	assert_out_of_range(f, SQN(0, 4), SQN(SEQ_MAX, 4));
	assert_out_of_range(f, SQN(SEQ_MAX, 4), SQN(SEQ_MAX, 4));
	assert_err(ERR_RANGE, sqn_next(SQN(SEQ_MAX, 4), &sqn));
	assert_said("new key");
	assert_err(ERR_RANGE, sqn_next(UINT64_MAX, &sqn));
	assert_int_equal(sqn, 12345);
	assert_ok(sqn_next(SQN(SEQ_MAX - 1, 31), &sqn));
	assert_true(sqn == SQN(SEQ_MAX, 0));
}

static void the_next_number_steps_seq_and_ind(void **state)
{
	uint64_t sqn = 0;

	(void)state;
	assert_ok(sqn_next(0, &sqn));
	assert_true(sqn == SQN(1, 1));
	assert_ok(sqn_next(SQN(1, 31), &sqn));
	assert_true(sqn == SQN(2, 0));
}

static void of_equal_seq_the_higher_ind_is_told(void **state)
{
	struct fixture *f = *state;

	assert_accepted(f, SQN(5, 9));
	assert_accepted(f, SQN(5, 2));
	assert_out_of_range(f, SQN(5, 2), SQN(5, 9));
}

/* Resynchronisation (6.3.5). */

static void a_forged_auts_is_refused(void **state)
{
	struct fixture *f = *state;
	struct aka_result result = {.res = {.len = 0}};
	uint64_t told = 4711;

	assert_accepted(f, SQN(9, 1));
	assert_err(ERR_SYNC, exchange(f, SQN(9, 1), &result));
	for (size_t bit = 0; bit < 8 * AUTS_SIZE; bit++) {
		uint8_t auts[AUTS_SIZE];

		memcpy(auts, result.auts, sizeof(auts));
		auts[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_err(ERR_AUTH, vector_resync(f->aka, &f->key, f->rand, auts, &told));
		assert_said("6.3.5");
	}
	f->rand[0] ^= 1;
	assert_err(ERR_AUTH, vector_resync(f->aka, &f->key, f->rand, result.auts, &told));
	assert_int_equal(told, 4711);
}

/* MAC-A and AK of AUTN are no AUTS: f1* and f5* differ from f1 and f5. */
static void autn_does_not_pass_as_auts(void **state)
{
	struct fixture *f = *state;
	uint8_t auts[AUTS_SIZE];
	uint64_t told = 0;
	struct vector v;

	memset(f->key.amf, 0, sizeof(f->key.amf));
	assert_ok(vector_make(f->aka, &f->key, f->rand, SQN(9, 1), &v));
	memcpy(auts, v.autn, 6);
	memcpy(auts + 6, v.autn + 8, 8);
	assert_err(ERR_AUTH, vector_resync(f->aka, &f->key, f->rand, auts, &told));
}

static void resynchronisation_ends_in_agreement(void **state)
{
	struct fixture *f = *state;
	struct aka_result result = {.res = {.len = 0}};
	uint64_t network = SQN(3, 0), told = 0;

	f->window.seq[17] = 500;
	assert_err(ERR_SYNC, exchange(f, SQN(1, 17), &result));
	assert_ok(vector_resync(f->aka, &f->key, f->rand, result.auts, &told));
	assert_true(told == SQN(500, 17));
	assert_ok(sqn_next(sqn_after_resync(network, told), &network));
	assert_accepted(f, network);
}

static void the_network_goes_back_only_when_it_must(void **state)
{
	(void)state;
	/* the device lags: what the network would send next is acceptable */
	assert_true(sqn_after_resync(SQN(10, 2), SQN(9, 1)) == SQN(10, 2));
	assert_true(sqn_after_resync(SQN(9, 2), SQN(9, 1)) == SQN(9, 2));
	assert_true(sqn_after_resync(SQN(SQN_DELTA - 1, 2), 0) == SQN(SQN_DELTA - 1, 2));
	/* the network lost numbers */
	assert_true(sqn_after_resync(SQN(8, 2), SQN(9, 1)) == SQN(9, 1));
	/* the network is too far ahead, or at the end */
	assert_true(sqn_after_resync(SQN(SQN_DELTA, 2), 0) == 0);
	assert_true(sqn_after_resync(SQN(SEQ_MAX, 2), SQN(SEQ_MAX - 5, 1)) == SQN(SEQ_MAX - 5, 1));
}

/* What a caller may get wrong. */

static void keys_and_numbers_of_the_wrong_size_are_refused(void **state)
{
	struct fixture *f = *state;
	struct aka_key key = f->key;
	struct vector v = {.rand = {1}};

	assert_err(ERR_RANGE, vector_make(f->aka, &key, f->rand, SQN_MAX + 1, &v));
	key.k.len = 15;
	assert_err(ERR_RANGE, vector_make(f->aka, &key, f->rand, 1, &v));
	key = f->key;
	key.opc.len = 0;
	assert_err(ERR_RANGE, vector_make(f->aka, &key, f->rand, 1, &v));
	assert_said("16 bytes");
	key = f->key;
	key.algorithm = (enum aka_algorithm_id)0;
	assert_err(ERR_UNSUPPORTED, vector_make(f->aka, &key, f->rand, 1, &v));
	key.algorithm = (enum aka_algorithm_id)77;
	assert_err(ERR_UNSUPPORTED, vector_make(f->aka, &key, f->rand, 1, &v));
	assert_int_equal(v.rand[0], 1);
	assert_int_equal(v.xres.len, 0);
}

/* Test set 1 of TS 35.233: MAC of 8 bytes, RES of 4. */
static void a_tuak_vector_is_made_of_the_published_parts(void **state)
{
	struct fixture *f = *state;
	struct vector v;

	f->key.res_len = 4;
	f->key.amf[0] = f->key.amf[1] = 0xff;
	assert_ok(secret_from_hex(&f->key.k, view_text("abababababababababababababababab")));
	assert_ok(secret_from_hex(&f->key.opc,
		view_text("bd04d9530e87513c5d837ac2ad954623a8e2330c115305a73eb45d1f40cccbff")));
	bytes_from_hex("42424242424242424242424242424242", f->rand, sizeof(f->rand));
	assert_ok(vector_make(f->aka, &f->key, f->rand, UINT64_C(0x111111111111), &v));
	/* SQN 111111111111 xor AK 719f1e9b9054, AMF ffff, MAC-A f9a54e6aeaa8618d */
	assert_hex(v.autn, AUTN_SIZE, "608e0f8a8145fffff9a54e6aeaa8618d");
	assert_int_equal(v.xres.len, 4);
	assert_hex(v.xres.bytes, 4, "657acd64");
	assert_int_equal(v.ck.len + v.ik.len, 32);
	assert_hex(v.ck.bytes, 16, "d71a1e5c6caffe986a26f783e5c78be1");
	assert_hex(v.ik.bytes, 16, "be849fa2564f869aecee6f62d4337e72");
	vector_wipe(&v);
}

static void tuak_keys_of_the_wrong_size_are_refused(void **state)
{
	struct fixture *f = *state;
	struct aka_key key = f->key;
	struct vector v = {.xres = {.len = 0}};

	key.k.len = 24;
	assert_err(ERR_RANGE, vector_make(f->aka, &key, f->rand, 1, &v));
	key = f->key;
	key.opc.len = 16;
	assert_err(ERR_RANGE, vector_make(f->aka, &key, f->rand, 1, &v));
	key = f->key;
	key.iterations = 0;
	assert_err(ERR_RANGE, vector_make(f->aka, &key, f->rand, 1, &v));
	key = f->key;
	key.res_len = 32;
	assert_err(ERR_RANGE, vector_make(f->aka, &key, f->rand, 1, &v));
	assert_said("6.3.7");
	assert_int_equal(v.xres.len, 0);
}

static void algorithms_have_names(void **state)
{
	enum aka_algorithm_id id = (enum aka_algorithm_id)0;

	(void)state;
	assert_ok(aka_algorithm_of("milenage", &id));
	assert_int_equal(id, AKA_MILENAGE);
	assert_string_equal(aka_algorithm_name(id), "milenage");
	assert_ok(aka_algorithm_of("tuak", &id));
	assert_int_equal(id, AKA_TUAK);
	assert_string_equal(aka_algorithm_name(id), "tuak");
	assert_string_equal(aka_algorithm_name((enum aka_algorithm_id)0), "unknown");
	assert_string_equal(aka_algorithm_name((enum aka_algorithm_id)99), "unknown");
	assert_err(ERR_UNSUPPORTED, aka_algorithm_of("xor", &id));
	aka_free(NULL);
}

#define WITH_KEY(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define WITH_TUAK(name) cmocka_unit_test_setup_teardown(name, set_up_tuak, tear_down)
#define WITH_EACH(name)                                                                            \
	WITH_KEY(name),                                                                            \
	{                                                                                          \
#name " with TUAK", name, set_up_tuak, tear_down, NULL                             \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KEY(a_vector_is_made_of_the_published_parts),
		WITH_EACH(both_ends_come_to_the_same_keys),
		WITH_EACH(every_changed_bit_of_autn_is_noticed),
		WITH_EACH(another_key_or_challenge_does_not_verify),
		WITH_EACH(amf_comes_from_autn),
		WITH_EACH(a_replay_is_refused),
		WITH_EACH(a_new_device_refuses_seq_0),
		WITH_EACH(vectors_may_be_used_out_of_order),
		WITH_EACH(a_jump_of_delta_is_the_farthest),
		WITH_EACH(numbers_do_not_wrap),
		TEST(the_next_number_steps_seq_and_ind),
		WITH_EACH(of_equal_seq_the_higher_ind_is_told),
		WITH_EACH(a_forged_auts_is_refused),
		WITH_EACH(autn_does_not_pass_as_auts),
		WITH_EACH(resynchronisation_ends_in_agreement),
		TEST(the_network_goes_back_only_when_it_must),
		WITH_KEY(keys_and_numbers_of_the_wrong_size_are_refused),
		WITH_TUAK(a_tuak_vector_is_made_of_the_published_parts),
		WITH_TUAK(tuak_keys_of_the_wrong_size_are_refused),
		TEST(algorithms_have_names),
	};
	return RUN_TESTS(tests);
}
