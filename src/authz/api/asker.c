// SPDX-License-Identifier: Apache-2.0
#include "authz/api/asker.h"

#include "authz/schema.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TOKEN_BYTES = 32 };

/* What is looked for: one step each, answered in this order. */
enum { BY_KEY, BY_SESSION, BY_ELEMENT };

struct search {
	struct authz *authz;
	asker_found *found;
	uint64_t ref;
	uint8_t hash[ASKER_TOKEN];
	bool token;
};

const char *who_name(enum who who)
{
	switch (who) {
	case WHO_OPERATOR:
		return "operator";
	case WHO_ASP:
		return "asp";
	case WHO_SUBSCRIBER:
		return "subscriber";
	default:
		return "anyone";
	}
}

void asker_hash(struct view text, uint8_t ret[ASKER_TOKEN])
{
	(void)EVP_Digest(text.data, text.len, ret, NULL, EVP_sha256(), NULL);
}

enum err asker_new_token(const struct authz *authz, const char *prefix,
	char ret_text[ASKER_TOKEN_TEXT], uint8_t ret_hash[ASKER_TOKEN])
{
	const struct env *env = loop_env(authz->loop);
	uint8_t bytes[TOKEN_BYTES];
	struct buf text = buf_fixed(ret_text, ASKER_TOKEN_TEXT);

	TRY(env->random(env, bytes, sizeof(bytes)));
	buf_text(&text, prefix);
	text_base64url(&text, VIEW(bytes));
	bytes_wipe(bytes, sizeof(bytes));
	asker_hash(buf_contents(&text), ret_hash);
	buf_u8(&text, '\0');
	return buf_end(&text, "token");
}

static bool is_named(const struct authz *authz, const struct stream *stream)
{
	const struct conf_texts *names = &authz->operators;

	for (size_t i = 0; i < names->count; i++) {
		if (stream_peer_is(stream, names->items[i])) {
			return true;
		}
	}
	return false;
}

bool asker_is_operator(const struct authz *authz, struct http_request *request, struct asker *ret)
{
	const struct stream *stream = request->stream;

	*ret = (struct asker){.who = WHO_ANYONE};
	if (!stream) {
		return false;
	}
	int64_t uid = stream_peer_uid(stream);

	if (uid >= 0) {
		(void)snprintf(ret->by, sizeof(ret->by), "uid %lld", (long long)uid);
	} else {
		(void)snprintf(ret->by, sizeof(ret->by), "%s", stream_peer_name(stream));
	}
	if (uid >= 0 ? uid != 0 && uid != (int64_t)geteuid() : !is_named(authz, stream)) {
		return false;
	}
	ret->who = WHO_OPERATOR;
	return true;
}

/* RFC 6750 2.1; false when none was sent. */
static bool read_token(const struct http_request *request, struct view *ret)
{
	static const char bearer[] = "Bearer ";
	struct view field = http_field_of(request->head, "Authorization");
	const size_t len = sizeof(bearer) - 1;

	if (!field.data) {
		return false;
	}
	*ret = field.len > len && view_is_nocase(view_of(field.data, len), bearer)
		       ? view_of(field.data + len, field.len - len)
		       : view_text("");
	return true;
}

static void set_asp(struct view id, struct asker *ret)
{
	if (ident_parse(IDENT_ASP, id, &ret->asp) == OK) {
		ret->who = WHO_ASP;
		(void)snprintf(ret->by, sizeof(ret->by), "%.*s", (int)id.len, (const char *)id.data);
	}
}

static void read_rows(const struct store_result *result, struct asker *ret)
{
	struct view asp = store_at(result, BY_KEY, 0, 0).bytes;
	struct view name = store_at(result, BY_KEY, 0, 1).bytes;
	struct view subscriber = store_at(result, BY_SESSION, 0, 0).bytes;

	if (result->steps[BY_KEY].rows > 0 && asp.len > 0) {
		set_asp(asp, ret);
	} else if (result->steps[BY_KEY].rows > 0) {
		ret->who = WHO_OPERATOR;
		(void)snprintf(ret->by, sizeof(ret->by), "key %.*s", (int)name.len,
			(const char *)name.data);
	} else if (result->steps[BY_SESSION].rows > 0 && subscriber.len < ASKER_SUBSCRIBER) {
		ret->who = WHO_SUBSCRIBER;
		(void)snprintf(ret->subscriber, sizeof(ret->subscriber), "%.*s",
			(int)subscriber.len, (const char *)subscriber.data);
		(void)snprintf(ret->by, sizeof(ret->by), "%s", ret->subscriber);
	} else if (result->steps[BY_ELEMENT].rows > 0) {
		set_asp(store_at(result, BY_ELEMENT, 0, 0).bytes, ret);
	}
}

static void on_rows(void *user, uint64_t ref, const struct store_result *result)
{
	struct search *s = user;
	struct asker asker = {.who = WHO_ANYONE};
	enum err err = result->err;

	(void)ref;
	if (err != OK) {
		err = err_fail(err, "%s", result->detail);
	} else {
		read_rows(result, &asker);
		memcpy(asker.token, s->hash, sizeof(asker.token));
		if (asker.who == WHO_ANYONE && s->token) {
			err = err_fail(ERR_AUTH, "this session or API key is not known, or has run "
						 "out: sign in again");
		}
	}
	s->found(s->authz, s->ref, err, &asker);
	free(s);
}

/* Its dNSName alone, and no common name, names an element. */
static const char *element_of(const struct stream *stream, const struct asker *asker)
{
	return stream_peer_is(stream, asker->by) ? asker->by : "";
}

/* One that the realm gave to an ASP does not speak for another to whom the element's name went since. */
static struct view serial_of(const struct stream *stream, struct tls_certificate *room)
{
	return stream_peer_certificate(stream, room) == OK ? view_text(room->serial)
							   : view_text("");
}

static enum err submit(struct search *s, const char *element, struct view serial)
{
	const struct store_value hash = STORE_BLOB_OF(VIEW(s->hash));
	const struct store_value now = STORE_INT_OF(env_wall(loop_env(s->authz->loop)));
	const struct store_step steps[] = {
		[BY_KEY] = {.statement = FIND_API_KEY, .param_count = 2, .params = {hash, now}},
		[BY_SESSION] = {.statement = FIND_SIGN_IN, .param_count = 2, .params = {hash, now}},
		[BY_ELEMENT] = {.statement = FIND_ELEMENT,
			.param_count = 2,
			.params = {STORE_TEXT_OF(view_text(element)), STORE_TEXT_OF(serial)}},
	};

	return store_submit(s->authz->store, steps, 3, on_rows, s, 0);
}

enum err asker_find(struct authz *authz, struct http_request *request, asker_found *found,
	uint64_t ref)
{
	struct tls_certificate certificate;
	struct asker asker;
	struct view token;
	bool shown = read_token(request, &token);

	if (!shown && (asker_is_operator(authz, request, &asker) || !asker.by[0])) {
		found(authz, ref, OK, &asker);
		return OK;
	}
	struct search *s = calloc(1, sizeof(*s));

	if (!s) {
		return err_fail(ERR_MEMORY, "out of memory");
	}
	s->authz = authz;
	s->found = found;
	s->ref = ref;
	s->token = shown;
	if (shown) {
		asker_hash(token, s->hash);
	}
	enum err err = shown ? submit(s, "", view_text(""))
			     : submit(s, element_of(request->stream, &asker),
				       serial_of(request->stream, &certificate));

	if (err != OK) {
		free(s);
	}
	return err;
}
