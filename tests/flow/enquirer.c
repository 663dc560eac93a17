// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "enquirer.h"
#include "registry/api/api.h"

#include <stdlib.h>

void enquirer_start(struct enquirer *q, struct registry_flow *r, const char *more)
{
	struct fake_certificate own;
	char yaml[2048];

	*q = (struct enquirer){.r = r, .body = buf_growing(32 << 20)};
	fake_ca_open(&q->ca);
	fake_ca_issue(&q->ca, ENQUIRER_HOST, "DNS:" ENQUIRER_HOST, 10, &own);
	(void)snprintf(yaml, sizeof(yaml),
		"  listen: 127.0.0.1:0\n  certificate: \"%s\"\n  key: \"%s\"\n%s", own.certificate,
		own.key, more);
	registry_flow_start(r, "IN.TEL.P01", yaml);
	const struct tls_files files = fake_ca_files(&q->ca, NULL);

	assert_ok(tls_client(&files, &q->tls));
	const struct http_client_options options = {
		.address = api_address(r->registry.api),
		.host = ENQUIRER_HOST,
		.tls = q->tls,
	};

	assert_ok(http_client_new(r->loop, &options, &q->client));
}

void enquirer_stop(struct enquirer *q)
{
	if (q->client) {
		http_client_free(q->client);
	}
	registry_flow_stop(q->r);
	tls_free(q->tls);
	jose_key_free(q->key);
	buf_free(&q->body);
	fake_ca_close(&q->ca);
}

static void keep(const struct http_head *head, const char *name, char *to, size_t room)
{
	struct view value = http_field_of(head, name);

	(void)snprintf(to, room, "%.*s", (int)value.len, value.data ? (const char *)value.data : "");
}

static void on_head(void *user, const struct http_head *head)
{
	struct enquirer *q = user;

	q->status = head->status;
	keep(head, "Content-Type", q->type, sizeof(q->type));
	keep(head, "Accept-Signature", q->challenge, sizeof(q->challenge));
	keep(head, "ETag", q->etag, sizeof(q->etag));
	keep(head, "Cache-Control", q->cache, sizeof(q->cache));
}

static void on_body(void *user, struct view part)
{
	buf_view(&((struct enquirer *)user)->body, part);
}

static void on_done(void *user, enum err result)
{
	struct enquirer *q = user;

	q->result = result;
	q->done = true;
}

unsigned enquirer_send(struct enquirer *q, const char *method, const char *target, const char *body,
	const struct http_field *fields, size_t count)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	struct http_field all[8];
	struct http_call *call;
	size_t used = 0;

	for (; used < count; used++) {
		all[used] = fields[used];
	}
	if (body) {
		all[used++] = (struct http_field){view_text("Content-Type"),
			view_text("application/json")};
	}
	q->done = false;
	q->nonce[0] = '\0';
	buf_clear(&q->body);
	assert_ok(http_client_call(q->client, method, view_text(target), all, used, view_text(body),
		&on, q, &call));
	registry_wait(q->r, &q->done);
	assert_ok(q->result);
	if (q->challenge[0]) {
		assert_ok(request_nonce(view_text(q->challenge), REQUEST_ENQUIRY_TAG, q->nonce));
	}
	return q->status;
}

unsigned enquirer_send_signed(struct enquirer *q, const struct jose_key *key, const char *method,
	const char *target, const char *body, const char *tag, const char *nonce)
{
	struct request_signature signature;
	const struct request_to_sign request = {
		.method = method,
		.authority = view_text(ENQUIRER_HOST),
		.target = view_text(target),
		.body = view_text(body),
		.tag = tag,
		.nonce = nonce,
		.now = env_wall(&q->r->env.env),
	};

	assert_ok(request_sign(key, &request, &signature));
	return enquirer_send(q, method, target, body, signature.fields, signature.count);
}

unsigned enquirer_ask(struct enquirer *q, const char *method, const char *target, const char *body)
{
	char nonce[HTTP_SIGNATURE_NAME];

	if (enquirer_send(q, method, target, body, NULL, 0) != 401 || !q->nonce[0]) {
		fail_msg("no challenge but %u: %s", q->status, enquirer_said(q));
	}
	memcpy(nonce, q->nonce, sizeof(nonce));
	return enquirer_send_signed(q, q->key, method, target, body, REQUEST_ENQUIRY_TAG, nonce);
}

static unsigned enrol(struct enquirer *q, const char *roles)
{
	BUF_CLEANUP struct buf body = buf_growing(4096);
	struct json_writer w = json_to(&body);
	JSON_CLEANUP struct json *list = NULL;

	assert_ok(jose_thumbprint(q->key, q->id));
	assert_ok(json_parse(view_text(roles), 200, &list));
	json_open(&w, NULL);
	assert_ok(jose_key_write_jwk(q->key, &w, "key"));
	json_put_string(&w, "name", "Port of Example");
	json_put_string(&w, "contact", "customs@port.example");
	json_put_string(&w, "purpose", "import control");
	json_put_value(&w, "roles", list);
	if (strstr(roles, "manufacturer")) {
		json_put_string(&w, "make", "Aeotec");
	}
	json_close(&w);
	return enquirer_send_signed(q, q->key, "POST", "/v1/parties", buf_string(&body),
		REQUEST_ENROLMENT_TAG, NULL);
}

unsigned enquirer_enrol(struct enquirer *q, const char *roles)
{
	jose_key_free(q->key);
	assert_ok(jose_key_make(JOSE_ES256, &q->key));
	return enrol(q, roles);
}

unsigned enquirer_enrol_key(struct enquirer *q, const struct jose_key *key, const char *roles)
{
	BUF_CLEANUP struct buf pem = buf_growing(2048);

	jose_key_free(q->key);
	assert_ok(jose_key_to_pem(key, true, &pem));
	assert_ok(jose_key_from_pem(buf_contents(&pem), &q->key));
	return enrol(q, roles);
}

void enquirer_approve(struct enquirer *q, const char *state)
{
	char target[128], body[128];

	(void)snprintf(target, sizeof(target), "/v1/parties/%s/state", q->id);
	(void)snprintf(body, sizeof(body), "{\"state\":\"%s\",\"reason\":\"known to us\"}", state);
	assert_registry(q->r, 204, "PUT", target, body);
}

const char *enquirer_said(struct enquirer *q)
{
	return buf_string(&q->body);
}
