// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "fake_maker.h"
#include "wire/device_certificate.h"

#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct world {
	struct fake_maker maker;
	struct trust_roots *roots;
	char root[FINGERPRINT_TEXT];
};

static int open_world(void **state)
{
	static struct world w;

	fake_maker_open(&w.maker, "Acme");
	assert_ok(trust_roots_new(&w.roots));
	assert_ok(trust_roots_add(w.roots, view_text(w.maker.root_pem), w.root));
	*state = &w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	trust_roots_free(w->roots);
	fake_maker_close(&w->maker);
	return 0;
}

static enum err verify(struct world *w, const struct fake_device *device, size_t count,
	struct device_certificate *ret)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	const enum err err = device_certificate_verify(w->roots, device->chain, count,
		(int64_t)time(NULL), ret, &key);
	uint8_t room[JOSE_PUBLIC_MAX];
	struct buf public = buf_fixed(room, sizeof(room));

	assert_int_equal(err == OK, key != NULL);
	if (key) {
		assert_ok(jose_key_public(key, &public));
		assert_true(view_equal(view_of(ret->key, ret->key_len), buf_contents(&public)));
	}
	return err;
}

/* req: R9.2-i-a R9.2-i-b */
static void a_certificate_names_its_device(void **state)
{
	static const struct {
		struct fake_names names;
		const char *device;
	} good[] = {
		{{.alt_names = "URI:urn:gsma:imei:35693803-564380-9"},
			"urn:gsma:imei:35693803-564380-0"},
		{{.alt_names = "DNS:t1.example,URI:https://"
			       "t1.example,URI:urn:dev:mac:0024be804ff1"},
			"urn:dev:mac:0024befffe804ff1"},
		{{.module = "pump-0815"}, "urn:dev:ops:32473-5.1-pump-0815"},
		{{.module = "a b"}, "urn:dev:ops:32473-5.1-612062"},
		{{.alt_names = "IP:2001:db8::1", .serial = "1"},
			"urn:dev:ip6:20010db8000000000000000000000001"},
		{{.serial = "imei:356938035643809"}, "urn:gsma:imei:35693803-564380-0"},
		{{.serial = "mac:0024be804ff1"}, "urn:dev:mac:0024befffe804ff1"},
	};
	struct world *w = *state;
	struct device_certificate got;

	for (size_t i = 0; i < COUNT(good); i++) {
		struct fake_device device;

		fake_maker_device(&w->maker, &good[i].names, &device);
		assert_ok(verify(w, &device, 2, &got));
		assert_string_equal(got.device.text, good[i].device);
		assert_int_equal(got.origin.kind, ROT_X509);
		assert_string_equal(got.origin.id, w->root);
		fake_device_close(&device);
	}
}

static void a_serial_number_counts_under_its_maker(void **state)
{
	struct world *w = *state;
	struct device_certificate got;
	struct fake_device device;

	fake_maker_device(&w->maker, &(struct fake_names){.serial = "FOC2134X0AB"}, &device);
	assert_ok(verify(w, &device, 2, &got));
	assert_string_equal(got.serial, "FOC2134X0AB");
	assert_memory_equal(got.device.text, "urn:dev:idevid:", 15);
	assert_string_equal(got.device.text + 15 + 16, ":FOC2134X0AB");
	fake_device_close(&device);
	fake_maker_device(&w->maker, &(struct fake_names){.serial = "PID:T 1"}, &device);
	assert_err(ERR_NOT_FOUND, verify(w, &device, 2, &got));
	fake_device_close(&device);
	fake_maker_device(&w->maker, &(struct fake_names){.serial = "imei:356938035643808"},
		&device);
	assert_err(ERR_NOT_FOUND, verify(w, &device, 2, &got));
	fake_device_close(&device);
}

