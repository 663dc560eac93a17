// SPDX-License-Identifier: Apache-2.0
/*
 * departure: what another operator asks for a client that goes over to it (10.6, steps 3 to 5), at a door of its own with
 * mutual TLS. The device's consent is checked here, whatever the other says; each question may be asked again and
 * is answered alike. A client that leaves is frozen first: no vector, so no SQN, after its key has left.
 *  req: B10.6.1 B10.6.2 B7.5-g
 */
#include "authz/change/change.h"

#include "authz/change/change_tell.h"
#include "authz/change/departure.h"
#include "authz/sessions.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/public_key.h"

#include <stdio.h>
#include <string.h>

enum { VISITS = 256, BODY_MAX = 32 * 1024, ISSUED_AHEAD = 300 };

typedef void visit_begin(struct visit *v);

static visit_begin begin_keys, begin_order, begin_receipt, begin_abort, begin_done;
static void on_departure(void *user, uint64_t ref, const struct store_result *result);
static void on_frozen(void *user, uint64_t ref, const struct store_result *result);
static void on_envelope(void *user, uint64_t ref, const struct vault_answer *answer);
static void on_kept(void *user, uint64_t ref, const struct store_result *result);
static void hand_over(struct visit *v, struct view sealed, int64_t sqn);
static void end_departure(struct visit *v, const struct departure_row *row);
static void abort_departure(struct visit *v, const struct departure_row *row);
static void take_receipt(struct visit *v, const struct departure_row *row);

static int64_t now_of(const struct visit *v)
{
	return env_wall(loop_env(v->authz->loop));
}

/* --- the door --- */

static void close_visit(struct visit *v)
{
	json_free(v->body);
	buf_wipe(&v->pseudonyms);
	buf_free(&v->pseudonyms);
	buf_free(&v->order);
	pool_give(v->authz->changes->visits, v->ref);
}

void visit_refuse(struct visit *v, unsigned status, const char *why)
{
	log_event(LOG_WARN, "change.denied", "", LOG_TEXT("clause", v->clause),
		LOG_TEXT("peer", v->peer->realm.text), LOG_INT("status", status),
		LOG_TEXT("detail", why));
	http_answer_problem(v->request, status, why);
	close_visit(v);
}

static void away(struct visit *v, const char *why)
{
	log_event(LOG_ERROR, "change.failed", "", LOG_TEXT("clause", v->clause),
		LOG_TEXT("detail", why));
	http_answer_problem(v->request, 503, "10.6: not now; ask again");
	close_visit(v);
}

/* What is refused for an error of ours, and what for one of theirs. */
static void refuse_err(struct visit *v, enum err err)
{
	char why[256];

	(void)snprintf(why, sizeof(why), "%s", err_detail());
	switch (err) {
	case ERR_AUTH:
	case ERR_DENIED:
	case ERR_EXPIRED:
		visit_refuse(v, 403, why);
		return;
	case ERR_SYNTAX:
	case ERR_RANGE:
	case ERR_UNSUPPORTED:
		visit_refuse(v, 400, why);
		return;
	default:
		away(v, why);
	}
}

static void answer_texts(struct visit *v, const char *name, struct view value,
	struct view pseudonyms)
{
	BUF_CLEANUP struct buf body = buf_growing(256 * 1024);
	struct json_writer w = json_to(&body);
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text("application/json")},
		{view_text("Cache-Control"), view_text("no-store")},
	};

	json_open(&w, NULL);
	if (name) {
		json_put_text(&w, name, value);
	}
	if (pseudonyms.len > 0) {
		json_put_text(&w, "pseudonyms", pseudonyms);
	}
	json_close(&w);
	http_answer(v->request, 200, fields, 2, buf_contents(&body));
	close_visit(v);
}

static enum err open_visit(struct authz *authz, struct http_request *request,
	const struct change_peer *peer, struct view id, struct visit **ret)
{
	pool_ref ref;
	struct visit *v;

	TRY(pool_take(authz->changes->visits, &ref, (void **)&v));
	v->authz = authz;
	v->ref = ref;
	v->request = request;
	v->peer = peer;
	v->clause = "10.6/3";
	v->pseudonyms = buf_growing(JWE_MAX);
	v->order = buf_growing(CHANGE_JWS);
	*ret = v;
	TRY(json_parse(request->body, BODY_MAX, &v->body));
	if (!json_is_object(v->body)) {
		return err_fail(ERR_SYNTAX, "body: not a JSON object");
	}
	if (id.len == 0) {
		TRY(json_text(v->body, "change", &id));
	}
	TRY(change_id_check(id, "change"));
	return text_copy(v->id, sizeof(v->id), id, "change");
}

