// SPDX-License-Identifier: Apache-2.0
/*
 * libsymbolon-device: the client element of Y.3056 (9.3, 9.4.2). Sans-I/O: the caller owns sockets, memory
 * and clock; nothing here opens a socket, blocks or starts a thread. docs/guides/device-library.md shows
 * how to embed it.  req: B9.3-a B9.3-c B9.4.2
 *
 *	struct symdev_boot boot;
 *	symdev_boot_begin(&boot, &options);
 *	while (!symdev_boot_done(&boot)) {
 *		connect, at first and again if symdev_boot_reconnect(&boot): symdev_boot_connected();
 *		send symdev_boot_output(&boot), and say so with symdev_boot_sent();
 *		receive, and pass it to symdev_boot_input();
 *	}
 *	symdev_boot_token(&boot, ...), or later symdev_token_find(...); symdev_token_key(...)
 *	symdev_boot_end(&boot);
 *
 * Memory. What the library keeps stands in the caller's structs, which may be on the stack or static
 * (19 KiB for a struct symdev_boot, 4 for a struct symdev_token); calls take up to 24 KiB of stack. It
 * calls no allocator itself, but what it is built on does, for the length of one call: OpenSSL for digest
 * contexts, expat or the JSON reader for the node's document (at most 4 KiB of it). OpenSSL also keeps the algorithms that were looked up
 * first (MD5, SHA-256), once a process, and err_detail() one sentence a thread. se_soft allocates freely.
 * Different runs may go on in different threads; one run, and one secure element, in one at a time.
 */
#pragma once

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/secret.h"
#include "core/degree.h"
#include "core/ident.h"
#include "core/key_update.h"
#include "core/token.h"
#include "core/vector.h"
#include "wire/digest.h"

/*
 * A secure element. The long-term key never leaves it. What AKA gives, RES, CK and IK, passes through the
 * library, as a card hands it to its terminal in GBA_ME, and is wiped there; Ks = CK || IK then stays in
 * the element under a label, and only what is derived from it for one application comes out. One const
 * struct a back end; se_soft.h is the software one.  req: B7.4-d
 *
 * A back end must keep, for each client: SYMDEV_TOKENS records of at most 4 KiB (a tenth of that, unless identities
 * are long), as many keys of 32 bytes and one more, and one value of at most 512 bytes, the temporary identity. With
 * room for fewer tokens, the bootstrap that finds none ends in ERR_RANGE, and all tokens are as they were.
 */
struct symdev_se {
	const char *name;
	/* Runs AKA (TS 33.102 6.3.3) under the long-term key of this client, as aka_answer(). The SQN is spent for good
	 * before this returns OK: power may fail right after. An element with one key takes it for whom it is asked for. */
	enum err (*aka)(void *se, const struct ident *client, const uint8_t rand[RAND_SIZE],
		const uint8_t autn[AUTN_SIZE], struct aka_result *ret);
	/* Derives a bootstrap_token's key from the Ks under `label`: token_derive() with base->ks unused.
	 * ERR_NOT_FOUND. */
	enum err (*derive)(void *se, const char *label, enum token_format format,
		const struct token_base *base, const struct ident *application, struct ua ua,
		struct view binding, struct secret *ret);
	/* Appends a signature by the device's own key (ECDSA P-256 with SHA-256, DER). ERR_UNSUPPORTED when it has none. */
	enum err (*sign)(void *se, struct view message, struct buf *ret);
	/* Keeps bytes under a label (1 to 63 of a-z 0-9 . -), replacing what was there: the old value or the
	 * new one if power fails, the new one on return. Empty `value` deletes, also what is not there.
	 * ERR_RANGE beyond the element's room. After any failure the old value is still in use. */
	enum err (*store)(void *se, const char *label, struct view value);
	/* Gives them back, appended to `ret`. ERR_NOT_FOUND; ERR_DENIED for labels that begin with "ks.". */
	enum err (*load)(void *se, const char *label, struct buf *ret);
	/* Appends the public half of the device's own key, as jose_key_public() has it; with `make` a pair is made, and kept,
	 * unless there is one. The private half never leaves. ERR_NOT_FOUND: none, and not to be made. NULL in an element
	 * that has no such keys. */
	enum err (*own_key)(void *se, bool make, struct buf *ret);
	/* What a change of operator takes: symdev_change.h. NULL in an element that cannot. */
	const struct symdev_se_keys *keys;
};

