// SPDX-License-Identifier: Apache-2.0
/*
 * walk: draws a flow of Y.3056 clause 10 from the lines that nodes log: who sent what to whom, what each side
 * computed, how long it took.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include <stdio.h>

struct walk;

enum err walk_new(struct walk **ret);
void walk_free(struct walk *walk);
void walk_begin(struct walk *walk); /* forgets what was seen */
/* A line of a log; lines that are no step of a flow are ignored. `actor` is who wrote it: who a step is by, unless it says. */
void walk_line(struct walk *walk, const char *actor, struct view line);
/* A step that is seen otherwise, now. */
void walk_step(struct walk *walk, int64_t now_us, const char *clause, const char *actor,
	const char *words);
/* Forgets all steps but those of clauses that begin so. */
void walk_keep(struct walk *walk, const char *clause);
/* Forgets events of registries that only arrived where they are. */
void walk_keep_own(struct walk *walk);
size_t walk_steps(const struct walk *walk);
bool walk_has(const struct walk *walk, const char *clause, const char *event);
/* When it was seen at `to` first, in microseconds since 1970; 0: it was not. */
int64_t walk_seen_at(const struct walk *walk, const char *event, const char *to);

enum walk_form { WALK_PLAIN, WALK_COLOUR, WALK_JSON };
/* The steps in the order of their time stamps, each with the time since the one before it; JSON: one object a line. */
void walk_print(struct walk *walk, enum walk_form form, FILE *to);
