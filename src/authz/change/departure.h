// SPDX-License-Identifier: Apache-2.0
/* departure: a request of another operator, and the rows that it is about (departure.c, departure_rows.c). */
#pragma once

#include "authz/change/change.h"
#include "authz/pseudonyms.h"
#include "wire/json.h"

enum visit_step { VISIT_MOVE, VISIT_RECEIPT, VISIT_ABORT, VISIT_DONE };

/* One request at the door. */
struct visit {
	struct authz *authz;
	pool_ref ref;
	struct http_request *request;
	const struct change_peer *peer;
	enum visit_step step;
	const char *clause; /* for the log */
	char id[CHANGE_ID];
	struct json *body; /* views below point into it */
	struct view consent_jws, receipt_jws;
	struct change_consent consent;
	struct buf pseudonyms; /* sealed for the other operator; or nothing */
	struct buf order;
};

/* Answers with a problem, and is over. */
void visit_refuse(struct visit *v, unsigned status, const char *why);

/* Rows of FIND_DEPARTURE and FIND_LEAVING; false when there is none. */
struct departure_row {
	struct view id, realm, client, state, method, consent, envelope, pseudonyms, replacement,
		receipt;
	int64_t created, updated;
};
void departure_read(const struct store_result *result, size_t step, size_t row,
	struct departure_row *ret);
bool departure_read_row(const struct store_result *result, size_t step, struct departure_row *ret);
struct leaving_row {
	struct view client, key, public_key, pseudonyms, frozen;
	int64_t algorithm, sqn;
	bool exportable;
};
bool leaving_read_row(const struct store_result *result, size_t step, struct leaving_row *ret);

/* "new_keys" of a request for an order: 1 to CHANGE_KEYS JWKs. ERR_SYNTAX, ERR_UNSUPPORTED, ERR_RANGE. */
enum err departure_read_keys(const struct json *body, struct change_order *ret);
