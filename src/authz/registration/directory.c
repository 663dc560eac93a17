// SPDX-License-Identifier: Apache-2.0
/*
 * directory: subscribers who are registered by what the operator's own databases say of them, and not by asking
 * again: who they are, how they were verified, and their devices. A device whose key is here becomes
 * theirs; of others it is told that their keys are wanted.  req: B9.2.2-a B9.2.2-b B7.1-e B7.1-f
 */
#include "authz/registration/registration.h"

#include "authz/api/audit.h"
#include "authz/sessions.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/claims.h"

#include <string.h>

/* A unit has the subscriber, its sessions and the audit beside devices. */
enum { PULLS = 64, DEVICES_IN_UNIT = STORE_STEPS - 4, WAITING = 256 };

/* One subscriber on the way from the directory to the store. */
struct pull {
	struct authz *authz;
	pool_ref ref, call;
	char id[DIRECTORY_WORD + 1];
	struct directory_record record;
	size_t done, some; /* devices; those of the unit under way */
	struct json_writer writer;
};

static connector_done on_found, on_probed;
static store_done on_known, on_stored;

enum err directory_start_up(struct authz *authz)
{
	const struct authz_conf *conf = authz->conf;

	TRY(pool_new(sizeof(struct pull), PULLS, &authz->pulls));
	if (!conf->directory_url[0]) {
		return OK;
	}
	authz->directory_settings = (struct directory_settings){
		.url = conf->directory_url,
		.authority = conf->directory_authority,
		.user = conf->directory_user,
		.password_file = conf->directory_password_file,
		.plain = conf->directory_plain,
		.timeout_ms = conf->directory_timeout,
		.subscribers = conf->directory_subscribers,
		.subscriber_filter = conf->directory_subscriber_filter,
		.name = conf->directory_name,
		.verification = conf->directory_verification,
		.verifications = &conf->directory_verifications,
		.claims = &conf->directory_claims,
		.verified = conf->directory_verified,
		.devices = conf->directory_devices,
		.device_filter = conf->directory_device_filter,
		.client = conf->directory_client,
		.device = conf->directory_device,
	};
	if (!conf->directory_subscribers[0]) {
		return err_fail(ERR_CONFIG, "directory.url needs directory.subscribers");
	}
	return connector_new(authz->loop, &connector_ldap, &authz->directory_settings,
		&authz->realm, WAITING, &authz->connector);
}

void directory_shut_down(struct authz *authz)
{
	connector_free(authz->connector);
	pool_free(authz->pulls);
	authz->connector = NULL;
	authz->pulls = NULL;
}

static enum err must_be_configured(const struct authz *authz)
{
	return authz->connector
		       ? OK
		       : err_fail(ERR_NOT_FOUND, "no directory is configured: directory.url");
}

static struct call *end(struct pull *pull)
{
	struct call *call = pool_at(pull->authz->calls, pull->call);

	bytes_wipe(&pull->record, sizeof(pull->record));
	pool_give(pull->authz->pulls, pull->ref);
	return call;
}

static void fail(struct pull *pull, enum err err)
{
	struct call *call = end(pull);

	if (call) {
		call_fail(call, err);
	}
}

/* --- from the directory --- */

enum err subscriber_pull(struct call *call)
{
	struct authz *authz = call->authz;
	struct view id = buf_contents(&call->segment);
	struct pull *pull;
	pool_ref ref;

	TRY(subscriber_check_id(id));
	TRY(must_be_configured(authz));
	TRY(pool_take(authz->pulls, &ref, (void **)&pull));
	pull->authz = authz;
	pull->ref = ref;
	pull->call = call->ref;
	enum err err = text_copy(pull->id, sizeof(pull->id), id, "subscriber");

	err = err == OK ? connector_find(authz->connector, id, on_found, authz, ref) : err;
	if (err != OK) {
		pool_give(authz->pulls, ref);
	}
	return err;
}

/* A directory that is not as it must be is nothing that who asks can mend. */
static enum err as_an_answer(enum err err)
{
	switch (err) {
	case ERR_NOT_FOUND:
	case ERR_CONFLICT:
	case ERR_OVERLOAD:
		return err;
	case ERR_SYNTAX:
	case ERR_RANGE:
		return ERR_CONFLICT; /* the entry; its sentence says what */
	default:
		log_event(LOG_ERROR, "directory.failed", "", LOG_DETAIL());
		return err_fail(ERR_TIMEOUT, "the directory does not answer as it should; the "
					     "log of this node says why");
	}
}

