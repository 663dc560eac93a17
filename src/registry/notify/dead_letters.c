// SPDX-License-Identifier: Apache-2.0
#include "registry/notify/api.h"
#include "registry/notify/inside.h"

#include "base/text.h"

/* ---- listed ---- */

static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row)
{
	(void)call;
	json_open(w, NULL);
	json_put_int(w, "sequence", store_at(result, 0, row, 0).number);
	json_put_int(w, "seq", store_at(result, 0, row, 1).number);
	json_put_int(w, "tries", store_at(result, 0, row, 2).number);
	json_put_int(w, "died", store_at(result, 0, row, 3).number);
	json_put_text(w, "why", store_at(result, 0, row, 4).bytes);
	json_close(w);
	return OK;
}

enum err dead_letter_list(struct call *call)
{
	BUF_CLEANUP struct buf text = buf_growing(32);
	const struct subscriber *s = subscription_of(call);
	uint64_t after = 0;

	if (!s) {
		return ERR_NOT_FOUND;
	}
	TRY(call_page(call, &text));
	if (text.len > 0) {
		TRY(text_from_u64(buf_contents(&text), INT64_MAX, &after, "after"));
	}
	const struct store_step step = {
		.statement = LIST_DEAD_LETTERS,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text(s->id)), STORE_INT_OF((int64_t)after),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put;
	return call_look(call, &step, 1, call_on_list);
}

/* ---- replayed, dropped ---- */

/* Which: a sequence, or "all". */
static enum err read_range(const struct call *call, int64_t *ret_from, int64_t *ret_to)
{
	struct view which = buf_contents(&call->segment2);
	uint64_t sequence;

	*ret_from = 0;
	*ret_to = INT64_MAX;
	if (view_is(which, "all")) {
		return OK;
	}
	if (text_from_u64(which, INT64_MAX, &sequence, "sequence") != OK) {
		return err_fail(ERR_NOT_FOUND, "no such dead letter");
	}
	*ret_from = *ret_to = (int64_t)sequence;
	return OK;
}

static struct store_step range_step(const struct subscriber *s, int statement, int64_t from,
	int64_t to)
{
	return (struct store_step){
		.statement = statement,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text(s->id)), STORE_INT_OF(from), STORE_INT_OF(to)},
	};
}

enum err dead_letter_drop(struct call *call)
{
	const struct subscriber *s = subscription_of(call);
	int64_t from, to;

	if (!s) {
		return ERR_NOT_FOUND;
	}
	TRY(read_range(call, &from, &to));
	const struct store_step step = range_step(s, DROP_DEAD_LETTERS, from, to);

	return call_look(call, &step, 1, call_on_dropped);
}

static enum err on_replayed(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct subscriber *s = roster_find(call->registry->notify, buf_contents(&call->segment));
	struct json_writer w = json_to(&call->reply);
	const int64_t count = (int64_t)result->steps[0].changed;

	(void)first_seq;
	if (count == 0) {
		return err_fail(ERR_NOT_FOUND, "no such dead letter");
	}
	if (s) {
		s->pending += count;
		deliver_wake(s);
	}
	json_open(&w, NULL);
	json_put_int(&w, "replayed", count);
	json_close(&w);
	call_answer(call, 202);
	return OK;
}

enum err dead_letter_replay(struct call *call)
{
	const struct subscriber *s = subscription_of(call);
	int64_t from, to;

	if (!s) {
		return ERR_NOT_FOUND;
	}
	TRY(read_range(call, &from, &to));
	struct store_step steps[] = {
		range_step(s, REPLAY_DEAD_LETTERS, from, to),
		range_step(s, DROP_DEAD_LETTERS, from, to),
	};

	steps[0].params[steps[0].param_count++] = STORE_INT_OF(registry_now(call->registry));
	return call_look(call, steps, 2, on_replayed);
}
