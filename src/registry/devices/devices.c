// SPDX-License-Identifier: Apache-2.0
#include "registry/devices/devices.h"

#include "base/rate.h"
#include "base/table.h"
#include "base/text.h"
#include "registry/enquiry/status_lists.h"
#include "registry/status/policing.h"

#include <stdlib.h>
#include <string.h>

enum {
	PEM_MAX = 1 << 20,
	LIST = STATUS_LIST_ENTRIES,
	LISTS_MAX = 256,
	REALMS = 10000,
	LOGGING = 65536, /* devices whose events are counted */
	COLLISIONS = 4,	 /* one after the other: more than half of all indexes are taken */
};

struct devices {
	struct trust_roots *roots;
	struct rates *events;
	struct table *realms; /* that are withdrawn */
	uint32_t lists;	      /* whole status lists that indexes are drawn from */
	unsigned collisions;  /* since the last that did not collide */
};

/* --- roots of trust --- */

enum err devices_check_fingerprint(const char *text)
{
	struct trust_roots *none = NULL;

	TRY(trust_roots_new(&none));
	enum err err = trust_roots_pin(none, view_text(text));

	trust_roots_free(none);
	return err;
}

enum err devices_check_kind(const char *text)
{
	enum rot_kind kind;

	return rot_kind_of(view_text(text), &kind);
}

bool devices_accept_kind(const struct registry *registry, enum rot_kind kind)
{
	const struct conf_texts *kinds = &registry->conf->evidence_kinds;

	for (size_t i = 0; i < kinds->count; i++) {
		if (strcmp(kinds->items[i], rot_kind_name(kind)) == 0) {
			return true;
		}
	}
	return kinds->count == 0;
}

enum err devices_accept_root(struct registry *registry, struct view pem,
	char ret_id[FINGERPRINT_TEXT])
{
	return trust_roots_add(registry->devices->roots, pem, ret_id);
}

enum err devices_withdraw_root(struct registry *registry, struct view id)
{
	return trust_roots_withdraw(registry->devices->roots, id);
}

enum err devices_pin_root(struct registry *registry, struct view id)
{
	return trust_roots_pin(registry->devices->roots, id);
}

enum err devices_restore_root(struct registry *registry, struct view id)
{
	return trust_roots_restore(registry->devices->roots, id);
}

enum err devices_trust_realm(struct registry *registry, struct view realm, bool trusted)
{
	struct devices *devices = registry->devices;

	(void)table_remove(devices->realms, realm);
	return trusted ? OK : table_put(devices->realms, realm, devices);
}

static enum err read_root(struct registry *registry, const char *path)
{
	BUF_CLEANUP struct buf pem = {0};
	char id[FINGERPRINT_TEXT];

	if (text_read_file(path, PEM_MAX, &pem) != OK) {
		return err_fail(ERR_CONFIG, "devices.roots: %s cannot be read", path);
	}
	return devices_accept_root(registry, buf_contents(&pem), id);
}

static enum err read_roots(struct registry *registry)
{
	const struct registry_conf *conf = registry->conf;

	for (size_t i = 0; i < conf->device_roots.count; i++) {
		TRY(read_root(registry, conf->device_roots.items[i]));
	}
	for (size_t i = 0; i < conf->device_pinned.count; i++) {
		TRY(trust_roots_pin(registry->devices->roots,
			view_text(conf->device_pinned.items[i])));
	}
	for (size_t i = 0; i < conf->device_withdrawn.count; i++) {
		TRY(devices_withdraw_root(registry, view_text(conf->device_withdrawn.items[i])));
	}
	return OK;
}

/* --- indexes of the status list --- */

static void on_last_index(void *user, uint64_t ref, const struct store_result *result)
{
	struct devices *devices = user;
	struct store_value last = store_at(result, 0, 0, 0);

	(void)ref;
	if (last.type == STORE_INT && last.number / LIST + 1 > devices->lists) {
		devices->lists = (uint32_t)(last.number / LIST + 1);
	}
}

