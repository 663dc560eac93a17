// SPDX-License-Identifier: Apache-2.0
#include "store/ring.h"

#include "base/log.h"

#include <stdio.h>

enum { KEYS_MAX = 64, WRAPPED_MAX = 128 };

struct wrapped_key {
	uint32_t id;
	uint8_t bytes[WRAPPED_MAX];
	size_t len;
};

struct opening {
	const struct ring_options *options;
	struct store *store;
	struct seal_ring *ring;
	struct seal_ring *old; /* of the master key before; NULL: none was named */
	struct wrapped_key keys[KEYS_MAX];
	size_t count;
	enum err err;
};

static void on_keys(void *user, uint64_t ref, const struct store_result *result)
{
	struct opening *o = user;

	(void)ref;
	o->err = result->err;
	if (o->err == OK && result->steps[0].rows > KEYS_MAX) {
		o->err = err_fail(ERR_RANGE, "store: more than %d data keys", KEYS_MAX);
	}
	for (size_t row = 0; o->err == OK && row < result->steps[0].rows; row++) {
		struct wrapped_key *key = &o->keys[o->count++];
		struct buf bytes = buf_fixed(key->bytes, sizeof(key->bytes));

		key->id = (uint32_t)store_at(result, 0, row, 0).number;
		buf_view(&bytes, store_at(result, 0, row, 1).bytes);
		key->len = bytes.len;
		o->err = buf_end(&bytes, "data key");
	}
}

static void on_written(void *user, uint64_t ref, const struct store_result *result)
{
	struct opening *o = user;

	(void)ref;
	o->err = result->err;
}

static enum err write_key(struct opening *o, int statement, uint32_t id, struct view wrapped)
{
	const struct store_step step = {
		.statement = statement,
		.expect = STORE_ONE,
		.param_count = 2,
		.params = {STORE_INT_OF(id), STORE_BLOB_OF(wrapped)},
	};

	TRY(store_run(o->store, &step, 1, on_written, o));
	return o->err;
}

static enum err make_first(struct opening *o)
{
	BUF_CLEANUP struct buf wrapped = buf_growing(WRAPPED_MAX);

	TRY(seal_ring_make(o->ring, 1, &wrapped));
	return write_key(o, o->options->insert, 1, buf_contents(&wrapped));
}

/* Each key in a unit of its own: a process that ends in between goes on at its next start. */
static enum err rewrap(struct opening *o, const struct wrapped_key *key)
{
	BUF_CLEANUP struct buf wrapped = buf_growing(WRAPPED_MAX);

	TRY(seal_rewrap(o->old, o->ring, key->id, view_of(key->bytes, key->len), &wrapped));
	TRY(write_key(o, o->options->update, key->id, buf_contents(&wrapped)));
	log_event(LOG_INFO, "seal.rewrapped", "", LOG_INT("key", key->id));
	return seal_ring_add(o->ring, key->id, buf_contents(&wrapped));
}

static enum err open_keys(struct opening *o)
{
	const struct store_step step = {.statement = o->options->select};

	TRY(store_run(o->store, &step, 1, on_keys, o));
	TRY(o->err);
	for (size_t i = 0; i < o->count; i++) {
		const struct wrapped_key *key = &o->keys[i];
		enum err err = seal_ring_add(o->ring, key->id, view_of(key->bytes, key->len));

		if (err == ERR_AUTH && o->old) {
			err = rewrap(o, key);
		}
		TRY(err);
	}
	return o->count > 0 ? OK : make_first(o);
}

static enum err ring_of(const char *file, const struct env *env, struct seal_ring **ret)
{
	SECRET(master);

	TRY(seal_master_from_file(file, &master));
	return seal_ring_new(env, &master, ret);
}

enum err ring_open(struct store *store, const struct env *env, const struct ring_options *options,
	struct seal_ring **ret)
{
	struct opening o = {.options = options, .store = store};
	const char *old = options->old_master_key;
	enum err err = ring_of(options->master_key, env, &o.ring);

	if (err == OK && old && old[0]) {
		err = ring_of(old, env, &o.old);
	}
	if (err == OK) {
		err = open_keys(&o);
	}
	seal_ring_free(o.old);
	if (err != OK) {
		seal_ring_free(o.ring);
		return err;
	}
	*ret = o.ring;
	return OK;
}

/* Secrets */

enum { RING_SECRET = 32, PLACE_MAX = 96 };

struct secret_reading {
	struct seal_ring *ring;
	const char *place;
	struct secret *secret;
	enum err err;
};

static void on_secret(void *user, uint64_t ref, const struct store_result *result)
{
	struct secret_reading *reading = user;
	uint8_t bytes[SECRET_MAX];
	struct buf plain = buf_fixed(bytes, sizeof(bytes));

	(void)ref;
	reading->err = result->err;
	if (result->err != OK) {
		return;
	}
	reading->err =
		seal_open(reading->ring, reading->place, store_at(result, 1, 0, 0).bytes, &plain);
	if (reading->err == OK) {
		reading->err = secret_set(reading->secret, plain.data, plain.len);
	}
	bytes_wipe(bytes, sizeof(bytes));
}

static enum err seal_new_secret(const struct env *env, struct seal_ring *ring, const char *place,
	struct buf *ret)
{
	uint8_t bytes[RING_SECRET];

	TRY(env->random(env, bytes, sizeof(bytes)));
	enum err err = seal_close(ring, place, view_of(bytes, sizeof(bytes)), ret);

	bytes_wipe(bytes, sizeof(bytes));
	return err;
}

enum err ring_open_secret(struct store *store, const struct env *env, struct seal_ring *ring,
	const struct ring_secret *which, struct secret *ret)
{
	const struct store_value name = STORE_TEXT_OF(view_text(which->name));
	char place[PLACE_MAX];
	struct secret_reading reading = {.ring = ring, .place = place, .secret = ret};
	BUF_CLEANUP struct buf sealed = buf_growing(256);

	(void)snprintf(place, sizeof(place), "setting/record/%s", which->name);
	TRY(seal_new_secret(env, ring, place, &sealed));
	const struct store_step steps[] = {
		{.statement = which->add,
			.param_count = 2,
			.params = {name, STORE_BLOB_OF(buf_contents(&sealed))}},
		{.statement = which->find, .expect = STORE_ONE, .param_count = 1, .params = {name}},
	};

	TRY(store_run(store, steps, 2, on_secret, &reading));
	return reading.err;
}
