// SPDX-License-Identifier: Apache-2.0
/*
 * application: applications have a status as devices do: trusted, unverified or unreliable. One that is registered is unverified,
 * until an administrator decides, or a rule: whoever sets it says why, and each change is an event.
 *  req: R6.1-b
 */
#include "registry/owners/owners.h"

#include "base/text.h"
#include "core/trust.h"

enum { RECORD_MAX = 2048, APPLICATION_NAME_MAX = 256, REASON_MAX = 200, PRODUCT_TEXT = 128 };

struct decision {
	struct ident id;
	enum trust trust;
	struct view name, maker, product, version;
	char reason[REASON_MAX + 1];
};

static enum err read_decision(const struct call *call, struct decision *ret)
{
	static const char *const known[] = {"name", "trust", "reason", "maker", "product",
		"version", NULL};
	struct view trust = {0}, reason = {0};

	if (!call->body) {
		return err_fail(ERR_SYNTAX, "body: a JSON object is wanted");
	}
	TRY(json_only(call->body, known));
	TRY(ident_parse(IDENT_APPLICATION, buf_contents(&call->segment), &ret->id));
	TRY(json_text(call->body, "trust", &trust));
	TRY(trust_of(trust, &ret->trust));
	TRY(json_text(call->body, "reason", &reason));
	TRY(json_text_opt(call->body, "name", &ret->name));
	TRY(json_text_opt(call->body, "maker", &ret->maker));
	TRY(json_text_opt(call->body, "product", &ret->product));
	TRY(json_text_opt(call->body, "version", &ret->version));
	if (reason.len == 0 || reason.len > REASON_MAX || !text_is_utf8(reason)) {
		return err_fail(ERR_SYNTAX, "reason: a text of 1 to %d bytes", REASON_MAX);
	}
	TRY(text_copy(ret->reason, sizeof(ret->reason), reason, "reason"));
	if (ret->maker.len >= PRODUCT_TEXT || ret->product.len >= PRODUCT_TEXT ||
		ret->version.len >= PRODUCT_TEXT) {
		return err_fail(ERR_SYNTAX, "maker, product, version: texts of up to %d bytes",
			PRODUCT_TEXT - 1);
	}
	return ret->name.len <= APPLICATION_NAME_MAX && text_is_utf8(ret->name)
		       ? OK
		       : err_fail(ERR_SYNTAX, "name: a text of up to %d bytes",
				 APPLICATION_NAME_MAX);
}

void application_write_event(struct buf *out, struct view subject,
	const struct application_verdict *verdict, int64_t now)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "subject", subject);
	json_put_string(&w, "trust", trust_name(verdict->trust));
	json_put_string(&w, "rule", verdict->rule);
	json_put_string(&w, "reason", verdict->reason);
	if (verdict->cause > 0) {
		json_put_int(&w, "cause", verdict->cause);
	}
	json_put_int(&w, "at", now);
	json_close(&w);
}

static enum err on_set(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct json_writer w = json_to(&call->reply);

	(void)result;
	json_open(&w, NULL);
	json_put_int(&w, "seq", first_seq);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

enum err application_set(struct call *call)
{
	struct decision decision = {.trust = TRUST_UNVERIFIED};
	BUF_CLEANUP struct buf subject = buf_growing(IDENT_MAX + 16);
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);
	const int64_t now = registry_now(call->registry);

	TRY(read_decision(call, &decision));
	buf_text(&subject, APPLICATION_SUBJECT);
	buf_view(&subject, ident_view(&decision.id));
	const struct application_verdict verdict = {
		.trust = decision.trust,
		.rule = APPLICATION_DECIDED,
		.reason = decision.reason,
	};

	application_write_event(&record, buf_contents(&subject), &verdict, now);
	const struct store_step step = {
		.statement = SET_APPLICATION,
		.param_count = 9,
		.params = {STORE_TEXT_OF(ident_view(&decision.id)), STORE_TEXT_OF(decision.name),
			STORE_INT_OF(decision.trust), STORE_INT_OF(now),
			STORE_TEXT_OF(view_text(verdict.rule)),
			STORE_TEXT_OF(view_text(decision.reason)), STORE_TEXT_OF(decision.maker),
			STORE_TEXT_OF(decision.product), STORE_TEXT_OF(decision.version)},
	};
	const struct event event = {
		.kind = EVENT_APPLICATION_STATUS,
		.subject = buf_contents(&subject),
		.record = buf_contents(&record),
	};

	return call_submit(call, &event, 1, &step, 1, on_set);
}

static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row)
{
	(void)call;
	json_open(w, NULL);
	json_put_text(w, "id", store_at(result, 0, row, 0).bytes);
	json_put_text(w, "name", store_at(result, 0, row, 1).bytes);
	json_put_string(w, "trust", trust_name((enum trust)store_at(result, 0, row, 2).number));
	json_put_int(w, "since", store_at(result, 0, row, 3).number);
	json_put_text(w, "rule", store_at(result, 0, row, 4).bytes);
	json_put_text(w, "reason", store_at(result, 0, row, 5).bytes);
	json_put_int(w, "seq", store_at(result, 0, row, 6).number);
	json_close(w);
	return OK;
}

enum err application_show(struct call *call)
{
	struct ident id;

	TRY(ident_parse(IDENT_APPLICATION, buf_contents(&call->segment), &id));
	const struct store_step step = {
		.statement = FIND_APPLICATION,
		.param_count = 1,
		.params = {STORE_TEXT_OF(ident_view(&id))},
	};

	call->put = put;
	return call_look(call, &step, 1, call_on_item);
}

enum err application_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(IDENT_MAX);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_APPLICATIONS,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put;
	return call_look(call, &step, 1, call_on_list);
}
