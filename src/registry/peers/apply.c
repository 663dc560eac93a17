// SPDX-License-Identifier: Apache-2.0
/*
 * Verified entries on their way into the store: a unit takes a few, with what they do to the tables and with the place in the
 * other log, in one commit: each is applied once, whenever either side is killed. Units follow each other without waiting. Where
 * entries may have come before, by another way or before a readmission, they are looked up first.  req: R7-iv-f
 */
#include "base/log.h"
#include "registry/peers/peers_inside.h"
#include "registry/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE_FIRST = 256, UNIT_ENTRIES = 256, LOOK_ENTRIES = 8, CAREFUL = 1024 };

static void pump(struct follower *f);

static struct queued *queued_at(const struct follower *f, size_t i)
{
	return &f->queue[(f->first + i) % f->room];
}

static void drop_queued(struct queued *q)
{
	json_free(q->checked.document);
	free(q->end);
	*q = (struct queued){.in_snapshot = false};
}

static void pop(struct follower *f, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		drop_queued(queued_at(f, 0));
		f->first = (f->first + 1) % f->room;
		f->count--;
	}
}

void apply_drop(struct follower *f)
{
	pop(f, f->count);
	f->looking = 0;
}

static enum err make_room(struct follower *f, size_t more)
{
	size_t room = f->room > 0 ? f->room : QUEUE_FIRST;

	while (room < f->count + more) {
		room *= 2;
	}
	if (room == f->room) {
		return OK;
	}
	struct queued *queue = calloc(room, sizeof(*queue));

	if (!queue) {
		return err_fail(ERR_MEMORY, "entries of a log: out of memory");
	}
	for (size_t i = 0; i < f->count; i++) {
		queue[i] = *queued_at(f, i);
	}
	free(f->queue);
	f->queue = queue;
	f->room = room;
	f->first = 0;
	return OK;
}

static void push(struct follower *f, const struct queued *q)
{
	f->queue[(f->first + f->count++) % f->room] = *q;
}

/* --- results --- */

static struct follower *follower_of(const struct unit *unit)
{
	struct follower *f = unit->peer ? unit->peer->follower : NULL;

	return f && f->generation == unit->generation ? f : NULL;
}

static enum err give_unit(struct registry *registry, uint64_t ref, struct unit *ret)
{
	struct unit *unit = registry->peers ? pool_at(registry->peers->units, ref) : NULL;

	if (!unit) {
		return ERR_NOT_FOUND;
	}
	*ret = *unit;
	pool_give(registry->peers->units, ref);
	if (ret->peer) {
		ret->peer->units--;
	}
	return OK;
}

static void on_unit(void *user, uint64_t ref, const struct store_result *result, int64_t first_seq)
{
	struct registry *registry = user;
	struct unit unit;

	(void)first_seq;
	if (give_unit(registry, ref, &unit) != OK || !unit.peer) {
		return;
	}
	struct follower *f = follower_of(&unit);

	if (result->err == OK && unit.moves) {
		unit.peer->seq = unit.seq;
		unit.peer->range = unit.range;
	}
	if (result->err == OK && unit.says_goodbye) { /* the stream may have ended since */
		peer_gone(unit.peer);
		return;
	}
	if (!f) {
		return;
	}
	if (result->err == ERR_EXISTS) {
		f->peer->careful_until = f->seq + CAREFUL;
	}
	if (result->err != OK) {
		(void)err_fail(ERR_UNAVAILABLE, "entries were not applied: %s", result->detail);
		follower_lose(f);
		return;
	}
	registry->peers->entries_in += unit.count;
	if (f->check.greeted && follower_lag(f) == 0) {
		f->in_step = registry_now(registry);
	}
	pump(f);
	follower_breathe(f);
}

/* --- units --- */

/* Takes the entry into the range of the other log; those of a snapshot do not change it. */
static enum err advance(struct follower *f, const struct queued *q)
{
	struct merkle_hash leaf;

	if (q->end) {
		f->range = *q->end;
	} else if (!q->in_snapshot) {
		merkle_leaf(q->checked.entry.leaf, &leaf);
		TRY(merkle_append(&f->range, &leaf, NULL, NULL));
	}
	f->seq = (int64_t)f->range.size;
	return OK;
}

static struct store_step move_step(const struct peer *peer, const struct follower *f,
	int64_t before, struct buf *range)
{
	merkle_range_write(&f->range, range);
	return (struct store_step){
		.statement = MOVE_PEER,
		.expect = STORE_ONE,
		.param_count = 4,
		.params = {STORE_TEXT_OF(reg_id_view(&peer->id)), STORE_INT_OF(f->seq),
			STORE_BLOB_OF(buf_contents(range)), STORE_INT_OF(before)},
	};
}

