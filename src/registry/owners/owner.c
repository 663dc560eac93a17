// SPDX-License-Identifier: Apache-2.0
/*
 * owner: owners and custodians, as administrators register and erase them, and as they see and correct what is kept of them
 * themselves: nobody else sees it. The log says that there is one under a random name, and no more.
 *  req: R9.2-i-d R9.1-iii R7-a
 */
#include "registry/owners/owner.h"

#include "base/text.h"
#include "registry/enquiry/party.h"
#include "registry/ledger/queries.h"

#include <stdio.h>
#include <string.h>

enum { RECORD_MAX = 512, SEALED_MAX = OWNER_RECORD_MAX + SEAL_OVERHEAD };

/* ---- what is sent ---- */

enum err owner_read_key(const struct json *body, struct owner_key *ret)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	struct buf bytes = buf_fixed(ret->bytes, sizeof(ret->bytes));
	const struct json *jwk = json_member(body, "key");

	*ret = (struct owner_key){.len = 0};
	if (!jwk) {
		return OK;
	}
	TRY(jose_key_from_jwk(jwk, &key));
	TRY(jose_thumbprint(key, ret->party));
	TRY(jose_key_public(key, &bytes));
	ret->len = bytes.len;
	return buf_end(&bytes, "key");
}

enum err owner_read(const struct json *body, struct owner_record *record, struct owner_key *ret_key)
{
	struct view kind = {0};

	TRY(json_text_opt(body, "kind", &kind));
	if (kind.data) {
		TRY(owner_kind_of(kind, &record->kind));
	}
	if (!json_is_object(json_member(body, "claims"))) {
		return err_fail(ERR_SYNTAX, "claims: an object is wanted");
	}
	TRY(owner_record_set(record, json_member(body, "claims")));
	return owner_read_key(body, ret_key);
}

struct view owner_subject(const char *id, char room[OWNER_SUBJECT_MAX])
{
	(void)snprintf(room, OWNER_SUBJECT_MAX, OWNER_SUBJECT "%s", id);
	return view_text(room);
}

void owner_write_event(struct buf *out, struct view subject, const char *what, const char *by)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "subject", subject);
	json_put_string(&w, "owner", what);
	json_put_string(&w, "by", by);
	json_close(&w);
}

bool owner_is_verified(const struct owner_record *record)
{
	return words_has(&record->verified, view_text("name"));
}

enum err owner_add_step(const struct registry *registry, const struct owner_new *owner,
	struct buf *sealed, struct store_step *ret)
{
	TRY(owner_seal(registry, owner->id, &owner->record, sealed));
	*ret = (struct store_step){
		.statement = ADD_OWNER,
		.param_count = 7,
		.params = {STORE_TEXT_OF(view_text(owner->id)),
			STORE_TEXT_OF(view_text(owner->reference)),
			STORE_BLOB_OF(buf_contents(sealed)),
			STORE_INT_OF(owner_is_verified(&owner->record)),
			owner->key.len > 0 ? STORE_BLOB_OF(view_of(owner->key.bytes, owner->key.len))
					   : STORE_NULL_OF(),
			STORE_TEXT_OF(view_text(owner->key.party)),
			STORE_INT_OF(registry_now(registry))},
	};
	return OK;
}

/* ---- registered ---- */

static enum err read_new(struct call *call, struct owner_new *ret)
{
	static const char *const known[] = {"owner", "kind", "claims", "key", NULL};
	struct view reference = {0};
	char text[PARTY_ID_MAX + 1] = "";

	if (!call->body) {
		return err_fail(ERR_SYNTAX, "body: a JSON object is wanted");
	}
	TRY(json_only(call->body, known));
	TRY(json_text_opt(call->body, "owner", &reference));
	if (reference.data) {
		TRY(party_id_check(reference, "owner"));
		TRY(text_copy(text, sizeof(text), reference, "owner"));
	}
	TRY(owner_hash_reference(call->registry, text, ret->reference));
	TRY(owner_make_id(call->registry, ret->id));
	return owner_read(call->body, &ret->record, &ret->key);
}

enum err owner_add(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_EXISTS, ERR_EXISTS, "owner: there is one of this name, or with this key"},
	};
	struct owner_new owner __attribute__((cleanup(owner_new_wipe))) = {.id = ""};
	BUF_CLEANUP struct buf sealed = buf_growing(SEALED_MAX), record = buf_growing(RECORD_MAX);
	struct json_writer w = json_to(&call->reply);
	char subject[OWNER_SUBJECT_MAX];
	struct store_step step;

	TRY(read_new(call, &owner));
	TRY(owner_add_step(call->registry, &owner, &sealed, &step));
	owner_write_event(&record, owner_subject(owner.id, subject), "registered",
		who_name(call->asker.who));
	const struct event event = {
		.kind = EVENT_OWNER_SET,
		.subject = view_text(subject),
		.record = buf_contents(&record),
	};

	json_open(&w, NULL);
	json_put_string(&w, "id", owner.id);
	json_close(&w);
	call->status = 201;
	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, &step, 1, call_on_done);
}

