// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "portal.h"

#include "base/text.h"
#include "wire/json.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <stdlib.h>

void portal_open_ca(struct portal *p)
{
	*p = (struct portal){.tls = NULL};
	fake_ca_open(&p->ca);
}

void portal_start(struct portal *p, const char *more)
{
	struct fake_certificate own;
	char yaml[2048];

	if (!p->ca.key) {
		portal_open_ca(p);
	}
	fake_ca_issue(&p->ca, "authz1", "DNS:" PORTAL_URL_HOST, 1, &own);
	(void)snprintf(yaml, sizeof(yaml),
		"  operators: [ops.realm.example]\n"
		"portal:\n  listen: 127.0.0.1:0\n  certificate: %s\n  key: %s\n  authority: %s\n"
		"  password_memory: 8192\n%s",
		own.certificate, own.key, p->ca.authority, more);
	operator_start(&p->flow, yaml);
	/* Certificates that it issues are looked at by the clock of the system. */
	p->flow.env.wall_ms = env_system.wall_ms(&env_system);
}

void portal_write_ca_key(struct portal *p, char ret[96])
{
	(void)snprintf(ret, 96, "%s/asp-ca.key", p->ca.folder);
	FILE *file = fopen(ret, "w");

	assert_non_null(file);
	assert_int_equal(chmod(ret, 0600), 0);
	assert_int_equal(PEM_write_PrivateKey(file, p->ca.key, NULL, NULL, 0, NULL, NULL), 1);
	(void)fclose(file);
}

void portal_make_csr(struct portal *p, const char *alt_names, char ret_key[96], struct buf *ret_pem)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *request = X509_REQ_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;

	assert_true(key && request && bio);
	assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
	if (alt_names) {
		STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();

		assert_true(
			sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL,
							     NID_subject_alt_name, alt_names)) > 0);
		assert_int_equal(X509_REQ_add_extensions(request, list), 1);
		sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	}
	assert_true(X509_REQ_sign(request, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509_REQ(bio, request), 1);
	long len = BIO_get_mem_data(bio, &data);

	buf_clear(ret_pem);
	for (long i = 0; i < len; i++) {
		buf_text(ret_pem, data[i] == '\n' ? "\\n" : (char[2]){data[i], '\0'});
	}
	(void)snprintf(ret_key, 96, "%s/asp-%u.key", p->ca.folder, p->files++);
	FILE *file = fopen(ret_key, "w");

	assert_non_null(file);
	assert_int_equal(chmod(ret_key, 0600), 0);
	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	(void)fclose(file);
	BIO_free(bio);
	X509_REQ_free(request);
	EVP_PKEY_free(key);
}

void portal_write(struct portal *p, const char *text, char ret[96])
{
	(void)snprintf(ret, 96, "%s/file-%u.pem", p->ca.folder, p->files++);
	assert_ok(text_write_file(ret, view_text(text), 0600));
}

void portal_stop(struct portal *p)
{
	operator_stop(&p->flow);
	tls_free(p->tls);
	fake_ca_close(&p->ca);
	*p = (struct portal){.tls = NULL};
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
