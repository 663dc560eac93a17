// SPDX-License-Identifier: Apache-2.0
/*
 * lifecycle: devices are lost, stolen, found and retired: their owners say so, administrators, agencies, and manufacturers of
 * their own makes, as far as policy lets them. What it means for a device's status is the policy's matter, which
 * hears of it by the event. One that is retired registers no more, unless an administrator lets it.
 *  req: R7-a R6.3
 */
#include "registry/owners/owners.h"

#include "base/text.h"
#include "core/trust.h"
#include "registry/enquiry/party.h"

#include <string.h>

enum { RECORD_MAX = 2048, REASON_MAX = 200 };

#define LIFE(life) (1U << (life))

/* Who may say it, beside administrators. */
enum teller { OWNER = 1, MANUFACTURER = 2, AGENCY = 4 };

static const struct change {
	const char *word;
	unsigned from;
	enum lifecycle to;
	unsigned tellers;
} changes[] = {
	{"lost", LIFE(LIFE_REGISTERED) | LIFE(LIFE_ACTIVE), LIFE_LOST, OWNER | AGENCY},
	{"stolen", LIFE(LIFE_REGISTERED) | LIFE(LIFE_ACTIVE) | LIFE(LIFE_LOST), LIFE_STOLEN,
		OWNER | AGENCY},
	{"found", LIFE(LIFE_LOST) | LIFE(LIFE_STOLEN), LIFE_ACTIVE, OWNER | AGENCY},
	{"retired", LIFE(LIFE_REGISTERED) | LIFE(LIFE_ACTIVE) | LIFE(LIFE_LOST) | LIFE(LIFE_STOLEN),
		LIFE_RETIRED, OWNER | MANUFACTURER},
	{"reinstated", LIFE(LIFE_RETIRED), LIFE_REGISTERED, 0},
};
enum { CHANGES = sizeof(changes) / sizeof(changes[0]) };

static enum err read_change(const struct json *body, const struct change **ret, struct view *ret_why)
{
	static const char *const known[] = {"change", "reason", NULL};
	struct view word;

	TRY(json_only(body, known));
	TRY(json_text(body, "change", &word));
	TRY(json_text_opt(body, "reason", ret_why));
	if (ret_why->len > REASON_MAX || !text_is_utf8(*ret_why)) {
		return err_fail(ERR_SYNTAX, "reason: a text of up to %d bytes", REASON_MAX);
	}
	for (size_t i = 0; i < CHANGES; i++) {
		if (view_is(word, changes[i].word)) {
			*ret = &changes[i];
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "change: lost, stolen, found, retired and reinstated are");
}

/* As what a party speaks of this device; NULL: as nobody. */
static const char *role_of(const struct call *call, const struct store_result *result,
	unsigned *ret_teller)
{
	const struct registry *registry = call->registry;
	const struct manufacturer *m;

	if (result->steps[1].rows > 0 &&
		view_is(store_at(result, 1, 0, 2).bytes, call->asker.name)) {
		*ret_teller = OWNER;
		return "owner";
	}
	if ((call->asker.roles & PARTY_AGENCY) && registry->conf->lifecycle_by_agency) {
		*ret_teller = AGENCY;
		return "agency";
	}
	if (registry->conf->lifecycle_by_manufacturer && manufacturer_asking(call, &m) == OK &&
		manufacturer_makes(m, store_at(result, 0, 0, DEVICE_MAKE).bytes)) {
		*ret_teller = MANUFACTURER;
		return "manufacturer";
	}
	return NULL;
}

static enum err find_teller(const struct call *call, const struct store_result *result,
	const struct change *change, const char **ret_by)
{
	unsigned teller = 0;

	*ret_by = "administrator";
	if (call->asker.who == WHO_ADMIN) {
		return OK;
	}
	*ret_by = role_of(call, result, &teller);
	if (!*ret_by) {
		return err_fail(ERR_NOT_FOUND, "no such device is registered");
	}
	return change->tellers & teller
		       ? OK
		       : err_fail(ERR_DENIED, "change: not for a device's %s to say", *ret_by);
}

static enum err check_device(const struct call *call, const struct store_result *result,
	const struct change *change)
{
	if (result->steps[0].rows == 0 || !view_equal(store_at(result, 0, 0, DEVICE_REGISTRY).bytes,
						  reg_id_view(&call->registry->id))) {
		return err_fail(ERR_NOT_FOUND, "no such device is registered");
	}
	const int64_t life = store_at(result, 0, 0, DEVICE_LIFE).number;

	return life >= 0 && life < LIFE_COUNT && (change->from & LIFE(life))
		       ? OK
		       : err_fail(ERR_CONFLICT, "change: the device is %s",
				 lifecycle_name((enum lifecycle)life));
}

/* A device that was found is what it was before: confirmed, or not yet. */
static enum lifecycle next_life(const struct store_result *result, const struct change *change)
{
	const bool confirmed = store_at(result, 0, 0, DEVICE_CONFIRMED_AT).type != STORE_NULL;

