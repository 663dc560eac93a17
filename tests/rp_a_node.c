// SPDX-License-Identifier: Apache-2.0
#include "rp_a_node.h"

#include "wire/json.h"
#include "wire/rp_a_json.h"
#include "wire/sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(enum err result)
{
	if (result != OK) {
		(void)fprintf(stderr, "rp_a_node: %s\n", err_detail());
		abort();
	}
}

static struct rp_a_ask *ask_of(struct rp_a_node *n, struct diameter_request *diameter,
	struct http_request *http, bool is_pull)
{
	struct rp_a_ask *ask = calloc(1, sizeof(*ask));

	if (!ask) {
		abort();
	}
	*ask = (struct rp_a_ask){n, diameter, http, is_pull};
	return ask;
}

/* --- Diameter --- */

static void on_bir(void *user, struct diameter_request *request)
{
	struct rp_a_node *n = user;
	struct rp_bir bir;
	struct diameter_fault fault;

	must(diameter_decode(request->message, rp_bir_rows, &bir, &fault));
	n->on->pulled(n->user, ask_of(n, request, NULL, true), &bir);
}

static void on_rpr(void *user, struct diameter_request *request)
{
	struct rp_a_node *n = user;
	struct rp_rpr rpr;
	struct diameter_fault fault = {.result = DIAMETER_COMMAND_UNSUPPORTED};

	if (!n->on->announced) {
		diameter_refuse(request, &fault, "no such command");
		return;
	}
	must(diameter_decode(request->message, rp_rpr_rows, &rpr, &fault));
	n->on->announced(n->user, ask_of(n, request, NULL, false), &rpr);
}

static struct view session_of(const struct rp_a_ask *ask)
{
	struct diameter_base base;
	struct diameter_fault fault;

	must(diameter_decode_base(ask->diameter->message, &base, &fault));
	return base.session_id;
}

static void on_told(void *user, uint64_t ref, enum err result, struct view message)
{
	struct rp_a_told *told = (struct rp_a_told *)(uintptr_t)ref;
	struct rp_rpa rpa;
	struct diameter_fault fault;

	(void)user;
	told->done = true;
	told->code = DIAMETER_UNABLE_TO_COMPLY;
	if (result == OK) {
		must(diameter_decode(message, rp_rpa_rows, &rpa, &fault));
		told->code = rpa.s.has_experimental ? rpa.s.experimental : rpa.s.result;
	}
}

static void open_diameter(struct rp_a_node *n, const char *address)
{
	static const uint32_t applications[] = {DIAMETER_ZN};
	static const struct diameter_handler handlers[] = {{DIAMETER_ZN, DIAMETER_BIR, on_bir},
		{DIAMETER_ZN, DIAMETER_RPR, on_rpr}};
	static const struct diameter_peer_options element = {.host = "gateway.app.example",
		.realm = "app.example",
		.plain = true};
	const struct diameter_node_options options = {.host = n->host,
		.realm = "realm.example",
		.listen_plain = address,
		.applications = applications,
		.application_count = 1,
		.peers = &element,
		.peer_count = 1};

	must(diameter_node_open(n->w->loop, &options, handlers, 2, n, &n->diameter));
	(void)snprintf(n->address, sizeof(n->address), "%s",
		diameter_node_plain_address(n->diameter));
}

/* --- HTTPS --- */

static void settle_all(struct rp_a_node *n, uint64_t serial, const struct rp_a_ack *ack)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->waiting_count; i++) {
		struct rp_a_told *told = n->waiting[i].told;

		if (n->waiting[i].serial > serial) {
			n->waiting[kept++] = n->waiting[i];
			continue;
		}
		told->done = true;
		told->code = ack ? DIAMETER_SUCCESS : DIAMETER_UNABLE_TO_COMPLY;
		for (size_t k = 0; ack && k < ack->refused_count; k++) {
			if (ack->refused[k] == n->waiting[i].serial) {
				told->code = DIAMETER_NOT_AUTHORIZED;
			}
		}
	}
	n->waiting_count = kept;
}

static void on_stream_gone(struct http_request *request)
{
	struct rp_a_node *n = request->user;

	n->stream = NULL;
	http_answer_abort(request);
	settle_all(n, UINT64_MAX, NULL);
}

static void end_stream(struct rp_a_node *n)
{
	if (n->stream) {
		n->stream->on_gone = NULL;
		http_answer_end(n->stream);
		n->stream = NULL;
		settle_all(n, UINT64_MAX, NULL);
	}
}

