// SPDX-License-Identifier: Apache-2.0
/* On-boarding of ASPs (10.2): applying, deciding, collecting, renewing; and what must not work. */
#include "test.h"

#include "portal.h"

#include "base/text.h"

#include <stdlib.h>

#define ASP   "cin:L17110MH1973PLC019786"
#define ASP_2 "cin:U74999DL2016PTC299487"

static void start(struct portal *p, const char *more)
{
	char yaml[1024], key[96];

	portal_open_ca(p);
	portal_write_ca_key(p, key);
	(void)snprintf(yaml, sizeof(yaml), "asp:\n  ca_certificate: %s\n  ca_key: %s\n%s",
		p->ca.authority, key, more);
	portal_start(p, yaml);
	portal_as(p, NULL);
}

static int open_portal(void **state)
{
	static struct portal p;

	start(&p, "");
	*state = &p;
	return 0;
}

static int open_automatic(void **state)
{
	static struct portal p;

	start(&p, "  approval: automatic\n");
	*state = &p;
	return 0;
}

static int close_portal(void **state)
{
	portal_stop(*state);
	return 0;
}

/* An application that was sent. */
struct applied {
	char key[96], id[64], secret[96];
};

static unsigned apply(struct portal *p, const char *asp, const char *elements,
	const char *alt_names, struct applied *ret)
{
	BUF_CLEANUP struct buf csr = buf_growing(4096), body = buf_growing(8192);

	portal_make_csr(p, alt_names, ret->key, &csr);
	buf_printf(&body,
		"{\"id\":\"%s\",\"name\":\"Example Ltd\",\"elements\":[%s],"
		"\"contact\":\"ops@asp.example\",\"csr\":\"%s\"}",
		asp, elements, buf_string(&csr));
	unsigned status = portal_ask(p, "POST", "/v1/asp-applications", buf_string(&body));

	if (status == 202) {
		portal_member(p, "id", ret->id, sizeof(ret->id));
		portal_member(p, "secret", ret->secret, sizeof(ret->secret));
	}
	return status;
}

static unsigned collect(struct portal *p, const struct applied *a)
{
	char target[128], body[160];

	(void)snprintf(target, sizeof(target), "/v1/asp-applications/%s/collect", a->id);
	(void)snprintf(body, sizeof(body), "{\"secret\":\"%s\"}", a->secret);
	return portal_ask(p, "POST", target, body);
}

static unsigned decide(struct portal *p, const struct applied *a, const char *what, const char *body)
{
	char target[128];

	portal_as_operator(p);
	(void)snprintf(target, sizeof(target), "/v1/asp-applications/%s/%s", a->id, what);
	unsigned status = portal_ask(p, "POST", target, body);

	if (status != 200) {
		print_message("%s", operator_said(&p->flow));
	}
	portal_as(p, NULL);
	return status;
}

/* Comes back with the certificate that is in the last answer. Gives its file. */
static void come_as_certified(struct portal *p, const struct applied *a, char ret_path[96])
{
	char pem[4096];

	portal_member(p, "certificate", pem, sizeof(pem));
	portal_write(p, pem, ret_path);
	portal_with(p, ret_path, a->key);
}

#define ELEMENTS "\"gw.asp.example\",\"gw2.asp.example\""

/* req: B10.2 B7.7-a B9.2.2-c B7.5-c */
static void an_asp_comes_to_the_realm(void **state)
{
	struct portal *p = *state;
	struct applied a;
	char path[96];

	assert_int_equal(apply(p, ASP, ELEMENTS, "DNS:gw.asp.example", &a), 202);
	assert_int_equal(collect(p, &a), 202);
	assert_answer(&p->flow, "\"state\":\"pending\"");
	portal_as_operator(p);
	assert_portal(p, 200, "GET", "/v1/notifications", NULL);
	assert_answer(&p->flow, "\"kind\":\"asp-applied\",\"object\":\"" ASP "\"");
	assert_portal(p, 200, "GET", "/v1/asp-applications?state=pending", NULL);
	assert_answer(&p->flow, "\"contact\":\"ops@asp.example\"");
	assert_int_equal(decide(p, &a, "approve", "{}"), 200);
	assert_int_equal(collect(p, &a), 200);
	assert_answer(&p->flow, "\"authority\":\"-----BEGIN CERTIFICATE");
	come_as_certified(p, &a, path);
	assert_portal(p, 200, "GET", "/v1/me", NULL);
	assert_answer(&p->flow, "{\"role\":\"asp\",\"by\":\"" ASP "\"}");
	assert_portal(p, 200, "GET", "/v1/notifications", NULL);
	assert_answer(&p->flow, "\"kind\":\"asp-approved\"");
}

