// SPDX-License-Identifier: Apache-2.0
/*
 * transfer: a device goes to another owner when both have signed: the giver an offer, for one device and one taker and for a
 * time, and the taker an acceptance of this offer. Each is a JWS by the key that its owner is registered with, of use at this
 * registry alone, and once. A policy may ask for an administrator's approval too.  req: R6.3 R7-a
 */
#include "registry/owners/owner.h"

#include "base/text.h"
#include "wire/transfer.h"

#include <stdio.h>
#include <string.h>

enum { RECORD_MAX = 1024 };

/* In the store. */
enum transfer_state { OFFERED, ACCEPTED, DONE, WITHDRAWN, OVERTAKEN, STATES };
static const char *const states[STATES] = {"offered", "accepted", "transferred", "withdrawn",
	"overtaken"};

/* conf: ownership.transfer */
enum { BY_SIGNATURES, BY_APPROVAL, NEVER };

/* ---- what all steps share ---- */

/* Anyone may bring what is signed; so not too often.  */
static enum err check_rate(const struct call *call)
{
	struct registry *registry = call->registry;
	const struct stream *stream = call->request->stream;
	int64_t wait;

	if (registry->conf->ownership_transfer == NEVER) {
		return err_fail(ERR_DENIED, "devices are not transferred here");
	}
	return rates_allow(registry->owners->offers,
		       stream ? stream_peer_crowd(stream) : view_text(""),
		       registry->conf->ownership_offers, loop_now(registry->loop), &wait)
		       ? OK
		       : err_fail(ERR_AGAIN, "too many offers from here; later");
}

static void write_event(struct buf *out, struct view device, struct view id,
	enum transfer_state state)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "subject", device);
	json_put_text(&w, "transfer", id);
	json_put_string(&w, "state", states[state]);
	json_close(&w);
}

static enum err submit(struct call *call, struct view device, struct view id,
	enum transfer_state state, const struct store_step *steps, size_t count)
{
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);
	struct json_writer w = json_to(&call->reply);

	write_event(&record, device, id, state);
	const struct event event = {
		.kind = EVENT_OWNER_TRANSFERRED,
		.subject = device,
		.record = buf_contents(&record),
	};

	json_open(&w, NULL);
	json_put_text(&w, "id", id);
	json_put_text(&w, "device", device);
	json_put_string(&w, "state", states[state]);
	json_close(&w);
	return call_submit(call, &event, 1, steps, count, call_on_done);
}

static enum err key_of(const struct store_result *result, size_t step, size_t column,
	struct jose_key **ret)
{
	const struct view bytes = store_at(result, step, 0, column).bytes;

	return bytes.len > 0 ? jose_key_from_public(bytes, ret)
			     : err_fail(ERR_AUTH, "no key is registered for this owner");
}

/* ---- the offer ---- */

static enum err read_member(const struct call *call, const char *name, struct json **ret_body,
	struct view *ret)
{
	const char *const known[] = {name, NULL};

	TRY(json_parse(call->request->body, TRANSFER_JWS_MAX + 64, ret_body));
	TRY(json_only(*ret_body, known));
	return json_text(*ret_body, name, ret);
}

static enum err check_offer(const struct call *call, const struct store_result *result,
	struct view jws, struct transfer_offer *ret)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	const struct transfer_for wanted = {
		.registry = reg_id_view(&call->registry->id),
		.now = registry_now(call->registry) / 1000,
		.longest = call->registry->conf->ownership_offer / 1000,
	};

	if (result->steps[0].rows == 0) {
		return err_fail(ERR_AUTH, "offer: not signed by the device's owner");
	}
	TRY(key_of(result, 0, 3, &key));
	TRY(transfer_offer_verify(key, &wanted, jws, ret));
	if (result->steps[1].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "taker: no owner is registered with this key");
	}
	return view_equal(store_at(result, 0, 0, 0).bytes, store_at(result, 1, 0, 0).bytes)
		       ? err_fail(ERR_CONFLICT, "taker: the device is its already")
		       : OK;
}

