// SPDX-License-Identifier: Apache-2.0
/* Who may ask a registry: enrolment, challenge, and all that does not get past it.
 * req: R9.3-i-a R9.3-iii R9.1-iv R7-i-a */
#include "test.h"

#include "base/text.h"
#include "enquirer.h"
#include "wire/vouched_parties.h"

static struct registry_flow flow;

static int set_up_with(void **state, const char *more)
{
	static struct enquirer q;

	enquirer_start(&q, &flow, more);
	*state = &q;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, "enquiry: {failures: 3}\n");
}

static int set_up_open(void **state)
{
	return set_up_with(state, "enquiry: {approve: [enquirer], rate: 2, enrolments: 3}\n");
}

static int tear_down(void **state)
{
	enquirer_stop(*state);
	return 0;
}

static void own_target(const struct enquirer *q, char ret[128])
{
	(void)snprintf(ret, 128, "/v1/parties/%s", q->id);
}

/* ---- enrolment ---- */

static void a_party_is_heard_when_it_is_approved(void **state)
{
	struct enquirer *q = *state;
	char target[128];

	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 202);
	assert_non_null(strstr(enquirer_said(q), "\"state\":\"pending\""));
	own_target(q, target);
	assert_enquiry(q, 401, "GET", target, NULL);
	enquirer_approve(q, "approved");
	assert_enquiry(q, 200, "GET", target, NULL);
	assert_non_null(strstr(enquirer_said(q), "customs@port.example"));
	enquirer_approve(q, "suspended");
	assert_enquiry(q, 401, "GET", target, NULL);
	enquirer_approve(q, "approved");
	assert_enquiry(q, 200, "GET", target, NULL);
	assert_enquiry(q, 404, "GET", "/v1/parties/somebody-else", NULL);
}

static unsigned ask_as_if_for(struct enquirer *q, const char *host, const char *target)
{
	struct request_signature signature;
	struct http_field fields[4] = {{view_text("Host"), view_text(host)}};
	char nonce[HTTP_SIGNATURE_NAME];

	assert_int_equal(enquirer_send(q, "GET", target, NULL, fields, 1), 401);
	(void)strcpy(nonce, q->nonce);
	const struct request_to_sign request = {
		.method = "GET",
		.authority = view_text(host),
		.target = view_text(target),
		.tag = REQUEST_ENQUIRY_TAG,
		.nonce = nonce,
		.now = env_wall(&q->r->env.env),
	};

	assert_ok(request_sign(q->key, &request, &signature));
	memcpy(fields + 1, signature.fields, signature.count * sizeof(fields[0]));
	return enquirer_send(q, "GET", target, NULL, fields, 1 + signature.count);
}

/* Whoever is asked could hand a challenge of this registry on, and bring here what was signed for itself. */
static void what_was_signed_for_another_host_is_not_taken(void **state)
{
	struct enquirer *q = *state;
	char target[128];

	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 202);
	enquirer_approve(q, "approved");
	own_target(q, target);
	assert_int_equal(ask_as_if_for(q, ENQUIRER_HOST, target), 200);
	assert_int_equal(ask_as_if_for(q, ENQUIRER_HOST ":8443", target), 200);
	assert_int_equal(ask_as_if_for(q, "other.example", target), 401);
	assert_int_equal(ask_as_if_for(q, "[::1]:443", target), 401);
}

static void tell_of(const struct enquirer *q, const char *id, const char *tlp)
{
	char body[256];

	(void)snprintf(body, sizeof(body),
		"{\"id\":\"%s\",\"title\":\"t\",\"make\":\"Acme\",\"model\":\"X1\",\"release_at\":"
		"0,"
		"\"tlp\":\"%s\"}",
		id, tlp);
	assert_registry(q->r, 201, "POST", "/v1/vulnerabilities", body);
}

