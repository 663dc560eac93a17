// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "core/version_range.h"
#include "registry/status/vulnerability.h"

#include <stdlib.h>
#include <string.h>

/* Products share the model numbers of what they are part of, so that KEYS_MAX is no limit of a document's size. */
enum { MODELS_MAX = 20000, ENTRIES_MAX = 4096, KEYS_MAX = 200000, CVE_MAX = 47 };

/* What is affected: a product and the worst that it has. */
struct affected {
	uint32_t product;
	int score;
	struct view cve;
};

static const char *const kinds[] = {
	[CSAF_EVERY_VERSION] = "all",
	[CSAF_ONE_VERSION] = "one",
	[CSAF_VERSION_RANGE] = "range",
};

void vulnerable_models_free(struct vulnerable_models *models)
{
	for (size_t i = 0; i < models->count; i++) {
		free(models->rows[i].pattern);
		free(models->rows[i].entries);
		free(models->rows[i].make_text);
		free(models->rows[i].model_text);
	}
	free(models->rows);
	*models = (struct vulnerable_models){.count = 0};
}

/* ---- from an advisory ---- */

/* A product of several vulnerabilities counts once, with the worst. */
static void note(struct affected *all, size_t *count, uint32_t *place,
	const struct csaf_entry *entry, struct view cve)
{
	if (place[entry->product] == 0) {
		all[*count] = (struct affected){.product = entry->product, .score = -2};
		place[entry->product] = (uint32_t)++ * count;
	}
	struct affected *a = &all[place[entry->product] - 1];

	if (entry->score > a->score) {
		a->score = entry->score;
		a->cve = cve;
	}
}

static size_t find_affected(const struct csaf *csaf, struct affected *all, uint32_t *place)
{
	size_t count = 0;

	for (size_t i = 0; i < csaf->vulnerability_count; i++) {
		const struct csaf_vulnerability *v = &csaf->vulnerabilities[i];

		for (size_t k = 0; k < v->entry_count; k++) {
			if (csaf_is_affected(v->entries[k].status)) {
				note(all, &count, place, &v->entries[k], v->id);
			}
		}
	}
	return count;
}

static enum err make_room(struct vulnerable_models *models)
{
	if (models->count < models->room) {
		return OK;
	}
	if (models->count >= MODELS_MAX) {
		return err_fail(ERR_RANGE, "vulnerability: more than %d models", MODELS_MAX);
	}
	size_t room = models->room > 0 ? 2 * models->room : 16;
	struct vulnerable_model *rows = realloc(models->rows, room * sizeof(*rows));

	if (!rows) {
		return err_fail(ERR_MEMORY, "CSAF: out of memory");
	}
	models->rows = rows;
	models->room = room;
	return OK;
}

/* Cut between two characters: what is cut within one is no JSON any more. */
static struct view short_name(struct view name)
{
	size_t len = name.len < CVE_MAX ? name.len : CVE_MAX;

	while (len > 0 && len < name.len && (name.data[len] & 0xc0) == 0x80) {
		len--;
	}
	return view_of(name.data, len);
}

static void put_entry(struct json_writer *w, const struct csaf_product *product, int score,
	struct view cve)
{
	json_open(w, NULL);
	json_put_string(w, "kind", kinds[product->versions]);
	if (product->versions != CSAF_EVERY_VERSION) {
		json_put_text(w, "versions", product->version);
	}
	if (score >= 0) {
		json_put_int(w, "score", score);
	}
	if (cve.len > 0) {
		json_put_text(w, "cve", short_name(cve));
	}
	if (product->conditional) {
		json_put_bool(w, "conditional", true);
	}
	json_close(w);
}

/* What rows are sorted by, and then stand together. */
struct keyed {
	struct product_key make, model;
	struct view pattern;
	const struct csaf_product *product;
	const struct affected *affected;
};

