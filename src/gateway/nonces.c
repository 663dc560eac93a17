// SPDX-License-Identifier: Apache-2.0
#include "gateway/nonces.h"

#include "base/secret.h"
#include "base/table.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

/* Eight bytes of time, eight at random, sixteen of an HMAC over both and the space. */
enum { NAME = 16, MAC = 16, NONCE = NAME + MAC, WINDOW = 64 };

/* One that is in use. */
struct used {
	struct used *before, *after; /* the one whose use began first is first */
	int64_t made_ms;
	uint32_t highest;
	uint64_t seen; /* bit N: `highest` less N was used */
	uint8_t name[NAME];
};

struct nonces {
	const struct env *env;
	uint8_t key[32];
	int64_t lifetime_ms;
	size_t tracked;
	struct table *table; /* struct used, by name */
	struct used *first, *last;
	int64_t forgotten_ms; /* made until then, and not in the table: perhaps used */
};

enum err nonces_new(const struct env *env, int64_t lifetime_ms, size_t tracked, struct nonces **ret)
{
	struct nonces *n = calloc(1, sizeof(*n));

	if (!n) {
		return err_fail(ERR_MEMORY, "nonces: out of memory");
	}
	*n = (struct nonces){.env = env,
		.lifetime_ms = lifetime_ms,
		.tracked = tracked,
		.forgotten_ms = -1};
	enum err err = env->random(env, n->key, sizeof(n->key));

	if (err == OK) {
		err = table_new(tracked, &n->table);
	}
	if (err != OK) {
		nonces_free(n);
		return err;
	}
	*ret = n;
	return OK;
}

static void forget(struct nonces *n, struct used *u)
{
	*(u->before ? &u->before->after : &n->first) = u->after;
	*(u->after ? &u->after->before : &n->last) = u->before;
	(void)table_remove(n->table, VIEW(u->name));
	free(u);
}

void nonces_free(struct nonces *n)
{
	if (!n) {
		return;
	}
	while (n->first) {
		forget(n, n->first);
	}
	table_free(n->table);
	bytes_wipe(n->key, sizeof(n->key));
	free(n);
}

static enum err mac_of(const struct nonces *n, const uint8_t name[NAME], struct view space,
	uint8_t ret[MAC])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	BUF_CLEANUP struct buf text = buf_growing(1024);

	buf_bytes(&text, name, NAME);
	buf_view(&text, space);
	TRY(buf_end(&text, "nonce"));
	if (!HMAC(EVP_sha256(), n->key, sizeof(n->key), text.data, text.len, mac, &len)) {
		return err_fail(ERR_CRYPTO, "nonce: HMAC-SHA-256 failed");
	}
	memcpy(ret, mac, MAC);
	return OK;
}

enum err nonce_make(const struct nonces *n, struct view space, int64_t now_ms, char ret[NONCE_TEXT])
{
	uint8_t raw[NONCE];
	struct buf name = buf_fixed(raw, NAME);
	struct buf text = buf_fixed(ret, NONCE_TEXT);

	buf_u64(&name, (uint64_t)now_ms);
	TRY(n->env->random(n->env, raw + name.len, NAME - name.len));
	TRY(mac_of(n, raw, space, raw + NAME));
	text_base64url(&text, VIEW(raw));
	buf_u8(&text, 0);
	return buf_end(&text, "nonce");
}

static enum err read_nonce(struct view nonce, uint8_t ret[NONCE])
{
	size_t len = 0;

	return text_from_base64url(nonce, ret, NONCE, &len, "nonce") == OK && len == NONCE
		       ? OK
		       : err_fail(ERR_AUTH, "RFC 7616 3.3: the nonce is not from here");
}

static int64_t made_at(const uint8_t raw[NONCE])
{
	struct reader r = reader_of(view_of(raw, NAME));

	return (int64_t)reader_u64(&r);
}

enum err nonce_check(const struct nonces *n, struct view nonce, struct view space, int64_t now_ms)
{
	uint8_t raw[NONCE], mac[MAC];

	TRY(read_nonce(nonce, raw));
	TRY(mac_of(n, raw, space, mac));
	if (!bytes_equal_secret(mac, raw + NAME, MAC)) {
		return err_fail(ERR_AUTH, "RFC 7616 3.3: the nonce is not from here");
	}
	return now_ms - made_at(raw) < n->lifetime_ms
		       ? OK
		       : err_fail(ERR_EXPIRED, "RFC 7616 3.3: the nonce is too old");
}

/* Those that are too old anyway go; then, for room, the one that has been in use longest. */
static void make_room(struct nonces *n, int64_t now_ms)
{
	while (n->first && (now_ms - n->first->made_ms >= n->lifetime_ms ||
				   table_count(n->table) >= n->tracked)) {
		if (n->first->made_ms > n->forgotten_ms) {
			n->forgotten_ms = n->first->made_ms;
		}
		forget(n, n->first);
	}
}

static enum err begin_use(struct nonces *n, const uint8_t raw[NONCE], uint32_t nc)
{
	struct used *u = calloc(1, sizeof(*u));

	if (!u) {
		return err_fail(ERR_MEMORY, "nonces: out of memory");
	}
	*u = (struct used){.made_ms = made_at(raw), .highest = nc, .seen = 1, .before = n->last};
	memcpy(u->name, raw, NAME);
	enum err err = table_put(n->table, VIEW(u->name), u);

	if (err != OK) {
		free(u);
		return err;
	}
	*(n->last ? &n->last->after : &n->first) = u;
	n->last = u;
	return OK;
}

/* Requests over several connections may come in another order than they were counted in. */
static enum err count(struct used *u, uint32_t nc)
{
	uint32_t ahead = nc > u->highest ? nc - u->highest : 0;
	uint32_t behind = nc > u->highest ? 0 : u->highest - nc;

	if (ahead > 0) {
		u->seen = (ahead < WINDOW ? u->seen << ahead : 0) | 1;
		u->highest = nc;
		return OK;
	}
	if (behind >= WINDOW || u->seen >> behind & 1) {
		return err_fail(ERR_REPLAY, "RFC 7616 3.4: this nc was used already");
	}
	u->seen |= UINT64_C(1) << behind;
	return OK;
}

enum err nonce_use(struct nonces *n, struct view nonce, uint32_t nc, int64_t now_ms)
{
	uint8_t raw[NONCE];

	TRY(read_nonce(nonce, raw));
	struct used *u = table_get(n->table, view_of(raw, NAME));

	if (u) {
		return count(u, nc);
	}
	make_room(n, now_ms);
	if (made_at(raw) <= n->forgotten_ms) {
		return err_fail(ERR_EXPIRED, "RFC 7616 5.4: the nonce is not remembered any more");
	}
	return begin_use(n, raw, nc);
}
