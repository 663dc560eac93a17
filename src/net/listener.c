// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "net/crowd.h"
#include "net/stream_inside.h"
#include "net/tls_session.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CONNECTIONS = 10000, /* ceiling unless set */
	BACKLOG = 4096,	     /* the system cuts it to net.core.somaxconn */
	ACCEPT_AT_ONCE = 64, /* then others have their turn */
	BREATH_MS = 100,     /* no descriptors or no memory: how long new ones wait */
};

struct listener {
	struct loop *loop;
	struct listener_options options;
	accept_fn *accept;
	void *user;
	uv_poll_t poll;
	int fd;
	char address[ADDRESS_MAX];
	struct stat file;      /* a Unix socket's, to remove no other */
	size_t count;	       /* connections, lingering ones too */
	struct crowds *crowds; /* NULL without a ceiling for an address */
	struct link handshakes;
	struct timer breath;
	struct listener_figures figures; /* but for open and limit */
	bool closed, poll_closed;
};

static enum err bind_to(struct listener *l, const struct address *at);
static enum err bind_file(struct listener *l, const struct address *at);
static void on_poll(uv_poll_t *poll, int status, int events);
static void release(struct listener *l);

static enum err prepare(struct listener *l)
{
	struct address at;

	TRY(address_parse(l->options.address, &at));
	if (at.len == 0) {
		return err_fail(ERR_SYNTAX, "listen %s: give a number, not a name",
			l->options.address);
	}
	l->fd = socket(at.sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0) {
		return err_system("listen %s", l->options.address);
	}
	TRY(at.sa.any.sa_family == AF_UNIX ? bind_file(l, &at) : bind_to(l, &at));
	if (listen(l->fd, BACKLOG) != 0) {
		return err_system("listen %s", l->options.address);
	}
	if (l->options.connections_per_address) {
		TRY(crowds_new(l->options.connections, &l->crowds));
	}
	int failed = uv_poll_init(loop_uv(l->loop), &l->poll, l->fd);
	return failed ? err_fail(ERR_IO, "listen: %s", uv_strerror(failed)) : OK;
}

enum err listener_open(struct loop *loop, const struct listener_options *options, accept_fn *accept,
	void *user, struct listener **ret)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (!l) {
		return err_fail(ERR_MEMORY, "listen: out of memory");
	}
	l->loop = loop;
	l->options = *options;
	l->options.connections = options->connections ? options->connections : CONNECTIONS;
	l->accept = accept;
	l->user = user;
	l->fd = -1;
	ring_open(&l->handshakes);
	enum err e = prepare(l);
	if (e != OK) {
		if (l->fd >= 0) {
			(void)close(l->fd);
		}
		crowds_free(l->crowds);
		free(l);
		return e;
	}
	l->options.tls = tls_share(options->tls);
	l->options.address = l->address;
	(void)uv_poll_start(&l->poll, UV_READABLE, on_poll);
	*ret = l;
	return OK;
}

static enum err bind_to(struct listener *l, const struct address *at)
{
	const int on = 1, idle_s = 120;
	struct address bound;
	socklen_t len = sizeof(bound.sa);

