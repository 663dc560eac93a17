// SPDX-License-Identifier: Apache-2.0
#include "device/se_soft_inside.h"

#include "base/text.h"
#include "core/aka_key.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* The file: magic, wrapped length(2), wrapped data key, sealed contents. */
#define MAGIC "symbolon-se-1\n"
#define PLACE "se/contents/1"

enum { FILE_MAX = 512 * 1024, DATA_KEY = 1 };
enum { NEXT_KEY_MAX = 1 + IDENT_MAX + AKA_KEY_RECORD + 8 * SQN_IND_COUNT };

static enum err load_file(struct se_soft *se, const struct secret *master);

static void wipe_and_free(struct buf *b)
{
	buf_wipe(b);
	buf_free(b);
}

#define PLAIN __attribute__((cleanup(wipe_and_free)))

/* --- made, opened, closed --- */

/* The element's file is replaced by every change, so the lock stands beside it. */
static enum err lock_file(struct se_soft *se)
{
	char path[PATH_MAX + 8];

	(void)snprintf(path, sizeof(path), "%s.lock", se->path);
	se->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (se->lock < 0) {
		return err_system("%s", path);
	}
	if (flock(se->lock, LOCK_EX | LOCK_NB) == 0) {
		return OK;
	}
	return errno == EWOULDBLOCK
		       ? err_fail(ERR_WRONG_STATE, "%s: in use by another process", se->path)
		       : err_system("lock %s", path);
}

static enum err se_new(const struct env *env, const char *path, struct se_soft **ret)
{
	struct se_soft *se = calloc(1, sizeof(*se));

	if (!se) {
		return err_fail(ERR_MEMORY, "secure element: out of memory");
	}
	se->env = env;
	se->lock = -1;
	*ret = se; /* to be closed after failure too */
	TRY(text_copy(se->path, sizeof(se->path), view_text(path), "secure element's path"));
	TRY(aka_new(&se->aka));
	return lock_file(se);
}

void se_soft_close(struct se_soft *se)
{
	if (!se) {
		return;
	}
	aka_free(se->aka);
	seal_ring_free(se->ring);
	if (se->lock >= 0) {
		(void)close(se->lock);
	}
	bytes_wipe(se, sizeof(*se));
	free(se);
}

static enum err write_new_master(const struct env *env, const char *path, struct secret *ret)
{
	uint8_t bytes[SEAL_KEY], hex[SEAL_KEY * 2 + 1];
	struct buf text = buf_fixed(hex, sizeof(hex));

	if (access(path, F_OK) == 0) {
		return seal_master_from_file(path, ret);
	}
	TRY(env->random(env, bytes, sizeof(bytes)));
	text_hex(&text, VIEW(bytes));
	buf_u8(&text, '\n');
	enum err err = secret_set(ret, bytes, sizeof(bytes));

	if (err == OK) {
		err = text_write_file(path, buf_contents(&text), 0600);
	}
	bytes_wipe(bytes, sizeof(bytes));
	bytes_wipe(hex, sizeof(hex));
	return err;
}

static enum err make_ring(struct se_soft *se, const struct secret *master)
{
	struct buf wrapped = buf_fixed(se->wrapped, sizeof(se->wrapped));

	TRY(seal_ring_new(se->env, master, &se->ring));
	TRY(seal_ring_make(se->ring, DATA_KEY, &wrapped));
	se->wrapped_len = wrapped.len;
	return buf_end(&wrapped, "data key");
}

static enum err create(struct se_soft *se, const char *master_path, const struct aka_key *key)
{
	SECRET(master);

	if (access(se->path, F_OK) == 0) {
		return err_fail(ERR_EXISTS,
			"%s is there already; another device needs another folder", se->path);
	}
	TRY(write_new_master(se->env, master_path, &master));
	TRY(make_ring(se, &master));
	se_soft_change(se)->first.key = *key;
	return se_soft_commit(se);
}

static enum err make_random(const struct env *env, struct aka_key *ret)
{
	uint8_t random[32];

