// SPDX-License-Identifier: Apache-2.0
/* RP_D with HTTP Digest: what a device proves in each request, and what is proved to it. */
#include "test.h"

#include "authz/sessions.h"
#include "base/log.h"
#include "base/text.h"
#include "gateway.h"
#include "wire/digest.h"

#include <stdio.h>
#include <string.h>

#define SPACE  "3GPP-bootstrapping@" FRONT_DIGEST
#define CNONCE "0a4f113b"

static struct front the_front;

/* A device's connection, and how it proves itself there. */
struct client {
	struct visit v;
	char nonce[64];
	unsigned nc;
	const char *qop, *target, *method, *body;
	enum digest_algorithm algorithm;
	struct secret password;
	const char *username; /* NULL: the token's id */
	char response[DIGEST_HEX + 1];
};

static int open_with(void **state, const char *more)
{
	log_open(2, "test", LOG_ERROR);
	front_open(&the_front, more);
	*state = &the_front;
	return 0;
}

static int set_up(void **state)
{
	return open_with(state, "rp_d: {idle: 24h, request: 1h}\n"
				"digest: {nonce: 1m, nonces: 2, failures: 5, answer: 64KiB}\n");
}

static int set_up_md5(void **state)
{
	return open_with(state, "rp_d: {idle: 24h}\ndigest: {md5: true}\n");
}

static int tear_down(void **state)
{
	front_close(*state);
	return 0;
}

static void come(struct client *c, struct front *t)
{
	const struct tls_files files = {.authority = t->f.ca.authority};
	struct ident id;
	struct tls *tls;
	SECRET(key);

	*c = (struct client){.qop = "auth",
		.target = "/",
		.method = "GET",
		.body = "",
		.algorithm = DIGEST_SHA256};
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FRONT_DIGEST), &id));
	assert_ok(symdev_token_key(&se_soft_ops, t->se, &t->token, &id, UA_TLS12(0x1301), &key));
	assert_ok(digest_password_of_key(&key, &c->password));
	assert_ok(tls_client(&files, &tls));
	visit_open(&c->v, t, tls, FRONT_DIGEST);
	assert_true(c->v.ready);
}

static void leave(struct client *c)
{
	visit_close(&c->v);
}

static void until_answered(struct client *c)
{
	visit_expect(&c->v, "\r\n\r\n");
	front_settle(c->v.t);
}

/* The value of a parameter in what came. */
static void take(struct client *c, const char *before, char *ret, size_t room)
{
	const char *found = strstr(buf_string(&c->v.got), before);

	assert_non_null(found);
	found += strlen(before);
	assert_ok(text_copy(ret, room, view_of(found, strcspn(found, "\"")), "test"));
}

static void ask_plainly(struct client *c)
{
	buf_clear(&c->v.got);
	visit_send(&c->v, "GET / HTTP/1.1\r\nHost: " FRONT_DIGEST "\r\n\r\n");
	until_answered(c);
	take(c, "nonce=\"", c->nonce, sizeof(c->nonce));
	c->nc = 0;
}

static struct digest_input input_of(struct client *c, struct front *t, const char *nc)
{
	return (struct digest_input){.algorithm = c->algorithm,
		.qop = strcmp(c->qop, "auth") == 0 ? DIGEST_AUTH : DIGEST_AUTH_INT,
		.username = view_text(c->username ? c->username : t->token.id),
		.realm = view_text(SPACE),
		.nonce = view_text(c->nonce),
		.nc = view_text(nc),
		.cnonce = view_text(CNONCE),
		.method = view_text(c->method),
		.uri = view_text(c->target),
		.body = view_text(c->body),
		.password = &c->password};
}

static void send_credentials(struct client *c, struct front *t)
{
	BUF_CLEANUP struct buf out = buf_growing(8192);
	char nc[9];

	(void)snprintf(nc, sizeof(nc), "%08x", c->nc);
	const struct digest_input input = input_of(c, t, nc);

	assert_ok(digest_response(&input, c->response));
	buf_printf(&out,
		"%s %s HTTP/1.1\r\nHost: " FRONT_DIGEST "\r\nContent-Length: %zu\r\nAuthorization: "
		"Digest username=\"%s\", realm=\"" SPACE "\", nonce=\"%s\", uri=\"%s\", qop=%s, "
		"nc=%s, cnonce=\"" CNONCE "\", response=\"%s\", algorithm=%s\r\n\r\n%s",
		c->method, c->target, strlen(c->body), c->username ? c->username : t->token.id,
		c->nonce, c->target, c->qop, nc, c->response, digest_algorithm_name(c->algorithm),
		c->body);
	buf_clear(&c->v.got);
	visit_send(&c->v, buf_string(&out));
}

