// SPDX-License-Identifier: Apache-2.0
/* Trust extension (10.3), rights and delegation at the portal, each role by its own sign-in. */
#include "test.h"

#include "portal.h"

#include "authz/schema.h"
#include "base/text.h"
#include "wire/json.h"
#include "wire/verified.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_MS	  INT64_C(1767225600000) /* the year 2026 begins */
#define PASSWORD  "correct horse"
#define CLIENT	  OPERATOR_CLIENT
#define CLIENT_2  "001010123456790@realm.example" /* alice's too */
#define CLIENT_3  "001010123456791@realm.example" /* alice's third */
#define BOBS	  "001010123456799@realm.example"
#define ASP_2	  "cin:U72200KA2001PTC028001"
#define ELEMENT	  "gateway.app.example"
#define ELEMENT_2 "gateway.other.example"

static struct portal the_portal;
static struct jose_key *key;
static char key_path[64];

static void write_key(void)
{
	BUF_CLEANUP struct buf pem = buf_growing(4096);
	(void)snprintf(key_path, sizeof(key_path), "/tmp/test-extension-key-%d", (int)getpid());
	assert_ok(jose_key_make(JOSE_ES256, &key));
	assert_ok(jose_key_to_pem(key, true, &pem));
	assert_ok(text_write_file(key_path, buf_contents(&pem), 0600));
}

static void add_device(struct portal *p, const char *client, const char *subscriber)
{
	char body[512];

	(void)snprintf(body, sizeof(body),
		"{\"client\":\"%s\",\"subscriber\":\"%s\",\"k\":\"" OPERATOR_K
		"\",\"opc\":\"" OPERATOR_OPC "\"}",
		client, subscriber);
	assert_portal(p, 201, "POST", "/v1/devices", body);
}

static void open_with(const char *more)
{
	struct portal *p = &the_portal;
	char yaml[512];

	write_key();
	(void)snprintf(yaml, sizeof(yaml), "extension:\n  key: %s\n%s", key_path, more);
	portal_start(p, yaml);
	p->flow.env.wall_ms = NOW_MS;
	operator_provision(&p->flow);
	assert_portal(p, 200, "DELETE", "/v1/grants?client=" CLIENT "&application=app.example",
		NULL);
	assert_portal(p, 201, "POST", "/v1/subscribers",
		"{\"id\":\"carol\",\"verification\":\"postpaid\",\"name\":\"Carol "
		"Example\",\"claims\":"
		"{\"birthdate\":\"1990-01-31\",\"email\":\"carol@mail.example\",\"document\":"
		"\"idcard\"},\"verified\":\"2025-06-01T00:00:00Z\"}");
	assert_portal(p, 201, "POST", "/v1/subscribers",
		"{\"id\":\"bob\",\"verification\":\"none\",\"name\":\"Bob\"}");
	add_device(p, CLIENT_2, "carol");
	add_device(p, CLIENT_3, "carol");
	add_device(p, BOBS, "bob");
	assert_portal(p, 201, "POST", "/v1/asps",
		"{\"id\":\"" ASP_2 "\",\"name\":\"Other\",\"elements\":[\"" ELEMENT_2 "\"]}");
	assert_portal(p, 201, "POST", "/v1/applications",
		"{\"id\":\"other.example\",\"asp\":\"" ASP_2 "\",\"ua\":[\"0100000007\"]}");
	assert_portal(p, 200, "PATCH", "/v1/applications/other.example",
		"{\"published\":true,\"attributes\":[\"name\"]}");
	assert_portal(p, 200, "PATCH", "/v1/applications/app.example",
		"{\"published\":true,\"attributes\":[\"name\",\"birthdate\",\"document\"]}");
	assert_portal(p, 200, "PUT", "/v1/subscribers/carol/account",
		"{\"password\":\"" PASSWORD "\"}");
	assert_portal(p, 200, "PUT", "/v1/subscribers/bob/account",
		"{\"password\":\"" PASSWORD "\"}");
}

static int open_portal(void **state)
{
	open_with("");
	*state = &the_portal;
	return 0;
}

static int close_portal(void **state)
{
	portal_stop(*state);
	jose_key_free(key);
	assert_int_equal(unlink(key_path), 0);
	return 0;
}

