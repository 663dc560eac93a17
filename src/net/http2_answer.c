// SPDX-License-Identifier: Apache-2.0
/* How a request that came over HTTP/2 is answered. */
#include "net/http2_inside.h"

#include "wire/http_head.h"
#include <stdio.h>
#include <string.h>

enum { FIELDS = HTTP_FIELDS_MAX + 4 }; /* :status, date, server, content-length too */

static struct http2_ask *ask_of(struct http_request *request)
{
	return (struct http2_ask *)request;
}

struct answer {
	unsigned status;
	const struct http_field *fields;
	size_t count;
	bool has_body, sized; /* sized: the length is among the fields */
	uint64_t length;
};

/* Fields that RFC 9113 8.2.2 has no place for: of the connection, which is not the answer's here. */
static bool is_of_connection(struct view name)
{
	return view_is_nocase(name, "Connection") || view_is_nocase(name, "Keep-Alive") ||
	       view_is_nocase(name, "Upgrade");
}

static bool can_be_written(const struct http_field *f, const struct answer *a)
{
	return http_is_token(f->name) && http_is_value(f->value) &&
	       !view_is_nocase(f->name, "Transfer-Encoding") &&
	       (a->sized || !view_is_nocase(f->name, "Content-Length"));
}

static nghttp2_nv pair(struct view name, struct view value)
{
	return (nghttp2_nv){(uint8_t *)name.data, (uint8_t *)value.data, name.len, value.len,
		NGHTTP2_NV_FLAG_NONE};
}

static void put_digits(struct buf *out, uint64_t value)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);

	buf_bytes(out, digits, (size_t)len);
}

/* Its name in lower case, as RFC 9113 8.2 wants it; `to` has room. */
static struct view lower(struct buf *to, struct view name)
{
	const size_t at = to->len;

	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];

		buf_u8(to, c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c);
	}
	return view_of(to->data + at, name.len);
}

/* The list, whose texts are in s->head until the next one. */
static enum err list_fields(struct http_server *s, const struct answer *a, nghttp2_nv *ret,
	size_t *ret_count)
{
	size_t count = 0, room = 64;

	if (a->count > HTTP_FIELDS_MAX || a->status < 100 || a->status > 599) {
		return err_fail(ERR_RANGE, "http: more than %d fields", HTTP_FIELDS_MAX);
	}
	for (size_t i = 0; i < a->count; i++) {
		if (!can_be_written(&a->fields[i], a)) {
			return err_fail(ERR_SYNTAX, "http: a field that cannot be written");
		}
		room += a->fields[i].name.len;
	}
	buf_clear(&s->head);
	(void)buf_extend(&s->head, room); /* it stays where it is from now on */
	if (s->head.failed) {
		return err_fail(ERR_RANGE, "http: fields too large");
	}
	s->head.len = 0;
	put_digits(&s->head, a->status);
	ret[count++] = pair(view_text(":status"), buf_contents(&s->head));
	ret[count++] = pair(view_text("date"), http_date(s));
	if (s->name) {
		ret[count++] = pair(view_text("server"), view_text(s->name));
	}
	for (size_t i = 0; i < a->count; i++) {
		if (!is_of_connection(a->fields[i].name)) {
			ret[count++] = pair(lower(&s->head, a->fields[i].name), a->fields[i].value);
		}
	}
	if (a->has_body && !a->sized) {
		const size_t at = s->head.len;

		put_digits(&s->head, a->length);
		ret[count++] = pair(view_text("content-length"),
			view_of(s->head.data + at, s->head.len - at));
	}
	*ret_count = count;
	return OK;
}

/* The library asks for bytes of a DATA frame. */
static ssize_t read_out(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
	uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct http2_ask *ask = source->ptr;
	struct http2 *c = user;
	size_t len = ask->out.len - ask->sent;

	len = len < room ? len : room;
	if (len > 0) {
		memcpy(to, ask->out.data + ask->sent, len);
		ask->sent += len;
		c->waiting -= len;
		c->moved_at = loop_now(c->server->loop);
	}
	if (ask->sent < ask->out.len) {
		return (ssize_t)len;
	}
	buf_wipe(&ask->out);
	buf_free(&ask->out);
	ask->sent = 0;
	if (ask->ended) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (!ask->complete) { /* RFC 9113 8.1: the rest of the request is not wanted */
			(void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id,
				NGHTTP2_NO_ERROR);
		}
		return (ssize_t)len;
	}
	return len > 0 ? (ssize_t)len : NGHTTP2_ERR_DEFERRED;
}

static enum err send_head(struct http2_ask *ask, const struct answer *a, bool more)
{
	struct http_server *s = ask->server;
	const nghttp2_data_provider provider = {.source = {.ptr = ask}, .read_callback = read_out};
	nghttp2_nv fields[FIELDS];
	size_t count = 0;

	TRY(list_fields(s, a, fields, &count));
	if (nghttp2_submit_response(ask->conn->session, ask->id, fields, count,
		    more ? &provider : NULL) != 0) {
		return err_fail(ERR_CLOSED, "HTTP/2: the stream takes no answer");
	}
	s->answers[a->status < HTTP_STATUS_END ? a->status : 0]++;
	return OK;
}

