// SPDX-License-Identifier: Apache-2.0
/*
 * SYMBOLON_CSAF names a folder of published advisories; without it they are left out. The sample is the one that the fuzzer
 * starts from too.
 */
#include "test.h"

#include "base/text.h"
#include "core/version_range.h"
#include "wire/csaf.h"
#include <dirent.h>
#include <stdlib.h>

static char sample[16384];

static int read_sample(void **state)
{
	BUF_CLEANUP struct buf file = buf_growing(0);

	(void)state;
	assert_ok(text_read_file(CSAF_SAMPLE, sizeof(sample) - 1, &file));
	memcpy(sample, file.data, file.len);
	return 0;
}

static enum err read_text(const char *text, struct csaf **ret)
{
	const struct json_limits limits = CSAF_LIMITS;

	return csaf_read(view_text(text), &limits, ret);
}

/* The sample with one text of it in place of another. */
static enum err read_changed(const char *from, const char *to, struct csaf **ret)
{
	static char changed[2 * sizeof(sample)];
	char *at = strstr(sample, from);

	if (!at) {
		fail_msg("the sample has no %s", from);
		return ERR_NOT_FOUND;
	}
	snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - sample), sample, to,
		at + strlen(from));
	return read_text(changed, ret);
}

/* req: R7-b R9.3-ii-b */
static void an_advisory_says_who_when_and_to_whom(void **state)
{
	CSAF_CLEANUP struct csaf *csaf = NULL;

	(void)state;
	assert_ok(read_text(sample, &csaf));
	assert_view(csaf->id, "EX-2026-001");
	assert_view(csaf->version, "2");
	assert_view(csaf->title, "Command injection in thermostats");
	assert_view(csaf->publisher, "Example PSIRT");
	assert_view(csaf->publisher_namespace, "https://psirt.example");
	assert_int_equal(csaf->state, CSAF_FINAL);
	assert_int_equal(csaf->tlp, CSAF_TLP_AMBER);
	assert_int_equal(csaf->initial_release, 1769936400);
	assert_int_equal(csaf->current_release, 1769936400 + 2 * 86400); /* 10:00:00.5+01:00 */
}

static void products_are_found_in_the_tree(void **state)
{
	CSAF_CLEANUP struct csaf *csaf = NULL;

	(void)state;
	assert_ok(read_text(sample, &csaf));
	assert_int_equal(csaf->product_count, 6);
	const struct csaf_product *old = &csaf->products[0], *g7 = &csaf->products[2];

	assert_view(old->id, "T1-old");
	assert_view(old->vendor, "Example Devices Ltd.");
	assert_view(old->model, "Thermostat T1");
	assert_view(old->version, "vers:generic/<2.4");
	assert_int_equal(old->versions, CSAF_VERSION_RANGE);
	assert_int_equal(json_count(old->model_numbers), 2);
	assert_int_equal(csaf->products[1].versions, CSAF_ONE_VERSION);
	assert_view(g7->model, "Gateway G7");
	assert_int_equal(g7->versions, CSAF_EVERY_VERSION);
	assert_false(old->conditional);
}

/* What runs on a device of the same vendor is its firmware; what may be added to it is a condition. */
static void relations_make_products_of_products(void **state)
{
	CSAF_CLEANUP struct csaf *csaf = NULL;

	(void)state;
	assert_ok(read_text(sample, &csaf));
	const struct csaf_product *on = &csaf->products[4], *with = &csaf->products[5];

	assert_view(on->id, "G7-F51");
	assert_view(on->model, "Gateway G7");
	assert_view(on->version, "5.1");
	assert_int_equal(on->versions, CSAF_ONE_VERSION);
	assert_false(on->conditional);
	assert_view(with->model, "Gateway G7");
	assert_view(with->version, "5.1");
	assert_true(with->conditional);
}

static void scores_and_statuses_meet(void **state)
{
	CSAF_CLEANUP struct csaf *csaf = NULL;

	(void)state;
	assert_ok(read_text(sample, &csaf));
	assert_int_equal(csaf->vulnerability_count, 1);
	const struct csaf_vulnerability *v = csaf->vulnerabilities;

	assert_view(v->id, "CVE-2026-0001");
	assert_int_equal(v->entry_count, 5);
	assert_int_equal(v->entries[0].status, CSAF_KNOWN_AFFECTED);
	assert_int_equal(v->entries[0].score, 98); /* CVSS v3, though there is a v2 */
	assert_int_equal(v->entries[1].status, CSAF_FIXED);
	assert_int_equal(v->entries[1].score, -1);
	assert_int_equal(v->entries[2].status, CSAF_RECOMMENDED);
	assert_int_equal(v->entries[3].score, 50);
	assert_true(csaf_is_affected(v->entries[3].status));
	assert_false(csaf_is_affected(CSAF_FIXED));
}

