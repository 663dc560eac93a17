// SPDX-License-Identifier: Apache-2.0
/*
 * enquiry: interrogation (Y.3059 9.3): parties enrol a key, meet a challenge, and are answered. What is here is in memory: open
 * challenges, who has failed too often, and copies of what the store has.  req: R9.3-iii R7-iv-e
 */
#pragma once

#include "base/rate.h"
#include "registry/api/call.h"
#include "wire/challenge.h"

struct enquiry {
	struct challenges *challenges;
	struct rates *failures; /* of keys and of addresses, a minute */
	struct rates *enquiries, *enrolments;
	struct table *parties;	     /* id -> struct party, those that asked lately */
	struct standings *standings; /* standing.h */
	struct status_lists *lists;  /* status_lists.h */
	struct watch *watch;	     /* watch.h */
	struct pool *bulks;	     /* bulk.h */
	struct jose_key *nobody; /* what the signature of a key that is not known is checked with */
};

/* A part of the program. ERR_MEMORY, ERR_CRYPTO. */
enum err enquiry_start_up(struct registry *registry);
void enquiry_shut_down(struct registry *registry);
/* Takes over the options that may change while it runs. */
void enquiry_reload(struct registry *registry, const struct registry_conf *conf);