static int compare_views(struct view a, struct view b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_keyed(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	int order = strcmp(x->make.text, y->make.text);

	order = order != 0 ? order : strcmp(x->model.text, y->model.text);
	return order != 0 ? order : compare_views(x->pattern, y->pattern);
}

struct keying {
	struct keyed *rows;
	size_t count, room;
};

static enum err add_key(struct keying *k, const struct csaf_product *product,
	const struct affected *affected, struct view model, bool pattern)
{
	if (k->count == KEYS_MAX) {
		return err_fail(ERR_RANGE,
			"CSAF: more than %d names and model numbers of what is affected", KEYS_MAX);
	}
	if (k->count == k->room) {
		size_t room = k->room > 0 ? 2 * k->room : 64;
		struct keyed *rows = realloc(k->rows, room * sizeof(*rows));

		if (!rows) {
			return err_fail(ERR_MEMORY, "CSAF: out of memory");
		}
		k->rows = rows;
		k->room = room;
	}
	struct keyed *row = &k->rows[k->count++];

	*row = (struct keyed){.product = product, .affected = affected};
	product_make_key(product->vendor, &row->make);
	if (pattern) {
		row->pattern = model;
	} else {
		product_model_key(product->vendor, model, &row->model);
	}
	return OK;
}

/* By its name in the tree, and by its model numbers. */
static enum err add_keys(struct keying *k, const struct csaf_product *product,
	const struct affected *affected)
{
	if (product->model.len > 0) {
		TRY(add_key(k, product, affected, product->model, false));
	}
	for (const struct json *n = json_item(product->model_numbers, 0); n; n = json_next(n)) {
		struct view number = {.len = 0};

		TRY(json_as_text(n, &number));
		if (number.len > 0 && number.len < PRODUCT_KEY_MAX) {
			TRY(add_key(k, product, affected, number, product_is_pattern(number)));
		}
	}
	return OK;
}

static enum err finish_row(struct vulnerable_models *models, const struct keyed *first,
	struct buf *entries)
{
	struct vulnerable_match match;
	struct vulnerable_model *row;
	struct view model = first->pattern.len > 0 ? first->pattern : first->product->model;

	TRY(buf_end(entries, "CSAF: entries of one model"));
	/* What no device could be held against is refused here, not when it is. */
	TRY(vulnerable_entries_match(buf_contents(entries), view_text(""), &match));
	TRY(make_room(models));
	row = &models->rows[models->count];
	*row = (struct vulnerable_model){
		.make = first->make,
		.model = first->model,
		.pattern = text_dup(first->pattern),
		.entries = text_dup(buf_contents(entries)),
		.make_text = text_dup(first->product->vendor),
		.model_text = text_dup(model.len > 0 ? model : view_text(first->model.text)),
	};
	models->count++;
	return row->pattern && row->entries && row->make_text && row->model_text
		       ? OK
		       : err_fail(ERR_MEMORY, "CSAF: out of memory");
}

static enum err group(struct vulnerable_models *models, const struct keying *k)
{
	for (size_t i = 0; i < k->count;) {
		BUF_CLEANUP struct buf entries = buf_growing(VULNERABILITY_ENTRIES_MAX);
		struct json_writer w = json_to(&entries);
		const struct keyed *first = &k->rows[i];

		json_open_array(&w, NULL);
		for (; i < k->count && compare_keyed(first, &k->rows[i]) == 0; i++) {
			put_entry(&w, k->rows[i].product, k->rows[i].affected->score,
				k->rows[i].affected->cve);
		}
		json_close_array(&w);
		TRY(finish_row(models, first, &entries));
	}
	return OK;
}

static enum err read_affected(const struct csaf *csaf, const struct affected *all, size_t count,
	struct keying *k, struct vulnerable_models *models)
{
	for (size_t i = 0; i < count; i++) {
		const struct csaf_product *product = &csaf->products[all[i].product];
		struct product_key make;

		product_make_key(product->vendor, &make);
		models->worst = all[i].score > models->worst ? all[i].score : models->worst;
		if (make.text[0] == '\0' ||
			(product->model.len == 0 && json_count(product->model_numbers) == 0)) {
			models->left_out++;
			continue;
		}
		TRY(add_keys(k, product, &all[i]));
	}
	if (k->count > 0) {
		qsort(k->rows, k->count, sizeof(k->rows[0]), compare_keyed);
	}
	return group(models, k);
}

enum err vulnerable_models_read(const struct csaf *csaf, struct vulnerable_models *ret)
{
	struct vulnerable_models models = {.worst = -1};
	struct keying k = {.count = 0};
	struct affected *all = calloc(csaf->product_count + 1, sizeof(*all));
	uint32_t *place = calloc(csaf->product_count + 1, sizeof(*place));
	enum err err = all && place ? OK : err_fail(ERR_MEMORY, "CSAF: out of memory");

	if (err == OK) {
		err = read_affected(csaf, all, find_affected(csaf, all, place), &k, &models);
	}
	free(all);
	free(place);
	free(k.rows);
	if (err != OK) {
		vulnerable_models_free(&models);
		return err;
	}
	*ret = models;
	return OK;
}

/* ---- records ---- */

size_t vulnerable_models_write(const struct vulnerable_models *models, size_t from, size_t room,
	struct json_writer *w)
{
	size_t until = w->out->len + room;

	json_open_array(w, "models");
	while (from < models->count) {
		const struct vulnerable_model *m = &models->rows[from];
		const size_t most = 6 * (strlen(m->make_text) + strlen(m->model_text)) +
				    strlen(m->entries) + 80;

		if (w->out->len + most > until) {
			break;
		}
		json_open(w, NULL);
		json_put_string(w, "make", m->make_text);
		json_put_string(w, "model", m->model_text);
		if (m->pattern[0] != '\0') {
			json_put_bool(w, "pattern", true);
		}
		JSON_CLEANUP struct json *entries = NULL;

		if (json_parse(view_text(m->entries), VULNERABILITY_ENTRIES_MAX, &entries) == OK) {
			json_put_value(w, "entries", entries);
		}
		json_close(w);
		from++;
	}
	json_close_array(w);
	return from;
}

static enum err parse_model(const struct json *json, struct vulnerable_models *models)
{
	BUF_CLEANUP struct buf entries = buf_growing(VULNERABILITY_ENTRIES_MAX);
	struct json_writer w = json_to(&entries);
	struct vulnerable_match match;
	struct vulnerable_model *row;
	struct view make, model;
	bool pattern = false;

	TRY(json_text(json, "make", &make));
	TRY(json_text(json, "model", &model));
	TRY(json_bool_opt(json, "pattern", &pattern));
	json_put_value(&w, NULL, json_member(json, "entries"));
	TRY(buf_end(&entries, "vulnerability: entries"));
	TRY(vulnerable_entries_match(buf_contents(&entries), view_text(""), &match));
	TRY(make_room(models));
	row = &models->rows[models->count];
	*row = (struct vulnerable_model){
		.pattern = text_dup(pattern ? model : view_text("")),
		.entries = text_dup(buf_contents(&entries)),
		.make_text = text_dup(make),
		.model_text = text_dup(model),
	};
	models->count++;
	product_make_key(make, &row->make);
	if (!pattern) {
		product_model_key(make, model, &row->model);
	}
	if (!row->pattern || !row->entries || !row->make_text || !row->model_text) {
		return err_fail(ERR_MEMORY, "vulnerability: out of memory");
	}
	return row->make.text[0] != '\0' && (pattern || row->model.text[0] != '\0')
		       ? OK
		       : err_fail(ERR_SYNTAX, "vulnerability: a model without a name");
}

enum err vulnerable_models_parse(const struct json *array, struct vulnerable_models *ret)
{
	struct vulnerable_models models = {.worst = -1};

	for (const struct json *m = json_item(array, 0); m; m = json_next(m)) {
		enum err err = parse_model(m, &models);

		if (err != OK) {
			vulnerable_models_free(&models);
			return err;
		}
	}
	*ret = models;
	return OK;
}

/* ---- entries ---- */

static enum err in_versions(const struct json *entry, struct view firmware, enum version_in *ret)
{
	struct view kind, versions;
	struct version_range range;
	bool conditional = false;

	TRY(json_text(entry, "kind", &kind));
	TRY(json_bool_opt(entry, "conditional", &conditional));
	*ret = VERSION_IN;
	if (!view_is(kind, kinds[CSAF_EVERY_VERSION])) {
		TRY(json_text(entry, "versions", &versions));
		/* What cannot be read as versions may well be this one. */
		*ret = version_range_parse(versions, &range) == OK
			       ? version_range_has(&range, firmware)
			       : VERSION_IN_UNCLEAR;
	}
	if (*ret == VERSION_IN && conditional) {
		*ret = VERSION_IN_UNCLEAR;
	}
	return OK;
}

static enum err match_entry(const struct json *entry, struct view firmware,
	struct vulnerable_match *match)
{
	enum version_in in;
	int64_t score = -1;
	struct view cve = {.len = 0};

	TRY(in_versions(entry, firmware, &in));
	TRY(json_int_opt(entry, "score", 0, 100, &score));
	TRY(json_text_opt(entry, "cve", &cve));
	int *worst = in == VERSION_IN ? &match->has : &match->perhaps;

	if (in == VERSION_OUT || score <= *worst) {
		return OK;
	}
	*worst = (int)score;
	return text_copy(in == VERSION_IN ? match->has_cve : match->perhaps_cve,
		sizeof(match->has_cve), cve, "vulnerability: cve");
}

enum err vulnerable_entries_match(struct view entries, struct view firmware,
	struct vulnerable_match *ret)
{
	JSON_CLEANUP struct json *list = NULL;
	struct vulnerable_match match = {.has = VULNERABLE_NOT, .perhaps = VULNERABLE_NOT};

	TRY(json_parse(entries, VULNERABILITY_ENTRIES_MAX, &list));
	if (json_count(list) == 0 || json_count(list) > ENTRIES_MAX) {
		return err_fail(ERR_SYNTAX, "vulnerability: no entries of a model, or more than %d",
			ENTRIES_MAX);
	}
	for (const struct json *e = json_item(list, 0); e; e = json_next(e)) {
		TRY(match_entry(e, firmware, &match));
	}
	*ret = match;
	return OK;
}
