// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/reg_id.h"

struct pair {
	const char *in, *out;
};

struct bad {
	enum err code;
	const char *in, *says;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* req: R9.1-i */
static void names_of_registries_are_read(void **state)
{
	static const struct pair good[] = {
		{"IN", "IN"},
		{"in.tel.p01", "IN.TEL.P01"},
		{"356", "356"},
		{"XN--H2BRJ9C.A", "XN--H2BRJ9C.A"},
		{"1.2.3.4.5.6.7.8", "1.2.3.4.5.6.7.8"},
	};
	static const struct bad bad[] = {
		{ERR_RANGE, "", "label"},
		{ERR_RANGE, "IN.", "label"},
		{ERR_RANGE, "IN..A", "label"},
		{ERR_RANGE, "ABCDEFGHIJKLMNOPQ", "label"},
		{ERR_RANGE, "1.2.3.4.5.6.7.8.9", "levels"},
		{ERR_RANGE, "A234567890123456.B234567890123456.C234567890123456.D234567890123456",
			"longer"},
		{ERR_SYNTAX, "-IN", "A to Z"},
		{ERR_SYNTAX, "IN.A-B", "A to Z"},
		{ERR_SYNTAX, "IN_A", "A to Z"},
		{ERR_SYNTAX, "\xc3\x84", "A to Z"},
	};
	struct reg_id id;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_ok(reg_id_parse(view_text(good[i].in), &id));
		assert_string_equal(id.text, good[i].out);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_err(bad[i].code, reg_id_parse(view_text(bad[i].in), &id));
		assert_said(bad[i].says);
	}
}

static struct reg_id registry(const char *text)
{
	struct reg_id id;

	assert_ok(reg_id_parse(view_text(text), &id));
	return id;
}

/* req: R9.1-i R9.1-ii R6.1-a */
static void a_name_tells_its_place(void **state)
{
	struct reg_id top = registry("IN"), under = registry("IN.TEL"), id, parent;
	enum registry_type type;

	(void)state;
	assert_ok(reg_id_make(&under, view_text("P01"), 3, &id));
	assert_string_equal(id.text, "IN.TEL.P01");
	assert_int_equal(reg_id_level(&id), 3);
	assert_true(reg_id_parent(&id, &parent));
	assert_true(reg_id_equal(&parent, &under));
	assert_false(reg_id_parent(&top, &parent));
	assert_true(reg_id_within(&id, &top));
	assert_true(reg_id_within(&top, &top));
	assert_false(reg_id_within(&top, &id));
	parent = registry("INX");
	assert_false(reg_id_within(&parent, &top));
	assert_err(ERR_RANGE, reg_id_make(&under, view_text("P1"), 3, &id));
	assert_err(ERR_SYNTAX, reg_id_make(&under, view_text("A.B"), 3, &id));
	assert_ok(reg_id_make(NULL, view_text("356"), 0, &id));
	assert_string_equal(id.text, "356");
	assert_ok(registry_type_of(view_text("sectoral"), &type));
	assert_int_equal(registry_type_level(type), 2);
	assert_string_equal(registry_type_name(type), "sectoral");
	assert_err(ERR_SYNTAX, registry_type_of(view_text(""), &type));
}

/* Any form that its standard allows is read; printed, it is read into itself, and into the same device.
 * req: R6.1-c R9.2-i-b */
