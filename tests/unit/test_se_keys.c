// SPDX-License-Identifier: Apache-2.0
/* The software secure element's keys: its own pair, further clients', and those that replace others. */
#include "test.h"

#include "base/text.h"
#include "device/se_soft.h"
#include "fake_env.h"
#include "wire/jose.h"
#include "wire/key_json.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define OLD "001010123456789@old.example"
#define NEW "001010123456789@new.example"
#define KS  "ks.1"

/* --- a disk whose power fails at the n-th call, and stays away --- */

static int disk_left = -1; /* calls until then; -1: never */

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
	if (disk_left > 0) {
		disk_left--;
		return false;
	}
	errno = EIO;
	return true;
}

ssize_t __wrap_write(int fd, const void *from, size_t len)
{
	return fails() ? -1 : __real_write(fd, from, len);
}

int __wrap_fsync(int fd)
{
	(void)fd;
	return fails() ? -1 : 0;
}

int __wrap_rename(const char *from, const char *to)
{
	return fails() ? -1 : __real_rename(from, to);
}

/* --- a device, and the vault of the realm that it is of --- */

struct world {
	struct fake_env env;
	struct aka *network;
	struct aka_key key; /* that the vault has in use */
	uint64_t sqn;
	struct aka_key next; /* that it has made, if has_next */
	bool has_next;
	struct ident old, new;
	char dir[32], path[64], master[64];
	struct se_soft *se;
};

static void make_key(const char *k, struct aka_key *ret)
{
	*ret = (struct aka_key){.algorithm = AKA_MILENAGE, .amf = {0x80, 0}};
	assert_ok(secret_from_hex(&ret->k, view_text(k)));
	assert_ok(secret_from_hex(&ret->opc, view_text("cd63cb71954a9f4e48a5994e37a02baf")));
}

static void make_world(struct world *w)
{
	*w = (struct world){.env = fake_env_of(1), .sqn = 32};
	make_key("465b5ce8b199b49faa5f0a2ee238a6bc", &w->key);
	assert_ok(ident_parse(IDENT_CLIENT, view_text(OLD), &w->old));
	assert_ok(ident_parse(IDENT_CLIENT, view_text(NEW), &w->new));
	assert_ok(aka_new(&w->network));
	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/se_keys.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	(void)snprintf(w->path, sizeof(w->path), "%s/se.sealed", w->dir);
	(void)snprintf(w->master, sizeof(w->master), "%s/se.master", w->dir);
	assert_ok(se_soft_create(&w->env.env, w->path, w->master, &w->key));
	assert_ok(se_soft_open(&w->env.env, w->path, w->master, &w->se));
}

static void drop_world(struct world *w)
{
	char command[64];

	disk_left = -1;
	se_soft_close(w->se);
	aka_free(w->network);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", w->dir);
	assert_int_equal(system(command), 0);
}

static void reopen(struct world *w)
{
	disk_left = -1;
	se_soft_close(w->se);
	w->se = NULL;
	assert_ok(se_soft_open(&w->env.env, w->path, w->master, &w->se));
}

/* A challenge under a key, at a sequence number. */
static enum err challenge(struct world *w, const struct ident *client, const struct aka_key *key,
	uint64_t sqn)
{
	struct aka_result result __attribute__((cleanup(aka_result_wipe))) = {.auts = {0}};
	uint8_t rand[RAND_SIZE];
	struct vector v;

	assert_ok(w->env.env.random(&w->env.env, rand, sizeof(rand)));
	assert_ok(vector_make(w->network, key, rand, sqn, &v));
	return se_soft_ops.aka(w->se, client, v.rand, v.autn, &result);
}

static enum err bootstrap(struct world *w, const struct ident *client)
{
	assert_ok(sqn_next(w->sqn, &w->sqn));
	return challenge(w, client, &w->key, w->sqn);
}

/* --- its own pair --- */

static enum err sign(void *user, struct view text, struct buf *ret)
{
	return se_soft_ops.sign(user, text, ret);
}

