// SPDX-License-Identifier: Apache-2.0
/*
 * load: many HTTP/1.1 clients in one thread, on plain TCP or TLS, as cheap as they can be: what they cost is
 * taken from the servers that are measured on the same machine. A piece of work is one or several
 * requests on one connection, which is new for each piece or kept. Anything unexpected ends the program.
 */
#pragma once

#include "base/buf.h"
#include "measure.h"

#include <openssl/ssl.h>

struct load_answer {
	unsigned status;
	struct view head, body;
};

struct load {
	const char *address;	 /* 127.0.0.1:PORT */
	SSL_CTX *tls;		 /* NULL: plain */
	const char *server_name; /* SNI; may be NULL */
	size_t clients;		 /* pieces of work under way */
	bool fresh;		 /* a new connection for each */
	double warm_up, seconds; /* `seconds` 0: until `begin` has no more */
	/* Writes a piece's first request; false: there is no more work. `ssl`: of a new connection, before
	 * its handshake, else NULL. */
	bool (*begin)(void *user, size_t client, SSL *ssl, struct buf *out);
	/* Writes the next request and says true, or false: this piece is done. */
	bool (*answered)(void *user, size_t client, const struct load_answer *answer,
		struct buf *out);
	void *user;
};

/* Runs the clients; pieces after the warm-up are added to `m`, which is begun and ended here. */
void load_run(const struct load *load, struct measure *m);

/* A client's context, TLS 1.3 alone, that trusts a PEM file; NULL: nobody but who has a PSK. */
SSL_CTX *load_tls(const char *authority);

/* Ends the program, with the answer, unless it has this status. */
void load_expect(const struct load_answer *answer, unsigned status);

/* A header field's value, without the spaces around it; empty when absent. */
struct view load_field(struct view head, const char *name);

/* "--name value" pairs and "--watch NAME=PID"; what all load generators understand. */
struct load_arguments {
	const char *address, *name, *authority, *tokens, *tls;
	size_t clients, first, devices;
	double warm_up, seconds;
};
void load_arguments(int argc, char **argv, struct load_arguments *ret, struct measure *m);
