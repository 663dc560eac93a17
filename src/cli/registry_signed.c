// SPDX-License-Identifier: Apache-2.0
#include "cli/registry_signed.h"

#include "wire/request_signature.h"

#include <time.h>

enum { PEM_MAX = 4096 };

static enum err read_key(const char *path, struct jose_key **ret)
{
	uint8_t bytes[PEM_MAX];
	struct buf pem = buf_fixed(bytes, sizeof(bytes));
	enum err err = cli_read_secret(path, &pem);

	err = err == OK ? jose_key_from_pem(buf_contents(&pem), ret) : err;
	buf_wipe(&pem);
	return err;
}

/* The same request with the fields of its signature behind its own. */
static enum err ask_signed(struct cli *cli, const struct jose_key *key,
	struct request_to_sign *request, const struct api_extra *extra)
{
	struct http_field fields[API_FIELDS];
	struct request_signature signature;
	struct api_extra all = extra ? *extra : (struct api_extra){.count = 0};

	TRY(request_sign(key, request, &signature));
	if (all.count + signature.count > API_FIELDS) {
		return err_fail(ERR_RANGE, "too many fields");
	}
	for (size_t i = 0; i < all.count; i++) {
		fields[i] = extra->fields[i];
	}
	for (size_t i = 0; i < signature.count; i++) {
		fields[all.count++] = signature.fields[i];
	}
	all.fields = fields;
	return api_ask_with(cli->api, request->method, (const char *)request->target.data,
		request->body, &all);
}

static enum err ask(struct cli *cli, const char *key_file, struct request_to_sign *request,
	const struct api_extra *extra)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	char nonce[HTTP_SIGNATURE_NAME];

	TRY(api_ask_with(cli->api, request->method, (const char *)request->target.data,
		request->body, extra));
	if (!key_file || api_status(cli->api) != 401 || api_challenge(cli->api).len == 0) {
		return OK;
	}
	TRY(read_key(key_file, &key));
	TRY(request_nonce(api_challenge(cli->api), REQUEST_ENQUIRY_TAG, nonce));
	request->nonce = nonce;
	request->now = (int64_t)time(NULL);
	return ask_signed(cli, key, request, extra);
}

enum cli_status registry_ask_as(struct cli *cli, const char *key_file, const char *method,
	const char *target, struct view body, const struct api_extra *extra)
{
	struct request_to_sign request = {
		.method = method,
		.authority = view_text(api_host(cli->api)),
		.target = view_text(target),
		.body = body,
		.tag = REQUEST_ENQUIRY_TAG,
	};
	enum err err = ask(cli, key_file, &request, extra);

	if (err != OK) {
		cli_say("%s", err_detail());
		return err == ERR_UNAVAILABLE ? CLI_UNREACHABLE : CLI_USAGE;
	}
	return cli_judge(cli);
}
