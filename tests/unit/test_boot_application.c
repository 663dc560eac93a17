// SPDX-License-Identifier: Apache-2.0
/* The order of clause 10.4 as the device sees it: a token for one application. */
#include "rp_c_world.h"

#include "device/token.h"

#define APP	"app.example"
#define REFUSAL "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n"

static void set_ident(enum ident_kind kind, const char *text, struct ident *ret)
{
	assert_ok(ident_parse(kind, view_text(text), ret));
}

static enum err key_for(struct rp_c *w, const char *application, struct ua ua, struct secret *ret)
{
	struct symdev_token token;
	struct ident name;

	set_ident(IDENT_APPLICATION, application, &name);
	assert_ok(symdev_boot_token(&w->boot, &token));
	return symdev_token_key(&fake_se_ops, &w->se, &token, &name, ua, ret);
}

/* --- good runs --- */

/* req: B9.3-c B9.6.3 B10.4 B7.1-i */
static void a_run_in_pieces_of_any_size_makes_the_application_s_token(void **state)
{
	static const size_t pieces[] = {0, 1, 2, 7, 100};
	struct rp_c w;
	struct symdev_token token;

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		rp_c_open_for(&w, APP);
		w.piece = pieces[i];
		w.json.rest =
			",\"subscription\":{\"permission\":true,\"until\":"
			"\"2030-01-01T00:00:00Z\",\"mechanisms\":[\"tls13-psk\",\"tls12-psk\"]}"
			",\"later\":[1]";
		rp_c_run_well(&w);
		rp_c_check_token(&w);
		assert_ok(rp_c_kept_token(&w, &token));
		assert_int_equal(token.format, TOKEN_Y3056);
		assert_string_equal(token.application.text, APP);
		assert_int_equal(token.application_count, 1);
		assert_int_equal(token.ua_count, 2);
		assert_string_equal(token.degree, "standard");
		assert_string_equal(token.mechanisms, "tls13-psk tls12-psk"); /* req: B9.3-b */
		assert_int_equal(token.permitted_until, 1893456000);
		rp_c_close(&w);
	}
}

/* Told of this run: a later one says for itself whether the key is still to be replaced.  req: B10.6.1 */
static void that_the_key_is_to_be_replaced_is_told_once(void **state)
{
	struct rp_c w;
	struct symdev_token token;

	(void)state;
	for (int wanted = 0; wanted < 2; wanted++) {
		rp_c_open_for(&w, APP);
		w.json.rest = wanted ? ",\"key_update\":true" : ",\"key_update\":false";
		rp_c_run_well(&w);
		assert_ok(symdev_boot_token(&w.boot, &token));
		assert_true(token.key_update == (wanted == 1));
		assert_ok(rp_c_kept_token(&w, &token));
		assert_false(token.key_update);
		rp_c_close(&w);
	}
}

static void the_application_s_name_is_percent_encoded(void **state)
{
	static const char line[] =
		"GET /?app=https%3A%2F%2Fapp.example%2Fa%3Fb%3D%2525 HTTP/1.1\r\n";
	struct rp_c w;

	(void)state;
	rp_c_open_for(&w, "https://app.example/a?b=%25");
	assert_memory_equal(symdev_boot_output(&w.boot).data, line, sizeof(line) - 1);
	rp_c_run_well(&w);
	rp_c_check_token(&w);
	rp_c_close(&w);
}

/* req: B9.3-a */
static void out_of_range_is_resynchronised(void **state)
{
	struct rp_c w;

	(void)state;
	rp_c_open_for(&w, APP);
	rp_c_go_ahead(&w);
	assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
	rp_c_check_auts(&w);
	rp_c_run_well(&w);
	rp_c_check_token(&w);
	rp_c_close(&w);
}

static void an_application_may_have_gba_tokens(void **state)
{
	struct rp_c w;

	(void)state;
	rp_c_open_for(&w, APP);
	w.json.format = "gba";
	rp_c_run_well(&w);
	rp_c_check_token(&w);
	rp_c_close(&w);
}

