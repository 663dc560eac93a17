// SPDX-License-Identifier: Apache-2.0
#include "authn/rp_a_https.h"

#include "authn/announcement.h"
#include "authn/elements.h"
#include "authn/events.h"
#include "authn/rp_a.h"
#include "authn/rp_a_streams.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/json.h"
#include "wire/rp_a_json.h"
#include "wire/sse.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 8 * 1024, ANSWER_MAX = 64 * 1024, IDLE_MS = 120 * 1000 };

#define ELEMENT_FIELD "Symbolon-Element"

/* A request that others answer, now or later. */
struct asked {
	struct rp_a_request request;
	struct http_request *http;
	char element[ELEMENT_TEXT], tx[LOG_TX];
	struct rp_a_json message;
};

/* --- who asks --- */

/* The certificate's first name, or another of its names when the element says which it is.  req: B9.6.1-a */
static enum err read_element(const struct http_request *request, char ret[ELEMENT_TEXT])
{
	struct view field = http_field_of(request->head, ELEMENT_FIELD);
	const char *first = request->stream ? stream_peer_name(request->stream) : "";
	struct ident name;

	TRY(ident_parse(IDENT_FQDN, field.data ? field : view_text(first), &name));
	if (!request->stream || !stream_peer_is(request->stream, name.text)) {
		return err_fail(ERR_DENIED, "9.6.1: the certificate is not %s's", name.text);
	}
	return text_copy(ret, ELEMENT_TEXT, ident_view(&name), "RP_A: element");
}

static void refuse_http(struct http_request *request, enum err why, const char *detail)
{
	switch (why) {
	case ERR_DENIED:
		http_answer_problem(request, 403, detail);
		return;
	case ERR_NOT_FOUND:
		http_answer_problem(request, 404, detail);
		return;
	case ERR_SYNTAX:
	case ERR_RANGE:
		http_answer_problem(request, 400, detail);
		return;
	case ERR_CONFLICT:
		http_answer_problem(request, 409, detail);
		return;
	default:
		http_answer_problem(request, 503, detail);
	}
}

static void free_asked(struct asked *asked)
{
	rp_a_json_free(&asked->message);
	free(asked);
}

static enum err open_asked(struct http_request *request, struct asked **ret)
{
	struct asked *asked = calloc(1, sizeof(*asked));

	if (!asked) {
		return err_fail(ERR_MEMORY, "RP_A: out of memory");
	}
	enum err err = read_element(request, asked->element);

	if (err != OK) {
		free_asked(asked);
		return err_fail(ERR_DENIED, "%s", err_detail());
	}
	asked->http = request;
	asked->request = (struct rp_a_request){.carrier = &rp_a_https,
		.message = asked,
		.element = asked->element,
		.realm = "",
		.peer = "",
		.tx = asked->tx};
	*ret = asked;
	return OK;
}

/* Without a name of its own the transaction gets one. */
static enum err name_transaction(const struct authn *authn, struct asked *asked,
	struct view session_id)
{
	log_tx_of(session_id, asked->tx);
	return asked->tx[0] ? OK : log_tx_make(loop_env(authn->loop), asked->tx);
}

/* --- announcements --- */

static void announce(struct authn *authn, struct asked *asked, enum err err,
	const struct rp_rpr *rpr, const struct ident *one)
{
	if (err == OK) {
		err = name_transaction(authn, asked, rpr->s.session_id);
	}
	if (err != OK) {
		rp_a_https.refuse(authn, &asked->request, err, err_detail());
		return;
	}
	announcement_take(authn, &asked->request, rpr, one);
}

static void on_announcement(void *user, struct http_request *request, const struct view *segments)
{
	struct authn *authn = user;
	struct asked *asked;
	struct rp_rpr rpr;

	(void)segments;
	enum err err = open_asked(request, &asked);

	if (err != OK) {
		refuse_http(request, err, err_detail());
		return;
	}
	err = rp_a_json_read_announcement(request->body, &asked->message, &rpr);
	announce(authn, asked, err, &rpr, NULL);
}

static enum err read_application(struct view segment, struct ident *ret)
{
	uint8_t room[IDENT_MAX + 1];
	struct buf id = buf_fixed(room, sizeof(room));

	TRY(text_from_percent(segment, &id, "9.6.1: application"));
	return ident_parse(IDENT_APPLICATION, buf_contents(&id), ret);
}

static void on_application(void *user, struct http_request *request, const struct view *segments)
{
	struct authn *authn = user;
	struct asked *asked;
	struct ident application;
	struct rp_rpr rpr;
	enum err err = open_asked(request, &asked);

	if (err != OK) {
		refuse_http(request, err, err_detail());
		return;
	}
	err = read_application(segments[0], &application);
	if (err == OK) {
		err = rp_a_json_read_application(request->body, &application, &asked->message, &rpr);
	}
	announce(authn, asked, err, &rpr, &application);
}

