// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/text.h"
#include "device/se_soft.h"
#include "device/token.h"
#include "fake_env.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- a disk that fails at the n-th call --- */

static int disk_left = -1; /* calls until it fails once; -1: never */

ssize_t __real_write(int fd, const void *from, size_t len);
int __real_rename(const char *from, const char *to);
ssize_t __wrap_write(int fd, const void *from, size_t len);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);

static bool fails(void)
{
	if (disk_left < 0) {
		return false;
	}
	if (disk_left-- > 0) {
		return false;
	}
	errno = ENOSPC;
	return true;
}

ssize_t __wrap_write(int fd, const void *from, size_t len)
{
	return fails() ? -1 : __real_write(fd, from, len);
}

/* What a killed process has written stays in the system's memory: nothing here needs the disk itself. */
int __wrap_fsync(int fd)
{
	(void)fd;
	return fails() ? -1 : 0;
}

int __wrap_rename(const char *from, const char *to)
{
	return fails() ? -1 : __real_rename(from, to);
}

/* --- a device with its element in a folder --- */

struct world {
	struct fake_env env;
	struct aka_key key;
	struct aka *network;
	uint64_t sqn;
	char dir[32], path[64], master[64];
	struct se_soft *se;
};

static void make_key(struct aka_key *ret)
{
	*ret = (struct aka_key){.algorithm = AKA_MILENAGE, .amf = {0x80, 0}};
	assert_ok(secret_from_hex(&ret->k, view_text("465b5ce8b199b49faa5f0a2ee238a6bc")));
	assert_ok(secret_from_hex(&ret->opc, view_text("cd63cb71954a9f4e48a5994e37a02baf")));
}

static enum err open_se(struct world *w)
{
	w->se = NULL;
	return se_soft_open(&w->env.env, w->path, w->master, &w->se);
}

static void make_world(struct world *w)
{
	*w = (struct world){.env = fake_env_of(1), .sqn = 32};
	make_key(&w->key);
	assert_ok(aka_new(&w->network));
	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/se_soft.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	(void)snprintf(w->path, sizeof(w->path), "%s/se.sealed", w->dir);
	(void)snprintf(w->master, sizeof(w->master), "%s/se.master", w->dir);
	assert_ok(se_soft_create(&w->env.env, w->path, w->master, &w->key));
	assert_ok(open_se(w));
}

static void drop_world(struct world *w)
{
	char command[64];

	se_soft_close(w->se);
	aka_free(w->network);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", w->dir);
	assert_int_equal(system(command), 0);
}

static void reopen(struct world *w)
{
	se_soft_close(w->se);
	assert_ok(open_se(w));
}

static void next_vector(struct world *w, struct vector *ret)
{
	uint8_t rand[RAND_SIZE];

	assert_ok(w->env.env.random(&w->env.env, rand, sizeof(rand)));
	assert_ok(sqn_next(w->sqn, &w->sqn));
	assert_ok(vector_make(w->network, &w->key, rand, w->sqn, ret));
}

static const struct ident who = {.kind = IDENT_CLIENT, .len = 1, .text = "w"};

static enum err answer(struct world *w, const struct vector *v, struct aka_result *ret)
{
	*ret = (struct aka_result){.auts = {0}};
	return se_soft_ops.aka(w->se, &who, v->rand, v->autn, ret);
}

static enum err put(struct world *w, const char *label, const char *value)
{
	return se_soft_ops.store(w->se, label, view_text(value));
}

