// SPDX-License-Identifier: Apache-2.0
/*
 * import: batches of SIMs, many lines a request. Each line is a unit of work of its own, so that a wrong one is told
 * and the others are taken; the units of a request share their commit, and then the batch's mark moves behind
 * them. A device's row knows the line it came in, so a line that comes again, because the mark was
 * not reached, is found done. Keys are sealed by the vault before they are stored.  req: B9.2.2-a B9.2.2-b
 */
#include "authz/registration/registration.h"

#include "base/text.h"
#include "wire/import_row.h"
#include "wire/key_json.h"

#include <stdio.h>
#include <string.h>

enum { ID_MAX = 64, DIGEST = 64, WHY = 160, RUNS = 8, ROW_STEPS = 3 };

/* One line between its arrival and its fate. */
struct import_item {
	pool_ref ref, run, next;
	int64_t line;
	enum { UNDER_WAY, ADDED, REFUSED } state;
	struct import_row row;
	uint8_t sealed[VAULT_SEALED_MAX];
	size_t sealed_len;
	int insert_step; /* which step of its unit brings the device */
	char why[WHY];
};

/* One request: read -> look where the batch stands -> seal -> store -> mark -> answer. */
struct import_run {
	struct authz *authz;
	pool_ref ref, call;
	char id[ID_MAX + 1], before[DIGEST + 1], digest[DIGEST + 1];
	int64_t after, count; /* lines before these, and these */
	pool_ref first, last; /* items: none for blank lines */
	struct key_transport transport;
	size_t waiting;	  /* for the vault, or for the store */
	enum err trouble; /* of the database, not of a line */
	char detail[WHY];
};

static store_done on_found, on_stored, on_error_stored, on_marked, on_errors_dropped;
static vault_done on_sealed;

enum err import_start_up(struct authz *authz)
{
	size_t lines = (size_t)authz->conf->import_lines;

	TRY(pool_new(sizeof(struct import_run), RUNS, &authz->import_runs));
	return pool_new(sizeof(struct import_item), lines * RUNS, &authz->import_items);
}

void import_shut_down(struct authz *authz)
{
	pool_free(authz->import_runs);
	pool_free(authz->import_items);
	authz->import_runs = authz->import_items = NULL;
}

/* --- the life of a run --- */

static struct import_item *item_at(const struct import_run *run, pool_ref ref)
{
	return pool_at(run->authz->import_items, ref);
}

#define EACH_ITEM(run, item)                                                                       \
	for (struct import_item *item = item_at(run, run->first); item;                            \
		item = item_at(run, item->next))

static void end(struct import_run *run)
{
	pool_ref next = run->first;

	while (next) {
		struct import_item *item = item_at(run, next);
		pool_ref ref = next;

		next = item->next;
		pool_give(run->authz->import_items, ref);
	}
	pool_give(run->authz->import_runs, run->ref);
}

/* The batch stands where it stood; the same request may come again. */
static void fail(struct import_run *run, enum err err)
{
	struct call *call = pool_at(run->authz->calls, run->call);

	end(run);
	if (call) {
		call_fail(call, err);
	}
}

static enum err add_item(struct import_run *run, int64_t line, struct import_item **ret)
{
	struct import_item *item;
	pool_ref ref;

	TRY(pool_take(run->authz->import_items, &ref, (void **)&item));
	item->ref = ref;
	item->run = run->ref;
	item->line = line;
	if (run->last) {
		item_at(run, run->last)->next = ref;
	} else {
		run->first = ref;
	}
	run->last = ref;
	*ret = item;
	return OK;
}

static void refuse(struct import_item *item, const char *why)
{
	item->state = REFUSED;
	(void)snprintf(item->why, sizeof(item->why), "%s", why);
	import_row_wipe(&item->row); /* its key is wanted no more */
}

/* --- what came --- */

static enum err check_id(struct view id)
{
	if (id.len > ID_MAX || subscriber_check_id(id) != OK) {
		return err_fail(ERR_SYNTAX, "batch: 1 to %d letters, digits and ._@+:- name it",
			ID_MAX);
	}
	return OK;
}

