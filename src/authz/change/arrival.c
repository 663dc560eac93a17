// SPDX-License-Identifier: Apache-2.0
/*
 * arrival: what the old operator is asked for a client that comes (10.6.1 and 10.6.2, steps 3 to 5). What is due stands in the
 * store, so that it is asked again after a failure, after a restart, and by another node when this one is gone;
 * each question may be asked twice.  req: B10.6.1 B10.6.2
 */
#include "authz/change/change.h"

#include "authz/change/change_tell.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/json.h"
#include "wire/public_key.h"

#include <stdio.h>
#include <string.h>

enum {
	LOOK_MS = 1000,
	WINDOW = 16,	 /* questions under way */
	CLAIM_S = 30,	 /* for which they are this node's */
	RETRY_MAX = 600, /* seconds */
	ANSWER_MAX = 256 * 1024,
	WHY_MAX = 512,
};

/* One question to another operator, or its answer on the way into the store. */
struct arrival {
	struct authz *authz;
	pool_ref ref;
	const struct change_peer *peer;
	char id[CHANGE_ID], subscriber[IDENT_MAX + 1];
	enum change_state state; /* that was found, and has to be there still */
	int64_t tries;
	struct change_consent consent;
	struct http_call *call;
	unsigned status;
	struct buf answer;
	/* 10.6.1: what the vault made of the envelope; 10.6.2: the public key */
	uint8_t sealed[VAULT_SEALED_MAX];
	size_t sealed_len;
	enum aka_algorithm_id algorithm;
	uint64_t sqn;
	struct buf pseudonyms; /* the envelope, then what is sealed for the store; or nothing */
};

typedef enum err write_question(const struct arrival *a, const struct change_row *row,
	struct buf *target, struct json_writer *w);
typedef enum err take_answer(struct arrival *a, const struct json *body);

static write_question write_move, write_receipt, write_end;
static take_answer take_move, take_public_key, take_end;
static void look(struct authz *authz);
static void on_look(void *user, uint64_t ref, const struct store_result *result);
static void on_claimed(void *user, uint64_t ref, const struct store_result *result);
static void put_off(struct arrival *a, const char *why);
static void give_up(struct arrival *a, enum change_state to, const char *why);
static enum err keep_arrived(struct arrival *a);

/* What is asked in which state. */
static const struct {
	const char *clause[2]; /* by method */
	write_question *write;
	take_answer *take;
	enum change_state
		refused; /* where it goes when the answer is no; the same: it stays, and is not asked again */
} asked[CHANGE_STATES] = {
	[CHANGE_WAITING] = {{"10.6.1/3", "10.6.2/3"}, write_move, take_move, CHANGE_REFUSED},
	[CHANGE_RECEIVED] = {{"10.6.2/4", "10.6.2/4"}, write_receipt, take_public_key,
		CHANGE_ABORTED},
	[CHANGE_FIRST_TOKEN] = {{"10.6.1/5", "10.6.2/5"}, write_end, take_end, CHANGE_FIRST_TOKEN},
	[CHANGE_ABORTED] = {{"10.6.1", "10.6.2"}, write_end, take_end, CHANGE_ABORTED},
};

static int64_t now_of(const struct authz *authz)
{
	return env_wall(loop_env(authz->loop));
}

/* --- what is due --- */

static void on_look_time(void *user)
{
	struct authz *authz = user;

	timer_start(authz->loop, &authz->changes->look, LOOK_MS, on_look_time, authz);
	look(authz);
}

void arrival_wake(struct authz *authz)
{
	if (authz->changes) {
		look(authz);
	}
}

/* Reads first: mostly there is nothing, and a claim is a commit. */
static void look(struct authz *authz)
{
	struct changes *changes = authz->changes;
	const struct store_step step = {.statement = LOOK_CHANGES,
		.param_count = 1,
		.params = {STORE_INT_OF(now_of(authz))}};

	if (changes->looking) {
		changes->again = true;
		return;
	}
	changes->again = false;
	changes->looking = store_submit(authz->store, &step, 1, on_look, authz, 0) == OK;
}

