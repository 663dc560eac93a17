// SPDX-License-Identifier: Apache-2.0
/*
 * standing: whether a device is trusted, in a word, for those who are known by their certificate: administrators, auditors and
 * other registries. From memory, when it was asked lately and the log has said nothing else since.
 */
#pragma once

#include "registry/api/call.h"

struct standings;

/* `devices` that are remembered at the same time. ERR_MEMORY. */
enum err standings_new(size_t devices, struct standings **ret);
void standings_free(struct standings *s); /* NULL is fine */
/* The log says something of this device. */
void standings_forget(struct standings *s, struct view id);

/* GET /v1/enquiry/standing/{} */
call_operation standing_show;
