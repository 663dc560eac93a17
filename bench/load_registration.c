// SPDX-License-Identifier: Apache-2.0
/*
 * load_registration: devices that register with a trust registry (Y.3059 9.2): each on a TLS 1.3 connection of its own under
 * the key of its token, of those that load_bootstrap wrote, with a certificate of its maker: a nonce, register and acknowledge, det,
 * another nonce, report. The maker's root is made before, the devices' certificates here, outside of what is measured.
 *
 *	load_registration --address HOST:PORT --name SNI --tokens FILE --devices N --clients C --authority FOLDER [--tls nonce]
 *		FOLDER has maker.pem and maker.key; --tls nonce: the connection and the first nonce, and no registration
 */
#include "load.h"

#include "base/text.h"
#include "wire/evidence.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGISTRY "IN.TEL.P01"

enum { IDENTITY = 200, KEY = 32, DER_MAX = 1024, PATH = 512, SERIAL = 32, BODY_MAX = 16384 };
enum step { FIRST_NONCE, REGISTERED, CONFIRMED, SECOND_NONCE, REPORTED };

struct device {
	char identity[IDENTITY];
	SSL_SESSION *session;
	uint8_t der[DER_MAX];
	struct view certificate;
	struct jose_key *key;
};

struct client {
	struct device *device;
	enum step step;
};

static struct load_arguments arguments = {.clients = 64, .devices = 1};
static struct device *devices;
static struct client *clients;
static size_t device_count, next;
static struct reg_id registry;
static const struct device_facts facts = {.make = "Acme",
	.model = "T-1",
	.firmware = "1.2",
	.type = "meter"};

/* --- what the devices have --- */

static SSL_SESSION *session_of(SSL *ssl, const unsigned char key[KEY])
{
	static const unsigned char aes_128_gcm_sha256[] = {0x13, 0x01};
	SSL_SESSION *session = SSL_SESSION_new();

	must(session && SSL_SESSION_set1_master_key(session, key, KEY) == 1 &&
			SSL_SESSION_set_cipher(session, SSL_CIPHER_find(ssl, aes_128_gcm_sha256)) ==
				1 &&
			SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1,
		"session");
	return session;
}

static FILE *open_in_folder(const char *name)
{
	char path[PATH];

	(void)snprintf(path, sizeof(path), "%s/%s", arguments.authority, name);
	FILE *file = fopen(path, "re");

	must(file != NULL, path);
	return file;
}

static void name_device(size_t i, char ret[SERIAL])
{
	(void)snprintf(ret, SERIAL, "mac:0024befffe%06zx", i);
}

static void fill(X509 *certificate, X509 *maker, EVP_PKEY *key, const char *serial)
{
	X509_NAME *subject = X509_get_subject_name(certificate);

	must(X509_set_version(certificate, X509_VERSION_3) == 1 &&
			ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
			X509_gmtime_adj(X509_getm_notBefore(certificate), -86400) &&
			X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) &&
			X509_NAME_add_entry_by_txt(subject, "serialNumber", MBSTRING_ASC,
				(const unsigned char *)serial, -1, -1, 0) == 1 &&
			X509_set_issuer_name(certificate, X509_get_subject_name(maker)) == 1 &&
			X509_set_pubkey(certificate, key) == 1,
		"certificate");
}

static void certify(struct device *device, size_t i, X509 *maker, EVP_PKEY *by)
{
	BUF_CLEANUP struct buf pem = buf_growing(4096);
	struct jose_key *pair = NULL;
	X509 *certificate = X509_new();
	uint8_t *at = device->der;
	char serial[SERIAL];

	must(certificate && jose_key_make(JOSE_ES256, &pair) == OK &&
			jose_key_to_pem(pair, true, &pem) == OK,
		"key");
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	name_device(i, serial);
	fill(certificate, maker, key, serial);
	must(X509_sign(certificate, by, EVP_sha256()) > 0 && i2d_X509(certificate, NULL) <= DER_MAX,
		"certificate");
	device->certificate = view_of(device->der, (size_t)i2d_X509(certificate, &at));
	device->key = pair;
	EVP_PKEY_free(key);
	BIO_free(bio);
	X509_free(certificate);
}

static void make_devices(SSL_CTX *tls)
{
	FILE *tokens = fopen(arguments.tokens, "re"), *pem = open_in_folder("maker.pem");
	FILE *key_file = open_in_folder("maker.key");
	X509 *maker = PEM_read_X509(pem, NULL, NULL, NULL);
	EVP_PKEY *by = PEM_read_PrivateKey(key_file, NULL, NULL, NULL);
	SSL *ssl = SSL_new(tls);
	unsigned char key[KEY];
	char hex[2 * KEY + 1];

	devices = calloc(arguments.devices, sizeof(*devices));
	must(tokens && maker && by && ssl && devices, arguments.tokens);
	while (device_count < arguments.devices &&
		fscanf(tokens, "%199s %64s", devices[device_count].identity, hex) == 2) {
		for (size_t i = 0; i < KEY; i++) {
			must(sscanf(hex + 2 * i, "%2hhx", &key[i]) == 1, "key");
		}
		devices[device_count].session = session_of(ssl, key);
		certify(&devices[device_count], device_count, maker, by);
		device_count++;
	}
	must(device_count > 0, "no tokens");
	SSL_free(ssl);
	X509_free(maker);
	EVP_PKEY_free(by);
	(void)fclose(tokens);
	(void)fclose(pem);
	(void)fclose(key_file);
}

