// SPDX-License-Identifier: Apache-2.0
#include "store/checkpoint.h"

#include "base/log.h"
#include "store/sqlite_file.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/*
 * Passive checkpoints run beside the writer, but under steady load they never catch up with it, and
 * then SQLite never goes back to the start of the log. So when the log is long the writer is held
 * between two transactions while the short rest is carried over.
 */
enum {
	PASSIVE_PAGES = 4000,  /* new pages that are worth a passive checkpoint: 16 MB */
	RESTART_PAGES = 16000, /* a log of this length is started anew: 64 MB */
	REST_PAGES = 500,      /* a rest that the writer may wait for */
	READERS_WAIT_MS = 100, /* for readers that still need the log; else another time */
	IDLE_MS = 1000,	       /* nothing written for so long: all is carried over */
};

struct checkpoint {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake; /* the thread: pages, or stop */
	pthread_cond_t turn; /* who waits for the other to be out */
	sqlite3 *db;
	int pages;   /* in the log */
	int carried; /* of these, in the database already, or tried */
	unsigned commits;
	uint64_t failures;
	bool failing; /* the last one did; the thread's own */
	bool writing, restarting, stopping;
};

/* A checkpoint that fails leaves the log as it is: nothing is lost, the next one tries again. Said once. */
static void tell(struct checkpoint *c, int code)
{
	bool failed = code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY; /* readers may need it */

	if (failed) {
		pthread_mutex_lock(&c->lock);
		c->failures++;
		pthread_mutex_unlock(&c->lock);
	}
	if (failed && !c->failing) {
		log_event(LOG_ERROR, "store.checkpoint_failed", "",
			LOG_TEXT("detail", sqlite3_errmsg(c->db)));
	} else if (!failed && c->failing) {
		log_event(LOG_INFO, "store.checkpoint_works_again", "");
	}
	c->failing = failed;
}

static void run(struct checkpoint *c, int mode, int *ret_log, int *ret_carried)
{
	*ret_log = *ret_carried = -1;
	tell(c, sqlite3_wal_checkpoint_v2(c->db, NULL, mode, ret_log, ret_carried));
}

static void restart(struct checkpoint *c)
{
	int log, carried;

	pthread_mutex_lock(&c->lock);
	c->restarting = true;
	while (c->writing) {
		pthread_cond_wait(&c->turn, &c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	run(c, SQLITE_CHECKPOINT_RESTART, &log, &carried);

	pthread_mutex_lock(&c->lock);
	c->restarting = false;
	if (log >= 0 && carried == log) {
		c->pages = c->carried = 0;
	} else {
		c->carried = c->pages;
	}
	pthread_cond_broadcast(&c->turn);
	pthread_mutex_unlock(&c->lock);
}

static void carry(struct checkpoint *c)
{
	int log, carried, rest, tries = 3;

	do {
		run(c, SQLITE_CHECKPOINT_PASSIVE, &log, &carried);
		pthread_mutex_lock(&c->lock);
		/* What a reader or a fault held back is tried with the next PASSIVE_PAGES. */
		c->carried = log >= 0 && log <= c->pages ? log : c->pages;
		rest = c->pages - c->carried;
		pthread_mutex_unlock(&c->lock);
	} while (log >= RESTART_PAGES && rest > REST_PAGES && --tries > 0);
	if (log >= RESTART_PAGES) {
		restart(c);
	}
}

/* Waits for work, with the lock held. True when nothing was written for a while. */
static bool wait_for_pages(struct checkpoint *c)
{
	while (!c->stopping && c->pages - c->carried < PASSIVE_PAGES) {
		unsigned commits = c->commits;
		struct timespec until;

		if (c->pages == 0) {
			pthread_cond_wait(&c->wake, &c->lock);
			continue;
		}
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += IDLE_MS / 1000;
		while (!c->stopping && c->pages - c->carried < PASSIVE_PAGES &&
			pthread_cond_timedwait(&c->wake, &c->lock, &until) == 0) {
		}
		if (commits == c->commits) {
			return true;
		}
	}
	return false;
}

static void *checkpoint_main(void *arg)
{
	struct checkpoint *c = arg;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		bool idle = wait_for_pages(c);

		if (c->stopping) {
			break;
		}
		pthread_mutex_unlock(&c->lock);
		if (idle) {
			restart(c);
		} else {
			carry(c);
		}
		pthread_mutex_lock(&c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

void checkpoint_enter(struct checkpoint *c)
{
	pthread_mutex_lock(&c->lock);
	while (c->restarting) {
		pthread_cond_wait(&c->turn, &c->lock);
	}
	c->writing = true;
	pthread_mutex_unlock(&c->lock);
}

void checkpoint_leave(struct checkpoint *c)
{
	pthread_mutex_lock(&c->lock);
	c->writing = false;
	if (c->restarting) {
		pthread_cond_broadcast(&c->turn);
	}
	pthread_mutex_unlock(&c->lock);
}

void checkpoint_log_has(struct checkpoint *c, int pages)
{
	pthread_mutex_lock(&c->lock);
	bool first = c->pages == 0;

	c->commits++;
	c->carried =
		pages < c->pages ? 0 : c->carried; /* SQLite went back to the start by itself */
	c->pages = pages;
	if (first || c->pages - c->carried >= PASSIVE_PAGES) {
		pthread_cond_signal(&c->wake);
	}
	pthread_mutex_unlock(&c->lock);
}

void checkpoint_figures(struct checkpoint *c, uint64_t *ret_failures, uint64_t *ret_pages)
{
	pthread_mutex_lock(&c->lock);
	*ret_failures = c->failures;
	*ret_pages = c->pages > c->carried ? (uint64_t)(c->pages - c->carried) : 0;
	pthread_mutex_unlock(&c->lock);
}

static enum err start_thread(struct checkpoint *c)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
	int failed = pthread_create(&c->thread, NULL, checkpoint_main, c);

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed ? err_fail(ERR_UNAVAILABLE, "store: no thread for checkpoints") : OK;
}

static void discard(struct checkpoint *c)
{
	sqlite3_close(c->db);
	pthread_cond_destroy(&c->wake);
	pthread_cond_destroy(&c->turn);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

enum err checkpoint_start(const char *path, struct checkpoint **ret)
{
	struct checkpoint *c = calloc(1, sizeof(*c));
	pthread_condattr_t steady;

	if (!c) {
		return err_fail(ERR_MEMORY, "store: no memory for checkpoints");
	}
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&c->wake, &steady);
	pthread_condattr_destroy(&steady);
	pthread_cond_init(&c->turn, NULL);

	enum err err = sqlite_file_open(path, ENGINE_WRITER, &c->db);

	if (err == OK) {
		(void)sqlite3_busy_timeout(c->db, READERS_WAIT_MS);
		err = start_thread(c);
	}
	if (err != OK) {
		discard(c);
		return err;
	}
	*ret = c;
	return OK;
}

void checkpoint_stop(struct checkpoint *c)
{
	if (!c) {
		return;
	}
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	discard(c);
}