static enum err submit(struct follower *f, struct image *image, size_t count, int64_t before)
{
	struct peers *peers = f->peer->registry->peers;
	BUF_CLEANUP struct buf range = buf_growing(MERKLE_RANGE_BYTES);
	struct unit *unit;
	pool_ref self;

	TRY(buf_end(&image->text, "record"));
	TRY(pool_take(peers->units, &self, (void **)&unit));
	*unit = (struct unit){.peer = f->peer,
		.generation = f->generation,
		.count = count,
		.moves = f->seq != before,
		.says_goodbye = f->says_goodbye,
		.seq = f->seq,
		.range = f->range};
	if (unit->moves) { /* first: most likely to be refused */
		memmove(image->steps + 1, image->steps, image->step_count * sizeof(image->steps[0]));
		image->steps[0] = move_step(f->peer, f, before, &range);
		image->step_count++;
	}
	enum err err = ledger_submit(f->peer->registry->ledger, image->events, image->event_count,
		image->steps, image->step_count, on_unit, f->peer->registry, self);

	if (err != OK) {
		pool_give(peers->units, self);
		return err;
	}
	f->peer->units++;
	return OK;
}

/* Whether one more entry fits, and the step that moves the place. */
static bool has_room(const struct image *image)
{
	return image->document_count < STORE_STEPS && /* entries that do nothing have one too */
	       image->event_count + IMAGE_EVENTS <= LEDGER_EVENTS &&
	       image->step_count + IMAGE_STEPS + 1 + image->event_count + IMAGE_EVENTS <=
		       STORE_STEPS;
}

/* "registry_left" of the sender's own, since it last joined, with us as its subject. */
static bool is_goodbye(const struct follower *f, const struct log_entry *entry)
{
	const struct peer *peer = f->peer;
	JSON_CLEANUP struct json *record = NULL;
	struct view subject = {NULL, 0};
	char own[PEER_SUBJECT];

	if (!entry->has_record || !view_is(entry->envelope.kind, "registry_left") ||
		!view_equal(entry->envelope.registry, reg_id_view(&peer->id)) ||
		entry->envelope.time < peer->since ||
		json_parse(entry->record, entry->record.len, &record) != OK) {
		return false;
	}
	(void)snprintf(own, sizeof(own), "registry:%s", peer->registry->id.text);
	return json_text_opt(record, "subject", &subject) == OK && view_is(subject, own);
}

/*
 * As many entries from the front of the queue as fit, at most `most`, but those that are `known`. A fault of one entry alone is
 * told, and the entry does nothing: its log is none the worse.
 */
static enum err make_unit(struct follower *f, size_t most, const bool *known, struct image *image,
	size_t *ret_count)
{
	size_t count = 0;

	while (count < most && count < f->count && has_room(image)) {
		const struct queued *q = queued_at(f, count);

		if (q->checked.document && !(known && known[count]) &&
			image_add(image, &q->checked.entry) != OK) {
			log_event(LOG_WARN, "registry.entry_says_nothing", "",
				LOG_VIEW("registry", reg_id_view(&f->peer->id)),
				LOG_INT("seq", q->checked.entry.seq), LOG_DETAIL());
		}
		if (q->checked.document && is_goodbye(f, &q->checked.entry)) {
			f->says_goodbye = true;
		}
		TRY(advance(f, q));
		count++;
	}
	*ret_count = count;
	return OK;
}

static enum err send_unit(struct follower *f, size_t most, const bool *known, size_t *ret_count)
{
	struct image *image = f->peer->registry->peers->image;
	const int64_t before = f->seq;

	image->peer = f->peer;
	enum err err = make_unit(f, most, known, image, ret_count);

	if (err == OK && (image->step_count > 0 || image->event_count > 0 || f->seq != before)) {
		err = submit(f, image, *ret_count, before);
	}
	image_free(image);
	return err;
}

/* --- looking entries up --- */

static bool fill_look(const struct peer *peer, const struct log_entry *entry, struct store_step *ret)
{
	const enum image_word word = image_word_of(peer, entry);

	*ret = (struct store_step){
		.statement = word == IMAGE_RELAYED ? FIND_RELAYED : FIND_WORD,
		.param_count = 2,
		.params = {STORE_TEXT_OF(entry->envelope.registry), STORE_INT_OF(entry->origin_seq)},
	};
	return word == IMAGE_RELAYED || word == IMAGE_WORD;
}

/* The same place in the same log with other contents: that log was forked, wherever it was. */
static enum err compare(const struct store_result *result, size_t step,
	const struct log_entry *entry, bool *ret_known)
{
	const struct view kept = store_at(result, step, 0, 0).bytes;

	*ret_known = result->steps[step].rows > 0;
	if (*ret_known && kept.len == LOG_COMMITMENT &&
		memcmp(kept.data, entry->envelope.commitment, LOG_COMMITMENT) != 0) {
		return err_fail(ERR_CONFLICT, "entry %lld: its first log had another one there",
			(long long)entry->seq);
	}
	return OK;
}

