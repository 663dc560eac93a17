// SPDX-License-Identifier: Apache-2.0
/* The hash tree of a log, against the vectors that implementations of Certificate Transparency share.  req: R7-i-c */
#include "test.h"

#include "wire/merkle.h"

enum { LEAVES = 8, MANY = 70 };

static const char *const leaves[LEAVES] = {
	"",
	"00",
	"10",
	"2021",
	"3031",
	"40414243",
	"5051525354555657",
	"606162636465666768696a6b6c6d6e6f",
};

static const char *const roots[LEAVES + 1] = {
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

/* All nodes of a small log. */
struct nodes {
	struct merkle_hash at[8][MANY];
	uint64_t have[8];
};

static void on_grown(void *user, unsigned level, uint64_t index, const struct merkle_hash *hash)
{
	struct nodes *nodes = user;

	assert_int_equal(index, nodes->have[level]);
	nodes->at[level][index] = *hash;
	nodes->have[level]++;
}

static enum err get_node(void *user, unsigned level, uint64_t index, struct merkle_hash *ret)
{
	const struct nodes *nodes = user;

	if (level >= 8 || index >= nodes->have[level]) {
		return err_fail(ERR_NOT_FOUND, "no node %u/%u", level, (unsigned)index);
	}
	*ret = nodes->at[level][index];
	return OK;
}

static void leaf_of(size_t i, struct merkle_hash *ret)
{
	uint8_t bytes[16];
	size_t len = strlen(leaves[i]) / 2;

	bytes_from_hex(leaves[i], bytes, len);
	merkle_leaf(view_of(bytes, len), ret);
}

static void known_log(struct nodes *nodes)
{
	struct merkle_range range = {.size = 0};

	memset(nodes, 0, sizeof(*nodes));
	for (size_t i = 0; i < LEAVES; i++) {
		struct merkle_hash leaf;

		leaf_of(i, &leaf);
		assert_ok(merkle_append(&range, &leaf, on_grown, nodes));
	}
}

static void numbered_log(struct nodes *nodes, struct merkle_hash root_at[MANY + 1])
{
	struct merkle_range range = {.size = 0};

	memset(nodes, 0, sizeof(*nodes));
	merkle_range_root(&range, &root_at[0]);
	for (uint8_t i = 0; i < MANY; i++) {
		struct merkle_hash leaf;

		merkle_leaf(view_of(&i, 1), &leaf);
		assert_ok(merkle_append(&range, &leaf, on_grown, nodes));
		merkle_range_root(&range, &root_at[i + 1]);
	}
}

static void roots_are_as_published(void **state)
{
	struct merkle_range range = {.size = 0};
	struct merkle_hash root;

	(void)state;
	for (size_t i = 0; i <= LEAVES; i++) {
		merkle_range_root(&range, &root);
		assert_hex(root.bytes, MERKLE_HASH, roots[i]);
		if (i < LEAVES) {
			struct merkle_hash leaf;

			leaf_of(i, &leaf);
			assert_ok(merkle_append(&range, &leaf, NULL, NULL));
		}
	}
}

static void roots_of_earlier_sizes_come_from_nodes(void **state)
{
	struct nodes nodes;
	struct merkle_hash root_at[MANY + 1], root;

	(void)state;
	numbered_log(&nodes, root_at);
	for (size_t size = 0; size <= MANY; size++) {
		assert_ok(merkle_root_at(size, get_node, &nodes, &root));
		assert_true(merkle_equal(&root, &root_at[size]));
	}
	assert_err(ERR_NOT_FOUND, merkle_root_at(MANY + 1, get_node, &nodes, &root));
}

static void is_proof(const struct merkle_proof *proof, const char *const *hashes)
{
	size_t count = 0;

	for (; hashes[count]; count++) {
		assert_true(count < proof->count);
		assert_hex(proof->hash[count].bytes, MERKLE_HASH, hashes[count]);
	}
	assert_int_equal(proof->count, count);
}

static void inclusion_proofs_are_as_published(void **state)
{
	static const struct {
		uint64_t index, size;
		const char *hashes[4];
	} rows[] = {
		{0, 1, {NULL}},
		{0, 8,
			{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
				"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
				"6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e"
				"4"}},
		{5, 8,
			{"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
				"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
				"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b"
				"7"}},
		{2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
		{1, 5,
			{"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
				"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
				"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6"
				"b"}},
	};
	struct nodes nodes;
	struct merkle_proof proof;

	(void)state;
	known_log(&nodes);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_ok(merkle_prove_inclusion(rows[i].index, rows[i].size, get_node, &nodes,
			&proof));
		is_proof(&proof, rows[i].hashes);
	}
}

static void consistency_proofs_are_as_published(void **state)
{
	static const struct {
		uint64_t from, to;
		const char *hashes[4];
	} rows[] = {
		{1, 1, {NULL}},
		{0, 8, {NULL}},
		{1, 8,
			{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
				"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
				"6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e"
				"4"}},
		{6, 8,
			{"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
				"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
				"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b"
				"7"}},
		{2, 5,
			{"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
				"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6"
				"b"}},
	};
	struct nodes nodes;
	struct merkle_proof proof;

	(void)state;
	known_log(&nodes);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_ok(merkle_prove_consistency(rows[i].from, rows[i].to, get_node, &nodes,
			&proof));
		is_proof(&proof, rows[i].hashes);
	}
}

