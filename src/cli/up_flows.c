// SPDX-License-Identifier: Apache-2.0
#include "cli/up_inside.h"

#include "base/secret.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SETTLE_MS = 3000, STATUS_REFUSED = 4 };

#define ASP "cin:U72200KA2001PTC028000"

/* The devices of the walk: one that may use the application, and one that may not. */
struct walker {
	const char *folder, *client, *subscriber;
};

static void walkers(const struct up *up, struct walker ret[2])
{
	ret[0] = (struct walker){"device", up->realm.client, "alice"};
	ret[1] = (struct walker){"device-refused", up->realm.refused, "bob"};
}

#define OPERATE(...)	     TRY(up_operate(up, (const char *const[]){__VA_ARGS__, NULL}))
#define COMMAND(status, ...) TRY(up_command(up, (status), (const char *const[]){__VA_ARGS__, NULL}))

/* --- provisioning --- */

/* A fresh K and OPc in a file that only we can read, for both ends; removed when both have it. */
static enum err write_new_key(const struct up *up, const char *path)
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

static enum err provision_device(struct up *up, const struct walker *walker)
{
	const struct realm *realm = &up->realm;
	char name[64], key[PATH_MAX], folder[PATH_MAX], element[PATH_MAX], authority[PATH_MAX];

	OPERATE("subscriber", "add", walker->subscriber, "--verification", "postpaid",
		"--if-missing");
	(void)snprintf(name, sizeof(name), "%s/se.sealed", walker->folder);
	if (access(realm_path(realm, name, element), F_OK) == 0) {
		up_say(up, "  (%s has its key from an earlier run)\n", walker->folder);
		return OK;
	}
	/* One that is there was given to the realm by a run that was cut off before the device had it. */
	(void)snprintf(name, sizeof(name), "%s.key", walker->folder);
	if (access(realm_path(realm, name, key), F_OK) != 0) {
		TRY(write_new_key(up, key));
	}
	OPERATE("device", "add", walker->client, "--subscriber", walker->subscriber, "--key-file",
		key, "--if-missing");
	up_say(up, "  symbolon-device init --client %s --node %s --key-file %s\n", walker->client,
		realm->authn, key);
	COMMAND(0, "symbolon-device", "init", "--dir", realm_path(realm, walker->folder, folder),
		"--client", walker->client, "--node", realm->authn, "--ca",
		realm_path(realm, "certificates/ca.pem", authority), "--key-file", key);
	return unlink(key) == 0 ? OK : err_system("remove %s", key);
}

enum err up_provision(struct up *up)
{
	const struct realm *realm = &up->realm;
	struct walker walker[2];

	up_heading(up, "Provisioning, as the operator would");
	walkers(up, walker);
	TRY(provision_device(up, &walker[0]));
	TRY(provision_device(up, &walker[1]));
	OPERATE("asp", "add", ASP, "--name", "Example Services", "--element", realm->element,
		"--if-missing");
	OPERATE("app", "add", realm->application, "--asp", ASP, "--format", "y3056", "--ua",
		"0100000007", "--ua", "010001ccac", "--ua", "01000100aa", "--if-missing");
	OPERATE("grant", realm->client, realm->application);
	return OK;
}

/* --- the walk --- */

/* Lines come through pipes: a node may log a step a moment after the device has ended. */
static void settle(struct up *up, const char *clause, const char *event)
{
	int64_t deadline = loop_now(up->loop) + SETTLE_MS;

	while (!walk_has(up->walk, clause, event) && loop_now(up->loop) < deadline) {
		loop_turn(up->loop, 10);
	}
}

static void begin(struct up *up, const char *words)
{
	up_heading(up, words);
	walk_begin(up->walk);
}

/* Prints the steps that were seen; the last one must be among them. */
static enum err show(struct up *up, const char *clause, const char *event)
{
	settle(up, clause, event);
	walk_print(up->walk,
		up->json	 ? WALK_JSON
		: up_in_colour() ? WALK_COLOUR
				 : WALK_PLAIN,
		stdout);
	return walk_has(up->walk, clause, event)
		       ? OK
		       : err_fail(ERR_NOT_FOUND, "step %s (%s) was not seen in the logs", clause,
				 event);
}

