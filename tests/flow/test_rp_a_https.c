// SPDX-License-Identifier: Apache-2.0
/*
 * RP_A over HTTPS, where it has a form of its own: event streams that are cut, replaced, too slow; places in the log that
 * are not; who may not come in. What it has in common with Diameter is in test_elements.c.
 */
#include "test.h"

#include "element.h"

#include "authn/elements.h"
#include "authz/mapping.h"
#include "wire/rp_a_json.h"

#define FOREIGN	    "other.example"
#define APPLICATION "/rp-a/v1/applications/" FLOW_APP

static struct element_puppet element, second;

static int open_realm(void **state)
{
	static struct flow flow;

	flow_over_https = true;
	flow_open(&flow);
	flow.authn_conf.app_plain = true;
	flow_add_device(&flow, FLOW_CLIENT, 0);
	flow_add_application_as(&flow, FLOW_APP, FLOW_ASP, FLOW_ELEMENT, "y3056");
	flow_add_element(&flow, FLOW_ASP, FLOW_OTHER);
	flow_add_application(&flow, FOREIGN, "cin:L17110MH1973PLC019786", "gateway.third.example");
	flow_grant(&flow, FLOW_CLIENT, FLOW_APP, FOREVER);
	element_open(&element, &flow, FLOW_ELEMENT);
	memset(&second, 0, sizeof(second));
	*state = &flow;
	return 0;
}

static int close_realm(void **state)
{
	element_close(&element);
	element_close(&second);
	flow_close(*state);
	return 0;
}

static void turn(struct flow *f)
{
	for (int i = 0; i < 50; i++) {
		loop_turn(f->loop, 1);
	}
}

static struct element *known(struct flow *f)
{
	return element_named(&f->authn, FLOW_ELEMENT);
}

/* However the stream is cut, each token comes, and comes once.  req: B9.4.1-f B9.6.1-d */
static void a_stream_cut_at_every_event_loses_and_doubles_nothing(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element.cuts = true;
	for (unsigned i = 1; i <= 30; i++) {
		(void)element_store_token(f, i);
		for (int t = 0; t < 300 && element.heard_count < i; t++) {
			element_resume(&element);
			loop_turn(f->loop, 1);
		}
	}
	turn(f);
	assert_int_equal(element.heard_count, 30);
	for (unsigned i = 0; i < 30; i++) {
		assert_int_equal(element.heard[i].serial, i + 1);
	}
	assert_true(element.streams >= 30);
	for (unsigned i = 31; i <= 50; i++) { /* and all at once, cut after each */
		(void)element_store_token(f, i);
	}
	for (int t = 0; t < 3000 && element.heard_count < 50; t++) {
		element_resume(&element);
		loop_turn(f->loop, 1);
	}
	element.cuts = false;
	element_resume(&element);
	element_hears(&element, 50);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(element.heard[i].serial, i + 1);
	}
}

/* What was not acknowledged comes again; what was kept all the same is named by Last-Event-ID, and does not. */
static void a_stream_cut_before_the_acknowledgement(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element.answer = 0;
	element.passes = f->authn_conf.push_wait;
	(void)element_store_token(f, 1);
	element_hears(&element, 1);
	element_cut(&element);
	element.answer = DIAMETER_SUCCESS;
	element_resume(&element);
	element_hears(&element, 2);
	assert_int_equal(element.heard[1].serial, 1);
	element.answer = 0;
	(void)element_store_token(f, 2);
	element_hears(&element, 3);
	element_cut(&element);
	element.serial = 2; /* it has it */
	element.answer = DIAMETER_SUCCESS;
	element_resume(&element);
	element_hears(&element, 3);
	(void)element_store_token(f, 3);
	element_hears(&element, 4);
	assert_int_equal(element.heard[3].serial, 3);
}

static void places_that_the_log_does_not_have(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	(void)element_store_token(f, 1);
	element_hears(&element, 1);
	element_open_stream(&element, "00000000000000000000000000000000:0"); /* another log */
	assert_true(element.greeted);
	element_hears(&element, 1);
	char id[RP_A_ID_MAX + 1];

	rp_a_json_print_id(VIEW(element.log), 4711, id); /* the future */
	element_open_stream(&element, id);
	assert_true(element.greeted);
	(void)element_store_token(f, 2);
	element_hears(&element, 2);
	assert_int_equal(element.heard[1].serial, 2);
	static const char *const bad[] = {"1", "nonsense", ":", "0f:1",
		"zz000000000000000000000000000000:1", "00000000000000000000000000000000:-1",
		"00000000000000000000000000000000:99999999999999999999999"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		element_open_stream(&element, bad[i]);
		assert_int_equal(element.turned_away, 400);
	}
}

