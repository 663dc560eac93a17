// SPDX-License-Identifier: Apache-2.0
#include "authz/keys.h"

#include "authz/figures.h"
#include "authz/schema.h"
#include "base/log.h"

#include <string.h>

/* A vector under way: advance SQN -> make; or find the key -> resynchronise -> set SQN -> make. */
struct vector_run {
	struct authz *authz;
	pool_ref ref;
	keys_done *done;
	uint64_t done_ref;
	uint8_t rand_auts[RAND_SIZE + AUTS_SIZE];
	char client[IDENT_MAX + 1]; /* of the row: the dummy's is empty */
	unsigned awaits;	    /* of the row */
};

static enum err submit(struct vector_run *run, const struct store_step *step, store_done *done);
static void on_advanced(void *user, uint64_t ref, const struct store_result *result);
static void on_vector(void *user, uint64_t ref, const struct vault_answer *answer);
static void on_key(void *user, uint64_t ref, const struct store_result *result);
static void on_resynced(void *user, uint64_t ref, const struct vault_answer *answer);

static void end(struct vector_run *run, enum err result, const struct vector *vector)
{
	struct authz *authz = run->authz;
	keys_done *done = run->done;
	uint64_t ref = run->done_ref;
	unsigned awaits = run->awaits;

	pool_give(authz->vector_runs, run->ref);
	done(authz, ref, result, vector, awaits);
}

void keys_make_vector(struct authz *authz, struct view client, const uint8_t *rand_auts,
	keys_done *done, uint64_t ref)
{
	struct vector_run *run;
	pool_ref run_ref;
	struct store_step step = {.expect = STORE_ONE,
		.param_count = 1,
		.params = {STORE_TEXT_OF(client)}};

	if (pool_take(authz->vector_runs, &run_ref, (void **)&run) != OK) {
		done(authz, ref, err_fail(ERR_OVERLOAD, "RP_B: too many vectors under way"), NULL,
			0);
		return;
	}
	run->authz = authz;
	run->ref = run_ref;
	run->done = done;
	run->done_ref = ref;
	step.statement = rand_auts ? FIND_KEY : ADVANCE_SQN;
	if (rand_auts) {
		memcpy(run->rand_auts, rand_auts, sizeof(run->rand_auts));
	}
	enum err err = submit(run, &step, rand_auts ? on_key : on_advanced);

	if (err != OK) {
		end(run, err, NULL);
	}
}

static enum err submit(struct vector_run *run, const struct store_step *step, store_done *done)
{
	return store_submit(run->authz->store, step, 1, done, run->authz, run->ref);
}

/* The row that a statement gave: client, key; the run ends here when there is none. */
static struct vector_run *row_of(struct authz *authz, uint64_t ref,
	const struct store_result *result)
{
	struct vector_run *run = pool_at(authz->vector_runs, ref);

	if (!run) {
		return NULL;
	}
	if (result->err != OK) {
		enum err err = result->err == ERR_CONFLICT ? ERR_RANGE : result->err;

		end(run, err_fail(err, "10.4/1c: %s", result->detail), NULL);
		return NULL;
	}
	struct view client = store_at(result, 0, 0, 0).bytes;

	if (client.len > IDENT_MAX) {
		end(run, err_fail(ERR_RANGE, "10.4/1c: client too long in the store"), NULL);
		return NULL;
	}
	memcpy(run->client, client.data ? client.data : (const uint8_t *)"", client.len);
	run->client[client.len] = '\0';
	return run;
}

/* 10.4/1c: the SQN is committed; only now may a vector be made with it. */
static void on_advanced(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct vector_run *run = row_of(authz, ref, result);

	if (!run) {
		return;
	}
	run->awaits = (unsigned)store_at(result, 0, 0, 3).number;
	enum err err = vault_make_vector(authz->vault, view_text(run->client),
		store_at(result, 0, 0, 1).bytes, (uint64_t)store_at(result, 0, 0, 2).number,
		on_vector, authz, ref);

	if (err != OK) {
		end(run, err, NULL);
	}
}

static void on_vector(void *user, uint64_t ref, const struct vault_answer *answer)
{
	struct authz *authz = user;
	struct vector_run *run = pool_at(authz->vector_runs, ref);

	if (run) {
		end(run, answer->err == OK ? OK : err_fail(answer->err, "%s", answer->detail),
			&answer->vector);
	}
}

