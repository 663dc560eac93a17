// SPDX-License-Identifier: Apache-2.0
#include "net/loop_uv.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct posted {
	struct posted *next;
	loop_fn *fn;
	void *user;
};

struct on_signal {
	uv_signal_t handle;
	struct on_signal *next;
	signal_fn *fn;
	void *user;
};

struct loop {
	uv_loop_t uv;
	const struct env *env;
	bool stopping, turning;

	struct timer **heap; /* by time, the earliest first */
	size_t timers, heap_room;
	uv_timer_t wake; /* ends the wait for I/O when the earliest timer is due */

	struct link later, children;
	struct pool *refs;
	struct on_signal *signals;

	uv_async_t async;
	pthread_mutex_t lock; /* guards the queue of posted functions alone */
	struct posted *posted, **posted_end;

	int timer_fd; /* for loop_fd(): -1 until it is asked for */
	uv_poll_t timer_poll;
	uint8_t scratch[LOOP_SCRATCH];
};

struct watch {
	uv_poll_t poll;
	int events;
	watch_fn *fn;
	void *user;
};

static void run_posted(uv_async_t *async);
static void run_timers(struct loop *l);
static void run_later(struct loop *l);
static void turn(struct loop *l, int64_t wait_ms);

/* The few small allocations that have no way to fail towards their caller. */
static void *must(void *allocated)
{
	if (!allocated) {
		(void)fputs("out of memory\n", stderr);
		abort();
	}
	return allocated;
}

/* The loop */

enum err loop_new(const struct env *env, struct loop **ret)
{
	struct loop *l = calloc(1, sizeof(*l));
	int failed;

	if (!l) {
		return err_fail(ERR_MEMORY, "loop: out of memory");
	}
	failed = uv_loop_init(&l->uv);
	if (failed) {
		free(l);
		return err_fail(ERR_IO, "loop: %s", uv_strerror(failed));
	}
	failed = uv_async_init(&l->uv, &l->async, run_posted);
	if (failed) {
		(void)uv_loop_close(&l->uv);
		free(l);
		return err_fail(ERR_IO, "loop: %s", uv_strerror(failed));
	}
	(void)uv_timer_init(&l->uv, &l->wake); /* cannot fail */
	(void)signal(SIGPIPE, SIG_IGN);	       /* OpenSSL writes with write(2) */
	(void)pthread_mutex_init(&l->lock, NULL);
	l->env = env;
	l->timer_fd = -1;
	l->posted_end = &l->posted;
	ring_open(&l->later);
	ring_open(&l->children);
	*ret = l;
	return OK;
}

static void close_handle(uv_handle_t *handle, void *unused)
{
	(void)unused;
	if (!uv_is_closing(handle)) {
		uv_close(handle, NULL);
	}
}

void loop_free(struct loop *l)
{
	if (!l) {
		return;
	}
	while (!ring_is_empty(&l->children)) {
		struct loop_child *child = OUTER(struct loop_child, link, l->children.next);
		child->end(child);
	}
	run_posted(&l->async); /* whoever posted owns what only its function can free */
	run_later(l);
	assert(l->timers == 0);
	uv_walk(&l->uv, close_handle, NULL);
	(void)uv_run(&l->uv, UV_RUN_DEFAULT);
	int busy = uv_loop_close(&l->uv);
	assert(!busy);
	(void)busy;

	while (l->posted) {
		struct posted *p = l->posted;
		l->posted = p->next;
		free(p);
	}
	while (l->signals) {
		struct on_signal *s = l->signals;
		l->signals = s->next;
		free(s);
	}
	if (l->timer_fd >= 0) {
		(void)close(l->timer_fd);
	}
	(void)pthread_mutex_destroy(&l->lock);
	pool_free(l->refs);
	free(l->heap);
	free(l);
}

const struct env *loop_env(const struct loop *l)
{
	return l->env;
}

int64_t loop_now(const struct loop *l)
{
	return l->env->steady_us(l->env) / 1000;
}

uv_loop_t *loop_uv(struct loop *l)
{
	return &l->uv;
}

uint8_t *loop_scratch(struct loop *l)
{
	return l->scratch;
}

void loop_run(struct loop *l)
{
	while (!l->stopping) {
		turn(l, -1);
	}
	l->stopping = false;
}

void loop_stop(struct loop *l)
{
	l->stopping = true;
}

void loop_turn(struct loop *l, int wait_ms)
{
	turn(l, wait_ms);
}

static void woken(uv_timer_t *wake)
{
	(void)wake;
}

