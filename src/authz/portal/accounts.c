// SPDX-License-Identifier: Apache-2.0
/*
 * accounts: how subscribers sign in: with a password, or a one-time code that comes over a channel of the operator's.
 * An attempt is counted before it is judged, so that guesses at the same time do not outrun the lock; an account that is not
 * there, or locked, takes as long and is answered alike.
 */
#include "authz/registration/registration.h"

#include "authz/api/audit.h"
#include "authz/portal/code_program.h"
#include "authz/portal/password.h"
#include "base/log.h"
#include "base/rate.h"
#include "base/text.h"
#include "core/kdf.h"
#include "net/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 2, WAITING_THREADS = 4, NAMES = 65536, CODE_DIGITS = 8 };

struct accounts {
	struct rates *names, *addresses;
};

enum err accounts_start_up(struct authz *authz)
{
	struct accounts *a = calloc(1, sizeof(*a));

	if (!a) {
		return err_fail(ERR_MEMORY, "accounts: out of memory");
	}
	authz->accounts = a;
	TRY(rates_new(NAMES, &a->names));
	TRY(rates_new(NAMES, &a->addresses));
	const size_t most = (size_t)authz->conf->portal_waiting;

	TRY(worker_new(authz->loop, THREADS, most, &authz->worker));
	return worker_new(authz->loop, WAITING_THREADS, most, &authz->waiter);
}

void accounts_shut_down(struct authz *authz)
{
	worker_free(authz->worker);
	worker_free(authz->waiter);
	authz->worker = authz->waiter = NULL;
	if (authz->accounts) {
		rates_free(authz->accounts->names);
		rates_free(authz->accounts->addresses);
		free(authz->accounts);
		authz->accounts = NULL;
	}
}

/* ---- what is kept between the steps of a call ---- */

struct attempt {
	char subscriber[ASKER_SUBSCRIBER];
	bool by_code, changes; /* changes: the password becomes `next` */
	uint8_t secret[PASSWORD_MAX], next[PASSWORD_MAX];
	size_t secret_len, next_len;
	char id[AUDIT_ID]; /* of the session */
	char token[ASKER_TOKEN_TEXT];
};

static struct attempt *attempt_of(struct call *call)
{
	return (struct attempt *)(void *)call->keep.data;
}

static enum err begin(struct call *call, struct view subscriber, struct attempt **ret)
{
	void *room = buf_extend(&call->keep, sizeof(struct attempt));

	if (!room) {
		return err_fail(ERR_MEMORY, "out of memory");
	}
	memset(room, 0, sizeof(struct attempt));
	*ret = room;
	TRY(subscriber_check_id(subscriber));
	return text_copy((*ret)->subscriber, ASKER_SUBSCRIBER, subscriber, "subscriber");
}

static enum err keep_password(const struct json *body, const char *name, uint8_t ret[PASSWORD_MAX],
	size_t *ret_len)
{
	struct view text;

	TRY(json_text(body, name, &text));
	TRY(password_check_length(text));
	memcpy(ret, text.data, text.len);
	*ret_len = text.len;
	return OK;
}

enum err account_check_rate(const struct call *call, const char *subscriber)
{
	struct accounts *a = call->authz->accounts;
	const struct stream *stream = call->request->stream;
	const int64_t most = call->authz->conf->portal_sign_ins;
	const int64_t now = loop_now(call->authz->loop);
	int64_t wait;
	bool fine = !stream || stream_peer_uid(stream) >= 0 ||
		    rates_allow(a->addresses, stream_peer_crowd(stream), most, now, &wait);

	/* An address that has had its share uses up nobody's name. */
	fine = fine &&
	       (!subscriber || rates_allow(a->names, view_text(subscriber), most, now, &wait));
	return fine ? OK : err_fail(ERR_AGAIN, "too many attempts: wait a minute");
}

/* ---- hashing, on a worker ---- */

struct job {
	struct authz *authz;
	pool_ref call;
	void (*done)(struct call *call, const struct job *job);
	uint8_t password[PASSWORD_MAX], next[PASSWORD_MAX], salt[PASSWORD_SALT];
	size_t password_len, next_len; /* 0: not to be checked, or made */
	uint32_t memory;
	char hash[PASSWORD_HASH], next_hash[PASSWORD_HASH];
	bool ran, right;
	enum err err;
};

static void hash_run(void *user)
{
	struct job *job = user;

	job->ran = true;
	job->right = job->password_len == 0 ||
		     password_is(job->hash, view_of(job->password, job->password_len));
	if (job->right && job->next_len > 0) {
		job->err = password_hash(view_of(job->next, job->next_len), job->salt, job->memory,
			job->next_hash);
	}
}

