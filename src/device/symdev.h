// SPDX-License-Identifier: Apache-2.0
/*
 * libsymbolon-device: the client element of Y.3056 (9.3, 9.4.2). Sans-I/O: the caller owns sockets, memory
 * and clock; nothing here allocates, blocks, starts a thread or keeps a global. A struct symdev_*
 * may stand on the stack or in static memory; its fields are private.
 *  req: B9.3-a B9.3-c B9.4.2
 *
 *	struct symdev_boot boot;
 *	symdev_boot_begin(&boot, &options);
 *	while (!symdev_boot_done(&boot)) {
 *		send(symdev_boot_output(&boot)), then symdev_boot_sent();
 *		receive, then symdev_boot_input();
 *	}
 *	symdev_boot_token(&boot, ...), symdev_token_key(...)
 */
#pragma once

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/secret.h"
#include "core/ident.h"
#include "core/token.h"
#include "core/vector.h"

/*
 * A secure element. Keys go in and stay in: `ks` and others are named by a label, and only what is
 * derived for one application comes out. One const struct a back end; se_soft.h is the software one.
 *  req: B7.4-d
 */
struct symdev_se {
	const char *name;
	/* Runs AKA (TS 33.102 6.3.3). As aka_answer(); the SQN window is durable before it returns. */
	enum err (*aka)(void *se, const uint8_t rand[RAND_SIZE], const uint8_t autn[AUTN_SIZE],
		struct aka_result *ret);
	/* Derives a bootstrap_token's key from the Ks under `label`: token_derive() with base->ks unused. */
	enum err (*derive)(void *se, const char *label, enum token_format format,
		const struct token_base *base, const struct ident *application, struct ua ua,
		struct view binding, struct secret *ret);
	/* Signs with the device's own key (ECDSA P-256 with SHA-256, DER). ERR_UNSUPPORTED when it has none. */
	enum err (*sign)(void *se, struct view message, struct buf *ret);
	/* Keeps bytes under a label (1 to 63 of a-z 0-9 . -), replacing what was there; durable on return.
	 * Empty `value` deletes. ERR_RANGE beyond the element's room. */
	enum err (*store)(void *se, const char *label, struct view value);
	/* Gives them back, appended to `ret`. ERR_NOT_FOUND. */
	enum err (*load)(void *se, const char *label, struct buf *ret);
};

/* Told of every step that the device takes, under its clause: "10.4/2b". For logs and displays. */
typedef void symdev_step(void *user, const char *clause, const char *event, int64_t microseconds);

struct symdev_options {
	const struct symdev_se *se_ops;
	void *se;
	const struct env *env;
	struct ident client; /* IDENT_CLIENT, given to the client element by the device  req: B7.4-b */
	struct ident node; /* FQDN of the authentication node: Host, digest realm, TLS name, B-TID host */
	symdev_step *step; /* may be NULL */
	void *step_user;
};

enum { SYMDEV_OUTPUT = 2048, SYMDEV_INPUT = 8192 };

/* One run of clause 10.4 as the device sees it. */
struct symdev_boot {
	struct symdev_options options;
	int state;
	bool resynchronised;	/* at most once a run */
	struct token_base base; /* ks stays empty: it is in the secure element */
	struct secret password;
	char btid[TOKEN_ID_MAX + 1];
	int64_t from, until;
	char output[SYMDEV_OUTPUT];
	size_t output_len, output_sent;
	uint8_t input[SYMDEV_INPUT];
	size_t input_len;
	uint8_t autn[AUTN_SIZE];
	char nonce[128], opaque[128], cnonce[33];
	int64_t began_us;
};

/* 10.4/1a: makes the first request. Wiped by symdev_boot_end(), which must follow whatever happens. */
enum err symdev_boot_begin(struct symdev_boot *boot, const struct symdev_options *options);
/* What must be sent now; empty when an answer is awaited. */
struct view symdev_boot_output(const struct symdev_boot *boot);
void symdev_boot_sent(struct symdev_boot *boot, size_t len);
/*
 * Bytes of the node's answers. ERR_AUTH: AUTN, or the node's rspauth, is wrong: nothing was kept.
 * ERR_DENIED: the node refused (403). ERR_UNAVAILABLE: 503, come back later. ERR_SYNTAX: not an answer.
 * All are final: end this run.
 */
enum err symdev_boot_input(struct symdev_boot *boot, struct view bytes);
/* The connection closed: ERR_CLOSED unless done. */
enum err symdev_boot_closed(struct symdev_boot *boot);
bool symdev_boot_done(const struct symdev_boot *boot);
void symdev_boot_end(struct symdev_boot *boot);

/* A bootstrap as the device keeps it; Ks itself is in the secure element under `label`. */
struct symdev_token {
	char id[TOKEN_ID_MAX + 1]; /* B-TID */
	char label[64];
	struct ident client, node, realm;
	enum token_format format;
	uint8_t rand[RAND_SIZE];
	int64_t from, until; /* seconds since 1970, UTC */
};

/* 10.4/4a: what a finished run made; already stored in the secure element. */
enum err symdev_boot_token(const struct symdev_boot *boot, struct symdev_token *ret);

/* Token management (9.4.2): the one active bootstrap of this client.  req: B9.3-c */
enum err symdev_token_load(const struct symdev_se *ops, void *se, const struct ident *client,
	struct symdev_token *ret);
enum err symdev_token_drop(const struct symdev_se *ops, void *se, const struct ident *client);
/* ERR_EXPIRED when `now` (UTC seconds) is not below `until` less `margin` seconds. */
enum err symdev_token_check(const struct symdev_token *token, int64_t now, int64_t margin);
/* The key for one application under one Ua id (10.5/2a), and the PSK identity to show for it. */
enum err symdev_token_key(const struct symdev_se *ops, void *se, const struct symdev_token *token,
	const struct ident *application, struct ua ua, struct secret *ret);
enum { SYMDEV_PSK_IDENTITY = TOKEN_ID_MAX + 32 };
enum err symdev_psk_identity(const struct symdev_token *token, char ret[SYMDEV_PSK_IDENTITY]);
