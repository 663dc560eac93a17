// SPDX-License-Identifier: Apache-2.0
#include "device-cli/coap.h"

#include "base/text.h"
#include "net/coap.h"

#include <stdio.h>
#include <string.h>

enum { PATH_ROOM = 2048 };

struct visit {
	const struct coap_target *target;
	const struct symdev_token *token;
	struct net_coap_client *client;
	uint8_t code;
	enum err result;
	char detail[DETAIL_MAX];
};

/* 10.5/2a: the suite is agreed, which says which key.  req: B10.5 B9.5-a */
static enum err find_key(void *user, uint16_t suite, char ret_identity[256], struct secret *ret_key)
{
	struct visit *v = user;
	struct device *device = v->target->device;
	char identity[SYMDEV_PSK_IDENTITY];

	TRY(symdev_psk_identity(v->token, identity));
	TRY(text_copy(ret_identity, 256, view_text(identity), "PSK identity"));
	TRY(device_open_se(device));
	enum err err = symdev_token_key(&se_soft_ops, device->se, v->token, v->target->application,
		UA_TLS12(suite), ret_key);

	device_close_se(device);
	if (err == OK) {
		device_step(NULL, "10.5/2a", "token.key_derived", 0);
	} else {
		(void)snprintf(v->detail, sizeof(v->detail), "suite %04x: %s", suite, err_detail());
	}
	return err;
}

static void end(struct visit *v, enum err result)
{
	v->result = result;
	if (!v->detail[0]) {
		(void)snprintf(v->detail, sizeof(v->detail), "%s", err_detail());
	}
	loop_stop(v->target->device->loop);
}

static void on_done(void *user, enum err result, const struct net_coap_message *answer)
{
	struct visit *v = user;

	if (result == OK) {
		v->code = answer->code;
		device_step(NULL, "10.5/2c", "session.established", 0);
	}
	if (result == OK && symdev_signal_coap(answer->code) == SYMDEV_NO_EVENT &&
		(fwrite(answer->payload.data, 1, answer->payload.len, stdout) !=
				answer->payload.len ||
			fflush(stdout) != 0)) {
		result = err_system("standard output");
	}
	end(v, result);
}

/* Each part between separators, percent-decoded, is an option (RFC 7252 6.4). */
static enum err put_parts(struct net_coap_message *message, uint16_t number, struct view text,
	char separator, struct buf *room)
{
	while (text.len > 0) {
		const uint8_t *at = memchr(text.data, separator, text.len);
		size_t len = at ? (size_t)(at - text.data) : text.len;
		size_t begin = room->len;

		TRY(text_from_percent(view_of(text.data, len), room, "--get"));
		TRY(buf_end(room, "--get"));
		TRY(net_coap_put(message, number, view_of(room->data + begin, room->len - begin)));
		text = at ? view_of(at + 1, text.len - len - 1) : view_of(NULL, 0);
	}
	return OK;
}

static enum err ask(struct visit *v, struct net_coap_call **ret)
{
	uint8_t bytes[PATH_ROOM];
	struct buf room = buf_fixed(bytes, sizeof(bytes));
	struct net_coap_message request = {.code = COAP_GET};
	struct view path = view_text(v->target->path + 1);
	const uint8_t *mark = path.len > 0 ? memchr(path.data, '?', path.len) : NULL;
	struct view query = {0};

	if (mark) {
		query = view_of(mark + 1, path.len - (size_t)(mark - path.data) - 1);
		path.len = (size_t)(mark - path.data);
	}
	TRY(net_coap_put(&request, COAP_URI_HOST, view_text(v->target->host)));
	TRY(put_parts(&request, COAP_URI_PATH, path, '/', &room));
	TRY(put_parts(&request, COAP_URI_QUERY, query, '&', &room));
	return net_coap_call(v->client, &request, on_done, v, ret);
}

static enum err run(struct visit *v)
{
	struct loop *loop = v->target->device->loop;
	const struct net_coap_client_options options = {.address = v->target->address,
		.server_name = v->target->host,
		.find = find_key,
		.user = v};
	struct net_coap_call *call;

	TRY(net_coap_client_new(loop, &options, &v->client));
	TRY(ask(v, &call));
	loop_run(loop);
	return v->result == OK ? OK : err_fail(v->result, "%s: %s", v->target->host, v->detail);
}

enum err coap_get(const struct coap_target *target, const struct symdev_token *token,
	uint8_t *ret_code)
{
	struct visit v = {.target = target, .token = token};
	enum err err = run(&v);

	net_coap_client_free(v.client);
	*ret_code = v.code;
	return err;
}