/* req: B9.6.1-a */
static void without_a_certificate_nothing_is_answered(void **state)
{
	struct flow *f = *state;
	const struct tls_files files = {.authority = f->ca.authority};
	struct http_client_options options = {.address = http_server_address(f->authn.rp_a_https),
		.host = FLOW_AUTHN};
	struct element_puppet nobody = {.f = f, .https = true};

	assert_ok(tls_client(&files, &nobody.tls));
	options.tls = nobody.tls;
	assert_ok(http_client_new(f->loop, &options, &nobody.client));
	element_open_stream(&nobody, "");
	assert_false(nobody.greeted);
	assert_int_equal(nobody.turned_away, 0);
	assert_null(nobody.stream); /* the handshake failed */
	http_client_free(nobody.client);
	tls_free(nobody.tls);
	sse_free(&nobody.sse);
}

static void a_certificate_of_no_asp_opens_nothing(void **state)
{
	struct flow *f = *state;
	struct ident application;

	element_open(&second, f, "gateway.nobody.example");
	element_announce(&second, FLOW_APP, UA_TLS13_PSK, false);
	assert_int_equal(second.code, DIAMETER_NOT_AUTHORIZED);
	assert_string_equal(second.said, "not permitted: " FLOW_APP);
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FLOW_APP), &application));
	assert_null(elements_serving(&f->authn, &application));
	(void)element_store_token(f, 1);
	element_hears(&second, 0);
}

/* A certificate may have several names; the element says which it is. */
static void an_element_says_which_of_its_names_it_is(void **state)
{
	const struct http_field another = {view_text("Symbolon-Element"), view_text(FLOW_OTHER)};
	const struct http_field own = {view_text("Symbolon-Element"), view_text(FLOW_ELEMENT)};
	const struct view body = view_text("{\"applications\":[]}");

	(void)state;
	assert_int_equal(element_call(&element, "PUT", "/rp-a/v1/applications", &another, body),
		403);
	assert_int_equal(element_call(&element, "PUT", "/rp-a/v1/applications", &own, body), 200);
}

static void one_application_after_the_other(void **state)
{
	struct flow *f = *state;
	const struct view body = view_text("{\"uaSecProtIds\":[\"0100000007\"]}");
	struct ident application;

	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FLOW_APP), &application));
	flow_add_another(f, "third.example", FLOW_ASP);
	assert_int_equal(element_call(&element, "PUT", APPLICATION, NULL, body), 200);
	assert_int_equal(element_call(&element, "PUT", "/rp-a/v1/applications/third.example", NULL,
				 body),
		200);
	assert_int_equal(known(f)->announced_count, 2);
	assert_int_equal(element_call(&element, "PUT", "/rp-a/v1/applications/" FOREIGN, NULL, body),
		403);
	assert_non_null(elements_serving(&f->authn, &application));
	assert_int_equal(element_call(&element, "PUT", "/rp-a/v1/applications/no%20name", NULL,
				 body),
		400);
	assert_int_equal(element_call(&element, "DELETE", APPLICATION, NULL, view_of(NULL, 0)), 403);
	assert_null(elements_serving(&f->authn, &application)); /* the foreign one is still named */
	assert_int_equal(known(f)->announced_count, 2);
}

static void what_cannot_be_read_is_refused(void **state)
{
	struct flow *f = *state;
	BUF_CLEANUP struct buf large = buf_growing(1 << 20);
	const struct view nothing = {0};

	buf_text(&large, "{\"applications\":[],\"x\":\"");
	for (int i = 0; i < 70 * 1024; i++) {
		buf_u8(&large, 'x');
	}
	buf_text(&large, "\"}");
	element_open_stream(&element, "");
	assert_int_equal(element.turned_away, 409); /* nothing is announced */
	assert_int_equal(element_call(&element, "PUT", "/rp-a/v1/applications", NULL,
				 view_text("{\"applications\":")),
		400);
	assert_int_equal(element_call(&element, "PUT", "/rp-a/v1/applications", NULL, nothing), 400);
	assert_int_equal(element_call(&element, "POST", "/rp-a/v1/key", NULL, view_text("{}")), 400);
	assert_int_equal(element_call(&element, "POST", "/rp-a/v1/applications", NULL, nothing),
		405);
	assert_int_equal(element_call(&element, "GET", "/rp-a/v1/nothing", NULL, nothing), 404);
	assert_int_equal(element_call(&element, "PUT", "/rp-a/v1/applications", NULL,
				 buf_contents(&large)),
		413);
	assert_null(elements_serving(&f->authn, &(struct ident){.kind = IDENT_APPLICATION}));
	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	assert_int_equal(element.code, DIAMETER_SUCCESS);
	assert_int_equal(element_call(&element, "POST", "/rp-a/v1/events/ack", NULL, nothing), 400);
	assert_int_equal(element_call(&element, "POST", "/rp-a/v1/events/ack", NULL,
				 view_text("{\"log\":\"00000000000000000000000000000000\","
					   "\"serial\":1}")),
		409);
}