/* Nor that it is there: a page ends with what is in it.  req: R7-b */
static void a_secret_vulnerability_is_no_place_in_a_list(void **state)
{
	struct enquirer *q = *state;

	tell_of(q, "a", "red");
	tell_of(q, "b", "white");
	tell_of(q, "c", "amber");
	assert_int_equal(enquirer_send(q, "GET", "/v1/vulnerabilities?limit=1", NULL, NULL, 0), 200);
	assert_non_null(strstr(enquirer_said(q), "\"id\":\"told:uid 0:b\""));
	assert_null(strstr(enquirer_said(q), "next"));
	assert_registry(q->r, 200, "GET", "/v1/vulnerabilities?limit=2", NULL);
	assert_registry_said(q->r, "\"id\":\"told:uid 0:a\"");
	assert_registry_said(q->r, "\"next\":\"told:uid 0:b\"");
}

static void one_that_is_removed_is_forgotten(void **state)
{
	struct enquirer *q = *state;
	char target[128];

	assert_int_equal(enquirer_enrol(q, "[\"enquirer\",\"manufacturer\"]"), 202);
	enquirer_approve(q, "approved");
	enquirer_approve(q, "removed");
	own_target(q, target);
	assert_enquiry(q, 401, "GET", target, NULL);
	assert_registry(q->r, 200, "GET", target, NULL);
	assert_null(strstr(registry_said(q->r), "port.example"));
	assert_registry_said(q->r, "\"make\":\"Aeotec\"");
	(void)strcat(target, "/state");
	assert_registry(q->r, 409, "PUT", target, "{\"state\":\"approved\"}");
	assert_registry(q->r, 404, "PUT", "/v1/parties/nobody/state", "{\"state\":\"approved\"}");
	assert_registry(q->r, 400, "PUT", target, "{\"state\":\"pending\"}");
}

/* What they are called is in no record of the log, and not in the database as it stands. */
static void the_log_does_not_say_who_it_is(void **state)
{
	struct enquirer *q = *state;
	BUF_CLEANUP struct buf database = buf_growing(0);
	char path[128];

	assert_int_equal(enquirer_enrol(q, "[\"agency\"]"), 202);
	assert_registry(q->r, 200, "GET", "/v1/parties", NULL);
	assert_registry_said(q->r, "Port of Example");
	(void)snprintf(path, sizeof(path), "%s/registry.db", q->r->dir);
	assert_ok(text_read_file(path, 64 << 20, &database));
	assert_null(memmem(database.data, database.len, "port.example", 12));
}

static void policy_approves_roles(void **state)
{
	struct enquirer *q = *state;

	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 201);
	assert_int_equal(enquirer_enrol(q, "[\"enquirer\",\"agency\"]"), 202);
	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 201);
	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 429);
}

static void an_enrolment_is_signed_with_its_key(void **state)
{
	struct enquirer *q = *state;
	JOSE_KEY_CLEANUP struct jose_key *other = NULL;
	BUF_CLEANUP struct buf body = buf_growing(4096);
	struct json_writer w = json_to(&body);

	assert_ok(jose_key_make(JOSE_EDDSA, &q->key));
	assert_ok(jose_key_make(JOSE_EDDSA, &other));
	json_open(&w, NULL);
	assert_ok(jose_key_write_jwk(q->key, &w, "key"));
	json_put_string(&w, "name", "n");
	json_put_string(&w, "contact", "c");
	json_put_string(&w, "purpose", "p");
	json_open_array(&w, "roles");
	json_put_string(&w, NULL, "enquirer");
	json_close_array(&w);
	json_close(&w);
	const char *text = buf_string(&body);

	assert_int_equal(enquirer_send(q, "POST", "/v1/parties", text, NULL, 0), 401);
	assert_int_equal(enquirer_send_signed(q, other, "POST", "/v1/parties", text,
				 REQUEST_ENROLMENT_TAG, NULL),
		401);
	assert_int_equal(enquirer_send_signed(q, q->key, "POST", "/v1/parties", text,
				 REQUEST_ENQUIRY_TAG, NULL),
		401);
	assert_int_equal(enquirer_send_signed(q, q->key, "POST", "/v1/parties", text,
				 REQUEST_ENROLMENT_TAG, NULL),
		202);
	assert_int_equal(enquirer_send_signed(q, q->key, "POST", "/v1/parties", text,
				 REQUEST_ENROLMENT_TAG, NULL),
		409);
}

