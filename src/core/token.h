// SPDX-License-Identifier: Apache-2.0
/*
 * token: the bootstrap_token, a key that both ends derive alike and never send. The formulas are
 * in docs/protocol/token.md.  req: B7.1-g B7.2-a B7.2-b B7.2-c B7.2-e B7.1-i B9.4.1-d
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "core/ident.h"
#include "core/vector.h"

/* The formats of a bootstrap_token, by name and back. ERR_UNSUPPORTED: no such format. */
enum token_format { TOKEN_GBA = 1, TOKEN_Y3056 = 2 };
enum err token_format_of(const char *name, enum token_format *ret); /* "gba", "y3056" */
const char *token_format_name(enum token_format format);

/* Ua security protocol identifier (TS 33.220 Annex H): organisation octet, then four. */
enum { UA_SIZE = 5 };
struct ua {
	uint8_t bytes[UA_SIZE];
};
#define UA_TLS13_PSK   ((struct ua){{0x01, 0x00, 0x00, 0x00, 0x07}}) /* TLS 1.3 external PSK */
#define UA_HTTP_DIGEST ((struct ua){{0x01, 0x00, 0x00, 0x00, 0x02}}) /* HTTP Digest without TLS */
#define UA_ALL                                                                                     \
	((struct ua){{0x00, 0x00, 0x00, 0x00, 0x00}}) /* in questions: every registered one */
#define UA_TLS12(suite) ((struct ua){{0x01, 0x00, 0x01, (uint8_t)((suite) >> 8), (uint8_t)(suite)}})
bool ua_equal(struct ua a, struct ua b);
enum err ua_parse(struct view ten_hex_digits, struct ua *ret);
void ua_print(struct ua ua, char ret[UA_SIZE * 2 + 1]);

/* What went into Ks, and who it was agreed between. */
struct token_base {
	struct secret ks; /* CK || IK, 32 bytes */
	uint8_t rand[RAND_SIZE];
	struct ident client;
	struct ident node; /* FQDN of the authentication node */
	struct ident realm;
};

enum { TOKEN_KEY = 32, TOKEN_ID_MAX = 24 + 1 + IDENT_MAX, TOKEN_BINDING_MAX = 64 };

/*
 * The key of one (token, application, Ua id). `binding` is the tls-exporter channel binding of the
 * answering leg, used by TOKEN_Y3056 alone. ERR_RANGE when an input is too long.
 */
enum err token_derive(enum token_format format, const struct token_base *base,
	const struct ident *application, struct ua ua, struct view binding, struct secret *ret_key);

/*
 * The token's id with its node: B-TID = base64(RAND)@node for TOKEN_GBA (TS 33.220 C.3, the same for all
 * applications), a per-application id for TOKEN_Y3056.
 */
enum err token_id(enum token_format format, const struct token_base *base,
	const struct ident *application, char ret[TOKEN_ID_MAX + 1]);
/* The node (FQDN) that a token id names after its @; ERR_SYNTAX. */
enum err token_id_node(struct view id, struct ident *ret_node);

/* TMPI, the temporary identity that replaces the client's on RP_C (TS 33.220 B.4). */
enum { TMPI_MAX = 64 };
enum err token_tmpi(const struct token_base *base, char ret[TMPI_MAX + 1]);

/* The pseudonym of a client toward one ASP: HMAC-SHA-256 under a realm secret, base64url of 18 bytes. */
enum { PSEUDONYM_SIZE = 25 };
enum err token_pseudonym(const struct secret *realm_secret, const struct ident *client,
	const struct ident *asp, char ret[PSEUDONYM_SIZE]);
