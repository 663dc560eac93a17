// SPDX-License-Identifier: Apache-2.0
#include "registry/enquiry/status_lists.h"

#include "base/log.h"
#include "base/text.h"
#include "net/worker.h"
#include "registry/enquiry/enquiry.h"
#include "registry/set_up/set_up.h"
#include "wire/status_list.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LISTS = 256,
	ROWS = 20000,
	URI = 512,
	ETAG = 48,
	CACHE = 64,
	ZLIB_MAX = STATUS_LIST_ENTRIES / 2,
	SHA256 = 32,
};

/* What is served of a list. */
struct served {
	struct buf zlib, jwt;
	int64_t signed_at; /* seconds since 1970 */
	char etag[ETAG];
};

/* One list: as it is, as the thread has it, and as it is served. */
struct one {
	struct status_list *list, *copy;
	struct served now, next;
	const struct registry *registry;
	size_t number;
	bool at_work; /* `copy` and `next` are the thread's */
	enum err err;
};

struct status_lists {
	struct registry *registry;
	struct worker *worker;
	struct timer timer;
	struct one *lists[LISTS];
	size_t count;
	int64_t loaded; /* the list_index that was read last */
	char cache_control[CACHE];
};

/* ---- addresses ---- */

static void write_uri(const struct registry *registry, size_t number, char *ret, size_t room)
{
	struct buf out = buf_fixed(ret, room - 1);

	set_up_put_url(registry, &out);
	buf_printf(&out, "/v1/status-lists/%zu", number);
	ret[out.failed ? 0 : out.len] = '\0';
}

void status_list_place(const struct registry *registry, int64_t list_index, char *ret_uri,
	size_t room, int64_t *ret_place)
{
	write_uri(registry, (size_t)(list_index / STATUS_LIST_ENTRIES), ret_uri, room);
	*ret_place = list_index % STATUS_LIST_ENTRIES;
}

/* ---- making what is served ---- */

static void free_served(struct served *served)
{
	buf_free(&served->zlib);
	buf_free(&served->jwt);
}

static enum err name_version(struct served *served)
{
	uint8_t digest[SHA256];
	struct buf out = buf_fixed(served->etag, sizeof(served->etag));

	if (EVP_Digest(served->jwt.data, served->jwt.len, digest, NULL, EVP_sha256(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "status list: SHA-256");
	}
	buf_u8(&out, '"');
	text_base64url(&out, view_of(digest, SHA256 / 2));
	buf_text(&out, "\"");
	buf_u8(&out, 0);
	return buf_end(&out, "ETag");
}

static enum err make(struct one *one)
{
	const struct registry_conf *conf = one->registry->conf;
	struct served *next = &one->next;
	char uri[URI];

	write_uri(one->registry, one->number, uri, sizeof(uri));
	buf_clear(&next->zlib);
	buf_clear(&next->jwt);
	TRY(status_list_deflate(one->copy, &next->zlib));
	const struct status_list_token token = {
		.issuer = view_text(conf->id),
		.subject = view_text(uri),
		.issued = next->signed_at,
		.expires = next->signed_at + conf->status_list_lifetime / 1000,
		.ttl = conf->status_list_ttl / 1000,
	};

	TRY(status_list_sign(&token, buf_contents(&next->zlib), one->registry->answer_key,
		&next->jwt));
	return name_version(next);
}

static void run(void *job)
{
	struct one *one = job;

	one->err = make(one);
}

static void take_next(struct one *one)
{
	const struct served before = one->now;

	one->now = one->next;
	one->next = before;
	one->at_work = false;
}

static void back(void *job)
{
	struct one *one = job;

	if (one->err != OK) {
		log_event(LOG_ERROR, "status_list.not_made", "", LOG_INT("list", one->number),
			LOG_TEXT("error", err_name(one->err)));
		one->at_work = false;
		return;
	}
	take_next(one);
}

static void begin(struct one *one)
{
	status_list_follow(one->list, one->copy);
	one->next.signed_at = registry_now(one->registry) / 1000;
	one->err = ERR_CLOSED;
	one->at_work = true;
}

/* Signed anew at half of its life, so that nobody is served one that is about to end. */
static bool is_due(const struct one *one)
{
	const int64_t age = registry_now(one->registry) / 1000 - one->now.signed_at;

	return status_list_has_changed(one->list) ||
	       age * 2000 >= one->registry->conf->status_list_lifetime;
}

static void on_time(void *user)
{
	struct status_lists *l = user;

	for (size_t i = 0; i < l->count; i++) {
		struct one *one = l->lists[i];

		if (one->at_work || !is_due(one)) {
			continue;
		}
		begin(one);
		if (worker_give(l->worker, run, back, one) != OK) {
			one->at_work = false;
		}
	}
	timer_start(l->registry->loop, &l->timer, l->registry->conf->status_list_interval, on_time,
		l);
}

/* ---- growing ---- */

static void free_one(struct one *one)
{
	if (one) {
		status_list_free(one->list);
		status_list_free(one->copy);
		free_served(&one->now);
		free_served(&one->next);
		free(one);
	}
}

static enum err add_list(struct status_lists *l)
{
	struct one *one = l->count < LISTS ? calloc(1, sizeof(*one)) : NULL;

	if (!one) {
		return err_fail(ERR_RANGE, "status lists: more than %d, or out of memory", LISTS);
	}
	one->registry = l->registry;
	one->number = l->count;
	one->now = (struct served){buf_growing(ZLIB_MAX), buf_growing(STATUS_LIST_TOKEN_MAX)};
	one->next = (struct served){buf_growing(ZLIB_MAX), buf_growing(STATUS_LIST_TOKEN_MAX)};
	enum err err = status_list_new(STATUS_LIST_ENTRIES, &one->list);

