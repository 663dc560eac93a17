// SPDX-License-Identifier: Apache-2.0
#include "registry/set_up/settings.h"

#include "base/log.h"
#include "registry/schema.h"

#include <stdio.h>

enum { PLACE = 96 };

struct found {
	struct buf sealed;
	enum err err;
};

static void write_place(const char *name, char ret[PLACE])
{
	(void)snprintf(ret, PLACE, "setting/record/%s", name);
}

static void on_found(void *user, uint64_t ref, const struct store_result *result)
{
	struct found *f = user;

	(void)ref;
	f->err = result->err;
	if (f->err == OK && result->steps[0].rows > 0) {
		buf_view(&f->sealed, store_at(result, 0, 0, 0).bytes);
		f->err = buf_end(&f->sealed, "setting");
	}
}

enum err setting_find(struct registry *registry, const char *name, struct buf *ret)
{
	const struct store_step step = {
		.statement = FIND_SETTING,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(name))},
	};
	struct found f = {.sealed = buf_growing(SETTING_MAX + SEAL_OVERHEAD)};
	char place[PLACE];
	enum err err = store_run(registry->store, &step, 1, on_found, &f);

	err = err == OK ? f.err : err;
	if (err == OK && f.sealed.len == 0) {
		err = err_fail(ERR_NOT_FOUND, "setting: %s is not there", name);
	}
	if (err == OK) {
		write_place(name, place);
		err = seal_open(registry->ring, place, buf_contents(&f.sealed), ret);
	}
	buf_free(&f.sealed);
	return err;
}

static void on_added(void *user, uint64_t ref, const struct store_result *result)
{
	enum err *err = user;

	(void)ref;
	*err = result->err;
}

enum err setting_add(struct registry *registry, const char *name, struct view value)
{
	BUF_CLEANUP struct buf sealed = buf_growing(SETTING_MAX + SEAL_OVERHEAD);
	char place[PLACE];
	enum err err = OK;

	write_place(name, place);
	TRY(seal_close(registry->ring, place, value, &sealed));
	const struct store_step step = {
		.statement = ADD_SETTING,
		.param_count = 2,
		.params = {STORE_TEXT_OF(view_text(name)), STORE_BLOB_OF(buf_contents(&sealed))},
	};

	TRY(store_run(registry->store, &step, 1, on_added, &err));
	return err;
}

static void on_put(void *user, uint64_t ref, const struct store_result *result)
{
	(void)user;
	(void)ref;
	if (result->err != OK) {
		log_event(LOG_ERROR, "registry.setting_not_kept", "",
			LOG_TEXT("detail", result->detail));
	}
}

enum err setting_put(struct registry *registry, const char *name, struct view value)
{
	BUF_CLEANUP struct buf sealed = buf_growing(SETTING_MAX + SEAL_OVERHEAD);
	char place[PLACE];

	write_place(name, place);
	TRY(seal_close(registry->ring, place, value, &sealed));
	const struct store_step step = {
		.statement = PUT_SETTING,
		.param_count = 2,
		.params = {STORE_TEXT_OF(view_text(name)), STORE_BLOB_OF(buf_contents(&sealed))},
	};

	return store_submit(registry->store, &step, 1, on_put, NULL, 0);
}
