// SPDX-License-Identifier: Apache-2.0
#include "store/keeper.h"

#include "base/log.h"
#include "base/table.h"
#include "net/metrics.h"

#include <stdlib.h>
#include <string.h>

enum {
	PAGE = 128,	      /* values in a page, looked at together */
	PACE_MS = 20,	      /* between two pages: others come first */
	LEARN_MS = 15 * 1000, /* how often other nodes' new keys are looked for */
	GRACE_MS =
		60 *
		1000, /* after which all nodes that share the store have learnt a key, and use it */
	AGAIN_MS = 600 * 1000, /* after a look that could not do all */
	KEYS_MAX = 64,
	PLACE_MAX = 1024,
	RINGS = 2,
};

/* A value between the page that it stood in and its replacement. */
struct item {
	uint8_t *key, *old;
	size_t key_len, old_len;
};

struct keeper {
	struct loop *loop;
	struct keeper_options o;
	bool shared; /* with other nodes */
	uint32_t ids[KEYS_MAX];
	size_t count;
	uint32_t current;
	struct timer tick; /* the next page, or the next look */
	struct timer learn, use;
	keeper_begun *begun;
	void *begun_user;
	uint32_t made; /* the key of the rotation that begins; 0: none */
	uint8_t wrapped[128];
	size_t wrapped_len;

	bool looking; /* a look through all tables */
	uint32_t aim; /* the key that was the current one when it began */
	size_t table;
	struct buf after; /* the last key of the page before */
	struct pool *items;
	bool at_end;		  /* of the table, once its items are done */
	uint64_t old_ones, stuck; /* found in this look; of these, that cannot be sealed anew */
	uint64_t resealed, unreadable;
};

static void look(void *user);
static void next_page(void *user);
static void learn(void *user);
static void use_newest(void *user);

static uint32_t newest(const struct keeper *k)
{
	uint32_t id = 0;

	for (size_t i = 0; i < k->count; i++) {
		id = k->ids[i] > id ? k->ids[i] : id;
	}
	return id;
}

static bool knows(const struct keeper *k, uint32_t id)
{
	for (size_t i = 0; i < k->count; i++) {
		if (k->ids[i] == id) {
			return true;
		}
	}
	return false;
}

/* ---- keys ---- */

static enum err take_key(struct keeper *k, uint32_t id, struct view wrapped)
{
	if (k->count == KEYS_MAX) {
		return err_fail(ERR_RANGE, "seal: more than %d data keys", KEYS_MAX);
	}
	for (size_t i = 0; i < RINGS && k->o.rings[i]; i++) {
		if (!seal_ring_has(k->o.rings[i], id)) {
			TRY(seal_ring_learn(k->o.rings[i], id, wrapped));
		}
	}
	k->ids[k->count++] = id;
	return OK;
}

static void forget_below(struct keeper *k, uint32_t id)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->count; i++) {
		for (size_t j = 0; k->ids[i] < id && j < RINGS && k->o.rings[j]; j++) {
			seal_ring_forget(k->o.rings[j], k->ids[i]);
		}
		if (k->ids[i] >= id) {
			k->ids[kept++] = k->ids[i];
		}
	}
	k->count = kept;
}

static void use_newest(void *user)
{
	struct keeper *k = user;
	uint32_t id = newest(k);

	for (size_t i = 0; i < RINGS && k->o.rings[i]; i++) {
		if (seal_ring_use(k->o.rings[i], id) != OK) {
			log_event(LOG_ERROR, "seal.key_unknown", "", LOG_DETAIL());
			return;
		}
	}
	k->current = id;
	log_event(LOG_INFO, "seal.key_used", "", LOG_INT("key", id));
	if (!k->looking) { /* else it sees at its end that it must look again */
		timer_start(k->loop, &k->tick, k->shared ? GRACE_MS : 0, look, k);
	}
}

/* A key that is not used yet: where nodes share the store, when all have learnt it. */
static void plan_use(struct keeper *k)
{
	if (newest(k) != k->current && !timer_is_running(&k->use)) {
		timer_start(k->loop, &k->use, k->shared ? GRACE_MS / 2 : 0, use_newest, k);
	}
}

