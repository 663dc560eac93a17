// SPDX-License-Identifier: Apache-2.0
/*
 * postgres_link: one connection to a PostgreSQL server, in pipeline mode, made again when it is lost.
 * Commands are queued and sent together; results come in the same order. No password is in a URL, and
 * what a server says about values is not repeated.
 */
#pragma once

#include "base/err.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

/* What became of a command. */
enum link_verdict {
	LINK_DONE,
	LINK_SKIPPED, /* one before it failed */
	LINK_REFUSED, /* its own fault; err_detail() says it */
	LINK_RACE,    /* another node was in the way: deadlock, serialization */
	LINK_TROUBLE, /* everyone's: no server, no disk, one that only reads. The connection is given up */
	LINK_FINISHED, /* the mark of link_sync() */
};

struct link {
	const char **words, **values; /* what libpq connects with */
	PQconninfoOption *options;
	const char *settings; /* run once on each new connection */
	PGconn *pg;	      /* NULL while there is none */
	size_t marks;	      /* queued and not read yet */
	bool warned;	      /* the server said a warning */
	bool ended;	      /* it said that it ends the connection */
	int64_t retry_at;     /* not before: milliseconds of the monotonic clock */
	int64_t pause;
};

/* Reads what follows the scheme: "//user@host/database?..." or "host=... dbname=...". ERR_CONFIG. */
enum err link_init(struct link *l, const char *rest, const char *settings);
void link_end(struct link *l);

/* Sees whether the connection stands. */
bool link_stands(struct link *l);
/* Connects, unless it is too soon after a failure: ERR_UNAVAILABLE. */
enum err link_connect(struct link *l);
/* Gives the connection up; link_lost() also says why: ERR_UNAVAILABLE. */
void link_drop(struct link *l);
enum err link_lost(struct link *l, const char *what);

/* Runs a text of several statements, waiting; not between queued commands. */
enum err link_script(struct link *l, const char *sql, int timeout_ms);

/* Queues a command without parameters, or a prepared one with an INTEGER; and the mark that ends a row of commands. */
enum err link_queue(struct link *l, const char *sql);
enum err link_queue_number(struct link *l, const char *prepared, uint32_t number);
enum err link_sync(struct link *l);
/* The next result, freed by the caller also when it is LINK_REFUSED. `err_detail()` names `what`. */
enum link_verdict link_next(struct link *l, const char *what, PGresult **ret, enum err *ret_err);
/* Reads up to the last mark. OK when all commands on the way were done. */
enum err link_drain(struct link *l, const char *what);

#define RESULT_CLEANUP __attribute__((cleanup(link_clear)))
static inline void link_clear(PGresult **r)
{
	PQclear(*r);
}