/* ---- bad input ---- */

static unsigned ask_over(struct enquirer *q, const struct jose_key *key, const char *nonce)
{
	char target[128];

	own_target(q, target);
	return enquirer_send_signed(q, key, "GET", target, NULL, REQUEST_ENQUIRY_TAG, nonce);
}

static void take_nonce(struct enquirer *q, char ret[HTTP_SIGNATURE_NAME])
{
	assert_int_equal(enquirer_send(q, "GET", "/v1/parties/x", NULL, NULL, 0), 401);
	memcpy(ret, q->nonce, HTTP_SIGNATURE_NAME);
}

static void a_stale_nonce_brings_a_fresh_one(void **state)
{
	struct enquirer *q = *state;
	char nonce[HTTP_SIGNATURE_NAME];

	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 202);
	enquirer_approve(q, "approved");
	take_nonce(q, nonce);
	assert_int_equal(ask_over(q, q->key, nonce), 200);
	assert_int_equal(ask_over(q, q->key, nonce), 401); /* used */
	assert_non_null(strstr(enquirer_said(q), "not fresh"));
	assert_string_not_equal(q->nonce, nonce);
	take_nonce(q, nonce);
	fake_env_advance(&q->r->env, 61 * 1000);
	assert_int_equal(ask_over(q, q->key, nonce), 401); /* too old */
	memcpy(nonce, q->nonce, sizeof(nonce));
	assert_int_equal(ask_over(q, q->key, nonce), 200);
}

/* Nothing tells a key that is not known from a wrong signature. */
static void a_wrong_key_and_an_unknown_one_look_alike(void **state)
{
	struct enquirer *q = *state;
	JOSE_KEY_CLEANUP struct jose_key *stranger = NULL;
	char nonce[HTTP_SIGNATURE_NAME], said[512];

	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 202);
	assert_ok(jose_key_make(JOSE_ES256, &stranger));
	take_nonce(q, nonce);
	assert_int_equal(ask_over(q, stranger, nonce), 401); /* unknown */
	(void)snprintf(said, sizeof(said), "%s", enquirer_said(q));
	memcpy(nonce, q->nonce, sizeof(nonce));
	assert_int_equal(ask_over(q, q->key, nonce), 401); /* known, not approved */
	assert_string_equal(enquirer_said(q), said);
}

static void too_many_tries_are_refused_for_a_while(void **state)
{
	struct enquirer *q = *state;
	JOSE_KEY_CLEANUP struct jose_key *stranger = NULL;
	char nonce[HTTP_SIGNATURE_NAME];

	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 202);
	enquirer_approve(q, "approved");
	assert_ok(jose_key_make(JOSE_ES256, &stranger));
	for (int i = 0; i < 3; i++) {
		take_nonce(q, nonce);
		assert_int_equal(ask_over(q, stranger, nonce), 401);
	}
	take_nonce(q, nonce);
	assert_int_equal(ask_over(q, stranger, nonce), 429);
	/* From the same address nobody else gets through either. */
	assert_int_equal(ask_over(q, q->key, nonce), 429);
	fake_env_advance(&q->r->env, 60 * 1000);
	take_nonce(q, nonce);
	assert_int_equal(ask_over(q, q->key, nonce), 200);
}

