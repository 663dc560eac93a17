// SPDX-License-Identifier: Apache-2.0
/*
 * Change of operator between two authorization elements (10.6): every state, given up in every state, a restart of either in
 * every state, and an old operator that is away.  req: B7.5-g B10.6.1 B10.6.2 B9.2.1-a
 */
#include "test.h"

#include "authz/keys.h"
#include "authz/mapping.h"
#include "authz/pseudonyms.h"
#include "base/seal.h"
#include "base/text.h"
#include "two_realms.h"
#include "wire/json.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

static int open_world(void **state)
{
	static struct two_realms w;

	two_realms_open(&w, "", "");
	*state = &w;
	return 0;
}

static int close_world(void **state)
{
	two_realms_close(*state);
	return 0;
}

/* --- a vector, as the authentication element would get it --- */

struct got {
	bool done;
	enum err err;
	unsigned awaits;
	struct vector vector;
};

static struct got got;

static void on_vector(void *authz, uint64_t ref, enum err result, const struct vector *vector,
	unsigned awaits)
{
	(void)authz;
	(void)ref;
	got.err = result;
	got.awaits = awaits;
	if (result == OK) {
		got.vector = *vector;
	}
	got.done = true;
}

/* SQN as AUTN has it, with the key that is given; 0 when its MAC is of another key. */
static uint64_t sqn_of(const struct aka_key *key)
{
	struct sqn_window window = {.seq = {0}};
	struct aka_result result;
	struct aka *aka = NULL;
	uint64_t last = 0;

	assert_ok(aka_new(&aka));
	if (aka_answer(aka, key, got.vector.rand, got.vector.autn, &window, &result) == OK) {
		for (size_t i = 0; i < SQN_IND_COUNT; i++) {
			uint64_t sqn = window.seq[i] ? window.seq[i] * SQN_IND_COUNT + i : 0;

			last = sqn > last ? sqn : last;
		}
	}
	aka_free(aka);
	return last;
}

static struct aka_key device_key(void)
{
	struct aka_key key = {.algorithm = AKA_MILENAGE, .amf = {0x80, 0x00}};

	assert_ok(secret_from_hex(&key.k, view_text(OPERATOR_K)));
	assert_ok(secret_from_hex(&key.opc, view_text(OPERATOR_OPC)));
	return key;
}

/* A vector for that client; its SQN under the device's first key, 0: it is the dummy's, or another key's. */
static uint64_t vector_of(struct authz_flow *o, const char *client)
{
	const struct aka_key key = device_key();

	got = (struct got){.done = false};
	keys_make_vector(&o->authz, view_text(client), NULL, on_vector, 1);
	operator_wait(o, &got.done);
	assert_ok(got.err);
	return sqn_of(&key);
}

/* --- 10.6.1 --- */

static void the_key_moves_once_and_its_sequence_goes_on(void **state)
{
	struct two_realms *w = *state;
	uint64_t before = vector_of(&w->from, OLD_CLIENT);

	assert_true(before > 320);
	two_realms_begin(w, CHANGE_SYMMETRIC);
	two_realms_until(w, "keyed");
	/* It is refused like a client that nobody knows, and SQN stays. */
	assert_int_equal(vector_of(&w->from, OLD_CLIENT), 0);
	assert_int_equal(got.awaits, 0);
	assert_non_null(strstr(two_realms_device(w, &w->from, OLD_CLIENT), "\"leaving\":true"));
	/* The new one goes on where the old one stood, and would like the key updated. */
	assert_true(vector_of(&w->to, NEW_CLIENT) > before);
	assert_int_equal(got.awaits, AWAITS_KEY | AWAITS_TOKEN);
	assert_non_null(strstr(two_realms_device(w, &w->to, NEW_CLIENT), "\"exportable\":true"));
}

static void visit_end(struct two_realms *w, const char *what, unsigned status)
{
	char target[128];

	(void)snprintf(target, sizeof(target), "/change/v1/changes/%s/%s", w->id, what);
	assert_int_equal(two_realms_visit(w, target, NULL), status);
}

