// SPDX-License-Identifier: Apache-2.0
/*
 * reg_id: the names of trust registries and of the devices in them (Y.3059 3.2.4 to 3.2.6, 9.1 i, 9.2 i b).
 *
 *	RegID		IN, IN.TEL, IN.TEL.P01		a label a level, from the geographical registry down
 *	RegDevID	IN.TEL.P01:imei:356938035643809	RegID and what the device is called anyway, split at the first ':'
 *			IN.TEL.P01:mac:0024befffe804ff1
 *			IN.TEL.P01:ip6:2001:db8::1
 *			IN.TEL.P01:dev:ops:32473-pump-0815
 *	virtual		IN.TEL.P01:v:AAAAAAAAAAAAAAAAAAAAAA	128 random bits
 *
 * Each form is read back into the identifier of core/ident.h, and that into the same form.  req: R6.1-c R9.2-i-b
 */
#pragma once

#include "core/ident.h"

enum {
	REG_ID_MAX = 63,
	REG_ID_LEVELS = 8,
	REG_LABEL_MAX = 16,
	REG_DEV_ID_MAX = REG_ID_MAX + 1 + IDENT_MAX,
	REG_VIRTUAL_SIZE = 16, /* random bytes of a virtual one */
};

struct reg_id {
	uint8_t len;
	char text[REG_ID_MAX + 1];
};

struct reg_dev_id {
	struct reg_id registry;
	struct ident device; /* IDENT_DEVICE; IDENT_NONE when it is virtual */
	bool is_virtual;
	uint16_t len;
	char text[REG_DEV_ID_MAX + 1];
};

/* What a registry is (9.1 ii), and how many labels the RegID of one has. */
enum registry_type { REGISTRY_NONE, REGISTRY_GEOGRAPHICAL, REGISTRY_SECTORAL, REGISTRY_PRIMARY };
const char *registry_type_name(
	enum registry_type type); /* "geographical", "sectoral", "primary"; "" */
enum err registry_type_of(struct view name, enum registry_type *ret);
size_t registry_type_level(enum registry_type type); /* 1, 2, 3 */

/*
 * 1 to REG_ID_LEVELS labels of 1 to REG_LABEL_MAX of A to Z and 0 to 9, letters of either case; the first may have '-'
 * inside too, so that a geographical registry can go by the name it has with ICANN or another body. ERR_SYNTAX, ERR_RANGE.
 */
enum err reg_id_parse(struct view in, struct reg_id *ret);
/* The label of a registry under `parent` (NULL: of a geographical one), of exactly `width` characters (0: any). */
enum err reg_id_make(const struct reg_id *parent, struct view label, size_t width,
	struct reg_id *ret);
struct view reg_id_view(const struct reg_id *id);
bool reg_id_equal(const struct reg_id *a, const struct reg_id *b);
size_t reg_id_level(const struct reg_id *id); /* how many labels */
/* false: a geographical one has none. */
bool reg_id_parent(const struct reg_id *id, struct reg_id *ret);
/* Whether it is `top` or somewhere below. */
bool reg_id_within(const struct reg_id *id, const struct reg_id *top);

/* Any of the forms above. ERR_SYNTAX, ERR_RANGE: as reg_id_parse(), ident_parse(); a wrong check digit is refused. */
enum err reg_dev_id_parse(struct view in, struct reg_dev_id *ret);
/* `device`: IDENT_DEVICE. */
enum err reg_dev_id_make(const struct reg_id *registry, const struct ident *device,
	struct reg_dev_id *ret);
enum err reg_dev_id_make_virtual(const struct reg_id *registry,
	const uint8_t random[REG_VIRTUAL_SIZE], struct reg_dev_id *ret);
struct view reg_dev_id_view(const struct reg_dev_id *id);

/* A device's own identifier as it stands behind a RegID ("imei:356938035643809"), or as a URN. */
enum err reg_device_parse(struct view in, struct ident *ret);
/* Appends it as it stands behind a RegID. */
void reg_device_print(const struct ident *device, struct buf *out);
