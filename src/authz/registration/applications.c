// SPDX-License-Identifier: Apache-2.0
/* applications: what devices bootstrap for, and what its ASP may see.  req: B9.2.2-d B9.2.2-e B7.7-b */
#include "authz/registration/registration.h"

#include "authz/portal/catalogue.h"
#include "authz/degrees.h"
#include "authz/portal/notices.h"
#include "authz/portal/proof.h"
#include "base/text.h"
#include "core/token.h"
#include "wire/rp_messages.h"

#include <string.h>

enum {
	UAS_MAX = RP_UAS, /* what an answer on RP_B has room for */
	APPLICATION_STEPS = 8 + (UAS_MAX + CALL_NAMES - 1) / CALL_NAMES,
	UA_TEXT = UA_SIZE * 2 + 1,
	LIFETIME = 3600, /* seconds, unless given */
	LIFETIME_MIN = 60,
	LIFETIME_MAX = 31536000,
	SERVICE_MAX = 0x7fffffff,
	REASON_MAX = 256,
};

struct application {
	struct ident id, asp;
	struct ident group; /* whose tokens open it; of kind NONE: it has its own */
	struct view format, degree;
	int64_t lifetime, service;
	bool identity;
	struct catalogue_entry catalogue;
	const char *state;
	char proof[ASKER_TOKEN_TEXT]; /* of control over its host; "": none is asked for */
	char uas[UAS_MAX][UA_TEXT];
	struct view ua_views[UAS_MAX];
	size_t ua_count;
};

static call_put put;
static enum err put_item(const struct call *call, struct json_writer *w,
	const struct store_result *result, size_t step, size_t row, size_t count);

/* Ua security protocol identifiers (TS 33.220 Annex H), 10 hex digits each. */
static enum err read_uas(const struct call *call, struct application *ret)
{
	const struct json *list = json_member(call->body, "ua");
	const struct json *item = json_item(list, 0);
	size_t count = json_count(list);

	if (count < 1 || count > UAS_MAX) {
		return err_fail(ERR_RANGE,
			"ua: a list of 1 to %d Ua security protocol identifiers is wanted", UAS_MAX);
	}
	for (size_t i = 0; i < count; i++, item = json_next(item)) {
		struct view text;
		struct ua ua;

		if (json_as_text(item, &text) != OK || ua_parse(text, &ua) != OK) {
			return err_fail(ERR_SYNTAX, "ua: item %zu is not 10 hex digits", i + 1);
		}
		if (ua_equal(ua, UA_ALL)) {
			return err_fail(ERR_SYNTAX,
				"ua: item %zu stands for all of them, and for "
				"none by itself",
				i + 1);
		}
		ua_print(ua, ret->uas[i]);
		ret->ua_views[i] = view_text(ret->uas[i]);
		for (size_t k = 0; k < i; k++) {
			if (view_equal(ret->ua_views[k], ret->ua_views[i])) {
				return err_fail(ERR_SYNTAX, "ua: item %zu stands there twice",
					i + 1);
			}
		}
	}
	ret->ua_count = count;
	return OK;
}

/* 8.4: the degree decides whether format gba will do. */
static enum err check_terms(const struct call *call, const struct application *a)
{
	struct degree degree;
	enum token_format format;
	char name[16];

	TRY(degree_find(call->authz->conf, a->degree, &degree));
	if (text_copy(name, sizeof(name), a->format, "format") != OK ||
		token_format_of(name, &format) != OK) {
		return err_fail(ERR_SYNTAX, "format: y3056 or gba");
	}
	if (format == TOKEN_GBA && !degree.gba) {
		return err_fail(ERR_SYNTAX, "format: degree %s does not allow gba", degree.name);
	}
	if (format == TOKEN_GBA && a->group.kind != IDENT_NONE) {
		return err_fail(ERR_SYNTAX, "group: it wants format y3056");
	}
	return OK;
}

static enum err read_group(const struct call *call, struct application *ret)
{
	if (!json_member(call->body, "group")) {
		return OK;
	}
	TRY(call_body_ident(call, "group", IDENT_APPLICATION, &ret->group));
	return ident_equal(&ret->group, &ret->id)
		       ? err_fail(ERR_SYNTAX, "group: an application is no member of itself")
		       : OK;
}