static void as_user(struct portal *p, const char *subscriber)
{
	portal_as(p, NULL);
	portal_sign_in(p, subscriber, PASSWORD);
}

#define WISH                                                                                       \
	"{\"client\":\"" CLIENT_2 "\",\"application\":\"app.example\","                            \
	"\"attributes\":[\"name\",\"birthdate\",\"document\"]}"

/* Carol extends her trust; the extension's id, and what the ASP calls her device. */
static void extend(struct portal *p, char ret_id[64], char ret_subject[64])
{
	char path[128];

	as_user(p, "carol");
	assert_portal(p, 201, "POST", "/v1/extensions", WISH);
	assert_answer(&p->flow, "\"state\":\"extended\"");
	portal_member(p, "id", ret_id, 64);
	portal_as(p, ELEMENT);
	(void)snprintf(path, sizeof(path), "/v1/extensions/%s", ret_id);
	assert_portal(p, 200, "GET", path, NULL);
	portal_member(p, "subject", ret_subject, 64);
}

static void refuses(struct portal *p, unsigned status, const char *method, const char *path,
	const char *body, const char *says)
{
	unsigned got = portal_ask(p, method, path, body);

	if (got != status || !strstr(operator_said(&p->flow), says)) {
		fail_msg("%s %s: %u: %s", method, path, got, operator_said(&p->flow));
	}
}

static void grant_by_subject(struct portal *p, unsigned status, const char *subject,
	const char *application, const char *more)
{
	char body[512];

	(void)snprintf(body, sizeof(body),
		"{\"subject\":\"%s\",\"application\":\"%s\",\"rights\":[\"read\"]%s}", subject,
		application, more);
	assert_portal(p, status, "PUT", "/v1/grants", body);
}

/* ---- 10.3 ---- */

/* Step by step.  req: B10.3 B7.3 B7.7-e B9.2.2-f */
static void trust_is_extended_step_by_step(void **state)
{
	struct portal *p = *state;
	char id[64], subject[64], jwt[4096];
	struct ident realm, asp;
	struct verified verified;
	BUF_CLEANUP struct buf claims = buf_growing(VERIFIED_CLAIMS);

	/* 1: what she sees of herself, and her wish; 2: judged */
	as_user(p, "carol");
	assert_portal(p, 200, "GET", "/v1/me", NULL);
	assert_answer(&p->flow, "\"verification\":\"postpaid\",\"name\":\"Carol Example\"");
	assert_answer(&p->flow, CLIENT_2);
	assert_answer(&p->flow, "\"grants\":[]");
	extend(p, id, subject);
	/* 3: the ASP is handed what was granted, under a pseudonym */
	assert_null(strstr(operator_said(&p->flow), CLIENT_2));
	assert_null(strstr(operator_said(&p->flow), "carol\""));
	portal_member(p, "jwt", jwt, sizeof(jwt));
	assert_ok(ident_parse(IDENT_FQDN, view_text("realm.example"), &realm));
	assert_ok(ident_parse(IDENT_ASP, view_text(OPERATOR_ASP), &asp));
	const struct jose_key *keys[] = {key};
	const struct verified_for wanted = {&realm, &asp, env_wall(&p->flow.env.env)};

	assert_ok(verified_verify(keys, 1, &wanted, view_text(jwt), &claims, &verified));
	assert_string_equal(verified.subject, subject);
	assert_string_equal(verified.level, "postpaid");
	assert_string_equal(verified.document, "idcard");
	assert_view(verified.claims, "{\"name\":\"Carol Example\",\"birthdate\":\"1990-01-31\"}");
	portal_as(p, ELEMENT);
	assert_portal(p, 200, "GET", "/v1/notifications", NULL);
	assert_answer(&p->flow, "extension-extended");
	assert_answer(&p->flow, subject);
	assert_null(strstr(operator_said(&p->flow), CLIENT_2));
	/* 4, 5: it sets the flag */
	grant_by_subject(p, 200, subject, "app.example", "");
	assert_answer(&p->flow, "\"rights\":[\"read\"],\"attributes\":[\"birthdate\",\"document\","
				"\"name\"]");
	assert_answer(&p->flow, "\"set_by\":\"asp\"");
	assert_null(strstr(operator_said(&p->flow), CLIENT_2));
	portal_as_operator(p);
	assert_portal(p, 200, "GET", "/v1/grants?client=" CLIENT_2, NULL);
	assert_answer(&p->flow, "\"application\":\"app.example\",\"rights\":[\"read\"]");
	assert_portal(p, 200, "GET", "/v1/notifications", NULL);
	assert_answer(&p->flow, "right-set");
	assert_portal(p, 200, "GET", "/v1/audit", NULL);
	assert_answer(&p->flow, "\"operation\":\"extension_add\"");
	assert_answer(&p->flow, "consent to [birthdate document name]");
	assert_answer(&p->flow, "\"operation\":\"grant_set\"");
	/* 6: the user is told */
	as_user(p, "carol");
	assert_portal(p, 200, "GET", "/v1/notifications", NULL);
	assert_answer(&p->flow, "right-set");
	assert_portal(p, 200, "GET", "/v1/extensions", NULL);
	assert_answer(&p->flow, "\"state\":\"provisioned\"");
	assert_answer(&p->flow, id);
	assert_null(strstr(operator_said(&p->flow), "jwt"));
	assert_portal(p, 200, "GET", "/v1/me", NULL);
	assert_answer(&p->flow, "\"set_by\":\"asp\"");
}

