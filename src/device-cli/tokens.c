// SPDX-License-Identifier: Apache-2.0
#include "device-cli/device_cli.h"

#include "base/text.h"
#include "wire/json.h"

#include <stdio.h>

enum { ANSWER_MAX = 8192 };

typedef enum err with_device(const struct options *options, struct device *device);

static enum err run(const struct options *options, with_device *what)
{
	struct device device;
	enum err err = device_open(options, &device);

	if (err == OK) {
		err = what(options, &device);
	}
	device_close(&device);
	return err;
}

static enum err print_json(struct buf *text)
{
	TRY(buf_end(text, "answer"));
	return printf("%s\n", buf_string(text)) > 0 ? OK : err_system("standard output");
}

static enum err print_token(const struct options *options, const struct symdev_token *token,
	int64_t now)
{
	char from[TEXT_TIME], until[TEXT_TIME];
	const char *state = now < token->until ? "valid" : "expired";

	text_time(token->from, from);
	text_time(token->until, until);
	if (!options->json) {
		(void)printf("token   %s\nformat  %s\nnode    %s\nfrom    %s\nuntil   %s (%s)\n",
			token->id, token_format_name(token->format), token->node.text, from, until,
			state);
		return OK;
	}
	BUF_CLEANUP struct buf text = buf_growing(ANSWER_MAX);
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
	return print_json(&text);
}

static enum err bootstrap(const struct options *options, struct device *device)
{
	struct symdev_token token;

	TRY(device_bootstrap(device, options->address, &token));
	return print_token(options, &token, env_wall(device->env));
}

enum err command_bootstrap(const struct options *options)
{
	return run(options, bootstrap);
}

static enum err show(const struct options *options, struct device *device)
{
	struct symdev_token token;
	enum err err = symdev_token_load(&se_soft_ops, device->se, &device->client, &token);

	if (err == ERR_NOT_FOUND) {
		(void)printf("%s\n",
			options->json ? "null" : "no bootstrap_token; `symbolon-device bootstrap`");
		return OK;
	}
	TRY(err);
	return print_token(options, &token, env_wall(device->env));
}

enum err command_tokens(const struct options *options)
{
	return run(options, show);
}

static enum err drop(const struct options *options, struct device *device)
{
	(void)options;
	return symdev_token_drop(&se_soft_ops, device->se, &device->client);
}

enum err command_drop(const struct options *options)
{
	return run(options, drop);
}

/* The only place where a key leaves: asked for, to standard output. */
static enum err print_identity_or_key(const struct options *options, const char *identity,
	const struct secret *key)
{
	char hex[TOKEN_KEY * 2 + 1] = "";
	struct buf digits = buf_fixed(hex, sizeof(hex));
	BUF_CLEANUP struct buf text = buf_growing(ANSWER_MAX);
	struct json_writer w = json_to(&text);

	text_hex(&digits, secret_view(key));
	if (!options->json) {
		(void)printf("%s\n", options->reveal ? hex : identity);
		bytes_wipe(hex, sizeof(hex));
		return OK;
	}
	json_open(&w, NULL);
	json_put_string(&w, "identity", identity);
	if (options->reveal) {
		json_put_string(&w, "key", hex);
	}
	json_close(&w);
	enum err err = print_json(&text);

	buf_wipe(&text);
	bytes_wipe(hex, sizeof(hex));
	return err;
}

static enum err show_key(const struct options *options, struct device *device)
{
	struct symdev_token token;
	struct ident application;
	struct ua ua = UA_TLS13_PSK;
	char identity[SYMDEV_PSK_IDENTITY];
	SECRET(key);

	TRY(device_read_ident("APPLICATION", IDENT_APPLICATION, options->word, &application));
	if (options->ua) {
		TRY(ua_parse(view_text(options->ua), &ua));
	}
	enum err err = symdev_token_load(&se_soft_ops, device->se, &device->client, &token);

	if (err == ERR_NOT_FOUND) {
		return err_fail(err, "no bootstrap_token; `symbolon-device bootstrap`");
	}
	TRY(err);
	TRY(symdev_token_check(&token, env_wall(device->env), 0));
	TRY(symdev_psk_identity(&token, identity));
	if (options->reveal) {
		TRY(symdev_token_key(&se_soft_ops, device->se, &token, &application, ua, &key));
	}
	return print_identity_or_key(options, identity, &key);
}

enum err command_key(const struct options *options)
{
	return run(options, show_key);
}