/* An ASP registers for itself, and need not say so. */
static enum err read_asp(const struct call *call, struct ident *ret)
{
	if (call->asker.who != WHO_ASP) {
		return call_body_ident(call, "asp", IDENT_ASP, ret);
	}
	*ret = call->asker.asp;
	if (!json_member(call->body, "asp")) {
		return OK;
	}
	TRY(call_body_ident(call, "asp", IDENT_ASP, ret));
	return ident_equal(ret, &call->asker.asp)
		       ? OK
		       : err_fail(ERR_NOT_FOUND, "asp: none with this id is registered");
}

static enum err read_application(const struct call *call, struct application *ret)
{
	static const char *const known[] = {"id", "asp", "ua", "format", "degree", "group",
		"lifetime", "service", "identity", CATALOGUE_MEMBERS, NULL};
	const struct json *body = call->body;

	TRY(json_only(body, known));
	TRY(call_body_ident(call, "id", IDENT_APPLICATION, &ret->id));
	TRY(read_asp(call, &ret->asp));
	TRY(read_group(call, ret));
	ret->format = view_text("y3056");
	TRY(json_text_opt(body, "format", &ret->format));
	ret->degree = view_text(DEGREE_UNLESS_GIVEN);
	TRY(json_text_opt(body, "degree", &ret->degree));
	TRY(check_terms(call, ret));
	ret->lifetime = LIFETIME;
	ret->service = 1;
	TRY(json_int_opt(body, "lifetime", LIFETIME_MIN, LIFETIME_MAX, &ret->lifetime));
	TRY(json_int_opt(body, "service", 0, SERVICE_MAX, &ret->service));
	TRY(json_bool_opt(body, "identity", &ret->identity));
	TRY(catalogue_read(call, &ret->catalogue));
	return read_uas(call, ret);
}

/* What is answered of an application, in the order of APPLICATION_COLUMNS. */
enum { ID, ASP, FORMAT, DEGREE, GROUP, TEXTS };
enum { LIFETIME_AT, SERVICE, IDENTITY, CREATED, NUMBERS };
enum {
	UA_AT = TEXTS + NUMBERS,
	CATALOGUE_AT,
	STATE_AT = CATALOGUE_AT + CATALOGUE_WIDTH,
	REASON_AT,
	PROOF_AT,
};

static void put_head(struct json_writer *w, const struct view texts[TEXTS],
	const int64_t numbers[NUMBERS])
{
	char time[TEXT_TIME];

	text_time(numbers[CREATED], time);
	json_open(w, NULL);
	json_put_text(w, "id", texts[ID]);
	json_put_text(w, "asp", texts[ASP]);
	json_put_text(w, "format", texts[FORMAT]);
	json_put_text(w, "degree", texts[DEGREE]);
	if (texts[GROUP].len > 0) {
		json_put_text(w, "group", texts[GROUP]);
	}
	json_put_int(w, "lifetime", numbers[LIFETIME_AT]);
	json_put_int(w, "service", numbers[SERVICE]);
	json_put_bool(w, "identity", numbers[IDENTITY] != 0);
	json_put_string(w, "created", time);
	json_open_array(w, "ua");
}

static struct store_value text_or_null(const struct ident *id)
{
	return id->kind == IDENT_NONE ? STORE_NULL_OF() : STORE_TEXT_OF(ident_view(id));
}

/* 9.6.1: a group is of the same ASP, in nobody's group, and has room. */
static struct store_step check_group(const struct application *a)
{
	return (struct store_step){
		.statement = FIND_GROUP,
		.expect = STORE_ONE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(ident_view(&a->group)), STORE_TEXT_OF(ident_view(&a->asp)),
			STORE_INT_OF(RP_MEMBERS - 1)},
	};
}

/* What an ASP registers waits for the operator, unless policy confirms it; and for a proof, when policy asks for one. */
static enum err set_state(const struct call *call, struct application *a)
{
	const struct authz_conf *conf = call->authz->conf;
	const bool own = call->asker.who == WHO_ASP;

