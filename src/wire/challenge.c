// SPDX-License-Identifier: Apache-2.0
#include "wire/challenge.h"

#include "base/secret.h"
#include "base/table.h"
#include "base/text.h"
#include "core/kdf.h"

#include <stdlib.h>
#include <string.h>

enum { RANDOM = 12, MAC = 16, TIME = 8, NONCE = TIME + RANDOM + MAC, KEY = 32 };

/*
 * Two tables of used nonces: a nonce that was used lives for one lifetime at most, so that after two turns of one lifetime
 * each it is forgotten too late, never too early.
 */
struct challenges {
	const struct env *env;
	int64_t lifetime_ms, turned_ms;
	size_t ceiling;
	struct secret key;
	struct table *used, *before;
};

enum err challenges_new(const struct env *env, int64_t lifetime_ms, size_t used,
	struct challenges **ret)
{
	struct challenges *c = calloc(1, sizeof(*c));

	if (!c) {
		return err_fail(ERR_MEMORY, "challenges: out of memory");
	}
	*c = (struct challenges){.env = env, .lifetime_ms = lifetime_ms, .ceiling = used};
	enum err err = env->random(env, c->key.bytes, KEY);

	c->key.len = KEY;
	err = err == OK ? table_new(used, &c->used) : err;
	err = err == OK ? table_new(used, &c->before) : err;
	if (err != OK) {
		challenges_free(c);
		return err;
	}
	*ret = c;
	return OK;
}

void challenges_free(struct challenges *c)
{
	if (c) {
		table_free(c->used);
		table_free(c->before);
		secret_wipe(&c->key);
		free(c);
	}
}

static enum err put_mac(const struct challenges *c, uint8_t nonce[NONCE])
{
	uint8_t mac[KDF_SIZE];

	TRY(kdf_hmac(&c->key, view_of(nonce, TIME + RANDOM), mac));
	memcpy(nonce + TIME + RANDOM, mac, MAC);
	return OK;
}

enum err challenge_make(const struct challenges *c, int64_t now_ms, char ret[CHALLENGE_TEXT])
{
	uint8_t nonce[NONCE];
	struct buf time = buf_fixed(nonce, TIME);
	struct buf out = buf_fixed(ret, CHALLENGE_TEXT);

	buf_u64(&time, (uint64_t)now_ms);
	TRY(c->env->random(c->env, nonce + TIME, RANDOM));
	TRY(put_mac(c, nonce));
	text_base64url(&out, VIEW(nonce));
	buf_u8(&out, 0);
	return buf_end(&out, "challenge");
}

static enum err check(const struct challenges *c, struct view text, int64_t now_ms,
	uint8_t ret[NONCE])
{
	uint8_t again[NONCE];
	size_t len = 0;

	if (text_from_base64url(text, ret, NONCE, &len, "challenge") != OK || len != NONCE) {
		return err_fail(ERR_AUTH, "challenge: not one of ours");
	}
	memcpy(again, ret, TIME + RANDOM);
	TRY(put_mac(c, again));
	if (!bytes_equal_secret(again, ret, NONCE)) {
		return err_fail(ERR_AUTH, "challenge: not one of ours");
	}
	struct reader r = reader_of(view_of(ret, TIME));
	int64_t made = (int64_t)reader_u64(&r);

	return now_ms - made <= c->lifetime_ms ? OK : err_fail(ERR_EXPIRED, "challenge: too old");
}

static void turn(struct challenges *c, int64_t now_ms)
{
	struct table *fresh = NULL;

	if (now_ms - c->turned_ms <= c->lifetime_ms || table_new(c->ceiling, &fresh) != OK) {
		return;
	}
	table_free(c->before);
	c->before = c->used;
	c->used = fresh;
	c->turned_ms = now_ms;
}

enum err challenge_use(struct challenges *c, struct view nonce, int64_t now_ms)
{
	uint8_t bytes[NONCE];

	TRY(check(c, nonce, now_ms, bytes));
	turn(c, now_ms);
	struct view key = view_of(bytes, sizeof(bytes));

	if (table_get(c->before, key) || table_get(c->used, key)) {
		return err_fail(ERR_REPLAY, "challenge: it was used");
	}
	return table_put(c->used, key, c);
}