static void show(struct client *c, struct front *t)
{
	send_credentials(c, t);
	until_answered(c);
}

static void prove(struct client *c, struct front *t)
{
	c->nc++;
	show(c, t);
}

/* The answer's proof, over this body, in this quality. */
static void check_proof(struct client *c, struct front *t, const char *qop, struct view body)
{
	char nc[9], wanted[32];

	(void)snprintf(nc, sizeof(nc), "%08x", c->nc);
	(void)snprintf(wanted, sizeof(wanted), "qop=%s\r\n", qop);
	visit_expect(&c->v, wanted);
	struct digest_input input = input_of(c, t, nc);
	char expected[DIGEST_HEX + 1], got[DIGEST_HEX + 1];

	input.qop = strcmp(qop, "auth") == 0 ? DIGEST_AUTH : DIGEST_AUTH_INT;
	input.body = body;
	assert_ok(digest_rspauth(&input, expected));
	take(c, "rspauth=\"", got, sizeof(got));
	assert_string_equal(got, expected);
}

/* req: B7.6-d B7.6-e B9.6.4-b B9.6.4-c B9.5-b */
static void a_device_proves_its_token(void **state)
{
	struct front *t = *state;
	struct client c;

	come(&c, t);
	ask_plainly(&c);
	visit_expect(&c.v, "HTTP/1.1 401 ");
	visit_expect(&c.v, "Digest realm=\"" SPACE "\"");
	assert_null(strstr(buf_string(&c.v.got), "stale"));
	assert_int_equal(t->behind.requests, 0);
	prove(&c, t);
	visit_expect(&c.v, "HTTP/1.1 200 ");
	check_proof(&c, t, "auth", view_text("hello"));
	assert_int_equal(t->behind.requests, 1);
	assert_null(strcasestr(t->behind.fields, "Authorization"));
	assert_non_null(strstr(t->behind.fields, "Symbolon-Application: " FRONT_DIGEST));
	c.target = "/other?x=1";
	prove(&c, t);
	visit_expect(&c.v, "hello");
	assert_string_equal(t->behind.target, "/other?x=1");
	leave(&c);
}

/* qop=auth-int: the request's body is in the response, and the answer's in its proof. */
static void bodies_are_proved(void **state)
{
	struct front *t = *state;
	struct client c;

	come(&c, t);
	ask_plainly(&c);
	c.qop = "auth-int";
	c.method = "POST";
	c.body = "what the device says";
	prove(&c, t);
	visit_expect(&c.v, "HTTP/1.1 200 ");
	check_proof(&c, t, "auth-int", view_text("hello"));
	assert_string_equal(t->behind.body, c.body);
	leave(&c);
}

/* More than is held back goes on as it comes, and is proved without its body. */
static void a_long_answer_is_not_held(void **state)
{
	struct front *t = *state;
	struct client c;

	for (int chunked = 0; chunked < 2; chunked++) {
		come(&c, t);
		ask_plainly(&c);
		c.qop = "auth-int";
		t->behind.length = 300000;
		t->behind.sent = 0;
		t->behind.chunked = chunked;
		prove(&c, t);
		check_proof(&c, t, "auth", (struct view){0});
		for (int i = 0; i < 3000 && c.v.got.len < 300000; i++) {
			loop_turn(t->f.loop, 1);
		}
		assert_true(c.v.got.len > 300000);
		leave(&c);
	}
	t->behind.length = 0;
	t->behind.chunked = false;
}

