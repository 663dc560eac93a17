// SPDX-License-Identifier: Apache-2.0
/* Permissions as an authentication element meets them on RP_B: what is answered, what is kept, how it ends. */
#include "test.h"

#include "operator.h"
#include "postgres_server.h"
#include "realm.h"

#include "authz/degrees.h"
#include "authz/mapping.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

#define GROUP	  "group.example"
#define OTHER_ASP "org:other"
#define SECOND	  "001010123456788@realm.example"
#define GRANT	  "/v1/grants?client=" FLOW_CLIENT "&application=" FLOW_APP
#define GRANT_ONE "{\"client\":\"" FLOW_CLIENT "\",\"application\":\"" FLOW_APP "\"}"
#define KEYS	  "\"k\":\"" OPERATOR_K "\",\"opc\":\"" OPERATOR_OPC "\""

enum { TOLD = 128, MANY = 100, REASK_MS = 6000 };

/* What authz told an authentication element, and how that answers. */
struct told {
	char ids[TOLD][128];
	size_t count;
	size_t by_second; /* of them by the second authorization node */
	uint32_t answer;
};

struct end {
	struct diameter_node *node;
	struct node_diameter setup;
	const char *host;
	struct told aborts, changes;
};

static struct world {
	struct flow f;
	struct authz_flow o;
	struct end authn, other;
} world;

/* --- the ends --- */

static struct end *end_of(struct diameter_request *request, const struct rp_session *s)
{
	(void)request;
	return view_is(s->destination_host, FLOW_AUTHN2) ? &world.other : &world.authn;
}

static void answer_told(struct end *end, struct told *told, struct diameter_request *request,
	const struct rp_session *s, const struct avp_row *rows)
{
	const struct rp_asa asa = {.s = {.session_id = s->session_id,
					   .has_result = true,
					   .result = told->answer,
					   .origin_host = view_text(end->host),
					   .origin_realm = view_text(FLOW_REALM)}};

	assert_true(told->count < TOLD);
	assert_ok(text_copy(told->ids[told->count], sizeof(told->ids[0]), s->session_id, "id"));
	told->count++;
	told->by_second += view_is(s->origin_host, FLOW_AUTHZ2);
	diameter_answer(request, rows, &asa);
}

static void on_asr(void *user, struct diameter_request *request)
{
	struct rp_asr asr;
	struct diameter_fault fault;

	(void)user;
	assert_ok(diameter_decode(request->message, rp_asr_rows, &asr, &fault));
	struct end *end = end_of(request, &asr.s);

	answer_told(end, &end->aborts, request, &asr.s, rp_asa_rows);
}

static void on_rar(void *user, struct diameter_request *request)
{
	struct rp_rar rar;
	struct diameter_fault fault;

	(void)user;
	assert_ok(diameter_decode(request->message, rp_rar_rows, &rar, &fault));
	struct end *end = end_of(request, &rar.s);

	assert_int_equal(rar.request_type, 0);
	answer_told(end, &end->changes, request, &rar.s, rp_raa_rows);
}

static void open_end(struct end *end, const char *host)
{
	static const uint32_t applications[] = {DIAMETER_ZH, DIAMETER_NASREQ};
	static const struct diameter_handler handlers[] = {
		{DIAMETER_NASREQ, DIAMETER_ASR, on_asr},
		{DIAMETER_NASREQ, DIAMETER_RAR, on_rar},
	};
	struct fake_certificate own;
	const struct diameter_node *second = world.f.second_authz.diameter;
	struct peer_conf peer[] = {
		{.host = (char *)(uintptr_t)FLOW_AUTHZ1,
			.realm = (char *)(uintptr_t)FLOW_REALM,
			.address = world.f.rp_b},
		{.host = (char *)(uintptr_t)FLOW_AUTHZ2,
			.realm = (char *)(uintptr_t)FLOW_REALM,
			.address = second ? (char *)(uintptr_t)diameter_node_address(second) : NULL},
	};
	const struct conf_list peers = {peer, second ? 2 : 1};
	char alt[128];

	(void)snprintf(alt, sizeof(alt), "DNS:%s", host);
	fake_ca_issue(&world.f.ca, host, alt, 10, &own);
	const struct node_diameter_settings settings = {.host = host,
		.realm = FLOW_REALM,
		.listen = "",
		.listen_plain = "",
		.certificate = own.certificate,
		.key = own.key,
		.authority = world.f.ca.authority,
		.reconnect_ms = 100,
		.peers = &peers};

	end->host = host;
	end->aborts.answer = end->changes.answer = DIAMETER_SUCCESS;
	assert_ok(node_diameter_prepare(&settings, &end->setup));
	end->setup.options.applications = applications;
	end->setup.options.application_count = 2;
	assert_ok(diameter_node_open(world.f.loop, &end->setup.options, handlers, 2, &world,
		&end->node));
}

