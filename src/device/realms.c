// SPDX-License-Identifier: Apache-2.0
#include "device/realms.h"

#include "base/text.h"
#include "device/token.h"
#include "wire/realm_document.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define LIST "realms"

enum { VERSION = 1, LIST_MAX = 2048, REALM_MAX = 4096 };

/* One that is leaving is in nobody's way any more; what belongs to it is being removed. */
struct entry {
	struct ident client;
	bool leaving;
};

/* The whole list is one value: a switch is one store. */
struct list {
	struct entry entries[SYMDEV_REALMS + 1];
	size_t count, active;
};

/* A secure element. */
struct element {
	const struct symdev_se *ops;
	void *se;
};

static const struct view nothing;

/* --- the list --- */

static void put_ident(struct buf *out, const struct ident *ident)
{
	buf_u8(out, ident->len);
	buf_view(out, ident_view(ident));
}

/* version(1) active(1) count(1) { leaving(1) client (length(1) text) } */
static enum err store_list(struct element e, const struct list *list)
{
	uint8_t bytes[LIST_MAX];
	struct buf out = buf_fixed(bytes, sizeof(bytes));

	if (list->count == 0) {
		return e.ops->store(e.se, LIST, nothing);
	}
	buf_u8(&out, VERSION);
	buf_u8(&out, (uint8_t)list->active);
	buf_u8(&out, (uint8_t)list->count);
	for (size_t i = 0; i < list->count; i++) {
		buf_u8(&out, list->entries[i].leaving);
		put_ident(&out, &list->entries[i].client);
	}
	TRY(buf_end(&out, "list of realms"));
	return e.ops->store(e.se, LIST, buf_contents(&out));
}

static enum err read_list(struct reader *r, struct list *ret)
{
	uint8_t version = reader_u8(r);

	ret->active = reader_u8(r);
	ret->count = reader_u8(r);
	if (version != VERSION || ret->count > SYMDEV_REALMS + 1 || ret->active >= ret->count) {
		return err_fail(ERR_UNSUPPORTED, "the list of realms is not of this version");
	}
	for (size_t i = 0; i < ret->count; i++) {
		ret->entries[i].leaving = reader_u8(r) != 0;
		TRY(ident_parse(IDENT_CLIENT, reader_bytes(r, reader_u8(r)),
			&ret->entries[i].client));
	}
	return ret->entries[ret->active].leaving
		       ? err_fail(ERR_UNSUPPORTED, "the list of realms has no active one")
		       : reader_end(r, "list of realms");
}

/* Absent is empty. */
static enum err load_list(struct element e, struct list *ret)
{
	uint8_t bytes[LIST_MAX];
	struct buf in = buf_fixed(bytes, sizeof(bytes));

	*ret = (struct list){.count = 0};
	enum err err = e.ops->load(e.se, LIST, &in);

	if (err == ERR_NOT_FOUND) {
		return OK;
	}
	TRY(err);
	struct reader r = reader_of(buf_contents(&in));

	return read_list(&r, ret);
}

static bool is_of_realm(const struct ident *client, const struct ident *name)
{
	return view_equal(ident_realm_of(client), ident_view(name));
}

/* The place of a realm that is not leaving; `count` when there is none. */
static size_t place_of(const struct list *list, const struct ident *name)
{
	size_t i = 0;

	while (i < list->count &&
		(list->entries[i].leaving || !is_of_realm(&list->entries[i].client, name))) {
		i++;
	}
	return i;
}

static enum err no_such(const struct ident *name)
{
	return err_fail(ERR_NOT_FOUND, "the device is not of the realm %s", name->text);
}

static void take_out(struct list *list, size_t at)
{
	memmove(&list->entries[at], &list->entries[at + 1],
		(list->count - at - 1) * sizeof(list->entries[0]));
	list->count--;
	list->active -= list->active > at;
}

/* --- a realm --- */

static enum err label_of(const struct ident *client, char ret[TOKEN_LABEL])
{
	uint8_t digest[32];
	char hex[33];
	struct buf out = buf_fixed(hex, sizeof(hex));

