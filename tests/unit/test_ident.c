// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/ident.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct good {
	const char *in, *canonical;
};

struct bad {
	enum err code;
	const char *in, *says;
};

/* Each is read into its canonical form, which is read into itself. */
static void check_good(enum ident_kind kind, const struct good *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ident got, again;

		if (ident_parse(kind, view_text(cases[i].in), &got) != OK) {
			fail_msg("%s: %s", cases[i].in, err_detail());
		}
		assert_int_equal(got.kind, kind);
		assert_string_equal(got.text, cases[i].canonical);
		assert_int_equal(got.len, strlen(cases[i].canonical));
		assert_ok(ident_parse(kind, ident_view(&got), &again));
		assert_true(ident_equal(&got, &again));
	}
}

static void check_bad(enum ident_kind kind, const struct bad *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ident got = {.kind = IDENT_NONE};
		enum err e = ident_parse(kind, view_text(cases[i].in), &got);

		if (e != cases[i].code) {
			fail_msg("%s: %s", cases[i].in, err_name(e));
		}
		assert_said(cases[i].says);
		assert_int_equal(got.kind, IDENT_NONE);
		assert_int_equal(got.len, 0);
	}
}

#define LABEL63 "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmnopqrstuvwxy"
#define FQDN253                                                                                    \
	LABEL63 "." LABEL63 "." LABEL63                                                            \
		".abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmnopqrstuvw"

static void names_are_read_in_lower_case(void **state)
{
	static const struct good cases[] = {
		{"realm.example", "realm.example"},
		{"Authn1.Realm.EXAMPLE", "authn1.realm.example"},
		{"xn--mnchen-3ya.example", "xn--mnchen-3ya.example"},
		{"3com.example", "3com.example"},
		{"localhost", "localhost"},
		{"a-b.1.x1", "a-b.1.x1"},
		{FQDN253, FQDN253},
	};

	(void)state;
	assert_int_equal(strlen(FQDN253), 253);
	check_good(IDENT_FQDN, cases, COUNT(cases));
}

static void what_is_no_name_is_refused(void **state)
{
	static const struct bad cases[] = {
		{ERR_SYNTAX, "", "empty"},
		{ERR_SYNTAX, ".", "empty label"},
		{ERR_SYNTAX, "realm.example.", "empty label"},
		{ERR_SYNTAX, ".realm.example", "empty label"},
		{ERR_SYNTAX, "realm..example", "empty label"},
		{ERR_SYNTAX, "-a.example", "begins or ends"},
		{ERR_SYNTAX, "a-.example", "begins or ends"},
		{ERR_SYNTAX, "a_b.example", "not a letter"},
		{ERR_SYNTAX, "m\xc3\xbcnchen.example", "not a letter"},
		{ERR_SYNTAX, "a b.example", "not a letter"},
		{ERR_SYNTAX, "192.0.2.1", "number"},
		{ERR_SYNTAX, "example.42", "number"},
		{ERR_RANGE, LABEL63 "z.example", "63 bytes"},
		{ERR_RANGE, FQDN253 "x", "253 bytes"},
	};

	(void)state;
	check_bad(IDENT_FQDN, cases, COUNT(cases));
}

/* req: B7.1-b */
static void clients_keep_the_numbers_they_have(void **state)
{
	static const struct good cases[] = {
		{"001010123456789@Realm.Example", "001010123456789@realm.example"},
		{"001010@realm.example", "001010@realm.example"},
		{"imei-90420156-025763-0@realm.example", "imei-90420156025763@realm.example"},
		{"IMEI-904201560257637@realm.example", "imei-90420156025763@realm.example"},
		{"mac-00-24-BE-80-4F-F1@realm.example", "mac-0024befffe804ff1@realm.example"},
		{"mac-0024be804ff1@realm.example", "mac-0024befffe804ff1@realm.example"},
		{"mac-00-24-be-ff-fe-80-4f-f1@realm.example", "mac-0024befffe804ff1@realm.example"},
		{"ip6-2001:DB8::1@realm.example",
			"ip6-20010db8000000000000000000000001@realm.example"},
		{"ip6-20010DB8000000000000000000000001@realm.example",
			"ip6-20010db8000000000000000000000001@realm.example"},
		{"Meter.7+a@realm.example", "Meter.7+a@realm.example"},
		{"rPYlB54vidN3Ol/Z+MXc9KFuWMq4dOFV@tmpi.bsf.3gppnetwork.org",
			"rPYlB54vidN3Ol/Z+MXc9KFuWMq4dOFV@tmpi.bsf.3gppnetwork.org"},
		{"x@" FQDN253, "x@" FQDN253},
	};

	(void)state;
	check_good(IDENT_CLIENT, cases, COUNT(cases));
}

