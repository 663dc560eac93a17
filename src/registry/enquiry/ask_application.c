// SPDX-License-Identifier: Apache-2.0
/* Applications have a status as devices do, and are asked about as they are.  req: R6.1-b R9.3-ii-c */
#include "registry/enquiry/ask.h"

#include "core/ident.h"

/* Columns of FIND_APPLICATION: id, name, trust, since, rule, reason, seq. */
static enum err on_application(struct call *call, const struct store_result *result,
	int64_t first_seq)
{
	struct answering *a = answer_begin(call, "application", buf_contents(&call->segment), -1);

	(void)first_seq;
	if (!a) {
		return err_fail(ERR_MEMORY, "enquiry: out of memory");
	}
	if (result->steps[0].rows > 0) {
		const struct known_device application = {
			.id = store_at(result, 0, 0, 0).bytes,
			.registry = view_text(call->registry->conf->id),
			.trust = (int)store_at(result, 0, 0, 2).number,
			.since = store_at(result, 0, 0, 3).number,
			.rule = store_at(result, 0, 0, 4).bytes,
			.reason = store_at(result, 0, 0, 5).bytes,
			.seq = store_at(result, 0, 0, 6).number,
		};

		answer_add_application(a, &application);
	}
	return answer_end(a, call);
}

enum err ask_application(struct call *call)
{
	struct ident id;

	TRY(ident_parse(IDENT_APPLICATION, buf_contents(&call->segment), &id));
	const struct store_step step = {
		.statement = FIND_APPLICATION,
		.param_count = 1,
		.params = {STORE_TEXT_OF(ident_view(&id))},
	};

	return call_look(call, &step, 1, on_application);
}
