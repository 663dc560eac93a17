// SPDX-License-Identifier: Apache-2.0
/*
 * Notifications of a registry: nothing is lost, reordered or told to the wrong one, whatever receivers do, and over a restart.
 *  req: R7-iv-e R9.4-i-a R9.4-i-c R9.4-ii
 */
#include "test.h"

#include "base/text.h"
#include "postgres_server.h"
#include "registry.h"
#include "wire/security_event.h"
#include "wire/sse.h"

#include <stdlib.h>

enum { TOKENS = 64, TURNS = 4000 };

#define DEVICE	"IN.TEL.P01:imei:356938035643809"
#define DEVICE2 "IN.TEL.P01:imei:490154203237518"

/* A receiver of tokens, at its own URL. */
struct receiver {
	struct registry_flow *r;
	struct http_server *server;
	char url[64];
	unsigned status; /* what it answers */
	bool hangs;
	struct http_request *hanging;
	size_t count;
	struct {
		char jti[96], kind[32], device[64], text[64];
		int64_t sequence, items;
	} tokens[TOKENS];
};

static struct postgres_server server; /* none while SQLite is tested */
static struct registry_flow flow;
static struct receiver receiver;

static const char *const kinds[] = {"status_changed", "notice", "digest", "vulnerability_recorded",
	"device_registered", "subscription_changed"};

static void copy_text(const struct json *object, const char *name, char *to, size_t room)
{
	struct view text = view_text("");

	assert_ok(json_text_opt(object, name, &text));
	(void)snprintf(to, room, "%.*s", (int)text.len, (const char *)text.data);
}

/* As a receiver does that has pinned the registry's key. */
static void take_token(struct receiver *v, struct view token)
{
	const struct jose_key *key = v->r->registry.answer_key;
	struct security_event_read event;

	assert_true(v->count < TOKENS);
	assert_ok(security_event_read(&key, 1, view_text(v->url), token, &event));
	assert_view(event.iss, "IN.TEL.P01");
	(void)snprintf(v->tokens[v->count].jti, 96, "%.*s", (int)event.jti.len,
		(const char *)event.jti.data);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char type[96];

		(void)snprintf(type, sizeof(type), "%s%s", SECURITY_EVENT_PREFIX, kinds[i]);
		const struct json *told = json_member(event.events, type);

		if (told) {
			(void)snprintf(v->tokens[v->count].kind, 32, "%s", kinds[i]);
			assert_ok(
				json_int(told, "sequence", 1, 1000, &v->tokens[v->count].sequence));
			v->tokens[v->count].items = (int64_t)json_count(json_member(told, "items"));
			copy_text(told, "device", v->tokens[v->count].device, 64);
			copy_text(told, "trust", v->tokens[v->count].text, 64);
		}
	}
	v->count++;
	security_event_free(&event);
}

static void on_hanging_gone(struct http_request *request)
{
	receiver.hanging = NULL;
	http_answer_abort(request);
}

static void on_token(void *user, struct http_request *request)
{
	struct receiver *v = user;

	assert_true(view_is(http_field_of(request->head, "Content-Type"), SECURITY_EVENT_TYPE));
	take_token(v, request->body);
	if (v->hangs) {
		v->hanging = request;
		request->on_gone = on_hanging_gone;
		return;
	}
	if (v->status == 307) {
		const struct http_field to = {view_text("Location"), view_text("http://10.0.0.1/")};

		http_answer(request, 307, &to, 1, view_text(""));
		return;
	}
	http_answer_text(request, v->status, "application/json",
		v->status == 400 ? "{\"err\":\"invalid_request\"}" : "");
}

static void open_receiver(struct registry_flow *r)
{
	const struct http_server_options options = {.listen = {.address = "127.0.0.1:0"}};

	receiver = (struct receiver){.r = r, .status = 202};
	assert_ok(http_server_open(r->loop, &options, on_token, &receiver, &receiver.server));
	(void)snprintf(receiver.url, sizeof(receiver.url), "http://%s/hook",
		http_server_address(receiver.server));
}

