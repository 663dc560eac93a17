// SPDX-License-Identifier: Apache-2.0
#include "device/symdev_change.h"

#include "base/text.h"
#include "device/realms.h"
#include "device/token.h"

#include <string.h>

#define RECORD	"change"	 /* the change that is under way */
#define REALM	"change.realm"	 /* where it leads */
#define SERIALS "change.serials" /* of the orders that were taken */

enum { VERSION = 1, RECORD_MAX = 4096, SERIALS_MAX = 4, SERIALS_BYTES = 1200 };

static const struct view nothing;

/* --- the record --- */

static void put_short(struct buf *out, const char *text)
{
	buf_u16(out, (uint16_t)strlen(text));
	buf_text(out, text);
}

/* version(1) step(1) method(1) serial(8) nonce(16) order(32), then client, new client, url, id, consent (length(2) text) */
static enum err keep(const struct symdev_se *ops, void *se, const struct symdev_change *change)
{
	uint8_t bytes[RECORD_MAX];
	struct buf out = buf_fixed(bytes, sizeof(bytes));

	buf_u8(&out, VERSION);
	buf_u8(&out, (uint8_t)change->step);
	buf_u8(&out, (uint8_t)change->method);
	buf_u64(&out, change->serial);
	buf_bytes(&out, change->nonce, sizeof(change->nonce));
	buf_bytes(&out, change->order, sizeof(change->order));
	put_short(&out, change->client.text);
	put_short(&out, change->new_client.text);
	put_short(&out, change->url);
	put_short(&out, change->id);
	put_short(&out, change->consent);
	TRY(buf_end(&out, "change record"));
	return ops->store(se, RECORD, buf_contents(&out));
}

static enum err get_short(struct reader *r, char *ret, size_t room)
{
	return text_copy(ret, room, reader_bytes(r, reader_u16(r)), "change record");
}

static enum err read_record(struct reader *r, struct symdev_change *ret)
{
	uint8_t version = reader_u8(r);

	ret->step = (enum symdev_change_step)reader_u8(r);
	ret->method = (enum change_method)reader_u8(r);
	if (version != VERSION || ret->step < SYMDEV_CHANGE_ASKED ||
		ret->step > SYMDEV_CHANGE_READY ||
		(ret->method != CHANGE_SYMMETRIC && ret->method != CHANGE_ASYMMETRIC)) {
		return err_fail(ERR_UNSUPPORTED, "the change that is kept is of another version");
	}
	ret->serial = reader_u64(r);
	reader_copy(r, ret->nonce, sizeof(ret->nonce));
	reader_copy(r, ret->order, sizeof(ret->order));
	TRY(ident_parse(IDENT_CLIENT, reader_bytes(r, reader_u16(r)), &ret->client));
	TRY(ident_parse(IDENT_CLIENT, reader_bytes(r, reader_u16(r)), &ret->new_client));
	TRY(get_short(r, ret->url, sizeof(ret->url)));
	TRY(get_short(r, ret->id, sizeof(ret->id)));
	TRY(get_short(r, ret->consent, sizeof(ret->consent)));
	return reader_end(r, "change record");
}

enum err symdev_change_load(const struct symdev_se *ops, void *se, struct symdev_change *ret)
{
	uint8_t bytes[RECORD_MAX];
	struct buf in = buf_fixed(bytes, sizeof(bytes));
	enum err err = ops->load(se, RECORD, &in);

	if (err == ERR_NOT_FOUND) {
		return err_fail(ERR_NOT_FOUND, "10.6: no change of operator is under way");
	}
	TRY(err);
	struct reader r = reader_of(buf_contents(&in));

	*ret = (struct symdev_change){.serial = 0};
	return read_record(&r, ret);
}

enum err symdev_change_realm(const struct symdev_se *ops, void *se, struct symdev_realm *ret)
{
	return realms_load_from(ops, se, REALM, ret);
}

/* The record of it last: without, the other is of no change, and the next one's takes its place. */
static enum err forget_change(const struct symdev_se *ops, void *se)
{
	TRY(ops->store(se, RECORD, nothing));
	return ops->store(se, REALM, nothing);
}

/* --- the consent --- */