	a->state = own && conf->application_approval == ASP_OPERATOR ? "pending" : "confirmed";
	if (own && proof_is_wanted(conf, &a->id)) {
		a->state = "unproven";
		return proof_new_token(call->authz, a->proof);
	}
	return OK;
}

/* 10.2: operator and ASP are told; of what an operator registers only the ASP.  req: B10.2 */
static enum err tell_new(struct call *call, const struct application *a, struct audit_room rooms[2],
	struct store_step *steps, size_t *count)
{
	struct notice notice = {.to = NOTICE_ASP,
		.whom = ident_view(&a->asp),
		.kind = "application-registered",
		.object = ident_view(&a->id),
		.text = view_text(a->state)};

	TRY(notice_step(call->authz, &notice, &rooms[0], &steps[(*count)++]));
	if (call->asker.who != WHO_ASP) {
		return OK;
	}
	notice.to = NOTICE_OPERATOR;
	notice.whom = view_text("");
	return notice_step(call->authz, &notice, &rooms[1], &steps[(*count)++]);
}

/* The last step of one's own, which is followed by that of the audit, gives the application as it is now. */
static enum err on_written(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);
	size_t step = result->step_count - 2;

	TRY(put_item(call, &w, result, step, 0, result->steps[step].rows));
	call_answer(call, call->status);
	return OK;
}

static struct store_step look_step(struct view id)
{
	return (struct store_step){.statement = FIND_APPLICATION,
		.param_count = 1,
		.params = {STORE_TEXT_OF(id)}};
}

static struct store_step state_step(struct view id, const char *state, struct view reason,
	const char *proof)
{
	return (struct store_step){
		.statement = SET_APPLICATION_STATE,
		.expect = STORE_ONE,
		.param_count = 4,
		.params = {STORE_TEXT_OF(id), STORE_TEXT_OF(view_text(state)), STORE_TEXT_OF(reason),
			proof ? STORE_TEXT_OF(view_text(proof)) : STORE_NULL_OF()},
	};
}

enum err application_add(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "asp: none with this id is registered"},
		{1, ERR_CONFLICT, ERR_CONFLICT,
			"group: no application of this ASP with format y3056 and room for members, "
			"or one that is in a group itself"},
		{1, ERR_EXISTS, ERR_EXISTS, "an application with this id is registered already"},
		{2, ERR_EXISTS, ERR_EXISTS, "an application with this id is registered already"},
	};
	static _Thread_local struct application a;
	int64_t now = env_wall(loop_env(call->authz->loop));
	struct audit_room rooms[2];
	size_t count = 0;

	a = (struct application){.identity = false};
	TRY(read_application(call, &a));
	TRY(set_state(call, &a));
	struct view id = ident_view(&a.id), asp = ident_view(&a.asp);
	struct store_step steps[APPLICATION_STEPS];

	steps[count++] = (struct store_step){.statement = FIND_ASP,
		.expect = STORE_SOME,
		.param_count = 1,
		.params = {STORE_TEXT_OF(asp)}};
	if (a.group.kind != IDENT_NONE) {
		steps[count++] = check_group(&a);
	}
	steps[count++] = (struct store_step){.statement = ADD_APPLICATION,
		.param_count = 9,
		.params = {STORE_TEXT_OF(id), STORE_TEXT_OF(asp), STORE_TEXT_OF(a.format),
			STORE_INT_OF(a.lifetime), STORE_INT_OF(a.service), STORE_INT_OF(a.identity),
			STORE_INT_OF(now), STORE_TEXT_OF(a.degree), text_or_null(&a.group)}};
	count += call_name_steps(ADD_UAS, id, a.ua_views, a.ua_count, &steps[count]);
	steps[count++] = catalogue_step(id, &a.catalogue);
	if (strcmp(a.state, "confirmed") != 0) {
		steps[count++] = state_step(id, a.state, view_text(""), a.proof);
	}
	TRY(tell_new(call, &a, rooms, steps, &count));
	steps[count++] = look_step(id);
	call->status = 201;
	call_audit(call, id, a.state);
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, count, on_written);
}

