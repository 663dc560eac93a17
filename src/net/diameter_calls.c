// SPDX-License-Identifier: Apache-2.0
#include "net/diameter_inside.h"

#include "base/log.h"
#include <stdlib.h>

enum {
	NO_SLOT = 0xffff,
	SLOTS_FIRST = 64,
	SLOTS_MAX = NO_SLOT,
	ATTEMPTS_MAX = 3,  /* peers asked in turn when one cannot deliver or is too busy */
	SPARE_MAX = 1024,  /* calls kept for reuse */
	SPARE_ROOM = 4096, /* with a buffer of at most so much */
};
enum { HEADER_FLAGS_AT = 4, HEADER_HOP_BY_HOP_AT = 12 };

static void give_up_on(void *node);
static void tell_failed(void *node);

void calls_open(struct diameter_node *n)
{
	n->first_free = NO_SLOT;
	ring_open(&n->calls);
	ring_open(&n->failed);
	ring_open(&n->spare);
}

static struct call *call_by_time(struct link *link)
{
	return OUTER(struct call, by_time, link);
}

/* Slots: a hop-by-hop identifier is found in one step, and fits one use of its slot. */

static bool grow_slots(struct diameter_node *n)
{
	size_t count = n->slot_count ? n->slot_count * 2 : SLOTS_FIRST;

	if (count > SLOTS_MAX) {
		count = SLOTS_MAX;
	}
	struct call_slot *slots =
		count > n->slot_count ? realloc(n->slots, count * sizeof(*slots)) : NULL;

	if (!slots) {
		return false;
	}
	for (size_t i = n->slot_count; i < count; i++) {
		slots[i] = (struct call_slot){
			.next_free = i + 1 < count ? (uint16_t)(i + 1) : (uint16_t)NO_SLOT};
	}
	n->first_free = (uint16_t)n->slot_count;
	n->slots = slots;
	n->slot_count = count;
	return true;
}

static bool take_slot(struct diameter_node *n, struct call *call)
{
	if (n->first_free == NO_SLOT && !grow_slots(n)) {
		return false;
	}
	uint16_t index = n->first_free;
	struct call_slot *slot = &n->slots[index];

	n->first_free = slot->next_free;
	slot->call = call;
	slot->turn++;
	call->header.hop_by_hop = (uint32_t)slot->turn << 16 | index;
	return true;
}

static void give_slot(struct diameter_node *n, const struct call *call)
{
	uint16_t index = (uint16_t)call->header.hop_by_hop;

	n->slots[index].call = NULL;
	n->slots[index].next_free = n->first_free;
	n->first_free = index;
}

static struct call *call_at(struct diameter_node *n, uint32_t hop_by_hop)
{
	uint16_t index = (uint16_t)hop_by_hop;

	if (index >= n->slot_count || n->slots[index].turn != hop_by_hop >> 16) {
		return NULL;
	}
	return n->slots[index].call;
}

/* A call's life. */

static struct call *new_call(struct diameter_node *n)
{
	struct call *call;

	if (ring_is_empty(&n->spare)) {
		call = calloc(1, sizeof(*call));
		if (call) {
			call->message = buf_growing(DIAMETER_MAX);
		}
		return call;
	}
	call = call_by_time(n->spare.next);
	ring_leave(&call->by_time);
	n->spare_count--;
	return call;
}

static void free_call(struct diameter_node *n, struct call *call)
{
	struct buf message = call->message;

	buf_wipe(&message);
	if (n->spare_count == SPARE_MAX || message.room > SPARE_ROOM) {
		buf_free(&message);
		free(call);
		return;
	}
	*call = (struct call){.message = message};
	ring_add(&n->spare, &call->by_time);
	n->spare_count++;
}

/* Takes the call from the peer that was to answer it. */
static void detach(struct diameter_node *n, struct call *call)
{
	if (call->peer) {
		ring_leave(&call->by_peer);
		call->peer->outstanding--;
		call->peer = NULL;
		give_slot(n, call);
	}
}

/* The one place where a call ends. */
static void finish(struct diameter_node *n, struct call *call, enum err result, struct view message)
{
	diameter_answered *answered = call->answered;
	void *user = call->user;
	uint64_t user_ref = call->user_ref;

	detach(n, call);
	ring_leave(&call->by_time);
	free_call(n, call);
	answered(user, user_ref, result, message);
}

static void finish_failed(struct diameter_node *n, struct call *call, enum err why)
{
	finish(n, call, why, view_of(NULL, 0));
}

/* So that nobody is told before diameter_send() has returned. */
static void fail_soon(struct diameter_node *n, struct call *call, enum err why)
{
	detach(n, call);
	ring_leave(&call->by_time);
	call->failure = why;
	ring_add(&n->failed, &call->by_time);
	loop_later(n->loop, &n->failed_later, tell_failed, n);
}

