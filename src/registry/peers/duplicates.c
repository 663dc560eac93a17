// SPDX-License-Identifier: Apache-2.0
/*
 * The same device at two registries (ITU-T Q.5052): seen by the first level that both are below, which reads its own log for devices
 * that come, and looks for others of the same identifier. Both rows are marked, and each is an event, which the level
 * above and those below are told of: so both registries learn it.  req: R9.2-i-b R7-iv-f
 */
#include "base/log.h"
#include "registry/peers/peers_inside.h"
#include "registry/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READ = 256, LOOKS = 8, KEEP_EVERY = 4096, AGAIN_MS = 1000 };

#define CURSOR "duplicates"

struct duplicates {
	struct registry *registry;
	int64_t next; /* seq to be read */
	int64_t kept; /* as the store has it */
	bool busy;
	size_t units; /* under way, of what was found */
	struct timer again;
	struct reg_dev_id looked[LOOKS];
	size_t count;
};

static void go(struct duplicates *d);

static struct duplicates *of(const struct registry *registry)
{
	return registry->peers ? registry->peers->duplicates : NULL;
}

static void on_again(void *user)
{
	go(user);
}

static void fail(struct duplicates *d)
{
	log_event(LOG_WARN, "registry.duplicates_not_looked_for", "", LOG_DETAIL());
	d->busy = false;
	d->next = d->kept;
	timer_start(d->registry->loop, &d->again, AGAIN_MS, on_again, d);
}

/* --- what was found --- */

static void on_told(void *user, uint64_t ref, const struct store_result *result, int64_t first_seq)
{
	struct duplicates *d = of(user);

	(void)ref;
	(void)first_seq;
	if (!d) {
		return;
	}
	d->units--;
	if (result->err != OK) {
		(void)err_fail(result->err, "%s", result->detail);
		fail(d);
	} else if (d->units == 0) {
		d->kept = d->next;
		d->busy = false;
		go(d);
	}
}

static void write_record(struct view subject, struct view identifier, struct view one,
	struct view other, struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "subject", subject);
	json_put_text(&w, "identifier", identifier);
	json_open_array(&w, "registries");
	json_put_text(&w, NULL, one);
	json_put_text(&w, NULL, other);
	json_close_array(&w);
	json_close(&w);
}

static struct store_step mark(struct view id)
{
	return (struct store_step){.statement = MARK_DUPLICATE,
		.param_count = 1,
		.params = {STORE_TEXT_OF(id)}};
}

/* Two rows of one identifier: an event for each. */
static enum err tell(struct duplicates *d, const struct reg_dev_id *came, struct view id,
	struct view registry)
{
	BUF_CLEANUP struct buf first = buf_growing(4096), second = buf_growing(4096);
	const struct view own = reg_dev_id_view(came), identifier = ident_view(&came->device);
	const struct view from = reg_id_view(&came->registry);
	const struct store_step steps[] = {mark(own), mark(id)};

	write_record(own, identifier, registry, from, &first);
	write_record(id, identifier, registry, from, &second);
	const struct event events[] = {
		{.kind = EVENT_DUPLICATE_DETECTED, .subject = own, .record = buf_contents(&first)},
		{.kind = EVENT_DUPLICATE_DETECTED, .subject = id, .record = buf_contents(&second)},
	};

	log_event(LOG_WARN, "device.duplicate", "", LOG_TEXT("clause", "9.2 i b"),
		LOG_VIEW("registry", registry), LOG_VIEW("and", from));
	TRY(ledger_submit(d->registry->ledger, events, 2, steps, 2, on_told, d->registry, 0));
	d->units++;
	d->registry->peers->duplicate_count++;
	return OK;
}

static enum err look_through(struct duplicates *d, const struct store_result *result, size_t step)
{
	const struct reg_dev_id *came = &d->looked[step];
	int64_t marked = 0;

	for (size_t row = 0; row < result->steps[step].rows; row++) {
		marked += store_at(result, step, row, DEVICE_DUPLICATE).number != 0;
	}
	for (size_t row = 0; row < result->steps[step].rows; row++) {
		const struct view id = store_at(result, step, row, DEVICE_ID).bytes;
		const struct view registry = store_at(result, step, row, DEVICE_REGISTRY).bytes;

		if (!view_equal(registry, reg_id_view(&came->registry)) &&
			(size_t)marked < result->steps[step].rows) {
			return tell(d, came, id, registry);
		}
	}
	return OK;
}

