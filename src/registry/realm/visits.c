// SPDX-License-Identifier: Apache-2.0
#include "registry/realm/visits.h"

#include "base/log.h"
#include "base/text.h"
#include "registry/realm/realm_inside.h"
#include "wire/claims.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = TOKEN_ID_MAX };

enum err visits_open(struct realm *realm, size_t ceiling)
{
	TRY(table_new(ceiling, &realm->by_token));
	return table_new(ceiling, &realm->by_name);
}

static void free_one(void *user, struct view key, void *value)
{
	(void)user;
	(void)key;
	free(value);
}

void visits_close(struct realm *realm)
{
	if (realm->by_token) {
		table_each(realm->by_token, free_one, NULL);
	}
	table_free(realm->by_token);
	table_free(realm->by_name);
	realm->by_token = realm->by_name = NULL;
}

/* A token id as it is held: the node's name knows no letter case. */
static enum err key_of(struct view token_id, uint8_t room[KEY_MAX], struct ident *ret_node,
	struct view *ret)
{
	struct buf key = buf_fixed(room, KEY_MAX);

	TRY(token_id_node(token_id, ret_node));
	buf_bytes(&key, token_id.data, token_id.len - ret_node->len);
	buf_view(&key, ident_view(ret_node));
	*ret = buf_contents(&key);
	return buf_end(&key, "token id");
}

static struct visit *find(const struct realm *realm, struct view token_id)
{
	uint8_t room[KEY_MAX];
	struct ident node;
	struct view key;

	return key_of(token_id, room, &node, &key) == OK ? table_get(realm->by_token, key) : NULL;
}

/* --- what the realm says --- */

/* Which device it is, when that was granted and is an identifier that can be registered. */
static void read_device(const char *attributes, struct ident *ret)
{
	JSON_CLEANUP struct json *json = NULL;
	struct view urn = {0};

	*ret = (struct ident){.kind = IDENT_NONE};
	if (json_parse(view_text(attributes), SYMAPP_ATTRIBUTES, &json) != OK ||
		json_text_opt(json, CLAIM_DEVICE, &urn) != OK || urn.len == 0) {
		return;
	}
	if (ident_parse(IDENT_DEVICE, urn, ret) != OK) {
		log_event(LOG_WARN, "realm.device_not_read", "", LOG_DETAIL());
	}
}

static enum err fill(const struct realm *realm, const struct symapp_token *token,
	const struct ident *node, struct visit *visit)
{
	struct view operator;

	TRY(realm_rp_a_of(realm, node, &operator));
	if (!token->pseudonym[0]) {
		return err_fail(ERR_DENIED, "9.2, NOTE: the realm says of no device who it is");
	}
	TRY(text_copy(visit->realm, sizeof(visit->realm), operator, "realm"));
	int len =
		snprintf(visit->name, sizeof(visit->name), "%s@%s", token->pseudonym, visit->realm);

	if (len < 0 || (size_t)len >= sizeof(visit->name)) {
		return err_fail(ERR_RANGE, "9.2, NOTE: pseudonym and realm are too long");
	}
	visit->ua = token->ua;
	read_device(token->attributes, &visit->device);
	return OK;
}

/* --- beginning and end --- */

static void end_streams(struct realm *realm, struct visit *visit, enum symapp_kind kind)
{
	struct loop *loop = realm->registry->loop;

	for (size_t i = 0; i < visit->stream_count; i++) {
		struct stream *stream = stream_at(loop, visit->streams[i]);

		if (!stream_user(stream)) {
			continue;
		}
		if (kind == SYMAPP_REVOKED) {
			http_server_cut(stream); /* with what is under way */
		} else {
			http_server_move_end(stream, loop_now(loop));
		}
	}
}

static void drop(struct realm *realm, struct view key, struct visit *visit, enum symapp_kind kind)
{
	(void)table_remove(realm->by_token, key);
	if (table_get(realm->by_name, view_text(visit->name)) == visit) {
		(void)table_remove(realm->by_name, view_text(visit->name));
	}
	end_streams(realm, visit, kind);
	free(visit);
}

static enum err add(struct realm *realm, struct view key, const struct symapp_token *token,
	const struct ident *node, struct visit **ret)
{
	struct visit *visit = calloc(1, sizeof(*visit));
	enum err err = visit ? fill(realm, token, node, visit)
			     : err_fail(ERR_MEMORY, "visits: out of memory");

	if (err == OK) {
		memcpy(visit->token_id, key.data, key.len);
		err = table_put(realm->by_token, key, visit);
	}
	if (err != OK) {
		free(visit);
		return err;
	}
	*ret = visit;
	return OK;
}

