// SPDX-License-Identifier: Apache-2.0
#include "registry/api/call.h"

#include "base/log.h"
#include "base/text.h"
#include "registry/api/api.h"
#include "registry/api/problems.h"

#include <stdio.h>
#include <string.h>

enum { KEEP_MAX = 1 << 20, PROBLEM_MAX = 4096 };

/* ---- the life of a call ---- */

enum err call_start_up(struct registry *registry)
{
	return pool_new(sizeof(struct call), (size_t)registry->conf->api_calls, &registry->calls);
}

static void close_call(struct call *call)
{
	buf_free(&call->segment);
	buf_free(&call->segment2);
	buf_wipe(&call->keep);
	buf_free(&call->keep);
	buf_wipe(&call->reply); /* it may name persons */
	buf_free(&call->reply);
	pool_give(call->registry->calls, call->ref);
}

static void send_problem(struct http_request *request, unsigned status, const char *detail,
	const struct http_field *more, size_t count)
{
	BUF_CLEANUP struct buf body = buf_growing(PROBLEM_MAX);
	struct json_writer w = json_to(&body);
	struct http_field fields[CALL_FIELDS + 3] = {
		{view_text("Content-Type"), view_text("application/problem+json")},
		{view_text("Cache-Control"), view_text("no-store")},
	};
	size_t used = 2;

	json_open(&w, NULL);
	problems_write(&w, status, detail);
	json_close(&w);
	buf_u8(&body, '\n');
	if (status == 503 || status == 429) {
		fields[used++] = (struct http_field){view_text("Retry-After"),
			view_text(status == 503 ? "1" : "60")};
	}
	for (size_t i = 0; i < count; i++) {
		fields[used++] = more[i];
	}
	http_answer(request, status, fields, used, buf_contents(&body));
}

static void refuse_at_end(void *user, pool_ref ref, void *slot)
{
	struct call *call = slot;

	(void)user;
	(void)ref;
	send_problem(call->request, 503, "this registry stops; whether it was done is not known",
		NULL, 0);
	close_call(call);
}

void call_shut_down(struct registry *registry)
{
	if (registry->calls) {
		pool_each(registry->calls, refuse_at_end, NULL);
	}
	pool_free(registry->calls);
	registry->calls = NULL;
}

struct call *call_open(struct registry *registry, struct http_request *request)
{
	struct call *call;
	pool_ref ref;

	if (pool_take(registry->calls, &ref, (void **)&call) != OK) {
		send_problem(request, 503, "too many requests under way; nothing was done", NULL, 0);
		return NULL;
	}
	call->registry = registry;
	call->ref = ref;
	call->request = request;
	call->name = "none";
	call->type = "application/json";
	call->status = 200;
	call->segment = buf_growing(CALL_SEGMENT_MAX);
	call->segment2 = buf_growing(CALL_SEGMENT_MAX);
	call->reply = buf_growing(CALL_REPLY_MAX);
	call->keep = buf_growing(KEEP_MAX);
	return call;
}

struct call *call_at(const struct registry *registry, uint64_t ref)
{
	return pool_at(registry->calls, ref);
}

/* A page of another site can make a browser with an administrator's certificate send text, not JSON. */
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

/* Whose body is no JSON looks at it itself: call->body is NULL for it. */
static enum err read_body(const struct http_request *request, struct json **ret)
{
	if (only_reads(request) || request->body.len == 0 || !says_json(request->head)) {
		return OK;
	}
	TRY(json_parse(request->body, API_BODY_MAX, ret));
	return json_is_object(*ret) ? OK : err_fail(ERR_SYNTAX, "body: not a JSON object");
}

static enum err read_path(struct call *call, const struct view *segments)
{
	TRY(text_from_percent(segments[0], &call->segment, "path"));
	TRY(text_from_percent(segments[1], &call->segment2, "path"));
	TRY(buf_end(&call->segment, "path"));
	return buf_end(&call->segment2, "path");
}

void call_start(struct call *call, const struct view *segments, const char *name,
	call_operation *operation)
{
	struct registry *registry = call->registry;
	const pool_ref ref = call->ref;
	JSON_CLEANUP struct json *body = NULL;

	call->name = name;
	call->operation = operation;
	enum err err = read_path(call, segments);

	err = err == OK ? read_body(call->request, &body) : err;
	if (err == OK) {
		call->body = body;
		err = operation(call);
	}
	call = call_at(registry, ref); /* it may have been answered */
	if (!call) {
		return;
	}
	call->body = NULL;
	if (err != OK) {
		call_fail(call, err);
	}
}

