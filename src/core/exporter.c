// SPDX-License-Identifier: Apache-2.0
#include "core/exporter.h"

static void put(struct buf *out, struct view bytes)
{
	buf_u16(out, (uint16_t)bytes.len);
	buf_view(out, bytes);
}

enum err exporter_context(const struct ident *client, const struct ident *node,
	const uint8_t rand[RAND_SIZE], struct buf *ret)
{
	put(ret, ident_view(client));
	put(ret, ident_view(node));
	put(ret, view_of(rand, RAND_SIZE));
	return buf_end(ret, "10.4, NOTE: exporter's context");
}
