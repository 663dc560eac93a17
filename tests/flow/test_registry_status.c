// SPDX-License-Identifier: Apache-2.0
/* What a registry thinks of its devices: rules, advisories, roots of trust, decisions, time, and the brake.
 * req: R6.1-b R7-b R9.3-ii-b R9.1-vi R7-iv-d */
#include "test.h"

#include "base/text.h"
#include "core/trust.h"
#include "registry.h"
#include "registry/schema.h"
#include "registry/status/recording.h"
#include "wire/policy.h"

#include <stdlib.h>
#include <unistd.h>

enum { DAY = 86400000 };
#define OURS "IN.TEL.P01"

#define UPPER "ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789"

static char sample[16384];
static char policy_path[128];

/* ---- devices, as their registration leaves them ---- */

static void device_id(int n, char ret[64])
{
	(void)snprintf(ret, 64, OURS ":dev:ops:32473-pump-%04d", n);
}

static void submit(struct registry_flow *r, enum event_kind kind, const char *id,
	const struct store_step *step)
{
	char record[256];

	(void)snprintf(record, sizeof(record), "{\"subject\":\"%s\"}", id);
	const struct event event = {.kind = kind,
		.subject = view_text(id),
		.record = view_text(record)};

	r->done = false;
	assert_ok(ledger_submit(r->registry.ledger, &event, 1, step, 1, registry_on_logged, r, 0));
	registry_wait(r, &r->done);
	assert_int_equal(r->logged, OK);
}

static void add_device(struct registry_flow *r, int n, const char *make, const char *model,
	const char *firmware)
{
	char id[64], urn[64];

	device_id(n, id);
	(void)snprintf(urn, sizeof(urn), "urn:dev:ops:32473-pump-%04d", n);
	const struct store_step step = {
		.statement = ADD_DEVICE,
		.expect = STORE_ONE,
		.param_count = 14,
		.params = {STORE_TEXT_OF(view_text(id)), STORE_TEXT_OF(view_text(OURS)),
			STORE_TEXT_OF(view_text(urn)), STORE_TEXT_OF(view_text(make)),
			STORE_TEXT_OF(view_text(model)), STORE_TEXT_OF(view_text(firmware)),
			STORE_TEXT_OF(view_text("{}")), STORE_INT_OF(1),
			STORE_TEXT_OF(view_text("realm.example")),
			STORE_TEXT_OF(view_text("pseudonym")), STORE_TEXT_OF(view_text("")),
			STORE_INT_OF(n), STORE_INT_OF(registry_now(&r->registry)), STORE_INT_OF(0)},
	};

	submit(r, EVENT_DEVICE_REGISTERED, id, &step);
}

static void confirm(struct registry_flow *r, int n)
{
	char id[64];

	device_id(n, id);
	const struct store_step step = {
		.statement = CONFIRM_DEVICE,
		.expect = STORE_ONE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text(id)), STORE_TEXT_OF(view_text("pseudonym")),
			STORE_INT_OF(registry_now(&r->registry))},
	};

	submit(r, EVENT_DEVICE_CONFIRMED, id, &step);
}

static void on_passed(void *user, uint64_t ref)
{
	(void)ref;
	*(bool *)user = true;
}

/* All that is in the log has had its consequences for devices. */
static void settle(struct registry_flow *r)
{
	bool passed = false;

	assert_ok(policy_when(&r->registry, ledger_size(r->registry.ledger) - 1, on_passed, &passed,
		0));
	registry_wait(r, &passed);
}

struct seen {
	bool done;
	int64_t trust;
	char rule[40];
};

static void on_seen(void *user, uint64_t ref, const struct store_result *result)
{
	struct seen *seen = user;

	(void)ref;
	seen->done = true;
	seen->trust = store_at(result, 0, 0, DEVICE_TRUST).number;
	(void)text_copy(seen->rule, sizeof(seen->rule), store_at(result, 0, 0, DEVICE_RULE).bytes,
		"rule") /* as long as it is */;
}

static struct seen look(struct registry_flow *r, int n)
{
	struct seen seen = {.done = false};
	char id[64];

	device_id(n, id);
	const struct store_step step = {.statement = FIND_DEVICE,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(id))}};

	assert_ok(store_submit(r->registry.store, &step, 1, on_seen, &seen, 0));
	registry_wait(r, &seen.done);
	return seen;
}

/* Waits for it: movements and time take their turns. */
static void expect(struct registry_flow *r, int n, enum trust trust, const char *rule)
{
	struct seen seen = look(r, n);

	for (int i = 0; i < 2000 && (seen.trust != (int64_t)trust || strcmp(seen.rule, rule) != 0);
		i++) {
		loop_turn(r->loop, 5);
		seen = look(r, n);
	}
	if (seen.trust != (int64_t)trust || strcmp(seen.rule, rule) != 0) {
		fail_msg("device %d is %s by %s, not %s by %s", n,
			trust_name((enum trust)seen.trust), seen.rule, trust_name(trust), rule);
	}
}

static void on_seq(void *user, uint64_t ref, const struct store_result *result)
{
	(void)ref;
	*(int64_t *)user = store_at(result, 0, 0, DEVICE_FACTS_SEQ).number;
}

static void report(struct registry_flow *r, int n, const char *firmware)
{
	int64_t seq = -1;
	char id[64];

	device_id(n, id);
	const struct store_step find = {.statement = FIND_DEVICE,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(id))}};

	assert_ok(store_submit(r->registry.store, &find, 1, on_seq, &seq, 0));
	while (seq < 0) {
		loop_turn(r->loop, 5);
	}
	const struct store_step step = {
		.statement = REPORT_DEVICE,
		.expect = STORE_ONE,
		.param_count = 6,
		.params = {STORE_TEXT_OF(view_text(id)), STORE_TEXT_OF(view_text(firmware)),
			STORE_TEXT_OF(view_text("{}")), STORE_INT_OF(registry_now(&r->registry)),
			STORE_INT_OF(seq), STORE_TEXT_OF(view_text("pseudonym"))},
	};

	submit(r, EVENT_DEVICE_REPORTED, id, &step);
	settle(r);
}

