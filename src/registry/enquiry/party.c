// SPDX-License-Identifier: Apache-2.0
#include "registry/enquiry/party.h"

#include "base/text.h"
#include "wire/request_signature.h"

#include <stdio.h>
#include <string.h>

enum { DETAILS_MAX = 2048, PLACE = 96, RECORD_MAX = 1024 };

static const struct {
	enum party_role role;
	const char *name;
} roles[] = {
	{PARTY_ENQUIRER, "enquirer"},
	{PARTY_MANUFACTURER, "manufacturer"},
	{PARTY_AGENCY, "agency"},
	{PARTY_OWNER, "owner"},
};
enum { ROLES = sizeof(roles) / sizeof(roles[0]) };

static const char *const states[PARTY_STATES] = {"pending", "approved", "suspended", "removed"};

/* ---- words ---- */

void party_put_roles(struct json_writer *w, const char *name, unsigned mask)
{
	json_open_array(w, name);
	for (size_t i = 0; i < ROLES; i++) {
		if (mask & roles[i].role) {
			json_put_string(w, NULL, roles[i].name);
		}
	}
	json_close_array(w);
}

static enum err read_role(struct view name, unsigned *mask)
{
	for (size_t i = 0; i < ROLES; i++) {
		if (view_is(name, roles[i].name)) {
			*mask |= roles[i].role;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "roles: enquirer, manufacturer, agency and owner are");
}

enum err party_read_roles(const struct json *array, unsigned *ret)
{
	unsigned mask = 0;

	for (const struct json *at = json_item(array, 0); at; at = json_next(at)) {
		struct view name;

		TRY(json_as_text(at, &name));
		TRY(read_role(name, &mask));
	}
	*ret = mask;
	return mask ? OK : err_fail(ERR_SYNTAX, "roles: an array of at least one");
}

const char *party_state_name(enum party_state state)
{
	return state < PARTY_STATES ? states[state] : "";
}

static enum err read_state(struct view name, enum party_state *ret)
{
	for (unsigned i = PARTY_APPROVED; i < PARTY_STATES; i++) {
		if (view_is(name, states[i])) {
			*ret = (enum party_state)i;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "state: approved, suspended and removed are");
}

/* ---- enrolment ---- */

struct enrolment {
	char id[PARTY_ID];
	struct jose_key *key;
	unsigned roles;
	enum party_state state;
	struct view name, contact, purpose, make;
};

static enum err read_text(const struct json *body, const char *name, size_t room, struct view *ret)
{
	TRY(json_text(body, name, ret));
	return ret->len > 0 && ret->len < room && text_is_utf8(*ret)
		       ? OK
		       : err_fail(ERR_SYNTAX, "%s: a text of 1 to %zu bytes", name, room - 1);
}

static enum err read_enrolment(const struct json *body, struct enrolment *ret)
{
	static const char *const known[] = {"key", "name", "contact", "purpose", "roles", "make",
		NULL};

	if (!body) {
		return err_fail(ERR_SYNTAX, "body: a JSON object is wanted");
	}
	TRY(json_only(body, known));
	TRY(jose_key_from_jwk(json_member(body, "key"), &ret->key));
	TRY(jose_thumbprint(ret->key, ret->id));
	TRY(read_text(body, "name", PARTY_TEXT, &ret->name));
	TRY(read_text(body, "contact", PARTY_TEXT, &ret->contact));
	TRY(read_text(body, "purpose", PARTY_TEXT, &ret->purpose));
	TRY(party_read_roles(json_member(body, "roles"), &ret->roles));
	if (ret->roles & PARTY_MANUFACTURER) {
		return read_text(body, "make", PARTY_MAKE, &ret->make);
	}
	return json_member(body, "make") ? err_fail(ERR_SYNTAX, "make: of manufacturers alone")
					 : OK;
}

/* Whoever enrols a key has it. */
static enum err check_possession(const struct call *call, const struct enrolment *enrolment)
{
	const struct signed_message message = signed_request(call->request->head);
	struct http_signature signature;

	if (party_read_signature(call, REQUEST_ENROLMENT_TAG, &signature) != OK ||
		strcmp(signature.keyid, enrolment->id) != 0 ||
		http_signature_check(&signature, &message, enrolment->key) != OK) {
		return err_fail(ERR_AUTH,
			"an enrolment is signed with its key: docs/protocol/registry_enquiry.md");
	}
	return OK;
}

/* Policy: roles that need no administrator. */
static enum party_state first_state(const struct registry_conf *conf, unsigned wanted)
{
	for (size_t i = 0; i < conf->enquiry_approve.count; i++) {
		for (size_t j = 0; j < ROLES; j++) {
			if (strcmp(conf->enquiry_approve.items[i], roles[j].name) == 0) {
				wanted &= ~(unsigned)roles[j].role;
			}
		}
	}
	return wanted ? PARTY_PENDING : PARTY_APPROVED;
}

static void place_of(const char *id, char ret[PLACE])
{
	(void)snprintf(ret, PLACE, "party/details/%s", id);
}

static enum err seal_details(const struct call *call, const struct enrolment *enrolment,
	struct buf *ret)
{
	BUF_CLEANUP struct buf plain = buf_growing(DETAILS_MAX);
	struct json_writer w = json_to(&plain);
	char place[PLACE];