static void assert_value(struct world *w, const char *label, const char *value)
{
	char bytes[256];
	struct buf out = buf_fixed(bytes, sizeof(bytes));

	if (!value) {
		assert_err(ERR_NOT_FOUND, se_soft_ops.load(w->se, label, &out));
		return;
	}
	assert_ok(se_soft_ops.load(w->se, label, &out));
	assert_view(buf_contents(&out), value);
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static bool in_file(const char *path, const void *bytes, size_t len)
{
	BUF_CLEANUP struct buf file = buf_growing(0);

	assert_ok(text_read_file(path, 1 << 20, &file));
	return memmem(file.data, file.len, bytes, len) != NULL;
}

/* --- what it does --- */

/* req: B7.4-d B9.3-a */
static void it_answers_challenges_of_its_key_once(void **state)
{
	struct world w;
	struct vector v;
	struct aka_result result;

	(void)state;
	make_world(&w);
	next_vector(&w, &v);
	assert_ok(answer(&w, &v, &result));
	assert_true(secret_equal(&result.res, &v.xres));
	assert_true(secret_equal(&result.ck, &v.ck));
	assert_true(secret_equal(&result.ik, &v.ik));
	assert_err(ERR_SYNC, answer(&w, &v, &result));
	reopen(&w);
	assert_err(ERR_SYNC, answer(&w, &v, &result));
	assert_int_equal(result.res.len, 0);
	v.autn[15] ^= 1;
	assert_err(ERR_AUTH, answer(&w, &v, &result));
	next_vector(&w, &v);
	assert_ok(answer(&w, &v, &result));
	drop_world(&w);
}

/* req: B7.4-d */
static void keys_are_derived_from_and_do_not_come_out(void **state)
{
	static const char ks[] = "0123456789abcdef0123456789ABCDEF";
	struct world w;
	struct token_base base = {.ks = {.len = 0}};
	struct ident application;
	char bytes[64];
	struct buf out = buf_fixed(bytes, sizeof(bytes));
	SECRET(key);
	SECRET(want);

	(void)state;
	make_world(&w);
	assert_ok(ident_parse(IDENT_CLIENT, view_text("x@realm.example"), &base.client));
	assert_ok(ident_parse(IDENT_FQDN, view_text("authn1.realm.example"), &base.node));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text("app.example"), &application));
	assert_ok(put(&w, "ks.a", ks));
	assert_ok(put(&w, "other", ks));
	assert_err(ERR_DENIED, se_soft_ops.load(w.se, "ks.a", &out));
	assert_err(ERR_DENIED, se_soft_ops.load(w.se, "ks.absent", &out));
	assert_int_equal(out.len, 0);
	assert_ok(se_soft_ops.derive(w.se, "ks.a", TOKEN_GBA, &base, &application, UA_TLS13_PSK,
		view_text(""), &key));
	assert_ok(secret_set(&base.ks, ks, 32));
	assert_ok(token_derive(TOKEN_GBA, &base, &application, UA_TLS13_PSK, view_text(""), &want));
	assert_true(secret_equal(&key, &want));
	assert_err(ERR_NOT_FOUND, se_soft_ops.derive(w.se, "ks.b", TOKEN_GBA, &base, &application,
					  UA_TLS13_PSK, view_text(""), &key));
	assert_err(ERR_NOT_FOUND, se_soft_ops.derive(w.se, "other", TOKEN_GBA, &base, &application,
					  UA_TLS13_PSK, view_text(""), &key));
	assert_err(ERR_UNSUPPORTED, se_soft_ops.sign(w.se, view_text("x"), &out));
	drop_world(&w);
}

static void values_last(void **state)
{
	struct world w;

	(void)state;
	make_world(&w);
	assert_ok(put(&w, "a", "one"));
	assert_ok(put(&w, "b", "two"));
	assert_ok(put(&w, "c", "three"));
	assert_ok(put(&w, "a", "another"));
	assert_ok(put(&w, "b", ""));
	assert_ok(put(&w, "absent", ""));
	for (int again = 0; again < 2; again++) {
		assert_value(&w, "a", "another");
		assert_value(&w, "b", NULL);
		assert_value(&w, "c", "three");
		reopen(&w);
	}
	drop_world(&w);
}

