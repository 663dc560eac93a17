// SPDX-License-Identifier: Apache-2.0
/* grants: which client may use which application: the service permission flag.  req: B9.2.2-f B9.2.2-h */
#include "authz/registration.h"

#include "authz/mapping.h"
#include "base/text.h"
#include "wire/claims.h"

#include <string.h>

enum { PERMISSION_NAME = 16 }; /* random bytes: sessions refer to them */

static call_put put;

static enum err read_until(const struct call *call, int64_t *ret)
{
	struct view text = {0};

	*ret = FOREVER;
	TRY(json_text_opt(call->body, "until", &text));
	if (!text.data) {
		return OK;
	}
	TRY(text_from_time(text, ret, "until"));
	if (*ret <= env_wall(loop_env(call->authz->loop))) {
		return err_fail(ERR_RANGE, "until: it is past already");
	}
	return OK;
}

/* The columns of a grant. */
enum {
	AT_CLIENT,
	AT_APPLICATION,
	AT_UNTIL,
	AT_CREATED,
	AT_RIGHTS,
	AT_ATTRIBUTES,
	AT_SET_BY,
	AT_FROM
};

static void put_grant(struct json_writer *w, const struct store_result *result, size_t step,
	size_t row)
{
	int64_t until = store_at(result, step, row, AT_UNTIL).number;
	char time[TEXT_TIME];

	json_open(w, NULL);
	json_put_text(w, "client", store_at(result, step, row, AT_CLIENT).bytes);
	json_put_text(w, "application", store_at(result, step, row, AT_APPLICATION).bytes);
	call_put_words(w, "rights", store_at(result, step, row, AT_RIGHTS).bytes);
	call_put_words(w, "attributes", store_at(result, step, row, AT_ATTRIBUTES).bytes);
	if (until != FOREVER) {
		text_time(until, time);
		json_put_string(w, "until", time);
	}
	text_time(store_at(result, step, row, AT_CREATED).number, time);
	json_put_string(w, "created", time);
	json_put_text(w, "set_by", store_at(result, step, row, AT_SET_BY).bytes);
	if (store_at(result, step, row, AT_FROM).type != STORE_NULL) {
		json_put_text(w, "delegated_from", store_at(result, step, row, AT_FROM).bytes);
	}
	json_close(w);
}

/* The steps of a grant. */
enum {
	STEP_DEVICE,
	STEP_APPLICATION,
	STEP_ALONE,
	STEP_SET,
	STEP_CHANGE,
	STEP_BOUND,
	STEP_DELEGATED,
	STEP_ROW,
	SET_STEPS
};

/* Answers with the row as it is: a grant that was set before keeps its first time. */
static enum err on_set(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);

	put_grant(&w, result, STEP_ROW, 0);
	call_answer(call, 200);
	return OK;
}

/* What a grant says beside who and what. */
struct terms {
	int64_t until;
	struct words rights, attributes;
	bool has_attributes; /* else they stay as they are */
};

static enum err read_terms(const struct call *call, struct terms *ret)
{
	*ret = (struct terms){.has_attributes = json_member(call->body, "attributes") != NULL};
	TRY(read_until(call, &ret->until));
	TRY(call_body_words(call, "rights", &ret->rights));
	TRY(call_body_words(call, "attributes", &ret->attributes));
	return claims_check_names(&ret->attributes, "attributes");
}

/* Rights reach the sessions that stand on the permission, and on what was delegated from it.  req: B7.7-e B9.2.2-h */
static void set_steps(const struct ident *client, const struct ident *application,
	const struct terms *terms, struct store_value ref, int64_t now, struct store_step *ret)
{
	const struct store_value who = STORE_TEXT_OF(ident_view(client));
	const struct store_value what = STORE_TEXT_OF(ident_view(application));
	const struct store_value until = STORE_INT_OF(terms->until);
	const struct store_value attributes =
		terms->has_attributes ? STORE_TEXT_OF(words_view(&terms->attributes))
				      : STORE_NULL_OF();
	const struct store_step steps[SET_STEPS] = {
		[STEP_DEVICE] = {FIND_DEVICE, .expect = STORE_ONE, .param_count = 1,
			.params = {who}},
		[STEP_APPLICATION] = {FIND_APPLICATION, .expect = STORE_SOME, .param_count = 1,
			.params = {what}},
		[STEP_ALONE] = {FIND_ALONE, .expect = STORE_ONE, .param_count = 1, .params = {what}},
		[STEP_SET] = {SET_GRANT, .expect = STORE_ONE, .param_count = 8,
			.params = {who, what, until, STORE_INT_OF(now), ref,
				STORE_TEXT_OF(words_view(&terms->rights)), attributes,
				STORE_TEXT_OF(view_text("operator"))}},
		[STEP_CHANGE] = {CHANGE_GRANT, .param_count = 1, .params = {ref}},
		[STEP_BOUND] = {BOUND_DELEGATED, .param_count = 2, .params = {ref, until}},
		[STEP_DELEGATED] = {CHANGE_DELEGATED, .param_count = 1, .params = {ref}},
		[STEP_ROW] = {FIND_GRANT, .expect = STORE_ONE, .param_count = 2,
			.params = {who, what}},
	};

	memcpy(ret, steps, sizeof(steps));
}

