// SPDX-License-Identifier: Apache-2.0
/*
 * extensions: trust that a subscriber extends to an application (Y.3056 10.3): asked for and consented to by the subscriber,
 * judged by the operator's policy, handed to the ASP as a signed JWT with what was granted and no more, and ended with
 * the consent: docs/protocol/trust_extension.md.  req: B10.3 B7.3 B7.7-d B7.1-e B7.1-f B9.2.2-f
 */
#include "authz/registration/registration.h"

#include "authz/extension/extension_key.h"
#include "authz/portal/notices.h"
#include "authz/pseudonyms.h"
#include "base/text.h"
#include "wire/claims.h"
#include "wire/verified.h"

#include <stdio.h>
#include <string.h>

/* Columns of a candidate. */
enum {
	OF_VERIFICATION,
	OF_CLIENT,
	OF_DEVICE,
	OF_APPLICATION,
	OF_ASP,
	OF_GROUP,
	OF_MINIMUM,
	OF_ASKED,
	OF_BROUGHT
};

/* Columns of an extension. */
enum {
	AT_ID,
	AT_SUBSCRIBER,
	AT_CLIENT,
	AT_APPLICATION,
	AT_ASP,
	AT_SUBJECT,
	AT_ATTRIBUTES,
	AT_STATE,
	AT_CREATED,
	AT_CHANGED,
	AT_UNTIL,
	AT_REASON,
	AT_VERIFICATION,
	AT_RECORD
};

/* What was asked for, between the steps of a call. */
struct wish {
	struct ident client, application, asp;
	struct words attributes;
	int64_t until;
	char id[AUDIT_ID], subject[PSEUDONYM_SIZE], verification[16];
	char reason[160]; /* why it was refused; "" : it was not */
};

static call_done on_candidate, on_added;
static call_put put;

static int64_t now_of(const struct call *call)
{
	return env_wall(loop_env(call->authz->loop));
}

static struct wish *wish_of(struct call *call)
{
	return (struct wish *)(void *)call->keep.data;
}

/* ---- 10.3/1: a subscriber asks, and consents ---- */

/* Until when the consent holds; at the longest extension.lifetime. */
static enum err read_until(const struct call *call, int64_t *ret)
{
	const int64_t now = now_of(call), most = now + call->authz->conf->extension_lifetime / 1000;
	struct view text = {0};

	*ret = most;
	TRY(json_text_opt(call->body, "until", &text));
	if (!text.data) {
		return OK;
	}
	TRY(text_from_time(text, ret, "until"));
	if (*ret <= now) {
		return err_fail(ERR_RANGE, "until: it is past already");
	}
	return *ret <= most
		       ? OK
		       : err_fail(ERR_RANGE, "until: consent is for %lld days at the longest here",
				 (long long)(call->authz->conf->extension_lifetime / 86400000));
}

static enum err read_wish(struct call *call, struct wish *ret)
{
	static const char *const known[] = {"client", "application", "attributes", "until", NULL};

	TRY(json_only(call->body, known));
	TRY(call_body_ident(call, "client", IDENT_CLIENT, &ret->client));
	TRY(call_body_ident(call, "application", IDENT_APPLICATION, &ret->application));
	TRY(call_body_words(call, "attributes", &ret->attributes));
	TRY(claims_check_names(&ret->attributes, "attributes"));
	TRY(read_until(call, &ret->until));
	return audit_new_id(call->authz, ret->id);
}

enum err extension_add(struct call *call)
{
	struct wish *wish = (void *)buf_extend(&call->keep, sizeof(*wish));

	if (!wish) {
		return err_fail(ERR_MEMORY, "out of memory");
	}
	memset(wish, 0, sizeof(*wish));
	TRY(read_wish(call, wish));
	TRY(extension_key_wanted(call->authz));
	const struct store_step step = {.statement = FIND_CANDIDATE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text(call->asker.subscriber)),
			STORE_TEXT_OF(ident_view(&wish->client)),
			STORE_TEXT_OF(ident_view(&wish->application))}};

	return call_look(call, &step, 1, on_candidate);
}

/* ---- 10.3/2: the operator checks verification and device ---- */

static int level_of(struct view word)
{
	static const char *const levels[] = {"none", "prepaid", "postpaid"};
	int level = 0;

	for (int i = 0; i < 3; i++) {
		level = view_is(word, levels[i]) ? i : level;
	}
	return level;
}

static struct view at(const struct store_result *result, size_t column)
{
	return store_at(result, 0, 0, column).bytes;
}

