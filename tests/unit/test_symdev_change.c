// SPDX-License-Identifier: Apache-2.0
/*
 * A device changes its operator, over the software secure element, against the two realms as a puppet. Power fails at every
 * change of it in turn.  req: B10.6.1 B10.6.2
 */
#include "test.h"

#include "base/text.h"
#include "device/se_soft.h"
#include "device/symdev_change.h"
#include "device/token.h"
#include "fake_env.h"
#include "wire/json.h"
#include "wire/key_json.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OLD	"001010123456789@old.example"
#define NEW	"001010123456789@new.example"
#define BINDING "0123456789abcdef0123456789abcdef"

/* --- a disk whose power fails at the n-th call, and stays away --- */

static int disk_left = -1; /* calls until then; -1: never */

int __real_rename(const char *from, const char *to);
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

/* Two ways a change: it was not made, or it was and nobody has heard so. test_se_keys.c has all of them. */
int __wrap_fsync(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && fails() ? -1 : 0;
}

int __wrap_rename(const char *from, const char *to)
{
	return fails() ? -1 : __real_rename(from, to);
}

/* --- two realms and a device --- */

/* One realm's vault, and what its authentication node has of the last bootstrap. */
struct realm {
	struct ident client, name, node;
	struct aka_key key, next;
	bool has_next, update_due;
	uint64_t sqn;
	struct token_base base;
	struct key_update_keys keys;
};

struct world {
	struct fake_env env;
	struct aka *network;
	struct realm old, new;
	struct jose_key *old_key, *new_key; /* that sign the realms' documents */
	struct jose_key *device_key;	    /* the public half, as the old realm has it */
	struct ident app;
	char dir[40], path[64], master[64];
	struct se_soft *se;
	struct symdev_change change;
	uint8_t tokens; /* of the new realm, to tell them apart */
	int updates;	/* that ended */
	char answer[4096];
};

static void must_ident(enum ident_kind kind, const char *text, struct ident *ret)
{
	assert_ok(ident_parse(kind, view_text(text), ret));
}

static void make_key(const char *k, struct aka_key *ret)
{
	*ret = (struct aka_key){.algorithm = AKA_MILENAGE, .amf = {0x80, 0}};
	assert_ok(secret_from_hex(&ret->k, view_text(k)));
	assert_ok(secret_from_hex(&ret->opc, view_text("cd63cb71954a9f4e48a5994e37a02baf")));
}

static void make_realm(const char *client, const char *name, const char *node, struct realm *ret)
{
	*ret = (struct realm){.sqn = 32};
	must_ident(IDENT_CLIENT, client, &ret->client);
	must_ident(IDENT_FQDN, name, &ret->name);
	must_ident(IDENT_FQDN, node, &ret->node);
	make_key("465b5ce8b199b49faa5f0a2ee238a6bc", &ret->key);
}

static void list_realm(const struct realm *realm, const struct jose_key *anchor,
	struct symdev_realm *ret)
{
	struct buf out;

	*ret = (struct symdev_realm){.client = realm->client, .node_count = 1, .anchor_count = 1};
	ret->nodes[0].host = realm->node;
	out = buf_fixed(ret->anchors[0].bytes, JOSE_PUBLIC_MAX);
	assert_ok(jose_key_public(anchor, &out));
	ret->anchors[0].len = (uint8_t)out.len;
}

static void open_se(struct world *w)
{
	w->se = NULL;
	assert_ok(se_soft_open(&w->env.env, w->path, w->master, &w->se));
}

static void reopen(struct world *w)
{
	disk_left = -1;
	se_soft_close(w->se);
	open_se(w);
	(void)!symdev_change_load(&se_soft_ops, w->se, &w->change);
}

static struct symdev_token bootstrap(struct world *w, struct realm *realm, enum err expected);

static void make_world(struct world *w)
{
	uint8_t bytes[JOSE_PUBLIC_MAX];
	struct buf own = buf_fixed(bytes, sizeof(bytes));
	struct symdev_realm first;

	*w = (struct world){.env = fake_env_of(1)};
	make_realm(OLD, "old.example", "authn1.old.example", &w->old);
	make_realm(NEW, "new.example", "authn1.new.example", &w->new);
	must_ident(IDENT_APPLICATION, "app.example", &w->app);
	assert_ok(aka_new(&w->network));
	assert_ok(jose_key_make(JOSE_ES256, &w->old_key));
	assert_ok(jose_key_make(JOSE_EDDSA, &w->new_key));
	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/symdev_change.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	(void)snprintf(w->path, sizeof(w->path), "%s/se.sealed", w->dir);
	(void)snprintf(w->master, sizeof(w->master), "%s/se.master", w->dir);
	assert_ok(se_soft_create(&w->env.env, w->path, w->master, &w->old.key));
	open_se(w);
	assert_ok(se_soft_ops.own_key(w->se, true, &own));
	assert_ok(jose_key_from_public(buf_contents(&own), &w->device_key));
	list_realm(&w->old, w->old_key, &first);
	assert_ok(symdev_realm_add(&se_soft_ops, w->se, &first));
	(void)bootstrap(w, &w->old, OK);
}

