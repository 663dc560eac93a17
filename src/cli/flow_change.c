// SPDX-License-Identifier: Apache-2.0
/* flow_change: clause 10.6: a device goes from one operator to the other, with all that the two say to each other. */
#include "base/text.h"
#include "cli/up_inside.h"

#include <stdio.h>
#include <string.h>

enum { STATUS_REFUSED = 4 };

/* Who changes: each time another one, since a device that has gone does not come back by itself. */
struct mover {
	const char *method, *clause;
	char folder[64], subscriber[64], old[REALM_NAME], new[REALM_NAME];
	char session[PATH_MAX]; /* file of the token of the user's session at the new operator */
};

static void name_mover(const struct up *up, const char *method, unsigned kind, struct mover *ret)
{
	(void)snprintf(ret->folder, sizeof(ret->folder), "device-%s-%d", method, up->run);
	(void)snprintf(ret->subscriber, sizeof(ret->subscriber), "carol-%s-%d", method, up->run);
	(void)snprintf(ret->old, sizeof(ret->old), "00101%u%09d@%.90s", kind, up->run,
		up->sites[FIRST].realm.realm);
	(void)snprintf(ret->new, sizeof(ret->new), "00101%u%09d@%.90s", kind, up->run,
		up->sites[OTHER].realm.realm);
	ret->method = method;
}

/* At the old operator: a device with a key for bootstrapping alone, and one of its own that signs the consent. */
static enum err make_device(struct up *up, const struct mover *m)
{
	struct site *old = &up->sites[FIRST];
	const struct realm *realm = &old->realm;
	const struct walker walker = {m->folder, m->old, m->subscriber};
	char folder[PATH_MAX], public[PATH_MAX], name[96], path[160];

	TRY(provision_device(old, &walker));
	TYPE(up, 0, "symbolon-device", "own-key", "make", "--dir",
		realm_path(realm, m->folder, folder));
	(void)snprintf(name, sizeof(name), "%s.pub", m->folder);
	TRY(text_write_file(realm_path(realm, name, public), buf_contents(&up->command.output),
		0600));
	OPERATE(old, "device", "set", m->old, "--public-key", public);
	(void)snprintf(path, sizeof(path), "/v1/devices/%s", m->old);
	return up_portal(old, "operator", "PATCH", path, "{\"exportable\":true}");
}

/* At the new operator the user is known already, and signs in. */
static enum err sign_in(struct up *up, struct mover *m)
{
	struct site *new = &up->sites[OTHER];
	char header[PATH_MAX];

	OPERATE(new, "subscriber", "add", m->subscriber, "--verification", "postpaid",
		"--if-missing");
	return up_sign_in(new, m->subscriber, header, m->session);
}

static enum err change(struct up *up, const struct mover *m, int status)
{
	const struct realm *old = &up->sites[FIRST].realm, *new = &up->sites[OTHER].realm;
	char folder[PATH_MAX], anchor[PATH_MAX], url[REALM_NAME + 16];

	(void)snprintf(url, sizeof(url), "https://%s", new->authn);
	TYPE(up, status, "symbolon-device", "change", url, "--address", new->rp_c, "--dir",
		realm_path(old, m->folder, folder), "--anchor",
		realm_path(new, "realm.pem", anchor), "--client", m->new, "--app", new->application,
		"--method", m->method, "--token-file", m->session, "--log-level", "debug");
	up_say(up, "%s", buf_string(&up->command.output));
	return OK;
}

/* req: B10.6.1 */
static enum err show_change(struct up *up, struct mover *m)
{
	struct site *new = &up->sites[OTHER];
	char folder[PATH_MAX];

	up_begin(up, "Before: the device is the old operator's, its user known at the new one");
	TRY(make_device(up, m));
	TRY(sign_in(up, m));
	OPERATE(&up->sites[FIRST], "grant", m->old, new->realm.application);
	up_begin(up, "The device asks to change, and does as the two operators agree");
	TRY(change(up, m, STATUS_REFUSED));
	up_say(up, "  %s", buf_string(&up->command.errors));
	up_say(up,
		"  The new operator permits the application to its new client; the device goes on "
		"where it stood.\n");
	OPERATE(new, "grant", m->new, new->realm.application);
	TRY(change(up, m, 0));
	TRY(up_show_only(up, "10.6", "10.6/5", "change.told"));
	TYPE(up, 0, "symbolon-device", "realm", "list", "--dir",
		realm_path(&up->sites[FIRST].realm, m->folder, folder));
	up_say(up, "    %s", buf_string(&up->command.output));
	return OK;
}

enum err flow_change_symmetric(struct up *up)
{
	struct mover m;

	name_mover(up, "symmetric", 2, &m);
	return show_change(up, &m);
}

/* req: B10.6.2 */
enum err flow_change_asymmetric(struct up *up)
{
	struct mover m;

	name_mover(up, "asymmetric", 3, &m);
	return show_change(up, &m);
}
