// SPDX-License-Identifier: Apache-2.0
#include "wire/rp_a_json.h"

#include "base/log.h"
#include "base/text.h"
#include "wire/gba_xml.h"
#include "wire/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	USS_XML_MAX = 24 * 1024,
	EVENT_ROOM = USS_XML_MAX + 4 * RP_ATTRIBUTES + (RP_UAS + 1) * (NAF_ID_MAX + TOKEN_KEY) + 256,
	ANNOUNCED_ROOM = RP_UAS * NAF_ID_MAX,
};

/* --- memory of a message --- */

static enum err open_message(struct view text, size_t room, struct rp_a_json *m)
{
	TRY(json_parse(text, RP_A_JSON_MAX, &m->root));
	if (!json_is_object(m->root)) {
		return err_fail(ERR_SYNTAX, "RP_A: not an object");
	}
	m->room = malloc(room);
	m->size = m->room ? room : 0;
	return m->room ? OK : err_fail(ERR_MEMORY, "RP_A: out of memory");
}

void rp_a_json_free(struct rp_a_json *m)
{
	json_free(m->root);
	if (m->room) {
		bytes_wipe(m->room, m->used);
	}
	free(m->room);
	*m = (struct rp_a_json){.root = NULL};
}

/* What is left of the room, to be written at; then what was written of it. */
static struct buf room_of(struct rp_a_json *m)
{
	return buf_fixed(m->room + m->used, m->size - m->used);
}

static enum err keep(struct rp_a_json *m, const struct buf *written, struct view *ret)
{
	TRY(buf_end(written, "RP_A"));
	*ret = buf_contents(written);
	m->used += written->len;
	return OK;
}

/* --- parts --- */

static void put_hex(struct json_writer *w, const char *name, struct view bytes)
{
	char text[2 * TOKEN_KEY * 2 + 1];
	struct buf hex = buf_fixed(text, sizeof(text));

	text_hex(&hex, bytes);
	json_put_text(w, name, buf_contents(&hex));
	w->out->failed = w->out->failed || hex.failed;
	bytes_wipe(text, sizeof(text));
}

static void put_time(struct json_writer *w, const char *name, bool has, int64_t seconds)
{
	char text[TEXT_TIME];

	if (has) {
		text_time(seconds, text);
		json_put_string(w, name, text);
	}
}

static enum err read_time(const struct json *from, const char *name, bool *ret_has, int64_t *ret)
{
	struct view text = {0};

	TRY(json_text_opt(from, name, &text));
	if (!text.data) {
		return OK;
	}
	*ret_has = true;
	return text_from_time(text, ret, name);
}

/* Put and read as NAF-Id: application || Ua id. */
static void put_application(struct json_writer *w, struct view naf_id)
{
	json_put_text(w, "nafFqdn",
		view_of(naf_id.data, naf_id.len > UA_SIZE ? naf_id.len - UA_SIZE : 0));
}

static void put_ua(struct json_writer *w, const char *name, struct view naf_id)
{
	put_hex(w, name,
		naf_id.len > UA_SIZE ? view_of(naf_id.data + naf_id.len - UA_SIZE, UA_SIZE)
				     : view_of(NULL, 0));
}

static enum err read_application(const struct json *from, struct ident *ret)
{
	struct view text;

	TRY(json_text(from, "nafFqdn", &text));
	return ident_parse(IDENT_APPLICATION, text, ret);
}

static enum err keep_naf_id(struct rp_a_json *m, const struct ident *application, struct ua ua,
	struct view *ret)
{
	struct buf room = room_of(m);

	TRY(rp_naf_id(application, ua, &room));
	return keep(m, &room, ret);
}

static enum err read_ua(const struct json *from, const char *name, struct ua *ret)
{
	struct view text;

	TRY(json_text(from, name, &text));
	return ua_parse(text, ret);
}

static enum err read_key(const struct json *from, struct rp_a_json *m, struct view *ret)
{
	struct view text;
	uint8_t key[TOKEN_KEY];
	size_t len = 0;
	struct buf room = room_of(m);

	TRY(json_text(from, "meKeyMaterial", &text));
	enum err err = text_from_hex(text, key, sizeof(key), &len, "meKeyMaterial");

	buf_bytes(&room, key, err == OK ? len : 0);
	bytes_wipe(key, sizeof(key));
	TRY(err);
	return keep(m, &room, ret);
}

