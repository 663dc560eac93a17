// SPDX-License-Identifier: Apache-2.0
/* Whose a device is, and what becomes of it: owners, transfers that both sides sign, losses, erasing. What is known of an
 * owner is in no record of the log, and not in the database as it stands.
 * req: R6.3 R7-a R9.1-iii R9.2-i-d R6.1-b */
#include "test.h"

#include "base/text.h"
#include "core/trust.h"
#include "enquirer.h"
#include "postgres_server.h"
#include "registry/schema.h"
#include "wire/registry_answer.h"
#include "wire/transfer.h"

#include <stdlib.h>

#define DEVICE "IN.TEL.P01:imei:490154203237518"
#define NAME   "Alice Example"

static struct registry_flow flow;
static struct postgres_server server; /* none while SQLite is tested */

struct side {
	struct jose_key *key;
	char party[JOSE_THUMBPRINT], id[64];
};

struct owners_flow {
	struct enquirer q;
	struct side alice, bob;
};

/* ---- what the tests stand on ---- */

static void add_device(struct registry_flow *r, const char *id)
{
	const struct store_step step = {
		.statement = ADD_DEVICE,
		.param_count = 14,
		.params = {STORE_TEXT_OF(view_text(id)), STORE_TEXT_OF(view_text("IN.TEL.P01")),
			STORE_TEXT_OF(view_text("urn:gsma:imei:49015420-323751-0")),
			STORE_TEXT_OF(view_text("Acme")), STORE_TEXT_OF(view_text("M1")),
			STORE_TEXT_OF(view_text("1.0")), STORE_TEXT_OF(view_text("{}")),
			STORE_INT_OF(1), STORE_TEXT_OF(view_text("realm.example")),
			STORE_TEXT_OF(view_text("p@realm.example")), STORE_TEXT_OF(view_text("")),
			STORE_INT_OF(7), STORE_INT_OF(1), STORE_INT_OF(0)},
	};

	r->done = false;
	assert_ok(ledger_submit(r->registry.ledger, NULL, 0, &step, 1, registry_on_logged, r, 0));
	registry_wait(r, &r->done);
	assert_int_equal(r->logged, OK);
}

static void member(struct registry_flow *r, const char *name, char *to, size_t room)
{
	JSON_CLEANUP struct json *answer = NULL;
	struct view text;

	assert_ok(json_parse(buf_contents(&r->body), 65536, &answer));
	assert_ok(json_text(answer, name, &text));
	assert_ok(text_copy(to, room, text, name));
}

static void add_owner(struct registry_flow *r, struct side *side, const char *name)
{
	BUF_CLEANUP struct buf body = buf_growing(4096);
	struct json_writer w = json_to(&body);

	if (!side->key) {
		assert_ok(jose_key_make(JOSE_ES256, &side->key));
	}
	assert_ok(jose_thumbprint(side->key, side->party));
	json_open(&w, NULL);
	json_open(&w, "claims");
	json_put_string(&w, "name", name);
	json_close(&w);
	assert_ok(jose_key_write_jwk(side->key, &w, "key"));
	json_close(&w);
	assert_registry(r, 201, "POST", "/v1/owners", buf_string(&body));
	member(r, "id", side->id, sizeof(side->id));
}

static void set_owner(struct registry_flow *r, const struct side *side)
{
	char body[128];

	(void)snprintf(body, sizeof(body), "{\"owner\":\"%s\"}", side->id);
	assert_registry(r, 200, "PUT", "/v1/devices/" DEVICE "/owner", body);
}

static void assert_owner(struct registry_flow *r, const struct side *side)
{
	assert_registry(r, 200, "GET", "/v1/devices/" DEVICE "/owner", NULL);
	assert_registry_said(r, side->id);
}

static int open_with(void **state, const char *more)
{
	static struct owners_flow f;

	f = (struct owners_flow){.alice = {.key = NULL}};
	if (registry_flow_store) {
		postgres_server_clear(&server, "postgres");
	}
	enquirer_start(&f.q, &flow, more);
	add_device(&flow, DEVICE);
	add_owner(&flow, &f.alice, NAME);
	add_owner(&flow, &f.bob, "Bob Example");
	set_owner(&flow, &f.alice);
	*state = &f;
	return 0;
}

static int set_up(void **state)
{
	return open_with(state, "");
}

