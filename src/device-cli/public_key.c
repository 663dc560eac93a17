// SPDX-License-Identifier: Apache-2.0
/* public_key: the public half of the device's own pair, as its operator registers it. */
#include "device-cli/device_cli.h"

#include "wire/json.h"

#include <stdio.h>

static enum err print_key(const struct options *options, const struct jose_key *key)
{
	BUF_CLEANUP struct buf pem = buf_growing(4096);
	BUF_CLEANUP struct buf text = buf_growing(8192);
	struct json_writer w = json_to(&text);

	TRY(jose_key_to_pem(key, false, &pem));
	if (!options->json) {
		return fputs(buf_string(&pem), stdout) >= 0 ? OK : err_system("standard output");
	}
	json_open(&w, NULL);
	json_put_text(&w, "public_key", buf_contents(&pem));
	TRY(jose_key_write_jwk(key, &w, "jwk"));
	json_close(&w);
	return printf("%s\n", buf_string(&text)) > 0 ? OK : err_system("standard output");
}

static enum err show(const struct options *options, struct device *device)
{
	uint8_t bytes[JOSE_PUBLIC_MAX];
	struct buf half = buf_fixed(bytes, sizeof(bytes));
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;

	TRY(se_soft_ops.own_key(device->se, true, &half));
	TRY(jose_key_from_public(buf_contents(&half), &key));
	return print_key(options, key);
}

/* req: B7.4-d */
enum err command_public_key(const struct options *options)
{
	struct device device = {.options = options};
	enum err err = device_open(options, &device);

	if (err == OK) {
		err = show(options, &device);
	}
	device_close(&device);
	return err;
}
