// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "wire/gba_xml.h"
#include <string.h>

#define BTID "I1U8vpY3qJ0hiuZNrke/NQ==@authn1.realm.example"
#define INFO(lifetime)                                                                             \
	"<BootstrappingInfo xmlns=\"uri:3gpp-gba\"><btid>" BTID "</btid><lifetime>" lifetime       \
	"</lifetime></BootstrappingInfo>"

/* As an HSS in the field writes it (TS 29.109 Annex A), with more than we ask for. */
static const char guss_text[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	"<guss id=\"001010123456789@realm.example\">\n"
	"  <bsfInfo><uiccType>GBA</uiccType><lifeTime> 3600 </lifeTime></bsfInfo>\n"
	"  <ussInfo><timestamp>2026-01-01T00:00:00Z</timestamp></ussInfo>\n"
	"  <ussList>\n"
	"    <uss id=\"1\" type=\"4\" nafGroup=\"a&amp;b\">\n"
	"      <uids><uid>sip:first@realm.example</uid><uid>tel:+15550100</uid></uids>\n"
	"      <flags><flag>1</flag><flag>2</flag></flags>\n"
	"      <extension xmlns=\"urn:other\"><uids><uid>not this</uid></uids></extension>\n"
	"    </uss>\n"
	"    <uss id=\"7\" type=\"0\"><uids/><flags/></uss>\n"
	"  </ussList>\n"
	"</guss>\n";

static void info_is_read(void **state)
{
	(void)state;
	static const char *const documents[] = {
		INFO("2026-01-01T00:00:00Z"),
		/* prefix on every element; on the root alone, as the schema has it; and none */
		"<g:BootstrappingInfo xmlns:g=\"uri:3gpp-gba\"><g:btid>" BTID
		"</g:btid><g:lifetime>2026-01-01T00:00:00Z</g:lifetime></g:BootstrappingInfo>",
		"<g:BootstrappingInfo xmlns:g=\"uri:3gpp-gba\"><btid>" BTID
		"</btid><lifetime>2026-01-01T00:00:00Z</lifetime></g:BootstrappingInfo>",
		"<BootstrappingInfo><btid>" BTID
		"</btid><lifetime>2026-01-01T00:00:00Z</lifetime></BootstrappingInfo>",
		/* white space, comments, character data sections, elements of others */
		"<?xml version=\"1.0\"?><!-- a --><BootstrappingInfo xmlns=\"uri:3gpp-gba\">\n"
		"<x:more "
		"xmlns:x=\"urn:x\"><btid>no</btid></x:more><lifetime>\n2026-01-01T00:00:00Z "
		"</lifetime><btid> <![CDATA[" BTID "]]></btid></BootstrappingInfo>\n",
	};

	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		struct bootstrapping_info info;

		assert_ok(gba_xml_read_info(view_text(documents[i]), &info));
		assert_string_equal(info.btid, BTID);
		assert_int_equal(info.lifetime, 1767225600);
	}
}

static void a_lifetime_may_have_a_fraction_and_a_zone(void **state)
{
	(void)state;
	static const struct {
		const char *document;
		int64_t lifetime;
	} times[] = {
		{INFO("2013-04-22T13:10:25.559Z"), 1366636225},
		{INFO("2026-01-01T01:00:00+01:00"), 1767225600},
		{INFO("2025-12-31T18:30:00.5-05:30"), 1767225600},
		{INFO("2026-01-01T00:00:00"), 1767225600},
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct bootstrapping_info info;

		assert_ok(gba_xml_read_info(view_text(times[i].document), &info));
		assert_int_equal(info.lifetime, times[i].lifetime);
	}
}

static void bad_info_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *document, *said;
	} bad[] = {
		{"", "line 1"},
		{"<", "line 1"},
		{"not xml", "line 1"},
		{INFO("2026-01-01T00:00:00Z") "<more/>", "junk"},
		{"<BootstrappingInfo xmlns=\"uri:3gpp-gba\">", "line 1"},
		{"<BootstrappingInfo><btid>a</lifetime></BootstrappingInfo>", "mismatched"},
		{"<BootstrappingInfo xmlns=\"urn:other\"/>", "another document"},
		{"<guss/>", "another document"},
		{"<BootstrappingInfo/>", "missing"},
		{"<BootstrappingInfo><btid>a</btid></BootstrappingInfo>", "missing"},
		{"<BootstrappingInfo><lifetime>2026-01-01T00:00:00Z</lifetime></BootstrappingInfo>",
			"missing"},
		{"<BootstrappingInfo><btid/><lifetime>2026-01-01T00:00:00Z</lifetime>"
		 "</BootstrappingInfo>",
			"missing"},
		{"<BootstrappingInfo>\n<btid>a</btid>\n<btid>b</btid></BootstrappingInfo>",
			"line 3: an element stands twice"},
		{INFO("tomorrow"), "lifetime"},
		{INFO("2026-13-01T00:00:00Z"), "lifetime"},
		{INFO("2026-01-01T00:00:00+25:00"), "lifetime"},
		{INFO("2026-01-01T00:00:00+1:000"), "lifetime"},
		{INFO("2026-01-01T00:00:00Zulu"), "lifetime"},
		{INFO(""), "lifetime"},
		{"<BootstrappingInfo><btid>\xff</btid></BootstrappingInfo>", "line 1"},
		{"<BootstrappingInfo><btid>&#0;</btid></BootstrappingInfo>", "line 1"},
		{"<BootstrappingInfo><btid>&none;</btid></BootstrappingInfo>", "undefined entity"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bootstrapping_info info;
		enum err result = gba_xml_read_info(view_text(bad[i].document), &info);

		assert_true(result == ERR_SYNTAX || result == ERR_RANGE);
		assert_said(bad[i].said);
	}
}

