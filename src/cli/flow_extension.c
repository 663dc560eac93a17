// SPDX-License-Identifier: Apache-2.0
/* flow_extension: clause 10.3: a subscriber lets an ASP know of her, and the ASP lets her device in.  req: B10.3 */
#include "cli/up_inside.h"

#include <stdio.h>

enum { NAME = 64 };

struct wisher {
	char subscriber[NAME], client[REALM_NAME], folder[NAME];
	char header[PATH_MAX];
};

/* What the operator knows of her, and a device of hers. */
static enum err make_wisher(struct up *up, struct wisher *ret)
{
	struct site *site = &up->sites[FIRST];
	char body[320], token[PATH_MAX];

	(void)snprintf(ret->subscriber, NAME, "dora-%d", up->run);
	(void)snprintf(ret->folder, NAME, "device-extension-%d", up->run);
	(void)snprintf(ret->client, REALM_NAME, "001014%09d@%.90s", up->run, site->realm.realm);
	const struct walker walker = {ret->folder, ret->client, ret->subscriber};

	(void)snprintf(body, sizeof(body),
		"{\"id\":\"%s\",\"verification\":\"postpaid\",\"name\":\"Dora Example\","
		"\"claims\":{\"birthdate\":\"1990-01-31\"},\"verified\":\"2025-06-01T00:00:00Z\"}",
		ret->subscriber);
	TRY(up_portal(site, "operator", "POST", "/v1/subscribers", body));
	TRY(provision_device(site, &walker));
	return up_sign_in(site, ret->subscriber, ret->header, token);
}

/* Steps 1 and 2: she looks, wishes and agrees; the realm judges, and makes the JWT. */
static enum err wish(struct up *up, const struct wisher *w, char ret_id[NAME])
{
	struct site *site = &up->sites[FIRST];
	char body[320];

	TRY(up_portal(site, w->header, "GET", "/v1/catalogue", NULL));
	TRY(up_portal(site, w->header, "GET", "/v1/me", NULL));
	up_step(up, "10.3/1", "subscriber", "signed in: sees her data, devices and the catalogue");
	(void)snprintf(body, sizeof(body),
		"{\"client\":\"%s\",\"application\":\"%s\",\"attributes\":[\"birthdate\"]}",
		w->client, site->realm.application);
	TRY(up_portal(site, w->header, "POST", "/v1/extensions", body));
	TRY(up_member(up, "id", ret_id, NAME));
	up_step(up, "10.3/2", "authz",
		"verification and device are enough; her consent is recorded");
	return OK;
}

/* Steps 3 to 5: the ASP gets what was granted, under a pseudonym, and sets the flag. */
static enum err grant(struct up *up, const char *id)
{
	struct site *site = &up->sites[FIRST];
	char path[NAME + 32], subject[NAME], body[320];

	(void)snprintf(path, sizeof(path), "/v1/extensions/%s", id);
	TRY(up_portal(site, "asp", "GET", path, NULL));
	TRY(up_member(up, "subject", subject, sizeof(subject)));
	up_step(up, "10.3/3", "authz -> ASP", "a signed JWT: pseudonym, and the birthdate alone");
	(void)snprintf(body, sizeof(body),
		"{\"subject\":\"%s\",\"application\":\"%s\",\"rights\":[\"read\"],"
		"\"until\":\"2099-01-01T00:00:00Z\"}",
		subject, site->realm.application);
	TRY(up_portal(site, "asp", "PUT", "/v1/grants", body));
	up_step(up, "10.3/4", "ASP -> authz",
		"sets the service permission flag: rights, and an end");
	return OK;
}

static enum err use(struct up *up, const struct wisher *w)
{
	struct site *site = &up->sites[FIRST];
	const struct realm *realm = &site->realm;
	char folder[PATH_MAX];

	TRY(up_portal(site, w->header, "GET", "/v1/notifications", NULL));
	up_step(up, "10.3/5", "authz", "operator and subscriber are told");
	TYPE(up, 0, "symbolon-device", "connect", realm->application, "--dir",
		realm_path(realm, w->folder, folder), "--address", realm->rp_d, "--rp-c",
		realm->rp_c, "--get", "/");
	up_say(up, "    %s\n", buf_string(&up->command.output));
	up_step(up, "10.3/6", "device", "reaches the application");
	return OK;
}

enum err flow_extension(struct up *up)
{
	struct site *site = &up->sites[FIRST];
	struct wisher w;
	char path[REALM_NAME + 32], id[NAME];

	up_heading(up,
		"Clause 10.3: a subscriber, her device, and an application in the catalogue");
	TRY(make_wisher(up, &w));
	(void)snprintf(path, sizeof(path), "/v1/applications/%s", site->realm.application);
	TRY(up_portal(site, "operator", "PATCH", path,
		"{\"title\":\"A clock\",\"published\":true,\"attributes\":[\"birthdate\"]}"));
	up_begin(up, "She asks for it, and its provider lets her device in");
	TRY(wish(up, &w, id));
	TRY(grant(up, id));
	TRY(use(up, &w));
	return up_show_only(up, "10.3", "10.3/6", "shown");
}