static bool is_there(const struct store_result *result, size_t column)
{
	return store_at(result, 0, 0, column).type != STORE_NULL;
}

/* What is not there, or not the asker's own, is the same to the asker. */
static enum err check_parts(const struct store_result *result)
{
	if (result->steps[0].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "no such thing: you are not registered any more");
	}
	if (!is_there(result, OF_CLIENT)) {
		return err_fail(ERR_NOT_FOUND, "client: none of your devices has this identity");
	}
	if (!is_there(result, OF_APPLICATION)) {
		return err_fail(ERR_NOT_FOUND, "application: none is offered under this identity");
	}
	return is_there(result, OF_GROUP)
		       ? err_fail(ERR_CONFLICT,
				 "application: tokens of its group open it; ask for the group")
		       : OK;
}

static enum err check_attributes(const struct wish *wish, const struct store_result *result)
{
	struct words asked;

	TRY(words_parse(at(result, OF_ASKED), "attributes", &asked));
	return words_within(&wish->attributes, &asked)
		       ? OK
		       : err_fail(ERR_RANGE, "attributes: the application asks for %s alone",
				 asked.text[0] ? asked.text : "none");
}

/* The policy of realm and application. A refusal is an answer too, and is kept.  req: B7.1-e B7.1-f */
static void judge(const struct call *call, const struct store_result *result, struct wish *wish)
{
	const struct authz_conf *conf = call->authz->conf;
	const int has = level_of(at(result, OF_VERIFICATION));
	const int application = level_of(at(result, OF_MINIMUM));
	const int wanted = application > conf->extension_verification
				   ? application
				   : (int)conf->extension_verification;
	static const char *const levels[] = {"none", "prepaid", "postpaid"};

	if (has < wanted) {
		(void)snprintf(wish->reason, sizeof(wish->reason),
			"10.3/2: your verification is %s; %s is wanted", levels[has],
			levels[wanted]);
	} else if (conf->extension_devices == EXTENSION_IDENTIFIED && !is_there(result, OF_DEVICE)) {
		(void)snprintf(wish->reason, sizeof(wish->reason),
			"10.3/2: of this device no identity is registered (IMEI or another)");
	}
}

static const char *state_of(const struct call *call, const struct wish *wish)
{
	return wish->reason[0]							? "refused"
	       : call->authz->conf->extension_approval == EXTENSION_BY_OPERATOR ? "requested"
										: "extended";
}

/* Who is told of it: the operator, the user, and, when trust was extended, the ASP, by the pseudonym. */
static enum err tell(struct call *call, const struct wish *wish, const char *state,
	struct notice_rooms *rooms, struct store_step *steps, size_t *count)
{
	char kind[32], text[256];
	const struct view application = ident_view(&wish->application);

	(void)snprintf(kind, sizeof(kind), "extension-%s", state);
	(void)snprintf(text, sizeof(text), "extension %s to %.100s: %.100s", wish->id,
		wish->application.text, wish->reason[0] ? wish->reason : state);
	TRY(notices_add(call->authz,
		&(struct notice){NOTICE_OPERATOR, view_text(""), kind, ident_view(&wish->client),
			view_text(text)},
		rooms, steps, count));
	TRY(notices_add(call->authz,
		&(struct notice){NOTICE_SUBSCRIBER, view_text(call->asker.subscriber), kind,
			application, view_text(text)},
		rooms, steps, count));
	if (strcmp(state, "extended") != 0) {
		return OK;
	}
	return notices_add(call->authz,
		&(struct notice){NOTICE_ASP, ident_view(&wish->asp), kind, view_text(wish->subject),
			view_text(text)},
		rooms, steps, count);
}

