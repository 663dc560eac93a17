// SPDX-License-Identifier: Apache-2.0
/* http2_inside: what http2.c (a connection's life), http2_read.c (what comes) and http2_answer.c know of each other. */
#pragma once

#include "net/http2.h"
#include "net/http_inside.h"

#include <nghttp2/nghttp2.h>

enum {
	HTTP2_HEAD = 16 * 1024, /* list of fields, bytes, unless set */
	HTTP2_NUISANCES = 400,	/* frames that bring nothing: so many at once, */
	HTTP2_NUISANCES_A_SECOND = 50,
	HTTP2_ANSWERS =
		4, /* times the output ceiling: answers that wait; then requests are refused */
	HTTP2_BODIES =
		4, /* times the body ceiling: bodies that are held; then the window stays shut */
	HTTP2_HEAD_TIMES = 4, /* times its ceiling: a list that is no mistake any more */
};

/* A connection. */
struct http2 {
	struct link link; /* its server's */
	struct http_server *server;
	struct stream *stream; /* NULL: ended */
	nghttp2_session *session;
	struct link asks;  /* open streams, the oldest first */
	struct link ready; /* asks to be handed to the handler */
	struct link left;  /* asks whose clients are to be said gone */
	struct later later;
	struct timer timer;
	size_t holds;	    /* it and the calls that are inside: the last one frees */
	size_t reading;	    /* asks that have not come whole */
	size_t waiting;	    /* bytes of answers that are not in frames yet */
	size_t bodies;	    /* bytes of bodies held */
	size_t owed;	    /* bytes of the connection's window that are kept shut */
	size_t wanting;	    /* asks that want to be told `drained` */
	int64_t quiet_at;   /* no ask since */
	int64_t moved_at;   /* a client took some of its answers */
	int64_t nuisances;  /* milliseconds worth of them that are spent */
	int64_t counted_at; /* when that was so */
};

enum http2_phase {
	HTTP2_READING,
	HTTP2_READY,
	HTTP2_HANDLING,
	HTTP2_STREAMING,
	HTTP2_ANSWERED, /* the request is no more; its last bytes are sent */
};

/* Where text is within http2_ask.text, which moves while it grows. */
struct http2_span {
	uint32_t at, len;
};

/* A request, its answer, and the stream that they are on. */
struct http2_ask {
	struct http_held held; /* first */
	struct http_server *server;
	struct http2 *conn; /* NULL: the stream is closed */
	struct link link;   /* conn->asks */
	struct link turn;   /* ready or left */
	int32_t id;
	enum http2_phase phase;
	int64_t begun_at;
	/* As it is read: */
	struct buf text, cookie, body;
	struct http2_span names[HTTP_FIELDS_MAX], values[HTTP_FIELDS_MAX];
	struct http2_span method, path, authority;
	size_t fields, list; /* bytes of the list as RFC 9113 6.5.2 counts them */
	bool expects_continue, complete;
	unsigned refusal; /* status; 0: none */
	struct http_head head;
	/* As it is answered: */
	struct buf out;
	size_t sent;
	void (*drained)(struct http_request *request);
	bool head_only, wants_drained, ended, sized;
	uint64_t left; /* of its Content-Length */
};

/* http2_read.c */
enum err http2_callbacks(nghttp2_session_callbacks **ret);
void http2_dispatch(struct http2_ask *ask);
/* Whether one more frame that brings nothing is borne. */
bool http2_bears(struct http2 *c);

/* http2.c */
enum err http2_ask_new(struct http2 *c, int32_t id, struct http2_ask **ret);
void http2_ask_came(struct http2_ask *ask);	/* whole, or enough of it to refuse it */
void http2_ask_closed(struct http2_ask *ask);	/* its stream is no more */
void http2_ask_answered(struct http2_ask *ask); /* frees when its stream is no more either */
void http2_soon(struct http2 *c);		/* sends at the end of the turn */