static enum err take_looked(struct follower *f, const struct store_result *result)
{
	bool known[LOOK_ENTRIES] = {false};
	size_t step = 0, count = 0;

	if (result->err != OK) {
		return err_fail(ERR_UNAVAILABLE, "%s", result->detail);
	}
	for (size_t i = 0; i < f->looking; i++) {
		const struct queued *q = queued_at(f, i);
		struct store_step asked;

		if (!q->checked.document || !fill_look(f->peer, &q->checked.entry, &asked)) {
			continue;
		}
		TRY(compare(result, step++, &q->checked.entry, &known[i]));
		if (known[i] && !q->in_snapshot && f->peer->careful_until < f->seq + CAREFUL) {
			f->peer->careful_until = f->seq + CAREFUL;
		}
	}
	while (f->looking > 0) {
		TRY(send_unit(f, f->looking, known, &count));
		memmove(known, known + count, sizeof(known) - count * sizeof(known[0]));
		pop(f, count);
		f->looking -= count;
	}
	return OK;
}

static void on_looked(void *user, uint64_t ref, const struct store_result *result)
{
	struct registry *registry = user;
	struct unit unit;

	if (give_unit(registry, ref, &unit) != OK || !unit.peer) {
		return;
	}
	struct follower *f = follower_of(&unit);

	if (!f) {
		return;
	}
	enum err err = take_looked(f, result);

	if (err != OK) {
		follower_fail(f, err);
		return;
	}
	pump(f);
	follower_breathe(f);
}

static enum err look(struct follower *f)
{
	struct peers *peers = f->peer->registry->peers;
	struct store_step steps[LOOK_ENTRIES];
	struct unit *unit;
	size_t count = 0;
	pool_ref self;

	for (f->looking = 0; f->looking < f->count && f->looking < LOOK_ENTRIES; f->looking++) {
		const struct queued *q = queued_at(f, f->looking);

		if (q->checked.document && fill_look(f->peer, &q->checked.entry, &steps[count])) {
			count++;
		}
	}
	if (count == 0) { /* nothing that could be there already */
		steps[count++] = (struct store_step){.statement = FIND_PEER_PLACE,
			.param_count = 1,
			.params = {STORE_TEXT_OF(reg_id_view(&f->peer->id))}};
	}
	TRY(pool_take(peers->units, &self, (void **)&unit));
	*unit = (struct unit){.peer = f->peer, .generation = f->generation};
	enum err err = store_submit(peers->registry->store, steps, count, on_looked,
		peers->registry, self);

	if (err != OK) {
		pool_give(peers->units, self);
		return err;
	}
	f->peer->units++;
	return OK;
}

/* --- from the queue into the store --- */

static bool is_careful(const struct follower *f)
{
	const struct queued *q = queued_at(f, 0);

	return q->in_snapshot || q->end || f->seq < f->peer->careful_until;
}

static enum err pump_one(struct follower *f, bool *ret_more)
{
	const size_t most = (size_t)f->peer->registry->conf->peers_units_each;
	size_t count = 0;

	*ret_more = false;
	if (f->count == 0 || f->looking > 0 || f->peer->units >= most) {
		return OK;
	}
	if (is_careful(f)) {
		return f->peer->units == 0 ? look(f) : OK;
	}
	TRY(send_unit(f, UNIT_ENTRIES, NULL, &count));
	pop(f, count);
	*ret_more = true;
	return OK;
}

static enum err pump_all(struct follower *f)
{
	bool more = true;

	while (more) {
		TRY(pump_one(f, &more));
	}
	return OK;
}

static void pump(struct follower *f)
{
	enum err err = pump_all(f);

	if (err != OK) {
		(void)err_fail(ERR_UNAVAILABLE, "%s", err_detail());
		follower_lose(f);
	}
}

enum err apply_take(void *follower, const struct checked *entries, size_t count,
	const struct merkle_range *range, bool in_snapshot)
{
	struct follower *f = follower;
	struct merkle_range *end = NULL;

	if (make_room(f, count + 1) != OK) {
		for (size_t i = 0; i < count; i++) {
			json_free(entries[i].document);
		}
		return err_fail(ERR_UNAVAILABLE, "entries of a log: out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		push(f, &(struct queued){.checked = entries[i], .in_snapshot = in_snapshot});
	}
	if (in_snapshot && range) {
		end = malloc(sizeof(*end));
		if (!end) {
			return err_fail(ERR_UNAVAILABLE, "entries of a log: out of memory");
		}
		*end = *range;
		push(f, &(struct queued){.end = end});
	}
	enum err err = pump_all(f);

	return err == OK ? OK : err_fail(ERR_UNAVAILABLE, "%s", err_detail());
}
