// SPDX-License-Identifier: Apache-2.0
/*
 * flow_registration: Y.3059 clause 9.2: devices register with primary registries, by the token that their realm gave them, keep
 * their RegDevID, and confirm it.  req: R7-iv-a R7-iv-b R9.2-i-b R9.2-ii-b
 */
#include "cli/things.h"

/* The realm vouches for who it is: its identifier is what was granted, not what it says. */
static enum err vouch(struct up *up, const struct thing *thing)
{
	struct site *site = &up->sites[FIRST];

	TRY(provision_device(site, &thing->walker));
	OPERATE(site, "grant", thing->walker.client, up->registries[thing->registry].host,
		"--attributes", "device_identity");
	return OK;
}

enum err thing_tell(struct up *up, const struct thing *thing, const char *what)
{
	const struct trust_registry *registry = &up->registries[thing->registry];
	const struct realm *realm = &up->sites[FIRST].realm;
	char folder[PATH_MAX], facts[PATH_MAX];

	TRY(thing_write_facts(up, thing, facts));
	TYPE(up, 0, "symbolon-device", what, registry->host, "--dir",
		realm_path(realm, thing->walker.folder, folder), "--address", registry->rp_d,
		"--rp-c", realm->rp_c, "--facts", facts, "--log-level", "debug");
	up_print_output(up);
	return OK;
}

/* In a later run it is told the same again; what has changed since it reports. */
enum err things_ready(struct up *up)
{
	struct thing thing;

	TRY(hierarchy_start(up));
	TRY(hierarchy_join(up));
	for (size_t i = 0; i < THINGS && !up->things_are_ready; i++) {
		thing_of(up, i, &thing);
		TRY(vouch(up, &thing));
		TRY(thing_tell(up, &thing, "register"));
	}
	thing_of(up, SENSOR, &thing);
	if (!up->things_are_ready && up->run > 1) {
		TRY(thing_tell(up, &thing, "report"));
	}
	up->things_are_ready = true;
	return OK;
}

enum err flow_registration(struct up *up)
{
	struct thing lock;

	up_begin(up, "Clause 9.2: devices register at primary registries");
	TRY(things_ready(up));
	thing_of(up, LOCK, &lock);
	TRY(thing_await(up, &lock, "trusted"));
	TRY(up_show_only(up, "9.2", "9.2/ii-b", "device.confirmed"));
	up_say(up, "\n");
	ADMINISTER(up, GEOGRAPHICAL, "list", "trusted");
	up_print_output(up);
	return OK;
}
