// SPDX-License-Identifier: Apache-2.0
/*
 * grants: which client may use which application: the service permission flag, with rights, attributes and an end. An
 * operator sets it for a client, an ASP for a pseudonym whose user has extended trust to its application (10.3/4), a user for an
 * own device where users administer.  req: B9.2.2-f B9.2.2-h B7.7-e B10.3
 */
#include "authz/extension/grants.h"

#include "authz/mapping.h"
#include "authz/portal/notices.h"
#include "authz/pseudonyms.h"
#include "authz/registration/registration.h"
#include "base/text.h"
#include "wire/claims.h"

#include <stdio.h>
#include <string.h>

enum { PERMISSION_NAME = 16 }; /* random bytes: sessions refer to them */

enum err grant_read_until(const struct call *call, int64_t *ret)
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
	AT_FROM,
	AT_KEY,
	AT_BROUGHT, /* pseudonyms of the client, and of the one that it was delegated by */
	AT_FROM_BROUGHT
};
_Static_assert((int)AT_KEY == (int)GRANT_KEY, "a column of GRANT_COLUMNS");

/* To an ASP a client is its pseudonym.  req: B9.4.1-g B7.5-f */
static enum err put_client(const struct call *call, struct json_writer *w, const char *name,
	const char *name_for_asp, struct view text, struct view brought)
{
	struct ident client;
	char subject[PSEUDONYM_SIZE];

	if (call->asker.who != WHO_ASP) {
		json_put_text(w, name, text);
		return OK;
	}
	TRY(ident_parse(IDENT_CLIENT, text, &client));
	TRY(pseudonym_of(call->authz, &client, ident_view(&call->asker.asp), brought, subject));
	json_put_string(w, name_for_asp, subject);
	return OK;
}

static enum err put_grant(const struct call *call, struct json_writer *w,
	const struct store_result *result, size_t step, size_t row)
{
	int64_t until = store_at(result, step, row, AT_UNTIL).number;
	char time[TEXT_TIME];

	json_open(w, NULL);
	TRY(put_client(call, w, "client", "subject", store_at(result, step, row, AT_CLIENT).bytes,
		store_at(result, step, row, AT_BROUGHT).bytes));
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
		TRY(put_client(call, w, "delegated_from", "delegated_from",
			store_at(result, step, row, AT_FROM).bytes,
			store_at(result, step, row, AT_FROM_BROUGHT).bytes));
	}
	json_close(w);
	return OK;
}

enum err grant_put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	(void)count;
	return put_grant(call, w, result, 0, row);
}

/* The steps of a grant. */
enum {
	STEP_DEVICE,
	STEP_APPLICATION,
	STEP_ALONE,
	STEP_OPERATED,
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

	TRY(put_grant(call, &w, result, STEP_ROW, 0));
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
	TRY(grant_read_until(call, &ret->until));
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
		[STEP_OPERATED] = {FIND_OPERATED, .expect = STORE_ONE, .param_count = 1,
			.params = {what}},
		[STEP_ALONE] = {FIND_ALONE, .expect = STORE_ONE, .param_count = 1, .params = {what}},
		[STEP_SET] = {SET_GRANT, .expect = STORE_ONE, .param_count = 8,
			.params = {who, what, until, STORE_INT_OF(now), ref,
				STORE_TEXT_OF(words_view(&terms->rights)), attributes,
				STORE_TEXT_OF(view_text("operator"))}},
		[STEP_CHANGE] = {CHANGE_GRANT, .param_count = 1, .params = {ref}},
		[STEP_BOUND] = {BOUND_DELEGATED, .param_count = 1, .params = {ref}},
		[STEP_DELEGATED] = {CHANGE_DELEGATED, .param_count = 1, .params = {ref}},
		[STEP_ROW] = {FIND_GRANT, .expect = STORE_ONE, .param_count = 2,
			.params = {who, what}},
	};

	memcpy(ret, steps, sizeof(steps));
}

