// SPDX-License-Identifier: Apache-2.0
#include "device/token.h"

#include "base/text.h"

#include <openssl/evp.h>

#include <stdio.h>
#include <string.h>

enum { RECORD_VERSION = 1, RECORD_MAX = 1024, SLOTS = 2 };

#define TIME_MAX INT64_C(253402300799) /* the last second of the year 9999 */

#define PSK_HINT "3GPP-bootstrapping;"

/* Where a client's token stands: identities may be longer than labels. */
struct places {
	char record[TOKEN_LABEL];
	char ks[SLOTS][TOKEN_LABEL];
};

static enum err find_places(const struct ident *client, struct places *ret)
{
	uint8_t digest[32];
	char name[33];
	struct buf hex = buf_fixed(name, sizeof(name));

	if (EVP_Digest(client->text, client->len, digest, NULL, EVP_sha256(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "SHA-256");
	}
	text_hex(&hex, view_of(digest, 16));
	buf_u8(&hex, 0);
	(void)snprintf(ret->record, TOKEN_LABEL, "token.%s", name);
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		(void)snprintf(ret->ks[slot], TOKEN_LABEL, KS_LABEL "%s.%u", name, slot);
	}
	return OK;
}

static void put_ident(struct buf *out, const struct ident *ident)
{
	buf_u8(out, ident->len);
	buf_view(out, ident_view(ident));
}

static enum err get_ident(struct reader *r, enum ident_kind kind, struct ident *ret)
{
	return ident_parse(kind, reader_bytes(r, reader_u8(r)), ret);
}

/* version(1) format(1) slot(1) from(8) until(8) RAND(16) client node realm (each length(1) text) */
static void write_record(struct buf *out, const struct symdev_token *token)
{
	buf_u8(out, RECORD_VERSION);
	buf_u8(out, (uint8_t)token->format);
	buf_u8(out, token->slot);
	buf_u64(out, (uint64_t)token->from);
	buf_u64(out, (uint64_t)token->until);
	buf_bytes(out, token->rand, RAND_SIZE);
	put_ident(out, &token->client);
	put_ident(out, &token->node);
	put_ident(out, &token->realm);
}

static enum err read_fields(struct reader *r, struct symdev_token *ret)
{
	ret->format = (enum token_format)reader_u8(r);
	ret->slot = reader_u8(r);
	uint64_t from = reader_u64(r), until = reader_u64(r);

	reader_copy(r, ret->rand, RAND_SIZE);
	if (ret->format != TOKEN_GBA || ret->slot >= SLOTS || from > TIME_MAX || until > TIME_MAX) {
		return ERR_RANGE;
	}
	ret->from = (int64_t)from;
	ret->until = (int64_t)until;
	TRY(get_ident(r, IDENT_CLIENT, &ret->client));
	TRY(get_ident(r, IDENT_FQDN, &ret->node));
	TRY(get_ident(r, IDENT_FQDN, &ret->realm));
	return reader_end(r, "token record");
}

static enum err read_record(struct view record, const struct ident *client, struct symdev_token *ret)
{
	struct reader r = reader_of(record);
	struct symdev_token token = {.from = 0};
	uint8_t version = reader_u8(&r);

	if (version != RECORD_VERSION || read_fields(&r, &token) != OK ||
		!ident_equal(&token.client, client)) {
		return err_fail(ERR_UNSUPPORTED,
			"what is kept is no token of this version (%u); bootstrap again", version);
	}
	struct token_base base = {.client = token.client, .node = token.node, .realm = token.realm};

	memcpy(base.rand, token.rand, RAND_SIZE);
	TRY(token_id(token.format, &base, NULL, token.id));
	*ret = token;
	return OK;
}

static enum err load(const struct symdev_se *ops, void *se, const struct places *places,
	const struct ident *client, struct symdev_token *ret)
{
	uint8_t bytes[RECORD_MAX];
	struct buf record = buf_fixed(bytes, sizeof(bytes));

	TRY(ops->load(se, places->record, &record));
	return read_record(buf_contents(&record), client, ret);
}

enum err token_keep(const struct symdev_se *ops, void *se, const struct secret *ks,
	struct symdev_token *ret_token)
{
	static const struct view nothing;
	struct places places;
	struct symdev_token old;
	uint8_t bytes[RECORD_MAX];
	struct buf record = buf_fixed(bytes, sizeof(bytes));

	TRY(find_places(&ret_token->client, &places));
	enum err had = load(ops, se, &places, &ret_token->client, &old);

	if (had != OK && had != ERR_NOT_FOUND && had != ERR_UNSUPPORTED) {
		return had; /* which slot is free is not known */
	}
	ret_token->slot = had == OK ? (uint8_t)(1 - old.slot) : 0;
	write_record(&record, ret_token);
	TRY(buf_end(&record, "token record"));
	TRY(ops->store(se, places.ks[ret_token->slot], secret_view(ks)));
	TRY(ops->store(se, places.record, buf_contents(&record)));
	return ops->store(se, places.ks[1 - ret_token->slot], nothing);
}

enum err symdev_token_load(const struct symdev_se *ops, void *se, const struct ident *client,
	struct symdev_token *ret)
{
	struct places places;

	TRY(find_places(client, &places));
	return load(ops, se, &places, client, ret);
}

enum err symdev_token_drop(const struct symdev_se *ops, void *se, const struct ident *client)
{
	static const struct view nothing;
	struct places places;
	struct symdev_token token;

	TRY(find_places(client, &places));
	enum err had = load(ops, se, &places, client, &token);

	if (had != OK && had != ERR_UNSUPPORTED) {
		return had;
	}
	TRY(ops->store(se, places.record, nothing));
	TRY(ops->store(se, places.ks[0], nothing));
	return ops->store(se, places.ks[1], nothing);
}

enum err symdev_token_check(const struct symdev_token *token, int64_t now, int64_t margin)
{
	return now < token->until - margin
		       ? OK
		       : err_fail(ERR_EXPIRED, "10.5/1d: the bootstrap_token has expired");
}

enum err symdev_token_key(const struct symdev_se *ops, void *se, const struct symdev_token *token,
	const struct ident *application, struct ua ua, struct secret *ret)
{
	static const struct view no_binding;
	struct places places;
	struct symdev_token kept;
	struct token_base base = {.client = token->client,
		.node = token->node,
		.realm = token->realm};

	TRY(find_places(&token->client, &places));
	TRY(load(ops, se, &places, &token->client, &kept));
	if (memcmp(kept.rand, token->rand, RAND_SIZE) != 0) {
		return err_fail(ERR_EXPIRED, "9.3: a newer bootstrap_token has replaced this one");
	}
	memcpy(base.rand, token->rand, RAND_SIZE);
	return ops->derive(se, places.ks[kept.slot], token->format, &base, application, ua,
		no_binding, ret);
}

enum err symdev_psk_identity(const struct symdev_token *token, char ret[SYMDEV_PSK_IDENTITY])
{
	int len = snprintf(ret, SYMDEV_PSK_IDENTITY, PSK_HINT "%s", token->id);

	return len < SYMDEV_PSK_IDENTITY ? OK : err_fail(ERR_RANGE, "PSK identity too long");
}
