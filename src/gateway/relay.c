// SPDX-License-Identifier: Apache-2.0
#include "gateway/relay.h"

#include "base/log.h"
#include "gateway/proxy.h"
#include "gateway/rp_d.h"

#include <string.h>

/* The application's own protocol, whatever it is: bytes both ways.  req: B9.6.4-a */

enum {
	HIGH = 256 * 1024, /* unsent bytes on one side: the other is not read until they are gone */
	HEADER_MAX = 4096,
};

struct relay {
	struct application *application;
	pool_ref ref;
	struct stream *device, *backend; /* NULL: ended */
	struct timer end;
	struct timer quiet; /* once one side sends no more */
};

static void on_ready(void *user, struct stream *s);
static size_t on_input(void *user, struct stream *s, struct view bytes);
static void on_drained(void *user, struct stream *s);
static void on_ended(void *user, struct stream *s);
static void on_closed(void *user, struct stream *s, enum err why);

static const struct stream_on on_either = {
	.ready = on_ready,
	.input = on_input,
	.drained = on_drained,
	.ended = on_ended,
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
	timer_stop(gateway->loop, &r->quiet);
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

/* What waits to be sent is not, as it might go on for seconds. */
void relay_end(struct stream *device)
{
	struct relay *r = stream_user(device);

	if (stream_pending(device) > 0) {
		stream_abort(device);
		r->device = NULL;
	}
	end(r);
}

void relay_move_end(struct stream *device, int64_t at)
{
	struct relay *r = stream_user(device);
	int64_t left = at - loop_now(r->application->gateway->loop);

	timer_start(r->application->gateway->loop, &r->end, left > 0 ? left : 0, token_is_over, r);
}

static enum err say_who(struct relay *r, const struct symapp_token *token)
{
	BUF_CLEANUP struct buf header = buf_growing(HEADER_MAX);

	if (r->application->proxy != PROXY_V2) {
		return OK;
	}
	TRY(proxy_header(r->device, r->application->host, token, &header));
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

static void has_been_quiet(void *user)
{
	end(user);
}

static void watch_quiet(struct relay *r)
{
	struct gateway *gateway = r->application->gateway;

	timer_start(gateway->loop, &r->quiet, gateway->conf->backend_stall, has_been_quiet, r);
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
	if (timer_is_running(&r->quiet)) {
		watch_quiet(r);
	}
	return bytes.len;
}

static void on_drained(void *user, struct stream *s)
{
	stream_resume(other_of(user, s));
}

/* The other is told, and may go on; not for ever, as whoever has gone ends like this too. */
static void on_ended(void *user, struct stream *s)
{
	struct relay *r = user;

	stream_finish(other_of(r, s));
	watch_quiet(r);
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
