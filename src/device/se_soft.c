// SPDX-License-Identifier: Apache-2.0
#include "device/se_soft.h"

#include "base/seal.h"
#include "base/text.h"
#include "device/token.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define MAGIC "symbolon-se-1\n"
#define PLACE "se/contents/1"

enum {
	LABEL_MAX = 63,
	VALUE_MAX = 4096,
	ENTRIES_MAX = 64,
	FILE_MAX = 512 * 1024,
	WRAPPED_MAX = 256
};

struct entry {
	char label[LABEL_MAX + 1];
	uint8_t value[VALUE_MAX];
	size_t len;
};

/* The file: magic, wrapped length(2), wrapped data key, sealed contents. */
struct se_soft {
	const struct env *env;
	char path[PATH_MAX];
	int lock;
	struct seal_ring *ring;
	uint8_t wrapped[WRAPPED_MAX];
	size_t wrapped_len;
	struct aka *aka;
	struct aka_key key;
	struct sqn_window window;
	struct entry entries[ENTRIES_MAX];
	size_t count;
};

static enum err save(struct se_soft *se);
static enum err load_file(struct se_soft *se, const struct secret *master);

static enum err lock_file(struct se_soft *se)
{
	char path[PATH_MAX + 8];

	(void)snprintf(path, sizeof(path), "%s.lock", se->path);
	se->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (se->lock < 0) {
		return err_system("%s", path);
	}
	if (flock(se->lock, LOCK_EX | LOCK_NB) != 0) {
		return err_fail(ERR_WRONG_STATE, "%s: another process has this secure element open",
			se->path);
	}
	return OK;
}

static enum err se_new(const struct env *env, const char *path, struct se_soft **ret)
{
	struct se_soft *se = calloc(1, sizeof(*se));

	if (!se) {
		return err_fail(ERR_MEMORY, "secure element: out of memory");
	}
	se->env = env;
	se->lock = -1;
	*ret = se;
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
		close(se->lock);
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
	text_hex(&text, view_of(bytes, sizeof(bytes)));
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
	TRY(seal_ring_make(se->ring, 1, &wrapped));
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
	se->key = *key;
	return save(se);
}

enum err se_soft_create(const struct env *env, const char *path, const char *master_path,
	const struct aka_key *key)
{
	struct se_soft *se = NULL;
	enum err err = se_new(env, path, &se);

	if (err == OK) {
		err = create(se, master_path, key);
	}
	se_soft_close(se);
	return err;
}

static enum err open_file(struct se_soft *se, const char *master_path)
{
	SECRET(master);

	TRY(seal_master_from_file(master_path, &master));
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

/* algorithm(1) AMF(2) K(16) OPc(16) SEQ(8) * 32 entries(1) { label length(1) label value length(2) value } */
static void write_contents(struct buf *out, const struct se_soft *se)
{
	buf_u8(out, (uint8_t)se->key.algorithm);
	buf_bytes(out, se->key.amf, sizeof(se->key.amf));
	buf_view(out, secret_view(&se->key.k));
	buf_view(out, secret_view(&se->key.opc));
	for (size_t i = 0; i < SQN_IND_COUNT; i++) {
		buf_u64(out, se->window.seq[i]);
	}
	buf_u8(out, (uint8_t)se->count);
	for (size_t i = 0; i < se->count; i++) {
		const struct entry *entry = &se->entries[i];

		buf_u8(out, (uint8_t)strlen(entry->label));
		buf_text(out, entry->label);
		buf_u16(out, (uint16_t)entry->len);
		buf_bytes(out, entry->value, entry->len);
	}
}

static enum err read_key(struct reader *r, struct aka_key *ret)
{
	ret->algorithm = (enum aka_algorithm_id)reader_u8(r);
	reader_copy(r, ret->amf, sizeof(ret->amf));
	struct view k = reader_bytes(r, 16), opc = reader_bytes(r, 16);

	if (r->failed || ret->algorithm != AKA_MILENAGE) {
		return err_fail(ERR_UNSUPPORTED, "secure element: unknown algorithm");
	}
	TRY(secret_set(&ret->k, k.data, k.len));
	return secret_set(&ret->opc, opc.data, opc.len);
}

static enum err read_contents(struct view contents, struct se_soft *se)
{
	struct reader r = reader_of(contents);

	TRY(read_key(&r, &se->key));
	for (size_t i = 0; i < SQN_IND_COUNT; i++) {
		se->window.seq[i] = reader_u64(&r);
	}
	size_t count = reader_u8(&r);

	if (count > ENTRIES_MAX) {
		return err_fail(ERR_RANGE, "secure element: %zu entries", count);
	}
	for (se->count = 0; se->count < count; se->count++) {
		struct entry *entry = &se->entries[se->count];
		struct view label = reader_bytes(&r, reader_u8(&r));
		struct view value = reader_bytes(&r, reader_u16(&r));

		if (value.len > VALUE_MAX) {
			return err_fail(ERR_RANGE, "secure element: value of %zu bytes", value.len);
		}
		TRY(text_copy(entry->label, sizeof(entry->label), label, "label"));
		memcpy(entry->value, value.data ? value.data : (const uint8_t *)"", value.len);
		entry->len = value.len;
	}
	return reader_end(&r, "secure element");
}

static enum err seal_all(struct se_soft *se, struct buf *file)
{
	BUF_CLEANUP struct buf plain = buf_growing(FILE_MAX);

	write_contents(&plain, se);
	buf_text(file, MAGIC);
	buf_u16(file, (uint16_t)se->wrapped_len);
	buf_bytes(file, se->wrapped, se->wrapped_len);
	enum err err = buf_end(&plain, se->path);

