// SPDX-License-Identifier: Apache-2.0
#include "registry/ledger/queries.h"

#include "base/log.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BATCH_BYTES = 256 * 1024, /* a batch that is so long is written at once */
	WAITING_BYTES = 4 << 20,
	AGAIN_MS = 1000,
	ID_SIZE = 24,
	RECORD_MAX = 512,
	PAGE_MAX = 16, /* batches in an answer */
};

/* Ids of batches are texts of 16 digits, so that they are in order. */
static const uint64_t ids_from = UINT64_C(1000000000000000);
/* For each time that the store was restored from a copy: ids that were given since are not given again. */
static const uint64_t ids_of_epoch = UINT64_C(10000000000000);

#define PLACE "query_batch/body/"

struct queries {
	struct registry *registry;
	struct buf waiting, flying; /* lines of JSON */
	uint64_t count, flying_count;
	int64_t from, flying_from, flying_to; /* times of the first and the last one */
	bool under_way;
	uint64_t next_id, noted, batches;
	struct timer timer;
};

static void write_batch(struct queries *q);

static void on_timer(void *user)
{
	write_batch(user);
}

static void wait_for(struct queries *q, int64_t ms)
{
	if (!timer_is_running(&q->timer)) {
		timer_start(q->registry->loop, &q->timer, ms, on_timer, q);
	}
}

static void end_batch(struct queries *q)
{
	buf_wipe(&q->flying);
	q->flying_count = 0;
	q->batches++;
	q->next_id++;
	if (q->count > 0) {
		wait_for(q, q->registry->conf->queries_interval);
	}
}

static void on_written(void *user, uint64_t ref, const struct store_result *result,
	int64_t first_seq)
{
	struct registry *registry = user;
	struct queries *q = registry->queries;

	(void)ref;
	(void)first_seq;
	if (!q) {
		return;
	}
	q->under_way = false;
	if (result->err == OK || result->err == ERR_EXISTS) {
		end_batch(q);
		return;
	}
	log_event(LOG_ERROR, "queries.not_kept", "", LOG_TEXT("detail", result->detail));
	wait_for(q, AGAIN_MS);
}

static enum err write_record(const struct queries *q, const char *id, struct buf *record)
{
	struct json_writer w = json_to(record);
	uint8_t hash[LEDGER_HASH];
	char hex[2 * LEDGER_HASH];
	struct buf text = buf_fixed(hex, sizeof(hex));

	if (EVP_Digest(q->flying.data, q->flying.len, hash, NULL, EVP_sha256(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "SHA-256: refused");
	}
	text_hex(&text, VIEW(hash));
	json_open(&w, NULL);
	json_put_string(&w, "batch", id);
	json_put_int(&w, "count", (int64_t)q->flying_count);
	json_put_int(&w, "from", q->flying_from);
	json_put_int(&w, "to", q->flying_to);
	json_put_text(&w, "sha256", buf_contents(&text));
	json_close(&w);
	return buf_end(record, "record");
}

static enum err submit_batch(struct queries *q)
{
	struct registry *registry = q->registry;
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);
	BUF_CLEANUP struct buf sealed = buf_growing(WAITING_BYTES + SEAL_OVERHEAD);
	char id[ID_SIZE], place[sizeof(PLACE) + ID_SIZE];

	(void)snprintf(id, sizeof(id), "%llu", (unsigned long long)q->next_id);
	(void)snprintf(place, sizeof(place), PLACE "%s", id);
	TRY(write_record(q, id, &record));
	TRY(seal_close(registry->ring, place, buf_contents(&q->flying), &sealed));
	const struct event event = {.kind = EVENT_QUERIES, .record = buf_contents(&record)};
	const struct store_step steps[] = {
		{.statement = ADD_QUERY_BATCH,
			.param_count = 4,
			.params = {STORE_TEXT_OF(view_text(id)), STORE_INT_OF(q->flying_to),
				STORE_INT_OF((int64_t)q->flying_count),
				STORE_BLOB_OF(buf_contents(&sealed))}},
		{.statement = DROP_QUERY_BATCHES,
			.param_count = 1,
			.params = {STORE_INT_OF(q->flying_to - registry->conf->queries_keep)}},
	};

	return ledger_submit(registry->ledger, &event, 1, steps, 2, on_written, registry, 0);
}

/* One at a time, so that they are in order; what failed goes again as it was. */
static void write_batch(struct queries *q)
{
	if (q->under_way || (q->flying_count == 0 && q->count == 0)) {
		return;
	}
	if (q->flying_count == 0) {
		const struct buf empty = q->flying;

		q->flying = q->waiting;
		q->waiting = empty;
		q->flying_count = q->count;
		q->flying_from = q->from;
		q->flying_to = registry_now(q->registry);
		q->count = 0;
	}
	timer_stop(q->registry->loop, &q->timer);
	q->under_way = true;
	if (submit_batch(q) != OK) {
		q->under_way = false;
		log_event(LOG_ERROR, "queries.not_kept", "", LOG_DETAIL());
		wait_for(q, AGAIN_MS);
	}
}

