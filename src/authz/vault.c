// SPDX-License-Identifier: Apache-2.0
#include "authz/vault.h"

#include "core/aka_key.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_RECORD_VERSION = 1, KEY_RECORD = 1 + AKA_KEY_RECORD, PLACE_MAX = IDENT_MAX + 16 };

struct message {
	enum { MAKE_VECTOR, RESYNC, SEAL, SEAL_AGAIN } kind;
	struct message *next;
	vault_done *done;
	void *user;
	uint64_t user_ref;
	char place[PLACE_MAX]; /* where the sealed key stands */
	uint8_t sealed[VAULT_SEALED_MAX];
	size_t sealed_len;
	uint64_t sqn;
	uint8_t rand_auts[RAND_SIZE + AUTS_SIZE];
	struct aka_key key; /* SEAL */
	bool from_op;
	struct key_transport transport; /* SEAL; without a key: none */
	struct vault_answer answer;
	char detail[160];
};

struct vault {
	struct loop *loop;
	struct seal_ring *ring; /* from here on, the vault's thread alone touches these two */
	struct aka *aka;

	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct message *first, **last; /* asked */
	struct message *answered, **answered_last;
	bool posted, stopping, orphaned;
	size_t count, ceiling;
};

static void *work(void *user);
static enum err answer(struct vault *vault, struct message *m);
static enum err open_key(struct vault *vault, const struct message *m, struct aka_key *ret);
static enum err seal_key(struct vault *vault, struct message *m);
static void deliver(void *user);

static void message_free(struct message *m)
{
	bytes_wipe(m, sizeof(*m));
	free(m);
}

enum err vault_new(struct loop *loop, struct seal_ring *ring, size_t waiting, struct vault **ret)
{
	struct vault *vault = calloc(1, sizeof(*vault));

	if (!vault) {
		seal_ring_free(ring);
		return err_fail(ERR_MEMORY, "vault: out of memory");
	}
	vault->loop = loop;
	vault->ring = ring;
	vault->ceiling = waiting;
	vault->last = &vault->first;
	vault->answered_last = &vault->answered;
	pthread_mutex_init(&vault->lock, NULL);
	pthread_cond_init(&vault->wake, NULL);
	enum err err = aka_new(&vault->aka);

	if (err == OK && pthread_create(&vault->thread, NULL, work, vault) != 0) {
		err = err_fail(ERR_IO, "vault: no thread");
	}
	if (err != OK) {
		aka_free(vault->aka);
		seal_ring_free(vault->ring);
		free(vault);
		return err;
	}
	*ret = vault;
	return OK;
}

static void list_free(struct message *m)
{
	while (m) {
		struct message *next = m->next;

		message_free(m);
		m = next;
	}
}

static void vault_release(struct vault *vault)
{
	list_free(vault->first);
	list_free(vault->answered);
	pthread_mutex_destroy(&vault->lock);
	pthread_cond_destroy(&vault->wake);
	free(vault);
}

void vault_free(struct vault *vault)
{
	if (!vault) {
		return;
	}
	pthread_mutex_lock(&vault->lock);
	vault->stopping = true;
	pthread_cond_signal(&vault->wake);
	pthread_mutex_unlock(&vault->lock);
	pthread_join(vault->thread, NULL);
	aka_free(vault->aka);
	seal_ring_free(vault->ring);
	if (vault->posted) {
		vault->orphaned = true; /* deliver() is on its way, and releases */
		return;
	}
	vault_release(vault);
}

static struct message *message_new(int kind, struct view client, vault_done *done, void *user,
	uint64_t user_ref)
{
	struct message *m = calloc(1, sizeof(*m));

	if (m) {
		m->kind = kind;
		m->done = done;
		m->user = user;
		m->user_ref = user_ref;
		(void)snprintf(m->place, sizeof(m->place), "device/key/%.*s", (int)client.len,
			(const char *)client.data);
	}
	return m;
}

static enum err ask(struct vault *vault, struct message *m)
{
	pthread_mutex_lock(&vault->lock);
	bool room = vault->count < vault->ceiling;