/* How long I/O may be waited for; negative: without end. */
static int64_t patience(struct loop *l, int64_t wait_ms)
{
	if (l->stopping || !ring_is_empty(&l->later)) {
		return 0;
	}
	if (l->timers == 0) {
		return wait_ms;
	}
	int64_t due = l->heap[0]->at - loop_now(l);
	if (due < 0) {
		due = 0;
	}
	return wait_ms < 0 || due < wait_ms ? due : wait_ms;
}

static void arm_timer_fd(struct loop *l)
{
	struct itimerspec when = {.it_value = {0, 0}};

	if (l->timer_fd < 0) {
		return;
	}
	if (l->timers > 0) {
		int64_t due = l->heap[0]->at - loop_now(l);
		if (due > 0) {
			when.it_value.tv_sec = due / 1000;
			when.it_value.tv_nsec = due % 1000 * 1000000;
		} else {
			when.it_value.tv_nsec = 1;
		}
	}
	(void)timerfd_settime(l->timer_fd, 0, &when, NULL);
}

static void turn(struct loop *l, int64_t wait_ms)
{
	assert(!l->turning);
	l->turning = true;
	run_timers(l);
	run_later(l);
	int64_t wait = patience(l, wait_ms);
	if (wait == 0) {
		(void)uv_run(&l->uv, UV_RUN_NOWAIT);
	} else {
		if (wait > 0) {
			/* It repeats, because uv_run() fires what is due before it begins to wait. */
			uv_update_time(&l->uv);
			(void)uv_timer_start(&l->wake, woken, (uint64_t)wait, 1);
		}
		(void)uv_run(&l->uv, UV_RUN_ONCE);
		(void)uv_timer_stop(&l->wake);
	}
	run_later(l);
	arm_timer_fd(l);
	l->turning = false;
}

static void timer_fd_fired(uv_poll_t *poll, int status, int events)
{
	struct loop *l = poll->data;
	uint64_t times;

	(void)status;
	(void)events;
	(void)!read(l->timer_fd, &times, sizeof(times));
}

int loop_fd(struct loop *l)
{
	if (l->timer_fd < 0) {
		l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
		l->timer_poll.data = l;
		if (l->timer_fd >= 0 && uv_poll_init(&l->uv, &l->timer_poll, l->timer_fd) == 0) {
			(void)uv_poll_start(&l->timer_poll, UV_READABLE, timer_fd_fired);
		}
		if (!l->turning) {
			turn(l, 0);
		}
	}
	return uv_backend_fd(&l->uv);
}

/* Timers: a binary heap; a timer knows its place in it. */

static bool earlier(const struct timer *a, const struct timer *b)
{
	return a->at < b->at;
}

static void put(struct loop *l, size_t i, struct timer *t)
{
	l->heap[i] = t;
	t->place = i + 1;
}