static void on_learnt(void *user, uint64_t ref, const struct store_result *result)
{
	struct keeper *k = user;
	uint32_t oldest = UINT32_MAX;

	(void)ref;
	for (size_t row = 0; result->err == OK && row < result->steps[0].rows; row++) {
		uint32_t id = (uint32_t)store_at(result, 0, row, 0).number;

		oldest = id < oldest ? id : oldest;
		if (!knows(k, id) && take_key(k, id, store_at(result, 0, row, 1).bytes) != OK) {
			log_event(LOG_ERROR, "seal.key_unknown", "", LOG_INT("key", id),
				LOG_DETAIL());
		}
	}
	if (result->err == OK && oldest <= k->current) {
		forget_below(k, oldest);
	}
	plan_use(k);
	timer_start(k->loop, &k->learn, LEARN_MS, learn, k);
}

static void learn(void *user)
{
	struct keeper *k = user;
	const struct store_step step = {.statement = k->o.select};

	if (store_submit(k->o.store, &step, 1, on_learnt, k, 0) != OK) {
		timer_start(k->loop, &k->learn, LEARN_MS, learn, k);
	}
}

/* ---- a rotation ---- */

static void tell_begun(struct keeper *k, enum err err, const char *detail)
{
	keeper_begun *begun = k->begun;

	k->begun = NULL;
	k->made = 0;
	begun(k->begun_user, err, detail);
}

static void on_made(void *user, uint64_t ref, const struct store_result *result)
{
	struct keeper *k = user;
	enum err err = result->err;

	(void)ref;
	if (err == OK) {
		err = take_key(k, k->made, view_of(k->wrapped, k->wrapped_len));
	} else {
		(void)err_fail(err, "%s", result->detail);
	}
	if (err != OK) {
		tell_begun(k, err, err_detail());
		return;
	}
	log_event(LOG_INFO, "seal.key_made", "", LOG_INT("key", k->made));
	plan_use(k);
	tell_begun(k, OK, "");
}

static enum err make_key(struct keeper *k)
{
	struct buf wrapped = buf_fixed(k->wrapped, sizeof(k->wrapped));

	k->made = newest(k) + 1;
	TRY(seal_new_key(k->o.rings[0], k->made, &wrapped));
	k->wrapped_len = wrapped.len;
	const struct store_step step = {
		.statement = k->o.insert,
		.expect = STORE_ONE,
		.param_count = 2,
		.params = {STORE_INT_OF(k->made), STORE_BLOB_OF(buf_contents(&wrapped))},
	};

	return store_submit(k->o.store, &step, 1, on_made, k, 0);
}

enum err keeper_rotate(struct keeper *k, keeper_begun *done, void *user)
{
	if (k->count > 1 || k->made) {
		return err_fail(ERR_OVERLOAD,
			"seal: the last rotation is not over: values are still under older keys");
	}
	k->begun = done;
	k->begun_user = user;
	enum err err = make_key(k);

	if (err != OK) {
		k->made = 0;
	}
	return err;
}

/* ---- sealing anew ---- */

static void look(void *user)
{
	struct keeper *k = user;

	if (k->count < 2) {
		return;
	}
	k->looking = true;
	k->aim = k->current;
	k->table = 0;
	k->old_ones = k->stuck = 0;
	buf_clear(&k->after);
	next_page(k);
}

static void on_dropped(void *user, uint64_t ref, const struct store_result *result)
{
	struct keeper *k = user;

	(void)ref;
	if (result->err != OK) {
		timer_start(k->loop, &k->tick, LEARN_MS, look, k);
		return;
	}
	forget_below(k, k->current);
	log_event(LOG_INFO, "seal.rotated", "", LOG_INT("key", k->current),
		LOG_INT("resealed", (int64_t)k->resealed));
}

/* A look that found nothing old ends the older keys; else another one follows. */
static void end_of_look(struct keeper *k)
{
	const struct store_step drop = {.statement = k->o.drop,
		.param_count = 1,
		.params = {STORE_INT_OF(k->current)}};

	k->looking = false;
	k->unreadable = k->stuck;
	if (k->aim != k->current) {
		timer_start(k->loop, &k->tick, k->shared ? GRACE_MS : PACE_MS, look, k);
		return;
	}
	if (k->old_ones == 0) {
		if (store_submit(k->o.store, &drop, 1, on_dropped, k, 0) != OK) {
			timer_start(k->loop, &k->tick, LEARN_MS, look, k);
		}
		return;
	}
	if (k->stuck > 0) {
		log_event(LOG_ERROR, "seal.not_rotated", "", LOG_INT("values", (int64_t)k->stuck));
	}
	timer_start(k->loop, &k->tick, k->stuck > 0 ? AGAIN_MS : PACE_MS, look, k);
}

