// SPDX-License-Identifier: Apache-2.0
/*
 * verdict: what the policy says of one device, from all that is known of it and the time alone.
 *  req: R6.1-b
 */
#pragma once

#include "wire/policy.h"

enum { VERDICT_REASON = 256, STANDING_WORDS = 32, STANDING_FINDINGS = 128 };

/* A vulnerability of its make, model and firmware, or one that was told of it alone. */
struct finding {
	struct view id;	 /* "csaf:TRACKING-ID" */
	struct view cve; /* the worst of it; "": none */
	int score;	 /* tenths; -1: not known */
	enum policy_source source;
	bool perhaps; /* it could not be told whether this firmware has it */
	bool secret;  /* not released, or not for everybody: a reason does not name it */
	int64_t seq, at;
};

struct word_heard {
	struct view registry;
	enum trust trust;
	int64_t seq;
};

/* All times are milliseconds since 1970, UTC; seqs are of the events that say so. */
struct standing {
	enum lifecycle life;
	bool confirmed, duplicate;
	int64_t registered_at, reported_at;
	int64_t facts_seq; /* of its registration or last report */

	bool root_withdrawn;
	int64_t root_seq, root_at;
	struct view root;

	const struct finding *findings;
	size_t finding_count;
	const struct word_heard *words;
	size_t word_count;

	bool decided;
	enum trust decision;
	int64_t decision_seq, decision_until; /* 0: without an end */
	struct view decision_reason;
};

struct verdict {
	enum trust trust;
	const struct policy_rule *rule;
	int64_t cause; /* seq; of facts_seq when no event but time has caused it */
	int64_t due;   /* when it may change by time alone; 0: never */
	char reason[VERDICT_REASON];
};

/*
 * Whether what follows from an event, or for `by_time` from time alone at `began`, must not move devices now: it has not
 * been counted yet, waits for a second person, or was refused.
 */
typedef bool verdict_is_held(const void *user, int64_t cause, bool by_time, int64_t began);

/* The policy has a rule that always holds, so there is always a verdict. `held` NULL: nothing is. */
void verdict_find(const struct policy *policy, const struct standing *standing, int64_t now,
	verdict_is_held *held, const void *user, struct verdict *ret);