enum err grant_set(struct call *call)
{
	static const char *const known[] = {"client", "application", "until", "rights",
		"attributes", NULL};
	static const struct call_fault faults[] = {
		{STEP_DEVICE, ERR_CONFLICT, ERR_NOT_FOUND,
			"client: none with this id is registered"},
		{STEP_APPLICATION, ERR_CONFLICT, ERR_NOT_FOUND,
			"application: none with this id is registered"},
		{STEP_ALONE, ERR_CONFLICT, ERR_CONFLICT,
			"application: tokens of its group open it; grant the group"},
	};
	const struct env *env = loop_env(call->authz->loop);
	struct ident client, application;
	uint8_t name[PERMISSION_NAME];
	struct terms terms;
	struct store_step steps[SET_STEPS];

	TRY(json_only(call->body, known));
	TRY(call_body_ident(call, "client", IDENT_CLIENT, &client));
	TRY(call_body_ident(call, "application", IDENT_APPLICATION, &application));
	TRY(read_terms(call, &terms));
	TRY(env->random(env, name, sizeof(name)));
	set_steps(&client, &application, &terms, STORE_BLOB_OF(view_of(name, sizeof(name))),
		env_wall(env), steps);
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, SET_STEPS, on_set);
}

static enum err both_wanted(enum err err)
{
	return err == ERR_NOT_FOUND ? err_fail(ERR_SYNTAX, "?client= and &application= are wanted")
				    : err;
}

/* Tells how many sessions lost their permission; each is aborted where it is used (RFC 6733 8.5). */
static enum err on_cleared(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);

	if (result->steps[1].changed == 0) {
		return err_fail(ERR_NOT_FOUND, "no such thing: this permission is not set");
	}
	json_open(&w, NULL);
	json_put_int(&w, "sessions", store_at(result, 0, 0, 0).number);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

enum err grant_clear(struct call *call)
{
	struct ident client, application;

	TRY(both_wanted(call_query_ident(call, "client", IDENT_CLIENT, &client)));
	TRY(both_wanted(call_query_ident(call, "application", IDENT_APPLICATION, &application)));
	const struct store_value params[] = {STORE_TEXT_OF(ident_view(&client)),
		STORE_TEXT_OF(ident_view(&application)),
		STORE_INT_OF(env_wall(loop_env(call->authz->loop)))};
	const struct store_step steps[] = {
		{.statement = COUNT_SESSIONS_OF,
			.param_count = 3,
			.params = {params[0], params[1], params[2]}},
		{.statement = DROP_GRANT, .param_count = 2, .params = {params[0], params[1]}},
	};

	return call_submit(call, steps, 2, on_cleared);
}

enum err grant_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(IDENT_MAX);
	struct ident client, application;
	enum err of_client = call_query_ident(call, "client", IDENT_CLIENT, &client);

	if (of_client != OK && of_client != ERR_NOT_FOUND) {
		return of_client;
	}
	enum err of_application =
		call_query_ident(call, "application", IDENT_APPLICATION, &application);

	if (of_application != OK && of_application != ERR_NOT_FOUND) {
		return of_application;
	}
	if ((of_client == OK) == (of_application == OK)) {
		return err_fail(ERR_SYNTAX, "?client= or ?application= is wanted, one of the two");
	}
	TRY(call_page(call, &after));
	const struct ident *whose = of_client == OK ? &client : &application;
	const struct store_step step = {
		.statement = of_client == OK ? LIST_GRANTS_OF_CLIENT : LIST_GRANTS_OF_APPLICATION,
		.param_count = 3,
		.params = {STORE_TEXT_OF(ident_view(whose)), STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put;
	call->key_column = of_client == OK ? 1 : 0;
	return call_submit(call, &step, 1, call_on_list);
}

static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	(void)call;
	(void)count;
	put_grant(w, result, 0, row);
	return OK;
}
