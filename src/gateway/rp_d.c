// SPDX-License-Identifier: Apache-2.0
#include "gateway/rp_d.h"

#include "base/log.h"
#include "gateway/forward.h"
#include "gateway/guests.h"
#include "gateway/relay.h"
#include "gateway/sessions.h"

static enum err find_key(void *user, struct stream *stream, const struct tls_psk_hello *hello,
	struct secret *ret_key);
static void greet(void *user, struct stream *stream);
static void greet_unproved(void *user, struct stream *stream);

static struct application *application_at(struct door *door, struct view server_name)
{
	struct gateway *gateway = door->gateway;

	for (size_t i = 0; i < gateway->application_count; i++) {
		struct application *a = &gateway->applications[i];

		if (a->door == door && view_is_nocase(server_name, a->host)) {
			return a;
		}
	}
	return NULL;
}

/* The protocol that a key is for: one key is never used under another. */
static struct ua ua_of(struct tls_protocol protocol)
{
	return protocol.version == TLS_1_3 ? UA_TLS13_PSK : UA_TLS12(protocol.suite);
}

/* The handshake goes on, if the device has had the patience. */
static void key_ready(void *user, uint64_t stream)
{
	struct gateway *gateway = user;

	stream_retry(stream_at(gateway->loop, stream));
}

/* 10.5/2b: session control asks token management for the key of this session.  req: B9.4.3 B9.5-a */
static enum err find_key(void *user, struct stream *stream, const struct tls_psk_hello *hello,
	struct secret *ret_key)
{
	struct door *door = user;
	struct gateway *gateway = door->gateway;
	struct application *application = application_at(door, hello->server_name);
	struct symapp_token token;
	enum token_format format;
	struct view id;

	if (!application) {
		return err_fail(ERR_NOT_FOUND, "RP_D: no application of that name here");
	}
	TRY(symapp_from_psk_identity(hello->identity, &format, &id));
	enum err err = symapp_find(gateway->app, id, &application->group, ua_of(hello->protocol),
		key_ready, gateway, stream_ref(stream), &token);

	if (err == OK) {
		*ret_key = token.key;
		secret_wipe(&token.key);
	}
	return err;
}

enum err rp_d_token(struct application *application, const struct stream *stream,
	symapp_ready *ready, uint64_t user_ref, struct symapp_token *ret)
{
	struct gateway *gateway = application->gateway;
	enum token_format format;
	struct view id;

	TRY(symapp_from_psk_identity(stream_psk_identity(stream), &format, &id));
	enum err err = symapp_find(gateway->app, id, &application->group,
		ua_of(stream_tls_protocol(stream)), ready, gateway, user_ref, ret);

	if (err == OK) {
		secret_wipe(&ret->key); /* nobody needs it after the handshake */
		ret->application = application->id;
	}
	return err;
}

int64_t rp_d_end_at(const struct gateway *gateway, int64_t until)
{
	const struct env *env = loop_env(gateway->loop);

	return loop_now(gateway->loop) + until * 1000 - env->wall_ms(env);
}

int64_t rp_d_end_of(const struct gateway *gateway, const struct symapp_token *token)
{
	return rp_d_end_at(gateway, token->until);
}

static void not_any_more(void *user, uint64_t user_ref)
{
	(void)user;
	(void)user_ref;
}

/* 10.5/2c: both ends hold the same key: the session stands. */
static void greet(void *user, struct stream *stream)
{
	struct door *door = user;
	struct application *application =
		application_at(door, view_text(stream_server_name(stream)));
	struct symapp_token token;

	if (!application || rp_d_token(application, stream, not_any_more, 0, &token) != OK) {
		stream_close(stream);
		return;
	}
	log_event(LOG_DEBUG, "session.established", token.tx, LOG_TEXT("clause", "10.5/2c"),
		LOG_TEXT("from", "device"), LOG_TEXT("to", "element"),
		LOG_TEXT("application", application->id.text));
	if (application->mode == MODE_TCP) {
		relay_start(application, stream, &token);
	} else if (http_server_take(application->http, stream,
			   rp_d_end_of(door->gateway, &token)) != OK) {
		stream_close(stream);
	}
	sessions_add(application, view_text(token.id), stream);
	symapp_use(door->gateway->app, view_text(token.id), &application->group);
}

/* A client that says no name asks for the one application that there is, if there is one. */
static struct application *application_asked(struct door *door, struct view server_name)
{
	struct gateway *gateway = door->gateway;
	struct application *only = NULL;

	if (server_name.len > 0) {
		return application_at(door, server_name);
	}
	for (size_t i = 0; i < gateway->application_count; i++) {
		struct application *a = &gateway->applications[i];

		if (a->door == door && only) {
			return NULL;
		}
		only = a->door == door ? a : only;
	}
	return only;
}

/* Access digest: the application has proved itself, the device does so in each request. */
static void greet_unproved(void *user, struct stream *stream)
{
	struct application *application =
		application_asked(user, view_text(stream_server_name(stream)));

	if (!application || http_server_take(application->http, stream, 0) != OK) {
		stream_close(stream);
	}
}

static enum err make_psk(struct door *door)
{
	const struct tls_psk_options tls = {
		.find = find_key,
		.user = door,
		.hint = SYMAPP_PSK_HINT,
		.plain_psk = door->gateway->conf->plain_psk,
	};

	return tls_psk_server(&tls, &door->tls);
}

static enum err make_certified(struct door *door)
{
	const struct tls_files files = {.certificate = door->certificate, .key = door->key};

	TRY(tls_server(&files, TLS_PEERS_NONE, &door->tls));
	return tls_pin_suites(door->tls);
}

static enum err open_door(struct door *door)
{
	const struct gateway_conf *conf = door->gateway->conf;
	bool digest = door->access == ACCESS_DIGEST;

	if (door->access == ACCESS_COAP) {
		return guests_open_door(door);
	}
	TRY(digest ? make_certified(door) : make_psk(door));
	const struct listener_options options = {
		.address = door->address,
		.tls = door->tls,
		.connections = (size_t)conf->connections,
		.connections_per_address = (size_t)conf->per_address,
		.limits = {.handshake_ms = conf->handshake},
	};

	return listener_open(door->gateway->loop, &options, digest ? greet_unproved : greet, door,
		&door->listener);
}

const char *door_address(const struct door *door)
{
	return door->coap ? net_coap_address(door->coap) : listener_address(door->listener);
}

enum err rp_d_start_up(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->door_count; i++) {
		TRY(open_door(&gateway->doors[i]));
	}
	return OK;
}

void rp_d_shut_down(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->door_count; i++) {
		guests_close_door(&gateway->doors[i]);
		listener_close(gateway->doors[i].listener);
		tls_free(gateway->doors[i].tls);
		gateway->doors[i].listener = NULL;
		gateway->doors[i].tls = NULL;
	}
}
