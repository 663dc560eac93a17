// SPDX-License-Identifier: Apache-2.0
#include "device/result.h"

#include "base/text.h"
#include "device/answer.h"
#include "wire/gba_xml.h"
#include "wire/json.h"

#include <string.h>

static enum err read_xml(struct view document, struct symdev_token *ret)
{
	struct bootstrapping_info info;

	TRY(gba_xml_read_info(document, &info));
	ret->format = TOKEN_GBA;
	ret->until = info.lifetime;
	return text_copy(ret->id, sizeof(ret->id), view_text(info.btid), "10.4/4a: B-TID");
}

static enum err read_ident(const struct json *object, const char *name, enum ident_kind kind,
	struct ident *ret)
{
	struct view text;

	TRY(json_text(object, name, &text));
	return ident_parse(kind, text, ret);
}

static enum err read_time(const struct json *object, const char *name, int64_t *ret)
{
	struct view text;

	TRY(json_text(object, name, &text));
	return text_from_time(text, ret, name);
}

static enum err read_short(const struct json *object, const char *name, char *ret, size_t room)
{
	struct view text = view_text("");

	TRY(json_text_opt(object, name, &text));
	if (!text_is_printable(text)) {
		return err_fail(ERR_SYNTAX, "10.4/4a: %s is not printable", name);
	}
	return text_copy(ret, room, text, name);
}

static enum err read_format(const struct json *root, enum token_format *ret)
{
	char name[16];

	TRY(read_short(root, "format", name, sizeof(name)));
	return token_format_of(name, ret);
}

/* All that fit, but `asked` always: the last place is kept for it. */
static enum err read_applications(const struct json *root, const struct ident *asked,
	struct symdev_token *ret)
{
	const struct json *item = json_item(json_member(root, "applications"), 0);
	bool has_asked = false;

	for (; item; item = json_next(item)) {
		struct view text;
		struct ident application;

		TRY(json_as_text(item, &text));
		TRY(ident_parse(IDENT_APPLICATION, text, &application));
		bool is_asked = ident_equal(&application, asked);

		if (ret->application_count + !(has_asked || is_asked) < SYMDEV_APPLICATIONS) {
			ret->applications[ret->application_count++] = application;
			has_asked |= is_asked;
		}
	}
	return OK;
}

/* All that fit. A device that cannot use one passes over it. */
static enum err read_uas(const struct json *root, struct symdev_token *ret)
{
	const struct json *item = json_item(json_member(root, "ua"), 0);

	for (; item && ret->ua_count < SYMDEV_UAS; item = json_next(item)) {
		struct view text;

		TRY(json_as_text(item, &text));
		TRY(ua_parse(text, &ret->uas[ret->ua_count]));
		ret->ua_count++;
	}
	return OK;
}

/* Those that fit, by spaces. */
static enum err read_words(const struct json *object, const char *name, char *ret, size_t room)
{
	const struct json *item = json_item(json_member(object, name), 0);
	size_t len = 0;

	for (; item; item = json_next(item)) {
		struct view text;

		TRY(json_as_text(item, &text));
		if (!text_is_printable(text) || text.len == 0 || memchr(text.data, ' ', text.len)) {
			return err_fail(ERR_SYNTAX, "10.4/4a: %s: not a name", name);
		}
		if (len + 1 + text.len >= room) {
			break;
		}
		if (len > 0) {
			ret[len++] = ' ';
		}
		memcpy(ret + len, text.data, text.len);
		len += text.len;
	}
	ret[len] = '\0';
	return OK;
}

/* 8.4: what the degree asks for, and what the realm says that this device has. A realm may leave it out. */
static enum err read_security(const struct json *security, struct symdev_token *ret)
{
	const struct json *asked = json_member(security, "asked"),
			  *key = json_member(security, "key");
	int64_t need = 0, strength = 0;

	if (!asked || !key) {
		return OK;
	}
	TRY(read_words(asked, "mechanisms", ret->asked.mechanisms, sizeof(ret->asked.mechanisms)));
	TRY(read_words(asked, "algorithms", ret->asked.algorithms, sizeof(ret->asked.algorithms)));
	TRY(json_int(asked, "strength", 0, INT16_MAX, &need));
	TRY(read_short(key, "mechanism", ret->key.mechanism, sizeof(ret->key.mechanism)));
	TRY(read_short(key, "algorithm", ret->key.algorithm, sizeof(ret->key.algorithm)));
	TRY(json_int(key, "strength", 0, INT16_MAX, &strength));
	ret->asked.strength = (int)need;
	ret->key.strength = (int)strength;
	return OK;
}

/* 9.3: what the realm tells of the subscription.  req: B9.3-b */
static enum err read_subscription(const struct json *root, struct symdev_token *ret)
{
	const struct json *subscription = json_member(root, "subscription");
	bool permission = true;

