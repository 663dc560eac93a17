// SPDX-License-Identifier: Apache-2.0
#include "authz/pseudonyms.h"

#include "base/text.h"
#include "wire/json.h"

#include <stdio.h>

enum { BROUGHT_MAX = 48 * 1024 };

/* As token_pseudonym() makes them. What another realm says else would go into names and fields that others read. */
static bool is_pseudonym(struct view text)
{
	uint8_t bytes[PSEUDONYM_SIZE];
	size_t len = 0;

	return text.len == PSEUDONYM_SIZE - 1 &&
	       text_from_base64url(text, bytes, sizeof(bytes), &len, "pseudonym") == OK;
}

/* ERR_NOT_FOUND: none was brought for this ASP. */
static enum err find_brought(struct authz *authz, const struct ident *client, struct view asp,
	struct view brought, char ret[PSEUDONYM_SIZE])
{
	BUF_CLEANUP struct buf plain = buf_growing(BROUGHT_MAX);
	JSON_CLEANUP struct json *object = NULL;
	char place[IDENT_MAX + 32], name[IDENT_MAX + 1];
	struct view value = {.len = 0};

	(void)snprintf(place, sizeof(place), "device/pseudonyms/%s", client->text);
	TRY(text_copy(name, sizeof(name), asp, "ASP"));
	TRY(seal_open(authz->ring, place, brought, &plain));
	TRY(json_parse(buf_contents(&plain), BROUGHT_MAX, &object));
	TRY(json_text_opt(object, name, &value));
	return is_pseudonym(value) ? text_copy(ret, PSEUDONYM_SIZE, value, "pseudonym")
				   : err_fail(ERR_NOT_FOUND, "none of this ASP");
}

enum err pseudonym_of(struct authz *authz, const struct ident *client, struct view asp,
	struct view brought, char ret[PSEUDONYM_SIZE])
{
	struct ident id;
	enum err err =
		brought.len > 0 ? find_brought(authz, client, asp, brought, ret) : ERR_NOT_FOUND;

	if (err != ERR_NOT_FOUND) {
		return err;
	}
	TRY(ident_parse(IDENT_ASP, asp, &id));
	return token_pseudonym(&authz->realm_secret, client, &id, ret);
}

enum err pseudonyms_write(struct authz *authz, const struct ident *client, struct view brought,
	const struct store_result *result, size_t step, struct buf *ret)
{
	struct json_writer w = json_to(ret);

	if (result->steps[step].rows == 0) {
		return OK;
	}
	json_open(&w, NULL);
	for (size_t i = 0; i < result->steps[step].rows; i++) {
		struct view asp = store_at(result, step, i, 0).bytes;
		char name[IDENT_MAX + 1], pseudonym[PSEUDONYM_SIZE];

		TRY(text_copy(name, sizeof(name), asp, "ASP"));
		TRY(pseudonym_of(authz, client, asp, brought, pseudonym));
		json_put_string(&w, name, pseudonym);
	}
	json_close(&w);
	return buf_end(ret, "pseudonyms");
}
