// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "portal.h"

#include "wire/json.h"

#include <stdlib.h>

void portal_start(struct portal *p, const char *more)
{
	struct fake_certificate own;
	char yaml[2048];

	*p = (struct portal){.tls = NULL};
	fake_ca_open(&p->ca);
	fake_ca_issue(&p->ca, "authz1", "DNS:" PORTAL_URL_HOST, 1, &own);
	(void)snprintf(yaml, sizeof(yaml),
		"  operators: [ops.realm.example]\n"
		"portal:\n  listen: 127.0.0.1:0\n  certificate: %s\n  key: %s\n  authority: %s\n"
		"  password_memory: 8192\n%s",
		own.certificate, own.key, p->ca.authority, more);
	operator_start(&p->flow, yaml);
}

void portal_stop(struct portal *p)
{
	operator_stop(&p->flow);
	tls_free(p->tls);
	fake_ca_close(&p->ca);
}

static void connect_with(struct portal *p, const struct tls_files *files)
{
	struct tls *tls = NULL;

	assert_ok(tls_client(files, &tls));
	operator_connect(&p->flow, http_server_address(p->flow.authz.portal), PORTAL_URL_HOST, tls);
	tls_free(p->tls);
	p->tls = tls;
	p->bearer[0] = '\0';
}

void portal_as_operator(struct portal *p)
{
	char address[ADDRESS_MAX];

	(void)snprintf(address, sizeof(address), "unix:%s/authz.sock", p->flow.dir);
	operator_connect(&p->flow, address, "authz", NULL);
	p->bearer[0] = '\0';
}

void portal_as(struct portal *p, const char *name)
{
	struct fake_certificate own;
	struct tls_files files = {.authority = p->ca.authority};
	char alt[80];

	if (name) {
		(void)snprintf(alt, sizeof(alt), "DNS:%s", name);
		fake_ca_issue(&p->ca, name, alt, 1, &own);
		files = fake_ca_files(&p->ca, &own);
	}
	connect_with(p, &files);
}

void portal_with(struct portal *p, const char *certificate, const char *key)
{
	const struct tls_files files = {certificate, key, p->ca.authority};

	connect_with(p, &files);
}

void portal_bearer(struct portal *p, const char *token)
{
	(void)snprintf(p->bearer, sizeof(p->bearer), "%s%s", token[0] ? "Bearer " : "", token);
}

unsigned portal_ask(struct portal *p, const char *method, const char *target, const char *body)
{
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text("application/json")},
		{view_text("Authorization"), view_text(p->bearer)},
	};

	return operator_ask_with(&p->flow, method, target, fields, p->bearer[0] ? 2 : 1, body);
}

void portal_member(struct portal *p, const char *name, char *ret, size_t room)
{
	JSON_CLEANUP struct json *answer = NULL;
	struct view text;

	assert_ok(json_parse(buf_contents(&p->flow.body), 1 << 20, &answer));
	if (json_text(answer, name, &text) != OK || text.len >= room) {
		fail_msg("%s: %s", name, operator_said(&p->flow));
	}
	memcpy(ret, text.data, text.len);
	ret[text.len] = '\0';
}

void portal_sign_in(struct portal *p, const char *subscriber, const char *password)
{
	char body[256], token[96];

	(void)snprintf(body, sizeof(body), "{\"subscriber\":\"%s\",\"password\":\"%s\"}",
		subscriber, password);
	portal_bearer(p, "");
	assert_portal(p, 201, "POST", "/v1/sessions", body);
	portal_member(p, "token", token, sizeof(token));
	portal_bearer(p, token);
}