static void tell_failed(void *node)
{
	struct diameter_node *n = node;
	struct link now;

	/* what fails from now on is told next time */
	ring_open(&now);
	while (!ring_is_empty(&n->failed)) {
		struct link *link = n->failed.next;

		ring_leave(link);
		ring_add(&now, link);
	}
	while (!ring_is_empty(&now)) {
		struct call *call = call_by_time(now.next);

		finish_failed(n, call, call->failure);
	}
}

/* Routing. */

/* Whether `p` brings a message of this application to that host, or to any of the realm. */
static bool leads_to(const struct peer *p, uint32_t application, struct view host, struct view realm)
{
	if (!peer_is_open(p) || !peer_serves(p, application)) {
		return false;
	}
	if (p->relay) {
		return true;
	}
	return host.len > 0 ? view_is_nocase(host, p->host) : view_is_nocase(realm, p->realm);
}

/* Peers that answer before those that do not, direct ones before relays, idle before busy. */
static bool is_better(const struct peer *a, const struct peer *b)
{
	if (a->state != b->state) {
		return a->state == PEER_OPEN;
	}
	if (a->relay != b->relay) {
		return !a->relay;
	}
	return a->outstanding < b->outstanding;
}

static struct peer *route(struct diameter_node *n, uint32_t application, struct view host,
	struct view realm, const struct peer *except)
{
	struct peer *best = NULL;

	for (size_t i = 0; i < n->peer_count; i++) {
		struct peer *p = &n->peers[i];

		if (p != except && leads_to(p, application, host, realm) &&
			(!best || is_better(p, best))) {
			best = p;
		}
	}
	return best;
}

bool diameter_node_peer_serves(const struct diameter_node *n, const char *host, uint32_t application)
{
	for (size_t i = 0; i < n->peer_count; i++) {
		if (view_is_nocase(view_text(host), n->peers[i].host)) {
			return peer_is_open(&n->peers[i]) && peer_serves(&n->peers[i], application);
		}
	}
	return false;
}

bool diameter_node_reaches(const struct diameter_node *n, const char *realm, uint32_t application)
{
	for (size_t i = 0; i < n->peer_count; i++) {
		if (leads_to(&n->peers[i], application, view_of(NULL, 0), view_text(realm))) {
			return true;
		}
	}
	return false;
}

/* Another peer for a call that was sent already: where it wants to go stands in the message. */
static struct peer *route_again(struct diameter_node *n, struct call *call,
	const struct peer *except)
{
	struct diameter_base base;
	struct diameter_fault fault;

	if (diameter_decode_base(buf_contents(&call->message), &base, &fault) != OK) {
		return NULL;
	}
	return route(n, call->header.application, base.destination_host, base.destination_realm,
		except);
}

/* Sending. */

static enum err transmit(struct diameter_node *n, struct call *call, struct peer *p)
{
	if (p->outstanding >= n->outstanding || !take_slot(n, call)) {
		return err_fail(ERR_OVERLOAD, "diameter: %zu requests wait for %s", p->outstanding,
			p->host);
	}
	call->peer = p;
	ring_add(&p->calls, &call->by_peer);
	p->outstanding++;
	p->requests_out++;
	call->attempts++;
	buf_patch_u32(&call->message, HEADER_HOP_BY_HOP_AT, call->header.hop_by_hop);
	conn_send(p->conn, buf_contents(&call->message));
	return OK;
}

/* RFC 6733 5.5.4: it may have been worked on already. */
static void mark_retransmitted(struct call *call)
{
	call->message.data[HEADER_FLAGS_AT] |= DIAMETER_RETRANSMIT;
}

static void set_calls_timer(struct diameter_node *n)
{
	if (ring_is_empty(&n->calls) || timer_is_running(&n->calls_timer)) {
		return;
	}
	int64_t left = call_by_time(n->calls.next)->deadline - loop_now(n->loop);

	timer_start(n->loop, &n->calls_timer, left > 0 ? left : 0, give_up_on, n);
}

static enum err send_call(struct diameter_node *n, struct call *call, struct view host,
	struct view realm, const struct avp_row *rows, const void *in)
{
	diameter_encode(&call->message, &call->header, rows, in);
	TRY(buf_end(&call->message, "diameter: request"));
	struct peer *p = route(n, call->header.application, host, realm, NULL);

	if (!p) {
		return err_fail(ERR_UNAVAILABLE, "diameter: no open peer for application %u of %.*s",
			call->header.application, (int)realm.len, (const char *)realm.data);
	}
	TRY(transmit(n, call, p));
	call->deadline = loop_now(n->loop) + n->answer_ms;
	ring_add(&n->calls, &call->by_time);
	set_calls_timer(n);
	return OK;
}

