// SPDX-License-Identifier: Apache-2.0
#include "wire/json_value.h"

#include "base/secret.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

enum {
	DEPTH_MAX = 32,
	VALUES_MAX = 1 << 18,
	FEW = 16, /* members that are compared each with each */
};

#define INTEGER_MAX INT64_C(9007199254740991) /* 2^53 - 1: past it, readers by double differ */

/* One allocation: the values, then what their names and strings say. */
struct document {
	uint8_t *text; /* where names and strings are kept, behind the values */
	size_t text_len;
	struct json values[];
};

/* A parser along the grammar of RFC 8259. */
struct parser {
	const uint8_t *from, *at, *end;
	struct document *doc;
	size_t count, room; /* values */
	unsigned depth;
	const struct json_limits *limits;
};

static enum err parse_value(struct parser *p, struct view name);
static enum err parse_object(struct parser *p, struct json *object);
static enum err parse_array(struct parser *p, struct json *array);
static enum err parse_string(struct parser *p, struct view *ret);
static enum err parse_escape(struct parser *p);
static enum err parse_number(struct parser *p, struct json *value);
static enum err parse_word(struct parser *p, const char *word);
static enum err check_names(const struct json *object);

/* A value and what parts it from the next are two bytes of text, so `most` is enough: 20 times the text. */
static struct document *new_document(size_t text_len, const struct json_limits *limits,
	size_t *ret_room)
{
	size_t most = text_len / 2 + limits->depth + 1;
	size_t room = most < limits->values ? most : limits->values;
	size_t values = room * sizeof(struct json);
	struct document *doc = malloc(sizeof(*doc) + values + text_len);

	if (doc) {
		doc->text = (uint8_t *)&doc->values[room];
		doc->text_len = 0;
		*ret_room = room;
	}
	return doc;
}

static void free_document(struct document *doc)
{
	bytes_wipe(doc->text, doc->text_len);
	free(doc);
}

enum err json_parse(struct view text, size_t max, struct json **ret)
{
	const struct json_limits limits = {.bytes = max, .values = VALUES_MAX, .depth = DEPTH_MAX};

	return json_parse_within(text, &limits, ret);
}

enum err json_parse_within(struct view text, const struct json_limits *limits, struct json **ret)
{
	if (text.len > limits->bytes) {
		return err_fail(ERR_RANGE, "JSON: longer than %zu bytes", limits->bytes);
	}
	if (text.len == 0) {
		return err_fail(ERR_SYNTAX, "JSON: empty");
	}
	struct parser p = {.from = text.data,
		.at = text.data,
		.end = text.data + text.len,
		.limits = limits};

	p.doc = new_document(text.len, limits, &p.room);
	if (!p.doc) {
		return err_fail(ERR_MEMORY, "JSON: out of memory");
	}
	enum err result = parse_value(&p, view_of(NULL, 0));
	if (result == OK && p.at != p.end) {
		result = err_fail(ERR_SYNTAX, "JSON: byte %zu: text after the value",
			(size_t)(p.at - p.from));
	}
	if (result != OK) {
		free_document(p.doc);
		return result;
	}
	*ret = p.doc->values;
	return OK;
}

void json_free(struct json *root)
{
	if (root) {
		free_document((struct document *)(void *)((char *)root -
							  offsetof(struct document, values)));
	}
}

void json_cleanup(struct json **root)
{
	json_free(*root);
	*root = NULL;
}

/* Parsing. */

static enum err bad(const struct parser *p, const char *what)
{
	return err_fail(ERR_SYNTAX, "JSON: byte %zu: %s", (size_t)(p->at - p->from), what);
}

static uint8_t peek(const struct parser *p)
{
	return p->at < p->end ? *p->at : 0;
}

static bool take(struct parser *p, uint8_t c)
{
	if (p->at == p->end || *p->at != c) {
		return false;
	}
	p->at++;
	return true;
}

