// SPDX-License-Identifier: Apache-2.0
#include "gateway/proxy.h"

#include "net/address.h"

enum {
	PROXY_COMMAND = 0x21,
	PROXY_TCP4 = 0x11,
	PROXY_TCP6 = 0x21,
	PROXY_UNSPEC = 0x00,
	SIGNATURE = 12,
	HEAD = 16,
	TLV_AUTHORITY = 0x02,
	TLV_TLS = 0x20,
	TLV_TLS_VERSION = 0x21,
	TLV_TLS_SUITE = 0x23,
	TLV_PSEUDONYM = 0xe0,
	TLV_EXPIRES = 0xe1,
	TLV_APPLICATION = 0xe2,
	TLV_DEGREE = 0xe3,
	TLV_RIGHTS = 0xe4,
	TLV_ATTRIBUTES = 0xe5,
	OVER_TLS = 0x01,
	NO_CERTIFICATE = 1,
	TLS_MAX = 128,
};

static void put_addresses(struct buf *out, const struct address *peer, const struct address *own)
{
	if (peer->sa.any.sa_family == AF_INET && own->sa.any.sa_family == AF_INET) {
		buf_u8(out, PROXY_TCP4);
		buf_u16(out, 0); /* the length, set at the end */
		buf_bytes(out, &peer->sa.in.sin_addr, 4);
		buf_bytes(out, &own->sa.in.sin_addr, 4);
		buf_bytes(out, &peer->sa.in.sin_port, 2);
		buf_bytes(out, &own->sa.in.sin_port, 2);
	} else if (peer->sa.any.sa_family == AF_INET6 && own->sa.any.sa_family == AF_INET6) {
		buf_u8(out, PROXY_TCP6);
		buf_u16(out, 0);
		buf_bytes(out, &peer->sa.in6.sin6_addr, 16);
		buf_bytes(out, &own->sa.in6.sin6_addr, 16);
		buf_bytes(out, &peer->sa.in6.sin6_port, 2);
		buf_bytes(out, &own->sa.in6.sin6_port, 2);
	} else {
		buf_u8(out, PROXY_UNSPEC);
		buf_u16(out, 0);
	}
}

static void put_tlv(struct buf *out, uint8_t type, struct view value)
{
	if (value.len > 0) {
		buf_u8(out, type);
		buf_u16(out, (uint16_t)value.len);
		buf_view(out, value);
	}
}

static void put_tls(struct buf *out, const struct stream *device)
{
	uint8_t room[TLS_MAX];
	struct buf tls = buf_fixed(room, sizeof(room));

	buf_u8(&tls, OVER_TLS);
	buf_u32(&tls, NO_CERTIFICATE);
	put_tlv(&tls, TLV_TLS_VERSION, view_text(stream_tls_version(device)));
	put_tlv(&tls, TLV_TLS_SUITE, view_text(stream_tls_suite(device)));
	put_tlv(out, TLV_TLS, buf_contents(&tls));
}

enum err proxy_header(const struct stream *device, const char *host,
	const struct symapp_token *token, struct buf *out)
{
	static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";
	struct address peer = {.len = 0}, own = {.len = 0};
	char own_text[ADDRESS_MAX];
	uint8_t until[8];
	struct buf seconds = buf_fixed(until, sizeof(until));
	size_t begin = out->len;

	stream_own_address(device, own_text);
	if (address_parse(stream_peer_address(device), &peer) != OK ||
		address_parse(own_text, &own) != OK) {
		peer.sa.any.sa_family = AF_UNSPEC;
	}
	buf_bytes(out, signature, SIGNATURE);
	buf_u8(out, PROXY_COMMAND);
	put_addresses(out, &peer, &own);
	put_tlv(out, TLV_AUTHORITY, view_text(host));
	put_tls(out, device);
	put_tlv(out, TLV_PSEUDONYM, view_text(token->pseudonym));
	buf_u64(&seconds, (uint64_t)token->until);
	put_tlv(out, TLV_EXPIRES, buf_contents(&seconds));
	put_tlv(out, TLV_APPLICATION, ident_view(&token->application));
	put_tlv(out, TLV_DEGREE, view_text(token->degree));
	put_tlv(out, TLV_RIGHTS, view_text(token->rights));
	put_tlv(out, TLV_ATTRIBUTES, view_text(token->attributes));
	TRY(buf_end(out, "PROXY header"));
	size_t len = out->len - begin - HEAD;

	out->data[begin + HEAD - 2] = (uint8_t)(len >> 8);
	out->data[begin + HEAD - 1] = (uint8_t)len;
	return OK;
}