struct signer {
	const struct symdev_se *ops;
	void *se;
};

static enum err sign(void *user, struct view text, struct buf *ret)
{
	const struct signer *signer = user;

	return signer->ops->sign(signer->se, text, ret);
}

static enum err own_key(const struct symdev_se *ops, void *se, struct change_key *ret)
{
	struct buf out = buf_fixed(ret->bytes, sizeof(ret->bytes));

	if (!ops->own_key || !ops->keys) {
		return err_fail(ERR_UNSUPPORTED,
			"10.6: this secure element cannot change its operator");
	}
	TRY(ops->own_key(se, false, &out));
	ret->len = (uint8_t)out.len;
	return buf_end(&out, "device's key");
}

static enum err realm_name(const struct ident *client, struct ident *ret)
{
	return ident_parse(IDENT_FQDN, ident_realm_of(client), ret);
}

static enum err make_consent(const struct symdev_change_options *o, struct symdev_change *change)
{
	struct signer signer = {o->se_ops, o->se};
	struct change_consent consent = {.client = change->client,
		.new_client = change->new_client,
		.issued = env_wall(o->env),
		.method = o->method,
		.pseudonyms = o->pseudonyms};
	/* One byte is left for the zero. */
	struct buf out = buf_fixed(change->consent, sizeof(change->consent) - 1);

	consent.expires = consent.issued + o->lifetime;
	TRY(realm_name(&change->client, &consent.old_realm));
	TRY(realm_name(&change->new_client, &consent.new_realm));
	TRY(own_key(o->se_ops, o->se, &consent.device_key));
	TRY(o->env->random(o->env, change->nonce, sizeof(change->nonce)));
	memcpy(consent.nonce, change->nonce, sizeof(consent.nonce));
	memcpy(consent.new_key, o->new_key, sizeof(consent.new_key));
	TRY(change_consent_sign(&consent, sign, &signer, &out));
	change->consent[out.len] = '\0';
	return OK;
}

/* There must be one more place, and not that realm yet. */
static enum err check_room(const struct symdev_change_options *o, struct ident *ret_client)
{
	struct ident clients[SYMDEV_REALMS], name;
	struct symdev_realm there;
	struct symdev_change under_way;
	size_t count = 0, active = 0;
	enum err err = symdev_change_load(o->se_ops, o->se, &under_way);

	if (err == OK) {
		return err_fail(ERR_EXISTS, "10.6: a change to %.*s is under way",
			(int)ident_realm_of(&under_way.new_client).len,
			(const char *)ident_realm_of(&under_way.new_client).data);
	}
	TRY(err == ERR_NOT_FOUND ? OK : err);
	TRY(symdev_realm_list(o->se_ops, o->se, clients, &count, &active));
	TRY(count > 0 ? OK : err_fail(ERR_NOT_FOUND, "the device has no list of realms"));
	TRY(count < SYMDEV_REALMS
			? OK
			: err_fail(ERR_RANGE, "the device is of %d realms already", SYMDEV_REALMS));
	TRY(realm_name(&o->realm.client, &name));
	if (symdev_realm_load(o->se_ops, o->se, &name, &there) == OK) {
		return err_fail(ERR_EXISTS, "the device is of the realm %s already", name.text);
	}
	*ret_client = clients[active];
	return OK;
}

/* 10.6.1/1, 10.6.2/1: with whom, the device itself says, and nobody else can.  req: B7.5-g */
enum err symdev_change_begin(const struct symdev_change_options *o, struct symdev_change *ret)
{
	struct symdev_change change = {.step = SYMDEV_CHANGE_ASKED,
		.method = o->method,
		.new_client = o->realm.client};

	TRY(check_room(o, &change.client));
	TRY(text_copy(change.url, sizeof(change.url), view_text(o->url), "10.6: the portal's URL"));
	TRY(make_consent(o, &change));
	struct symdev_realm realm = o->realm;

	realm.certificate = o->method == CHANGE_ASYMMETRIC; /* by its own key from then on */
	TRY(realms_store_as(o->se_ops, o->se, REALM, &realm));
	TRY(keep(o->se_ops, o->se, &change));
	*ret = change;
	return OK;
}

/* --- its steps --- */