static enum err new_name(const struct call *call, uint8_t ret[PERMISSION_NAME])
{
	const struct env *env = loop_env(call->authz->loop);

	return env->random(env, ret, PERMISSION_NAME);
}

/* Who is told of a change: 10.3/5 the operator, 10.3/6 the user. */
static enum err tell(struct call *call, const char *kind, enum notice_to user, struct view client,
	struct view application, struct view rights, struct notice_rooms *rooms,
	struct store_step *steps, size_t *count)
{
	char text[AUDIT_DETAIL];

	(void)snprintf(text, sizeof(text), "%.*s: %s by %s%s%.*s%s", (int)application.len,
		(const char *)application.data, kind, who_name(call->asker.who),
		rights.len > 0 ? " [" : "", (int)rights.len, (const char *)rights.data,
		rights.len > 0 ? "]" : "");
	call_audit(call, client, text);
	TRY(notices_add(call->authz,
		&(struct notice){NOTICE_OPERATOR, view_text(""), kind, client, view_text(text)},
		rooms, steps, count));
	return notices_add(call->authz,
		&(struct notice){user, client, kind, application, view_text(text)}, rooms, steps,
		count);
}

static enum err set_by_operator(struct call *call)
{
	static const char *const known[] = {"client", "application", "until", "rights",
		"attributes", NULL};
	static const struct call_fault faults[] = {
		{STEP_DEVICE, ERR_CONFLICT, ERR_NOT_FOUND,
			"client: none with this id is registered"},
		{STEP_APPLICATION, ERR_CONFLICT, ERR_NOT_FOUND,
			"application: none with this id is registered"},
		{STEP_ALONE, ERR_CONFLICT, ERR_CONFLICT,
			"application: not confirmed yet, or tokens of its group open it; grant the "
			"group"},
		{STEP_OPERATED, ERR_CONFLICT, ERR_DENIED,
			"application: its administrators do not have the operator among them"},
	};
	struct ident client, application;
	uint8_t name[PERMISSION_NAME];
	struct notice_rooms rooms = {.count = 0};
	struct terms terms;
	struct store_step steps[STORE_STEPS];
	size_t count = SET_STEPS;

	TRY(json_only(call->body, known));
	TRY(call_body_ident(call, "client", IDENT_CLIENT, &client));
	TRY(call_body_ident(call, "application", IDENT_APPLICATION, &application));
	TRY(read_terms(call, &terms));
	TRY(new_name(call, name));
	set_steps(&client, &application, &terms, STORE_BLOB_OF(VIEW(name)),
		env_wall(loop_env(call->authz->loop)), steps);
	TRY(tell(call, "right-set", NOTICE_USER_OF, ident_view(&client), ident_view(&application),
		words_view(&terms.rights), &rooms, steps, &count));
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, count, on_set);
}

/* ---- by others than the operator ---- */

enum { CHANGE_ROW = 4, CHANGE_MARK, CHANGE_STEPS };

static enum err on_changed(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);

	TRY(put_grant(call, &w, result, CHANGE_ROW, 0));
	call_answer(call, 200);
	return OK;
}

/* What changes, about whom, and how the user is found that is told. */
struct change {
	struct store_step set, mark; /* `set` decides */
	struct store_value ref;
	enum notice_to user;
	struct view client, application, rights;
};

static enum err submit_change(struct call *call, const struct change *change)
{
	struct notice_rooms rooms = {.count = 0};
	struct store_step steps[STORE_STEPS] = {
		change->set,
		{.statement = CHANGE_GRANT, .param_count = 1, .params = {change->ref}},
		{.statement = BOUND_DELEGATED, .param_count = 1, .params = {change->ref}},
		{.statement = CHANGE_DELEGATED, .param_count = 1, .params = {change->ref}},
		[CHANGE_ROW] = {.statement = FIND_GRANT_OF_REF,
			.expect = STORE_ONE,
			.param_count = 1,
			.params = {change->ref}},
		[CHANGE_MARK] = change->mark,
	};
	size_t count = change->mark.param_count > 0 ? CHANGE_STEPS : CHANGE_MARK;

