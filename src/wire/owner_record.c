// SPDX-License-Identifier: Apache-2.0
#include "wire/owner_record.h"

#include "base/secret.h"
#include "base/text.h"

#include <string.h>

static const char *const kinds[OWNER_KINDS] = {
	[OWNER_PERSON] = "person",
	[OWNER_ORGANIZATION] = "organization",
};

enum err owner_kind_of(struct view name, enum owner_kind *ret)
{
	for (int kind = 0; kind < OWNER_KINDS; kind++) {
		if (view_is(name, kinds[kind])) {
			*ret = (enum owner_kind)kind;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "kind: person or organization");
}

void owner_record_wipe(struct owner_record *record)
{
	bytes_wipe(record, sizeof(*record));
}

/* --- as JSON --- */

static void put_claims(struct json_writer *w, const struct owner_record *record)
{
	JSON_CLEANUP struct json *claims = NULL;

	if (record->claims[0] && json_parse(view_text(record->claims), CLAIMS_MAX, &claims) == OK) {
		json_put_value(w, "claims", claims);
	}
}

void owner_record_write(const struct owner_record *record, struct json_writer *w, const char *name)
{
	json_open(w, name);
	json_put_string(w, "kind", kinds[record->kind]);
	put_claims(w, record);
	if (record->verified.text[0]) {
		json_open(w, "verified");
		json_put_text(w, "claims", words_view(&record->verified));
		json_put_string(w, "realm", record->realm);
		json_put_int(w, "at", record->verified_at);
		json_close(w);
	}
	json_close(w);
}

static enum err read_verified(const struct json *object, struct owner_record *ret)
{
	static const char *const known[] = {"claims", "realm", "at", NULL};
	const struct json *verified = json_member(object, "verified");
	struct view claims, realm;

	if (!verified) {
		return OK;
	}
	TRY(json_only(verified, known));
	TRY(json_text(verified, "claims", &claims));
	TRY(json_text(verified, "realm", &realm));
	TRY(json_int(verified, "at", 0, INT64_MAX, &ret->verified_at));
	TRY(words_parse(claims, "verified.claims", &ret->verified));
	return text_copy(ret->realm, sizeof(ret->realm), realm, "verified.realm");
}

static enum err keep_claims(const struct json *claims, char ret[CLAIMS_MAX + 1])
{
	struct buf text = buf_fixed(ret, CLAIMS_MAX);
	struct json_writer w = json_to(&text);

	json_put_value(&w, NULL, claims);
	TRY(buf_end(&text, "claims"));
	ret[text.len] = '\0';
	return OK;
}

enum err owner_record_read(struct view text, struct owner_record *ret)
{
	static const char *const known[] = {"kind", "claims", "verified", NULL};
	OWNER_RECORD_CLEANUP struct owner_record record = {.kind = OWNER_PERSON};
	JSON_CLEANUP struct json *object = NULL;
	struct view kind;

	TRY(json_parse(text, OWNER_RECORD_MAX, &object));
	TRY(json_only(object, known));
	TRY(json_text(object, "kind", &kind));
	TRY(owner_kind_of(kind, &record.kind));
	if (json_member(object, "claims")) {
		TRY(claims_check(json_member(object, "claims")));
		TRY(keep_claims(json_member(object, "claims"), record.claims));
	}
	TRY(read_verified(object, &record));
	*ret = record;
	return OK;
}

/* --- what is said, and what a realm says of it --- */

/* The same value, written the same way. */
static bool says_the_same(const struct json *a, const struct json *b)
{
	BUF_CLEANUP struct buf first = buf_growing(CLAIMS_MAX), second = buf_growing(CLAIMS_MAX);
	struct json_writer one = json_to(&first), other = json_to(&second);

	json_put_value(&one, NULL, a);
	json_put_value(&other, NULL, b);
	bool same = !first.failed && !second.failed &&
		    view_equal(buf_contents(&first), buf_contents(&second));

	buf_wipe(&first);
	buf_wipe(&second);
	return same;
}

static enum err member_of(const struct json *claims, struct view word, const struct json **ret)
{
	char name[WORD_MAX + 1];

	TRY(text_copy(name, sizeof(name), word, "claim"));
	*ret = json_member(claims, name);
	return OK;
}

/* Those of `verified` that still say what they said. */
static enum err keep_verified(const struct owner_record *record, const struct json *claims,
	struct words *ret)
{
	JSON_CLEANUP struct json *before = NULL;
	struct view all[WORDS_MAX];
	size_t count = words_split(&record->verified, all);

	*ret = (struct words){.text = ""};
	if (count > 0) {
		TRY(json_parse(view_text(record->claims), CLAIMS_MAX, &before));
	}
	for (size_t i = 0; i < count; i++) {
		const struct json *was, *is;

		TRY(member_of(before, all[i], &was));
		TRY(member_of(claims, all[i], &is));
		if (was && is && says_the_same(was, is)) {
			TRY(words_add(ret, all[i], "verified"));
		}
	}
	return OK;
}

enum err owner_record_set(struct owner_record *record, const struct json *claims)
{
	OWNER_RECORD_CLEANUP struct owner_record next = *record;

	TRY(claims_check(claims));
	if (!json_member(claims, "name")) {
		return err_fail(ERR_SYNTAX, "9.2 i d: claims.name: is wanted");
	}
	TRY(keep_verified(record, claims, &next.verified));
	TRY(keep_claims(claims, next.claims));
	*record = next;
	return OK;
}

enum err owner_record_verify(struct owner_record *record, const struct json *granted,
	struct view realm, int64_t now)
{
	static const char *const names[] = {"address", "birth_family_name", "birthdate", "document",
		"email", "family_name", "gender", "given_name", "middle_name", "name",
		"nationalities", "phone_number", "place_of_birth"};
	OWNER_RECORD_CLEANUP struct owner_record next = *record;
	JSON_CLEANUP struct json *claims = NULL;

	TRY(json_parse(view_text(record->claims[0] ? record->claims : "{}"), CLAIMS_MAX, &claims));
	next.verified = (struct words){.text = ""};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct json *own = json_member(claims, names[i]);
		const struct json *realms = json_member(granted, names[i]);

		if (own && realms && !says_the_same(own, realms)) {
			return err_fail(ERR_CONFLICT,
				"9.2 i d: claims.%s: the realm that vouches for the subscriber "
				"says "
				"otherwise",
				names[i]);
		}
		if (own && realms) {
			TRY(words_add(&next.verified, view_text(names[i]), "verified"));
		}
	}
	TRY(text_copy(next.realm, sizeof(next.realm), realm, "realm"));
	next.verified_at = now;
	*record = next;
	return OK;
}
