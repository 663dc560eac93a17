// SPDX-License-Identifier: Apache-2.0
/* By make and model, those devices whose owners let this party find them.  req: R8 R9.3-ii-c */
#include "registry/enquiry/ask.h"

#include <string.h>

enum { TEXT_MAX = 256 };

static enum err add_rows(struct answering *a, const struct call *call,
	const struct store_result *result)
{
	for (size_t row = 0; row < result->steps[0].rows; row++) {
		struct known_device device;

		if (row == call->limit) {
			answer_more(a);
			return OK;
		}
		known_device_read(result, 0, row, &device);
		TRY(answer_add(a, &device, false));
	}
	return OK;
}

/* What was asked stands in call->keep. */
static enum err on_devices(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct answering *a = answer_begin(call, "make_model", buf_contents(&call->keep), -1);

	(void)first_seq;
	if (!a) {
		return err_fail(ERR_MEMORY, "enquiry: out of memory");
	}
	enum err err = add_rows(a, call, result);

	if (err != OK) {
		answer_drop(a);
		return err;
	}
	return answer_end(a, call);
}

static enum err read_word(const struct call *call, const char *name, struct buf *ret)
{
	return call_query_text(call, name, ret) == OK && ret->len > 0 && !ret->failed
		       ? OK
		       : err_fail(ERR_SYNTAX, "make and model are wanted");
}

enum err ask_make(struct call *call)
{
	BUF_CLEANUP struct buf make = buf_growing(TEXT_MAX), model = buf_growing(TEXT_MAX);
	BUF_CLEANUP struct buf after = buf_growing(TEXT_MAX);

	TRY(read_word(call, "make", &make));
	TRY(read_word(call, "model", &model));
	TRY(call_page(call, &after));
	if (call->limit > REGISTRY_ANSWER_DEVICES) {
		call->limit = REGISTRY_ANSWER_DEVICES;
	}
	buf_view(&call->keep, buf_contents(&make));
	buf_u8(&call->keep, ' ');
	buf_view(&call->keep, buf_contents(&model));
	const struct store_step step = {
		.statement = ASK_CONSENTED,
		.param_count = 6,
		.params = {STORE_TEXT_OF(view_text(call->asker.name)),
			STORE_INT_OF(registry_now(call->registry)),
			STORE_TEXT_OF(buf_contents(&make)), STORE_TEXT_OF(buf_contents(&model)),
			STORE_TEXT_OF(buf_contents(&after)), STORE_INT_OF((int64_t)call->limit + 1)},
	};

	return call_look(call, &step, 1, on_devices);
}
