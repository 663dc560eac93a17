// SPDX-License-Identifier: Apache-2.0
#include "base/seal.h"

#include "base/private_file.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION = 1, MASTER = 0, HEAD = 1 + 4 + 12, NONCE = 12, TAG = 16, KEYS_MAX = 64 };

/* An open key lives only as the two contexts that were keyed with it; freeing them wipes it. */
struct open_key {
	uint32_t id;
	EVP_CIPHER_CTX *closing, *opening;
};

struct seal_ring {
	const struct env *env;
	pthread_mutex_t lock;		/* for the contexts: they hold the state of one operation */
	struct open_key keys[KEYS_MAX]; /* the first is the master key */
	size_t count;
	uint32_t current; /* id that new values are sealed under, 0 for none */
};

static void unlock(pthread_mutex_t **lock)
{
	(void)pthread_mutex_unlock(*lock);
}

#define HOLD(ring)                                                                                 \
	pthread_mutex_t *held __attribute__((cleanup(unlock))) = &(ring)->lock;                    \
	(void)pthread_mutex_lock(held)

/* Keys and rings. */

static enum err key_open(struct seal_ring *ring, uint32_t id, const uint8_t key[SEAL_KEY])
{
	EVP_CIPHER_CTX *closing = EVP_CIPHER_CTX_new();
	EVP_CIPHER_CTX *opening = EVP_CIPHER_CTX_new();

	if (!closing || !opening ||
		EVP_EncryptInit_ex2(closing, EVP_aes_256_gcm(), key, NULL, NULL) != 1 ||
		EVP_DecryptInit_ex2(opening, EVP_aes_256_gcm(), key, NULL, NULL) != 1) {
		EVP_CIPHER_CTX_free(closing);
		EVP_CIPHER_CTX_free(opening);
		return err_fail(ERR_CRYPTO, "seal: AES-256-GCM is not available");
	}
	ring->keys[ring->count++] =
		(struct open_key){.id = id, .closing = closing, .opening = opening};
	return OK;
}

static const struct open_key *key_of(const struct seal_ring *ring, uint32_t id)
{
	for (size_t i = 0; i < ring->count; i++) {
		if (ring->keys[i].id == id) {
			return &ring->keys[i];
		}
	}
	return NULL;
}

enum err seal_ring_new(const struct env *env, const struct secret *master, struct seal_ring **ret)
{
	if (master->len != SEAL_KEY) {
		return err_fail(ERR_RANGE, "master key: %zu bytes, not %d", master->len, SEAL_KEY);
	}
	struct seal_ring *ring = calloc(1, sizeof(*ring));

	if (!ring || pthread_mutex_init(&ring->lock, NULL) != 0) {
		free(ring);
		return err_fail(ERR_MEMORY, "seal: out of memory");
	}
	ring->env = env;
	enum err e = key_open(ring, MASTER, master->bytes);

	if (e != OK) {
		seal_ring_free(ring);
		return e;
	}
	*ret = ring;
	return OK;
}

void seal_ring_free(struct seal_ring *ring)
{
	if (!ring) {
		return;
	}
	for (size_t i = 0; i < ring->count; i++) {
		EVP_CIPHER_CTX_free(ring->keys[i].closing);
		EVP_CIPHER_CTX_free(ring->keys[i].opening);
	}
	(void)pthread_mutex_destroy(&ring->lock);
	free(ring);
}

/* Sealed values. */

static void take_back(struct buf *ret, size_t before)
{
	if (ret->len > before) {
		bytes_wipe(ret->data + before, ret->len - before);
	}
	ret->len = before;
}

static bool gcm_close(const struct open_key *key, const char *place, struct view plain, uint8_t *to)
{
	EVP_CIPHER_CTX *ctx = key->closing;
	const uint8_t *nonce = to + HEAD - NONCE;
	int len = 0;

	return EVP_EncryptInit_ex2(ctx, NULL, NULL, nonce, NULL) == 1 &&
	       EVP_EncryptUpdate(ctx, NULL, &len, (const uint8_t *)place, (int)strlen(place)) == 1 &&
	       EVP_EncryptUpdate(ctx, to + HEAD, &len, plain.data, (int)plain.len) == 1 &&
	       EVP_EncryptFinal_ex(ctx, to + HEAD + plain.len, &len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, to + HEAD + plain.len) == 1;
}

static enum err close_under(struct seal_ring *ring, const struct open_key *key, const char *place,
	struct view plain, struct buf *ret)
{
	size_t before = ret->len;

	if (plain.len > INT_MAX / 2) {
		return err_fail(ERR_RANGE, "seal: value of %zu bytes", plain.len);
	}
	uint8_t *to = buf_extend(ret, plain.len + SEAL_OVERHEAD);

	if (!to) {
		return err_fail(ERR_RANGE, "seal: no room for the sealed value");
	}
	struct buf head = buf_fixed(to, HEAD - NONCE);

