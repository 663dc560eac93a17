// SPDX-License-Identifier: Apache-2.0
/*
 * gateway: a gateway as it is started in production, before a realm (realm.h), with backends that the test plays
 * and a device that has bootstrapped.
 */
#pragma once

#include "gateway/gateway.h"
#include "realm.h"

#define FRONT_TCP     "tcp.example"	/* mode tcp, with PROXY v2 */
#define FRONT_BARE    "bare.example"	/* mode tcp, without */
#define FRONT_GONE    "gone.example"	/* mode http, nobody behind */
#define FRONT_LOST    "lost.example"	/* mode tcp, nobody behind */
#define FRONT_PROXIED "proxied.example" /* mode http with PROXY v2, before the TCP backend */
#define FRONT_NAMED   "named.example"	/* mode http, told the pseudonym alone, in X-Device-Id */
#define FRONT_KEYED   "keyed.example"	/* mode http, with tokens of its own: y3056 */
#define FRONT_DIGEST  "digest.example"	/* mode http, with HTTP Digest */
#define FRONT_FOREVER INT64_C(4000000000)

/* What the HTTP backend got last, and what it does. */
struct behind {
	struct http_server *server;
	char method[16], target[256], fields[8192], body[4096];
	int requests;
	bool hold; /* leave it open, in `held` */
	struct http_request *held;
	bool gone;
	unsigned status; /* 0: 200 */
	const struct http_field *give;
	size_t give_count;
	const char *text; /* of the answer; "hello" unless set */
	/* a long answer, in parts as it is taken */
	uint64_t length, sent;
	bool chunked;
};

/* The TCP backend: one connection at a time. */
struct pipe_end {
	struct stream *stream; /* NULL: none, or ended */
	struct buf got;
	bool deaf, half, ended;
	bool answers_later; /* than the end of the question; else it ends with it */
	enum err why;
};

struct front {
	struct flow f;
	struct gateway gateway;
	struct gateway_conf conf;
	struct fake_certificate own, web;
	size_t started; /* parts of gateway_program */
	uint64_t pulls; /* when it had started */
	struct behind behind;
	struct listener *tcp;
	struct pipe_end tcp_end;
	char more[256]; /* lines of the configuration */
	struct se_soft *se;
	struct symdev_token token;
};

/* A realm, applications, backends, the gateway; a device that has bootstrapped and may use them all. */
void front_open(struct front *t, const char *more);
void front_close(struct front *t);
void front_start(struct front *t);
void front_stop(struct front *t);
void front_advance(struct front *t, int64_t ms);
void front_settle(struct front *t);
const char *front_address(const struct front *t);
const char *front_digest_address(const struct front *t);
uint64_t front_pulls(const struct front *t); /* questions that the gateway has asked over RP_A */

/* The device's TLS for an application, with its key, or with another one when `wrong`. */
struct tls *front_tls(struct front *t, const char *application, bool wrong);
/* With a protocol of its own choice, and the key of that Ua id. */
struct tls *front_tls_of(struct front *t, const char *application, struct tls_protocol protocol,
	struct ua ua);

/* One connection of the device. */
struct visit {
	struct front *t;
	struct stream *stream; /* NULL: ended */
	bool ready, closed;
	enum err why;
	struct buf got;
	size_t bytes;
	bool count_only;
};
/* Opens it and waits until it stands or has been refused. */
void visit_open(struct visit *v, struct front *t, struct tls *tls, const char *server_name);
void visit_begin(struct visit *v, struct front *t, struct tls *tls, const char *server_name);
/* With the application's key and name; it must succeed. */
void visit(struct visit *v, struct front *t, const char *application);
void visit_send(struct visit *v, const char *text);
/* Until this has come. */
void visit_expect(struct visit *v, const char *text);
void visit_finish(struct visit *v); /* sends no more */
void visit_until_closed(struct visit *v);
void visit_close(struct visit *v);
