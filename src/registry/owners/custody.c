// SPDX-License-Identifier: Apache-2.0
/*
 * custody: whose a device is. The device says so itself, over the token of its realm, and what the realm vouches for of the
 * subscriber is compared with it; or an administrator does. Once it has an owner, only a transfer moves it, or a
 * revocation ends it. Records in the log say that there is an owner, not who.  req: R9.2-i-d R6.3
 */
#include "registry/owners/owner.h"

#include "base/text.h"
#include "registry/owners/claims.h"

#include <string.h>

enum { RECORD_MAX = 1024, SEALED_MAX = OWNER_RECORD_MAX + SEAL_OVERHEAD };

static const struct call_fault exists_faults[] = {
	{0, ERR_EXISTS, ERR_EXISTS, "device: it has an owner: a transfer moves it to another"},
	{1, ERR_EXISTS, ERR_EXISTS, "key: another owner has it"},
};

/* Of the unit: what is asked of the device, and its custody. */
static enum err look(struct call *call, call_done *done)
{
	const struct store_value device = STORE_TEXT_OF(buf_contents(&call->segment));
	const struct store_step steps[] = {
		{.statement = FIND_DEVICE, .param_count = 1, .params = {device}},
		{.statement = FIND_CUSTODY, .param_count = 1, .params = {device}},
	};

	return call_look(call, steps, 2, done);
}

/* A device of this registry; its own, when a device asks. */
static enum err check_device(const struct call *call, const struct store_result *result)
{
	const struct view id = reg_id_view(&call->registry->id);
	const bool ours = result->steps[0].rows > 0 &&
			  view_equal(store_at(result, 0, 0, DEVICE_REGISTRY).bytes, id);
	const bool may = call->asker.who != WHO_DEVICE ||
			 view_is(store_at(result, 0, 0, DEVICE_PROVED_BY).bytes, call->asker.name);

	return ours && may ? OK : err_fail(ERR_NOT_FOUND, "no such device is registered");
}

static void write_event(struct buf *out, struct view device, const char *what, bool verified,
	const char *by)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "subject", device);
	json_put_string(&w, "owner", what);
	json_put_bool(&w, "verified", verified);
	json_put_string(&w, "by", by);
	json_close(&w);
}

static struct store_step set_step(const struct call *call, struct view owner)
{
	return (struct store_step){
		.statement = SET_CUSTODY,
		.param_count = 3,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment)), STORE_TEXT_OF(owner),
			STORE_INT_OF(registry_now(call->registry))},
	};
}

static enum err submit_set(struct call *call, const struct store_step *steps, size_t count,
	bool verified)
{
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);

	write_event(&record, buf_contents(&call->segment), "set", verified,
		who_name(call->asker.who));
	const struct event event = {
		.kind = EVENT_OWNER_SET,
		.subject = buf_contents(&call->segment),
		.record = buf_contents(&record),
	};

	CALL_FAULTS(call, exists_faults);
	return call_submit(call, &event, 1, steps, count, call_on_done);
}

static void answer_with(struct call *call, const char *owner, bool verified)
{
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_string(&w, "owner", owner);
	json_put_bool(&w, "verified", verified);
	json_close(&w);
}

/* ---- an owner that is known ---- */

/* A device may name one whom its realm vouches for: the name in his record is the subscriber's. */
static enum err check_same_person(const struct call *call, const struct store_result *result,
	const char *id)
{
	OWNER_RECORD_CLEANUP struct owner_record record;
	JSON_CLEANUP struct json *granted = NULL;
	struct view realm;

	TRY(owner_open(call->registry, id, store_at(result, 0, 0, 1).bytes, &record));
	TRY(claims_of_asker(call, &granted, &realm));
	TRY(owner_record_verify(&record, granted, realm, registry_now(call->registry) / 1000));
	return owner_is_verified(&record)
		       ? OK
		       : err_fail(ERR_DENIED, "owner: the device's realm does not vouch for it");
}

static enum err on_owner_found(struct call *call, const struct store_result *result,
	int64_t first_seq)
{
	const bool verified = store_at(result, 0, 0, 2).number != 0;
	char id[OWNER_ID];

	(void)first_seq;
	if (result->steps[0].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "no such owner is registered");
	}
	TRY(text_copy(id, sizeof(id), store_at(result, 0, 0, 0).bytes, "owner"));
	if (call->asker.who == WHO_DEVICE) {
		TRY(check_same_person(call, result, id));
	}
	if (call->registry->conf->ownership_verified && !verified) {
		return err_fail(ERR_DENIED, "owner: none whose name a realm vouches for");
	}
	const struct store_step step = set_step(call, view_text(id));

	answer_with(call, id, verified);
	return submit_set(call, &step, 1, verified);
}

static enum err set_known(struct call *call, struct view id)
{
	const struct store_step step = {
		.statement = FIND_OWNER,
		.param_count = 1,
		.params = {STORE_TEXT_OF(id)},
	};

