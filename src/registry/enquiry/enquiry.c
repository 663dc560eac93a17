// SPDX-License-Identifier: Apache-2.0
#include "registry/enquiry/enquiry.h"

#include "registry/enquiry/party.h"

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
	return jose_key_make(JOSE_ES256, &e->nobody);
}

void enquiry_shut_down(struct registry *registry)
{
	struct enquiry *e = registry->enquiry;

	if (!e) {
		return;
	}
	party_forget_all(e);
	table_free(e->parties);
	jose_key_free(e->nobody);
	rates_free(e->enrolments);
	rates_free(e->enquiries);
	rates_free(e->failures);
	challenges_free(e->challenges);
	free(e);
	registry->enquiry = NULL;
}

void enquiry_reload(struct registry *registry, const struct registry_conf *conf)
{
	registry->conf->enquiry_signature = conf->enquiry_signature;
	registry->conf->enquiry_failures = conf->enquiry_failures;
	registry->conf->enquiry_rate = conf->enquiry_rate;
	registry->conf->enquiry_enrolments = conf->enquiry_enrolments;
}