static void serve(struct authz *authz, struct http_request *request, struct view id,
	visit_begin *begin)
{
	const struct change_peer *peer = change_peer_of(authz, request->stream);
	struct visit *v = NULL;

	if (!peer) {
		log_event(LOG_WARN, "change.stranger", "",
			LOG_TEXT("peer",
				request->stream ? stream_peer_address(request->stream) : ""));
		http_answer_problem(request, 403,
			"10.6/3: not an operator that clients may change to from here");
		return;
	}
	enum err err = open_visit(authz, request, peer, id, &v);

	if (!v) {
		http_answer_problem(request, 503, "10.6: too many requests under way; ask again");
	} else if (err != OK) {
		refuse_err(v, err);
	} else {
		begin(v);
	}
}

#define VISIT(name)                                                                                \
	static void on_##name(void *user, struct http_request *request,                            \
		const struct view *segments)                                                       \
	{                                                                                          \
		serve(user, request, segments[0], begin_##name);                                   \
	}
VISIT(keys)
VISIT(order)
VISIT(receipt)
VISIT(abort)
VISIT(done)

static const struct http_route routes[] = {
	{"POST", "/change/v1/keys", NULL, on_keys},
	{"POST", "/change/v1/orders", NULL, on_order},
	{"POST", "/change/v1/orders/{}/receipt", NULL, on_receipt},
	{"POST", "/change/v1/changes/{}/abort", NULL, on_abort},
	{"POST", "/change/v1/changes/{}/done", NULL, on_done},
};

static void on_request(void *user, struct http_request *request)
{
	http_route(routes, sizeof(routes) / sizeof(routes[0]), user, request);
}

/* --- steps 3: keys and orders --- */

/* All that can be said without the store. Who signed is not known yet. */
static enum err check_consent(const struct visit *v, enum change_method method)
{
	const struct change_consent *consent = &v->consent;
	int64_t now = now_of(v);

	if (!ident_equal(&consent->old_realm, &v->authz->realm)) {
		return err_fail(ERR_DENIED, "10.6/3: the consent is for leaving another realm");
	}
	if (!ident_equal(&consent->new_realm, &v->peer->realm)) {
		return err_fail(ERR_DENIED, "10.6/3: the consent is for another new realm");
	}
	if (!v->peer->key || strcmp(consent->new_key, v->peer->thumbprint) != 0) {
		return err_fail(ERR_DENIED,
			"10.6/3: the consent names another key of the new realm");
	}
	if (consent->method != method) {
		return err_fail(ERR_DENIED, "10.6/3: the consent is for another method");
	}
	if (consent->issued > now + ISSUED_AHEAD ||
		consent->expires - consent->issued > v->authz->conf->change_consent / 1000) {
		return err_fail(ERR_DENIED, "10.6/3: the consent is good for too long, or not yet");
	}
	return OK;
}

static enum err read_consent(struct visit *v, enum change_method method)
{
	TRY(json_text(v->body, "consent", &v->consent_jws));
	/* With the key that it names: whether that is the device's follows when its row is here. */
	TRY(change_consent_verify(NULL, now_of(v), v->consent_jws, &v->consent));
	return check_consent(v, method);
}

static void look_up(struct visit *v)
{
	const struct store_value client = STORE_TEXT_OF(ident_view(&v->consent.client));
	const struct store_step steps[] = {
		{.statement = FIND_DEPARTURE,
			.param_count = 2,
			.params = {STORE_TEXT_OF(view_text(v->id)),
				STORE_TEXT_OF(ident_view(&v->peer->realm))}},
		{.statement = FIND_LEAVING, .param_count = 1, .params = {client}},
		{.statement = LIST_ASPS_OF_CLIENT, .param_count = 1, .params = {client}},
	};
	/* A row of another departure when the request names no client: then the first alone is read. */
	size_t count = v->consent.client.len > 0 ? 3 : 1;

	if (store_submit(v->authz->store, steps, count, on_departure, v->authz, v->ref) != OK) {
		away(v, err_detail());
	}
}

static void begin_move(struct visit *v, enum change_method method)
{
	enum err err = read_consent(v, method);

	v->step = VISIT_MOVE;
	if (err != OK) {
		refuse_err(v, err);
		return;
	}
	look_up(v);
}

static void begin_keys(struct visit *v)
{
	v->clause = "10.6.1/3";
	begin_move(v, CHANGE_SYMMETRIC);
}

static void begin_order(struct visit *v)
{
	v->clause = "10.6.2/3";
	begin_move(v, CHANGE_ASYMMETRIC);
}

/* One answer for a client that is not here and for a consent that its device did not sign. */
static enum err check_signer(const struct visit *v, const struct leaving_row *device)
{
	JOSE_KEY_CLEANUP struct jose_key *registered = NULL;
	struct change_key key;

	if (device->public_key.len == 0 ||
		jose_key_from_spki(device->public_key, &registered) != OK ||
		change_key_of(registered, &key) != OK ||
		!change_key_equal(&key, &v->consent.device_key)) {
		return err_fail(ERR_DENIED, "10.6/3: the consent is not by a device of this realm");
	}
	return OK;
}

static enum err check_device(const struct visit *v, const struct leaving_row *device)
{
	TRY(check_signer(v, device));
	if (v->consent.method == CHANGE_SYMMETRIC && (!device->exportable || !device->algorithm)) {
		return err_fail(ERR_DENIED,
			"10.6.1/3: keys of a network subscription are not handed over; only "
			"those that are for bootstrapping alone");
	}
	return OK;
}

/* What may go along, for the new operator's key. */
static enum err seal_pseudonyms(struct visit *v, const struct store_result *result, size_t step,
	struct view brought)
{
	BUF_CLEANUP struct buf plain = buf_growing(JWE_PLAIN_MAX);

	if (!v->consent.pseudonyms) {
		return OK;
	}
	TRY(pseudonyms_write(v->authz, &v->consent.client, brought, result, step, &plain));
	return plain.len > 0 ? jwe_encrypt(v->peer->key, ENVELOPE_PSEUDONYMS_CTY,
				       buf_contents(&plain), &v->pseudonyms)
			     : OK;
}

static struct store_step add_step(const struct visit *v)
{
	bool symmetric = v->consent.method == CHANGE_SYMMETRIC;

	return (struct store_step){
		.statement = ADD_DEPARTURE,
		.param_count = 9,
		.params = {STORE_TEXT_OF(view_text(v->id)),
			STORE_TEXT_OF(ident_view(&v->peer->realm)),
			STORE_TEXT_OF(ident_view(&v->consent.client)),
			STORE_BLOB_OF(VIEW(v->consent.nonce)),
			STORE_TEXT_OF(view_text(symmetric ? "frozen" : "ordered")),
			STORE_TEXT_OF(view_text(change_method_name(v->consent.method))),
			STORE_TEXT_OF(v->consent_jws),
			symmetric ? STORE_NULL_OF() : STORE_TEXT_OF(buf_contents(&v->order)),
			STORE_INT_OF(now_of(v))},
	};
}

static struct change_tell told_of(const struct visit *v, const char *operation, const char *text)
{
	return (struct change_tell){
		.operation = operation,
		.by = v->peer->host,
		.client = v->consent.client.len > 0 ? ident_view(&v->consent.client) : view_text(""),
		.of_client = v->consent.client.len > 0,
		.text = text,
	};
}

static void submit(struct visit *v, const struct change_tell *told, struct store_step *steps,
	size_t count, store_done *done)
{
	struct change_tell_room room;

	if ((told && change_tell(v->authz, told, &room, steps, &count) != OK) ||
		store_submit(v->authz->store, steps, count, done, v->authz, v->ref) != OK) {
		away(v, err_detail());
	}
}

/* 10.6.1/3: vectors end before the key leaves. */
static void freeze(struct visit *v)
{
	struct store_step steps[2 + CHANGE_TELL_STEPS] = {
		add_step(v),
		{.statement = FREEZE_DEVICE,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {STORE_TEXT_OF(ident_view(&v->consent.client)),
				STORE_TEXT_OF(view_text(v->id))}},
	};
	const struct change_tell told = told_of(v, "departure_frozen", NULL);

	submit(v, &told, steps, 2, on_frozen);
}

static enum err write_order(struct visit *v)
{
	struct change_order order = {
		.realm = v->authz->realm,
		.client = v->consent.client,
		.new_realm = v->consent.new_realm,
		.new_client = v->consent.new_client,
		/* Above each before, whatever became of the device in between. */
		.serial = (uint64_t)loop_env(v->authz->loop)->wall_ms(loop_env(v->authz->loop)),
		.issued = now_of(v),
		.expires = v->consent.expires,
	};

	if (!v->authz->changes->signing_key) {
		return err_fail(ERR_CONFIG, "10.6.2/3: change.signing_key is not configured");
	}
	memcpy(order.nonce, v->consent.nonce, sizeof(order.nonce));
	TRY(departure_read_keys(v->body, &order));
	return change_order_sign(&order, v->authz->changes->signing_key, &v->order);
}

/* 10.6.2/3: the old operator's word, signed; the device follows it.  req: B10.6.2 */
static void give_order(struct visit *v)
{
	struct store_step steps[1 + CHANGE_TELL_STEPS];
	const struct change_tell told = told_of(v, "departure_ordered", NULL);
	enum err err = write_order(v);

	if (err != OK) {
		refuse_err(v, err);
		return;
	}
	steps[0] = add_step(v);
	submit(v, &told, steps, 1, on_frozen);
}

/* It was asked before: the same answer, or what is left of the way to it. */
static void repeat(struct visit *v, const struct departure_row *row,
	const struct leaving_row *device)
{
	if (!view_equal(row->consent, v->consent_jws)) {
		visit_refuse(v, 409, "10.6/3: this change has another consent");
	} else if (view_is(row->state, "aborted") || view_is(row->state, "done")) {
		visit_refuse(v, 409, "10.6/3: this change is over");
	} else if (v->consent.method == CHANGE_ASYMMETRIC) {
		answer_texts(v, "order", row->replacement, view_text(""));
	} else if (row->envelope.len > 0) {
		answer_texts(v, "envelope", row->envelope, row->pseudonyms);
	} else {
		hand_over(v, device->key, device->sqn);
	}
}

static void move_client(struct visit *v, const struct store_result *result)
{
	struct departure_row row;
	struct leaving_row device;
	bool known = departure_read_row(result, 0, &row);

	if (!leaving_read_row(result, 1, &device)) {
		visit_refuse(v, known ? 409 : 403,
			known ? "10.6/3: this change is over"
			      : "10.6/3: the consent is not by a device of this realm");
		return;
	}
	enum err err = check_device(v, &device);

	err = err == OK ? seal_pseudonyms(v, result, 2, device.pseudonyms) : err;
	if (err != OK) {
		refuse_err(v, err);
	} else if (known) {
		repeat(v, &row, &device);
	} else if (v->consent.method == CHANGE_ASYMMETRIC) {
		give_order(v);
	} else {
		freeze(v);
	}
}

static struct visit *find_visit(struct authz *authz, uint64_t ref)
{
	return authz->changes ? pool_at(authz->changes->visits, ref) : NULL;
}

static void on_departure(void *user, uint64_t ref, const struct store_result *result)
{
	struct visit *v = find_visit(user, ref);
	struct departure_row row;

	if (!v) {
		return;
	}
	if (result->err != OK) {
		away(v, result->detail);
		return;
	}
	if (v->step == VISIT_MOVE) {
		move_client(v, result);
		return;
	}
	bool known = departure_read_row(result, 0, &row);

	if (known && row.consent.len > 0 &&
		change_consent_verify(NULL, 0, row.consent, &v->consent) != OK) {
		away(v, err_detail());
	} else if (v->step == VISIT_ABORT) {
		abort_departure(v, known ? &row : NULL);
	} else if (!known) {
		visit_refuse(v, 404, "10.6: no such change");
	} else if (v->step == VISIT_RECEIPT) {
		take_receipt(v, &row);
	} else {
		end_departure(v, &row);
	}
}

/* A consent is good once, and one change at a time. */
static void on_frozen(void *user, uint64_t ref, const struct store_result *result)
{
	struct visit *v = find_visit(user, ref);

	if (!v) {
		return;
	}
	if (result->err == ERR_EXISTS || result->err == ERR_CONFLICT) {
		visit_refuse(v, 409,
			"10.6/3: this consent was used already, or another change of this client "
			"is under way");
	} else if (result->err != OK) {
		away(v, result->detail);
	} else if (v->consent.method == CHANGE_ASYMMETRIC) {
		log_event(LOG_INFO, "change.order_signed", "", LOG_TEXT("clause", "10.6.2/3"),
			LOG_TEXT("change", v->id), LOG_TEXT("peer", v->peer->realm.text));
		answer_texts(v, "order", buf_contents(&v->order), view_text(""));
	} else {
		hand_over(v, store_at(result, 1, 0, 0).bytes, store_at(result, 1, 0, 1).number);
	}
}

static void hand_over(struct visit *v, struct view sealed, int64_t sqn)
{
	struct envelope_names names = {.client = v->consent.client,
		.new_client = v->consent.new_client};
	struct change_key to;

	memcpy(names.change, v->id, sizeof(names.change));
	enum err err = change_key_of(v->peer->key, &to);

	err = err == OK ? vault_hand_over(v->authz->vault, &names, sealed, (uint64_t)sqn, &to,
				  on_envelope, v->authz, v->ref)
			: err;
	if (err != OK) {
		away(v, err_detail());
	}
}

/* Kept before it is sent: asked again, the other operator gets the same, and nothing new is made. */
static void on_envelope(void *user, uint64_t ref, const struct vault_answer *answer)
{
	struct visit *v = find_visit(user, ref);

	if (!v) {
		return;
	}
	if (answer->err != OK) {
		away(v, answer->detail);
		return;
	}
	struct store_step steps[1 + CHANGE_TELL_STEPS] = {
		{.statement = KEEP_ENVELOPE,
			.expect = STORE_ONE,
			.param_count = 4,
			.params = {STORE_TEXT_OF(view_text(v->id)),
				STORE_TEXT_OF(buf_contents(&answer->text)),
				v->pseudonyms.len > 0 ? STORE_TEXT_OF(buf_contents(&v->pseudonyms))
						      : STORE_NULL_OF(),
				STORE_INT_OF(now_of(v))}},
	};
	const struct change_tell told = told_of(v, "departure_key_handed_over",
		"the device's key has gone to another operator, as the device asked for");

	submit(v, &told, steps, 1, on_kept);
}

static void on_kept(void *user, uint64_t ref, const struct store_result *result)
{
	struct visit *v = find_visit(user, ref);

	if (!v) {
		return;
	}
	if (result->err == ERR_CONFLICT) {
		visit_refuse(v, 409, "10.6.1/3: this change is over");
	} else if (result->err != OK) {
		away(v, result->detail);
	} else {
		log_event(LOG_INFO, "change.key_handed_over", "", LOG_TEXT("clause", "10.6.1/3"),
			LOG_TEXT("change", v->id), LOG_TEXT("peer", v->peer->realm.text));
		answer_texts(v, "envelope", store_at(result, 0, 0, 0).bytes,
			store_at(result, 0, 0, 1).bytes);
	}
}

/* --- 10.6.2/4: the receipt, and the public key --- */

static void begin_receipt(struct visit *v)
{
	v->clause = "10.6.2/4";
	v->step = VISIT_RECEIPT;
	enum err err = json_text(v->body, "receipt", &v->receipt_jws);

	if (err != OK) {
		refuse_err(v, err);
		return;
	}
	look_up(v);
}

static enum err public_key_pem(const struct visit *v, struct buf *ret)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;

	TRY(jose_key_from_public(view_of(v->consent.device_key.bytes, v->consent.device_key.len),
		&key));
	return jose_key_to_pem(key, false, ret);
}