static enum err bootstrap(struct up *up, const struct walker *walker, int status)
{
	char folder[PATH_MAX];

	return up_command(up, status,
		(const char *const[]){"symbolon-device", "bootstrap", "--app", up->realm.application,
			"--dir", realm_path(&up->realm, walker->folder, folder), "--address",
			up->realm.rp_c, "--log-level", "debug", NULL});
}

static enum err token_generation(struct up *up, const struct walker *walker)
{
	begin(up, "Clause 10.4: the device bootstraps at the realm, for one application");
	TRY(bootstrap(up, walker, 0));
	return show(up, "10.4/4c", "token.stored");
}

/* req: B9.4.1-c */
static enum err refused_device(struct up *up, const struct walker *walker)
{
	begin(up,
		"A device whose service permission flag is not set: refused before a token exists");
	TRY(bootstrap(up, walker, STATUS_REFUSED));
	TRY(show(up, "10.4/3b", "rp_c.not_permitted"));
	up_say(up, "\n  %s", buf_string(&up->command.errors));
	return OK;
}

/* The arguments of a session with the application: GET of a path. */
#define CONNECT(up, walker, folder, path)                                                          \
	"symbolon-device", "connect", (up)->realm.application, "--dir",                            \
		realm_path(&(up)->realm, (walker)->folder, (folder)), "--address",                 \
		(up)->realm.rp_d, "--rp-c", (up)->realm.rp_c, "--get", (path), "--log-level",      \
		"debug"

static enum err session(struct up *up, const struct walker *walker)
{
	char folder[PATH_MAX];

	begin(up, "Clause 10.5: the device reaches the application over TLS-PSK");
	COMMAND(0, CONNECT(up, walker, folder, "/"));
	TRY(show(up, "10.5/2c", "session.established"));
	up_heading(up, "The application's answer");
	up_say(up, "%s\n", buf_string(&up->command.output));
	return OK;
}

/* The old token is good until the new one is used: then that ends it.  req: B9.4.1-e */
static enum err renewal(struct up *up, const struct walker *walker)
{
	char folder[PATH_MAX];

	begin(up, "Renewal: a new token, whose first use ends the old one");
	TRY(bootstrap(up, walker, 0));
	COMMAND(0, CONNECT(up, walker, folder, "/"));
	TRY(show(up, "10.5/2c", "session.established"));
	return OK;
}

/* A session that runs ends with the permission that it rests upon. */
static enum err watch_revocation(struct up *up, struct command *running)
{
	TRY(command_wait(running, "It is "));
	up_say(up, "  the application answers, once a second:\n    %s",
		strstr(buf_string(&running->output), "It is "));
	OPERATE("revoke", up->realm.client, up->realm.application);
	int64_t revoked_us = up->command.ended_us;

	TRY(command_wait(running, NULL));
	int64_t took = running->ended_us - revoked_us;

	up_say(up, "  the session ended %.1f ms %s the command\n", (double)llabs(took) / 1000.0,
		took < 0 ? "before the end of" : "after");
	return OK;
}

/* req: B9.4.1-e */
static enum err revocation(struct up *up, const struct walker *walker)
{
	char folder[PATH_MAX];
	struct command running;

	begin(up, "Revocation: the operator clears the flag while a session runs");
	TRY(command_start(up, &running,
		(const char *const[]){CONNECT(up, walker, folder, "/clock"), NULL}));
	enum err err = watch_revocation(up, &running);

	command_stop(&running);
	TRY(err);
	TRY(show(up, "9.6.1", "rp_a.acknowledged"));
	up_say(up, "\n  and gives it back:\n");
	OPERATE("grant", up->realm.client, up->realm.application);
	return OK;
}

enum err up_walk(struct up *up)
{
	struct walker walker[2];

