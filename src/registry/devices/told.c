// SPDX-License-Identifier: Apache-2.0
/*
 * told: vulnerabilities that a device tells of in its report. They are of that device alone, whatever it says, and become
 * evidence from the source `device` in one commit with the report. Names in the log are drawn at random: whose they are stands
 * in device_vulnerability, and goes with the device.  req: R9.3-ii-b
 */
#include "registry/devices/devices.h"

#include "base/text.h"
#include "registry/schema.h"
#include "wire/policy.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 16 };
#define TOLD "told:"

/* Columns of LIST_TOLD_OF_ITSELF. */
enum { KNOWN_ID, KNOWN_SCORE, KNOWN_REVISION, KNOWN_STATE };

struct known {
	struct view id;
	int64_t score, revision;
	bool open;
};

/* "told:RANDOM:ID" */
static bool find_known(const struct store_result *result, const char *id, struct known *ret)
{
	for (size_t row = 0; row < result->steps[1].rows; row++) {
		const struct view name = store_at(result, 1, row, KNOWN_ID).bytes;
		const uint8_t *colon = name.len > sizeof(TOLD)
					       ? memchr(name.data + sizeof(TOLD) - 1, ':',
							 name.len - (sizeof(TOLD) - 1))
					       : NULL;
		const size_t at = colon ? (size_t)(colon + 1 - name.data) : name.len;

		if (view_is(view_of(name.data + at, name.len - at), id)) {
			*ret = (struct known){
				.id = name,
				.score = store_at(result, 1, row, KNOWN_SCORE).number,
				.revision = store_at(result, 1, row, KNOWN_REVISION).number,
				.open = store_at(result, 1, row, KNOWN_STATE).number == 0,
			};
			return true;
		}
	}
	*ret = (struct known){.revision = 0};
	return false;
}

static enum err name_it(const struct call *call, const struct known *known, const char *id,
	char ret[TOLD_NAME])
{
	const struct env *env = loop_env(call->registry->loop);
	struct buf name = buf_fixed(ret, TOLD_NAME);
	uint8_t random[NAME_SIZE];

	if (known->revision > 0) {
		return text_copy(ret, TOLD_NAME, known->id, "9.3 ii b: vulnerability");
	}
	TRY(env->random(env, random, sizeof(random)));
	buf_text(&name, TOLD);
	text_base64url(&name, VIEW(random));
	buf_text(&name, ":");
	buf_text(&name, id);
	buf_u8(&name, '\0');
	return buf_end(&name, "9.3 ii b: vulnerability");
}

static enum err write_record(const struct told_vulnerability *item, const char *name,
	const char *version, int64_t now, struct buf *record)
{
	const int score = told_vulnerability_score(item->severity);

	*record = buf_growing(LEDGER_RECORD_MAX);
	struct json_writer w = json_to(record);

	json_open(&w, NULL);
	json_put_string(&w, "subject", name);
	json_put_string(&w, "source", policy_source_name(POLICY_FROM_DEVICE));
	json_put_string(&w, "told_by", "");
	json_put_string(&w, "title", item->summary);
	json_put_string(&w, "version", version);
	json_put_string(&w, "tlp", csaf_tlp_name(CSAF_TLP_AMBER));
	json_put_int(&w, "release_at", now);
	json_put_int(&w, "at", now);
	if (score >= 0) {
		json_put_int(&w, "score", score);
	}
	json_put_string(&w, "severity", csaf_severity_name(item->severity));
	json_put_int(&w, "part", 1);
	json_open_array(&w, "models");
	json_close_array(&w);
	json_put_bool(&w, "more", false);
	json_close(&w);
	return buf_end(record, "9.3 ii b: vulnerability");
}

static void add_steps(const struct call *call, struct view device,
	const struct told_vulnerability *item, int64_t revision, struct told_unit *unit)
{
	const struct store_value name = STORE_TEXT_OF(view_text(unit->ids[unit->count]));
	const int64_t now = registry_now(call->registry);
	const int64_t score = told_vulnerability_score(item->severity);
	struct store_step *steps = &unit->steps[2 * unit->count];

	steps[0] = (struct store_step){
		.statement = SET_VULNERABILITY,
		.expect = STORE_ONE,
		.param_count = 15,
		.params = {name, STORE_INT_OF(POLICY_FROM_DEVICE), STORE_TEXT_OF(view_text("")),
			STORE_TEXT_OF(reg_id_view(&call->registry->id)),
			STORE_TEXT_OF(view_text(unit->versions[unit->count])),
			STORE_TEXT_OF(view_text(item->summary)), STORE_INT_OF(CSAF_TLP_AMBER),
			STORE_INT_OF(score), STORE_INT_OF(now), STORE_INT_OF(1),
			STORE_INT_OF(revision), STORE_INT_OF(now), STORE_NULL_OF(),
			STORE_INT_OF(revision - 1), STORE_NULL_OF()},
	};
	steps[1] = (struct store_step){
		.statement = SET_DEVICE_VULNERABILITY,
		.param_count = 3,
		.params = {STORE_TEXT_OF(device), name, STORE_INT_OF(score)},
	};
}

static enum err add(const struct call *call, struct view device,
	const struct told_vulnerability *item, const struct known *known, struct told_unit *unit)
{
	const size_t i = unit->count;

	TRY(device_may_log(call, device));
	TRY(name_it(call, known, item->id, unit->ids[i]));
	(void)snprintf(unit->versions[i], TOLD_VERSION, "%lld", (long long)(known->revision + 1));
	TRY(write_record(item, unit->ids[i], unit->versions[i], registry_now(call->registry),
		&unit->records[i]));
	add_steps(call, device, item, known->revision + 1, unit);
	unit->events[i] = (struct event){
		.kind = EVENT_VULNERABILITY_RECORDED,
		.subject = view_text(unit->ids[i]),
		.record = buf_contents(&unit->records[i]),
	};
	unit->count++;
	return OK;
}

enum err device_told_fill(const struct call *call, const struct store_result *result,
	struct view device, const struct told_vulnerabilities *told, struct told_unit *ret)
{
	const int64_t most = call->registry->conf->device_vulnerabilities;
	int64_t there = told->count > 0 ? (int64_t)result->steps[1].rows : 0;
	struct known known;

	for (size_t i = 0; i < told->count; i++) {
		const struct told_vulnerability *item = &told->items[i];
		const bool is_known = find_known(result, item->id, &known);

		if (is_known &&
			(!known.open || known.score == told_vulnerability_score(item->severity))) {
			continue;
		}
		if (!is_known && ++there > most) {
			return err_fail(ERR_RANGE,
				"9.3 ii b: vulnerabilities: as many as a device may tell of");
		}
		TRY(add(call, device, item, &known, ret));
	}
	return OK;
}

void device_told_free(struct told_unit *unit)
{
	for (size_t i = 0; i < TOLD_VULNERABILITIES; i++) {
		buf_free(&unit->records[i]);
	}
}