static enum err on_offer_looked(struct call *call, const struct store_result *result,
	int64_t first_seq)
{
	static const struct call_fault faults[] = {
		{0, ERR_EXISTS, ERR_EXPIRED, "offer: it came before, and is good once"},
		{0, ERR_CONFLICT, ERR_CONFLICT, "device: it went to another owner meanwhile"},
	};
	JSON_CLEANUP struct json *body = NULL;
	struct transfer_offer offer;
	struct view jws;

	(void)first_seq;
	TRY(read_member(call, "offer", &body, &jws));
	TRY(check_offer(call, result, jws, &offer));
	const struct store_step step = {
		.statement = ADD_TRANSFER,
		.expect = STORE_ONE,
		.param_count = 6,
		.params = {STORE_TEXT_OF(view_text(offer.id)),
			STORE_TEXT_OF(view_text(offer.device)),
			STORE_TEXT_OF(store_at(result, 0, 0, 0).bytes),
			STORE_TEXT_OF(store_at(result, 1, 0, 0).bytes),
			STORE_INT_OF(offer.expires * 1000),
			STORE_INT_OF(registry_now(call->registry))},
	};

	call->status = 201;
	CALL_FAULTS(call, faults);
	return submit(call, view_text(offer.device), view_text(offer.id), OFFERED, &step, 1);
}

enum err transfer_offer(struct call *call)
{
	JSON_CLEANUP struct json *body = NULL;
	struct transfer_offer offer;
	struct view jws;

	TRY(check_rate(call));
	TRY(read_member(call, "offer", &body, &jws));
	TRY(transfer_offer_peek(jws, &offer));
	const struct store_step steps[] = {
		{
			.statement = FIND_CUSTODY,
			.param_count = 1,
			.params = {STORE_TEXT_OF(view_text(offer.device))},
		},
		{
			.statement = FIND_OWNER_PARTY,
			.param_count = 1,
			.params = {STORE_TEXT_OF(view_text(offer.taker))},
		},
	};

	return call_look(call, steps, 2, on_offer_looked);
}

/* ---- accepted, approved ---- */

static enum err look(struct call *call, call_done *done)
{
	const struct store_step step = {
		.statement = FIND_TRANSFER,
		.param_count = 1,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment))},
	};

	return call_look(call, &step, 1, done);
}

static enum err check_state(const struct call *call, const struct store_result *result,
	enum transfer_state wanted)
{
	if (result->steps[0].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "no such offer is open");
	}
	if (store_at(result, 0, 0, 4).number != (int64_t)wanted) {
		return err_fail(ERR_EXPIRED, "offer: it is not open any more");
	}
	return store_at(result, 0, 0, 5).number > registry_now(call->registry)
		       ? OK
		       : err_fail(ERR_EXPIRED, "offer: it has run out");
}

static enum err move(struct call *call, const struct store_result *result, enum transfer_state from,
	enum transfer_state to)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_EXPIRED, "offer: it is not open any more"},
		{1, ERR_CONFLICT, ERR_CONFLICT, "device: it went to another owner meanwhile"},
	};
	const struct view id = store_at(result, 0, 0, 0).bytes;
	const struct view device = store_at(result, 0, 0, 1).bytes;
	const int64_t now = registry_now(call->registry);
	const struct store_step steps[] = {
		{
			.statement = MOVE_TRANSFER,
			.expect = STORE_ONE,
			.param_count = 4,
			.params = {STORE_TEXT_OF(id), STORE_INT_OF(from), STORE_INT_OF(to),
				STORE_INT_OF(now)},
		},
		{
			.statement = MOVE_CUSTODY,
			.expect = STORE_ONE,
			.param_count = 4,
			.params = {STORE_TEXT_OF(device),
				STORE_TEXT_OF(store_at(result, 0, 0, 2).bytes),
				STORE_TEXT_OF(store_at(result, 0, 0, 3).bytes), STORE_INT_OF(now)},
		},
		{
			.statement = DROP_OTHER_OFFERS,
			.param_count = 2,
			.params = {STORE_TEXT_OF(device), STORE_TEXT_OF(id)},
		},
	};

	CALL_FAULTS(call, faults);
	return submit(call, device, id, to, steps, to == DONE ? 3 : 1);
}

