// SPDX-License-Identifier: Apache-2.0
#include "registry/enquiry/answer.h"

#include "base/text.h"
#include "core/trust.h"
#include "registry/enquiry/status_lists.h"
#include "registry/ledger/proof.h"
#include "registry/ledger/queries.h"
#include "registry/owners/owners.h"
#include "registry/peers/peers.h"
#include "wire/facts_json.h"
#include "wire/request_signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URI_MAX = 512 };

struct answering {
	struct registry_answer answer;
	const struct call *call;
	struct merkle_hash root;
	char nonce[HTTP_SIGNATURE_NAME];
	char *lists[REGISTRY_ANSWER_DEVICES];
	struct json *documents[2 * REGISTRY_ANSWER_DEVICES];
	size_t document_count;
};

/* ---- who is told what ---- */

static bool is_owner(const struct call *call, const struct known_device *device)
{
	return (call->asker.roles & PARTY_OWNER) && view_is(device->party, call->asker.name);
}

static bool is_maker(const struct call *call, const struct known_device *device)
{
	const struct party *party = party_of(call);
	const struct manufacturer *maker =
		manufacturer_of_party(call->registry->owners, call->asker.name);

	return party && (party->roles & PARTY_MANUFACTURER) &&
	       (view_is(device->make, party->make) ||
		       (maker && manufacturer_makes(maker, device->make)));
}

bool answer_may_all(const struct call *call, const struct known_device *device)
{
	if (call->asker.who != WHO_PARTY) {
		return (call->asker.who & (WHO_STAFF | WHO_PEER)) != 0;
	}
	return (call->asker.roles & PARTY_AGENCY) || is_owner(call, device) ||
	       is_maker(call, device);
}

bool answer_may(const struct call *call, const struct known_device *device)
{
	return answer_may_all(call, device) ||
	       (call->asker.who == WHO_PARTY && (call->asker.roles & PARTY_ENQUIRER));
}

/* Personal data: to its owner, and to those who administer it. */
static bool may_owner(const struct call *call, const struct known_device *device)
{
	return call->asker.who == WHO_ADMIN || is_owner(call, device);
}

/* ---- a device ---- */

void known_device_read(const struct store_result *result, size_t step, size_t row,
	struct known_device *ret)
{
	const struct store_value index = store_at(result, step, row, ASK_LIST_INDEX);

	*ret = (struct known_device){
		.id = store_at(result, step, row, ASK_ID).bytes,
		.registry = store_at(result, step, row, ASK_REGISTRY).bytes,
		.make = store_at(result, step, row, ASK_MAKE).bytes,
		.facts = store_at(result, step, row, ASK_FACTS).bytes,
		.rule = store_at(result, step, row, ASK_RULE).bytes,
		.trust = (int)store_at(result, step, row, ASK_TRUST).number,
		.life = (int)store_at(result, step, row, ASK_LIFE).number,
		.since = store_at(result, step, row, ASK_SINCE).number,
		.seq = store_at(result, step, row, ASK_CAUSE_SEQ).number,
		.list_index = index.type == STORE_INT ? index.number : -1,
		.party = store_at(result, step, row, ASK_OWNER_PARTY).bytes,
		.owner = store_at(result, step, row, ASK_OWNER_ID).bytes,
		.owner_record = store_at(result, step, row, ASK_OWNER_RECORD).bytes,
	};
}

/* req: R9.1-iii */
enum err answer_open_owner(const struct registry *registry, const struct known_device *device,
	struct buf *ret)
{
	OWNER_RECORD_CLEANUP struct owner_record record;
	struct json_writer w = json_to(ret);
	char id[OWNER_ID + 1];

	TRY(text_copy(id, sizeof(id), device->owner, "owner"));
	TRY(owner_open(registry, id, device->owner_record, &record));
	owner_record_write(&record, &w, NULL);
	return buf_end(ret, "owner");
}

static enum err keep_document(struct answering *a, struct view text, const struct json **ret)
{
	struct json *document = NULL;

	TRY(json_parse(text, JOSE_PAYLOAD_MAX, &document));
	a->documents[a->document_count++] = document;
	*ret = document;
	return OK;
}

