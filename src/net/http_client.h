// SPDX-License-Identifier: Apache-2.0
/* http_client: HTTP/1.1 to one server, connections kept and reused. Answers are streamed to the caller. */
#pragma once

#include "net/stream.h"
#include "wire/http.h"

struct http_client;
struct http_call; /* one request under way */

struct http_client_options {
	const char *address; /* where to connect */
	const char *host;    /* Host field; and the name in the server's certificate */
	struct tls *tls;     /* NULL: plain */
	size_t connections;  /* ceiling; 64 unless set: further calls wait, up to `waiting` */
	size_t waiting;	     /* ceiling; 1024 unless set */
	int64_t timeout_ms;  /* from the call to the end of the answer's head; 30 s unless set */
	int64_t stall_ms; /* between two parts of the body, unless paused; 30 s unless set, < 0: none */
	int64_t idle_ms;	   /* an unused connection is closed after it; 30 s unless set */
	struct http_limits limits; /* of answers */
};

/* done comes exactly once, last, and never before http_client_call() returns; not after a cancel.
 * Interim answers (1xx) are not shown. ERR_UNAVAILABLE, ERR_AUTH: no connection; ERR_TIMEOUT;
 * ERR_CLOSED: the connection ended too early; ERR_SYNTAX, ERR_RANGE, ERR_UNSUPPORTED: a bad answer. */
struct http_call_on {
	void (*head)(void *user, const struct http_head *head);
	void (*body)(void *user, struct view part);
	void (*done)(void *user, enum err result);
};

/* A client of one address; it connects when there is something to send. */
enum err http_client_new(struct loop *loop, const struct http_client_options *options,
	struct http_client **ret);
void http_client_free(struct http_client *c); /* calls under way end with ERR_CLOSED first */

/*
 * Copies what it needs. Host and Content-Length are added here; a Host that stands first in `fields` is
 * sent in place of the client's own. ERR_OVERLOAD when too many wait,
 * ERR_SYNTAX for what cannot be written. A request is sent again by itself only when its connection
 * was a reused one that closed before any byte of an answer, and the method is idempotent (RFC 9110
 * 9.2.2).
 */
enum err http_client_call(struct http_client *c, const char *method, struct view target,
	const struct http_field *fields, size_t count, struct view body,
	const struct http_call_on *on, void *user, struct http_call **ret);
/* The same on a connection of its own, which begins with these bytes and serves no other call. */
enum err http_client_call_alone(struct http_client *c, struct view preface, const char *method,
	struct view target, const struct http_field *fields, size_t count, struct view body,
	const struct http_call_on *on, void *user, struct http_call **ret);
void http_call_cancel(struct http_call *call);
/* Back-pressure on the answer: no head or body is shown until resumed; `done` right after the last part. */
void http_call_pause(struct http_call *call);
void http_call_resume(struct http_call *call);
/* The connection that serves the call: certificate, channel binding. NULL before it is assigned. */
struct stream *http_call_stream(struct http_call *call);
