// SPDX-License-Identifier: Apache-2.0
/*
 * connector_ldap: a directory over LDAP (RFC 4511) with libldap: StartTLS, or TLS from the start, unless told
 * otherwise; the certificate is verified. One connection, made anew when it is lost.
 */
#include "authz/registration/connector.h"
#include "base/private_file.h"

#include "base/text.h"
#include "wire/json.h"

#include <ldap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILTER_MAX = 1024, PASSWORD_FILE_MAX = 256, ATTRIBUTES = 32 };

struct directory {
	const struct directory_settings *settings;
	struct ident realm;
	struct secret password;
	LDAP *ldap; /* NULL: not connected */
};

static void free_message(LDAPMessage **m)
{
	(void)ldap_msgfree(*m);
}

#define MESSAGE(name) LDAPMessage *name __attribute__((cleanup(free_message))) = NULL

static void hang_up(struct directory *d)
{
	if (d->ldap) {
		(void)ldap_unbind_ext_s(d->ldap, NULL, NULL);
		d->ldap = NULL;
	}
}

/* What the server said is not repeated: it may name persons. */
static enum err meaning(int code, const char *what)
{
	switch (code) {
	case LDAP_SUCCESS:
		return OK;
	case LDAP_TIMEOUT:
	case LDAP_TIMELIMIT_EXCEEDED:
		return err_fail(ERR_TIMEOUT, "directory: %s: no answer in time", what);
	case LDAP_SIZELIMIT_EXCEEDED:
		return err_fail(ERR_CONFLICT, "directory: %s: more than one, or too many", what);
	case LDAP_NO_SUCH_OBJECT:
		return err_fail(ERR_CONFIG, "directory: %s: no such place", what);
	case LDAP_INVALID_CREDENTIALS:
	case LDAP_INSUFFICIENT_ACCESS:
	case LDAP_INAPPROPRIATE_AUTH:
	case LDAP_CONFIDENTIALITY_REQUIRED:
		return err_fail(ERR_DENIED, "directory: %s: %s", what, ldap_err2string(code));
	default:
		return err_fail(ERR_UNAVAILABLE, "directory: %s: %s", what, ldap_err2string(code));
	}
}

/* --- the connection --- */

static enum err read_password(const char *path, struct secret *ret)
{
	struct buf text = buf_growing(0);
	struct stat st;

	if (stat(path, &st) != 0) {
		return err_system("directory.password_file: %s", path);
	}
	if (!private_file_is(path, &st)) {
		return err_fail(ERR_CONFIG,
			"directory.password_file: others may read it: chmod 600");
	}
	TRY(text_read_file(path, PASSWORD_FILE_MAX, &text));
	struct view password = buf_contents(&text);

	while (password.len > 0 && password.data[password.len - 1] <= ' ') {
		password.len--;
	}
	enum err err = secret_set(ret, password.data, password.len);

	buf_wipe(&text);
	buf_free(&text);
	return err == OK
		       ? OK
		       : err_fail(ERR_CONFIG, "directory.password_file: 1 to %d bytes", SECRET_MAX);
}

static enum err ldap_directory_open(const struct directory_settings *settings,
	const struct ident *realm, void **ret)
{
	struct directory *d = calloc(1, sizeof(*d));

	if (!d) {
		return err_fail(ERR_MEMORY, "directory: out of memory");
	}
	d->settings = settings;
	d->realm = *realm;
	/* What stands in ldap.conf and ~/.ldaprc is another program's business. */
	(void)setenv("LDAPNOINIT", "1", 1);
	enum err err = settings->password_file[0]
			       ? read_password(settings->password_file, &d->password)
			       : OK;

	if (err != OK) {
		free(d);
		return err;
	}
	*ret = d;
	return OK;
}

static void ldap_directory_close(void *user)
{
	struct directory *d = user;

	hang_up(d);
	bytes_wipe(d, sizeof(*d));
	free(d);
}

