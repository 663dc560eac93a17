// SPDX-License-Identifier: Apache-2.0
#include "wire/gba_xml.h"

#include "base/text.h"
#include <expat.h>
#include <string.h>

#define LAST_SECOND INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

enum { DOCUMENT_MAX = 64 * 1024, DEPTH_MAX = 16, TEXT_MAX = 511 };

#define SEPARATOR "\n" /* between namespace and name: can stand in neither */

/* Where the reader is. What no rule names is read past, with all below it. */
enum element {
	OUTSIDE,
	INFO,
	BTID,
	LIFETIME,
	GUSS,
	BSF_INFO,
	KEY_LIFETIME,
	USS_INFO,
	TIMESTAMP,
	USS_LIST,
	USS,
	UIDS,
	UID,
	FLAGS,
	FLAG,
	ELSEWHERE,
	ELEMENTS,
};

/* One of `info` and `guss` is filled. */
struct walk {
	XML_Parser expat;
	const char *document; /* its name, for sentences */
	struct bootstrapping_info *info;
	struct guss *guss;
	enum element at[DEPTH_MAX];
	size_t depth;
	bool seen[ELEMENTS];
	struct buf text; /* of the innermost element that has some */
	char text_bytes[TEXT_MAX];
	enum err result;
};

/* What may stand in what; what begins it, and what its text is at its end. */
struct rule {
	enum element in;
	const char *name;
	enum element is;
	bool once; /* in a document */
	enum err (*begin)(struct walk *w, const char *const *attributes);
	enum err (*end)(struct walk *w, struct view text);
};

static enum err begin_guss(struct walk *w, const char *const *attributes);
static enum err begin_uss(struct walk *w, const char *const *attributes);
static enum err end_btid(struct walk *w, struct view text);
static enum err end_lifetime(struct walk *w, struct view text);
static enum err end_key_lifetime(struct walk *w, struct view text);
static enum err end_timestamp(struct walk *w, struct view text);
static enum err end_uid(struct walk *w, struct view text);
static enum err end_flag(struct walk *w, struct view text);

/* clang-format off */
static const struct rule rules[] = {
	/* in         name                  is            once   begin        end              */
	{OUTSIDE,  "BootstrappingInfo", INFO,         true,  NULL,        NULL},
	{INFO,     "btid",              BTID,         true,  NULL,        end_btid},
	{INFO,     "lifetime",          LIFETIME,     true,  NULL,        end_lifetime},
	{OUTSIDE,  "guss",              GUSS,         true,  begin_guss,  NULL},
	{OUTSIDE,  "ussList",           USS_LIST,     true,  NULL,        NULL},
	{GUSS,     "bsfInfo",           BSF_INFO,     true,  NULL,        NULL},
	{BSF_INFO, "lifeTime",          KEY_LIFETIME, true,  NULL,        end_key_lifetime},
	{GUSS,     "ussInfo",           USS_INFO,     true,  NULL,        NULL},
	{USS_INFO, "timestamp",         TIMESTAMP,    true,  NULL,        end_timestamp},
	{GUSS,     "ussList",           USS_LIST,     true,  NULL,        NULL},
	{USS_LIST, "uss",               USS,          false, begin_uss,   NULL},
	{USS,      "uids",              UIDS,         false, NULL,        NULL},
	{UIDS,     "uid",               UID,          false, NULL,        end_uid},
	{USS,      "flags",             FLAGS,        false, NULL,        NULL},
	{FLAGS,    "flag",              FLAG,         false, NULL,        end_flag},
};
/* clang-format on */

static enum err fail(struct walk *w, enum err code, const char *what)
{
	return err_fail(code, "%s: line %lu: %s", w->document,
		(unsigned long)XML_GetCurrentLineNumber(w->expat), what);
}

/* What a library that cannot be told of errors is told instead. */
static void keep_result(struct walk *w, enum err result)
{
	if (result != OK && w->result == OK) {
		w->result = result;
		(void)XML_StopParser(w->expat, XML_FALSE);
	}
}

/* GUSS has had no namespace, and one per release since (TS 29.109 Annex A). */
static bool is_ours(struct view namespace)
{
	static const char family[] = "urn:3gpp:gba:";
	size_t len = sizeof(family) - 1;

	return namespace.len == 0 || view_is(namespace, "uri:3gpp-gba") ||
	       (namespace.len > len && memcmp(namespace.data, family, len) == 0);
}

