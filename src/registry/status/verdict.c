// SPDX-License-Identifier: Apache-2.0
#include "registry/status/verdict.h"

#include <stdarg.h>
#include <stdio.h>

/* That a rule's condition holds: since when, and by which event. */
struct holding {
	bool holds;
	bool by_time; /* nothing happened but that time went by */
	int64_t began, cause;
	char reason[VERDICT_REASON];
};

struct judging {
	const struct policy *policy;
	const struct standing *standing;
	int64_t now;
	verdict_is_held *held;
	const void *user;
	struct verdict *verdict;
};

static bool is_held(const struct judging *j, int64_t cause, bool by_time, int64_t began)
{
	return j->held && j->held(j->user, cause, by_time, began);
}

static void wait_until(struct judging *j, int64_t at)
{
	if (at > j->now && (j->verdict->due == 0 || at < j->verdict->due)) {
		j->verdict->due = at;
	}
}

static void say(struct holding *h, const char *format, ...) PRINTF_LIKE(2, 3);
static void say(struct holding *h, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(h->reason, sizeof(h->reason), format, args);
	va_end(args);
}

static void put_days(const struct policy_rule *rule, char ret[32])
{
	int64_t s = rule->age / 1000;

	(void)snprintf(ret, 32, s % 86400 == 0 ? "%lld days" : "%lld seconds",
		(long long)(s % 86400 == 0 ? s / 86400 : s));
}

static void hold_report(struct judging *j, const struct policy_rule *rule, struct holding *h)
{
	char age[32];

	h->began = j->standing->reported_at + rule->age;
	h->holds = j->now >= h->began;
	h->by_time = true;
	put_days(rule, age);
	say(h, "no report for more than %s", age);
	wait_until(j, h->began);
}

static bool is_worse(const struct finding *a, const struct finding *b)
{
	return !b || a->score > b->score || (a->score == b->score && a->seq < b->seq);
}

/* The worst that has been known for the rule's grace; without one, the worst. */
static const struct finding *pick(struct judging *j, const struct policy_rule *rule, bool perhaps)
{
	const struct finding *best = NULL, *ripe = NULL;

	for (size_t i = 0; i < j->standing->finding_count; i++) {
		const struct finding *f = &j->standing->findings[i];

		if (f->perhaps != perhaps || !(rule->sources & f->source) ||
			csaf_severity_at(f->score) < rule->severity ||
			is_held(j, f->seq, false, f->at)) {
			continue;
		}
		if (is_worse(f, best)) {
			best = f;
		}
		if (j->now >= f->at + rule->grace && is_worse(f, ripe)) {
			ripe = f;
		}
		wait_until(j, f->at + rule->grace);
	}
	return ripe ? ripe : best;
}

static void hold_vulnerability(struct judging *j, const struct policy_rule *rule, bool perhaps,
	struct holding *h)
{
	const struct finding *f = pick(j, rule, perhaps);

	if (!f) {
		return;
	}
	h->holds = true;
	h->cause = f->seq;
	h->began = f->at > j->standing->registered_at ? f->at : j->standing->registered_at;
	const char *severity = csaf_severity_name(csaf_severity_at(f->score));

	if (f->secret) {
		say(h, "%s that is not public, severity %s",
			perhaps ? "perhaps a vulnerability" : "a vulnerability", severity);
		return;
	}
	say(h, "%s%.*s%s%.*s, severity %s", perhaps ? "perhaps " : "",
		(int)(f->cve.len < 64 ? f->cve.len : 64), (const char *)f->cve.data,
		f->cve.len > 0 ? " of " : "", (int)(f->id.len < 100 ? f->id.len : 100),
		(const char *)f->id.data, severity);
}

static void hold_word(struct judging *j, const struct policy_rule *rule, struct holding *h)
{
	for (size_t i = 0; i < j->standing->word_count; i++) {
		const struct word_heard *w = &j->standing->words[i];

		if (w->trust == rule->word &&
			policy_weight_of(j->policy, w->registry) >= rule->word_weight) {
			h->holds = true;
			h->cause = w->seq;
			say(h, "registry %.*s says %s", (int)w->registry.len,
				(const char *)w->registry.data, trust_name(w->trust));
			return;
		}
	}
}

