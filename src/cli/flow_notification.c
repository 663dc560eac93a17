// SPDX-License-Identifier: Apache-2.0
/*
 * flow_notification: Y.3059 clause 9.4: a subscriber of the geographical registry hears that a device of a primary one is
 * trusted again.  req: R7-iv-e R7-iv-f R9.4-i-a R9.4-i-b R9.4-i-c
 */
#include "cli/things.h"

#include <stdio.h>
#include <string.h>

enum { WORDS = 32, ID_MAX = 128, SHOWN = 112 };

static enum err subscribe(struct up *up, const struct thing *thing, char ret[ID_MAX])
{
	char key[PATH_MAX];

	ENQUIRE(up, GEOGRAPHICAL, "subscribe", "--party-key",
		realm_path(&up->sites[FIRST].realm, "enquirer.pem", key), "--device", thing->id,
		"--kinds", "status_changed");
	up_print_output(up);
	const char *said = buf_string(&up->command.output);

	(void)snprintf(ret, ID_MAX, "%.*s", (int)strcspn(said, ":\n "), said);
	return OK;
}

/* It runs until we stop it. */
static enum err watch(struct up *up, const char *subscription, struct command *ret)
{
	const char *argv[WORDS];
	struct enquiry_words words;
	char key[PATH_MAX];
	size_t count = up_enquiry(up, GEOGRAPHICAL, &words, argv);

	argv[count++] = "watch";
	argv[count++] = subscription;
	argv[count++] = "--party-key";
	argv[count++] = realm_path(&up->sites[FIRST].realm, "enquirer.pem", key);
	argv[count] = NULL;
	up_print_command(up, argv, NULL);
	return command_start(up, ret, argv);
}

/* The fixed firmware is reported: the device comes back by the same rules. */
static enum err change(struct up *up, const struct thing *thing, struct command *watching)
{
	struct thing fixed = *thing;

	thing_fixed_firmware(up, fixed.firmware);
	walk_begin(up->walk);
	up_step(up, "9.4/i-a", "enquirer", "has subscribed, to a device and a kind of event");
	TRY(thing_tell(up, &fixed, "report"));
	TRY(thing_say_arrivals(up, "event.status_changed"));
	TRY(command_wait(watching, thing->id));
	up_step(up, "9.4/i-c", "enquirer", "is told, as it happens");
	const char *heard = buf_string(&watching->output);
	const size_t len = strcspn(heard, "\n");

	up_say(up, "  The subscriber hears:\n    %.*s\n", (int)(len < SHOWN ? len : SHOWN), heard);
	return OK;
}

enum err flow_notification(struct up *up)
{
	struct command watching = {.ended = true};
	char party[ENQUIRER_ID], subscription[ID_MAX];
	struct thing sensor;

	up_begin(up, "Clause 9.4: a subscriber is told");
	TRY(things_ready(up));
	thing_of(up, SENSOR, &sensor);
	TRY(thing_advise(up));
	TRY(enquirer_ready(up, party));
	TRY(subscribe(up, &sensor, subscription));
	enum err err = watch(up, subscription, &watching);

	err = err == OK ? change(up, &sensor, &watching) : err;
	command_stop(&watching);
	TRY(err);
	return up_show_only(up, "9.", "9.4/i-b", "event.status_changed");
}
