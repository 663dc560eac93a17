// SPDX-License-Identifier: Apache-2.0
/*
 * http_inside: what the server's files know of each other: http_server.c reads HTTP/1.1, http_answer.c writes it,
 * http2.c and http2_answer.c do so for HTTP/2, http_request.c has what is the same for both.
 */
#pragma once

#include "net/http_server.h"
#include "net/loop_uv.h"

enum {
	HTTP_ANSWER_HEAD = 64 * 1024, /* bytes */
	OUTPUT_HIGH = 256 * 1024,     /* unsent bytes of a connection; no more is produced then */
	HTTP_PROBLEM_MAX = 4096,
};

/* How a request is answered, by what it came over. Each as the function of http_server.h that is called. */
struct http_carrier {
	void (*answer)(struct http_request *request, unsigned status,
		const struct http_field *fields, size_t count, struct view body);
	enum err (*begin)(struct http_request *request, unsigned status,
		const struct http_field *fields, size_t count,
		void (*drained)(struct http_request *request));
	enum err (*part)(struct http_request *request, struct view part);
	void (*end)(struct http_request *request);
	void (*abort)(struct http_request *request);
};
extern const struct http_carrier http1_carrier, http2_carrier;

/* What stands behind every request. */
struct http_held {
	struct http_request request; /* first: http_answer() gets here from it */
	const struct http_carrier *carrier;
};

struct conn;

/* Connections of one kind. With a time limit: in the order of their deadlines, as it is one for all. */
struct queue {
	struct link ring;
	int64_t limit_ms; /* 0: none */
	struct timer timer;
	void (*expire)(struct conn *c);
	struct loop *loop;
};

/* A connection. While it is idle this is all that it costs beside its stream. */
struct conn {
	struct link link; /* in its queue */
	struct queue *queue;
	int64_t deadline;
	struct http_server *server;
	struct stream *stream;	   /* NULL: ended, freed when its input has been left */
	struct exchange *exchange; /* the request under way */
	bool in_input, paused;
	bool last; /* its time is over: it ends after the answer under way */
	struct timer end;
};

enum phase { READING, HANDLING, STREAMING };

/* A request from its first byte to the end of its answer. */
struct exchange {
	struct http_held held; /* first */
	struct http_server *server;
	struct conn *conn; /* NULL: gone */
	struct http_parser_state *parser;
	struct buf body;
	enum phase phase;
	bool complete; /* has been read to its end */
	bool head_only;
	/* A streamed answer: */
	void (*drained)(struct http_request *request);
	bool wants_drained, chunked, sized; /* neither: it ends with the connection */
	uint64_t left;			    /* of its Content-Length */
	struct exchange *next_spare;
};

struct http_server {
	struct loop *loop;
	struct listener *listener;
	struct http_limits limits;
	http_handler *handler;
	void *user;
	char *name;
	struct queue idle, reading, busy;
	struct link http2;	/* connections */
	size_t streams, output; /* limits of those */
	int64_t head_ms, idle_ms, stall_ms;
	size_t connections;
	struct exchange *spare;
	size_t spares;
	size_t holds; /* open, exchanges, and calls that are inside: the last one frees */
	bool closed;
	uint64_t answers[HTTP_STATUS_END]; /* by status */
	struct buf head;		   /* of the answer being written */
	int64_t date_at;
	char date[32];
};

/* http_request.c. The Date field's value; of the caller's own Content-Length, if there is one. */
struct view http_date(struct http_server *s);
bool http_has_body(unsigned status);
bool http_own_length(const struct http_field *fields, size_t count, uint64_t *ret);
extern const struct http_field http_problem_type;

void http_server_release(struct http_server *s);
void queue_join(struct queue *q, struct conn *c);
/* Its stream has been ended by the caller. Gives the open request, whose client has gone, if any. */
struct exchange *conn_drop(struct conn *c);
void http_conn_abort(struct conn *c);
/* After an answer: on to the next request, or to the end. */
void conn_go_on(struct conn *c, bool keep);
/* After its answer. What it held may be secret. */
void exchange_end(struct exchange *ex);
/* The request cannot be read, so the connection ends too. */
void conn_refuse(struct conn *c, unsigned status, const char *detail);
