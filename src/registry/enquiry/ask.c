// SPDX-License-Identifier: Apache-2.0
/*
 * Single operations of interrogation (9.3 ii c): a device by its RegDevID, a virtual one or its own identifier, now or at a
 * time that has passed. What is not known and what may not be told are one answer, and cost the same.
 *  req: R9.3-ii-c R8 R6.1-d
 */
#include "registry/enquiry/ask.h"

#include "core/reg_id.h"
#include "core/trust.h"
#include "registry/devices/devices.h"
#include "registry/enquiry/answer.h"
#include "registry/enquiry/past.h"

#include <string.h>

/* How a name asks, and how the device is looked for. */
struct name {
	const char *asked_by;
	int statement;
	struct store_value key;
	bool is_virtual;
	struct reg_dev_id id;
	struct ident device;
};

static enum err read_name(struct view text, struct name *ret)
{
	if (reg_dev_id_parse(text, &ret->id) == OK) {
		ret->is_virtual = ret->id.is_virtual;
		ret->asked_by = ret->is_virtual ? "virtual" : "reg_dev_id";
		ret->statement = ret->is_virtual ? ASK_VIRTUAL : ASK_DEVICE;
		ret->key = STORE_TEXT_OF(reg_dev_id_view(&ret->id));
		return OK;
	}
	TRY(reg_device_parse(text, &ret->device));
	ret->is_virtual = false;
	ret->asked_by = "identifier";
	ret->statement = ASK_IDENTIFIER;
	ret->key = STORE_TEXT_OF(ident_view(&ret->device));
	return OK;
}

/* ---- now ---- */

static enum err add_rows(struct answering *a, const struct store_result *result, bool is_virtual)
{
	for (size_t row = 0; row < result->steps[0].rows; row++) {
		struct known_device device;

		known_device_read(result, 0, row, &device);
		TRY(answer_add(a, &device, is_virtual));
	}
	return OK;
}

static enum err answer_rows(struct call *call, const struct store_result *result,
	const struct name *name)
{
	struct answering *a = answer_begin(call, name->asked_by, buf_contents(&call->segment), -1);

	if (!a) {
		return err_fail(ERR_MEMORY, "enquiry: out of memory");
	}
	enum err err = add_rows(a, result, name->is_virtual);

	if (err != OK) {
		answer_drop(a);
		return err;
	}
	return answer_end(a, call);
}

/* ---- then ---- */

static enum err on_history(struct call *call, const struct ledger_entry *entries, size_t count)
{
	struct past *past = past_of(call);

	TRY(past_take(past, entries, count));
	if (count == LEDGER_READ_MAX) {
		return call_read_subject(call, past_subject(past), entries[count - 1].seq + 1,
			call->number, LEDGER_READ_MAX, on_history);
	}
	return past_answer(past, call);
}

/* Histories are of one device: of several of an identifier, our own. */
static enum err begin_history(struct call *call, const struct store_result *result,
	const struct name *name)
{
	struct known_device device = {.list_index = -1};

	for (size_t row = result->steps[0].rows; row > 0; row--) {
		known_device_read(result, 0, row - 1, &device);
		if (view_is(device.registry, call->registry->conf->id)) {
			break;
		}
	}
	TRY(past_begin(call, name->asked_by, name->is_virtual, &device));
	return call_read_subject(call, past_subject(past_of(call)), 0, call->number,
		LEDGER_READ_MAX, on_history);
}

/* ---- the operation ---- */

static struct store_step find_step(const struct call *call, const struct name *name)
{
	return (struct store_step){
		.statement = name->statement,
		.param_count = name->is_virtual ? 2 : 1,
		.params = {name->key, STORE_INT_OF(registry_now(call->registry))},
	};
}

static enum err on_device(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct name name;

	(void)first_seq;
	TRY(read_name(buf_contents(&call->segment), &name));
	return call->number >= 0 ? begin_history(call, result, &name)
				 : answer_rows(call, result, &name);
}

/* Another question has used it up just now: it is known no more. */
static enum err on_used_by_another(struct call *call, const struct store_result *result,
	int64_t first_seq)
{
	struct name name;

	(void)result;
	(void)first_seq;
	TRY(read_name(buf_contents(&call->segment), &name));
	const struct store_step find = find_step(call, &name);

	return call_look(call, &find, 1, on_device);
}

/* One for a single transaction is used up by it; nobody else's transaction came between.  req: R9.2-i-f */
static enum err use_up(struct call *call, const struct store_step *find, struct view device)
{
	BUF_CLEANUP struct buf record = buf_growing(LEDGER_RECORD_MAX);
	const struct store_step steps[] = {
		*find,
		{.statement = USE_VIRTUAL,
			.expect = STORE_ONE,
			.param_count = 1,
			.params = {find->params[0]}},
	};

	TRY(virtual_write_ended(device, find->params[0].bytes, &record));
	const struct event event = {.kind = EVENT_VIRTUAL_ENDED,
		.subject = device,
		.record = buf_contents(&record)};

	call->otherwise = on_used_by_another;
	return call_submit(call, &event, 1, steps, 2, on_device);
}

static enum err on_virtual(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct name name;

	(void)first_seq;
	TRY(read_name(buf_contents(&call->segment), &name));
	const struct store_step find = find_step(call, &name);

	return result->steps[0].rows > 0 && store_at(result, 0, 0, 1).number != 0
		       ? use_up(call, &find, store_at(result, 0, 0, 0).bytes)
		       : call_look(call, &find, 1, on_device);
}

enum err ask_device(struct call *call)
{
	struct name name;

	TRY(read_name(buf_contents(&call->segment), &name));
	call->number = -1;
	TRY(call_query_number(call, "at", INT64_MAX, &call->number));
	struct store_step step = find_step(call, &name);

	step.statement = name.is_virtual ? FIND_VIRTUAL : step.statement;
	return call_look(call, &step, 1, name.is_virtual ? on_virtual : on_device);
}
