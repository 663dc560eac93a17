// SPDX-License-Identifier: Apache-2.0
/* watch: reads the log on for what interrogation keeps in memory: status lists, and what devices were asked about lately. */
#pragma once

#include "registry/enquiry/enquiry.h"

struct watch;

/* From the end of the log on: what stands in memory was read from the store behind it. ERR_MEMORY. */
enum err watch_start_up(struct registry *registry, struct watch **ret);
void watch_shut_down(struct watch *w); /* NULL is fine */
/* Whether all that the log says has been taken in. */
bool watch_is_current(const struct watch *w);
