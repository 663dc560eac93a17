// SPDX-License-Identifier: Apache-2.0
#include "wire/facts_json.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const char *const rot_kinds[ROT_KINDS] = {
	[ROT_NONE] = "",
	[ROT_AKA] = "aka",
	[ROT_X509] = "x509",
};

/* Members, and where each stands. */
static const struct {
	const char *name;
	size_t at;
} texts[] =
	{
		{"make", offsetof(struct device_facts, make)},
		{"model", offsetof(struct device_facts, model)},
		{"firmware", offsetof(struct device_facts, firmware)},
		{"hardware", offsetof(struct device_facts, hardware)},
		{"serial", offsetof(struct device_facts, serial)},
		{"type", offsetof(struct device_facts, type)},
},
  sets[] = {
	  {"communication", offsetof(struct device_facts, communication)},
	  {"connectivity", offsetof(struct device_facts, connectivity)},
	  {"power", offsetof(struct device_facts, power)},
	  {"protocols", offsetof(struct device_facts, protocols)},
};

enum { TEXTS = sizeof(texts) / sizeof(texts[0]), SETS = sizeof(sets) / sizeof(sets[0]) };

const char *rot_kind_name(enum rot_kind kind)
{
	return rot_kinds[kind];
}

enum err rot_kind_of(struct view name, enum rot_kind *ret)
{
	for (int kind = ROT_NONE + 1; kind < ROT_KINDS; kind++) {
		if (view_is(name, rot_kinds[kind])) {
			*ret = (enum rot_kind)kind;
			return OK;
		}
	}
	return err_fail(ERR_UNSUPPORTED, "9.1 vi: root_of_trust: a kind that is not accepted here");
}

/* --- reading --- */

static bool is_plain(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < ' ' || text.data[i] == 0x7f) {
			return false;
		}
	}
	return text_is_utf8(text) && text.data[0] != ' ' && text.data[text.len - 1] != ' ';
}

enum err facts_check_text(struct view text, const char *name, char *to, size_t room)
{
	char what[64];

	if (text.len == 0) {
		return OK;
	}
	snprintf(what, sizeof(what), "9.2 i e: %s", name);
	if (!is_plain(text)) {
		return err_fail(ERR_SYNTAX, "%s: text without control characters is wanted", what);
	}
	return text_copy(to, room, text, what);
}

static enum err read_text(const struct json *object, const char *name, char *to, size_t room)
{
	struct view text = {0};

	TRY(json_text_opt(object, name, &text));
	return facts_check_text(text, name, to, room);
}

static enum err read_set(const struct json *object, const char *name, struct words *ret)
{
	const struct json *array = json_member(object, name);
	char what[64];

	if (!array) {
		return OK;
	}
	snprintf(what, sizeof(what), "9.2 i e: %s", name);
	if (!json_is_array(array)) {
		return err_fail(ERR_SYNTAX, "%s: an array of words is wanted", what);
	}
	for (const struct json *item = json_item(array, 0); item; item = json_next(item)) {
		struct view word;

		TRY(json_as_text(item, &word));
		TRY(words_add(ret, word, what));
	}
	return OK;
}

static enum err read_origin(const struct json *object, struct root_of_trust *ret)
{
	static const char *const known[] = {"kind", "id", NULL};
	const struct json *origin = json_member(object, "root_of_trust");
	struct view kind;

	if (!origin) {
		return OK;
	}
	if (!json_is_object(origin)) {
		return err_fail(ERR_SYNTAX, "9.2 i e: root_of_trust: an object is wanted");
	}
	TRY(json_only(origin, known));
	TRY(json_text(origin, "kind", &kind));
	TRY(rot_kind_of(kind, &ret->kind));
	return read_text(origin, "id", ret->id, sizeof(ret->id));
}

enum err facts_read(const struct json *object, struct device_facts *ret)
{
	const char *known[TEXTS + SETS + 2] = {"root_of_trust"};
	struct device_facts got = {.make = ""};

