// SPDX-License-Identifier: Apache-2.0
/*
 * The API of this part: what administrators decide of other registries, and what those ask. A registry that asks to join shows
 * its certificate, whose name must be the host that it says it is reached at; an administrator approves it, or the
 * policy does.  req: R9.1-v R3.2 R6.1-a R7-i-a
 */
#include "base/log.h"
#include "base/text.h"
#include "registry/ledger/proof.h"
#include "registry/peers/certificate.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- what there is --- */

enum err peers_list(struct call *call)
{
	struct json_writer w = json_to(&call->reply);
	const struct peers *peers = call->registry->peers;
	BUF_CLEANUP struct buf state = buf_growing(64);
	enum err err = call_query_text(call, "state", &state);

	if (err != OK && err != ERR_NOT_FOUND) {
		return err;
	}
	json_open(&w, NULL);
	json_open_array(&w, "items");
	for (size_t i = 0; i < peers->count; i++) {
		if (state.len == 0 ||
			view_is(buf_contents(&state), peer_state_name(peers->items[i]->state))) {
			peer_put(peers->items[i], &w);
		}
	}
	json_close_array(&w);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

static enum err find(struct call *call, struct peer **ret)
{
	*ret = peers_find(call->registry->peers, buf_contents(&call->segment));
	return *ret ? OK : err_fail(ERR_NOT_FOUND, "no such registry is known here");
}

enum err peers_show(struct call *call)
{
	struct json_writer w = json_to(&call->reply);
	struct peer *peer;

	TRY(find(call, &peer));
	peer_put(peer, &w);
	call_answer(call, 200);
	return OK;
}

/* --- changes: decided on a copy, kept in the store, then taken over --- */

/* What the copy decides of a registry that is known already, or is new. */
static enum err take_over(struct call *call, struct peer **ret)
{
	struct peers *peers = call->registry->peers;
	struct peer next, *peer;

	memcpy(&next, call->keep.data, sizeof(next));
	peer = peers_find(peers, reg_id_view(&next.id));
	if (!peer) {
		TRY(peers_add(peers, &next.id, &peer));
	}
	if (strcmp(peer->address, next.address) != 0 || strcmp(peer->host, next.host) != 0) {
		asking_stop(peer);
		follower_stop(peer); /* it is elsewhere now */
	}
	peer->relation = next.relation;
	peer->type = next.type;
	peer->state = next.state;
	peer->since = next.since;
	memcpy(peer->url, next.url, sizeof(peer->url));
	memcpy(peer->host, next.host, sizeof(peer->host));
	memcpy(peer->address, next.address, sizeof(peer->address));
	if (strcmp(peer->log_key, next.log_key) != 0) {
		peer->head = 0; /* of the log before */
	}
	memcpy(peer->log_key, next.log_key, sizeof(peer->log_key));
	memcpy(peer->reason, next.reason, sizeof(peer->reason));
	memcpy(peer->also, next.also, sizeof(peer->also));
	memcpy(peer->answer_key, next.answer_key, sizeof(peer->answer_key));
	if (call->number != 0) { /* readmitted */
		peer->careful_until =
			peer->seq > peer->careful_until ? peer->seq : peer->careful_until;
		peer->seq = 0;
		peer->range = (struct merkle_range){.size = 0};
		peer->head = 0;
	}
	peer_settle(peer);
	*ret = peer;
	return OK;
}

static enum err on_changed(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct json_writer w = json_to(&call->reply);
	struct peer *peer;

	(void)result;
	(void)first_seq;
	TRY(take_over(call, &peer));
	peer_put(peer, &w);
	call_answer(call, call->status);
	return OK;
}

/* `kind` EVENT_KINDS_END: no event. `more`: one more step, or NULL. */
static enum err submit(struct call *call, const struct peer *next, enum event_kind kind,
	const struct store_step *more, call_done *done)
{
	char subject[PEER_SUBJECT];
	BUF_CLEANUP struct buf record = buf_growing(4096);
	struct store_step steps[2] = {peer_put_step(next)};

	if (more) {
		steps[1] = *more;
	}
	buf_clear(&call->keep);
	buf_bytes(&call->keep, next, sizeof(*next));
	TRY(buf_end(&call->keep, "registry"));
	peer_record(next, subject, &record);
	TRY(buf_end(&record, "record"));
	const struct event event = {
		.kind = kind,
		.subject = view_text(subject),
		.record = buf_contents(&record),
	};

	return call_submit(call, &event, kind != EVENT_KINDS_END ? 1 : 0, steps, more ? 2 : 1, done);
}

static enum err set_reason(const struct call *call, struct peer *peer)
{
	struct view reason = {NULL, 0};

