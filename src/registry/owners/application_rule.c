// SPDX-License-Identifier: Apache-2.0
/*
 * application_rule: an application that is a known product (maker, product, version) is judged by what is told of
 * vulnerabilities, as devices are: a rule of the policy takes trust away from what an administrator decided, and gives back no
 * more than that. All applications are looked at when something of this kind was logged, and at the start; they are few.
 *  req: R6.1-b R7-b
 */
#include "registry/owners/owners.h"

#include "base/log.h"
#include "base/text.h"
#include "registry/status/policing_inside.h"
#include "registry/status/vulnerability.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 256, RECORD_MAX = 2048, PRODUCT_TEXT = 128, FINDINGS = STANDING_FINDINGS };

/* One application after another. */
struct application_rules {
	struct registry *registry;
	int64_t next; /* of the log */
	bool busy, again;
	char id[IDENT_MAX + 1]; /* the one that is looked at, or was last */
	char product[PRODUCT_TEXT], version[PRODUCT_TEXT], decided_reason[256], rule[64];
	enum trust trust, decided;
	int64_t seq;
	struct finding findings[FINDINGS];
	char cves[FINDINGS][48];
	size_t count;
};

static void look_at_next(struct application_rules *a);

/* ---- what is known ---- */

static void add_finding(struct application_rules *a, const struct store_result *result, size_t row,
	int score, bool perhaps, const char *cve)
{
	const int64_t now = registry_now(a->registry);

	if (score == VULNERABLE_NOT || a->count == FINDINGS) {
		return;
	}
	(void)snprintf(a->cves[a->count], sizeof(a->cves[0]), "%s", cve);
	a->findings[a->count] = (struct finding){
		.id = store_at(result, 0, row, 0).bytes,
		.cve = view_text(a->cves[a->count]),
		.score = score,
		.source = (enum policy_source)store_at(result, 0, row, 1).number,
		.perhaps = perhaps,
		.secret = !vulnerability_may_see((enum csaf_tlp)store_at(result, 0, row, 4).number,
			store_at(result, 0, row, 5).number, now, VIEWER_ENQUIRER),
		.seq = store_at(result, 0, row, 2).number,
		.at = store_at(result, 0, row, 3).number,
	};
	a->count++;
}

static enum err find(struct application_rules *a, const struct store_result *result)
{
	a->count = 0;
	for (size_t row = 0; row < result->steps[0].rows; row++) {
		const struct view pattern = store_at(result, 0, row, 6).bytes;
		struct vulnerable_match match;

		if (pattern.len > 0 && !product_matches(pattern, view_text(a->product))) {
			continue;
		}
		TRY(vulnerable_entries_match(store_at(result, 0, row, 7).bytes,
			view_text(a->version), &match));
		add_finding(a, result, row, match.has, false, match.has_cve);
		add_finding(a, result, row, match.perhaps, true, match.perhaps_cve);
	}
	return OK;
}

/* From trusted over unverified to unreliable. */
static int severity(enum trust trust)
{
	return trust == TRUST_TRUSTED ? 0 : trust == TRUST_UNVERIFIED ? 1 : 2;
}

static bool is_of_vulnerability(const struct policy_rule *rule)
{
	return rule->condition == POLICY_VULNERABLE || rule->condition == POLICY_PERHAPS_VULNERABLE;
}

/* What the policy says, when it is worse than what was decided; else what was decided. */
static void judge(const struct application_rules *a, struct verdict *ret_verdict,
	struct application_verdict *ret)
{
	const int64_t now = registry_now(a->registry);
	const struct standing standing = {
		.life = LIFE_ACTIVE,
		.confirmed = true,
		.registered_at = now,
		.reported_at = now,
		.findings = a->findings,
		.finding_count = a->count,
	};

	*ret = (struct application_verdict){
		.trust = a->decided,
		.rule = APPLICATION_DECIDED,
		.reason = a->decided_reason,
	};
	verdict_find(&a->registry->policing->policy, &standing, now, NULL, NULL, ret_verdict);
	if (is_of_vulnerability(ret_verdict->rule) &&
		severity(ret_verdict->trust) > severity(a->decided)) {
		*ret = (struct application_verdict){
			.trust = ret_verdict->trust,
			.rule = ret_verdict->rule->name,
			.reason = ret_verdict->reason,
			.cause = ret_verdict->cause,
		};
	}
}

/* ---- one application ---- */

static void on_changed(void *user, uint64_t ref, const struct store_result *result,
	int64_t first_seq)
{
	struct registry *registry = user;

	(void)ref;
	(void)first_seq;
	if (!registry->owners || !registry->owners->application_rules) {
		return;
	}
	if (result->err != OK) { /* decided on meanwhile: its event brings us back */
		log_event(LOG_INFO, "application.not_judged", "",
			LOG_TEXT("detail", result->detail));
	}
	look_at_next(registry->owners->application_rules);
}

static enum err change(struct application_rules *a, const struct application_verdict *verdict)
{
	BUF_CLEANUP struct buf subject = buf_growing(IDENT_MAX + 16);
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);
	const int64_t now = registry_now(a->registry);

	buf_printf(&subject, APPLICATION_SUBJECT "%s", a->id);
	application_write_event(&record, buf_contents(&subject), verdict, now);
	const struct store_step step = {
		.statement = MOVE_APPLICATION,
		.expect = STORE_ONE,
		.param_count = 6,
		.params = {STORE_TEXT_OF(view_text(a->id)), STORE_INT_OF(verdict->trust),
			STORE_INT_OF(now), STORE_TEXT_OF(view_text(verdict->rule)),
			STORE_TEXT_OF(view_text(verdict->reason)), STORE_INT_OF(a->seq)},
	};
	const struct event event = {
		.kind = EVENT_APPLICATION_STATUS,
		.subject = buf_contents(&subject),
		.record = buf_contents(&record),
	};

	return ledger_submit(a->registry->ledger, &event, 1, &step, 1, on_changed, a->registry, 0);
}

