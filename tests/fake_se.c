// SPDX-License-Identifier: Apache-2.0
#include "fake_se.h"

#include <stdlib.h>
#include <string.h>

static enum err spend(struct fake_se *se)
{
	if (se->left == 0) {
		return err_fail(ERR_IO, "the power is cut");
	}
	se->left--;
	return OK;
}

static enum err fake_aka(void *user, const struct ident *client, const uint8_t rand[RAND_SIZE],
	const uint8_t autn[AUTN_SIZE], struct aka_result *ret)
{
	struct fake_se *se = user;
	(void)client;
	struct sqn_window next = se->lasting.window;

	se->aka_runs++;
	TRY(aka_answer(se->aka, &se->key, rand, autn, &next, ret));
	TRY(spend(se));
	se->lasting.window = next;
	return OK;
}

/* The value under a label, or with NULL a free place; NULL. */
static void *find(struct fake_se *se, const char *label)
{
	for (size_t i = 0; i < FAKE_SE_VALUES; i++) {
		bool is_free = se->lasting.values[i].len == 0;

		if (label ? !is_free && strcmp(se->lasting.values[i].label, label) == 0 : is_free) {
			return &se->lasting.values[i];
		}
	}
	return NULL;
}

static enum err fake_store(void *user, const char *label, struct view value)
{
	struct fake_se *se = user;
	typeof(&se->lasting.values[0]) place = find(se, label);

	TRY(spend(se));
	place = place ? place : find(se, NULL);
	if (!place || value.len > FAKE_SE_VALUE) {
		return err_fail(ERR_RANGE, "no room");
	}
	memset(place, 0, sizeof(*place));
	if (value.len > 0) {
		memcpy(place->label, label, strlen(label) + 1);
		memcpy(place->bytes, value.data, value.len);
		place->len = value.len;
	}
	return OK;
}

static enum err fake_load(void *user, const char *label, struct buf *ret)
{
	struct fake_se *se = user;
	typeof(&se->lasting.values[0]) place = find(se, label);

	if (se->left == 0) {
		return err_fail(ERR_IO, "the power is cut");
	}
	if (!place) {
		return err_fail(ERR_NOT_FOUND, "nothing there");
	}
	buf_bytes(ret, place->bytes, place->len);
	return buf_end(ret, "value");
}

static enum err fake_derive(void *user, const char *label, enum token_format format,
	const struct token_base *base, const struct ident *application, struct ua ua,
	struct view binding, struct secret *ret)
{
	struct fake_se *se = user;
	typeof(&se->lasting.values[0]) place = find(se, label);
	struct token_base with_ks = *base;

	if (!place) {
		return err_fail(ERR_NOT_FOUND, "no such key");
	}
	TRY(secret_set(&with_ks.ks, place->bytes, place->len));
	return token_derive(format, &with_ks, application, ua, binding, ret);
}

static enum err fake_sign(void *user, struct view message, struct buf *ret)
{
	(void)user;
	(void)message;
	(void)ret;
	return err_fail(ERR_UNSUPPORTED, "no key to sign with");
}

const struct symdev_se fake_se_ops = {
	.name = "fake",
	.aka = fake_aka,
	.derive = fake_derive,
	.sign = fake_sign,
	.store = fake_store,
	.load = fake_load,
};

static void must(enum err err)
{
	if (err != OK) {
		abort();
	}
}

void fake_se_open(struct fake_se *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->left = FAKE_SE_FOREVER;
	ret->key = (struct aka_key){.algorithm = AKA_MILENAGE, .amf = {0x80, 0}};
	must(secret_from_hex(&ret->key.k, view_text("465b5ce8b199b49faa5f0a2ee238a6bc")));
	must(secret_from_hex(&ret->key.opc, view_text("cd63cb71954a9f4e48a5994e37a02baf")));
	must(aka_new(&ret->aka));
}

void fake_se_close(struct fake_se *se)
{
	aka_free(se->aka);
}

size_t fake_se_count(const struct fake_se *se)
{
	size_t count = 0;

	for (size_t i = 0; i < FAKE_SE_VALUES; i++) {
		count += se->lasting.values[i].len > 0;
	}
	return count;
}

bool fake_se_holds(const void *area, size_t size, const void *bytes, size_t len)
{
	return memmem(area, size, bytes, len) != NULL;
}
