// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.h"

#include "net/loop_uv.h"
#include <stdlib.h>
#include <string.h>

enum {
	CONNECTIONS = 64,
	WAITING = 1024,
	TIMEOUT_MS = 30 * 1000,
	STALL_MS = 30 * 1000,
	IDLE_MS = 30 * 1000,
	REQUEST_MAX = 64 * 1024 * 1024, /* the caller holds it in memory already */
	HOST_MAX = 255,
};

/* One connection. It serves one call at a time. */
struct conn {
	struct link link; /* idle or busy */
	struct http_client *client;
	struct stream *stream; /* NULL: ended, freed when its input has been left */
	struct http_parser_state *parser;
	struct http_call *call;
	bool reused, in_input, paused;
	bool interim, complete, keep; /* the answer */
	struct timer idle;
};

struct http_call {
	struct link link; /* while it waits for a connection */
	struct http_client *client;
	struct conn *conn; /* NULL: waiting */
	struct buf request;
	bool idempotent, head_only;
	bool alone;		  /* on its connection */
	bool answered, head_seen; /* a byte of the answer has come, its head */
	bool retried, paused;
	struct http_call_on on;
	void *user;
	struct timer timer;
};

struct http_client {
	struct loop *loop;
	struct http_client_options options;
	char *address, *host, *tls_name;
	struct link idle, busy; /* connections; the last idle one is used first */
	struct link waiting;	/* calls */
	size_t connections, calls_waiting;
	size_t holds; /* open, and calls that are inside: the last one frees */
	bool closed;
};

static void on_ready(void *user, struct stream *s);
static size_t on_input(void *user, struct stream *s, struct view bytes);
static void on_closed(void *user, struct stream *s, enum err why);
static enum err on_head(void *user, const struct http_head *head);
static enum err on_body(void *user, struct view part);
static enum err on_done(void *user);

static const struct stream_on on_stream = {
	.ready = on_ready,
	.input = on_input,
	.closed = on_closed,
};

static const struct http_on on_message = {on_head, on_body, on_done};

/* The client. */

static void release_client(struct http_client *c)
{
	if (--c->holds > 0) {
		return;
	}
	free(c->address);
	free(c->host);
	free(c->tls_name);
	free(c);
}

/* "a.example:443" and "[::1]:443" without the port. */
static char *name_of(const char *host)
{
	const char *colon = strrchr(host, ':');

	if (host[0] == '[') {
		return strndup(host + 1, strcspn(host + 1, "]"));
	}
	return strndup(host, colon ? (size_t)(colon - host) : strlen(host));
}

enum err http_client_new(struct loop *loop, const struct http_client_options *options,
	struct http_client **ret)
{
	TRY(address_check(options->address));
	if (!options->host[0] || strlen(options->host) > HOST_MAX) {
		return err_fail(ERR_SYNTAX, "http client: no name of a host");
	}
	struct http_client *c = calloc(1, sizeof(*c));

	if (!c) {
		return err_fail(ERR_MEMORY, "http client: out of memory");
	}
	c->holds = 1;
	c->loop = loop;
	c->options = *options;
	c->address = strdup(options->address);
	c->host = strdup(options->host);
	c->tls_name = name_of(options->host);
	ring_open(&c->idle);
	ring_open(&c->busy);
	ring_open(&c->waiting);
	if (!c->address || !c->host || !c->tls_name) {
		release_client(c);
		return err_fail(ERR_MEMORY, "http client: out of memory");
	}
	struct http_client_options *o = &c->options;

	o->connections = o->connections ? o->connections : CONNECTIONS;
	o->waiting = o->waiting ? o->waiting : WAITING;
	o->timeout_ms = o->timeout_ms ? o->timeout_ms : TIMEOUT_MS;
	o->stall_ms = o->stall_ms ? o->stall_ms : STALL_MS;
	o->idle_ms = o->idle_ms ? o->idle_ms : IDLE_MS;
	*ret = c;
	return OK;
}

/* Connections. */

static enum err conn_open(struct http_client *c, struct conn **ret)
{
	const struct stream_limits limits = {.output = REQUEST_MAX,
		.handshake_ms = c->options.timeout_ms};
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn) {
		return err_fail(ERR_MEMORY, "http client: out of memory");
	}
	conn->client = c;
	enum err e = http_parser_new(HTTP_RESPONSES, &c->options.limits, &on_message, conn,
		&conn->parser);

	if (e == OK) {
		e = stream_connect(c->loop, c->address, c->options.tls, c->tls_name, &limits,
			&on_stream, conn, &conn->stream);
	}
	if (e != OK) {
		http_parser_free(conn->parser);
		free(conn);
		return e;
	}
	c->connections++;
	*ret = conn;
	return OK;
}

