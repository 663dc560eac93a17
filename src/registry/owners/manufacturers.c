// SPDX-License-Identifier: Apache-2.0
/*
 * manufacturers: who makes devices. An administrator registers one, with the makes that are its own and the key that it asks
 * with; it may then announce devices of these makes, and of no others. All of them are in memory too.  req: R7-a R6.3
 */
#include "registry/owners/owners.h"

#include "base/text.h"
#include "registry/enquiry/party.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAKER_NAME_MAX = 256,
	MAKES_JSON = MANUFACTURER_MAKES * (FACT_SIZE * 2 + 4) + 3,
	RECORD_MAX = 8192
};

/* ---- in memory ---- */

static enum err read_makes(const struct json *array, struct manufacturer *ret)
{
	ret->make_count = 0;
	for (const struct json *at = json_item(array, 0); at; at = json_next(at)) {
		struct view make;

		if (ret->make_count == MANUFACTURER_MAKES) {
			return err_fail(ERR_RANGE, "makes: more than %d", MANUFACTURER_MAKES);
		}
		TRY(json_as_text(at, &make));
		if (make.len == 0 || !text_is_utf8(make)) {
			return err_fail(ERR_SYNTAX, "makes: texts are wanted");
		}
		TRY(text_copy(ret->makes[ret->make_count], FACT_SIZE, make, "makes"));
		ret->make_count++;
	}
	return ret->make_count > 0 ? OK : err_fail(ERR_SYNTAX, "makes: an array of at least one");
}

static void remember(struct owners *owners, struct manufacturer *m)
{
	free(table_remove(owners->manufacturers, view_text(m->id)));
	if (table_put(owners->manufacturers, view_text(m->id), m) != OK) {
		free(m); /* looked for in vain until the next start */
	}
}

static enum err remember_row(struct owners *owners, const struct store_result *result, size_t row)
{
	struct manufacturer *m = calloc(1, sizeof(*m));
	JSON_CLEANUP struct json *makes = NULL;
	enum err err = m ? json_parse(store_at(result, 0, row, 2).bytes, MAKES_JSON, &makes)
			 : err_fail(ERR_MEMORY, "manufacturers: out of memory");

	err = err == OK ? read_makes(makes, m) : err;
	err = err == OK ? text_copy(m->id, sizeof(m->id), store_at(result, 0, row, 0).bytes, "id")
			: err;
	err = err == OK ? text_copy(m->party, sizeof(m->party), store_at(result, 0, row, 3).bytes,
				  "party")
			: err;
	if (err != OK) {
		free(m);
		return err;
	}
	m->preregisters = store_at(result, 0, row, 4).number != 0;
	if (store_at(result, 0, row, 5).number != 0) {
		free(m); /* withdrawn */
		return OK;
	}
	remember(owners, m);
	return OK;
}

struct loading {
	struct owners *owners;
	size_t rows;
	char last[PARTY_ID_MAX + 1];
	enum err err;
};

static void on_loaded(void *user, uint64_t ref, const struct store_result *result)
{
	struct loading *l = user;

	(void)ref;
	l->err = result->err;
	l->rows = result->err == OK ? result->steps[0].rows : 0;
	for (size_t row = 0; l->err == OK && row < l->rows; row++) {
		l->err = remember_row(l->owners, result, row);
	}
	if (l->err == OK && l->rows > 0) {
		l->err = text_copy(l->last, sizeof(l->last),
			store_at(result, 0, l->rows - 1, 0).bytes, "id");
	}
}

enum err manufacturers_start_up(struct registry *registry)
{
	struct loading l = {.owners = registry->owners, .rows = CALL_LIMIT_MAX};

	TRY(table_new(MANUFACTURERS_MAX, &registry->owners->manufacturers));
	while (l.rows == CALL_LIMIT_MAX) {
		const struct store_step step = {
			.statement = LIST_MANUFACTURERS,
			.param_count = 2,
			.params = {STORE_TEXT_OF(view_text(l.last)), STORE_INT_OF(CALL_LIMIT_MAX)},
		};

		TRY(store_run(registry->store, &step, 1, on_loaded, &l));
		TRY(l.err);
	}
	return OK;
}

static void free_one(void *user, struct view key, void *value)
{
	(void)user;
	(void)key;
	free(value);
}

void manufacturers_shut_down(struct owners *owners)
{
	if (owners->manufacturers) {
		table_each(owners->manufacturers, free_one, NULL);
	}
	table_free(owners->manufacturers);
	owners->manufacturers = NULL;
}