static int set_up_strict(void **state)
{
	return open_with(state, "ownership: {transfer: approved, revoked_by: administrator}\n");
}

static int tear_down(void **state)
{
	struct owners_flow *f = *state;

	jose_key_free(f->alice.key);
	jose_key_free(f->bob.key);
	enquirer_stop(&f->q);
	return 0;
}

/* The enquirer asks with this side's key from now on. */
static void speak_as(struct owners_flow *f, const struct side *side)
{
	assert_int_equal(enquirer_enrol_key(&f->q, side->key, "[\"owner\"]"), 202);
	enquirer_approve(&f->q, "approved");
}

/* ---- transfers ---- */

static struct transfer_offer offer_to(const struct side *taker, int64_t lifetime)
{
	const int64_t now = flow.env.wall_ms / 1000;
	struct transfer_offer offer = {.device = DEVICE, .issued = now, .expires = now + lifetime};

	(void)strcpy(offer.taker, taker->party);
	return offer;
}

static unsigned send_jws(const char *target, const char *name, const struct buf *jws)
{
	BUF_CLEANUP struct buf body = buf_growing(8192);

	buf_printf(&body, "{\"%s\":\"%.*s\"}", name, (int)jws->len, (const char *)jws->data);
	return registry_ask(&flow, "POST", target, buf_string(&body));
}

static unsigned make_offer(const struct side *giver, struct transfer_offer *offer,
	const char *registry)
{
	BUF_CLEANUP struct buf jws = buf_growing(4096);
	struct transfer_offer signed_one;

	assert_ok(transfer_offer_sign(offer, view_text(registry), giver->key, &jws));
	assert_ok(transfer_offer_peek(buf_contents(&jws), &signed_one));
	(void)strcpy(offer->id, signed_one.id);
	return send_jws("/v1/transfers", "offer", &jws);
}

static unsigned accept_offer(const struct side *taker, const struct transfer_offer *offer,
	const char *registry)
{
	BUF_CLEANUP struct buf jws = buf_growing(4096);
	char target[128];

	assert_ok(transfer_acceptance_sign(offer, view_text(registry), taker->key, &jws));
	(void)snprintf(target, sizeof(target), "/v1/transfers/%s/acceptance", offer->id);
	return send_jws(target, "acceptance", &jws);
}

static void both_signatures_move_a_device(void **state)
{
	struct owners_flow *f = *state;
	struct transfer_offer offer = offer_to(&f->bob, 3600);

	assert_int_equal(make_offer(&f->alice, &offer, "IN.TEL.P01"), 201);
	assert_owner(&flow, &f->alice);
	assert_int_equal(accept_offer(&f->bob, &offer, "IN.TEL.P01"), 200);
	assert_registry_said(&flow, "transferred");
	assert_owner(&flow, &f->bob);
}

static void one_signature_moves_nothing(void **state)
{
	struct owners_flow *f = *state;
	struct transfer_offer offer = offer_to(&f->bob, 3600);

	assert_int_equal(accept_offer(&f->bob, &offer, "IN.TEL.P01"), 404);
	assert_int_equal(make_offer(&f->bob, &offer, "IN.TEL.P01"), 401);
	assert_int_equal(make_offer(&f->alice, &offer, "IN.TEL.P01"), 201);
	assert_int_equal(accept_offer(&f->alice, &offer, "IN.TEL.P01"), 401);
	assert_owner(&flow, &f->alice);
}

static void each_signature_is_good_once(void **state)
{
	struct owners_flow *f = *state;
	struct transfer_offer offer = offer_to(&f->bob, 3600), back = offer_to(&f->alice, 3600);

	assert_int_equal(make_offer(&f->alice, &offer, "IN.TEL.P01"), 201);
	assert_int_equal(make_offer(&f->alice, &offer, "IN.TEL.P01"), 410);
	assert_int_equal(accept_offer(&f->bob, &offer, "IN.TEL.P01"), 200);
	assert_int_equal(accept_offer(&f->bob, &offer, "IN.TEL.P01"), 410);
	assert_int_equal(make_offer(&f->bob, &back, "IN.TEL.P01"), 201);
	assert_int_equal(accept_offer(&f->alice, &back, "IN.TEL.P01"), 200);
	/* hers again: what she signed then moves it no second time, with another signature either */
	assert_int_equal(make_offer(&f->alice, &offer, "IN.TEL.P01"), 410);
	assert_int_equal(accept_offer(&f->bob, &offer, "IN.TEL.P01"), 410);
	assert_owner(&flow, &f->alice);
}