/*
 * Keys that come and go (10.6.1). Every change is whole or not at all when power fails, and on disk on return. A back end
 * keeps two keys with their sequence numbers for each realm, SYMDEV_REALMS of them: that which serves the client, and one
 * that is to replace it, until it is known that the realm uses it. Which of the two the realm uses is learned from its next
 * challenge: aka() tries the first, and if AUTN's MAC is not of that the other, which then takes its place for good.
 */
struct symdev_se_keys {
	/* Gives `client` a copy of the key that serves `from`, with its sequence numbers. Nothing happens when it has one
	 * of its own. ERR_RANGE: no room. */
	enum err (*adopt)(void *se, const struct ident *client, const struct ident *from);
	/* Whether one key serves both, or will when the one that is to replace another is in use. */
	bool (*same)(void *se, const struct ident *a, const struct ident *b);
	/* Forgets the client's keys; OK when it has none of its own. The last key stays: ERR_WRONG_STATE. */
	enum err (*forget)(void *se, const struct ident *client);
	/*
	 * A key update, in its order. begin() makes an ephemeral key for it and the MAC that goes with that, from the Ks
	 * under `label`: key_update_derive() with base->ks unused. One at a time, in memory alone: another begin(), or the
	 * loss of power, ends it.
	 * install() opens what the realm's vault answered and keeps the new key as the one that is to replace that of
	 * base->client, then gives what proves that it is kept. ERR_WRONG_STATE: nothing was begun. ERR_AUTH, ERR_SYNTAX,
	 * ERR_RANGE, ERR_CRYPTO: it is not a key for this device; what is kept is as it was.
	 * promote() takes the vault's proof that it uses the new key, and lets that take the place of the old. ERR_AUTH:
	 * not such a proof; both keys stay.
	 */
	enum err (*begin)(void *se, const char *label, const struct token_base *base,
		struct view binding, struct view token_id, uint8_t ret_public[KEY_UPDATE_PUBLIC],
		uint8_t ret_mac[KEY_UPDATE_MAC]);
	enum err (*install)(void *se, const uint8_t vault_public[KEY_UPDATE_PUBLIC],
		struct view sealed, uint8_t ret_confirm[KEY_UPDATE_MAC]);
	enum err (*promote)(void *se, const uint8_t confirmed[KEY_UPDATE_MAC]);
};

/* Told of every step that the device takes, under its clause: "10.4/2b". For logs and displays. */
typedef void symdev_step(void *user, const char *clause, const char *event, int64_t microseconds);

/* How the device proves who it is: by a key that it shares with the realm, or by a key pair of its own, in TLS (10.4, NOTE),
 * with a certificate that is registered, or that the realm's authority has signed.  req: B10.4-asym */
enum symdev_mechanism { SYMDEV_AKA, SYMDEV_CERTIFICATE };

/* Where a secure element keeps the certificate of its own key, in DER. */
#define SYMDEV_OWN_CERTIFICATE "own.certificate"

/* The TLS exporter (RFC 8446 7.5) of the connection whose answer symdev_boot_input() has just been given: 32 bytes under this
 * label and context, as SSL_export_keying_material() gives them. */
typedef enum err symdev_export(void *user, const char *label, struct view context, uint8_t ret[32]);

/* Who bootstraps where, with which secure element. Copied; what it points to must outlive the run. */
struct symdev_options {
	const struct symdev_se *se_ops;
	void *se;
	const struct env *env;
	struct ident client; /* IDENT_CLIENT, given to the client element by the device  req: B7.4-b */
	struct ident node; /* FQDN of the authentication node: Host, digest realm, TLS name, token id's host */
	/* What the token is to be for: the order of clause 10.4, with AKAv2-SHA-256 alone. IDENT_NONE: the plain form of
	 * GBA, with AKAv1-MD5 alone, one token for all applications. */
	struct ident application;
	bool plain_allowed; /* the realm allows a token for an application over plain HTTP */
	/* With SYMDEV_CERTIFICATE an application is named, and the caller's TLS 1.3 shows the device's certificate to the node,
	 * signing with symdev_se.sign(); `exported` is then asked once. */
	enum symdev_mechanism mechanism;
	symdev_export *exported;
	void *export_user;
	/* 8.4, of a token for an application. What the device can secure sessions with, "tls13-psk tls12-psk http-digest"; NULL:
	 * it does not say. The one degree that it takes; NULL: any. And what it asks itself, of a token of whatever degree. */
	const char *mechanisms, *degree;
	struct degree_need least;
	symdev_step *step; /* may be NULL */
	void *step_user;
};

/* How much of it a device keeps: tokens of one client; applications that one opens, beyond that the first ones and
 * that which was asked for; Ua ids. */