const struct manufacturer *manufacturer_find(const struct owners *owners, struct view id)
{
	return table_get(owners->manufacturers, id);
}

struct search {
	const char *party;
	const struct manufacturer *found;
};

static void compare(void *user, struct view key, void *value)
{
	struct search *search = user;
	const struct manufacturer *m = value;

	(void)key;
	search->found = m->party[0] && strcmp(m->party, search->party) == 0 ? m : search->found;
}

const struct manufacturer *manufacturer_of_party(const struct owners *owners, const char *party)
{
	struct search search = {.party = party};

	table_each(owners->manufacturers, compare, &search);
	return search.found;
}

bool manufacturer_makes(const struct manufacturer *m, struct view make)
{
	for (size_t i = 0; i < m->make_count; i++) {
		if (view_is_nocase(make, m->makes[i])) {
			return true;
		}
	}
	return false;
}

enum err manufacturer_asking(const struct call *call, const struct manufacturer **ret)
{
	const struct manufacturer *m = NULL;

	if (call->asker.who == WHO_PARTY && (call->asker.roles & PARTY_MANUFACTURER)) {
		m = manufacturer_of_party(call->registry->owners, call->asker.name);
	}
	if (!m) {
		return err_fail(ERR_DENIED, "no manufacturer is registered with this key");
	}
	*ret = m;
	return OK;
}

/* ---- registered, shown, withdrawn ---- */

static enum err read_party(const struct json *body, char ret[JOSE_THUMBPRINT])
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	const struct json *jwk = json_member(body, "key");
	struct view party = {0}, certificate = {0};

	TRY(json_text_opt(body, "party", &party));
	TRY(json_text_opt(body, "certificate", &certificate));
	if ((party.len > 0) + (certificate.len > 0) + (jwk != NULL) > 1) {
		return err_fail(ERR_SYNTAX, "party, key, certificate: one of them at most");
	}
	if (party.len > 0) {
		return party.len == JOSE_THUMBPRINT - 1
			       ? text_copy(ret, JOSE_THUMBPRINT, party, "party")
			       : err_fail(ERR_SYNTAX, "party: the thumbprint of its key");
	}
	if (jwk) {
		TRY(jose_key_from_jwk(jwk, &key));
	} else if (certificate.len > 0) {
		TRY(jose_key_from_pem(certificate, &key));
	} else {
		return OK;
	}
	return jose_thumbprint(key, ret);
}

static enum err read_manufacturer(const struct json *body, struct manufacturer *ret,
	struct view *ret_name)
{
	static const char *const known[] = {"id", "name", "makes", "party", "key", "certificate",
		"preregisters", NULL};
	struct view id;

	if (!body) {
		return err_fail(ERR_SYNTAX, "body: a JSON object is wanted");
	}
	TRY(json_only(body, known));
	TRY(json_text(body, "id", &id));
	TRY(party_id_check(id, "id"));
	TRY(text_copy(ret->id, sizeof(ret->id), id, "id"));
	TRY(json_text(body, "name", ret_name));
	if (ret_name->len == 0 || ret_name->len > MAKER_NAME_MAX) {
		return err_fail(ERR_SYNTAX, "name: a text of 1 to %d bytes", MAKER_NAME_MAX);
	}
	ret->preregisters = true;
	TRY(json_bool_opt(body, "preregisters", &ret->preregisters));
	TRY(read_makes(json_member(body, "makes"), ret));
	return read_party(body, ret->party);
}

static void put_makes(struct json_writer *w, const char *name, const struct manufacturer *m)
{
	json_open_array(w, name);
	for (size_t i = 0; i < m->make_count; i++) {
		json_put_string(w, NULL, m->makes[i]);
	}
	json_close_array(w);
}

static void write_event(struct buf *out, struct view subject, const char *state,
	const struct manufacturer *m)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "subject", subject);
	json_put_string(&w, "state", state);
	if (m) {
		put_makes(&w, "makes", m);
		json_put_string(&w, "party", m->party);
		json_put_bool(&w, "preregisters", m->preregisters);
	}
	json_close(&w);
}

static enum err submit(struct call *call, const struct store_step *step, const char *state,
	struct view id, const struct manufacturer *m, call_done *done)
{
	BUF_CLEANUP struct buf subject = buf_growing(CALL_SEGMENT_MAX + 32);
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);

	buf_text(&subject, MANUFACTURER_SUBJECT);
	buf_view(&subject, id);
	write_event(&record, buf_contents(&subject), state, m);
	const struct event event = {
		.kind = EVENT_MANUFACTURER_REGISTERED,
		.subject = buf_contents(&subject),
		.record = buf_contents(&record),
	};

	return call_submit(call, &event, 1, step, 1, done);
}

