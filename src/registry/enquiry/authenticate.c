// SPDX-License-Identifier: Apache-2.0
/*
 * A request of a party meets an immediate challenge (9.3 iii): 401 with Accept-Signature, over a nonce that is good once. It is
 * answered only after the signature over that nonce has verified. Keys that are not known, not approved, and wrong
 * signatures are one and the same to whoever asks.  req: R9.3-iii R9.1-iv R7-i-a
 */
#include "registry/enquiry/party.h"

#include "base/log.h"
#include "base/text.h"
#include "registry/api/api.h"
#include "wire/request_signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 80, ASK_MAX = 512, SKEW = 5 };

static enum err ask_store(struct call *call, const struct http_signature *signature);
static enum err check(struct call *call, const struct http_signature *signature,
	const struct party *party);

static const char *const with_body[] = {"@method", "@target-uri", "content-digest"};

static int64_t steady(const struct call *call)
{
	return loop_now(call->registry->loop);
}

/* ---- the challenge ---- */

static enum err challenge(struct call *call, const char *detail)
{
	const bool has_body = call->request->body.len > 0;
	char nonce[CHALLENGE_TEXT];
	struct buf *keep = &call->keep;

	TRY(challenge_make(call->registry->enquiry->challenges, steady(call), nonce));
	const struct http_signature_terms terms = {
		.components = with_body,
		.count = has_body ? 3 : 2,
		.nonce = nonce,
		.tag = REQUEST_ENQUIRY_TAG,
	};

	buf_clear(keep);
	TRY(http_signature_ask(&terms, keep));
	call_field(call, "Accept-Signature", buf_contents(keep));
	call_refuse(call, 401, detail);
	return OK;
}

/* ---- too many tries ---- */

static struct view crowd_of(const struct call *call)
{
	const struct stream *stream = call->request->stream;

	return stream ? stream_peer_crowd(stream) : view_text("");
}

/* By address alone: keys' names are public, and nobody shall keep another's key away by failing under its name. */
static void name_try(const struct call *call, char ret[NAME])
{
	const struct view crowd = crowd_of(call);

	(void)snprintf(ret, NAME, "a:%.*s", (int)(crowd.len < NAME - 4 ? crowd.len : NAME - 4),
		(const char *)crowd.data);
}

static bool may_try(struct call *call)
{
	const int64_t most = call->registry->conf->enquiry_failures;
	char address[NAME];
	int64_t wait = 0;

	name_try(call, address);
	return rates_would_allow(call->registry->enquiry->failures, view_text(address), most,
		steady(call), &wait);
}

static enum err refuse_try(struct call *call)
{
	const int64_t most = call->registry->conf->enquiry_failures;
	char address[NAME];
	int64_t wait = 0;

	name_try(call, address);
	(void)rates_allow(call->registry->enquiry->failures, view_text(address), most, steady(call),
		&wait);
	log_event(LOG_INFO, "enquiry.refused", "", LOG_TEXT("why", err_detail()));
	return challenge(call, "the signature is of nobody who may ask here");
}

/* ---- the signature ---- */

enum err party_read_signature(const struct call *call, const char *tag, struct http_signature *ret)
{
	const struct http_request *request = call->request;
	const struct signed_message message = signed_request(request->head);
	const int64_t longest = call->registry->conf->enquiry_signature / 1000;

	TRY(http_signature_read(&message, NULL, tag, ret));
	TRY(http_signature_covers(ret, with_body, request->body.len > 0 ? 3 : 2));
	/* What somebody signed for another registry, whom they asked, is not for this one. */
	if (request->stream && !stream_own_name_is(request->stream, message.authority)) {
		return err_fail(ERR_AUTH, "RFC 9421 7.2.3: the request is for another host");
	}
	TRY(http_signature_timely(ret, registry_now(call->registry) / 1000, SKEW, longest));
	return request->body.len > 0 ? content_digest_check(&message, request->body) : OK;
}

enum err asker_from_signature(struct call *call)
{
	struct enquiry *e = call->registry->enquiry;
	struct http_signature signature;
	enum err err = party_read_signature(call, REQUEST_ENQUIRY_TAG, &signature);