static void on_key(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct vector_run *run = row_of(authz, ref, result);

	if (!run) {
		return;
	}
	enum err err = vault_resync(authz->vault, view_text(run->client),
		store_at(result, 0, 0, 1).bytes, run->rand_auts, on_resynced, authz, ref);

	if (err != OK) {
		end(run, err, NULL);
	}
}

/* TS 33.102 6.3.5: AUTS is genuine, so that SQN_MS may move SQN_HE. */
static void on_resynced(void *user, uint64_t ref, const struct vault_answer *answer)
{
	struct authz *authz = user;
	struct vector_run *run = pool_at(authz->vector_runs, ref);

	if (!run) {
		return;
	}
	if (answer->err != OK) {
		end(run, err_fail(answer->err, "%s", answer->detail), NULL);
		return;
	}
	authz_figures_resynchronised(authz);
	const struct store_step step = {
		.statement = RESYNC_SQN,
		.expect = STORE_ONE,
		.param_count = 2,
		.params = {STORE_TEXT_OF(view_text(run->client)),
			STORE_INT_OF((int64_t)answer->sqn_ms)},
	};
	enum err err = submit(run, &step, on_advanced);

	if (err != OK) {
		end(run, err, NULL);
	}
}

/* The row for clients that nobody registered, made on the first start, before anybody can ask. */
struct dummy {
	struct authz *authz;
	enum err err;
	bool found, done;
};

static void on_dummy_found(void *user, uint64_t ref, const struct store_result *result)
{
	struct dummy *dummy = user;

	(void)ref;
	dummy->found = result->err == OK && result->steps[0].rows == 1;
}

static void on_dummy_stored(void *user, uint64_t ref, const struct store_result *result)
{
	(void)user;
	(void)ref;
	(void)result;
}

static enum err store_dummy(struct dummy *dummy, const struct vault_answer *answer)
{
	const struct store_step step = {
		.statement = ADD_DUMMY,
		.param_count = 3,
		.params = {STORE_BLOB_OF(view_of(answer->sealed, answer->sealed_len)),
			STORE_INT_OF(0), STORE_INT_OF(env_wall(loop_env(dummy->authz->loop)))},
	};

	TRY(answer->err == OK ? OK : err_fail(answer->err, "%s", answer->detail));
	return store_run(dummy->authz->store, &step, 1, on_dummy_stored, dummy);
}

static void on_dummy_sealed(void *user, uint64_t ref, const struct vault_answer *answer)
{
	struct dummy *dummy = user;

	(void)ref;
	dummy->err = store_dummy(dummy, answer);
	dummy->done = true;
}

static enum err seal_dummy(struct dummy *dummy)
{
	struct authz *authz = dummy->authz;
	const struct env *env = loop_env(authz->loop);
	struct aka_key key = {.algorithm = AKA_MILENAGE, .amf = {0x80, 0x00}};
	uint8_t random[32];

	TRY(env->random(env, random, sizeof(random)));
	TRY(secret_set(&key.k, random, 16));
	TRY(secret_set(&key.opc, random + 16, 16));
	enum err err = vault_seal(authz->vault, view_text(DUMMY_CLIENT), &key, false,
		on_dummy_sealed, dummy, 0);

	aka_key_wipe(&key);
	bytes_wipe(random, sizeof(random));
	return err;
}

/* Kept when one is there: the row's key never changes, as a device's would not. */
static enum err make_dummy(struct authz *authz)
{
	struct dummy dummy = {.authz = authz};
	const struct store_step step = {.statement = FIND_DUMMY};

	TRY(store_run(authz->store, &step, 1, on_dummy_found, &dummy));
	if (dummy.found) {
		return OK;
	}
	TRY(seal_dummy(&dummy));
	while (!dummy.done) { /* the vault answers always, on this thread */
		loop_turn(authz->loop, 100);
	}
	return dummy.err;
}

enum err keys_start_up(struct authz *authz)
{
	TRY(pool_new(sizeof(struct vector_run), (size_t)authz->conf->questions,
		&authz->vector_runs));
	return make_dummy(authz);
}

void keys_shut_down(struct authz *authz)
{
	pool_free(authz->vector_runs);
	authz->vector_runs = NULL;
}
