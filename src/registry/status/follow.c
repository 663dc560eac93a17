// SPDX-License-Identifier: Apache-2.0
/* follow: reads the log, page by page, and judges the devices that its events are about. A page is done when all of them are;
 * only then does the cursor move, so that a crash leaves nothing out. What is judged twice gives the same. */
#include "registry/status/policing_inside.h"

#include "base/log.h"
#include "registry/status/hearing.h"

#include <stdlib.h>
#include <string.h>

struct waiter {
	int64_t seq;
	policy_passed *done;
	void *user;
	uint64_t ref;
};

struct follow {
	struct policing *policing;
	int64_t next; /* seq: all before it have had their consequences */
	int64_t page_end;
	bool busy;
	struct batch batch;
	struct timer again;
	struct waiter *waiters;
	size_t waiter_count, waiter_room;
};

static void read_on(void *user);

/* ---- who waits ---- */

static void tell_waiters(struct follow *f)
{
	for (size_t i = 0; i < f->waiter_count;) {
		const struct waiter w = f->waiters[i];

		if (w.seq >= f->next) {
			i++;
			continue;
		}
		f->waiters[i] = f->waiters[--f->waiter_count];
		w.done(w.user, w.ref); /* it may wait for another */
	}
}

static enum err add_waiter(struct follow *f, const struct waiter *waiter)
{
	if (f->waiter_count == POLICING_WAITING) {
		return err_fail(ERR_OVERLOAD, "policy: too many wait for it");
	}
	if (f->waiter_count == f->waiter_room) {
		size_t room = f->waiter_room > 0 ? 2 * f->waiter_room : 64;
		struct waiter *more = realloc(f->waiters, room * sizeof(*more));

		if (!more) {
			return err_fail(ERR_MEMORY, "policy: out of memory");
		}
		f->waiters = more;
		f->waiter_room = room;
	}
	f->waiters[f->waiter_count++] = *waiter;
	return OK;
}

enum err policy_when(struct registry *registry, int64_t seq, policy_passed *done, void *user,
	uint64_t ref)
{
	const struct waiter waiter = {.seq = seq, .done = done, .user = user, .ref = ref};
	struct follow *f = registry->policing ? registry->policing->follow : NULL;

	if (f && f->next <= seq) {
		return add_waiter(f, &waiter);
	}
	done(user, ref);
	return OK;
}

/* ---- a page ---- */

static void try_again(struct follow *f)
{
	f->busy = false;
	timer_start(f->policing->registry->loop, &f->again, POLICING_AGAIN_MS, read_on, f);
}

static void on_cursor(void *user, uint64_t ref, const struct store_result *result)
{
	(void)user;
	(void)ref;
	if (result->err != OK) { /* the next page sets it, or the next start judges again */
		log_event(LOG_WARN, "policy.cursor_not_kept", "",
			LOG_TEXT("detail", result->detail));
	}
}

static void on_page_done(struct batch *batch)
{
	struct policing *p = batch->policing;
	struct follow *f = p->follow;
	const struct store_step step = ledger_cursor_step(POLICING_CURSOR, f->page_end);

	if (p->stopping) {
		return;
	}
	if (batch->err != OK) {
		try_again(f);
		return;
	}
	f->next = f->page_end;
	f->busy = false;
	if (store_submit(p->registry->store, &step, 1, on_cursor, NULL, 0) != OK) {
		log_event(LOG_WARN, "policy.cursor_not_kept", "", LOG_DETAIL());
	}
	tell_waiters(f);
	read_on(f);
}

/* Only the last event about a device in a page is a reason to look at it. */
static bool comes_again(const struct ledger_entry *entries, size_t count, size_t i)
{
	for (size_t k = i + 1; k < count; k++) {
		if (hearing_of(entries[k].kind) == HEARING_DEVICE &&
			view_equal(entries[k].subject, entries[i].subject)) {
			return true;
		}
	}
	return false;
}

/* Of our own events alone: another registry's clock, fast or lying, makes nothing due here. */
static void note_time(struct policing *p, const struct ledger_entry *entry)
{
	if (entry->time > p->latest && view_equal(entry->origin, reg_id_view(&p->registry->id))) {
		p->latest = entry->time;
	}
}

static enum err take_entry(struct follow *f, const struct ledger_entry *entries, size_t count,
	size_t i)
{
	const struct ledger_entry *entry = &entries[i];

	note_time(f->policing, entry);
	switch (hearing_of(entry->kind)) {
	case HEARING_DEVICE:
		if (entry->subject.len == 0 || comes_again(entries, count, i)) {
			return OK;
		}
		return judge_device(&f->batch, entry->subject, entry->seq, NULL);
	case HEARING_WORD:
		return hearing_word(&f->batch, entry);
	case HEARING_MANY:
		return hearing_many(&f->batch, entry);
	default:
		return OK;
	}
}

static void on_entries(void *user, uint64_t ref, enum err err, const struct ledger_entry *entries,
	size_t count)
{
	struct registry *registry = user;
	struct follow *f = registry->policing ? registry->policing->follow : NULL;

	(void)ref;
	if (!f || registry->policing->stopping) {
		return;
	}
	if (err != OK) {
		log_event(LOG_ERROR, "policy.log_not_read", "", LOG_DETAIL());
		try_again(f);
		return;
	}
	if (count == 0) {
		f->busy = false;
		return;
	}
	f->page_end = entries[count - 1].seq + 1;
	f->batch = (struct batch){.policing = registry->policing, .left = 1, .done = on_page_done};
	for (size_t i = 0; i < count && f->batch.err == OK; i++) {
		enum err result = take_entry(f, entries, count, i);

		f->batch.err = f->batch.err == OK ? result : f->batch.err;
	}
	batch_filled(&f->batch);
}

static void read_on(void *user)
{
	struct follow *f = user;
	struct registry *registry = f->policing->registry;

	if (f->busy || f->next >= ledger_size(registry->ledger)) {
		return;
	}
	f->busy = true;
	if (ledger_read(registry->ledger, f->next, POLICING_PAGE, on_entries, registry, 0) != OK) {
		try_again(f);
	}
}

enum err follow_start_up(struct policing *p)
{
	struct follow *f = calloc(1, sizeof(*f));

	if (!f) {
		return err_fail(ERR_MEMORY, "policy: out of memory");
	}
	f->policing = p;
	p->follow = f;
	TRY(ledger_cursor(p->registry->ledger, POLICING_CURSOR, &f->next));
	TRY(ledger_watch(p->registry->ledger, read_on, f));
	timer_start(p->registry->loop, &f->again, 0, read_on, f);
	return OK;
}

void follow_shut_down(struct policing *p)
{
	struct follow *f = p->follow;

	if (!f) {
		return;
	}
	timer_stop(p->registry->loop, &f->again);
	free(f->waiters);
	free(f);
	p->follow = NULL;
}
