// SPDX-License-Identifier: Apache-2.0
/*
 * gba_xml: the two documents of GBA, read with libexpat (entities and DTDs refused) and written.
 *	BootstrappingInfo	RP_C's answer to the device		TS 24.109 Annex C
 *	guss			GBA user security settings on RP_B	TS 29.109 Annex A
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct bootstrapping_info {
	char btid[288];	  /* token id */
	int64_t lifetime; /* expiry, seconds since 1970, UTC */
};

/*
 * ERR_SYNTAX with the line and what is wrong; ERR_RANGE beyond 64 KiB or a field above. xs:dateTime in
 * every form; the namespace by any prefix or none. Elements that are not known are read past.
 */
enum err gba_xml_read_info(struct view xml, struct bootstrapping_info *ret);
void gba_xml_write_info(struct buf *out, const struct bootstrapping_info *in);

enum { GUSS_USS_MAX = 32, GUSS_FLAGS_MAX = 16 };

/* One application's user security setting. */
struct uss {
	int id; /* GAA service identifier */
	int type;
	char uid[256];	    /* the first: what the application may call the user, its pseudonym */
	char naf_group[64]; /* "" when absent */
	int flags[GUSS_FLAGS_MAX]; /* authorisation flags */
	size_t flag_count;
};

struct guss {
	char id[256];	    /* IMPI */
	int32_t lifetime;   /* bsfInfo: key lifetime in seconds; 0 when absent */
	char timestamp[24]; /* ussInfo timestamp; "" when absent */
	struct uss uss[GUSS_USS_MAX];
	size_t uss_count;
};

/*
 * As above; a ussList that stands alone, as Zn carries it, is taken too, and has no id. ERR_RANGE beyond
 * the ceilings above. `ret` is not to be used after a failure.
 */
enum err gba_xml_read_guss(struct view xml, struct guss *ret);
void gba_xml_write_guss(struct buf *out, const struct guss *in);
/* The ussList alone, for Zn (TS 29.109 5.2). */
void gba_xml_write_uss_list(struct buf *out, const struct guss *in);
