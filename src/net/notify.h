// SPDX-License-Identifier: Apache-2.0
/*
 * notify: tells the service manager how we are, as sd_notify(3) does, and feeds its watchdog. Without one
 * ($NOTIFY_SOCKET is not set) nothing is told.
 */
#pragma once

#include "net/loop.h"

struct notify {
	struct loop *loop;
	int fd; /* -1: nobody listens */
	struct timer watchdog;
	int64_t watchdog_ms; /* 0: none is wanted */
};

/* Takes $NOTIFY_SOCKET and $WATCHDOG_USEC out of the environment: they are for this process alone. */
void notify_open(struct loop *loop, struct notify *ret);
void notify_close(struct notify *n);

/* The state of the service; from notify_ready() on the watchdog is fed as long as the loop turns. */
void notify_ready(struct notify *n);
void notify_reloading(struct notify *n); /* notify_ready() follows */
void notify_stopping(struct notify *n);
