// SPDX-License-Identifier: Apache-2.0
#include "device-cli/device_cli.h"

#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MS = 30 * 1000, RUNS = 2, REFRESH_S = 24 * 3600 };

/* Clause 10.4 over the network: bytes go between the stream and the library. */
struct bootstrap {
	struct symdev_boot boot;
	struct device *device;
	struct ident application; /* IDENT_NONE: the plain form */
	char given[ADDRESS_MAX];  /* of the first node, in place of the realm's */
	size_t node;		  /* of the realm's, the one that is asked */
	struct tls *tls;
	struct stream *stream;
	struct timer patience;
	int runs;
	struct key_update *update; /* after it, when the realm asks for one */
	struct symdev_token token;
	int64_t retry_after;
	enum err result;
	char detail[DETAIL_MAX]; /* of it: what follows the end says things too */
	bool ended;
	bootstrap_done *done;
	void *user;
};

static void on_ready(void *user, struct stream *stream);
static size_t on_input(void *user, struct stream *stream, struct view bytes);
static void on_closed(void *user, struct stream *stream, enum err why);

static void finish(void *user);

/* From within a callback of the stream's: the rest follows outside of it. */
static void end(struct bootstrap *run, enum err result)
{
	if (!run->ended) {
		run->result = result;
		(void)snprintf(run->detail, sizeof(run->detail), "%s", err_detail());
		run->ended = true;
		timer_start(run->device->loop, &run->patience, 0, finish, run);
	}
}

static const struct symdev_node *node_of(const struct bootstrap *run)
{
	return &run->device->realm.nodes[run->node];
}

static void no_answer(void *user)
{
	struct bootstrap *run = user;

	end(run, err_fail(ERR_TIMEOUT, "%s: no answer within %d s", node_of(run)->host.text,
			 ANSWER_MS / 1000));
}

static enum err open_stream(struct bootstrap *run)
{
	static const struct stream_on on = {.ready = on_ready,
		.input = on_input,
		.closed = on_closed};

	char address[ADDRESS_MAX];

	TRY(device_address_of(node_of(run), run->node == 0 ? run->given : "", address));
	return stream_connect(run->device->loop, address, run->tls, node_of(run)->host.text, NULL,
		&on, run, &run->stream);
}

static void leave(struct bootstrap *run)
{
	if (run->stream) {
		stream_close(run->stream);
		run->stream = NULL;
	}
}

static enum err send_output(struct bootstrap *run)
{
	struct view output = symdev_boot_output(&run->boot);

	if (output.len == 0) {
		return OK;
	}
	TRY(stream_send(run->stream, output));
	symdev_boot_sent(&run->boot, output.len);
	timer_start(run->device->loop, &run->patience, ANSWER_MS, no_answer, run);
	return OK;
}

/* Of the connection that brings the answer: it is asked for while that is taken in. */
static enum err export_key(void *user, const char *label, struct view context, uint8_t ret[32])
{
	struct bootstrap *run = user;
	SECRET(key);

	TRY(stream_export(run->stream, label, context, &key));
	memcpy(ret, key.bytes, 32);
	return OK;
}

/* What the token will be bound to. */
static enum err tell_binding(struct bootstrap *run)
{
	uint8_t binding[32];

	TRY(stream_channel_binding(run->stream, binding));
	return symdev_boot_connected(&run->boot, VIEW(binding));
}

static void on_ready(void *user, struct stream *stream)
{
	struct bootstrap *run = user;
	enum err err = run->application.kind == IDENT_NONE ? OK : tell_binding(run);

	(void)stream;
	if (err == OK) {
		err = send_output(run);
	}
	if (err != OK) {
		end(user, err);
	}
}

static enum err go_on(struct bootstrap *run)
{
	if (!symdev_boot_reconnect(&run->boot)) {
		return send_output(run);
	}
	leave(run);
	return open_stream(run);
}

static size_t on_input(void *user, struct stream *stream, struct view bytes)
{
	struct bootstrap *run = user;
	enum err err = run->ended ? OK : symdev_boot_input(&run->boot, bytes);

	(void)stream;
	if (err == OK && !symdev_boot_done(&run->boot) && !run->ended) {
		err = go_on(run);
	}
	if (err != OK || symdev_boot_done(&run->boot)) {
		end(run, err);
	}
	return bytes.len;
}

static void on_closed(void *user, struct stream *stream, enum err why)
{
	struct bootstrap *run = user;

	(void)stream;
	run->stream = NULL;
	if (run->ended) {
		return;
	}
	if (why == OK || why == ERR_CLOSED) {
		why = symdev_boot_closed(&run->boot);
	} else {
		why = err_fail(why, "%s: %s", node_of(run)->host.text, err_detail());
	}
	if (why == OK && !symdev_boot_done(&run->boot)) {
		why = open_stream(run);
	}
	if (why != OK || symdev_boot_done(&run->boot)) {
		end(run, why);
	}
}

static enum err read_least(const struct options *given, struct symdev_options *ret)
{
	uint64_t bits = 0;

	ret->degree = given->degree;
	if (given->strength &&
		text_from_u64(view_text(given->strength), 512, &bits, "--strength") != OK) {
		return err_fail(ERR_CONFIG, "--strength: bits of security, such as 128");
	}
	ret->least.strength = (int)bits;
	return OK;
}