	TRY(tell(call, "right-set", change->user, change->client, change->application,
		change->rights, &rooms, steps, &count));
	return call_submit(call, steps, count, on_changed);
}

/* A pseudonym has the signs of base64url. */
static enum err read_subject(const struct call *call, char ret[PSEUDONYM_SIZE])
{
	struct view text;

	TRY(json_text(call->body, "subject", &text));
	return text_copy(ret, PSEUDONYM_SIZE, text, "subject") == OK
		       ? OK
		       : err_fail(ERR_SYNTAX, "subject: a pseudonym has %d characters",
				 PSEUDONYM_SIZE - 1);
}

/* 10.3/4. Not longer than the consent, and with the attributes that it names.  req: B10.3 B9.2.2-h */
static enum err set_by_asp(struct call *call)
{
	static const char *const known[] = {"subject", "application", "until", "rights", NULL};
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND,
			"subject: it has not extended its trust to this application of yours, or "
			"not any more"},
	};
	const struct store_value now = STORE_INT_OF(env_wall(loop_env(call->authz->loop)));
	struct ident application;
	char subject[PSEUDONYM_SIZE];
	uint8_t name[PERMISSION_NAME];
	struct terms terms;

	TRY(json_only(call->body, known));
	TRY(read_subject(call, subject));
	TRY(call_body_ident(call, "application", IDENT_APPLICATION, &application));
	TRY(read_terms(call, &terms));
	TRY(new_name(call, name));
	const struct store_value ref = STORE_BLOB_OF(VIEW(name));
	const struct store_value who = STORE_TEXT_OF(view_text(subject));
	const struct store_value what = STORE_TEXT_OF(ident_view(&application));
	const struct store_value asp = STORE_TEXT_OF(ident_view(&call->asker.asp));
	const struct change change = {
		.set = {.statement = PROVISION_GRANT,
			.expect = STORE_ONE,
			.param_count = 7,
			.params = {who, what, asp, now, STORE_INT_OF(terms.until), ref,
				STORE_TEXT_OF(words_view(&terms.rights))}},
		.mark = {.statement = MARK_PROVISIONED,
			.param_count = 4,
			.params = {who, what, asp, now}},
		.ref = ref,
		.user = NOTICE_USER_OF_SUBJECT,
		.client = view_text(subject),
		.application = ident_view(&application),
		.rights = words_view(&terms.rights),
	};

	CALL_FAULTS(call, faults);
	return submit_change(call, &change);
}

static enum err set_by_user(struct call *call)
{
	static const char *const known[] = {"client", "application", "until", "rights", NULL};
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND,
			"client, application: no such device of yours, or users do not administer "
			"this application"},
	};
	struct ident client, application;
	uint8_t name[PERMISSION_NAME];
	struct terms terms;

	TRY(json_only(call->body, known));
	TRY(call_body_ident(call, "client", IDENT_CLIENT, &client));
	TRY(call_body_ident(call, "application", IDENT_APPLICATION, &application));
	TRY(read_terms(call, &terms));
	TRY(new_name(call, name));
	const struct store_value ref = STORE_BLOB_OF(VIEW(name));
	const struct change change = {
		.set = {.statement = SET_OWN_GRANT,
			.expect = STORE_ONE,
			.param_count = 7,
			.params = {STORE_TEXT_OF(view_text(call->asker.subscriber)),
				STORE_TEXT_OF(ident_view(&client)),
				STORE_TEXT_OF(ident_view(&application)),
				STORE_INT_OF(env_wall(loop_env(call->authz->loop))),
				STORE_INT_OF(terms.until), ref,
				STORE_TEXT_OF(words_view(&terms.rights))}},
		.ref = ref,
		.user = NOTICE_USER_OF,
		.client = ident_view(&client),
		.application = ident_view(&application),
		.rights = words_view(&terms.rights),
	};

	CALL_FAULTS(call, faults);
	return submit_change(call, &change);
}