	walkers(up, walker);
	TRY(token_generation(up, &walker[0]));
	TRY(refused_device(up, &walker[1]));
	TRY(session(up, &walker[0]));
	TRY(renewal(up, &walker[0]));
	return revocation(up, &walker[0]);
}

/* Programs of a build that is not installed are in folders that PATH does not name. */
static void print_path(const struct up *up)
{
	char symbolon[PATH_MAX], device[PATH_MAX];

	process_find("symbolon", symbolon);
	process_find("symbolon-device", device);
	char *first = strrchr(symbolon, '/'), *second = strrchr(device, '/');

	if (!first || !second) {
		return;
	}
	*first = '\0';
	*second = '\0';
	up_say(up, "  export PATH=\"%s:%s:$PATH\"\n", symbolon, device);
}

/* Every line works as it is printed: tests/system/15-walk.sh runs them. */
static void suggest_device(const struct up *up)
{
	const struct realm *r = &up->realm;

	up_say(up, "  # another bootstrap for the application, what is kept, another session\n");
	up_say(up, "  export SYMBOLON_DEVICE=\"%s/device\"\n", r->dir);
	up_say(up, "  symbolon-device bootstrap --app %s --address %s\n", r->application, r->rp_c);
	up_say(up, "  symbolon-device tokens\n");
	up_say(up, "  symbolon-device connect %s --address %s --rp-c %s --get /\n", r->application,
		r->rp_d, r->rp_c);
	up_say(up, "  # any program as the device: a local address that is the application\n");
	up_say(up, "  symbolon-device forward %s --address %s --rp-c %s --listen \"unix:%s/app.sock\" &\n",
		r->application, r->rp_d, r->rp_c, r->dir);
	up_say(up,
		"  curl -sS --retry 5 --retry-all-errors --unix-socket \"%s/app.sock\" "
		"http://%s/; kill $!\n",
		r->dir, r->application);
	up_say(up, "  # OpenSSL as the device, with the derived key\n");
	up_say(up,
		"  printf 'GET / HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n' |"
		" openssl s_client -quiet -connect %s -servername %s -tls1_3"
		" -psk_identity \"$(symbolon-device key %s)\" -psk \"$(symbolon-device key %s "
		"--reveal)\"\n",
		r->application, r->rp_d, r->application, r->application, r->application);
	up_say(up, "  # a device that nobody registered: it cannot tell that it is unknown\n");
	up_say(up,
		"  curl -sS --cacert \"%s/certificates/ca.pem\" --connect-to ::%s https://%s/ -i -H"
		" 'Authorization: Digest username=\"001019999999999@%s\", realm=\"%s\", nonce=\"\","
		" uri=\"/\", response=\"\"'\n",
		r->dir, r->rp_c, r->authn, r->realm, r->authn);
}

static void suggest_operator(const struct up *up)
{
	const struct realm *r = &up->realm;

	up_say(up, "  # the operator takes the permission away: sessions end, the device is "
		   "refused; and gives it back\n");
	up_say(up, "  export SYMBOLON_SOCKET=\"%s/authz.sock\"\n", r->dir);
	up_say(up, "  symbolon revoke %s %s --wait\n", r->client, r->application);
	up_say(up, "  symbolon-device bootstrap --app %s --address %s\n", r->application, r->rp_c);
	up_say(up, "  symbolon grant %s %s\n", r->client, r->application);
	up_say(up, "  symbolon grants --app %s\n", r->application);
	up_say(up, "  symbolon status\n");
	up_say(up, "  # a copy of what the authorization element keeps, and a new key for it, "
		   "while it runs\n");
	up_say(up, "  symbolon backup authz \"%s/authz.backup\" --admin \"%s/admin.sock\"\n",
		r->dir, r->dir);
	up_say(up, "  symbolon rotate authz --admin \"%s/admin.sock\"\n", r->dir);
}

void up_suggest(const struct up *up)
{
	up_heading(up, "Try (in another terminal)");
	print_path(up);
	suggest_device(up);
	suggest_operator(up);
	up_say(up, "\nThe realm is up. Ctrl-C stops it; the data stays in %s.\n", up->realm.dir);
}