static void on_found(void *user, uint64_t ref, const struct store_result *result)
{
	struct duplicates *d = of(user);
	enum err err = result->err == OK ? OK : err_fail(result->err, "%s", result->detail);

	(void)ref;
	if (!d) {
		return;
	}
	for (size_t i = 0; err == OK && i < result->step_count; i++) {
		err = look_through(d, result, i);
	}
	if (err != OK) {
		fail(d);
	} else if (d->units == 0) {
		d->busy = false;
		go(d);
	}
}

/* --- what comes --- */

static bool is_of_another(const struct duplicates *d, const struct ledger_entry *entry)
{
	return entry->kind == EVENT_DEVICE_REGISTERED && entry->subject.len > 0 &&
	       !view_equal(entry->origin, reg_id_view(&d->registry->id));
}

static void on_kept(void *user, uint64_t ref, const struct store_result *result)
{
	struct duplicates *d = of(user);

	if (d && result->err == OK) {
		d->kept = (int64_t)ref;
	}
}

/* Nothing is lost when it is not kept: it is looked for again after the next start. */
static void keep_place(struct duplicates *d)
{
	const struct store_step step = ledger_cursor_step(CURSOR, d->next);

	if (d->next - d->kept >= KEEP_EVERY && store_submit(d->registry->store, &step, 1, on_kept,
						       d->registry, (uint64_t)d->next) != OK) {
		log_event(LOG_WARN, "registry.place_not_kept", "", LOG_DETAIL());
	}
}

static enum err look(struct duplicates *d)
{
	struct store_step steps[LOOKS];

	for (size_t i = 0; i < d->count; i++) {
		steps[i] = (struct store_step){
			.statement = FIND_IDENTIFIER,
			.param_count = 1,
			.params = {STORE_TEXT_OF(ident_view(&d->looked[i].device))},
		};
	}
	return store_submit(d->registry->store, steps, d->count, on_found, d->registry, 0);
}

static void on_entries(void *user, uint64_t ref, enum err err, const struct ledger_entry *entries,
	size_t count)
{
	struct duplicates *d = of(user);

	(void)ref;
	if (!d) {
		return;
	}
	d->count = 0;
	for (size_t i = 0; err == OK && i < count && d->count < LOOKS; i++) {
		d->next = entries[i].seq + 1;
		if (is_of_another(d, &entries[i]) &&
			reg_dev_id_parse(entries[i].subject, &d->looked[d->count]) == OK &&
			!d->looked[d->count].is_virtual) {
			d->count++;
		}
	}
	keep_place(d);
	if (err == OK && d->count > 0) {
		err = look(d);
	} else {
		d->busy = false;
	}
	if (err != OK) {
		fail(d);
	} else if (!d->busy) {
		go(d);
	}
}

static void go(struct duplicates *d)
{
	struct ledger *ledger = d->registry->ledger;

	if (d->busy || d->registry->peers->quiet || d->next >= ledger_size(ledger)) {
		return;
	}
	d->busy = true;
	if (ledger_read(ledger, d->next, READ, on_entries, d->registry, 0) != OK) {
		fail(d);
	}
}

static void on_logged(void *user)
{
	struct duplicates *d = of(user);

	if (d && !timer_is_running(&d->again)) {
		go(d);
	}
}

/* A primary registry has nobody below: its own duplicates are seen when they register. */
enum err duplicates_start_up(struct peers *peers)
{
	struct registry *registry = peers->registry;
	struct duplicates *d;

	if (registry->type == REGISTRY_PRIMARY) {
		return OK;
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		return err_fail(ERR_MEMORY, "registry: out of memory");
	}
	d->registry = registry;
	peers->duplicates = d;
	TRY(ledger_cursor(registry->ledger, CURSOR, &d->kept));
	d->next = d->kept;
	TRY(ledger_watch(registry->ledger, on_logged, registry));
	go(d);
	return OK;
}

void duplicates_shut_down(struct peers *peers)
{
	if (peers->duplicates) {
		timer_stop(peers->registry->loop, &peers->duplicates->again);
	}
	free(peers->duplicates);
	peers->duplicates = NULL;
}
