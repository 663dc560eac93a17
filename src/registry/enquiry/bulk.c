// SPDX-License-Identifier: Apache-2.0
#include "registry/enquiry/bulk.h"

#include "core/trust.h"
#include "registry/enquiry/answer.h"
#include "registry/enquiry/status_lists.h"
#include "registry/owners/owners.h"
#include "wire/facts_json.h"

#include <stdio.h>
#include <string.h>

enum { PAGE = 500, PAGE_BYTES = 8 << 20, WORD = 256, URI = 512 };

/* One stream; its slot lives until the store has answered and the client has gone, or has all. */
struct bulk {
	struct registry *registry;
	pool_ref ref;
	struct http_request *request;
	char after[WORD], of_registry[WORD], make[WORD], model[WORD];
	int64_t trust; /* -1: any */
	int64_t count;
	bool is_asking; /* the store */
	bool is_full;	/* the client takes no more now */
	bool with_owners;
	struct buf page;
};

static enum err ask_page(struct bulk *b);

static struct bulk *bulk_of(const struct registry *registry, pool_ref ref)
{
	return registry->enquiry ? pool_at(registry->enquiry->bulks, ref) : NULL;
}

static void close_bulk(struct bulk *b)
{
	buf_wipe(&b->page); /* it may name persons */
	buf_free(&b->page);
	pool_give(b->registry->enquiry->bulks, b->ref);
}

static void cut_off(struct bulk *b)
{
	http_answer_abort(b->request);
	close_bulk(b);
}

/* ---- lines ---- */

static enum err read_owner(const struct bulk *b, const struct known_device *device,
	struct json **ret)
{
	BUF_CLEANUP struct buf text = buf_growing(OWNER_RECORD_MAX);
	enum err err = answer_open_owner(b->registry, device, &text);

	err = err == OK ? json_parse(buf_contents(&text), OWNER_RECORD_MAX, ret) : err;
	buf_wipe(&text);
	return err;
}

static enum err put_device(struct bulk *b, const struct known_device *device)
{
	JSON_CLEANUP struct json *facts = NULL, *owner = NULL;
	struct json_writer w = json_to(&b->page);
	char uri[URI];
	struct answered_device to = {
		.reg_dev_id = device->id,
		.registry = device->registry,
		.trust = view_text(trust_name((enum trust)device->trust)),
		.lifecycle = view_text(lifecycle_name((enum lifecycle)device->life)),
		.since = device->since,
		.rule = device->rule,
		.seq = device->seq,
		.stale = -1,
	};

	TRY(json_parse(device->facts, FACTS_JSON_MAX, &facts));
	to.facts = facts;
	if (b->with_owners && device->owner_record.len > 0) {
		TRY(read_owner(b, device, &owner));
		to.owner = owner;
	}
	if (device->list_index >= 0) {
		status_list_place(b->registry, device->list_index, uri, sizeof(uri), &to.list_index);
		to.list_uri = view_text(uri);
	}
	answered_device_write(&w, &to);
	buf_u8(&b->page, '\n');
	return OK;
}

static enum err put_rows(struct bulk *b, const struct store_result *result)
{
	for (size_t row = 0; row < result->steps[0].rows; row++) {
		struct known_device device;

		known_device_read(result, 0, row, &device);
		TRY(put_device(b, &device));
		(void)snprintf(b->after, sizeof(b->after), "%.*s", (int)device.id.len,
			(const char *)device.id.data);
		b->count++;
	}
	return buf_end(&b->page, "page of devices");
}

/* Whoever reads to the end knows that nothing is missing. */
static void put_end(struct bulk *b)
{
	struct json_writer w = json_to(&b->page);

	json_open(&w, NULL);
	json_put_bool(&w, "complete", true);
	json_put_int(&w, "devices", b->count);
	json_put_int(&w, "log_size", ledger_size(b->registry->ledger));
	json_close(&w);
	buf_u8(&b->page, '\n');
}

/* ---- the stream ---- */

static void go_on(struct bulk *b, enum err sent)
{
	if (sent == ERR_AGAIN) {
		b->is_full = true;
		return;
	}
	if (sent != OK || ask_page(b) != OK) {
		cut_off(b);
	}
}

