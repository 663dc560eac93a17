// SPDX-License-Identifier: Apache-2.0
#include "device/token.h"

#include "base/text.h"
#include "device/realms.h"

#include <openssl/evp.h>

#include <stdio.h>
#include <string.h>

/* Version 1 had the plain form's token alone. What it left is read, and replaced in time. */
enum { RECORD_PLAIN = 1, RECORD_VERSION = 2, RECORD_MAX = 4096, SLOTS = 2 };

enum { TMPI_RECORD = TMPI_MAX + 1 + IDENT_MAX };

#define TIME_MAX INT64_C(253402300799) /* the last second of the year 9999 */

static const struct view nothing;

/* A secure element, and whose tokens are looked at there. */
struct shelf {
	const struct symdev_se *ops;
	void *se;
	const struct ident *client;
	char name[33]; /* of the client in labels, which are shorter than identities may be */
};

static enum err shelf_of(const struct symdev_se *ops, void *se, const struct ident *client,
	struct shelf *ret)
{
	uint8_t digest[32];
	struct buf hex = buf_fixed(ret->name, sizeof(ret->name));

	if (EVP_Digest(client->text, client->len, digest, NULL, EVP_sha256(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "SHA-256");
	}
	text_hex(&hex, view_of(digest, 16));
	buf_u8(&hex, 0);
	ret->ops = ops;
	ret->se = se;
	ret->client = client;
	return OK;
}

/* The first place has the labels that version 1 had. */
static void record_label(const struct shelf *shelf, unsigned place, char ret[TOKEN_LABEL])
{
	(void)snprintf(ret, TOKEN_LABEL, place > 0 ? "token.%s.%u" : "token.%s", shelf->name, place);
}

static void ks_label(const struct shelf *shelf, unsigned place, unsigned slot, char ret[TOKEN_LABEL])
{
	if (place > 0) {
		(void)snprintf(ret, TOKEN_LABEL, KS_LABEL "%s.%u.%u", shelf->name, place, slot);
	} else {
		(void)snprintf(ret, TOKEN_LABEL, KS_LABEL "%s.%u", shelf->name, slot);
	}
}

static enum err store_ks(const struct shelf *shelf, unsigned place, unsigned slot, struct view value)
{
	char label[TOKEN_LABEL];

	ks_label(shelf, place, slot, label);
	return shelf->ops->store(shelf->se, label, value);
}

static enum err store_record(const struct shelf *shelf, unsigned place, struct view value)
{
	char label[TOKEN_LABEL];

	record_label(shelf, place, label);
	return shelf->ops->store(shelf->se, label, value);
}

/* --- the record --- */

static void put_ident(struct buf *out, const struct ident *ident)
{
	buf_u8(out, ident->len);
	buf_view(out, ident_view(ident));
}

static enum err get_ident(struct reader *r, enum ident_kind kind, struct ident *ret)
{
	return ident_parse(kind, reader_bytes(r, reader_u8(r)), ret);
}

static void put_short(struct buf *out, const char *text)
{
	buf_u8(out, (uint8_t)strlen(text));
	buf_text(out, text);
}

/*
 * version(1) format(1) slot(1) from(8) until(8) RAND(16) client node realm (each length(1) text), then
 * application (length 0: the plain form's, and the end), id, degree, mechanisms, binding (length(1) bytes),
 * permitted until(8), count(1) applications, count(1) Ua ids(5 each)
 */
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
	put_ident(out, &token->application);
	if (token->application.kind == IDENT_NONE) {
		return;
	}
	buf_u16(out, (uint16_t)strlen(token->id));
	buf_text(out, token->id);
	put_short(out, token->degree);
	put_short(out, token->mechanisms);
	buf_u8(out, (uint8_t)token->binding_len);
	buf_bytes(out, token->binding, token->binding_len);
	buf_u64(out, (uint64_t)token->permitted_until);
	buf_u8(out, (uint8_t)token->application_count);
	for (size_t i = 0; i < token->application_count; i++) {
		put_ident(out, &token->applications[i]);
	}
	buf_u8(out, (uint8_t)token->ua_count);
	for (size_t i = 0; i < token->ua_count; i++) {
		buf_bytes(out, token->uas[i].bytes, UA_SIZE);
	}
}

static enum err get_time(struct reader *r, int64_t *ret)
{
	uint64_t seconds = reader_u64(r);

	*ret = (int64_t)seconds;
	return seconds <= TIME_MAX ? OK : ERR_RANGE;
}

