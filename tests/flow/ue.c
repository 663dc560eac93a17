// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "ue.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static void set_target(struct ue *ue)
{
	BUF_CLEANUP struct buf target = buf_growing(sizeof(ue->target));

	buf_text(&target, "/");
	if (ue->application) {
		buf_text(&target, "?app=");
		text_percent(&target, view_text(ue->application));
	}
	(void)snprintf(ue->target, sizeof(ue->target), "%s", buf_string(&target));
}

void ue_first_leg(struct ue *ue)
{
	char header[1024];

	set_target(ue);
	(void)snprintf(header, sizeof(header),
		"Digest username=\"%s\", realm=\"" FLOW_AUTHN
		"\", nonce=\"\", uri=\"%s\", response=\"\"",
		ue->client, ue->target);
	flow_get(ue->f, ue->target, header, &ue->reply);
}

void ue_challenged_for(struct ue *ue, struct flow *f, const char *client, const char *application)
{
	*ue = (struct ue){.f = f, .client = client, .application = application};
	assert_ok(aka_new(&ue->aka));
	ue_first_leg(ue);
	assert_int_equal(ue->reply.status, 401);
	memcpy(ue->header, ue->reply.challenge, sizeof(ue->header));
	assert_ok(digest_parse_challenge(view_text(ue->header), &ue->challenge));
}

void ue_challenged(struct ue *ue, struct flow *f, const char *client)
{
	ue_challenged_for(ue, f, client, NULL);
}

void ue_clear(struct flow *f)
{
	fake_env_advance(&f->env, 30 * 1000);
	loop_turn(f->loop, 0);
	assert_int_equal(pool_count(f->authn.bootstraps), 0);
}

void ue_second_leg_as(struct ue *ue, enum digest_algorithm algorithm, const struct secret *password,
	const uint8_t *auts, const char *uri)
{
	char response[DIGEST_HEX + 1];
	uint8_t header_bytes[2048];
	struct buf header = buf_fixed(header_bytes, sizeof(header_bytes));
	const struct digest_input input = {.algorithm = algorithm,
		.username = view_text(ue->client),
		.realm = view_text(FLOW_AUTHN),
		.nonce = ue->challenge.nonce,
		.nc = view_text("00000001"),
		.cnonce = view_text("0a4f113b"),
		.method = view_text("GET"),
		.uri = view_text(uri),
		.password = password};

	assert_ok(digest_response(&input, response));
	struct digest_authorization authorization = {.username = input.username,
		.realm = input.realm,
		.nonce = input.nonce,
		.uri = input.uri,
		.response = view_text(response),
		.cnonce = input.cnonce,
		.nc = input.nc,
		.qop = view_text("auth-int"),
		.has_response = true,
		.has_auts = auts != NULL};

	if (auts) {
		memcpy(authorization.auts_bytes, auts, AUTS_SIZE);
	}
	digest_print_authorization(&header, &authorization, algorithm);
	flow_get(ue->f, uri, buf_string(&header), &ue->reply);
}

void ue_second_leg(struct ue *ue, const struct secret *password, const uint8_t *auts,
	const char *uri)
{
	ue_second_leg_as(ue, ue->challenge.algorithm, password, auts, uri);
}

void ue_right_password(struct ue *ue, struct secret *ret)
{
	struct aka_key key;
	struct aka_result result;
	uint8_t autn[AUTN_SIZE], ks[32];

	flow_key(&key);
	assert_ok(digest_from_nonce(ue->challenge.nonce, ue->base.rand, autn));
	assert_ok(aka_answer(ue->aka, &key, ue->base.rand, autn, &ue->window, &result));
	assert_ok(
		digest_password(ue->challenge.algorithm, &result.res, &result.ck, &result.ik, ret));
	memcpy(ks, result.ck.bytes, 16);
	memcpy(ks + 16, result.ik.bytes, 16);
	assert_ok(secret_set(&ue->base.ks, ks, sizeof(ks)));
	assert_ok(ident_parse(IDENT_FQDN, view_text(FLOW_AUTHN), &ue->base.node));
	assert_ok(ident_parse(IDENT_FQDN, view_text(FLOW_REALM), &ue->base.realm));
	if (ident_parse(IDENT_CLIENT, view_text(FLOW_CLIENT), &ue->base.client) != OK) {
		fail();
	}
}

void ue_wrong_password(struct secret *ret)
{
	assert_ok(secret_set(ret, "\x01\x02\x03\x04\x05\x06\x07\x08", 8));
}