	for (size_t i = 0; i < TEXTS; i++) {
		known[1 + i] = texts[i].name;
	}
	for (size_t i = 0; i < SETS; i++) {
		known[1 + TEXTS + i] = sets[i].name;
	}
	if (!json_is_object(object)) {
		return err_fail(ERR_SYNTAX, "9.2 i e: facts of a device: an object is wanted");
	}
	TRY(json_only(object, known));
	for (size_t i = 0; i < TEXTS; i++) {
		TRY(read_text(object, texts[i].name, (char *)&got + texts[i].at, FACT_SIZE));
	}
	for (size_t i = 0; i < SETS; i++) {
		TRY(read_set(object, sets[i].name, (void *)((char *)&got + sets[i].at)));
	}
	TRY(read_origin(object, &got.origin));
	*ret = got;
	return OK;
}

enum err facts_check_complete(const struct device_facts *facts)
{
	const char *missing = !facts->make[0]	    ? "make"
			      : !facts->model[0]    ? "model"
			      : !facts->firmware[0] ? "firmware"
						    : NULL;

	return missing ? err_fail(ERR_SYNTAX, "9.2 ii d: %s: not told", missing) : OK;
}

/* --- writing --- */

static char *text_in(struct device_facts *facts, size_t i)
{
	return (char *)facts + texts[i].at;
}

static const char *text_of(const struct device_facts *facts, size_t i)
{
	return (const char *)facts + texts[i].at;
}

static struct words *set_in(struct device_facts *facts, size_t i)
{
	return (void *)((char *)facts + sets[i].at);
}

static const struct words *set_of(const struct device_facts *facts, size_t i)
{
	return (const void *)((const char *)facts + sets[i].at);
}

static void put_set(struct json_writer *w, const char *name, const struct words *set)
{
	struct view words[WORDS_MAX];
	size_t count = words_split(set, words);

	if (count == 0) {
		return;
	}
	json_open_array(w, name);
	for (size_t i = 0; i < count; i++) {
		json_put_text(w, NULL, words[i]);
	}
	json_close_array(w);
}

void facts_write(struct json_writer *w, const char *name, const struct device_facts *facts)
{
	json_open(w, name);
	for (size_t i = 0; i < TEXTS; i++) {
		const char *text = text_of(facts, i);

		if (text[0]) {
			json_put_string(w, texts[i].name, text);
		}
	}
	for (size_t i = 0; i < SETS; i++) {
		put_set(w, sets[i].name, set_of(facts, i));
	}
	if (facts->origin.kind != ROT_NONE) {
		json_open(w, "root_of_trust");
		json_put_string(w, "kind", rot_kinds[facts->origin.kind]);
		json_put_string(w, "id", facts->origin.id);
		json_close(w);
	}
	json_close(w);
}

void facts_merge(const struct device_facts *before, const struct device_facts *told,
	struct device_facts *ret)
{
	*ret = *before;
	for (size_t i = 0; i < TEXTS; i++) {
		if (text_of(told, i)[0]) {
			memcpy(text_in(ret, i), text_of(told, i), FACT_SIZE);
		}
	}
	for (size_t i = 0; i < SETS; i++) {
		if (set_of(told, i)->text[0]) {
			*set_in(ret, i) = *set_of(told, i);
		}
	}
}

void facts_changes(const struct device_facts *before, const struct device_facts *now,
	struct words *ret_names, struct device_facts *ret_before)
{
	*ret_names = (struct words){.text = ""};
	*ret_before = (struct device_facts){.make = ""};
	for (size_t i = 0; i < TEXTS; i++) {
		if (strcmp(text_of(before, i), text_of(now, i)) != 0 &&
			words_add(ret_names, view_text(texts[i].name), "facts") == OK) {
			memcpy(text_in(ret_before, i), text_of(before, i), FACT_SIZE);
		}
	}
	for (size_t i = 0; i < SETS; i++) {
		if (!words_equal(set_of(before, i), set_of(now, i)) &&
			words_add(ret_names, view_text(sets[i].name), "facts") == OK) {
			*set_in(ret_before, i) = *set_of(before, i);
		}
	}
}

bool facts_equal(const struct device_facts *a, const struct device_facts *b)
{
	for (size_t i = 0; i < TEXTS; i++) {
		if (strcmp(text_of(a, i), text_of(b, i)) != 0) {
			return false;
		}
	}
	for (size_t i = 0; i < SETS; i++) {
		if (!words_equal(set_of(a, i), set_of(b, i))) {
			return false;
		}
	}
	return a->origin.kind == b->origin.kind && strcmp(a->origin.id, b->origin.id) == 0;
}
