// SPDX-License-Identifier: Apache-2.0
/* Two nodes over TLS: each is who its certificate says, or nobody.  req: B9.6.2 */
#include "test.h"

#include "diameter_puppet.h"
#include "fake_ca.h"
#include "wire/rp_messages.h"
#include <string.h>

static const uint32_t applications[] = {DIAMETER_ZH};

struct fixture {
	struct world w;
	struct fake_ca ca;
	const char *host; /* of the server */
	struct tls *server_tls, *client_tls;
	struct diameter_node *server, *client;
	bool answered;
	enum err result;
	uint32_t code;
};

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	world_open(&f.w);
	fake_ca_open(&f.ca);
	f.host = "server.example";
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	diameter_node_close(f->client);
	diameter_node_close(f->server);
	world_close(&f->w);
	tls_free(f->client_tls);
	tls_free(f->server_tls);
	fake_ca_close(&f->ca);
	return 0;
}

static void answer(void *user, struct diameter_request *request)
{
	struct rp_mar mar;
	struct diameter_fault fault;

	(void)user;
	assert_ok(diameter_decode(request->message, rp_mar_rows, &mar, &fault));
	assert_string_equal(request->origin, "client.example");
	const struct rp_maa maa = {.s = {.session_id = mar.s.session_id,
					   .origin_host = view_text("server.example"),
					   .origin_realm = view_text("example"),
					   .has_result = true,
					   .result = DIAMETER_SUCCESS}};

	diameter_answer(request, rp_maa_rows, &maa);
}

static struct fake_certificate issue(struct fixture *f, const char *name)
{
	struct fake_certificate ret;
	char alt[128] = "DNS:";

	fake_ca_issue(&f->ca, name, strcat(alt, name), 30, &ret);
	return ret;
}

static void open_server(struct fixture *f, const char *certificate_name)
{
	static const struct diameter_handler handlers[] = {{DIAMETER_ZH, DIAMETER_MAR, answer}};
	static const struct diameter_peer_options peers[] = {
		{.host = "client.example", .realm = "example"},
		{.host = "other.example", .realm = "example"},
	};
	struct fake_certificate own = issue(f, certificate_name);
	struct tls_files files = fake_ca_files(&f->ca, &own);

	assert_ok(tls_server(&files, TLS_PEERS_REQUIRED, &f->server_tls));
	const struct diameter_node_options options = {.host = f->host,
		.realm = "example",
		.listen = "127.0.0.1:0",
		.server_tls = f->server_tls,
		.applications = applications,
		.application_count = 1,
		.peers = peers,
		.peer_count = 2};

	assert_ok(diameter_node_open(f->w.loop, &options, handlers, 1, f, &f->server));
}

static void open_client(struct fixture *f, const char *host, const struct tls_files *files)
{
	const struct diameter_peer_options peer = {.host = f->host,
		.realm = "example",
		.address = diameter_node_address(f->server)};

	assert_ok(tls_client(files, &f->client_tls));
	const struct diameter_node_options options = {.host = host,
		.realm = "example",
		.client_tls = f->client_tls,
		.applications = applications,
		.application_count = 1,
		.peers = &peer,
		.peer_count = 1};

	assert_ok(diameter_node_open(f->w.loop, &options, NULL, 0, f, &f->client));
}

static bool is_open(const struct diameter_node *n)
{
	struct diameter_peer_state states[2];
	size_t count = diameter_node_peers(n, states, 2);

	return states[0].open || (count > 1 && states[1].open);
}

static bool both_open(struct fixture *f)
{
	for (int i = 0; i < 300 && !(is_open(f->server) && is_open(f->client)); i++) {
		loop_turn(f->w.loop, 1);
	}
	return is_open(f->server) && is_open(f->client);
}

static void assert_never_open(struct fixture *f)
{
	for (int i = 0; i < 5; i++) {
		assert_false(both_open(f));
		fake_env_advance(&f->w.env, 5000); /* they try again, in vain */
	}
	assert_false(is_open(f->server));
	assert_false(is_open(f->client));
}