	if (call->body) {
		TRY(json_text_opt(call->body, "reason", &reason));
	}
	if (reason.len >= sizeof(peer->reason)) {
		return err_fail(ERR_RANGE, "reason: longer than %zu bytes",
			sizeof(peer->reason) - 1);
	}
	return text_copy(peer->reason, sizeof(peer->reason), reason, "reason");
}

/* A registry in several hierarchies has its RegID from one of them: the others have to be told that it is theirs too. */
static enum err set_also(const struct call *call, struct peer *peer)
{
	struct view also = {NULL, 0}, word;
	struct reg_id id;

	if (call->body) {
		TRY(json_text_opt(call->body, "also", &also));
	}
	if (!also.data) {
		return OK;
	}
	for (size_t at = 0; at < also.len; at += word.len + 1) {
		const uint8_t *blank = memchr(also.data + at, ' ', also.len - at);

		word = view_of(also.data + at,
			blank ? (size_t)(blank - also.data) - at : also.len - at);
		TRY(reg_id_parse(word, &id));
	}
	return text_copy(peer->also, sizeof(peer->also), also, "also");
}

static void set_state(struct peer *peer, enum peer_state state)
{
	peer->state = state;
	peer->since = registry_now(peer->registry);
}

/* --- this registry joins another --- */

static enum err read_wish(const struct call *call, struct peer_party *ret,
	enum peer_relation *ret_relation, struct view *ret_url, struct view *ret_address)
{
	static const char *const members[] = {"id", "relation", "url", "address", NULL};
	struct view id, relation = view_text("parent");

	if (!call->body) {
		return err_fail(ERR_SYNTAX, "body: id, url and relation");
	}
	TRY(json_only(call->body, members));
	TRY(json_text(call->body, "id", &id));
	TRY(json_text(call->body, "url", ret_url));
	TRY(json_text_opt(call->body, "address", ret_address));
	TRY(json_text_opt(call->body, "relation", &relation));
	TRY(reg_id_parse(id, &ret->id));
	return peer_relation_of(relation, ret_relation);
}

/* Its type is known when it answers: the rules are looked at then too. */
static enum err check_wish(const struct registry *registry, const struct peer_party *other,
	enum peer_relation relation)
{
	const struct peer *peer = peers_find(registry->peers, reg_id_view(&other->id));

	if (relation == PEER_CHILD) {
		return err_fail(ERR_SYNTAX, "relation: the child asks its parent");
	}
	if (peer && (peer->state == PEER_JOINED || peer->state == PEER_ISOLATED)) {
		return err_fail(ERR_EXISTS, "it has joined already");
	}
	if (relation == PEER_PARENT && registry->type == REGISTRY_GEOGRAPHICAL) {
		return err_fail(ERR_DENIED,
			"Y.3059 3.2.3: a geographical registry has peers, no parent");
	}
	if (relation == PEER_PARENT && registry->type == REGISTRY_SECTORAL &&
		peers_parents(registry->peers, peer) > 0) {
		return err_fail(ERR_CONFLICT,
			"Y.3059 3.2.2: a sectoral registry has a single parent");
	}
	return reg_id_equal(&registry->id, &other->id)
		       ? err_fail(ERR_DENIED, "Y.3059 9.1 i: both have the same RegID")
		       : OK;
}

/* A copy of what is known of it, or a new one that is not kept yet. */
static enum err begin(struct registry *registry, const struct reg_id *id, struct peer *ret)
{
	const struct peer *known = peers_find(registry->peers, reg_id_view(id));

	if (!known && registry->peers->count >= (size_t)registry->conf->peers_max) {
		return err_fail(ERR_OVERLOAD, "peers.max: as many registries as may be");
	}
	*ret = known ? *known : (struct peer){.registry = registry, .id = *id};
	return OK;
}

enum err peers_join(struct call *call)
{
	struct registry *registry = call->registry;
	struct view url, address = {NULL, 0};
	struct peer_party other = {.type = REGISTRY_NONE};
	enum peer_relation relation;
	struct peer next;

