// SPDX-License-Identifier: Apache-2.0
/*
 * import: devices that are announced, and owners, in bulk: a file goes through any number of requests, each a few hundred rows
 * of it. A batch's mark moves behind the rows of a request when all of them are stored, in one commit with the event that
 * tells of them; so whoever begins again goes on there.  req: R9.2-i-g
 */
#include "registry/owners/import_inside.h"

#include "base/text.h"
#include "registry/enquiry/party.h"
#include "wire/owner_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 8, RECORD_MAX = 1024, COLUMNS_LINE = 4096 };

static const char *const kinds[IMPORT_KINDS] = {"devices", "owners"};

static store_done on_found;
static ledger_done on_marked;

enum err import_start_up(struct registry *registry)
{
	struct owners *owners = registry->owners;
	const size_t rows = (size_t)registry->conf->import_rows;

	owners->filling = calloc(1, sizeof(*owners->filling));
	if (!owners->filling) {
		return err_fail(ERR_MEMORY, "imports: out of memory");
	}
	TRY(pool_new(sizeof(struct import_run), RUNS, &owners->import_runs));
	return pool_new(sizeof(struct import_unit), RUNS * (rows + 1), &owners->import_units);
}

void import_shut_down(struct owners *owners)
{
	pool_free(owners->import_runs);
	pool_free(owners->import_units);
	free(owners->filling);
	owners->import_runs = owners->import_units = NULL;
	owners->filling = NULL;
}

/* The batch stands where it stood; the same request may come again. */
static void fail(struct import_run *run, enum err err)
{
	struct registry *registry = run->registry;
	struct call *call = call_at(registry, run->call);

	pool_give(registry->owners->import_runs, run->ref);
	if (call) {
		call_fail(call, err);
	}
}

/* ---- what came ---- */

static enum err read_kind(const struct call *call, enum import_kind *ret)
{
	BUF_CLEANUP struct buf kind = buf_growing(16);
	enum err err = call_query_text(call, "kind", &kind);

	if (err == ERR_NOT_FOUND) {
		*ret = IMPORT_DEVICES;
		return OK;
	}
	TRY(err);
	for (int i = 0; i < IMPORT_KINDS; i++) {
		if (view_is(buf_contents(&kind), kinds[i])) {
			*ret = (enum import_kind)i;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "kind: devices or owners");
}

static enum err read_digest(const struct call *call, const char *name,
	char ret[IMPORT_DIGEST_MAX + 1])
{
	BUF_CLEANUP struct buf digest = buf_growing(IMPORT_DIGEST_MAX);
	enum err err = call_query_text(call, name, &digest);

	if (err == ERR_NOT_FOUND) {
		return OK;
	}
	TRY(err);
	return digest.len == IMPORT_DIGEST_MAX
		       ? text_copy(ret, IMPORT_DIGEST_MAX + 1, buf_contents(&digest), name)
		       : err_fail(ERR_SYNTAX, "%s: %d hex digits are wanted", name,
				 IMPORT_DIGEST_MAX);
}

static enum err read_type(const struct call *call, bool *ret_csv)
{
	const struct view type = http_field_of(call->request->head, "Content-Type");
	const uint8_t *end = type.len > 0 ? memchr(type.data, ';', type.len) : NULL;
	const struct view name = view_of(type.data, end ? (size_t)(end - type.data) : type.len);

	*ret_csv = view_is_nocase(name, "text/csv");
	return *ret_csv || view_is_nocase(name, "application/x-ndjson")
		       ? OK
		       : err_fail(ERR_UNSUPPORTED,
				 "Content-Type: text/csv or application/x-ndjson is wanted");
}

/* An administrator, or a manufacturer for its own makes.  req: R6.3 */
static enum err find_importer(const struct call *call, struct import_run *run)
{
	const struct manufacturer *m;

