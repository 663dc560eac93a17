// SPDX-License-Identifier: Apache-2.0
#include "net/notify.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A path, or "@" and an abstract name. */
static int connect_to(const char *name)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len >= sizeof(to.sun_path)) {
		return -1;
	}
	memcpy(to.sun_path, name, len);
	if (name[0] == '@') {
		to.sun_path[0] = '\0';
	}
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, size) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void tell(const struct notify *n, const char *state)
{
	if (n->fd >= 0) {
		(void)!send(n->fd, state, strlen(state), MSG_NOSIGNAL); /* it is not our trouble */
	}
}

/* Half of the time that is allowed, unless it is meant for another process. */
static int64_t watchdog_ms(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t value = 0;

	if (!us || (pid && strtol(pid, NULL, 10) != (long)getpid()) ||
		text_from_u64(view_text(us), INT64_MAX, &value, "WATCHDOG_USEC") != OK) {
		return 0;
	}
	return value < 2000 ? 1 : (int64_t)(value / 2000);
}

void notify_open(struct loop *loop, struct notify *ret)
{
	const char *name = getenv("NOTIFY_SOCKET");

	*ret = (struct notify){.loop = loop,
		.fd = name ? connect_to(name) : -1,
		.watchdog_ms = watchdog_ms()};
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

void notify_close(struct notify *n)
{
	timer_stop(n->loop, &n->watchdog);
	if (n->fd >= 0) {
		(void)close(n->fd);
		n->fd = -1;
	}
}

static void feed(void *user)
{
	struct notify *n = user;

	tell(n, "WATCHDOG=1");
	timer_start(n->loop, &n->watchdog, n->watchdog_ms, feed, n);
}

void notify_ready(struct notify *n)
{
	tell(n, "READY=1\nSTATUS=serving\n");
	if (n->fd >= 0 && n->watchdog_ms > 0 && !timer_is_running(&n->watchdog)) {
		feed(n);
	}
}

void notify_reloading(struct notify *n)
{
	char state[80];
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld\n",
		(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	tell(n, state);
}

void notify_stopping(struct notify *n)
{
	tell(n, "STOPPING=1\nSTATUS=stopping\n");
}