static void labels_and_room_are_bounded(void **state)
{
	static uint8_t large[4097];
	char label[80];
	struct world w;

	(void)state;
	make_world(&w);
	memset(label, 'a', sizeof(label));
	label[64] = 0;
	assert_err(ERR_RANGE, put(&w, label, "x"));
	label[63] = 0;
	assert_ok(put(&w, label, "x"));
	assert_err(ERR_RANGE, put(&w, "", "x"));
	assert_err(ERR_RANGE, put(&w, "A", "x"));
	assert_err(ERR_RANGE, put(&w, "a b", "x"));
	assert_err(ERR_RANGE, put(&w, "a/b", "x"));
	assert_err(ERR_RANGE, se_soft_ops.store(w.se, "a", VIEW(large)));
	assert_ok(se_soft_ops.store(w.se, "a", view_of(large, sizeof(large) - 1)));
	for (int i = 2; i < 80; i++) {
		(void)snprintf(label, sizeof(label), "v%d", i);
		assert_ok(se_soft_ops.store(w.se, label, view_of(large, sizeof(large) - 1)));
	}
	assert_err(ERR_RANGE, put(&w, "one-more", "x"));
	assert_said("no room");
	assert_ok(put(&w, "v5", "x"));
	assert_ok(put(&w, "v6", ""));
	assert_ok(put(&w, "one-more", "x"));
	reopen(&w);
	assert_value(&w, "one-more", "x");
	drop_world(&w);
}

/* --- further keys --- */

static enum err answer_as(struct world *w, const struct ident *client, const struct aka_key *key,
	uint64_t sqn)
{
	static const uint8_t rand[RAND_SIZE] = {7};
	struct vector v;
	struct aka_result result = {.auts = {0}};

	assert_ok(vector_make(w->network, key, rand, sqn << SQN_IND_BITS, &v));
	enum err err = se_soft_ops.aka(w->se, client, v.rand, v.autn, &result);

	aka_result_wipe(&result);
	return err;
}

static struct ident client_of(const char *text)
{
	struct ident client;

	assert_ok(ident_parse(IDENT_CLIENT, view_text(text), &client));
	return client;
}

/* Every client has his own key and his own sequence numbers, on disk too.  req: B7.4-d B7.4-e */
static void each_realm_s_client_has_a_key_of_its_own(void **state)
{
	struct world w;
	struct ident first = client_of("a@one.example"), second = client_of("b@two.example");
	struct aka_key key;

	(void)state;
	make_world(&w);
	key = w.key;
	key.k.bytes[0] ^= 1;
	assert_ok(se_soft_set_key(w.se, &second, &key));
	for (uint64_t again = 0; again < 2; again++) {
		assert_ok(answer_as(&w, &first, &w.key, 10 + again));
		assert_err(ERR_SYNC, answer_as(&w, &first, &w.key, 10 + again));
		assert_ok(answer_as(&w, &second, &key, 3 + again));
		assert_err(ERR_SYNC, answer_as(&w, &second, &key, 3 + again));
		assert_err(ERR_AUTH, answer_as(&w, &second, &w.key, 100));
		assert_err(ERR_AUTH, answer_as(&w, &first, &key, 100));
		reopen(&w);
	}
	assert_ok(se_soft_set_key(w.se, &second, &key)); /* the same key goes on where it was */
	assert_err(ERR_SYNC, answer_as(&w, &second, &key, 4));
	assert_ok(answer_as(&w, &second, &key, 5));
	drop_world(&w);
}

