// SPDX-License-Identifier: Apache-2.0
#include "net/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct metrics {
	const struct metric *rows;
	size_t count;
	size_t *first; /* of each row: where its series begin among values or histograms */
	unsigned *series;
	atomic_uint_fast64_t *values;
	struct histogram *histograms;
};

static const int64_t bounds_us[HISTOGRAM_BUCKETS] = {500, 1000, 2500, 5000, 10000, 25000, 50000,
	100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000};

const char *const metrics_results[] = {"ok", "denied", "not_found", "timeout", "overload",
	"unavailable", "failed", NULL};

unsigned metrics_result(enum err err)
{
	switch (err) {
	case OK:
		return 0;
	case ERR_DENIED:
	case ERR_AUTH:
		return 1;
	case ERR_NOT_FOUND:
	case ERR_EXPIRED:
		return 2;
	case ERR_TIMEOUT:
		return 3;
	case ERR_OVERLOAD:
		return 4;
	case ERR_UNAVAILABLE:
	case ERR_CLOSED:
	case ERR_UNKNOWN_RESULT:
		return 5;
	default:
		return 6;
	}
}

/* Counting */

/* One thread writes: no locked instruction is needed, and a reader sees the old number or the new. */
static void add(atomic_uint_fast64_t *to, uint64_t count)
{
	uint64_t now = atomic_load_explicit(to, memory_order_relaxed);

	atomic_store_explicit(to, now + count, memory_order_relaxed);
}

static uint64_t get(const atomic_uint_fast64_t *from)
{
	return atomic_load_explicit(from, memory_order_relaxed);
}

void histogram_observe(struct histogram *h, int64_t us)
{
	size_t at = 0;

	while (at < HISTOGRAM_BUCKETS && us > bounds_us[at]) {
		at++;
	}
	add(&h->buckets[at], 1);
	add(&h->sum_us, us > 0 ? (uint64_t)us : 0);
}

static unsigned series_of(const struct metric *row)
{
	unsigned count = 0;

	while (row->label && row->values[count]) {
		count++;
	}
	return count > 0 ? count : 1;
}

static enum err make_room(struct metrics *m)
{
	size_t values = 0, histograms = 0;

	m->first = calloc(m->count + 1, sizeof(*m->first));
	m->series = calloc(m->count + 1, sizeof(*m->series));
	if (!m->first || !m->series) {
		return err_fail(ERR_MEMORY, "metrics: out of memory");
	}
	for (size_t i = 0; i < m->count; i++) {
		size_t *end = m->rows[i].type == METRIC_HISTOGRAM ? &histograms : &values;

		m->first[i] = *end;
		m->series[i] = series_of(&m->rows[i]);
		*end += m->series[i];
	}
	m->values = calloc(values + 1, sizeof(*m->values));
	m->histograms = calloc(histograms + 1, sizeof(*m->histograms));
	return m->values && m->histograms ? OK : err_fail(ERR_MEMORY, "metrics: out of memory");
}

enum err metrics_new(const struct metric *rows, size_t count, struct metrics **ret)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (!m) {
		return err_fail(ERR_MEMORY, "metrics: out of memory");
	}
	m->rows = rows;
	m->count = count;
	enum err err = make_room(m);

	if (err != OK) {
		metrics_free(m);
		return err;
	}
	*ret = m;
	return OK;
}

void metrics_free(struct metrics *m)
{
	if (!m) {
		return;
	}
	free(m->first);
	free(m->series);
	free(m->values);
	free(m->histograms);
	free(m);
}

static size_t place(const struct metrics *m, int row, unsigned series)
{
	return m->first[row] + (series < m->series[row] ? series : m->series[row] - 1);
}

void metrics_add(struct metrics *m, int row, unsigned series, uint64_t count)
{
	if (m) {
		add(&m->values[place(m, row, series)], count);
	}
}

void metrics_observe(struct metrics *m, int row, unsigned series, int64_t us)
{
	if (m) {
		histogram_observe(&m->histograms[place(m, row, series)], us);
	}
}

unsigned metrics_series(const struct metrics *m, int row, const char *value)
{
	unsigned at = 0;

	while (m && at + 1 < m->series[row] && strcmp(m->rows[row].values[at], value) != 0) {
		at++;
	}
	return at;
}

