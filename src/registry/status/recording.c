// SPDX-License-Identifier: Apache-2.0
#include "registry/status/recording.h"

#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	RECORDINGS = 1024,
	ROWS_IN_UNIT = STORE_STEPS,
	/* What is in a record beside its models; and how much of it models may fill. */
	RECORD_HEAD = 4096,
	RECORD_MODELS = LEDGER_RECORD_MAX - RECORD_HEAD,
};

/* A recording on its way. */
struct passage {
	struct policing *policing;
	struct recording *recording;
	recording_done *done;
	void *user;
	uint64_t ref;
	int64_t revision, before; /* of vulnerable_model; before: 0: it is new */
	bool further;		  /* models of a version that is there */
	size_t left;		  /* units of models */
	enum err err;
};

void recording_free(struct recording *recording)
{
	if (!recording) {
		return;
	}
	vulnerable_models_free(&recording->models);
	buf_free(&recording->document);
	free(recording->id);
	free(recording->version);
	free(recording->title);
	free(recording->told_by);
	free(recording->registry);
	free(recording->by_whom);
	free(recording->device);
	free(recording);
}

static void end(struct passage *passage, enum err err, int64_t seq)
{
	const struct passage copy = *passage;

	recording_free(passage->recording);
	free(passage);
	copy.done(copy.user, copy.ref, err, seq);
}

/* The store calls back while it is closed too, when policing has gone. */
static bool is_over(struct passage *passage, const struct registry *registry)
{
	if (registry->policing) {
		return false;
	}
	end(passage, err_fail(ERR_CLOSED, "this registry stops"), -1);
	return true;
}

/* ---- the record ---- */

static void write_head(const struct recording *r, int64_t now, struct json_writer *w)
{
	json_put_string(w, "subject", r->id);
	json_put_string(w, "source", policy_source_name(r->source));
	json_put_string(w, "told_by", r->told_by);
	json_put_string(w, "title", r->title);
	json_put_string(w, "version", r->version);
	json_put_string(w, "tlp", csaf_tlp_name(r->tlp));
	json_put_int(w, "release_at", r->release_at);
	json_put_int(w, "at", now);
	if (r->score >= 0) {
		json_put_int(w, "score", r->score);
	}
	json_put_string(w, "severity", csaf_severity_name(csaf_severity_at(r->score)));
	if (r->device) {
		json_put_string(w, "device", r->device);
	}
}

/* As many records as it takes, at most LEDGER_EVENTS: what does not fit has to be asked for. */
static enum err write_records(const struct recording *r, int64_t now, struct buf *records,
	struct event *events, size_t *ret_count)
{
	size_t from = 0, count = 0;

	do {
		struct json_writer w;

		records[count] = buf_growing(LEDGER_RECORD_MAX);
		w = json_to(&records[count]);
		json_open(&w, NULL);
		write_head(r, now, &w);
		json_put_int(&w, "part", (int64_t)count + 1);
		size_t next = vulnerable_models_write(&r->models, from, RECORD_MODELS, &w);
		bool stuck = next == from && next < r->models.count;

		from = stuck ? r->models.count : next;
		json_put_bool(&w, "more", from < r->models.count);
		json_close(&w);
		TRY(buf_end(&records[count], "vulnerability"));
		events[count] = (struct event){.kind = EVENT_VULNERABILITY_RECORDED,
			.subject = view_text(r->id),
			.record = buf_contents(&records[count])};
		count++;
	} while (from < r->models.count && count < LEDGER_EVENTS);
	*ret_count = count;
	return OK;
}

/* ---- the last unit ---- */

static void on_recorded(void *user, uint64_t ref, const struct store_result *result, int64_t seq)
{
	struct passage *passage = (struct passage *)(uintptr_t)ref;
	struct registry *registry = user;

	if (is_over(passage, registry)) {
		return;
	}
	if (result->err ==
		OK) { /* held back until it is counted, however many others are under way */
		moving_expect(registry->policing,
			passage->recording->relayed ? passage->recording->cause : seq);
		moving_wake(registry->policing);
		if (passage->recording->release_at > registry_now(registry)) {
			ticking_at(registry->policing, passage->recording->release_at);
		}
	}
	end(passage,
		result->err == OK ? OK
		: result->err == ERR_CONFLICT
			? err_fail(ERR_CONFLICT, "another version was recorded just now")
			: err_fail(result->err, "%s", result->detail),
		passage->recording->relayed ? passage->recording->cause : seq);
}

static void on_recorded_unit(void *user, uint64_t ref, const struct store_result *result)
{
	on_recorded(user, ref, result, -1);
}