/* What it is, without what tells how to attack it. */
static enum err keep_public_facts(struct answering *a, struct view text, const struct json **ret)
{
	static const char *const names[] = {"make", "model", "type"};
	BUF_CLEANUP struct buf out = buf_growing(FACTS_JSON_MAX);
	JSON_CLEANUP struct json *all = NULL;
	struct json_writer w = json_to(&out);

	TRY(json_parse(text, FACTS_JSON_MAX, &all));
	json_open(&w, NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct view value = {.len = 0};

		TRY(json_text_opt(all, names[i], &value));
		if (value.len > 0) {
			json_put_text(&w, names[i], value);
		}
	}
	json_close(&w);
	TRY(buf_end(&out, "facts"));
	return keep_document(a, buf_contents(&out), ret);
}

static enum err keep_owner(struct answering *a, const struct known_device *device,
	const struct json **ret)
{
	BUF_CLEANUP struct buf owner = buf_growing(OWNER_RECORD_MAX);
	enum err err = answer_open_owner(a->call->registry, device, &owner);

	err = err == OK ? keep_document(a, buf_contents(&owner), ret) : err;
	buf_wipe(&owner);
	return err;
}

static enum err add_all(struct answering *a, const struct known_device *from,
	struct answered_device *to)
{
	const struct registry *registry = a->call->registry;
	const bool all = answer_may_all(a->call, from);

	to->reg_dev_id = from->id;
	to->since = from->since;
	to->seq = from->seq;
	if (all) {
		to->rule = from->rule;
		to->reason = from->reason;
	}
	if (from->list_index >= 0 && a->answer.at < 0) {
		char uri[URI_MAX];

		status_list_place(registry, from->list_index, uri, sizeof(uri), &to->list_index);
		a->lists[a->answer.count] = text_dup(view_text(uri));
		to->list_uri = view_text(a->lists[a->answer.count]);
	}
	if (from->owner_record.len > 0 && may_owner(a->call, from)) {
		TRY(keep_owner(a, from, &to->owner));
	}
	return all ? keep_document(a, from->facts, &to->facts)
		   : keep_public_facts(a, from->facts, &to->facts);
}

/* How old what is known of another registry's devices is; -1: our own, or not known.  req: R7-iv-f */
static int64_t staleness(const struct registry *registry, struct view of)
{
	struct peer_freshness freshness;
	struct reg_id id;

	if (view_equal(of, reg_id_view(&registry->id)) || reg_id_parse(of, &id) != OK ||
		!peers_freshness(registry, &id, &freshness)) {
		return -1;
	}
	const int64_t age = registry_now(registry) - freshness.as_of;

	return age > 0 ? age : 0;
}

/* req: R9.2-i-f */
enum err answer_add(struct answering *a, const struct known_device *device, bool by_virtual)
{
	struct answered_device *to = &a->answer.devices[a->answer.count];

	if (!answer_may(a->call, device)) {
		return OK;
	}
	if (a->answer.count == REGISTRY_ANSWER_DEVICES) {
		a->answer.more = true;
		return OK;
	}
	*to = (struct answered_device){
		.registry = device->registry,
		.trust = view_text(trust_name((enum trust)device->trust)),
		.lifecycle = view_text(lifecycle_name((enum lifecycle)device->life)),
		.since = -1,
		.seq = -1,
		.stale = staleness(a->call->registry, device->registry),
	};
	if (!by_virtual) {
		TRY(add_all(a, device, to));
	}
	a->answer.count++;
	return OK;
}

void answer_add_application(struct answering *a, const struct known_device *application)
{
	const bool all = answer_may_all(a->call, application);

	if (!answer_may(a->call, application)) {
		return;
	}
	a->answer.devices[a->answer.count++] = (struct answered_device){
		.application = application->id,
		.registry = application->registry,
		.trust = view_text(trust_name((enum trust)application->trust)),
		.since = application->since,
		.rule = all ? application->rule : view_text(""),
		.reason = all ? application->reason : view_text(""),
		.seq = application->seq,
		.stale = -1,
	};
}

