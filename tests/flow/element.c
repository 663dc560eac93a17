// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "element.h"

#include "authn/rp_a.h"
#include "base/text.h"
#include "wire/json.h"
#include "wire/rp_a_json.h"

#include <string.h>

static struct rp_rpa answer_of(const struct element_puppet *e, struct view session_id)
{
	return (struct rp_rpa){.s = {.session_id = session_id,
				       .has_result = true,
				       .result = e->answer,
				       .auth_session_state = 1,
				       .origin_host = view_text(e->host),
				       .origin_realm = view_text(e->host + strlen("gateway."))}};
}

static void copy_heard(const struct rp_rpr *rpr, struct heard *ret)
{
	struct ident application;

	ret->type = (enum rp_a_type)rpr->type;
	ret->serial = rpr->serial;
	assert_ok(text_copy(ret->token, sizeof(ret->token), rpr->transaction_id, "token id"));
	assert_ok(rp_from_naf_id(rpr->naf_id, &application, &ret->ua));
	memcpy(ret->application, application.text, sizeof(ret->application));
	ret->key_count = rpr->key_count;
	if (rpr->key_count > 0) {
		assert_ok(secret_set(&ret->key, rpr->keys[0].key.data, rpr->keys[0].key.len));
		assert_ok(rp_from_naf_id(rpr->keys[0].naf_id, &application, &ret->key_ua));
		assert_string_equal(application.text, ret->application);
	}
	assert_ok(text_copy(ret->format, sizeof(ret->format), rpr->format, "format"));
	assert_ok(text_copy(ret->degree, sizeof(ret->degree), rpr->degree, "degree"));
	assert_ok(text_copy(ret->guss, sizeof(ret->guss), rpr->guss, "guss"));
	ret->expiry = rpr->has_expiry ? rpr->expiry : 0;
	ret->creation = rpr->has_creation ? rpr->creation : 0;
	log_tx_of(rpr->s.session_id, ret->tx);
}

static void on_told(void *user, struct diameter_request *request)
{
	struct element_puppet *e = user;
	struct rp_rpr rpr;
	struct diameter_fault fault;

	assert_ok(diameter_decode(request->message, rp_rpr_rows, &rpr, &fault));
	assert_view(rpr.s.destination_host, e->host);
	assert_true(rpr.has_serial);
	assert_true(e->heard_count < HEARD_MAX);
	copy_heard(&rpr, &e->heard[e->heard_count++]);
	if (e->answer == 0) {
		e->held[e->held_count++] = request;
		fake_env_advance(&e->f->env, e->passes);
		return;
	}
	const struct rp_rpa rpa = answer_of(e, rpr.s.session_id);

	if (e->answer == DIAMETER_SUCCESS) {
		e->serial = rpr.serial;
		memcpy(e->log, rpr.log.data, sizeof(e->log));
		e->log_len = rpr.log.len;
	}
	diameter_answer(request, rp_rpa_rows, &rpa);
}

static void connect_by_diameter(struct element_puppet *e)
{
	static const uint32_t applications[] = {DIAMETER_ZN, DIAMETER_ZH, DIAMETER_NASREQ};
	static const struct diameter_handler handlers[] = {{DIAMETER_ZN, DIAMETER_RPR, on_told}};
	struct fake_certificate own;
	char alt[128];
	struct peer_conf peer = {.host = (char *)(uintptr_t)FLOW_AUTHN,
		.realm = (char *)(uintptr_t)FLOW_REALM,
		.address = (char *)(uintptr_t)diameter_node_address(e->f->authn.diameter)};
	const struct conf_list peers = {&peer, 1};

	(void)snprintf(alt, sizeof(alt), "DNS:%s", e->host);
	fake_ca_issue(&e->f->ca, e->host, alt, 10, &own);
	const struct node_diameter_settings settings = {.host = e->host,
		.realm = e->host + strlen("gateway."),
		.listen = "",
		.listen_plain = "",
		.certificate = own.certificate,
		.key = own.key,
		.authority = e->f->ca.authority,
		.peers = &peers};

	assert_ok(node_diameter_prepare(&settings, &e->setup));
	e->setup.options.applications = applications;
	e->setup.options.application_count = e->poses ? 3 : 1;
	assert_ok(diameter_node_open(e->f->loop, &e->setup.options, handlers, 1, e, &e->node));
	for (int i = 0; i < 3000 && !diameter_node_reaches(e->node, FLOW_REALM, DIAMETER_ZN); i++) {
		loop_turn(e->f->loop, 5);
	}
	assert_true(diameter_node_reaches(e->node, FLOW_REALM, DIAMETER_ZN));
}