/* req: B9.6.1-e */
static void one_token_opens_the_applications_of_a_group(void **state)
{
	struct rp_c w;
	struct symdev_token token;
	struct ident client, other;
	SECRET(key);
	SECRET(same);

	(void)state;
	rp_c_open_for(&w, APP);
	w.json.application = "group.example";
	w.json.applications = "[\"second.example\",\"" APP "\"]";
	rp_c_run_well(&w);
	rp_c_check_token(&w);
	assert_ok(key_for(&w, APP, UA_TLS13_PSK, &key));
	assert_ok(key_for(&w, "second.example", UA_TLS13_PSK, &same));
	assert_true(secret_equal(&key, &same));
	assert_err(ERR_DENIED, key_for(&w, "third.example", UA_TLS13_PSK, &same));
	set_ident(IDENT_CLIENT, CLIENT, &client);
	set_ident(IDENT_APPLICATION, "second.example", &other);
	assert_ok(symdev_token_find(&fake_se_ops, &w.se, &client, &other, env_wall(&w.env.env),
		&token));
	rp_c_close(&w);
}

/* Of more than are kept, that which was asked for is. */
static void of_a_large_group_the_one_that_was_asked_for_is_kept(void **state)
{
	static char applications[2048];
	struct rp_c w;
	struct symdev_token token;
	size_t len = 0;

	(void)state;
	for (int i = 0; i < 30; i++) {
		len += (size_t)snprintf(applications + len, sizeof(applications) - len,
			"%s\"m%d.example\"", i ? "," : "[", i);
	}
	(void)snprintf(applications + len, sizeof(applications) - len, ",\"" APP "\"]");
	rp_c_open_for(&w, APP);
	w.json.application = "group.example";
	w.json.applications = applications;
	rp_c_run_well(&w);
	rp_c_check_token(&w);
	assert_ok(symdev_boot_token(&w.boot, &token));
	assert_int_equal(token.application_count, SYMDEV_APPLICATIONS);
	assert_string_equal(token.applications[SYMDEV_APPLICATIONS - 1].text, APP);
	rp_c_close(&w);
}

static void keys_are_only_under_registered_protocols(void **state)
{
	struct rp_c w;
	SECRET(key);
	SECRET(other);

	(void)state;
	rp_c_open_for(&w, APP);
	rp_c_run_well(&w);
	assert_ok(key_for(&w, APP, UA_TLS13_PSK, &key));
	assert_ok(key_for(&w, APP, UA_TLS12(0xccac), &other));
	assert_false(secret_equal(&key, &other));
	assert_err(ERR_UNSUPPORTED, key_for(&w, APP, UA_TLS12(0x00aa), &other));
	rp_c_close(&w);
}

/* --- the channel --- */

/* A man in the middle of two connections has two bindings: what he lets through opens nothing. */
static void another_channel_gives_another_key(void **state)
{
	struct rp_c w;
	struct token_base base;
	struct ident application;
	SECRET(key);
	SECRET(node_key);

	(void)state;
	rp_c_open_for(&w, APP);
	rp_c_run_well(&w);
	rp_c_base(&w, &base);
	set_ident(IDENT_APPLICATION, APP, &application);
	assert_ok(token_derive(TOKEN_Y3056, &base, &application, UA_TLS13_PSK,
		view_text("another channel's 32 bytes ....."), &node_key));
	assert_ok(key_for(&w, APP, UA_TLS13_PSK, &key));
	assert_false(secret_equal(&key, &node_key));
	rp_c_close(&w);
}

/* The binding that counts is that of the connection which brings the result. */
static void after_a_new_connection_its_binding_counts(void **state)
{
	struct rp_c w;

	(void)state;
	rp_c_open_for(&w, APP);
	w.fields = "Connection: close\r\n";
	assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
	assert_true(symdev_boot_reconnect(&w.boot));
	w.fields = NULL;
	w.binding = "fedcba9876543210fedcba9876543210";
	assert_ok(symdev_boot_connected(&w.boot, view_text(w.binding)));
	assert_ok(rp_c_feed_text(&w, rp_c_result(&w)));
	rp_c_check_token(&w);
	rp_c_close(&w);

	rp_c_open_for(&w, APP); /* the caller forgot to tell */
	w.fields = "Connection: close\r\n";
	assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
	assert_err(ERR_WRONG_STATE, rp_c_feed_text(&w, rp_c_result(&w)));
	assert_false(symdev_boot_done(&w.boot));
	rp_c_close(&w);
}