void owner_new_wipe(struct owner_new *owner)
{
	owner_record_wipe(&owner->record);
}

/* ---- shown ---- */

/* The one that is asked for: by its id, for administrators; by the key of the owner that asks. */
static struct store_step find_step(const struct call *call)
{
	const bool party = call->asker.who == WHO_PARTY;

	return (struct store_step){
		.statement = party ? FIND_OWNER_PARTY : FIND_OWNER,
		.param_count = 1,
		.params = {STORE_TEXT_OF(
			party ? view_text(call->asker.name) : buf_contents(&call->segment))},
	};
}

/* What is not for the one that asks looks as if it were not there.  req: R9.1-iii */
static enum err check_found(const struct call *call, const struct store_result *result)
{
	const struct view id = store_at(result, 0, 0, 0).bytes;
	const struct view asked = buf_contents(&call->segment);

	return result->steps[0].rows > 0 && (call->asker.who != WHO_PARTY ||
						    view_is(asked, "self") || view_equal(asked, id))
		       ? OK
		       : err_fail(ERR_NOT_FOUND, "no such owner is registered");
}

static enum err id_of(const struct store_result *result, char ret[OWNER_ID])
{
	return text_copy(ret, OWNER_ID, store_at(result, 0, 0, 0).bytes, "owner");
}

/* Who has read whose data is kept.  req: R7-i-c R9.1-iii */
static enum err note_reading(const struct call *call, const char *id)
{
	const struct query query = {
		.who = view_text(call->asker.name),
		.what = call->name,
		.object = view_text(id),
		.answer = "shown",
	};

	return queries_note(call->registry, &query);
}

static enum err on_shown(struct call *call, const struct store_result *result, int64_t first_seq)
{
	OWNER_RECORD_CLEANUP struct owner_record record;
	struct json_writer w = json_to(&call->reply);
	char id[OWNER_ID];

	(void)first_seq;
	TRY(check_found(call, result));
	TRY(id_of(result, id));
	TRY(owner_open(call->registry, id, store_at(result, 0, 0, 1).bytes, &record));
	TRY(note_reading(call, id));
	json_open(&w, NULL);
	json_put_string(&w, "id", id);
	owner_record_write(&record, &w, "owner");
	json_put_text(&w, "party", store_at(result, 0, 0, 4).bytes);
	json_put_int(&w, "since", store_at(result, 0, 0, 5).number);
	json_put_int(&w, "updated", store_at(result, 0, 0, 6).number);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

enum err owner_show(struct call *call)
{
	const struct store_step step = find_step(call);

	return call_look(call, &step, 1, on_shown);
}

/* A list says nothing of them. */
static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row)
{
	(void)call;
	json_open(w, NULL);
	json_put_text(w, "id", store_at(result, 0, row, 0).bytes);
	json_put_bool(w, "verified", store_at(result, 0, row, 2).number != 0);
	json_put_bool(w, "key", store_at(result, 0, row, 4).bytes.len > 0);
	json_put_int(w, "since", store_at(result, 0, row, 5).number);
	json_close(w);
	return OK;
}

enum err owner_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(OWNER_ID);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_OWNERS,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put;
	return call_look(call, &step, 1, call_on_list);
}

static enum err put_device(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row)
{
	(void)call;
	json_open(w, NULL);
	json_put_text(w, "id", store_at(result, 0, row, 0).bytes);
	json_put_int(w, "since", store_at(result, 0, row, 1).number);
	json_close(w);
	return OK;
}

