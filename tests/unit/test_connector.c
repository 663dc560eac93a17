// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "authz/registration/connector.h"
#include "fake_env.h"

#include <pthread.h>

/* A directory in this process; its thread waits where the test says. */
struct fake_directory {
	pthread_mutex_t gate; /* held: the directory hangs */
	int opened, closed, found;
};

static struct fake_directory fake = {.gate = PTHREAD_MUTEX_INITIALIZER};

static enum err fake_open(const struct directory_settings *settings, const struct ident *realm,
	void **ret)
{
	(void)settings;
	(void)realm;
	fake.opened++;
	*ret = &fake;
	return OK;
}

static void fake_close(void *directory)
{
	((struct fake_directory *)directory)->closed++;
}

static enum err fake_find(void *directory, struct view id, struct directory_record *ret)
{
	struct fake_directory *f = directory;

	pthread_mutex_lock(&f->gate);
	f->found++;
	pthread_mutex_unlock(&f->gate);
	if (!view_is(id, "alice")) {
		return err_fail(ERR_NOT_FOUND, "nobody");
	}
	(void)strcpy(ret->name, "Alice Example");
	return OK;
}

static enum err fake_probe(void *directory)
{
	(void)directory;
	return err_fail(ERR_DENIED, "not for you");
}

static const struct directory_backend backend = {
	.scheme = "fake",
	.open = fake_open,
	.close = fake_close,
	.find = fake_find,
	.probe = fake_probe,
};

struct world {
	struct fake_env env;
	struct loop *loop;
	struct connector *connector;
	int answers;
	enum err err;
	char name[300];
};

static struct directory_settings settings = {.timeout_ms = 1000};

static int set_up(void **state)
{
	static struct world w;
	struct ident realm;

	w = (struct world){.env = fake_env_of(1)};
	assert_ok(ident_parse(IDENT_FQDN, view_text("realm.example"), &realm));
	assert_ok(loop_new(&w.env.env, &w.loop));
	assert_ok(connector_new(w.loop, &backend, &settings, &realm, 2, &w.connector));
	*state = &w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	connector_free(w->connector);
	loop_free(w->loop);
	assert_int_equal(fake.opened, fake.closed);
	return 0;
}

static void on_answer(void *user, uint64_t ref, enum err err, const struct directory_record *record)
{
	struct world *w = user;

	assert_int_equal(ref, 17);
	w->answers++;
	w->err = err;
	(void)snprintf(w->name, sizeof(w->name), "%s", record ? record->name : err_detail());
}

static void wait_for(struct world *w, int answers)
{
	while (w->answers < answers) {
		loop_turn(w->loop, 50);
	}
}

static void an_answer_comes_on_the_loop(void **state)
{
	struct world *w = *state;

	assert_ok(connector_find(w->connector, view_text("alice"), on_answer, w, 17));
	assert_int_equal(w->answers, 0);
	wait_for(w, 1);
	assert_int_equal(w->err, OK);
	assert_string_equal(w->name, "Alice Example");
	assert_ok(connector_find(w->connector, view_text("bob"), on_answer, w, 17));
	wait_for(w, 2);
	assert_int_equal(w->err, ERR_NOT_FOUND);
	assert_string_equal(w->name, "nobody");
	assert_ok(connector_probe(w->connector, on_answer, w, 17));
	wait_for(w, 3);
	assert_int_equal(w->err, ERR_DENIED);
	assert_err(ERR_RANGE, connector_find(w->connector, view_text(""), on_answer, w, 17));
}

static void who_waits_behind_one_that_hangs_is_told_in_time(void **state)
{
	struct world *w = *state;
	int found = fake.found;

	pthread_mutex_lock(&fake.gate);
	assert_ok(connector_find(w->connector, view_text("alice"), on_answer, w, 17));
	assert_ok(connector_find(w->connector, view_text("alice"), on_answer, w, 17));
	assert_err(ERR_OVERLOAD, connector_find(w->connector, view_text("alice"), on_answer, w, 17));
	fake_env_advance(&w->env, 2001);
	pthread_mutex_unlock(&fake.gate);
	wait_for(w, 2);
	assert_int_equal(w->err, ERR_TIMEOUT);
	assert_true(fake.found <= found + 1); /* the second did not reach it */
}

static void closing_answers_nobody(void **state)
{
	struct world *w = *state;

	assert_ok(connector_find(w->connector, view_text("alice"), on_answer, w, 17));
	connector_free(w->connector);
	w->connector = NULL;
	loop_turn(w->loop, 0);
	assert_int_equal(w->answers, 0);
}

static void filters_are_escaped(void **state)
{
	BUF_CLEANUP struct buf filter = buf_growing(256);

	(void)state;
	assert_ok(directory_filter("(&(uid={id})(owner={dn}))", view_of("a*)(\\\0\xc3", 7),
		"cn=x,o=y", &filter));
	assert_string_equal(buf_string(&filter),
		"(&(uid=a\\2a\\29\\28\\5c\\00\\c3)(owner=cn=x,o=y))");
	buf_clear(&filter);
	struct buf small = buf_fixed((uint8_t[8]){0}, 8);

	assert_err(ERR_RANGE, directory_filter("(uid={id})", view_text("abcdef"), "", &small));
}

