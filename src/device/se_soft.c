// SPDX-License-Identifier: Apache-2.0
#include "device/se_soft_inside.h"

#include "device/token.h"

#include <string.h>

static struct client_key *find_client(struct contents *c, const struct ident *client)
{
	for (size_t i = 0; i < c->client_count; i++) {
		if (ident_equal(&c->clients[i].client, client)) {
			return &c->clients[i];
		}
	}
	return NULL;
}

/* The SQN is on disk before RES is used, or another run could accept it again.  req: B7.4-d */
static enum err soft_aka(void *user, const struct ident *client, const uint8_t rand[RAND_SIZE],
	const uint8_t autn[AUTN_SIZE], struct aka_result *ret)
{
	struct se_soft *se = user;
	struct contents *next = se_soft_change(se);
	struct client_key *own = find_client(next, client);
	enum err err = aka_answer(se->aka, own ? &own->key : &next->key, rand, autn,
		own ? &own->window : &next->window, ret);

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

static struct entry *find(struct contents *c, const char *label)
{
	for (size_t i = 0; i < c->count; i++) {
		if (strcmp(c->entries[i].label, label) == 0) {
			return &c->entries[i];
		}
	}
	return NULL;
}

static bool is_ks(const char *label)
{
	return strncmp(label, KS_LABEL, strlen(KS_LABEL)) == 0;
}

static enum err soft_derive(void *user, const char *label, enum token_format format,
	const struct token_base *base, const struct ident *application, struct ua ua,
	struct view binding, struct secret *ret)
{
	struct se_soft *se = user;
	const struct entry *entry = is_ks(label) ? find(&se->now, label) : NULL;
	struct token_base with_ks = *base;

	if (!entry) {
		return err_fail(ERR_NOT_FOUND, "secure element: no such key");
	}
	enum err err = secret_set(&with_ks.ks, entry->value, entry->len);

	if (err == OK) {
		err = token_derive(format, &with_ks, application, ua, binding, ret);
	}
	bytes_wipe(&with_ks, sizeof(with_ks));
	return err;
}

static enum err soft_sign(void *user, struct view message, struct buf *ret)
{
	(void)user;
	(void)message;
	(void)ret;
	return err_fail(ERR_UNSUPPORTED, "secure element: no key to sign with");
}

static bool is_label(const char *label)
{
	size_t len = strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789.-");

	return len > 0 && len <= LABEL_MAX && label[len] == '\0';
}

static void drop(struct contents *c, struct entry *entry)
{
	struct entry *last = &c->entries[c->count - 1];

	if (entry != last) {
		*entry = *last;
	}
	bytes_wipe(last, sizeof(*last));
	c->count--;
}

static void put(struct contents *c, const char *label, struct view value)
{
	struct entry *entry = find(c, label);

	if (!entry) {
		entry = &c->entries[c->count++];
		memcpy(entry->label, label, strlen(label) + 1);
	}
	bytes_wipe(entry->value, sizeof(entry->value));
	memcpy(entry->value, value.data, value.len);
	entry->len = value.len;
}

static enum err soft_store(void *user, const char *label, struct view value)
{
	struct se_soft *se = user;

	if (!is_label(label) || value.len > VALUE_MAX) {
		return err_fail(ERR_RANGE, "secure element: label or value not as it may be");
	}
	bool there = find(&se->now, label) != NULL;

	if (value.len == 0 && !there) {
		return OK;
	}
	if (!there && se->now.count == ENTRIES_MAX) {
		return err_fail(ERR_RANGE, "secure element: no room for another value");
	}
	struct contents *next = se_soft_change(se);

	if (value.len > 0) {
		put(next, label, value);
	} else {
		drop(next, find(next, label));
	}
	return se_soft_commit(se);
}

static enum err soft_load(void *user, const char *label, struct buf *ret)
{
	struct se_soft *se = user;
	const struct entry *entry = find(&se->now, label);

	if (is_ks(label)) {
		return err_fail(ERR_DENIED, "secure element: keys are derived from, not given out");
	}
	if (!entry) {
		return err_fail(ERR_NOT_FOUND, "secure element: nothing under this label");
	}
	buf_bytes(ret, entry->value, entry->len);
	return buf_end(ret, "secure element's value");
}

static bool same_key(const struct aka_key *a, const struct aka_key *b)
{
	return a->algorithm == b->algorithm && secret_equal(&a->k, &b->k) &&
	       secret_equal(&a->opc, &b->opc);
}

/* A key whose sequence numbers began anew could be used twice with the same challenge. */
enum err se_soft_set_key(struct se_soft *se, const struct ident *client, const struct aka_key *key)
{
	struct client_key *own = find_client(&se->now, client);

	TRY(aka_key_check(key));
	if (own && same_key(&own->key, key)) {
		return OK;
	}
	if (!own && se->now.client_count == CLIENTS_MAX) {
		return err_fail(ERR_RANGE, "secure element: no room for another key");
	}
	struct contents *next = se_soft_change(se);

	own = own ? find_client(next, client) : &next->clients[next->client_count++];
	*own = (struct client_key){.client = *client, .key = *key};
	if (same_key(&next->key, key)) {
		own->window = next->window;
	}
	return se_soft_commit(se);
}

enum err se_soft_drop_key(struct se_soft *se, const struct ident *client)
{
	bool is_first = !find_client(&se->now, client);

	if (is_first && se->now.client_count == 0) {
		return err_fail(ERR_WRONG_STATE, "secure element: it is the only key");
	}
	struct contents *next = se_soft_change(se);
	struct client_key *own = find_client(next, client);
	struct client_key *last = &next->clients[next->client_count - 1];

	if (is_first) {
		next->key = last->key;
		next->window = last->window;
	} else if (own != last) {
		*own = *last;
	}
	next->client_count--;
	bytes_wipe(last, sizeof(*last));
	return se_soft_commit(se);
}

const struct symdev_se se_soft_ops = {
	.name = "soft",
	.aka = soft_aka,
	.derive = soft_derive,
	.sign = soft_sign,
	.store = soft_store,
	.load = soft_load,
};
