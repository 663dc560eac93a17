// SPDX-License-Identifier: Apache-2.0
#include "wire/vouched_parties.h"

#include "base/text.h"
#include "wire/json.h"

#include <stdlib.h>

enum err vouched_sign(const struct vouched *vouched, const struct jose_key *key, struct buf *out)
{
	BUF_CLEANUP struct buf payload = buf_growing(VOUCHED_MAX);
	struct json_writer w = json_to(&payload);

	if (vouched->count > VOUCHED_PARTIES) {
		return err_fail(ERR_RANGE, "vouched parties: more than %d", VOUCHED_PARTIES);
	}
	json_open(&w, NULL);
	json_put_string(&w, "iss", vouched->registry);
	json_put_int(&w, "iat", vouched->issued);
	json_put_int(&w, "exp", vouched->expires);
	json_open_array(&w, "keys");
	for (size_t i = 0; i < vouched->count; i++) {
		TRY(jose_key_write_jwk(vouched->parties[i].key, &w, NULL));
	}
	json_close_array(&w);
	json_close(&w);
	TRY(buf_end(&payload, "vouched parties"));
	return jose_sign_within(key, VOUCHED_TYP, buf_contents(&payload), VOUCHED_MAX, out);
}

/* The id is computed, not told: it is the key's own. */
static enum err read_keys(const struct json *keys, struct vouched *ret)
{
	size_t count = json_count(keys);

	if (!json_is_array(keys) || count > VOUCHED_PARTIES) {
		return err_fail(ERR_RANGE, "vouched parties: an array of up to %d keys",
			VOUCHED_PARTIES);
	}
	ret->parties = calloc(count + 1, sizeof(ret->parties[0]));
	if (!ret->parties) {
		return err_fail(ERR_MEMORY, "vouched parties: out of memory");
	}
	for (const struct json *at = json_item(keys, 0); at; at = json_next(at)) {
		struct vouched_party *party = &ret->parties[ret->count];

		TRY(jose_key_from_jwk(at, &party->key));
		ret->count++;
		TRY(jose_thumbprint(party->key, party->id));
	}
	return OK;
}

static enum err read_vouched(const struct json *root, int64_t now, struct vouched *ret)
{
	struct view registry;

	TRY(json_text(root, "iss", &registry));
	TRY(text_copy(ret->registry, sizeof(ret->registry), registry, "vouched parties: iss"));
	TRY(json_int(root, "iat", 0, INT64_MAX, &ret->issued));
	TRY(json_int(root, "exp", 0, INT64_MAX, &ret->expires));
	if (ret->issued > now + VOUCHED_SKEW || ret->expires <= now) {
		return err_fail(ERR_EXPIRED, "vouched parties: not of now");
	}
	return read_keys(json_member(root, "keys"), ret);
}

enum err vouched_verify(const struct jose_key *const *keys, size_t count, struct view jwt,
	int64_t now, struct vouched *ret)
{
	BUF_CLEANUP struct buf payload = buf_growing(VOUCHED_MAX);
	JSON_CLEANUP struct json *root = NULL;
	struct vouched read = {.count = 0};

	TRY(jose_verify_within(keys, count, VOUCHED_TYP, jwt, VOUCHED_MAX, &payload));
	TRY(json_parse(buf_contents(&payload), VOUCHED_MAX, &root));
	enum err err = read_vouched(root, now, &read);

	if (err != OK) {
		vouched_free(&read);
		return err;
	}
	*ret = read;
	return OK;
}

void vouched_free(struct vouched *vouched)
{
	for (size_t i = 0; i < vouched->count; i++) {
		jose_key_free(vouched->parties[i].key);
	}
	free(vouched->parties);
	*vouched = (struct vouched){.count = 0};
}

const struct jose_key *vouched_key(const struct vouched *vouched, struct view id)
{
	for (size_t i = 0; i < vouched->count; i++) {
		if (view_is(id, vouched->parties[i].id)) {
			return vouched->parties[i].key;
		}
	}
	return NULL;
}
