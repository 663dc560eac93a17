// SPDX-License-Identifier: Apache-2.0
#include "net/diameter_inside.h"

#include "base/log.h"
#include <string.h>

enum { EXCHANGE_MS = 10 * 1000, BACKOFF_MAX_MS = 30 * 1000, WATCHDOG_JITTER_MS = 2000 };
enum disconnect_cause { CAUSE_REBOOTING = 0, CAUSE_DO_NOT_WANT_TO_TALK_TO_YOU = 2 };

static void connect_again(void *peer);
static void watch(void *peer);
static void begin(struct peer *p, struct conn *c);
static void receive_cer(struct conn *c, const struct diameter_header *header, struct view message);
static void receive_cea(struct peer *p, const struct diameter_header *header, struct view message);
static void receive_base(struct peer *p, const struct diameter_header *header, struct view message);

/* RFC 6733 5.6, without its states for the end: who disconnects is down at once. */
static const struct state {
	const char *name;
	bool open;	   /* messages of applications may come */
	loop_fn *on_timer; /* NULL: none, the connection has a deadline of its own */
} states[] = {
	/* clang-format off */
	[PEER_DOWN]	  = {"down",	   false, connect_again},
	[PEER_CONNECTING] = {"connecting", false, NULL},
	[PEER_WAIT_CEA]	  = {"wait-cea",   false, NULL},
	[PEER_OPEN]	  = {"open",	   true,  watch},
	[PEER_SUSPECT]	  = {"suspect",	   true,  watch}, /* missed a watchdog: others are preferred */
	/* clang-format on */
};

/* How long a state lasts; 0: until something happens. */
static int64_t patience(struct peer *p)
{
	struct diameter_node *n = p->node;

	switch (p->state) {
	case PEER_DOWN:
		return p->address ? jitter(n, p->backoff, p->backoff / 4) : 0;
	case PEER_OPEN:
	case PEER_SUSPECT:
		return jitter(n, n->watchdog_ms, WATCHDOG_JITTER_MS);
	case PEER_CONNECTING:
	case PEER_WAIT_CEA:
		break;
	}
	return 0;
}

/* A peer that came back meanwhile was gone in between. */
void peer_tell(struct peer *p)
{
	struct diameter_node *n = p->node;
	bool open = peer_is_open(p);

	loop_never(&p->tell);
	if (!n->changed) {
		return;
	}
	if (p->told && (!open || p->anew)) {
		p->told = false;
		n->changed(n->user, p->host, false);
	}
	p->anew = false;
	if (open && !p->told) {
		p->told = true;
		n->changed(n->user, p->host, true);
	}
}

static void tell_later(void *peer)
{
	peer_tell(peer);
}

static void enter(struct peer *p, enum peer_state state)
{
	p->state = state;
	timer_stop(p->node->loop, &p->timer);
	int64_t wait = patience(p);

	if (wait > 0) {
		timer_start(p->node->loop, &p->timer, wait, states[state].on_timer, p);
	}
	if (p->told != peer_is_open(p)) {
		loop_later(p->node->loop, &p->tell, tell_later, p);
	}
	log_event(LOG_DEBUG, "diameter.peer.state", "", LOG_TEXT("peer", p->host),
		LOG_TEXT("state", states[state].name));
}

bool peer_is_open(const struct peer *p)
{
	return states[p->state].open;
}

bool peer_serves(const struct peer *p, uint32_t application)
{
	for (size_t i = 0; i < p->node->application_count; i++) {
		if (p->node->applications[i] == application) {
			return p->applications >> i & 1;
		}
	}
	return false;
}

/* Beginning and end. */

void peer_start(struct peer *p)
{
	p->backoff = p->node->reconnect_ms;
	p->state = PEER_DOWN;
	if (p->address) {
		timer_start(p->node->loop, &p->timer, 0, connect_again, p);
	}
}

/* Until the next attempt, which comes later each time it is in vain. */
static void rest(struct peer *p)
{
	enter(p, PEER_DOWN);
	p->backoff = p->backoff * 2 < BACKOFF_MAX_MS ? p->backoff * 2 : BACKOFF_MAX_MS;
}

