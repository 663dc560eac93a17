// SPDX-License-Identifier: Apache-2.0
#include "authz/api/audit.h"

#include "authz/registration/registration.h"
#include "base/text.h"
#include "core/kdf.h"

#include <stdio.h>

enum { ALIAS_BYTES = 8, PLACE = 16 + AUDIT_ID };

enum err audit_new_id(struct authz *authz, char ret[AUDIT_ID])
{
	const struct env *env = loop_env(authz->loop);
	uint8_t random[8];
	uint64_t tail = 0;

	TRY(env->random(env, random, sizeof(random)));
	for (size_t i = 0; i < sizeof(random); i++) {
		tail = tail << 8 | random[i];
	}
	(void)snprintf(ret, AUDIT_ID, "%012llx%06x%014llx",
		(unsigned long long)env->wall_ms(env) & 0xffffffffffff,
		authz->ids_made++ & 0xffffff, (unsigned long long)tail >> 8);
	return OK;
}

enum err audit_alias(const struct authz *authz, struct view object, char ret[AUDIT_ALIAS])
{
	uint8_t mac[KDF_SIZE];
	struct buf text = buf_fixed(ret, AUDIT_ALIAS);
	BUF_CLEANUP struct buf input = buf_growing(8 + AUDIT_OBJECT);

	buf_text(&input, "audit:");
	buf_bytes(&input, object.data, object.len < AUDIT_OBJECT ? object.len : AUDIT_OBJECT);
	TRY(buf_end(&input, "audit"));
	TRY(kdf_hmac(&authz->realm_secret, buf_contents(&input), mac));
	text_hex(&text, view_of(mac, ALIAS_BYTES));
	buf_u8(&text, '\0');
	return buf_end(&text, "alias");
}

static struct view cut(struct view text, size_t most)
{
	while (most > 0 && text.len > most && (text.data[most] & 0xc0) == 0x80) {
		most--; /* not within a character */
	}
	return view_of(text.data, text.len < most ? text.len : most);
}

static void write_place(const char *id, char ret[PLACE])
{
	(void)snprintf(ret, PLACE, "audit/detail/%s", id);
}

static enum err seal(struct authz *authz, const struct audit_entry *entry, const char *id,
	struct buf *ret)
{
	BUF_CLEANUP struct buf plain = buf_growing(AUDIT_SEALED - SEAL_OVERHEAD);
	struct json_writer w = json_to(&plain);
	char place[PLACE];

	json_open(&w, NULL);
	json_put_text(&w, "object", cut(entry->object, AUDIT_OBJECT));
	json_put_text(&w, "detail", cut(entry->detail, AUDIT_DETAIL));
	json_close(&w);
	write_place(id, place);
	enum err err = buf_end(&plain, "audit");

	if (err == OK) {
		err = seal_close(authz->ring, place, buf_contents(&plain), ret);
	}
	buf_wipe(&plain);
	return err;
}

enum err audit_step(struct authz *authz, const struct audit_entry *entry, struct audit_room *room,
	struct store_step *ret)
{
	struct buf sealed = buf_fixed(room->sealed, sizeof(room->sealed));

	TRY(audit_new_id(authz, room->id));
	TRY(audit_alias(authz, entry->object, room->alias));
	TRY(seal(authz, entry, room->id, &sealed));
	*ret = (struct store_step){
		.statement = ADD_AUDIT,
		.param_count = 7,
		.params = {STORE_TEXT_OF(view_text(room->id)),
			STORE_INT_OF(env_wall(loop_env(authz->loop))),
			STORE_TEXT_OF(view_text(who_name(entry->role))),
			STORE_TEXT_OF(view_text(entry->by)),
			STORE_TEXT_OF(view_text(entry->operation)),
			STORE_TEXT_OF(view_text(room->alias)), STORE_BLOB_OF(buf_contents(&sealed))},
	};
	return OK;
}

/* id, at, role, actor, operation, object, detail */
static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	BUF_CLEANUP struct buf plain = buf_growing(AUDIT_SEALED);
	JSON_CLEANUP struct json *record = NULL;
	char id[AUDIT_ID], place[PLACE], time[TEXT_TIME];
	struct view object, detail;

	(void)count;
	TRY(text_copy(id, sizeof(id), store_at(result, 0, row, 0).bytes, "audit"));
	write_place(id, place);
	enum err err =
		seal_open(call->authz->ring, place, store_at(result, 0, row, 6).bytes, &plain);

	if (err == OK) {
		err = json_parse(buf_contents(&plain), AUDIT_SEALED, &record);
		buf_wipe(&plain);
	}
	if (err != OK || json_text(record, "object", &object) != OK ||
		json_text(record, "detail", &detail) != OK) {
		return err_fail(ERR_IO, "a row of the audit does not open");
	}
	text_time(store_at(result, 0, row, 1).number, time);
	json_open(w, NULL);
	json_put_string(w, "id", id);
	json_put_string(w, "at", time);
	json_put_text(w, "role", store_at(result, 0, row, 2).bytes);
	json_put_text(w, "by", store_at(result, 0, row, 3).bytes);
	json_put_text(w, "operation", store_at(result, 0, row, 4).bytes);
	json_put_text(w, "object", object);
	json_put_text(w, "alias", store_at(result, 0, row, 5).bytes);
	json_put_text(w, "detail", detail);
	json_close(w);
	return OK;
}

/* All, or what was done to ?object=, oldest first. */
enum err audit_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(AUDIT_ID);
	BUF_CLEANUP struct buf object = buf_growing(AUDIT_OBJECT);
	char alias[AUDIT_ALIAS] = "";
	enum err err = http_query(call->request->target.query, "object", &object);

	if (err != ERR_NOT_FOUND) {
		TRY(err);
		TRY(buf_end(&object, "object"));
		TRY(audit_alias(call->authz, buf_contents(&object), alias));
	}
	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = alias[0] ? LIST_AUDIT_OF : LIST_AUDIT,
		.param_count = alias[0] ? 3 : 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1), STORE_TEXT_OF(view_text(alias))},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_list);
}
