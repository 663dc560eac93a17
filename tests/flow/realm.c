// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "realm.h"

#include "authz/registration/registration.h"
#include "authz/schema.h"
#include "base/text.h"
#include "net/daemon.h"
#include "wire/rp_a_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TURNS = 3000, TURN_MS = 5 };

void flow_until(struct flow *f, const bool *flag)
{
	for (int i = 0; i < TURNS && !*flag; i++) {
		loop_turn(f->loop, TURN_MS);
	}
	assert_true(*flag);
}

void flow_until_true(struct flow *f, bool (*holds)(struct flow *f))
{
	for (int i = 0; i < TURNS && !holds(f); i++) {
		loop_turn(f->loop, TURN_MS);
	}
	assert_true(holds(f));
}

static void path_in(const struct flow *f, const char *name, char ret[96])
{
	(void)snprintf(ret, 96, "%s/%s", f->dir, name);
}

static void start_parts(const struct daemon_program *program, void *state, struct loop *loop)
{
	for (size_t i = 0; i < program->part_count; i++) {
		assert_ok(program->parts[i].start(state, loop));
	}
}

static void stop_parts(const struct daemon_program *program, void *state)
{
	for (size_t i = program->part_count; i-- > 0;) {
		program->parts[i].stop(state);
	}
}

const char *flow_authz_store, *flow_authn_store;
bool flow_over_https;

static void put_common(struct buf *yaml, struct flow *f, const char *program, const char *node)
{
	buf_printf(yaml, "node: {host: %s, realm: " FLOW_REALM "}\n", node);
	const char *url = strcmp(program, "authz") == 0 ? flow_authz_store : flow_authn_store;

	if (url) {
		buf_printf(yaml, "store: {url: \"%s\"}\n", url);
	} else {
		buf_printf(yaml, "store: {url: \"sqlite:%s/%s.db\"}\n", f->dir, program);
	}
	buf_printf(yaml, "seal: {master_key: %s/master}\n", f->dir);
}

static void issue(struct flow *f, const char *node, struct fake_certificate *ret)
{
	char alt[128];

	(void)snprintf(alt, sizeof(alt), "DNS:%s", node);
	fake_ca_issue(&f->ca, node, alt, 10, ret);
}

static void put_tls(struct buf *yaml, struct flow *f, const struct fake_certificate *own)
{
	buf_printf(yaml, "  certificate: %s\n  key: %s\n  authority: %s\n", own->certificate,
		own->key, f->ca.authority);
}

/* The second has the first one's database and master key, and no operator. */
static void start_authz_as(struct flow *f, const char *host, const char *listen,
	struct authz *authz, struct authz_conf *conf)
{
	BUF_CLEANUP struct buf yaml = buf_growing(8192);
	struct fake_certificate own;

	issue(f, host, &own);
	put_common(&yaml, f, "authz", host);
	buf_printf(&yaml, "diameter:\n  listen: \"%s\"\n", listen);
	put_tls(&yaml, f, &own);
	buf_text(&yaml, "  peers: [{host: " FLOW_AUTHN ", realm: " FLOW_REALM "},"
			" {host: " FLOW_AUTHN2 ", realm: " FLOW_REALM "}]\n");
	if (authz == &f->authz) {
		buf_printf(&yaml, "operator: {socket: %s/authz.sock}\n", f->dir);
	}
	*authz = (struct authz){.conf = conf};
	assert_ok(conf_parse(authz_options, "authz.yaml", buf_contents(&yaml), conf));
	start_parts(&authz_program, authz, f->loop);
}

static void stop_authz(struct authz *authz, struct authz_conf *conf)
{
	stop_parts(&authz_program, authz);
	conf_free(authz_options, conf);
	*conf = (struct authz_conf){0};
}

void flow_start_authz(struct flow *f)
{
	start_authz_as(f, FLOW_AUTHZ1, f->rp_b, &f->authz, &f->authz_conf);
	(void)snprintf(f->rp_b, sizeof(f->rp_b), "%s", diameter_node_address(f->authz.diameter));
}