static void drop_world(struct world *w)
{
	char command[64];

	disk_left = -1;
	se_soft_close(w->se);
	aka_free(w->network);
	jose_key_free(w->old_key);
	jose_key_free(w->new_key);
	jose_key_free(w->device_key);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", w->dir);
	assert_int_equal(system(command), 0);
}

/* Sequence numbers go with a key: the new realm goes on where the old one stands. */
static uint64_t next_sqn(struct world *w, struct realm *realm)
{
	const struct realm *other = realm == &w->old ? &w->new : &w->old;

	if (secret_equal(&realm->key.k, &other->key.k) && other->sqn > realm->sqn) {
		realm->sqn = other->sqn;
	}
	assert_ok(sqn_next(realm->sqn, &realm->sqn));
	return realm->sqn;
}

/* 10.4, without its messages: a challenge of this realm's, and the token that both make of it. */
static struct symdev_token bootstrap(struct world *w, struct realm *realm, enum err expected)
{
	struct aka_result result __attribute__((cleanup(aka_result_wipe))) = {.auts = {0}};
	struct symdev_token token = {.format = TOKEN_Y3056,
		.client = realm->client,
		.node = realm->node,
		.realm = realm->name,
		.application = w->app,
		.from = env_wall(&w->env.env),
		.until = env_wall(&w->env.env) + 3600};
	struct token_base base = {.client = realm->client,
		.node = realm->node,
		.realm = realm->name};
	struct vector v;
	uint8_t ks[32];

	token.applications[token.application_count++] = w->app;
	assert_ok(w->env.env.random(&w->env.env, base.rand, RAND_SIZE));
	assert_ok(vector_make(w->network, &realm->key, base.rand, next_sqn(w, realm), &v));
	assert_err(expected, se_soft_ops.aka(w->se, &realm->client, v.rand, v.autn, &result));
	if (expected != OK) {
		return token;
	}
	memcpy(ks, v.ck.bytes, 16);
	memcpy(ks + 16, v.ik.bytes, 16);
	assert_memory_equal(result.ck.bytes, ks, 16);
	assert_ok(secret_set(&base.ks, ks, sizeof(ks)));
	memcpy(token.rand, base.rand, RAND_SIZE);
	assert_ok(token_id(TOKEN_Y3056, &base, &w->app, token.id));
	realm->base = base;
	token.key_update = realm->update_due;
	return token;
}

/* The same for a device whose power may fail. */
static enum err try_bootstrap(struct world *w, struct realm *realm, struct symdev_token *ret)
{
	struct aka_result result __attribute__((cleanup(aka_result_wipe))) = {.auts = {0}};
	struct vector v;
	uint8_t rand[RAND_SIZE];

	if (disk_left >= 0) { /* what the device would have to keep before it answers */
		assert_ok(w->env.env.random(&w->env.env, rand, RAND_SIZE));
		assert_ok(vector_make(w->network, &realm->key, rand, next_sqn(w, realm), &v));
		TRY(se_soft_ops.aka(w->se, &realm->client, v.rand, v.autn, &result));
	}
	int left = disk_left;

	disk_left = -1;
	*ret = bootstrap(w, realm, OK);
	disk_left = left;
	return token_keep(&se_soft_ops, w->se, &realm->base.ks, ret);
}

/* --- RP_C: the node's answers to a key update --- */

static const char *http(struct world *w, const char *body)
{
	static char text[8192];

	(void)w;
	(void)snprintf(text, sizeof(text),
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
		"%zu\r\n\r\n%s",
		strlen(body), body);
	return text;
}

static struct json *request_of(const struct symdev_update *update)
{
	struct view out = symdev_update_output(update);
	const char *body = memmem(out.data, out.len, "\r\n\r\n", 4);
	struct json *root = NULL;

	assert_non_null(body);
	assert_memory_equal(out.data, "POST /key-update HTTP/1.1\r\nHost: authn1.new.example\r\n",
		50);
	assert_ok(json_parse(view_of(body + 4, out.len - (size_t)(body + 4 - (char *)out.data)),
		4096, &root));
	return root;
}

static void get_32(const struct json *root, const char *name, uint8_t ret[32])
{
	struct view text;
	size_t len = 0;

	assert_ok(json_text(root, name, &text));
	assert_ok(text_from_base64url(text, ret, 32, &len, name));
	assert_int_equal(len, 32);
}

static void put_64(struct json_writer *w, const char *name, struct view bytes)
{
	char text[1024];
	struct buf out = buf_fixed(text, sizeof(text));

	text_base64url(&out, bytes);
	json_put_text(w, name, buf_contents(&out));
}

