// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "fake_env.h"
#include "net/loop.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct world {
	struct fake_env env;
	struct loop *loop;
	char trail[256]; /* what ran, in order */
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->env = fake_env_of(1);
	assert_ok(loop_new(&w->env.env, &w->loop));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	loop_free(w->loop);
	free(w);
	return 0;
}

struct step {
	struct timer timer;
	struct world *w;
	char name;
};

static void leave_trail(void *user)
{
	struct step *s = user;
	size_t len = strlen(s->w->trail);

	assert_true(len + 1 < sizeof(s->w->trail));
	s->w->trail[len] = s->name;
}

static void timers_run_when_the_clock_says_so(void **state)
{
	struct world *w = *state;
	struct step a = {.w = w, .name = 'a'}, b = {.w = w, .name = 'b'}, c = {.w = w, .name = 'c'};

	timer_start(w->loop, &a.timer, 30, leave_trail, &a);
	timer_start(w->loop, &b.timer, 10, leave_trail, &b);
	timer_start(w->loop, &c.timer, 20, leave_trail, &c);
	assert_true(timer_is_running(&a.timer));
	loop_turn(w->loop, 0);
	assert_string_equal(w->trail, "");
	fake_env_advance(&w->env, 9);
	loop_turn(w->loop, 0);
	assert_string_equal(w->trail, "");
	fake_env_advance(&w->env, 1);
	loop_turn(w->loop, 0);
	assert_string_equal(w->trail, "b");
	assert_false(timer_is_running(&b.timer));
	timer_stop(w->loop, &c.timer);
	timer_stop(w->loop, &c.timer);
	fake_env_advance(&w->env, 100);
	loop_turn(w->loop, 0);
	assert_string_equal(w->trail, "ba");
}

static void a_running_timer_can_be_moved(void **state)
{
	struct world *w = *state;
	struct step a = {.w = w, .name = 'a'};

	timer_start(w->loop, &a.timer, 10, leave_trail, &a);
	timer_start(w->loop, &a.timer, 50, leave_trail, &a);
	fake_env_advance(&w->env, 49);
	loop_turn(w->loop, 0);
	assert_string_equal(w->trail, "");
	fake_env_advance(&w->env, 1);
	loop_turn(w->loop, 0);
	assert_string_equal(w->trail, "a");
}

static void again_at_once(void *user)
{
	struct step *s = user;

	leave_trail(s);
	timer_start(s->w->loop, &s->timer, 0, again_at_once, s);
}

static void a_timer_that_starts_itself_again_does_not_hold_the_turn(void **state)
{
	struct world *w = *state;
	struct step a = {.w = w, .name = 'a'};

	timer_start(w->loop, &a.timer, -5, again_at_once, &a);
	loop_turn(w->loop, 0);
	loop_turn(w->loop, 0);
	assert_string_equal(w->trail, "aa");
	timer_stop(w->loop, &a.timer);
}

struct numbered {
	struct timer timer;
	int64_t *last;
	size_t *runs;
};

static void runs_in_order(void *user)
{
	struct numbered *n = user;

	assert_true(n->timer.at >= *n->last);
	*n->last = n->timer.at;
	(*n->runs)++;
}

/* The heap against a plain count: starts, moves and stops of many timers at random. */
static void many_timers_keep_their_order(void **state)
{
	struct world *w = *state;
	enum { MANY = 2000 };
	struct numbered *all = calloc(MANY, sizeof(*all));
	int64_t last = 0;
	size_t runs = 0, running = 0;

	for (size_t i = 0; i < 10 * MANY; i++) {
		uint8_t r[4];
		assert_ok(w->env.env.random(&w->env.env, r, sizeof(r)));
		struct numbered *n = &all[(r[0] << 8 | r[1]) % MANY];
		n->last = &last;
		n->runs = &runs;
		if (r[2] % 4 == 0) {
			timer_stop(w->loop, &n->timer);
		} else {
			timer_start(w->loop, &n->timer, r[3] * 7, runs_in_order, n);
		}
	}
	for (size_t i = 0; i < MANY; i++) {
		running += timer_is_running(&all[i].timer);
	}
	assert_true(running > MANY / 2);
	fake_env_advance(&w->env, 900);
	loop_turn(w->loop, 0);
	assert_true(runs > 0 && runs < running);
	fake_env_advance(&w->env, 900);
	loop_turn(w->loop, 0);
	assert_int_equal(runs, running);
	free(all);
}

static void stop_loop(void *user)
{
	loop_stop(user);
}

static void the_loop_waits_for_a_timer_of_the_real_clock(void **state)
{
	(void)state;
	struct loop *loop;
	struct timer timer = {.place = 0};

	assert_ok(loop_new(&env_system, &loop));
	int64_t begin = loop_now(loop);
	timer_start(loop, &timer, 20, stop_loop, loop);
	loop_run(loop);
	int64_t took = loop_now(loop) - begin;
	assert_true(took >= 20 && took < 5000);
	loop_free(loop);
}

