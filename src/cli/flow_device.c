// SPDX-License-Identifier: Apache-2.0
/* flow_device: the devices of the walk: registered by the operator, configured from the realm's document. */
#include "base/secret.h"
#include "base/text.h"
#include "cli/up_inside.h"

#include <stdio.h>
#include <unistd.h>

void walkers(const struct up *up, struct walker ret[WALKERS])
{
	const struct realm *realm = &up->sites[FIRST].realm;

	ret[WALKER] = (struct walker){"device", realm->client, "alice", NULL};
	ret[REFUSED_WALKER] = (struct walker){"device-refused", realm->refused, "bob", NULL};
}

/* A fresh K and OPc in a file that only we can read, for both ends; removed when both have it. */
enum err write_new_key(const struct up *up, const char *path)
{
	uint8_t bytes[32], text[256];
	struct buf json = buf_fixed(text, sizeof(text));

	TRY(up->env->random(up->env, bytes, sizeof(bytes)));
	buf_text(&json, "{\"algorithm\":\"milenage\",\"k\":\"");
	text_hex(&json, view_of(bytes, 16));
	buf_text(&json, "\",\"opc\":\"");
	text_hex(&json, view_of(bytes + 16, 16));
	buf_text(&json, "\",\"amf\":\"8000\"}\n");
	enum err err = buf_end(&json, "key file");

	if (err == OK) {
		err = text_write_file(path, buf_contents(&json), 0600);
	}
	bytes_wipe(bytes, sizeof(bytes));
	bytes_wipe(text, sizeof(text));
	return err;
}

/* 10.1, step 4: URL, pinned key, client and key are all that a device is told. */
static enum err configure_device(struct site *site, const struct walker *walker, const char *key)
{
	const struct realm *realm = &site->realm;
	char folder[PATH_MAX], anchor[PATH_MAX], url[REALM_NAME + 16];

	(void)snprintf(url, sizeof(url), "https://%s", realm->authn);
	TYPE(site->up, 0, "symbolon-device", "realm", "add", url, "--address", realm->rp_c, "--dir",
		realm_path(realm, walker->folder, folder), "--anchor",
		realm_path(realm, "realm.pem", anchor), "--client", walker->client, "--key-file",
		key);
	return OK;
}

enum err provision_device(struct site *site, const struct walker *walker)
{
	const struct realm *realm = &site->realm;
	char name[64], key[PATH_MAX], element[PATH_MAX];

	if (!walker->device) { /* else it is a further one of somebody who is known */
		OPERATE(site, "subscriber", "add", walker->subscriber, "--verification", "postpaid",
			"--if-missing");
	}
	(void)snprintf(name, sizeof(name), "%s/se.sealed", walker->folder);
	if (access(realm_path(realm, name, element), F_OK) == 0) {
		up_say(site->up, "  (%s has its key from an earlier run)\n", walker->folder);
		return OK;
	}
	/* One that is there was given to the realm by a run that was cut off before the device had it. */
	(void)snprintf(name, sizeof(name), "%s.key", walker->folder);
	if (access(realm_path(realm, name, key), F_OK) != 0) {
		TRY(write_new_key(site->up, key));
	}
	OPERATE(site, "device", "add", walker->client, "--subscriber", walker->subscriber,
		"--key-file", key, "--if-missing", walker->device ? "--device" : NULL,
		walker->device);
	TRY(configure_device(site, walker, key));
	if (unlink(key) != 0) {
		return err_system("remove %s", key);
	}
	up_say(site->up, "    (%s.key is removed: both ends have it now)\n", walker->folder);
	return OK;
}

enum err bootstrap(struct up *up, const struct walker *walker, int status)
{
	const struct realm *realm = &up->sites[FIRST].realm;
	char folder[PATH_MAX];

	return up_type(up, status,
		(const char *const[]){"symbolon-device", "bootstrap", "--app", realm->application,
			"--dir", realm_path(realm, walker->folder, folder), "--address",
			realm->rp_c, "--log-level", "debug", NULL});
}