static enum err wrong_step(void)
{
	return err_fail(ERR_WRONG_STATE, "10.6: not the next step of this change");
}

/* Kept, then told. */
static enum err take_step(const struct symdev_se *ops, void *se, const struct symdev_change *next,
	struct symdev_change *change)
{
	TRY(keep(ops, se, next));
	*change = *next;
	return OK;
}

enum err symdev_change_accepted(const struct symdev_se *ops, void *se, struct symdev_change *change,
	struct view id)
{
	struct symdev_change next = *change;

	if (view_is(id, change->id)) {
		return OK;
	}
	if (change->step != SYMDEV_CHANGE_ASKED) {
		return wrong_step();
	}
	TRY(change_id_check(id, "10.6: id of the change"));
	TRY(text_copy(next.id, sizeof(next.id), id, "10.6: id of the change"));
	return take_step(ops, se, &next, change);
}

/* Power may have failed after it. */
static enum err add_realm(const struct symdev_se *ops, void *se, const struct symdev_realm *realm)
{
	enum err err = symdev_realm_add(ops, se, realm);

	return err == ERR_EXISTS ? symdev_realm_update(ops, se, realm) : err;
}

/* The key first: in the list stands no realm that the device cannot bootstrap with.  req: B10.6.1 */
enum err symdev_change_keyed(const struct symdev_se *ops, void *se, struct symdev_change *change)
{
	struct symdev_change next = *change;
	struct symdev_realm realm;

	if (change->method != CHANGE_SYMMETRIC || change->step == SYMDEV_CHANGE_ORDERED) {
		return wrong_step();
	}
	if (change->step != SYMDEV_CHANGE_ASKED) {
		return OK;
	}
	TRY(symdev_change_realm(ops, se, &realm));
	TRY(ops->keys->adopt(se, &change->new_client, &change->client));
	TRY(add_realm(ops, se, &realm));
	next.step = SYMDEV_CHANGE_KEYED;
	return take_step(ops, se, &next, change);
}

/* --- serials of orders --- */

struct serials {
	struct {
		struct ident realm;
		uint64_t serial;
	} of[SERIALS_MAX];
	size_t count;
};

/* version(1) count(1) { serial(8) realm (length(1) text) } */
static enum err load_serials(const struct symdev_se *ops, void *se, struct serials *ret)
{
	uint8_t bytes[SERIALS_BYTES];
	struct buf in = buf_fixed(bytes, sizeof(bytes));
	enum err err = ops->load(se, SERIALS, &in);

	*ret = (struct serials){.count = 0};
	if (err == ERR_NOT_FOUND) {
		return OK;
	}
	TRY(err);
	struct reader r = reader_of(buf_contents(&in));
	uint8_t version = reader_u8(&r);

	ret->count = reader_u8(&r);
	if (version != VERSION || ret->count > SERIALS_MAX) {
		return err_fail(ERR_UNSUPPORTED, "serials of orders: not of this version");
	}
	for (size_t i = 0; i < ret->count; i++) {
		ret->of[i].serial = reader_u64(&r);
		TRY(ident_parse(IDENT_FQDN, reader_bytes(&r, reader_u8(&r)), &ret->of[i].realm));
	}
	return reader_end(&r, "serials of orders");
}

static enum err store_serials(const struct symdev_se *ops, void *se, const struct serials *serials)
{
	uint8_t bytes[SERIALS_BYTES];
	struct buf out = buf_fixed(bytes, sizeof(bytes));

	buf_u8(&out, VERSION);
	buf_u8(&out, (uint8_t)serials->count);
	for (size_t i = 0; i < serials->count; i++) {
		buf_u64(&out, serials->of[i].serial);
		buf_u8(&out, serials->of[i].realm.len);
		buf_view(&out, ident_view(&serials->of[i].realm));
	}
	TRY(buf_end(&out, "serials of orders"));
	return ops->store(se, SERIALS, buf_contents(&out));
}

static size_t find_serial(const struct serials *serials, const struct ident *realm)
{
	size_t i = 0;

	while (i < serials->count && !ident_equal(&serials->of[i].realm, realm)) {
		i++;
	}
	return i;
}

