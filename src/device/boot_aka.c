// SPDX-License-Identifier: Apache-2.0
/* The part of clause 10.4 that is AKA, with HTTP Digest (RFC 3310, RFC 4169), as the device sees it: 2a to 2c, and 4a. */
#include "device/boot_inside.h"

#include "base/text.h"
#include "device/token.h"

#include <stdio.h>
#include <string.h>

#define NC "00000001"

enum { RES_MIN_APPLICATION = 8 };

static enum err read_challenge(struct symdev_boot *boot, struct view header,
	struct digest_challenge *ret);
static enum err run_aka(struct symdev_boot *boot, const struct digest_challenge *challenge,
	struct aka_result *ret); /* 2b */
static enum err respond(struct symdev_boot *boot, const struct digest_challenge *challenge); /* 2c */
static enum err resynchronise(struct symdev_boot *boot, const struct digest_challenge *challenge,
	const uint8_t auts[AUTS_SIZE]);
static enum err keep_tmpi(struct symdev_boot *boot, struct view server);

/* 10.4/2a: the second out of range in a run is final, or a node could keep us busy for ever. */
enum err boot_aka_on_challenge(struct symdev_boot *boot, const struct answer *answer)
{
	struct digest_challenge challenge;
	struct aka_result result __attribute__((cleanup(aka_result_wipe))) = {.auts = {0}};

	TRY(read_challenge(boot, answer->challenge, &challenge));
	enum err err = run_aka(boot, &challenge, &result);

	if (err == ERR_SYNC && boot->state == WAIT_CHALLENGE) {
		return resynchronise(boot, &challenge, result.auts);
	}
	TRY(err);
	TRY(digest_password(challenge.algorithm, &result.res, &result.ck, &result.ik,
		&boot->password));
	return respond(boot, &challenge);
}

/* Nothing else than the challenge of this form, from the node that was asked: nothing can be stripped from it. */
static enum err read_challenge(struct symdev_boot *boot, struct view header,
	struct digest_challenge *ret)
{
	TRY(digest_parse_challenge(header, ret));
	if (!view_equal(ret->realm, ident_view(&boot->options.node))) {
		return err_fail(ERR_AUTH, "10.4/2a: challenge of another node than %s",
			boot->options.node.text);
	}
	if (ret->algorithm != boot_algorithm(boot)) {
		return err_fail(ERR_UNSUPPORTED,
			"10.4/2a: %s is not what was asked for: %s alone is",
			digest_algorithm_name(ret->algorithm),
			digest_algorithm_name(boot_algorithm(boot)));
	}
	return text_copy(boot->nonce, sizeof(boot->nonce), ret->nonce, "10.4/2a: nonce");
}

/* 10.4/2b: the secure element checks that AUTN is the realm's, and fresh.  req: B9.3-a B9.6.3 */
static enum err run_aka(struct symdev_boot *boot, const struct digest_challenge *challenge,
	struct aka_result *ret)
{
	uint8_t autn[AUTN_SIZE], ks[32];

	TRY(digest_from_nonce(challenge->nonce, boot->base.rand, autn));
	TRY(boot->options.se_ops->aka(boot->options.se, &boot->options.client, boot->base.rand,
		autn, ret));
	if (ret->ck.len != 16 || ret->ik.len != 16) {
		return err_fail(ERR_CRYPTO, "10.4/2b: CK and IK have 16 bytes");
	}
	if (boot_names_application(boot) && ret->res.len < RES_MIN_APPLICATION) {
		return err_fail(ERR_UNSUPPORTED, "10.4/2b: RES of %zu bytes is too short here",
			ret->res.len);
	}
	memcpy(ks, ret->ck.bytes, 16);
	memcpy(ks + 16, ret->ik.bytes, 16);
	enum err err = secret_set(&boot->base.ks, ks, sizeof(ks));

	bytes_wipe(ks, sizeof(ks));
	boot_step(boot, "10.4/2b", "se.autn_verified");
	return err;
}

static enum err make_cnonce(struct symdev_boot *boot)
{
	uint8_t bytes[16];
	struct buf hex = buf_fixed(boot->cnonce, sizeof(boot->cnonce));

	TRY(boot->options.env->random(boot->options.env, bytes, sizeof(bytes)));
	text_hex(&hex, view_of(bytes, sizeof(bytes)));
	buf_u8(&hex, 0);
	return OK;
}