	err = err == OK ? status_list_new(STATUS_LIST_ENTRIES, &one->copy) : err;
	if (err != OK) {
		free_one(one);
		return err;
	}
	l->lists[l->count++] = one;
	return OK;
}

/* Made at once, so that there is something to serve. */
static enum err make_now(struct one *one)
{
	begin(one);
	enum err err = make(one);

	if (err == OK) {
		take_next(one);
	}
	return err;
}

static enum err set(struct status_lists *l, int64_t list_index, int64_t trust)
{
	const size_t number = (size_t)(list_index / STATUS_LIST_ENTRIES);

	while (number >= l->count) {
		TRY(add_list(l));
	}
	status_list_set(l->lists[number]->list, (size_t)(list_index % STATUS_LIST_ENTRIES),
		(unsigned)trust);
	return OK;
}

enum err status_lists_set(struct status_lists *l, int64_t list_index, int64_t trust)
{
	const size_t before = l->count;

	if (list_index < 0) {
		return OK;
	}
	TRY(set(l, list_index, trust));
	for (size_t i = before; i < l->count; i++) {
		TRY(make_now(l->lists[i]));
	}
	return OK;
}

/* ---- life ---- */

static void on_rows(void *user, uint64_t ref, const struct store_result *result)
{
	struct status_lists *l = user;

	(void)ref;
	if (result->err != OK) {
		return;
	}
	for (size_t i = 0; i < result->steps[0].rows; i++) {
		l->loaded = store_at(result, 0, i, 0).number;
		if (set(l, l->loaded, store_at(result, 0, i, 1).number) != OK) {
			return;
		}
	}
}

static enum err load(struct status_lists *l)
{
	int64_t before;

	l->loaded = -1;
	do {
		before = l->loaded;
		const struct store_step step = {
			.statement = LIST_INDEXES,
			.param_count = 2,
			.params = {STORE_INT_OF(before), STORE_INT_OF(ROWS)},
		};

		TRY(store_run(l->registry->store, &step, 1, on_rows, l));
	} while (l->loaded > before);
	return l->count > 0 ? OK : add_list(l);
}

static enum err start(struct status_lists *l)
{
	const struct registry_conf *conf = l->registry->conf;

	TRY(worker_new(l->registry->loop, 1, LISTS, &l->worker));
	TRY(load(l));
	for (size_t i = 0; i < l->count; i++) {
		TRY(make_now(l->lists[i]));
	}
	(void)snprintf(l->cache_control, sizeof(l->cache_control), "public, max-age=%lld",
		(long long)(conf->status_list_ttl / 1000));
	timer_start(l->registry->loop, &l->timer, conf->status_list_interval, on_time, l);
	return OK;
}

enum err status_lists_start_up(struct registry *registry, struct status_lists **ret)
{
	struct status_lists *l = calloc(1, sizeof(*l));

	if (!l) {
		return err_fail(ERR_MEMORY, "status lists: out of memory");
	}
	l->registry = registry;
	*ret = l;
	return start(l);
}

void status_lists_shut_down(struct status_lists *l)
{
	if (!l) {
		return;
	}
	timer_stop(l->registry->loop, &l->timer);
	worker_free(l->worker);
	for (size_t i = 0; i < l->count; i++) {
		free_one(l->lists[i]);
	}
	free(l);
}

/* ---- serving ---- */

static bool accepts(const struct call *call, const char *type)
{
	const struct view accept = http_field_of(call->request->head, "Accept");

	return accept.len > 0 && memmem(accept.data, accept.len, type, strlen(type)) != NULL;
}

static bool has_it(const struct call *call, const struct one *one)
{
	const struct view etags = http_field_of(call->request->head, "If-None-Match");

	return etags.len > 0 &&
	       memmem(etags.data, etags.len, one->now.etag, strlen(one->now.etag)) != NULL;
}

enum err status_list_show(struct call *call)
{
	const struct status_lists *l = call->registry->enquiry->lists;
	const bool json = accepts(call, "application/json") && !accepts(call, STATUS_LIST_MEDIA);
	BUF_CLEANUP struct buf time = buf_growing(64);
	uint64_t number = 0;

	if (call_query_text(call, "time", &time) != ERR_NOT_FOUND) {
		return err_fail(ERR_UNSUPPORTED, "time: lists are of now alone");
	}
	if (text_from_u64(buf_contents(&call->segment), LISTS, &number, "list") != OK ||
		number >= l->count) {
		return err_fail(ERR_NOT_FOUND, "no such list");
	}
	const struct one *one = l->lists[number];

	call_field(call, "Cache-Control", view_text(l->cache_control));
	call_field(call, "Vary", view_text("Accept"));
	if (json) {
		TRY(status_list_write_json(buf_contents(&one->now.zlib), &call->reply));
		call_answer(call, 200);
		return OK;
	}
	call_field(call, "ETag", view_text(one->now.etag));
	call->type = STATUS_LIST_MEDIA;
	if (has_it(call, one)) {
		call_answer(call, 304);
		return OK;
	}
	buf_view(&call->reply, buf_contents(&one->now.jwt));
	call_answer(call, 200);
	return OK;
}

enum err status_lists_show(struct call *call)
{
	const struct status_lists *l = call->registry->enquiry->lists;
	struct json_writer w = json_to(&call->reply);
	char uri[URI];

	json_open(&w, NULL);
	json_open_array(&w, "status_lists");
	for (size_t i = 0; i < l->count; i++) {
		write_uri(call->registry, i, uri, sizeof(uri));
		json_put_string(&w, NULL, uri);
	}
	json_close_array(&w);
	json_close(&w);
	call_field(call, "Cache-Control", view_text(l->cache_control));
	call_answer(call, 200);
	return OK;
}
