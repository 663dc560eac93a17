// SPDX-License-Identifier: Apache-2.0
/* proxy: the header of the PROXY protocol, version 2, by which a connection to an application says who it is for. */
#pragma once

#include "app/symapp.h"
#include "net/stream.h"

/*
 * Both addresses of the device's connection, and
 *	PP2_TYPE_AUTHORITY 0x02		the name that the device asked for
 *	PP2_TYPE_SSL 0x20		TLS, without a certificate; in it 0x21 its version, 0x23 its cipher suite
 *	0xe0				pseudonym
 *	0xe1				when the token expires: seconds since 1970, eight bytes
 *	0xe2				the application's identity
 *	0xe3				the token's security degree, by its name
 *	0xe4				what the device may do: names with blanks between
 *	0xe5				what the application may know of its user: a JSON object
 * req: B9.4.1-g
 */
enum err proxy_header(const struct stream *device, const char *host,
	const struct symapp_token *token, struct buf *out);
