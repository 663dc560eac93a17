// SPDX-License-Identifier: Apache-2.0
#include "registry/enquiry/watch.h"

#include "base/log.h"
#include "base/text.h"
#include "core/reg_id.h"
#include "core/trust.h"
#include "registry/enquiry/standing.h"
#include "registry/enquiry/status_lists.h"

#include <stdlib.h>
#include <string.h>

enum { RETRY_MS = 100, RECORD_MAX = 64 * 1024 };

/* Reads a page of the log, then looks up the devices that it speaks of, some at a time. */
struct watch {
	struct registry *registry;
	struct timer timer; /* after a failure */
	int64_t cursor;
	bool is_reading; /* the log or the store has been asked */
	char (*ids)[REG_DEV_ID_MAX + 1];
	size_t count, looked_up;
};

static void read_on(struct watch *w);
static void look_up(struct watch *w);

static void fail(struct watch *w, enum err err);

/* Results come until the store is closed; the watch may be gone by then. */
static struct watch *watch_of(const struct registry *registry)
{
	return registry->enquiry ? registry->enquiry->watch : NULL;
}

bool watch_is_current(const struct watch *w)
{
	return w->cursor >= ledger_size(w->registry->ledger);
}

static bool concerns_device(enum event_kind kind)
{
	return kind == EVENT_DEVICE_REGISTERED || kind == EVENT_DEVICE_CONFIRMED ||
	       kind == EVENT_DEVICE_REPORTED || kind == EVENT_STATUS_CHANGED ||
	       kind == EVENT_LIFECYCLE_CHANGED || kind == EVENT_ERASED ||
	       kind == EVENT_WORD_HEARD || kind == EVENT_OWNER_SET ||
	       kind == EVENT_OWNER_TRANSFERRED;
}

static void note(struct watch *w, const struct ledger_entry *entry)
{
	if (!concerns_device(entry->kind) || entry->subject.len == 0) {
		return;
	}
	standings_forget(w->registry->enquiry->standings, entry->subject);
	if (entry->kind == EVENT_DEVICE_REGISTERED || entry->kind == EVENT_STATUS_CHANGED ||
		entry->kind == EVENT_ERASED) {
		if (text_copy(w->ids[w->count], sizeof(w->ids[0]), entry->subject, "subject") ==
			OK) {
			w->count++;
		}
	}
}

static void on_entries(void *user, uint64_t ref, enum err err, const struct ledger_entry *entries,
	size_t count)
{
	struct watch *w = watch_of(user);

	(void)ref;
	if (!w) {
		return;
	}
	w->is_reading = false;
	if (err != OK) {
		fail(w, err);
		return;
	}
	w->count = w->looked_up = 0;
	for (size_t i = 0; i < count; i++) {
		note(w, &entries[i]);
		w->cursor = entries[i].seq + 1;
	}
	look_up(w);
}

static void read_on(struct watch *w)
{
	if (w->is_reading || w->looked_up < w->count || watch_is_current(w)) {
		return;
	}
	w->is_reading = true;
	enum err err = ledger_read(w->registry->ledger, w->cursor, LEDGER_READ_MAX, on_entries,
		w->registry, 0);

	if (err != OK) {
		w->is_reading = false;
		fail(w, err);
	}
}

/* ---- status lists ---- */

static void take_row(struct watch *w, const struct store_result *result, size_t step)
{
	enum err err = OK;

	if (result->steps[step].rows > 0 && store_at(result, step, 0, 0).type == STORE_INT) {
		err = status_lists_set(w->registry->enquiry->lists,
			store_at(result, step, 0, 0).number, store_at(result, step, 0, 1).number);
	}
	if (err != OK) {
		log_event(LOG_ERROR, "status_list.not_made", "", LOG_TEXT("error", err_name(err)));
	}
}

static void on_rows(void *user, uint64_t ref, const struct store_result *result)
{
	struct watch *w = watch_of(user);

	if (!w) {
		return;
	}
	w->is_reading = false;
	if (result->err != OK) {
		fail(w, result->err);
		return;
	}
	for (size_t i = 0; i < (size_t)ref; i++) {
		take_row(w, result, i);
	}
	w->looked_up += (size_t)ref;
	look_up(w);
}

static void look_up(struct watch *w)
{
	struct store_step steps[STORE_STEPS];
	size_t count = w->count - w->looked_up;

	if (count == 0) {
		read_on(w);
		return;
	}
	count = count < STORE_STEPS ? count : STORE_STEPS;
	for (size_t i = 0; i < count; i++) {
		steps[i] = (struct store_step){
			.statement = FIND_INDEX,
			.param_count = 1,
			.params = {STORE_TEXT_OF(view_text(w->ids[w->looked_up + i]))},
		};
	}
	w->is_reading = true;
	enum err err = store_submit(w->registry->store, steps, count, on_rows, w->registry, count);

	if (err != OK) {
		w->is_reading = false;
		fail(w, err);
	}
}

/* ---- life ---- */

static void on_time(void *user)
{
	look_up(user);
}

static void fail(struct watch *w, enum err err)
{
	log_event(LOG_WARN, "enquiry.reads_again", "", LOG_TEXT("error", err_name(err)));
	timer_start(w->registry->loop, &w->timer, RETRY_MS, on_time, w);
}

static void on_wake(void *user)
{
	struct watch *w = watch_of(user);

	if (w) {
		read_on(w);
	}
}

enum err watch_start_up(struct registry *registry, struct watch **ret)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w) {
		return err_fail(ERR_MEMORY, "enquiry: out of memory");
	}
	*ret = w;
	w->registry = registry;
	w->cursor = ledger_size(registry->ledger);
	w->ids = calloc(LEDGER_READ_MAX, sizeof(w->ids[0]));
	if (!w->ids) {
		return err_fail(ERR_MEMORY, "enquiry: out of memory");
	}
	return ledger_watch(registry->ledger, on_wake, registry);
}

void watch_shut_down(struct watch *w)
{
	if (w) {
		timer_stop(w->registry->loop, &w->timer);
		free(w->ids);
		free(w);
	}
}
