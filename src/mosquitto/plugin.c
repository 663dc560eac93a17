// SPDX-License-Identifier: Apache-2.0
/*
 * plugin: mosquitto as the application element of Y.3056: clients come over TLS-PSK with the key of their token, are called
 * by their pseudonym, use the topics that are theirs, and go when their token does.  req: B9.5-a B9.6.4-a B9.6.4-d
 */
#include "base/env.h"
#include "base/log.h"
#include "base/text.h"
#include "mosquitto/bridge.h"
#include "mosquitto/clients.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXPIRE_EVERY_S = 1 };

struct plugin {
	mosquitto_plugin_id_t *id;
	struct mosquitto_conf conf;
	struct bridge *bridge;
	struct clients *clients;
	int64_t expired_at;
};

static int on_psk(int event, void *data, void *user);
static int on_connect(int event, void *data, void *user);
static int on_topic(int event, void *data, void *user);
static int on_tick(int event, void *data, void *user);
static int on_end(int event, void *data, void *user);

static const struct {
	int event;
	MOSQ_FUNC_generic_callback fn;
} events[] = {
	{MOSQ_EVT_PSK_KEY, on_psk},
	{MOSQ_EVT_BASIC_AUTH, on_connect},
	{MOSQ_EVT_ACL_CHECK, on_topic},
	{MOSQ_EVT_TICK, on_tick},
	{MOSQ_EVT_DISCONNECT, on_end},
};
enum { EVENTS = sizeof(events) / sizeof(events[0]) };

/* --- a client comes --- */

static void refused(const struct plugin *p, const char *clause, const char *tx)
{
	log_event(LOG_INFO, "session.refused", tx, LOG_TEXT("clause", clause),
		LOG_TEXT("application", p->conf.application), LOG_DETAIL());
}

static enum err find_key(struct plugin *p, const struct mosquitto_evt_psk_key *psk,
	struct symapp_token *ret)
{
	enum token_format format;
	struct view id;

	TRY(symapp_from_psk_identity(view_text(psk->identity), &format, &id));
	TRY(bridge_find(p->bridge, id, ret));
	if (psk->max_key_len < (int)ret->key.len * 2) {
		return err_fail(ERR_RANGE, "mosquitto has no room for this key");
	}
	return clients_put(p->clients, psk->client, ret);
}

/*
 * 10.5/2b: mosquitto cannot wait for RP_A. A token that is not here yet is asked for, and this handshake fails; the client
 * that comes again finds it.  req: B7.6-e B9.4.3 B9.5-b
 */
static int on_psk(int event, void *data, void *user)
{
	struct plugin *p = user;
	struct mosquitto_evt_psk_key *psk = data;
	struct symapp_token token = {.until = 0};

	(void)event;
	clients_drop(p->clients, psk->client);
	enum err err = find_key(p, psk, &token);

	if (err == OK) {
		struct buf hex = buf_fixed(psk->key, (size_t)psk->max_key_len);

		text_hex(&hex, secret_view(&token.key));
	} else {
		refused(p, "10.5/2b", "");
	}
	secret_wipe(&token.key);
	return err == OK ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
}

/* The handshake is done, so that the key is proved; meanwhile the token may have ended.  req: B9.4.1-g B9.6.4-c */
static enum err admit(struct plugin *p, struct client *client)
{
	struct symapp_token token;
	const char *name = client->token.pseudonym;

	if (client->over) {
		return err_fail(ERR_EXPIRED, "9.5: the token is over");
	}
	TRY(bridge_find(p->bridge, view_text(client->token.id), &token));
	secret_wipe(&token.key);
	if (!name[0]) {
		return err_fail(ERR_DENIED, "9.4.1: the realm gave no pseudonym for this client");
	}
	if (mosquitto_set_username(client->handle, name) != MOSQ_ERR_SUCCESS) {
		return err_fail(ERR_DENIED, "mosquitto does not take the pseudonym as a user name");
	}
	bridge_use(p->bridge, client->token.id);
	return OK;
}

