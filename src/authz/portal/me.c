// SPDX-License-Identifier: Apache-2.0
/*
 * me: what the realm knows of who asks; of a subscriber the verified data, the devices and what they may use (10.3/1), and
 * that no other role sees in one place.  req: B7.3 B7.1-e B7.1-f
 */
#include "authz/extension/grants.h"
#include "authz/registration/registration.h"
#include "base/text.h"

enum { STEP_WHO, STEP_DEVICES, STEP_GRANTS, STEPS };

static void put_person(struct json_writer *w, const struct person *person)
{
	char time[TEXT_TIME];

	json_put_text(w, "name", person->name);
	if (person->claims) {
		json_put_value(w, "claims", person->claims);
	}
	if (person->verified > 0) {
		text_time(person->verified, time);
		json_put_string(w, "verified", time);
	}
}

static void put_devices(struct json_writer *w, const struct store_result *result)
{
	json_open_array(w, "devices");
	for (size_t row = 0; row < result->steps[STEP_DEVICES].rows; row++) {
		char time[TEXT_TIME];

		json_open(w, NULL);
		json_put_text(w, "client", store_at(result, STEP_DEVICES, row, 0).bytes);
		if (store_at(result, STEP_DEVICES, row, 1).type != STORE_NULL) {
			json_put_text(w, "device", store_at(result, STEP_DEVICES, row, 1).bytes);
		}
		text_time(store_at(result, STEP_DEVICES, row, 2).number, time);
		json_put_string(w, "created", time);
		json_close(w);
	}
	json_close_array(w);
}

static enum err put_grants(struct call *call, struct json_writer *w,
	const struct store_result *result)
{
	const struct store_result of_step = {.err = OK,
		.steps = &result->steps[STEP_GRANTS],
		.step_count = 1};

	json_open_array(w, "grants");
	for (size_t row = 0; row < of_step.steps[0].rows; row++) {
		TRY(grant_put(call, w, &of_step, row, 1));
	}
	json_close_array(w);
	return OK;
}

static enum err on_found(struct call *call, const struct store_result *result)
{
	JSON_CLEANUP struct json *record = NULL;
	struct json_writer w = json_to(&call->reply);
	struct person person;

	if (result->steps[STEP_WHO].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "no such thing: you are not registered any more");
	}
	TRY(subscriber_open_record(call->authz, view_text(call->asker.subscriber),
		store_at(result, STEP_WHO, 0, 2).bytes, &record, &person));
	json_open(&w, NULL);
	json_put_string(&w, "role", who_name(call->asker.who));
	json_put_string(&w, "by", call->asker.by);
	json_put_text(&w, "verification", store_at(result, STEP_WHO, 0, 1).bytes);
	put_person(&w, &person);
	put_devices(&w, result);
	TRY(put_grants(call, &w, result));
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

static enum err show_role(struct call *call)
{
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_string(&w, "role", who_name(call->asker.who));
	json_put_string(&w, "by", call->asker.by);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

enum err me_show(struct call *call)
{
	const struct store_value who = STORE_TEXT_OF(view_text(call->asker.subscriber));
	const struct store_step steps[STEPS] = {
		[STEP_WHO] = {.statement = FIND_SUBSCRIBER, .param_count = 1, .params = {who}},
		[STEP_DEVICES] = {.statement = LIST_OWN_DEVICES, .param_count = 1, .params = {who}},
		[STEP_GRANTS] = {.statement = LIST_GRANTS_OF_SUBSCRIBER,
			.param_count = 3,
			.params = {who, STORE_TEXT_OF(view_text("")), STORE_INT_OF(CALL_LIMIT_MAX)}},
	};

	return call->asker.who == WHO_SUBSCRIBER ? call_submit(call, steps, STEPS, on_found)
						 : show_role(call);
}
