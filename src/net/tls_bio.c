// SPDX-License-Identifier: Apache-2.0
/*
 * A session's bytes, on its descriptor. A server of TLS 1.2 with PSK learns the client's identity in the
 * ClientKeyExchange, and OpenSSL's callback for it cannot wait. So that message is held back here until the
 * key has been found, or has not: the handshake is suspended as if the bytes were still on their way, which
 * costs nothing but them.
 */
#include "net/tls_inside.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static ssize_t receive(BIO *bio, struct tls_session *t, void *to, size_t room)
{
	ssize_t got = recv(t->fd, to, room, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		BIO_set_retry_read(bio);
	}
	t->ended = got == 0;
	return got;
}

/* Whether the next message is the one that names the key. */
static bool awaits_key_exchange(const struct tls_session *t)
{
	return t->tls->find && !t->asked && SSL_version(t->ssl) == TLS1_2_VERSION &&
	       SSL_get_state(t->ssl) == TLS_ST_SW_SRVR_DONE;
}

/* False: not whole yet, or its key is not there yet. What is none goes on, and is refused for want of a key. */
static bool hold_back(BIO *bio, struct tls_session *t)
{
	struct view identity = view_text(NULL);
	enum err e;

	while ((e = tls_key_exchange_identity(buf_contents(&t->held), &identity)) == ERR_AGAIN) {
		uint8_t part[TLS_KEY_EXCHANGE];
		ssize_t got = receive(bio, t, part, sizeof(part) - t->held.len);

		if (got <= 0) {
			return got == 0;
		}
		buf_bytes(&t->held, part, (size_t)got);
		if (t->held.failed) {
			return true;
		}
	}
	if (e == OK && tls_psk_ask(t, identity) == ERR_AGAIN) {
		t->awaits_key = true;
		BIO_set_retry_read(bio);
		return false;
	}
	t->asked = true;
	return true;
}

static int take(BIO *bio, char *to, int room)
{
	struct tls_session *t = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	t->awaits_key = false;
	if (awaits_key_exchange(t) && !hold_back(bio, t)) {
		return -1;
	}
	size_t held = t->held.len < (size_t)room ? t->held.len : (size_t)room;

	if (held == 0) {
		return (int)receive(bio, t, to, (size_t)room);
	}
	memcpy(to, t->held.data, held);
	buf_consume(&t->held, held);
	if (t->held.len == 0) {
		buf_free(&t->held);
	}
	return (int)held;
}

static int put(BIO *bio, const char *from, int len)
{
	const struct tls_session *t = BIO_get_data(bio);
	ssize_t sent = send(t->fd, from, (size_t)len, MSG_NOSIGNAL);

	BIO_clear_retry_flags(bio);
	if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
		BIO_set_retry_write(bio);
	}
	return (int)sent;
}

static long control(BIO *bio, int what, long number, void *pointer)
{
	const struct tls_session *t = BIO_get_data(bio);

	(void)number;
	(void)pointer;
	switch (what) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_EOF:
		return t->ended;
	default:
		return 0;
	}
}

BIO_METHOD *tls_bio_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "symbolon");

	if (!method || !BIO_meth_set_read(method, take) || !BIO_meth_set_write(method, put) ||
		!BIO_meth_set_ctrl(method, control)) {
		BIO_meth_free(method);
		return NULL;
	}
	return method;
}

bool tls_bio_attach(struct tls_session *t)
{
	BIO *bio = BIO_new(t->tls->method);

	if (!bio) {
		return false;
	}
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	return true;
}
