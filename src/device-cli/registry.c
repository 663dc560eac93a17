// SPDX-License-Identifier: Apache-2.0
#include "device-cli/registry.h"

#include "base/log.h"
#include "base/text.h"
#include "net/http_client.h"
#include "wire/evidence.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MS = 15 * 1000, LABEL = 64, RECORD_MAX = 4096, DIGEST = 32, LABEL_DIGITS = 16 };
enum { FACTS_FILE_MAX = 64 * 1024, PATH = 512 };

/* A connection, and the question under way on it. */
struct registry_call {
	char host[IDENT_MAX + 1], address[ADDRESS_MAX];
	struct tls *tls;
	struct http_client *client;
	struct buf body;
	unsigned status;
	enum err result;
	char detail[DETAIL_MAX];
	bool has_answered; /* a refused handshake is no matter of the token any more */
	bool is_fresh;	   /* the token */
};

/* --- the session --- */

static enum err connect_with(struct registry_session *session, const struct symdev_token *token)
{
	struct registry_call *call = session->call;
	char identity[SYMDEV_PSK_IDENTITY];
	struct tls_protocol protocol;
	struct ua ua;
	SECRET(key);

	TRY(device_protocol(session->device->options, &protocol, &ua));
	TRY(symdev_token_key(&se_soft_ops, session->device->se, token, &session->application, ua,
		&key));
	TRY(symdev_psk_identity(token, identity));
	http_client_free(call->client);
	tls_free(call->tls);
	call->client = NULL;
	call->tls = NULL;
	TRY(tls_psk_client(view_text(identity), &key, protocol, &call->tls));
	const struct http_client_options options = {.address = call->address,
		.host = call->host,
		.tls = call->tls,
		.timeout_ms = ANSWER_MS,
		.stall_ms = ANSWER_MS,
		.limits = {.body = REGISTRY_ANSWER_MAX}};

	session->token = *token;
	return http_client_new(session->device->loop, &options, &call->client);
}

static enum err find_place(struct registry_session *session)
{
	const struct options *options = session->device->options;
	struct view host;

	TRY(device_read_ident("APPLICATION", IDENT_APPLICATION, options->word,
		&session->application));
	host = ident_host_of(&session->application);
	if (host.len == 0) {
		return err_fail(ERR_UNSUPPORTED, "%s names no host to connect to",
			session->application.text);
	}
	TRY(text_copy(session->call->host, sizeof(session->call->host), host, "host"));
	return options->address ? text_copy(session->call->address, sizeof(session->call->address),
					  view_text(options->address), "--address")
				: device_default_address(host, session->call->address);
}

enum err registry_open(const struct options *options, struct device *device,
	struct registry_session *ret)
{
	struct symdev_token token;

	*ret = (struct registry_session){.device = device};
	TRY(device_open(options, device));
	ret->call = calloc(1, sizeof(*ret->call));
	if (!ret->call) {
		return err_fail(ERR_MEMORY, "registry: out of memory");
	}
	ret->call->body = buf_growing(REGISTRY_ANSWER_MAX);
	TRY(find_place(ret));
	TRY(device_token(device, &ret->application, options->rp_c, &token, &ret->call->is_fresh));
	return connect_with(ret, &token);
}

void registry_close(struct registry_session *session)
{
	if (session->call) {
		http_client_free(session->call->client);
		tls_free(session->call->tls);
		buf_free(&session->call->body);
		free(session->call);
	}
	device_close(session->device);
}

/* --- a question --- */

static void on_head(void *user, const struct http_head *head)
{
	((struct registry_session *)user)->call->status = head->status;
}

static void on_body(void *user, struct view part)
{
	buf_view(&((struct registry_session *)user)->call->body, part);
}

static void on_done(void *user, enum err result)
{
	struct registry_session *session = user;
	struct registry_call *call = session->call;

	call->result = result;
	call->has_answered |= result == OK;
	(void)snprintf(call->detail, sizeof(call->detail), "%s", err_detail());
	loop_stop(session->device->loop);
}

