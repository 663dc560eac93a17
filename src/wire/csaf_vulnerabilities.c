// SPDX-License-Identifier: Apache-2.0
#include "wire/csaf_parts.h"

#include <stdlib.h>
#include <string.h>

/* A score that is read for products, before it meets their status. */
struct score {
	uint32_t product;
	int8_t version; /* of CVSS: 2 or 3 */
	int8_t tenths;
};

struct scores {
	struct score *rows;
	size_t count;
};

static int compare_entries(const void *a, const void *b)
{
	const struct csaf_entry *x = a, *y = b;

	if (x->product != y->product) {
		return x->product < y->product ? -1 : 1;
	}
	return (x->status > y->status) - (x->status < y->status);
}

static int compare_scores(const void *a, const void *b)
{
	const struct score *x = a, *y = b;

	if (x->product != y->product) {
		return x->product < y->product ? -1 : 1;
	}
	return (x->version < y->version) - (x->version > y->version); /* v3 before v2 */
}

/* 6.1.6: what excludes each other. "recommended" excludes nothing. */
static int group_of(enum csaf_status status)
{
	static const int groups[CSAF_STATUS_COUNT] = {[CSAF_FIRST_AFFECTED] = 1,
		[CSAF_KNOWN_AFFECTED] = 1,
		[CSAF_LAST_AFFECTED] = 1,
		[CSAF_FIRST_FIXED] = 2,
		[CSAF_FIXED] = 2,
		[CSAF_KNOWN_NOT_AFFECTED] = 3,
		[CSAF_UNDER_INVESTIGATION] = 4,
		[CSAF_RECOMMENDED] = 0};

	return groups[status];
}

/* One entry a product is left; entries are sorted. */
static enum err settle_entries(struct csaf_vulnerability *v)
{
	size_t kept = 0;

	for (size_t i = 0; i < v->entry_count; i++) {
		struct csaf_entry *entry = &v->entries[i];
		struct csaf_entry *last = kept > 0 ? &v->entries[kept - 1] : NULL;
		bool again = last && last->product == entry->product &&
			     entry->status != CSAF_RECOMMENDED;

		if (again && group_of(last->status) != group_of(entry->status)) {
			return csaf_bad("6.1.6",
				"a product has two statuses that exclude each other");
		}
		if (!again) {
			v->entries[kept++] = *entry;
		}
	}
	v->entry_count = kept;
	return OK;
}

static size_t count_status(const struct json *status)
{
	size_t count = 0;

	for (enum csaf_status s = 0; s < CSAF_STATUS_COUNT; s++) {
		count += json_count(json_member(status, csaf_status_name(s)));
	}
	return count;
}

static enum err read_one_status(struct csaf_vulnerability *v, enum csaf_status status,
	const struct json *list, const struct csaf_names *names)
{
	for (const struct json *id = json_item(list, 0); id; id = json_next(id)) {
		struct csaf_entry *entry = &v->entries[v->entry_count];
		struct view text = {.len = 0};

		TRY(json_as_text(id, &text));
		TRY(csaf_find_product(names, text, &entry->product));
		entry->status = status;
		entry->score = -1;
		v->entry_count++;
	}
	return OK;
}

static enum err read_status(struct csaf_vulnerability *v, const struct json *status,
	const struct csaf_names *names)
{
	size_t count = count_status(status);

	if (count > CSAF_ENTRIES_MAX) {
		return err_fail(ERR_RANGE, "CSAF: more than %d statuses", CSAF_ENTRIES_MAX);
	}
	v->entries = calloc(count + 1, sizeof(*v->entries));
	if (!v->entries) {
		return err_fail(ERR_MEMORY, "CSAF: out of memory");
	}
	for (enum csaf_status s = 0; s < CSAF_STATUS_COUNT; s++) {
		const struct json *list;

		TRY(csaf_array(status, csaf_status_name(s), 0, "3.2.3.9", &list));
		TRY(read_one_status(v, s, list, names));
	}
	qsort(v->entries, v->entry_count, sizeof(v->entries[0]), compare_entries);
	return settle_entries(v);
}

/* Scores. */

/* baseSeverity is one of CVSS v3 alone; a document must not contradict itself. */
static enum err check_severity(const struct json *cvss, int tenths)
{
	struct view word = {.len = 0};
	enum csaf_severity severity;

	TRY(csaf_text(cvss, "baseSeverity", "6.1.8", &word));
	TRY(csaf_severity_of(word, &severity));
	return severity == csaf_severity_at(tenths)
		       ? OK
		       : csaf_bad("6.1.9", "baseSeverity is not that of baseScore");
}

static enum err read_base(const struct json *score, const char *name, int *ret)
{
	const struct json *cvss = json_member(score, name);
	struct view vector;
	int64_t tenths;

	*ret = -1;
	if (!cvss) {
		return OK;
	}
	TRY(csaf_text(cvss, "vectorString", "6.1.8", &vector));
	if (json_decimal(cvss, "baseScore", 1, 0, 100, &tenths) != OK) {
		return csaf_bad("6.1.8", "baseScore is not a number from 0 to 10 with one decimal");
	}
	*ret = (int)tenths;
	return OK;
}

