// SPDX-License-Identifier: Apache-2.0
#include "registry/status/policing_inside.h"

#include "base/log.h"
#include "base/text.h"
#include "core/device_facts.h"
#include "core/reg_id.h"
#include "registry/status/vulnerability.h"
#include "wire/facts_json.h"

#include <stdio.h>
#include <string.h>

enum { JUDGINGS = 4096, ROOT_TEXT = ROT_ID_SIZE + 8 };

/* One device that is looked at: what is known of it, then its vulnerabilities and what else may count, then a change. */
struct judging {
	struct batch *batch;
	char device[REG_DEV_ID_MAX + 1];
	int64_t cause; /* the event that makes us look; 0: none */
	struct standing standing;
	char make[FACT_SIZE], model[FACT_SIZE], firmware[FACT_SIZE];
	struct product_key make_key, model_key;
	char root[ROOT_TEXT];
	bool watched; /* with these keys */
	int64_t due;
	enum trust trust;
	char rule[POLICY_NAME];
	struct store_value list_index;
	unsigned tries;
	bool moves; /* its change is under way, and is one of status */
};

/* Steps of the second look. */
enum { LOOK_MODEL, LOOK_OWN, LOOK_DECISION, LOOK_WORDS, LOOK_ROOT, LOOKS };

/* What there is to be decided on; views look into the rows. */
struct evidence_of {
	struct finding findings[STANDING_FINDINGS];
	char cves[STANDING_FINDINGS][48];
	size_t count;
	struct word_heard words[STANDING_WORDS];
};

enum err judge_start_up(struct policing *p)
{
	return pool_new(sizeof(struct judging), JUDGINGS, &p->judgings);
}

static struct judging *judging_at(const struct registry *registry, uint64_t ref)
{
	return registry->policing ? pool_at(registry->policing->judgings, ref) : NULL;
}

/* ---- the end of one ---- */

static void one_less(struct batch *batch)
{
	if (--batch->left == 0) {
		batch->done(batch);
	}
}

void batch_filled(struct batch *batch)
{
	one_less(batch);
}

static void finish(struct policing *p, struct judging *j, uint64_t ref, enum err err)
{
	struct batch *batch = j->batch;

	if (err != OK && batch->err == OK) {
		batch->err = err;
		log_event(LOG_WARN, "policy.not_judged", "", LOG_DETAIL());
	}
	p->judged++;
	pool_give(p->judgings, ref);
	one_less(batch);
}

/* ---- a change ---- */

static void write_record(const struct judging *j, const struct verdict *v, int64_t now,
	struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_string(&w, "subject", j->device);
	json_put_string(&w, "trust", trust_name(v->trust));
	json_put_string(&w, "was", trust_name(j->trust));
	json_put_string(&w, "rule", v->rule->name);
	json_put_int(&w, "cause", v->cause);
	json_put_string(&w, "reason", v->reason);
	json_put_int(&w, "at", now);
	json_put_string(&w, "make", j->make);
	json_put_string(&w, "model", j->model);
	json_put_string(&w, "firmware", j->firmware);
	if (j->list_index.type == STORE_INT) {
		json_put_int(&w, "list_index", j->list_index.number);
	}
	json_close(&w);
}

static struct store_step watched_step(const struct judging *j, int64_t due)
{
	return (struct store_step){
		.statement = SET_WATCHED,
		.param_count = 5,
		.params = {STORE_TEXT_OF(view_text(j->device)),
			STORE_TEXT_OF(view_text(j->make_key.text)),
			STORE_TEXT_OF(view_text(j->model_key.text)),
			STORE_TEXT_OF(view_text(j->root)), STORE_INT_OF(due)},
	};
}

static enum err look_first(struct policing *p, struct judging *j, uint64_t ref);

