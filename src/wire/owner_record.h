// SPDX-License-Identifier: Apache-2.0
/*
 * owner_record: what a registry keeps of an owner or custodian, as it is sealed in the store and told to those with a right to it:
 * docs/protocol/registry_owners.md. It stands nowhere in the clear, and in no record of the log.  req: R9.2-i-d R9.1-iii
 */
#pragma once

#include "core/ident.h"
#include "wire/claims.h"

enum { OWNER_RECORD_MAX = CLAIMS_MAX + 1024 }; /* bytes of JSON */

enum owner_kind { OWNER_PERSON, OWNER_ORGANIZATION, OWNER_KINDS };
/* "person", "organization". */
enum err owner_kind_of(struct view name, enum owner_kind *ret);

struct owner_record {
	enum owner_kind kind;
	char claims[CLAIMS_MAX + 1]; /* a JSON object, as wire/claims.h */
	/* Which of the claims a realm has vouched for, which one, and when (seconds since 1970); "": none. */
	struct words verified;
	char realm[IDENT_MAX + 1];
	int64_t verified_at;
};

void owner_record_wipe(struct owner_record *record);
#define OWNER_RECORD_CLEANUP __attribute__((cleanup(owner_record_wipe)))

/* Appends the object. */
void owner_record_write(const struct owner_record *record, struct json_writer *w, const char *name);
/* Reads what owner_record_write() wrote. ERR_SYNTAX, ERR_RANGE name the member. */
enum err owner_record_read(struct view text, struct owner_record *ret);

/* Sets the claims from an object. A claim that says otherwise than before is verified no more. As claims_check();
 * ERR_SYNTAX: without a name. */
enum err owner_record_set(struct owner_record *record, const struct json *claims);
/*
 * Compares the claims with what a realm has granted of the subscriber (an object of the same names): those that
 * agree become verified. ERR_CONFLICT names the first one that the realm says otherwise; nothing is changed then.
 */
enum err owner_record_verify(struct owner_record *record, const struct json *granted,
	struct view realm, int64_t now);
