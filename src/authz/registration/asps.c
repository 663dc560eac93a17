// SPDX-License-Identifier: Apache-2.0
/* asps: application service providers, and the names of their application elements.  req: B9.2.2-c B9.2.2-d */
#include "authz/registration/registration.h"

#include "base/text.h"

enum { ASP_NAME_MAX = 256, ASP_STEPS = 1 + CALL_NAMES_MAX / CALL_NAMES };

static call_put put;

/* The names in the certificates of the application elements; each of them once. */
enum err asp_read_elements(const struct call *call, const char *member, size_t most,
	struct ident *ret, struct view *ret_views, size_t *ret_count)
{
	const struct json *list = json_member(call->body, member);
	const struct json *item = json_item(list, 0);
	size_t count = json_count(list);

	if (count < 1 || count > most) {
		return err_fail(ERR_RANGE, "%s: a list of 1 to %zu host names is wanted", member,
			most);
	}
	for (size_t i = 0; i < count; i++, item = json_next(item)) {
		struct view text;

		if (json_as_text(item, &text) != OK ||
			ident_parse(IDENT_FQDN, text, &ret[i]) != OK) {
			return err_fail(ERR_SYNTAX, "%s: item %zu is not a host name", member,
				i + 1);
		}
		for (size_t k = 0; k < i; k++) {
			if (ident_equal(&ret[k], &ret[i])) {
				return err_fail(ERR_SYNTAX, "%s: item %zu stands there twice",
					member, i + 1);
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

static enum err submit_asp(struct call *call, const struct ident *id, struct view name,
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

enum err asp_add(struct call *call)
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
	TRY(asp_read_elements(call, "elements", CALL_NAMES_MAX, elements, views, &count));
	return submit_asp(call, &id, name, views, count);
}

enum err asp_list(struct call *call)
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

static enum err about_one(struct call *call, int statement, call_done *done)
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

enum err asp_show(struct call *call)
{
	return about_one(call, FIND_ASP, call_on_item);
}

enum err asp_remove(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT, "the ASP still has applications: remove them first"},
	};

	CALL_FAULTS(call, faults);
	return about_one(call, DROP_ASP, call_on_dropped);
}

/* Elements that come and go. */
struct asp_change {
	struct ident add[CALL_NAMES], remove[CALL_NAMES];
	struct view add_views[CALL_NAMES], remove_views[CALL_NAMES];
	size_t add_count, remove_count;
};

static enum err read_change(const struct call *call, struct asp_change *ret)
{
	static const char *const known[] = {"add", "remove", NULL};

	TRY(json_only(call->body, known));
	if (json_member(call->body, "add")) {
		TRY(asp_read_elements(call, "add", CALL_NAMES, ret->add, ret->add_views,
			&ret->add_count));
	}
	if (json_member(call->body, "remove")) {
		TRY(asp_read_elements(call, "remove", CALL_NAMES, ret->remove, ret->remove_views,
			&ret->remove_count));
	}
	return ret->add_count + ret->remove_count > 0
		       ? OK
		       : err_fail(ERR_SYNTAX, "add or remove: a list of host names is wanted");
}

/* One step for up to CALL_NAMES, or none. */
static struct store_step name_step(int statement, struct view asp, const struct view *names,
	size_t count)
{
	struct store_step step = {.statement = statement,
		.param_count = 1 + CALL_NAMES,
		.params = {STORE_TEXT_OF(asp)}};

	for (size_t i = 0; i < CALL_NAMES; i++) {
		step.params[1 + i] = i < count ? STORE_TEXT_OF(names[i]) : STORE_NULL_OF();
	}
	return step;
}

/* With an element go the permissions that it asked for.  req: B9.2.2-d */
enum err asp_change(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "no such thing is registered"},
		{3, ERR_EXISTS, ERR_EXISTS, "add: a name belongs to an ASP already"},
		{4, ERR_CONFLICT, ERR_CONFLICT, "an ASP has 1 to 45 elements"},
	};
	struct asp_change change = {.add_count = 0};
	struct ident id;

	TRY(call_segment_ident(call, IDENT_ASP, &id));
	TRY(read_change(call, &change));
	const struct view asp = ident_view(&id);
	const struct store_step steps[] = {
		{.statement = FIND_ASP,
			.expect = STORE_SOME,
			.param_count = 1,
			.params = {STORE_TEXT_OF(asp)}},
		name_step(END_SESSIONS_OF, asp, change.remove_views, change.remove_count),
		name_step(DROP_ELEMENTS, asp, change.remove_views, change.remove_count),
		name_step(ADD_ELEMENTS, asp, change.add_views, change.add_count),
		{.statement = COUNT_ELEMENTS,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {STORE_TEXT_OF(asp), STORE_INT_OF(CALL_NAMES_MAX)}},
	};

	call->status = 204;
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, 5, call_on_done);
}

/* id, name, created, element: one row an element */
static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
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
