// SPDX-License-Identifier: Apache-2.0
/* Jobs that go to threads and come back to the loop. */
#include "test.h"

#include "fake_env.h"
#include "net/worker.h"

#include <pthread.h>

struct job {
	pthread_t ran_on, back_on;
	bool ran, back;
	pthread_mutex_t *gate;
};

static void run(void *user)
{
	struct job *job = user;

	if (job->gate) {
		pthread_mutex_lock(job->gate);
		pthread_mutex_unlock(job->gate);
	}
	job->ran = true;
	job->ran_on = pthread_self();
}

static void come_back(void *user)
{
	struct job *job = user;

	assert_false(job->back);
	job->back = true;
	job->back_on = pthread_self();
}

static void a_job_runs_elsewhere_and_comes_back_here(void **state)
{
	struct loop *loop;
	struct worker *w;
	struct job jobs[8] = {0};

	(void)state;
	assert_ok(loop_new(&env_system, &loop));
	assert_ok(worker_new(loop, 2, 8, &w));
	for (size_t i = 0; i < 8; i++) {
		assert_ok(worker_give(w, run, come_back, &jobs[i]));
	}
	for (size_t i = 0; i < 8; i++) {
		while (!jobs[i].back) {
			loop_turn(loop, 10);
		}
		assert_true(jobs[i].ran);
		assert_false(pthread_equal(jobs[i].ran_on, pthread_self()));
		assert_true(pthread_equal(jobs[i].back_on, pthread_self()));
	}
	worker_free(w);
	loop_free(loop);
}

static void too_many_are_refused(void **state)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct job jobs[3] = {{.gate = &gate}, {.gate = &gate}, {.gate = &gate}};
	struct loop *loop;
	struct worker *w;

	(void)state;
	assert_ok(loop_new(&env_system, &loop));
	assert_ok(worker_new(loop, 1, 2, &w));
	pthread_mutex_lock(&gate);
	assert_ok(worker_give(w, run, come_back, &jobs[0]));
	assert_ok(worker_give(w, run, come_back, &jobs[1]));
	assert_err(ERR_OVERLOAD, worker_give(w, run, come_back, &jobs[2]));
	pthread_mutex_unlock(&gate);
	while (!jobs[1].back) {
		loop_turn(loop, 10);
	}
	assert_ok(worker_give(w, run, come_back, &jobs[2]));
	worker_free(w);
	loop_free(loop);
	assert_true(jobs[0].back && jobs[2].back);
}

/* Each comes back once, whether it ran or not, and nothing is left to come later. */
static void all_come_back_when_it_is_freed(void **state)
{
	struct job jobs[64] = {0};
	struct loop *loop;
	struct worker *w;

	(void)state;
	assert_ok(loop_new(&env_system, &loop));
	assert_ok(worker_new(loop, 2, 64, &w));
	for (size_t i = 0; i < 64; i++) {
		assert_ok(worker_give(w, run, come_back, &jobs[i]));
	}
	worker_free(w);
	for (size_t i = 0; i < 64; i++) {
		assert_true(jobs[i].back);
	}
	loop_turn(loop, 0);
	loop_free(loop);
	worker_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_job_runs_elsewhere_and_comes_back_here),
		TEST(too_many_are_refused),
		TEST(all_come_back_when_it_is_freed),
	};

	return RUN_TESTS(tests);
}
