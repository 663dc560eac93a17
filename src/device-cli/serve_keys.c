// SPDX-License-Identifier: Apache-2.0
#include "device-cli/serve.h"

#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 64 * 1024, RETRY_MS = 10 * 1000, REFRESH_MS = 60 * 1000 };

#define SCHEME "https://"
#define TARGET "/v1/vouched-parties"

static void fetch(void *user);

/* ---- the registry's own ---- */

static enum err read_anchors(const char *path, struct serve_keys *keys)
{
	BUF_CLEANUP struct buf text = buf_growing(0);

	TRY(text_read_file(path, FILE_MAX, &text));
	enum err err = jose_keys_read(buf_contents(&text), SERVE_ANCHORS, keys->anchors,
		&keys->anchor_count);

	if (err != OK) {
		return err_fail(ERR_CONFIG, "--anchor %s: no key of a registry", path);
	}
	for (size_t i = 0; i < keys->anchor_count; i++) {
		TRY(jose_thumbprint(keys->anchors[i], keys->anchor_ids[i]));
	}
	return OK;
}

const struct jose_key *serve_keys_find(const struct serve_keys *keys, struct view id)
{
	for (size_t i = 0; i < keys->anchor_count; i++) {
		if (view_is(id, keys->anchor_ids[i])) {
			return keys->anchors[i];
		}
	}
	return keys->vouched.expires > env_wall(keys->env) ? vouched_key(&keys->vouched, id) : NULL;
}

/* ---- those it vouches for ---- */

static void take_list(struct serve_keys *keys)
{
	struct vouched vouched;

	if (vouched_verify((const struct jose_key *const *)keys->anchors, keys->anchor_count,
		    buf_contents(&keys->body), env_wall(keys->env), &vouched) != OK) {
		log_event(LOG_WARN, "vouched.refused", "", LOG_DETAIL());
		return;
	}
	vouched_free(&keys->vouched);
	keys->vouched = vouched;
	log_event(LOG_INFO, "vouched.taken", "", LOG_INT("keys", vouched.count));
}

static void on_head(void *user, const struct http_head *head)
{
	((struct serve_keys *)user)->status = head->status;
}

static void on_body(void *user, struct view part)
{
	buf_view(&((struct serve_keys *)user)->body, part);
}

static void on_done(void *user, enum err result)
{
	struct serve_keys *keys = user;
	const bool came = result == OK && keys->status == 200 && !keys->body.failed;

	keys->call = NULL;
	if (came) {
		take_list(keys);
	} else {
		log_event(LOG_WARN, "vouched.not_fetched", "", LOG_INT("status", keys->status));
	}
	timer_start(keys->loop, &keys->timer, came ? REFRESH_MS : RETRY_MS, fetch, keys);
}

static void fetch(void *user)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	struct serve_keys *keys = user;

	buf_clear(&keys->body);
	keys->status = 0;
	if (http_client_call(keys->client, "GET", view_text(TARGET), NULL, 0, view_text(""), &on,
		    keys, &keys->call) != OK) {
		timer_start(keys->loop, &keys->timer, RETRY_MS, fetch, keys);
	}
}

/* ---- where it is ---- */

static enum err read_url(const char *url, struct serve_keys *keys)
{
	const size_t skip = strlen(SCHEME);
	const size_t len = strncmp(url, SCHEME, skip) == 0 ? strcspn(url + skip, "/?#") : 0;
	const struct view authority = view_of(url + (len > 0 ? skip : 0), len);
	const uint8_t *colon = len > 0 ? memchr(authority.data, ':', len) : NULL;
	const size_t host = colon ? (size_t)(colon - authority.data) : len;

	if (len == 0 || url[skip + len] != '\0' || host == 0 || host >= sizeof(keys->host) ||
		len >= sizeof(keys->address) - 4) {
		return err_fail(ERR_CONFIG, "--registry %s: https://NAME[:PORT] is wanted", url);
	}
	(void)snprintf(keys->host, sizeof(keys->host), "%.*s", (int)host,
		(const char *)authority.data);
	(void)snprintf(keys->address, sizeof(keys->address), "%.*s%s", (int)len,
		(const char *)authority.data, colon ? "" : ":443");
	return OK;
}

static enum err open_client(const struct options *options, struct serve_keys *keys)
{
	const struct tls_files files = {.authority = options->ca};

	TRY(read_url(options->registry, keys));
	if (!options->ca) {
		return err_fail(ERR_CONFIG, "--registry needs --ca");
	}
	if (options->address) {
		TRY(text_copy(keys->address, sizeof(keys->address), view_text(options->address),
			"--address"));
	}
	TRY(tls_client(&files, &keys->tls));
	const struct http_client_options client = {
		.address = keys->address,
		.host = keys->host,
		.tls = keys->tls,
		.connections = 1,
		.limits = {.body = VOUCHED_MAX},
	};

	return http_client_new(keys->loop, &client, &keys->client);
}

enum err serve_keys_open(const struct options *options, struct device *device,
	struct serve_keys *ret)
{
	ret->loop = device->loop;
	ret->env = device->env;
	ret->body = buf_growing(VOUCHED_MAX);
	TRY(read_anchors(options->anchor, ret));
	if (options->registry) {
		TRY(open_client(options, ret));
		fetch(ret);
	}
	return OK;
}

void serve_keys_close(struct serve_keys *keys)
{
	if (keys->loop) {
		timer_stop(keys->loop, &keys->timer);
	}
	if (keys->call) {
		http_call_cancel(keys->call);
	}
	if (keys->client) {
		http_client_free(keys->client);
	}
	tls_free(keys->tls);
	vouched_free(&keys->vouched);
	buf_free(&keys->body);
	for (size_t i = 0; i < keys->anchor_count; i++) {
		jose_key_free(keys->anchors[i]);
	}
}
