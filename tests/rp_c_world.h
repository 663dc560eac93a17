// SPDX-License-Identifier: Apache-2.0
/*
 * rp_c_world: a device that bootstraps with libsymbolon-device, and a node that says what the test wants.
 */
#pragma once

#include "test.h"

#include "device/symdev.h"
#include "fake_env.h"
#include "fake_se.h"

#define CLIENT "001010123456789@realm.example"
#define NODE   "authn1.realm.example"

struct rp_c {
	struct fake_env env;
	struct fake_se se;
	struct symdev_boot boot;
	struct aka *aka;
	uint64_t sqn;
	struct vector vector; /* of the last challenge */
	size_t piece;	      /* bytes a call; 0: all at once */
	char steps[512];

	/* what the device asks for, set before a run begins; NULL: the plain form */
	const char *application;
	const char *binding; /* of its connections; NULL: none, plain HTTP */
	bool plain_allowed;

	/* how the node deviates; NULL: not at all */
	const char *realm, *algorithm, *qop, *fields;
	const char *btid, *info, *rspauth;
	int64_t lifetime;
	const char *username; /* that the device is to use; NULL: CLIENT */
	struct {
		const char *token, *format, *node, *realm, *application, *applications, *ua, *rest;
	} json; /* members of the 200's body, as JSON has them; NULL: as they must be */
	char answer[16384];
};

extern volatile bool rp_c_inside; /* a call of the library runs */

/* --- the device --- */

void rp_c_open(struct rp_c *ret); /* with its first run begun */
/* The same, for a token for an application over TLS. */
void rp_c_open_for(struct rp_c *ret, const char *application);
void rp_c_close(struct rp_c *w);
enum err rp_c_begin(struct rp_c *w); /* another run */
/* The request was sent, these bytes came, in pieces of w->piece. */
enum err rp_c_feed(struct rp_c *w, struct view bytes);
enum err rp_c_feed_text(struct rp_c *w, const char *text);
void rp_c_run_well(struct rp_c *w); /* from the first answer to the token */
enum err rp_c_kept_token(struct rp_c *w, struct symdev_token *ret);
/* The device has seen sequence numbers that the node does not know of. */
void rp_c_go_ahead(struct rp_c *w);

/* --- the node --- */

const char *rp_c_challenge(struct rp_c *w); /* 10.4/2a, in w->answer */
const char *rp_c_result(struct rp_c *w);    /* 10.4/4a, in w->answer */
const char *rp_c_document(const struct rp_c *w);
/* A refusal with the node's proof, in w->answer. */
const char *rp_c_proved_refusal(struct rp_c *w);
/* What the node has agreed on with the device in the last run. */
void rp_c_base(const struct rp_c *w, struct token_base *ret);
/* The Authentication-Info for the response that the device has sent last. */
const char *rp_c_info(const struct rp_c *w, const char *body);
/* What the device sends, as the node reads it. */
void rp_c_read_request(const struct rp_c *w, struct digest_authorization *ret);
struct digest_input rp_c_input_of(const struct digest_authorization *request,
	const struct secret *password, const char *body);

/* --- what must hold --- */

void rp_c_check_response(const struct rp_c *w); /* over XRES: 10.4/1d */
void rp_c_check_auts(struct rp_c *w);  /* after rp_c_go_ahead(); the node goes on from it */
void rp_c_check_token(struct rp_c *w); /* both ends have the same key */
/* The run is over, says nothing, keeps no secret, and the values in the element are those of `before`. */
void rp_c_assert_over(struct rp_c *w, const struct fake_se *before);
