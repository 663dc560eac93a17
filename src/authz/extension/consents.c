// SPDX-License-Identifier: Apache-2.0
/* req: B10.3 */
#include "authz/extension/consents.h"

#include "authz/portal/notices.h"
#include "authz/schema.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

enum { LOOK_MS = 5000, ROWS = 32 };

struct consents {
	struct authz *authz;
	struct timer look;
	bool looking;
	size_t under_way, ended; /* of those that were found */
	bool more;
};

static void look(struct consents *c);

static void on_look_time(void *user)
{
	struct consents *c = user;

	timer_start(c->authz->loop, &c->look, LOOK_MS, on_look_time, c);
	look(c);
}

/* The last of them: the next ones at once, if there are, and if these went well. */
static void settle(struct consents *c)
{
	if (c->under_way > 0) {
		return;
	}
	c->looking = false;
	if (c->ended > 0) {
		log_event(LOG_INFO, "extension.expired", "", LOG_TEXT("clause", "10.3/1"),
			LOG_INT("count", (int64_t)c->ended));
	}
	if (c->more && c->ended > 0) {
		look(c);
	}
}

/* ERR_CONFLICT: another node has ended it, or it was withdrawn meanwhile. */
static void on_ended(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct consents *c = authz->consents;

	(void)ref;
	if (!c) {
		return;
	}
	c->under_way--;
	c->ended += result->err == OK;
	if (result->err != OK && result->err != ERR_CONFLICT) {
		log_event(LOG_WARN, "extension.not_expired", "", LOG_TEXT("detail", result->detail));
	}
	settle(c);
}

/* An ASP hears of what it was handed, and of nothing else. */
static enum err tell(struct authz *authz, struct view id, struct view application, bool handed_over,
	struct notice_rooms *rooms, struct store_step *steps, size_t *count)
{
	static const enum notice_to to[] = {NOTICE_OPERATOR, NOTICE_USER_OF_EXTENSION,
		NOTICE_ASP_OF_EXTENSION};
	char text[256];

	(void)snprintf(text, sizeof(text), "extension %.40s to %.150s expired: the consent is over",
		(const char *)id.data, (const char *)application.data);
	for (size_t i = 0; i < (handed_over ? 3 : 2); i++) {
		TRY(notices_add(authz,
			&(struct notice){to[i], to[i] == NOTICE_OPERATOR ? view_text("") : id,
				"extension-expired", id, view_text(text)},
			rooms, steps, count));
	}
	return OK;
}

/* The permission that stands on it goes along: it ended with the consent at the latest.  req: B10.3 B9.2.2-h */
static enum err end_one(struct consents *c, struct view id, struct view application,
	bool handed_over)
{
	struct authz *authz = c->authz;
	const struct store_value name = STORE_TEXT_OF(id);
	const struct audit_entry entry = {.role = WHO_OPERATOR,
		.by = "",
		.operation = "extension_expired",
		.object = id,
		.detail = application};
	struct notice_rooms rooms = {.count = 0};
	struct audit_room room;
	struct store_step steps[STORE_STEPS] = {
		{.statement = END_EXTENSION,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {name, STORE_INT_OF(env_wall(loop_env(authz->loop)))}},
		{.statement = DROP_GRANT_OF_CONSENT, .param_count = 1, .params = {name}},
	};
	size_t count = 3;

	TRY(audit_step(authz, &entry, &room, &steps[2]));
	TRY(tell(authz, id, application, handed_over, &rooms, steps, &count));
	TRY(store_submit(authz->store, steps, count, on_ended, authz, 0));
	c->under_way++;
	return OK;
}

static void on_found(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct consents *c = authz->consents;
	size_t rows = result->err == OK ? result->steps[0].rows : 0;

	(void)ref;
	if (!c) {
		return;
	}
	c->more = rows == ROWS;
	c->ended = 0;
	for (size_t i = 0; i < rows; i++) {
		char id[AUDIT_ID], application[IDENT_MAX + 1];
		bool waits = view_is(store_at(result, 0, i, 2).bytes, "requested");
		enum err err =
			text_copy(id, sizeof(id), store_at(result, 0, i, 0).bytes, "extension");

		err = err == OK ? text_copy(application, sizeof(application),
					  store_at(result, 0, i, 1).bytes, "application")
				: err;
		err = err == OK ? end_one(c, view_text(id), view_text(application), !waits) : err;
		if (err != OK) {
			log_event(LOG_WARN, "extension.not_expired", "", LOG_DETAIL());
		}
	}
	settle(c);
}

static void look(struct consents *c)
{
	const struct store_step step = {.statement = LIST_EXPIRED_EXTENSIONS,
		.param_count = 2,
		.params = {STORE_INT_OF(env_wall(loop_env(c->authz->loop))), STORE_INT_OF(ROWS)}};

	if (!c->looking) {
		c->looking = store_submit(c->authz->store, &step, 1, on_found, c->authz, 0) == OK;
	}
}

enum err consents_start_up(struct authz *authz)
{
	struct consents *c = calloc(1, sizeof(*c));

	if (!c) {
		return err_fail(ERR_MEMORY, "consents: out of memory");
	}
	c->authz = authz;
	authz->consents = c;
	on_look_time(c);
	return OK;
}

void consents_shut_down(struct authz *authz)
{
	if (!authz->consents) {
		return;
	}
	timer_stop(authz->loop, &authz->consents->look);
	free(authz->consents);
	authz->consents = NULL;
}