	if (call->asker.who == WHO_ADMIN) {
		return OK;
	}
	TRY(manufacturer_asking(call, &m));
	if (!m->preregisters || !call->registry->conf->manufacturers_preregister) {
		return err_fail(ERR_DENIED, "this manufacturer may not announce devices");
	}
	if (run->kind != IMPORT_DEVICES) {
		return err_fail(ERR_DENIED, "owners are imported by administrators");
	}
	return text_copy(run->importer, sizeof(run->importer), view_text(m->id), "importer");
}

static enum err read_request(struct import_run *run, const struct call *call)
{
	if (call->registry->type != REGISTRY_PRIMARY) {
		return err_fail(ERR_DENIED, "only a primary registry registers devices");
	}
	TRY(party_id_check(buf_contents(&call->segment), "batch"));
	TRY(text_copy(run->id, sizeof(run->id), buf_contents(&call->segment), "batch"));
	TRY(read_kind(call, &run->kind));
	TRY(read_type(call, &run->csv));
	TRY(call_query_number(call, "after", INT32_MAX, &run->after));
	TRY(read_digest(call, "before", run->before));
	TRY(read_digest(call, "digest", run->digest));
	if (call->request->body.len == 0) {
		return err_fail(ERR_SYNTAX, "no rows");
	}
	return find_importer(call, run);
}

static enum err begin(struct import_run *run, struct call *call)
{
	TRY(read_request(run, call));
	const struct store_step steps[] = {
		{
			.statement = BEGIN_BATCH,
			.param_count = 4,
			.params = {STORE_TEXT_OF(view_text(run->id)), STORE_INT_OF(run->kind),
				STORE_TEXT_OF(view_text(run->importer)),
				STORE_INT_OF(registry_now(run->registry))},
		},
		{
			.statement = FIND_BATCH,
			.expect = STORE_ONE,
			.param_count = 1,
			.params = {STORE_TEXT_OF(view_text(run->id))},
		},
	};

	return store_submit(run->registry->store, steps, 2, on_found, run->registry, run->ref);
}

enum err import_rows(struct call *call)
{
	struct pool *runs = call->registry->owners->import_runs;
	struct import_run *run;
	pool_ref ref;

	TRY(pool_take(runs, &ref, (void **)&run));
	run->registry = call->registry;
	run->ref = ref;
	run->call = call->ref;
	enum err err = begin(run, call);

	if (err != OK) {
		pool_give(runs, ref);
	}
	return err;
}

/* ---- where the batch stands ---- */

/* Only what follows the rows that are done is taken, of the same file and the same importer. */
static enum err check_place(struct import_run *run, const struct store_result *result)
{
	if (result->err != OK) {
		return err_fail(result->err, "%s", result->detail);
	}
	const int64_t done = store_at(result, 1, 0, 4).number;
	const struct view digest = store_at(result, 1, 0, 5).bytes;

	run->no = store_at(result, 1, 0, 1).number;
	if (store_at(result, 1, 0, 2).number != (int64_t)run->kind ||
		!view_is(store_at(result, 1, 0, 3).bytes, run->importer)) {
		return err_fail(ERR_CONFLICT, "batch: somebody else's, or of another kind");
	}
	if (done != run->after) {
		return err_fail(ERR_CONFLICT, "batch: %lld rows of it are done", (long long)done);
	}
	if (done > 0 && run->before[0] && digest.len > 0 && !view_is(digest, run->before)) {
		return err_fail(ERR_CONFLICT,
			"batch: the rows that are done were others: another file");
	}
	return store_at(result, 1, 0, 7).number <= run->registry->conf->import_failures
		       ? OK
		       : err_fail(ERR_CONFLICT,
				 "batch: more wrong rows than imports.failures allows");
}

/* ---- its rows ---- */

static enum err take_line(const struct import_run *run, struct csv_scan *scan, char separator,
	struct view *body, struct view *ret)
{
	size_t len = 0;

	if (run->csv) {
		enum err err = csv_scan(scan, *body, separator, DEVICE_ROW_MAX, &len);

		err = err == ERR_AGAIN ? csv_scan_end(scan, *body, &len) : err;
		if (err == ERR_RANGE) { /* a row too long is a wrong row */
			const uint8_t *end = memchr(body->data, '\n', body->len);

			len = end ? (size_t)(end - body->data) + 1 : 0;
			*scan = (struct csv_scan){.at = 0};
			err = end ? OK : ERR_CLOSED;
		}
		TRY(err);
	} else {
		const uint8_t *end = body->len > 0 ? memchr(body->data, '\n', body->len) : NULL;

		if (body->len == 0) {
			return ERR_NOT_FOUND;
		}
		len = end ? (size_t)(end - body->data) + 1 : 0;
	}
	if (len == 0) {
		return err_fail(ERR_CLOSED, "no line end");
	}
	*ret = view_of(body->data, len);
	*body = view_of(body->data + len, body->len - len);
	return OK;
}

static enum err read_columns(struct import_run *run, struct view *body, struct csv_columns *ret)
{
	const uint8_t *end = memchr(body->data, '\n', body->len);
	const size_t len = end ? (size_t)(end - body->data) + 1 : 0;
	const struct view names = view_of(body->data, len);

	if (len == 0 || len > COLUMNS_LINE) {
		return err_fail(ERR_SYNTAX, "columns: a line of names is wanted first");
	}
	TRY(run->kind == IMPORT_DEVICES ? device_columns_read(names, ret)
					: owner_columns_read(names, ret));
	*body = view_of(body->data + len, body->len - len);
	return OK;
}

static enum err read_rows(struct import_run *run, struct view body)
{
	struct csv_scan scan = {.at = 0};
	struct csv_columns columns = {.separator = ','};
	struct view row;