static void document_types_are_refused_whatever_they_declare(void **state)
{
	(void)state;
	static const char *const documents[] = {
		"<!DOCTYPE guss><guss/>",
		"<!DOCTYPE guss SYSTEM \"file:///etc/passwd\"><guss/>",
		"<!DOCTYPE guss [<!ENTITY a \"b\">]><guss id=\"&a;\"/>",
		"<!DOCTYPE guss [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><guss>&x;</guss>",
		"<!DOCTYPE guss [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><guss id=\"&b;\"/>",
	};

	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		struct guss guss;

		assert_err(ERR_SYNTAX, gba_xml_read_guss(view_text(documents[i]), &guss));
		assert_said("document type");
	}
}

static void a_guss_is_read(void **state)
{
	(void)state;
	struct guss guss;

	assert_ok(gba_xml_read_guss(view_text(guss_text), &guss));
	assert_string_equal(guss.id, "001010123456789@realm.example");
	assert_int_equal(guss.lifetime, 3600);
	assert_string_equal(guss.timestamp, "2026-01-01T00:00:00Z");
	assert_int_equal(guss.uss_count, 2);
	assert_int_equal(guss.uss[0].id, 1);
	assert_int_equal(guss.uss[0].type, 4);
	assert_string_equal(guss.uss[0].naf_group, "a&b");
	assert_string_equal(guss.uss[0].uid, "sip:first@realm.example");
	assert_int_equal(guss.uss[0].flag_count, 2);
	assert_int_equal(guss.uss[0].flags[0], 1);
	assert_int_equal(guss.uss[0].flags[1], 2);
	assert_int_equal(guss.uss[1].id, 7);
	assert_string_equal(guss.uss[1].uid, "");
	assert_int_equal(guss.uss[1].flag_count, 0);
}

static void a_guss_may_have_the_namespace_of_its_release(void **state)
{
	(void)state;
	struct guss guss;

	assert_ok(gba_xml_read_guss(
		view_text(
			"<t:guss xmlns:t=\"urn:3gpp:gba:GBAGUSSSchema-R9:2010-02\" id=\"a\">"
			"<t:bsfInfo><t:lifeTime>60</t:lifeTime></t:bsfInfo><t:ussList/></t:guss>"),
		&guss));
	assert_string_equal(guss.id, "a");
	assert_int_equal(guss.lifetime, 60);
	assert_err(ERR_SYNTAX, gba_xml_read_guss(view_text("<guss xmlns=\"urn:other\"/>"), &guss));
}

static void a_list_may_stand_alone(void **state)
{
	(void)state;
	struct guss guss, again;
	BUF_CLEANUP struct buf out = buf_growing(4096);

	assert_ok(gba_xml_read_guss(view_text(guss_text), &guss));
	gba_xml_write_uss_list(&out, &guss);
	assert_ok(gba_xml_read_guss(buf_contents(&out), &again));
	assert_string_equal(again.id, "");
	assert_int_equal(again.uss_count, 2);
	assert_string_equal(again.uss[0].uid, "sip:first@realm.example");
}

static void bad_guss_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *document, *said;
	} bad[] = {
		{"<BootstrappingInfo/>", "another document"},
		{"<guss><ussList><uss type=\"1\"/></ussList></guss>", "uss: id"},
		{"<guss><ussList><uss id=\"1\"/></ussList></guss>", "uss: type"},
		{"<guss><ussList><uss id=\"-1\" type=\"1\"/></ussList></guss>", "uss: id"},
		{"<guss><ussList><uss id=\"99999999999\" type=\"1\"/></ussList></guss>", "uss: id"},
		{"<guss><ussList/><ussList/></guss>", "twice"},
		{"<guss><bsfInfo><lifeTime>1</lifeTime><lifeTime>2</lifeTime></bsfInfo></guss>",
			"twice"},
		{"<guss><bsfInfo><lifeTime>-1</lifeTime></bsfInfo></guss>", "lifeTime"},
		{"<guss><bsfInfo><lifeTime/></bsfInfo></guss>", "lifeTime"},
		{"<guss><ussList><uss id=\"1\" type=\"1\"><flags><flag>x</flag></flags></uss>"
		 "</ussList></guss>",
			"flag"},
		{"<guss><ussInfo><timestamp>2026-01-01T00:00:00.000000000Z</timestamp></ussInfo>"
		 "</guss>",
			"timestamp"},
		{"<guss id=\"a\" id=\"b\"/>", "duplicate attribute"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct guss guss;
		enum err result = gba_xml_read_guss(view_text(bad[i].document), &guss);

		assert_true(result == ERR_SYNTAX || result == ERR_RANGE);
		assert_said(bad[i].said);
	}
}

