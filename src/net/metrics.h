// SPDX-License-Identifier: Apache-2.0
/*
 * metrics: figures for operators, as Prometheus reads them (text exposition format 0.0.4). A program's own are
 * rows of a table; counting is an addition, without lock or allocation. Other figures are kept by who owns
 * them and written when they are asked for. No label ever holds an identity of a subscriber or device.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdatomic.h>

struct diameter_node;
struct http_server;
struct listener;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric {
	const char *name; /* "symbolon_bootstraps_total" */
	enum metric_type type;
	const char *help;	   /* one sentence */
	const char *label;	   /* NULL: one series */
	const char *const *values; /* of the label, a series each, ended by NULL */
};

struct metrics;

/* ERR_MEMORY. The rows must outlive it. */
enum err metrics_new(const struct metric *rows, size_t count, struct metrics **ret);
void metrics_free(struct metrics *m); /* NULL is fine */

/* One thread counts, others may read. `m` NULL: nobody wants to know. A series that the row lacks is its last. */
void metrics_add(struct metrics *m, int row, unsigned series, uint64_t count);
void metrics_observe(struct metrics *m, int row, unsigned series, int64_t us);
/* The place of a value among the label's; its last when it is none of them. */
unsigned metrics_series(const struct metrics *m, int row, const char *value);

/* A label "result" that says how a call ended. */
extern const char *const metrics_results[];
unsigned metrics_result(enum err err);

/* Durations in buckets from half a millisecond to half a minute. One thread observes, others may read. */
enum { HISTOGRAM_BUCKETS = 15 };
struct histogram {
	atomic_uint_fast64_t buckets[HISTOGRAM_BUCKETS + 1]; /* the last: all that took longer */
	atomic_uint_fast64_t sum_us;
};
void histogram_observe(struct histogram *h, int64_t us);

/* Writing. The head of a family comes before its samples, once. */
struct metric_label {
	const char *name, *value;
};
void metrics_put_head(struct buf *out, const char *name, enum metric_type type, const char *help);
void metrics_put(struct buf *out, const char *name, const struct metric_label *labels, size_t count,
	uint64_t value);
void metrics_put_seconds(struct buf *out, const char *name, const struct metric_label *labels,
	size_t count, uint64_t us);
void metrics_put_histogram(struct buf *out, const char *name, const struct metric_label *labels,
	size_t count, const struct histogram *h);
/* A family of one sample without labels. */
void metrics_put_one(struct buf *out, const char *name, enum metric_type type, const char *help,
	uint64_t value);

/* All of a table. */
void metrics_put_table(struct buf *out, const struct metrics *m);
/* What every node has: its build, and what the process uses of the machine. */
void metrics_put_process(struct buf *out, const char *program, const char *node);
/* Peers, and what is under way with them; NULL: nothing is written. */
void metrics_put_diameter(struct buf *out, const struct diameter_node *node);
/* Listeners by their names; a NULL listener is left out. */
struct metrics_listener {
	const char *name; /* "rp_c" */
	const struct listener *listener;
};
void metrics_put_listeners(struct buf *out, const struct metrics_listener *listeners, size_t count);
/* Answers of HTTP servers, by status; a NULL server is left out. */
struct metrics_server {
	const char *name; /* of the listener or the application */
	const struct http_server *server;
};
void metrics_put_answers(struct buf *out, const struct metrics_server *servers, size_t count);
/* Why a node should get no work: its listeners that have no room. */
void metrics_unready_listeners(struct buf *out, const struct metrics_listener *listeners,
	size_t count);
