// SPDX-License-Identifier: Apache-2.0
/* rules: which registries may be what to each other (Y.3059 3.2.1 to 3.2.3, 6.1), without a store or a socket. */
#pragma once

#include "core/reg_id.h"
#include "registry/ledger/ledger.h"

/* What another registry is to this one. Numbers stand in the store. */
enum peer_relation { PEER_CHILD = 1, PEER_PARENT = 2, PEER_EQUAL = 3 };
const char *peer_relation_name(enum peer_relation relation); /* "child", "parent", "peer" */
enum err peer_relation_of(struct view name, enum peer_relation *ret); /* ERR_SYNTAX */

struct peer_party {
	struct reg_id id;
	enum registry_type type;
};

/*
 * Whether `other` may be that to `own`, which has so many parents already. ERR_DENIED says which clause is against it: a primary
 * has no children, a geographical registry no parents, a sectoral one exactly one, a geographical registry.  req: R3.2 R6.1-a
 */
enum err peer_rules_check(const struct peer_party *own, const struct peer_party *other,
	enum peer_relation relation, size_t parents);
/* Whether the RegID is one label below, so that its name alone says whose child it is. */
bool peer_rules_is_below(const struct reg_id *id, const struct reg_id *parent);
/* That the label of a registry below has so many characters (0: any); other names are another hierarchy's. ERR_RANGE.  req: R9.1-i */
enum err peer_rules_check_width(const struct reg_id *id, const struct reg_id *parent, size_t width);

/* Whether a registry of that relation is given the records of such events, or their leaves alone. */
bool peer_rules_may_see(enum peer_relation relation, enum event_kind kind);
