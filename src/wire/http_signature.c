// SPDX-License-Identifier: Apache-2.0
#include "wire/http_signature.h"

#include "base/text.h"
#include "wire/http_head.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

static enum err read_signature(const struct signed_message *message, struct http_signature *ret);

/* --- components --- */

struct signed_message signed_request(const struct http_head *head)
{
	return (struct signed_message){
		.method = head->method,
		.scheme = view_text("https"),
		.authority = http_field_of(head, "host"),
		.target = head->target,
		.fields = head->fields,
		.field_count = head->field_count,
	};
}

static struct view trim(struct view v)
{
	while (v.len > 0 && (v.data[0] == ' ' || v.data[0] == '\t')) {
		v = view_of(v.data + 1, v.len - 1);
	}
	while (v.len > 0 && (v.data[v.len - 1] == ' ' || v.data[v.len - 1] == '\t')) {
		v.len--;
	}
	return v;
}

static bool is_name(struct view a, struct view b)
{
	return a.len == b.len && strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0;
}

/* RFC 9421 2.1: the lines of a field as one. False: there is none. */
static bool put_field(const struct signed_message *message, struct view name, struct buf *out)
{
	bool any = false;

	for (size_t i = 0; i < message->field_count; i++) {
		if (!is_name(message->fields[i].name, name)) {
			continue;
		}
		buf_text(out, any ? ", " : "");
		buf_view(out, trim(message->fields[i].value));
		any = true;
	}
	return any;
}

/* RFC 9421 2.2.3: in small letters, without the scheme's own port. */
static void put_authority(const struct signed_message *message, struct buf *out)
{
	const char *port = view_is(message->scheme, "https") ? ":443" : ":80";
	struct view v = message->authority;
	size_t len = strlen(port);

	if (v.len > len && memcmp(v.data + v.len - len, port, len) == 0) {
		v.len -= len;
	}
	for (size_t i = 0; i < v.len; i++) {
		buf_u8(out, (uint8_t)tolower(v.data[i]));
	}
}

static void put_target_uri(const struct signed_message *message, struct buf *out)
{
	buf_view(out, message->scheme);
	buf_text(out, "://");
	put_authority(message, out);
	buf_view(out, message->target);
}

static void put_path(const struct signed_message *message, struct buf *out)
{
	struct view target = message->target;
	const uint8_t *mark = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
	size_t len = mark ? (size_t)(mark - target.data) : target.len;

	if (len == 0) {
		buf_u8(out, '/');
	}
	buf_bytes(out, target.data, len);
}

/* RFC 9421 2.2.7: with its question mark, even when there is nothing else. */
static void put_query(const struct signed_message *message, struct buf *out)
{
	struct view target = message->target;
	const uint8_t *mark = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;

	if (!mark) {
		buf_u8(out, '?');
		return;
	}
	buf_bytes(out, mark, target.len - (size_t)(mark - target.data));
}

static void put_method(const struct signed_message *message, struct buf *out)
{
	buf_view(out, message->method);
}

static void put_scheme(const struct signed_message *message, struct buf *out)
{
	buf_view(out, message->scheme);
}

static void put_request_target(const struct signed_message *message, struct buf *out)
{
	buf_view(out, message->target);
}

static void put_status(const struct signed_message *message, struct buf *out)
{
	buf_printf(out, "%03u", message->status);
}

/* RFC 9421 2.2. */
static const struct {
	const char *name;
	bool of_responses;
	void (*put)(const struct signed_message *message, struct buf *out);
} derived[] = {
	{"@method", false, put_method},
	{"@target-uri", false, put_target_uri},
	{"@authority", false, put_authority},
	{"@scheme", false, put_scheme},
	{"@path", false, put_path},
	{"@query", false, put_query},
	{"@request-target", false, put_request_target},
	{"@status", true, put_status},
};

static enum err put_derived(const struct signed_message *message, struct view name, struct buf *out)
{
	for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++) {
		if (view_is(name, derived[i].name)) {
			if (derived[i].of_responses != (message->status != 0)) {
				return err_fail(ERR_SYNTAX,
					"RFC 9421 2.2: %s of another kind of message",
					derived[i].name);
			}
			derived[i].put(message, out);
			return OK;
		}
	}
	return err_fail(ERR_UNSUPPORTED, "RFC 9421 2.2: a component that is not known here");
}