static void claim(struct authz *authz, size_t room)
{
	const int64_t now = now_of(authz);
	const struct store_step step = {.statement = CLAIM_CHANGES,
		.param_count = 3,
		.params = {STORE_INT_OF(now), STORE_INT_OF((int64_t)room),
			STORE_INT_OF(now + CLAIM_S)}};

	authz->changes->looking = store_submit(authz->store, &step, 1, on_claimed, authz, 0) == OK;
}

static void on_look(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct changes *changes = authz->changes;

	(void)ref;
	if (!changes) {
		return;
	}
	changes->looking = false;
	const size_t room = WINDOW - pool_count(changes->arrivals);

	if (result->err == OK && result->steps[0].rows > 0 && room > 0) {
		claim(authz, room);
	} else if (changes->again) {
		look(authz);
	}
}

/* --- asking --- */

static void end(struct arrival *a)
{
	buf_free(&a->answer);
	buf_wipe(&a->pseudonyms);
	buf_free(&a->pseudonyms);
	pool_give(a->authz->changes->arrivals, a->ref);
}

static void on_head(void *user, const struct http_head *head)
{
	struct arrival *a = user;

	a->status = head->status;
}

static void on_body(void *user, struct view part)
{
	struct arrival *a = user;

	buf_view(&a->answer, part);
}

/* The sentence of a problem (RFC 9457), or its status. */
static void read_refusal(const struct arrival *a, const struct json *body, char *ret, size_t room)
{
	struct view detail = {.len = 0};

	if (body && json_text_opt(body, "detail", &detail) == OK && text_is_printable(detail) &&
		detail.len > 0) {
		(void)snprintf(ret, room, "%s: %.*s", a->peer->realm.text,
			(int)(detail.len < 200 ? detail.len : 200), (const char *)detail.data);
		return;
	}
	(void)snprintf(ret, room, "%s: status %u", a->peer->realm.text, a->status);
}

static void on_done(void *user, enum err result)
{
	struct arrival *a = user;
	JSON_CLEANUP struct json *body = NULL;
	char why[WHY_MAX];

	a->call = NULL;
	if (result != OK) {
		put_off(a, err_name(result));
		return;
	}
	bool parsed = buf_end(&a->answer, "answer") == OK &&
		      json_parse(buf_contents(&a->answer), ANSWER_MAX, &body) == OK &&
		      json_is_object(body);

	if (a->status >= 200 && a->status < 300 && parsed) {
		enum err err = asked[a->state].take(a, body);

		(void)snprintf(why, sizeof(why), "%s", err_detail());
		if (err == ERR_OVERLOAD || err == ERR_MEMORY) {
			put_off(a, why);
		} else if (err != OK) {
			give_up(a, CHANGE_ABORTED, why);
		}
		return;
	}
	read_refusal(a, parsed ? body : NULL, why, sizeof(why));
	if (a->status < 400 || a->status >= 500 || a->status == 408 || a->status == 429) {
		put_off(a, why);
		return;
	}
	give_up(a, asked[a->state].refused, why);
}

static enum err write_jwks(const struct changes *changes, struct json_writer *w)
{
	if (!changes->signing_key) {
		return err_fail(ERR_CONFIG, "10.6.2/3: change.signing_key is not configured");
	}
	json_open_array(w, "new_keys");
	TRY(jose_key_write_jwk(changes->signing_key, w, NULL));
	json_close_array(w);
	return OK;
}

/* Step 3: the keys, or the order. */
static enum err write_move(const struct arrival *a, const struct change_row *row,
	struct buf *target, struct json_writer *w)
{
	bool symmetric = row->method == CHANGE_SYMMETRIC;

	buf_text(target, symmetric ? "/change/v1/keys" : "/change/v1/orders");
	json_put_text(w, "change", row->id);
	json_put_text(w, "consent", row->consent);
	return symmetric ? OK : write_jwks(a->authz->changes, w);
}

static enum err write_receipt(const struct arrival *a, const struct change_row *row,
	struct buf *target, struct json_writer *w)
{
	buf_printf(target, "/change/v1/orders/%s/receipt", a->id);
	json_put_text(w, "receipt", row->receipt);
	return OK;
}

static enum err write_end(const struct arrival *a, const struct change_row *row, struct buf *target,
	struct json_writer *w)
{
	(void)w;
	buf_printf(target, "/change/v1/changes/%s/%s", a->id,
		row->state == CHANGE_FIRST_TOKEN ? "done" : "abort");
	return OK;
}