/* A key that has left is replaced: the other operator may have kept it. */
static void given_up_the_device_goes_on_and_its_key_is_to_be_replaced(void **state)
{
	struct two_realms *w = *state;
	char target[128];
	uint64_t before = vector_of(&w->from, OLD_CLIENT);

	two_realms_begin(w, CHANGE_SYMMETRIC);
	two_realms_until(w, "keyed");
	(void)snprintf(target, sizeof(target), "/v1/changes/%s", w->id);
	assert_asked(&w->to, 204, "DELETE", target, NULL);
	for (int i = 0; i < 100 && strstr(two_realms_device(w, &w->from, OLD_CLIENT), "leaving");
		i++) {
		two_realms_turn(w, 100);
	}
	assert_true(vector_of(&w->from, OLD_CLIENT) > before);
	assert_int_equal(got.awaits, AWAITS_KEY);
	assert_string_equal(two_realms_device(w, &w->to, NEW_CLIENT), "");
	assert_true(two_realms_says(w, "aborted by the operator"));
	assert_asked(&w->to, 204, "DELETE", target, NULL); /* again */
	/* With another consent it begins anew. */
	two_realms_begin(w, CHANGE_SYMMETRIC);
	two_realms_until(w, "keyed");
}

static void given_up_before_the_key_has_left_nothing_is_replaced(void **state)
{
	struct two_realms *w = *state;
	BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS);
	const struct change_consent consent = two_realms_consent(w, CHANGE_SYMMETRIC);
	char body[CHANGE_JWS];

	/* The abort overtakes the request: the request is refused then. */
	(void)snprintf(w->id, sizeof(w->id), "overtaken");
	visit_end(w, "abort", 200);
	two_realms_sign(w, &consent, &jws);
	(void)snprintf(body, sizeof(body), "{\"change\":\"overtaken\",\"consent\":\"%s\"}",
		buf_string(&jws));
	assert_int_equal(two_realms_visit(w, "/change/v1/keys", body), 409);
	assert_true(vector_of(&w->from, OLD_CLIENT) > 0);
	assert_int_equal(got.awaits, 0);
}

static void nothing_ends_at_the_old_operator_before_something_was_handed_over(void **state)
{
	struct two_realms *w = *state;

	(void)snprintf(w->id, sizeof(w->id), "unknown");
	visit_end(w, "done", 404);
	two_realms_begin(w, CHANGE_ASYMMETRIC);
	two_realms_until(w, "ordered");
	visit_end(w, "done", 409); /* before the receipt */
	assert_string_not_equal(two_realms_device(w, &w->from, OLD_CLIENT), "");
}

static void done_ends_the_client_and_its_rights_and_tells_both(void **state)
{
	struct two_realms *w = *state;

	assert_asked(&w->from, 201, "POST", "/v1/asps",
		"{\"id\":\"" OPERATOR_ASP "\",\"name\":\"E\",\"elements\":[\"g.app.example\"]}");
	assert_asked(&w->from, 201, "POST", "/v1/applications",
		"{\"id\":\"app.example\",\"asp\":\"" OPERATOR_ASP "\",\"ua\":[\"0100000007\"]}");
	assert_asked(&w->from, 200, "PUT", "/v1/grants",
		"{\"client\":\"" OLD_CLIENT "\",\"application\":\"app.example\"}");
	two_realms_begin(w, CHANGE_SYMMETRIC);
	two_realms_until(w, "keyed");
	visit_end(w, "done", 200);
	visit_end(w, "done", 200); /* asked again, it is the same */
	visit_end(w, "abort", 409);
	assert_string_equal(two_realms_device(w, &w->from, OLD_CLIENT), "");
	assert_asked(&w->from, 200, "GET", "/v1/grants?application=app.example", NULL);
	assert_answer(&w->from, "\"items\":[]");
	assert_int_equal(vector_of(&w->from, OLD_CLIENT), 0);
	assert_asked(&w->from, 200, "GET", "/v1/audit", NULL);
	assert_answer(&w->from, "departure_key_handed_over");
	assert_answer(&w->from, "departure_done");
	assert_asked(&w->from, 200, "GET", "/v1/notifications", NULL);
	assert_answer(&w->from, "departure_done");
}

