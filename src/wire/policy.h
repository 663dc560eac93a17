// SPDX-License-Identifier: Apache-2.0
/*
 * policy: the written rules by which a registry says trusted, unverified or unreliable, read from a text of lines
 * (docs/guides/policy.md):
 *
 *	rule NAME when CONDITION then STATUS [grace DURATION] [weight N]
 *	registry REGID weight N
 *	brake PERCENT% [or N devices] [within DURATION]
 *
 * All rules whose condition holds, and has held for as long as their grace, are heard; the one of most weight decides, and
 * among equals the more severe. A # begins a comment.
 *  req: R6.1-b
 */
#pragma once

#include "core/trust.h"
#include "wire/csaf.h"

enum {
	POLICY_RULES_MAX = 64,
	POLICY_REGISTRIES_MAX = 256,
	POLICY_NAME = 33,
	POLICY_REGISTRY = 65,
	POLICY_WEIGHT_MAX = 1000000,
	POLICY_TEXT_MAX = 64 * 1024,
};

enum policy_condition {
	POLICY_ALWAYS,		   /* always */
	POLICY_NOT_CONFIRMED,	   /* not confirmed: there was no det */
	POLICY_REPORT_OLDER,	   /* report older than DURATION */
	POLICY_ROOT_WITHDRAWN,	   /* root of trust withdrawn */
	POLICY_VULNERABLE,	   /* vulnerability SEVERITY [from SOURCE ...] */
	POLICY_PERHAPS_VULNERABLE, /* possible vulnerability SEVERITY [from SOURCE ...] */
	POLICY_LIFE,		   /* life STEP */
	POLICY_DUPLICATE,	   /* duplicate identifier */
	POLICY_DECIDED,		   /* decision; and then STATUS is "decided" */
	POLICY_WORD,		   /* word STATUS from weight N */
};

/* Who told of a vulnerability. */
enum policy_source {
	POLICY_FROM_ADVISORY = 1, /* a CSAF document that an administrator imported */
	POLICY_FROM_AGENCY = 2,
	POLICY_FROM_REGISTRY = 4,
	POLICY_FROM_OWNER = 8,
	POLICY_FROM_DEVICE = 16,
	POLICY_FROM_ANYBODY = 31,
};
const char *policy_source_name(enum policy_source source); /* "advisory", ...; "" for none of them */
enum err policy_source_of(struct view name, enum policy_source *ret);

struct policy_rule {
	char name[POLICY_NAME];
	enum policy_condition condition;
	int64_t age;		     /* REPORT_OLDER: milliseconds */
	enum csaf_severity severity; /* VULNERABLE, PERHAPS_VULNERABLE: at least */
	unsigned sources;	     /* of them: a mask of enum policy_source */
	enum lifecycle life;	     /* LIFE */
	enum trust word;	     /* WORD */
	int64_t word_weight;	     /* WORD: at least */
	enum trust then;	     /* not of DECIDED */
	int64_t grace;		     /* milliseconds that the condition must have held */
	int64_t weight;
	unsigned line;
};

struct policy_registry {
	char id[POLICY_REGISTRY]; /* also of those below it, unless they have a line of their own */
	int64_t weight;
};

struct policy {
	struct policy_rule rules[POLICY_RULES_MAX];
	size_t rule_count;
	struct policy_registry registries[POLICY_REGISTRIES_MAX];
	size_t registry_count;
	int64_t brake_permille; /* of the devices, that one event or one hour may move; -1: any share */
	int64_t brake_devices; /* and how many it may move in any case */
	int64_t brake_within;  /* milliseconds over which those are counted that time alone moves */
};

/*
 * ERR_SYNTAX, ERR_RANGE with "policy: line N: ..."; among them: a name twice, no rule that always holds, a grace where a
 * condition has no beginning. `name` stands for the file in sentences.
 */
enum err policy_parse(const char *name, struct view text, struct policy *ret);
/* What is used when no file is given: docs/guides/policy.md explains each line. */
extern const char policy_default[];

/* How much the word of a registry weighs: its own line, or that of the nearest above it; 0: no line. */
int64_t policy_weight_of(const struct policy *policy, struct view registry);
/* How many of `devices` may be moved without a second person. */
int64_t policy_brake(const struct policy *policy, int64_t devices);