static void plain_http_only_where_it_is_allowed(void **state)
{
	struct rp_c w;

	(void)state;
	rp_c_open_for(&w, APP);
	w.binding = "";
	assert_err(ERR_DENIED, rp_c_begin(&w));
	assert_said("plain HTTP");
	assert_err(ERR_WRONG_STATE, rp_c_feed_text(&w, rp_c_challenge(&w)));
	w.plain_allowed = true;
	assert_ok(rp_c_begin(&w));
	rp_c_run_well(&w);
	rp_c_check_token(&w);
	assert_false(symdev_boot_denied_by_realm(&w.boot));
	rp_c_close(&w);

	static uint8_t large[TOKEN_BINDING_MAX + 1];

	rp_c_open_for(&w, APP);
	assert_err(ERR_RANGE, symdev_boot_connected(&w.boot, VIEW(large)));
	rp_c_close(&w);
}

/* --- what nodes say that they should not --- */

static void assert_refused_result(struct rp_c *w, enum err code, const char *what)
{
	struct fake_se before;

	assert_ok(rp_c_feed_text(w, rp_c_challenge(w)));
	before = w->se;
	enum err err = rp_c_feed_text(w, rp_c_result(w));

	if (err != code) {
		fail_msg("%s: %s: %s", what, err_name(err), err_detail());
	}
	assert_false(symdev_boot_denied_by_realm(&w->boot));
	rp_c_assert_over(w, &before);
}

/* Nothing weaker is answered than what was asked for: nobody can strip it. */
static void a_downgraded_challenge_is_not_answered(void **state)
{
	static const char *const offers[] = {"algorithm=AKAv1-MD5", "algorithm=MD5",
		"algorithm=SHA-256", "algorithm=AKAv2-MD5", "algorithm=AKAv1-SHA-256", ""};
	struct rp_c w;
	struct fake_se before;

	(void)state;
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		rp_c_open_for(&w, APP);
		w.algorithm = offers[i];
		before = w.se;
		assert_err(offers[i][0] ? ERR_UNSUPPORTED : ERR_SYNTAX,
			rp_c_feed_text(&w, rp_c_challenge(&w)));
		assert_int_equal(w.se.aka_runs, 0);
		rp_c_assert_over(&w, &before);
		rp_c_close(&w);
	}
}

static void a_token_of_another_is_refused(void **state)
{
	static const struct {
		const char *what;
		size_t member;
		const char *value;
		enum err err;
	} lies[] = {
		{"id", offsetof(struct rp_c, json.token), "AAAAAAAAAAAAAAAAAAAAAAAA@" NODE,
			ERR_AUTH},
		{"id without a node", offsetof(struct rp_c, json.token), "x", ERR_SYNTAX},
		{"format", offsetof(struct rp_c, json.format), "y3057", ERR_UNSUPPORTED},
		{"node", offsetof(struct rp_c, json.node), "authn2.realm.example", ERR_AUTH},
		{"realm", offsetof(struct rp_c, json.realm), "other.example", ERR_AUTH},
		{"no realm", offsetof(struct rp_c, json.realm), "-", ERR_SYNTAX},
		{"Ua id", offsetof(struct rp_c, json.ua), "[\"01\"]", ERR_SYNTAX},
		{"Ua ids of another type", offsetof(struct rp_c, json.ua), "[7]", ERR_SYNTAX},
		{"applications", offsetof(struct rp_c, json.applications), "[\"a b\"]", ERR_SYNTAX},
		{"not JSON", offsetof(struct rp_c, json.ua), "[", ERR_SYNTAX},
		{"a member twice", offsetof(struct rp_c, json.rest), ",\"node\":\"" NODE "\"",
			ERR_SYNTAX},
		{"no permission", offsetof(struct rp_c, json.rest),
			",\"subscription\":{\"permission\":false}", ERR_SYNTAX},
		{"a flag that is none", offsetof(struct rp_c, json.rest), ",\"key_update\":1",
			ERR_SYNTAX},
	};
	struct rp_c w;

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		rp_c_open_for(&w, APP);
		*(const char **)((char *)&w + lies[i].member) = lies[i].value;
		assert_refused_result(&w, lies[i].err, lies[i].what);
		rp_c_close(&w);
	}
	rp_c_open_for(&w, APP); /* genuine, but not what was asked for */
	w.json.application = "other.example";
	w.json.applications = "[\"other.example\"]";
	assert_refused_result(&w, ERR_AUTH, "application");
	rp_c_close(&w);
	rp_c_open_for(&w, APP);
	w.lifetime = env_wall(&w.env.env);
	assert_refused_result(&w, ERR_EXPIRED, "lifetime");
	rp_c_close(&w);
	rp_c_open_for(&w, APP);
	w.rspauth = "0000000000000000000000000000000000000000000000000000000000000000";
	assert_refused_result(&w, ERR_AUTH, "rspauth");
	rp_c_close(&w);
}