static enum err get_short(struct reader *r, size_t len, char *ret, size_t room)
{
	return text_copy(ret, room, reader_bytes(r, len), "token record");
}

static enum err read_lists(struct reader *r, struct symdev_token *ret)
{
	ret->application_count = reader_u8(r);
	if (ret->application_count > SYMDEV_APPLICATIONS) {
		return ERR_RANGE;
	}
	for (size_t i = 0; i < ret->application_count; i++) {
		TRY(get_ident(r, IDENT_APPLICATION, &ret->applications[i]));
	}
	ret->ua_count = reader_u8(r);
	if (ret->ua_count > SYMDEV_UAS) {
		return ERR_RANGE;
	}
	for (size_t i = 0; i < ret->ua_count; i++) {
		reader_copy(r, ret->uas[i].bytes, UA_SIZE);
	}
	return OK;
}

/* What only a token for an application has. */
static enum err read_application(struct reader *r, struct view application, struct symdev_token *ret)
{
	TRY(ident_parse(IDENT_APPLICATION, application, &ret->application));
	TRY(get_short(r, reader_u16(r), ret->id, sizeof(ret->id)));
	TRY(get_short(r, reader_u8(r), ret->degree, sizeof(ret->degree)));
	TRY(get_short(r, reader_u8(r), ret->mechanisms, sizeof(ret->mechanisms)));
	ret->binding_len = reader_u8(r);
	if (ret->binding_len > sizeof(ret->binding)) {
		return ERR_RANGE;
	}
	reader_copy(r, ret->binding, ret->binding_len);
	TRY(get_time(r, &ret->permitted_until));
	return read_lists(r, ret);
}

static enum err read_fields(struct reader *r, uint8_t version, struct symdev_token *ret)
{
	ret->format = (enum token_format)reader_u8(r);
	ret->slot = reader_u8(r);
	if ((ret->format != TOKEN_GBA && ret->format != TOKEN_Y3056) || ret->slot >= SLOTS) {
		return ERR_RANGE;
	}
	TRY(get_time(r, &ret->from));
	TRY(get_time(r, &ret->until));
	reader_copy(r, ret->rand, RAND_SIZE);
	TRY(get_ident(r, IDENT_CLIENT, &ret->client));
	TRY(get_ident(r, IDENT_FQDN, &ret->node));
	TRY(get_ident(r, IDENT_FQDN, &ret->realm));
	struct view application = {.len = 0};

	if (version > RECORD_PLAIN) {
		application = reader_bytes(r, reader_u8(r));
	}
	if (application.len > 0) {
		TRY(read_application(r, application, ret));
	} else if (ret->format != TOKEN_GBA) {
		return ERR_RANGE;
	}
	return reader_end(r, "token record");
}

/* An id that can be computed without Ks is: what stands in the record cannot be another then. */
static enum err set_id(struct symdev_token *token)
{
	struct token_base base = {.client = token->client,
		.node = token->node,
		.realm = token->realm};
	struct ident node;

	if (token->format == TOKEN_Y3056) {
		TRY(token_id_node(view_text(token->id), &node));
		return ident_equal(&node, &token->node) ? OK : ERR_RANGE;
	}
	memcpy(base.rand, token->rand, RAND_SIZE);
	return token_id(token->format, &base, NULL, token->id);
}

static enum err read_record(struct view record, const struct ident *client, struct symdev_token *ret)
{
	struct reader r = reader_of(record);
	uint8_t version = reader_u8(&r);

	if (version < RECORD_PLAIN || version > RECORD_VERSION ||
		read_fields(&r, version, ret) != OK || !ident_equal(&ret->client, client) ||
		set_id(ret) != OK) {
		return err_fail(ERR_UNSUPPORTED,
			"what is kept is no token of this version (%u); bootstrap again", version);
	}
	return OK;
}

/* ret->place is set in any case; the rest is of use after OK alone. */
static enum err load(const struct shelf *shelf, unsigned place, struct symdev_token *ret)
{
	uint8_t bytes[RECORD_MAX];
	char label[TOKEN_LABEL];
	struct buf record = buf_fixed(bytes, sizeof(bytes));

	*ret = (struct symdev_token){.place = (uint8_t)place};
	record_label(shelf, place, label);
	TRY(shelf->ops->load(shelf->se, label, &record));
	return read_record(buf_contents(&record), shelf->client, ret);
}

/* --- the places --- */

static bool is_failure(enum err err)
{
	return err != OK && err != ERR_NOT_FOUND && err != ERR_UNSUPPORTED;
}

