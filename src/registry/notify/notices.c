// SPDX-License-Identifier: Apache-2.0
/*
 * A notice of the staff to all whom a make and model concern: one event of the log, and so delivered as every other, to each
 * subscription that it fits and to owners of such devices.  req: R9.4-ii
 */
#include "registry/notify/api.h"
#include "registry/notify/inside.h"

#include "base/text.h"

enum { TITLE_MAX = 256, BODY_MAX = 2048, REFERENCE_MAX = 512, RECORD_MAX = 16 * 1024 };

static enum err put_text(struct json_writer *w, const struct json *body, const char *name,
	size_t max, bool wanted)
{
	struct view text = view_text("");

	TRY(json_text_opt(body, name, &text));
	if (text.len > max || (wanted && text.len == 0)) {
		return err_fail(ERR_RANGE, "notice: %s is a text of %s%zu bytes", name,
			wanted ? "1 to " : "at most ", max);
	}
	if (text.len > 0) {
		json_put_text(w, name, text);
	}
	return OK;
}

static enum err put_severity(struct json_writer *w, const struct json *body)
{
	struct view text = view_text("");
	enum severity severity;

	TRY(json_text_opt(body, "severity", &text));
	if (text.len > 0) {
		TRY(severity_of(text, &severity));
		json_put_string(w, "severity", severity_name(severity));
	}
	return OK;
}

static enum err write_record(const struct json *body, struct buf *out)
{
	static const char *const known[] = {"make", "model", "severity", "title", "text",
		"reference", NULL};
	struct json_writer w = json_to(out);

	TRY(json_only(body, known));
	if (json_member(body, "model") && !json_member(body, "make")) {
		return err_fail(ERR_SYNTAX, "notice: a model is one of a make");
	}
	json_open(&w, NULL);
	TRY(put_text(&w, body, "make", SUBSCRIPTION_TEXT, false));
	TRY(put_text(&w, body, "model", SUBSCRIPTION_TEXT, false));
	TRY(put_severity(&w, body));
	TRY(put_text(&w, body, "title", TITLE_MAX, true));
	TRY(put_text(&w, body, "text", BODY_MAX, false));
	TRY(put_text(&w, body, "reference", REFERENCE_MAX, false));
	json_close(&w);
	return buf_end(out, "notice");
}

static enum err on_sent(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct json_writer w = json_to(&call->reply);

	(void)result;
	json_open(&w, NULL);
	json_put_int(&w, "seq", first_seq);
	json_close(&w);
	call_answer(call, 202);
	return OK;
}

enum err notice_send(struct call *call)
{
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);

	TRY(write_record(call->body, &record));
	const struct event event = {
		.kind = EVENT_NOTICE,
		.record = buf_contents(&record),
	};

	return call_submit(call, &event, 1, NULL, 0, on_sent);
}
