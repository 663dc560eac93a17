// SPDX-License-Identifier: Apache-2.0
#include "store/unit.h"

#include "base/secret.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Results stand in chunks that never move; a larger array of rows leaves the smaller one behind. */
struct unit_chunk {
	struct unit_chunk *next;
	size_t used, room;
	_Alignas(max_align_t) uint8_t bytes[];
};

enum { CHUNK = 1024, RESULT_BYTES = 64 << 20 };

static size_t aligned(size_t size)
{
	return (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
}

/* ---- steps and parameters ---- */

static enum err check_params(const struct store_step *step, size_t *bytes)
{
	for (size_t i = 0; i < step->param_count; i++) {
		const struct store_value *v = &step->params[i];

		if (v->type != STORE_TEXT && v->type != STORE_BLOB) {
			continue;
		}
		if (v->bytes.len > RESULT_BYTES - *bytes) {
			return err_fail(ERR_RANGE, "store: parameters past %d bytes", RESULT_BYTES);
		}
		*bytes += v->bytes.len;
		if (v->type == STORE_BLOB || v->bytes.len == 0) {
			continue;
		}
		if (memchr(v->bytes.data, 0, v->bytes.len) || !text_is_utf8(v->bytes)) {
			return err_fail(ERR_SYNTAX, "store: $%zu is not UTF-8 text", i + 1);
		}
	}
	return OK;
}

/* What a unit needs, so that it is one allocation. */
static enum err measure(const struct store_step *steps, size_t count, size_t *ret_params,
	size_t *ret_bytes)
{
	if (count == 0 || count > STORE_STEPS) {
		return err_fail(ERR_RANGE, "store: a unit of %zu steps", count);
	}
	size_t params = 0, bytes = 0;

	for (size_t i = 0; i < count; i++) {
		if (steps[i].param_count > STORE_PARAMS) {
			return err_fail(ERR_RANGE, "store: a step with %zu parameters",
				steps[i].param_count);
		}
		params += steps[i].param_count;
		TRY(check_params(&steps[i], &bytes));
	}
	*ret_params = params;
	*ret_bytes = bytes;
	return OK;
}

static void copy_steps(const struct store_step *from, size_t count, struct unit_step *steps,
	struct store_value *params, uint8_t *bytes)
{
	for (size_t i = 0; i < count; i++) {
		steps[i] = (struct unit_step){.statement = from[i].statement,
			.expect = from[i].expect,
			.param_count = from[i].param_count,
			.params = params};
		for (size_t k = 0; k < from[i].param_count; k++, params++) {
			*params = from[i].params[k];
			if (params->type != STORE_TEXT && params->type != STORE_BLOB) {
				continue;
			}
			params->bytes.data = bytes;
			if (params->bytes.len > 0) {
				memcpy(bytes, from[i].params[k].bytes.data, params->bytes.len);
				bytes += params->bytes.len;
			}
		}
	}
}

enum err unit_new(const struct store_step *steps, size_t count, size_t row_ceiling,
	struct unit **ret)
{
	size_t params = 0, bytes = 0;

	TRY(measure(steps, count, &params, &bytes));

	size_t steps_at = aligned(sizeof(struct unit));
	size_t rows_at = steps_at + aligned(count * sizeof(struct unit_step));
	size_t params_at = rows_at + aligned(count * sizeof(struct store_rows));
	size_t bytes_at = params_at + params * sizeof(struct store_value);
	uint8_t *at = malloc(bytes_at + bytes);

	if (!at) {
		return err_fail(ERR_MEMORY, "store: no memory for a unit");
	}
	struct unit *u = (struct unit *)at;

	*u = (struct unit){.row_ceiling = row_ceiling,
		.size = bytes_at + bytes,
		.rows = (struct store_rows *)(at + rows_at),
		.steps = (struct unit_step *)(at + steps_at),
		.step_count = count};
	copy_steps(steps, count, (struct unit_step *)(at + steps_at),
		(struct store_value *)(at + params_at), at + bytes_at);
	unit_reset(u);
	*ret = u;
	return OK;
}

/* ---- results ---- */

static void free_chunks(struct unit *u)
{
	while (u->chunks) {
		struct unit_chunk *c = u->chunks;

		u->chunks = c->next;
		bytes_wipe(c->bytes, c->used);
		free(c);
	}
	u->bytes = 0;
}

void unit_free(struct unit *u)
{
	if (!u) {
		return;
	}
	free_chunks(u);
	bytes_wipe(u, u->size);
	free(u);
}

void unit_reset(struct unit *u)
{
	free_chunks(u);
	memset(u->rows, 0, u->step_count * sizeof(*u->rows));
	u->result = (struct store_result){.err = OK, .steps = u->rows, .step_count = u->step_count};
	u->row_room = 0;
	u->detail[0] = 0;
	u->result.detail = u->detail;
}

static enum err take(struct unit *u, size_t size, void **ret)
{
	struct unit_chunk *c = u->chunks;

	if (size > RESULT_BYTES || aligned(size) > RESULT_BYTES - u->bytes) {
		return err_fail(ERR_RANGE, "store: more than %d bytes of result", RESULT_BYTES);
	}
	size = aligned(size);
	if (!c || c->room - c->used < size) {
		size_t room = c && c->room < RESULT_BYTES / 2 ? 2 * c->room : CHUNK;

		room = room < size ? size : room;
		c = malloc(sizeof(*c) + room);
		if (!c) {
			return err_fail(ERR_MEMORY, "store: no memory for a result");
		}
		*c = (struct unit_chunk){.next = u->chunks, .room = room};
		u->chunks = c;
	}
	*ret = c->bytes + c->used;
	c->used += size;
	u->bytes += size;
	return OK;
}

enum err unit_row(struct unit *u, size_t step, size_t columns, struct store_value **ret_values)
{
	struct store_rows *r = &u->rows[step];

	if (r->rows == 0) {
		u->row_room = 0;
		r->columns = columns;
	}
	if (r->rows == u->row_ceiling) {
		return err_fail(ERR_RANGE, "store: more than %zu rows", u->row_ceiling);
	}
	if (r->rows == u->row_room) {
		size_t room = r->rows ? 4 * r->rows : 1;
		void *larger = NULL;

		TRY(take(u, room * columns * sizeof(struct store_value), &larger));
		if (r->rows) {
			memcpy(larger, r->values, r->rows * columns * sizeof(struct store_value));
		}
		r->values = larger;
		u->row_room = room;
	}
	*ret_values = (struct store_value *)r->values + r->rows * columns;
	memset(*ret_values, 0, columns * sizeof(struct store_value));
	r->rows++;
	return OK;
}

enum err unit_copy(struct unit *u, const void *data, size_t len, struct view *ret)
{
	void *to = NULL;

	if (len == 0) {
		*ret = (struct view){.data = (const uint8_t *)"", .len = 0};
		return OK;
	}
	TRY(take(u, len, &to));
	memcpy(to, data, len);
	*ret = (struct view){.data = to, .len = len};
	return OK;
}

void unit_fail(struct unit *u, size_t step, enum err code)
{
	u->result.err = code;
	u->result.failed_step = step;
	(void)snprintf(u->detail, sizeof(u->detail), "%s", err_detail());
}

enum err unit_check(const struct unit *u, size_t step, const char *name)
{
	const struct store_rows *r = &u->rows[step];
	size_t n = r->columns ? r->rows : r->changed;

	switch (u->steps[step].expect) {
	case STORE_ANY:
		return OK;
	case STORE_ONE:
		return n == 1 ? OK : err_fail(ERR_CONFLICT, "%s: %zu rows instead of one", name, n);
	case STORE_SOME:
		return n > 0 ? OK : err_fail(ERR_CONFLICT, "%s: no row", name);
	case STORE_NONE:
		return n == 0 ? OK
			      : err_fail(ERR_CONFLICT, "%s: %zu rows instead of none", name, n);
	}
	return err_fail(ERR_RANGE, "%s: expects what nobody knows", name);
}

struct store_value store_at(const struct store_result *r, size_t step, size_t row, size_t column)
{
	if (step >= r->step_count || row >= r->steps[step].rows ||
		column >= r->steps[step].columns) {
		return STORE_NULL_OF();
	}
	return r->steps[step].values[row * r->steps[step].columns + column];
}
