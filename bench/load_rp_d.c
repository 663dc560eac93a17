// SPDX-License-Identifier: Apache-2.0
/*
 * load_rp_d: devices that reach an application over RP_D (clause 10.5): for each request a new TLS 1.3 connection
 * with an external PSK, or one of TLS 1.2 with ECDHE_PSK, of those that load_bootstrap wrote.
 *
 *	load_rp_d --address HOST:PORT --name SNI --tokens FILE --devices N --clients C --seconds S [--tls 1.2]
 */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDENTITY = 200, KEY = 32 };

struct token {
	char identity[IDENTITY];
	unsigned char key[KEY];
	SSL_SESSION *session;
};

static struct load_arguments arguments = {.clients = 64, .devices = 1, .seconds = 1};
static struct token *tokens;
static size_t token_count, next;

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

static void read_tokens(SSL_CTX *tls)
{
	FILE *file = fopen(arguments.tokens, "re");
	SSL *ssl = SSL_new(tls);
	char hex[2 * KEY + 1];

	tokens = calloc(arguments.devices, sizeof(*tokens));
	must(file && ssl && tokens, arguments.tokens);
	while (token_count < arguments.devices &&
		fscanf(file, "%199s %64s", tokens[token_count].identity, hex) == 2) {
		struct token *token = &tokens[token_count++];

		for (size_t i = 0; i < KEY; i++) {
			must(sscanf(hex + 2 * i, "%2hhx", &token->key[i]) == 1, "key");
		}
		token->session = session_of(ssl, token->key);
	}
	must(token_count > 0, "no tokens");
	SSL_free(ssl);
	(void)fclose(file);
}

static int use_session(SSL *ssl, const EVP_MD *md, const unsigned char **ret_identity,
	size_t *ret_len, SSL_SESSION **ret)
{
	struct token *token = SSL_get_app_data(ssl);

	(void)md;
	*ret_identity = (const unsigned char *)token->identity;
	*ret_len = strlen(token->identity);
	*ret = token->session;
	return SSL_SESSION_up_ref(token->session);
}

static unsigned use_key(SSL *ssl, const char *hint, char *identity, unsigned room,
	unsigned char *to, unsigned key_room)
{
	const struct token *token = SSL_get_app_data(ssl);

	(void)hint;
	must(key_room >= KEY && strlen(token->identity) < room, "identity");
	(void)strcpy(identity, token->identity);
	memcpy(to, token->key, KEY);
	return KEY;
}

static void prepare(SSL_CTX *tls)
{
	if (!arguments.tls || strcmp(arguments.tls, "1.3") == 0) {
		must(SSL_CTX_set_ciphersuites(tls, "TLS_AES_128_GCM_SHA256") == 1, "TLS");
		SSL_CTX_set_psk_use_session_callback(tls, use_session);
		return;
	}
	must(SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) == 1 &&
			SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION) == 1 &&
			SSL_CTX_set_cipher_list(tls, "ECDHE-PSK-CHACHA20-POLY1305") == 1,
		"TLS 1.2");
	SSL_CTX_set_psk_client_callback(tls, use_key);
}

static bool begin(void *user, size_t client, SSL *ssl, struct buf *out)
{
	(void)user;
	(void)client;
	SSL_set_app_data(ssl, &tokens[next]);
	next = (next + 1) % token_count;
	buf_printf(out, "GET /fixed HTTP/1.1\r\nHost: %s\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n",
		arguments.name);
	return true;
}

static bool answered(void *user, size_t client, const struct load_answer *answer, struct buf *out)
{
	(void)user;
	(void)client;
	(void)out;
	load_expect(answer, 200);
	return false;
}

int main(int argc, char **argv)
{
	struct measure m = {.work = NULL};
	SSL_CTX *tls = load_tls(NULL);

	load_arguments(argc, argv, &arguments, &m);
	must(arguments.name && arguments.tokens, "--name and --tokens are needed");
	prepare(tls);
	read_tokens(tls);
	load_run(&(struct load){.address = arguments.address,
			 .tls = tls,
			 .server_name = arguments.name,
			 .clients = arguments.clients,
			 .fresh = true,
			 .warm_up = arguments.warm_up,
			 .seconds = arguments.seconds,
			 .begin = begin,
			 .answered = answered},
		&m);
	measure_print(&m, "");
	for (size_t i = 0; i < token_count; i++) {
		SSL_SESSION_free(tokens[i].session);
	}
	free(tokens);
	SSL_CTX_free(tls);
	return 0;
}