void flow_stop_authz(struct flow *f)
{
	stop_authz(&f->authz, &f->authz_conf);
}

void flow_start_second_authz(struct flow *f)
{
	start_authz_as(f, FLOW_AUTHZ2, "127.0.0.1:0", &f->second_authz, &f->second_authz_conf);
}

void flow_stop_second_authz(struct flow *f)
{
	stop_authz(&f->second_authz, &f->second_authz_conf);
}

static void start_authn(struct flow *f)
{
	BUF_CLEANUP struct buf yaml = buf_growing(8192);
	struct fake_certificate own;

	issue(f, FLOW_AUTHN, &own);
	put_common(&yaml, f, "authn", FLOW_AUTHN);
	buf_text(&yaml, "diameter:\n  listen: \"127.0.0.1:0\"\n");
	put_tls(&yaml, f, &own);
	buf_printf(&yaml,
		"  peers:\n    - {host: authz1.realm.example, realm: " FLOW_REALM
		", address: \"%s\"}\n",
		f->rp_b);
	buf_text(&yaml, "    - {host: " FLOW_ELEMENT ", realm: app.example}\n");
	buf_text(&yaml, "    - {host: " FLOW_OTHER ", realm: other.example}\n");
	buf_text(&yaml, "rp_c:\n  listen: \"127.0.0.1:0\"\n  listen_plain: \"127.0.0.1:0\"\n  "
			"bootstraps: 64\n  starts_per_identity: 0\n  starts_per_address: 0\n");
	put_tls(&yaml, f, &own);
	buf_text(&yaml, "rp_a_https: {listen: \"127.0.0.1:0\"}\n");
	f->authn = (struct authn){.conf = &f->authn_conf};
	assert_ok(conf_parse(authn_options, "authn.yaml", buf_contents(&yaml), &f->authn_conf));
	start_parts(&authn_program, &f->authn, f->loop);
}

static void open_element(struct flow *f, const char *host, const char *realm,
	struct node_diameter *setup, struct diameter_node **ret)
{
	static const uint32_t applications[] = {DIAMETER_ZN};
	struct fake_certificate own;
	struct peer_conf peer = {.host = (char *)(uintptr_t)FLOW_AUTHN,
		.realm = (char *)(uintptr_t)FLOW_REALM,
		.address = (char *)(uintptr_t)diameter_node_address(f->authn.diameter)};
	const struct conf_list peers = {&peer, 1};

	issue(f, host, &own);
	const struct node_diameter_settings settings = {.host = host,
		.realm = realm,
		.listen = "",
		.listen_plain = "",
		.certificate = own.certificate,
		.key = own.key,
		.authority = f->ca.authority,
		.peers = &peers};

	assert_ok(node_diameter_prepare(&settings, setup));
	setup->options.applications = applications;
	setup->options.application_count = 1;
	assert_ok(diameter_node_open(f->loop, &setup->options, NULL, 0, f, ret));
}

static bool all_connected(struct flow *f)
{
	return diameter_node_reaches(f->authn.diameter, FLOW_REALM, DIAMETER_ZH) &&
	       diameter_node_reaches(f->element, FLOW_REALM, DIAMETER_ZN) &&
	       diameter_node_reaches(f->other, FLOW_REALM, DIAMETER_ZN);
}

void flow_open_https(struct flow *f, const char *host, struct tls **ret_tls,
	struct http_client **ret)
{
	struct fake_certificate own;

	issue(f, host, &own);
	const struct tls_files files = {own.certificate, own.key, f->ca.authority};
	struct http_client_options options = {.address = http_server_address(f->authn.rp_a_https),
		.host = FLOW_AUTHN,
		.stall_ms = -1};

	assert_ok(tls_client(&files, ret_tls));
	options.tls = *ret_tls;
	assert_ok(http_client_new(f->loop, &options, ret));
}

