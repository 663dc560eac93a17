// SPDX-License-Identifier: Apache-2.0
/* How a request that came over HTTP/1.1 is answered. */
#include "net/http_inside.h"

#include <stdio.h>
#include <string.h>

enum {
	ANSWER_FIELDS_MAX = HTTP_FIELDS_MAX + 2,
};

static void abort_answer(struct http_request *request);

static struct exchange *exchange_of(struct http_request *request)
{
	return (struct exchange *)request;
}

struct answer {
	unsigned status;
	const struct http_field *fields;
	size_t count;
	bool has_body, chunked, keep;
	uint64_t length;
};

/* Into s->head. */
static enum err write_head(struct http_server *s, const struct answer *a)
{
	struct http_field fields[ANSWER_FIELDS_MAX];
	size_t count = 0;

	if (a->count > HTTP_FIELDS_MAX) {
		return err_fail(ERR_RANGE, "http: more than %d fields", HTTP_FIELDS_MAX);
	}
	fields[count++] = (struct http_field){view_text("Date"), http_date(s)};
	if (s->name) {
		fields[count++] = (struct http_field){view_text("Server"), view_text(s->name)};
	}
	for (size_t i = 0; i < a->count; i++) {
		fields[count++] = a->fields[i];
	}
	buf_clear(&s->head);
	http_write_response(&s->head, a->status, fields, count, a->has_body, a->length, a->chunked,
		a->keep);
	if (s->head.failed) {
		return err_fail(ERR_SYNTAX, "http: a field that cannot be written");
	}
	s->answers[a->status < HTTP_STATUS_END ? a->status : 0]++;
	return OK;
}

static enum err send_answer(struct conn *c, const struct answer *a, struct view body)
{
	struct http_server *s = c->server;

	TRY(write_head(s, a));
	TRY(stream_send(c->stream, buf_contents(&s->head)));
	return body.len > 0 ? stream_send(c->stream, body) : OK;
}

static bool keeps(const struct exchange *ex)
{
	const struct http_head *head = ex->held.request.head;

	return head->keep_alive && !head->v10 && !ex->server->closed && !ex->conn->last;
}

static void answer(struct http_request *request, unsigned status, const struct http_field *fields,
	size_t count, struct view body)
{
	struct exchange *ex = exchange_of(request);
	struct conn *c = ex->conn;

	if (!c || ex->phase != HANDLING) {
		abort_answer(request);
		return;
	}
	struct answer a = {.status = status,
		.fields = fields,
		.count = count,
		.keep = keeps(ex),
		.has_body = http_has_body(status),
		.length = body.len};
	bool silent = ex->head_only || !a.has_body;
	enum err e = send_answer(c, &a, silent ? (struct view){0} : body);

	if (e == ERR_SYNTAX || e == ERR_RANGE) {
		http_answer_problem(request, 500, "the answer could not be written");
		return;
	}
	exchange_end(ex);
	if (e != OK) {
		http_conn_abort(c);
		return;
	}
	conn_go_on(c, a.keep);
}

/* The request cannot be read, so the connection ends too. */
void conn_refuse(struct conn *c, unsigned status, const char *detail)
{
	struct exchange *ex = c->exchange;
	struct buf body BUF_CLEANUP = buf_growing(HTTP_PROBLEM_MAX);

	http_write_problem(&body, status, detail);
	struct answer a = {.status = status,
		.fields = &http_problem_type,
		.count = 1,
		.has_body = true,
		.length = body.len};
	enum err e = send_answer(c, &a, buf_contents(&body));

	if (ex) {
		ex->complete = false; /* its parser is of no more use */
		exchange_end(ex);
	}
	if (e != OK) {
		http_conn_abort(c);
		return;
	}
	conn_go_on(c, false);
}

/* Streamed answers. */

static enum err begin(struct http_request *request, unsigned status,
	const struct http_field *fields, size_t count, void (*drained)(struct http_request *request))
{
	struct exchange *ex = exchange_of(request);

	if (ex->phase != HANDLING) {
		return err_fail(ERR_WRONG_STATE, "http: the answer has begun already");
	}
	if (!ex->conn) {
		return err_fail(ERR_CLOSED, "http: the client has gone");
	}
	uint64_t length = 0;
	bool sized = http_own_length(fields, count, &length);
	struct answer a = {.status = status, .fields = fields, .count = count, .keep = keeps(ex)};

	a.chunked = http_has_body(status) && !sized && !request->head->v10;
	enum err e = send_answer(ex->conn, &a, (struct view){0});

	if (e == ERR_SYNTAX || e == ERR_RANGE) {
		return e;
	}
	if (e != OK) {
		http_conn_abort(ex->conn);
		return ERR_CLOSED;
	}
	ex->phase = STREAMING;
	ex->drained = drained;
	ex->wants_drained = false;
	ex->head_only = ex->head_only || !http_has_body(status);
	ex->chunked = a.chunked;
	ex->sized = sized;
	ex->left = length;
	return OK;
}

static enum err send_part(struct stream *s, struct view part, bool chunked)
{
	char line[24];

	if (!chunked) {
		return stream_send(s, part);
	}
	int len = snprintf(line, sizeof(line), "%zx\r\n", part.len);

	TRY(stream_send(s, view_of(line, (size_t)len)));
	TRY(stream_send(s, part));
	return stream_send(s, view_text("\r\n"));
}

static enum err take_part(struct http_request *request, struct view part)
{
	struct exchange *ex = exchange_of(request);

	if (ex->phase != STREAMING) {
		return err_fail(ERR_WRONG_STATE, "http: the answer has not begun");
	}
	if (!ex->conn) {
		return err_fail(ERR_CLOSED, "http: the client has gone");
	}
	if (part.len == 0 || ex->head_only) {
		return OK;
	}
	if (stream_pending(ex->conn->stream) > OUTPUT_HIGH) {
		ex->wants_drained = true;
		return ERR_OVERLOAD;
	}
	if (ex->sized && part.len > ex->left) {
		return err_fail(ERR_RANGE, "http: more than the announced Content-Length");
	}
	ex->left -= ex->sized ? part.len : 0;
	if (send_part(ex->conn->stream, part, ex->chunked) != OK) {
		http_conn_abort(ex->conn);
		return ERR_CLOSED;
	}
	ex->wants_drained = stream_pending(ex->conn->stream) > OUTPUT_HIGH;
	return ex->wants_drained ? ERR_AGAIN : OK;
}

static void end(struct http_request *request)
{
	struct exchange *ex = exchange_of(request);
	struct conn *c = ex->conn;

	if (!c || ex->phase != STREAMING || (ex->sized && !ex->head_only && ex->left > 0)) {
		abort_answer(request);
		return;
	}
	bool keep = keeps(ex) && (ex->chunked || ex->sized || ex->head_only);
	enum err e =
		ex->chunked && !ex->head_only ? stream_send(c->stream, view_text("0\r\n\r\n")) : OK;

	exchange_end(ex);
	if (e != OK) {
		http_conn_abort(c);
		return;
	}
	conn_go_on(c, keep);
}

static void abort_answer(struct http_request *request)
{
	struct exchange *ex = exchange_of(request);
	struct conn *c = ex->conn;

	exchange_end(ex);
	if (c) {
		http_conn_abort(c);
	}
}

const struct http_carrier http1_carrier = {answer, begin, take_part, end, abort_answer};