static void active(struct registry_flow *r, int n, const char *make, const char *model,
	const char *firmware)
{
	add_device(r, n, make, model, firmware);
	confirm(r, n);
	settle(r);
	expect(r, n, TRUST_TRUSTED, "confirmed");
}

/* ---- what is asked ---- */

static const char *changed(const char *from, const char *to)
{
	static char text[2 * sizeof(sample)];
	const char *at = strstr(sample, from);

	assert_non_null(at);
	(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - sample), sample, to,
		at + strlen(from));
	return text;
}

static void import(struct registry_flow *r, unsigned want, const char *document)
{
	assert_registry(r, want, "POST", "/v1/advisories", document);
}

static void later(struct registry_flow *r, int64_t ms)
{
	fake_env_advance(&r->env, ms);
	loop_turn(r->loop, 0);
}

/* ---- cases ---- */

static void a_device_is_trusted_once_it_has_confirmed(void **state)
{
	struct registry_flow *r = *state;

	add_device(r, 1, "Example Devices Ltd.", "Thermostat T1", "2.5");
	settle(r);
	assert_int_equal(look(r, 1).trust, TRUST_UNVERIFIED);
	confirm(r, 1);
	settle(r);
	struct seen seen = look(r, 1);

	assert_int_equal(seen.trust, TRUST_TRUSTED);
	assert_string_equal(seen.rule, "confirmed");
	assert_registry(r, 200, "GET", "/v1/devices/" OURS ":dev:ops:32473-pump-0001/history", NULL);
	assert_registry_said(r, "\"was\":\"unverified\"");
	assert_registry_said(r, "\"rule\":\"confirmed\"");
	assert_registry_said(r, "\"make\":\"Example Devices Ltd.\"");
}

/* critical has no grace in the built-in policy; the fixed firmware brings the device back. */
static void an_advisory_makes_its_products_unreliable_until_they_report_the_fix(void **state)
{
	struct registry_flow *r = *state;

	active(r, 1, "Example Devices", "Thermostat T1", "2.3");
	active(r, 2, "EXAMPLE DEVICES LTD", "thermostat t1", "2.4");
	active(r, 3, "Other Maker", "Thermostat T1", "2.3");
	active(r, 4, "Example Devices", "T1-77", "1.0"); /* by its model number T1-* */
	import(r, 201, changed("AMBER", "WHITE"));
	assert_registry_said(r, "\"id\":\"csaf:EX-2026-001\"");
	expect(r, 1, TRUST_UNRELIABLE, "critical");
	expect(r, 4, TRUST_UNRELIABLE, "critical");
	expect(r, 2, TRUST_TRUSTED, "confirmed");
	expect(r, 3, TRUST_TRUSTED, "confirmed");
	assert_registry(r, 200, "GET", "/v1/devices/" OURS ":dev:ops:32473-pump-0001/history", NULL);
	assert_registry_said(r, "CVE-2026-0001 of csaf:EX-2026-001, severity critical");
	report(r, 1, "2.4");
	expect(r, 1, TRUST_TRUSTED, "confirmed");
	/* One that comes later is found too. */
	add_device(r, 5, "Example Devices", "Thermostat T1", "2.0");
	confirm(r, 5);
	settle(r);
	expect(r, 5, TRUST_UNRELIABLE, "critical");
}

static void newer_versions_replace_and_older_ones_are_refused(void **state)
{
	struct registry_flow *r = *state;
	static char newer[2 * sizeof(sample)];

	active(r, 1, "Example Devices", "Thermostat T1", "2.3");
	import(r, 201, sample);
	import(r, 409, sample);
	assert_registry_said(r, "this version of it is recorded already");
	expect(r, 1, TRUST_UNRELIABLE, "critical");
	(void)snprintf(newer, sizeof(newer), "%s",
		changed("\"number\": \"2\"", "\"number\": \"3\""));
	char *version = strstr(newer, "\"version\": \"2\"");
	char *range = strstr(newer, "<2.4");

	version[12] = '3';
	range[3] = '1'; /* <2.1 */
	import(r, 201, newer);
	expect(r, 1, TRUST_TRUSTED, "confirmed");
	import(r, 409, sample);
	assert_registry_said(r, "a newer version");
	assert_registry(r, 200, "GET", "/v1/vulnerabilities/csaf%3AEX-2026-001", NULL);
	assert_registry_said(r, "\"version\":\"3\"");
	assert_registry(r, 200, "GET", "/v1/vulnerabilities/csaf%3AEX-2026-001/document", NULL);
	assert_registry_said(r, "<2.1");
}

static void one_that_is_withdrawn_gives_its_devices_back(void **state)
{
	struct registry_flow *r = *state;

	active(r, 1, "Example Devices", "Thermostat T1", "2.3");
	import(r, 201, sample);
	expect(r, 1, TRUST_UNRELIABLE, "critical");
	assert_registry(r, 400, "POST", "/v1/vulnerabilities/csaf:EX-2026-001/withdraw", "{}");
	assert_registry(r, 204, "POST", "/v1/vulnerabilities/csaf:EX-2026-001/withdraw",
		"{\"reason\":\"a mistake\"}");
	expect(r, 1, TRUST_TRUSTED, "confirmed");
	assert_registry(r, 409, "POST", "/v1/vulnerabilities/csaf:EX-2026-001/withdraw",
		"{\"reason\":\"again\"}");
	assert_registry(r, 404, "POST", "/v1/vulnerabilities/csaf:nothing/withdraw",
		"{\"reason\":\"again\"}");
}

static void what_is_no_advisory_is_refused_with_the_clause(void **state)
{
	struct registry_flow *r = *state;

	import(r, 400, changed("\"tracking\"", "\"tracks\""));
	assert_registry_said(r, "CSAF 2.0 3.2.1.12");
	import(r, 415, changed("\"csaf_version\": \"2.0\"", "\"csaf_version\": \"3.0\""));
	import(r, 409, changed("\"status\": \"final\"", "\"status\": \"draft\""));
	assert_registry(r, 400, "POST", "/v1/advisories", "{}");
	assert_registry(r, 200, "GET", "/v1/vulnerabilities", NULL);
	assert_registry_said(r, "\"items\":[]");
}