static int open_world(void **state)
{
	if (registry_flow_store) {
		postgres_server_clear(&server, "postgres");
	}
	registry_flow_start(&flow, "IN.TEL.P01",
		"webhook: {plain: true, networks: 127.0.0.0/8}\n"
		"notifications: {subscriptions_each: 3, backlog: 10, timeout: 2s, give_up: 1h,"
		" backlog_age: 1d}\n");
	open_receiver(&flow);
	*state = &flow;
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	if (receiver.server) {
		http_server_close(receiver.server);
	}
	registry_flow_stop(&flow);
	return 0;
}

#define until(condition)                                                                           \
	do {                                                                                       \
		int until_turns = 0;                                                               \
		while (!(condition)) {                                                             \
			if (until_turns++ > TURNS) {                                               \
				fail_msg("never came true: %s", #condition);                       \
			}                                                                          \
			loop_turn(flow.loop, 5);                                                   \
		}                                                                                  \
	} while (0)

static void some_turns(void)
{
	for (int i = 0; i < 20; i++) {
		loop_turn(flow.loop, 1);
	}
}

/* The id of a new subscription; `rest` are members behind the delivery. */
static void subscribe(const char *delivery, const char *rest, char ret[32])
{
	char body[512];

	(void)snprintf(body, sizeof(body), "{\"delivery\":%s%s}", delivery, rest);
	assert_registry(&flow, 201, "POST", "/v1/subscriptions", body);
	const char *id = strstr(registry_said(&flow), "\"id\":\"");

	assert_non_null(id);
	(void)snprintf(ret, 32, "%.22s", id + 6);
}

static void subscribe_hook(const char *rest, char ret[32])
{
	char delivery[128];

	(void)snprintf(delivery, sizeof(delivery), "{\"method\":\"webhook\",\"url\":\"%s\"}",
		receiver.url);
	subscribe(delivery, rest, ret);
}

static const char *show(const char *id, const char *more)
{
	char target[128];

	(void)snprintf(target, sizeof(target), "/v1/subscriptions/%s%s", id, more);
	assert_registry(&flow, 200, "GET", target, NULL);
	return registry_said(&flow);
}

static int64_t log_status(const char *device, const char *trust)
{
	char record[256];

	(void)snprintf(record, sizeof(record),
		"{\"subject\":\"%s\",\"make\":\"Acme\",\"model\":\"X1\",\"was\":\"unverified\","
		"\"trust\":\"%s\",\"owner_name\":\"nobody's business\"}",
		device, trust);
	return registry_log(&flow, EVENT_STATUS_CHANGED, device, record);
}

/* ---- webhooks ---- */

static void what_was_asked_for_is_told_in_order(void **state)
{
	char id[32], jti[64];

	(void)state;
	subscribe_hook(",\"filter\":{\"to\":\"unreliable\"}", id);
	(void)log_status(DEVICE, "unreliable");
	(void)log_status(DEVICE, "trusted");
	for (int i = 0; i < 5; i++) {
		(void)log_status(i % 2 ? DEVICE : DEVICE2, "unreliable");
	}
	until(receiver.count == 6);
	for (size_t i = 0; i < 6; i++) {
		(void)snprintf(jti, sizeof(jti), "%s.%zu", id, i + 1);
		assert_string_equal(receiver.tokens[i].jti, jti);
		assert_int_equal(receiver.tokens[i].sequence, i + 1);
		assert_string_equal(receiver.tokens[i].kind, "status_changed");
		assert_string_equal(receiver.tokens[i].text, "unreliable");
	}
	some_turns();
	assert_int_equal(receiver.count, 6);
	assert_non_null(strstr(show(id, ""), "\"waiting\":0"));
}

static void a_receiver_that_fails_is_tried_again_with_the_same_token(void **state)
{
	char id[32];

	(void)state;
	subscribe_hook("", id);
	receiver.status = 500;
	(void)log_status(DEVICE, "unreliable");
	(void)log_status(DEVICE, "trusted");
	until(receiver.count == 1);
	until(strstr(show(id, ""), "answered 500"));
	receiver.status = 307; /* into the private network: not followed */
	fake_env_advance(&flow.env, 1000);
	until(receiver.count == 2);
	until(strstr(show(id, ""), "redirects are not followed"));
	receiver.status = 202;
	fake_env_advance(&flow.env, 1000); /* not yet: the pause has doubled */
	some_turns();
	assert_int_equal(receiver.count, 2);
	fake_env_advance(&flow.env, 1000);
	until(receiver.count == 4);
	assert_string_equal(receiver.tokens[0].jti, receiver.tokens[1].jti);
	assert_string_equal(receiver.tokens[0].jti, receiver.tokens[2].jti);
	assert_int_equal(receiver.tokens[3].sequence, 2);
	assert_string_equal(receiver.tokens[3].text, "trusted");
}

static void a_receiver_that_hangs_holds_up_nobody_else(void **state)
{
	char id[32], other[32];

	(void)state;
	subscribe_hook(",\"filter\":{\"devices\":[\"" DEVICE "\"]}", id);
	receiver.hangs = true;
	(void)log_status(DEVICE, "unreliable");
	until(receiver.hanging);
	receiver.hangs = false;
	subscribe_hook(",\"filter\":{\"devices\":[\"" DEVICE2 "\"]}", other);
	(void)log_status(DEVICE2, "unreliable");
	until(receiver.count == 2);
	assert_string_equal(receiver.tokens[1].device, DEVICE2);
	until(strstr(show(other, ""), "\"waiting\":0"));
	fake_env_advance(&flow.env, 2000);
	until(!receiver.hanging);
	until(strstr(show(id, ""), "trouble"));
	fake_env_advance(&flow.env, 1000);
	until(receiver.count == 3);
	assert_string_equal(receiver.tokens[2].jti, receiver.tokens[0].jti);
}

static void a_receiver_in_the_private_network_is_not_asked(void **state)
{
	char id[32];

	(void)state;
	subscribe("{\"method\":\"webhook\",\"url\":\"http://10.1.2.3/\"}", "", id);
	(void)log_status(DEVICE, "unreliable");
	until(strstr(show(id, ""), "not a public one"));
}

static void what_a_receiver_refuses_is_a_dead_letter(void **state)
{
	char id[32], target[128];

	(void)state;
	subscribe_hook("", id);
	receiver.status = 400;
	(void)log_status(DEVICE, "unreliable");
	until(strstr(show(id, "/dead-letters"), "invalid_request"));
	receiver.status = 202;
	(void)log_status(DEVICE, "trusted");
	until(receiver.count == 2);
	assert_int_equal(receiver.tokens[1].sequence, 2);
	(void)snprintf(target, sizeof(target), "/v1/subscriptions/%s/dead-letters/1/replay", id);
	assert_registry(&flow, 202, "POST", target, "{}");
	until(receiver.count == 3);
	assert_string_equal(receiver.tokens[2].jti, receiver.tokens[0].jti);
	assert_registry(&flow, 404, "POST", target, "{}");
	assert_non_null(strstr(show(id, "/dead-letters"), "\"items\":[]"));
}

static void what_cannot_be_delivered_for_long_is_given_up(void **state)
{
	char id[32], target[128];

	(void)state;
	subscribe_hook("", id);
	receiver.status = 503;
	(void)log_status(DEVICE, "unreliable");
	(void)log_status(DEVICE, "trusted");
	until(receiver.count == 1);
	until(strstr(show(id, ""), "answered 503"));
	fake_env_advance(&flow.env, 61 * 60 * 1000);
	until(strstr(show(id, "/dead-letters"), "\"sequence\":2"));
	assert_non_null(strstr(show(id, "/dead-letters"), "\"sequence\":1"));
	until(strstr(show(id, ""), "\"waiting\":0"));
	(void)snprintf(target, sizeof(target), "/v1/subscriptions/%s/dead-letters/all", id);
	assert_registry(&flow, 204, "DELETE", target, NULL);
	assert_non_null(strstr(show(id, "/dead-letters"), "\"items\":[]"));
}

static void a_full_backlog_shows_in_the_sequence(void **state)
{
	char id[32];

	(void)state;
	subscribe_hook("", id);
	receiver.status = 503;
	for (int i = 0; i < 15; i++) {
		(void)log_status(DEVICE, "unreliable");
	}
	until(strstr(show(id, ""), "\"waiting\":10,"));
	receiver.status = 202;
	receiver.count = 0;
	fake_env_advance(&flow.env, 1000);
	until(receiver.count == 10);
	until(strstr(show(id, ""), "\"waiting\":0"));
	(void)log_status(DEVICE, "trusted");
	until(receiver.count == 11);
	assert_int_equal(receiver.tokens[10].sequence, 16);
}

/* ---- over a restart ---- */

static void nothing_is_lost_over_a_restart(void **state)
{
	char id[32];

	(void)state;
	subscribe_hook("", id);
	receiver.status = 503;
	(void)log_status(DEVICE, "unreliable");
	(void)log_status(DEVICE, "trusted");
	until(receiver.count == 1);
	registry_flow_restart(&flow);
	receiver.status = 202;
	(void)log_status(DEVICE, "unverified");
	until(receiver.count == 4);
	assert_string_equal(receiver.tokens[1].jti, receiver.tokens[0].jti);
	assert_int_equal(receiver.tokens[2].sequence, 2);
	assert_int_equal(receiver.tokens[3].sequence, 3);
	assert_string_equal(receiver.tokens[3].text, "unverified");
}

/* ---- digests ---- */

static void a_digest_tells_a_period_at_once(void **state)
{
	char id[32];

	(void)state;
	subscribe_hook(",\"digest\":{\"period\":3600}", id);
	for (int i = 0; i < 4; i++) {
		(void)log_status(DEVICE, i % 2 ? "trusted" : "unreliable");
	}
	until(strstr(show(id, ""), "\"waiting\":4"));
	some_turns();
	assert_int_equal(receiver.count, 0);
	receiver.status = 500;
	fake_env_advance(&flow.env, 3600 * 1000);
	until(receiver.count == 1);
	until(strstr(show(id, ""), "answered 500"));
	(void)log_status(DEVICE, "unverified"); /* of the next period */
	receiver.status = 202;
	fake_env_advance(&flow.env, 1000);
	until(receiver.count == 2);
	assert_string_equal(receiver.tokens[1].kind, "digest");
	assert_int_equal(receiver.tokens[1].items, 4);
	assert_string_equal(receiver.tokens[1].jti, receiver.tokens[0].jti);
	until(strstr(show(id, ""), "\"waiting\":1"));
	fake_env_advance(&flow.env, 3600 * 1000);
	until(receiver.count == 3);
	assert_int_equal(receiver.tokens[2].items, 1);
	assert_int_equal(receiver.tokens[2].sequence, 5);
}

/* ---- bulk ---- */

static void a_notice_reaches_all_whom_it_concerns(void **state)
{
	char acme[32], other[32];

	(void)state;
	subscribe_hook(",\"filter\":{\"make\":\"acme\",\"model\":\"x1\"}", acme);
	subscribe_hook(",\"filter\":{\"make\":\"other\"}", other);
	assert_registry(&flow, 202, "POST", "/v1/notices",
		"{\"make\":\"Acme\",\"model\":\"X1\",\"severity\":\"high\",\"title\":\"update "
		"now\"}");
	until(receiver.count == 1);
	assert_string_equal(receiver.tokens[0].kind, "notice");
	assert_true(strncmp(receiver.tokens[0].jti, acme, 22) == 0);
	assert_registry(&flow, 400, "POST", "/v1/notices", "{\"model\":\"X1\",\"title\":\"t\"}");
	assert_registry(&flow, 400, "POST", "/v1/notices", "{\"make\":\"Acme\"}");
	assert_registry(&flow, 400, "POST", "/v1/notices", "{\"title\":\"t\",\"colour\":\"red\"}");
}

/* ---- event streams ---- */

struct follower {
	struct http_client *client;
	struct http_call *call;
	struct sse sse;
	size_t count;
	char ids[TOKENS][24], last[512];
	bool done;
};

static enum err on_event(void *user, const struct sse_event *event)
{
	struct follower *f = user;

	assert_true(f->count < TOKENS);
	(void)snprintf(f->ids[f->count++], 24, "%.*s", (int)event->id.len,
		(const char *)event->id.data);
	(void)snprintf(f->last, sizeof(f->last), "%.*s", (int)event->data.len,
		(const char *)event->data.data);
	return OK;
}

static void on_stream_part(void *user, struct view part)
{
	struct follower *f = user;

	assert_ok(sse_feed(&f->sse, part, on_event, f));
}

static void on_stream_done(void *user, enum err result)
{
	(void)result;
	((struct follower *)user)->done = true;
}

static void follow(struct follower *f, const char *id, const char *more, const char *last_id)
{
	static const struct http_call_on on = {NULL, on_stream_part, on_stream_done};
	const struct http_field last = {view_text("Last-Event-ID"), view_text(last_id)};
	char address[ADDRESS_MAX], target[128];

	(void)snprintf(address, sizeof(address), "unix:%s/api.sock", flow.dir);
	(void)snprintf(target, sizeof(target), "/v1/subscriptions/%s/events%s", id, more);
	const struct http_client_options options = {.address = address, .host = "registry"};

	*f = (struct follower){.sse = sse_of(JOSE_MAX)};
	assert_ok(http_client_new(flow.loop, &options, &f->client));
	assert_ok(http_client_call(f->client, "GET", view_text(target), &last, last_id[0] ? 1 : 0,
		view_text(""), &on, f, &f->call));
}

static void leave(struct follower *f)
{
	if (!f->done) {
		http_call_cancel(f->call);
	}
	http_client_free(f->client);
	sse_free(&f->sse);
}

static void a_stream_goes_on_where_it_was(void **state)
{
	struct follower f;
	char id[32];

	(void)state;
	subscribe("{\"method\":\"sse\"}", "", id);
	(void)log_status(DEVICE, "unreliable");
	follow(&f, id, "", "");
	until(f.count == 1);
	(void)log_status(DEVICE, "trusted");
	until(f.count == 2);
	assert_string_equal(f.ids[1], "2");
	assert_non_null(strstr(f.last, "\"kind\":\"status_changed\""));
	assert_non_null(strstr(f.last, "\"trust\":\"trusted\""));
	assert_null(strstr(f.last, "owner")); /* what a record has besides is not told */
	leave(&f);
	until(strstr(show(id, ""), "\"open\":false"));
	(void)log_status(DEVICE, "unverified");
	follow(&f, id, "", "1"); /* the second was not seen */
	until(f.count == 2);
	assert_string_equal(f.ids[0], "2");
	assert_string_equal(f.ids[1], "3");
	until(strstr(show(id, ""), "\"waiting\":2"));
	leave(&f);
	until(strstr(show(id, ""), "\"open\":false"));
	registry_flow_restart(&flow);
	follow(&f, id, "", "");
	until(f.count == 2);
	assert_string_equal(f.ids[0], "2");
	leave(&f);
}

static void a_stream_may_be_of_tokens_and_is_one(void **state)
{
	struct follower first, second;
	char id[32], target[128];

	(void)state;
	subscribe("{\"method\":\"sse\"}", "", id);
	follow(&first, id, "", "");
	(void)log_status(DEVICE, "unreliable");
	until(first.count == 1);
	follow(&second, id, "?form=jws", "");
	until(second.count == 1 && first.done);
	assert_int_equal(strncmp(second.last, "ey", 2), 0);
	(void)snprintf(target, sizeof(target), "/v1/subscriptions/%s/acknowledged", id);
	assert_registry(&flow, 204, "POST", target, "{\"sequence\":1}");
	until(strstr(show(id, ""), "\"waiting\":0"));
	leave(&first);
	(void)snprintf(target, sizeof(target), "/v1/subscriptions/%s/events?form=xml", id);
	assert_registry(&flow, 400, "GET", target, NULL);
	(void)snprintf(target, sizeof(target), "/v1/subscriptions/%s", id);
	assert_registry(&flow, 204, "DELETE", target, NULL);
	until(second.done);
	leave(&second);
}

static void what_nobody_fetches_expires(void **state)
{
	struct follower f;
	char id[32];

	(void)state;
	subscribe("{\"method\":\"sse\"}", "", id);
	(void)log_status(DEVICE, "unreliable");
	until(strstr(show(id, ""), "\"waiting\":1"));
	fake_env_advance(&flow.env, 25 * 60 * 60 * 1000);
	until(strstr(show(id, ""), "\"waiting\":0"));
	(void)log_status(DEVICE, "trusted");
	follow(&f, id, "", "");
	until(f.count == 1);
	assert_string_equal(f.ids[0], "2"); /* that there was a first one shows */
	leave(&f);
}

/* ---- subscriptions ---- */

static void subscriptions_are_kept_shown_and_dropped(void **state)
{
	char id[32], second[32], target[128];

	(void)state;
	subscribe_hook(",\"label\":\"one\"", id);
	subscribe_hook(",\"label\":\"two\"", second);
	assert_non_null(strstr(show(id, ""), "\"label\":\"one\""));
	assert_registry(&flow, 200, "GET", "/v1/subscriptions?limit=1", NULL);
	assert_registry_said(&flow, "\"next\":");
	assert_registry(&flow, 200, "GET", "/v1/subscriptions", NULL);
	assert_registry_said(&flow, "\"label\":\"one\"");
	assert_registry_said(&flow, "\"label\":\"two\"");
	registry_flow_restart(&flow);
	assert_non_null(strstr(show(id, ""), "\"label\":\"one\""));
	(void)snprintf(target, sizeof(target), "/v1/subscriptions/%s", id);
	assert_registry(&flow, 204, "DELETE", target, NULL);
	assert_registry(&flow, 404, "DELETE", target, NULL);
	assert_registry(&flow, 404, "GET", target, NULL);
	(void)log_status(DEVICE, "trusted");
	until(receiver.count == 1);
	assert_true(strncmp(receiver.tokens[0].jti, second, 22) == 0);
}

static void there_are_ceilings_and_checks(void **state)
{
	static const char *const bad[] = {
		"{\"delivery\":{\"method\":\"webhook\",\"url\":\"ftp://a.example/\"}}",
		"{\"delivery\":{\"method\":\"sse\"},\"filter\":{\"kinds\":[\"gossip\"]}}",
		"{\"delivery\":{\"method\":\"sse\"},\"filter\":{\"own\":true}}",
		"{\"delivery\":{\"method\":\"sse\"},\"filters\":{}}",
	};
	char id[32];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_registry(&flow, 400, "POST", "/v1/subscriptions", bad[i]);
	}
	assert_int_not_equal(registry_ask(&flow, "POST", "/v1/subscriptions",
				     "{\"delivery\":{\"method\":\"mqtt\"}}"),
		201); /* no broker is configured */
	for (int i = 0; i < 3; i++) {
		subscribe("{\"method\":\"sse\"}", "", id);
	}
	assert_registry(&flow, 403, "POST", "/v1/subscriptions",
		"{\"delivery\":{\"method\":\"sse\"}}");
	assert_registry_said(&flow, "as many");
}

