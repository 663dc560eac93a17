// SPDX-License-Identifier: Apache-2.0
/* flow_set_up: Y.3059 clause 9.1: registries are named, typed and secured, and say how they are reached.  req: R9.1-i R9.1-ii */
#include "cli/up_inside.h"

#include <stdio.h>
#include <string.h>

enum { CURL_REFUSED = 22, CURL_NO_TLS = 35 };

/* `curl` at a registry: with what it is to say to the certificate, and to a failure. */
static enum err ask(struct up *up, size_t index, int status, const char *path, const char *option,
	const char *value)
{
	char url[REALM_ADDRESS + 64], authority[PATH_MAX];

	(void)snprintf(url, sizeof(url), "https://%s%s", up->registries[index].api, path);
	return up_type(up, status,
		(const char *const[]){"curl", "-sS", "--fail", "--cacert",
			realm_path(&up->sites[FIRST].realm, "certificates/ca.pem", authority), url,
			option, value, NULL});
}

/* The member of what was answered, for people. */
static enum err show_member(struct up *up, const char *name)
{
	char value[512];

	TRY(up_member(up, name, value, sizeof(value)));
	up_say(up, "    %s: %s\n", name, value);
	return OK;
}

/* 9.1 i, ii, vi: what each says of itself, signed. */
static enum err read_documents(struct up *up)
{
	TRY(ask(up, PRIMARY, 0, "/.well-known/trust-registry", NULL, NULL));
	TRY(show_member(up, "registry"));
	TRY(show_member(up, "type"));
	TRY(show_member(up, "practice_statement"));
	up_step(up, "9.1/i", registry_id(PRIMARY), "a unique name under its parent's");
	up_step(up, "9.1/ii", registry_id(PRIMARY),
		"a type: it registers devices, and is at the bottom");
	up_step(up, "9.1/vi", registry_id(PRIMARY), "roots of trust, keys and protocols, signed");
	TRY(ask(up, PRIMARY, 0, "/practice-statement", NULL, NULL));
	up_say(up, "    %.*s\n", (int)strcspn(buf_string(&up->command.output), "\n"),
		buf_string(&up->command.output));
	up_step(up, "9.1/vi", registry_id(PRIMARY), "its practice statement (9.3 i b)");
	return OK;
}

/* 9.1 iii, iv, v: who is nobody is told nothing, and old TLS not even that. */
static enum err knock(struct up *up)
{
	TRY(ask(up, GEOGRAPHICAL, CURL_REFUSED, "/v1/events", NULL, NULL));
	up_print_errors(up);
	up_step(up, "9.1/iii", registry_id(GEOGRAPHICAL),
		"without an administrator's certificate: nothing");
	TRY(ask(up, GEOGRAPHICAL, CURL_NO_TLS, "/v1/status", "--tls-max", "1.1"));
	up_step(up, "9.1/v", registry_id(GEOGRAPHICAL), "TLS 1.1 is not spoken (RFC 8996)");
	return OK;
}

enum err flow_set_up(struct up *up)
{
	up_begin(up, "Clause 9.1: a hierarchy of trust registries");
	TRY(hierarchy_start(up));
	TRY(read_documents(up));
	TRY(knock(up));
	return up_show_only(up, "9.1", "9.1/v", "shown");
}
