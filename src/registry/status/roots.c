// SPDX-License-Identifier: Apache-2.0
#include "registry/status/roots.h"

#include "base/log.h"
#include "base/text.h"
#include "registry/status/movement.h"
#include "registry/status/policing_inside.h"
#include "registry/devices/devices.h"
#include "wire/device_certificate.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROOTS_MAX = 10000,
	ROOTS_SHOWN = 400,
	PEM_MAX = 16384,
	NAME_MAX_BYTES = 200,
	REASON_MAX = 200
};
#define X509 "x509:"
#define AKA  "aka:"

enum { COLUMN_ID, COLUMN_NAME, COLUMN_ACCEPTED, COLUMN_AT, COLUMN_SEQ, COLUMN_REASON, COLUMN_PEM };

/* ---- as certificates are verified against them ---- */

static struct view fingerprint_of(struct view id)
{
	const size_t len = strlen(X509);

	return id.len > len && memcmp(id.data, X509, len) == 0
		       ? view_of(id.data + len, id.len - len)
		       : view_of(NULL, 0);
}

static enum err add_root(struct registry *registry, const struct store_result *result, size_t row)
{
	const struct view root = store_at(result, 0, row, COLUMN_ID).bytes;
	const struct view print = fingerprint_of(root);
	const bool accepted = store_at(result, 0, row, COLUMN_ACCEPTED).number != 0;
	const struct view pem = store_at(result, 0, row, COLUMN_PEM).bytes;
	char id[FINGERPRINT_TEXT];

	if (print.len == 0) { /* of an operator: the realm says who its devices are */
		const size_t len = root.len < strlen(AKA) ? root.len : strlen(AKA);

		return devices_trust_realm(registry, view_of(root.data + len, root.len - len),
			accepted);
	}
	if (!accepted) {
		return devices_withdraw_root(registry, print);
	}
	TRY(devices_restore_root(registry, print));
	return pem.len > 0 ? devices_accept_root(registry, pem, id)
			   : devices_pin_root(registry, print);
}

static void take_over(struct policing *p, const struct store_result *result)
{
	if (result->err != OK) {
		log_event(LOG_ERROR, "roots.not_read", "", LOG_TEXT("detail", result->detail));
		return;
	}
	buf_clear(&p->roots);
	for (size_t row = 0; row < result->steps[0].rows; row++) {
		if (add_root(p->registry, result, row) != OK) {
			log_event(LOG_ERROR, "roots.not_taken", "", LOG_DETAIL());
		}
		if (store_at(result, 0, row, COLUMN_ACCEPTED).number != 0) {
			buf_view(&p->roots, store_at(result, 0, row, COLUMN_ID).bytes);
			buf_u8(&p->roots, '\n');
		}
	}
}

void policy_put_roots(const struct registry *registry, struct json_writer *w)
{
	struct view left =
		registry->policing ? buf_contents(&registry->policing->roots) : view_text("");

	for (size_t i = 0; left.len > 0 && i < ROOTS_SHOWN; i++) {
		const size_t len =
			(size_t)((const uint8_t *)memchr(left.data, '\n', left.len) - left.data);

		json_put_text(w, NULL, view_of(left.data, len));
		left = view_of(left.data + len + 1, left.len - len - 1);
	}
}

static void on_roots(void *user, uint64_t ref, const struct store_result *result)
{
	struct registry *registry = user;

	(void)ref;
	if (registry->policing && !registry->policing->stopping) {
		take_over(registry->policing, result);
	}
}

static struct store_step all_roots(void)
{
	return (struct store_step){
		.statement = PAGE_ROOTS,
		.param_count = 2,
		.params = {STORE_TEXT_OF(view_text("")), STORE_INT_OF(ROOTS_MAX)},
	};
}

void roots_read_again(struct policing *p)
{
	const struct store_step step = all_roots();

	if (store_submit(p->registry->store, &step, 1, on_roots, p->registry, 0) != OK) {
		log_event(LOG_ERROR, "roots.not_read", "", LOG_DETAIL());
	}
}

/* ---- one is accepted ---- */

static void write_root(struct view subject, struct view name, struct view reason, const char *by,
	struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "subject", subject);
	json_put_text(&w, "name", name);
	if (reason.len > 0) {
		json_put_text(&w, "reason", reason);
	}
	json_put_string(&w, "by", by);
	json_close(&w);
}