static void severities_are_bands_of_scores(void **state)
{
	static const struct {
		int tenths;
		const char *name;
	} bands[] = {{-1, "unknown"}, {0, "none"}, {1, "low"}, {39, "low"}, {40, "medium"},
		{69, "medium"}, {70, "high"}, {89, "high"}, {90, "critical"}, {100, "critical"}};
	enum csaf_severity severity;

	(void)state;
	for (size_t i = 0; i < sizeof(bands) / sizeof(bands[0]); i++) {
		assert_string_equal(csaf_severity_name(csaf_severity_at(bands[i].tenths)),
			bands[i].name);
	}
	assert_ok(csaf_severity_of(view_text("CRITICAL"), &severity));
	assert_int_equal(severity, CSAF_CRITICAL);
	assert_err(ERR_SYNTAX, csaf_severity_of(view_text("bad"), &severity));
}

/* Each refusal names the clause that its author can look up. */
static void what_is_no_advisory_is_refused_by_its_clause(void **state)
{
	static const struct {
		const char *from, *to, *said;
	} rows[] = {
		{"\"document\"", "\"x\"", "CSAF 2.0 3.2.1:"},
		{"\"csaf_version\": \"2.0\",", "", "3.2.1.4"},
		{"\"title\": \"Command injection in thermostats\",", "", "3.2.1.11"},
		{"\"category\": \"vendor\", \"name\": \"Example PSIRT\"",
			"\"category\": \"me\", \"name\": \"E\"", "3.2.1.8.1"},
		{"\"label\": \"AMBER\"", "\"label\": \"CLEAR\"", "3.2.1.5.2.1"},
		{"\"id\": \"EX-2026-001\"", "\"id\": \"\"", "3.2.1.12.4"},
		{"\"status\": \"final\"", "\"status\": \"ready\"", "3.2.1.12.7"},
		{"\"2026-02-01T09:00:00Z\",\n      \"revision", "\"2026-02-01\",\n      \"revision",
			"3.2.1.12.5"},
		{"\"version\": \"2\"\n", "\"version\": \"3\"\n", "6.1.16"},
		{"\"number\": \"2\"", "\"number\": \"2.0.0\"", "6.1.30"},
		{"\"number\": \"2\"", "\"number\": \"1\"", "6.1.22"},
		{"\"2026-02-03T09:00:00Z\"", "\"2026-01-03T09:00:00Z\"", "6.1.14"},
		{"\"product_tree\"", "\"trees\"", "4.4"},
		{"\"vulnerabilities\"", "\"holes\"", "4.4"},
		{"\"product_id\": \"T1-new\"", "\"product_id\": \"T1-old\"", "6.1.2"},
		{"[\"T1-old\", \"G7-F51\", \"G7-T1\"]", "[\"T2\"]", "6.1.1"},
		{"\"fixed\": [\"T1-new\"]", "\"fixed\": [\"T1-old\"]", "6.1.6"},
		{"\"product_reference\": \"F51\"", "\"product_reference\": \"G7-T1\"", "6.1.3"},
		{"\"product_reference\": \"F51\"", "\"product_reference\": \"G7-F51\"", "6.1.3"},
		{"\"baseScore\": 9.8", "\"baseScore\": 9.85", "6.1.8"},
		{"\"baseScore\": 9.8", "\"baseScore\": 10.8", "6.1.8"},
		{"\"CRITICAL\"", "\"HIGH\"", "6.1.9"},
		{"\"products\": [\"T1-old\", \"G7-F51\"]", "\"products\": [\"G7\", \"G7\"]",
			"6.1.7"},
		{"\"vers:generic/<2.4\",", "\"x\", \"branches\": [],", "3.1.2"},
		{"\"category\": \"product_version_range\",", "", "3.1.2.2"},
		{"{\"category\": \"vendor_fix\", \"details\": \"Update to 2.4.\", \"product_ids\": "
		 "[\"T1-old\"]}",
			"{\"product_ids\": [\"T9\"]}", "6.1.1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct csaf *csaf = NULL;

		if (read_changed(rows[i].from, rows[i].to, &csaf) != ERR_SYNTAX) {
			fail_msg("%s in place of %s is taken", rows[i].to, rows[i].from);
		}
		assert_said(rows[i].said);
		assert_null(csaf);
	}
}

static void another_version_of_csaf_is_not_read(void **state)
{
	struct csaf *csaf = NULL;

	(void)state;
	assert_err(ERR_UNSUPPORTED,
		read_changed("\"csaf_version\": \"2.0\"", "\"csaf_version\": \"2.1\"", &csaf));
	assert_err(ERR_SYNTAX, read_text("[]", &csaf));
	assert_err(ERR_SYNTAX, read_text("", &csaf));
}

static void ceilings_are_kept(void **state)
{
	const struct json_limits few = {.bytes = 1 << 20, .values = 50, .depth = 64};
	struct csaf *csaf = NULL;

	(void)state;
	assert_err(ERR_RANGE, csaf_read(view_text(sample), &few, &csaf));
}

static void versions_of_documents_have_an_order(void **state)
{
	static const char *const rising[] = {"0.9.0", "1.0.0-alpha", "1.0.0-alpha.1",
		"1.0.0-alpha.beta", "1.0.0-rc.2", "1.0.0-rc.11", "1.0.0", "1.0.1", "1.2.0", "10",
		"11"};
	static const char *const wrong[] = {"", "1.", "1.2", "1.2.3.4", "01", "a", "1-2", "-1"};
	int order;

	(void)state;
	for (size_t i = 1; i < sizeof(rising) / sizeof(rising[0]); i++) {
		assert_ok(csaf_compare_versions(view_text(rising[i - 1]), view_text(rising[i]),
			&order));
		assert_true(order < 0);
		assert_ok(csaf_compare_versions(view_text(rising[i]), view_text(rising[i - 1]),
			&order));
		assert_true(order > 0);
	}
	assert_ok(csaf_compare_versions(view_text("1.0.0+a"), view_text("1.0.0+b"), &order));
	assert_int_equal(order, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_err(ERR_SYNTAX,
			csaf_compare_versions(view_text(wrong[i]), view_text("1"), &order));
	}
}

static void dates_have_zones_and_fractions(void **state)
{
	static const struct {
		const char *text;
		int64_t at; /* -1: refused */
	} rows[] = {{"1970-01-02T00:00:00Z", 86400}, {"1970-01-02T01:30:00.123456+01:30", 86400},
		{"1970-01-01T23:00:00-01:00", 86400}, {"1970-01-02t00:00:00z", 86400},
		{"1970-01-02T00:00:00", -1}, {"1970-01-02", -1}, {"1970-01-02T00:00:00.Z", -1},
		{"1970-01-02T00:00:00+1:00", -1}, {"1970-01-02T00:00:00+25:00", -1},
		{"1970-02-31T00:00:00Z", -1}, {"1970-01-02T00:00:00Zulu", -1}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t at = -1;
		enum err err = csaf_time(view_text(rows[i].text), "date", &at);

		assert_int_equal(err == OK, rows[i].at >= 0);
		assert_int_equal(at, rows[i].at);
	}
}

/* Every version of every product is a range that can be read. */
static void check_published(const char *name, const struct csaf *csaf)
{
	for (size_t i = 0; i < csaf->product_count; i++) {
		struct version_range range;

		if (csaf->products[i].versions != CSAF_EVERY_VERSION &&
			version_range_parse(csaf->products[i].version, &range) != OK) {
			fail_msg("%s: %.*s", name, (int)csaf->products[i].version.len,
				(const char *)csaf->products[i].version.data);
		}
	}
	assert_true(csaf->product_count > 0 && csaf->vulnerability_count > 0);
}

static void published_advisories_are_read(void **state)
{
	const struct json_limits limits = CSAF_LIMITS;
	const char *folder = getenv("SYMBOLON_CSAF");
	DIR *dir = folder ? opendir(folder) : NULL;
	size_t count = 0;

	(void)state;
	if (!dir) {
		skip();
	}
	for (struct dirent *file = readdir(dir); file; file = readdir(dir)) {
		BUF_CLEANUP struct buf path = buf_growing(4096), text = buf_growing(0);
		CSAF_CLEANUP struct csaf *csaf = NULL;

		if (!strstr(file->d_name, ".json")) {
			continue;
		}
		buf_printf(&path, "%s/%s", folder, file->d_name);
		assert_ok(text_read_file(buf_string(&path), limits.bytes, &text));
		if (csaf_read(buf_contents(&text), &limits, &csaf) != OK) {
			fail_msg("%s: %s", file->d_name, err_detail());
		}
		check_published(file->d_name, csaf);
		count++;
	}
	closedir(dir);
	assert_true(count > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_advisory_says_who_when_and_to_whom),
		TEST(products_are_found_in_the_tree),
		TEST(relations_make_products_of_products),
		TEST(scores_and_statuses_meet),
		TEST(severities_are_bands_of_scores),
		TEST(what_is_no_advisory_is_refused_by_its_clause),
		TEST(another_version_of_csaf_is_not_read),
		TEST(ceilings_are_kept),
		TEST(versions_of_documents_have_an_order),
		TEST(dates_have_zones_and_fractions),
		TEST(published_advisories_are_read),
	};

	return cmocka_run_group_tests_name(__FILE__, tests, read_sample, NULL);
}