static const struct rule *find_rule(enum element in, const char *name)
{
	const char *split = strstr(name, SEPARATOR);

	if (!is_ours(view_of(name, split ? (size_t)(split - name) : 0))) {
		return NULL;
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].in == in && strcmp(rules[i].name, split ? split + 1 : name) == 0) {
			return &rules[i];
		}
	}
	return NULL;
}

static const struct rule *rule_of(enum element is)
{
	const struct rule *rule = rules;

	while (rule->is != is) {
		rule++;
	}
	return rule;
}

static enum element innermost(const struct walk *w)
{
	return w->depth > 0 ? w->at[w->depth - 1] : OUTSIDE;
}

static enum err begin_element(struct walk *w, const char *name, const char *const *attributes)
{
	enum element in = innermost(w);
	const struct rule *rule = in == ELSEWHERE ? NULL : find_rule(in, name);

	if (w->depth == DEPTH_MAX) {
		return fail(w, ERR_RANGE, "elements nested too deep");
	}
	if (in == OUTSIDE && (!rule || (rule->is == INFO) != (w->info != NULL))) {
		return fail(w, ERR_SYNTAX, "another document");
	}
	w->at[w->depth++] = rule ? rule->is : ELSEWHERE;
	if (!rule) {
		return OK;
	}
	if (rule->once && w->seen[rule->is]) {
		return fail(w, ERR_SYNTAX, "an element stands twice");
	}
	w->seen[rule->is] = true;
	buf_clear(&w->text);
	return rule->begin ? rule->begin(w, attributes) : OK;
}

static struct view trim(struct view v)
{
	static const char spaces[] = " \t\r\n";

	while (v.len > 0 && memchr(spaces, v.data[0], sizeof(spaces) - 1)) {
		v = view_of(v.data + 1, v.len - 1);
	}
	while (v.len > 0 && memchr(spaces, v.data[v.len - 1], sizeof(spaces) - 1)) {
		v.len--;
	}
	return v;
}

static enum err end_element(struct walk *w)
{
	enum element is = innermost(w);
	const struct rule *rule = is == ELSEWHERE ? NULL : rule_of(is);

	w->depth--;
	if (!rule || !rule->end) {
		return OK;
	}
	if (w->text.failed) {
		return fail(w, ERR_RANGE, "an element is too long");
	}
	return rule->end(w, trim(buf_contents(&w->text)));
}

static void on_begin(void *user, const XML_Char *name, const XML_Char **attributes)
{
	struct walk *w = user;

	if (w->result == OK) {
		keep_result(w, begin_element(w, name, (const char *const *)attributes));
	}
}

static void on_end(void *user, const XML_Char *name)
{
	struct walk *w = user;

	(void)name;
	if (w->result == OK) {
		keep_result(w, end_element(w));
	}
}

static void on_text(void *user, const XML_Char *text, int len)
{
	struct walk *w = user;
	enum element is = innermost(w);

	if (is != OUTSIDE && is != ELSEWHERE && rule_of(is)->end) {
		buf_bytes(&w->text, text, (size_t)len);
	}
}

/* Where there is no DTD there are no entities but the five of XML itself. */
static void on_doctype(void *user, const XML_Char *name, const XML_Char *system,
	const XML_Char *public, int has_internal_subset)
{
	struct walk *w = user;

	(void)name;
	(void)system;
	(void)public;
	(void)has_internal_subset;
	keep_result(w, fail(w, ERR_SYNTAX, "a document type declaration"));
}

static void free_parser(XML_Parser *expat)
{
	XML_ParserFree(*expat);
}

static enum err walk(struct walk *w, struct view xml)
{
	if (xml.len > DOCUMENT_MAX) {
		return err_fail(ERR_RANGE, "%s: longer than 64 KiB", w->document);
	}
	__attribute__((cleanup(free_parser))) XML_Parser expat =
		XML_ParserCreateNS("UTF-8", SEPARATOR[0]);

