// SPDX-License-Identifier: Apache-2.0
/*
 * mutual_bare: the least that a TLS 1.3 connection with certificates on both sides and one request costs with OpenSSL: one
 * connection after the other, blocking, the request not looked at, a fixed answer. Any certificate will do. Prints its
 * address; serves until it is killed.
 *
 *	mutual_bare CERTIFICATE KEY
 */
#include "measure.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const char answer[] =
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n"
	"hello\n";

static int take_any(int fine, X509_STORE_CTX *chain)
{
	(void)fine;
	(void)chain;
	return 1;
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

	must(argc == 3 && tls && SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) == 1 &&
			SSL_CTX_use_certificate_chain_file(tls, argv[1]) == 1 &&
			SSL_CTX_use_PrivateKey_file(tls, argv[2], SSL_FILETYPE_PEM) == 1,
		"CERTIFICATE KEY");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)SSL_CTX_set_num_tickets(tls, 0);
	(void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, take_any);
	int listener = listen_somewhere();

	while (true) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0) {
			serve(tls, fd);
		}
	}
}
