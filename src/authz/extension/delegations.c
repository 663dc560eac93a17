// SPDX-License-Identifier: Apache-2.0
/*
 * delegations: a right of one client element that another one of the same user has too (Y.3056 9.2.2). It lasts no longer and
 * reaches no further than what it comes from, which the database ends together with it; nobody hands it on.
 *  req: B9.2.2-h
 */
#include "authz/registration/registration.h"

#include "authz/extension/grants.h"
#include "authz/mapping.h"
#include "authz/portal/notices.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { PERMISSION_NAME = 16 };

/* Columns of what is delegated. */
enum { OF_FROM, OF_TO, OF_RIGHTS, OF_UNTIL, OF_SOURCE, OF_OWN_SOURCE, OF_OWN };

struct delegation {
	struct ident from, to, application;
	struct words rights;
	bool has_rights; /* else all that there are */
	int64_t until;
	uint8_t ref[PERMISSION_NAME];
};

static call_done on_source, on_added;
static call_put put;

static struct delegation *delegation_of(struct call *call)
{
	return (struct delegation *)(void *)call->keep.data;
}

/* A subscriber's own; an operator's: of any user, but of one. */
static struct store_value user_of(const struct call *call)
{
	return STORE_TEXT_OF(view_text(call->asker.subscriber));
}

static enum err read_delegation(struct call *call, struct delegation *ret)
{
	static const char *const known[] = {"from", "to", "application", "rights", "until", NULL};
	const struct env *env = loop_env(call->authz->loop);

	TRY(json_only(call->body, known));
	TRY(call_body_ident(call, "from", IDENT_CLIENT, &ret->from));
	TRY(call_body_ident(call, "to", IDENT_CLIENT, &ret->to));
	TRY(call_body_ident(call, "application", IDENT_APPLICATION, &ret->application));
	TRY(call_body_words(call, "rights", &ret->rights));
	TRY(grant_read_until(call, &ret->until));
	ret->has_rights = json_member(call->body, "rights") != NULL;
	if (ident_equal(&ret->from, &ret->to)) {
		return err_fail(ERR_RANGE, "to: the same client as from");
	}
	return env->random(env, ret->ref, sizeof(ret->ref));
}

static size_t source_params(struct call *call, const struct delegation *d, struct store_value *ret)
{
	ret[0] = STORE_TEXT_OF(ident_view(&d->from));
	ret[1] = STORE_TEXT_OF(ident_view(&d->to));
	ret[2] = STORE_TEXT_OF(ident_view(&d->application));
	ret[3] = STORE_INT_OF(env_wall(loop_env(call->authz->loop)));
	ret[4] = user_of(call);
	return 5;
}

enum err delegation_add(struct call *call)
{
	struct delegation *d = (void *)buf_extend(&call->keep, sizeof(*d));
	struct store_step step = {.statement = FIND_SOURCE};

	if (!d) {
		return err_fail(ERR_MEMORY, "out of memory");
	}
	memset(d, 0, sizeof(*d));
	TRY(read_delegation(call, d));
	step.param_count = source_params(call, d, step.params);
	return call_look(call, &step, 1, on_source);
}

/* A device that is another user's, and one that is not there, are the same to who asks. */
static enum err check(const struct store_result *result, const struct delegation *d,
	struct words *ret_rights)
{
	struct words there;

	if (result->steps[0].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "from: no such device of this user");
	}
	if (store_at(result, 0, 0, OF_TO).type == STORE_NULL) {
		return err_fail(ERR_NOT_FOUND, "to: no such device of the same user");
	}
	if (store_at(result, 0, 0, OF_RIGHTS).type == STORE_NULL) {
		return err_fail(ERR_NOT_FOUND, "from: it may not use this application");
	}
	if (store_at(result, 0, 0, OF_SOURCE).type != STORE_NULL) {
		return err_fail(ERR_CONFLICT,
			"from: it has this right by delegation, which is not handed on");
	}
	if (store_at(result, 0, 0, OF_OWN).type != STORE_NULL &&
		store_at(result, 0, 0, OF_OWN_SOURCE).type == STORE_NULL) {
		return err_fail(ERR_CONFLICT, "to: it has a right of its own there");
	}
	TRY(words_parse(store_at(result, 0, 0, OF_RIGHTS).bytes, "rights", &there));
	*ret_rights = d->has_rights ? d->rights : there;
	return words_within(ret_rights, &there)
		       ? OK
		       : err_fail(ERR_DENIED, "rights: more than %s has itself", d->from.text);
}