static struct timeval time_of(int64_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static enum err set_options(struct directory *d)
{
	const struct directory_settings *s = d->settings;
	const struct timeval timeout = time_of(s->timeout_ms);
	const int version = LDAP_VERSION3, demand = LDAP_OPT_X_TLS_DEMAND, server = 0;
	const struct {
		int option;
		const void *value;
	} options[] = {
		{LDAP_OPT_PROTOCOL_VERSION, &version},
		{LDAP_OPT_REFERRALS, LDAP_OPT_OFF},
		{LDAP_OPT_NETWORK_TIMEOUT, &timeout},
		{LDAP_OPT_TIMEOUT, &timeout},
		{LDAP_OPT_X_TLS_REQUIRE_CERT, &demand},
		{LDAP_OPT_X_TLS_CACERTFILE, s->authority[0] ? s->authority : NULL},
		{LDAP_OPT_X_TLS_NEWCTX, &server},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (options[i].option == LDAP_OPT_X_TLS_CACERTFILE && !options[i].value) {
			continue;
		}
		if (ldap_set_option(d->ldap, options[i].option, options[i].value) !=
			LDAP_OPT_SUCCESS) {
			return err_fail(ERR_CONFIG, "directory: TLS cannot be set up; "
						    "directory.authority may not be readable");
		}
	}
	return OK;
}

static enum err secure_and_bind(struct directory *d)
{
	const struct directory_settings *s = d->settings;
	struct berval password = {.bv_len = d->password.len, .bv_val = (char *)d->password.bytes};

	TRY(set_options(d));
	if (strncmp(s->url, "ldap://", 7) == 0 && !s->plain) {
		TRY(meaning(ldap_start_tls_s(d->ldap, NULL, NULL), "StartTLS"));
	}
	/* Without a name the bind is anonymous; it also shows at once whether the server speaks. */
	return meaning(ldap_sasl_bind_s(d->ldap, s->user[0] ? s->user : NULL, LDAP_SASL_SIMPLE,
			       &password, NULL, NULL, NULL),
		"bind");
}

static enum err dial(struct directory *d)
{
	if (d->ldap) {
		return OK;
	}
	TRY(meaning(ldap_initialize(&d->ldap, d->settings->url), "directory.url"));
	enum err err = secure_and_bind(d);

	if (err != OK) {
		hang_up(d);
	}
	return err;
}

/* --- asking --- */

static int search_once(struct directory *d, const char *base, int scope, const char *filter,
	char **attributes, int most, LDAPMessage **ret)
{
	struct timeval timeout = time_of(d->settings->timeout_ms);

	return ldap_search_ext_s(d->ldap, base, scope, filter, attributes, 0, NULL, NULL, &timeout,
		most, ret);
}

/* A connection that was idle may be gone: then one more try on another. */
static enum err search(struct directory *d, const char *base, int scope, const char *filter,
	char **attributes, int most, LDAPMessage **ret)
{
	int code = LDAP_SERVER_DOWN;

	for (int tries = 0; tries < 2 && code == LDAP_SERVER_DOWN; tries++) {
		TRY(dial(d));
		(void)ldap_msgfree(*ret);
		*ret = NULL;
		code = search_once(d, base, scope, filter, attributes, most, ret);
		if (code == LDAP_SERVER_DOWN || code == LDAP_TIMEOUT) {
			hang_up(d);
		}
	}
	return meaning(code, "search");
}

/* Values of an attribute; `each` may end with an error. */
static enum err each_value(struct directory *d, LDAPMessage *entry, const char *attribute,
	enum err (*each)(void *user, struct view value), void *user)
{
	struct berval **values =
		attribute[0] ? ldap_get_values_len(d->ldap, entry, attribute) : NULL;
	enum err err = OK;

	for (size_t i = 0; err == OK && values && values[i]; i++) {
		err = each(user, view_of(values[i]->bv_val, values[i]->bv_len));
	}
	ldap_value_free_len(values);
	return err;
}

static enum err keep_first(void *user, struct view value)
{
	struct buf *to = user;

	if (to->len == 0) {
		buf_view(to, value);
	}
	return OK;
}

static enum err first_value(struct directory *d, LDAPMessage *entry, const char *attribute,
	struct buf *ret)
{
	TRY(each_value(d, entry, attribute, keep_first, ret));
	return buf_end(ret, attribute);
}

/* A day or a number that is longer than any is no claim: claims_check() says so later. */
static enum err read_claim(struct directory *d, LDAPMessage *entry, const char *row,
	struct json_writer *w)
{
	char name[DIRECTORY_CLAIM], value[DIRECTORY_VALUE + 1], told[DIRECTORY_VALUE + 1];
	struct buf found = buf_fixed(value, DIRECTORY_VALUE),
		   text = buf_fixed(told, DIRECTORY_VALUE);
	const char *attribute = directory_claim(row, name);

	TRY(first_value(d, entry, attribute, &found));
	if (found.len == 0) {
		return OK;
	}
	TRY(directory_claim_value(name, buf_contents(&found), &text));
	TRY(buf_end(&text, name));
	json_put_text(w, name, buf_contents(&text));
	return OK;
}

/* req: B10.3 */
static enum err read_claims(struct directory *d, LDAPMessage *entry, struct directory_record *ret)
{
	const struct directory_settings *s = d->settings;
	char time[DIRECTORY_WORD + 1];
	struct buf text = buf_fixed(ret->claims, DIRECTORY_CLAIMS);
	struct buf verified = buf_fixed(time, DIRECTORY_WORD);
	struct json_writer w = json_to(&text);

	json_open(&w, NULL);
	for (size_t i = 0; i < s->claims->count; i++) {
		TRY(read_claim(d, entry, s->claims->items[i], &w));
	}
	json_close(&w);
	TRY(buf_end(&text, "directory.claims"));
	TRY(first_value(d, entry, s->verified, &verified));
	return verified.len > 0 ? directory_time(buf_contents(&verified), &ret->verified) : OK;
}

static enum err read_person(struct directory *d, LDAPMessage *entry, struct directory_record *ret)
{
	const struct directory_settings *s = d->settings;
	char word[DIRECTORY_WORD + 1];
	struct buf verification = buf_fixed(word, sizeof(word));
	struct buf name = buf_fixed(ret->name, DIRECTORY_NAME);

	TRY(first_value(d, entry, s->name, &name));
	TRY(first_value(d, entry, s->verification, &verification));
	if (!text_is_utf8(buf_contents(&name)) || memchr(ret->name, 0, name.len)) {
		return err_fail(ERR_SYNTAX, "directory: a name that is not UTF-8 text");
	}
	return directory_verification(s,
		verification.len > 0 ? buf_contents(&verification) : view_text("none"), ret);
}

/* --- devices: entries of their own, or values of the subscriber's --- */

struct adding {
	struct directory *directory;
	struct directory_record *record;
};

static enum err add_client(void *user, struct view value)
{
	struct adding *adding = user;

	return directory_add_device(adding->record, &adding->directory->realm, value,
		(struct view){0});
}

static enum err read_device_entry(struct directory *d, LDAPMessage *entry,
	struct directory_record *ret)
{
	char client[IDENT_MAX + 1], device[IDENT_MAX + 1];
	struct buf client_text = buf_fixed(client, sizeof(client));
	struct buf device_text = buf_fixed(device, sizeof(device));

	TRY(first_value(d, entry, d->settings->client, &client_text));
	TRY(first_value(d, entry, d->settings->device, &device_text));
	if (client_text.len == 0) {
		return OK; /* something without a SIM */
	}
	return directory_add_device(ret, &d->realm, buf_contents(&client_text),
		buf_contents(&device_text));
}

static enum err find_devices(struct directory *d, struct view id, const char *dn,
	struct directory_record *ret)
{
	const struct directory_settings *s = d->settings;
	BUF_CLEANUP struct buf filter = buf_growing(FILTER_MAX);
	char *attributes[] = {(char *)s->client, (char *)s->device, NULL};
	MESSAGE(found);

	TRY(directory_filter(s->device_filter, id, dn, &filter));
	TRY(search(d, s->devices, LDAP_SCOPE_SUBTREE, buf_string(&filter), attributes,
		DIRECTORY_DEVICES, &found));
	for (LDAPMessage *e = ldap_first_entry(d->ldap, found); e; e = ldap_next_entry(d->ldap, e)) {
		TRY(read_device_entry(d, e, ret));
	}
	return OK;
}

static enum err read_entry(struct directory *d, struct view id, LDAPMessage *entry,
	struct directory_record *ret)
{
	struct adding adding = {d, ret};

	TRY(read_person(d, entry, ret));
	TRY(read_claims(d, entry, ret));
	if (!d->settings->devices[0]) {
		return each_value(d, entry, d->settings->client, add_client, &adding);
	}
	char *dn = ldap_get_dn(d->ldap, entry);

	if (!dn) {
		return err_fail(ERR_MEMORY, "directory: out of memory");
	}
	enum err err = find_devices(d, id, dn, ret);

	ldap_memfree(dn);
	return err;
}

static enum err ldap_directory_find(void *user, struct view id, struct directory_record *ret)
{
	struct directory *d = user;
	const struct directory_settings *s = d->settings;
	BUF_CLEANUP struct buf filter = buf_growing(FILTER_MAX);
	char *attributes[ATTRIBUTES] = {(char *)s->name};
	size_t count = 1;
	MESSAGE(found);

	if (s->verification[0]) {
		attributes[count++] = (char *)s->verification;
	}
	if (!s->devices[0] && s->client[0]) {
		attributes[count++] = (char *)s->client;
	}
	if (s->verified[0]) {
		attributes[count++] = (char *)s->verified;
	}
	for (size_t i = 0; i < s->claims->count; i++) {
		attributes[count++] = strchr(s->claims->items[i], '=') + 1;
	}
	TRY(directory_filter(s->subscriber_filter, id, "", &filter));
	TRY(search(d, s->subscribers, LDAP_SCOPE_SUBTREE, buf_string(&filter), attributes, 1,
		&found));
	LDAPMessage *entry = ldap_first_entry(d->ldap, found);

	return entry ? read_entry(d, id, entry, ret)
		     : err_fail(ERR_NOT_FOUND, "the directory has nobody with this id");
}

static enum err probe_place(struct directory *d, const char *base)
{
	char no_attributes[] = LDAP_NO_ATTRS, *none[] = {no_attributes, NULL};
	MESSAGE(found);

	return search(d, base, LDAP_SCOPE_BASE, "(objectClass=*)", none, 1, &found);
}

static enum err ldap_directory_probe(void *user)
{
	struct directory *d = user;

	TRY(probe_place(d, d->settings->subscribers));
	return d->settings->devices[0] ? probe_place(d, d->settings->devices) : OK;
}

const struct directory_backend connector_ldap = {
	.scheme = "ldap",
	.open = ldap_directory_open,
	.close = ldap_directory_close,
	.find = ldap_directory_find,
	.probe = ldap_directory_probe,
};
