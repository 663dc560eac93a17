// SPDX-License-Identifier: Apache-2.0
#include "wire/registry_answer.h"

#include "base/text.h"

/* --- writing --- */

static void put_text(struct json_writer *w, const char *name, struct view value)
{
	if (value.len > 0) {
		json_put_text(w, name, value);
	}
}

static void put_number(struct json_writer *w, const char *name, int64_t value)
{
	if (value >= 0) {
		json_put_int(w, name, value);
	}
}

void answered_device_write(struct json_writer *w, const struct answered_device *device)
{
	json_open(w, NULL);
	put_text(w, "reg_dev_id", device->reg_dev_id);
	put_text(w, "application", device->application);
	put_text(w, "registry", device->registry);
	json_put_text(w, "trust", device->trust);
	put_text(w, "lifecycle", device->lifecycle);
	put_number(w, "since", device->since);
	put_text(w, "rule", device->rule);
	put_text(w, "reason", device->reason);
	if (device->facts) {
		json_put_value(w, "facts", device->facts);
	}
	if (device->owner) {
		json_put_value(w, "owner", device->owner);
	}
	put_number(w, "seq", device->seq);
	put_number(w, "stale", device->stale);
	if (device->list_uri.len > 0) {
		json_open(w, "status_list");
		json_put_text(w, "uri", device->list_uri);
		json_put_int(w, "idx", device->list_index);
		json_close(w);
	}
	json_close(w);
}

static void put_log(struct json_writer *w, const struct registry_answer *answer)
{
	char text[64];
	struct buf root = buf_fixed(text, sizeof(text));

	if (answer->log_size < 0) {
		return;
	}
	json_open(w, "log");
	json_put_text(w, "origin", answer->log_origin);
	json_put_int(w, "size", answer->log_size);
	if (answer->log_root.len > 0) {
		text_base64(&root, answer->log_root);
		json_put_text(w, "root", buf_contents(&root));
	}
	json_close(w);
}

enum err registry_answer_write(const struct registry_answer *answer, struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "iss", answer->issuer);
	json_put_text(&w, "aud", answer->audience);
	json_put_text(&w, "nonce", answer->nonce);
	json_put_int(&w, "iat", answer->issued);
	json_put_int(&w, "exp", answer->expires);
	json_put_text(&w, "asked_by", answer->asked_by);
	json_put_text(&w, "asked", answer->asked);
	put_number(&w, "at", answer->at);
	json_open_array(&w, "devices");
	for (size_t i = 0; i < answer->count; i++) {
		answered_device_write(&w, &answer->devices[i]);
	}
	json_close_array(&w);
	if (answer->more) {
		json_put_bool(&w, "more", true);
	}
	put_log(&w, answer);
	json_close(&w);
	return buf_end(out, "answer");
}

enum err registry_answer_sign(const struct registry_answer *answer, const struct jose_key *key,
	struct buf *out)
{
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);

	TRY(registry_answer_write(answer, &payload));
	return jose_sign(key, REGISTRY_ANSWER_TYP, buf_contents(&payload), out);
}

/* --- reading --- */

static enum err object_opt(const struct json *parent, const char *name, const struct json **ret)
{
	*ret = json_member(parent, name);
	return !*ret || json_is_object(*ret)
		       ? OK
		       : err_fail(ERR_SYNTAX, "answer: %s is no object", name);
}

static enum err number_opt(const struct json *parent, const char *name, int64_t *ret)
{
	*ret = -1;
	return json_int_opt(parent, name, 0, INT64_MAX, ret);
}

static enum err read_place(const struct json *device, struct answered_device *ret)
{
	const struct json *place = NULL;

	TRY(object_opt(device, "status_list", &place));
	if (!place) {
		return OK;
	}
	TRY(json_text(place, "uri", &ret->list_uri));
	return json_int(place, "idx", 0, INT64_MAX, &ret->list_index);
}