/* The vault's part: another key, sealed for who asks. */
static const char *answer_key(struct world *w, const struct symdev_update *update, const char *k)
{
	struct realm *r = &w->new;
	JSON_CLEANUP struct json *root = request_of(update);
	uint8_t device[32], mac[32], expected[32], own_public[32], sealed_bytes[1024];
	struct buf sealed = buf_fixed(sealed_bytes, sizeof(sealed_bytes));
	struct buf out = buf_fixed(w->answer, sizeof(w->answer));
	BUF_CLEANUP struct buf plain = buf_growing(1024);
	struct json_writer json = json_to(&out);
	SECRET(own);
	struct view token;

	get_32(root, "public", device);
	get_32(root, "mac", mac);
	assert_ok(json_text(root, "token", &token));
	assert_ok(key_update_derive(&r->base, view_text(BINDING), &r->keys));
	assert_ok(key_update_request_mac(&r->keys.mac, token, device, expected));
	assert_memory_equal(mac, expected, sizeof(mac));
	make_key(k, &r->next);
	r->has_next = true;
	assert_ok(key_document_write(&r->next, 0, &plain));
	assert_ok(key_update_pair(&own, own_public));
	const struct key_update_exchange e = {.own = &own,
		.wrap = &r->keys.wrap,
		.client = &r->client,
		.device_public = device,
		.vault_public = own_public};

	assert_ok(key_update_seal(&e, buf_contents(&plain), &sealed));
	json_open(&json, NULL);
	put_64(&json, "public", VIEW(own_public));
	put_64(&json, "sealed", buf_contents(&sealed));
	json_close(&json);
	buf_u8(&out, 0);
	return http(w, w->answer);
}

/* One unit: the next key is the key. */
static const char *answer_confirmed(struct world *w, const struct symdev_update *update)
{
	struct realm *r = &w->new;
	JSON_CLEANUP struct json *root = request_of(update);
	struct buf out = buf_fixed(w->answer, sizeof(w->answer));
	struct json_writer json = json_to(&out);
	uint8_t confirm[32], expected[32];
	struct view token;

	get_32(root, "confirm", confirm);
	assert_ok(json_text(root, "token", &token));
	const struct aka_key *key = r->has_next ? &r->next : &r->key;

	assert_ok(key_update_confirm(&key->k, KEY_UPDATE_CONFIRM, &r->client, token, expected));
	assert_memory_equal(confirm, expected, sizeof(confirm));
	assert_ok(key_update_confirm(&key->k, KEY_UPDATE_CONFIRMED, &r->client, token, expected));
	if (r->has_next) {
		r->key = r->next;
		r->sqn = 0;
		r->has_next = r->update_due = false;
		w->updates++;
	}
	json_open(&json, NULL);
	put_64(&json, "confirmed", VIEW(expected));
	json_close(&json);
	buf_u8(&out, 0);
	return http(w, w->answer);
}

static enum err begin_update(struct world *w, const struct symdev_token *token,
	struct symdev_update *update)
{
	const struct symdev_options options = {.se_ops = &se_soft_ops,
		.se = w->se,
		.env = &w->env.env};

	TRY(symdev_update_begin(update, &options, token));
	return symdev_update_connected(update, view_text(BINDING));
}

static enum err feed(struct symdev_update *update, const char *text)
{
	symdev_update_sent(update, SYMDEV_UPDATE_OUTPUT);
	return symdev_update_input(update, view_text(text));
}

static enum err run_update(struct world *w, const struct symdev_token *token)
{
	static const char *const keys[] = {"00112233445566778899aabbccddeeff",
		"ffeeddccbbaa99887766554433221100", "0102030405060708090a0b0c0d0e0f10"};
	struct symdev_update update;

	TRY(begin_update(w, token, &update));
	TRY(feed(&update, answer_key(w, &update, keys[w->tokens++ % 3])));
	TRY(feed(&update, answer_confirmed(w, &update)));
	assert_true(symdev_update_done(&update));
	symdev_update_end(&update);
	return OK;
}

/* --- the change as a program drives it, from wherever it stands --- */

static enum err begin(struct world *w, enum change_method method)
{
	struct symdev_change_options options = {.se_ops = &se_soft_ops,
		.se = w->se,
		.env = &w->env.env,
		.url = "https://portal.new.example",
		.method = method,
		.lifetime = 3600};

	list_realm(&w->new, w->new_key, &options.realm);
	assert_ok(jose_thumbprint(w->new_key, options.new_key));
	return symdev_change_begin(&options, &w->change);
}

static void make_order(struct world *w, uint64_t serial, struct change_order *ret)
{
	*ret = (struct change_order){.realm = w->old.name,
		.client = w->old.client,
		.new_realm = w->new.name,
		.new_client = w->new.client,
		.key_count = 1,
		.serial = serial,
		.issued = env_wall(&w->env.env),
		.expires = env_wall(&w->env.env) + 60};
	memcpy(ret->nonce, w->change.nonce, sizeof(ret->nonce));
	assert_ok(change_key_of(w->new_key, &ret->keys[0]));
}

static enum err take_order(struct world *w, const struct change_order *order,
	const struct jose_key *signer)
{
	BUF_CLEANUP struct buf jws = buf_growing(CHANGE_JWS);

	assert_ok(change_order_sign(order, signer, &jws));
	return symdev_change_order(&se_soft_ops, w->se, &w->env.env, &w->change, buf_contents(&jws));
}

static enum err go_symmetric(struct world *w)
{
	struct symdev_token token;

