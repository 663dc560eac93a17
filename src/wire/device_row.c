// SPDX-License-Identifier: Apache-2.0
#include "wire/device_row.h"

#include "base/text.h"
#include "core/reg_id.h"
#include "wire/facts_json.h"

#include <string.h>

enum column {
	DEVICE,
	IMEI,
	MAC,
	IPV6,
	MANUFACTURER,
	OWNER,
	MAKE,
	MODEL,
	FIRMWARE,
	HARDWARE,
	SERIAL,
	TYPE,
	COMMUNICATION,
	CONNECTIVITY,
	POWER,
	PROTOCOLS,
	COLUMNS
};

static const char *const names[COLUMNS + 1] = {
	[DEVICE] = "device",
	[IMEI] = "imei",
	[MAC] = "mac",
	[IPV6] = "ipv6",
	[MANUFACTURER] = "manufacturer",
	[OWNER] = "owner",
	[MAKE] = "make",
	[MODEL] = "model",
	[FIRMWARE] = "firmware",
	[HARDWARE] = "hardware",
	[SERIAL] = "serial",
	[TYPE] = "type",
	[COMMUNICATION] = "communication",
	[CONNECTIVITY] = "connectivity",
	[POWER] = "power",
	[PROTOCOLS] = "protocols",
};

/* How reg_device_parse() wants an identifier that has a column of its own. */
static const char *const prefixes[] = {
	[DEVICE] = "",
	[IMEI] = "imei:",
	[MAC] = "mac:",
	[IPV6] = "ip6:",
};
enum { IDENTIFIERS = sizeof(prefixes) / sizeof(prefixes[0]) };

enum err party_id_check(struct view id, const char *what)
{
	bool good = id.len >= 1 && id.len <= PARTY_ID_MAX;

	for (size_t i = 0; good && i < id.len; i++) {
		uint8_t c = id.data[i];

		good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		       c == '.' || c == '_' || c == '-';
	}
	return good ? OK
		    : err_fail(ERR_SYNTAX, "%s: 1 to %d letters, digits and ._- are wanted", what,
			      PARTY_ID_MAX);
}

/* --- what both forms have --- */

static enum err read_party(struct view id, const char *what, char ret[PARTY_ID_MAX + 1])
{
	if (id.len == 0) {
		return OK;
	}
	TRY(party_id_check(id, what));
	return text_copy(ret, PARTY_ID_MAX + 1, id, what);
}

/* The rule that was broken is told; the number itself is not, since rows are of other people's devices. */
static enum err read_identifier(struct view value, enum column column, struct ident *ret)
{
	char text[IDENT_MAX + 1];
	struct buf device = buf_fixed(text, sizeof(text));

	buf_text(&device, prefixes[column]);
	for (size_t i = 0; i < value.len; i++) {
		if (column != MAC || (value.data[i] != ':' && value.data[i] != '-')) {
			buf_u8(&device, value.data[i]); /* IEEE 802 8.1 prints them between */
		}
	}
	if (device.failed) {
		return err_fail(ERR_RANGE, "%s: longer than %d bytes", names[column], IDENT_MAX);
	}
	if (reg_device_parse(buf_contents(&device), ret) != OK) {
		char why[160];

		(void)text_copy(why, sizeof(why), view_text(err_detail()), "why");
		return err_fail(ERR_SYNTAX, "%s: %s", names[column], why);
	}
	return OK;
}

static enum err check(const struct device_row *row)
{
	if (row->facts.origin.kind != ROT_NONE) {
		return err_fail(ERR_SYNTAX, "root_of_trust: evidence shows it, a row cannot");
	}
	return row->facts.make[0] && row->facts.model[0]
		       ? OK
		       : err_fail(ERR_SYNTAX, "9.2 i e: %s: is wanted",
				 row->facts.make[0] ? "model" : "make");
}

/* --- CSV --- */

enum err device_columns_read(struct view line, struct csv_columns *ret)
{
	struct csv_columns columns;
	unsigned identifiers = 0, named = 0;

