// SPDX-License-Identifier: Apache-2.0
/*
 * devices: client elements and their long-term keys. A key passes from the request to the vault, which
 * gives it back sealed; it is never shown again.  req: B9.2.2-b B9.2.2-e B9.2.2-g
 */
#include "authz/registration.h"

#include "base/text.h"
#include "wire/key_json.h"

#include <string.h>

static vault_done on_sealed;
static call_put put;

static enum err read_client(const struct call *call, struct ident *ret)
{
	const struct ident *realm = &call->authz->realm;

	TRY(call_body_ident(call, "client", IDENT_CLIENT, ret));
	if (!view_equal(ident_realm_of(ret), ident_view(realm))) {
		return err_fail(ERR_SYNTAX, "client: not of this realm, which is %s", realm->text);
	}
	return OK;
}

static enum err read_device(struct call *call)
{
	static const char *const known[] = {"client", "subscriber", "device", "sqn",
		KEY_JSON_MEMBERS, NULL};
	struct call_device *device = &call->device;
	struct view subscriber, urn = {0};

	TRY(json_only(call->body, known));
	TRY(read_client(call, &device->client));
	TRY(json_text(call->body, "subscriber", &subscriber));
	TRY(subscriber_check_id(subscriber));
	TRY(text_copy(device->subscriber, sizeof(device->subscriber), subscriber, "subscriber"));
	TRY(json_text_opt(call->body, "device", &urn));
	if (urn.data) {
		TRY(call_body_ident(call, "device", IDENT_DEVICE, &device->device));
	}
	return json_int_opt(call->body, "sqn", 0, SQN_LAST, &device->sqn);
}

static void put_device(struct json_writer *w, struct view client, struct view subscriber,
	struct view device, enum aka_algorithm_id algorithm, int64_t created)
{
	char time[TEXT_TIME];

	text_time(created, time);
	json_open(w, NULL);
	json_put_text(w, "client", client);
	json_put_text(w, "subscriber", subscriber);
	if (device.len > 0) {
		json_put_text(w, "device", device);
	}
	json_put_string(w, "algorithm", aka_algorithm_name(algorithm));
	json_put_string(w, "created", time);
	json_close(w);
}

enum err device_add(struct call *call)
{
	struct aka_key key = {.algorithm = AKA_MILENAGE};
	bool from_op = false;

	TRY(read_device(call));
	enum err err = key_from_json(call->body, &key, &from_op);

	if (err == OK) {
		call->device.algorithm = key.algorithm;
		err = vault_seal(call->authz->vault, ident_view(&call->device.client), &key,
			from_op, on_sealed, call->authz, call->ref);
	}
	bytes_wipe(&key, sizeof(key));
	return err;
}

static enum err store_device(struct call *call, const struct vault_answer *answer)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "subscriber: nobody with this id is registered"},
		{1, ERR_EXISTS, ERR_EXISTS, "this client, or this device, is registered already"},
	};
	const struct call_device *device = &call->device;
	int64_t now = env_wall(loop_env(call->authz->loop));
	struct view client = ident_view(&device->client),
		    subscriber = view_text(device->subscriber);
	struct view urn = ident_view(&device->device);
	const struct store_step steps[] = {
		{.statement = FIND_SUBSCRIBER,
			.expect = STORE_ONE,
			.param_count = 1,
			.params = {STORE_TEXT_OF(subscriber)}},
		{.statement = ADD_DEVICE,
			.param_count = 7,
			.params = {STORE_TEXT_OF(client), STORE_TEXT_OF(subscriber),
				urn.len > 0 ? STORE_TEXT_OF(urn) : STORE_NULL_OF(),
				STORE_INT_OF(device->algorithm),
				STORE_BLOB_OF(view_of(answer->sealed, answer->sealed_len)),
				STORE_INT_OF(device->sqn), STORE_INT_OF(now)}},
	};
	struct json_writer w = json_to(&call->reply);

	TRY(answer->err == OK ? OK : err_fail(answer->err, "%s", answer->detail));
	put_device(&w, client, subscriber, urn, device->algorithm, now);
	call->status = 201;
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, 2, call_on_done);
}

static void on_sealed(void *user, uint64_t ref, const struct vault_answer *answer)
{
	struct authz *authz = user;
	struct call *call = pool_at(authz->calls, ref);
	enum err err = call ? store_device(call, answer) : OK;

	if (err != OK) {
		call_fail(call, err);
	}
}

enum err device_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(IDENT_MAX), owner = buf_growing(IDENT_MAX);
	enum err err = http_query(call->request->target.query, "subscriber", &owner);

	if (err != OK && err != ERR_NOT_FOUND) {
		return err;
	}
	TRY(buf_end(&owner, "subscriber"));
	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = err == OK ? LIST_DEVICES_OF : LIST_DEVICES,
		.param_count = err == OK ? 3 : 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1), STORE_TEXT_OF(buf_contents(&owner))},
	};

	call->put = put;
	return call_submit(call, &step, 1, call_on_list);
}

static enum err about_one(struct call *call, int statement, call_done *done)
{
	struct ident client;

	TRY(call_segment_ident(call, IDENT_CLIENT, &client));
	const struct store_step step = {
		.statement = statement,
		.param_count = 1,
		.params = {STORE_TEXT_OF(ident_view(&client))},
	};

	call->put = put;
	return call_submit(call, &step, 1, done);
}

enum err device_show(struct call *call)
{
	return about_one(call, FIND_DEVICE, call_on_item);
}

enum err device_remove(struct call *call)
{
	return about_one(call, DROP_DEVICE, call_on_dropped);
}

/* client, subscriber, device, algorithm, created */
static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	(void)call;
	(void)count;
	put_device(w, store_at(result, 0, row, 0).bytes, store_at(result, 0, row, 1).bytes,
		store_at(result, 0, row, 2).bytes,
		(enum aka_algorithm_id)store_at(result, 0, row, 3).number,
		store_at(result, 0, row, 4).number);
	return OK;
}
