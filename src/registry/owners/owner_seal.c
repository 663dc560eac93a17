// SPDX-License-Identifier: Apache-2.0
/* owner_seal: how owners stand in the store: sealed, under random names.  req: R9.1-iii */
#include "registry/owners/owners.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { PLACE = 64, ID_BYTES = (OWNER_ID - 2) / 2, HASH_BYTES = 32 };

enum err owner_seal(const struct registry *registry, const char *id,
	const struct owner_record *record, struct buf *ret)
{
	BUF_CLEANUP struct buf plain = buf_growing(OWNER_RECORD_MAX);
	struct json_writer w = json_to(&plain);
	char place[PLACE];

	(void)snprintf(place, sizeof(place), OWNER_PLACE "%s", id);
	owner_record_write(record, &w, NULL);
	enum err err = buf_end(&plain, "owner");

	err = err == OK ? seal_close(registry->ring, place, buf_contents(&plain), ret) : err;
	buf_wipe(&plain);
	return err;
}

enum err owner_open(const struct registry *registry, const char *id, struct view sealed,
	struct owner_record *ret)
{
	BUF_CLEANUP struct buf plain = buf_growing(OWNER_RECORD_MAX);
	char place[PLACE];

	(void)snprintf(place, sizeof(place), OWNER_PLACE "%s", id);
	enum err err = seal_open(registry->ring, place, sealed, &plain);

	err = err == OK ? owner_record_read(buf_contents(&plain), ret) : err;
	buf_wipe(&plain);
	return err;
}

enum err owner_make_id(const struct registry *registry, char ret[OWNER_ID])
{
	const struct env *env = loop_env(registry->loop);
	uint8_t random[ID_BYTES];
	struct buf id = buf_fixed(ret, OWNER_ID);

	TRY(env->random(env, random, sizeof(random)));
	buf_u8(&id, 'o'); /* no '-' first: it is typed on command lines */
	text_hex(&id, view_of(random, sizeof(random)));
	buf_u8(&id, '\0');
	return buf_end(&id, "owner");
}

enum err owner_hash_reference(const struct registry *registry, const char *reference,
	char ret[OWNER_REFERENCE])
{
	const struct secret *key = &registry->owners->reference_key;
	struct buf hex = buf_fixed(ret, OWNER_REFERENCE);
	uint8_t hash[HASH_BYTES];
	unsigned len = sizeof(hash);

	ret[0] = '\0';
	if (!reference[0]) {
		return OK;
	}
	if (!HMAC(EVP_sha256(), key->bytes, (int)key->len, (const uint8_t *)reference,
		    strlen(reference), hash, &len)) {
		return err_fail(ERR_CRYPTO, "HMAC-SHA-256 failed");
	}
	text_hex(&hex, view_of(hash, len));
	buf_u8(&hex, '\0');
	return buf_end(&hex, "reference");
}