static void on_answer(void *user, uint64_t user_ref, enum err result, struct view message)
{
	struct fixture *f = user;
	struct diameter_base base;
	struct diameter_fault fault;

	(void)user_ref;
	f->answered = true;
	f->result = result;
	if (result == OK) {
		assert_ok(diameter_decode_base(message, &base, &fault));
		f->code = base.result;
	}
}

static void peers_with_certificates_of_their_names_talk(void **state)
{
	struct fixture *f = *state;
	struct fake_certificate own = issue(f, "client.example");
	struct tls_files files = fake_ca_files(&f->ca, &own);
	const struct rp_mar mar = {.s = {.session_id = view_text("client.example;1;1"),
					   .origin_host = view_text("client.example"),
					   .origin_realm = view_text("example"),
					   .destination_realm = view_text("example")},
		.user_name = view_text("somebody")};

	open_server(f, "server.example");
	open_client(f, "client.example", &files);
	assert_true(both_open(f));
	diameter_send(f->client, DIAMETER_ZH, DIAMETER_MAR, "", "example", rp_mar_rows, &mar,
		on_answer, f, 0);
	assert_true(world_until(&f->w, &f->answered));
	assert_string_equal(err_name(f->result), "ok");
	assert_int_equal(f->code, DIAMETER_SUCCESS);
}

static void a_peer_cannot_take_another_s_name(void **state)
{
	struct fixture *f = *state;
	struct fake_certificate own = issue(f, "other.example"); /* also known there */
	struct tls_files files = fake_ca_files(&f->ca, &own);

	open_server(f, "server.example");
	open_client(f, "client.example", &files);
	assert_never_open(f);
}

static void a_server_cannot_take_another_s_name(void **state)
{
	struct fixture *f = *state;
	struct fake_certificate own = issue(f, "client.example");
	struct tls_files files = fake_ca_files(&f->ca, &own);

	open_server(f, "other.example");
	open_client(f, "client.example", &files);
	assert_never_open(f);
}

static void a_wildcard_names_no_server(void **state)
{
	struct fixture *f = *state;
	struct fake_certificate own = issue(f, "client.example");
	struct tls_files files = fake_ca_files(&f->ca, &own);

	f->host = "server.realm.example";
	open_server(f, "*.realm.example");
	open_client(f, "client.example", &files);
	assert_never_open(f);
}

static void a_certificate_is_needed(void **state)
{
	struct fixture *f = *state;
	const struct tls_files files = {.authority = f->ca.authority};

	open_server(f, "server.example");
	open_client(f, "client.example", &files);
	assert_never_open(f);
}

static void a_certificate_of_a_stranger_is_none(void **state)
{
	struct fixture *f = *state;
	struct fake_ca stranger;
	struct fake_certificate own;

	fake_ca_open(&stranger);
	fake_ca_issue(&stranger, "client.example", "DNS:client.example", 30, &own);
	struct tls_files files = fake_ca_files(&f->ca, &own);

	open_server(f, "server.example");
	open_client(f, "client.example", &files);
	assert_never_open(f);
	fake_ca_close(&stranger);
}

static void an_expired_certificate_is_none(void **state)
{
	struct fixture *f = *state;
	struct fake_certificate own;

	fake_ca_issue(&f->ca, "client.example", "DNS:client.example", -1, &own);
	struct tls_files files = fake_ca_files(&f->ca, &own);

	open_server(f, "server.example");
	open_client(f, "client.example", &files);
	assert_never_open(f);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(peers_with_certificates_of_their_names_talk),
		CASE(a_peer_cannot_take_another_s_name),
		CASE(a_server_cannot_take_another_s_name),
		CASE(a_wildcard_names_no_server),
		CASE(a_certificate_is_needed),
		CASE(a_certificate_of_a_stranger_is_none),
		CASE(an_expired_certificate_is_none),
	};
	return RUN_TESTS(tests);
}