/* The transaction's name, as it stands at the end of a Session-Id. */
static void put_tx(struct json_writer *w, struct view session_id)
{
	char tx[LOG_TX];

	log_tx_of(session_id, tx);
	if (tx[0]) {
		json_put_string(w, "tx", tx);
	}
}

static enum err read_tx(struct rp_a_json *m, struct view *ret_session_id)
{
	struct view tx = {0};
	struct buf room = room_of(m);

	TRY(json_text_opt(m->root, "tx", &tx));
	if (tx.len >= LOG_TX) {
		return err_fail(ERR_SYNTAX, "RP_A: tx is longer than %d characters", LOG_TX - 1);
	}
	buf_u8(&room, ';');
	buf_view(&room, tx);
	return keep(m, &room, ret_session_id);
}

/* --- user security settings: XML on Diameter, TS 29.309's objects here --- */

static void put_uss(struct json_writer *w, const struct uss *uss)
{
	json_open(w, NULL);
	json_open(w, "uss");
	json_put_int(w, "gsId", uss->id);
	json_put_int(w, "gsType", uss->type);
	json_open_array(w, "ueIds");
	if (uss->uid[0]) {
		json_open(w, NULL);
		json_put_string(w, "ueId", uss->uid);
		json_close(w);
	}
	json_close_array(w);
	if (uss->naf_group[0]) {
		json_put_string(w, "nafGroup", uss->naf_group);
	}
	if (uss->flag_count > 0) {
		json_open_array(w, "flags");
	}
	for (size_t i = 0; i < uss->flag_count; i++) {
		json_open(w, NULL);
		json_put_int(w, "flag", uss->flags[i]);
		json_close(w);
	}
	if (uss->flag_count > 0) {
		json_close_array(w);
	}
	json_close(w);
	json_close(w);
}

static enum err put_settings(struct json_writer *w, struct view xml)
{
	struct guss guss = {.lifetime = 0};

	if (xml.len == 0) {
		return OK;
	}
	TRY(gba_xml_read_guss(xml, &guss));
	json_open_array(w, "ussList");
	for (size_t i = 0; i < guss.uss_count; i++) {
		put_uss(w, &guss.uss[i]);
	}
	json_close_array(w);
	return OK;
}

/* The first identity is what the application may call the user. */
static enum err read_uid(const struct json *from, struct uss *ret)
{
	const struct json *first = json_item(json_member(from, "ueIds"), 0);
	struct view uid;

	if (!first) {
		return OK;
	}
	TRY(json_text(first, "ueId", &uid));
	return text_copy(ret->uid, sizeof(ret->uid), uid, "ueId");
}

static enum err read_uss(const struct json *from, struct uss *ret)
{
	const struct json *flag = json_item(json_member(from, "flags"), 0);
	int64_t number = 0;
	struct view group = {0};

	if (!json_is_object(from)) {
		return err_fail(ERR_SYNTAX, "RP_A: ussList without uss");
	}
	TRY(json_int(from, "gsId", 0, INT32_MAX, &number));
	ret->id = (int)number;
	number = 0;
	TRY(json_int_opt(from, "gsType", 0, INT32_MAX, &number));
	ret->type = (int)number;
	TRY(read_uid(from, ret));
	TRY(json_text_opt(from, "nafGroup", &group));
	TRY(text_copy(ret->naf_group, sizeof(ret->naf_group), group, "nafGroup"));
	for (; flag; flag = json_next(flag)) {
		if (ret->flag_count == GUSS_FLAGS_MAX) {
			return err_fail(ERR_RANGE, "RP_A: more than %d flags", GUSS_FLAGS_MAX);
		}
		TRY(json_int(flag, "flag", INT32_MIN, INT32_MAX, &number));
		ret->flags[ret->flag_count++] = (int)number;
	}
	return OK;
}

static enum err read_settings(struct rp_a_json *m, struct view *ret)
{
	const struct json *list = json_member(m->root, "ussList");
	struct guss guss = {.lifetime = 0};
	struct buf room = room_of(m);