static void on_page(void *user, uint64_t ref, const struct store_result *result)
{
	struct bulk *b = bulk_of(user, ref);

	if (!b) {
		return;
	}
	b->is_asking = false;
	buf_wipe(&b->page);
	if (!b->request) {
		close_bulk(b);
		return;
	}
	if (result->err != OK || put_rows(b, result) != OK) {
		cut_off(b);
		return;
	}
	const bool is_last = result->steps[0].rows < PAGE;

	if (is_last) {
		put_end(b);
	}
	enum err sent = http_answer_part(b->request, buf_contents(&b->page));

	if (is_last && (sent == OK || sent == ERR_AGAIN)) {
		http_answer_end(b->request);
		close_bulk(b);
		return;
	}
	go_on(b, sent);
}

static enum err ask_page(struct bulk *b)
{
	const struct store_step step = {
		.statement = ASK_MANY,
		.param_count = 6,
		.params = {STORE_TEXT_OF(view_text(b->after)),
			STORE_TEXT_OF(view_text(b->of_registry)), STORE_TEXT_OF(view_text(b->make)),
			STORE_TEXT_OF(view_text(b->model)), STORE_INT_OF(b->trust),
			STORE_INT_OF(PAGE)},
	};

	b->is_full = false;
	b->is_asking = true;
	enum err err = store_submit(b->registry->store, &step, 1, on_page, b->registry, b->ref);

	b->is_asking = err == OK;
	return err;
}

static void on_drained(struct http_request *request)
{
	struct bulk *b = request->user;

	if (b->is_full) {
		go_on(b, OK);
	}
}

static void on_gone(struct http_request *request)
{
	struct bulk *b = request->user;

	http_answer_abort(request);
	b->request = NULL;
	if (!b->is_asking) {
		close_bulk(b);
	}
}

/* ---- the operation ---- */

static enum err read_word(const struct call *call, const char *name, char ret[WORD])
{
	struct buf text = buf_fixed(ret, WORD - 1);
	enum err err = call_query_text(call, name, &text);

	ret[err == OK && !text.failed ? text.len : 0] = '\0';
	if (text.failed) {
		return err_fail(ERR_RANGE, "%s: too long", name);
	}
	return err == ERR_NOT_FOUND ? OK : err;
}

static enum err read_filters(const struct call *call, struct bulk *b)
{
	enum trust trust;
	char word[WORD];

	TRY(read_word(call, "after", b->after));
	TRY(read_word(call, "registry", b->of_registry));
	TRY(read_word(call, "make", b->make));
	TRY(read_word(call, "model", b->model));
	TRY(read_word(call, "owners", word));
	b->with_owners = strcmp(word, "true") == 0;
	TRY(read_word(call, "trust", word));
	b->trust = -1;
	if (word[0]) {
		TRY(trust_of(view_text(word), &trust));
		b->trust = trust;
	}
	return OK;
}

static enum err begin(struct call *call, struct bulk *b)
{
	static const struct http_field fields[] = {
		{{(const uint8_t *)"Content-Type", 12},
			{(const uint8_t *)"application/x-ndjson", 20}},
		{{(const uint8_t *)"Cache-Control", 13}, {(const uint8_t *)"no-store", 8}},
	};

	TRY(read_filters(call, b));
	TRY(answer_note(call, "many devices"));
	b->request = call->request;
	TRY(http_answer_begin(b->request, 200, fields, 2, on_drained));
	(void)call_take(call);
	b->request->user = b;
	b->request->on_gone = on_gone;
	return OK;
}

enum err bulk_ask(struct call *call)
{
	struct registry *registry = call->registry;
	struct bulk *b;
	pool_ref ref;

	TRY(pool_take(registry->enquiry->bulks, &ref, (void **)&b));
	b->registry = registry;
	b->ref = ref;
	b->page = buf_growing(PAGE_BYTES);
	enum err err = begin(call, b);

	if (err != OK) {
		close_bulk(b);
		return err;
	}
	if (ask_page(b) != OK) {
		cut_off(b);
	}
	return OK;
}

enum err bulk_start_up(struct registry *registry)
{
	return pool_new(sizeof(struct bulk), (size_t)registry->conf->enquiry_bulks,
		&registry->enquiry->bulks);
}

static void end_each(void *user, pool_ref ref, void *slot)
{
	struct bulk *b = slot;

	(void)user;
	(void)ref;
	if (b->request) {
		http_answer_abort(b->request);
	}
	close_bulk(b);
}

void bulk_shut_down(struct registry *registry)
{
	struct enquiry *e = registry->enquiry;

	if (e->bulks) {
		pool_each(e->bulks, end_each, NULL);
	}
	pool_free(e->bulks);
	e->bulks = NULL;
}