static enum err ask_once(struct registry_session *session, const char *method, const char *path,
	struct view body)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	const struct http_field json = {view_text("Content-Type"), view_text("application/json")};
	struct registry_call *call = session->call;
	struct http_call *under_way;

	buf_clear(&call->body);
	call->status = 0;
	TRY(http_client_call(call->client, method, view_text(path), &json, body.len > 0 ? 1 : 0,
		body, &on, session, &under_way));
	loop_run(session->device->loop);
	return call->result == OK ? buf_end(&call->body, "the registry's answer")
				  : err_fail(call->result, "%s: %s", call->host, call->detail);
}

static enum err code_of(unsigned status)
{
	switch (status) {
	case 404:
		return ERR_NOT_FOUND;
	case 409:
		return ERR_CONFLICT;
	default:
		return status >= 500 || status == 429 ? ERR_UNAVAILABLE : ERR_DENIED;
	}
}

/* RFC 9457: what is wrong stands in `detail`. */
static enum err refused(const struct registry_call *call)
{
	JSON_CLEANUP struct json *problem = NULL;
	struct view detail = view_text("");

	if (json_parse(buf_contents(&call->body), REGISTRY_ANSWER_MAX, &problem) == OK) {
		(void)!json_text_opt(problem, "detail", &detail);
	}
	detail.len = text_is_printable(detail) && detail.len < DETAIL_MAX ? detail.len : 0;
	return err_fail(code_of(call->status), "%s: %u %.*s", call->host, call->status,
		(int)detail.len, (const char *)detail.data);
}

enum err registry_ask(struct registry_session *session, const char *method, const char *path,
	struct view body, struct json **ret)
{
	struct registry_call *call = session->call;
	struct symdev_token renewed;

	*ret = NULL;
	enum err err = ask_once(session, method, path, body);

	/* of a PSK client's alerts stream.h makes ERR_AUTH */
	if (err == ERR_AUTH && !call->has_answered && !call->is_fresh) {
		log_event(LOG_INFO, "session.token_required", "", LOG_DETAIL());
		call->is_fresh = true;
		TRY(device_bootstrap(session->device, &session->application,
			session->device->options->rp_c, &renewed));
		TRY(connect_with(session, &renewed));
		err = ask_once(session, method, path, body);
	}
	TRY(err);
	if (call->status / 100 != 2) {
		return refused(call);
	}
	return call->body.len > 0 ? json_parse(buf_contents(&call->body), REGISTRY_ANSWER_MAX, ret)
				  : OK;
}

/* --- what is kept --- */

static enum err label_of(const struct registry_session *session, char ret[LABEL])
{
	struct view name = ident_view(&session->application);
	struct buf text = buf_fixed(ret, LABEL);
	uint8_t digest[DIGEST];

	if (EVP_Digest(name.data, name.len, digest, NULL, EVP_sha256(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "registry: SHA-256");
	}
	buf_text(&text, "registry.");
	text_hex(&text, view_of(digest, LABEL_DIGITS / 2));
	return *buf_string(&text) ? OK : err_fail(ERR_RANGE, "registry: label");
}

enum err registry_keep(struct registry_session *session, const struct registration *registration)
{
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);
	struct json_writer w = json_to(&record);
	char label[LABEL];

	json_open(&w, NULL);
	json_put_text(&w, "id", reg_dev_id_view(&registration->id));
	json_put_string(&w, "acknowledgement", registration->acknowledgement);
	json_put_bool(&w, "key", registration->has_key);
	json_close(&w);
	TRY(buf_end(&record, "registration"));
	TRY(label_of(session, label));
	return se_soft_ops.store(session->device->se, label, buf_contents(&record));
}

static enum err read_registration(struct view text, struct registration *ret)
{
	JSON_CLEANUP struct json *record = NULL;
	struct view id, acknowledgement;

	*ret = (struct registration){.has_key = false};
	TRY(json_parse(text, RECORD_MAX, &record));
	TRY(json_text(record, "id", &id));
	TRY(json_text(record, "acknowledgement", &acknowledgement));
	TRY(json_bool_opt(record, "key", &ret->has_key));
	TRY(text_copy(ret->acknowledgement, sizeof(ret->acknowledgement), acknowledgement,
		"acknowledgement"));
	return reg_dev_id_parse(id, &ret->id);
}

enum err registry_kept(struct registry_session *session, struct registration *ret)
{
	BUF_CLEANUP struct buf record = buf_growing(RECORD_MAX);
	char label[LABEL];

