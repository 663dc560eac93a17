// SPDX-License-Identifier: Apache-2.0
/* subscribers: from the subscriber verification (Y.3056 9.2.2). What is personal is sealed.  req: B9.2.2-a B7.5-d */
#include "authz/registration/registration.h"

#include "base/text.h"
#include "wire/claims.h"

#include <stdio.h>
#include <string.h>

enum { ID_MAX = 64, PERSON_NAME_MAX = 256, SUBSCRIBER_PLACE = 96 };

static call_put put;

enum err subscriber_check_id(struct view id)
{
	static const char other[] = "._@+:-";

	for (size_t i = 0; i < id.len; i++) {
		char c = (char)id.data[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && !(c >= '0' && c <= '9') && (c == '\0' || !strchr(other, c))) {
			return err_fail(ERR_SYNTAX,
				"subscriber: only letters, digits and %s are allowed", other);
		}
	}
	return id.len >= 1 && id.len <= ID_MAX
		       ? OK
		       : err_fail(ERR_SYNTAX, "subscriber: 1 to %d characters", ID_MAX);
}

enum err subscriber_check_verification(struct view word)
{
	if (view_is(word, "none") || view_is(word, "prepaid") || view_is(word, "postpaid")) {
		return OK;
	}
	return err_fail(ERR_SYNTAX, "verification: none, prepaid or postpaid");
}

static void write_place(struct view id, char ret[SUBSCRIBER_PLACE])
{
	(void)snprintf(ret, SUBSCRIBER_PLACE, "subscriber/record/%.*s", (int)id.len,
		(const char *)id.data);
}

/* The record is a JSON object, so that it may grow. */
enum err subscriber_seal_record(const struct authz *authz, struct view id,
	const struct person *person, struct buf *ret)
{
	char place[SUBSCRIBER_PLACE];
	BUF_CLEANUP struct buf plain = buf_growing(SUBSCRIBER_RECORD_MAX);
	struct json_writer w = json_to(&plain);

	write_place(id, place);
	json_open(&w, NULL);
	json_put_text(&w, "name", person->name);
	if (person->claims) {
		json_put_value(&w, "claims", person->claims);
	}
	if (person->verified > 0) {
		json_put_int(&w, "verified", person->verified);
	}
	json_close(&w);
	enum err err = buf_end(&plain, "name and claims");

	if (err == OK) {
		err = seal_close(authz->ring, place, buf_contents(&plain), ret);
	}
	buf_wipe(&plain);
	return err;
}

enum err subscriber_open_record(const struct authz *authz, struct view id, struct view sealed,
	struct json **ret_record, struct person *ret)
{
	char place[SUBSCRIBER_PLACE];
	BUF_CLEANUP struct buf plain = buf_growing(SUBSCRIBER_RECORD_MAX);
	struct json *record = NULL;
	struct person person = {.verified = 0};

	write_place(id, place);
	enum err err = seal_open(authz->ring, place, sealed, &plain);

	if (err == OK) {
		err = json_parse(buf_contents(&plain), SUBSCRIBER_RECORD_MAX, &record);
		buf_wipe(&plain);
	}
	if (err != OK || json_text(record, "name", &person.name) != OK ||
		json_int_opt(record, "verified", 0, INT64_MAX, &person.verified) != OK) {
		json_free(record);
		return err_fail(ERR_IO, "a subscriber's record does not open");
	}
	person.claims = json_member(record, "claims");
	*ret_record = record;
	*ret = person;
	return OK;
}

void subscriber_put_claims(const struct person *person, const struct words *granted,
	struct json_writer *w)
{
	if (person->name.len > 0 && words_has(granted, view_text("name"))) {
		json_put_text(w, "name", person->name);
	}
	if (person->claims) {
		claims_put(person->claims, granted, w);
	}
}

enum err subscriber_put_attributes(const struct authz *authz, struct view id, struct view sealed,
	const struct words *granted, struct json_writer *w)
{
	JSON_CLEANUP struct json *record = NULL;
	struct person person;

	TRY(subscriber_open_record(authz, id, sealed, &record, &person));
	subscriber_put_claims(&person, granted, w);
	return OK;
}

static void put_subscriber(struct json_writer *w, struct view id, struct view verification,
	const struct person *person, int64_t created)
{
	char time[TEXT_TIME], verified[TEXT_TIME];

	text_time(created, time);
	json_open(w, NULL);
	json_put_text(w, "id", id);
	json_put_text(w, "verification", verification);
	json_put_text(w, "name", person->name);
	if (person->claims) {
		json_put_value(w, "claims", person->claims);
	}
	if (person->verified > 0) {
		text_time(person->verified, verified);
		json_put_string(w, "verified", verified);
	}
	json_put_string(w, "created", time);
	json_close(w);
}

/* Members name, claims and verified of the body; those that are not there leave `ret` as it is.  req: B9.2.2-a */
static enum err read_person(const struct call *call, struct person *ret)
{
	const struct json *claims = json_member(call->body, "claims");
	struct view verified = {0};

	TRY(json_text_opt(call->body, "name", &ret->name));
	if (ret->name.len > PERSON_NAME_MAX) {
		return err_fail(ERR_RANGE, "name: longer than %d bytes", PERSON_NAME_MAX);
	}
	if (claims) {
		TRY(claims_check(claims));
		if (json_member(claims, "name")) {
			return err_fail(ERR_SYNTAX, "claims.name: it stands beside them, as name");
		}
		ret->claims = claims;
	}
	TRY(json_text_opt(call->body, "verified", &verified));
	return verified.data ? text_from_time(verified, &ret->verified, "verified") : OK;
}

