// SPDX-License-Identifier: Apache-2.0
#include "net/diameter_inside.h"

#include <stdlib.h>
#include <string.h>

enum {
	WATCHDOG_MS = 30 * 1000,
	WATCHDOG_LEAST_MS = 6 * 1000, /* RFC 3539 3.4.1 */
	RECONNECT_MS = 1000,
	ANSWER_MS = 3000,
	OUTSTANDING = 4096,
	/* connections that have not said who they are: some from all, fewer from one address */
	STRANGERS = 256,
	STRANGERS_OF_ONE = 16,
};

struct view host_of(const struct diameter_node *n)
{
	return view_text(n->host);
}

struct view realm_of(const struct diameter_node *n)
{
	return view_text(n->realm);
}

int64_t jitter(struct diameter_node *n, int64_t ms, int64_t spread)
{
	const struct env *env = loop_env(n->loop);
	uint32_t random = 0;

	if (env->random(env, &random, sizeof(random)) != OK || spread <= 0) {
		return ms;
	}
	return ms - spread + (int64_t)(random % (uint64_t)(2 * spread + 1));
}

static enum err copy_text(const char *from, char **ret)
{
	*ret = strdup(from);
	return *ret ? OK : err_fail(ERR_MEMORY, "diameter: out of memory");
}

static enum err copy_origins(const struct diameter_peer_options *o, struct peer *p)
{
	p->origins = calloc(o->origin_count + 1, sizeof(*p->origins));
	if (!p->origins) {
		return err_fail(ERR_MEMORY, "diameter: out of memory");
	}
	for (size_t i = 0; i < o->origin_count; i++) {
		TRY(copy_text(o->origins[i], &p->origins[i]));
		p->origin_count++;
	}
	return OK;
}

static enum err check_peer(const struct diameter_node *n, const struct diameter_peer_options *o)
{
	if (!o->host || !o->host[0] || !o->realm || !o->realm[0]) {
		return err_fail(ERR_CONFIG, "diameter peer: its host and realm must be given");
	}
	if (strcasecmp(o->host, n->host) == 0) {
		return err_fail(ERR_CONFIG, "diameter peer %s: that is this node", o->host);
	}
	for (size_t i = 0; i < n->peer_count; i++) {
		if (strcasecmp(o->host, n->peers[i].host) == 0) {
			return err_fail(ERR_CONFIG, "diameter peer %s: given twice", o->host);
		}
	}
	if (o->address && o->address[0] && !o->plain && !n->client_tls) {
		return err_fail(ERR_CONFIG,
			"diameter peer %s: connecting needs TLS files, or plain", o->host);
	}
	return OK;
}

static enum err add_peer(struct diameter_node *n, const struct diameter_peer_options *o)
{
	struct peer *p = &n->peers[n->peer_count];

	TRY(check_peer(n, o));
	n->peer_count++;
	p->node = n;
	p->plain = o->plain;
	p->relay = o->relay;
	ring_open(&p->calls);
	TRY(copy_text(o->host, &p->host));
	TRY(copy_text(o->realm, &p->realm));
	if (o->address && o->address[0]) {
		TRY(copy_text(o->address, &p->address));
	}
	return copy_origins(o, p);
}

static enum err add_peers(struct diameter_node *n, const struct diameter_node_options *o)
{
	n->peers = calloc(o->peer_count + 1, sizeof(*n->peers));
	if (!n->peers) {
		return err_fail(ERR_MEMORY, "diameter: out of memory");
	}
	for (size_t i = 0; i < o->peer_count; i++) {
		TRY(add_peer(n, &o->peers[i]));
	}
	return OK;
}

static enum err copy_tables(struct diameter_node *n, const struct diameter_node_options *o,
	const struct diameter_handler *handlers, size_t handler_count)
{
	if (o->application_count == 0 || o->application_count > DIAMETER_APPS_MAX) {
		return err_fail(ERR_CONFIG, "diameter: %zu applications, 1 to %d are possible",
			o->application_count, DIAMETER_APPS_MAX);
	}
	memcpy(n->applications, o->applications, o->application_count * sizeof(uint32_t));
	n->application_count = o->application_count;
	n->handlers = calloc(handler_count + 1, sizeof(*handlers));
	if (!n->handlers) {
		return err_fail(ERR_MEMORY, "diameter: out of memory");
	}
	if (handler_count > 0) {
		memcpy(n->handlers, handlers, handler_count * sizeof(*handlers));
	}
	n->handler_count = handler_count;
	return OK;
}

/* Identifiers that no earlier run has used (RFC 6733 3, 8.8, 8.16). */
static enum err draw_identifiers(struct diameter_node *n)
{
	const struct env *env = loop_env(n->loop);
	uint32_t random[2];
	int64_t now = env_wall(env);

	TRY(env->random(env, random, sizeof(random)));
	n->state_id = (uint32_t)now;
	n->session = (uint64_t)(uint32_t)now << 32 | (random[0] & 0xfffff);
	n->end_to_end = (uint32_t)now << 20 | (random[0] >> 12);
	n->hop_by_hop = random[1];
	return OK;
}

