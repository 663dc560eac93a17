// SPDX-License-Identifier: Apache-2.0
/*
 * digest: HTTP Digest AKA as RP_C speaks it (RFC 3310 AKAv1-MD5, RFC 4169 AKAv2, RFC 7616, TS 24.109), and HTTP Digest
 * with a token's key as RP_D does (TS 33.222 5.3).
 * Headers to structs and back, and the digests over them. No I/O, no state.  req: B9.6.3
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "core/vector.h"

enum digest_algorithm {
	DIGEST_AKAV1_MD5 = 1,
	DIGEST_AKAV2_SHA256 = 2,
	DIGEST_MD5 = 3, /* RP_D: without AKA */
	DIGEST_SHA256 = 4,
};
/* "AKAv1-MD5", "AKAv2-SHA-256", "MD5", "SHA-256". */
const char *digest_algorithm_name(enum digest_algorithm algorithm);
/* Of RP_C. Letter case ignored. ERR_UNSUPPORTED for any other, plain MD5 too. */
enum err digest_algorithm_of(struct view name, enum digest_algorithm *ret);
/* Of RP_D: MD5, which is meant too when none is named, and SHA-256 (RFC 7616 3.3). ERR_UNSUPPORTED. */
enum err digest_plain_algorithm_of(struct view name, enum digest_algorithm *ret);

/* Beyond this a parameter is too long: for those who keep a copy. */
enum { DIGEST_NONCE_MAX = 128, DIGEST_OPAQUE_MAX = 256, DIGEST_CNONCE_MAX = 256 };

/*
 * What a parser fills. Views point into the header given, or into `scratch` where quoting was undone:
 * such a struct is not copied. A view whose data is NULL stands for a parameter that is absent.
 */

/* Authorization. */
struct digest_authorization {
	struct view username, realm, nonce, uri, response, cnonce, nc, opaque, auts;
	struct view algorithm, qop;
	bool has_response; /* the first request of RP_C sends response="" */
	bool has_auts;
	uint8_t auts_bytes[AUTS_SIZE];
	uint8_t scratch[1024];
};

/* WWW-Authenticate. */
struct digest_challenge {
	struct view realm, nonce, opaque, qop;
	enum digest_algorithm algorithm;
	bool stale;
	uint8_t scratch[1024];
};

/* Authentication-Info. */
struct digest_info {
	struct view rspauth, cnonce, nc, qop, nextnonce;
	uint8_t scratch[512];
};

/*
 * ERR_SYNTAX names the parameter: missing, twice, unquoted, too long, not base64. Unknown ones are skipped.
 * Names in any letter case; algorithm, qop, nc and stale quoted or not. An Authorization with a response
 * must have qop=auth-int, cnonce and nc (TS 24.109 4.3). A challenge that offers no auth-int is ERR_SYNTAX,
 * one with another algorithm ERR_UNSUPPORTED. `ret` is not to be used after a failure.
 */
enum err digest_parse_authorization(struct view header, struct digest_authorization *ret);
enum err digest_parse_challenge(struct view header, struct digest_challenge *ret);
enum err digest_parse_info(struct view header, struct digest_info *ret);

/*
 * The same headers as RP_D has them: Authorization always has a response, over qop auth or auth-int; a challenge has
 * algorithm MD5 or SHA-256, and offers one of these two (`qop`: see digest_offers()).
 */
enum err digest_parse_credentials(struct view header, struct digest_authorization *ret);
enum err digest_parse_offer(struct view header, struct digest_challenge *ret);
/* Whether `word` is in a list as a challenge's qop is one. */
bool digest_offers(struct view list, const char *word);

/* Of a challenge that is not answered, an application's 401 (TS 33.222 5.3), realm and stale alone, whatever the rest. */
enum err digest_parse_demand(struct view header, struct digest_challenge *ret);

/*
 * Writers; a control character in a value makes the buf fail. Authorization without has_response is
 * the first request (response="", no qop); algorithm 0 leaves that parameter out. qop is auth-int unless set.
 */
void digest_print_authorization(struct buf *out, const struct digest_authorization *in,
	enum digest_algorithm algorithm);
void digest_print_challenge(struct buf *out, const struct digest_challenge *in);
void digest_print_info(struct buf *out, const struct digest_info *in);

/* nonce = base64(RAND || AUTN) (RFC 3310 3.2), no server data. */
void digest_nonce(struct buf *out, const uint8_t rand[RAND_SIZE], const uint8_t autn[AUTN_SIZE]);
enum err digest_from_nonce(struct view nonce, uint8_t ret_rand[RAND_SIZE],
	uint8_t ret_autn[AUTN_SIZE]);

/* The password of one run: RES as it is for AKAv1; base64(HMAC-SHA-256(RES||IK||CK, ...)) for AKAv2. */
enum err digest_password(enum digest_algorithm algorithm, const struct secret *res,
	const struct secret *ck, const struct secret *ik, struct secret *ret);
/* That of RP_D: base64 of the token's key (TS 33.222 5.3). ERR_RANGE: a key of more than 48 bytes. */
enum err digest_password_of_key(const struct secret *key, struct secret *ret);

enum { DIGEST_HEX = 64 };
enum digest_qop { DIGEST_AUTH_INT, DIGEST_AUTH /* the body apart */ };

/* What a request-digest or a response-digest is computed over (RFC 7616 3.4). */
struct digest_input {
	enum digest_algorithm algorithm;
	enum digest_qop qop;
	struct view username, realm, nonce, nc, cnonce, method, uri, body;
	/* NULL: the empty password of a resynchronisation (RFC 3310 3.4) */
	const struct secret *password;
};

/* Lower-case hex with a zero. Fixed inputs longer than 4 KiB together, the body apart: ERR_RANGE. */
enum err digest_response(const struct digest_input *in, char ret[DIGEST_HEX + 1]);
enum err digest_rspauth(const struct digest_input *in, char ret[DIGEST_HEX + 1]);
/* Constant time. ERR_AUTH when `claimed` is another. */
enum err digest_verify(struct view claimed, const char expected[DIGEST_HEX + 1]);
