// SPDX-License-Identifier: Apache-2.0
#include "registry/ledger/ledger_inside.h"

#include <stdlib.h>
#include <string.h>

static struct view keep(uint8_t **at, struct view v)
{
	struct view kept = {*at, v.len};

	if (v.len > 0) {
		memcpy(*at, v.data, v.len);
	}
	*at += v.len;
	return kept;
}

struct recent_event *recent_new(const struct ledger_entry *entry)
{
	size_t bytes = sizeof(struct recent_event) + entry->origin.len + entry->subject.len +
		       entry->record.len;
	struct recent_event *event = malloc(bytes);

	if (!event) {
		return NULL;
	}
	uint8_t *at = event->data;

	event->bytes = bytes;
	event->entry = *entry;
	event->entry.origin = keep(&at, entry->origin);
	event->entry.subject = keep(&at, entry->subject);
	event->entry.record = keep(&at, entry->record);
	memcpy(event->commitment, entry->commitment, LEDGER_HASH);
	event->entry.commitment = event->commitment;
	if (entry->salt) {
		memcpy(event->salt, entry->salt, LEDGER_SALT);
		event->entry.salt = event->salt;
	}
	return event;
}

void recent_drop(struct recent_event *event)
{
	if (event) {
		bytes_wipe(event, event->bytes);
		free(event);
	}
}

static void drop_oldest(struct recent *r)
{
	struct recent_event *oldest = r->events[r->first];

	r->bytes -= oldest->bytes;
	r->first = (r->first + 1) % r->room;
	r->count--;
	recent_drop(oldest);
}

static bool make_room(struct recent *r)
{
	size_t room = r->room > 0 ? r->room * 2 : 256;
	struct recent_event **events = calloc(room, sizeof(struct recent_event *));

	if (!events) {
		return false;
	}
	for (size_t i = 0; i < r->count; i++) {
		events[i] = r->events[(r->first + i) % r->room];
	}
	free(r->events);
	r->events = events;
	r->room = room;
	r->first = 0;
	return true;
}

void recent_add(struct recent *r, struct recent_event *event)
{
	if (r->count == r->room && !make_room(r)) {
		recent_clear(r);
	}
	if (r->room == 0) {
		recent_drop(event);
		return;
	}
	r->events[(r->first + r->count++) % r->room] = event;
	r->bytes += event->bytes;
	while (r->bytes > r->ceiling && r->count > 1) {
		drop_oldest(r);
	}
}

void recent_clear(struct recent *r)
{
	while (r->count > 0) {
		drop_oldest(r);
	}
	free(r->events);
	r->events = NULL;
	r->room = 0;
}

void recent_erase(struct recent *r, struct view subject, int64_t below)
{
	for (size_t i = 0; i < r->count; i++) {
		struct recent_event *event = r->events[(r->first + i) % r->room];

		if (event->entry.seq < below && view_equal(event->entry.subject, subject)) {
			bytes_wipe(event->salt, sizeof(event->salt));
			/* the origin stays: it stands in the leaf */
			bytes_wipe(event->data + event->entry.origin.len,
				event->bytes - sizeof(*event) - event->entry.origin.len);
			event->entry.salt = NULL;
			event->entry.subject = event->entry.record = view_text("");
		}
	}
}

const struct recent_event *recent_at(const struct recent *r, int64_t seq)
{
	if (r->count == 0) {
		return NULL;
	}
	const int64_t at = seq - r->events[r->first]->entry.seq;

	return at < 0 || at >= (int64_t)r->count ? NULL
						 : r->events[(r->first + (size_t)at) % r->room];
}
