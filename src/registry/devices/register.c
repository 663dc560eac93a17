// SPDX-License-Identifier: Apache-2.0
/*
 * register: a device asks to be registered, with evidence of its root of trust, and is acknowledged. The same device that
 * asks again is told the same; another that shows good evidence of the same identifier is a duplicate (ITU-T Q.5052).
 *  req: R7-iv-a R7-iv-b R7-iii R9.2-i-a R9.2-i-b R9.2-i-c R9.2-i-e R9.2-note
 */
#include "registry/devices/devices.h"

#include "base/log.h"
#include "base/text.h"
#include "registry/owners/owners.h"

#include <string.h>

enum { TRIES = 32, DUPLICATES_REFUSED = 0 };

/* A registration under way, in call->keep. */
struct enrolment {
	struct reg_dev_id id;
	struct evidence evidence;
	struct device_facts facts;
	int64_t list_index;
	int tries;
	bool duplicate; /* another registry has it */
};

static call_done on_known, on_added, on_not_added, on_taken_over, on_told_duplicate;

static struct enrolment *enrolment_of(struct call *call)
{
	return (struct enrolment *)(void *)call->keep.data;
}

/* --- the request --- */

/* What the device told must not contradict what it proved. */
static enum err check_told(const struct call *call, const struct enrolment *e)
{
	const struct root_of_trust *told = &e->facts.origin;
	struct view identifier = {0};
	struct ident device;

	TRY(json_text_opt(call->body, "identifier", &identifier));
	if (identifier.data) {
		TRY(reg_device_parse(identifier, &device));
		if (!ident_equal(&device, &e->evidence.device)) {
			return err_fail(ERR_CONFLICT, "9.2 i b: identifier: the evidence is of "
						      "another device");
		}
	}
	return told->kind == ROT_NONE || told->kind == e->evidence.origin.kind
		       ? OK
		       : err_fail(ERR_CONFLICT, "9.2 ii d: root_of_trust: another was shown");
}

static enum err read_told(const struct call *call, struct enrolment *e)
{
	const struct json *facts = json_member(call->body, "facts");

	if (e->evidence.has_facts == (facts != NULL)) {
		return err_fail(ERR_SYNTAX, "9.2 ii d: facts: %s",
			facts ? "they stand in what the device signs" : "what the device is");
	}
	if (facts) {
		TRY(facts_read(facts, &e->facts));
	} else {
		e->facts = e->evidence.facts;
	}
	TRY(facts_check_complete(&e->facts));
	TRY(check_told(call, e));
	e->facts.origin = e->evidence.origin;
	if (!e->facts.serial[0]) {
		memcpy(e->facts.serial, e->evidence.serial, sizeof(e->facts.serial));
	}
	return OK;
}

static enum err read_request(struct call *call, struct enrolment *e)
{
	static const char *const known[] = {"identifier", "facts", "evidence", NULL};
	struct visit *visit = NULL;

	if (!call->body) {
		return err_fail(ERR_SYNTAX, "body: a JSON object is wanted");
	}
	TRY(json_only(call->body, known));
	TRY(device_visit(call, &visit));
	TRY(device_prove(call, visit, json_member(call->body, "evidence"), &e->evidence));
	TRY(read_told(call, e));
	return reg_dev_id_make(&call->registry->id, &e->evidence.device, &e->id);
}

static enum err look(struct call *call)
{
	const struct store_step step = {.statement = FIND_IDENTIFIER,
		.param_count = 1,
		.params = {STORE_TEXT_OF(ident_view(&enrolment_of(call)->evidence.device))}};

	return call_look(call, &step, 1, on_known);
}

enum err device_register(struct call *call)
{
	struct enrolment *e = (void *)buf_extend(&call->keep, sizeof(*e));

	if (!e) {
		return err_fail(ERR_MEMORY, "out of memory");
	}
	memset(e, 0, sizeof(*e));
	if (call->registry->type != REGISTRY_PRIMARY) {
		return err_fail(ERR_DENIED, "9.2: devices are registered by primary registries");
	}
	TRY(read_request(call, e));
	TRY(devices_draw_index(call->registry, false, &e->list_index));
	return look(call);
}

/* --- acknowledge --- */

static enum err answer(struct call *call, unsigned status, enum trust trust, enum lifecycle life)
{
	const struct enrolment *e = enrolment_of(call);
	const struct acknowledgement what = {&e->id, &e->facts, e->list_index};
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	struct json_writer w = json_to(&call->reply);

	TRY(device_acknowledge(call->registry, &what, &jws));
	json_open(&w, NULL);
	json_put_text(&w, "id", reg_dev_id_view(&e->id));
	json_put_text(&w, "registry", reg_id_view(&call->registry->id));
	json_put_text(&w, "identifier", ident_view(&e->evidence.device));
	json_put_string(&w, "trust", trust_name(trust));
	json_put_string(&w, "life", lifecycle_name(life));
	json_put_text(&w, "acknowledgement", buf_contents(&jws));
	json_close(&w);
	call_answer(call, status);
	return OK;
}