static enum err add_scores(struct scores *scores, int version, int tenths, const struct json *list,
	const struct csaf_names *names)
{
	for (const struct json *id = json_item(list, 0); id && tenths >= 0; id = json_next(id)) {
		struct score *row = &scores->rows[scores->count];
		struct view text = {.len = 0};

		TRY(json_as_text(id, &text));
		TRY(csaf_find_product(names, text, &row->product));
		row->version = (int8_t)version;
		row->tenths = (int8_t)tenths;
		scores->count++;
	}
	return OK;
}

static enum err read_score(struct scores *scores, const struct json *score,
	const struct csaf_names *names)
{
	const struct json *products;
	int v2, v3;

	TRY(csaf_array(score, "products", 1, "3.2.3.13.3", &products));
	TRY(read_base(score, "cvss_v2", &v2));
	TRY(read_base(score, "cvss_v3", &v3));
	if (v3 >= 0) {
		TRY(check_severity(json_member(score, "cvss_v3"), v3));
	}
	TRY(add_scores(scores, 2, v2, products, names));
	return add_scores(scores, 3, v3, products, names);
}

/* Gives each entry its product's score; both are sorted by product. */
static enum err apply_scores(struct csaf_vulnerability *v, const struct scores *scores)
{
	size_t at = 0;

	for (size_t i = 1; i < scores->count; i++) {
		if (compare_scores(&scores->rows[i - 1], &scores->rows[i]) == 0) {
			return csaf_bad("6.1.7", "a product has two scores of one version of CVSS");
		}
	}
	for (size_t i = 0; i < v->entry_count; i++) {
		while (at < scores->count && scores->rows[at].product < v->entries[i].product) {
			at++;
		}
		if (at < scores->count && scores->rows[at].product == v->entries[i].product) {
			v->entries[i].score = scores->rows[at].tenths;
		}
	}
	return OK;
}

static enum err read_all_scores(struct csaf_vulnerability *v, const struct json *list,
	struct scores *scores, const struct csaf_names *names)
{
	for (const struct json *s = json_item(list, 0); s; s = json_next(s)) {
		TRY(read_score(scores, s, names));
	}
	if (scores->count > 0) {
		qsort(scores->rows, scores->count, sizeof(scores->rows[0]), compare_scores);
	}
	return apply_scores(v, scores);
}

static enum err read_scores(struct csaf_vulnerability *v, const struct json *list,
	const struct csaf_names *names)
{
	struct scores scores = {.count = 0};
	size_t room = 0;

	for (const struct json *s = json_item(list, 0); s; s = json_next(s)) {
		room += 2 * json_count(json_member(s, "products"));
	}
	if (room > 2 * CSAF_ENTRIES_MAX) {
		return err_fail(ERR_RANGE, "CSAF: more than %d scores", CSAF_ENTRIES_MAX);
	}
	scores.rows = calloc(room + 1, sizeof(*scores.rows));
	enum err err = scores.rows ? read_all_scores(v, list, &scores, names)
				   : err_fail(ERR_MEMORY, "CSAF: out of memory");

	free(scores.rows);
	return err;
}

/* What it is called: 3.2.3.2, 3.2.3.6, 3.2.3.14. */
static enum err read_id(struct csaf_vulnerability *v, const struct json *json)
{
	const struct json *ids;

	TRY(json_text_opt(json, "title", &v->title));
	TRY(json_text_opt(json, "cve", &v->id));
	if (v->id.len > 0) {
		return OK;
	}
	TRY(csaf_array(json, "ids", 0, "3.2.3.6", &ids));
	if (ids) {
		return csaf_text(json_item(ids, 0), "text", "3.2.3.6.2", &v->id);
	}
	v->id = v->title;
	return OK;
}

static enum err check_references(const struct json *json, const char *list,
	const struct csaf_names *names)
{
	const struct json *items;

	TRY(csaf_array(json, list, 0, "3.2.3", &items));
	for (const struct json *i = json_item(items, 0); i; i = json_next(i)) {
		const struct json *ids;
		uint32_t product;

		TRY(csaf_array(i, "product_ids", 0, "3.1.9", &ids));
		for (const struct json *id = json_item(ids, 0); id; id = json_next(id)) {
			struct view text = {.len = 0};

			TRY(json_as_text(id, &text));
			TRY(csaf_find_product(names, text, &product));
		}
	}
	return OK;
}

static enum err read_vulnerability(struct csaf_vulnerability *v, const struct json *json,
	const struct csaf_names *names)
{
	const struct json *status = json_member(json, "product_status"), *scores;

	if (!json_is_object(json) || (status && !json_is_object(status))) {
		return csaf_bad("3.2.3", "a vulnerability, or its product_status, is no object");
	}
	TRY(read_id(v, json));
	TRY(read_status(v, status, names));
	TRY(csaf_array(json, "scores", 0, "3.2.3.13", &scores));
	TRY(read_scores(v, scores, names));
	TRY(check_references(json, "remediations", names));
	TRY(check_references(json, "threats", names));
	return check_references(json, "flags", names);
}

enum err csaf_read_vulnerabilities(struct csaf *csaf, const struct json *list,
	const struct csaf_names *names)
{
	csaf->vulnerabilities = calloc(json_count(list) + 1, sizeof(*csaf->vulnerabilities));
	if (!csaf->vulnerabilities) {
		return err_fail(ERR_MEMORY, "CSAF: out of memory");
	}
	for (const struct json *v = json_item(list, 0); v; v = json_next(v)) {
		TRY(read_vulnerability(&csaf->vulnerabilities[csaf->vulnerability_count++], v,
			names));
	}
	return OK;
}
