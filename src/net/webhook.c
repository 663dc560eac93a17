// SPDX-License-Identifier: Apache-2.0
#include "net/webhook.h"

#include "base/text.h"
#include "net/address.h"
#include "net/loop_uv.h"
#include "wire/json.h"
#include "wire/security_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TIMEOUT_MS = 10 * 1000,
	ANSWER_MAX = 16 * 1024,
	KEEP_MS = 60 * 1000,
	AUTHORITY = 256,
	RETRY_MAX_S = 24 * 60 * 60,
	ERROR_CODE = 64,
};

/* A URL's parts. */
struct target {
	bool tls;
	char host[AUTHORITY]; /* as the Host field has it: with a port that is not the scheme's */
	char address[ADDRESS_MAX];  /* HOST:PORT */
	char path[WEBHOOK_URL_MAX]; /* with the query */
};

/* Outlives a post that has ended: a resolver cannot be called back. */
struct question {
	uv_getaddrinfo_t request;
	struct webhook *hook; /* NULL: nobody waits */
};

struct webhook {
	struct loop *loop;
	struct webhook_options options;
	struct target target;
	struct question *question;
	struct http_client *client; /* of the address that was found; NULL: to be resolved */
	int64_t resolved_at;
	struct http_call *call;
	struct buf token, body;
	struct timer patience;
	struct later later; /* the end of a post that ended before it began */
	struct webhook_answer answer;
	webhook_done *done; /* NULL: no post under way */
	void *user;
};

/* --- the URL --- */

static bool take(struct view *text, const char *prefix)
{
	size_t len = strlen(prefix);

	if (text->len < len || memcmp(text->data, prefix, len) != 0) {
		return false;
	}
	*text = view_of(text->data + len, text->len - len);
	return true;
}

static size_t authority_length(struct view text)
{
	size_t len = 0;

	while (len < text.len && text.data[len] != '/' && text.data[len] != '?') {
		len++;
	}
	return len;
}

static enum err no_url(const char *why)
{
	return err_fail(ERR_SYNTAX, "webhook: %s", why);
}

static enum err parse_authority(struct view authority, bool tls, struct target *ret)
{
	char text[AUTHORITY];
	struct address parsed;

	TRY(text_copy(text, sizeof(text), authority, "webhook: host"));
	const char *colon = strrchr(text, ':');
	bool has_port = colon && !strchr(colon, ']');
	int len = snprintf(ret->address, sizeof(ret->address), "%s%s", text,
		has_port ? ""
		: tls	 ? ":443"
			 : ":80");

	if (strncmp(text, "unix", 4) == 0 || len < 0 || (size_t)len >= sizeof(ret->address) ||
		address_parse(ret->address, &parsed) != OK) {
		return no_url("its host and port make no address");
	}
	(void)snprintf(ret->host, sizeof(ret->host), "%s", text);
	return OK;
}

static enum err parse(struct view url, bool plain, struct target *ret)
{
	struct http_target split;

	if (url.len > WEBHOOK_URL_MAX - 2 || !text_is_printable(url) ||
		(url.len > 0 && memchr(url.data, ' ', url.len))) {
		return no_url("too long, or not printable");
	}
	ret->tls = take(&url, "https://");
	if (!ret->tls && !take(&url, "http://")) {
		return no_url("it begins with https://");
	}
	if (!ret->tls && !plain) {
		return no_url("https alone is allowed here");
	}
	size_t len = authority_length(url);
	struct view authority = view_of(url.data, len),
		    path = view_of(url.data + len, url.len - len);

	if (len == 0 || memchr(authority.data, '@', len) ||
		(path.len > 0 && memchr(path.data, '#', path.len))) {
		return no_url("a host is wanted, and no user name or fragment");
	}
	(void)snprintf(ret->path, sizeof(ret->path), "%s%.*s",
		path.len > 0 && path.data[0] == '/' ? "" : "/", (int)path.len,
		path.len > 0 ? (const char *)path.data : "");
	TRY(http_split_target(view_text(ret->path), &split));
	return parse_authority(authority, ret->tls, ret);
}

enum err webhook_check(struct view url, bool plain)
{
	struct target target;

	return parse(url, plain, &target);
}

/* --- opened and closed --- */

enum err webhook_open(struct loop *loop, const struct webhook_options *options, struct view url,
	struct webhook **ret)
{
	struct webhook *hook = calloc(1, sizeof(*hook));

	if (!hook) {
		return err_fail(ERR_MEMORY, "webhook: out of memory");
	}
	enum err err = parse(url, options->plain, &hook->target);

	if (err == OK && hook->target.tls && !options->tls) {
		err = err_fail(ERR_CONFIG, "webhook: nobody's certificate is believed here");
	}
	if (err != OK) {
		free(hook);
		return err;
	}
	hook->loop = loop;
	hook->options = *options;
	hook->options.timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
	hook->options.answer_max = options->answer_max ? options->answer_max : ANSWER_MAX;
	hook->options.keep_ms = options->keep_ms ? options->keep_ms : KEEP_MS;
	hook->token = buf_growing(JOSE_MAX);
	hook->body = buf_growing(hook->options.answer_max);
	*ret = hook;
	return OK;
}

