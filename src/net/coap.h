// SPDX-License-Identifier: Apache-2.0
/*
 * coap: CoAP (RFC 7252) over libcoap, driven by the loop: a server whose sessions are DTLS 1.2 with a PSK, and a client, plain or
 * with a PSK, to one address. Bodies that come or go in blocks (RFC 7959) are whole here. Nobody else sees libcoap.
 */
#pragma once

#include "net/loop.h"
#include "net/stream.h"

enum { NET_COAP_OPTIONS = 32, NET_COAP_BODY = 64 * 1024 };

/* Codes, as class << 5 | detail, and options that are looked at here (RFC 7252 12.1, 12.2). */
enum {
	COAP_GET = 1,
	COAP_POST = 2,
	COAP_PUT = 3,
	COAP_DELETE = 4,
	COAP_2_05 = 2 << 5 | 5,
	COAP_4_00 = 4 << 5,
	COAP_4_01 = 4 << 5 | 1,
	COAP_4_04 = 4 << 5 | 4,
	COAP_4_13 = 4 << 5 | 13,
	COAP_5_02 = 5 << 5 | 2,
	COAP_5_03 = 5 << 5 | 3,
	COAP_5_04 = 5 << 5 | 4,

	/* content formats (12.3) */
	COAP_FORMAT_TEXT = 0,
	COAP_FORMAT_JSON = 50,
	COAP_FORMAT_CBOR = 60,

	COAP_URI_HOST = 3,
	COAP_ETAG = 4,
	COAP_OBSERVE = 6,
	COAP_URI_PORT = 7,
	COAP_URI_PATH = 11,
	COAP_CONTENT_FORMAT = 12,
	COAP_MAX_AGE = 14,
	COAP_URI_QUERY = 15,
	COAP_ACCEPT = 17,
	COAP_BLOCK2 = 23,
	COAP_BLOCK1 = 27,
	COAP_SIZE2 = 28,
	COAP_PROXY_URI = 35,
	COAP_PROXY_SCHEME = 39,
	COAP_SIZE1 = 60,
};

struct net_coap_option {
	uint16_t number;
	struct view value;
};

/* A request or an answer; views of what lives during the call. */
struct net_coap_message {
	uint8_t code;
	struct net_coap_option options[NET_COAP_OPTIONS];
	size_t option_count;
	struct view payload;
};
/* ERR_RANGE beyond NET_COAP_OPTIONS. */
enum err net_coap_put(struct net_coap_message *message, uint16_t number, struct view value);

/* --- server --- */

struct net_coap_server;
struct net_coap_visit;	  /* a device's DTLS session */
struct net_coap_exchange; /* a request, to be answered once */

struct net_coap_server_options {
	const char *address;
	const char *hint; /* which identities are wanted */
	uint16_t suite;	  /* the one cipher suite of DTLS 1.2, by its number at IANA */
	size_t sessions;  /* with no request under way, beyond which the oldest goes */
	size_t handshakes;
	int64_t idle_ms; /* how long a session may be without one */
	/* As tls_find_psk(), but that nothing waits: with ERR_AGAIN too the handshake is refused, and the client comes again. */
	enum err (*find)(void *user, struct net_coap_visit *visit,
		const struct tls_psk_hello *hello, struct secret *ret_key);
	void (*greet)(void *user, struct net_coap_visit *visit); /* both have proved the key */
	void (*request)(void *user, struct net_coap_exchange *exchange,
		const struct net_coap_message *message);
	void (*gone)(void *user,
		struct net_coap_visit *visit); /* its exchanges are still to be answered */
	void *user;
};

/* ERR_UNSUPPORTED: a suite that this OpenSSL does not have. ERR_IO: the address. */
enum err net_coap_listen(struct loop *loop, const struct net_coap_server_options *options,
	struct net_coap_server **ret);
const char *net_coap_address(const struct net_coap_server *server);
/* After all exchanges were answered. `gone` comes for each visit. NULL is fine. */
void net_coap_close(struct net_coap_server *server);

void *net_coap_visit_user(const struct net_coap_visit *visit);
void net_coap_visit_set(struct net_coap_visit *visit, void *user);
/* Ends it soon, with a close_notify; from now on nothing of it is answered. */
void net_coap_visit_end(struct net_coap_visit *visit);
/* The same in a while: what was answered until then still goes. */
void net_coap_visit_end_after(struct net_coap_visit *visit, int64_t ms);

struct net_coap_visit *net_coap_visit_of(
	const struct net_coap_exchange *exchange); /* NULL: it is gone */
/* Answers, now or later, and frees. Copies. */
void net_coap_answer(struct net_coap_exchange *exchange, const struct net_coap_message *answer);
void net_coap_answer_text(struct net_coap_exchange *exchange, uint8_t code, const char *text);

/* --- client --- */

struct net_coap_client;
struct net_coap_call;

struct net_coap_client_options {
	const char *address; /* a number and a port */
	/* DTLS; plain without: whom the server is expected to be, and who this is, once the suite is known. */
	const char *server_name;
	enum err (*find)(void *user, uint16_t suite, char ret_identity[256], struct secret *ret_key);
	void *user;
	int64_t timeout_ms; /* for an answer; 30 s unless set */
};

enum err net_coap_client_new(struct loop *loop, const struct net_coap_client_options *options,
	struct net_coap_client **ret);
void net_coap_client_free(
	struct net_coap_client *client); /* calls under way end with ERR_CLOSED first */

/* Comes once, later: the answer, or ERR_AUTH (no session with this key), ERR_TIMEOUT, ERR_UNAVAILABLE, ERR_CLOSED. */
typedef void net_coap_done(void *user, enum err result, const struct net_coap_message *answer);
enum err net_coap_call(struct net_coap_client *client, const struct net_coap_message *request,
	net_coap_done *done, void *user, struct net_coap_call **ret);
void net_coap_call_cancel(struct net_coap_call *call); /* `done` does not come; NULL is fine */