static void hold_decision(struct judging *j, struct holding *h)
{
	const struct standing *s = j->standing;

	h->holds = s->decided && (s->decision_until == 0 || j->now < s->decision_until);
	h->cause = s->decision_seq;
	say(h, "decided: %.*s", (int)(s->decision_reason.len < 200 ? s->decision_reason.len : 200),
		(const char *)s->decision_reason.data);
	if (h->holds && s->decision_until > 0) {
		wait_until(j, s->decision_until);
	}
}

static void hold_root(const struct standing *s, struct holding *h)
{
	h->holds = s->root_withdrawn;
	h->cause = s->root_seq;
	h->began = s->root_at > s->registered_at ? s->root_at : s->registered_at;
	say(h, "root of trust %.*s was withdrawn", (int)(s->root.len < 100 ? s->root.len : 100),
		(const char *)s->root.data);
}

static void look(struct judging *j, const struct policy_rule *rule, struct holding *h)
{
	const struct standing *s = j->standing;

	switch (rule->condition) {
	case POLICY_ALWAYS:
		h->holds = true;
		say(h, "nothing speaks against it");
		break;
	case POLICY_NOT_CONFIRMED:
		h->holds = !s->confirmed;
		h->began = s->registered_at;
		h->by_time = rule->grace > 0;
		say(h, "it has not confirmed its registration");
		break;
	case POLICY_REPORT_OLDER:
		hold_report(j, rule, h);
		break;
	case POLICY_ROOT_WITHDRAWN:
		hold_root(s, h);
		break;
	case POLICY_VULNERABLE:
	case POLICY_PERHAPS_VULNERABLE:
		hold_vulnerability(j, rule, rule->condition == POLICY_PERHAPS_VULNERABLE, h);
		break;
	case POLICY_LIFE:
		h->holds = s->life == rule->life;
		say(h, "it is %s", lifecycle_name(s->life));
		break;
	case POLICY_DUPLICATE:
		h->holds = s->duplicate;
		say(h, "another device has its identifier");
		break;
	case POLICY_DECIDED:
		hold_decision(j, h);
		break;
	case POLICY_WORD:
		hold_word(j, rule, h);
		break;
	}
}

/* Among equals the more severe: unreliable, unverified, trusted. */
static int severity(enum trust trust)
{
	return trust == TRUST_UNRELIABLE ? 2 : trust == TRUST_UNVERIFIED ? 1 : 0;
}

static bool outweighs(const struct policy_rule *rule, enum trust then, const struct verdict *verdict)
{
	if (!verdict->rule || rule->weight != verdict->rule->weight) {
		return !verdict->rule || rule->weight > verdict->rule->weight;
	}
	return severity(then) > severity(verdict->trust);
}

static void take(struct judging *j, const struct policy_rule *rule, const struct holding *h)
{
	enum trust then = rule->condition == POLICY_DECIDED ? j->standing->decision : rule->then;
	struct verdict *verdict = j->verdict;

	if (!outweighs(rule, then, verdict)) {
		return;
	}
	verdict->rule = rule;
	verdict->trust = then;
	verdict->cause = h->cause > 0 ? h->cause : j->standing->facts_seq;
	(void)snprintf(verdict->reason, sizeof(verdict->reason), "%s", h->reason);
}

void verdict_find(const struct policy *policy, const struct standing *standing, int64_t now,
	verdict_is_held *held, const void *user, struct verdict *ret)
{
	struct judging j = {.policy = policy,
		.standing = standing,
		.now = now,
		.held = held,
		.user = user,
		.verdict = ret};

	*ret = (struct verdict){.trust = TRUST_UNVERIFIED};
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		struct holding h = {.holds = false};

		look(&j, rule, &h);
		if (!h.holds) {
			continue;
		}
		if (now < h.began + rule->grace) {
			wait_until(&j, h.began + rule->grace);
			continue;
		}
		if (!is_held(&j, h.cause, h.by_time, h.began + rule->grace)) {
			take(&j, rule, &h);
		}
	}
}
