// SPDX-License-Identifier: Apache-2.0
/*
 * rp_a_json: what RP_A carries over HTTPS, in JSON, from and to the structs of rp_messages.h, so that both carriers say the
 * same. The names of the pull are those of TS 29.309 (Nbsp_GBA); docs/protocol/rp_a.md has them all. Session fields are
 * not looked at, but for the transaction's name at the end of Session-Id ("tx"). Members that are not known
 * are left out.  req: B9.6.1-b B9.6.1-c B9.6.1-d
 */
#pragma once

#include "wire/rp_messages.h"

struct json;

enum { RP_A_JSON_MAX = 256 * 1024, RP_A_LOG = 16, RP_A_REFUSED = 64 };

/* What a message that was read looks at; freeing wipes it. */
struct rp_a_json {
	struct json *root;
	uint8_t *room;
	size_t size, used;
};
#define RP_A_JSON(name)                                                                            \
	struct rp_a_json name __attribute__((cleanup(rp_a_json_free))) = {.root = NULL}
void rp_a_json_free(struct rp_a_json *m);

/*
 * All readers: ERR_SYNTAX names the member; ERR_RANGE: longer than RP_A_JSON_MAX, or more than the struct holds. `m` is the
 * caller's to free, after a failure too; views of `ret` look into it. Writers append, and fail with
 * ERR_SYNTAX for what JSON cannot say.
 */

/* {"applications":[{"nafFqdn","uaSecProtIds":[],"address","mechanisms":[],"shared"}]} */
enum err rp_a_json_read_announcement(struct view text, struct rp_a_json *m, struct rp_rpr *ret);
enum err rp_a_json_write_announcement(const struct rp_rpr *in, struct buf *out);
/* One of them, whose name stands elsewhere. */
enum err rp_a_json_read_application(struct view text, const struct ident *application,
	struct rp_a_json *m, struct rp_rpr *ret);

/* {"btId","nafFqdn","tokenFormat","securityDegree","bootstrappingInfoCreationTime","keyExpiryTime","ussList",
 * "rights":[],"attributes":{},"keys":[{"uaSecProtId","meKeyMaterial"}],"tx"}; type, log and serial stand elsewhere. */
enum err rp_a_json_read_event(struct view text, struct rp_a_json *m, struct rp_rpr *ret);
enum err rp_a_json_write_event(const struct rp_rpr *in, struct buf *out);
/* "push", "revoke", "subscription"; 0: another. */
const char *rp_a_json_event_name(uint32_t type);
uint32_t rp_a_json_event_type(struct view name);

/* {"btId","nafId":{"nafFqdn","uaSecProtId"},"gsIds":[],"tx"} */
enum err rp_a_json_read_pull(struct view text, struct rp_a_json *m, struct rp_bir *ret);
enum err rp_a_json_write_pull(const struct rp_bir *in, struct buf *out);
/* {"meKeyMaterial","keyExpiryTime","bootstrappingInfoCreationTime","ussList","rights":[],"attributes":{},"impi"} */
enum err rp_a_json_read_key(struct view text, struct rp_a_json *m, struct rp_bia *ret);
enum err rp_a_json_write_key(const struct rp_bia *in, struct buf *out);

/* {"log","serial"}: where a log stands. Both may be absent. A problem's "detail" becomes error_message. */
enum err rp_a_json_read_place(struct view text, struct rp_a_json *m, struct rp_rpa *ret);
void rp_a_json_write_place(struct view log, uint64_t serial, struct buf *out);

/* {"log","serial","refused":[]}: an element has all up to `serial`, but for those that it will never take. */
struct rp_a_ack {
	uint8_t log[RP_A_LOG];
	uint64_t serial, refused[RP_A_REFUSED];
	size_t refused_count;
};
enum err rp_a_json_read_ack(struct view text, struct rp_a_ack *ret);
enum err rp_a_json_write_ack(const struct rp_a_ack *in, struct buf *out);

/* "0123...ef:42": an event's id, and Last-Event-ID. ERR_SYNTAX. */
enum { RP_A_ID_MAX = 2 * RP_A_LOG + 1 + 20 };
void rp_a_json_print_id(struct view log, uint64_t serial, char ret[RP_A_ID_MAX + 1]);
enum err rp_a_json_read_id(struct view id, uint8_t ret_log[RP_A_LOG], uint64_t *ret_serial);