enum err application_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(IDENT_MAX);
	struct ident asp = {.kind = IDENT_NONE};
	enum err err =
		call->asker.who == WHO_ASP ? OK : call_query_ident(call, "asp", IDENT_ASP, &asp);

	if (err != OK && err != ERR_NOT_FOUND) {
		return err;
	}
	asp = call->asker.who == WHO_ASP ? call->asker.asp : asp;
	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = err == OK ? LIST_APPLICATIONS_OF : LIST_APPLICATIONS,
		.param_count = err == OK ? 3 : 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1), STORE_TEXT_OF(ident_view(&asp))},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_list);
}

/* To an ASP another's application is not there; "" for operators. */
static struct store_value whose(const struct call *call)
{
	return STORE_TEXT_OF(
		call->asker.who == WHO_ASP ? ident_view(&call->asker.asp) : view_text(""));
}

static enum err about_one(struct call *call, int statement, call_done *done)
{
	struct ident id;

	TRY(call_segment_ident(call, IDENT_APPLICATION, &id));
	const struct store_step step = {
		.statement = statement,
		.param_count = 2,
		.params = {STORE_TEXT_OF(ident_view(&id)), whose(call)},
	};

	call->put = put;
	return call_submit(call, &step, 1, done);
}

enum err application_show(struct call *call)
{
	return about_one(call, FIND_APPLICATION_FOR, call_on_item);
}

/* What of an application may change while it is used. */
struct change {
	struct view degree, format;
	bool has_degree, gba; /* whether the new degree allows that, where the format is it */
	int64_t lifetime;     /* 0: as it is */
	bool identity, has_identity;
	struct catalogue_entry catalogue;
};

static enum err read_change(const struct call *call, struct change *ret)
{
	static const char *const known[] = {"degree", "format", "lifetime", "identity",
		CATALOGUE_MEMBERS, NULL};
	struct degree degree;
	enum token_format format = TOKEN_Y3056;
	char name[16];

	TRY(json_only(call->body, known));
	TRY(json_text_opt(call->body, "degree", &ret->degree));
	TRY(json_text_opt(call->body, "format", &ret->format));
	TRY(json_int_opt(call->body, "lifetime", LIFETIME_MIN, LIFETIME_MAX, &ret->lifetime));
	TRY(json_bool_opt(call->body, "identity", &ret->identity));
	ret->has_identity = json_member(call->body, "identity") != NULL;
	ret->has_degree = ret->degree.data != NULL;
	TRY(catalogue_read(call, &ret->catalogue));
	if (!ret->has_degree && !ret->format.data && !ret->has_identity && ret->lifetime == 0 &&
		catalogue_is_empty(&ret->catalogue)) {
		return err_fail(ERR_SYNTAX,
			"degree, format, lifetime, identity, or something of the "
			"catalogue is wanted");
	}
	if (call->asker.who == WHO_ASP &&
		(ret->has_degree || ret->format.data || ret->has_identity ||
			catalogue_needs_operator(&ret->catalogue))) {
		return err_fail(ERR_DENIED,
			"degree, format, identity, attributes, verification and "
			"administrators were confirmed by the operator, who alone "
			"changes them");
	}
	if (ret->format.data) {
		TRY(text_copy(name, sizeof(name), ret->format, "format"));
		TRY(token_format_of(name, &format) == OK
				? OK
				: err_fail(ERR_SYNTAX, "format: y3056 or gba"));
	}
	if (ret->has_degree) {
		TRY(degree_find(call->authz->conf, ret->degree, &degree) == OK
				? OK
				: err_fail(ERR_SYNTAX, "%s", err_detail()));
		ret->gba = degree.gba;
	}
	return OK;
}

