// SPDX-License-Identifier: Apache-2.0
#include "net/dial.h"

#include "net/loop_uv.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Outlives a cancelled dial, because a name server cannot be called back. */
struct lookup {
	uv_getaddrinfo_t request;
	struct dial *dial;
};

struct dial {
	struct loop *loop;
	struct address target, peer;
	struct lookup *lookup;
	struct addrinfo *found, *next; /* of a name: tried in this order */
	int fd, error;
	struct watch *watch;
	struct later later;
	dial_done *done;
	void *user;
};

static enum err resolve(struct dial *d);
static void try_next(struct dial *d);
static void finish(void *dial);

enum err dial_start(struct loop *loop, const char *address, dial_done *done, void *user,
	struct dial **ret)
{
	struct address target;

	TRY(address_parse(address, &target));
	struct dial *d = calloc(1, sizeof(*d));
	if (!d) {
		return err_fail(ERR_MEMORY, "connect: out of memory");
	}
	d->loop = loop;
	d->target = target;
	d->fd = -1;
	d->done = done;
	d->user = user;
	if (target.len > 0) {
		try_next(d);
		*ret = d;
		return OK;
	}
	enum err e = resolve(d);
	if (e != OK) {
		dial_cancel(d);
		return e;
	}
	*ret = d;
	return OK;
}

void dial_cancel(struct dial *d)
{
	loop_never(&d->later);
	watch_stop(d->watch);
	if (d->lookup) {
		d->lookup->dial = NULL;
		(void)uv_cancel((uv_req_t *)&d->lookup->request);
	}
	if (d->fd >= 0) {
		(void)close(d->fd);
	}
	uv_freeaddrinfo(d->found);
	free(d);
}

static void resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct lookup *lookup = OUTER(struct lookup, request, request);
	struct dial *d = lookup->dial;

	free(lookup);
	if (!d) {
		uv_freeaddrinfo(found);
		return;
	}
	d->lookup = NULL;
	d->error = status;
	d->found = d->next = found;
	try_next(d);
}

static enum err resolve(struct dial *d)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};

	d->lookup = calloc(1, sizeof(*d->lookup));
	if (!d->lookup) {
		return err_fail(ERR_MEMORY, "connect: out of memory");
	}
	d->lookup->dial = d;
	int failed = uv_getaddrinfo(loop_uv(d->loop), &d->lookup->request, resolved, d->target.host,
		d->target.port, &hints);
	if (failed) {
		free(d->lookup);
		d->lookup = NULL;
		return err_fail(ERR_UNAVAILABLE, "resolve %s: %s", d->target.host,
			uv_strerror(failed));
	}
	return OK;
}

/* The next address to try, in d->peer. */
static bool next_peer(struct dial *d)
{
	if (d->target.len > 0) {
		d->peer = d->target;
		d->target.len = 0;
		return true;
	}
	if (!d->next) {
		return false;
	}
	address_from(d->next->ai_addr, d->next->ai_addrlen, &d->peer);
	d->next = d->next->ai_next;
	return true;
}

static void writable(void *user, int events)
{
	struct dial *d = user;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)events;
	watch_stop(d->watch);
	d->watch = NULL;
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
		error = errno;
	}
	if (error == 0) {
		finish(d);
		return;
	}
	d->error = -error;
	(void)close(d->fd);
	d->fd = -1;
	try_next(d);
}

/* True when d->fd is connected or about to be. */
static bool begin(struct dial *d)
{
	const int on = 1;

	d->fd = socket(d->peer.sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd < 0) {
		d->error = -errno;
		return false;
	}
	if (d->peer.sa.any.sa_family != AF_UNIX) {
		(void)setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void)setsockopt(d->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	}
	if (connect(d->fd, &d->peer.sa.any, d->peer.len) == 0) {
		loop_later(d->loop, &d->later, finish, d);
		return true;
	}
	d->error = -errno;
	if (errno == EINPROGRESS &&
		watch_start(d->loop, d->fd, WATCH_WRITE, writable, d, &d->watch) == OK) {
		return true;
	}
	(void)close(d->fd);
	d->fd = -1;
	return false;
}

static void try_next(struct dial *d)
{
	while (next_peer(d)) {
		if (begin(d)) {
			return;
		}
	}
	loop_later(d->loop, &d->later, finish, d);
}

static void finish(void *dial)
{
	struct dial *d = dial;
	dial_done *done = d->done;
	void *user = d->user;
	struct address peer = d->peer;
	int fd = d->fd;
	enum err e = OK;

	if (fd < 0) {
		char text[ADDRESS_MAX];
		address_text(&peer.sa.any, text);
		e = err_fail(ERR_UNAVAILABLE, "connect %s: %s", text[0] ? text : d->target.host,
			uv_strerror(d->error));
	}
	d->fd = -1;
	dial_cancel(d);
	done(user, e, fd, &peer);
}