static bool same_use(const struct symdev_token *a, const struct symdev_token *b)
{
	return a->application.kind == b->application.kind &&
	       (a->application.kind == IDENT_NONE || ident_equal(&a->application, &b->application));
}

/* How well a place suits: that of the token that is replaced, a free one, one of no more use, that which ends first. */
static int64_t cost_of(enum err had, const struct symdev_token *old,
	const struct symdev_token *token)
{
	if (had == OK && same_use(old, token)) {
		return -3;
	}
	if (had == ERR_NOT_FOUND) {
		return -2;
	}
	return had != OK || old->until <= token->from ? -1 : old->until;
}

static enum err choose_place(const struct shelf *shelf, struct symdev_token *token)
{
	int64_t least = INT64_MAX;

	for (unsigned place = 0; place < SYMDEV_TOKENS; place++) {
		struct symdev_token old;
		enum err had = load(shelf, place, &old);

		if (is_failure(had)) {
			return had; /* which place is free is not known */
		}
		int64_t cost = cost_of(had, &old, token);

		if (cost < least) {
			least = cost;
			token->place = (uint8_t)place;
			token->slot = had == OK ? (uint8_t)(1 - old.slot) : 0;
		}
	}
	return OK;
}

static enum err clear_place(const struct shelf *shelf, unsigned place)
{
	TRY(store_record(shelf, place, nothing));
	TRY(store_ks(shelf, place, 0, nothing));
	return store_ks(shelf, place, 1, nothing);
}

/* One that was for an application alone which the new one opens too is of no use any more. */
static enum err forget_superseded(const struct shelf *shelf, const struct symdev_token *token)
{
	for (unsigned place = 0; place < SYMDEV_TOKENS; place++) {
		struct symdev_token old;
		enum err had = load(shelf, place, &old);

		if (is_failure(had)) {
			return had;
		}
		if (had != OK || place == token->place || old.application.kind == IDENT_NONE ||
			!symdev_token_opens(token, &old.application)) {
			continue;
		}
		TRY(clear_place(shelf, place));
	}
	return OK;
}

enum err token_keep(const struct symdev_se *ops, void *se, const struct secret *ks,
	struct symdev_token *ret_token)
{
	struct shelf shelf;
	uint8_t bytes[RECORD_MAX];
	struct buf record = buf_fixed(bytes, sizeof(bytes));

	TRY(shelf_of(ops, se, &ret_token->client, &shelf));
	TRY(choose_place(&shelf, ret_token));
	write_record(&record, ret_token);
	TRY(buf_end(&record, "token record"));
	TRY(store_ks(&shelf, ret_token->place, ret_token->slot, secret_view(ks)));
	TRY(store_record(&shelf, ret_token->place, buf_contents(&record)));
	TRY(store_ks(&shelf, ret_token->place, 1 - ret_token->slot, nothing));
	return ret_token->application.kind == IDENT_NONE ? OK
							 : forget_superseded(&shelf, ret_token);
}

enum err token_check_rand(const struct symdev_se *ops, void *se, const struct ident *client,
	const uint8_t rand[RAND_SIZE])
{
	struct shelf shelf;

	TRY(shelf_of(ops, se, client, &shelf));
	for (unsigned place = 0; place < SYMDEV_TOKENS; place++) {
		struct symdev_token old;
		enum err had = load(&shelf, place, &old);

		if (is_failure(had)) {
			return had;
		}
		if (had == OK && memcmp(old.rand, rand, RAND_SIZE) == 0) {
			return err_fail(ERR_REPLAY, "10.4/4a: a RAND that was used before");
		}
	}
	return OK;
}

enum err symdev_token_at(const struct symdev_se *ops, void *se, const struct ident *client,
	unsigned place, struct symdev_token *ret)
{
	struct shelf shelf;

	if (place >= SYMDEV_TOKENS) {
		return err_fail(ERR_NOT_FOUND, "there are %d places for tokens", SYMDEV_TOKENS);
	}
	TRY(shelf_of(ops, se, client, &shelf));
	return load(&shelf, place, ret);
}

/* What was found until now. */
struct search {
	const struct ident *application; /* NULL: the plain form's token alone */
	int64_t now;
	bool found, is_exact;
	enum err otherwise;
};

