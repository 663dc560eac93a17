// SPDX-License-Identifier: Apache-2.0
#include "net/networks.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

static enum err parse_one(struct view text, struct network *ret)
{
	char address[LOOKUP_PRINTED];
	const uint8_t *slash = memchr(text.data, '/', text.len);
	size_t len = slash ? (size_t)(slash - text.data) : text.len;
	uint64_t bits;

	TRY(text_copy(address, sizeof(address), view_of(text.data, len), "network"));
	ret->address.len = strchr(address, ':') ? 16 : 4;
	if (inet_pton(ret->address.len == 16 ? AF_INET6 : AF_INET, address, ret->address.bytes) !=
		1) {
		return err_fail(ERR_SYNTAX, "network \"%s\": not like 10.0.0.0/8 or fd00::/8",
			address);
	}
	bits = 8 * ret->address.len;
	if (slash) {
		TRY(text_from_u64(view_of(slash + 1, text.len - len - 1), bits, &bits, "network"));
	}
	ret->bits = (unsigned)bits;
	return OK;
}

enum err networks_parse(const char *text, struct networks *ret)
{
	static const char between[] = ", \t";

	ret->count = 0;
	for (text += strspn(text, between); *text; text += strspn(text, between)) {
		size_t len = strcspn(text, between);

		if (ret->count == NETWORKS_MAX) {
			return err_fail(ERR_RANGE, "networks: more than %d", NETWORKS_MAX);
		}
		TRY(parse_one(view_of(text, len), &ret->items[ret->count]));
		ret->count++;
		text += len;
	}
	return OK;
}

enum err networks_check(const char *text)
{
	struct networks networks;

	return networks_parse(text, &networks);
}

static bool has(const struct network *network, const struct lookup_address *address)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;
	const uint8_t *a = network->address.bytes, *b = address->bytes;

	if (network->address.len != address->len || memcmp(a, b, whole) != 0) {
		return false;
	}
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool networks_have(const struct networks *networks, const struct lookup_address *address)
{
	for (size_t i = 0; i < networks->count; i++) {
		if (has(&networks->items[i], address)) {
			return true;
		}
	}
	return false;
}
