// SPDX-License-Identifier: Apache-2.0
/*
 * status_list: two bits a device, deflated, as the IETF Token Status List has them: whoever knows an index reads a status
 * without asking anybody. A list begins with all bits set, which is TRUST_UNASSIGNED: no index that nobody has reads as
 * trusted. It is compressed in parts, and only those that changed since are compressed again.  req: R7-iv-e
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum {
	STATUS_LIST_BITS = 2,
	STATUS_LIST_PART = 1 << 19, /* entries that are compressed together: 128 KiB */
	STATUS_LIST_MAX = 1 << 24,  /* entries of one list */
	STATUS_LIST_UNASSIGNED = 3,
};

struct status_list;

/* All entries unassigned. `entries`: 1 to STATUS_LIST_MAX. ERR_RANGE, ERR_MEMORY. */
enum err status_list_new(size_t entries, struct status_list **ret);
void status_list_free(struct status_list *list); /* NULL is fine */
size_t status_list_entries(const struct status_list *list);
/* 0 to 3. Outside of the list: not set, and read as unassigned. */
void status_list_set(struct status_list *list, size_t index, unsigned status);
unsigned status_list_get(const struct status_list *list, size_t index);

/* Makes `copy`, of as many entries, what `list` is now; costs by the parts that changed since it last was. So the one can be
 * changed while another thread deflates the other. */
void status_list_follow(struct status_list *list, struct status_list *copy);
bool status_list_has_changed(
	const struct status_list *list); /* since it was deflated, or followed */

/* Appends the list in zlib's format (RFC 1950), compressed as well as it goes; 0.3 s for a million entries that all have
 * changed. ERR_MEMORY, ERR_RANGE. */
enum err status_list_deflate(struct status_list *list, struct buf *out);
/* ERR_SYNTAX: not zlib's format, cut off, damaged, or with bytes after it; ERR_RANGE: more than `max` entries. */
enum err status_list_inflate(struct view zlib, size_t max, struct status_list **ret);

/* --- status_list_token.c: signed, draft-ietf-oauth-status-list 5.1 --- */

#define STATUS_LIST_TYP	  "statuslist+jwt"
#define STATUS_LIST_MEDIA "application/statuslist+jwt"

enum {
	STATUS_LIST_TOKEN_MAX = 9 << 20
}; /* bytes: of STATUS_LIST_MAX entries that do not compress */

struct jose_key;

struct status_list_token {
	struct view issuer;  /* iss: may be empty */
	struct view subject; /* sub: the list's own address */
	int64_t issued, expires;
	int64_t ttl; /* seconds after which to fetch it anew */
};

/* {"bits":2,"lst":"..."}, appended, from what status_list_deflate() wrote. */
enum err status_list_write_json(struct view zlib, struct buf *out);
/* The same read. ERR_SYNTAX; ERR_UNSUPPORTED: not two bits; errors of status_list_inflate(). */
struct json;
enum err status_list_read_json(const struct json *object, size_t max, struct status_list **ret);

/* Appends the JWT. Errors of jose_sign_within(). */
enum err status_list_sign(const struct status_list_token *token, struct view zlib,
	const struct jose_key *key, struct buf *out);
/*
 * Verifies one at `now` (seconds since 1970); views of `ret` are in `payload`, appended to. ERR_EXPIRED: over, or issued in
 * the future; errors of jose_verify_within() and status_list_read_json().
 */
enum err status_list_verify(const struct jose_key *const *keys, size_t count, struct view jwt,
	int64_t now, struct buf *payload, struct status_list_token *ret,
	struct status_list **ret_list);
