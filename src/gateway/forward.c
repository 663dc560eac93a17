// SPDX-License-Identifier: Apache-2.0
#include "gateway/forward.h"

#include "base/log.h"
#include "base/text.h"
#include "gateway/credentials.h"
#include "gateway/fields.h"
#include "gateway/proxy.h"
#include "gateway/rp_d.h"
#include "gateway/sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	METHOD_MAX = 32,
	CHALLENGE_MAX = 512,
	PREFACE_MAX = 4096,
	INFO_MAX = 1024,
	PROBLEM_MAX = 4096
};

#define TRY_LATER "10.4/4d: the realm cannot be asked now; come back later"

/* An answer that is held back until it can be proved whole. */
struct held {
	unsigned status;
	struct fields fields; /* they point into the call's memory */
	struct buf body;
};

/* A request under way. It ends once: answered, cut off, or left by the device. */
struct forward {
	struct application *application;
	pool_ref ref;
	struct http_request *request;
	struct http_call *call;		/* NULL before and after it */
	bool begun;			/* the answer */
	struct credentials credentials; /* access digest */
	struct held *held;
};

static void on_request(void *user, struct http_request *request);
static void on_gone(struct http_request *request);
static void admit(struct forward *f);
static void admit_again(void *user, uint64_t ref);
static enum err check_request(const struct forward *f, char method[METHOD_MAX]);
static void send_on(struct forward *f, const struct symapp_token *token);
static void on_head(void *user, const struct http_head *head);
static void on_body(void *user, struct view part);
static void on_drained(struct http_request *request);
static void on_done(void *user, enum err result);

static const struct http_call_on on_call = {on_head, on_body, on_done};

enum err forward_open_pool(struct gateway *gateway)
{
	return pool_new(sizeof(struct forward), (size_t)gateway->conf->requests, &gateway->forwards);
}

enum err forward_open(struct application *application)
{
	struct gateway *gateway = application->gateway;
	const struct gateway_conf *conf = gateway->conf;
	const struct http_server_options server = {
		.limits = {.head = (size_t)conf->head, .body = (size_t)conf->body},
		.head_ms = conf->request,
		.idle_ms = conf->idle,
	};
	const struct http_client_options client = {
		.address = application->backend,
		.host = application->host,
		.connections = (size_t)conf->backend_connections,
		.waiting = (size_t)conf->backend_waiting,
		.timeout_ms = conf->backend_timeout,
		.stall_ms = conf->backend_stall,
		.idle_ms = conf->backend_idle,
		.limits = {.head = 64 * 1024, .body = SIZE_MAX},
	};

	TRY(http_client_new(gateway->loop, &client, &application->client));
	return http_server_open(gateway->loop, &server, on_request, application, &application->http);
}

void forward_close(struct application *application)
{
	http_server_close(application->http);
	http_client_free(application->client);
	application->http = NULL;
	application->client = NULL;
}

/* Ends */

static void drop_held(struct forward *f)
{
	if (f->held) {
		buf_free(&f->held->body);
	}
	free(f->held);
	f->held = NULL;
}

static void release(struct forward *f)
{
	drop_held(f);
	if (f->call) {
		http_call_cancel(f->call);
	}
	pool_give(f->application->gateway->forwards, f->ref);
}

static void refuse(struct forward *f, unsigned status, const char *why)
{
	struct http_request *request = f->request;

	release(f);
	http_answer_problem(request, status, why);
}

static void cut_off(struct forward *f)
{
	struct http_request *request = f->request;

	release(f);
	http_answer_abort(request);
}

static void on_gone(struct http_request *request)
{
	cut_off(request->user);
}

