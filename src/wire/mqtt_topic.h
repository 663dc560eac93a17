// SPDX-License-Identifier: Apache-2.0
/*
 * mqtt_topic: topic names and filters of MQTT (5.0, 4.7), and patterns that are filters in which "{pseudonym}" stands for
 * who is connected.
 */
#pragma once

#include "base/buf.h"

enum { MQTT_PATTERN_MAX = 512 };
#define MQTT_PSEUDONYM "{pseudonym}"

/* ERR_SYNTAX names what no filter has: nothing at all, # not last, # or + beside other text, a control character. ERR_RANGE:
 * longer than a pattern may be. */
enum err mqtt_pattern_check(struct view pattern);

/*
 * Whether all that a topic or filter matches is matched by the pattern too; of a filter that begins with $share what
 * follows the group's name counts. A pseudonym that is empty, or has signs that mean something in topics, is in no
 * pattern with its place.
 */
bool mqtt_pattern_covers(struct view pattern, struct view pseudonym, struct view filter);
