// SPDX-License-Identifier: Apache-2.0
/*
 * Subscriptions by the devices that they name: most name some, and most events are of one device. The others are wide, and
 * are looked at for each event.
 */
#include "registry/notify/inside.h"

#include <stdlib.h>

enum { DEVICES_MAX = 1 << 26 };

struct named {
	struct subscriber *subscriber;
	struct named *next;
};

/* All that name one device: what the table has. */
struct chain {
	struct named *first;
};

enum err named_start_up(struct notify *n)
{
	return table_new(DEVICES_MAX, &n->by_device);
}

void named_shut_down(struct notify *n)
{
	table_free(n->by_device);
	n->by_device = NULL;
}

static enum err chain_of(struct notify *n, struct view device, struct chain **ret)
{
	struct chain *chain = table_get(n->by_device, device);

	if (!chain) {
		chain = calloc(1, sizeof(*chain));
		if (!chain) {
			return err_fail(ERR_MEMORY, "subscription: out of memory");
		}
		enum err err = table_put(n->by_device, device, chain);

		if (err != OK) {
			free(chain);
			return err;
		}
	}
	*ret = chain;
	return OK;
}

static void drop_empty(struct notify *n, struct view device, struct chain *chain)
{
	if (!chain->first) {
		(void)table_remove(n->by_device, device);
		free(chain);
	}
}

static enum err add(struct notify *n, struct subscriber *s, struct view device)
{
	struct chain *chain = NULL;

	TRY(chain_of(n, device, &chain));
	if (chain->first && chain->first->subscriber == s) {
		return OK; /* it names it twice */
	}
	struct named *named = calloc(1, sizeof(*named));

	if (!named) {
		drop_empty(n, device, chain);
		return err_fail(ERR_MEMORY, "subscription: out of memory");
	}
	*named = (struct named){s, chain->first};
	chain->first = named;
	return OK;
}

enum err named_add(struct subscriber *s)
{
	struct notify *n = s->notify;

	if (!s->wants.devices) {
		s->wide_after = n->wide;
		if (n->wide) {
			n->wide->wide_before = s;
		}
		n->wide = s;
		s->is_wide = true;
		return OK;
	}
	for (const struct json *d = json_item(s->wants.devices, 0); d; d = json_next(d)) {
		struct view device;

		TRY(json_as_text(d, &device));
		TRY(add(n, s, device));
	}
	return OK;
}

static void drop(struct notify *n, const struct subscriber *s, struct view device)
{
	struct chain *chain = table_get(n->by_device, device);
	struct named **at = chain ? &chain->first : NULL;

	while (at && *at && (*at)->subscriber != s) {
		at = &(*at)->next;
	}
	if (!at || !*at) {
		return; /* it names it twice, or was not added */
	}
	struct named *named = *at;

	*at = named->next;
	free(named);
	drop_empty(n, device, chain);
}

void named_drop(struct subscriber *s)
{
	struct notify *n = s->notify;

	if (s->is_wide) {
		if (s->wide_before) {
			s->wide_before->wide_after = s->wide_after;
		} else {
			n->wide = s->wide_after;
		}
		if (s->wide_after) {
			s->wide_after->wide_before = s->wide_before;
		}
		s->is_wide = false;
	}
	for (const struct json *d = json_item(s->wants.devices, 0); d; d = json_next(d)) {
		struct view device;

		if (json_as_text(d, &device) == OK) {
			drop(n, s, device);
		}
	}
}

void named_each(struct notify *n, struct view device, named_fn *each, void *user)
{
	for (struct subscriber *s = n->wide; s; s = s->wide_after) {
		each(user, s);
	}
	const struct chain *chain = table_get(n->by_device, device);

	for (const struct named *named = chain ? chain->first : NULL; named; named = named->next) {
		each(user, named->subscriber);
	}
}
