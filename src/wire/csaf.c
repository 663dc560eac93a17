// SPDX-License-Identifier: Apache-2.0
#include "wire/csaf_parts.h"

#include <stdlib.h>

static const char *const tlps[] = {"", "white", "green", "amber", "red"};
static const char *const states[] = {"draft", "final", "interim"};
static const char *const severities[] = {"unknown", "none", "low", "medium", "high", "critical"};
static const char *const statuses[CSAF_STATUS_COUNT] = {
	[CSAF_FIRST_AFFECTED] = "first_affected",
	[CSAF_KNOWN_AFFECTED] = "known_affected",
	[CSAF_LAST_AFFECTED] = "last_affected",
	[CSAF_FIRST_FIXED] = "first_fixed",
	[CSAF_FIXED] = "fixed",
	[CSAF_KNOWN_NOT_AFFECTED] = "known_not_affected",
	[CSAF_UNDER_INVESTIGATION] = "under_investigation",
	[CSAF_RECOMMENDED] = "recommended",
};

const char *csaf_tlp_name(enum csaf_tlp tlp)
{
	return tlps[tlp];
}

enum err csaf_tlp_of(struct view name, enum csaf_tlp *ret)
{
	for (enum csaf_tlp t = CSAF_TLP_WHITE; t <= CSAF_TLP_RED; t++) {
		if (view_is_nocase(name, tlps[t])) {
			*ret = t;
			return OK;
		}
	}
	return csaf_bad("3.2.1.5.2.1", "a TLP label is WHITE, GREEN, AMBER or RED");
}

const char *csaf_state_name(enum csaf_state state)
{
	return states[state];
}

const char *csaf_status_name(enum csaf_status status)
{
	return statuses[status];
}

bool csaf_is_affected(enum csaf_status status)
{
	return status <= CSAF_LAST_AFFECTED;
}

const char *csaf_severity_name(enum csaf_severity severity)
{
	return severities[severity];
}

enum err csaf_severity_of(struct view name, enum csaf_severity *ret)
{
	for (enum csaf_severity s = CSAF_UNKNOWN; s <= CSAF_CRITICAL; s++) {
		if (view_is_nocase(name, severities[s])) {
			*ret = s;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "a severity is none, low, medium, high or critical");
}

/* The bands of CVSS v3.1, 5. */
enum csaf_severity csaf_severity_at(int tenths)
{
	if (tenths < 0) {
		return CSAF_UNKNOWN;
	}
	if (tenths < 1) {
		return CSAF_NO_SEVERITY;
	}
	return tenths < 40   ? CSAF_LOW
	       : tenths < 70 ? CSAF_MEDIUM
	       : tenths < 90 ? CSAF_HIGH
			     : CSAF_CRITICAL;
}

enum err csaf_bad(const char *clause, const char *what)
{
	return err_fail(ERR_SYNTAX, "CSAF 2.0 %s: %s", clause, what);
}

enum err csaf_text(const struct json *object, const char *name, const char *clause, struct view *ret)
{
	struct view text = {.len = 0};

	if (json_as_text(json_member(object, name), &text) != OK || text.len == 0) {
		return err_fail(ERR_SYNTAX, "CSAF 2.0 %s: \"%s\" is missing, or is not a text",
			clause, name);
	}
	*ret = text;
	return OK;
}

enum err csaf_array(const struct json *object, const char *name, size_t least, const char *clause,
	const struct json **ret)
{
	const struct json *array = json_member(object, name);

	if ((array && !json_is_array(array)) || json_count(array) < least) {
		return err_fail(ERR_SYNTAX, "CSAF 2.0 %s: \"%s\" is missing, empty or no array",
			clause, name);
	}
	*ret = array;
	return OK;
}

static enum err read_publisher(struct csaf *csaf, const struct json *publisher)
{
	static const char *const categories[] = {"coordinator", "discoverer", "other", "translator",
		"user", "vendor"};
	struct view category;
	bool known = false;

	TRY(csaf_text(publisher, "category", "3.2.1.8.1", &category));
	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++) {
		known |= view_is(category, categories[i]);
	}
	if (!known) {
		return csaf_bad("3.2.1.8.1", "there is no such category of publisher");
	}
	TRY(csaf_text(publisher, "name", "3.2.1.8.4", &csaf->publisher));
	return csaf_text(publisher, "namespace", "3.2.1.8.5", &csaf->publisher_namespace);
}

/* 3.2.1.5: also a distribution with a text alone. */
static enum err read_distribution(struct csaf *csaf, const struct json *distribution)
{
	const struct json *tlp = json_member(distribution, "tlp");
	struct view label;

	if (!tlp) {
		return OK;
	}
	TRY(csaf_text(tlp, "label", "3.2.1.5.2.1", &label));
	return csaf_tlp_of(label, &csaf->tlp);
}

static enum err read_head(struct csaf *csaf, const struct json *document)
{
	struct view version;

	if (!json_is_object(document)) {
		return csaf_bad("3.2.1", "\"document\" is missing: this is no CSAF document");
	}
	TRY(csaf_text(document, "csaf_version", "3.2.1.4", &version));
	if (!view_is(version, "2.0")) {
		return err_fail(ERR_UNSUPPORTED,
			"CSAF 2.0 3.2.1.4: this is another version of CSAF");
	}
	TRY(csaf_text(document, "category", "3.2.1.3", &csaf->category));
	TRY(csaf_text(document, "title", "3.2.1.11", &csaf->title));
	TRY(read_publisher(csaf, json_member(document, "publisher")));
	TRY(read_distribution(csaf, json_member(document, "distribution")));
	return csaf_read_tracking(csaf, json_member(document, "tracking"));
}

/* Clause 4: an advisory, and VEX, are about products and vulnerabilities. */
static bool must_have_products(const struct csaf *csaf)
{
	return view_is_nocase(csaf->category, "csaf_security_advisory") ||
	       view_is_nocase(csaf->category, "csaf_vex");
}

static enum err read_body(struct csaf *csaf, struct csaf_names *names)
{
	const struct json *list;
	size_t least;

	TRY(read_head(csaf, json_member(csaf->root, "document")));
	least = must_have_products(csaf);
	const struct json *tree = json_member(csaf->root, "product_tree");

	if ((tree && !json_is_object(tree)) || (least > 0 && !tree)) {
		return csaf_bad("4.4", "\"product_tree\" is missing, or no object");
	}
	TRY(csaf_array(csaf->root, "vulnerabilities", least, "4.4", &list));
	TRY(csaf_read_products(csaf, tree, names));
	return csaf_read_vulnerabilities(csaf, list, names);
}

enum err csaf_read(struct view text, const struct json_limits *limits, struct csaf **ret)
{
	CSAF_CLEANUP struct csaf *csaf = calloc(1, sizeof(*csaf));
	struct csaf_names names = {.count = 0};

	if (!csaf) {
		return err_fail(ERR_MEMORY, "CSAF: out of memory");
	}
	TRY(json_parse_within(text, limits, &csaf->root));
	enum err err = read_body(csaf, &names);

	free(names.rows);
	if (err == OK) {
		*ret = csaf;
		csaf = NULL;
	}
	return err;
}

void csaf_free(struct csaf *csaf)
{
	if (!csaf) {
		return;
	}
	for (size_t i = 0; i < csaf->vulnerability_count; i++) {
		free(csaf->vulnerabilities[i].entries);
	}
	free(csaf->vulnerabilities);
	free(csaf->products);
	json_free(csaf->root);
	free(csaf);
}

void csaf_cleanup(struct csaf **csaf)
{
	csaf_free(*csaf);
	*csaf = NULL;
}
