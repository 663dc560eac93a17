// SPDX-License-Identifier: Apache-2.0
/* req: B7.5-g */
#include "authz/change/change.h"

#include "authz/figures.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

const struct conf_option change_realm_options[] =
	CONF_TABLE(change_realm_conf, CHANGE_REALM_OPTIONS);

enum { PEM_MAX = 64 * 1024 };

#define TO(state) (1U << CHANGE_##state)
#define ENDS	  (TO(ABORTED) | TO(REFUSED))

/* Names, and what may follow. After the first token there is nothing to abort. */
static const struct {
	const char *name;
	unsigned next;
} states[CHANGE_STATES] = {
	[CHANGE_REQUESTED] = {"requested", TO(WAITING) | ENDS},
	[CHANGE_WAITING] = {"waiting", TO(KEYED) | TO(ORDERED) | ENDS},
	[CHANGE_KEYED] = {"keyed", TO(UPDATED) | TO(ABORTED)},
	[CHANGE_ORDERED] = {"ordered", TO(RECEIVED) | TO(ABORTED)},
	[CHANGE_RECEIVED] = {"received", TO(UPDATED) | TO(ABORTED)},
	[CHANGE_UPDATED] = {"updated", TO(FIRST_TOKEN) | TO(ABORTED)},
	[CHANGE_FIRST_TOKEN] = {"first_token", 0},
	[CHANGE_ABORTED] = {"aborted", 0},
	[CHANGE_REFUSED] = {"refused", 0},
};

const char *change_state_name(enum change_state state)
{
	return states[state].name;
}

enum err change_state_of(struct view name, enum change_state *ret)
{
	for (int i = 0; i < CHANGE_STATES; i++) {
		if (view_is(name, states[i].name)) {
			*ret = (enum change_state)i;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "10.6: unknown state of a change in the store");
}

bool change_may(enum change_state from, enum change_state to)
{
	return (states[from].next & (1U << to)) != 0;
}

bool change_is_over(enum change_state state)
{
	return states[state].next == 0;
}

enum err change_read_row(const struct store_result *result, size_t step, size_t row,
	struct change_row *ret)
{
	struct view *texts[] = {&ret->id, NULL, &ret->subscriber, NULL, &ret->old_realm,
		&ret->client, &ret->new_client, &ret->consent, &ret->replacement, &ret->receipt,
		&ret->detail};
	const size_t count = sizeof(texts) / sizeof(texts[0]);

	for (size_t i = 0; i < count; i++) {
		if (texts[i]) {
			*texts[i] = store_at(result, step, row, i).bytes;
		}
	}
	TRY(change_state_of(store_at(result, step, row, 1).bytes, &ret->state));
	TRY(change_method_of(store_at(result, step, row, 3).bytes, &ret->method));
	ret->until = store_at(result, step, row, count).number;
	ret->created = store_at(result, step, row, count + 1).number;
	ret->updated = store_at(result, step, row, count + 2).number;
	ret->tries = store_at(result, step, row, count + 3).number;
	return OK;
}

struct store_step change_move_step(const struct change_move *move)
{
	return (struct store_step){
		.statement = MOVE_CHANGE,
		.expect = STORE_ONE,
		.param_count = 7,
		.params = {STORE_TEXT_OF(move->id),
			STORE_TEXT_OF(view_text(change_state_name(move->from))),
			STORE_TEXT_OF(view_text(change_state_name(move->to))),
			STORE_INT_OF(change_is_over(move->to) ? 0 : 1),
			move->due > 0 ? STORE_INT_OF(move->due) : STORE_NULL_OF(),
			STORE_TEXT_OF(view_text(move->detail)), STORE_INT_OF(move->now)},
	};
}

/* --- other operators --- */

const struct change_peer *change_peer_at(const struct authz *authz, struct view realm)
{
	const struct changes *changes = authz->changes;

	for (size_t i = 0; i < changes->peer_count; i++) {
		if (view_equal(ident_view(&changes->peers[i].realm), realm)) {
			return &changes->peers[i];
		}
	}
	return NULL;
}

const struct change_peer *change_peer_of(const struct authz *authz, const struct stream *stream)
{
	const struct changes *changes = authz->changes;

	for (size_t i = 0; stream && i < changes->peer_count; i++) {
		if (stream_peer_is(stream, changes->peers[i].host)) {
			return &changes->peers[i];
		}
	}
	return NULL;
}

/* --- keys and doors --- */

/* What is named in the configuration, or nothing. */
static enum err read_key(const char *option, const char *path, struct jose_key **ret)
{
	BUF_CLEANUP struct buf pem = {.data = NULL};

	if (!path[0]) {
		return OK;
	}
	enum err err = text_read_file(path, PEM_MAX, &pem);

	err = err == OK ? jose_key_from_pem(buf_contents(&pem), ret) : err;
	buf_wipe(&pem);
	return err == OK ? OK : err_fail(ERR_CONFIG, "%s: %s: %s", option, path, err_name(err));
}

/* Keys for envelopes are of one kind (RFC 7518 4.6). */
static enum err read_envelope_key(const char *option, const char *path, struct jose_key **ret)
{
	BUF_CLEANUP struct buf probe = buf_growing(JWE_MAX);

