// SPDX-License-Identifier: Apache-2.0
/*
 * devices: client elements and their long-term keys. A symmetric key passes from the request to the vault, which
 * gives it back sealed; it is never shown again. A public key is pinned as it is: a device has one, or the other, or
 * both.  req: B9.2.2-b B9.2.2-e B9.2.2-g
 */
#include "authz/registration/registration.h"

#include "authz/change/change.h"
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

static enum err read_public_key(struct call *call)
{
	struct view pem = {0};

	TRY(json_text_opt(call->body, "public_key", &pem));
	TRY(json_bool_opt(call->body, "certified", &call->device.certified));
	return pem.data ? public_key_from_pem(pem, &call->device.public_key) : OK;
}

static enum err read_device(struct call *call)
{
	static const char *const known[] = {"client", "subscriber", "device", "sqn", "public_key",
		"certified", "exportable", KEY_JSON_MEMBERS, NULL};
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
	TRY(read_public_key(call));
	TRY(json_bool_opt(call->body, "exportable", &device->exportable));
	return json_int_opt(call->body, "sqn", 0, SQN_LAST, &device->sqn);
}

/* A row of the table, as it is shown. */
struct shown {
	struct view client, subscriber, device;
	enum aka_algorithm_id algorithm;
	int64_t created;
	struct view public_key;
	bool certified;
	bool exportable, leaving; /* 10.6.1: its key may go to another operator, or is on its way */
	int64_t awaits;
};

static enum err put_public_key(struct json_writer *w, struct view der)
{
	BUF_CLEANUP struct buf pem = buf_growing(4 * PUBLIC_KEY_MAX);

	TRY(public_key_to_pem(der, &pem));
	json_put_text(w, "public_key", buf_contents(&pem));
	return OK;
}

static enum err put_device(struct json_writer *w, const struct shown *shown)
{
	char time[TEXT_TIME];

	text_time(shown->created, time);
	json_open(w, NULL);
	json_put_text(w, "client", shown->client);
	json_put_text(w, "subscriber", shown->subscriber);
	if (shown->device.len > 0) {
		json_put_text(w, "device", shown->device);
	}
	if (shown->algorithm != 0) {
		json_put_string(w, "algorithm", aka_algorithm_name(shown->algorithm));
	}
	if (shown->public_key.len > 0) {
		TRY(put_public_key(w, shown->public_key));
	}
	if (shown->certified) {
		json_put_bool(w, "certified", true);
	}
	if (shown->exportable) {
		json_put_bool(w, "exportable", true);
	}
	if (shown->leaving) {
		json_put_bool(w, "leaving", true);
	}
	if (shown->awaits & AWAITS_KEY) {
		json_put_bool(w, "key_update", true);
	}
	json_put_string(w, "created", time);
	json_close(w);
	return OK;
}

static bool has_symmetric_key(const struct json *body)
{
	static const char *const members[] = {KEY_JSON_MEMBERS};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (json_member(body, members[i])) {
			return true;
		}
	}
	return false;
}

static enum err store_device(struct call *call, struct view sealed);

enum err device_add(struct call *call)
{
	struct aka_key key = {.algorithm = AKA_MILENAGE};
	bool from_op = false;

	TRY(read_device(call));
	if ((call->device.public_key.len > 0 || call->device.certified) &&
		!has_symmetric_key(call->body)) {
		return store_device(call, view_text(""));
	}
	enum err err = key_from_json(call->body, &key, &from_op);

	if (err == OK) {
		call->device.algorithm = key.algorithm;
		err = vault_seal(call->authz->vault, ident_view(&call->device.client), &key,
			from_op, on_sealed, call->authz, call->ref);
	}
	bytes_wipe(&key, sizeof(key));
	return err;
}

static struct store_value der_of(const struct call_device *device)
{
	const struct public_key *key = &device->public_key;

	return key->len > 0 ? STORE_BLOB_OF(view_of(key->der, key->len)) : STORE_NULL_OF();
}

static struct store_value digest_of(const struct call_device *device)
{
	return device->public_key.len > 0 ? STORE_BLOB_OF(VIEW(device->public_key.digest))
					  : STORE_NULL_OF();
}

