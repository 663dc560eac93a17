// SPDX-License-Identifier: Apache-2.0
#include "wire/tls_hello.h"

#include "base/text.h"

enum {
	HOST_NAME = 0,
	HOST_NAME_MAX_LEN = 255,
	RECORD_HEAD = 5,
	RECORD_HANDSHAKE = 22,
	CLIENT_KEY_EXCHANGE = 16,
};

enum err tls_hello_name(struct view extension, struct view *ret)
{
	struct reader r = reader_of(extension);
	uint16_t list = reader_u16(&r);
	uint8_t type = reader_u8(&r);
	struct view name = reader_bytes(&r, reader_u16(&r));

	TRY(reader_end(&r, "server_name"));
	if (list != extension.len - 2 || type != HOST_NAME || name.len == 0 ||
		name.len > HOST_NAME_MAX_LEN || !text_is_printable(name)) {
		return err_fail(ERR_SYNTAX, "RFC 6066 3: no host name in server_name");
	}
	*ret = name;
	return OK;
}

enum err tls_hello_identities(struct view extension, struct tls_identities *ret)
{
	struct reader r = reader_of(extension);
	struct reader list = reader_of(reader_bytes(&r, reader_u16(&r)));
	struct tls_identities found = {.count = 0};

	for (int i = 0; i < TLS_IDENTITIES && reader_left(&list) > 0; i++) {
		struct view identity = reader_bytes(&list, reader_u16(&list));

		reader_skip(&list, 4); /* ticket age, of no meaning with an external key */
		if (identity.len > 0 && identity.len <= TLS_IDENTITY) {
			found.items[found.count++] = identity;
		}
	}
	if (r.failed || list.failed) {
		return err_fail(ERR_SYNTAX, "RFC 8446 4.2.11: PSK identities cut off");
	}
	*ret = found;
	return OK;
}

enum err tls_key_exchange_identity(struct view records, struct view *ret)
{
	struct reader r = reader_of(records);

	if (records.len > 0 && records.data[0] != RECORD_HANDSHAKE) {
		return err_fail(ERR_SYNTAX, "RFC 5246 7.3: no ClientKeyExchange");
	}
	if (records.len < RECORD_HEAD) {
		return ERR_AGAIN;
	}
	reader_skip(&r, 3);
	size_t len = reader_u16(&r);

	if (len > TLS_KEY_EXCHANGE - RECORD_HEAD) {
		return err_fail(ERR_SYNTAX, "RFC 5246 6.2.1: a ClientKeyExchange of %zu bytes", len);
	}
	if (reader_left(&r) < len) {
		return ERR_AGAIN;
	}
	struct reader message = reader_of(reader_bytes(&r, len));
	uint8_t type = reader_u8(&message);

	reader_skip(&message, 3);
	struct view identity = reader_bytes(&message, reader_u16(&message));

	if (message.failed || type != CLIENT_KEY_EXCHANGE || identity.len == 0 ||
		identity.len > TLS_IDENTITY) {
		return err_fail(ERR_SYNTAX, "RFC 4279 2: no PSK identity in the ClientKeyExchange");
	}
	*ret = identity;
	return OK;
}