/* Withdrawn consent ends what stands on it, and what the ASP may see.  req: B9.2.2-h */
static void withdrawn_consent_ends_the_permission(void **state)
{
	struct portal *p = *state;
	char id[64], subject[64], path[128];

	extend(p, id, subject);
	grant_by_subject(p, 200, subject, "app.example", "");
	(void)snprintf(path, sizeof(path), "/v1/extensions/%s", id);
	as_user(p, "bob"); /* not his */
	assert_portal(p, 404, "DELETE", path, NULL);
	as_user(p, "carol");
	assert_portal(p, 200, "DELETE", path, NULL);
	assert_answer(&p->flow, "\"state\":\"withdrawn\"");
	assert_portal(p, 404, "DELETE", path, NULL);
	assert_portal(p, 200, "GET", "/v1/grants", NULL);
	assert_answer(&p->flow, "\"items\":[]");
	portal_as(p, ELEMENT);
	assert_portal(p, 200, "GET", path, NULL);
	assert_answer(&p->flow, "\"state\":\"withdrawn\"");
	assert_null(strstr(operator_said(&p->flow), "jwt"));
	assert_portal(p, 200, "GET", "/v1/notifications", NULL);
	assert_answer(&p->flow, "extension-withdrawn");
	grant_by_subject(p, 404, subject, "app.example", "");
	assert_answer(&p->flow, "not any more");
	as_user(p, "carol"); /* and may begin anew */
	assert_portal(p, 201, "POST", "/v1/extensions", WISH);
	refuses(p, 409, "POST", "/v1/extensions", WISH, "withdraw that consent first");
	portal_as_operator(p);
	assert_portal(p, 200, "GET", "/v1/notifications", NULL);
	assert_answer(&p->flow, "extension-withdrawn");
}

/* req: B7.6-c */
static void rights_do_not_outlast_the_consent(void **state)
{
	struct portal *p = *state;
	char id[64], subject[64], path[128];

	as_user(p, "carol");
	refuses(p, 400, "POST", "/v1/extensions",
		"{\"client\":\"" CLIENT_2 "\",\"application\":\"app.example\",\"attributes\":[],"
		"\"until\":\"2025-01-01T00:00:00Z\"}",
		"until: it is past already");
	refuses(p, 400, "POST", "/v1/extensions",
		"{\"client\":\"" CLIENT_2 "\",\"application\":\"app.example\",\"attributes\":[],"
		"\"until\":\"2035-01-01T00:00:00Z\"}",
		"365 days at the longest");
	assert_portal(p, 201, "POST", "/v1/extensions",
		"{\"client\":\"" CLIENT_2 "\",\"application\":\"app.example\",\"attributes\":[],"
		"\"until\":\"2026-01-02T00:00:00Z\"}");
	portal_member(p, "id", id, sizeof(id));
	portal_as(p, ELEMENT);
	(void)snprintf(path, sizeof(path), "/v1/extensions/%s", id);
	assert_portal(p, 200, "GET", path, NULL);
	portal_member(p, "subject", subject, sizeof(subject));
	grant_by_subject(p, 200, subject, "app.example", ",\"until\":\"2030-01-01T00:00:00Z\"");
	assert_answer(&p->flow, "\"until\":\"2026-01-02T00:00:00Z\"");
	refuses(p, 400, "PUT", "/v1/grants",
		"{\"subject\":\"x\",\"application\":\"app.example\",\"until\":\"2020-01-01T00:00:"
		"00Z\"}",
		"until: it is past already");
	fake_env_advance(&p->flow.env, INT64_C(3) * 86400 * 1000);
	portal_as(p, ELEMENT);
	assert_portal(p, 200, "GET", path, NULL);
	assert_answer(&p->flow, "\"state\":\"expired\"");
	assert_null(strstr(operator_said(&p->flow), "jwt"));
	grant_by_subject(p, 404, subject, "app.example", "");
	as_user(p, "carol"); /* an expired one is not in the way */
	assert_portal(p, 201, "POST", "/v1/extensions", WISH);
}