static void close_end(struct end *end)
{
	if (end->node) {
		diameter_node_close(end->node);
		node_diameter_release(&end->setup);
		*end = (struct end){.node = NULL};
	}
}

static bool are_connected(struct flow *f)
{
	(void)f;
	return diameter_node_reaches(world.authn.node, FLOW_REALM, DIAMETER_NASREQ) &&
	       (!world.other.node ||
		       diameter_node_reaches(world.other.node, FLOW_REALM, DIAMETER_NASREQ));
}

/* Time passes in steps, so that whatever is due takes its turn. */
static void pass(int64_t ms)
{
	for (int64_t at = 0; at < ms; at += 500) {
		fake_env_advance(&world.f.env, 500);
		for (int i = 0; i < 4; i++) {
			loop_turn(world.f.loop, 1);
		}
	}
}

static void until_told(const struct told *told, size_t count)
{
	for (int i = 0; i < 3000 && told->count < count; i++) {
		loop_turn(world.f.loop, 5);
	}
	assert_int_equal(told->count, count);
}

/* --- the world --- */

static void connect_operator(void)
{
	char address[ADDRESS_MAX];

	(void)snprintf(address, sizeof(address), "unix:%s/authz.sock", world.f.dir);
	operator_connect(&world.o, address, "authz", NULL);
}

static void provision(void)
{
	struct authz_flow *o = &world.o;

	assert_asked(o, 201, "POST", "/v1/subscribers",
		"{\"id\":\"alice\",\"verification\":\"postpaid\"}");
	assert_asked(o, 201, "POST", "/v1/subscribers",
		"{\"id\":\"bob\",\"verification\":\"none\"}");
	assert_asked(o, 201, "POST", "/v1/devices",
		"{\"client\":\"" FLOW_CLIENT "\",\"subscriber\":\"alice\"," KEYS "}");
	assert_asked(o, 201, "POST", "/v1/devices",
		"{\"client\":\"" SECOND "\",\"subscriber\":\"bob\"," KEYS "}");
	assert_asked(o, 201, "POST", "/v1/asps",
		"{\"id\":\"" FLOW_ASP "\",\"name\":\"A\",\"elements\":[\"" FLOW_ELEMENT "\"]}");
	assert_asked(o, 201, "POST", "/v1/asps",
		"{\"id\":\"" OTHER_ASP "\",\"name\":\"B\",\"elements\":[\"" FLOW_OTHER "\"]}");
	assert_asked(o, 201, "POST", "/v1/applications",
		"{\"id\":\"" FLOW_APP "\",\"asp\":\"" FLOW_ASP "\",\"format\":\"y3056\","
		"\"lifetime\":7200,\"ua\":[\"0100000007\",\"010001ccac\"]}");
	assert_asked(o, 200, "PUT", "/v1/grants", GRANT_ONE);
}

static struct postgres_server server; /* none while SQLite is tested */

