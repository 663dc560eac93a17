// SPDX-License-Identifier: Apache-2.0
/*
 * changes: clients that come from another operator, as their subscriber and the operator see them in the API (10.6,
 * steps 1 and 2).  req: B7.5-g B10.6.1 B10.6.2
 */
#include "authz/registration/registration.h"

#include "authz/change/change.h"
#include "authz/change/change_tell.h"
#include "authz/change/departure.h"
#include "base/text.h"

#include <string.h>

enum { ISSUED_AHEAD = 300 };

static call_put put;
static call_done on_nonce, on_added, on_found_abort, on_found_receipt, on_found_decision, on_moved;

static int64_t now_of(const struct call *call)
{
	return env_wall(loop_env(call->authz->loop));
}

/* --- what is shown --- */

static void put_time(struct json_writer *w, const char *name, int64_t at)
{
	char time[TEXT_TIME];

	text_time(at, time);
	json_put_string(w, name, time);
}

static void put_change(const struct call *call, struct json_writer *w, const struct change_row *row)
{
	json_open(w, NULL);
	json_put_text(w, "id", row->id);
	json_put_string(w, "state", change_state_name(row->state));
	json_put_string(w, "method", change_method_name(row->method));
	json_put_text(w, "old_realm", row->old_realm);
	json_put_text(w, "client", row->client);
	json_put_text(w, "new_client", row->new_client);
	if (call->asker.who == WHO_OPERATOR) {
		json_put_text(w, "subscriber", row->subscriber);
	}
	if (row->detail.len > 0) {
		json_put_text(w, "detail", row->detail);
	}
	if (row->replacement.len > 0) {
		json_put_text(w, "order", row->replacement);
	}
	put_time(w, "until", row->until);
	put_time(w, "created", row->created);
	put_time(w, "updated", row->updated);
	json_close(w);
}

/* Another subscriber's is not there. */
static bool may_see(const struct call *call, const struct change_row *row)
{
	return call->asker.who == WHO_OPERATOR ||
	       (call->asker.who == WHO_SUBSCRIBER &&
		       view_is(row->subscriber, call->asker.subscriber));
}

static enum err no_such_change(void)
{
	return err_fail(ERR_NOT_FOUND, "no such change");
}

static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	struct change_row change;

	(void)count;
	TRY(change_read_row(result, 0, row, &change));
	if (!may_see(call, &change)) {
		return no_such_change();
	}
	put_change(call, w, &change);
	return OK;
}

static enum err find(struct call *call, call_done *done)
{
	const struct store_step step = {
		.statement = FIND_CHANGE,
		.param_count = 1,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment))},
	};

	call->put = put;
	return call_look(call, &step, 1, done);
}

enum err change_show(struct call *call)
{
	return find(call, call_on_item);
}

enum err change_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(CHANGE_ID);
	const char *subscriber = call->asker.subscriber;
	bool all = call->asker.who == WHO_OPERATOR;

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = all ? LIST_CHANGES : LIST_CHANGES_OF,
		.param_count = all ? 2 : 3,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1),
			STORE_TEXT_OF(view_text(subscriber))},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_list);
}

/* What a device names in its consent. */
enum err change_key_show(struct call *call)
{
	const struct changes *changes = call->authz->changes;
	struct json_writer w = json_to(&call->reply);

	if (!changes->envelope_key) {
		return err_fail(ERR_NOT_FOUND, "nobody can change to this realm: "
					       "change.envelope_key is not configured");
	}
	json_open(&w, NULL);
	json_put_text(&w, "realm", ident_view(&call->authz->realm));
	TRY(jose_key_write_jwk(changes->envelope_key, &w, "key"));
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

/* --- step 1: a subscriber brings a client --- */

/* Read again from the call: it was good when it came. */
static enum err kept_consent(const struct call *call, struct change_consent *ret)
{
	return change_consent_verify(NULL, 0, buf_contents(&call->keep), ret);
}

/* 10.6/2: whom the device means, and whether it may come from there. Who it is, the old operator says. */
static enum err check_consent(const struct call *call, const struct change_consent *consent)
{
	const struct authz *authz = call->authz;
	const struct change_peer *peer = change_peer_at(authz, ident_view(&consent->old_realm));
	int64_t now = now_of(call);

