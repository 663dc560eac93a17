// SPDX-License-Identifier: Apache-2.0
/* up_suggest: what can be tried with the realms that are up. */
#include "cli/up_inside.h"

/* Every line works as it is printed: tests/system/15-walk.sh runs them. */
static void suggest_device(const struct up *up)
{
	const struct realm *r = &up->sites[FIRST].realm;

	up_say(up, "  # another bootstrap for the application, what is kept, another session\n");
	up_say(up, "  export SYMBOLON_DEVICE=\"$PWD/device\"\n");
	up_say(up, "  symbolon-device bootstrap --app %s --address %s\n", r->application, r->rp_c);
	up_say(up, "  symbolon-device tokens\n");
	up_say(up, "  symbolon-device connect %s --address %s --rp-c %s --get /\n", r->application,
		r->rp_d, r->rp_c);
	up_say(up, "  # any program as the device: a local address that is the application\n");
	up_say(up,
		"  symbolon-device forward %s --address %s --rp-c %s \\\n"
		"      --listen \"unix:$PWD/app.sock\" &\n",
		r->application, r->rp_d, r->rp_c);
	up_say(up,
		"  curl -sS --retry 5 --retry-all-errors --unix-socket app.sock http://%s/; kill "
		"$!\n",
		r->application);
	up_say(up, "  # OpenSSL as the device, with the derived key\n");
	up_say(up,
		"  printf 'GET / HTTP/1.1\\r\\nHost: %s\\r\\nConnection: "
		"close\\r\\n\\r\\n' | \\\n"
		"      openssl s_client -quiet -connect %s -servername %s -tls1_3 \\\n"
		"      -psk_identity \"$(symbolon-device key %s)\" -psk \"$(symbolon-device key %s "
		"--reveal)\"\n",
		r->application, r->rp_d, r->application, r->application, r->application);
	up_say(up, "  # a device that nobody registered: it cannot tell that it is unknown\n");
	up_say(up,
		"  curl -sS -i --cacert certificates/ca.pem --connect-to ::%s https://%s/ \\\n"
		"      -H \"Authorization: Digest username=\\\"001019999999999@%s\\\", "
		"realm=\\\"%s\\\", \\\n"
		"          nonce=\\\"\\\", uri=\\\"/\\\", response=\\\"\\\"\"\n",
		r->rp_c, r->authn, r->realm, r->authn);
}

static void suggest_operator(const struct up *up)
{
	const struct realm *r = &up->sites[FIRST].realm;

	up_say(up, "  # the operator takes the permission away: sessions end, the device is "
		   "refused; and gives it back\n");
	up_say(up, "  export SYMBOLON_SOCKET=\"$PWD/authz.sock\"\n");
	up_say(up, "  symbolon revoke %s %s --wait\n", r->client, r->application);
	up_say(up, "  symbolon-device bootstrap --app %s --address %s\n", r->application, r->rp_c);
	up_say(up, "  symbolon grant %s %s\n", r->client, r->application);
	up_say(up, "  symbolon grants --app %s\n", r->application);
	up_say(up, "  symbolon status\n");
	up_say(up, "  # what it publishes for people; a browser shows it too\n");
	up_say(up, "  curl -sS --cacert certificates/ca.pem https://%s/join/device | grep '<h1>'\n",
		r->portal);
	up_say(up, "  # a copy of what the authorization element keeps, and a new key for it, "
		   "while it runs\n");
	up_say(up, "  symbolon backup authz \"$PWD/authz.backup\" --admin \"$PWD/admin.sock\"\n");
	up_say(up, "  symbolon rotate authz --admin \"$PWD/admin.sock\"\n");
}

static void suggest_registry(const struct up *up)
{
	const struct trust_registry *top = &up->registries[GEOGRAPHICAL];

	up_say(up, "  # trust registries: devices at all levels, a log verified from its leaves "
		   "up, what everyone may know\n");
	up_say(up, "  symbolon --socket %s.sock registry list trusted\n", top->name);
	up_say(up, "  symbolon --socket %s.sock registry log\n", up->registries[PRIMARY].name);
	up_say(up, "  symbolon --socket %s.sock registry verify\n", up->registries[PRIMARY].name);
	up_say(up, "  curl -sS --http2 --cacert certificates/ca.pem https://%s/v1/status-lists\n",
		up->registries[PRIMARY].api);
}

void up_suggest(const struct up *up)
{
	up_heading(up, "Try (in another terminal)");
	up_print_folder(up);
	suggest_device(up);
	suggest_operator(up);
	suggest_registry(up);
	up_say(up, "\nThe realm is up. Ctrl-C stops it; the data stays in %s.\n",
		up->sites[FIRST].realm.dir);
}
