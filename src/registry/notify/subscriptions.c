// SPDX-License-Identifier: Apache-2.0
#include "registry/notify/api.h"
#include "registry/notify/inside.h"

#include "base/text.h"
#include "registry/enquiry/party.h"
#include "wire/sse.h"

#include <stdio.h>
#include <string.h>

enum { SUBJECT = 288, RECORD = 512, LOCATION = 64 };

/* ---- whose ---- */

struct subscriber *subscription_of(const struct call *call)
{
	const struct notify *n = call->registry->notify;
	struct subscriber *s = roster_find(n, buf_contents(&call->segment));

	if (!s || (call->asker.who == WHO_PARTY && strcmp(s->party, call->asker.name) != 0)) {
		(void)!err_fail(ERR_NOT_FOUND, "no such subscription");
		return NULL;
	}
	return s;
}

static struct view owner_of(const struct call *call)
{
	return view_text(call->asker.who == WHO_PARTY ? call->asker.name : "");
}

/* ---- shown ---- */

static void put(struct json_writer *w, const struct subscriber *s, bool to_staff)
{
	json_open(w, NULL);
	json_put_string(w, "id", s->id);
	if (to_staff && s->party[0]) {
		json_put_string(w, "party", s->party);
	}
	json_put_int(w, "since", s->since);
	subscription_put(&s->wants, w);
	json_open(w, "state");
	json_put_int(w, "waiting", s->pending);
	if (s->suspended) {
		json_put_bool(w, "suspended", true);
	}
	if (s->wants.delivery == DELIVERY_SSE) {
		json_put_bool(w, "open", s->stream != NULL);
	}
	if (s->trouble[0]) {
		json_put_string(w, "trouble", s->trouble);
	}
	if (s->pause_ms > 0) {
		json_put_int(w, "retry_ms", s->pause_ms);
	}
	json_close(w);
	json_close(w);
}

static bool to_staff(const struct call *call)
{
	return (call->asker.who & WHO_STAFF) != 0;
}

enum err subscription_show(struct call *call)
{
	struct json_writer w = json_to(&call->reply);
	const struct subscriber *s = subscription_of(call);

	if (!s) {
		return ERR_NOT_FOUND;
	}
	put(&w, s, to_staff(call));
	call_answer(call, 200);
	return OK;
}

static enum err put_listed(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row)
{
	const struct subscriber *s =
		roster_find(call->registry->notify, store_at(result, 0, row, 0).bytes);

	if (s) { /* else it was dropped meanwhile */
		put(w, s, to_staff(call));
	}
	return OK;
}

enum err subscription_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(SUBJECT);
	const bool own = call->asker.who == WHO_PARTY;

	TRY(call_page(call, &after));
	const struct store_step step = {
		.statement = own ? LIST_OWN_SUBSCRIPTIONS : LIST_SUBSCRIPTIONS,
		.param_count = own ? 3 : 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1), STORE_TEXT_OF(owner_of(call))},
	};

	call->put = put_listed;
	return call_look(call, &step, 1, call_on_list);
}

/* ---- added ---- */

static enum err check_kinds(const struct words *kinds)
{
	struct view all[WORDS_MAX];
	size_t count = words_split(kinds, all);

	for (size_t i = 0; i < count; i++) {
		enum event_kind kind;

		TRY(event_kind_of(all[i], &kind));
	}
	return OK;
}

/* What can be delivered at all. */
static enum err check_delivery(const struct notify *n, const struct subscription *wants)
{
	if (wants->delivery == DELIVERY_WEBHOOK) {
		return webhook_check(wants->url, n->webhook.plain);
	}
	if (wants->delivery == DELIVERY_MQTT && !n->mqtt) {
		return err_fail(ERR_UNSUPPORTED, "this registry publishes at no MQTT broker");
	}
	return OK;
}

