// SPDX-License-Identifier: Apache-2.0
/*
 * import_unit: rows on their way into the store, a few a unit. What is in a row's place afterwards tells whether it is this
 * row: one that comes again, because the batch's mark was not reached, is found done, and one that another row was before
 * is told. No row makes a unit fail, so that none takes others with it.  req: R9.2-i-g
 */
#include "registry/owners/import_inside.h"
#include "wire/facts_json.h"
#include "wire/owner_row.h"

#include <stdio.h>
#include <string.h>

enum { LINE_BITS = 32 };

static store_done on_unit;

void import_note_trouble(struct import_run *run, enum err err, const char *detail)
{
	if (run->trouble == OK) {
		run->trouble = err;
		(void)snprintf(run->detail, sizeof(run->detail), "%s", detail);
	}
}

/* ---- filling ---- */

static struct view keep(struct import_filling *f, struct view text)
{
	const size_t at = f->text.len;

	buf_view(&f->text, text);
	return view_of(f->room + at, text.len);
}

static enum err begin_unit(struct import_filling *f, struct import_run *run)
{
	struct owners *owners = run->registry->owners;
	pool_ref ref;

	if (f->unit) {
		return OK;
	}
	f->run = run;
	f->count = 0;
	f->text = buf_fixed(f->room, sizeof(f->room));
	TRY(pool_take(owners->import_units, &ref, (void **)&f->unit));
	f->unit->ref = ref;
	f->unit->run = run->ref;
	return OK;
}

static void add_step(struct import_filling *f, struct store_step step)
{
	f->steps[f->count++] = step;
}

static void put_error(struct import_filling *f, int64_t line, const char *why)
{
	add_step(f, (struct store_step){
			    .statement = ADD_ROW_ERROR,
			    .param_count = 3,
			    .params = {STORE_INT_OF(f->run->no), STORE_INT_OF(line),
				    STORE_TEXT_OF(keep(f, view_text(why)))},
		    });
}

/* A manufacturer announces its own makes, and an administrator those of the manufacturer that is named.  req: R6.3 */
static enum err check_maker(const struct import_run *run, struct device_row *row)
{
	const char *asks = run->importer;
	const struct manufacturer *m;

	if (asks[0] && row->manufacturer[0] && strcmp(asks, row->manufacturer) != 0) {
		return err_fail(ERR_DENIED, "manufacturer: not the one that imports");
	}
	if (asks[0]) {
		(void)snprintf(row->manufacturer, sizeof(row->manufacturer), "%s", asks);
	}
	if (!row->manufacturer[0]) {
		return OK;
	}
	m = manufacturer_find(run->registry->owners, view_text(row->manufacturer));
	if (!m) {
		return err_fail(ERR_DENIED, "manufacturer: not registered here");
	}
	return manufacturer_makes(m, view_text(row->facts.make))
		       ? OK
		       : err_fail(ERR_DENIED, "make: not one of this manufacturer's");
}

static enum err put_device(struct import_filling *f, int64_t line)
{
	const struct device_row *row = &f->device;
	struct registry *registry = f->run->registry;
	struct view identifier = keep(f, ident_view(&row->device));
	char reference[OWNER_REFERENCE];
	const size_t at = f->text.len;
	struct json_writer w = json_to(&f->text);

	TRY(owner_hash_reference(registry, row->owner, reference));
	facts_write(&w, NULL, &row->facts);
	struct view facts = view_of(f->room + at, f->text.len - at);

	add_step(f, (struct store_step){
			    .statement = ADD_PREREG,
			    .param_count = 7,
			    .params = {STORE_INT_OF(f->run->no << LINE_BITS | line),
				    STORE_TEXT_OF(identifier),
				    STORE_TEXT_OF(keep(f, view_text(row->manufacturer))),
				    STORE_TEXT_OF(keep(f, view_text(reference))),
				    STORE_TEXT_OF(facts), STORE_INT_OF(registry_now(registry)),
				    STORE_TEXT_OF(reg_id_view(&registry->id))},
		    });
	add_step(f, (struct store_step){
			    .statement = FIND_PREREG,
			    .param_count = 1,
			    .params = {STORE_TEXT_OF(identifier)},
		    });
	return buf_end(&f->text, "row");
}

/* The same row gives the same owner when it comes again. */
static enum err id_of_row(const struct import_run *run, int64_t line, char ret[OWNER_ID])
{
	char row[64], hash[OWNER_REFERENCE];

	(void)snprintf(row, sizeof(row), "row %lld %lld", (long long)run->no, (long long)line);
	TRY(owner_hash_reference(run->registry, row, hash));
	(void)snprintf(ret, OWNER_ID, "o%.*s", OWNER_ID - 2, hash);
	return OK;
}

static enum err put_owner(struct import_filling *f, int64_t line, char id[OWNER_ID])
{
	struct registry *registry = f->run->registry;
	char reference[OWNER_REFERENCE];

	TRY(id_of_row(f->run, line, id));
	TRY(owner_hash_reference(registry, f->owner.reference, reference));
	const size_t at = f->text.len;

	TRY(owner_seal(registry, id, &f->owner.record, &f->text));
	struct view record = view_of(f->room + at, f->text.len - at);
	struct view kept = keep(f, view_text(reference));

	add_step(f,
		(struct store_step){
			.statement = IMPORT_OWNER,
			.param_count = 7,
			.params = {STORE_TEXT_OF(keep(f, view_text(id))), STORE_TEXT_OF(kept),
				STORE_BLOB_OF(record), STORE_INT_OF(0), STORE_NULL_OF(),
				STORE_TEXT_OF(view_text("")), STORE_INT_OF(registry_now(registry))},
		});
	add_step(f, (struct store_step){
			    .statement = FIND_OWNER_REFERENCE,
			    .param_count = 1,
			    .params = {STORE_TEXT_OF(kept)},
		    });
	return buf_end(&f->text, "row");
}