static void hash_back(void *user)
{
	struct job *job = user;
	struct call *call = pool_at(job->authz->calls, job->call);

	if (call && (!job->ran || job->err != OK)) {
		call_fail(call, err_fail(ERR_UNAVAILABLE, "the password could not be hashed"));
	} else if (call) {
		job->done(call, job);
	}
	bytes_wipe(job, sizeof(*job));
	free(job);
}

/* `hash` NULL: nothing is checked. */
static enum err hash(struct call *call, const char *hash_text,
	void (*done)(struct call *call, const struct job *job))
{
	const struct attempt *attempt = attempt_of(call);
	const struct env *env = loop_env(call->authz->loop);
	struct job *job = calloc(1, sizeof(*job));

	if (!job) {
		return err_fail(ERR_MEMORY, "out of memory");
	}
	job->authz = call->authz;
	job->call = call->ref;
	job->done = done;
	job->memory = (uint32_t)call->authz->conf->portal_password_memory;
	job->next_len = attempt->next_len;
	memcpy(job->next, attempt->next, sizeof(job->next));
	if (hash_text) {
		(void)snprintf(job->hash, sizeof(job->hash), "%s", hash_text);
		job->password_len = attempt->secret_len;
		memcpy(job->password, attempt->secret, sizeof(job->password));
	}
	enum err err = env->random(env, job->salt, sizeof(job->salt));

	if (err == OK) {
		err = worker_give(call->authz->worker, hash_run, hash_back, job);
	}
	if (err != OK) {
		bytes_wipe(job, sizeof(*job));
		free(job);
	}
	return err;
}

/* ---- signing in ---- */

static void put_session(struct json_writer *w, struct view id, int64_t created, int64_t until)
{
	char time[TEXT_TIME];

	json_put_text(w, "id", id);
	text_time(created, time);
	json_put_string(w, "created", time);
	text_time(until, time);
	json_put_string(w, "until", time);
}

static enum err refuse_sign_in(void)
{
	return err_fail(ERR_AUTH, "subscriber, password or code are not right, or the account is "
				  "locked for a while after too many attempts");
}

static enum err write_session(struct call *call, const struct attempt *attempt, int64_t now,
	int64_t until)
{
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_string(&w, "subscriber", attempt->subscriber);
	put_session(&w, view_text(attempt->id), now, until);
	json_put_string(&w, "token", attempt->token);
	json_close(&w);
	call->status = 201;
	return OK;
}

/* The secret was right: the account is unlocked, a code is used up, and the session begins, in one unit. */
static enum err begin_session(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_AUTH, "the account is there no more, or the code is used up"},
	};
	struct attempt *attempt = attempt_of(call);
	const struct authz_conf *conf = call->authz->conf;
	const int64_t now = env_wall(loop_env(call->authz->loop));
	const int64_t until = now + conf->portal_session / 1000;
	const struct store_value subscriber = STORE_TEXT_OF(view_text(attempt->subscriber));
	uint8_t token[ASKER_TOKEN];

	TRY(asker_new_token(call->authz, ASKER_SESSION, attempt->token, token));
	TRY(audit_new_id(call->authz, attempt->id));
	const struct store_step steps[] = {
		{.statement = attempt->by_code ? USE_CODE : CLEAR_ATTEMPTS,
			.expect = STORE_ONE,
			.param_count = 1,
			.params = {subscriber}},
		{.statement = ADD_SIGN_IN,
			.param_count = 5,
			.params = {STORE_BLOB_OF(VIEW(token)), STORE_TEXT_OF(view_text(attempt->id)),
				subscriber, STORE_INT_OF(now), STORE_INT_OF(until)}},
		{.statement = TRIM_SIGN_INS,
			.param_count = 3,
			.params = {subscriber, STORE_INT_OF(conf->portal_sessions),
				STORE_INT_OF(now)}},
	};

	call->asker.who = WHO_SUBSCRIBER;
	(void)snprintf(call->asker.by, sizeof(call->asker.by), "%s", attempt->subscriber);
	call_audit(call, view_text(attempt->subscriber), attempt->by_code ? "code" : "password");
	TRY(write_session(call, attempt, now, until));
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, 3, call_on_done);
}

static void on_checked(struct call *call, const struct job *job)
{
	enum err err = job->right ? begin_session(call) : refuse_sign_in();

	if (err != OK) {
		call_fail(call, err);
	}
}

static enum err code_mac(const struct authz *authz, const char *subscriber, struct view code,
	uint8_t ret[KDF_SIZE])
{
	char text[ASKER_SUBSCRIBER + PASSWORD_MAX + 16];
	struct buf input = buf_fixed(text, sizeof(text));

	buf_printf(&input, "code:%s:", subscriber);
	buf_view(&input, code);
	TRY(buf_end(&input, "code"));
	return kdf_hmac(&authz->realm_secret, buf_contents(&input), ret);
}

