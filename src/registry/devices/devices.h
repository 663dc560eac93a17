// SPDX-License-Identifier: Apache-2.0
/*
 * devices: registration of devices (Y.3059 9.2, R7-iv a to c): register, acknowledge, det, report; and their virtual
 * RegDevIDs: docs/protocol/registry_devices.md. What happens here are events; the table is their image.
 */
#pragma once

#include "core/trust.h"
#include "registry/api/call.h"
#include "registry/realm/visits.h"
#include "wire/told_vulnerability.h"

enum {
	TOLD_NAME = 160,
	TOLD_VERSION = 24
}; /* of a vulnerability that a device tells of: bytes, with the zero */

struct devices; /* roots of trust, and what is drawn at random */

enum err devices_start_up(struct registry *registry);
void devices_shut_down(struct registry *registry);
void devices_reload(struct registry *registry, const struct registry_conf *conf);
/* From now on, beside those of the configuration; errors of trust_roots_add() and trust_roots_withdraw(). */
enum err devices_accept_root(struct registry *registry, struct view pem,
	char ret_id[FINGERPRINT_TEXT]);
enum err devices_withdraw_root(struct registry *registry, struct view id);
/* A single certificate, by its fingerprint; and that it is neither pinned nor withdrawn any more. */
enum err devices_pin_root(struct registry *registry, struct view id);
enum err devices_restore_root(struct registry *registry, struct view id);
/* Whether subscriptions of this realm are evidence (`aka`). ERR_OVERLOAD, ERR_MEMORY: too many were withdrawn. */
enum err devices_trust_realm(struct registry *registry, struct view realm, bool trusted);
bool devices_accept_kind(const struct registry *registry, enum rot_kind kind);

/* A row of the table; views into the result. */
struct device_entry {
	struct view id, registry, identifier, make, model, firmware, facts, rule;
	struct view rot_id, proved_by, proved_key;
	enum rot_kind rot_kind;
	enum trust trust;
	enum lifecycle life;
	int64_t since, cause_seq, registered_at, reported_at, facts_seq;
	int64_t confirmed_at; /* 0: not yet */
	int64_t list_index;   /* -1: another registry's */
	bool duplicate;
};
void device_read(const struct store_result *result, size_t step, size_t row,
	struct device_entry *ret);
/* ERR_IO: they are not what was written. */
enum err device_read_facts(const struct device_entry *row, struct device_facts *ret);
/* Writes an object with what a device may know of itself, and the registry's staff of it. ERR_IO. */
enum err device_put(struct json_writer *w, const char *name, const struct device_entry *row);

/*
 * The visit of the device that asks. ERR_AUTH: its token has ended meanwhile. And its row, from a look for call->segment
 * that stood first in its unit: ERR_NOT_FOUND, also when it is another device's.
 */
enum err device_visit(const struct call *call, struct visit **ret);
enum err device_own(const struct call *call, const struct store_result *result,
	struct device_entry *ret);
/* Counts one event of a device that has proved itself. ERR_AGAIN: more than devices.events in a minute. */
enum err device_may_log(const struct call *call, struct view device);
/* The look itself. */
enum err device_look(struct call *call, call_done *done);
/* Answers with the device as it stands once the policy has seen the event with this seq. */
enum err device_answer_judged(struct call *call, int64_t seq);

/* Verifies evidence, or a proof by a key that is known, in the call's body, at the moment, with the visit's nonce. What
 * proves nothing becomes ERR_REPLAY (422), with the reason. */
enum err device_prove(const struct call *call, struct visit *visit, const struct json *evidence,
	struct evidence *ret);
enum err device_prove_again(const struct call *call, struct visit *visit, struct view key,
	struct view proof, struct device_facts *ret);

/*
 * What a device tells of vulnerabilities of its own, as further events and steps of the unit of its report. `result` has in its
 * second step the rows of LIST_TOLD_OF_ITSELF. What is recorded already, or was withdrawn, makes none; another severity takes
 * the place of the one before. ERR_RANGE: more than devices.vulnerabilities; ERR_MEMORY, ERR_IO.  req: R9.3-ii-b
 */
struct told_unit {
	struct buf records[TOLD_VULNERABILITIES];
	char ids[TOLD_VULNERABILITIES][TOLD_NAME];
	char versions[TOLD_VULNERABILITIES][TOLD_VERSION];
	struct event events[TOLD_VULNERABILITIES];
	struct store_step steps[2 * TOLD_VULNERABILITIES];
	size_t count; /* of events; twice as many steps */
};
enum err device_told_fill(const struct call *call, const struct store_result *result,
	struct view device, const struct told_vulnerabilities *told, struct told_unit *ret);
void device_told_free(struct told_unit *unit);

/* An index of the status list that nobody else is likely to have; after a collision, from a longer list. */
enum err devices_draw_index(struct registry *registry, bool collided, int64_t *ret);

/* acknowledge: a signed statement of what was registered, appended: a JWS. */
#define ACKNOWLEDGEMENT_TYP "registered-device+jwt"
struct acknowledgement {
	const struct reg_dev_id *id;
	const struct device_facts *facts;
	int64_t list_index;
};
enum err device_acknowledge(const struct registry *registry, const struct acknowledgement *what,
	struct buf *out);

/* The record of EVENT_VIRTUAL_ENDED of a device's virtual RegDevID `id`. ERR_CRYPTO, ERR_MEMORY.  req: R9.2-i-f */
enum err virtual_write_ended(struct view device, struct view id, struct buf *record);

/* The routes. */
call_operation device_challenge; /* a nonce for evidence */
call_operation device_register;	 /* register, acknowledge */
call_operation device_confirm;	 /* det */
call_operation device_report;	 /* report */
call_operation device_show;	 /* a device itself, and the staff */
call_operation device_list;	 /* the staff */
call_operation device_release;	 /* an administrator: another evidence may follow */
call_operation virtual_issue, virtual_list, virtual_end;
