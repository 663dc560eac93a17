// SPDX-License-Identifier: Apache-2.0
/* release: who may see a vulnerability, and that it is told again to all who may, once it is released.  req: R7-b */
#include "registry/status/policing_inside.h"

#include "base/log.h"
#include "registry/enquiry/party.h"
#include "registry/status/vulnerability.h"

enum { RELEASES = 64 };

bool vulnerability_may_see(enum csaf_tlp tlp, int64_t release_at, int64_t now, enum viewer viewer)
{
	const bool released = release_at <= now;

	switch (tlp) {
	case CSAF_TLP_WHITE:
		return released || viewer >= VIEWER_OWNER;
	case CSAF_TLP_GREEN:
		return viewer >= (released ? VIEWER_DEVICE : VIEWER_OWNER);
	case CSAF_TLP_RED:
		return viewer == VIEWER_STAFF;
	default:
		return viewer >= VIEWER_OWNER;
	}
}

enum viewer vulnerability_viewer(const struct call *call)
{
	switch (call->asker.who) {
	case WHO_ADMIN:
	case WHO_AUDITOR:
		return VIEWER_STAFF;
	case WHO_PEER:
		return VIEWER_REGISTRY;
	case WHO_DEVICE:
		return VIEWER_DEVICE;
	case WHO_PARTY:
		return call->asker.roles & PARTY_AGENCY ? VIEWER_AGENCY : VIEWER_ENQUIRER;
	default:
		return VIEWER_ANYBODY;
	}
}

bool vulnerability_record_may_go(const struct registry *registry, struct view record,
	enum viewer viewer)
{
	JSON_CLEANUP struct json *root = NULL;
	struct view text = {.len = 0};
	enum csaf_tlp tlp = CSAF_TLP_NONE;
	int64_t release_at = INT64_MAX;

	if (json_parse(record, LEDGER_RECORD_MAX, &root) != OK ||
		json_int_opt(root, "release_at", 0, INT64_MAX, &release_at) != OK ||
		json_text_opt(root, "tlp", &text) != OK ||
		(text.len > 0 && csaf_tlp_of(text, &tlp) != OK)) {
		return false;
	}
	return vulnerability_may_see(tlp, release_at, registry_now(registry), viewer);
}

/* ---- the day of release ---- */

static void on_told(void *user, uint64_t ref, const struct store_result *result, int64_t seq)
{
	(void)user;
	(void)ref;
	(void)seq;
	if (result->err != OK && result->err != ERR_CONFLICT) { /* the next turn tells it */
		log_event(LOG_WARN, "policy.release_not_told", "",
			LOG_TEXT("detail", result->detail));
	}
}

/* What was recorded is said once more, all parts of it: whoever might not have the records then, has them now. */
static enum err tell(struct registry *registry, const struct ledger_entry *entries, size_t count)
{
	struct event events[LEDGER_EVENTS];
	size_t parts = 0;
	const struct store_step step = {.statement = TELL_RELEASE,
		.expect = STORE_ONE,
		.param_count = 1,
		.params = {STORE_TEXT_OF(entries[0].subject)}};

	while (parts < count && parts < LEDGER_EVENTS && entries[parts].kind == entries[0].kind &&
		view_equal(entries[parts].subject, entries[0].subject)) {
		events[parts] = (struct event){.kind = entries[0].kind,
			.subject = entries[0].subject,
			.record = entries[parts].record};
		parts++;
	}
	return ledger_submit(registry->ledger, events, parts, &step, 1, on_told, registry, 0);
}

static void on_record(void *user, uint64_t ref, enum err err, const struct ledger_entry *entries,
	size_t count)
{
	struct registry *registry = user;

	(void)ref;
	if (!registry->policing || registry->policing->stopping) {
		return;
	}
	if (err == OK && count > 0 && entries[0].subject.len > 0) {
		err = tell(registry, entries, count);
	}
	if (err != OK) {
		log_event(LOG_WARN, "policy.release_not_told", "", LOG_DETAIL());
	}
}

static void on_released(void *user, uint64_t ref, const struct store_result *result)
{
	struct registry *registry = user;

	(void)ref;
	if (!registry->policing || registry->policing->stopping || result->err != OK) {
		return;
	}
	for (size_t row = 0; row < result->steps[0].rows; row++) {
		if (ledger_read(registry->ledger, store_at(result, 0, row, 1).number, LEDGER_EVENTS,
			    on_record, registry, 0) != OK) {
			return;
		}
	}
}

void release_due(struct policing *p, int64_t now)
{
	const struct store_step step = {
		.statement = PAGE_RELEASED,
		.param_count = 2,
		.params = {STORE_INT_OF(now), STORE_INT_OF(RELEASES)},
	};

	if (store_submit(p->registry->store, &step, 1, on_released, p->registry, 0) != OK) {
		log_event(LOG_WARN, "policy.release_not_told", "", LOG_DETAIL());
	}
}
