// SPDX-License-Identifier: Apache-2.0
/*
 * symdev_change: a device that changes its network operator (10.6), and one whose realm replaces its long-term key. The
 * caller talks to the new operator's portal, as docs/protocol/change_of_operator.md has it, and tells what came of it; what
 * the device has got to is kept in the secure element, so that power may fail at any time: load it, and go on.
 *
 *	10.6.1	symdev_change_begin(), hand the consent in, symdev_change_accepted(); when the portal says "keyed"
 *		symdev_change_keyed(), a bootstrap at the new realm, a key update if it asks for one, symdev_change_ready(),
 *		a bootstrap again: the first token, symdev_change_finish()
 *	10.6.2	the same to the portal's "ordered", symdev_change_order(), symdev_change_receipt(), hand that in; when the
 *		portal says "updated" symdev_change_ready(), a bootstrap by the device's own key, symdev_change_finish()
 *
 * Until symdev_change_finish() the old realm stays the active one, its tokens and its key in use.  req: B10.6.1 B10.6.2
 *
 * Memory is the caller's, as symdev.h has it: 10 KiB for a struct symdev_update, 4 for a struct symdev_change.
 *
 * A back end must keep beside what symdev.h and symdev_realms.h say: two values of at most 4 KiB while a change is under
 * way, and one of at most 1200 bytes for good; and what struct symdev_se_keys says.
 */
#pragma once

#include "device/symdev.h"
#include "device/symdev_realms.h"
#include "wire/change.h"

/* --- a key update (10.6.1/4), on RP_C --- */

enum { SYMDEV_UPDATE_OUTPUT = 1536, SYMDEV_UPDATE_INPUT = 4096 };

/* One run of it. Its fields are private. It holds no key: the secure element does. */
struct symdev_update {
	const struct symdev_se *ops;
	void *se;
	const struct env *env;
	symdev_step *step;
	void *step_user;
	struct symdev_token token;
	int state, tries;
	bool reconnect;
	char output[SYMDEV_UPDATE_OUTPUT];
	size_t output_len, output_sent;
	uint8_t input[SYMDEV_UPDATE_INPUT];
	size_t input_len;
	int64_t began_us, retry_after;
};

/*
 * After a bootstrap whose token says key_update: that token's node is asked for a new key, under that token. `options` as of
 * the bootstrap. Then as with symdev_boot: connect, symdev_update_connected(), send, receive. symdev_update_end() must
 * follow. ERR_UNSUPPORTED: the secure element has no keys that can be replaced.
 */
enum err symdev_update_begin(struct symdev_update *update, const struct symdev_options *options,
	const struct symdev_token *token);
/* Its channel binding, as for symdev_boot_connected(). ERR_EXPIRED, ERR_NOT_FOUND: the token is not there any more;
 * ERR_DENIED: plain HTTP. */
enum err symdev_update_connected(struct symdev_update *update, struct view binding);
struct view symdev_update_output(const struct symdev_update *update);
void symdev_update_sent(struct symdev_update *update, size_t len);
bool symdev_update_reconnect(const struct symdev_update *update);
/*
 * All errors are final for this run. Whatever they are, and if power fails, one of two keys is the realm's, and the device
 * has both: a bootstrap finds out which, and says whether an update is still wanted.
 *	ERR_AUTH	what came is not sealed for this device, or is no proof of the new key
 *	ERR_DENIED	the node refuses (403)
 *	ERR_NOT_FOUND	the node does not know the token (any more)
 *	ERR_CONFLICT	no update is due
 *	ERR_UNAVAILABLE	come back later: symdev_update_retry_after()
 *	ERR_SYNTAX, ERR_RANGE, ERR_UNSUPPORTED	not an answer of this protocol
 * and whatever the secure element says.
 */
enum err symdev_update_input(struct symdev_update *update, struct view bytes);
/* OK when done, or when another connection may be opened: symdev_update_reconnect(). Else ERR_CLOSED. */
enum err symdev_update_closed(struct symdev_update *update);
bool symdev_update_done(const struct symdev_update *update);
int64_t symdev_update_retry_after(const struct symdev_update *update);
void symdev_update_end(struct symdev_update *update);

/* --- the change --- */

