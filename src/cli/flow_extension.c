// SPDX-License-Identifier: Apache-2.0
/* flow_extension: clause 10.3: a subscriber lets an ASP know of her, and the ASP lets her device in.  req: B10.3 */
#include "base/text.h"
#include "cli/up_inside.h"

#include <stdio.h>
#include <string.h>

enum { NAME = 64 };

struct wisher {
	char subscriber[NAME], client[REALM_NAME], folder[NAME];
	char session[PATH_MAX];
	struct visitor user, asp;
	char certificate[PATH_MAX], key[PATH_MAX];
	char extension[NAME], subject[NAME]; /* as they are made */
};

static void name_wisher(const struct up *up, struct wisher *ret)
{
	const struct realm *realm = &up->sites[FIRST].realm;
	char file[REALM_NAME + 32];

	(void)snprintf(ret->subscriber, NAME, "dora-%d", up->run);
	(void)snprintf(ret->folder, NAME, "device-extension-%d", up->run);
	(void)snprintf(ret->client, REALM_NAME, "001014%09d@%.90s", up->run, realm->realm);
	(void)snprintf(file, sizeof(file), "certificates/%s.pem", realm->element);
	realm_path(realm, file, ret->certificate);
	(void)snprintf(file, sizeof(file), "certificates/%s.key", realm->element);
	realm_path(realm, file, ret->key);
	ret->user = (struct visitor){.session = ret->session};
	ret->asp = (struct visitor){.certificate = ret->certificate, .key = ret->key};
}

/* What the operator knows of her, and a device of hers. */
static enum err make_wisher(struct up *up, struct wisher *w)
{
	struct site *site = &up->sites[FIRST];
	const struct walker walker = {w->folder, w->client, w->subscriber};
	char name[NAME + 16], claims[PATH_MAX];

	(void)snprintf(name, sizeof(name), "%s.claims", w->subscriber);
	TRY(text_write_file(realm_path(&site->realm, name, claims),
		view_text("{\"birthdate\":\"1990-01-31\"}\n"), 0600));
	OPERATE(site, "subscriber", "add", w->subscriber, "--verification", "postpaid", "--name",
		"Dora Example", "--claims", claims, "--verified", "2025-06-01T00:00:00Z");
	TRY(provision_device(site, &walker));
	return up_sign_in(site, w->subscriber, w->session);
}

/* Steps 1 and 2: she looks, wishes and agrees; the realm judges, and makes the JWT. */
static enum err wish(struct up *up, struct wisher *w)
{
	struct site *site = &up->sites[FIRST];

	VISIT(site, &w->user, "catalogue");
	up_print_output(up);
	VISIT(site, &w->user, "extension", "request", w->client, site->realm.application,
		"--attributes", "birthdate", "--json");
	TRY(up_member(up, "id", w->extension, NAME));
	up_step(up, "10.3/1", "user -> authz",
		"asks for the application, and consents to its ASP knowing");
	OPERATE(site, "extension", "show", w->extension);
	up_print_output(up);
	up_step(up, "10.3/2", "authz", "her verification and her device are enough");
	return OK;
}

/* Step 3: the ASP gets what was granted, under a pseudonym. */
static enum err introduce(struct up *up, struct wisher *w)
{
	char name[NAME + 16], jwt[PATH_MAX];

	(void)snprintf(name, sizeof(name), "%s.jwt", w->subscriber);
	VISIT(&up->sites[FIRST], &w->asp, "extension", "show", w->extension, "--jwt",
		realm_path(&up->sites[FIRST].realm, name, jwt), "--json");
	TRY(up_member(up, "subject", w->subject, sizeof(w->subject)));
	up_step(up, "10.3/3", "authz -> ASP",
		"a signed JWT: her client's pseudonym, the birthdate alone");
	return OK;
}

/* Steps 4 and 5: the ASP sets the flag, and the operator has it from the ASP. */
static enum err permit(struct up *up, const struct wisher *w)
{
	struct site *site = &up->sites[FIRST];

	VISIT(site, &w->asp, "grant", w->subject, site->realm.application, "--right", "read",
		"--until", "2099-01-01T00:00:00Z");
	up_print_output(up);
	up_step(up, "10.3/4", "ASP -> authz",
		"sets the service permission flag: rights, and an end");
	OPERATE(site, "notifications");
	TRY(up_print_last(up, "right-set"));
	up_step(up, "10.3/5", "ASP -> operator", "is told what the ASP has set");
	return OK;
}

static enum err tell(struct up *up, const struct wisher *w)
{
	VISIT(&up->sites[FIRST], &w->user, "notifications");
	TRY(up_print_last(up, "right-set"));
	up_step(up, "10.3/6", "operator -> user", "is told that her device has access");
	return OK;
}

/* No step of 10.3, but what it is for. */
static enum err use(struct up *up, const struct wisher *w)
{
	const struct realm *realm = &up->sites[FIRST].realm;
	char folder[PATH_MAX];

	up_heading(up, "With that her device bootstraps (10.4) and reaches the application (10.5)");
	TYPE(up, 0, "symbolon-device", "connect", realm->application, "--dir",
		realm_path(realm, w->folder, folder), "--address", realm->rp_d, "--rp-c",
		realm->rp_c, "--get", "/");
	up_print_output(up);
	return OK;
}

enum err flow_extension(struct up *up)
{
	struct site *site = &up->sites[FIRST];
	struct wisher w;

	up_heading(up,
		"Clause 10.3: a subscriber, her device, and an application in the catalogue");
	name_wisher(up, &w);
	TRY(make_wisher(up, &w));
	OPERATE(site, "app", "set", site->realm.application, "--title", "A clock", "--published",
		"yes", "--attributes", "birthdate");
	up_begin(up, "She asks for it, and its provider lets her device in");
	TRY(wish(up, &w));
	TRY(introduce(up, &w));
	TRY(permit(up, &w));
	TRY(tell(up, &w));
	TRY(up_show_only(up, "10.3", "10.3/6", "shown"));
	return use(up, &w);
}
