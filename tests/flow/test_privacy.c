// SPDX-License-Identifier: Apache-2.0
/* Who is a client of this realm cannot be told by the clock: thousands of starts, measured. */
#include "test.h"

#include "realm.h"
#include "ue.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CLIENTS = 64, STARTS = 6000 };

/*
 * How far from chance the best guess may be: the probability that a start of one kind takes longer than
 * one of the other, less one half. For 6000 of each, chance alone stays under 0.024 (4.5 standard errors).
 */
static const double most = 0.03;

struct sample {
	double us;
	bool known;
};

static double now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void name_client(char ret[64], bool known, int index)
{
	(void)snprintf(ret, 64, "00101%d%09d@" FLOW_REALM, known, index);
}

static int open_realm(void **state)
{
	static struct flow flow;
	char client[64];

	flow_open(&flow);
	for (int i = 0; i < CLIENTS; i++) {
		name_client(client, true, i);
		flow_add_device(&flow, client, 0);
	}
	*state = &flow;
	return 0;
}

static int close_realm(void **state)
{
	flow_close(*state);
	return 0;
}

static double time_start(struct flow *f, bool known, int index)
{
	char client[64];
	struct ue ue = {.f = f, .client = client};

	name_client(client, known, index % CLIENTS);
	double since = now_us();

	ue_first_leg(&ue);
	double took = now_us() - since;

	assert_int_equal(ue.reply.status, 401);
	return took;
}

static int by_time(const void *a, const void *b)
{
	const struct sample *one = a, *other = b;

	return (one->us > other->us) - (one->us < other->us);
}

/* Mann and Whitney: P(a known one takes longer than an unknown one) - 1/2. */
static double advantage(struct sample *samples, size_t count)
{
	double ranks = 0, knowns = 0;

	qsort(samples, count, sizeof(samples[0]), by_time);
	for (size_t i = 0; i < count; i++) {
		ranks += samples[i].known ? (double)(i + 1) : 0;
		knowns += samples[i].known;
	}
	double unknowns = (double)count - knowns;

	return (ranks - knowns * (knowns + 1) / 2) / (knowns * unknowns) - 0.5;
}

/* In pairs whose order is tossed: what drifts, drifts for both. */
static void measure(struct flow *f, struct sample *samples)
{
	unsigned toss = 1;

	for (int i = 0; i < STARTS; i++) {
		toss = toss * 1103515245 + 12345;
		bool first = toss >> 16 & 1;

		samples[2 * i] = (struct sample){time_start(f, first, i), first};
		samples[2 * i + 1] = (struct sample){time_start(f, !first, i), !first};
		if (i % 16 == 15) {
			ue_clear(f); /* 64 bootstraps at the same time are allowed */
		}
	}
}

static struct sample samples[2 * STARTS];

/* req: B7.5-f B9.1.1-e */
static void the_time_of_a_challenge_tells_nothing(void **state)
{
	measure(*state, samples);
	double found = advantage(samples, 2 * STARTS);

	print_message("advantage %+.4f, of %.2f allowed\n", found, most);
	assert_true(fabs(found) < most);
}

/* The same figures with a tenth more for those that are known: it must be seen. */
static void a_difference_would_be_seen(void **state)
{
	static struct sample slower[2 * STARTS];

	(void)state;
	memcpy(slower, samples, sizeof(slower));
	for (size_t i = 0; i < 2 * STARTS; i++) {
		slower[i].us *= slower[i].known ? 1.1 : 1;
	}
	print_message("with a tenth more: %+.4f\n", advantage(slower, 2 * STARTS));
	assert_true(fabs(advantage(slower, 2 * STARTS)) > most);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_time_of_a_challenge_tells_nothing),
		TEST(a_difference_would_be_seen),
	};
	return cmocka_run_group_tests_name(__FILE__, tests, open_realm, close_realm);
}
