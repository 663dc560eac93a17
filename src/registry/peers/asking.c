// SPDX-License-Identifier: Apache-2.0
/*
 * How this registry joins another: it asks, with its RegID, its type, where it is reached and the key of its log, over mutual TLS; and
 * asks again until there is an answer, since the other side's administrator may take their time.  req: R9.1-v R6.1-a
 */
#include "base/log.h"
#include "base/text.h"
#include "registry/api/api.h"
#include "registry/ledger/proof.h"
#include "registry/peers/certificate.h"
#include "wire/request_signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 16 * 1024 };

#define TARGET "/v1/joining"

struct asking {
	struct peer *peer;
	struct http_client *client;
	struct http_call *call;
	struct timer again;
	int64_t wait_ms;
	unsigned status;
	struct buf answer;
	bool signs;   /* it asks for a certificate too, and shows none */
	bool keeping; /* the answer is on its way into the store */
};

static void ask(void *user);

static void ask_again(struct asking *a)
{
	const struct registry_conf *conf = a->peer->registry->conf;

	timer_start(a->peer->registry->loop, &a->again, a->wait_ms, ask, a);
	a->wait_ms =
		2 * a->wait_ms < conf->peers_retry_max ? 2 * a->wait_ms : conf->peers_retry_max;
}

/* --- what comes of it --- */

static void end_asking(void *user)
{
	asking_stop(((struct asking *)user)->peer);
}

static void on_kept(void *user, uint64_t ref, const struct store_result *result, int64_t first_seq)
{
	const struct registry *registry = user;
	(void)ref;
	(void)first_seq;

	for (size_t i = 0; registry->peers && i < registry->peers->count; i++) {
		struct peer *peer = registry->peers->items[i];

		if (!peer->asking || !peer->asking->keeping) {
			continue;
		}
		peer->asking->keeping = false;
		if (result->err == OK) {
			log_event(LOG_INFO, "registry.joined", "",
				LOG_VIEW("registry", reg_id_view(&peer->id)),
				LOG_TEXT("state", peer_state_name(peer->state)));
			asking_stop(peer);
			peer_settle(peer);
			continue;
		}
		peer->state = PEER_ASKING;
		ask_again(peer->asking);
	}
}

static enum err keep(struct asking *a, enum peer_state state, const char *reason)
{
	struct peer *peer = a->peer;
	char subject[PEER_SUBJECT];
	BUF_CLEANUP struct buf record = buf_growing(4096);
	struct event event = {.kind = EVENT_REGISTRY_JOINED};

	peer->state = state;
	peer->since = registry_now(peer->registry);
	(void)snprintf(peer->reason, sizeof(peer->reason), "%s", reason);
	peer_record(peer, subject, &record);
	TRY(buf_end(&record, "record"));
	event.subject = view_text(subject);
	event.record = buf_contents(&record);
	const struct store_step step = peer_put_step(peer);

	a->keeping = true;
	enum err err = ledger_submit(peer->registry->ledger, &event, state == PEER_JOINED ? 1 : 0,
		&step, 1, on_kept, peer->registry, 0);

	if (err != OK) {
		a->keeping = false;
		peer->state = PEER_ASKING;
	}
	return err;
}

/* It says who it is: as was expected, and as the rules allow. */
static enum err read_joined(struct asking *a, const struct json *body)
{
	struct peer *peer = a->peer;
	const struct registry *registry = peer->registry;
	const struct peer_party own = {registry->id, registry->type};
	struct peer_party other;
	struct view id, type, key;
	struct note_key parsed;

	TRY(json_text(body, "id", &id));
	TRY(json_text(body, "type", &type));
	TRY(json_text(body, "log_key", &key));
	TRY(reg_id_parse(id, &other.id));
	TRY(registry_type_of(type, &other.type));
	if (!reg_id_equal(&other.id, &peer->id)) {
		return err_fail(ERR_DENIED, "it says that it is another registry");
	}
	TRY(peer_rules_check(&own, &other, peer->relation, peers_parents(registry->peers, peer)));
	TRY(note_key_parse(key, &parsed));
	TRY(text_copy(peer->log_key, sizeof(peer->log_key), key, "log key"));
	peer->type = other.type;
	return OK;
}

static enum err take_answer(struct asking *a)
{
	JSON_CLEANUP struct json *body = NULL;
	struct view state = {NULL, 0}, detail = {NULL, 0};

	TRY(json_parse(buf_contents(&a->answer), ANSWER_MAX, &body));
	if (a->peer->state == PEER_JOINED) { /* it was told where we are */
		if (a->signs && a->status == 200) {
			TRY(certificate_take(a->peer, body));
		}
		timer_start(a->peer->registry->loop, &a->again, 0, end_asking, a);
		return OK;
	}
	if (a->status == 403 || a->status == 409) {
		char reason[PEER_REASON] = "";

		TRY(json_text_opt(body, "detail", &detail));
		(void)snprintf(reason, sizeof(reason), "%.*s", (int)detail.len,
			(const char *)detail.data);
		return keep(a, PEER_REFUSED, reason);
	}
	if (a->status != 200 && a->status != 202) {
		return err_fail(ERR_UNAVAILABLE, "it answered %u", a->status);
	}
	TRY(json_text(body, "state", &state));
	if (!view_is(state, "joined")) {
		return err_fail(ERR_AGAIN, "it has not been approved yet");
	}
	enum err err = read_joined(a, body);