enum { SYMDEV_TOKENS = 8, SYMDEV_APPLICATIONS = 8, SYMDEV_UAS = 16 };
enum { SYMDEV_DEGREE = 32, SYMDEV_MECHANISMS = 128 };

/* A bootstrap as the device keeps it; its Ks is in the secure element.  req: B7.2-d */
struct symdev_token {
	char id[TOKEN_ID_MAX + 1]; /* with TOKEN_GBA the B-TID */
	uint8_t place, slot;	   /* where in the secure element record and Ks stand */
	struct ident client, node, realm;
	enum token_format format;
	uint8_t rand[RAND_SIZE];
	int64_t from, until; /* seconds since 1970, UTC */

	/* The application, or group of applications of one ASP, that it was made for; IDENT_NONE: the plain form's, for
	 * any. What follows is of a token for an application. */
	struct ident application;
	struct ident applications[SYMDEV_APPLICATIONS]; /* all that it opens */
	size_t application_count;
	struct ua uas[SYMDEV_UAS]; /* the protocols that it has keys for */
	size_t ua_count;
	uint8_t binding[TOKEN_BINDING_MAX]; /* of the connection that brought it */
	size_t binding_len;
	char degree[SYMDEV_DEGREE]; /* its security degree, "standard" */
	/* What the degree asked for, and what it was met with. Told with the token; not kept. */
	struct degree_need asked;
	struct degree_key key;
	/* The subscription, as the realm told it with the token  req: B9.3-b */
	int64_t permitted_until; /* 0: without end */
	char mechanisms[SYMDEV_MECHANISMS]; /* "tls13-psk tls12-psk", what sessions may be secured with; "" untold */
	/* The realm is to replace the long-term key: symdev_update_begin(). Told once, with the token; not kept. */
	bool key_update;
};

enum { SYMDEV_OUTPUT = 4096, SYMDEV_INPUT = 8192, SYMDEV_TARGET = 784 };

/* One run of clause 10.4 as the device sees it. Its fields are private. */
struct symdev_boot {
	struct symdev_options options;
	int state;
	bool reconnect, ignores, connected, genuine, had_tmpi;
	struct token_base base; /* ks is empty again once the secure element has it */
	struct secret password;
	char target[SYMDEV_TARGET];
	char tmpi[TMPI_MAX + 1]; /* who the device says it is; "": its identity */
	char nonce[DIGEST_NONCE_MAX + 1], cnonce[33];
	char output[SYMDEV_OUTPUT];
	size_t output_len, output_sent;
	uint8_t input[SYMDEV_INPUT];
	size_t input_len;
	uint8_t binding[TOKEN_BINDING_MAX];
	size_t binding_len;
	int64_t retry_after;
	struct symdev_token token;
	int64_t began_us;
};

/* 10.4/1a: makes the first request. symdev_boot_end() must follow whatever happens. */
enum err symdev_boot_begin(struct symdev_boot *boot, const struct symdev_options *options);
/*
 * A connection stands, the first or another: its tls-exporter channel binding (RFC 9266: SSL_export_keying_material()
 * with the label "EXPORTER-Channel-Binding", an empty context, 32 bytes), empty for plain HTTP. Must be told for every
 * connection when the token is for an application, and is not looked at else. ERR_DENIED: plain HTTP, and not allowed.
 */
enum err symdev_boot_connected(struct symdev_boot *boot, struct view binding);
/* What must be sent now; empty when an answer is awaited, or nothing more. */
struct view symdev_boot_output(const struct symdev_boot *boot);
void symdev_boot_sent(struct symdev_boot *boot, size_t len);
/* The node keeps the connection no longer: what is to be sent goes over a new one. */
bool symdev_boot_reconnect(const struct symdev_boot *boot);
/*
 * Bytes of the node's answers, in pieces of any size. All errors are final, and end this run with nothing kept;
 * a token from before is as it was.
 *	ERR_AUTH	AUTN, the challenge's realm, rspauth or what the token is said to be is wrong: this is not the node
 *	ERR_REPLAY	with a certificate: the node's RAND is that of a token that is kept
 *	ERR_SYNC	AUTN was out of range, and again after the one resynchronisation of a run
 *	ERR_DENIED	the token is of a weaker degree than the device asked for; or refused (401, 403): symdev_boot_denied_by_realm() says whether the realm has proved that it was it
 *	ERR_CONFLICT	the node does not know, or no longer knows, the challenge (400): a new run may do
 *	ERR_UNAVAILABLE	come back later (408, 429, 5xx but for 501, 505): symdev_boot_retry_after()
 *	ERR_UNSUPPORTED	a challenge that this form does not have, another status, another HTTP
 *	ERR_EXPIRED	the token would have expired already: one of the two clocks is wrong
 *	ERR_SYNTAX, ERR_RANGE	not an answer, or too long a one; or one that nobody asked for
 *	ERR_WRONG_STATE	no answer is awaited, or symdev_boot_connected() was not called
 * and whatever the secure element says. Of all refusals but one only TLS can tell that they are the node's; with a certificate
 * that is so of all, and is taken for the realm's proof.
 */