void flow_open_authz(struct flow *f)
{
	char master[96];
	static const char key[] =
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

	*f = (struct flow){.env = fake_env_of(7)};
	/* In memory where there is room for it: what a commit takes on a disk hides everything else. */
	(void)snprintf(f->dir, sizeof(f->dir), "%s/symbolon-flow-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->rp_b, sizeof(f->rp_b), "127.0.0.1:0");
	path_in(f, "master", master);
	assert_ok(text_write_file(master, view_text(key), 0600));
	fake_ca_open(&f->ca);
	assert_ok(loop_new(&f->env.env, &f->loop));
	flow_start_authz(f);
}

static void open_device(struct flow *f)
{
	const struct http_client_options options = {.address = http_server_address(
							    f->authn.rp_c_plain),
		.host = FLOW_AUTHN};

	assert_ok(http_client_new(f->loop, &options, &f->device));
}

void flow_open(struct flow *f)
{
	flow_open_authz(f);
	start_authn(f);
	open_element(f, FLOW_ELEMENT, "app.example", &f->element_setup, &f->element);
	open_element(f, FLOW_OTHER, "other.example", &f->other_setup, &f->other);
	open_device(f);
	flow_until_true(f, all_connected);
}

void flow_close_authz(struct flow *f)
{
	char command[96];

	flow_stop_authz(f);
	loop_free(f->loop);
	fake_ca_close(&f->ca);
	(void)snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
}

static bool reaches_authz(struct flow *f)
{
	return diameter_node_reaches(f->authn.diameter, FLOW_REALM, DIAMETER_ZH);
}

void flow_restart_authn(struct flow *f)
{
	http_client_free(f->device);
	stop_parts(&authn_program, &f->authn);
	conf_free(authn_options, &f->authn_conf);
	f->authn_conf = (struct authn_conf){0};
	start_authn(f);
	open_device(f);
	flow_until_true(f, reaches_authz);
}

void flow_close(struct flow *f)
{
	http_client_free(f->device);
	diameter_node_close(f->element);
	diameter_node_close(f->other);
	node_diameter_release(&f->element_setup);
	node_diameter_release(&f->other_setup);
	stop_parts(&authn_program, &f->authn);
	conf_free(authn_options, &f->authn_conf);
	flow_close_authz(f);
}

/* --- registration --- */

struct submitted {
	bool done;
	enum err err;
	int64_t number;
	uint8_t sealed[VAULT_SEALED_MAX];
	size_t sealed_len;
};

static void on_stored(void *user, uint64_t ref, const struct store_result *result)
{
	struct submitted *call = user;

	(void)ref;
	call->err = result->err;
	call->number = result->err == OK ? store_at(result, 0, 0, 2).number : 0;
	call->done = true;
}

static struct submitted submit(struct flow *f, int statement, const struct store_value *values,
	size_t count)
{
	struct submitted call = {.done = false};
	struct store_step step = {.statement = statement, .param_count = count};

	memcpy(step.params, values, count * sizeof(values[0]));
	assert_ok(store_submit(f->authz.store, &step, 1, on_stored, &call, 0));
	flow_until(f, &call.done);
	assert_ok(call.err);
	return call;
}

#define SUBMIT(f, statement, ...)                                                                  \
	submit((f), (statement), (const struct store_value[]){__VA_ARGS__},                        \
		sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value))

void flow_key(struct aka_key *ret)
{
	*ret = (struct aka_key){.algorithm = AKA_MILENAGE, .amf = {0x80, 0x00}};
	assert_ok(secret_from_hex(&ret->k, view_text("465b5ce8b199b49faa5f0a2ee238a6bc")));
	assert_ok(secret_from_hex(&ret->opc, view_text("cd63cb71954a9f4e48a5994e37a02baf")));
}

