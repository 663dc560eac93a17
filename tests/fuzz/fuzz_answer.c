// SPDX-License-Identifier: Apache-2.0
/*
 * A node that says what it likes to a device that bootstraps. The input is a list of answers, each ended by a zero byte,
 * or by 01 where the node also closes; its first byte says what the rest is:
 *	C	a right challenge, with the rest as further fields
 *	S	the same, but the secure element finds its SQN out of range
 *	G	a right result, with the rest as document
 *	R	a right refusal, with the rest as its body
 *	other	the bytes themselves
 * An input that begins with A is about a token for an application.
 * Whole or byte by byte the same must come out; and without the node's knowledge of RES, which only G has,
 * no token may come of it.
 */
#include "fuzz.h"

#include "device/symdev.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE "authn1.realm.example"

static const uint8_t res[8] = {0xa5, 0x42, 0x11, 0xd5, 0xe3, 0xba, 0x50, 0xbf};

struct element {
	bool out_of_range;
	int runs, stores;
};

static enum err element_aka(void *se, const struct ident *client, const uint8_t rand[RAND_SIZE],
	const uint8_t autn[AUTN_SIZE], struct aka_result *ret)
{
	struct element *e = se;
	uint8_t key[16];

	(void)client;
	(void)autn;
	e->runs++;
	if (e->out_of_range) {
		memset(ret->auts, 0x5a, sizeof(ret->auts));
		return ERR_SYNC;
	}
	for (size_t i = 0; i < sizeof(key); i++) {
		key[i] = rand[i] | 1;
	}
	TRY(secret_set(&ret->res, res, sizeof(res)));
	TRY(secret_set(&ret->ck, key, sizeof(key)));
	return secret_set(&ret->ik, key, sizeof(key));
}

static enum err element_store(void *se, const char *label, struct view value)
{
	(void)label;
	(void)value;
	((struct element *)se)->stores++;
	return OK;
}

static enum err element_load(void *se, const char *label, struct buf *ret)
{
	(void)se;
	(void)label;
	(void)ret;
	return ERR_NOT_FOUND;
}

static const struct symdev_se element_ops = {.name = "fuzz",
	.aka = element_aka,
	.store = element_store,
	.load = element_load};

static int64_t no_time(const struct env *env)
{
	(void)env;
	return 0;
}

static enum err no_chance(const struct env *env, void *to, size_t len)
{
	(void)env;
	memset(to, 0x33, len);
	return OK;
}

static const struct env env = {.wall_ms = no_time, .steady_us = no_time, .random = no_chance};

struct run {
	struct symdev_boot boot;
	struct element element;
	size_t step;
	bool proved;  /* the last answer came from who knows RES */
	bool refused; /* and said no */
	enum err result;
};

static void begin(struct run *run, size_t step, bool application)
{
	struct symdev_options options = {.se_ops = &element_ops, .se = &run->element, .env = &env};

	*run = (struct run){.step = step};
	options.plain_allowed = true;
	if (application && ident_parse(IDENT_APPLICATION, view_text("app.example"),
				   &options.application) != OK) {
		abort();
	}
	if (ident_parse(IDENT_CLIENT, view_text("001010123456789@realm.example"),
		    &options.client) != OK ||
		ident_parse(IDENT_FQDN, view_text(NODE), &options.node) != OK ||
		symdev_boot_begin(&run->boot, &options) != OK ||
		symdev_boot_connected(&run->boot, view_text("")) != OK) {
		abort();
	}
}

static void feed(struct run *run, struct view bytes)
{
	symdev_boot_sent(&run->boot, symdev_boot_output(&run->boot).len);
	while (bytes.len > 0 && run->result == OK && !symdev_boot_done(&run->boot)) {
		size_t len = bytes.len < run->step ? bytes.len : run->step;

		run->result = symdev_boot_input(&run->boot, view_of(bytes.data, len));
		bytes.data += len;
		bytes.len -= len;
	}
}

static enum digest_algorithm algorithm_of(const struct run *run)
{
	return run->boot.options.application.kind == IDENT_NONE ? DIGEST_AKAV1_MD5
								: DIGEST_AKAV2_SHA256;
}

