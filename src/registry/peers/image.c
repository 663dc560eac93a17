// SPDX-License-Identifier: Apache-2.0
/*
 * What an entry of another log does here. A child's is logged again as it is, so that the level above has it in its turn, and
 * changes the row of its device. What a parent or a bilateral peer says is its word: of devices elsewhere it is kept as the
 * last that was heard; of our own devices, and of vulnerabilities, it becomes an event of ours, which our own policy
 * weighs.  req: R7-iv-d R7-iv-f R9.4-i-b R6.1-d
 */
#include "core/trust.h"
#include "registry/peers/peers_inside.h"
#include "registry/schema.h"
#include "wire/facts_json.h"

#include <string.h>

static struct view keep(struct image *image, struct view text)
{
	const size_t at = image->text.len;

	buf_view(&image->text, text);
	return image->text.failed ? view_text("")
				  : view_of(image->text.data + at, image->text.len - at);
}

/* Rooms are as large as has_room() of apply.c says. */
static struct store_step *add_step(struct image *image, int statement, size_t param_count)
{
	struct store_step *step = &image->steps[image->step_count++];

	*step = (struct store_step){.statement = statement, .param_count = param_count};
	return step;
}

void image_free(struct image *image)
{
	while (image->document_count > 0) {
		json_free(image->documents[--image->document_count]);
	}
	image->step_count = image->event_count = 0;
	buf_wipe(&image->text);
}

/* --- what it is to us --- */

static bool is_ours(const struct peer *peer, struct view registry)
{
	struct reg_id id;

	return reg_id_parse(registry, &id) == OK && reg_id_within(&id, &peer->registry->id);
}

static bool is_theirs(const struct peer *peer, struct view registry)
{
	struct reg_id id;

	return reg_id_parse(registry, &id) == OK && reg_id_within(&id, &peer->id);
}

/* A bilateral peer speaks for itself and those below it; a parent for its whole hierarchy, but not for us. */
static bool may_speak(const struct peer *peer, const struct log_entry *entry)
{
	if (is_ours(peer, entry->envelope.registry)) {
		return false;
	}
	return peer->relation == PEER_PARENT || is_theirs(peer, entry->envelope.registry);
}

static struct view subject_of(const struct json *record)
{
	struct view subject = {NULL, 0};

	return json_text_opt(record, "subject", &subject) == OK ? subject : view_text("");
}

/* Of a device in this registry or below. */
static bool is_of_ours(const struct peer *peer, struct view subject)
{
	struct reg_dev_id device;

	return reg_dev_id_parse(subject, &device) == OK &&
	       reg_id_within(&device.registry, &peer->registry->id);
}

/* Of a device that the sender has, or has below it; of a parent's hierarchy are all.  req: R6.1-d */
static bool is_its_device(const struct peer *peer, struct view subject)
{
	struct reg_dev_id device;

	return reg_dev_id_parse(subject, &device) == OK &&
	       (peer->relation == PEER_PARENT || reg_id_within(&device.registry, &peer->id));
}

static enum image_word word_of_record(const struct peer *peer, const struct log_entry *entry,
	enum event_kind kind)
{
	JSON_CLEANUP struct json *record = NULL;

	if (json_parse(entry->record, entry->record.len, &record) != OK) {
		return IMAGE_NOTHING;
	}
	const struct view subject = subject_of(record);
	const bool of_ours = is_of_ours(peer, subject), is_parent = peer->relation == PEER_PARENT;

	switch (kind) {
	case EVENT_STATUS_CHANGED:
		if (of_ours) {
			return is_parent ? IMAGE_WORD : IMAGE_NOTHING;
		}
		return is_its_device(peer, subject) ? IMAGE_HEARD : IMAGE_NOTHING;
	case EVENT_ERASED: /* what is no device is in the sender's log alone */
		return !of_ours && is_its_device(peer, subject) ? IMAGE_HEARD : IMAGE_NOTHING;
	case EVENT_DUPLICATE_DETECTED: /* seen by the first level that both are below */
		return of_ours && is_parent ? IMAGE_WORD : IMAGE_NOTHING;
	case EVENT_VULNERABILITY_RECORDED:
	case EVENT_VULNERABILITY_WITHDRAWN:
		return IMAGE_WORD;
	case EVENT_WORD_HEARD: /* of its own parents: for us if it is of ours, or of no device */
		return is_parent && (of_ours || reg_dev_id_parse(subject,
							&(struct reg_dev_id){.len = 0}) != OK)
			       ? IMAGE_WORD
			       : IMAGE_NOTHING;
	default:
		return IMAGE_NOTHING;
	}
}

