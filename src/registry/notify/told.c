// SPDX-License-Identifier: Apache-2.0
#include "registry/notify/inside.h"

#include "core/reg_id.h"
#include "registry/enquiry/party.h"
#include "registry/status/policing.h"

#include <string.h>

/* Members of records that are told, when they are there. A record has no owner's data, but may have more than is everyone's. */
static const char *const members[] = {"make", "model", "firmware", "trust", "was", "rule", "reason",
	"cause", "at", "life", "severity", "advisory", "title", "text", "reference", "until",
	"withdrawn", "type", "url", "score", "version", "source"};

enum { TEXT_MAX = 2048 };

static struct view text_of(const struct json *record, const char *name)
{
	struct view text = view_text("");

	if (record && json_text_opt(record, name, &text) != OK) {
		return view_text("");
	}
	return text;
}

bool told_takes(const struct subscription *wants, const struct told *told)
{
	struct subscription_event event = told->event;
	const struct json *model = json_item(told->models, 0);

	if (!model || wants->make.len == 0) {
		return subscription_takes(wants, &event);
	}
	for (; model; model = json_next(model)) {
		event.make = text_of(model, "make");
		event.model = text_of(model, "model");
		if (subscription_takes(wants, &event)) {
			return true;
		}
	}
	return false;
}

/* ---- kinds ---- */

enum audience { STAFF, OWN, ALL };

/* Who may ask for a kind: the staff for each; OWN: whose device it is, too. */
static enum audience audience_of(enum event_kind kind)
{
	switch (kind) {
	case EVENT_STATUS_CHANGED:
	case EVENT_LIFECYCLE_CHANGED:
	case EVENT_VULNERABILITY_RECORDED:
	case EVENT_VULNERABILITY_WITHDRAWN:
	case EVENT_ROOT_OF_TRUST_ACCEPTED:
	case EVENT_ROOT_OF_TRUST_WITHDRAWN:
	case EVENT_APPLICATION_STATUS:
	case EVENT_REGISTRY_JOINED:
	case EVENT_REGISTRY_LEFT:
	case EVENT_REGISTRY_ISOLATED:
	case EVENT_MANUFACTURER_REGISTERED:
	case EVENT_ERASED:
	case EVENT_NOTICE:
		return ALL;
	case EVENT_DEVICE_PREREGISTERED:
	case EVENT_DEVICE_REGISTERED:
	case EVENT_DEVICE_CONFIRMED:
	case EVENT_DEVICE_REPORTED:
	case EVENT_OWNER_SET:
	case EVENT_OWNER_TRANSFERRED:
		return OWN;
	default:
		return STAFF;
	}
}

bool told_by_default(enum event_kind kind)
{
	return kind == EVENT_STATUS_CHANGED || kind == EVENT_LIFECYCLE_CHANGED ||
	       kind == EVENT_VULNERABILITY_RECORDED || kind == EVENT_VULNERABILITY_WITHDRAWN ||
	       kind == EVENT_NOTICE;
}

static bool makes_it(const struct subscriber *s, const struct told *told)
{
	const struct subscription made = {.make = view_text(s->make),
		.from = -1,
		.to = -1,
		.severity = -1};

	return (s->roles & PARTY_MANUFACTURER) && s->make[0] && told_takes(&made, told);
}

/* ---- read ---- */

static int trust_in(const struct json *record, const char *name)
{
	enum trust trust;

	return trust_of(text_of(record, name), &trust) == OK ? (int)trust : -1;
}

static int severity_in(const struct json *record)
{
	enum severity severity;

	return severity_of(text_of(record, "severity"), &severity) == OK ? (int)severity : -1;
}

enum err told_read(const struct ledger_entry *entry, struct told *ret)
{
	struct told told = {.record = NULL, .release_at = INT64_MAX};

	if (entry->record.len > 0) {
		TRY(json_parse(entry->record, LEDGER_RECORD_MAX, &told.record));
	}
	told.event = (struct subscription_event){
		.kind = view_text(event_kind_name(entry->kind)),
		.device = entry->subject,
		.make = text_of(told.record, "make"),
		.model = text_of(told.record, "model"),
		.registry = entry->origin,
		.from = trust_in(told.record, "was"),
		.to = trust_in(told.record, "trust"),
		.severity = severity_in(told.record),
	};
	told.models = json_member(told.record, "models");
	told.tlp = text_of(told.record, "tlp");
	if (json_int_opt(told.record, "release_at", 0, INT64_MAX, &told.release_at) != OK) {
		told.release_at = INT64_MAX;
	}
	*ret = told;
	return OK;
}