/* Nor when the one that it was offered to has been erased and comes again.  req: R6.3 R9.1-iii */
static void erasing_an_owner_frees_no_offer(void **state)
{
	struct owners_flow *f = *state;
	struct transfer_offer offer = offer_to(&f->bob, 3600);
	char target[80];

	assert_int_equal(make_offer(&f->alice, &offer, "IN.TEL.P01"), 201);
	assert_int_equal(accept_offer(&f->bob, &offer, "IN.TEL.P01"), 200);
	(void)snprintf(target, sizeof(target), "/v1/owners/%s", f->bob.id);
	assert_registry(&flow, 204, "DELETE", target, NULL);
	assert_registry(&flow, 200, "GET", "/v1/transfers", NULL);
	assert_null(strstr(registry_said(&flow), f->bob.id));
	add_owner(&flow, &f->bob, "Bob Example");
	set_owner(&flow, &f->alice);
	assert_int_equal(make_offer(&f->alice, &offer, "IN.TEL.P01"), 410);
	assert_int_equal(accept_offer(&f->bob, &offer, "IN.TEL.P01"), 404);
	assert_owner(&flow, &f->alice);
}

static void offers_run_out(void **state)
{
	struct owners_flow *f = *state;
	struct transfer_offer offer = offer_to(&f->bob, 60), longer = offer_to(&f->bob, 604801);
	struct transfer_offer later = offer_to(&f->bob, 3600);

	assert_int_equal(make_offer(&f->alice, &longer, "IN.TEL.P01"), 410);
	later.issued += 3000;
	assert_int_equal(make_offer(&f->alice, &later, "IN.TEL.P01"), 410);
	assert_int_equal(make_offer(&f->alice, &offer, "IN.TEL.P01"), 201);
	flow.env.wall_ms += 61000;
	offer.expires += 3600; /* the acceptance's own time is fine */
	assert_int_equal(accept_offer(&f->bob, &offer, "IN.TEL.P01"), 410);
	assert_owner(&flow, &f->alice);
}

static void signatures_are_for_one_registry_and_one_device(void **state)
{
	struct owners_flow *f = *state;
	struct transfer_offer offer = offer_to(&f->bob, 3600), other = offer_to(&f->bob, 3600);

	assert_int_equal(make_offer(&f->alice, &offer, "IN.TEL.P02"), 403);
	assert_int_equal(make_offer(&f->alice, &offer, "IN.TEL.P01"), 201);
	assert_int_equal(accept_offer(&f->bob, &offer, "IN.TEL.P02"), 403);
	(void)strcpy(other.device, "IN.TEL.P01:imei:356938035643809");
	(void)strcpy(other.id, offer.id);
	assert_int_equal(accept_offer(&f->bob, &other, "IN.TEL.P01"), 403);
	assert_int_equal(make_offer(&f->alice, &other, "IN.TEL.P01"), 401);
	assert_owner(&flow, &f->alice);
}

static void offers_to_nobody_and_to_oneself_are_refused(void **state)
{
	struct owners_flow *f = *state;
	struct transfer_offer offer = offer_to(&f->alice, 3600);

	assert_int_equal(make_offer(&f->alice, &offer, "IN.TEL.P01"), 409);
	(void)memset(offer.taker, 'x', JOSE_THUMBPRINT - 1);
	assert_int_equal(make_offer(&f->alice, &offer, "IN.TEL.P01"), 404);
	assert_registry(&flow, 400, "POST", "/v1/transfers", "{\"offer\":\"x.y.z\"}");
	assert_registry(&flow, 400, "POST", "/v1/transfers", "{}");
}

static void an_offer_is_withdrawn(void **state)
{
	struct owners_flow *f = *state;
	struct transfer_offer offer = offer_to(&f->bob, 3600);
	char target[128];

	assert_int_equal(make_offer(&f->alice, &offer, "IN.TEL.P01"), 201);
	(void)snprintf(target, sizeof(target), "/v1/transfers/%s", offer.id);
	speak_as(f, &f->alice);
	assert_enquiry(&f->q, 200, "GET", target, NULL);
	assert_enquiry(&f->q, 200, "DELETE", target, NULL);
	assert_int_equal(accept_offer(&f->bob, &offer, "IN.TEL.P01"), 410);
	assert_owner(&flow, &f->alice);
}