	if (!ident_equal(&consent->new_realm, &authz->realm)) {
		return err_fail(ERR_CONFLICT, "10.6/2: consent: it is for another new realm");
	}
	if (!authz->changes->envelope_key ||
		strcmp(consent->new_key, authz->changes->thumbprint) != 0) {
		return err_fail(ERR_CONFLICT,
			"10.6/2: consent: it names another key than GET /v1/change-key shows");
	}
	if (!peer || !peer->client) {
		return err_fail(ERR_CONFLICT,
			"10.6/2: consent: clients of that realm cannot change to this one");
	}
	if (consent->issued > now + ISSUED_AHEAD ||
		consent->expires - consent->issued > authz->conf->change_consent / 1000) {
		return err_fail(ERR_RANGE, "10.6/2: consent: good for too long, or not yet");
	}
	return OK;
}

/* Whose change it is. */
static enum err read_subscriber(struct call *call)
{
	struct view subscriber = view_text(call->asker.subscriber);

	if (call->asker.who == WHO_OPERATOR) {
		TRY(json_text(call->body, "subscriber", &subscriber));
		TRY(subscriber_check_id(subscriber));
	} else if (json_member(call->body, "subscriber")) {
		return err_fail(ERR_SYNTAX, "subscriber: it is you who asks");
	}
	return text_copy(call->device.subscriber, sizeof(call->device.subscriber), subscriber,
		"subscriber");
}

enum err change_add(struct call *call)
{
	static const char *const known[] = {"consent", "subscriber", NULL};
	struct change_consent consent;
	struct view jws;

	TRY(json_only(call->body, known));
	TRY(read_subscriber(call));
	TRY(json_text(call->body, "consent", &jws));
	enum err err = change_consent_verify(NULL, now_of(call), jws, &consent);

	if (err == ERR_AUTH || err == ERR_EXPIRED) {
		return err_fail(ERR_SYNTAX, "consent: %s",
			err == ERR_AUTH ? "10.6/2: not signed by the device's key that it names"
					: "10.6/2: it has expired; the device makes another");
	}
	TRY(err);
	TRY(check_consent(call, &consent));
	call->keep = buf_growing(CHANGE_JWS);
	buf_view(&call->keep, jws);
	call_audit(call, ident_view(&consent.new_client), NULL);
	const struct store_step step = {
		.statement = FIND_CHANGE_OF_NONCE,
		.param_count = 1,
		.params = {STORE_BLOB_OF(VIEW(consent.nonce))},
	};

	return call_look(call, &step, 1, on_nonce);
}

/* The same consent again is the same change; another one with its nonce is none. */
static enum err answer_again(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);
	struct change_row row;

	TRY(change_read_row(result, 0, 0, &row));
	if (!view_is(row.subscriber, call->device.subscriber) ||
		!view_equal(row.consent, buf_contents(&call->keep))) {
		return err_fail(ERR_CONFLICT, "10.6/2: consent: its nonce was used already");
	}
	put_change(call, &w, &row);
	call_answer(call, 200);
	return OK;
}

static const char *wanted_verification(const struct call *call)
{
	static const char *const words[] = {"none", "prepaid", "postpaid"};

	return words[call->authz->conf->change_verification];
}

static enum err add(struct call *call, const struct change_row *row, const uint8_t *nonce)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_EXISTS, "this client is registered here already"},
		{1, ERR_CONFLICT, ERR_DENIED,
			"10.6/2: the subscriber is not verified well enough, or has too many "
			"changes under way"},
		{2, ERR_EXISTS, ERR_CONFLICT, "another change of this client is under way"},
	};
	const struct store_value subscriber = STORE_TEXT_OF(row->subscriber);
	const struct store_step steps[] = {
		{.statement = NO_DEVICE,
			.expect = STORE_NONE,
			.param_count = 1,
			.params = {STORE_TEXT_OF(row->new_client)}},
		{.statement = MAY_BRING,
			.expect = STORE_ONE,
			.param_count = 3,
			.params = {subscriber, STORE_TEXT_OF(view_text(wanted_verification(call))),
				STORE_INT_OF(call->authz->conf->change_open)}},
		{.statement = ADD_CHANGE,
			.param_count = 12,
			.params = {STORE_TEXT_OF(row->id), subscriber,
				STORE_TEXT_OF(view_text(change_state_name(row->state))),
				STORE_TEXT_OF(view_text(change_method_name(row->method))),
				STORE_TEXT_OF(row->old_realm), STORE_TEXT_OF(row->client),
				STORE_TEXT_OF(row->new_client), STORE_TEXT_OF(row->consent),
				STORE_INT_OF(row->until),
				row->state == CHANGE_WAITING ? STORE_INT_OF(row->created)
							     : STORE_NULL_OF(),
				STORE_BLOB_OF(view_of(nonce, CHANGE_NONCE)),
				STORE_INT_OF(row->created)}},
	};
	struct json_writer w = json_to(&call->reply);

	put_change(call, &w, row);
	call->status = 201;
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, 3, on_added);
}

