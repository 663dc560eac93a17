// SPDX-License-Identifier: Apache-2.0
/*
 * stream: a connection, plain or in TLS, over TCP or a Unix socket: bytes in, bytes out, one end.
 * Everything that a peer can make grow has a ceiling.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "net/loop.h"
#include "net/tls.h"

/* "127.0.0.1:8080", "[::1]:0", "unix:/run/x.sock"; a name only where a client connects. */
enum { ADDRESS_MAX = 128 };
enum err address_check(const char *address); /* for conf rows */

struct stream;

struct stream_on {
	/* Connected, and the TLS handshake is done. */
	void (*ready)(void *user, struct stream *s);
	/* Bytes came in; returns how many were used. The rest is offered again with more, or after
	 * stream_resume(). Ending the stream inside is fine: return anything. */
	size_t (*input)(void *user, struct stream *s, struct view bytes);
	/* What was waiting to be sent is sent: a producer that paused goes on. May be NULL. */
	void (*drained)(void *user, struct stream *s);
	/* The end: ERR_CLOSED by the peer, ERR_UNAVAILABLE not connected, ERR_TIMEOUT, ERR_AUTH a
	 * certificate or a PSK was refused by one side (at a PSK client: the server's alerts 40, 47, 51
	 * and 115; its alert 80 is ERR_UNAVAILABLE), ERR_SYNTAX what came is not TLS, ERR_OVERLOAD a
	 * ceiling, ERR_IO it broke, or ended without TLS's close_notify; err_detail() says more. After
	 * ERR_CLOSED what was sent is still delivered if it can be. Not called after stream_close(). The
	 * stream is freed after it. */
	void (*closed)(void *user, struct stream *s, enum err why);
	/* The peer sends no more, and what it sent has been offered; it may still take what is sent. May be
	 * NULL: then that is the end, by `closed`. */
	void (*ended)(void *user, struct stream *s);
};

struct stream_limits {
	size_t input;	      /* unread input kept, bytes; 64 KiB unless set */
	size_t output;	      /* unsent output kept, bytes; 1 MiB unless set */
	int64_t handshake_ms; /* connect and TLS together; 10 s unless set */
	int64_t stall_ms; /* a peer must take some of the unsent output within it; 30 s unless set */
};

/* Opens a connection. `on` and `limits` are copied; `on->ready` or `on->closed` follows, never before this returns. `tls` NULL: plain.
 * The peer's certificate must be for `server_name` (also sent as SNI); NULL: the address's host. */
enum err stream_connect(struct loop *loop, const char *address, struct tls *tls,
	const char *server_name, const struct stream_limits *limits, const struct stream_on *on,
	void *user, struct stream **ret);

/* Keeps a copy, and sends at the end of the loop's turn all that was kept in it, in one write if it
 * can. ERR_OVERLOAD when the ceiling is reached: the stream is of no use then. ERR_CLOSED after the end. */
enum err stream_send(struct stream *s, struct view bytes);
size_t stream_pending(const struct stream *s); /* unsent bytes */
void stream_pause(struct stream *s); /* no more input callbacks; the peer feels back-pressure */
void stream_resume(struct stream *s);
/* Sends no more: when what is pending is sent, the peer is told. Input goes on; `closed` comes when the peer too has
 * ended. For an owner with `ended`. */
void stream_finish(struct stream *s);
/* Ends it: what is pending is sent first, for at most 5 s. No callback comes any more. */
void stream_close(struct stream *s);
void stream_abort(struct stream *s); /* at once */
/* Another owner takes over (a new connection handed on, an HTTP upgrade); it is offered unused input. */
void stream_set(struct stream *s, const struct stream_on *on, void *user);
/* What its owner gave with stream_set(); NULL once it has none: it was closed, or has ended. NULL is fine. */
void *stream_user(const struct stream *s);
/* A handshake that waits for a PSK asks `find` again, soon. NULL is fine. */
void stream_retry(struct stream *s);

/* A name for late answers: the stream may be gone when they come. 0 when out of memory. */
uint64_t stream_ref(struct stream *s);
struct stream *stream_at(struct loop *loop, uint64_t ref); /* NULL when it is gone */