	buf_u8(&head, VERSION);
	buf_u32(&head, key->id);
	enum err e = ring->env->random(ring->env, to + HEAD - NONCE, NONCE);

	if (e == OK && !gcm_close(key, place, plain, to)) {
		e = err_fail(ERR_CRYPTO, "seal: AES-256-GCM failed");
	}
	if (e != OK) {
		take_back(ret, before);
	}
	return e;
}

static bool gcm_open(const struct open_key *key, const char *place, const uint8_t *nonce,
	struct view text, const uint8_t tag[TAG], uint8_t *to)
{
	EVP_CIPHER_CTX *ctx = key->opening;
	uint8_t expected[TAG]; /* the interface takes it without const */
	int len = 0;

	memcpy(expected, tag, TAG);
	return EVP_DecryptInit_ex2(ctx, NULL, NULL, nonce, NULL) == 1 &&
	       EVP_DecryptUpdate(ctx, NULL, &len, (const uint8_t *)place, (int)strlen(place)) == 1 &&
	       EVP_DecryptUpdate(ctx, to, &len, text.data, (int)text.len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, expected) == 1 &&
	       EVP_DecryptFinal_ex(ctx, to + text.len, &len) == 1;
}

static enum err open_with(struct seal_ring *ring, const char *place, struct view sealed,
	struct buf *ret)
{
	size_t before = ret->len;
	struct reader r = reader_of(sealed);
	uint8_t version = reader_u8(&r);
	uint32_t id = reader_u32(&r);
	struct view nonce = reader_bytes(&r, NONCE);

	if (r.failed || version != VERSION || reader_left(&r) < TAG || sealed.len > INT_MAX / 2) {
		return err_fail(ERR_SYNTAX, "seal: not a sealed value");
	}
	struct view text = reader_bytes(&r, reader_left(&r) - TAG);
	struct view tag = reader_bytes(&r, TAG);
	const struct open_key *key = key_of(ring, id);

	if (!key) {
		return err_fail(ERR_NOT_FOUND, "seal: data key %u is not here", id);
	}
	uint8_t *to = buf_extend(ret, text.len);

	if (!to) {
		return err_fail(ERR_RANGE, "seal: no room for the opened value");
	}
	if (!gcm_open(key, place, nonce.data, text, tag.data, to)) {
		take_back(ret, before);
		return err_fail(ERR_AUTH, "seal: value was changed, or moved from another place");
	}
	return OK;
}

enum err seal_close(struct seal_ring *ring, const char *place, struct view plain, struct buf *ret)
{
	HOLD(ring);
	if (ring->current == MASTER) {
		return err_fail(ERR_WRONG_STATE, "seal: the ring has no data key");
	}
	return close_under(ring, key_of(ring, ring->current), place, plain, ret);
}

enum err seal_open(struct seal_ring *ring, const char *place, struct view sealed, struct buf *ret)
{
	HOLD(ring);
	return open_with(ring, place, sealed, ret);
}

/* Data keys. */

enum { PLACE = 32 };

/* A wrapped key is a value sealed under the master key at a place of its own. */
static void key_place(uint32_t id, char ret[PLACE])
{
	(void)snprintf(ret, PLACE, "data_key/%u", id);
}

static enum err check_new_key(const struct seal_ring *ring, uint32_t id)
{
	if (id == MASTER) {
		return err_fail(ERR_RANGE, "seal: data keys are numbered from 1");
	}
	if (key_of(ring, id)) {
		return err_fail(ERR_EXISTS, "seal: data key %u is there already", id);
	}
	if (ring->count == KEYS_MAX) {
		return err_fail(ERR_OVERLOAD, "seal: more than %d data keys", KEYS_MAX - 1);
	}
	return OK;
}

/* With the lock held. */
static enum err make_key(struct seal_ring *ring, uint32_t id, struct secret *ret_key,
	struct buf *ret_wrapped)
{
	char place[PLACE];

	TRY(check_new_key(ring, id));
	ret_key->len = SEAL_KEY;
	TRY(ring->env->random(ring->env, ret_key->bytes, ret_key->len));
	key_place(id, place);
	return close_under(ring, &ring->keys[0], place, secret_view(ret_key), ret_wrapped);
}

enum err seal_ring_make(struct seal_ring *ring, uint32_t id, struct buf *ret_wrapped)
{
	SECRET(key);
	size_t before = ret_wrapped->len;

	HOLD(ring);
	if (id != MASTER && id < ring->current) {
		return err_fail(ERR_EXISTS, "seal: data key %u would be older than key %u", id,
			ring->current);
	}
	TRY(make_key(ring, id, &key, ret_wrapped));
	enum err e = key_open(ring, id, key.bytes);

	if (e != OK) {
		take_back(ret_wrapped, before);
		return e;
	}
	ring->current = id;
	return OK;
}

enum err seal_new_key(struct seal_ring *ring, uint32_t id, struct buf *ret_wrapped)
{
	SECRET(key);