static enum err put_component(const struct signed_message *message, struct view name,
	struct buf *out)
{
	if (name.len > 0 && name.data[0] == '@') {
		return put_derived(message, name, out);
	}
	for (size_t i = 0; i < name.len; i++) {
		if (isupper(name.data[i])) {
			return err_fail(ERR_SYNTAX, "RFC 9421 2.1: a field's name in capitals");
		}
	}
	if (!http_is_token(name)) {
		return err_fail(ERR_SYNTAX, "RFC 9421 2.1: not a field's name");
	}
	return put_field(message, name, out)
		       ? OK
		       : err_fail(ERR_SYNTAX, "RFC 9421 2.5: a covered field is not there");
}

/* --- the signature base --- */

static enum err check_identifier(const struct sf_member *input, size_t at)
{
	const struct sf_item *item = &input->items[at];

	if (item->value.type != SF_STRING) {
		return err_fail(ERR_SYNTAX, "RFC 9421 2: a component is named by a string");
	}
	if (item->parameters.count > 0) {
		return err_fail(ERR_UNSUPPORTED, "RFC 9421 2.1: component parameters");
	}
	for (size_t i = 0; i < at; i++) {
		if (view_equal(input->items[i].value.text, item->value.text)) {
			return err_fail(ERR_SYNTAX, "RFC 9421 2.5: a component twice");
		}
	}
	return OK;
}

enum err http_signature_base(const struct sf_member *input, const struct signed_message *message,
	struct buf *out)
{
	if (!input->is_list) {
		return err_fail(ERR_SYNTAX, "RFC 9421 4.1: Signature-Input has no list");
	}
	for (size_t i = 0; i < input->count; i++) {
		TRY(check_identifier(input, i));
		sf_put_item(out, &input->items[i]);
		buf_text(out, ": ");
		TRY(put_component(message, input->items[i].value.text, out));
		buf_u8(out, '\n');
	}
	buf_text(out, "\"@signature-params\": ");
	sf_put_value(out, input);
	return buf_end(out, "signature base");
}

static const char *algorithm_name(const struct jose_key *key)
{
	return jose_key_algorithm(key) == JOSE_EDDSA ? "ed25519" : "ecdsa-p256-sha256";
}

/* --- signing --- */

static void put_text_parameter(struct buf *out, const char *name, const char *value)
{
	if (value) {
		buf_printf(out, ";%s=", name);
		sf_put_string(out, view_text(value));
	}
}

static void put_components(const struct http_signature_terms *terms, struct buf *out)
{
	buf_u8(out, '(');
	for (size_t i = 0; i < terms->count; i++) {
		buf_text(out, i > 0 ? " " : "");
		sf_put_string(out, view_text(terms->components[i]));
	}
	buf_u8(out, ')');
}

static void put_terms(const struct http_signature_terms *terms, struct buf *out)
{
	put_components(terms, out);
	if (terms->created) {
		buf_printf(out, ";created=%" PRId64, terms->created);
	}
	if (terms->expires) {
		buf_printf(out, ";expires=%" PRId64, terms->expires);
	}
	put_text_parameter(out, "keyid", terms->keyid);
	put_text_parameter(out, "nonce", terms->nonce);
	put_text_parameter(out, "tag", terms->tag);
}

static const char *label_of(const struct http_signature_terms *terms)
{
	return terms->label ? terms->label : "sig";
}

enum err http_signature_make(const struct jose_key *key, const struct http_signature_terms *terms,
	const struct signed_message *message, struct buf *input, struct buf *signature)
{
	BUF_CLEANUP struct buf base = buf_growing(HTTP_SIGNATURE_BASE);
	BUF_CLEANUP struct buf said = buf_growing(HTTP_SIGNATURE_TEXT);
	uint8_t made[JOSE_SIGNATURE];
	struct sf_member member;

	buf_printf(&said, "%s=", label_of(terms));
	put_terms(terms, &said);
	TRY(buf_end(&said, "Signature-Input"));
	struct reader r = reader_of(buf_contents(&said));

	TRY(sf_next(&r, &member));
	TRY(http_signature_base(&member, message, &base));
	TRY(jose_sign_text(key, buf_contents(&base), made));
	buf_view(input, buf_contents(&said));
	buf_printf(signature, "%s=", label_of(terms));
	sf_put_bytes(signature, VIEW(made));
	TRY(buf_end(input, "Signature-Input"));
	return buf_end(signature, "Signature");
}

