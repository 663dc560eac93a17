// SPDX-License-Identifier: Apache-2.0
#include "app/app_inside.h"

#include <stdlib.h>

enum {
	TOKENS = 100000,
	PULLS = 1024,
	UNKNOWN_MS = 2000,
	REFUSED = 16384,
	WAITERS = 65536,
};

static const uint32_t applications[] = {DIAMETER_ZN};

/* The nodes that may be asked: peers, and those that a relay may bring. */
static enum err copy_peers(struct symapp *app, const struct diameter_node_options *o)
{
	size_t most = 0;

	for (size_t i = 0; i < o->peer_count; i++) {
		most += 1 + o->peers[i].origin_count;
	}
	app->peers = calloc(most + 1, sizeof(*app->peers));
	if (!app->peers) {
		return err_fail(ERR_MEMORY, "RP_A: out of memory");
	}
	for (size_t i = 0; i < o->peer_count; i++) {
		const struct diameter_peer_options *peer = &o->peers[i];

		for (size_t j = 0; j <= peer->origin_count; j++) {
			const char *host = j == 0 ? peer->host : peer->origins[j - 1];
			struct peer_name *name = &app->peers[app->peer_count++];

			TRY(ident_parse(IDENT_FQDN, view_text(host), &name->host));
			TRY(ident_parse(IDENT_FQDN, view_text(peer->realm), &name->realm));
		}
	}
	return OK;
}

static enum err open_all(struct symapp *app, const struct symapp_options *options)
{
	struct diameter_node_options diameter = options->diameter;

	app->tokens_max = options->tokens ? options->tokens : TOKENS;
	app->refused_max = REFUSED;
	app->waiters_max = WAITERS;
	app->unknown_ms = options->unknown_ms ? options->unknown_ms : UNKNOWN_MS;
	size_t pulls = options->pulls ? options->pulls : PULLS;

	TRY(ident_parse(IDENT_FQDN, view_text(diameter.host), &app->host));
	TRY(ident_parse(IDENT_FQDN, view_text(diameter.realm), &app->realm));
	TRY(copy_peers(app, &diameter));
	TRY(app_figures_open(app));
	TRY(pull_open(app, pulls));
	TRY(table_new(app->tokens_max + app->refused_max + pulls, &app->entries));
	if (options->store_url && options->store_url[0]) {
		TRY(keep_open(app, options->store_url, options->master_key));
	}
	diameter.applications = applications;
	diameter.application_count = sizeof(applications) / sizeof(applications[0]);
	TRY(diameter_node_open(app->loop, &diameter, NULL, 0, app, &app->diameter));
	tokens_sweep(app);
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
	if (app->entries) {
		tokens_free_all(app);
	}
	keep_close(app);
	table_free(app->entries);
	pool_free(app->pulls);
	metrics_free(app->metrics);
	free(app->peers);
	free(app);
}

struct diameter_node *symapp_diameter(struct symapp *app)
{
	return app->diameter;
}
