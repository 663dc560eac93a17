// SPDX-License-Identifier: Apache-2.0
/*
 * keylog: writes the secrets of TLS connections where $SSLKEYLOGFILE says, for a dissector. Programs of ours cannot do
 * that; a test loads this before OpenSSL (LD_PRELOAD), into throw-away nodes.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* One write a line, appended: lines of several processes do not mix. */
static void write_line(const SSL *ssl, const char *line)
{
	const char *path = getenv("SSLKEYLOGFILE");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	char text[512];
	int len = snprintf(text, sizeof(text), "%s\n", line);

	(void)ssl;
	if (fd >= 0 && len > 0 && (size_t)len < sizeof(text) &&
		write(fd, text, (size_t)len) != len) {
		perror(path);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
}

/* In the place of OpenSSL's. */
__attribute__((visibility("default"))) SSL_CTX *SSL_CTX_new_ex(OSSL_LIB_CTX *library,
	const char *query, const SSL_METHOD *method)
{
	typedef SSL_CTX *make_fn(OSSL_LIB_CTX *, const char *, const SSL_METHOD *);
	make_fn *make = (make_fn *)dlsym(RTLD_NEXT, "SSL_CTX_new_ex");
	SSL_CTX *ctx = make ? make(library, query, method) : NULL;

	if (ctx) {
		SSL_CTX_set_keylog_callback(ctx, write_line);
	}
	return ctx;
}
