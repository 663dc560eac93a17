// SPDX-License-Identifier: Apache-2.0
#include "app/symapp.h"

#include <string.h>

/* TS 33.222 5.4.2: the hint, a separator, the B-TID. Sources differ in the separator. */
enum err symapp_from_psk_identity(struct view identity, struct view *ret_token_id)
{
	static const char hint[] = "3GPP-bootstrapping";
	const size_t len = sizeof(hint) - 1;

	if (identity.len <= len + 1 || memcmp(identity.data, hint, len) != 0 ||
		(identity.data[len] != ';' && identity.data[len] != '.')) {
		return err_fail(ERR_SYNTAX, "RP_D: a PSK identity is %s;<token id>", hint);
	}
	*ret_token_id = view_of(identity.data + len + 1, identity.len - len - 1);
	return OK;
}
