// SPDX-License-Identifier: Apache-2.0
/* Requests of HTTP/2, from their frames to the handler. Nothing here runs code of a handler's but http2_dispatch(). */
#include "net/http2_inside.h"

#include "base/text.h"
#include "wire/http_head.h"
#include <string.h>

/* A bucket that leaks: what is in it is counted in milliseconds of its leaking. */
bool http2_bears(struct http2 *c)
{
	const int64_t each = 1000 / HTTP2_NUISANCES_A_SECOND;
	int64_t now = loop_now(c->server->loop);

	c->nuisances -= now - c->counted_at;
	c->nuisances = c->nuisances < 0 ? 0 : c->nuisances;
	c->counted_at = now;
	c->nuisances += each;
	return c->nuisances <= each * HTTP2_NUISANCES;
}

static bool is_request(const nghttp2_frame *frame)
{
	return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

static struct http2_ask *ask_of(struct http2 *c, int32_t id)
{
	return nghttp2_session_get_stream_user_data(c->session, id);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct http2 *c = user;
	struct http2_ask *ask;

	if (!is_request(frame)) {
		return 0;
	}
	if (c->waiting > HTTP2_ANSWERS * c->server->output ||
		http2_ask_new(c, frame->hd.stream_id, &ask) != OK) {
		(void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
			NGHTTP2_REFUSED_STREAM);
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	(void)nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, ask);
	return 0;
}

static struct http2_span keep(struct http2_ask *ask, struct view text)
{
	struct http2_span span = {(uint32_t)ask->text.len, (uint32_t)text.len};

	buf_view(&ask->text, text);
	return span;
}

/* RFC 9113 8.2.3: a cookie may come in parts. */
static void keep_cookie(struct http2_ask *ask, struct view value)
{
	buf_text(&ask->cookie, ask->cookie.len > 0 ? "; " : "");
	buf_view(&ask->cookie, value);
}

static void keep_field(struct http2_ask *ask, struct view name, struct view value)
{
	if (view_is(name, ":method")) {
		ask->method = keep(ask, value);
	} else if (view_is(name, ":path")) {
		ask->path = keep(ask, value);
	} else if (view_is(name, ":authority")) {
		ask->authority = keep(ask, value);
	} else if (view_is(name, "cookie")) {
		keep_cookie(ask, value);
	} else if (name.len > 0 && name.data[0] != ':') {
		/* Two are left: for the host and the cookie. */
		if (ask->fields == HTTP_FIELDS_MAX - 2) {
			ask->refusal = 431;
			return;
		}
		ask->names[ask->fields] = keep(ask, name);
		ask->values[ask->fields++] = keep(ask, value);
		ask->expects_continue =
			ask->expects_continue ||
			(view_is(name, "expect") && view_is_nocase(value, "100-continue"));
	}
	if (ask->text.failed || ask->cookie.failed) {
		ask->refusal = 431;
	}
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct http2_ask *ask = ask_of(user, frame->hd.stream_id);

	(void)session;
	(void)flags;
	if (!ask) {
		return 0;
	}
	ask->list += name_len + value_len + 32;
	if (ask->list > HTTP2_HEAD_TIMES * ask->text.ceiling) {
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	}
	if (ask->list > ask->text.ceiling) {
		ask->refusal = 431;
	}
	if (is_request(frame) && ask->refusal == 0) { /* trailers are checked and dropped */
		keep_field(ask, view_of(name, name_len), view_of(value, value_len));
	}
	return 0;
}

/* A control character and the like: RFC 9113 8.2.1 has it malformed, the library would leave the field out. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
	const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
	void *user)
{
	struct http2_ask *ask = ask_of(user, frame->hd.stream_id);

	(void)session;
	(void)name;
	(void)name_len;
	(void)value;
	(void)value_len;
	(void)flags;
	if (ask) {
		ask->refusal = 400;
	}
	return 0;
}

static struct view span_view(const struct http2_ask *ask, struct http2_span span)
{
	return view_of(ask->text.data + span.at, span.len);
}

static void put_field(struct http_head *head, struct view name, struct view value)
{
	head->fields[head->field_count++] = (struct http_field){name, value};
}

/* The list has come whole and moves no more. */
static void finish_head(struct http2_ask *ask)
{
	struct http_head *head = &ask->head;
	struct view host = span_view(ask, ask->authority);

	head->method = span_view(ask, ask->method);
	head->target = span_view(ask, ask->path);
	head->keep_alive = true;
	put_field(head, view_text("host"), host);
	for (size_t i = 0; i < ask->fields; i++) {
		struct view name = span_view(ask, ask->names[i]);
		struct view value = span_view(ask, ask->values[i]);

		if (!view_is(name, "host")) {
			put_field(head, name, value);
		} else if (host.len == 0) {
			head->fields[0].value = host = value;
		} else if (!view_equal(host, value)) {
			ask->refusal = ask->refusal ? ask->refusal : 400; /* RFC 9113 8.3.1 */
		}
		if (view_is(name, "content-length")) {
			head->has_length =
				text_from_u64(value, UINT64_MAX, &head->length, "http") == OK;
		}
	}
	if (ask->cookie.len > 0) {
		put_field(head, view_text("cookie"), buf_contents(&ask->cookie));
	}
	if (host.len == 0 && ask->refusal == 0) {
		ask->refusal = 400;
	}
	if (head->length > ask->body.ceiling && ask->refusal == 0) {
		ask->refusal = 413;
	}
	ask->head_only = view_is(head->method, "HEAD");
}

static void on_head(struct http2 *c, struct http2_ask *ask, bool ends)
{
	static const nghttp2_nv go_on = {(uint8_t *)":status", (uint8_t *)"100", 7, 3,
		NGHTTP2_NV_FLAG_NONE};

	finish_head(ask);
	ask->complete = ends;
	if (ends || ask->refusal != 0) {
		http2_ask_came(ask);
	} else if (ask->expects_continue) {
		(void)nghttp2_submit_headers(c->session, NGHTTP2_FLAG_NONE, ask->id, NULL, &go_on,
			1, NULL);
	}
}

/* Frames that cost us work and bring no request nearer. */
static bool is_nuisance(const nghttp2_frame *frame)
{
	switch (frame->hd.type) {
	case NGHTTP2_RST_STREAM:
	case NGHTTP2_SETTINGS:
	case NGHTTP2_PING:
	case NGHTTP2_PRIORITY:
		return true;
	case NGHTTP2_DATA:
		return frame->data.hd.length == 0 && !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
	default:
		return false;
	}
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct http2 *c = user;
	struct http2_ask *ask = ask_of(c, frame->hd.stream_id);
	bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

	(void)session;
	if (is_nuisance(frame)) {
		return http2_bears(c) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
	}
	if (!ask || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)) {
		return 0;
	}
	if (is_request(frame)) {
		on_head(c, ask, ends);
		return 0;
	}
	ask->complete = ask->complete || ends;
	if (ends && ask->phase == HTTP2_READING) {
		http2_ask_came(ask);
	}
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
	size_t len, void *user)
{
	struct http2 *c = user;
	struct http2_ask *ask = ask_of(c, id);
	bool kept = ask && ask->phase == HTTP2_READING;

	(void)flags;
	(void)nghttp2_session_consume_stream(session, id, len);
	if (kept && len > ask->body.ceiling - ask->body.len) {
		ask->refusal = 413;
		http2_ask_came(ask);
		kept = false;
	}
	if (kept) {
		buf_bytes(&ask->body, data, len);
		if (ask->body.failed) {
			return NGHTTP2_ERR_CALLBACK_FAILURE;
		}
		c->bodies += len;
	}
	if (c->bodies > HTTP2_BODIES * c->server->limits.body) {
		c->owed += len;
		return 0;
	}
	return nghttp2_session_consume_connection(session, len) == 0 ? 0
								     : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t reason, void *user)
{
	struct http2_ask *ask = ask_of(user, id);

	(void)session;
	(void)reason;
	if (ask) {
		http2_ask_closed(ask);
	}
	return 0;
}