	json_open(&w, NULL);
	json_put_text(&w, "name", enrolment->name);
	json_put_text(&w, "contact", enrolment->contact);
	json_put_text(&w, "purpose", enrolment->purpose);
	json_close(&w);
	TRY(buf_end(&plain, "details of a party"));
	place_of(enrolment->id, place);
	enum err err = seal_close(call->registry->ring, place, buf_contents(&plain), ret);

	buf_wipe(&plain);
	return err;
}

/* What the log says of a party: never who it is. */
static enum err write_record(const char *id, unsigned mask, enum party_state state,
	struct view reason, const char *by, struct buf *out)
{
	struct json_writer w = json_to(out);
	char subject[sizeof(PARTY_SUBJECT) + PARTY_ID];

	(void)snprintf(subject, sizeof(subject), PARTY_SUBJECT "%s", id);
	json_open(&w, NULL);
	json_put_string(&w, "subject", subject);
	json_put_string(&w, "state", party_state_name(state));
	if (mask) {
		party_put_roles(&w, "roles", mask);
	}
	if (by) {
		json_put_string(&w, "by", by);
	}
	if (reason.len > 0) {
		json_put_text(&w, "reason", reason);
	}
	json_close(&w);
	return buf_end(out, "record of a party");
}

static enum err submit_enrolment(struct call *call, const struct enrolment *enrolment)
{
	static const struct call_fault faults[] = {
		{0, ERR_EXISTS, ERR_EXISTS, "this key has been enrolled"}};
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);
	BUF_CLEANUP struct buf details = buf_growing(DETAILS_MAX + SEAL_OVERHEAD);
	uint8_t bytes[JOSE_PUBLIC_MAX];
	struct buf key = buf_fixed(bytes, sizeof(bytes));
	char subject[sizeof(PARTY_SUBJECT) + PARTY_ID];

	TRY(jose_key_public(enrolment->key, &key));
	TRY(seal_details(call, enrolment, &details));
	TRY(write_record(enrolment->id, enrolment->roles, enrolment->state, view_text(""), NULL,
		&record));
	(void)snprintf(subject, sizeof(subject), PARTY_SUBJECT "%s", enrolment->id);
	const struct event event = {EVENT_ENQUIRER_ENROLLED, view_text(subject),
		buf_contents(&record)};
	const struct store_step step = {
		.statement = ADD_PARTY,
		.expect = STORE_ONE,
		.param_count = 7,
		.params = {STORE_TEXT_OF(view_text(enrolment->id)),
			STORE_BLOB_OF(buf_contents(&key)), STORE_INT_OF(enrolment->roles),
			STORE_INT_OF(enrolment->state), STORE_TEXT_OF(enrolment->make),
			STORE_INT_OF(registry_now(call->registry)),
			STORE_BLOB_OF(buf_contents(&details))},
	};

	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, &step, 1, call_on_done);
}

static enum err enrol(struct call *call, struct enrolment *enrolment)
{
	struct json_writer w = json_to(&call->reply);

	TRY(read_enrolment(call->body, enrolment));
	TRY(check_possession(call, enrolment));
	enrolment->state = first_state(call->registry->conf, enrolment->roles);
	call->status = enrolment->state == PARTY_APPROVED ? 201 : 202;
	json_open(&w, NULL);
	json_put_string(&w, "id", enrolment->id);
	json_put_string(&w, "state", party_state_name(enrolment->state));
	party_put_roles(&w, "roles", enrolment->roles);
	json_close(&w);
	return submit_enrolment(call, enrolment);
}

/* req: R9.3-i-a */
enum err party_enrol(struct call *call)
{
	const struct registry *registry = call->registry;
	const struct stream *stream = call->request->stream;
	struct enrolment enrolment = {.key = NULL};
	int64_t wait = 0;

	if (!rates_allow(registry->enquiry->enrolments,
		    stream ? stream_peer_crowd(stream) : view_text(""),
		    registry->conf->enquiry_enrolments, loop_now(registry->loop), &wait)) {
		call_refuse(call, 429, "too many enrolments a minute from there");
		return OK;
	}
	enum err err = enrol(call, &enrolment);

	jose_key_free(enrolment.key);
	return err;
}

/* ---- reading ---- */

static enum err put_details(const struct call *call, struct view id, struct view sealed,
	struct json_writer *w)
{
	static const char *const names[] = {"name", "contact", "purpose"};
	BUF_CLEANUP struct buf plain = buf_growing(DETAILS_MAX);
	JSON_CLEANUP struct json *details = NULL;
	char text[PARTY_ID], place[PLACE];

