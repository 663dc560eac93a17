// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "element.h"

#include "base/text.h"
#include "wire/json.h"

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

static void connect_to_authn(struct element_puppet *e)
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

void element_open(struct element_puppet *e, struct flow *f, const char *host)
{
	struct diameter_node **own = strcmp(host, FLOW_ELEMENT) == 0 ? &f->element : &f->other;

	diameter_node_close(*own);
	*own = NULL;
	*e = (struct element_puppet){.f = f, .host = host, .answer = DIAMETER_SUCCESS};
	connect_to_authn(e);
}

static void disconnect(struct element_puppet *e)
{
	diameter_node_close(e->node);
	node_diameter_release(&e->setup);
	e->node = NULL;
	while (e->held_count > 0) { /* into nothing */
		const struct diameter_fault fault = {.result = DIAMETER_TOO_BUSY};

		diameter_refuse(e->held[--e->held_count], &fault, "too late");
	}
}

void element_close(struct element_puppet *e)
{
	if (e->node) {
		disconnect(e);
	}
}

void element_reconnect(struct element_puppet *e)
{
	if (e->node) {
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
