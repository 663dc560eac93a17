// SPDX-License-Identifier: Apache-2.0
#include "wire/request_signature.h"

#include <string.h>

static const char *const components[] = {"@method", "@target-uri", "content-digest"};

static enum err end_text(struct buf *out, const char *what)
{
	buf_u8(out, 0);
	return buf_end(out, what);
}

static void add(struct request_signature *ret, const char *name, const char *value)
{
	ret->fields[ret->count++] = (struct http_field){view_text(name), view_text(value)};
}

enum err request_sign(const struct jose_key *key, const struct request_to_sign *request,
	struct request_signature *ret)
{
	struct buf input = buf_fixed(ret->input, sizeof(ret->input));
	struct buf signature = buf_fixed(ret->signature, sizeof(ret->signature));
	struct buf digest = buf_fixed(ret->digest, sizeof(ret->digest));
	char keyid[JOSE_THUMBPRINT];

	ret->count = 0;
	TRY(jose_thumbprint(key, keyid));
	if (request->body.len > 0) {
		TRY(content_digest_write(request->body, &digest));
		TRY(end_text(&digest, "Content-Digest"));
		add(ret, "Content-Digest", ret->digest);
	}
	const struct signed_message message = {
		.method = view_text(request->method),
		.scheme = view_text("https"),
		.authority = request->authority,
		.target = request->target,
		.fields = ret->fields,
		.field_count = ret->count,
	};
	const struct http_signature_terms terms = {
		.components = components,
		.count = request->body.len > 0 ? 3 : 2,
		.created = request->now,
		.expires = request->now + REQUEST_SIGNATURE_SECONDS,
		.keyid = keyid,
		.nonce = request->nonce,
		.tag = request->tag,
	};

	TRY(http_signature_make(key, &terms, &message, &input, &signature));
	TRY(end_text(&input, "Signature-Input"));
	TRY(end_text(&signature, "Signature"));
	add(ret, "Signature-Input", ret->input);
	add(ret, "Signature", ret->signature);
	return OK;
}

enum err request_nonce(struct view accept_signature, const char *tag, char ret[HTTP_SIGNATURE_NAME])
{
	struct http_signature_wanted wanted;

	TRY(http_signature_read_asked(accept_signature, &wanted));
	if (strcmp(wanted.tag, tag) != 0 || !wanted.nonce[0]) {
		return err_fail(ERR_NOT_FOUND,
			"Accept-Signature: not a challenge that is known here");
	}
	memcpy(ret, wanted.nonce, sizeof(wanted.nonce));
	return OK;
}