static void connect_again(void *peer)
{
	struct peer *p = peer;

	if (conn_dial(p, &p->conn) != OK) {
		log_event(LOG_WARN, "diameter.peer.unreachable", "", LOG_TEXT("peer", p->host),
			LOG_DETAIL());
		rest(p);
		return;
	}
	enter(p, PEER_CONNECTING);
}

/* Ends the connection in use, sending what is pending. Its calls are left. */
static void disconnect(struct peer *p)
{
	struct conn *c = p->conn;

	if (c) {
		p->conn = NULL;
		conn_close(c);
	}
}

static void send_dpr(struct peer *p)
{
	struct diameter_node *n = p->node;
	struct diameter_header header = {.flags = DIAMETER_REQUEST,
		.command = DIAMETER_DPR,
		.hop_by_hop = n->hop_by_hop++,
		.end_to_end = n->end_to_end++};
	struct diameter_watchdog dpr = {.origin_host = host_of(n),
		.origin_realm = realm_of(n),
		.has_cause = true,
		.disconnect_cause = CAUSE_REBOOTING};

	conn_send_rows(p->conn, &header, diameter_watchdog_rows, &dpr);
}

void peer_stop(struct peer *p)
{
	timer_stop(p->node->loop, &p->timer);
	loop_never(&p->tell);
	if (p->held) {
		conn_abort(p->held);
		p->held = NULL;
	}
	if (p->conn && peer_is_open(p)) {
		send_dpr(p);
	}
	disconnect(p);
	p->state = PEER_DOWN;
}

/* The connection in use is gone: calls go elsewhere, and the one that waits gets its turn. */
static void go_down(struct peer *p)
{
	p->conn = NULL;
	p->asked = false;
	rest(p);
	calls_move(p, true);
	if (p->held) {
		begin(p, p->held);
	}
}

void peer_lost(struct conn *c)
{
	struct peer *p = c->peer;

	if (p && p->held == c) {
		p->held = NULL;
	} else if (p && p->conn == c) {
		log_event(peer_is_open(p) ? LOG_WARN : LOG_INFO,
			peer_is_open(p) ? "diameter.peer.down" : "diameter.peer.unreachable", "",
			LOG_TEXT("peer", p->host), LOG_DETAIL());
		conn_abort(c);
		go_down(p);
		return;
	}
	conn_abort(c);
}

void peer_too_late(struct conn *c)
{
	(void)err_fail(ERR_TIMEOUT, "RFC 6733 5.3: no capabilities within %d s", EXCHANGE_MS / 1000);
	if (!c->peer) {
		log_event(LOG_WARN, "diameter.peer.refused", "",
			LOG_TEXT("address", stream_peer_address(c->stream)), LOG_DETAIL());
	}
	peer_lost(c);
}

/* Watchdog (RFC 3539 3.4): whatever is received shows that the peer lives. */

void peer_heard(struct conn *c)
{
	struct peer *p = c->peer;

	if (!p || p->conn != c || !peer_is_open(p)) {
		return;
	}
	p->heard = loop_now(p->node->loop);
	p->asked = false;
	if (p->state == PEER_SUSPECT) {
		log_event(LOG_INFO, "diameter.peer.back", "", LOG_TEXT("peer", p->host));
		enter(p, PEER_OPEN);
	}
}

static void send_dwr(struct peer *p)
{
	struct diameter_node *n = p->node;
	struct diameter_header header = {.flags = DIAMETER_REQUEST,
		.command = DIAMETER_DWR,
		.hop_by_hop = n->hop_by_hop++,
		.end_to_end = n->end_to_end++};
	struct diameter_watchdog dwr = {.origin_host = host_of(n),
		.origin_realm = realm_of(n),
		.has_state_id = true,
		.origin_state_id = n->state_id};

	conn_send_rows(p->conn, &header, diameter_watchdog_rows, &dwr);
}