static void conn_free(struct conn *conn)
{
	http_parser_free(conn->parser);
	free(conn);
}

/* Its stream has been ended by the caller. */
static void conn_drop(struct conn *conn)
{
	ring_leave(&conn->link);
	timer_stop(conn->client->loop, &conn->idle);
	conn->client->connections--;
	conn->stream = NULL;
	if (!conn->in_input) {
		conn_free(conn);
	}
}

static void conn_end(struct conn *conn)
{
	stream_abort(conn->stream);
	conn_drop(conn);
}

static void conn_expire(void *user)
{
	struct conn *conn = user;

	stream_close(conn->stream);
	conn_drop(conn);
}

static void conn_rest(struct conn *conn)
{
	ring_leave(&conn->link);
	ring_add(&conn->client->idle, &conn->link);
	timer_start(conn->client->loop, &conn->idle, conn->client->options.idle_ms, conn_expire,
		conn);
}

/* Calls. */

static void call_free(struct http_call *call)
{
	timer_stop(call->client->loop, &call->timer);
	buf_wipe(&call->request);
	buf_free(&call->request);
	free(call);
}

/* Takes it off its connection or out of the queue. */
static struct conn *call_detach(struct http_call *call)
{
	struct conn *conn = call->conn;

	if (conn) {
		conn->call = NULL;
		call->conn = NULL;
	} else if (call->link.next) {
		ring_leave(&call->link);
		call->client->calls_waiting--;
	}
	return conn;
}

/* Tells the end and frees. The call must have been detached. */
static void call_done(struct http_call *call, enum err result)
{
	struct http_call_on on = call->on;
	void *user = call->user;

	call_free(call);
	on.done(user, result);
}

static enum err call_send(struct http_call *call, struct conn *conn)
{
	timer_stop(call->client->loop, &conn->idle);
	ring_leave(&conn->link);
	ring_add(&call->client->busy, &conn->link);
	conn->call = call;
	call->conn = conn;
	conn->complete = conn->keep = false;
	if (call->head_only) {
		http_expect_no_body(conn->parser);
	}
	if (call->paused) {
		conn->paused = true;
		stream_pause(conn->stream);
	}
	return stream_send(conn->stream, buf_contents(&call->request));
}

/* On an idle connection, else on a new one, else it waits. A second try takes a new one, as one that is alone. */
static enum err call_start(struct http_call *call)
{
	struct http_client *c = call->client;
	struct conn *conn = NULL;

	while (!call->retried && !call->alone && !ring_is_empty(&c->idle)) {
		conn = OUTER(struct conn, link, c->idle.prev);
		conn->reused = true;
		if (call_send(call, conn) == OK) {
			return OK;
		}
		(void)call_detach(call);
		conn_end(conn);
	}
	if (call->alone && c->connections >= c->options.connections && !ring_is_empty(&c->idle)) {
		conn_expire(OUTER(struct conn, link, c->idle.next));
	}
	if (c->connections >= c->options.connections) {
		ring_add(&c->waiting, &call->link);
		c->calls_waiting++;
		return OK;
	}
	TRY(conn_open(c, &conn));
	enum err e = call_send(call, conn);

	if (e != OK) {
		(void)call_detach(call);
		conn_end(conn);
	}
	return e;
}

/* A connection or the room for one has become free. */
static void serve_waiting(struct http_client *c)
{
	c->holds++;
	while (!ring_is_empty(&c->waiting) &&
		(!ring_is_empty(&c->idle) || c->connections < c->options.connections)) {
		struct http_call *call = OUTER(struct http_call, link, c->waiting.next);

		(void)call_detach(call);
		enum err e = call_start(call);

		if (e != OK) {
			call_done(call, e);
		}
	}
	release_client(c);
}

/* Ends a call before its time; its connection can serve no other. */
static void call_fail(struct http_call *call, enum err why)
{
	struct http_client *c = call->client;
	struct conn *conn = call_detach(call);

	c->holds++;
	if (conn && conn->stream) {
		conn_end(conn);
	}
	call_done(call, why);
	serve_waiting(c);
	release_client(c);
}

