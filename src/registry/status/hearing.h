// SPDX-License-Identifier: Apache-2.0
/* hearing: what an event of the log means for the policy: a look at one device, the word of another registry, or a movement. */
#pragma once

#include "registry/status/policing_inside.h"

enum hearing { HEARING_NOTHING, HEARING_DEVICE, HEARING_WORD, HEARING_MANY };
enum hearing hearing_of(enum event_kind kind);

/* EVENT_WORD_HEARD: what it says of a device is kept, and the device judged; of a vulnerability, that is recorded. */
enum err hearing_word(struct batch *batch, const struct ledger_entry *entry);
/* Makes the movement that follows, unless whoever caused it here has, and takes in what another registry tells. */
enum err hearing_many(struct batch *batch, const struct ledger_entry *entry);