	if (room) {
		vault->count++;
		*vault->last = m;
		vault->last = &m->next;
		pthread_cond_signal(&vault->wake);
	}
	pthread_mutex_unlock(&vault->lock);
	if (!room) {
		message_free(m);
		return err_fail(ERR_OVERLOAD, "vault: %zu messages wait already", vault->ceiling);
	}
	return OK;
}

static enum err set_sealed(struct message *m, struct view sealed)
{
	if (sealed.len > sizeof(m->sealed)) {
		message_free(m);
		return err_fail(ERR_RANGE, "vault: sealed key longer than %d bytes",
			VAULT_SEALED_MAX);
	}
	memcpy(m->sealed, sealed.data, sealed.len);
	m->sealed_len = sealed.len;
	return OK;
}

enum err vault_make_vector(struct vault *vault, struct view client, struct view sealed,
	uint64_t sqn, vault_done *done, void *user, uint64_t user_ref)
{
	struct message *m = message_new(MAKE_VECTOR, client, done, user, user_ref);

	if (!m) {
		return err_fail(ERR_MEMORY, "vault: out of memory");
	}
	TRY(set_sealed(m, sealed));
	m->sqn = sqn;
	return ask(vault, m);
}

enum err vault_resync(struct vault *vault, struct view client, struct view sealed,
	const uint8_t rand_auts[RAND_SIZE + AUTS_SIZE], vault_done *done, void *user,
	uint64_t user_ref)
{
	struct message *m = message_new(RESYNC, client, done, user, user_ref);

	if (!m) {
		return err_fail(ERR_MEMORY, "vault: out of memory");
	}
	TRY(set_sealed(m, sealed));
	memcpy(m->rand_auts, rand_auts, sizeof(m->rand_auts));
	return ask(vault, m);
}

enum err vault_seal_again(struct vault *vault, struct view client, struct view sealed,
	vault_done *done, void *user, uint64_t user_ref)
{
	struct message *m = message_new(SEAL_AGAIN, client, done, user, user_ref);

	if (!m) {
		return err_fail(ERR_MEMORY, "vault: out of memory");
	}
	TRY(set_sealed(m, sealed));
	return ask(vault, m);
}

enum err vault_seal(struct vault *vault, struct view client, const struct aka_key *key,
	bool from_op, vault_done *done, void *user, uint64_t user_ref)
{
	struct message *m = message_new(SEAL, client, done, user, user_ref);

	if (!m) {
		return err_fail(ERR_MEMORY, "vault: out of memory");
	}
	m->key = *key;
	m->from_op = from_op;
	return ask(vault, m);
}

enum err vault_seal_transported(struct vault *vault, struct view client, const struct aka_key *key,
	bool from_op, const struct key_transport *transport, vault_done *done, void *user,
	uint64_t user_ref)
{
	struct message *m = message_new(SEAL, client, done, user, user_ref);

	if (!m) {
		return err_fail(ERR_MEMORY, "vault: out of memory");
	}
	m->key = *key;
	m->from_op = from_op;
	m->transport = *transport;
	return ask(vault, m);
}

/* The vault's thread: takes all that waits, answers it, and posts the answers together. */
static void *work(void *user)
{
	struct vault *vault = user;

	pthread_mutex_lock(&vault->lock);
	while (!vault->stopping) {
		struct message *m = vault->first;

		if (!m) {
			pthread_cond_wait(&vault->wake, &vault->lock);
			continue;
		}
		vault->first = NULL;
		vault->last = &vault->first;
		pthread_mutex_unlock(&vault->lock);
		struct message **end = &m;

		for (; *end; end = &(*end)->next) {
			(*end)->answer.err = answer(vault, *end);
			(void)snprintf((*end)->detail, sizeof((*end)->detail), "%s", err_detail());
			(*end)->answer.detail = (*end)->detail;
		}
		pthread_mutex_lock(&vault->lock);
		*vault->answered_last = m;
		vault->answered_last = end;
		if (!vault->posted) {
			vault->posted = true;
			loop_post(vault->loop, deliver, vault);
		}
	}
	pthread_mutex_unlock(&vault->lock);
	return NULL;
}

