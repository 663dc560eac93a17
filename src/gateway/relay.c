// SPDX-License-Identifier: Apache-2.0
#include "gateway/relay.h"

#include "base/log.h"
#include "gateway/rp_d.h"
#include "net/address.h"

#include <string.h>

enum {
	HIGH = 256 * 1024, /* unsent bytes on one side: the other is not read until they are gone */
	HEADER_MAX = 1024,
	PROXY_COMMAND = 0x21,
	PROXY_TCP4 = 0x11,
	PROXY_TCP6 = 0x21,
	PROXY_UNSPEC = 0x00,
	TLV_AUTHORITY = 0x02,
	TLV_PSEUDONYM = 0xe0,
	TLV_EXPIRES = 0xe1,
	TLV_APPLICATION = 0xe2,
};

struct relay {
	struct application *application;
	pool_ref ref;
	struct stream *device, *backend; /* NULL: ended */
	struct timer end;
};

static void on_ready(void *user, struct stream *s);
static size_t on_input(void *user, struct stream *s, struct view bytes);
static void on_drained(void *user, struct stream *s);
static void on_closed(void *user, struct stream *s, enum err why);

static const struct stream_on on_either = {
	.ready = on_ready,
	.input = on_input,
	.drained = on_drained,
	.closed = on_closed,
};

enum err relay_open_pool(struct gateway *gateway)
{
	size_t most = (size_t)gateway->conf->connections * (gateway->door_count + 1);

	return pool_new(sizeof(struct relay), most, &gateway->relays);
}

static void end(struct relay *r)
{
	struct gateway *gateway = r->application->gateway;

	timer_stop(gateway->loop, &r->end);
	if (r->device) {
		stream_close(r->device);
	}
	if (r->backend) {
		stream_close(r->backend);
	}
	pool_give(gateway->relays, r->ref);
}

static void token_is_over(void *user)
{
	end(user);
}

static enum err say_who(struct relay *r, const struct symapp_token *token)
{
	BUF_CLEANUP struct buf header = buf_growing(HEADER_MAX);
	char own[ADDRESS_MAX];

	if (r->application->proxy != PROXY_V2) {
		return OK;
	}
	stream_own_address(r->device, own);
	relay_write_header(&header, stream_peer_address(r->device), own, r->application->host,
		token);
	TRY(buf_end(&header, "PROXY header"));
	return stream_send(r->backend, buf_contents(&header));
}

void relay_start(struct application *application, struct stream *device,
	const struct symapp_token *token)
{
	struct gateway *gateway = application->gateway;
	const struct stream_limits limits = {.handshake_ms = gateway->conf->backend_timeout};
	struct relay *r;
	pool_ref ref;

	if (pool_take(gateway->relays, &ref, (void **)&r) != OK) {
		stream_close(device);
		return;
	}
	*r = (struct relay){.application = application, .ref = ref, .device = device};
	stream_set(device, &on_either, r);
	stream_pause(device); /* until there is somebody to listen */
	enum err err = stream_connect(gateway->loop, application->backend, NULL, NULL, &limits,
		&on_either, r, &r->backend);

	if (err == OK) {
		err = say_who(r, token);
	}
	if (err != OK) {
		log_event(LOG_WARN, "backend.failed", "",
			LOG_TEXT("application", application->id.text), LOG_DETAIL());
		end(r);
		return;
	}
	timer_start(gateway->loop, &r->end, rp_d_end_of(gateway, token) - loop_now(gateway->loop),
		token_is_over, r);
}

static void on_ready(void *user, struct stream *s)
{
	struct relay *r = user;

	(void)s;
	stream_resume(r->device);
}

static struct stream *other_of(const struct relay *r, const struct stream *s)
{
	return s == r->device ? r->backend : r->device;
}