static enum err check_row(struct import_row *row)
{
	if (row->subscriber[0]) {
		TRY(subscriber_check_id(view_text(row->subscriber)));
	}
	return row->verification[0] ? subscriber_check_verification(view_text(row->verification))
				    : OK;
}

/* Every line but a blank one becomes an item, right or wrong. */
static enum err read_line(struct import_run *run, const struct import_columns *columns,
	struct view text, int64_t line)
{
	struct import_row row __attribute__((cleanup(import_row_wipe)));
	struct import_item *item;
	enum err err = import_row_read(columns, text, &run->authz->realm, &row);

	if (err == ERR_NOT_FOUND) {
		return OK;
	}
	TRY(add_item(run, line, &item));
	err = err == OK ? check_row(&row) : err;
	if (err != OK) {
		refuse(item, err_detail());
	} else {
		item->row = row;
	}
	return OK;
}

static enum err read_lines(struct import_run *run, const struct json *body)
{
	const struct json *lines = json_member(body, "lines");
	struct import_columns columns;
	struct view names = {0};

	TRY(json_text_opt(body, "columns", &names));
	if (names.data) {
		TRY(import_columns_read(names, &columns));
	}
	for (const struct json *each = json_item(lines, 0); each; each = json_next(each)) {
		struct view text;

		TRY(json_as_text(each, &text));
		if (run->count == run->authz->conf->import_lines) {
			return err_fail(ERR_RANGE, "lines: more than import.lines of this node");
		}
		run->count++;
		TRY(read_line(run, names.data ? &columns : NULL, text, run->after + run->count));
	}
	return run->count > 0 ? OK : err_fail(ERR_SYNTAX, "lines: a list of texts is wanted");
}

static enum err read_digest(const struct json *body, const char *name, char ret[DIGEST + 1])
{
	struct view text;

	TRY(json_text(body, name, &text));
	return text.len == DIGEST && text_copy(ret, DIGEST + 1, text, name) == OK
		       ? OK
		       : err_fail(ERR_SYNTAX, "%s: %d hex digits are wanted", name, DIGEST);
}

static enum err read_request(struct import_run *run, struct call *call)
{
	static const char *const known[] = {"after", "before", "digest", "columns", "lines",
		"transport", NULL};
	const struct json *transport = json_member(call->body, "transport");

	TRY(check_id(buf_contents(&call->segment)));
	TRY(text_copy(run->id, sizeof(run->id), buf_contents(&call->segment), "batch"));
	TRY(json_only(call->body, known));
	TRY(json_int(call->body, "after", 0, INT64_C(1) << 40, &run->after));
	TRY(read_digest(call->body, "before", run->before));
	TRY(read_digest(call->body, "digest", run->digest));
	if (transport) {
		TRY(transport_from_json(transport, &run->transport));
	}
	return read_lines(run, call->body);
}

static enum err submit(struct import_run *run, pool_ref ref, const struct store_step *steps,
	size_t count, store_done *done)
{
	return store_submit(run->authz->store, steps, count, done, run->authz, ref);
}

static enum err begin(struct import_run *run, struct call *call)
{
	const struct store_step step = {.statement = FIND_IMPORT, .param_count = 1};
	struct store_step find = step;

	TRY(read_request(run, call));
	find.params[0] = STORE_TEXT_OF(view_text(run->id));
	return submit(run, run->ref, &find, 1, on_found);
}

enum err import_lines(struct call *call)
{
	struct authz *authz = call->authz;
	struct import_run *run;
	pool_ref ref;

	TRY(pool_take(authz->import_runs, &ref, (void **)&run));
	run->authz = authz;
	run->ref = ref;
	run->call = call->ref;
	enum err err = begin(run, call);

	if (err != OK) {
		end(run); /* call_run() answers */
	}
	return err;
}

/* --- where the batch stands --- */

/* Only what follows the lines that are done is taken, and of the same file. */
static enum err check_place(const struct import_run *run, const struct store_result *result)
{
	if (result->err != OK) {
		return err_fail(result->err, "%s", result->detail);
	}
	if (result->steps[0].rows == 0) {
		return run->after <= 1 ? OK
				       : err_fail(ERR_CONFLICT, "batch: no line of it came before");
	}
	int64_t lines = store_at(result, 0, 0, 1).number;