/* TS 24.109 5.2.4, 33.222 5.3: the realm says to the device that it needs a token, and for what.  req: B9.5-b B9.6.4-b */
static void ask_for_token(struct forward *f)
{
	static const char body[] = "{\"title\":\"Unauthorized\",\"status\":401,"
				   "\"detail\":\"10.5: this session's token is over; "
				   "bootstrap, and connect again\"}\n";
	struct gateway *gateway = f->application->gateway;
	const struct env *env = loop_env(gateway->loop);
	BUF_CLEANUP struct buf challenge = buf_growing(CHALLENGE_MAX);
	uint8_t nonce[16];

	if (env->random(env, nonce, sizeof(nonce)) != OK) {
		refuse(f, 500, err_detail());
		return;
	}
	buf_printf(&challenge, "Digest realm=\"3GPP-bootstrapping@%s\", nonce=\"",
		f->application->host);
	text_base64(&challenge, VIEW(nonce));
	buf_text(&challenge, "\", algorithm=SHA-256, qop=\"auth-int\", stale=true");
	const struct http_field fields[] = {
		{view_text("WWW-Authenticate"), buf_contents(&challenge)},
		{view_text("Content-Type"), view_text("application/problem+json")},
		{view_text("Cache-Control"), view_text("no-store")},
	};
	struct http_request *request = f->request;

	release(f);
	http_server_move_end(request->stream, loop_now(gateway->loop)); /* after this answer */
	http_answer(request, 401, fields, 3, view_text(body));
}

/* From the device */

static void on_request(void *user, struct http_request *request)
{
	struct application *application = user;
	struct forward *f;
	pool_ref ref;

	if (pool_take(application->gateway->forwards, &ref, (void **)&f) != OK) {
		http_answer_problem(request, 503, "too many requests under way; come back later");
		return;
	}
	*f = (struct forward){.application = application, .ref = ref, .request = request};
	request->user = f;
	request->on_gone = on_gone;
	admit(f);
}

/* 401 and others of access digest. */
static void refuse_credentials(struct forward *f)
{
	const struct credentials c = f->credentials;
	struct credentials_challenge challenge = {.count = 0};
	struct http_request *request = f->request;
	BUF_CLEANUP struct buf body = buf_growing(PROBLEM_MAX);
	struct http_field fields[CREDENTIALS_CHALLENGES + 3];
	size_t count = 0;
	char digits[24];

	http_write_problem(&body, c.status, c.status == 503 ? TRY_LATER : err_detail());
	if (c.status == 401 && credentials_challenge(f->application, c.stale, &challenge) != OK) {
		refuse(f, 500, err_detail());
		return;
	}
	for (size_t i = 0; i < challenge.count; i++) {
		fields[count++] = (struct http_field){view_text("WWW-Authenticate"),
			view_text(challenge.texts[i])};
	}
	fields[count++] = (struct http_field){view_text("Content-Type"),
		view_text("application/problem+json")};
	fields[count++] = (struct http_field){view_text("Cache-Control"), view_text("no-store")};
	if (c.wait_s > 0) {
		(void)snprintf(digits, sizeof(digits), "%lld", (long long)c.wait_s);
		fields[count++] = (struct http_field){view_text("Retry-After"), view_text(digits)};
	}
	release(f);
	http_answer(request, c.status, fields, count, buf_contents(&body));
}

/* The request has proved the token: the connection ends with it, and an older one is over.  req: B9.6.4-c B9.6.4-d */
static void admit_proved(struct forward *f, const struct symapp_token *token)
{
	struct gateway *gateway = f->application->gateway;
	pool_ref ref = f->ref;

	if (sessions_follow(f->application, view_text(token->id), f->request->stream) != OK) {
		refuse(f, 503, "too many sessions; come back later");
		return;
	}
	symapp_use(gateway->app, view_text(token->id), &f->application->group);
	if (pool_at(gateway->forwards, ref)) { /* an end may have come with that */
		send_on(f, token);
	}
}

static void admit_by_credentials(struct forward *f)
{
	struct symapp_token token;
	enum err err = credentials_check(f->application, f->request, admit_again, f->ref, &token,
		&f->credentials);

	if (err == OK) {
		admit_proved(f, &token);
	} else if (err != ERR_AGAIN) {
		refuse_credentials(f);
	}
}