/* The same name, a key of another device. */
static void register_anew(struct authz_flow *o, const char *client)
{
	char target[128], body[256];

	(void)snprintf(target, sizeof(target), "/v1/devices/%s", client);
	assert_asked(o, 204, "DELETE", target, NULL);
	(void)snprintf(body, sizeof(body),
		"{\"client\":\"%s\",\"subscriber\":\"alice\",\"k\":\"%s\",\"opc\":\"%s\"}", client,
		OPERATOR_K, OPERATOR_OPC);
	assert_asked(o, 201, "POST", "/v1/devices", body);
}

/* Neither operator's word about the device that has gone ends the one that has its name now. */
static void a_device_that_was_registered_anew_is_not_of_the_change(void **state)
{
	struct two_realms *w = *state;
	char target[128];

	two_realms_begin(w, CHANGE_SYMMETRIC);
	two_realms_until(w, "keyed");
	two_realms_turn(w, 2000);
	register_anew(&w->from, OLD_CLIENT);
	register_anew(&w->to, NEW_CLIENT);
	visit_end(w, "done", 200);
	assert_string_not_equal(two_realms_device(w, &w->from, OLD_CLIENT), "");
	(void)snprintf(target, sizeof(target), "/v1/changes/%s", w->id);
	assert_asked(&w->to, 204, "DELETE", target, NULL);
	assert_string_not_equal(two_realms_device(w, &w->to, NEW_CLIENT), "");
}

static enum err froze;

static void on_frozen(void *done, uint64_t ref, const struct store_result *result)
{
	(void)ref;
	froze = result->err;
	*(bool *)done = true;
}

/* Its key is the old operator's still, and the change may be given up. */
static void a_device_on_its_way_here_goes_nowhere_else(void **state)
{
	struct two_realms *w = *state;
	const struct store_step step = {.statement = FREEZE_DEVICE,
		.expect = STORE_ONE,
		.param_count = 2,
		.params = {STORE_TEXT_OF(view_text(NEW_CLIENT)), STORE_TEXT_OF(view_text("c1"))}};
	bool done = false;

	two_realms_begin(w, CHANGE_SYMMETRIC);
	two_realms_until(w, "keyed");
	assert_ok(store_submit(w->to.authz.store, &step, 1, on_frozen, &done, 0));
	operator_wait(&w->to, &done);
	assert_int_equal(froze, ERR_CONFLICT);
}

/* --- pseudonyms --- */

static char uid[PSEUDONYM_SIZE];
static bool told;

static void on_permission(void *authz, uint64_t ref, const struct mapping_answer *answer)
{
	(void)authz;
	(void)ref;
	assert_int_equal(answer->err, OK);
	assert_ok(text_copy(uid, sizeof(uid), view_text(answer->setting.uid), "uid"));
	told = true;
}

/* What the ASP of that application knows a client by; which is permitted first. */
static void pseudonym(struct authz_flow *o, const char *client, const char *application,
	char ret[PSEUDONYM_SIZE])
{
	struct ident who, what;
	char body[512];

	(void)snprintf(body, sizeof(body), "{\"client\":\"%s\",\"application\":\"%s\"}", client,
		application);
	assert_asked(o, 200, "PUT", "/v1/grants", body);
	assert_ok(ident_parse(IDENT_CLIENT, view_text(client), &who));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(application), &what));
	const struct mapping_question question = {.client = &who,
		.application = &what,
		.ua = UA_ALL};

	told = false;
	mapping_ask(&o->authz, &question, on_permission, 0);
	operator_wait(o, &told);
	memcpy(ret, uid, PSEUDONYM_SIZE);
}