/* --- refusals --- */

/* req: B10.4 */
static void a_refusal_that_the_realm_proves_is_genuine(void **state)
{
	static const size_t pieces[] = {0, 1};
	struct rp_c w;
	struct fake_se before;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		rp_c_open_for(&w, APP);
		w.piece = pieces[i];
		assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
		before = w.se;
		assert_err(ERR_DENIED, rp_c_feed_text(&w, rp_c_proved_refusal(&w)));
		assert_said("does not permit");
		assert_true(symdev_boot_denied_by_realm(&w.boot));
		rp_c_assert_over(&w, &before);
		rp_c_close(&w);
	}
}

static void one_without_proof_is_anybody_s(void **state)
{
	struct rp_c w;
	struct fake_se before;

	(void)state;
	for (int second = 0; second < 2; second++) {
		rp_c_open_for(&w, APP);
		if (second) {
			assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
		}
		before = w.se;
		assert_err(ERR_DENIED, rp_c_feed_text(&w, REFUSAL));
		assert_said("did not prove");
		assert_false(symdev_boot_denied_by_realm(&w.boot));
		rp_c_assert_over(&w, &before);
		rp_c_close(&w);
	}
	rp_c_open_for(&w, APP);
	assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
	before = w.se;
	(void)rp_c_proved_refusal(&w);
	strstr(w.answer, "10.4/3b")[0] = 'X'; /* the body was changed on its way */
	assert_err(ERR_AUTH, rp_c_feed_text(&w, w.answer));
	assert_false(symdev_boot_denied_by_realm(&w.boot));
	rp_c_assert_over(&w, &before);
	rp_c_close(&w);
	rp_c_open_for(&w, APP); /* before anything was proved, nothing can be */
	assert_err(ERR_DENIED, rp_c_feed_text(&w, "HTTP/1.1 403 F\r\nAuthentication-Info: rspauth="
						  "\"00\"\r\nContent-Length: 0\r\n\r\n"));
	assert_false(symdev_boot_denied_by_realm(&w.boot));
	rp_c_close(&w);
}

static void a_busy_node_says_when_to_come_back(void **state)
{
	static const struct {
		const char *field;
		int64_t seconds;
	} waits[] = {
		{"Retry-After: 17\r\n", 17},
		{"Retry-After: 86400\r\n", 86400},
		{"Retry-After: 86401\r\n", 0},
		{"Retry-After: 99999999999999999999\r\n", 0},
		{"Retry-After: -1\r\n", 0},
		{"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", 0},
		{"Retry-After:\r\n", 0},
		{"", 0},
	};
	struct rp_c w;
	char text[160];

	(void)state;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		rp_c_open_for(&w, APP);
		(void)snprintf(text, sizeof(text),
			"HTTP/1.1 429 Too Many Requests\r\n%sContent-Length: 0\r\n\r\n",
			waits[i].field);
		assert_err(ERR_UNAVAILABLE, rp_c_feed_text(&w, text));
		assert_int_equal(symdev_boot_retry_after(&w.boot), waits[i].seconds);
		rp_c_close(&w);
	}
}

/* --- the temporary identity --- */

