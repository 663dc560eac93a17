// SPDX-License-Identifier: Apache-2.0
#include "authz/figures.h"

#include "authz/sessions.h"

enum figure { VECTORS, PERMISSIONS, TIMES, RESYNCHRONISED, FIGURES };
enum question { VECTOR, PERMISSION };

static const char *const questions[] = {[VECTOR] = "vector", [PERMISSION] = "permission", NULL};

static const struct metric rows[FIGURES] = {
	[VECTORS] = {"symbolon_rp_b_vectors_total", METRIC_COUNTER,
		"Vectors that authentication elements asked for, by result.", "result",
		metrics_results},
	[PERMISSIONS] = {"symbolon_rp_b_permissions_total", METRIC_COUNTER,
		"Permissions that authentication elements asked for, by result.", "result",
		metrics_results},
	[TIMES] = {"symbolon_rp_b_seconds", METRIC_HISTOGRAM,
		"From a question on RP_B to its answer.", "question", questions},
	[RESYNCHRONISED] = {"symbolon_resynchronisations_total", METRIC_COUNTER,
		"Devices whose sequence number was ahead.", NULL, NULL},
};

enum err authz_figures_start_up(struct authz *authz)
{
	return metrics_new(rows, FIGURES, &authz->metrics);
}

void authz_figures_shut_down(struct authz *authz)
{
	metrics_free(authz->metrics);
	authz->metrics = NULL;
}

void authz_figures_vector(struct authz *authz, enum err result, int64_t us)
{
	metrics_add(authz->metrics, VECTORS, metrics_result(result), 1);
	metrics_observe(authz->metrics, TIMES, VECTOR, us);
}

void authz_figures_permission(struct authz *authz, enum err result, int64_t us)
{
	metrics_add(authz->metrics, PERMISSIONS, metrics_result(result), 1);
	metrics_observe(authz->metrics, TIMES, PERMISSION, us);
}

void authz_figures_resynchronised(struct authz *authz)
{
	metrics_add(authz->metrics, RESYNCHRONISED, 0, 1);
}

enum { LISTENERS = 3 };

static void name_listeners(const struct authz *authz, struct metrics_listener ret[LISTENERS])
{
	ret[0] = (struct metrics_listener){"operator", http_server_listener(authz->operator_https)};
	ret[1] = (struct metrics_listener){"operator_socket",
		http_server_listener(authz->operator_socket)};
	ret[2] = (struct metrics_listener){"portal", http_server_listener(authz->portal)};
}

static void put_sessions(const struct authz *authz, struct buf *out)
{
	struct sessions_figures figures;

	sessions_figures(authz, &figures);
	metrics_put_one(out, "symbolon_sessions", METRIC_GAUGE, "Permissions that are kept, about.",
		figures.kept);
	metrics_put_one(out, "symbolon_sessions_aborted_total", METRIC_COUNTER,
		"Sessions whose end authentication elements acknowledged.", figures.aborted);
	metrics_put_one(out, "symbolon_sessions_changed_total", METRIC_COUNTER,
		"Changes that authentication elements acknowledged.", figures.changed);
	metrics_put_one(out, "symbolon_sessions_unanswered_total", METRIC_COUNTER,
		"Ends and changes that were told in vain, to be told again.", figures.unanswered);
}

void authz_figures_collect(void *user, struct buf *out)
{
	const struct authz *authz = user;
	struct metrics_listener listeners[LISTENERS];
	const struct metrics_server servers[] = {{"operator", authz->operator_https},
		{"operator_socket", authz->operator_socket}, {"portal", authz->portal}};

	name_listeners(authz, listeners);
	metrics_put_table(out, authz->metrics);
	metrics_put_one(out, "symbolon_rp_b_under_way", METRIC_GAUGE,
		"Questions on RP_B that have not been answered.",
		authz->questions ? pool_count(authz->questions) : 0);
	put_sessions(authz, out);
	change_put_metrics(authz, out);
	metrics_put_listeners(out, listeners, LISTENERS);
	metrics_put_answers(out, servers, sizeof(servers) / sizeof(servers[0]));
	metrics_put_diameter(out, authz->diameter);
	store_put_metrics(authz->store, out);
	keeper_put_metrics(authz->keeper, out);
}

void authz_figures_unready(void *user, struct buf *out)
{
	const struct authz *authz = user;

	if (store_is_away(authz->store)) {
		buf_text(out, "store: the database failed lately\n");
	}
}