/* The realm that was left first makes room. */
static enum err remember_serial(const struct symdev_se *ops, void *se, const struct ident *realm,
	uint64_t serial)
{
	struct serials serials;

	TRY(load_serials(ops, se, &serials));
	size_t at = find_serial(&serials, realm);

	if (at < serials.count && serials.of[at].serial >= serial) {
		return OK;
	}
	if (at == SERIALS_MAX) {
		memmove(&serials.of[0], &serials.of[1], sizeof(serials.of) - sizeof(serials.of[0]));
		at--;
		serials.count--;
	}
	serials.count += at == serials.count;
	serials.of[at].realm = *realm;
	serials.of[at].serial = serial;
	return store_serials(ops, se, &serials);
}

/* --- the order --- */

struct keys {
	struct jose_key *of[SYMDEV_ANCHORS];
};

static void free_keys(struct keys *keys)
{
	for (size_t i = 0; i < SYMDEV_ANCHORS; i++) {
		jose_key_free(keys->of[i]);
	}
}

/* By the keys that are pinned for the realm that is left, and nobody else's.  req: B10.6.2 */
static enum err verify_order(const struct symdev_se *ops, void *se, int64_t now,
	const struct ident *old_realm, struct view order, struct change_order *ret)
{
	struct keys keys __attribute__((cleanup(free_keys))) = {{NULL}};
	struct symdev_realm old;

	TRY(symdev_realm_load(ops, se, old_realm, &old));
	if (old.anchor_count == 0) {
		return err_fail(ERR_UNSUPPORTED, "10.6.2/3: no key is pinned for %s",
			old_realm->text);
	}
	for (size_t i = 0; i < old.anchor_count; i++) {
		TRY(jose_key_from_public(view_of(old.anchors[i].bytes, old.anchors[i].len),
			&keys.of[i]));
	}
	return change_order_verify((const struct jose_key *const *)keys.of, old.anchor_count, now,
		order, ret);
}

static enum err check_order(const struct symdev_se *ops, void *se,
	const struct symdev_change *change, const struct ident *old_realm,
	const struct change_order *order)
{
	struct serials serials;

	if (!ident_equal(&order->realm, old_realm) ||
		!ident_equal(&order->client, &change->client) ||
		!ident_equal(&order->new_client, &change->new_client)) {
		return err_fail(ERR_AUTH, "10.6.2/3: the order is for another change than this");
	}
	if (memcmp(order->nonce, change->nonce, sizeof(order->nonce)) != 0) {
		return err_fail(ERR_AUTH, "10.6.2/3: the order answers another consent");
	}
	TRY(load_serials(ops, se, &serials));
	size_t at = find_serial(&serials, old_realm);

	return at == serials.count || order->serial > serials.of[at].serial
		       ? OK
		       : err_fail(ERR_REPLAY,
				 "10.6.2/3: the order's serial is not above that of the last");
}

/* What the old operator's key was the new one's are: nothing else is trusted for the new realm. */
static void pin_keys(const struct change_order *order, struct symdev_realm *realm)
{
	realm->anchor_count = 0;
	for (size_t i = 0; i < order->key_count && i < SYMDEV_ANCHORS; i++) {
		struct symdev_anchor *anchor = &realm->anchors[realm->anchor_count++];

		memcpy(anchor->bytes, order->keys[i].bytes, sizeof(anchor->bytes));
		anchor->len = order->keys[i].len;
	}
}

enum err symdev_change_order(const struct symdev_se *ops, void *se, const struct env *env,
	struct symdev_change *change, struct view jws)
{
	struct symdev_change next = *change;
	struct change_order order;
	struct symdev_realm realm;
	struct ident old_realm;

	if (change->method != CHANGE_ASYMMETRIC || change->step != SYMDEV_CHANGE_ASKED) {
		return wrong_step();
	}
	TRY(realm_name(&change->client, &old_realm));
	TRY(verify_order(ops, se, env_wall(env), &old_realm, jws, &order));
	TRY(check_order(ops, se, change, &old_realm, &order));
	TRY(change_digest(jws, next.order));
	TRY(symdev_change_realm(ops, se, &realm));
	pin_keys(&order, &realm);
	TRY(add_realm(ops, se, &realm));
	next.serial = order.serial;
	next.step = SYMDEV_CHANGE_ORDERED;
	TRY(take_step(ops, se, &next, change));
	return remember_serial(ops, se, &old_realm, order.serial);
}

