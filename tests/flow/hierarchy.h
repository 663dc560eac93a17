// SPDX-License-Identifier: Apache-2.0
/* hierarchy: registries of several levels in this process, each with a loop of its own, under one clock and one authority. */
#pragma once

#include "fake_ca.h"
#include "registry.h"
#include "registry/peers/peers_inside.h"

enum { HIERARCHY_MAX = 6 };

struct hierarchy {
	struct fake_ca ca;
	struct registry_flow at[HIERARCHY_MAX];
	size_t count;
};

void hierarchy_open(struct hierarchy *h);
void hierarchy_close(struct hierarchy *h);
/* One more registry, reached as the name in small letters; `more`: YAML lines. */
struct registry_flow *hierarchy_add(struct hierarchy *h, const char *id, const char *more);
/* The same without a certificate: a parent has to give it one. */
struct registry_flow *hierarchy_add_bare(struct hierarchy *h, const char *id, const char *more);
/* Stops it, and starts it over the same store; others find it where it was. */
void hierarchy_restart(struct hierarchy *h, struct registry_flow *r);

/* One turn of each, and a few milliseconds. */
void hierarchy_turn(struct hierarchy *h);
/* Turns until the expression holds; the test fails after 20 s. */
#define hierarchy_until(h, expression)                                                             \
	do {                                                                                       \
		int64_t test_end = env_system.steady_us(&env_system) + 20 * 1000 * 1000;           \
		while (!(expression)) {                                                            \
			hierarchy_turn(h);                                                         \
			if (env_system.steady_us(&env_system) > test_end) {                        \
				fail_msg("never: %s", #expression);                                \
			}                                                                          \
		}                                                                                  \
	} while (0)

/* A registry as another one knows it; NULL: it does not. */
struct peer *hierarchy_peer(const struct registry_flow *r, const char *id);
bool hierarchy_is(const struct registry_flow *r, const char *id, enum peer_state state);
/* All that a registry has in its log is applied there. */
bool hierarchy_in_step(const struct registry_flow *at, const struct registry_flow *with);
/* `child` asks `parent`, whose administrator approves; both follow each other then. */
void hierarchy_join(struct hierarchy *h, struct registry_flow *child, struct registry_flow *parent,
	const char *relation);
/* The registry asks to join and nobody answers yet: the status of its own answer. */
unsigned hierarchy_ask(struct registry_flow *child, struct registry_flow *parent,
	const char *relation);
