// SPDX-License-Identifier: Apache-2.0
#include "authn/figures.h"

enum figure {
	BOOTSTRAPS,
	BOOTSTRAP_TIMES,
	PHASES,
	RESYNCHRONISED,
	VECTORS,
	PERMISSIONS,
	PULLS,
	PULL_TIMES,
	PUSHES,
	REVOCATIONS,
	CHANGES,
	FIGURES
};

enum bootstrap_end { DONE, BAD_REQUEST, REFUSED, LIMITED, UNAVAILABLE, EXPIRED, FAILED };

static const char *const ends[] = {[DONE] = "ok",
	[BAD_REQUEST] = "bad_request",
	[REFUSED] = "refused",
	[LIMITED] = "limited",
	[UNAVAILABLE] = "unavailable",
	[EXPIRED] = "expired",
	[FAILED] = "failed",
	NULL};

static const char *const phases[] = {"wait-identity", "wait-vector", "wait-response",
	"wait-permission", "wait-store", "wait-push", "other", NULL};

static const struct metric rows[FIGURES] = {
	[BOOTSTRAPS] = {"symbolon_bootstraps_total", METRIC_COUNTER,
		"Bootstraps that ended, by result; expired: the device did not answer its "
		"challenge.",
		"result", ends},
	[BOOTSTRAP_TIMES] = {"symbolon_bootstrap_seconds", METRIC_HISTOGRAM,
		"From a device's first request to its token.", NULL, NULL},
	[PHASES] = {"symbolon_bootstrap_phase_seconds", METRIC_HISTOGRAM,
		"How long bootstraps waited, by what for.", "phase", phases},
	[RESYNCHRONISED] = {"symbolon_resynchronisations_total", METRIC_COUNTER,
		"Devices whose sequence number was ahead.", NULL, NULL},
	[VECTORS] = {"symbolon_rp_b_vectors_total", METRIC_COUNTER,
		"Vectors asked of the authorization element, by result.", "result", metrics_results},
	[PERMISSIONS] = {"symbolon_rp_b_permissions_total", METRIC_COUNTER,
		"Permissions asked of the authorization element, by result.", "result",
		metrics_results},
	[PULLS] = {"symbolon_rp_a_pulls_total", METRIC_COUNTER,
		"Tokens that application elements asked for, by result.", "result", metrics_results},
	[PULL_TIMES] = {"symbolon_rp_a_pull_seconds", METRIC_HISTOGRAM,
		"From a pull to its answer.", NULL, NULL},
	[PUSHES] = {"symbolon_rp_a_pushes_total", METRIC_COUNTER,
		"Tokens that application elements were told of, by result.", "result",
		metrics_results},
	[REVOCATIONS] = {"symbolon_rp_a_revocations_total", METRIC_COUNTER,
		"Revocations that application elements were told of, by result.", "result",
		metrics_results},
	[CHANGES] = {"symbolon_rp_a_changes_total", METRIC_COUNTER,
		"Changes of subscriptions that application elements were told of, by result.",
		"result", metrics_results},
};

enum err authn_figures_start_up(struct authn *authn)
{
	return metrics_new(rows, FIGURES, &authn->metrics);
}

void authn_figures_shut_down(struct authn *authn)
{
	metrics_free(authn->metrics);
	authn->metrics = NULL;
}

static enum bootstrap_end end_of(unsigned status)
{
	switch (status) {
	case 0:
		return EXPIRED;
	case 200:
		return DONE;
	case 400:
		return BAD_REQUEST;
	case 403:
		return REFUSED;
	case 429:
		return LIMITED;
	case 503:
		return UNAVAILABLE;
	default:
		return FAILED;
	}
}

void authn_figures_bootstrap(struct authn *authn, unsigned status, int64_t us)
{
	metrics_add(authn->metrics, BOOTSTRAPS, end_of(status), 1);
	if (status == 200) {
		metrics_observe(authn->metrics, BOOTSTRAP_TIMES, 0, us);
	}
}