	if (!list) {
		return OK;
	}
	for (const struct json *item = json_item(list, 0); item; item = json_next(item)) {
		if (guss.uss_count == GUSS_USS_MAX) {
			return err_fail(ERR_RANGE, "RP_A: more than %d settings", GUSS_USS_MAX);
		}
		const struct json *uss = json_is_object(item) ? json_member(item, "uss") : NULL;

		if (!uss) {
			return err_fail(ERR_SYNTAX, "RP_A: ussList without uss");
		}
		TRY(read_uss(uss, &guss.uss[guss.uss_count++]));
	}
	gba_xml_write_uss_list(&room, &guss);
	return keep(m, &room, ret);
}

/* --- what the user may do, and what is told of it --- */

static enum err put_granted(struct json_writer *w, const struct view *rights, size_t count,
	struct view attributes)
{
	JSON_CLEANUP struct json *object = NULL;

	if (count > 0) {
		json_open_array(w, "rights");
		for (size_t i = 0; i < count; i++) {
			json_put_text(w, NULL, rights[i]);
		}
		json_close_array(w);
	}
	if (attributes.len == 0) {
		return OK;
	}
	TRY(json_parse(attributes, RP_ATTRIBUTES, &object));
	json_put_value(w, "attributes", object);
	return OK;
}

static enum err read_granted(struct rp_a_json *m, struct view rights[RP_RIGHTS], size_t *ret_count,
	struct view *ret_attributes)
{
	const struct json *right = json_item(json_member(m->root, "rights"), 0);
	const struct json *attributes = json_member(m->root, "attributes");
	struct buf room = room_of(m);
	struct json_writer w = json_to(&room);

	for (*ret_count = 0; right; right = json_next(right)) {
		if (*ret_count == RP_RIGHTS) {
			return err_fail(ERR_RANGE, "9.6.1: more than %d rights", RP_RIGHTS);
		}
		TRY(json_as_text(right, &rights[(*ret_count)++]));
	}
	if (!attributes) {
		return OK;
	}
	json_put_value(&w, NULL, attributes);
	return keep(m, &room, ret_attributes);
}

/* --- announcements --- */

static void put_announced(struct json_writer *w, const struct rp_announced *in)
{
	json_open(w, NULL);
	if (in->naf_id_count > 0) {
		put_application(w, in->naf_ids[0]);
	}
	json_open_array(w, "uaSecProtIds");
	for (size_t i = 0; i < in->naf_id_count; i++) {
		put_ua(w, NULL, in->naf_ids[i]);
	}
	json_close_array(w);
	if (in->address.len > 0) {
		json_put_text(w, "address", in->address);
	}
	json_open_array(w, "mechanisms");
	for (size_t i = 0; i < in->mechanism_count; i++) {
		json_put_text(w, NULL, in->mechanisms[i]);
	}
	json_close_array(w);
	if (in->has_shared) {
		json_put_bool(w, "shared", in->shared != 0);
	}
	json_close(w);
}

enum err rp_a_json_write_announcement(const struct rp_rpr *in, struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	put_tx(&w, in->s.session_id);
	json_open_array(&w, "applications");
	for (size_t i = 0; i < in->announced_count; i++) {
		put_announced(&w, &in->announced[i]);
	}
	json_close_array(&w);
	json_close(&w);
	return buf_end(out, "RP_A: announcement");
}

static enum err read_announced_uas(const struct json *from, const struct ident *application,
	struct rp_a_json *m, struct rp_announced *ret)
{
	const struct json *item = json_item(json_member(from, "uaSecProtIds"), 0);

	for (; item; item = json_next(item)) {
		struct view text;
		struct ua ua;

		if (ret->naf_id_count == RP_UAS) {
			return err_fail(ERR_RANGE, "9.6.1: more than %d Ua ids", RP_UAS);
		}
		TRY(json_as_text(item, &text));
		TRY(ua_parse(text, &ua));
		TRY(keep_naf_id(m, application, ua, &ret->naf_ids[ret->naf_id_count++]));
	}
	return OK;
}

static enum err read_announced(const struct json *from, const struct ident *application,
	struct rp_a_json *m, struct rp_announced *ret)
{
	const struct json *item = json_item(json_member(from, "mechanisms"), 0);
	bool shared = true;

	TRY(read_announced_uas(from, application, m, ret));
	TRY(json_text_opt(from, "address", &ret->address));
	for (; item; item = json_next(item)) {
		if (ret->mechanism_count == RP_MECHANISMS) {
			return err_fail(ERR_RANGE, "9.6.1: more than %d mechanisms", RP_MECHANISMS);
		}
		TRY(json_as_text(item, &ret->mechanisms[ret->mechanism_count++]));
	}
	TRY(json_bool_opt(from, "shared", &shared));
	ret->has_shared = json_member(from, "shared") != NULL;
	ret->shared = shared;
	return OK;
}

