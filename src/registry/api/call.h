// SPDX-License-Identifier: Apache-2.0
/*
 * call: one request from its arrival to its answer, which is given exactly once. An operation answers at once, or looks into the
 * store or the log, or submits events; what it returns, or the unit, becomes the answer. Late results find the call by its
 * name in a pool, or nobody.
 */
#pragma once

#include "registry/api/asker.h"
#include "registry/ledger/ledger.h"
#include "registry/schema.h"
#include "wire/json.h"

enum {
	CALL_REPLY_MAX = 16 << 20, /* bytes: a page of the longest items */
	CALL_LIMIT = 100,	   /* items in a page, unless asked otherwise */
	CALL_LIMIT_MAX = 1000,
	CALL_FIELDS = 4,
	CALL_SEGMENT_MAX = 1024,
};

struct call;

/* OK: answered, or under way. Else the answer is a problem: see call_fail(). */
typedef enum err call_operation(struct call *call);
/* `first_seq`: of the first event that was logged, else -1. */
typedef enum err call_done(struct call *call, const struct store_result *result, int64_t first_seq);
typedef enum err call_entries(struct call *call, const struct ledger_entry *entries, size_t count);
/* Writes the item that stands in a row. */
typedef enum err call_put(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row);

/* What a step's failure means here. */
struct call_fault {
	size_t step;
	enum err result; /* of the unit: ERR_CONFLICT, ERR_EXISTS */
	enum err err;	 /* ERR_NOT_FOUND, ERR_EXISTS, ERR_CONFLICT, ERR_DENIED ... */
	const char *sentence;
};

struct call {
	struct registry *registry;
	pool_ref ref;
	struct http_request *request; /* NULL once it was taken: call_take() */
	const char *name;	      /* of the operation, for the log */
	struct asker asker;	      /* who asks; what an operation gives follows it */
	const struct json *body; /* an object, or NULL where none was sent; while the operation runs */
	struct buf segment;	 /* the first {} of the path, decoded */
	struct buf segment2;	 /* the second */
	struct buf keep;	 /* the operation's own, wiped at the end */
	struct buf reply;	 /* JSON, unless `type` says otherwise */
	const char *type;	 /* Content-Type of a good answer */
	unsigned status;	 /* of the answer when all goes well; 200 */
	struct http_field fields[CALL_FIELDS]; /* further ones of the answer; views outlive it */
	size_t field_count;
	int64_t number, number2; /* the operation's own */

	call_operation *operation;
	call_done *done;
	call_done *otherwise; /* when a unit fails with ERR_CONFLICT or ERR_EXISTS, in the place of `faults` */
	call_entries *entries;
	const struct call_fault *faults;
	size_t fault_count;
	call_put *put;
	size_t key_column; /* of call_on_list(): `next` is the last item's */
	size_t limit;
};

enum err call_start_up(struct registry *registry);
/* Answers 503 to whoever waits. */
void call_shut_down(struct registry *registry);

/* A call for a request; NULL: it has been answered, since too many are under way. */
struct call *call_open(struct registry *registry, struct http_request *request);
/* NULL: it has been answered. For late results: user is the registry, ref is call->ref. */
struct call *call_at(const struct registry *registry, uint64_t ref);
/* Reads path and body and runs an operation for a call whose asker may ask for it. */
void call_start(struct call *call, const struct view *segments, const char *name,
	call_operation *operation);

/* Answers with the reply as it stands; 204 has none. */
void call_answer(struct call *call, unsigned status);
/* Answers with a problem made from the error and err_detail(). */
void call_fail(struct call *call, enum err err);
/* Answers with a problem of one's own, and call->fields. */
void call_refuse(struct call *call, unsigned status, const char *detail);
void call_not_allowed(struct call *call,
	struct view allow); /* 405, with the methods that there are */
/* The call ends; its request is the caller's, to be answered as a stream. */
struct http_request *call_take(struct call *call);
/* One more field of the answer. */
void call_field(struct call *call, const char *name, struct view value);

/* Events with steps before them, in one commit; then `done`, else the fault that fits. */
#define CALL_FAULTS(call, table)                                                                   \
	((call)->faults = (table), (call)->fault_count = sizeof(table) / sizeof((table)[0]))
enum err call_submit(struct call *call, const struct event *events, size_t event_count,
	const struct store_step *steps, size_t count, call_done *done);
/* A unit without events: a look, or what is no matter of the log. */
enum err call_look(struct call *call, const struct store_step *steps, size_t count, call_done *done);
/* From the log. */
enum err call_read(struct call *call, int64_t from, size_t limit, call_entries *done);
/* The same without salts and records: what is public. */
enum err call_read_leaves(struct call *call, int64_t from, size_t limit, call_entries *done);
enum err call_read_subject(struct call *call, struct view subject, int64_t from, int64_t until,
	size_t limit, call_entries *done);

/* What may stand as `done`: */
call_done call_on_done;	   /* answers with status and reply as they stand */
call_done call_on_dropped; /* 204, or 404 when no row was changed by the first step */
call_done call_on_item;	   /* call->put over the first row, or 404 when there is none */
call_done call_on_list; /* a page: {"items":[...],"next":"..."}; the unit asked for a row more than call->limit */

/* Reads ?after= (appended to `ret_after`) and ?limit=. */
enum err call_page(struct call *call, struct buf *ret_after);
/* A number of the query; untouched when it is not given. ERR_SYNTAX, ERR_RANGE. */
enum err call_query_number(const struct call *call, const char *name, int64_t max, int64_t *ret);
/* A text of the query, appended; ERR_NOT_FOUND when it is not given. */
enum err call_query_text(const struct call *call, const char *name, struct buf *ret);
