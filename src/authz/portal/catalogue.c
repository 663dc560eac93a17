// SPDX-License-Identifier: Apache-2.0
#include "authz/portal/catalogue.h"

#include "authz/registration/registration.h"
#include "wire/claims.h"

#include <string.h>

enum { TITLE_MAX = 128, DESCRIPTION_MAX = 2048, QUERY_MAX = 128 };

static enum err read_text(const struct call *call, const char *name, size_t most, struct view *ret)
{
	TRY(json_text_opt(call->body, name, ret));
	return ret->len <= most ? OK : err_fail(ERR_RANGE, "%s: longer than %zu bytes", name, most);
}

static enum err check_administrators(const struct words *words)
{
	struct view each[WORDS_MAX];
	size_t count = words_split(words, each);

	for (size_t i = 0; i < count; i++) {
		if (!view_is(each[i], "asp") && !view_is(each[i], "operator") &&
			!view_is(each[i], "user")) {
			return err_fail(ERR_SYNTAX, "administrators: asp, operator and user");
		}
	}
	return OK;
}

enum err catalogue_read(const struct call *call, struct catalogue_entry *ret)
{
	TRY(read_text(call, "title", TITLE_MAX, &ret->title));
	TRY(read_text(call, "description", DESCRIPTION_MAX, &ret->description));
	TRY(json_bool_opt(call->body, "published", &ret->published));
	ret->has_published = json_member(call->body, "published") != NULL;
	TRY(call_body_words(call, "attributes", &ret->attributes));
	TRY(claims_check_names(&ret->attributes, "attributes"));
	ret->has_attributes = json_member(call->body, "attributes") != NULL;
	TRY(call_body_words(call, "administrators", &ret->administrators));
	TRY(check_administrators(&ret->administrators));
	ret->has_administrators = json_member(call->body, "administrators") != NULL;
	TRY(json_text_opt(call->body, "verification", &ret->verification));
	return ret->verification.data ? subscriber_check_verification(ret->verification) : OK;
}

bool catalogue_needs_operator(const struct catalogue_entry *entry)
{
	return entry->has_attributes || entry->has_administrators || entry->verification.data;
}

bool catalogue_is_empty(const struct catalogue_entry *entry)
{
	return !entry->title.data && !entry->description.data && !entry->has_published &&
	       !catalogue_needs_operator(entry);
}

static struct store_value text_or_null(struct view text)
{
	return text.data ? STORE_TEXT_OF(text) : STORE_NULL_OF();
}

struct store_step catalogue_step(struct view application, const struct catalogue_entry *entry)
{
	return (struct store_step){
		.statement = SET_CATALOGUE,
		.param_count = 7,
		.params = {STORE_TEXT_OF(application), text_or_null(entry->title),
			text_or_null(entry->description),
			entry->has_published ? STORE_INT_OF(entry->published) : STORE_NULL_OF(),
			entry->has_attributes ? STORE_TEXT_OF(words_view(&entry->attributes))
					      : STORE_NULL_OF(),
			text_or_null(entry->verification),
			entry->has_administrators ? STORE_TEXT_OF(words_view(&entry->administrators))
						  : STORE_NULL_OF()},
	};
}

void catalogue_put(struct json_writer *w, const struct store_result *result, size_t step,
	size_t row, size_t column)
{
	json_put_text(w, "title", store_at(result, step, row, column).bytes);
	json_put_text(w, "description", store_at(result, step, row, column + 1).bytes);
	json_put_bool(w, "published", store_at(result, step, row, column + 2).number != 0);
	call_put_words(w, "attributes", store_at(result, step, row, column + 3).bytes);
	json_put_text(w, "verification", store_at(result, step, row, column + 4).bytes);
	call_put_words(w, "administrators", store_at(result, step, row, column + 5).bytes);
}

/* id, the name of its ASP, and CATALOGUE_COLUMNS */
static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	(void)call;
	(void)count;
	json_open(w, NULL);
	json_put_text(w, "id", store_at(result, 0, row, 0).bytes);
	json_put_text(w, "asp", store_at(result, 0, row, 1).bytes);
	catalogue_put(w, result, 0, row, 2);
	json_close(w);
	return OK;
}

/* %words% for LIKE, in lower case, with its signs escaped. */
static enum err read_query(const struct call *call, struct buf *ret)
{
	BUF_CLEANUP struct buf text = buf_growing(QUERY_MAX);
	enum err err = http_query(call->request->target.query, "q", &text);

	if (err == ERR_NOT_FOUND) {
		return OK;
	}
	TRY(err);
	TRY(buf_end(&text, "q"));
	buf_u8(ret, '%');
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c == '%' || c == '_' || c == '!') {
			buf_u8(ret, '!');
		}
		buf_u8(ret, c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c);
	}
	buf_u8(ret, '%');
	return buf_end(ret, "q");
}

/* What is confirmed and published, all of it or what ?q= is found in.  req: B7.7-c B7.7-d */
enum err catalogue_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(IDENT_MAX),
			       query = buf_growing(2 * QUERY_MAX + 2);

	TRY(read_query(call, &query));
	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_CATALOGUE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1), STORE_TEXT_OF(buf_contents(&query))},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_list);
}

enum err catalogue_show(struct call *call)
{
	struct ident id;

	TRY(call_segment_ident(call, IDENT_APPLICATION, &id));
	const struct store_step step = {
		.statement = FIND_PUBLISHED,
		.param_count = 1,
		.params = {STORE_TEXT_OF(ident_view(&id))},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_item);
}
