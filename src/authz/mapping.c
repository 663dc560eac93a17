// SPDX-License-Identifier: Apache-2.0
#include "authz/mapping.h"

#include "authz/degrees.h"
#include "authz/pseudonyms.h"
#include "authz/registration/registration.h"
#include "authz/schema.h"
#include "authz/sessions.h"
#include "base/text.h"
#include "store/ring.h"
#include "wire/claims.h"

/* A question under way: a unit of these steps, the last where a session is kept. */
enum { STEP_TERMS, STEP_MEMBERS, STEP_SESSION, STEPS };

struct mapping_run {
	mapping_done *done;
	uint64_t ref;
	bool has_client, kept;
	struct ident client;
};

/* Columns of the terms: one row a Ua id. */
enum {
	TERM_ID,
	TERM_ASP,
	TERM_FORMAT,
	TERM_DEGREE,
	TERM_SERVICE,
	TERM_LIFETIME,
	TERM_IDENTITY,
	TERM_UNTIL,
	TERM_UA,
	/* of a client */
	TERM_RIGHTS,
	TERM_SOURCE_RIGHTS,
	TERM_ATTRIBUTES,
	TERM_SUBSCRIBER,
	TERM_RECORD,
	TERM_BROUGHT, /* of a client: pseudonyms from another realm */
	TERM_DEVICE,  /* which device it is in */
};

static enum err submit(struct authz *authz, const struct mapping_question *question, uint64_t ref);
static void on_rows(void *user, uint64_t ref, const struct store_result *result);
static enum err read_answer(struct authz *authz, const struct mapping_run *run,
	const struct store_result *result, struct buf *room, struct mapping_answer *ret);

void mapping_ask(struct authz *authz, const struct mapping_question *question, mapping_done *done,
	uint64_t ref)
{
	struct mapping_run *run;
	pool_ref run_ref;
	struct mapping_answer answer = {
		.err = pool_take(authz->mapping_runs, &run_ref, (void **)&run)};

	if (answer.err == OK) {
		*run = (struct mapping_run){.done = done, .ref = ref};
		if (question->client) {
			run->has_client = true;
			run->client = *question->client;
			run->kept = question->session.len > 0;
		}
		answer.err = submit(authz, question, run_ref);
		if (answer.err == OK) {
			return;
		}
		pool_give(authz->mapping_runs, run_ref);
	}
	answer.detail = err_detail();
	done(authz, ref, &answer);
}

static enum err submit(struct authz *authz, const struct mapping_question *question, uint64_t ref)
{
	char ua_text[UA_SIZE * 2 + 1];
	const struct view application = ident_view(question->application);

	ua_print(question->ua, ua_text);
	struct store_step steps[STEPS] = {
		[STEP_TERMS] = {.statement = ANNOUNCED,
			.param_count = 3,
			.params = {STORE_TEXT_OF(application), STORE_TEXT_OF(view_text(ua_text)),
				STORE_TEXT_OF(question->element)}},
		[STEP_MEMBERS] = {.statement = MEMBERS,
			.param_count = 1,
			.params = {STORE_TEXT_OF(application)}},
	};

	size_t count = STEP_SESSION;

	if (question->client) {
		steps[STEP_TERMS].statement = PERMISSION;
		steps[STEP_TERMS].param_count = 5;
		steps[STEP_TERMS].params[3] = STORE_TEXT_OF(ident_view(question->client));
		steps[STEP_TERMS].params[4] = STORE_INT_OF(env_wall(loop_env(authz->loop)));
	}
	if (question->client && question->session.len > 0) {
		if (sessions_full(authz)) {
			return err_fail(ERR_OVERLOAD, "10.4/3b: too many sessions are kept");
		}
		steps[STEP_SESSION] = steps[STEP_TERMS];
		steps[STEP_SESSION].statement = KEEP_SESSION;
		steps[STEP_SESSION].param_count = 7;
		steps[STEP_SESSION].params[5] = STORE_TEXT_OF(question->session);
		steps[STEP_SESSION].params[6] = STORE_TEXT_OF(question->origin);
		count = STEPS;
	}
	return store_submit(authz->store, steps, count, on_rows, authz, ref);
}

static void on_rows(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct mapping_run *slot = pool_at(authz->mapping_runs, ref);
	struct mapping_answer answer = {.err = result->err, .detail = result->detail};
	BUF_CLEANUP struct buf attributes = buf_growing(RP_ATTRIBUTES);

	if (!slot) {
		return;
	}
	struct mapping_run run = *slot;

	pool_give(authz->mapping_runs, ref);
	if (answer.err == ERR_CONFLICT) { /* the permission went while the session was written */
		answer.err = ERR_DENIED;
	}
	if (answer.err == OK) {
		answer.err = read_answer(authz, &run, result, &attributes, &answer);
		answer.detail = err_detail();
	}
	run.done(authz, run.ref, &answer);
	buf_wipe(&attributes);
}

static struct view text_at(const struct store_result *result, int column)
{
	return store_at(result, STEP_TERMS, 0, (size_t)column).bytes;
}

static int64_t number_at(const struct store_result *result, int column)
{
	return store_at(result, STEP_TERMS, 0, (size_t)column).number;
}

static enum err read_uas(const struct store_result *result, struct mapping_answer *ret)
{
	size_t count = result->steps[STEP_TERMS].rows;

	if (count > RP_UAS) {
		return err_fail(ERR_RANGE, "10.4/3b: %zu Ua ids of one application", count);
	}
	for (size_t i = 0; i < count; i++) {
		TRY(ua_parse(store_at(result, STEP_TERMS, i, TERM_UA).bytes, &ret->uas[i]));
	}
	ret->ua_count = count;
	return OK;
}

