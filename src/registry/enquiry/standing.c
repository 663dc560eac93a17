// SPDX-License-Identifier: Apache-2.0
#include "registry/enquiry/standing.h"

#include "base/text.h"
#include "core/trust.h"
#include "registry/enquiry/answer.h"
#include "registry/enquiry/watch.h"

#include <stdlib.h>

/* An entry that waits for the store is there already: what the log says meanwhile removes it, and then the store's answer,
 * which may be older, is not kept. */
struct standing {
	int64_t token; /* of whoever fills it; 0: it is filled */
	int64_t since, seq;
	uint8_t trust, life;
};

struct standings {
	struct table *devices;
	size_t ceiling;
	int64_t last_token;
};

enum err standings_new(size_t devices, struct standings **ret)
{
	struct standings *s = calloc(1, sizeof(*s));

	if (!s) {
		return err_fail(ERR_MEMORY, "standings: out of memory");
	}
	s->ceiling = devices;
	enum err err = table_new(devices, &s->devices);

	if (err != OK) {
		free(s);
		return err;
	}
	*ret = s;
	return OK;
}

static void free_each(void *user, struct view id, void *value)
{
	struct standings *s = user;

	(void)table_remove(s->devices, id);
	free(value);
}

void standings_free(struct standings *s)
{
	if (s) {
		table_each(s->devices, free_each, s);
		table_free(s->devices);
		free(s);
	}
}

void standings_forget(struct standings *s, struct view id)
{
	free(table_remove(s->devices, id));
}

static enum err answer(struct call *call, const struct standing *standing)
{
	struct json_writer w = json_to(&call->reply);

	TRY(answer_note(call, trust_name((enum trust)standing->trust)));
	json_open(&w, NULL);
	json_put_text(&w, "reg_dev_id", buf_contents(&call->segment));
	json_put_string(&w, "trust", trust_name((enum trust)standing->trust));
	json_put_string(&w, "lifecycle", lifecycle_name((enum lifecycle)standing->life));
	json_put_int(&w, "since", standing->since);
	json_put_int(&w, "seq", standing->seq);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

static enum err on_row(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct standings *s = call->registry->enquiry->standings;
	const struct view id = buf_contents(&call->segment);
	struct standing *kept = table_get(s->devices, id);

	(void)first_seq;
	if (result->steps[0].rows == 0) {
		if (kept && kept->token == call->number) {
			standings_forget(s, id);
		}
		return err_fail(ERR_NOT_FOUND, "no such device is known");
	}
	const struct standing standing = {
		.trust = (uint8_t)store_at(result, 0, 0, 0).number,
		.life = (uint8_t)store_at(result, 0, 0, 1).number,
		.since = store_at(result, 0, 0, 2).number,
		.seq = store_at(result, 0, 0, 3).number,
	};

	if (kept && kept->token == call->number) {
		*kept = standing;
	}
	return answer(call, &standing);
}

/* All are forgotten at once when there are too many: it costs one look each to have them again. */
static void remember_to_fill(struct standings *s, struct call *call)
{
	const struct view id = buf_contents(&call->segment);
	struct standing *standing;

	if (table_count(s->devices) >= s->ceiling) {
		table_each(s->devices, free_each, s);
	}
	standing = calloc(1, sizeof(*standing));
	call->number = ++s->last_token;
	if (!standing || table_put(s->devices, id, standing) != OK) {
		free(standing);
		return;
	}
	standing->token = call->number;
}

enum err standing_show(struct call *call)
{
	const struct enquiry *e = call->registry->enquiry;
	const struct view id = buf_contents(&call->segment);
	const struct standing *kept = table_get(e->standings->devices, id);
	const struct store_step step = {.statement = FIND_STANDING,
		.param_count = 1,
		.params = {STORE_TEXT_OF(id)}};

	if (kept && kept->token == 0 && watch_is_current(e->watch)) {
		return answer(call, kept);
	}
	call->number = 0;
	if (!kept) {
		remember_to_fill(e->standings, call);
	}
	return call_look(call, &step, 1, on_row);
}