static enum err keep(struct call *call)
{
	static const struct call_fault faults[] = {
		{1, ERR_CONFLICT, ERR_CONFLICT,
			"what it is judged by has changed meanwhile: ask again"},
		{1, ERR_EXISTS, ERR_EXISTS,
			"trust is extended already from this device to this application; "
			"withdraw that consent first"},
	};
	struct wish *wish = wish_of(call);
	const char *state = state_of(call, wish);
	const struct store_value client = STORE_TEXT_OF(ident_view(&wish->client));
	const struct store_value application = STORE_TEXT_OF(ident_view(&wish->application));
	const struct store_value now = STORE_INT_OF(now_of(call));
	struct notice_rooms rooms = {.count = 0};
	struct store_step steps[STORE_STEPS] = {
		{.statement = EXPIRE_EXTENSIONS,
			.param_count = 3,
			.params = {client, application, now}},
		{.statement = ADD_EXTENSION,
			.expect = STORE_ONE,
			.param_count = 11,
			.params = {STORE_TEXT_OF(view_text(wish->id)),
				STORE_TEXT_OF(view_text(call->asker.subscriber)), client,
				application, STORE_TEXT_OF(view_text(wish->subject)),
				STORE_TEXT_OF(words_view(&wish->attributes)),
				STORE_TEXT_OF(view_text(state)), now, STORE_INT_OF(wish->until),
				STORE_TEXT_OF(view_text(wish->verification)),
				STORE_TEXT_OF(view_text(wish->reason))}},
		{.statement = FIND_EXTENSION,
			.expect = STORE_ONE,
			.param_count = 3,
			.params = {STORE_TEXT_OF(view_text(wish->id)), STORE_TEXT_OF(view_text("")),
				STORE_TEXT_OF(view_text(""))}},
	};
	size_t count = 3;
	char detail[AUDIT_DETAIL];

	(void)snprintf(detail, sizeof(detail), "%s to %s: consent to [%s] until %lld: %s", wish->id,
		wish->application.text, wish->attributes.text, (long long)wish->until, state);
	call_audit(call, ident_view(&wish->client), detail);
	TRY(tell(call, wish, state, &rooms, steps, &count));
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, count, on_added);
}

static enum err on_candidate(struct call *call, const struct store_result *result)
{
	struct wish *wish = wish_of(call);

	TRY(check_parts(result));
	TRY(check_attributes(wish, result));
	TRY(text_copy(wish->verification, sizeof(wish->verification), at(result, OF_VERIFICATION),
		"verification"));
	TRY(ident_parse(IDENT_ASP, at(result, OF_ASP), &wish->asp));
	TRY(pseudonym_of(call->authz, &wish->client, ident_view(&wish->asp), at(result, OF_BROUGHT),
		wish->subject));
	judge(call, result, wish);
	return keep(call);
}

static enum err on_added(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);
	const struct store_result of_row = {.err = OK, .steps = &result->steps[2], .step_count = 1};
	const struct wish *wish = wish_of(call);

	if (wish->reason[0]) {
		return err_fail(ERR_DENIED, "%s", wish->reason);
	}
	TRY(put(call, &w, &of_row, 0, 1));
	call_answer(call, 201);
	return OK;
}

/* ---- 10.3/3: what is extended, as each role sees it ---- */

static bool is_open(struct view state)
{
	return view_is(state, "requested") || view_is(state, "extended") ||
	       view_is(state, "provisioned");
}

static void put_time(struct json_writer *w, const char *name, int64_t seconds)
{
	char time[TEXT_TIME];

	text_time(seconds, time);
	json_put_string(w, name, time);
}

/* "document" is evidence, not a claim.  req: B7.5-f */
static enum err fill_claims(const struct person *person, const struct words *granted,
	struct verified *ret, struct buf *claims)
{
	struct json_writer w = json_to(claims);
	struct words told = {.text = ""};
	struct view names[WORDS_MAX], document;
	size_t count = words_split(granted, names);

	for (size_t i = 0; i < count; i++) {
		if (!view_is(names[i], "document")) {
			TRY(words_add(&told, names[i], "attributes"));
		} else if (person->claims &&
			   json_text(person->claims, "document", &document) == OK) {
			TRY(text_copy(ret->document, sizeof(ret->document), document, "document"));
		}
	}
	json_open(&w, NULL);
	subscriber_put_claims(person, &told, &w);
	json_close(&w);
	TRY(buf_end(claims, "claims"));
	ret->claims = claims->len > 2 ? buf_contents(claims) : view_text("");
	ret->time = person->verified;
	return OK;
}

static enum err fill_jwt(const struct call *call, const struct store_result *result, size_t row,
	struct verified *ret)
{
	const struct authz *authz = call->authz;
	const int64_t now = now_of(call);
	const int64_t longest = now + authz->conf->extension_jwt_lifetime / 1000;
	const int64_t until = store_at(result, 0, row, AT_UNTIL).number;

	ret->realm = authz->realm;
	ret->issued = now;
	ret->expires = until < longest ? until : longest;
	TRY(ident_parse(IDENT_ASP, store_at(result, 0, row, AT_ASP).bytes, &ret->asp));
	TRY(ident_parse(IDENT_APPLICATION, store_at(result, 0, row, AT_APPLICATION).bytes,
		&ret->application));
	TRY(text_copy(ret->subject, sizeof(ret->subject),
		store_at(result, 0, row, AT_SUBJECT).bytes, "subject"));
	TRY(text_copy(ret->id, sizeof(ret->id), store_at(result, 0, row, AT_ID).bytes, "id"));
	TRY(text_copy(ret->level, sizeof(ret->level),
		store_at(result, 0, row, AT_VERIFICATION).bytes, "verification"));
	extension_framework(authz, ret->framework);
	return OK;
}