	if (EVP_Digest(client->text, client->len, digest, NULL, EVP_sha256(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "SHA-256");
	}
	text_hex(&out, view_of(digest, 16));
	buf_u8(&out, 0);
	(void)snprintf(ret, TOKEN_LABEL, "realm.%s", hex);
	return OK;
}

static void put_text(struct buf *out, const char *text)
{
	buf_u16(out, (uint16_t)strlen(text));
	buf_text(out, text);
}

/* version(1) client trust serial(8) expires(8) plain(1), then with a count(1) each: nodes { host address }, served
 * applications, anchors { length(1) bytes } */
static void write_realm(struct buf *out, const struct symdev_realm *realm)
{
	buf_u8(out, VERSION);
	put_ident(out, &realm->client);
	put_text(out, realm->trust);
	buf_u64(out, realm->serial);
	buf_u64(out, (uint64_t)realm->expires);
	buf_u8(out, (uint8_t)(realm->plain_http | realm->certificate << 1));
	buf_u8(out, (uint8_t)realm->node_count);
	for (size_t i = 0; i < realm->node_count; i++) {
		put_ident(out, &realm->nodes[i].host);
		put_text(out, realm->nodes[i].address);
	}
	buf_u8(out, (uint8_t)realm->served_count);
	for (size_t i = 0; i < realm->served_count; i++) {
		put_ident(out, &realm->served[i]);
	}
	buf_u8(out, (uint8_t)realm->anchor_count);
	for (size_t i = 0; i < realm->anchor_count; i++) {
		buf_u8(out, realm->anchors[i].len);
		buf_bytes(out, realm->anchors[i].bytes, realm->anchors[i].len);
	}
}

static enum err get_ident(struct reader *r, enum ident_kind kind, struct ident *ret)
{
	return ident_parse(kind, reader_bytes(r, reader_u8(r)), ret);
}

static enum err get_count(struct reader *r, size_t most, size_t *ret)
{
	*ret = reader_u8(r);
	return *ret <= most ? OK : err_fail(ERR_RANGE, "realm record: %zu of %zu", *ret, most);
}

static enum err read_lists(struct reader *r, struct symdev_realm *ret)
{
	TRY(get_count(r, SYMDEV_NODES, &ret->node_count));
	for (size_t i = 0; i < ret->node_count; i++) {
		TRY(get_ident(r, IDENT_FQDN, &ret->nodes[i].host));
		TRY(text_copy(ret->nodes[i].address, SYMDEV_ADDRESS, reader_bytes(r, reader_u16(r)),
			"realm record"));
	}
	TRY(get_count(r, SYMDEV_SERVED, &ret->served_count));
	for (size_t i = 0; i < ret->served_count; i++) {
		TRY(get_ident(r, IDENT_APPLICATION, &ret->served[i]));
	}
	TRY(get_count(r, SYMDEV_ANCHORS, &ret->anchor_count));
	for (size_t i = 0; i < ret->anchor_count; i++) {
		size_t len = 0;

		TRY(get_count(r, JOSE_PUBLIC_MAX, &len));
		ret->anchors[i].len = (uint8_t)len;
		reader_copy(r, ret->anchors[i].bytes, len);
	}
	return reader_end(r, "realm record");
}

static enum err read_realm(struct view record, struct symdev_realm *ret)
{
	struct reader r = reader_of(record);

	*ret = (struct symdev_realm){.serial = 0};
	if (reader_u8(&r) != VERSION) {
		return err_fail(ERR_UNSUPPORTED, "realm record: not of this version");
	}
	TRY(get_ident(&r, IDENT_CLIENT, &ret->client));
	TRY(text_copy(ret->trust, sizeof(ret->trust), reader_bytes(&r, reader_u16(&r)),
		"realm record"));
	ret->serial = reader_u64(&r);
	ret->expires = (int64_t)reader_u64(&r);
	uint8_t flags = reader_u8(&r);

	ret->plain_http = flags & 1;
	ret->certificate = flags & 2;
	return read_lists(&r, ret);
}

enum err realms_load_from(const struct symdev_se *ops, void *se, const char *label,
	struct symdev_realm *ret)
{
	uint8_t bytes[REALM_MAX];
	struct buf in = buf_fixed(bytes, sizeof(bytes));

	TRY(ops->load(se, label, &in));
	return read_realm(buf_contents(&in), ret);
}

static enum err load_realm(struct element e, const struct ident *client, struct symdev_realm *ret)
{
	char label[TOKEN_LABEL];

	TRY(label_of(client, label));
	return realms_load_from(e.ops, e.se, label, ret);
}

enum err realms_store_as(const struct symdev_se *ops, void *se, const char *label,
	const struct symdev_realm *realm)
{
	uint8_t bytes[REALM_MAX];
	struct buf out = buf_fixed(bytes, sizeof(bytes));

	if (realm->node_count == 0 || realm->node_count > SYMDEV_NODES ||
		realm->served_count > SYMDEV_SERVED || realm->anchor_count > SYMDEV_ANCHORS) {
		return err_fail(ERR_RANGE, "a realm has 1 to %d nodes", SYMDEV_NODES);
	}
	write_realm(&out, realm);
	TRY(buf_end(&out, "realm record"));
	return ops->store(se, label, buf_contents(&out));
}

static enum err store_realm(struct element e, const struct symdev_realm *realm)
{
	char label[TOKEN_LABEL];

