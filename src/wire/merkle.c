// SPDX-License-Identifier: Apache-2.0
#include "wire/merkle.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

enum { LEAF_PREFIX = 0, NODE_PREFIX = 1 };

/* Fetched once, a context a thread: looking up by name at every node takes as long as hashing it. */
static EVP_MD *sha256;
static once_flag sha256_once = ONCE_FLAG_INIT;
static tss_t thread_context;

static void free_context(void *context)
{
	EVP_MD_CTX_free(context);
}

static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	if (!sha256 || tss_create(&thread_context, free_context) != thrd_success) {
		abort();
	}
}

static EVP_MD_CTX *context_of_thread(void)
{
	call_once(&sha256_once, fetch_sha256);
	EVP_MD_CTX *context = tss_get(thread_context);

	if (!context) {
		context = EVP_MD_CTX_new();
		if (!context || tss_set(thread_context, context) != thrd_success) {
			abort();
		}
	}
	return context;
}

static void hash_parts(const struct view *parts, size_t count, struct merkle_hash *ret)
{
	EVP_MD_CTX *context = context_of_thread();
	bool done = EVP_DigestInit_ex2(context, sha256, NULL) == 1;

	for (size_t i = 0; i < count; i++) {
		done = done && EVP_DigestUpdate(context, parts[i].data, parts[i].len) == 1;
	}
	if (!done || EVP_DigestFinal_ex(context, ret->bytes, NULL) != 1) {
		abort();
	}
}

void merkle_leaf(struct view leaf, struct merkle_hash *ret)
{
	static const uint8_t prefix[] = {LEAF_PREFIX};

	hash_parts((const struct view[]){VIEW(prefix), leaf}, 2, ret);
}

void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right,
	struct merkle_hash *ret)
{
	uint8_t text[1 + 2 * MERKLE_HASH] = {NODE_PREFIX};
	const struct view whole = VIEW(text);

	memcpy(text + 1, left->bytes, MERKLE_HASH);
	memcpy(text + 1 + MERKLE_HASH, right->bytes, MERKLE_HASH);
	hash_parts(&whole, 1, ret);
}

void merkle_empty_root(struct merkle_hash *ret)
{
	hash_parts(NULL, 0, ret);
}

bool merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b)
{
	return memcmp(a->bytes, b->bytes, MERKLE_HASH) == 0;
}

/* The subtrees of a log of `size` leaves are the bits of `size`. */
static bool has_level(uint64_t size, unsigned level)
{
	return (size >> level & 1) != 0;
}

/* As adding one carries: a subtree joins one of its size on its left, and so on. */
enum err merkle_append(struct merkle_range *range, const struct merkle_hash *leaf,
	merkle_grown *grown, void *user)
{
	struct merkle_hash hash = *leaf;
	unsigned level = 0;

	if (range->size >> MERKLE_LEVELS != 0 || range->size + 1 == UINT64_C(1) << MERKLE_LEVELS) {
		return err_fail(ERR_RANGE, "RFC 9162 2.1: the log has 2^63 leaves");
	}
	for (;; level++) {
		if (grown) {
			grown(user, level, range->size >> level, &hash);
		}
		if (!has_level(range->size, level)) {
			break;
		}
		merkle_node(&range->hash[level], &hash, &hash);
	}
	range->hash[level] = hash;
	range->size++;
	return OK;
}

void merkle_range_root(const struct merkle_range *range, struct merkle_hash *ret)
{
	bool any = false;
	struct merkle_hash root;

	merkle_empty_root(&root);
	for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
		if (!has_level(range->size, level)) {
			continue;
		}
		if (any) {
			merkle_node(&range->hash[level], &root, &root);
		} else {
			root = range->hash[level];
		}
		any = true;
	}
	*ret = root;
}

void merkle_range_write(const struct merkle_range *range, struct buf *out)
{
	buf_u64(out, range->size);
	for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
		if (has_level(range->size, level)) {
			buf_bytes(out, range->hash[level].bytes, MERKLE_HASH);
		}
	}
}

enum err merkle_range_read(struct view bytes, struct merkle_range *ret)
{
	struct reader r = reader_of(bytes);
	struct merkle_range range = {.size = reader_u64(&r)};

	if (range.size >> MERKLE_LEVELS != 0) {
		return err_fail(ERR_RANGE, "compact range: 2^63 leaves or more");
	}
	for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
		if (has_level(range.size, level)) {
			reader_copy(&r, range.hash[level].bytes, MERKLE_HASH);
		}
	}
	TRY(reader_end(&r, "compact range"));
	*ret = range;
	return OK;
}

/* The largest power of two below `n`, as its exponent; n > 1 (2.1.1: k). */
static unsigned split_level(uint64_t n)
{
	return 63 - (unsigned)__builtin_clzll(n - 1);
}

/* The root over leaves `from` to `to` - 1, as 2.1.1 splits: `from` is a multiple of the largest subtree in it; not empty. */
static enum err root_between(uint64_t from, uint64_t to, merkle_get *get, void *user,
	struct merkle_hash *ret)
{
	struct merkle_hash root;
	bool any = false;

	for (unsigned level = 0; from < to; level++) {
		struct merkle_hash left;

		if (!has_level(to - from, level)) {
			continue;
		}
		to -= UINT64_C(1) << level;
		TRY(get(user, level, to >> level, any ? &left : &root));
		if (any) {
			merkle_node(&left, &root, &root);
		}
		any = true;
	}
	*ret = root;
	return OK;
}