static void policy_approves_by_itself(void **state)
{
	struct portal *p = *state;
	struct applied a;
	char path[96];

	assert_int_equal(apply(p, ASP, ELEMENTS, NULL, &a), 202);
	assert_answer(&p->flow, "\"state\":\"approved\"");
	assert_int_equal(collect(p, &a), 200);
	come_as_certified(p, &a, path);
	assert_portal(p, 200, "GET", "/v1/certificates", NULL);
	assert_answer(&p->flow, "\"names\":\"gw.asp.example gw2.asp.example\"");
}

static void a_certificate_is_renewed_and_another_element_gets_one(void **state)
{
	struct portal *p = *state;
	BUF_CLEANUP struct buf csr = buf_growing(4096), body = buf_growing(8192);
	struct applied a;
	char path[96];

	assert_int_equal(apply(p, ASP, ELEMENTS, "DNS:gw.asp.example", &a), 202);
	assert_int_equal(collect(p, &a), 200);
	come_as_certified(p, &a, path);
	portal_make_csr(p, "DNS:gw2.asp.example", a.key, &csr);
	buf_printf(&body, "{\"csr\":\"%s\"}", buf_string(&csr));
	assert_portal(p, 201, "POST", "/v1/certificates", buf_string(&body));
	come_as_certified(p, &a, path);
	assert_portal(p, 200, "GET", "/v1/me", NULL);
	assert_answer(&p->flow, ASP);
	portal_make_csr(p, "DNS:gw.other.example", a.key, &csr);
	buf_clear(&body);
	buf_printf(&body, "{\"csr\":\"%s\"}", buf_string(&csr));
	assert_portal(p, 403, "POST", "/v1/certificates", buf_string(&body));
	assert_answer(&p->flow, "gw.other.example is not among the names");
}

/* ---- what must not work ---- */

static void the_same_identity_twice(void **state)
{
	struct portal *p = *state;
	struct applied a, again;

	assert_int_equal(apply(p, ASP, ELEMENTS, NULL, &a), 202);
	assert_int_equal(apply(p, ASP, "\"gw9.asp.example\"", NULL, &again), 409);
	assert_answer(&p->flow, "under way already");
	assert_int_equal(decide(p, &a, "approve", "{}"), 200);
	assert_int_equal(apply(p, ASP, "\"gw9.asp.example\"", NULL, &again), 409);
	assert_answer(&p->flow, "registered already");
	assert_int_equal(decide(p, &a, "approve", "{}"), 409);
	/* Another's element: found when it is decided. */
	assert_int_equal(apply(p, ASP_2, "\"gw.asp.example\"", NULL, &again), 202);
	assert_int_equal(decide(p, &again, "approve", "{}"), 409);
	assert_int_equal(decide(p, &again, "refuse", "{\"reason\":\"not yours\"}"), 200);
	assert_int_equal(collect(p, &again), 403);
	assert_answer(&p->flow, "the application was refused: not yours");
}

static void approval_is_withdrawn_in_the_middle(void **state)
{
	struct portal *p = *state;
	struct applied a;

	assert_int_equal(apply(p, ASP, ELEMENTS, NULL, &a), 202);
	assert_int_equal(decide(p, &a, "approve", "{}"), 200);
	assert_int_equal(decide(p, &a, "refuse", "{}"), 200);
	assert_int_equal(collect(p, &a), 403);
	portal_as_operator(p);
	assert_portal(p, 404, "GET", "/v1/asps/" ASP, NULL);
	portal_as(p, NULL);
	assert_int_equal(apply(p, ASP, ELEMENTS, NULL, &a), 202);
	assert_int_equal(decide(p, &a, "approve", "{}"), 200);
	assert_int_equal(collect(p, &a), 200);
	assert_int_equal(decide(p, &a, "refuse", "{}"), 409);
}

