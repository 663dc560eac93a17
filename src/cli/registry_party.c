// SPDX-License-Identifier: Apache-2.0
#include "cli/registry_party.h"

#include "base/secret.h"
#include "base/text.h"

#include <time.h>

enum { PEM_MAX = 4096 };

enum err party_key_make(const char *path, struct jose_key **ret)
{
	BUF_CLEANUP struct buf pem = buf_growing(PEM_MAX);

	TRY(jose_key_make(JOSE_ES256, ret));
	enum err err = jose_key_to_pem(*ret, true, &pem);

	err = err == OK ? text_write_file(path, buf_contents(&pem), 0600) : err;
	buf_wipe(&pem);
	return err;
}

enum err party_key_read(const char *path, struct jose_key **ret)
{
	uint8_t bytes[PEM_MAX];
	struct buf pem = buf_fixed(bytes, sizeof(bytes));
	enum err err = cli_read_secret(path, &pem);

	err = err == OK ? jose_key_from_pem(buf_contents(&pem), ret) : err;
	buf_wipe(&pem);
	return err;
}

static enum err send(struct cli *cli, const struct party_request *request,
	const struct request_signature *signature)
{
	struct http_field fields[API_FIELDS];
	struct api_extra extra = request->extra ? *request->extra : (struct api_extra){.count = 0};

	for (size_t i = 0; i < extra.count; i++) {
		fields[i] = extra.fields[i];
	}
	extra.fields = fields;
	for (size_t i = 0; signature && i < signature->count; i++) {
		fields[extra.count++] = signature->fields[i];
	}
	if (request->type && request->body.len > 0) {
		fields[extra.count++] =
			(struct http_field){view_text("Content-Type"), view_text(request->type)};
	}
	return api_ask_with(cli->api, request->method, request->target, request->body, &extra);
}

static enum err send_signed(struct cli *cli, const struct jose_key *key,
	const struct party_request *request, const char *nonce)
{
	struct request_signature signature;
	const struct request_to_sign what = {
		.method = request->method,
		.authority = view_text(api_host(cli->api)),
		.target = view_text(request->target),
		.body = request->body,
		.tag = request->tag ? request->tag : REQUEST_ENQUIRY_TAG,
		.nonce = nonce,
		.now = (int64_t)time(NULL),
	};

	TRY(request_sign(key, &what, &signature));
	return send(cli, request, &signature);
}

/* Asks, is challenged, signs, and asks again: what is sent goes with the second time alone. */
enum err party_ask(struct cli *cli, const struct jose_key *key, const struct party_request *request)
{
	char nonce[HTTP_SIGNATURE_NAME];

	if (!key) {
		return send(cli, request, NULL);
	}
	if (request->tag) {
		return send_signed(cli, key, request, NULL);
	}
	TRY(api_ask(cli->api, request->method, request->target, view_text("")));
	if (api_status(cli->api) != 401 || api_challenge(cli->api).len == 0) {
		return OK;
	}
	TRY(request_nonce(api_challenge(cli->api), REQUEST_ENQUIRY_TAG, nonce));
	return send_signed(cli, key, request, nonce);
}

enum cli_status party_ask_from(struct cli *cli, const char *key_file,
	const struct party_request *request)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	enum err err = key_file ? party_key_read(key_file, &key) : OK;

	err = err == OK ? party_ask(cli, key, request) : err;
	if (err != OK) {
		cli_say("%s", err_detail());
		return err == ERR_UNAVAILABLE ? CLI_UNREACHABLE : CLI_USAGE;
	}
	return cli_judge(cli);
}
