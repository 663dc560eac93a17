// SPDX-License-Identifier: Apache-2.0
/* What a registry has signed, checked without asking anybody: `symbolon registry verify-answer`.  req: R9.3-ii-c */
#include "cli/registry_enquiry.h"

#include "base/text.h"
#include "core/trust.h"
#include "wire/registry_answer.h"
#include "wire/status_list.h"

#include <string.h>
#include <time.h>

enum { KEYS_MAX = 16, FILE_MAX = STATUS_LIST_TOKEN_MAX };

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

static const struct jose_key *const *keys_of(const struct keys *keys)
{
	return (const struct jose_key *const *)keys->items;
}

static enum err read_anchor(const char *path, struct keys *ret)
{
	BUF_CLEANUP struct buf text = buf_growing(FILE_MAX);

	if (!path) {
		return err_fail(ERR_CONFIG, "--anchor is wanted: what the registry signs with");
	}
	TRY(text_read_file(path, FILE_MAX, &text));
	return jose_keys_read(buf_contents(&text), KEYS_MAX, ret->items, &ret->count);
}

static enum err verify_answer(const struct cli_arguments *args, const struct keys *keys,
	struct view jws, struct buf *out)
{
	static struct registry_answer answer;
	JSON_CLEANUP struct json *document = NULL;
	struct json_writer w = json_to(out);
	uint8_t root[32];
	const struct registry_answer_wanted wanted = {
		.audience = view_text(args->values[VERIFY_AUDIENCE]),
		.nonce = view_text(args->values[VERIFY_NONCE]),
		.now = args->values[VERIFY_ARCHIVED] ? 0 : (int64_t)time(NULL),
	};

	TRY(registry_answer_verify(keys_of(keys), keys->count, &wanted, jws, root, &document,
		&answer));
	json_put_value(&w, NULL, document);
	return buf_end(out, "answer");
}

static enum err read_index(const char *text, uint64_t *ret)
{
	return text ? text_from_u64(view_text(text), STATUS_LIST_MAX, ret, "--index")
		    : err_fail(ERR_CONFIG, "--index is wanted: the place in the list");
}

static enum err verify_list(const struct cli_arguments *args, const struct keys *keys,
	struct view jws, struct buf *out)
{
	BUF_CLEANUP struct buf kept = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(out);
	struct status_list_token token;
	struct status_list *list = NULL;
	uint64_t index = 0;

	TRY(read_index(args->values[VERIFY_INDEX], &index));
	TRY(status_list_verify(keys_of(keys), keys->count, jws, (int64_t)time(NULL), &kept, &token,
		&list));
	json_open(&w, NULL);
	json_put_text(&w, "iss", token.issuer);
	json_put_text(&w, "sub", token.subject);
	json_put_int(&w, "exp", token.expires);
	json_put_int(&w, "idx", (int64_t)index);
	json_put_string(&w, "trust", trust_name((enum trust)status_list_get(list, index)));
	json_close(&w);
	status_list_free(list);
	return buf_end(out, "status list");
}

static enum err verify(const struct cli_arguments *args, struct buf *out)
{
	struct keys keys __attribute__((cleanup(free_keys))) = {.count = 0};
	BUF_CLEANUP struct buf jws = buf_growing(FILE_MAX);

	TRY(read_anchor(args->values[VERIFY_ANCHOR], &keys));
	TRY(text_read_file(args->words[0], FILE_MAX, &jws));
	while (jws.len > 0 && (jws.data[jws.len - 1] == '\n' || jws.data[jws.len - 1] == '\r')) {
		jws.len--;
	}
	return args->values[VERIFY_INDEX] ? verify_list(args, &keys, buf_contents(&jws), out)
					  : verify_answer(args, &keys, buf_contents(&jws), out);
}

enum cli_status registry_verify_answer(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf out = buf_growing(JOSE_MAX);
	enum err err = verify(args, &out);

	(void)cli;
	if (err != OK) {
		cli_say("%s", err_detail());
		return err == ERR_CONFIG ? CLI_USAGE : CLI_REFUSED;
	}
	(void)printf("%s\n", buf_string(&out));
	return CLI_DONE;
}