static void on_events(struct rp_a_node *n, struct http_request *request)
{
	static const struct http_field type = {{(const uint8_t *)"Content-Type", 12},
		{(const uint8_t *)SSE_TYPE, 17}};
	struct view last = http_field_of(request->head, SSE_LAST_EVENT_ID);
	BUF_CLEANUP struct buf json = buf_growing(256), text = buf_growing(1024);
	uint8_t log[RP_A_LOG];
	char id[RP_A_ID_MAX + 1];
	uint64_t serial = 0;

	end_stream(n);
	if (last.len > 0) {
		must(rp_a_json_read_id(last, log, &serial));
	}
	if (n->on->followed) {
		n->on->followed(n->user, view_of(log, last.len > 0 ? sizeof(log) : 0), serial);
	}
	must(http_answer_begin(request, 200, &type, 1, NULL));
	request->user = n;
	request->on_gone = on_stream_gone;
	n->stream = request;
	if (n->has_log) {
		rp_a_json_write_place(VIEW(n->log), n->serial, &json);
	} else {
		buf_text(&json, "{}");
	}
	rp_a_json_print_id(VIEW(n->log), n->serial, id);
	sse_write(&text, view_text(id), "log", buf_contents(&json));
	rp_a_node_write(n, buf_contents(&text));
}

static void on_ack(struct rp_a_node *n, struct http_request *request)
{
	struct rp_a_ack ack;

	must(rp_a_json_read_ack(request->body, &ack));
	settle_all(n, ack.serial, &ack);
	http_answer(request, 204, NULL, 0, (struct view){0});
}

static void on_key(struct rp_a_node *n, struct http_request *request)
{
	struct rp_bir bir;
	RP_A_JSON(m);

	must(rp_a_json_read_pull(request->body, &m, &bir));
	n->on->pulled(n->user, ask_of(n, NULL, request, true), &bir);
}

static void on_put(struct rp_a_node *n, struct http_request *request)
{
	struct rp_rpr rpr;
	RP_A_JSON(m);

	if (!n->on->announced) {
		http_answer_problem(request, 404, "no such thing");
		return;
	}
	must(rp_a_json_read_announcement(request->body, &m, &rpr));
	n->on->announced(n->user, ask_of(n, NULL, request, false), &rpr);
}

static void on_request(void *user, struct http_request *request)
{
	static const struct {
		const char *path;
		void (*handle)(struct rp_a_node *n, struct http_request *request);
	} paths[] = {{"/rp-a/v1/events", on_events}, {"/rp-a/v1/events/ack", on_ack},
		{"/rp-a/v1/key", on_key}, {"/rp-a/v1/applications", on_put}};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (view_is(request->target.path, paths[i].path)) {
			paths[i].handle(user, request);
			return;
		}
	}
	http_answer_problem(request, 404, "no such thing");
}

static void open_https(struct rp_a_node *n, const char *address)
{
	const struct http_server_options options = {.listen.address = address};

	must(http_server_open(n->w->loop, &options, on_request, n, &n->http));
	(void)snprintf(n->address, sizeof(n->address), "%s", http_server_address(n->http));
}

static unsigned status_of(const struct rp_session *s)
{
	uint32_t code = s->has_experimental ? s->experimental : s->result;

	switch (code) {
	case DIAMETER_SUCCESS:
		return 200;
	case DIAMETER_NOT_AUTHORIZED:
	case DIAMETER_AUTHORIZATION_REJECTED:
		return 403;
	case DIAMETER_TRANSACTION_IDENTIFIER_INVALID:
		return 404;
	default:
		return 503;
	}
}

static void answer_json(struct http_request *request, unsigned status, struct view body)
{
	static const struct http_field type = {{(const uint8_t *)"Content-Type", 12},
		{(const uint8_t *)"application/json", 16}};

	http_answer(request, status, &type, 1, body);
}

/* Broken settings have a form here too. */
static void give_json(struct http_request *request, const struct rp_bia *bia)
{
	BUF_CLEANUP struct buf body = buf_growing(65536);

	if (rp_a_json_write_key(bia, &body) != OK) {
		buf_clear(&body);
		buf_text(&body, "{\"meKeyMaterial\":\"00\",\"ussList\":[{}]}");
	}
	answer_json(request, status_of(&bia->s), buf_contents(&body));
}