/* Every request is one of a session whose token still is: it may have expired or been revoked.  req: B9.4.3 */
static void admit(struct forward *f)
{
	struct symapp_token token;

	if (f->application->access == ACCESS_DIGEST) {
		admit_by_credentials(f);
		return;
	}
	switch (rp_d_token(f->application, f->request->stream, admit_again, f->ref, &token)) {
	case OK:
		send_on(f, &token);
		return;
	case ERR_AGAIN:
		return;
	case ERR_NOT_FOUND:
		ask_for_token(f);
		return;
	default:
		refuse(f, 503, TRY_LATER);
	}
}

static void admit_again(void *user, uint64_t ref)
{
	struct gateway *gateway = user;
	struct forward *f = gateway->forwards ? pool_at(gateway->forwards, ref) : NULL;

	if (f && !f->request->gone) {
		admit(f);
	}
}

/* Whether a Host field has this name, and a port or none: applications build links from what stands there. */
static bool is_host(struct view host, const char *name)
{
	size_t len = strlen(name);
	uint64_t port;

	if (host.len < len || !view_is_nocase(view_of(host.data, len), name)) {
		return false;
	}
	return host.len == len ||
	       (host.data[len] == ':' &&
		       text_from_u64(view_of(host.data + len + 1, host.len - len - 1), UINT16_MAX,
			       &port, "port") == OK);
}

/* A token for one application opens no other that the same backend may serve. */
static enum err check_request(const struct forward *f, char method[METHOD_MAX])
{
	const struct http_head *head = f->request->head;
	struct view host = http_field_of(head, "Host");

	if (host.len > 0 && !is_host(host, f->application->host)) {
		return err_fail(ERR_DENIED, "RP_D: Host is not the application of this session");
	}
	if (text_copy(method, METHOD_MAX, head->method, "method") != OK ||
		strcmp(method, "TRACE") == 0) { /* it would show what the gateway adds */
		return err_fail(ERR_UNSUPPORTED, "RP_D: this method does not go through");
	}
	return OK;
}

static enum err write_preface(const struct forward *f, const struct symapp_token *token,
	struct buf *out)
{
	if (f->application->proxy != PROXY_V2) {
		return OK;
	}
	return proxy_header(f->request->stream, f->application->host, token, out);
}

static void send_on(struct forward *f, const struct symapp_token *token)
{
	BUF_CLEANUP struct buf preface = buf_growing(PREFACE_MAX);
	struct application *application = f->application;
	const struct http_request *request = f->request;
	char method[METHOD_MAX];
	struct fields fields;
	enum err err = check_request(f, method);

	if (err != OK) {
		refuse(f, err == ERR_DENIED ? 421 : 501, err_detail());
		return;
	}
	fields_to_backend(request->head, application->host, token,
		application->gateway->conf->node_host, &application->fields, &fields);
	if (application->access == ACCESS_DIGEST) {
		fields_drop(&fields, "Authorization"); /* the application has no use for it */
	}
	err = write_preface(f, token, &preface);
	if (err == OK) {
		err = http_client_call_alone(application->client, buf_contents(&preface), method,
			request->head->target, fields.items, fields.count, request->body, &on_call,
			f, &f->call);
	}
	if (err != OK) {
		on_done(f, err);
	}
}

/* From the backend */

static void begin_answer(struct forward *f, unsigned status, const struct fields *fields)
{
	enum err err =
		http_answer_begin(f->request, status, fields->items, fields->count, on_drained);

	if (err == ERR_CLOSED) {
		cut_off(f);
	} else if (err != OK) {
		refuse(f, 502, "the application's answer cannot be passed on");
	} else {
		f->begun = true;
	}
}

/* The gateway's own proof in the place of what an application may say there. False: the request is over. */
static bool begin_proved(struct forward *f, unsigned status, struct fields *fields, bool whole,
	struct view body)
{
	BUF_CLEANUP struct buf info = buf_growing(INFO_MAX);
	pool_ref ref = f->ref;
	struct gateway *gateway = f->application->gateway;