static void the_traffic_light_says_who_sees_what_and_when(void **state)
{
	static const struct {
		enum csaf_tlp tlp;
		enum viewer from_before, from_after;
	} rows[] = {
		{CSAF_TLP_WHITE, VIEWER_OWNER, VIEWER_ANYBODY},
		{CSAF_TLP_GREEN, VIEWER_OWNER, VIEWER_DEVICE},
		{CSAF_TLP_AMBER, VIEWER_OWNER, VIEWER_OWNER},
		{CSAF_TLP_NONE, VIEWER_OWNER, VIEWER_OWNER},
		{CSAF_TLP_RED, VIEWER_STAFF, VIEWER_STAFF},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (enum viewer v = VIEWER_ANYBODY; v <= VIEWER_STAFF; v++) {
			assert_int_equal(vulnerability_may_see(rows[i].tlp, 1000, 999, v),
				v >= rows[i].from_before);
			assert_int_equal(vulnerability_may_see(rows[i].tlp, 1000, 1000, v),
				v >= rows[i].from_after);
		}
	}
}

/* Who must act is told at once, the public when it is released; a reason names nothing before. */
static void an_embargo_ends_at_its_time(void **state)
{
	struct registry_flow *r = *state;
	char target[96];

	active(r, 1, "Example Devices", "Thermostat T1", "2.3");
	(void)snprintf(target, sizeof(target), "/v1/advisories?release_at=%lld",
		(long long)(registry_now(&r->registry) + DAY));
	assert_registry(r, 201, "POST", target, changed("AMBER", "WHITE"));
	expect(r, 1, TRUST_UNRELIABLE, "critical");
	assert_registry(r, 200, "GET", "/v1/devices/" OURS ":dev:ops:32473-pump-0001/history", NULL);
	assert_registry_said(r, "a vulnerability that is not public, severity critical");
	const int64_t before = ledger_size(r->registry.ledger);

	later(r, DAY + 1000);
	while (ledger_size(r->registry.ledger) == before) {
		loop_turn(r->loop, 5);
	}
	char events[64];

	(void)snprintf(events, sizeof(events), "/v1/events?after=%lld", (long long)before - 1);
	assert_registry(r, 200, "GET", events, NULL);
	assert_registry_said(r, "\"kind\":\"vulnerability_recorded\"");
}

static void a_grace_survives_a_restart_and_a_clock_that_is_set_back(void **state)
{
	struct registry_flow *r = *state;

	active(r, 1, "Example Devices", "Thermostat T1", "2.3");
	import(r, 201,
		changed("\"baseScore\": 9.8, \"baseSeverity\": \"CRITICAL\"",
			"\"baseScore\": 7.5, \"baseSeverity\": \"HIGH\""));
	settle(r);
	expect(r, 1, TRUST_TRUSTED, "confirmed");
	later(r, INT64_C(13) * DAY);
	report(r, 1, "2.3");
	expect(r, 1, TRUST_TRUSTED, "confirmed");
	registry_flow_restart(r);
	r->env.wall_ms -= DAY;
	later(r, 1000);
	expect(r, 1, TRUST_TRUSTED, "confirmed");
	later(r, INT64_C(2) * DAY + 3600000);
	expect(r, 1, TRUST_UNRELIABLE, "vulnerable");
}

static void reports_that_do_not_come_are_missed(void **state)
{
	struct registry_flow *r = *state;

	active(r, 1, "Example Devices", "Gateway G9", "1.0");
	later(r, INT64_C(36) * DAY);
	expect(r, 1, TRUST_TRUSTED, "confirmed");
	later(r, INT64_C(2) * DAY);
	expect(r, 1, TRUST_UNVERIFIED, "overdue");
	report(r, 1, "1.0");
	expect(r, 1, TRUST_TRUSTED, "confirmed");
}

static void a_root_of_trust_that_is_withdrawn_takes_its_devices_along(void **state)
{
	struct registry_flow *r = *state;

	active(r, 1, "Example Devices", "Gateway G9", "1.0");
	assert_registry(r, 201, "POST", "/v1/roots",
		"{\"id\":\"aka:realm.example\",\"name\":\"the operator\"}");
	assert_registry(r, 409, "POST", "/v1/roots",
		"{\"id\":\"aka:realm.example\",\"name\":\"the operator\"}");
	assert_registry(r, 400, "POST", "/v1/roots", "{\"id\":\"x509:12\",\"name\":\"none\"}");
	assert_registry(r, 200, "GET", "/.well-known/trust-registry", NULL);
	assert_registry_said(r, "aka:realm.example");
	assert_registry(r, 200, "POST", "/v1/roots/aka:realm.example/withdraw",
		"{\"reason\":\"keys were stolen\"}");
	expect(r, 1, TRUST_UNRELIABLE, "no-root");
	assert_registry(r, 409, "POST", "/v1/roots/aka:realm.example/withdraw",
		"{\"reason\":\"again\"}");
	assert_registry(r, 201, "POST", "/v1/roots",
		"{\"id\":\"aka:realm.example\",\"name\":\"the operator\"}");
	expect(r, 1, TRUST_TRUSTED, "confirmed");
	/* A fingerprint is as devices have it, however it is typed. */
	assert_registry(r, 200, "POST", "/v1/roots/x509:" UPPER "/withdraw",
		"{\"reason\":\"keys were stolen\"}");
	assert_registry_said(r, "x509:abcdef01");
}

