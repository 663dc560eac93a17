// SPDX-License-Identifier: Apache-2.0
#include "wire/structured_field.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

enum { INTEGER_DIGITS = 15 };

static enum err syntax(const char *clause)
{
	return err_fail(ERR_SYNTAX, "structured field: RFC 8941 %s", clause);
}

/* --- characters --- */

static int peek(const struct reader *r)
{
	return r->at < r->end ? *r->at : -1;
}

static bool take(struct reader *r, char wanted)
{
	if (peek(r) != (uint8_t)wanted) {
		return false;
	}
	r->at++;
	return true;
}

static bool skip_spaces(struct reader *r)
{
	const uint8_t *begin = r->at;

	while (take(r, ' ')) {
	}
	return r->at > begin;
}

static void skip_blanks(struct reader *r)
{
	while (take(r, ' ') || take(r, '\t')) {
	}
}

static bool is_lower(int c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_key(int c)
{
	return is_lower(c) || is_digit(c) || (c > 0 && strchr("_-.*", c));
}

static bool is_alpha(int c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

/* RFC 9110's token, and two more. */
static bool is_token(int c)
{
	return is_alpha(c) || is_digit(c) || (c > 0 && strchr("!#$%&'*+-.^_`|~:/", c));
}

static bool is_base64(int c)
{
	return is_alpha(c) || is_digit(c) || c == '+' || c == '/' || c == '=';
}

static struct view take_while(struct reader *r, bool (*is)(int))
{
	const uint8_t *begin = r->at;

	while (is(peek(r))) {
		r->at++;
	}
	return view_of(begin, (size_t)(r->at - begin));
}

/* --- reading --- */

static enum err read_key(struct reader *r, struct view *ret)
{
	if (!is_lower(peek(r)) && peek(r) != '*') {
		return syntax("3.1.2: a key begins with a small letter");
	}
	*ret = take_while(r, is_key);
	return OK;
}

static enum err read_integer(struct reader *r, int64_t *ret)
{
	bool negative = take(r, '-');
	struct view digits = take_while(r, is_digit);
	uint64_t number = 0;

	if (digits.len == 0 || digits.len > INTEGER_DIGITS) {
		return syntax("3.3.1: an integer has 1 to 15 digits");
	}
	if (peek(r) == '.') {
		return err_fail(ERR_UNSUPPORTED, "structured field: RFC 8941 3.3.2: a decimal");
	}
	for (size_t i = 0; i < digits.len; i++) {
		number = number * 10 + (digits.data[i] - '0');
	}
	*ret = negative ? -(int64_t)number : (int64_t)number;
	return OK;
}

static enum err read_string(struct reader *r, struct view *ret)
{
	const uint8_t *begin = ++r->at;

	for (; r->at < r->end && *r->at != '"'; r->at++) {
		if (*r->at < 0x20 || *r->at > 0x7e) {
			return syntax("3.3.3: a string is printable ASCII");
		}
		if (*r->at == '\\' && (++r->at == r->end || (*r->at != '"' && *r->at != '\\'))) {
			return syntax("3.3.3: escapes nothing but quote and backslash");
		}
	}
	*ret = view_of(begin, (size_t)(r->at - begin));
	return take(r, '"') ? OK : syntax("3.3.3: a string without end");
}

static enum err read_bytes(struct reader *r, struct view *ret)
{
	r->at++;
	*ret = take_while(r, is_base64);
	return take(r, ':') ? OK : syntax("3.3.5: bytes without end");
}

static enum err read_boolean(struct reader *r, int64_t *ret)
{
	r->at++;
	if (peek(r) != '0' && peek(r) != '1') {
		return syntax("3.3.6: a boolean is ?0 or ?1");
	}
	*ret = *r->at++ - '0';
	return OK;
}

static enum err read_bare(struct reader *r, struct sf_bare *ret)
{
	int c = peek(r);

	*ret = (struct sf_bare){.type = SF_INTEGER};
	if (c == '-' || is_digit(c)) {
		return read_integer(r, &ret->number);
	}
	if (c == '"') {
		ret->type = SF_STRING;
		return read_string(r, &ret->text);
	}
	if (c == ':') {
		ret->type = SF_BYTES;
		return read_bytes(r, &ret->text);
	}
	if (c == '?') {
		ret->type = SF_BOOLEAN;
		return read_boolean(r, &ret->number);
	}
	if (is_alpha(c) || c == '*') {
		ret->type = SF_TOKEN;
		ret->text = take_while(r, is_token);
		return OK;
	}
	return syntax("3.3: not a value");
}

static enum err read_parameters(struct reader *r, struct sf_parameters *ret)
{
	ret->count = 0;
	while (take(r, ';')) {
		struct sf_parameter *at = &ret->at[ret->count];

		if (ret->count == SF_PARAMETERS) {
			return err_fail(ERR_RANGE, "structured field: more than %d parameters",
				SF_PARAMETERS);
		}
		skip_spaces(r);
		TRY(read_key(r, &at->key));
		at->value = (struct sf_bare){.type = SF_BOOLEAN, .number = 1};
		if (take(r, '=')) {
			TRY(read_bare(r, &at->value));
		}
		for (size_t i = 0; i < ret->count; i++) {
			if (view_equal(ret->at[i].key, at->key)) {
				return syntax("3.1.2: a parameter twice");
			}
		}
		ret->count++;
	}
	return OK;
}

static enum err read_item(struct reader *r, struct sf_item *ret)
{
	TRY(read_bare(r, &ret->value));
	return read_parameters(r, &ret->parameters);
}

static enum err read_inner_list(struct reader *r, struct sf_member *ret)
{
	r->at++;
	skip_spaces(r);
	while (!take(r, ')')) {
		if (ret->count == SF_ITEMS) {
			return err_fail(ERR_RANGE, "structured field: more than %d in a list",
				SF_ITEMS);
		}
		TRY(read_item(r, &ret->items[ret->count++]));
		if (!skip_spaces(r) && peek(r) != ')') {
			return syntax("3.1.1: items stand apart by spaces");
		}
	}
	return read_parameters(r, &ret->parameters);
}

static enum err read_value(struct reader *r, struct sf_member *ret)
{
	if (peek(r) == '(') {
		ret->is_list = true;
		return read_inner_list(r, ret);
	}
	return read_item(r, &ret->items[ret->count++]);
}

/* RFC 8941 4.2.2: after a comma comes another member. */
static enum err read_separator(struct reader *r)
{
	skip_blanks(r);
	if (peek(r) < 0) {
		return OK;
	}
	if (!take(r, ',')) {
		return syntax("4.2.2: members stand apart by commas");
	}
	skip_blanks(r);
	return peek(r) < 0 ? syntax("4.2.2: a comma at the end") : OK;
}

enum err sf_next(struct reader *r, struct sf_member *ret)
{
	skip_spaces(r);
	if (peek(r) < 0) {
		return err_fail(ERR_NOT_FOUND, "structured field: no more members");
	}
	ret->is_list = false;
	ret->count = 0;
	ret->parameters.count = 0;
	TRY(read_key(r, &ret->key));
	if (take(r, '=')) {
		TRY(read_value(r, ret));
	} else {
		struct sf_item *item = &ret->items[ret->count++];

		item->value = (struct sf_bare){.type = SF_BOOLEAN, .number = 1};
		TRY(read_parameters(r, &item->parameters));
	}
	return read_separator(r);
}

enum err sf_find(struct view dictionary, struct view key, struct sf_member *ret)
{
	struct reader r = reader_of(dictionary);
	struct sf_member member;
	bool found = false;
	size_t count = 0;

	for (;;) {
		enum err err = sf_next(&r, &member);

		if (err == ERR_NOT_FOUND) {
			return found ? OK : err;
		}
		TRY(err);
		if (++count > SF_MEMBERS) {
			return err_fail(ERR_RANGE, "structured field: more than %d members",
				SF_MEMBERS);
		}
		if (!view_equal(member.key, key)) {
			continue;
		}
		if (found) {
			return err_fail(ERR_SYNTAX, "structured field: a member twice");
		}
		found = true;
		*ret = member;
	}
}

const struct sf_bare *sf_parameter(const struct sf_parameters *parameters, const char *key)
{
	for (size_t i = 0; i < parameters->count; i++) {
		if (view_is(parameters->at[i].key, key)) {
			return &parameters->at[i].value;
		}
	}
	return NULL;
}

void sf_unescape(struct view text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\\' && i + 1 < text.len) {
			i++;
		}
		buf_u8(out, text.data[i]);
	}
}