	if (err == ERR_NOT_FOUND) {
		return challenge(call, "sign this request: docs/protocol/registry_enquiry.md");
	}
	if (!may_try(call)) {
		call_refuse(call, 429, "too many signatures that were not good");
		return OK;
	}
	if (err == OK) {
		err = challenge_use(e->challenges, view_text(signature.nonce), steady(call));
	}
	if (err == ERR_EXPIRED || err == ERR_REPLAY) {
		return challenge(call, "the challenge is not fresh: here is another one");
	}
	if (err == ERR_OVERLOAD) {
		return err;
	}
	if (err != OK) {
		return refuse_try(call);
	}
	const struct party *party = table_get(e->parties, view_text(signature.keyid));

	return party ? check(call, &signature, party) : ask_store(call, &signature);
}

/* A key that is not known costs what one that is known costs. */
static enum err check(struct call *call, const struct http_signature *signature,
	const struct party *party)
{
	struct registry *registry = call->registry;
	const struct signed_message message = signed_request(call->request->head);
	const struct jose_key *key = party ? party->key : registry->enquiry->nobody;
	enum err err = http_signature_check(signature, &message, key);
	int64_t wait = 0;

	if (err == OK && (!party || party->state != PARTY_APPROVED)) {
		err = err_fail(ERR_DENIED, "enquiry: a party that is not approved");
	}
	if (err != OK) {
		return refuse_try(call);
	}
	if (!rates_allow(registry->enquiry->enquiries, view_text(party->id),
		    registry->conf->enquiry_rate, steady(call), &wait)) {
		call_refuse(call, 429, "too many enquiries a minute");
		return OK;
	}
	call->asker.who = WHO_PARTY;
	call->asker.roles = party->roles;
	(void)snprintf(call->asker.name, sizeof(call->asker.name), "%s", party->id);
	api_go_on(call);
	return OK;
}

/* ---- parties that are remembered ---- */

static void free_party(struct party *party)
{
	if (party) {
		jose_key_free(party->key);
		free(party);
	}
}

static void free_each(void *user, struct view key, void *value)
{
	struct enquiry *e = user;

	(void)table_remove(e->parties, key);
	free_party(value);
}

void party_forget(struct enquiry *e, struct view id)
{
	free_party(table_remove(e->parties, id));
}

void party_forget_all(struct enquiry *e)
{
	if (e->parties) {
		table_each(e->parties, free_each, e);
	}
}

const struct party *party_of(const struct call *call)
{
	return table_get(call->registry->enquiry->parties, view_text(call->asker.name));
}

static enum err keep_party(struct enquiry *e, const char *id, const struct store_result *result,
	const struct party **ret)
{
	struct party *party = calloc(1, sizeof(*party));

	if (!party) {
		return err_fail(ERR_MEMORY, "enquiry: out of memory");
	}
	enum err err = text_copy(party->id, sizeof(party->id), view_text(id), "party");

	err = err == OK ? text_copy(party->make, sizeof(party->make),
				  store_at(result, 0, 0, 3).bytes, "make")
			: err;
	party->roles = (unsigned)store_at(result, 0, 0, 1).number;
	party->state = (enum party_state)store_at(result, 0, 0, 2).number;
	err = err == OK ? jose_key_from_public(store_at(result, 0, 0, 0).bytes, &party->key) : err;

	party_forget(e, view_text(id));
	if (err == OK && table_put(e->parties, view_text(id), party) == ERR_OVERLOAD) {
		party_forget_all(e);
		err = table_put(e->parties, view_text(id), party);
	}
	if (err != OK) {
		free_party(party);
		return err;
	}
	*ret = party;
	return OK;
}

static enum err on_found(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct http_signature signature;
	const struct party *party = NULL;

	(void)first_seq;
	TRY(party_read_signature(call, REQUEST_ENQUIRY_TAG, &signature));
	if (result->steps[0].rows > 0) {
		TRY(keep_party(call->registry->enquiry, signature.keyid, result, &party));
	}
	return check(call, &signature, party);
}

static enum err ask_store(struct call *call, const struct http_signature *signature)
{
	const struct store_step step = {
		.statement = FIND_PARTY,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(signature->keyid))},
	};

	return call_look(call, &step, 1, on_found);
}