/* What both digests of a run are computed over. Without a password: of a resynchronisation. */
static struct digest_input input_of(const struct symdev_boot *boot)
{
	return (struct digest_input){
		.algorithm = boot_algorithm(boot),
		.username = boot_username(boot),
		.realm = ident_view(&boot->options.node),
		.nonce = view_text(boot->nonce),
		.nc = view_text(NC),
		.cnonce = view_text(boot->cnonce),
		.method = view_text("GET"),
		.uri = view_text(boot->target),
		.password = boot->password.len > 0 ? &boot->password : NULL,
	};
}

static enum err write_response(struct symdev_boot *boot, const struct digest_challenge *challenge,
	const uint8_t *auts)
{
	char response[DIGEST_HEX + 1];

	TRY(make_cnonce(boot));
	const struct digest_input input = input_of(boot);

	TRY(digest_response(&input, response));
	struct digest_authorization authorization = {
		.username = input.username,
		.realm = input.realm,
		.nonce = input.nonce,
		.uri = input.uri,
		.response = view_text(response),
		.cnonce = input.cnonce,
		.nc = input.nc,
		.opaque = challenge->opaque,
		.qop = view_text("auth-int"),
		.has_response = true,
		.has_auts = auts != NULL,
	};

	if (auts) {
		memcpy(authorization.auts_bytes, auts, AUTS_SIZE);
	}
	return boot_write_request(boot, &authorization, input.algorithm);
}

/* 10.4/2c: over RES. */
static enum err respond(struct symdev_boot *boot, const struct digest_challenge *challenge)
{
	TRY(write_response(boot, challenge, NULL));
	boot_enter(boot, WAIT_RESULT);
	boot_step(boot, "10.4/2c", "rp_c.response");
	return OK;
}

/* TS 33.102 6.3.5: AUTS, over the empty password (RFC 3310 3.4). */
static enum err resynchronise(struct symdev_boot *boot, const struct digest_challenge *challenge,
	const uint8_t auts[AUTS_SIZE])
{
	TRY(write_response(boot, challenge, auts));
	boot_enter(boot, WAIT_NEW_CHALLENGE);
	boot_step(boot, "10.4/2c", "rp_c.resynchronisation");
	return OK;
}

/* 10.4/4a: the same token, made here. Nothing of the answer is used before rspauth is verified. */
enum err boot_aka_on_result(struct symdev_boot *boot, const struct answer *answer)
{
	TRY(boot_aka_check_rspauth(boot, answer));
	boot_step(boot, "10.4/4a", "node.verified");
	secret_wipe(&boot->password);
	TRY(boot_make_token(boot, answer));
	TRY(keep_tmpi(boot, answer->server));
	return boot_keep_token(boot);
}

/* The node proves that it knows RES too. */
enum err boot_aka_check_rspauth(const struct symdev_boot *boot, const struct answer *answer)
{
	struct digest_info info;
	char expected[DIGEST_HEX + 1];
	struct digest_input input = input_of(boot);

	if (boot->password.len == 0 || !answer->info.data) {
		return err_fail(ERR_AUTH, "10.4/4a: the node's answer is not authenticated");
	}
	TRY(digest_parse_info(answer->info, &info));
	if (!view_is(info.cnonce, boot->cnonce) || !view_is(info.nc, NC) ||
		!view_is(info.qop, "auth-int")) {
		return err_fail(ERR_AUTH, "10.4/4a: Authentication-Info of another exchange");
	}
	input.body = view_of(answer->body, answer->body_len);
	TRY(digest_rspauth(&input, expected));
	return digest_verify(info.rspauth, expected);
}

/* "nginx/1.22 3gpp-gba-tmpi" */
static bool has_product(struct view products, const char *name)
{
	size_t len = strlen(name);

	for (size_t at = 0; at + len <= products.len;) {
		struct view word = view_of(products.data + at, products.len - at);
		const uint8_t *space = memchr(word.data, ' ', word.len);

		word.len = space ? (size_t)(space - word.data) : word.len;
		if (word.len >= len && view_is_nocase(view_of(word.data, len), name) &&
			(word.len == len || word.data[len] == '/')) {
			return true;
		}
		at += word.len + 1;
	}
	return false;
}

/* Before the token: should it not be kept, the node knows the new one alone all the same. */
static enum err keep_tmpi(struct symdev_boot *boot, struct view server)
{
	const struct symdev_options *o = &boot->options;
	char tmpi[TMPI_MAX + 1];

	if (!has_product(server, TMPI)) {
		return boot->had_tmpi
			       ? token_keep_tmpi(o->se_ops, o->se, &o->client, &o->node, NULL)
			       : OK;
	}
	TRY(token_tmpi(&boot->base, tmpi));
	return token_keep_tmpi(o->se_ops, o->se, &o->client, &o->node, tmpi);
}
