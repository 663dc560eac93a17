// SPDX-License-Identifier: Apache-2.0
/*
 * JWTs with verified claims. The first byte says what the rest is: S a payload that is signed here, so that what is behind the
 * signature is reached, and which must read the same once more; C claims of a subscriber; anything else a JWT, which must
 * never verify.
 */
#include "fuzz.h"

#include "wire/claims.h"
#include "wire/verified.h"

#include <stdlib.h>
#include <string.h>

static struct jose_key *key;
static struct ident realm, asp;

static enum err verify(struct view jwt, struct buf *claims, struct verified *ret)
{
	const struct jose_key *keys[] = {key};
	const struct verified_for wanted = {&realm, &asp, 1};

	return verified_verify(keys, 1, &wanted, jwt, claims, ret);
}

static void sign_and_read(struct view payload)
{
	BUF_CLEANUP struct buf jwt = buf_growing(JOSE_MAX), again = buf_growing(JOSE_MAX);
	BUF_CLEANUP struct buf claims = buf_growing(VERIFIED_CLAIMS),
			       same = buf_growing(VERIFIED_CLAIMS);
	struct verified first, second;

	if (jose_sign(key, VERIFIED_TYP, payload, &jwt) != OK ||
		verify(buf_contents(&jwt), &claims, &first) != OK) {
		return;
	}
	if (verified_sign(&first, key, &again) != OK) {
		return; /* more than may stand there */
	}
	if (verify(buf_contents(&again), &same, &second) != OK ||
		strcmp(first.subject, second.subject) != 0 ||
		!view_equal(first.claims, second.claims)) {
		abort();
	}
}

static void read_claims(struct view text)
{
	JSON_CLEANUP struct json *claims = NULL;

	if (json_parse(text, CLAIMS_MAX, &claims) == OK) {
		(void)!claims_check(claims);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = view_of(data + 1, size - (size > 0));
	BUF_CLEANUP struct buf claims = buf_growing(VERIFIED_CLAIMS);
	struct verified read;

	if (!key && (jose_key_make(JOSE_ES256, &key) != OK ||
			    ident_parse(IDENT_FQDN, view_text("realm.example"), &realm) != OK ||
			    ident_parse(IDENT_ASP, view_text("cin:U72200KA2001PTC028000"), &asp) !=
				    OK)) {
		abort();
	}
	if (size > 0 && data[0] == 'S') {
		sign_and_read(rest);
	} else if (size > 0 && data[0] == 'C') {
		read_claims(rest);
	} else if (verify(view_of(data, size), &claims, &read) == OK) {
		abort();
	}
	return 0;
}
