// SPDX-License-Identifier: Apache-2.0
/*
 * app_inside: what the files of libsymbolon-app share: app.c (life), tokens.c (what is held), find.c (who asks), pull.c,
 * announce.c and events.c (RP_A), carrier.h (how it is carried), keep.c (store).
 */
#pragma once

#include "app/symapp.h"
#include "base/seal.h"
#include "base/table.h"
#include "net/metrics.h"
#include "store/store.h"
#include "wire/rp_messages.h"

enum {
	PSEUDONYM_MAX = sizeof(((struct symapp_token *)0)->pseudonym),
	DEGREE_MAX = sizeof(((struct symapp_token *)0)->degree),
};

/* The name of a token: UA_ALL, application, 0, token id. Of a question for one of its keys: with that Ua id. */
enum { NAME_MAX_LEN = UA_SIZE + IDENT_MAX + 1 + TOKEN_ID_MAX };
struct name {
	uint8_t bytes[NAME_MAX_LEN];
	size_t len;
};
enum err name_of(struct view token_id, const struct ident *application, struct ua ua,
	struct name *ret);
struct view name_view(const struct name *name);
struct ua name_ua(struct view name);
struct view name_application(struct view name);
struct view name_token_id(struct view name);

/* psk.c. Their ids tell formats apart. */
enum token_format format_of_id(struct view token_id);

/* Tokens: tokens.c */

struct token_key {
	struct token_key *next;
	struct ua ua;
	struct secret key;
};

/* What its user may do, and what is told of the user; most tokens have neither. */
struct granted {
	char *rights, *attributes; /* on the heap; NULL: none */
};

/* A bootstrap_token for one application. */
struct token {
	struct symapp *app;
	struct token *before, *after; /* the least recently used first */
	struct device *device;	      /* NULL: without a pseudonym */
	struct token *sibling;	      /* the device's next */
	struct token_key *keys;
	int64_t from, until; /* seconds since 1970, UTC */
	uint64_t arrival;    /* tells tokens of the same second apart */
	bool used;
	struct timer end;
	char pseudonym[PSEUDONYM_MAX], degree[DEGREE_MAX];
	struct granted granted;
	char tx[LOG_TX]; /* of the transaction that brought it */
	size_t name_len;
	uint8_t name[];
};

/* What RP_A, or the store, says of a token. */
struct facts {
	int64_t from, until;
	bool used;
	char pseudonym[PSEUDONYM_MAX], degree[DEGREE_MAX];
	struct words rights;
	char attributes[SYMAPP_ATTRIBUTES];
	char tx[LOG_TX];
	struct rp_a_key {
		struct ua ua;
		struct secret key;
	} keys[RP_UAS];
	size_t key_count;
};
#define FACTS(name) struct facts name __attribute__((cleanup(facts_wipe))) = {.key_count = 0}
void facts_wipe(struct facts *facts);

enum err tokens_open(struct symapp *app, size_t ceiling);
void tokens_free_all(struct symapp *app);
struct token *tokens_get(const struct symapp *app, struct view name); /* of any Ua id */
/*
 * Holds it, or adds to what is held. ERR_NOT_FOUND: it has expired, or the device uses a newer one. A key
 * that is not there any more is left.
 */
enum err tokens_hold(struct symapp *app, struct view name, const struct facts *facts,
	struct token **ret);
const struct token_key *token_key_of(const struct token *token, struct ua ua);
bool token_is_over(const struct token *token);
void token_touch(struct token *token); /* was used just now */
/* Changes its end and what `facts` say of its user, and tells. In the past: it ends. */
void token_change(struct token *token, const struct facts *facts);
/* Ends it, and tells. The store is the caller's. */
void token_end(struct token *token, enum symapp_kind kind);
/* Holds it no more, and tells nobody: it may be pulled again. The store is the caller's. */
void token_forget(struct token *token);
/* Tells the program. */
void tokens_tell(struct symapp *app, enum symapp_kind kind, struct view name, int64_t until,
	bool granted);

/* Questions: find.c */

/* Who asks for a token while it is being pulled. */
struct waiter {
	struct waiter *next;
	symapp_ready *ready;
	void *user;
	uint64_t user_ref;
};

enum question_state {
	PULLED,	 /* waiters are told when RP_A has answered */
	REFUSED, /* `why`, for a while */
};

/* A key that is not held: it is asked for, or has been refused. */
struct question {
	enum question_state state;
	struct question *before, *after;       /* in the list of its state */
	struct waiter *waiters, **last_waiter; /* PULLED */
	pool_ref pull;
	int64_t bound;	  /* the token's end as it became known meanwhile; 0: as the answer says */
	enum err why;	  /* REFUSED, until: */
	int64_t deadline; /* loop_now() */
	size_t name_len;
	uint8_t name[];
};

struct question_list {
	struct question *first, *last;
	size_t count;
};

