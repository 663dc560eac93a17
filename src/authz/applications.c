// SPDX-License-Identifier: Apache-2.0
/* applications: what devices bootstrap for, and what its ASP may see.  req: B9.2.2-d B9.2.2-e */
#include "authz/registration.h"

#include "authz/degrees.h"
#include "base/text.h"
#include "core/token.h"
#include "wire/rp_messages.h"

enum {
	UAS_MAX = RP_UAS, /* what an answer on RP_B has room for */
	APPLICATION_STEPS = 3 + (UAS_MAX + CALL_NAMES - 1) / CALL_NAMES,
	UA_TEXT = UA_SIZE * 2 + 1,
	LIFETIME = 3600, /* seconds, unless given */
	LIFETIME_MIN = 60,
	LIFETIME_MAX = 31536000,
	SERVICE_MAX = 0x7fffffff,
	CHANGED_ROWS = 3, /* of a change: the step that gives it as it is now */
};

struct application {
	struct ident id, asp;
	struct ident group; /* whose tokens open it; of kind NONE: it has its own */
	struct view format, degree;
	int64_t lifetime, service;
	bool identity;
	char uas[UAS_MAX][UA_TEXT];
	struct view ua_views[UAS_MAX];
	size_t ua_count;
};

static call_put put;
static enum err put_item(struct json_writer *w, const struct store_result *result, size_t step,
	size_t row, size_t count);

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

static enum err read_application(const struct call *call, struct application *ret)
{
	static const char *const known[] = {"id", "asp", "ua", "format", "degree", "group",
		"lifetime", "service", "identity", NULL};
	const struct json *body = call->body;

	TRY(json_only(body, known));
	TRY(call_body_ident(call, "id", IDENT_APPLICATION, &ret->id));
	TRY(call_body_ident(call, "asp", IDENT_ASP, &ret->asp));
	TRY(read_group(call, ret));
	ret->format = view_text(ret->group.kind == IDENT_NONE ? "gba" : "y3056");
	TRY(json_text_opt(body, "format", &ret->format));
	ret->degree = view_text(DEGREE_UNLESS_GIVEN);
	TRY(json_text_opt(body, "degree", &ret->degree));
	TRY(check_terms(call, ret));
	ret->lifetime = LIFETIME;
	ret->service = 1;
	TRY(json_int_opt(body, "lifetime", LIFETIME_MIN, LIFETIME_MAX, &ret->lifetime));
	TRY(json_int_opt(body, "service", 0, SERVICE_MAX, &ret->service));
	TRY(json_bool_opt(body, "identity", &ret->identity));
	return read_uas(call, ret);
}

/* What is answered of an application, in the order of APPLICATION_COLUMNS. */
enum { ID, ASP, FORMAT, DEGREE, GROUP, TEXTS };
enum { LIFETIME_AT, SERVICE, IDENTITY, CREATED, NUMBERS };

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

static void put_tail(struct json_writer *w)
{
	json_close_array(w);
	json_close(w);
}

static void put_new(struct call *call, const struct application *a, int64_t now)
{
	struct json_writer w = json_to(&call->reply);

	put_head(&w,
		(const struct view[TEXTS]){ident_view(&a->id), ident_view(&a->asp), a->format,
			a->degree, ident_view(&a->group)},
		(const int64_t[NUMBERS]){a->lifetime, a->service, a->identity, now});
	for (size_t i = 0; i < a->ua_count; i++) {
		json_put_text(&w, NULL, a->ua_views[i]);
	}
	put_tail(&w);
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
	struct application a = {.identity = false};
	int64_t now = env_wall(loop_env(call->authz->loop));
	size_t count = 0;

	TRY(read_application(call, &a));
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
	put_new(call, &a, now);
	call->status = 201;
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, count, call_on_done);
}

enum err application_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(IDENT_MAX);
	struct ident asp = {.kind = IDENT_NONE};
	enum err err = call_query_ident(call, "asp", IDENT_ASP, &asp);

	if (err != OK && err != ERR_NOT_FOUND) {
		return err;
	}
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

