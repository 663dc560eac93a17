// SPDX-License-Identifier: Apache-2.0
#include "wire/json_value.h"

#include "base/text.h"

static bool is_type(const struct json *value, enum type type)
{
	return value && value->type == type;
}

static enum err no_member(const char *name, const char *type)
{
	return err_fail(ERR_SYNTAX, "JSON: member \"%s\" is not %s", name, type);
}

const struct json *json_member(const struct json *object, const char *name)
{
	if (!is_type(object, OBJECT)) {
		return NULL;
	}
	const struct json *m = json_first(object);

	while (m && !view_is(m->name, name)) {
		m = json_next(m);
	}
	return m;
}

/* NULL when absent or null. */
static const struct json *find(const struct json *object, const char *name)
{
	const struct json *member = json_member(object, name);

	return is_type(member, NUL) ? NULL : member;
}

static enum err get_text(const struct json *member, const char *name, struct view *ret)
{
	if (!is_type(member, STRING)) {
		return no_member(name, "a string");
	}
	*ret = member->is.text;
	return OK;
}

enum err json_text(const struct json *object, const char *name, struct view *ret)
{
	return get_text(find(object, name), name, ret);
}

enum err json_text_opt(const struct json *object, const char *name, struct view *ret)
{
	const struct json *member = find(object, name);

	return member ? get_text(member, name, ret) : OK;
}

static enum err get_int(const struct json *member, const char *name, int64_t min, int64_t max,
	int64_t *ret)
{
	if (!is_type(member, INT)) {
		return no_member(name, "a whole number");
	}
	if (member->is.number < min || member->is.number > max) {
		return err_fail(ERR_RANGE, "JSON: member \"%s\" is not from %lld to %lld", name,
			(long long)min, (long long)max);
	}
	*ret = member->is.number;
	return OK;
}

enum err json_int(const struct json *object, const char *name, int64_t min, int64_t max,
	int64_t *ret)
{
	return get_int(find(object, name), name, min, max, ret);
}

enum err json_int_opt(const struct json *object, const char *name, int64_t min, int64_t max,
	int64_t *ret)
{
	const struct json *member = find(object, name);

	return member ? get_int(member, name, min, max, ret) : OK;
}

/* Digits of `text` from *at on, at most `most`, into *number; past them *at. */
static void take_digits(struct view text, size_t *at, size_t most, int64_t *number)
{
	for (size_t i = 0; i < most && *at < text.len; i++) {
		uint8_t digit = (uint8_t)(text.data[*at] - '0');

		if (digit > 9) {
			return;
		}
		*number = *number * 10 + digit;
		(*at)++;
	}
}

/* A number with a fraction; it was checked to be one when it was parsed. Its whole part is below 2^53. */
static enum err real_parts(struct view text, const char *name, unsigned decimals, int64_t *ret)
{
	bool negative = text.data[0] == '-';
	size_t at = negative, point;
	int64_t number = 0;

	take_digits(text, &at, 16, &number);
	point = at < text.len && text.data[at] == '.' ? ++at : at;
	take_digits(text, &at, decimals, &number);
	for (size_t have = at - point; have < decimals; have++) {
		number *= 10;
	}
	while (at < text.len && text.data[at] == '0') {
		at++;
	}
	if (at != text.len) {
		return err_fail(ERR_SYNTAX, "JSON: member \"%s\" has not up to %u decimals", name,
			decimals);
	}
	*ret = negative ? -number : number;
	return OK;
}

enum err json_decimal(const struct json *object, const char *name, unsigned decimals, int64_t min,
	int64_t max, int64_t *ret)
{
	const struct json *member = find(object, name);
	int64_t number = 0;

	if (!is_type(member, INT) && !is_type(member, REAL)) {
		return no_member(name, "a number");
	}
	if (member->type == REAL) {
		TRY(real_parts(member->is.text, name, decimals, &number));
	} else {
		number = member->is.number;
		for (unsigned i = 0; i < decimals; i++) {
			number *= 10;
		}
	}
	if (number < min || number > max) {
		return err_fail(ERR_RANGE, "JSON: member \"%s\" is out of range", name);
	}
	*ret = number;
	return OK;
}

enum err json_bool_opt(const struct json *object, const char *name, bool *ret)
{
	const struct json *member = find(object, name);

	if (!member) {
		return OK;
	}
	if (!is_type(member, BOOL)) {
		return no_member(name, "true or false");
	}
	*ret = member->is.truth;
	return OK;
}

static bool is_among(struct view name, const char *const *known)
{
	while (*known && !view_is(name, *known)) {
		known++;
	}
	return *known != NULL;
}

enum err json_only(const struct json *object, const char *const *known)
{
	if (!is_type(object, OBJECT)) {
		return err_fail(ERR_SYNTAX, "JSON: not an object");
	}
	for (const struct json *m = json_first(object); m; m = json_next(m)) {
		if (is_among(m->name, known)) {
			continue;
		}
		struct view name = text_is_printable(m->name) ? m->name : view_text("?");
		return err_fail(ERR_SYNTAX, "JSON: unknown member \"%.*s\"",
			(int)(name.len < 32 ? name.len : 32), (const char *)name.data);
	}
	return OK;
}

bool json_is_object(const struct json *value)
{
	return is_type(value, OBJECT);
}

bool json_is_array(const struct json *value)
{
	return is_type(value, ARRAY);
}

size_t json_count(const struct json *array)
{
	return is_type(array, ARRAY) ? array->is.count : 0;
}

const struct json *json_item(const struct json *array, size_t index)
{
	if (index >= json_count(array)) {
		return NULL;
	}
	const struct json *item = json_first(array);

	while (index-- > 0) {
		item = json_next(item);
	}
	return item;
}

const struct json *json_next(const struct json *item)
{
	return item && !item->last ? item + item->span : NULL;
}

enum err json_as_int(const struct json *value, int64_t min, int64_t max, int64_t *ret)
{
	return get_int(value, "a value", min, max, ret);
}

enum err json_as_text(const struct json *value, struct view *ret)
{
	if (!is_type(value, STRING)) {
		return err_fail(ERR_SYNTAX, "JSON: a value is not a string");
	}
	*ret = value->is.text;
	return OK;
}
