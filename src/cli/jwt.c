// SPDX-License-Identifier: Apache-2.0
/* What an ASP was handed (10.3/3), checked without asking anybody: `symbolon jwt verify`. */
#include "cli/cli.h"

#include "base/text.h"
#include "wire/json.h"
#include "wire/verified.h"

#include <string.h>
#include <time.h>

enum { REALM, ASP, KEY };
enum { KEYS_MAX = 8, KEY_FILE_MAX = 64 * 1024 };

struct keys {
	struct jose_key *items[KEYS_MAX];
	size_t count;
};

static void free_keys(struct keys *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		jose_key_free(keys->items[i]);
	}
}

static enum err read_keys(const struct cli_arguments *args, struct keys *ret)
{
	if (args->many_count == 0 || args->many_count > KEYS_MAX) {
		return err_fail(ERR_CONFIG,
			"--key is wanted, up to %d times: the realm's public key", KEYS_MAX);
	}
	for (size_t i = 0; i < args->many_count; i++) {
		BUF_CLEANUP struct buf pem = buf_growing(KEY_FILE_MAX);

		TRY(text_read_file(args->many[i], KEY_FILE_MAX, &pem));
		TRY(jose_key_from_pem(buf_contents(&pem), &ret->items[ret->count]));
		ret->count++;
	}
	return OK;
}

static enum err read_parties(const struct cli_arguments *args, struct ident *realm,
	struct ident *asp)
{
	if (!args->values[REALM] || !args->values[ASP]) {
		return err_fail(ERR_CONFIG, "--realm and --asp are wanted: who signed it, and for "
					    "whom it must be");
	}
	TRY(ident_parse(IDENT_FQDN, view_text(args->values[REALM]), realm));
	return ident_parse(IDENT_ASP, view_text(args->values[ASP]), asp);
}

static void put_verified(const struct verified *v, struct buf *out)
{
	struct json_writer w = json_to(out);
	JSON_CLEANUP struct json *claims = NULL;
	char time[TEXT_TIME];

	json_open(&w, NULL);
	json_put_text(&w, "realm", ident_view(&v->realm));
	json_put_text(&w, "application", ident_view(&v->application));
	json_put_string(&w, "subject", v->subject);
	json_put_string(&w, "extension", v->id);
	text_time(v->expires, time);
	json_put_string(&w, "expires", time);
	if (v->claims.len > 0 && json_parse(v->claims, VERIFIED_CLAIMS, &claims) == OK) {
		json_put_string(&w, "trust_framework", v->framework);
		json_put_string(&w, "assurance_level", v->level);
		if (v->document[0]) {
			json_put_string(&w, "document", v->document);
		}
		json_put_value(&w, "claims", claims);
	}
	json_close(&w);
}

static enum err verify_file(const struct cli_arguments *args, struct buf *ret)
{
	struct keys keys __attribute__((cleanup(free_keys))) = {.count = 0};
	BUF_CLEANUP struct buf jwt = buf_growing(JOSE_MAX), claims = buf_growing(VERIFIED_CLAIMS);
	struct ident realm, asp;
	struct verified verified;

	TRY(read_parties(args, &realm, &asp));
	TRY(read_keys(args, &keys));
	TRY(text_read_file(args->words[0], JOSE_MAX, &jwt));
	while (jwt.len > 0 && (jwt.data[jwt.len - 1] == '\n' || jwt.data[jwt.len - 1] == '\r')) {
		jwt.len--;
	}
	const struct verified_for wanted = {&realm, &asp, (int64_t)time(NULL)};

	TRY(verified_verify((const struct jose_key *const *)keys.items, keys.count, &wanted,
		buf_contents(&jwt), &claims, &verified));
	put_verified(&verified, ret);
	return buf_end(ret, "JWT");
}

static enum cli_status verify(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf out = buf_growing(CLI_BODY_MAX);
	enum err err = verify_file(args, &out);

	(void)cli;
	if (err != OK) {
		cli_say("%s", err_detail());
		return err == ERR_CONFIG ? CLI_USAGE : CLI_REFUSED;
	}
	(void)printf("%s\n", buf_string(&out));
	return CLI_DONE;
}

static const struct cli_command commands[] = {
	{
		.noun = "jwt",
		.verb = "verify",
		.words = {"FILE"},
		.summary = "check what a realm handed to an ASP, and print what it says as JSON",
		.options = {CLI_OPTION("realm", "NAME", "the realm that must have signed it"),
			CLI_OPTION("asp", "ID", "the ASP that it must be for"),
			CLI_REPEATED("key", "FILE",
				"a public key of the realm, PEM: from the keys of its document")},
		.more = "Of another realm, for another ASP, changed or over, it is refused with "
			"the "
			"reason.",
		.run = verify,
	},
};

const struct cli_noun cli_jwt_noun = {"jwt", "what a realm has handed to an ASP", commands,
	sizeof(commands) / sizeof(commands[0])};