	if (sealed.len == 0) {
		return OK; /* removed */
	}
	TRY(text_copy(text, sizeof(text), id, "party"));
	place_of(text, place);
	TRY(seal_open(call->registry->ring, place, sealed, &plain));
	enum err err = json_parse(buf_contents(&plain), DETAILS_MAX, &details);

	buf_wipe(&plain);
	TRY(err);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct view value;

		TRY(json_text(details, names[i], &value));
		json_put_text(w, names[i], value);
	}
	return OK;
}

/* Columns of both statements from `at` on: roles, state, make, since, details. */
static enum err put_party(const struct call *call, struct json_writer *w, struct view id,
	const struct store_result *result, size_t row, size_t at)
{
	const struct view make = store_at(result, 0, row, at + 2).bytes;

	json_open(w, NULL);
	json_put_text(w, "id", id);
	party_put_roles(w, "roles", (unsigned)store_at(result, 0, row, at).number);
	json_put_string(w, "state",
		party_state_name((enum party_state)store_at(result, 0, row, at + 1).number));
	if (make.len > 0) {
		json_put_text(w, "make", make);
	}
	json_put_int(w, "since", store_at(result, 0, row, at + 3).number);
	TRY(put_details(call, id, store_at(result, 0, row, at + 4).bytes, w));
	json_close(w);
	return OK;
}

static enum err put_row(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row)
{
	return put_party(call, w, store_at(result, 0, row, 0).bytes, result, row, 1);
}

enum err party_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(PARTY_TEXT);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_PARTIES,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put_row;
	call->key_column = 0;
	return call_look(call, &step, 1, call_on_list);
}

static enum err put_one(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row)
{
	return put_party(call, w, buf_contents(&call->segment), result, row, 1);
}

/* A party sees itself. */
enum err party_show(struct call *call)
{
	const struct store_step step = {
		.statement = FIND_PARTY,
		.param_count = 1,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment))},
	};

	if (call->asker.who == WHO_PARTY &&
		!view_is(buf_contents(&call->segment), call->asker.name)) {
		return err_fail(ERR_NOT_FOUND, "no such thing is registered");
	}
	call->put = put_one;
	return call_look(call, &step, 1, call_on_item);
}

/* ---- an administrator's decision ---- */

static enum err on_changed(struct call *call, const struct store_result *result, int64_t first_seq)
{
	party_forget(call->registry->enquiry, buf_contents(&call->segment));
	return call_on_done(call, result, first_seq);
}

static size_t change_steps(struct call *call, enum party_state state, struct store_step ret[4])
{
	const struct store_value id = STORE_TEXT_OF(buf_contents(&call->segment));
	size_t count = 0;

	ret[count++] = (struct store_step){.statement = FIND_PARTY,
		.expect = STORE_ONE,
		.param_count = 1,
		.params = {id}};
	ret[count++] = (struct store_step){
		.statement = SET_PARTY_STATE,
		.expect = STORE_ONE,
		.param_count = 3,
		.params = {id, STORE_INT_OF(state), STORE_INT_OF(registry_now(call->registry))},
	};
	if (state == PARTY_REMOVED) {
		ret[count++] = (struct store_step){.statement = FORGET_PARTY,
			.param_count = 1,
			.params = {id}};
		ret[count++] = (struct store_step){.statement = DROP_CONSENTS,
			.param_count = 1,
			.params = {id}};
	}
	return count;
}

enum err party_set_state(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "no such party has enrolled"},
		{1, ERR_CONFLICT, ERR_CONFLICT, "it is so already, or was removed for good"},
	};
	static const char *const known[] = {"state", "reason", NULL};
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);
	struct store_step steps[4];
	struct view name, reason = {.len = 0};
	enum party_state state = PARTY_APPROVED;
	char id[PARTY_ID], subject[sizeof(PARTY_SUBJECT) + PARTY_ID];

	if (!call->body) {
		return err_fail(ERR_SYNTAX, "body: a JSON object is wanted");
	}
	TRY(json_only(call->body, known));
	TRY(json_text(call->body, "state", &name));
	TRY(json_text_opt(call->body, "reason", &reason));
	TRY(read_state(name, &state));
	if (text_copy(id, sizeof(id), buf_contents(&call->segment), "party") != OK ||
		reason.len >= PARTY_TEXT) {
		return err_fail(ERR_RANGE, "party: no such id, or too long a reason");
	}
	TRY(write_record(id, 0, state, reason, call->asker.name, &record));
	(void)snprintf(subject, sizeof(subject), PARTY_SUBJECT "%s", id);
	const struct event event = {EVENT_ENQUIRER_CHANGED, view_text(subject),
		buf_contents(&record)};

	call->status = 204;
	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, steps, change_steps(call, state, steps), on_changed);
}