static void a_claim_secret_is_used_once(void **state)
{
	struct portal *p = *state;
	struct applied a, wrong;

	assert_int_equal(apply(p, ASP, ELEMENTS, NULL, &a), 202);
	wrong = a;
	wrong.secret[12] ^= 1;
	assert_int_equal(collect(p, &wrong), 404);
	(void)strcpy(wrong.secret, a.secret);
	wrong.id[31] = wrong.id[31] == '0' ? '1' : '0';
	assert_int_equal(collect(p, &wrong), 404);
	assert_int_equal(collect(p, &a), 200);
	assert_int_equal(collect(p, &a), 410);
	assert_answer(&p->flow, "used up");
}

static void a_claim_secret_runs_out(void **state)
{
	struct portal *p = *state;
	struct applied a;

	assert_int_equal(apply(p, ASP, ELEMENTS, NULL, &a), 202);
	fake_env_advance(&p->flow.env, INT64_C(30) * 24 * 3600 * 1000);
	portal_as(p, NULL);
	assert_int_equal(collect(p, &a), 410);
	assert_answer(&p->flow, "run out");
}

/* What was approved, and went to another ASP before it was collected. */
static void a_claim_is_for_what_the_asp_has_now(void **state)
{
	struct portal *p = *state;
	struct applied a, named;
	char path[96];

	assert_int_equal(apply(p, ASP, ELEMENTS, NULL, &a), 202);
	assert_int_equal(apply(p, ASP_2, "\"gw3.asp.example\"", "DNS:gw3.asp.example", &named), 202);
	portal_as_operator(p);
	assert_portal(p, 204, "PATCH", "/v1/asps/" ASP, "{\"remove\":[\"gw.asp.example\"]}");
	assert_portal(p, 204, "PATCH", "/v1/asps/" ASP_2,
		"{\"add\":[\"gw.asp.example\"],\"remove\":[\"gw3.asp.example\"]}");
	portal_as(p, NULL);
	assert_int_equal(collect(p, &named), 403);
	assert_int_equal(collect(p, &a), 200);
	come_as_certified(p, &a, path);
	assert_portal(p, 200, "GET", "/v1/certificates", NULL);
	assert_answer(&p->flow, "\"names\":\"gw2.asp.example\"");
	portal_as(p, NULL);
	assert_int_equal(apply(p, "cin:U74999DL2016PTC299488", "\"gw9.asp.example\"", NULL, &a),
		202);
	portal_as_operator(p);
	assert_portal(p, 204, "DELETE", "/v1/asps/cin:U74999DL2016PTC299488", NULL);
	portal_as(p, NULL);
	assert_int_equal(collect(p, &a), 410);
	assert_answer(&p->flow, "registered no more");
}

/* A certificate that the realm gave speaks for the ASP that got it, also when that is gone. */
static void an_element_goes_to_another_asp(void **state)
{
	struct portal *p = *state;
	struct applied a;
	char path[96];

	assert_int_equal(apply(p, ASP, "\"gw.asp.example\",\"gw2.asp.example\"", NULL, &a), 202);
	assert_int_equal(collect(p, &a), 200);
	come_as_certified(p, &a, path);
	assert_portal(p, 200, "GET", "/v1/me", NULL);
	portal_as_operator(p);
	assert_portal(p, 204, "PATCH", "/v1/asps/" ASP, "{\"remove\":[\"gw.asp.example\"]}");
	assert_portal(p, 201, "POST", "/v1/asps",
		"{\"id\":\"" ASP_2 "\",\"name\":\"Heir\",\"elements\":[\"gw.asp.example\"]}");
	portal_with(p, path, a.key);
	assert_portal(p, 401, "GET", "/v1/me", NULL);
	portal_as_operator(p);
	assert_portal(p, 204, "DELETE", "/v1/asps/" ASP, NULL);
	portal_with(p, path, a.key);
	assert_portal(p, 401, "GET", "/v1/me", NULL);
	portal_as(p, "gw.asp.example"); /* of the heir, by another authority's hand */
	assert_portal(p, 200, "GET", "/v1/me", NULL);
	assert_answer(&p->flow, ASP_2);
}