static enum err on_owner_of_devices(struct call *call, const struct store_result *result,
	int64_t first_seq)
{
	(void)first_seq;
	TRY(check_found(call, result));
	const struct store_step step = {
		.statement = LIST_CUSTODY,
		.param_count = 3,
		.params = {STORE_TEXT_OF(store_at(result, 0, 0, 0).bytes),
			STORE_TEXT_OF(buf_contents(&call->keep)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put_device;
	return call_look(call, &step, 1, call_on_list);
}

enum err owner_devices(struct call *call)
{
	const struct store_step step = find_step(call);

	TRY(call_page(call, &call->keep));
	return call_look(call, &step, 1, on_owner_of_devices);
}

/* ---- corrected ---- */

static enum err on_corrected(struct call *call, const struct store_result *result, int64_t first_seq)
{
	(void)first_seq;
	(void)result;
	call_answer(call, 204);
	return OK;
}

static enum err read_correction(const struct call *call, struct owner_record *record,
	struct owner_key *ret_key)
{
	static const char *const known[] = {"kind", "claims", "key", NULL};
	JSON_CLEANUP struct json *body = NULL;

	TRY(json_parse(call->request->body, OWNER_RECORD_MAX, &body));
	TRY(json_only(body, known));
	return owner_read(body, record, ret_key);
}

static enum err on_found_to_correct(struct call *call, const struct store_result *result,
	int64_t first_seq)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT, "owner: changed meanwhile"},
		{1, ERR_EXISTS, ERR_EXISTS, "key: another owner has it"},
	};
	OWNER_RECORD_CLEANUP struct owner_record record;
	BUF_CLEANUP struct buf sealed = buf_growing(SEALED_MAX), event = buf_growing(RECORD_MAX);
	char id[OWNER_ID], subject[OWNER_SUBJECT_MAX];
	const struct view before = store_at(result, 0, 0, 1).bytes;
	const int64_t now = registry_now(call->registry);
	struct owner_key key;

	(void)first_seq;
	TRY(check_found(call, result));
	TRY(id_of(result, id));
	TRY(owner_open(call->registry, id, before, &record));
	TRY(read_correction(call, &record, &key));
	TRY(owner_seal(call->registry, id, &record, &sealed));
	const struct store_step steps[] = {
		{
			.statement = SET_OWNER,
			.expect = STORE_ONE,
			.param_count = 5,
			.params = {STORE_TEXT_OF(view_text(id)),
				STORE_BLOB_OF(buf_contents(&sealed)),
				STORE_INT_OF(owner_is_verified(&record)), STORE_INT_OF(now),
				STORE_BLOB_OF(before)},
		},
		{
			.statement = SET_OWNER_KEY,
			.param_count = 4,
			.params = {STORE_TEXT_OF(view_text(id)),
				STORE_BLOB_OF(view_of(key.bytes, key.len)),
				STORE_TEXT_OF(view_text(key.party)), STORE_INT_OF(now)},
		},
	};
	owner_write_event(&event, owner_subject(id, subject), "corrected",
		call->asker.who == WHO_PARTY ? "owner" : who_name(call->asker.who));
	const struct event logged = {
		.kind = EVENT_OWNER_SET,
		.subject = view_text(subject),
		.record = buf_contents(&event),
	};

	CALL_FAULTS(call, faults);
	return call_submit(call, &logged, 1, steps, key.len > 0 ? 2 : 1, on_corrected);
}

/* An owner sees what is kept of it, and puts it right.  req: R9.1-iii */
enum err owner_correct(struct call *call)
{
	const struct store_step step = find_step(call);

	if (!call->body) {
		return err_fail(ERR_SYNTAX, "body: a JSON object is wanted");
	}
	return call_look(call, &step, 1, on_found_to_correct);
}

/* ---- erased ---- */

static enum err on_erased(struct call *call, const struct store_result *result, int64_t first_seq)
{
	const struct view party = buf_contents(&call->keep);

	(void)result;
	(void)first_seq;
	if (party.len > 0) {
		party_forget(call->registry->enquiry, party);
	}
	call_answer(call, 204);
	return OK;
}

static struct store_step step_of(int statement, struct view key)
{
	return (struct store_step){
		.statement = statement,
		.param_count = 1,
		.params = {STORE_TEXT_OF(key)},
	};
}

static enum err on_found_to_erase(struct call *call, const struct store_result *result,
	int64_t first_seq)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "no such owner is registered"},
	};
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);
	char id[OWNER_ID], subject[OWNER_SUBJECT_MAX];

	(void)first_seq;
	TRY(check_found(call, result));
	TRY(id_of(result, id));
	const struct view party = store_at(result, 0, 0, 4).bytes, key = view_text(id);

	buf_view(&call->keep, party);
	owner_write_event(&record, owner_subject(id, subject), "erased",
		call->asker.who == WHO_PARTY ? "owner" : who_name(call->asker.who));
	struct store_step steps[] = {
		step_of(DROP_OWNER, key),
		step_of(DROP_OWNERS_CUSTODY, key),
		step_of(FORGET_PREREG_OWNER, key),
		step_of(FORGET_OWNERS_TRANSFERS, key),
		ledger_erase_step(view_text(subject)),
		step_of(FORGET_PARTY, party),
		{
			.statement = SET_PARTY_STATE,
			.param_count = 3,
			.params = {STORE_TEXT_OF(party), STORE_INT_OF(PARTY_REMOVED),
				STORE_INT_OF(registry_now(call->registry))},
		},
	};
	const struct event event = {
		.kind = EVENT_ERASED,
		.subject = view_text(subject),
		.record = buf_contents(&record),
	};

	steps[0].expect = STORE_ONE;
	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, steps, sizeof(steps) / sizeof(steps[0]), on_erased);
}

/* Whose devices have nobody then. Peers hear of it by the event. */
enum err owner_erase(struct call *call)
{
	const struct store_step step = find_step(call);

	return call_look(call, &step, 1, on_found_to_erase);
}