static int open_world(void **state)
{
	struct flow *f = &world.f;

	if (flow_authz_store) {
		postgres_server_clear(&server, "postgres");
	}

	world = (struct world){.o.body = buf_growing(1 << 20)};
	*state = &world;
	flow_open_authz(f);
	world.o.loop = f->loop;
	open_end(&world.authn, FLOW_AUTHN);
	flow_until_true(f, are_connected);
	connect_operator();
	provision();
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	http_client_free(world.o.client);
	buf_free(&world.o.body);
	close_end(&world.authn);
	close_end(&world.other);
	flow_close_authz(&world.f);
	return 0;
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

/* --- questions --- */

struct question {
	const char *client, *application, *element, *session;
	struct ua ua;
	bool stateless;
};

struct answer {
	bool done;
	uint32_t code, state;
	uint32_t lifetime, token_lifetime;
	char naf_ids[RP_UAS][300], format[16], degree[32], user_name[128], guss[1024];
	size_t naf_id_count;
	char members[RP_MEMBERS][64];
	size_t member_count;
};

static void copy(char *to, size_t room, struct view from)
{
	assert_ok(text_copy(to, room, from, "test"));
}

static void on_aaa(void *user, uint64_t ref, enum err result, struct view message)
{
	struct answer *answer = (struct answer *)(uintptr_t)ref;
	struct rp_aaa aaa;
	struct diameter_fault fault;

	(void)user;
	assert_ok(result);
	assert_ok(diameter_decode(message, rp_aaa_rows, &aaa, &fault));
	answer->code = aaa.s.has_experimental ? aaa.s.experimental : aaa.s.result;
	answer->state = aaa.s.auth_session_state;
	answer->lifetime = aaa.authorization_lifetime;
	answer->token_lifetime = aaa.token_lifetime;
	copy(answer->format, sizeof(answer->format), aaa.format);
	copy(answer->degree, sizeof(answer->degree), aaa.degree);
	copy(answer->user_name, sizeof(answer->user_name), aaa.user_name);
	copy(answer->guss, sizeof(answer->guss), aaa.guss);
	for (size_t i = 0; i < aaa.naf_id_count; i++) {
		struct ident application;
		struct ua ua;
		char hex[UA_SIZE * 2 + 1];

		assert_ok(rp_from_naf_id(aaa.naf_ids[i], &application, &ua));
		ua_print(ua, hex);
		(void)snprintf(answer->naf_ids[i], sizeof(answer->naf_ids[i]), "%s %s",
			application.text, hex);
	}
	answer->naf_id_count = aaa.naf_id_count;
	for (size_t i = 0; i < aaa.member_count; i++) {
		copy(answer->members[i], sizeof(answer->members[i]), aaa.members[i]);
	}
	answer->member_count = aaa.member_count;
	answer->done = true;
}

static struct answer ask_as(struct end *end, const struct question *q)
{
	static struct answer answer;
	BUF_CLEANUP struct buf naf_id = buf_growing(NAF_ID_MAX);
	struct ident application;

	assert_ok(ident_parse(IDENT_APPLICATION, view_text(q->application), &application));
	assert_ok(rp_naf_id(&application, q->ua, &naf_id));
	const struct rp_aar aar = {
		.s = {.session_id = view_text(q->session ? q->session : "authn1.realm.example;1;1"),
			.origin_host = view_text(end->host),
			.origin_realm = view_text(FLOW_REALM),
			.destination_realm = view_text(FLOW_REALM),
			.auth_session_state = q->stateless ? 1 : 0},
		.auth_application = DIAMETER_NASREQ,
		.request_type = 2,
		.user_name = view_text(q->client ? q->client : ""),
		.naf_id = buf_contents(&naf_id),
		.nas_identifier = view_text(q->element ? q->element : ""),
	};

	answer = (struct answer){.done = false};
	diameter_send(end->node, DIAMETER_NASREQ, DIAMETER_AAR, "", FLOW_REALM, rp_aar_rows, &aar,
		on_aaa, NULL, (uintptr_t)&answer);
	flow_until(&world.f, &answer.done);
	return answer;
}

static struct answer ask(const char *client, const char *application)
{
	return ask_as(&world.authn,
		&(struct question){.client = client, .application = application, .ua = UA_ALL});
}

/* A session of that name, given. */
static void give(const char *session)
{
	assert_int_equal(ask_as(&world.authn, &(struct question){.client = FLOW_CLIENT,
						      .application = FLOW_APP,
						      .session = session,
						      .ua = UA_ALL})
				 .code,
		DIAMETER_SUCCESS);
}

/* In a moment: what an answer leads to is committed after it. */
static void assert_sessions(const char *ending_and_changing)
{
	for (int i = 0; i < 5000; i++) {
		assert_asked(&world.o, 200, "GET", "/v1/status", NULL);
		if (strstr(operator_said(&world.o), ending_and_changing)) {
			return;
		}
	}
	assert_answer(&world.o, ending_and_changing);
}

/* --- what is answered --- */

/* req: B9.2.2-f B8.4-a */
static void all_registered_ua_ids_come_with_the_permission(void **state)
{
	(void)state;
	struct answer a = ask(FLOW_CLIENT, FLOW_APP);

	assert_int_equal(a.code, DIAMETER_SUCCESS);
	assert_int_equal(a.state, 0);
	assert_int_equal(a.naf_id_count, 2);
	assert_string_equal(a.naf_ids[0], FLOW_APP " 0100000007");
	assert_string_equal(a.naf_ids[1], FLOW_APP " 010001ccac");
	assert_string_equal(a.format, "y3056");
	assert_string_equal(a.degree, DEGREE_UNLESS_GIVEN);
	assert_int_equal(a.lifetime, 7200);
	assert_int_equal(a.token_lifetime, 7200);
	assert_int_equal(a.member_count, 0);
	assert_string_equal(a.user_name, "");
	assert_non_null(strstr(a.guss, "<uid>"));
}

static void one_ua_id_is_answered_with_that_one(void **state)
{
	(void)state;
	struct question q = {.client = FLOW_CLIENT,
		.application = FLOW_APP,
		.element = FLOW_ELEMENT,
		.ua = UA_TLS12(0xccac)};
	struct answer a = ask_as(&world.authn, &q);

	assert_int_equal(a.naf_id_count, 1);
	assert_string_equal(a.naf_ids[0], FLOW_APP " 010001ccac");
	q.ua = UA_HTTP_DIGEST;
	assert_int_equal(ask_as(&world.authn, &q).code, DIAMETER_NOT_AUTHORIZED);
}

/* Lifetime: the degree's where it is less, and the permission's end. */
static void the_least_lifetime_counts(void **state)
{
	(void)state;
	assert_asked(&world.o, 200, "PATCH", "/v1/applications/" FLOW_APP,
		"{\"degree\":\"high\",\"lifetime\":86400}");
	assert_answer(&world.o, "\"degree\":\"high\",\"lifetime\":86400");
	struct answer a = ask(FLOW_CLIENT, FLOW_APP);

	assert_string_equal(a.degree, "high");
	assert_int_equal(a.token_lifetime, 3600);
	assert_int_equal(a.lifetime, 86400);
	assert_asked(&world.o, 200, "PUT", "/v1/grants",
		"{\"client\":\"" FLOW_CLIENT "\",\"application\":\"" FLOW_APP
		"\",\"until\":\"2026-01-01T00:10:00Z\"}");
	assert_int_equal(ask(FLOW_CLIENT, FLOW_APP).lifetime, 600);
}

static void refusals_are_alike(void **state)
{
	(void)state;
	const struct question questions[] = {
		{.client = SECOND, .application = FLOW_APP},
		{.client = "001019999999999@realm.example", .application = FLOW_APP},
		{.client = FLOW_CLIENT, .application = "nothing.example"},
		{.client = FLOW_CLIENT, .application = FLOW_APP, .element = FLOW_OTHER},
		{.client = FLOW_CLIENT, .application = FLOW_APP, .element = "no.example"},
	};

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		struct answer a = ask_as(&world.authn, &questions[i]);

		assert_int_equal(a.code, DIAMETER_NOT_AUTHORIZED);
		assert_int_equal(a.naf_id_count, 0);
		assert_string_equal(a.guss, "");
	}
	assert_sessions("\"ending\":0,\"changing\":0");
}