	TRY(symdev_change_keyed(&se_soft_ops, w->se, &w->change));
	TRY(try_bootstrap(w, &w->new, &token));
	if (token.key_update) {
		TRY(run_update(w, &token));
	}
	TRY(symdev_change_ready(&se_soft_ops, w->se, &w->change));
	return try_bootstrap(w, &w->new, &token);
}

static enum err go_asymmetric(struct world *w)
{
	BUF_CLEANUP struct buf receipt = buf_growing(CHANGE_JWS);
	struct change_order order;
	struct change_receipt read;
	struct symdev_token token;

	if (w->change.step == SYMDEV_CHANGE_ASKED) {
		make_order(w, 7, &order);
		TRY(take_order(w, &order, w->old_key));
	}
	TRY(symdev_change_receipt(&se_soft_ops, w->se, &w->env.env, &w->change, &receipt));
	assert_ok(change_receipt_verify(w->device_key, buf_contents(&receipt), &read));
	assert_string_equal(read.change, "change-1");
	TRY(symdev_change_ready(&se_soft_ops, w->se, &w->change));
	return try_bootstrap(w, &w->new, &token);
}

static bool is_active(struct world *w, const struct realm *realm)
{
	struct symdev_realm active;

	assert_ok(symdev_realm_active(&se_soft_ops, w->se, &active));
	return ident_equal(&active.client, &realm->client);
}

static enum err go(struct world *w, enum change_method method)
{
	enum err err = symdev_change_load(&se_soft_ops, w->se, &w->change);

	if (err == ERR_NOT_FOUND && is_active(w, &w->new)) {
		return OK;
	}
	if (err == ERR_NOT_FOUND) {
		err = begin(w, method);
	}
	TRY(err);
	TRY(symdev_change_accepted(&se_soft_ops, w->se, &w->change, view_text("change-1")));
	TRY(method == CHANGE_SYMMETRIC ? go_symmetric(w) : go_asymmetric(w));
	return symdev_change_finish(&se_soft_ops, w->se, env_wall(&w->env.env), &w->change);
}

static bool has_token(struct world *w, const struct realm *realm)
{
	struct symdev_token token;

	for (unsigned place = 0; place < SYMDEV_TOKENS; place++) {
		if (symdev_token_at(&se_soft_ops, w->se, &realm->client, place, &token) == OK) {
			return true;
		}
	}
	return false;
}

static void check_end(struct world *w)
{
	struct ident clients[SYMDEV_REALMS];
	size_t count = 0, active = 0;
	struct symdev_token token;

	assert_ok(symdev_realm_list(&se_soft_ops, w->se, clients, &count, &active));
	assert_int_equal(count, 1);
	assert_true(is_active(w, &w->new));
	assert_false(has_token(w, &w->old));
	assert_ok(symdev_token_find(&se_soft_ops, w->se, &w->new.client, &w->app,
		env_wall(&w->env.env), &token));
	assert_err(ERR_NOT_FOUND, symdev_change_load(&se_soft_ops, w->se, &w->change));
	(void)bootstrap(w, &w->new, OK);
}

/* --- 10.6.1 --- */

/* req: B10.6.1 B7.5-g B7.4-e */
static void with_symmetric_keys_the_new_realm_replaces_the_key(void **state)
{
	struct world w;
	struct aka_key old;
	struct symdev_token token;

	(void)state;
	make_world(&w);
	old = w.old.key;
	w.new.update_due = true;
	assert_ok(begin(&w, CHANGE_SYMMETRIC));
	assert_err(ERR_EXISTS, begin(&w, CHANGE_SYMMETRIC));
	assert_err(ERR_WRONG_STATE, symdev_change_ready(&se_soft_ops, w.se, &w.change));
	assert_ok(symdev_change_accepted(&se_soft_ops, w.se, &w.change, view_text("change-1")));
	assert_ok(symdev_change_keyed(&se_soft_ops, w.se, &w.change));
	assert_ok(try_bootstrap(&w, &w.new, &token));
	assert_true(is_active(&w, &w.old));
	/* A realm that leaves the old operator's key in use is not gone over to. */
	assert_err(ERR_WRONG_STATE, symdev_change_ready(&se_soft_ops, w.se, &w.change));
	assert_err(ERR_WRONG_STATE,
		symdev_change_finish(&se_soft_ops, w.se, env_wall(&w.env.env), &w.change));
	assert_ok(run_update(&w, &token));
	assert_ok(symdev_change_ready(&se_soft_ops, w.se, &w.change));
	/* The first token, then what is old. */
	assert_ok(symdev_token_drop(&se_soft_ops, w.se, &w.new.client));
	assert_err(ERR_WRONG_STATE,
		symdev_change_finish(&se_soft_ops, w.se, env_wall(&w.env.env), &w.change));
	assert_true(is_active(&w, &w.old));
	assert_ok(go(&w, CHANGE_SYMMETRIC));
	check_end(&w);
	w.new.key = old; /* the old operator's does not do any more */
	(void)bootstrap(&w, &w.new, ERR_AUTH);
	drop_world(&w);
}

