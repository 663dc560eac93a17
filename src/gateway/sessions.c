// SPDX-License-Identifier: Apache-2.0
#include "gateway/sessions.h"

#include "base/log.h"
#include "gateway/guests.h"
#include "gateway/relay.h"
#include "gateway/rp_d.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 4, KEY_MAX = 4 + TOKEN_ID_MAX };

/* All connections of one token to one application. Those that have ended are found out when room is needed. */
struct session {
	size_t count, room;
	uint64_t *streams; /* stream_ref() */
};

enum err sessions_open(struct gateway *gateway)
{
	/* Half of them at most can have a connection, so that there always are some to give up. */
	size_t most = 2 * (size_t)gateway->conf->connections * gateway->door_count;

	return table_new(most, &gateway->sessions);
}

static void free_session(struct session *s)
{
	free(s->streams);
	free(s);
}

static void free_one(void *user, struct view key, void *value)
{
	(void)user;
	(void)key;
	free_session(value);
}

void sessions_close(struct gateway *gateway)
{
	if (gateway->sessions) {
		table_each(gateway->sessions, free_one, NULL);
	}
	table_free(gateway->sessions);
	gateway->sessions = NULL;
}

/* Which application, then the token id as it is held: the node's name knows no letter case. */
static enum err key_of(const struct application *application, struct view token_id, uint8_t *room,
	struct view *ret)
{
	struct buf key = buf_fixed(room, KEY_MAX);
	struct ident node;

	TRY(token_id_node(token_id, &node));
	buf_u32(&key, (uint32_t)(application - application->gateway->applications));
	buf_bytes(&key, token_id.data, token_id.len - node.len);
	buf_view(&key, ident_view(&node));
	*ret = buf_contents(&key);
	return buf_end(&key, "session");
}

/* Leaves out connections that have ended. */
static void prune(struct gateway *gateway, struct session *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (stream_user(stream_at(gateway->loop, s->streams[i]))) {
			s->streams[kept++] = s->streams[i];
		}
	}
	s->count = kept;
}

static void drop_if_over(void *user, struct view key, void *value)
{
	struct gateway *gateway = user;

	prune(gateway, value);
	if (((struct session *)value)->count == 0) {
		(void)table_remove(gateway->sessions, key);
		free_session(value);
	}
}

static enum err new_session(struct gateway *gateway, struct view key, struct session **ret)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s) {
		return err_fail(ERR_MEMORY, "sessions: out of memory");
	}
	enum err err = table_put(gateway->sessions, key, s);

	if (err == ERR_OVERLOAD) {
		table_each(gateway->sessions, drop_if_over, gateway);
		err = table_put(gateway->sessions, key, s);
	}
	if (err != OK) {
		free(s);
		return err;
	}
	*ret = s;
	return OK;
}

static enum err make_room(struct gateway *gateway, struct session *s)
{
	if (s->count < s->room) {
		return OK;
	}
	prune(gateway, s);
	if (s->count <= s->room / 2 && s->room > 0) {
		return OK;
	}
	size_t room = s->room > 0 ? 2 * s->room : ROOM;
	uint64_t *streams = realloc(s->streams, room * sizeof(*streams));

	if (!streams) {
		return err_fail(ERR_MEMORY, "sessions: out of memory");
	}
	s->streams = streams;
	s->room = room;
	return OK;
}

/* A revocation cuts what is under way; after any other end an HTTP answer is finished.  req: B9.6.4-d */
static void end_one(const struct application *application, struct stream *stream,
	enum symapp_kind kind)
{
	if (application->mode == MODE_TCP) {
		relay_end(stream);
	} else if (kind == SYMAPP_REVOKED) {
		http_server_cut(stream);
	} else {
		http_server_move_end(stream, loop_now(application->gateway->loop));
	}
}

static bool has(const struct session *s, uint64_t ref)
{
	for (size_t i = s->count; i > 0; i--) {
		if (s->streams[i - 1] == ref) {
			return true;
		}
	}
	return false;
}