/* An application that nobody decided in time holds no place. */
static void an_application_that_ran_out_makes_room(void **state)
{
	struct portal *p = *state;
	struct applied a;

	assert_int_equal(apply(p, ASP, ELEMENTS, NULL, &a), 202);
	fake_env_advance(&p->flow.env, INT64_C(30) * 24 * 3600 * 1000);
	portal_as(p, NULL);
	assert_int_equal(apply(p, ASP, ELEMENTS, NULL, &a), 202);
	assert_int_equal(decide(p, &a, "approve", "{}"), 200);
}

static void requests_that_are_not_taken(void **state)
{
	struct portal *p = *state;
	struct applied a;
	char *large = malloc(20000);
	BUF_CLEANUP struct buf body = buf_growing(40000);

	assert_int_equal(apply(p, ASP, "\"gw.asp.example\"", "DNS:gw.other.example", &a), 403);
	assert_int_equal(apply(p, ASP, "\"gw.asp.example\"", "IP:192.0.2.1", &a), 400);
	assert_answer(&p->flow, "only dNSNames");
	assert_int_equal(apply(p, ASP, "\"authn1.realm.example\"", NULL, &a), 403);
	assert_answer(&p->flow, "this realm's own name");
	assert_int_equal(apply(p, ASP, "\"realm.example\"", NULL, &a), 403);
	assert_int_equal(apply(p, "cin:short", "\"gw.asp.example\"", NULL, &a), 400);
	memset(large, 'A', 20000);
	large[19999] = '\0';
	buf_printf(&body,
		"{\"id\":\"" ASP "\",\"name\":\"x\",\"elements\":[\"gw.asp.example\"],"
		"\"contact\":\"x\",\"csr\":\"%s\"}",
		large);
	free(large);
	assert_portal(p, 400, "POST", "/v1/asp-applications", buf_string(&body));
	assert_answer(&p->flow, "csr: 1 to 16384 bytes");
	assert_portal(p, 400, "POST", "/v1/asp-applications",
		"{\"id\":\"" ASP "\",\"name\":\"x\",\"elements\":[\"gw.asp.example\"],"
		"\"contact\":\"x\",\"csr\":\"-----BEGIN CERTIFICATE REQUEST-----\\nAAAA\\n"
		"-----END CERTIFICATE REQUEST-----\\n\"}");
	assert_answer(&p->flow, "CERTIFICATE REQUEST is wanted");
	portal_as_operator(p);
	assert_portal(p, 200, "GET", "/v1/asp-applications", NULL);
	assert_string_equal(operator_said(&p->flow), "{\"items\":[]}\n");
}

static void without_an_authority_nobody_applies(void **state)
{
	static struct portal p;
	struct applied a;

	(void)state;
	portal_start(&p, "");
	portal_as(&p, NULL);
	assert_int_equal(apply(&p, ASP, ELEMENTS, NULL, &a), 404);
	portal_stop(&p);
}

#define WITH_PORTAL(name) cmocka_unit_test_setup_teardown(name, open_portal, close_portal)
#define WITH_POLICY(name) cmocka_unit_test_setup_teardown(name, open_automatic, close_portal)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PORTAL(an_asp_comes_to_the_realm),
		WITH_POLICY(policy_approves_by_itself),
		WITH_POLICY(a_certificate_is_renewed_and_another_element_gets_one),
		WITH_PORTAL(the_same_identity_twice),
		WITH_PORTAL(approval_is_withdrawn_in_the_middle),
		WITH_POLICY(a_claim_secret_is_used_once),
		WITH_PORTAL(a_claim_secret_runs_out),
		WITH_POLICY(a_claim_is_for_what_the_asp_has_now),
		WITH_POLICY(an_element_goes_to_another_asp),
		WITH_PORTAL(an_application_that_ran_out_makes_room),
		WITH_PORTAL(requests_that_are_not_taken),
		TEST(without_an_authority_nobody_applies),
	};

	return RUN_TESTS(tests);
}
