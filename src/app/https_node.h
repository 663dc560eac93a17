// SPDX-License-Identifier: Apache-2.0
/* https_node: what carrier_https.c, which calls a node, and carrier_stream.c, which hears it, share. */
#pragma once

#include "app/carrier.h"
#include "net/http_client.h"
#include "wire/rp_a_json.h"
#include "wire/sse.h"

enum { UNANSWERED_MAX = 1024, ANSWER_BODY_MAX = 64 * 1024 };

/* Events of the stream, in its order, until they are acknowledged. */
struct unanswered {
	uint64_t serial;
	enum { EVENT_WAITS, EVENT_TAKEN, EVENT_REFUSED } state;
};

struct https_node {
	struct node *node;
	struct http_client *calls, *streams;
	int64_t failed_at; /* loop_now() of the last call without an answer; 0: none */
	/* the announcement under way */
	struct http_call *put;
	struct buf put_body;
	unsigned put_status;
	uint32_t round;
	bool announcing; /* its answer is still to come: from the call, or from the stream that follows */
	bool whole;
	char detail[512];
	uint8_t from_log[EVENT_LOG]; /* where the stream is to go on */
	uint64_t from_serial;
	bool from_known;
	/* the event stream */
	struct http_call *stream;
	unsigned stream_status;
	struct sse sse;
	uint64_t generation;
	uint8_t log[EVENT_LOG];
	bool greeted, feeding, doomed;
	/* acknowledgements */
	struct unanswered *unanswered; /* a ring of UNANSWERED_MAX */
	size_t first, count;
	struct rp_a_ack ack; /* the next */
	bool ack_due;
	struct http_call *acking;
	unsigned ack_status;
};

extern const struct carrier carrier_https;

void https_note_failed(struct https_node *h);

/* carrier_stream.c */
enum err https_stream_open(struct https_node *h);
void https_stream_close(struct https_node *h); /* silently */
/* One answer to announce_answered(), if one is due. */
void https_announced(struct https_node *h, enum err result, const struct announce_answer *answer);
void https_stream_answer(struct symapp *app, const struct told_by *by, enum err result,
	const char *why);