/* req: R6.3 */
static void policy_may_want_an_approval(void **state)
{
	struct owners_flow *f = *state;
	struct transfer_offer offer = offer_to(&f->bob, 3600);
	char target[128];

	assert_int_equal(make_offer(&f->alice, &offer, "IN.TEL.P01"), 201);
	(void)snprintf(target, sizeof(target), "/v1/transfers/%s/approval", offer.id);
	assert_registry(&flow, 410, "POST", target, NULL);
	assert_int_equal(accept_offer(&f->bob, &offer, "IN.TEL.P01"), 200);
	assert_registry_said(&flow, "accepted");
	assert_owner(&flow, &f->alice);
	assert_registry(&flow, 200, "POST", target, NULL);
	assert_owner(&flow, &f->bob);
	speak_as(f, &f->bob);
	assert_enquiry(&f->q, 403, "DELETE", "/v1/devices/" DEVICE "/owner", NULL);
}

/* ---- owners ---- */

/* req: R7-i-c */
static void who_read_an_owners_data_is_kept(void **state)
{
	struct owners_flow *f = *state;
	char note[128];

	speak_as(f, &f->alice);
	assert_enquiry(&f->q, 200, "GET", "/v1/owners/self", NULL);
	registry_flow_restart(f->q.r); /* an orderly end keeps what waits */
	(void)snprintf(note, sizeof(note), "\"what\":\"owner_show\",\"object\":\"%s\"", f->alice.id);
	assert_registry(f->q.r, 200, "GET", "/v1/queries", NULL);
	assert_registry_said(f->q.r, note);
}

static void an_owner_sees_and_corrects_itself_alone(void **state)
{
	struct owners_flow *f = *state;
	char target[128];

	speak_as(f, &f->alice);
	assert_enquiry(&f->q, 200, "GET", "/v1/owners/self", NULL);
	assert_non_null(strstr(enquirer_said(&f->q), NAME));
	(void)snprintf(target, sizeof(target), "/v1/owners/%s", f->bob.id);
	assert_enquiry(&f->q, 404, "GET", target, NULL);
	assert_enquiry(&f->q, 404, "PUT", target, "{\"claims\":{\"name\":\"Mallory\"}}");
	assert_enquiry(&f->q, 404, "DELETE", target, NULL);
	assert_enquiry(&f->q, 204, "PUT", "/v1/owners/self",
		"{\"claims\":{\"name\":\"Alice B. Example\"}}");
	assert_enquiry(&f->q, 200, "GET", "/v1/owners/self", NULL);
	assert_non_null(strstr(enquirer_said(&f->q), "Alice B. Example"));
	assert_enquiry(&f->q, 400, "PUT", "/v1/owners/self", "{\"claims\":{\"shoe\":\"43\"}}");
	assert_enquiry(&f->q, 200, "GET", "/v1/owners/self/devices", NULL);
	assert_non_null(strstr(enquirer_said(&f->q), DEVICE));
}

static void a_list_says_nothing_of_owners(void **state)
{
	struct owners_flow *f = *state;

	(void)f;
	assert_registry(&flow, 200, "GET", "/v1/owners", NULL);
	assert_null(strstr(registry_said(&flow), "Alice"));
}

static void a_device_has_one_owner(void **state)
{
	struct owners_flow *f = *state;
	char body[128];

	(void)snprintf(body, sizeof(body), "{\"owner\":\"%s\"}", f->bob.id);
	assert_registry(&flow, 409, "PUT", "/v1/devices/" DEVICE "/owner", body);
	assert_owner(&flow, &f->alice);
	assert_registry(&flow, 204, "DELETE", "/v1/devices/" DEVICE "/owner", NULL);
	assert_registry(&flow, 404, "GET", "/v1/devices/" DEVICE "/owner", NULL);
	assert_registry(&flow, 200, "PUT", "/v1/devices/" DEVICE "/owner", body);
	assert_owner(&flow, &f->bob);
}

