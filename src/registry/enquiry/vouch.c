// SPDX-License-Identifier: Apache-2.0
/* GET /v1/vouched-parties: whom a device may answer.  req: R9.3-iii */
#include "registry/enquiry/party.h"
#include "wire/vouched_parties.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIFETIME = 3600 };

static enum err read_rows(const struct store_result *result, struct vouched *ret)
{
	size_t rows = result->steps[0].rows;

	ret->parties = calloc(rows + 1, sizeof(ret->parties[0]));
	if (!ret->parties) {
		return err_fail(ERR_MEMORY, "vouched parties: out of memory");
	}
	for (size_t i = 0; i < rows; i++) {
		if ((store_at(result, 0, i, 2).number & (PARTY_ENQUIRER | PARTY_AGENCY)) == 0) {
			continue;
		}
		TRY(jose_key_from_public(store_at(result, 0, i, 1).bytes,
			&ret->parties[ret->count].key));
		ret->count++;
	}
	return OK;
}

static enum err on_parties(struct call *call, const struct store_result *result, int64_t first_seq)
{
	const struct registry *registry = call->registry;
	struct vouched vouched = {.issued = registry_now(registry) / 1000};

	(void)first_seq;
	vouched.expires = vouched.issued + LIFETIME;
	(void)snprintf(vouched.registry, sizeof(vouched.registry), "%s", registry->conf->id);
	enum err err = read_rows(result, &vouched);

	err = err == OK ? vouched_sign(&vouched, registry->answer_key, &call->reply) : err;
	vouched_free(&vouched);
	TRY(err);
	call->type = VOUCHED_MEDIA;
	call_answer(call, 200);
	return OK;
}

enum err party_vouch(struct call *call)
{
	const struct store_step step = {
		.statement = LIST_VOUCHED,
		.param_count = 1,
		.params = {STORE_INT_OF(VOUCHED_PARTIES)},
	};

	return call_look(call, &step, 1, on_parties);
}
