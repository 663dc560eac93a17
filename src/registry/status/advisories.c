// SPDX-License-Identifier: Apache-2.0
#include "registry/status/advisories.h"

#include "base/text.h"
#include "net/worker.h"
#include "registry/enquiry/party.h"
#include "registry/status/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A document on the reading thread: what it says, or what is wrong with it. */
struct job {
	struct registry *registry;
	uint64_t call;
	struct buf document;
	size_t most;
	int64_t release_at; /* -1: as it says */
	struct recording *recording;
	bool done;
	enum err err;
	char detail[256];
};

static void free_job(struct job *job)
{
	buf_free(&job->document);
	recording_free(job->recording);
	free(job);
}

/* ---- on the thread ---- */

static enum err fill(struct recording *r, const struct csaf *csaf, int64_t release_at)
{
	const int64_t released = csaf->current_release * 1000;
	BUF_CLEANUP struct buf id = buf_growing(VULNERABILITY_ID_MAX);

	buf_text(&id, VULNERABILITY_CSAF);
	buf_view(&id, csaf->id);
	if (buf_end(&id, "") != OK || !text_is_printable(buf_contents(&id))) {
		return err_fail(ERR_SYNTAX,
			"CSAF 2.0 3.2.1.12.4: an id of up to %d printable ASCII "
			"characters is taken",
			VULNERABILITY_ID_MAX - (int)strlen(VULNERABILITY_CSAF));
	}
	TRY(vulnerable_models_read(csaf, &r->models));
	r->id = text_dup(buf_contents(&id));
	r->version = text_dup(csaf->version);
	r->title = text_dup(view_of(csaf->title.data, csaf->title.len < 500 ? csaf->title.len : 0));
	r->told_by = text_dup(csaf->publisher);
	r->tlp = csaf->tlp;
	r->release_at = release_at >= 0 ? release_at : released;
	r->score = r->models.worst >= 0 ? r->models.worst : -1;
	return r->id && r->version && r->title && r->told_by
		       ? OK
		       : err_fail(ERR_MEMORY, "advisory: out of memory");
}

static enum err read_document(struct job *job)
{
	CSAF_CLEANUP struct csaf *csaf = NULL;
	struct json_limits limits = CSAF_LIMITS;

	limits.bytes = job->most;
	TRY(csaf_read(buf_contents(&job->document), &limits, &csaf));
	if (csaf->state == CSAF_DRAFT) {
		return err_fail(ERR_CONFLICT,
			"CSAF 2.0 3.2.1.12.7: a draft is for its author alone");
	}
	return fill(job->recording, csaf, job->release_at);
}

static void run(void *user)
{
	struct job *job = user;

	job->done = true;
	job->err = read_document(job);
	if (job->err != OK) {
		(void)snprintf(job->detail, sizeof(job->detail), "%s", err_detail());
	}
}

/* ---- back on the loop ---- */

static void on_recorded(void *user, uint64_t ref, enum err err, int64_t seq)
{
	struct call *call = call_at(user, ref);

	if (!call) {
		return;
	}
	if (err != OK) {
		call_fail(call, err);
		return;
	}
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_text(&w, "id", buf_contents(&call->keep));
	json_put_int(&w, "seq", seq);
	json_put_int(&w, "products_left_out", call->number);
	json_close(&w);
	call_answer(call, 201);
}

static enum err record(struct job *job, struct call *call)
{
	struct recording *r = job->recording;

	if (job->err != OK) {
		return err_fail(job->err, "%s", job->detail);
	}
	r->by_whom = text_dup(view_text(call->asker.name));
	r->registry = text_dup(reg_id_view(&call->registry->id));
	if (call->asker.who == WHO_PARTY) { /* it tells, whoever has published it */
		free(r->told_by);
		r->told_by = text_dup(view_text(call->asker.name));
	}
	if (!r->by_whom || !r->registry || !r->told_by) {
		return err_fail(ERR_MEMORY, "advisory: out of memory");
	}
	r->source = call->asker.who == WHO_PARTY ? POLICY_FROM_AGENCY : POLICY_FROM_ADVISORY;
	r->document = job->document;
	job->document = buf_growing(0);
	job->recording = NULL;
	buf_text(&call->keep, r->id);
	call->number = (int64_t)r->models.left_out;
	return recording_begin(call->registry->policing, r, on_recorded, call->registry, call->ref);
}

static void back(void *user)
{
	struct job *job = user;
	struct call *call = job->done ? call_at(job->registry, job->call) : NULL;

	if (call && !job->registry->policing->stopping) {
		enum err err = record(job, call);

		call = call_at(job->registry, job->call);
		if (call && err != OK) {
			call_fail(call, err);
		}
	}
	free_job(job);
}

static enum err new_job(struct call *call, struct job **ret)
{
	const struct view body = call->request->body;
	const size_t most = (size_t)call->registry->conf->advisory_size;
	struct job *job = calloc(1, sizeof(*job));

	if (!job) {
		return err_fail(ERR_MEMORY, "advisory: out of memory");
	}
	job->document = buf_growing(most);
	job->recording = calloc(1, sizeof(*job->recording));
	job->registry = call->registry;
	job->call = call->ref;
	job->most = most;
	job->release_at = -1;
	buf_view(&job->document, body);
	enum err err = call_query_number(call, "release_at", INT64_MAX, &job->release_at);

	err = err == OK ? buf_end(&job->document, "advisory") : err;
	err = err == OK && !job->recording ? err_fail(ERR_MEMORY, "advisory: out of memory") : err;
	if (err != OK) {
		free_job(job);
		return err;
	}
	*ret = job;
	return OK;
}

enum err advisory_import(struct call *call)
{
	struct job *job = NULL;

	if (call->asker.who == WHO_PARTY &&
		!(call->asker.roles & (PARTY_AGENCY | PARTY_MANUFACTURER))) {
		return err_fail(ERR_DENIED, "advisories come from agencies and manufacturers");
	}
	if (call->request->body.len == 0) {
		return err_fail(ERR_SYNTAX, "the body is no CSAF document");
	}
	TRY(new_job(call, &job));
	enum err err = worker_give(call->registry->policing->worker, run, back, job);

	if (err != OK) {
		free_job(job);
	}
	return err;
}