static int use_session(SSL *ssl, const EVP_MD *md, const unsigned char **ret_identity,
	size_t *ret_len, SSL_SESSION **ret)
{
	struct device *device = SSL_get_app_data(ssl);

	(void)md;
	*ret_identity = (const unsigned char *)device->identity;
	*ret_len = strlen(device->identity);
	*ret = device->session;
	return SSL_SESSION_up_ref(device->session);
}

/* --- what they say --- */

static void post(const char *path, struct view body, struct buf *out)
{
	buf_printf(out,
		"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n",
		path, arguments.name, body.len);
	buf_view(out, body);
}

static void post_to_device(const struct client *c, const char *more, struct view body,
	struct buf *out)
{
	char path[PATH], name[SERIAL];

	name_device((size_t)(c->device - devices), name);
	(void)snprintf(path, sizeof(path), "/v1/devices/" REGISTRY ":%s/%s", name, more);
	post(path, body, out);
}

/* The proof over the nonce that has just come. */
static void prove(const struct client *c, const struct load_answer *answer, struct buf *proof)
{
	BUF_CLEANUP struct buf payload = buf_growing(BODY_MAX);
	JSON_CLEANUP struct json *json = NULL;
	struct evidence_claim claim = {.registry = &registry, .facts = &facts};
	uint8_t nonce[EVIDENCE_NONCE];
	struct view text;
	size_t len = 0;

	must(json_parse(answer->body, BODY_MAX, &json) == OK &&
			json_text(json, "nonce", &text) == OK &&
			json_text(json, "token", &claim.token) == OK &&
			text_from_base64url(text, nonce, sizeof(nonce), &len, "nonce") == OK,
		"a nonce");
	claim.nonce = view_of(nonce, len);
	must(evidence_payload(&claim, &payload) == OK &&
			jose_sign(c->device->key, EVIDENCE_TYP, buf_contents(&payload), proof) == OK,
		"a proof");
}

static void send_evidence(const struct client *c, const struct load_answer *answer, struct buf *out)
{
	BUF_CLEANUP struct buf proof = buf_growing(BODY_MAX), body = buf_growing(BODY_MAX);
	struct json_writer w = json_to(&body);

	prove(c, answer, &proof);
	json_open(&w, NULL);
	evidence_put_x509(&w, "evidence", &c->device->certificate, 1, buf_contents(&proof));
	json_close(&w);
	post("/v1/devices", buf_contents(&body), out);
}

static void send_report(const struct client *c, const struct load_answer *answer, struct buf *out)
{
	BUF_CLEANUP struct buf proof = buf_growing(BODY_MAX), body = buf_growing(BODY_MAX);
	struct json_writer w = json_to(&body);

	prove(c, answer, &proof);
	json_open(&w, NULL);
	json_put_text(&w, "proof", buf_contents(&proof));
	json_close(&w);
	post_to_device(c, "reports", buf_contents(&body), out);
}

static bool begin(void *user, size_t client, SSL *ssl, struct buf *out)
{
	(void)user;
	if (next == device_count) {
		return false;
	}
	clients[client] = (struct client){.device = &devices[next++]};
	SSL_set_app_data(ssl, clients[client].device);
	post("/v1/devices/challenge", view_text("{}"), out);
	return true;
}

static bool answered(void *user, size_t client, const struct load_answer *answer, struct buf *out)
{
	struct client *c = &clients[client];

	(void)user;
	load_expect(answer, c->step == REGISTERED ? 201 : 200);
	if (arguments.tls) {
		return false;
	}
	switch (c->step++) {
	case FIRST_NONCE:
		send_evidence(c, answer, out);
		return true;
	case REGISTERED:
		post_to_device(c, "det", view_text("{}"), out);
		return true;
	case CONFIRMED:
		post("/v1/devices/challenge", view_text("{}"), out);
		return true;
	case SECOND_NONCE:
		send_report(c, answer, out);
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	struct measure m = {.work = NULL};
	SSL_CTX *tls = load_tls(NULL);

	load_arguments(argc, argv, &arguments, &m);
	must(arguments.name && arguments.tokens && arguments.authority,
		"--name, --tokens and --authority are needed");
	must(reg_id_parse(view_text(REGISTRY), &registry) == OK, REGISTRY);
	must(SSL_CTX_set_ciphersuites(tls, "TLS_AES_128_GCM_SHA256") == 1, "TLS");
	SSL_CTX_set_psk_use_session_callback(tls, use_session);
	make_devices(tls);
	clients = calloc(arguments.clients, sizeof(*clients));
	must(clients != NULL, "memory");
	load_run(&(struct load){.address = arguments.address,
			 .tls = tls,
			 .server_name = arguments.name,
			 .clients = arguments.clients,
			 .fresh = true,
			 .begin = begin,
			 .answered = answered},
		&m);
	measure_print(&m, "");
	for (size_t i = 0; i < device_count; i++) {
		SSL_SESSION_free(devices[i].session);
		jose_key_free(devices[i].key);
	}
	free(devices);
	free(clients);
	SSL_CTX_free(tls);
	return 0;
}