	if (!expat) {
		return err_fail(ERR_MEMORY, "%s: out of memory", w->document);
	}
	w->expat = expat;
	w->text = buf_fixed(w->text_bytes, sizeof(w->text_bytes));
	XML_SetUserData(expat, w);
	XML_SetElementHandler(expat, on_begin, on_end);
	XML_SetCharacterDataHandler(expat, on_text);
	XML_SetStartDoctypeDeclHandler(expat, on_doctype);
	if (XML_Parse(expat, (const char *)xml.data, (int)xml.len, 1) == XML_STATUS_OK) {
		return OK;
	}
	return w->result != OK ? w->result
			       : fail(w, ERR_SYNTAX, XML_ErrorString(XML_GetErrorCode(expat)));
}

/* The elements. */

static const char *attribute(const char *const *attributes, const char *name)
{
	for (; *attributes; attributes += 2) {
		if (strcmp(attributes[0], name) == 0) {
			return attributes[1];
		}
	}
	return NULL;
}

static enum err read_int(struct view text, const char *what, int *ret)
{
	uint64_t number = 0;

	TRY(text_from_u64(text, INT32_MAX, &number, what));
	*ret = (int)number;
	return OK;
}

/*
 * xs:dateTime: a fraction of a second, which is dropped, and a zone other than Z may stand in it; without
 * a zone it is UTC.
 */
static enum err read_time(struct view text, const char *what, int64_t *ret)
{
	enum { SECONDS = 19, ZONE = 6 };
	uint8_t plain[SECONDS + 1];
	int64_t offset = 0, seconds;
	size_t at = SECONDS;

	if (text.len < SECONDS) {
		return err_fail(ERR_SYNTAX, "%s: not a time", what);
	}
	memcpy(plain, text.data, SECONDS);
	plain[SECONDS] = 'Z';
	TRY(text_from_time(VIEW(plain), &seconds, what));
	if (at < text.len && text.data[at] == '.') {
		do {
			at++;
		} while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9');
	}
	struct view zone = view_of(text.data + at, text.len - at);

	if (zone.len == ZONE && (zone.data[0] == '+' || zone.data[0] == '-')) {
		uint8_t clock[] = "1970-01-01Thh:mm:00Z";

		memcpy(clock + 11, zone.data + 1, ZONE - 1);
		TRY(text_from_time(view_of(clock, sizeof(clock) - 1), &offset, what));
		offset = zone.data[0] == '+' ? offset : -offset;
	} else if (zone.len > 0 && !view_is(zone, "Z")) {
		return err_fail(ERR_SYNTAX, "%s: not a time zone", what);
	}
	seconds -= offset;
	if (seconds < 0 || seconds > LAST_SECOND) {
		return err_fail(ERR_RANGE, "%s: before 1970 or after 9999", what);
	}
	*ret = seconds;
	return OK;
}

static enum err begin_guss(struct walk *w, const char *const *attributes)
{
	const char *id = attribute(attributes, "id");

	return text_copy(w->guss->id, sizeof(w->guss->id), view_text(id), "GUSS: id");
}

static enum err begin_uss(struct walk *w, const char *const *attributes)
{
	const char *id = attribute(attributes, "id"), *type = attribute(attributes, "type");
	const char *group = attribute(attributes, "nafGroup");

	if (w->guss->uss_count == GUSS_USS_MAX) {
		return fail(w, ERR_RANGE, "too many uss");
	}
	struct uss *uss = &w->guss->uss[w->guss->uss_count++];

	*uss = (struct uss){.id = 0};
	TRY(read_int(view_text(id), "uss: id", &uss->id));
	TRY(read_int(view_text(type), "uss: type", &uss->type));
	return text_copy(uss->naf_group, sizeof(uss->naf_group), view_text(group), "uss: nafGroup");
}

static struct uss *last_uss(struct walk *w)
{
	return &w->guss->uss[w->guss->uss_count - 1];
}

static enum err end_btid(struct walk *w, struct view text)
{
	return text_copy(w->info->btid, sizeof(w->info->btid), text, "btid");
}

static enum err end_lifetime(struct walk *w, struct view text)
{
	return read_time(text, "lifetime", &w->info->lifetime);
}

static enum err end_key_lifetime(struct walk *w, struct view text)
{
	int seconds = 0;

	TRY(read_int(text, "lifeTime", &seconds));
	w->guss->lifetime = seconds;
	return OK;
}

static enum err end_timestamp(struct walk *w, struct view text)
{
	return text_copy(w->guss->timestamp, sizeof(w->guss->timestamp), text, "timestamp");
}

