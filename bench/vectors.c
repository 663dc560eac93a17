// SPDX-License-Identifier: Apache-2.0
/*
 * vectors: authentication vectors a second on one core, each under another key, beside libosmogsm
 * and beside what OpenSSL itself gives; and key derivations. Several rounds in which all take turns.
 */
#include "core/kdf.h"
#include "core/milenage.h"
#include "core/vector.h"
#include "measure.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_OSMOGSM
#include <osmocom/crypt/auth.h>
#endif

enum { ROUNDS = 9, BATCH = 100000 };

struct work {
	struct milenage *milenage;
	struct aka *aka;
	EVP_CIPHER_CTX *aes;
	struct aka_key key, tuak;
	uint8_t rand[RAND_SIZE];
};

static void next_key(struct work *w, int i)
{
	memcpy(w->key.k.bytes, &i, sizeof(i));
}

static void run_milenage(struct work *w, int i)
{
	static const uint8_t sqn[6], amf[2];
	struct milenage_out out;

	next_key(w, i);
	must(milenage_run(w->milenage, w->key.k.bytes, w->key.opc.bytes, w->rand, sqn, amf, &out) ==
			OK,
		"milenage");
}

static void run_vector(struct work *w, int i)
{
	struct vector v;

	next_key(w, i);
	must(vector_make(w->aka, &w->key, w->rand, (uint64_t)i, &v) == OK, "vector");
	vector_wipe(&v);
}

static void run_tuak(struct work *w, int i)
{
	struct vector v;

	memcpy(w->tuak.k.bytes, &i, sizeof(i));
	must(vector_make(w->aka, &w->tuak, w->rand, (uint64_t)i, &v) == OK, "TUAK vector");
	vector_wipe(&v);
}

/* The six encryptions of a vector, and nothing else. */
static void run_openssl(struct work *w, int i)
{
	uint8_t temp[16], blocks[80] = {0};
	int len = 0;

	next_key(w, i);
	must(EVP_EncryptInit_ex2(w->aes, NULL, w->key.k.bytes, NULL, NULL) == 1, "key");
	must(EVP_EncryptUpdate(w->aes, temp, &len, w->rand, sizeof(temp)) == 1, "one block");
	memcpy(blocks, temp, sizeof(temp));
	must(EVP_EncryptUpdate(w->aes, blocks, &len, blocks, sizeof(blocks)) == 1, "five blocks");
}

#ifdef HAVE_OSMOGSM
static void run_osmogsm(struct work *w, int i)
{
	struct osmo_sub_auth_data subscriber = {
		.type = OSMO_AUTH_TYPE_UMTS,
		.algo = OSMO_AUTH_ALG_MILENAGE,
	};
	struct osmo_auth_vector v;

	next_key(w, i);
	memcpy(subscriber.u.umts.k, w->key.k.bytes, 16);
	memcpy(subscriber.u.umts.opc, w->key.opc.bytes, 16);
	must(osmo_auth_gen_vec(&v, &subscriber, w->rand) >= 0, "libosmogsm");
}
#endif

enum { KDF_TEXT = 192 }; /* what a y3056 key is derived from, about */

static void run_kdf(struct work *w, int i)
{
	static uint8_t text[KDF_TEXT];
	const struct view param = VIEW(text);
	uint8_t out[KDF_SIZE];

	next_key(w, i);
	must(kdf(&w->key.k, 1, &param, 1, out) == OK, "kdf");
}

static void run_hmac(struct work *w, int i)
{
	static uint8_t text[KDF_TEXT + 3];
	uint8_t out[KDF_SIZE];

	next_key(w, i);
	must(HMAC(EVP_sha256(), w->key.k.bytes, 16, text, sizeof(text), out, NULL), "HMAC");
}

static const struct row {
	const char *work, *who;
	void (*run)(struct work *w, int i);
} rows[] = {
	{"vector", "symbolon, vector_make", run_vector},
	{"vector", "symbolon, milenage_run", run_milenage},
	{"vector", "symbolon, vector_make with TUAK", run_tuak},
#ifdef HAVE_OSMOGSM
	{"vector", "libosmogsm, osmo_auth_gen_vec", run_osmogsm},
#endif
	{"vector", "OpenSSL, its six encryptions alone", run_openssl},
	{"key derivation", "symbolon, kdf", run_kdf},
	{"key derivation", "OpenSSL, HMAC()", run_hmac},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void run_row(struct work *w, const struct row *row)
{
	struct measure m = {.work = row->work, .who = row->who};

	measure_watch(&m, "self=0");
	measure_begin(&m);
	for (int i = 0; i < BATCH; i++) {
		row->run(w, i);
	}
	m.count = BATCH;
	measure_end(&m);
	measure_print(&m, "");
}

int main(void)
{
	struct work w = {.key = {.algorithm = AKA_MILENAGE}};
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);

	memset(w.key.k.bytes, 1, 16);
	memset(w.key.opc.bytes, 2, 16);
	w.key.k.len = w.key.opc.len = 16;
	w.tuak = (struct aka_key){.algorithm = AKA_TUAK, .iterations = 1, .res_len = 8};
	memset(w.tuak.k.bytes, 1, 16);
	memset(w.tuak.opc.bytes, 2, 32);
	w.tuak.k.len = 16;
	w.tuak.opc.len = 32;
	w.aes = EVP_CIPHER_CTX_new();
	must(cipher && w.aes && EVP_EncryptInit_ex2(w.aes, cipher, NULL, NULL, NULL) == 1, "AES");
	must(milenage_new(&w.milenage) == OK && aka_new(&w.aka) == OK, "contexts");
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t row = 0; row < ROWS; row++) {
			run_row(&w, &rows[row]);
		}
	}
	milenage_free(w.milenage);
	aka_free(w.aka);
	EVP_CIPHER_CTX_free(w.aes);
	EVP_CIPHER_free(cipher);
	return 0;
}
