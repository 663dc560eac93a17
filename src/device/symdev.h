// SPDX-License-Identifier: Apache-2.0
/*
 * libsymbolon-device: the client element of Y.3056 (9.3, 9.4.2). Sans-I/O: the caller owns sockets, memory
 * and clock; nothing here opens a socket, blocks or starts a thread. docs/guides/device-library.md shows
 * how to embed it.  req: B9.3-a B9.3-c B9.4.2
 *
 *	struct symdev_boot boot;
 *	symdev_boot_begin(&boot, &options);
 *	while (!symdev_boot_done(&boot)) {
 *		connect again if symdev_boot_reconnect(&boot);
 *		send symdev_boot_output(&boot), and say so with symdev_boot_sent();
 *		receive, and pass it to symdev_boot_input();
 *	}
 *	symdev_boot_token(&boot, ...), symdev_token_key(...)
 *	symdev_boot_end(&boot);
 *
 * Memory. What the library keeps stands in the caller's structs, which may be on the stack or static
 * (13 KiB for a struct symdev_boot); calls take up to 10 KiB of stack. It calls no allocator itself,
 * but what it is built on does, for the length of one call: OpenSSL for digest contexts, and expat
 * for the node's document (at most 2 KiB of it). OpenSSL also keeps the algorithms that were looked up
 * first (MD5, SHA-256), once a process, and err_detail() one sentence a thread. se_soft allocates freely.
 * Different runs may go on in different threads; one run, and one secure element, in one at a time.
 */
#pragma once

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/secret.h"
#include "core/ident.h"
#include "core/token.h"
#include "core/vector.h"
#include "wire/digest.h"

/*
 * A secure element. The long-term key never leaves it. What AKA gives, RES, CK and IK, passes through the
 * library, as a card hands it to its terminal in GBA_ME, and is wiped there; Ks = CK || IK then stays in
 * the element under a label, and only what is derived from it for one application comes out. One const
 * struct a back end; se_soft.h is the software one.  req: B7.4-d
 *
 * A back end must keep, for each client, three values: two of 32 bytes and one of at most 1 KiB.
 */
struct symdev_se {
	const char *name;
	/* Runs AKA (TS 33.102 6.3.3), as aka_answer(). The SQN is spent for good before this returns OK:
	 * power may fail right after. */
	enum err (*aka)(void *se, const uint8_t rand[RAND_SIZE], const uint8_t autn[AUTN_SIZE],
		struct aka_result *ret);
	/* Derives a bootstrap_token's key from the Ks under `label`: token_derive() with base->ks unused.
	 * ERR_NOT_FOUND. */
	enum err (*derive)(void *se, const char *label, enum token_format format,
		const struct token_base *base, const struct ident *application, struct ua ua,
		struct view binding, struct secret *ret);
	/* Signs with the device's own key (ECDSA P-256 with SHA-256, DER). ERR_UNSUPPORTED when it has none. */
	enum err (*sign)(void *se, struct view message, struct buf *ret);
	/* Keeps bytes under a label (1 to 63 of a-z 0-9 . -), replacing what was there: the old value or the
	 * new one if power fails, the new one on return. Empty `value` deletes, also what is not there.
	 * ERR_RANGE beyond the element's room. After any failure the old value is still in use. */
	enum err (*store)(void *se, const char *label, struct view value);
	/* Gives them back, appended to `ret`. ERR_NOT_FOUND; ERR_DENIED for labels that begin with "ks.". */
	enum err (*load)(void *se, const char *label, struct buf *ret);
};

/* Told of every step that the device takes, under its clause: "10.4/2b". For logs and displays. */
typedef void symdev_step(void *user, const char *clause, const char *event, int64_t microseconds);

/* Who bootstraps where, with which secure element. Copied; what it points to must outlive the run. */
struct symdev_options {
	const struct symdev_se *se_ops;
	void *se;
	const struct env *env;
	struct ident client; /* IDENT_CLIENT, given to the client element by the device  req: B7.4-b */
	struct ident node; /* FQDN of the authentication node: Host, digest realm, TLS name, B-TID host */
	symdev_step *step; /* may be NULL */
	void *step_user;
};

