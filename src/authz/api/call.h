// SPDX-License-Identifier: Apache-2.0
/*
 * call: one request of the API from its arrival to its answer. An operation reads what was
 * asked and submits a unit of work; what it returns, or the unit, becomes the answer. Late results find the call
 * by its name in a pool, or nobody.
 */
#pragma once

#include "authz/api/asker.h"
#include "authz/schema.h"
#include "core/words.h"
#include "wire/json.h"
#include "wire/public_key.h"

enum {
	CALL_REPLY_MAX = 16 << 20, /* bytes: a page of the longest items */
	CALL_LIMIT = 100,	   /* items in a page, unless asked otherwise */
	CALL_LIMIT_MAX = 1000,
	CALL_NAMES = 15, /* names in one step of a unit: $2 to $16 */
	CALL_NAMES_MAX = 3 * CALL_NAMES,
	CALL_ONCE = 65, /* hex digits */
	CALL_ROWS_MAX = CALL_LIMIT_MAX * CALL_NAMES_MAX + CALL_NAMES_MAX,
};

struct call;

/* OK: answered, or under way. Else the answer is a problem: see call_fail(). */
typedef enum err call_operation(struct call *call);
typedef enum err call_done(struct call *call, const struct store_result *result);
/* Writes the item that stands in `count` rows from `row` on. */
typedef enum err call_put(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row, size_t count);

/* What a step's failure means here. */
struct call_fault {
	size_t step;
	enum err result; /* of the unit: ERR_CONFLICT, ERR_EXISTS */
	enum err err;	 /* ERR_NOT_FOUND, ERR_EXISTS, ERR_CONFLICT */
	const char *sentence;
};

/* A device between the vault, which seals its key, and the store. */
struct call_device {
	struct ident client, device;
	char subscriber[IDENT_MAX + 1];
	enum aka_algorithm_id algorithm; /* 0: no symmetric key */
	int64_t sqn;
	bool exportable;
	struct public_key public_key; /* of length 0: none */
	bool certified;		      /* a certificate that names it will do */
};

struct call {
	struct authz *authz;
	pool_ref ref;
	struct http_request *request;
	const char *name;	 /* of the operation, for log and audit */
	struct asker asker;	 /* who asks; what an operation gives follows it */
	const struct json *body; /* an object; while the operation runs */
	struct buf segment;	 /* the {} of the path, decoded */
	struct buf keep;	 /* the operation's own, wiped at the end */
	struct buf object;	 /* what is changed, for the audit: see call_audit() */
	struct buf detail;
	struct buf reply; /* JSON */
	unsigned status;  /* of the answer when all goes well */
	call_operation *operation;
	char once[CALL_ONCE]; /* under which the answer is kept; "": it is not (idempotency.h) */
	unsigned once_status;

	call_done *done;
	const struct call_fault *faults;
	size_t fault_count;
	call_put *put;
	size_t key_column; /* rows that agree in it are one item */
	size_t limit;
	struct call_device device;
};

enum err call_start_up(struct authz *authz);
/* Answers 503 to whoever waits. */
void call_shut_down(struct authz *authz);

/* A call for a request; NULL: it has been answered, since too many are under way. */
struct call *call_open(struct authz *authz, struct http_request *request);
/* Runs an operation for a call whose asker may ask for it. */
void call_start(struct call *call, const struct view *segments, const char *name,
	call_operation *operation);
/* The second half of call_start(): reads the body, and runs the operation. */
void call_go_on(struct call *call);
/* The second half of call_answer(): what was done is logged, and the answer sent. */
void call_send(struct call *call, unsigned status);
/* Answers with a problem of one's own; 401 says how to sign in. */
void call_refuse(struct call *call, unsigned status, const char *detail);

/* 405, with the methods that there are. */
void call_not_allowed(struct call *call, struct view allow);

/* What the audit will say of a change: its object, which is the path's identity or the body's unless set, and a few
 * words that name no secret (may be NULL). */
void call_audit(struct call *call, struct view object, const char *detail);

/*
 * Submits; then `done` when the unit went well, else the fault that fits. The unit of a request that changes something gets
 * one step more, for the audit: up to STORE_STEPS - 1 of one's own.
 */
#define CALL_FAULTS(call, table)                                                                   \
	((call)->faults = (table), (call)->fault_count = sizeof(table) / sizeof((table)[0]))
enum err call_submit(struct call *call, const struct store_step *steps, size_t count,
	call_done *done);

/* The same for a unit that only looks, before the one that changes: no row of the audit. */
enum err call_look(struct call *call, const struct store_step *steps, size_t count, call_done *done);

/* The body once more, for a `done` that needs it: call->body is gone by then. The caller frees it. */
enum err call_read_body(const struct call *call, struct json **ret);

/* What may stand as `done`: */
call_done call_on_done;	   /* answers with status and reply as they stand */
call_done call_on_dropped; /* 204, or 404 when no row was changed by the first step */
call_done call_on_item;	   /* call->put over all rows, or 404 when there are none */
call_done call_on_list;	   /* a page */

/* Reads ?after= (appended to `ret_after`) and ?limit=. One more row than call->limit tells whether there is more. */
enum err call_page(struct call *call, struct buf *ret_after);
/* The query's value as an identity. ERR_NOT_FOUND when it is not given. */
enum err call_query_ident(const struct call *call, const char *name, enum ident_kind kind,
	struct ident *ret);
/* Members of the body, and the path's segment. */
enum err call_body_ident(const struct call *call, const char *name, enum ident_kind kind,
	struct ident *ret);
enum err call_segment_ident(const struct call *call, enum ident_kind kind, struct ident *ret);

/* Steps that add names, CALL_NAMES a step, to what `id` names; padded with NULL. Gives the number of steps. */
size_t call_name_steps(int statement, struct view id, const struct view *names, size_t count,
	struct store_step *ret);

/* Answers with the reply as it stands; 204 has none. */
void call_answer(struct call *call, unsigned status);
/* Answers with a problem made from the error and err_detail(). */
void call_fail(struct call *call, enum err err);

/* A set of names in an array of the body, empty when it is absent. ERR_SYNTAX, ERR_RANGE. */
enum err call_body_words(const struct call *call, const char *name, struct words *ret);
/* Writes an array of them. */
void call_put_words(struct json_writer *w, const char *name, struct view words);
