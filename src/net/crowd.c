// SPDX-License-Identifier: Apache-2.0
#include "net/crowd.h"

#include "base/table.h"

#include <stdlib.h>

struct crowd {
	size_t count;
};

struct crowds {
	struct table *by_address;
};

enum err crowds_new(size_t ceiling, struct crowds **ret)
{
	struct crowds *c = calloc(1, sizeof(*c));

	if (!c) {
		return err_fail(ERR_MEMORY, "crowds: out of memory");
	}
	enum err err = table_new(ceiling, &c->by_address);

	if (err != OK) {
		free(c);
		return err;
	}
	*ret = c;
	return OK;
}

static void free_one(void *user, struct view address, void *value)
{
	(void)user;
	(void)address;
	free(value);
}

void crowds_free(struct crowds *c)
{
	if (!c) {
		return;
	}
	table_each(c->by_address, free_one, NULL);
	table_free(c->by_address);
	free(c);
}

bool crowds_enter(struct crowds *c, struct view address, size_t most)
{
	struct crowd *crowd = table_get(c->by_address, address);

	if (!crowd) {
		crowd = calloc(1, sizeof(*crowd));
		if (!crowd || table_put(c->by_address, address, crowd) != OK) {
			free(crowd);
			return false;
		}
	}
	if (most > 0 && crowd->count >= most) {
		return false;
	}
	crowd->count++;
	return true;
}

void crowds_leave(struct crowds *c, struct view address)
{
	struct crowd *crowd = table_get(c->by_address, address);

	if (crowd && --crowd->count == 0) {
		free(table_remove(c->by_address, address));
	}
}
