// SPDX-License-Identifier: Apache-2.0
#include "device/se_soft_inside.h"

#include "base/text.h"
#include "wire/key_json.h"

#include <string.h>

/* --- whose is which --- */

static struct client_key *find_client(struct contents *c, const struct ident *client)
{
	for (size_t i = 0; i < c->client_count; i++) {
		if (ident_equal(&c->clients[i].client, client)) {
			return &c->clients[i];
		}
	}
	return NULL;
}

static struct key_slot *slot_of(struct contents *c, const struct ident *client)
{
	struct client_key *own = find_client(c, client);

	return own ? &own->slot : &c->first;
}

static bool same_key(const struct aka_key *a, const struct aka_key *b)
{
	return a->algorithm == b->algorithm && secret_equal(&a->k, &b->k) &&
	       secret_equal(&a->opc, &b->opc);
}

/* --- AKA --- */

static void promote(struct key_slot *slot)
{
	slot->key = slot->next;
	slot->window = slot->next_window;
	slot->has_next = false;
	bytes_wipe(&slot->next, sizeof(slot->next));
	bytes_wipe(&slot->next_window, sizeof(slot->next_window));
}

/* A challenge under the key that is to come says that the realm has it in use: so it is ours, from now on.  req: B10.6.1 */
static enum err answer_with(struct aka *aka, struct key_slot *slot, const uint8_t rand[RAND_SIZE],
	const uint8_t autn[AUTN_SIZE], struct aka_result *ret)
{
	enum err err = aka_answer(aka, &slot->key, rand, autn, &slot->window, ret);

	if (err != ERR_AUTH || !slot->has_next) {
		return err;
	}
	err = aka_answer(aka, &slot->next, rand, autn, &slot->next_window, ret);
	if (err == OK) {
		promote(slot);
	}
	return err;
}

/* The SQN is on disk before RES is used, or another run could accept it again.  req: B7.4-d */
enum err soft_aka(void *user, const struct ident *client, const uint8_t rand[RAND_SIZE],
	const uint8_t autn[AUTN_SIZE], struct aka_result *ret)
{
	struct se_soft *se = user;
	struct contents *next = se_soft_change(se);
	enum err err = answer_with(se->aka, slot_of(next, client), rand, autn, ret);

	if (err != OK) {
		bytes_wipe(next, sizeof(*next));
		return err;
	}
	err = se_soft_commit(se);
	if (err != OK) {
		aka_result_wipe(ret);
	}
	return err;
}

/* --- keys come and go --- */

static enum err no_room(void)
{
	return err_fail(ERR_RANGE, "secure element: no room for another key");
}

/* A key whose sequence numbers began anew could be used twice with the same challenge. */
enum err se_soft_set_key(struct se_soft *se, const struct ident *client, const struct aka_key *key)
{
	struct client_key *own = find_client(&se->now, client);

	TRY(aka_key_check(key));
	if (own && same_key(&own->slot.key, key)) {
		return OK;
	}
	if (!own && se->now.client_count == CLIENTS_MAX) {
		return no_room();
	}
	struct contents *next = se_soft_change(se);

	own = own ? find_client(next, client) : &next->clients[next->client_count++];
	*own = (struct client_key){.client = *client, .slot = {.key = *key}};
	if (same_key(&next->first.key, key)) {
		own->slot.window = next->first.window;
	}
	return se_soft_commit(se);
}

/* Of a client that has no key here any more, the first is somebody else's. */
static bool is_gone(const struct contents *c, const struct ident *client)
{
	return c->owner.kind != IDENT_NONE && !ident_equal(&c->owner, client);
}

enum err se_soft_drop_key(struct se_soft *se, const struct ident *client)
{
	bool is_first = !find_client(&se->now, client);

	if (is_first && is_gone(&se->now, client)) {
		return OK;
	}
	if (is_first && se->now.client_count == 0) {
		return err_fail(ERR_WRONG_STATE, "secure element: it is the only key");
	}
	struct contents *next = se_soft_change(se);
	struct client_key *own = find_client(next, client);
	struct client_key *last = &next->clients[next->client_count - 1];

