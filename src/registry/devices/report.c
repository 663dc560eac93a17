// SPDX-License-Identifier: Apache-2.0
/*
 * report: a device tells its security parameters, at its beginning and whenever they change, and proves by its root of trust
 * that it is itself. Each report is an event with its time: together they are the device's whole history.
 *  req: R7-iv-c R9.3-i-c R9.3-iv R9.3-ii-a R9.2-ii-c R9.2-ii-d
 */
#include "registry/devices/devices.h"

#include "base/text.h"

#include <string.h>

/* A report under way, in call->keep; behind it the proof, when there is one. */
struct telling {
	struct device_facts facts;
	struct told_vulnerabilities told;
	size_t proof_len;
};

static struct telling *telling_of(struct call *call)
{
	return (struct telling *)(void *)call->keep.data;
}

static struct view proof_of(const struct call *call, const struct telling *t)
{
	return view_of(call->keep.data + sizeof(*t), t->proof_len);
}

/* --- what has changed --- */

/* What is not told stays as it was. What a device is made as cannot change. */
static enum err merge(const struct device_facts *was, const struct device_facts *told,
	struct device_facts *ret)
{
	facts_merge(was, told, ret);
	ret->origin = was->origin;
	if (strcmp(ret->make, was->make) != 0 || strcmp(ret->model, was->model) != 0) {
		return err_fail(ERR_CONFLICT, "9.3 iv: make and model stay what they were");
	}
	return told->origin.kind == ROT_NONE || told->origin.kind == was->origin.kind
		       ? OK
		       : err_fail(ERR_CONFLICT, "9.3 iv: root_of_trust: register with it");
}

static enum err write_record(const struct device_entry *row, const struct device_facts *was,
	const struct device_facts *now, struct buf *record)
{
	struct json_writer w = json_to(record);
	struct device_facts before;
	struct words changed;
	struct view names[WORDS_MAX];

	facts_changes(was, now, &changed, &before);
	const size_t count = words_split(&changed, names);

	json_open(&w, NULL);
	json_put_text(&w, "subject", row->id);
	facts_write(&w, "facts", now);
	json_open_array(&w, "changed");
	for (size_t i = 0; i < count; i++) {
		json_put_text(&w, NULL, names[i]);
	}
	json_close_array(&w);
	if (count > 0) {
		facts_write(&w, "was", &before);
	}
	json_close(&w);
	return buf_end(record, "9.3 iv: record of a report");
}

/* --- the report --- */

static enum err on_reported(struct call *call, const struct store_result *result, int64_t first_seq)
{
	(void)result;
	return device_answer_judged(call, first_seq);
}

static enum err submit_with(struct call *call, const struct store_step *step, struct event event,
	const struct told_unit *told)
{
	static const struct call_fault faults[] = {{0, ERR_CONFLICT, ERR_CONFLICT,
		"9.3 iv: another report has come meanwhile: ask again"}};
	struct event events[1 + TOLD_VULNERABILITIES] = {event};
	struct store_step steps[1 + 2 * TOLD_VULNERABILITIES] = {*step};

	memcpy(events + 1, told->events, told->count * sizeof(told->events[0]));
	memcpy(steps + 1, told->steps, 2 * told->count * sizeof(told->steps[0]));
	CALL_FAULTS(call, faults);
	return call_submit(call, events, 1 + told->count, steps, 1 + 2 * told->count, on_reported);
}