static void the_consent_says_what_was_agreed(void **state)
{
	struct world w;
	struct change_consent consent;

	(void)state;
	make_world(&w);
	assert_ok(begin(&w, CHANGE_SYMMETRIC));
	assert_ok(change_consent_verify(w.device_key, env_wall(&w.env.env),
		view_text(w.change.consent), &consent));
	assert_string_equal(consent.client.text, OLD);
	assert_string_equal(consent.new_client.text, NEW);
	assert_memory_equal(consent.nonce, w.change.nonce, CHANGE_NONCE);
	assert_int_equal(consent.expires - consent.issued, 3600);
	assert_false(consent.pseudonyms);
	assert_ok(symdev_change_abort(&se_soft_ops, w.se, &w.change));
	assert_ok(begin(&w, CHANGE_ASYMMETRIC)); /* another one, another nonce */
	assert_memory_not_equal(consent.nonce, w.change.nonce, CHANGE_NONCE);
	drop_world(&w);
}

/* Wherever power fails, the realm that is active has a key that the device has; run again, it ends.  req: B10.6.1 */
static void walk(enum change_method method)
{
	int at_old = 0, at_new = 0;

	for (int n = 0;; n++) {
		struct world w;

		make_world(&w);
		w.new.update_due = method == CHANGE_SYMMETRIC;
		struct aka_key old = w.old.key;
		struct symdev_token token;

		assert_ok(try_bootstrap(&w, &w.old, &token));
		disk_left = n;
		enum err err = go(&w, method);

		reopen(&w);
		bool is_new = is_active(&w, &w.new);
		struct realm *active = is_new ? &w.new : &w.old;

		at_new += is_new;
		at_old += !is_new;
		(void)bootstrap(&w, active, OK);
		if (!is_new) {
			assert_ok(symdev_token_find(&se_soft_ops, w.se, &w.old.client, &w.app,
				env_wall(&w.env.env), &token));
		} else if (method == CHANGE_SYMMETRIC) {
			assert_false(secret_equal(&w.new.key.k, &old.k));
		}
		assert_ok(go(&w, method));
		check_end(&w);
		assert_true(method == CHANGE_ASYMMETRIC || w.updates == 1);
		drop_world(&w);
		if (err == OK) {
			break;
		}
	}
	assert_true(at_old > 20 && at_new > 3);
}

static void wherever_power_fails_a_change_of_keys_goes_on(void **state)
{
	(void)state;
	walk(CHANGE_SYMMETRIC);
}

static void wherever_power_fails_an_ordered_change_goes_on(void **state)
{
	(void)state;
	walk(CHANGE_ASYMMETRIC);
}

/* Gone back: the device is as it was, whatever was done till then. */
static void an_aborted_change_leaves_the_old_realm(void **state)
{
	(void)state;
	for (int n = 0;; n++) {
		struct world w;
		struct symdev_change change;
		struct ident clients[SYMDEV_REALMS];
		size_t count = 0, active = 0;

		make_world(&w);
		assert_ok(begin(&w, CHANGE_SYMMETRIC));
		assert_ok(symdev_change_accepted(&se_soft_ops, w.se, &w.change,
			view_text("change-1")));
		disk_left = n;
		enum err err = symdev_change_keyed(&se_soft_ops, w.se, &w.change);
		bool cut = err != OK;

		if (err == OK) { /* the power fails in going back */
			cut = symdev_change_abort(&se_soft_ops, w.se, &w.change) != OK;
		}
		reopen(&w);
		if (symdev_change_load(&se_soft_ops, w.se, &change) == OK) {
			assert_ok(symdev_change_abort(&se_soft_ops, w.se, &change));
		}
		assert_ok(symdev_realm_list(&se_soft_ops, w.se, clients, &count, &active));
		assert_int_equal(count, 1);
		assert_true(is_active(&w, &w.old));
		(void)bootstrap(&w, &w.old, OK);
		assert_ok(begin(&w, CHANGE_SYMMETRIC)); /* and may be begun anew */
		drop_world(&w);
		if (!cut) {
			break;
		}
	}
}

/* The new operator may give it up until the first token, when it has replaced the key long since.  req: B10.6.1 */
static void given_up_after_the_key_was_replaced_the_device_goes_back(void **state)
{
	struct world w;
	struct symdev_token token;

	(void)state;
	make_world(&w);
	w.new.update_due = true;
	assert_ok(begin(&w, CHANGE_SYMMETRIC));
	assert_ok(symdev_change_accepted(&se_soft_ops, w.se, &w.change, view_text("change-1")));
	assert_ok(symdev_change_keyed(&se_soft_ops, w.se, &w.change));
	assert_ok(try_bootstrap(&w, &w.new, &token));
	assert_ok(run_update(&w, &token));
	assert_ok(symdev_change_ready(&se_soft_ops, w.se, &w.change));
	assert_ok(symdev_change_abort(&se_soft_ops, w.se, &w.change));
	assert_err(ERR_NOT_FOUND, symdev_change_load(&se_soft_ops, w.se, &w.change));
	assert_true(is_active(&w, &w.old));
	(void)bootstrap(&w, &w.old, OK);
	(void)bootstrap(&w, &w.new, ERR_AUTH); /* its key is forgotten */
	assert_ok(begin(&w, CHANGE_SYMMETRIC));
	drop_world(&w);
}

