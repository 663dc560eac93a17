// SPDX-License-Identifier: Apache-2.0
/*
 * virtual RegDevIDs (3.2.6): a device shows one in place of its own, for a period or for one transaction; only the registry
 * knows whose it is. The log tells of a virtual one by its digest alone.  req: R9.2-i-f
 */
#include "registry/devices/devices.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <string.h>

enum { DIGEST = 32, SECOND = 1000 };

/* What was asked for, in call->keep. */
struct alias {
	struct reg_dev_id id;
	int64_t until; /* milliseconds since 1970 */
	bool once;
};

/* Columns of LIST_VIRTUAL. */
enum { VIRTUAL_ID, VIRTUAL_ISSUED_AT, VIRTUAL_UNTIL, VIRTUAL_ONCE };

static void put_alias(struct json_writer *w, struct view id, int64_t until, bool once)
{
	char time[TEXT_TIME];

	text_time(until / SECOND, time);
	json_open(w, NULL);
	json_put_text(w, "id", id);
	json_put_string(w, "until", time);
	json_put_bool(w, "once", once);
	json_close(w);
}

static enum err write_record(struct view device, const struct alias *alias, struct view id,
	struct buf *record)
{
	struct json_writer w = json_to(record);
	uint8_t digest[DIGEST];
	char room[2 * DIGEST];
	struct buf text = buf_fixed(room, sizeof(room));

	if (EVP_Digest(id.data, id.len, digest, NULL, EVP_sha256(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "9.2 i f: SHA-256");
	}
	text_base64url(&text, VIEW(digest));
	json_open(&w, NULL);
	json_put_text(&w, "subject", device);
	json_put_text(&w, "digest", buf_contents(&text));
	if (alias) {
		json_put_int(&w, "until", alias->until);
		json_put_bool(&w, "once", alias->once);
	}
	json_close(&w);
	return buf_end(record, "9.2 i f: record");
}

enum err virtual_write_ended(struct view device, struct view id, struct buf *record)
{
	return write_record(device, NULL, id, record);
}

/* --- issue --- */

static enum err on_issued(struct call *call, const struct store_result *result, int64_t first_seq)
{
	const struct alias *alias = (const void *)call->keep.data;
	struct json_writer w = json_to(&call->reply);

	(void)result;
	(void)first_seq;
	put_alias(&w, reg_dev_id_view(&alias->id), alias->until, alias->once);
	call_answer(call, 201);
	return OK;
}

static enum err on_looked(struct call *call, const struct store_result *result, int64_t first_seq)
{
	static const struct call_fault faults[] = {{1, ERR_CONFLICT, ERR_CONFLICT,
		"9.2 i f: as many virtual RegDevIDs as a device may have; end one"}};
	const struct alias *alias = (const void *)call->keep.data;
	const struct registry_conf *conf = call->registry->conf;
	BUF_CLEANUP struct buf record = buf_growing(LEDGER_RECORD_MAX);
	const int64_t now = registry_now(call->registry);
	struct device_entry row;

	(void)first_seq;
	TRY(device_own(call, result, &row));
	if (row.confirmed_at == 0 || row.life == LIFE_RETIRED) {
		return err_fail(ERR_CONFLICT, "9.2 i f: a device that is in use may have them; "
					      "confirm first (det)");
	}
	TRY(device_may_log(call, row.id));
	TRY(write_record(row.id, alias, reg_dev_id_view(&alias->id), &record));
	const struct event event = {.kind = EVENT_VIRTUAL_ISSUED,
		.subject = row.id,
		.record = buf_contents(&record)};
	const struct store_step steps[] = {
		{.statement = DROP_OLD_VIRTUAL,
			.param_count = 2,
			.params = {STORE_TEXT_OF(row.id), STORE_INT_OF(now)}},
		{.statement = ADD_VIRTUAL,
			.expect = STORE_ONE,
			.param_count = 6,
			.params = {STORE_TEXT_OF(reg_dev_id_view(&alias->id)),
				STORE_TEXT_OF(row.id), STORE_INT_OF(now), STORE_INT_OF(alias->until),
				STORE_INT_OF(alias->once), STORE_INT_OF(conf->virtual_count)}},
	};

	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, steps, 2, on_issued);
}