static void set_times(struct diameter_node *n, const struct diameter_node_options *o)
{
	n->watchdog_ms = o->watchdog_ms ? o->watchdog_ms : WATCHDOG_MS;
	if (n->watchdog_ms < WATCHDOG_LEAST_MS) {
		n->watchdog_ms = WATCHDOG_LEAST_MS;
	}
	n->reconnect_ms = o->reconnect_ms ? o->reconnect_ms : RECONNECT_MS;
	n->answer_ms = o->answer_ms ? o->answer_ms : ANSWER_MS;
	n->outstanding = o->outstanding ? o->outstanding : OUTSTANDING;
}

static enum err listen_at(struct diameter_node *n, const char *address, struct tls *tls,
	accept_fn *accept, struct listener **ret)
{
	if (!address || !address[0]) {
		return OK;
	}
	const struct listener_options options = {
		.address = address,
		.tls = tls,
		.connections = 2 * n->peer_count + STRANGERS,
		.connections_per_address = n->peer_count + STRANGERS_OF_ONE,
	};

	return listener_open(n->loop, &options, accept, n, ret);
}

static enum err fill_node(struct diameter_node *n, const struct diameter_node_options *o,
	const struct diameter_handler *handlers, size_t handler_count)
{
	if (!o->host || !o->host[0] || !o->realm || !o->realm[0]) {
		return err_fail(ERR_CONFIG, "diameter: this node's host and realm must be given");
	}
	if (o->listen && o->listen[0] && !o->server_tls) {
		return err_fail(ERR_CONFIG, "diameter: listening at %s needs TLS files", o->listen);
	}
	n->client_tls = o->client_tls;
	n->changed = o->peer_changed;
	TRY(copy_text(o->host, &n->host));
	TRY(copy_text(o->realm, &n->realm));
	TRY(copy_tables(n, o, handlers, handler_count));
	TRY(add_peers(n, o));
	TRY(draw_identifiers(n));
	set_times(n, o);
	TRY(listen_at(n, o->listen, o->server_tls, conn_accept_secure, &n->listener));
	return listen_at(n, o->listen_plain, NULL, conn_accept_plain, &n->plain_listener);
}

enum err diameter_node_open(struct loop *loop, const struct diameter_node_options *options,
	const struct diameter_handler *handlers, size_t handler_count, void *user,
	struct diameter_node **ret)
{
	struct diameter_node *n = calloc(1, sizeof(*n));

	if (!n) {
		return err_fail(ERR_MEMORY, "diameter: out of memory");
	}
	n->loop = loop;
	n->user = user;
	n->scratch = buf_growing(DIAMETER_MAX);
	ring_open(&n->conns);
	ring_open(&n->orphans);
	calls_open(n);
	enum err result = fill_node(n, options, handlers, handler_count);

	if (result != OK) {
		diameter_node_close(n);
		return result;
	}
	for (size_t i = 0; i < n->peer_count; i++) {
		peer_start(&n->peers[i]);
	}
	*ret = n;
	return OK;
}

static void free_peer(struct peer *p)
{
	for (size_t i = 0; i < p->origin_count; i++) {
		free(p->origins[i]);
	}
	free(p->origins);
	free(p->host);
	free(p->realm);
	free(p->address);
}

void diameter_node_close(struct diameter_node *n)
{
	if (!n) {
		return;
	}
	listener_close(n->listener);
	listener_close(n->plain_listener);
	for (size_t i = 0; i < n->peer_count; i++) {
		peer_stop(&n->peers[i]);
	}
	while (!ring_is_empty(&n->conns)) {
		conn_abort(OUTER(struct conn, link, n->conns.next));
	}
	calls_close(n);
	requests_close(n);
	for (size_t i = 0; i < n->peer_count; i++) {
		free_peer(&n->peers[i]);
	}
	buf_wipe(&n->scratch);
	buf_free(&n->scratch);
	free(n->peers);
	free(n->handlers);
	free(n->host);
	free(n->realm);
	free(n);
}

const char *diameter_node_address(const struct diameter_node *n)
{
	return n->listener ? listener_address(n->listener) : "";
}

const char *diameter_node_plain_address(const struct diameter_node *n)
{
	return n->plain_listener ? listener_address(n->plain_listener) : "";
}

void diameter_session_id(struct diameter_node *n, struct buf *ret)
{
	uint64_t id = n->session++;

	buf_printf(ret, "%s;%u;%u", n->host, (unsigned)(id >> 32), (unsigned)id);
}

size_t diameter_node_peers(const struct diameter_node *n, struct diameter_peer_state *ret,
	size_t room)
{
	for (size_t i = 0; i < n->peer_count && i < room; i++) {
		const struct peer *p = &n->peers[i];

		ret[i] = (struct diameter_peer_state){.host = p->host,
			.open = peer_is_open(p),
			.requests_in = p->requests_in,
			.requests_out = p->requests_out,
			.timeouts = p->timeouts,
			.dropped = p->dropped,
			.outstanding = p->outstanding};
	}
	return n->peer_count;
}