/* Personal data: nowhere in the log, and nowhere in the clear.  req: R9.1-iii */
static void what_is_personal_is_sealed(void **state)
{
	static const char *const files[] = {"registry.db", "registry.db-wal"};
	struct owners_flow *f = *state;
	size_t read = 0;

	speak_as(f, &f->alice);
	assert_enquiry(&f->q, 200, "GET", "/v1/owners/self", NULL);
	for (size_t i = 0; i < 2; i++) {
		BUF_CLEANUP struct buf file = buf_growing(0);
		char path[128];

		(void)snprintf(path, sizeof(path), "%s/%s", flow.dir, files[i]);
		if (text_read_file(path, 64 << 20, &file) == OK) {
			assert_null(memmem(file.data, file.len, "Alice", 5));
			read += file.len;
		}
	}
	assert_true(read > 0 || registry_flow_store);
	assert_registry(&flow, 200, "GET", "/v1/events", NULL);
	assert_null(strstr(registry_said(&flow), "Alice"));
}

static void an_owner_is_erased(void **state)
{
	struct owners_flow *f = *state;
	char target[128];

	speak_as(f, &f->alice);
	assert_enquiry(&f->q, 204, "DELETE", "/v1/owners/self", NULL);
	(void)snprintf(target, sizeof(target), "/v1/owners/%s", f->alice.id);
	assert_registry(&flow, 404, "GET", target, NULL);
	assert_registry(&flow, 404, "GET", "/v1/devices/" DEVICE "/owner", NULL);
	assert_enquiry(&f->q, 401, "GET", "/v1/owners/self", NULL);
	assert_registry(&flow, 200, "GET", "/v1/events", NULL);
	assert_registry_said(&flow, "\"kind\":\"erased\"");
	assert_registry_said(&flow, "\"owner\":\"erased\",\"by\":\"owner\"");
	(void)snprintf(target, sizeof(target), "\"subject\":\"owner:%s\",\"owner\":\"registered\"",
		f->alice.id);
	assert_null(strstr(registry_said(&flow), target));
}

static void what_the_log_knows_of_a_device_is_erased(void **state)
{
	(void)state;
	(void)registry_log(&flow, EVENT_DEVICE_REPORTED, DEVICE,
		"{\"subject\":\"" DEVICE "\",\"mark\":\"to-be-erased\"}");
	assert_registry(&flow, 200, "GET", "/v1/devices/" DEVICE "/history", NULL);
	assert_registry_said(&flow, "to-be-erased");
	assert_registry(&flow, 400, "POST", "/v1/erasures", "{\"subject\":\"registry:IN\"}");
	assert_registry(&flow, 204, "POST", "/v1/erasures", "{\"subject\":\"" DEVICE "\"}");
	assert_registry(&flow, 200, "GET", "/v1/events", NULL);
	assert_null(strstr(registry_said(&flow), "to-be-erased"));
}

/* ---- lifecycle ---- */

#define LIFE "/v1/devices/" DEVICE "/lifecycle"

static void owners_report_losses(void **state)
{
	struct owners_flow *f = *state;

	speak_as(f, &f->alice);
	assert_enquiry(&f->q, 200, "POST", LIFE,
		"{\"change\":\"lost\",\"reason\":\"Alice lost it\"}");
	assert_enquiry(&f->q, 409, "POST", LIFE, "{\"change\":\"lost\"}");
	assert_enquiry(&f->q, 200, "POST", LIFE, "{\"change\":\"stolen\"}");
	assert_enquiry(&f->q, 200, "POST", LIFE, "{\"change\":\"found\"}");
	assert_non_null(strstr(enquirer_said(&f->q), "\"lifecycle\":\"registered\""));
	assert_enquiry(&f->q, 200, "POST", LIFE, "{\"change\":\"retired\"}");
	assert_enquiry(&f->q, 403, "POST", LIFE, "{\"change\":\"reinstated\"}");
	assert_registry(&flow, 200, "GET", "/v1/devices/" DEVICE "/history", NULL);
	assert_registry_said(&flow, "\"lifecycle\":\"lost\",\"was\":\"registered\"");
	assert_null(strstr(registry_said(&flow), "Alice"));
	assert_registry(&flow, 200, "POST", LIFE,
		"{\"change\":\"reinstated\",\"reason\":\"error\"}");
}

static void strangers_report_nothing(void **state)
{
	struct owners_flow *f = *state;

	speak_as(f, &f->bob);
	assert_enquiry(&f->q, 404, "POST", LIFE, "{\"change\":\"stolen\"}");
	assert_registry(&flow, 404, "POST", "/v1/devices/IN.TEL.P01:mac:0024befffe804ff1/lifecycle",
		"{\"change\":\"stolen\"}");
	assert_registry(&flow, 400, "POST", LIFE, "{\"change\":\"eaten\"}");
}