static void an_administrator_decides_with_a_reason_and_an_end(void **state)
{
	struct registry_flow *r = *state;
	char body[200];

	active(r, 1, "Example Devices", "Gateway G9", "1.0");
	(void)snprintf(body, sizeof(body),
		"{\"trust\":\"unreliable\",\"reason\":\"seen in a botnet\",\"until\":%lld}",
		(long long)(registry_now(&r->registry) + DAY));
	assert_registry(r, 200, "PUT", "/v1/devices/" OURS ":dev:ops:32473-pump-0001/decision",
		body);
	settle(r);
	expect(r, 1, TRUST_UNRELIABLE, "decided");
	assert_registry(r, 200, "GET", "/v1/devices/" OURS ":dev:ops:32473-pump-0001/decision",
		NULL);
	assert_registry_said(r, "seen in a botnet");
	later(r, DAY + 1000);
	expect(r, 1, TRUST_TRUSTED, "confirmed");
	assert_registry(r, 200, "PUT", "/v1/devices/" OURS ":dev:ops:32473-pump-0001/decision",
		"{\"trust\":\"unverified\",\"reason\":\"to be looked at\"}");
	expect(r, 1, TRUST_UNVERIFIED, "decided");
	assert_registry(r, 200, "DELETE", "/v1/devices/" OURS ":dev:ops:32473-pump-0001/decision",
		NULL);
	expect(r, 1, TRUST_TRUSTED, "confirmed");
	assert_registry(r, 404, "PUT", "/v1/devices/" OURS ":dev:ops:32473-pump-0009/decision",
		"{\"trust\":\"unverified\",\"reason\":\"nobody\"}");
	assert_registry(r, 400, "PUT", "/v1/devices/" OURS ":dev:ops:32473-pump-0001/decision",
		"{\"trust\":\"unverified\",\"reason\":\"\"}");
	assert_registry(r, 400, "PUT", "/v1/devices/" OURS ":dev:ops:32473-pump-0001/decision",
		"{\"trust\":\"unassigned\",\"reason\":\"x\"}");
}

/* As the part that follows other registries logs it.  req: R7-iv-d */
static void the_word_of_another_registry_counts_by_its_weight(void **state)
{
	struct registry_flow *r = *state;

	active(r, 1, "Example Devices", "Gateway G9", "1.0");
	(void)registry_log(r, EVENT_WORD_HEARD, OURS ":dev:ops:32473-pump-0001",
		"{\"subject\":\"" OURS
		":dev:ops:32473-pump-0001\",\"from\":\"FR\",\"origin\":\"FR\","
		"\"kind\":\"status_changed\",\"record\":{\"trust\":\"unreliable\"}}");
	settle(r);
	expect(r, 1, TRUST_TRUSTED, "confirmed"); /* FR has no weight */
	(void)registry_log(r, EVENT_WORD_HEARD, OURS ":dev:ops:32473-pump-0001",
		"{\"subject\":\"" OURS ":dev:ops:32473-pump-0001\",\"from\":\"IN.TEL\","
		"\"origin\":\"IN.TEL\",\"kind\":\"status_changed\","
		"\"record\":{\"trust\":\"unreliable\"}}");
	settle(r);
	expect(r, 1, TRUST_UNVERIFIED, "warned");
	(void)registry_log(r, EVENT_WORD_HEARD, OURS ":dev:ops:32473-pump-0001",
		"{\"subject\":\"" OURS ":dev:ops:32473-pump-0001\",\"from\":\"IN.TEL\","
		"\"origin\":\"IN.TEL\",\"kind\":\"status_changed\","
		"\"record\":{\"trust\":\"trusted\"}}");
	settle(r);
	expect(r, 1, TRUST_TRUSTED, "confirmed");
}

/* req: R9.4-i-b R7-iv-d */
static void vulnerabilities_that_other_registries_tell_of_count_here_too(void **state)
{
	struct registry_flow *r = *state;
	static const char record[] =
		"{\"subject\":\"csaf:X-1\",\"from\":\"IN.TEL\",\"origin\":\"IN.TEL\","
		"\"kind\":\"vulnerability_recorded\",\"record\":{\"subject\":\"csaf:X-1\","
		"\"source\":\"advisory\",\"told_by\":\"a CERT\",\"title\":\"t\",\"version\":\"1\","
		"\"tlp\":\"white\",\"release_at\":0,\"score\":95,\"part\":1,\"models\":[{\"make\":"
		"\"Example Devices\",\"model\":\"Gateway G9\",\"entries\":[{\"kind\":\"range\","
		"\"versions\":\"<= 1.0\",\"score\":95,\"cve\":\"CVE-2026-9\"}]}]}}";

	active(r, 1, "Example Devices", "Gateway G9", "1.0");
	(void)registry_log(r, EVENT_WORD_HEARD, "csaf:X-1", record);
	expect(r, 1, TRUST_UNRELIABLE, "critical");
	/* What cannot be read stops nothing. */
	(void)registry_log(r, EVENT_WORD_HEARD, "csaf:X-2",
		"{\"subject\":\"csaf:X-2\",\"from\":\"IN.TEL\",\"origin\":\"IN.TEL\","
		"\"kind\":\"vulnerability_recorded\",\"record\":{\"models\":7}}");
	settle(r);
	active(r, 2, "Other", "One", "1.0");
}

static void what_is_told_of_one_device_is_its_alone(void **state)
{
	struct registry_flow *r = *state;

	active(r, 1, "Example Devices", "Gateway G9", "1.0");
	active(r, 2, "Example Devices", "Gateway G9", "1.0");
	assert_registry(r, 201, "POST", "/v1/vulnerabilities",
		"{\"id\":\"open-port\",\"title\":\"telnet is open\",\"score\":91,"
		"\"device\":\"" OURS ":dev:ops:32473-pump-0001\"}");
	expect(r, 1, TRUST_UNRELIABLE, "critical");
	expect(r, 2, TRUST_TRUSTED, "confirmed");
	assert_registry(r, 200, "GET",
		"/v1/devices/" OURS ":dev:ops:32473-pump-0001/vulnerabilities", NULL);
	assert_registry_said(r, "\"trust\":\"unreliable\",\"rule\":\"critical\"");
	assert_registry_said(r,
		":open-port\",\"source\":\"advisory\",\"possible\":false,\"score\":91,"
		"\"severity\":\"critical\",\"rule\":\"critical\",\"since\":");
	assert_registry(r, 200, "GET",
		"/v1/devices/" OURS ":dev:ops:32473-pump-0002/vulnerabilities", NULL);
	assert_registry_said(r, "\"items\":[]");
	assert_registry(r, 404, "GET",
		"/v1/devices/" OURS ":dev:ops:32473-pump-0003/vulnerabilities", NULL);
	assert_registry(r, 201, "POST", "/v1/vulnerabilities",
		"{\"id\":\"m\",\"title\":\"all of them\",\"score\":91,\"make\":\"Example Devices\","
		"\"model\":\"Gateway G9\",\"versions\":\"< 2\"}");
	expect(r, 2, TRUST_UNRELIABLE, "critical");
	assert_registry(r, 200, "GET",
		"/v1/devices/" OURS ":dev:ops:32473-pump-0002/vulnerabilities", NULL);
	assert_registry_said(r, ":m\",\"source\":\"advisory\",\"possible\":false,\"score\":91");
	assert_registry(r, 400, "POST", "/v1/vulnerabilities", "{\"id\":\"x\",\"title\":\"y\"}");
	assert_registry(r, 400, "POST", "/v1/vulnerabilities",
		"{\"id\":\"x\",\"title\":\"y\",\"make\":\"a\",\"model\":\"b\",\"score\":101}");
}

