// SPDX-License-Identifier: Apache-2.0
/* Compact ranges: what is read is written the same. Proofs: whatever they are, an answer comes. */
#include "fuzz.h"

#include "wire/merkle.h"
#include <stdlib.h>

static void read_range(const uint8_t *data, size_t size)
{
	struct merkle_range range;
	struct merkle_hash root;

	if (merkle_range_read(view_of(data, size), &range) != OK) {
		return;
	}
	struct buf out = buf_growing(MERKLE_RANGE_BYTES);

	merkle_range_write(&range, &out);
	if (!view_equal(buf_contents(&out), view_of(data, size))) {
		abort();
	}
	merkle_range_root(&range, &root);
	(void)!merkle_append(&range, &root, NULL, NULL);
	buf_free(&out);
}

static void verify(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(view_of(data, size));
	uint64_t from = reader_u64(&r), to = reader_u64(&r);
	struct merkle_hash a, b;
	struct merkle_proof proof = {.count = 0};

	reader_copy(&r, a.bytes, sizeof(a.bytes));
	reader_copy(&r, b.bytes, sizeof(b.bytes));
	while (reader_left(&r) >= MERKLE_HASH && proof.count < MERKLE_LEVELS + 1) {
		reader_copy(&r, proof.hash[proof.count++].bytes, MERKLE_HASH);
	}
	(void)!merkle_verify_inclusion(&a, from, to, &proof, &b);
	(void)!merkle_verify_consistency(from, to, &proof, &a, &b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_range(data, size);
	verify(data, size);
	return 0;
}
