// SPDX-License-Identifier: Apache-2.0
/*
 * det: a device confirms that it has taken its RegDevID: from then on it is in use, and the policy judges it. And an
 * administrator's release of one, after which other evidence of the same identifier may follow.  req: R7-iv-b R9.2-ii-b
 */
#include "registry/devices/devices.h"

static enum err on_confirmed(struct call *call, const struct store_result *result, int64_t first_seq)
{
	(void)result;
	return device_answer_judged(call, first_seq);
}

static enum err write_record(const struct device_entry *row, struct buf *record)
{
	struct json_writer w = json_to(record);

	json_open(&w, NULL);
	json_put_text(&w, "subject", row->id);
	json_close(&w);
	return buf_end(record, "record");
}

static enum err confirm(struct call *call, const struct device_entry *row)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT, "det: it was confirmed meanwhile"}};
	BUF_CLEANUP struct buf record = buf_growing(LEDGER_RECORD_MAX);
	const struct store_step step = {.statement = CONFIRM_DEVICE,
		.expect = STORE_ONE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(row->id), STORE_TEXT_OF(row->proved_by),
			STORE_INT_OF(registry_now(call->registry))}};

	TRY(write_record(row, &record));
	const struct event event = {.kind = EVENT_DEVICE_CONFIRMED,
		.subject = row->id,
		.record = buf_contents(&record)};

	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, &step, 1, on_confirmed);
}

/* Once confirmed, it is told how it stands as often as it asks. */
static enum err on_looked(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct json_writer w = json_to(&call->reply);
	struct device_entry row;

	(void)first_seq;
	TRY(device_own(call, result, &row));
	if (row.confirmed_at == 0) {
		return confirm(call, &row);
	}
	TRY(device_put(&w, NULL, &row));
	call_answer(call, 200);
	return OK;
}

enum err device_confirm(struct call *call)
{
	return device_look(call, on_looked);
}

/* --- release --- */

static enum err on_released(struct call *call, const struct store_result *result, int64_t first_seq)
{
	(void)result;
	(void)first_seq;
	call_answer(call, 204);
	return OK;
}

/* A clone was found out, or a device has another root of trust: who comes next with good evidence is the device. */
enum err device_release(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "no such device is registered here"}};
	static const char *const known[] = {"reason", NULL};
	BUF_CLEANUP struct buf record = buf_growing(LEDGER_RECORD_MAX);
	struct json_writer w = json_to(&record);
	const struct view id = buf_contents(&call->segment);
	struct view reason;

	TRY(json_only(call->body, known));
	TRY(json_text(call->body, "reason", &reason));
	if (reason.len == 0) {
		return err_fail(ERR_SYNTAX, "reason: why it is released");
	}
	json_open(&w, NULL);
	json_put_text(&w, "subject", id);
	json_put_string(&w, "decision", "released");
	json_put_text(&w, "reason", reason);
	json_put_string(&w, "by", call->asker.name);
	json_close(&w);
	TRY(buf_end(&record, "reason"));
	const struct event event = {.kind = EVENT_DECISION,
		.subject = id,
		.record = buf_contents(&record)};
	const struct store_step step = {.statement = RELEASE_DEVICE,
		.expect = STORE_ONE,
		.param_count = 2,
		.params = {STORE_TEXT_OF(id), STORE_TEXT_OF(reg_id_view(&call->registry->id))}};

	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, &step, 1, on_released);
}