/* The lists grow when an index that is free is hard to find; they begin with one. */
enum err devices_draw_index(struct registry *registry, bool collided, int64_t *ret)
{
	struct devices *devices = registry->devices;
	const struct env *env = loop_env(registry->loop);
	uint64_t drawn = 0;

	devices->collisions = collided ? devices->collisions + 1 : 0;
	if (devices->collisions >= COLLISIONS && devices->lists < LISTS_MAX) {
		devices->lists *= 2;
		devices->collisions = 0;
	}
	TRY(env->random(env, &drawn, sizeof(drawn)));
	*ret = (int64_t)(drawn % ((uint64_t)devices->lists * LIST));
	return OK;
}

/* --- the part --- */

enum err devices_start_up(struct registry *registry)
{
	const struct store_step step = {.statement = LAST_LIST_INDEX};

	registry->devices = calloc(1, sizeof(*registry->devices));
	if (!registry->devices) {
		return err_fail(ERR_MEMORY, "devices: out of memory");
	}
	registry->devices->lists = 1;
	TRY(trust_roots_new(&registry->devices->roots));
	TRY(table_new(REALMS, &registry->devices->realms));
	TRY(rates_new(LOGGING, &registry->devices->events));
	TRY(read_roots(registry));
	return store_run(registry->store, &step, 1, on_last_index, registry->devices);
}

void devices_shut_down(struct registry *registry)
{
	if (registry->devices) {
		trust_roots_free(registry->devices->roots);
		rates_free(registry->devices->events);
		table_free(registry->devices->realms);
	}
	free(registry->devices);
	registry->devices = NULL;
}

void devices_reload(struct registry *registry, const struct registry_conf *conf)
{
	struct registry_conf *own = registry->conf;

	own->duplicates = conf->duplicates;
	own->device_nonce = conf->device_nonce;
	own->virtual_lifetime = conf->virtual_lifetime;
	own->virtual_longest = conf->virtual_longest;
	own->virtual_count = conf->virtual_count;
	own->device_events = conf->device_events;
	own->device_vulnerabilities = conf->device_vulnerabilities;
}

/* --- rows --- */

void device_read(const struct store_result *result, size_t step, size_t row,
	struct device_entry *ret)
{
#define TEXT_AT(column)	  store_at(result, step, row, column).bytes
#define NUMBER_AT(column) store_at(result, step, row, column).number
	const struct store_value index = store_at(result, step, row, DEVICE_LIST_INDEX);

	*ret = (struct device_entry){
		.id = TEXT_AT(DEVICE_ID),
		.registry = TEXT_AT(DEVICE_REGISTRY),
		.identifier = TEXT_AT(DEVICE_IDENTIFIER),
		.make = TEXT_AT(DEVICE_MAKE),
		.model = TEXT_AT(DEVICE_MODEL),
		.firmware = TEXT_AT(DEVICE_FIRMWARE),
		.facts = TEXT_AT(DEVICE_FACTS),
		.rule = TEXT_AT(DEVICE_RULE),
		.rot_id = TEXT_AT(DEVICE_ROT_ID),
		.proved_by = TEXT_AT(DEVICE_PROVED_BY),
		.proved_key = TEXT_AT(DEVICE_PROVED_KEY),
		.rot_kind = (enum rot_kind)NUMBER_AT(DEVICE_ROT_KIND),
		.trust = (enum trust)NUMBER_AT(DEVICE_TRUST),
		.life = (enum lifecycle)NUMBER_AT(DEVICE_LIFE),
		.since = NUMBER_AT(DEVICE_SINCE),
		.cause_seq = NUMBER_AT(DEVICE_CAUSE_SEQ),
		.registered_at = NUMBER_AT(DEVICE_REGISTERED_AT),
		.reported_at = NUMBER_AT(DEVICE_REPORTED_AT),
		.facts_seq = NUMBER_AT(DEVICE_FACTS_SEQ),
		.confirmed_at = NUMBER_AT(DEVICE_CONFIRMED_AT),
		.list_index = index.type == STORE_INT ? index.number : -1,
		.duplicate = NUMBER_AT(DEVICE_DUPLICATE) != 0,
	};
#undef TEXT_AT
#undef NUMBER_AT
}