/* req: B10.6.2 */
static void its_own_key_is_made_once_and_signs(void **state)
{
	struct world w;
	uint8_t bytes[JOSE_PUBLIC_MAX], again[JOSE_PUBLIC_MAX];
	struct buf first = buf_fixed(bytes, sizeof(bytes));
	struct buf second = buf_fixed(again, sizeof(again));
	BUF_CLEANUP struct buf jws = buf_growing(4096);
	BUF_CLEANUP struct buf payload = buf_growing(4096);
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;

	(void)state;
	make_world(&w);
	assert_err(ERR_NOT_FOUND, se_soft_ops.own_key(w.se, false, &first));
	assert_err(ERR_UNSUPPORTED, se_soft_ops.sign(w.se, view_text("text"), &jws));
	assert_ok(se_soft_ops.own_key(w.se, true, &first));
	reopen(&w);
	assert_ok(se_soft_ops.own_key(w.se, true, &second));
	assert_true(view_equal(buf_contents(&first), buf_contents(&second)));
	assert_ok(jose_key_from_public(buf_contents(&first), &key));
	assert_ok(jose_sign_with(key, sign, w.se, "test", view_text("hello"), &jws));
	assert_ok(jose_verify((const struct jose_key *const *)&key, 1, "test", buf_contents(&jws),
		&payload));
	assert_view(buf_contents(&payload), "hello");
	assert_ok(bootstrap(&w, &w.old)); /* all else is as it was */
	drop_world(&w);
}

/* A key that was told of is kept. */
static void a_pair_that_could_not_be_kept_is_none(void **state)
{
	(void)state;
	for (int n = 0;; n++) {
		struct world w;
		uint8_t bytes[JOSE_PUBLIC_MAX], again[JOSE_PUBLIC_MAX];
		struct buf first = buf_fixed(bytes, sizeof(bytes));
		struct buf second = buf_fixed(again, sizeof(again));

		make_world(&w);
		disk_left = n;
		enum err err = se_soft_ops.own_key(w.se, true, &first);

		reopen(&w);
		if (err == OK) {
			assert_ok(se_soft_ops.own_key(w.se, false, &second));
			assert_true(view_equal(buf_contents(&first), buf_contents(&second)));
			drop_world(&w);
			assert_true(n > 2);
			return;
		}
		assert_int_equal(first.len, 0);
		drop_world(&w);
	}
}

/* --- one more client with the same key --- */

/* req: B10.6.1 */
static void a_key_that_is_adopted_goes_with_its_sequence_numbers(void **state)
{
	struct world w;

	(void)state;
	make_world(&w);
	assert_ok(bootstrap(&w, &w.old));
	uint64_t used = w.sqn;

	assert_ok(se_soft_ops.keys->adopt(w.se, &w.new, &w.old));
	assert_true(se_soft_ops.keys->same(w.se, &w.new, &w.old));
	reopen(&w);
	assert_err(ERR_SYNC, challenge(&w, &w.new, &w.key, used));
	assert_ok(bootstrap(&w, &w.new));
	assert_ok(se_soft_ops.keys->adopt(w.se, &w.new, &w.old)); /* nothing is set back */
	assert_err(ERR_SYNC, challenge(&w, &w.new, &w.key, w.sqn));
	drop_world(&w);
}

/* Asked again after power failed, it takes nobody else's key. */
static void forgetting_twice_takes_one_key_alone(void **state)
{
	struct world w;
	struct ident third;

	(void)state;
	make_world(&w);
	assert_ok(ident_parse(IDENT_CLIENT, view_text("001010123456780@third.example"), &third));
	assert_ok(se_soft_ops.keys->forget(w.se, &w.new)); /* it has none */
	assert_ok(bootstrap(&w, &w.old));
	assert_ok(se_soft_ops.keys->adopt(w.se, &third, &w.old));
	assert_ok(se_soft_ops.keys->forget(w.se, &w.new));
	assert_ok(bootstrap(&w, &w.old));
	assert_ok(bootstrap(&w, &third));
	assert_ok(se_soft_ops.keys->adopt(w.se, &w.new, &w.old));
	for (int i = 0; i < 3; i++) {
		assert_ok(se_soft_ops.keys->forget(w.se, &w.old));
		reopen(&w);
		assert_ok(bootstrap(&w, &w.new));
		assert_ok(bootstrap(&w, &third));
	}
	assert_err(ERR_NOT_FOUND, se_soft_ops.keys->adopt(w.se, &w.old, &w.old));
	assert_ok(se_soft_ops.keys->forget(w.se, &third));
	assert_ok(se_soft_ops.keys->forget(w.se, &third));
	assert_err(ERR_WRONG_STATE, se_soft_ops.keys->forget(w.se, &w.new));
	assert_ok(bootstrap(&w, &w.new));
	drop_world(&w);
}