/* --- HTTPS --- */

/* One call, from beginning to end. */
struct exchange {
	bool done;
	unsigned status;
	struct buf body;
};

static void on_head(void *user, const struct http_head *head)
{
	((struct exchange *)user)->status = head->status;
}

static void on_body(void *user, struct view part)
{
	buf_view(&((struct exchange *)user)->body, part);
}

static void on_done(void *user, enum err result)
{
	assert_ok(result);
	((struct exchange *)user)->done = true;
}

static void call_authn(struct element_puppet *e, const char *method, const char *target,
	const struct http_field *field, struct view body, struct exchange *ret)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	struct http_call *call;

	*ret = (struct exchange){.body = buf_growing(65536)};
	assert_ok(http_client_call(e->client, method, view_text(target), field, field ? 1 : 0, body,
		&on, ret, &call));
	flow_until(e->f, &ret->done);
}

static void forget_ack(void *user, enum err result)
{
	(void)user;
	(void)result;
}

/* Nobody waits for the answer. */
static void acknowledge(struct element_puppet *e, const struct heard *heard, bool refused)
{
	static const struct http_call_on on = {.done = forget_ack};
	BUF_CLEANUP struct buf body = buf_growing(4096);
	struct rp_a_ack ack = {.serial = heard->serial};
	struct http_call *call;

	memcpy(ack.log, e->log, sizeof(ack.log));
	ack.refused[0] = heard->serial;
	ack.refused_count = refused;
	assert_ok(rp_a_json_write_ack(&ack, &body));
	assert_ok(http_client_call(e->client, "POST", view_text("/rp-a/v1/events/ack"), NULL, 0,
		buf_contents(&body), &on, NULL, &call));
}

static void cut_stream(struct element_puppet *e)
{
	if (e->stream) {
		http_call_cancel(e->stream);
		e->stream = NULL;
	}
}

static void on_greeting(struct element_puppet *e, const struct sse_event *event)
{
	struct rp_rpa place;
	RP_A_JSON(m);

	assert_ok(rp_a_json_read_place(event->data, &m, &place));
	assert_int_equal(place.log.len, sizeof(e->log));
	memcpy(e->log, place.log.data, sizeof(e->log));
	e->log_len = sizeof(e->log);
	e->greeted = true;
}

static enum err on_event(void *user, const struct sse_event *event)
{
	struct element_puppet *e = user;
	struct rp_rpr rpr;
	uint8_t log[RP_A_LOG];
	uint64_t serial;
	RP_A_JSON(m);

	assert_ok(rp_a_json_read_id(event->id, log, &serial));
	if (view_is(event->name, "log")) {
		on_greeting(e, event);
		return OK;
	}
	assert_ok(rp_a_json_read_event(event->data, &m, &rpr));
	assert_memory_equal(log, e->log, sizeof(log));
	rpr.type = rp_a_json_event_type(event->name);
	rpr.serial = serial;
	assert_true(e->heard_count < HEARD_MAX);
	struct heard *heard = &e->heard[e->heard_count++];

	copy_heard(&rpr, heard);
	if (e->answer == 0) {
		fake_env_advance(&e->f->env, e->passes);
		return OK;
	}
	if (e->answer == DIAMETER_UNABLE_TO_COMPLY) {
		return ERR_UNAVAILABLE; /* the stream is cut */
	}
	e->serial = e->answer == DIAMETER_SUCCESS ? serial : e->serial;
	acknowledge(e, heard, e->answer != DIAMETER_SUCCESS);
	return e->cuts ? ERR_CLOSED : OK;
}

