// SPDX-License-Identifier: Apache-2.0
#include "base/conf_tree.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Options go four levels deep at most; files are written by people. */
enum { DEPTH_MAX = 8, NODES_MAX = 4096 };

struct source {
	const char *file;
	struct view yaml;
	yaml_parser_t parser;
	size_t nodes;
};

#define EVENT(name) yaml_event_t name __attribute__((cleanup(yaml_event_delete))) = {0}

static enum err parse_value(struct source *s, yaml_event_t *ev, const struct where *at, int depth,
	struct node *n);

/* Faults. */

const char *tree_shown(const char *text, char room[SHOWN])
{
	size_t len = 0;

	for (; text[len] && len < SHOWN - 4; len++) {
		room[len] = text[len] >= 0x20 && text[len] < 0x7f ? text[len] : '?';
	}
	memcpy(room + len, text[len] ? "..." : "", text[len] ? 4 : 1);
	return room;
}

static void put_where(struct buf *to, const struct where *at)
{
	char room[SHOWN];

	if (!at) {
		return;
	}
	put_where(to, at->up);
	if (!at->key) {
		buf_printf(to, "[%zu]", at->index);
		return;
	}
	buf_text(to, at->up ? "." : "");
	buf_text(to, tree_shown(at->key, room));
}

enum err tree_fault(const char *file, unsigned line, const struct where *at, const char *format, ...)
{
	char room[1024];
	struct buf said = buf_fixed(room, sizeof(room));
	va_list args;

	buf_printf(&said, "%s", file);
	if (line > 0) {
		buf_printf(&said, ":%u", line);
	}
	buf_text(&said, ": ");
	put_where(&said, at);
	buf_text(&said, at ? ": " : "");
	va_start(args, format);
	buf_vprintf(&said, format, args);
	va_end(args);
	return err_fail(ERR_CONFIG, "%s", buf_string(&said));
}

/* The parser's marks. */

static unsigned line_of(const yaml_event_t *ev)
{
	return (unsigned)ev->start_mark.line + 1;
}

/* libyaml gives no line for bytes that are not text, only how far it had read. */
static enum err fault_of_parser(const struct source *s)
{
	const yaml_parser_t *p = &s->parser;

	if (p->error == YAML_MEMORY_ERROR) {
		return err_fail(ERR_MEMORY, "%s: out of memory", s->file);
	}
	if (p->error != YAML_READER_ERROR) {
		return tree_fault(s->file, (unsigned)p->problem_mark.line + 1, NULL, "%s",
			p->problem ? p->problem : "not YAML");
	}
	unsigned line = 1;

	for (size_t i = 0; i < p->problem_offset && i < s->yaml.len; i++) {
		line += s->yaml.data[i] == '\n';
	}
	return tree_fault(s->file, line, NULL, "not UTF-8 text: %s", p->problem);
}

static enum err next_event(struct source *s, yaml_event_t *ev)
{
	return yaml_parser_parse(&s->parser, ev) ? OK : fault_of_parser(s);
}

/* Nodes. */

bool tree_is_null(const struct node *n)
{
	return n->kind == NODE_TEXT && n->plain &&
	       (!n->text[0] || strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0);
}

void tree_free(struct node *n)
{
	while (n) {
		struct node *next = n->next;

		tree_free(n->children);
		free(n->key);
		free(n->text);
		free(n);
		n = next;
	}
}

static enum err new_node(struct source *s, unsigned line, struct node **ret)
{
	if (++s->nodes > NODES_MAX) {
		return tree_fault(s->file, line, NULL, "more than %d values", NODES_MAX);
	}
	*ret = calloc(1, sizeof(**ret));
	if (!*ret) {
		return err_fail(ERR_MEMORY, "%s: out of memory", s->file);
	}
	(*ret)->line = line;
	return OK;
}

/* Anchors and tags make a file mean something else than what a reader sees. */
static enum err check_plainness(struct source *s, const yaml_event_t *ev, const struct where *at)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	switch (ev->type) {
	case YAML_ALIAS_EVENT:
		anchor = ev->data.alias.anchor;
		break;
	case YAML_SCALAR_EVENT:
		anchor = ev->data.scalar.anchor;
		tag = ev->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = ev->data.sequence_start.anchor;
		tag = ev->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = ev->data.mapping_start.anchor;
		tag = ev->data.mapping_start.tag;
		break;
	default:
		break;
	}
	if (anchor) {
		return tree_fault(s->file, line_of(ev), at, "anchors and aliases are not allowed");
	}
	if (tag) {
		return tree_fault(s->file, line_of(ev), at, "tags are not allowed");
	}
	return OK;
}

static enum err text_of(struct source *s, const yaml_event_t *ev, const struct where *at, char **ret)
{
	struct view text = view_of(ev->data.scalar.value, ev->data.scalar.length);

