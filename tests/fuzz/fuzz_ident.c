// SPDX-License-Identifier: Apache-2.0
/*
 * Identities: the first byte is the kind, the rest is read. What is accepted is printable, ends in
 * a zero, reads into itself, and its parts lie within it. Token ids and Ua ids go the same way.
 */
#include "fuzz.h"

#include "base/text.h"
#include "core/ident.h"
#include "core/token.h"
#include <stdlib.h>
#include <string.h>

static void require(bool holds)
{
	if (!holds) {
		abort();
	}
}

static void require_within(struct view part, const struct ident *whole)
{
	const uint8_t *begin = (const uint8_t *)whole->text;

	require(part.len == 0 || (part.data >= begin && part.data + part.len <= begin + whole->len));
}

static void check_ident(enum ident_kind kind, struct view in)
{
	struct ident got, again;

	if (ident_parse(kind, in, &got) != OK) {
		return;
	}
	require(got.kind == kind && got.len > 0 && strlen(got.text) == got.len);
	require(text_is_printable(ident_view(&got)));
	require(ident_parse(kind, ident_view(&got), &again) == OK && ident_equal(&got, &again));
	require_within(ident_user_of(&got), &got);
	require_within(ident_realm_of(&got), &got);
	require_within(ident_host_of(&got), &got);
}

static void check_token_names(struct view in)
{
	char printed[UA_SIZE * 2 + 1];
	struct ident node;
	struct ua ua;

	if (token_id_node(in, &node) == OK) {
		require(node.kind == IDENT_FQDN && in.len > 25);
	}
	if (ua_parse(in, &ua) == OK) {
		ua_print(ua, printed);
		require(view_is_nocase(in, printed));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	struct view in = view_of(data + 1, size - 1);

	switch (data[0]) {
	case 'F':
		check_ident(IDENT_FQDN, in);
		break;
	case 'C':
		check_ident(IDENT_CLIENT, in);
		break;
	case 'D':
		check_ident(IDENT_DEVICE, in);
		break;
	case 'A':
		check_ident(IDENT_APPLICATION, in);
		break;
	case 'P':
		check_ident(IDENT_ASP, in);
		break;
	default:
		check_token_names(in);
	}
	return 0;
}
