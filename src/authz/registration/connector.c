// SPDX-License-Identifier: Apache-2.0
#include "authz/registration/connector.h"

#include "base/text.h"
#include "wire/claims.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_MAX = 64, URN_MAX = 128 };

struct question {
	enum { FIND, PROBE } kind;
	struct question *next;
	connector_done *done;
	void *user;
	uint64_t user_ref;
	char id[ID_MAX + 1];
	int64_t deadline; /* microseconds: nobody waits for it any more */
	enum err err;
	char detail[200];
	struct directory_record record;
};

struct connector {
	struct loop *loop;
	const struct directory_backend *backend;
	void *directory; /* the thread's alone */
	int64_t patience_ms;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct question *first, **last;
	struct question *answered, **answered_last;
	bool posted, stopping, orphaned;
	size_t count, ceiling;
};

static void *work(void *user);
static void deliver(void *user);

static int64_t now_us(const struct connector *c)
{
	const struct env *env = loop_env(c->loop);

	return env->steady_us(env);
}

static void question_free(struct question *q)
{
	bytes_wipe(q, sizeof(*q));
	free(q);
}

static void list_free(struct question *q)
{
	while (q) {
		struct question *next = q->next;

		question_free(q);
		q = next;
	}
}

static void release(struct connector *c)
{
	list_free(c->first);
	list_free(c->answered);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->wake);
	free(c);
}

enum err connector_new(struct loop *loop, const struct directory_backend *backend,
	const struct directory_settings *settings, const struct ident *realm, size_t waiting,
	struct connector **ret)
{
	struct connector *c = calloc(1, sizeof(*c));

	if (!c) {
		return err_fail(ERR_MEMORY, "directory: out of memory");
	}
	c->loop = loop;
	c->backend = backend;
	c->patience_ms = 2 * settings->timeout_ms;
	c->ceiling = waiting;
	c->last = &c->first;
	c->answered_last = &c->answered;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->wake, NULL);
	enum err err = backend->open(settings, realm, &c->directory);

	if (err != OK) {
		release(c);
		return err;
	}
	if (pthread_create(&c->thread, NULL, work, c) != 0) {
		backend->close(c->directory);
		release(c);
		return err_fail(ERR_IO, "directory: no thread");
	}
	*ret = c;
	return OK;
}

void connector_free(struct connector *c)
{
	if (!c) {
		return;
	}
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	c->backend->close(c->directory);
	if (c->posted) {
		c->orphaned = true; /* deliver() is on its way, and releases */
		return;
	}
	release(c);
}

static enum err ask(struct connector *c, int kind, struct view id, connector_done *done, void *user,
	uint64_t user_ref)
{
	struct question *q = calloc(1, sizeof(*q));

	if (!q) {
		return err_fail(ERR_MEMORY, "directory: out of memory");
	}
	q->kind = kind;
	q->done = done;
	q->user = user;
	q->user_ref = user_ref;
	q->deadline = now_us(c) + c->patience_ms * 1000;
	memcpy(q->id, id.data ? id.data : (const uint8_t *)"", id.len);
	pthread_mutex_lock(&c->lock);
	bool room = c->count < c->ceiling;

	if (room) {
		c->count++;
		*c->last = q;
		c->last = &q->next;
		pthread_cond_signal(&c->wake);
	}
	pthread_mutex_unlock(&c->lock);
	if (!room) {
		question_free(q);
		return err_fail(ERR_OVERLOAD, "directory: %zu questions wait already", c->ceiling);
	}
	return OK;
}

enum err connector_find(struct connector *c, struct view id, connector_done *done, void *user,
	uint64_t user_ref)
{
	if (id.len == 0 || id.len > ID_MAX) {
		return err_fail(ERR_RANGE, "directory: an id has 1 to %d bytes", ID_MAX);
	}
	return ask(c, FIND, id, done, user, user_ref);
}

enum err connector_probe(struct connector *c, connector_done *done, void *user, uint64_t user_ref)
{
	return ask(c, PROBE, (struct view){0}, done, user, user_ref);
}

/* A directory that hangs costs each question one timeout; those behind are given up when theirs is over. */
static void answer(struct connector *c, struct question *q)
{
	if (now_us(c) > q->deadline) {
		q->err = err_fail(ERR_TIMEOUT, "the directory does not answer in time");
	} else if (q->kind == PROBE) {
		q->err = c->backend->probe(c->directory);
	} else {
		q->err = c->backend->find(c->directory, view_text(q->id), &q->record);
	}
	(void)snprintf(q->detail, sizeof(q->detail), "%s", err_detail());
}

