// SPDX-License-Identifier: Apache-2.0
#include "wire/import_row.h"

#include "base/text.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

enum column {
	CLIENT,
	IMSI,
	DEVICE,
	IMEI,
	SUBSCRIBER,
	VERIFICATION,
	NAME,
	ALGORITHM,
	K,
	OPC,
	OP,
	TOPC,
	TOP,
	AMF,
	SQN,
	ITERATIONS,
	RES,
	COLUMNS,
	IGNORED = COLUMNS
};

static const char *const names[COLUMNS] = {
	[CLIENT] = "client",
	[IMSI] = "imsi",
	[DEVICE] = "device",
	[IMEI] = "imei",
	[SUBSCRIBER] = "subscriber",
	[VERIFICATION] = "verification",
	[NAME] = "name",
	[ALGORITHM] = "algorithm",
	[K] = "k",
	[OPC] = "opc",
	[OP] = "op",
	[TOPC] = "topc",
	[TOP] = "top",
	[AMF] = "amf",
	[SQN] = "sqn",
	[ITERATIONS] = "keccak_iterations",
	[RES] = "res_bytes",
};

/* What makers of SIMs write beside it, and is nobody's business here; and another name for K. */
static const struct {
	const char *name;
	uint8_t column;
} other_names[] = {
	{"ki", K},
	{"iccid", IGNORED},
	{"eid", IGNORED},
	{"msisdn", IGNORED},
	{"pin1", IGNORED},
	{"pin2", IGNORED},
	{"puk1", IGNORED},
	{"puk2", IGNORED},
	{"adm1", IGNORED},
	{"acc", IGNORED},
};

/* A line taken apart: its values stand in `room`, unquoted. */
struct fields {
	struct view value[COLUMNS]; /* NULL data: absent */
	char room[IMPORT_LINE_MAX];
	size_t used;
};

static void wipe_fields(struct fields *f)
{
	bytes_wipe(f, sizeof(*f));
}

/* --- CSV; a value does not go on in the next line --- */

static struct view trimmed(struct view v)
{
	while (v.len > 0 && v.data[0] == ' ') {
		v = view_of(v.data + 1, v.len - 1);
	}
	while (v.len > 0 && v.data[v.len - 1] == ' ') {
		v.len--;
	}
	return v;
}

/* Quoted values stand in f->room from then on. */
static enum err split(struct view line, char separator, struct fields *f, struct csv_record *ret)
{
	struct buf room = buf_fixed(f->room, sizeof(f->room));
	enum err err = csv_split(line, separator, &room, ret);

	f->used = room.len;
	return err;
}

static uint8_t column_of(struct view name)
{
	for (uint8_t i = 0; i < COLUMNS; i++) {
		if (view_is_nocase(name, names[i])) {
			return i;
		}
	}
	for (size_t i = 0; i < sizeof(other_names) / sizeof(other_names[0]); i++) {
		if (view_is_nocase(name, other_names[i].name)) {
			return other_names[i].column;
		}
	}
	return UINT8_MAX;
}

static enum err check_columns(uint32_t seen)
{
	if (((seen >> CLIENT) & 1) == ((seen >> IMSI) & 1)) {
		return err_fail(ERR_SYNTAX, "columns: client or imsi, one of the two, is wanted");
	}
	return (seen >> K) & 1 ? OK : err_fail(ERR_SYNTAX, "columns: k is wanted");
}

enum err import_columns_read(struct view line, struct import_columns *ret)
{
	struct import_columns columns = {.separator = csv_separator(line)};
	struct fields f __attribute__((cleanup(wipe_fields))) = {.used = 0};
	struct csv_record names_in;
	uint32_t seen = 0;

