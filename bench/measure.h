// SPDX-License-Identifier: Apache-2.0
/*
 * measure: so many pieces of work, done by so many processes in so much time. One line of JSON each,
 * which bench/run reads: {"work", "who", "count", "seconds", "cpu": {PROCESS: seconds}, "p50_us", "p99_us"}.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { MEASURE_PROCESSES = 4 };

struct measure {
	const char *work, *who;
	struct {
		char name[32];
		clockid_t clock;
		double spent;
	} processes[MEASURE_PROCESSES]; /* whose CPU time counts */
	size_t process_count;
	double began, seconds;
	uint64_t count;
	uint32_t *times; /* microseconds */
	size_t time_count, time_room;
	bool running;
};

/* Ends the program, with err_detail(), unless `done`. */
void must(bool done, const char *what);
double now(void); /* steady seconds */

/* "NAME=PID": that process's time counts, of all its threads. "NAME=0" is our own. */
void measure_watch(struct measure *m, const char *name_and_pid);
void measure_begin(struct measure *m);
/* One piece of work that began at `since`; nothing before measure_begin() and after measure_end(). */
void measure_add(struct measure *m, double since);
void measure_end(struct measure *m);
/* Prints the line; `more` is further members, as ",\"per_commit\":3", or "". Frees. */
void measure_print(struct measure *m, const char *more);
