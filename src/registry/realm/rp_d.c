// SPDX-License-Identifier: Apache-2.0
#include "registry/realm/realm_inside.h"

#include "base/log.h"
#include "registry/api/api.h"

#include <stdlib.h>
#include <string.h>

/* The protocol that a key is for: one key is never used under another. */
static struct ua ua_of(struct tls_protocol protocol)
{
	return protocol.version == TLS_1_3 ? UA_TLS13_PSK : UA_TLS12(protocol.suite);
}

/* The handshake goes on, if the device has had the patience. */
static void key_ready(void *user, uint64_t stream)
{
	struct registry *registry = user;

	stream_retry(stream_at(registry->loop, stream));
}

static enum err find_token(struct realm *realm, struct view identity, struct ua ua, uint64_t stream,
	struct symapp_token *ret)
{
	enum token_format format;
	struct view id;

	TRY(symapp_from_psk_identity(identity, &format, &id));
	return symapp_find(realm->app, id, &realm->application, ua, key_ready, realm->registry,
		stream, ret);
}

static enum err find_key(void *user, struct stream *stream, const struct tls_psk_hello *hello,
	struct secret *ret_key)
{
	struct realm *realm = user;
	struct symapp_token token;

	if (!view_is_nocase(hello->server_name, realm->host)) {
		return err_fail(ERR_NOT_FOUND, "RP_D: no application of that name here");
	}
	TRY(find_token(realm, hello->identity, ua_of(hello->protocol), stream_ref(stream), &token));
	*ret_key = token.key;
	secret_wipe(&token.key);
	return OK;
}

/* Until the token ends, as the loop counts. */
static int64_t end_of(const struct realm *realm, const struct symapp_token *token)
{
	struct loop *loop = realm->registry->loop;
	const struct env *env = loop_env(loop);

	return loop_now(loop) + token->until * 1000 - env->wall_ms(env);
}

static enum err begin(struct realm *realm, struct stream *stream)
{
	struct symapp_token token;

	TRY(find_token(realm, stream_psk_identity(stream), ua_of(stream_tls_protocol(stream)),
		stream_ref(stream), &token));
	secret_wipe(&token.key); /* nobody needs it after the handshake */
	TRY(visits_begin(realm, &token, stream));
	TRY(http_server_take(realm->http, stream, end_of(realm, &token)));
	symapp_use(realm->app, view_text(token.id), &realm->application);
	log_event(LOG_DEBUG, "session.established", token.tx, LOG_TEXT("clause", "10.5/2c"),
		LOG_TEXT("from", "device"), LOG_TEXT("to", "registry"),
		LOG_TEXT("application", realm->application.text));
	return OK;
}

/* 10.5/2c: both ends hold the same key: the session stands. */
static void greet(void *user, struct stream *stream)
{
	if (begin(user, stream) != OK) {
		log_event(LOG_WARN, "session.refused", "", LOG_TEXT("clause", "10.5/2c"),
			LOG_DETAIL());
		stream_close(stream);
	}
}

static enum err who_asks(const struct realm *realm, const struct http_request *request,
	struct asker *ret)
{
	enum token_format format;
	struct view id;

	if (!request->stream) {
		return err_fail(ERR_CLOSED, "RP_D: it has left");
	}
	TRY(symapp_from_psk_identity(stream_psk_identity(request->stream), &format, &id));
	return visits_asker(realm, id, ret);
}

static void on_request(void *user, struct http_request *request)
{
	struct realm *realm = user;
	struct asker asker;

	if (who_asks(realm, request, &asker) != OK) {
		http_answer_problem(request, 401, "the token of this session has ended");
		return;
	}
	api_serve(realm->registry, request, &asker);
}

static enum err open_door(struct realm *realm)
{
	const struct registry_conf *conf = realm->registry->conf;
	const struct tls_psk_options tls = {
		.find = find_key,
		.user = realm,
		.hint = SYMAPP_PSK_HINT,
		.plain_psk = conf->rp_d_plain_psk,
	};
	const struct http_server_options http = {
		.limits = {.body = API_BODY_MAX},
		.head_ms = conf->api_head,
		.idle_ms = conf->rp_d_idle,
		.name = "symbolon-registry",
	};

	TRY(tls_psk_server(&tls, &realm->psk));
	TRY(http_server_open(realm->registry->loop, &http, on_request, realm, &realm->http));
	const struct listener_options options = {
		.address = conf->rp_d_listen,
		.tls = realm->psk,
		.connections = (size_t)conf->rp_d_connections,
		.connections_per_address = (size_t)conf->rp_d_per_address,
		.limits = {.handshake_ms = conf->rp_d_handshake},
	};

	return conf->rp_d_listen[0] ? listener_open(realm->registry->loop, &options, greet, realm,
					      &realm->listener)
				    : OK;
}

/* --- the part --- */

static enum err name_application(struct realm *realm)
{
	struct view host;

	TRY(ident_parse(IDENT_APPLICATION, view_text(realm->registry->conf->application),
		&realm->application));
	host = ident_host_of(&realm->application);
	memcpy(realm->host, host.data, host.len);
	return OK;
}

enum err realm_door_start_up(struct registry *registry)
{
	const struct registry_conf *conf = registry->conf;
	struct realm *realm;

	if (!conf->application[0]) {
		return conf->rp_d_listen[0]
			       ? err_fail(ERR_CONFIG, "rp_d.listen needs rp_d.application")
			       : OK;
	}
	realm = calloc(1, sizeof(*realm));
	if (!realm) {
		return err_fail(ERR_MEMORY, "realm: out of memory");
	}
	realm->registry = registry;
	registry->realm = realm;
	TRY(name_application(realm));
	TRY(visits_open(realm, (size_t)conf->rp_a_tokens));
	TRY(realm_rp_a_start_up(realm));
	TRY(open_door(realm));
	return realm_rp_a_announce(realm);
}

void realm_door_shut_down(struct registry *registry)
{
	struct realm *realm = registry->realm;

	if (!realm) {
		return;
	}
	listener_close(realm->listener);
	http_server_close(realm->http);
	realm_rp_a_shut_down(realm);
	tls_free(realm->psk);
	visits_close(realm);
	free(realm);
	registry->realm = NULL;
}

const char *realm_door_address(const struct realm *realm)
{
	return realm && realm->listener ? listener_address(realm->listener) : "";
}

const struct listener *realm_door_listener(const struct realm *realm)
{
	return realm ? realm->listener : NULL;
}

struct symapp *realm_door_app(const struct realm *realm)
{
	return realm ? realm->app : NULL;
}

void realm_door_collect(const struct realm *realm, struct buf *out)
{
	if (realm) {
		metrics_put_one(out, "symbolon_registry_visits", METRIC_GAUGE,
			"Tokens with which devices have come.", table_count(realm->by_token));
		symapp_collect(realm->app, out);
	}
}

void realm_door_unready(const struct realm *realm, struct buf *out)
{
	if (realm) {
		symapp_unready(realm->app, out);
	}
}
