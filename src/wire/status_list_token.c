// SPDX-License-Identifier: Apache-2.0
#include "wire/status_list.h"

#include "base/text.h"
#include "wire/jose.h"
#include "wire/json.h"

#include <stdlib.h>

enum { SKEW = 60 };

static void put_list(struct json_writer *w, const char *name, struct view zlib)
{
	BUF_CLEANUP struct buf lst = buf_growing(STATUS_LIST_TOKEN_MAX);

	text_base64url(&lst, zlib);
	w->out->failed |= lst.failed;
	json_open(w, name);
	json_put_int(w, "bits", STATUS_LIST_BITS);
	json_put_text(w, "lst", buf_contents(&lst));
	json_close(w);
}

enum err status_list_write_json(struct view zlib, struct buf *out)
{
	struct json_writer w = json_to(out);

	put_list(&w, NULL, zlib);
	return buf_end(out, "status list");
}

enum err status_list_read_json(const struct json *object, size_t max, struct status_list **ret)
{
	struct view lst;
	int64_t bits = 0;
	size_t len = 0;

	TRY(json_int(object, "bits", 1, 8, &bits));
	TRY(json_text(object, "lst", &lst));
	if (bits != STATUS_LIST_BITS) {
		return err_fail(ERR_UNSUPPORTED, "status list: of other than two bits");
	}
	size_t room = lst.len / 4 * 3 + 3;
	AUTOFREE uint8_t *zlib = malloc(room);

	if (!zlib) {
		return err_fail(ERR_MEMORY, "status list: out of memory");
	}
	TRY(text_from_base64url(lst, zlib, room, &len, "status list"));
	return status_list_inflate(view_of(zlib, len), max, ret);
}

enum err status_list_sign(const struct status_list_token *token, struct view zlib,
	const struct jose_key *key, struct buf *out)
{
	BUF_CLEANUP struct buf payload = buf_growing(STATUS_LIST_TOKEN_MAX);
	struct json_writer w = json_to(&payload);

	json_open(&w, NULL);
	if (token->issuer.len > 0) {
		json_put_text(&w, "iss", token->issuer);
	}
	json_put_text(&w, "sub", token->subject);
	json_put_int(&w, "iat", token->issued);
	json_put_int(&w, "exp", token->expires);
	json_put_int(&w, "ttl", token->ttl);
	put_list(&w, "status_list", zlib);
	json_close(&w);
	TRY(buf_end(&payload, "status list token"));
	return jose_sign_within(key, STATUS_LIST_TYP, buf_contents(&payload), STATUS_LIST_TOKEN_MAX,
		out);
}

/* exp and ttl are optional in the draft; not here, where a list that never ends would be believed for ever. */
static enum err read_claims(const struct json *root, int64_t now, struct status_list_token *ret)
{
	ret->issuer = view_text("");
	TRY(json_text_opt(root, "iss", &ret->issuer));
	TRY(json_text(root, "sub", &ret->subject));
	TRY(json_int(root, "iat", 0, INT64_MAX, &ret->issued));
	TRY(json_int(root, "exp", 0, INT64_MAX, &ret->expires));
	ret->ttl = 0;
	TRY(json_int_opt(root, "ttl", 0, INT64_MAX, &ret->ttl));
	return ret->issued > now + SKEW || ret->expires <= now
		       ? err_fail(ERR_EXPIRED, "status list: not of now")
		       : OK;
}

/* Views that outlive the parsed document: into a copy of the texts. */
static enum err keep(struct view text, struct buf *out, size_t *ret_at)
{
	*ret_at = out->len;
	buf_view(out, text);
	return buf_end(out, "status list token");
}

enum err status_list_verify(const struct jose_key *const *keys, size_t count, struct view jwt,
	int64_t now, struct buf *payload, struct status_list_token *ret,
	struct status_list **ret_list)
{
	BUF_CLEANUP struct buf text = buf_growing(STATUS_LIST_TOKEN_MAX);
	JSON_CLEANUP struct json *root = NULL;
	struct status_list_token token = {.ttl = 0};
	size_t issuer = 0, subject = 0;

	TRY(jose_verify_within(keys, count, STATUS_LIST_TYP, jwt, STATUS_LIST_TOKEN_MAX, &text));
	TRY(json_parse(buf_contents(&text), STATUS_LIST_TOKEN_MAX, &root));
	TRY(read_claims(root, now, &token));
	TRY(keep(token.issuer, payload, &issuer));
	TRY(keep(token.subject, payload, &subject));
	TRY(status_list_read_json(json_member(root, "status_list"), STATUS_LIST_MAX, ret_list));
	token.issuer.data = payload->data + issuer;
	token.subject.data = payload->data + subject;
	*ret = token;
	return OK;
}