/* An ASP reaching for what is another's gets what it would get if that were not there. */
static void an_asp_reaches_its_own_alone(void **state)
{
	struct portal *p = *state;
	char id[64], subject[64], path[128], theirs[512], nobodys[512];

	extend(p, id, subject);
	portal_as(p, ELEMENT_2);
	(void)snprintf(path, sizeof(path), "/v1/extensions/%s", id);
	assert_portal(p, 404, "GET", path, NULL);
	(void)snprintf(theirs, sizeof(theirs), "%s", operator_said(&p->flow));
	assert_portal(p, 404, "GET", "/v1/extensions/0000", NULL);
	(void)snprintf(nobodys, sizeof(nobodys), "%s", operator_said(&p->flow));
	assert_string_equal(theirs, nobodys);
	assert_portal(p, 200, "GET", "/v1/extensions", NULL);
	assert_answer(&p->flow, "\"items\":[]");
	grant_by_subject(p, 404, subject, "app.example", "");
	(void)snprintf(theirs, sizeof(theirs), "%s", operator_said(&p->flow));
	grant_by_subject(p, 404, subject, "nothing.example", "");
	assert_string_equal(theirs, operator_said(&p->flow));
	grant_by_subject(p, 404, subject, "other.example", "");
	(void)snprintf(path, sizeof(path), "/v1/grants?subject=%s&application=app.example", subject);
	assert_portal(p, 404, "DELETE", path, NULL);
	assert_portal(p, 200, "GET", "/v1/grants?application=app.example", NULL);
	assert_answer(&p->flow, "\"items\":[]");
	(void)snprintf(path, sizeof(path), "/v1/extensions/%s/refuse", id);
	assert_portal(p, 404, "POST", path, "{}");
	assert_portal(p, 403, "POST", "/v1/extensions", WISH);
	refuses(p, 400, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT_2 "\",\"application\":\"other.example\"}", "client");
	portal_as(p, ELEMENT); /* untouched */
	grant_by_subject(p, 200, subject, "app.example", "");
}

/* When the consent is over, and not when somebody asks the next time.  req: B10.3 */
static void an_expired_consent_is_marked_and_told(void **state)
{
	struct portal *p = *state;
	char id[64], subject[64], path[128];

	extend(p, id, subject);
	grant_by_subject(p, 200, subject, "app.example", "");
	fake_env_advance(&p->flow.env, p->flow.conf.extension_lifetime - 60 * 1000);
	for (int i = 0; i < 40; i++) {
		loop_turn(p->flow.loop, 1);
	}
	portal_as_operator(p);
	assert_portal(p, 200, "GET", "/v1/extensions", NULL);
	assert_answer(&p->flow, "\"state\":\"provisioned\"");
	assert_answer(&p->flow, id);
	fake_env_advance(&p->flow.env, 66 * 1000);
	for (int i = 0; i < 100; i++) {
		loop_turn(p->flow.loop, 1);
	}
	assert_portal(p, 200, "GET", "/v1/extensions?state=expired",
		NULL); /* as it stands in the row */
	assert_answer(&p->flow, id);
	assert_portal(p, 200, "GET", "/v1/grants?application=app.example", NULL);
	assert_answer(&p->flow, "\"items\":[]");
	assert_portal(p, 200, "GET", "/v1/audit", NULL);
	assert_answer(&p->flow, "extension_expired");
	assert_portal(p, 200, "GET", "/v1/notifications", NULL);
	assert_answer(&p->flow, "extension-expired");
	portal_as(p, ELEMENT);
	assert_portal(p, 200, "GET", "/v1/notifications", NULL);
	assert_answer(&p->flow, "extension-expired");
	(void)snprintf(path, sizeof(path), "/v1/extensions/%s/refuse", id);
	assert_portal(p, 404, "POST", path, "{}");
	as_user(p, "carol");
	assert_portal(p, 200, "GET", "/v1/notifications", NULL);
	assert_answer(&p->flow, "extension-expired");
}

