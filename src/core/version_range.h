// SPDX-License-Identifier: Apache-2.0
/*
 * version_range: which versions an advisory speaks of, as its author wrote it: "vers:generic/>=1.0|<2.0", or words
 * and signs ("All versions < V2.15.1", "prior to 3.1", "2.0 through 2.4", "8.001|8.002", "2.0.x"). CSAF 2.0 3.1.2.2
 * asks for the first and allows the second.
 *  req: R7-b
 */
#pragma once

#include "base/err.h"
#include "core/version.h"

enum { VERSION_RANGE_TEXT = 512, VERSION_RANGE_BOUNDS = 64 };

enum version_sign {
	VERSION_IS,
	VERSION_BELOW,
	VERSION_UP_TO, /* and including */
	VERSION_ABOVE,
	VERSION_FROM, /* and including */
	VERSION_IS_NOT,
};

struct version_bound {
	enum version_sign sign;
	uint16_t at, len; /* in the range's text */
};

struct version_range {
	char text[VERSION_RANGE_TEXT]; /* what the bounds point into */
	struct version_bound bounds[VERSION_RANGE_BOUNDS];
	size_t count;
	bool all;	  /* every version: no bounds */
	bool conditional; /* only under a condition that a version does not tell: "when ... is enabled" */
	bool foreign; /* the bounds are another component's versions: "NMC2 <= 6.9.6" */
};

/*
 * ERR_SYNTAX: nothing in it, a "vers:" that breaks its rules, or a sign without a version. ERR_RANGE: longer than
 * VERSION_RANGE_TEXT - 1 bytes, or more than VERSION_RANGE_BOUNDS versions.
 */
enum err version_range_parse(struct view text, struct version_range *ret);

enum version_in { VERSION_OUT, VERSION_IN, VERSION_IN_UNCLEAR };

/*
 * Whether the version is in the range. VERSION_IN_UNCLEAR: it cannot be told, because versions have no order, the
 * version is not known (empty), or the range has a condition; then a person has to look.
 */
enum version_in version_range_has(const struct version_range *range, struct view version);
