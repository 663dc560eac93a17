// SPDX-License-Identifier: Apache-2.0
/*
 * Signed documents from anybody. The first byte says what the rest is: S a payload that is signed here, so that what is
 * behind the signature is reached; P a PEM or a public key; anything else a JWS, which must never verify.
 */
#include "fuzz.h"

#include "wire/realm_document.h"

#include <stdlib.h>

static struct jose_key *key;
static struct ident realm;

static enum err read_document(struct view jws)
{
	static struct realm_document document;
	const struct jose_key *keys[] = {key};

	return realm_document_verify(keys, 1, &realm, 1, 1, jws, &document);
}

static void sign_and_read(struct view payload)
{
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);

	if (jose_sign(key, REALM_DOCUMENT_TYP, payload, &jws) == OK) {
		(void)!read_document(buf_contents(&jws));
	}
}

static void read_key(struct view bytes)
{
	struct jose_key *read = NULL;
	char thumbprint[JOSE_THUMBPRINT];

	if (jose_key_from_pem(bytes, &read) != OK && jose_key_from_public(bytes, &read) != OK) {
		return;
	}
	(void)!jose_thumbprint(read, thumbprint);
	jose_key_free(read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = view_of(data + 1, size - (size > 0));

	if (!key && (jose_key_make(JOSE_ES256, &key) != OK ||
			    ident_parse(IDENT_FQDN, view_text("realm.example"), &realm) != OK)) {
		abort();
	}
	if (size > 0 && data[0] == 'S') {
		sign_and_read(rest);
	} else if (size > 0 && data[0] == 'P') {
		read_key(rest);
	} else if (read_document(view_of(data, size)) == OK) {
		abort();
	}
	return 0;
}
