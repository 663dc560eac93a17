// SPDX-License-Identifier: Apache-2.0
/*
 * respond: what device NUMBER of realm.sh puts into its Authorization, for curl to send.
 *
 *	respond NUMBER NODE			10.4/1a
 *	respond NUMBER NODE NONCE right		10.4/2c
 *	respond NUMBER NODE NONCE wrong		with a RES of another
 *	respond NUMBER NODE NONCE forged	with an AUTS that nobody's key made
 *	respond NUMBER NODE NONCE secrets	instead: RES, CK, IK of this challenge in hex, a line each
 */
#include "base/text.h"
#include "core/milenage.h"
#include "wire/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SIZE = 16, RES_SIZE = 8 };

static void must(enum err err, const char *what)
{
	if (err != OK) {
		(void)fprintf(stderr, "respond: %s: %s\n", what, err_detail());
		exit(2);
	}
}

static void run_milenage(unsigned number, const uint8_t *rand, struct milenage_out *ret)
{
	static const uint8_t zero[6];
	char k[KEY_SIZE + 1], opc[KEY_SIZE + 1];
	struct milenage *m;

	(void)snprintf(k, sizeof(k), "K of dev %07u", number % 10000000);
	(void)snprintf(opc, sizeof(opc), "O of dev %07u", number % 10000000);
	must(milenage_new(&m), "milenage");
	must(milenage_run(m, (const uint8_t *)k, (const uint8_t *)opc, rand, zero, zero, ret),
		"milenage");
	milenage_free(m);
}

static void print_hex(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		(void)printf("%02x", bytes[i]);
	}
	(void)printf("\n");
}

static void make_password(const struct milenage_out *out, bool right, struct secret *ret)
{
	struct secret res, ck, ik;

	must(secret_set(&res, out->res, RES_SIZE), "RES");
	must(secret_set(&ck, out->ck, sizeof(out->ck)), "CK");
	must(secret_set(&ik, out->ik, sizeof(out->ik)), "IK");
	res.bytes[0] ^= right ? 0 : 1;
	must(digest_password(DIGEST_AKAV1_MD5, &res, &ck, &ik, ret), "password");
}

static void print_response(struct digest_authorization *authorization, const struct secret *password)
{
	char response[DIGEST_HEX + 1];
	uint8_t text[2048];
	struct buf out = buf_fixed(text, sizeof(text));
	const struct digest_input input = {
		.algorithm = DIGEST_AKAV1_MD5,
		.username = authorization->username,
		.realm = authorization->realm,
		.nonce = authorization->nonce,
		.nc = view_text("00000001"),
		.cnonce = view_text("6629fae49393a053"),
		.method = view_text("GET"),
		.uri = authorization->uri,
		.password = password,
	};

	must(digest_response(&input, response), "response");
	authorization->response = view_text(response);
	authorization->nc = input.nc;
	authorization->cnonce = input.cnonce;
	authorization->qop = view_text("auth-int");
	authorization->has_response = true;
	digest_print_authorization(&out, authorization, DIGEST_AKAV1_MD5);
	(void)printf("%s\n", buf_string(&out));
}

static void print_start(const struct digest_authorization *authorization)
{
	uint8_t text[2048];
	struct buf out = buf_fixed(text, sizeof(text));

	digest_print_authorization(&out, authorization, 0);
	(void)printf("%s\n", buf_string(&out));
}

int main(int argc, char **argv)
{
	struct milenage_out out;
	uint8_t rand[RAND_SIZE], autn[AUTN_SIZE];
	char client[512];
	SECRET(password);

	must(argc == 3 || argc == 5 ? OK : err_fail(ERR_CONFIG, "see the source"), "usage");
	const char *dot = strchr(argv[2], '.');
	unsigned number = (unsigned)strtoul(argv[1], NULL, 10);

	(void)snprintf(client, sizeof(client), "00101%010u@%s", number, dot ? dot + 1 : "");
	struct digest_authorization authorization = {
		.username = view_text(client),
		.realm = view_text(argv[2]),
		.nonce = view_text(argc == 5 ? argv[3] : ""),
		.uri = view_text("/"),
		.response = view_text(""),
	};

	if (argc == 3) {
		print_start(&authorization);
		return 0;
	}
	must(digest_from_nonce(authorization.nonce, rand, autn), "nonce");
	run_milenage(number, rand, &out);
	if (strcmp(argv[4], "secrets") == 0) {
		print_hex(out.res, RES_SIZE);
		print_hex(out.ck, sizeof(out.ck));
		print_hex(out.ik, sizeof(out.ik));
		return 0;
	}
	authorization.has_auts = strcmp(argv[4], "forged") == 0;
	make_password(&out, strcmp(argv[4], "right") == 0, &password);
	print_response(&authorization, authorization.has_auts ? NULL : &password);
	return 0;
}