	if (credentials_info(f->request, &f->credentials, whole, body, &info) != OK) {
		refuse(f, 500, "RFC 7616 3.5: the answer cannot be proved");
		return false;
	}
	fields_drop(fields, "Authentication-Info");
	fields->items[fields->count++] =
		(struct http_field){view_text("Authentication-Info"), buf_contents(&info)};
	begin_answer(f, status, fields);
	return pool_at(gateway->forwards, ref) == f;
}

static void hold_answer(struct forward *f, unsigned status, const struct fields *fields)
{
	f->held = calloc(1, sizeof(*f->held));
	if (!f->held) {
		refuse(f, 503, "out of memory");
		return;
	}
	f->held->status = status;
	f->held->fields = *fields;
	f->held->body = buf_growing((size_t)f->application->gateway->conf->digest_answer);
}

static void on_head(void *user, const struct http_head *head)
{
	struct forward *f = user;
	struct fields fields;

	fields_to_device(head, &fields);
	if (f->application->access != ACCESS_DIGEST) {
		begin_answer(f, head->status, &fields);
	} else if (f->credentials.whole) {
		hold_answer(f, head->status, &fields);
	} else {
		(void)begin_proved(f, head->status, &fields, false, (struct view){0});
	}
}

static void send_part(struct forward *f, struct view part)
{
	enum err err = part.len > 0 ? http_answer_part(f->request, part) : OK;

	if (err == ERR_AGAIN && f->call) {
		http_call_pause(f->call); /* the device is slower than the application */
	} else if (err != OK && err != ERR_AGAIN) {
		cut_off(f);
	}
}

/* It goes on its way, `whole` or as far as it came. False: the request is over. */
static bool let_go(struct forward *f, bool whole)
{
	struct held *held = f->held;
	struct gateway *gateway = f->application->gateway;
	pool_ref ref = f->ref;
	struct view body = buf_contents(&held->body);

	f->held = NULL;
	bool alive = begin_proved(f, held->status, &held->fields, whole, body);

	if (alive) {
		send_part(f, body);
		alive = pool_at(gateway->forwards, ref) == f;
	}
	buf_free(&held->body);
	free(held);
	return alive;
}

/* Too long to be held: what is here goes, without a proof of the body, and the rest as it comes. */
static bool keep_held(struct forward *f, struct view part)
{
	struct buf *body = &f->held->body;

	if (part.len <= body->ceiling - body->len) {
		buf_view(body, part);
		if (!body->failed) {
			return true;
		}
	}
	return false;
}

static void on_body(void *user, struct view part)
{
	struct forward *f = user;

	if (f->held && keep_held(f, part)) {
		return;
	}
	if (!f->held || let_go(f, false)) {
		send_part(f, part);
	}
}

static void on_drained(struct http_request *request)
{
	struct forward *f = request->user;

	if (f->call) {
		http_call_resume(f->call);
	}
}

static unsigned status_of(enum err err)
{
	switch (err) {
	case ERR_TIMEOUT:
		return 504;
	case ERR_OVERLOAD:
	case ERR_MEMORY:
		return 503;
	default:
		return 502;
	}
}

static void on_done(void *user, enum err result)
{
	struct forward *f = user;
	struct http_request *request = f->request;

	f->call = NULL;
	if (result == OK && f->held && !let_go(f, true)) {
		return;
	}
	if (result != OK) {
		f->application->gateway->backend_failures++;
		log_event(LOG_WARN, "backend.failed", "",
			LOG_TEXT("application", f->application->id.text),
			LOG_TEXT("error", err_name(result)), LOG_DETAIL());
	}
	if (result != OK && f->begun) {
		cut_off(f);
	} else if (result != OK) {
		refuse(f, status_of(result), "the application does not answer; come back later");
	} else {
		release(f);
		http_answer_end(request);
	}
}
