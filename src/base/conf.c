// SPDX-License-Identifier: Apache-2.0
#include "base/conf.h"

#include "base/conf_tree.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, PATH_LEN = 128, KEY_LEN = 64 };

static enum err fill(const char *file, const struct conf_option *rows, const struct node *mapping,
	const struct where *at, void *conf);

static void *field_of(const struct conf_option *o, void *conf)
{
	return (uint8_t *)conf + o->offset;
}

/* Keys that nobody knows. */

/* How many letters must change to make one of the other; both shorter than KEY_LEN. */
static size_t distance(struct view a, struct view b)
{
	size_t row[KEY_LEN + 1];

	for (size_t j = 0; j <= b.len; j++) {
		row[j] = j;
	}
	for (size_t i = 1; i <= a.len; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t best = corner + (a.data[i - 1] != b.data[j - 1]);

			corner = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[b.len];
}

/* The part of the row's path that stands right below `prefix` ("" or "a.b."); empty when not there. */
static struct view part_below(const struct conf_option *o, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(o->path, prefix, len) != 0) {
		return view_of(NULL, 0);
	}
	return view_of(o->path + len, strcspn(o->path + len, "."));
}

static struct view nearest(const struct conf_option *rows, const char *prefix, const char *key)
{
	struct view wrong = view_text(key), best = {0};
	size_t least = wrong.len < 6 ? 3 : 4; /* further away is no misspelling */

	if (wrong.len >= KEY_LEN) {
		return best;
	}
	for (const struct conf_option *o = rows; o->path; o++) {
		struct view part = part_below(o, prefix);

		if (part.len == 0 || part.len >= KEY_LEN || part.len + wrong.len < 2 * least) {
			continue;
		}
		if (distance(wrong, part) < least) {
			least = distance(wrong, part);
			best = part;
		}
	}
	return best;
}

static void put_known(const struct conf_option *rows, const char *prefix, struct buf *to)
{
	struct view last = {0};

	for (const struct conf_option *o = rows; o->path; o++) {
		struct view part = part_below(o, prefix);

		if (part.len > 0 && !view_equal(part, last)) {
			buf_text(to, last.len > 0 ? ", " : "");
			buf_view(to, part);
			last = part;
		}
	}
}

static enum err refuse_key(const char *file, const struct conf_option *rows, const char *prefix,
	const struct node *n, const struct where *at)
{
	struct view meant = nearest(rows, prefix, n->key);
	char room[512];
	struct buf known = buf_fixed(room, sizeof(room));

	if (meant.len > 0) {
		return tree_fault(file, n->line, at, "unknown; did you mean %.*s?", (int)meant.len,
			(const char *)meant.data);
	}
	put_known(rows, prefix, &known);
	return tree_fault(file, n->line, at, "unknown; known here: %s", buf_string(&known));
}

enum known { UNKNOWN, OPTION, GROUP };

static enum known look_up(const struct conf_option *rows, const char *prefix, const char *key)
{
	size_t len = strlen(prefix) + strlen(key);

	if (strchr(key, '.')) {
		return UNKNOWN;
	}
	for (const struct conf_option *o = rows; o->path; o++) {
		if (view_is(part_below(o, prefix), key) && key[0]) {
			return o->path[len] == '.' ? GROUP : OPTION;
		}
	}
	return UNKNOWN;
}

static enum err check_keys(const char *file, const struct conf_option *rows,
	const struct node *mapping, const char *prefix, const struct where *at)
{
	for (const struct node *n = mapping->children; n; n = n->next) {
		const struct where here = {.up = at, .key = n->key};
		enum known known = look_up(rows, prefix, n->key);
		char below[PATH_LEN];

		if (known == UNKNOWN) {
			return refuse_key(file, rows, prefix, n, &here);
		}
		if (known == OPTION || tree_is_null(n)) {
			continue;
		}
		if (n->kind != NODE_MAPPING) {
			return tree_fault(file, n->line, &here, "must be a mapping of options");
		}
		(void)snprintf(below, sizeof(below), "%s%s.", prefix, n->key);
		TRY(check_keys(file, rows, n, below, &here));
	}
	return OK;
}

