// SPDX-License-Identifier: Apache-2.0
#include "registry/status/decisions.h"

#include "registry/status/policing_inside.h"

enum { REASON_MAX = 200 };

static enum err on_decided(struct call *call, const struct store_result *result, int64_t seq)
{
	struct json_writer w = json_to(&call->reply);

	(void)result;
	json_open(&w, NULL);
	json_put_int(&w, "seq", seq);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

static void write_decision(const struct call *call, const char *trust, struct view reason,
	int64_t until, struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "subject", buf_contents(&call->segment));
	if (trust) {
		json_put_string(&w, "trust", trust);
	} else {
		json_put_bool(&w, "taken_back", true);
	}
	json_put_text(&w, "reason", reason);
	if (until > 0) {
		json_put_int(&w, "until", until);
	}
	json_put_string(&w, "by", call->asker.name);
	json_close(&w);
}

static enum err read_reason(const struct call *call, struct view *ret)
{
	TRY(json_text(call->body, "reason", ret));
	return ret->len > 0 && ret->len <= REASON_MAX
		       ? OK
		       : err_fail(ERR_RANGE, "reason: 1 to %d bytes", REASON_MAX);
}

static enum err submit(struct call *call, struct view record, const struct store_step *step)
{
	const struct event event = {.kind = EVENT_DECISION,
		.subject = buf_contents(&call->segment),
		.record = record};

	return call_submit(call, &event, 1, step, 1, on_decided);
}

enum err decision_set(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "no such device is registered here"}};
	const struct policing *p = call->registry->policing;
	BUF_CLEANUP struct buf record = buf_growing(LEDGER_RECORD_MAX);
	struct view trust_text, reason;
	enum trust trust;
	int64_t until = 0;

	TRY(json_text(call->body, "trust", &trust_text));
	TRY(trust_of(trust_text, &trust));
	TRY(read_reason(call, &reason));
	TRY(json_int_opt(call->body, "until", policing_now(p), INT64_MAX, &until));
	write_decision(call, trust_name(trust), reason, until, &record);
	TRY(buf_end(&record, "decision"));
	const struct store_step step = {
		.statement = SET_DECISION,
		.expect = STORE_ONE,
		.param_count = 7,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment)), STORE_INT_OF(trust),
			STORE_TEXT_OF(reason), STORE_INT_OF(until),
			STORE_TEXT_OF(view_text(call->asker.name)), STORE_INT_OF(policing_now(p)),
			STORE_TEXT_OF(reg_id_view(&call->registry->id))},
	};

	CALL_FAULTS(call, faults);
	return submit(call, buf_contents(&record), &step);
}

enum err decision_drop(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "nothing was decided of such a device"}};
	BUF_CLEANUP struct buf record = buf_growing(LEDGER_RECORD_MAX);
	const struct store_step step = {
		.statement = DROP_DECISION,
		.expect = STORE_ONE,
		.param_count = 1,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment))},
	};

	write_decision(call, NULL, view_text("taken back"), 0, &record);
	TRY(buf_end(&record, "decision"));
	CALL_FAULTS(call, faults);
	return submit(call, buf_contents(&record), &step);
}

static enum err put_decision(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row)
{
	const int64_t until = store_at(result, 0, row, 2).number;

	json_open(w, NULL);
	json_put_text(w, "device", buf_contents(&call->segment));
	json_put_string(w, "trust", trust_name((enum trust)store_at(result, 0, row, 0).number));
	json_put_text(w, "reason", store_at(result, 0, row, 1).bytes);
	if (until > 0) {
		json_put_int(w, "until", until);
	}
	json_put_int(w, "seq", store_at(result, 0, row, 3).number);
	json_put_text(w, "by", store_at(result, 0, row, 4).bytes);
	json_put_int(w, "decided_at", store_at(result, 0, row, 5).number);
	json_close(w);
	return OK;
}

enum err decision_show(struct call *call)
{
	const struct store_step step = {
		.statement = FIND_DECISION,
		.param_count = 1,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment))},
	};

	call->put = put_decision;
	return call_look(call, &step, 1, call_on_item);
}