	if (err == OK) {
		err = seal_close(se->ring, PLACE, buf_contents(&plain), file);
	}
	buf_wipe(&plain);
	return err;
}

static enum err save(struct se_soft *se)
{
	BUF_CLEANUP struct buf file = buf_growing(FILE_MAX * 2);

	TRY(seal_all(se, &file));
	TRY(buf_end(&file, se->path));
	return text_write_file(se->path, buf_contents(&file), 0600);
}

static enum err open_sealed(struct se_soft *se, struct view sealed)
{
	BUF_CLEANUP struct buf plain = buf_growing(FILE_MAX);
	enum err err = seal_open(se->ring, PLACE, sealed, &plain);

	if (err == OK) {
		err = read_contents(buf_contents(&plain), se);
	}
	buf_wipe(&plain);
	return err;
}

static enum err load_file(struct se_soft *se, const struct secret *master)
{
	BUF_CLEANUP struct buf file = buf_growing(FILE_MAX * 2);

	TRY(text_read_file(se->path, FILE_MAX * 2, &file));
	struct reader r = reader_of(buf_contents(&file));
	struct view magic = reader_bytes(&r, strlen(MAGIC));
	struct view wrapped = reader_bytes(&r, reader_u16(&r));
	struct view sealed = reader_bytes(&r, reader_left(&r));

	if (r.failed || !view_is(magic, MAGIC) || wrapped.len > WRAPPED_MAX) {
		return err_fail(ERR_SYNTAX, "%s: not a secure element of ours", se->path);
	}
	memcpy(se->wrapped, wrapped.data, wrapped.len);
	se->wrapped_len = wrapped.len;
	TRY(seal_ring_new(se->env, master, &se->ring));
	TRY(seal_ring_add(se->ring, 1, wrapped));
	return open_sealed(se, sealed);
}

/* --- what a secure element can do --- */

static enum err soft_aka(void *user, const uint8_t rand[RAND_SIZE], const uint8_t autn[AUTN_SIZE],
	struct aka_result *ret)
{
	struct se_soft *se = user;
	struct sqn_window before = se->window;

	TRY(aka_answer(se->aka, &se->key, rand, autn, &se->window, ret));
	enum err err = save(se); /* the SQN is spent before RES is used */

	if (err != OK) {
		se->window = before;
		aka_result_wipe(ret);
	}
	return err;
}

static struct entry *find(struct se_soft *se, const char *label)
{
	for (size_t i = 0; i < se->count; i++) {
		if (strcmp(se->entries[i].label, label) == 0) {
			return &se->entries[i];
		}
	}
	return NULL;
}

static enum err soft_derive(void *user, const char *label, enum token_format format,
	const struct token_base *base, const struct ident *application, struct ua ua,
	struct view binding, struct secret *ret)
{
	const struct entry *entry = find(user, label);
	struct token_base with_ks = *base;

	if (!entry) {
		return err_fail(ERR_NOT_FOUND, "secure element: no such key");
	}
	enum err err = secret_set(&with_ks.ks, entry->value, entry->len);

	if (err == OK) {
		err = token_derive(format, &with_ks, application, ua, binding, ret);
	}
	bytes_wipe(&with_ks, sizeof(with_ks));
	return err;
}

static enum err soft_sign(void *user, struct view message, struct buf *ret)
{
	(void)user;
	(void)message;
	(void)ret;
	return err_fail(ERR_UNSUPPORTED, "secure element: no key to sign with");
}

static bool is_label(const char *label)
{
	size_t len = strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789.-");

	return len > 0 && len <= LABEL_MAX && label[len] == '\0';
}

static void drop(struct se_soft *se, struct entry *entry)
{
	struct entry *last = &se->entries[se->count - 1];

	if (entry != last) {
		*entry = *last;
	}
	bytes_wipe(last, sizeof(*last));
	se->count--;
}

static enum err put(struct se_soft *se, const char *label, struct view value)
{
	struct entry *entry = find(se, label);

	if (!entry && se->count == ENTRIES_MAX) {
		return err_fail(ERR_RANGE, "secure element: no room for another value");
	}
	if (!entry) {
		entry = &se->entries[se->count++];
		memcpy(entry->label, label, strlen(label) + 1);
	}
	memcpy(entry->value, value.data, value.len);
	entry->len = value.len;
	return OK;
}

static enum err soft_store(void *user, const char *label, struct view value)
{
	struct se_soft *se = user;

	if (!is_label(label) || value.len > VALUE_MAX) {
		return err_fail(ERR_RANGE, "secure element: label or value not as it may be");
	}
	if (value.len > 0) {
		TRY(put(se, label, value));
	} else if (find(se, label)) {
		drop(se, find(se, label));
	}
	return save(se);
}

static enum err soft_load(void *user, const char *label, struct buf *ret)
{
	const struct entry *entry = find(user, label);

	if (strncmp(label, KS_LABEL, strlen(KS_LABEL)) == 0) {
		return err_fail(ERR_DENIED, "secure element: keys are derived from, not given out");
	}
	if (!entry) {
		return err_fail(ERR_NOT_FOUND, "secure element: nothing under %s", label);
	}
	buf_bytes(ret, entry->value, entry->len);
	return buf_end(ret, "secure element's value");
}

const struct symdev_se se_soft_ops = {
	.name = "soft",
	.aka = soft_aka,
	.derive = soft_derive,
	.sign = soft_sign,
	.store = soft_store,
	.load = soft_load,
};
