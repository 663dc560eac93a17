// SPDX-License-Identifier: Apache-2.0
#include "registry/peers/rules.h"

static const char *const relations[] = {
	[PEER_CHILD] = "child",
	[PEER_PARENT] = "parent",
	[PEER_EQUAL] = "peer",
};

const char *peer_relation_name(enum peer_relation relation)
{
	return relations[relation];
}

enum err peer_relation_of(struct view name, enum peer_relation *ret)
{
	for (int i = PEER_CHILD; i <= PEER_EQUAL; i++) {
		if (view_is(name, relations[i])) {
			*ret = i;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "relation: child, parent or peer");
}

/* Each type serves the one below it: geographical, sectoral, primary. */
static enum err check_parent(const struct peer_party *parent, const struct peer_party *child)
{
	if (parent->type == REGISTRY_PRIMARY) {
		return err_fail(ERR_DENIED, "Y.3059 3.2.1: a primary registry is the lowest level");
	}
	if (child->type == REGISTRY_GEOGRAPHICAL) {
		return err_fail(ERR_DENIED,
			"Y.3059 3.2.3: a geographical registry has peers, no parent");
	}
	if (registry_type_level(child->type) != registry_type_level(parent->type) + 1) {
		return err_fail(ERR_DENIED,
			"Y.3059 3.2.2: a sectoral registry is parented to a geographical one, a "
			"primary to a sectoral one");
	}
	if (reg_id_within(&parent->id, &child->id)) {
		return err_fail(ERR_DENIED, "Y.3059 9.1 i: a RegID above its parent's");
	}
	return OK;
}

enum err peer_rules_check(const struct peer_party *own, const struct peer_party *other,
	enum peer_relation relation, size_t parents)
{
	if (reg_id_equal(&own->id, &other->id)) {
		return err_fail(ERR_DENIED, "Y.3059 9.1 i: both have the same RegID");
	}
	switch (relation) {
	case PEER_CHILD:
		return check_parent(own, other);
	case PEER_PARENT:
		if (own->type == REGISTRY_SECTORAL && parents > 0) {
			return err_fail(ERR_DENIED,
				"Y.3059 3.2.2: a sectoral registry has a single parent");
		}
		return check_parent(other, own);
	default:
		break;
	}
	if (reg_id_within(&own->id, &other->id) || reg_id_within(&other->id, &own->id)) {
		return err_fail(ERR_DENIED, "Y.3059 6.1: above or below each other, so no peers");
	}
	return OK;
}

bool peer_rules_is_below(const struct reg_id *id, const struct reg_id *parent)
{
	struct reg_id above;

	return reg_id_parent(id, &above) && reg_id_equal(&above, parent);
}

enum err peer_rules_check_width(const struct reg_id *id, const struct reg_id *parent, size_t width)
{
	const size_t skip = (size_t)parent->len + 1;
	struct reg_id made;

	if (!peer_rules_is_below(id, parent)) {
		return OK;
	}
	const struct view label = {.data = reg_id_view(id).data + skip, .len = id->len - skip};

	return reg_id_make(parent, label, width, &made);
}

/* A parent keeps the history of all devices below it; others learn what they have to act on. */
bool peer_rules_may_see(enum peer_relation relation, enum event_kind kind)
{
	switch (kind) {
	case EVENT_STATUS_CHANGED:
	case EVENT_VULNERABILITY_RECORDED:
	case EVENT_VULNERABILITY_WITHDRAWN:
	case EVENT_REGISTRY_SET_UP:
	case EVENT_REGISTRY_JOINED:
	case EVENT_REGISTRY_LEFT:
	case EVENT_REGISTRY_ISOLATED:
	case EVENT_APPLICATION_STATUS:
	case EVENT_ERASED:
		return true;
	case EVENT_WORD_HEARD:
		return relation == PEER_CHILD;
	case EVENT_DUPLICATE_DETECTED:
		return relation != PEER_EQUAL;
	case EVENT_DEVICE_REGISTERED:
	case EVENT_DEVICE_CONFIRMED:
	case EVENT_DEVICE_REPORTED:
	case EVENT_LIFECYCLE_CHANGED:
	case EVENT_MANUFACTURER_REGISTERED:
	case EVENT_ROOT_OF_TRUST_ACCEPTED:
	case EVENT_ROOT_OF_TRUST_WITHDRAWN:
	case EVENT_DECISION:
	case EVENT_POLICY_CHANGED:
	case EVENT_MOVEMENT_HELD:
	case EVENT_MOVEMENT_RELEASED:
		return relation == PEER_PARENT;
	default: /* of persons, or what a virtual id hides: it stays where it is */
		return false;
	}
}