static enum err check(const struct call *call, const struct subscription *wants)
{
	TRY(check_kinds(&wants->kinds));
	TRY(check_delivery(call->registry->notify, wants));
	if (wants->own && call->asker.who != WHO_PARTY) {
		return err_fail(ERR_SYNTAX, "filter.own is for owners: the staff has no devices");
	}
	if (wants->devices && !wants->own && call->asker.who == WHO_PARTY &&
		!(call->asker.roles & ~(unsigned)PARTY_OWNER)) {
		return err_fail(ERR_DENIED, "filter.own: owners are told of their own devices");
	}
	return OK;
}

static enum err make_id(const struct registry *registry, struct buf *ret)
{
	const struct env *env = loop_env(registry->loop);
	uint8_t random[16];

	TRY(env->random(env, random, sizeof(random)));
	text_base64url(ret, VIEW(random));
	return buf_end(ret, "subscription");
}

/* The log says that somebody is told of something, and not where. */
static void write_record(const struct call *call, const char *id, const char *change,
	struct buf *subject, struct buf *record)
{
	struct json_writer w = json_to(record);

	if (call->asker.who == WHO_PARTY) {
		buf_text(subject, PARTY_SUBJECT);
		buf_text(subject, call->asker.name);
	}
	json_open(&w, NULL);
	if (subject->len > 0) {
		json_put_text(&w, "subject", buf_contents(subject));
	}
	json_put_string(&w, "subscription", id);
	json_put_string(&w, "change", change);
	json_close(&w);
}

/* What it was asked for stands in `keep` since: the id, then JSON. */
static enum err on_added(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct notify *n = call->registry->notify;
	struct subscription wants = {.document = NULL};
	struct json_writer w = json_to(&call->reply);
	char id[SUBSCRIPTION_ID + 1], location[LOCATION];
	struct subscriber *s;

	(void)result;
	(void)first_seq;
	TRY(text_copy(id, sizeof(id), view_of(call->keep.data, SUBSCRIPTION_ID), "subscription"));
	TRY(subscription_parse(view_of(call->keep.data + SUBSCRIPTION_ID,
				       call->keep.len - SUBSCRIPTION_ID),
		&wants));
	TRY(roster_add(n, id, owner_of(call), &wants, &s));
	s->since = call->number;
	if (call->asker.who == WHO_PARTY) {
		const struct party *party = party_of(call);

		s->roles = call->asker.roles;
		(void)snprintf(s->make, sizeof(s->make), "%s", party ? party->make : "");
	}
	put(&w, s, to_staff(call));
	(void)snprintf(location, sizeof(location), "/v1/subscriptions/%s", id);
	call_field(call, "Location", view_text(location));
	call_answer(call, 201);
	return OK;
}

static enum err submit_added(struct call *call, const char *id, struct view body)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_DENIED, "there are as many subscriptions as there may be"},
	};
	const struct registry_conf *conf = call->registry->conf;
	BUF_CLEANUP struct buf sealed = buf_growing(SUBSCRIPTION_MAX + SEAL_OVERHEAD);
	BUF_CLEANUP struct buf subject = buf_growing(SUBJECT), record = buf_growing(RECORD);

	TRY(roster_seal(call->registry->notify, id, body, &sealed));
	write_record(call, id, "added", &subject, &record);
	call->number = registry_now(call->registry);
	const struct store_step step = {
		.statement = ADD_SUBSCRIPTION,
		.expect = STORE_ONE,
		.param_count = 6,
		.params = {STORE_TEXT_OF(view_text(id)), STORE_TEXT_OF(owner_of(call)),
			STORE_BLOB_OF(buf_contents(&sealed)), STORE_INT_OF(call->number),
			STORE_INT_OF(conf->subscriptions_each), STORE_INT_OF(conf->subscriptions)},
	};
	const struct event event = {
		.kind = EVENT_SUBSCRIPTION_CHANGED,
		.subject = buf_contents(&subject),
		.record = buf_contents(&record),
	};

	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, &step, 1, on_added);
}