static void what_is_no_client_is_refused(void **state)
{
	static const struct bad cases[] = {
		{ERR_SYNTAX, "001010123456789", "no @"},
		{ERR_SYNTAX, "@realm.example", "nothing before"},
		{ERR_SYNTAX, "a@", "empty label"},
		{ERR_SYNTAX, "a@b@realm.example", "FQDN"},
		{ERR_RANGE, "00101@realm.example", "6 to 15"},
		{ERR_RANGE, "0010101234567890@realm.example", "6 to 15"},
		{ERR_SYNTAX, "a b@realm.example", "user name"},
		{ERR_SYNTAX, ".a@realm.example", "user name"},
		{ERR_SYNTAX, "a.@realm.example", "user name"},
		{ERR_SYNTAX, "a..b@realm.example", "user name"},
		{ERR_SYNTAX, "a\"b@realm.example", "user name"},
		{ERR_SYNTAX, "\xc3\xa9@realm.example", "user name"},
		{ERR_RANGE, "imei-@realm.example", "0 digits"},
		{ERR_SYNTAX, "imei-904201560257631@realm.example", "check digit"},
		{ERR_RANGE, "mac-@realm.example", "0 digits"},
		{ERR_RANGE, "mac-0024be804ff@realm.example", "11 digits"},
		{ERR_SYNTAX, "mac-0024be804ffg@realm.example", "hexadecimal"},
		{ERR_SYNTAX, "mac-00-24-be-80-4ff-1@realm.example", "hyphens"},
		{ERR_RANGE, "mac-00-24-be-80-4f-f1-@realm.example", "digits"},
		{ERR_RANGE, "mac-00-24-be-80-4f-f1-00-00-00@realm.example", "EUI"},
		{ERR_SYNTAX, "ip6-@realm.example", "neither"},
		{ERR_SYNTAX, "ip6-fe80::1%eth0@realm.example", "neither"},
		{ERR_SYNTAX, "ip6-192.0.2.1@realm.example", "neither"},
		{ERR_SYNTAX, "ip6-20010db800000000000000000000000g@realm.example", "hexadecimal"},
		{ERR_RANGE, "xy@" FQDN253, "255"},
	};

	(void)state;
	check_bad(IDENT_CLIENT, cases, COUNT(cases));
}

static void a_client_has_a_user_and_a_realm(void **state)
{
	struct ident client;
	struct ident nobody = {.kind = IDENT_NONE};

	(void)state;
	assert_ok(ident_parse(IDENT_CLIENT, view_text("001010123456789@realm.example"), &client));
	assert_view(ident_user_of(&client), "001010123456789");
	assert_view(ident_realm_of(&client), "realm.example");
	assert_int_equal(ident_user_of(&nobody).len, 0);
	assert_int_equal(ident_realm_of(&nobody).len, 0);
}