/* 9.6.1: what a group's token opens; none for an application that stands alone. */
static enum err read_members(const struct store_result *result, struct mapping_answer *ret)
{
	size_t count = result->steps[STEP_MEMBERS].rows;

	if (count == 0) {
		return OK;
	}
	if (count > RP_MEMBERS - 1) {
		return err_fail(ERR_RANGE, "10.4/3b: %zu members of one group", count);
	}
	ret->members[0] = text_at(result, TERM_ID);
	for (size_t i = 0; i < count; i++) {
		ret->members[1 + i] = store_at(result, STEP_MEMBERS, i, 0).bytes;
	}
	ret->member_count = 1 + count;
	return OK;
}

/* req: B8.4-a */
static enum err read_terms(struct authz *authz, const struct store_result *result,
	struct mapping_answer *ret)
{
	struct degree degree;

	ret->format = text_at(result, TERM_FORMAT);
	ret->degree = text_at(result, TERM_DEGREE);
	ret->identity = number_at(result, TERM_IDENTITY) != 0;
	ret->token_lifetime = number_at(result, TERM_LIFETIME);
	if (degree_find(authz->conf, ret->degree, &degree) != OK) {
		return err_fail(ERR_CONFIG, "8.4: an application's degree is not configured here");
	}
	ret->need = degree.need;
	if (degree.lifetime < ret->token_lifetime) {
		ret->token_lifetime = degree.lifetime;
	}
	TRY(ident_parse(IDENT_APPLICATION, text_at(result, TERM_ID), &ret->application));
	TRY(read_uas(result, ret));
	return read_members(result, ret);
}

/* A right that was delegated is there as long as it is in what it comes from. */
static enum err read_rights(const struct store_result *result, struct words *ret)
{
	const struct store_value source = store_at(result, STEP_TERMS, 0, TERM_SOURCE_RIGHTS);
	struct words own, of_source;

	TRY(words_parse(text_at(result, TERM_RIGHTS), "rights", &own));
	if (source.type == STORE_NULL) {
		*ret = own;
		return OK;
	}
	TRY(words_parse(source.bytes, "rights", &of_source));
	words_common(&own, &of_source, ret);
	return OK;
}

static bool is_there(const struct store_result *result, int column)
{
	return store_at(result, STEP_TERMS, 0, (size_t)column).type != STORE_NULL;
}

/* Exactly what was granted, of what there is.  req: B9.4.1-g B7.5-f R9.2-note */
static enum err read_attributes(struct authz *authz, const struct store_result *result,
	struct buf *room, struct view *ret)
{
	struct json_writer w = json_to(room);
	struct words granted;

	TRY(words_parse(text_at(result, TERM_ATTRIBUTES), "attributes", &granted));
	const bool tells_device =
		words_has(&granted, view_text(CLAIM_DEVICE)) && is_there(result, TERM_DEVICE);

	if (!granted.text[0] || (!is_there(result, TERM_RECORD) && !tells_device)) {
		return OK;
	}
	json_open(&w, NULL);
	if (is_there(result, TERM_RECORD)) {
		TRY(subscriber_put_attributes(authz, text_at(result, TERM_SUBSCRIBER),
			text_at(result, TERM_RECORD), &granted, &w));
	}
	if (tells_device) {
		json_put_text(&w, CLAIM_DEVICE, text_at(result, TERM_DEVICE));
	}
	json_close(&w);
	TRY(buf_end(room, "attributes"));
	*ret = buf_contents(room);
	return OK;
}

static enum err read_answer(struct authz *authz, const struct mapping_run *run,
	const struct store_result *result, struct buf *room, struct mapping_answer *ret)
{
	if (result->steps[STEP_TERMS].rows == 0) {
		return err_fail(ERR_DENIED, "10.4/3b: the service permission flag is not set");
	}
	int64_t left = number_at(result, TERM_UNTIL) - env_wall(loop_env(authz->loop));

	if (left <= 0) { /* over since it was asked for: 0 or less would say no limit */
		return err_fail(ERR_DENIED, "10.4/3b: the permission has just run out");
	}
	if (run->kept) {
		if (result->steps[STEP_SESSION].changed == 0) {
			return err_fail(ERR_DENIED, "10.4/3a: Session-Id of another permission");
		}
		sessions_count_one(authz);
	}
	TRY(read_terms(authz, result, ret));
	ret->lifetime = number_at(result, TERM_LIFETIME);
	ret->lifetime = left < ret->lifetime ? left : ret->lifetime;
	if (!run->has_client) {
		return OK;
	}
	TRY(read_rights(result, &ret->rights));
	TRY(read_attributes(authz, result, room, &ret->attributes));
	ret->setting.id = (int)number_at(result, TERM_SERVICE);
	ret->setting.type = 1;
	ret->setting.flags[0] = 1;
	ret->setting.flag_count = 1;
	return pseudonym_of(authz, &run->client, text_at(result, TERM_ASP),
		text_at(result, TERM_BROUGHT), ret->setting.uid);
}

enum err mapping_start_up(struct authz *authz)
{
	TRY(degrees_check(authz->conf));
	TRY(pool_new(sizeof(struct mapping_run), (size_t)authz->conf->questions,
		&authz->mapping_runs));
	return ring_open_secret(authz->store, loop_env(authz->loop), authz->ring,
		&(struct ring_secret){"realm-secret", FIND_SETTING, ADD_SETTING},
		&authz->realm_secret);
}

void mapping_shut_down(struct authz *authz)
{
	pool_free(authz->mapping_runs);
	authz->mapping_runs = NULL;
}
