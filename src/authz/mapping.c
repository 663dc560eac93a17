// SPDX-License-Identifier: Apache-2.0
#include "authz/mapping.h"

#include "authz/schema.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define REALM_SECRET	   "realm-secret"
#define REALM_SECRET_PLACE "setting/record/" REALM_SECRET

struct mapping_run {
	mapping_done *done;
	uint64_t ref;
	struct ident client;
};

static void on_rows(void *user, uint64_t ref, const struct store_result *result);
static enum err read_row(struct authz *authz, const struct mapping_run *run,
	const struct store_result *result, struct mapping_answer *ret);

void mapping_ask(struct authz *authz, const struct ident *client, const struct ident *application,
	struct ua ua, struct view element, mapping_done *done, uint64_t ref)
{
	char ua_text[UA_SIZE * 2 + 1];
	struct mapping_run *run;
	pool_ref run_ref;
	struct mapping_answer answer = {
		.err = pool_take(authz->mapping_runs, &run_ref, (void **)&run)};

	ua_print(ua, ua_text);
	const struct store_step step = {
		.statement = PERMISSION,
		.param_count = 5,
		.params = {STORE_TEXT_OF(ident_view(application)),
			STORE_TEXT_OF(view_text(ua_text)), STORE_TEXT_OF(ident_view(client)),
			STORE_TEXT_OF(element), STORE_INT_OF(env_wall(loop_env(authz->loop)))},
	};

	if (answer.err == OK) {
		*run = (struct mapping_run){.done = done, .ref = ref, .client = *client};
		answer.err = store_submit(authz->store, &step, 1, on_rows, authz, run_ref);
		if (answer.err == OK) {
			return;
		}
		pool_give(authz->mapping_runs, run_ref);
	}
	answer.detail = err_detail();
	done(authz, ref, &answer);
}

static void on_rows(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct mapping_run *slot = pool_at(authz->mapping_runs, ref);
	struct mapping_answer answer = {.err = result->err, .detail = result->detail};

	if (!slot) {
		return;
	}
	struct mapping_run run = *slot;

	pool_give(authz->mapping_runs, ref);
	if (answer.err == OK) {
		answer.err = read_row(authz, &run, result, &answer);
		answer.detail = err_detail();
	}
	run.done(authz, run.ref, &answer);
}

static enum err read_row(struct authz *authz, const struct mapping_run *run,
	const struct store_result *result, struct mapping_answer *ret)
{
	struct ident asp;

	if (result->steps[0].rows == 0) {
		return err_fail(ERR_DENIED, "10.4/3b: the service permission flag is not set");
	}
	TRY(ident_parse(IDENT_ASP, store_at(result, 0, 0, 0).bytes, &asp));
	int64_t left = store_at(result, 0, 0, 4).number - env_wall(loop_env(authz->loop));

	if (left <= 0) { /* over since it was asked for: 0 or less would say no limit */
		return err_fail(ERR_DENIED, "10.4/3b: the permission has just run out");
	}
	ret->lifetime = store_at(result, 0, 0, 2).number;
	ret->lifetime = left < ret->lifetime ? left : ret->lifetime;
	ret->identity = store_at(result, 0, 0, 3).number != 0;
	ret->setting.id = (int)store_at(result, 0, 0, 1).number;
	ret->setting.type = 1;
	ret->setting.flags[0] = 1;
	ret->setting.flag_count = 1;
	return token_pseudonym(&authz->realm_secret, &run->client, &asp, ret->setting.uid);
}

struct reading {
	struct authz *authz;
	enum err err;
	bool found;
};

static void on_secret(void *user, uint64_t ref, const struct store_result *result)
{
	struct reading *reading = user;
	uint8_t bytes[SECRET_MAX];
	struct buf plain = buf_fixed(bytes, sizeof(bytes));

	(void)ref;
	reading->err = result->err;
	reading->found = result->err == OK && result->steps[0].rows == 1;
	if (!reading->found) {
		return;
	}
	reading->err = seal_open(reading->authz->ring, REALM_SECRET_PLACE,
		store_at(result, 0, 0, 0).bytes, &plain);
	if (reading->err == OK) {
		reading->err = secret_set(&reading->authz->realm_secret, plain.data, plain.len);
	}
	bytes_wipe(bytes, sizeof(bytes));
}

static void on_done(void *user, uint64_t ref, const struct store_result *result)
{
	struct reading *reading = user;

	(void)ref;
	reading->err = result->err;
}

static enum err make_secret(struct authz *authz)
{
	struct reading reading = {.authz = authz};
	uint8_t bytes[32];
	BUF_CLEANUP struct buf sealed = buf_growing(256);

	TRY(loop_env(authz->loop)->random(loop_env(authz->loop), bytes, sizeof(bytes)));
	TRY(secret_set(&authz->realm_secret, bytes, sizeof(bytes)));
	bytes_wipe(bytes, sizeof(bytes));
	TRY(seal_close(authz->ring, REALM_SECRET_PLACE, secret_view(&authz->realm_secret), &sealed));
	const struct store_step step = {
		.statement = ADD_SETTING,
		.expect = STORE_ONE,
		.param_count = 2,
		.params = {STORE_TEXT_OF(view_text(REALM_SECRET)),
			STORE_BLOB_OF(buf_contents(&sealed))},
	};

	TRY(store_run(authz->store, &step, 1, on_done, &reading));
	return reading.err;
}

enum err mapping_start_up(struct authz *authz)
{
	struct reading reading = {.authz = authz};
	const struct store_step step = {
		.statement = FIND_SETTING,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(REALM_SECRET))},
	};

	TRY(pool_new(sizeof(struct mapping_run), (size_t)authz->conf->questions,
		&authz->mapping_runs));
	TRY(store_run(authz->store, &step, 1, on_secret, &reading));
	TRY(reading.err);
	return reading.found ? OK : make_secret(authz);
}

void mapping_shut_down(struct authz *authz)
{
	pool_free(authz->mapping_runs);
	authz->mapping_runs = NULL;
}
