// SPDX-License-Identifier: Apache-2.0
/* owner: what the parts that make and move owners have in common. */
#pragma once

#include "registry/owners/owners.h"

#define OWNER_SUBJECT "owner:"
enum { OWNER_SUBJECT_MAX = OWNER_ID + 8 };

/* The key that an owner signs with; len 0: none. */
struct owner_key {
	uint8_t bytes[JOSE_PUBLIC_MAX];
	size_t len;
	char party[JOSE_THUMBPRINT]; /* "" without a key */
};

/* One that is to be registered. Wipe it. */
struct owner_new {
	char id[OWNER_ID], reference[OWNER_REFERENCE];
	struct owner_record record;
	struct owner_key key;
};
void owner_new_wipe(struct owner_new *owner);

/* Members kind, claims, key of an object. ERR_SYNTAX, ERR_RANGE, ERR_UNSUPPORTED name the member. */
enum err owner_read(const struct json *body, struct owner_record *record, struct owner_key *ret_key);
enum err owner_read_key(const struct json *body, struct owner_key *ret);

/* A realm vouches for its name. */
bool owner_is_verified(const struct owner_record *record);
/* "owner:ID" in `room`. */
struct view owner_subject(const char *id, char room[OWNER_SUBJECT_MAX]);
/* {"subject","owner":WHAT,"by":BY}: all that the log says. */
void owner_write_event(struct buf *out, struct view subject, const char *what, const char *by);
/* The step that brings it; it points into `owner` and `sealed`. */
enum err owner_add_step(const struct registry *registry, const struct owner_new *owner,
	struct buf *sealed, struct store_step *ret);
