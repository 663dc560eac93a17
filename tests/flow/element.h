// SPDX-License-Identifier: Apache-2.0
/*
 * element: an application element made by hand, over Diameter or HTTPS: announces what a test says, and keeps what it is
 * told.
 */
#pragma once

#include "base/log.h"
#include "realm.h"
#include "ue.h"
#include "wire/sse.h"

enum { HEARD_MAX = 512 };

/* One RPR of the authentication node. */
struct heard {
	enum rp_a_type type;
	uint64_t serial;
	char token[TOKEN_ID_MAX + 1], application[IDENT_MAX + 1];
	struct ua ua; /* of the application: all of them */
	struct secret key;
	struct ua key_ua; /* of the first key */
	size_t key_count;
	char format[16], degree[32], guss[2048], tx[LOG_TX];
	int64_t expiry, creation;
};

struct element_puppet {
	struct flow *f;
	const char *host;
	bool https;
	/* Diameter */
	struct diameter_node *node;
	struct node_diameter setup;
	/* HTTPS: the event stream, when it is open */
	struct tls *tls;
	struct http_client *client;
	struct http_call *stream;
	struct sse sse;
	bool greeted;
	bool cuts;	      /* after each event, before the next */
	unsigned turned_away; /* with this status */
	size_t streams;	      /* opened so far */
	struct heard heard[HEARD_MAX];
	size_t heard_count;
	uint32_t answer; /* Result-Code; 0: none comes, and `passes` milliseconds go by */
	int64_t passes;
	bool poses; /* when it connects: as one that speaks RP_B too */
	struct diameter_request *held[HEARD_MAX]; /* without answer */
	size_t held_count;
	/* what the last announcement was answered with */
	uint32_t code;
	char said[512];
	uint8_t log[16];
	size_t log_len;
	uint64_t serial;
};

/* Connects under that name, in the place of the realm's own element if that has it; over what flow_over_https says. */
void element_open(struct element_puppet *e, struct flow *f, const char *host);
void element_open_over(struct element_puppet *e, struct flow *f, const char *host, bool https);
/* HTTPS: until the node has forgotten it. */
void element_close(struct element_puppet *e);
/* HTTPS: one call as it stands; its status. */
unsigned element_call(struct element_puppet *e, const char *method, const char *target,
	const struct http_field *field, struct view body);
/* HTTPS: opens the event stream from this place, whatever it is. */
void element_open_stream(struct element_puppet *e, const char *last_event_id);
/* HTTPS: cuts it. */
void element_cut(struct element_puppet *e);
/* HTTPS: opens its event stream again if it has ended, from where it was. Diameter has nothing to do. */
void element_resume(struct element_puppet *e);
/* The same element with another connection; it has heard what it has heard. */
void element_reconnect(struct element_puppet *e);

/* Announces one application with one Ua id, or none (NULL), and the cursor that it has if `with_cursor`. */
void element_announce(struct element_puppet *e, const char *application, struct ua ua,
	bool with_cursor);
/* Any RPR; its session fields are filled. Sets `code`. */
void element_say(struct element_puppet *e, struct rp_rpr *rpr);
/* NAF-Id into `room` (NAF_ID_MAX). */
struct view element_naf_id(const char *application, struct ua ua, uint8_t *room);
/* A whole bootstrap of FLOW_CLIENT for the application, by hand; the token's id. */
void element_bootstrap(struct flow *f, const char *application, struct ue *ue,
	char ret_id[TOKEN_ID_MAX + 1]);
/* Turns until it has heard so much, and no more comes. */
void element_hears(struct element_puppet *e, size_t count);

/* Tokens that no device has bootstrapped: many, without their cost. Number `n`; `untold`: none hears of it. */
struct element_storing {
	struct flow *f;
	struct token *token;
	unsigned done;
	bool stored, untold;
};
void element_keep_token(struct flow *f, unsigned n, struct element_storing *storing);
/* Keeps and publishes one; whether the publication was over at once. */
bool element_store_token(struct flow *f, unsigned n);