	if (body.data[body.len - 1] != '\n') {
		return err_fail(ERR_SYNTAX, "the last row has no line end: it was cut off");
	}
	if (run->csv) {
		TRY(read_columns(run, &body, &columns));
	}
	while (body.len > 0) {
		if (run->count == run->registry->conf->import_rows) {
			return err_fail(ERR_RANGE, "more rows than imports.rows of this registry");
		}
		TRY(take_line(run, &scan, columns.separator, &body, &row));
		run->count++;
		TRY(import_put_row(run, run->csv ? &columns : NULL, row, run->after + run->count));
	}
	if (run->count == 0) {
		return err_fail(ERR_SYNTAX, "no rows");
	}
	return import_flush(run);
}

/* What an earlier try of these rows found wrong may be right by now. */
static enum err drop_errors(struct import_run *run)
{
	const struct store_step step = {
		.statement = DROP_ROW_ERRORS,
		.param_count = 2,
		.params = {STORE_INT_OF(run->no), STORE_INT_OF(run->after)},
	};

	return store_submit(run->registry->store, &step, 1, import_on_errors, run->registry,
		run->ref);
}

static void on_found(void *user, uint64_t ref, const struct store_result *result)
{
	struct registry *registry = user;
	struct import_run *run = import_run_of(registry, ref);
	struct call *call = run ? call_at(registry, run->call) : NULL;

	if (!call) {
		if (run) {
			pool_give(registry->owners->import_runs, ref);
		}
		return;
	}
	enum err err = check_place(run, result);

	if (err != OK) {
		fail(run, err);
		return;
	}
	run->waiting = 1; /* ourselves, until all units are submitted */
	err = drop_errors(run);
	run->waiting += err == OK;
	err = err == OK ? read_rows(run, call->request->body) : err;
	if (err != OK) {
		import_note_trouble(run, err, err_detail());
		import_drop_filling(run);
	}
	run->waiting--;
	import_settle(run);
}

/* ---- marked, answered ---- */

static void put_counts(struct json_writer *w, const struct import_run *run)
{
	json_put_string(w, "kind", kinds[run->kind]);
	json_put_int(w, "from", run->after + 1);
	json_put_int(w, "to", run->after + run->count);
	json_put_int(w, "added", run->added);
	json_put_int(w, "failed", run->failed);
	json_put_string(w, "digest", run->digest);
	json_put_string(w, "by", run->importer[0] ? run->importer : "administrator");
}

static enum err mark(struct import_run *run)
{
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);
	struct json_writer w = json_to(&record);
	char subject[48];

	(void)snprintf(subject, sizeof(subject), IMPORT_SUBJECT "%lld", (long long)run->no);
	json_open(&w, NULL);
	json_put_string(&w, "subject", subject);
	put_counts(&w, run);
	json_close(&w);
	const struct event event = {
		.kind = run->kind == IMPORT_DEVICES ? EVENT_DEVICE_PREREGISTERED : EVENT_OWNER_SET,
		.subject = view_text(subject),
		.record = buf_contents(&record),
	};
	const struct store_step step = {
		.statement = MARK_BATCH,
		.expect = STORE_ONE,
		.param_count = 7,
		.params = {STORE_TEXT_OF(view_text(run->id)), STORE_INT_OF(run->after),
			STORE_INT_OF(run->after + run->count),
			STORE_TEXT_OF(view_text(run->digest)), STORE_INT_OF(run->added),
			STORE_INT_OF(run->failed), STORE_INT_OF(registry_now(run->registry))},
	};

	return ledger_submit(run->registry->ledger, &event, 1, &step, 1, on_marked, run->registry,
		run->ref);
}

void import_settle(struct import_run *run)
{
	if (run->waiting > 0) {
		return;
	}
	if (run->trouble != OK) {
		fail(run, err_fail(run->trouble, "%s", run->detail));
		return;
	}
	enum err err = mark(run);

	if (err != OK) {
		fail(run, err);
	}
}

static void on_marked(void *user, uint64_t ref, const struct store_result *result, int64_t first_seq)
{
	struct registry *registry = user;
	struct import_run *run = import_run_of(registry, ref);

	(void)first_seq;
	if (!run) {
		return;
	}
	if (result->err != OK) {
		fail(run, result->err == ERR_CONFLICT
				  ? err_fail(ERR_CONFLICT, "batch: somebody else imports it too")
				  : err_fail(result->err, "%s", result->detail));
		return;
	}
	struct call *call = call_at(registry, run->call);

	pool_give(registry->owners->import_runs, ref);
	if (call) {
		struct json_writer w = json_to(&call->reply);

		if (import_put_batch(call, &w, result, 0) == OK) {
			call_answer(call, 200);
		}
	}
}
