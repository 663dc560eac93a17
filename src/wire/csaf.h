// SPDX-License-Identifier: Apache-2.0
/*
 * csaf: security advisories as OASIS CSAF 2.0 has them: who says of which products, in which versions, that they are affected
 * by what, and how bad that is. What the standard asks of a document is checked as far as a reader depends on it: the
 * members that must be there, and those mandatory tests (6.1) without which it could be read in two ways. A refusal names
 * the clause.
 *  req: R7-b R9.3-ii-b
 */
#pragma once

#include "wire/json.h"

/* Traffic light protocol, CSAF 2.0 3.2.1.5.2; NONE: the document does not say. */
enum csaf_tlp { CSAF_TLP_NONE, CSAF_TLP_WHITE, CSAF_TLP_GREEN, CSAF_TLP_AMBER, CSAF_TLP_RED };
const char *csaf_tlp_name(enum csaf_tlp tlp); /* "", "white", "green", "amber", "red" */
enum err csaf_tlp_of(struct view name,
	enum csaf_tlp *ret); /* ERR_SYNTAX; letter case does not count */

enum csaf_state { CSAF_DRAFT, CSAF_FINAL, CSAF_INTERIM };
const char *csaf_state_name(enum csaf_state state);

/* What a document says of a product, 3.2.3.9. */
enum csaf_status {
	CSAF_FIRST_AFFECTED,
	CSAF_KNOWN_AFFECTED,
	CSAF_LAST_AFFECTED,
	CSAF_FIRST_FIXED,
	CSAF_FIXED,
	CSAF_KNOWN_NOT_AFFECTED,
	CSAF_UNDER_INVESTIGATION,
	CSAF_RECOMMENDED,
	CSAF_STATUS_COUNT,
};
const char *csaf_status_name(enum csaf_status status);
bool csaf_is_affected(enum csaf_status status);

/* How bad, by CVSS v3's names of scores; UNKNOWN: no score is given. */
enum csaf_severity {
	CSAF_UNKNOWN,
	CSAF_NO_SEVERITY,
	CSAF_LOW,
	CSAF_MEDIUM,
	CSAF_HIGH,
	CSAF_CRITICAL,
};
const char *csaf_severity_name(enum csaf_severity severity); /* "unknown", "none", "low", ... */
enum err csaf_severity_of(struct view name, enum csaf_severity *ret);
/* Of a base score in tenths, 0 to 100; below 0: UNKNOWN. */
enum csaf_severity csaf_severity_at(int tenths);

/* Of which versions of a product a status speaks. */
enum csaf_versions {
	CSAF_EVERY_VERSION, /* the tree names none */
	CSAF_ONE_VERSION,   /* `version` is one, or several: product_version */
	CSAF_VERSION_RANGE, /* `version` is a range: product_version_range */
};

struct csaf_product {
	struct view id, name;	   /* product_id, and what people read */
	struct view vendor, model; /* "" when the tree does not tell */
	struct view version;
	enum csaf_versions versions;
	/* Only with a further component, or only that component's version counts: a version alone does not tell. */
	bool conditional;
	const struct json *model_numbers; /* array of texts, may have * and ?; NULL: none */
};

/* That a vulnerability concerns a product. */
struct csaf_entry {
	uint32_t product; /* index */
	enum csaf_status status;
	int score; /* base score in tenths, CVSS v3 before v2; -1: none */
};

struct csaf_vulnerability {
	struct view id; /* CVE, else the first of its ids, else its title, else "" */
	struct view title;
	struct csaf_entry *entries; /* sorted by product; one each but for CSAF_RECOMMENDED */
	size_t entry_count;
};

struct csaf {
	struct view id, version, title, category;
	struct view publisher, publisher_namespace;
	enum csaf_state state;
	enum csaf_tlp tlp;
	int64_t initial_release, current_release; /* seconds since 1970, UTC */
	struct csaf_product *products;
	size_t product_count;
	struct csaf_vulnerability *vulnerabilities;
	size_t vulnerability_count;
	struct json *root; /* what the views look into */
};

/* What a document may have. */
#define CSAF_LIMITS ((struct json_limits){.bytes = 32 << 20, .values = 1 << 21, .depth = 64})
enum { CSAF_PRODUCTS_MAX = 100000, CSAF_ENTRIES_MAX = 1000000 };

/*
 * The document is a copy: `text` may go. ERR_SYNTAX: not JSON, or not CSAF, with the clause; ERR_UNSUPPORTED: another
 * version of CSAF; ERR_RANGE: larger than `limits`, or than the constants above; ERR_MEMORY.
 */
enum err csaf_read(struct view text, const struct json_limits *limits, struct csaf **ret);
void csaf_free(struct csaf *csaf); /* NULL is fine */
#define CSAF_CLEANUP __attribute__((cleanup(csaf_cleanup)))
void csaf_cleanup(struct csaf **csaf);

/*
 * How two versions of a document stand to each other, below, at or above 0: whole numbers or semantic versions
 * (3.1.11). ERR_SYNTAX: one of them is neither.
 */
enum err csaf_compare_versions(struct view a, struct view b, int *ret);

/* Seconds since 1970 of a date with a time of RFC 3339, with a fraction or a zone or without. ERR_SYNTAX, ERR_RANGE. */
enum err csaf_time(struct view text, const char *what, int64_t *ret);