	if (lines != run->after) {
		return err_fail(ERR_CONFLICT, "batch: %lld lines of it are done", (long long)lines);
	}
	if (!view_is(store_at(result, 0, 0, 2).bytes, run->before)) {
		return err_fail(ERR_CONFLICT,
			"batch: the lines that are done were others: another file");
	}
	return store_at(result, 0, 0, 4).number <= run->authz->conf->import_failures
		       ? OK
		       : err_fail(ERR_CONFLICT,
				 "batch: more wrong lines than import.failures allows");
}

static enum err seal_item(struct import_run *run, struct import_item *item)
{
	struct view client = ident_view(&item->row.client);

	TRY(run->transport.key.len > 0
			? vault_seal_transported(run->authz->vault, client, &item->row.key,
				  item->row.from_op, &run->transport, on_sealed, run->authz,
				  item->ref)
			: vault_seal(run->authz->vault, client, &item->row.key, item->row.from_op,
				  on_sealed, run->authz, item->ref));
	run->waiting++;
	return OK;
}

static void store_all(struct import_run *run);

static void on_found(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct import_run *run = pool_at(authz->import_runs, ref);

	if (!run) {
		return;
	}
	enum err err = check_place(run, result);

	if (err != OK) {
		fail(run, err);
		return;
	}
	EACH_ITEM(run, item)
	{
		if (item->state == UNDER_WAY && run->trouble == OK) {
			run->trouble = seal_item(run, item);
		}
	}
	(void)snprintf(run->detail, sizeof(run->detail), "%s", err_detail());
	if (run->waiting == 0) {
		store_all(run);
	}
}

/* --- sealed, stored --- */

static struct import_run *run_of(struct authz *authz, uint64_t ref, struct import_item **ret_item)
{
	struct import_item *item = pool_at(authz->import_items, ref);

	*ret_item = item;
	return item ? pool_at(authz->import_runs, item->run) : NULL;
}

static void on_sealed(void *user, uint64_t ref, const struct vault_answer *answer)
{
	struct import_item *item;
	struct import_run *run = run_of(user, ref, &item);

	if (!run) {
		return;
	}
	if (answer->err != OK) {
		refuse(item, answer->err == ERR_CRYPTO ? "k: not a key, or of another transport key"
						       : answer->detail);
	} else {
		memcpy(item->sealed, answer->sealed, answer->sealed_len);
		item->sealed_len = answer->sealed_len;
		secret_wipe(&item->row.key.k);
		secret_wipe(&item->row.key.opc);
	}
	run->waiting--;
	if (run->waiting == 0) {
		store_all(run);
	}
}

static void note_trouble(struct import_run *run, enum err err, const char *detail)
{
	if (run->trouble == OK) {
		run->trouble = err;
		(void)snprintf(run->detail, sizeof(run->detail), "%s", detail);
	}
}

static void mark(struct import_run *run);

static void settle(struct import_run *run)
{
	if (run->waiting == 0 && run->trouble != OK) {
		fail(run, err_fail(run->trouble, "%s", run->detail));
	} else if (run->waiting == 0) {
		mark(run);
	}
}

/* Counts what is submitted, so that the last answer goes on. */
static void submit_counted(struct import_run *run, pool_ref ref, const struct store_step *steps,
	size_t count, store_done *done)
{
	enum err err = submit(run, ref, steps, count, done);

	if (err == OK) {
		run->waiting++;
	} else {
		note_trouble(run, err, err_detail());
	}
}

static void store_error(struct import_run *run, const struct import_item *item)
{
	const struct store_step step = {
		.statement = ADD_IMPORT_ERROR,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text(run->id)), STORE_INT_OF(item->line),
			STORE_TEXT_OF(view_text(item->why))},
	};

	submit_counted(run, run->ref, &step, 1, on_error_stored);
}

/* The subscriber, when the line says enough of it, and whether it is there; then the device. */
static size_t put_subscriber(const struct import_run *run, const struct import_row *row,
	struct buf *record, struct store_step *ret)
{
	struct view id = view_text(row->subscriber);
	size_t count = 0;