/* 10.5/2c. Whoever came in by another listener has no token, and is for others to judge. */
static int on_connect(int event, void *data, void *user)
{
	struct plugin *p = user;
	const struct mosquitto_evt_basic_auth *auth = data;
	struct client *client = clients_at(p->clients, auth->client);

	(void)event;
	if (!client) {
		return MOSQ_ERR_PLUGIN_DEFER;
	}
	if (admit(p, client) != OK) {
		refused(p, "10.5/2c", client->token.tx);
		return MOSQ_ERR_AUTH;
	}
	log_event(LOG_DEBUG, "session.established", client->token.tx, LOG_TEXT("clause", "10.5/2c"),
		LOG_TEXT("from", "device"), LOG_TEXT("to", "element"),
		LOG_TEXT("application", p->conf.application));
	return MOSQ_ERR_SUCCESS;
}

/* --- what it does --- */

/* req: B9.4.3 */
static int on_topic(int event, void *data, void *user)
{
	struct plugin *p = user;
	const struct mosquitto_evt_acl_check *acl = data;
	const struct client *client = clients_at(p->clients, acl->client);
	enum topic_access access = acl->access == MOSQ_ACL_WRITE ? TOPIC_WRITE : TOPIC_READ;

	(void)event;
	if (!client) {
		return MOSQ_ERR_PLUGIN_DEFER;
	}
	if (acl->access == MOSQ_ACL_UNSUBSCRIBE) {
		return MOSQ_ERR_SUCCESS;
	}
	return client_may(&p->conf, client, acl->topic, access) ? MOSQ_ERR_SUCCESS
								: MOSQ_ERR_ACL_DENIED;
}

/* --- how it ends --- */

/* What it may not do any more is refused from now on, also of what it has subscribed to. */
static void take_rights(struct plugin *p, const char *token_id)
{
	struct symapp_token token;

	if (bridge_find(p->bridge, view_text(token_id), &token) != OK) {
		(void)clients_end(p->clients, token_id); /* nobody knows what it may do */
		return;
	}
	secret_wipe(&token.key);
	clients_grant(p->clients, &token);
}

static void take_change(struct plugin *p, const struct bridge_change *change)
{
	static const char *const why[] = {
		[SYMAPP_REVOKED] = "revoked",
		[SYMAPP_EXPIRED] = "expired",
		[SYMAPP_REPLACED] = "replaced",
	};

	if (!change->lost && change->kind == SYMAPP_CHANGED) {
		clients_move(p->clients, change->token_id, change->until);
		if (change->granted) {
			take_rights(p, change->token_id);
		}
		return;
	}
	size_t count = clients_end(p->clients, change->lost ? NULL : change->token_id);

	if (count > 0) {
		log_event(LOG_INFO, "sessions.ended", "", LOG_TEXT("clause", "9.5"),
			LOG_TEXT("application", p->conf.application),
			LOG_TEXT("why", change->lost ? "lost" : why[change->kind]),
			LOG_INT("count", (int64_t)count));
	}
}

static void kick(const char *name)
{
	(void)mosquitto_kick_client_by_clientid(name, false);
}

/* About ten times a second. */
static int on_tick(int event, void *data, void *user)
{
	struct plugin *p = user;
	struct bridge_change change;
	int64_t now = env_wall(&env_system);

	(void)event;
	(void)data;
	while (bridge_next_change(p->bridge, &change)) {
		take_change(p, &change);
	}
	if (now >= p->expired_at + EXPIRE_EVERY_S || now < p->expired_at) {
		p->expired_at = now;
		clients_expire(p->clients, now);
	}
	(void)clients_kick(p->clients, mosquitto_client_id, kick);
	return MOSQ_ERR_SUCCESS;
}

static int on_end(int event, void *data, void *user)
{
	struct plugin *p = user;

	(void)event;
	clients_drop(p->clients, ((const struct mosquitto_evt_disconnect *)data)->client);
	return MOSQ_ERR_SUCCESS;
}

/* --- the plug-in --- */