enum err queries_note(struct registry *registry, const struct query *query)
{
	struct queries *q = registry->queries;
	const size_t before = q->waiting.len;
	struct json_writer w = json_to(&q->waiting);
	const int64_t now = registry_now(registry);

	json_open(&w, NULL);
	json_put_int(&w, "at", now);
	json_put_text(&w, "who", query->who);
	json_put_string(&w, "what", query->what);
	json_put_text(&w, "object", query->object);
	json_put_string(&w, "answer", query->answer);
	json_close(&w);
	buf_u8(&q->waiting, '\n');
	if (q->waiting.failed) {
		q->waiting.len = before;
		q->waiting.failed = false;
		return err_fail(ERR_OVERLOAD, "queries: no more can be kept now");
	}
	q->from = q->count == 0 ? now : q->from;
	q->count++;
	q->noted++;
	if (q->waiting.len >= BATCH_BYTES) {
		write_batch(q);
	} else {
		wait_for(q, registry->conf->queries_interval);
	}
	return OK;
}

/* ---- start and end ---- */

static void on_last(void *user, uint64_t ref, const struct store_result *result)
{
	struct queries *q = user;
	uint64_t id;

	(void)ref;
	if (result->err == OK && result->steps[0].rows > 0 &&
		text_from_u64(store_at(result, 0, 0, 0).bytes, UINT64_MAX - 1, &id, "batch") == OK &&
		id >= q->next_id) {
		q->next_id = id + 1;
	}
}

enum err queries_start_up(struct registry *registry)
{
	const struct store_step step = {.statement = LAST_QUERY_BATCH};
	struct queries *q = calloc(1, sizeof(*q));

	if (!q) {
		return err_fail(ERR_MEMORY, "queries: out of memory");
	}
	registry->queries = q;
	q->registry = registry;
	q->next_id = ids_from + (uint64_t)ledger_epoch(registry->ledger) * ids_of_epoch;
	q->waiting = buf_growing(WAITING_BYTES);
	q->flying = buf_growing(WAITING_BYTES);
	return store_run(registry->store, &step, 1, on_last, q);
}

void queries_shut_down(struct registry *registry)
{
	struct queries *q = registry->queries;

	if (!q) {
		return;
	}
	if (!q->under_way) {
		write_batch(q);
	} else if (q->count > 0) {
		log_event(LOG_WARN, "queries.not_kept", "", LOG_INT("count", (int64_t)q->count));
	}
	timer_stop(registry->loop, &q->timer);
	buf_wipe(&q->waiting);
	buf_free(&q->waiting);
	buf_wipe(&q->flying);
	buf_free(&q->flying);
	free(q);
	registry->queries = NULL;
}

void queries_put_metrics(const struct registry *registry, struct buf *out)
{
	const struct queries *q = registry->queries;

	if (!q) {
		return;
	}
	metrics_put_one(out, "symbolon_registry_queries_total", METRIC_COUNTER,
		"Questions that were noted for the audit.", q->noted);
	metrics_put_one(out, "symbolon_registry_query_batches_total", METRIC_COUNTER,
		"Batches of them whose digest entered the log.", q->batches);
}

/* ---- for auditors ---- */

static enum err put_queries(struct json_writer *w, struct view lines)
{
	json_open_array(w, "queries");
	while (lines.len > 0) {
		JSON_CLEANUP struct json *query = NULL;
		size_t end = 0;

		while (end < lines.len && lines.data[end] != '\n') {
			end++;
		}
		TRY(json_parse(view_of(lines.data, end), BATCH_BYTES, &query));
		json_put_value(w, NULL, query);
		end += end < lines.len ? 1 : 0;
		lines = view_of(lines.data + end, lines.len - end);
	}
	json_close_array(w);
	return OK;
}

static enum err put_batch(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row)
{
	const struct view id = store_at(result, 0, row, 0).bytes;
	BUF_CLEANUP struct buf lines = buf_growing(WAITING_BYTES);
	char place[sizeof(PLACE) + ID_SIZE];

	(void)snprintf(place, sizeof(place), PLACE "%.*s", (int)id.len, (const char *)id.data);
	TRY(seal_open(call->registry->ring, place, store_at(result, 0, row, 3).bytes, &lines));
	json_open(w, NULL);
	json_put_text(w, "batch", id);
	json_put_int(w, "at", store_at(result, 0, row, 1).number);
	json_put_int(w, "count", store_at(result, 0, row, 2).number);
	enum err err = put_queries(w, buf_contents(&lines));

	buf_wipe(&lines);
	json_close(w);
	return err;
}

enum err query_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(CALL_SEGMENT_MAX);

	TRY(call_page(call, &after));
	call->limit = call->limit > PAGE_MAX ? PAGE_MAX : call->limit;
	call->put = put_batch;
	call->key_column = 0;
	const struct store_step step = {
		.statement = LIST_QUERY_BATCHES,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	return call_look(call, &step, 1, call_on_list);
}