/* --- a device that is not known yet --- */

static enum err write_record(const struct enrolment *e, struct buf *record)
{
	struct json_writer w = json_to(record);

	json_open(&w, NULL);
	json_put_text(&w, "subject", reg_dev_id_view(&e->id));
	json_put_text(&w, "identifier", ident_view(&e->evidence.device));
	facts_write(&w, "facts", &e->facts);
	if (e->evidence.key[0]) {
		json_put_string(&w, "key", e->evidence.key);
	}
	json_put_int(&w, "list_index", e->list_index);
	json_close(&w);
	return buf_end(record, "9.2 i e: record of a device");
}

/* ADD_DEVICE, or TAKE_OVER_DEVICE: the same parameters. */
static enum err submit(struct call *call, int statement, call_done *done)
{
	const struct enrolment *e = enrolment_of(call);
	BUF_CLEANUP struct buf record = buf_growing(LEDGER_RECORD_MAX);
	BUF_CLEANUP struct buf facts = buf_growing(FACTS_JSON_MAX);
	struct json_writer w = json_to(&facts);

	facts_write(&w, NULL, &e->facts);
	TRY(buf_end(&facts, "9.2 i e: facts"));
	TRY(write_record(e, &record));
	const struct event event = {.kind = EVENT_DEVICE_REGISTERED,
		.subject = reg_dev_id_view(&e->id),
		.record = buf_contents(&record)};
	struct store_step steps[1 + PREREG_CLAIM_STEPS] = {{.statement = statement,
		.expect = STORE_ONE,
		.param_count = 14,
		.params = {STORE_TEXT_OF(reg_dev_id_view(&e->id)),
			STORE_TEXT_OF(reg_id_view(&call->registry->id)),
			STORE_TEXT_OF(ident_view(&e->evidence.device)),
			STORE_TEXT_OF(view_text(e->facts.make)),
			STORE_TEXT_OF(view_text(e->facts.model)),
			STORE_TEXT_OF(view_text(e->facts.firmware)),
			STORE_TEXT_OF(buf_contents(&facts)), STORE_INT_OF(e->evidence.origin.kind),
			STORE_TEXT_OF(view_text(e->evidence.origin.id)),
			STORE_TEXT_OF(view_text(call->asker.name)),
			STORE_TEXT_OF(view_text(e->evidence.key)), STORE_INT_OF(e->list_index),
			STORE_INT_OF(registry_now(call->registry)), STORE_INT_OF(e->duplicate)}}};

	prereg_claim(call->registry, ident_view(&e->evidence.device), reg_dev_id_view(&e->id),
		&steps[1]);
	return call_submit(call, &event, 1, steps, sizeof(steps) / sizeof(steps[0]), done);
}

static enum err on_added(struct call *call, const struct store_result *result, int64_t first_seq)
{
	(void)result;
	(void)first_seq;
	return answer(call, 201, TRUST_UNVERIFIED, LIFE_REGISTERED);
}

/* Somebody has the index, or has just registered the same device: looking tells which. */
static enum err on_not_added(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct enrolment *e = enrolment_of(call);

	(void)result;
	(void)first_seq;
	if (++e->tries > TRIES) {
		return err_fail(ERR_OVERLOAD, "9.2: no free place in the status list");
	}
	TRY(devices_draw_index(call->registry, true, &e->list_index));
	return look(call);
}

static enum err add(struct call *call)
{
	call->otherwise = on_not_added;
	return submit(call, ADD_DEVICE, on_added);
}

/* --- one that is --- */

/* A subscription is proved by its token, a device with a key of its own by that, in whatever subscription. */
static bool is_same(const struct call *call, const struct enrolment *e,
	const struct device_entry *row)
{
	if (row->rot_kind != e->evidence.origin.kind) {
		return false;
	}
	return e->evidence.key[0] ? view_is(row->proved_key, e->evidence.key)
				  : view_is(row->proved_by, call->asker.name);
}

/* The last one was released by an administrator. */
static bool is_free(const struct device_entry *row)
{
	return row->proved_by.len == 0 && row->proved_key.len == 0;
}

static enum err on_moved(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct device_entry row;

	(void)first_seq;
	if (result->steps[1].rows == 0) {
		return err_fail(ERR_CONFLICT, "9.2: it was changed meanwhile: ask again");
	}
	device_read(result, 1, 0, &row);
	return answer(call, 200, row.trust, row.life);
}

