// SPDX-License-Identifier: Apache-2.0
/* node_admin: the admin.socket of a node on this machine: what `backup` and `rotate` ask. */
#pragma once

#include "net/http_client.h"

#include <stdbool.h>

/* Whether it is the name of a node, "authz"; else tells what would be. */
bool node_admin_is_node(const char *name);
/* Asks and waits. `socket` NULL: where that node's is by custom. What comes goes to `on`, but for its end. */
enum err node_admin_ask(const char *node, const char *socket, const char *method,
	const char *target, const struct http_call_on *on, void *user);
/* Tells what a refusal says, and what to do when nobody is there. */
void node_admin_say_refused(unsigned status, struct view problem);
void node_admin_say_unreachable(const char *what);