static void answer_public_key(struct visit *v, struct view pseudonyms)
{
	BUF_CLEANUP struct buf pem = buf_growing(1024);

	if (public_key_pem(v, &pem) != OK) {
		away(v, err_detail());
		return;
	}
	answer_texts(v, "public_key", buf_contents(&pem), pseudonyms);
}

static enum err check_receipt(const struct visit *v, const struct departure_row *row)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	struct change_receipt receipt;
	uint8_t digest[CHANGE_DIGEST];

	TRY(jose_key_from_public(view_of(v->consent.device_key.bytes, v->consent.device_key.len),
		&key));
	TRY(change_receipt_verify(key, v->receipt_jws, &receipt));
	TRY(change_digest(row->replacement, digest));
	if (strcmp(receipt.change, v->id) != 0 ||
		memcmp(receipt.order, digest, sizeof(digest)) != 0 ||
		!ident_equal(&receipt.new_realm, &v->peer->realm)) {
		return err_fail(ERR_DENIED, "10.6.2/4: the receipt is of another order");
	}
	return OK;
}

static void on_received(void *user, uint64_t ref, const struct store_result *result)
{
	struct visit *v = find_visit(user, ref);

	if (!v) {
		return;
	}
	if (result->err == ERR_CONFLICT) {
		visit_refuse(v, 409, "10.6.2/4: this change is over, or goes on elsewhere");
	} else if (result->err != OK) {
		away(v, result->detail);
	} else {
		log_event(LOG_INFO, "change.public_key_given", "", LOG_TEXT("clause", "10.6.2/4"),
			LOG_TEXT("change", v->id), LOG_TEXT("peer", v->peer->realm.text));
		answer_public_key(v, buf_contents(&v->pseudonyms));
	}
}

