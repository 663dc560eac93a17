// SPDX-License-Identifier: Apache-2.0
#include "registry/status/movement.h"

#include "base/text.h"

enum { REASON_MAX = 200 };

enum {
	COLUMN_SEQ,
	COLUMN_KIND,
	COLUMN_SUBJECT,
	COLUMN_BY,
	COLUMN_STATE,
	COLUMN_BEGAN,
	COLUMN_UPTO,
	COLUMN_RULE,
	COLUMN_DEVICES,
	COLUMN_DECIDED_BY,
	COLUMN_DECIDED_AT,
	COLUMN_REASON,
};

static const char *const kinds[] = {"all", "vulnerability", "root", "time"};
static const char *const states[] = {"counting", "applying", "held", "refused", "done"};

enum err movement_read(const struct store_result *result, size_t row, struct movement *ret)
{
	*ret = (struct movement){
		.seq = store_at(result, 0, row, COLUMN_SEQ).number,
		.kind = (enum movement_kind)store_at(result, 0, row, COLUMN_KIND).number,
		.state = (enum movement_state)store_at(result, 0, row, COLUMN_STATE).number,
		.upto = store_at(result, 0, row, COLUMN_UPTO).number,
		.decided = store_at(result, 0, row, COLUMN_DECIDED_AT).number > 0,
	};
	return text_copy(ret->subject, sizeof(ret->subject),
		store_at(result, 0, row, COLUMN_SUBJECT).bytes, "movement");
}

static enum err put_movement(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row)
{
	(void)call;
	json_open(w, NULL);
	json_put_int(w, "movement", store_at(result, 0, row, COLUMN_SEQ).number);
	json_put_string(w, "kind", kinds[store_at(result, 0, row, COLUMN_KIND).number]);
	json_put_text(w, "subject", store_at(result, 0, row, COLUMN_SUBJECT).bytes);
	json_put_string(w, "state", states[store_at(result, 0, row, COLUMN_STATE).number]);
	json_put_text(w, "caused_by", store_at(result, 0, row, COLUMN_BY).bytes);
	json_put_int(w, "began_at", store_at(result, 0, row, COLUMN_BEGAN).number);
	json_put_text(w, "rule", store_at(result, 0, row, COLUMN_RULE).bytes);
	json_put_int(w, "devices", store_at(result, 0, row, COLUMN_DEVICES).number);
	if (store_at(result, 0, row, COLUMN_DECIDED_AT).number > 0) {
		json_put_text(w, "decided_by", store_at(result, 0, row, COLUMN_DECIDED_BY).bytes);
		json_put_int(w, "decided_at", store_at(result, 0, row, COLUMN_DECIDED_AT).number);
		json_put_text(w, "reason", store_at(result, 0, row, COLUMN_REASON).bytes);
	}
	json_close(w);
	return OK;
}

enum err movement_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(32);
	uint64_t from = 0;

	TRY(call_page(call, &after));
	if (after.len > 0) {
		TRY(text_from_u64(buf_contents(&after), INT64_MAX, &from, "after"));
	}
	const struct store_step step = {
		.statement = PAGE_MOVEMENTS,
		.param_count = 2,
		.params = {STORE_INT_OF(after.len > 0 ? (int64_t)from : -1),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put_movement;
	call->key_column = COLUMN_SEQ;
	return call_look(call, &step, 1, call_on_list);
}

static enum err read_number(const struct call *call, int64_t *ret)
{
	uint64_t number;

	if (text_from_u64(buf_contents(&call->segment), INT64_MAX, &number, "movement") != OK) {
		return err_fail(ERR_NOT_FOUND, "no such movement");
	}
	*ret = (int64_t)number;
	return OK;
}

enum err movement_show(struct call *call)
{
	int64_t seq = 0;

	TRY(read_number(call, &seq));
	const struct store_step step = {.statement = FIND_MOVEMENT,
		.param_count = 1,
		.params = {STORE_INT_OF(seq)}};

	call->put = put_movement;
	return call_look(call, &step, 1, call_on_item);
}

static enum err on_decided(struct call *call, const struct store_result *result, int64_t seq)
{
	(void)result;
	(void)seq;
	moving_wake(call->registry->policing);
	call_answer(call, 204);
	return OK;
}

static void write_decided(const struct call *call, enum movement_state state, struct view reason,
	struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "subject", buf_contents(&call->keep));
	json_put_int(&w, "movement", call->number);
	json_put_bool(&w, "released", state == MOVEMENT_APPLYING);
	json_put_text(&w, "reason", reason);
	json_put_string(&w, "by", call->asker.name);
	json_close(&w);
}

static enum err decide(struct call *call, enum movement_state state)
{
	static const struct call_fault faults[] = {{0, ERR_CONFLICT, ERR_CONFLICT,
		"no such movement waits, or it waits for another person than who caused it"}};
	const struct policing *p = call->registry->policing;
	BUF_CLEANUP struct buf record = buf_growing(4096);
	struct view reason;

	TRY(read_number(call, &call->number));
	TRY(json_text(call->body, "reason", &reason));
	if (reason.len == 0 || reason.len > REASON_MAX) {
		return err_fail(ERR_RANGE, "reason: 1 to %d bytes", REASON_MAX);
	}
	buf_printf(&call->keep, "movement:%lld", (long long)call->number);
	write_decided(call, state, reason, &record);
	TRY(buf_end(&record, "movement"));
	const struct event event = {.kind = EVENT_MOVEMENT_RELEASED,
		.subject = buf_contents(&call->keep),
		.record = buf_contents(&record)};
	const struct store_step step = {
		.statement = DECIDE_MOVEMENT,
		.expect = STORE_ONE,
		.param_count = 5,
		.params = {STORE_INT_OF(call->number), STORE_INT_OF(state),
			STORE_TEXT_OF(view_text(call->asker.name)), STORE_INT_OF(policing_now(p)),
			STORE_TEXT_OF(reason)},
	};

	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, &step, 1, on_decided);
}

enum err movement_release(struct call *call)
{
	return decide(call, MOVEMENT_APPLYING);
}

enum err movement_refuse(struct call *call)
{
	return decide(call, MOVEMENT_REFUSED);
}