static enum err read_until(const struct call *call, int64_t *ret)
{
	const struct registry_conf *conf = call->registry->conf;
	const int64_t now = registry_now(call->registry);
	struct view text = {0};
	int64_t seconds;

	*ret = now + conf->virtual_lifetime;
	TRY(json_text_opt(call->body, "until", &text));
	if (!text.data) {
		return OK;
	}
	TRY(text_from_time(text, &seconds, "until"));
	if (seconds * SECOND <= now || seconds * SECOND > now + conf->virtual_longest) {
		return err_fail(ERR_RANGE, "9.2 i f: until: a time to come, within %lld days",
			(long long)(conf->virtual_longest / 86400000));
	}
	*ret = seconds * SECOND;
	return OK;
}

enum err virtual_issue(struct call *call)
{
	static const char *const known[] = {"until", "once", NULL};
	const struct env *env = loop_env(call->registry->loop);
	uint8_t random[REG_VIRTUAL_SIZE];
	struct alias *alias = (void *)buf_extend(&call->keep, sizeof(*alias));

	if (!alias) {
		return err_fail(ERR_MEMORY, "out of memory");
	}
	memset(alias, 0, sizeof(*alias));
	if (call->body) {
		TRY(json_only(call->body, known));
		TRY(json_bool_opt(call->body, "once", &alias->once));
	}
	TRY(read_until(call, &alias->until));
	TRY(env->random(env, random, sizeof(random)));
	TRY(reg_dev_id_make_virtual(&call->registry->id, random, &alias->id));
	return device_look(call, on_looked);
}

/* --- list, end --- */

static enum err on_listed(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct json_writer w = json_to(&call->reply);
	struct device_entry row;

	(void)first_seq;
	TRY(device_own(call, result, &row));
	json_open(&w, NULL);
	json_open_array(&w, "items");
	for (size_t i = 0; i < result->steps[1].rows; i++) {
		put_alias(&w, store_at(result, 1, i, VIRTUAL_ID).bytes,
			store_at(result, 1, i, VIRTUAL_UNTIL).number,
			store_at(result, 1, i, VIRTUAL_ONCE).number != 0);
	}
	json_close_array(&w);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

enum err virtual_list(struct call *call)
{
	const struct view id = buf_contents(&call->segment);
	const struct store_step steps[] = {
		{.statement = FIND_DEVICE, .param_count = 1, .params = {STORE_TEXT_OF(id)}},
		{.statement = LIST_VIRTUAL,
			.param_count = 2,
			.params = {STORE_TEXT_OF(id), STORE_INT_OF(registry_now(call->registry))}},
	};

	return call_look(call, steps, 2, on_listed);
}

static enum err on_ended(struct call *call, const struct store_result *result, int64_t first_seq)
{
	(void)result;
	(void)first_seq;
	call_answer(call, 204);
	return OK;
}

static enum err on_owner(struct call *call, const struct store_result *result, int64_t first_seq)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "9.2 i f: no such virtual RegDevID of yours"}};
	const struct view id = buf_contents(&call->segment2);
	BUF_CLEANUP struct buf record = buf_growing(LEDGER_RECORD_MAX);
	struct device_entry row;

	(void)first_seq;
	TRY(device_own(call, result, &row));
	TRY(device_may_log(call, row.id));
	TRY(write_record(row.id, NULL, id, &record));
	const struct event event = {.kind = EVENT_VIRTUAL_ENDED,
		.subject = row.id,
		.record = buf_contents(&record)};
	const struct store_step step = {.statement = DROP_VIRTUAL,
		.expect = STORE_ONE,
		.param_count = 2,
		.params = {STORE_TEXT_OF(id), STORE_TEXT_OF(row.id)}};

	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, &step, 1, on_ended);
}

enum err virtual_end(struct call *call)
{
	return device_look(call, on_owner);
}
