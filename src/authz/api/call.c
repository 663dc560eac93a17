// SPDX-License-Identifier: Apache-2.0
#include "authz/api/call.h"

#include "authz/api/audit.h"
#include "authz/api/idempotency.h"
#include "authz/api/problems.h"
#include "authz/sessions.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { BODY_MAX = 64 * 1024, SEGMENT_MAX = 1024, KEEP_MAX = 128 * 1024 };

static void problem(struct http_request *request, unsigned status, const char *detail);
static void on_result(void *user, uint64_t ref, const struct store_result *result);

/* ---- the life of a call ---- */

enum err call_start_up(struct authz *authz)
{
	const struct authz_conf *conf = authz->conf;
	size_t portal = conf->portal_listen[0] ? (size_t)conf->portal_connections * 2 : 0;

	/* One request at a time a connection; those whose client left wait for their unit. */
	return pool_new(sizeof(struct call), (size_t)conf->operator_connections * 4 + portal,
		&authz->calls);
}

static void close_call(struct call *call)
{
	buf_free(&call->segment);
	buf_wipe(&call->keep);
	buf_free(&call->keep);
	buf_wipe(&call->object);
	buf_free(&call->object);
	buf_free(&call->detail);
	buf_wipe(&call->reply); /* it may name persons */
	buf_free(&call->reply);
	pool_give(call->authz->calls, call->ref);
}

static void refuse_at_end(void *user, pool_ref ref, void *slot)
{
	struct call *call = slot;

	(void)user;
	(void)ref;
	problem(call->request, 503, "this node stops; whether it was done is not known");
	close_call(call);
}

void call_shut_down(struct authz *authz)
{
	if (authz->calls) {
		pool_each(authz->calls, refuse_at_end, NULL);
	}
	pool_free(authz->calls);
	authz->calls = NULL;
}

static enum err read_segment(struct call *call, struct view segment)
{
	TRY(text_from_percent(segment, &call->segment, "path"));
	return buf_end(&call->segment, "path");
}

/* A page of another site can make a browser with an operator's certificate send text, not JSON. */
static bool says_json(const struct http_head *head)
{
	static const char json[] = "application/json";
	struct view type = http_field_of(head, "Content-Type");
	struct view first =
		view_of(type.data, type.len < sizeof(json) ? type.len : sizeof(json) - 1);

	return view_is_nocase(first, json) &&
	       (type.len == first.len || type.data[first.len] == ';' || type.data[first.len] == ' ');
}

static bool only_reads(const struct http_request *request)
{
	return view_is(request->head->method, "GET") || view_is(request->head->method, "HEAD");
}

static enum err read_body(const struct http_request *request, struct json **ret)
{
	if (only_reads(request) || view_is(request->head->method, "DELETE")) {
		return OK;
	}
	if (!says_json(request->head)) {
		return err_fail(ERR_UNSUPPORTED, "Content-Type: application/json is wanted");
	}
	TRY(json_parse(request->body, BODY_MAX, ret));
	return json_is_object(*ret) ? OK : err_fail(ERR_SYNTAX, "body: not a JSON object");
}

enum err call_read_body(const struct call *call, struct json **ret)
{
	return read_body(call->request, ret);
}

struct call *call_open(struct authz *authz, struct http_request *request)
{
	struct call *call;
	pool_ref ref;

	if (pool_take(authz->calls, &ref, (void **)&call) != OK) {
		problem(request, 503, "too many requests under way; nothing was done");
		return NULL;
	}
	call->authz = authz;
	call->ref = ref;
	call->request = request;
	call->name = "none";
	call->status = 200;
	call->segment = buf_growing(SEGMENT_MAX);
	call->reply = buf_growing(CALL_REPLY_MAX);
	call->keep = buf_growing(KEEP_MAX);
	call->object = buf_growing(AUDIT_OBJECT);
	call->detail = buf_growing(AUDIT_DETAIL);
	return call;
}

/* What is changed, as far as path and body tell. */
static void name_object(struct call *call)
{
	static const char *const names[] = {"id", "client", "subscriber", "application"};
	struct view object = buf_contents(&call->segment);

	for (size_t i = 0; object.len == 0 && call->body && i < sizeof(names) / sizeof(names[0]);
		i++) {
		const struct json *member = json_member(call->body, names[i]);

		if (member && json_as_text(member, &object) != OK) {
			object = view_text("");
		}
	}
	buf_view(&call->object, object);
}