/* Power failed while the old realm was forgotten: without the new one there would be none. */
static void a_device_that_has_gone_over_does_not_go_back(void **state)
{
	bool seen = false;

	(void)state;
	for (int n = 0; !seen; n++) {
		struct world w;

		make_world(&w);
		disk_left = n;
		enum err err = go(&w, CHANGE_ASYMMETRIC);

		reopen(&w);
		assert_int_not_equal(err, OK);
		if (is_active(&w, &w.new)) {
			seen = true;
			assert_ok(symdev_change_load(&se_soft_ops, w.se, &w.change));
			assert_err(ERR_WRONG_STATE,
				symdev_change_abort(&se_soft_ops, w.se, &w.change));
			assert_ok(go(&w, CHANGE_ASYMMETRIC));
			check_end(&w);
		}
		drop_world(&w);
	}
}

static void what_is_missing_is_said_before_anything_is_signed(void **state)
{
	struct world w;
	struct symdev_realm third;
	struct realm realm;

	(void)state;
	make_world(&w);
	list_realm(&w.new, w.new_key, &third);
	assert_ok(symdev_realm_add(&se_soft_ops, w.se, &third));
	assert_err(ERR_EXISTS, begin(&w, CHANGE_SYMMETRIC));
	assert_ok(symdev_realm_drop(&se_soft_ops, w.se, &w.new.name));
	for (int i = 0; i < 3; i++) {
		char client[64], name[32];

		(void)snprintf(name, sizeof(name), "r%d.example", i);
		(void)snprintf(client, sizeof(client), "001010123456789@%s", name);
		make_realm(client, name, "authn1.r.example", &realm);
		list_realm(&realm, w.new_key, &third);
		assert_ok(symdev_realm_add(&se_soft_ops, w.se, &third));
	}
	assert_err(ERR_RANGE, begin(&w, CHANGE_SYMMETRIC));
	assert_err(ERR_NOT_FOUND, symdev_change_load(&se_soft_ops, w.se, &w.change));
	drop_world(&w);
}

/* --- the key update, and who answers it wrongly --- */

static void to_update(struct world *w, struct symdev_update *update)
{
	struct symdev_token token;

	make_world(w);
	w->new.update_due = true;
	assert_ok(begin(w, CHANGE_SYMMETRIC));
	assert_ok(symdev_change_accepted(&se_soft_ops, w->se, &w->change, view_text("change-1")));
	assert_ok(symdev_change_keyed(&se_soft_ops, w->se, &w->change));
	assert_ok(try_bootstrap(w, &w->new, &token));
	assert_true(token.key_update);
	assert_ok(begin_update(w, &token, update));
}

/* req: B10.6.1 */
static void forged_answers_leave_both_ends_as_they_were(void **state)
{
	static const struct {
		const char *text;
		enum err err;
	} answers[] = {
		{"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", ERR_DENIED},
		{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", ERR_NOT_FOUND},
		{"HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n", ERR_CONFLICT},
		{"HTTP/1.1 503 Away\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
			ERR_UNAVAILABLE},
		{"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", ERR_UNSUPPORTED},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", ERR_SYNTAX},
		{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{}{}", ERR_SYNTAX},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP", ERR_SYNTAX},
		{"HTTP/1.1 200 OK\r\nContent-Length: "
		 "28\r\n\r\n{\"public\":\"AA\",\"sealed\":\"\"}\n",
			ERR_SYNTAX},
		{"nonsense", ERR_SYNTAX},
		{"HTTP/1.1 200 OK\r\nContent-Length: 110\r\n\r\n" /* sealed by nobody */
		 "{\"public\":\"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"sealed\":"
		 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
			ERR_AUTH},
		{"HTTP/1.1 200 OK\r\nContent-Length: 110\r\n\r\n" /* a point that gives zeros */
		 "{\"public\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"sealed\":"
		 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
			ERR_CRYPTO},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct world w;
		struct symdev_update update;

		to_update(&w, &update);
		enum err err = feed(&update, answers[i].text);

		if (err != answers[i].err) {
			fail_msg("%s: %s: %s", answers[i].text, err_name(err), err_detail());
		}
		assert_int_equal(symdev_update_retry_after(&update), i == 3 ? 7 : 0);
		assert_int_equal(symdev_update_output(&update).len, 0);
		assert_err(ERR_WRONG_STATE, feed(&update, answers[i].text));
		symdev_update_end(&update);
		(void)bootstrap(&w, &w.new, OK);
		assert_ok(go(&w, CHANGE_SYMMETRIC));
		check_end(&w);
		drop_world(&w);
	}
}

static void a_key_for_another_device_or_connection_is_not_taken(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct world w;
		struct symdev_update update;
		char saved[8192];

		to_update(&w, &update);
		(void)snprintf(saved, sizeof(saved), "%s",
			answer_key(&w, &update, "00112233445566778899aabbccddeeff"));
		if (i == 0) { /* the answer to an earlier run */
			struct symdev_token token;

			assert_ok(try_bootstrap(&w, &w.new, &token));
			assert_ok(begin_update(&w, &token, &update));
		} else { /* changed on its way: in the key, in the public half */
			char *at = strstr(saved, i == 1 ? "sealed\":\"" : "public\":\"") + 20;

			*at = *at == 'A' ? 'B' : 'A';
		}
		assert_err(ERR_AUTH, feed(&update, saved));
		assert_true(se_soft_ops.keys->same(w.se, &w.new.client, &w.old.client));
		drop_world(&w);
	}
}