static enum err submit(struct call *call, const struct device_entry *row,
	const struct device_facts *was, const struct device_facts *now, const struct told_unit *told)
{
	BUF_CLEANUP struct buf record = buf_growing(LEDGER_RECORD_MAX);
	BUF_CLEANUP struct buf facts = buf_growing(FACTS_JSON_MAX);
	struct json_writer w = json_to(&facts);

	facts_write(&w, NULL, now);
	TRY(buf_end(&facts, "9.3 iv: facts"));
	TRY(write_record(row, was, now, &record));
	const struct event event = {.kind = EVENT_DEVICE_REPORTED,
		.subject = row->id,
		.record = buf_contents(&record)};
	const struct store_step step = {.statement = REPORT_DEVICE,
		.expect = STORE_ONE,
		.param_count = 6,
		.params = {STORE_TEXT_OF(row->id), STORE_TEXT_OF(view_text(now->firmware)),
			STORE_TEXT_OF(buf_contents(&facts)),
			STORE_INT_OF(registry_now(call->registry)), STORE_INT_OF(row->facts_seq),
			STORE_TEXT_OF(view_text(call->asker.name))}};

	return submit_with(call, &step, event, told);
}

/* By the key that it was registered with, in whatever subscription; or by the token of its subscription. */
static enum err prove(struct call *call, const struct store_result *result, struct device_entry *ret)
{
	struct telling *t = telling_of(call);
	struct visit *visit = NULL;

	if (t->proof_len == 0) {
		TRY(device_own(call, result, ret));
		return ret->rot_kind == ROT_AKA
			       ? OK
			       : err_fail(ERR_REPLAY, "9.3 i c: proof: a signature by the device's "
						      "key is wanted");
	}
	if (result->steps[0].rows > 0) {
		device_read(result, 0, 0, ret);
	}
	if (result->steps[0].rows == 0 || ret->proved_key.len == 0) {
		return err_fail(ERR_NOT_FOUND,
			"9.2 ii c: you are registered under no such RegDevID");
	}
	TRY(device_visit(call, &visit));
	return device_prove_again(call, visit, ret->proved_key, proof_of(call, t), &t->facts);
}

static enum err on_looked(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct told_unit told = {.count = 0};
	struct device_facts was, now;
	struct device_entry row;

	(void)first_seq;
	TRY(prove(call, result, &row));
	if (row.life == LIFE_RETIRED) {
		return err_fail(ERR_CONFLICT, "7: this device was retired, and stays so");
	}
	TRY(device_may_log(call, row.id));
	TRY(device_read_facts(&row, &was));
	TRY(merge(&was, &telling_of(call)->facts, &now));
	enum err err = device_told_fill(call, result, row.id, &telling_of(call)->told, &told);

	err = err == OK ? submit(call, &row, &was, &now, &told) : err;
	device_told_free(&told);
	return err;
}

static enum err read_request(const struct call *call, struct telling *t, struct view *ret_proof)
{
	static const char *const known[] = {"facts", "proof", "vulnerabilities", NULL};
	const struct json *facts;

	if (!call->body) {
		return err_fail(ERR_SYNTAX, "body: a JSON object is wanted");
	}
	TRY(json_only(call->body, known));
	TRY(json_text_opt(call->body, "proof", ret_proof));
	facts = json_member(call->body, "facts");
	if ((ret_proof->len > 0) == (facts != NULL)) {
		return err_fail(ERR_SYNTAX, "9.3 iv: either facts, or a proof in which they stand");
	}
	TRY(told_vulnerabilities_read(json_member(call->body, "vulnerabilities"), &t->told));
	t->proof_len = ret_proof->len;
	return facts ? facts_read(facts, &t->facts) : OK;
}

enum err device_report(struct call *call)
{
	struct telling t = {.proof_len = 0};
	struct view proof = {0};

	TRY(read_request(call, &t, &proof));
	buf_bytes(&call->keep, &t, sizeof(t));
	buf_view(&call->keep, proof);
	TRY(buf_end(&call->keep, "9.3 iv: report"));
	const struct store_value id = STORE_TEXT_OF(buf_contents(&call->segment));
	const struct store_step steps[] = {
		{.statement = FIND_DEVICE, .param_count = 1, .params = {id}},
		{.statement = LIST_TOLD_OF_ITSELF, .param_count = 1, .params = {id}},
	};

	return call_look(call, steps, t.told.count > 0 ? 2 : 1, on_looked);
}
