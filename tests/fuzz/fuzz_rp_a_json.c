// SPDX-License-Identifier: Apache-2.0
/* RP_A in JSON: the first byte says which message; what was read is written and read again, alike. */
#include "fuzz.h"

#include "wire/rp_a_json.h"
#include <stdlib.h>
#include <string.h>

enum { ROOM = 1 << 20 };

static void event(struct view text)
{
	BUF_CLEANUP struct buf first = buf_growing(ROOM), second = buf_growing(ROOM);
	struct rp_rpr rpr, again;
	RP_A_JSON(m);
	RP_A_JSON(n);

	if (rp_a_json_read_event(text, &m, &rpr) != OK) {
		return;
	}
	rpr.type = RP_A_PUSH;
	if (rp_a_json_write_event(&rpr, &first) != OK) {
		return; /* settings or times that have no other form */
	}
	if (rp_a_json_read_event(buf_contents(&first), &n, &again) != OK) {
		abort();
	}
	again.type = RP_A_PUSH;
	if (rp_a_json_write_event(&again, &second) != OK ||
		!view_equal(buf_contents(&first), buf_contents(&second))) {
		abort();
	}
}

static void announcement(struct view text)
{
	BUF_CLEANUP struct buf first = buf_growing(ROOM), second = buf_growing(ROOM);
	struct rp_rpr rpr, again;
	RP_A_JSON(m);
	RP_A_JSON(n);

	/* one without a Ua id has no name either, on Diameter */
	if (rp_a_json_read_announcement(text, &m, &rpr) != OK) {
		return;
	}
	for (size_t i = 0; i < rpr.announced_count; i++) {
		if (rpr.announced[i].naf_id_count == 0) {
			return;
		}
	}
	if (rp_a_json_write_announcement(&rpr, &first) != OK ||
		rp_a_json_read_announcement(buf_contents(&first), &n, &again) != OK ||
		rp_a_json_write_announcement(&again, &second) != OK ||
		!view_equal(buf_contents(&first), buf_contents(&second))) {
		abort();
	}
}

static void others(struct view text)
{
	struct rp_bir bir;
	struct rp_bia bia;
	struct rp_rpa rpa;
	struct rp_a_ack ack;
	uint8_t log[RP_A_LOG];
	uint64_t serial;
	RP_A_JSON(m);
	RP_A_JSON(n);
	RP_A_JSON(o);

	(void)!rp_a_json_read_pull(text, &m, &bir);
	(void)!rp_a_json_read_key(text, &n, &bia);
	(void)!rp_a_json_read_place(text, &o, &rpa);
	(void)!rp_a_json_read_ack(text, &ack);
	(void)!rp_a_json_read_id(text, log, &serial);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	struct view text = view_of(data + 1, size - 1);

	switch (data[0]) {
	case 'e':
		event(text);
		break;
	case 'a':
		announcement(text);
		break;
	default:
		others(text);
	}
	return 0;
}