	TRY(read_wish(call, &other, &relation, &url, &address));
	TRY(check_wish(registry, &other, relation));
	if (!registry->peers->tls) {
		return err_fail(ERR_WRONG_STATE, "to join others it needs api.certificate, "
						 "api.key and api.authority");
	}
	TRY(begin(registry, &other.id, &next));
	TRY(peer_set_place(&next, url, address));
	next.relation = relation;
	next.reason[0] = '\0';
	set_state(&next, PEER_ASKING);
	call->status = 202;
	return submit(call, &next, EVENT_KINDS_END, NULL, on_changed);
}

/* --- another asks this one --- */

struct request {
	struct peer_party party;
	enum peer_relation relation;
	struct view url, address, log_key;
	bool signs; /* it shows no certificate and wants one: */
	struct certificate_wish wish;
};

static enum err read_request(const struct call *call, struct request *ret)
{
	static const char *const members[] = {"id", "type", "relation", "url", "address", "log_key",
		"csr", "answer_key", NULL};
	struct view id, type, relation;
	struct note_key key;

	if (!call->body) {
		return err_fail(ERR_SYNTAX, "body: id, type, relation, url and log_key");
	}
	ret->address = view_of(NULL, 0);
	ret->signs = json_member(call->body, "csr") || json_member(call->body, "answer_key");
	ret->wish.answer_key[0] = '\0';
	TRY(json_only(call->body, members));
	TRY(json_text(call->body, "id", &id));
	TRY(json_text(call->body, "type", &type));
	TRY(json_text(call->body, "relation", &relation));
	TRY(json_text(call->body, "url", &ret->url));
	TRY(json_text_opt(call->body, "address", &ret->address));
	TRY(json_text(call->body, "log_key", &ret->log_key));
	TRY(reg_id_parse(id, &ret->party.id));
	TRY(registry_type_of(type, &ret->party.type));
	TRY(peer_relation_of(relation, &ret->relation));
	TRY(note_key_parse(ret->log_key, &key));
	return ret->log_key.len < PEER_KEY ? OK : err_fail(ERR_RANGE, "log_key: too long");
}

/* With a key alone nobody has shown what is theirs: until somebody approves it, it holds no name against others. */
static bool is_claim(const struct peer *peer, const struct request *request)
{
	return peer->answer_key[0] && strcmp(peer->answer_key, request->wish.answer_key) != 0 &&
	       (peer->state == PEER_DENIED || (peer->state == PEER_ASKED && !request->signs));
}

/* Whether the request is a new one, whatever there was. */
static bool is_new(const struct peer *known, const struct request *request)
{
	return !known || known->state == PEER_LEFT || known->state == PEER_REFUSED ||
	       is_claim(known, request);
}

/* A certificate is one registry: what was isolated or denied does not come again by another name, nor one speak as another. */
static bool is_taken(const struct peers *peers, const char *host, const struct request *request)
{
	for (size_t i = 0; i < peers->count; i++) {
		const struct peer *peer = peers->items[i];

		if (strcasecmp(peer->host, host) == 0 &&
			!reg_id_equal(&peer->id, &request->party.id) && peer->state != PEER_LEFT &&
			peer->state != PEER_REFUSED && !is_claim(peer, request)) {
			return true;
		}
	}
	return false;
}

/* By a certificate of api.authority, or by the key that signs the request. What this registry signed itself is for those who
 * have joined, and they ask by their key. */
static enum err find_out(const struct call *call, struct request *request, const char *host)
{
	const struct stream *stream = call->request->stream;