void call_audit(struct call *call, struct view object, const char *detail)
{
	buf_clear(&call->object);
	buf_view(&call->object, object);
	buf_clear(&call->detail);
	buf_text(&call->detail, detail ? detail : "");
}

void call_go_on(struct call *call)
{
	struct authz *authz = call->authz;
	const pool_ref ref = call->ref;
	JSON_CLEANUP struct json *body = NULL;
	enum err err = read_body(call->request, &body);

	if (err == OK) {
		call->body = body;
		name_object(call);
		err = call->operation(call);
	}
	call = pool_at(authz->calls, ref); /* a unit or an operation may have ended it */
	if (!call) {
		return;
	}
	call->body = NULL;
	if (err != OK) {
		call_fail(call, err);
	}
}

void call_start(struct call *call, const struct view *segments, const char *name,
	call_operation *operation)
{
	call->name = name;
	call->operation = operation;
	enum err err = read_segment(call, segments[0]);

	if (err == OK && !idempotency_is_asked(call, operation)) {
		call_go_on(call);
		return;
	}
	err = err == OK ? idempotency_begin(call) : err;
	if (err != OK) {
		call_fail(call, err);
	}
}

/* ---- answers ---- */

static void send_json(struct http_request *request, unsigned status, const char *type,
	struct view body)
{
	struct http_field fields[3] = {
		{view_text("Content-Type"), view_text(type)},
		{view_text("Cache-Control"), view_text("no-store")},
	};
	size_t count = 2;

	if (status == 503 || status == 429) {
		fields[count++] = (struct http_field){view_text("Retry-After"),
			view_text(status == 503 ? "1" : "60")};
	}
	if (status == 401) {
		fields[count++] =
			(struct http_field){view_text("WWW-Authenticate"), view_text("Bearer")};
	}
	http_answer(request, status, fields, count, body);
}

static void write_problem(struct buf *body, unsigned status, const char *detail)
{
	struct json_writer w = json_to(body);

	json_open(&w, NULL);
	problems_write(&w, status, detail);
	json_close(&w);
	buf_u8(body, '\n');
}

static void problem(struct http_request *request, unsigned status, const char *detail)
{
	BUF_CLEANUP struct buf body = buf_growing(4096);

	write_problem(&body, status, detail);
	send_json(request, status, "application/problem+json", buf_contents(&body));
}

/* What was changed, and by whom; identities are not logged. */
static void log_change(const struct call *call, unsigned status)
{
	char alias[LOG_ALIAS];
	const char *by = call->asker.by;

	if (only_reads(call->request)) {
		return;
	}
	if (call->asker.who == WHO_SUBSCRIBER) {
		log_alias(view_text(by), alias);
		by = alias;
	}
	log_event(LOG_INFO, "operator.changed", "", LOG_TEXT("operation", call->name),
		LOG_TEXT("by", by), LOG_TEXT("role", who_name(call->asker.who)),
		LOG_INT("status", status));
}

void call_answer(struct call *call, unsigned status)
{
	if (call->reply.failed) {
		call_fail(call, err_fail(ERR_RANGE, "the answer is too long: ask for fewer"));
		return;
	}
	if (call->once[0]) {
		idempotency_end(call, status);
	} else {
		call_send(call, status);
	}
}

void call_send(struct call *call, unsigned status)
{
	log_change(call, status);
	if (status == 204) {
		http_answer(call->request, status, NULL, 0, view_text(""));
	} else {
		buf_u8(&call->reply, '\n');
		send_json(call->request, status, "application/json", buf_contents(&call->reply));
	}
	close_call(call);
}

static unsigned status_of(enum err err)
{
	switch (err) {
	case ERR_SYNTAX:
	case ERR_RANGE:
	case ERR_CRYPTO: /* a key of zeros */
		return 400;
	case ERR_AUTH:
		return 401;
	case ERR_DENIED:
		return 403;
	case ERR_NOT_FOUND:
		return 404;
	case ERR_EXISTS:
	case ERR_CONFLICT:
		return 409;
	case ERR_EXPIRED:
		return 410;
	case ERR_REPLAY:
		return 422;
	case ERR_UNSUPPORTED:
		return 415;
	case ERR_AGAIN: /* too often */
		return 429;
	case ERR_UNAVAILABLE:
	case ERR_OVERLOAD:
	case ERR_TIMEOUT:
		return 503;
	default:
		return 500;
	}
}