static enum err seal_document(struct policing *p, const struct recording *r, struct buf *ret)
{
	char place[64 + VULNERABILITY_ID_MAX];
	struct buf text = buf_fixed(place, sizeof(place));

	if (r->document.len == 0) {
		return OK;
	}
	buf_printf(&text, "vulnerability/document/%s", r->id);
	TRY(buf_end(&text, "vulnerability"));
	return seal_close(p->registry->ring, buf_string(&text), buf_contents(&r->document), ret);
}

static struct store_step set_step(const struct passage *passage, struct view sealed)
{
	const struct recording *r = passage->recording;
	const int64_t now = policing_now(passage->policing);

	return (struct store_step){
		.statement = SET_VULNERABILITY,
		.expect = STORE_ONE,
		.param_count = 15,
		.params = {STORE_TEXT_OF(view_text(r->id)), STORE_INT_OF(r->source),
			STORE_TEXT_OF(view_text(r->told_by)), STORE_TEXT_OF(view_text(r->registry)),
			STORE_TEXT_OF(view_text(r->version)), STORE_TEXT_OF(view_text(r->title)),
			STORE_INT_OF(r->tlp), STORE_INT_OF(r->score), STORE_INT_OF(r->release_at),
			STORE_INT_OF(r->relayed || r->release_at <= now),
			STORE_INT_OF(passage->revision), STORE_INT_OF(now),
			sealed.len > 0 ? STORE_BLOB_OF(sealed) : STORE_NULL_OF(),
			STORE_INT_OF(passage->before),
			r->relayed ? STORE_INT_OF(r->cause) : STORE_NULL_OF()},
	};
}

static size_t last_steps(const struct passage *passage, struct view sealed, struct store_step *steps)
{
	const struct recording *r = passage->recording;
	size_t count = 0;

	steps[count++] = set_step(passage, sealed);
	if (r->device) {
		steps[count++] = (struct store_step){
			.statement = SET_DEVICE_VULNERABILITY,
			.param_count = 3,
			.params = {STORE_TEXT_OF(view_text(r->device)),
				STORE_TEXT_OF(view_text(r->id)), STORE_INT_OF(r->score)},
		};
	}
	steps[count++] = r->relayed ? movement_of_event(passage->policing, MOVEMENT_VULNERABILITY,
					      view_text(r->id), view_text(r->by_whom), r->cause)
				    : movement_step(passage->policing, MOVEMENT_VULNERABILITY,
					      view_text(r->id), view_text(r->by_whom));
	return count;
}

static enum err submit_last(struct passage *passage)
{
	struct policing *p = passage->policing;
	struct buf records[LEDGER_EVENTS] = {0};
	struct event events[LEDGER_EVENTS];
	struct store_step steps[3];
	BUF_CLEANUP struct buf sealed = buf_growing(passage->recording->document.len + 1024);
	size_t event_count = 0, count;
	const uint64_t ref = (uint64_t)(uintptr_t)passage;

	if (passage->further) {
		steps[0] = movement_of_event(p, MOVEMENT_VULNERABILITY,
			view_text(passage->recording->id), view_text(""), passage->recording->cause);
		return store_submit(p->registry->store, steps, 1, on_recorded_unit, p->registry,
			ref);
	}
	TRY(seal_document(p, passage->recording, &sealed));
	count = last_steps(passage, buf_contents(&sealed), steps);
	if (passage->recording->relayed) {
		return store_submit(p->registry->store, steps, count, on_recorded_unit, p->registry,
			ref);
	}
	enum err err =
		write_records(passage->recording, policing_now(p), records, events, &event_count);

	if (err == OK) {
		err = ledger_submit(p->registry->ledger, events, event_count, steps, count,
			on_recorded, p->registry, ref);
	}
	for (size_t i = 0; i < LEDGER_EVENTS; i++) {
		buf_free(&records[i]);
	}
	return err;
}

/* ---- the models ---- */

static void one_unit_less(struct passage *passage)
{
	if (--passage->left > 0) {
		return;
	}
	enum err err = passage->err == OK ? submit_last(passage) : passage->err;

	if (err != OK) {
		end(passage, err, -1);
	}
}

static void on_models(void *user, uint64_t ref, const struct store_result *result)
{
	struct passage *passage = (struct passage *)(uintptr_t)ref;
	struct registry *registry = user;

	if (!registry->policing) {
		passage->err = err_fail(ERR_CLOSED, "this registry stops");
	} else if (result->err != OK && passage->err == OK) {
		passage->err = err_fail(result->err, "%s", result->detail);
	}
	one_unit_less(passage);
}