/* ---- an answer ---- */

/* What the challenge was, which the answer is bound to; what staff asks over the socket has none. */
static void take_nonce(const struct call *call, char ret[HTTP_SIGNATURE_NAME])
{
	const struct signed_message message = signed_request(call->request->head);
	struct http_signature signature;

	ret[0] = '\0';
	if (call->asker.who == WHO_PARTY &&
		http_signature_read(&message, NULL, REQUEST_ENQUIRY_TAG, &signature) == OK) {
		memcpy(ret, signature.nonce, HTTP_SIGNATURE_NAME);
	}
}

/* One that staff or another registry chose itself: ?nonce=. */
static void take_own_nonce(const struct call *call, char ret[HTTP_SIGNATURE_NAME])
{
	struct buf text = buf_fixed(ret, HTTP_SIGNATURE_NAME - 1);

	if (call->asker.who == WHO_PARTY || call_query_text(call, "nonce", &text) != OK) {
		return;
	}
	ret[text.failed ? 0 : text.len] = '\0';
}

struct answering *answer_begin(const struct call *call, const char *asked_by, struct view asked,
	int64_t at)
{
	struct answering *a = calloc(1, sizeof(*a));
	const struct registry *registry = call->registry;
	const int64_t now = registry_now(registry) / 1000;

	if (!a) {
		return NULL;
	}
	a->call = call;
	take_nonce(call, a->nonce);
	take_own_nonce(call, a->nonce);
	ledger_root(registry->ledger, &a->root);
	a->answer = (struct registry_answer){
		.issuer = view_text(registry->conf->id),
		.audience = view_text(call->asker.name),
		.nonce = view_text(a->nonce),
		.issued = now,
		.expires = now + registry->conf->enquiry_answer / 1000,
		.asked_by = view_text(asked_by),
		.asked = asked,
		.at = at,
		.log_origin = view_text(ledger_key(registry->ledger)->name),
		.log_size = ledger_size(registry->ledger),
		.log_root = VIEW(a->root.bytes),
	};
	if (strcmp(asked_by, "virtual") == 0) {
		a->answer.log_size = -1;
	}
	return a;
}

void answer_more(struct answering *a)
{
	a->answer.more = true;
}

void answer_drop(struct answering *a)
{
	for (size_t i = 0; a && i < a->document_count; i++) {
		json_free(a->documents[i]);
	}
	for (size_t i = 0; a && i < REGISTRY_ANSWER_DEVICES; i++) {
		free(a->lists[i]);
	}
	free(a);
}

static bool wants_json(const struct call *call)
{
	return (call->asker.who & (WHO_STAFF | WHO_PEER)) &&
	       view_is(http_field_of(call->request->head, "Accept"), "application/json");
}

/* req: R7-i-c */
enum err answer_note(const struct call *call, const char *said)
{
	const struct query query = {
		.who = view_text(call->asker.name),
		.what = call->name,
		.object = buf_contents(&call->segment),
		.answer = said,
	};

	return queries_note(call->registry, &query);
}

/* Of one device its status, of several how many. */
static enum err note(const struct answering *a, const struct call *call)
{
	const struct view trust = a->answer.devices[0].trust;
	char said[32];

	if (a->answer.count == 1) {
		(void)snprintf(said, sizeof(said), "%.*s", (int)trust.len, (const char *)trust.data);
	} else {
		(void)snprintf(said, sizeof(said), "%zu devices", a->answer.count);
	}
	return answer_note(call, said);
}

static enum err write_answer(const struct answering *a, bool json, struct call *call)
{
	if (json) {
		return registry_answer_write(&a->answer, &call->reply);
	}
	return registry_answer_sign(&a->answer, call->registry->answer_key, &call->reply);
}

enum err answer_end(struct answering *a, struct call *call)
{
	const bool json = wants_json(call);
	enum err err = note(a, call);

	err = err == OK ? write_answer(a, json, call) : err;
	answer_drop(a);
	TRY(err);
	call->type = json ? "application/json" : REGISTRY_ANSWER_MEDIA;
	call_answer(call, 200);
	return OK;
}