/* The other side. Valid while the stream lives. */
const char *stream_peer_address(const struct stream *s); /* "127.0.0.1:40000", "unix" */
/* What is counted as one peer: its address without the port, of IPv6 the /64; at most 8 bytes. */
struct view stream_peer_crowd(const struct stream *s);
/* Our side of it, as text; "" while connecting. */
void stream_own_address(const struct stream *s, char ret[ADDRESS_MAX]);
int64_t stream_peer_uid(const struct stream *s); /* Unix socket: the user id; else -1 */
/* Verified certificate: whether it is for this FQDN (a dNSName, RFC 6125). False without one. */
bool stream_peer_is(const struct stream *s, const char *fqdn);
/* Whether what a request calls us (HOST or HOST:PORT) is a name or address in our own certificate. True without TLS. */
bool stream_own_name_is(const struct stream *s, struct view authority);
/* Whether it ends at the authority that was added with tls_add_authority(), or comes by way of it. */
bool stream_peer_is_ours(const struct stream *s);
/* The first dNSName of the verified certificate, else its common name; "" without one. */
const char *stream_peer_name(const struct stream *s);
struct view stream_psk_identity(const struct stream *s); /* of a PSK handshake; else empty */
/* At a server: the name that the client asked for (SNI); "" without one. */
const char *stream_server_name(const struct stream *s);
/* RFC 9266 tls-exporter channel binding, 32 bytes. ERR_UNSUPPORTED without TLS 1.3 or extended master secret. */
enum err stream_channel_binding(struct stream *s, uint8_t ret[32]);
/* A key of TLS_EXPORT bytes out of this connection, by a label and a context (RFC 8446 7.5). ERR_UNSUPPORTED without
 * TLS 1.3. */
enum err stream_export(struct stream *s, const char *label, struct view context, struct secret *ret);
/* What the peer has shown at a server of TLS_PEERS_SHOWN. ERR_NOT_FOUND: nothing; ERR_UNSUPPORTED: a key that is too weak,
 * or of a kind that no device is registered with. */
bool stream_has_certificate(const struct stream *s); /* whether it is there at all */
enum err stream_peer_certificate(const struct stream *s, struct tls_certificate *ret);
struct tls_protocol stream_tls_protocol(const struct stream *s); /* zeros when plain */
const char *stream_tls_version(const struct stream *s);		 /* "TLSv1.3", "" when plain */
const char *stream_tls_suite(const struct stream *s); /* OpenSSL's name of it, "" when plain */
/* At a server that offers them: "h2" or "http/1.1"; "" when the client asked for neither. */
const char *stream_application_protocol(const struct stream *s);

struct listener;

struct listener_options {
	const char *address;
	struct tls *tls;    /* NULL: plain */
	size_t connections; /* ceiling; 10000 unless set. Beyond it, new ones wait in the backlog */
	size_t connections_per_address; /* ceiling for one peer address; 0: none */
	struct stream_limits limits;
	unsigned unix_mode; /* of a Unix socket's file; 0600 unless set */
};

/* A new connection whose handshake is done; `accept` gives it an owner with stream_set(), or closes it. */
typedef void accept_fn(void *user, struct stream *s);
enum err listener_open(struct loop *loop, const struct listener_options *options, accept_fn *accept,
	void *user, struct listener **ret);
const char *listener_address(const struct listener *l); /* with the port the system chose */
size_t listener_connections(const struct listener *l);
/* Figures for metrics: since it was opened, but for `open` and `limit`. */
enum { LISTENER_VERSIONS = 3 };
struct listener_figures {
	uint64_t open, limit;
	uint64_t taken, refused;
	uint64_t handshakes[LISTENER_VERSIONS]; /* finished, by listener_version_name() */
	uint64_t failed[ERR_COUNT];		/* by the error that ended them */
};
void listener_figures(const struct listener *l, struct listener_figures *ret);
const char *listener_version_name(size_t version); /* "none", "TLSv1.2", "TLSv1.3" */
/* Connections live on, those still in their handshake end. NULL is fine. */
void listener_close(struct listener *l);