static void on_changed(void *user, uint64_t ref, const struct store_result *result, int64_t seq)
{
	struct registry *registry = user;
	struct judging *j = judging_at(registry, ref);

	(void)seq;
	if (!j) {
		return;
	}
	struct policing *p = registry->policing;

	/* It has reported meanwhile, or has gone: once more, from the beginning. */
	if (result->err == ERR_CONFLICT && j->tries++ == 0 && look_first(p, j, ref) == OK) {
		return;
	}
	if (result->err == OK) {
		p->moves += j->moves;
	}
	finish(p, j, ref,
		result->err == OK || result->err == ERR_CONFLICT
			? OK
			: err_fail(result->err, "%s", result->detail));
}

static void on_kept(void *user, uint64_t ref, const struct store_result *result)
{
	on_changed(user, ref, result, -1);
}

static enum err change(struct policing *p, struct judging *j, uint64_t ref, const struct verdict *v)
{
	BUF_CLEANUP struct buf record = buf_growing(LEDGER_RECORD_MAX);
	const int64_t now = policing_now(p);
	const struct event event = {.kind = EVENT_STATUS_CHANGED, .subject = view_text(j->device)};
	struct event events[1] = {event};
	const struct store_step steps[] = {
		{.statement = SET_TRUST,
			.expect = STORE_ONE,
			.param_count = 7,
			.params = {STORE_TEXT_OF(view_text(j->device)), STORE_INT_OF(v->trust),
				STORE_INT_OF(now), STORE_TEXT_OF(view_text(v->rule->name)),
				STORE_INT_OF(j->trust), STORE_INT_OF(j->standing.facts_seq),
				STORE_INT_OF(v->cause)}},
		watched_step(j, v->due),
	};

	write_record(j, v, now, &record);
	TRY(buf_end(&record, "status_changed"));
	events[0].record = buf_contents(&record);
	j->moves = v->trust != j->trust;
	return ledger_submit(p->registry->ledger, events, 1, steps, 2, on_changed, p->registry, ref);
}

/* A time that is later than the one that is kept is found out when that one comes: a report need not be a write. */
static bool may_stay(const struct policing *p, const struct judging *j, int64_t due)
{
	return j->watched &&
	       (j->due == due || (due > 0 && j->due > policing_now(p) && j->due < due));
}

static enum err keep(struct policing *p, struct judging *j, uint64_t ref, int64_t due)
{
	const struct store_step step = watched_step(j, due);

	return store_submit(p->registry->store, &step, 1, on_kept, p->registry, ref);
}

static void count(struct judging *j, const struct verdict *v)
{
	struct batch *batch = j->batch;

	if (v->trust != j->trust) {
		batch->moved++;
		(void)snprintf(batch->rule, sizeof(batch->rule), "%s", v->rule->name);
	}
}

/* The same status for another reason is told too, but not that a device is not confirmed yet, as it was from the start. */
static bool differs(const struct policing *p, const struct judging *j, const struct verdict *v)
{
	if (v->trust != j->trust) {
		return true;
	}
	for (size_t i = 0; i < p->policy.rule_count; i++) {
		if (strcmp(p->policy.rules[i].name, j->rule) == 0) {
			return v->rule != &p->policy.rules[i];
		}
	}
	return false;
}

static enum err act(struct policing *p, struct judging *j, uint64_t ref, const struct verdict *v)
{
	count(j, v);
	if (v->due > 0) {
		ticking_at(p, v->due);
	}
	if (!j->batch->count_only && differs(p, j, v)) {
		return change(p, j, ref, v);
	}
	if (!j->batch->count_only && !may_stay(p, j, v->due)) {
		return keep(p, j, ref, v->due);
	}
	finish(p, j, ref, OK);
	return OK;
}

/* ---- the second look ---- */

static bool is_secret(const struct policing *p, enum csaf_tlp tlp, int64_t release_at)
{
	return !vulnerability_may_see(tlp, release_at, policing_now(p), VIEWER_ENQUIRER);
}

static size_t find_mildest(const struct evidence_of *e)
{
	size_t mildest = 0;

	for (size_t i = 1; i < e->count; i++) {
		if (e->findings[i].score < e->findings[mildest].score) {
			mildest = i;
		}
	}
	return mildest;
}

