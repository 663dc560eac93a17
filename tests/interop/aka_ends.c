// SPDX-License-Identifier: Apache-2.0
/*
 * aka_ends: both ends of AKA for a script, a line of words in and one out, all in hexadecimal:
 *	vector K OPC RAND AMF SQN	-> AUTN IK CK RES
 *	auts K OPC RAND SQN_MS		-> AUTS of a device that has accepted SQN_MS
 *	answer K OPC RAND SQN_MS AUTN	-> IK CK RES of that device
 *	resync K OPC RAND AUTS		-> SQN_MS
 * A line that fails is answered by the error's name.
 */
#include "base/text.h"
#include "core/vector.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 6, LINE = 512 };

struct request {
	const char *words[WORDS];
	struct aka_key key;
	uint8_t rand[RAND_SIZE];
};

static enum err read_bytes(const char *hex, void *ret, size_t len)
{
	size_t got = 0;

	TRY(text_from_hex(view_text(hex), ret, len, &got, "bytes"));
	return got == len ? OK : err_fail(ERR_SYNTAX, "bytes: too few");
}

static enum err read_sqn(const char *hex, uint64_t *ret)
{
	uint8_t bytes[6];

	TRY(read_bytes(hex, bytes, sizeof(bytes)));
	*ret = 0;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		*ret = *ret << 8 | bytes[i];
	}
	return OK;
}

static enum err read_window(const char *hex, struct sqn_window *ret)
{
	uint64_t sqn = 0;

	TRY(read_sqn(hex, &sqn));
	ret->seq[sqn % SQN_IND_COUNT] = sqn >> SQN_IND_BITS;
	return OK;
}

static void print_keys(const struct secret *ik, const struct secret *ck, const struct secret *res)
{
	char text[LINE];
	struct buf out = buf_fixed(text, sizeof(text) - 1);

	text_hex(&out, secret_view(ik));
	buf_u8(&out, ' ');
	text_hex(&out, secret_view(ck));
	buf_u8(&out, ' ');
	text_hex(&out, secret_view(res));
	text[out.len] = '\0';
	puts(text);
}

static void print_bytes(const uint8_t *bytes, size_t len, const char *end)
{
	for (size_t i = 0; i < len; i++) {
		printf("%02x", bytes[i]);
	}
	fputs(end, stdout);
}

static enum err give_vector(struct aka *aka, struct request *r)
{
	struct vector v;
	uint64_t sqn = 0;

	TRY(read_bytes(r->words[4], r->key.amf, sizeof(r->key.amf)));
	TRY(read_sqn(r->words[5], &sqn));
	TRY(vector_make(aka, &r->key, r->rand, sqn, &v));
	print_bytes(v.autn, sizeof(v.autn), " ");
	print_keys(&v.ik, &v.ck, &v.xres);
	return OK;
}

/* A challenge with SQN 0 is never fresh. */
static enum err give_auts(struct aka *aka, struct request *r)
{
	struct sqn_window window = {{0}};
	struct aka_result result;
	struct vector v;

	TRY(read_window(r->words[4], &window));
	TRY(vector_make(aka, &r->key, r->rand, 0, &v));
	enum err e = aka_answer(aka, &r->key, r->rand, v.autn, &window, &result);

	if (e != ERR_SYNC) {
		return err_fail(ERR_CONFLICT, "SQN 0 was accepted");
	}
	print_bytes(result.auts, sizeof(result.auts), "\n");
	return OK;
}

static enum err give_answer(struct aka *aka, struct request *r)
{
	struct sqn_window window = {{0}};
	uint8_t autn[AUTN_SIZE];
	struct aka_result result;

	TRY(read_window(r->words[4], &window));
	TRY(read_bytes(r->words[5], autn, sizeof(autn)));
	TRY(aka_answer(aka, &r->key, r->rand, autn, &window, &result));
	print_keys(&result.ik, &result.ck, &result.res);
	return OK;
}

static enum err give_sqn(struct aka *aka, struct request *r)
{
	uint8_t auts[AUTS_SIZE];
	uint64_t sqn = 0;

	TRY(read_bytes(r->words[4], auts, sizeof(auts)));
	TRY(vector_resync(aka, &r->key, r->rand, auts, &sqn));
	printf("%012llx\n", (unsigned long long)sqn);
	return OK;
}

static enum err serve(struct aka *aka, char *line)
{
	static const struct {
		const char *word;
		size_t words;
		enum err (*give)(struct aka *aka, struct request *r);
	} verbs[] = {
		{"vector", 6, give_vector},
		{"auts", 5, give_auts},
		{"answer", 6, give_answer},
		{"resync", 5, give_sqn},
	};
	struct request r = {.key = {.algorithm = AKA_MILENAGE}};
	size_t count = 0;
	char *rest = NULL;

	for (char *w = strtok_r(line, " \n", &rest); w; w = strtok_r(NULL, " \n", &rest)) {
		if (count == WORDS) {
			return err_fail(ERR_SYNTAX, "too many words");
		}
		r.words[count++] = w;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (count == verbs[i].words && strcmp(r.words[0], verbs[i].word) == 0) {
			TRY(secret_from_hex(&r.key.k, view_text(r.words[1])));
			TRY(secret_from_hex(&r.key.opc, view_text(r.words[2])));
			TRY(read_bytes(r.words[3], r.rand, sizeof(r.rand)));
			return verbs[i].give(aka, &r);
		}
	}
	return err_fail(ERR_UNSUPPORTED, "no such line");
}

int main(void)
{
	struct aka *aka = NULL;
	char line[LINE];

	if (aka_new(&aka) != OK) {
		fprintf(stderr, "aka_ends: %s\n", err_detail());
		return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		enum err e = serve(aka, line);

		if (e != OK) {
			puts(err_name(e));
		}
	}
	aka_free(aka);
	return 0;
}
