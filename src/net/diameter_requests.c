// SPDX-License-Identifier: Apache-2.0
#include "net/diameter_inside.h"

#include "base/log.h"
#include "base/secret.h"
#include "wire/diameter_avps.h"
#include <stdlib.h>
#include <string.h>

/* Refuses what no handler has seen. */
static void refuse_message(struct conn *c, struct view message, const struct diameter_fault *fault)
{
	struct diameter_node *n = c->node;

	log_event(LOG_INFO, "diameter.request.refused", "", LOG_TEXT("peer", c->peer->host),
		LOG_INT("result", fault->result), LOG_DETAIL());
	diameter_encode_error(&n->scratch, message, fault, host_of(n), realm_of(n), err_detail());
	conn_send_scratch(c);
}

/* Who sent it: the peer, or one for whom it may speak. NULL: neither.  req: B9.6.2 */
static const char *find_origin(const struct peer *p, struct view origin)
{
	if (view_is_nocase(origin, p->host)) {
		return p->host;
	}
	for (size_t i = 0; p->relay && i < p->origin_count; i++) {
		if (view_is_nocase(origin, p->origins[i])) {
			return p->origins[i];
		}
	}
	return NULL;
}

static const struct diameter_handler *find_handler(const struct diameter_node *n,
	const struct diameter_header *header, struct diameter_fault *fault)
{
	fault->result = DIAMETER_APPLICATION_UNSUPPORTED;
	for (size_t i = 0; i < n->handler_count; i++) {
		const struct diameter_handler *handler = &n->handlers[i];

		if (handler->application != header->application) {
			continue;
		}
		if (handler->command == header->command) {
			return handler;
		}
		fault->result = DIAMETER_COMMAND_UNSUPPORTED;
	}
	(void)err_fail(ERR_UNSUPPORTED, "RFC 6733 3: application %u, command %u",
		header->application, header->command);
	return NULL;
}

static enum err check_destination(const struct diameter_node *n, const struct diameter_base *base,
	struct diameter_fault *fault)
{
	for (size_t i = 0; i < base->route_record_count; i++) {
		if (view_is_nocase(base->route_records[i], n->host)) {
			fault->result = DIAMETER_LOOP_DETECTED;
			return err_fail(ERR_DENIED, "RFC 6733 6.1.3: it was here before");
		}
	}
	if (base->destination_host.len > 0 && !view_is_nocase(base->destination_host, n->host)) {
		fault->result = DIAMETER_UNABLE_TO_DELIVER;
		return err_fail(ERR_DENIED, "RFC 6733 6.1: for another host, and this is no relay");
	}
	if (base->destination_realm.len > 0 && !view_is_nocase(base->destination_realm, n->realm)) {
		fault->result = DIAMETER_REALM_NOT_SERVED;
		return err_fail(ERR_DENIED,
			"RFC 6733 6.1: for another realm, and this is no relay");
	}
	return OK;
}

static enum err check_origin(const struct peer *p, const struct diameter_base *base,
	struct diameter_fault *fault, const char **ret)
{
	if (!base->origin_host.data) {
		fault->result = DIAMETER_MISSING_AVP;
		fault->example = diameter_avps[AVP_AT_ORIGIN_HOST];
		return err_fail(ERR_SYNTAX, "RFC 6733 6.3: Origin-Host is missing");
	}
	*ret = find_origin(p, base->origin_host);
	if (!*ret) {
		fault->result = DIAMETER_UNKNOWN_PEER;
		return err_fail(ERR_DENIED, "%s may not speak for %.*s", p->host,
			(int)base->origin_host.len, (const char *)base->origin_host.data);
	}
	return OK;
}