/* req: B9.6.1-e */
static void an_announcement_asks_for_an_element_alone(void **state)
{
	(void)state;
	struct question q = {.application = FLOW_APP, .element = FLOW_ELEMENT, .stateless = true};
	struct answer a = ask_as(&world.authn, &q);

	assert_int_equal(a.code, DIAMETER_SUCCESS);
	assert_int_equal(a.state, 1);
	assert_int_equal(a.naf_id_count, 2);
	assert_string_equal(a.guss, "");
	q.element = FLOW_OTHER;
	assert_int_equal(ask_as(&world.authn, &q).code, DIAMETER_NOT_AUTHORIZED);
	q.element = "";
	assert_int_equal(ask_as(&world.authn, &q).code, DIAMETER_INVALID_AVP_VALUE);
}

static void add_group(void)
{
	assert_asked(&world.o, 201, "POST", "/v1/applications",
		"{\"id\":\"" GROUP "\",\"asp\":\"" FLOW_ASP "\",\"format\":\"y3056\","
		"\"identity\":true,\"ua\":[\"0100000007\"]}");
	assert_asked(&world.o, 201, "POST", "/v1/applications",
		"{\"id\":\"one.example\",\"asp\":\"" FLOW_ASP "\",\"group\":\"" GROUP
		"\",\"ua\":[\"0100000007\"]}");
	assert_answer(&world.o, "\"format\":\"y3056\"");
	assert_asked(&world.o, 201, "POST", "/v1/applications",
		"{\"id\":\"two.example\",\"asp\":\"" FLOW_ASP "\",\"group\":\"" GROUP
		"\",\"ua\":[\"0100000007\"]}");
}

/* 9.6.1: a member is answered for its group. */
static void a_group_s_token_opens_its_members(void **state)
{
	(void)state;
	add_group();
	assert_int_equal(ask(FLOW_CLIENT, "one.example").code, DIAMETER_NOT_AUTHORIZED);
	assert_asked(&world.o, 200, "PUT", "/v1/grants",
		"{\"client\":\"" FLOW_CLIENT "\",\"application\":\"" GROUP "\"}");
	struct answer a = ask(FLOW_CLIENT, "one.example");

	assert_int_equal(a.code, DIAMETER_SUCCESS);
	assert_string_equal(a.naf_ids[0], GROUP " 0100000007");
	assert_int_equal(a.member_count, 3);
	assert_string_equal(a.members[0], GROUP);
	assert_string_equal(a.members[1], "one.example");
	assert_string_equal(a.members[2], "two.example");
	assert_string_equal(a.user_name, FLOW_CLIENT);
}

