// SPDX-License-Identifier: Apache-2.0
/*
 * things: the devices that the walk registers at trust registries: makes and models that there are, with identifiers that are
 * examples; and an advisory for one of them, which is an example too.
 */
#pragma once

#include "cli/up_inside.h"

enum { SENSOR, SENSOR_NEWER, LOCK, THINGS };
enum { THING_FIRMWARE = 32, THING_ID = 96 };

/* A device as it is in this run of the walk. Its affected firmware is another in each: advisories of earlier runs stay. */
struct thing {
	const char *make, *model;
	size_t registry;	       /* where it is registered */
	struct walker walker;	       /* in the realm */
	const char *urn;	       /* the identifier that the realm knows it by */
	char id[THING_ID];	       /* its RegDevID */
	char firmware[THING_FIRMWARE]; /* at first */
};

void thing_of(const struct up *up, size_t index, struct thing *ret);
/* The first firmware of this run's that is not affected. */
void thing_fixed_firmware(const struct up *up, char ret[THING_FIRMWARE]);
/* DIR/NAME with what it says of itself, for `symbolon-device register`. */
enum err thing_write_facts(const struct up *up, const struct thing *thing, char ret[PATH_MAX]);
/* DIR/advisory.json: CSAF 2.0, of this run. */
enum err thing_write_advisory(const struct up *up, char ret[PATH_MAX]);

/* `symbolon-device register` or `report`, with what it says of itself. */
enum err thing_tell(struct up *up, const struct thing *thing, const char *what);
/* Waits until the geographical registry knows it so. ERR_TIMEOUT. */
enum err thing_await(struct up *up, const struct thing *thing, const char *status);
/* This run's advisory, where it is not there yet: the sensor is unreliable then. */
enum err thing_advise(struct up *up);
/* That an event has come to all levels, with the milliseconds. */
enum err thing_say_arrivals(struct up *up, const char *event);
/* The enquirer's key is enrolled and approved at the geographical registry. */
enum { ENQUIRER_ID = 128 };
enum err enquirer_ready(struct up *up, char ret_party[ENQUIRER_ID]);

/* The registries and their devices, as the flows before would have left them. Nothing when they are there. */
enum err things_ready(struct up *up);