/* req: B9.6.4-c */
static void a_count_is_not_taken_twice(void **state)
{
	struct front *t = *state;
	struct client c;

	come(&c, t);
	ask_plainly(&c);
	prove(&c, t);
	visit_expect(&c.v, "HTTP/1.1 200 ");
	show(&c, t);
	visit_expect(&c.v, "HTTP/1.1 401 ");
	visit_expect(&c.v, "stale=true");
	assert_int_equal(t->behind.requests, 1);
	c.nc = 7;
	show(&c, t);
	visit_expect(&c.v, "HTTP/1.1 200 ");
	leave(&c);
}

/* An aged nonce with the right password: no new token is needed, only another nonce. */
static void a_nonce_ages(void **state)
{
	struct front *t = *state;
	struct client c;

	come(&c, t);
	ask_plainly(&c);
	front_advance(t, 59000);
	prove(&c, t);
	visit_expect(&c.v, "HTTP/1.1 200 ");
	front_advance(t, 1000);
	prove(&c, t);
	visit_expect(&c.v, "HTTP/1.1 401 ");
	visit_expect(&c.v, "stale=true");
	take(&c, "nonce=\"", c.nonce, sizeof(c.nonce));
	prove(&c, t);
	visit_expect(&c.v, "HTTP/1.1 200 ");
	(void)strcpy(c.nonce, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	prove(&c, t);
	visit_expect(&c.v, "stale=true");
	assert_int_equal(t->behind.requests, 2);
	leave(&c);
}

/* More nonces than are remembered: the first is stale, not taken anew. */
static void many_nonces_take_no_more_room(void **state)
{
	struct front *t = *state;
	struct client c;
	char first[64];

	come(&c, t);
	for (int i = 0; i < 3; i++) {
		ask_plainly(&c);
		if (i == 0) {
			memcpy(first, c.nonce, sizeof(first));
		}
		prove(&c, t);
		visit_expect(&c.v, "HTTP/1.1 200 ");
		fake_env_advance(&t->f.env, 10);
	}
	memcpy(c.nonce, first, sizeof(first));
	prove(&c, t);
	visit_expect(&c.v, "stale=true");
	leave(&c);
}

/* req: B9.5-b */
static void a_wrong_key_is_refused_and_guessing_slowed(void **state)
{
	struct front *t = *state;
	struct client c;

	come(&c, t);
	ask_plainly(&c);
	c.password.bytes[0] ^= 1;
	for (int i = 0; i < 5; i++) {
		prove(&c, t);
		visit_expect(&c.v, "HTTP/1.1 401 ");
		assert_null(strstr(buf_string(&c.v.got), "stale"));
	}
	c.password.bytes[0] ^= 1;
	prove(&c, t);
	visit_expect(&c.v, "HTTP/1.1 429 ");
	visit_expect(&c.v, "Retry-After: ");
	ask_plainly(&c); /* which costs nothing */
	visit_expect(&c.v, "HTTP/1.1 401 ");
	front_advance(t, 60000);
	ask_plainly(&c);
	prove(&c, t);
	visit_expect(&c.v, "HTTP/1.1 200 ");
	assert_int_equal(t->behind.requests, 1);
	leave(&c);
}

static void an_unknown_token_is_refused(void **state)
{
	struct front *t = *state;
	struct client c;

	come(&c, t);
	ask_plainly(&c);
	c.username = "AAAAAAAAAAAAAAAAAAAAAA==@" FLOW_AUTHN;
	prove(&c, t);
	visit_expect(&c.v, "HTTP/1.1 401 ");
	c.username = "nobody";
	prove(&c, t);
	visit_expect(&c.v, "HTTP/1.1 401 ");
	assert_int_equal(t->behind.requests, 0);
	leave(&c);
}

static void what_does_not_fit_is_named(void **state)
{
	static const struct {
		const char *header, *status, *says;
	} rows[] = {
		{"Digest", "400", "Authorization: username is missing"},
		{"Bearer abc", "400", "the scheme is not Digest"},
		{"Digest username=\"a\", realm=\"" SPACE
		 "\", nonce=\"b\", uri=\"/\", response=\"\"",
			"400", "response"},
		{"Digest username=\"a\", realm=\"" SPACE "\", nonce=\"b\", uri=\"/x\", qop=auth, "
		 "nc=00000001, cnonce=\"c\", algorithm=SHA-256, "
		 "response=\"17d81d817de874f0a661ea8e4d8474c217d81d817de874f0a661ea8e4d8474c2\"",
			"400", "RFC 7616 3.4.6"},
		{"Digest username=\"a\", realm=\"3GPP-bootstrapping@other.example\", nonce=\"b\", "
		 "uri=\"/\", qop=auth, nc=00000001, cnonce=\"c\", algorithm=SHA-256, "
		 "response=\"17d81d817de874f0a661ea8e4d8474c217d81d817de874f0a661ea8e4d8474c2\"",
			"401", "another realm"},
		{"Digest username=\"a\", realm=\"" SPACE "\", nonce=\"b\", uri=\"/\", qop=auth, "
		 "nc=00000001, cnonce=\"c\", response=\"17d81d817de874f0a661ea8e4d8474c2\"",
			"401", "MD5 is not offered"},
	};
	struct front *t = *state;
	struct client c;

	come(&c, t);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char request[1024], status[32];

		(void)snprintf(request, sizeof(request),
			"GET / HTTP/1.1\r\nHost: " FRONT_DIGEST "\r\nAuthorization: %s\r\n\r\n",
			rows[i].header);
		(void)snprintf(status, sizeof(status), "HTTP/1.1 %s ", rows[i].status);
		buf_clear(&c.v.got);
		visit_send(&c.v, request);
		until_answered(&c);
		visit_expect(&c.v, status);
		visit_expect(&c.v, rows[i].says);
	}
	assert_int_equal(t->behind.requests, 0);
	leave(&c);
}

