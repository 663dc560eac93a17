// SPDX-License-Identifier: Apache-2.0
#include "wire/claims.h"

#include "base/text.h"

#include <string.h>

enum { TEXT_MAX = 256, PHONE_MIN = 8, PHONE_MAX = 16, NATIONALITIES_MAX = 8, DATE = 10 };

typedef enum err check_claim(const struct json *value, const char *name);
static check_claim check_text, check_date, check_phone, check_email, check_address, check_place,
	check_countries, check_document;

static const struct claim {
	const char *name;
	check_claim *check;
} known[] = {
	{"address", check_address},
	{"birth_family_name", check_text},
	{"birthdate", check_date},
	{"document", check_document},
	{"email", check_email},
	{"family_name", check_text},
	{"gender", check_text},
	{"given_name", check_text},
	{"middle_name", check_text},
	{"name", check_text},
	{"nationalities", check_countries},
	{"phone_number", check_phone},
	{"place_of_birth", check_place},
};
enum { KNOWN = sizeof(known) / sizeof(known[0]) };

static const char *const names[] = {"address", "birth_family_name", "birthdate", "document",
	"email", "family_name", "gender", "given_name", "middle_name", "name", "nationalities",
	"phone_number", "place_of_birth", NULL};

bool claims_know(struct view name)
{
	if (view_is(name, CLAIM_DEVICE)) {
		return true;
	}
	for (size_t i = 0; i < KNOWN; i++) {
		if (view_is(name, known[i].name)) {
			return true;
		}
	}
	return false;
}

bool claims_is_text(struct view name)
{
	for (size_t i = 0; i < KNOWN; i++) {
		if (view_is(name, known[i].name)) {
			return known[i].check != check_address && known[i].check != check_place &&
			       known[i].check != check_countries;
		}
	}
	return false;
}

enum err claims_check_names(const struct words *granted, const char *what)
{
	struct view all[WORDS_MAX];
	size_t count = words_split(granted, all);

	for (size_t i = 0; i < count; i++) {
		if (!claims_know(all[i])) {
			return err_fail(ERR_SYNTAX, "%s: %.*s is no claim that can be granted",
				what, (int)all[i].len, (const char *)all[i].data);
		}
	}
	return OK;
}

static enum err text_of(const struct json *value, const char *name, struct view *ret)
{
	if (json_as_text(value, ret) != OK || ret->len == 0) {
		return err_fail(ERR_SYNTAX, "claims.%s: a text is wanted", name);
	}
	for (size_t i = 0; i < ret->len; i++) {
		if (ret->data[i] < 0x20 || ret->data[i] == 0x7f) {
			return err_fail(ERR_SYNTAX, "claims.%s: a control character", name);
		}
	}
	return ret->len <= TEXT_MAX
		       ? OK
		       : err_fail(ERR_RANGE, "claims.%s: longer than %d bytes", name, TEXT_MAX);
}

static enum err check_text(const struct json *value, const char *name)
{
	struct view text;

	return text_of(value, name, &text);
}

/* As a time of that day, so that there is no 31st of February. */
static enum err check_date(const struct json *value, const char *name)
{
	struct view date;
	char time[TEXT_TIME] = "YYYY-MM-DDT00:00:00Z", again[TEXT_TIME];
	int64_t seconds;

	TRY(text_of(value, name, &date));
	if (date.len == DATE) {
		memcpy(time, date.data, DATE);
	}
	if (date.len != DATE || text_from_time(view_text(time), &seconds, name) != OK) {
		return err_fail(ERR_SYNTAX, "claims.%s: a date as 1990-01-31 is wanted", name);
	}
	text_time(seconds, again);
	return strcmp(time, again) == 0
		       ? OK
		       : err_fail(ERR_SYNTAX, "claims.%s: there is no such day", name);
}

/* E.164: + and digits. */
static enum err check_phone(const struct json *value, const char *name)
{
	struct view phone;

	TRY(text_of(value, name, &phone));
	bool good = phone.len >= PHONE_MIN && phone.len <= PHONE_MAX && phone.data[0] == '+';