/* `count` times `part` between two texts. */
static struct buf repeated(const char *before, const char *part, size_t count, const char *after)
{
	struct buf out = buf_growing(1 << 20);

	buf_text(&out, before);
	for (size_t i = 0; i < count; i++) {
		buf_text(&out, part);
	}
	buf_text(&out, after);
	assert_false(out.failed);
	return out;
}

static void ceilings_hold(void **state)
{
	(void)state;
	static const struct {
		const char *before, *part, *after;
		size_t most;
	} ceilings[] = {
		{"<guss><ussList>", "<uss id=\"1\" type=\"1\"/>", "</ussList></guss>", GUSS_USS_MAX},
		{"<guss><ussList><uss id=\"1\" type=\"1\"><flags>", "<flag>1</flag>",
			"</flags></uss></ussList></guss>", GUSS_FLAGS_MAX},
		{"<guss id=\"", "i", "\"/>", 255},
		{"<ussList><uss id=\"1\" type=\"1\"><uids><uid>", "u",
			"</uid></uids></uss></ussList>", 255},
		{"<ussList><uss id=\"1\" type=\"1\" nafGroup=\"", "g", "\"/></ussList>", 63},
		{"<guss>", " ", "</guss>", 64 * 1024 - 13},
	};

	for (size_t i = 0; i < sizeof(ceilings) / sizeof(ceilings[0]); i++) {
		for (size_t more = 0; more <= 1; more++) {
			struct guss guss;
			BUF_CLEANUP struct buf xml = repeated(ceilings[i].before, ceilings[i].part,
				ceilings[i].most + more, ceilings[i].after);
			enum err result = gba_xml_read_guss(buf_contents(&xml), &guss);

			assert_string_equal(err_name(result), err_name(more ? ERR_RANGE : OK));
		}
	}
}

static void depth_and_long_text_are_bounded(void **state)
{
	(void)state;
	struct guss guss;
	struct bootstrapping_info info;
	BUF_CLEANUP struct buf deep = repeated("<guss>", "<a>", 10000, "");
	BUF_CLEANUP struct buf btid =
		repeated("<BootstrappingInfo><btid>", "b", 600, "</btid></BootstrappingInfo>");

	assert_err(ERR_RANGE, gba_xml_read_guss(buf_contents(&deep), &guss));
	assert_said("too deep");
	assert_err(ERR_RANGE, gba_xml_read_info(buf_contents(&btid), &info));
	assert_said("too long");
}

static void what_is_written_reads_the_same(void **state)
{
	(void)state;
	struct guss guss = {.lifetime = 0}, again = {.lifetime = 0};
	struct bootstrapping_info info = {.btid = "<&>\"'" BTID, .lifetime = 1767225600}, info2;
	BUF_CLEANUP struct buf out = buf_growing(4096);

	assert_ok(gba_xml_read_guss(view_text(guss_text), &guss));
	gba_xml_write_guss(&out, &guss);
	assert_ok(gba_xml_read_guss(buf_contents(&out), &again));
	assert_memory_equal(&guss, &again, sizeof(guss));
	buf_clear(&out);
	gba_xml_write_info(&out, &info);
	assert_ok(gba_xml_read_info(buf_contents(&out), &info2));
	assert_string_equal(info.btid, info2.btid);
	assert_int_equal(info.lifetime, info2.lifetime);
}

static void info_is_written_as_ts_24_109_has_it(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf out = buf_growing(4096);
	struct bootstrapping_info info = {.btid = BTID, .lifetime = 1767225600};

	gba_xml_write_info(&out, &info);
	assert_string_equal(buf_string(&out),
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>" INFO("2026-01-01T00:00:00Z"));
	buf_clear(&out);
	info.btid[0] = '\n';
	gba_xml_write_info(&out, &info);
	assert_err(ERR_RANGE, buf_end(&out, "document"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(info_is_read),
		TEST(a_lifetime_may_have_a_fraction_and_a_zone),
		TEST(bad_info_is_refused),
		TEST(document_types_are_refused_whatever_they_declare),
		TEST(a_guss_is_read),
		TEST(a_guss_may_have_the_namespace_of_its_release),
		TEST(a_list_may_stand_alone),
		TEST(bad_guss_is_refused),
		TEST(ceilings_hold),
		TEST(depth_and_long_text_are_bounded),
		TEST(what_is_written_reads_the_same),
		TEST(info_is_written_as_ts_24_109_has_it),
	};
	return RUN_TESTS(tests);
}