static struct store_step accept_step(const struct policing *p, const char *id, struct view name,
	struct view pem)
{
	return (struct store_step){
		.statement = ACCEPT_ROOT,
		.expect = STORE_ONE,
		.param_count = 5,
		.params = {STORE_TEXT_OF(view_text(id)), STORE_TEXT_OF(name), STORE_TEXT_OF(pem),
			STORE_INT_OF(policing_now(p)), STORE_TEXT_OF(view_text(""))},
	};
}

static enum err read_pem(struct view pem, char ret_id[ROT_ID_SIZE + 8])
{
	struct trust_roots *probe = NULL;
	char print[FINGERPRINT_TEXT];

	TRY(trust_roots_new(&probe));
	enum err err = trust_roots_add(probe, pem, print);

	trust_roots_free(probe);
	TRY(err);
	(void)snprintf(ret_id, ROT_ID_SIZE + 8, X509 "%s", print);
	return OK;
}

/* ---- from a folder ---- */

static void on_loaded(void *user, uint64_t ref, const struct store_result *result, int64_t seq)
{
	struct registry *registry = user;

	(void)ref;
	(void)seq;
	/* A conflict: it is known, and may have been withdrawn since. */
	if (result->err == OK && registry->policing) {
		roots_read_again(registry->policing);
	} else if (result->err != OK && result->err != ERR_CONFLICT) {
		log_event(LOG_ERROR, "roots.not_loaded", "", LOG_TEXT("detail", result->detail));
	}
}

static enum err load_file(struct policing *p, const char *path)
{
	BUF_CLEANUP struct buf pem = buf_growing(0), record = buf_growing(4096),
			       subject = buf_growing(512);
	char id[ROT_ID_SIZE + 8];

	const char *slash = strrchr(path, '/');
	const struct view name = view_text(slash ? slash + 1 : path);

	TRY(text_read_file(path, PEM_MAX, &pem));
	TRY(read_pem(buf_contents(&pem), id));
	buf_printf(&subject, MOVEMENT_ROOT_SUBJECT "%s", id);
	write_root(buf_contents(&subject), name, view_text(""), "", &record);
	const struct event event = {.kind = EVENT_ROOT_OF_TRUST_ACCEPTED,
		.subject = buf_contents(&subject),
		.record = buf_contents(&record)};
	struct store_step step = accept_step(p, id, name, buf_contents(&pem));

	step.statement = LOAD_ROOT; /* one that was withdrawn stays so */
	return ledger_submit(p->registry->ledger, &event, 1, &step, 1, on_loaded, p->registry, 0);
}

/* Each file is a PEM certificate; what cannot be read is told, and the rest is taken. */
static enum err load_folder(struct policing *p, const char *folder)
{
	DIR *dir = opendir(folder);

	if (!dir) {
		return err_fail(ERR_CONFIG, "status.roots: %s cannot be read", folder);
	}
	for (struct dirent *file = readdir(dir); file; file = readdir(dir)) {
		BUF_CLEANUP struct buf path = buf_growing(4096);

		buf_printf(&path, "%s/%s", folder, file->d_name);
		if (file->d_name[0] != '.' && load_file(p, buf_string(&path)) != OK) {
			log_event(LOG_WARN, "roots.not_loaded", "", LOG_TEXT("file", file->d_name),
				LOG_DETAIL());
		}
	}
	closedir(dir);
	return OK;
}

static void on_first_roots(void *user, uint64_t ref, const struct store_result *result)
{
	(void)ref;
	take_over(user, result);
}

enum err roots_start_up(struct policing *p)
{
	const struct registry_conf *conf = p->registry->conf;
	const struct store_step step = all_roots();

	TRY(store_run(p->registry->store, &step, 1, on_first_roots, p));
	for (size_t i = 0; i < conf->device_roots.count; i++) {
		TRY(load_file(p, conf->device_roots.items[i]));
	}
	return conf->roots_folder[0] != '\0' ? load_folder(p, conf->roots_folder) : OK;
}

/* ---- routes ---- */

static enum err put_root(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row)
{
	(void)call;
	json_open(w, NULL);
	json_put_text(w, "id", store_at(result, 0, row, COLUMN_ID).bytes);
	json_put_text(w, "name", store_at(result, 0, row, COLUMN_NAME).bytes);
	json_put_bool(w, "accepted", store_at(result, 0, row, COLUMN_ACCEPTED).number != 0);
	json_put_int(w, "changed_at", store_at(result, 0, row, COLUMN_AT).number);
	json_put_int(w, "seq", store_at(result, 0, row, COLUMN_SEQ).number);
	json_put_text(w, "reason", store_at(result, 0, row, COLUMN_REASON).bytes);
	json_put_text(w, "certificate", store_at(result, 0, row, COLUMN_PEM).bytes);
	json_close(w);
	return OK;
}