static void on_sealed(void *user, uint64_t ref, const struct vault_answer *answer)
{
	struct submitted *call = user;

	(void)ref;
	call->err = answer->err;
	memcpy(call->sealed, answer->sealed, answer->sealed_len);
	call->sealed_len = answer->sealed_len;
	call->done = true;
}

static void add_device(struct flow *f, const char *client, const char *owner,
	const struct aka_key *key, uint64_t sqn);

void flow_add_device(struct flow *f, const char *client, uint64_t sqn)
{
	flow_add_device_with_key_of(f, client, client, sqn);
}

void flow_add_device_with_key_of(struct flow *f, const char *client, const char *owner, uint64_t sqn)
{
	struct aka_key key;

	flow_key(&key);
	add_device(f, client, owner, &key, sqn);
}

void flow_add_device_of(struct flow *f, const char *client, const struct aka_key *key, uint64_t sqn)
{
	add_device(f, client, client, key, sqn);
}

static void add_device(struct flow *f, const char *client, const char *owner,
	const struct aka_key *key, uint64_t sqn)
{
	struct submitted call = {.done = false};

	assert_ok(vault_seal(f->authz.vault, view_text(owner), key, false, on_sealed, &call, 0));
	flow_until(f, &call.done);
	assert_ok(call.err);
	(void)SUBMIT(f, ADD_DEVICE, STORE_TEXT_OF(view_text(client)), STORE_NULL_OF(),
		f->identity ? STORE_TEXT_OF(view_text(f->identity)) : STORE_NULL_OF(),
		STORE_INT_OF(key->algorithm), STORE_BLOB_OF(view_of(call.sealed, call.sealed_len)),
		STORE_INT_OF((int64_t)sqn), STORE_INT_OF(0), STORE_NULL_OF(), STORE_NULL_OF(),
		STORE_INT_OF(0));
}

/* Statements that take up to 15 names of one owner. */
static void add_names(struct flow *f, int statement, const char *owner, const char *name)
{
	struct store_value values[STORE_PARAMS] = {STORE_TEXT_OF(view_text(owner)),
		STORE_TEXT_OF(view_text(name))};

	(void)submit(f, statement, values, STORE_PARAMS);
}

void flow_add_element(struct flow *f, const char *asp, const char *element)
{
	add_names(f, ADD_ELEMENTS, asp, element);
}

void flow_add_application(struct flow *f, const char *application, const char *asp,
	const char *element)
{
	(void)SUBMIT(f, ADD_ASP, STORE_TEXT_OF(view_text(asp)), STORE_TEXT_OF(view_text("Example")),
		STORE_INT_OF(0));
	add_names(f, ADD_ELEMENTS, asp, element);
	flow_add_another(f, application, asp);
}

void flow_add_application_as(struct flow *f, const char *application, const char *asp,
	const char *element, const char *format)
{
	f->format = format;
	flow_add_application(f, application, asp, element);
	f->format = NULL;
}

void flow_add_another(struct flow *f, const char *application, const char *asp)
{
	const char *format = f->format ? f->format : "gba";

	(void)SUBMIT(f, ADD_APPLICATION, STORE_TEXT_OF(view_text(application)),
		STORE_TEXT_OF(view_text(asp)), STORE_TEXT_OF(view_text(format)), STORE_INT_OF(3600),
		STORE_INT_OF(1), STORE_INT_OF(0), STORE_INT_OF(0),
		STORE_TEXT_OF(view_text("standard")), STORE_NULL_OF());
	add_names(f, ADD_UAS, application, f->ua ? f->ua : "0100000007");
	add_names(f, ADD_UAS, application, "010001ccac");
}

void flow_grant(struct flow *f, const char *client, const char *application, int64_t until)
{
	flow_grant_terms(f, client, application, until, "", "");
}