static struct store_step move_step(const struct visit *v, const char *from, const char *to,
	bool open)
{
	return (struct store_step){
		.statement = MOVE_DEPARTURE,
		.expect = STORE_ONE,
		.param_count = 8,
		.params = {STORE_TEXT_OF(view_text(v->id)),
			STORE_TEXT_OF(ident_view(&v->peer->realm)), STORE_TEXT_OF(view_text(from)),
			STORE_TEXT_OF(view_text(to)), STORE_INT_OF(open ? 1 : 0),
			v->receipt_jws.len > 0 ? STORE_TEXT_OF(v->receipt_jws) : STORE_NULL_OF(),
			v->pseudonyms.len > 0 ? STORE_TEXT_OF(buf_contents(&v->pseudonyms))
					      : STORE_NULL_OF(),
			STORE_INT_OF(now_of(v))},
	};
}

static void on_asps(void *user, uint64_t ref, const struct store_result *result)
{
	struct visit *v = find_visit(user, ref);
	struct store_step steps[1 + CHANGE_TELL_STEPS];
	struct leaving_row device;

	if (!v) {
		return;
	}
	if (result->err != OK) {
		away(v, result->detail);
		return;
	}
	if (!leaving_read_row(result, 0, &device)) {
		visit_refuse(v, 409, "10.6.2/4: the client is not registered here any more");
		return;
	}
	enum err err = seal_pseudonyms(v, result, 1, device.pseudonyms);

	if (err != OK) {
		refuse_err(v, err);
		return;
	}
	const struct change_tell told = told_of(v, "departure_received", NULL);

	steps[0] = move_step(v, "ordered", "received", true);
	submit(v, &told, steps, 1, on_received);
}

