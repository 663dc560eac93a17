// SPDX-License-Identifier: Apache-2.0
/* flow_session: clause 10.5, and what ends and renews a session. */
#include "cli/up_inside.h"

#include <stdlib.h>
#include <string.h>

/* The arguments of a session with the application: GET of a path. */
#define CONNECT(realm, walker, folder, path)                                                       \
	"symbolon-device", "connect", (realm)->application, "--dir",                               \
		realm_path((realm), (walker)->folder, (folder)), "--address", (realm)->rp_d,       \
		"--rp-c", (realm)->rp_c, "--get", (path), "--log-level", "debug"

static enum err session(struct up *up, const struct walker *walker)
{
	const struct realm *realm = &up->sites[FIRST].realm;
	char folder[PATH_MAX];

	up_begin(up, "Clause 10.5: the device reaches the application over TLS-PSK");
	TYPE(up, 0, CONNECT(realm, walker, folder, "/"));
	TRY(up_show(up, "10.5/2c", "session.established"));
	up_heading(up, "The application's answer");
	up_print_output(up);
	return OK;
}

/* The old token is good until the new one is used: then that ends it.  req: B9.4.1-e */
static enum err renewal(struct up *up, const struct walker *walker)
{
	const struct realm *realm = &up->sites[FIRST].realm;
	char folder[PATH_MAX];

	up_begin(up, "Renewal: a new token, whose first use ends the old one");
	TRY(bootstrap(up, walker, 0));
	TYPE(up, 0, CONNECT(realm, walker, folder, "/"));
	return up_show(up, "10.5/2c", "session.established");
}

enum err flow_session(struct up *up)
{
	struct walker walker[WALKERS];

	walkers(up, walker);
	TRY(session(up, &walker[WALKER]));
	return renewal(up, &walker[WALKER]);
}

/* A session that runs ends with the permission that it rests upon. */
static enum err watch_revocation(struct up *up, struct command *running)
{
	struct site *site = &up->sites[FIRST];

	TRY(command_wait(running, "It is "));
	up_say(up, "  the application answers, once a second:\n    %s",
		strstr(buf_string(&running->output), "It is "));
	OPERATE(site, "revoke", site->realm.client, site->realm.application);
	int64_t revoked_us = up->command.ended_us;

	TRY(command_wait(running, NULL));
	int64_t took = running->ended_us - revoked_us;

	up_say(up, "  the session ended %.1f ms %s the command\n", (double)llabs(took) / 1000.0,
		took < 0 ? "before the end of" : "after");
	return OK;
}

/* req: B9.4.1-e */
enum err flow_withdrawal(struct up *up)
{
	struct site *site = &up->sites[FIRST];
	struct walker walker[WALKERS];
	struct command running;
	char folder[PATH_MAX];

	walkers(up, walker);
	up_begin(up, "Revocation: the operator clears the flag while a session runs");
	const char *const argv[] = {CONNECT(&site->realm, &walker[WALKER], folder, "/clock"), NULL};

	up_print_command(up, argv, NULL);
	TRY(command_start(up, &running, argv));
	enum err err = watch_revocation(up, &running);

	command_stop(&running);
	TRY(err);
	TRY(up_show(up, "9.6.1", "rp_a.acknowledged"));
	up_say(up, "\n  and gives it back:\n");
	OPERATE(site, "grant", site->realm.client, site->realm.application);
	return OK;
}