static void groups_are_checked(void **state)
{
	static const char *const groups[] = {"nothing.example", "one.example", "gba.example"};
	struct authz_flow *o = &world.o;
	char body[256];

	(void)state;
	add_group();
	assert_asked(o, 201, "POST", "/v1/applications",
		"{\"id\":\"gba.example\",\"asp\":\"" FLOW_ASP "\",\"format\":\"gba\",\"ua\":["
		"\"0100000007\"]}");
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		(void)snprintf(body, sizeof(body),
			"{\"id\":\"x.example\",\"asp\":\"" FLOW_ASP
			"\",\"group\":\"%s\",\"ua\":[\"0100000007\"]}",
			groups[i]);
		assert_asked(o, 409, "POST", "/v1/applications", body);
		assert_answer(o, "group: ");
	}
	assert_asked(o, 409, "POST", "/v1/applications",
		"{\"id\":\"x.example\",\"asp\":\"" OTHER_ASP "\",\"group\":\"" GROUP
		"\",\"ua\":[\"0100000007\"]}");
	assert_asked(o, 400, "POST", "/v1/applications",
		"{\"id\":\"x.example\",\"asp\":\"" FLOW_ASP "\",\"group\":\"" GROUP
		"\",\"format\":\"gba\",\"ua\":[\"0100000007\"]}");
	assert_asked(o, 409, "PUT", "/v1/grants",
		"{\"client\":\"" FLOW_CLIENT "\",\"application\":\"one.example\"}");
	assert_answer(o, "grant the group");
	assert_asked(o, 409, "DELETE", "/v1/applications/" GROUP, NULL);
}

static void degrees_are_checked(void **state)
{
	struct authz_flow *o = &world.o;

	(void)state;
	assert_asked(o, 404, "POST", "/v1/applications",
		"{\"id\":\"x.example\",\"asp\":\"" FLOW_ASP
		"\",\"degree\":\"none\",\"ua\":[\"0100000007\"]}");
	assert_asked(o, 400, "POST", "/v1/applications",
		"{\"id\":\"x.example\",\"asp\":\"" FLOW_ASP
		"\",\"degree\":\"high\",\"format\":\"gba\",\"ua\":[\"0100000007\"]}");
	assert_asked(o, 201, "POST", "/v1/applications",
		"{\"id\":\"x.example\",\"asp\":\"" FLOW_ASP
		"\",\"format\":\"gba\",\"ua\":[\"0100000007\"]}");
	assert_asked(o, 409, "PATCH", "/v1/applications/x.example", "{\"degree\":\"high\"}");
	assert_asked(o, 400, "PATCH", "/v1/applications/x.example", "{\"degree\":\"none\"}");
	assert_asked(o, 400, "PATCH", "/v1/applications/x.example", "{}");
	assert_asked(o, 404, "PATCH", "/v1/applications/y.example", "{\"lifetime\":60}");
}

/* --- how it ends --- */

/* req: B9.2.2-h */
static void a_cleared_grant_ends_its_sessions_where_they_are(void **state)
{
	(void)state;
	give("authn1.realm.example;1;1");
	give("authn1.realm.example;1;2");
	assert_asked(&world.o, 200, "DELETE", GRANT, NULL);
	assert_string_equal(operator_said(&world.o), "{\"sessions\":2}\n");
	until_told(&world.authn.aborts, 2);
	assert_string_not_equal(world.authn.aborts.ids[0], world.authn.aborts.ids[1]);
	pass(2 * REASK_MS);
	assert_int_equal(world.authn.aborts.count, 2);
	assert_sessions("\"ending\":0,\"changing\":0");
}

/* Whatever the permission hangs on. */
static void every_way_out_ends_them(void **state)
{
	static const char *const ways[] = {"/v1/devices/" FLOW_CLIENT, "/v1/subscribers/alice",
		"/v1/applications/" FLOW_APP};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (i > 0) {
			(void)close_world(state);
			(void)open_world(state);
		}
		give("authn1.realm.example;1;1");
		assert_asked(&world.o, 204, "DELETE", ways[i], NULL);
		until_told(&world.authn.aborts, 1);
		assert_string_equal(world.authn.aborts.ids[0], "authn1.realm.example;1;1");
	}
}

