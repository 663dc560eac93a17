// SPDX-License-Identifier: Apache-2.0
/*
 * load_registry: questions to a trust registry, on connections of TLS 1.3 that stay; each about one of --devices, by chance.
 *
 *	--tls standing	whether it is trusted, in a word, by an administrator: --tokens is a folder with admin.pem and admin.key
 *	--tls signed	an enquirer's question: the challenge, its signature, the signed answer; --tokens has party.pem
 *	--tls fixed	the first, to somebody who answers all the same
 */
#include "load.h"

#include "base/text.h"
#include "wire/request_signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TARGET = 128, PEM_MAX = 4096 };

struct registry_load {
	const char *host, *path;
	size_t devices;
	struct jose_key *key;
	bool is_signed;
	uint64_t chance;
	struct {
		char target[TARGET];
		bool challenged;
	} * clients;
};

/* xorshift64: which device is asked about. */
static size_t draw(struct registry_load *r)
{
	r->chance ^= r->chance << 13;
	r->chance ^= r->chance >> 7;
	r->chance ^= r->chance << 17;
	return r->chance % r->devices;
}

static void put_head(const struct registry_load *r, const char *target, struct buf *out)
{
	buf_printf(out, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: load\r\n", target, r->host);
}

static bool begin(void *user, size_t client, SSL *ssl, struct buf *out)
{
	struct registry_load *r = user;

	(void)ssl;
	r->clients[client].challenged = false;
	(void)snprintf(r->clients[client].target, TARGET, "%s/IN.TEL.P01:mac:0024befffe%06zx",
		r->path, draw(r));
	put_head(r, r->clients[client].target, out);
	buf_text(out, "\r\n");
	return true;
}

static void sign(struct registry_load *r, size_t client, struct view challenge, struct buf *out)
{
	char nonce[HTTP_SIGNATURE_NAME];
	struct request_signature signature;
	const struct request_to_sign request = {
		.method = "GET",
		.authority = view_text(r->host),
		.target = view_text(r->clients[client].target),
		.tag = REQUEST_ENQUIRY_TAG,
		.nonce = nonce,
		.now = (int64_t)time(NULL),
	};

	must(request_nonce(challenge, REQUEST_ENQUIRY_TAG, nonce) == OK &&
			request_sign(r->key, &request, &signature) == OK,
		"a signature");
	put_head(r, r->clients[client].target, out);
	for (size_t i = 0; i < signature.count; i++) {
		buf_view(out, signature.fields[i].name);
		buf_text(out, ": ");
		buf_view(out, signature.fields[i].value);
		buf_text(out, "\r\n");
	}
	buf_text(out, "\r\n");
}

static bool answered(void *user, size_t client, const struct load_answer *answer, struct buf *out)
{
	struct registry_load *r = user;

	if (r->is_signed && !r->clients[client].challenged) {
		load_expect(answer, 401);
		r->clients[client].challenged = true;
		sign(r, client, load_field(answer->head, "Accept-Signature"), out);
		return true;
	}
	load_expect(answer, 200);
	return false;
}

static void read_key(struct registry_load *r, const char *folder)
{
	BUF_CLEANUP struct buf pem = buf_growing(PEM_MAX);
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/party.pem", folder);
	must(text_read_file(path, PEM_MAX, &pem) == OK &&
			jose_key_from_pem(buf_contents(&pem), &r->key) == OK,
		path);
}

static void show_certificate(SSL_CTX *tls, const char *folder)
{
	char certificate[512], key[512];

	(void)snprintf(certificate, sizeof(certificate), "%s/admin.pem", folder);
	(void)snprintf(key, sizeof(key), "%s/admin.key", folder);
	must(SSL_CTX_use_certificate_chain_file(tls, certificate) == 1 &&
			SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) == 1,
		certificate);
}

int main(int argc, char **argv)
{
	struct load_arguments arguments = {.clients = 64, .seconds = 1, .devices = 1};
	struct measure m = {.work = NULL};

	load_arguments(argc, argv, &arguments, &m);
	must(arguments.authority && arguments.name && arguments.tls, "--authority, --name, --tls");
	struct registry_load r = {.host = arguments.name,
		.devices = arguments.devices,
		.chance = 88172645463325252U,
		.is_signed = strcmp(arguments.tls, "signed") == 0,
		.clients = calloc(arguments.clients, sizeof(*r.clients))};
	SSL_CTX *tls = load_tls(arguments.authority);

	must(r.clients != NULL, "memory");
	r.path = r.is_signed ? "/v1/enquiry/devices" : "/v1/enquiry/standing";
	if (r.is_signed) {
		must(arguments.tokens != NULL, "--tokens");
		read_key(&r, arguments.tokens);
	} else if (arguments.tokens) {
		show_certificate(tls, arguments.tokens);
	}
	load_run(&(struct load){.address = arguments.address,
			 .tls = tls,
			 .server_name = arguments.name,
			 .clients = arguments.clients,
			 .warm_up = arguments.warm_up,
			 .seconds = arguments.seconds,
			 .begin = begin,
			 .answered = answered,
			 .user = &r},
		&m);
	measure_print(&m, "");
	jose_key_free(r.key);
	free(r.clients);
	SSL_CTX_free(tls);
	return 0;
}