void diameter_send(struct diameter_node *n, uint32_t application, uint32_t command,
	const char *to_host, const char *to_realm, const struct avp_row *rows, const void *in,
	diameter_answered *answered, void *user, uint64_t user_ref)
{
	struct call *call = new_call(n);

	if (!call) {
		answered(user, user_ref, ERR_MEMORY, view_of(NULL, 0));
		return;
	}
	call->header = (struct diameter_header){.flags = DIAMETER_REQUEST | DIAMETER_PROXIABLE,
		.command = command,
		.application = application,
		.end_to_end = n->end_to_end++};
	call->answered = answered;
	call->user = user;
	call->user_ref = user_ref;
	enum err result = send_call(n, call, view_text(to_host), view_text(to_realm), rows, in);

	if (result != OK) {
		fail_soon(n, call, result);
	}
}

/* Deadlines: each call has the same time, so that they stand in order. */
static void give_up_on(void *node)
{
	struct diameter_node *n = node;
	int64_t now = loop_now(n->loop);

	while (!ring_is_empty(&n->calls)) {
		struct call *call = call_by_time(n->calls.next);

		if (call->deadline > now) {
			break;
		}
		call->peer->timeouts++;
		(void)err_fail(ERR_TIMEOUT, "diameter: no answer from %s", call->peer->host);
		finish_failed(n, call, ERR_TIMEOUT);
	}
	set_calls_timer(n);
}

/* Answers. */

/* RFC 6733 7.1.3: what could not be delivered, or met a busy node, may be tried elsewhere. */
static bool try_elsewhere(struct diameter_node *n, struct call *call, struct view message)
{
	struct diameter_base base;
	struct diameter_fault fault;
	struct peer *from = call->peer;

	if (call->attempts >= ATTEMPTS_MAX || diameter_decode_base(message, &base, &fault) != OK) {
		return false;
	}
	if (base.result != DIAMETER_UNABLE_TO_DELIVER && base.result != DIAMETER_TOO_BUSY) {
		return false;
	}
	struct peer *other = route_again(n, call, from);

	if (!other || other->outstanding >= n->outstanding) {
		return false;
	}
	detach(n, call);
	if (transmit(n, call, other) != OK) {
		fail_soon(n, call, ERR_OVERLOAD);
	}
	return true;
}

/* Only the peer that was asked may answer, once, and with both identifiers (RFC 6733 6.2). */
void calls_answer(struct conn *c, const struct diameter_header *header, struct view message)
{
	struct diameter_node *n = c->node;
	struct call *call = call_at(n, header->hop_by_hop);

	if (!call || call->peer != c->peer || call->header.end_to_end != header->end_to_end ||
		call->header.command != header->command ||
		call->header.application != header->application) {
		c->peer->dropped++;
		log_event(LOG_DEBUG, "diameter.answer.dropped", "", LOG_TEXT("peer", c->peer->host),
			LOG_INT("command", header->command));
		return;
	}
	if (header->flags & DIAMETER_ERROR && try_elsewhere(n, call, message)) {
		return;
	}
	finish(n, call, OK, message);
}

/* Failover. */

/* Empties the peer's ring into `to`, so that it can be walked while calls come and go. */
static void take_all(struct peer *p, struct link *to)
{
	ring_open(to);
	while (!ring_is_empty(&p->calls)) {
		struct link *link = p->calls.next;

		ring_leave(link);
		ring_add(to, link);
	}
}

void calls_move(struct peer *p, bool lost)
{
	struct diameter_node *n = p->node;
	struct link ring;

	take_all(p, &ring);
	while (!ring_is_empty(&ring)) {
		struct call *call = OUTER(struct call, by_peer, ring.next);
		struct peer *other = route_again(n, call, p);

		ring_leave(&call->by_peer);
		if (!other && !lost) {
			ring_add(&p->calls, &call->by_peer);
			continue;
		}
		detach(n, call);
		mark_retransmitted(call);
		if (!other || transmit(n, call, other) != OK) {
			fail_soon(n, call, ERR_UNAVAILABLE);
		}
	}
}

void calls_repeat(struct peer *p)
{
	for (struct link *l = p->calls.next; l != &p->calls; l = l->next) {
		struct call *call = OUTER(struct call, by_peer, l);

		mark_retransmitted(call);
		conn_send(p->conn, buf_contents(&call->message));
	}
}

static void end_ring(struct diameter_node *n, struct link *ring)
{
	while (!ring_is_empty(ring)) {
		(void)err_fail(ERR_CLOSED, "diameter: this node closes");
		finish_failed(n, call_by_time(ring->next), ERR_CLOSED);
	}
}

void calls_close(struct diameter_node *n)
{
	end_ring(n, &n->calls);
	end_ring(n, &n->failed);
	while (!ring_is_empty(&n->spare)) {
		struct call *call = call_by_time(n->spare.next);

		ring_leave(&call->by_time);
		buf_free(&call->message);
		free(call);
	}
	timer_stop(n->loop, &n->calls_timer);
	loop_never(&n->failed_later);
	free(n->slots);
}