static void make_password(const struct run *run, struct secret *ret)
{
	struct secret known_res = {.len = 0}, key = {.len = 0};
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = run->boot.base.rand[i] | 1;
	}
	if (secret_set(&known_res, res, sizeof(res)) != OK ||
		secret_set(&key, bytes, sizeof(bytes)) != OK ||
		digest_password(algorithm_of(run), &known_res, &key, &key, ret) != OK) {
		abort();
	}
}

static void feed_challenge(struct run *run, struct view fields)
{
	char head[512];

	(void)snprintf(head, sizeof(head),
		"HTTP/1.1 401 U\r\nWWW-Authenticate: Digest realm=\"" NODE
		"\", nonce=\"I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M=\", algorithm=%s, "
		"qop=\"auth-int\"\r\nContent-Length: 0\r\n",
		digest_algorithm_name(algorithm_of(run)));
	feed(run, view_text(head));
	feed(run, fields);
	feed(run, view_text("\r\n\r\n"));
}

/* Computes rspauth as the node would, from the device's own nonces. */
static void feed_result(struct run *run, unsigned status, struct view document)
{
	char head[512], rspauth[DIGEST_HEX + 1];
	struct secret password = {.len = 0};

	make_password(run, &password);
	const struct digest_input input = {.algorithm = algorithm_of(run),
		.username = view_text("001010123456789@realm.example"),
		.realm = view_text(NODE),
		.nonce = view_text(run->boot.nonce),
		.nc = view_text("00000001"),
		.cnonce = view_text(run->boot.cnonce),
		.method = view_text("GET"),
		.uri = view_text(run->boot.target),
		.body = document,
		.password = &password};

	if (digest_rspauth(&input, rspauth) != OK) {
		abort();
	}
	(void)snprintf(head, sizeof(head),
		"HTTP/1.1 %u S\r\nAuthentication-Info: rspauth=\"%s\", cnonce=\"%s\", "
		"nc=00000001, "
		"qop=auth-int\r\nContent-Length: %zu\r\n\r\n",
		status, rspauth, run->boot.cnonce, document.len);
	feed(run, view_text(head));
	feed(run, document);
}

static void answer(struct run *run, struct view bytes)
{
	uint8_t kind = bytes.len > 0 ? bytes.data[0] : 0;
	struct view rest = view_of(bytes.data + 1, bytes.len - (bytes.len > 0));

	run->proved = kind == 'G';
	run->refused = kind == 'R';
	run->element.out_of_range = kind == 'S';
	if (kind == 'C' || kind == 'S') {
		feed_challenge(run, rest);
	} else if (kind == 'G') {
		feed_result(run, 200, rest);
	} else if (kind == 'R') {
		feed_result(run, 403, rest);
	} else {
		feed(run, bytes);
	}
}

static void check(struct run *run)
{
	bool done = symdev_boot_done(&run->boot);
	uint8_t byte = 'H';

	if (run->element.runs > 2 || (done && !run->proved) || (!done && run->element.stores > 0) ||
		(symdev_boot_denied_by_realm(&run->boot) && !run->refused)) {
		abort();
	}
	if (run->result == OK && !done) {
		return;
	}
	if (symdev_boot_output(&run->boot).len > 0 || symdev_boot_reconnect(&run->boot) ||
		symdev_boot_input(&run->boot, view_of(&byte, 1)) != ERR_WRONG_STATE) {
		abort();
	}
}

static void play(struct run *run, const uint8_t *data, size_t size)
{
	while (size > 0 && run->result == OK && !symdev_boot_done(&run->boot)) {
		size_t len = 0;

		while (len < size && data[len] > 1) {
			len++;
		}
		answer(run, view_of(data, len));
		if (len < size && data[len] == 1 && run->result == OK &&
			!symdev_boot_done(&run->boot)) {
			run->result = symdev_boot_closed(&run->boot);
		}
		check(run);
		data += len + (len < size);
		size -= len + (len < size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run whole, pieces;

	bool application = size > 0 && data[0] == 'A';

	data += application;
	size -= application;
	begin(&whole, SIZE_MAX, application);
	begin(&pieces, 1, application);
	play(&whole, data, size);
	play(&pieces, data, size);
	if (symdev_boot_done(&whole.boot) != symdev_boot_done(&pieces.boot) ||
		(whole.result == OK) != (pieces.result == OK)) {
		abort();
	}
	symdev_boot_end(&whole.boot);
	symdev_boot_end(&pieces.boot);
	return 0;
}