/* Values. */

static const struct node *child_of(const struct node *mapping, struct view key)
{
	const struct node *n = mapping->children;

	while (n && !view_is(key, n->key)) {
		n = n->next;
	}
	return n;
}

/* What the file says for this path, or NULL. */
static const struct node *find(const struct node *mapping, const char *path)
{
	const struct node *n = mapping;

	while (n) {
		size_t len = strcspn(path, ".");

		n = child_of(n, view_of(path, len));
		if (!path[len]) {
			return n;
		}
		path += len + 1;
	}
	return NULL;
}

static enum err refuse_kind(const char *file, const struct conf_option *o, const struct node *n,
	const struct where *at)
{
	char room[512];
	struct buf allowed = buf_fixed(room, sizeof(room));

	value_allowed(o, &allowed);
	return tree_fault(file, n->line, at, "%smust be %s",
		tree_is_null(n) ? "has no value; it " : "", buf_string(&allowed));
}

static size_t count_children(const struct node *n)
{
	size_t count = 0;

	for (const struct node *c = n->children; c; c = c->next) {
		count++;
	}
	return count;
}

static enum err fill_texts(const char *file, const struct conf_option *o, const struct node *n,
	const struct where *at, struct conf_texts *ret)
{
	ret->items = calloc(count_children(n) + 1, sizeof(*ret->items));
	if (!ret->items) {
		return err_fail(ERR_MEMORY, "%s: out of memory", file);
	}
	for (const struct node *c = n->children; c; c = c->next) {
		const struct where here = {.up = at, .index = ret->count};

		if (c->kind != NODE_TEXT) {
			return tree_fault(file, c->line, &here, "must be a text");
		}
		if (value_read_text(o, c->text, &ret->items[ret->count]) != OK) {
			return tree_fault(file, c->line, &here, "%s", err_detail());
		}
		ret->count++;
	}
	return OK;
}

static enum err fill_list(const char *file, const struct conf_option *o, const struct node *n,
	const struct where *at, struct conf_list *ret)
{
	ret->items = calloc(count_children(n) + 1, o->item_size);
	if (!ret->items) {
		return err_fail(ERR_MEMORY, "%s: out of memory", file);
	}
	for (const struct node *c = n->children; c; c = c->next) {
		const struct where here = {.up = at, .index = ret->count};

		if (c->kind != NODE_MAPPING) {
			return tree_fault(file, c->line, &here, "must be a mapping of options");
		}
		void *item = (uint8_t *)ret->items + ret->count * o->item_size;

		ret->count++; /* before it is complete: conf_free() frees what it has */
		TRY(fill(file, o->rows, c, &here, item));
	}
	return OK;
}

static enum err fill_sequence(const char *file, const struct conf_option *o, const struct node *n,
	const struct where *at, void *field)
{
	if (n->kind != NODE_SEQUENCE || count_children(n) < (size_t)o->min ||
		count_children(n) > (size_t)o->max) {
		return refuse_kind(file, o, n, at);
	}
	return o->type == CONF_LIST ? fill_list(file, o, n, at, field)
				    : fill_texts(file, o, n, at, field);
}

static enum err fill_default(const char *file, const struct conf_option *o,
	const struct node *mapping, const struct where *at, void *field)
{
	char room[512];
	struct buf allowed = buf_fixed(room, sizeof(room));

	if (!o->initial) {
		value_allowed(o, &allowed);
		return tree_fault(file, mapping->line, at, "is missing; it must be %s",
			buf_string(&allowed));
	}
	if (o->type == CONF_LIST || o->type == CONF_TEXTS) {
		return OK;
	}
	if (value_read(o, o->initial, field) != OK) {
		return tree_fault(file, 0, at, "default: %s", err_detail());
	}
	return OK;
}