static enum err about_one(struct call *call, int statement, call_done *done)
{
	struct ident id;

	TRY(call_segment_ident(call, IDENT_APPLICATION, &id));
	const struct store_step step = {
		.statement = statement,
		.param_count = 1,
		.params = {STORE_TEXT_OF(ident_view(&id))},
	};

	call->put = put;
	return call_submit(call, &step, 1, done);
}

enum err application_show(struct call *call)
{
	return about_one(call, FIND_APPLICATION, call_on_item);
}

/* What of an application may change while it is used. */
struct change {
	struct view degree;
	bool has_degree, gba; /* what the new degree allows */
	int64_t lifetime;     /* 0: as it is */
	bool identity, has_identity;
};

static enum err read_change(const struct call *call, struct change *ret)
{
	static const char *const known[] = {"degree", "lifetime", "identity", NULL};
	struct degree degree;

	TRY(json_only(call->body, known));
	TRY(json_text_opt(call->body, "degree", &ret->degree));
	TRY(json_int_opt(call->body, "lifetime", LIFETIME_MIN, LIFETIME_MAX, &ret->lifetime));
	TRY(json_bool_opt(call->body, "identity", &ret->identity));
	ret->has_identity = json_member(call->body, "identity") != NULL;
	ret->has_degree = ret->degree.data != NULL;
	if (!ret->has_degree && !ret->has_identity && ret->lifetime == 0) {
		return err_fail(ERR_SYNTAX, "degree, lifetime or identity is wanted");
	}
	if (ret->has_degree) {
		TRY(degree_find(call->authz->conf, ret->degree, &degree) == OK
				? OK
				: err_fail(ERR_SYNTAX, "%s", err_detail()));
		ret->gba = degree.gba;
	}
	return OK;
}

static enum err on_changed(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);

	TRY(put_item(&w, result, CHANGED_ROWS, 0, result->steps[CHANGED_ROWS].rows));
	call_answer(call, 200);
	return OK;
}

/* What is under way is told: authentication elements ask again (RFC 6733 8.3).  req: B9.2.2-e */
enum err application_change(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "no such thing is registered"},
		{1, ERR_CONFLICT, ERR_CONFLICT, "degree: it does not allow the format gba"},
	};
	struct change change = {.lifetime = 0};
	struct ident id;

	TRY(call_segment_ident(call, IDENT_APPLICATION, &id));
	TRY(read_change(call, &change));
	const struct store_value name = STORE_TEXT_OF(ident_view(&id));
	const struct store_step steps[] = {
		{.statement = FIND_APPLICATION,
			.expect = STORE_SOME,
			.param_count = 1,
			.params = {name}},
		{.statement = SET_APPLICATION,
			.expect = STORE_ONE,
			.param_count = 5,
			.params = {name,
				change.has_degree ? STORE_TEXT_OF(change.degree) : STORE_NULL_OF(),
				change.lifetime > 0 ? STORE_INT_OF(change.lifetime)
						    : STORE_NULL_OF(),
				change.has_identity ? STORE_INT_OF(change.identity)
						    : STORE_NULL_OF(),
				STORE_INT_OF(!change.has_degree || change.gba)}},
		{.statement = CHANGE_APPLICATION, .param_count = 1, .params = {name}},
		[CHANGED_ROWS] = {.statement = FIND_APPLICATION, .param_count = 1, .params = {name}},
	};

	CALL_FAULTS(call, faults);
	return call_submit(call, steps, 4, on_changed);
}

enum err application_remove(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT, "its tokens open its members: remove them first"},
	};

	CALL_FAULTS(call, faults);
	return about_one(call, DROP_APPLICATION, call_on_dropped);
}

static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	(void)call;
	return put_item(w, result, 0, row, count);
}

/* One row a Ua identifier. */
static enum err put_item(struct json_writer *w, const struct store_result *result, size_t step,
	size_t row, size_t count)
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
		struct store_value ua = store_at(result, step, row + i, TEXTS + NUMBERS);

		if (ua.type == STORE_TEXT) {
			json_put_text(w, NULL, ua.bytes);
		}
	}
	put_tail(w);
	return OK;
}