/* Made anew each time, from what the record says now: no copy of it is kept. */
static enum err put_jwt(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row)
{
	BUF_CLEANUP struct buf claims = buf_growing(VERIFIED_CLAIMS), jwt = buf_growing(JOSE_MAX);
	JSON_CLEANUP struct json *record = NULL;
	struct verified verified = {.time = 0};
	struct person person;
	struct words granted;

	TRY(words_parse(store_at(result, 0, row, AT_ATTRIBUTES).bytes, "attributes", &granted));
	TRY(subscriber_open_record(call->authz, store_at(result, 0, row, AT_SUBSCRIBER).bytes,
		store_at(result, 0, row, AT_RECORD).bytes, &record, &person));
	TRY(fill_jwt(call, result, row, &verified));
	enum err err = fill_claims(&person, &granted, &verified, &claims);

	err = err == OK ? extension_sign(call->authz, &verified, &jwt) : err;
	buf_wipe(&claims);
	TRY(err);
	json_put_text(w, "jwt", buf_contents(&jwt));
	buf_wipe(&jwt);
	return OK;
}

/* An ASP gets a pseudonym, and neither subscriber nor client.  req: B7.5-f B9.4.1-g */
static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	const struct view state = store_at(result, 0, row, AT_STATE).bytes;
	const int64_t until = store_at(result, 0, row, AT_UNTIL).number;
	const bool over = is_open(state) && until <= now_of(call);
	const enum who who = call->asker.who;

	(void)count;
	json_open(w, NULL);
	json_put_text(w, "id", store_at(result, 0, row, AT_ID).bytes);
	json_put_text(w, "application", store_at(result, 0, row, AT_APPLICATION).bytes);
	if (who == WHO_OPERATOR) {
		json_put_text(w, "subscriber", store_at(result, 0, row, AT_SUBSCRIBER).bytes);
	}
	if (who != WHO_ASP) {
		json_put_text(w, "client", store_at(result, 0, row, AT_CLIENT).bytes);
		json_put_text(w, "asp", store_at(result, 0, row, AT_ASP).bytes);
	}
	if (who != WHO_SUBSCRIBER) {
		json_put_text(w, "subject", store_at(result, 0, row, AT_SUBJECT).bytes);
	}
	call_put_words(w, "attributes", store_at(result, 0, row, AT_ATTRIBUTES).bytes);
	json_put_text(w, "state", over ? view_text("expired") : state);
	put_time(w, "created", store_at(result, 0, row, AT_CREATED).number);
	put_time(w, "changed", store_at(result, 0, row, AT_CHANGED).number);
	put_time(w, "until", until);
	if (store_at(result, 0, row, AT_REASON).bytes.len > 0) {
		json_put_text(w, "reason", store_at(result, 0, row, AT_REASON).bytes);
	}
	if (who == WHO_ASP && !over && is_open(state) && !view_is(state, "requested")) {
		TRY(put_jwt(call, w, result, row));
	}
	json_close(w);
	return OK;
}

static struct store_value own_subscriber(const struct call *call)
{
	return STORE_TEXT_OF(view_text(call->asker.subscriber));
}

static struct store_value own_asp(const struct call *call)
{
	return STORE_TEXT_OF(ident_view(&call->asker.asp));
}

enum err extension_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(AUDIT_ID), state = buf_growing(16);
	const enum who who = call->asker.who;

	TRY(call_page(call, &after));
	enum err err = http_query(call->request->target.query, "state", &state);

	if (err != OK && err != ERR_NOT_FOUND) {
		return err;
	}
	TRY(buf_end(&state, "state"));
	const struct store_step step = {
		.statement = who == WHO_ASP	     ? LIST_EXTENSIONS_OF_ASP
			     : who == WHO_SUBSCRIBER ? LIST_EXTENSIONS_OF_SUBSCRIBER
						     : LIST_EXTENSIONS,
		.param_count = who == WHO_OPERATOR ? 3 : 4,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1), STORE_TEXT_OF(buf_contents(&state)),
			who == WHO_ASP ? own_asp(call) : own_subscriber(call)},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_list);
}

