// SPDX-License-Identifier: Apache-2.0
/* What a node, or who stands there in its place, answers to a key update: first the key, then the proof, in one input. */
#include "fuzz.h"

#include "device/symdev_change.h"

#include <stdlib.h>
#include <string.h>

/* An element that takes every key and every proof, so that what is behind is reached. */
static enum err fake_load(void *se, const char *label, struct buf *ret);

static enum err fake_begin(void *se, const char *label, const struct token_base *base,
	struct view binding, struct view token_id, uint8_t ret_public[KEY_UPDATE_PUBLIC],
	uint8_t ret_mac[KEY_UPDATE_MAC])
{
	(void)se;
	(void)label;
	(void)base;
	(void)binding;
	(void)token_id;
	memset(ret_public, 1, KEY_UPDATE_PUBLIC);
	memset(ret_mac, 2, KEY_UPDATE_MAC);
	return OK;
}

static enum err fake_install(void *se, const uint8_t vault_public[KEY_UPDATE_PUBLIC],
	struct view sealed, uint8_t ret_confirm[KEY_UPDATE_MAC])
{
	(void)se;
	(void)vault_public;
	if (sealed.len > KEY_UPDATE_PLAIN_MAX + KEY_UPDATE_OVERHEAD) {
		abort();
	}
	memset(ret_confirm, 3, KEY_UPDATE_MAC);
	return OK;
}

static enum err fake_promote(void *se, const uint8_t confirmed[KEY_UPDATE_MAC])
{
	(void)se;
	(void)confirmed;
	return OK;
}

static const struct symdev_se_keys keys = {.begin = fake_begin,
	.install = fake_install,
	.promote = fake_promote};
static const struct symdev_se element = {.name = "fake", .load = fake_load, .keys = &keys};

/* A record of the plain form's token, as the first version wrote it: version, format, slot, from, until, RAND, who, where. */
static enum err fake_load(void *se, const char *label, struct buf *ret)
{
	static const char client[] = "001010123456789@new.example", node[] = "authn1.new.example",
			  realm[] = "new.example";

	(void)se;
	(void)label;
	buf_u8(ret, 1);
	buf_u8(ret, TOKEN_GBA);
	buf_u8(ret, 0);
	buf_u64(ret, 1);
	buf_u64(ret, 2);
	buf_zeros(ret, RAND_SIZE);
	for (size_t i = 0; i < 3; i++) {
		const char *text = i == 0 ? client : i == 1 ? node : realm;

		buf_u8(ret, (uint8_t)strlen(text));
		buf_text(ret, text);
	}
	return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct symdev_options options = {.se_ops = &element, .env = &env_system};
	struct symdev_update update;
	struct symdev_token token;
	struct ident client;
	size_t half = size / 2;

	if (ident_parse(IDENT_CLIENT, view_text("001010123456789@new.example"), &client) != OK ||
		symdev_token_load(&element, NULL, &client, &token) != OK ||
		symdev_update_begin(&update, &options, &token) != OK ||
		symdev_update_connected(&update, view_text("binding")) != OK) {
		abort();
	}
	symdev_update_sent(&update, SYMDEV_UPDATE_OUTPUT);
	/* In two pieces of any kind, and again where the first answer ends. */
	const char *second = size > 4 ? memmem(data + 4, size - 4, "HTTP/", 5) : NULL;

	half = second ? (size_t)((const uint8_t *)second - data) : half;
	if (symdev_update_input(&update, view_of(data, half)) == OK) {
		symdev_update_sent(&update, SYMDEV_UPDATE_OUTPUT);
		(void)!symdev_update_input(&update, view_of(data + half, size - half));
		(void)!symdev_update_closed(&update);
	}
	symdev_update_end(&update);
	return 0;
}
