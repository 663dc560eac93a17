// SPDX-License-Identifier: Apache-2.0
#include "net/http_foreign.h"

#include "net/http_inside.h"

#include <stdlib.h>

/* Everything is in `text`, which holds as much from the beginning. */
struct foreign {
	struct http_held held; /* first */
	struct http_head head;
	struct buf text;
	http_foreign_answer *given;
	void *user;
};

static struct foreign *foreign_of(struct http_request *request)
{
	return (struct foreign *)request;
}

static void free_foreign(struct foreign *f)
{
	buf_wipe(&f->text);
	buf_free(&f->text);
	free(f);
}

static void answer(struct http_request *request, unsigned status, const struct http_field *fields,
	size_t count, struct view body)
{
	struct foreign *f = foreign_of(request);

	f->given(f->user, status, fields, count, http_has_body(status) ? body : view_of(NULL, 0));
	free_foreign(f);
}

static enum err begin(struct http_request *request, unsigned status,
	const struct http_field *fields, size_t count, void (*drained)(struct http_request *request))
{
	(void)request;
	(void)status;
	(void)fields;
	(void)count;
	(void)drained;
	return err_fail(ERR_UNSUPPORTED, "a streamed answer is not to be had over this");
}

static enum err take_part(struct http_request *request, struct view part)
{
	(void)request;
	(void)part;
	return err_fail(ERR_WRONG_STATE, "http: the answer has not begun");
}

static void cut_off(struct http_request *request)
{
	answer(request, 500, NULL, 0, view_of(NULL, 0));
}

static const struct http_carrier foreign_carrier = {answer, begin, take_part, cut_off, cut_off};

static struct view keep(struct foreign *f, struct view text)
{
	const size_t at = f->text.len;

	buf_view(&f->text, text);
	return view_of(f->text.data + at, text.len);
}

static size_t size_of(const struct http_foreign *foreign)
{
	size_t size = view_text(foreign->method).len + foreign->target.len + foreign->body.len + 1;

	for (size_t i = 0; i < foreign->field_count; i++) {
		size += foreign->fields[i].name.len + foreign->fields[i].value.len;
	}
	return size;
}

static enum err fill(struct foreign *f, const struct http_foreign *foreign)
{
	const size_t size = size_of(foreign);
	struct http_head *head = &f->head;

	f->text = buf_growing(size);
	(void)buf_extend(&f->text, size);
	if (f->text.failed) {
		return err_fail(ERR_MEMORY, "http: out of memory");
	}
	f->text.len = 0;
	head->method = keep(f, view_text(foreign->method));
	head->target = keep(f, foreign->target);
	for (size_t i = 0; i < foreign->field_count; i++) {
		head->fields[head->field_count++] =
			(struct http_field){keep(f, foreign->fields[i].name),
				keep(f, foreign->fields[i].value)};
	}
	head->has_length = true;
	head->length = foreign->body.len;
	f->held.request.head = head;
	f->held.request.body = keep(f, foreign->body);
	return http_split_target(head->target, &f->held.request.target);
}

enum err http_foreign_new(const struct http_foreign *foreign, struct http_request **ret)
{
	if (foreign->field_count > HTTP_FIELDS_MAX) {
		return err_fail(ERR_RANGE, "http: more than %d fields", HTTP_FIELDS_MAX);
	}
	struct foreign *f = calloc(1, sizeof(*f));

	if (!f) {
		return err_fail(ERR_MEMORY, "http: out of memory");
	}
	f->held.carrier = &foreign_carrier;
	f->given = foreign->answer;
	f->user = foreign->user;
	enum err err = fill(f, foreign);

	if (err != OK) {
		free_foreign(f);
		return err;
	}
	*ret = &f->held.request;
	return OK;
}