	line = csv_trimmed(line);
	if (line.len > IMPORT_LINE_MAX) {
		return err_fail(ERR_RANGE, "columns: longer than %d bytes", IMPORT_LINE_MAX);
	}
	TRY(split(line, columns.separator, &f, &names_in));
	for (size_t i = 0; i < names_in.count; i++) {
		uint8_t column = column_of(names_in.field[i]);

		if (column == UINT8_MAX) {
			return err_fail(ERR_SYNTAX, "columns: the name of number %zu is not known",
				i + 1);
		}
		if (column != IGNORED && (seen >> column) & 1) {
			return err_fail(ERR_SYNTAX, "columns: %s is given twice", names[column]);
		}
		seen |= column == IGNORED ? 0 : UINT32_C(1) << column;
		columns.column[i] = column;
	}
	columns.count = names_in.count;
	TRY(check_columns(seen));
	*ret = columns;
	return OK;
}

static enum err split_csv(const struct import_columns *columns, struct view line, struct fields *f)
{
	struct csv_record values;

	TRY(split(line, columns->separator, f, &values));
	if (values.count != columns->count) {
		return err_fail(ERR_SYNTAX, "%zu values where there are %zu columns", values.count,
			columns->count);
	}
	for (size_t i = 0; i < values.count; i++) {
		if (columns->column[i] != IGNORED && values.field[i].len > 0) {
			f->value[columns->column[i]] = values.field[i];
		}
	}
	return OK;
}

/* --- NDJSON --- */

static bool is_number(enum column column)
{
	return column == SQN || column == ITERATIONS || column == RES;
}

static enum err take_member(const struct json *object, enum column column, struct fields *f)
{
	struct view text = {0};
	int64_t number = -1;

	if (is_number(column) && json_int_opt(object, names[column], 0, INT64_MAX, &number) == OK) {
		int len = number < 0 ? 0
				     : snprintf(f->room + f->used, sizeof(f->room) - f->used,
					       "%lld", (long long)number);

		f->value[column] = len > 0 ? view_of(f->room + f->used, (size_t)len) : text;
		f->used += (size_t)len;
		return OK;
	}
	TRY(json_text_opt(object, names[column], &text));
	f->value[column] = text.len > 0 ? text : (struct view){0};
	return OK;
}

static enum err split_json(const struct json *object, struct fields *f)
{
	const char *known[COLUMNS + 1] = {NULL};

	if (!json_is_object(object)) {
		return err_fail(ERR_SYNTAX, "not a JSON object");
	}
	memcpy(known, names, sizeof(names));
	TRY(json_only(object, known));
	for (int i = 0; i < COLUMNS; i++) {
		TRY(take_member(object, (enum column)i, f));
	}
	return OK;
}

/* --- what the values mean --- */

/* Without the realm another NAI's user part would pass. */
static bool is_imsi(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (v.data[i] < '0' || v.data[i] > '9') {
			return false;
		}
	}
	return v.len >= 6 && v.len <= 15;
}

static enum err read_client(const struct fields *f, const struct ident *realm, struct ident *ret)
{
	char text[IDENT_MAX + 1];
	struct buf client = buf_fixed(text, sizeof(text));
	struct ident id;

	if (!f->value[CLIENT].data == !f->value[IMSI].data) {
		return err_fail(ERR_SYNTAX, "client, imsi: one of the two is wanted");
	}
	if (f->value[IMSI].data) {
		if (!is_imsi(f->value[IMSI])) {
			return err_fail(ERR_SYNTAX, "imsi: 6 to 15 digits (TS 23.003 2.2)");
		}
		buf_view(&client, f->value[IMSI]);
		buf_u8(&client, '@');
		buf_view(&client, ident_view(realm));
	} else {
		buf_view(&client, f->value[CLIENT]);
	}
	if (client.failed || ident_parse(IDENT_CLIENT, buf_contents(&client), &id) != OK) {
		return err_fail(ERR_SYNTAX, "client: not an identity of a client element");
	}
	if (!view_equal(ident_realm_of(&id), ident_view(realm))) {
		return err_fail(ERR_SYNTAX, "client: not of this realm, which is %s", realm->text);
	}
	*ret = id;
	return OK;
}

static enum err read_device(const struct fields *f, struct ident *ret)
{
	char text[IDENT_MAX + 1];
	struct buf device = buf_fixed(text, sizeof(text));