enum err extension_show(struct call *call)
{
	const struct store_step step = {
		.statement = FIND_EXTENSION,
		.param_count = 3,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment)), own_subscriber(call),
			own_asp(call)},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_item);
}

/* ---- decisions: approved, refused, withdrawn ---- */

/* What MOVE_EXTENSION returns. */
enum { MOVED_CLIENT, MOVED_APPLICATION, MOVED_ASP, MOVED_SUBJECT, MOVED_SUBSCRIBER };

struct move {
	const char *to;
	const char *from[3];
	bool ends; /* the permission that stands on it goes */
};

static enum err on_moved(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);
	const struct store_result of_row = {.err = OK, .steps = &result->steps[2], .step_count = 1};

	TRY(put(call, &w, &of_row, 0, 1));
	call_answer(call, 200);
	return OK;
}

/*
 * Those concerned are told by what stands in the row, so that nothing is read before. An ASP that refuses, and one whose
 * user withdraws, hear of a pseudonym: in the row, too.
 */
static enum err move(struct call *call, const struct move *move, struct view reason)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND,
			"no such extension is open: `state` of GET /v1/extensions tells"},
	};
	const struct store_value id = STORE_TEXT_OF(buf_contents(&call->segment));
	struct notice_rooms rooms = {.count = 0};
	char kind[32], text[256];
	struct store_step steps[STORE_STEPS] = {
		{.statement = MOVE_EXTENSION,
			.expect = STORE_ONE,
			.param_count = 9,
			.params = {id, STORE_TEXT_OF(view_text(move->to)),
				STORE_INT_OF(now_of(call)), STORE_TEXT_OF(reason),
				own_subscriber(call), own_asp(call),
				STORE_TEXT_OF(view_text(move->from[0])),
				STORE_TEXT_OF(view_text(move->from[1])),
				STORE_TEXT_OF(view_text(move->from[2]))}},
		{.statement = DROP_GRANT_OF_CONSENT,
			.param_count = 1,
			.params = {move->ends ? id : STORE_TEXT_OF(view_text(""))}},
		{.statement = FIND_EXTENSION,
			.expect = STORE_ONE,
			.param_count = 3,
			.params = {id, own_subscriber(call), own_asp(call)}},
	};
	size_t count = 3;

	(void)snprintf(kind, sizeof(kind), "extension-%s", move->to);
	(void)snprintf(text, sizeof(text), "extension %.*s was %s by %s%s%.*s",
		(int)call->segment.len, (const char *)call->segment.data, move->to,
		who_name(call->asker.who), reason.len > 0 ? ": " : "", (int)reason.len,
		(const char *)reason.data);
	call_audit(call, buf_contents(&call->segment), text);
	static const enum notice_to to[] = {NOTICE_OPERATOR, NOTICE_ASP_OF_EXTENSION,
		NOTICE_USER_OF_EXTENSION};

	for (size_t i = 0; i < 3; i++) {
		TRY(notices_add(call->authz,
			&(struct notice){to[i],
				to[i] == NOTICE_OPERATOR ? view_text("")
							 : buf_contents(&call->segment),
				kind, buf_contents(&call->segment), view_text(text)},
			&rooms, steps, &count));
	}
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, count, on_moved);
}

enum err extension_approve(struct call *call)
{
	static const struct move approve = {"extended", {"requested", "requested", "requested"},
		false};
	static const char *const known[] = {NULL};

	TRY(json_only(call->body, known));
	return move(call, &approve, view_text(""));
}

/* The operator, of what waits for it; the ASP, of what it was handed, and what it has provisioned goes with it. */
enum err extension_refuse(struct call *call)
{
	static const struct move by_operator = {"refused", {"requested", "extended", "provisioned"},
		true};
	static const struct move by_asp = {"refused", {"extended", "provisioned", "provisioned"},
		true};
	static const char *const known[] = {"reason", NULL};
	struct view reason = view_text("");

	TRY(json_only(call->body, known));
	TRY(json_text_opt(call->body, "reason", &reason));
	if (reason.len > 128) {
		return err_fail(ERR_RANGE, "reason: longer than 128 bytes");
	}
	return move(call, call->asker.who == WHO_ASP ? &by_asp : &by_operator, reason);
}

/* Consent is withdrawn: what stands on it ends, running sessions too.  req: B9.2.2-h B7.6-c */
enum err extension_withdraw(struct call *call)
{
	static const struct move withdraw = {"withdrawn", {"requested", "extended", "provisioned"},
		true};

	return move(call, &withdraw, view_text(""));
}