static void add_finding(struct evidence_of *e, const struct finding *finding, const char *cve)
{
	size_t at = e->count;

	if (e->count == STANDING_FINDINGS) { /* a device with so many is judged by the worst */
		at = find_mildest(e);
		if (finding->score <= e->findings[at].score) {
			return;
		}
	} else {
		e->count++;
	}
	e->findings[at] = *finding;
	(void)snprintf(e->cves[at], sizeof(e->cves[0]), "%s", cve);
	e->findings[at].cve = view_text(e->cves[at]);
}

static struct finding finding_at(const struct policing *p, const struct store_result *result,
	size_t step, size_t row)
{
	return (struct finding){
		.id = store_at(result, step, row, 0).bytes,
		.source = (enum policy_source)store_at(result, step, row, 1).number,
		.seq = store_at(result, step, row, 2).number,
		.at = store_at(result, step, row, 3).number,
		.secret = is_secret(p, (enum csaf_tlp)store_at(result, step, row, 4).number,
			store_at(result, step, row, 5).number),
	};
}

static enum err find_by_model(const struct policing *p, const struct judging *j,
	const struct store_result *result, struct evidence_of *e)
{
	for (size_t row = 0; row < result->steps[LOOK_MODEL].rows; row++) {
		struct finding f = finding_at(p, result, LOOK_MODEL, row);
		struct view pattern = store_at(result, LOOK_MODEL, row, 6).bytes;
		struct vulnerable_match match;

		if (pattern.len > 0 && !product_matches(pattern, view_text(j->model))) {
			continue;
		}
		TRY(vulnerable_entries_match(store_at(result, LOOK_MODEL, row, 7).bytes,
			view_text(j->firmware), &match));
		f.score = match.has;
		if (match.has != VULNERABLE_NOT) {
			add_finding(e, &f, match.has_cve);
		}
		f.score = match.perhaps;
		f.perhaps = true;
		if (match.perhaps != VULNERABLE_NOT && match.perhaps > match.has) {
			add_finding(e, &f, match.perhaps_cve);
		}
	}
	return OK;
}

static void find_own(const struct policing *p, const struct store_result *result,
	struct evidence_of *e)
{
	for (size_t row = 0; row < result->steps[LOOK_OWN].rows; row++) {
		struct finding f = finding_at(p, result, LOOK_OWN, row);

		f.score = (int)store_at(result, LOOK_OWN, row, 6).number;
		add_finding(e, &f, "");
	}
}

static void hear_words(struct judging *j, const struct store_result *result, struct evidence_of *e)
{
	size_t rows = result->steps[LOOK_WORDS].rows;

	j->standing.word_count = rows < STANDING_WORDS ? rows : STANDING_WORDS;
	j->standing.words = e->words;
	for (size_t row = 0; row < j->standing.word_count; row++) {
		e->words[row] = (struct word_heard){
			.registry = store_at(result, LOOK_WORDS, row, 0).bytes,
			.trust = (enum trust)store_at(result, LOOK_WORDS, row, 1).number,
			.seq = store_at(result, LOOK_WORDS, row, 2).number,
		};
	}
}

static void look_at_rest(struct judging *j, const struct store_result *result)
{
	struct standing *s = &j->standing;

	s->decided = result->steps[LOOK_DECISION].rows > 0;
	if (s->decided) {
		s->decision = (enum trust)store_at(result, LOOK_DECISION, 0, 0).number;
		s->decision_reason = store_at(result, LOOK_DECISION, 0, 1).bytes;
		s->decision_until = store_at(result, LOOK_DECISION, 0, 2).number;
		s->decision_seq = store_at(result, LOOK_DECISION, 0, 3).number;
	}
	s->root_withdrawn =
		result->steps[LOOK_ROOT].rows > 0 && store_at(result, LOOK_ROOT, 0, 0).number == 0;
	if (s->root_withdrawn) {
		s->root_at = store_at(result, LOOK_ROOT, 0, 1).number;
		s->root_seq = store_at(result, LOOK_ROOT, 0, 2).number;
		s->root = view_text(j->root);
	}
}

