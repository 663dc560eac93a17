// SPDX-License-Identifier: Apache-2.0
/*
 * erasure: what the log knows of a subject goes, on request: record and salt of each of its events, and with them what the policy
 * kept of the device. The leaves stay, and say no more without them; peers hear of it by the event, and do the same.
 *  req: R9.1-iii
 */
#include "registry/owners/owners.h"
#include "registry/status/policing.h"

enum { RECORD_MAX = 1024, ERASED_SUBJECT_MAX = 400 };

/* A device's history is what may name somebody; the rest of the log is everybody's matter. */
static enum err check_subject(struct view subject)
{
	struct reg_dev_id device;

	return subject.len <= ERASED_SUBJECT_MAX && reg_dev_id_parse(subject, &device) == OK
		       ? OK
		       : err_fail(ERR_SYNTAX, "subject: a RegDevID; owners are erased as owners");
}

enum err erasure_add(struct call *call)
{
	static const char *const known[] = {"subject", NULL};
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);
	struct json_writer w = json_to(&record);
	struct view subject;

	if (!call->body) {
		return err_fail(ERR_SYNTAX, "body: a JSON object is wanted");
	}
	TRY(json_only(call->body, known));
	TRY(json_text(call->body, "subject", &subject));
	TRY(check_subject(subject));
	json_open(&w, NULL);
	json_put_text(&w, "subject", subject);
	json_put_string(&w, "by", who_name(call->asker.who));
	json_close(&w);
	struct store_step steps[1 + POLICY_FORGETS] = {ledger_erase_step(subject)};

	policy_forget_device(subject, steps + 1);
	const struct event event = {
		.kind = EVENT_ERASED,
		.subject = subject,
		.record = buf_contents(&record),
	};

	call->status = 204;
	return call_submit(call, &event, 1, steps, 1 + POLICY_FORGETS, call_on_done);
}