/* What an ASP is told is what the record says now.  req: B9.2.2-a B10.3 */
static void what_was_verified_is_changed(void **state)
{
	struct portal *p = *state;
	char id[64], subject[64];

	portal_as_operator(p);
	assert_portal(p, 200, "PATCH", "/v1/subscribers/carol",
		"{\"claims\":{\"birthdate\":\"1991-02-01\"},\"verified\":\"2025-07-01T00:00:"
		"00Z\"}");
	assert_answer(&p->flow, "Carol Example"); /* stays */
	assert_answer(&p->flow, "\"verification\":\"postpaid\"");
	assert_portal(p, 200, "GET", "/v1/subscribers/carol", NULL);
	assert_answer(&p->flow, "1991-02-01");
	assert_answer(&p->flow, "2025-07-01");
	assert_null(strstr(operator_said(&p->flow), "carol@mail.example"));
	assert_portal(p, 200, "PATCH", "/v1/subscribers/carol",
		"{\"verification\":\"prepaid\",\"name\":\"Carol Other\",\"claims\":{}}");
	assert_portal(p, 200, "GET", "/v1/subscribers/carol", NULL);
	assert_answer(&p->flow, "prepaid");
	assert_answer(&p->flow, "Carol Other");
	assert_null(strstr(operator_said(&p->flow), "1991-02-01"));
	assert_portal(p, 200, "GET", "/v1/audit", NULL);
	assert_answer(&p->flow, "subscriber_change");
	assert_portal(p, 400, "PATCH", "/v1/subscribers/carol", "{}");
	assert_portal(p, 400, "PATCH", "/v1/subscribers/carol", "{\"id\":\"eve\"}");
	assert_portal(p, 400, "PATCH", "/v1/subscribers/carol", "{\"verification\":\"gold\"}");
	assert_portal(p, 400, "PATCH", "/v1/subscribers/carol",
		"{\"claims\":{\"birthdate\":\"31.1.1990\"}}");
	assert_portal(p, 404, "PATCH", "/v1/subscribers/nobody", "{\"name\":\"x\"}");
	extend(p, id, subject);
	as_user(p, "carol");
	assert_portal(p, 403, "PATCH", "/v1/subscribers/carol", "{\"verification\":\"postpaid\"}");
}

/* req: B7.7-e */
static void an_asp_adds_changes_and_deletes_rights(void **state)
{
	struct portal *p = *state;
	char id[64], subject[64], path[128];

	extend(p, id, subject);
	grant_by_subject(p, 200, subject, "app.example", "");
	grant_by_subject(p, 200, subject, "app.example", ",\"until\":\"2026-01-05T00:00:00Z\"");
	assert_answer(&p->flow, "2026-01-05");
	assert_portal(p, 200, "GET", "/v1/grants?application=app.example", NULL);
	assert_answer(&p->flow, subject);
	assert_null(strstr(operator_said(&p->flow), "client"));
	(void)snprintf(path, sizeof(path), "/v1/grants?subject=%s&application=app.example", subject);
	assert_portal(p, 200, "DELETE", path, NULL);
	assert_answer(&p->flow, "{\"sessions\":0}");
	assert_portal(p, 404, "DELETE", path, NULL);
	as_user(p, "carol");
	assert_portal(p, 200, "GET", "/v1/notifications", NULL);
	assert_answer(&p->flow, "right-ended");
	portal_as(p, ELEMENT); /* it refuses altogether */
	(void)snprintf(path, sizeof(path), "/v1/extensions/%s/refuse", id);
	assert_portal(p, 200, "POST", path, "{\"reason\":\"no such service here\"}");
	assert_answer(&p->flow, "\"state\":\"refused\"");
	as_user(p, "carol");
	assert_portal(p, 200, "GET", "/v1/extensions", NULL);
	assert_answer(&p->flow, "no such service here");
}

