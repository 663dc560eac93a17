// SPDX-License-Identifier: Apache-2.0
#include "app/carrier.h"

#include <stdlib.h>

enum {
	TOKENS = 100000,
	PULLS = 1024,
	UNKNOWN_MS = 2000,
	SWEEP_MS = 60 * 1000,
};

static void sweep(void *user)
{
	struct symapp *app = user;

	keep_drop_expired(app);
	timer_start(app->loop, &app->sweep, SWEEP_MS, sweep, app);
}

static size_t count_nodes(const struct symapp_options *options)
{
	size_t count = options->node_count;

	for (size_t i = 0; i < options->diameter.peer_count; i++) {
		count += 1 + options->diameter.peers[i].origin_count;
	}
	return count;
}

static enum err open_all(struct symapp *app, const struct symapp_options *options)
{
	app->unknown_ms = options->unknown_ms ? options->unknown_ms : UNKNOWN_MS;
	app->changed = options->changed;
	app->user = options->user;
	TRY(ident_parse(IDENT_FQDN, view_text(options->diameter.host), &app->host));
	TRY(ident_parse(IDENT_FQDN, view_text(options->diameter.realm), &app->realm));
	app->nodes = calloc(count_nodes(options) + 1, sizeof(*app->nodes));
	if (!app->nodes) {
		return err_fail(ERR_MEMORY, "symapp: out of memory");
	}
	TRY(app_figures_open(app));
	TRY(tokens_open(app, options->tokens ? options->tokens : TOKENS));
	TRY(find_open(app, options->pulls ? options->pulls : PULLS));
	TRY(events_open(app));
	TRY(carrier_https_open(app, options));
	TRY(carrier_diameter_open(app, &options->diameter));
	if (options->store_url && options->store_url[0]) {
		TRY(keep_open(app, options));
	}
	sweep(app);
	return OK;
}

enum err symapp_new(struct loop *loop, const struct symapp_options *options, struct symapp **ret)
{
	struct symapp *app = calloc(1, sizeof(*app));

	if (!app) {
		return err_fail(ERR_MEMORY, "symapp: out of memory");
	}
	app->loop = loop;
	enum err err = open_all(app, options);

	if (err != OK) {
		symapp_free(app);
		return err;
	}
	*ret = app;
	return OK;
}

void symapp_free(struct symapp *app)
{
	if (!app) {
		return;
	}
	app->closing = true;
	timer_stop(app->loop, &app->sweep);
	carrier_diameter_close(app);
	carrier_https_close(app);
	keep_close(app); /* answers events */
	tokens_free_all(app);
	find_free_all(app);
	carrier_diameter_free(app);
	announce_close(app);
	pool_free(app->pulls);
	pool_free(app->events);
	metrics_free(app->metrics);
	free(app);
}

struct diameter_node *symapp_diameter(struct symapp *app)
{
	return app->diameter;
}

bool symapp_reaches(const struct symapp *app, const char *host)
{
	for (size_t i = 0; i < app->node_count; i++) {
		const struct node *node = &app->nodes[i];

		if (view_is_nocase(view_text(host), node->host.text)) {
			return node->carrier->reaches(node);
		}
	}
	return false;
}
