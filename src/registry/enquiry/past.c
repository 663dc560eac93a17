// SPDX-License-Identifier: Apache-2.0
#include "registry/enquiry/past.h"

#include "base/text.h"
#include "core/reg_id.h"
#include "core/trust.h"
#include "wire/facts_json.h"
#include "wire/json.h"

#include <string.h>

enum { WORD = 128, REASON = 512, RECORD_MAX = 64 * 1024 };

struct past {
	const char *asked_by;
	bool is_virtual, is_there;
	char id[REG_DEV_ID_MAX + 1], registry[REG_ID_MAX + 1], make[WORD], party[WORD];
	enum trust trust;
	enum lifecycle life;
	int64_t since, seq;
	char rule[WORD], reason[REASON];
	char facts[FACTS_JSON_MAX];
	size_t facts_len;
};

struct past *past_of(const struct call *call)
{
	return (struct past *)call->keep.data;
}

struct view past_subject(const struct past *past)
{
	return view_text(past->id);
}

enum err past_begin(struct call *call, const char *asked_by, bool is_virtual,
	const struct known_device *device)
{
	buf_clear(&call->keep);
	struct past *past = (struct past *)buf_extend(&call->keep, sizeof(*past));

	if (!past) {
		return err_fail(ERR_MEMORY, "enquiry: out of memory");
	}
	*past = (struct past){.asked_by = asked_by, .is_virtual = is_virtual, .seq = -1};
	TRY(text_copy(past->id, sizeof(past->id), device->id, "RegDevID"));
	TRY(text_copy(past->registry, sizeof(past->registry), device->registry, "RegID"));
	TRY(text_copy(past->make, sizeof(past->make), device->make, "make"));
	TRY(text_copy(past->party, sizeof(past->party), device->party, "party"));
	if (past->id[0] == '\0') {
		(void)strcpy(past->id, "-");
	}
	return OK;
}

/* ---- events ---- */

static void cut(char *to, size_t room, struct view from)
{
	size_t len = from.len < room ? from.len : room - 1;

	if (len > 0) {
		memcpy(to, from.data, len);
	}
	to[len] = '\0';
}

static enum err take_status(struct past *past, const struct json *record,
	const struct ledger_entry *entry)
{
	struct view trust, rule = {.len = 0}, reason = {.len = 0};

	TRY(json_text(record, "trust", &trust));
	TRY(json_text_opt(record, "rule", &rule));
	TRY(json_text_opt(record, "reason", &reason));
	TRY(trust_of(trust, &past->trust));
	cut(past->rule, sizeof(past->rule), rule);
	cut(past->reason, sizeof(past->reason), reason);
	past->since = entry->time;
	past->seq = entry->seq;
	return json_int_opt(record, "cause", 0, INT64_MAX, &past->seq);
}

static enum err take_facts(struct past *past, const struct json *record)
{
	const struct json *facts = json_member(record, "facts");
	struct buf out = buf_fixed(past->facts, sizeof(past->facts));
	struct json_writer w = json_to(&out);

	if (!json_is_object(facts)) {
		return OK;
	}
	json_put_value(&w, NULL, facts);
	past->facts_len = out.len;
	return buf_end(&out, "facts");
}

static enum err take_life(struct past *past, const struct json *record)
{
	struct view name;

	TRY(json_text(record, "lifecycle", &name));
	return lifecycle_of(name, &past->life);
}

static void begin_life(struct past *past, const struct ledger_entry *entry)
{
	past->is_there = true;
	past->trust = TRUST_UNVERIFIED;
	past->life = LIFE_REGISTERED;
	past->since = entry->time;
	past->seq = entry->seq;
	past->rule[0] = past->reason[0] = '\0';
}

static enum err take_record(struct past *past, const struct json *record,
	const struct ledger_entry *entry)
{
	switch (entry->kind) {
	case EVENT_DEVICE_REGISTERED:
		begin_life(past, entry);
		return take_facts(past, record);
	case EVENT_DEVICE_CONFIRMED:
		past->life = LIFE_ACTIVE;
		return OK;
	case EVENT_DEVICE_REPORTED:
		return take_facts(past, record);
	case EVENT_STATUS_CHANGED:
		past->is_there = true;
		return take_status(past, record, entry);
	case EVENT_LIFECYCLE_CHANGED:
		return take_life(past, record);
	default:
		return OK;
	}
}

enum err past_take(struct past *past, const struct ledger_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		JSON_CLEANUP struct json *record = NULL;

		if (!entries[i].salt) {
			continue; /* erased */
		}
		TRY(json_parse(entries[i].record, RECORD_MAX, &record));
		TRY(take_record(past, record, &entries[i]));
	}
	return OK;
}

/* ---- the answer ---- */

static enum err add(struct answering *a, const struct past *past)
{
	const struct known_device device = {
		.id = view_text(past->id),
		.registry = view_text(past->registry),
		.make = view_text(past->make),
		.party = view_text(past->party),
		.facts = past->facts_len > 0 ? view_of(past->facts, past->facts_len)
					     : view_text("{}"),
		.rule = view_text(past->rule),
		.reason = view_text(past->reason),
		.trust = (int)past->trust,
		.life = (int)past->life,
		.since = past->since,
		.seq = past->seq,
		.list_index = -1,
	};

	return past->is_there ? answer_add(a, &device, past->is_virtual) : OK;
}

enum err past_answer(struct past *past, struct call *call)
{
	struct answering *a =
		answer_begin(call, past->asked_by, buf_contents(&call->segment), call->number);

	if (!a) {
		return err_fail(ERR_MEMORY, "enquiry: out of memory");
	}
	enum err err = add(a, past);

	if (err != OK) {
		answer_drop(a);
		return err;
	}
	return answer_end(a, call);
}
