// SPDX-License-Identifier: Apache-2.0
/* RegIDs and RegDevIDs: what is accepted is printable, reads into itself, and is made again from its parts. */
#include "fuzz.h"

#include "base/text.h"
#include "core/reg_id.h"

#include <stdlib.h>
#include <string.h>

static void require(bool holds)
{
	if (!holds) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reg_dev_id id, again;
	struct reg_id registry, same;
	struct view in = view_of(data, size);

	if (reg_id_parse(in, &registry) == OK) {
		require(reg_id_parse(reg_id_view(&registry), &same) == OK);
		require(reg_id_equal(&registry, &same) && reg_id_level(&same) <= REG_ID_LEVELS);
	}
	if (reg_dev_id_parse(in, &id) != OK) {
		return 0;
	}
	require(strlen(id.text) == id.len && text_is_printable(reg_dev_id_view(&id)));
	require(reg_dev_id_parse(reg_dev_id_view(&id), &again) == OK);
	require(strcmp(id.text, again.text) == 0 && id.is_virtual == again.is_virtual);
	if (!id.is_virtual) {
		require(reg_dev_id_make(&id.registry, &id.device, &again) == OK);
		require(strcmp(id.text, again.text) == 0);
	}
	return 0;
}
