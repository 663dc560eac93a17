// SPDX-License-Identifier: Apache-2.0
#include "net/node_conf.h"

#include "core/ident.h"

#include <stdlib.h>
#include <string.h>

const struct conf_option peer_options[] = CONF_TABLE(peer_conf, PEER_OPTIONS);

enum err node_check_fqdn(const char *text)
{
	struct ident ident;

	return ident_parse(IDENT_FQDN, view_text(text), &ident);
}

enum err node_check_address_or_none(const char *text)
{
	return text[0] ? address_check(text) : OK;
}

enum err node_check_store(const char *text)
{
	static const char *const schemes[] = {"sqlite:", "postgresql:", "postgres:"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i]);

		if (strncmp(text, schemes[i], len) == 0 && text[len]) {
			return OK;
		}
	}
	return err_fail(ERR_CONFIG, "not a store this build knows");
}

static enum err prepare_peers(const struct conf_list *list, struct node_diameter *d)
{
	const struct peer_conf *peers = list->items;

	d->peers = calloc(list->count + 1, sizeof(*d->peers));
	if (!d->peers) {
		return err_fail(ERR_MEMORY, "diameter.peers: out of memory");
	}
	for (size_t i = 0; i < list->count; i++) {
		d->peers[i] = (struct diameter_peer_options){
			.host = peers[i].host,
			.realm = peers[i].realm,
			.address = peers[i].address,
			.plain = peers[i].transport == 1,
			.relay = peers[i].relay,
			.origins = (const char *const *)peers[i].origins.items,
			.origin_count = peers[i].origins.count,
		};
	}
	d->options.peers = d->peers;
	d->options.peer_count = list->count;
	return OK;
}

static bool is_used(const struct node_diameter_settings *settings)
{
	return settings->listen[0] || settings->listen_plain[0] || settings->peers->count > 0;
}

enum err node_diameter_prepare(const struct node_diameter_settings *settings,
	struct node_diameter *ret)
{
	const struct tls_files files = {settings->certificate, settings->key, settings->authority};

	*ret = (struct node_diameter){
		.options =
			{
				.host = settings->host,
				.realm = settings->realm,
				.listen = settings->listen,
				.listen_plain = settings->listen_plain,
				.watchdog_ms = settings->watchdog_ms,
				.reconnect_ms = settings->reconnect_ms,
				.answer_ms = settings->answer_ms,
				.outstanding = (size_t)settings->outstanding,
			},
	};
	if (!settings->certificate[0] && !is_used(settings)) {
		return OK;
	}
	if (!settings->certificate[0]) {
		return err_fail(ERR_CONFIG, "diameter.certificate is missing");
	}
	if (!settings->authority[0]) {
		return err_fail(ERR_CONFIG, "diameter.authority is missing: the certificates that "
					    "peers are verified against");
	}
	TRY(tls_server(&files, TLS_PEERS_REQUIRED, &ret->options.server_tls));
	TRY(tls_client(&files, &ret->options.client_tls));
	return prepare_peers(settings->peers, ret);
}

void node_diameter_release(struct node_diameter *d)
{
	tls_free(d->options.server_tls);
	tls_free(d->options.client_tls);
	free(d->peers);
	*d = (struct node_diameter){.peers = NULL};
}
