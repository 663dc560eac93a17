// SPDX-License-Identifier: Apache-2.0
/*
 * facts_json: core/device_facts.h as JSON, as it is registered, reported, kept and told:
 * docs/protocol/registry_devices.md.  req: R9.2-i-e R9.2-ii-d
 */
#pragma once

#include "core/device_facts.h"
#include "wire/json.h"

enum { FACTS_JSON_MAX = 8 * 1024 }; /* bytes of the longest object that is read or written */

/*
 * An object with none but the members make, model, firmware, hardware, serial, type (texts), communication, connectivity,
 * power, protocols (arrays of words, as core/words.h) and root_of_trust {kind, id}; each may be missing.
 * ERR_SYNTAX, ERR_RANGE name the member.
 */
enum err facts_read(const struct json *object, struct device_facts *ret);
/* One text of them; an empty one leaves `to` untouched. ERR_SYNTAX, ERR_RANGE name it. */
enum err facts_check_text(struct view text, const char *name, char *to, size_t room);
/* ERR_SYNTAX names what a registration cannot be without: make, model, firmware. */
enum err facts_check_complete(const struct device_facts *facts);
/* Writes an object as a member `name`, NULL: an item or the root. What is not told is left out. */
void facts_write(struct json_writer *w, const char *name, const struct device_facts *facts);
/* What was told, and of all else what was before. */
void facts_merge(const struct device_facts *before, const struct device_facts *told,
	struct device_facts *ret);
/* Members that are others now, and those alone as they were before. Roots of trust are not looked at. */
void facts_changes(const struct device_facts *before, const struct device_facts *now,
	struct words *ret_names, struct device_facts *ret_before);
bool facts_equal(const struct device_facts *a, const struct device_facts *b);

const char *rot_kind_name(enum rot_kind kind); /* "aka", "x509"; "" for none */
enum err rot_kind_of(struct view name, enum rot_kind *ret);