void authn_figures_phase(struct authn *authn, const char *phase, int64_t us)
{
	metrics_observe(authn->metrics, PHASES, metrics_series(authn->metrics, PHASES, phase), us);
}

void authn_figures_resynchronised(struct authn *authn)
{
	metrics_add(authn->metrics, RESYNCHRONISED, 0, 1);
}

void authn_figures_vector(struct authn *authn, enum err result)
{
	metrics_add(authn->metrics, VECTORS, metrics_result(result), 1);
}

void authn_figures_permission(struct authn *authn, enum err result)
{
	metrics_add(authn->metrics, PERMISSIONS, metrics_result(result), 1);
}

void authn_figures_pull(struct authn *authn, enum err result, int64_t us)
{
	metrics_add(authn->metrics, PULLS, metrics_result(result), 1);
	metrics_observe(authn->metrics, PULL_TIMES, 0, us);
}

void authn_figures_told(struct authn *authn, enum authn_figures_told what, enum err result)
{
	static const enum figure figures[] = {PUSHES, REVOCATIONS, CHANGES};

	metrics_add(authn->metrics, figures[what], metrics_result(result), 1);
}

void authn_figures_tokens(struct authn *authn, uint64_t count)
{
	authn->tokens_held = count;
}

static void put_gauges(const struct authn *authn, struct buf *out)
{
	metrics_put_one(out, "symbolon_tokens", METRIC_GAUGE,
		"Tokens kept that have not expired, counted once a minute.", authn->tokens_held);
	metrics_put_one(out, "symbolon_bootstraps_under_way", METRIC_GAUGE,
		"Bootstraps that have not ended.",
		authn->bootstraps ? pool_count(authn->bootstraps) : 0);
	metrics_put_one(out, "symbolon_bootstraps_limit", METRIC_GAUGE, "How many there may be.",
		(uint64_t)authn->conf->bootstraps);
	metrics_put_one(out, "symbolon_rp_a_pulls_under_way", METRIC_GAUGE,
		"Pulls that have not been answered.", authn->pulls ? pool_count(authn->pulls) : 0);
	metrics_put_one(out, "symbolon_rp_a_streams", METRIC_GAUGE,
		"Event streams that application elements hold open.", authn->rp_a_streams);
}

enum { LISTENERS = 3 };

static void name_listeners(const struct authn *authn, struct metrics_listener ret[LISTENERS])
{
	ret[0] = (struct metrics_listener){"rp_c", http_server_listener(authn->rp_c)};
	ret[1] = (struct metrics_listener){"rp_c_plain", http_server_listener(authn->rp_c_plain)};
	ret[2] = (struct metrics_listener){"rp_a_https", http_server_listener(authn->rp_a_https)};
}

void authn_figures_collect(void *user, struct buf *out)
{
	const struct authn *authn = user;
	struct metrics_listener listeners[LISTENERS];
	const struct metrics_server servers[] = {{"rp_c", authn->rp_c},
		{"rp_c_plain", authn->rp_c_plain}, {"rp_a_https", authn->rp_a_https}};

	name_listeners(authn, listeners);
	metrics_put_table(out, authn->metrics);
	put_gauges(authn, out);
	metrics_put_listeners(out, listeners, LISTENERS);
	metrics_put_answers(out, servers, sizeof(servers) / sizeof(servers[0]));
	metrics_put_diameter(out, authn->diameter);
	store_put_metrics(authn->store, out);
	keeper_put_metrics(authn->keeper, out);
}

void authn_figures_unready(void *user, struct buf *out)
{
	const struct authn *authn = user;
	struct metrics_listener listeners[LISTENERS];

	name_listeners(authn, listeners);
	if (store_is_away(authn->store)) {
		buf_text(out, "store: the database failed lately\n");
	}
	if (!diameter_node_reaches(authn->diameter, authn->realm.text, DIAMETER_ZH)) {
		buf_text(out, "rp_b: no authorization element is connected\n");
	}
	metrics_unready_listeners(out, listeners, LISTENERS);
}
