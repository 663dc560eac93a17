// SPDX-License-Identifier: Apache-2.0
/*
 * flow_interrogation: Y.3059 clause 9.3: devices report, an advisory makes some unreliable at every level, and an enquirer is
 * challenged and answered, about now and about then.  req: R7-iv-c R7-iv-d R7-iv-f R9.3-i-a R9.3-iii
 */
#include "cli/things.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WEEK = 7 * 86400, KNOWN_MS = 10000, SHOWN = 108 };

/* --- 9.3 ii b: an advisory, and how it arrives --- */

/* How long the change took to each level, by the time stamps of their logs. */
enum err thing_say_arrivals(struct up *up, const char *event)
{
	static const size_t levels[] = {PRIMARY, SECTORAL_TELECOM, GEOGRAPHICAL};
	int64_t first = 0;

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		TRY(up_await_event(up, event, levels[i]));
		int64_t at = walk_seen_at(up->walk, event, registry_id(levels[i]));

		first = i == 0 ? at : first;
		up_say(up, "    %-12s knows it %7.2f ms after %s does\n", registry_id(levels[i]),
			(double)(at - first) / 1000.0, registry_id(PRIMARY));
	}
	return OK;
}

/* Whether the geographical registry knows it so, by its administrator's question, not shown. */
enum err thing_await(struct up *up, const struct thing *thing, const char *status)
{
	const int64_t deadline = loop_now(up->loop) + KNOWN_MS;
	char file[64], socket[PATH_MAX], wanted[64];

	(void)snprintf(file, sizeof(file), "%s.sock", up->registries[GEOGRAPHICAL].name);
	(void)snprintf(wanted, sizeof(wanted), "\"trust\":\"%s\"", status);
	realm_path(&up->sites[FIRST].realm, file, socket);
	while (loop_now(up->loop) < deadline) {
		TRY(up_command(up, 0,
			(const char *const[]){"symbolon", "--socket", socket, "registry", "ask",
				thing->id, NULL}));
		if (strstr(buf_string(&up->command.output), wanted)) {
			return OK;
		}
		loop_turn(up->loop, 10);
	}
	return err_fail(ERR_TIMEOUT, "%s did not become %s", thing->id, status);
}

enum err thing_advise(struct up *up)
{
	char path[PATH_MAX];
	struct thing sensor;

	thing_of(up, SENSOR, &sensor);
	if (up->is_advised) {
		return OK;
	}
	TRY(thing_tell(up, &sensor, "report"));
	TRY(thing_await(up, &sensor, "trusted"));
	TRY(thing_write_advisory(up, path));
	walk_begin(up->walk);
	ADMINISTER(up, PRIMARY, "import-advisories", path);
	up_print_output(up);
	up->is_advised = true;
	return thing_say_arrivals(up, "event.status_changed");
}

/* --- 9.3 i a: the enquirer --- */

enum err enquirer_ready(struct up *up, char ret_party[ENQUIRER_ID])
{
	const struct realm *realm = &up->sites[FIRST].realm;
	char key[PATH_MAX], party[PATH_MAX];
	BUF_CLEANUP struct buf kept = buf_growing(ENQUIRER_ID);

	realm_path(realm, "enquirer.pem", key);
	realm_path(realm, "enquirer.id", party);
	if (access(party, F_OK) == 0) {
		TRY(text_read_file(party, ENQUIRER_ID, &kept));
		up_say(up, "    (the enquirer has enrolled in an earlier run)\n");
		return text_copy(ret_party, ENQUIRER_ID, buf_contents(&kept), "enquirer");
	}
	ENQUIRE(up, GEOGRAPHICAL, "enrol", "--party-key", key, "--name", "Port of Example",
		"--contact", "customs@port.example", "--purpose", "import control");
	up_print_output(up);
	const char *said = buf_string(&up->command.output);

	TRY(text_copy(ret_party, ENQUIRER_ID, view_of(said, strcspn(said, ":\n")), "enquirer"));
	ADMINISTER(up, GEOGRAPHICAL, "approve", ret_party, "--reason", "a port of this country");
	return text_write_file(party, view_text(ret_party), 0600);
}

/* 9.3 iii: who does not sign is told what to sign, and nothing else. */
static enum err be_challenged(struct up *up, const struct thing *thing)
{
	char url[REALM_ADDRESS + 64 + THING_ID], authority[PATH_MAX];