static void on_stream_head(void *user, const struct http_head *head)
{
	struct element_puppet *e = user;

	e->turned_away = head->status != 200 ? head->status : 0;
	if (!e->turned_away) {
		assert_view(http_field_of(head, "Content-Type"), SSE_TYPE);
	}
}

static void on_stream_body(void *user, struct view part)
{
	struct element_puppet *e = user;

	if (!e->turned_away && sse_feed(&e->sse, part, on_event, e) != OK) {
		cut_stream(e);
	}
}

static void on_stream_done(void *user, enum err result)
{
	(void)result;
	((struct element_puppet *)user)->stream = NULL;
}

void element_open_stream(struct element_puppet *e, const char *last_event_id)
{
	static const struct http_call_on on = {on_stream_head, on_stream_body, on_stream_done};
	const struct http_field last = {view_text(SSE_LAST_EVENT_ID), view_text(last_event_id)};

	cut_stream(e);
	sse_free(&e->sse);
	e->sse = sse_of(65536);
	e->greeted = false;
	e->turned_away = 0;
	e->streams++;
	assert_ok(http_client_call(e->client, "GET", view_text("/rp-a/v1/events"), &last,
		last.value.len > 0, view_of(NULL, 0), &on, e, &e->stream));
	for (int i = 0; i < 3000 && !e->greeted && e->stream; i++) {
		loop_turn(e->f->loop, 1);
	}
}

static void open_stream(struct element_puppet *e, struct view log, uint64_t serial)
{
	char id[RP_A_ID_MAX + 1] = "";

	if (log.len > 0) {
		rp_a_json_print_id(log, serial, id);
	}
	element_open_stream(e, id);
}

void element_cut(struct element_puppet *e)
{
	cut_stream(e);
}

unsigned element_call(struct element_puppet *e, const char *method, const char *target,
	const struct http_field *field, struct view body)
{
	struct exchange ex;

	call_authn(e, method, target, field, body, &ex);
	buf_free(&ex.body);
	return ex.status;
}

void element_resume(struct element_puppet *e)
{
	if (e->https && !e->stream) {
		open_stream(e, view_of(e->log, e->log_len), e->serial);
		assert_true(e->greeted);
	}
}

static uint32_t code_of(unsigned status)
{
	return status == 200   ? DIAMETER_SUCCESS
	       : status == 403 ? DIAMETER_NOT_AUTHORIZED
	       : status == 400 ? DIAMETER_INVALID_AVP_VALUE
			       : DIAMETER_UNABLE_TO_COMPLY;
}

static void say_by_https(struct element_puppet *e, const struct rp_rpr *rpr)
{
	BUF_CLEANUP struct buf body = buf_growing(RP_A_JSON_MAX);
	struct exchange ex;
	struct rp_rpa place;
	uint8_t log[16];
	RP_A_JSON(m);

	memcpy(log, rpr->log.data ? rpr->log.data : e->log, sizeof(log)); /* before the answer's */
	assert_ok(rp_a_json_write_announcement(rpr, &body));
	call_authn(e, "PUT", "/rp-a/v1/applications", NULL, buf_contents(&body), &ex);
	e->code = code_of(ex.status);
	assert_ok(rp_a_json_read_place(buf_contents(&ex.body), &m, &place));
	assert_ok(text_copy(e->said, sizeof(e->said), place.s.error_message, "detail"));
	if (place.has_serial) {
		memcpy(e->log, place.log.data, sizeof(e->log));
		e->log_len = sizeof(e->log);
		e->serial = place.serial;
	}
	buf_free(&ex.body);
	if (place.has_serial && rpr->announced_count > 0 && (!e->stream || rpr->log.len > 0)) {
		open_stream(e, view_of(log, rpr->log.len), rpr->serial);
		assert_true(e->greeted);
	}
}

/* --- either --- */

static void connect_to_authn(struct element_puppet *e)
{
	if (e->https) {
		flow_open_https(e->f, e->host, &e->tls, &e->client);
	} else {
		connect_by_diameter(e);
	}
}

void element_open_over(struct element_puppet *e, struct flow *f, const char *host, bool https)
{
	struct diameter_node **own = strcmp(host, FLOW_ELEMENT) == 0 ? &f->element : &f->other;

	diameter_node_close(*own);
	*own = NULL;
	*e = (struct element_puppet){.f = f,
		.host = host,
		.https = https,
		.answer = DIAMETER_SUCCESS};
	connect_to_authn(e);
}

