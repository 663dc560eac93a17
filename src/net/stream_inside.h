// SPDX-License-Identifier: Apache-2.0
/* stream_inside: what stream*.c and listener.c know of each other. */
#pragma once

#include "net/address.h"
#include "net/loop_uv.h"
#include "net/tls_session.h"

struct dial;

enum state {
	DIALLING,  /* no descriptor yet */
	HANDSHAKE, /* TLS, or nothing to do but to say ready */
	WAITING,   /* TLS, suspended until stream_retry() */
	OPEN,
	CLOSING,   /* has no owner; its last bytes are being sent */
	LINGERING, /* all is sent; reads on, or the system would answer the peer with a reset */
	DEAD,	   /* freed soon */
};

struct stream {
	struct loop_child child;
	struct link link; /* among its listener's handshakes */
	struct loop *loop;
	struct listener *listener; /* that took it in, or NULL */
	struct stream_on on;
	void *user;
	struct stream_limits limits;
	enum state state;
	enum err broken; /* found while sending; told at the end of the turn */
	bool paused;	 /* by the owner */
	bool held;	 /* and the peer did send: no longer polled for input */
	bool offer;	 /* kept input is to be offered again */
	bool blocked;	 /* the socket takes no more output */
	bool sent_all;	 /* `drained` is due */
	bool retry;	 /* the suspended handshake is to go on */
	bool peer_ended; /* nothing more will come in */
	bool finishing;	 /* nothing more will be sent */
	bool finished;	 /* and the peer has been told */
	int polled;	 /* what libuv watches */
	int fd;
	uv_poll_t poll;
	struct dial *dial; /* DIALLING, with what it is for: */
	struct tls *tls;
	char *server_name;
	struct tls_session *session; /* NULL: plain */
	struct buf in, out;
	size_t sent;	    /* bytes at the front of `out` */
	size_t lingered;    /* bytes thrown away */
	struct timer timer; /* of the handshake, of a stall or of the close */
	struct later later;
	uint64_t ref;
	union peer_address peer;
	int64_t uid;
	char *peer_text;
};

/*
 * A connection that a listener took in: the descriptor becomes the stream's, even on failure. With
 * TLS its handshake begins, else it is open. listener_left() is called once, when its descriptor
 * has been closed.
 */
enum err stream_take(struct loop *loop, int fd, const union peer_address *peer,
	const struct listener_options *options, const struct stream_on *on,
	struct listener *listener, struct stream **ret);

void listener_left(struct listener *l, const union peer_address *peer);

/* stream_io.c. What fails in writing is kept in `broken`. Reading may end the stream. */
void stream_take_input(struct stream *s);
void stream_offer_again(struct stream *s);
void stream_write_out(struct stream *s);

/* Frees what was sent or received: keys of requests and answers were among it. */
void stream_forget(struct buf *bytes);

/* stream.c */
void stream_soon(struct stream *s); /* service it at the end of the turn */
void stream_ended(struct stream *s, enum err why);
void stream_timed_out(void *stream);
