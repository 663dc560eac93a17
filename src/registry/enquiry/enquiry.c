// SPDX-License-Identifier: Apache-2.0
#include "registry/enquiry/enquiry.h"

#include "registry/enquiry/bulk.h"
#include "registry/enquiry/party.h"
#include "registry/enquiry/standing.h"
#include "registry/enquiry/status_lists.h"
#include "registry/enquiry/watch.h"

#include <stdlib.h>

enum { NAMES = 1 << 16, PARTIES = 1 << 14 };

enum err enquiry_start_up(struct registry *registry)
{
	const struct registry_conf *conf = registry->conf;
	struct enquiry *e = calloc(1, sizeof(*e));

	registry->enquiry = e;
	if (!e) {
		return err_fail(ERR_MEMORY, "enquiry: out of memory");
	}
	TRY(challenges_new(loop_env(registry->loop), conf->enquiry_challenge,
		(size_t)conf->enquiry_challenges, &e->challenges));
	TRY(rates_new(NAMES, &e->failures));
	TRY(rates_new(NAMES, &e->enquiries));
	TRY(rates_new(NAMES, &e->enrolments));
	TRY(table_new(PARTIES, &e->parties));
	TRY(jose_key_make(JOSE_ES256, &e->nobody));
	TRY(standings_new((size_t)conf->enquiry_standings, &e->standings));
	TRY(bulk_start_up(registry));
	TRY(status_lists_start_up(registry, &e->lists));
	return watch_start_up(registry, &e->watch);
}

void enquiry_shut_down(struct registry *registry)
{
	struct enquiry *e = registry->enquiry;

	if (!e) {
		return;
	}
	bulk_shut_down(registry);
	registry->enquiry = NULL;
	watch_shut_down(e->watch);
	status_lists_shut_down(e->lists);
	standings_free(e->standings);
	party_forget_all(e);
	table_free(e->parties);
	jose_key_free(e->nobody);
	rates_free(e->enrolments);
	rates_free(e->enquiries);
	rates_free(e->failures);
	challenges_free(e->challenges);
	free(e);
}

void enquiry_reload(struct registry *registry, const struct registry_conf *conf)
{
	registry->conf->enquiry_signature = conf->enquiry_signature;
	registry->conf->enquiry_failures = conf->enquiry_failures;
	registry->conf->enquiry_rate = conf->enquiry_rate;
	registry->conf->enquiry_enrolments = conf->enquiry_enrolments;
	registry->conf->enquiry_answer = conf->enquiry_answer;
	registry->conf->status_list_interval = conf->status_list_interval;
}
