// SPDX-License-Identifier: Apache-2.0
#include "wire/verified.h"

#include "base/text.h"
#include "wire/json.h"

#include <string.h>

#define SECONDS_MAX INT64_C(253402300799) /* the last of the year 9999 */

enum { PAYLOAD_MAX = VERIFIED_CLAIMS + 4096 };

/* --- writing --- */

static enum err check(const struct verified *in)
{
	if (in->realm.kind != IDENT_FQDN || in->asp.kind != IDENT_ASP ||
		in->application.kind != IDENT_APPLICATION || !in->subject[0] || !in->id[0]) {
		return err_fail(ERR_SYNTAX, "10.3: a JWT without realm, ASP, application, subject "
					    "or id");
	}
	return in->issued < in->expires
		       ? OK
		       : err_fail(ERR_RANGE, "10.3: a JWT that ends before it begins");
}

static void put_evidence(struct json_writer *w, const char *document)
{
	json_open_array(w, "evidence");
	json_open(w, NULL);
	json_put_string(w, "type", "document");
	json_open(w, "document_details");
	json_put_string(w, "type", document);
	json_close(w);
	json_close(w);
	json_close_array(w);
}

static enum err put_claims(struct json_writer *w, const struct verified *in)
{
	JSON_CLEANUP struct json *claims = NULL;
	char time[TEXT_TIME];

	if (in->claims.len == 0) {
		return OK;
	}
	TRY(json_parse(in->claims, VERIFIED_CLAIMS, &claims));
	if (!json_is_object(claims)) {
		return err_fail(ERR_SYNTAX, "10.3: claims that are no object");
	}
	json_open(w, "verified_claims");
	json_open(w, "verification");
	json_put_string(w, "trust_framework", in->framework);
	json_put_string(w, "assurance_level", in->level);
	if (in->time > 0) {
		text_time(in->time, time);
		json_put_string(w, "time", time);
	}
	if (in->document[0]) {
		put_evidence(w, in->document);
	}
	json_close(w);
	json_put_value(w, "claims", claims);
	json_close(w);
	return OK;
}

enum err verified_sign(const struct verified *in, const struct jose_key *key, struct buf *out)
{
	BUF_CLEANUP struct buf payload = buf_growing(PAYLOAD_MAX);
	struct json_writer w = json_to(&payload);

	TRY(check(in));
	json_open(&w, NULL);
	json_put_text(&w, "iss", ident_view(&in->realm));
	json_put_text(&w, "aud", ident_view(&in->asp));
	json_put_string(&w, "sub", in->subject);
	json_put_string(&w, "jti", in->id);
	json_put_int(&w, "iat", in->issued);
	json_put_int(&w, "exp", in->expires);
	json_put_text(&w, "application", ident_view(&in->application));
	enum err err = put_claims(&w, in);

	json_close(&w);
	err = err == OK ? buf_end(&payload, "JWT") : err;
	err = err == OK ? jose_sign(key, VERIFIED_TYP, buf_contents(&payload), out) : err;
	buf_wipe(&payload);
	return err;
}

/* --- reading --- */

static enum err read_text(const struct json *object, const char *name, char *to, size_t room)
{
	struct view text;

	TRY(json_text(object, name, &text));
	if (text.len == 0 || !text_is_printable(text)) {
		return err_fail(ERR_SYNTAX, "10.3: %s: printable text is wanted", name);
	}
	return text_copy(to, room, text, name);
}

static enum err read_ident(const struct json *object, const char *name, enum ident_kind kind,
	struct ident *ret)
{
	struct view text;

	TRY(json_text(object, name, &text));
	return ident_parse(kind, text, ret) == OK
		       ? OK
		       : err_fail(ERR_SYNTAX, "10.3: %s: not what it must be", name);
}

static enum err read_parties(const struct json *payload, const struct verified_for *wanted,
	struct verified *ret)
{
	TRY(read_ident(payload, "iss", IDENT_FQDN, &ret->realm));
	if (!ident_equal(&ret->realm, wanted->realm)) {
		return err_fail(ERR_DENIED, "10.3: iss: of realm %s, not of %s", ret->realm.text,
			wanted->realm->text);
	}
	TRY(read_ident(payload, "aud", IDENT_ASP, &ret->asp));
	if (!ident_equal(&ret->asp, wanted->asp)) {
		return err_fail(ERR_DENIED, "10.3: aud: for %s, not for %s", ret->asp.text,
			wanted->asp->text);
	}
	TRY(read_ident(payload, "application", IDENT_APPLICATION, &ret->application));
	TRY(read_text(payload, "sub", ret->subject, sizeof(ret->subject)));
	return read_text(payload, "jti", ret->id, sizeof(ret->id));
}

static enum err read_times(const struct json *payload, int64_t now, struct verified *ret)
{
	TRY(json_int(payload, "iat", 0, SECONDS_MAX, &ret->issued));
	TRY(json_int(payload, "exp", 0, SECONDS_MAX, &ret->expires));
	if (ret->issued > now + VERIFIED_SKEW) {
		return err_fail(ERR_EXPIRED, "10.3: iat: it has not begun");
	}
	return ret->expires > now ? OK : err_fail(ERR_EXPIRED, "10.3: exp: it is over");
}

static enum err read_document(const struct json *verification, struct verified *ret)
{
	const struct json *evidence = json_member(verification, "evidence");
	const struct json *first = json_item(evidence, 0);

	if (!evidence) {
		return OK;
	}
	if (!first) {
		return err_fail(ERR_SYNTAX, "10.3: evidence: an array of documents is wanted");
	}
	return read_text(json_member(first, "document_details"), "type", ret->document,
		sizeof(ret->document));
}

static enum err read_verification(const struct json *verification, struct verified *ret)
{
	struct view time = {0};

	TRY(read_text(verification, "trust_framework", ret->framework, sizeof(ret->framework)));
	TRY(read_text(verification, "assurance_level", ret->level, sizeof(ret->level)));
	TRY(json_text_opt(verification, "time", &time));
	if (time.data) {
		TRY(text_from_time(time, &ret->time, "10.3: time"));
	}
	return read_document(verification, ret);
}

static enum err read_claims(const struct json *payload, struct buf *claims, struct verified *ret)
{
	const struct json *both = json_member(payload, "verified_claims");
	const struct json *members = json_member(both, "claims");
	const size_t begin = claims->len;
	struct json_writer w = json_to(claims);

	if (!both) {
		return OK;
	}
	TRY(read_verification(json_member(both, "verification"), ret));
	if (!json_is_object(members)) {
		return err_fail(ERR_SYNTAX, "10.3: claims: an object is wanted");
	}
	json_put_value(&w, NULL, members);
	TRY(buf_end(claims, "10.3: claims"));
	ret->claims = view_of(claims->data + begin, claims->len - begin);
	return OK;
}

enum err verified_verify(const struct jose_key *const *keys, size_t count,
	const struct verified_for *wanted, struct view jwt, struct buf *claims, struct verified *ret)
{
	BUF_CLEANUP struct buf text = buf_growing(JOSE_PAYLOAD_MAX + 4);
	JSON_CLEANUP struct json *payload = NULL;
	struct verified got = {.time = 0};

	TRY(jose_verify(keys, count, VERIFIED_TYP, jwt, &text));
	enum err err = json_parse(buf_contents(&text), PAYLOAD_MAX, &payload);

	buf_wipe(&text);
	TRY(err);
	TRY(read_parties(payload, wanted, &got));
	TRY(read_times(payload, wanted->now, &got));
	TRY(read_claims(payload, claims, &got));
	*ret = got;
	return OK;
}
