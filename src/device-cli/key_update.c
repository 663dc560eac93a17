// SPDX-License-Identifier: Apache-2.0
/* key_update: clause 10.6.1/4 over the network: bytes go between the stream and the library. */
#include "device-cli/device_cli.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_MS = 30 * 1000 };

struct key_update {
	struct symdev_update update;
	struct device *device;
	struct symdev_node node;
	char address[ADDRESS_MAX];
	struct tls *tls;
	struct stream *stream;
	struct timer patience;
	enum err result;
	char detail[DETAIL_MAX];
	bool ended;
	key_update_done *done;
	void *user;
};

static void on_ready(void *user, struct stream *stream);
static size_t on_input(void *user, struct stream *stream, struct view bytes);
static void on_closed(void *user, struct stream *stream, enum err why);

static void leave(struct key_update *run)
{
	if (run->stream) {
		stream_close(run->stream);
		run->stream = NULL;
	}
}

static void finish(void *user)
{
	struct key_update *run = user;
	key_update_done *done = run->done;
	enum err err = run->result == OK ? OK : err_fail(run->result, "%s", run->detail);

	user = run->user;
	device_key_update_cancel(run);
	done(user, err);
}

/* From within a callback of the stream's: the rest follows outside of it. */
static void end(struct key_update *run, enum err result)
{
	if (!run->ended) {
		run->result = result;
		(void)snprintf(run->detail, sizeof(run->detail), "%s", err_detail());
		run->ended = true;
		timer_start(run->device->loop, &run->patience, 0, finish, run);
	}
}

static void no_answer(void *user)
{
	struct key_update *run = user;

	end(run, err_fail(ERR_TIMEOUT, "%s: no answer within %d s", run->node.host.text,
			 ANSWER_MS / 1000));
}

static enum err open_stream(struct key_update *run)
{
	static const struct stream_on on = {.ready = on_ready,
		.input = on_input,
		.closed = on_closed};

	timer_start(run->device->loop, &run->patience, ANSWER_MS, no_answer, run);
	return stream_connect(run->device->loop, run->address, run->tls, run->node.host.text, NULL,
		&on, run, &run->stream);
}

static enum err send_output(struct key_update *run)
{
	struct view output = symdev_update_output(&run->update);

	if (output.len == 0) {
		return OK;
	}
	TRY(stream_send(run->stream, output));
	symdev_update_sent(&run->update, output.len);
	timer_start(run->device->loop, &run->patience, ANSWER_MS, no_answer, run);
	return OK;
}

static enum err begin_on(struct key_update *run)
{
	uint8_t binding[32];

	TRY(stream_channel_binding(run->stream, binding));
	TRY(symdev_update_connected(&run->update, VIEW(binding)));
	return send_output(run);
}

static void on_ready(void *user, struct stream *stream)
{
	struct key_update *run = user;
	enum err err = begin_on(run);

	(void)stream;
	if (err != OK) {
		end(run, err);
	}
}

static enum err go_on(struct key_update *run)
{
	if (!symdev_update_reconnect(&run->update)) {
		return send_output(run);
	}
	leave(run);
	return open_stream(run);
}

static size_t on_input(void *user, struct stream *stream, struct view bytes)
{
	struct key_update *run = user;
	enum err err = run->ended ? OK : symdev_update_input(&run->update, bytes);

	(void)stream;
	if (err == OK && !symdev_update_done(&run->update) && !run->ended) {
		err = go_on(run);
	}
	if (err != OK || symdev_update_done(&run->update)) {
		end(run, err);
	}
	return bytes.len;
}

static void on_closed(void *user, struct stream *stream, enum err why)
{
	struct key_update *run = user;

	(void)stream;
	run->stream = NULL;
	if (run->ended) {
		return;
	}
	if (why == OK || why == ERR_CLOSED) {
		why = symdev_update_closed(&run->update);
	} else {
		why = err_fail(why, "%s: %s", run->node.host.text, err_detail());
	}
	if (why == OK && !symdev_update_done(&run->update)) {
		why = open_stream(run);
	}
	if (why != OK || symdev_update_done(&run->update)) {
		end(run, why);
	}
}

void device_key_update_cancel(struct key_update *run)
{
	if (!run) {
		return;
	}
	timer_stop(run->device->loop, &run->patience);
	leave(run);
	symdev_update_end(&run->update);
	tls_free(run->tls);
	free(run);
}

/* The node that the token came from: it alone has what the new key is wrapped with. */
static enum err find_node(struct key_update *run, const struct symdev_token *token,
	const char *address)
{
	const struct symdev_realm *realm = &run->device->realm;

	for (size_t i = 0; i < realm->node_count; i++) {
		if (ident_equal(&realm->nodes[i].host, &token->node)) {
			run->node = realm->nodes[i];
			return device_address_of(&run->node, address, run->address);
		}
	}
	return err_fail(ERR_NOT_FOUND, "%s: no node of the realm any more", token->node.text);
}

static enum err begin(struct key_update *run, const struct symdev_token *token, const char *address)
{
	const struct device *device = run->device;
	const struct tls_files files = {.authority = device->ca[0] ? device->ca : NULL};
	const struct symdev_options options = {.se_ops = &se_soft_ops,
		.se = device->se,
		.env = device->env,
		.step = device_step};

	TRY(find_node(run, token, address));
	TRY(tls_client(&files, &run->tls));
	TRY(symdev_update_begin(&run->update, &options, token));
	return open_stream(run);
}

enum err device_key_update_begin(struct device *device, const struct symdev_token *token,
	const char *address, key_update_done *done, void *user, struct key_update **ret)
{
	struct key_update *run = calloc(1, sizeof(*run));

	if (!run) {
		return err_fail(ERR_MEMORY, "key update: out of memory");
	}
	run->device = device;
	run->done = done;
	run->user = user;
	enum err err = begin(run, token, address);

	if (err != OK) {
		device_key_update_cancel(run);
		return err;
	}
	*ret = run;
	return OK;
}
