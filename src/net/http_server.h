// SPDX-License-Identifier: Apache-2.0
/*
 * http_server: HTTP/1.1 for programs, and HTTP/2 (RFC 9113) at the same listener. Of HTTP/1.1 one request at a time a
 * connection (pipelined ones wait), of HTTP/2 as many as it has streams. A request is answered exactly once, now or
 * later; answering frees it. What is said here of a connection's end is of HTTP/2 the stream's.
 */
#pragma once

#include "net/stream.h"
#include "wire/http.h"

struct http_server;

struct http_server_options {
	struct listener_options listen; /* no address: none, see http_server_take() */
	struct http_limits limits;
	int64_t head_ms; /* from the first byte of a request to the end of its body; 10 s unless set */
	int64_t idle_ms;  /* between requests; 60 s unless set */
	const char *name; /* Server field; NULL: none */
	bool http2;	  /* for clients that ask for it by ALPN; needs TLS */
	size_t streams; /* ceiling of requests that a connection of HTTP/2 has at once; 100 unless set */
};

/* A request to be answered exactly once. The server keeps more behind it. */
struct http_request {
	const struct http_head *head;
	struct http_target target; /* parts of head->target */
	struct view body;
	struct stream *stream; /* who asks: peer address, certificate, PSK identity; NULL once gone */
	bool gone;	       /* the client left; the answer will be dropped */
	void *user;	       /* the handler's own */
	/* The handler's own, NULL at first: called when the client leaves before the answer's end. It
	 * may answer at once, which frees. */
	void (*on_gone)(struct http_request *request);
};

/* Called once a request has come whole; answers it now or later, once. */
typedef void http_handler(void *user, struct http_request *request);

/* Listens, unless options say no address; where it does, with the port that the system chose. */
enum err http_server_open(struct loop *loop, const struct http_server_options *options,
	http_handler *handler, void *user, struct http_server **ret);
const char *http_server_address(const struct http_server *s);
/*
 * Serves a connection that another listener took in. At `until` (loop_now(); 0: never) it ends: at once
 * when idle, else after the answer under way, which has a minute then. ERR_CLOSED, ERR_MEMORY: not taken.
 */
enum err http_server_take(struct http_server *s, struct stream *stream, int64_t until);
/* Sets another `until` for a connection that was taken; one that is over: it ends now, as it says there. */
void http_server_move_end(struct stream *stream, int64_t until);
/* Ends it at once, with what is under way: the answer is cut off. */
void http_server_cut(struct stream *stream);
size_t http_server_connections(const struct http_server *s);
/* Answers given so far, by their status. */
enum { HTTP_STATUS_END = 600 };
const uint64_t *http_server_answers(const struct http_server *s);
const struct listener *http_server_listener(const struct http_server *s); /* NULL: it has none */
/* Open requests are answered 503 by the caller first; others are gone, and still to be answered. */
void http_server_close(struct http_server *s);

/* Answers and frees. Content-Length, Date, Server and Connection are added here, not by the caller. A body larger than
 * the connection's output ceiling ends the connection; fields that cannot be written answer 500. */
void http_answer(struct http_request *request, unsigned status, const struct http_field *fields,
	size_t count, struct view body);
void http_answer_text(struct http_request *request, unsigned status, const char *content_type,
	const char *body);
/* RFC 9457: application/problem+json with title and detail. */
void http_answer_problem(struct http_request *request, unsigned status, const char *detail);

/* The body of one, appended: for an answer with more fields. */
void http_write_problem(struct buf *out, unsigned status, const char *detail);

/*
 * A streamed answer: begin, any number of parts, end (which frees). With a Content-Length among its
 * fields it is sent with that length, else in chunks. When begin fails, the request is still to be
 * answered. A part returns ERR_AGAIN when it was taken, but no other should be sent until `drained`:
 * one that is sent nevertheless fails with ERR_OVERLOAD. ERR_CLOSED when the client is gone,
 * ERR_RANGE past the Content-Length.
 */
enum err http_answer_begin(struct http_request *request, unsigned status,
	const struct http_field *fields, size_t count,
	void (*drained)(struct http_request *request));
enum err http_answer_part(struct http_request *request, struct view part);
void http_answer_end(struct http_request *request); /* cut off when short of its Content-Length */
/* Closes the connection: the answer is cut off. */
void http_answer_abort(struct http_request *request);

/* A table of routes. `{}` in a path stands for one segment, not empty, given still percent-encoded; `{*}` at its end for
 * all that follows.
 * The first that matches path and method wins; HEAD is served by GET's. 404 and 405 (with Allow)
 * are answered here, 403 when `who` says no. */
struct http_route {
	const char *method, *path;
	bool (*who)(void *user, const struct http_request *request); /* NULL: everyone */
	void (*handler)(void *user, struct http_request *request, const struct view *segments);
};
enum { HTTP_SEGMENTS = 4 };
/* The same steps, for tables of one's own. */
bool http_path_matches(const char *pattern, struct view path, struct view segments[HTTP_SEGMENTS]);
bool http_method_matches(const char *method, struct view asked);
void http_route(const struct http_route *routes, size_t count, void *user,
	struct http_request *request);