enum err subscription_add(struct call *call)
{
	struct subscription wants = {.document = NULL};
	char id[SUBSCRIPTION_ID + 1];
	struct buf name = buf_fixed(id, sizeof(id));

	if (!call->body) {
		return err_fail(ERR_SYNTAX, "a subscription is sent as application/json");
	}
	TRY(subscription_parse(call->request->body, &wants));
	enum err err = check(call, &wants);

	subscription_free(&wants);
	TRY(err);
	TRY(make_id(call->registry, &name));
	buf_u8(&name, '\0');
	buf_bytes(&call->keep, id, SUBSCRIPTION_ID);
	buf_view(&call->keep, call->request->body);
	TRY(buf_end(&call->keep, "subscription"));
	return submit_added(call, id, call->request->body);
}

/* ---- dropped ---- */

static enum err on_gone(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct subscriber *s = roster_find(call->registry->notify, buf_contents(&call->segment));

	(void)result;
	(void)first_seq;
	if (s) {
		roster_drop(s);
	}
	call_answer(call, 204);
	return OK;
}

enum err subscription_drop(struct call *call)
{
	static const struct call_fault faults[] = {
		{0, ERR_CONFLICT, ERR_NOT_FOUND, "no such subscription"},
	};
	const struct subscriber *s = subscription_of(call);
	BUF_CLEANUP struct buf subject = buf_growing(SUBJECT), record = buf_growing(RECORD);

	if (!s) {
		return ERR_NOT_FOUND;
	}
	struct store_step steps[ROSTER_DROP_STEPS];

	roster_drop_steps(s, steps);
	write_record(call, s->id, "dropped", &subject, &record);
	const struct event event = {
		.kind = EVENT_SUBSCRIPTION_CHANGED,
		.subject = buf_contents(&subject),
		.record = buf_contents(&record),
	};

	CALL_FAULTS(call, faults);
	return call_submit(call, &event, 1, steps, ROSTER_DROP_STEPS, on_gone);
}

/* ---- the event stream ---- */

static struct subscriber *stream_of(const struct call *call)
{
	struct subscriber *s = subscription_of(call);

	if (s && s->wants.delivery != DELIVERY_SSE) {
		(void)!err_fail(ERR_NOT_FOUND, "this subscription is not delivered as a stream");
		return NULL;
	}
	return s;
}

static enum err wants_tokens(const struct call *call, bool *ret)
{
	BUF_CLEANUP struct buf form = buf_growing(16);
	enum err err = call_query_text(call, "form", &form);

	if (err == ERR_NOT_FOUND || view_is(buf_contents(&form), "json")) {
		*ret = false;
		return OK;
	}
	TRY(err);
	*ret = view_is(buf_contents(&form), "jws");
	return *ret ? OK : err_fail(ERR_SYNTAX, "form: json or jws");
}

enum err subscription_stream(struct call *call)
{
	struct view last = http_field_of(call->request->head, SSE_LAST_EVENT_ID);
	struct subscriber *s = stream_of(call);
	uint64_t after = 0;
	bool as_tokens;

	if (!s) {
		return ERR_NOT_FOUND;
	}
	if (s->suspended) {
		return err_fail(ERR_DENIED, "this party is suspended");
	}
	if (last.len > 0) {
		TRY(text_from_u64(last, INT64_MAX, &after, SSE_LAST_EVENT_ID));
	}
	TRY(wants_tokens(call, &as_tokens));
	streams_open(s, call_take(call), as_tokens, (int64_t)after);
	return OK;
}

enum err subscription_acknowledge(struct call *call)
{
	struct subscriber *s = stream_of(call);
	int64_t sequence;

	if (!s) {
		return ERR_NOT_FOUND;
	}
	TRY(json_int(call->body, "sequence", 1, INT64_MAX, &sequence));
	rows_had(s, sequence);
	call_answer(call, 204);
	return OK;
}