enum err device_read_facts(const struct device_entry *row, struct device_facts *ret)
{
	JSON_CLEANUP struct json *json = NULL;

	return json_parse(row->facts, FACTS_JSON_MAX, &json) == OK && facts_read(json, ret) == OK
		       ? OK
		       : err_fail(ERR_IO,
				 "9.2 i e: the facts of a device are not what was written");
}

enum err device_put(struct json_writer *w, const char *name, const struct device_entry *row)
{
	struct device_facts facts;

	TRY(device_read_facts(row, &facts));
	json_open(w, name);
	json_put_text(w, "id", row->id);
	json_put_text(w, "registry", row->registry);
	json_put_text(w, "identifier", row->identifier);
	json_put_string(w, "trust", trust_name(row->trust));
	json_put_int(w, "since", row->since);
	json_put_text(w, "rule", row->rule);
	json_put_int(w, "cause", row->cause_seq);
	json_put_string(w, "life", lifecycle_name(row->life));
	json_put_int(w, "registered_at", row->registered_at);
	if (row->confirmed_at > 0) {
		json_put_int(w, "confirmed_at", row->confirmed_at);
	}
	json_put_int(w, "reported_at", row->reported_at);
	if (row->duplicate) {
		json_put_bool(w, "duplicate", true);
	}
	facts_write(w, "facts", &facts);
	json_close(w);
	return OK;
}

/* --- who asks --- */

enum err device_visit(const struct call *call, struct visit **ret)
{
	*ret = visits_find(call->registry->realm, call->asker.name);
	return *ret ? OK : err_fail(ERR_AUTH, "10.5: the token of this session has ended");
}

enum err device_look(struct call *call, call_done *done)
{
	const struct store_step step = {.statement = FIND_DEVICE,
		.param_count = 1,
		.params = {STORE_TEXT_OF(buf_contents(&call->segment))}};

	return call_look(call, &step, 1, done);
}

/* Of another device it tells no more than of none.  req: R9.2-ii-c */
enum err device_own(const struct call *call, const struct store_result *result,
	struct device_entry *ret)
{
	if (result->steps[0].rows > 0) {
		device_read(result, 0, 0, ret);
		if (view_is(ret->proved_by, call->asker.name)) {
			return OK;
		}
	}
	return err_fail(ERR_NOT_FOUND, "9.2 ii c: you are registered under no such RegDevID");
}

enum err device_may_log(const struct call *call, struct view device)
{
	const struct registry *registry = call->registry;
	int64_t wait;

	return rates_allow(registry->devices->events, device, registry->conf->device_events,
		       loop_now(registry->loop), &wait)
		       ? OK
		       : err_fail(ERR_AGAIN, "9.3 iv: too many events of this device; later");
}

/* --- evidence --- */

static struct evidence_wanted wanted_of(const struct call *call, struct visit *visit)
{
	return (struct evidence_wanted){
		.registry = &call->registry->id,
		.roots = call->registry->devices->roots,
		.now = registry_now(call->registry) / 1000,
		.token = view_text(visit->token_id),
		.realm = view_text(visit->realm),
		.granted = visit->device.kind == IDENT_DEVICE ? &visit->device : NULL,
	};
}

/* Whoever asks is known; it is the proof that is not good. */
static enum err as_unproved(enum err err)
{
	char detail[256];

	switch (err) {
	case ERR_AUTH:
	case ERR_DENIED:
	case ERR_EXPIRED:
	case ERR_NOT_FOUND:
		(void)text_copy(detail, sizeof(detail), view_text(err_detail()), "detail");
		return err_fail(ERR_REPLAY, "%s", detail);
	default:
		return err;
	}
}

enum err device_prove(const struct call *call, struct visit *visit, const struct json *evidence,
	struct evidence *ret)
{
	struct evidence_wanted wanted = wanted_of(call, visit);
	uint8_t room[EVIDENCE_NONCE];

	if (evidence_needs_nonce(evidence)) {
		wanted.nonce = visits_take_nonce(call->registry->realm, visit, room);
	}
	enum err err = evidence_verify(evidence, &wanted, ret);