static void devices_are_urns(void **state)
{
	static const struct good cases[] = {
		{"urn:gsma:imei:90420156-025763-0", "urn:gsma:imei:90420156-025763-0"},
		{"urn:gsma:imei:90420156-025763-7", "urn:gsma:imei:90420156-025763-0"},
		{"URN:GSMA:IMEI:904201560257637", "urn:gsma:imei:90420156-025763-0"},
		{"urn:gsma:imei:90420156025763", "urn:gsma:imei:90420156-025763-0"},
		{"urn:gsma:imei:90420156-025763-0;svn=42", "urn:gsma:imei:90420156-025763-0"},
		{"urn:gsma:imei:90420156-025763-0;vers=0", "urn:gsma:imei:90420156-025763-0"},
		{"urn:gsma:imei:90420156-025763-0;svn=42;vers=0",
			"urn:gsma:imei:90420156-025763-0"},
		{"urn:dev:mac:0024befffe804ff1", "urn:dev:mac:0024befffe804ff1"},
		{"urn:dev:mac:0024BE804FF1", "urn:dev:mac:0024befffe804ff1"},
		{"URN:DEV:mac:0024befffe804ff1_humidity", "urn:dev:mac:0024befffe804ff1_humidity"},
		{"urn:dev:ow:10e2073a01080063", "urn:dev:ow:10e2073a01080063"},
		{"urn:dev:ow:264437F5000000ED_a_b", "urn:dev:ow:264437f5000000ed_a_b"},
		{"urn:dev:org:32473-foo", "urn:dev:org:32473-foo"},
		{"urn:dev:os:32473-123456", "urn:dev:os:32473-123456"},
		{"urn:dev:os:32473-12-34-56:x", "urn:dev:os:32473-12-34-56:x"},
		{"urn:dev:ops:32473-Refrigerator-5002", "urn:dev:ops:32473-Refrigerator-5002"},
		{"urn:dev:example:new-1-2-3_comp", "urn:dev:example:new-1-2-3_comp"},
	};

	(void)state;
	check_good(IDENT_DEVICE, cases, COUNT(cases));
}

