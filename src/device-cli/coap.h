// SPDX-License-Identifier: Apache-2.0
/* coap: one request over RP_D with CoAP in DTLS, whose pre-shared key is the token's for the cipher suite agreed. */
#pragma once

#include "device-cli/device_cli.h"

struct coap_target {
	struct device *device;
	const struct ident *application;
	const char *host, *address, *path; /* "/sensors/1?x=y" */
};

/*
 * GET of the path with this token; the answer's payload goes to standard output. `ret_code`: of the answer, class << 5 |
 * detail; 4.01 says that a token is required, and then nothing was written. ERR_AUTH: the handshake was refused, which may
 * say the same.
 */
enum err coap_get(const struct coap_target *target, const struct symdev_token *token,
	uint8_t *ret_code);
