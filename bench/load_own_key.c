// SPDX-License-Identifier: Apache-2.0
/*
 * load_own_key: devices with a key pair each that bootstrap by mutual TLS 1.3 (clause 10.4, NOTE), a new connection each time;
 * each derives Ks by the exporter. Without an application: a GET of anything, with the same certificates.
 *
 *	load_own_key --address HOST:PORT --name AUTHN --authority CA.pem --tokens FOLDER --clients C --seconds S [--tls fixed]
 *
 * FOLDER has 0.pem, 0.key, 1.pem, ...: as many as there are clients.
 */
#include "load.h"

#include "base/text.h"
#include "core/exporter.h"
#include "wire/json.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLICATION "push.example"

struct device {
	X509 *certificate;
	EVP_PKEY *key;
	SSL *ssl; /* of the bootstrap under way */
};

static struct load_arguments arguments = {.clients = 64, .seconds = 1};
static struct device *devices;
static struct ident node;
static bool fixed;

static BIO *open_file(size_t number, const char *end)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%zu.%s", arguments.tokens, number, end);
	BIO *file = BIO_new_file(path, "r");

	must(file != NULL, path);
	return file;
}

static void read_device(size_t number, struct device *ret)
{
	BIO *certificate = open_file(number, "pem"), *key = open_file(number, "key");

	ret->certificate = PEM_read_bio_X509(certificate, NULL, NULL, NULL);
	ret->key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
	must(ret->certificate && ret->key, "device");
	BIO_free(certificate);
	BIO_free(key);
}

static bool begin(void *user, size_t client, SSL *ssl, struct buf *out)
{
	struct device *device = &devices[client];

	(void)user;
	must(ssl && SSL_use_certificate(ssl, device->certificate) == 1 &&
			SSL_use_PrivateKey(ssl, device->key) == 1,
		"certificate");
	device->ssl = ssl;
	buf_printf(out, "GET /?app=" APPLICATION " HTTP/1.1\r\nHost: %s\r\n\r\n", node.text);
	return true;
}

/* 10.4/4a: the device's half. */
static void derive(const struct device *device, struct view body)
{
	JSON_CLEANUP struct json *root = NULL;
	struct view client, rand;
	struct ident ident;
	uint8_t bytes[RAND_SIZE], room[EXPORTER_CONTEXT], ks[32];
	struct buf context = buf_fixed(room, sizeof(room));
	size_t len = 0;

	must(json_parse(body, 8192, &root) == OK && json_text(root, "rand", &rand) == OK &&
			json_text(root, "client", &client) == OK &&
			text_from_base64url(rand, bytes, sizeof(bytes), &len, "rand") == OK &&
			ident_parse(IDENT_CLIENT, client, &ident) == OK &&
			exporter_context(&ident, &node, bytes, &context) == OK,
		"answer");
	must(SSL_export_keying_material(device->ssl, ks, sizeof(ks), EXPORTER_LABEL,
		     strlen(EXPORTER_LABEL), context.data, context.len, 1) == 1,
		"exporter");
}

static bool answered(void *user, size_t client, const struct load_answer *answer, struct buf *out)
{
	(void)user;
	(void)out;
	load_expect(answer, 200);
	if (!fixed) {
		derive(&devices[client], answer->body);
	}
	return false;
}

int main(int argc, char **argv)
{
	struct measure m = {.work = "bootstrap", .who = "symbolon"};

	load_arguments(argc, argv, &arguments, &m);
	must(arguments.name && arguments.tokens && arguments.authority,
		"--name, --authority and --tokens");
	must(ident_parse(IDENT_FQDN, view_text(arguments.name), &node) == OK, arguments.name);
	fixed = arguments.tls && strcmp(arguments.tls, "fixed") == 0;
	devices = calloc(arguments.clients, sizeof(*devices));
	must(devices != NULL, "memory");
	for (size_t i = 0; i < arguments.clients; i++) {
		read_device(i, &devices[i]);
	}
	struct load load = {.address = arguments.address,
		.tls = load_tls(arguments.authority),
		.server_name = arguments.name,
		.fresh = true,
		.clients = arguments.clients,
		.warm_up = arguments.warm_up,
		.seconds = arguments.seconds,
		.begin = begin,
		.answered = answered};

	load_run(&load, &m);
	measure_print(&m, "");
	SSL_CTX_free(load.tls);
	for (size_t i = 0; i < arguments.clients; i++) {
		X509_free(devices[i].certificate);
		EVP_PKEY_free(devices[i].key);
	}
	free(devices);
	return 0;
}
