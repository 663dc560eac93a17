// SPDX-License-Identifier: Apache-2.0
/*
 * The lists of trusted, unverified and unreliable devices, at every level: one answer over this registry, those below and what was
 * heard from others, in the order of their RegDevIDs; each item names the registry it comes from, and how fresh that is.
 *  req: R7-iv-d R6.1-b
 */
#include "core/trust.h"
#include "registry/peers/peers_inside.h"

static void put_freshness(struct call *call, struct json_writer *w, struct view registry)
{
	struct peer_freshness freshness;
	struct reg_id id;

	if (reg_id_parse(registry, &id) != OK || reg_id_equal(&id, &call->registry->id)) {
		return; /* our own: it is as of the answer */
	}
	if (peers_freshness(call->registry, &id, &freshness)) {
		json_put_string(w, "through", freshness.through);
		json_put_int(w, "as_of", freshness.as_of);
	} else {
		json_put_int(w, "as_of", 0);
	}
}

static enum err put_device(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row)
{
	const struct view registry = store_at(result, 0, row, 1).bytes;

	json_open(w, NULL);
	json_put_text(w, "id", store_at(result, 0, row, 0).bytes);
	json_put_text(w, "registry", registry);
	json_put_int(w, "since", store_at(result, 0, row, 2).number);
	json_put_text(w, "make", store_at(result, 0, row, 3).bytes);
	json_put_text(w, "model", store_at(result, 0, row, 4).bytes);
	put_freshness(call, w, registry);
	json_close(w);
	return OK;
}

enum err peers_devices(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(REG_DEV_ID_MAX + 1);
	enum trust trust;

	TRY(trust_of(buf_contents(&call->segment), &trust));
	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_BY_TRUST,
		.param_count = 3,
		.params = {STORE_INT_OF(trust), STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put_device;
	call->key_column = 0;
	return call_look(call, &step, 1, call_on_list);
}