/* The last one is the element's: the first may be a connection that nobody is at any more. */
static void a_second_stream_takes_the_place_of_the_first(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	second = (struct element_puppet){.f = f,
		.host = FLOW_ELEMENT,
		.https = true,
		.answer = DIAMETER_SUCCESS};
	flow_open_https(f, FLOW_ELEMENT, &second.tls, &second.client);
	element_open_stream(&second, "");
	assert_true(second.greeted);
	turn(f);
	assert_null(element.stream);
	assert_int_equal(f->authn.rp_a_streams, 1);
	(void)element_store_token(f, 1);
	element_hears(&second, 1);
	element_hears(&element, 0);
}

/* One element by Diameter, another by HTTPS: both are told, in the same order.  req: B9.6.1-d */
static void carriers_mixed_on_one_application(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element_open_over(&second, f, FLOW_OTHER, false);
	element_announce(&second, FLOW_APP, UA_TLS13_PSK, false);
	assert_int_equal(second.code, DIAMETER_SUCCESS);
	for (unsigned i = 1; i <= 5; i++) {
		assert_false(element_store_token(f, i));
	}
	element_hears(&element, 5);
	element_hears(&second, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(element.heard[i].serial, second.heard[i].serial);
		assert_true(secret_equal(&element.heard[i].key, &second.heard[i].key));
	}
}

/* It reads nothing: its window fills, nobody waits for it, it is cut, and goes on where it was. */
static void a_slow_reader_is_cut_and_resumes(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	http_call_pause(element.stream);
	f->authn_conf.push_wait = 0;
	for (unsigned i = 1; i <= EVENT_WINDOW + 20; i++) {
		(void)element_store_token(f, i);
	}
	assert_int_equal(outbox_pending(known(f)), EVENT_WINDOW);
	fake_env_advance(&f->env, f->authn_conf.rp_a_https_answer);
	turn(f);
	assert_int_equal(f->authn.rp_a_streams, 0);
	element_cut(&element);
	fake_env_advance(&f->env, 1000);
	element_resume(&element);
	element_hears(&element, EVENT_WINDOW + 20);
	for (size_t i = 0; i < element.heard_count; i++) {
		assert_int_equal(element.heard[i].serial, i + 1);
	}
}

/* A quiet stream shows that it is alive; without one, an announcement holds for a while. */
static void streams_and_announcements_in_time(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	for (int i = 0; i < 20; i++) {
		fake_env_advance(&f->env, f->authn_conf.rp_a_https_keep_alive);
		turn(f);
	}
	assert_non_null(element.stream);
	assert_int_equal(f->authn.rp_a_streams, 1);
	element_cut(&element);
	turn(f);
	assert_int_equal(f->authn.rp_a_streams, 0);
	fake_env_advance(&f->env, f->authn_conf.rp_a_https_linger - 1);
	turn(f);
	assert_non_null(known(f));
	fake_env_advance(&f->env, 1);
	turn(f);
	assert_null(known(f));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_realm, close_realm)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_stream_cut_at_every_event_loses_and_doubles_nothing),
		CASE(a_stream_cut_before_the_acknowledgement),
		CASE(places_that_the_log_does_not_have),
		CASE(without_a_certificate_nothing_is_answered),
		CASE(a_certificate_of_no_asp_opens_nothing),
		CASE(an_element_says_which_of_its_names_it_is),
		CASE(one_application_after_the_other),
		CASE(what_cannot_be_read_is_refused),
		CASE(a_second_stream_takes_the_place_of_the_first),
		CASE(carriers_mixed_on_one_application),
		CASE(a_slow_reader_is_cut_and_resumes),
		CASE(streams_and_announcements_in_time),
	};

	return RUN_TESTS(tests);
}