static void names_of_devices_are_read_back(void **state)
{
	static const struct {
		const char *in, *out, *urn;
	} good[] = {
		{"IN.TEL.P01:imei:356938035643809", "IN.TEL.P01:imei:356938035643809",
			"urn:gsma:imei:35693803-564380-0"},
		{"in.tel.p01:urn:gsma:imei:35693803-564380-9", "IN.TEL.P01:imei:356938035643809",
			"urn:gsma:imei:35693803-564380-0"},
		{"DE.A.B:MAC:0024BEFFFE804FF1", "DE.A.B:mac:0024befffe804ff1",
			"urn:dev:mac:0024befffe804ff1"},
		{"DE.A.B:mac:0024be804ff1", "DE.A.B:mac:0024befffe804ff1",
			"urn:dev:mac:0024befffe804ff1"},
		{"356:ip6:2001:DB8:0::1", "356:ip6:2001:db8::1",
			"urn:dev:ip6:20010db8000000000000000000000001"},
		{"356:ip6:20010db8000000000000000000000001", "356:ip6:2001:db8::1",
			"urn:dev:ip6:20010db8000000000000000000000001"},
		{"A.B.C:dev:ops:32473-pump-0815", "A.B.C:dev:ops:32473-pump-0815",
			"urn:dev:ops:32473-pump-0815"},
		{"A.B.C:dev:mac:0024befffe804ff1_door", "A.B.C:dev:mac:0024befffe804ff1_door",
			"urn:dev:mac:0024befffe804ff1_door"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct reg_dev_id id, again, made;

		assert_ok(reg_dev_id_parse(view_text(good[i].in), &id));
		assert_string_equal(id.text, good[i].out);
		assert_int_equal(id.len, strlen(good[i].out));
		assert_string_equal(id.device.text, good[i].urn);
		assert_false(id.is_virtual);
		assert_ok(reg_dev_id_parse(reg_dev_id_view(&id), &again));
		assert_string_equal(again.text, id.text);
		assert_ok(reg_dev_id_make(&id.registry, &id.device, &made));
		assert_string_equal(made.text, id.text);
	}
}

/* req: R9.2-i-b */
static void what_names_no_device_is_refused(void **state)
{
	static const struct bad bad[] = {
		{ERR_SYNTAX, "IN.TEL.P01", "no ':'"},
		{ERR_SYNTAX, "IN.TEL.P01:", "empty"},
		{ERR_RANGE, ":imei:356938035643809", "label"},
		{ERR_SYNTAX, "IN:imei:356938035643808", "check digit"},
		{ERR_SYNTAX, "IN:imei:356938035643800", "check digit"},
		{ERR_RANGE, "IN:imei:35693803564380", "15"},
		{ERR_SYNTAX, "IN:imei:35693803564380x", "check digit"},
		{ERR_SYNTAX, "IN:imei:3569380356438x9", "14 digits"},
		{ERR_RANGE, "IN:mac:0024be", "digits"},
		{ERR_SYNTAX, "IN:ip6:2001:db8::1::2", "IPv6"},
		{ERR_SYNTAX, "IN:esn:1", "neither"},
		{ERR_SYNTAX, "IN:v:AAAA", "16 bytes"},
		{ERR_SYNTAX, "IN:v:AAAAAAAAAAAAAAAAAAAAAB", "virtual"},
	};
	struct reg_dev_id id;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		enum err e = reg_dev_id_parse(view_text(bad[i].in), &id);

		if (e != bad[i].code) {
			fail_msg("%s: %s", bad[i].in, err_name(e));
		}
		assert_said(bad[i].says);
	}
}

/* req: R9.2-i-f */
static void virtual_names_tell_the_registry_alone(void **state)
{
	uint8_t random[REG_VIRTUAL_SIZE] = {0xff, 1, 2};
	struct reg_id in = registry("IN.TEL.P01");
	struct reg_dev_id id, again;

	(void)state;
	assert_ok(reg_dev_id_make_virtual(&in, random, &id));
	assert_string_equal(id.text, "IN.TEL.P01:v:_wECAAAAAAAAAAAAAAAAAA");
	assert_ok(reg_dev_id_parse(reg_dev_id_view(&id), &again));
	assert_true(again.is_virtual);
	assert_int_equal(again.device.kind, IDENT_NONE);
	assert_string_equal(again.text, id.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_of_registries_are_read),
		TEST(a_name_tells_its_place),
		TEST(names_of_devices_are_read_back),
		TEST(what_names_no_device_is_refused),
		TEST(virtual_names_tell_the_registry_alone),
	};

	return RUN_TESTS(tests);
}
