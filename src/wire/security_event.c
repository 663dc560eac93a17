// SPDX-License-Identifier: Apache-2.0
#include "wire/security_event.h"

#include "base/text.h"

/* Header and payload are in base64url. */
enum { PAYLOAD_MAX = JOSE_PAYLOAD_MAX };

static enum err check_text(struct view text, const char *name)
{
	if (text.len == 0 || text.len > SECURITY_EVENT_TEXT) {
		return err_fail(ERR_RANGE, "RFC 8417 2.2: %s is not 1 to %d bytes long", name,
			SECURITY_EVENT_TEXT);
	}
	if (!text_is_printable(text)) {
		return err_fail(ERR_SYNTAX, "RFC 8417 2.2: %s has what is not printable", name);
	}
	return OK;
}

/* --- written --- */

static enum err put_part(struct json_writer *w, const struct security_event_part *part)
{
	char name[sizeof(SECURITY_EVENT_PREFIX) + 64];
	struct buf type = buf_fixed(name, sizeof(name));
	JSON_CLEANUP struct json *payload = NULL;

	buf_text(&type, SECURITY_EVENT_PREFIX);
	buf_view(&type, part->type);
	buf_u8(&type, '\0');
	TRY(buf_end(&type, "RFC 8417: the type of an event"));
	TRY(check_text(part->type, "the type of an event"));
	TRY(json_parse(part->payload, PAYLOAD_MAX, &payload));
	if (!json_is_object(payload)) {
		return err_fail(ERR_SYNTAX, "RFC 8417 2: what is told of an event is no object");
	}
	json_put_value(w, name, payload);
	return OK;
}

static enum err write(const struct security_event *event, struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "iss", event->iss);
	json_put_text(&w, "aud", event->aud);
	json_put_int(&w, "iat", event->iat);
	json_put_text(&w, "jti", event->jti);
	if (event->txn.len > 0) {
		json_put_text(&w, "txn", event->txn);
	}
	json_open(&w, "events");
	for (size_t i = 0; i < event->count; i++) {
		TRY(put_part(&w, &event->parts[i]));
	}
	json_close(&w);
	json_close(&w);
	return buf_end(out, "security event token");
}

enum err security_event_sign(const struct jose_key *key, const struct security_event *event,
	struct buf *out)
{
	BUF_CLEANUP struct buf payload = buf_growing(PAYLOAD_MAX);

	if (event->count == 0 || event->count > SECURITY_EVENT_PARTS) {
		return err_fail(ERR_RANGE, "RFC 8417 2.2: a token has 1 to %d events",
			SECURITY_EVENT_PARTS);
	}
	TRY(check_text(event->iss, "iss"));
	TRY(check_text(event->aud, "aud"));
	TRY(check_text(event->jti, "jti"));
	if (event->txn.len > 0) {
		TRY(check_text(event->txn, "txn"));
	}
	TRY(write(event, &payload));
	return jose_sign(key, SECURITY_EVENT_TYP, buf_contents(&payload), out);
}

/* --- read --- */

static enum err text_member(const struct json *document, const char *name, struct view *ret)
{
	struct view text;

	TRY(json_text(document, name, &text));
	TRY(check_text(text, name));
	*ret = text;
	return OK;
}

/* RFC 7519 4.1.3: one text, or an array of them. */
static bool is_for(const struct json *document, struct view aud)
{
	const struct json *member = json_member(document, "aud");
	const struct json *item = json_is_array(member) ? json_item(member, 0) : member;

	for (; item; item = json_is_array(member) ? json_next(item) : NULL) {
		struct view text;

		if (json_as_text(item, &text) == OK && view_equal(text, aud)) {
			return true;
		}
	}
	return false;
}

static enum err read_document(const struct json *document, struct view aud,
	struct security_event_read *ret)
{
	enum { LAST = 253402300799 }; /* the end of the year 9999 */

	if (!json_is_object(document)) {
		return err_fail(ERR_SYNTAX, "RFC 8417 2: no JSON object");
	}
	if (!is_for(document, aud)) {
		return err_fail(ERR_AUTH, "RFC 7519 4.1.3: the token is for somebody else");
	}
	TRY(text_member(document, "iss", &ret->iss));
	TRY(text_member(document, "jti", &ret->jti));
	TRY(json_int(document, "iat", 0, LAST, &ret->iat));
	if (json_member(document, "txn")) {
		TRY(text_member(document, "txn", &ret->txn));
	}
	ret->events = json_member(document, "events");
	if (!json_is_object(ret->events)) {
		return err_fail(ERR_SYNTAX, "RFC 8417 2.2: events is no object");
	}
	return OK;
}

enum err security_event_read(const struct jose_key *const *keys, size_t count, struct view aud,
	struct view compact, struct security_event_read *ret)
{
	BUF_CLEANUP struct buf payload = buf_growing(PAYLOAD_MAX);
	struct security_event_read read = {.iat = 0};

	TRY(jose_verify(keys, count, SECURITY_EVENT_TYP, compact, &payload));
	TRY(json_parse(buf_contents(&payload), PAYLOAD_MAX, &read.document));
	enum err err = read_document(read.document, aud, &read);

	if (err != OK) {
		security_event_free(&read);
		return err;
	}
	*ret = read;
	return OK;
}

void security_event_free(struct security_event_read *event)
{
	json_free(event->document);
	*event = (struct security_event_read){.iat = 0};
}