/* What is under way is told: authentication elements ask again (RFC 6733 8.3).  req: B9.2.2-e */
enum err application_change(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "no such thing is registered"},
		{1, ERR_CONFLICT, ERR_CONFLICT,
			"format gba: the degree does not allow it, or a group's tokens have y3056"},
	};
	struct change change = {.lifetime = 0};
	char names[DEGREE_NAMES];
	struct ident id;

	TRY(call_segment_ident(call, IDENT_APPLICATION, &id));
	TRY(read_change(call, &change));
	degrees_with_gba(call->authz->conf, names);
	const struct store_value name = STORE_TEXT_OF(ident_view(&id));
	const struct store_step steps[] = {
		{.statement = FIND_APPLICATION_FOR,
			.expect = STORE_SOME,
			.param_count = 2,
			.params = {name, whose(call)}},
		{.statement = SET_APPLICATION,
			.expect = STORE_ONE,
			.param_count = 7,
			.params = {name,
				change.has_degree ? STORE_TEXT_OF(change.degree) : STORE_NULL_OF(),
				change.lifetime > 0 ? STORE_INT_OF(change.lifetime)
						    : STORE_NULL_OF(),
				change.has_identity ? STORE_INT_OF(change.identity)
						    : STORE_NULL_OF(),
				STORE_INT_OF(!change.has_degree || change.gba),
				change.format.data ? STORE_TEXT_OF(change.format) : STORE_NULL_OF(),
				STORE_TEXT_OF(view_text(names))}},
		catalogue_step(ident_view(&id), &change.catalogue),
		{.statement = CHANGE_APPLICATION, .param_count = 1, .params = {name}},
		look_step(ident_view(&id)),
	};

	CALL_FAULTS(call, faults);
	return call_submit(call, steps, 5, on_written);
}

enum err application_remove(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT, "its tokens open its members: remove them first"},
	};

	CALL_FAULTS(call, faults);
	return about_one(call, DROP_APPLICATION_FOR, call_on_dropped);
}

static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	return put_item(call, w, result, 0, row, count);
}

/* What is to be shown at the host, while the application waits for that. */
static enum err put_challenge(const struct call *call, struct json_writer *w,
	const struct store_result *result, size_t step, size_t row)
{
	struct ident id;
	char token[ASKER_TOKEN_TEXT];

	if (!view_is(store_at(result, step, row, STATE_AT).bytes, "unproven")) {
		return OK;
	}
	TRY(ident_parse(IDENT_APPLICATION, store_at(result, step, row, ID).bytes, &id));
	TRY(text_copy(token, sizeof(token), store_at(result, step, row, PROOF_AT).bytes, "proof"));
	return proof_put(call->authz, w, &id, token);
}

/* One row a Ua identifier. */
static enum err put_item(const struct call *call, struct json_writer *w,
	const struct store_result *result, size_t step, size_t row, size_t count)
{
	struct view texts[TEXTS];
	int64_t numbers[NUMBERS];

	for (size_t i = 0; i < TEXTS; i++) {
		texts[i] = store_at(result, step, row, i).bytes;
	}
	for (size_t i = 0; i < NUMBERS; i++) {
		numbers[i] = store_at(result, step, row, TEXTS + i).number;
	}
	put_head(w, texts, numbers);
	for (size_t i = 0; i < count; i++) {
		struct store_value ua = store_at(result, step, row + i, UA_AT);

		if (ua.type == STORE_TEXT) {
			json_put_text(w, NULL, ua.bytes);
		}
	}
	json_close_array(w);
	catalogue_put(w, result, step, row, CATALOGUE_AT);
	json_put_text(w, "state", store_at(result, step, row, STATE_AT).bytes);
	json_put_text(w, "reason", store_at(result, step, row, REASON_AT).bytes);
	TRY(put_challenge(call, w, result, step, row));
	json_close(w);
	return OK;
}

/* ---- the operator decides ---- */

static enum err decide(struct call *call, const char *state, const char *kind, struct view reason)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "no such thing is registered"},
		{1, ERR_CONFLICT, ERR_CONFLICT, "that was decided already"},
	};
	struct audit_room rooms[2];
	struct ident id;

	TRY(call_segment_ident(call, IDENT_APPLICATION, &id));
	const struct view name = ident_view(&id);
	struct store_step steps[6] = {
		{.statement = FIND_APPLICATION,
			.expect = STORE_SOME,
			.param_count = 1,
			.params = {STORE_TEXT_OF(name)}},
		state_step(name, state, reason, NULL),
	};
	struct notice notice = {.to = NOTICE_ASP_OF,
		.whom = name,
		.kind = kind,
		.object = name,
		.text = reason};
	size_t count = 2;

	TRY(notice_step(call->authz, &notice, &rooms[0], &steps[count++]));
	notice.to = NOTICE_OPERATOR;
	notice.whom = view_text("");
	TRY(notice_step(call->authz, &notice, &rooms[1], &steps[count++]));
	if (strcmp(state, "refused") == 0) { /* with the permissions go the sessions */
		steps[count++] = (struct store_step){.statement = DROP_GRANTS_OF_APPLICATION,
			.param_count = 1,
			.params = {STORE_TEXT_OF(name)}};
	}
	steps[count++] = look_step(name);
	call_audit(call, name, state);
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, count, on_written);
}

