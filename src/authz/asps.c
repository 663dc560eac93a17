// SPDX-License-Identifier: Apache-2.0
/* asps: application service providers, and the names of their application elements.  req: B9.2.2-c B9.2.2-d */
#include "authz/registration.h"

#include "base/text.h"

enum { ASP_NAME_MAX = 256, ASP_STEPS = 1 + CALL_NAMES_MAX / CALL_NAMES };

static call_put put;

/* The names in the certificates of the application elements; each of them once. */
static enum err read_elements(const struct operator_call *call, struct ident *ret,
	struct view *ret_views, size_t *ret_count)
{
	const struct json *list = json_member(call->body, "elements");
	const struct json *item = json_item(list, 0);
	size_t count = json_count(list);

	if (count < 1 || count > CALL_NAMES_MAX) {
		return err_fail(ERR_RANGE, "elements: a list of 1 to %d host names is wanted",
			CALL_NAMES_MAX);
	}
	for (size_t i = 0; i < count; i++, item = json_next(item)) {
		struct view text;

		if (json_as_text(item, &text) != OK ||
			ident_parse(IDENT_FQDN, text, &ret[i]) != OK) {
			return err_fail(ERR_SYNTAX, "elements: item %zu is not a host name", i + 1);
		}
		for (size_t k = 0; k < i; k++) {
			if (ident_equal(&ret[k], &ret[i])) {
				return err_fail(ERR_SYNTAX, "elements: item %zu stands there twice",
					i + 1);
			}
		}
		ret_views[i] = ident_view(&ret[i]);
	}
	*ret_count = count;
	return OK;
}

static void put_head(struct json_writer *w, struct view id, struct view name, int64_t created)
{
	char time[TEXT_TIME];

	text_time(created, time);
	json_open(w, NULL);
	json_put_text(w, "id", id);
	json_put_text(w, "name", name);
	json_put_string(w, "created", time);
	json_open_array(w, "elements");
}

static void put_tail(struct json_writer *w)
{
	json_close_array(w);
	json_close(w);
}

static enum err submit_asp(struct operator_call *call, const struct ident *id, struct view name,
	const struct view *elements, size_t count)
{
	static const struct call_fault faults[] = {
		{0, ERR_EXISTS, ERR_EXISTS, "an ASP with this id is registered already"},
		{1, ERR_EXISTS, ERR_EXISTS, "elements: a name belongs to another ASP already"},
		{2, ERR_EXISTS, ERR_EXISTS, "elements: a name belongs to another ASP already"},
		{3, ERR_EXISTS, ERR_EXISTS, "elements: a name belongs to another ASP already"},
	};
	int64_t now = env_wall(loop_env(call->authz->loop));
	struct store_step steps[ASP_STEPS] = {
		{.statement = ADD_ASP,
			.param_count = 3,
			.params = {STORE_TEXT_OF(ident_view(id)), STORE_TEXT_OF(name),
				STORE_INT_OF(now)}},
	};
	struct json_writer w = json_to(&call->reply);
	size_t more = call_name_steps(ADD_ELEMENTS, ident_view(id), elements, count, &steps[1]);

	put_head(&w, ident_view(id), name, now);
	for (size_t i = 0; i < count; i++) {
		json_put_text(&w, NULL, elements[i]);
	}
	put_tail(&w);
	call->status = 201;
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, 1 + more, call_on_done);
}

enum err asp_add(struct operator_call *call)
{
	static const char *const known[] = {"id", "name", "elements", NULL};
	struct ident id, elements[CALL_NAMES_MAX];
	struct view name, views[CALL_NAMES_MAX];
	size_t count = 0;

	TRY(json_only(call->body, known));
	TRY(call_body_ident(call, "id", IDENT_ASP, &id));
	TRY(json_text(call->body, "name", &name));
	if (name.len < 1 || name.len > ASP_NAME_MAX) {
		return err_fail(ERR_RANGE, "name: 1 to %d bytes", ASP_NAME_MAX);
	}
	TRY(read_elements(call, elements, views, &count));
	return submit_asp(call, &id, name, views, count);
}

enum err asp_list(struct operator_call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(IDENT_MAX);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_ASPS,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_list);
}

static enum err about_one(struct operator_call *call, int statement, call_done *done)
{
	struct ident id;

	TRY(call_segment_ident(call, IDENT_ASP, &id));
	const struct store_step step = {
		.statement = statement,
		.param_count = 1,
		.params = {STORE_TEXT_OF(ident_view(&id))},
	};

	call->put = put;
	return call_submit(call, &step, 1, done);
}

enum err asp_show(struct operator_call *call)
{
	return about_one(call, FIND_ASP, call_on_item);
}

enum err asp_remove(struct operator_call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT, "the ASP still has applications: remove them first"},
	};

	CALL_FAULTS(call, faults);
	return about_one(call, DROP_ASP, call_on_dropped);
}

/* id, name, created, element: one row an element */
static enum err put(struct operator_call *call, struct json_writer *w,
	const struct store_result *result, size_t row, size_t count)
{
	(void)call;
	put_head(w, store_at(result, 0, row, 0).bytes, store_at(result, 0, row, 1).bytes,
		store_at(result, 0, row, 2).number);
	for (size_t i = 0; i < count; i++) {
		struct store_value element = store_at(result, 0, row + i, 3);

		if (element.type == STORE_TEXT) {
			json_put_text(w, NULL, element.bytes);
		}
	}
	put_tail(w);
	return OK;
}
