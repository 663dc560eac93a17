// SPDX-License-Identifier: Apache-2.0
/*
 * product_name: makes and models as keys, so that "ABUS Security-Center GmbH & Co. KG" of a device and "ABUS
 * Security-Center" of an advisory meet: ASCII letters are lower case, what is neither letter nor digit is one blank,
 * legal forms at the end of a make and general nouns at the end of a model are left out.
 *  req: R7-b
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { PRODUCT_KEY_MAX = 128 };

struct product_key {
	char text[PRODUCT_KEY_MAX + 1]; /* "" when nothing of the name is left */
};

/* Names longer than PRODUCT_KEY_MAX when normalised are cut there, for devices and advisories alike. */
void product_make_key(struct view make, struct product_key *ret);
/* `make` in front of the model is left out: "Mobotix P3 D24M" by Mobotix is "p3 d24m". */
void product_model_key(struct view make, struct view model, struct product_key *ret);

/* Whether it has a * (any run of bytes) or a ? (any one), as model numbers of advisories may: CSAF 2.0 3.1.3.3.5. */
bool product_is_pattern(struct view model);
/*
 * Whether a model is what the pattern says: ? and * as above, \ before a byte that means itself; ASCII letter case
 * does not count.
 */
bool product_matches(struct view pattern, struct view model);