/* Power may have failed before the serial was kept: no receipt without. */
enum err symdev_change_receipt(const struct symdev_se *ops, void *se, const struct env *env,
	struct symdev_change *change, struct buf *out)
{
	struct change_receipt receipt = {.issued = env_wall(env)};
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	struct signer signer = {ops, se};
	struct change_key own = {.len = 0};
	struct ident old_realm;

	if (change->method != CHANGE_ASYMMETRIC || change->step < SYMDEV_CHANGE_ORDERED) {
		return wrong_step();
	}
	TRY(realm_name(&change->client, &old_realm));
	TRY(remember_serial(ops, se, &old_realm, change->serial));
	TRY(realm_name(&change->new_client, &receipt.new_realm));
	memcpy(receipt.change, change->id, sizeof(receipt.change));
	memcpy(receipt.order, change->order, sizeof(receipt.order));
	TRY(own_key(ops, se, &own));
	TRY(jose_key_from_public(view_of(own.bytes, own.len), &key));
	return change_receipt_sign(&receipt, key, sign, &signer, out);
}

/* --- its end --- */

enum err symdev_change_ready(const struct symdev_se *ops, void *se, struct symdev_change *change)
{
	struct symdev_change next = *change;

	if (change->step == SYMDEV_CHANGE_READY) {
		return OK;
	}
	if (change->step == SYMDEV_CHANGE_ASKED) {
		return wrong_step();
	}
	if (change->method == CHANGE_SYMMETRIC &&
		ops->keys->same(se, &change->new_client, &change->client)) {
		return err_fail(ERR_WRONG_STATE,
			"10.6.1/4: the new operator has not replaced the old one's key");
	}
	next.step = SYMDEV_CHANGE_READY;
	return take_step(ops, se, &next, change);
}

static bool has_token(const struct symdev_se *ops, void *se, const struct ident *client, int64_t now)
{
	struct symdev_token token;

	for (unsigned place = 0; place < SYMDEV_TOKENS; place++) {
		if (symdev_token_at(ops, se, client, place, &token) == OK && now < token.until) {
			return true;
		}
	}
	return false;
}

static enum err ignore(enum err err, enum err expected)
{
	return err == expected ? OK : err;
}

static enum err drop_realm(const struct symdev_se *ops, void *se, const struct ident *client)
{
	struct ident name;

	TRY(realm_name(client, &name));
	return ignore(symdev_realm_drop(ops, se, &name), ERR_NOT_FOUND);
}

/* One switch, then what is left of the old realm goes; its key last.  req: B7.4-e B9.3-d */
enum err symdev_change_finish(const struct symdev_se *ops, void *se, int64_t now,
	struct symdev_change *change)
{
	struct ident name;

	if (change->step != SYMDEV_CHANGE_READY) {
		return wrong_step();
	}
	if (!has_token(ops, se, &change->new_client, now)) {
		return err_fail(ERR_WRONG_STATE, "10.6: no token of the new realm yet");
	}
	TRY(realm_name(&change->new_client, &name));
	TRY(symdev_realm_use(ops, se, &name));
	TRY(drop_realm(ops, se, &change->client));
	TRY(ignore(ops->keys->forget(se, &change->client), ERR_WRONG_STATE));
	return forget_change(ops, se);
}

/* What was given up is no more at the new realm, whichever key the device has of it. */
enum err symdev_change_abort(const struct symdev_se *ops, void *se, struct symdev_change *change)
{
	struct symdev_realm active;

	TRY(symdev_realm_active(ops, se, &active));
	if (ident_equal(&active.client, &change->new_client)) {
		return err_fail(ERR_WRONG_STATE,
			"10.6: the device has gone over already: the change is to be ended");
	}
	TRY(drop_realm(ops, se, &change->new_client));
	if (change->method == CHANGE_SYMMETRIC) {
		TRY(ignore(ops->keys->forget(se, &change->new_client), ERR_WRONG_STATE));
	}
	return forget_change(ops, se);
}