static const char *option_of(const struct mosquitto_opt *options, int count, const char *key)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(options[i].key, key) == 0) {
			return options[i].value;
		}
	}
	return NULL;
}

static enum err read_conf(const struct mosquitto_opt *options, int count, struct mosquitto_conf *ret)
{
	const char *file = option_of(options, count, "config");

	if (!file) {
		return err_fail(ERR_CONFIG, "mosquitto.conf: plugin_opt_config FILE is missing");
	}
	TRY(conf_load(mosquitto_options, file, ret));
	return ret->store_url[0] && !ret->master_key[0]
		       ? err_fail(ERR_CONFIG, "%s: store.url needs seal.master_key", file)
		       : OK;
}

/*
 * mosquitto keeps a listener from older versions of TLS, not from newer ones, and does not tell which one a client speaks:
 * so OpenSSL is to know no other in this process. (Our own connections over RP_A say what they want.)
 */
static enum err check_version(const struct mosquitto_conf *conf)
{
	bool new = ua_equal(mosquitto_ua(conf), UA_TLS13_PSK);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	bool pinned = ctx && (new ? SSL_CTX_get_min_proto_version(ctx) == TLS1_3_VERSION
				  : SSL_CTX_get_max_proto_version(ctx) == TLS1_2_VERSION);

	SSL_CTX_free(ctx);
	return pinned ? OK
		      : err_fail(ERR_CONFIG,
				"a key is for one protocol (TS 33.220 H.3), and mosquitto would "
				"use "
				"it in TLS 1.2 and 1.3: start it with OPENSSL_CONF=FILE, where "
				"%sProtocol = TLSv1.%d (an example is installed as "
				"mosquitto/openssl.cnf)",
				new ? "Min" : "Max", new ? 3 : 2);
}

static enum err register_events(struct plugin *p)
{
	for (size_t i = 0; i < EVENTS; i++) {
		if (mosquitto_callback_register(p->id, events[i].event, events[i].fn, NULL, p) !=
			MOSQ_ERR_SUCCESS) {
			return err_fail(ERR_UNSUPPORTED, "mosquitto has no event %d",
				events[i].event);
		}
	}
	return OK;
}

static enum err open_plugin(struct plugin *p, const struct mosquitto_opt *options, int count)
{
	TRY(read_conf(options, count, &p->conf));
	TRY(check_version(&p->conf));
	log_open(STDERR_FILENO, p->conf.node_host, (enum log_level)p->conf.log_level);
	TRY(clients_new(&p->conf, &p->clients));
	TRY(bridge_start(&p->conf, &p->bridge));
	return register_events(p);
}

static void close_plugin(struct plugin *p)
{
	bridge_stop(p->bridge);
	clients_free(p->clients);
	conf_free(mosquitto_options, &p->conf);
	free(p);
}

int mosquitto_plugin_version(int supported_version_count, const int *supported_versions)
{
	for (int i = 0; i < supported_version_count; i++) {
		if (supported_versions[i] == MOSQ_PLUGIN_VERSION) {
			return MOSQ_PLUGIN_VERSION;
		}
	}
	return -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **user_data,
	struct mosquitto_opt *options, int option_count)
{
	struct plugin *p = calloc(1, sizeof(*p));

	if (!p) {
		return MOSQ_ERR_NOMEM;
	}
	p->id = identifier;
	if (open_plugin(p, options, option_count) != OK) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "symbolon: %s", err_detail());
		close_plugin(p);
		return MOSQ_ERR_INVAL;
	}
	*user_data = p;
	log_event(LOG_INFO, "node.ready", "", LOG_TEXT("version", SYMBOLON_VERSION));
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int option_count)
{
	struct plugin *p = user_data;

	(void)options;
	(void)option_count;
	for (size_t i = 0; i < EVENTS; i++) {
		(void)mosquitto_callback_unregister(p->id, events[i].event, events[i].fn, NULL);
	}
	close_plugin(p);
	return MOSQ_ERR_SUCCESS;
}