/* Leaves out connections that have ended. */
static void prune(struct loop *loop, struct visit *visit)
{
	size_t kept = 0;

	for (size_t i = 0; i < visit->stream_count; i++) {
		if (stream_user(stream_at(loop, visit->streams[i]))) {
			visit->streams[kept++] = visit->streams[i];
		}
	}
	visit->stream_count = kept;
}

/* None may outlive its token, so all are known: the oldest goes when there is no room. */
static void hold(struct loop *loop, struct visit *visit, struct stream *stream)
{
	prune(loop, visit);
	if (visit->stream_count == VISIT_STREAMS) {
		http_server_cut(stream_at(loop, visit->streams[0]));
		visit->stream_count--;
		memmove(visit->streams, visit->streams + 1,
			sizeof(visit->streams[0]) * visit->stream_count);
	}
	visit->streams[visit->stream_count++] = stream_ref(stream);
}

enum err visits_begin(struct realm *realm, const struct symapp_token *token, struct stream *stream)
{
	struct visit *visit = NULL;
	uint8_t room[KEY_MAX];
	struct ident node;
	struct view key;

	TRY(key_of(view_text(token->id), room, &node, &key));
	visit = table_get(realm->by_token, key);
	if (!visit) {
		TRY(add(realm, key, token, &node, &visit));
	}
	(void)table_remove(realm->by_name, view_text(visit->name));
	TRY(table_put(realm->by_name, view_text(visit->name), visit));
	if (stream) {
		hold(realm->registry->loop, visit, stream);
	}
	return OK;
}

static void tell(const struct realm *realm, const struct symapp_change *change)
{
	static const char *const why[] = {
		[SYMAPP_REVOKED] = "revoked",
		[SYMAPP_EXPIRED] = "expired",
		[SYMAPP_REPLACED] = "replaced",
	};

	log_event(LOG_INFO, "sessions.ended", "", LOG_TEXT("clause", "9.5"),
		LOG_TEXT("application", realm->application.text),
		LOG_TEXT("why", why[change->kind]));
}

static void nobody_waits(void *user, uint64_t ref)
{
	(void)user;
	(void)ref;
}

static void move(struct realm *realm, struct visit *visit, const struct symapp_change *change)
{
	struct loop *loop = realm->registry->loop;
	const struct env *env = loop_env(loop);
	const int64_t end = loop_now(loop) + change->until * 1000 - env->wall_ms(env);
	struct symapp_token token;

	for (size_t i = 0; i < visit->stream_count; i++) {
		struct stream *stream = stream_at(loop, visit->streams[i]);

		if (stream_user(stream)) {
			http_server_move_end(stream, end);
		}
	}
	if (change->granted &&
		symapp_find(realm->app, view_text(visit->token_id), &realm->application, visit->ua,
			nobody_waits, NULL, 0, &token) == OK) {
		secret_wipe(&token.key);
		read_device(token.attributes, &visit->device);
	}
}

void visits_on_change(void *user, const struct symapp_change *change)
{
	struct realm *realm = user;
	uint8_t room[KEY_MAX];
	struct visit *visit;
	struct ident node;
	struct view key;

	if (key_of(change->token_id, room, &node, &key) != OK) {
		return;
	}
	visit = table_get(realm->by_token, key);
	if (!visit) {
		return;
	}
	if (change->kind == SYMAPP_CHANGED) {
		move(realm, visit, change);
		return;
	}
	tell(realm, change);
	drop(realm, key, visit, change->kind);
}

/* --- who asks --- */

enum err visits_asker(const struct realm *realm, struct view token_id, struct asker *ret)
{
	const struct visit *visit = find(realm, token_id);

	if (!visit) {
		return err_fail(ERR_AUTH, "10.5: the token of this session has ended");
	}
	*ret = (struct asker){.who = WHO_DEVICE};
	memcpy(ret->name, visit->name, sizeof(ret->name));
	return OK;
}

struct visit *visits_find(const struct realm *realm, const char *name)
{
	return realm ? table_get(realm->by_name, view_text(name)) : NULL;
}

/* --- nonces --- */

enum err visits_challenge(const struct realm *realm, struct visit *visit, int64_t lifetime_ms)
{
	const struct env *env = loop_env(realm->registry->loop);

	TRY(env->random(env, visit->nonce, sizeof(visit->nonce)));
	visit->nonce_until = loop_now(realm->registry->loop) + lifetime_ms;
	return OK;
}

struct view visits_take_nonce(const struct realm *realm, struct visit *visit,
	uint8_t room[EVIDENCE_NONCE])
{
	const bool good = visit->nonce_until > loop_now(realm->registry->loop);

	memcpy(room, visit->nonce, EVIDENCE_NONCE);
	memset(visit->nonce, 0, sizeof(visit->nonce));
	visit->nonce_until = 0;
	return good ? view_of(room, EVIDENCE_NONCE) : view_of(NULL, 0);
}