/* Of two for the same application, as a power cut can leave them, the newer. */
static bool is_better(const struct search *search, const struct symdev_token *token,
	const struct symdev_token *best)
{
	bool plain = token->application.kind == IDENT_NONE;
	bool exact =
		search->application && !plain && symdev_token_opens(token, search->application);

	if (!exact && !plain) {
		return false;
	}
	return !search->found || (exact && !search->is_exact) ||
	       (exact == search->is_exact && token->from > best->from);
}

static void consider(struct search *search, const struct symdev_token *token,
	struct symdev_token *best)
{
	if (!is_better(search, token, best)) {
		return;
	}
	if (search->now >= token->until) {
		search->otherwise = ERR_EXPIRED;
		return;
	}
	search->found = true;
	search->is_exact = token->application.kind != IDENT_NONE;
	*best = *token;
}

enum err symdev_token_find(const struct symdev_se *ops, void *se, const struct ident *client,
	const struct ident *application, int64_t now, struct symdev_token *ret)
{
	struct shelf shelf;
	struct search search = {.application = application, .now = now, .otherwise = ERR_NOT_FOUND};
	struct symdev_token token;

	TRY(realms_check_active(ops, se, client));
	TRY(shelf_of(ops, se, client, &shelf));
	for (unsigned place = 0; place < SYMDEV_TOKENS; place++) {
		enum err err = load(&shelf, place, &token);

		if (is_failure(err)) {
			return err;
		}
		if (err == OK) {
			consider(&search, &token, ret);
		}
	}
	if (search.found) {
		return OK;
	}
	return search.otherwise == ERR_EXPIRED
		       ? err_fail(ERR_EXPIRED, "10.5/1d: the bootstrap_token has expired")
		       : err_fail(ERR_NOT_FOUND, "10.5/1d: no bootstrap_token");
}

enum err symdev_token_load(const struct symdev_se *ops, void *se, const struct ident *client,
	struct symdev_token *ret)
{
	struct shelf shelf;
	enum err otherwise = ERR_NOT_FOUND;

	TRY(shelf_of(ops, se, client, &shelf));
	for (unsigned place = 0; place < SYMDEV_TOKENS; place++) {
		enum err err = load(&shelf, place, ret);

		if (is_failure(err) || (err == OK && ret->application.kind == IDENT_NONE)) {
			return err;
		}
		otherwise = err == ERR_UNSUPPORTED ? err : otherwise;
	}
	return otherwise == ERR_NOT_FOUND
		       ? err_fail(ERR_NOT_FOUND, "no bootstrap_token of the plain form")
		       : err_fail(otherwise, "what is kept is no token of this version");
}

/* The same token stands there still. */
static enum err load_same(const struct shelf *shelf, const struct symdev_token *token,
	struct symdev_token *ret)
{
	TRY(load(shelf, token->place, ret));
	return memcmp(ret->rand, token->rand, RAND_SIZE) == 0 && same_use(ret, token)
		       ? OK
		       : err_fail(ERR_EXPIRED,
				 "9.3: a newer bootstrap_token has replaced this one");
}

enum err token_ks_label(const struct symdev_se *ops, void *se, const struct symdev_token *token,
	char ret[TOKEN_LABEL])
{
	struct shelf shelf;
	struct symdev_token kept;

	TRY(shelf_of(ops, se, &token->client, &shelf));
	TRY(load_same(&shelf, token, &kept));
	ks_label(&shelf, kept.place, kept.slot, ret);
	return OK;
}

enum err symdev_token_forget(const struct symdev_se *ops, void *se, const struct symdev_token *token)
{
	struct shelf shelf;
	struct symdev_token kept;

	TRY(shelf_of(ops, se, &token->client, &shelf));
	enum err err = load_same(&shelf, token, &kept);

	if (err == ERR_EXPIRED) {
		return err_fail(ERR_NOT_FOUND, "%s", err_detail());
	}
	TRY(err);
	return clear_place(&shelf, token->place);
}

/* All places are cleared: a run that was cut off may have left a Ks that no record names. */
enum err symdev_token_drop(const struct symdev_se *ops, void *se, const struct ident *client)
{
	struct shelf shelf;
	bool any = false;

	TRY(shelf_of(ops, se, client, &shelf));
	for (unsigned place = 0; place < SYMDEV_TOKENS; place++) {
		struct symdev_token token;
		enum err had = load(&shelf, place, &token);

		if (is_failure(had)) {
			return had;
		}
		any |= had != ERR_NOT_FOUND;
		TRY(clear_place(&shelf, place));
	}
	TRY(token_keep_tmpi(ops, se, client, NULL, NULL));
	return any ? OK : err_fail(ERR_NOT_FOUND, "no bootstrap_token");
}