static void take_receipt(struct visit *v, const struct departure_row *row)
{
	const struct store_value client = STORE_TEXT_OF(ident_view(&v->consent.client));
	const struct store_step steps[] = {
		{.statement = FIND_LEAVING, .param_count = 1, .params = {client}},
		{.statement = LIST_ASPS_OF_CLIENT, .param_count = 1, .params = {client}},
	};

	if (view_is(row->state, "received") && view_equal(row->receipt, v->receipt_jws)) {
		answer_public_key(v, row->pseudonyms);
		return;
	}
	if (!view_is(row->state, "ordered")) {
		visit_refuse(v, 409, "10.6.2/4: no order waits for a receipt here");
		return;
	}
	enum err err = check_receipt(v, row);

	if (err != OK) {
		refuse_err(v, err);
	} else if (store_submit(v->authz->store, steps, 2, on_asps, v->authz, v->ref) != OK) {
		away(v, err_detail());
	}
}

/* --- the end, either way --- */

static void begin_abort(struct visit *v)
{
	v->clause = "10.6";
	v->step = VISIT_ABORT;
	look_up(v);
}

static void begin_done(struct visit *v)
{
	v->clause = "10.6/5"; /* until the row says which method */
	v->step = VISIT_DONE;
	look_up(v);
}