/* A bootstrap as the device keeps it; its Ks is in the secure element. */
struct symdev_token {
	char id[TOKEN_ID_MAX + 1]; /* B-TID */
	uint8_t slot;		   /* which of the client's two places Ks stands in */
	struct ident client, node, realm;
	enum token_format format;
	uint8_t rand[RAND_SIZE];
	int64_t from, until; /* seconds since 1970, UTC */
};

enum { SYMDEV_OUTPUT = 2048, SYMDEV_INPUT = 8192 };

/* One run of clause 10.4 as the device sees it. Its fields are private. */
struct symdev_boot {
	struct symdev_options options;
	int state;
	bool reconnect;
	struct token_base base; /* ks is empty again once the secure element has it */
	struct secret password;
	char nonce[DIGEST_NONCE_MAX + 1], cnonce[33];
	char output[SYMDEV_OUTPUT];
	size_t output_len, output_sent;
	uint8_t input[SYMDEV_INPUT];
	size_t input_len;
	struct symdev_token token;
	int64_t began_us;
};

/* 10.4/1a: makes the first request. symdev_boot_end() must follow whatever happens. */
enum err symdev_boot_begin(struct symdev_boot *boot, const struct symdev_options *options);
/* What must be sent now; empty when an answer is awaited, or nothing more. */
struct view symdev_boot_output(const struct symdev_boot *boot);
void symdev_boot_sent(struct symdev_boot *boot, size_t len);
/* The node keeps the connection no longer: what is to be sent goes over a new one. */
bool symdev_boot_reconnect(const struct symdev_boot *boot);
/*
 * Bytes of the node's answers, in pieces of any size. All errors are final, and end this run with nothing kept;
 * a token from before is as it was.
 *	ERR_AUTH	AUTN, the challenge's realm, rspauth or the B-TID is wrong: this is not the node
 *	ERR_SYNC	AUTN was out of range, and again after the one resynchronisation of a run
 *	ERR_DENIED	refused (401, 403): the subscription is at fault
 *	ERR_CONFLICT	the node does not know, or no longer knows, the challenge (400): a new run may do
 *	ERR_UNAVAILABLE	come back later (408, 429, 5xx but for 501, 505)
 *	ERR_UNSUPPORTED	a challenge that the plain form does not have, another status, another HTTP
 *	ERR_EXPIRED	the token would have expired already: one of the two clocks is wrong
 *	ERR_SYNTAX, ERR_RANGE	not an answer, or too long a one; or one that nobody asked for
 * and whatever the secure element says. Of refusals only TLS can tell that they are the node's.
 */
enum err symdev_boot_input(struct symdev_boot *boot, struct view bytes);
/* The connection closed. OK when done, or when a new one may be opened: symdev_boot_reconnect(). Else ERR_CLOSED. */
enum err symdev_boot_closed(struct symdev_boot *boot);
bool symdev_boot_done(const struct symdev_boot *boot);
void symdev_boot_end(struct symdev_boot *boot); /* wipes it */

/* 10.4/4a: what a finished run made; already kept in the secure element. ERR_WRONG_STATE before. */
enum err symdev_boot_token(const struct symdev_boot *boot, struct symdev_token *ret);

/*
 * Token management (9.4.2): the one active bootstrap of this client. ERR_NOT_FOUND: none. ERR_UNSUPPORTED:
 * what is kept is not a token of this version; a new bootstrap replaces it.  req: B9.3-c
 */
enum err symdev_token_load(const struct symdev_se *ops, void *se, const struct ident *client,
	struct symdev_token *ret);
/* Forgets it, and its Ks. ERR_NOT_FOUND. */
enum err symdev_token_drop(const struct symdev_se *ops, void *se, const struct ident *client);
/* ERR_EXPIRED when `now` (UTC seconds) is not below `until` less `margin` seconds. */
enum err symdev_token_check(const struct symdev_token *token, int64_t now, int64_t margin);
/* The key for one application under one Ua id (10.5/2a), and the PSK identity to show for it. ERR_EXPIRED when a
 * newer bootstrap has replaced this one; ERR_NOT_FOUND when it was dropped. */
enum err symdev_token_key(const struct symdev_se *ops, void *se, const struct symdev_token *token,
	const struct ident *application, struct ua ua, struct secret *ret);
enum { SYMDEV_PSK_IDENTITY = TOKEN_ID_MAX + 32 };
enum err symdev_psk_identity(const struct symdev_token *token, char ret[SYMDEV_PSK_IDENTITY]);