static void there_is_room_for_four(void **state)
{
	struct world w;

	(void)state;
	make_world(&w);
	for (int i = 0; i < 4; i++) {
		char name[64];
		struct ident client;

		(void)snprintf(name, sizeof(name), "00101012345678%d@r.example", i);
		assert_ok(ident_parse(IDENT_CLIENT, view_text(name), &client));
		assert_err(i < 3 ? OK : ERR_RANGE, se_soft_ops.keys->adopt(w.se, &client, &w.old));
	}
	drop_world(&w);
}

/* --- a key update --- */

/* What one run of it says. */
struct run {
	struct token_base base;
	uint8_t device_public[KEY_UPDATE_PUBLIC], vault_public[KEY_UPDATE_PUBLIC];
	uint8_t mac[KEY_UPDATE_MAC], confirm[KEY_UPDATE_MAC], confirmed[KEY_UPDATE_MAC];
	struct buf sealed;
	uint8_t bytes[KEY_UPDATE_PLAIN_MAX + KEY_UPDATE_OVERHEAD];
};

static void prepare(struct world *w, struct run *r)
{
	static const uint8_t ks[32] = {7, 7};

	*r = (struct run){.base = {.client = w->new}};
	assert_ok(ident_parse(IDENT_FQDN, view_text("authn1.new.example"), &r->base.node));
	assert_ok(ident_parse(IDENT_FQDN, view_text("new.example"), &r->base.realm));
	assert_ok(secret_set(&r->base.ks, ks, sizeof(ks)));
	r->sealed = buf_fixed(r->bytes, sizeof(r->bytes));
}

static enum err begin(struct world *w, struct run *r)
{
	struct token_base without = r->base;

	secret_wipe(&without.ks);
	TRY(se_soft_ops.store(w->se, KS, secret_view(&r->base.ks)));
	return se_soft_ops.keys->begin(w->se, KS, &without, view_text("binding"),
		view_text("token"), r->device_public, r->mac);
}

/* The vault makes another key, and seals it. */
static void vault_answers(struct world *w, struct run *r, const struct aka_key *key, uint64_t sqn)
{
	struct key_update_keys keys;
	uint8_t mac[KEY_UPDATE_MAC];
	SECRET(own);
	BUF_CLEANUP struct buf plain = buf_growing(1024);

	assert_ok(key_update_derive(&r->base, view_text("binding"), &keys));
	assert_ok(key_update_request_mac(&keys.mac, view_text("token"), r->device_public, mac));
	assert_memory_equal(mac, r->mac, sizeof(mac));
	assert_ok(key_update_pair(&own, r->vault_public));
	assert_ok(key_document_write(key, sqn, &plain));
	const struct key_update_exchange e = {.own = &own,
		.wrap = &keys.wrap,
		.client = &w->new,
		.device_public = r->device_public,
		.vault_public = r->vault_public};

	buf_clear(&r->sealed);
	assert_ok(key_update_seal(&e, buf_contents(&plain), &r->sealed));
	w->next = *key;
	w->has_next = true;
}

static enum err install(struct world *w, struct run *r)
{
	return se_soft_ops.keys->install(w->se, r->vault_public, buf_contents(&r->sealed),
		r->confirm);
}

/* One unit: the next key is the key, or nothing changes. */
static bool vault_switches(struct world *w, struct run *r)
{
	uint8_t expected[KEY_UPDATE_MAC];

	assert_ok(key_update_confirm(&w->next.k, KEY_UPDATE_CONFIRM, &w->new, view_text("token"),
		expected));
	if (!w->has_next || memcmp(expected, r->confirm, sizeof(expected)) != 0) {
		return false;
	}
	assert_ok(key_update_confirm(&w->next.k, KEY_UPDATE_CONFIRMED, &w->new, view_text("token"),
		r->confirmed));
	w->key = w->next;
	w->sqn = 0;
	w->has_next = false;
	return true;
}

