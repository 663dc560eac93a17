// SPDX-License-Identifier: Apache-2.0
/* An owner's consent that a party may find a device by its make and model (8).  req: R8 R9.1-iii */
#include "registry/enquiry/ask.h"

#include <stdio.h>

enum { RECORD_MAX = 1024 };

static const struct call_fault faults[] = {
	{0, ERR_CONFLICT, ERR_NOT_FOUND, "no such party has enrolled"},
	{1, ERR_CONFLICT, ERR_NOT_FOUND, "no such device is yours, or no such consent"},
};

/* Of the party alone: whose the device is, the log does not say. */
static enum err write_record(struct view subject, struct view device, int64_t until, struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "subject", subject);
	json_put_text(&w, "may_find", device);
	json_put_int(&w, "until", until);
	json_close(&w);
	return buf_end(out, "record of a consent");
}

/* Administrators act for owners that have no key. */
static struct store_value owner_of(const struct call *call)
{
	return STORE_TEXT_OF(view_text(call->asker.who == WHO_PARTY ? call->asker.name : ""));
}

static enum err submit(struct call *call, const struct store_step *change, int64_t until)
{
	const struct view device = buf_contents(&call->segment);
	const struct view party = buf_contents(&call->segment2);
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX), subject = buf_growing(RECORD_MAX);
	const struct store_step steps[] = {
		{.statement = FIND_PARTY,
			.expect = STORE_ONE,
			.param_count = 1,
			.params = {STORE_TEXT_OF(party)}},
		*change,
	};

	if (call->asker.who == WHO_PARTY && !(call->asker.roles & PARTY_OWNER)) {
		return err_fail(ERR_DENIED, "consents are given by owners");
	}
	buf_text(&subject, PARTY_SUBJECT);
	buf_view(&subject, party);
	TRY(write_record(buf_contents(&subject), device, until, &record));
	const struct event event = {EVENT_ENQUIRER_CHANGED, buf_contents(&subject),
		buf_contents(&record)};

	call->status = 204;
	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, steps, 2, call_on_done);
}

enum err consent_set(struct call *call)
{
	int64_t until = 0;

	if (!call->body) {
		return err_fail(ERR_SYNTAX, "body: a JSON object is wanted");
	}
	TRY(json_int(call->body, "until", registry_now(call->registry), INT64_MAX, &until));
	const struct store_step step = {
		.statement = SET_CONSENT,
		.expect = STORE_ONE,
		.param_count = 4,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment2)),
			STORE_TEXT_OF(buf_contents(&call->segment)), STORE_INT_OF(until),
			owner_of(call)},
	};

	return submit(call, &step, until);
}

enum err consent_drop(struct call *call)
{
	const struct store_step step = {
		.statement = DROP_CONSENT,
		.expect = STORE_ONE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment2)),
			STORE_TEXT_OF(buf_contents(&call->segment)), owner_of(call)},
	};

	return submit(call, &step, 0);
}