static void skip_spaces(struct parser *p)
{
	while (p->at < p->end &&
		(*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t')) {
		p->at++;
	}
}

static enum err parse_content(struct parser *p, struct json *value)
{
	switch (peek(p)) {
	case '{':
		return parse_object(p, value);
	case '[':
		return parse_array(p, value);
	case '"':
		value->type = STRING;
		return parse_string(p, &value->is.text);
	case 't':
	case 'f':
		value->type = BOOL;
		value->is.truth = peek(p) == 't';
		return parse_word(p, value->is.truth ? "true" : "false");
	case 'n':
		value->type = NUL;
		return parse_word(p, "null");
	default:
		return parse_number(p, value);
	}
}

/* A value with the white space around it. */
static enum err parse_value(struct parser *p, struct view name)
{
	if (p->count == p->room) {
		return err_fail(ERR_RANGE, "JSON: more than %zu values", p->limits->values);
	}
	size_t index = p->count++;
	struct json *value = &p->doc->values[index];

	*value = (struct json){.name = name, .last = true};
	skip_spaces(p);
	TRY(parse_content(p, value));
	skip_spaces(p);
	value->span = (uint32_t)(p->count - index);
	return OK;
}

static enum err go_deeper(struct parser *p)
{
	p->at++;
	skip_spaces(p);
	return ++p->depth <= p->limits->depth
		       ? OK
		       : err_fail(ERR_RANGE, "JSON: deeper than %u levels", p->limits->depth);
}

/* One child; the one before it is then not the last. */
static enum err parse_child(struct parser *p, struct json *parent, struct json **before,
	struct view name)
{
	struct json *child = &p->doc->values[p->count];

	TRY(parse_value(p, name));
	if (*before) {
		(*before)->last = false;
	}
	*before = child;
	parent->is.count++;
	return OK;
}

static enum err parse_object(struct parser *p, struct json *object)
{
	struct json *before = NULL;

	object->type = OBJECT;
	TRY(go_deeper(p));
	for (bool more = peek(p) != '}'; more; more = take(p, ',')) {
		struct view name;

		skip_spaces(p);
		if (peek(p) != '"') {
			return bad(p, "a name in quotes is missing");
		}
		TRY(parse_string(p, &name));
		skip_spaces(p);
		if (!take(p, ':')) {
			return bad(p, "':' is missing");
		}
		TRY(parse_child(p, object, &before, name));
	}
	if (!take(p, '}')) {
		return bad(p, "',' or '}' is missing");
	}
	p->depth--;
	return check_names(object);
}

static enum err parse_array(struct parser *p, struct json *array)
{
	struct json *before = NULL;

	array->type = ARRAY;
	TRY(go_deeper(p));
	for (bool more = peek(p) != ']'; more; more = take(p, ',')) {
		TRY(parse_child(p, array, &before, view_of(NULL, 0)));
	}
	if (!take(p, ']')) {
		return bad(p, "',' or ']' is missing");
	}
	p->depth--;
	return OK;
}

/* Unescaped into the document; that is never longer than the text. */
static enum err parse_string(struct parser *p, struct view *ret)
{
	struct document *doc = p->doc;
	size_t start = doc->text_len;
	uint8_t seen = 0;

	p->at++;
	for (;;) {
		const uint8_t *at = p->at; /* in a register: bytes may alias the parser */

		while (at < p->end && *at >= 0x20 && *at != '"' && *at != '\\') {
			seen |= *at++;
		}
		memcpy(doc->text + doc->text_len, p->at, (size_t)(at - p->at));
		doc->text_len += (size_t)(at - p->at);
		p->at = at;
		if (take(p, '"')) {
			break;
		}
		if (!take(p, '\\')) {
			return bad(p, p->at == p->end ? "a string does not end"
						      : "a control character in a string");
		}
		TRY(parse_escape(p));
	}
	*ret = view_of(doc->text + start, doc->text_len - start);
	if (seen >= 0x80 && !text_is_utf8(*ret)) {
		return bad(p, "a string is not UTF-8 (RFC 8259 8.1)");
	}
	return OK;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits; -1 when they are not there. */
static int32_t parse_unit(struct parser *p)
{
	int32_t unit = 0;

	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(peek(p));
		if (digit < 0) {
			return -1;
		}
		unit = unit << 4 | digit;
		p->at++;
	}
	return unit;
}

static void keep(struct document *doc, int32_t byte)
{
	doc->text[doc->text_len++] = (uint8_t)byte;
}

static void keep_utf8(struct document *doc, int32_t c)
{
	if (c < 0x80) {
		keep(doc, c);
		return;
	}
	if (c < 0x800) {
		keep(doc, 0xc0 | c >> 6);
	} else if (c < 0x10000) {
		keep(doc, 0xe0 | c >> 12);
		keep(doc, 0x80 | (c >> 6 & 0x3f));
	} else {
		keep(doc, 0xf0 | c >> 18);
		keep(doc, 0x80 | (c >> 12 & 0x3f));
		keep(doc, 0x80 | (c >> 6 & 0x3f));
	}
	keep(doc, 0x80 | (c & 0x3f));
}

/* After "\u": a character, or the two halves of one past U+FFFF. */
static enum err parse_unicode(struct parser *p)
{
	int32_t c = parse_unit(p);

	if (c < 0) {
		return bad(p, "four hexadecimal digits are missing");
	}
	if (c == 0) {
		return bad(p, "a zero character in a string");
	}
	if (c >= 0xd800 && c <= 0xdfff) {
		bool pair = c < 0xdc00 && take(p, '\\') && take(p, 'u');
		int32_t low = pair ? parse_unit(p) : -1;

		if (low < 0xdc00 || low > 0xdfff) {
			return bad(p, "half of a surrogate pair");
		}
		c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
	}
	keep_utf8(p->doc, c);
	return OK;
}

/* After a backslash. */
static enum err parse_escape(struct parser *p)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	uint8_t c = peek(p);
	const char *letter = c ? strchr(letters, c) : NULL;

	if (c == 'u') {
		p->at++;
		return parse_unicode(p);
	}
	if (!letter) {
		return bad(p, "no such escape");
	}
	p->at++;
	keep(p->doc, meant[letter - letters]);
	return OK;
}

