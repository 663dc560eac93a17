// SPDX-License-Identifier: Apache-2.0
#include "authz/vault_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *work(void *user);
static void deliver(void *user);

static void message_free(struct message *m)
{
	buf_wipe(&m->text);
	buf_free(&m->text);
	buf_wipe(&m->answer.text);
	buf_free(&m->answer.text);
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
	jose_key_free(vault->envelope_key);
	if (vault->posted) {
		vault->orphaned = true; /* deliver() is on its way, and releases */
		return;
	}
	vault_release(vault);
}

static struct message *message_new(enum message_kind kind, struct view client, vault_done *done,
	void *user, uint64_t user_ref)
{
	struct message *m = calloc(1, sizeof(*m));

	if (m) {
		m->kind = kind;
		m->done = done;
		m->user = user;
		m->user_ref = user_ref;
		m->text = m->answer.text = buf_growing(JWE_MAX);
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

void vault_set_envelope_key(struct vault *vault, struct jose_key *pair)
{
	pthread_mutex_lock(&vault->lock);
	jose_key_free(vault->envelope_key);
	vault->envelope_key = pair;
	pthread_mutex_unlock(&vault->lock);
}

/* Envelopes are long: copied on the heap. */
static enum err set_text(struct message *m, struct view text)
{
	buf_view(&m->text, text);
	enum err err = buf_end(&m->text, "vault: text");

	if (err != OK) {
		message_free(m);
	}
	return err;
}

enum err vault_hand_over(struct vault *vault, const struct envelope_names *names, struct view sealed,
	uint64_t sqn, const struct change_key *to, vault_done *done, void *user, uint64_t user_ref)
{
	struct message *m =
		message_new(HAND_OVER, ident_view(&names->client), done, user, user_ref);

	if (!m) {
		return err_fail(ERR_MEMORY, "vault: out of memory");
	}
	TRY(set_sealed(m, sealed));
	m->names = *names;
	m->sqn = sqn;
	m->to = *to;
	return ask(vault, m);
}

enum err vault_take_in(struct vault *vault, const struct envelope_names *names,
	struct view envelope, vault_done *done, void *user, uint64_t user_ref)
{
	struct message *m =
		message_new(TAKE_IN, ident_view(&names->new_client), done, user, user_ref);

	if (!m) {
		return err_fail(ERR_MEMORY, "vault: out of memory");
	}
	TRY(set_text(m, envelope));
	m->names = *names;
	return ask(vault, m);
}

enum err vault_open_text(struct vault *vault, const char *cty, struct view envelope,
	vault_done *done, void *user, uint64_t user_ref)
{
	struct message *m = message_new(OPEN_TEXT, view_text(""), done, user, user_ref);

	if (!m) {
		return err_fail(ERR_MEMORY, "vault: out of memory");
	}
	TRY(set_text(m, envelope));
	(void)snprintf(m->cty, sizeof(m->cty), "%s", cty);
	return ask(vault, m);
}

enum err vault_renew(struct vault *vault, const struct ident *client, struct view sealed,
	const uint8_t device_public[KEY_UPDATE_PUBLIC], const struct secret *wrap, vault_done *done,
	void *user, uint64_t user_ref)
{
	struct message *m = message_new(RENEW, ident_view(client), done, user, user_ref);

	if (!m) {
		return err_fail(ERR_MEMORY, "vault: out of memory");
	}
	TRY(set_sealed(m, sealed));
	m->client = *client;
	m->wrap = *wrap;
	memcpy(m->device, device_public, sizeof(m->device));
	return ask(vault, m);
}

enum err vault_confirm(struct vault *vault, const struct ident *client, struct view sealed,
	struct view token_id, const uint8_t confirm[KEY_UPDATE_MAC], vault_done *done, void *user,
	uint64_t user_ref)
{
	struct message *m = message_new(CONFIRM, ident_view(client), done, user, user_ref);

	if (!m) {
		return err_fail(ERR_MEMORY, "vault: out of memory");
	}
	TRY(set_sealed(m, sealed));
	TRY(set_text(m, token_id));
	m->client = *client;
	memcpy(m->device, confirm, sizeof(m->device));
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
			(*end)->answer.err = vault_answer_message(vault, *end);
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