static void on_ended(void *user, uint64_t ref, const struct store_result *result)
{
	struct visit *v = find_visit(user, ref);

	if (!v) {
		return;
	}
	if (result->err == ERR_CONFLICT) {
		visit_refuse(v, 409, "10.6: this change has ended otherwise");
		return;
	}
	if (result->err != OK) {
		away(v, result->detail);
		return;
	}
	v->authz->changes->left += v->step == VISIT_DONE;
	log_event(LOG_INFO, v->step == VISIT_DONE ? "change.left" : "change.thawed", "",
		LOG_TEXT("clause", v->clause), LOG_TEXT("change", v->id),
		LOG_TEXT("peer", v->peer->realm.text));
	sessions_wake(v->authz); /* whose permissions went with the client */
	answer_texts(v, NULL, view_text(""), view_text(""));
}

/* Vectors go on; a key that has left is replaced at the next bootstrap. */
static void abort_departure(struct visit *v, const struct departure_row *row)
{
	struct store_step steps[2 + CHANGE_TELL_STEPS] = {
		{.statement = ABORT_DEPARTURE,
			.expect = STORE_ONE,
			.param_count = 3,
			.params = {STORE_TEXT_OF(view_text(v->id)),
				STORE_TEXT_OF(ident_view(&v->peer->realm)),
				STORE_INT_OF(now_of(v))}},
		{.statement = THAW_DEVICE,
			.param_count = 1,
			.params = {STORE_TEXT_OF(view_text(v->id))}},
	};

	if (row && view_is(row->state, "aborted")) {
		answer_texts(v, NULL, view_text(""), view_text(""));
		return;
	}
	const struct change_tell told = told_of(v, "departure_aborted",
		row ? "the change to another operator was given up; the device stays" : NULL);

	submit(v, &told, steps, 2, on_ended);
}

