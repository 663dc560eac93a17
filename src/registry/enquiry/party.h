// SPDX-License-Identifier: Apache-2.0
/*
 * party: who has enrolled a key here: enquirers, manufacturers, agencies and owners (docs/protocol/registry_enquiry.md). A
 * party's id is the thumbprint of its key (RFC 7638) and the keyid of its signatures; its subject in the log is
 * "party:ID".  req: R9.3-i-a R9.1-iv
 */
#pragma once

#include "registry/enquiry/enquiry.h"

/* call->asker.roles; in the store. */
enum party_role {
	PARTY_ENQUIRER = 1,
	PARTY_MANUFACTURER = 2,
	PARTY_AGENCY = 4,
	PARTY_OWNER = 8,
	PARTY_ROLES_END = 16,
};
enum party_state { PARTY_PENDING, PARTY_APPROVED, PARTY_SUSPENDED, PARTY_REMOVED, PARTY_STATES };

enum { PARTY_ID = JOSE_THUMBPRINT, PARTY_TEXT = 256, PARTY_MAKE = 128 };
#define PARTY_SUBJECT "party:"

/* One that has asked lately. */
struct party {
	char id[PARTY_ID];
	struct jose_key *key;
	unsigned roles;
	enum party_state state;
	char make[PARTY_MAKE]; /* of a manufacturer; "": none */
};

/* An array of "enquirer", "manufacturer", "agency", "owner". */
void party_put_roles(struct json_writer *w, const char *name, unsigned roles);
enum err party_read_roles(const struct json *array, unsigned *ret);
const char *party_state_name(enum party_state state); /* "pending", ... */

/* The party that asks: of a call whose asker is WHO_PARTY; NULL: it was changed meanwhile. */
const struct party *party_of(const struct call *call);
/* To be read anew when it asks next. */
void party_forget(struct enquiry *e, struct view id);

void party_forget_all(struct enquiry *e);

/* The signature of the call's request with that tag: covers method, target and body, and is of now. ERR_NOT_FOUND: none. */
struct http_signature;
enum err party_read_signature(const struct call *call, const char *tag, struct http_signature *ret);

/* GET and POST /v1/parties, GET /v1/parties/{}, PUT /v1/parties/{}/state, GET /v1/vouched-parties */
call_operation party_enrol, party_list, party_show, party_set_state, party_vouch;
