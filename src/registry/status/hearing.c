// SPDX-License-Identifier: Apache-2.0
#include "registry/status/hearing.h"

#include "base/log.h"
#include "registry/status/recording.h"

enum hearing hearing_of(enum event_kind kind)
{
	switch (kind) {
	case EVENT_DEVICE_REGISTERED:
	case EVENT_DEVICE_CONFIRMED:
	case EVENT_DEVICE_REPORTED:
	case EVENT_LIFECYCLE_CHANGED:
	case EVENT_DECISION:
	case EVENT_DUPLICATE_DETECTED:
		return HEARING_DEVICE;
	case EVENT_WORD_HEARD:
		return HEARING_WORD;
	case EVENT_VULNERABILITY_RECORDED:
	case EVENT_VULNERABILITY_WITHDRAWN:
	case EVENT_ROOT_OF_TRUST_ACCEPTED:
	case EVENT_ROOT_OF_TRUST_WITHDRAWN:
	case EVENT_POLICY_CHANGED:
	case EVENT_MOVEMENT_RELEASED:
		return HEARING_MANY;
	default:
		return HEARING_NOTHING;
	}
}

static bool is_ours(const struct policing *p, const struct ledger_entry *entry)
{
	return view_equal(entry->origin, reg_id_view(&p->registry->id));
}

/* What cannot be read is another registry's fault, and must not stop what follows it. */
static enum err not_heard(const struct ledger_entry *entry)
{
	log_event(LOG_WARN, "policy.not_heard", "", LOG_INT("seq", entry->seq), LOG_DETAIL());
	return OK;
}

static void on_movement(void *user, uint64_t ref, const struct store_result *result)
{
	struct registry *registry = user;

	(void)ref;
	if (registry->policing && result->err == OK) {
		moving_wake(registry->policing);
	} else if (result->err != OK) {
		log_event(LOG_ERROR, "policy.movement_lost", "", LOG_TEXT("detail", result->detail));
	}
}

static enum err read_word(const struct ledger_entry *entry, const struct json *root,
	struct store_step *ret)
{
	struct view registry, trust_text;
	enum trust trust;

	TRY(json_text(root, "origin", &registry));
	TRY(json_text(json_member(root, "record"), "trust", &trust_text));
	TRY(trust_of(trust_text, &trust));
	*ret = (struct store_step){
		.statement = SET_WORD,
		.param_count = 4,
		.params = {STORE_TEXT_OF(entry->subject), STORE_TEXT_OF(registry),
			STORE_INT_OF(trust), STORE_INT_OF(entry->seq)},
	};
	return OK;
}

static enum err hear_vulnerability(struct policing *p, const struct ledger_entry *entry,
	const struct json *root, enum event_kind kind)
{
	BUF_CLEANUP struct buf record = buf_growing(LEDGER_RECORD_MAX);
	struct json_writer w = json_to(&record);
	struct recording_from from;

	TRY(json_text(root, "origin", &from.registry));
	json_put_value(&w, NULL, json_member(root, "record"));
	TRY(buf_end(&record, "vulnerability"));
	from.record = buf_contents(&record);
	return recording_hear(p, kind, &from, entry->seq, on_movement);
}

static enum err hear(struct batch *batch, const struct ledger_entry *entry, const struct json *root)
{
	struct store_step step;
	struct view name;
	enum event_kind kind;

	TRY(json_text(root, "kind", &name));
	TRY(event_kind_of(name, &kind));
	switch (kind) {
	case EVENT_STATUS_CHANGED:
		TRY(read_word(entry, root, &step));
		return judge_device(batch, entry->subject, entry->seq, &step);
	case EVENT_DUPLICATE_DETECTED: /* its row is marked */
		return judge_device(batch, entry->subject, entry->seq, NULL);
	case EVENT_VULNERABILITY_RECORDED:
	case EVENT_VULNERABILITY_WITHDRAWN:
		return hear_vulnerability(batch->policing, entry, root, kind);
	default:
		return OK;
	}
}

/* What a child heard is the child's: it comes here as what the child does about it. */
enum err hearing_word(struct batch *batch, const struct ledger_entry *entry)
{
	JSON_CLEANUP struct json *root = NULL;

	if (!is_ours(batch->policing, entry) || entry->record.len == 0) {
		return OK;
	}
	enum err err = json_parse(entry->record, LEDGER_RECORD_MAX, &root);

	err = err == OK ? hear(batch, entry, root) : err;
	return err == ERR_SYNTAX || err == ERR_RANGE ? not_heard(entry) : err;
}

static enum movement_kind movement_of(enum event_kind kind)
{
	switch (kind) {
	case EVENT_VULNERABILITY_RECORDED:
	case EVENT_VULNERABILITY_WITHDRAWN:
		return MOVEMENT_VULNERABILITY;
	case EVENT_ROOT_OF_TRUST_ACCEPTED:
	case EVENT_ROOT_OF_TRUST_WITHDRAWN:
		return MOVEMENT_ROOT;
	default:
		return MOVEMENT_ALL;
	}
}

/* Roots of trust are each registry's own affair. */
enum err hearing_many(struct batch *batch, const struct ledger_entry *entry)
{
	struct policing *p = batch->policing;
	const bool ours = is_ours(p, entry);
	const enum movement_kind kind = movement_of(entry->kind);

	if (entry->kind == EVENT_MOVEMENT_RELEASED || ours) {
		moving_wake(p);
		return OK;
	}
	if (kind != MOVEMENT_VULNERABILITY || entry->subject.len == 0) {
		return OK;
	}
	const struct recording_from from = {.registry = entry->origin, .record = entry->record};

	const enum err err = recording_hear(p, entry->kind, &from, entry->seq, on_movement);

	return err == ERR_SYNTAX || err == ERR_RANGE ? not_heard(entry) : err;
}
