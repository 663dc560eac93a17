// SPDX-License-Identifier: Apache-2.0
/* api_keys: random keys with which programs of operators and ASPs ask; shown once, kept as SHA-256. */
#include "authz/registration/registration.h"

#include "authz/api/audit.h"
#include "authz/mapping.h"
#include "base/text.h"

enum { NAME_MAX_BYTES = 64, KEYS_MAX = 64 };

static call_put put;

static void put_key(struct json_writer *w, struct view id, struct view asp, struct view name,
	int64_t created, int64_t until)
{
	char time[TEXT_TIME];

	json_put_text(w, "id", id);
	json_put_string(w, "role", asp.len > 0 ? "asp" : "operator");
	if (asp.len > 0) {
		json_put_text(w, "asp", asp);
	}
	json_put_text(w, "name", name);
	text_time(created, time);
	json_put_string(w, "created", time);
	if (until != FOREVER) {
		text_time(until, time);
		json_put_string(w, "until", time);
	}
}

/* An ASP's keys are its own; an operator makes operators' keys, or those of an ASP that it names. */
static enum err read_owner(const struct call *call, struct ident *ret)
{
	if (call->asker.who == WHO_ASP) {
		*ret = call->asker.asp;
		return json_member(call->body, "asp")
			       ? err_fail(ERR_SYNTAX, "asp: an operator's to say")
			       : OK;
	}
	*ret = (struct ident){.kind = IDENT_NONE};
	return json_member(call->body, "asp") ? call_body_ident(call, "asp", IDENT_ASP, ret) : OK;
}

static enum err read_until(const struct call *call, int64_t *ret)
{
	struct view text = {0};

	*ret = FOREVER;
	TRY(json_text_opt(call->body, "until", &text));
	if (!text.data) {
		return OK;
	}
	TRY(text_from_time(text, ret, "until"));
	return *ret > env_wall(loop_env(call->authz->loop))
		       ? OK
		       : err_fail(ERR_RANGE, "until: it is past already");
}

enum err key_add(struct call *call)
{
	static const char *const known[] = {"name", "asp", "until", NULL};
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT,
			"no such ASP, or it has as many keys as one may have: remove some first"},
	};
	const int64_t now = env_wall(loop_env(call->authz->loop));
	char id[AUDIT_ID], token[ASKER_TOKEN_TEXT];
	uint8_t hash[ASKER_TOKEN];
	struct ident asp;
	struct view name;
	int64_t until;

	TRY(json_only(call->body, known));
	TRY(json_text(call->body, "name", &name));
	if (name.len < 1 || name.len > NAME_MAX_BYTES || !text_is_printable(name)) {
		return err_fail(ERR_SYNTAX, "name: 1 to %d printable characters", NAME_MAX_BYTES);
	}
	TRY(read_owner(call, &asp));
	TRY(read_until(call, &until));
	TRY(audit_new_id(call->authz, id));
	TRY(asker_new_token(call->authz, ASKER_KEY, token, hash));
	const bool own = asp.kind == IDENT_NONE;
	const struct store_step step = {
		.statement = own ? ADD_OPERATOR_KEY : ADD_ASP_KEY,
		.expect = STORE_ONE,
		.param_count = own ? 6 : 7,
		.params = {STORE_TEXT_OF(view_text(id)), STORE_BLOB_OF(VIEW(hash)),
			STORE_TEXT_OF(name), STORE_INT_OF(now), STORE_INT_OF(until),
			STORE_INT_OF(KEYS_MAX), STORE_TEXT_OF(ident_view(&asp))},
	};
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	put_key(&w, view_text(id), ident_view(&asp), name, now, until);
	json_put_string(&w, "key", token);
	json_close(&w);
	bytes_wipe(token, sizeof(token));
	call->status = 201;
	call_audit(call, own ? view_text(id) : ident_view(&asp), "an API key");
	CALL_FAULTS(call, faults);
	return call_submit(call, &step, 1, call_on_done);
}

static struct view owner_asked(const struct call *call, struct ident *room)
{
	if (call->asker.who == WHO_ASP) {
		*room = call->asker.asp;
	}
	return ident_view(room);
}

enum err key_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(AUDIT_ID);
	struct ident asp = {.kind = IDENT_NONE};

	if (call->asker.who == WHO_OPERATOR) {
		enum err err = call_query_ident(call, "asp", IDENT_ASP, &asp);

		if (err != OK && err != ERR_NOT_FOUND) {
			return err;
		}
	}
	TRY(call_page(call, &after));
	struct view owner = owner_asked(call, &asp);
	const struct store_step step = {
		.statement = LIST_API_KEYS,
		.param_count = 3,
		.params = {STORE_TEXT_OF(owner), STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_list);
}

/* id, asp, name, created, until */
static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	(void)call;
	(void)count;
	json_open(w, NULL);
	put_key(w, store_at(result, 0, row, 0).bytes, store_at(result, 0, row, 1).bytes,
		store_at(result, 0, row, 2).bytes, store_at(result, 0, row, 3).number,
		store_at(result, 0, row, 4).number);
	json_close(w);
	return OK;
}

/* Another ASP's is not there. */
enum err key_remove(struct call *call)
{
	struct ident asp = {.kind = IDENT_NONE};
	struct view owner = owner_asked(call, &asp);
	const bool any = call->asker.who == WHO_OPERATOR;
	const struct store_step step = {
		.statement = any ? DROP_API_KEY : DROP_API_KEY_OF,
		.param_count = any ? 1 : 2,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment)), STORE_TEXT_OF(owner)},
	};

	return call_submit(call, &step, 1, call_on_dropped);
}
