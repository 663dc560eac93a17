// SPDX-License-Identifier: Apache-2.0
/* req: B10.6.1 B10.6.2 */
#include "authz/change/change_tell.h"

static enum err audit(struct authz *authz, const struct change_tell *told, struct audit_room *room,
	struct store_step *ret)
{
	const struct audit_entry entry = {
		.role = WHO_OPERATOR,
		.by = told->by,
		.operation = told->operation,
		.object = told->client,
		.detail = view_text(told->text ? told->text : ""),
	};

	return audit_step(authz, &entry, room, ret);
}

static enum err notice(struct authz *authz, const struct change_tell *told, enum notice_to to,
	struct view whom, struct audit_room *room, struct store_step *ret)
{
	const struct notice notice = {
		.to = to,
		.whom = whom,
		.kind = told->operation,
		.object = told->client,
		.text = view_text(told->text),
	};

	return notice_step(authz, &notice, room, ret);
}

enum err change_tell(struct authz *authz, const struct change_tell *told,
	struct change_tell_room *room, struct store_step *steps, size_t *count)
{
	TRY(audit(authz, told, &room->audit, &steps[*count]));
	(*count)++;
	if (!told->text) {
		return OK;
	}
	TRY(notice(authz, told, NOTICE_OPERATOR, view_text(""), &room->operator, & steps[*count]));
	(*count)++;
	if (told->subscriber.len > 0) {
		TRY(notice(authz, told, NOTICE_SUBSCRIBER, told->subscriber, &room->user,
			&steps[*count]));
		(*count)++;
	} else if (told->of_client) {
		TRY(notice(authz, told, NOTICE_USER_OF, told->client, &room->user, &steps[*count]));
		(*count)++;
	}
	return OK;
}