static void run_that_issues_tmpi(struct rp_c *w)
{
	assert_ok(rp_c_feed_text(w, rp_c_challenge(w)));
	rp_c_check_response(w);
	w->fields = "Server: symbolon/1 3gpp-gba-tmpi\r\n";
	assert_ok(rp_c_feed_text(w, rp_c_result(w)));
	w->fields = NULL;
	assert_true(symdev_boot_done(&w->boot));
	rp_c_check_token(w);
}

static void expect_tmpi(struct rp_c *w, char ret[TMPI_MAX + 1])
{
	struct token_base base;

	rp_c_base(w, &base);
	assert_ok(token_tmpi(&base, ret));
	w->username = ret;
}

static void open_with_tmpi(struct rp_c *w, const char *application, char tmpi[TMPI_MAX + 1])
{
	rp_c_open_for(w, application);
	run_that_issues_tmpi(w);
	expect_tmpi(w, tmpi);
	assert_ok(rp_c_begin(w));
}

/* Both forms; each run gives the next one's name, and who listens learns nothing lasting. */
static void the_next_run_goes_under_the_temporary_identity(void **state)
{
	struct rp_c w;
	char tmpi[TMPI_MAX + 1];

	(void)state;
	for (int plain = 0; plain < 2; plain++) {
		open_with_tmpi(&w, plain ? NULL : APP, tmpi);
		for (int run = 0; run < 3; run++) {
			struct view out = symdev_boot_output(&w.boot);

			assert_null(memmem(out.data, out.len, CLIENT, strlen(CLIENT)));
			run_that_issues_tmpi(&w);
			expect_tmpi(&w, tmpi);
			assert_ok(rp_c_begin(&w));
		}
		rp_c_go_ahead(&w); /* the digest of AUTS is over it too */
		assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
		rp_c_check_auts(&w);
		run_that_issues_tmpi(&w);
		rp_c_close(&w);
	}
}

/* The rest of the refusal may come in pieces, or never. */
static void a_node_that_does_not_know_it_is_told_the_lasting_one_once(void **state)
{
	static const size_t pieces[] = {0, 1};
	struct rp_c w;
	char tmpi[TMPI_MAX + 1];
	struct digest_authorization request;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		open_with_tmpi(&w, APP, tmpi);
		w.piece = pieces[i];
		rp_c_read_request(&w, &request);
		assert_view(request.username, tmpi);
		assert_ok(rp_c_feed_text(&w, REFUSAL "{}"));
		assert_true(symdev_boot_reconnect(&w.boot));
		assert_ok(symdev_boot_connected(&w.boot, view_text(w.binding)));
		rp_c_read_request(&w, &request);
		assert_view(request.username, CLIENT);
		w.username = NULL;
		run_that_issues_tmpi(&w);
		rp_c_close(&w);

		open_with_tmpi(&w, APP, tmpi); /* and no more than once */
		assert_ok(rp_c_feed_text(&w, REFUSAL "{}"));
		assert_ok(symdev_boot_connected(&w.boot, view_text(w.binding)));
		assert_err(ERR_DENIED, rp_c_feed_text(&w, REFUSAL "{}"));
		assert_ok(rp_c_begin(&w)); /* it is forgotten */
		rp_c_read_request(&w, &request);
		assert_view(request.username, CLIENT);
		rp_c_close(&w);
	}
}

static void a_node_that_stops_issuing_them_is_told_the_lasting_one(void **state)
{
	static const char *const servers[] = {"", "Server: symbolon\r\n",
		"Server: 3gpp-gba-tmpiX\r\n", "Server:\r\n"};
	struct rp_c w;
	char tmpi[TMPI_MAX + 1];
	struct digest_authorization request;

	(void)state;
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		open_with_tmpi(&w, APP, tmpi);
		assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
		w.fields = servers[i];
		assert_ok(rp_c_feed_text(&w, rp_c_result(&w)));
		assert_ok(rp_c_begin(&w));
		rp_c_read_request(&w, &request);
		assert_view(request.username, CLIENT);
		rp_c_close(&w);
	}
}