void call_refuse(struct call *call, unsigned status, const char *detail)
{
	problem(call->request, status, detail);
	close_call(call);
}

void call_not_allowed(struct call *call, struct view allow)
{
	BUF_CLEANUP struct buf body = buf_growing(4096);
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text("application/problem+json")},
		{view_text("Allow"), allow},
	};

	write_problem(&body, 405, "this method is not for this resource");
	http_answer(call->request, 405, fields, 2, buf_contents(&body));
	close_call(call);
}

void call_fail(struct call *call, enum err err)
{
	unsigned status = status_of(err);
	char detail[256];

	(void)snprintf(detail, sizeof(detail), "%s", err_detail());
	if (call->once[0] && err != ERR_UNKNOWN_RESULT) {
		idempotency_drop(call);
	}
	if (status >= 500) {
		log_event(LOG_ERROR, "operator.failed", "", LOG_TEXT("operation", call->name),
			LOG_INT("status", status), LOG_TEXT("detail", detail));
	}
	if (status == 503 && err != ERR_TIMEOUT) {
		(void)snprintf(detail, sizeof(detail),
			"the database does not take it now; nothing "
			"was done");
	} else if (err == ERR_UNKNOWN_RESULT) {
		(void)snprintf(detail, sizeof(detail),
			"the database did not say whether it was "
			"done: look before trying again");
	} else if (status == 500) {
		(void)snprintf(detail, sizeof(detail), "this node failed; its log says why");
	}
	problem(call->request, status, detail);
	close_call(call);
}

/* ---- units of work ---- */

enum err call_submit(struct call *call, const struct store_step *steps, size_t count,
	call_done *done)
{
	const struct audit_entry entry = {call->asker.who, call->asker.by, call->name,
		buf_contents(&call->object), buf_contents(&call->detail)};
	struct store_step all[STORE_STEPS];
	struct audit_room room;

	call->done = done;
	if (only_reads(call->request)) {
		return store_submit(call->authz->store, steps, count, on_result, call->authz,
			call->ref);
	}
	if (count >= STORE_STEPS) {
		return err_fail(ERR_RANGE, "a unit of %zu steps has no room for the audit", count);
	}
	memcpy(all, steps, count * sizeof(steps[0]));
	TRY(audit_step(call->authz, &entry, &room, &all[count]));
	return store_submit(call->authz->store, all, count + 1, on_result, call->authz, call->ref);
}

enum err call_look(struct call *call, const struct store_step *steps, size_t count, call_done *done)
{
	call->done = done;
	return store_submit(call->authz->store, steps, count, on_result, call->authz, call->ref);
}

static enum err meaning(const struct call *call, const struct store_result *result)
{
	for (size_t i = 0; i < call->fault_count; i++) {
		const struct call_fault *fault = &call->faults[i];

		if (fault->step == result->failed_step && fault->result == result->err) {
			return err_fail(fault->err, "%s", fault->sentence);
		}
	}
	return err_fail(result->err == ERR_CONFLICT || result->err == ERR_EXISTS ||
					result->err == ERR_UNAVAILABLE ||
					result->err == ERR_OVERLOAD ||
					result->err == ERR_UNKNOWN_RESULT
				? result->err
				: ERR_IO,
		"%s", result->detail);
}

static void on_result(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct call *call = pool_at(authz->calls, ref);

	if (!call) {
		return;
	}
	if (result->err == OK && !only_reads(call->request)) {
		sessions_wake(authz);
	}
	enum err err = result->err == OK ? call->done(call, result) : meaning(call, result);

	if (err != OK) {
		call_fail(call, err);
	}
}

enum err call_on_done(struct call *call, const struct store_result *result)
{
	(void)result;
	call_answer(call, call->status);
	return OK;
}

enum err call_on_dropped(struct call *call, const struct store_result *result)
{
	if (result->steps[0].changed == 0) {
		return err_fail(ERR_NOT_FOUND, "no such thing is registered");
	}
	call_answer(call, 204);
	return OK;
}

enum err call_on_item(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);

	if (result->steps[0].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "no such thing is registered");
	}
	TRY(call->put(call, &w, result, 0, result->steps[0].rows));
	call_answer(call, 200);
	return OK;
}