	return call_look(call, &step, 1, on_owner_found);
}

/* ---- one that the device tells of ---- */

/* req: R9.2-i-d */
static enum err verify(const struct call *call, struct owner_record *record)
{
	JSON_CLEANUP struct json *granted = NULL;
	struct view realm;

	TRY(claims_of_asker(call, &granted, &realm));
	TRY(owner_record_verify(record, granted, realm, registry_now(call->registry) / 1000));
	return !call->registry->conf->ownership_verified || owner_is_verified(record)
		       ? OK
		       : err_fail(ERR_DENIED, "owner: the device's realm vouches for no name");
}

static enum err set_told(struct call *call, const struct json *body)
{
	static const char *const known[] = {"kind", "claims", "key", NULL};
	struct owner_new owner __attribute__((cleanup(owner_new_wipe))) = {.id = ""};
	BUF_CLEANUP struct buf sealed = buf_growing(SEALED_MAX);
	struct store_step steps[2];

	TRY(json_only(body, known));
	TRY(owner_make_id(call->registry, owner.id));
	TRY(owner_read(body, &owner.record, &owner.key));
	TRY(verify(call, &owner.record));
	steps[0] = set_step(call, view_text(owner.id));
	TRY(owner_add_step(call->registry, &owner, &sealed, &steps[1]));
	const bool verified = owner_is_verified(&owner.record);

	answer_with(call, owner.id, verified);
	return submit_set(call, steps, 2, verified);
}

static enum err on_device_found(struct call *call, const struct store_result *result,
	int64_t first_seq)
{
	JSON_CLEANUP struct json *body = NULL;
	struct view owner = {0};

	(void)first_seq;
	TRY(check_device(call, result));
	if (result->steps[1].rows > 0) {
		return err_fail(ERR_EXISTS,
			"device: it has an owner: a transfer moves it to another");
	}
	TRY(json_parse(call->request->body, OWNER_RECORD_MAX, &body));
	TRY(json_text_opt(body, "owner", &owner));
	if (owner.data) {
		return set_known(call, owner);
	}
	return call->asker.who == WHO_DEVICE
		       ? set_told(call, body)
		       : err_fail(ERR_SYNTAX, "owner: the id of one that is registered");
}

enum err custody_set(struct call *call)
{
	if (!call->body) {
		return err_fail(ERR_SYNTAX, "body: a JSON object is wanted");
	}
	if (call->asker.who == WHO_DEVICE && !call->registry->conf->ownership_by_device) {
		return err_fail(ERR_DENIED, "owners are set by administrators");
	}
	return look(call, on_device_found);
}

/* ---- shown, revoked ---- */

/* For administrators, its owner, and the device itself. */
static enum err check_custody(const struct call *call, const struct store_result *result)
{
	TRY(check_device(call, result));
	if (result->steps[1].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "device: it has no owner");
	}
	return call->asker.who != WHO_PARTY ||
			       view_is(store_at(result, 1, 0, 2).bytes, call->asker.name)
		       ? OK
		       : err_fail(ERR_NOT_FOUND, "no such device is registered");
}

static enum err on_shown(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct json_writer w = json_to(&call->reply);

	(void)first_seq;
	TRY(check_custody(call, result));
	json_open(&w, NULL);
	json_put_text(&w, "owner", store_at(result, 1, 0, 0).bytes);
	json_put_int(&w, "since", store_at(result, 1, 0, 1).number);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

enum err custody_show(struct call *call)
{
	return look(call, on_shown);
}

static enum err on_found_to_revoke(struct call *call, const struct store_result *result,
	int64_t first_seq)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT, "device: it went to another owner meanwhile"},
	};
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);

	(void)first_seq;
	TRY(check_custody(call, result));
	const struct view device = buf_contents(&call->segment);
	const struct store_step steps[] = {
		{
			.statement = DROP_CUSTODY,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {STORE_TEXT_OF(device),
				STORE_TEXT_OF(store_at(result, 1, 0, 0).bytes)},
		},
		{
			.statement = DROP_OTHER_OFFERS,
			.param_count = 2,
			.params = {STORE_TEXT_OF(device), STORE_TEXT_OF(view_text(""))},
		},
	};
	write_event(&record, device, "revoked", false,
		call->asker.who == WHO_PARTY ? "owner" : who_name(call->asker.who));
	const struct event event = {
		.kind = EVENT_OWNER_SET,
		.subject = device,
		.record = buf_contents(&record),
	};

	call->status = 204;
	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, steps, 2, call_on_done);
}

/* req: R6.3 */
enum err custody_revoke(struct call *call)
{
	enum { BY_ADMINISTRATOR, BY_BOTH };

	if (call->asker.who == WHO_PARTY &&
		call->registry->conf->ownership_revoked_by == BY_ADMINISTRATOR) {
		return err_fail(ERR_DENIED, "ownership is revoked by administrators");
	}
	return look(call, on_found_to_revoke);
}