static enum err send_question(struct arrival *a, const struct change_row *row)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	static const struct http_field fields[] = {
		{{(const uint8_t *)"Content-Type", 12}, {(const uint8_t *)"application/json", 16}}};
	BUF_CLEANUP struct buf body = buf_growing(ANSWER_MAX), target = buf_growing(256);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	TRY(asked[a->state].write(a, row, &target, &w));
	json_close(&w);
	TRY(buf_end(&body, "10.6: question"));
	log_event(LOG_INFO, "change.asked", "",
		LOG_TEXT("clause", asked[a->state].clause[a->consent.method == CHANGE_ASYMMETRIC]),
		LOG_TEXT("change", a->id), LOG_TEXT("peer", a->peer->realm.text));
	return http_client_call(a->peer->client, "POST", buf_contents(&target), fields, 1,
		buf_contents(&body), &on, a, &a->call);
}

static enum err open_arrival(struct authz *authz, const struct change_row *row, struct arrival **ret)
{
	struct arrival *a;
	pool_ref ref;

	TRY(pool_take(authz->changes->arrivals, &ref, (void **)&a));
	a->authz = authz;
	a->ref = ref;
	a->state = row->state;
	a->tries = row->tries;
	a->answer = buf_growing(ANSWER_MAX);
	a->pseudonyms = buf_growing(JWE_MAX);
	*ret = a;
	TRY(text_copy(a->id, sizeof(a->id), row->id, "change"));
	TRY(text_copy(a->subscriber, sizeof(a->subscriber), row->subscriber, "subscriber"));
	/* It was verified when it came; whether it is still good is the old operator's to say. */
	return change_consent_verify(NULL, 0, row->consent, &a->consent);
}

static void ask_old(struct authz *authz, const struct change_row *row)
{
	struct arrival *a = NULL;
	enum err err = open_arrival(authz, row, &a);

	if (!a) {
		return; /* the claim runs out, and it is looked at again */
	}
	a->peer = change_peer_at(authz, row->old_realm);
	if (err != OK || !a->peer || !a->peer->client || !asked[a->state].write) {
		put_off(a, "the old operator is not configured here");
		return;
	}
	if (row->state == CHANGE_WAITING && row->until <= now_of(authz)) {
		give_up(a, CHANGE_ABORTED, "the consent ran out before the old operator answered");
		return;
	}
	err = send_question(a, row);
	if (err != OK) {
		put_off(a, err_detail());
	}
}

static void on_claimed(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;

	(void)ref;
	if (!authz->changes) {
		return;
	}
	authz->changes->looking = false;
	if (result->err != OK) {
		log_event(LOG_ERROR, "change.not_claimed", "", LOG_TEXT("detail", result->detail));
		return;
	}
	for (size_t i = 0; i < result->steps[0].rows; i++) {
		struct change_row row;

		if (change_read_row(result, 0, i, &row) == OK) {
			ask_old(authz, &row);
		}
	}
	if (authz->changes->again) {
		look(authz);
	}
}

/* --- answers --- */

/* Whether the state was still what it was; what another node or the subscriber did meanwhile stands. */
static void on_kept(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct arrival *a = authz->changes ? pool_at(authz->changes->arrivals, ref) : NULL;

	if (!a) {
		return;
	}
	if (result->err == ERR_EXISTS) { /* the client, or its public key, is somebody's here */
		give_up(a, CHANGE_ABORTED,
			"this client, or its public key, is registered here already");
		return;
	}
	if (result->err != OK && result->err != ERR_CONFLICT) {
		log_event(LOG_ERROR, "change.not_kept", "", LOG_TEXT("change", a->id),
			LOG_TEXT("detail", result->detail));
	}
	end(a);
	arrival_wake(authz);
}

static void keep(struct arrival *a, const struct store_step *steps, size_t count)
{
	if (store_submit(a->authz->store, steps, count, on_kept, a->authz, a->ref) != OK) {
		log_event(LOG_ERROR, "change.not_kept", "", LOG_TEXT("change", a->id), LOG_DETAIL());
		end(a); /* the claim runs out, and it is asked again */
	}
}

