// SPDX-License-Identifier: Apache-2.0
/* The documents of GBA: what is read writes and reads the same. */
#include "fuzz.h"

#include "wire/gba_xml.h"
#include <stdlib.h>
#include <string.h>

static void info(struct view xml)
{
	struct bootstrapping_info in, again;
	BUF_CLEANUP struct buf out = buf_growing(1 << 16);

	if (gba_xml_read_info(xml, &in) != OK) {
		return;
	}
	gba_xml_write_info(&out, &in);
	if (!out.failed &&
		(gba_xml_read_info(buf_contents(&out), &again) != OK ||
			strcmp(in.btid, again.btid) != 0 || in.lifetime != again.lifetime)) {
		abort();
	}
}

static void guss(struct view xml)
{
	struct guss in, again;
	BUF_CLEANUP struct buf out = buf_growing(1 << 17);

	if (gba_xml_read_guss(xml, &in) != OK) {
		return;
	}
	gba_xml_write_guss(&out, &in);
	if (out.failed) {
		return;
	}
	if (gba_xml_read_guss(buf_contents(&out), &again) != OK || in.lifetime != again.lifetime ||
		in.uss_count != again.uss_count || strcmp(in.id, again.id) != 0 ||
		memcmp(in.uss, again.uss, in.uss_count * sizeof(in.uss[0])) != 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	info(view_of(data, size));
	guss(view_of(data, size));
	return 0;
}