/* It says that it has the key, and does not prove it: the next challenge tells which one it has. */
static void an_unproved_switch_leaves_both_keys(void **state)
{
	(void)state;
	for (int switched = 0; switched < 2; switched++) {
		struct world w;
		struct symdev_update update;
		char body[256];

		to_update(&w, &update);
		assert_ok(
			feed(&update, answer_key(&w, &update, "00112233445566778899aabbccddeeff")));
		if (switched) {
			(void)answer_confirmed(&w, &update);
		}
		(void)snprintf(body, sizeof(body),
			"{\"confirmed\":\"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}");
		assert_err(ERR_AUTH, feed(&update, http(&w, body)));
		assert_err(ERR_WRONG_STATE, symdev_change_ready(&se_soft_ops, w.se, &w.change));
		(void)bootstrap(&w, &w.new, OK);
		assert_true(se_soft_ops.keys->same(w.se, &w.new.client, &w.old.client) == !switched);
		assert_ok(go(&w, CHANGE_SYMMETRIC));
		check_end(&w);
		drop_world(&w);
	}
}

/* The proof goes again over another connection; twice, and then the next bootstrap finds out. */
static void a_lost_answer_is_asked_for_again(void **state)
{
	struct world w;
	struct symdev_update update;

	(void)state;
	to_update(&w, &update);
	assert_ok(feed(&update, answer_key(&w, &update, "00112233445566778899aabbccddeeff")));
	for (int i = 0; i < 2; i++) {
		assert_false(symdev_update_reconnect(&update));
		assert_ok(symdev_update_closed(&update));
		assert_true(symdev_update_reconnect(&update));
		assert_ok(symdev_update_connected(&update,
			view_text("another connection, 32 bytes long")));
		assert_false(symdev_update_reconnect(&update));
		(void)answer_confirmed(&w, &update); /* twice: it says the same */
	}
	assert_int_equal(w.updates, 1);
	assert_ok(feed(&update, answer_confirmed(&w, &update)));
	assert_true(symdev_update_done(&update));
	assert_ok(symdev_update_closed(&update));
	symdev_update_end(&update);
	drop_world(&w);

	to_update(&w, &update);
	assert_ok(feed(&update, answer_key(&w, &update, "00112233445566778899aabbccddeeff")));
	assert_ok(symdev_update_closed(&update));
	assert_ok(symdev_update_closed(&update)); /* no new one was opened yet */
	assert_ok(symdev_update_connected(&update, view_text(BINDING)));
	assert_ok(symdev_update_closed(&update));
	assert_ok(symdev_update_connected(&update, view_text(BINDING)));
	assert_err(ERR_CLOSED, symdev_update_closed(&update));
	assert_ok(go(&w, CHANGE_SYMMETRIC));
	check_end(&w);
	drop_world(&w);
}

static void a_key_comes_over_tls_and_for_a_token_that_is_there(void **state)
{
	struct world w;
	struct symdev_update update;
	struct symdev_token token;
	const struct symdev_options none = {.se_ops = &(struct symdev_se){.name = "card"},
		.env = &w.env.env};

	(void)state;
	to_update(&w, &update);
	token = update.token;
	assert_err(ERR_UNSUPPORTED, symdev_update_begin(&update, &none, &token));
	const struct symdev_options options = {.se_ops = &se_soft_ops,
		.se = w.se,
		.env = &w.env.env};

	assert_ok(symdev_update_begin(&update, &options, &token));
	assert_err(ERR_DENIED, symdev_update_connected(&update, view_text("")));
	assert_err(ERR_WRONG_STATE, symdev_update_connected(&update, view_text(BINDING)));
	assert_ok(symdev_token_drop(&se_soft_ops, w.se, &w.new.client));
	assert_err(ERR_NOT_FOUND, begin_update(&w, &token, &update));
	assert_err(ERR_CLOSED, symdev_update_closed(&update));
	drop_world(&w);
}

/* --- 10.6.2 --- */

/* req: B10.6.2 */
static void with_asymmetric_keys_the_old_realm_orders_it(void **state)
{
	struct world w;
	struct symdev_realm realm;
	struct change_order order;
	struct jose_key *ordered = NULL;
	struct change_key pinned;

	(void)state;
	make_world(&w);
	assert_ok(begin(&w, CHANGE_ASYMMETRIC));
	assert_ok(symdev_change_accepted(&se_soft_ops, w.se, &w.change, view_text("change-1")));
	assert_err(ERR_WRONG_STATE, symdev_change_keyed(&se_soft_ops, w.se, &w.change));
	assert_ok(jose_key_make(JOSE_ES256, &ordered));
	make_order(&w, 7, &order);
	assert_ok(change_key_of(ordered, &order.keys[0]));
	assert_ok(take_order(&w, &order, w.old_key));
	assert_err(ERR_WRONG_STATE, take_order(&w, &order, w.old_key));
	assert_ok(symdev_realm_load(&se_soft_ops, w.se, &w.new.name, &realm));
	assert_int_equal(realm.anchor_count, 1);
	assert_ok(change_key_of(ordered, &pinned));
	assert_memory_equal(realm.anchors[0].bytes, pinned.bytes, pinned.len);
	assert_true(is_active(&w, &w.old));
	assert_ok(go(&w, CHANGE_ASYMMETRIC));
	check_end(&w);
	jose_key_free(ordered);
	drop_world(&w);
}

