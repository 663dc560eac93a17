// SPDX-License-Identifier: Apache-2.0
/* What an application element counts. */
#include "app/carrier.h"

enum figure { PULLS, PULL_TIMES, EVENTS_TAKEN, FIGURES };

static const char *const kinds[] = {"push", "revoke", "subscription", NULL};

static const struct metric rows[FIGURES] = {
	[PULLS] = {"symbolon_rp_a_pulls_total", METRIC_COUNTER,
		"Tokens that authentication elements were asked for, by result.", "result",
		metrics_results},
	[PULL_TIMES] = {"symbolon_rp_a_pull_seconds", METRIC_HISTOGRAM,
		"From a pull to its answer.", NULL, NULL},
	[EVENTS_TAKEN] = {"symbolon_rp_a_events_total", METRIC_COUNTER,
		"What authentication elements have told of tokens, by kind.", "kind", kinds},
};

enum err app_figures_open(struct symapp *app)
{
	return metrics_new(rows, FIGURES, &app->metrics);
}

void app_figures_pull(struct symapp *app, enum err result, int64_t us)
{
	metrics_add(app->metrics, PULLS, metrics_result(result), 1);
	metrics_observe(app->metrics, PULL_TIMES, 0, us);
}

void app_figures_event(struct symapp *app, uint32_t type)
{
	metrics_add(app->metrics, EVENTS_TAKEN, type - RP_A_PUSH, 1);
}

void symapp_collect(const struct symapp *app, struct buf *out)
{
	metrics_put_table(out, app->metrics);
	metrics_put_one(out, "symbolon_tokens", METRIC_GAUGE, "Tokens kept.", symapp_tokens(app));
	metrics_put_one(out, "symbolon_tokens_limit", METRIC_GAUGE,
		"How many are kept; beyond, the least recently used is forgotten.", app->tokens_max);
	metrics_put_one(out, "symbolon_rp_a_pulls_under_way", METRIC_GAUGE,
		"Pulls that have not been answered.", pool_count(app->pulls));
	metrics_put_diameter(out, app->diameter);
	store_put_metrics(app->store, out);
}

static bool reaches_any(const struct symapp *app)
{
	for (size_t i = 0; i < app->node_count; i++) {
		if (app->nodes[i].carrier->reaches(&app->nodes[i])) {
			return true;
		}
	}
	return false;
}

void symapp_unready(const struct symapp *app, struct buf *out)
{
	if (!reaches_any(app)) {
		buf_text(out, "rp_a: no authentication element is connected\n");
	}
	if (app->store && store_is_away(app->store)) {
		buf_text(out, "store: the database failed lately\n");
	}
}