/* The address is of no use any more: the next post asks for it again. */
static void forget_address(struct webhook *hook)
{
	struct http_client *client = hook->client;

	http_call_cancel(hook->call);
	hook->call = NULL;
	hook->client = NULL;
	http_client_free(client);
}

static void ask_no_more(struct webhook *hook)
{
	if (hook->question) {
		hook->question->hook = NULL;
		(void)uv_cancel((uv_req_t *)&hook->question->request);
		hook->question = NULL;
	}
}

void webhook_close(struct webhook *hook)
{
	if (!hook) {
		return;
	}
	loop_never(&hook->later);
	timer_stop(hook->loop, &hook->patience);
	ask_no_more(hook);
	forget_address(hook);
	buf_free(&hook->token);
	buf_free(&hook->body);
	free(hook);
}

/* --- the end of a post --- */

static void finish(struct webhook *hook)
{
	webhook_done *done = hook->done;
	struct webhook_answer answer = hook->answer;

	timer_stop(hook->loop, &hook->patience);
	loop_never(&hook->later);
	buf_clear(&hook->token);
	hook->done = NULL;
	if (answer.result == WEBHOOK_FAILED) {
		forget_address(hook);
	}
	done(hook->user, &answer);
}

static void finish_later(void *user)
{
	finish(user);
}

/* What others have said goes into logs and answers: nothing but printable signs. */
static void say(struct webhook *hook, const char *text)
{
	char *why = hook->answer.why;

	(void)snprintf(why, WEBHOOK_WHY_MAX, "%s", text);
	for (; *why; why++) {
		if (*why < 0x20 || *why > 0x7e) {
			*why = '?';
		}
	}
}

static void fail(struct webhook *hook, enum err err)
{
	hook->answer.result = WEBHOOK_FAILED;
	hook->answer.error = err;
	say(hook, err_detail());
	finish(hook);
}

/* --- the answer --- */

static int64_t retry_after(const struct http_head *head)
{
	uint64_t seconds = 0;

	if (text_from_u64(http_field_of(head, "Retry-After"), RETRY_MAX_S, &seconds,
		    "Retry-After") != OK) {
		return 0; /* absent, or a date: our own pace is good enough */
	}
	return (int64_t)seconds * 1000;
}

static void on_head(void *user, const struct http_head *head)
{
	struct webhook *hook = user;

	hook->answer.status = head->status;
	hook->answer.retry_ms = retry_after(head);
}

static void on_body(void *user, struct view part)
{
	struct webhook *hook = user;

	buf_view(&hook->body, part);
}

/* RFC 8935 2.3: {"err": "invalid_request", "description": "..."}. A 400 without it is no receiver's of such tokens. */
static bool read_refusal(struct webhook *hook)
{
	JSON_CLEANUP struct json *json = NULL;
	struct view code, description = view_text("");
	char text[WEBHOOK_WHY_MAX];

	if (json_parse(buf_contents(&hook->body), hook->options.answer_max, &json) != OK ||
		json_text(json, "err", &code) != OK || code.len == 0 || code.len > ERROR_CODE) {
		return false;
	}
	(void)!json_text_opt(json, "description", &description);
	(void)snprintf(text, sizeof(text), "%.*s: %.*s", (int)code.len, (const char *)code.data,
		(int)description.len, (const char *)description.data);
	say(hook, text);
	return true;
}

static void judge(struct webhook *hook)
{
	unsigned status = hook->answer.status;
	char text[64];

	if (status == 202) {
		hook->answer.result = WEBHOOK_ACKNOWLEDGED;
		return;
	}
	if (status == 400 && read_refusal(hook)) {
		hook->answer.result = WEBHOOK_REFUSED;
		return;
	}
	hook->answer.result = WEBHOOK_FAILED;
	(void)snprintf(text, sizeof(text), "RFC 8935 2.2: answered %u%s", status,
		status >= 300 && status < 400 ? ", and redirects are not followed" : "");
	say(hook, text);
}

static void on_done(void *user, enum err result)
{
	struct webhook *hook = user;

	hook->call = NULL;
	if (hook->answer.status == 0) {
		fail(hook, result);
		return;
	}
	judge(hook);
	if (result != OK) { /* the rest of its answer is not worth waiting for */
		forget_address(hook);
	}
	finish(hook);
}

static void on_patience(void *user)
{
	struct webhook *hook = user;

	ask_no_more(hook);
	if (hook->answer.status == 0) {
		fail(hook, err_fail(ERR_TIMEOUT, "webhook: no answer in time"));
		return;
	}
	judge(hook);
	forget_address(hook);
	finish(hook);
}

static enum err push(struct webhook *hook)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text(SECURITY_EVENT_TYPE)},
		{view_text("Accept"), view_text("application/json")},
	};

	return http_client_call(hook->client, "POST", view_text(hook->target.path), fields,
		sizeof(fields) / sizeof(fields[0]), buf_contents(&hook->token), &on, hook,
		&hook->call);
}

