// SPDX-License-Identifier: Apache-2.0
/* Between CoAP and HTTP, and CBOR and JSON: what stands for what. */
#include "base/text.h"
#include "registry/realm/coap.h"
#include "wire/cbor_json.h"

#define CODE(class, detail) ((uint8_t)((class) << 5 | (detail)))

static const struct {
	unsigned status;
	uint8_t code;
} codes[] = {
	{201, CODE(2, 1)},
	{304, CODE(2, 3)},
	{400, CODE(4, 0)},
	{401, CODE(4, 1)},
	{403, CODE(4, 3)},
	{404, CODE(4, 4)},
	{405, CODE(4, 5)},
	{406, CODE(4, 6)},
	{409, CODE(4, 9)},
	{412, CODE(4, 12)},
	{413, CODE(4, 13)},
	{415, CODE(4, 15)},
	{422, CODE(4, 22)},
	{429, CODE(4, 29)},
	{500, CODE(5, 0)},
	{501, CODE(5, 1)},
	{502, CODE(5, 2)},
	{503, CODE(5, 3)},
	{504, CODE(5, 4)},
};

uint8_t coap_code_of(unsigned status, uint8_t method)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].status == status) {
			return codes[i].code;
		}
	}
	if (status >= 300) {
		return status >= 500 ? CODE(5, 0) : CODE(4, 0);
	}
	return method == COAP_GET ? COAP_2_05 : method == COAP_DELETE ? CODE(2, 2) : CODE(2, 4);
}

const char *coap_method_of(uint8_t code)
{
	static const char *const methods[] = {
		[COAP_GET] = "GET",
		[COAP_POST] = "POST",
		[COAP_PUT] = "PUT",
		[COAP_DELETE] = "DELETE",
	};

	return code < sizeof(methods) / sizeof(methods[0]) ? methods[code] : NULL;
}

/* Behind the first "=" all is the value. */
static void put_query(struct buf *target, struct view query, bool first)
{
	size_t name = 0;

	while (name < query.len && query.data[name] != '=') {
		name++;
	}
	buf_text(target, first ? "?" : "&");
	text_percent(target, view_of(query.data, name));
	if (name < query.len) {
		buf_text(target, "=");
		text_percent(target, view_of(query.data + name + 1, query.len - name - 1));
	}
}

enum err coap_target_of(const struct net_coap_message *message, struct buf *target)
{
	const size_t begin = target->len;
	bool has_query = false;

	for (size_t i = 0; i < message->option_count; i++) {
		const struct net_coap_option *o = &message->options[i];

		if (o->number == COAP_URI_PATH) {
			buf_text(target, "/");
			text_percent(target, o->value);
		} else if (o->number == COAP_PROXY_URI || o->number == COAP_PROXY_SCHEME) {
			return err_fail(ERR_SYNTAX, "CoAP: this is no proxy");
		}
	}
	buf_text(target, target->len == begin ? "/" : "");
	for (size_t i = 0; i < message->option_count; i++) {
		if (message->options[i].number == COAP_URI_QUERY) {
			put_query(target, message->options[i].value, !has_query);
			has_query = true;
		}
	}
	return buf_end(target, "CoAP: path and query");
}

enum err coap_body_to_cbor(struct view json, struct buf *out)
{
	JSON_CLEANUP struct json *value = NULL;

	TRY(json_parse(json, json.len, &value));
	cbor_put(out, value);
	return buf_end(out, "CoAP: the answer");
}

enum err coap_body_from_cbor(struct view cbor, struct buf *out)
{
	JSON_CLEANUP struct json *value = NULL;
	struct json_writer w = json_to(out);

	TRY(cbor_parse(cbor, NET_COAP_BODY, &value));
	json_put_value(&w, NULL, value);
	return buf_end(out, "CoAP: the body");
}