static void keys_are_dropped_but_for_the_last(void **state)
{
	struct world w;
	struct ident clients[5];
	struct aka_key keys[5];

	(void)state;
	make_world(&w);
	for (int i = 0; i < 5; i++) {
		char text[] = "a@realm.example";

		text[0] = (char)('a' + i);
		clients[i] = client_of(text);
		keys[i] = w.key;
		keys[i].k.bytes[0] ^= (uint8_t)i;
		if (i > 0) {
			assert_err(i < 4 ? OK : ERR_RANGE,
				se_soft_set_key(w.se, &clients[i], &keys[i]));
		}
	}
	assert_ok(se_soft_drop_key(w.se, &clients[1]));
	reopen(&w);
	assert_err(ERR_AUTH, answer_as(&w, &clients[1], &keys[1], 10));
	assert_ok(answer_as(&w, &clients[3], &keys[3], 10));
	assert_ok(answer_as(&w, &clients[2], &keys[2], 10));
	assert_ok(se_soft_drop_key(w.se, &clients[0])); /* the first: the last takes its place */
	reopen(&w);
	assert_err(ERR_AUTH, answer_as(&w, &clients[0], &keys[0], 20));
	assert_ok(answer_as(&w, &clients[2], &keys[2], 20));
	assert_err(ERR_SYNC, answer_as(&w, &clients[3], &keys[3], 10));
	assert_ok(se_soft_drop_key(w.se, &clients[2]));
	assert_err(ERR_WRONG_STATE, se_soft_drop_key(w.se, &clients[3]));
	assert_ok(answer_as(&w, &clients[3], &keys[3], 30));
	disk_left = 0;
	assert_err(ERR_IO, se_soft_set_key(w.se, &clients[1], &keys[1]));
	assert_err(ERR_AUTH, answer_as(&w, &clients[1], &keys[1], 40));
	drop_world(&w);
}

/* --- its files --- */

static void its_files_are_its_owner_s_alone_and_show_nothing(void **state)
{
	char lock[80];
	struct world w;
	mode_t before = umask(0);

	(void)state;
	make_world(&w);
	(void)umask(before);
	assert_ok(put(&w, "ks.a", "0123456789abcdef0123456789ABCDEF"));
	(void)snprintf(lock, sizeof(lock), "%s.lock", w.path);
	assert_int_equal(mode_of(w.path), 0600);
	assert_int_equal(mode_of(w.master), 0600);
	assert_int_equal(mode_of(lock), 0600);
	assert_false(in_file(w.path, w.key.k.bytes, 16));
	assert_false(in_file(w.path, w.key.opc.bytes, 16));
	assert_false(in_file(w.path, "0123456789abcdef", 16));
	assert_false(in_file(w.path, "ks.a", 4));
	drop_world(&w);
}

