// SPDX-License-Identifier: Apache-2.0
/*
 * Whose devices events are about, for those who want to be told of their own. Asked of the store before a batch of events is
 * looked at, and only while somebody wants it.
 */
#include "registry/notify/inside.h"

#include "registry/enquiry/party.h"

#include <stdlib.h>
#include <string.h>

/* An event and a party that owns what it is about. */
struct own_row {
	int64_t seq;
	char party[PARTY_ID];
};

struct own {
	int64_t until; /* events below have been asked for */
	struct own_row *rows;
	size_t count;
	int64_t asked[STORE_STEPS]; /* the event of each step */
};

static int compare(const void *a, const void *b)
{
	const struct own_row *x = a, *y = b;

	if (x->seq != y->seq) {
		return x->seq < y->seq ? -1 : 1;
	}
	return strcmp(x->party, y->party);
}

bool own_has(const struct notify *n, int64_t seq, const char *party)
{
	struct own_row key = {.seq = seq};

	if (!n->own || !n->own->rows || strlen(party) >= sizeof(key.party)) {
		return false;
	}
	(void)strcpy(key.party, party);
	return bsearch(&key, n->own->rows, n->own->count, sizeof(key), compare) != NULL;
}

int64_t own_until(const struct notify *n)
{
	return n->own_subscribers == 0 ? INT64_MAX : n->own ? n->own->until : 0;
}

void own_forget(struct notify *n)
{
	if (n->own) {
		free(n->own->rows);
		free(n->own);
		n->own = NULL;
	}
}

/* ---- asked ---- */

static enum err take_rows(struct own *own, const struct store_result *result)
{
	size_t total = 0;

	for (size_t i = 0; i < result->step_count; i++) {
		total += result->steps[i].rows;
	}
	own->rows = calloc(total + 1, sizeof(*own->rows));
	if (!own->rows) {
		return err_fail(ERR_MEMORY, "notify: out of memory");
	}
	for (size_t i = 0; i < result->step_count; i++) {
		for (size_t row = 0; row < result->steps[i].rows; row++) {
			struct view party = store_at(result, i, row, 0).bytes;
			struct own_row *r = &own->rows[own->count];

			if (party.len > 0 && party.len < sizeof(r->party)) {
				r->seq = own->asked[i];
				memcpy(r->party, party.data, party.len);
				own->count++;
			}
		}
	}
	qsort(own->rows, own->count, sizeof(*own->rows), compare);
	return OK;
}

static void on_owners(void *user, uint64_t ref, const struct store_result *result)
{
	struct notify *n = notify_of(user);

	(void)ref;
	if (!n || !n->own) {
		return;
	}
	enum err err = result->err == OK ? take_rows(n->own, result)
					 : err_fail(result->err, "%s", result->detail);

	if (err != OK) {
		own_forget(n);
	}
	enlist_owners(n, err);
}

/* A device's owner; or all owners of a make and model. */
static bool ask_for(const struct ledger_entry *entry, const struct told *told,
	struct store_step *ret)
{
	if (entry->subject.len > 0) {
		*ret = (struct store_step){
			.statement = FIND_SUBSCRIBED_OWNER,
			.param_count = 1,
			.params = {STORE_TEXT_OF(entry->subject)},
		};
		return true;
	}
	*ret = (struct store_step){
		.statement = FIND_SUBSCRIBED_OWNERS,
		.param_count = 2,
		.params = {STORE_TEXT_OF(told->event.make), STORE_TEXT_OF(told->event.model)},
	};
	return told->event.make.len > 0;
}

/* Parameters point into records, which are freed behind. */
struct asking {
	struct store_step steps[STORE_STEPS];
	struct told told[STORE_STEPS];
	size_t count;
};

static void collect(struct own *own, struct asking *a, const struct ledger_entry *entries,
	size_t count)
{
	for (size_t i = 0; i < count && a->count < STORE_STEPS; i++) {
		struct told *told = &a->told[a->count];

		own->until = entries[i].seq + 1;
		if (told_read(&entries[i], told) != OK) {
			continue;
		}
		if (ask_for(&entries[i], told, &a->steps[a->count])) {
			own->asked[a->count++] = entries[i].seq;
		} else {
			told_free(told);
		}
	}
}

enum err own_ask(struct notify *n, const struct ledger_entry *entries, size_t count)
{
	struct registry *registry = n->registry;
	struct asking a = {.count = 0};

	own_forget(n);
	n->own = calloc(1, sizeof(*n->own));
	if (!n->own) {
		return err_fail(ERR_MEMORY, "notify: out of memory");
	}
	collect(n->own, &a, entries, count);
	enum err err = OK;

	if (a.count > 0) {
		err = store_submit(registry->store, a.steps, a.count, on_owners, registry, 0);
	}
	for (size_t i = 0; i < a.count; i++) {
		told_free(&a.told[i]);
	}
	if (err != OK) {
		own_forget(n);
		return err;
	}
	return a.count > 0 ? ERR_AGAIN : OK;
}