	TRY(label_of(&realm->client, label));
	return realms_store_as(e.ops, e.se, label, realm);
}

/* --- what may be asked --- */

enum err symdev_realm_list(const struct symdev_se *ops, void *se,
	struct ident ret_clients[SYMDEV_REALMS], size_t *ret_count, size_t *ret_active)
{
	struct list list;
	size_t count = 0;

	TRY(load_list((struct element){ops, se}, &list));
	for (size_t i = 0; i < list.count; i++) {
		if (list.entries[i].leaving || count == SYMDEV_REALMS) {
			continue;
		}
		if (i == list.active) {
			*ret_active = count;
		}
		ret_clients[count++] = list.entries[i].client;
	}
	*ret_count = count;
	return OK;
}

enum err symdev_realm_active(const struct symdev_se *ops, void *se, struct symdev_realm *ret)
{
	struct list list;
	struct element e = {ops, se};

	TRY(load_list(e, &list));
	return list.count > 0 ? load_realm(e, &list.entries[list.active].client, ret)
			      : err_fail(ERR_NOT_FOUND, "the device has no list of realms");
}

enum err symdev_realm_load(const struct symdev_se *ops, void *se, const struct ident *name,
	struct symdev_realm *ret)
{
	struct list list;
	struct element e = {ops, se};

	TRY(load_list(e, &list));
	size_t at = place_of(&list, name);

	return at < list.count ? load_realm(e, &list.entries[at].client, ret) : no_such(name);
}

enum err realms_check_active(const struct symdev_se *ops, void *se, const struct ident *client)
{
	struct list list;

	TRY(load_list((struct element){ops, se}, &list));
	return list.count == 0 || ident_equal(&list.entries[list.active].client, client)
		       ? OK
		       : err_fail(ERR_DENIED, "9.3: the realm %.*s is not the active one",
				 (int)ident_realm_of(client).len,
				 (const char *)ident_realm_of(client).data);
}

/* --- what changes --- */

static enum err remove_all_of(struct element e, const struct ident *client)
{
	char label[TOKEN_LABEL];
	enum err err = symdev_token_drop(e.ops, e.se, client);

	if (err != OK && err != ERR_NOT_FOUND) {
		return err;
	}
	TRY(label_of(client, label));
	return e.ops->store(e.se, label, nothing);
}

/* What a power cut left of a drop. */
static enum err finish_leaving(struct element e, struct list *list)
{
	for (size_t i = list->count; i-- > 0;) {
		if (list->entries[i].leaving) {
			TRY(remove_all_of(e, &list->entries[i].client));
			take_out(list, i);
			TRY(store_list(e, list));
		}
	}
	return OK;
}

static enum err load_to_change(struct element e, struct list *ret)
{
	TRY(load_list(e, ret));
	return finish_leaving(e, ret);
}

/* The record first: the list never names a realm that is not whole. */
enum err symdev_realm_add(const struct symdev_se *ops, void *se, const struct symdev_realm *realm)
{
	struct list list;
	struct element e = {ops, se};
	struct ident name;

	TRY(ident_parse(IDENT_FQDN, ident_realm_of(&realm->client), &name));
	TRY(load_to_change(e, &list));
	if (place_of(&list, &name) < list.count) {
		return err_fail(ERR_EXISTS, "the device is of the realm %s already", name.text);
	}
	if (list.count == SYMDEV_REALMS) {
		return err_fail(ERR_RANGE, "the device is of %d realms already", SYMDEV_REALMS);
	}
	TRY(store_realm(e, realm));
	list.entries[list.count++] = (struct entry){.client = realm->client};
	return store_list(e, &list);
}

enum err symdev_realm_update(const struct symdev_se *ops, void *se, const struct symdev_realm *realm)
{
	struct list list;
	struct element e = {ops, se};
	struct ident name;

	TRY(ident_parse(IDENT_FQDN, ident_realm_of(&realm->client), &name));
	TRY(load_list(e, &list));
	size_t at = place_of(&list, &name);

	if (at == list.count || !ident_equal(&list.entries[at].client, &realm->client)) {
		return no_such(&name);
	}
	return store_realm(e, realm);
}

/* req: B7.4-e */
enum err symdev_realm_use(const struct symdev_se *ops, void *se, const struct ident *name)
{
	struct list list;
	struct element e = {ops, se};

	TRY(load_to_change(e, &list));
	size_t at = place_of(&list, name);

	if (at == list.count) {
		return no_such(name);
	}
	if (at == list.active) {
		return OK;
	}
	list.active = at;
	return store_list(e, &list);
}

enum err symdev_realm_drop(const struct symdev_se *ops, void *se, const struct ident *name)
{
	struct list list;
	struct element e = {ops, se};

	TRY(load_to_change(e, &list));
	size_t at = place_of(&list, name);