static void on_rows(void *user, uint64_t ref, const struct store_result *result)
{
	(void)ref;
	*(size_t *)user = result->steps[0].rows;
}

static size_t rows_of(struct registry_flow *r, int statement, int n)
{
	size_t rows = SIZE_MAX;
	char id[64];

	device_id(n, id);
	const struct store_step step = {.statement = statement,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(id))}};

	assert_ok(store_submit(r->registry.store, &step, 1, on_rows, &rows, 0));
	while (rows == SIZE_MAX) {
		loop_turn(r->loop, 5);
	}
	return rows;
}

/* req: R9.1-iii */
static void what_is_kept_of_a_device_goes_with_it(void **state)
{
#define DEVICE OURS ":dev:ops:32473-pump-0001"
	struct registry_flow *r = *state;

	active(r, 1, "Example Devices", "Gateway G9", "1.0");
	assert_registry(r, 201, "POST", "/v1/vulnerabilities",
		"{\"id\":\"open-port\",\"title\":\"telnet is "
		"open\",\"score\":91,\"device\":\"" DEVICE "\"}");
	assert_registry(r, 200, "PUT", "/v1/devices/" DEVICE "/decision",
		"{\"trust\":\"unreliable\",\"reason\":\"seen in a botnet\"}");
	(void)registry_log(r, EVENT_WORD_HEARD, DEVICE,
		"{\"subject\":\"" DEVICE
		"\",\"from\":\"IN.TEL\",\"origin\":\"IN.TEL\",\"kind\":\"status_changed\","
		"\"record\":{\"subject\":\"" DEVICE "\",\"trust\":\"unreliable\"}}");
	settle(r);
	expect(r, 1, TRUST_UNRELIABLE, "decided");
	assert_int_equal(rows_of(r, MATCH_OWN_VULNERABILITIES, 1), 1);
	assert_int_equal(rows_of(r, FIND_DECISION, 1), 1);
	assert_int_equal(rows_of(r, FIND_WORDS, 1), 1);
	assert_registry(r, 204, "POST", "/v1/erasures", "{\"subject\":\"" DEVICE "\"}");
	assert_int_equal(rows_of(r, MATCH_OWN_VULNERABILITIES, 1), 0);
	assert_int_equal(rows_of(r, FIND_DECISION, 1), 0);
	assert_int_equal(rows_of(r, FIND_WORDS, 1), 0);
#undef DEVICE
}

static void on_told_of_many(void *user, uint64_t ref, enum err err, int64_t seq)
{
	const struct registry *registry = user;

	assert_ok(err);
	assert_true(moving_holds(registry->policing, seq, false, 0));
	*(bool *)(uintptr_t)ref = true;
}

/* From its commit on an advisory counts for nobody until it is counted.  req: R6.1-b */
static void the_brake_holds_from_the_commit_on(void **state)
{
	struct registry_flow *r = *state;
	struct recording *told = calloc(1, sizeof(*told));
	bool recorded = false;

	assert_non_null(told);
	*told = (struct recording){.id = strdup("told:a:b"),
		.version = strdup("1"),
		.title = strdup("all of them"),
		.told_by = strdup("a"),
		.registry = strdup(OURS),
		.by_whom = strdup("a"),
		.source = POLICY_FROM_AGENCY,
		.score = 95};
	assert_ok(recording_begin(r->registry.policing, told, on_told_of_many, &r->registry,
		(uint64_t)(uintptr_t)&recorded));
	registry_wait(r, &recorded);
}

/* More than the policy lets one event move waits for another person. */
static void the_brake_waits_for_a_second_person(void **state)
{
	struct registry_flow *r = *state;
	char target[64];
	const char *at;

	for (int n = 1; n <= 6; n++) {
		active(r, n, "Example Devices", "Thermostat T1", "2.3");
	}
	import(r, 201, sample);
	do {
		loop_turn(r->loop, 5);
		assert_registry(r, 200, "GET", "/v1/movements", NULL);
	} while (!strstr(registry_said(r), "\"held\""));
	assert_registry_said(r, "\"devices\":6");
	assert_registry_said(r, "\"rule\":\"critical\"");
	at = strstr(registry_said(r), "\"movement\":");
	const long long movement = atoll(at + 11);

	settle(r);
	expect(r, 1, TRUST_TRUSTED, "confirmed");
	report(r, 2, "2.3"); /* nor by its own report */
	expect(r, 2, TRUST_TRUSTED, "confirmed");
	/* The administrator at the socket has imported it. */
	(void)snprintf(target, sizeof(target), "/v1/movements/%lld/release", movement);
	assert_registry(r, 409, "POST", target, "{\"reason\":\"mine\"}");
	assert_registry_said(r, "another person");
	registry_flow_restart(r);
	settle(r);
	expect(r, 1, TRUST_TRUSTED, "confirmed");
	(void)snprintf(target, sizeof(target), "/v1/movements/%lld", movement);
	assert_registry(r, 200, "GET", target, NULL);
	assert_registry_said(r, "\"state\":\"held\"");
	assert_registry(r, 404, "GET", "/v1/movements/9999999", NULL);
	/* A correction takes its place: too few now. */
	static char newer[2 * sizeof(sample)];

	(void)snprintf(newer, sizeof(newer), "%s",
		changed("\"number\": \"2\"", "\"number\": \"3\""));
	*(strstr(newer, "\"version\": \"2\"") + 12) = '3';
	*(strstr(newer, "<2.4") + 3) = '0';
	import(r, 201, newer);
	do {
		loop_turn(r->loop, 5);
		assert_registry(r, 200, "GET", target, NULL);
	} while (!strstr(registry_said(r), "\"done\""));
	expect(r, 1, TRUST_TRUSTED, "confirmed");
}