/* What is there already of the subscriber is asked for: what the directory does not tell stays. */
static void on_found(void *user, uint64_t ref, enum err err, const struct directory_record *record)
{
	struct authz *authz = user;
	struct pull *pull = pool_at(authz->pulls, ref);
	struct call *call = pull ? pool_at(authz->calls, pull->call) : NULL;

	if (!pull) {
		return;
	}
	if (err != OK || !call) {
		fail(pull, as_an_answer(err));
		return;
	}
	pull->record = *record;
	const struct store_step step = {.statement = FIND_SUBSCRIBER,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(pull->id))}};

	err = store_submit(authz->store, &step, 1, on_known, authz, ref);
	if (err != OK) {
		fail(pull, err);
	}
}

/* --- into the store --- */

/* Claims that the directory is asked for are as it has them, or gone; others stay.  req: B9.2.2-a B10.3 */
static enum err merge_claims(const struct pull *pull, const struct json *kept, struct buf *out)
{
	const struct conf_texts *rows = &pull->authz->conf->directory_claims;
	JSON_CLEANUP struct json *told = NULL;
	struct words asked = {.text = ""}, none = {.text = ""};
	struct json_writer w = json_to(out);

	for (size_t i = 0; i < rows->count; i++) {
		char name[DIRECTORY_CLAIM];

		(void)directory_claim(rows->items[i], name);
		TRY(words_add(&asked, view_text(name), "directory.claims"));
	}
	json_open(&w, NULL);
	if (kept) {
		claims_put_others(kept, &asked, &w);
	}
	if (pull->record.claims[0]) {
		TRY(json_parse(view_text(pull->record.claims), DIRECTORY_CLAIMS, &told));
		claims_put_others(told, &none, &w);
	}
	json_close(&w);
	return buf_end(out, "claims");
}

/* The record as it will be, sealed. `known`: the row that there is, or none. */
static enum err merge(const struct pull *pull, const struct store_result *known, struct buf *claims,
	struct buf *sealed)
{
	JSON_CLEANUP struct json *record = NULL, *merged = NULL;
	struct view id = view_text(pull->id);
	struct person person = {.name = view_text("")};

	if (known->steps[0].rows > 0) {
		TRY(subscriber_open_record(pull->authz, id, store_at(known, 0, 0, 2).bytes, &record,
			&person));
	}
	person.name = view_text(pull->record.name);
	person.verified = pull->record.verified > 0 ? pull->record.verified : person.verified;
	TRY(merge_claims(pull, person.claims, claims));
	TRY(json_parse(buf_contents(claims), SUBSCRIBER_RECORD_MAX, &merged));
	if (claims_check(merged) != OK) {
		char why[160];

		(void)text_copy(why, sizeof(why), view_text(err_detail()), "claims");
		return err_fail(ERR_CONFLICT, "directory: %s", why);
	}
	person.claims = claims->len > 2 ? merged : NULL;
	return subscriber_seal_record(pull->authz, id, &person, sealed);
}

/* Anew, or in the place of the record that was read, and of no other. */
static struct store_step keep_step(const struct pull *pull, const struct store_result *known,
	struct view sealed)
{
	struct store_step step = {
		.statement = ADD_SUBSCRIBER,
		.expect = STORE_ONE,
		.param_count = 4,
		.params = {STORE_TEXT_OF(view_text(pull->id)),
			STORE_TEXT_OF(view_text(pull->record.verification)), STORE_BLOB_OF(sealed),
			STORE_INT_OF(env_wall(loop_env(pull->authz->loop)))},
	};

	if (known->steps[0].rows > 0) {
		step.statement = UPDATE_SUBSCRIBER;
		step.params[3] = store_at(known, 0, 0, 2);
	}
	return step;
}

static void begin_answer(struct pull *pull, struct call *call)
{
	pull->writer = json_to(&call->reply);
	json_open(&pull->writer, NULL);
	json_put_string(&pull->writer, "id", pull->id);
	json_put_string(&pull->writer, "verification", pull->record.verification);
	json_put_string(&pull->writer, "name", pull->record.name);
	json_open_array(&pull->writer, "devices");
}

static void store_some(struct pull *pull, const struct store_step *subscriber);

static void on_known(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct pull *pull = pool_at(authz->pulls, ref);
	struct call *call = pull ? pool_at(authz->calls, pull->call) : NULL;
	BUF_CLEANUP struct buf claims = buf_growing(SUBSCRIBER_RECORD_MAX);
	BUF_CLEANUP struct buf sealed = buf_growing(SUBSCRIBER_RECORD_MAX + SEAL_OVERHEAD);

	if (!pull) {
		return;
	}
	enum err err = result->err == OK ? OK : err_fail(result->err, "%s", result->detail);

	err = err == OK && call ? merge(pull, result, &claims, &sealed) : err;
	buf_wipe(&claims);
	if (err != OK || !call) {
		fail(pull, err);
		return;
	}
	begin_answer(pull, call);
	const struct store_step step = keep_step(pull, result, buf_contents(&sealed));

	store_some(pull, &step);
}