/* req: B10.6.1 */
static void the_new_key_serves_once_both_have_it(void **state)
{
	struct world w;
	struct run r;
	struct aka_key old, new;

	(void)state;
	make_world(&w);
	old = w.key;
	make_key("00112233445566778899aabbccddeeff", &new);
	assert_ok(se_soft_ops.keys->adopt(w.se, &w.new, &w.old));
	prepare(&w, &r);
	assert_ok(begin(&w, &r));
	vault_answers(&w, &r, &new, 0);
	assert_ok(install(&w, &r));
	assert_true(se_soft_ops.keys->same(w.se, &w.new, &w.old)); /* until it is confirmed */
	assert_ok(bootstrap(&w, &w.new));
	assert_true(vault_switches(&w, &r));
	r.confirmed[0] ^= 1;
	assert_err(ERR_AUTH, se_soft_ops.keys->promote(w.se, r.confirmed));
	r.confirmed[0] ^= 1;
	assert_ok(se_soft_ops.keys->promote(w.se, r.confirmed));
	assert_err(ERR_WRONG_STATE, se_soft_ops.keys->promote(w.se, r.confirmed));
	reopen(&w);
	assert_false(se_soft_ops.keys->same(w.se, &w.new, &w.old));
	assert_ok(bootstrap(&w, &w.new));
	assert_err(ERR_AUTH, challenge(&w, &w.new, &old, 3200)); /* the old operator's */
	assert_ok(challenge(&w, &w.old, &old, 3200));
	drop_world(&w);
}

/* The old operator's update was confirmed at its vault alone; the device changes operator, and hears of it from the new one. */
static void a_key_that_was_to_replace_another_is_still_the_old_operators(void **state)
{
	struct world w;
	struct run r;
	struct aka_key next;
	struct ident third;

	(void)state;
	make_world(&w);
	make_key("00112233445566778899aabbccddeeff", &next);
	assert_ok(ident_parse(IDENT_CLIENT, view_text("001010123456780@third.example"), &third));
	assert_ok(se_soft_ops.keys->adopt(w.se, &w.new, &w.old));
	prepare(&w, &r);
	assert_ok(begin(&w, &r));
	vault_answers(&w, &r, &next, 0);
	assert_ok(install(&w, &r));
	assert_ok(se_soft_ops.keys->adopt(w.se, &third, &w.new));
	assert_ok(challenge(&w, &third, &next, 64));
	assert_true(se_soft_ops.keys->same(w.se, &third, &w.new));
	assert_true(se_soft_ops.keys->same(w.se, &w.new, &third));
	assert_false(se_soft_ops.keys->same(w.se, &third, &w.old));
	drop_world(&w);
}

static void keys_of_others_are_not_installed(void **state)
{
	struct world w;
	struct run r, other;
	struct aka_key new;

	(void)state;
	make_world(&w);
	make_key("00112233445566778899aabbccddeeff", &new);
	assert_ok(se_soft_ops.keys->adopt(w.se, &w.new, &w.old));
	prepare(&w, &r);
	assert_err(ERR_WRONG_STATE, install(&w, &r));
	assert_err(ERR_NOT_FOUND, se_soft_ops.keys->begin(w.se, "ks.none", &r.base, view_text(""),
					  view_text("t"), r.device_public, r.mac));
	assert_err(ERR_NOT_FOUND, se_soft_ops.keys->begin(w.se, "token", &r.base, view_text(""),
					  view_text("t"), r.device_public, r.mac));
	assert_ok(begin(&w, &r));
	vault_answers(&w, &r, &w.key, 0); /* the old one again: nothing would have changed */
	assert_err(ERR_RANGE, install(&w, &r));
	vault_answers(&w, &r, &new, 0);
	r.sealed.data[r.sealed.len - 1] ^= 1;
	assert_err(ERR_AUTH, install(&w, &r));
	r.sealed.data[r.sealed.len - 1] ^= 1;
	other = r;
	other.sealed.data = other.bytes;
	assert_ok(begin(&w, &r)); /* begun anew: an answer to the run before is none */
	assert_err(ERR_AUTH, install(&w, &other));
	vault_answers(&w, &r, &new, 0);
	assert_ok(install(&w, &r));
	assert_err(ERR_WRONG_STATE, install(&w, &r)); /* one answer a run */
	assert_ok(bootstrap(&w, &w.new));
	drop_world(&w);
}

