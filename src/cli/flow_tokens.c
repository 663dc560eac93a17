// SPDX-License-Identifier: Apache-2.0
/* flow_tokens: clause 10.4, with symmetric keys and with asymmetric ones. */
#include "cli/up_inside.h"

#include <stdio.h>

enum { STATUS_REFUSED = 4 };

static enum err token_generation(struct up *up, const struct walker *walker)
{
	up_begin(up, "Clause 10.4: the device bootstraps at the realm, for one application");
	TRY(bootstrap(up, walker, 0));
	return up_show(up, "10.4/4c", "token.stored");
}

/* req: B9.4.1-c */
static enum err refused_device(struct up *up, const struct walker *walker)
{
	up_begin(up,
		"A device whose service permission flag is not set: refused before a token exists");
	TRY(bootstrap(up, walker, STATUS_REFUSED));
	TRY(up_show(up, "10.4/3b", "rp_c.not_permitted"));
	up_print_errors(up);
	return OK;
}

enum err flow_tokens(struct up *up)
{
	struct walker walker[WALKERS];

	walkers(up, walker);
	TRY(token_generation(up, &walker[WALKER]));
	return refused_device(up, &walker[REFUSED_WALKER]);
}

/* --- with a key pair of the device's own --- */

/* Each time another one: the key is made in its secure element, and only its public half leaves it. */
static enum err make_own_key_device(struct up *up, const char *name, const char *client)
{
	struct site *site = &up->sites[FIRST];
	const struct realm *realm = &site->realm;
	char folder[PATH_MAX], authority[PATH_MAX], public[PATH_MAX], file[96];

	realm_path(realm, name, folder);
	OPERATE(site, "subscriber", "add", "erin", "--verification", "postpaid", "--if-missing");
	TYPE(up, 0, "symbolon-device", "init", "--own-key", "--dir", folder, "--client", client,
		"--node", realm->authn, "--ca", realm_path(realm, "certificates/ca.pem", authority));
	(void)snprintf(file, sizeof(file), "%s.pub", name);
	TRY(up_type_into(up,
		(const char *const[]){"symbolon-device", "own-key", "show", "--dir", folder, NULL},
		realm_path(realm, file, public)));
	OPERATE(site, "device", "add", client, "--subscriber", "erin", "--public-key", public);
	OPERATE(site, "grant", client, realm->application);
	return OK;
}

/* req: B10.4-asym */
enum err flow_own_key(struct up *up)
{
	char name[64], client[REALM_NAME];
	const struct walker walker = {name, client, "erin"};

	(void)snprintf(name, sizeof(name), "device-own-%d", up->run);
	(void)snprintf(client, sizeof(client), "001015%09d@%.90s", up->run,
		up->sites[FIRST].realm.realm);
	up_heading(up, "A device with a key pair of its own: the realm knows the public half");
	TRY(make_own_key_device(up, name, client));
	up_begin(up, "Clause 10.4 with asymmetric keys: mutual TLS 1.3, Ks from the exporter");
	TRY(bootstrap(up, &walker, 0));
	return up_show(up, "10.4/4c", "token.stored");
}