static size_t on_input(void *user, struct stream *s, struct view bytes)
{
	struct relay *r = user;
	struct stream *other = other_of(r, s);

	if (stream_send(other, bytes) != OK) {
		end(r);
		return 0;
	}
	if (stream_pending(other) > HIGH) {
		stream_pause(s);
	}
	return bytes.len;
}

static void on_drained(void *user, struct stream *s)
{
	stream_resume(other_of(user, s));
}

/* What the one side has sent before it ended still goes to the other. */
static void on_closed(void *user, struct stream *s, enum err why)
{
	struct relay *r = user;
	bool from_backend = s == r->backend;

	if (from_backend && why != ERR_CLOSED) {
		r->application->gateway->backend_failures++;
		log_event(LOG_WARN, "backend.failed", "",
			LOG_TEXT("application", r->application->id.text),
			LOG_TEXT("error", err_name(why)), LOG_DETAIL());
	}
	*(from_backend ? &r->backend : &r->device) = NULL;
	end(r);
}

static void end_one(void *user, pool_ref ref, void *slot)
{
	(void)user;
	(void)ref;
	end(slot);
}

void relay_end_all(struct gateway *gateway)
{
	if (gateway->relays) {
		pool_each(gateway->relays, end_one, NULL);
	}
	pool_free(gateway->relays);
	gateway->relays = NULL;
}

/* The PROXY protocol */

static void put_addresses(struct buf *out, const struct address *peer, const struct address *own)
{
	if (peer->sa.any.sa_family == AF_INET && own->sa.any.sa_family == AF_INET) {
		buf_u8(out, PROXY_TCP4);
		buf_u16(out, 0); /* the length, set at the end */
		buf_bytes(out, &peer->sa.in.sin_addr, 4);
		buf_bytes(out, &own->sa.in.sin_addr, 4);
		buf_bytes(out, &peer->sa.in.sin_port, 2);
		buf_bytes(out, &own->sa.in.sin_port, 2);
	} else if (peer->sa.any.sa_family == AF_INET6 && own->sa.any.sa_family == AF_INET6) {
		buf_u8(out, PROXY_TCP6);
		buf_u16(out, 0);
		buf_bytes(out, &peer->sa.in6.sin6_addr, 16);
		buf_bytes(out, &own->sa.in6.sin6_addr, 16);
		buf_bytes(out, &peer->sa.in6.sin6_port, 2);
		buf_bytes(out, &own->sa.in6.sin6_port, 2);
	} else {
		buf_u8(out, PROXY_UNSPEC);
		buf_u16(out, 0);
	}
}

static void put_tlv(struct buf *out, uint8_t type, struct view value)
{
	if (value.len > 0) {
		buf_u8(out, type);
		buf_u16(out, (uint16_t)value.len);
		buf_view(out, value);
	}
}

void relay_write_header(struct buf *out, const char *peer_address, const char *own_address,
	const char *host, const struct symapp_token *token)
{
	static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";
	struct address peer = {.len = 0}, own = {.len = 0};
	uint8_t until[8];
	struct buf seconds = buf_fixed(until, sizeof(until));

	if (address_parse(peer_address, &peer) != OK || address_parse(own_address, &own) != OK) {
		peer.sa.any.sa_family = AF_UNSPEC;
	}
	size_t begin = out->len;

	buf_bytes(out, signature, 12);
	buf_u8(out, PROXY_COMMAND);
	put_addresses(out, &peer, &own);
	put_tlv(out, TLV_AUTHORITY, view_text(host));
	put_tlv(out, TLV_PSEUDONYM, view_text(token->pseudonym));
	buf_u64(&seconds, (uint64_t)token->until);
	put_tlv(out, TLV_EXPIRES, buf_contents(&seconds));
	put_tlv(out, TLV_APPLICATION, ident_view(&token->application));
	if (!out->failed) {
		size_t len = out->len - begin - 16;

		out->data[begin + 14] = (uint8_t)(len >> 8);
		out->data[begin + 15] = (uint8_t)len;
	}
}