static void other_nodes_are_told_the_lasting_one(void **state)
{
	struct rp_c w;
	struct ident client, node;
	char tmpi[TMPI_MAX + 1];

	(void)state;
	open_with_tmpi(&w, APP, tmpi);
	set_ident(IDENT_CLIENT, CLIENT, &client);
	set_ident(IDENT_FQDN, NODE, &node);
	assert_ok(token_load_tmpi(&fake_se_ops, &w.se, &client, &node, tmpi));
	set_ident(IDENT_FQDN, "authn2.realm.example", &node);
	assert_err(ERR_NOT_FOUND, token_load_tmpi(&fake_se_ops, &w.se, &client, &node, tmpi));
	rp_c_close(&w);
}

/* --- the device itself --- */

/* The longest names, nonce and opaque still make a request. */
static void the_longest_request_fits(void **state)
{
	static char text[4096];
	char label[64], node[256], client[258], url[256], opaque[DIGEST_OPAQUE_MAX + 1], nonce[64];
	struct rp_c w;
	struct buf out = buf_fixed(nonce, sizeof(nonce));

	(void)state;
	rp_c_open_for(&w, APP);
	memset(label, 'a', 63);
	label[63] = 0;
	(void)snprintf(node, sizeof(node), "%s.%s.%s.%.61s", label, label, label, label);
	(void)snprintf(client, sizeof(client), "x@%s", node);
	memset(url, '/', 255);
	memcpy(url, "http://a/", 9);
	url[255] = 0;
	struct symdev_options options = w.boot.options;

	set_ident(IDENT_FQDN, node, &options.node);
	set_ident(IDENT_CLIENT, client, &options.client);
	set_ident(IDENT_APPLICATION, url, &options.application);
	assert_ok(symdev_boot_begin(&w.boot, &options));
	assert_ok(symdev_boot_connected(&w.boot, view_text("x")));
	(void)rp_c_challenge(&w);
	digest_nonce(&out, w.vector.rand, w.vector.autn);
	buf_u8(&out, 0);
	memset(opaque, '\'', DIGEST_OPAQUE_MAX);
	opaque[DIGEST_OPAQUE_MAX] = 0;
	(void)snprintf(text, sizeof(text),
		"HTTP/1.1 401 U\r\nWWW-Authenticate: Digest realm=\"%s\", nonce=\"%s\", "
		"algorithm=AKAv2-SHA-256, qop=\"auth,auth-int\", opaque=\"%s\"\r\n"
		"Content-Length: 0\r\n\r\n",
		node, nonce, opaque);
	assert_ok(rp_c_feed_text(&w, text));
	assert_true(symdev_boot_output(&w.boot).len > 2500);
	rp_c_close(&w);
}

static void another_kind_of_identity_is_no_application(void **state)
{
	struct rp_c w;

	(void)state;
	rp_c_open_for(&w, APP);
	struct symdev_options options = w.boot.options;

	set_ident(IDENT_FQDN, APP, &options.application);
	assert_err(ERR_SYNTAX, symdev_boot_begin(&w.boot, &options));
	rp_c_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_run_in_pieces_of_any_size_makes_the_application_s_token),
		TEST(that_the_key_is_to_be_replaced_is_told_once),
		TEST(the_application_s_name_is_percent_encoded),
		TEST(out_of_range_is_resynchronised),
		TEST(an_application_may_have_gba_tokens),
		TEST(one_token_opens_the_applications_of_a_group),
		TEST(of_a_large_group_the_one_that_was_asked_for_is_kept),
		TEST(keys_are_only_under_registered_protocols),
		TEST(another_channel_gives_another_key),
		TEST(after_a_new_connection_its_binding_counts),
		TEST(plain_http_only_where_it_is_allowed),
		TEST(a_downgraded_challenge_is_not_answered),
		TEST(a_token_of_another_is_refused),
		TEST(a_refusal_that_the_realm_proves_is_genuine),
		TEST(one_without_proof_is_anybody_s),
		TEST(a_busy_node_says_when_to_come_back),
		TEST(the_next_run_goes_under_the_temporary_identity),
		TEST(a_node_that_does_not_know_it_is_told_the_lasting_one_once),
		TEST(a_node_that_stops_issuing_them_is_told_the_lasting_one),
		TEST(other_nodes_are_told_the_lasting_one),
		TEST(the_longest_request_fits),
		TEST(another_kind_of_identity_is_no_application),
	};
	return RUN_TESTS(tests);
}