	TRY(env->random(env, random, sizeof(random)));
	TRY(secret_set(&ret->k, random, 16));
	enum err err = secret_set(&ret->opc, random + 16, 16);

	bytes_wipe(random, sizeof(random));
	return err;
}

enum err se_soft_create(const struct env *env, const char *path, const char *master_path,
	const struct aka_key *key)
{
	struct se_soft *se = NULL;

	struct aka_key none __attribute__((cleanup(aka_key_wipe))) = {.algorithm = AKA_MILENAGE};

	TRY(key ? aka_key_check(key) : make_random(env, &none));
	enum err err = se_new(env, path, &se);

	if (err == OK) {
		err = create(se, master_path, key ? key : &none);
	}
	se_soft_close(se);
	return err;
}

/* Whether text_write_file() left it beside: "se.sealed.Ab12Cd.part". A copy that somebody made is not ours. */
static bool is_leftover(const char *name, const char *of)
{
	const size_t len = strlen(of), random = 6;

	return strncmp(name, of, len) == 0 && name[len] == '.' &&
	       strlen(name) == len + 1 + random + strlen(TEXT_PART) &&
	       strcmp(name + len + 1 + random, TEXT_PART) == 0;
}

/* Nobody else writes while we hold the lock. */
static void remove_leftovers(const struct se_soft *se)
{
	const char *slash = strrchr(se->path, '/');
	const char *name = slash ? slash + 1 : se->path;
	char folder[PATH_MAX];

	(void)snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - se->path) + 1 : 1,
		slash ? se->path : ".");
	DIR *dir = opendir(folder);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (is_leftover(entry->d_name, name)) {
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
		}
	}
	if (dir) {
		(void)closedir(dir);
	}
}

static enum err open_file(struct se_soft *se, const char *master_path)
{
	SECRET(master);

	if (access(se->path, F_OK) != 0) {
		return err_system("%s", se->path);
	}
	TRY(seal_master_from_file(master_path, &master));
	remove_leftovers(se);
	return load_file(se, &master);
}

enum err se_soft_open(const struct env *env, const char *path, const char *master_path,
	struct se_soft **ret)
{
	struct se_soft *se = NULL;
	enum err err = se_new(env, path, &se);

	if (err == OK) {
		err = open_file(se, master_path);
	}
	if (err != OK) {
		se_soft_close(se);
		return err;
	}
	*ret = se;
	return OK;
}

/* --- written --- */

/* key: aka_key_put(); SEQ(8) * 32 entries(1) { label length(1) label value length(2) value }
 * { client length(1) client, key, SEQ(8) * 32 } then, absent when there are none, 0(1) and sections { tag(1) length(2)
 * bytes }: the device's own key; keys that are to replace others: client length(1) client key SEQ(8) * 32, the first one's
 * without a client; the client whose the first key is */
enum { END_OF_CLIENTS = 0, OWN_KEY = 1, NEXT_KEY = 2, OWNER = 3 };

static void write_key(struct buf *out, const struct aka_key *key, const struct sqn_window *window)
{
	aka_key_put(out, key);
	for (size_t i = 0; i < SQN_IND_COUNT; i++) {
		buf_u64(out, window->seq[i]);
	}
}

/* Absent, as in files of the first version, when there are none. */
static void write_clients(struct buf *out, const struct contents *c)
{
	for (size_t i = 0; i < c->client_count; i++) {
		buf_u8(out, c->clients[i].client.len);
		buf_view(out, ident_view(&c->clients[i].client));
		write_key(out, &c->clients[i].slot.key, &c->clients[i].slot.window);
	}
}

static void write_section(struct buf *out, uint8_t tag, struct view bytes)
{
	buf_u8(out, tag);
	buf_u16(out, (uint16_t)bytes.len);
	buf_view(out, bytes);
}