static void orders_of_others_old_replayed_or_expired_change_nothing(void **state)
{
	struct world w;

	(void)state;
	for (int i = 0; i < 9; i++) {
		struct change_order order;
		struct symdev_realm realm;
		const struct jose_key *signer;
		enum err expected = ERR_AUTH;

		make_world(&w);
		assert_ok(begin(&w, CHANGE_ASYMMETRIC));
		assert_ok(symdev_change_accepted(&se_soft_ops, w.se, &w.change,
			view_text("change-1")));
		make_order(&w, 7, &order);
		signer = w.old_key;
		switch (i) {
		case 0: /* the new operator cannot order it */
			signer = w.new_key;
			expected = ERR_UNSUPPORTED; /* another algorithm than the pinned key's */
			break;
		case 1: /* neither can the device */
			jose_key_free(w.new_key);
			assert_ok(jose_key_make(JOSE_ES256, &w.new_key));
			signer = w.new_key;
			break;
		case 2:
			order.nonce[0] ^= 1;
			break;
		case 3:
			must_ident(IDENT_CLIENT, "001010123456780@old.example", &order.client);
			break;
		case 4:
			must_ident(IDENT_CLIENT, "001010123456780@new.example", &order.new_client);
			break;
		case 5:
			must_ident(IDENT_FQDN, "bad.example", &order.new_realm);
			must_ident(IDENT_CLIENT, "001010123456789@bad.example", &order.new_client);
			break;
		case 6:
			must_ident(IDENT_FQDN, "bad.example", &order.realm);
			must_ident(IDENT_CLIENT, "001010123456789@bad.example", &order.client);
			break;
		case 7:
			order.issued -= 3600;
			order.expires = env_wall(&w.env.env);
			expected = ERR_EXPIRED;
			break;
		default: /* no key of the old realm's is pinned */
			assert_ok(symdev_realm_load(&se_soft_ops, w.se, &w.old.name, &realm));
			realm.anchor_count = 0;
			assert_ok(symdev_realm_update(&se_soft_ops, w.se, &realm));
			expected = ERR_UNSUPPORTED;
			break;
		}
		if (take_order(&w, &order, signer) != expected) {
			fail_msg("%d: %s", i, err_detail());
		}
		assert_int_equal(w.change.step, SYMDEV_CHANGE_ASKED);
		assert_err(ERR_NOT_FOUND,
			symdev_realm_load(&se_soft_ops, w.se, &w.new.name, &realm));
		drop_world(&w);
	}
}

/* After going back and asking again, what was ordered before does not do, even with the new nonce. */
static void serials_of_orders_only_rise(void **state)
{
	struct world w;
	struct change_order order;

	(void)state;
	make_world(&w);
	for (uint64_t serial = 5; serial < 8; serial++) {
		assert_ok(begin(&w, CHANGE_ASYMMETRIC));
		assert_ok(symdev_change_accepted(&se_soft_ops, w.se, &w.change,
			view_text("change-1")));
		if (serial > 5) {
			make_order(&w, serial - 1, &order);
			assert_err(ERR_REPLAY, take_order(&w, &order, w.old_key));
		}
		make_order(&w, serial, &order);
		assert_ok(take_order(&w, &order, w.old_key));
		reopen(&w);
		assert_ok(symdev_change_abort(&se_soft_ops, w.se, &w.change));
		assert_true(is_active(&w, &w.old));
	}
	drop_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(with_symmetric_keys_the_new_realm_replaces_the_key),
		TEST(the_consent_says_what_was_agreed),
		TEST(wherever_power_fails_a_change_of_keys_goes_on),
		TEST(wherever_power_fails_an_ordered_change_goes_on),
		TEST(an_aborted_change_leaves_the_old_realm),
		TEST(given_up_after_the_key_was_replaced_the_device_goes_back),
		TEST(a_device_that_has_gone_over_does_not_go_back),
		TEST(what_is_missing_is_said_before_anything_is_signed),
		TEST(forged_answers_leave_both_ends_as_they_were),
		TEST(a_key_for_another_device_or_connection_is_not_taken),
		TEST(an_unproved_switch_leaves_both_keys),
		TEST(a_lost_answer_is_asked_for_again),
		TEST(a_key_comes_over_tls_and_for_a_token_that_is_there),
		TEST(with_asymmetric_keys_the_old_realm_orders_it),
		TEST(orders_of_others_old_replayed_or_expired_change_nothing),
		TEST(serials_of_orders_only_rise),
	};
	return RUN_TESTS(tests);
}