static void every_leaf_is_proved_in_every_log(void **state)
{
	struct nodes nodes;
	struct merkle_hash root_at[MANY + 1];
	struct merkle_proof proof;

	(void)state;
	numbered_log(&nodes, root_at);
	for (uint64_t size = 1; size <= MANY; size++) {
		for (uint64_t i = 0; i < size; i++) {
			assert_ok(merkle_prove_inclusion(i, size, get_node, &nodes, &proof));
			assert_ok(merkle_verify_inclusion(&nodes.at[0][i], i, size, &proof,
				&root_at[size]));
			assert_err(ERR_AUTH, merkle_verify_inclusion(&nodes.at[0][(i + 1) % MANY],
						     i, size, &proof, &root_at[size]));
		}
		assert_err(ERR_RANGE, merkle_prove_inclusion(size, size, get_node, &nodes, &proof));
	}
}

static void every_log_begins_with_every_earlier_one(void **state)
{
	struct nodes nodes;
	struct merkle_hash root_at[MANY + 1];
	struct merkle_proof proof;

	(void)state;
	numbered_log(&nodes, root_at);
	for (uint64_t to = 0; to <= MANY; to++) {
		for (uint64_t from = 0; from <= to; from++) {
			assert_ok(merkle_prove_consistency(from, to, get_node, &nodes, &proof));
			assert_ok(merkle_verify_consistency(from, to, &proof, &root_at[from],
				&root_at[to]));
		}
		assert_err(ERR_RANGE,
			merkle_prove_consistency(to + 1, to, get_node, &nodes, &proof));
	}
}

static void wrong_proofs_are_refused(void **state)
{
	struct nodes nodes;
	struct merkle_hash root_at[MANY + 1], other = {.bytes = {1}};
	struct merkle_proof proof, wrong;

	(void)state;
	numbered_log(&nodes, root_at);
	assert_ok(merkle_prove_consistency(13, 70, get_node, &nodes, &proof));
	for (size_t i = 0; i < proof.count; i++) {
		wrong = proof;
		wrong.hash[i].bytes[31] ^= 1;
		assert_err(ERR_AUTH,
			merkle_verify_consistency(13, 70, &wrong, &root_at[13], &root_at[70]));
	}
	wrong = proof;
	wrong.count--;
	assert_err(ERR_AUTH, merkle_verify_consistency(13, 70, &wrong, &root_at[13], &root_at[70]));
	wrong.count = proof.count + 1;
	assert_err(ERR_AUTH, merkle_verify_consistency(13, 70, &wrong, &root_at[13], &root_at[70]));
	wrong.count = 0;
	assert_err(ERR_AUTH, merkle_verify_consistency(13, 70, &wrong, &root_at[13], &root_at[70]));
	assert_err(ERR_AUTH, merkle_verify_consistency(13, 70, &proof, &other, &root_at[70]));
	assert_err(ERR_AUTH, merkle_verify_consistency(13, 70, &proof, &root_at[13], &other));
	assert_err(ERR_AUTH, merkle_verify_consistency(13, 13, &wrong, &root_at[13], &other));
	assert_err(ERR_AUTH, merkle_verify_consistency(0, 13, &wrong, &other, &root_at[13]));
	assert_err(ERR_RANGE, merkle_verify_consistency(14, 13, &proof, &root_at[14], &root_at[13]));
	assert_err(ERR_RANGE,
		merkle_verify_inclusion(&nodes.at[0][0], 13, 13, &proof, &root_at[13]));
	assert_err(ERR_RANGE, merkle_verify_inclusion(&nodes.at[0][0], 0, 0, &proof, &root_at[0]));
}

static void a_range_is_kept_as_bytes(void **state)
{
	struct buf out BUF_CLEANUP = buf_growing(MERKLE_RANGE_BYTES);
	struct merkle_range range = {.size = 0}, read;
	struct merkle_hash leaf, root, again;

	(void)state;
	for (uint8_t i = 0; i < MANY; i++) {
		merkle_leaf(view_of(&i, 1), &leaf);
		buf_clear(&out);
		merkle_range_write(&range, &out);
		assert_ok(merkle_range_read(buf_contents(&out), &read));
		assert_ok(merkle_append(&range, &leaf, NULL, NULL));
		assert_ok(merkle_append(&read, &leaf, NULL, NULL));
		merkle_range_root(&range, &root);
		merkle_range_root(&read, &again);
		assert_true(merkle_equal(&root, &again));
	}
	assert_err(ERR_SYNTAX, merkle_range_read(view_of(out.data, out.len - 1), &read));
	assert_err(ERR_SYNTAX, merkle_range_read(view_of(out.data, 7), &read));
	buf_u8(&out, 0);
	assert_err(ERR_SYNTAX, merkle_range_read(buf_contents(&out), &read));
	buf_clear(&out);
	buf_u64(&out, UINT64_C(1) << 63);
	assert_err(ERR_RANGE, merkle_range_read(buf_contents(&out), &read));
}

static void a_log_has_an_end(void **state)
{
	struct merkle_range range = {.size = (UINT64_C(1) << 63) - 1};
	struct merkle_hash leaf = {.bytes = {0}};

	(void)state;
	assert_err(ERR_RANGE, merkle_append(&range, &leaf, NULL, NULL));
	assert_int_equal(range.size, (UINT64_C(1) << 63) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(roots_are_as_published),
		TEST(roots_of_earlier_sizes_come_from_nodes),
		TEST(inclusion_proofs_are_as_published),
		TEST(consistency_proofs_are_as_published),
		TEST(every_leaf_is_proved_in_every_log),
		TEST(every_log_begins_with_every_earlier_one),
		TEST(wrong_proofs_are_refused),
		TEST(a_range_is_kept_as_bytes),
		TEST(a_log_has_an_end),
	};

	return RUN_TESTS(tests);
}