	HOLD(ring);
	return make_key(ring, id, &key, ret_wrapped);
}

/* With the lock held. */
static enum err unwrap(struct seal_ring *ring, uint32_t id, struct view wrapped,
	struct secret *ret_key)
{
	char place[PLACE];
	struct buf plain = buf_fixed(ret_key->bytes, sizeof(ret_key->bytes));

	key_place(id, place);
	if (wrapped.len != SEAL_OVERHEAD + SEAL_KEY) {
		return err_fail(ERR_SYNTAX, "seal: data key %u is not a wrapped key", id);
	}
	enum err e = open_with(ring, place, wrapped, &plain);

	if (e == ERR_AUTH) {
		return err_fail(ERR_AUTH, "seal: wrong master key: data key %u does not open", id);
	}
	ret_key->len = SEAL_KEY;
	return e;
}

enum err seal_ring_learn(struct seal_ring *ring, uint32_t id, struct view wrapped)
{
	SECRET(key);

	HOLD(ring);
	TRY(check_new_key(ring, id));
	TRY(unwrap(ring, id, wrapped, &key));
	return key_open(ring, id, key.bytes);
}

enum err seal_ring_use(struct seal_ring *ring, uint32_t id)
{
	HOLD(ring);
	if (id == MASTER || !key_of(ring, id)) {
		return err_fail(ERR_NOT_FOUND, "seal: data key %u is not here", id);
	}
	ring->current = id;
	return OK;
}

enum err seal_ring_add(struct seal_ring *ring, uint32_t id, struct view wrapped)
{
	TRY(seal_ring_learn(ring, id, wrapped));
	return id > ring->current ? seal_ring_use(ring, id) : OK;
}

bool seal_ring_has(struct seal_ring *ring, uint32_t id)
{
	HOLD(ring);
	return key_of(ring, id) != NULL;
}

void seal_ring_forget(struct seal_ring *ring, uint32_t id)
{
	HOLD(ring);
	for (size_t i = 1; i < ring->count && id != ring->current; i++) {
		if (ring->keys[i].id == id) {
			EVP_CIPHER_CTX_free(ring->keys[i].closing);
			EVP_CIPHER_CTX_free(ring->keys[i].opening);
			ring->keys[i] = ring->keys[--ring->count];
		}
	}
}

uint32_t seal_key_of(struct view sealed)
{
	struct reader r = reader_of(sealed);
	uint8_t version = reader_u8(&r);
	uint32_t id = reader_u32(&r);

	return !r.failed && version == VERSION ? id : MASTER;
}

enum err seal_again(struct seal_ring *ring, const char *place, struct view sealed, struct buf *ret)
{
	BUF_CLEANUP struct buf plain = buf_growing(sealed.len + 1);
	enum err e = seal_open(ring, place, sealed, &plain);

	if (e == OK) {
		e = seal_close(ring, place, buf_contents(&plain), ret);
	}
	buf_wipe(&plain);
	return e;
}

enum err seal_rewrap(struct seal_ring *from, struct seal_ring *to, uint32_t id, struct view wrapped,
	struct buf *ret)
{
	SECRET(key);
	char place[PLACE];
	enum err e;

	{
		HOLD(from);
		e = unwrap(from, id, wrapped, &key);
	}
	TRY(e);
	key_place(id, place);
	HOLD(to);
	return close_under(to, &to->keys[0], place, secret_view(&key), ret);
}

/* The master key's file. */

enum { DIGITS = 2 * SEAL_KEY };

static void close_file(const int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
	}
}

static enum err check_file(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		return err_fail(ERR_CONFIG, "master key %s: not a plain file", path);
	}
	if (!private_file_is(path, &st)) {
		return err_fail(ERR_CONFIG,
			"master key %s: others than its owner may use it: chmod 600", path);
	}
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		return err_fail(ERR_CONFIG, "master key %s: belongs to somebody else: chown", path);
	}
	return OK;
}

enum err seal_master_from_file(const char *path, struct secret *ret)
{
	int fd __attribute__((cleanup(close_file))) = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return err_fail(ERR_CONFIG, "master key %s: %s: make one with openssl rand -hex 32",
			path, strerror(errno));
	}
	TRY(check_file(fd, path));
	char text[DIGITS + 2]; /* a line end, and one more to see that it is too long */
	ssize_t got = read(fd, text, sizeof(text));
	size_t len = got < 0 ? 0 : (size_t)got;

	if (len == DIGITS + 1 && text[DIGITS] == '\n') {
		len--;
	}
	enum err e = len == DIGITS ? secret_from_hex(ret, view_of(text, len)) : ERR_SYNTAX;

	bytes_wipe(text, sizeof(text));
	if (e != OK) {
		return err_fail(ERR_CONFIG,
			"master key %s: not 64 hexadecimal digits: openssl rand -hex 32 makes them",
			path);
	}
	return OK;
}