static enum err submit_models(struct passage *passage, size_t from)
{
	const struct recording *r = passage->recording;
	struct store_step steps[ROWS_IN_UNIT];
	size_t count = 0;

	for (; count < ROWS_IN_UNIT && from + count < r->models.count; count++) {
		const struct vulnerable_model *m = &r->models.rows[from + count];

		steps[count] = (struct store_step){
			.statement = ADD_VULNERABLE_MODEL,
			.param_count = 6,
			.params = {STORE_TEXT_OF(view_text(r->id)), STORE_INT_OF(passage->revision),
				STORE_TEXT_OF(view_text(m->make.text)),
				STORE_TEXT_OF(view_text(m->model.text)),
				STORE_TEXT_OF(view_text(m->pattern)),
				STORE_TEXT_OF(view_text(m->entries))},
		};
	}
	TRY(store_submit(passage->policing->registry->store, steps, count, on_models,
		passage->policing->registry, (uint64_t)(uintptr_t)passage));
	passage->left++;
	return OK;
}

static void add_models(struct passage *passage)
{
	passage->left = 1;
	for (size_t from = 0; from < passage->recording->models.count && passage->err == OK;
		from += ROWS_IN_UNIT) {
		passage->err = submit_models(passage, from);
	}
	one_unit_less(passage);
}

/* ---- which version is there ---- */

/* Text versions of what is no advisory are numbers: CSAF's rule is theirs too. */
static enum err check_version(const struct recording *r, const struct store_result *result,
	bool *ret_further)
{
	int order;

	*ret_further = false;
	if (result->steps[0].rows == 0 ||
		store_at(result, 0, 0, 2).number == VULNERABILITY_WITHDRAWN) {
		return OK;
	}
	TRY(csaf_compare_versions(view_text(r->version), store_at(result, 0, 0, 0).bytes, &order));
	*ret_further = order == 0 && r->part > 1;
	if (*ret_further) {
		return OK;
	}
	if (order == 0) {
		return err_fail(ERR_EXISTS, "this version of it is recorded already");
	}
	return order > 0 ? OK : err_fail(ERR_CONFLICT, "a newer version of it is recorded already");
}

/* What is taken back by its teller alone is overwritten by nobody below: that would be the same. */
static enum err check_teller(const struct recording *r, const struct store_result *result)
{
	if (result->steps[0].rows == 0 ||
		store_at(result, 0, 0, 2).number == VULNERABILITY_WITHDRAWN) {
		return OK;
	}
	if (r->relayed && !view_is(store_at(result, 0, 0, 7).bytes, r->registry)) {
		return err_fail(ERR_CONFLICT, "it is recorded by the word of another registry");
	}
	return r->source == POLICY_FROM_AGENCY &&
			       store_at(result, 0, 0, 4).number == POLICY_FROM_ADVISORY
		       ? err_fail(ERR_DENIED, "an administrator has recorded it, and replaces it")
		       : OK;
}

/* An owner speaks of what is its own.  req: R6.3 */
static enum err check_owner(const struct recording *r, const struct store_result *result)
{
	return r->source != POLICY_FROM_OWNER ||
			       (result->steps[1].rows > 0 &&
				       view_is(store_at(result, 1, 0, 2).bytes, r->told_by))
		       ? OK
		       : err_fail(ERR_NOT_FOUND, "no such device is registered");
}

static enum err check_found(struct passage *passage, const struct store_result *result)
{
	if (result->err != OK) {
		return err_fail(result->err, "%s", result->detail);
	}
	TRY(check_owner(passage->recording, result));
	TRY(check_teller(passage->recording, result));
	return check_version(passage->recording, result, &passage->further);
}

static void on_found(void *user, uint64_t ref, const struct store_result *result)
{
	struct passage *passage = (struct passage *)(uintptr_t)ref;
	struct registry *registry = user;

	if (is_over(passage, registry)) {
		return;
	}
	enum err err = check_found(passage, result);

	if (err != OK) {
		end(passage, err, -1);
		return;
	}
	passage->before = result->steps[0].rows > 0 ? store_at(result, 0, 0, 1).number : 0;
	passage->revision = passage->further ? passage->before : policing_now(passage->policing);
	if (!passage->further && passage->revision <= passage->before) {
		passage->revision = passage->before + 1;
	}
	add_models(passage);
}