static enum err put_out(struct http2_ask *ask, struct view bytes)
{
	struct http2 *c = ask->conn;

	if (ask->sent > ask->out.len / 2) {
		buf_consume(&ask->out, ask->sent);
		ask->sent = 0;
	}
	buf_view(&ask->out, bytes);
	if (ask->out.failed) {
		return err_fail(ERR_OVERLOAD, "HTTP/2: more than %zu bytes of an answer wait",
			ask->out.ceiling);
	}
	if (c->waiting == 0) {
		c->moved_at = loop_now(c->server->loop);
	}
	c->waiting += bytes.len;
	return OK;
}

/* Cuts the answer off. */
static void reset(struct http2_ask *ask)
{
	if (ask->conn) {
		(void)nghttp2_submit_rst_stream(ask->conn->session, NGHTTP2_FLAG_NONE, ask->id,
			NGHTTP2_INTERNAL_ERROR);
	}
	http2_ask_answered(ask);
}

static void abort_answer(struct http_request *request)
{
	reset(ask_of(request));
}

static void answer(struct http_request *request, unsigned status, const struct http_field *fields,
	size_t count, struct view body)
{
	struct http2_ask *ask = ask_of(request);
	struct answer a = {.status = status,
		.fields = fields,
		.count = count,
		.has_body = http_has_body(status),
		.length = body.len};
	bool silent = ask->head_only || !a.has_body || body.len == 0;

	if (!ask->conn || ask->phase != HTTP2_HANDLING) {
		reset(ask);
		return;
	}
	if (!a.has_body) { /* 304 may tell the length that the body would have */
		a.sized = true;
	}
	enum err e = silent ? OK : put_out(ask, body);

	ask->ended = true;
	e = e != OK ? e : send_head(ask, &a, !silent || !ask->complete);
	if (e == ERR_SYNTAX || e == ERR_RANGE) {
		ask->conn->waiting -= ask->out.len - ask->sent;
		buf_free(&ask->out);
		ask->sent = 0;
		http_answer_problem(request, 500, "the answer could not be written");
		return;
	}
	if (e != OK) {
		reset(ask);
		return;
	}
	http2_ask_answered(ask);
}

/* Streamed answers. */

static enum err begin(struct http_request *request, unsigned status,
	const struct http_field *fields, size_t count, void (*drained)(struct http_request *request))
{
	struct http2_ask *ask = ask_of(request);
	struct answer a = {.status = status, .fields = fields, .count = count};

	if (ask->phase != HTTP2_HANDLING) {
		return err_fail(ERR_WRONG_STATE, "http: the answer has begun already");
	}
	if (!ask->conn) {
		return err_fail(ERR_CLOSED, "http: the client has gone");
	}
	a.sized = http_own_length(fields, count, &ask->left);
	bool silent = ask->head_only || !http_has_body(status);

	TRY(send_head(ask, &a, !silent));
	ask->phase = HTTP2_STREAMING;
	ask->head_only = silent;
	ask->sized = a.sized;
	ask->drained = drained;
	http2_soon(ask->conn);
	return OK;
}

static void want_drained(struct http2_ask *ask)
{
	ask->conn->wanting += !ask->wants_drained;
	ask->wants_drained = true;
}

static enum err take_part(struct http_request *request, struct view part)
{
	struct http2_ask *ask = ask_of(request);

	if (ask->phase != HTTP2_STREAMING) {
		return err_fail(ERR_WRONG_STATE, "http: the answer has not begun");
	}
	if (!ask->conn) {
		return err_fail(ERR_CLOSED, "http: the client has gone");
	}
	if (part.len == 0 || ask->head_only) {
		return OK;
	}
	if (ask->out.len - ask->sent > OUTPUT_HIGH) {
		want_drained(ask);
		return ERR_OVERLOAD;
	}
	if (ask->sized && part.len > ask->left) {
		return err_fail(ERR_RANGE, "http: more than the announced Content-Length");
	}
	ask->left -= ask->sized ? part.len : 0;
	if (put_out(ask, part) != OK) {
		(void)nghttp2_submit_rst_stream(ask->conn->session, NGHTTP2_FLAG_NONE, ask->id,
			NGHTTP2_INTERNAL_ERROR);
		http2_soon(ask->conn);
		return ERR_CLOSED;
	}
	(void)nghttp2_session_resume_data(ask->conn->session, ask->id);
	http2_soon(ask->conn);
	if (ask->out.len - ask->sent <= OUTPUT_HIGH) {
		return OK;
	}
	want_drained(ask);
	return ERR_AGAIN;
}

static void end(struct http_request *request)
{
	struct http2_ask *ask = ask_of(request);

	if (!ask->conn || ask->phase != HTTP2_STREAMING ||
		(ask->sized && !ask->head_only && ask->left > 0)) {
		reset(ask);
		return;
	}
	ask->ended = true;
	(void)nghttp2_session_resume_data(ask->conn->session, ask->id);
	http2_ask_answered(ask);
}

const struct http_carrier http2_carrier = {answer, begin, take_part, end, abort_answer};