static struct change_move move_of(const struct arrival *a, enum change_state to, const char *detail)
{
	return (struct change_move){
		.id = view_text(a->id),
		.from = a->state,
		.to = to,
		.now = now_of(a->authz),
		.detail = detail,
	};
}

static void put_off(struct arrival *a, const char *why)
{
	int64_t wait = a->authz->conf->change_retry / 1000;
	char detail[WHY_MAX + 64];

	for (int64_t i = 1; i < a->tries && wait < RETRY_MAX; i++) {
		wait *= 2;
	}
	(void)snprintf(detail, sizeof(detail), "the old operator is away (%s); it is asked again",
		why);
	log_event(LOG_WARN, "change.put_off", "", LOG_TEXT("change", a->id),
		LOG_TEXT("detail", why));
	const struct store_step step = {
		.statement = PUT_OFF_CHANGE,
		.param_count = 4,
		.params = {STORE_TEXT_OF(view_text(a->id)),
			STORE_TEXT_OF(view_text(change_state_name(a->state))),
			STORE_INT_OF(now_of(a->authz) + (wait < RETRY_MAX ? wait : RETRY_MAX)),
			change_is_over(a->state) ? STORE_NULL_OF()
						 : STORE_TEXT_OF(view_text(detail))},
	};

	keep(a, &step, 1);
}

/* Over. What is told is to the subscriber and the operator; an abort is told to the old operator too. */
static void give_up(struct arrival *a, enum change_state to, const char *why)
{
	struct change_move move = move_of(a, to, why);
	struct store_step steps[2 + CHANGE_TELL_STEPS];
	struct change_tell_room room;
	size_t count = 0;
	const struct change_tell told = {
		.operation = to == CHANGE_REFUSED ? "change_refused" : "change_aborted",
		.by = a->peer ? a->peer->host : "",
		.client = ident_view(&a->consent.new_client),
		.subscriber = view_text(a->subscriber),
		.text = why,
	};

	log_event(LOG_WARN, "change.given_up", "", LOG_TEXT("change", a->id),
		LOG_TEXT("detail", why));
	if (to == a->state) { /* over already: it is not asked any more */
		const struct store_step step = {
			.statement = PUT_OFF_CHANGE,
			.param_count = 4,
			.params = {STORE_TEXT_OF(view_text(a->id)),
				STORE_TEXT_OF(view_text(change_state_name(a->state))),
				STORE_NULL_OF(), STORE_TEXT_OF(view_text(why))},
		};

		keep(a, &step, 1);
		return;
	}
	move.due = to == CHANGE_ABORTED ? move.now : 0;
	steps[count++] = change_move_step(&move);
	if (change_tell(a->authz, &told, &room, steps, &count) != OK) {
		end(a);
		return;
	}
	a->authz->changes->aborted++;
	keep(a, steps, count);
}

/* The envelope with the pseudonyms, to be opened by the vault; without consent it is not looked at. */
static enum err take_pseudonyms(struct arrival *a, const struct json *body)
{
	struct view envelope = {.len = 0};

	TRY(json_text_opt(body, "pseudonyms", &envelope));
	if (a->consent.pseudonyms) {
		buf_view(&a->pseudonyms, envelope);
	}
	return buf_end(&a->pseudonyms, "pseudonyms");
}

/* An object of {ASP: pseudonym}, sealed for the device's row. */
static enum err seal_pseudonyms(struct arrival *a, struct view text)
{
	JSON_CLEANUP struct json *object = NULL;
	char place[IDENT_MAX + 32];

	TRY(json_parse(text, JWE_PLAIN_MAX, &object));
	if (!json_is_object(object)) {
		return err_fail(ERR_SYNTAX, "10.6: pseudonyms: not an object");
	}
	(void)snprintf(place, sizeof(place), "device/pseudonyms/%s", a->consent.new_client.text);
	buf_clear(&a->pseudonyms);
	TRY(seal_close(a->authz->ring, place, text, &a->pseudonyms));
	return buf_end(&a->pseudonyms, "pseudonyms");
}

