// SPDX-License-Identifier: Apache-2.0
/* The tree of a log in memory: nodes, tiles and proofs as those of all leaves, which it does not keep.  req: R7-i-c */
#include "test.h"

#include "registry/ledger/log_tree.h"

enum { LEAVES = 256 * 256 + 256 * 3 + 17 }; /* a whole tile of the second level, and more */

static struct merkle_hash leaves[LEAVES];

static int make_leaves(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < LEAVES; i++) {
		merkle_leaf(VIEW((const uint32_t[]){i}), &leaves[i]);
	}
	return 0;
}

static struct log_tree *grown_to(size_t size)
{
	struct log_tree *tree;

	assert_ok(log_tree_new(4, &tree));
	for (size_t i = 0; i < size; i++) {
		struct merkle_hash root;
		bool whole;

		assert_ok(log_tree_append(tree, &leaves[i], &whole, &root));
		assert_int_equal(whole, i % TREE_TILE == TREE_TILE - 1);
	}
	return tree;
}

static void root_of(size_t size, struct merkle_hash *ret)
{
	struct merkle_range range = {0};

	for (size_t i = 0; i < size; i++) {
		assert_ok(merkle_append(&range, &leaves[i], NULL, NULL));
	}
	merkle_range_root(&range, ret);
}

/* As its owner does: tiles of leaves are brought when they are missing. */
static enum err get(void *user, unsigned level, uint64_t index, struct merkle_hash *ret)
{
	struct log_tree *tree = user;
	enum err err = log_tree_node(tree, level, index, ret);

	if (err == ERR_AGAIN) {
		const uint64_t tile = log_tree_missing(tree);

		assert_ok(log_tree_offer(tree, tile, leaves + tile * TREE_TILE));
		err = log_tree_node(tree, level, index, ret);
	}
	return err;
}

static void its_root_is_that_of_all_leaves(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 3, 255, 256, 257, 511, 512, 1000, 65536, LEAVES};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct log_tree *tree = grown_to(sizes[i]);
		struct merkle_hash want, got;

		root_of(sizes[i], &want);
		log_tree_root(tree, &got);
		assert_int_equal(log_tree_size(tree), sizes[i]);
		assert_true(merkle_equal(&want, &got));
		log_tree_free(tree);
	}
}

static void proofs_are_made_from_it(void **state)
{
	struct log_tree *tree = grown_to(LEAVES);
	struct merkle_hash root;

	(void)state;
	log_tree_root(tree, &root);
	for (uint64_t i = 0; i < LEAVES; i += 997) {
		struct merkle_proof proof;
		struct merkle_hash old;

		assert_ok(merkle_prove_inclusion(i, LEAVES, get, tree, &proof));
		assert_ok(merkle_verify_inclusion(&leaves[i], i, LEAVES, &proof, &root));
		if (i > 0) {
			assert_ok(merkle_root_at(i, get, tree, &old));
			assert_ok(merkle_prove_consistency(i, LEAVES, get, tree, &proof));
			assert_ok(merkle_verify_consistency(i, LEAVES, &proof, &old, &root));
		}
	}
	log_tree_free(tree);
}

static void it_is_made_from_roots_of_tiles(void **state)
{
	struct log_tree *whole = grown_to(LEAVES), *tree;
	struct merkle_hash want, got, root;
	bool made;

	(void)state;
	assert_ok(log_tree_new(4, &tree));
	for (uint64_t n = 0; n < LEAVES / TREE_TILE; n++) {
		assert_ok(log_tree_node(whole, TREE_TILE_LEVELS, n, &root));
		assert_ok(log_tree_append_tile(tree, &root));
	}
	for (size_t i = LEAVES / TREE_TILE * TREE_TILE; i < LEAVES; i++) {
		assert_ok(log_tree_append(tree, &leaves[i], &made, &root));
	}
	assert_err(ERR_WRONG_STATE, log_tree_append_tile(tree, &root));
	log_tree_root(whole, &want);
	log_tree_root(tree, &got);
	assert_true(merkle_equal(&want, &got));
	log_tree_free(tree);
	log_tree_free(whole);
}

static void leaves_that_are_others_are_refused(void **state)
{
	struct log_tree *tree = grown_to(1000);
	struct merkle_hash hash;

	(void)state;
	assert_err(ERR_AGAIN, log_tree_node(tree, 0, 300, &hash));
	assert_int_equal(log_tree_missing(tree), 1);
	assert_err(ERR_CRYPTO, log_tree_offer(tree, 1, leaves));
	assert_said("are not those that were logged");
	assert_err(ERR_RANGE, log_tree_offer(tree, 3, leaves));
	assert_err(ERR_AGAIN, log_tree_node(tree, 0, 300, &hash));
	assert_ok(log_tree_offer(tree, 1, leaves + 256));
	assert_ok(log_tree_node(tree, 0, 300, &hash));
	assert_true(merkle_equal(&hash, &leaves[300]));
	log_tree_free(tree);
}

static void what_is_not_whole_is_not_there(void **state)
{
	struct log_tree *tree = grown_to(1000);
	BUF_CLEANUP struct buf out = buf_growing(TREE_TILE * MERKLE_HASH);
	struct merkle_hash hash;

	(void)state;
	assert_err(ERR_RANGE, log_tree_node(tree, 0, 1000, &hash));
	assert_err(ERR_RANGE, log_tree_node(tree, 9, 1, &hash));
	assert_err(ERR_RANGE, log_tree_node(tree, 63, 0, &hash));
	assert_err(ERR_RANGE, log_tree_node(tree, 8, UINT64_MAX, &hash));
	assert_err(ERR_NOT_FOUND, log_tree_tile(tree, 0, 3, 233, &out));
	assert_err(ERR_NOT_FOUND, log_tree_tile(tree, 0, 4, 1, &out));
	assert_err(ERR_NOT_FOUND, log_tree_tile(tree, 2, 0, 1, &out));
	assert_err(ERR_NOT_FOUND, log_tree_tile(tree, 8, 0, 1, &out));
	assert_err(ERR_NOT_FOUND, log_tree_tile(tree, 0, UINT64_MAX, 1, &out));
	assert_ok(log_tree_tile(tree, 0, 3, 232, &out));
	assert_memory_equal(out.data, leaves[768].bytes, MERKLE_HASH);
	buf_clear(&out);
	assert_ok(log_tree_tile(tree, 1, 0, 3, &out));
	assert_int_equal(out.len, 3 * MERKLE_HASH);
	log_tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(its_root_is_that_of_all_leaves),
		TEST(proofs_are_made_from_it),
		TEST(it_is_made_from_roots_of_tiles),
		TEST(leaves_that_are_others_are_refused),
		TEST(what_is_not_whole_is_not_there),
	};

	return cmocka_run_group_tests_name("log_tree", tests, make_leaves, NULL);
}