enum err grant_set(struct call *call)
{
	switch (call->asker.who) {
	case WHO_ASP:
		return set_by_asp(call);
	case WHO_SUBSCRIBER:
		return set_by_user(call);
	default:
		return set_by_operator(call);
	}
}

/* ---- taken back ---- */

enum err grant_both_wanted(enum err err, const char *name)
{
	return err == ERR_NOT_FOUND
		       ? err_fail(ERR_SYNTAX, "?%s= and &application= are wanted", name)
		       : err;
}

/* Tells how many sessions lost their permission; each is aborted where it is used (RFC 6733 8.5). */
static enum err on_cleared(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_int(&w, "sessions", store_at(result, 0, 0, 0).number);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

/* `count` tells of the sessions, `drop` ends the permission, or there was none. */
static enum err submit_end(struct call *call, const struct store_step *count_step,
	const struct store_step *drop, enum notice_to user, struct view client,
	struct view application)
{
	static const struct call_fault faults[] = {
		{1, ERR_CONFLICT, ERR_NOT_FOUND, "no such thing: this permission is not set"},
	};
	struct notice_rooms rooms = {.count = 0};
	struct store_step steps[STORE_STEPS] = {*count_step, *drop};
	size_t count = 2;

	steps[1].expect = STORE_SOME;
	TRY(tell(call, "right-ended", user, client, application, view_text(""), &rooms, steps,
		&count));
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, count, on_cleared);
}

static enum err clear_by_asp(struct call *call, const struct ident *application)
{
	char subject[PSEUDONYM_SIZE] = "";
	BUF_CLEANUP struct buf text = buf_growing(PSEUDONYM_SIZE);

	TRY(grant_both_wanted(http_query(call->request->target.query, "subject", &text),
		"subject"));
	TRY(text_copy(subject, sizeof(subject), buf_contents(&text), "subject"));
	const struct store_value who = STORE_TEXT_OF(view_text(subject));
	const struct store_value what = STORE_TEXT_OF(ident_view(application));
	const struct store_value asp = STORE_TEXT_OF(ident_view(&call->asker.asp));
	const struct store_step count = {.statement = COUNT_SESSIONS_OF_SUBJECT,
		.param_count = 4,
		.params = {who, what, asp, STORE_INT_OF(env_wall(loop_env(call->authz->loop)))}};
	const struct store_step drop = {.statement = DROP_GRANT_OF_SUBJECT,
		.param_count = 3,
		.params = {who, what, asp}};

	return submit_end(call, &count, &drop, NOTICE_USER_OF_SUBJECT, view_text(subject),
		ident_view(application));
}

static enum err clear_of_client(struct call *call, const struct ident *application)
{
	const bool own = call->asker.who == WHO_SUBSCRIBER;
	struct ident client;

	TRY(grant_both_wanted(call_query_ident(call, "client", IDENT_CLIENT, &client), "client"));
	const struct store_value who = STORE_TEXT_OF(ident_view(&client));
	const struct store_value what = STORE_TEXT_OF(ident_view(application));
	const struct store_step count = {.statement = COUNT_SESSIONS_OF,
		.param_count = 3,
		.params = {who, what, STORE_INT_OF(env_wall(loop_env(call->authz->loop)))}};
	const struct store_step drop = {.statement = own ? DROP_OWN_GRANT : DROP_GRANT,
		.param_count = own ? 3 : 2,
		.params = {who, what, STORE_TEXT_OF(view_text(call->asker.subscriber))}};

	return submit_end(call, &count, &drop, NOTICE_USER_OF, ident_view(&client),
		ident_view(application));
}