/* --- what a token is for --- */

enum err symdev_token_check(const struct symdev_token *token, int64_t now, int64_t margin)
{
	return now < token->until - margin
		       ? OK
		       : err_fail(ERR_EXPIRED, "10.5/1d: the bootstrap_token has expired");
}

bool symdev_token_opens(const struct symdev_token *token, const struct ident *application)
{
	if (token->application.kind == IDENT_NONE || ident_equal(&token->application, application)) {
		return true;
	}
	for (size_t i = 0; i < token->application_count; i++) {
		if (ident_equal(&token->applications[i], application)) {
			return true;
		}
	}
	return false;
}

static bool has_ua(const struct symdev_token *token, struct ua ua)
{
	for (size_t i = 0; i < token->ua_count; i++) {
		if (ua_equal(token->uas[i], ua)) {
			return true;
		}
	}
	return token->application.kind == IDENT_NONE;
}

/* A token of a group has the group in its keys, and the plain form's the application that is asked for. */
enum err symdev_token_key(const struct symdev_se *ops, void *se, const struct symdev_token *token,
	const struct ident *application, struct ua ua, struct secret *ret)
{
	struct shelf shelf;
	struct symdev_token kept;
	char label[TOKEN_LABEL];
	struct token_base base = {.client = token->client,
		.node = token->node,
		.realm = token->realm};

	TRY(realms_check_active(ops, se, &token->client));
	TRY(shelf_of(ops, se, &token->client, &shelf));
	TRY(load_same(&shelf, token, &kept));
	if (!symdev_token_opens(&kept, application)) {
		return err_fail(ERR_DENIED, "10.5/2a: this bootstrap_token is not for %s",
			application->text);
	}
	if (!has_ua(&kept, ua)) {
		return err_fail(ERR_UNSUPPORTED,
			"10.5/2a: %s has not registered this Ua security protocol",
			application->text);
	}
	memcpy(base.rand, token->rand, RAND_SIZE);
	ks_label(&shelf, kept.place, kept.slot, label);
	return ops->derive(se, label, kept.format, &base,
		kept.application.kind == IDENT_NONE ? application : &kept.application, ua,
		view_of(kept.binding, kept.binding_len), ret);
}

enum err symdev_psk_identity(const struct symdev_token *token, char ret[SYMDEV_PSK_IDENTITY])
{
	int len = snprintf(ret, SYMDEV_PSK_IDENTITY, "%s;%s",
		token->format == TOKEN_Y3056 ? "y3056" : "3GPP-bootstrapping", token->id);

	return len < SYMDEV_PSK_IDENTITY ? OK : err_fail(ERR_RANGE, "PSK identity too long");
}

/* --- the temporary identity --- */

static void tmpi_label(const struct shelf *shelf, char ret[TOKEN_LABEL])
{
	(void)snprintf(ret, TOKEN_LABEL, "tmpi.%s", shelf->name);
}

enum err token_load_tmpi(const struct symdev_se *ops, void *se, const struct ident *client,
	const struct ident *node, char ret[TMPI_MAX + 1])
{
	uint8_t bytes[TMPI_RECORD];
	char label[TOKEN_LABEL];
	struct shelf shelf;
	struct buf record = buf_fixed(bytes, sizeof(bytes));

	TRY(shelf_of(ops, se, client, &shelf));
	tmpi_label(&shelf, label);
	TRY(ops->load(se, label, &record));
	const uint8_t *space = memchr(record.data, ' ', record.len);
	size_t len = space ? (size_t)(space - record.data) : 0;

	if (len == 0 || !view_equal(view_of(space + 1, record.len - len - 1), ident_view(node))) {
		return err_fail(ERR_NOT_FOUND, "no temporary identity of this node");
	}
	return text_copy(ret, TMPI_MAX + 1, view_of(record.data, len), "TMPI");
}

/* TMPI, a space, the node that knows it */
enum err token_keep_tmpi(const struct symdev_se *ops, void *se, const struct ident *client,
	const struct ident *node, const char *tmpi)
{
	char text[TMPI_RECORD + 1], label[TOKEN_LABEL];
	struct shelf shelf;

	TRY(shelf_of(ops, se, client, &shelf));
	tmpi_label(&shelf, label);
	if (!tmpi) {
		return ops->store(se, label, nothing);
	}
	(void)snprintf(text, sizeof(text), "%s %s", tmpi, node->text);
	return ops->store(se, label, view_text(text));
}