/* All that can be said against a request before its handler looks at it. */
static enum err check(struct conn *c, struct incoming *in, struct diameter_fault *fault,
	const struct diameter_handler **ret)
{
	const struct diameter_header *header = &in->request.header;

	*fault = (struct diameter_fault){.result = DIAMETER_INVALID_HDR_BITS};
	if (header->flags & DIAMETER_ERROR) {
		return err_fail(ERR_SYNTAX, "RFC 6733 3: a request with the E bit");
	}
	TRY(diameter_decode_base(in->request.message, &in->base, fault));
	TRY(check_origin(c->peer, &in->base, fault, &in->request.origin));
	TRY(check_destination(c->node, &in->base, fault));
	*ret = find_handler(c->node, header, fault);
	return *ret ? OK : ERR_UNSUPPORTED;
}

static void free_incoming(struct incoming *in)
{
	ring_leave(&in->link);
	if (in->node) {
		in->peer->in_progress--;
	}
	bytes_wipe(in->bytes, in->request.message.len);
	free(in);
}

static struct incoming *new_incoming(struct conn *c, const struct diameter_header *header,
	struct view message)
{
	struct incoming *in = malloc(sizeof(*in) + message.len);

	if (!in) {
		return NULL;
	}
	memcpy(in->bytes, message.data, message.len);
	in->request = (struct diameter_request){.header = *header,
		.message = view_of(in->bytes, message.len),
		.peer = c->peer->host};
	in->link = (struct link){NULL, NULL};
	in->node = c->node;
	in->peer = c->peer;
	in->conn = c;
	in->peer->in_progress++;
	ring_add(&c->requests, &in->link);
	return in;
}

void requests_take(struct conn *c, const struct diameter_header *header, struct view message)
{
	struct diameter_fault fault = {.result = DIAMETER_TOO_BUSY};
	const struct diameter_handler *handler = NULL;

	peer_tell(c->peer);
	c->peer->requests_in++;
	if (c->peer->in_progress >= c->node->outstanding) {
		(void)err_fail(ERR_OVERLOAD, "RFC 6733 7.1.3: %zu requests are in progress",
			c->peer->in_progress);
		refuse_message(c, message, &fault);
		return;
	}
	struct incoming *in = new_incoming(c, header, message);

	if (!in) {
		(void)err_fail(ERR_MEMORY, "out of memory");
		refuse_message(c, message, &fault);
		return;
	}
	if (check(c, in, &fault, &handler) != OK) {
		refuse_message(c, in->request.message, &fault);
		free_incoming(in);
		return;
	}
	handler->handle(c->node->user, &in->request);
}

void diameter_answer(struct diameter_request *request, const struct avp_row *rows, const void *from)
{
	struct incoming *in = OUTER(struct incoming, request, request);

	if (!in->conn) {
		free_incoming(in);
		return;
	}
	struct buf *scratch = &in->node->scratch;

	diameter_encode_answer(scratch, &request->header, &in->base, rows, from);
	if (scratch->failed) {
		const struct diameter_fault fault = {.result = DIAMETER_UNABLE_TO_COMPLY};

		bytes_wipe(scratch->data, scratch->len);
		buf_clear(scratch);
		diameter_refuse(request, &fault, "the answer is too long");
		return;
	}
	conn_send_scratch(in->conn);
	free_incoming(in);
}

void diameter_refuse(struct diameter_request *request, const struct diameter_fault *fault,
	const char *why)
{
	struct incoming *in = OUTER(struct incoming, request, request);

	if (in->conn) {
		struct diameter_node *n = in->node;

		diameter_encode_error(&n->scratch, request->message, fault, host_of(n), realm_of(n),
			why);
		conn_send_scratch(in->conn);
	}
	free_incoming(in);
}

void requests_orphan(struct conn *c)
{
	while (!ring_is_empty(&c->requests)) {
		struct incoming *in = OUTER(struct incoming, link, c->requests.next);

		in->conn = NULL;
		ring_leave(&in->link);
		ring_add(&c->node->orphans, &in->link);
	}
}

void requests_close(struct diameter_node *n)
{
	while (!ring_is_empty(&n->orphans)) {
		struct incoming *in = OUTER(struct incoming, link, n->orphans.next);

		in->node = NULL;
		ring_leave(&in->link);
	}
}