static void what_is_no_device_is_refused(void **state)
{
	static const struct bad cases[] = {
		{ERR_SYNTAX, "90420156-025763-0", "neither"},
		{ERR_SYNTAX, "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "neither"},
		{ERR_RANGE, "urn:gsma:imei:", "0 digits"},
		{ERR_RANGE, "urn:gsma:imei:9042015602576", "13 digits"},
		{ERR_RANGE, "urn:gsma:imei:9042015602576377", "more than 15"},
		{ERR_SYNTAX, "urn:gsma:imei:90420156-025763-1", "check digit"},
		{ERR_SYNTAX, "urn:gsma:imei:90420156--025763-0", "not digits"},
		{ERR_SYNTAX, "urn:gsma:imei:-90420156025763", "not digits"},
		{ERR_SYNTAX, "urn:gsma:imei:90420156-025763-", "not digits"},
		{ERR_SYNTAX, "urn:gsma:imei:9042-0156-025763-0", "not digits"},
		{ERR_SYNTAX, "urn:gsma:imei:9042015602576x", "not digits"},
		{ERR_SYNTAX, "urn:gsma:imei:90420156-025763-0;", ";svn="},
		{ERR_SYNTAX, "urn:gsma:imei:90420156-025763-0;x=1", ";svn="},
		{ERR_SYNTAX, "urn:gsma:imei:90420156-025763-0;svn=", "not a number"},
		{ERR_SYNTAX, "urn:gsma:imei:90420156-025763-0;svn=4x", "not a number"},
		{ERR_SYNTAX, "urn:gsma:imei:90420156-025763-0;svn=42;;", ";svn="},
		{ERR_SYNTAX, "urn:dev:mac", "no subtype"},
		{ERR_SYNTAX, "urn:dev::x", "no subtype"},
		{ERR_SYNTAX, "urn:dev:1a:x", "no subtype"},
		{ERR_SYNTAX, "urn:dev:a-b:x", "not a subtype"},
		{ERR_RANGE, "urn:dev:mac:", "12 or 16"},
		{ERR_RANGE, "urn:dev:mac:00-24-be-80-4f-f1", "12 or 16"},
		{ERR_SYNTAX, "urn:dev:mac:0024befffe804fg1", "hexadecimal"},
		{ERR_SYNTAX, "urn:dev:mac:0024befffe804ff1_", "empty identifier"},
		{ERR_SYNTAX, "urn:dev:mac:0024befffe804ff1_a__b", "identifier"},
		{ERR_SYNTAX, "urn:dev:ow:123", "odd"},
		{ERR_SYNTAX, "urn:dev:ow:", "odd"},
		{ERR_SYNTAX, "urn:dev:org:foo", "number-identifier"},
		{ERR_SYNTAX, "urn:dev:org:0123-foo", "number-identifier"},
		{ERR_SYNTAX, "urn:dev:org:32473-", "nothing after"},
		{ERR_SYNTAX, "urn:dev:org:32473-:a", "nothing after"},
		{ERR_SYNTAX, "urn:dev:ops:32473-5002", "number-identifier"},
		{ERR_SYNTAX, "urn:dev:ops:32473--5002", "number-identifier"},
		{ERR_SYNTAX, "urn:dev:other:", "empty identifier"},
		{ERR_SYNTAX, "urn:dev:other:a::b", "identifier"},
		{ERR_SYNTAX, "urn:dev:other:a b", "identifier"},
	};

	(void)state;
	check_bad(IDENT_DEVICE, cases, COUNT(cases));
}

/* TS 23.003 B.1 and the GSMA's example. */
static void the_check_digit_is_luhn(void **state)
{
	char digit = 0;

	(void)state;
	assert_ok(ident_imei_check_digit(view_text("90420156025763"), &digit));
	assert_int_equal(digit, '7');
	assert_ok(ident_imei_check_digit(view_text("49015420323751"), &digit));
	assert_int_equal(digit, '8');
	assert_ok(ident_imei_check_digit(view_text("00000000000000"), &digit));
	assert_int_equal(digit, '0');
	assert_err(ERR_SYNTAX, ident_imei_check_digit(view_text("4901542032375"), &digit));
	assert_err(ERR_SYNTAX, ident_imei_check_digit(view_text("4901542032375x"), &digit));
	assert_int_equal(digit, '0');
}

/* req: B7.1-d B7.6-a */
static void applications_keep_the_names_they_have(void **state)
{
	static const struct good cases[] = {
		{"App.Example", "app.example"},
		{"192.0.2.1", "192.0.2.1"},
		{"2001:DB8:0:0:0:0:0:1", "[2001:db8::1]"},
		{"[2001:db8::1]", "[2001:db8::1]"},
		{"onem2m:Ra01.com.example.smartcity", "onem2m:Ra01.com.example.smartcity"},
		{"oneM2M:NmyApp1", "onem2m:NmyApp1"},
		{"gs1:09506000134352", "gs1:01/09506000134352"},
		{"gs1:9506000134352", "gs1:01/09506000134352"},
		{"GS1:614141123452", "gs1:01/00614141123452"},
		{"gs1:01/9506000134352", "gs1:01/09506000134352"},
		{"gs1:96385074", "gs1:01/00000096385074"},
		{"gs1:8004/4000001111", "gs1:8004/4000001111"},
	};

	(void)state;
	check_good(IDENT_APPLICATION, cases, COUNT(cases));
}

static void urls_are_normalised(void **state)
{
	static const struct good cases[] = {
		{"https://app.example/", "https://app.example/"},
		{"HTTPS://App.Example", "https://app.example/"},
		{"https://app.example:443/a", "https://app.example/a"},
		{"https://app.example:/a", "https://app.example/a"},
		{"https://app.example:0443/a", "https://app.example/a"},
		{"http://app.example:443/a", "http://app.example:443/a"},
		{"coaps://[2001:DB8::0:1]:5684", "coaps://[2001:db8::1]/"},
		{"mqtts://192.0.2.1:8884", "mqtts://192.0.2.1:8884/"},
		{"https://app.example/%7Euser/%c3%a9", "https://app.example/~user/%C3%A9"},
		{"https://app.example/a/./b/../c", "https://app.example/a/c"},
		{"https://app.example/a/..", "https://app.example/"},
		{"https://app.example/../../a/", "https://app.example/a/"},
		{"https://app.example/a/%2e%2E/b", "https://app.example/b"},
		{"https://app.example/a/.", "https://app.example/a/"},
		{"https://app.example/a//b", "https://app.example/a//b"},
		{"https://app.example/..a/.b", "https://app.example/..a/.b"},
		{"https://app.example?x=/../%41", "https://app.example/?x=/../A"},
		{"https://app.example/?", "https://app.example/?"},
		{"a+b-c.d://app.example:99", "a+b-c.d://app.example:99/"},
	};

	(void)state;
	check_good(IDENT_APPLICATION, cases, COUNT(cases));
}

static void what_is_no_application_is_refused(void **state)
{
	static const struct bad cases[] = {
		{ERR_SYNTAX, "192.0.2.256", "IPv4"},
		{ERR_SYNTAX, "192.0.2", "IPv4"},
		{ERR_SYNTAX, "192.0.02.1", "IPv4"},
		{ERR_SYNTAX, "1", "IPv4"},
		{ERR_SYNTAX, "[2001:db8::1", "FQDN"},
		{ERR_SYNTAX, "[]", "IPv6"},
		{ERR_SYNTAX, "[192.0.2.1]", "IPv6"},
		{ERR_SYNTAX, "[fe80::1%25eth0]", "IPv6"},
		{ERR_SYNTAX, "app.example:443", "FQDN"},
		{ERR_SYNTAX, "app.example/a", "FQDN"},
		{ERR_SYNTAX, "://app.example", "no scheme"},
		{ERR_SYNTAX, "1a://app.example", "not a scheme"},
		{ERR_SYNTAX, "a_b://app.example", "not a scheme"},
		{ERR_SYNTAX, "https://", "no host"},
		{ERR_SYNTAX, "https:///a", "no host"},
		{ERR_SYNTAX, "https://user@app.example/", "no user"},
		{ERR_SYNTAX, "https://app.example/#a", "no fragment"},
		{ERR_RANGE, "https://app.example:0/", "port 0"},
		{ERR_RANGE, "https://app.example:65536/", "port"},
		{ERR_SYNTAX, "https://app.example:4x/", "port"},
		{ERR_SYNTAX, "https://[::1]x/", "FQDN"},
		{ERR_SYNTAX, "https://[::1/", "FQDN"},
		{ERR_SYNTAX, "https://a%62/", "FQDN"},
		{ERR_SYNTAX, "https://app.example/a b", "%-encoded"},
		{ERR_SYNTAX, "https://app.example/a\xc3\xa9", "%-encoded"},
		{ERR_SYNTAX, "https://app.example/<", "%-encoded"},
		{ERR_SYNTAX, "https://app.example/%4", "cut off"},
		{ERR_SYNTAX, "https://app.example/%4g", "hexadecimal"},
		{ERR_SYNTAX, "https://app.example/?a[1]=b", "%-encoded"},
		{ERR_SYNTAX, "onem2m:", "App-ID"},
		{ERR_SYNTAX, "onem2m:R", "App-ID"},
		{ERR_SYNTAX, "onem2m:Xabc", "App-ID"},
		{ERR_SYNTAX, "onem2m:Ra/b", "unreserved"},
		{ERR_SYNTAX, "gs1:", "GTIN"},
		{ERR_SYNTAX, "gs1:123456789", "GTIN"},
		{ERR_SYNTAX, "gs1:9506000134353", "check digit"},
		{ERR_SYNTAX, "gs1:01/9506000134353", "check digit"},
		{ERR_SYNTAX, "gs1:1/2", "2 to 4"},
		{ERR_SYNTAX, "gs1:80a4/2", "2 to 4"},
		{ERR_RANGE, "gs1:8004/", "1 to 90"},
		{ERR_SYNTAX, "gs1:8004/a/b", "gs1"},
	};

	(void)state;
	check_bad(IDENT_APPLICATION, cases, COUNT(cases));
}

static void the_host_is_what_tls_names(void **state)
{
	static const struct good cases[] = {
		{"app.example", "app.example"},
		{"192.0.2.1", "192.0.2.1"},
		{"2001:db8::1", "2001:db8::1"},
		{"https://App.example", "app.example"},
		{"https://app.example:8443/a:b", "app.example"},
		{"coaps://[2001:db8::1]:99/", "2001:db8::1"},
		{"onem2m:Nabc", ""},
		{"gs1:8004/4000001111", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ident application;

		assert_ok(ident_parse(IDENT_APPLICATION, view_text(cases[i].in), &application));
		assert_view(ident_host_of(&application), cases[i].canonical);
	}
}

/* req: B7.1-c */
static void asps_keep_their_company_numbers(void **state)
{
	static const struct good cases[] = {
		{"cin:U72200KA2001PTC028000", "cin:U72200KA2001PTC028000"},
		{"CIN:u72200ka2001ptc028000", "cin:U72200KA2001PTC028000"},
		{"LEI:5493001KJTIIGC8Y1R12", "lei:5493001KJTIIGC8Y1R12"},
		{"de.hrb:12345-B.1", "de.hrb:12345-B.1"},
		{"x:0123456789012345678901234567890123456789012345678901234567890123",
			"x:0123456789012345678901234567890123456789012345678901234567890123"},
	};

	(void)state;
	check_good(IDENT_ASP, cases, COUNT(cases));
}

static void what_is_no_asp_is_refused(void **state)
{
	static const struct bad cases[] = {
		{ERR_SYNTAX, "U72200KA2001PTC028000", "no scheme"},
		{ERR_SYNTAX, ":123", "scheme"},
		{ERR_SYNTAX, "1a:123", "scheme"},
		{ERR_SYNTAX, "a_b:123", "not a scheme"},
		{ERR_RANGE, "a:", "1 to 64"},
		{ERR_RANGE, "x:01234567890123456789012345678901234567890123456789012345678901234",
			"1 to 64"},
		{ERR_SYNTAX, "a:1:2", "not a letter"},
		{ERR_SYNTAX, "a:1 2", "not a letter"},
		{ERR_RANGE, "cin:U72200KA2001PTC02800", "21"},
		{ERR_SYNTAX, "cin:172200KA2001PTC028000", "CIN"},
		{ERR_SYNTAX, "cin:U7220AKA2001PTC028000", "CIN"},
	};

	(void)state;
	check_bad(IDENT_ASP, cases, COUNT(cases));
}

static void zero_bytes_and_floods_are_refused(void **state)
{
	static const uint8_t with_zero[] = "app\0.example", ip6_with_zero[] = "::1\0::";
	static uint8_t flood[1025];
	struct ident got;

	(void)state;
	memset(flood, 'a', sizeof(flood));
	for (int kind = IDENT_FQDN; kind <= IDENT_ASP; kind++) {
		enum ident_kind k = (enum ident_kind)kind;

		assert_int_not_equal(OK, ident_parse(k, view_of(with_zero, 12), &got));
		assert_int_not_equal(OK, ident_parse(k, view_of(ip6_with_zero, 6), &got));
		assert_err(ERR_RANGE, ident_parse(k, VIEW(flood), &got));
		assert_err(ERR_SYNTAX, ident_parse(k, view_of(NULL, 0), &got));
	}
	assert_err(ERR_UNSUPPORTED, ident_parse(IDENT_NONE, view_text("a"), &got));
	assert_err(ERR_UNSUPPORTED, ident_parse((enum ident_kind)99, view_text("a"), &got));
}

/* A path may shrink below the ceiling; what is longer afterwards is refused. */
static void the_ceiling_counts_for_the_canonical_form(void **state)
{
	char text[600] = "https://app.example/";
	struct ident got;

	(void)state;
	for (int i = 0; i < 250; i++) {
		strcat(text, "./");
	}
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(text), &got));
	assert_string_equal(got.text, "https://app.example/");
	strcpy(text, "https://app.example/");
	while (strlen(text) < IDENT_MAX) {
		strcat(text, "a");
	}
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(text), &got));
	assert_int_equal(got.len, IDENT_MAX);
	strcat(text, "a");
	assert_err(ERR_RANGE, ident_parse(IDENT_APPLICATION, view_text(text), &got));
}

