// SPDX-License-Identifier: Apache-2.0
/*
 * claims: what an operator has verified of a subscriber, under the names of OpenID Connect Core 5.1 and OpenID Connect for
 * Identity Assurance 4. A claim is granted to an application by its name, and told alone.  req: B10.3
 */
#pragma once

#include "core/words.h"
#include "wire/json.h"

enum {
	CLAIMS_MAX = 1536
}; /* bytes of JSON: told together with a name they fit into what RP_A carries */

/*
 * What device a client is, as the operator has it registered, a URN (core/ident.h): granted as the others are, but no claim
 * of a subscriber's.  req: R9.2-note
 */
#define CLAIM_DEVICE "device_identity"

/* Whether a claim of this name can be granted. */
bool claims_know(struct view name);
/* Names, each known. ERR_SYNTAX, beginning with `what`. */
enum err claims_check_names(const struct words *names, const char *what);
/*
 * An object of claims, each of its own type: texts of up to 256 bytes, birthdate as 1990-01-31, phone_number as +4930123456,
 * address and place_of_birth objects of texts, nationalities an array of ISO 3166 codes, document the kind of what was shown
 * ("idcard", "passport", ...). ERR_SYNTAX names the claim; ERR_RANGE.
 */
enum err claims_check(const struct json *claims);
/* Whether it is one text: one that is no array, and no object of texts. */
bool claims_is_text(struct view name);
/* Writes members for those that are there and not among `taken`. */
void claims_put_others(const struct json *claims, const struct words *taken, struct json_writer *w);
/* Writes members for those that are there and among `granted`. */
void claims_put(const struct json *claims, const struct words *granted, struct json_writer *w);