/* An empty blob, which has to point somewhere, says that there is no symmetric key. */
static enum err store_device(struct call *call, struct view sealed)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "subscriber: nobody with this id is registered"},
		{1, ERR_EXISTS, ERR_EXISTS,
			"this client, this device or this public key is registered already"},
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
			.param_count = 10,
			.params = {STORE_TEXT_OF(client), STORE_TEXT_OF(subscriber),
				urn.len > 0 ? STORE_TEXT_OF(urn) : STORE_NULL_OF(),
				STORE_INT_OF(device->algorithm), STORE_BLOB_OF(sealed),
				STORE_INT_OF(device->sqn), STORE_INT_OF(now), der_of(device),
				digest_of(device), STORE_INT_OF(device->certified)}},
		{.statement = SET_DEVICE,
			.param_count = 3,
			.params = {STORE_TEXT_OF(client), STORE_INT_OF(device->exportable ? 1 : 0),
				STORE_NULL_OF()}},
	};
	const struct shown shown = {.client = client,
		.subscriber = subscriber,
		.device = urn,
		.algorithm = device->algorithm,
		.created = now,
		.public_key = view_of(device->public_key.der, device->public_key.len),
		.certified = device->certified,
		.exportable = device->exportable};
	struct json_writer w = json_to(&call->reply);

	TRY(put_device(&w, &shown));
	call->status = 201;
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, device->exportable ? 3 : 2, call_on_done);
}

static void on_sealed(void *user, uint64_t ref, const struct vault_answer *answer)
{
	struct authz *authz = user;
	struct call *call = pool_at(authz->calls, ref);

	if (!call) {
		return;
	}
	enum err err = answer->err == OK
			       ? store_device(call, view_of(answer->sealed, answer->sealed_len))
			       : err_fail(answer->err, "%s", answer->detail);

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

/* Beside a symmetric key, or in place of the public key that was there. */
enum err device_public_key_set(struct call *call)
{
	static const char *const known[] = {"public_key", NULL};
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "no such thing is registered"},
		{0, ERR_EXISTS, ERR_EXISTS, "this public key is another device's"},
	};
	struct ident client;
	struct view pem;

	TRY(call_segment_ident(call, IDENT_CLIENT, &client));
	TRY(json_only(call->body, known));
	TRY(json_text(call->body, "public_key", &pem));
	TRY(public_key_from_pem(pem, &call->device.public_key));
	const struct store_step step = {
		.statement = SET_PUBLIC_KEY,
		.expect = STORE_ONE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(ident_view(&client)), der_of(&call->device),
			digest_of(&call->device)},
	};

	call->status = 204;
	CALL_FAULTS(call, faults);
	return call_submit(call, &step, 1, call_on_done);
}

/* From now on nobody bootstraps with it; what was made with it lives on until it ends, or is revoked. */
enum err device_public_key_clear(struct call *call)
{
	struct ident client;

	TRY(call_segment_ident(call, IDENT_CLIENT, &client));
	const struct store_step step = {
		.statement = SET_PUBLIC_KEY,
		.param_count = 3,
		.params = {STORE_TEXT_OF(ident_view(&client)), STORE_NULL_OF(), STORE_NULL_OF()},
	};

	return call_submit(call, &step, 1, call_on_dropped);
}

/*
 * Whether its key may go to another operator: one that is for bootstrapping alone, never that of a USIM's subscription
 * (10.6.1/3); and that it is to be replaced at the next bootstrap.  req: B9.2.1-a
 */
enum err device_change(struct call *call)
{
	static const char *const known[] = {"exportable", "key_update", NULL};
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "no such thing is registered"},
	};
	const struct json *body = call->body;
	bool exportable = false, key_update = false;
	struct ident client;

	TRY(call_segment_ident(call, IDENT_CLIENT, &client));
	TRY(json_only(body, known));
	TRY(json_bool_opt(body, "exportable", &exportable));
	TRY(json_bool_opt(body, "key_update", &key_update));
	if (json_member(body, "key_update") && !key_update) {
		return err_fail(ERR_SYNTAX,
			"key_update: true, or nothing: what the device was told "
			"cannot be taken back");
	}
	const struct store_step step = {
		.statement = SET_DEVICE,
		.expect = STORE_ONE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(ident_view(&client)),
			json_member(body, "exportable") ? STORE_INT_OF(exportable ? 1 : 0)
							: STORE_NULL_OF(),
			key_update ? STORE_INT_OF(1) : STORE_NULL_OF()},
	};

	call->status = 204;
	CALL_FAULTS(call, faults);
	return call_submit(call, &step, 1, call_on_done);
}

/* DEVICE_COLUMNS */
static enum err put(struct call *call, struct json_writer *w, const struct store_result *result,
	size_t row, size_t count)
{
	const struct shown shown = {
		.client = store_at(result, 0, row, 0).bytes,
		.subscriber = store_at(result, 0, row, 1).bytes,
		.device = store_at(result, 0, row, 2).bytes,
		.algorithm = (enum aka_algorithm_id)store_at(result, 0, row, 3).number,
		.created = store_at(result, 0, row, 4).number,
		.public_key = store_at(result, 0, row, 5).bytes,
		.certified = store_at(result, 0, row, 6).number != 0,
		.exportable = store_at(result, 0, row, 7).number != 0,
		.awaits = store_at(result, 0, row, 8).number,
		.leaving = store_at(result, 0, row, 9).bytes.len > 0,
	};

	(void)call;
	(void)count;
	return put_device(w, &shown);
}