	TRY(label_of(session, label));
	enum err err = se_soft_ops.load(session->device->se, label, &record);

	if (err == ERR_NOT_FOUND) {
		return err_fail(ERR_NOT_FOUND,
			"not registered with %s; `symbolon-device register` "
			"does that",
			session->application.text);
	}
	TRY(err);
	return read_registration(buf_contents(&record), ret);
}

void registry_path(const struct registration *registration, const char *more, struct buf *out)
{
	buf_text(out, "/v1/devices/");
	text_percent(out, reg_dev_id_view(&registration->id));
	buf_text(out, more);
}

/* --- what it tells --- */

enum err registry_read_facts(const struct options *options, struct device_facts *ret)
{
	BUF_CLEANUP struct buf text = buf_growing(FACTS_FILE_MAX);
	JSON_CLEANUP struct json *json = NULL;

	*ret = (struct device_facts){.make = ""};
	if (options->facts) {
		buf_free(&text);
		TRY(text_read_file(options->facts, FACTS_FILE_MAX, &text));
		enum err err = json_parse(buf_contents(&text), FACTS_JSON_MAX, &json);

		err = err == OK ? facts_read(json, ret) : err;
		if (err != OK) {
			return err_fail(ERR_CONFIG, "--facts %s: %s", options->facts, err_detail());
		}
	}
	return options->firmware ? text_copy(ret->firmware, sizeof(ret->firmware),
					   view_text(options->firmware), "--firmware")
				 : OK;
}

static enum err sign(void *user, struct view text, struct buf *ret_der)
{
	return se_soft_ops.sign(user, text, ret_der);
}

static enum err sign_claim(struct registry_session *session, const struct evidence_claim *claim,
	struct buf *ret)
{
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	struct se_soft *se = session->device->se;
	uint8_t bytes[JOSE_PUBLIC_MAX];
	struct buf public = buf_fixed(bytes, sizeof(bytes));

	TRY(se_soft_ops.own_key(se, false, &public));
	TRY(jose_key_from_public(buf_contents(&public), &key));
	TRY(evidence_payload(claim, &payload));
	return jose_sign_with(key, sign, se, EVIDENCE_TYP, buf_contents(&payload), ret);
}

/* What it signs names the token of this session: of no use to whoever else sees it. */
enum err registry_prove(struct registry_session *session, const struct device_facts *facts,
	struct buf *ret)
{
	JSON_CLEANUP struct json *challenge = NULL;
	uint8_t nonce[EVIDENCE_NONCE];
	struct reg_id registry;
	struct view text, name, token;
	size_t len = 0;

	TRY(registry_ask(session, "POST", "/v1/devices/challenge", view_text("{}"), &challenge));
	TRY(json_text(challenge, "nonce", &text));
	TRY(json_text(challenge, "registry", &name));
	TRY(json_text(challenge, "token", &token));
	TRY(reg_id_parse(name, &registry));
	TRY(text_from_base64url(text, nonce, sizeof(nonce), &len, "nonce"));
	if (!view_is_nocase(token, session->token.id)) {
		return err_fail(ERR_AUTH, "the registry speaks of another token");
	}
	const struct evidence_claim claim = {.registry = &registry,
		.token = token,
		.nonce = view_of(nonce, len),
		.facts = facts};

	return sign_claim(session, &claim, ret);
}

/* --- what is said --- */

enum err registry_print(const struct options *options, const struct json *answer)
{
	BUF_CLEANUP struct buf text = buf_growing(REGISTRY_ANSWER_MAX);
	struct json_writer w = json_to(&text);
	struct view id, trust = view_text("");

	if (options->json) {
		json_put_value(&w, NULL, answer);
		buf_u8(&text, '\n');
	} else {
		TRY(json_text(answer, "id", &id));
		TRY(json_text_opt(answer, "trust", &trust));
		buf_view(&text, id);
		buf_text(&text, trust.len > 0 ? " " : "");
		buf_view(&text, trust);
		buf_u8(&text, '\n');
	}
	TRY(buf_end(&text, "answer"));
	return fputs(buf_string(&text), stdout) >= 0 ? OK : err_system("standard output");
}
