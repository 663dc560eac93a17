// SPDX-License-Identifier: Apache-2.0
/* applications: what devices bootstrap for, and what its ASP may see.  req: B9.2.2-d B9.2.2-e */
#include "authz/registration.h"

#include "base/text.h"
#include "core/token.h"

enum {
	APPLICATION_STEPS = 2 + CALL_NAMES_MAX / CALL_NAMES,
	UA_TEXT = UA_SIZE * 2 + 1,
	LIFETIME = 3600, /* seconds, unless given */
	LIFETIME_MIN = 60,
	LIFETIME_MAX = 31536000,
	SERVICE_MAX = 0x7fffffff,
};

struct application {
	struct ident id, asp;
	struct view format;
	int64_t lifetime, service;
	bool identity;
	char uas[CALL_NAMES_MAX][UA_TEXT];
	struct view ua_views[CALL_NAMES_MAX];
	size_t ua_count;
};

static call_put put;

/* Ua security protocol identifiers (TS 33.220 Annex H), 10 hex digits each. */
static enum err read_uas(const struct operator_call *call, struct application *ret)
{
	const struct json *list = json_member(call->body, "ua");
	const struct json *item = json_item(list, 0);
	size_t count = json_count(list);

	if (count < 1 || count > CALL_NAMES_MAX) {
		return err_fail(ERR_RANGE,
			"ua: a list of 1 to %d Ua security protocol identifiers is wanted",
			CALL_NAMES_MAX);
	}
	for (size_t i = 0; i < count; i++, item = json_next(item)) {
		struct view text;
		struct ua ua;

		if (json_as_text(item, &text) != OK || ua_parse(text, &ua) != OK) {
			return err_fail(ERR_SYNTAX, "ua: item %zu is not 10 hex digits", i + 1);
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

static enum err read_application(const struct operator_call *call, struct application *ret)
{
	static const char *const known[] = {"id", "asp", "ua", "format", "lifetime", "service",
		"identity", NULL};
	const struct json *body = call->body;

	TRY(json_only(body, known));
	TRY(call_body_ident(call, "id", IDENT_APPLICATION, &ret->id));
	TRY(call_body_ident(call, "asp", IDENT_ASP, &ret->asp));
	ret->format = view_text("gba");
	TRY(json_text_opt(body, "format", &ret->format));
	if (!view_is(ret->format, "gba")) {
		return err_fail(ERR_SYNTAX, "format: gba is what is offered");
	}
	ret->lifetime = LIFETIME;
	ret->service = 1;
	TRY(json_int_opt(body, "lifetime", LIFETIME_MIN, LIFETIME_MAX, &ret->lifetime));
	TRY(json_int_opt(body, "service", 0, SERVICE_MAX, &ret->service));
	TRY(json_bool_opt(body, "identity", &ret->identity));
	return read_uas(call, ret);
}

static void put_head(struct json_writer *w, const struct view texts[3], const int64_t numbers[4])
{
	char time[TEXT_TIME];

	text_time(numbers[3], time);
	json_open(w, NULL);
	json_put_text(w, "id", texts[0]);
	json_put_text(w, "asp", texts[1]);
	json_put_text(w, "format", texts[2]);
	json_put_int(w, "lifetime", numbers[0]);
	json_put_int(w, "service", numbers[1]);
	json_put_bool(w, "identity", numbers[2] != 0);
	json_put_string(w, "created", time);
	json_open_array(w, "ua");
}

static void put_tail(struct json_writer *w)
{
	json_close_array(w);
	json_close(w);
}

static void put_new(struct operator_call *call, const struct application *a, int64_t now)
{
	struct json_writer w = json_to(&call->reply);

	put_head(&w, (const struct view[3]){ident_view(&a->id), ident_view(&a->asp), a->format},
		(const int64_t[4]){a->lifetime, a->service, a->identity, now});
	for (size_t i = 0; i < a->ua_count; i++) {
		json_put_text(&w, NULL, a->ua_views[i]);
	}
	put_tail(&w);
}

enum err application_add(struct operator_call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "asp: none with this id is registered"},
		{1, ERR_EXISTS, ERR_EXISTS, "an application with this id is registered already"},
	};
	struct application a = {.identity = false};
	int64_t now = env_wall(loop_env(call->authz->loop));

	TRY(read_application(call, &a));
	struct view id = ident_view(&a.id), asp = ident_view(&a.asp);
	struct store_step steps[APPLICATION_STEPS] = {
		{.statement = FIND_ASP,
			.expect = STORE_SOME,
			.param_count = 1,
			.params = {STORE_TEXT_OF(asp)}},
		{.statement = ADD_APPLICATION,
			.param_count = 7,
			.params = {STORE_TEXT_OF(id), STORE_TEXT_OF(asp), STORE_TEXT_OF(a.format),
				STORE_INT_OF(a.lifetime), STORE_INT_OF(a.service),
				STORE_INT_OF(a.identity), STORE_INT_OF(now)}},
	};
	size_t more = call_name_steps(ADD_UAS, id, a.ua_views, a.ua_count, &steps[2]);

	put_new(call, &a, now);
	call->status = 201;
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, 2 + more, call_on_done);
}

enum err application_list(struct operator_call *call)
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

static enum err about_one(struct operator_call *call, int statement, call_done *done)
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

enum err application_show(struct operator_call *call)
{
	return about_one(call, FIND_APPLICATION, call_on_item);
}

enum err application_remove(struct operator_call *call)
{
	return about_one(call, DROP_APPLICATION, call_on_dropped);
}

/* id, asp, format, lifetime, service, identity, created, ua: one row a Ua identifier */
static enum err put(struct operator_call *call, struct json_writer *w,
	const struct store_result *result, size_t row, size_t count)
{
	struct view texts[3];
	int64_t numbers[4];

	(void)call;
	for (size_t i = 0; i < 3; i++) {
		texts[i] = store_at(result, 0, row, i).bytes;
	}
	for (size_t i = 0; i < 4; i++) {
		numbers[i] = store_at(result, 0, row, 3 + i).number;
	}
	put_head(w, texts, numbers);
	for (size_t i = 0; i < count; i++) {
		struct store_value ua = store_at(result, 0, row + i, 7);

		if (ua.type == STORE_TEXT) {
			json_put_text(w, NULL, ua.bytes);
		}
	}
	put_tail(w);
	return OK;
}