static void add_asps(struct authz_flow *o)
{
	assert_asked(o, 201, "POST", "/v1/asps",
		"{\"id\":\"" OPERATOR_ASP "\",\"name\":\"E\",\"elements\":[\"g.app.example\"]}");
	assert_asked(o, 201, "POST", "/v1/applications",
		"{\"id\":\"app.example\",\"asp\":\"" OPERATOR_ASP "\",\"ua\":[\"0100000007\"]}");
	assert_asked(o, 201, "POST", "/v1/asps",
		"{\"id\":\"cin:L17110MH1973PLC019786\",\"name\":\"F\",\"elements\":[\"g.b."
		"example\"]}");
	assert_asked(o, 201, "POST", "/v1/applications",
		"{\"id\":\"b.example\",\"asp\":\"cin:L17110MH1973PLC019786\",\"ua\":["
		"\"0100000007\"]}");
}

static void move_with(struct two_realms *w, enum change_method method, bool pseudonyms)
{
	BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS);
	struct change_consent consent = two_realms_consent(w, method);

	consent.pseudonyms = pseudonyms;
	two_realms_sign(w, &consent, &jws);
	assert_int_equal(two_realms_ask(w, buf_contents(&jws)), 201);
}

/* The ASP where the client had rights knows it again; another one does not hear of it. */
static void with_consent_the_asp_knows_the_client_again(void **state)
{
	struct two_realms *w = *state;
	char before[PSEUDONYM_SIZE], after[PSEUDONYM_SIZE], other[PSEUDONYM_SIZE];

	add_asps(&w->from);
	add_asps(&w->to);
	pseudonym(&w->from, OLD_CLIENT, "app.example", before);
	move_with(w, CHANGE_SYMMETRIC, true);
	two_realms_until(w, "keyed");
	pseudonym(&w->to, NEW_CLIENT, "app.example", after);
	assert_string_equal(before, after);
	pseudonym(&w->to, NEW_CLIENT, "b.example", other);
	assert_string_not_equal(other, before);
	assert_asked(&w->from, 204, "PATCH", "/v1/devices/" OLD_CLIENT, "{\"exportable\":true}");
	pseudonym(&w->from, OLD_CLIENT, "b.example", before);
	assert_string_not_equal(other, before);
}

static void without_consent_it_is_a_stranger(void **state)
{
	struct two_realms *w = *state;
	char before[PSEUDONYM_SIZE], after[PSEUDONYM_SIZE];

	add_asps(&w->from);
	add_asps(&w->to);
	pseudonym(&w->from, OLD_CLIENT, "app.example", before);
	move_with(w, CHANGE_SYMMETRIC, false);
	two_realms_until(w, "keyed");
	pseudonym(&w->to, NEW_CLIENT, "app.example", after);
	assert_string_not_equal(before, after);
}

/* The client's at this ASP, with this brought along; "": nothing. */
static void with_brought(struct authz_flow *o, const char *brought, char ret[PSEUDONYM_SIZE])
{
	BUF_CLEANUP struct buf sealed = buf_growing(1024);
	struct ident client;
	char text[256];

	assert_ok(ident_parse(IDENT_CLIENT, view_text(NEW_CLIENT), &client));
	(void)snprintf(text, sizeof(text), "{\"" OPERATOR_ASP "\":\"%s\"}", brought);
	assert_ok(seal_close(o->authz.ring, "device/pseudonyms/" NEW_CLIENT, view_text(text),
		&sealed));
	assert_ok(pseudonym_of(&o->authz, &client, view_text(OPERATOR_ASP),
		brought[0] ? buf_contents(&sealed) : view_text(""), ret));
}

/* It goes to ASPs as a name, and into fields of theirs: an old operator cannot say just anything. */
static void what_is_no_pseudonym_is_not_taken_for_one(void **state)
{
	static const char *const others[] = {"+", "alice", "AAAAAAAAAAAAAAAAAAAAAAA<",
		"AAAAAAAAAAAAAAAAAAAAAAA ", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAA"};
	struct two_realms *w = *state;
	char own[PSEUDONYM_SIZE], shown[PSEUDONYM_SIZE];

	with_brought(&w->to, "", own);
	with_brought(&w->to, "AAAAAAAAAAAAAAAAAAAAAA-_", shown);
	assert_string_equal(shown, "AAAAAAAAAAAAAAAAAAAAAA-_");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		with_brought(&w->to, others[i], shown);
		assert_string_equal(shown, own);
	}
}

