// SPDX-License-Identifier: Apache-2.0
#include "wire/csaf_parts.h"

#include "base/text.h"
#include <stdio.h>
#include <string.h>

/* 3.1.11: "3", or "1.4.0", or "1.4.0-rc.1+build" whose part before is `pre`. */
struct number {
	bool semantic;
	uint64_t parts[3];
	struct view pre;
};

static struct view until(struct view text, const char *ends)
{
	size_t len = 0;

	while (len < text.len && !strchr(ends, text.data[len])) {
		len++;
	}
	return view_of(text.data, len);
}

static struct view after(struct view text, struct view head)
{
	return view_of(text.data + head.len, text.len - head.len);
}

static enum err parse_number(struct view text, struct number *ret)
{
	static const char what[] = "CSAF 2.0 3.1.11: a document's version";
	struct number number = {.semantic = false};
	struct view core = until(text, "-+");
	struct view rest = after(text, core);

	number.semantic = core.len > 0 && memchr(core.data, '.', core.len);
	for (size_t i = 0; i < (number.semantic ? 3 : 1); i++) {
		struct view part = until(core, ".");

		TRY(text_from_u64(part, INT64_MAX, &number.parts[i], what));
		core = after(core, part);
		if (i < 2 && number.semantic && core.len > 0) {
			core = view_of(core.data + 1, core.len - 1);
		}
	}
	if (core.len > 0 || (!number.semantic && rest.len > 0)) {
		return csaf_bad("3.1.11",
			"a document's version is a whole number or a semantic version");
	}
	if (rest.len > 0 && *rest.data == '-') {
		number.pre = until(view_of(rest.data + 1, rest.len - 1), "+");
	}
	*ret = number;
	return OK;
}

static bool is_numeric(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (v.data[i] < '0' || v.data[i] > '9') {
			return false;
		}
	}
	return v.len > 0;
}