static enum err on_set(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct manufacturer *m = malloc(sizeof(*m));
	struct json_writer w = json_to(&call->reply);

	(void)result;
	(void)first_seq;
	if (!m) {
		return err_fail(ERR_MEMORY, "manufacturers: out of memory");
	}
	memcpy(m, call->keep.data, sizeof(*m));
	json_open(&w, NULL);
	json_put_string(&w, "id", m->id);
	put_makes(&w, "makes", m);
	json_put_string(&w, "party", m->party);
	json_close(&w);
	remember(call->registry->owners, m);
	call_answer(call, 200);
	return OK;
}

/* req: R7-a */
enum err manufacturer_set(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_EXISTS, ERR_EXISTS, "party: another manufacturer has this key"},
	};
	const struct owners *owners = call->registry->owners;
	struct manufacturer m = {.preregisters = true};
	BUF_CLEANUP struct buf makes = buf_growing(MAKES_JSON);
	struct json_writer w = json_to(&makes);
	struct view name;

	TRY(read_manufacturer(call->body, &m, &name));
	if (!manufacturer_find(owners, view_text(m.id)) &&
		table_count(owners->manufacturers) >= MANUFACTURERS_MAX) {
		return err_fail(ERR_CONFLICT, "there are %d of them already", MANUFACTURERS_MAX);
	}
	put_makes(&w, NULL, &m);
	TRY(buf_end(&makes, "makes"));
	buf_bytes(&call->keep, &m, sizeof(m));
	TRY(buf_end(&call->keep, "manufacturer"));
	const struct store_step step = {
		.statement = SET_MANUFACTURER,
		.param_count = 6,
		.params = {STORE_TEXT_OF(view_text(m.id)), STORE_TEXT_OF(name),
			STORE_TEXT_OF(buf_contents(&makes)), STORE_TEXT_OF(view_text(m.party)),
			STORE_INT_OF(m.preregisters), STORE_INT_OF(registry_now(call->registry))},
	};

	CALL_FAULTS(call, faults);
	return submit(call, &step, "registered", view_text(m.id), &m, on_set);
}

static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row)
{
	JSON_CLEANUP struct json *makes = NULL;

	(void)call;
	TRY(json_parse(store_at(result, 0, row, 2).bytes, MAKES_JSON, &makes));
	json_open(w, NULL);
	json_put_text(w, "id", store_at(result, 0, row, 0).bytes);
	json_put_text(w, "name", store_at(result, 0, row, 1).bytes);
	json_put_value(w, "makes", makes);
	json_put_text(w, "party", store_at(result, 0, row, 3).bytes);
	json_put_bool(w, "preregisters", store_at(result, 0, row, 4).number != 0);
	json_put_string(w, "state",
		store_at(result, 0, row, 5).number == 0 ? "registered" : "withdrawn");
	json_put_int(w, "since", store_at(result, 0, row, 6).number);
	json_close(w);
	return OK;
}

enum err manufacturer_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(PARTY_ID_MAX);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_MANUFACTURERS,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put;
	return call_look(call, &step, 1, call_on_list);
}

enum err manufacturer_show(struct call *call)
{
	const struct store_step step = {
		.statement = FIND_MANUFACTURER,
		.param_count = 1,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment))},
	};

	call->put = put;
	return call_look(call, &step, 1, call_on_item);
}

static enum err on_withdrawn(struct call *call, const struct store_result *result, int64_t first_seq)
{
	(void)result;
	(void)first_seq;
	free(table_remove(call->registry->owners->manufacturers, buf_contents(&call->segment)));
	call_answer(call, 204);
	return OK;
}

/* Its devices stay; it announces no more. */
enum err manufacturer_withdraw(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "no such manufacturer is registered"},
	};
	TRY(party_id_check(buf_contents(&call->segment), "manufacturer"));
	const struct store_step step = {
		.statement = WITHDRAW_MANUFACTURER,
		.expect = STORE_ONE,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment)),
			STORE_INT_OF(registry_now(call->registry))},
	};

	CALL_FAULTS(call, faults);
	return submit(call, &step, "withdrawn", buf_contents(&call->segment), NULL, on_withdrawn);
}