enum image_word image_word_of(const struct peer *peer, const struct log_entry *entry)
{
	enum event_kind kind;

	if (event_kind_of(entry->envelope.kind, &kind) != OK) {
		return IMAGE_NOTHING; /* of a later version than ours */
	}
	if (peer->relation == PEER_CHILD) {
		return IMAGE_RELAYED;
	}
	return entry->has_record && may_speak(peer, entry) ? word_of_record(peer, entry, kind)
							   : IMAGE_NOTHING;
}

/* --- a child's: devices --- */

static enum err add_device(struct image *image, const struct log_entry *entry,
	const struct json *record, size_t place)
{
	const struct json *object = json_member(record, "facts");
	struct view subject = subject_of(record), list[5] = {{NULL, 0}};
	struct reg_dev_id id;
	struct device_facts facts = {0};

	TRY(reg_dev_id_parse(subject, &id));
	if (json_is_object(object)) {
		TRY(facts_read(object, &facts));
	}
	const size_t at = image->text.len;
	struct json_writer w = json_to(&image->text);

	facts_write(&w, NULL, &facts);
	list[0] = view_of(image->text.data + at, image->text.len - at);
	list[1] = keep(image, view_text(facts.make));
	list[2] = keep(image, view_text(facts.model));
	list[3] = keep(image, view_text(facts.firmware));
	list[4] = keep(image, view_text(facts.origin.id));
	struct store_step *step = add_step(image, PUT_RELAYED_DEVICE, 12);

	step->params[0] = STORE_TEXT_OF(subject);
	step->params[1] = STORE_TEXT_OF(keep(image, reg_id_view(&id.registry)));
	step->params[2] = STORE_TEXT_OF(keep(image, ident_view(&id.device)));
	step->params[3] = STORE_TEXT_OF(list[1]);
	step->params[4] = STORE_TEXT_OF(list[2]);
	step->params[5] = STORE_TEXT_OF(list[3]);
	step->params[6] = STORE_TEXT_OF(list[0]);
	step->params[7] = STORE_INT_OF(facts.origin.kind);
	step->params[8] = STORE_TEXT_OF(list[4]);
	step->params[9] = STORE_INT_OF(entry->envelope.time);
	step->params[10] = STORE_INT_OF((int64_t)place);
	step->params[11] = STORE_INT_OF(LIFE_REGISTERED);
	return OK;
}

static enum err add_report(struct image *image, const struct log_entry *entry,
	const struct json *record, size_t place)
{
	const struct json *object = json_member(record, "facts");
	struct device_facts facts = {0};

	if (!json_is_object(object)) {
		return OK;
	}
	TRY(facts_read(object, &facts));
	const size_t at = image->text.len;
	struct json_writer w = json_to(&image->text);

	facts_write(&w, NULL, &facts);
	const struct view text = view_of(image->text.data + at, image->text.len - at);
	struct store_step *step = add_step(image, SET_RELAYED_FACTS, 5);

	step->params[0] = STORE_TEXT_OF(subject_of(record));
	step->params[1] = STORE_TEXT_OF(keep(image, view_text(facts.firmware)));
	step->params[2] = STORE_TEXT_OF(text);
	step->params[3] = STORE_INT_OF(entry->envelope.time);
	step->params[4] = STORE_INT_OF((int64_t)place);
	return OK;
}

