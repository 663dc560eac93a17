// SPDX-License-Identifier: Apache-2.0
#include "authz/change/departure.h"

void departure_read(const struct store_result *result, size_t step, size_t row,
	struct departure_row *ret)
{
	struct view *texts[] = {&ret->id, &ret->realm, &ret->client, &ret->state, &ret->method,
		&ret->consent, &ret->envelope, &ret->pseudonyms, &ret->replacement, &ret->receipt};
	const size_t count = sizeof(texts) / sizeof(texts[0]);

	for (size_t i = 0; i < count; i++) {
		*texts[i] = store_at(result, step, row, i).bytes;
	}
	ret->created = store_at(result, step, row, count).number;
	ret->updated = store_at(result, step, row, count + 1).number;
}

bool departure_read_row(const struct store_result *result, size_t step, struct departure_row *ret)
{
	if (result->steps[step].rows == 0) {
		return false;
	}
	departure_read(result, step, 0, ret);
	return true;
}

bool leaving_read_row(const struct store_result *result, size_t step, struct leaving_row *ret)
{
	if (result->steps[step].rows == 0) {
		return false;
	}
	*ret = (struct leaving_row){
		.client = store_at(result, step, 0, 0).bytes,
		.algorithm = store_at(result, step, 0, 1).number,
		.key = store_at(result, step, 0, 2).bytes,
		.sqn = store_at(result, step, 0, 3).number,
		.exportable = store_at(result, step, 0, 4).number != 0,
		.public_key = store_at(result, step, 0, 5).bytes,
		.pseudonyms = store_at(result, step, 0, 6).bytes,
		.frozen = store_at(result, step, 0, 7).bytes,
	};
	return true;
}

enum err departure_read_keys(const struct json *body, struct change_order *ret)
{
	const struct json *keys = json_member(body, "new_keys");
	size_t count = json_count(keys);

	if (count == 0 || count > CHANGE_KEYS) {
		return err_fail(ERR_RANGE, "10.6.2/3: new_keys: 1 to %d keys", CHANGE_KEYS);
	}
	for (size_t i = 0; i < count; i++) {
		JOSE_KEY_CLEANUP struct jose_key *key = NULL;

		TRY(jose_key_from_jwk(json_item(keys, i), &key));
		TRY(change_key_of(key, &ret->keys[i]));
	}
	ret->key_count = count;
	return OK;
}