/* Whoever makes us reset streams, by frames that break rules, gets work done for nothing too. */
static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	(void)session;
	if (frame->hd.type == NGHTTP2_RST_STREAM &&
		frame->rst_stream.error_code != NGHTTP2_NO_ERROR && !http2_bears(user)) {
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	}
	return 0;
}

enum err http2_callbacks(nghttp2_session_callbacks **ret)
{
	if (nghttp2_session_callbacks_new(ret) != 0) {
		return err_fail(ERR_MEMORY, "HTTP/2: out of memory");
	}
	nghttp2_session_callbacks_set_on_begin_headers_callback(*ret, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(*ret, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(*ret, on_invalid_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(*ret, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(*ret, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(*ret, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(*ret, on_sent);
	return OK;
}

static const char *why_refused(unsigned status)
{
	switch (status) {
	case 408:
		return "the request did not arrive in time";
	case 413:
		return "http: body too large";
	case 431:
		return "http: header fields too large";
	default:
		return "http: a field that is malformed, or no host or two";
	}
}

void http2_dispatch(struct http2_ask *ask)
{
	struct http_request *request = &ask->held.request;

	ask->phase = HTTP2_HANDLING;
	request->head = &ask->head;
	request->body = buf_contents(&ask->body);
	if (ask->refusal != 0) {
		http_answer_problem(request, ask->refusal, why_refused(ask->refusal));
		return;
	}
	if (view_is(ask->head.method, "CONNECT")) {
		http_answer_problem(request, 501, "http: CONNECT is not served");
		return;
	}
	if (http_split_target(ask->head.target, &request->target) != OK) {
		http_answer_problem(request, 400, err_detail());
		return;
	}
	ask->server->handler(ask->server->user, request);
}