	for (size_t i = 1; i < phone.len; i++) {
		good = good && phone.data[i] >= '0' && phone.data[i] <= '9';
	}
	return good ? OK
		    : err_fail(ERR_SYNTAX, "claims.%s: a number as +4930123456 is wanted", name);
}

static enum err check_email(const struct json *value, const char *name)
{
	struct view email;

	TRY(text_of(value, name, &email));
	const uint8_t *at = memchr(email.data, '@', email.len);

	if (!at || at == email.data || at + 1 == email.data + email.len ||
		memchr(email.data, ' ', email.len)) {
		return err_fail(ERR_SYNTAX, "claims.%s: an address as a@b.example is wanted", name);
	}
	return OK;
}

static enum err check_parts(const struct json *value, const char *name, const char *const *parts)
{
	if (json_only(value, parts) != OK) {
		return err_fail(ERR_SYNTAX, "claims.%s: an object of %s, ... is wanted", name,
			parts[0]);
	}
	for (; *parts; parts++) {
		const struct json *part = json_member(value, *parts);

		if (part) {
			TRY(check_text(part, name));
		}
	}
	return OK;
}

static enum err check_address(const struct json *value, const char *name)
{
	static const char *const parts[] = {"formatted", "street_address", "locality", "region",
		"postal_code", "country", NULL};

	return check_parts(value, name, parts);
}

static enum err check_place(const struct json *value, const char *name)
{
	static const char *const parts[] = {"country", "region", "locality", NULL};

	return check_parts(value, name, parts);
}

static enum err check_countries(const struct json *value, const char *name)
{
	const struct json *item = json_item(value, 0);

	if (!item || json_count(value) > NATIONALITIES_MAX) {
		return err_fail(ERR_SYNTAX, "claims.%s: an array of 1 to %d codes is wanted", name,
			NATIONALITIES_MAX);
	}
	for (; item; item = json_next(item)) {
		struct view code;

		TRY(text_of(item, name, &code));
		bool good = code.len == 2 || code.len == 3;

		for (size_t i = 0; i < code.len; i++) {
			good = good && code.data[i] >= 'A' && code.data[i] <= 'Z';
		}
		if (!good) {
			return err_fail(ERR_SYNTAX, "claims.%s: a country's code as DE is wanted",
				name);
		}
	}
	return OK;
}

/* Kinds of the registry of OpenID Connect for Identity Assurance. */
static enum err check_document(const struct json *value, const char *name)
{
	static const char *const kinds[] = {"idcard", "passport", "driving_permit",
		"residence_permit", "visa", NULL};
	struct view kind;

	TRY(text_of(value, name, &kind));
	for (const char *const *k = kinds; *k; k++) {
		if (view_is(kind, *k)) {
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX,
		"claims.%s: idcard, passport, driving_permit, residence_permit or visa", name);
}

enum err claims_check(const struct json *claims)
{
	BUF_CLEANUP struct buf text = buf_growing(CLAIMS_MAX);
	struct json_writer w = json_to(&text);

	if (json_only(claims, names) != OK) {
		char why[128];

		(void)text_copy(why, sizeof(why), view_text(err_detail()), "claims");
		return err_fail(ERR_SYNTAX, "claims: %s", why);
	}
	for (size_t i = 0; i < KNOWN; i++) {
		const struct json *value = json_member(claims, known[i].name);

		if (value) {
			TRY(known[i].check(value, known[i].name));
		}
	}
	json_put_value(&w, NULL, claims);
	enum err err = buf_end(&text, "claims");

	buf_wipe(&text);
	return err;
}

void claims_put_others(const struct json *claims, const struct words *taken, struct json_writer *w)
{
	for (size_t i = 0; i < KNOWN; i++) {
		const struct json *value = json_member(claims, known[i].name);

		if (value && !words_has(taken, view_text(known[i].name))) {
			json_put_value(w, known[i].name, value);
		}
	}
}

void claims_put(const struct json *claims, const struct words *granted, struct json_writer *w)
{
	for (size_t i = 0; i < KNOWN; i++) {
		const struct json *value = json_member(claims, known[i].name);

		if (value && words_has(granted, view_text(known[i].name))) {
			json_put_value(w, known[i].name, value);
		}
	}
}