static void page_is_done(struct keeper *k)
{
	if (pool_count(k->items) > 0) {
		return;
	}
	if (k->at_end) {
		k->table++;
		buf_clear(&k->after);
	}
	if (k->table == k->o.table_count) {
		end_of_look(k);
		return;
	}
	timer_start(k->loop, &k->tick, PACE_MS, next_page, k);
}

static void drop_item(struct keeper *k, pool_ref ref)
{
	struct item *item = pool_at(k->items, ref);

	free(item->key);
	free(item->old);
	pool_give(k->items, ref);
	page_is_done(k);
}

static void on_replaced(void *user, uint64_t ref, const struct store_result *result)
{
	struct keeper *k = user;

	if (!pool_at(k->items, ref)) {
		return;
	}
	if (result->err == OK) {
		k->resealed += result->steps[0].changed;
	} else {
		k->stuck++;
	}
	drop_item(k, ref);
}

void keeper_sealed_again(struct keeper *k, uint64_t ref, enum err err, struct view sealed)
{
	struct item *item = pool_at(k->items, ref);

	if (!item) {
		return;
	}
	if (err == OK) {
		const struct store_step step = {
			.statement = k->o.tables[k->table].replace,
			.param_count = 3,
			.params = {STORE_TEXT_OF(view_of(item->key, item->key_len)),
				STORE_BLOB_OF(sealed),
				STORE_BLOB_OF(view_of(item->old, item->old_len))},
		};

		err = store_submit(k->o.store, &step, 1, on_replaced, k, ref);
	}
	if (err != OK) {
		k->stuck++;
		drop_item(k, ref);
	}
}

static void seal_here(struct keeper *k, struct view key, struct view old, uint64_t ref)
{
	BUF_CLEANUP struct buf place = buf_growing(PLACE_MAX);
	BUF_CLEANUP struct buf sealed = buf_growing(old.len + SEAL_OVERHEAD);

	buf_text(&place, k->o.tables[k->table].place);
	buf_view(&place, key);
	enum err err = buf_end(&place, "place");

	if (err == OK) {
		err = seal_again(k->o.rings[0], buf_string(&place), old, &sealed);
	}
	keeper_sealed_again(k, ref, err, buf_contents(&sealed));
}

static uint8_t *copy_of(struct view v)
{
	uint8_t *copy = malloc(v.len + 1);

	if (copy && v.len > 0) {
		memcpy(copy, v.data, v.len);
	}
	return copy;
}

static void take_old(struct keeper *k, struct view key, struct view sealed)
{
	struct item *item;
	pool_ref ref;

	k->old_ones++;
	if (pool_take(k->items, &ref, (void **)&item) != OK) {
		k->stuck++;
		return;
	}
	*item = (struct item){copy_of(key), copy_of(sealed), key.len, sealed.len};
	if (!item->key || !item->old) {
		keeper_sealed_again(k, ref, ERR_MEMORY, sealed);
	} else if (!k->o.tables[k->table].asked) {
		seal_here(k, key, sealed, ref);
	} else {
		enum err err = k->o.again(k->o.user, key, sealed, ref);

		if (err != OK) {
			keeper_sealed_again(k, ref, err, sealed);
		}
	}
}

/* What no key of ours has sealed is none of our business: not all values of a table need be sealed. */
static bool is_old(const struct keeper *k, struct view sealed)
{
	uint32_t id = seal_key_of(sealed);

	return sealed.len >= SEAL_OVERHEAD && id != k->current && knows(k, id);
}

static void on_page(void *user, uint64_t ref, const struct store_result *result)
{
	struct keeper *k = user;
	size_t rows = result->err == OK ? result->steps[0].rows : 0;
	struct view last = buf_contents(&k->after);
	pool_ref hold;
	void *slot;

	(void)ref;
	if (result->err != OK || pool_take(k->items, &hold, &slot) != OK) {
		timer_start(k->loop, &k->tick, LEARN_MS, next_page, k);
		return;
	}
	/* Its slot keeps the page open until all of it has been looked at. */
	k->at_end = rows < PAGE;
	for (size_t row = 0; row < rows; row++) {
		struct view key = store_at(result, 0, row, 0).bytes;
		struct view sealed = store_at(result, 0, row, 1).bytes;
		bool seen = row == 0 && k->after.len > 0 && view_equal(key, last);

		if (!seen && is_old(k, sealed)) {
			take_old(k, key, sealed);
		}
	}
	if (rows > 0) {
		buf_clear(&k->after);
		buf_view(&k->after, store_at(result, 0, rows - 1, 0).bytes);
	}
	drop_item(k, hold);
}

