// SPDX-License-Identifier: Apache-2.0
/* import_show: how far bulk imports have come, what was wrong in them, and what is announced. */
#include "registry/owners/import_inside.h"

#include "base/text.h"
#include "core/reg_id.h"
#include "wire/facts_json.h"

#include <stdio.h>

static const char *const kinds[IMPORT_KINDS] = {"devices", "owners"};

enum err import_put_batch(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row)
{
	const int64_t kind = store_at(result, 0, row, 2).number;
	const struct view importer = store_at(result, 0, row, 3).bytes;

	(void)call;
	json_open(w, NULL);
	json_put_text(w, "id", store_at(result, 0, row, 0).bytes);
	json_put_int(w, "number", store_at(result, 0, row, 1).number);
	json_put_string(w, "kind", kinds[kind == IMPORT_OWNERS ? IMPORT_OWNERS : IMPORT_DEVICES]);
	json_put_text(w, "by", importer.len > 0 ? importer : view_text("administrator"));
	json_put_int(w, "rows", store_at(result, 0, row, 4).number);
	json_put_text(w, "digest", store_at(result, 0, row, 5).bytes);
	json_put_int(w, "added", store_at(result, 0, row, 6).number);
	json_put_int(w, "failed", store_at(result, 0, row, 7).number);
	json_put_int(w, "created", store_at(result, 0, row, 8).number);
	json_put_int(w, "updated", store_at(result, 0, row, 9).number);
	json_close(w);
	return OK;
}

/* A manufacturer sees its own. */
static enum err on_shown(struct call *call, const struct store_result *result, int64_t first_seq)
{
	const struct manufacturer *m;

	if (call->asker.who == WHO_PARTY && result->steps[0].rows > 0) {
		TRY(manufacturer_asking(call, &m));
		if (!view_is(store_at(result, 0, 0, 3).bytes, m->id)) {
			return err_fail(ERR_NOT_FOUND, "no such thing is registered");
		}
	}
	return call_on_item(call, result, first_seq);
}

enum err import_show(struct call *call)
{
	const struct store_step step = {
		.statement = FIND_BATCH,
		.param_count = 1,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment))},
	};

	call->put = import_put_batch;
	return call_look(call, &step, 1, on_shown);
}

enum err import_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(IMPORT_ID_MAX);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_BATCHES,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = import_put_batch;
	return call_look(call, &step, 1, call_on_list);
}

/* ---- wrong rows ---- */

static enum err put_error(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row)
{
	(void)call;
	json_open(w, NULL);
	json_put_int(w, "row", store_at(result, 0, row, 0).number);
	json_put_text(w, "detail", store_at(result, 0, row, 1).bytes);
	json_close(w);
	return OK;
}

/* The second step says whose batch it is. */
static enum err on_errors(struct call *call, const struct store_result *result, int64_t first_seq)
{
	const struct manufacturer *m;

	if (result->steps[1].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "no such thing is registered");
	}
	if (call->asker.who == WHO_PARTY) {
		TRY(manufacturer_asking(call, &m));
		if (!view_is(store_at(result, 1, 0, 3).bytes, m->id)) {
			return err_fail(ERR_NOT_FOUND, "no such thing is registered");
		}
	}
	return call_on_list(call, result, first_seq);
}

static enum err page_number(struct call *call, int64_t *ret)
{
	BUF_CLEANUP struct buf after = buf_growing(24);
	uint64_t number = 0;

	TRY(call_page(call, &after));
	if (after.len > 0) {
		TRY(text_from_u64(buf_contents(&after), INT64_MAX, &number, "after"));
	}
	*ret = (int64_t)number;
	return OK;
}

enum err import_errors(struct call *call)
{
	int64_t after = 0;

	TRY(page_number(call, &after));
	const struct store_step steps[] = {
		{
			.statement = LIST_ROW_ERRORS,
			.param_count = 3,
			.params = {STORE_TEXT_OF(buf_contents(&call->segment)), STORE_INT_OF(after),
				STORE_INT_OF((int64_t)call->limit + 1)},
		},
		{
			.statement = FIND_BATCH,
			.param_count = 1,
			.params = {STORE_TEXT_OF(buf_contents(&call->segment))},
		},
	};

	call->put = put_error;
	return call_look(call, steps, 2, on_errors);
}

/* ---- what is announced: not registered, so without a RegDevID ---- */

static enum err put_prereg(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row)
{
	JSON_CLEANUP struct json *facts = NULL;
	char next[24];

	(void)call;
	(void)snprintf(next, sizeof(next), "%lld", (long long)store_at(result, 0, row, 0).number);
	TRY(json_parse(store_at(result, 0, row, 3).bytes, FACTS_JSON_MAX, &facts));
	json_open(w, NULL);
	json_put_string(w, "id", next);
	json_put_text(w, "device", store_at(result, 0, row, 1).bytes);
	json_put_text(w, "manufacturer", store_at(result, 0, row, 2).bytes);
	json_put_string(w, "lifecycle", "preregistered");
	json_put_string(w, "trust", "unverified");
	json_put_value(w, "facts", facts);
	json_put_int(w, "since", store_at(result, 0, row, 4).number);
	json_close(w);
	return OK;
}

enum err prereg_list(struct call *call)
{
	int64_t after = 0;

	TRY(page_number(call, &after));
	const struct store_step step = {
		.statement = LIST_PREREGS,
		.param_count = 2,
		.params = {STORE_INT_OF(after), STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put_prereg;
	return call_look(call, &step, 1, call_on_list);
}

void prereg_claim(const struct registry *registry, struct view identifier, struct view device,
	struct store_step ret[PREREG_CLAIM_STEPS])
{
	ret[0] = (struct store_step){
		.statement = CLAIM_CUSTODY,
		.param_count = 3,
		.params = {STORE_TEXT_OF(identifier), STORE_TEXT_OF(device),
			STORE_INT_OF(registry_now(registry))},
	};
	ret[1] = (struct store_step){
		.statement = DROP_PREREG,
		.param_count = 1,
		.params = {STORE_TEXT_OF(identifier)},
	};
}

enum err prereg_drop(struct call *call)
{
	struct ident device;

	TRY(reg_device_parse(buf_contents(&call->segment), &device));
	const struct store_step step = {
		.statement = DROP_PREREG,
		.param_count = 1,
		.params = {STORE_TEXT_OF(ident_view(&device))},
	};

	return call_look(call, &step, 1, call_on_dropped);
}
