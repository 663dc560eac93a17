// SPDX-License-Identifier: Apache-2.0
/* ue: a device made by hand, leg by leg, so that it can do wrong. */
#pragma once

#include "realm.h"
#include "wire/digest.h"

struct ue {
	struct flow *f;
	const char *client;	 /* as it names itself: an identity, or a TMPI */
	const char *application; /* NULL: the plain form */
	char target[512];
	struct aka *aka;
	struct sqn_window window;
	struct token_base base; /* what it agreed upon, after ue_right_password() */
	char header[1024];	/* the challenge points into it */
	struct digest_challenge challenge;
	struct flow_reply reply;
};

void ue_first_leg(struct ue *ue);
/* The first leg, which must meet a challenge. aka_free(ue->aka) afterwards. */
void ue_challenged(struct ue *ue, struct flow *f, const char *client);
void ue_challenged_for(struct ue *ue, struct flow *f, const char *client, const char *application);
/* The second leg, with this password over this target, as the challenge's algorithm or another one. `auts` may be NULL. */
void ue_second_leg(struct ue *ue, const struct secret *password, const uint8_t *auts,
	const char *uri);
void ue_second_leg_as(struct ue *ue, enum digest_algorithm algorithm, const struct secret *password,
	const uint8_t *auts, const char *uri);
void ue_right_password(struct ue *ue, struct secret *ret);
void ue_wrong_password(struct secret *ret);
/* Every open challenge expires. */
void ue_clear(struct flow *f);
