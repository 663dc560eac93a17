// SPDX-License-Identifier: Apache-2.0
/*
 * two_realms: the authorization elements of two operators that know each other, and a device that is made by hand: it signs
 * what a change of operator needs (10.6).
 */
#pragma once

#include "authz/change/change.h"
#include "fake_ca.h"
#include "operator.h"

#define OLD_REALM  "old.example"
#define NEW_REALM  "new.example"
#define OLD_CLIENT "001010123456789@old.example"
#define NEW_CLIENT "001010123456789@new.example"

struct two_realms {
	struct fake_ca ca;
	char folder[64]; /* keys and sockets */
	struct authz_flow from, to;
	void *device_key; /* EVP_PKEY */
	struct jose_key *device;
	struct jose_key *new_envelope_key; /* the new realm's, public */
	char id[CHANGE_ID];		   /* of the last change that was asked for */
	uint8_t nonce;			   /* of the last consent */
	struct tls *tls;
	struct http_client *peer; /* another operator's client, at the old one's door */
	unsigned status;	  /* of its last answer */
	struct buf said;
	bool done;
};

/* Both run; `more_from` and `more_to`: further lines below `change:`. The device is alice's at the old realm. */
void two_realms_open(struct two_realms *w, const char *more_from, const char *more_to);
void two_realms_close(struct two_realms *w);

/* A consent of the device as it would make it now; change what is to be wrong in it, then sign. */
struct change_consent two_realms_consent(struct two_realms *w, enum change_method method);
void two_realms_sign(struct two_realms *w, const struct change_consent *consent, struct buf *ret);

/* The device's receipt of an order. */
void two_realms_receipt(struct two_realms *w, struct view order, struct buf *ret);

/* Asks the new realm for a change with it, as alice. Gives the status; w->id is set. */
unsigned two_realms_ask(struct two_realms *w, struct view consent);
/* The same with a good consent, which has to be taken. */
void two_realms_begin(struct two_realms *w, enum change_method method);

/* Both turn, the clock of the new one moves, until the change has this state. */
void two_realms_until(struct two_realms *w, const char *state);
void two_realms_turn(struct two_realms *w, int64_t advance_ms);
/* Whether what the new realm shows of the change says this. */
bool two_realms_says(struct two_realms *w, const char *words);

/* As the new operator's node, at the old one's door; a body, or NULL for {}. Gives the status. */
unsigned two_realms_visit(struct two_realms *w, const char *target, const char *body);
/* From now on as another certificate's owner. */
void two_realms_pose(struct two_realms *w, const char *host);

/* What a realm shows of a device; "": it has none of that name. */
const char *two_realms_device(struct two_realms *w, struct authz_flow *o, const char *client);