/* What nobody here has caused may be released by whoever administers.  */
static void a_movement_is_released_or_refused(void **state)
{
	struct registry_flow *r = *state;
	static const char word[] =
		"{\"subject\":\"csaf:%s\",\"from\":\"IN.TEL\",\"origin\":\"IN.TEL\","
		"\"kind\":\"vulnerability_recorded\",\"record\":{\"subject\":\"csaf:%s\","
		"\"told_by\":\"a CERT\",\"title\":\"t\",\"version\":\"1\",\"tlp\":\"white\","
		"\"release_at\":0,\"score\":95,\"models\":[{\"make\":\"Example Devices\",\"model\":"
		"\"Gateway G9\",\"entries\":[{\"kind\":\"all\",\"score\":95}]}]}}";
	char record[600], target[64];

	for (int n = 1; n <= 6; n++) {
		active(r, n, "Example Devices", "Gateway G9", "1.0");
	}
	(void)snprintf(record, sizeof(record), word, "A", "A");
	const int64_t refused = registry_log(r, EVENT_WORD_HEARD, "csaf:A", record);

	(void)snprintf(target, sizeof(target), "/v1/movements/%lld/refuse", (long long)refused);
	while (registry_ask(r, "POST", target, "{\"reason\":\"not ours\"}") == 409) {
		loop_turn(r->loop, 5);
	}
	assert_int_equal(r->status, 204);
	report(r, 1, "1.0");
	expect(r, 1, TRUST_TRUSTED, "confirmed");
	(void)snprintf(record, sizeof(record), word, "B", "B");
	const int64_t released = registry_log(r, EVENT_WORD_HEARD, "csaf:B", record);

	(void)snprintf(target, sizeof(target), "/v1/movements/%lld/release", (long long)released);
	while (registry_ask(r, "POST", target, "{\"reason\":\"checked\"}") == 409) {
		loop_turn(r->loop, 5);
	}
	assert_int_equal(r->status, 204);
	for (int n = 1; n <= 6; n++) {
		expect(r, n, TRUST_UNRELIABLE, "critical");
	}
	(void)snprintf(target, sizeof(target), "/v1/movements/%lld", (long long)released);
	do {
		loop_turn(r->loop, 5);
		assert_registry(r, 200, "GET", target, NULL);
	} while (!strstr(registry_said(r), "\"done\""));
	assert_registry_said(r, "\"reason\":\"checked\"");
}

static void time_alone_is_braked_too(void **state)
{
	struct registry_flow *r = *state;
	const char *at;
	char target[64];

	for (int n = 1; n <= 6; n++) {
		active(r, n, "Example Devices", "Gateway G9", "1.0");
	}
	later(r, INT64_C(40) * DAY);
	do {
		loop_turn(r->loop, 5);
		assert_registry(r, 200, "GET", "/v1/movements", NULL);
	} while (!strstr(registry_said(r), "\"held\""));
	assert_registry_said(r, "\"kind\":\"time\"");
	expect(r, 1, TRUST_TRUSTED, "confirmed");
	report(r, 2, "1.0");
	at = strstr(registry_said(r), "\"movement\":");
	(void)snprintf(target, sizeof(target), "/v1/movements/%lld/release", atoll(at + 11));
	assert_registry(r, 204, "POST", target, "{\"reason\":\"they are gone\"}");
	expect(r, 1, TRUST_UNVERIFIED, "overdue");
	expect(r, 6, TRUST_UNVERIFIED, "overdue");
	expect(r, 2, TRUST_TRUSTED, "confirmed");
}

static void a_policy_that_is_changed_is_applied_to_all(void **state)
{
	struct registry_flow *r = *state;

	active(r, 1, "Example Devices", "Gateway G9", "1.0");
	assert_ok(text_write_file(policy_path,
		view_text("rule nobody when always then unverified\n"), 0600));
	assert_ok(policing_reload(&r->registry));
	expect(r, 1, TRUST_UNVERIFIED, "nobody");
	assert_ok(text_write_file(policy_path, view_text("rule broken when\n"), 0600));
	assert_err(ERR_CONFIG, policing_reload(&r->registry));
	assert_said("line 1");
	assert_registry(r, 200, "GET", "/v1/policy", NULL);
	assert_registry_said(r, "sha256");
}

/* ---- what must not stop it ---- */

/* A title in another language stands for a CVE that there is none of, and is cut between two characters. */
static void what_is_cut_of_an_advisory_can_still_be_read(void **state)
{
	struct registry_flow *r = *state;

	active(r, 1, "Example Devices", "Thermostat T1", "2.3");
	import(r, 201,
		changed("\"cve\": \"CVE-2026-0001\"",
			"\"title\": \"Schadhafte Pruefung der Eingaben in Thermostatü und so\""));
	expect(r, 1, TRUST_UNRELIABLE, "critical");
	settle(r);
}

/* An advisory whose product tree, and products that are affected, follow. */
static void put_head(struct buf *text)
{
	buf_text(text, "{\"document\":{\"category\":\"csaf_base\",\"csaf_version\":\"2.0\","
		       "\"publisher\":{\"category\":\"vendor\",\"name\":\"P\",\"namespace\":"
		       "\"https://p.example\"},\"title\":\"T\",\"tracking\":{\"id\":\"MANY\","
		       "\"current_release_date\":\"2026-01-01T00:00:00Z\",\"initial_release_date\":"
		       "\"2026-01-01T00:00:00Z\",\"revision_history\":[{\"date\":"
		       "\"2026-01-01T00:00:00Z\",\"number\":\"1\",\"summary\":\"s\"}],"
		       "\"status\":\"final\",\"version\":\"1\"}},\"product_tree\":{\"branches\":"
		       "[{\"category\":\"vendor\",\"name\":\"Maker\",\"branches\":[{\"category\":"
		       "\"product_name\",\"name\":\"Model\",\"branches\":[");
}