static void an_element_that_goes_takes_its_sessions_along(void **state)
{
	struct authz_flow *o = &world.o;
	struct question q = {.client = FLOW_CLIENT,
		.application = FLOW_APP,
		.element = FLOW_ELEMENT,
		.session = "authn1.realm.example;1;2",
		.ua = UA_TLS13_PSK};

	(void)state;
	give("authn1.realm.example;1;1");
	assert_int_equal(ask_as(&world.authn, &q).code, DIAMETER_SUCCESS);
	assert_asked(o, 409, "PATCH", "/v1/asps/" FLOW_ASP, "{\"remove\":[\"" FLOW_ELEMENT "\"]}");
	assert_asked(o, 409, "PATCH", "/v1/asps/" FLOW_ASP, "{\"add\":[\"" FLOW_OTHER "\"]}");
	assert_asked(o, 404, "PATCH", "/v1/asps/org:none", "{\"add\":[\"new.app.example\"]}");
	assert_asked(o, 400, "PATCH", "/v1/asps/" FLOW_ASP, "{}");
	assert_asked(o, 204, "PATCH", "/v1/asps/" OTHER_ASP,
		"{\"remove\":[\"" FLOW_ELEMENT "\"]}"); /* not its own */
	assert_asked(o, 204, "PATCH", "/v1/asps/" FLOW_ASP,
		"{\"add\":[\"new.app.example\"],\"remove\":[\"" FLOW_ELEMENT "\"]}");
	until_told(&world.authn.aborts, 1);
	assert_string_equal(world.authn.aborts.ids[0], "authn1.realm.example;1;2");
	assert_int_equal(ask_as(&world.authn, &q).code, DIAMETER_NOT_AUTHORIZED);
	q.element = "new.app.example";
	assert_int_equal(ask_as(&world.authn, &q).code, DIAMETER_SUCCESS);
}

static void one_that_is_unknown_there_is_done_with(void **state)
{
	(void)state;
	world.authn.aborts.answer = DIAMETER_UNKNOWN_SESSION_ID;
	give("authn1.realm.example;1;1");
	assert_asked(&world.o, 200, "DELETE", GRANT, NULL);
	until_told(&world.authn.aborts, 1);
	pass(2 * REASK_MS);
	assert_int_equal(world.authn.aborts.count, 1);
	assert_sessions("\"ending\":0");
}

static void one_that_is_not_acknowledged_is_told_again(void **state)
{
	(void)state;
	world.authn.aborts.answer = DIAMETER_UNABLE_TO_COMPLY;
	give("authn1.realm.example;1;1");
	assert_asked(&world.o, 200, "DELETE", GRANT, NULL);
	until_told(&world.authn.aborts, 1);
	assert_sessions("\"ending\":1");
	pass(REASK_MS);
	until_told(&world.authn.aborts, 2);
	world.authn.aborts.answer = DIAMETER_SUCCESS;
	pass(3 * REASK_MS);
	until_told(&world.authn.aborts, 3);
	assert_sessions("\"ending\":0");
}

static bool authz_sees_nobody(struct flow *f)
{
	return !diameter_node_reaches(f->authz.diameter, FLOW_REALM, DIAMETER_NASREQ);
}

static void an_element_that_was_away_is_told_at_its_return(void **state)
{
	(void)state;
	give("authn1.realm.example;1;1");
	close_end(&world.authn);
	flow_until_true(&world.f, authz_sees_nobody);
	assert_asked(&world.o, 200, "DELETE", GRANT, NULL);
	assert_string_equal(operator_said(&world.o), "{\"sessions\":1}\n");
	pass(60 * 1000);
	assert_sessions("\"ending\":1");
	open_end(&world.authn, FLOW_AUTHN);
	until_told(&world.authn.aborts, 1);
}

/* What is marked is on the disk: a node that starts reads it. */
static void a_restart_in_between_forgets_nothing(void **state)
{
	(void)state;
	give("authn1.realm.example;1;1");
	world.authn.aborts.answer = DIAMETER_UNABLE_TO_COMPLY;
	assert_asked(&world.o, 200, "DELETE", GRANT, NULL);
	until_told(&world.authn.aborts, 1);
	flow_stop_authz(&world.f);
	world.authn.aborts.answer = DIAMETER_SUCCESS;
	flow_start_authz(&world.f);
	pass(3 * REASK_MS);
	until_told(&world.authn.aborts, 2);
	connect_operator();
	assert_sessions("\"ending\":0");
}

/* --- how it changes --- */

static void a_new_end_makes_the_element_ask_again(void **state)
{
	(void)state;
	give("authn1.realm.example;1;1");
	assert_asked(&world.o, 200, "PUT", "/v1/grants", GRANT_ONE);
	assert_asked(&world.o, 200, "PUT", "/v1/grants",
		"{\"client\":\"" FLOW_CLIENT "\",\"application\":\"" FLOW_APP
		"\",\"until\":\"2026-01-01T01:00:00Z\"}");
	until_told(&world.authn.changes, 1);
	assert_string_equal(world.authn.changes.ids[0], "authn1.realm.example;1;1");
	assert_sessions("\"ending\":0,\"changing\":1");
	give("authn1.realm.example;1;1");
	assert_sessions("\"ending\":0,\"changing\":0");
	pass(2 * REASK_MS);
	assert_int_equal(world.authn.changes.count, 1);
	assert_int_equal(world.authn.aborts.count, 0);
}