/* --- the address --- */

static struct lookup_address address_of(const struct sockaddr *sa)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;
	struct lookup_address ret = {.len = 0};

	if (sa->sa_family == AF_INET) {
		ret.len = 4;
		memcpy(ret.bytes, &in->sin_addr, ret.len);
	} else if (sa->sa_family == AF_INET6) {
		ret.len = 16;
		memcpy(ret.bytes, &in6->sin6_addr, ret.len);
	}
	return ret;
}

/* An IPv4 address in IPv6's clothes (RFC 4291 2.5.5.2) reaches the IPv4 address, and stands in no list of IPv6 networks. */
static void unmap(struct lookup_address *address, bool *ret_mapped)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	*ret_mapped = address->len == 16 && memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
	if (*ret_mapped) {
		memmove(address->bytes, address->bytes + sizeof(mapped), 4);
		address->len = 4;
	}
}

static bool is_allowed(const struct webhook *hook, const struct sockaddr *sa)
{
	struct lookup_address address = address_of(sa);
	bool mapped;

	if (address.len == 0) {
		return false;
	}
	unmap(&address, &mapped);
	return networks_have(&hook->options.allowed, &address) ||
	       (!mapped && lookup_is_public(&address));
}

/* From here on the connection goes to this address, whatever its name comes to mean. */
static enum err take_address(struct webhook *hook, const struct sockaddr *sa)
{
	char address[ADDRESS_MAX];

	if (!is_allowed(hook, sa)) {
		return err_fail(ERR_DENIED, "webhook: the receiver's address is not a public one");
	}
	address_text(sa, address);
	const struct http_client_options options = {
		.address = address,
		.host = hook->target.host,
		.tls = hook->target.tls ? hook->options.tls : NULL,
		.connections = 1,
		.timeout_ms = hook->options.timeout_ms,
		.stall_ms = hook->options.timeout_ms,
		.limits = {.body = hook->options.answer_max},
	};

	TRY(http_client_new(hook->loop, &options, &hook->client));
	hook->resolved_at = loop_now(hook->loop);
	return OK;
}

/* The first that is allowed. */
static enum err take_one(struct webhook *hook, const struct addrinfo *found)
{
	for (const struct addrinfo *f = found; f; f = f->ai_next) {
		if (is_allowed(hook, f->ai_addr)) {
			return take_address(hook, f->ai_addr);
		}
	}
	return err_fail(ERR_DENIED, "webhook: the receiver's name has no public address");
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct question *question = OUTER(struct question, request, request);
	struct webhook *hook = question->hook;

	free(question);
	if (hook) {
		hook->question = NULL;
		enum err err = status == 0 ? take_one(hook, found)
					   : err_fail(ERR_UNAVAILABLE, "webhook: resolving: %s",
						     uv_strerror(status));

		if (err == OK) {
			err = push(hook);
		}
		if (err != OK) {
			fail(hook, err);
		}
	}
	uv_freeaddrinfo(found);
}

static enum err ask(struct webhook *hook, const struct address *name)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct question *question = calloc(1, sizeof(*question));

	if (!question) {
		return err_fail(ERR_MEMORY, "webhook: out of memory");
	}
	question->hook = hook;
	int failed = uv_getaddrinfo(loop_uv(hook->loop), &question->request, on_resolved,
		name->host, name->port, &hints);

	if (failed) {
		free(question);
		return err_fail(ERR_UNAVAILABLE, "webhook: resolving: %s", uv_strerror(failed));
	}
	hook->question = question;
	return OK;
}

static enum err resolve(struct webhook *hook)
{
	struct address parsed;

	TRY(address_parse(hook->target.address, &parsed));
	if (parsed.len == 0) {
		return ask(hook, &parsed);
	}
	TRY(take_address(hook, &parsed.sa.any));
	return push(hook);
}

enum err webhook_post(struct webhook *hook, struct view token, webhook_done *done, void *user)
{
	if (hook->done) {
		return err_fail(ERR_WRONG_STATE, "webhook: a token is under way");
	}
	if (hook->client && loop_now(hook->loop) - hook->resolved_at >= hook->options.keep_ms) {
		forget_address(hook);
	}
	buf_clear(&hook->token);
	buf_clear(&hook->body);
	buf_view(&hook->token, token);
	TRY(buf_end(&hook->token, "webhook: token"));
	hook->answer = (struct webhook_answer){.error = OK};
	hook->done = done;
	hook->user = user;
	timer_start(hook->loop, &hook->patience, hook->options.timeout_ms, on_patience, hook);
	enum err err = hook->client ? push(hook) : resolve(hook);

	if (err != OK) {
		hook->answer.result = WEBHOOK_FAILED;
		hook->answer.error = err;
		say(hook, err_detail());
		loop_later(hook->loop, &hook->later, finish_later, hook);
	}
	return OK;
}