static void on_pseudonyms(void *user, uint64_t ref, const struct vault_answer *answer)
{
	struct authz *authz = user;
	struct arrival *a = authz->changes ? pool_at(authz->changes->arrivals, ref) : NULL;

	if (!a) {
		return;
	}
	enum err err = answer->err == OK ? seal_pseudonyms(a, buf_contents(&answer->text))
					 : err_fail(answer->err, "%s", answer->detail);

	err = err == OK ? keep_arrived(a) : err;
	if (err != OK) {
		give_up(a, CHANGE_ABORTED, err_detail());
	}
}

/* Opens what may have come along; then the device is registered. */
static enum err finish_arrival(struct arrival *a)
{
	if (a->pseudonyms.len == 0) {
		return keep_arrived(a);
	}
	return vault_open_text(a->authz->vault, ENVELOPE_PSEUDONYMS_CTY,
		buf_contents(&a->pseudonyms), on_pseudonyms, a->authz, a->ref);
}

static void on_taken_in(void *user, uint64_t ref, const struct vault_answer *answer)
{
	struct authz *authz = user;
	struct arrival *a = authz->changes ? pool_at(authz->changes->arrivals, ref) : NULL;

	if (!a) {
		return;
	}
	enum err err = answer->err == OK ? OK : err_fail(answer->err, "%s", answer->detail);

	if (err == OK) {
		memcpy(a->sealed, answer->sealed, answer->sealed_len);
		a->sealed_len = answer->sealed_len;
		a->algorithm = answer->algorithm;
		a->sqn = answer->sqn;
		err = finish_arrival(a);
	}
	if (err == ERR_OVERLOAD) {
		put_off(a, err_detail());
	} else if (err != OK) {
		give_up(a, CHANGE_ABORTED, err_detail());
	}
}

/* 10.6.1/3: the key opens in the vault alone. */
static enum err take_keys(struct arrival *a, const struct json *body)
{
	struct envelope_names names = {.client = a->consent.client,
		.new_client = a->consent.new_client};
	struct view envelope;

	memcpy(names.change, a->id, sizeof(names.change));
	TRY(json_text(body, "envelope", &envelope));
	TRY(take_pseudonyms(a, body));
	return vault_take_in(a->authz->vault, &names, envelope, on_taken_in, a->authz, a->ref);
}

/* The device checks it too, with what it has pinned; an order that it would refuse is better refused here. */
static enum err check_order(const struct arrival *a, struct view jws)
{
	const struct jose_key *anchor = a->peer->signing_key;
	const struct change_consent *consent = &a->consent;
	struct change_order order;

	if (!anchor) {
		return OK;
	}
	TRY(change_order_verify(&anchor, 1, now_of(a->authz), jws, &order));
	if (!ident_equal(&order.realm, &consent->old_realm) ||
		!ident_equal(&order.client, &consent->client) ||
		!ident_equal(&order.new_realm, &consent->new_realm) ||
		!ident_equal(&order.new_client, &consent->new_client) ||
		memcmp(order.nonce, consent->nonce, sizeof(order.nonce)) != 0) {
		return err_fail(ERR_AUTH, "10.6.2/3: the order answers another consent");
	}
	return OK;
}

/* 10.6.2/3 */
static enum err take_order(struct arrival *a, const struct json *body)
{
	struct view order;
	const struct change_move move = move_of(a, CHANGE_ORDERED, "");

	TRY(json_text(body, "order", &order));
	if (order.len > CHANGE_JWS) {
		return err_fail(ERR_RANGE, "10.6.2/3: the order is longer than %d bytes",
			CHANGE_JWS);
	}
	TRY(check_order(a, order));
	const struct store_step steps[] = {
		change_move_step(&move),
		{.statement = KEEP_CHANGE_ORDER,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {STORE_TEXT_OF(view_text(a->id)), STORE_TEXT_OF(order)}},
	};

	keep(a, steps, 2);
	return OK;
}

static enum err take_move(struct arrival *a, const struct json *body)
{
	return a->consent.method == CHANGE_SYMMETRIC ? take_keys(a, body) : take_order(a, body);
}