static void a_turn_waits_no_longer_than_it_may(void **state)
{
	(void)state;
	struct loop *loop;

	assert_ok(loop_new(&env_system, &loop));
	int64_t begin = loop_now(loop);
	loop_turn(loop, 15);
	int64_t took = loop_now(loop) - begin;
	assert_true(took >= 14 && took < 5000);
	loop_free(loop);
}

static void its_descriptor_tells_of_due_timers(void **state)
{
	(void)state;
	struct loop *loop;
	struct timer timer = {.place = 0};

	assert_ok(loop_new(&env_system, &loop));
	struct pollfd p = {.fd = loop_fd(loop), .events = POLLIN};
	assert_int_equal(poll(&p, 1, 0), 0);
	timer_start(loop, &timer, 10, stop_loop, loop);
	loop_turn(loop, 0);
	while (timer_is_running(&timer)) {
		assert_int_equal(poll(&p, 1, 5000), 1);
		loop_turn(loop, 0);
	}
	assert_false(timer_is_running(&timer));
	loop_free(loop);
}

struct postman {
	struct world *w;
	struct step steps[26];
};

static void *post_from_outside(void *user)
{
	struct postman *p = user;

	for (size_t i = 0; i < 26; i++) {
		p->steps[i] = (struct step){.w = p->w, .name = (char)('a' + i)};
		loop_post(p->w->loop, leave_trail, &p->steps[i]);
	}
	loop_post(p->w->loop, stop_loop, p->w->loop);
	return NULL;
}

static void posts_from_another_thread_come_in_order(void **state)
{
	struct postman p = {.w = *state};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, post_from_outside, &p), 0);
	loop_run(p.w->loop);
	(void)pthread_join(thread, NULL);
	assert_string_equal(p.w->trail, "abcdefghijklmnopqrstuvwxyz");
}

static void what_was_posted_runs_at_the_latest_when_the_loop_ends(void **state)
{
	struct world *w = *state;
	struct step a = {.w = w, .name = 'a'};

	loop_post(w->loop, leave_trail, &a);
	loop_free(w->loop);
	w->loop = NULL;
	assert_string_equal(w->trail, "a");
}

struct seen {
	int events;
	size_t times;
};

static void saw(void *user, int events)
{
	struct seen *s = user;

	s->events = events;
	s->times++;
}

static void a_watch_tells_what_a_descriptor_is_ready_for(void **state)
{
	struct world *w = *state;
	struct seen seen = {.times = 0};
	struct watch *watch;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_ok(watch_start(w->loop, ends[0], WATCH_READ, saw, &seen, &watch));
	loop_turn(w->loop, 0);
	assert_int_equal(seen.times, 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	loop_turn(w->loop, 1000);
	assert_int_equal(seen.times, 1);
	assert_int_equal(seen.events, WATCH_READ);
	assert_ok(watch_change(watch, 0));
	loop_turn(w->loop, 0);
	assert_int_equal(seen.times, 1);
	watch_stop(watch);
	watch_stop(NULL);
	assert_ok(watch_start(w->loop, ends[1], WATCH_WRITE, saw, &seen, &watch));
	loop_turn(w->loop, 1000);
	assert_int_equal(seen.events, WATCH_WRITE);
	watch_stop(watch);
	(void)close(ends[0]);
	(void)close(ends[1]);
	loop_turn(w->loop, 0);
}

static void a_descriptor_that_cannot_be_watched_is_refused(void **state)
{
	struct world *w = *state;
	struct watch *watch;

	assert_err(ERR_IO, watch_start(w->loop, -1, WATCH_READ, saw, NULL, &watch));
	assert_said("watch: ");
}

static void got_signal(void *user, int number)
{
	int *got = user;

	*got = number;
}

static void signals_arrive_on_the_loop(void **state)
{
	struct world *w = *state;
	int got = 0;

	assert_ok(loop_on_signal(w->loop, SIGUSR1, got_signal, &got));
	loop_turn(w->loop, 0);
	assert_int_equal(raise(SIGUSR1), 0);
	loop_turn(w->loop, 1000);
	assert_int_equal(got, SIGUSR1);
	assert_err(ERR_IO, loop_on_signal(w->loop, 100000, got_signal, &got));
	assert_said("signal 100000");
}

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(timers_run_when_the_clock_says_so),
		LOOP_TEST(a_running_timer_can_be_moved),
		LOOP_TEST(a_timer_that_starts_itself_again_does_not_hold_the_turn),
		LOOP_TEST(many_timers_keep_their_order),
		TEST(the_loop_waits_for_a_timer_of_the_real_clock),
		TEST(a_turn_waits_no_longer_than_it_may),
		TEST(its_descriptor_tells_of_due_timers),
		LOOP_TEST(posts_from_another_thread_come_in_order),
		LOOP_TEST(what_was_posted_runs_at_the_latest_when_the_loop_ends),
		LOOP_TEST(a_watch_tells_what_a_descriptor_is_ready_for),
		LOOP_TEST(a_descriptor_that_cannot_be_watched_is_refused),
		LOOP_TEST(signals_arrive_on_the_loop),
	};
	return RUN_TESTS(tests);
}