static struct store_step device_step(const struct pull *pull, const struct directory_device *device)
{
	struct view urn = ident_view(&device->device);

	return (struct store_step){
		.statement = LINK_DEVICE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(ident_view(&device->client)),
			STORE_TEXT_OF(view_text(pull->id)),
			urn.len > 0 ? STORE_TEXT_OF(urn) : STORE_NULL_OF()},
	};
}

static enum err audit(const struct pull *pull, struct audit_room *room, struct store_step *ret)
{
	const struct call *call = pool_at(pull->authz->calls, pull->call);
	const struct audit_entry entry = {.role = WHO_OPERATOR,
		.by = call ? call->asker.by : "",
		.operation = "subscriber_pull",
		.object = view_text(pull->id),
		.detail = view_text("")};

	return audit_step(pull->authz, &entry, room, ret);
}

/*
 * A unit has room for a few devices, the first one for the subscriber too; sessions with attributes of it are told anew, those
 * of devices that have become its own as well. All can be done again.
 */
static void store_some(struct pull *pull, const struct store_step *subscriber)
{
	const struct store_value id = STORE_TEXT_OF(view_text(pull->id));
	struct store_step steps[STORE_STEPS] = {{.statement = FIND_SUBSCRIBER,
		.expect = STORE_ONE,
		.param_count = 1,
		.params = {id}}};
	size_t left = pull->record.device_count - pull->done, count = 1;
	struct audit_room room;

	pull->some = left < DEVICES_IN_UNIT ? left : DEVICES_IN_UNIT;
	if (subscriber) {
		steps[0] = *subscriber;
	}
	for (size_t i = 0; i < pull->some; i++) {
		steps[count++] = device_step(pull, &pull->record.devices[pull->done + i]);
	}
	steps[count++] = (struct store_step){.statement = CHANGE_SUBSCRIBER,
		.param_count = 1,
		.params = {id}};
	enum err err = audit(pull, &room, &steps[count++]);

	err = err == OK ? store_submit(pull->authz->store, steps, count, on_stored, pull->authz,
				  pull->ref)
			: err;
	if (err != OK) {
		fail(pull, err);
	}
}

/* client and subscriber of the row that there is, if any */
static void put_device(struct pull *pull, const struct store_result *result, size_t step)
{
	struct json_writer *w = &pull->writer;
	const struct directory_device *device = &pull->record.devices[pull->done + step - 1];
	bool known = result->steps[step].rows > 0;
	bool ours = known && view_is(store_at(result, step, 0, 1).bytes, pull->id);

	json_open(w, NULL);
	json_put_text(w, "client", ident_view(&device->client));
	if (device->device.kind != IDENT_NONE) {
		json_put_text(w, "device", ident_view(&device->device));
	}
	json_put_string(w, "state", ours ? "registered" : known ? "another-subscribers" : "no-key");
	json_close(w);
}

static void finish(struct pull *pull)
{
	struct json_writer *w = &pull->writer;

	json_close_array(w);
	json_close(w);
	struct call *call = end(pull);

	if (call) {
		call_answer(call, 200);
	}
}

static enum err fault_of(const struct store_result *result)
{
	if (result->failed_step == 0 && (result->err == ERR_CONFLICT || result->err == ERR_EXISTS)) {
		return err_fail(ERR_CONFLICT, "the subscriber was changed meanwhile: pull again");
	}
	return result->err == ERR_EXISTS
		       ? err_fail(ERR_EXISTS,
				 "a device of the directory's entry is registered with "
				 "another client")
		       : err_fail(result->err, "%s", result->detail);
}

static void on_stored(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct pull *pull = pool_at(authz->pulls, ref);

	if (!pull) {
		return;
	}
	if (result->err != OK || !pool_at(authz->calls, pull->call)) {
		fail(pull, fault_of(result));
		return;
	}
	for (size_t step = 1; step <= pull->some; step++) {
		put_device(pull, result, step);
	}
	pull->done += pull->some;
	sessions_wake(authz);
	if (pull->done < pull->record.device_count) {
		store_some(pull, NULL);
	} else {
		finish(pull);
	}
}

/* --- whether it is there --- */

static void on_probed(void *user, uint64_t ref, enum err err, const struct directory_record *record)
{
	struct authz *authz = user;
	struct call *call = pool_at(authz->calls, ref);

	(void)record;
	if (!call) {
		return;
	}
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_string(&w, "url", authz->conf->directory_url);
	json_put_bool(&w, "ok", err == OK);
	json_put_string(&w, "detail", err == OK ? "" : err_detail());
	json_close(&w);
	call_answer(call, 200);
}

enum err directory_show(struct call *call)
{
	TRY(must_be_configured(call->authz));
	return connector_probe(call->authz->connector, on_probed, call->authz, call->ref);
}
