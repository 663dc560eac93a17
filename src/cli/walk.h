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
/* A line of a node's log; lines that are no step of a flow are ignored. */
void walk_line(struct walk *walk, struct view line);
size_t walk_steps(const struct walk *walk);
bool walk_has(const struct walk *walk, const char *clause, const char *event);

enum walk_form { WALK_PLAIN, WALK_COLOUR, WALK_JSON };
/* The steps in the order of their time stamps, each with the time since the one before it; JSON: one object a line. */
void walk_print(struct walk *walk, enum walk_form form, FILE *to);
