// SPDX-License-Identifier: Apache-2.0
/*
 * A log that is forged, rolled back, forked or garbage is not followed any more, and its registry is not told of ours; all others
 * go on. It is an event of our own log, a line of the log file, a figure, and a state that only an administrator ends.
 *  req: R9.1-v R7-iv-f
 */
#include "base/log.h"
#include "registry/peers/peers_inside.h"

#include <stdio.h>

static void on_isolated(void *user, uint64_t ref, const struct store_result *result,
	int64_t first_seq)
{
	(void)user;
	(void)ref;
	(void)first_seq;
	if (result->err != OK) {
		log_event(LOG_ERROR, "registry.isolation_not_kept", "",
			LOG_TEXT("detail", result->detail));
	}
}

/* In memory it holds at once. Should the store not take it, the next start finds out again. */
static enum err keep(struct peer *peer, enum peer_state before, enum event_kind kind)
{
	char subject[PEER_SUBJECT];
	BUF_CLEANUP struct buf record = buf_growing(4096);
	const struct store_step step = {
		.statement = SET_PEER_STATE,
		.expect = STORE_ONE,
		.param_count = 5,
		.params = {STORE_TEXT_OF(reg_id_view(&peer->id)), STORE_INT_OF(peer->state),
			STORE_TEXT_OF(view_text(peer->reason)), STORE_INT_OF(peer->since),
			STORE_INT_OF(before)},
	};

	peer_record(peer, subject, &record);
	TRY(buf_end(&record, "record"));
	const struct event event = {
		.kind = kind,
		.subject = view_text(subject),
		.record = buf_contents(&record),
	};

	return ledger_submit(peer->registry->ledger, &event, 1, &step, 1, on_isolated,
		peer->registry, 0);
}

void peer_isolate(struct peer *peer, enum err why)
{
	const enum peer_state before = peer->state;

	if (before != PEER_JOINED) {
		return;
	}
	(void)snprintf(peer->reason, sizeof(peer->reason), "%s", err_detail());
	peer->state = PEER_ISOLATED;
	peer->since = registry_now(peer->registry);
	peer->registry->peers->isolations++;
	log_event(LOG_ERROR, "registry.isolated", "", LOG_VIEW("registry", reg_id_view(&peer->id)),
		LOG_TEXT("error", err_name(why)), LOG_TEXT("detail", peer->reason));
	if (keep(peer, before, EVENT_REGISTRY_ISOLATED) != OK) {
		log_event(LOG_ERROR, "registry.isolation_not_kept", "", LOG_DETAIL());
	}
	peer_settle(peer);
}

void peer_gone(struct peer *peer)
{
	const enum peer_state before = peer->state;

	if (before != PEER_JOINED) {
		return;
	}
	(void)snprintf(peer->reason, sizeof(peer->reason), "it left");
	peer->state = PEER_LEFT;
	peer->since = registry_now(peer->registry);
	log_event(LOG_WARN, "registry.left", "", LOG_VIEW("registry", reg_id_view(&peer->id)));
	if (keep(peer, before, EVENT_REGISTRY_LEFT) != OK) {
		log_event(LOG_ERROR, "registry.leaving_not_kept", "", LOG_DETAIL());
	}
	peer_settle(peer);
}