static enum err begin_run(struct bootstrap *run)
{
	struct symdev_options options = {
		.se_ops = &se_soft_ops,
		.se = run->device->se,
		.env = run->device->env,
		.client = run->device->client,
		.node = node_of(run)->host,
		.application = run->application,
		.plain_allowed =
			symdev_realm_plain_allowed(&run->device->realm, env_wall(run->device->env)),
		.mechanism = run->device->realm.certificate ? SYMDEV_CERTIFICATE : SYMDEV_AKA,
		.exported = export_key,
		.mechanisms = "tls13-psk tls12-psk http-digest",
		.export_user = run,
		.step = device_step,
	};

	TRY(read_least(run->device->options, &options));
	run->runs++;
	run->ended = false;
	TRY(symdev_boot_begin(&run->boot, &options));
	return open_stream(run);
}

void device_bootstrap_cancel(struct bootstrap *run)
{
	if (!run) {
		return;
	}
	timer_stop(run->device->loop, &run->patience);
	device_key_update_cancel(run->update);
	leave(run);
	symdev_boot_end(&run->boot);
	tls_free(run->tls);
	free(run);
}

/* It is not there, or has no time: another node of the realm may have. */
static bool is_away(enum err err)
{
	return err == ERR_UNAVAILABLE || err == ERR_TIMEOUT || err == ERR_CLOSED || err == ERR_IO;
}

/* A node that no longer knows its challenge, after a restart say, is asked once more; one that is away is followed by the
 * next: the new token's id then names that one. */
static bool asks_again(struct bootstrap *run)
{
	if (run->result == ERR_CONFLICT && run->runs < RUNS) {
		return true;
	}
	if (!is_away(run->result) || run->node + 1 >= run->device->realm.node_count) {
		return false;
	}
	log_event(LOG_WARN, "rp_c.node_away", "", LOG_TEXT("node", node_of(run)->host.text),
		LOG_TEXT("next", run->device->realm.nodes[run->node + 1].host.text),
		LOG_TEXT("detail", run->detail));
	run->node++;
	run->runs = 0;
	return true;
}

/* Whoever began it is told, once. */
static void tell(struct bootstrap *run, enum err err)
{
	struct symdev_token token = run->token;
	bootstrap_done *done = run->done;
	void *user = run->user;
	int64_t retry_after = run->retry_after;

	device_bootstrap_cancel(run);
	done(user, err, &token, retry_after);
}

/* The token is good whatever became of the key: there is one that works, and the next bootstrap asks again. */
static void on_key_updated(void *user, enum err result)
{
	struct bootstrap *run = user;

	run->update = NULL;
	run->token.key_update = result != OK;
	if (result != OK) {
		log_event(LOG_WARN, "key.not_replaced", "", LOG_DETAIL());
	}
	tell(run, OK);
}

static void finish(void *user)
{
	struct bootstrap *run = user;

	leave(run);
	if (asks_again(run)) {
		symdev_boot_end(&run->boot);
		enum err err = begin_run(run);

		if (err != OK) {
			end(run, err);
		}
		return;
	}
	enum err err = run->result == OK ? symdev_boot_token(&run->boot, &run->token)
					 : err_fail(run->result, "%s", run->detail);

	run->retry_after = symdev_boot_retry_after(&run->boot);
	if (err != OK || !run->token.key_update) {
		tell(run, err);
		return;
	}
	if (device_key_update_begin(run->device, &run->token, run->node == 0 ? run->given : "",
		    on_key_updated, run, &run->update) != OK) {
		on_key_updated(run, ERR_UNAVAILABLE);
	}
}

enum err device_bootstrap_begin(struct device *device, const struct ident *application,
	const char *address, bootstrap_done *done, void *user, struct bootstrap **ret)
{
	struct bootstrap *run = calloc(1, sizeof(*run));

	if (!run) {
		return err_fail(ERR_MEMORY, "bootstrap: out of memory");
	}
	run->device = device;
	run->done = done;
	run->user = user;
	if (application) {
		run->application = *application;
	}
	enum err err = text_copy(run->given, sizeof(run->given), view_text(address ? address : ""),
		"address");

	if (err == OK) {
		err = device_tls_client(device, &run->tls);
	}
	if (err == OK) {
		err = begin_run(run);
	}
	if (err != OK) {
		device_bootstrap_cancel(run);
		return err;
	}
	*ret = run;
	return OK;
}

/* The same, waited for. */

struct waiting {
	struct loop *loop;
	enum err result;
	char detail[DETAIL_MAX];
	struct symdev_token *token;
};

static void on_done(void *user, enum err result, const struct symdev_token *token,
	int64_t retry_after)
{
	struct waiting *w = user;

	(void)retry_after;
	w->result = result;
	(void)snprintf(w->detail, sizeof(w->detail), "%s", err_detail());
	if (result == OK) {
		*w->token = *token;
	}
	loop_stop(w->loop);
}

/* What the realm says of itself is asked for anew before it is over; the nodes that are known do meanwhile. */
static void refresh_realm(struct device *device)
{
	const struct symdev_realm *realm = &device->realm;

	if (realm->anchor_count > 0 && env_wall(device->env) >= realm->expires - REFRESH_S &&
		device_update_realm(device) != OK) {
		log_event(LOG_WARN, "realm.not_updated", "", LOG_DETAIL());
	}
}

enum err device_bootstrap(struct device *device, const struct ident *application,
	const char *address, struct symdev_token *ret)
{
	struct waiting waiting = {.loop = device->loop, .token = ret};
	struct bootstrap *run;

	refresh_realm(device);

	TRY(device_bootstrap_begin(device, application, address, on_done, &waiting, &run));
	loop_run(device->loop);
	return waiting.result == OK ? OK : err_fail(waiting.result, "%s", waiting.detail);
}
