// SPDX-License-Identifier: Apache-2.0
/* http_inside: what http_server.c, which reads, and http_answer.c, which writes, know of each other. */
#pragma once

#include "net/http_server.h"
#include "net/loop_uv.h"

enum {
	HTTP_ANSWER_HEAD = 64 * 1024, /* bytes */
	OUTPUT_HIGH = 256 * 1024,     /* unsent bytes of a connection; no more is produced then */
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
	struct http_request request; /* first: http_answer() gets here from it */
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
