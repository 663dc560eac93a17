// SPDX-License-Identifier: Apache-2.0
/* What is known of a stream's other side, and the names by which late answers find it. */
#include "net/stream_inside.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void stream_retry(struct stream *s)
{
	if (s && (s->state == WAITING || s->state == HANDSHAKE)) {
		s->retry = true;
		stream_soon(s);
	}
}

uint64_t stream_ref(struct stream *s)
{
	void *slot;

	if (s->ref == 0 && s->state != DEAD && loop_make_refs(s->loop, sizeof(s)) == OK &&
		pool_take(loop_refs(s->loop), &s->ref, &slot) == OK) {
		memcpy(slot, &s, sizeof(s));
	}
	return s->ref;
}

struct stream *stream_at(struct loop *loop, uint64_t ref)
{
	struct stream **slot = loop_refs(loop) ? pool_at(loop_refs(loop), ref) : NULL;

	return slot ? *slot : NULL;
}

void *stream_user(const struct stream *s)
{
	return s && s->state == OPEN ? s->user : NULL;
}

const char *stream_peer_address(const struct stream *s)
{
	char text[ADDRESS_MAX];

	if (s->peer.any.sa_family == AF_UNIX) {
		return "unix";
	}
	if (!s->peer_text) {
		address_text(&s->peer.any, text);
		((struct stream *)s)->peer_text =
			strdup(text); /* written down when first asked for */
	}
	return s->peer_text ? s->peer_text : "";
}

struct view stream_peer_crowd(const struct stream *s)
{
	return address_crowd(&s->peer);
}

void stream_own_address(const struct stream *s, char ret[ADDRESS_MAX])
{
	struct address own = {.len = sizeof(own.sa)};

	ret[0] = 0;
	if (getsockname(s->fd, &own.sa.any, &own.len) == 0) {
		address_text(&own.sa.any, ret);
	}
}

int64_t stream_peer_uid(const struct stream *s)
{
	return s->uid;
}

bool stream_peer_is(const struct stream *s, const char *fqdn)
{
	return s->session && tls_session_peer_is(s->session, fqdn);
}

/* Without the port, and an IPv6 address without its brackets. */
static struct view host_of(struct view authority)
{
	const uint8_t *end;

	if (authority.len > 0 && authority.data[0] == '[') {
		end = memchr(authority.data, ']', authority.len);
		return end ? view_of(authority.data + 1, (size_t)(end - authority.data) - 1)
			   : view_text("");
	}
	end = authority.len > 0 ? memchr(authority.data, ':', authority.len) : NULL;
	return end ? view_of(authority.data, (size_t)(end - authority.data)) : authority;
}

bool stream_own_name_is(const struct stream *s, struct view authority)
{
	char host[256];

	return !s->session || (text_copy(host, sizeof(host), host_of(authority), "host") == OK &&
				      tls_session_own_name_is(s->session, host));
}

bool stream_peer_is_ours(const struct stream *s)
{
	return s->session && tls_session_peer_is_ours(s->session);
}

const char *stream_peer_name(const struct stream *s)
{
	return s->session ? tls_session_peer_name(s->session) : "";
}

struct view stream_psk_identity(const struct stream *s)
{
	return s->session ? tls_session_psk_identity(s->session) : view_text(NULL);
}

const char *stream_server_name(const struct stream *s)
{
	return s->session ? tls_session_server_name(s->session) : "";
}

enum err stream_channel_binding(struct stream *s, uint8_t ret[32])
{
	if (!s->session) {
		return err_fail(ERR_UNSUPPORTED, "channel binding: the connection has no TLS");
	}
	return tls_session_binding(s->session, ret);
}

enum err stream_export(struct stream *s, const char *label, struct view context, struct secret *ret)
{
	return s->session ? tls_session_export(s->session, label, context, ret)
			  : err_fail(ERR_UNSUPPORTED, "TLS exporter: the connection has no TLS");
}

bool stream_has_certificate(const struct stream *s)
{
	return s->session && tls_session_has_certificate(s->session);
}

enum err stream_peer_certificate(const struct stream *s, struct tls_certificate *ret)
{
	return s->session ? tls_session_certificate(s->session, ret)
			  : err_fail(ERR_NOT_FOUND, "TLS: the connection has none");
}

struct tls_protocol stream_tls_protocol(const struct stream *s)
{
	return s->session ? tls_session_protocol(s->session) : (struct tls_protocol){0, 0};
}

const char *stream_tls_version(const struct stream *s)
{
	return s->session ? tls_session_version(s->session) : "";
}

const char *stream_tls_suite(const struct stream *s)
{
	return s->session ? tls_session_suite(s->session) : "";
}

const char *stream_application_protocol(const struct stream *s)
{
	return s->session ? tls_session_application_protocol(s->session) : "";
}
