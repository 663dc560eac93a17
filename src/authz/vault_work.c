// SPDX-License-Identifier: Apache-2.0
#include "authz/vault_inside.h"

#include "core/aka_key.h"
#include "wire/key_json.h"

#include <string.h>

enum { KEY_RECORD_VERSION = 1, KEY_RECORD = 1 + AKA_KEY_RECORD };

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

/* A key of which all is known, sealed into the answer. */
static enum err close_key(struct vault *vault, struct message *m, const struct aka_key *key)
{
	uint8_t bytes[KEY_RECORD];
	struct buf plain = buf_fixed(bytes, sizeof(bytes));
	struct buf sealed = buf_fixed(m->answer.sealed, sizeof(m->answer.sealed));

	buf_u8(&plain, KEY_RECORD_VERSION);
	aka_key_put(&plain, key);
	enum err err = buf_end(&plain, "key record");

	if (err == OK) {
		err = seal_close(vault->ring, m->place, buf_contents(&plain), &sealed);
	}
	m->answer.sealed_len = sealed.len;
	bytes_wipe(bytes, sizeof(bytes));
	return err;
}

static enum err make_vector(struct vault *vault, struct message *m, struct aka_key *key)
{
	const struct env *env = loop_env(vault->loop);
	uint8_t rand[RAND_SIZE];

	TRY(open_key(vault, m, key));
	TRY(env->random(env, rand, sizeof(rand)));
	return vector_make(vault->aka, key, rand, m->sqn, &m->answer.vector);
}

static enum err resync(struct vault *vault, struct message *m, struct aka_key *key)
{
	TRY(open_key(vault, m, key));
	return vector_resync(vault->aka, key, m->rand_auts, m->rand_auts + RAND_SIZE,
		&m->answer.sqn_ms);
}

static enum err seal(struct vault *vault, struct message *m, struct aka_key *key)
{
	(void)key;
	if (m->transport.key.len > 0) {
		TRY(key_transport_open(&m->transport, &m->key));
	}
	TRY(m->from_op ? aka_make_opc(vault->aka, &m->key) : aka_key_check(&m->key));
	return close_key(vault, m, &m->key);
}

static enum err seal_anew(struct vault *vault, struct message *m, struct aka_key *key)
{
	struct buf sealed = buf_fixed(m->answer.sealed, sizeof(m->answer.sealed));
	enum err err =
		seal_again(vault->ring, m->place, view_of(m->sealed, m->sealed_len), &sealed);

	(void)key;
	m->answer.sealed_len = sealed.len;
	return err;
}

/* 10.6.1/3: the one way by which a key leaves, readable for one other operator.  req: B10.6.1 B9.2.1-a */
static enum err hand_over(struct vault *vault, struct message *m, struct aka_key *key)
{
	JOSE_KEY_CLEANUP struct jose_key *to = NULL;

	TRY(jose_key_from_public(view_of(m->to.bytes, m->to.len), &to));
	TRY(open_key(vault, m, key));
	return envelope_seal(to, &m->names, key, m->sqn, &m->answer.text);
}

static enum err has_envelope_key(const struct vault *vault)
{
	return vault->envelope_key
		       ? OK
		       : err_fail(ERR_CONFIG, "10.6.1/3: change.envelope_key is not configured");
}

static enum err take_in(struct vault *vault, struct message *m, struct aka_key *key)
{
	TRY(has_envelope_key(vault));
	TRY(envelope_open(vault->envelope_key, &m->names, buf_contents(&m->text), key,
		&m->answer.sqn));
	m->answer.algorithm = key->algorithm;
	return close_key(vault, m, key);
}

static enum err open_text(struct vault *vault, struct message *m, struct aka_key *key)
{
	(void)key;
	TRY(has_envelope_key(vault));
	return jwe_decrypt(vault->envelope_key, m->cty, buf_contents(&m->text), &m->answer.text);
}

/* K and OPc (TOPc) anew; what the device can, AMF and the lengths, stays. */
static enum err draw_key(const struct env *env, struct aka_key *key)
{
	uint8_t room[AKA_K_MAX + AKA_OPC_MAX];
	size_t k_len = key->k.len, opc_len = key->opc.len;
	enum err err = env->random(env, room, k_len + opc_len);

	err = err == OK ? secret_set(&key->k, room, k_len) : err;
	err = err == OK ? secret_set(&key->opc, room + k_len, opc_len) : err;
	bytes_wipe(room, sizeof(room));
	return err;
}

/* For the device: who stands between does not know the exchange, who knows the old key does not know it either. */
static enum err seal_for_device(struct message *m, const struct aka_key *key)
{
	uint8_t room[KEY_UPDATE_PLAIN_MAX];
	struct buf plain = buf_fixed(room, sizeof(room));
	SECRET(own);

	TRY(key_update_pair(&own, m->answer.public_half));
	const struct key_update_exchange exchange = {
		.own = &own,
		.wrap = &m->wrap,
		.client = &m->client,
		.device_public = m->device,
		.vault_public = m->answer.public_half,
	};
	enum err err = key_document_write(key, 0, &plain); /* a new key begins anew */

	err = err == OK ? key_update_seal(&exchange, buf_contents(&plain), &m->answer.text) : err;
	bytes_wipe(room, sizeof(room));
	return err;
}

/* 10.6.1/4: the device is given a key that nobody else has.  req: B10.6.1 B9.2.1-a */
static enum err renew(struct vault *vault, struct message *m, struct aka_key *key)
{
	TRY(open_key(vault, m, key));
	TRY(draw_key(loop_env(vault->loop), key));
	TRY(close_key(vault, m, key));
	return seal_for_device(m, key);
}

static enum err confirm(struct vault *vault, struct message *m, struct aka_key *key)
{
	uint8_t expected[KEY_UPDATE_MAC];
	struct view token = buf_contents(&m->text);

	TRY(open_key(vault, m, key));
	TRY(key_update_confirm(&key->k, KEY_UPDATE_CONFIRM, &m->client, token, expected));
	if (!bytes_equal_secret(expected, m->device, sizeof(expected))) {
		return err_fail(ERR_AUTH, "10.6.1/4: the device has another key");
	}
	return key_update_confirm(&key->k, KEY_UPDATE_CONFIRMED, &m->client, token,
		m->answer.confirmed);
}

/* What the vault may be asked. `key` is what a step opens, wiped after it. */
static enum err (*const works[MESSAGE_KINDS])(struct vault *vault, struct message *m,
	struct aka_key *key) = {
	[MAKE_VECTOR] = make_vector,
	[RESYNC] = resync,
	[SEAL] = seal,
	[SEAL_AGAIN] = seal_anew,
	[HAND_OVER] = hand_over,
	[TAKE_IN] = take_in,
	[OPEN_TEXT] = open_text,
	[RENEW] = renew,
	[CONFIRM] = confirm,
};

enum err vault_answer_message(struct vault *vault, struct message *m)
{
	struct aka_key key = {.amf = {0}};
	enum err err = works[m->kind](vault, m, &key);

	bytes_wipe(&key, sizeof(key));
	return err;
}