void flow_grant_terms(struct flow *f, const char *client, const char *application, int64_t until,
	const char *rights, const char *attributes)
{
	uint8_t name[16];

	assert_ok(f->env.env.random(&f->env.env, name, sizeof(name)));
	const struct store_value ref = STORE_BLOB_OF(view_of(name, sizeof(name)));

	(void)SUBMIT(f, SET_GRANT, STORE_TEXT_OF(view_text(client)),
		STORE_TEXT_OF(view_text(application)), STORE_INT_OF(until), STORE_INT_OF(0), ref,
		STORE_TEXT_OF(view_text(rights)), STORE_TEXT_OF(view_text(attributes)),
		STORE_TEXT_OF(view_text("operator")));
	(void)SUBMIT(f, CHANGE_GRANT, ref);
}

void flow_add_subscriber(struct flow *f, const char *id, const char *name, const char *claims,
	const char *client)
{
	BUF_CLEANUP struct buf sealed = buf_growing(SUBSCRIBER_RECORD_MAX + SEAL_OVERHEAD);
	JSON_CLEANUP struct json *parsed = NULL;

	assert_ok(json_parse(view_text(claims), SUBSCRIBER_RECORD_MAX, &parsed));
	const struct person person = {.name = view_text(name), .claims = parsed};

	assert_ok(subscriber_seal_record(&f->authz, view_text(id), &person, &sealed));
	(void)SUBMIT(f, PUT_SUBSCRIBER, STORE_TEXT_OF(view_text(id)),
		STORE_TEXT_OF(view_text("postpaid")), STORE_BLOB_OF(buf_contents(&sealed)),
		STORE_INT_OF(0));
	(void)SUBMIT(f, LINK_DEVICE, STORE_TEXT_OF(view_text(client)), STORE_TEXT_OF(view_text(id)),
		STORE_NULL_OF());
	(void)SUBMIT(f, CHANGE_SUBSCRIBER, STORE_TEXT_OF(view_text(id)));
}

void flow_drop_grant(struct flow *f, const char *client, const char *application)
{
	(void)SUBMIT(f, DROP_GRANT, STORE_TEXT_OF(view_text(client)),
		STORE_TEXT_OF(view_text(application)));
}

void flow_drop_application(struct flow *f, const char *application)
{
	(void)SUBMIT(f, DROP_APPLICATION, STORE_TEXT_OF(view_text(application)));
}

/* Takes one: the next SQN after those that were given out. */
uint64_t flow_sqn(struct flow *f, const char *client)
{
	return (uint64_t)SUBMIT(f, ADVANCE_SQN, STORE_TEXT_OF(view_text(client))).number;
}

/* --- the device --- */

static void copy_field(const struct http_head *head, const char *name, char *to, size_t room)
{
	struct view value = http_field_of(head, name);

	assert_true(value.len < room);
	memcpy(to, value.data ? value.data : (const uint8_t *)"", value.len);
	to[value.len] = '\0';
}

static void on_head(void *user, const struct http_head *head)
{
	struct flow_reply *reply = user;

	reply->status = head->status;
	copy_field(head, "WWW-Authenticate", reply->challenge, sizeof(reply->challenge));
	copy_field(head, "Authentication-Info", reply->info, sizeof(reply->info));
	copy_field(head, "Retry-After", reply->retry_after, sizeof(reply->retry_after));
}

static void on_body(void *user, struct view part)
{
	struct flow_reply *reply = user;

	assert_true(part.len < sizeof(reply->body) - reply->body_len);
	memcpy(reply->body + reply->body_len, part.data, part.len);
	reply->body_len += part.len;
	reply->body[reply->body_len] = '\0';
}

static void on_reply(void *user, enum err result)
{
	struct flow_reply *reply = user;

	reply->result = result;
	reply->done = true;
}

void flow_get(struct flow *f, const char *target, const char *authorization, struct flow_reply *ret)
{
	static const struct http_call_on on = {on_head, on_body, on_reply};
	const struct http_field fields[] = {{view_text("Authorization"), view_text(authorization)}};
	struct http_call *call;

	*ret = (struct flow_reply){.done = false};
	assert_ok(http_client_call(f->device, "GET", view_text(target), fields,
		authorization ? 1 : 0, (struct view){0}, &on, ret, &call));
	flow_until(f, &ret->done);
	assert_ok(ret->result);
}