static enum err add_life(struct image *image, const struct json *record, enum lifecycle life,
	const struct log_entry *entry)
{
	struct store_step *step = add_step(image, SET_RELAYED_LIFE, 3);

	step->params[0] = STORE_TEXT_OF(subject_of(record));
	step->params[1] = STORE_INT_OF(life);
	step->params[2] =
		life == LIFE_ACTIVE ? STORE_INT_OF(entry->envelope.time) : STORE_NULL_OF();
	return OK;
}

static enum err add_lifecycle(struct image *image, const struct json *record,
	const struct log_entry *entry)
{
	struct view name;
	enum lifecycle life;

	TRY(json_text(record, "lifecycle", &name));
	TRY(lifecycle_of(name, &life));
	return add_life(image, record, life, entry);
}

static enum err add_trust(struct image *image, const struct log_entry *entry,
	const struct json *record, size_t place)
{
	struct view name, rule = {NULL, 0};
	enum trust trust;

	TRY(json_text(record, "trust", &name));
	TRY(json_text_opt(record, "rule", &rule));
	TRY(trust_of(name, &trust));
	struct store_step *step = add_step(image, SET_RELAYED_TRUST, 5);

	step->params[0] = STORE_TEXT_OF(subject_of(record));
	step->params[1] = STORE_INT_OF(trust);
	step->params[2] = STORE_INT_OF(entry->envelope.time);
	step->params[3] = STORE_TEXT_OF(rule);
	step->params[4] = STORE_INT_OF((int64_t)place);
	return OK;
}

/* Record and salt go here as they went there; the leaf stays.  req: R9.1-iii */
static void add_erasure(struct image *image, struct view subject, int statement)
{
	image->steps[image->step_count++] = ledger_erase_step(subject);
	struct store_step *step = add_step(image, statement, 1);

	step->params[0] = STORE_TEXT_OF(subject);
}

/* Another one has shown evidence of the same identifier. */
static void add_mark(struct image *image, struct view subject)
{
	struct store_step *step = add_step(image, MARK_DUPLICATE, 1);

	step->params[0] = STORE_TEXT_OF(subject);
}

/* `place`: of its own event among those of the unit. */
static enum err add_image(struct image *image, const struct log_entry *entry, enum event_kind kind,
	const struct json *record, size_t place)
{
	struct reg_dev_id device;

	if (reg_dev_id_parse(subject_of(record), &device) != OK) {
		return OK;
	}
	switch (kind) {
	case EVENT_DEVICE_REGISTERED:
		return add_device(image, entry, record, place);
	case EVENT_DEVICE_CONFIRMED:
		return add_life(image, record, LIFE_ACTIVE, entry);
	case EVENT_DEVICE_REPORTED:
		return add_report(image, entry, record, place);
	case EVENT_LIFECYCLE_CHANGED:
		return add_lifecycle(image, record, entry);
	case EVENT_STATUS_CHANGED:
		return add_trust(image, entry, record, place);
	case EVENT_DUPLICATE_DETECTED:
		add_mark(image, subject_of(record));
		return OK;
	case EVENT_ERASED:
		add_erasure(image, subject_of(record), DROP_RELAYED_DEVICE);
		return OK;
	default:
		return OK;
	}
}

static enum err add_relayed(struct image *image, const struct log_entry *entry,
	const struct json *record)
{
	const size_t place = image->event_count, steps = image->step_count;
	struct event *event = &image->events[image->event_count++];
	struct reg_dev_id device;
	enum err err = OK;

	*event = (struct event){
		.record = entry->record,
		.origin = entry->envelope.registry,
		.origin_seq = entry->origin_seq,
		.origin_time = entry->envelope.time,
	};
	TRY(event_kind_of(entry->envelope.kind, &event->kind));
	/* What is not for us (docs/protocol/registry_peers.md) is not kept, should it be sent. */
	if (!entry->has_record || !peer_rules_may_see(PEER_PARENT, event->kind)) {
		event->record = view_text("");
		event->commitment = entry->envelope.commitment;
		return OK;
	}
	event->salt = entry->salt;
	if (event->kind != EVENT_ERASED || reg_dev_id_parse(subject_of(record), &device) == OK) {
		event->subject = subject_of(record); /* else it would erase of our own */
	}
	err = add_image(image, entry, event->kind, record, place);
	if (err != OK) {
		image->step_count =
			steps; /* it is logged all the same: the log is the child's word */
	}
	return err;
}