/* RFC 6733 8.3: it said that it would. */
static void one_that_does_not_ask_is_told_again(void **state)
{
	(void)state;
	give("authn1.realm.example;1;1");
	assert_asked(&world.o, 200, "PATCH", "/v1/applications/" FLOW_APP, "{\"identity\":true}");
	until_told(&world.authn.changes, 1);
	pass(REASK_MS);
	until_told(&world.authn.changes, 2);
	world.authn.changes.answer = DIAMETER_UNKNOWN_SESSION_ID;
	pass(3 * REASK_MS);
	until_told(&world.authn.changes, 3);
	pass(5 * REASK_MS);
	assert_int_equal(world.authn.changes.count, 3);
	assert_sessions("\"changing\":0");
}

static void a_changed_session_can_still_be_ended(void **state)
{
	(void)state;
	give("authn1.realm.example;1;1");
	world.authn.changes.answer = DIAMETER_UNABLE_TO_COMPLY;
	assert_asked(&world.o, 200, "PATCH", "/v1/applications/" FLOW_APP, "{\"lifetime\":60}");
	until_told(&world.authn.changes, 1);
	assert_asked(&world.o, 200, "DELETE", GRANT, NULL);
	assert_string_equal(operator_said(&world.o), "{\"sessions\":1}\n");
	until_told(&world.authn.aborts, 1);
	assert_sessions("\"ending\":0,\"changing\":0");
}

/* --- what is kept --- */

static void a_session_stays_with_whom_it_was(void **state)
{
	const struct question q = {.client = FLOW_CLIENT,
		.application = FLOW_APP,
		.session = "authn1.realm.example;1;1"};
	struct question second = q;

	(void)state;
	open_end(&world.other, FLOW_AUTHN2);
	flow_until_true(&world.f, are_connected);
	assert_int_equal(ask_as(&world.authn, &q).code, DIAMETER_SUCCESS);
	assert_int_equal(ask_as(&world.other, &q).code, DIAMETER_NOT_AUTHORIZED);
	assert_asked(&world.o, 200, "PUT", "/v1/grants",
		"{\"client\":\"" SECOND "\",\"application\":\"" FLOW_APP "\"}");
	second.client = SECOND;
	assert_int_equal(ask_as(&world.authn, &second).code, DIAMETER_NOT_AUTHORIZED);
	second.session = "authn2.realm.example;1;1";
	assert_int_equal(ask_as(&world.other, &second).code, DIAMETER_SUCCESS);
	assert_asked(&world.o, 204, "DELETE", "/v1/applications/" FLOW_APP, NULL);
	until_told(&world.authn.aborts, 1);
	until_told(&world.other.aborts, 1);
	assert_string_equal(world.other.aborts.ids[0], "authn2.realm.example;1;1");
}

static void a_question_without_state_is_not_kept(void **state)
{
	(void)state;
	assert_int_equal(ask_as(&world.authn, &(struct question){.client = FLOW_CLIENT,
						      .application = FLOW_APP,
						      .stateless = true})
				 .code,
		DIAMETER_SUCCESS);
	assert_asked(&world.o, 200, "DELETE", GRANT, NULL);
	assert_string_equal(operator_said(&world.o), "{\"sessions\":0}\n");
}

static void what_has_run_out_is_swept(void **state)
{
	(void)state;
	give("authn1.realm.example;1;1");
	assert_sessions("\"kept\":1");
	fake_env_advance(&world.f.env, 7201 * 1000);
	pass(61 * 1000);
	flow_until_true(&world.f, are_connected);
	assert_sessions("\"kept\":0");
}

static void there_is_a_ceiling(void **state)
{
	(void)state;
	world.f.authz_conf.sessions = 2;
	give("authn1.realm.example;1;1");
	give("authn1.realm.example;1;2");
	assert_int_equal(ask_as(&world.authn, &(struct question){.client = FLOW_CLIENT,
						      .application = FLOW_APP,
						      .session = "authn1.realm.example;1;3"})
				 .code,
		DIAMETER_UNABLE_TO_COMPLY);
	assert_asked(&world.o, 200, "DELETE", GRANT, NULL);
	assert_asked(&world.o, 200, "PUT", "/v1/grants", GRANT_ONE);
	until_told(&world.authn.aborts, 2);
	pass(61 * 1000);
	flow_until_true(&world.f, are_connected);
	give("authn1.realm.example;1;3");
}

/* --- several nodes on one database --- */