static void watch(void *peer)
{
	struct peer *p = peer;
	struct diameter_node *n = p->node;
	int64_t quiet = loop_now(n->loop) - p->heard;

	if (!p->asked && quiet < n->watchdog_ms - WATCHDOG_JITTER_MS) {
		timer_start(n->loop, &p->timer,
			jitter(n, n->watchdog_ms, WATCHDOG_JITTER_MS) - quiet, watch, p);
		return;
	}
	if (!p->asked) {
		p->asked = true;
		send_dwr(p);
		enter(p, p->state);
		return;
	}
	if (p->state == PEER_OPEN) {
		log_event(LOG_WARN, "diameter.peer.suspect", "", LOG_TEXT("peer", p->host),
			LOG_INT("quiet_ms", quiet));
		enter(p, PEER_SUSPECT);
		calls_move(p, false);
		return;
	}
	(void)err_fail(ERR_TIMEOUT, "RFC 3539 3.4: two watchdogs without an answer");
	peer_lost(p->conn);
}

/* The exchange of capabilities. */

void peer_ready(struct conn *c)
{
	struct peer *p = c->peer;
	struct diameter_node *n = c->node;

	/* TLS takes a wildcard for the name, with which any sibling could stand in. */
	if (c->secure && !stream_peer_is(c->stream, p->host)) {
		(void)err_fail(ERR_AUTH, "RFC 6733 13.1: the certificate does not name %s itself",
			p->host);
		peer_lost(c);
		return;
	}
	struct diameter_header header = {.flags = DIAMETER_REQUEST,
		.command = DIAMETER_CER,
		.hop_by_hop = n->hop_by_hop++,
		.end_to_end = n->end_to_end++};

	p->cer_id = header.hop_by_hop;
	enter(p, PEER_WAIT_CEA);
	capabilities_send(c, &header, DIAMETER_SUCCESS);
}

static void up(struct peer *p, struct conn *c, uint32_t applications)
{
	timer_stop(p->node->loop, &c->deadline);
	c->peer = p;
	p->conn = c;
	p->applications = applications;
	p->backoff = p->node->reconnect_ms;
	p->heard = loop_now(p->node->loop);
	p->asked = false;
	p->anew = p->told;
	enter(p, PEER_OPEN);
	loop_later(p->node->loop, &p->tell, tell_later, p);
	log_event(LOG_INFO, "diameter.peer.up", "", LOG_TEXT("peer", p->host),
		LOG_TEXT("address", stream_peer_address(c->stream)),
		LOG_TEXT("tls", stream_tls_version(c->stream)));
}

/* The connection that they opened becomes the one in use: their CER is answered. */
static void begin(struct peer *p, struct conn *c)
{
	struct diameter_header header = c->cer;

	header.flags = 0;
	p->held = NULL;
	up(p, c, c->cer_applications);
	capabilities_send(c, &header, DIAMETER_SUCCESS);
	calls_repeat(p);
}

/* Closes a new connection behind an answer that says why. */
static void refuse(struct conn *c, struct view cer, const struct diameter_fault *fault)
{
	struct diameter_node *n = c->node;

	log_event(LOG_WARN, "diameter.peer.refused", "",
		LOG_TEXT("address", stream_peer_address(c->stream)),
		LOG_INT("result", fault->result), LOG_DETAIL());
	diameter_encode_error(&n->scratch, cer, fault, host_of(n), realm_of(n), err_detail());
	conn_send_scratch(c);
	conn_close(c);
}

/* RFC 6733 5.6.4: of two connections, that stays which the node of the greater name accepted. */
static bool wins_election(const struct diameter_node *n, struct view theirs)
{
	struct view ours = host_of(n);
	size_t common = ours.len < theirs.len ? ours.len : theirs.len;
	int order = memcmp(ours.data, theirs.data, common);

	return order > 0 || (order == 0 && ours.len > theirs.len);
}

/* Their connection is good; ours to them may be on its way, or an old one not known to be dead. */
static void settle(struct peer *p, struct conn *c, struct view origin_host)
{
	if (p->state == PEER_WAIT_CEA && !wins_election(p->node, origin_host)) {
		if (p->held) {
			conn_close(p->held);
		}
		c->peer = p;
		p->held = c;
		return;
	}
	if (peer_is_open(p)) {
		log_event(LOG_WARN, "diameter.peer.replaced", "", LOG_TEXT("peer", p->host));
	}
	if (p->conn) {
		conn_abort(p->conn);
		p->conn = NULL;
	}
	begin(p, c);
}