/* --- another's word --- */

static enum err add_heard(struct image *image, const struct log_entry *entry,
	const struct json *record, enum event_kind kind)
{
	struct view name, make = {NULL, 0}, model = {NULL, 0};
	struct reg_dev_id id;
	enum trust trust;

	if (kind == EVENT_ERASED) {
		add_erasure(image, subject_of(record), DROP_HEARD);
		return OK;
	}
	TRY(reg_dev_id_parse(subject_of(record), &id));
	TRY(json_text(record, "trust", &name));
	TRY(json_text_opt(record, "make", &make));
	TRY(json_text_opt(record, "model", &model));
	TRY(trust_of(name, &trust));
	struct store_step *step = add_step(image, PUT_HEARD, 8);

	step->params[0] = STORE_TEXT_OF(subject_of(record));
	step->params[1] = STORE_TEXT_OF(keep(image, reg_id_view(&id.registry)));
	step->params[2] = STORE_TEXT_OF(reg_id_view(&image->peer->id));
	step->params[3] = STORE_INT_OF(trust);
	step->params[4] = STORE_INT_OF(entry->envelope.time);
	step->params[5] = STORE_INT_OF(entry->origin_seq);
	step->params[6] = STORE_TEXT_OF(make);
	step->params[7] = STORE_TEXT_OF(model);
	return OK;
}

/* What somebody above its sender said is passed on as theirs. */
static void write_word(struct image *image, const struct log_entry *entry, const struct json *record)
{
	const struct json *inner = json_member(record, "record");
	struct view kind = entry->envelope.kind, origin = entry->envelope.registry;
	struct json_writer w = json_to(&image->text);

	if (view_is(kind, "word_heard") && json_is_object(inner)) {
		(void)!json_text_opt(record, "kind", &kind);
		(void)!json_text_opt(record, "origin", &origin);
	} else {
		inner = record;
	}
	json_open(&w, NULL);
	json_put_text(&w, "subject", subject_of(record));
	json_put_text(&w, "from", reg_id_view(&image->peer->id));
	json_put_text(&w, "origin", origin);
	json_put_text(&w, "kind", kind);
	json_put_value(&w, "record", inner);
	json_close(&w);
}

static enum err add_word(struct image *image, const struct log_entry *entry,
	const struct json *record)
{
	const size_t at = image->text.len;

	write_word(image, entry, record);
	if (image->text.failed || image->text.len - at > LEDGER_RECORD_MAX) {
		image->text.failed = false;
		image->text.len = at;
		return err_fail(ERR_RANGE, "word of another registry: too long for a record");
	}
	const struct view word = view_of(image->text.data + at, image->text.len - at);
	struct store_step *step = add_step(image, ADD_WORD, 2);

	step->expect = STORE_ONE;
	step->params[0] = STORE_TEXT_OF(entry->envelope.registry);
	step->params[1] = STORE_INT_OF(entry->origin_seq);
	if (view_is(entry->envelope.kind, "duplicate_detected")) {
		add_mark(image, subject_of(record));
	}
	image->events[image->event_count++] = (struct event){
		.kind = EVENT_WORD_HEARD,
		.subject = subject_of(record),
		.record = word,
	};
	return OK;
}

enum err image_add(struct image *image, const struct log_entry *entry)
{
	const enum image_word word = image_word_of(image->peer, entry);
	enum event_kind kind;
	struct json *record = NULL;

	if (word == IMAGE_NOTHING) {
		return OK;
	}
	TRY(event_kind_of(entry->envelope.kind, &kind));
	if (entry->has_record) {
		TRY(json_parse(entry->record, entry->record.len, &record));
		image->documents[image->document_count++] = record;
	}
	switch (word) {
	case IMAGE_RELAYED:
		return add_relayed(image, entry, record);
	case IMAGE_HEARD:
		return add_heard(image, entry, record, kind);
	default:
		return add_word(image, entry, record);
	}
}