/* --- reading --- */

static enum err copy_string(const struct sf_parameters *parameters, const char *name, char *ret,
	size_t room)
{
	const struct sf_bare *value = sf_parameter(parameters, name);
	struct buf out = buf_fixed(ret, room);

	ret[0] = 0;
	if (!value) {
		return OK;
	}
	if (value->type != SF_STRING) {
		return err_fail(ERR_SYNTAX, "RFC 9421 2.3: %s is no string", name);
	}
	sf_unescape(value->text, &out);
	buf_u8(&out, 0);
	if (out.failed) {
		ret[0] = 0;
		return err_fail(ERR_RANGE, "RFC 9421 2.3: %s longer than %zu", name, room - 1);
	}
	return OK;
}

static enum err copy_time(const struct sf_parameters *parameters, const char *name, int64_t *ret)
{
	const struct sf_bare *value = sf_parameter(parameters, name);

	*ret = 0;
	if (!value) {
		return OK;
	}
	if (value->type != SF_INTEGER || value->number <= 0) {
		return err_fail(ERR_SYNTAX, "RFC 9421 2.3: %s is no time", name);
	}
	*ret = value->number;
	return OK;
}

static enum err read_parameters(struct http_signature *ret)
{
	const struct sf_parameters *all = &ret->input.parameters;

	TRY(copy_string(all, "keyid", ret->keyid, sizeof(ret->keyid)));
	TRY(copy_string(all, "nonce", ret->nonce, sizeof(ret->nonce)));
	TRY(copy_string(all, "tag", ret->tag, sizeof(ret->tag)));
	TRY(copy_string(all, "alg", ret->algorithm, sizeof(ret->algorithm)));
	TRY(copy_time(all, "created", &ret->created));
	return copy_time(all, "expires", &ret->expires);
}

/* The member with that tag; two of them could be read as either. */
static enum err find_tag(struct view inputs, const char *tag, struct sf_member *ret)
{
	struct reader r = reader_of(inputs);
	struct sf_member member;
	bool found = false;

	for (size_t count = 0; count < SF_MEMBERS; count++) {
		enum err err = sf_next(&r, &member);

		if (err == ERR_NOT_FOUND) {
			return found ? OK
				     : err_fail(err, "RFC 9421 4: no signature with tag %s", tag);
		}
		TRY(err);
		const struct sf_bare *said = sf_parameter(&member.parameters, "tag");

		if (!said || said->type != SF_STRING || !view_is(said->text, tag)) {
			continue;
		}
		if (found) {
			return err_fail(ERR_SYNTAX, "RFC 9421 4: two signatures with tag %s", tag);
		}
		found = true;
		*ret = member;
	}
	return err_fail(ERR_RANGE, "RFC 9421 4: more than %d signatures", SF_MEMBERS);
}

enum err http_signature_read(const struct signed_message *message, const char *label,
	const char *tag, struct http_signature *ret)
{
	struct buf text = buf_fixed(ret->text, sizeof(ret->text));

	if (!put_field(message, view_text("signature-input"), &text)) {
		return err_fail(ERR_NOT_FOUND, "RFC 9421 4.1: no Signature-Input");
	}
	TRY(buf_end(&text, "Signature-Input"));
	struct view inputs = buf_contents(&text);

	if (label) {
		TRY(sf_find(inputs, view_text(label), &ret->input));
	} else {
		TRY(find_tag(inputs, tag, &ret->input));
	}
	if (!ret->input.is_list) {
		return err_fail(ERR_SYNTAX, "RFC 9421 4.1: Signature-Input has no list");
	}
	TRY(text_copy(ret->label, sizeof(ret->label), ret->input.key, "label of a signature"));
	TRY(read_parameters(ret));
	return read_signature(message, ret);
}

/* The member of Signature with the same label (RFC 9421 4.2). */
static enum err read_signature(const struct signed_message *message, struct http_signature *ret)
{
	BUF_CLEANUP struct buf text = buf_growing(HTTP_SIGNATURE_TEXT);
	struct sf_member member;
	size_t len = 0;

