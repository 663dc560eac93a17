// SPDX-License-Identifier: Apache-2.0
#include "authz/api/idempotency.h"

#include "authz/registration/registration.h"
#include "base/text.h"
#include "core/kdf.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX = 64 * 1024, PLACE = 24 + CALL_ONCE };
enum { STEP_OLD, STEP_ADD, STEP_LOOK, STEPS };

static void on_reserved(void *user, uint64_t ref, const struct store_result *result);
static void on_kept(void *user, uint64_t ref, const struct store_result *result);

bool idempotency_is_asked(const struct call *call, call_operation *operation)
{
	return view_is(call->request->head->method, "POST") && operation != sign_in &&
	       operation != code_send &&
	       http_field_of(call->request->head, "Idempotency-Key").data != NULL;
}

static void write_place(const struct call *call, char ret[PLACE])
{
	(void)snprintf(ret, PLACE, "idempotency/answer/%s", call->once);
}

/* Neither keys nor bodies stand in the database: a body may hold a password. */
static enum err mac(const struct call *call, const char *kind, struct view text,
	uint8_t ret[KDF_SIZE])
{
	BUF_CLEANUP struct buf input = buf_growing(128 * 1024);
	enum err err;

	buf_printf(&input, "%s:%s:%s:%.*s:", kind, who_name(call->asker.who), call->asker.by,
		(int)call->request->target.path.len, (const char *)call->request->target.path.data);
	buf_view(&input, text);
	err = buf_end(&input, "Idempotency-Key");
	if (err == OK) {
		err = kdf_hmac(&call->authz->realm_secret, buf_contents(&input), ret);
	}
	buf_wipe(&input);
	return err;
}

enum err idempotency_begin(struct call *call)
{
	const struct view key = http_field_of(call->request->head, "Idempotency-Key");
	const int64_t now = env_wall(loop_env(call->authz->loop));
	struct buf name = buf_fixed(call->once, sizeof(call->once));
	uint8_t hash[KDF_SIZE], digest[KDF_SIZE];

	if (key.len < IDEMPOTENCY_KEY_MIN || key.len > IDEMPOTENCY_KEY_MAX ||
		!text_is_printable(key)) {
		return err_fail(ERR_SYNTAX, "Idempotency-Key: %d to %d printable characters",
			IDEMPOTENCY_KEY_MIN, IDEMPOTENCY_KEY_MAX);
	}
	TRY(mac(call, "key", key, hash));
	TRY(mac(call, "body", call->request->body, digest));
	text_hex(&name, VIEW(hash));
	buf_u8(&name, '\0');
	const struct store_value once = STORE_TEXT_OF(view_text(call->once));
	const struct store_step steps[STEPS] = {
		[STEP_OLD] = {.statement = DROP_OLD_ANSWERS,
			.param_count = 1,
			.params = {STORE_INT_OF(now - IDEMPOTENCY_LIFETIME)}},
		[STEP_ADD] = {.statement = ADD_ANSWER,
			.param_count = 3,
			.params = {once, STORE_BLOB_OF(VIEW(digest)), STORE_INT_OF(now)}},
		[STEP_LOOK] = {.statement = FIND_ANSWER,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {once, STORE_BLOB_OF(VIEW(digest))}},
	};
	enum err err =
		store_submit(call->authz->store, steps, STEPS, on_reserved, call->authz, call->ref);

	if (err != OK) {
		call->once[0] = '\0';
	}
	return err;
}

/* status, answer, whether it is the same request */
static enum err answer_again(struct call *call, const struct store_result *result)
{
	const unsigned status = (unsigned)store_at(result, STEP_LOOK, 0, 0).number;
	char place[PLACE];

	write_place(call, place);
	call->once[0] = '\0';
	if (store_at(result, STEP_LOOK, 0, 2).number == 0) {
		return err_fail(ERR_REPLAY,
			"Idempotency-Key: it was used with another request; take a new one");
	}
	if (status == 0) {
		return err_fail(ERR_CONFLICT,
			"a request with this key is under way, or was when the "
			"node ended: look whether it was done");
	}
	if (status != 204) {
		TRY(seal_open(call->authz->ring, place, store_at(result, STEP_LOOK, 0, 1).bytes,
			    &call->reply) == OK
				? OK
				: err_fail(ERR_IO, "an answer that was kept does not open"));
	}
	call_send(call, status);
	return OK;
}

static void on_reserved(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct call *call = pool_at(authz->calls, ref);

	if (!call) {
		return;
	}
	if (result->err != OK) {
		call->once[0] = '\0';
		call_fail(call, err_fail(result->err, "%s", result->detail));
	} else if (result->steps[STEP_ADD].changed == 1) {
		call_go_on(call);
	} else {
		enum err err = answer_again(call, result);

		if (err != OK) {
			call_fail(call, err);
		}
	}
}

void idempotency_end(struct call *call, unsigned status)
{
	BUF_CLEANUP struct buf sealed = buf_growing(ANSWER_MAX + SEAL_OVERHEAD);
	char place[PLACE];
	enum err err = OK;

	call->once_status = status;
	write_place(call, place);
	if (status != 204) {
		err = seal_close(call->authz->ring, place, buf_contents(&call->reply), &sealed);
		err = err == OK ? buf_end(&sealed, "answer") : err;
	}
	const struct store_step step = {
		.statement = KEEP_ANSWER,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text(call->once)), STORE_INT_OF(status),
			status != 204 ? STORE_BLOB_OF(buf_contents(&sealed)) : STORE_NULL_OF()},
	};

	if (err == OK) {
		err = store_submit(call->authz->store, &step, 1, on_kept, call->authz, call->ref);
	}
	if (err != OK) { /* it was done all the same */
		call_send(call, status);
	}
}

static void on_kept(void *user, uint64_t ref, const struct store_result *result)
{
	struct call *call = pool_at(((struct authz *)user)->calls, ref);

	(void)result;
	if (call) {
		call_send(call, call->once_status);
	}
}

void idempotency_drop(struct call *call)
{
	const struct store_step step = {
		.statement = DROP_ANSWER,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(call->once))},
	};

	/* When the store does not take it, the key stays used for a day: it is said so then. */
	(void)!store_submit(call->authz->store, &step, 1, on_kept, call->authz, 0);
	call->once[0] = '\0';
}
