// SPDX-License-Identifier: Apache-2.0
#include "net/worker.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS_MAX = 16 };

struct work {
	struct work *next;
	worker_fn *run, *back;
	void *job;
};

struct queue {
	struct work *first, **last;
};

struct worker {
	struct loop *loop;
	pthread_t threads[THREADS_MAX];
	size_t thread_count, ceiling;
	size_t count;	      /* the loop's alone: given and not come back */
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct queue given, done;
	bool posted, stopping, orphaned; /* orphaned: what was posted releases it */
};

static void queue_open(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void put(struct queue *q, struct work *work)
{
	work->next = NULL;
	*q->last = work;
	q->last = &work->next;
}

static void release(struct worker *w)
{
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->wake);
	free(w);
}

static void give_back(struct worker *w, struct work *work)
{
	while (work) {
		struct work *next = work->next;

		w->count--;
		work->back(work->job);
		free(work);
		work = next;
	}
}

static void deliver(void *user)
{
	struct worker *w = user;

	if (w->orphaned) {
		release(w);
		return;
	}
	pthread_mutex_lock(&w->lock);
	struct work *done = w->done.first;

	queue_open(&w->done);
	w->posted = false;
	pthread_mutex_unlock(&w->lock);
	give_back(w, done);
}

static struct work *take(struct queue *q)
{
	struct work *work = q->first;

	if (work) {
		q->first = work->next;
		q->last = q->first ? q->last : &q->first;
	}
	return work;
}

static void *serve(void *user)
{
	struct worker *w = user;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		struct work *work = take(&w->given);

		if (!work) {
			pthread_cond_wait(&w->wake, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		work->run(work->job);
		pthread_mutex_lock(&w->lock);
		put(&w->done, work);
		if (!w->posted) {
			w->posted = true;
			loop_post(w->loop, deliver, w);
		}
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void stop(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < w->thread_count; i++) {
		pthread_join(w->threads[i], NULL);
	}
}

enum err worker_new(struct loop *loop, size_t threads, size_t waiting, struct worker **ret)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (!w) {
		return err_fail(ERR_MEMORY, "worker: out of memory");
	}
	w->loop = loop;
	w->ceiling = waiting;
	queue_open(&w->given);
	queue_open(&w->done);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	while (w->thread_count < threads && w->thread_count < THREADS_MAX) {
		if (pthread_create(&w->threads[w->thread_count], NULL, serve, w) != 0) {
			stop(w);
			release(w);
			return err_fail(ERR_IO, "worker: no thread");
		}
		w->thread_count++;
	}
	*ret = w;
	return OK;
}

void worker_free(struct worker *w)
{
	if (!w) {
		return;
	}
	stop(w);
	give_back(w, w->done.first);
	give_back(w, w->given.first);
	if (w->posted) {
		w->orphaned = true;
		return;
	}
	release(w);
}

enum err worker_give(struct worker *w, worker_fn *run, worker_fn *back, void *job)
{
	if (w->count >= w->ceiling) {
		return err_fail(ERR_OVERLOAD, "worker: %zu jobs wait already", w->count);
	}
	struct work *work = malloc(sizeof(*work));

	if (!work) {
		return err_fail(ERR_MEMORY, "worker: out of memory");
	}
	*work = (struct work){NULL, run, back, job};
	w->count++;
	pthread_mutex_lock(&w->lock);
	put(&w->given, work);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	return OK;
}
