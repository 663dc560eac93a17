// SPDX-License-Identifier: Apache-2.0
/*
 * Vulnerabilities of one device as it is now, by its make, model and firmware or told of it alone, each with the rule of the
 * policy that hears it and since when; as far as the one who asks may know.  req: R9.3-ii-b R7-b
 */
#include "registry/devices/devices.h"
#include "registry/status/policing_inside.h"
#include "registry/status/vulnerability.h"
#include "registry/status/vulnerability_api.h"

enum { LOOK_DEVICE, LOOK_MODEL, LOOK_OWN, LOOKS };

/* Columns of MATCH_VULNERABILITIES and, up to RELEASE_AT, of MATCH_OWN_VULNERABILITIES, where the score follows. */
enum { ROW_ID, ROW_SOURCE, ROW_SEQ, ROW_AT, ROW_TLP, ROW_RELEASE_AT, ROW_PATTERN, ROW_ENTRIES };
#define ROW_SCORE ROW_PATTERN

struct shown {
	size_t look, row;
	int score; /* tenths; -1: not known */
	bool perhaps;
	const char *cve; /* "": none is named */
};

/* The weightiest whose grace is over, of equals the first. NULL: none. */
static const struct policy_rule *rule_of(const struct policing *p, enum policy_source source,
	int64_t at, const struct shown *shown)
{
	const struct policy *policy = &p->policy;
	const enum policy_condition condition =
		shown->perhaps ? POLICY_PERHAPS_VULNERABLE : POLICY_VULNERABLE;
	const struct policy_rule *best = NULL;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (rule->condition == condition && (rule->sources & source) &&
			csaf_severity_at(shown->score) >= rule->severity &&
			policing_now(p) >= at + rule->grace &&
			(!best || rule->weight > best->weight)) {
			best = rule;
		}
	}
	return best;
}

/* A device knows what it has told itself. */
static bool may_see(const struct call *call, const struct store_result *result,
	const struct shown *shown)
{
	const int64_t source = store_at(result, shown->look, shown->row, ROW_SOURCE).number;

	return (call->asker.who == WHO_DEVICE && source == POLICY_FROM_DEVICE) ||
	       vulnerability_may_see(
		       (enum csaf_tlp)store_at(result, shown->look, shown->row, ROW_TLP).number,
		       store_at(result, shown->look, shown->row, ROW_RELEASE_AT).number,
		       registry_now(call->registry), vulnerability_viewer(call));
}

static void put(struct call *call, struct json_writer *w, const struct store_result *result,
	int64_t registered_at, const struct shown *shown)
{
	const enum policy_source source =
		(enum policy_source)store_at(result, shown->look, shown->row, ROW_SOURCE).number;
	const int64_t at = store_at(result, shown->look, shown->row, ROW_AT).number;
	const struct policy_rule *rule = rule_of(call->registry->policing, source, at, shown);

	if (!may_see(call, result, shown)) {
		return;
	}
	json_open(w, NULL);
	json_put_text(w, "id", store_at(result, shown->look, shown->row, ROW_ID).bytes);
	json_put_string(w, "source", policy_source_name(source));
	if (shown->cve[0] != '\0') {
		json_put_string(w, "cve", shown->cve);
	}
	json_put_bool(w, "possible", shown->perhaps);
	if (shown->score >= 0) {
		json_put_int(w, "score", shown->score);
	}
	json_put_string(w, "severity", csaf_severity_name(csaf_severity_at(shown->score)));
	if (rule) {
		json_put_string(w, "rule", rule->name);
	}
	json_put_int(w, "since", at > registered_at ? at : registered_at);
	json_put_int(w, "seq", store_at(result, shown->look, shown->row, ROW_SEQ).number);
	json_close(w);
}

static enum err put_of_model(struct call *call, struct json_writer *w,
	const struct store_result *result, const struct device_entry *device)
{
	for (size_t row = 0; row < result->steps[LOOK_MODEL].rows; row++) {
		const struct view pattern = store_at(result, LOOK_MODEL, row, ROW_PATTERN).bytes;
		struct shown shown = {.look = LOOK_MODEL, .row = row};
		struct vulnerable_match match;

		if (pattern.len > 0 && !product_matches(pattern, device->model)) {
			continue;
		}
		TRY(vulnerable_entries_match(store_at(result, LOOK_MODEL, row, ROW_ENTRIES).bytes,
			device->firmware, &match));
		if (match.has != VULNERABLE_NOT) {
			shown.score = match.has;
			shown.cve = match.has_cve;
			put(call, w, result, device->registered_at, &shown);
		}
		if (match.perhaps != VULNERABLE_NOT && match.perhaps > match.has) {
			shown.score = match.perhaps;
			shown.cve = match.perhaps_cve;
			shown.perhaps = true;
			put(call, w, result, device->registered_at, &shown);
		}
	}
	return OK;
}

static enum err on_matched(struct call *call, const struct store_result *result, int64_t seq)
{
	struct json_writer w = json_to(&call->reply);
	struct device_entry device;

	(void)seq;
	if (result->steps[LOOK_DEVICE].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "no such device is registered");
	}
	device_read(result, LOOK_DEVICE, 0, &device);
	json_open(&w, NULL);
	json_put_text(&w, "device", device.id);
	json_put_string(&w, "trust", trust_name(device.trust));
	json_put_text(&w, "rule", device.rule);
	json_put_int(&w, "since", device.since);
	json_open_array(&w, "items");
	TRY(put_of_model(call, &w, result, &device));
	for (size_t row = 0; row < result->steps[LOOK_OWN].rows; row++) {
		const struct shown shown = {.look = LOOK_OWN,
			.row = row,
			.score = (int)store_at(result, LOOK_OWN, row, ROW_SCORE).number,
			.cve = ""};

		put(call, &w, result, device.registered_at, &shown);
	}
	json_close_array(&w);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

static enum err on_device(struct call *call, const struct store_result *result, int64_t seq)
{
	const struct store_value id = STORE_TEXT_OF(buf_contents(&call->segment));
	struct product_key make, model;
	struct device_entry device;

	(void)seq;
	if (call->asker.who == WHO_DEVICE) {
		TRY(device_own(call, result, &device));
	} else if (result->steps[0].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "no such device is registered");
	} else {
		device_read(result, 0, 0, &device);
	}
	product_make_key(device.make, &make);
	product_model_key(device.make, device.model, &model);
	const struct store_step steps[LOOKS] = {
		[LOOK_DEVICE] = {.statement = FIND_DEVICE, .param_count = 1, .params = {id}},
		[LOOK_MODEL] = {.statement = MATCH_VULNERABILITIES,
			.param_count = 2,
			.params = {STORE_TEXT_OF(view_text(make.text)),
				STORE_TEXT_OF(view_text(model.text))}},
		[LOOK_OWN] = {.statement = MATCH_OWN_VULNERABILITIES,
			.param_count = 1,
			.params = {id}},
	};

	return call_look(call, steps, LOOKS, on_matched);
}

enum err vulnerability_of_device(struct call *call)
{
	return device_look(call, on_device);
}
