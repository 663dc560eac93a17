// SPDX-License-Identifier: Apache-2.0
#include "registry/owners/claims.h"

#include "registry/realm/realm_inside.h"

static void on_ready(void *user, uint64_t ref)
{
	(void)user;
	(void)ref;
}

enum err claims_of_asker(const struct call *call, struct json **ret, struct view *ret_realm)
{
	const struct realm *realm = call->registry->realm;
	const struct visit *visit = realm ? visits_find(realm, call->asker.name) : NULL;
	struct symapp_token token = {.id = ""};

	if (!visit) {
		return err_fail(ERR_AUTH, "the device's token has ended");
	}
	enum err err = symapp_find(realm->app, view_text(visit->token_id), &realm->application,
		visit->ua, on_ready, NULL, 0, &token);

	secret_wipe(&token.key);
	if (err != OK) {
		return err_fail(ERR_AUTH, "the device's token has ended");
	}
	*ret_realm = view_text(visit->realm);
	err = json_parse(view_text(token.attributes[0] ? token.attributes : "{}"),
		SYMAPP_ATTRIBUTES, ret);
	bytes_wipe(token.attributes, sizeof(token.attributes));
	return err;
}
