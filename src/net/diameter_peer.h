// SPDX-License-Identifier: Apache-2.0
/*
 * diameter_peer: a Diameter node (RFC 6733): adjacent peers over TLS or TCP, capabilities exchange,
 * watchdog (RFC 3539), reconnection, failover, and requests matched with their answers once.
 * A peer that is not configured gets nothing.  req: B9.6.2
 */
#pragma once

#include "net/loop.h"
#include "net/stream.h"
#include "wire/diameter.h"

struct diameter_node;

struct diameter_peer_options {
	const char *host; /* its Origin-Host; also the name its certificate must carry */
	const char *realm;
	const char *address; /* where we connect; NULL or "": it connects to us */
	bool plain;	     /* TCP without TLS, by explicit setting only */
	bool relay;	     /* takes requests for other hosts, and brings in those of `origins` */
	const char *const *origins; /* a relay may speak for these Origin-Hosts */
	size_t origin_count;
};

/* `host` as it stands in the options; `user` as given to diameter_node_open(). */
typedef void diameter_peer_changed(void *user, const char *host, bool open);

struct diameter_node_options {
	const char *host, *realm; /* our Origin-Host and Origin-Realm */
	const char *listen;	  /* TLS, 5658; "" for none */
	const char *listen_plain; /* TCP, 3868; "" for none: only peers marked `plain` are let in */
	struct tls *server_tls, *client_tls;
	const uint32_t *applications; /* announced: vendor-specific ones of 10415, and NASREQ */
	size_t application_count;
	const struct diameter_peer_options *peers;
	size_t peer_count;
	int64_t watchdog_ms;  /* Tw, 30 s unless set (at least 6 s by RFC 3539) */
	int64_t reconnect_ms; /* Tc, 1 s doubling to 30 s with jitter, unless set */
	int64_t answer_ms;    /* a request without answer fails after it, 3 s unless set */
	size_t outstanding; /* requests that await our answer, per peer; beyond: 3004. 4096 unless set */
	/*
	 * Tells that a peer is open or no longer, each connection of it in turn: open before its first request
	 * is handed over, closed before its calls fail. Never from within a function of the node, and not
	 * for what diameter_node_close() closes. May be NULL.
	 */
	diameter_peer_changed *peer_changed;
};

/* An incoming request, to be answered exactly once; answering frees it. The node keeps more behind it. */
struct diameter_request {
	struct diameter_header header;
	struct view message; /* whole */
	const char *peer;    /* Origin-Host of the adjacent peer, verified */
	const char *origin; /* Origin-Host of the sender: the peer, or one that its relay may bring */
};

/* Handlers by application and command. What has no row is answered 3007 or 3001. */
struct diameter_handler {
	uint32_t application, command;
	void (*handle)(void *user, struct diameter_request *request);
};

/* Listens, and connects to peers that have an address. What `handlers` points to must outlive the node. */
enum err diameter_node_open(struct loop *loop, const struct diameter_node_options *options,
	const struct diameter_handler *handlers, size_t handler_count, void *user,
	struct diameter_node **ret);
const char *diameter_node_address(const struct diameter_node *n); /* of `listen` */
const char *diameter_node_plain_address(const struct diameter_node *n);
/* DPR to all peers, then closes. Open requests of ours end with ERR_CLOSED; those to us may still be
 * answered, into nothing. Not from within a callback of the node. */
void diameter_node_close(struct diameter_node *n);

/* A Session-Id of ours (RFC 6733 8.8): host;high;low. */
void diameter_session_id(struct diameter_node *n, struct buf *ret);

/*
 * Sends a request built over `rows` from `in`; hop-by-hop and end-to-end ids are set here. `to_host` may
 * be "" when any peer of `to_realm` that announced the application will do; `in` has the same in
 * Destination-Host and -Realm. `answered` comes exactly once and not before this returns (out of
 * memory alone: ERR_MEMORY, at once), with the whole answer message, or with ERR_TIMEOUT, ERR_UNAVAILABLE
 * (no peer), ERR_OVERLOAD, ERR_RANGE (too long).
 * When a peer is lost, what it has not answered goes to another with the T flag (RFC 6733 5.5.4), also
 * when it cannot deliver or is too busy (3002, 3004).
 * `user_ref` is typically a pool_ref: never a pointer.
 */
typedef void diameter_answered(void *user, uint64_t user_ref, enum err result, struct view message);
void diameter_send(struct diameter_node *n, uint32_t application, uint32_t command,
	const char *to_host, const char *to_realm, const struct avp_row *rows, const void *in,
	diameter_answered *answered, void *user, uint64_t user_ref);

/* Answers with a struct over rows; the header and Proxy-Info are set here. */
void diameter_answer(struct diameter_request *request, const struct avp_row *rows, const void *in);
/* Answers with a fault (3xxx with E bit, 5xxx with Failed-AVP). */
void diameter_refuse(struct diameter_request *request, const struct diameter_fault *fault,
	const char *why);

/* For status pages and `symbolon status`. */
struct diameter_peer_state {
	const char *host;
	bool open;
	uint64_t requests_in, requests_out, timeouts;
	uint64_t dropped; /* answers that nothing waited for: late, double, foreign */
	size_t outstanding;
};
size_t diameter_node_peers(const struct diameter_node *n, struct diameter_peer_state *ret,
	size_t room);
/* Whether that peer is open and announced the application. */
bool diameter_node_peer_serves(const struct diameter_node *n, const char *host,
	uint32_t application);
bool diameter_node_reaches(const struct diameter_node *n, const char *realm, uint32_t application);