	(void)snprintf(url, sizeof(url), "https://%s/v1/enquiry/devices/%s",
		up->registries[GEOGRAPHICAL].api, thing->id);
	TYPE(up, 0, "curl", "-sS", "-o", "/dev/null", "-D", "-", "--cacert",
		realm_path(&up->sites[FIRST].realm, "certificates/ca.pem", authority), url);
	TRY(up_print_last(up, "accept-signature"));
	up_step(up, "9.3/iii", registry_id(GEOGRAPHICAL), "a nonce to sign, and no answer (401)");
	return OK;
}

/* The geographical registry answers for what a primary one below it has registered. */
static enum err ask(struct up *up, const struct thing *thing, const char *at, const char *status)
{
	const struct realm *realm = &up->sites[FIRST].realm;
	char key[PATH_MAX], answer[PATH_MAX], line[64];

	ENQUIRE(up, GEOGRAPHICAL, "ask", thing->id, "--party-key",
		realm_path(realm, "enquirer.pem", key), "--out",
		realm_path(realm, "answer.jws", answer), at ? "--at" : NULL, at);
	const char *devices = strstr(buf_string(&up->command.output), "\"devices\"");

	const size_t len = devices ? strcspn(devices, "\n") : 0;

	up_say(up, "    %.*s%s\n", (int)(len < SHOWN ? len : SHOWN), devices ? devices : "",
		len < SHOWN ? "" : "...");
	(void)snprintf(line, sizeof(line), "\"trust\":\"%s\"", status ? status : "");
	bool said = strstr(buf_string(&up->command.output), status ? line : "\"devices\":[]");

	return said ? OK
		    : err_fail(ERR_CONFLICT, "%s is not %s", thing->id,
			      status ? status : "unknown of that time");
}

static enum err verify(struct up *up, const char *party)
{
	const struct realm *realm = &up->sites[FIRST].realm;
	char answer[PATH_MAX], document[PATH_MAX], authority[PATH_MAX], url[REALM_ADDRESS + 64];

	(void)snprintf(url, sizeof(url), "https://%s/.well-known/trust-registry",
		up->registries[GEOGRAPHICAL].api);
	TRY(up_type_into(up,
		(const char *const[]){"curl", "-sS", "--fail", "--cacert",
			realm_path(realm, "certificates/ca.pem", authority), url, NULL},
		realm_path(realm, "registry.json", document)));
	TYPE(up, 0, "symbolon", "registry", "verify-answer",
		realm_path(realm, "answer.jws", answer), "--anchor", document, "--audience", party);
	up_step(up, "9.3/ii-c", "enquirer",
		"the answer's signature verifies without asking anybody");
	return OK;
}

static void last_week(const struct up *up, char ret[TEXT_TIME])
{
	text_time(up->env->wall_ms(up->env) / 1000 - WEEK, ret);
}

enum err flow_interrogation(struct up *up)
{
	char party[ENQUIRER_ID], then[TEXT_TIME];
	struct thing sensor;

	up_begin(up, "Clause 9.3: a device reports, and an advisory changes what is thought of it");
	TRY(things_ready(up));
	thing_of(up, SENSOR, &sensor);
	TRY(thing_advise(up));
	TRY(up_show_only(up, "9.", "9.3/ii-b", "event.vulnerability_recorded"));
	ADMINISTER(up, GEOGRAPHICAL, "list", "unreliable");
	up_print_output(up);
	up_begin(up, "An enquirer asks the geographical registry");
	TRY(enquirer_ready(up, party));
	up_step(up, "9.3/i-a", "enquirer", "enrols a key, and is approved for a purpose");
	TRY(be_challenged(up, &sensor));
	TRY(ask(up, &sensor, NULL, "unreliable"));
	up_step(up, "9.3/ii-c", registry_id(GEOGRAPHICAL), "now: unreliable; signed");
	TRY(verify(up, party));
	last_week(up, then);
	TRY(ask(up, &sensor, then, NULL));
	up_step(up, "9.3/ii-a", registry_id(GEOGRAPHICAL),
		"a week ago: it was not registered, and nothing is said");
	return up_show_only(up, "9.3", "9.3/iii", "shown");
}
