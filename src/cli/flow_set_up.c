// SPDX-License-Identifier: Apache-2.0
/* flow_set_up: Y.3059 clause 9.1: registries are named, typed and secured, and say how they are reached.  req: R9.1-i R9.1-ii */
#include "cli/up_inside.h"

#include <stdio.h>
#include <string.h>

enum { CURL_REFUSED = 22, CURL_NO_TLS = 35, JOIN_MS = 10000 };

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

/* What `symbolon registry peers` says of one, not shown: whether it has this state. */
static enum err has_joined(struct up *up, size_t at, size_t other, const char *state, bool *ret)
{
	char file[64], socket[PATH_MAX], wanted[64];
	const struct realm *realm = &up->sites[FIRST].realm;

	(void)snprintf(file, sizeof(file), "%s.sock", up->registries[at].name);
	TRY(up_command(up, 0,
		(const char *const[]){"symbolon", "--socket", realm_path(realm, file, socket),
			"registry", "peers", NULL}));
	(void)snprintf(wanted, sizeof(wanted), "\n%s ", registry_id(other));
	const char *row = strstr(buf_string(&up->command.output), wanted);

	*ret = row && memmem(row + 1, strcspn(row + 1, "\n"), state, strlen(state));
	return OK;
}

static enum err await_state(struct up *up, size_t at, size_t other, const char *state)
{
	const int64_t deadline = loop_now(up->loop) + JOIN_MS;
	bool is_so = false;

	while (!is_so) {
		if (loop_now(up->loop) > deadline) {
			return err_fail(ERR_TIMEOUT, "%s: %s is not %s", registry_id(at),
				registry_id(other), state);
		}
		TRY(has_joined(up, at, other, state, &is_so));
		loop_turn(up->loop, 10);
	}
	return OK;
}

/* 9.1 v: request, approval, and mutual TLS from then on.  req: R9.1-v R3.2 */
static enum err join(struct up *up, size_t child)
{
	const size_t parent = registry_parent(child);
	const struct trust_registry *above = &up->registries[parent];
	char url[REALM_NAME + 16];
	bool joined;

	TRY(has_joined(up, child, parent, "joined", &joined));
	if (joined) {
		up_say(up, "    (%s has joined %s in an earlier run)\n", registry_id(child),
			registry_id(parent));
		return OK;
	}
	(void)snprintf(url, sizeof(url), "https://%s%s", above->host, strrchr(above->api, ':'));
	ADMINISTER(up, child, "join", registry_id(parent), "--url", url, "--address", above->api);
	if (parent == GEOGRAPHICAL) {
		TRY(await_state(up, parent, child, "asked"));
		ADMINISTER(up, parent, "approve-registry", registry_id(child), "--reason",
			"its operator is licensed");
	}
	return await_state(up, child, parent, "joined");
}

enum err hierarchy_join(struct up *up)
{
	for (size_t i = GEOGRAPHICAL + 1; i < REGISTRIES && !up->have_joined; i++) {
		TRY(join(up, i));
	}
	up->have_joined = true;
	return OK;
}

enum err flow_set_up(struct up *up)
{
	up_begin(up, "Clause 9.1: a hierarchy of trust registries");
	TRY(hierarchy_start(up));
	TRY(read_documents(up));
	TRY(knock(up));
	TRY(hierarchy_join(up));
	up_step(up, "9.1/v", "IN", "sectoral registries were approved by hand");
	up_step(up, "9.1/v", "IN.TEL, IN.NRG", "primary ones by the name in their certificates");
	ADMINISTER(up, SECTORAL_TELECOM, "peers");
	up_print_output(up);
	walk_keep_own(up->walk);
	return up_show_only(up, "9.1", "9.1/v", "shown");
}
