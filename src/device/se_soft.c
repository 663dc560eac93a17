// SPDX-License-Identifier: Apache-2.0
#include "device/se_soft_inside.h"

#include "device/token.h"

#include <string.h>

/* Its place; `count` when there is none. */
static size_t place_of(const struct contents *c, const char *label)
{
	size_t i = 0;

	while (i < c->count && strcmp(c->entries[i].label, label) != 0) {
		i++;
	}
	return i;
}

static struct entry *find(struct contents *c, const char *label)
{
	size_t i = place_of(c, label);

	return i < c->count ? &c->entries[i] : NULL;
}

static bool is_ks(const char *label)
{
	return strncmp(label, KS_LABEL, strlen(KS_LABEL)) == 0;
}

enum err se_soft_ks(const struct se_soft *se, const char *label, struct secret *ret)
{
	size_t i = is_ks(label) ? place_of(&se->now, label) : se->now.count;

	return i < se->now.count ? secret_set(ret, se->now.entries[i].value, se->now.entries[i].len)
				 : err_fail(ERR_NOT_FOUND, "secure element: no such key");
}

static enum err soft_derive(void *user, const char *label, enum token_format format,
	const struct token_base *base, const struct ident *application, struct ua ua,
	struct view binding, struct secret *ret)
{
	struct token_base with_ks = *base;
	enum err err = se_soft_ks(user, label, &with_ks.ks);

	if (err == OK) {
		err = token_derive(format, &with_ks, application, ua, binding, ret);
	}
	bytes_wipe(&with_ks, sizeof(with_ks));
	return err;
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

const struct symdev_se se_soft_ops = {
	.name = "soft",
	.aka = soft_aka,
	.derive = soft_derive,
	.sign = soft_sign,
	.store = soft_store,
	.load = soft_load,
	.own_key = soft_own_key,
	.keys = &soft_keys,
};