/* 10.2: also what was not proven, or refused before.  req: B10.2 B7.5-c */
enum err application_confirm(struct call *call)
{
	static const char *const known[] = {NULL};

	TRY(json_only(call->body, known));
	return decide(call, "confirmed", "application-confirmed", view_text(""));
}

/* Also what was confirmed: nobody gets a token for it from now on. */
enum err application_refuse(struct call *call)
{
	static const char *const known[] = {"reason", NULL};
	struct view reason = view_text("");

	TRY(json_only(call->body, known));
	TRY(json_text_opt(call->body, "reason", &reason));
	if (reason.len > REASON_MAX) {
		return err_fail(ERR_RANGE, "reason: longer than %d bytes", REASON_MAX);
	}
	return decide(call, "refused", "application-refused", reason);
}

/* ---- proof of control over its host ---- */

static enum err on_proof_written(struct call *call, const char *state)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT, "the application was decided otherwise meanwhile"},
	};
	struct audit_room rooms[2];
	struct ident id;

	TRY(call_segment_ident(call, IDENT_APPLICATION, &id));
	const struct view name = ident_view(&id);
	struct store_step steps[4] = {{.statement = PROVE_APPLICATION,
		.expect = STORE_ONE,
		.param_count = 2,
		.params = {STORE_TEXT_OF(name), STORE_TEXT_OF(view_text(state))}}};
	struct notice notice = {.to = NOTICE_ASP_OF,
		.whom = name,
		.kind = "application-proven",
		.object = name,
		.text = view_text(state)};

	TRY(notice_step(call->authz, &notice, &rooms[0], &steps[1]));
	notice.to = NOTICE_OPERATOR;
	notice.whom = view_text("");
	TRY(notice_step(call->authz, &notice, &rooms[1], &steps[2]));
	steps[3] = look_step(name);
	call_audit(call, name, "proven");
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, 4, on_written);
}

static void on_proof(struct call *call, enum err err)
{
	const bool operator_next = call->authz->conf->application_approval == ASP_OPERATOR;

	if (err == OK) {
		err = on_proof_written(call, operator_next ? "pending" : "confirmed");
	}
	if (err != OK) {
		call_fail(call, err);
	}
}

static enum err on_unproven(struct call *call, const struct store_result *result)
{
	struct ident id;
	char token[ASKER_TOKEN_TEXT];

	if (result->steps[0].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "no such thing is registered");
	}
	if (!view_is(store_at(result, 0, 0, STATE_AT).bytes, "unproven")) {
		return err_fail(ERR_CONFLICT, "no proof is asked for: the application is %.*s",
			(int)store_at(result, 0, 0, STATE_AT).bytes.len,
			(const char *)store_at(result, 0, 0, STATE_AT).bytes.data);
	}
	TRY(ident_parse(IDENT_APPLICATION, store_at(result, 0, 0, ID).bytes, &id));
	TRY(text_copy(token, sizeof(token), store_at(result, 0, 0, PROOF_AT).bytes, "proof"));
	return proof_check(call, &id, token, on_proof);
}

/* Looks now whether what was asked for is there.  req: B10.2 */
enum err application_prove(struct call *call)
{
	static const char *const known[] = {NULL};
	struct ident id;

	TRY(json_only(call->body, known));
	TRY(call_segment_ident(call, IDENT_APPLICATION, &id));
	TRY(account_check_rate(call, NULL));
	const struct store_step step = {
		.statement = FIND_APPLICATION_FOR,
		.param_count = 2,
		.params = {STORE_TEXT_OF(ident_view(&id)), whose(call)},
	};

	return call_look(call, &step, 1, on_unproven);
}