static void on_withdrawal(void *user, struct http_request *request, const struct view *segments)
{
	struct authn *authn = user;
	struct asked *asked;
	struct ident application;
	const struct rp_rpr rpr = {.type = RP_A_ANNOUNCE};
	enum err err = open_asked(request, &asked);

	if (err != OK) {
		refuse_http(request, err, err_detail());
		return;
	}
	err = read_application(segments[0], &application);
	announce(authn, asked, err, &rpr, &application);
}

/* An element that has announced, rightly or wrongly, is known for as long as it holds a stream, or soon will. */
static void expect_stream(struct authn *authn, const struct rp_a_request *request)
{
	struct element *element = element_named(authn, request->element);

	if (element && element->carrier == &rp_a_https && rp_a_streams_expect(element) != OK) {
		log_event(LOG_ERROR, "rp_a.element_gone", "", LOG_DETAIL());
	}
}

/* RFC 9457, with the place as well: what is served is told from there.  req: B9.6.1-c */
static void answer_partly(struct authn *authn, struct http_request *request, const char *refused)
{
	static const struct http_field type = {{(const uint8_t *)"Content-Type", 12},
		{(const uint8_t *)"application/problem+json", 24}};
	BUF_CLEANUP struct buf body = buf_growing(ANSWER_MAX), log = buf_growing(64);
	struct json_writer w = json_to(&body);

	text_hex(&log, events_log(authn));
	json_open(&w, NULL);
	json_put_string(&w, "title", http_reason(403));
	json_put_int(&w, "status", 403);
	json_put_string(&w, "detail", refused);
	json_put_text(&w, "log", buf_contents(&log));
	json_put_int(&w, "serial", (int64_t)events_last(authn));
	json_close(&w);
	http_answer(request, 403, &type, 1, buf_contents(&body));
}

static void accept(struct authn *authn, const struct rp_a_request *request,
	const struct rp_a_accepted *accepted)
{
	static const struct http_field type = {{(const uint8_t *)"Content-Type", 12},
		{(const uint8_t *)"application/json", 16}};
	struct asked *asked = request->message;
	BUF_CLEANUP struct buf body = buf_growing(ANSWER_MAX);

	expect_stream(authn, request);
	if (accepted->refused[0]) {
		answer_partly(authn, asked->http, accepted->refused);
	} else {
		rp_a_json_write_place(events_log(authn), events_last(authn), &body);
		http_answer(asked->http, 200, &type, 1, buf_contents(&body));
	}
	free_asked(asked);
}

static void refuse(struct authn *authn, const struct rp_a_request *request, enum err why,
	const char *detail)
{
	struct asked *asked = request->message;

	if (authn->elements) {
		expect_stream(authn, request);
	}
	refuse_http(asked->http, why, detail);
	free_asked(asked);
}

/* --- the pull --- */

static void on_pull(void *user, struct http_request *request, const struct view *segments)
{
	struct authn *authn = user;
	struct asked *asked;
	struct rp_bir bir;

	(void)segments;
	enum err err = open_asked(request, &asked);

	if (err != OK) {
		refuse_http(request, err, err_detail());
		return;
	}
	err = rp_a_json_read_pull(request->body, &asked->message, &bir);
	if (err == OK) {
		err = name_transaction(authn, asked, bir.s.session_id);
	}
	if (err != OK) {
		refuse_http(request, err, err_detail());
		free_asked(asked);
		return;
	}
	rp_a_pull(authn, &asked->request, &bir);
}

/* req: B9.4.1-f */
static void give(struct authn *authn, const struct rp_a_request *request, const struct rp_bia *bia)
{
	static const struct http_field fields[] = {
		{{(const uint8_t *)"Content-Type", 12}, {(const uint8_t *)"application/json", 16}},
		{{(const uint8_t *)"Cache-Control", 13}, {(const uint8_t *)"no-store", 8}},
	};
	struct asked *asked = request->message;
	struct buf body = buf_growing(ANSWER_MAX);

	(void)authn;
	if (rp_a_json_write_key(bia, &body) == OK) {
		http_answer(asked->http, 200, fields, 2, buf_contents(&body));
	} else {
		refuse_http(asked->http, ERR_UNAVAILABLE, err_detail());
	}
	buf_wipe(&body);
	buf_free(&body);
	free_asked(asked);
}

/* --- events --- */

static enum err find_element(struct authn *authn, const struct http_request *request,
	struct element **ret)
{
	char name[ELEMENT_TEXT];

