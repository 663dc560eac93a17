// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/text.h"
#include "devices.h"
#include "net/daemon.h"
#include "registry/realm/rp_d.h"

#include <stdlib.h>

enum { REPLY_MAX = 1 << 20, QUIET_TURNS = 50 };

/* --- the registry --- */

static void settle(struct devices_flow *d)
{
	for (int i = 0; i < QUIET_TURNS; i++) {
		loop_turn(d->f.loop, 1);
	}
}

static void write_conf(struct devices_flow *d, struct buf *yaml)
{
	buf_printf(yaml, "node: {host: " FLOW_ELEMENT ", realm: app.example}\n");
	buf_printf(yaml, "store: {url: \"sqlite:%s/registry.db\"}\n", d->f.dir);
	buf_printf(yaml, "seal: {master_key: %s/master}\n", d->f.dir);
	buf_text(yaml, "registry: {id: " DEVICES_REGISTRY ", url: \"https://registry.example\"}\n");
	buf_printf(yaml, "api: {socket: %s/api.sock}\n", d->f.dir);
	buf_text(yaml, "rp_d: {application: " FLOW_APP ", listen: \"127.0.0.1:0\"}\n");
	buf_printf(yaml,
		"diameter:\n  certificate: %s\n  key: %s\n  authority: %s\n"
		"  peers: [{host: " FLOW_AUTHN ", realm: " FLOW_REALM ", address: \"%s\"}]\n",
		d->own.certificate, d->own.key, d->f.ca.authority,
		diameter_node_address(d->f.authn.diameter));
	buf_printf(yaml, "devices:\n  roots: [%s/maker.pem]\n%s", d->f.dir, d->more);
}

static bool is_connected(struct flow *f)
{
	struct devices_flow *d = (struct devices_flow *)(void *)f; /* its first member */

	return symapp_reaches(realm_door_app(d->registry.realm), FLOW_AUTHN);
}

void devices_start(struct devices_flow *d)
{
	BUF_CLEANUP struct buf yaml = buf_growing(8192);
	char address[ADDRESS_MAX];

	write_conf(d, &yaml);
	d->registry = (struct registry){.conf = &d->conf};
	assert_ok(conf_parse(registry_options, "registry.yaml", buf_contents(&yaml), &d->conf));
	for (d->started = 0; d->started < registry_program.part_count; d->started++) {
		assert_ok(registry_program.parts[d->started].start(&d->registry, d->f.loop));
	}
	flow_until_true(&d->f, is_connected);
	(void)snprintf(address, sizeof(address), "unix:%s/api.sock", d->f.dir);
	const struct http_client_options options = {.address = address, .host = "registry"};

	assert_ok(http_client_new(d->f.loop, &options, &d->staff));
}

void devices_stop(struct devices_flow *d)
{
	http_client_free(d->staff);
	d->staff = NULL;
	while (d->started > 0) {
		registry_program.parts[--d->started].stop(&d->registry);
	}
	conf_free(registry_options, &d->conf);
	d->conf = (struct registry_conf){0};
	settle(d);
}

void devices_open(struct devices_flow *d, const char *more)
{
	char path[96];

	*d = (struct devices_flow){.said.body = buf_growing(REPLY_MAX)};
	(void)snprintf(d->more, sizeof(d->more), "%s", more);
	flow_open(&d->f);
	diameter_node_close(d->f.element); /* the registry is this element */
	d->f.element = NULL;
	settle(d);
	fake_ca_issue(&d->f.ca, FLOW_ELEMENT, "DNS:" FLOW_ELEMENT, 10, &d->own);
	fake_maker_open(&d->maker, "Acme");
	(void)snprintf(path, sizeof(path), "%s/maker.pem", d->f.dir);
	assert_ok(text_write_file(path, view_text(d->maker.root_pem), 0600));
	flow_add_application(&d->f, FLOW_APP, FLOW_ASP, FLOW_ELEMENT);
	devices_start(d);
}

void devices_close(struct devices_flow *d)
{
	devices_stop(d);
	fake_maker_close(&d->maker);
	buf_free(&d->said.body);
	flow_close(&d->f);
}

/* --- questions --- */

static void on_head(void *user, const struct http_head *head)
{
	((struct devices_reply *)user)->status = head->status;
}

static void on_body(void *user, struct view part)
{
	buf_view(&((struct devices_reply *)user)->body, part);
}

static void on_done(void *user, enum err result)
{
	struct devices_reply *reply = user;

	reply->result = result;
	reply->done = true;
}

static unsigned ask(struct devices_flow *d, struct http_client *client, const char *method,
	const char *target, const char *body)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	const struct http_field json = {view_text("Content-Type"), view_text("application/json")};
	struct http_call *call;

	d->said.done = false;
	d->said.status = 0;
	buf_clear(&d->said.body);
	assert_ok(http_client_call(client, method, view_text(target), &json, body ? 1 : 0,
		view_text(body), &on, &d->said, &call));
	flow_until(&d->f, &d->said.done);
	return d->said.result == OK ? d->said.status : 0;
}

