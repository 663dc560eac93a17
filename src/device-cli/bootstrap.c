// SPDX-License-Identifier: Apache-2.0
#include "device-cli/device_cli.h"

#include <stdio.h>

enum { ANSWER_MS = 30 * 1000, RUNS = 2 };

/* One run of clause 10.4 over the network: bytes go between the stream and the library. */
struct run {
	struct symdev_boot boot;
	struct device *device;
	const struct ident *application; /* NULL: the plain form */
	const char *address;
	struct tls *tls;
	struct stream *stream;
	struct timer patience;
	enum err result;
	char detail[DETAIL_MAX]; /* of it: what follows the end says things too */
	bool ended;
};

static void on_ready(void *user, struct stream *stream);
static size_t on_input(void *user, struct stream *stream, struct view bytes);
static void on_closed(void *user, struct stream *stream, enum err why);

static void end(struct run *run, enum err result)
{
	if (!run->ended) {
		run->result = result;
		(void)snprintf(run->detail, sizeof(run->detail), "%s", err_detail());
		run->ended = true;
		loop_stop(run->device->loop);
	}
}

static void no_answer(void *user)
{
	struct run *run = user;

	end(run, err_fail(ERR_TIMEOUT, "%s: no answer within %d s", run->device->node.text,
			 ANSWER_MS / 1000));
}

static enum err open_stream(struct run *run)
{
	static const struct stream_on on = {.ready = on_ready,
		.input = on_input,
		.closed = on_closed};

	return stream_connect(run->device->loop, run->address, run->tls, run->device->node.text,
		NULL, &on, run, &run->stream);
}

static void leave(struct run *run)
{
	if (run->stream) {
		stream_close(run->stream);
		run->stream = NULL;
	}
}

static enum err send_output(struct run *run)
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

/* What the token will be bound to. */
static enum err tell_binding(struct run *run)
{
	uint8_t binding[32];

	TRY(stream_channel_binding(run->stream, binding));
	return symdev_boot_connected(&run->boot, VIEW(binding));
}

static void on_ready(void *user, struct stream *stream)
{
	struct run *run = user;
	enum err err = run->application ? tell_binding(run) : OK;

	(void)stream;
	if (err == OK) {
		err = send_output(run);
	}
	if (err != OK) {
		end(user, err);
	}
}

static enum err go_on(struct run *run)
{
	if (!symdev_boot_reconnect(&run->boot)) {
		return send_output(run);
	}
	leave(run);
	return open_stream(run);
}

static size_t on_input(void *user, struct stream *stream, struct view bytes)
{
	struct run *run = user;
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
	struct run *run = user;

	(void)stream;
	run->stream = NULL;
	if (run->ended) {
		return;
	}
	if (why == OK || why == ERR_CLOSED) {
		why = symdev_boot_closed(&run->boot);
	} else {
		why = err_fail(why, "%s: %s", run->device->node.text, err_detail());
	}
	if (why == OK && !symdev_boot_done(&run->boot)) {
		why = open_stream(run);
	}
	if (why != OK || symdev_boot_done(&run->boot)) {
		end(run, why);
	}
}

static enum err run_once(struct run *run, struct symdev_token *ret)
{
	struct symdev_options options = {
		.se_ops = &se_soft_ops,
		.se = run->device->se,
		.env = run->device->env,
		.client = run->device->client,
		.node = run->device->node,
		.step = device_step,
	};

	if (run->application) {
		options.application = *run->application;
	}
	TRY(symdev_boot_begin(&run->boot, &options));
	TRY(open_stream(run));
	loop_run(run->device->loop);
	timer_stop(run->device->loop, &run->patience);
	leave(run);
	if (run->result != OK) {
		return err_fail(run->result, "%s", run->detail);
	}
	return symdev_boot_token(&run->boot, ret);
}

/* A node that no longer knows its challenge, after a restart say, is asked once more. */
enum err device_bootstrap(struct device *device, const struct ident *application,
	const char *address, struct symdev_token *ret)
{
	const struct tls_files files = {.authority = device->ca[0] ? device->ca : NULL};
	enum err err = ERR_CONFLICT;
	struct tls *tls;

	TRY(tls_client(&files, &tls));
	for (int i = 0; i < RUNS && err == ERR_CONFLICT; i++) {
		struct run run = {
			.device = device,
			.application = application,
			.address = address ? address : device->address,
			.tls = tls,
		};

		err = run_once(&run, ret);
		symdev_boot_end(&run.boot);
	}
	tls_free(tls);
	return err;
}
