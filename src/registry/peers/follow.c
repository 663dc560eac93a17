// SPDX-License-Identifier: Apache-2.0
/*
 * Following another registry's log: a held stream from where it was left off, verified (check.h) and applied (apply.c), no faster
 * than the store takes it. A link that is lost is made again, and what was missed comes then. What breaks the protocol
 * ends it until an administrator says otherwise.  req: R7-iv-f R9.1-v R6.1-d
 */
#include "base/log.h"
#include "registry/peers/peers_inside.h"
#include "registry/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 16 * 1024, SECOND = 1000 };

uint64_t follower_lag(const struct follower *f)
{
	const uint64_t applied = (uint64_t)f->peer->seq;

	return f->check.head > applied ? f->check.head - applied : 0;
}

static struct loop *loop_of(const struct follower *f)
{
	return f->peer->registry->loop;
}

static void note_step(struct follower *f)
{
	if (f->check.greeted && follower_lag(f) == 0) {
		f->in_step = registry_now(f->peer->registry);
	}
}

/* --- the end of a stream --- */

static void drop_stream(struct follower *f)
{
	if (f->check.head > f->peer->head) { /* which holds for the next stream */
		f->peer->head = f->check.head;
		f->peer->head_root = f->check.head_root;
	}
	if (f->call) {
		http_call_cancel(f->call);
		f->call = NULL;
	}
	timer_stop(loop_of(f), &f->breath);
	sse_free(&f->sse);
	check_free(&f->check);
	apply_drop(f);
	f->check.greeted = f->paused = f->says_goodbye = false;
	f->generation = ++f->peer->registry->peers->generations;
}

static void connect_again(void *user);

void follower_lose(struct follower *f)
{
	const struct registry_conf *conf = f->peer->registry->conf;

	f->lost++;
	log_event(LOG_WARN, "registry.stream_lost", "",
		LOG_VIEW("registry", reg_id_view(&f->peer->id)), LOG_DETAIL());
	drop_stream(f);
	timer_start(loop_of(f), &f->retry, f->wait_ms, connect_again, f);
	f->wait_ms =
		2 * f->wait_ms < conf->peers_retry_max ? 2 * f->wait_ms : conf->peers_retry_max;
}

static void end_for_good(void *user)
{
	struct follower *f = user;
	struct peer *peer = f->peer;
	const enum err fault = f->fault;

	peer_isolate(peer, err_fail(fault, "%s", f->why));
}

void follower_fail(struct follower *f, enum err fault)
{
	const bool for_good = fault == ERR_SYNTAX || fault == ERR_RANGE || fault == ERR_AUTH ||
			      fault == ERR_CONFLICT || fault == ERR_DENIED;

	if (!for_good) {
		follower_lose(f);
		return;
	}
	f->fault = fault;
	(void)snprintf(f->why, sizeof(f->why), "%s", err_detail());
	drop_stream(f);
	timer_start(loop_of(f), &f->retry, 0, end_for_good, f); /* not from within its callbacks */
}

/* --- what comes --- */

static void on_breath(void *user)
{
	follower_breathe(user);
}

/* Entries and all else that is said, so many a second: more waits at the other side. */
static bool has_tokens(struct follower *f)
{
	const int64_t now = loop_now(loop_of(f));
	const double rate = (double)f->peer->registry->conf->peers_rate;

	f->tokens += rate * (double)(now - f->tokens_at) / SECOND;
	f->tokens = f->tokens < rate ? f->tokens : rate;
	f->tokens_at = now;
	return f->tokens > 0;
}

static bool is_full(const struct follower *f)
{
	return f->count >= (size_t)f->peer->registry->conf->peers_held;
}

static void hold_breath(struct follower *f)
{
	const bool tired = !has_tokens(f);

	if (f->call && !f->paused && (tired || is_full(f))) {
		f->paused = true;
		http_call_pause(f->call);
	}
	if (tired && !timer_is_running(&f->breath)) {
		timer_start(loop_of(f), &f->breath, SECOND / 10, on_breath, f);
	}
}

void follower_breathe(struct follower *f)
{
	if (f->call && f->paused && !is_full(f)) {
		if (!has_tokens(f)) {
			hold_breath(f);
			return;
		}
		f->paused = false;
		http_call_resume(f->call);
	}
}

static enum err on_event(void *user, const struct sse_event *event)
{
	struct follower *f = user;

	f->silent_bytes = 0;
	f->tokens -= 1;
	TRY(check_take(&f->check, event->name, event->data));
	f->wait_ms = f->peer->registry->conf->peers_retry;
	note_step(f);
	return OK;
}

/* Comments without end, or an event that never ends, are no log. */
static enum err take(struct follower *f, struct view part)
{
	const int64_t now = registry_now(f->peer->registry);
	const size_t most = (size_t)f->peer->registry->conf->peers_entry;

	if (now - f->heard_at > SECOND) {
		f->silent_bytes = 0;
		note_step(f);
	}
	f->heard_at = now;
	f->silent_bytes += part.len;
	TRY(sse_feed(&f->sse, part, on_event, f));
	return f->silent_bytes <= most
		       ? OK
		       : err_fail(ERR_RANGE, "stream: %zu bytes without an event", f->silent_bytes);
}

static void on_head(void *user, const struct http_head *head)
{
	((struct follower *)user)->status = head->status;
}

