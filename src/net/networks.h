// SPDX-License-Identifier: Apache-2.0
/* networks: a list of IP networks as an option has it: "10.0.0.0/8, fd00::/8". */
#pragma once

#include "net/lookup.h"

enum { NETWORKS_MAX = 32 };

struct network {
	struct lookup_address address;
	unsigned bits;
};

struct networks {
	struct network items[NETWORKS_MAX];
	size_t count;
};

/* "" is none. An address without "/" is a network of its own. ERR_SYNTAX, ERR_RANGE: too many. */
enum err networks_parse(const char *text, struct networks *ret);
enum err networks_check(const char *text); /* for options */
bool networks_have(const struct networks *networks, const struct lookup_address *address);