static void *work(void *user)
{
	struct connector *c = user;

	pthread_mutex_lock(&c->lock);
	while (!c->stopping) {
		struct question *q = c->first;

		if (!q) {
			pthread_cond_wait(&c->wake, &c->lock);
			continue;
		}
		c->first = q->next;
		c->last = c->first ? c->last : &c->first;
		q->next = NULL;
		pthread_mutex_unlock(&c->lock);
		answer(c, q);
		pthread_mutex_lock(&c->lock);
		*c->answered_last = q;
		c->answered_last = &q->next;
		if (!c->posted) {
			c->posted = true;
			loop_post(c->loop, deliver, c);
		}
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* On the loop's thread. A callback may ask again. */
static void deliver(void *user)
{
	struct connector *c = user;

	pthread_mutex_lock(&c->lock);
	struct question *q = c->answered;

	c->answered = NULL;
	c->answered_last = &c->answered;
	c->posted = false;
	for (struct question *each = q; each; each = each->next) {
		c->count--;
	}
	pthread_mutex_unlock(&c->lock);
	if (c->orphaned) {
		list_free(q);
		release(c);
		return;
	}
	while (q) {
		struct question *next = q->next;
		bool found = q->err == OK && q->kind == FIND;
		enum err err = q->err == OK ? OK : err_fail(q->err, "%s", q->detail);

		q->done(q->user, q->user_ref, err, found ? &q->record : NULL);
		question_free(q);
		q = next;
	}
}

/* --- rows of the configuration --- */

enum err directory_check_url(const char *text)
{
	bool known = strncmp(text, "ldap://", 7) == 0 || strncmp(text, "ldaps://", 8) == 0 ||
		     strncmp(text, "ldapi://", 8) == 0;

	return text[0] == '\0' || known
		       ? OK
		       : err_fail(ERR_CONFIG, "not a URL with ldap:, ldaps: or ldapi:");
}

enum err directory_check_filter(const char *text)
{
	size_t len = strlen(text);

	return len > 2 && text[0] == '(' && text[len - 1] == ')' &&
			       (strstr(text, "{id}") || strstr(text, "{dn}"))
		       ? OK
		       : err_fail(ERR_CONFIG, "not a filter in parentheses with {id} or {dn}");
}

static bool is_level(const char *word)
{
	return strcmp(word, "none") == 0 || strcmp(word, "prepaid") == 0 ||
	       strcmp(word, "postpaid") == 0;
}

enum err directory_check_word(const char *text)
{
	const char *equals = strrchr(text, '=');

	return equals && equals != text && is_level(equals + 1)
		       ? OK
		       : err_fail(ERR_CONFIG, "not WORD=none, WORD=prepaid or WORD=postpaid");
}

enum err directory_check_claim(const char *text)
{
	const char *equals = strchr(text, '=');
	struct view name = view_of(text, equals ? (size_t)(equals - text) : 0);

	return equals && equals[1] != '\0' && claims_is_text(name) && !view_is(name, "name")
		       ? OK
		       : err_fail(ERR_CONFIG, "not CLAIM=ATTRIBUTE, with a claim that is one text "
					      "and not the name");
}

/* --- for back ends --- */

const char *directory_claim(const char *row, char ret_name[DIRECTORY_CLAIM])
{
	const char *equals = strchr(row, '=');

	(void)snprintf(ret_name, DIRECTORY_CLAIM, "%.*s", (int)(equals - row), row);
	return equals + 1;
}

static bool is_digits(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9') {
			return false;
		}
	}
	return true;
}

static void put_phone(struct buf *out, struct view value)
{
	static const char between[] = " -./()";

	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] == '\0' || !strchr(between, value.data[i])) {
			buf_u8(out, value.data[i]);
		}
	}
}

static void put_day(struct buf *out, struct view value)
{
	if (value.len < 8 || !is_digits(view_of(value.data, 8))) {
		buf_view(out, value);
		return;
	}
	buf_printf(out, "%.4s-%.2s-%.2s", (const char *)value.data, (const char *)value.data + 4,
		(const char *)value.data + 6);
}