static void md5_where_it_is_configured(void **state)
{
	struct front *t = *state;
	struct client c;

	come(&c, t);
	ask_plainly(&c);
	visit_expect(&c.v, "algorithm=SHA-256");
	visit_expect(&c.v, "algorithm=MD5");
	c.algorithm = DIGEST_MD5;
	prove(&c, t);
	visit_expect(&c.v, "HTTP/1.1 200 ");
	check_proof(&c, t, "auth", view_text("hello"));
	leave(&c);
}

/* The application's own word about credentials gives way to the gateway's. */
static void the_applications_own_proof_is_dropped(void **state)
{
	struct front *t = *state;
	struct client c;
	const struct http_field give[] = {
		{view_text("authentication-info"), view_text("rspauth=\"forged\"")}};

	t->behind.give = give;
	t->behind.give_count = 1;
	come(&c, t);
	ask_plainly(&c);
	prove(&c, t);
	visit_expect(&c.v, "HTTP/1.1 200 ");
	assert_null(strstr(buf_string(&c.v.got), "forged"));
	leave(&c);
	t->behind.give_count = 0;
}

static bool is_held(struct flow *f)
{
	return ((struct front *)f)->behind.held != NULL;
}

/* What is under way when the permission goes is cut off, and then there is no way in.  req: B9.6.4-d */
static void a_revocation_cuts_what_is_under_way(void **state)
{
	struct front *t = *state;
	struct client c;

	come(&c, t);
	ask_plainly(&c);
	t->behind.hold = true;
	c.nc = 1;
	send_credentials(&c, t);
	flow_until_true(&t->f, is_held);
	flow_drop_grant(&t->f, FLOW_CLIENT, FRONT_DIGEST);
	sessions_wake(&t->f.authz);
	visit_until_closed(&c.v);
	front_settle(t);
	assert_true(t->behind.gone);
	t->behind.hold = false;
	leave(&c);
	come(&c, t);
	ask_plainly(&c);
	prove(&c, t);
	visit_expect(&c.v, "HTTP/1.1 401 ");
	assert_null(strstr(buf_string(&c.v.got), "stale"));
	leave(&c);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(a_device_proves_its_token),
		FRESH(bodies_are_proved),
		FRESH(a_long_answer_is_not_held),
		FRESH(a_count_is_not_taken_twice),
		FRESH(a_nonce_ages),
		FRESH(many_nonces_take_no_more_room),
		FRESH(a_wrong_key_is_refused_and_guessing_slowed),
		FRESH(an_unknown_token_is_refused),
		FRESH(what_does_not_fit_is_named),
		cmocka_unit_test_setup_teardown(md5_where_it_is_configured, set_up_md5, tear_down),
		FRESH(the_applications_own_proof_is_dropped),
		FRESH(a_revocation_cuts_what_is_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