static bool both_see_it(struct flow *f)
{
	return are_connected(f) &&
	       diameter_node_reaches(f->authz.diameter, FLOW_REALM, DIAMETER_NASREQ) &&
	       diameter_node_reaches(f->second_authz.diameter, FLOW_REALM, DIAMETER_NASREQ);
}

static void add_second_node(void)
{
	close_end(&world.authn);
	flow_start_second_authz(&world.f);
	open_end(&world.authn, FLOW_AUTHN);
	flow_until_true(&world.f, both_see_it);
}

static void give_many(void)
{
	char session[64];

	for (int i = 0; i < MANY; i++) {
		(void)snprintf(session, sizeof(session), "authn1.realm.example;2;%d", i);
		give(session);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void assert_each_once(struct told *told)
{
	qsort(told->ids, told->count, sizeof(told->ids[0]), by_text);
	for (size_t i = 1; i < told->count; i++) {
		assert_string_not_equal(told->ids[i - 1], told->ids[i]);
	}
}

static void two_nodes_tell_each_session_once(void **state)
{
	(void)state;
	add_second_node();
	give_many();
	assert_asked(&world.o, 200, "DELETE", GRANT, NULL);
	for (int i = 0; i < 3000 && world.authn.aborts.count < MANY; i++) {
		fake_env_advance(&world.f.env, 20); /* both look */
		loop_turn(world.f.loop, 5);
	}
	assert_sessions("\"ending\":0");
	pass(2 * REASK_MS);
	assert_int_equal(world.authn.aborts.count, MANY);
	assert_each_once(&world.authn.aborts);
	flow_stop_second_authz(&world.f);
}

/* One claims and goes; what it was not told the end of is taken over. */
static void a_node_takes_over_from_one_that_has_gone(void **state)
{
	(void)state;
	add_second_node();
	give("authn1.realm.example;1;1");
	world.authn.aborts.answer = DIAMETER_UNABLE_TO_COMPLY;
	assert_asked(&world.o, 200, "DELETE", GRANT, NULL);
	until_told(&world.authn.aborts, 1);
	assert_int_equal(world.authn.aborts.by_second, 0);
	flow_stop_authz(&world.f);
	world.authn.aborts.answer = DIAMETER_SUCCESS;
	pass(REASK_MS);
	until_told(&world.authn.aborts, 2);
	assert_int_equal(world.authn.aborts.by_second, 1);
	pass(3 * REASK_MS);
	assert_int_equal(world.authn.aborts.count, 2);
	flow_start_authz(&world.f);
	flow_stop_second_authz(&world.f);
}

static int on_postgres(const struct CMUnitTest *tests, size_t count)
{
	const struct CMUnitTest several[] = {
		IN_WORLD(two_nodes_tell_each_session_once),
		IN_WORLD(a_node_takes_over_from_one_that_has_gone),
	};
	char url[160];

	if (!postgres_server_new(&server)) {
		return 0;
	}
	postgres_server_url(&server, "postgres", url);
	flow_authz_store = url;
	int failed = _cmocka_run_group_tests("sessions on PostgreSQL", tests, count, NULL, NULL);

	failed += cmocka_run_group_tests_name("sessions of two nodes", several, NULL, NULL);
	postgres_server_free(&server);
	return failed;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(all_registered_ua_ids_come_with_the_permission),
		IN_WORLD(one_ua_id_is_answered_with_that_one),
		IN_WORLD(the_least_lifetime_counts),
		IN_WORLD(refusals_are_alike),
		IN_WORLD(an_announcement_asks_for_an_element_alone),
		IN_WORLD(a_group_s_token_opens_its_members),
		IN_WORLD(groups_are_checked),
		IN_WORLD(degrees_are_checked),
		IN_WORLD(a_cleared_grant_ends_its_sessions_where_they_are),
		IN_WORLD(every_way_out_ends_them),
		IN_WORLD(an_element_that_goes_takes_its_sessions_along),
		IN_WORLD(one_that_is_unknown_there_is_done_with),
		IN_WORLD(one_that_is_not_acknowledged_is_told_again),
		IN_WORLD(an_element_that_was_away_is_told_at_its_return),
		IN_WORLD(a_restart_in_between_forgets_nothing),
		IN_WORLD(a_new_end_makes_the_element_ask_again),
		IN_WORLD(one_that_does_not_ask_is_told_again),
		IN_WORLD(a_changed_session_can_still_be_ended),
		IN_WORLD(a_session_stays_with_whom_it_was),
		IN_WORLD(a_question_without_state_is_not_kept),
		IN_WORLD(what_has_run_out_is_swept),
		IN_WORLD(there_is_a_ceiling),
	};

	int failed = RUN_TESTS(tests);

	return failed + on_postgres(tests, sizeof(tests) / sizeof(tests[0]));
}
