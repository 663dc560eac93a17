// SPDX-License-Identifier: Apache-2.0
#include "measure.h"

#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void must(bool done, const char *what)
{
	if (!done) {
		(void)fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
			err_detail());
		exit(1);
	}
}

static double read_clock(clockid_t clock)
{
	struct timespec t;

	must(clock_gettime(clock, &t) == 0, "clock");
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void measure_watch(struct measure *m, const char *name_and_pid)
{
	const char *pid = strchr(name_and_pid, '=');

	must(pid && m->process_count < MEASURE_PROCESSES, "NAME=PID");
	size_t i = m->process_count++;

	(void)snprintf(m->processes[i].name, sizeof(m->processes[i].name), "%.*s",
		(int)(pid - name_and_pid), name_and_pid);
	must(clock_getcpuclockid(atoi(pid + 1), &m->processes[i].clock) == 0, name_and_pid);
}

void measure_begin(struct measure *m)
{
	for (size_t i = 0; i < m->process_count; i++) {
		m->processes[i].spent = read_clock(m->processes[i].clock);
	}
	m->count = 0;
	m->time_count = 0;
	m->running = true;
	m->began = now();
}

void measure_add(struct measure *m, double since)
{
	if (!m->running) {
		return;
	}
	if (m->time_count == m->time_room) {
		m->time_room = m->time_room ? m->time_room * 2 : 65536;
		m->times = realloc(m->times, m->time_room * sizeof(*m->times));
		must(m->times != NULL, "memory");
	}
	m->times[m->time_count++] = (uint32_t)((now() - since) * 1e6);
	m->count++;
}

void measure_end(struct measure *m)
{
	m->seconds = now() - m->began;
	for (size_t i = 0; i < m->process_count; i++) {
		m->processes[i].spent = read_clock(m->processes[i].clock) - m->processes[i].spent;
	}
	m->running = false;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void measure_print(struct measure *m, const char *more)
{
	(void)printf("{\"work\":\"%s\",\"who\":\"%s\",\"count\":%llu,\"seconds\":%.6f,\"cpu\":{",
		m->work, m->who, (unsigned long long)m->count, m->seconds);
	for (size_t i = 0; i < m->process_count; i++) {
		(void)printf("%s\"%s\":%.6f", i ? "," : "", m->processes[i].name,
			m->processes[i].spent);
	}
	(void)printf("}");
	if (m->time_count > 0) {
		qsort(m->times, m->time_count, sizeof(*m->times), compare);
		(void)printf(",\"p50_us\":%u,\"p99_us\":%u", m->times[m->time_count / 2],
			m->times[m->time_count * 99 / 100]);
	}
	(void)printf("%s}\n", more);
	(void)fflush(stdout);
	free(m->times);
	m->times = NULL;
	m->time_count = m->time_room = 0;
}
