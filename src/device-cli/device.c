// SPDX-License-Identifier: Apache-2.0
#include "device-cli/device_cli.h"

#include "base/log.h"
#include "base/text.h"
#include "net/stream.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PROFILE_MAX = 16 * 1024, EXPIRY_MARGIN_S = 5 };

enum err device_path(const struct options *options, const char *name, char *ret)
{
	int len = snprintf(ret, PATH_MAX, "%s/%s", options->dir, name);

	return len < PATH_MAX ? OK : err_fail(ERR_RANGE, "%s: path too long", options->dir);
}

enum err device_write_profile(const struct options *options)
{
	char path[PATH_MAX];
	BUF_CLEANUP struct buf text = buf_growing(PROFILE_MAX);
	struct json_writer w = json_to(&text);

	TRY(device_path(options, "device.json", path));
	json_open(&w, NULL);
	json_put_string(&w, "client", options->client);
	json_put_string(&w, "node", options->node);
	json_put_string(&w, "authority", options->ca ? options->ca : "");
	json_put_string(&w, "address", options->address ? options->address : "");
	json_close(&w);
	buf_u8(&text, '\n');
	TRY(buf_end(&text, "device.json"));
	return text_write_file(path, buf_contents(&text), 0600);
}

static enum err read_profile(const struct options *options, struct device *device)
{
	char path[PATH_MAX];
	BUF_CLEANUP struct buf text = buf_growing(PROFILE_MAX);
	JSON_CLEANUP struct json *profile = NULL;
	struct view client, node, authority, address;

	TRY(device_path(options, "device.json", path));
	if (text_read_file(path, PROFILE_MAX, &text) != OK) {
		return err_fail(ERR_NOT_FOUND,
			"no device in %s; make one with `symbolon-device init`", options->dir);
	}
	TRY(json_parse(buf_contents(&text), PROFILE_MAX, &profile));
	TRY(json_text(profile, "client", &client));
	TRY(json_text(profile, "node", &node));
	TRY(json_text(profile, "authority", &authority));
	TRY(json_text(profile, "address", &address));
	TRY(ident_parse(IDENT_CLIENT, client, &device->client));
	TRY(ident_parse(IDENT_FQDN, node, &device->node));
	TRY(text_copy(device->ca, sizeof(device->ca), authority, "authority"));
	if (address.len > 0) {
		return text_copy(device->address, sizeof(device->address), address, "address");
	}
	(void)snprintf(device->address, sizeof(device->address), "%.100s:443", device->node.text);
	return OK;
}

enum err device_open(const struct options *options, struct device *ret)
{
	char element[PATH_MAX], master[PATH_MAX];

	*ret = (struct device){.env = &env_system};
	TRY(read_profile(options, ret));
	TRY(device_path(options, "se.sealed", element));
	TRY(device_path(options, "se.master", master));
	TRY(se_soft_open(ret->env, element, master, &ret->se));
	return loop_new(ret->env, &ret->loop);
}

void device_close(struct device *device)
{
	se_soft_close(device->se);
	loop_free(device->loop);
}

/* Steps between two elements; all others are the device's own. */
void device_step(void *user, const char *clause, const char *event, int64_t microseconds)
{
	bool to_node = strncmp(event, "rp_c.", 5) == 0;
	bool to_element = strcmp(event, "session.established") == 0;

	(void)user;
	log_step(event, "", clause, "device",
		to_node	     ? "authn"
		: to_element ? "element"
			     : "device",
		microseconds);
}

/* One bootstrap over the network: bytes go between the stream and the library. */
struct run {
	struct symdev_boot boot;
	struct stream *stream;
	struct loop *loop;
	enum err result;
	bool ended;
};

static void end(struct run *run, enum err result)
{
	run->result = result;
	run->ended = true;
	loop_stop(run->loop);
}

static void send_output(struct run *run)
{
	struct view output = symdev_boot_output(&run->boot);

	if (output.len == 0) {
		return;
	}
	symdev_boot_sent(&run->boot, output.len);
	enum err err = stream_send(run->stream, output);

	if (err != OK) {
		end(run, err);
	}
}

static void on_ready(void *user, struct stream *stream)
{
	(void)stream;
	send_output(user);
}

static size_t on_input(void *user, struct stream *stream, struct view bytes)
{
	struct run *run = user;
	enum err err = symdev_boot_input(&run->boot, bytes);

	(void)stream;
	if (err != OK || symdev_boot_done(&run->boot)) {
		end(run, err);
	} else {
		send_output(run);
	}
	return bytes.len;
}

static void on_closed(void *user, struct stream *stream, enum err why)
{
	struct run *run = user;

	(void)stream;
	run->stream = NULL;
	if (!run->ended) {
		end(run, why == OK || why == ERR_CLOSED ? symdev_boot_closed(&run->boot) : why);
	}
}

static enum err run_to_end(struct device *device, const char *address, struct tls *tls,
	struct run *run)
{
	static const struct stream_on on = {.ready = on_ready,
		.input = on_input,
		.closed = on_closed};

	TRY(stream_connect(device->loop, address, tls, device->node.text, NULL, &on, run,
		&run->stream));
	loop_run(device->loop);
	if (run->stream) {
		stream_close(run->stream);
	}
	return run->result;
}

enum err device_bootstrap(struct device *device, const char *address, struct symdev_token *ret)
{
	struct tls *tls;
	struct run run = {.loop = device->loop};
	const struct symdev_options options = {
		.se_ops = &se_soft_ops,
		.se = device->se,
		.env = device->env,
		.client = device->client,
		.node = device->node,
		.step = device_step,
	};
	const struct tls_files files = {.authority = device->ca[0] ? device->ca : NULL};

	TRY(tls_client(&files, &tls));
	enum err err = symdev_boot_begin(&run.boot, &options);

	if (err == OK) {
		err = run_to_end(device, address ? address : device->address, tls, &run);
	}
	if (err == OK) {
		err = symdev_boot_token(&run.boot, ret);
	}
	symdev_boot_end(&run.boot);
	tls_free(tls);
	return err;
}

enum err device_token(struct device *device, const char *rp_c, struct symdev_token *ret)
{
	int64_t since = device->env->steady_us(device->env);

	device_step(NULL, "10.5/1c", "token.looked_up", 0);
	enum err err = symdev_token_load(&se_soft_ops, device->se, &device->client, ret);

	if (err == OK) {
		err = symdev_token_check(ret, env_wall(device->env), EXPIRY_MARGIN_S);
	}
	if (err == OK) {
		device_step(NULL, "10.5/1d", "token.valid",
			device->env->steady_us(device->env) - since);
		return OK;
	}
	if (err != ERR_NOT_FOUND && err != ERR_EXPIRED) {
		return err;
	}
	device_step(NULL, "10.5/1d", "token.required", device->env->steady_us(device->env) - since);
	return device_bootstrap(device, rp_c, ret);
}
