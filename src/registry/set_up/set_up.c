// SPDX-License-Identifier: Apache-2.0
#include "registry/set_up/set_up.h"

#include "base/log.h"
#include "base/text.h"
#include "registry/ledger/proof.h"
#include "registry/set_up/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATEMENT_MAX = 1 << 20, RECORD_MAX = 2048 };

/* The reader of the log that is the registry's beginning: an epoch that it has passed has its event. */
#define CURSOR "set-up"

extern const char practice_statement_text[];

void set_up_put_url(const struct registry *registry, struct buf *out)
{
	const struct registry_conf *conf = registry->conf;

	if (conf->url[0]) {
		buf_text(out, conf->url);
	} else {
		buf_printf(out, "https://%s", conf->node_host);
	}
}

/* ---- who it is ---- */

/* Leaves of its own name it: under another name they would be others. */
static enum err keep_identity(struct registry *registry)
{
	BUF_CLEANUP struct buf known = buf_growing(SETTING_MAX);
	const struct view id = reg_id_view(&registry->id);
	enum err err = setting_find(registry, "identity", &known);

	if (err == ERR_NOT_FOUND) {
		return setting_add(registry, "identity", id);
	}
	TRY(err);
	return view_equal(buf_contents(&known), id)
		       ? OK
		       : err_fail(ERR_CONFIG, "registry.id: this store is that of %s",
				 buf_string(&known));
}

static void on_logged(void *user, uint64_t ref, const struct store_result *result, int64_t first_seq)
{
	(void)user;
	(void)ref;
	(void)first_seq;
	if (result->err != OK) {
		log_event(LOG_ERROR, "registry.not_set_up", "", LOG_TEXT("detail", result->detail));
	}
}

static enum err write_record(const struct registry *registry, struct buf *record)
{
	char subject[REG_ID_MAX + 16], vkey[512];
	struct buf key = buf_fixed(vkey, sizeof(vkey));
	struct json_writer w = json_to(record);

	(void)snprintf(subject, sizeof(subject), "registry:%s", registry->id.text);
	note_key_write(ledger_key(registry->ledger), &key);
	json_open(&w, NULL);
	json_put_string(&w, "subject", subject);
	json_put_string(&w, "type", registry_type_name(registry->type));
	json_put_text(&w, "log", buf_contents(&key));
	TRY(jose_key_write_jwk(registry->answer_key, &w, "key"));
	json_close(&w);
	return buf_end(record, "record");
}

/* Once a log: one that was restored from a copy is another. */
static enum err log_beginning(struct registry *registry)
{
	const int64_t epoch = ledger_epoch(registry->ledger);
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);
	char subject[REG_ID_MAX + 16];
	int64_t passed;

	TRY(ledger_cursor(registry->ledger, CURSOR, &passed));
	if (passed > epoch) {
		return OK;
	}
	(void)snprintf(subject, sizeof(subject), "registry:%s", registry->id.text);
	TRY(write_record(registry, &record));
	const struct event event = {.kind = EVENT_REGISTRY_SET_UP,
		.subject = view_text(subject),
		.record = buf_contents(&record)};
	const struct store_step step = ledger_cursor_step(CURSOR, epoch + 1);

	return ledger_submit(registry->ledger, &event, 1, &step, 1, on_logged, registry, 0);
}

/* ---- the practice statement ---- */

/* {registry}, {type}, {url}, {contact} */
static bool put_placeholder(const struct registry *registry, struct view name, struct buf *out)
{
	const struct registry_conf *conf = registry->conf;

	if (view_is(name, "registry")) {
		buf_view(out, reg_id_view(&registry->id));
	} else if (view_is(name, "type")) {
		buf_text(out, registry_type_name(registry->type));
	} else if (view_is(name, "url")) {
		set_up_put_url(registry, out);
	} else if (view_is(name, "contact")) {
		buf_text(out, conf->contact[0] ? conf->contact : conf->node_host);
	} else {
		return false;
	}
	return true;
}

static enum err fill_in(const struct registry *registry, struct view text, struct buf *out)
{
	while (text.len > 0) {
		const uint8_t *open = memchr(text.data, '{', text.len);
		const size_t before = open ? (size_t)(open - text.data) : text.len;
		const uint8_t *end = open ? memchr(open, '}', text.len - before) : NULL;

		buf_view(out, view_of(text.data, before));
		if (!end) {
			buf_view(out, view_of(text.data + before, text.len - before));
			break;
		}
		if (!put_placeholder(registry, view_of(open + 1, (size_t)(end - open) - 1), out)) {
			buf_view(out, view_of(open, (size_t)(end - open) + 1));
		}
		const size_t used = (size_t)(end - text.data) + 1;

		text = view_of(text.data + used, text.len - used);
	}
	return buf_end(out, "practice statement");
}

static enum err read_statement(struct registry *registry)
{
	const char *path = registry->conf->practice_statement;
	BUF_CLEANUP struct buf file = {0};
	struct view text = view_text(practice_statement_text);

	if (path[0]) {
		if (text_read_file(path, STATEMENT_MAX, &file) != OK) {
			return err_fail(ERR_CONFIG,
				"registry.practice_statement: %s cannot be read", path);
		}
		text = buf_contents(&file);
	}
	if (!text_is_utf8(text)) {
		return err_fail(ERR_CONFIG, "registry.practice_statement: not UTF-8");
	}
	registry->practice_statement = buf_growing(2 * STATEMENT_MAX);
	return fill_in(registry, text, &registry->practice_statement);
}

/* req: R9.3-i-b */
enum err practice_statement_show(struct call *call)
{
	buf_view(&call->reply, buf_contents(&call->registry->practice_statement));
	call->type = "text/markdown; charset=utf-8";
	call_field(call, "Cache-Control", view_text("public, max-age=300"));
	call_answer(call, 200);
	return OK;
}

enum err set_up_start_up(struct registry *registry)
{
	TRY(keep_identity(registry));
	TRY(read_statement(registry));
	return log_beginning(registry);
}

void set_up_shut_down(struct registry *registry)
{
	buf_free(&registry->practice_statement);
}