static void one_owner_at_a_time(void **state)
{
	struct world w;
	struct se_soft *other = NULL;
	int status = 0;

	(void)state;
	make_world(&w);
	assert_err(ERR_WRONG_STATE, se_soft_open(&w.env.env, w.path, w.master, &other));
	assert_said("in use");
	assert_null(other);
	pid_t child = fork();

	if (child == 0) {
		enum err err = se_soft_open(&w.env.env, w.path, w.master, &other);

		_exit(err == ERR_WRONG_STATE ? 42 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 42);
	assert_ok(put(&w, "a", "b")); /* its file is another one now, the lock is not */
	assert_err(ERR_WRONG_STATE, se_soft_open(&w.env.env, w.path, w.master, &other));
	reopen(&w);
	drop_world(&w);
}

static void it_is_made_once(void **state)
{
	struct world w;
	struct aka_key key;
	BUF_CLEANUP struct buf master = buf_growing(0);
	BUF_CLEANUP struct buf again = buf_growing(0);

	(void)state;
	make_world(&w);
	se_soft_close(w.se);
	w.se = NULL;
	assert_err(ERR_EXISTS, se_soft_create(&w.env.env, w.path, w.master, &w.key));
	assert_ok(text_read_file(w.master, 4096, &master));
	assert_int_equal(unlink(w.path), 0); /* a power cut came between the two files */
	assert_ok(se_soft_create(&w.env.env, w.path, w.master, &w.key));
	assert_ok(text_read_file(w.master, 4096, &again));
	assert_true(view_equal(buf_contents(&master), buf_contents(&again)));
	assert_ok(open_se(&w));
	key = w.key;
	key.opc.len = 15;
	assert_err(ERR_RANGE, se_soft_create(&w.env.env, "/tmp/none", w.master, &key));
	key = w.key;
	key.k.len = 0;
	assert_err(ERR_RANGE, se_soft_create(&w.env.env, "/tmp/none", w.master, &key));
	assert_err(ERR_IO, se_soft_create(&w.env.env, "/nowhere/se", w.master, &w.key));
	drop_world(&w);
}

static void the_wrong_master_key_is_told(void **state)
{
	static const char other[] =
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
	struct world w;

	(void)state;
	make_world(&w);
	se_soft_close(w.se);
	assert_ok(text_write_file(w.master, view_text(other), 0600));
	assert_err(ERR_AUTH, open_se(&w));
	assert_said("wrong master key");
	assert_said(w.path);
	assert_int_equal(chmod(w.master, 0644), 0);
	assert_err(ERR_CONFIG, open_se(&w));
	assert_ok(text_write_file(w.master, view_text("short\n"), 0600));
	assert_err(ERR_CONFIG, open_se(&w));
	assert_int_equal(unlink(w.master), 0);
	assert_err(ERR_CONFIG, open_se(&w));
	assert_int_equal(unlink(w.path), 0);
	assert_err(ERR_IO, open_se(&w));
	assert_said("No such file");
	drop_world(&w);
}

/* Cut off at every length, and every byte changed: told, never taken. */
static void a_damaged_file_is_told(void **state)
{
	struct world w;
	BUF_CLEANUP struct buf file = buf_growing(0);

	(void)state;
	make_world(&w);
	assert_ok(put(&w, "a", "value"));
	se_soft_close(w.se);
	assert_ok(text_read_file(w.path, 1 << 20, &file));
	for (size_t len = 0; len < file.len; len++) {
		assert_ok(text_write_file(w.path, view_of(file.data, len), 0600));
		enum err err = open_se(&w);

		assert_true(err == ERR_SYNTAX || err == ERR_AUTH);
		assert_said(w.path);
	}
	for (size_t at = 0; at < file.len; at++) {
		file.data[at] ^= 1;
		assert_ok(text_write_file(w.path, buf_contents(&file), 0600));
		enum err err = open_se(&w);

		assert_true(err == ERR_SYNTAX || err == ERR_AUTH || err == ERR_NOT_FOUND);
		assert_said(w.path);
		file.data[at] ^= 1;
	}
	assert_ok(text_write_file(w.path, buf_contents(&file), 0600));
	assert_ok(open_se(&w));
	assert_value(&w, "a", "value");
	drop_world(&w);
}

/* --- power cuts --- */

/*
 * Whichever call of a write fails: the element goes on as if nothing had been asked, and so does the next one to open the
 * file. But when only the folder was not synced, the file may be the new one: then RES was not given away.
 */
static void a_write_that_fails_leaves_memory_and_disk_as_they_were(void **state)
{
	enum { CALLS = 4 }; /* write, fsync, rename, fsync of the folder */
	struct world w;
	struct vector v;
	struct aka_result result;

	(void)state;
	make_world(&w);
	assert_ok(put(&w, "a", "before"));
	for (int call = 0; call < CALLS; call++) {
		for (int reopened = 0; reopened < 2; reopened++) {
			bool last = call == CALLS - 1;

			disk_left = call;
			assert_err(ERR_IO, put(&w, "a", "after"));
			disk_left = call;
			assert_err(ERR_IO, put(&w, "a", ""));
			disk_left = call;
			assert_err(ERR_IO, put(&w, "b", "new"));
			next_vector(&w, &v);
			disk_left = call;
			assert_err(ERR_IO, answer(&w, &v, &result));
			assert_int_equal(disk_left, -1);
			assert_int_equal(result.res.len + result.ck.len + result.ik.len, 0);
			if (reopened) {
				reopen(&w);
			}
			assert_value(&w, "a", "before");
			assert_value(&w, "b", NULL);
			assert_err(last && reopened ? ERR_SYNC : OK, answer(&w, &v, &result));
		}
	}
	disk_left = CALLS;
	assert_ok(put(&w, "a", "after"));
	assert_int_equal(disk_left, 0);
	disk_left = -1;
	drop_world(&w);
}

static void leftovers_of_a_killed_write_are_removed(void **state)
{
	char leftover[80], other[80];
	struct world w;

	(void)state;
	make_world(&w);
	(void)snprintf(leftover, sizeof(leftover), "%s.Ab12Cd.part", w.path);
	(void)snprintf(other, sizeof(other), "%s.backup", w.path);
	assert_ok(text_write_file(leftover, view_text("half"), 0600));
	assert_ok(text_write_file(other, view_text("mine"), 0600));
	se_soft_close(w.se);
	assert_ok(open_se(&w));
	assert_int_not_equal(access(leftover, F_OK), 0);
	assert_int_equal(access(other, F_OK), 0);
	drop_world(&w);
}

enum { KILLS = 12, VECTORS = 64 };

/* Accepts challenge after challenge, and says so after each; killed at any time. */
static void accept_all(struct world *w, const struct vector *vectors, int from, int to_parent)
{
	struct aka_result result;

	se_soft_close(w->se);
	if (open_se(w) != OK) {
		_exit(1);
	}
	for (int i = from; i < VECTORS; i++) {
		uint8_t accepted = (uint8_t)i;

		if (answer(w, &vectors[i], &result) != OK ||
			__real_write(to_parent, &accepted, 1) != 1) {
			_exit(2);
		}
	}
	_exit(0);
}

/* Lets it accept a few, kills it, and gives the number of the last that it said it accepted. */
static int kill_one(struct world *w, const struct vector *vectors, int from, int after)
{
	int pipes[2], last = from - 1;
	uint8_t accepted;

	assert_int_equal(pipe(pipes), 0);
	se_soft_close(w->se);
	w->se = NULL;
	pid_t child = fork();

	if (child == 0) {
		(void)close(pipes[0]);
		accept_all(w, vectors, from, pipes[1]);
	}
	(void)close(pipes[1]);
	for (int i = 0; i < after && read(pipes[0], &accepted, 1) == 1; i++) {
		last = accepted;
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	while (read(pipes[0], &accepted, 1) == 1) {
		last = accepted;
	}
	(void)close(pipes[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return last;
}

/* req: B7.4-d */
static void killed_at_any_time_it_accepts_no_number_twice(void **state)
{
	static struct vector vectors[VECTORS];
	struct world w;
	struct aka_result result;
	int from = 0;

	(void)state;
	make_world(&w);
	for (int i = 0; i < VECTORS; i++) {
		next_vector(&w, &vectors[i]);
	}
	for (int round = 0; round < KILLS && from < VECTORS - 8; round++) {
		int last = kill_one(&w, vectors, from, round % 4);

		assert_ok(open_se(&w));
		for (int i = last; i >= 0; i -= 5) {
			assert_err(ERR_SYNC, answer(&w, &vectors[i], &result));
		}
		/* One more may have been spent without word of it. */
		from = last + 1;
		if (answer(&w, &vectors[from], &result) != OK) {
			assert_ok(answer(&w, &vectors[from + 1], &result));
			from++;
		}
		from++;
	}
	assert_true(from > KILLS);
	drop_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_answers_challenges_of_its_key_once),
		TEST(keys_are_derived_from_and_do_not_come_out),
		TEST(values_last),
		TEST(labels_and_room_are_bounded),
		TEST(each_realm_s_client_has_a_key_of_its_own),
		TEST(keys_are_dropped_but_for_the_last),
		TEST(its_files_are_its_owner_s_alone_and_show_nothing),
		TEST(one_owner_at_a_time),
		TEST(it_is_made_once),
		TEST(the_wrong_master_key_is_told),
		TEST(a_damaged_file_is_told),
		TEST(a_write_that_fails_leaves_memory_and_disk_as_they_were),
		TEST(leftovers_of_a_killed_write_are_removed),
		TEST(killed_at_any_time_it_accepts_no_number_twice),
	};
	return RUN_TESTS(tests);
}