static void put_many(struct buf *text, int count, const char *format)
{
	for (int i = 0; i < count; i++) {
		const char *at = strchr(format, '#');

		buf_text(text, i > 0 ? "," : "");
		buf_printf(text, "%.*s%d%s", (int)(at - format), format, i, at + 1);
	}
}

static void put_affected(struct buf *text, int count)
{
	buf_text(text, "},\"vulnerabilities\":[{\"cve\":\"CVE-2026-1\",\"product_status\":{"
		       "\"known_affected\":[");
	put_many(text, count, "\"p#\"");
	buf_text(text, "]}}]}");
}

static void an_advisory_that_no_device_could_be_held_against_is_refused(void **state)
{
	struct registry_flow *r = *state;
	BUF_CLEANUP struct buf text = buf_growing(4 << 20);

	active(r, 1, "Maker", "Model", "1");
	put_head(&text);
	put_many(&text, 4097,
		"{\"category\":\"architecture\",\"name\":\"a\",\"product\":{\"name\":\"n\","
		"\"product_id\":\"p#\"}}");
	buf_text(&text, "]}]}]");
	put_affected(&text, 4097);
	assert_ok(buf_end(&text, "document"));
	import(r, 400, buf_string(&text));
	assert_registry_said(r, "more than 4096");
	report(r, 1, "2");
	expect(r, 1, TRUST_TRUSTED, "confirmed");
}

/* A short document with much in it: each relation has the model numbers of what it is part of. */
static void an_advisory_that_grows_when_it_is_read_is_refused(void **state)
{
	struct registry_flow *r = *state;
	BUF_CLEANUP struct buf text = buf_growing(4 << 20);

	put_head(&text);
	buf_text(&text,
		"{\"category\":\"architecture\",\"name\":\"a\",\"product\":{\"name\":\"n\","
		"\"product_id\":\"w\",\"product_identification_helper\":{\"model_numbers\":[");
	put_many(&text, 1000, "\"m#\"");
	buf_text(&text, "]}}},{\"category\":\"architecture\",\"name\":\"b\",\"product\":{\"name\":"
			"\"n\",\"product_id\":\"c\"}}]}]}],\"relationships\":[");
	put_many(&text, 300,
		"{\"category\":\"default_component_of\",\"product_reference\":\"c\","
		"\"relates_to_product_reference\":\"w\",\"full_product_name\":{\"name\":\"n\","
		"\"product_id\":\"p#\"}}");
	buf_text(&text, "]");
	put_affected(&text, 300);
	assert_ok(buf_end(&text, "document"));
	import(r, 400, buf_string(&text));
	assert_registry_said(r, "names and model numbers");
}

/* As a child may log it.  req: R7-iv-d */
static void a_subject_that_no_device_can_have_stops_nothing(void **state)
{
	struct registry_flow *r = *state;
	char subject[1024], record[1200];

	memset(subject, 'x', sizeof(subject) - 1);
	subject[sizeof(subject) - 1] = '\0';
	(void)snprintf(record, sizeof(record), "{\"subject\":\"%s\"}", subject);
	(void)registry_log(r, EVENT_DEVICE_REPORTED, subject, record);
	active(r, 1, "Example Devices", "Gateway G9", "1.0");
	(void)snprintf(record, sizeof(record),
		"{\"id\":\"x\",\"title\":\"t\",\"score\":91,\"device\":\"%s\"}", subject);
	assert_registry(r, 400, "POST", "/v1/vulnerabilities", record);
}

/* req: R7-iv-d */
static void the_clock_of_another_registry_makes_nothing_due(void **state)
{
	struct registry_flow *r = *state;
	const struct event event = {.kind = EVENT_REGISTRY_JOINED,
		.origin = view_text("IN.TEL.P02"),
		.origin_time = registry_now(&r->registry) + INT64_C(400) * DAY,
		.subject = view_text("registry:IN.TEL.P02"),
		.record = view_text("{\"subject\":\"registry:IN.TEL.P02\"}")};

	active(r, 1, "Example Devices", "Gateway G9", "1.0");
	r->done = false;
	assert_ok(ledger_submit(r->registry.ledger, &event, 1, NULL, 0, registry_on_logged, r, 0));
	registry_wait(r, &r->done);
	assert_int_equal(r->logged, OK);
	settle(r);
	report(r, 1, "1.1");
	expect(r, 1, TRUST_TRUSTED, "confirmed");
}

/* To overwrite is to withdraw.  req: R9.4-i-b R7-iv-d */
static void what_is_recorded_here_no_other_registry_overwrites(void **state)
{
	struct registry_flow *r = *state;
	static const char record[] =
		"{\"subject\":\"csaf:EX-2026-001\",\"from\":\"FR\",\"origin\":\"FR\","
		"\"kind\":\"vulnerability_recorded\",\"record\":{\"subject\":\"csaf:EX-2026-001\","
		"\"told_by\":\"nobody\",\"title\":\"t\",\"version\":\"9\",\"tlp\":\"white\","
		"\"release_at\":0,\"models\":[]}}";

	active(r, 1, "Example Devices", "Thermostat T1", "2.3");
	import(r, 201, sample);
	expect(r, 1, TRUST_UNRELIABLE, "critical");
	(void)registry_log(r, EVENT_WORD_HEARD, "csaf:EX-2026-001", record);
	settle(r);
	report(r, 1, "2.3");
	assert_registry(r, 200, "GET", "/v1/vulnerabilities/csaf%3AEX-2026-001", NULL);
	assert_registry_said(r, "\"version\":\"2\"");
	expect(r, 1, TRUST_UNRELIABLE, "critical");
}