static enum err check_code(struct call *call, const struct store_result *result)
{
	const struct attempt *attempt = attempt_of(call);
	struct view kept = store_at(result, 0, 0, 1).bytes;
	int64_t until = store_at(result, 0, 0, 2).number;
	uint8_t mac[KDF_SIZE];

	TRY(code_mac(call->authz, attempt->subscriber,
		view_of(attempt->secret, attempt->secret_len), mac));
	bool right = kept.len == sizeof(mac) && bytes_equal_secret(kept.data, mac, sizeof(mac)) &&
		     until > env_wall(loop_env(call->authz->loop));

	return right ? begin_session(call) : refuse_sign_in();
}

/* password, code, code_until; no row: nobody of that name, or locked. */
static enum err on_attempt(struct call *call, const struct store_result *result)
{
	char hash_text[PASSWORD_HASH];
	struct view kept = store_at(result, 0, 0, 0).bytes;

	if (attempt_of(call)->by_code) {
		return check_code(call, result);
	}
	if (kept.len == 0 || text_copy(hash_text, sizeof(hash_text), kept, "password") != OK) {
		password_dummy((uint32_t)call->authz->conf->portal_password_memory, hash_text);
	}
	return hash(call, hash_text, on_checked);
}

static enum err take_attempt(struct call *call, call_done *done)
{
	const struct authz_conf *conf = call->authz->conf;
	const struct store_step step = {
		.statement = TAKE_ATTEMPT,
		.param_count = 4,
		.params = {STORE_TEXT_OF(view_text(attempt_of(call)->subscriber)),
			STORE_INT_OF(env_wall(loop_env(call->authz->loop))),
			STORE_INT_OF(conf->portal_attempts),
			STORE_INT_OF(conf->portal_lockout / 1000)},
	};

	return call_look(call, &step, 1, done);
}

enum err sign_in(struct call *call)
{
	static const char *const known[] = {"subscriber", "password", "code", NULL};
	struct attempt *attempt;
	struct view subscriber, code = {0};

	TRY(json_only(call->body, known));
	TRY(json_text(call->body, "subscriber", &subscriber));
	TRY(begin(call, subscriber, &attempt));
	TRY(json_text_opt(call->body, "code", &code));
	attempt->by_code = code.data != NULL;
	if (attempt->by_code == (json_member(call->body, "password") != NULL)) {
		return err_fail(ERR_SYNTAX, "password or code is wanted, one of the two");
	}
	TRY(keep_password(call->body, attempt->by_code ? "code" : "password", attempt->secret,
		&attempt->secret_len));
	TRY(account_check_rate(call, attempt->subscriber));
	return take_attempt(call, on_attempt);
}

/* ---- sessions ---- */

/* id, created, until */
static enum err put_sign_in(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row, size_t count)
{
	(void)call;
	(void)count;
	json_open(w, NULL);
	put_session(w, store_at(result, 0, row, 0).bytes, store_at(result, 0, row, 1).number,
		store_at(result, 0, row, 2).number);
	json_close(w);
	return OK;
}

enum err sign_in_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(AUDIT_ID);

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = LIST_SIGN_INS,
		.param_count = 4,
		.params = {STORE_TEXT_OF(view_text(call->asker.subscriber)),
			STORE_TEXT_OF(buf_contents(&after)), STORE_INT_OF((int64_t)call->limit + 1),
			STORE_INT_OF(env_wall(loop_env(call->authz->loop)))},
	};

	call->put = put_sign_in;
	return call_submit(call, &step, 1, call_on_list);
}

/* "current" is the one that asks. */
enum err sign_out(struct call *call)
{
	const struct view id = buf_contents(&call->segment);
	const bool current = view_is(id, "current");
	const struct store_step step = {
		.statement = current ? DROP_SIGN_IN_OF_TOKEN : DROP_SIGN_IN,
		.param_count = 2,
		.params = {STORE_TEXT_OF(view_text(call->asker.subscriber)),
			current ? STORE_BLOB_OF(VIEW(call->asker.token)) : STORE_TEXT_OF(id)},
	};

	call_audit(call, view_text(call->asker.subscriber), NULL);
	return call_submit(call, &step, 1, call_on_dropped);
}

/* ---- accounts ---- */

static enum err store_account(struct call *call, const char *password)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "no subscriber with this id is registered"},
	};
	const struct attempt *attempt = attempt_of(call);
	const struct store_value subscriber = STORE_TEXT_OF(view_text(attempt->subscriber));
	const struct store_step steps[] = {
		{.statement = FIND_SUBSCRIBER,
			.expect = STORE_ONE,
			.param_count = 1,
			.params = {subscriber}},
		{.statement = PUT_ACCOUNT,
			.param_count = 3,
			.params = {subscriber,
				password ? STORE_TEXT_OF(view_text(password)) : STORE_NULL_OF(),
				STORE_INT_OF(env_wall(loop_env(call->authz->loop)))}},
		/* Whoever knew the old one is out; the one who changes it stays. */
		{.statement = DROP_OTHER_SIGN_INS,
			.param_count = 2,
			.params = {subscriber, STORE_BLOB_OF(VIEW(call->asker.token))}},
	};
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_string(&w, "subscriber", attempt->subscriber);
	json_put_bool(&w, "password", password != NULL);
	json_close(&w);
	call_audit(call, view_text(attempt->subscriber), password ? "password" : "codes only");
	CALL_FAULTS(call, faults);
	return call_submit(call, steps, 3, call_on_done);
}