static enum err add(struct application *application, struct view token_id, struct stream *stream)
{
	struct gateway *gateway = application->gateway;
	uint64_t ref = stream_ref(stream);
	uint8_t room[KEY_MAX];
	struct view key;

	TRY(key_of(application, token_id, room, &key));
	struct session *s = table_get(gateway->sessions, key);

	if (!s) {
		TRY(new_session(gateway, key, &s));
	}
	if (has(s, ref)) {
		return OK;
	}
	TRY(make_room(gateway, s));
	if (ref == 0) {
		return err_fail(ERR_MEMORY, "sessions: out of memory");
	}
	s->streams[s->count++] = ref;
	return OK;
}

void sessions_add(struct application *application, struct view token_id, struct stream *stream)
{
	if (stream_user(stream) && add(application, token_id, stream) != OK) {
		log_event(LOG_WARN, "sessions.full", "",
			LOG_TEXT("application", application->id.text), LOG_DETAIL());
		end_one(application, stream, SYMAPP_REVOKED);
	}
}

enum err sessions_follow(struct application *application, struct view token_id,
	struct stream *stream)
{
	return add(application, token_id, stream);
}

/* An application behind a connection was told its rights when it began: with others it must begin again. */
static bool must_begin_again(const struct application *application,
	const struct symapp_change *change)
{
	return application->mode == MODE_TCP && application->proxy == PROXY_V2 && change->granted;
}

static void move_one(const struct application *application, struct stream *stream, int64_t until)
{
	int64_t end = rp_d_end_at(application->gateway, until);

	if (application->access == ACCESS_DIGEST) {
		return; /* each request is judged for itself */
	}
	if (application->mode == MODE_TCP) {
		relay_move_end(stream, end);
	} else {
		http_server_move_end(stream, end);
	}
}

static size_t act(struct application *application, const struct session *s,
	const struct symapp_change *change)
{
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct stream *stream = stream_at(application->gateway->loop, s->streams[i]);

		if (!stream_user(stream)) {
			continue;
		}
		count++;
		if (change->kind == SYMAPP_CHANGED && !must_begin_again(application, change)) {
			move_one(application, stream, change->until);
		} else {
			end_one(application, stream, change->kind);
		}
	}
	return count;
}

static void tell(const struct application *application, const struct symapp_change *change,
	size_t count)
{
	static const char *const why[] = {
		[SYMAPP_REVOKED] = "revoked",
		[SYMAPP_EXPIRED] = "expired",
		[SYMAPP_REPLACED] = "replaced",
		[SYMAPP_CHANGED] = "changed",
	};
	bool over = change->kind != SYMAPP_CHANGED;

	if (count > 0) {
		log_event(LOG_INFO, over ? "sessions.ended" : "sessions.moved", "",
			LOG_TEXT("clause", "9.5"), LOG_TEXT("application", application->id.text),
			LOG_TEXT("why", why[change->kind]), LOG_INT("count", (int64_t)count));
	}
}

static void on_change(struct application *application, const struct symapp_change *change)
{
	struct gateway *gateway = application->gateway;
	uint8_t room[KEY_MAX];
	struct view key;

	if (application->mode == MODE_COAP) {
		tell(application, change, guests_change(application, change));
		return;
	}
	if (key_of(application, change->token_id, room, &key) != OK) {
		return;
	}
	bool over = change->kind != SYMAPP_CHANGED;
	struct session *s =
		over ? table_remove(gateway->sessions, key) : table_get(gateway->sessions, key);

	if (!s) {
		return;
	}
	tell(application, change, act(application, s, change));
	if (over) {
		free_session(s);
	}
}

void sessions_on_change(void *user, const struct symapp_change *change)
{
	struct gateway *gateway = user;

	for (size_t i = 0; gateway->sessions && i < gateway->application_count; i++) {
		struct application *a = &gateway->applications[i];

		if (ident_equal(&a->group, change->application) ||
			ident_equal(&a->id, change->application)) {
			on_change(a, change);
		}
	}
}