static void a_kind_that_is_asked_for_is_told(void **state)
{
	char id[32];

	(void)state;
	subscribe_hook(",\"filter\":{\"kinds\":[\"device_registered\"]}", id);
	(void)log_status(DEVICE, "trusted");
	(void)registry_log(&flow, EVENT_DEVICE_REGISTERED, DEVICE,
		"{\"subject\":\"" DEVICE "\",\"make\":\"Acme\"}");
	until(receiver.count == 1);
	assert_string_equal(receiver.tokens[0].kind, "device_registered");
	assert_string_equal(receiver.tokens[0].device, DEVICE);
}

static void an_advisory_is_for_those_whose_model_it_names(void **state)
{
	char acme[32], other[32];

	(void)state;
	subscribe_hook(",\"filter\":{\"make\":\"acme\",\"model\":\"x2\",\"severity\":\"high\"}",
		acme);
	subscribe_hook(",\"filter\":{\"make\":\"acme\",\"model\":\"x3\"}", other);
	(void)registry_log(&flow, EVENT_VULNERABILITY_RECORDED, "csaf:2026-1",
		"{\"subject\":\"csaf:2026-1\",\"severity\":\"medium\",\"models\":"
		"[{\"make\":\"Acme\",\"model\":\"X2\"}]}");
	(void)registry_log(&flow, EVENT_VULNERABILITY_RECORDED, "csaf:2026-2",
		"{\"subject\":\"csaf:2026-2\",\"severity\":\"critical\",\"tlp\":\"red\",\"models\":"
		"[{\"make\":\"Acme\",\"model\":\"X1\"},{\"make\":\"Acme\",\"model\":\"X2\"}]}");
	until(receiver.count == 1);
	assert_true(strncmp(receiver.tokens[0].jti, acme, 22) == 0);
	assert_string_equal(receiver.tokens[0].kind, "vulnerability_recorded");
}