	if (row->verification[0]) {
		ret[count++] = (struct store_step){
			.statement = IMPORT_SUBSCRIBER,
			.param_count = 4,
			.params = {STORE_TEXT_OF(id), STORE_TEXT_OF(view_text(row->verification)),
				STORE_BLOB_OF(buf_contents(record)),
				STORE_INT_OF(env_wall(loop_env(run->authz->loop)))},
		};
	}
	if (row->subscriber[0]) {
		ret[count++] = (struct store_step){
			.statement = FIND_SUBSCRIBER,
			.expect = STORE_ONE,
			.param_count = 1,
			.params = {STORE_TEXT_OF(id)},
		};
	}
	return count;
}

static void store_item(struct import_run *run, struct import_item *item)
{
	const struct import_row *row = &item->row;
	struct view subscriber = view_text(row->subscriber), device = ident_view(&row->device);
	BUF_CLEANUP struct buf record = buf_growing(SUBSCRIBER_RECORD_MAX + SEAL_OVERHEAD);
	struct store_step steps[ROW_STEPS];

	if (row->verification[0]) {
		const struct person person = {.name = view_text(row->name)};
		enum err err = subscriber_seal_record(run->authz, subscriber, &person, &record);

		if (err != OK) {
			note_trouble(run, err, err_detail());
			return;
		}
	}
	size_t count = put_subscriber(run, row, &record, steps);

	item->insert_step = (int)count;
	steps[count++] = (struct store_step){
		.statement = IMPORT_DEVICE,
		.expect = STORE_ONE,
		.param_count = 9,
		.params = {STORE_TEXT_OF(ident_view(&row->client)),
			subscriber.len > 0 ? STORE_TEXT_OF(subscriber) : STORE_NULL_OF(),
			device.len > 0 ? STORE_TEXT_OF(device) : STORE_NULL_OF(),
			STORE_INT_OF(row->key.algorithm),
			STORE_BLOB_OF(view_of(item->sealed, item->sealed_len)),
			STORE_INT_OF(row->sqn), STORE_INT_OF(env_wall(loop_env(run->authz->loop))),
			STORE_TEXT_OF(view_text(run->id)), STORE_INT_OF(item->line)},
	};
	submit_counted(run, item->ref, steps, count, on_stored);
}

/* What an earlier try of these lines found wrong may be right by now. */
static void drop_errors(struct import_run *run)
{
	const struct store_step step = {
		.statement = DROP_IMPORT_ERRORS_AFTER,
		.param_count = 2,
		.params = {STORE_TEXT_OF(view_text(run->id)), STORE_INT_OF(run->after)},
	};

	submit_counted(run, run->ref, &step, 1, on_errors_dropped);
}

static void store_all(struct import_run *run)
{
	if (run->trouble == OK) {
		drop_errors(run);
	}
	EACH_ITEM(run, item)
	{
		if (run->trouble != OK) {
			break;
		}
		if (item->state == REFUSED) {
			store_error(run, item);
		} else {
			store_item(run, item);
		}
	}
	settle(run);
}

static const char *why_not(const struct import_item *item, const struct store_result *result)
{
	if (result->err == ERR_CONFLICT && (int)result->failed_step < item->insert_step) {
		return "subscriber: nobody with this id is registered";
	}
	return result->err == ERR_CONFLICT ? "this client is registered already"
	       : result->err == ERR_EXISTS ? "this device is registered with another client already"
					   : NULL;
}

static void on_stored(void *user, uint64_t ref, const struct store_result *result)
{
	struct import_item *item;
	struct import_run *run = run_of(user, ref, &item);

	if (!run) {
		return;
	}
	const char *why = why_not(item, result);

	run->waiting--;
	if (result->err == OK) {
		item->state = ADDED;
	} else if (why) {
		refuse(item, why);
		store_error(run, item);
	} else {
		note_trouble(run, result->err, result->detail);
	}
	settle(run);
}

static void on_error_stored(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct import_run *run = pool_at(authz->import_runs, ref);

	if (!run) {
		return;
	}
	run->waiting--;
	if (result->err != OK) {
		note_trouble(run, result->err, result->detail);
	}
	settle(run);
}

static void on_errors_dropped(void *user, uint64_t ref, const struct store_result *result)
{
	on_error_stored(user, ref, result);
}

