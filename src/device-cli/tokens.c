// SPDX-License-Identifier: Apache-2.0
#include "device-cli/device_cli.h"

#include "base/text.h"
#include "wire/json.h"

#include <stdio.h>

static void print_token(const struct options *options, const struct symdev_token *token, int64_t now)
{
	char from[TEXT_TIME], until[TEXT_TIME];
	const char *state = now < token->until ? "valid" : "expired";

	text_time(token->from, from);
	text_time(token->until, until);
	if (!options->json) {
		(void)printf("token   %s\nformat  %s\nnode    %s\nfrom    %s\nuntil   %s (%s)\n",
			token->id, token_format_name(token->format), token->node.text, from, until,
			state);
		return;
	}
	BUF_CLEANUP struct buf text = buf_growing(4096);
	struct json_writer w = json_to(&text);

	json_open(&w, NULL);
	json_put_string(&w, "token", token->id);
	json_put_string(&w, "format", token_format_name(token->format));
	json_put_string(&w, "node", token->node.text);
	json_put_string(&w, "realm", token->realm.text);
	json_put_string(&w, "from", from);
	json_put_string(&w, "until", until);
	json_put_string(&w, "state", state);
	json_close(&w);
	(void)printf("%s\n", buf_string(&text));
}

static enum err bootstrap_and_print(const struct options *options, struct device *device)
{
	struct symdev_token token;

	TRY(device_bootstrap(device, options->address, &token));
	print_token(options, &token, env_wall(device->env));
	return OK;
}

enum err command_bootstrap(const struct options *options)
{
	struct device device;
	enum err err = device_open(options, &device);

	if (err == OK) {
		err = bootstrap_and_print(options, &device);
	}
	device_close(&device);
	return err;
}

enum err command_tokens(const struct options *options)
{
	struct device device;
	struct symdev_token token;
	enum err err = device_open(options, &device);

	if (err == OK) {
		err = symdev_token_load(&se_soft_ops, device.se, &device.client, &token);
	}
	if (err == OK) {
		print_token(options, &token, env_wall(device.env));
	} else if (err == ERR_NOT_FOUND && device.se) {
		(void)printf("%s\n",
			options->json ? "null" : "no bootstrap_token; `symbolon-device bootstrap`");
		err = OK;
	}
	device_close(&device);
	return err;
}

enum err command_drop(const struct options *options)
{
	struct device device;
	enum err err = device_open(options, &device);

	if (err == OK) {
		err = symdev_token_drop(&se_soft_ops, device.se, &device.client);
	}
	device_close(&device);
	return err;
}

static enum err print_key(const struct options *options, struct device *device)
{
	struct symdev_token token;
	struct ident application;
	struct ua ua = UA_TLS13_PSK;
	char identity[SYMDEV_PSK_IDENTITY];
	SECRET(key);

	if (options->word_count != 1) {
		return err_fail(ERR_CONFIG, "key needs an application, as app.example");
	}
	TRY(ident_parse(IDENT_APPLICATION, view_text(options->words[0]), &application));
	if (options->ua) {
		TRY(ua_parse(view_text(options->ua), &ua));
	}
	TRY(symdev_token_load(&se_soft_ops, device->se, &device->client, &token));
	if (!options->reveal) {
		TRY(symdev_psk_identity(&token, identity));
		(void)printf("%s\n", identity);
		return OK;
	}
	TRY(symdev_token_key(&se_soft_ops, device->se, &token, &application, ua, &key));
	uint8_t hex[TOKEN_KEY * 2 + 1];
	struct buf text = buf_fixed(hex, sizeof(hex));

	text_hex(&text, secret_view(&key));
	(void)printf("%.*s\n", TOKEN_KEY * 2, (const char *)hex);
	bytes_wipe(hex, sizeof(hex));
	return OK;
}

/* For trying other people's TLS clients: the PSK identity, or with --reveal the key itself. */
enum err command_key(const struct options *options)
{
	struct device device;
	enum err err = device_open(options, &device);

	if (err == OK) {
		err = print_key(options, &device);
	}
	device_close(&device);
	return err;
}