/* The device's own, as it signed with it: SubjectPublicKeyInfo of the consent's key. */
static enum err public_key_of(const struct arrival *a, struct public_key *ret)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	uint8_t room[JOSE_SPKI_MAX];
	struct buf der = buf_fixed(room, sizeof(room));
	const struct change_key *signer = &a->consent.device_key;

	TRY(jose_key_from_public(view_of(signer->bytes, signer->len), &key));
	TRY(jose_key_spki(key, &der));
	return public_key_from_der(buf_contents(&der), ret);
}

/* 10.6.2/4: the old operator vouches for the key that the device signed with.  req: B10.6.2 */
static enum err take_public_key(struct arrival *a, const struct json *body)
{
	struct view pem;
	struct public_key given, own;

	TRY(json_text(body, "public_key", &pem));
	TRY(public_key_from_pem(pem, &given));
	TRY(public_key_of(a, &own));
	if (given.len != own.len || memcmp(given.der, own.der, own.len) != 0) {
		return err_fail(ERR_AUTH,
			"10.6.2/4: the old operator has another key of the device");
	}
	TRY(take_pseudonyms(a, body));
	return finish_arrival(a);
}

/* The device is registered here, and the change goes on, in one unit. It brings its public key either way. */
static enum err keep_arrived(struct arrival *a)
{
	bool symmetric = a->state == CHANGE_WAITING;
	const struct change_move move = move_of(a, symmetric ? CHANGE_KEYED : CHANGE_UPDATED, "");
	const struct change_tell told = {
		.operation = symmetric ? "change_keyed" : "change_updated",
		.by = a->peer->host,
		.client = ident_view(&a->consent.new_client),
	};
	struct public_key key;
	struct change_tell_room room;
	struct store_step steps[2 + CHANGE_TELL_STEPS];
	size_t count = 2;

	TRY(public_key_of(a, &key));
	steps[0] = change_move_step(&move);
	steps[1] = (struct store_step){
		.statement = ADD_ARRIVED,
		.expect = STORE_ONE,
		.param_count = 9,
		.params = {STORE_TEXT_OF(view_text(a->id)), STORE_INT_OF(a->algorithm),
			STORE_BLOB_OF(symmetric ? view_of(a->sealed, a->sealed_len) : view_text("")),
			STORE_INT_OF((int64_t)a->sqn), STORE_INT_OF(move.now),
			STORE_BLOB_OF(view_of(key.der, key.len)), STORE_BLOB_OF(VIEW(key.digest)),
			STORE_INT_OF(symmetric ? AWAITS_KEY | AWAITS_TOKEN : AWAITS_TOKEN),
			a->pseudonyms.len > 0 ? STORE_BLOB_OF(buf_contents(&a->pseudonyms))
					      : STORE_NULL_OF()},
	};
	TRY(change_tell(a->authz, &told, &room, steps, &count));
	keep(a, steps, count);
	return OK;
}

/* 10.6/5: the old operator knows. */
static enum err take_end(struct arrival *a, const struct json *body)
{
	const struct store_step step = {
		.statement = PUT_OFF_CHANGE,
		.param_count = 4,
		.params = {STORE_TEXT_OF(view_text(a->id)),
			STORE_TEXT_OF(view_text(change_state_name(a->state))), STORE_NULL_OF(),
			STORE_NULL_OF()},
	};

	(void)body;
	log_event(LOG_INFO, "change.told", "",
		LOG_TEXT("clause", asked[a->state].clause[a->consent.method == CHANGE_ASYMMETRIC]),
		LOG_TEXT("change", a->id), LOG_TEXT("peer", a->peer->realm.text));
	keep(a, &step, 1);
	return OK;
}

enum err arrival_start_up(struct authz *authz)
{
	TRY(pool_new(sizeof(struct arrival), WINDOW, &authz->changes->arrivals));
	on_look_time(authz);
	return OK;
}

static void abandon(void *user, pool_ref ref, void *slot)
{
	struct arrival *a = slot;

	(void)user;
	(void)ref;
	if (a->call) {
		http_call_cancel(a->call);
	}
	end(a);
}

void arrival_shut_down(struct authz *authz)
{
	timer_stop(authz->loop, &authz->changes->look);
	if (authz->changes->arrivals) {
		pool_each(authz->changes->arrivals, abandon, NULL);
	}
	pool_free(authz->changes->arrivals);
	authz->changes->arrivals = NULL;
}
