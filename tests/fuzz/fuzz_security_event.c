// SPDX-License-Identifier: Apache-2.0
/*
 * Security event tokens. What begins with S is a payload that is signed here, so that what is behind the signature is
 * reached; anything else is a token of somebody's, which must never be taken.
 */
#include "fuzz.h"

#include "wire/security_event.h"

#include <stdlib.h>

static struct jose_key *key;

static enum err read(struct view jws)
{
	const struct jose_key *keys[] = {key};
	struct security_event_read event = {.iat = 0};
	enum err err = security_event_read(keys, 1, view_text("me"), jws, &event);

	if (err == OK && (event.jti.len == 0 || !json_is_object(event.events))) {
		abort();
	}
	security_event_free(&event);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);

	if (!key && jose_key_make(JOSE_EDDSA, &key) != OK) {
		abort();
	}
	if (size == 0 || data[0] != 'S') {
		if (read(view_of(data, size)) == OK) {
			abort();
		}
		return 0;
	}
	if (jose_sign(key, SECURITY_EVENT_TYP, view_of(data + 1, size - 1), &jws) == OK) {
		(void)!read(buf_contents(&jws));
	}
	return 0;
}