	if (request->signs) {
		if (request->relation != PEER_CHILD) {
			return err_fail(ERR_DENIED, "certificates are for children");
		}
		return certificate_read_wish(call, host, &request->wish);
	}
	return stream && stream_peer_is(stream, host) && !stream_peer_is_ours(stream)
		       ? OK
		       : err_fail(ERR_DENIED, "the certificate is not for the host of the URL");
}

/* What is known of it has to be the same still. */
static enum err check_known(const struct request *request, const struct peer *known,
	const struct peer *place)
{
	if (strcmp(known->host, place->host) != 0 || known->relation != request->relation) {
		return err_fail(ERR_EXISTS, "Y.3059 9.1 i: that RegID is another registry's");
	}
	if (request->signs && strcmp(known->answer_key, request->wish.answer_key) != 0) {
		return err_fail(ERR_EXISTS, "Y.3059 9.1 i: that RegID asked by another key");
	}
	return OK;
}

/* The certificate, or the key, says who asks; what it says of itself has to fit.  req: R9.1-v */
static enum err check_request(const struct call *call, struct request *request,
	const struct peer *known, struct peer *place)
{
	const struct registry *registry = call->registry;
	const struct peer_party own = {registry->id, registry->type};

	TRY(peer_set_place(place, request->url, request->address));
	if (request->relation == PEER_PARENT) {
		return err_fail(ERR_SYNTAX, "relation: the child asks its parent");
	}
	TRY(find_out(call, request, place->host));
	TRY(peer_rules_check(&own, &request->party, request->relation, 0));
	if (request->relation == PEER_CHILD) {
		TRY(peer_rules_check_width(&request->party.id, &own.id,
			(size_t)registry->conf->width));
	}
	if (!is_new(known, request)) {
		TRY(check_known(request, known, place));
	}
	if (is_taken(registry->peers, place->host, request)) {
		return err_fail(ERR_EXISTS, "Y.3059 9.1 i: that host is another registry's");
	}
	if (known && known->log_key[0] && known->state != PEER_LEFT && !is_claim(known, request) &&
		!view_is(request->log_key, known->log_key)) {
		return err_fail(ERR_EXISTS, "its log has another key than the one it joined with");
	}
	return OK;
}

/* Those with a certificate and those without are counted apart: neither keeps the other out. */
static size_t waiting(const struct peers *peers, bool signs)
{
	size_t count = 0;

	for (size_t i = 0; i < peers->count; i++) {
		const struct peer *peer = peers->items[i];

		count += peer->state == PEER_ASKED && !peer->answer_key[0] == !signs ? 1 : 0;
	}
	return count;
}

/* What the asker is told, and nothing else of this registry. `request` NULL: it is over. */
static enum err answer_asker(struct call *call, const struct peer *peer,
	const struct request *request)
{
	const struct registry *registry = call->registry;
	struct json_writer w = json_to(&call->reply);
	char key[PEER_KEY];
	struct buf vkey = buf_fixed(key, sizeof(key));

	if (peer->state == PEER_DENIED || peer->state == PEER_ISOLATED) {
		return err_fail(ERR_DENIED, "%s",
			peer->state == PEER_DENIED && peer->reason[0]
				? peer->reason
				: "its administrator has to readmit you");
	}
	note_key_write(ledger_key(registry->ledger), &vkey);
	json_open(&w, NULL);
	json_put_string(&w, "state", peer_state_name(peer->state));
	json_put_text(&w, "id", reg_id_view(&registry->id));
	json_put_string(&w, "type", registry_type_name(registry->type));
	json_put_text(&w, "log_key", buf_contents(&vkey));
	if (request && request->signs && peer->state == PEER_JOINED) {
		TRY(certificate_give(peer, &request->wish.csr, &w));
	}
	json_close(&w);
	call_answer(call, peer->state == PEER_JOINED ? 200 : 202);
	return OK;
}

static enum err on_asked(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct peer *peer;

	(void)result;
	(void)first_seq;
	TRY(take_over(call, &peer));
	return answer_asker(call, peer, NULL);
}

/* By policy: a child whose name says that it is ours, if the configuration trusts certificates that far. */
static bool is_approved(const struct registry *registry, const struct request *request)
{
	return registry->conf->peers_approve == PEERS_APPROVE_BELOW &&
	       request->relation == PEER_CHILD && !request->signs &&
	       peer_rules_is_below(&request->party.id, &registry->id);
}

static enum err take_request(struct call *call, const struct request *request)
{
	struct registry *registry = call->registry;
	struct peer next;