static void accept_json(struct rp_a_node *n, struct http_request *request, const struct rp_rpa *rpa)
{
	BUF_CLEANUP struct buf body = buf_growing(4096);

	n->has_log = rpa->has_serial;
	if (n->has_log) {
		memcpy(n->log, rpa->log.data, sizeof(n->log));
		n->serial = rpa->serial;
		rp_a_json_write_place(rpa->log, rpa->serial, &body);
	} else {
		buf_text(&body, "{}");
	}
	answer_json(request, status_of(&rpa->s), buf_contents(&body));
}

static void tell_https(struct rp_a_node *n, const struct rp_rpr *rpr, struct rp_a_told *ret)
{
	BUF_CLEANUP struct buf json = buf_growing(65536), text = buf_growing(65536);
	char id[RP_A_ID_MAX + 1];

	rp_a_json_print_id(rpr->log.len > 0 ? rpr->log : VIEW(n->log), rpr->serial, id);
	must(rp_a_json_write_event(rpr, &json));
	sse_write(&text, view_text(id), rp_a_json_event_name(rpr->type), buf_contents(&json));
	if (!n->stream || n->waiting_count == RP_A_TOLD_MAX) {
		*ret = (struct rp_a_told){.done = true, .code = DIAMETER_UNABLE_TO_COMPLY};
		return;
	}
	n->waiting[n->waiting_count].serial = rpr->serial;
	n->waiting[n->waiting_count++].told = ret;
	rp_a_node_write(n, buf_contents(&text));
}

void rp_a_node_write(struct rp_a_node *n, struct view bytes)
{
	enum err err = n->stream ? http_answer_part(n->stream, bytes) : ERR_CLOSED;

	if (err == ERR_OVERLOAD && n->waiting_count > 0) { /* it is not taken */
		struct rp_a_told *told = n->waiting[--n->waiting_count].told;

		*told = (struct rp_a_told){.done = true, .code = DIAMETER_UNABLE_TO_COMPLY};
	}
}

void rp_a_node_cut(struct rp_a_node *n)
{
	end_stream(n);
}

/* --- either --- */

void rp_a_node_open(struct rp_a_node *n, struct world *w, const char *host, const char *address,
	bool https, const struct rp_a_node_on *on, void *user)
{
	n->w = w;
	n->host = host;
	n->https = https;
	n->on = on;
	n->user = user;
	if (https) {
		open_https(n, address);
	} else {
		open_diameter(n, address);
	}
}

void rp_a_node_close(struct rp_a_node *n)
{
	if (n->diameter) {
		diameter_node_close(n->diameter);
		n->diameter = NULL;
	}
	end_stream(n);
	http_server_close(n->http);
	n->http = NULL;
}

void rp_a_node_give(struct rp_a_ask *ask, const struct rp_bia *bia)
{
	struct rp_bia own = *bia;

	if (ask->http) {
		give_json(ask->http, &own);
	} else {
		own.s.session_id = session_of(ask);
		diameter_answer(ask->diameter, rp_bia_rows, &own);
	}
	free(ask);
}

void rp_a_node_accept(struct rp_a_ask *ask, const struct rp_rpa *rpa)
{
	struct rp_rpa own = *rpa;

	if (ask->http) {
		accept_json(ask->node, ask->http, &own);
	} else {
		own.s.session_id = session_of(ask);
		diameter_answer(ask->diameter, rp_rpa_rows, &own);
	}
	free(ask);
}

void rp_a_node_refuse(struct rp_a_ask *ask)
{
	const struct diameter_fault fault = {.result = DIAMETER_COMMAND_UNSUPPORTED};

	if (ask->http) {
		http_answer_problem(ask->http, 404, "no such thing");
	} else {
		diameter_refuse(ask->diameter, &fault, "no such command");
	}
	free(ask);
}

void rp_a_node_tell(struct rp_a_node *n, const struct rp_rpr *rpr, struct rp_a_told *ret)
{
	BUF_CLEANUP struct buf session_id = buf_growing(512);
	struct rp_rpr own = *rpr;

	*ret = (struct rp_a_told){.done = false};
	if (!n->https) {
		diameter_session_id(n->diameter, &session_id);
	}
	buf_text(&session_id, ";0badcafe");
	own.s = (struct rp_session){.session_id = buf_contents(&session_id),
		.origin_host = view_text(n->host),
		.origin_realm = view_text("realm.example"),
		.destination_host = view_text("gateway.app.example"),
		.destination_realm = view_text("app.example"),
		.auth_session_state = 1};
	if (n->https) {
		tell_https(n, &own, ret);
		return;
	}
	diameter_send(n->diameter, DIAMETER_ZN, DIAMETER_RPR, "gateway.app.example", "app.example",
		rp_rpr_rows, &own, on_told, NULL, (uintptr_t)ret);
}