static void write_next(struct buf *out, const struct ident *client, const struct key_slot *slot)
{
	uint8_t bytes[NEXT_KEY_MAX];
	struct buf section = buf_fixed(bytes, sizeof(bytes));

	if (!slot->has_next) {
		return;
	}
	buf_u8(&section, client ? client->len : 0);
	buf_view(&section, client ? ident_view(client) : (struct view){.len = 0});
	write_key(&section, &slot->next, &slot->next_window);
	write_section(out, NEXT_KEY, buf_contents(&section));
	bytes_wipe(bytes, sizeof(bytes));
}

static void write_sections(struct buf *out, const struct contents *c)
{
	size_t before = out->len;

	buf_u8(out, END_OF_CLIENTS);
	if (c->own_key_len > 0) {
		write_section(out, OWN_KEY, view_of(c->own_key, c->own_key_len));
	}
	write_next(out, NULL, &c->first);
	for (size_t i = 0; i < c->client_count; i++) {
		write_next(out, &c->clients[i].client, &c->clients[i].slot);
	}
	if (c->owner.kind != IDENT_NONE) {
		write_section(out, OWNER, ident_view(&c->owner));
	}
	if (out->len == before + 1) {
		out->len = before; /* an element as it always was */
	}
}

static void write_contents(struct buf *out, const struct contents *c)
{
	write_key(out, &c->first.key, &c->first.window);
	buf_u8(out, (uint8_t)c->count);
	for (size_t i = 0; i < c->count; i++) {
		const struct entry *entry = &c->entries[i];

		buf_u8(out, (uint8_t)strlen(entry->label));
		buf_text(out, entry->label);
		buf_u16(out, (uint16_t)entry->len);
		buf_bytes(out, entry->value, entry->len);
	}
	write_clients(out, c);
	write_sections(out, c);
}

static enum err save(const struct se_soft *se, const struct contents *c)
{
	PLAIN struct buf plain = buf_growing(FILE_MAX);
	BUF_CLEANUP struct buf file = buf_growing(FILE_MAX + WRAPPED_MAX + SEAL_OVERHEAD + 64);

	write_contents(&plain, c);
	TRY(buf_end(&plain, se->path));
	buf_text(&file, MAGIC);
	buf_u16(&file, (uint16_t)se->wrapped_len);
	buf_bytes(&file, se->wrapped, se->wrapped_len);
	TRY(seal_close(se->ring, PLACE, buf_contents(&plain), &file));
	TRY(buf_end(&file, se->path));
	return text_write_file(se->path, buf_contents(&file), 0600);
}

struct contents *se_soft_change(struct se_soft *se)
{
	se->next = se->now;
	return &se->next;
}

enum err se_soft_commit(struct se_soft *se)
{
	enum err err = save(se, &se->next);

	if (err == OK) {
		se->now = se->next;
	}
	bytes_wipe(&se->next, sizeof(se->next));
	return err;
}

/* --- read --- */

static enum err read_entry(struct reader *r, struct entry *ret)
{
	struct view label = reader_bytes(r, reader_u8(r));

	ret->len = reader_u16(r);
	if (ret->len > VALUE_MAX) {
		return err_fail(ERR_RANGE, "secure element: value of %zu bytes", ret->len);
	}
	reader_copy(r, ret->value, ret->len);
	return text_copy(ret->label, sizeof(ret->label), label, "secure element's label");
}

static enum err read_key(struct reader *r, struct aka_key *ret, struct sqn_window *ret_window)
{
	TRY(aka_key_get(r, ret));
	for (size_t i = 0; i < SQN_IND_COUNT; i++) {
		ret_window->seq[i] = reader_u64(r);
	}
	return OK;
}

/* Until the sections, or the end. */
static enum err read_clients(struct reader *r, struct contents *ret)
{
	for (; reader_left(r) > 0; ret->client_count++) {
		uint8_t len = reader_u8(r);

		if (len == END_OF_CLIENTS) {
			return OK;
		}
		if (ret->client_count == CLIENTS_MAX) {
			return err_fail(ERR_RANGE, "secure element: too many keys");
		}
		struct client_key *own = &ret->clients[ret->client_count];

		TRY(ident_parse(IDENT_CLIENT, reader_bytes(r, len), &own->client));
		TRY(read_key(r, &own->slot.key, &own->slot.window));
	}
	return OK;
}