	/* Accepted connections inherit these. */
	(void)setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(l->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(l->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	(void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (at->sa.any.sa_family == AF_INET6) {
		(void)setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	}
	if (bind(l->fd, &at->sa.any, at->len) != 0 || getsockname(l->fd, &bound.sa.any, &len) != 0) {
		return err_system("listen %s", l->options.address);
	}
	address_text(&bound.sa.any, l->address);
	return OK;
}

/* Removes the socket of a process that died without doing so. */
static enum err remove_stale(const struct address *at)
{
	const char *path = at->sa.un.sun_path;
	struct stat st;

	if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
		return err_fail(ERR_EXISTS, "listen unix:%s: something else has this name", path);
	}
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (probe < 0) {
		return err_system("listen unix:%s", path);
	}
	bool dead = connect(probe, &at->sa.any, at->len) != 0 && errno == ECONNREFUSED;
	(void)close(probe);
	if (!dead) {
		return err_fail(ERR_EXISTS, "listen unix:%s: another process serves it", path);
	}
	return unlink(path) == 0 ? OK : err_system("listen unix:%s: remove the old one", path);
}

static enum err bind_file(struct listener *l, const struct address *at)
{
	const char *path = at->sa.un.sun_path;
	mode_t mode = l->options.unix_mode ? l->options.unix_mode : 0600;

	/* The file is born with the socket's mode (less the umask): nobody slips in before chmod(). */
	(void)fchmod(l->fd, mode);
	int failed = bind(l->fd, &at->sa.any, at->len);
	if (failed && errno == EADDRINUSE) {
		TRY(remove_stale(at));
		failed = bind(l->fd, &at->sa.any, at->len);
	}
	if (failed || chmod(path, mode) != 0 || lstat(path, &l->file) != 0) {
		return err_system("listen unix:%s", path);
	}
	address_text(&at->sa.any, l->address);
	return OK;
}

/* Connections */

static bool crowd_enter(struct listener *l, const union peer_address *peer)
{
	return !l->crowds ||
	       crowds_enter(l->crowds, address_crowd(peer), l->options.connections_per_address);
}

static void crowd_leave(struct listener *l, const union peer_address *peer)
{
	if (l->crowds) {
		crowds_leave(l->crowds, address_crowd(peer));
	}
}

static void poll_again(void *listener)
{
	struct listener *l = listener;

	if (!l->closed && l->count < l->options.connections) {
		(void)uv_poll_start(&l->poll, UV_READABLE, on_poll);
	}
}

void listener_left(struct listener *l, const union peer_address *peer)
{
	crowd_leave(l, peer);
	l->count--;
	if (!l->closed && !timer_is_running(&l->breath) && !uv_is_active((uv_handle_t *)&l->poll)) {
		poll_again(l);
	}
	release(l);
}

static const char *const versions[LISTENER_VERSIONS] = {"none", "TLSv1.2", "TLSv1.3"};

const char *listener_version_name(size_t version)
{
	return versions[version];
}

static size_t version_of(const struct stream *s)
{
	size_t version = LISTENER_VERSIONS - 1;

	while (version > 0 && strcmp(versions[version], stream_tls_version(s)) != 0) {
		version--;
	}
	return version;
}

static void greet(void *user, struct stream *s)
{
	struct listener *l = user;

	ring_leave(&s->link);
	l->figures.handshakes[version_of(s)]++;
	l->accept(l->user, s);
}

static size_t refuse_input(void *user, struct stream *s, struct view bytes)
{
	(void)user;
	(void)bytes;
	stream_abort(s); /* `accept` gave it no owner */
	return 0;
}

static void not_greeted(void *user, struct stream *s, enum err why)
{
	struct listener *l = user;

	(void)s;
	l->figures.failed[why]++;
	log_event(LOG_DEBUG, "net.handshake_failed", "", LOG_TEXT("listener", l->address),
		LOG_TEXT("error", err_name(why)), LOG_DETAIL());
}

static void take(struct listener *l, int fd, const union peer_address *peer)
{
	static const struct stream_on on = {.ready = greet,
		.input = refuse_input,
		.closed = not_greeted};
	struct stream *s;

	if (!crowd_enter(l, peer)) {
		l->figures.refused++;
		(void)close(fd);
		return;
	}
	l->count++;
	l->figures.taken++;
	if (stream_take(l->loop, fd, peer, &l->options, &on, l, &s) != OK) {
		log_event(LOG_WARN, "net.accept_failed", "", LOG_TEXT("listener", l->address),
			LOG_DETAIL());
		listener_left(l, peer);
		return;
	}
	if (l->options.tls) {
		ring_add(&l->handshakes, &s->link);
		return;
	}
	greet(l, s);
}

/* Without descriptors or memory, accepting would fail again at once, and spin. */
static void take_breath(struct listener *l)
{
	log_event(LOG_WARN, "net.accept_failed", "", LOG_TEXT("listener", l->address),
		LOG_TEXT("detail", strerror(errno)));
	l->figures.refused++;
	(void)uv_poll_stop(&l->poll);
	timer_start(l->loop, &l->breath, BREATH_MS, poll_again, l);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct listener *l = OUTER(struct listener, poll, poll);

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPT_AT_ONCE && !l->closed; i++) {
		struct address peer = {.len = 0};
		union peer_address small;
		socklen_t len = sizeof(peer.sa);

		if (l->count >= l->options.connections) {
			(void)uv_poll_stop(&l->poll); /* until listener_left() */
			return;
		}
		int fd = accept4(l->fd, &peer.sa.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			memcpy(&small, &peer.sa, sizeof(small));
			take(l, fd, &small);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			   errno == ENOMEM) {
			take_breath(l);
			return;
		} else if (errno == EAGAIN) {
			return;
		} /* else that connection broke while it waited */
	}
}

const char *listener_address(const struct listener *l)
{
	return l->address;
}

size_t listener_connections(const struct listener *l)
{
	return l->count;
}

void listener_figures(const struct listener *l, struct listener_figures *ret)
{
	*ret = l->figures;
	ret->open = l->count;
	ret->limit = l->options.connections;
}

/* Ending */

static void poll_closed(uv_handle_t *handle)
{
	struct listener *l = OUTER(struct listener, poll, (uv_poll_t *)handle);

	l->poll_closed = true;
	release(l);
}

static void release(struct listener *l)
{
	if (l->poll_closed && l->count == 0) {
		crowds_free(l->crowds);
		free(l);
	}
}

void listener_close(struct listener *l)
{
	struct stat now;

	if (!l || l->closed) {
		return;
	}
	l->closed = true;
	while (!ring_is_empty(&l->handshakes)) {
		stream_abort(OUTER(struct stream, link, l->handshakes.next));
	}
	timer_stop(l->loop, &l->breath);
	uv_close((uv_handle_t *)&l->poll, poll_closed);
	(void)close(l->fd);
	tls_free(l->options.tls);
	if (strncmp(l->address, "unix:", 5) == 0 && lstat(l->address + 5, &now) == 0 &&
		now.st_dev == l->file.st_dev && now.st_ino == l->file.st_ino) {
		(void)unlink(l->address + 5);
	}
}
