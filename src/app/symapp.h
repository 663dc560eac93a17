// SPDX-License-Identifier: Apache-2.0
/*
 * libsymbolon-app: the application element of Y.3056 (8.3, 9.4.3): is given bootstrap_tokens over RP_A or fetches them,
 * keeps them sealed for their lifetime, hands keys to session control, and says when they end. The gateway is
 * built on it; so is any server that can ask for a PSK by identity.  req: B9.4.3
 */
#pragma once

#include "base/log.h"
#include "base/secret.h"
#include "core/ident.h"
#include "core/token.h"
#include "core/words.h"
#include "net/diameter_peer.h"
#include "net/loop.h"

struct symapp;

enum symapp_kind {
	SYMAPP_REVOKED,	 /* the realm has withdrawn it: its sessions end at once */
	SYMAPP_EXPIRED,	 /* its time is over */
	SYMAPP_REPLACED, /* the device has begun to use a newer one */
	SYMAPP_CHANGED, /* it ends at another time now, `until`, or has other rights or attributes */
};

/* What has happened to a token, whether it is held or was only used before. Valid during the call. */
struct symapp_change {
	enum symapp_kind kind;
	struct view token_id;
	const struct ident *application;
	int64_t until; /* CHANGED: seconds since 1970, UTC */
	bool granted;  /* CHANGED: rights or attributes are others now; symapp_find() has them */
};
/* Comes at any time between symapp_new() and symapp_free(), from within symapp_use() and symapp_find() too. */
typedef void symapp_changed(void *user, const struct symapp_change *change);

/* An authentication node that is reached by HTTPS, as no Diameter peer is. */
struct symapp_node {
	const char *host;    /* its name, also in its certificate and behind the @ of its tokens */
	const char *address; /* where to connect */
	bool plain; /* without TLS, by explicit setting only: who connects is believed to be it */
};

/* What an application element is made with. */
struct symapp_options {
	/* this element's host, realm, certificate and authn peers; without peers and addresses none is opened */
	struct diameter_node_options diameter; /* its applications are set here */
	const struct symapp_node *nodes;       /* beside them, or in their place */
	size_t node_count;
	struct tls *tls; /* for nodes: tls_client() with the element's certificate, whose first dNSName is its host */
	const char *store_url;	    /* where tokens are kept, sealed; NULL or "": in memory only */
	const char *master_key;	    /* file of 64 hex digits; needed with store_url */
	const char *old_master_key; /* the one before, while it is replaced; NULL or "": none */
	size_t tokens; /* ceiling of tokens kept; beyond, the least recently used goes; 100000 unless set */
	size_t pulls;	    /* ceiling of pulls under way; 1024 unless set */
	int64_t unknown_ms; /* an id that authn does not know is refused so long; 2 s unless set */
	symapp_changed *changed; /* may be NULL */
	void *user;
};

/* Opens its store and its connections, which come up by themselves. ERR_CONFIG, ERR_AUTH: the store or its master
 * key; ERR_MEMORY. Freeing ends all pulls: who waits is told. NULL is fine. */
enum err symapp_new(struct loop *loop, const struct symapp_options *options, struct symapp **ret);
void symapp_free(struct symapp *app);

enum { SYMAPP_APPLICATIONS = 32, SYMAPP_UAS = 16, SYMAPP_MECHANISMS = 8 };

/* An application as it is announced to the realm (9.6.1).  req: B9.6.1-c B9.6.1-e */
struct symapp_application {
	struct ident id;
	struct ident group; /* what its tokens are for, when it is in a group; else zeroed */
	struct ua uas[SYMAPP_UAS];
	size_t ua_count;
	const char *address; /* "host:port" where devices reach it; NULL or "": not told */
	const char *mechanisms[SYMAPP_MECHANISMS]; /* "tls13-psk", "tls12-psk", "http-digest", ... */
	size_t mechanism_count;
	bool shared; /* a token may open several applications */
};

/*
 * Tells the realm, now and at each connection, which applications are served here, in the place of those told
 * before: their tokens are pushed from then on, and their revocations. Copied. Without it tokens
 * are pulled alone. ERR_MEMORY; ERR_RANGE: more than an announcement can hold.
 */
enum err symapp_announce(struct symapp *app, const struct symapp_application *applications,
	size_t count);

enum { SYMAPP_RIGHTS = WORDS_TEXT, SYMAPP_ATTRIBUTES = 2048 + 1 };

/* What session control may know of a token; never the device's network identity.  req: B9.4.1-g */
struct symapp_token {
	char id[TOKEN_ID_MAX + 1];
	char pseudonym[64]; /* stable for this ASP, joined with no other's; "" when none was sent */
	char degree[32];    /* security degree, by its name; "" when none was sent */
	char rights[SYMAPP_RIGHTS]; /* what it may do, as "read write"; "" when the realm says nothing */
	char attributes[SYMAPP_ATTRIBUTES]; /* of its user, as granted: a JSON object, or "" */
	enum token_format format;
	int64_t from, until; /* seconds since 1970, UTC */
	struct ident application;
	struct ua ua;
	struct secret key;
	char tx[LOG_TX]; /* of the transaction that brought it, in every node's log; "" after a restart */
};

/*
 * The token of this id for this application under this Ua id. OK: copied; the caller wipes its key. ERR_AGAIN:
 * RP_A is asked; `ready` comes once when it has answered, then call again. ERR_NOT_FOUND: no such token, no
 * permission, or expired. ERR_UNAVAILABLE: RP_A cannot be asked now. ERR_OVERLOAD: too many pulls under way.
 */
typedef void symapp_ready(void *user, uint64_t user_ref);
enum err symapp_find(struct symapp *app, struct view token_id, const struct ident *application,
	struct ua ua, symapp_ready *ready, void *user, uint64_t user_ref, struct symapp_token *ret);

/* Whether this right is among those of the token.  req: B9.6.4-b */
bool symapp_may(const struct symapp_token *token, const char *right);

#define SYMAPP_PSK_HINT "3GPP-bootstrapping" /* which identities are wanted (TS 33.222 5.4.2) */
/*
 * A PSK identity of RP_D to its token id: "y3056;<token id>", or "3GPP-bootstrapping;<B-TID>" ("." accepted for ";").
 * ERR_SYNTAX, also when the token id is of the other format.
 */
enum err symapp_from_psk_identity(struct view identity, enum token_format *ret_format,
	struct view *ret_token_id);

/*
 * A session with this token stands: both ends have proven its key. The device's older tokens for the
 * application end with that, as it has one at a time.
 */
void symapp_use(struct symapp *app, struct view token_id, const struct ident *application);

/* Forgets a token that the application refuses. */
void symapp_forget(struct symapp *app, struct view token_id);
size_t symapp_tokens(const struct symapp *app);
struct diameter_node *symapp_diameter(struct symapp *app); /* for status; NULL: it has none */
/* Whether a node is connected, as far as one knows. */
bool symapp_reaches(const struct symapp *app, const char *node);
/* Appends its figures (net/metrics.h), and why sessions cannot be opened now, each reason a line. */
void symapp_collect(const struct symapp *app, struct buf *out);
void symapp_unready(const struct symapp *app, struct buf *out);