static enum err read_device(const struct json *device, struct answered_device *ret)
{
	TRY(json_text_opt(device, "reg_dev_id", &ret->reg_dev_id));
	TRY(json_text_opt(device, "application", &ret->application));
	TRY(json_text_opt(device, "registry", &ret->registry));
	TRY(json_text(device, "trust", &ret->trust));
	TRY(json_text_opt(device, "lifecycle", &ret->lifecycle));
	TRY(number_opt(device, "since", &ret->since));
	TRY(json_text_opt(device, "rule", &ret->rule));
	TRY(json_text_opt(device, "reason", &ret->reason));
	TRY(object_opt(device, "facts", &ret->facts));
	TRY(object_opt(device, "owner", &ret->owner));
	TRY(number_opt(device, "seq", &ret->seq));
	TRY(number_opt(device, "stale", &ret->stale));
	return read_place(device, ret);
}

static enum err read_devices(const struct json *root, struct registry_answer *ret)
{
	const struct json *devices = json_member(root, "devices");

	if (!json_is_array(devices)) {
		return err_fail(ERR_SYNTAX, "answer: no devices");
	}
	if (json_count(devices) > REGISTRY_ANSWER_DEVICES) {
		return err_fail(ERR_RANGE, "answer: more than %d devices", REGISTRY_ANSWER_DEVICES);
	}
	for (const struct json *at = json_item(devices, 0); at; at = json_next(at)) {
		struct answered_device *device = &ret->devices[ret->count++];

		*device = (struct answered_device){.since = -1};
		TRY(read_device(at, device));
	}
	return json_bool_opt(root, "more", &ret->more);
}

static enum err read_log(const struct json *root, uint8_t bytes[32], struct registry_answer *ret)
{
	const struct json *log = NULL;
	struct view text = {.len = 0};
	size_t len = 0;

	ret->log_size = -1;
	TRY(object_opt(root, "log", &log));
	if (!log) {
		return OK;
	}
	TRY(json_text(log, "origin", &ret->log_origin));
	TRY(json_int(log, "size", 0, INT64_MAX, &ret->log_size));
	TRY(json_text_opt(log, "root", &text));
	TRY(text_from_base64(text, bytes, 32, &len, "answer: root of the log"));
	ret->log_root = view_of(bytes, len);
	return len == 0 || len == 32 ? OK : err_fail(ERR_SYNTAX, "answer: root of %zu bytes", len);
}

static enum err read_answer(const struct json *root, uint8_t bytes[32], struct registry_answer *ret)
{
	ret->count = 0;
	ret->more = false;
	TRY(json_text(root, "iss", &ret->issuer));
	TRY(json_text(root, "aud", &ret->audience));
	TRY(json_text(root, "nonce", &ret->nonce));
	TRY(json_int(root, "iat", 0, INT64_MAX, &ret->issued));
	TRY(json_int(root, "exp", 0, INT64_MAX, &ret->expires));
	TRY(json_text(root, "asked_by", &ret->asked_by));
	TRY(json_text(root, "asked", &ret->asked));
	TRY(number_opt(root, "at", &ret->at));
	TRY(read_devices(root, ret));
	return read_log(root, bytes, ret);
}

static bool fits(struct view is, struct view wanted)
{
	return wanted.len == 0 || view_equal(is, wanted);
}

static enum err check(const struct registry_answer *answer,
	const struct registry_answer_wanted *wanted)
{
	if (!fits(answer->issuer, wanted->issuer)) {
		return err_fail(ERR_DENIED, "answer: of another registry");
	}
	if (!fits(answer->audience, wanted->audience)) {
		return err_fail(ERR_DENIED, "answer: for another enquirer");
	}
	if (!fits(answer->nonce, wanted->nonce)) {
		return err_fail(ERR_DENIED, "answer: over another nonce");
	}
	if (wanted->now == 0) {
		return OK;
	}
	return answer->issued > wanted->now + REGISTRY_ANSWER_SKEW || answer->expires <= wanted->now
		       ? err_fail(ERR_EXPIRED, "answer: not of now")
		       : OK;
}

enum err registry_answer_verify(const struct jose_key *const *keys, size_t count,
	const struct registry_answer_wanted *wanted, struct view jws, uint8_t root[32],
	struct json **ret_document, struct registry_answer *ret)
{
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_MAX);
	JSON_CLEANUP struct json *document = NULL;

	TRY(jose_verify(keys, count, REGISTRY_ANSWER_TYP, jws, &payload));
	TRY(json_parse(buf_contents(&payload), JOSE_PAYLOAD_MAX, &document));
	TRY(read_answer(document, root, ret));
	TRY(check(ret, wanted));
	*ret_document = document;
	document = NULL;
	return OK;
}