enum err rp_a_json_read_announcement(struct view text, struct rp_a_json *m, struct rp_rpr *ret)
{
	struct rp_rpr rpr = {.type = RP_A_ANNOUNCE};

	TRY(open_message(text, RP_ANNOUNCED * ANNOUNCED_ROOM + LOG_TX, m));
	const struct json *list = json_member(m->root, "applications");

	if (!list) {
		return err_fail(ERR_SYNTAX, "9.6.1: an announcement without \"applications\"");
	}
	for (const struct json *item = json_item(list, 0); item; item = json_next(item)) {
		struct ident application;

		if (rpr.announced_count == RP_ANNOUNCED) {
			return err_fail(ERR_RANGE, "9.6.1: more than %d applications announced",
				RP_ANNOUNCED);
		}
		if (!json_is_object(item)) {
			return err_fail(ERR_SYNTAX, "9.6.1: an application that is no object");
		}
		TRY(read_application(item, &application));
		TRY(read_announced(item, &application, m, &rpr.announced[rpr.announced_count++]));
	}
	TRY(read_tx(m, &rpr.s.session_id));
	*ret = rpr;
	return OK;
}

enum err rp_a_json_read_application(struct view text, const struct ident *application,
	struct rp_a_json *m, struct rp_rpr *ret)
{
	struct rp_rpr rpr = {.type = RP_A_ANNOUNCE, .announced_count = 1};

	TRY(open_message(text, ANNOUNCED_ROOM + LOG_TX, m));
	TRY(read_announced(m->root, application, m, &rpr.announced[0]));
	TRY(read_tx(m, &rpr.s.session_id));
	*ret = rpr;
	return OK;
}

/* --- events --- */

static const char *const event_names[] = {
	[RP_A_PUSH] = "push",
	[RP_A_REVOKE] = "revoke",
	[RP_A_SUBSCRIPTION] = "subscription",
};

const char *rp_a_json_event_name(uint32_t type)
{
	return type >= RP_A_PUSH && type <= RP_A_SUBSCRIPTION ? event_names[type] : "unknown";
}

uint32_t rp_a_json_event_type(struct view name)
{
	for (uint32_t type = RP_A_PUSH; type <= RP_A_SUBSCRIPTION; type++) {
		if (view_is(name, event_names[type])) {
			return type;
		}
	}
	return 0;
}

static void put_keys(struct json_writer *w, const struct rp_rpr *in)
{
	json_open_array(w, "keys");
	for (size_t i = 0; i < in->key_count; i++) {
		json_open(w, NULL);
		put_ua(w, "uaSecProtId", in->keys[i].naf_id);
		put_hex(w, "meKeyMaterial", in->keys[i].key);
		json_close(w);
	}
	json_close_array(w);
}

enum err rp_a_json_write_event(const struct rp_rpr *in, struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "btId", in->transaction_id);
	put_application(&w, in->naf_id);
	if (in->format.len > 0) {
		json_put_text(&w, "tokenFormat", in->format);
		json_put_text(&w, "securityDegree", in->degree);
	}
	put_time(&w, "bootstrappingInfoCreationTime", in->has_creation, in->creation);
	put_time(&w, "keyExpiryTime", in->has_expiry, in->expiry);
	TRY(put_settings(&w, in->guss));
	TRY(put_granted(&w, in->rights, in->right_count, in->attributes));
	if (in->type == RP_A_PUSH) {
		put_keys(&w, in);
	}
	put_tx(&w, in->s.session_id);
	json_close(&w);
	return buf_end(out, "RP_A: event");
}

static enum err read_keys(struct rp_a_json *m, const struct ident *application, struct rp_rpr *ret)
{
	const struct json *item = json_item(json_member(m->root, "keys"), 0);

