// SPDX-License-Identifier: Apache-2.0
#include "authz/portal/notices.h"

#include "authz/registration/registration.h"
#include "base/text.h"

#include <stdio.h>

enum { PLACE = 16 + AUDIT_ID };

static void write_place(const char *id, char ret[PLACE])
{
	(void)snprintf(ret, PLACE, "notice/detail/%s", id);
}

static enum err seal(struct authz *authz, const struct notice *notice, const char *id,
	struct buf *ret)
{
	BUF_CLEANUP struct buf plain = buf_growing(AUDIT_SEALED - SEAL_OVERHEAD);
	struct json_writer w = json_to(&plain);
	char place[PLACE];

	json_open(&w, NULL);
	json_put_text(&w, "object", notice->object);
	json_put_text(&w, "text", notice->text);
	json_close(&w);
	write_place(id, place);
	TRY(buf_end(&plain, "notification"));
	return seal_close(authz->ring, place, buf_contents(&plain), ret);
}

static const struct {
	int statement;
	enum who role;
} ways[] = {
	[NOTICE_OPERATOR] = {ADD_NOTICE, WHO_OPERATOR},
	[NOTICE_ASP] = {ADD_NOTICE, WHO_ASP},
	[NOTICE_SUBSCRIBER] = {ADD_NOTICE, WHO_SUBSCRIBER},
	[NOTICE_ASP_OF] = {ADD_NOTICE_TO_ASP_OF, WHO_ASP},
	[NOTICE_USER_OF] = {ADD_NOTICE_TO_USER_OF, WHO_SUBSCRIBER},
	[NOTICE_ASP_OF_EXTENSION] = {ADD_NOTICE_TO_ASP_OF_EXTENSION, WHO_ASP},
	[NOTICE_USER_OF_EXTENSION] = {ADD_NOTICE_TO_USER_OF_EXTENSION, WHO_SUBSCRIBER},
	[NOTICE_USER_OF_SUBJECT] = {ADD_NOTICE_TO_USER_OF_SUBJECT, WHO_SUBSCRIBER},
};

enum err notice_step(struct authz *authz, const struct notice *notice, struct audit_room *room,
	struct store_step *ret)
{
	struct buf sealed = buf_fixed(room->sealed, sizeof(room->sealed));

	TRY(audit_new_id(authz, room->id));
	TRY(text_copy(room->kind, sizeof(room->kind), view_text(notice->kind), "notification"));
	TRY(seal(authz, notice, room->id, &sealed));
	*ret = (struct store_step){
		.statement = ways[notice->to].statement,
		.param_count = 6,
		.params = {STORE_TEXT_OF(view_text(room->id)),
			STORE_TEXT_OF(view_text(who_name(ways[notice->to].role))),
			STORE_TEXT_OF(notice->whom.data ? notice->whom : view_text("")),
			STORE_INT_OF(env_wall(loop_env(authz->loop))),
			STORE_TEXT_OF(view_text(room->kind)), STORE_BLOB_OF(buf_contents(&sealed))},
	};
	return OK;
}

enum err notices_add(struct authz *authz, const struct notice *notice, struct notice_rooms *rooms,
	struct store_step *steps, size_t *count)
{
	if (rooms->count == NOTICES_IN_UNIT || *count == STORE_STEPS) {
		return err_fail(ERR_RANGE, "more notifications than a unit has room for");
	}
	TRY(notice_step(authz, notice, &rooms->rooms[rooms->count], &steps[*count]));
	rooms->count++;
	(*count)++;
	return OK;
}

/* id, at, kind, detail */
static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	BUF_CLEANUP struct buf plain = buf_growing(AUDIT_SEALED);
	JSON_CLEANUP struct json *record = NULL;
	char id[AUDIT_ID], place[PLACE], time[TEXT_TIME];
	struct view object, text;

	(void)count;
	TRY(text_copy(id, sizeof(id), store_at(result, 0, row, 0).bytes, "notification"));
	write_place(id, place);
	enum err err =
		seal_open(call->authz->ring, place, store_at(result, 0, row, 3).bytes, &plain);

	if (err == OK) {
		err = json_parse(buf_contents(&plain), AUDIT_SEALED, &record);
		buf_wipe(&plain);
	}
	if (err != OK || json_text(record, "object", &object) != OK ||
		json_text(record, "text", &text) != OK) {
		return err_fail(ERR_IO, "a notification does not open");
	}
	text_time(store_at(result, 0, row, 1).number, time);
	json_open(w, NULL);
	json_put_string(w, "id", id);
	json_put_string(w, "at", time);
	json_put_text(w, "kind", store_at(result, 0, row, 2).bytes);
	json_put_text(w, "object", object);
	json_put_text(w, "text", text);
	json_close(w);
	return OK;
}

/* Whose notifications the asker sees: "" for operators, who share theirs. */
static struct view own_name(const struct call *call)
{
	switch (call->asker.who) {
	case WHO_ASP:
		return ident_view(&call->asker.asp);
	case WHO_SUBSCRIBER:
		return view_text(call->asker.subscriber);
	default:
		return view_text("");
	}
}

enum err notice_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(AUDIT_ID);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_NOTICES,
		.param_count = 4,
		.params = {STORE_TEXT_OF(view_text(who_name(call->asker.who))),
			STORE_TEXT_OF(own_name(call)), STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_list);
}

/* What has been read may go. */
enum err notice_remove(struct call *call)
{
	const struct store_step step = {
		.statement = DROP_NOTICE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text(who_name(call->asker.who))),
			STORE_TEXT_OF(own_name(call)), STORE_TEXT_OF(buf_contents(&call->segment))},
	};

	return call_look(call, &step, 1, call_on_dropped);
}