static void call_timed_out(void *user)
{
	struct http_call *call = user;

	call_fail(call,
		err_fail(ERR_TIMEOUT, "http: no answer from %s in time", call->client->host));
}

static bool is_idempotent(const char *method)
{
	static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(method, methods[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* Whether a request without a body says Content-Length: 0 (RFC 9110 8.6). */
static bool means_body(const char *method)
{
	return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
	       strcmp(method, "PATCH") == 0;
}

static struct http_call *call_new(struct http_client *c, const struct http_call_on *on, void *user)
{
	struct http_call *call = calloc(1, sizeof(*call));

	if (call) {
		call->client = c;
		call->on = *on;
		call->user = user;
		call->request = buf_growing(REQUEST_MAX);
	}
	return call;
}

enum err http_client_call(struct http_client *c, const char *method, struct view target,
	const struct http_field *fields, size_t count, struct view body,
	const struct http_call_on *on, void *user, struct http_call **ret)
{
	return http_client_call_alone(c, view_text(NULL), method, target, fields, count, body, on,
		user, ret);
}

enum err http_client_call_alone(struct http_client *c, struct view preface, const char *method,
	struct view target, const struct http_field *fields, size_t count, struct view body,
	const struct http_call_on *on, void *user, struct http_call **ret)
{
	if (c->closed) {
		return err_fail(ERR_CLOSED, "http: the client is closed");
	}
	if (c->calls_waiting >= c->options.waiting) {
		return err_fail(ERR_OVERLOAD, "http: %zu calls wait for %s", c->calls_waiting,
			c->host);
	}
	struct view host = view_text(c->host);
	struct http_call *call = call_new(c, on, user);

	if (!call) {
		return err_fail(ERR_MEMORY, "http client: out of memory");
	}
	call->alone = preface.len > 0;
	buf_view(&call->request, preface);
	call->idempotent = is_idempotent(method);
	call->head_only = strcmp(method, "HEAD") == 0;
	if (count > 0 && view_is_nocase(fields[0].name, "Host")) {
		host = fields[0].value;
		fields++;
		count--;
	}
	http_write_request(&call->request, method, target, host, fields, count,
		body.len > 0 || means_body(method), body.len);
	buf_view(&call->request, body);
	if (call->request.failed) {
		call_free(call);
		return err_fail(ERR_SYNTAX, "http: a request that cannot be written");
	}
	enum err e = call_start(call);

	if (e != OK) {
		call_free(call);
		return e;
	}
	timer_start(c->loop, &call->timer, c->options.timeout_ms, call_timed_out, call);
	*ret = call;
	return OK;
}

void http_call_cancel(struct http_call *call)
{
	if (!call) {
		return;
	}
	struct http_client *c = call->client;
	struct conn *conn = call_detach(call);

	call_free(call);
	if (conn && conn->stream) {
		conn_end(conn);
	}
	serve_waiting(c);
}

static void watch_stall(struct http_call *call)
{
	struct http_client *c = call->client;

	timer_stop(c->loop, &call->timer);
	if (c->options.stall_ms > 0 && !call->paused) {
		timer_start(c->loop, &call->timer, c->options.stall_ms, call_timed_out, call);
	}
}

void http_call_pause(struct http_call *call)
{
	call->paused = true;
	if (call->head_seen) {
		watch_stall(call);
	}
	if (call->conn && !call->conn->paused) {
		call->conn->paused = true;
		stream_pause(call->conn->stream);
	}
}

void http_call_resume(struct http_call *call)
{
	call->paused = false;
	if (call->head_seen) {
		watch_stall(call);
	}
	if (call->conn && call->conn->paused) {
		call->conn->paused = false;
		stream_resume(call->conn->stream);
	}
}

struct stream *http_call_stream(struct http_call *call)
{
	return call->conn ? call->conn->stream : NULL;
}

/* Answers. */

/* After a callback of the caller's: it may have cancelled, or wants no more for now. */
static enum err goes_on(const struct conn *conn)
{
	if (!conn->call) {
		return ERR_CLOSED;
	}
	return conn->paused ? ERR_AGAIN : OK;
}

static enum err on_head(void *user, const struct http_head *head)
{
	struct conn *conn = user;
	struct http_call *call = conn->call;

	conn->interim = head->status < 200;
	if (head->status == 101) {
		return err_fail(ERR_UNSUPPORTED, "http: an upgrade that nobody asked for");
	}
	if (conn->interim) {
		return OK;
	}
	conn->keep = head->keep_alive;
	call->head_seen = true;
	watch_stall(call);
	if (call->on.head) {
		call->on.head(call->user, head);
	}
	return goes_on(conn);
}

static enum err on_body(void *user, struct view part)
{
	struct conn *conn = user;
	struct http_call *call = conn->call;

	watch_stall(call);
	if (call->on.body) {
		call->on.body(call->user, part);
	}
	return goes_on(conn);
}

static enum err on_done(void *user)
{
	struct conn *conn = user;

	conn->complete = !conn->interim;
	return goes_on(conn);
}

/* The answer is complete. `clean`: nothing came after it. */
static void conn_finish(struct conn *conn, bool clean)
{
	struct http_client *c = conn->client;
	struct http_call *call = conn->call;

	bool alone = call->alone;

	(void)call_detach(call);
	if (conn->paused) {
		conn->paused = false;
		stream_resume(conn->stream);
	}
	if (conn->keep && clean && !alone && stream_pending(conn->stream) == 0) {
		conn_rest(conn);
	} else {
		stream_close(conn->stream);
		conn_drop(conn);
	}
	serve_waiting(c);
	call_done(call, OK);
}

static void on_ready(void *user, struct stream *s)
{
	(void)user;
	(void)s;
}

static enum err feed(struct conn *conn, struct view bytes, size_t *ret_taken)
{
	enum err result = OK;
	size_t taken = 0;

	while (taken < bytes.len && result == OK && !conn->complete) {
		size_t used;

		result = http_feed(conn->parser, view_of(bytes.data + taken, bytes.len - taken),
			&used);
		taken += used;
	}
	*ret_taken = taken;
	return result == ERR_AGAIN ? OK : result;
}

static size_t on_input(void *user, struct stream *s, struct view bytes)
{
	struct conn *conn = user;
	struct http_client *c = conn->client;
	size_t taken;

	(void)s;
	if (!conn->call) { /* nobody has asked */
		conn_end(conn);
		return bytes.len;
	}
	c->holds++;
	conn->call->answered = true;
	conn->in_input = true;
	enum err result = feed(conn, bytes, &taken);

	conn->in_input = false;
	if (!conn->stream) {
		conn_free(conn);
	} else if (result != OK) {
		call_fail(conn->call, result);
	} else if (conn->complete) {
		conn_finish(conn, taken == bytes.len);
	}
	release_client(c);
	return taken;
}

static bool may_retry(const struct conn *conn, enum err why)
{
	const struct http_call *call = conn->call;

	return conn->reused && !call->answered && call->idempotent && !call->retried &&
	       (why == ERR_CLOSED || why == ERR_IO);
}

static void on_closed(void *user, struct stream *s, enum err why)
{
	struct conn *conn = user;
	struct http_client *c = conn->client;
	struct http_call *call = conn->call;

	(void)s;
	if (!call) {
		conn_drop(conn);
		return;
	}
	bool again = may_retry(conn, why);

	if (why == ERR_CLOSED && call->answered) {
		why = http_feed_end(conn->parser);
		if (why == OK && !conn->complete) {
			why = err_fail(ERR_CLOSED, "http: closed before the answer");
		}
	}
	c->holds++;
	(void)call_detach(call);
	conn_drop(conn);
	if (again) {
		call->retried = true;
		why = call_start(call); /* there is room: its connection has gone */
	}
	if (!again || why != OK) {
		serve_waiting(c);
		call_done(call, why);
	}
	release_client(c);
}

void http_client_free(struct http_client *c)
{
	if (!c || c->closed) {
		return;
	}
	c->closed = true;
	while (!ring_is_empty(&c->idle)) {
		conn_expire(OUTER(struct conn, link, c->idle.next));
	}
	while (!ring_is_empty(&c->waiting)) {
		struct http_call *call = OUTER(struct http_call, link, c->waiting.next);

		(void)call_detach(call);
		call_done(call, err_fail(ERR_CLOSED, "http: the client is closed"));
	}
	while (!ring_is_empty(&c->busy)) {
		struct conn *conn = OUTER(struct conn, link, c->busy.next);
		struct http_call *call = conn->call;

		(void)call_detach(call);
		conn_end(conn);
		call_done(call, err_fail(ERR_CLOSED, "http: the client is closed"));
	}
	release_client(c);
}