static enum err fill_option(const char *file, const struct conf_option *o,
	const struct node *mapping, const struct where *at, void *field)
{
	const struct node *n = find(mapping, o->path);

	if (!n) {
		return fill_default(file, o, mapping, at, field);
	}
	if (o->type == CONF_LIST || o->type == CONF_TEXTS) {
		return fill_sequence(file, o, n, at, field);
	}
	if (n->kind != NODE_TEXT || tree_is_null(n)) {
		return refuse_kind(file, o, n, at);
	}
	if (value_read(o, n->text, field) != OK) {
		return tree_fault(file, n->line, at, "%s", err_detail());
	}
	return OK;
}

static enum err fill(const char *file, const struct conf_option *rows, const struct node *mapping,
	const struct where *at, void *conf)
{
	TRY(check_keys(file, rows, mapping, "", at));
	for (const struct conf_option *o = rows; o->path; o++) {
		const struct where here = {.up = at, .key = o->path};

		TRY(fill_option(file, o, mapping, &here, field_of(o, conf)));
	}
	return OK;
}

/* Whole files. */

static enum err fill_whole(const char *file, const struct conf_option *rows,
	const struct node *root, void *ret)
{
	enum err e = fill(file, rows, root, NULL, ret);

	if (e != OK) {
		conf_free(rows, ret);
	}
	return e;
}

enum err conf_parse(const struct conf_option *rows, const char *name, struct view yaml, void *ret)
{
	struct node *root = NULL;

	if (yaml.len > FILE_MAX) {
		return tree_fault(name, 0, NULL, "longer than 1 MiB");
	}
	TRY(tree_parse(name, yaml, &root));
	enum err e = fill_whole(name, rows, root, ret);

	tree_free(root);
	return e;
}

enum err conf_set(const struct conf_option *rows, const char *path, const char *value, void *conf)
{
	for (const struct conf_option *o = rows; o->path; o++) {
		if (o->type != CONF_TEXT || strcmp(o->path, path) != 0) {
			continue;
		}
		char **field = field_of(o, conf), *before = *field;

		if (value_read(o, value, field) != OK) {
			char why[200];

			(void)snprintf(why, sizeof(why), "%s", err_detail());
			return err_fail(ERR_CONFIG, "%s: %s", path, why);
		}
		free(before);
		return OK;
	}
	return err_fail(ERR_CONFIG, "%s: no such option", path);
}

enum err conf_load(const struct conf_option *rows, const char *path, void *ret)
{
	const struct node nothing = {.kind = NODE_MAPPING};
	BUF_CLEANUP struct buf yaml = buf_growing(FILE_MAX);

	if (!path) {
		return fill_whole("no configuration file", rows, &nothing, ret);
	}
	enum err e = text_read_file(path, FILE_MAX, &yaml);

	if (e == ERR_RANGE) {
		return tree_fault(path, 0, NULL, "longer than 1 MiB");
	}
	if (e != OK) {
		return err_fail(ERR_CONFIG, "configuration: %s", err_detail());
	}
	return conf_parse(rows, path, buf_contents(&yaml), ret);
}

static void free_texts(struct conf_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++) {
		free(texts->items[i]);
	}
	free(texts->items);
	*texts = (struct conf_texts){0};
}

static void free_list(const struct conf_option *rows, size_t item_size, struct conf_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		conf_free(rows, (uint8_t *)list->items + i * item_size);
	}
	free(list->items);
	*list = (struct conf_list){0};
}

void conf_free(const struct conf_option *rows, void *conf)
{
	for (const struct conf_option *o = rows; o->path; o++) {
		void *field = field_of(o, conf);

		if (o->type == CONF_LIST) {
			free_list(o->rows, o->item_size, field);
		} else if (o->type == CONF_TEXTS) {
			free_texts(field);
		} else if (o->type == CONF_TEXT) {
			free(*(char **)field);
			*(char **)field = NULL;
		}
	}
}