enum symdev_change_step {
	SYMDEV_CHANGE_ASKED =
		1, /* the consent is made; the new operator, and through it the old, is to act on it */
	SYMDEV_CHANGE_KEYED, /* 10.6.1: the new realm is there, with the old one's key: that is to be replaced */
	SYMDEV_CHANGE_ORDERED, /* 10.6.2: the new realm is there, by the old one's order: the receipt is to be handed in */
	SYMDEV_CHANGE_READY, /* the new realm can tell the device by what it alone has: the first token is to be had */
};

enum { SYMDEV_CHANGE_URL = 256, SYMDEV_CONSENT = 3072 };

/* What is kept of a change that is under way. */
struct symdev_change {
	enum symdev_change_step step;
	enum change_method method;
	struct ident client, new_client;
	char url[SYMDEV_CHANGE_URL]; /* the caller's own: where the new operator's portal is */
	char id[CHANGE_ID];	     /* that the portal gave it; "": none yet */
	uint8_t nonce[CHANGE_NONCE];
	uint64_t serial;	      /* of the order; 0: none */
	uint8_t order[CHANGE_DIGEST]; /* what the receipt names */
	char consent[SYMDEV_CONSENT]; /* the JWS */
};

/* To whom, and how. */
struct symdev_change_options {
	const struct symdev_se *se_ops;
	void *se;
	const struct env *env;
	/* The new realm as it will stand in the list: client, trust, nodes, and the keys that its document is verified with. */
	struct symdev_realm realm;
	char new_key[JOSE_THUMBPRINT]; /* of its envelope key */
	const char *url;
	enum change_method method;
	bool pseudonyms;  /* they may move */
	int64_t lifetime; /* of the consent, in seconds */
};

/*
 * Makes the consent of the active realm's client, signed in the secure element, and keeps it. ERR_EXISTS: another change is
 * under way, or the device is of that realm; ERR_NOT_FOUND: the device has no key of its own, or no list of realms
 * (symdev_realm_add() the one that it is of); ERR_UNSUPPORTED: the element cannot; ERR_RANGE: four realms are there.
 */
enum err symdev_change_begin(const struct symdev_change_options *options, struct symdev_change *ret);
/* ERR_NOT_FOUND: none is under way. */
enum err symdev_change_load(const struct symdev_se *ops, void *se, struct symdev_change *ret);
/* The new realm as it was given to symdev_change_begin(). */
enum err symdev_change_realm(const struct symdev_se *ops, void *se, struct symdev_realm *ret);

/* Each takes the step if the one before was taken, keeps that, and brings `change` up to date: ERR_WRONG_STATE else. One that
 * was taken already may be taken again. */

/* The portal has taken the consent, under this id. */
enum err symdev_change_accepted(const struct symdev_se *ops, void *se, struct symdev_change *change,
	struct view id);
/* 10.6.1/3: the new operator has the key. Puts the new realm into the list, not as the active one, with that key. */
enum err symdev_change_keyed(const struct symdev_se *ops, void *se, struct symdev_change *change);
/*
 * 10.6.2/3: takes the old operator's order, under the keys that are pinned for the old realm, and puts the new realm into
 * the list, with the keys that the order names pinned for it. ERR_AUTH: not the old realm's, or of another client, realm or
 * consent; ERR_REPLAY: not above the serial of an order that was taken before; else as change_order_verify(). Nothing is
 * changed then.
 */
enum err symdev_change_order(const struct symdev_se *ops, void *se, const struct env *env,
	struct symdev_change *change, struct view order);
/* Appends the receipt for it. */
enum err symdev_change_receipt(const struct symdev_se *ops, void *se, const struct env *env,
	struct symdev_change *change, struct buf *out);
/* ERR_WRONG_STATE too while the client of the new realm has the old operator's key. */
enum err symdev_change_ready(const struct symdev_se *ops, void *se, struct symdev_change *change);
/* Makes the new realm the active one, then forgets the old with its tokens and its key, then the change. ERR_WRONG_STATE:
 * there is no token of the new realm that is valid at `now`. */
enum err symdev_change_finish(const struct symdev_se *ops, void *se, int64_t now,
	struct symdev_change *change);
/* The new operator says that it is over: goes back, forgets the new realm with its key, then the change. ERR_WRONG_STATE when
 * the new realm is the active one already. */
enum err symdev_change_abort(const struct symdev_se *ops, void *se, struct symdev_change *change);