void flow_new_se(struct flow *f, const char *name, struct se_soft **ret)
{
	struct aka_key key;

	flow_key(&key);
	flow_new_se_of(f, name, &key, ret);
}

void flow_new_se_of(struct flow *f, const char *name, const struct aka_key *key,
	struct se_soft **ret)
{
	char path[96], master[96];

	path_in(f, name, path);
	path_in(f, "master", master);
	assert_ok(se_soft_create(&f->env.env, path, master, key));
	assert_ok(se_soft_open(&f->env.env, path, master, ret));
}

struct run {
	struct symdev_boot boot;
	struct stream *stream;
	enum err result;
	bool done;
};

static void send_output(struct run *run)
{
	struct view output = symdev_boot_output(&run->boot);

	if (output.len > 0) {
		assert_ok(stream_send(run->stream, output));
		symdev_boot_sent(&run->boot, output.len);
	}
}

static void on_ready(void *user, struct stream *stream)
{
	(void)stream;
	send_output(user);
}

/* One byte at a time: the library must not mind. */
static size_t on_input(void *user, struct stream *stream, struct view bytes)
{
	struct run *run = user;

	(void)stream;
	for (size_t i = 0; i < bytes.len && !run->done; i++) {
		run->result = symdev_boot_input(&run->boot, view_of(bytes.data + i, 1));
		run->done = run->result != OK || symdev_boot_done(&run->boot);
	}
	if (!run->done) {
		send_output(run);
	}
	return bytes.len;
}

static void on_closed(void *user, struct stream *stream, enum err why)
{
	struct run *run = user;

	(void)stream;
	(void)why;
	run->stream = NULL;
	if (!run->done) {
		run->result = symdev_boot_closed(&run->boot);
		run->done = true;
	}
}

enum err flow_bootstrap(struct flow *f, struct se_soft *se, const char *client,
	struct symdev_token *ret)
{
	static const struct stream_on on = {.ready = on_ready,
		.input = on_input,
		.closed = on_closed};
	struct run run = {.done = false};
	struct symdev_options options = {.se_ops = &se_soft_ops, .se = se, .env = &f->env.env};

	assert_ok(ident_parse(IDENT_CLIENT, view_text(client), &options.client));
	assert_ok(ident_parse(IDENT_FQDN, view_text(FLOW_AUTHN), &options.node));
	assert_ok(symdev_boot_begin(&run.boot, &options));
	assert_ok(stream_connect(f->loop, http_server_address(f->authn.rp_c_plain), NULL, NULL,
		NULL, &on, &run, &run.stream));
	flow_until(f, &run.done);
	if (run.stream) {
		stream_close(run.stream);
	}
	if (run.result == OK) {
		assert_ok(symdev_boot_token(&run.boot, ret));
	}
	symdev_boot_end(&run.boot);
	return run.result;
}

/* --- the application element --- */

static void on_pulled(void *user, uint64_t ref, enum err result, struct view message)
{
	struct flow_pull *pull = (struct flow_pull *)(uintptr_t)ref;
	struct rp_bia bia;
	struct diameter_fault fault;

	(void)user;
	pull->result = result;
	pull->done = true;
	if (result != OK) {
		return;
	}
	assert_ok(diameter_decode(message, rp_bia_rows, &bia, &fault));
	pull->code = bia.s.has_experimental ? bia.s.experimental : bia.s.result;
	pull->expiry = bia.expiry;
	if (bia.key_material.len > 0) {
		assert_ok(secret_set(&pull->key, bia.key_material.data, bia.key_material.len));
	}
	assert_ok(text_copy(pull->user_name, sizeof(pull->user_name), bia.user_name, "User-Name"));
	assert_ok(text_copy(pull->guss, sizeof(pull->guss), bia.guss, "guss"));
}