	TRY(csv_columns_read(line, names, &columns));
	for (size_t i = 0; i < columns.count; i++) {
		identifiers += columns.column[i] < IDENTIFIERS;
		named += columns.column[i] == MAKE || columns.column[i] == MODEL;
	}
	if (identifiers == 0) {
		return err_fail(ERR_SYNTAX, "columns: device, imei, mac or ipv6 is wanted");
	}
	if (named != 2) {
		return err_fail(ERR_SYNTAX, "columns: make and model are wanted");
	}
	*ret = columns;
	return OK;
}

static enum err read_csv_identifier(const struct view *value, struct ident *ret)
{
	int given = -1;

	for (int column = 0; column < IDENTIFIERS; column++) {
		if (value[column].len > 0 && given >= 0) {
			return err_fail(ERR_SYNTAX, "%s, %s: one of the two", names[given],
				names[column]);
		}
		given = value[column].len > 0 ? column : given;
	}
	return given >= 0 ? read_identifier(value[given], (enum column)given, ret)
			  : err_fail(ERR_SYNTAX, "device: is wanted, or imei, mac, ipv6");
}

static enum err read_text(const struct view *value, enum column column, char ret[FACT_SIZE])
{
	return facts_check_text(value[column], names[column], ret, FACT_SIZE);
}

static enum err read_csv_facts(const struct view *value, struct device_facts *ret)
{
	TRY(read_text(value, MAKE, ret->make));
	TRY(read_text(value, MODEL, ret->model));
	TRY(read_text(value, FIRMWARE, ret->firmware));
	TRY(read_text(value, HARDWARE, ret->hardware));
	TRY(read_text(value, SERIAL, ret->serial));
	TRY(read_text(value, TYPE, ret->type));
	TRY(words_parse(value[COMMUNICATION], names[COMMUNICATION], &ret->communication));
	TRY(words_parse(value[CONNECTIVITY], names[CONNECTIVITY], &ret->connectivity));
	TRY(words_parse(value[POWER], names[POWER], &ret->power));
	return words_parse(value[PROTOCOLS], names[PROTOCOLS], &ret->protocols);
}

static enum err read_csv(const struct csv_columns *columns, struct view line, struct device_row *ret)
{
	uint8_t text[DEVICE_ROW_MAX];
	struct buf room = buf_fixed(text, sizeof(text));
	struct view value[COLUMNS] = {0};

	TRY(csv_row_split(columns, line, &room, value));
	TRY(read_csv_identifier(value, &ret->device));
	TRY(read_party(value[MANUFACTURER], names[MANUFACTURER], ret->manufacturer));
	TRY(read_party(value[OWNER], names[OWNER], ret->owner));
	return read_csv_facts(value, &ret->facts);
}

/* --- NDJSON --- */

static enum err read_json(struct view line, struct device_row *ret)
{
	static const char *const known[] = {"device", "manufacturer", "owner", "facts", NULL};
	JSON_CLEANUP struct json *object = NULL;
	struct view device, manufacturer = {0}, owner = {0};

	TRY(json_parse(line, DEVICE_ROW_MAX, &object));
	if (!json_is_object(object)) {
		return err_fail(ERR_SYNTAX, "not a JSON object");
	}
	TRY(json_only(object, known));
	TRY(json_text(object, "device", &device));
	TRY(json_text_opt(object, "manufacturer", &manufacturer));
	TRY(json_text_opt(object, "owner", &owner));
	TRY(read_identifier(device, DEVICE, &ret->device));
	TRY(read_party(manufacturer, names[MANUFACTURER], ret->manufacturer));
	TRY(read_party(owner, names[OWNER], ret->owner));
	return facts_read(json_member(object, "facts"), &ret->facts);
}

enum err device_row_read(const struct csv_columns *columns, struct view line, struct device_row *ret)
{
	struct device_row row = {.manufacturer = ""};

	line = csv_trimmed(line);
	if (line.len == 0) {
		return err_fail(ERR_NOT_FOUND, "a blank row");
	}
	if (line.len > DEVICE_ROW_MAX) {
		return err_fail(ERR_RANGE, "longer than %d bytes", DEVICE_ROW_MAX);
	}
	TRY(columns ? read_csv(columns, line, &row) : read_json(line, &row));
	TRY(check(&row));
	*ret = row;
	return OK;
}