/* Pages of an ASP go on from a place that tells nothing.  req: B9.4.1-g */
static void a_page_tells_an_asp_no_client(void **state)
{
	struct portal *p = *state;
	char next[512], path[640];

	portal_as_operator(p);
	assert_portal(p, 200, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT_2 "\",\"application\":\"app.example\"}");
	assert_portal(p, 200, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT_3 "\",\"application\":\"app.example\"}");
	portal_as(p, ELEMENT);
	assert_portal(p, 200, "GET", "/v1/grants?application=app.example&limit=1", NULL);
	portal_member(p, "next", next, sizeof(next));
	assert_null(strstr(operator_said(&p->flow), "00101"));
	(void)snprintf(path, sizeof(path), "/v1/grants?application=app.example&limit=1&after=%s",
		next);
	assert_portal(p, 200, "GET", path, NULL);
	assert_null(strstr(operator_said(&p->flow), "next"));
	assert_answer(&p->flow, "subject");
	refuses(p, 400, "GET", "/v1/grants?application=app.example&after=" CLIENT_2, NULL, "after");
}

static void what_a_subscriber_asks_for_is_judged(void **state)
{
	struct portal *p = *state;

	as_user(p, "bob"); /* verified by nobody */
	refuses(p, 403, "POST", "/v1/extensions",
		"{\"client\":\"" BOBS "\",\"application\":\"app.example\",\"attributes\":[]}",
		"10.3/2: your verification is none; prepaid is wanted");
	assert_portal(p, 200, "GET", "/v1/extensions", NULL);
	assert_answer(&p->flow, "\"state\":\"refused\"");
	refuses(p, 404, "POST", "/v1/extensions", WISH, "none of your devices");
	as_user(p, "carol");
	refuses(p, 404, "POST", "/v1/extensions",
		"{\"client\":\"" CLIENT_2
		"\",\"application\":\"nothing.example\",\"attributes\":[]}",
		"application: none is offered");
	refuses(p, 400, "POST", "/v1/extensions",
		"{\"client\":\"" CLIENT_2
		"\",\"application\":\"app.example\",\"attributes\":[\"pin\"]}",
		"attributes: pin is no claim");
	portal_as_operator(p);
	assert_portal(p, 200, "GET", "/v1/extensions", NULL);
	assert_answer(&p->flow, "\"subscriber\":\"bob\"");
}

/* The application's own policy: what it asks for, whom it takes, who administers.  req: B7.7-e B7.7-d */
static void an_application_s_policy_holds(void **state)
{
	struct portal *p = *state;
	char id[64], subject[64];

	as_user(p, "carol");
	refuses(p, 400, "POST", "/v1/extensions",
		"{\"client\":\"" CLIENT_2
		"\",\"application\":\"app.example\",\"attributes\":[\"email\"]}",
		"the application asks for birthdate document name alone");
	refuses(p, 404, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT_2
		"\",\"application\":\"app.example\",\"rights\":[\"admin\"]}",
		"users do not administer");
	extend(p, id, subject);
	portal_as_operator(p);
	assert_portal(p, 200, "PATCH", "/v1/applications/app.example",
		"{\"administrators\":[\"user\"]}");
	refuses(p, 403, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT_2 "\",\"application\":\"app.example\"}", "administrators");
	portal_as(p, ELEMENT);
	grant_by_subject(p, 404, subject, "app.example", "");
	as_user(p, "carol");
	assert_portal(p, 200, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT_2
		"\",\"application\":\"app.example\",\"rights\":[\"read\"]}");
	assert_answer(&p->flow, "\"set_by\":\"subscriber\"");
	refuses(p, 404, "PUT", "/v1/grants",
		"{\"client\":\"" BOBS "\",\"application\":\"app.example\",\"rights\":[\"read\"]}",
		"no such device of yours");
	portal_as_operator(p);
	assert_portal(p, 200, "PATCH", "/v1/applications/app.example",
		"{\"verification\":\"postpaid\",\"published\":false}");
	as_user(p, "bob");
	refuses(p, 404, "POST", "/v1/extensions",
		"{\"client\":\"" BOBS "\",\"application\":\"app.example\",\"attributes\":[]}",
		"none is offered");
}

/* ---- delegation ---- */