/* --- writing --- */

void sf_put_string(struct buf *out, struct view text)
{
	if (!text_is_printable(text)) {
		out->failed = true;
		return;
	}
	buf_u8(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\') {
			buf_u8(out, '\\');
		}
		buf_u8(out, text.data[i]);
	}
	buf_u8(out, '"');
}

void sf_put_bytes(struct buf *out, struct view bytes)
{
	buf_u8(out, ':');
	text_base64(out, bytes);
	buf_u8(out, ':');
}

static void put_between(struct buf *out, char mark, struct view text)
{
	buf_u8(out, (uint8_t)mark);
	buf_view(out, text);
	buf_u8(out, (uint8_t)mark);
}

static void put_bare(struct buf *out, const struct sf_bare *value)
{
	switch (value->type) {
	case SF_INTEGER:
		buf_printf(out, "%" PRId64, value->number);
		return;
	case SF_STRING:
		put_between(out, '"', value->text);
		return;
	case SF_BYTES:
		put_between(out, ':', value->text);
		return;
	case SF_BOOLEAN:
		buf_text(out, value->number ? "?1" : "?0");
		return;
	case SF_TOKEN:
		buf_view(out, value->text);
		return;
	}
}

static void put_parameters(struct buf *out, const struct sf_parameters *parameters)
{
	for (size_t i = 0; i < parameters->count; i++) {
		const struct sf_parameter *at = &parameters->at[i];

		buf_u8(out, ';');
		buf_view(out, at->key);
		if (at->value.type != SF_BOOLEAN || at->value.number == 0) {
			buf_u8(out, '=');
			put_bare(out, &at->value);
		}
	}
}

void sf_put_item(struct buf *out, const struct sf_item *item)
{
	put_bare(out, &item->value);
	put_parameters(out, &item->parameters);
}

void sf_put_value(struct buf *out, const struct sf_member *member)
{
	if (!member->is_list) {
		sf_put_item(out, &member->items[0]);
		return;
	}
	buf_u8(out, '(');
	for (size_t i = 0; i < member->count; i++) {
		if (i > 0) {
			buf_u8(out, ' ');
		}
		sf_put_item(out, &member->items[i]);
	}
	buf_u8(out, ')');
	put_parameters(out, &member->parameters);
}