	if (!put_field(message, view_text("signature"), &text)) {
		return err_fail(ERR_NOT_FOUND, "RFC 9421 4.2: no Signature");
	}
	TRY(buf_end(&text, "Signature"));
	TRY(sf_find(buf_contents(&text), view_text(ret->label), &member));
	if (member.is_list || member.items[0].value.type != SF_BYTES) {
		return err_fail(ERR_SYNTAX, "RFC 9421 4.2: a signature is bytes");
	}
	if (text_from_base64(member.items[0].value.text, ret->signature, sizeof(ret->signature),
		    &len, "Signature") == ERR_SYNTAX) {
		return err_fail(ERR_SYNTAX, "RFC 9421 4.2: a signature is bytes");
	}
	return len == JOSE_SIGNATURE
		       ? OK
		       : err_fail(ERR_UNSUPPORTED, "RFC 9421 3.3: neither ed25519 nor ecdsa-p256");
}

/* --- checking --- */

enum err http_signature_check(const struct http_signature *signature,
	const struct signed_message *message, const struct jose_key *key)
{
	BUF_CLEANUP struct buf base = buf_growing(HTTP_SIGNATURE_BASE);

	if (signature->algorithm[0] && strcmp(signature->algorithm, algorithm_name(key)) != 0) {
		return err_fail(ERR_AUTH, "RFC 9421 3.2: another algorithm than the key's");
	}
	TRY(http_signature_base(&signature->input, message, &base));
	return jose_has_signed(key, buf_contents(&base), signature->signature)
		       ? OK
		       : err_fail(ERR_AUTH, "RFC 9421 3.2: the signature does not verify");
}

static bool is_covered(const struct http_signature *signature, const char *component)
{
	for (size_t i = 0; i < signature->input.count; i++) {
		const struct sf_item *item = &signature->input.items[i];

		if (item->value.type == SF_STRING && item->parameters.count == 0 &&
			view_is(item->value.text, component)) {
			return true;
		}
	}
	return false;
}

enum err http_signature_covers(const struct http_signature *signature,
	const char *const *components, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_covered(signature, components[i])) {
			return err_fail(ERR_AUTH, "RFC 9421 7.2.1: %s is not covered",
				components[i]);
		}
	}
	return OK;
}

enum err http_signature_timely(const struct http_signature *signature, int64_t now, int64_t skew,
	int64_t longest)
{
	if (!signature->created || !signature->expires) {
		return err_fail(ERR_SYNTAX, "RFC 9421 2.3: created and expires are wanted");
	}
	if (signature->expires < signature->created ||
		signature->expires - signature->created > longest) {
		return err_fail(ERR_EXPIRED, "RFC 9421 2.3: valid for too long");
	}
	if (signature->created - skew > now) {
		return err_fail(ERR_EXPIRED, "RFC 9421 2.3: made in the future");
	}
	return signature->expires + skew >= now
		       ? OK
		       : err_fail(ERR_EXPIRED, "RFC 9421 2.3: it has expired");
}

/* --- which signature is wanted --- */

enum err http_signature_ask(const struct http_signature_terms *terms, struct buf *out)
{
	buf_printf(out, "%s=", label_of(terms));
	put_components(terms, out);
	buf_text(out, ";created;expires;keyid");
	put_text_parameter(out, "nonce", terms->nonce);
	put_text_parameter(out, "tag", terms->tag);
	return buf_end(out, "Accept-Signature");
}

enum err http_signature_read_asked(struct view field, struct http_signature_wanted *ret)
{
	struct reader r = reader_of(field);
	struct sf_member member;

	TRY(sf_next(&r, &member));
	if (!member.is_list) {
		return err_fail(ERR_SYNTAX, "RFC 9421 5.1: Accept-Signature has no list");
	}
	TRY(text_copy(ret->label, sizeof(ret->label), member.key, "label of a signature"));
	TRY(copy_string(&member.parameters, "nonce", ret->nonce, sizeof(ret->nonce)));
	TRY(copy_string(&member.parameters, "tag", ret->tag, sizeof(ret->tag)));
	ret->count = 0;
	for (size_t i = 0; i < member.count; i++) {
		TRY(check_identifier(&member, i));
		TRY(text_copy(ret->names[i], sizeof(ret->names[i]), member.items[i].value.text,
			"a component's name"));
		ret->components[i] = ret->names[i];
		ret->count++;
	}
	return OK;
}