	if (err == OK && a->signs) {
		TRY(certificate_take(a->peer, body));
	}

	return err == ERR_DENIED ? keep(a, PEER_REFUSED, err_detail())
	       : err == OK	 ? keep(a, PEER_JOINED, "")
				 : err;
}

static void on_head(void *user, const struct http_head *head)
{
	((struct asking *)user)->status = head->status;
}

static void on_body(void *user, struct view part)
{
	buf_view(&((struct asking *)user)->answer, part);
}

static void on_done(void *user, enum err result)
{
	struct asking *a = user;

	a->call = NULL;
	if (result == OK) {
		result = take_answer(a);
	}
	if (result == OK) {
		return;
	}
	log_event(result == ERR_AGAIN ? LOG_DEBUG : LOG_WARN, "registry.not_joined_yet", "",
		LOG_VIEW("registry", reg_id_view(&a->peer->id)), LOG_DETAIL());
	ask_again(a);
}

/* --- asking --- */

static enum err write_request(const struct asking *a, struct buf *out)
{
	const struct registry *registry = a->peer->registry;
	const struct registry_conf *conf = registry->conf;
	struct json_writer w = json_to(out);
	char url[PEER_URL], key[PEER_KEY];
	struct buf vkey = buf_fixed(key, sizeof(key));
	const bool named = conf->url[0] || conf->peers_address[0];

	(void)snprintf(url, sizeof(url), "https://%s", conf->node_host);
	note_key_write(ledger_key(registry->ledger), &vkey);
	json_open(&w, NULL);
	json_put_text(&w, "id", reg_id_view(&registry->id));
	json_put_string(&w, "type", registry_type_name(registry->type));
	json_put_string(&w, "relation", a->peer->relation == PEER_PARENT ? "child" : "peer");
	json_put_string(&w, "url", conf->url[0] ? conf->url : url);
	json_put_string(&w, "address", named ? conf->peers_address : api_address(registry->api));
	json_put_text(&w, "log_key", buf_contents(&vkey));
	if (a->signs) {
		TRY(certificate_put_wish(registry->peers, &w));
	}
	json_close(&w);
	return buf_end(out, "request");
}

static enum err sign(const struct asking *a, struct view body, struct request_signature *ret)
{
	const struct registry *registry = a->peer->registry;
	const struct request_to_sign request = {
		.method = "POST",
		.authority = view_text(a->peer->host),
		.target = view_text(TARGET),
		.body = body,
		.tag = CERTIFICATE_JOINING_TAG,
		.now = registry_now(registry) / 1000,
	};

	return request_sign(registry->answer_key, &request, ret);
}

static enum err send(struct asking *a)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	struct http_field fields[4] = {{view_text("Content-Type"), view_text("application/json")}};
	BUF_CLEANUP struct buf body = buf_growing(ANSWER_MAX);
	struct request_signature signature = {.count = 0};

	TRY(write_request(a, &body));
	if (a->signs) {
		TRY(sign(a, buf_contents(&body), &signature));
	}
	memcpy(fields + 1, signature.fields, signature.count * sizeof(fields[0]));
	return http_client_call(a->client, "POST", view_text(TARGET), fields, 1 + signature.count,
		buf_contents(&body), &on, a, &a->call);
}

static void ask(void *user)
{
	struct asking *a = user;

	buf_clear(&a->answer);
	if (send(a) != OK) {
		ask_again(a);
	}
}

static enum err open_asking(struct peer *peer)
{
	const struct peers *peers = peer->registry->peers;
	const bool signs = certificate_is_wanted_of(peer);
	const struct http_client_options options = {
		.address = peer->address,
		.host = peer->host,
		.tls = signs ? certificate_bare_tls(peers) : peers->tls,
		.connections = 1,
		.limits = {.body = ANSWER_MAX},
	};
	struct asking *a;

	if (!peers->tls) {
		return err_fail(ERR_CONFIG, "api.certificate, api.key and api.authority: to join "
					    "others, it needs all three");
	}
	a = calloc(1, sizeof(*a));
	if (!a) {
		return err_fail(ERR_MEMORY, "registry: out of memory");
	}
	a->peer = peer;
	a->signs = signs;
	a->answer = buf_growing(ANSWER_MAX);
	a->wait_ms = peer->registry->conf->peers_retry;
	enum err err = http_client_new(peer->registry->loop, &options, &a->client);

	if (err != OK) {
		free(a);
		return err;
	}
	peer->asking = a;
	return OK;
}

void asking_start(struct peer *peer)
{
	if (peer->asking) {
		return;
	}
	if (open_asking(peer) != OK) {
		log_event(LOG_ERROR, "registry.not_asked", "",
			LOG_VIEW("registry", reg_id_view(&peer->id)), LOG_DETAIL());
		return;
	}
	timer_start(peer->registry->loop, &peer->asking->again, 0, ask, peer->asking);
}

void asking_stop(struct peer *peer)
{
	struct asking *a = peer->asking;

	if (!a) {
		return;
	}
	peer->asking = NULL;
	timer_stop(peer->registry->loop, &a->again);
	if (a->call) {
		http_call_cancel(a->call);
	}
	http_client_free(a->client);
	buf_free(&a->answer);
	free(a);
}