/* Sequence numbers go on from where the realm's stand. */
static void nothing_from_before_the_new_counter_is_taken(void **state)
{
	struct world w;
	struct run r;
	struct aka_key new;

	(void)state;
	make_world(&w);
	make_key("00112233445566778899aabbccddeeff", &new);
	assert_ok(se_soft_ops.keys->adopt(w.se, &w.new, &w.old));
	prepare(&w, &r);
	assert_ok(begin(&w, &r));
	vault_answers(&w, &r, &new, 6400);
	assert_ok(install(&w, &r));
	reopen(&w);
	assert_err(ERR_SYNC, challenge(&w, &w.new, &new, 6400));
	assert_ok(challenge(&w, &w.new, &w.key, 64)); /* that was no use of it */
	assert_ok(challenge(&w, &w.new, &new, 6432)); /* this is */
	assert_err(ERR_AUTH, challenge(&w, &w.new, &w.key, 96));
	drop_world(&w);
}

/* The whole of it; where it stops, it stops. */
static void go(struct world *w, struct run *r, const struct aka_key *new)
{
	if (se_soft_ops.keys->adopt(w->se, &w->new, &w->old) != OK || bootstrap(w, &w->new) != OK ||
		begin(w, r) != OK) {
		return;
	}
	vault_answers(w, r, new, 0);
	if (install(w, r) == OK && vault_switches(w, r)) {
		(void)!se_soft_ops.keys->promote(w->se, r->confirmed);
	}
}

/*
 * Power fails at every call to the disk in turn: afterwards the realm's key is one that the device has, whichever it is,
 * and the other serves no more once that was used.  req: B10.6.1
 */
static void wherever_power_fails_one_key_works(void **state)
{
	int switched = 0, kept = 0;

	(void)state;
	for (int n = 0;; n++) {
		struct world w;
		struct run r;
		struct aka_key old, new;

		make_world(&w);
		old = w.key;
		make_key("00112233445566778899aabbccddeeff", &new);
		prepare(&w, &r);
		disk_left = n;
		go(&w, &r, &new);
		bool cut = disk_left == 0;

		reopen(&w);
		assert_ok(bootstrap(&w, &w.new));
		bool is_new = secret_equal(&w.key.k, &new.k);

		switched += is_new;
		kept += !is_new;
		if (is_new) {
			assert_err(ERR_AUTH, challenge(&w, &w.new, &old, 9600));
		}
		/* Run again it ends well, from wherever it stood. */
		prepare(&w, &r);
		make_key("ffeeddccbbaa99887766554433221100", &new);
		go(&w, &r, &new);
		assert_true(secret_equal(&w.key.k, &new.k));
		assert_ok(bootstrap(&w, &w.new));
		assert_err(ERR_AUTH, challenge(&w, &w.new, &old, 9632));
		drop_world(&w);
		if (!cut) {
			break;
		}
	}
	assert_true(switched > 3 && kept > 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(its_own_key_is_made_once_and_signs),
		TEST(a_pair_that_could_not_be_kept_is_none),
		TEST(a_key_that_is_adopted_goes_with_its_sequence_numbers),
		TEST(forgetting_twice_takes_one_key_alone),
		TEST(there_is_room_for_four),
		TEST(the_new_key_serves_once_both_have_it),
		TEST(a_key_that_was_to_replace_another_is_still_the_old_operators),
		TEST(keys_of_others_are_not_installed),
		TEST(nothing_from_before_the_new_counter_is_taken),
		TEST(wherever_power_fails_one_key_works),
	};
	return RUN_TESTS(tests);
}
