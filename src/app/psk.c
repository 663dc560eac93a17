// SPDX-License-Identifier: Apache-2.0
#include "app/app_inside.h"

#include <string.h>

/* TS 33.222 5.4.2: the hint, a separator, the B-TID. Sources differ in the separator. */
static const struct form {
	const char *hint, *separators;
	enum token_format format;
} forms[] = {
	{"y3056", ";", TOKEN_Y3056},
	{SYMAPP_PSK_HINT, ";.", TOKEN_GBA},
};

static bool has_form(struct view identity, const struct form *form)
{
	size_t len = strlen(form->hint);

	return identity.len > len + 1 && memcmp(identity.data, form->hint, len) == 0 &&
	       memchr(form->separators, identity.data[len], strlen(form->separators));
}

/* The 16 bytes of a B-TID end in a padding that the 18 of the other never have. */
enum token_format format_of_id(struct view token_id)
{
	const uint8_t *at = memchr(token_id.data, '@', token_id.len);
	size_t len = at ? (size_t)(at - token_id.data) : 0;

	return len >= 2 && memcmp(at - 2, "==", 2) == 0 ? TOKEN_GBA : TOKEN_Y3056;
}

/* A token is found only under its own format.  req: B9.4.3 */
enum err symapp_from_psk_identity(struct view identity, enum token_format *ret_format,
	struct view *ret_token_id)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!has_form(identity, &forms[i])) {
			continue;
		}
		size_t skip = strlen(forms[i].hint) + 1;
		struct view id = view_of(identity.data + skip, identity.len - skip);

		if (format_of_id(id) != forms[i].format) {
			return err_fail(ERR_SYNTAX, "RP_D: %s; with a token id of another format",
				forms[i].hint);
		}
		*ret_format = forms[i].format;
		*ret_token_id = id;
		return OK;
	}
	return err_fail(ERR_SYNTAX,
		"RP_D: a PSK identity is y3056;<token id> or 3GPP-bootstrapping;<B-TID>");
}
