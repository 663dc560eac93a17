// SPDX-License-Identifier: Apache-2.0
/* past: what a device was at a time, read from the events that the log has of it until then.  req: R6.1-d R9.3-ii-c */
#pragma once

#include "registry/enquiry/answer.h"

struct past; /* in call->keep */

/* A device to be read of; an empty id: one that is not known, whose history costs as much. ERR_MEMORY, ERR_RANGE. */
enum err past_begin(struct call *call, const char *asked_by, bool is_virtual,
	const struct known_device *device);
struct past *past_of(const struct call *call);
struct view past_subject(const struct past *past);
/* Events in order. ERR_SYNTAX: a record that is not as it should be. */
enum err past_take(struct past *past, const struct ledger_entry *entries, size_t count);
/* Answers: as of call->number. */
enum err past_answer(struct past *past, struct call *call);