	if (!subscription) {
		return OK;
	}
	TRY(json_bool_opt(subscription, "permission", &permission));
	if (!permission) {
		return err_fail(ERR_SYNTAX, "10.4/4a: a token without a permission");
	}
	if (json_member(subscription, "until")) {
		TRY(read_time(subscription, "until", &ret->permitted_until));
	}
	return read_words(subscription, "mechanisms", ret->mechanisms, sizeof(ret->mechanisms));
}

static enum err read_id(const struct json *root, struct symdev_token *ret)
{
	struct view id;
	struct ident node;

	TRY(json_text(root, "token", &id));
	TRY(token_id_node(id, &node));
	return text_copy(ret->id, sizeof(ret->id), id, "10.4/4a: token");
}

static enum err read_json(struct view document, const struct ident *asked, struct symdev_token *ret)
{
	JSON_CLEANUP struct json *root = NULL;

	TRY(json_parse(document, ANSWER_BODY, &root));
	TRY(read_id(root, ret));
	TRY(read_time(root, "lifetime", &ret->until));
	TRY(read_format(root, &ret->format));
	TRY(read_ident(root, "node", IDENT_FQDN, &ret->node));
	TRY(read_ident(root, "realm", IDENT_FQDN, &ret->realm));
	TRY(read_ident(root, "application", IDENT_APPLICATION, &ret->application));
	TRY(read_short(root, "degree", ret->degree, sizeof(ret->degree)));
	TRY(read_security(json_member(root, "security"), ret));
	TRY(read_applications(root, asked, ret));
	TRY(read_uas(root, ret));
	TRY(json_bool_opt(root, "key_update", &ret->key_update));
	return read_subscription(root, ret);
}

/* What the node tells of the token must be what was asked for, of whom it was asked.  req: B7.1-i */
static enum err check_told(const struct symdev_token *told, const struct token_base *base,
	const struct ident *asked)
{
	if (!ident_equal(&told->node, &base->node) || !ident_equal(&told->realm, &base->realm)) {
		return err_fail(ERR_AUTH, "10.4/4a: a token of another node or realm than %s",
			base->node.text);
	}
	return symdev_token_opens(told, asked)
		       ? OK
		       : err_fail(ERR_AUTH, "10.4/4a: a token for another application");
}

/* Its id is what we give it, or the node is another than it says. */
static enum err check_id(const struct symdev_token *told, const struct token_base *base)
{
	char own[TOKEN_ID_MAX + 1];

	TRY(token_id(told->format, base, &told->application, own));
	return strcmp(told->id, own) == 0
		       ? OK
		       : err_fail(ERR_AUTH,
				 "10.4/4a: the node's token id, or B-TID, is not ours @%s",
				 base->node.text);
}

enum err result_token(struct view document, const struct token_base *base,
	const struct ident *asked, struct symdev_token *ret)
{
	if (asked) {
		TRY(read_json(document, asked, ret));
		TRY(check_told(ret, base, asked));
	} else {
		TRY(read_xml(document, ret));
		ret->node = base->node;
		ret->realm = base->realm;
	}
	memcpy(ret->rand, base->rand, RAND_SIZE);
	TRY(check_id(ret, base));
	return ret->until > ret->from
		       ? OK
		       : err_fail(ERR_EXPIRED,
				 "10.4/4a: the token has expired already: is this clock right?");
}

static enum err read_agreed(const struct json *root, const struct ident *client,
	uint8_t ret_rand[RAND_SIZE])
{
	struct view rand;
	struct ident told;
	uint8_t bytes[RAND_SIZE];
	size_t len = 0;

	TRY(json_text(root, "rand", &rand));
	TRY(text_from_base64url(rand, bytes, sizeof(bytes), &len, "10.4/4a: rand"));
	TRY(read_ident(root, "client", IDENT_CLIENT, &told));
	if (len != RAND_SIZE) {
		return err_fail(ERR_SYNTAX, "10.4/4a: rand has %d bytes", RAND_SIZE);
	}
	if (!ident_equal(&told, client)) {
		return err_fail(ERR_AUTH,
			"10.4/4a: this device's key is registered for another client");
	}
	memcpy(ret_rand, bytes, RAND_SIZE);
	return OK;
}

enum err result_agreed(struct view document, const struct ident *client, uint8_t ret_rand[RAND_SIZE])
{
	JSON_CLEANUP struct json *root = NULL;

	TRY(json_parse(document, ANSWER_BODY, &root));
	return read_agreed(root, client, ret_rand);
}

enum err result_refused(struct view problem)
{
	JSON_CLEANUP struct json *root = NULL;
	struct view detail;

	if (json_parse(problem, ANSWER_BODY, &root) != OK ||
		json_text(root, "detail", &detail) != OK || detail.len == 0 ||
		!text_is_printable(detail)) {
		return err_fail(ERR_DENIED,
			"10.4/3b: the realm does not permit this device to use the application");
	}
	return err_fail(ERR_DENIED,
		"the realm does not permit this device to use the application: %.*s",
		(int)detail.len, (const char *)detail.data);
}