	if (f->value[DEVICE].data && f->value[IMEI].data) {
		return err_fail(ERR_SYNTAX, "device, imei: one of the two at most");
	}
	if (f->value[IMEI].data) {
		buf_text(&device, "urn:gsma:imei:");
		buf_view(&device, f->value[IMEI]);
	} else if (f->value[DEVICE].data) {
		buf_view(&device, f->value[DEVICE]);
	} else {
		return OK;
	}
	return !device.failed && ident_parse(IDENT_DEVICE, buf_contents(&device), ret) == OK
		       ? OK
		       : err_fail(ERR_SYNTAX, "%s: not an identity of a device",
				 f->value[IMEI].data ? "imei" : "device");
}

static enum err read_number(const struct fields *f, enum column column, uint64_t max, int64_t *ret)
{
	uint64_t number = 0;

	if (f->value[column].data &&
		text_from_u64(f->value[column], max, &number, names[column]) != OK) {
		return err_fail(ERR_SYNTAX, "%s: a whole number to %llu is wanted", names[column],
			(unsigned long long)max);
	}
	*ret = (int64_t)number;
	return OK;
}

static enum err read_key(const struct fields *f, struct import_row *ret)
{
	struct aka_key_text text = {
		.algorithm = f->value[ALGORITHM],
		.k = f->value[K],
		.opc = f->value[OPC],
		.op = f->value[OP],
		.topc = f->value[TOPC],
		.top = f->value[TOP],
		.amf = f->value[AMF],
	};

	TRY(read_number(f, ITERATIONS, INT32_MAX, &text.keccak_iterations));
	TRY(read_number(f, RES, INT32_MAX, &text.res_bytes));
	TRY(read_number(f, SQN, SQN_LAST, &ret->sqn));
	return aka_key_read(&text, &ret->key, &ret->from_op);
}

static enum err read_word(const struct fields *f, enum column column, char *to, size_t room)
{
	return text_copy(to, room, f->value[column], names[column]);
}

static enum err read_fields(const struct fields *f, const struct ident *realm,
	struct import_row *ret)
{
	TRY(read_client(f, realm, &ret->client));
	TRY(read_device(f, &ret->device));
	TRY(read_word(f, SUBSCRIBER, ret->subscriber, sizeof(ret->subscriber)));
	TRY(read_word(f, VERIFICATION, ret->verification, sizeof(ret->verification)));
	TRY(read_word(f, NAME, ret->name, sizeof(ret->name)));
	if ((ret->verification[0] || ret->name[0]) && !ret->subscriber[0]) {
		return err_fail(ERR_SYNTAX, "subscriber: is wanted with verification or name");
	}
	if (ret->name[0] && !ret->verification[0]) {
		return err_fail(ERR_SYNTAX, "verification: is wanted with name");
	}
	return read_key(f, ret);
}

static enum err read_json(struct view line, const struct ident *realm, struct fields *f,
	struct import_row *ret)
{
	JSON_CLEANUP struct json *object = NULL; /* what the fields point into */

	TRY(json_parse(line, IMPORT_LINE_MAX, &object));
	TRY(split_json(object, f));
	return read_fields(f, realm, ret);
}

enum err import_row_read(const struct import_columns *columns, struct view line,
	const struct ident *realm, struct import_row *ret)
{
	struct fields f __attribute__((cleanup(wipe_fields))) = {.used = 0};
	struct import_row row __attribute__((cleanup(import_row_wipe))) = {.sqn = 0};

	line = trimmed(csv_trimmed(line));
	if (line.len == 0) {
		return err_fail(ERR_NOT_FOUND, "a blank line");
	}
	if (line.len > IMPORT_LINE_MAX) {
		return err_fail(ERR_RANGE, "longer than %d bytes", IMPORT_LINE_MAX);
	}
	if (columns) {
		TRY(split_csv(columns, line, &f));
		TRY(read_fields(&f, realm, &row));
	} else {
		TRY(read_json(line, realm, &f, &row));
	}
	*ret = row;
	return OK;
}

void import_row_wipe(struct import_row *row)
{
	bytes_wipe(row, sizeof(*row));
}
