// SPDX-License-Identifier: Apache-2.0
/*
 * tls_session: one connection's TLS, on its descriptor. Between stream.c and tls.c only. Steps
 * return ERR_AGAIN when they must wait for what tls_session_wants() says, ERR_CLOSED when the peer
 * ended properly, ERR_AUTH when a certificate or a key was refused by either side.
 */
#pragma once

#include "net/tls.h"

struct tls_session;

enum tls_wants { TLS_WANTS_READ, TLS_WANTS_WRITE, TLS_WANTS_PSK };

struct tls *tls_share(struct tls *tls); /* one more reference; NULL stays NULL */

/* `server_name`: whom a client expects; NULL for a server. */
enum err tls_session_new(struct tls *tls, int fd, const char *server_name, struct stream *stream,
	struct tls_session **ret);
void tls_session_free(struct tls_session *t); /* NULL is fine */
enum err tls_session_handshake(struct tls_session *t);
enum err tls_session_read(struct tls_session *t, void *to, size_t room, size_t *ret_len);
enum err tls_session_write(struct tls_session *t, const void *from, size_t len, size_t *ret_len);
enum tls_wants tls_session_wants(const struct tls_session *t);
bool tls_session_holds_input(
	const struct tls_session *t);	     /* bytes read from the descriptor, not yet from here */
void tls_session_bye(struct tls_session *t); /* close_notify, as far as it can be sent at once */

/* Who the other end is; as stream_peer_is() and its neighbours (net/stream.h). */
bool tls_session_peer_is(const struct tls_session *t, const char *fqdn);
bool tls_session_own_name_is(const struct tls_session *t, const char *host);
bool tls_session_peer_is_ours(const struct tls_session *t);
const char *tls_session_peer_name(struct tls_session *t);
struct view tls_session_psk_identity(const struct tls_session *t);
const char *tls_session_server_name(const struct tls_session *t);
enum err tls_session_binding(struct tls_session *t, uint8_t ret[32]);
enum err tls_session_export(struct tls_session *t, const char *label, struct view context,
	struct secret *ret);
bool tls_session_has_certificate(const struct tls_session *t);
enum err tls_session_certificate(const struct tls_session *t, struct tls_certificate *ret);
struct tls_protocol tls_session_protocol(const struct tls_session *t);
const char *tls_session_version(const struct tls_session *t);
const char *tls_session_suite(const struct tls_session *t);
const char *tls_session_application_protocol(const struct tls_session *t);
