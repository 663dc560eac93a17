// SPDX-License-Identifier: Apache-2.0
/* dial: name resolution and connect(2), for streams. */
#pragma once

#include "net/address.h"

struct dial;

/* Comes once, never before dial_start() returns: OK and a connected descriptor that is now the
 * receiver's, or ERR_UNAVAILABLE. The dial is freed after it. */
typedef void dial_done(void *user, enum err result, int fd, const struct address *peer);
enum err dial_start(struct loop *loop, const char *address, dial_done *done, void *user,
	struct dial **ret);
void dial_cancel(struct dial *d);