/* ---- answers ---- */

void call_field(struct call *call, const char *name, struct view value)
{
	if (call->field_count < CALL_FIELDS) {
		call->fields[call->field_count++] = (struct http_field){view_text(name), value};
	}
}

/* What was changed, and by whom; no devices and no persons are named. */
static void log_change(const struct call *call, unsigned status)
{
	const bool staff = (call->asker.who & WHO_STAFF) != 0;

	if (only_reads(call->request)) {
		return;
	}
	log_event(staff ? LOG_INFO : LOG_DEBUG, "api.changed", "",
		LOG_TEXT("operation", call->name), LOG_TEXT("by", staff ? call->asker.name : ""),
		LOG_TEXT("role", who_name(call->asker.who)), LOG_INT("status", status));
}

static bool has_field(const struct call *call, const char *name)
{
	for (size_t i = 0; i < call->field_count; i++) {
		if (view_is_nocase(call->fields[i].name, name)) {
			return true;
		}
	}
	return false;
}

void call_answer(struct call *call, unsigned status)
{
	struct http_field fields[CALL_FIELDS + 2];
	size_t count = 0;

	if (call->reply.failed) {
		call_fail(call, err_fail(ERR_RANGE, "the answer is too long: ask for fewer"));
		return;
	}
	log_change(call, status);
	if (status != 204 && status != 304) {
		fields[count++] =
			(struct http_field){view_text("Content-Type"), view_text(call->type)};
	}
	if (!has_field(call, "Cache-Control")) {
		fields[count++] =
			(struct http_field){view_text("Cache-Control"), view_text("no-store")};
	}
	for (size_t i = 0; i < call->field_count; i++) {
		fields[count++] = call->fields[i];
	}
	if (strcmp(call->type, "application/json") == 0) {
		buf_u8(&call->reply, '\n');
	}
	http_answer(call->request, status, fields, count,
		status == 204 || status == 304 ? view_text("") : buf_contents(&call->reply));
	close_call(call);
}

struct http_request *call_take(struct call *call)
{
	struct http_request *request = call->request;

	close_call(call);
	return request;
}

void call_refuse(struct call *call, unsigned status, const char *detail)
{
	send_problem(call->request, status, detail, call->fields, call->field_count);
	close_call(call);
}

void call_not_allowed(struct call *call, struct view allow)
{
	call_field(call, "Allow", allow);
	call_refuse(call, 405, "this method is not for this resource");
}

void call_fail(struct call *call, enum err err)
{
	unsigned status = problems_status(err);
	char detail[256];

	(void)snprintf(detail, sizeof(detail), "%s", err_detail());
	if (status >= 500) {
		log_event(LOG_ERROR, "api.failed", "", LOG_TEXT("operation", call->name),
			LOG_INT("status", status), LOG_TEXT("detail", detail));
	}
	if (err == ERR_UNAVAILABLE || err == ERR_OVERLOAD) {
		(void)snprintf(detail, sizeof(detail),
			"the database does not take it now; nothing was done");
	} else if (err == ERR_UNKNOWN_RESULT) {
		(void)snprintf(detail, sizeof(detail),
			"the database did not say whether it was done: look before trying again");
	} else if (status == 500) {
		(void)snprintf(detail, sizeof(detail), "this registry failed; its log says why");
	}
	call_refuse(call, status, detail);
}

/* ---- units of work ---- */

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

static void on_logged(void *user, uint64_t ref, const struct store_result *result, int64_t first_seq)
{
	struct registry *registry = user;
	struct call *call = call_at(registry, ref);

	if (!call) {
		return;
	}
	const bool expected = result->err == ERR_CONFLICT || result->err == ERR_EXISTS;
	call_done *otherwise = expected ? call->otherwise : NULL;

	call->otherwise = NULL;
	enum err err = result->err == OK ? call->done(call, result, first_seq)
		       : otherwise	 ? otherwise(call, result, first_seq)
					 : meaning(call, result);

	call = call_at(registry, ref);
	if (call && err != OK) {
		call_fail(call, err);
	}
}

static void on_result(void *user, uint64_t ref, const struct store_result *result)
{
	on_logged(user, ref, result, -1);
}