static void kinds_are_never_equal_to_each_other(void **state)
{
	struct ident name, application, other;

	(void)state;
	assert_ok(ident_parse(IDENT_FQDN, view_text("app.example"), &name));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text("app.example"), &application));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text("app2.example"), &other));
	assert_false(ident_equal(&name, &application));
	assert_false(ident_equal(&application, &other));
	assert_true(ident_equal(&application, &application));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_are_read_in_lower_case),
		TEST(what_is_no_name_is_refused),
		TEST(clients_keep_the_numbers_they_have),
		TEST(what_is_no_client_is_refused),
		TEST(a_client_has_a_user_and_a_realm),
		TEST(devices_are_urns),
		TEST(what_is_no_device_is_refused),
		TEST(the_check_digit_is_luhn),
		TEST(applications_keep_the_names_they_have),
		TEST(urls_are_normalised),
		TEST(what_is_no_application_is_refused),
		TEST(the_host_is_what_tls_names),
		TEST(asps_keep_their_company_numbers),
		TEST(what_is_no_asp_is_refused),
		TEST(zero_bytes_and_floods_are_refused),
		TEST(the_ceiling_counts_for_the_canonical_form),
		TEST(kinds_are_never_equal_to_each_other),
	};
	return RUN_TESTS(tests);
}