static void on_body(void *user, struct view part)
{
	struct follower *f = user;

	if (f->status != 200) {
		return;
	}
	const uint64_t generation = f->generation;
	enum err err = take(f, part);

	if (f->generation != generation) {
		return; /* it was lost meanwhile */
	}
	if (err != OK) {
		follower_fail(f, err);
		return;
	}
	hold_breath(f);
}

static void on_done(void *user, enum err result)
{
	struct follower *f = user;
	const bool begun = f->status == 200;

	f->call = NULL;
	if (result == OK) {
		result = begun ? err_fail(ERR_CLOSED, "the other registry has ended the stream")
			       : err_fail(ERR_UNAVAILABLE, "the stream was answered with %u",
					 f->status);
	} else if (!begun && (result == ERR_SYNTAX || result == ERR_RANGE || result == ERR_AUTH)) {
		result = ERR_UNAVAILABLE; /* whoever that was: not yet known to be the registry */
	}
	follower_fail(f, result);
}

/* --- a new stream --- */

static enum err begin_check(struct follower *f)
{
	struct peer *peer = f->peer;
	const struct registry_conf *conf = peer->registry->conf;

	f->check = (struct check){
		.limits = {.entry = (size_t)conf->peers_entry,
			.held = (size_t)conf->peers_held,
			.held_bytes = (size_t)conf->peers_held_bytes,
			.snapshot = (size_t)conf->peers_snapshot},
		.own = peer->registry->id,
		.peer = peer->id,
		.relation = peer->relation,
		.verified = apply_take,
		.user = f,
		.head = peer->head,
		.head_root = peer->head_root,
	};
	memcpy(f->check.also, peer->also, sizeof(f->check.also));
	TRY(note_key_parse(view_text(peer->log_key), &f->check.key));
	check_begin(&f->check, &peer->range);
	return OK;
}

static enum err open_stream(struct follower *f)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	static const struct http_field accept = {{(const uint8_t *)"Accept", 6},
		{(const uint8_t *)SSE_TYPE, 17}};
	char target[64];

	TRY(begin_check(f));
	f->sse = sse_of((size_t)f->peer->registry->conf->peers_entry);
	f->status = 0;
	f->silent_bytes = 0;
	f->range = f->peer->range;
	f->seq = f->peer->seq;
	f->tokens_at = loop_now(loop_of(f));
	(void)snprintf(target, sizeof(target), "/v1/log/stream?from=%lld", (long long)f->seq);
	return http_client_call(f->client, "GET", view_text(target), &accept, 1, view_of(NULL, 0),
		&on, f, &f->call);
}

/* The store is asked how far it is: a unit's result may have been lost. */
static void on_place(void *user, uint64_t ref, const struct store_result *result)
{
	const struct registry *registry = user;
	struct follower *f = NULL;

	for (size_t i = 0; registry->peers && i < registry->peers->count && !f; i++) {
		f = registry->peers->items[i]->follower;
		f = f && f->generation == ref ? f : NULL;
	}
	if (!f) {
		return;
	}
	const struct view range =
		result->err == OK ? store_at(result, 0, 0, 1).bytes : view_of(NULL, 0);
	enum err err = result->err == OK ? OK : err_fail(result->err, "%s", result->detail);

	f->peer->range = (struct merkle_range){.size = 0};
	if (err == OK && range.len > 0) {
		err = merkle_range_read(range, &f->peer->range);
	}
	if (err == OK) {
		f->peer->seq = store_at(result, 0, 0, 0).number;
		err = (uint64_t)f->peer->seq == f->peer->range.size
			      ? open_stream(f)
			      : err_fail(ERR_IO, "the place in its log is not what was kept");
	}
	if (err != OK) {
		(void)err_fail(ERR_UNAVAILABLE, "%s", err_detail());
		follower_lose(f);
	}
}

static void connect_again(void *user)
{
	struct follower *f = user;
	const struct store_step step = {
		.statement = FIND_PEER_PLACE,
		.expect = STORE_ONE,
		.param_count = 1,
		.params = {STORE_TEXT_OF(reg_id_view(&f->peer->id))},
	};

	if (f->peer->units > 0) { /* of the stream before */
		timer_start(loop_of(f), &f->retry, 10, connect_again, f);
		return;
	}
	if (store_submit(f->peer->registry->store, &step, 1, on_place, f->peer->registry,
		    f->generation) != OK) {
		follower_lose(f);
	}
}

enum err follower_start(struct peer *peer)
{
	const struct registry_conf *conf = peer->registry->conf;
	const struct http_client_options options = {
		.address = peer->address,
		.host = peer->host,
		.tls = peer->registry->peers->tls,
		.connections = 1,
		.stall_ms = 3 * conf->peers_keep_alive,
		.limits = {.head = HEAD_MAX, .body = SIZE_MAX},
	};
	struct follower *f = calloc(1, sizeof(*f));

	if (!f) {
		return err_fail(ERR_MEMORY, "registry: out of memory");
	}
	f->peer = peer;
	f->wait_ms = conf->peers_retry;
	f->tokens = (double)conf->peers_rate;
	f->generation = ++peer->registry->peers->generations;
	enum err err = http_client_new(peer->registry->loop, &options, &f->client);

	if (err != OK) {
		free(f);
		return err;
	}
	peer->follower = f;
	timer_start(loop_of(f), &f->retry, 0, connect_again, f);
	return OK;
}

void follower_stop(struct peer *peer)
{
	struct follower *f = peer->follower;

	if (!f) {
		return;
	}
	drop_stream(f);
	timer_stop(loop_of(f), &f->retry);
	http_client_free(f->client);
	free(f->queue);
	free(f);
	peer->follower = NULL;
}