/*
 * 10.6/5: the client is somebody else's now. Its key, its rights and, with them, sessions and tokens end here.
 */
static void end_departure(struct visit *v, const struct departure_row *row)
{
	bool keyed = view_is(row->state, "frozen") && row->envelope.len > 0;
	struct store_step steps[2 + CHANGE_TELL_STEPS + 1];
	size_t count = 1;
	struct change_tell_room room;

	v->clause = keyed ? "10.6.1/5" : "10.6.2/5";
	if (view_is(row->state, "done")) {
		answer_texts(v, NULL, view_text(""), view_text(""));
		return;
	}
	if (!keyed && !view_is(row->state, "received")) {
		visit_refuse(v, 409, "10.6/5: nothing was handed over yet, or it was given up");
		return;
	}
	const struct change_tell told = told_of(v, "departure_done",
		"the device has gone over to another operator; its rights here have ended");

	steps[0] = move_step(v, keyed ? "frozen" : "received", "done", false);
	/* Told before the device goes: after it nobody knows whose it was. */
	if (change_tell(v->authz, &told, &room, steps, &count) != OK) {
		away(v, err_detail());
		return;
	}
	steps[count++] = (struct store_step){.statement = DROP_LEFT,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(v->id))}};
	submit(v, NULL, steps, count, on_ended);
}

/* --- start and stop --- */

enum err departure_start_up(struct authz *authz)
{
	const struct authz_conf *conf = authz->conf;
	const struct http_server_options options = {
		.listen = {.address = conf->change_listen,
			.tls = authz->changes->server_tls,
			.connections = (size_t)conf->change_connections},
		.limits = {.body = BODY_MAX},
	};

	TRY(pool_new(sizeof(struct visit), VISITS, &authz->changes->visits));
	return conf->change_listen[0] ? http_server_open(authz->loop, &options, on_request, authz,
						&authz->changes->door)
				      : OK;
}

static void abandon(void *user, pool_ref ref, void *slot)
{
	(void)user;
	(void)ref;
	away(slot, "this node is stopping");
}

void departure_shut_down(struct authz *authz)
{
	if (authz->changes->visits) {
		pool_each(authz->changes->visits, abandon, NULL);
	}
	pool_free(authz->changes->visits);
	authz->changes->visits = NULL;
	http_server_close(authz->changes->door);
	authz->changes->door = NULL;
}
