// SPDX-License-Identifier: Apache-2.0
#include "wire/owner_row.h"

#include "base/secret.h"
#include "base/text.h"
#include "wire/device_row.h"

enum column { OWNER, KIND, NAME, EMAIL, PHONE, ADDRESS, COLUMNS };

static const char *const names[COLUMNS + 1] = {
	[OWNER] = "owner",
	[KIND] = "kind",
	[NAME] = "name",
	[EMAIL] = "email",
	[PHONE] = "phone_number",
	[ADDRESS] = "address",
};

void owner_row_wipe(struct owner_row *row)
{
	bytes_wipe(row, sizeof(*row));
}

enum err owner_columns_read(struct view line, struct csv_columns *ret)
{
	struct csv_columns columns;
	unsigned wanted = 0;

	TRY(csv_columns_read(line, names, &columns));
	for (size_t i = 0; i < columns.count; i++) {
		wanted += columns.column[i] == OWNER || columns.column[i] == NAME;
	}
	if (wanted != 2) {
		return err_fail(ERR_SYNTAX, "columns: owner and name are wanted");
	}
	*ret = columns;
	return OK;
}

static enum err read_reference(struct view reference, struct owner_row *ret)
{
	TRY(party_id_check(reference, names[OWNER]));
	return text_copy(ret->reference, sizeof(ret->reference), reference, names[OWNER]);
}

static enum err set_claims(struct view text, struct owner_row *ret)
{
	JSON_CLEANUP struct json *claims = NULL;

	TRY(json_parse(text, OWNER_ROW_MAX, &claims));
	return owner_record_set(&ret->record, claims);
}

static enum err read_csv(const struct csv_columns *columns, struct view line, struct owner_row *ret)
{
	uint8_t text[OWNER_ROW_MAX], claims[2 * OWNER_ROW_MAX];
	struct buf room = buf_fixed(text, sizeof(text)), out = buf_fixed(claims, sizeof(claims));
	struct json_writer w = json_to(&out);
	struct view value[COLUMNS] = {0};
	enum err err = csv_row_split(columns, line, &room, value);

	json_open(&w, NULL);
	for (int i = NAME; i <= PHONE; i++) {
		if (value[i].len > 0) {
			json_put_text(&w, names[i], value[i]);
		}
	}
	if (value[ADDRESS].len > 0) {
		json_open(&w, names[ADDRESS]);
		json_put_text(&w, "formatted", value[ADDRESS]);
		json_close(&w);
	}
	json_close(&w);
	err = err == OK ? read_reference(value[OWNER], ret) : err;
	err = err == OK && value[KIND].len > 0 ? owner_kind_of(value[KIND], &ret->record.kind)
					       : err;
	err = err == OK ? buf_end(&out, "claims") : err;
	err = err == OK ? set_claims(buf_contents(&out), ret) : err;
	bytes_wipe(text, sizeof(text));
	bytes_wipe(claims, sizeof(claims));
	return err;
}

static enum err read_json(struct view line, struct owner_row *ret)
{
	static const char *const known[] = {"owner", "kind", "claims", NULL};
	JSON_CLEANUP struct json *object = NULL;
	struct view reference, kind = {0};

	TRY(json_parse(line, OWNER_ROW_MAX, &object));
	if (!json_is_object(object) || !json_is_object(json_member(object, "claims"))) {
		return err_fail(ERR_SYNTAX, "an object with an object claims is wanted");
	}
	TRY(json_only(object, known));
	TRY(json_text(object, "owner", &reference));
	TRY(json_text_opt(object, "kind", &kind));
	TRY(read_reference(reference, ret));
	if (kind.data) {
		TRY(owner_kind_of(kind, &ret->record.kind));
	}
	return owner_record_set(&ret->record, json_member(object, "claims"));
}

enum err owner_row_read(const struct csv_columns *columns, struct view line, struct owner_row *ret)
{
	struct owner_row row __attribute__((cleanup(owner_row_wipe))) = {.reference = ""};

	line = csv_trimmed(line);
	if (line.len == 0) {
		return err_fail(ERR_NOT_FOUND, "a blank row");
	}
	if (line.len > OWNER_ROW_MAX) {
		return err_fail(ERR_RANGE, "longer than %d bytes", OWNER_ROW_MAX);
	}
	TRY(columns ? read_csv(columns, line, &row) : read_json(line, &row));
	*ret = row;
	return OK;
}