/* --- 10.6.2 --- */

static void read_order(struct two_realms *w, struct buf *ret)
{
	JSON_CLEANUP struct json *said = NULL;
	struct view order;

	assert_true(two_realms_says(w, "\"order\""));
	assert_ok(json_parse(buf_contents(&w->to.body), 65536, &said));
	assert_ok(json_text(said, "order", &order));
	buf_view(ret, order);
}

static unsigned send_receipt(struct two_realms *w, struct view receipt)
{
	BUF_CLEANUP struct buf body = buf_growing(CHANGE_JWS + 64);
	char target[128];

	buf_printf(&body, "{\"receipt\":\"%.*s\"}", (int)receipt.len, (const char *)receipt.data);
	(void)snprintf(target, sizeof(target), "/v1/changes/%s/receipt", w->id);
	return operator_ask(&w->to, "POST", target, buf_string(&body));
}

static void an_order_is_followed_and_the_public_key_handed_over(void **state)
{
	struct two_realms *w = *state;
	BUF_CLEANUP struct buf order = buf_growing(CHANGE_JWS), receipt = buf_growing(CHANGE_JWS);

	two_realms_begin(w, CHANGE_ASYMMETRIC);
	two_realms_until(w, "ordered");
	read_order(w, &order);
	two_realms_receipt(w, buf_contents(&order), &receipt);
	assert_int_equal(send_receipt(w, buf_contents(&receipt)), 200);
	assert_int_equal(send_receipt(w, buf_contents(&receipt)), 200); /* again */
	two_realms_until(w, "updated");
	assert_non_null(strstr(two_realms_device(w, &w->to, NEW_CLIENT), "BEGIN PUBLIC KEY"));
	/* No symmetric key has moved. */
	assert_null(strstr(operator_said(&w->to), "milenage"));
	assert_int_equal(vector_of(&w->to, NEW_CLIENT), 0);
	/* It has none that could be replaced: its first token would be waited for in vain. */
	assert_asked(&w->to, 204, "PATCH", "/v1/devices/" NEW_CLIENT, "{\"key_update\":true}");
	assert_null(strstr(two_realms_device(w, &w->to, NEW_CLIENT), "\"key_update\":true"));
	visit_end(w, "done", 200);
	assert_string_equal(two_realms_device(w, &w->from, OLD_CLIENT), "");
}

static void pseudonyms_come_with_public_keys_too(void **state)
{
	struct two_realms *w = *state;
	BUF_CLEANUP struct buf order = buf_growing(CHANGE_JWS), receipt = buf_growing(CHANGE_JWS);
	char before[PSEUDONYM_SIZE], after[PSEUDONYM_SIZE];

	add_asps(&w->from);
	add_asps(&w->to);
	pseudonym(&w->from, OLD_CLIENT, "app.example", before);
	move_with(w, CHANGE_ASYMMETRIC, true);
	two_realms_until(w, "ordered");
	read_order(w, &order);
	two_realms_receipt(w, buf_contents(&order), &receipt);
	assert_int_equal(send_receipt(w, buf_contents(&receipt)), 200);
	two_realms_until(w, "updated");
	pseudonym(&w->to, NEW_CLIENT, "app.example", after);
	assert_string_equal(before, after);
}