enum err directory_claim_value(const char *name, struct view value, struct buf *out)
{
	if (!text_is_utf8(value)) {
		return err_fail(ERR_SYNTAX, "directory: claim %s: not UTF-8 text", name);
	}
	if (strcmp(name, "phone_number") == 0) {
		put_phone(out, value);
	} else if (strcmp(name, "birthdate") == 0) {
		put_day(out, value);
	} else {
		buf_view(out, value);
	}
	return OK;
}

enum err directory_time(struct view value, int64_t *ret)
{
	char time[TEXT_TIME];
	const char *d = (const char *)value.data;

	if (value.len != 15 || d[14] != 'Z' || !is_digits(view_of(value.data, 14))) {
		return text_from_time(value, ret, "directory.verified");
	}
	(void)snprintf(time, sizeof(time), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", d, d + 4, d + 6, d + 8,
		d + 10, d + 12);
	return text_from_time(view_text(time), ret, "directory.verified");
}

static void put_escaped(struct buf *out, struct view value)
{
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];

		if (c == '*' || c == '(' || c == ')' || c == '\\' || c < 0x20 || c >= 0x7f) {
			buf_printf(out, "\\%02x", c);
		} else {
			buf_u8(out, c);
		}
	}
}

enum err directory_filter(const char *pattern, struct view id, const char *dn, struct buf *ret)
{
	for (const char *at = pattern; *at;) {
		if (strncmp(at, "{id}", 4) == 0) {
			put_escaped(ret, id);
			at += 4;
		} else if (strncmp(at, "{dn}", 4) == 0) {
			put_escaped(ret, view_text(dn));
			at += 4;
		} else {
			buf_u8(ret, (uint8_t)*at++);
		}
	}
	return buf_end(ret, "filter");
}

enum err directory_verification(const struct directory_settings *settings, struct view word,
	struct directory_record *ret)
{
	static const char *const levels[] = {"none", "prepaid", "postpaid"};

	for (size_t i = 0; i < settings->verifications->count; i++) {
		const char *row = settings->verifications->items[i], *equals = strrchr(row, '=');

		if (view_equal(word, view_of(row, (size_t)(equals - row)))) {
			(void)snprintf(ret->verification, sizeof(ret->verification), "%s",
				equals + 1);
			return OK;
		}
	}
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (view_is(word, levels[i])) {
			(void)snprintf(ret->verification, sizeof(ret->verification), "%s",
				levels[i]);
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX,
		"directory: a verification that directory.verifications does not have");
}

static bool all_digits(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (v.data[i] < '0' || v.data[i] > '9') {
			return false;
		}
	}
	return v.len > 0;
}

static enum err read_client(const struct ident *realm, struct view text, struct ident *ret)
{
	char full[IDENT_MAX + 1];
	struct buf client = buf_fixed(full, sizeof(full));

	buf_view(&client, text);
	if (all_digits(text)) {
		buf_u8(&client, '@');
		buf_view(&client, ident_view(realm));
	}
	return !client.failed && ident_parse(IDENT_CLIENT, buf_contents(&client), ret) == OK &&
			       view_equal(ident_realm_of(ret), ident_view(realm))
		       ? OK
		       : err_fail(ERR_SYNTAX, "directory: a client that is none of this realm");
}

static enum err read_device(struct view text, struct ident *ret)
{
	char urn[URN_MAX];
	struct buf device = buf_fixed(urn, sizeof(urn));

	if (text.len == 0) {
		return OK;
	}
	buf_text(&device, all_digits(text) ? "urn:gsma:imei:" : "");
	buf_view(&device, text);
	return !device.failed && ident_parse(IDENT_DEVICE, buf_contents(&device), ret) == OK
		       ? OK
		       : err_fail(ERR_SYNTAX, "directory: a device that is neither IMEI nor URN");
}

enum err directory_add_device(struct directory_record *record, const struct ident *realm,
	struct view client, struct view device)
{
	struct directory_device read = {.client = {.kind = IDENT_NONE}};

	if (record->device_count == DIRECTORY_DEVICES) {
		return err_fail(ERR_RANGE, "directory: more than %d devices of one subscriber",
			DIRECTORY_DEVICES);
	}
	TRY(read_client(realm, client, &read.client));
	TRY(read_device(device, &read.device));
	record->devices[record->device_count++] = read;
	return OK;
}