static enum err tell(struct call *call, const char *kind, const char *text,
	const struct ident *client, const struct ident *application, struct notice_rooms *rooms,
	struct store_step *steps, size_t *count)
{
	TRY(notices_add(call->authz,
		&(struct notice){NOTICE_OPERATOR, view_text(""), kind, ident_view(client),
			view_text(text)},
		rooms, steps, count));
	return notices_add(call->authz,
		&(struct notice){NOTICE_USER_OF, ident_view(client), kind, ident_view(application),
			view_text(text)},
		rooms, steps, count);
}

static enum err on_source(struct call *call, const struct store_result *result)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT,
			"what is delegated has changed meanwhile: look again"},
	};
	struct delegation *d = delegation_of(call);
	const struct store_value ref = STORE_BLOB_OF(VIEW(d->ref));
	struct notice_rooms rooms = {.count = 0};
	struct words rights;
	char text[AUDIT_DETAIL];

	TRY(check(result, d, &rights));
	struct store_step steps[STORE_STEPS] = {
		{.statement = ADD_DELEGATION, .expect = STORE_ONE},
		{.statement = CHANGE_GRANT, .param_count = 1, .params = {ref}},
		{.statement = FIND_GRANT_OF_REF,
			.expect = STORE_ONE,
			.param_count = 1,
			.params = {ref}},
	};
	struct store_value *params = steps[0].params;
	size_t at = source_params(call, d, params), count = 3;

	params[at++] = STORE_INT_OF(d->until);
	params[at++] = ref;
	params[at++] = STORE_TEXT_OF(words_view(&rights));
	params[at++] = STORE_TEXT_OF(view_text(who_name(call->asker.who)));
	steps[0].param_count = at;
	(void)snprintf(text, sizeof(text), "%.100s delegated to %.100s: %.100s [%.100s]",
		d->from.text, d->to.text, d->application.text, rights.text);
	call_audit(call, ident_view(&d->to), text);
	TRY(tell(call, "right-delegated", text, &d->to, &d->application, &rooms, steps, &count));
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, count, on_added);
}

static enum err on_added(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);
	const struct store_result of_row = {.err = OK, .steps = &result->steps[2], .step_count = 1};

	TRY(put(call, &w, &of_row, 0, 1));
	call_answer(call, 201);
	return OK;
}

static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	return grant_put(call, w, result, row, count);
}

enum err delegation_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(2 * IDENT_MAX + 2);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_DELEGATIONS,
		.param_count = 3,
		.params = {user_of(call), STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put;
	call->key_column = GRANT_KEY;
	return call_submit(call, &step, 1, call_on_list);
}

/* What was delegated ends, and the sessions that run on it.  req: B9.2.2-h */
enum err delegation_remove(struct call *call)
{
	struct ident to, application;
	struct notice_rooms rooms = {.count = 0};
	struct store_step steps[STORE_STEPS];
	size_t count = 1;
	char text[AUDIT_DETAIL];

	TRY(grant_both_wanted(call_query_ident(call, "to", IDENT_CLIENT, &to), "to"));
	TRY(grant_both_wanted(call_query_ident(call, "application", IDENT_APPLICATION, &application),
		"to"));
	steps[0] = (struct store_step){.statement = DROP_DELEGATION,
		.expect = STORE_ONE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(ident_view(&to)), STORE_TEXT_OF(ident_view(&application)),
			user_of(call)}};
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "no such thing: this right was not delegated"},
	};

	(void)snprintf(text, sizeof(text), "delegation to %.200s ended: %.200s", to.text,
		application.text);
	call_audit(call, ident_view(&to), text);
	TRY(tell(call, "delegation-ended", text, &to, &application, &rooms, steps, &count));
	CALL_FAULTS(call, faults);
	call->status = 204;
	return call_submit(call, steps, count, call_on_done);
}