static void receipts_of_other_orders_and_by_others_are_refused(void **state)
{
	struct two_realms *w = *state;
	BUF_CLEANUP struct buf order = buf_growing(CHANGE_JWS), receipt = buf_growing(CHANGE_JWS);

	two_realms_begin(w, CHANGE_ASYMMETRIC);
	/* Before there is an order. */
	two_realms_receipt(w, view_text("a.b.c"), &receipt);
	assert_int_equal(send_receipt(w, buf_contents(&receipt)), 409);
	two_realms_until(w, "ordered");
	read_order(w, &order);
	assert_int_equal(send_receipt(w, buf_contents(&receipt)), 400);
	/* By another device. */
	void *own = w->device_key;
	struct jose_key *own_public = w->device;
	BUF_CLEANUP struct buf forged = buf_growing(CHANGE_JWS);

	w->device_key = EVP_EC_gen("prime256v1");
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(w->device_key, &der);

	assert_ok(jose_key_from_spki(view_of(der, (size_t)len), &w->device));
	OPENSSL_free(der);
	two_realms_receipt(w, buf_contents(&order), &forged);
	EVP_PKEY_free(w->device_key);
	jose_key_free(w->device);
	w->device_key = own;
	w->device = own_public;
	assert_int_equal(send_receipt(w, buf_contents(&forged)), 400);
	/* At the old operator's door too, where it is checked anew. */
	char target[128], body[CHANGE_JWS];

	(void)snprintf(target, sizeof(target), "/change/v1/orders/%s/receipt", w->id);
	(void)snprintf(body, sizeof(body), "{\"receipt\":\"%s\"}", buf_string(&forged));
	assert_int_equal(two_realms_visit(w, target, body), 403);
	(void)snprintf(body, sizeof(body), "{\"receipt\":\"%s\"}", buf_string(&receipt));
	assert_int_equal(two_realms_visit(w, target, body), 403);
	assert_true(two_realms_says(w, "\"state\":\"ordered\""));
}

/* --- given up over the API, in each state; "keyed" is above --- */

static void give_up(struct two_realms *w)
{
	char target[128];

	(void)snprintf(target, sizeof(target), "/v1/changes/%s", w->id);
	assert_asked(&w->to, 204, "DELETE", target, NULL);
	assert_true(two_realms_says(w, "\"state\":\"aborted\""));
	assert_true(two_realms_says(w, "aborted by the operator"));
	assert_asked(&w->to, 204, "DELETE", target, NULL); /* again */
	assert_string_equal(two_realms_device(w, &w->to, NEW_CLIENT), "");
}

/* The old operator has heard of it: the client is not leaving, and has vectors as ever. */
static void stays(struct two_realms *w, unsigned awaits)
{
	for (int i = 0; i < 100 && strstr(two_realms_device(w, &w->from, OLD_CLIENT), "leaving");
		i++) {
		two_realms_turn(w, 100);
	}
	assert_null(strstr(two_realms_device(w, &w->from, OLD_CLIENT), "leaving"));
	assert_true(vector_of(&w->from, OLD_CLIENT) > 0);
	assert_int_equal(got.awaits, awaits);
	assert_asked(&w->to, 200, "GET", "/v1/audit", NULL);
	assert_answer(&w->to, "change_abort");
}

static void shut_door(struct two_realms *w)
{
	http_server_close(w->from.authz.changes->door);
	w->from.authz.changes->door = NULL;
}

static void with_another_consent_it_begins_anew(struct two_realms *w, enum change_method method)
{
	two_realms_begin(w, method);
	two_realms_until(w, method == CHANGE_SYMMETRIC ? "keyed" : "ordered");
}

static void on_put_back(void *user, uint64_t ref, const struct store_result *result)
{
	(void)ref;
	assert_ok(result->err);
	*(bool *)user = true;
}

/* Time goes on in steps: a question under way is answered before its patience is over. */
static void minutes_pass(struct two_realms *w)
{
	for (int i = 0; i < 600; i++) {
		two_realms_turn(w, i % 30 == 0 ? 10 * 1000 : 0);
	}
}

/*
 * As a subscriber's own request waits where an operator approves. Operators ask on behalf of a subscriber here, which is
 * approval; so the row is put there by hand, before anything was asked. Nobody asks the old operator then.
 */
static void given_up_while_the_operator_is_asked(void **state)
{
	struct two_realms *w = *state;
	bool done = false;

	two_realms_begin(w, CHANGE_SYMMETRIC);
	const struct change_move back = {.id = view_text(w->id),
		.from = CHANGE_WAITING,
		.to = CHANGE_REQUESTED,
		.now = env_wall(&w->to.env.env),
		.detail = ""};
	const struct store_step step = change_move_step(&back);

	assert_ok(store_submit(w->to.authz.store, &step, 1, on_put_back, &done, 0));
	operator_wait(&w->to, &done);
	assert_true(two_realms_says(w, "\"state\":\"requested\""));
	give_up(w);
	minutes_pass(w);
	assert_asked(&w->from, 200, "GET", "/v1/departures", NULL);
	assert_answer(&w->from, "\"items\":[]");
	stays(w, 0);
	with_another_consent_it_begins_anew(w, CHANGE_SYMMETRIC);
}