static void agencies_report_stolen_devices(void **state)
{
	struct owners_flow *f = *state;

	assert_int_equal(enquirer_enrol(&f->q, "[\"agency\"]"), 202);
	enquirer_approve(&f->q, "approved");
	assert_enquiry(&f->q, 200, "POST", LIFE, "{\"change\":\"stolen\"}");
	assert_enquiry(&f->q, 403, "POST", LIFE, "{\"change\":\"retired\"}");
}

static void manufacturers_retire_their_own(void **state)
{
	struct owners_flow *f = *state;
	char body[256];

	assert_int_equal(enquirer_enrol(&f->q, "[\"manufacturer\"]"), 202);
	enquirer_approve(&f->q, "approved");
	assert_enquiry(&f->q, 404, "POST", LIFE, "{\"change\":\"retired\"}");
	(void)snprintf(body, sizeof(body),
		"{\"id\":\"other\",\"name\":\"Other\",\"makes\":[\"Other\"],\"party\":\"%s\"}",
		f->q.id);
	assert_registry(&flow, 200, "POST", "/v1/manufacturers", body);
	assert_enquiry(&f->q, 404, "POST", LIFE, "{\"change\":\"retired\"}");
	(void)snprintf(body, sizeof(body),
		"{\"id\":\"other\",\"name\":\"Other\",\"makes\":[\"Acme\"],\"party\":\"%s\"}",
		f->q.id);
	assert_registry(&flow, 200, "POST", "/v1/manufacturers", body);
	assert_enquiry(&f->q, 403, "POST", LIFE, "{\"change\":\"stolen\"}");
	assert_enquiry(&f->q, 200, "POST", LIFE, "{\"change\":\"retired\"}");
}

/* ---- vulnerabilities ---- */

/* Whoever has told of one sees it, before its release and whatever its label; nobody else does.  req: R7-b */
static void who_has_told_sees_it(void **state)
{
	struct owners_flow *f = *state;

	assert_int_equal(enquirer_enrol(&f->q, "[\"manufacturer\"]"), 202);
	enquirer_approve(&f->q, "approved");
	assert_enquiry(&f->q, 201, "POST", "/v1/vulnerabilities",
		"{\"id\":\"early\",\"title\":\"not "
		"yet\",\"tlp\":\"red\",\"release_at\":4000000000000,"
		"\"make\":\"Acme\",\"model\":\"T-1\"}");
	assert_enquiry(&f->q, 200, "GET", "/v1/advisories", NULL);
	assert_non_null(strstr(enquirer_said(&f->q), ":early\""));
	assert_registry(&flow, 200, "GET", "/v1/advisories", NULL);
	assert_registry_said(&flow, ":early\"");
	speak_as(f, &f->alice);
	assert_enquiry(&f->q, 200, "GET", "/v1/advisories", NULL);
	assert_null(strstr(enquirer_said(&f->q), ":early\""));
}

/* ---- applications ---- */

static void applications_have_a_status(void **state)
{
	struct owners_flow *f = *state;

	assert_registry(&flow, 200, "PUT", "/v1/applications/App.example/status",
		"{\"name\":\"Lights\",\"trust\":\"unreliable\",\"reason\":\"leaks keys\"}");
	assert_registry(&flow, 200, "GET", "/v1/applications/app.example", NULL);
	assert_registry_said(&flow, "\"trust\":\"unreliable\"");
	assert_registry_said(&flow, "\"rule\":\"administrator\",\"reason\":\"leaks keys\"");
	assert_registry(&flow, 400, "PUT", "/v1/applications/app.example/status",
		"{\"trust\":\"unassigned\",\"reason\":\"x\"}");
	assert_registry(&flow, 400, "PUT", "/v1/applications/app.example/status",
		"{\"trust\":\"trusted\"}");
	assert_int_equal(enquirer_enrol(&f->q, "[\"enquirer\"]"), 202);
	enquirer_approve(&f->q, "approved");
	assert_enquiry(&f->q, 200, "GET", "/v1/enquiry/applications/app.example", NULL);
	assert_string_equal(f->q.type, REGISTRY_ANSWER_MEDIA);
	assert_registry(&flow, 200, "GET", "/v1/events", NULL);
	assert_registry_said(&flow, "\"kind\":\"application_status\"");
}