	return change->to == LIFE_ACTIVE && !confirmed ? LIFE_REGISTERED : change->to;
}

static void write_event(struct buf *out, const struct store_result *result, enum lifecycle next,
	const char *by, struct view reason)
{
	const int64_t was = store_at(result, 0, 0, DEVICE_LIFE).number;
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "subject", store_at(result, 0, 0, DEVICE_ID).bytes);
	json_put_string(&w, "lifecycle", lifecycle_name(next));
	json_put_string(&w, "was", lifecycle_name((enum lifecycle)was));
	json_put_text(&w, "make", store_at(result, 0, 0, DEVICE_MAKE).bytes);
	json_put_text(&w, "model", store_at(result, 0, 0, DEVICE_MODEL).bytes);
	json_put_string(&w, "by", by);
	if (reason.len > 0) {
		json_put_text(&w, "reason", reason);
	}
	json_close(&w);
}

static enum err submit(struct call *call, const struct store_result *result, enum lifecycle next,
	const char *by, struct view reason)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT, "device: it was changed meanwhile"},
	};
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);
	const struct store_value device = store_at(result, 0, 0, DEVICE_ID);
	struct json_writer w = json_to(&call->reply);
	const struct store_step step = {
		.statement = SET_LIFE,
		.expect = STORE_ONE,
		.param_count = 3,
		.params = {device, store_at(result, 0, 0, DEVICE_LIFE), STORE_INT_OF(next)},
	};

	write_event(&record, result, next, by, reason);
	const struct event event = {
		.kind = EVENT_LIFECYCLE_CHANGED,
		.subject = device.bytes,
		.record = buf_contents(&record),
	};

	json_open(&w, NULL);
	json_put_text(&w, "device", device.bytes);
	json_put_string(&w, "lifecycle", lifecycle_name(next));
	json_close(&w);
	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, &step, 1, call_on_done);
}

static enum err on_found(struct call *call, const struct store_result *result, int64_t first_seq)
{
	JSON_CLEANUP struct json *body = NULL;
	const struct change *change;
	struct view reason = {0};
	const char *by;

	(void)first_seq;
	TRY(json_parse(call->request->body, RECORD_MAX, &body));
	TRY(read_change(body, &change, &reason));
	if (result->steps[0].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "no such device is registered");
	}
	TRY(find_teller(call, result, change, &by));
	TRY(check_device(call, result, change));
	/* What a party writes might name persons, and the log names none. */
	return submit(call, result, next_life(result, change), by,
		call->asker.who == WHO_ADMIN ? reason : (struct view){0});
}

enum err lifecycle_change(struct call *call)
{
	const struct store_value device = STORE_TEXT_OF(buf_contents(&call->segment));
	const struct store_step steps[] = {
		{.statement = FIND_DEVICE, .param_count = 1, .params = {device}},
		{.statement = FIND_CUSTODY, .param_count = 1, .params = {device}},
	};
	const struct change *change;
	struct view reason = {0};

	if (!call->body) {
		return err_fail(ERR_SYNTAX, "body: a JSON object is wanted");
	}
	TRY(read_change(call->body, &change, &reason));
	return call_look(call, steps, 2, on_found);
}