static void a_party_has_a_rate(void **state)
{
	struct enquirer *q = *state;
	char target[128];

	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 201);
	own_target(q, target);
	assert_enquiry(q, 200, "GET", target, NULL);
	assert_enquiry(q, 200, "GET", target, NULL);
	assert_enquiry(q, 429, "GET", target, NULL);
	fake_env_advance(&q->r->env, 60 * 1000);
	assert_enquiry(q, 200, "GET", target, NULL);
}

/* A signature over another request, or that is not of now. */
static void a_signature_is_for_one_request_and_of_now(void **state)
{
	struct enquirer *q = *state;
	struct request_signature signature;
	char nonce[HTTP_SIGNATURE_NAME], target[128];

	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 202);
	enquirer_approve(q, "approved");
	own_target(q, target);
	struct request_to_sign request = {
		.method = "GET",
		.authority = view_text(ENQUIRER_HOST),
		.target = view_text("/v1/parties/another"),
		.tag = REQUEST_ENQUIRY_TAG,
		.nonce = nonce,
		.now = env_wall(&q->r->env.env),
	};

	take_nonce(q, nonce);
	assert_ok(request_sign(q->key, &request, &signature));
	assert_int_equal(enquirer_send(q, "GET", target, NULL, signature.fields, signature.count),
		401);
	memcpy(nonce, q->nonce, sizeof(nonce));
	request.target = view_text(target);
	request.now -= 3600;
	assert_ok(request_sign(q->key, &request, &signature));
	assert_int_equal(enquirer_send(q, "GET", target, NULL, signature.fields, signature.count),
		401);
	assert_enquiry(q, 200, "GET", target, NULL);
}

/* ---- whom devices may answer ---- */

static void the_registry_vouches_for_those_who_may_ask(void **state)
{
	struct enquirer *q = *state;
	const struct jose_key *key = q->r->registry.answer_key;
	const int64_t now = env_wall(&q->r->env.env);
	struct vouched vouched;

	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 202);
	assert_int_equal(enquirer_send(q, "GET", "/v1/vouched-parties", NULL, NULL, 0), 200);
	assert_string_equal(q->type, VOUCHED_MEDIA);
	assert_ok(vouched_verify(&key, 1, buf_contents(&q->body), now, &vouched));
	assert_int_equal(vouched.count, 0);
	vouched_free(&vouched);
	enquirer_approve(q, "approved");
	assert_int_equal(enquirer_send(q, "GET", "/v1/vouched-parties", NULL, NULL, 0), 200);
	assert_ok(vouched_verify(&key, 1, buf_contents(&q->body), now, &vouched));
	assert_string_equal(vouched.registry, "IN.TEL.P01");
	assert_non_null(vouched_key(&vouched, view_text(q->id)));
	assert_null(vouched_key(&vouched, view_text("nobody")));
	vouched_free(&vouched);
	assert_err(ERR_EXPIRED,
		vouched_verify(&key, 1, buf_contents(&q->body), now + 3600, &vouched));
}

#define WITH(name, open) cmocka_unit_test_setup_teardown(name, open, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(a_party_is_heard_when_it_is_approved, set_up),
		WITH(what_was_signed_for_another_host_is_not_taken, set_up),
		WITH(a_secret_vulnerability_is_no_place_in_a_list, set_up),
		WITH(one_that_is_removed_is_forgotten, set_up),
		WITH(the_log_does_not_say_who_it_is, set_up),
		WITH(policy_approves_roles, set_up_open),
		WITH(an_enrolment_is_signed_with_its_key, set_up),
		WITH(a_stale_nonce_brings_a_fresh_one, set_up),
		WITH(a_wrong_key_and_an_unknown_one_look_alike, set_up),
		WITH(too_many_tries_are_refused_for_a_while, set_up),
		WITH(a_party_has_a_rate, set_up_open),
		WITH(a_signature_is_for_one_request_and_of_now, set_up),
		WITH(the_registry_vouches_for_those_who_may_ask, set_up),
	};

	return RUN_TESTS(tests);
}