/* How many rows from `row` on agree in the key. */
static size_t rows_of_item(const struct call *call, const struct store_result *result, size_t row)
{
	struct view key = store_at(result, 0, row, call->key_column).bytes;
	size_t count = 1;

	while (row + count < result->steps[0].rows &&
		view_equal(key, store_at(result, 0, row + count, call->key_column).bytes)) {
		count++;
	}
	return count;
}

enum err call_on_list(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);
	size_t row = 0, last = 0, items = 0;

	json_open(&w, NULL);
	json_open_array(&w, "items");
	while (row < result->steps[0].rows && items < call->limit) {
		size_t count = rows_of_item(call, result, row);

		TRY(call->put(call, &w, result, row, count));
		last = row;
		row += count;
		items++;
	}
	json_close_array(&w);
	if (row < result->steps[0].rows) {
		json_put_text(&w, "next", store_at(result, 0, last, call->key_column).bytes);
	}
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

/* ---- what was asked ---- */

enum err call_page(struct call *call, struct buf *ret_after)
{
	struct view query = call->request->target.query;
	uint8_t digits[8];
	struct buf limit = buf_fixed(digits, sizeof(digits));
	uint64_t number = CALL_LIMIT;
	enum err err = http_query(query, "after", ret_after);

	if (err != ERR_NOT_FOUND) {
		TRY(err);
		TRY(buf_end(ret_after, "after"));
	}
	err = http_query(query, "limit", &limit);
	if (err != ERR_NOT_FOUND) {
		TRY(err);
		TRY(buf_end(&limit, "limit"));
		TRY(text_from_u64(buf_contents(&limit), CALL_LIMIT_MAX, &number, "limit"));
	}
	if (number == 0) {
		return err_fail(ERR_RANGE, "limit: from 1 to %d", CALL_LIMIT_MAX);
	}
	call->limit = number;
	return OK;
}

static enum err name_fault(enum err err, const char *name)
{
	char why[200];

	if (err == OK) {
		return OK;
	}
	(void)snprintf(why, sizeof(why), "%s", err_detail());
	return err_fail(err, "%s: %s", name, why);
}

enum err call_query_ident(const struct call *call, const char *name, enum ident_kind kind,
	struct ident *ret)
{
	BUF_CLEANUP struct buf text = buf_growing(SEGMENT_MAX);

	TRY(http_query(call->request->target.query, name, &text));
	TRY(buf_end(&text, name));
	return name_fault(ident_parse(kind, buf_contents(&text), ret), name);
}

enum err call_body_ident(const struct call *call, const char *name, enum ident_kind kind,
	struct ident *ret)
{
	struct view text;

	TRY(json_text(call->body, name, &text));
	return name_fault(ident_parse(kind, text, ret), name);
}

enum err call_segment_ident(const struct call *call, enum ident_kind kind, struct ident *ret)
{
	return name_fault(ident_parse(kind, buf_contents(&call->segment), ret), "path");
}

size_t call_name_steps(int statement, struct view id, const struct view *names, size_t count,
	struct store_step *ret)
{
	size_t steps = 0;

	for (size_t at = 0; at < count; at += CALL_NAMES, steps++) {
		ret[steps] = (struct store_step){
			.statement = statement,
			.param_count = 1 + CALL_NAMES,
			.params = {STORE_TEXT_OF(id)},
		};
		for (size_t i = 0; i < CALL_NAMES; i++) {
			ret[steps].params[1 + i] =
				at + i < count ? STORE_TEXT_OF(names[at + i]) : STORE_NULL_OF();
		}
	}
	return steps;
}

enum err call_body_words(const struct call *call, const char *name, struct words *ret)
{
	const struct json *array = json_member(call->body, name);
	struct words words = {.text = ""};

	if (array && !json_is_array(array)) {
		return err_fail(ERR_SYNTAX, "%s: an array of names is wanted", name);
	}
	for (const struct json *item = json_item(array, 0); item; item = json_next(item)) {
		struct view word;

		TRY(name_fault(json_as_text(item, &word), name));
		TRY(words_add(&words, word, name));
	}
	*ret = words;
	return OK;
}

void call_put_words(struct json_writer *w, const char *name, struct view text)
{
	struct words words;
	struct view all[WORDS_MAX];
	size_t count = words_parse(text, name, &words) == OK ? words_split(&words, all) : 0;

	json_open_array(w, name);
	for (size_t i = 0; i < count; i++) {
		json_put_text(w, NULL, all[i]);
	}
	json_close_array(w);
}