/* Writing */

static void put_escaped(struct buf *out, const char *text, bool quoted)
{
	for (const char *at = text; *at; at++) {
		if (*at == '\n') {
			buf_text(out, "\\n");
		} else if (*at == '\\' || (quoted && *at == '"')) {
			buf_u8(out, '\\');
			buf_u8(out, (uint8_t)*at);
		} else {
			buf_u8(out, (uint8_t)*at);
		}
	}
}

void metrics_put_head(struct buf *out, const char *name, enum metric_type type, const char *help)
{
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};

	buf_printf(out, "# HELP %s ", name);
	put_escaped(out, help, false);
	buf_printf(out, "\n# TYPE %s %s\n", name, types[type]);
}

/* name and suffix, then labels with one more when `last` has a name. */
static void put_series(struct buf *out, const char *name, const char *suffix,
	const struct metric_label *labels, size_t count, struct metric_label last)
{
	buf_text(out, name);
	buf_text(out, suffix);
	if (count == 0 && !last.name) {
		return;
	}
	for (size_t i = 0; i < count + (last.name != NULL); i++) {
		const struct metric_label *label = i < count ? &labels[i] : &last;

		buf_printf(out, "%c%s=\"", i == 0 ? '{' : ',', label->name);
		put_escaped(out, label->value, true);
		buf_u8(out, '"');
	}
	buf_u8(out, '}');
}

void metrics_put(struct buf *out, const char *name, const struct metric_label *labels, size_t count,
	uint64_t value)
{
	put_series(out, name, "", labels, count, (struct metric_label){NULL, NULL});
	buf_printf(out, " %" PRIu64 "\n", value);
}

static void put_seconds(struct buf *out, uint64_t us)
{
	buf_printf(out, " %" PRIu64 ".%06" PRIu64 "\n", us / 1000000, us % 1000000);
}

void metrics_put_seconds(struct buf *out, const char *name, const struct metric_label *labels,
	size_t count, uint64_t us)
{
	put_series(out, name, "", labels, count, (struct metric_label){NULL, NULL});
	put_seconds(out, us);
}

void metrics_put_histogram(struct buf *out, const char *name, const struct metric_label *labels,
	size_t count, const struct histogram *h)
{
	const struct metric_label none = {NULL, NULL};
	uint64_t sum = get(&h->sum_us), so_far = 0;
	char bound[24];

	for (size_t i = 0; i <= HISTOGRAM_BUCKETS; i++) {
		so_far += get(&h->buckets[i]);
		(void)snprintf(bound, sizeof(bound), "%g",
			i < HISTOGRAM_BUCKETS ? (double)bounds_us[i] / 1e6 : 0);
		put_series(out, name, "_bucket", labels, count,
			(struct metric_label){"le", i < HISTOGRAM_BUCKETS ? bound : "+Inf"});
		buf_printf(out, " %" PRIu64 "\n", so_far);
	}
	put_series(out, name, "_sum", labels, count, none);
	put_seconds(out, sum);
	put_series(out, name, "_count", labels, count, none);
	buf_printf(out, " %" PRIu64 "\n", so_far);
}

void metrics_put_one(struct buf *out, const char *name, enum metric_type type, const char *help,
	uint64_t value)
{
	metrics_put_head(out, name, type, help);
	metrics_put(out, name, NULL, 0, value);
}

static void put_row(struct buf *out, const struct metrics *m, size_t row)
{
	const struct metric *r = &m->rows[row];

	metrics_put_head(out, r->name, r->type, r->help);
	for (unsigned i = 0; i < m->series[row]; i++) {
		struct metric_label label = {r->label, r->label ? r->values[i] : NULL};
		size_t labels = r->label != NULL, at = m->first[row] + i;

		if (r->type == METRIC_HISTOGRAM) {
			metrics_put_histogram(out, r->name, &label, labels, &m->histograms[at]);
		} else {
			metrics_put(out, r->name, &label, labels, get(&m->values[at]));
		}
	}
}

void metrics_put_table(struct buf *out, const struct metrics *m)
{
	for (size_t row = 0; m && row < m->count; row++) {
		put_row(out, m, row);
	}
}
