// SPDX-License-Identifier: Apache-2.0
#include "registry/ledger/proof.h"

#include "registry/ledger/ledger_inside.h"
#include "registry/schema.h"

enum { PROVINGS = 4096, ROUNDS = 8 };

/* A question that waits for tiles of leaves. */
struct proving {
	struct proof_question question;
	proof_done *done;
	void *user;
	uint64_t ref;
	uint64_t tile; /* being read */
	unsigned rounds;
};

enum err proof_start_up(struct ledger *l)
{
	return pool_new(sizeof(struct proving), PROVINGS, &l->provings);
}

void proof_shut_down(struct ledger *l)
{
	pool_free(l->provings);
	l->provings = NULL;
}

static enum err get(void *user, unsigned level, uint64_t index, struct merkle_hash *ret)
{
	return log_tree_node(user, level, index, ret);
}

static void put_proof(const struct merkle_proof *proof, struct buf *out)
{
	buf_bytes(out, proof->hash, proof->count * sizeof(proof->hash[0]));
}

static enum err put_range(struct ledger *l, uint64_t size, struct buf *out)
{
	uint64_t end = 0;

	for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
		struct merkle_hash hash;

		if ((size >> level & 1) == 0) {
			continue;
		}
		TRY(log_tree_node(l->tree, level, end >> level, &hash));
		buf_bytes(out, hash.bytes, sizeof(hash.bytes));
		end += UINT64_C(1) << level;
	}
	return OK;
}

static enum err try_question(struct ledger *l, const struct proof_question *q, struct buf *out)
{
	const uint64_t size = log_tree_size(l->tree);
	struct merkle_proof proof = {0};
	struct merkle_hash root;

	if (q->kind == PROOF_TILE) {
		return log_tree_tile(l->tree, q->level, q->a, (size_t)q->b, out);
	}
	if (q->a > size || q->b > size) {
		return err_fail(ERR_RANGE, "the log has %llu events", (unsigned long long)size);
	}
	switch (q->kind) {
	case PROOF_INCLUSION:
		TRY(merkle_prove_inclusion(q->a, q->b, get, l->tree, &proof));
		break;
	case PROOF_CONSISTENCY:
		TRY(merkle_prove_consistency(q->a, q->b, get, l->tree, &proof));
		break;
	case PROOF_RANGE:
		return put_range(l, q->a, out);
	default:
		TRY(merkle_root_at(q->a, get, l->tree, &root));
		buf_bytes(out, root.bytes, sizeof(root.bytes));
		return OK;
	}
	put_proof(&proof, out);
	return OK;
}

static void on_leaves(void *user, uint64_t ref, const struct store_result *result);

static enum err read_tile(struct ledger *l, uint64_t tile, uint64_t ref)
{
	const int64_t first = (int64_t)(tile * TREE_TILE);
	const struct store_step step = {
		.statement = READ_LEAVES,
		.param_count = 3,
		.params = {STORE_INT_OF(first), STORE_INT_OF(first + TREE_TILE),
			STORE_INT_OF(TREE_TILE)},
	};

	return store_submit(l->registry->store, &step, 1, on_leaves, l->registry, ref);
}

/* Answers, or reads what is missing. */
static void go_on(struct ledger *l, struct proving *p, pool_ref self)
{
	uint8_t room[TREE_TILE * MERKLE_HASH];
	struct buf out = buf_fixed(room, sizeof(room));
	enum err err = try_question(l, &p->question, &out);

	if (err == ERR_AGAIN && p->rounds++ < ROUNDS) {
		p->tile = log_tree_missing(l->tree);
		err = read_tile(l, p->tile, self);
		if (err == OK) {
			return;
		}
	}
	const struct proving copy = *p;

	pool_give(l->provings, self);
	copy.done(copy.user, copy.ref, err, err == OK ? buf_contents(&out) : view_text(""));
}

static enum err take_leaves(struct ledger *l, uint64_t tile, const struct store_result *result)
{
	struct merkle_hash leaves[TREE_TILE];

	if (result->err != OK) {
		return err_fail(result->err, "%s", result->detail);
	}
	if (result->steps[0].rows != TREE_TILE) {
		return err_fail(ERR_CRYPTO, "log: events are missing in the store");
	}
	for (size_t row = 0; row < TREE_TILE; row++) {
		struct ledger_entry entry;

		TRY(leaf_from_row(l, result, row, &entry));
		TRY(leaf_hash(&entry, &leaves[row]));
	}
	return log_tree_offer(l->tree, tile, leaves);
}

static void on_leaves(void *user, uint64_t ref, const struct store_result *result)
{
	struct registry *registry = user;
	struct ledger *l = registry->ledger;
	struct proving *p = l ? pool_at(l->provings, ref) : NULL;

	if (!p) {
		return;
	}
	enum err err = take_leaves(l, p->tile, result);

	if (err == OK) {
		go_on(l, p, ref);
		return;
	}
	const struct proving copy = *p;

	pool_give(l->provings, ref);
	copy.done(copy.user, copy.ref, err, view_text(""));
}

enum err ledger_prove(struct ledger *l, const struct proof_question *question, proof_done *done,
	void *user, uint64_t ref)
{
	struct proving *p;
	pool_ref self;

	TRY(pool_take(l->provings, &self, (void **)&p));
	*p = (struct proving){.question = *question, .done = done, .user = user, .ref = ref};
	go_on(l, p, self);
	return OK;
}

/* ---- checkpoints ---- */

static enum err sign(struct ledger *l, struct buf *out)
{
	BUF_CLEANUP struct buf text = buf_growing(NOTE_MAX);
	struct note_checkpoint checkpoint = {
		.origin = view_text(l->key.name),
		.size = log_tree_size(l->tree),
	};

	log_tree_root(l->tree, &checkpoint.root);
	note_checkpoint_write(&checkpoint, &text);
	TRY(buf_end(&text, "checkpoint"));
	return note_sign(buf_contents(&text), &l->key, &l->registry->log_seed, out);
}

/* Signing takes as long as logging an event: so not for each of them. */
static enum err renew(struct ledger *l)
{
	const int64_t now = loop_now(l->registry->loop);
	BUF_CLEANUP struct buf note = buf_growing(NOTE_MAX);

	if (l->note.len > 0 && (l->note_size == l->size ||
				       now - l->note_at < l->registry->conf->checkpoint_interval)) {
		return OK;
	}
	TRY(sign(l, &note));
	buf_clear(&l->note);
	buf_view(&l->note, buf_contents(&note));
	l->note_size = l->size;
	l->note_at = now;
	return buf_end(&l->note, "checkpoint");
}

enum err ledger_checkpoint(struct ledger *l, struct buf *out, int64_t *ret_size)
{
	TRY(renew(l));
	buf_view(out, buf_contents(&l->note));
	if (ret_size) {
		*ret_size = l->note_size;
	}
	return OK;
}

const struct note_key *ledger_key(const struct ledger *l)
{
	return &l->key;
}

void ledger_root(const struct ledger *l, struct merkle_hash *ret)
{
	log_tree_root(l->tree, ret);
}