	if (is_first) {
		next->first = last->slot;
		next->owner = last->client;
	} else if (own != last) {
		*own = *last;
	}
	next->client_count--;
	bytes_wipe(last, sizeof(*last));
	return se_soft_commit(se);
}

/* Not the first key for want of one of its own, unless it is known whose that is. */
static enum err soft_forget(void *user, const struct ident *client)
{
	struct se_soft *se = user;

	return find_client(&se->now, client) || se->now.owner.kind != IDENT_NONE
		       ? se_soft_drop_key(se, client)
		       : OK;
}

/* The sequence numbers go with it: what was used for the one is used for the other. */
static enum err soft_adopt(void *user, const struct ident *client, const struct ident *from)
{
	struct se_soft *se = user;

	if (find_client(&se->now, client) ||
		(se->now.owner.kind != IDENT_NONE && ident_equal(&se->now.owner, client))) {
		return OK;
	}
	if (!find_client(&se->now, from) && is_gone(&se->now, from)) {
		return err_fail(ERR_NOT_FOUND, "secure element: no key of %s", from->text);
	}
	if (se->now.client_count == CLIENTS_MAX) {
		return no_room();
	}
	struct contents *next = se_soft_change(se);
	const struct key_slot *slot = slot_of(next, from);
	struct client_key *own = &next->clients[next->client_count++];

	*own = (struct client_key){.client = *client, .slot = *slot};
	if (slot == &next->first) {
		next->owner = *from;
	}
	return se_soft_commit(se);
}

static bool may_serve(const struct key_slot *slot, const struct aka_key *key)
{
	return same_key(&slot->key, key) || (slot->has_next && same_key(&slot->next, key));
}

/* A realm may use its next key already, before the device has heard of it: whose that is knows it all the same. */
static bool soft_same(void *user, const struct ident *a, const struct ident *b)
{
	struct se_soft *se = user;
	const struct key_slot *of_a = slot_of(&se->now, a), *of_b = slot_of(&se->now, b);

	return may_serve(of_a, &of_b->key) || may_serve(of_b, &of_a->key);
}

/* --- a key update --- */

static void end_update(struct update *update)
{
	bytes_wipe(update, sizeof(*update));
}

static enum err derive_keys(const struct se_soft *se, const char *label,
	const struct token_base *base, struct view binding, struct key_update_keys *ret)
{
	struct token_base with_ks = *base;
	enum err err = se_soft_ks(se, label, &with_ks.ks);

	if (err == OK) {
		err = key_update_derive(&with_ks, binding, ret);
	}
	bytes_wipe(&with_ks, sizeof(with_ks));
	return err;
}

static enum err begin_with(struct update *update, const struct key_update_keys *keys,
	const struct ident *client, struct view token_id, uint8_t ret_mac[KEY_UPDATE_MAC])
{
	update->client = *client;
	update->wrap = keys->wrap;
	TRY(text_copy(update->token_id, sizeof(update->token_id), token_id, "token id"));
	TRY(key_update_pair(&update->own, update->own_public));
	TRY(key_update_request_mac(&keys->mac, token_id, update->own_public, ret_mac));
	update->begun = true;
	return OK;
}

static enum err soft_begin(void *user, const char *label, const struct token_base *base,
	struct view binding, struct view token_id, uint8_t ret_public[KEY_UPDATE_PUBLIC],
	uint8_t ret_mac[KEY_UPDATE_MAC])
{
	struct se_soft *se = user;
	struct key_update_keys keys = {.mac = {.len = 0}};

	end_update(&se->update);
	enum err err = derive_keys(se, label, base, binding, &keys);

	if (err == OK) {
		err = begin_with(&se->update, &keys, &base->client, token_id, ret_mac);
	}
	key_update_wipe(&keys);
	if (err != OK) {
		end_update(&se->update);
		return err;
	}
	memcpy(ret_public, se->update.own_public, KEY_UPDATE_PUBLIC);
	return OK;
}

