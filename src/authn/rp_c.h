// SPDX-License-Identifier: Apache-2.0
/*
 * rp_c: what goes over RP_C (Y.3056 9.6.3; the Ub interface of TS 24.109): the device's requests read and
 * checked, the node's answers written. What they lead to: bootstrap.  req: B9.6.3
 */
#pragma once

#include "authn/authn.h"
#include "authn/rp_b.h"
#include "authn/tokens.h"
#include "wire/digest.h"

/* The Server field. 3gpp-gba-tmpi: this node knows temporary identities (TS 24.109 4.2). */
#define RP_C_PRODUCTS "symbolon-authn 3gpp-gba-tmpi"

/* Longest request-target: both legs carry the same, so it is kept. */
enum { RP_C_TARGET = 1024 };

/* What a device with a key pair of its own has shown in TLS. */
struct rp_c_key {
	uint8_t digest[PUBLIC_KEY_DIGEST]; /* SHA-256 of SubjectPublicKeyInfo */
	char name[TLS_NAME];		   /* that rp_c.authority vouches for; "": none */
	const char *algorithm;
	int strength; /* bits of security */
};

/* How a device names itself, and for what it comes. */
struct rp_c_start {
	char username[IDENT_MAX +
		      1]; /* as it goes into the digests; of a key, its digest in hexadecimal */
	bool temporary;	  /* it is a TMPI; else `client` is who */
	bool shown;	  /* it has a key of its own; `client` is found by that */
	struct rp_c_key key;
	struct ident client;
	struct ident application; /* ?app=; len 0: the plain form */
	bool key_update; /* the realm would like it to have another key: it is told so (10.6.1/4) */
};

/* A request of RP_C: its one Authorization. Views point into the request and into `ret`. ERR_SYNTAX. */
enum err rp_c_read(const struct http_request *request, struct digest_authorization *ret);
/* 10.4/1a: the first leg. ERR_SYNTAX, ERR_RANGE; ERR_DENIED: not without TLS. */
enum err rp_c_read_start(struct authn *authn, const struct http_request *request,
	const struct digest_authorization *authorization, struct rp_c_start *ret);

/* Whether the device comes with a certificate in place of a digest. */
bool rp_c_is_shown(const struct http_request *request);
/* 10.4/1a with a certificate, all but `client`. ERR_SYNTAX; ERR_DENIED: not TLS 1.3, no application, expired, or a key
 * that is too weak. */
enum err rp_c_read_shown(struct authn *authn, const struct http_request *request,
	struct rp_c_start *ret);

/* 10.4/2a: 401 under the nonce. */
enum err rp_c_challenge(struct authn *authn, struct http_request *request,
	enum digest_algorithm algorithm, struct view nonce, const char *tx);

/* 8.4: a device may say what it can secure sessions with, "Y3056-Mechanisms: tls13-psk tls12-psk http-digest". ERR_DENIED: the
 * application has registered nothing of that. */
enum err rp_c_check_mechanisms(const struct http_request *request,
	const struct rp_b_permission *permission);

/* What the device is told of its token, never the key: BootstrappingInfo, or JSON. */
struct rp_c_told {
	const struct token *token;
	const struct rp_b_permission *permission; /* NULL: the plain form */
	const struct rp_c_start *who;
	const struct degree_key *key;
};
void rp_c_write_info(struct authn *authn, const struct rp_c_told *told, bool json, struct buf *ret);

/* The node proves itself too: an answer whose body goes into rspauth, over the digest that was verified. */
struct rp_c_proof {
	struct digest_input
		digest; /* as of the device's response, but for the body; none without a password */
	unsigned status;
	const char *content_type;
};
/* Answers `request`; 500 when the digest cannot be made. */
void rp_c_answer(struct http_request *request, const struct rp_c_proof *proof, struct view body);
/* 403 that a device can believe, with problem details. */
void rp_c_refuse(struct http_request *request, const struct rp_c_proof *proof, const char *why);
/* 429: too many starts; in how long there is room again. */
void rp_c_put_off(struct http_request *request, int64_t wait_ms);