/* req: R7-iii R9.1-vi */
static void what_no_accepted_root_vouches_for_is_refused(void **state)
{
	struct world *w = *state;
	const struct fake_names names = {.serial = "mac:0024be804ff1"};
	struct device_certificate got;
	struct fake_device device;
	struct fake_maker other;
	char id[FINGERPRINT_TEXT];

	fake_maker_open(&other, "Other");
	fake_maker_device(&other, &names, &device);
	assert_err(ERR_DENIED, verify(w, &device, 2, &got));
	assert_said("no root of trust");
	fake_fingerprint(device.chain[0], id);
	assert_ok(trust_roots_pin(w->roots, view_text(id)));
	assert_ok(verify(w, &device, 1, &got));
	assert_string_equal(got.origin.id, id);
	fake_device_close(&device);
	fake_maker_close(&other);

	fake_maker_device(&w->maker, &names, &device);
	assert_err(ERR_DENIED, verify(w, &device, 1, &got)); /* without the authority between */
	assert_err(ERR_RANGE, verify(w, &device, 0, &got));
	device.chain[1] = view_text("garbage");
	assert_err(ERR_SYNTAX, verify(w, &device, 2, &got));
	fake_device_close(&device);
	fake_maker_device(&w->maker,
		&(struct fake_names){.serial = "mac:0024be804ff1", .authority = true}, &device);
	assert_err(ERR_AUTH, verify(w, &device, 2, &got));
	fake_device_close(&device);
}

static void what_is_over_or_withdrawn_is_refused(void **state)
{
	struct world *w = *state;
	struct device_certificate got;
	struct fake_device device;
	char id[FINGERPRINT_TEXT];

	fake_maker_device(&w->maker,
		&(struct fake_names){.serial = "mac:0024be804ff1", .expired = true}, &device);
	assert_err(ERR_EXPIRED, verify(w, &device, 2, &got));
	fake_device_close(&device);
	fake_maker_device(&w->maker, &(struct fake_names){.serial = "mac:0024be804ff1"}, &device);
	fake_fingerprint(device.chain[0], id);
	assert_ok(trust_roots_withdraw(w->roots, view_text(id)));
	assert_err(ERR_DENIED, verify(w, &device, 2, &got));
	assert_said("device's certificate was withdrawn");
	fake_device_close(&device);
	fake_maker_device(&w->maker, &(struct fake_names){.serial = "mac:0024be804ff1"}, &device);
	assert_ok(verify(w, &device, 2, &got));
	assert_ok(trust_roots_withdraw(w->roots, view_text(w->root)));
	assert_err(ERR_DENIED, verify(w, &device, 2, &got));
	assert_said("root of trust was withdrawn");
	fake_device_close(&device);
}

/* Authorities are kept read, but not any number of them. */
static void many_authorities_come_and_go(void **state)
{
	enum { MAKERS = 300 };
	const struct fake_names names = {.serial = "mac:0024be804ff1"};
	struct world *w = *state;
	struct device_certificate got;
	struct fake_device device;

	for (int i = 0; i < MAKERS; i++) {
		struct fake_maker other;

		fake_maker_open(&other, "Other");
		fake_maker_device(&other, &names, &device);
		assert_err(ERR_DENIED, verify(w, &device, 2, &got));
		fake_device_close(&device);
		fake_maker_close(&other);
	}
	fake_maker_device(&w->maker, &names, &device);
	assert_ok(verify(w, &device, 2, &got));
	assert_ok(verify(w, &device, 2, &got));
	fake_device_close(&device);
}

static void what_is_no_root_is_not_taken(void **state)
{
	struct world *w = *state;
	char id[FINGERPRINT_TEXT];

	assert_err(ERR_SYNTAX, trust_roots_add(w->roots, view_text("garbage"), id));
	assert_err(ERR_SYNTAX, trust_roots_pin(w->roots, view_text("00ff")));
	assert_err(ERR_SYNTAX, trust_roots_withdraw(w->roots, view_text("not hexadecimal")));
	assert_ok(trust_roots_add(w->roots, view_text(w->maker.root_pem), id)); /* again */
	assert_string_equal(id, w->root);
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_certificate_names_its_device),
		IN_WORLD(a_serial_number_counts_under_its_maker),
		IN_WORLD(what_no_accepted_root_vouches_for_is_refused),
		IN_WORLD(what_is_over_or_withdrawn_is_refused),
		IN_WORLD(many_authorities_come_and_go),
		IN_WORLD(what_is_no_root_is_not_taken),
	};

	return RUN_TESTS(tests);
}