enum err find_open(struct symapp *app, size_t pulls);
void find_free_all(struct symapp *app);
/* The answer: `facts`, or the error that kept it away. */
void find_settle(struct symapp *app, struct question *question, enum err err,
	const struct facts *facts);
/* What is held now serves those who wait for it; answers of their pulls come too late. */
void find_serve(struct symapp *app, struct view name, struct ua ua);
/* A token is not to be had any more, not from a pull under way either. */
void find_refuse(struct symapp *app, struct view name);
/* One of its keys is not asked for again at once. */
void find_deny(struct symapp *app, struct view name, struct ua ua);
/* Its end has changed: answers under way may not know. */
void find_bound(struct symapp *app, struct view name, int64_t until);

/* figures.c */
enum err app_figures_open(struct symapp *app);
void app_figures_pull(struct symapp *app, enum err result, int64_t us);
void app_figures_event(struct symapp *app, uint32_t type);

/* pull.c */
enum err pull_open(struct symapp *app, size_t ceiling);
/* Asks RP_A; find_settle() comes once, never before this returns, unless the pull is given up. */
enum err pull_start(struct symapp *app, struct question *question);
void pull_give_up(struct symapp *app, pool_ref pull);
/* What an RPR or BIA says of the user: the pseudonym in the ussList, "" without one, rights, attributes. ERR_SYNTAX. */
struct told {
	struct view settings;
	const struct view *rights;
	size_t right_count;
	struct view attributes;
};
enum err read_told(const struct told *told, struct facts *ret);

/* Authentication nodes: announce.c */

enum { EVENT_LOG = 16 };

/* An authentication node: what it was told, and how far its events are known. */
struct node {
	struct symapp *app;
	const struct carrier *carrier;
	struct https_node *https; /* on that carrier; else NULL */
	struct ident host, realm; /* the realm on Diameter alone */
	unsigned ways;		  /* connections to it that are open */
	bool known;		  /* `log` and `kept` are */
	bool refuses;		  /* some of what was announced, the last time */
	bool follows;		  /* it has been announced to: its events are taken */
	uint8_t log[EVENT_LOG];
	uint64_t kept;	/* the last event that the store has */
	uint64_t last;	/* and that was given to it */
	uint32_t round; /* of announcing */
	struct timer again;
	int64_t wait_ms; /* before the next attempt */
};

/* One more, unless it is there. ERR_CONFIG: it is there, and reached by another carrier. */
enum err announce_add_node(struct symapp *app, const struct carrier *carrier, const char *host,
	const char *realm, struct node **ret);
void announce_close(struct symapp *app);
struct node *node_of(struct symapp *app, struct view host); /* NULL: a stranger */
/* Under its own name, or its group's. */
bool is_announced(const struct symapp *app, const struct ident *application);
bool serves(const struct symapp *app, const struct ident *application, struct ua ua);
/* An event could not be kept: the node is to begin again with it. */
void announce_again(struct node *node);
/* The node that gave a token, and refused an announcement before, may take it now. */
void announce_after_pull(struct symapp *app, const struct ident *host);

/* events.c */
enum err events_open(struct symapp *app);

/* keep.c. Sealed in the store, when there is one. */
extern const struct store_schema element_schema;
enum err keep_open(struct symapp *app, const struct symapp_options *options);
void keep_close(struct symapp *app);
void keep_put(struct symapp *app, const struct token *token);
void keep_drop(struct symapp *app, const struct token *token);
void keep_drop_expired(struct symapp *app);
/* Events begin after `kept` of this log. */
void keep_log(struct symapp *app, const struct node *node);
/*
 * One unit of work: what an event changed, and that it is known. It holds only if the event before, `last`, is
 * kept; an event that is no later, if it is kept itself. `name` is put if it is held, dropped if not, left alone if empty. `done` comes once, not before this
 * returns; never when an error is returned.
 */
enum err keep_event(struct symapp *app, struct view name, const struct node *node, uint64_t serial,
	store_done *done, uint64_t ref);

struct announced;
struct carrier;

struct symapp {
	struct loop *loop;
	struct ident host, realm;
	struct node *nodes; /* who may be asked: authentication nodes */
	size_t node_count;
	struct ways *ways;		/* of Diameter to nodes */
	struct diameter_node *diameter; /* NULL: all nodes are on HTTPS */
	struct announced *announced;	/* applications */
	size_t announced_count;
	struct store *store; /* NULL: memory only */
	struct seal_ring *ring;
	struct table *tokens;  /* struct token, by name */
	struct table *devices; /* struct device, by application and pseudonym */
	struct token *first, *last;
	uint64_t arrivals;
	struct table *questions; /* by name */
	struct question_list pulled, refused;
	struct pool *pulls, *events;
	size_t tokens_max, refused_max, waiters, waiters_max;
	int64_t unknown_ms;
	struct timer sweep;
	struct metrics *metrics;
	symapp_changed *changed;
	void *user;
	bool closing;
};