/* A client that does not read gets no more than fits on the way, and loses nothing. */
static void a_stream_that_is_not_read_waits(void **state)
{
	enum { EVENTS = 10 };
	struct follower f;
	char id[32];

	(void)state;
	subscribe("{\"method\":\"sse\"}", "", id);
	follow(&f, id, "", "");
	(void)log_status(DEVICE, "unreliable");
	until(f.count == 1);
	http_call_pause(f.call);
	for (int i = 1; i < EVENTS; i++) {
		(void)log_status(DEVICE, "trusted");
	}
	some_turns();
	assert_int_equal(f.count, 1);
	http_call_resume(f.call);
	until(f.count == EVENTS);
	assert_string_equal(f.ids[EVENTS - 1], "10");
	leave(&f);
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(what_was_asked_for_is_told_in_order),
		IN_WORLD(a_receiver_that_fails_is_tried_again_with_the_same_token),
		IN_WORLD(a_receiver_that_hangs_holds_up_nobody_else),
		IN_WORLD(a_receiver_in_the_private_network_is_not_asked),
		IN_WORLD(what_a_receiver_refuses_is_a_dead_letter),
		IN_WORLD(what_cannot_be_delivered_for_long_is_given_up),
		IN_WORLD(a_full_backlog_shows_in_the_sequence),
		IN_WORLD(nothing_is_lost_over_a_restart),
		IN_WORLD(a_digest_tells_a_period_at_once),
		IN_WORLD(a_notice_reaches_all_whom_it_concerns),
		IN_WORLD(a_stream_goes_on_where_it_was),
		IN_WORLD(a_stream_may_be_of_tokens_and_is_one),
		IN_WORLD(what_nobody_fetches_expires),
		IN_WORLD(subscriptions_are_kept_shown_and_dropped),
		IN_WORLD(there_are_ceilings_and_checks),
		IN_WORLD(a_kind_that_is_asked_for_is_told),
		IN_WORLD(an_advisory_is_for_those_whose_model_it_names),
		IN_WORLD(a_stream_that_is_not_read_waits),
	};

	int failed = RUN_TESTS(tests);
	char url[160];

	if (!postgres_server_new(&server)) {
		return failed;
	}
	postgres_server_url(&server, "postgres", url);
	registry_flow_store = url;
	failed += cmocka_run_group_tests_name("registry_notify on PostgreSQL", tests, NULL, NULL);
	postgres_server_free(&server);
	return failed;
}