/* The rules have looked by then. */
static void expect_application(const char *words)
{
	for (int turn = 0; turn < 1000; turn++) {
		assert_registry(&flow, 200, "GET", "/v1/applications/app.example", NULL);
		if (strstr(registry_said(&flow), words)) {
			return;
		}
		loop_turn(flow.loop, 10);
	}
	fail_msg("\"%s\" does not come to say \"%s\"", registry_said(&flow), words);
}

#define PRODUCT                                                                                    \
	"\"maker\":\"Example Devices\",\"product\":\"Lights App\",\"version\":\"1.4\","            \
	"\"reason\":\"reviewed\""

/* A rule takes trust away, and gives back no more than was given.  req: R6.1-b */
static void rules_judge_applications_too(void **state)
{
	(void)state;
	assert_registry(&flow, 200, "PUT", "/v1/applications/app.example/status",
		"{\"trust\":\"trusted\"," PRODUCT "}");
	assert_registry(&flow, 201, "POST", "/v1/vulnerabilities",
		"{\"id\":\"other\",\"title\":\"another product\",\"score\":91,"
		"\"make\":\"Example Devices\",\"model\":\"Doors App\",\"versions\":\"< 2\"}");
	assert_registry(&flow, 201, "POST", "/v1/vulnerabilities",
		"{\"id\":\"keys\",\"title\":\"leaks keys\",\"score\":91,"
		"\"make\":\"Example Devices\",\"model\":\"Lights App\",\"versions\":\"< 2\"}");
	expect_application("\"trust\":\"unreliable\"");
	expect_application("\"rule\":\"critical\"");
	registry_flow_restart(&flow);
	expect_application("\"trust\":\"unreliable\"");
	assert_registry(&flow, 200, "GET", "/v1/vulnerabilities", NULL);
	JSON_CLEANUP struct json *page = NULL;
	struct view id = {0};

	assert_ok(json_parse(buf_contents(&flow.body), 65536, &page));
	for (const struct json *item = json_item(json_member(page, "items"), 0); item;
		item = json_next(item)) {
		BUF_CLEANUP struct buf target = buf_growing(512);

		assert_ok(json_text(item, "id", &id));
		buf_text(&target, "/v1/vulnerabilities/");
		text_percent(&target, id);
		buf_text(&target, "/withdraw");
		assert_registry(&flow, 204, "POST", buf_string(&target),
			"{\"reason\":\"a mistake\"}");
	}
	expect_application("\"trust\":\"trusted\"");
	expect_application("\"rule\":\"administrator\"");
}

#define OWNERS(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OWNERS(both_signatures_move_a_device),
		OWNERS(one_signature_moves_nothing),
		OWNERS(each_signature_is_good_once),
		OWNERS(erasing_an_owner_frees_no_offer),
		OWNERS(offers_run_out),
		OWNERS(signatures_are_for_one_registry_and_one_device),
		OWNERS(offers_to_nobody_and_to_oneself_are_refused),
		OWNERS(an_offer_is_withdrawn),
		cmocka_unit_test_setup_teardown(policy_may_want_an_approval, set_up_strict,
			tear_down),
		OWNERS(who_read_an_owners_data_is_kept),
		OWNERS(an_owner_sees_and_corrects_itself_alone),
		OWNERS(a_list_says_nothing_of_owners),
		OWNERS(a_device_has_one_owner),
		OWNERS(what_is_personal_is_sealed),
		OWNERS(an_owner_is_erased),
		OWNERS(what_the_log_knows_of_a_device_is_erased),
		OWNERS(owners_report_losses),
		OWNERS(strangers_report_nothing),
		OWNERS(agencies_report_stolen_devices),
		OWNERS(manufacturers_retire_their_own),
		OWNERS(who_has_told_sees_it),
		OWNERS(applications_have_a_status),
		OWNERS(rules_judge_applications_too),
	};
	int failed = RUN_TESTS(tests);
	char url[160];

	if (!postgres_server_new(&server)) {
		return failed;
	}
	postgres_server_url(&server, "postgres", url);
	registry_flow_store = url;
	failed += cmocka_run_group_tests_name("registry_owners on PostgreSQL", tests, NULL, NULL);
	postgres_server_free(&server);
	return failed;
}