enum err subscriber_add(struct call *call)
{
	static const char *const known[] = {"id", "verification", "name", "claims", "verified",
		NULL};
	static const struct call_fault faults[] = {
		{0, ERR_EXISTS, ERR_EXISTS, "a subscriber with this id is registered already"},
	};
	struct view id, verification;
	struct person person = {.name = view_text("")};
	BUF_CLEANUP struct buf sealed = buf_growing(SUBSCRIBER_RECORD_MAX + SEAL_OVERHEAD);
	int64_t now = env_wall(loop_env(call->authz->loop));

	TRY(json_only(call->body, known));
	TRY(json_text(call->body, "id", &id));
	TRY(subscriber_check_id(id));
	TRY(json_text(call->body, "verification", &verification));
	TRY(subscriber_check_verification(verification));
	TRY(read_person(call, &person));
	TRY(subscriber_seal_record(call->authz, id, &person, &sealed));
	const struct store_step step = {
		.statement = ADD_SUBSCRIBER,
		.param_count = 4,
		.params = {STORE_TEXT_OF(id), STORE_TEXT_OF(verification),
			STORE_BLOB_OF(buf_contents(&sealed)), STORE_INT_OF(now)},
	};
	struct json_writer w = json_to(&call->reply);

	put_subscriber(&w, id, verification, &person, now);
	call->status = 201;
	CALL_FAULTS(call, faults);
	return call_submit(call, &step, 1, call_on_done);
}

/* ---- changes ---- */

static enum err read_change(const struct call *call, struct view *verification, struct person *ret)
{
	static const char *const known[] = {"verification", "name", "claims", "verified", NULL};
	size_t given = 0;

	TRY(json_only(call->body, known));
	for (size_t i = 0; known[i]; i++) {
		given += json_member(call->body, known[i]) != NULL;
	}
	if (given == 0) {
		return err_fail(ERR_SYNTAX, "verification, name, claims or verified is wanted");
	}
	if (json_member(call->body, "verification")) {
		TRY(json_text(call->body, "verification", verification));
		TRY(subscriber_check_verification(*verification));
	}
	return read_person(call, ret);
}

/* The record is sealed as a whole, so it is opened first; what was read before is what is changed, or nothing is. */
static enum err change_found(struct call *call, const struct store_result *result)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT,
			"it was changed meanwhile: look at it, and try again"},
	};
	const struct view id = buf_contents(&call->segment);
	const struct view old = store_at(result, 0, 0, 2).bytes;
	struct view verification = store_at(result, 0, 0, 1).bytes;
	BUF_CLEANUP struct buf sealed = buf_growing(SUBSCRIBER_RECORD_MAX + SEAL_OVERHEAD);
	JSON_CLEANUP struct json *record = NULL;
	struct person person;

	TRY(subscriber_open_record(call->authz, id, old, &record, &person));
	TRY(read_change(call, &verification, &person));
	TRY(subscriber_seal_record(call->authz, id, &person, &sealed));
	const struct store_step steps[] = {
		{.statement = UPDATE_SUBSCRIBER,
			.expect = STORE_ONE,
			.param_count = 4,
			.params = {STORE_TEXT_OF(id), STORE_TEXT_OF(verification),
				STORE_BLOB_OF(buf_contents(&sealed)), STORE_BLOB_OF(old)}},
		{.statement = CHANGE_SUBSCRIBER, .param_count = 1, .params = {STORE_TEXT_OF(id)}},
	};
	struct json_writer w = json_to(&call->reply);

	put_subscriber(&w, id, verification, &person, store_at(result, 0, 0, 3).number);
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, 2, call_on_done);
}

static enum err on_change_found(struct call *call, const struct store_result *result)
{
	JSON_CLEANUP struct json *body = NULL;
	pool_ref ref = call->ref;
	struct authz *authz = call->authz;

	if (result->steps[0].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "no such thing is registered");
	}
	TRY(call_read_body(call, &body));
	call->body = body;
	enum err err = change_found(call, result);

	call = pool_at(authz->calls, ref);
	if (call) {
		call->body = NULL;
	}
	return err;
}

/*
 * What was verified of it, and how: members that are given take the place of those before. Sessions that were told of it are
 * told anew.  req: B9.2.2-a B10.3
 */
enum err subscriber_change(struct call *call)
{
	const struct view id = buf_contents(&call->segment);
	struct view verification = {0};
	struct person person = {.name = view_text("")};

	TRY(subscriber_check_id(id));
	TRY(read_change(call, &verification, &person));
	const struct store_step step = {
		.statement = FIND_SUBSCRIBER,
		.param_count = 1,
		.params = {STORE_TEXT_OF(id)},
	};

	return call_look(call, &step, 1, on_change_found);
}

enum err subscriber_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(IDENT_MAX);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_SUBSCRIBERS,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_list);
}

static enum err about_one(struct call *call, int statement, call_done *done)
{
	struct view id = buf_contents(&call->segment);

	TRY(subscriber_check_id(id));
	const struct store_step step = {
		.statement = statement,
		.param_count = 1,
		.params = {STORE_TEXT_OF(id)},
	};

	call->put = put;
	return call_submit(call, &step, 1, done);
}

enum err subscriber_show(struct call *call)
{
	return about_one(call, FIND_SUBSCRIBER, call_on_item);
}

enum err subscriber_remove(struct call *call)
{
	return about_one(call, DROP_SUBSCRIBER, call_on_dropped);
}

/* id, verification, record, created */
static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	struct view id = store_at(result, 0, row, 0).bytes;
	JSON_CLEANUP struct json *record = NULL;
	struct person person;

	(void)count;
	TRY(subscriber_open_record(call->authz, id, store_at(result, 0, row, 2).bytes, &record,
		&person));
	put_subscriber(w, id, store_at(result, 0, row, 1).bytes, &person,
		store_at(result, 0, row, 3).number);
	return OK;
}