enum err recording_begin(struct policing *p, struct recording *recording, recording_done *done,
	void *user, uint64_t ref)
{
	const struct store_step steps[] = {
		{.statement = FIND_VULNERABILITY_VERSION,
			.param_count = 1,
			.params = {STORE_TEXT_OF(view_text(recording->id))}},
		{.statement = FIND_CUSTODY,
			.param_count = 1,
			.params = {STORE_TEXT_OF(
				view_text(recording->device ? recording->device : ""))}},
	};
	struct passage *passage = calloc(1, sizeof(*passage));

	if (!passage) {
		recording_free(recording);
		return err_fail(ERR_MEMORY, "vulnerability: out of memory");
	}
	*passage = (struct passage){.policing = p,
		.recording = recording,
		.done = done,
		.user = user,
		.ref = ref};
	enum err err = store_submit(p->registry->store, steps, 2, on_found, p->registry,
		(uint64_t)(uintptr_t)passage);

	if (err != OK) {
		recording_free(recording);
		free(passage);
	}
	return err;
}

/* ---- from other registries ---- */

static char *text_or_empty(const struct json *root, const char *name)
{
	struct view text = {.len = 0};

	return json_text_opt(root, name, &text) == OK ? text_dup(text) : NULL;
}

static enum err read_record(const struct json *root, struct recording *r)
{
	struct view tlp = {.len = 0};
	int64_t score = -1;

	r->id = text_or_empty(root, "subject");
	r->version = text_or_empty(root, "version");
	r->title = text_or_empty(root, "title");
	r->told_by = text_or_empty(root, "told_by");
	r->by_whom = text_dup(view_text(""));
	if (!r->id || !r->version || !r->title || !r->told_by || !r->by_whom) {
		return err_fail(ERR_SYNTAX, "vulnerability: a member is no text");
	}
	if (strlen(r->id) == 0 || strlen(r->id) > VULNERABILITY_ID_MAX) {
		return err_fail(ERR_SYNTAX, "vulnerability: no subject, or too long a one");
	}
	TRY(json_text_opt(root, "tlp", &tlp));
	if (tlp.len > 0) {
		TRY(csaf_tlp_of(tlp, &r->tlp));
	}
	TRY(json_int_opt(root, "score", 0, 100, &score));
	TRY(json_int_opt(root, "part", 1, LEDGER_EVENTS, &r->part));
	TRY(json_int_opt(root, "release_at", 0, INT64_MAX, &r->release_at));
	r->score = (int)score;
	r->source = POLICY_FROM_REGISTRY;
	return vulnerable_models_parse(json_member(root, "models"), &r->models);
}

enum err recording_read(const struct recording_from *from, struct recording **ret)
{
	JSON_CLEANUP struct json *root = NULL;

	TRY(json_parse(from->record, LEDGER_RECORD_MAX, &root));
	struct recording *r = calloc(1, sizeof(*r));

	if (!r) {
		return err_fail(ERR_MEMORY, "vulnerability: out of memory");
	}
	r->registry = text_dup(from->registry);
	enum err err = r->registry ? read_record(root, r)
				   : err_fail(ERR_MEMORY, "vulnerability: out of memory");

	if (err != OK) {
		recording_free(r);
		return err;
	}
	*ret = r;
	return OK;
}

static void on_heard(void *user, uint64_t ref, enum err err, int64_t seq)
{
	(void)user;
	(void)ref;
	(void)seq;
	if (err != OK && err != ERR_EXISTS && err != ERR_CONFLICT) {
		log_event(LOG_WARN, "policy.not_heard", "", LOG_DETAIL());
	}
}

static enum err hear_withdrawal(struct policing *p, const struct recording_from *from, int64_t seq,
	store_done *done)
{
	JSON_CLEANUP struct json *root = NULL;
	struct view subject;

	TRY(json_parse(from->record, LEDGER_RECORD_MAX, &root));
	TRY(json_text(root, "subject", &subject));
	const struct store_step steps[] = {
		{.statement = WITHDRAW_HEARD,
			.param_count = 3,
			.params = {STORE_TEXT_OF(subject), STORE_TEXT_OF(from->registry),
				STORE_INT_OF(seq)}},
		movement_of_event(p, MOVEMENT_VULNERABILITY, subject, view_text(""), seq),
	};

	return store_submit(p->registry->store, steps, 2, done, p->registry, 0);
}

enum err recording_hear(struct policing *p, enum event_kind kind, const struct recording_from *from,
	int64_t seq, store_done *done)
{
	struct recording *r = NULL;

	if (from->record.len == 0) {
		return OK; /* it was erased, or is not for us */
	}
	if (kind == EVENT_VULNERABILITY_WITHDRAWN) {
		return hear_withdrawal(p, from, seq, done);
	}
	TRY(recording_read(from, &r));
	r->relayed = true;
	r->cause = seq;
	return recording_begin(p, r, on_heard, p->registry, 0);
}
