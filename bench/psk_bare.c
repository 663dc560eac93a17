// SPDX-License-Identifier: Apache-2.0
/*
 * psk_bare: the least that a TLS 1.3 or 1.2 PSK connection with one request costs with OpenSSL: one connection after
 * the other, blocking, the request not looked at, a fixed answer. Prints its address; serves until it is
 * killed.
 *
 *	psk_bare TOKENS [1.2]	"identity key" lines, as load_bootstrap writes them
 */
#include "measure.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <search.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TOKENS_MAX = 100000, KEY = 32 };

static const char answer[] =
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n"
	"hello\n";

static void read_tokens(const char *path)
{
	FILE *file = fopen(path, "re");
	char identity[200], hex[2 * KEY + 1];

	must(file && hcreate(2 * TOKENS_MAX) != 0, path);
	while (fscanf(file, "%199s %64s", identity, hex) == 2) {
		unsigned char *key = malloc(KEY);

		for (size_t i = 0; key && i < KEY; i++) {
			must(sscanf(hex + 2 * i, "%2hhx", &key[i]) == 1, "key");
		}
		must(key && hsearch((ENTRY){strdup(identity), key}, ENTER), "tokens");
	}
	(void)fclose(file);
}

static int find_session(SSL *ssl, const unsigned char *identity, size_t len, SSL_SESSION **ret)
{
	static const unsigned char aes_128_gcm_sha256[] = {0x13, 0x01};
	char name[200];

	(void)snprintf(name, sizeof(name), "%.*s", (int)len, (const char *)identity);
	const ENTRY *entry = hsearch((ENTRY){.key = name}, FIND);

	*ret = NULL;
	if (!entry) {
		return 1;
	}
	*ret = SSL_SESSION_new();
	return *ret && SSL_SESSION_set1_master_key(*ret, entry->data, KEY) == 1 &&
	       SSL_SESSION_set_cipher(*ret, SSL_CIPHER_find(ssl, aes_128_gcm_sha256)) == 1 &&
	       SSL_SESSION_set_protocol_version(*ret, TLS1_3_VERSION) == 1;
}

static unsigned find_key(SSL *ssl, const char *identity, unsigned char *to, unsigned room)
{
	const ENTRY *entry = hsearch((ENTRY){.key = (char *)identity}, FIND);

	(void)ssl;
	if (!entry || room < KEY) {
		return 0;
	}
	memcpy(to, entry->data, KEY);
	return KEY;
}

static int listen_somewhere(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(here);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0 &&
			listen(fd, 1024) == 0 &&
			getsockname(fd, (struct sockaddr *)&here, &len) == 0,
		"listen");
	(void)printf("127.0.0.1:%u\n", ntohs(here.sin_port));
	(void)fflush(stdout);
	return fd;
}

static void serve(SSL_CTX *tls, int fd)
{
	char request[4096];
	int yes = 1;
	SSL *ssl = SSL_new(tls);

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	must(ssl && SSL_set_fd(ssl, fd) == 1, "SSL_new");
	if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof(request)) > 0 &&
		SSL_write(ssl, answer, sizeof(answer) - 1) > 0) {
		(void)SSL_read(ssl, request, sizeof(request)); /* close_notify */
	}
	ERR_clear_error();
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	int version = argc == 3 ? TLS1_2_VERSION : TLS1_3_VERSION;

	must(argc >= 2 && tls && SSL_CTX_set_min_proto_version(tls, version) == 1 &&
			SSL_CTX_set_max_proto_version(tls, version) == 1 &&
			SSL_CTX_set_cipher_list(tls, "ECDHE-PSK-CHACHA20-POLY1305") == 1,
		"TOKENS");
	(void)signal(SIGPIPE, SIG_IGN);
	read_tokens(argv[1]);
	(void)SSL_CTX_set_num_tickets(tls, 0);
	(void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_psk_find_session_callback(tls, find_session);
	SSL_CTX_set_psk_server_callback(tls, find_key);
	int listener = listen_somewhere();

	while (true) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0) {
			serve(tls, fd);
		}
	}
}
