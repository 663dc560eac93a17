// SPDX-License-Identifier: Apache-2.0
/*
 * diameter_inside: what the files of the Diameter node know of each other.
 *
 *	diameter_node.c		opening, closing, status
 *	diameter_conn.c		connections: messages out of and into streams
 *	diameter_peer.c		the peer machine: exchange, election, watchdog, disconnection, reconnection
 *	diameter_capabilities.c	what the exchange says, and who is let in
 *	diameter_calls.c	requests of ours: routing, answers, time-outs, failover
 *	diameter_requests.c	requests to us: checks, handlers, answers
 */
#pragma once

#include "net/diameter_peer.h"
#include "net/loop_uv.h"

/* A connection. It belongs to a peer from the start when we opened it, else once its CER was accepted. */
struct conn {
	struct link link; /* in its node's ring */
	struct diameter_node *node;
	struct stream *stream;
	struct peer *peer;
	bool secure;
	bool busy; /* its input is being worked on: freed behind that */
	bool dead;
	struct timer deadline;	    /* of the capabilities exchange */
	struct later end;	    /* a send failed: closed at the end of the turn */
	struct link requests;	    /* ring of struct incoming */
	struct diameter_header cer; /* held until the election is decided */
	uint32_t cer_applications;
};

enum peer_state { PEER_DOWN, PEER_CONNECTING, PEER_WAIT_CEA, PEER_OPEN, PEER_SUSPECT };

struct peer {
	struct diameter_node *node;
	char *host, *realm, *address; /* address NULL: it connects to us */
	char **origins;
	size_t origin_count;
	bool plain, relay;
	enum peer_state state;
	struct conn *conn;  /* the one in use, or being opened by us */
	struct conn *held;  /* theirs, whose CER waits until ours is decided */
	struct timer timer; /* by the state */
	int64_t backoff;    /* until the next attempt */
	int64_t heard;	    /* when it last sent anything */
	bool asked;	    /* a DWR is unanswered */
	bool told, anew;    /* the program thinks that it is open; on a connection that is gone */
	struct later tell;  /* something has changed */
	uint32_t cer_id;    /* hop-by-hop identifier of our CER */
	uint32_t applications; /* bit i: node->applications[i] is common */
	struct link calls;     /* ring of struct call that wait for its answer */
	size_t outstanding;    /* how many */
	size_t in_progress;    /* requests of its that await our answer */
	uint64_t requests_in, requests_out, timeouts, dropped;
};

/* A request of ours. */
struct call {
	struct link by_peer, by_time; /* by_time also: the ring of failed ones, of spare ones */
	struct peer *peer;	      /* who is to answer; NULL: nobody yet */
	struct diameter_header header;
	int64_t deadline;
	int attempts;
	enum err failure; /* to be told at the end of the turn */
	struct buf message;
	diameter_answered *answered;
	void *user;
	uint64_t user_ref;
};

/* The lower half of a hop-by-hop identifier names a slot, the upper half which use of it. */
struct call_slot {
	struct call *call;
	uint16_t turn, next_free;
};

/* A request to us. */
struct incoming {
	struct diameter_request request; /* first: what a handler gets */
	struct link link;		 /* in its connection's ring, or among the orphans */
	struct diameter_node *node;	 /* NULL: closed */
	struct peer *peer;
	struct conn *conn; /* NULL: lost, so the answer goes nowhere */
	struct diameter_base base;
	uint8_t bytes[];
};

struct diameter_node {
	struct loop *loop;
	char *host, *realm;
	struct tls *client_tls;
	struct listener *listener, *plain_listener;
	uint32_t applications[DIAMETER_APPS_MAX];
	size_t application_count;
	struct peer *peers;
	size_t peer_count;
	struct diameter_handler *handlers;
	size_t handler_count;
	void *user;
	diameter_peer_changed *changed;
	int64_t watchdog_ms, reconnect_ms, answer_ms;
	size_t outstanding;
	uint32_t state_id;
	uint64_t session;
	uint32_t end_to_end, hop_by_hop; /* hop_by_hop: of messages that are no calls */
	struct link conns, orphans;
	struct buf scratch; /* where messages are encoded before they are sent */

	struct call_slot *slots;
	size_t slot_count;
	uint16_t first_free; /* NO_SLOT: none */
	struct link calls;   /* by deadline */
	struct link failed, spare;
	size_t spare_count;
	struct timer calls_timer;
	struct later failed_later;
};

struct view host_of(const struct diameter_node *n);
struct view realm_of(const struct diameter_node *n);
/* Milliseconds around `ms`, at most `spread` away, so that nodes do not act in step. */
int64_t jitter(struct diameter_node *n, int64_t ms, int64_t spread);

/* Connections. */
enum err conn_dial(struct peer *peer, struct conn **ret);
accept_fn conn_accept_secure, conn_accept_plain;
/* Encodes into the node's scratch and sends; a connection that cannot send any more ends soon. */
void conn_send_rows(struct conn *c, const struct diameter_header *header,
	const struct avp_row *rows, const void *in);
void conn_send(struct conn *c, struct view message);
/* Sends what was encoded into the node's scratch, and wipes it. */
void conn_send_scratch(struct conn *c);
void conn_close(struct conn *c); /* what is pending is still sent */
void conn_abort(struct conn *c);

/* The peer machine. */
void peer_start(struct peer *p);
void peer_stop(struct peer *p);
bool peer_is_open(const struct peer *p);
void peer_ready(struct conn *c); /* ours is connected */
void peer_receive(struct conn *c, struct view message);
void peer_heard(struct conn *c);
/* The connection broke, or `why` was found wrong with it: err_detail() says what. */
void peer_lost(struct conn *c);
void peer_too_late(struct conn *c); /* no CER or CEA in time */
bool peer_serves(const struct peer *p, uint32_t application);
void peer_tell(struct peer *p); /* tells the program what it does not know yet */

/* Capabilities. */
void capabilities_send(struct conn *c, const struct diameter_header *header,
	enum diameter_result result);
/* Sets the connection's cer_applications. On failure `ret_fault` is what the CEA says. */
enum err capabilities_check_cer(struct conn *c, struct view message, struct peer **ret,
	struct view *ret_origin_host, struct diameter_fault *ret_fault);
enum err capabilities_check_cea(struct peer *p, const struct diameter_header *header,
	struct view message, uint32_t *ret_applications);

/* Requests of ours. */
void calls_open(struct diameter_node *n);
void calls_close(struct diameter_node *n);
void calls_answer(struct conn *c, const struct diameter_header *header, struct view message);
/* What the peer has not answered goes to others; what cannot ends if the peer is `lost`, else it waits on. */
void calls_move(struct peer *p, bool lost);
void calls_repeat(struct peer *p); /* all again, over the peer's new connection */

/* Requests to us. */
void requests_take(struct conn *c, const struct diameter_header *header, struct view message);
void requests_orphan(struct conn *c); /* their connection is gone */
void requests_close(struct diameter_node *n);
