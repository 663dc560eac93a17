// SPDX-License-Identifier: Apache-2.0
/*
 * answer: what is told of devices, to whom. Staff, other registries and agencies are told all but whose a device is;
 * manufacturers of their own make, owners of their own devices; enquirers what a device is, and whether it is trusted.
 * A device that may not be told of is left out, as one that is not there.  req: R8 R9.3-ii-c R9.1-iii
 */
#pragma once

#include "registry/enquiry/party.h"
#include "wire/registry_answer.h"

/* A device as it stands in the store, or stood at a time. */
struct known_device {
	struct view id, registry, make, facts; /* facts: JSON */
	struct view rule, reason;	       /* reason: empty when it is not known */
	int trust, life;
	int64_t since, seq;
	int64_t list_index; /* -1: none */
	struct view party;  /* of its owner; empty: none */
	struct view owner;  /* its owner's id, and record as it is sealed; empty */
	struct view owner_record;
};

/* An answer while it is made. Large: one at a time, on the loop's thread. */
struct answering;

/* `asked_by` and `asked` outlive it; `at` as in struct registry_answer. */
struct answering *answer_begin(const struct call *call, const char *asked_by, struct view asked,
	int64_t at);
/* Adds it, if it may be told. `by_virtual`: without what it could be known by again. ERR_RANGE, ERR_SYNTAX. */
enum err answer_add(struct answering *a, const struct known_device *device, bool by_virtual);
/* An application: its id in place of a device's; and neither facts nor an owner. */
void answer_add_application(struct answering *a, const struct known_device *application);
void answer_more(struct answering *a); /* there are more than those that were added */
/* Answers the call: signed, or as JSON where staff or another registry asked for that. */
enum err answer_end(struct answering *a, struct call *call);
/* Instead of it. */
void answer_drop(struct answering *a);

/* Appends what is known of its owner, as JSON, for those who may know. */
enum err answer_open_owner(const struct registry *registry, const struct known_device *device,
	struct buf *ret);
/* Whether whoever asks may be told of the device, and whether all of it. */
bool answer_may(const struct call *call, const struct known_device *device);
bool answer_may_all(const struct call *call, const struct known_device *device);
/* That whoever asks was answered so, for the audit. ERR_OVERLOAD: it must not be answered then. */
enum err answer_note(const struct call *call, const char *said);
/* From ASK_COLUMNS in a row of a step. */
void known_device_read(const struct store_result *result, size_t step, size_t row,
	struct known_device *ret);