enum err grant_clear(struct call *call)
{
	struct ident application;

	TRY(grant_both_wanted(call_query_ident(call, "application", IDENT_APPLICATION, &application),
		"client"));
	return call->asker.who == WHO_ASP ? clear_by_asp(call, &application)
					  : clear_of_client(call, &application);
}

/* ---- lists ---- */

/* A client's identity as the place where a page ends would tell an ASP who it is: it is sealed. */
#define CURSOR_PLACE "grant/cursor"
enum { CURSOR_MAX = 2 * (IDENT_MAX + SEAL_OVERHEAD) };

static enum err put_cursor(const struct call *call, struct json_writer *w, struct view client)
{
	uint8_t room[IDENT_MAX + SEAL_OVERHEAD], text_room[CURSOR_MAX];
	struct buf sealed = buf_fixed(room, sizeof(room));
	struct buf text = buf_fixed(text_room, sizeof(text_room));

	TRY(seal_close(call->authz->ring, CURSOR_PLACE, client, &sealed));
	text_base64url(&text, buf_contents(&sealed));
	TRY(buf_end(&text, "next"));
	json_put_text(w, "next", buf_contents(&text));
	return OK;
}

static enum err open_cursor(const struct call *call, struct buf *after)
{
	uint8_t room[CURSOR_MAX];
	size_t len = 0;

	if (after->len == 0) {
		return OK;
	}
	enum err err = text_from_base64url(buf_contents(after), room, sizeof(room), &len, "after");

	buf_clear(after);
	if (err == OK) {
		err = seal_open(call->authz->ring, CURSOR_PLACE, view_of(room, len), after);
	}
	return err == OK ? OK : err_fail(ERR_SYNTAX, "after: not what `next` of a page said");
}

static enum err on_asp_list(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);
	size_t rows = result->steps[0].rows;
	size_t shown = rows < call->limit ? rows : call->limit;

	json_open(&w, NULL);
	json_open_array(&w, "items");
	for (size_t row = 0; row < shown; row++) {
		TRY(grant_put(call, &w, result, row, 1));
	}
	json_close_array(&w);
	if (shown < rows) {
		TRY(put_cursor(call, &w, store_at(result, 0, shown - 1, AT_CLIENT).bytes));
	}
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

static enum err list_for_asp(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(CURSOR_MAX);
	struct ident application;
	enum err err = call_query_ident(call, "application", IDENT_APPLICATION, &application);

	if (err == ERR_NOT_FOUND) {
		return err_fail(ERR_SYNTAX, "?application= is wanted");
	}
	TRY(err);
	TRY(call_page(call, &after));
	TRY(open_cursor(call, &after));
	const struct store_step step = {
		.statement = LIST_GRANTS_OF_ASP,
		.param_count = 4,
		.params = {STORE_TEXT_OF(ident_view(&application)),
			STORE_TEXT_OF(buf_contents(&after)), STORE_INT_OF((int64_t)call->limit + 1),
			STORE_TEXT_OF(ident_view(&call->asker.asp))},
	};

	return call_submit(call, &step, 1, on_asp_list);
}

static enum err list_own(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(2 * IDENT_MAX + 2);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_GRANTS_OF_SUBSCRIBER,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text(call->asker.subscriber)),
			STORE_TEXT_OF(buf_contents(&after)), STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = grant_put;
	call->key_column = AT_KEY;
	return call_submit(call, &step, 1, call_on_list);
}

static enum err list_for_operator(struct call *call)
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

	call->put = grant_put;
	call->key_column = of_client == OK ? AT_APPLICATION : AT_CLIENT;
	return call_submit(call, &step, 1, call_on_list);
}

enum err grant_list(struct call *call)
{
	switch (call->asker.who) {
	case WHO_ASP:
		return list_for_asp(call);
	case WHO_SUBSCRIBER:
		return list_own(call);
	default:
		return list_for_operator(call);
	}
}