void element_open(struct element_puppet *e, struct flow *f, const char *host)
{
	element_open_over(e, f, host, flow_over_https);
}

static void disconnect_https(struct element_puppet *e)
{
	cut_stream(e);
	http_client_free(e->client);
	tls_free(e->tls);
	sse_free(&e->sse);
	e->client = NULL;
}

static void disconnect(struct element_puppet *e)
{
	if (e->https) {
		disconnect_https(e);
		return;
	}
	diameter_node_close(e->node);
	node_diameter_release(&e->setup);
	e->node = NULL;
	while (e->held_count > 0) { /* into nothing */
		const struct diameter_fault fault = {.result = DIAMETER_TOO_BUSY};

		diameter_refuse(e->held[--e->held_count], &fault, "too late");
	}
}

static bool is_connected(const struct element_puppet *e)
{
	return e->https ? e->client != NULL : e->node != NULL;
}

void element_close(struct element_puppet *e)
{
	if (!is_connected(e)) {
		return;
	}
	bool lingers = e->https && e->stream;
	size_t streams = e->f->authn.rp_a_streams;

	disconnect(e);
	for (int i = 0; lingers && i < 3000 && e->f->authn.rp_a_streams == streams; i++) {
		loop_turn(e->f->loop, 1);
	}
	if (lingers) {
		assert_int_equal(e->f->authn.rp_a_streams, streams - 1);
		fake_env_advance(&e->f->env, e->f->authn_conf.rp_a_https_linger);
	}
}

void element_reconnect(struct element_puppet *e)
{
	if (is_connected(e)) {
		disconnect(e);
	}
	connect_to_authn(e);
}

struct said {
	struct element_puppet *e;
	bool done;
};

static void on_answered(void *user, uint64_t ref, enum err result, struct view message)
{
	struct said *said = user;
	struct element_puppet *e = said->e;
	struct rp_rpa rpa;
	struct diameter_base base;
	struct diameter_fault fault;

	(void)ref;
	said->done = true;
	assert_ok(result);
	assert_ok(diameter_decode_base(message, &base, &fault));
	e->code = base.has_experimental ? base.experimental : base.result;
	assert_ok(text_copy(e->said, sizeof(e->said), base.error_message, "Error-Message"));
	if (diameter_decode(message, rp_rpa_rows, &rpa, &fault) == OK && rpa.has_serial) {
		memcpy(e->log, rpa.log.data, sizeof(e->log));
		e->log_len = rpa.log.len;
		e->serial = rpa.serial;
	}
}

void element_say(struct element_puppet *e, struct rp_rpr *rpr)
{
	BUF_CLEANUP struct buf session = buf_growing(1024);
	struct said said = {.e = e};

	if (e->https) {
		rpr->s.session_id = view_text(";0badcafe");
		say_by_https(e, rpr);
		return;
	}
	diameter_session_id(e->node, &session);
	buf_text(&session, ";0badcafe");
	rpr->s = (struct rp_session){.session_id = buf_contents(&session),
		.origin_host = view_text(e->host),
		.origin_realm = view_text(e->host + strlen("gateway.")),
		.destination_realm = view_text(FLOW_REALM),
		.destination_host = view_text(FLOW_AUTHN),
		.auth_session_state = 1};
	e->code = 0;
	diameter_send(e->node, DIAMETER_ZN, DIAMETER_RPR, FLOW_AUTHN, FLOW_REALM, rp_rpr_rows, rpr,
		on_answered, &said, 0);
	flow_until(e->f, &said.done);
}

struct view element_naf_id(const char *application, struct ua ua, uint8_t *room)
{
	struct buf naf_id = buf_fixed(room, NAF_ID_MAX);
	struct ident id;

	assert_ok(ident_parse(IDENT_APPLICATION, view_text(application), &id));
	assert_ok(rp_naf_id(&id, ua, &naf_id));
	return buf_contents(&naf_id);
}