/* More vulnerabilities than are looked at: the worst are. */
static void the_worst_of_many_vulnerabilities_counts(void **state)
{
	struct registry_flow *r = *state;
	char body[256];

	active(r, 1, "Example Devices", "Gateway G9", "1.0");
	for (int i = 0; i < 129; i++) {
		(void)snprintf(body, sizeof(body),
			"{\"id\":\"v%03d\",\"title\":\"t\",\"score\":%d,\"make\":\"Example "
			"Devices\",\"model\":\"Gateway G9\"}",
			i, i < 128 ? 10 : 95);
		assert_registry(r, 201, "POST", "/v1/vulnerabilities", body);
	}
	expect(r, 1, TRUST_UNRELIABLE, "critical");
}

/* What a report proved is of no use when its evidence was released before it is stored.  req: R9.2-ii-c */
static void a_report_does_not_take_back_a_device_that_was_released(void **state)
{
	struct registry_flow *r = *state;
	int64_t seq = -1;
	char id[64];

	active(r, 1, "Example Devices", "Gateway G9", "1.0");
	device_id(1, id);
	const struct store_step find = {.statement = FIND_DEVICE,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(id))}};

	assert_ok(store_submit(r->registry.store, &find, 1, on_seq, &seq, 0));
	while (seq < 0) {
		loop_turn(r->loop, 5);
	}
	assert_registry(r, 204, "POST", "/v1/devices/" OURS ":dev:ops:32473-pump-0001/release",
		"{\"reason\":\"a clone\"}");
	const struct store_step late = {
		.statement = REPORT_DEVICE,
		.expect = STORE_ONE,
		.param_count = 6,
		.params = {STORE_TEXT_OF(view_text(id)), STORE_TEXT_OF(view_text("1.1")),
			STORE_TEXT_OF(view_text("{}")), STORE_INT_OF(registry_now(&r->registry)),
			STORE_INT_OF(seq), STORE_TEXT_OF(view_text("pseudonym"))},
	};
	const struct event event = {.kind = EVENT_DEVICE_REPORTED,
		.subject = view_text(id),
		.record = view_text("{}")};

	r->done = false;
	assert_ok(ledger_submit(r->registry.ledger, &event, 1, &late, 1, registry_on_logged, r, 0));
	registry_wait(r, &r->done);
	assert_int_equal(r->logged, ERR_CONFLICT);
}

/* ---- set-up ---- */

static int open_with(void **state, const char *brake)
{
	static struct registry_flow flow;
	BUF_CLEANUP struct buf policy = buf_growing(POLICY_TEXT_MAX), more = buf_growing(1024);
	const char *end = strstr(policy_default, "brake ");

	(void)snprintf(policy_path, sizeof(policy_path), "/tmp/symbolon-policy.%d", (int)getpid());
	buf_bytes(&policy, policy_default, (size_t)(end - policy_default));
	buf_printf(&policy, "registry IN.TEL weight 60\n%s\n", brake);
	assert_ok(text_write_file(policy_path, buf_contents(&policy), 0600));
	buf_printf(&more, "status: {policy: %s}\n", policy_path);
	registry_flow_start(&flow, OURS, buf_string(&more));
	later(&flow, INT64_C(60) * DAY); /* the sample is released by then */
	*state = &flow;
	return 0;
}

static int open_free(void **state)
{
	return open_with(state, "");
}

static int open_braked(void **state)
{
	return open_with(state, "brake 10% or 5 devices within 1h");
}

static int close_flow(void **state)
{
	registry_flow_stop(*state);
	(void)unlink(policy_path);
	return 0;
}

static int read_sample(void **state)
{
	BUF_CLEANUP struct buf file = buf_growing(0);

	(void)state;
	assert_ok(text_read_file(CSAF_SAMPLE, sizeof(sample) - 1, &file));
	memcpy(sample, file.data, file.len);
	return 0;
}

#define FREE(name)   cmocka_unit_test_setup_teardown(name, open_free, close_flow)
#define BRAKED(name) cmocka_unit_test_setup_teardown(name, open_braked, close_flow)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FREE(a_device_is_trusted_once_it_has_confirmed),
		FREE(an_advisory_makes_its_products_unreliable_until_they_report_the_fix),
		FREE(newer_versions_replace_and_older_ones_are_refused),
		FREE(one_that_is_withdrawn_gives_its_devices_back),
		FREE(what_is_no_advisory_is_refused_with_the_clause),
		TEST(the_traffic_light_says_who_sees_what_and_when),
		FREE(an_embargo_ends_at_its_time),
		FREE(a_grace_survives_a_restart_and_a_clock_that_is_set_back),
		FREE(reports_that_do_not_come_are_missed),
		FREE(a_root_of_trust_that_is_withdrawn_takes_its_devices_along),
		FREE(an_administrator_decides_with_a_reason_and_an_end),
		FREE(the_word_of_another_registry_counts_by_its_weight),
		FREE(vulnerabilities_that_other_registries_tell_of_count_here_too),
		FREE(what_is_told_of_one_device_is_its_alone),
		FREE(what_is_kept_of_a_device_goes_with_it),
		BRAKED(the_brake_holds_from_the_commit_on),
		BRAKED(the_brake_waits_for_a_second_person),
		BRAKED(a_movement_is_released_or_refused),
		BRAKED(time_alone_is_braked_too),
		FREE(a_policy_that_is_changed_is_applied_to_all),
		FREE(what_is_cut_of_an_advisory_can_still_be_read),
		FREE(an_advisory_that_no_device_could_be_held_against_is_refused),
		FREE(an_advisory_that_grows_when_it_is_read_is_refused),
		FREE(a_subject_that_no_device_can_have_stops_nothing),
		FREE(the_clock_of_another_registry_makes_nothing_due),
		FREE(what_is_recorded_here_no_other_registry_overwrites),
		FREE(the_worst_of_many_vulnerabilities_counts),
		FREE(a_report_does_not_take_back_a_device_that_was_released),
	};

	return cmocka_run_group_tests_name(__FILE__, tests, read_sample, NULL);
}