enum err call_submit(struct call *call, const struct event *events, size_t event_count,
	const struct store_step *steps, size_t count, call_done *done)
{
	call->done = done;
	return ledger_submit(call->registry->ledger, events, event_count, steps, count, on_logged,
		call->registry, call->ref);
}

enum err call_look(struct call *call, const struct store_step *steps, size_t count, call_done *done)
{
	call->done = done;
	return store_submit(call->registry->store, steps, count, on_result, call->registry,
		call->ref);
}

static void on_entries(void *user, uint64_t ref, enum err err, const struct ledger_entry *entries,
	size_t count)
{
	struct registry *registry = user;
	struct call *call = call_at(registry, ref);

	if (!call) {
		return;
	}
	err = err == OK ? call->entries(call, entries, count) : err;
	call = call_at(registry, ref);
	if (call && err != OK) {
		call_fail(call, err);
	}
}

enum err call_read(struct call *call, int64_t from, size_t limit, call_entries *done)
{
	call->entries = done;
	return ledger_read(call->registry->ledger, from, limit, on_entries, call->registry,
		call->ref);
}

enum err call_read_leaves(struct call *call, int64_t from, size_t limit, call_entries *done)
{
	call->entries = done;
	return ledger_read_leaves(call->registry->ledger, from, limit, on_entries, call->registry,
		call->ref);
}

enum err call_read_subject(struct call *call, struct view subject, int64_t from, int64_t until,
	size_t limit, call_entries *done)
{
	call->entries = done;
	return ledger_subject(call->registry->ledger, subject, from, until, limit, on_entries,
		call->registry, call->ref);
}

enum err call_on_done(struct call *call, const struct store_result *result, int64_t first_seq)
{
	(void)result;
	(void)first_seq;
	call_answer(call, call->status);
	return OK;
}

enum err call_on_dropped(struct call *call, const struct store_result *result, int64_t first_seq)
{
	(void)first_seq;
	if (result->steps[0].changed == 0) {
		return err_fail(ERR_NOT_FOUND, "no such thing is registered");
	}
	call_answer(call, 204);
	return OK;
}

enum err call_on_item(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct json_writer w = json_to(&call->reply);

	(void)first_seq;
	if (result->steps[0].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "no such thing is registered");
	}
	TRY(call->put(call, &w, result, 0));
	call_answer(call, call->status);
	return OK;
}

static void put_next(struct json_writer *w, struct store_value key)
{
	char digits[24];

	if (key.type == STORE_INT) {
		(void)snprintf(digits, sizeof(digits), "%lld", (long long)key.number);
		json_put_string(w, "next", digits);
	} else {
		json_put_text(w, "next", key.bytes);
	}
}

enum err call_on_list(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct json_writer w = json_to(&call->reply);
	size_t row = 0;

	(void)first_seq;
	json_open(&w, NULL);
	json_open_array(&w, "items");
	while (row < result->steps[0].rows && row < call->limit) {
		TRY(call->put(call, &w, result, row++));
	}
	json_close_array(&w);
	if (row > 0 && row < result->steps[0].rows) {
		put_next(&w, store_at(result, 0, row - 1, call->key_column));
	}
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

/* ---- what was asked ---- */

enum err call_query_text(const struct call *call, const char *name, struct buf *ret)
{
	TRY(http_query(call->request->target.query, name, ret));
	return buf_end(ret, name);
}

enum err call_query_number(const struct call *call, const char *name, int64_t max, int64_t *ret)
{
	char digits[24];
	struct buf text = buf_fixed(digits, sizeof(digits));
	enum err err = http_query(call->request->target.query, name, &text);
	uint64_t number;

	if (err == ERR_NOT_FOUND) {
		return OK;
	}
	TRY(err);
	TRY(buf_end(&text, name));
	TRY(text_from_u64(buf_contents(&text), (uint64_t)max, &number, name));
	*ret = (int64_t)number;
	return OK;
}

enum err call_page(struct call *call, struct buf *ret_after)
{
	int64_t limit = CALL_LIMIT;
	enum err err = call_query_text(call, "after", ret_after);

	if (err != ERR_NOT_FOUND) {
		TRY(err);
	}
	TRY(call_query_number(call, "limit", CALL_LIMIT_MAX, &limit));
	if (limit == 0) {
		return err_fail(ERR_RANGE, "limit: from 1 to %d", CALL_LIMIT_MAX);
	}
	call->limit = (size_t)limit;
	return OK;
}