/* --- marked, answered --- */

static void mark(struct import_run *run)
{
	int64_t added = 0, failed = 0;

	EACH_ITEM(run, item)
	{
		added += item->state == ADDED;
		failed += item->state == REFUSED;
	}
	const struct store_step step = {
		.statement = MARK_IMPORT,
		.expect = STORE_ONE,
		.param_count = 7,
		.params = {STORE_TEXT_OF(view_text(run->id)), STORE_INT_OF(run->after + run->count),
			STORE_TEXT_OF(view_text(run->digest)), STORE_INT_OF(added),
			STORE_INT_OF(failed), STORE_INT_OF(env_wall(loop_env(run->authz->loop))),
			STORE_INT_OF(run->after)},
	};
	enum err err = submit(run, run->ref, &step, 1, on_marked);

	if (err != OK) {
		fail(run, err);
	}
}

/* id, lines, digest, added, failed, created, updated; open, so that more may follow. */
static void put_import(struct json_writer *w, const struct store_result *result, size_t row)
{
	char created[TEXT_TIME], updated[TEXT_TIME];

	text_time(store_at(result, 0, row, 5).number, created);
	text_time(store_at(result, 0, row, 6).number, updated);
	json_open(w, NULL);
	json_put_text(w, "id", store_at(result, 0, row, 0).bytes);
	json_put_int(w, "lines", store_at(result, 0, row, 1).number);
	json_put_text(w, "digest", store_at(result, 0, row, 2).bytes);
	json_put_int(w, "added", store_at(result, 0, row, 3).number);
	json_put_int(w, "failed", store_at(result, 0, row, 4).number);
	json_put_string(w, "created", created);
	json_put_string(w, "updated", updated);
}

static void on_marked(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct import_run *run = pool_at(authz->import_runs, ref);

	if (!run) {
		return;
	}
	if (result->err != OK) {
		fail(run, result->err == ERR_CONFLICT
				  ? err_fail(ERR_CONFLICT, "batch: somebody else imports it too")
				  : err_fail(result->err, "%s", result->detail));
		return;
	}
	struct call *call = pool_at(authz->calls, run->call);

	end(run);
	if (call) {
		struct json_writer w = json_to(&call->reply);

		put_import(&w, result, 0);
		json_close(&w);
		call_answer(call, 200);
	}
}

/* --- what became of batches --- */

static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	(void)call;
	(void)count;
	put_import(w, result, row);
	json_close(w);
	return OK;
}

enum err import_show(struct call *call)
{
	TRY(check_id(buf_contents(&call->segment)));
	const struct store_step step = {
		.statement = FIND_IMPORT,
		.param_count = 1,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment))},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_item);
}

enum err import_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(IDENT_MAX);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_IMPORTS,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_list);
}

/* Lines are numbers, so that a page is written here: {"items":[{"line","detail"}],"next":"LINE"}. */
static enum err on_errors(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);
	size_t rows = result->steps[0].rows, shown = rows > call->limit ? call->limit : rows;

	json_open(&w, NULL);
	json_open_array(&w, "items");
	for (size_t row = 0; row < shown; row++) {
		json_open(&w, NULL);
		json_put_int(&w, "line", store_at(result, 0, row, 0).number);
		json_put_text(&w, "detail", store_at(result, 0, row, 1).bytes);
		json_close(&w);
	}
	json_close_array(&w);
	if (rows > shown) {
		char next[24];

		(void)snprintf(next, sizeof(next), "%lld",
			(long long)store_at(result, 0, shown - 1, 0).number);
		json_put_string(&w, "next", next);
	}
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

enum err import_errors(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(IDENT_MAX);
	uint64_t line = 0;

	TRY(check_id(buf_contents(&call->segment)));
	TRY(call_page(call, &after));
	if (after.len > 0) {
		TRY(text_from_u64(buf_contents(&after), INT64_MAX, &line, "after"));
	}
	const struct store_step step = {
		.statement = LIST_IMPORT_ERRORS,
		.param_count = 3,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment)), STORE_INT_OF((int64_t)line),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	return call_submit(call, &step, 1, on_errors);
}
