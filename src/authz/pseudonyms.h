// SPDX-License-Identifier: Apache-2.0
/*
 * pseudonyms: what ASPs know a client by: made under the realm's secret, or brought along from another realm with the
 * subscriber's consent (10.6). What moves is the pseudonym of each ASP that the client has rights at, never a secret:
 * the new realm can compute no other.
 */
#pragma once

#include "authz/authz.h"
#include "core/token.h"
#include "store/store.h"

/* `brought` as it stands sealed in the device's row; empty: none. */
enum err pseudonym_of(struct authz *authz, const struct ident *client, struct view asp,
	struct view brought, char ret[PSEUDONYM_SIZE]);

/* Those of the ASPs in the rows of a step, as {ASP: pseudonym}, appended; nothing when there are no rows. */
enum err pseudonyms_write(struct authz *authz, const struct ident *client, struct view brought,
	const struct store_result *result, size_t step, struct buf *ret);
