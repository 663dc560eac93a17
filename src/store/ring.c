// SPDX-License-Identifier: Apache-2.0
#include "store/ring.h"

struct opening {
	struct seal_ring *ring;
	enum err err;
	size_t keys;
};

static void on_keys(void *user, uint64_t ref, const struct store_result *result)
{
	struct opening *opening = user;

	(void)ref;
	opening->err = result->err;
	opening->keys = result->err == OK ? result->steps[0].rows : 0;
	for (size_t row = 0; row < opening->keys && opening->err == OK; row++) {
		opening->err =
			seal_ring_add(opening->ring, (uint32_t)store_at(result, 0, row, 0).number,
				store_at(result, 0, row, 1).bytes);
	}
}

static void on_insert(void *user, uint64_t ref, const struct store_result *result)
{
	struct opening *opening = user;

	(void)ref;
	opening->err = result->err;
}

static enum err make_first(struct store *store, int insert, struct opening *opening)
{
	BUF_CLEANUP struct buf wrapped = buf_growing(256);

	TRY(seal_ring_make(opening->ring, 1, &wrapped));
	const struct store_step step = {
		.statement = insert,
		.expect = STORE_ONE,
		.param_count = 2,
		.params = {STORE_INT_OF(1), STORE_BLOB_OF(buf_contents(&wrapped))},
	};

	TRY(store_run(store, &step, 1, on_insert, opening));
	return opening->err;
}

static enum err open_keys(struct store *store, int select, int insert, struct opening *opening)
{
	const struct store_step step = {.statement = select};

	TRY(store_run(store, &step, 1, on_keys, opening));
	TRY(opening->err);
	return opening->keys > 0 ? OK : make_first(store, insert, opening);
}

static enum err open_ring(struct store *store, const struct env *env, const struct secret *master,
	int select, int insert, struct seal_ring **ret)
{
	struct opening opening = {.err = OK};

	TRY(seal_ring_new(env, master, &opening.ring));
	enum err err = open_keys(store, select, insert, &opening);

	if (err != OK) {
		seal_ring_free(opening.ring);
		return err;
	}
	*ret = opening.ring;
	return OK;
}

enum err ring_open(struct store *store, const struct env *env, const char *master_key_file,
	int select, int insert, struct seal_ring **ret)
{
	SECRET(master);

	TRY(seal_master_from_file(master_key_file, &master));
	enum err err = open_ring(store, env, &master, select, insert, ret);

	if (err == ERR_EXISTS) { /* another node has made the first key meanwhile */
		err = open_ring(store, env, &master, select, insert, ret);
	}
	return err;
}
