// SPDX-License-Identifier: Apache-2.0
#include "diameter_puppet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS = 2000, QUIET_TURNS = 20, IN_MAX = 1 << 20 };

static void must(enum err result)
{
	if (result != OK) {
		(void)fprintf(stderr, "puppet: %s\n", err_detail());
		abort();
	}
}

void world_open(struct world *w)
{
	w->env = fake_env_of(1);
	must(loop_new(&w->env.env, &w->loop));
}

void world_close(struct world *w)
{
	world_settle(w);
	loop_free(w->loop);
}

bool world_until(struct world *w, const bool *flag)
{
	for (int i = 0; i < TURNS && !*flag; i++) {
		loop_turn(w->loop, 1);
	}
	return *flag;
}

void world_settle(struct world *w)
{
	for (int i = 0; i < QUIET_TURNS; i++) {
		loop_turn(w->loop, 1);
	}
}

void world_advance(struct world *w, int64_t ms)
{
	fake_env_advance(&w->env, ms);
	world_settle(w);
}

static void on_ready(void *user, struct stream *s)
{
	struct puppet *p = user;

	(void)s;
	p->ready = true;
}

static size_t on_input(void *user, struct stream *s, struct view bytes)
{
	struct puppet *p = user;

	(void)s;
	if (p->deaf) {
		stream_pause(s);
		return 0;
	}
	buf_view(&p->in, bytes);
	return bytes.len;
}

static void on_closed(void *user, struct stream *s, enum err why)
{
	struct puppet *p = user;

	(void)s;
	(void)why;
	p->stream = NULL;
	p->closed = true;
}

static const struct stream_on events = {.ready = on_ready, .input = on_input, .closed = on_closed};

static void begin(struct puppet *p, struct world *w, const char *host)
{
	*p = (struct puppet){.world = w,
		.host = host,
		.realm = "example",
		.in = buf_growing(IN_MAX),
		.last = buf_growing(DIAMETER_MAX),
		.next_id = 1000};
}

void puppet_connect(struct puppet *p, struct world *w, const char *host, const char *address)
{
	begin(p, w, host);
	must(stream_connect(w->loop, address, NULL, NULL, NULL, &events, p, &p->stream));
	(void)world_until(w, &p->ready);
}

static void on_accept(void *user, struct stream *s)
{
	struct puppet *p = user;

	puppet_hang_up(p);
	p->closed = false;
	p->ready = true;
	p->stream = s;
	stream_set(s, &events, p);
}

void puppet_listen(struct puppet *p, struct world *w, const char *host)
{
	const struct listener_options options = {.address = "127.0.0.1:0"};

	begin(p, w, host);
	must(listener_open(w->loop, &options, on_accept, p, &p->listener));
}

const char *puppet_address(const struct puppet *p)
{
	return listener_address(p->listener);
}

void puppet_hang_up(struct puppet *p)
{
	if (p->stream) {
		stream_abort(p->stream);
		p->stream = NULL;
	}
	buf_clear(&p->in);
	p->ready = false;
}

void puppet_close(struct puppet *p)
{
	puppet_hang_up(p);
	listener_close(p->listener);
	buf_free(&p->in);
	buf_free(&p->last);
}

void puppet_send_bytes(struct puppet *p, const void *bytes, size_t len)
{
	if (p->stream) {
		must(stream_send(p->stream, view_of(bytes, len)));
	}
}

void puppet_send(struct puppet *p, uint8_t flags, uint32_t command, uint32_t application,
	uint32_t hop_by_hop, uint32_t end_to_end, const struct avp_row *rows, const void *in)
{
	BUF_CLEANUP struct buf out = buf_growing(DIAMETER_MAX);
	struct diameter_header header = {.flags = flags,
		.command = command,
		.application = application,
		.hop_by_hop = hop_by_hop,
		.end_to_end = end_to_end};

	diameter_encode(&out, &header, rows, in);
	must(buf_end(&out, "puppet"));
	puppet_send_bytes(p, out.data, out.len);
}

bool puppet_take(struct puppet *p)
{
	size_t length = 0;

	for (int i = 0; i < TURNS; i++) {
		must(diameter_length(buf_contents(&p->in), &length));
		if (length > 0 && length <= p->in.len) {
			break;
		}
		if (p->closed || i > TURNS / 10) {
			return false;
		}
		loop_turn(p->world->loop, 1);
	}
	buf_clear(&p->last);
	buf_bytes(&p->last, p->in.data, length);
	buf_consume(&p->in, length);
	must(diameter_parse_header(buf_contents(&p->last), &p->header));
	return true;
}

struct view puppet_message(const struct puppet *p)
{
	return buf_contents(&p->last);
}

uint32_t puppet_result(const struct puppet *p)
{
	struct diameter_base base;
	struct diameter_fault fault;

	must(diameter_decode_base(puppet_message(p), &base, &fault));
	return base.has_result ? base.result : 0;
}

static struct diameter_capabilities capabilities(const struct puppet *p)
{
	static const uint8_t address[] = {0, 1, 127, 0, 0, 1};

	return (struct diameter_capabilities){.origin_host = view_text(p->host),
		.origin_realm = view_text(p->realm),
		.host_address = VIEW(address),
		.product_name = view_text("puppet"),
		.auth_applications = {DIAMETER_NASREQ},
		.auth_application_count = 1,
		.vendor_applications = {{.vendor_id = VENDOR_3GPP,
			.has_auth = true,
			.auth = DIAMETER_ZH}},
		.vendor_application_count = 1};
}

void puppet_send_cer(struct puppet *p)
{
	struct diameter_capabilities caps = capabilities(p);

	puppet_send(p, DIAMETER_REQUEST, DIAMETER_CER, DIAMETER_BASE, p->next_id, p->next_id,
		diameter_capabilities_rows, &caps);
	p->next_id++;
}

void puppet_send_cea(struct puppet *p, uint32_t result)
{
	struct diameter_capabilities caps = capabilities(p);

	caps.has_result = true;
	caps.result = result;
	puppet_send(p, 0, DIAMETER_CER, DIAMETER_BASE, p->header.hop_by_hop, p->header.end_to_end,
		diameter_capabilities_rows, &caps);
}

bool puppet_shake_hands(struct puppet *p)
{
	if (!p->listener) {
		puppet_send_cer(p);
		return puppet_take(p) && p->header.command == DIAMETER_CER &&
		       puppet_result(p) == DIAMETER_SUCCESS;
	}
	if (!world_until(p->world, &p->ready) || !puppet_take(p) ||
		p->header.command != DIAMETER_CER) {
		return false;
	}
	puppet_send_cea(p, DIAMETER_SUCCESS);
	world_settle(p->world);
	return true;
}
