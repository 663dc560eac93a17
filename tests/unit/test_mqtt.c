// SPDX-License-Identifier: Apache-2.0
/* Publishing at a broker, which is a few bytes here; a real one is in tests/interop.  req: R7-iv-e */
#include "test.h"

#include "net/mqtt.h"
#include "net/stream.h"

#include <stdlib.h>
#include <unistd.h>

enum { TURNS = 4000, WAIT_MS = 5 };

struct world {
	struct loop *loop;
	struct listener *listener;
	struct stream *guest;
	struct buf got;
	unsigned connects, publishes, dones;
	uint8_t reason; /* of acknowledgements */
	bool silent;	/* no acknowledgements */
	struct mqtt *m;
	enum err result;
};

/* A broker that knows CONNECT and PUBLISH of one short topic, each shorter than 128 bytes. */
static void serve(struct world *w, struct view packet)
{
	static const uint8_t connack[] = {0x20, 3, 0, 0, 0};

	if (packet.data[0] == 0x10) {
		w->connects++;
		assert_ok(stream_send(w->guest, VIEW(connack)));
	} else if (packet.data[0] >> 4 == 3) {
		size_t id = 4 + packet.data[3];
		const uint8_t puback[] = {0x40, 3, packet.data[id], packet.data[id + 1], w->reason};

		w->publishes++;
		assert_int_equal(packet.data[0] & 6, 2); /* QoS 1 */
		assert_non_null(memmem(packet.data, packet.len, "a/b", 3));
		assert_non_null(memmem(packet.data, packet.len, "text/x", 6));
		if (!w->silent) {
			assert_ok(stream_send(w->guest, VIEW(puback)));
		}
	}
}

static size_t on_input(void *user, struct stream *s, struct view bytes)
{
	struct world *w = user;
	size_t used = 0;

	(void)s;
	while (bytes.len - used >= 2 && bytes.len - used >= 2u + bytes.data[used + 1]) {
		size_t len = 2u + bytes.data[used + 1];

		serve(w, view_of(bytes.data + used, len));
		used += len;
	}
	return used;
}

static void on_closed(void *user, struct stream *s, enum err why)
{
	(void)s;
	(void)why;
	((struct world *)user)->guest = NULL;
}

static void welcome(void *user, struct stream *s)
{
	static const struct stream_on on = {.input = on_input, .closed = on_closed};
	struct world *w = user;

	w->guest = s;
	stream_set(s, &on, w);
}

static const struct mqtt_options *options_for(const char *address)
{
	static struct mqtt_options options = {.authority = "",
		.certificate = "",
		.key = "",
		.username = "",
		.password_file = "",
		.client_id = "test"};

	options.address = address;
	return &options;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct listener_options options = {.address = "127.0.0.1:0"};

	assert_non_null(w);
	assert_ok(loop_new(&env_system, &w->loop));
	assert_ok(listener_open(w->loop, &options, welcome, w, &w->listener));
	assert_ok(mqtt_open(w->loop, options_for(listener_address(w->listener)), &w->m));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	mqtt_close(w->m);
	listener_close(w->listener);
	if (w->guest) {
		stream_abort(w->guest);
	}
	loop_free(w->loop);
	free(w);
	return 0;
}

#define until(w, condition)                                                                        \
	do {                                                                                       \
		int until_turns = 0;                                                               \
		while (!(condition)) {                                                             \
			if (until_turns++ > TURNS) {                                               \
				fail_msg("never came true: %s", #condition);                       \
			}                                                                          \
			loop_turn((w)->loop, WAIT_MS);                                             \
		}                                                                                  \
	} while (0)

static void told(void *user, enum err result)
{
	struct world *w = user;

	w->result = result;
	w->dones++;
}

static uint64_t publish(struct world *w)
{
	const struct mqtt_message message = {"a/b", view_text("hello"), "text/x"};
	uint64_t publication;

	assert_ok(mqtt_publish(w->m, &message, told, w, &publication));
	return publication;
}

static void a_publication_is_acknowledged(void **state)
{
	struct world *w = *state;

	until(w, mqtt_is_connected(w->m));
	assert_string_equal(mqtt_trouble(w->m), "");
	(void)publish(w);
	until(w, w->dones == 1);
	assert_ok(w->result);
	assert_int_equal(w->publishes, 1);
}

static void one_given_before_the_connection_is_sent_on_it(void **state)
{
	struct world *w = *state;

	(void)publish(w);
	(void)publish(w);
	until(w, w->dones == 2);
	assert_ok(w->result);
}

static void one_that_is_refused_is_told(void **state)
{
	struct world *w = *state;

	w->reason = 0x87;
	(void)publish(w);
	until(w, w->dones == 1);
	assert_err(ERR_DENIED, w->result);
	assert_said("refuses");
}

static void one_that_was_not_acknowledged_is_sent_again(void **state)
{
	struct world *w = *state;

	w->silent = true;
	(void)publish(w);
	until(w, w->publishes == 1);
	assert_int_equal(w->dones, 0);
	stream_abort(w->guest);
	w->guest = NULL;
	w->silent = false;
	until(w, w->dones == 1);
	assert_ok(w->result);
	assert_int_equal(w->connects, 2);
	assert_int_equal(w->publishes, 2);
}

static void one_that_is_forgotten_is_not_told(void **state)
{
	struct world *w = *state;

	mqtt_forget(w->m, publish(w));
	(void)publish(w);
	until(w, w->publishes == 2 && w->dones == 1);
}

static void what_is_no_broker_or_topic_is_refused(void **state)
{
	const struct mqtt_message odd = {"a/#", view_text("x"), "text/x"};
	struct world *w = *state;
	struct mqtt_options options = *options_for("127.0.0.1:1");
	struct mqtt *m = NULL;
	uint64_t publication;

	assert_err(ERR_SYNTAX, mqtt_publish(w->m, &odd, told, w, &publication));
	assert_err(ERR_CONFIG, mqtt_open(w->loop, options_for("unix:/run/x.sock"), &m));
	options.authority = "/nonexistent/ca.pem";
	assert_err(ERR_CONFIG, mqtt_open(w->loop, &options, &m));
	options.authority = "";
	options.username = "me";
	options.password_file = "/nonexistent/password";
	assert_err(ERR_CONFIG, mqtt_open(w->loop, &options, &m));
	options.username = "";
	assert_ok(mqtt_open(w->loop, &options, &m)); /* nobody there */
	until(w, strcmp(mqtt_trouble(m), "not connected yet") != 0);
	assert_false(mqtt_is_connected(m));
	mqtt_close(m);
}

#define TEST_IN_WORLD(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_IN_WORLD(a_publication_is_acknowledged),
		TEST_IN_WORLD(one_given_before_the_connection_is_sent_on_it),
		TEST_IN_WORLD(one_that_is_refused_is_told),
		TEST_IN_WORLD(one_that_was_not_acknowledged_is_sent_again),
		TEST_IN_WORLD(one_that_is_forgotten_is_not_told),
		TEST_IN_WORLD(what_is_no_broker_or_topic_is_refused),
	};

	return RUN_TESTS(tests);
}
