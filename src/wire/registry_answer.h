// SPDX-License-Identifier: Apache-2.0
/*
 * registry_answer: what a trust registry says of devices to whoever has met its challenge: a JWS for that enquirer, over its
 * nonce, with an expiry and the position in the registry's log that it was true at, to be checked without asking anybody:
 * docs/protocol/registry_enquiry.md. A device that is not known and one that the enquirer may not know of are the same
 * answer: none.  req: R9.3-ii-c R9.3-iii
 */
#pragma once

#include "wire/jose.h"
#include "wire/json.h"

#define REGISTRY_ANSWER_TYP   "registry-answer+jwt"
#define REGISTRY_ANSWER_MEDIA "application/registry-answer+jwt"

enum {
	REGISTRY_ANSWER_DEVICES = 64, /* in one answer */
	REGISTRY_ANSWER_SKEW = 60,    /* seconds that clocks may differ */
};

/* One device. What is empty, negative or NULL is not said: it depends on who asked, and by which name. */
struct answered_device {
	struct view reg_dev_id;
	struct view application; /* of an application, in place of it */
	struct view registry;	 /* RegID of the one it is registered at */
	struct view trust;	 /* "trusted", "unreliable", "unverified" */
	struct view lifecycle;
	int64_t since; /* ms since 1970; -1 */
	struct view rule, reason;
	const struct json *facts, *owner; /* objects */
	int64_t seq;			  /* of the event that decided; -1 */
	struct view list_uri;		  /* where its bits stand in the status list */
	int64_t list_index;
	/* Of one that is registered elsewhere: how old, in ms, what is known of its registry's log is; -1. */
	int64_t stale;
};

struct registry_answer {
	struct view issuer;	 /* iss: RegID of who answers */
	struct view audience;	 /* aud: who asked */
	struct view nonce;	 /* of the challenge that was met */
	int64_t issued, expires; /* seconds since 1970 */
	struct view asked_by; /* "reg_dev_id", "virtual", "identifier", "make_model", "application" */
	struct view asked;    /* as it was asked */
	int64_t at;	      /* ms since 1970: the time that was asked about; -1: now */
	struct answered_device devices[REGISTRY_ANSWER_DEVICES];
	size_t count;
	bool more; /* there are more than these */
	/* Position in the log of who answers; size -1: not said. */
	struct view log_origin;
	int64_t log_size;
	struct view log_root; /* 32 bytes; empty: not said */
};

/* Writes one of them as an item of an array, or as a document of its own. */
void answered_device_write(struct json_writer *w, const struct answered_device *device);

/* Appends the JSON; or the JWS. ERR_RANGE; errors of jose_sign(). */
enum err registry_answer_write(const struct registry_answer *answer, struct buf *out);
enum err registry_answer_sign(const struct registry_answer *answer, const struct jose_key *key,
	struct buf *out);

/* What it must be; an empty view or a zero stands for any. */
struct registry_answer_wanted {
	struct view issuer, audience, nonce;
	int64_t now; /* seconds since 1970; 0: when it expires does not matter, as in an archive */
};
/*
 * Views of `ret` are in the document and in `root`, which is 32 bytes of the caller's. The caller frees the document, on
 * success only. Errors of jose_verify(); ERR_DENIED: of another registry, for another enquirer, or over another nonce;
 * ERR_EXPIRED; ERR_SYNTAX, ERR_RANGE.
 */
enum err registry_answer_verify(const struct jose_key *const *keys, size_t count,
	const struct registry_answer_wanted *wanted, struct view jws, uint8_t root[32],
	struct json **ret_document, struct registry_answer *ret);
