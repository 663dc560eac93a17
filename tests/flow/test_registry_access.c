// SPDX-License-Identifier: Apache-2.0
/* Who a registry takes somebody for, and what that lets one do.  req: R7-i-a R9.1-iii R9.1-v */
#include "test.h"

#include "base/text.h"
#include "fake_ca.h"
#include "registry.h"
#include "registry/api/api.h"

/* A door of its own, and who comes to it. */
struct world {
	struct registry_flow r;
	struct fake_ca ca, other_ca;
	struct fake_certificate own;
	struct tls *tls;
};

static int open_world(void **state)
{
	static struct world w;
	char more[800];

	fake_ca_open(&w.ca);
	fake_ca_open(&w.other_ca);
	fake_ca_issue(&w.ca, "registry.example", "DNS:registry.example", 1, &w.own);
	(void)snprintf(more, sizeof(more),
		"  listen: 127.0.0.1:0\n  certificate: %s\n  key: %s\n  authority: %s\n"
		"  administrators: [ops.example]\n  auditors: [audit.example]\n",
		w.own.certificate, w.own.key, w.ca.authority);
	registry_flow_start(&w.r, "IN.TEL.P01", more);
	w.tls = NULL;
	*state = &w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	registry_flow_stop(&w->r);
	tls_free(w->tls);
	fake_ca_close(&w->ca);
	fake_ca_close(&w->other_ca);
	return 0;
}

/* Comes to the HTTPS door; `names` NULL: without a certificate. */
static void come(struct world *w, struct fake_ca *ca, const char *name, const char *names)
{
	struct fake_certificate own;
	struct tls_files files = {.authority = w->ca.authority};

	if (name) {
		fake_ca_issue(ca, name, names, 1, &own);
		files.certificate = own.certificate;
		files.key = own.key;
	}
	tls_free(w->tls);
	assert_ok(tls_client(&files, &w->tls));
	registry_flow_connect(&w->r, api_address(w->r.registry.api), "registry.example", w->tls);
}

static void anyone_sees_what_is_public(void **state)
{
	struct world *w = *state;

	come(w, NULL, NULL, NULL);
	assert_registry(&w->r, 200, "GET", "/.well-known/trust-registry", NULL);
	assert_registry(&w->r, 200, "GET", "/log/checkpoint", NULL);
	assert_registry(&w->r, 401, "GET", "/v1/status", NULL);
	assert_registry(&w->r, 401, "GET", "/v1/events", NULL);
	assert_registry(&w->r, 401, "GET", "/v1/nothing", NULL); /* no word of what there is */
}

static void an_administrator_is_known_by_name(void **state)
{
	struct world *w = *state;

	come(w, &w->ca, "ops", "DNS:ops.example");
	assert_registry(&w->r, 200, "GET", "/v1/status", NULL);
	assert_registry(&w->r, 404, "GET", "/v1/nothing", NULL);
}

static void an_auditor_reads_and_changes_nothing(void **state)
{
	struct world *w = *state;

	come(w, &w->ca, "audit", "DNS:audit.example");
	assert_registry(&w->r, 200, "GET", "/v1/events", NULL);
	assert_registry(&w->r, 200, "GET", "/v1/queries", NULL);
	assert_registry(&w->r, 403, "PUT", "/v1/parties/nobody/state", "{\"state\":\"approved\"}");
}

/* Only dNSNames are names, and only those of certificates that are vouched for. */
static void others_are_nobody(void **state)
{
	struct world *w = *state;

	come(w, &w->ca, "somebody", "DNS:somebody.example");
	assert_registry(&w->r, 401, "GET", "/v1/status", NULL);
	come(w, &w->ca, "ops.example", NULL);
	assert_registry(&w->r, 401, "GET", "/v1/status", NULL);
}

static void a_foreign_certificate_opens_no_connection(void **state)
{
	struct world *w = *state;

	come(w, &w->other_ca, "ops", "DNS:ops.example");
	assert_int_not_equal(registry_try(&w->r, "GET", "/v1/status"), OK);
}

static void who_administers_is_taken_over(void **state)
{
	struct world *w = *state;
	char somebody[] = "somebody.example";
	char *others[] = {somebody};
	struct registry_conf conf = w->r.conf;

	conf.administrators = (struct conf_texts){others, 1};
	assert_ok(api_admit(&w->r.registry, &conf));
	come(w, &w->ca, "ops", "DNS:ops.example");
	assert_registry(&w->r, 401, "GET", "/v1/status", NULL);
	come(w, &w->ca, "somebody", "DNS:somebody.example");
	assert_registry(&w->r, 200, "GET", "/v1/status", NULL);
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(anyone_sees_what_is_public),
		IN_WORLD(an_administrator_is_known_by_name),
		IN_WORLD(an_auditor_reads_and_changes_nothing),
		IN_WORLD(others_are_nobody),
		IN_WORLD(a_foreign_certificate_opens_no_connection),
		IN_WORLD(who_administers_is_taken_over),
	};

	return RUN_TESTS(tests);
}
