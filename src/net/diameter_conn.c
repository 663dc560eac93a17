// SPDX-License-Identifier: Apache-2.0
#include "net/diameter_inside.h"

#include "base/log.h"
#include "base/secret.h"
#include <stdlib.h>

/* A peer that does not read its answers is dropped at this much unsent output. */
enum { OUTPUT_MAX = 4 * 1024 * 1024, EXCHANGE_MS = 10 * 1000 };

static const struct stream_limits limits = {
	.input = DIAMETER_MAX,
	.output = OUTPUT_MAX,
	.handshake_ms = EXCHANGE_MS,
};

static void on_ready(void *user, struct stream *s);
static size_t on_input(void *user, struct stream *s, struct view bytes);
static void on_closed(void *user, struct stream *s, enum err why);

static const struct stream_on events = {.ready = on_ready, .input = on_input, .closed = on_closed};

static struct conn *new_conn(struct diameter_node *n)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c) {
		return NULL;
	}
	c->node = n;
	ring_open(&c->requests);
	ring_add(&n->conns, &c->link);
	return c;
}

/* Nobody may know it any more. */
static void free_conn(struct conn *c)
{
	requests_orphan(c);
	ring_leave(&c->link);
	timer_stop(c->node->loop, &c->deadline);
	loop_never(&c->end);
	c->dead = true;
	if (!c->busy) {
		free(c);
	}
}

static void too_late(void *conn)
{
	peer_too_late(conn);
}

enum err conn_dial(struct peer *peer, struct conn **ret)
{
	struct diameter_node *n = peer->node;
	struct tls *tls = peer->plain ? NULL : n->client_tls;
	struct conn *c = new_conn(n);

	if (!c) {
		return err_fail(ERR_MEMORY, "diameter: out of memory");
	}
	enum err result = stream_connect(n->loop, peer->address, tls, peer->host, &limits, &events,
		c, &c->stream);

	if (result != OK) {
		free_conn(c);
		return result;
	}
	c->peer = peer;
	c->secure = tls != NULL;
	*ret = c;
	return OK;
}

static void accept_conn(struct diameter_node *n, struct stream *s, bool secure)
{
	struct conn *c = new_conn(n);

	if (!c) {
		stream_abort(s);
		return;
	}
	c->stream = s;
	c->secure = secure;
	timer_start(n->loop, &c->deadline, EXCHANGE_MS, too_late, c);
	stream_set(s, &events, c);
}

void conn_accept_secure(void *node, struct stream *s)
{
	accept_conn(node, s, true);
}

void conn_accept_plain(void *node, struct stream *s)
{
	accept_conn(node, s, false);
}

static void on_ready(void *user, struct stream *s)
{
	struct conn *c = user;

	(void)s;
	timer_start(c->node->loop, &c->deadline, EXCHANGE_MS, too_late, c);
	peer_ready(c);
}

static void log_malformed(struct conn *c)
{
	log_event(LOG_WARN, "diameter.malformed", "", LOG_TEXT("peer", c->peer ? c->peer->host : ""),
		LOG_TEXT("address", stream_peer_address(c->stream)), LOG_DETAIL());
}

/* Takes whole messages from the front and says how many bytes they were. */
static size_t take_messages(struct conn *c, struct view bytes)
{
	size_t used = 0;

	while (!c->dead) {
		struct view rest = view_of(bytes.data + used, bytes.len - used);
		size_t length;

		if (diameter_length(rest, &length) != OK) {
			log_malformed(c);
			peer_lost(c);
			break;
		}
		if (length == 0 || length > rest.len) {
			break;
		}
		used += length;
		peer_receive(c, view_of(rest.data, length));
	}
	return used;
}

static size_t on_input(void *user, struct stream *s, struct view bytes)
{
	struct conn *c = user;

	(void)s;
	c->busy = true;
	peer_heard(c);
	size_t used = take_messages(c, bytes);

	c->busy = false;
	if (c->dead) {
		free(c);
	}
	return used;
}

static void on_closed(void *user, struct stream *s, enum err why)
{
	struct conn *c = user;

	(void)s;
	(void)why; /* err_detail() says it */
	c->stream = NULL;
	peer_lost(c);
}

static void end_broken(void *conn)
{
	struct conn *c = conn;

	(void)err_fail(ERR_OVERLOAD, "it does not take what we send");
	stream_abort(c->stream);
	c->stream = NULL;
	peer_lost(c);
}

void conn_send(struct conn *c, struct view message)
{
	if (c->stream && stream_send(c->stream, message) != OK) {
		loop_later(c->node->loop, &c->end, end_broken, c);
	}
}

void conn_send_scratch(struct conn *c)
{
	struct buf *scratch = &c->node->scratch;

	if (!scratch->failed) {
		conn_send(c, buf_contents(scratch));
	}
	bytes_wipe(scratch->data, scratch->len);
	buf_clear(scratch);
}

void conn_send_rows(struct conn *c, const struct diameter_header *header,
	const struct avp_row *rows, const void *in)
{
	diameter_encode(&c->node->scratch, header, rows, in);
	conn_send_scratch(c);
}

void conn_close(struct conn *c)
{
	if (c->stream) {
		stream_close(c->stream);
		c->stream = NULL;
	}
	free_conn(c);
}

void conn_abort(struct conn *c)
{
	if (c->stream) {
		stream_abort(c->stream);
		c->stream = NULL;
	}
	free_conn(c);
}