#define DELEGATE(from, to, more)                                                                   \
	"{\"from\":\"" from "\",\"to\":\"" to "\",\"application\":\"app.example\"" more "}"

/* req: B9.2.2-h */
static void a_right_is_delegated_and_ends_with_its_source(void **state)
{
	struct portal *p = *state;

	portal_as_operator(p);
	assert_portal(p, 200, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT_2 "\",\"application\":\"app.example\",\"rights\":[\"read\","
		"\"write\"],\"until\":\"2026-06-01T00:00:00Z\"}");
	as_user(p, "carol");
	assert_portal(p, 201, "POST", "/v1/delegations",
		DELEGATE(CLIENT_2, CLIENT_3, ",\"rights\":[\"read\"]"));
	assert_answer(&p->flow, "\"delegated_from\":\"" CLIENT_2 "\"");
	assert_answer(&p->flow, "\"until\":\"2026-06-01T00:00:00Z\"");
	assert_answer(&p->flow, "\"set_by\":\"subscriber\"");
	assert_portal(p, 200, "GET", "/v1/delegations", NULL);
	assert_answer(&p->flow, CLIENT_3);
	portal_as_operator(p); /* it is cut as its source is */
	assert_portal(p, 200, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT_2
		"\",\"application\":\"app.example\",\"rights\":[\"read\"],"
		"\"until\":\"2026-03-01T00:00:00Z\"}");
	assert_portal(p, 200, "GET", "/v1/grants?client=" CLIENT_3, NULL);
	assert_answer(&p->flow, "\"until\":\"2026-03-01T00:00:00Z\"");
	assert_portal(p, 200, "DELETE", "/v1/grants?client=" CLIENT_2 "&application=app.example",
		NULL);
	assert_portal(p, 200, "GET", "/v1/grants?client=" CLIENT_3, NULL);
	assert_answer(&p->flow, "\"items\":[]");
}

/* req: B9.2.2-h */
static void a_delegation_is_ended_by_itself(void **state)
{
	struct portal *p = *state;

	portal_as_operator(p);
	assert_portal(p, 200, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT_2 "\",\"application\":\"app.example\"}");
	as_user(p, "carol");
	assert_portal(p, 201, "POST", "/v1/delegations", DELEGATE(CLIENT_2, CLIENT_3, ""));
	as_user(p, "bob");
	assert_portal(p, 404, "DELETE", "/v1/delegations?to=" CLIENT_3 "&application=app.example",
		NULL);
	as_user(p, "carol");
	assert_portal(p, 204, "DELETE", "/v1/delegations?to=" CLIENT_3 "&application=app.example",
		NULL);
	assert_portal(p, 404, "DELETE", "/v1/delegations?to=" CLIENT_2 "&application=app.example",
		NULL);
	assert_portal(p, 200, "GET", "/v1/grants", NULL);
	assert_answer(&p->flow, CLIENT_2); /* which stays */
	assert_portal(p, 200, "DELETE", "/v1/grants?client=" CLIENT_2 "&application=app.example",
		NULL);
}

static void what_is_not_to_be_delegated(void **state)
{
	struct portal *p = *state;

	portal_as_operator(p);
	assert_portal(p, 200, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT_2
		"\",\"application\":\"app.example\",\"rights\":[\"read\"]}");
	as_user(p, "carol");
	refuses(p, 404, "POST", "/v1/delegations", DELEGATE(CLIENT_2, BOBS, ""),
		"to: no such device of the same user");
	refuses(p, 404, "POST", "/v1/delegations", DELEGATE(BOBS, CLIENT_3, ""),
		"from: no such device of this user");
	refuses(p, 403, "POST", "/v1/delegations",
		DELEGATE(CLIENT_2, CLIENT_3, ",\"rights\":[\"admin\"]"), "rights: more than");
	refuses(p, 400, "POST", "/v1/delegations", DELEGATE(CLIENT_2, CLIENT_2, ""), "to: the same");
	refuses(p, 404, "POST", "/v1/delegations", DELEGATE(CLIENT_3, CLIENT_2, ""),
		"it may not use this application");
	assert_portal(p, 201, "POST", "/v1/delegations", DELEGATE(CLIENT_2, CLIENT_3, ""));
	refuses(p, 409, "POST", "/v1/delegations", DELEGATE(CLIENT_3, CLIENT_2, ""),
		"which is not handed on");
	portal_as_operator(p);
	refuses(p, 404, "POST", "/v1/delegations", DELEGATE(CLIENT_2, BOBS, ""),
		"to: no such device of the same user");
	assert_portal(p, 200, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT_3 "\",\"application\":\"app.example\"}");
	refuses(p, 409, "POST", "/v1/delegations", DELEGATE(CLIENT_2, CLIENT_3, ""),
		"to: it has a right of its own");
	portal_as(p, ELEMENT);
	assert_portal(p, 403, "POST", "/v1/delegations", DELEGATE(CLIENT_2, CLIENT_3, ""));
}