	if (err == OK && !devices_accept_kind(call->registry, ret->origin.kind)) {
		return err_fail(ERR_UNSUPPORTED,
			"9.1 vi: evidence: a kind that is not accepted here");
	}
	if (err == OK && ret->origin.kind == ROT_AKA &&
		table_get(call->registry->devices->realms, view_text(ret->origin.id))) {
		return err_fail(ERR_REPLAY, "7 iii: evidence: this realm was withdrawn as a root "
					    "of trust");
	}
	return as_unproved(err);
}

enum err device_prove_again(const struct call *call, struct visit *visit, struct view key,
	struct view proof, struct device_facts *ret)
{
	struct evidence_wanted wanted = wanted_of(call, visit);
	uint8_t room[EVIDENCE_NONCE];

	wanted.nonce = visits_take_nonce(call->registry->realm, visit, room);
	return as_unproved(evidence_verify_proof(key, proof, &wanted, ret));
}

/* A nonce for the next evidence, good once.  req: R9.2-i-a */
enum err device_challenge(struct call *call)
{
	const int64_t lifetime = call->registry->conf->device_nonce;
	struct json_writer w = json_to(&call->reply);
	char digits[2 * EVIDENCE_NONCE];
	struct buf nonce = buf_fixed(digits, sizeof(digits));
	struct visit *visit = NULL;

	TRY(device_visit(call, &visit));
	TRY(visits_challenge(call->registry->realm, visit, lifetime));
	text_base64url(&nonce, VIEW(visit->nonce));
	json_open(&w, NULL);
	json_put_text(&w, "nonce", buf_contents(&nonce));
	json_put_string(&w, "token", visit->token_id);
	json_put_text(&w, "registry", reg_id_view(&call->registry->id));
	json_put_int(&w, "expires_in", lifetime / 1000);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}

/* --- how a device stands --- */

static enum err on_judged(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct json_writer w = json_to(&call->reply);
	struct device_entry row;

	(void)first_seq;
	TRY(device_own(call, result, &row));
	TRY(device_put(&w, NULL, &row));
	call_answer(call, 200);
	return OK;
}

static void on_passed(void *user, uint64_t ref)
{
	struct call *call = call_at(user, ref);
	enum err err = call ? device_look(call, on_judged) : OK;

	if (err != OK) {
		call_fail(call, err);
	}
}

/* When too many wait for it, the device is told how it stood. */
enum err device_answer_judged(struct call *call, int64_t seq)
{
	enum err err = policy_when(call->registry, seq, on_passed, call->registry, call->ref);

	return err == ERR_OVERLOAD ? device_look(call, on_judged) : err;
}

/* --- what there is --- */

static enum err on_show(struct call *call, const struct store_result *result, int64_t first_seq)
{
	struct json_writer w = json_to(&call->reply);
	struct device_entry row;

	(void)first_seq;
	if (call->asker.who == WHO_DEVICE) {
		TRY(device_own(call, result, &row));
	} else if (result->steps[0].rows == 0) {
		return err_fail(ERR_NOT_FOUND, "no such device is registered");
	} else {
		device_read(result, 0, 0, &row);
	}
	TRY(device_put(&w, NULL, &row));
	call_answer(call, 200);
	return OK;
}

enum err device_show(struct call *call)
{
	return device_look(call, on_show);
}

static enum err put_item(struct call *call, struct json_writer *w,
	const struct store_result *result, size_t row)
{
	struct device_entry device;

	(void)call;
	device_read(result, 0, row, &device);
	return device_put(w, NULL, &device);
}

enum err device_list(struct call *call)
{
	BUF_CLEANUP struct buf after = buf_growing(CALL_SEGMENT_MAX);

	TRY(call_page(call, &after));
	const struct store_step step = {.statement = LIST_DEVICES,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&after)),
			STORE_INT_OF((int64_t)call->limit + 1)}};

	call->put = put_item;
	call->key_column = DEVICE_ID;
	return call_look(call, &step, 1, call_on_list);
}