	TRY(read_key(option, path, ret));
	if (*ret && jwe_encrypt(*ret, "probe", view_text("probe"), &probe) != OK) {
		return err_fail(ERR_CONFIG, "%s: %s: a P-256 key is wanted", option, path);
	}
	return OK;
}

/* The private half goes to the vault, and stays there. */
static enum err take_envelope_key(struct changes *changes)
{
	const char *path = changes->authz->conf->change_envelope_key;
	BUF_CLEANUP struct buf half = buf_growing(JOSE_PUBLIC_MAX);
	struct jose_key *pair = NULL;
	enum err err = read_envelope_key("change.envelope_key", path, &pair);

	if (err != OK || !pair) {
		jose_key_free(pair);
		return err;
	}
	err = jose_key_public(pair, &half);
	err = err == OK ? jose_key_from_public(buf_contents(&half), &changes->envelope_key) : err;
	err = err == OK ? jose_thumbprint(pair, changes->thumbprint) : err;
	vault_set_envelope_key(changes->authz->vault, pair);
	return err;
}

static enum err open_peer(struct changes *changes, const struct change_realm_conf *conf,
	struct change_peer *ret)
{
	const struct authz_conf *own = changes->authz->conf;
	const struct http_client_options options = {
		.address = conf->address,
		.host = conf->host,
		.tls = changes->client_tls,
		.connections = 4,
		.timeout_ms = own->change_answer,
		.stall_ms = own->change_answer,
		.limits = {.body = 256 * 1024},
	};

	ret->host = conf->host;
	TRY(ident_parse(IDENT_FQDN, view_text(conf->realm), &ret->realm));
	if (ident_equal(&ret->realm, &changes->authz->realm) ||
		change_peer_at(changes->authz, ident_view(&ret->realm))) {
		return err_fail(ERR_CONFIG, "change.realms: %s is our own, or there twice",
			conf->realm);
	}
	TRY(read_envelope_key("change.realms: key", conf->key, &ret->key));
	TRY(read_key("change.realms: signing_key", conf->signing_key, &ret->signing_key));
	if (ret->key) {
		TRY(jose_thumbprint(ret->key, ret->thumbprint));
	}
	return conf->address[0] ? http_client_new(changes->authz->loop, &options, &ret->client)
				: OK;
}

static enum err open_peers(struct changes *changes)
{
	const struct conf_list *list = &changes->authz->conf->change_realms;
	const struct change_realm_conf *items = list->items;

	changes->peers = calloc(list->count + 1, sizeof(*changes->peers));
	if (!changes->peers) {
		return err_fail(ERR_MEMORY, "change.realms: out of memory");
	}
	for (size_t i = 0; i < list->count; i++) {
		enum err err = open_peer(changes, &items[i], &changes->peers[i]);

		changes->peer_count++;
		TRY(err);
	}
	return OK;
}

static enum err open_tls(struct changes *changes)
{
	const struct authz_conf *conf = changes->authz->conf;
	const struct tls_files files = {conf->change_certificate, conf->change_key,
		conf->change_authority};

	if (conf->change_realms.count == 0 && !conf->change_listen[0]) {
		return OK;
	}
	if (!files.certificate[0] || !files.key[0] || !files.authority[0]) {
		return err_fail(ERR_CONFIG,
			"change.realms needs change.certificate, change.key and "
			"change.authority");
	}
	TRY(tls_server(&files, TLS_PEERS_REQUIRED, &changes->server_tls));
	return tls_client(&files, &changes->client_tls);
}

enum err change_start_up(struct authz *authz)
{
	struct changes *changes = calloc(1, sizeof(*changes));

	if (!changes) {
		return err_fail(ERR_MEMORY, "change: out of memory");
	}
	authz->changes = changes;
	changes->authz = authz;
	TRY(take_envelope_key(changes));
	TRY(read_key("change.signing_key", authz->conf->change_signing_key, &changes->signing_key));
	TRY(open_tls(changes));
	TRY(open_peers(changes));
	TRY(arrival_start_up(authz));
	return departure_start_up(authz);
}

void change_shut_down(struct authz *authz)
{
	struct changes *changes = authz->changes;

	if (!changes) {
		return;
	}
	departure_shut_down(authz);
	arrival_shut_down(authz);
	for (size_t i = 0; i < changes->peer_count; i++) {
		http_client_free(changes->peers[i].client);
		jose_key_free(changes->peers[i].key);
		jose_key_free(changes->peers[i].signing_key);
	}
	free(changes->peers);
	tls_free(changes->server_tls);
	tls_free(changes->client_tls);
	jose_key_free(changes->envelope_key);
	jose_key_free(changes->signing_key);
	authz->changes = NULL;
	free(changes);
}

/* Since the start, by what this node did of them. */
void change_put_metrics(const struct authz *authz, struct buf *out)
{
	const struct changes *changes = authz->changes;

	if (!changes) {
		return;
	}
	metrics_put_one(out, "symbolon_changes_arrived_total", METRIC_COUNTER,
		"Clients that came from another operator and made their first token here.",
		changes->arrived);
	metrics_put_one(out, "symbolon_changes_left_total", METRIC_COUNTER,
		"Clients that went over to another operator.", changes->left);
	metrics_put_one(out, "symbolon_changes_aborted_total", METRIC_COUNTER,
		"Changes that this node gave up, or another operator refused.", changes->aborted);
}