static void words_of_verification_are_translated(void **state)
{
	char gold[] = "a=b=postpaid";
	char *items[] = {gold};
	const struct conf_texts words = {.items = items, .count = 1};
	const struct directory_settings s = {.verifications = &words};
	struct directory_record record = {.device_count = 0};

	(void)state;
	assert_ok(directory_verification(&s, view_text("a=b"), &record));
	assert_string_equal(record.verification, "postpaid");
	assert_ok(directory_verification(&s, view_text("prepaid"), &record));
	assert_string_equal(record.verification, "prepaid");
	assert_err(ERR_SYNTAX, directory_verification(&s, view_text("a"), &record));
	assert_ok(directory_check_word("a=b=postpaid"));
	assert_err(ERR_CONFIG, directory_check_word("postpaid"));
	assert_err(ERR_CONFIG, directory_check_word("=none"));
	assert_err(ERR_CONFIG, directory_check_word("a=gold"));
}

static const char *value_of(const char *name, const char *value)
{
	static char text[DIRECTORY_VALUE + 1];
	struct buf out = buf_fixed(text, DIRECTORY_VALUE);

	assert_ok(directory_claim_value(name, view_text(value), &out));
	text[out.len] = '\0';
	return text;
}

/* req: B10.3 */
static void claims_are_written_as_claims_are(void **state)
{
	BUF_CLEANUP struct buf out = buf_growing(64);
	char name[DIRECTORY_CLAIM];
	int64_t day, time;

	(void)state;
	assert_string_equal(directory_claim("email=mail", name), "mail");
	assert_string_equal(name, "email");
	assert_string_equal(value_of("phone_number", "+49 (30) 12-34.56"), "+4930123456");
	assert_string_equal(value_of("birthdate", "19900131000000Z"), "1990-01-31");
	assert_string_equal(value_of("birthdate", "19900131"), "1990-01-31");
	assert_string_equal(value_of("birthdate", "1990-01-31"), "1990-01-31");
	assert_string_equal(value_of("family_name", "19900131"), "19900131");
	assert_err(ERR_SYNTAX, directory_claim_value("email", view_of("\xff", 1), &out));
	assert_ok(directory_time(view_text("20260131120000Z"), &time));
	assert_ok(directory_time(view_text("2026-01-31T00:00:00Z"), &day));
	assert_int_equal(time - day, 12 * 3600);
	assert_err(ERR_SYNTAX, directory_time(view_text("20260131"), &time));
	assert_err(ERR_SYNTAX, directory_time(view_text("2026013112000aZ"), &time));
	assert_ok(directory_check_claim("family_name=sn"));
	assert_err(ERR_CONFIG, directory_check_claim("family_name="));
	assert_err(ERR_CONFIG, directory_check_claim("family_name"));
	assert_err(ERR_CONFIG, directory_check_claim("name=cn"));
	assert_err(ERR_CONFIG, directory_check_claim("address=postalAddress"));
	assert_err(ERR_CONFIG, directory_check_claim("shoe_size=x"));
}

static void devices_are_identities(void **state)
{
	struct directory_record record = {.device_count = 0};
	const struct view none = {0};
	struct ident realm;

	(void)state;
	assert_ok(ident_parse(IDENT_FQDN, view_text("realm.example"), &realm));
	assert_ok(directory_add_device(&record, &realm, view_text("001010123456789"),
		view_text("904201560257637")));
	assert_view(ident_view(&record.devices[0].client), "001010123456789@realm.example");
	assert_view(ident_view(&record.devices[0].device), "urn:gsma:imei:90420156-025763-0");
	assert_ok(directory_add_device(&record, &realm,
		view_text("mac-0024befffe804ff1@realm.example"),
		view_text("urn:dev:mac:0024befffe804ff1")));
	assert_err(ERR_SYNTAX, directory_add_device(&record, &realm, none, none));
	assert_err(ERR_SYNTAX, directory_add_device(&record, &realm,
				       view_text("001010123456789@other.example"), none));
	assert_err(ERR_SYNTAX, directory_add_device(&record, &realm, view_text("001010123456789"),
				       view_text("x")));
	assert_int_equal(record.device_count, 2);
	while (record.device_count < DIRECTORY_DEVICES) {
		assert_ok(directory_add_device(&record, &realm, view_text("001010123456789"), none));
	}
	assert_err(ERR_RANGE,
		directory_add_device(&record, &realm, view_text("001010123456789"), none));
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(an_answer_comes_on_the_loop),
		IN_WORLD(who_waits_behind_one_that_hangs_is_told_in_time),
		IN_WORLD(closing_answers_nobody),
		TEST(filters_are_escaped),
		TEST(words_of_verification_are_translated),
		TEST(claims_are_written_as_claims_are),
		TEST(devices_are_identities),
	};
	return RUN_TESTS(tests);
}