static struct key_slot *slot_named(struct contents *c, struct view client)
{
	if (client.len == 0) {
		return &c->first;
	}
	for (size_t i = 0; i < c->client_count; i++) {
		if (view_equal(ident_view(&c->clients[i].client), client)) {
			return &c->clients[i].slot;
		}
	}
	return NULL;
}

static enum err read_next(struct view bytes, struct contents *ret)
{
	struct reader r = reader_of(bytes);
	struct key_slot *slot = slot_named(ret, reader_bytes(&r, reader_u8(&r)));

	if (!slot || slot->has_next) {
		return err_fail(ERR_SYNTAX, "secure element: a key for nobody");
	}
	TRY(read_key(&r, &slot->next, &slot->next_window));
	slot->has_next = true;
	return reader_end(&r, "secure element's next key");
}

static enum err read_section(struct reader *r, struct contents *ret)
{
	uint8_t tag = reader_u8(r);
	struct view bytes = reader_bytes(r, reader_u16(r));

	switch (tag) {
	case OWN_KEY:
		if (bytes.len > OWN_KEY_MAX) {
			return err_fail(ERR_RANGE, "secure element: own key too long");
		}
		memcpy(ret->own_key, bytes.data, bytes.len);
		ret->own_key_len = bytes.len;
		return OK;
	case NEXT_KEY:
		return read_next(bytes, ret);
	case OWNER:
		return ident_parse(IDENT_CLIENT, bytes, &ret->owner);
	default:
		return err_fail(ERR_UNSUPPORTED, "secure element: of a later version");
	}
}

static enum err read_contents(struct view bytes, struct contents *ret)
{
	struct reader r = reader_of(bytes);

	TRY(read_key(&r, &ret->first.key, &ret->first.window));
	size_t count = reader_u8(&r);

	if (count > ENTRIES_MAX) {
		return err_fail(ERR_RANGE, "secure element: %zu values", count);
	}
	for (ret->count = 0; ret->count < count; ret->count++) {
		TRY(read_entry(&r, &ret->entries[ret->count]));
	}
	TRY(read_clients(&r, ret));
	while (reader_left(&r) > 0) {
		TRY(read_section(&r, ret));
	}
	return reader_end(&r, "secure element");
}

/* The library's sentence, with the file that it is about. */
static enum err about(const struct se_soft *se, enum err err)
{
	return err == OK ? OK : err_fail(err, "%s: %s", se->path, err_detail());
}

static enum err open_sealed(struct se_soft *se, struct view sealed)
{
	PLAIN struct buf plain = buf_growing(FILE_MAX);

	TRY(seal_open(se->ring, PLACE, sealed, &plain));
	return read_contents(buf_contents(&plain), &se->now);
}

static enum err load_file(struct se_soft *se, const struct secret *master)
{
	BUF_CLEANUP struct buf file = buf_growing(0);

	TRY(text_read_file(se->path, FILE_MAX * 2, &file));
	struct reader r = reader_of(buf_contents(&file));
	struct view magic = reader_bytes(&r, strlen(MAGIC));

	if (!view_is(magic, MAGIC)) {
		return err_fail(ERR_SYNTAX, "%s: not a secure element of this version", se->path);
	}
	struct view wrapped = reader_bytes(&r, reader_u16(&r));
	struct view sealed = reader_bytes(&r, reader_left(&r));

	if (r.failed || wrapped.len == 0 || wrapped.len > WRAPPED_MAX || sealed.len == 0) {
		return err_fail(ERR_SYNTAX, "%s: cut off", se->path);
	}
	memcpy(se->wrapped, wrapped.data, wrapped.len);
	se->wrapped_len = wrapped.len;
	TRY(seal_ring_new(se->env, master, &se->ring));
	TRY(about(se, seal_ring_add(se->ring, DATA_KEY, wrapped)));
	return about(se, open_sealed(se, sealed));
}