/* The movement that is being counted or carried out is not held against itself. */
static bool held_for(const void *user, int64_t cause, bool by_time, int64_t began)
{
	const struct batch *batch = user;

	if ((batch->by_time && by_time) || (batch->cause > 0 && batch->cause == cause)) {
		return false;
	}
	return moving_holds(batch->policing, cause, by_time, began);
}

static enum err judge(struct policing *p, struct judging *j, uint64_t ref,
	const struct store_result *result)
{
	struct evidence_of evidence = {.count = 0};
	struct verdict verdict;

	TRY(find_by_model(p, j, result, &evidence));
	find_own(p, result, &evidence);
	hear_words(j, result, &evidence);
	look_at_rest(j, result);
	j->standing.findings = evidence.findings;
	j->standing.finding_count = evidence.count;
	verdict_find(&p->policy, &j->standing, policing_now(p), held_for, j->batch, &verdict);
	if (verdict.cause == j->standing.facts_seq && j->cause > 0) {
		verdict.cause = j->cause;
	}
	if (!verdict.rule) { /* all that hold are held back: it stays as it is */
		finish(p, j, ref, OK);
		return OK;
	}
	return act(p, j, ref, &verdict);
}

static void on_second(void *user, uint64_t ref, const struct store_result *result)
{
	struct registry *registry = user;
	struct judging *j = judging_at(registry, ref);

	if (!j) {
		return;
	}
	enum err err = result->err == OK ? judge(registry->policing, j, ref, result)
					 : err_fail(result->err, "%s", result->detail);

	if (err != OK) {
		finish(registry->policing, j, ref, err);
	}
}

static enum err look_second(struct policing *p, struct judging *j, uint64_t ref)
{
	const struct view device = view_text(j->device);
	const struct store_step steps[LOOKS] = {
		[LOOK_MODEL] = {.statement = MATCH_VULNERABILITIES,
			.param_count = 2,
			.params = {STORE_TEXT_OF(view_text(j->make_key.text)),
				STORE_TEXT_OF(view_text(j->model_key.text))}},
		[LOOK_OWN] = {.statement = MATCH_OWN_VULNERABILITIES,
			.param_count = 1,
			.params = {STORE_TEXT_OF(device)}},
		[LOOK_DECISION] = {.statement = FIND_DECISION,
			.param_count = 1,
			.params = {STORE_TEXT_OF(device)}},
		[LOOK_WORDS] = {.statement = FIND_WORDS,
			.param_count = 1,
			.params = {STORE_TEXT_OF(device)}},
		[LOOK_ROOT] = {.statement = FIND_ROOT,
			.param_count = 1,
			.params = {STORE_TEXT_OF(view_text(j->root))}},
	};

	return store_submit(p->registry->store, steps, LOOKS, on_second, p->registry, ref);
}

/* ---- the first look ---- */

static enum err copy_text(const struct store_result *result, int column, char *to, size_t room)
{
	return text_copy(to, room, store_at(result, 0, 0, (size_t)column).bytes, "device");
}

static bool same(const struct store_result *result, int column, const char *text)
{
	struct store_value value = store_at(result, 0, 0, (size_t)column);

	return value.type == STORE_TEXT && view_is(value.bytes, text);
}

static int64_t number(const struct store_result *result, int column)
{
	return store_at(result, 0, 0, (size_t)column).number;
}

static enum err read_names(struct judging *j, const struct store_result *result)
{
	char root_id[ROT_ID_SIZE];

