// SPDX-License-Identifier: Apache-2.0
/* app_inside: what the files of libsymbolon-app share: app.c (life), tokens.c (cache), pull.c (RP_A), keep.c (store). */
#pragma once

#include "app/symapp.h"
#include "base/seal.h"
#include "base/table.h"
#include "net/metrics.h"
#include "store/store.h"

enum { PSEUDONYM_MAX = sizeof(((struct symapp_token *)0)->pseudonym) };

/* Who asks for a token while it is being pulled. */
struct waiter {
	struct waiter *next;
	symapp_ready *ready;
	void *user;
	uint64_t user_ref;
};

enum entry_state {
	ENTRY_PULLED,  /* being pulled: waiters are told when RP_A has answered */
	ENTRY_HELD,    /* a token */
	ENTRY_REFUSED, /* `why` it is not there, for a while */
};

/* What is known of one (token id, application, Ua id). */
struct entry {
	enum entry_state state;
	struct entry *before, *after; /* in the list of its state: the least recently used first */
	struct waiter *waiters, **last_waiter; /* PULLED */
	enum err why;			       /* REFUSED, until: */
	int64_t deadline;		       /* loop_now() */
	int64_t from, until;		       /* HELD: seconds since 1970, UTC */
	struct secret key;
	char pseudonym[PSEUDONYM_MAX];
	char tx[LOG_TX]; /* of the pull that brought it */
	size_t name_len;
	uint8_t name[]; /* name_of() */
};

struct entry_list {
	struct entry *first, *last;
	size_t count;
};

struct peer_name {
	struct ident host, realm;
};

struct symapp {
	struct loop *loop;
	struct ident host, realm;
	struct peer_name *peers; /* who may be asked: authentication nodes and relays to them */
	size_t peer_count;
	struct diameter_node *diameter;
	struct store *store; /* NULL: memory only */
	struct seal_ring *ring;
	struct table *entries; /* by name */
	struct entry_list pulled, held, refused;
	struct pool *pulls;
	size_t tokens_max, refused_max, waiters, waiters_max;
	int64_t unknown_ms;
	struct timer sweep;
	struct metrics *metrics;
	bool closing;
};

/* The name of an entry: Ua id (5), application, 0, token id. */
enum { NAME_MAX_LEN = UA_SIZE + IDENT_MAX + 1 + TOKEN_ID_MAX };
struct name {
	uint8_t bytes[NAME_MAX_LEN];
	size_t len;
};
enum err name_of(struct view token_id, const struct ident *application, struct ua ua,
	struct name *ret);
struct ua name_ua(struct view name);
struct view name_application(struct view name);
struct view name_token_id(struct view name);

/* psk.c. Their ids tell formats apart. */
enum token_format format_of_id(struct view token_id);

/* tokens.c. What a pull has brought; `err` and nothing else when it has not. */
struct pulled {
	enum err err; /* ERR_NOT_FOUND or ERR_UNAVAILABLE */
	int64_t from, until;
	struct secret key;
	char pseudonym[PSEUDONYM_MAX];
	char tx[LOG_TX];
};
void tokens_settle(struct symapp *app, struct entry *entry, const struct pulled *pulled);
/* From the store, at start. */
enum err tokens_restore(struct symapp *app, struct view name, const struct pulled *pulled);
void tokens_sweep(void *app);
void tokens_free_all(struct symapp *app);

/* figures.c */
enum err app_figures_open(struct symapp *app);
void app_figures_pull(struct symapp *app, enum err result, int64_t us);

/* pull.c */
enum err pull_open(struct symapp *app, size_t ceiling);
/* Asks RP_A; tokens_settle() comes once, never before this returns. */
enum err pull_start(struct symapp *app, struct entry *entry);

/* keep.c. Sealed in the store, when there is one. */
extern const struct store_schema element_schema;
enum err keep_open(struct symapp *app, const char *store_url, const char *master_key);
void keep_close(struct symapp *app);
void keep_put(struct symapp *app, const struct entry *entry);
void keep_drop(struct symapp *app, const struct entry *entry);
void keep_drop_expired(struct symapp *app);