	if (waiting(registry->peers, request->signs) >= (size_t)registry->conf->peers_requests) {
		return err_fail(ERR_OVERLOAD, "peers.requests: as many as may wait");
	}
	TRY(begin(registry, &request->party.id, &next));
	TRY(peer_set_place(&next, request->url, request->address));
	TRY(text_copy(next.log_key, sizeof(next.log_key), request->log_key, "log key"));
	if (strcmp(next.answer_key, request->wish.answer_key) != 0) {
		next.also[0] = '\0'; /* that was said of somebody else */
	}
	memcpy(next.answer_key, request->wish.answer_key, sizeof(next.answer_key));
	next.relation = request->relation;
	next.type = request->party.type;
	next.reason[0] = '\0';
	set_state(&next, is_approved(registry, request) ? PEER_JOINED : PEER_ASKED);
	log_event(LOG_INFO, "registry.asked", "", LOG_VIEW("registry", reg_id_view(&next.id)),
		LOG_TEXT("relation", peer_relation_name(next.relation)),
		LOG_TEXT("state", peer_state_name(next.state)));
	return submit(call, &next,
		next.state == PEER_JOINED ? EVENT_REGISTRY_JOINED : EVENT_KINDS_END, NULL, on_asked);
}

/* Where it is reached may change while it is one of us: its certificate is the same. */
static enum err move(struct call *call, const struct peer *peer, const struct request *request)
{
	struct peer next = *peer;
	const bool moved = !view_is(request->url, peer->url) ||
			   (request->address.len > 0 && !view_is(request->address, peer->address));

	if (!moved) {
		return answer_asker(call, peer, request);
	}
	TRY(peer_set_place(&next, request->url, request->address));
	return submit(call, &next, EVENT_KINDS_END, NULL, on_asked);
}

enum err peers_ask(struct call *call)
{
	static _Thread_local struct request request; /* too large for a stack */
	struct peer place = {0}, *known;

	TRY(read_request(call, &request));
	known = peers_find(call->registry->peers, reg_id_view(&request.party.id));
	TRY(check_request(call, &request, known, &place));
	if (is_new(known, &request)) {
		return take_request(call, &request);
	}
	return known->state == PEER_JOINED || known->state == PEER_ASKED
		       ? move(call, known, &request)
		       : answer_asker(call, known, &request);
}

/* --- decisions --- */

enum err peers_approve(struct call *call)
{
	struct peer *peer, next;
	bool approve = true;

	TRY(find(call, &peer));
	next = *peer;
	if (peer->state != PEER_ASKED) {
		return err_fail(ERR_CONFLICT, "it does not ask for approval: it is %s",
			peer_state_name(peer->state));
	}
	if (call->body) {
		TRY(json_bool_opt(call->body, "approve", &approve));
	}
	TRY(set_reason(call, &next));
	TRY(set_also(call, &next));
	set_state(&next, approve ? PEER_JOINED : PEER_DENIED);
	return submit(call, &next, approve ? EVENT_REGISTRY_JOINED : EVENT_KINDS_END, NULL,
		on_changed);
}

/* A log that was put back from a copy goes by another name, so it has another key: that it is the right one, the
 * administrator says. */
static enum err set_log_key(const struct call *call, struct peer *peer)
{
	struct view text = {NULL, 0};
	struct note_key key;

	if (call->body) {
		TRY(json_text_opt(call->body, "log_key", &text));
	}
	if (text.len == 0) {
		return OK;
	}
	TRY(note_key_parse(text, &key));
	return text_copy(peer->log_key, sizeof(peer->log_key), text, "log_key");
}

/* Its log is read from the start: what is known of it already is compared, and not applied again. */
enum err peers_readmit(struct call *call)
{
	struct store_step reset = {.statement = RESET_PEER, .expect = STORE_ONE, .param_count = 1};
	struct peer *peer, next;

	TRY(find(call, &peer));
	next = *peer;
	if (peer->state != PEER_ISOLATED) {
		return err_fail(ERR_CONFLICT, "it is not isolated: it is %s",
			peer_state_name(peer->state));
	}
	TRY(set_reason(call, &next));
	TRY(set_log_key(call, &next));
	TRY(set_also(call, &next));
	reset.params[0] = STORE_TEXT_OF(reg_id_view(&peer->id));
	call->number = 1;
	set_state(&next, PEER_JOINED);
	return submit(call, &next, EVENT_REGISTRY_JOINED, &reset, on_changed);
}

/* The event is in the log before the other side is cut off: it may read of it. */
enum err peers_leave(struct call *call)
{
	struct peer *peer, next;

	TRY(find(call, &peer));
	next = *peer;
	if (peer->state == PEER_LEFT) {
		return err_fail(ERR_CONFLICT, "it has left already");
	}
	const bool was_in = peer->state == PEER_JOINED || peer->state == PEER_ISOLATED;

	TRY(set_reason(call, &next));
	set_state(&next, PEER_LEFT);
	return submit(call, &next, was_in ? EVENT_REGISTRY_LEFT : EVENT_KINDS_END, NULL, on_changed);
}