	for (; item; item = json_next(item)) {
		struct rp_ua_key *key = &ret->keys[ret->key_count];
		struct ua ua;

		if (ret->key_count == RP_UAS) {
			return err_fail(ERR_RANGE, "9.6.1: more than %d keys", RP_UAS);
		}
		if (!json_is_object(item)) {
			return err_fail(ERR_SYNTAX, "9.6.1: a key that is no object");
		}
		TRY(read_ua(item, "uaSecProtId", &ua));
		TRY(keep_naf_id(m, application, ua, &key->naf_id));
		TRY(read_key(item, m, &key->key));
		ret->key_count++;
	}
	return OK;
}

enum err rp_a_json_read_event(struct view text, struct rp_a_json *m, struct rp_rpr *ret)
{
	struct rp_rpr rpr = {.type = 0};
	struct ident application;

	TRY(open_message(text, EVENT_ROOM, m));
	TRY(json_text(m->root, "btId", &rpr.transaction_id));
	TRY(read_application(m->root, &application));
	TRY(keep_naf_id(m, &application, UA_ALL, &rpr.naf_id));
	TRY(json_text_opt(m->root, "tokenFormat", &rpr.format));
	TRY(json_text_opt(m->root, "securityDegree", &rpr.degree));
	TRY(read_time(m->root, "bootstrappingInfoCreationTime", &rpr.has_creation, &rpr.creation));
	TRY(read_time(m->root, "keyExpiryTime", &rpr.has_expiry, &rpr.expiry));
	TRY(read_settings(m, &rpr.guss));
	TRY(read_granted(m, rpr.rights, &rpr.right_count, &rpr.attributes));
	TRY(read_keys(m, &application, &rpr));
	TRY(read_tx(m, &rpr.s.session_id));
	*ret = rpr;
	return OK;
}

/* --- the pull (TS 29.309) --- */

enum err rp_a_json_write_pull(const struct rp_bir *in, struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "btId", in->transaction_id);
	json_open(&w, "nafId");
	put_application(&w, in->naf_id);
	put_ua(&w, "uaSecProtId", in->naf_id);
	json_close(&w);
	if (in->service_id_count > 0) {
		json_open_array(&w, "gsIds");
	}
	for (size_t i = 0; i < in->service_id_count; i++) {
		json_put_int(&w, NULL, in->service_ids[i]);
	}
	if (in->service_id_count > 0) {
		json_close_array(&w);
	}
	put_tx(&w, in->s.session_id);
	json_close(&w);
	return buf_end(out, "RP_A: pull");
}

enum err rp_a_json_read_pull(struct view text, struct rp_a_json *m, struct rp_bir *ret)
{
	struct rp_bir bir = {.has_private_identity_request = false};
	struct ident application;
	struct ua ua;

	TRY(open_message(text, NAF_ID_MAX + LOG_TX, m));
	const struct json *naf_id = json_member(m->root, "nafId");

	if (!naf_id || !json_is_object(naf_id)) {
		return err_fail(ERR_SYNTAX, "RP_A: \"nafId\" is missing (TS 29.309)");
	}
	TRY(json_text(m->root, "btId", &bir.transaction_id));
	TRY(read_application(naf_id, &application));
	TRY(read_ua(naf_id, "uaSecProtId", &ua));
	TRY(keep_naf_id(m, &application, ua, &bir.naf_id));
	TRY(read_tx(m, &bir.s.session_id));
	*ret = bir;
	return OK;
}

enum err rp_a_json_write_key(const struct rp_bia *in, struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	put_hex(&w, "meKeyMaterial", in->key_material);
	put_time(&w, "keyExpiryTime", in->has_expiry, in->expiry);
	put_time(&w, "bootstrappingInfoCreationTime", in->has_creation, in->creation);
	TRY(put_settings(&w, in->guss));
	TRY(put_granted(&w, in->rights, in->right_count, in->attributes));
	if (in->user_name.len > 0) {
		json_put_text(&w, "impi", in->user_name);
	}
	json_close(&w);
	return buf_end(out, "RP_A: key");
}

enum err rp_a_json_read_key(struct view text, struct rp_a_json *m, struct rp_bia *ret)
{
	struct rp_bia bia = {.has_expiry = false};

	TRY(open_message(text, EVENT_ROOM, m));
	TRY(read_key(m->root, m, &bia.key_material));
	TRY(read_time(m->root, "keyExpiryTime", &bia.has_expiry, &bia.expiry));
	TRY(read_time(m->root, "bootstrappingInfoCreationTime", &bia.has_creation, &bia.creation));
	TRY(read_settings(m, &bia.guss));
	TRY(read_granted(m, bia.rights, &bia.right_count, &bia.attributes));
	TRY(json_text_opt(m->root, "impi", &bia.user_name));
	*ret = bia;
	return OK;
}

