// SPDX-License-Identifier: Apache-2.0
/*
 * version: firmware versions as makers write them ("V2.15.1", "1.090U", "V14 SP1 Update 3", "2.0.0-rc1"), compared part
 * by part: numbers as numbers, letters by the alphabet, known words by their meaning. Makers follow no one scheme, so that
 * some pairs have no order that a reader could defend: then the answer is VERSION_UNCLEAR, never a guess.
 *  req: R7-b
 */
#pragma once

#include "base/buf.h"

enum version_order { VERSION_LESS = -1, VERSION_SAME = 0, VERSION_MORE = 1, VERSION_UNCLEAR = 2 };

/*
 * How `a` stands to `b`. Letter case, what separates parts, zeros in front, and a leading "v", "version", "rev" or
 * "firmware" do not count; missing numbers are zeros. 1.0-rc1 < 1.0 < 1.0a; "hotfix", "update", "build" and "SP" come
 * after the version that they amend. VERSION_UNCLEAR: the first parts that differ are of different kinds, or are
 * words of no known order.
 */
enum version_order version_compare(struct view a, struct view b);
/*
 * The same with a pattern for `b`: "2.0.x" and "2.0.*" are the same as every version that begins so.
 */
enum version_order version_compare_pattern(struct view a, struct view pattern);
/* Whether it has a word that is no usual part of a version: then it may be the name of something else. */
bool version_is_odd(struct view text);