static void receive_cer(struct conn *c, const struct diameter_header *header, struct view message)
{
	struct diameter_fault fault;
	struct view origin_host;
	struct peer *p = NULL;

	if (capabilities_check_cer(c, message, &p, &origin_host, &fault) != OK) {
		refuse(c, message, &fault);
		return;
	}
	c->cer = *header;
	settle(p, c, origin_host);
}

static void receive_cea(struct peer *p, const struct diameter_header *header, struct view message)
{
	uint32_t applications;

	if (capabilities_check_cea(p, header, message, &applications) != OK) {
		peer_lost(p->conn);
		return;
	}
	if (p->held) {
		conn_close(p->held);
		p->held = NULL;
	}
	up(p, p->conn, applications);
}

/* Messages. */

void peer_receive(struct conn *c, struct view message)
{
	struct peer *p = c->peer;
	struct diameter_header header;

	if (diameter_parse_header(message, &header) != OK) {
		peer_lost(c);
		return;
	}
	if (!p && header.command == DIAMETER_CER && header.flags & DIAMETER_REQUEST) {
		receive_cer(c, &header, message);
		return;
	}
	if (!p || p->conn != c) {
		(void)err_fail(ERR_SYNTAX,
			"RFC 6733 5.6: command %u before the capabilities exchange", header.command);
		log_event(LOG_WARN, "diameter.peer.refused", "",
			LOG_TEXT("address", stream_peer_address(c->stream)), LOG_DETAIL());
		peer_lost(c);
		return;
	}
	if (!peer_is_open(p)) {
		receive_cea(p, &header, message);
	} else if (header.application == DIAMETER_BASE) {
		receive_base(p, &header, message);
	} else if (header.flags & DIAMETER_REQUEST) {
		requests_take(c, &header, message);
	} else {
		calls_answer(c, &header, message);
	}
}

static void receive_dpr(struct peer *p, const struct diameter_watchdog *dpr)
{
	(void)err_fail(ERR_CLOSED, "RFC 6733 5.4: it disconnects, cause %u", dpr->disconnect_cause);
	log_event(LOG_INFO, "diameter.peer.down", "", LOG_TEXT("peer", p->host), LOG_DETAIL());
	if (dpr->disconnect_cause == CAUSE_DO_NOT_WANT_TO_TALK_TO_YOU) {
		p->backoff = BACKOFF_MAX_MS;
	}
	disconnect(p);
	go_down(p);
}

static void refuse_base(struct peer *p, struct view message, const struct diameter_fault *fault)
{
	struct diameter_node *n = p->node;

	diameter_encode_error(&n->scratch, message, fault, host_of(n), realm_of(n), err_detail());
	conn_send_scratch(p->conn);
}

/* DWR and DPR; answers to ours have done their work by coming. */
static void receive_base(struct peer *p, const struct diameter_header *header, struct view message)
{
	struct diameter_node *n = p->node;
	struct diameter_watchdog in;
	struct diameter_fault fault;
	struct diameter_header answer_header = *header;
	struct diameter_watchdog answer = {.has_result = true,
		.result = DIAMETER_SUCCESS,
		.origin_host = host_of(n),
		.origin_realm = realm_of(n),
		.has_state_id = header->command == DIAMETER_DWR,
		.origin_state_id = n->state_id};

	if (!(header->flags & DIAMETER_REQUEST)) {
		return;
	}
	if (header->command != DIAMETER_DWR && header->command != DIAMETER_DPR) {
		(void)err_fail(ERR_UNSUPPORTED, "RFC 6733 3.1: command %u is not for now",
			header->command);
		fault = (struct diameter_fault){.result = DIAMETER_COMMAND_UNSUPPORTED};
		refuse_base(p, message, &fault);
		return;
	}
	if (diameter_decode(message, diameter_watchdog_rows, &in, &fault) != OK) {
		refuse_base(p, message, &fault);
		return;
	}
	answer_header.flags = 0;
	conn_send_rows(p->conn, &answer_header, diameter_watchdog_rows, &answer);
	if (header->command == DIAMETER_DPR) {
		receive_dpr(p, &in);
	}
}