unsigned devices_ask(struct devices_flow *d, const char *method, const char *target,
	const char *body)
{
	return ask(d, d->staff, method, target, body);
}

const char *devices_said(struct devices_flow *d)
{
	return buf_string(&d->said.body);
}

unsigned flow_device_ask(struct flow_device *device, const char *method, const char *target,
	const char *body)
{
	return ask(device->d, device->http, method, target, body);
}

void devices_member(struct devices_flow *d, const char *name, char *ret, size_t room)
{
	JSON_CLEANUP struct json *json = NULL;
	struct view text;

	assert_ok(json_parse(buf_contents(&d->said.body), REPLY_MAX, &json));
	assert_ok(json_text(json, name, &text));
	assert_ok(text_copy(ret, room, text, name));
}

/* --- devices --- */

static struct tls *psk_of(struct flow_device *device)
{
	char identity[SYMDEV_PSK_IDENTITY];
	struct ident application;
	struct tls *tls;
	SECRET(key);

	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FLOW_APP), &application));
	assert_ok(symdev_token_key(&se_soft_ops, device->se, &device->token, &application,
		UA_TLS13_PSK, &key));
	assert_ok(symdev_psk_identity(&device->token, identity));
	assert_ok(tls_psk_client(view_text(identity), &key, TLS_13_PSK, &tls));
	return tls;
}

void flow_device_connect(struct flow_device *device, bool bootstrap)
{
	if (bootstrap) {
		assert_ok(flow_bootstrap(&device->d->f, device->se, device->client, &device->token));
	}
	http_client_free(device->http);
	tls_free(device->tls);
	device->tls = psk_of(device);
	const struct http_client_options options = {
		.address = realm_door_address(device->d->registry.realm),
		.host = FLOW_APP,
		.tls = device->tls,
	};

	assert_ok(http_client_new(device->d->f.loop, &options, &device->http));
}

void flow_device_open(struct flow_device *device, struct devices_flow *d, const char *client,
	const char *identity)
{
	char name[32];

	*device = (struct flow_device){.d = d};
	(void)snprintf(device->client, sizeof(device->client), "%s", client);
	(void)snprintf(name, sizeof(name), "se%.15s", client);
	d->f.identity = identity;
	flow_add_device(&d->f, client, 0);
	d->f.identity = NULL;
	flow_grant_terms(&d->f, client, FLOW_APP, DEVICES_FOREVER, "", "device_identity");
	flow_new_se(&d->f, name, &device->se);
	flow_device_connect(device, true);
}

void flow_device_close(struct flow_device *device)
{
	http_client_free(device->http);
	tls_free(device->tls);
	se_soft_close(device->se);
}

/* --- what a device shows --- */

static void read_nonce(const char *text, uint8_t ret[EVIDENCE_NONCE])
{
	size_t len = 0;

	assert_ok(text_from_base64url(view_text(text), ret, EVIDENCE_NONCE, &len, "nonce"));
	assert_int_equal(len, EVIDENCE_NONCE);
}

static void sign(struct flow_device *device, const struct flow_evidence *evidence, struct buf *proof)
{
	BUF_CLEANUP struct buf payload = buf_growing(FACTS_JSON_MAX);
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	const char *place = evidence->registry ? evidence->registry : DEVICES_REGISTRY;
	uint8_t nonce[EVIDENCE_NONCE];
	struct reg_id registry;
	char text[64];

	if (!evidence->nonce) {
		assert_device(device, 200, "POST", "/v1/devices/challenge", "{}");
		devices_member(device->d, "nonce", text, sizeof(text));
	}
	read_nonce(evidence->nonce ? evidence->nonce : text, nonce);
	assert_ok(reg_id_parse(view_text(place), &registry));
	const struct evidence_claim claim = {&registry, view_text(device->token.id), VIEW(nonce),
		evidence->facts};

	assert_ok(evidence_payload(&claim, &payload));
	assert_ok(jose_key_from_pem(view_text(evidence->made->key_pem), &key));
	assert_ok(jose_sign(key, EVIDENCE_TYP, buf_contents(&payload), proof));
}

void flow_device_evidence(struct flow_device *device, const struct flow_evidence *evidence,
	struct buf *out)
{
	BUF_CLEANUP struct buf proof = buf_growing(JOSE_MAX);
	struct json_writer w = json_to(out);
	const struct fake_device *shown = evidence->shown ? evidence->shown : evidence->made;

	sign(device, evidence, &proof);
	json_open(&w, NULL);
	evidence_put_x509(&w, "evidence", shown->chain, 2, buf_contents(&proof));
	json_close(&w);
	assert_ok(buf_end(out, "evidence"));
}

void flow_device_proof(struct flow_device *device, const struct flow_evidence *evidence,
	struct buf *out)
{
	BUF_CLEANUP struct buf proof = buf_growing(JOSE_MAX);
	struct json_writer w = json_to(out);

	sign(device, evidence, &proof);
	json_open(&w, NULL);
	json_put_text(&w, "proof", buf_contents(&proof));
	json_close(&w);
	assert_ok(buf_end(out, "proof"));
}
