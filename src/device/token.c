// SPDX-License-Identifier: Apache-2.0
#include "device/token.h"

#include "base/text.h"

#include <openssl/evp.h>

#include <stdio.h>
#include <string.h>

enum { RECORD_VERSION = 1, RECORD_MAX = 1024 };

#define PSK_HINT "3GPP-bootstrapping;"

void token_label(const struct symdev_token *token, char ret[TOKEN_LABEL])
{
	struct buf out = buf_fixed(ret, TOKEN_LABEL);

	buf_text(&out, KS_LABEL);
	text_hex(&out, view_of(token->rand, RAND_SIZE));
	buf_u8(&out, 0);
}

/* Where a client's token stands: identities may be longer than labels. */
static enum err record_label(const struct ident *client, char ret[TOKEN_LABEL])
{
	struct buf out = buf_fixed(ret, TOKEN_LABEL);
	uint8_t digest[32];

	if (EVP_Digest(client->text, client->len, digest, NULL, EVP_sha256(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "SHA-256");
	}
	buf_text(&out, "token.");
	text_hex(&out, view_of(digest, 16));
	buf_u8(&out, 0);
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

/* version(1) format(1) from(8) until(8) RAND(16) client node realm (each length(1) text) */
static void write_record(struct buf *out, const struct symdev_token *token)
{
	buf_u8(out, RECORD_VERSION);
	buf_u8(out, (uint8_t)token->format);
	buf_u64(out, (uint64_t)token->from);
	buf_u64(out, (uint64_t)token->until);
	buf_bytes(out, token->rand, RAND_SIZE);
	put_ident(out, &token->client);
	put_ident(out, &token->node);
	put_ident(out, &token->realm);
}

static enum err read_record(struct view record, struct symdev_token *ret)
{
	struct reader r = reader_of(record);
	struct symdev_token token = {.from = 0};
	uint8_t version = reader_u8(&r);
	struct token_base base;

	token.format = (enum token_format)reader_u8(&r);
	token.from = (int64_t)reader_u64(&r);
	token.until = (int64_t)reader_u64(&r);
	reader_copy(&r, token.rand, RAND_SIZE);
	if (r.failed || version != RECORD_VERSION || token.format != TOKEN_GBA) {
		return err_fail(ERR_UNSUPPORTED, "token record of version %u", version);
	}
	TRY(get_ident(&r, IDENT_CLIENT, &token.client));
	TRY(get_ident(&r, IDENT_FQDN, &token.node));
	TRY(get_ident(&r, IDENT_FQDN, &token.realm));
	TRY(reader_end(&r, "token record"));
	base = (struct token_base){.client = token.client, .node = token.node, .realm = token.realm};
	memcpy(base.rand, token.rand, RAND_SIZE);
	TRY(token_id(token.format, &base, NULL, token.id));
	token_label(&token, token.label);
	*ret = token;
	return OK;
}

enum err token_keep(const struct symdev_se *ops, void *se, const struct symdev_token *token,
	const struct secret *ks)
{
	char label[TOKEN_LABEL];
	uint8_t bytes[RECORD_MAX];
	struct buf record = buf_fixed(bytes, sizeof(bytes));
	struct symdev_token old;
	bool had_old = symdev_token_load(ops, se, &token->client, &old) == OK;

	TRY(record_label(&token->client, label));
	write_record(&record, token);
	TRY(buf_end(&record, "token record"));
	TRY(ops->store(se, token->label, secret_view(ks)));
	TRY(ops->store(se, label, buf_contents(&record)));
	if (had_old && strcmp(old.label, token->label) != 0) {
		return ops->store(se, old.label, (struct view){0});
	}
	return OK;
}

enum err symdev_token_load(const struct symdev_se *ops, void *se, const struct ident *client,
	struct symdev_token *ret)
{
	char label[TOKEN_LABEL];
	uint8_t bytes[RECORD_MAX];
	struct buf record = buf_fixed(bytes, sizeof(bytes));

	TRY(record_label(client, label));
	TRY(ops->load(se, label, &record));
	return read_record(buf_contents(&record), ret);
}

enum err symdev_token_drop(const struct symdev_se *ops, void *se, const struct ident *client)
{
	char label[TOKEN_LABEL];
	struct symdev_token token;

	TRY(symdev_token_load(ops, se, client, &token));
	TRY(record_label(client, label));
	TRY(ops->store(se, label, (struct view){0}));
	return ops->store(se, token.label, (struct view){0});
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
	struct token_base base = {.client = token->client,
		.node = token->node,
		.realm = token->realm};

	memcpy(base.rand, token->rand, RAND_SIZE);
	return ops->derive(se, token->label, token->format, &base, application, ua,
		(struct view){0}, ret);
}

enum err symdev_psk_identity(const struct symdev_token *token, char ret[SYMDEV_PSK_IDENTITY])
{
	int len = snprintf(ret, SYMDEV_PSK_IDENTITY, PSK_HINT "%s", token->id);

	return len < SYMDEV_PSK_IDENTITY ? OK : err_fail(ERR_RANGE, "PSK identity too long");
}
