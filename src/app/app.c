// SPDX-License-Identifier: Apache-2.0
#include "app/app_inside.h"

#include <stdlib.h>

enum {
	TOKENS = 100000,
	PULLS = 1024,
	UNKNOWN_MS = 2000,
	SWEEP_MS = 60 * 1000,
};

static const uint32_t applications[] = {DIAMETER_ZN};

static const struct diameter_handler handlers[] = {
	{DIAMETER_ZN, DIAMETER_RPR, events_on_request},
};

static void sweep(void *user)
{
	struct symapp *app = user;

	keep_drop_expired(app);
	timer_start(app->loop, &app->sweep, SWEEP_MS, sweep, app);
}

static enum err open_all(struct symapp *app, const struct symapp_options *options)
{
	struct diameter_node_options diameter = options->diameter;

	app->unknown_ms = options->unknown_ms ? options->unknown_ms : UNKNOWN_MS;
	app->changed = options->changed;
	app->user = options->user;
	TRY(ident_parse(IDENT_FQDN, view_text(diameter.host), &app->host));
	TRY(ident_parse(IDENT_FQDN, view_text(diameter.realm), &app->realm));
	TRY(app_figures_open(app));
	TRY(announce_open(app, &diameter));
	TRY(tokens_open(app, options->tokens ? options->tokens : TOKENS));
	TRY(find_open(app, options->pulls ? options->pulls : PULLS));
	TRY(events_open(app));
	if (options->store_url && options->store_url[0]) {
		TRY(keep_open(app, options));
	}
	diameter.applications = applications;
	diameter.application_count = sizeof(applications) / sizeof(applications[0]);
	diameter.peer_changed = announce_peer_changed;
	TRY(diameter_node_open(app->loop, &diameter, handlers,
		sizeof(handlers) / sizeof(handlers[0]), app, &app->diameter));
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
	if (app->diameter) {
		diameter_node_close(app->diameter); /* ends all pulls */
	}
	keep_close(app); /* answers events */
	tokens_free_all(app);
	find_free_all(app);
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