enum err symdev_boot_input(struct symdev_boot *boot, struct view bytes);
/* After ERR_DENIED: the refusal carried the realm's own proof. The application is not permitted (10.4/3b), and another
 * run, or another node, will say the same until the subscription changes. */
bool symdev_boot_denied_by_realm(const struct symdev_boot *boot);
/* After ERR_UNAVAILABLE: the seconds that the node asked to wait for, at most a day; 0 when it did not say. */
int64_t symdev_boot_retry_after(const struct symdev_boot *boot);
/* The connection closed. OK when done, or when a new one may be opened: symdev_boot_reconnect(). Else ERR_CLOSED. */
enum err symdev_boot_closed(struct symdev_boot *boot);
bool symdev_boot_done(const struct symdev_boot *boot);
void symdev_boot_end(struct symdev_boot *boot); /* wipes it */

/* 10.4/4a: what a finished run made; already kept in the secure element. ERR_WRONG_STATE before. */
enum err symdev_boot_token(const struct symdev_boot *boot, struct symdev_token *ret);

/*
 * Token management (9.4.2). A client has one token of the plain form, and one for each application, or group of them,
 * SYMDEV_TOKENS in all: a further one takes the place of one that has expired, else of that which ends first.
 *  req: B9.3-c B9.3-e
 *
 * symdev_token_find() picks for an application, NULL for none: a valid token for it, else the one of the plain form.
 * Valid is what has not expired at `now` (UTC seconds). ERR_NOT_FOUND: none. ERR_EXPIRED: none any more. ERR_DENIED: the
 * client's realm is not the active one (symdev_realms.h); so says symdev_token_key() too.
 */
enum err symdev_token_find(const struct symdev_se *ops, void *se, const struct ident *client,
	const struct ident *application, int64_t now, struct symdev_token *ret);
/* That of the plain form, valid or not. ERR_NOT_FOUND: none. ERR_UNSUPPORTED: what is kept is not a token that this
 * version knows; a new bootstrap replaces it. */
enum err symdev_token_load(const struct symdev_se *ops, void *se, const struct ident *client,
	struct symdev_token *ret);
/* What stands in one of SYMDEV_TOKENS places, to list them: errors as above. */
enum err symdev_token_at(const struct symdev_se *ops, void *se, const struct ident *client,
	unsigned place, struct symdev_token *ret);
/* Forgets one token, and its Ks. ERR_NOT_FOUND: another stands there by now, or none. */
enum err symdev_token_forget(const struct symdev_se *ops, void *se,
	const struct symdev_token *token);
/* Forgets all of a client, that is of its realm, and its temporary identity. ERR_NOT_FOUND: there were no tokens. */
enum err symdev_token_drop(const struct symdev_se *ops, void *se, const struct ident *client);
/* ERR_EXPIRED when `now` (UTC seconds) is not below `until` less `margin` seconds. */
enum err symdev_token_check(const struct symdev_token *token, int64_t now, int64_t margin);
/* Whether it opens this application. */
bool symdev_token_opens(const struct symdev_token *token, const struct ident *application);
/* The key for one application under one Ua id (10.5/2a), and the PSK identity to show for it. ERR_EXPIRED when a
 * newer bootstrap has replaced this one; ERR_NOT_FOUND when it was dropped; ERR_DENIED for an application that it does
 * not open; ERR_UNSUPPORTED for a Ua id that the application has not registered. */
enum err symdev_token_key(const struct symdev_se *ops, void *se, const struct symdev_token *token,
	const struct ident *application, struct ua ua, struct secret *ret);
enum { SYMDEV_PSK_IDENTITY = TOKEN_ID_MAX + 32 };
/* "3GPP-bootstrapping;B-TID" or "y3056;TOKEN-ID", as its format has it. */
enum err symdev_psk_identity(const struct symdev_token *token, char ret[SYMDEV_PSK_IDENTITY]);