static enum err read_row(struct import_filling *f, const struct csv_columns *columns,
	struct view row)
{
	if (f->run->kind == IMPORT_OWNERS) {
		return owner_row_read(columns, row, &f->owner);
	}
	TRY(device_row_read(columns, row, &f->device));
	return check_maker(f->run, &f->device);
}

static enum err put_good_row(struct import_filling *f, int64_t line)
{
	struct import_unit *unit = f->unit;
	const size_t at = unit->count++;

	unit->rows[at].line = line;
	unit->rows[at].step = (int)f->count + 1;
	unit->rows[at].has_owner = f->run->kind == IMPORT_DEVICES && f->device.owner[0];
	if (f->run->kind == IMPORT_DEVICES) {
		return put_device(f, line);
	}
	enum err err = put_owner(f, line, unit->rows[at].owner);

	owner_row_wipe(&f->owner);
	return err;
}

enum err import_put_row(struct import_run *run, const struct csv_columns *columns, struct view row,
	int64_t line)
{
	struct import_filling *f = run->registry->owners->filling;

	if (f->unit && (f->unit->count == IMPORT_UNIT_ROWS ||
			       f->text.room - f->text.len < IMPORT_ROW_TEXT)) {
		TRY(import_flush(run));
	}
	TRY(begin_unit(f, run));
	enum err err = read_row(f, columns, row);

	if (err == OK) {
		return put_good_row(f, line);
	}
	if (err == ERR_NOT_FOUND || err == ERR_MEMORY) {
		return err == ERR_MEMORY ? err : OK; /* blank */
	}
	f->unit->rows[f->unit->count].line = line;
	f->unit->rows[f->unit->count++].step = -1;
	put_error(f, line, err_detail());
	run->failed++;
	return OK;
}

enum err import_flush(struct import_run *run)
{
	struct import_filling *f = run->registry->owners->filling;
	struct import_unit *unit = f->unit;

	if (!unit) {
		return OK;
	}
	f->unit = NULL;
	enum err err = f->count == 0 ? OK
				     : store_submit(run->registry->store, f->steps, f->count,
					       on_unit, run->registry, unit->ref);

	if (err != OK || f->count == 0) {
		pool_give(run->registry->owners->import_units, unit->ref);
		return err;
	}
	run->waiting++;
	return OK;
}

void import_drop_filling(struct import_run *run)
{
	struct owners *owners = run->registry->owners;

	if (owners->filling->unit) {
		pool_give(owners->import_units, owners->filling->unit->ref);
		owners->filling->unit = NULL;
	}
}

/* ---- stored ---- */

/* NULL: the row stands in the store. */
static const char *why_not(const struct import_run *run, const struct import_unit *unit, size_t row,
	const struct store_result *result)
{
	const size_t step = (size_t)unit->rows[row].step;
	const bool found = result->steps[step].rows > 0;

	if (run->kind == IMPORT_OWNERS) {
		return found && view_is(store_at(result, step, 0, 0).bytes, unit->rows[row].owner)
			       ? NULL
			       : "owner: there is one of this name already";
	}
	if (found && store_at(result, step, 0, 0).number ==
			     (run->no << LINE_BITS | unit->rows[row].line)) {
		return NULL;
	}
	return found ? "device: it is announced already"
	       : unit->rows[row].has_owner
		       ? "device: it is registered already, or owner: nobody of this name is known"
		       : "device: it is registered already";
}

static void store_refusals(struct import_run *run, const struct import_unit *unit,
	const struct store_result *result)
{
	struct store_step steps[IMPORT_UNIT_ROWS];
	size_t count = 0;

	for (size_t row = 0; row < unit->count; row++) {
		if (unit->rows[row].step < 0) {
			continue;
		}
		const char *why = why_not(run, unit, row, result);

		if (!why) {
			run->added++;
			continue;
		}
		run->failed++;
		steps[count++] = (struct store_step){
			.statement = ADD_ROW_ERROR,
			.param_count = 3,
			.params = {STORE_INT_OF(run->no), STORE_INT_OF(unit->rows[row].line),
				STORE_TEXT_OF(view_text(why))},
		};
	}
	if (count == 0) {
		return;
	}
	enum err err = store_submit(run->registry->store, steps, count, import_on_errors,
		run->registry, run->ref);

	if (err == OK) {
		run->waiting++;
	} else {
		import_note_trouble(run, err, err_detail());
	}
}

static void on_unit(void *user, uint64_t ref, const struct store_result *result)
{
	struct registry *registry = user;
	struct import_unit *unit =
		registry->owners ? pool_at(registry->owners->import_units, ref) : NULL;
	struct import_run *run = unit ? import_run_of(registry, unit->run) : NULL;

	if (!run) {
		return;
	}
	if (result->err == OK) {
		store_refusals(run, unit, result);
	} else {
		import_note_trouble(run, result->err, result->detail);
	}
	pool_give(registry->owners->import_units, ref);
	run->waiting--;
	import_settle(run);
}

void import_on_errors(void *user, uint64_t ref, const struct store_result *result)
{
	struct import_run *run = import_run_of(user, ref);

	if (!run) {
		return;
	}
	if (result->err != OK) {
		import_note_trouble(run, result->err, result->detail);
	}
	run->waiting--;
	import_settle(run);
}