static void sift_up(struct loop *l, size_t i, struct timer *t)
{
	while (i > 0 && earlier(t, l->heap[(i - 1) / 2])) {
		put(l, i, l->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(l, i, t);
}

static void sift_down(struct loop *l, size_t i, struct timer *t)
{
	for (;;) {
		size_t child = 2 * i + 1;
		if (child + 1 < l->timers && earlier(l->heap[child + 1], l->heap[child])) {
			child++;
		}
		if (child >= l->timers || !earlier(l->heap[child], t)) {
			break;
		}
		put(l, i, l->heap[child]);
		i = child;
	}
	put(l, i, t);
}

void timer_start(struct loop *l, struct timer *t, int64_t after_ms, loop_fn *fn, void *user)
{
	timer_stop(l, t);
	if (l->timers == l->heap_room) {
		l->heap_room = l->heap_room ? l->heap_room * 2 : 64;
		l->heap = must(realloc(l->heap, l->heap_room * sizeof(struct timer *)));
	}
	t->at = loop_now(l) + (after_ms > 0 ? after_ms : 0);
	t->fn = fn;
	t->user = user;
	sift_up(l, l->timers++, t);
}

void timer_stop(struct loop *l, struct timer *t)
{
	if (t->place == 0) {
		return;
	}
	size_t hole = t->place - 1;
	struct timer *last = l->heap[--l->timers];
	t->place = 0;
	if (last == t) {
		return;
	}
	if (hole > 0 && earlier(last, l->heap[(hole - 1) / 2])) {
		sift_up(l, hole, last);
	} else {
		sift_down(l, hole, last);
	}
}

bool timer_is_running(const struct timer *t)
{
	return t->place != 0;
}

static void run_timers(struct loop *l)
{
	int64_t now = loop_now(l);

	/* The count bounds a timer that starts itself again for now. */
	for (size_t left = l->timers; left > 0 && l->timers > 0 && l->heap[0]->at <= now; left--) {
		struct timer *t = l->heap[0];
		timer_stop(l, t);
		t->fn(t->user);
	}
}

/* Work for the end of the turn, and children */

void loop_later(struct loop *l, struct later *later, loop_fn *fn, void *user)
{
	if (later->link.next) {
		return;
	}
	later->fn = fn;
	later->user = user;
	ring_add(&l->later, &later->link);
}

void loop_never(struct later *later)
{
	ring_leave(&later->link);
}

static void run_later(struct loop *l)
{
	struct link now;

	if (ring_is_empty(&l->later)) {
		return;
	}
	/* What is added meanwhile waits for the next turn, so that I/O is never starved. */
	now = l->later;
	now.prev->next = now.next->prev = &now;
	ring_open(&l->later);
	while (!ring_is_empty(&now)) {
		struct later *first = OUTER(struct later, link, now.next);
		ring_leave(&first->link);
		first->fn(first->user);
	}
}

void loop_own(struct loop *l, struct loop_child *child)
{
	ring_add(&l->children, &child->link);
}

void loop_disown(struct loop_child *child)
{
	ring_leave(&child->link);
}

struct pool *loop_refs(struct loop *l)
{
	return l->refs;
}

enum err loop_make_refs(struct loop *l, size_t slot_size)
{
	enum { STREAMS = 1 << 20 };

	return l->refs ? OK : pool_new(slot_size, STREAMS, &l->refs);
}

/* From other threads */

void loop_post(struct loop *l, loop_fn *fn, void *user)
{
	struct posted *p = must(malloc(sizeof(*p)));

	*p = (struct posted){.fn = fn, .user = user};
	(void)pthread_mutex_lock(&l->lock);
	bool first = !l->posted;
	*l->posted_end = p;
	l->posted_end = &p->next;
	(void)pthread_mutex_unlock(&l->lock);
	if (first) {
		(void)uv_async_send(&l->async);
	}
}

static void run_posted(uv_async_t *async)
{
	struct loop *l = OUTER(struct loop, async, async);

	(void)pthread_mutex_lock(&l->lock);
	struct posted *p = l->posted;
	l->posted = NULL;
	l->posted_end = &l->posted;
	(void)pthread_mutex_unlock(&l->lock);

	while (p) {
		struct posted *next = p->next;
		loop_fn *fn = p->fn;
		void *user = p->user;
		free(p);
		fn(user);
		p = next;
	}
}

/* Other people's file descriptors, and signals */

static void watch_fired(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	int seen =
		(events & UV_READABLE ? WATCH_READ : 0) | (events & UV_WRITABLE ? WATCH_WRITE : 0);

	/* On an error the owner finds out by using the descriptor. */
	w->fn(w->user, status < 0 ? w->events : seen);
}

enum err watch_start(struct loop *l, int fd, int events, watch_fn *fn, void *user,
	struct watch **ret)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w) {
		return err_fail(ERR_MEMORY, "watch: out of memory");
	}
	int failed = uv_poll_init(&l->uv, &w->poll, fd);
	if (failed) {
		free(w);
		return err_fail(ERR_IO, "watch: %s", uv_strerror(failed));
	}
	w->poll.data = w;
	w->fn = fn;
	w->user = user;
	enum err e = watch_change(w, events);
	if (e != OK) {
		watch_stop(w);
		return e;
	}
	*ret = w;
	return OK;
}

enum err watch_change(struct watch *w, int events)
{
	int wanted =
		(events & WATCH_READ ? UV_READABLE : 0) | (events & WATCH_WRITE ? UV_WRITABLE : 0);
	int failed = wanted ? uv_poll_start(&w->poll, wanted, watch_fired) : uv_poll_stop(&w->poll);

	w->events = events;
	return failed ? err_fail(ERR_IO, "watch: %s", uv_strerror(failed)) : OK;
}

static void watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void watch_stop(struct watch *w)
{
	if (w) {
		uv_close((uv_handle_t *)&w->poll, watch_closed);
	}
}

static void signal_came(uv_signal_t *handle, int number)
{
	struct on_signal *s = handle->data;

	s->fn(s->user, number);
}

enum err loop_on_signal(struct loop *l, int number, signal_fn *fn, void *user)
{
	struct on_signal *s = calloc(1, sizeof(*s));

	if (!s) {
		return err_fail(ERR_MEMORY, "signal: out of memory");
	}
	int failed = uv_signal_init(&l->uv, &s->handle);
	if (failed) {
		free(s);
		return err_fail(ERR_IO, "signal %d: %s", number, uv_strerror(failed));
	}
	s->handle.data = s;
	s->fn = fn;
	s->user = user;
	s->next = l->signals;
	l->signals = s; /* freed with the loop */
	failed = uv_signal_start(&s->handle, signal_came, number);
	return failed ? err_fail(ERR_IO, "signal %d: %s", number, uv_strerror(failed)) : OK;
}