static enum err on_found_to_accept(struct call *call, const struct store_result *result,
	int64_t first_seq)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	JSON_CLEANUP struct json *body = NULL;
	const struct transfer_for wanted = {
		.registry = reg_id_view(&call->registry->id),
		.device = store_at(result, 0, 0, 1).bytes,
		.offer = store_at(result, 0, 0, 0).bytes,
		.now = registry_now(call->registry) / 1000,
		.longest = call->registry->conf->ownership_offer / 1000,
	};
	struct view jws;

	(void)first_seq;
	TRY(check_state(call, result, OFFERED));
	TRY(read_member(call, "acceptance", &body, &jws));
	TRY(key_of(result, 0, 7, &key));
	TRY(transfer_acceptance_verify(key, &wanted, jws));
	return move(call, result, OFFERED,
		call->registry->conf->ownership_transfer == BY_APPROVAL ? ACCEPTED : DONE);
}

enum err transfer_accept(struct call *call)
{
	JSON_CLEANUP struct json *body = NULL;
	struct view jws;

	TRY(check_rate(call));
	TRY(read_member(call, "acceptance", &body, &jws));
	return look(call, on_found_to_accept);
}

static enum err on_found_to_approve(struct call *call, const struct store_result *result,
	int64_t first_seq)
{
	(void)first_seq;
	TRY(check_state(call, result, ACCEPTED));
	return move(call, result, ACCEPTED, DONE);
}

enum err transfer_approve(struct call *call)
{
	return look(call, on_found_to_approve);
}

/* ---- withdrawn, shown ---- */

static bool is_side(const struct call *call, const struct store_result *result, size_t column)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	char party[JOSE_THUMBPRINT];

	return key_of(result, 0, column, &key) == OK && jose_thumbprint(key, party) == OK &&
	       strcmp(party, call->asker.name) == 0;
}

static enum err check_side(const struct call *call, const struct store_result *result)
{
	const bool found = result->steps[0].rows > 0;
	const bool may = found && (call->asker.who != WHO_PARTY || is_side(call, result, 7) ||
					  is_side(call, result, 8));

	return may ? OK : err_fail(ERR_NOT_FOUND, "no such offer is open");
}

/* One that only one side has signed, or that nobody has approved. */
static enum err on_found_to_withdraw(struct call *call, const struct store_result *result,
	int64_t first_seq)
{
	const int64_t state = store_at(result, 0, 0, 4).number;

	(void)first_seq;
	TRY(check_side(call, result));
	return state == OFFERED || state == ACCEPTED
		       ? move(call, result, (enum transfer_state)state, WITHDRAWN)
		       : err_fail(ERR_EXPIRED, "offer: it is not open any more");
}

enum err transfer_withdraw(struct call *call)
{
	return look(call, on_found_to_withdraw);
}

static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row)
{
	const int64_t state = store_at(result, 0, row, 4).number;

	(void)call;
	json_open(w, NULL);
	json_put_text(w, "id", store_at(result, 0, row, 0).bytes);
	json_put_text(w, "device", store_at(result, 0, row, 1).bytes);
	json_put_text(w, "from", store_at(result, 0, row, 2).bytes);
	json_put_text(w, "to", store_at(result, 0, row, 3).bytes);
	json_put_string(w, "state", state >= 0 && state < STATES ? states[state] : "");
	json_put_int(w, "until", store_at(result, 0, row, 5).number);
	json_put_int(w, "since", store_at(result, 0, row, 6).number);
	json_close(w);
	return OK;
}

static enum err on_shown(struct call *call, const struct store_result *result, int64_t first_seq)
{
	TRY(check_side(call, result));
	call->put = put;
	return call_on_item(call, result, first_seq);
}

enum err transfer_show(struct call *call)
{
	return look(call, on_shown);
}

enum err transfer_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(TRANSFER_ID);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_TRANSFERS,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put;
	return call_look(call, &step, 1, call_on_list);
}