/* At least one digit; the number they make, or one past INTEGER_MAX. */
static bool parse_digits(struct parser *p, int64_t *ret)
{
	const uint8_t *from = p->at;
	int64_t number = 0;

	for (; peek(p) >= '0' && peek(p) <= '9'; p->at++) {
		number = number <= INTEGER_MAX ? number * 10 + (*p->at - '0') : number;
	}
	*ret = number;
	return p->at > from;
}

/* A number with a fraction or an exponent is only kept as text: nobody asks for its value. */
static enum err parse_number(struct parser *p, struct json *value)
{
	const uint8_t *from = p->at;
	bool negative = take(p, '-'), real = false;
	int64_t number = 0, part;

	if (!take(p, '0') && !parse_digits(p, &number)) {
		return bad(p, "a value is missing");
	}
	if (take(p, '.')) {
		real = true;
		if (!parse_digits(p, &part)) {
			return bad(p, "digits are missing after '.'");
		}
	}
	if (take(p, 'e') || take(p, 'E')) {
		real = true;
		(void)(take(p, '+') || take(p, '-'));
		if (!parse_digits(p, &part)) {
			return bad(p, "digits are missing in the exponent");
		}
	}
	if (number > INTEGER_MAX) {
		return err_fail(ERR_RANGE, "JSON: byte %zu: a number past 2^53 (RFC 7493 2.2)",
			(size_t)(from - p->from));
	}
	value->type = real ? REAL : INT;
	if (!real) {
		value->is.number = negative ? -number : number;
		return OK;
	}
	value->is.text = view_of(p->doc->text + p->doc->text_len, (size_t)(p->at - from));
	memcpy(p->doc->text + p->doc->text_len, from, value->is.text.len);
	p->doc->text_len += value->is.text.len;
	return OK;
}

static enum err parse_word(struct parser *p, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(p->end - p->at) < len || memcmp(p->at, word, len) != 0) {
		return bad(p, "a value is missing");
	}
	p->at += len;
	return OK;
}

/* Names. */

static int compare_names(const void *a, const void *b)
{
	const struct view *x = a, *y = b;

	if (x->len != y->len) {
		return x->len < y->len ? -1 : 1;
	}
	return x->len > 0 ? memcmp(x->data, y->data, x->len) : 0;
}

static enum err refuse_double(void)
{
	return err_fail(ERR_SYNTAX, "JSON: a name stands twice in an object (RFC 7493 2.3)");
}

/* Sorted, so that an object of many members costs no more than its length asks. */
static enum err check_many_names(const struct json *object)
{
	AUTOFREE struct view *names = calloc(object->is.count, sizeof(*names));
	size_t count = 0;

	if (!names) {
		return err_fail(ERR_MEMORY, "JSON: out of memory");
	}
	for (const struct json *m = json_first(object); m; m = json_next(m)) {
		names[count++] = m->name;
	}
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 1; i < count; i++) {
		if (view_equal(names[i - 1], names[i])) {
			return refuse_double();
		}
	}
	return OK;
}

static enum err check_names(const struct json *object)
{
	if (object->is.count > FEW) {
		return check_many_names(object);
	}
	for (const struct json *m = json_first(object); m; m = json_next(m)) {
		for (const struct json *other = json_first(object); other != m;
			other = json_next(other)) {
			if (view_equal(m->name, other->name)) {
				return refuse_double();
			}
		}
	}
	return OK;
}
