// SPDX-License-Identifier: Apache-2.0
/* Every message's rows over the same bytes: what was read can be written, and reads the same again. */
#include "fuzz.h"

#include "wire/rp_messages.h"
#include <stdlib.h>

/* Rows with fixed values make a message longer than it was; small ones stay below every ceiling. */
enum { COMPARED = 2048 };

union message {
	struct diameter_base base;
	struct diameter_capabilities capabilities;
	struct diameter_watchdog watchdog;
	struct rp_mar mar;
	struct rp_maa maa;
	struct rp_kur kur;
	struct rp_kua kua;
	struct rp_aar aar;
	struct rp_aaa aaa;
	struct rp_bir bir;
	struct rp_bia bia;
	struct rp_asr asr;
	struct rp_rar rar;
	struct rp_asa asa;
	struct rp_rpr rpr;
	struct rp_rpa rpa;
};

static void must(bool true_always)
{
	if (!true_always) {
		abort();
	}
}

static void refuse(struct view input, const struct diameter_fault *fault)
{
	BUF_CLEANUP struct buf answer = buf_growing(DIAMETER_MAX);
	struct diameter_header header;
	struct diameter_base base;
	struct diameter_fault ignored;

	diameter_encode_error(&answer, input, fault, view_text("a.example"), view_text("example"),
		"why");
	if (answer.failed || diameter_parse_header(input, &header) != OK) {
		return;
	}
	must(diameter_decode_base(buf_contents(&answer), &base, &ignored) == OK);
	must(base.has_result != base.has_experimental);
}

static void try_rows(struct view input, const struct avp_row *rows)
{
	BUF_CLEANUP struct buf first = buf_growing(DIAMETER_MAX);
	BUF_CLEANUP struct buf second = buf_growing(DIAMETER_MAX);
	struct diameter_header header;
	struct diameter_fault fault;
	union message message;

	if (diameter_decode(input, rows, &message, &fault) != OK) {
		must(fault.result != 0);
		refuse(input, &fault);
		return;
	}
	if (input.len > COMPARED) {
		return;
	}
	must(diameter_parse_header(input, &header) == OK);
	diameter_encode(&first, &header, rows, &message);
	must(diameter_decode(buf_contents(&first), rows, &message, &fault) == OK);
	diameter_encode(&second, &header, rows, &message);
	must(!second.failed && view_equal(buf_contents(&first), buf_contents(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct avp_row *const tables[] = {diameter_base_rows, diameter_capabilities_rows,
		diameter_watchdog_rows, rp_mar_rows, rp_maa_rows, rp_kur_rows, rp_kua_rows,
		rp_aar_rows, rp_aaa_rows, rp_bir_rows, rp_bia_rows, rp_asr_rows, rp_asa_rows,
		rp_rar_rows, rp_raa_rows, rp_rpr_rows, rp_rpa_rows};
	struct view input = view_of(data, size);
	size_t length;

	if (diameter_length(input, &length) == OK && length > 0) {
		must(length >= DIAMETER_HEADER && length <= DIAMETER_MAX);
	}
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		try_rows(input, tables[i]);
	}
	return 0;
}