static enum err on_nonce(struct call *call, const struct store_result *result)
{
	struct change_consent consent;
	char id[AUDIT_ID];
	bool approved = call->asker.who == WHO_OPERATOR ||
			call->authz->conf->change_approval == CHANGE_AUTOMATIC;

	if (result->steps[0].rows > 0) {
		return answer_again(call, result);
	}
	TRY(kept_consent(call, &consent));
	TRY(audit_new_id(call->authz, id)); /* sorts by time, and nobody guesses it */
	const struct change_row row = {
		.id = view_text(id),
		.subscriber = view_text(call->device.subscriber),
		.state = approved ? CHANGE_WAITING : CHANGE_REQUESTED,
		.method = consent.method,
		.old_realm = ident_view(&consent.old_realm),
		.client = ident_view(&consent.client),
		.new_client = ident_view(&consent.new_client),
		.consent = buf_contents(&call->keep),
		.detail = view_text(approved ? "" : "waits for the operator"),
		.until = consent.expires,
		.created = now_of(call),
		.updated = now_of(call),
	};

	return add(call, &row, consent.nonce);
}

static enum err on_added(struct call *call, const struct store_result *result)
{
	struct authz *authz = call->authz;

	struct change_consent consent;

	(void)result;
	TRY(kept_consent(call, &consent));
	bool symmetric = consent.method == CHANGE_SYMMETRIC;

	log_event(LOG_INFO, "change.requested", "",
		LOG_TEXT("clause", symmetric ? "10.6.1/1" : "10.6.2/1"));
	log_event(LOG_INFO, "change.verified", "",
		LOG_TEXT("clause", symmetric ? "10.6.1/2" : "10.6.2/2"));
	call_answer(call, call->status);
	arrival_wake(authz);
	return OK;
}

/* --- what becomes of it --- */

static enum err found(const struct call *call, const struct store_result *result,
	struct change_row *ret)
{
	if (result->steps[0].rows == 0) {
		return no_such_change();
	}
	TRY(change_read_row(result, 0, 0, ret));
	return may_see(call, ret) ? OK : no_such_change();
}

static enum err moved_on(void)
{
	return err_fail(ERR_CONFLICT, "the change has gone on meanwhile; look at it again");
}

/* The change moves, with what else belongs to it; the first step says when it went on meanwhile. */
static enum err submit_move(struct call *call, const struct change_row *row,
	const struct change_move *move, const struct store_step *more,
	const struct change_tell *told)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT,
			"the change has gone on meanwhile; look at it again"},
	};
	struct store_step steps[2 + CHANGE_TELL_STEPS];
	struct change_tell_room room;
	size_t count = 0;

	steps[count++] = change_move_step(move);
	if (more) {
		steps[count++] = *more;
	}
	if (told) {
		TRY(change_tell(call->authz, told, &room, steps, &count));
	}
	call_audit(call, row->new_client, change_state_name(move->to));
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, count, on_moved);
}

static enum err on_moved(struct call *call, const struct store_result *result)
{
	struct authz *authz = call->authz;

	(void)result;
	call_answer(call, call->status);
	arrival_wake(authz);
	return OK;
}

enum err change_abort(struct call *call)
{
	return find(call, on_found_abort);
}

/* With what came of it so far. The old operator is told, and the device goes on there. */
static enum err on_found_abort(struct call *call, const struct store_result *result)
{
	struct change_row row;
	const struct store_step drop = {.statement = DROP_ARRIVED,
		.param_count = 1,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment))}};

	TRY(found(call, result, &row));
	call->status = 204;
	if (row.state == CHANGE_ABORTED || row.state == CHANGE_REFUSED) {
		call_answer(call, 204);
		return OK;
	}
	if (!change_may(row.state, CHANGE_ABORTED)) {
		return err_fail(ERR_CONFLICT, "10.6: the client is here already; to go back it "
					      "changes back");
	}
	bool arrived = row.state == CHANGE_KEYED || row.state == CHANGE_UPDATED;
	const struct change_tell told = {
		.operation = "change_aborted",
		.by = call->asker.by,
		.client = row.new_client,
		.subscriber = row.subscriber,
		.text = "the change was given up; the device stays where it was",
	};
	const struct change_move move = {
		.id = row.id,
		.from = row.state,
		.to = CHANGE_ABORTED,
		.due = row.state == CHANGE_REQUESTED ? 0 : now_of(call),
		.now = now_of(call),
		.detail = call->asker.who == WHO_OPERATOR ? "aborted by the operator"
							  : "aborted by the subscriber",
	};

	return submit_move(call, &row, &move, arrived ? &drop : NULL, &told);
}