enum err merkle_root_at(uint64_t size, merkle_get *get, void *user, struct merkle_hash *ret)
{
	if (size == 0) {
		merkle_empty_root(ret);
		return OK;
	}
	return root_between(0, size, get, user, ret);
}

static void reverse(struct merkle_proof *proof)
{
	for (size_t i = 0, j = proof->count; i + 1 < j; i++) {
		struct merkle_hash kept = proof->hash[i];

		proof->hash[i] = proof->hash[--j];
		proof->hash[j] = kept;
	}
}

/*
 * Goes down from the root to where leaf `at` and the leaves before `end` part from their right neighbours, and takes the sibling
 * at each step; the proofs want them upwards. `whole`: stop at the subtree that ends with `end` (2.1.4.1), else at the leaf.
 */
static enum err take_siblings(uint64_t at, uint64_t size, bool whole, merkle_get *get, void *user,
	struct merkle_proof *proof, uint64_t *ret_from, uint64_t *ret_to)
{
	uint64_t from = 0, to = size;

	while (to - from > 1 && !(whole && at == to - 1)) {
		uint64_t middle = from + (UINT64_C(1) << split_level(to - from));
		struct merkle_hash *sibling = &proof->hash[proof->count++];

		if (at < middle) {
			TRY(root_between(middle, to, get, user, sibling));
			to = middle;
		} else {
			TRY(root_between(from, middle, get, user, sibling));
			from = middle;
		}
	}
	*ret_from = from;
	*ret_to = to;
	return OK;
}

enum err merkle_prove_inclusion(uint64_t index, uint64_t size, merkle_get *get, void *user,
	struct merkle_proof *ret)
{
	struct merkle_proof proof = {.count = 0};
	uint64_t from, to;

	if (index >= size || size >> MERKLE_LEVELS != 0) {
		return err_fail(ERR_RANGE, "RFC 9162 2.1.3: no such leaf in a log of that size");
	}
	TRY(take_siblings(index, size, false, get, user, &proof, &from, &to));
	reverse(&proof);
	*ret = proof;
	return OK;
}

enum err merkle_prove_consistency(uint64_t from, uint64_t to, merkle_get *get, void *user,
	struct merkle_proof *ret)
{
	struct merkle_proof proof = {.count = 0};
	uint64_t first, end;

	if (from > to || to >> MERKLE_LEVELS != 0) {
		return err_fail(ERR_RANGE, "RFC 9162 2.1.4: the first log is the larger one");
	}
	if (from > 0 && from < to) {
		TRY(take_siblings(from - 1, to, true, get, user, &proof, &first, &end));
		if (first > 0) { /* else it is the first log's root, which the other side has */
			TRY(root_between(first, end, get, user, &proof.hash[proof.count++]));
		}
		reverse(&proof);
	}
	*ret = proof;
	return OK;
}

enum err merkle_verify_inclusion(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
	const struct merkle_proof *proof, const struct merkle_hash *root)
{
	struct merkle_hash hash = *leaf;
	uint64_t fn = index, sn = size - 1;

	if (index >= size) {
		return err_fail(ERR_RANGE, "RFC 9162 2.1.3.2: no such leaf in a log of that size");
	}
	for (size_t i = 0; i < proof->count; i++) {
		if (sn == 0) {
			return err_fail(ERR_AUTH, "RFC 9162 2.1.3.2: the proof is too long");
		}
		if ((fn & 1) != 0 || fn == sn) {
			merkle_node(&proof->hash[i], &hash, &hash);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			merkle_node(&hash, &proof->hash[i], &hash);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0 || !merkle_equal(&hash, root)) {
		return err_fail(ERR_AUTH, "RFC 9162 2.1.3.2: the leaf is not in that log");
	}
	return OK;
}

/* 2.1.4.2 steps 3 to 6, from where both sizes have no subtree in common on the right. */
static bool is_consistent(uint64_t fn, uint64_t sn, const struct merkle_hash *first,
	const struct merkle_hash *rest, size_t count, const struct merkle_hash *from_root,
	const struct merkle_hash *to_root)
{
	struct merkle_hash fr = *first, sr = *first;

	while ((fn & 1) != 0) {
		fn >>= 1;
		sn >>= 1;
	}
	for (size_t i = 0; i < count; i++) {
		if (sn == 0) {
			return false;
		}
		if ((fn & 1) != 0 || fn == sn) {
			merkle_node(&rest[i], &fr, &fr);
			merkle_node(&rest[i], &sr, &sr);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			merkle_node(&sr, &rest[i], &sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && merkle_equal(&fr, from_root) && merkle_equal(&sr, to_root);
}

enum err merkle_verify_consistency(uint64_t from, uint64_t to, const struct merkle_proof *proof,
	const struct merkle_hash *from_root, const struct merkle_hash *to_root)
{
	bool power_of_two = (from & (from - 1)) == 0;
	size_t skipped = power_of_two ? 0 : 1;
	struct merkle_hash empty;
	bool consistent;

	if (from > to) {
		return err_fail(ERR_RANGE, "RFC 9162 2.1.4.2: the first log is the larger one");
	}
	merkle_empty_root(&empty);
	if (from == 0) {
		consistent = proof->count == 0 && merkle_equal(from_root, &empty);
	} else if (from == to) {
		consistent = proof->count == 0 && merkle_equal(from_root, to_root);
	} else {
		consistent =
			proof->count > 0 &&
			is_consistent(from - 1, to - 1, power_of_two ? from_root : &proof->hash[0],
				proof->hash + skipped, proof->count - skipped, from_root, to_root);
	}
	return consistent ? OK
			  : err_fail(ERR_AUTH,
				    "RFC 9162 2.1.4.2: the log does not begin with the other one");
}
