// SPDX-License-Identifier: Apache-2.0
#include "registry/keys.h"

#include "registry/schema.h"

#include <stdio.h>

enum { PEM_MAX = 1024, PLACE = 64 };

struct found {
	struct buf sealed;
	enum err err;
};

static void on_found(void *user, uint64_t ref, const struct store_result *result)
{
	struct found *f = user;

	(void)ref;
	f->err = result->err;
	if (f->err == OK && result->steps[0].rows > 0) {
		buf_view(&f->sealed, store_at(result, 0, 0, 0).bytes);
		f->err = buf_end(&f->sealed, "key");
	}
}

static enum err find(struct registry *registry, const char *name, struct found *f)
{
	const struct store_step step = {
		.statement = FIND_SETTING,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(name))},
	};

	TRY(store_run(registry->store, &step, 1, on_found, f));
	return f->err;
}

static void on_added(void *user, uint64_t ref, const struct store_result *result)
{
	struct found *f = user;

	(void)ref;
	f->err = result->err;
}

static enum err add(struct registry *registry, const char *name, const char *place,
	enum jose_algorithm algorithm)
{
	struct found f = {.sealed = buf_growing(PEM_MAX + SEAL_OVERHEAD)};
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	BUF_CLEANUP struct buf pem = buf_growing(PEM_MAX);
	enum err err = jose_key_make(algorithm, &key);

	err = err == OK ? jose_key_to_pem(key, true, &pem) : err;
	err = err == OK ? seal_close(registry->ring, place, buf_contents(&pem), &f.sealed) : err;
	if (err == OK) {
		const struct store_step step = {
			.statement = ADD_SETTING,
			.param_count = 2,
			.params = {STORE_TEXT_OF(view_text(name)),
				STORE_BLOB_OF(buf_contents(&f.sealed))},
		};

		err = store_run(registry->store, &step, 1, on_added, &f);
		err = err == OK ? f.err : err;
	}
	buf_wipe(&pem);
	buf_free(&f.sealed);
	return err;
}

static enum err open_sealed(struct registry *registry, const char *place, struct view sealed,
	struct jose_key **ret)
{
	BUF_CLEANUP struct buf pem = buf_growing(PEM_MAX);
	enum err err = seal_open(registry->ring, place, sealed, &pem);

	err = err == OK ? jose_key_from_pem(buf_contents(&pem), ret) : err;
	buf_wipe(&pem);
	return err;
}

static enum err open_key(struct registry *registry, const char *name, enum jose_algorithm algorithm,
	struct jose_key **ret)
{
	struct found f = {.sealed = buf_growing(PEM_MAX + SEAL_OVERHEAD)};
	char place[PLACE];

	(void)snprintf(place, sizeof(place), "setting/record/%s", name);
	enum err err = find(registry, name, &f);

	if (err == OK && f.sealed.len == 0) {
		err = add(registry, name, place, algorithm);
		err = err == OK ? find(registry, name, &f) : err;
	}
	err = err == OK ? open_sealed(registry, place, buf_contents(&f.sealed), ret) : err;
	buf_free(&f.sealed);
	return err;
}

enum err keys_start_up(struct registry *registry)
{
	const struct ring_secret log = {"log-seed", FIND_SETTING, ADD_SETTING};

	TRY(open_key(registry, "answer-key", JOSE_ES256, &registry->answer_key));
	return ring_open_secret(registry->store, loop_env(registry->loop), registry->ring, &log,
		&registry->log_seed);
}

void keys_shut_down(struct registry *registry)
{
	jose_key_free(registry->answer_key);
	registry->answer_key = NULL;
	secret_wipe(&registry->log_seed);
}