static enum err open_key(const struct update *update, const uint8_t *vault_public,
	struct view sealed, struct aka_key *ret, uint64_t *ret_sqn)
{
	const struct key_update_exchange exchange = {.own = &update->own,
		.wrap = &update->wrap,
		.client = &update->client,
		.device_public = update->own_public,
		.vault_public = vault_public,
		.is_device = true};
	uint8_t bytes[KEY_UPDATE_PLAIN_MAX];
	struct buf plain = buf_fixed(bytes, sizeof(bytes));
	enum err err = key_update_open(&exchange, sealed, &plain);

	if (err == OK) {
		err = key_document_read(buf_contents(&plain), ret, ret_sqn);
	}
	bytes_wipe(bytes, sizeof(bytes));
	return err;
}

/* Nothing that came before the realm's own counter may be used with it. */
static enum err keep_next(struct se_soft *se, const struct aka_key *key, uint64_t sqn)
{
	struct key_slot *slot = slot_of(se_soft_change(se), &se->update.client);

	slot->has_next = true;
	slot->next = *key;
	for (size_t i = 0; i < SQN_IND_COUNT; i++) {
		slot->next_window.seq[i] = sqn >> SQN_IND_BITS;
	}
	return se_soft_commit(se);
}

static enum err install_key(struct se_soft *se, const struct aka_key *key, uint64_t sqn,
	uint8_t ret_confirm[KEY_UPDATE_MAC])
{
	struct update *update = &se->update;

	if (same_key(&slot_of(&se->now, &update->client)->key, key)) {
		return err_fail(ERR_RANGE, "10.6.1: the new key is the old one");
	}
	TRY(keep_next(se, key, sqn));
	update->installed = true;
	secret_wipe(&update->own);
	secret_wipe(&update->wrap);
	return key_update_confirm(&key->k, KEY_UPDATE_CONFIRM, &update->client,
		view_text(update->token_id), ret_confirm);
}

/* On disk before the proof of it exists: the realm never goes over to a key that we may not have.  req: B10.6.1 */
static enum err soft_install(void *user, const uint8_t vault_public[KEY_UPDATE_PUBLIC],
	struct view sealed, uint8_t ret_confirm[KEY_UPDATE_MAC])
{
	struct se_soft *se = user;
	struct aka_key key __attribute__((cleanup(aka_key_wipe))) = {.amf = {0}};
	uint64_t sqn = 0;

	if (!se->update.begun || se->update.installed) {
		return err_fail(ERR_WRONG_STATE, "secure element: no key update was begun");
	}
	TRY(open_key(&se->update, vault_public, sealed, &key, &sqn));
	return install_key(se, &key, sqn, ret_confirm);
}

static enum err soft_promote(void *user, const uint8_t confirmed[KEY_UPDATE_MAC])
{
	struct se_soft *se = user;
	const struct update *update = &se->update;
	uint8_t expected[KEY_UPDATE_MAC];

	if (!update->installed || !slot_of(&se->now, &update->client)->has_next) {
		return err_fail(ERR_WRONG_STATE, "secure element: no key to put into use");
	}
	TRY(key_update_confirm(&slot_of(&se->now, &update->client)->next.k, KEY_UPDATE_CONFIRMED,
		&update->client, view_text(update->token_id), expected));
	if (!bytes_equal_secret(expected, confirmed, sizeof(expected))) {
		return err_fail(ERR_AUTH,
			"10.6.1: the realm has not proved that it has the new key");
	}
	promote(slot_of(se_soft_change(se), &update->client));
	TRY(se_soft_commit(se));
	end_update(&se->update);
	return OK;
}

const struct symdev_se_keys soft_keys = {
	.adopt = soft_adopt,
	.same = soft_same,
	.forget = soft_forget,
	.begin = soft_begin,
	.install = soft_install,
	.promote = soft_promote,
};