	if (at == list.count) {
		return no_such(name);
	}
	if (list.count == 1) { /* no list: what is left is the element's own client */
		TRY(remove_all_of(e, &list.entries[0].client));
		return e.ops->store(e.se, LIST, nothing);
	}
	if (at == list.active) {
		return err_fail(ERR_WRONG_STATE, "%s is the active realm; use another one first",
			name->text);
	}
	list.entries[at].leaving = true;
	TRY(store_list(e, &list));
	return finish_leaving(e, &list);
}

/* --- choice --- */

static bool is_served(const struct symdev_realm *realm, const struct ident *application)
{
	for (size_t i = 0; i < realm->served_count; i++) {
		if (ident_equal(&realm->served[i], application)) {
			return true;
		}
	}
	return false;
}

static bool has_token(struct element e, const struct ident *client, const struct ident *application,
	int64_t now)
{
	struct symdev_token token;

	for (unsigned place = 0; place < SYMDEV_TOKENS; place++) {
		if (symdev_token_at(e.ops, e.se, client, place, &token) == OK &&
			token.application.kind != IDENT_NONE && now < token.until &&
			symdev_token_opens(&token, application)) {
			return true;
		}
	}
	return false;
}

enum err symdev_realm_serving(const struct symdev_se *ops, void *se, const struct ident *application,
	int64_t now, struct ident ret_names[SYMDEV_REALMS], size_t *ret_count)
{
	struct list list;
	struct element e = {ops, se};
	struct symdev_realm realm;
	size_t count = 0;

	TRY(load_list(e, &list));
	for (size_t n = 0; n < list.count && count < SYMDEV_REALMS; n++) {
		size_t i = (list.active + n) % list.count;
		const struct ident *client = &list.entries[i].client;

		if (list.entries[i].leaving) {
			continue;
		}
		TRY(load_realm(e, client, &realm));
		if (is_served(&realm, application) || has_token(e, client, application, now)) {
			TRY(ident_parse(IDENT_FQDN, ident_realm_of(client), &ret_names[count]));
			count++;
		}
	}
	*ret_count = count;
	return OK;
}

/* --- the realm document --- */

enum err symdev_realm_read(const struct symdev_realm *realm, struct view compact, int64_t now,
	struct realm_document *ret)
{
	struct realm_key pinned[SYMDEV_ANCHORS] = {{.len = 0}};
	struct ident name;

	TRY(ident_parse(IDENT_FQDN, ident_realm_of(&realm->client), &name));
	for (size_t i = 0; i < realm->anchor_count; i++) {
		memcpy(pinned[i].bytes, realm->anchors[i].bytes, JOSE_PUBLIC_MAX);
		pinned[i].len = realm->anchors[i].len;
	}
	return realm_document_verify_pinned(pinned, realm->anchor_count, &name, realm->serial, now,
		compact, ret);
}

static void take_nodes(const struct realm_document *document, struct symdev_realm *realm)
{
	const struct realm_node *node;
	size_t place = 0;

	realm->node_count = 0;
	while (realm->node_count < SYMDEV_NODES &&
		(node = realm_document_next(document, REALM_AUTHN, &place))) {
		realm->nodes[realm->node_count].host = node->host;
		memcpy(realm->nodes[realm->node_count].address, node->address, SYMDEV_ADDRESS);
		realm->node_count++;
	}
}

/* The realm's keys as they are now: that which signed is among them. */
static void take_keys(const struct realm_document *document, struct symdev_realm *realm)
{
	if (document->key_count == 0) {
		return; /* it does not say */
	}
	realm->anchor_count = 0;
	for (size_t i = 0; i < document->key_count && i < SYMDEV_ANCHORS; i++) {
		memcpy(realm->anchors[i].bytes, document->keys[i].bytes, JOSE_PUBLIC_MAX);
		realm->anchors[i].len = document->keys[i].len;
		realm->anchor_count++;
	}
}

void symdev_realm_take(const struct realm_document *document, struct symdev_realm *realm)
{
	realm->serial = document->serial;
	realm->expires = document->expires;
	realm->plain_http = document->plain_http;
	take_nodes(document, realm);
	take_keys(document, realm);
}

enum err symdev_realm_document(const struct symdev_se *ops, void *se, struct view compact,
	int64_t now, struct symdev_realm *realm)
{
	struct realm_document document;
	struct symdev_realm next = *realm;

	TRY(symdev_realm_read(realm, compact, now, &document));
	symdev_realm_take(&document, &next);
	TRY(symdev_realm_update(ops, se, &next));
	*realm = next;
	return OK;
}

bool symdev_realm_plain_allowed(const struct symdev_realm *realm, int64_t now)
{
	return realm->plain_http && realm->serial > 0 && now < realm->expires;
}