/* --- places in the log --- */

static enum err read_log(const struct json *from, uint8_t ret[RP_A_LOG])
{
	struct view text;
	size_t len = 0;

	TRY(json_text(from, "log", &text));
	TRY(text_from_hex(text, ret, RP_A_LOG, &len, "log"));
	return len == RP_A_LOG ? OK : err_fail(ERR_SYNTAX, "RP_A: a log's name of %zu bytes", len);
}

void rp_a_json_write_place(struct view log, uint64_t serial, struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	put_hex(&w, "log", log);
	json_put_int(&w, "serial", (int64_t)serial);
	json_close(&w);
}

enum err rp_a_json_read_place(struct view text, struct rp_a_json *m, struct rp_rpa *ret)
{
	struct rp_rpa rpa = {.has_serial = false};
	uint8_t log[RP_A_LOG];
	int64_t serial = 0;

	TRY(open_message(text, RP_A_LOG, m));
	TRY(json_text_opt(m->root, "detail", &rpa.s.error_message));
	if (json_member(m->root, "log")) {
		struct buf room = room_of(m);

		TRY(read_log(m->root, log));
		TRY(json_int(m->root, "serial", 0, INT64_MAX, &serial));
		buf_bytes(&room, log, sizeof(log));
		TRY(keep(m, &room, &rpa.log));
		rpa.has_serial = true;
		rpa.serial = (uint64_t)serial;
	}
	*ret = rpa;
	return OK;
}

enum err rp_a_json_write_ack(const struct rp_a_ack *in, struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	put_hex(&w, "log", VIEW(in->log));
	json_put_int(&w, "serial", (int64_t)in->serial);
	if (in->refused_count > 0) {
		json_open_array(&w, "refused");
		for (size_t i = 0; i < in->refused_count; i++) {
			json_put_int(&w, NULL, (int64_t)in->refused[i]);
		}
		json_close_array(&w);
	}
	json_close(&w);
	return buf_end(out, "RP_A: acknowledgement");
}

enum err rp_a_json_read_ack(struct view text, struct rp_a_ack *ret)
{
	RP_A_JSON(m);
	struct rp_a_ack ack = {.refused_count = 0};
	int64_t number = 0;

	TRY(open_message(text, 1, &m));
	TRY(read_log(m.root, ack.log));
	TRY(json_int(m.root, "serial", 1, INT64_MAX, &number));
	ack.serial = (uint64_t)number;
	const struct json *item = json_item(json_member(m.root, "refused"), 0);

	for (; item; item = json_next(item)) {
		if (ack.refused_count == RP_A_REFUSED) {
			return err_fail(ERR_RANGE, "RP_A: more than %d events refused at once",
				RP_A_REFUSED);
		}
		TRY(json_as_int(item, 1, INT64_MAX, &number));
		ack.refused[ack.refused_count++] = (uint64_t)number;
	}
	*ret = ack;
	return OK;
}

void rp_a_json_print_id(struct view log, uint64_t serial, char ret[RP_A_ID_MAX + 1])
{
	struct buf out = buf_fixed(ret, RP_A_ID_MAX + 1);

	text_hex(&out, log);
	buf_printf(&out, ":%llu", (unsigned long long)serial);
	(void)buf_string(&out);
}

enum err rp_a_json_read_id(struct view id, uint8_t ret_log[RP_A_LOG], uint64_t *ret_serial)
{
	uint8_t log[RP_A_LOG];
	uint64_t serial = 0;
	size_t len = 0;

	if (id.len < 2 * RP_A_LOG + 2 || id.data[2 * RP_A_LOG] != ':') {
		return err_fail(ERR_SYNTAX, "RP_A: an event's id is LOG:SERIAL");
	}
	TRY(text_from_hex(view_of(id.data, 2 * RP_A_LOG), log, sizeof(log), &len, "event id"));
	TRY(text_from_u64(view_of(id.data + 2 * RP_A_LOG + 1, id.len - 2 * RP_A_LOG - 1),
		UINT64_MAX, &serial, "event id"));
	memcpy(ret_log, log, sizeof(log));
	*ret_serial = serial;
	return OK;
}
