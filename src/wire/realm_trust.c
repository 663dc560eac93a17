// SPDX-License-Identifier: Apache-2.0
/* realm_trust: of the realm document, whom it is verified with, and whom it says to trust. */
#include "wire/realm_document.h"

#include "base/text.h"

#include <string.h>

/* --- keys as bytes --- */

enum { PINNED_MAX = 8 };

struct pinned {
	struct jose_key *keys[PINNED_MAX];
	size_t count;
};

static void free_pinned(struct pinned *pinned)
{
	for (size_t i = 0; i < pinned->count; i++) {
		jose_key_free(pinned->keys[i]);
	}
}

enum err realm_document_verify_pinned(const struct realm_key *pinned, size_t count,
	const struct ident *realm, uint64_t serial, int64_t now, struct view compact,
	struct realm_document *ret)
{
	struct pinned all __attribute__((cleanup(free_pinned))) = {.count = 0};

	if (count == 0) {
		return err_fail(ERR_UNSUPPORTED, "no key is pinned for the realm document");
	}
	for (size_t i = 0; i < count && i < PINNED_MAX; i++) {
		TRY(jose_key_from_public(view_of(pinned[i].bytes, pinned[i].len), &all.keys[i]));
		all.count++;
	}
	return realm_document_verify((const struct jose_key *const *)all.keys, all.count, realm,
		serial, now, compact, ret);
}

enum err realm_key_of(const struct jose_key *key, struct realm_key *ret)
{
	struct realm_key read = {.len = 0};
	struct buf out = buf_fixed(read.bytes, sizeof(read.bytes));

	TRY(jose_key_public(key, &out));
	read.len = (uint8_t)out.len;
	*ret = read;
	return OK;
}

enum err realm_key_from_pem(struct view pem, struct realm_key *ret)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;

	TRY(jose_key_from_pem(pem, &key));
	return realm_key_of(key, ret);
}

bool realm_key_equal(const struct realm_key *a, const struct realm_key *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* --- trust anchors --- */

enum { PEM_LINE = 64 };

static const char pem_begin[] = "-----BEGIN CERTIFICATE-----";
static const char pem_end[] = "-----END CERTIFICATE-----";

static enum err put_certificate(const struct realm_anchor *anchor, struct buf *out)
{
	BUF_CLEANUP struct buf text = buf_growing(REALM_ANCHOR * 2);

	text_base64(&text, view_of(anchor->der, anchor->len));
	TRY(buf_end(&text, "trust anchor"));
	buf_printf(out, "%s\n", pem_begin);
	for (size_t at = 0; at < text.len; at += PEM_LINE) {
		size_t left = text.len - at;

		buf_bytes(out, text.data + at, left < PEM_LINE ? left : (size_t)PEM_LINE);
		buf_u8(out, '\n');
	}
	buf_printf(out, "%s\n", pem_end);
	return OK;
}

enum err realm_document_anchors(const struct realm_document *in, struct buf *out)
{
	for (size_t i = 0; i < in->anchor_count; i++) {
		TRY(put_certificate(&in->anchors[i], out));
	}
	return in->anchor_count > 0 ? buf_end(out, "trust anchors")
				    : err_fail(ERR_NOT_FOUND, "realm document: no trust anchors");
}

/* What stands between two lines of a PEM block, without its line ends. */
static enum err take_certificate(struct view block, struct realm_anchor *ret)
{
	uint8_t text[REALM_ANCHOR * 2];
	struct buf out = buf_fixed(text, sizeof(text));
	size_t len = 0;

	for (size_t i = 0; i < block.len; i++) {
		if (block.data[i] > ' ') {
			buf_u8(&out, block.data[i]);
		}
	}
	TRY(buf_end(&out, "trust anchor"));
	TRY(text_from_base64(buf_contents(&out), ret->der, sizeof(ret->der), &len, "trust anchor"));
	ret->len = (uint16_t)len;
	return OK;
}

static const uint8_t *find(struct view in, const char *text)
{
	return memmem(in.data, in.len, text, strlen(text));
}

enum err realm_document_take_anchors(struct view pem, struct realm_document *ret)
{
	const uint8_t *end = pem.data + pem.len, *from = find(pem, pem_begin);

	ret->anchor_count = 0;
	while (from) {
		const uint8_t *body = from + strlen(pem_begin);
		const uint8_t *to = find(view_of(body, (size_t)(end - body)), pem_end);

		if (!to) {
			return err_fail(ERR_SYNTAX, "trust anchor: PEM without its end");
		}
		if (ret->anchor_count == REALM_ANCHORS) {
			return err_fail(ERR_RANGE, "trust anchors: more than %d", REALM_ANCHORS);
		}
		TRY(take_certificate(view_of(body, (size_t)(to - body)),
			&ret->anchors[ret->anchor_count]));
		ret->anchor_count++;
		from = find(view_of(to, (size_t)(end - to)), pem_begin);
	}
	return ret->anchor_count > 0 ? OK
				     : err_fail(ERR_SYNTAX, "trust anchors: no PEM certificate");
}