static enum err answer(struct vault *vault, struct message *m)
{
	struct aka_key key = {.amf = {0}};

	if (m->kind == SEAL) {
		return seal_key(vault, m);
	}
	if (m->kind == SEAL_AGAIN) {
		struct buf sealed = buf_fixed(m->answer.sealed, sizeof(m->answer.sealed));
		enum err again = seal_again(vault->ring, m->place,
			view_of(m->sealed, m->sealed_len), &sealed);

		m->answer.sealed_len = sealed.len;
		return again;
	}
	enum err err = open_key(vault, m, &key);

	if (err == OK && m->kind == RESYNC) {
		err = vector_resync(vault->aka, &key, m->rand_auts, m->rand_auts + RAND_SIZE,
			&m->answer.sqn_ms);
	} else if (err == OK) {
		const struct env *env = loop_env(vault->loop);
		uint8_t rand[RAND_SIZE];

		err = env->random(env, rand, sizeof(rand));
		err = err == OK ? vector_make(vault->aka, &key, rand, m->sqn, &m->answer.vector)
				: err;
	}
	bytes_wipe(&key, sizeof(key));
	return err;
}

/* version(1), and what aka_key_put() writes. */
static enum err read_key(struct view record, struct aka_key *ret)
{
	struct reader r = reader_of(record);
	uint8_t version = reader_u8(&r);

	if (version != KEY_RECORD_VERSION) {
		return err_fail(ERR_UNSUPPORTED, "key record of version %u", version);
	}
	TRY(aka_key_get(&r, ret));
	return reader_end(&r, "key record");
}

static enum err open_key(struct vault *vault, const struct message *m, struct aka_key *ret)
{
	uint8_t bytes[KEY_RECORD];
	struct buf plain = buf_fixed(bytes, sizeof(bytes));
	enum err err = seal_open(vault->ring, m->place, view_of(m->sealed, m->sealed_len), &plain);

	if (err == OK) {
		err = read_key(buf_contents(&plain), ret);
	} else {
		err = ERR_CRYPTO; /* of our own making: ERR_AUTH is for a forged AUTS */
	}
	bytes_wipe(bytes, sizeof(bytes));
	return err;
}

static enum err seal_key(struct vault *vault, struct message *m)
{
	uint8_t bytes[KEY_RECORD];
	struct buf plain = buf_fixed(bytes, sizeof(bytes));
	struct buf sealed = buf_fixed(m->answer.sealed, sizeof(m->answer.sealed));

	if (m->transport.key.len > 0) {
		TRY(key_transport_open(&m->transport, &m->key));
	}
	TRY(m->from_op ? aka_make_opc(vault->aka, &m->key) : aka_key_check(&m->key));
	buf_u8(&plain, KEY_RECORD_VERSION);
	aka_key_put(&plain, &m->key);
	enum err err = buf_end(&plain, "key record");

	if (err == OK) {
		err = seal_close(vault->ring, m->place, buf_contents(&plain), &sealed);
	}
	m->answer.sealed_len = sealed.len;
	bytes_wipe(bytes, sizeof(bytes));
	return err;
}

/* On the loop's thread. A callback may ask again. */
static void deliver(void *user)
{
	struct vault *vault = user;

	pthread_mutex_lock(&vault->lock);
	struct message *m = vault->answered;

	vault->answered = NULL;
	vault->answered_last = &vault->answered;
	vault->posted = false;
	for (struct message *each = m; each; each = each->next) {
		vault->count--;
	}
	pthread_mutex_unlock(&vault->lock);
	if (vault->orphaned) {
		list_free(m);
		vault_release(vault);
		return;
	}
	while (m) {
		struct message *next = m->next;

		m->done(m->user, m->user_ref, &m->answer);
		message_free(m);
		m = next;
	}
}