/* An HSS may list all public identities: the first stands for the user. */
static enum err end_uid(struct walk *w, struct view text)
{
	struct uss *uss = last_uss(w);

	return uss->uid[0] ? OK : text_copy(uss->uid, sizeof(uss->uid), text, "uid");
}

static enum err end_flag(struct walk *w, struct view text)
{
	struct uss *uss = last_uss(w);

	if (uss->flag_count == GUSS_FLAGS_MAX) {
		return fail(w, ERR_RANGE, "too many flags");
	}
	return read_int(text, "flag", &uss->flags[uss->flag_count++]);
}

enum err gba_xml_read_info(struct view xml, struct bootstrapping_info *ret)
{
	struct bootstrapping_info info = {.lifetime = 0};
	struct walk w = {.document = "BootstrappingInfo", .info = &info};

	TRY(walk(&w, xml));
	if (info.btid[0] == '\0' || !w.seen[LIFETIME]) {
		return err_fail(ERR_SYNTAX, "BootstrappingInfo: btid or lifetime is missing");
	}
	*ret = info;
	return OK;
}

enum err gba_xml_read_guss(struct view xml, struct guss *ret)
{
	struct walk w = {.document = "GUSS", .guss = ret};

	/* Each uss is cleared when it begins: all of them are 13 KiB. */
	memset(ret, 0, offsetof(struct guss, uss));
	ret->uss_count = 0;
	return walk(&w, xml);
}

/* Writing. */

static const char prolog[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

/* Text that stands for itself. What XML cannot carry makes the buf fail. */
static void put_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			buf_text(out, "&amp;");
			break;
		case '<':
			buf_text(out, "&lt;");
			break;
		case '>':
			buf_text(out, "&gt;");
			break;
		case '"':
			buf_text(out, "&quot;");
			break;
		default:
			out->failed |= (uint8_t)*text < 0x20;
			buf_u8(out, (uint8_t)*text);
		}
	}
}

static void put_text(struct buf *out, const char *before, const char *text, const char *after)
{
	buf_text(out, before);
	put_escaped(out, text);
	buf_text(out, after);
}

void gba_xml_write_info(struct buf *out, const struct bootstrapping_info *in)
{
	char lifetime[TEXT_TIME];

	text_time(in->lifetime, lifetime);
	buf_text(out, prolog);
	buf_text(out, "<BootstrappingInfo xmlns=\"uri:3gpp-gba\">");
	put_text(out, "<btid>", in->btid, "</btid>");
	put_text(out, "<lifetime>", lifetime, "</lifetime></BootstrappingInfo>");
}

static void put_uss(struct buf *out, const struct uss *uss)
{
	buf_printf(out, "<uss id=\"%d\" type=\"%d\"", uss->id, uss->type);
	if (uss->naf_group[0]) {
		put_text(out, " nafGroup=\"", uss->naf_group, "\"");
	}
	buf_text(out, "><uids>");
	if (uss->uid[0]) {
		put_text(out, "<uid>", uss->uid, "</uid>");
	}
	buf_text(out, "</uids><flags>");
	for (size_t i = 0; i < uss->flag_count; i++) {
		buf_printf(out, "<flag>%d</flag>", uss->flags[i]);
	}
	buf_text(out, "</flags></uss>");
}

static void put_uss_list(struct buf *out, const struct guss *in)
{
	buf_text(out, "<ussList>");
	for (size_t i = 0; i < in->uss_count; i++) {
		put_uss(out, &in->uss[i]);
	}
	buf_text(out, "</ussList>");
}

void gba_xml_write_guss(struct buf *out, const struct guss *in)
{
	buf_text(out, prolog);
	buf_text(out, "<guss");
	if (in->id[0]) {
		put_text(out, " id=\"", in->id, "\"");
	}
	buf_u8(out, '>');
	if (in->lifetime > 0) {
		buf_printf(out, "<bsfInfo><lifeTime>%d</lifeTime></bsfInfo>", (int)in->lifetime);
	}
	if (in->timestamp[0]) {
		put_text(out, "<ussInfo><timestamp>", in->timestamp, "</timestamp></ussInfo>");
	}
	put_uss_list(out, in);
	buf_text(out, "</guss>");
}

void gba_xml_write_uss_list(struct buf *out, const struct guss *in)
{
	buf_text(out, prolog);
	put_uss_list(out, in);
}