	if (text.len > 0 && memchr(text.data, 0, text.len)) {
		return tree_fault(s->file, line_of(ev), at, "holds a zero byte");
	}
	*ret = text_dup(text);
	return *ret ? OK : err_fail(ERR_MEMORY, "%s: out of memory", s->file);
}

static enum err parse_sequence(struct source *s, const struct where *at, int depth, struct node *n)
{
	struct node **tail = &n->children;

	n->kind = NODE_SEQUENCE;
	for (size_t index = 0;; index++) {
		const struct where item = {.up = at, .index = index};
		EVENT(ev);

		TRY(next_event(s, &ev));
		if (ev.type == YAML_SEQUENCE_END_EVENT) {
			return OK;
		}
		TRY(new_node(s, line_of(&ev), tail));
		TRY(parse_value(s, &ev, &item, depth + 1, *tail));
		tail = &(*tail)->next;
	}
}

static enum err check_new_key(struct source *s, const struct node *mapping, const struct node *n,
	const struct where *at)
{
	for (const struct node *c = mapping->children; c != n; c = c->next) {
		if (strcmp(c->key, n->key) == 0) {
			return tree_fault(s->file, n->line, at, "stands in line %u already",
				c->line);
		}
	}
	return OK;
}

static enum err parse_mapping(struct source *s, const struct where *at, int depth, struct node *n)
{
	struct node **tail = &n->children;

	n->kind = NODE_MAPPING;
	for (;;) {
		EVENT(key);
		EVENT(value);

		TRY(next_event(s, &key));
		if (key.type == YAML_MAPPING_END_EVENT) {
			return OK;
		}
		TRY(check_plainness(s, &key, at));
		if (key.type != YAML_SCALAR_EVENT) {
			return tree_fault(s->file, line_of(&key), at, "a key must be a word");
		}
		TRY(new_node(s, line_of(&key), tail));
		enum err e = text_of(s, &key, at, &(*tail)->key);

		if (e != OK) {
			tree_free(*tail); /* without a key it cannot stay among the others */
			*tail = NULL;
			return e;
		}
		const struct where child = {.up = at, .key = (*tail)->key};

		TRY(check_new_key(s, n, *tail, &child));
		TRY(next_event(s, &value));
		TRY(parse_value(s, &value, &child, depth + 1, *tail));
		tail = &(*tail)->next;
	}
}

static enum err parse_value(struct source *s, yaml_event_t *ev, const struct where *at, int depth,
	struct node *n)
{
	TRY(check_plainness(s, ev, at));
	if (depth > DEPTH_MAX) {
		return tree_fault(s->file, line_of(ev), at, "nested deeper than %d", DEPTH_MAX);
	}
	switch (ev->type) {
	case YAML_MAPPING_START_EVENT:
		return parse_mapping(s, at, depth, n);
	case YAML_SEQUENCE_START_EVENT:
		return parse_sequence(s, at, depth, n);
	default:
		n->kind = NODE_TEXT;
		n->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		return text_of(s, ev, at, &n->text);
	}
}

/* Whole files. */

/* Steps to where the document's value begins, or to the end of a file without one. */
static enum err find_document(struct source *s, yaml_event_t *ev)
{
	do {
		yaml_event_delete(ev);
		TRY(next_event(s, ev));
	} while (ev->type == YAML_STREAM_START_EVENT || ev->type == YAML_DOCUMENT_START_EVENT);
	return OK;
}

static enum err check_end(struct source *s)
{
	EVENT(end);
	EVENT(after);

	TRY(next_event(s, &end));
	TRY(next_event(s, &after));
	if (after.type != YAML_STREAM_END_EVENT) {
		return tree_fault(s->file, line_of(&after), NULL, "a second document begins");
	}
	return OK;
}

static enum err parse_file(struct source *s, struct node *root)
{
	EVENT(ev);

	TRY(find_document(s, &ev));
	if (ev.type == YAML_STREAM_END_EVENT) {
		root->kind = NODE_MAPPING;
		return OK;
	}
	TRY(parse_value(s, &ev, NULL, 0, root));
	TRY(check_end(s));
	if (tree_is_null(root)) {
		root->kind = NODE_MAPPING;
	}
	if (root->kind != NODE_MAPPING) {
		return tree_fault(s->file, root->line, NULL, "must be a mapping, like node: name");
	}
	return OK;
}

enum err tree_parse(const char *file, struct view yaml, struct node **ret)
{
	struct source s = {.file = file, .yaml = yaml};
	struct node *root = NULL;

	TRY(new_node(&s, 1, &root));
	if (!yaml_parser_initialize(&s.parser)) {
		tree_free(root);
		return err_fail(ERR_MEMORY, "%s: out of memory", file);
	}
	yaml_parser_set_encoding(&s.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&s.parser, yaml.len > 0 ? yaml.data : (const uint8_t *)"",
		yaml.len);
	enum err e = parse_file(&s, root);

	yaml_parser_delete(&s.parser);
	if (e != OK) {
		tree_free(root);
		return e;
	}
	*ret = root;
	return OK;
}