	TRY(copy_text(result, STANDING_MAKE, j->make, sizeof(j->make)));
	TRY(copy_text(result, STANDING_MODEL, j->model, sizeof(j->model)));
	TRY(copy_text(result, STANDING_FIRMWARE, j->firmware, sizeof(j->firmware)));
	TRY(copy_text(result, STANDING_ROOT_ID, root_id, sizeof(root_id)));
	(void)snprintf(j->root, sizeof(j->root), "%s:%s",
		rot_kind_name((enum rot_kind)number(result, STANDING_ROOT_KIND)), root_id);
	/* A rule of an older policy may have any name. */
	if (copy_text(result, STANDING_RULE, j->rule, sizeof(j->rule)) != OK) {
		j->rule[0] = '\0';
	}
	product_make_key(view_text(j->make), &j->make_key);
	product_model_key(view_text(j->make), view_text(j->model), &j->model_key);
	return OK;
}

static enum err read_standing(struct judging *j, const struct store_result *result)
{
	TRY(read_names(j, result));
	j->trust = (enum trust)number(result, STANDING_TRUST);
	j->list_index = store_at(result, 0, 0, STANDING_LIST_INDEX);
	j->standing = (struct standing){
		.life = (enum lifecycle)number(result, STANDING_LIFE),
		.confirmed = store_at(result, 0, 0, STANDING_CONFIRMED_AT).type == STORE_INT,
		.duplicate = number(result, STANDING_DUPLICATE) != 0,
		.registered_at = number(result, STANDING_REGISTERED_AT),
		.reported_at = number(result, STANDING_REPORTED_AT),
		.facts_seq = number(result, STANDING_FACTS_SEQ),
	};
	j->watched = same(result, STANDING_MAKE_KEY, j->make_key.text) &&
		     same(result, STANDING_MODEL_KEY, j->model_key.text) &&
		     same(result, STANDING_ROOT, j->root);
	j->due = number(result, STANDING_DUE);
	return OK;
}

static void on_first(void *user, uint64_t ref, const struct store_result *result)
{
	struct registry *registry = user;
	struct judging *j = judging_at(registry, ref);

	if (!j) {
		return;
	}
	struct policing *p = registry->policing;

	if (result->err == OK && result->steps[0].rows == 0) { /* another registry's, or erased */
		finish(p, j, ref, OK);
		return;
	}
	enum err err = result->err == OK ? read_standing(j, result)
					 : err_fail(result->err, "%s", result->detail);

	err = err == OK ? look_second(p, j, ref) : err;
	if (err != OK) {
		finish(p, j, ref, err);
	}
}

static enum err look_first(struct policing *p, struct judging *j, uint64_t ref)
{
	const struct store_step step = {
		.statement = FIND_JUDGED,
		.param_count = 2,
		.params = {STORE_TEXT_OF(view_text(j->device)),
			STORE_TEXT_OF(reg_id_view(&p->registry->id))},
	};

	return store_submit(p->registry->store, &step, 1, on_first, p->registry, ref);
}

/* ---- the beginning ---- */

static void on_noted(void *user, uint64_t ref, const struct store_result *result)
{
	struct registry *registry = user;
	struct judging *j = judging_at(registry, ref);

	if (!j) {
		return;
	}
	enum err err = result->err == OK ? look_first(registry->policing, j, ref)
					 : err_fail(result->err, "%s", result->detail);

	if (err != OK) {
		finish(registry->policing, j, ref, err);
	}
}

enum err judge_device(struct batch *batch, struct view device, int64_t cause,
	const struct store_step *first)
{
	struct policing *p = batch->policing;
	struct judging *j;
	pool_ref ref;

	if (device.len > REG_DEV_ID_MAX) {
		return OK; /* nobody has such a name, and what follows must not wait for it */
	}
	TRY(pool_take(p->judgings, &ref, (void **)&j));
	j->batch = batch;
	j->cause = cause;
	enum err err = text_copy(j->device, sizeof(j->device), device, "device");

	if (err == OK && first) {
		err = store_submit(p->registry->store, first, 1, on_noted, p->registry, ref);
	} else if (err == OK) {
		err = look_first(p, j, ref);
	}
	if (err != OK) {
		pool_give(p->judgings, ref);
		return err;
	}
	batch->left++;
	return OK;
}