/* The same device with another subscription: from now on it comes with that one. */
static enum err move(struct call *call, const struct device_entry *row)
{
	const struct store_step steps[] = {
		{.statement = MOVE_DEVICE,
			.param_count = 3,
			.params = {STORE_TEXT_OF(row->id),
				STORE_TEXT_OF(view_text(call->asker.name)),
				STORE_TEXT_OF(row->proved_key)}},
		{.statement = FIND_DEVICE, .param_count = 1, .params = {STORE_TEXT_OF(row->id)}},
	};

	return call_look(call, steps, 2, on_moved);
}

static enum err on_taken_over(struct call *call, const struct store_result *result,
	int64_t first_seq)
{
	(void)result;
	(void)first_seq;
	return answer(call, 200, TRUST_UNVERIFIED, LIFE_REGISTERED);
}

static enum err welcome_back(struct call *call, const struct device_entry *row)
{
	struct enrolment *e = enrolment_of(call);
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT, "9.2: it was registered meanwhile: ask again"}};

	if (row->life == LIFE_RETIRED) {
		return err_fail(ERR_CONFLICT, "7: this device was retired, and stays so");
	}
	e->list_index = row->list_index;
	if (is_free(row)) {
		CALL_FAULTS(call, faults);
		return submit(call, TAKE_OVER_DEVICE, on_taken_over);
	}
	return view_is(row->proved_by, call->asker.name) ? answer(call, 200, row->trust, row->life)
							 : move(call, row);
}

/* --- duplicates --- */

static enum err write_duplicate(const struct call *call, const struct enrolment *e,
	const struct device_entry *known, struct buf *record)
{
	struct json_writer w = json_to(record);

	json_open(&w, NULL);
	json_put_text(&w, "subject", known->id);
	json_put_text(&w, "identifier", known->identifier);
	json_open_array(&w, "registries");
	json_put_text(&w, NULL, known->registry);
	json_put_text(&w, NULL, reg_id_view(&call->registry->id));
	json_close_array(&w);
	json_open(&w, "evidence");
	json_put_string(&w, "kind", rot_kind_name(e->evidence.origin.kind));
	json_put_string(&w, "id", e->evidence.origin.id);
	json_close(&w);
	json_close(&w);
	return buf_end(record, "Q.5052: record of a duplicate");
}

static enum err refuse_duplicate(void)
{
	return err_fail(ERR_EXISTS, "9.2 i b: another device is registered under this identifier "
				    "(ITU-T Q.5052)");
}

static enum err on_told_duplicate(struct call *call, const struct store_result *result,
	int64_t first_seq)
{
	(void)result;
	(void)first_seq;
	return enrolment_of(call)->duplicate ? add(call) : refuse_duplicate();
}

/* It is told once: who tries again and again fills no log. */
static enum err tell_duplicate(struct call *call, const struct device_entry *known)
{
	BUF_CLEANUP struct buf record = buf_growing(LEDGER_RECORD_MAX);
	static const struct call_fault faults[] = {{0, ERR_CONFLICT, ERR_EXISTS,
		"9.2 i b: another device is registered under this identifier (ITU-T Q.5052)"}};
	const struct store_step step = {.statement = MARK_DUPLICATE,
		.expect = STORE_ONE,
		.param_count = 1,
		.params = {STORE_TEXT_OF(known->id)}};

	log_event(LOG_WARN, "device.duplicate", "", LOG_TEXT("clause", "9.2 i b"),
		LOG_TEXT("registry", call->registry->id.text));
	TRY(write_duplicate(call, enrolment_of(call), known, &record));
	const struct event event = {.kind = EVENT_DUPLICATE_DETECTED,
		.subject = known->id,
		.record = buf_contents(&record)};

	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, &step, 1, on_told_duplicate);
}

static enum err on_other(struct call *call, const struct device_entry *known)
{
	struct enrolment *e = enrolment_of(call);
	const bool here = view_equal(known->registry, reg_id_view(&call->registry->id));

	e->duplicate = !here && call->registry->conf->duplicates != DUPLICATES_REFUSED;
	if (!known->duplicate) {
		return tell_duplicate(call, known);
	}
	return e->duplicate ? add(call) : refuse_duplicate();
}

static enum err on_known(struct call *call, const struct store_result *result, int64_t first_seq)
{
	const struct enrolment *e = enrolment_of(call);
	struct device_entry row, other = {.list_index = -1};
	bool is_elsewhere = false;

	(void)first_seq;
	for (size_t i = 0; i < result->steps[0].rows; i++) {
		device_read(result, 0, i, &row);
		if (view_equal(row.registry, reg_id_view(&call->registry->id))) {
			return is_same(call, e, &row) || is_free(&row) ? welcome_back(call, &row)
								       : on_other(call, &row);
		}
		if (row.life != LIFE_RETIRED) {
			other = row;
			is_elsewhere = true;
		}
	}
	return is_elsewhere ? on_other(call, &other) : add(call);
}
