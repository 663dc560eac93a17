// SPDX-License-Identifier: Apache-2.0
#include "gateway/fields.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_LEN = 64 };

static uint8_t plain(uint8_t c)
{
	c = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

/* Letter case does not matter, nor which sign stands between words: to many an application (CGI) all are '_'. */
static bool begins(struct view name, const char *with)
{
	size_t len = strlen(with);

	if (name.len < len) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (plain(name.data[i]) != (uint8_t)with[i]) {
			return false;
		}
	}
	return true;
}

static bool is(struct view name, const char *other)
{
	return name.len == strlen(other) && begins(name, other);
}

static bool is_one_of(struct view name, const char *const *names)
{
	for (; *names; names++) {
		if (is(name, *names)) {
			return true;
		}
	}
	return false;
}

/* The next item of a comma-separated list, without the blanks around it. */
static struct view take_item(struct view *list)
{
	const uint8_t *comma = memchr(list->data, ',', list->len);
	size_t len = comma ? (size_t)(comma - list->data) : list->len;
	struct view item = view_of(list->data, len);

	len += comma ? 1 : 0;
	*list = view_of(list->data + len, list->len - len);
	while (item.len > 0 && (item.data[0] == ' ' || item.data[0] == '\t')) {
		item = view_of(item.data + 1, item.len - 1);
	}
	while (item.len > 0 && (item.data[item.len - 1] == ' ' || item.data[item.len - 1] == '\t')) {
		item.len--;
	}
	return item;
}

static bool same_name(struct view a, struct view b)
{
	return a.len == b.len && strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0;
}

/* Whether the name stands in a Connection field. */
static bool connection_names(const struct http_head *head, struct view name)
{
	for (size_t i = 0; i < head->field_count; i++) {
		struct view list = head->fields[i].value;

		if (!view_is_nocase(head->fields[i].name, "Connection")) {
			continue;
		}
		while (list.len > 0) {
			if (same_name(take_item(&list), name)) {
				return true;
			}
		}
	}
	return false;
}

static const char *const of_connections[] = {"connection", "keep-alive", "proxy-connection",
	"proxy-authorization", "proxy-authenticate", "te", "trailer", "transfer-encoding",
	"upgrade", NULL};

/* Said by the gateway, or not at all. */
static const char *const ours[] = {"host", "content-length", "expect", "forwarded", "x-real-ip",
	NULL};

static bool is_of_connection(const struct http_head *head, struct view name)
{
	return is_one_of(name, of_connections) || connection_names(head, name);
}

enum err fields_check_name(const char *name)
{
	struct view v = view_text(name);

	for (size_t i = 0; i < v.len; i++) {
		if (plain(v.data[i]) == '-' && v.data[i] != '-') {
			return err_fail(ERR_CONFIG, "a field's name has letters, digits and -");
		}
	}
	if (v.len == 0 || v.len > NAME_MAX_LEN || is_one_of(v, of_connections) ||
		is_one_of(v, ours) || is(v, "via")) {
		return err_fail(ERR_CONFIG, "%.*s: this field is taken", NAME_MAX_LEN, name);
	}
	return OK;
}

/* Whether both are the same name to an application: then a device could speak for the gateway. */
static bool is_like(struct view name, const char *other)
{
	size_t len = other ? strlen(other) : 0;

	if (len == 0 || name.len != len) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (plain(name.data[i]) != plain((uint8_t)other[i])) {
			return false;
		}
	}
	return true;
}

/* Believed by applications because the gateway alone says it. */
static bool is_said_by_us(struct view name, const struct field_names *names)
{
	return is_one_of(name, ours) || begins(name, "symbolon-") || begins(name, "x-forwarded-") ||
	       is_like(name, names->pseudonym) || is_like(name, names->expires) ||
	       is_like(name, names->application) || is_like(name, names->degree) ||
	       is_like(name, names->rights) || is_like(name, names->attributes);
}

static void put(struct fields *f, const char *name, struct view value)
{
	if (!name || value.len == 0) {
		return;
	}
	f->items[f->count++] = (struct http_field){view_text(name), value};
}

void fields_to_backend(const struct http_head *head, const char *host,
	const struct symapp_token *token, const char *node, const struct field_names *names,
	struct fields *ret)
{
	struct view own_host = http_field_of(head, "Host");

	ret->count = 0;
	put(ret, "Host", own_host.len > 0 ? own_host : view_text(host));
	for (size_t i = 0; i < head->field_count; i++) {
		struct view name = head->fields[i].name;

		if (!is_said_by_us(name, names) && !is_of_connection(head, name)) {
			ret->items[ret->count++] = head->fields[i];
		}
	}
	(void)snprintf(ret->via, sizeof(ret->via), "1.%d %s", head->v10 ? 0 : 1, node);
	text_time(token->until, ret->expires);
	put(ret, "Via", view_text(ret->via));
	put(ret, names->application, view_text(token->application.text));
	put(ret, names->expires, view_text(ret->expires));
	put(ret, names->degree, view_text(token->degree));
	put(ret, names->pseudonym, view_text(token->pseudonym));
	put(ret, names->rights, view_text(token->rights));
	struct buf attributes = buf_fixed(ret->attributes, sizeof(ret->attributes));

	text_ascii_json(&attributes, view_text(token->attributes));
	if (!attributes.failed) {
		put(ret, names->attributes, buf_contents(&attributes));
	}
}

void fields_to_device(const struct http_head *head, struct fields *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < head->field_count; i++) {
		struct view name = head->fields[i].name;

		/* The server writes a Date of its own. */
		if (!is(name, "date") && !is_of_connection(head, name)) {
			ret->items[ret->count++] = head->fields[i];
		}
	}
}

void fields_drop(struct fields *fields, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < fields->count; i++) {
		if (!view_is_nocase(fields->items[i].name, name)) {
			fields->items[kept++] = fields->items[i];
		}
	}
	fields->count = kept;
}