enum err root_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(256);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = PAGE_ROOTS,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)},
	};

	call->put = put_root;
	call->key_column = COLUMN_ID;
	return call_look(call, &step, 1, call_on_list);
}

static enum err on_root_changed(struct call *call, const struct store_result *result, int64_t seq)
{
	struct policing *p = call->registry->policing;
	struct json_writer w = json_to(&call->reply);

	(void)result;
	roots_read_again(p);
	moving_expect(p, seq);
	moving_wake(p);
	json_open(&w, NULL);
	json_put_text(&w, "id", buf_contents(&call->keep));
	json_put_int(&w, "seq", seq);
	json_close(&w);
	call_answer(call, call->status);
	return OK;
}

/* "x509:" and 64 digits, or "aka:" and a realm. */
static enum err check_id(struct view id, char ret_id[ROT_ID_SIZE + 8])
{
	const struct view print = fingerprint_of(id);
	struct buf kept = buf_fixed(ret_id, ROT_ID_SIZE + 8);
	uint8_t bytes[32];
	size_t len = 0;

	TRY(text_copy(ret_id, ROT_ID_SIZE + 8, id, "id"));
	if (print.len > 0) { /* in lower case, as devices have it, however it was typed */
		TRY(text_from_hex(print, bytes, sizeof(bytes), &len, "id"));
		buf_text(&kept, X509);
		text_hex(&kept, view_of(bytes, len));
	}
	return len == sizeof(bytes) || (id.len > 4 && memcmp(id.data, "aka:", 4) == 0)
		       ? OK
		       : err_fail(ERR_SYNTAX, "id: x509: and a SHA-256, or aka: and a realm");
}

static enum err submit(struct call *call, enum event_kind kind, const char *id, struct view name,
	struct view reason, const struct store_step *step)
{
	struct policing *p = call->registry->policing;
	BUF_CLEANUP struct buf record = buf_growing(4096), subject = buf_growing(512);

	buf_printf(&subject, MOVEMENT_ROOT_SUBJECT "%s", id);
	buf_text(&call->keep, id);
	write_root(buf_contents(&subject), name, reason, call->asker.name, &record);
	TRY(buf_end(&record, "root of trust"));
	const struct event event = {.kind = kind,
		.subject = buf_contents(&subject),
		.record = buf_contents(&record)};
	const struct store_step steps[] = {*step,
		movement_step(p, MOVEMENT_ROOT, buf_contents(&subject),
			view_text(call->asker.name))};

	return call_submit(call, &event, 1, steps, 2, on_root_changed);
}

enum err root_accept(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_EXISTS, "this root of trust is accepted already"}};
	struct view pem = {.len = 0}, name = {.len = 0}, given = {.len = 0};
	char id[ROT_ID_SIZE + 8];

	TRY(json_text_opt(call->body, "certificate", &pem));
	TRY(json_text_opt(call->body, "id", &given));
	TRY(json_text(call->body, "name", &name));
	if (pem.len > PEM_MAX || name.len > NAME_MAX_BYTES) {
		return err_fail(ERR_RANGE, "certificate or name: too long");
	}
	TRY(pem.len > 0 ? read_pem(pem, id) : check_id(given, id));
	const struct store_step step = accept_step(call->registry->policing, id, name, pem);

	CALL_FAULTS(call, faults);
	call->status = 201;
	return submit(call, EVENT_ROOT_OF_TRUST_ACCEPTED, id, name, view_text(""), &step);
}

enum err root_withdraw(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_CONFLICT, "this root of trust is withdrawn already"}};
	struct view reason;
	char id[ROT_ID_SIZE + 8];

	TRY(json_text(call->body, "reason", &reason));
	if (reason.len == 0 || reason.len > REASON_MAX) {
		return err_fail(ERR_RANGE, "reason: 1 to %d bytes", REASON_MAX);
	}
	TRY(check_id(buf_contents(&call->segment), id));
	const struct store_step step = {
		.statement = WITHDRAW_ROOT,
		.expect = STORE_ONE,
		.param_count = 4,
		.params = {STORE_TEXT_OF(view_text(id)), STORE_TEXT_OF(view_text("")),
			STORE_INT_OF(policing_now(call->registry->policing)), STORE_TEXT_OF(reason)},
	};

	CALL_FAULTS(call, faults);
	return submit(call, EVENT_ROOT_OF_TRUST_WITHDRAWN, id, view_text(""), reason, &step);
}
