// SPDX-License-Identifier: Apache-2.0
#include "net/tls_session.h"

struct tls *tls_share(struct tls *tls)
{
	return tls;
}

void tls_free(struct tls *tls)
{
	(void)tls;
}

enum err tls_session_new(struct tls *tls, int fd, const char *server_name, struct stream *stream,
	struct tls_session **ret)
{
	(void)tls;
	(void)fd;
	(void)server_name;
	(void)stream;
	(void)ret;
	return err_fail(ERR_UNSUPPORTED, "TLS is not built yet");
}
void tls_session_free(struct tls_session *t)
{
	(void)t;
}
enum err tls_session_handshake(struct tls_session *t)
{
	(void)t;
	return ERR_UNSUPPORTED;
}
enum err tls_session_read(struct tls_session *t, void *to, size_t room, size_t *ret_len)
{
	(void)t;
	(void)to;
	(void)room;
	(void)ret_len;
	return ERR_UNSUPPORTED;
}
enum err tls_session_write(struct tls_session *t, const void *from, size_t len, size_t *ret_len)
{
	(void)t;
	(void)from;
	(void)len;
	(void)ret_len;
	return ERR_UNSUPPORTED;
}
enum tls_wants tls_session_wants(const struct tls_session *t)
{
	(void)t;
	return TLS_WANTS_READ;
}
bool tls_session_holds_input(const struct tls_session *t)
{
	(void)t;
	return false;
}
void tls_session_bye(struct tls_session *t)
{
	(void)t;
}
bool tls_session_peer_is(const struct tls_session *t, const char *fqdn)
{
	(void)t;
	(void)fqdn;
	return false;
}
const char *tls_session_peer_name(const struct tls_session *t)
{
	(void)t;
	return "";
}
struct view tls_session_psk_identity(const struct tls_session *t)
{
	(void)t;
	return view_text("");
}
enum err tls_session_binding(struct tls_session *t, uint8_t ret[32])
{
	(void)t;
	(void)ret;
	return ERR_UNSUPPORTED;
}
const char *tls_session_version(const struct tls_session *t)
{
	(void)t;
	return "";
}