static int compare_bytes(struct view a, struct view b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* https://semver.org 11: numbers before words, and fewer parts before more. */
static int compare_pre(struct view a, struct view b)
{
	if (a.len == 0 || b.len == 0) {
		return (a.len == 0) - (b.len == 0); /* none at all comes last */
	}
	while (a.len > 0 && b.len > 0) {
		struct view x = until(a, "."), y = until(b, ".");
		bool numbers = is_numeric(x) && is_numeric(y);
		int order = numbers && x.len != y.len	     ? (x.len > y.len ? 1 : -1)
			    : is_numeric(x) != is_numeric(y) ? (is_numeric(x) ? -1 : 1)
							     : compare_bytes(x, y);

		if (order != 0) {
			return order;
		}
		a = after(a, x);
		b = after(b, y);
		a = a.len > 0 ? view_of(a.data + 1, a.len - 1) : a;
		b = b.len > 0 ? view_of(b.data + 1, b.len - 1) : b;
	}
	return (a.len > 0) - (b.len > 0);
}

static int compare_numbers(const struct number *a, const struct number *b, bool with_pre)
{
	for (size_t i = 0; i < 3; i++) {
		if (a->parts[i] != b->parts[i]) {
			return a->parts[i] < b->parts[i] ? -1 : 1;
		}
	}
	return with_pre ? compare_pre(a->pre, b->pre) : 0;
}

enum err csaf_compare_versions(struct view a, struct view b, int *ret)
{
	struct number x, y;

	TRY(parse_number(a, &x));
	TRY(parse_number(b, &y));
	*ret = compare_numbers(&x, &y, true);
	return OK;
}

/* Hours and minutes of "+hh:mm" in seconds. */
static enum err parse_zone(struct view zone, const char *what, int64_t *ret)
{
	uint64_t hours = 24, minutes = 60;
	bool shaped =
		zone.len == 6 && zone.data[3] == ':' && (*zone.data == '+' || *zone.data == '-');

	/* One digit at a time, since the first may be 0. */
	if (shaped && is_numeric(view_of(zone.data + 1, 2)) &&
		is_numeric(view_of(zone.data + 4, 2))) {
		hours = (uint64_t)(zone.data[1] - '0') * 10 + (uint64_t)(zone.data[2] - '0');
		minutes = (uint64_t)(zone.data[4] - '0') * 10 + (uint64_t)(zone.data[5] - '0');
	}
	if (hours > 23 || minutes > 59) {
		return err_fail(ERR_SYNTAX, "%s: a date without a zone (RFC 3339)", what);
	}
	*ret = (int64_t)(hours * 3600 + minutes * 60) * (*zone.data == '-' ? -1 : 1);
	return OK;
}

enum err csaf_time(struct view text, const char *what, int64_t *ret)
{
	enum { SECONDS = 19 }; /* 2024-01-09T00:00:00 */
	char plain[TEXT_TIME];
	int64_t at, zone = 0;

	if (text.len <= SECONDS) {
		return err_fail(ERR_SYNTAX, "%s: not a date with a time and a zone (RFC 3339)",
			what);
	}
	memcpy(plain, text.data, SECONDS);
	memcpy(plain + SECONDS, "Z", 2);
	plain[10] = plain[10] == 't' ? 'T' : plain[10];
	TRY(text_from_time(view_of(plain, SECONDS + 1), &at, what));
	struct view rest = view_of(text.data + SECONDS, text.len - SECONDS);

	if (*rest.data == '.') {
		struct view fraction = until(view_of(rest.data + 1, rest.len - 1), "Zz+-");

		if (!is_numeric(fraction)) {
			return err_fail(ERR_SYNTAX, "%s: a fraction without digits (RFC 3339)",
				what);
		}
		rest = view_of(fraction.data + fraction.len, rest.len - 1 - fraction.len);
	}
	if (!view_is_nocase(rest, "Z")) {
		TRY(parse_zone(rest, what, &zone));
	}
	*ret = at - zone;
	return OK;
}

static enum err read_time(const struct json *object, const char *name, const char *clause,
	int64_t *ret)
{
	char what[64];
	struct view text;

	TRY(csaf_text(object, name, clause, &text));
	snprintf(what, sizeof(what), "CSAF 2.0 %s", clause);
	return csaf_time(text, what, ret);
}

/* The state of reading the history; numbers and dates rise together (6.1.14), once each (6.1.22). */
struct history {
	struct number newest;
	int64_t newest_at;
	size_t count;
};

static enum err read_revision(struct history *h, const struct json *revision)
{
	struct view number_text, summary;
	struct number number;
	int64_t at;

	TRY(read_time(revision, "date", "3.2.1.12.6.1", &at));
	TRY(csaf_text(revision, "number", "3.2.1.12.6.3", &number_text));
	TRY(csaf_text(revision, "summary", "3.2.1.12.6.4", &summary));
	TRY(parse_number(number_text, &number));
	if (h->count > 0 && number.semantic != h->newest.semantic) {
		return csaf_bad("6.1.30", "whole numbers and semantic versions are mixed");
	}
	int order = h->count > 0 ? compare_numbers(&number, &h->newest, true) : 1;

	if (order == 0) {
		return csaf_bad("6.1.22", "a revision has the number of another");
	}
	if (h->count > 0 && ((order > 0 && at < h->newest_at) || (order < 0 && at > h->newest_at))) {
		return csaf_bad("6.1.14", "a later revision has a lower number");
	}
	if (order > 0) {
		h->newest = number;
		h->newest_at = at;
	}
	h->count++;
	return OK;
}

static enum err check_history(const struct csaf *csaf, const struct json *list)
{
	struct history history = {.count = 0};
	struct number number;
	bool draft = csaf->state == CSAF_DRAFT;

	for (const struct json *r = json_item(list, 0); r; r = json_next(r)) {
		TRY(read_revision(&history, r));
	}
	TRY(parse_number(csaf->version, &number));
	if (number.semantic != history.newest.semantic ||
		compare_numbers(&number, &history.newest, !draft) != 0) {
		return csaf_bad("6.1.16", "the version is not that of the newest revision");
	}
	if (!draft && (number.pre.len > 0 || number.parts[0] == 0)) {
		return csaf_bad("6.1.17", "a version before the first is a draft");
	}
	return OK;
}

static enum err read_state(struct csaf *csaf, const struct json *tracking)
{
	struct view text;

	TRY(csaf_text(tracking, "status", "3.2.1.12.7", &text));
	for (enum csaf_state s = CSAF_DRAFT; s <= CSAF_INTERIM; s++) {
		if (view_is(text, csaf_state_name(s))) {
			csaf->state = s;
			return OK;
		}
	}
	return csaf_bad("3.2.1.12.7", "a document is draft, final or interim");
}

enum err csaf_read_tracking(struct csaf *csaf, const struct json *tracking)
{
	const struct json *list;

	if (!json_is_object(tracking)) {
		return csaf_bad("3.2.1.12", "\"tracking\" is missing");
	}
	TRY(csaf_text(tracking, "id", "3.2.1.12.4", &csaf->id));
	TRY(csaf_text(tracking, "version", "3.2.1.12.8", &csaf->version));
	TRY(read_state(csaf, tracking));
	TRY(read_time(tracking, "initial_release_date", "3.2.1.12.5", &csaf->initial_release));
	TRY(read_time(tracking, "current_release_date", "3.2.1.12.2", &csaf->current_release));
	TRY(csaf_array(tracking, "revision_history", 1, "3.2.1.12.6", &list));
	return check_history(csaf, list);
}