static void next_page(void *user)
{
	struct keeper *k = user;
	const struct store_step step = {
		.statement = k->o.tables[k->table].page,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&k->after)), STORE_INT_OF(PAGE)},
	};

	if (store_submit(k->o.store, &step, 1, on_page, k, 0) != OK) {
		timer_start(k->loop, &k->tick, LEARN_MS, next_page, k);
	}
}

/* ---- opening and closing ---- */

struct reading {
	struct keeper *k;
	enum err err;
};

static void on_ids(void *user, uint64_t ref, const struct store_result *result)
{
	struct reading *reading = user;
	struct keeper *k = reading->k;

	(void)ref;
	reading->err = result->err;
	for (size_t row = 0; reading->err == OK && row < result->steps[0].rows; row++) {
		reading->err = take_key(k, (uint32_t)store_at(result, 0, row, 0).number,
			store_at(result, 0, row, 1).bytes);
	}
}

static enum err start(struct keeper *k)
{
	struct reading reading = {k, OK};
	const struct store_step step = {.statement = k->o.select};

	TRY(pool_new(sizeof(struct item), PAGE + 2, &k->items));
	TRY(store_run(k->o.store, &step, 1, on_ids, &reading));
	TRY(reading.err);
	k->current = newest(k); /* as the rings have it */
	if (k->count > 1) {
		timer_start(k->loop, &k->tick, k->shared ? GRACE_MS : 0, look, k);
	}
	if (k->shared) {
		timer_start(k->loop, &k->learn, LEARN_MS, learn, k);
	}
	return OK;
}

enum err keeper_open(struct loop *loop, const struct keeper_options *options, struct keeper **ret)
{
	struct keeper *k = calloc(1, sizeof(*k));

	if (!k) {
		return err_fail(ERR_MEMORY, "seal: out of memory");
	}
	k->loop = loop;
	k->o = *options;
	k->shared = store_is_shared(options->store);
	k->after = buf_growing(PLACE_MAX);
	enum err err = start(k);

	if (err != OK) {
		keeper_close(k);
		return err;
	}
	*ret = k;
	return OK;
}

static void free_item(void *user, pool_ref ref, void *slot)
{
	struct item *item = slot;

	(void)user;
	(void)ref;
	free(item->key);
	free(item->old);
}

void keeper_close(struct keeper *k)
{
	if (!k) {
		return;
	}
	timer_stop(k->loop, &k->tick);
	timer_stop(k->loop, &k->learn);
	timer_stop(k->loop, &k->use);
	if (k->begun) {
		tell_begun(k, ERR_CLOSED, "this node stops");
	}
	if (k->items) {
		pool_each(k->items, free_item, NULL);
	}
	pool_free(k->items);
	buf_free(&k->after);
	free(k);
}

void keeper_state(const struct keeper *k, struct keeper_state *ret)
{
	*ret = (struct keeper_state){.current = k->current,
		.keys = k->count,
		.resealed = k->resealed,
		.unreadable = k->unreadable};
}

void keeper_put_state(const struct keeper *k, struct json_writer *w)
{
	json_put_int(w, "current", k->current);
	json_put_int(w, "keys", (int64_t)k->count);
	json_put_int(w, "resealed", (int64_t)k->resealed);
	json_put_int(w, "unreadable", (int64_t)k->unreadable);
}

void keeper_put_metrics(const struct keeper *k, struct buf *out)
{
	if (!k) {
		return;
	}
	metrics_put_one(out, "symbolon_seal_keys", METRIC_GAUGE,
		"Data keys; more than one: a rotation is under way.", k->count);
	metrics_put_one(out, "symbolon_seal_current_key", METRIC_GAUGE,
		"The data key that new values are sealed under.", k->current);
	metrics_put_one(out, "symbolon_seal_resealed_total", METRIC_COUNTER,
		"Values that were sealed anew.", k->resealed);
	metrics_put_one(out, "symbolon_seal_unreadable", METRIC_GAUGE,
		"Values that could not be sealed anew at the last look.", k->unreadable);
}