/* ---- policy ---- */

static void operators_decide_where_policy_says_so(void **state)
{
	struct portal *p = &the_portal;
	char id[64], path[128];

	(void)state;
	open_with("  approval: operator\n  devices: identified\n  verification: postpaid\n");
	as_user(p, "carol");
	refuses(p, 403, "POST", "/v1/extensions", WISH, "10.3/2: of this device no identity");
	portal_as_operator(p);
	assert_portal(p, 204, "DELETE", "/v1/devices/" CLIENT_2, NULL);
	assert_portal(p, 201, "POST", "/v1/devices",
		"{\"client\":\"" CLIENT_2 "\",\"subscriber\":\"carol\",\"device\":"
		"\"urn:gsma:imei:49015420-323751-8\",\"k\":\"" OPERATOR_K
		"\",\"opc\":\"" OPERATOR_OPC "\"}");
	as_user(p, "carol");
	assert_portal(p, 201, "POST", "/v1/extensions", WISH);
	assert_answer(&p->flow, "\"state\":\"requested\"");
	portal_member(p, "id", id, sizeof(id));
	portal_as(p, ELEMENT); /* sees that there is one, and not yet what */
	(void)snprintf(path, sizeof(path), "/v1/extensions/%s", id);
	assert_portal(p, 200, "GET", path, NULL);
	assert_null(strstr(operator_said(&p->flow), "jwt"));
	(void)snprintf(path, sizeof(path), "/v1/extensions/%s/approve", id);
	assert_portal(p, 403, "POST", path, "{}");
	portal_as_operator(p);
	assert_portal(p, 200, "POST", path, "{}");
	assert_portal(p, 404, "POST", path, "{}");
	portal_as(p, ELEMENT);
	assert_portal(p, 200, "GET", "/v1/extensions?state=extended", NULL);
	assert_answer(&p->flow, "jwt");
	void *opened = p;

	assert_int_equal(close_portal(&opened), 0);
}

static void without_a_key_trust_is_not_extended(void **state)
{
	struct portal *p = &the_portal;

	(void)state;
	portal_start(p, "");
	operator_provision(&p->flow);
	assert_portal(p, 200, "PUT", "/v1/subscribers/alice/account",
		"{\"password\":\"" PASSWORD "\"}");
	as_user(p, "alice");
	refuses(p, 404, "POST", "/v1/extensions",
		"{\"client\":\"" CLIENT "\",\"application\":\"app.example\",\"attributes\":[]}",
		"extension.key is not configured");
	portal_stop(p);
}

#define WITH_PORTAL(name) cmocka_unit_test_setup_teardown(name, open_portal, close_portal)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PORTAL(trust_is_extended_step_by_step),
		WITH_PORTAL(withdrawn_consent_ends_the_permission),
		WITH_PORTAL(rights_do_not_outlast_the_consent),
		WITH_PORTAL(an_asp_reaches_its_own_alone),
		WITH_PORTAL(an_expired_consent_is_marked_and_told),
		WITH_PORTAL(what_was_verified_is_changed),
		WITH_PORTAL(an_asp_adds_changes_and_deletes_rights),
		WITH_PORTAL(a_page_tells_an_asp_no_client),
		WITH_PORTAL(what_a_subscriber_asks_for_is_judged),
		WITH_PORTAL(an_application_s_policy_holds),
		WITH_PORTAL(a_right_is_delegated_and_ends_with_its_source),
		WITH_PORTAL(a_delegation_is_ended_by_itself),
		WITH_PORTAL(what_is_not_to_be_delegated),
		TEST(operators_decide_where_policy_says_so),
		TEST(without_a_key_trust_is_not_extended),
	};

	return RUN_TESTS(tests);
}