/* The old operator, which is away, is told when it is back: it may have frozen the client unheard. */
static void given_up_while_the_old_operator_is_away(void **state)
{
	struct two_realms *w = *state;

	shut_door(w);
	two_realms_begin(w, CHANGE_SYMMETRIC);
	for (int i = 0; i < 60 && !two_realms_says(w, "away"); i++) {
		two_realms_turn(w, 100);
	}
	assert_true(two_realms_says(w, "\"state\":\"waiting\""));
	give_up(w);
	operator_restart(&w->from);
	minutes_pass(w);
	stays(w, 0);
	visit_end(w, "done", 409); /* it knows that this one is over */
	with_another_consent_it_begins_anew(w, CHANGE_SYMMETRIC);
}

static void given_up_with_the_order_in_hand(void **state)
{
	struct two_realms *w = *state;
	BUF_CLEANUP struct buf order = buf_growing(CHANGE_JWS), receipt = buf_growing(CHANGE_JWS);

	two_realms_begin(w, CHANGE_ASYMMETRIC);
	two_realms_until(w, "ordered");
	read_order(w, &order);
	two_realms_receipt(w, buf_contents(&order), &receipt);
	give_up(w);
	assert_int_equal(send_receipt(w, buf_contents(&receipt)), 409); /* too late */
	stays(w, 0);
	with_another_consent_it_begins_anew(w, CHANGE_ASYMMETRIC);
}

static void given_up_with_the_receipt_on_its_way(void **state)
{
	struct two_realms *w = *state;
	BUF_CLEANUP struct buf order = buf_growing(CHANGE_JWS), receipt = buf_growing(CHANGE_JWS);

	two_realms_begin(w, CHANGE_ASYMMETRIC);
	two_realms_until(w, "ordered");
	read_order(w, &order);
	two_realms_receipt(w, buf_contents(&order), &receipt);
	shut_door(w);
	assert_int_equal(send_receipt(w, buf_contents(&receipt)), 200);
	assert_true(two_realms_says(w, "\"state\":\"received\""));
	give_up(w);
	operator_restart(&w->from);
	minutes_pass(w);
	assert_true(two_realms_says(w, "\"state\":\"aborted\""));
	stays(w, 0);
	with_another_consent_it_begins_anew(w, CHANGE_ASYMMETRIC);
}

/* The new one has the public key already: it is removed there, and stays good at the old one. */
static void given_up_with_the_public_key_handed_over(void **state)
{
	struct two_realms *w = *state;
	BUF_CLEANUP struct buf order = buf_growing(CHANGE_JWS), receipt = buf_growing(CHANGE_JWS);

	two_realms_begin(w, CHANGE_ASYMMETRIC);
	two_realms_until(w, "ordered");
	read_order(w, &order);
	two_realms_receipt(w, buf_contents(&order), &receipt);
	assert_int_equal(send_receipt(w, buf_contents(&receipt)), 200);
	two_realms_until(w, "updated");
	assert_string_not_equal(two_realms_device(w, &w->to, NEW_CLIENT), "");
	give_up(w);
	stays(w, 0);
	assert_non_null(strstr(two_realms_device(w, &w->from, OLD_CLIENT), "BEGIN PUBLIC KEY"));
	with_another_consent_it_begins_anew(w, CHANGE_ASYMMETRIC);
}

/* --- away, restarted --- */

static void an_old_operator_that_is_away_is_asked_again_and_the_device_keeps_working(void **state)
{
	struct two_realms *w = *state;

	http_server_close(w->from.authz.changes->door);
	w->from.authz.changes->door = NULL;
	two_realms_begin(w, CHANGE_SYMMETRIC);
	for (int i = 0; i < 60 && !two_realms_says(w, "away"); i++) {
		two_realms_turn(w, 100);
	}
	assert_true(two_realms_says(w, "\"state\":\"waiting\""));
	assert_true(two_realms_says(w, "away"));
	assert_true(vector_of(&w->from, OLD_CLIENT) > 0); /* as ever */
	operator_restart(&w->to);
	operator_restart(&w->from); /* its door is open again */
	two_realms_until(w, "keyed");
}