	if (read_element(request, name) != OK) {
		return err_fail(ERR_DENIED, "%s", err_detail());
	}
	struct element *element = element_named(authn, name);

	if (!element || element->carrier != &rp_a_https || !element->channel ||
		element->announced_count == 0) {
		return err_fail(ERR_CONFLICT, "9.6.1: this element has announced nothing here");
	}
	*ret = element;
	return OK;
}

static void on_events(void *user, struct http_request *request, const struct view *segments)
{
	struct authn *authn = user;
	struct view last = http_field_of(request->head, SSE_LAST_EVENT_ID);
	struct element *element;
	uint8_t log[RP_A_LOG];
	uint64_t serial = 0;

	(void)segments;
	enum err err = find_element(authn, request, &element);

	if (err == OK && last.len > 0) {
		err = rp_a_json_read_id(last, log, &serial);
	}
	if (err != OK) {
		refuse_http(request, err, err_detail());
		return;
	}
	if (!view_is(request->head->method, "GET")) {
		http_answer_problem(request, 405, "RP_A: an event stream is read with GET");
		return;
	}
	rp_a_streams_open(element, request, view_of(log, last.len > 0 ? sizeof(log) : 0), serial);
}

static enum err take_ack(struct authn *authn, const struct http_request *request)
{
	struct element *element;
	struct rp_a_ack ack;

	TRY(find_element(authn, request, &element));
	TRY(rp_a_json_read_ack(request->body, &ack));
	if (!view_equal(VIEW(ack.log), events_log(authn)) || ack.serial > events_last(authn)) {
		return err_fail(ERR_CONFLICT, "9.6.1: no event of this log has that serial");
	}
	(void)!outbox_answered_to(element, ack.serial, ack.refused, ack.refused_count);
	rp_a_streams_acknowledged(element); /* known already: no harm */
	return OK;
}

static void on_ack(void *user, struct http_request *request, const struct view *segments)
{
	enum err err = take_ack(user, request);

	(void)segments;
	if (err != OK) {
		refuse_http(request, err, err_detail());
		return;
	}
	http_answer(request, 204, NULL, 0, view_of(NULL, 0));
}

/* --- the carrier --- */

const struct rp_a_carrier rp_a_https = {
	.name = "https",
	.give = give,
	.accept = accept,
	.refuse = refuse,
	.tell = rp_a_streams_tell,
	.cut = rp_a_streams_cut,
	.forget = rp_a_streams_forget,
};

static const struct http_route routes[] = {
	{"PUT", "/rp-a/v1/applications", NULL, on_announcement},
	{"PUT", "/rp-a/v1/applications/{}", NULL, on_application},
	{"DELETE", "/rp-a/v1/applications/{}", NULL, on_withdrawal},
	{"POST", "/rp-a/v1/key", NULL, on_pull},
	{"GET", "/rp-a/v1/events", NULL, on_events},
	{"POST", "/rp-a/v1/events/ack", NULL, on_ack},
};

static void on_request(void *user, struct http_request *request)
{
	http_route(routes, sizeof(routes) / sizeof(routes[0]), user, request);
}

/* With its own certificate, or that of Diameter: the same elements come by both. */
static struct tls_files files_of(const struct authn_conf *conf)
{
	bool own = conf->rp_a_https_certificate[0] != '\0';

	return (struct tls_files){
		.certificate = own ? conf->rp_a_https_certificate : conf->diameter_certificate,
		.key = own ? conf->rp_a_https_key : conf->diameter_key,
		.authority = conf->rp_a_https_authority[0] ? conf->rp_a_https_authority
							   : conf->diameter_authority,
	};
}

enum err rp_a_https_start_up(struct authn *authn)
{
	const struct authn_conf *conf = authn->conf;
	const struct tls_files files = files_of(conf);

	if (!conf->rp_a_https_listen[0]) {
		return OK;
	}
	TRY(tls_server(&files, TLS_PEERS_REQUIRED, &authn->rp_a_tls));
	const struct http_server_options options = {
		.listen = {.address = conf->rp_a_https_listen,
			.tls = authn->rp_a_tls,
			.connections = (size_t)conf->rp_a_https_connections},
		.limits = {.head = HEAD_MAX, .body = (size_t)conf->rp_a_https_body},
		.idle_ms = IDLE_MS,
		.name = "symbolon-authn",
	};

	return http_server_open(authn->loop, &options, on_request, authn, &authn->rp_a_https);
}

void rp_a_https_shut_down(struct authn *authn)
{
	http_server_close(authn->rp_a_https);
	authn->rp_a_https = NULL;
	tls_free(authn->rp_a_tls);
	authn->rp_a_tls = NULL;
}
