// SPDX-License-Identifier: Apache-2.0
/*
 * owners: who makes devices, whose they are, and what becomes of them (Y.3059 7, 9.2 i d, 9.2 i g): manufacturers, bulk imports,
 * owners and custodians, transfers, losses. What is known of owners is sealed, and in no record of the log.
 *  req: R7-a R6.3
 */
#pragma once

#include "base/rate.h"
#include "core/device_facts.h"
#include "core/trust.h"
#include "registry/api/call.h"
#include "wire/device_row.h"
#include "wire/owner_record.h"

enum { OWNER_ID = 34, OWNER_REFERENCE = 65, OWNER_ITSELF_MAX = 64 };

/* Subjects in the log. */
#define MANUFACTURER_SUBJECT "manufacturer:"
#define IMPORT_SUBJECT	     "import:"
#define APPLICATION_SUBJECT  "app:"

struct owners {
	struct table *manufacturers; /* id -> struct manufacturer, all of them */
	struct pool *import_runs, *import_units;
	struct import_filling *filling; /* import_inside.h */
	struct application_rules *application_rules;
	struct rates *offers;	     /* of transfers, by address */
	struct secret reference_key; /* of what importers call owners */
};

/* A part of the program; after the store. ERR_MEMORY, or the store's error. */
enum err owners_start_up(struct registry *registry);
void owners_shut_down(struct registry *registry);
/* Takes over the options that may change while it runs. */
void owners_reload(struct registry *registry, const struct registry_conf *conf);

/* ---- manufacturers (manufacturers.c) ---- */

enum { MANUFACTURER_MAKES = 16, MANUFACTURERS_MAX = 100000 };

struct manufacturer {
	char id[PARTY_ID_MAX + 1];
	char party[JOSE_THUMBPRINT]; /* "": it has no key here */
	bool preregisters;
	size_t make_count;
	char makes[MANUFACTURER_MAKES][FACT_SIZE];
};

enum err manufacturers_start_up(struct registry *registry);
void manufacturers_shut_down(struct owners *owners);
/* NULL: none of this id, or withdrawn. */
const struct manufacturer *manufacturer_find(const struct owners *owners, struct view id);
/* Of a party's key; NULL. */
const struct manufacturer *manufacturer_of_party(const struct owners *owners, const char *party);
/* Whether devices of this make are its own; letters may be of either case. */
bool manufacturer_makes(const struct manufacturer *m, struct view make);
/* The manufacturer that asks: ERR_DENIED for any other party. */
enum err manufacturer_asking(const struct call *call, const struct manufacturer **ret);

/* GET, POST /v1/manufacturers; GET, DELETE /v1/manufacturers/{} */
call_operation manufacturer_list, manufacturer_set, manufacturer_show, manufacturer_withdraw;

/* ---- bulk (import.c) ---- */

enum err import_start_up(struct registry *registry);
void import_shut_down(struct owners *owners);
/* POST, GET /v1/imports/{}; GET /v1/imports, /v1/imports/{}/errors */
call_operation import_rows, import_show, import_list, import_errors;
/* Steps of the unit that registers a device: its announcement is used up, and its owner becomes the device's. */
enum { PREREG_CLAIM_STEPS = 2 };
void prereg_claim(const struct registry *registry, struct view identifier, struct view device,
	struct store_step ret[PREREG_CLAIM_STEPS]);
/* GET /v1/preregistrations, DELETE /v1/preregistrations/{} */
call_operation prereg_list, prereg_drop;

/* ---- owners (owner.c) ---- */

/* Appends the record, sealed for the row of this id. */
enum err owner_seal(const struct registry *registry, const char *id,
	const struct owner_record *record, struct buf *ret);
enum err owner_open(const struct registry *registry, const char *id, struct view sealed,
	struct owner_record *ret);
/* A new one, random: it says nothing of the owner. */
enum err owner_make_id(const struct registry *registry, char ret[OWNER_ID]);
/* How a reference stands in the store: "" for "". */
enum err owner_hash_reference(const struct registry *registry, const char *reference,
	char ret[OWNER_REFERENCE]);
#define OWNER_PLACE "owner/record/"

/* GET, POST /v1/owners; GET, PUT, DELETE /v1/owners/{}, GET /v1/owners/{}/devices: "self" is the owner that asks. */
call_operation owner_list, owner_add, owner_show, owner_correct, owner_erase, owner_devices;

/* ---- whose a device is (custody.c), and transfers (transfer.c) ---- */

/* PUT, GET, DELETE /v1/devices/{}/owner */
call_operation custody_set, custody_show, custody_revoke;
/* POST, GET /v1/transfers; GET, DELETE /v1/transfers/{}; POST /v1/transfers/{}/acceptance, /v1/transfers/{}/approval */
call_operation transfer_offer, transfer_list, transfer_show, transfer_withdraw, transfer_accept,
	transfer_approve;

/* ---- lifecycle.c, application.c, erasure.c ---- */

/* POST /v1/devices/{}/lifecycle */
call_operation lifecycle_change;
/* GET /v1/applications; GET /v1/applications/{}; PUT /v1/applications/{}/status */
call_operation application_list, application_show, application_set;

#define APPLICATION_DECIDED "administrator" /* the rule of what one has decided */
struct application_verdict {
	enum trust trust;
	const char *rule, *reason;
	int64_t cause; /* seq of an event; 0: none */
};
void application_write_event(struct buf *out, struct view subject,
	const struct application_verdict *verdict, int64_t now);
/* application_rule.c; after the policy is read. */
enum err application_rules_start_up(struct registry *registry);
void application_rules_shut_down(struct owners *owners);
ledger_wake application_rules_wake;
/* POST /v1/erasures */
call_operation erasure_add;