enum err change_receipt(struct call *call)
{
	static const char *const known[] = {"receipt", NULL};
	struct view jws;

	TRY(json_only(call->body, known));
	TRY(json_text(call->body, "receipt", &jws));
	call->keep = buf_growing(CHANGE_JWS);
	buf_view(&call->keep, jws);
	TRY(buf_end(&call->keep, "receipt"));
	return find(call, on_found_receipt);
}

/* 10.6.2/3: the device has followed this order. The old operator checks it again. */
static enum err check_receipt(const struct call *call, const struct change_row *row)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	struct change_consent consent;
	struct change_receipt receipt;
	uint8_t digest[CHANGE_DIGEST];

	TRY(change_consent_verify(NULL, 0, row->consent, &consent));
	TRY(jose_key_from_public(view_of(consent.device_key.bytes, consent.device_key.len), &key));
	if (change_receipt_verify(key, buf_contents(&call->keep), &receipt) != OK) {
		return err_fail(ERR_SYNTAX, "10.6.2/3: receipt: not by the device");
	}
	TRY(change_digest(row->replacement, digest));
	if (!view_is(row->id, receipt.change) ||
		memcmp(receipt.order, digest, sizeof(digest)) != 0 ||
		!ident_equal(&receipt.new_realm, &call->authz->realm)) {
		return err_fail(ERR_SYNTAX, "10.6.2/3: receipt: of another order");
	}
	return OK;
}

static enum err on_found_receipt(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);
	struct change_row row;
	const struct store_step keep = {
		.statement = KEEP_CHANGE_RECEIPT,
		.expect = STORE_ONE,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment)),
			STORE_TEXT_OF(buf_contents(&call->keep))},
	};

	TRY(found(call, result, &row));
	if (row.receipt.len > 0 && view_equal(row.receipt, buf_contents(&call->keep))) {
		put_change(call, &w, &row);
		call_answer(call, 200);
		return OK;
	}
	if (row.state != CHANGE_ORDERED) {
		return err_fail(ERR_CONFLICT, "10.6.2/3: receipt: no order waits for one");
	}
	TRY(check_receipt(call, &row));
	const struct change_move move = {
		.id = row.id,
		.from = CHANGE_ORDERED,
		.to = CHANGE_RECEIVED,
		.due = now_of(call),
		.now = now_of(call),
		.detail = "",
	};

	row.state = CHANGE_RECEIVED;
	put_change(call, &w, &row);
	return submit_move(call, &row, &move, &keep, NULL);
}

/* --- step 2: the operator decides --- */

enum err change_approve(struct call *call)
{
	call->device.sqn = CHANGE_WAITING;
	return find(call, on_found_decision);
}

enum err change_refuse(struct call *call)
{
	call->device.sqn = CHANGE_REFUSED;
	return find(call, on_found_decision);
}

static enum err on_found_decision(struct call *call, const struct store_result *result)
{
	struct json_writer w = json_to(&call->reply);
	enum change_state to = (enum change_state)call->device.sqn;
	struct change_row row;

	TRY(found(call, result, &row));
	if (row.state != CHANGE_REQUESTED) {
		return moved_on();
	}
	const struct change_tell refusal = {
		.operation = "change_refused",
		.by = call->asker.by,
		.client = row.new_client,
		.subscriber = row.subscriber,
		.text = "the operator does not take this device over",
	};
	const struct change_move move = {
		.id = row.id,
		.from = CHANGE_REQUESTED,
		.to = to,
		.due = to == CHANGE_WAITING ? now_of(call) : 0,
		.now = now_of(call),
		.detail = to == CHANGE_WAITING ? "" : "refused by the operator",
	};

	row.state = to;
	row.detail = view_text(move.detail);
	put_change(call, &w, &row);
	return submit_move(call, &row, &move, NULL, to == CHANGE_WAITING ? NULL : &refusal);
}

/* --- clients that leave --- */

/* The operator's view of what other operators asked for. */
static enum err put_departure(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row, size_t count)
{
	struct departure_row departure;

	(void)call;
	(void)count;
	departure_read(result, 0, row, &departure);
	json_open(w, NULL);
	json_put_text(w, "id", departure.id);
	json_put_text(w, "new_realm", departure.realm);
	json_put_text(w, "client", departure.client);
	json_put_text(w, "state", departure.state);
	json_put_text(w, "method", departure.method);
	json_put_bool(w, "key_handed_over", departure.envelope.len > 0);
	put_time(w, "created", departure.created);
	put_time(w, "updated", departure.updated);
	json_close(w);
	return OK;
}

enum err departure_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(CHANGE_ID);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_DEPARTURES,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put_departure;
	return call_submit(call, &step, 1, call_on_list);
}