void told_free(struct told *told)
{
	json_free(told->record);
	told->record = NULL;
}

static enum viewer viewer_of(const struct subscriber *s, const struct told *told)
{
	if (s->roles & PARTY_AGENCY) {
		return VIEWER_AGENCY;
	}
	return makes_it(s, told) ? VIEWER_MANUFACTURER : VIEWER_ENQUIRER;
}

/* Controlled dissemination: an advisory that may not be seen yet is told again on its day of release. */
static bool is_released_to(const struct subscriber *s, const struct ledger_entry *entry,
	const struct told *told)
{
	enum csaf_tlp tlp = CSAF_TLP_NONE;

	if (entry->kind != EVENT_VULNERABILITY_RECORDED &&
		entry->kind != EVENT_VULNERABILITY_WITHDRAWN) {
		return true;
	}
	return (told->tlp.len == 0 || csaf_tlp_of(told->tlp, &tlp) == OK) &&
	       vulnerability_may_see(tlp, told->release_at, registry_now(s->notify->registry),
		       viewer_of(s, told));
}

/* Who is told all of a device when it asks is told all of its events; as answer_may_all() (registry/enquiry/answer.h). */
static bool may_know_why(const struct subscriber *s, const struct told *told)
{
	return !s->party[0] || s->wants.own || (s->roles & PARTY_AGENCY) || makes_it(s, told);
}

/*
 * A device's events go to agencies, to whoever makes such devices, to its owner, and to enquirers who know it and asked for it
 * by its RegDevID: nobody learns of devices by a wide filter.
 */
static bool may_see_device(const struct subscriber *s, const struct told *told)
{
	return may_know_why(s, told) || (s->wants.devices && (s->roles & PARTY_ENQUIRER));
}

bool told_may_see(const struct subscriber *s, const struct ledger_entry *entry,
	const struct told *told)
{
	const enum audience audience = audience_of(entry->kind);
	struct reg_dev_id id;

	if (!s->party[0]) {
		return true;
	}
	if (s->suspended || audience == STAFF || (audience == OWN && !s->wants.own) ||
		!is_released_to(s, entry, told)) {
		return false;
	}
	return reg_dev_id_parse(entry->subject, &id) != OK || may_see_device(s, told);
}

/* ---- written ---- */

/* What enquirers are not told of a status: why, and what tells how to attack the device. */
static bool is_for_few(enum event_kind kind, const char *name)
{
	static const char *const names[] = {"rule", "reason", "firmware"};

	if (kind == EVENT_STATUS_CHANGED || kind == EVENT_LIFECYCLE_CHANGED ||
		kind == EVENT_APPLICATION_STATUS) {
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (strcmp(name, names[i]) == 0) {
				return true;
			}
		}
	}
	return false;
}

static void put_member(struct json_writer *w, const struct json *record, const char *name)
{
	const struct json *value = json_member(record, name);
	struct view text;

	if (!value || json_is_object(value) || json_is_array(value) ||
		(json_as_text(value, &text) == OK && text.len > TEXT_MAX)) {
		return;
	}
	json_put_value(w, name, value);
}

static void put_subject(struct json_writer *w, struct view subject)
{
	struct reg_dev_id id;

	if (subject.len == 0) {
		return;
	}
	json_put_text(w, reg_dev_id_parse(subject, &id) == OK ? "device" : "subject", subject);
}

static void put_members(const struct subscriber *s, const struct ledger_entry *entry,
	const struct told *told, struct json_writer *w)
{
	const bool all = may_know_why(s, told);

	put_subject(w, entry->subject);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (all || !is_for_few(entry->kind, members[i])) {
			put_member(w, told->record, members[i]);
		}
	}
}

enum err told_put(const struct subscriber *s, const struct ledger_entry *entry, int64_t sequence,
	struct buf *out)
{
	struct json_writer w = json_to(out);
	struct told told;

	TRY(told_read(entry, &told));
	json_open(&w, NULL);
	json_put_string(&w, "kind", event_kind_name(entry->kind));
	json_put_int(&w, "sequence", sequence);
	json_put_int(&w, "seq", entry->seq);
	json_put_int(&w, "time", entry->time);
	json_put_text(&w, "registry", entry->origin);
	json_put_int(&w, "registry_seq", entry->origin_seq);
	if (told.record) {
		put_members(s, entry, &told, &w);
	} else {
		json_put_bool(&w, "erased", true);
	}
	json_close(&w);
	told_free(&told);
	return buf_end(out, "notification");
}
