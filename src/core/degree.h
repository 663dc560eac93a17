// SPDX-License-Identifier: Apache-2.0
/*
 * degree: what a security degree (Y.3056 8.4, after ITU-T X.1124) asks of the long-term key that a device bootstraps with,
 * and whether one meets it. Both ends of RP_C hold it against the same.  req: B8.4-a
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum {
	DEGREE_MECHANISMS = 32,
	DEGREE_ALGORITHMS = 96,
	DEGREE_WORD = 16,
	DEGREE_STRENGTH_AKA = 128
};

/* Words with spaces between. */
struct degree_need {
	char mechanisms[DEGREE_MECHANISMS]; /* "aka", "certificate"; "": any */
	char algorithms[DEGREE_ALGORITHMS]; /* "milenage", "tuak", "p-256", ...; "": any */
	int strength; /* bits of security, as NIST SP 800-57 counts them: 128 for a K of 16 bytes or P-256 */
};

/* How a device was authenticated. */
struct degree_key {
	char mechanism[DEGREE_WORD];
	char algorithm[DEGREE_WORD]; /* "": not known, which is none of those that are asked for */
	int strength;
};

/* ERR_DENIED, and the sentence says what `whose` (such as "degree high") asks for, and what there is. */
enum err degree_check(const char *whose, const struct degree_need *need,
	const struct degree_key *key);
/* ERR_SYNTAX: a word of which there is none. */
enum err degree_check_mechanisms(const char *words);
enum err degree_check_algorithms(const char *words);
/* The next word of a text, which is moved on; empty after the last. */
struct view degree_next_word(const char **words);