static void on_matched(void *user, uint64_t ref, const struct store_result *result)
{
	struct registry *registry = user;
	struct application_rules *a = registry->owners ? registry->owners->application_rules : NULL;
	struct application_verdict verdict;
	struct verdict found;

	(void)ref;
	if (!a || !registry->policing) {
		return;
	}
	enum err err =
		result->err == OK ? find(a, result) : err_fail(result->err, "%s", result->detail);

	if (err == OK) {
		judge(a, &found, &verdict);
	}
	if (err == OK && (verdict.trust != a->trust || strcmp(verdict.rule, a->rule) != 0)) {
		err = change(a, &verdict);
		if (err == OK) {
			return;
		}
	}
	if (err != OK) {
		log_event(LOG_ERROR, "application.not_judged", "", LOG_DETAIL());
	}
	look_at_next(a);
}

static enum err read_row(struct application_rules *a, const struct store_result *result,
	struct product_key *ret_make, struct product_key *ret_model)
{
	char maker[PRODUCT_TEXT];

	TRY(text_copy(a->id, sizeof(a->id), store_at(result, 0, 0, 0).bytes, "id"));
	TRY(text_copy(maker, sizeof(maker), store_at(result, 0, 0, 1).bytes, "maker"));
	TRY(text_copy(a->product, sizeof(a->product), store_at(result, 0, 0, 2).bytes, "product"));
	TRY(text_copy(a->version, sizeof(a->version), store_at(result, 0, 0, 3).bytes, "version"));
	TRY(text_copy(a->decided_reason, sizeof(a->decided_reason), store_at(result, 0, 0, 5).bytes,
		"reason"));
	TRY(text_copy(a->rule, sizeof(a->rule), store_at(result, 0, 0, 7).bytes, "rule"));
	a->decided = (enum trust)store_at(result, 0, 0, 4).number;
	a->trust = (enum trust)store_at(result, 0, 0, 6).number;
	a->seq = store_at(result, 0, 0, 8).number;
	product_make_key(view_text(maker), ret_make);
	product_model_key(view_text(maker), view_text(a->product), ret_model);
	return OK;
}

static void stop(struct application_rules *a)
{
	a->busy = false;
	if (a->again) {
		application_rules_wake(a);
	}
}

static void on_next(void *user, uint64_t ref, const struct store_result *result)
{
	struct registry *registry = user;
	struct application_rules *a = registry->owners ? registry->owners->application_rules : NULL;
	struct product_key make, model;

	(void)ref;
	if (!a) {
		return;
	}
	if (result->err != OK || result->steps[0].rows == 0 ||
		read_row(a, result, &make, &model) != OK) {
		stop(a);
		return;
	}
	const struct store_step step = {
		.statement = MATCH_VULNERABILITIES,
		.param_count = 2,
		.params = {STORE_TEXT_OF(view_text(make.text)),
			STORE_TEXT_OF(view_text(model.text))},
	};

	if (store_submit(registry->store, &step, 1, on_matched, registry, 0) != OK) {
		stop(a);
	}
}

static void look_at_next(struct application_rules *a)
{
	const struct store_step step = {
		.statement = NEXT_APPLICATION,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(a->id))},
	};

	if (store_submit(a->registry->store, &step, 1, on_next, a->registry, 0) != OK) {
		stop(a);
	}
}

/* ---- what makes us look ---- */

static bool concerns(enum event_kind kind)
{
	return kind == EVENT_VULNERABILITY_RECORDED || kind == EVENT_VULNERABILITY_WITHDRAWN ||
	       kind == EVENT_POLICY_CHANGED || kind == EVENT_APPLICATION_STATUS;
}

static void on_entries(void *user, uint64_t ref, enum err err, const struct ledger_entry *entries,
	size_t count)
{
	struct registry *registry = user;
	struct application_rules *a = registry->owners ? registry->owners->application_rules : NULL;
	bool look = false;

	(void)ref;
	if (!a) {
		return;
	}
	for (size_t i = 0; err == OK && i < count; i++) {
		look = look || concerns(entries[i].kind);
		a->next = entries[i].seq + 1;
	}
	a->again = a->again || count == PAGE;
	if (look) {
		a->id[0] = '\0';
		look_at_next(a);
	} else {
		stop(a);
	}
}

void application_rules_wake(void *user)
{
	struct application_rules *a = user;

	a->again = a->busy;
	if (!a->busy &&
		ledger_read(a->registry->ledger, a->next, PAGE, on_entries, a->registry, 0) == OK) {
		a->busy = true;
	}
}

enum err application_rules_start_up(struct registry *registry)
{
	struct application_rules *a = calloc(1, sizeof(*a));

	if (!a) {
		return err_fail(ERR_MEMORY, "applications: out of memory");
	}
	registry->owners->application_rules = a;
	a->registry = registry;
	a->next = ledger_size(registry->ledger);
	a->busy = true; /* all of them once: nobody has listened until now */
	look_at_next(a);
	return ledger_watch(registry->ledger, application_rules_wake, a);
}

void application_rules_shut_down(struct owners *owners)
{
	free(owners->application_rules);
	owners->application_rules = NULL;
}