static void a_consent_that_runs_out_meanwhile_ends_it(void **state)
{
	struct two_realms *w = *state;

	http_server_close(w->from.authz.changes->door);
	w->from.authz.changes->door = NULL;
	two_realms_begin(w, CHANGE_SYMMETRIC);
	two_realms_turn(w, 3601 * 1000);
	two_realms_until(w, "aborted");
	assert_true(two_realms_says(w, "ran out"));
	assert_true(vector_of(&w->from, OLD_CLIENT) > 0);
}

static void both_restarted_in_each_state_it_goes_on(void **state)
{
	struct two_realms *w = *state;
	BUF_CLEANUP struct buf order = buf_growing(CHANGE_JWS), receipt = buf_growing(CHANGE_JWS);

	two_realms_begin(w, CHANGE_ASYMMETRIC);
	operator_restart(&w->to);
	operator_restart(&w->from);
	two_realms_until(w, "ordered");
	operator_restart(&w->to);
	operator_restart(&w->from);
	read_order(w, &order);
	two_realms_receipt(w, buf_contents(&order), &receipt);
	assert_int_equal(send_receipt(w, buf_contents(&receipt)), 200);
	operator_restart(&w->to);
	operator_restart(&w->from);
	two_realms_until(w, "updated");
	operator_restart(&w->to);
	two_realms_until(w, "updated");
}

/* The new one dies between the answer and its commit: the same question has the same answer. */
static void the_same_question_has_the_same_answer(void **state)
{
	struct two_realms *w = *state;
	BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS), first = buf_growing(65536);
	const struct change_consent consent = two_realms_consent(w, CHANGE_SYMMETRIC);
	char body[CHANGE_JWS];

	two_realms_sign(w, &consent, &jws);
	(void)snprintf(body, sizeof(body), "{\"change\":\"c1\",\"consent\":\"%s\"}",
		buf_string(&jws));
	assert_int_equal(two_realms_visit(w, "/change/v1/keys", body), 200);
	buf_view(&first, buf_contents(&w->said));
	operator_restart(&w->from);
	two_realms_pose(w, "authz1.new.example");
	assert_int_equal(two_realms_visit(w, "/change/v1/keys", body), 200);
	assert_true(view_equal(buf_contents(&first), buf_contents(&w->said)));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_key_moves_once_and_its_sequence_goes_on),
		CASE(given_up_the_device_goes_on_and_its_key_is_to_be_replaced),
		CASE(given_up_before_the_key_has_left_nothing_is_replaced),
		CASE(nothing_ends_at_the_old_operator_before_something_was_handed_over),
		CASE(done_ends_the_client_and_its_rights_and_tells_both),
		CASE(a_device_that_was_registered_anew_is_not_of_the_change),
		CASE(a_device_on_its_way_here_goes_nowhere_else),
		CASE(with_consent_the_asp_knows_the_client_again),
		CASE(without_consent_it_is_a_stranger),
		CASE(what_is_no_pseudonym_is_not_taken_for_one),
		CASE(pseudonyms_come_with_public_keys_too),
		CASE(an_order_is_followed_and_the_public_key_handed_over),
		CASE(receipts_of_other_orders_and_by_others_are_refused),
		CASE(given_up_while_the_operator_is_asked),
		CASE(given_up_while_the_old_operator_is_away),
		CASE(given_up_with_the_order_in_hand),
		CASE(given_up_with_the_receipt_on_its_way),
		CASE(given_up_with_the_public_key_handed_over),
		CASE(an_old_operator_that_is_away_is_asked_again_and_the_device_keeps_working),
		CASE(a_consent_that_runs_out_meanwhile_ends_it),
		CASE(both_restarted_in_each_state_it_goes_on),
		CASE(the_same_question_has_the_same_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