/* The same over HTTPS: on a client of its own. */
struct https_pull {
	struct flow_pull *pull;
	unsigned status;
	struct buf body;
};

static void on_key_head(void *user, const struct http_head *head)
{
	((struct https_pull *)user)->status = head->status;
}

static void on_key_body(void *user, struct view part)
{
	buf_view(&((struct https_pull *)user)->body, part);
}

static uint32_t code_of(unsigned status)
{
	switch (status) {
	case 200:
		return DIAMETER_SUCCESS;
	case 403:
		return DIAMETER_NOT_AUTHORIZED;
	case 404:
		return DIAMETER_TRANSACTION_IDENTIFIER_INVALID;
	default:
		return DIAMETER_UNABLE_TO_COMPLY;
	}
}

static void on_key_done(void *user, enum err result)
{
	struct https_pull *call = user;
	struct flow_pull *pull = call->pull;
	struct rp_bia bia;
	RP_A_JSON(m);

	pull->result = result;
	pull->done = true;
	if (result != OK) {
		return;
	}
	pull->code = code_of(call->status);
	if (call->status != 200) {
		return;
	}
	assert_ok(rp_a_json_read_key(buf_contents(&call->body), &m, &bia));
	pull->expiry = bia.expiry;
	assert_ok(secret_set(&pull->key, bia.key_material.data, bia.key_material.len));
	assert_ok(text_copy(pull->user_name, sizeof(pull->user_name), bia.user_name, "impi"));
	assert_ok(text_copy(pull->guss, sizeof(pull->guss), bia.guss, "guss"));
}

static void pull_by_https(struct flow *f, const char *host, const struct rp_bir *bir,
	struct flow_pull *ret)
{
	static const struct http_call_on on = {on_key_head, on_key_body, on_key_done};
	struct https_pull call = {.pull = ret, .body = buf_growing(65536)};
	BUF_CLEANUP struct buf body = buf_growing(4096);
	struct http_client *client;
	struct http_call *under_way;
	struct tls *tls;

	assert_ok(rp_a_json_write_pull(bir, &body));
	flow_open_https(f, host, &tls, &client);
	assert_ok(http_client_call(client, "POST", view_text("/rp-a/v1/key"), NULL, 0,
		buf_contents(&body), &on, &call, &under_way));
	flow_until(f, &ret->done);
	http_client_free(client);
	tls_free(tls);
	buf_free(&call.body);
}

void flow_pull(struct flow *f, struct diameter_node *element, const char *token,
	const char *application, struct ua ua, struct flow_pull *ret)
{
	BUF_CLEANUP struct buf session = buf_growing(1024);
	BUF_CLEANUP struct buf naf_id = buf_growing(512);
	struct ident id;
	const char *host = element == f->other ? FLOW_OTHER : FLOW_ELEMENT;

	*ret = (struct flow_pull){.done = false};
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(application), &id));
	assert_ok(rp_naf_id(&id, ua, &naf_id));
	if (element) {
		diameter_session_id(element, &session);
	}
	buf_text(&session, f->session_end ? f->session_end : ";0badcafe");
	const struct rp_bir bir = {
		.s = {.session_id = buf_contents(&session),
			.origin_host = view_text(host),
			.origin_realm = view_text(host + strlen("gateway.")),
			.destination_realm = view_text(FLOW_REALM),
			.destination_host = view_text(FLOW_AUTHN),
			.auth_session_state = 1},
		.transaction_id = view_text(token),
		.naf_id = buf_contents(&naf_id),
	};

	if (flow_over_https) {
		pull_by_https(f, host, &bir, ret);
		return;
	}
	diameter_send(element, DIAMETER_ZN, DIAMETER_BIR, FLOW_AUTHN, FLOW_REALM, rp_bir_rows, &bir,
		on_pulled, f, (uintptr_t)ret);
	flow_until(f, &ret->done);
}
