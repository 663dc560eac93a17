// SPDX-License-Identifier: Apache-2.0
/* flow_change: clause 10.6: a device goes from one operator to the other, with all that the two say to each other. */
#include "base/text.h"
#include "cli/up_inside.h"

#include <stdio.h>
#include <string.h>

enum { STATUS_REFUSED = 4 };

/* Who changes: each time another one, since a device that has gone does not come back by itself. */
struct mover {
	const char *method, *last; /* the last step */
	bool symmetric;
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
	ret->symmetric = strcmp(method, "symmetric") == 0;
	ret->last = ret->symmetric ? "10.6.1/6" : "10.6.2/6";
}

/* At the old operator: a device with a key for bootstrapping alone, and one of its own that signs the consent. */
static enum err make_device(struct up *up, const struct mover *m)
{
	struct site *old = &up->sites[FIRST];
	const struct realm *realm = &old->realm;
	const struct walker walker = {m->folder, m->old, m->subscriber};
	char folder[PATH_MAX], public[PATH_MAX], name[96];

	TRY(provision_device(old, &walker));
	(void)snprintf(name, sizeof(name), "%s.pub", m->folder);
	TRY(up_type_into(up,
		(const char *const[]){"symbolon-device", "own-key", "make", "--dir",
			realm_path(realm, m->folder, folder), NULL},
		realm_path(realm, name, public)));
	OPERATE(old, "device", "set", m->old, "--public-key", public);
	if (m->symmetric) {
		OPERATE(old, "device", "set", m->old, "--exportable", "yes");
	}
	return OK;
}

/* At the new operator the user is known already, and signs in. */
static enum err sign_in(struct up *up, struct mover *m)
{
	struct site *new = &up->sites[OTHER];
	OPERATE(new, "subscriber", "add", m->subscriber, "--verification", "postpaid",
		"--if-missing");
	return up_sign_in(new, m->subscriber, m->session);
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
	up_print_output(up);
	return OK;
}

/* Step 6: what the new operator has told the user. */
static enum err read_notice(struct up *up, const struct mover *m)
{
	const struct visitor user = {.session = m->session};

	VISIT(&up->sites[OTHER], &user, "notifications");
	TRY(up_print_last(up, "change_done"));
	up_step(up, m->last, "new:authz -> user", "is told: the device is the new operator's now");
	return OK;
}

/* Twice: the new operator permits the application only when it has the client, and the device goes on where it stood. */
static enum err go_over(struct up *up, const struct mover *m)
{
	struct site *new = &up->sites[OTHER];
	char done[16];

	(void)snprintf(done, sizeof(done), "%.7s5", m->last);
	TRY(change(up, m, STATUS_REFUSED));
	up_print_errors(up);
	up_say(up, "  The new operator lets its new client use the application; the device goes "
		   "on where it stood.\n");
	OPERATE(new, "grant", m->new, new->realm.application);
	TRY(change(up, m, 0));
	TRY(up_await(up, done, "change.told"));
	TRY(read_notice(up, m));
	return up_show_only(up, "10.6", m->last, "shown");
}

static enum err show_change(struct up *up, struct mover *m)
{
	struct site *old = &up->sites[FIRST], *new = &up->sites[OTHER];
	char folder[PATH_MAX];

	up_heading(up, "Before: the device is the old operator's, its user known at the new one");
	TRY(make_device(up, m));
	TRY(sign_in(up, m));
	OPERATE(old, "grant", m->old, new->realm.application);
	up_begin(up, "The device asks to change, and does as the two operators agree");
	site_mark(old, "old:");
	up->device_actor = "new:device";
	TRY(go_over(up, m));
	site_mark(old, "");
	up->device_actor = "device";
	TYPE(up, 0, "symbolon-device", "realm", "list", "--dir",
		realm_path(&old->realm, m->folder, folder));
	up_print_output(up);
	return OK;
}

/* req: B10.6.1 */
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