void element_announce(struct element_puppet *e, const char *application, struct ua ua,
	bool with_cursor)
{
	uint8_t room[NAF_ID_MAX];
	struct rp_rpr rpr = {.type = RP_A_ANNOUNCE};

	if (application) {
		rpr.announced_count = 1;
		rpr.announced[0].naf_ids[0] = element_naf_id(application, ua, room);
		rpr.announced[0].naf_id_count = 1;
		rpr.announced[0].address = view_text("127.0.0.1:8443");
		rpr.announced[0].mechanisms[0] = view_text("tls13-psk");
		rpr.announced[0].mechanism_count = 1;
	}
	if (with_cursor) {
		rpr.log = view_of(e->log, e->log_len);
		rpr.has_serial = true;
		rpr.serial = e->serial;
	}
	element_say(e, &rpr);
}

void element_hears(struct element_puppet *e, size_t count)
{
	for (int i = 0; i < 3000 && e->heard_count < count; i++) {
		loop_turn(e->f->loop, 5);
	}
	for (int i = 0; i < 30; i++) {
		loop_turn(e->f->loop, 1);
	}
	assert_int_equal(e->heard_count, count);
}

void element_bootstrap(struct flow *f, const char *application, struct ue *ue,
	char ret_id[TOKEN_ID_MAX + 1])
{
	SECRET(right);
	JSON_CLEANUP struct json *body = NULL;
	struct view token;

	ue_challenged_for(ue, f, FLOW_CLIENT, application);
	ue_right_password(ue, &right);
	ue_second_leg(ue, &right, NULL, ue->target);
	aka_free(ue->aka);
	assert_int_equal(ue->reply.status, 200);
	assert_ok(json_parse(view_of(ue->reply.body, ue->reply.body_len), 8192, &body));
	assert_ok(json_text(body, "token", &token));
	assert_ok(text_copy(ret_id, TOKEN_ID_MAX + 1, token, "token id"));
}

/* --- tokens --- */

static void on_published(void *user, uint64_t ref, unsigned told, unsigned acknowledged)
{
	(void)user;
	(void)told;
	(void)acknowledged;
	++*(unsigned *)(uintptr_t)ref;
}

static void on_stored(void *user, uint64_t ref, enum err result, uint64_t serial)
{
	struct element_storing *storing = (struct element_storing *)(uintptr_t)ref;

	assert_ok(result);
	storing->stored = true;
	if (storing->untold) {
		return;
	}
	rp_a_publish(user, storing->token, serial, "0badcafe", on_published,
		(uintptr_t)&storing->done);
}

/* Number `n`. */
void element_keep_token(struct flow *f, unsigned n, struct element_storing *storing)
{
	struct token token = {.format = TOKEN_Y3056, .from = env_wall(&f->env.env), .ua_count = 1};
	char client[64];

	storing->f = f;
	storing->token = &token;
	token.until = token.from + 3600;
	token.uas[0] = UA_TLS13_PSK;
	token.base.rand[0] = (uint8_t)n;
	token.base.rand[1] = (uint8_t)(n >> 8);
	(void)snprintf(client, sizeof(client), "00101%010u@" FLOW_REALM, n);
	(void)snprintf(token.session, sizeof(token.session), FLOW_AUTHN ";1;%u", n);
	assert_ok(secret_set(&token.base.ks, "0123456789abcdef0123456789abcdef", 32));
	assert_ok(ident_parse(IDENT_CLIENT, view_text(client), &token.base.client));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FLOW_APP), &token.application));
	token.base.node = f->authn.node;
	token.base.realm = f->authn.realm;
	assert_ok(token_id(TOKEN_Y3056, &token.base, &token.application, token.id));
	tokens_store(&f->authn, &token, on_stored, (uintptr_t)storing);
	flow_until(f, &storing->stored);
}

/* Returns whether the publication was over at once. */
bool element_store_token(struct flow *f, unsigned n)
{
	struct element_storing storing = {.done = 0};

	element_keep_token(f, n, &storing);
	bool at_once = storing.done == 1;

	for (int i = 0; i < 3000 && storing.done == 0; i++) {
		loop_turn(f->loop, 1);
	}
	assert_int_equal(storing.done, 1);
	return at_once;
}
