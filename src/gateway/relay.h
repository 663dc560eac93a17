// SPDX-License-Identifier: Apache-2.0
/* relay: connections of devices to an application's TCP backend, bytes both ways. */
#pragma once

#include "gateway/gateway.h"

/* Takes the stream over, until its token is over or either side ends. */
void relay_start(struct application *application, struct stream *device,
	const struct symapp_token *token);
void relay_end_all(struct gateway *gateway);
enum err relay_open_pool(struct gateway *gateway);

/*
 * The header of the PROXY protocol, version 2: both addresses of the device's connection, and
 *	PP2_TYPE_AUTHORITY 0x02		the name that the device asked for
 *	0xe0				pseudonym
 *	0xe1				when the token expires: seconds since 1970, eight bytes
 *	0xe2				the application's identity
 */
void relay_write_header(struct buf *out, const char *peer_address, const char *own_address,
	const char *host, const struct symapp_token *token);
