// SPDX-License-Identifier: Apache-2.0
#include "device-cli/device_cli.h"

#include "base/text.h"
#include "wire/digest.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX = 64 * 1024 };

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

static const char *state_of(const struct symdev_token *token, int64_t now)
{
	return now < token->until ? "valid" : "expired";
}

static const char *use_of(const struct symdev_token *token)
{
	return token->application.kind == IDENT_NONE ? "any application" : token->application.text;
}

static void write_application(struct json_writer *w, const struct symdev_token *token)
{
	char ua[UA_SIZE * 2 + 1], until[TEXT_TIME];

	json_put_string(w, "application", token->application.text);
	json_open_array(w, "applications");
	for (size_t i = 0; i < token->application_count; i++) {
		json_put_string(w, NULL, token->applications[i].text);
	}
	json_close_array(w);
	json_open_array(w, "ua");
	for (size_t i = 0; i < token->ua_count; i++) {
		ua_print(token->uas[i], ua);
		json_put_string(w, NULL, ua);
	}
	json_close_array(w);
	json_put_string(w, "degree", token->degree);
	if (token->permitted_until != 0) {
		text_time(token->permitted_until, until);
		json_put_string(w, "permitted_until", until);
	}
	json_put_string(w, "mechanisms", token->mechanisms);
}

static void write_token(struct json_writer *w, const struct symdev_token *token, int64_t now)
{
	char from[TEXT_TIME], until[TEXT_TIME];

	text_time(token->from, from);
	text_time(token->until, until);
	json_open(w, NULL);
	json_put_string(w, "token", token->id);
	json_put_string(w, "format", token_format_name(token->format));
	json_put_string(w, "node", token->node.text);
	json_put_string(w, "realm", token->realm.text);
	json_put_string(w, "from", from);
	json_put_string(w, "until", until);
	json_put_string(w, "state", state_of(token, now));
	if (token->application.kind != IDENT_NONE) {
		write_application(w, token);
	}
	json_close(w);
}

static void print_token(const struct symdev_token *token, int64_t now)
{
	char from[TEXT_TIME], until[TEXT_TIME];

	text_time(token->from, from);
	text_time(token->until, until);
	(void)printf("token   %s\nformat  %s\nfor     %s\nnode    %s\nfrom    %s\n"
		     "until   %s (%s)\n",
		token->id, token_format_name(token->format), use_of(token), token->node.text, from,
		until, state_of(token, now));
}

static enum err bootstrap(const struct options *options, struct device *device)
{
	struct symdev_token token;
	struct ident application;
	BUF_CLEANUP struct buf text = buf_growing(ANSWER_MAX);
	struct json_writer w = json_to(&text);
	int64_t now;

	if (options->app) {
		TRY(device_read_ident("--app", IDENT_APPLICATION, options->app, &application));
	}
	TRY(device_bootstrap(device, options->app ? &application : NULL, options->address, &token));
	now = env_wall(device->env);
	if (!options->json) {
		print_token(&token, now);
		return OK;
	}
	write_token(&w, &token, now);
	return print_json(&text);
}

enum err command_bootstrap(const struct options *options)
{
	return run(options, bootstrap);
}

/* All of the active realm; in JSON one a line of an array. */
static enum err show(const struct options *options, struct device *device)
{
	BUF_CLEANUP struct buf text = buf_growing(ANSWER_MAX);
	struct json_writer w = json_to(&text);
	int64_t now = env_wall(device->env);
	bool any = false;

	json_open_array(&w, NULL);
	for (unsigned place = 0; place < SYMDEV_TOKENS; place++) {
		struct symdev_token token;
		enum err err =
			symdev_token_at(&se_soft_ops, device->se, &device->client, place, &token);

		if (err == ERR_NOT_FOUND || err == ERR_UNSUPPORTED) {
			continue;
		}
		TRY(err);
		if (!options->json) {
			(void)printf("%s", any ? "\n" : "");
			print_token(&token, now);
		}
		write_token(&w, &token, now);
		any = true;
	}
	json_close_array(&w);
	if (options->json) {
		return print_json(&text);
	}
	if (!any) {
		(void)printf("no bootstrap_token; `symbolon-device bootstrap`\n");
	}
	return OK;
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

/* HTTP Digest: who it is, and its password, as curl reads them from a file or its standard input. */
static enum err print_digest(const struct options *options, const char *id, const struct secret *key)
{
	BUF_CLEANUP struct buf text = buf_growing(ANSWER_MAX);
	struct json_writer w = json_to(&text);
	char password[SECRET_MAX + 1] = "";
	SECRET(secret);

	if (options->reveal) {
		TRY(digest_password_of_key(key, &secret));
		memcpy(password, secret.bytes, secret.len);
	}
	if (options->json) {
		json_open(&w, NULL);
		json_put_string(&w, "username", id);
		if (options->reveal) {
			json_put_string(&w, "password", password);
		}
		json_close(&w);
	} else if (options->reveal) {
		buf_printf(&text, "digest\nuser = \"%s:%s\"", id, password);
	} else {
		buf_text(&text, id);
	}
	enum err err = print_json(&text);

	buf_wipe(&text);
	bytes_wipe(password, sizeof(password));
	return err;
}

static enum err read_ua(const struct options *options, struct ua *ret)
{
	*ret = options->digest ? UA_TLS12(0x1301) : UA_TLS13_PSK;
	return options->ua ? ua_parse(view_text(options->ua), ret) : OK;
}

static enum err show_key(const struct options *options, struct device *device)
{
	struct symdev_token token;
	struct ident application;
	struct ua ua;
	char identity[SYMDEV_PSK_IDENTITY];
	SECRET(key);

	TRY(device_read_ident("APPLICATION", IDENT_APPLICATION, options->word, &application));
	TRY(read_ua(options, &ua));
	enum err err = symdev_token_find(&se_soft_ops, device->se, &device->client, &application,
		env_wall(device->env), &token);

	if (err == ERR_NOT_FOUND) {
		return err_fail(err, "no bootstrap_token; `symbolon-device bootstrap`");
	}
	TRY(err);
	TRY(symdev_psk_identity(&token, identity));
	if (options->reveal) {
		TRY(symdev_token_key(&se_soft_ops, device->se, &token, &application, ua, &key));
	}
	return options->digest ? print_digest(options, token.id, &key)
			       : print_identity_or_key(options, identity, &key);
}

enum err command_key(const struct options *options)
{
	return run(options, show_key);
}