static void on_hashed(struct call *call, const struct job *job)
{
	enum err err = job->right ? store_account(call, job->next_hash) : refuse_sign_in();

	if (err != OK) {
		call_fail(call, err);
	}
}

/* The operator's: a first password, or none for an account that signs in by codes. */
enum err account_set(struct call *call)
{
	static const char *const known[] = {"password", NULL};
	struct attempt *attempt;

	TRY(json_only(call->body, known));
	TRY(begin(call, buf_contents(&call->segment), &attempt));
	if (!json_member(call->body, "password")) {
		return store_account(call, NULL);
	}
	TRY(keep_password(call->body, "password", attempt->next, &attempt->next_len));
	return hash(call, NULL, on_hashed);
}

enum err account_remove(struct call *call)
{
	const struct store_step step = {
		.statement = DROP_ACCOUNT,
		.param_count = 1,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment))},
	};

	TRY(subscriber_check_id(buf_contents(&call->segment)));
	return call_submit(call, &step, 1, call_on_dropped);
}

static enum err on_change_attempt(struct call *call, const struct store_result *result)
{
	char hash_text[PASSWORD_HASH];
	struct view kept = store_at(result, 0, 0, 0).bytes;

	if (kept.len == 0 || text_copy(hash_text, sizeof(hash_text), kept, "password") != OK) {
		return refuse_sign_in();
	}
	return hash(call, hash_text, on_hashed);
}

/* The subscriber's: a new password in place of the one that is known. */
enum err account_change(struct call *call)
{
	static const char *const known[] = {"current", "password", NULL};
	struct attempt *attempt;

	TRY(json_only(call->body, known));
	TRY(begin(call, view_text(call->asker.subscriber), &attempt));
	TRY(keep_password(call->body, "current", attempt->secret, &attempt->secret_len));
	TRY(keep_password(call->body, "password", attempt->next, &attempt->next_len));
	TRY(account_check_rate(call, attempt->subscriber));
	return take_attempt(call, on_change_attempt);
}

/* ---- one-time codes ---- */

static enum err make_code(const struct authz *authz, char ret[CODE_DIGITS + 1])
{
	const struct env *env = loop_env(authz->loop);
	uint32_t number;

	do { /* 42 * 10^8 lie below 2^32 */
		TRY(env->random(env, &number, sizeof(number)));
	} while (number >= UINT32_C(4200000000));
	(void)snprintf(ret, CODE_DIGITS + 1, "%08u", number % 100000000);
	return OK;
}

/* Answered before the program runs, and alike whether anybody has this name. */
static enum err on_code(struct call *call, const struct store_result *result)
{
	const struct attempt *attempt = attempt_of(call);

	if (result->steps[0].rows > 0) {
		code_program_give(call->authz, attempt->subscriber, attempt->token,
			store_at(result, 0, 0, 1).number);
	}
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_int(&w, "lifetime", call->authz->conf->portal_code_lifetime / 1000);
	json_close(&w);
	call_answer(call, 202);
	return OK;
}

enum err code_send(struct call *call)
{
	static const char *const known[] = {"subscriber", NULL};
	const struct authz_conf *conf = call->authz->conf;
	const int64_t now = env_wall(loop_env(call->authz->loop));
	struct attempt *attempt;
	struct view subscriber;
	uint8_t mac[KDF_SIZE];

	if (!conf->portal_code_program[0]) {
		return err_fail(ERR_NOT_FOUND, "this realm sends no codes (portal.code_program)");
	}
	TRY(json_only(call->body, known));
	TRY(json_text(call->body, "subscriber", &subscriber));
	TRY(begin(call, subscriber, &attempt));
	TRY(account_check_rate(call, attempt->subscriber));
	TRY(make_code(call->authz, attempt->token));
	TRY(code_mac(call->authz, attempt->subscriber, view_text(attempt->token), mac));
	const struct store_step step = {
		.statement = SET_CODE,
		.param_count = 4,
		.params = {STORE_TEXT_OF(view_text(attempt->subscriber)), STORE_BLOB_OF(VIEW(mac)),
			STORE_INT_OF(now + conf->portal_code_lifetime / 1000), STORE_INT_OF(now)},
	};

	return call_look(call, &step, 1, on_code);
}
