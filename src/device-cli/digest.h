// SPDX-License-Identifier: Apache-2.0
/*
 * digest: one request over RP_D with HTTP Digest (TS 33.222 5.3): TLS shows who the application is, and the token's key,
 * as a password, who the device is; the answer shows that the application has the key too.
 */
#pragma once

#include "device-cli/device_cli.h"

struct digest_target {
	struct device *device;
	const struct ident *application;
	const char *host, *address, *path;
	const char *trust; /* whose certificates the application's is verified against; NULL: the device's own */
};

/*
 * Asks for the path with this token, and writes the answer's body to standard output once it is proved. The secure
 * element is opened for as long as the key is derived. `ret_demand`: what the application said of the token; then
 * nothing was written. ERR_AUTH: its certificate, or its proof, is wrong.
 */
enum err digest_get(const struct digest_target *target, const struct symdev_token *token,
	unsigned *ret_status, enum symdev_event *ret_demand);
