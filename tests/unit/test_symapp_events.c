// SPDX-License-Identifier: Apache-2.0
/*
 * What an application element is told over RP_A (9.6.1): two authentication nodes that the test plays take its
 * announcements, push tokens and end them, rightly and wrongly.
 */
#include "test.h"

#include "app/symapp.h"
#include "base/text.h"
#include "rp_a_node.h"
#include "wire/gba_xml.h"
#include "wire/rp_messages.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#define NODE	"authn1.realm.example"
#define FOREIGN "authn2.realm.example"
#define APP	"app.example"
#define GROUP	"group.example"
#define GBA_ID	"ICEiIyQlJicoKSorLC0uLw==@" NODE
#define OLD	"AAAAAAAAAAAAAAAAAAAAAAAA@" NODE
#define NEW	"BBBBBBBBBBBBBBBBBBBBBBBB@" NODE
#define DEVICE	"90G0DZKNLS5XhSFmrTrqdavy"

enum { CHANGES_MAX = 64 };

static bool over_https;

/* An authentication node. */
struct authn {
	struct fixture *f;
	const char *host;
	struct rp_a_node node;
	uint8_t log[16];
	uint64_t serial; /* of its log, as it answers announcements */
	uint32_t result; /* of announcements; 0: it takes none */
	bool bare;	 /* the answer has no log */
	int announcements;
	struct rp_rpr last; /* views are not kept */
	bool had_log;
	char naf_ids[256];
	/* pulls */
	int pulls;
	bool silent;
	struct rp_a_ask *pull;
};

struct fixture {
	struct world w;
	char dir[32], store[64], master[64];
	struct authn own, foreign;
	struct ident application, other, group;
	struct symapp *app;
	struct symapp_options options;
	struct diameter_peer_options peers[2];
	struct symapp_node nodes[2];
	struct symapp_application served;
	bool stored;
	/* what the program was told */
	size_t change_count;
	struct {
		enum symapp_kind kind;
		char id[TOKEN_ID_MAX + 1], application[IDENT_MAX + 1];
		int64_t until;
		bool granted;
	} changes[CHANGES_MAX];
	bool ready;
	struct symapp_token token;
};

/* The authentication nodes */

static void on_announced(void *user, struct rp_a_ask *ask, const struct rp_rpr *rpr)
{
	struct authn *a = user;
	struct buf naf_ids = buf_fixed(a->naf_ids, sizeof(a->naf_ids));

	a->announcements++;
	if (a->result == 0) {
		rp_a_node_refuse(ask);
		return;
	}
	a->last = *rpr;
	assert_int_equal(rpr->type, RP_A_ANNOUNCE);
	a->had_log = rpr->log.len > 0 && view_equal(rpr->log, VIEW(a->log));
	for (size_t i = 0; i < rpr->announced_count; i++) {
		for (size_t j = 0; j < rpr->announced[i].naf_id_count; j++) {
			struct view naf_id = rpr->announced[i].naf_ids[j];

			buf_printf(&naf_ids, "%.*s/%02x%02x ", (int)naf_id.len - UA_SIZE,
				(const char *)naf_id.data, naf_id.data[naf_id.len - 2],
				naf_id.data[naf_id.len - 1]);
		}
		buf_printf(&naf_ids, "at %.*s by %zu shared %u;", (int)rpr->announced[i].address.len,
			(const char *)rpr->announced[i].address.data,
			rpr->announced[i].mechanism_count, rpr->announced[i].shared);
	}
	buf_u8(&naf_ids, 0);
	const struct rp_rpa rpa = {.s = {.has_result = a->result == DIAMETER_SUCCESS,
					   .result = a->result,
					   .has_experimental = a->result != DIAMETER_SUCCESS,
					   .experimental = a->result,
					   .origin_host = view_text(a->host),
					   .origin_realm = view_text("realm.example"),
					   .auth_session_state = 1,
					   .error_message = view_text("said so")},
		.log = a->bare ? (struct view){0} : VIEW(a->log),
		.has_serial = !a->bare,
		.serial = a->serial};

	rp_a_node_accept(ask, &rpa);
}

/* Over HTTPS the element says with its stream what it has. */
static void on_followed(void *user, struct view log, uint64_t serial)
{
	struct authn *a = user;

	a->had_log = log.len > 0 && view_equal(log, VIEW(a->log));
	a->last.has_serial = log.len > 0;
	a->last.serial = serial;
}

static void give(struct authn *a, struct rp_a_ask *ask)
{
	uint8_t key[TOKEN_KEY];
	int64_t now = env_wall(loop_env(a->f->w.loop));

	memset(key, 0xb0, sizeof(key));
	const struct rp_bia bia = {.s = {.origin_host = view_text(a->host),
					   .origin_realm = view_text("realm.example"),
					   .auth_session_state = 1,
					   .has_result = true,
					   .result = DIAMETER_SUCCESS},
		.key_material = VIEW(key),
		.has_expiry = true,
		.expiry = now + 3600,
		.has_creation = true,
		.creation = now};

	rp_a_node_give(ask, &bia);
}

static void on_pull(void *user, struct rp_a_ask *ask, const struct rp_bir *bir)
{
	struct authn *a = user;

	(void)bir;
	a->pulls++;
	if (a->silent) {
		a->pull = ask;
	} else {
		give(a, ask);
	}
}

static void start_authn(struct authn *a, const char *address)
{
	static const struct rp_a_node_on on = {on_pull, on_announced, on_followed};

	rp_a_node_open(&a->node, &a->f->w, a->host, address, over_https, &on, a);
}

/* The element */

static void on_change(void *user, const struct symapp_change *change)
{
	struct fixture *f = user;

	assert_true(f->change_count < CHANGES_MAX);
	f->changes[f->change_count].kind = change->kind;
	f->changes[f->change_count].until = change->until;
	f->changes[f->change_count].granted = change->granted;
	assert_ok(text_copy(f->changes[f->change_count].id, TOKEN_ID_MAX + 1, change->token_id,
		"id"));
	memcpy(f->changes[f->change_count++].application, change->application->text, IDENT_MAX + 1);
}

static void announce(struct fixture *f)
{
	assert_ok(symapp_announce(f->app, &f->served, 1));
}

static void until_announced(struct fixture *f, int count)
{
	for (int i = 0; i < 2000 && f->own.announcements < count; i++) {
		loop_turn(f->w.loop, 1);
	}
	assert_int_equal(f->own.announcements, count);
	world_settle(&f->w);
}

static void start_app(struct fixture *f)
{
	int before = f->own.announcements;

	for (size_t i = 0; i < 2; i++) {
		struct authn *a = i == 0 ? &f->own : &f->foreign;

		f->peers[i] = (struct diameter_peer_options){.host = a->host,
			.realm = "realm.example",
			.address = a->node.address,
			.plain = true};
		f->nodes[i] = (struct symapp_node){.host = a->host,
			.address = a->node.address,
			.plain = true};
	}
	f->options.nodes = f->nodes;
	f->options.node_count = over_https ? 2 : 0;
	f->options.diameter = (struct diameter_node_options){.host = "gateway.app.example",
		.realm = "app.example",
		.listen = "",
		.listen_plain = "",
		.peers = f->peers,
		.peer_count = over_https ? 0 : 2};
	f->options.changed = on_change;
	f->options.user = f;
	if (f->stored) {
		f->options.store_url = f->store;
		f->options.master_key = f->master;
	}
	assert_ok(symapp_new(f->w.loop, &f->options, &f->app));
	announce(f);
	until_announced(f, before + 1);
}

static void stop_app(struct fixture *f)
{
	symapp_free(f->app);
	f->app = NULL;
	world_settle(&f->w);
}

static int set_up(void **state)
{
	static struct fixture f;
	char hex[65];

	memset(&f, 0, sizeof(f));
	log_open(2, "test", LOG_ERROR);
	world_open(&f.w);
	(void)strcpy(f.dir, "/tmp/symapp-XXXXXX");
	assert_non_null(mkdtemp(f.dir));
	(void)snprintf(f.store, sizeof(f.store), "sqlite:%s/element.db", f.dir);
	(void)snprintf(f.master, sizeof(f.master), "%s/master", f.dir);
	memset(hex, '7', 64);
	hex[64] = '\n';
	assert_ok(text_write_file(f.master, view_of(hex, 65), 0600));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(APP), &f.application));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text("other.example"), &f.other));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(GROUP), &f.group));
	f.own = (struct authn){.f = &f, .host = NODE, .result = DIAMETER_SUCCESS, .serial = 10};
	f.foreign = (struct authn){.f = &f, .host = FOREIGN, .result = DIAMETER_SUCCESS};
	memset(f.own.log, 'L', sizeof(f.own.log));
	memset(f.foreign.log, 'F', sizeof(f.foreign.log));
	f.served = (struct symapp_application){.id = f.application,
		.uas = {UA_TLS13_PSK, UA_TLS12(0xccac)},
		.ua_count = 2,
		.address = "app.example:443",
		.mechanisms = {"tls13-psk", "tls12-psk"},
		.mechanism_count = 2};
	start_authn(&f.own, "127.0.0.1:0");
	start_authn(&f.foreign, "127.0.0.1:0");
	*state = &f;
	return 0;
}

static int set_up_stored(void **state)
{
	int result = set_up(state);

	((struct fixture *)*state)->stored = true;
	return result;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[96];

	symapp_free(f->app);
	rp_a_node_close(&f->own.node);
	rp_a_node_close(&f->foreign.node);
	world_close(&f->w);
	(void)snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	return 0;
}

/* Events */

/* An event, as a test changes it before it is sent. */
struct event {
	enum rp_a_type type;
	uint64_t serial;
	const char *id, *application, *key_application, *format, *degree, *uid;
	int64_t from, lifetime; /* from now */
	struct ua uas[3];
	size_t ua_count, key_len;
	uint8_t byte; /* of the key */
	struct view log;
};

static struct event event_of(enum rp_a_type type, uint64_t serial, const char *id)
{
	return (struct event){.type = type,
		.serial = serial,
		.id = id,
		.application = APP,
		.format = "y3056",
		.degree = "standard",
		.uid = DEVICE,
		.lifetime = 3600,
		.uas = {UA_TLS13_PSK},
		.ua_count = type == RP_A_PUSH,
		.key_len = TOKEN_KEY,
		.byte = 0x61};
}

static struct view naf_id_of(const char *application, struct ua ua, uint8_t room[NAF_ID_MAX])
{
	struct buf out = buf_fixed(room, NAF_ID_MAX);

	buf_text(&out, application);
	buf_bytes(&out, ua.bytes, UA_SIZE);
	assert_ok(buf_end(&out, "NAF-Id"));
	return buf_contents(&out);
}

static void send_event(struct authn *from, const struct event *e, struct rp_a_told *ret)
{
	BUF_CLEANUP struct buf settings = buf_growing(4096);
	uint8_t rooms[4][NAF_ID_MAX], key[TOKEN_KEY];
	struct guss guss = {.uss_count = 1};
	int64_t now = env_wall(loop_env(from->f->w.loop));

	memset(key, e->byte, sizeof(key));
	guss.uss[0].id = 1;
	(void)strcpy(guss.uss[0].uid, e->uid ? e->uid : "");
	gba_xml_write_uss_list(&settings, &guss);
	struct rp_rpr rpr = {.type = e->type,
		.log = e->log,
		.has_serial = e->serial > 0,
		.serial = e->serial,
		.transaction_id = view_text(e->id),
		.naf_id = naf_id_of(e->application, UA_ALL, rooms[0]),
		.key_count = e->ua_count,
		.format = view_text(e->format),
		.degree = view_text(e->degree),
		.has_expiry = e->type != RP_A_REVOKE && e->lifetime != 0,
		.expiry = now + e->lifetime,
		.has_creation = e->type == RP_A_PUSH,
		.creation = now + e->from,
		.guss = e->uid ? buf_contents(&settings) : (struct view){0}};

	for (size_t i = 0; i < e->ua_count; i++) {
		rpr.keys[i].naf_id =
			naf_id_of(e->key_application ? e->key_application : e->application,
				e->uas[i], rooms[i + 1]);
		rpr.keys[i].key = view_of(key, e->key_len);
	}
	rp_a_node_tell(&from->node, &rpr, ret);
}

static uint32_t tell_by(struct authn *from, struct event e)
{
	struct rp_a_told told;

	send_event(from, &e, &told);
	assert_true(world_until(&from->f->w, &told.done));
	return told.code;
}

static uint32_t tell(struct fixture *f, struct event e)
{
	return tell_by(&f->own, e);
}

/* Over HTTPS an event that is refused is refused, whatever for. */
static void assert_code(uint32_t expected, uint32_t code)
{
	assert_int_equal(over_https && expected == DIAMETER_INVALID_AVP_VALUE
				 ? DIAMETER_NOT_AUTHORIZED
				 : expected,
		code);
}

/* Over HTTPS what cannot be taken now ends the stream: the element comes back. */
static void come_back(struct fixture *f, int announcements)
{
	if (over_https) {
		world_advance(&f->w, 1000);
		until_announced(f, announcements);
	}
}

static void on_ready(void *user, uint64_t user_ref)
{
	(void)user_ref;
	((struct fixture *)user)->ready = true;
}

static enum err find_of(struct fixture *f, const char *id, const struct ident *application,
	struct ua ua)
{
	f->ready = false;
	return symapp_find(f->app, view_text(id), application, ua, on_ready, f, 1, &f->token);
}

static enum err find(struct fixture *f, const char *id)
{
	return find_of(f, id, &f->application, UA_TLS13_PSK);
}

static void use(struct fixture *f, const char *id)
{
	assert_ok(find(f, id));
	symapp_use(f->app, view_text(id), &f->application);
}

/* Announcing */

/* req: B9.6.1-c B9.6.1-e */
static void what_is_served_is_announced(void **state)
{
	struct fixture *f = *state;

	start_app(f);
	assert_string_equal(f->own.naf_ids, "app.example/0007 app.example/ccac at app.example:443 "
					    "by 2 shared 0;");
	assert_false(f->own.last.has_serial);
	for (int i = 0; i < 100 && f->foreign.announcements == 0; i++) {
		loop_turn(f->w.loop, 1);
	}
	assert_int_equal(f->foreign.announcements, 1);
	f->served.ua_count = 1;
	f->served.shared = true;
	announce(f);
	until_announced(f, 2);
	assert_string_equal(f->own.naf_ids, "app.example/0007 at app.example:443 by 2 shared 1;");
	if (!over_https) { /* its stream goes on */
		assert_true(f->own.had_log);
		assert_int_equal(f->own.last.serial, 10);
	}
}

static void what_no_announcement_can_hold(void **state)
{
	struct fixture *f = *state;
	static struct symapp_application many[SYMAPP_APPLICATIONS + 1];

	start_app(f);
	assert_err(ERR_RANGE, symapp_announce(f->app, many, SYMAPP_APPLICATIONS + 1));
	f->served.ua_count = 0;
	assert_err(ERR_RANGE, symapp_announce(f->app, &f->served, 1));
	f->served.ua_count = SYMAPP_UAS + 1;
	assert_err(ERR_RANGE, symapp_announce(f->app, &f->served, 1));
}

/* At each connection, with what is known of the node's events. */
static void a_connection_begins_with_an_announcement(void **state)
{
	struct fixture *f = *state;
	char address[64];

	start_app(f);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 12, NEW)));
	(void)strcpy(address, f->own.node.address);
	rp_a_node_close(&f->own.node);
	world_settle(&f->w);
	start_authn(&f->own, address);
	f->own.serial = 12;
	for (int i = 0; i < 100 && f->own.announcements < 2; i++) {
		world_advance(&f->w, 1000);
	}
	until_announced(f, 2);
	assert_true(f->own.had_log);
	assert_int_equal(f->own.last.serial, 12);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_REVOKE, 12, NEW))); /* known */
	assert_ok(find(f, NEW));
}

/* What is refused may be registered later; what is served meanwhile is. */
static void an_announcement_refused_is_repeated(void **state)
{
	struct fixture *f = *state;

	f->own.result = DIAMETER_NOT_AUTHORIZED;
	start_app(f);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, NEW)));
	world_advance(&f->w, 999);
	assert_int_equal(f->own.announcements, 1);
	world_advance(&f->w, 1);
	until_announced(f, 2);
	world_advance(&f->w, 1999);
	assert_int_equal(f->own.announcements, 2);
	f->own.result = DIAMETER_SUCCESS;
	world_advance(&f->w, 1);
	until_announced(f, 3);
	world_advance(&f->w, 600 * 1000);
	assert_int_equal(f->own.announcements, 3);
}

/* Who gives a token has registered the application by now. */
static void a_pull_that_succeeds_repeats_an_announcement_refused(void **state)
{
	struct fixture *f = *state;

	f->own.result = DIAMETER_NOT_AUTHORIZED;
	start_app(f);
	f->own.result = DIAMETER_SUCCESS;
	assert_err(ERR_AGAIN, find(f, GBA_ID));
	assert_true(world_until(&f->w, &f->ready));
	until_announced(f, 2);
	world_advance(&f->w, 600 * 1000);
	assert_int_equal(f->own.announcements, 2);
}

static void an_answer_that_says_too_little_is_none(void **state)
{
	struct fixture *f = *state;

	f->own.bare = true;
	start_app(f);
	assert_code(DIAMETER_UNABLE_TO_COMPLY, tell(f, event_of(RP_A_PUSH, 11, NEW)));
	f->own.bare = false;
	world_advance(&f->w, 1000);
	until_announced(f, 2);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, NEW)));
}

/* A node of 3GPP knows Zn alone: tokens are pulled. */
static void a_node_that_takes_no_announcements(void **state)
{
	struct fixture *f = *state;

	f->own.result = 0;
	start_app(f);
	world_advance(&f->w, 600 * 1000);
	assert_int_equal(f->own.announcements, 1);
	assert_err(ERR_AGAIN, find(f, GBA_ID));
	assert_true(world_until(&f->w, &f->ready));
	assert_ok(find(f, GBA_ID));
}

/* Pushes */

/* req: B9.6.1-d B9.4.3 */
static void a_pushed_token_needs_no_pull(void **state)
{
	struct fixture *f = *state;
	struct event e = event_of(RP_A_PUSH, 11, NEW);
	uint8_t key[TOKEN_KEY];

	start_app(f);
	e.uas[1] = UA_TLS12(0xccac);
	e.uas[2] = UA_TLS12(0x00a8); /* not announced */
	e.ua_count = 3;
	assert_code(DIAMETER_SUCCESS, tell(f, e));
	assert_ok(find(f, NEW));
	memset(key, 0x61, sizeof(key));
	assert_memory_equal(f->token.key.bytes, key, TOKEN_KEY);
	assert_int_equal(f->token.format, TOKEN_Y3056);
	assert_string_equal(f->token.pseudonym, DEVICE);
	assert_string_equal(f->token.degree, "standard");
	assert_string_equal(f->token.tx, "0badcafe");
	assert_int_equal(f->token.until, env_wall(&f->w.env.env) + 3600);
	assert_ok(find_of(f, NEW, &f->application, UA_TLS12(0xccac)));
	assert_int_equal(f->own.pulls, 0);
	assert_int_equal(symapp_tokens(f->app), 1);
	assert_err(ERR_AGAIN, find_of(f, NEW, &f->application, UA_TLS12(0x00a8)));
}

/* A token of a group is for the group; the application that is in it is what was announced.  req: B9.6.1-e */
static void a_token_of_a_group_is_taken(void **state)
{
	struct fixture *f = *state;
	struct event e = event_of(RP_A_PUSH, 11, NEW);

	f->served.group = f->group;
	f->served.shared = true;
	start_app(f);
	e.application = GROUP;
	assert_code(DIAMETER_SUCCESS, tell(f, e));
	assert_ok(find_of(f, NEW, &f->group, UA_TLS13_PSK));
}

/* The handshake that waits for a pull goes on with what was pushed; the answer comes too late. */
static void a_push_serves_who_waits_for_a_pull(void **state)
{
	struct fixture *f = *state;

	f->own.silent = true;
	start_app(f);
	assert_err(ERR_AGAIN, find(f, NEW));
	for (int i = 0; i < 500 && !f->own.pull; i++) {
		loop_turn(f->w.loop, 1);
	}
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, NEW)));
	assert_true(f->ready);
	assert_ok(find(f, NEW));
	give(&f->own, f->own.pull);
	world_settle(&f->w);
	assert_ok(find(f, NEW));
	assert_int_equal(f->token.key.bytes[0], 0x61);
}

static void a_push_that_has_expired_is_acknowledged_and_left(void **state)
{
	struct fixture *f = *state;
	struct event e = event_of(RP_A_PUSH, 11, NEW);

	start_app(f);
	e.lifetime = -1;
	assert_code(DIAMETER_SUCCESS, tell(f, e));
	assert_int_equal(symapp_tokens(f->app), 0);
	e.lifetime = 3600;
	assert_code(DIAMETER_SUCCESS, tell(f, e)); /* known: not taken again */
	assert_int_equal(symapp_tokens(f->app), 0);
}

/* Whoever is a node of the realm speaks of its own tokens alone, for what is served here.  req: B9.6.1-a */
static void who_may_not_push(void **state)
{
	struct fixture *f = *state;
	struct event e = event_of(RP_A_PUSH, 11, NEW);

	start_app(f);
	assert_code(DIAMETER_NOT_AUTHORIZED, tell_by(&f->foreign, e));
	e.type = RP_A_REVOKE;
	assert_code(DIAMETER_NOT_AUTHORIZED, tell_by(&f->foreign, e));
	e = event_of(RP_A_PUSH, 11, NEW);
	e.application = "other.example";
	assert_code(DIAMETER_NOT_AUTHORIZED, tell(f, e));
	e = event_of(RP_A_PUSH, 11, "BBBBBBBBBBBBBBBBBBBBBBBB@authn1.another.example");
	assert_code(DIAMETER_NOT_AUTHORIZED, tell(f, e));
	assert_int_equal(symapp_tokens(f->app), 0);
	assert_int_equal(f->change_count, 0);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, NEW)));
}

static void bad_events(void **state)
{
	struct fixture *f = *state;
	struct event bad[12];
	size_t n = 0;

	start_app(f);
	for (size_t i = 0; i < 12; i++) {
		bad[i] = event_of(RP_A_PUSH, 11, NEW);
	}
	bad[n++].type = RP_A_ANNOUNCE;
	bad[n++].type = (enum rp_a_type)9;
	bad[n++].serial = 0;
	bad[n++].serial = UINT64_MAX;
	bad[n++].format = "gba";
	bad[n++].format = "another";
	bad[n++].key_application = "other.example";
	bad[n++].key_len = 16;
	bad[n++].ua_count = 0;
	bad[n++].lifetime = 0;
	bad[n++].degree = "\x07";
	bad[n].type = RP_A_SUBSCRIPTION;
	bad[n++].lifetime = 0;
	for (size_t i = 0; i < n; i++) {
		bool unsayable = bad[i].serial != 11 || bad[i].key_application;

		if (!over_https || !unsayable) {
			assert_code(DIAMETER_INVALID_AVP_VALUE, tell(f, bad[i]));
		}
	}
	struct event nameless = event_of(RP_A_PUSH, 11, "nonsense");

	assert_code(DIAMETER_INVALID_AVP_VALUE, tell(f, nameless));
	assert_int_equal(symapp_tokens(f->app), 0);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, NEW)));
}

static void an_event_of_another_log_is_not_taken(void **state)
{
	struct fixture *f = *state;
	struct event e = event_of(RP_A_PUSH, 11, NEW);

	start_app(f);
	e.log = VIEW(f->foreign.log);
	assert_code(DIAMETER_UNABLE_TO_COMPLY, tell(f, e));
	come_back(f, 2);
	e.log = VIEW(f->own.log);
	assert_code(DIAMETER_SUCCESS, tell(f, e));
}

static bool all_done(const struct rp_a_told *told, size_t count)
{
	size_t done = 0;

	while (done < count && told[done].done) {
		done++;
	}
	return done == count;
}

/* However much a node pushes: no more is held than the ceiling. */
static void a_flood_of_pushes_is_bounded(void **state)
{
	struct fixture *f = *state;
	static struct rp_a_told told[3000];
	char id[TOKEN_ID_MAX + 1];
	size_t kept = 0;

	f->options.tokens = 100;
	start_app(f);
	for (size_t i = 0; i < 3000; i++) {
		(void)snprintf(id, sizeof(id), "%024zu@" NODE, i);
		struct event e = event_of(RP_A_PUSH, 11 + i, id);

		e.uid = NULL;
		send_event(&f->own, &e, &told[i]);
		if (i % 64 == 0) {
			loop_turn(f->w.loop, 1);
		}
	}
	for (int i = 0; i < 20000 && !all_done(told, 3000); i++) {
		loop_turn(f->w.loop, 1);
		assert_true(symapp_tokens(f->app) <= 100);
	}
	assert_true(all_done(told, 3000));
	for (size_t i = 0; i < 3000; i++) {
		kept += told[i].code == DIAMETER_SUCCESS;
	}
	assert_true(kept > 0 ||
		    over_https); /* there the stream may end before the first is acknowledged */
	assert_int_equal(symapp_tokens(f->app), 100);
	assert_int_equal(f->change_count, 0); /* room was made, nothing has ended */
}

/* Ends */

static void expect_change(const struct fixture *f, size_t count, enum symapp_kind kind,
	const char *id)
{
	assert_int_equal(f->change_count, count);
	assert_int_equal(f->changes[count - 1].kind, kind);
	assert_string_equal(f->changes[count - 1].id, id);
	assert_string_equal(f->changes[count - 1].application, APP);
}

/* req: B9.4.3 B9.6.4-d */
static void a_revoked_token_is_gone_at_once(void **state)
{
	struct fixture *f = *state;

	start_app(f);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, NEW)));
	use(f, NEW);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_REVOKE, 12, NEW)));
	expect_change(f, 1, SYMAPP_REVOKED, NEW);
	assert_int_equal(symapp_tokens(f->app), 0);
	assert_err(ERR_NOT_FOUND, find(f, NEW));
	assert_int_equal(f->own.pulls, 0); /* it is not asked for again at once */
}

/* Its sessions may have outlived it here. */
static void a_token_that_is_not_held_is_revoked_too(void **state)
{
	struct fixture *f = *state;

	start_app(f);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_REVOKE, 11, NEW)));
	expect_change(f, 1, SYMAPP_REVOKED, NEW);
}

/* An answer that was on its way is of no use any more. */
static void a_revocation_during_a_pull(void **state)
{
	struct fixture *f = *state;

	f->own.silent = true;
	start_app(f);
	assert_err(ERR_AGAIN, find(f, NEW));
	for (int i = 0; i < 500 && !f->own.pull; i++) {
		loop_turn(f->w.loop, 1);
	}
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_REVOKE, 11, NEW)));
	assert_true(f->ready);
	assert_err(ERR_NOT_FOUND, find(f, NEW));
	give(&f->own, f->own.pull);
	world_settle(&f->w);
	assert_err(ERR_NOT_FOUND, find(f, NEW));
	assert_int_equal(symapp_tokens(f->app), 0);
}

/* A revocation speaks of one application. */
static void other_tokens_stay(void **state)
{
	struct fixture *f = *state;
	struct event e = event_of(RP_A_PUSH, 11, NEW);

	f->served.group = f->group;
	start_app(f);
	assert_code(DIAMETER_SUCCESS, tell(f, e));
	e.application = GROUP;
	e.serial = 12;
	assert_code(DIAMETER_SUCCESS, tell(f, e));
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_REVOKE, 13, NEW)));
	assert_ok(find_of(f, NEW, &f->group, UA_TLS13_PSK));
	assert_err(ERR_NOT_FOUND, find(f, NEW));
}

/* What a hostile node, or one that was set back, tells again does nothing.  req: B9.6.1-d */
static void events_are_taken_once(void **state)
{
	struct fixture *f = *state;

	start_app(f);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 20, NEW)));
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_REVOKE, 21, NEW)));
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 20, NEW)));
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 21, NEW)));
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_REVOKE, 21, NEW)));
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 10, NEW)));
	assert_int_equal(symapp_tokens(f->app), 0);
	assert_int_equal(f->change_count, 1);
}

/* req: B9.6.1-b */
static void a_changed_end_is_told(void **state)
{
	struct fixture *f = *state;
	struct event e = event_of(RP_A_SUBSCRIPTION, 12, NEW);
	int64_t now = env_wall(&f->w.env.env);

	start_app(f);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, NEW)));
	e.lifetime = 60;
	e.uid = "another-pseudonym";
	assert_code(DIAMETER_SUCCESS, tell(f, e));
	expect_change(f, 1, SYMAPP_CHANGED, NEW);
	assert_int_equal(f->changes[0].until, now + 60);
	assert_ok(find(f, NEW));
	assert_int_equal(f->token.until, now + 60);
	assert_string_equal(f->token.pseudonym, "another-pseudonym");
	world_advance(&f->w, 59 * 1000);
	assert_int_equal(f->change_count, 1);
	world_advance(&f->w, 1000);
	expect_change(f, 2, SYMAPP_EXPIRED, NEW);
	assert_err(ERR_NOT_FOUND, find(f, NEW));
}

/* As of a missed change of a plain token: what it may do by now is asked, and not what it was told before.  req: B9.6.1-b */
static void what_a_change_does_not_tell_is_asked_anew(void **state)
{
	struct fixture *f = *state;
	struct event e = event_of(RP_A_SUBSCRIPTION, 12, NEW);
	int64_t now = env_wall(&f->w.env.env);

	start_app(f);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, NEW)));
	assert_ok(find(f, NEW));
	e.uid = NULL;
	e.lifetime = 60;
	assert_code(DIAMETER_SUCCESS, tell(f, e));
	expect_change(f, 1, SYMAPP_CHANGED, NEW);
	assert_true(f->changes[0].granted);
	assert_int_equal(f->changes[0].until, now + 60);
	assert_int_equal(symapp_tokens(f->app), 0);
	assert_err(ERR_AGAIN, find(f, NEW)); /* it is not refused: it is pulled */
	stop_app(f);
	start_app(f); /* nor is it in the store */
	assert_int_equal(symapp_tokens(f->app), 0);
}

static void a_change_can_be_an_end(void **state)
{
	struct fixture *f = *state;
	struct event e = event_of(RP_A_SUBSCRIPTION, 12, NEW);

	start_app(f);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, NEW)));
	e.lifetime = -1;
	assert_code(DIAMETER_SUCCESS, tell(f, e));
	expect_change(f, 1, SYMAPP_EXPIRED, NEW);
	e.serial = 13;
	e.id = OLD; /* not held */
	assert_code(DIAMETER_SUCCESS, tell(f, e));
	expect_change(f, 2, SYMAPP_EXPIRED, OLD);
}

static void a_change_during_a_pull_bounds_its_answer(void **state)
{
	struct fixture *f = *state;
	struct event e = event_of(RP_A_SUBSCRIPTION, 11, NEW);

	f->own.silent = true;
	start_app(f);
	assert_err(ERR_AGAIN, find(f, NEW));
	for (int i = 0; i < 500 && !f->own.pull; i++) {
		loop_turn(f->w.loop, 1);
	}
	e.lifetime = 60;
	assert_code(DIAMETER_SUCCESS, tell(f, e));
	give(&f->own, f->own.pull);
	assert_true(world_until(&f->w, &f->ready));
	assert_ok(find(f, NEW));
	assert_int_equal(f->token.until, env_wall(&f->w.env.env) + 60);
}

/* One device, one token: the old one lives until the new one is used, and not until somebody shows its id.  req: B9.4.3 */
static void a_renewed_token_ends_the_old_by_its_first_use(void **state)
{
	struct fixture *f = *state;
	struct event old = event_of(RP_A_PUSH, 11, OLD);

	start_app(f);
	old.from = -100;
	assert_code(DIAMETER_SUCCESS, tell(f, old));
	use(f, OLD);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 12, NEW)));
	assert_ok(find(f, OLD));
	assert_ok(find(f, NEW));
	use(f, OLD);
	assert_int_equal(f->change_count, 0);
	use(f, NEW);
	expect_change(f, 1, SYMAPP_REPLACED, OLD);
	assert_err(ERR_NOT_FOUND, find(f, OLD));
	assert_int_equal(symapp_tokens(f->app), 1);
	use(f, NEW);
	assert_int_equal(f->change_count, 1);
}

/* Not by a pull, not by a push that comes late. */
static void a_replaced_token_does_not_come_back(void **state)
{
	struct fixture *f = *state;
	struct event old = event_of(RP_A_PUSH, 12, OLD);

	start_app(f);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, NEW)));
	use(f, NEW);
	old.from = -100;
	assert_code(DIAMETER_SUCCESS, tell(f, old));
	assert_int_equal(symapp_tokens(f->app), 1);
	assert_int_equal(f->change_count, 0);
}

/* Renewed twice in one second: what came later is newer. */
static void tokens_of_the_same_second(void **state)
{
	struct fixture *f = *state;

	start_app(f);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, OLD)));
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 12, NEW)));
	use(f, NEW);
	expect_change(f, 1, SYMAPP_REPLACED, OLD);
}

static void devices_do_not_replace_each_other(void **state)
{
	struct fixture *f = *state;
	struct event other = event_of(RP_A_PUSH, 11, OLD),
		     nameless = event_of(RP_A_PUSH, 12, GBA_ID);

	start_app(f);
	other.uid = "somebody-else";
	nameless.uid = NULL;
	nameless.format = "gba";
	other.from = nameless.from = -100;
	assert_code(DIAMETER_SUCCESS, tell(f, other));
	assert_code(DIAMETER_SUCCESS, tell(f, nameless));
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 13, NEW)));
	use(f, NEW);
	assert_int_equal(f->change_count, 0);
	assert_int_equal(symapp_tokens(f->app), 3);
}

/* The store */

static void restart(struct fixture *f)
{
	stop_app(f);
	f->change_count = 0;
	start_app(f);
}

/* Token and place in the log are kept together, and survive.  req: B9.4.3 */
static void tokens_and_their_place_in_the_log_survive(void **state)
{
	struct fixture *f = *state;
	struct event e = event_of(RP_A_PUSH, 11, NEW);

	start_app(f);
	e.uas[1] = UA_TLS12(0xccac);
	e.ua_count = 2;
	assert_code(DIAMETER_SUCCESS, tell(f, e));
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 12, OLD)));
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_REVOKE, 13, OLD)));
	f->own.serial = 13;
	restart(f);
	assert_true(f->own.had_log);
	assert_int_equal(f->own.last.serial, 13);
	assert_int_equal(symapp_tokens(f->app), 1);
	assert_ok(find_of(f, NEW, &f->application, UA_TLS12(0xccac)));
	assert_ok(find(f, NEW));
	assert_string_equal(f->token.pseudonym, DEVICE);
	assert_string_equal(f->token.degree, "standard");
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 12, OLD))); /* known */
	assert_int_equal(symapp_tokens(f->app), 1);
	/* what was missed meanwhile comes now, once */
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_REVOKE, 14, NEW)));
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_REVOKE, 14, NEW)));
	expect_change(f, 1, SYMAPP_REVOKED, NEW);
	restart(f);
	assert_int_equal(symapp_tokens(f->app), 0);
}

static void a_used_token_stays_used(void **state)
{
	struct fixture *f = *state;
	struct event old = event_of(RP_A_PUSH, 11, OLD);

	start_app(f);
	old.from = -100;
	assert_code(DIAMETER_SUCCESS, tell(f, old));
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 12, NEW)));
	use(f, NEW);
	f->own.serial = 12;
	restart(f);
	assert_int_equal(symapp_tokens(f->app), 1);
	old.serial = 13;
	assert_code(DIAMETER_SUCCESS, tell(f, old));
	assert_int_equal(symapp_tokens(f->app), 1);
}

/* Another log: nothing is forgotten, and events begin where it stands. */
static void a_new_log_begins_where_it_stands(void **state)
{
	struct fixture *f = *state;

	start_app(f);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, NEW)));
	memset(f->own.log, 'N', sizeof(f->own.log));
	f->own.serial = 3;
	restart(f);
	assert_false(f->own.had_log);
	assert_ok(find(f, NEW));
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_REVOKE, 3, NEW)));
	assert_int_equal(f->change_count, 0);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_REVOKE, 4, NEW)));
	expect_change(f, 1, SYMAPP_REVOKED, NEW);
	f->own.serial = 4;
	restart(f);
	assert_true(f->own.had_log);
	assert_int_equal(f->own.last.serial, 4);
}

static void change_store(struct fixture *f, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->store + strlen("sqlite:"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/*
 * What cannot be kept is not acknowledged, nor what comes after it: the element announces itself again, and the
 * node begins with the first that is missing. Sessions end all the same.
 */
static void an_event_that_cannot_be_kept(void **state)
{
	struct fixture *f = *state;
	struct rp_a_told told[3];
	struct event e[3] = {event_of(RP_A_PUSH, 12, OLD), event_of(RP_A_REVOKE, 13, NEW),
		event_of(RP_A_PUSH, 14, GBA_ID)};

	start_app(f);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, NEW)));
	change_store(f, "CREATE TRIGGER full BEFORE UPDATE ON event_log BEGIN"
			" SELECT RAISE(ABORT, 'full'); END");
	e[2].format = "gba";
	for (size_t i = 0; i < 3; i++) {
		send_event(&f->own, &e[i], &told[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		assert_true(world_until(&f->w, &told[i].done));
		assert_code(DIAMETER_UNABLE_TO_COMPLY, told[i].code);
	}
	expect_change(f, 1, SYMAPP_REVOKED, NEW);
	change_store(f, "DROP TRIGGER full");
	assert_code(DIAMETER_UNABLE_TO_COMPLY, tell(f, event_of(RP_A_PUSH, 14, GBA_ID)));
	world_advance(&f->w, 1000);
	until_announced(f, 2);
	assert_int_equal(f->own.last.serial, 11);
	for (size_t i = 0; i < 3; i++) {
		assert_code(DIAMETER_SUCCESS, tell(f, e[i]));
	}
	f->own.serial = 14;
	restart(f);
	assert_int_equal(symapp_tokens(f->app), 2);
}

/* Two copies of one event, one behind the other: the second is acknowledged with the first. */
static void the_same_event_twice_at_once(void **state)
{
	struct fixture *f = *state;
	struct rp_a_told told[2];
	struct event e = event_of(RP_A_REVOKE, 11, NEW);

	start_app(f);
	send_event(&f->own, &e, &told[0]);
	send_event(&f->own, &e, &told[1]);
	assert_true(world_until(&f->w, &told[0].done));
	assert_true(world_until(&f->w, &told[1].done));
	assert_code(DIAMETER_SUCCESS, told[0].code);
	assert_code(DIAMETER_SUCCESS, told[1].code);
	expect_change(f, 1, SYMAPP_REVOKED, NEW);
}

/* HTTPS alone */

static void write_to(struct fixture *f, const char *text)
{
	rp_a_node_write(&f->own.node, view_text(text));
	world_settle(&f->w);
}

/* What cannot be an event of its log ends the stream, with a back-off, and the next one works. */
static void a_node_that_writes_garbage(void **state)
{
	static const char *const garbage[] = {
		"event: push\ndata: {}\n\n", /* under the id of the place */
		"id: nonsense\nevent: push\ndata: {}\n\n",
		"event: log\ndata: nonsense\n\n",
		("id: "
		 "000000000000000000000000000000000000000000000000000000000000000000000000000000000"
		 "000000000000000000000000000000000000000000000000000000000000000000000000000\n\n"),
	};
	struct fixture *f = *state;

	start_app(f);
	for (int i = 1; i < 4; i++) {
		write_to(f, garbage[i]);
		assert_code(DIAMETER_UNABLE_TO_COMPLY,
			tell(f, event_of(RP_A_PUSH, 11, NEW))); /* nobody listens */
		world_advance(&f->w, 1000);
		until_announced(f, i + 1);
	}
	write_to(f, ": comment\nunknown: field\n\nevent: log\n\n");
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, NEW)));
	assert_ok(find(f, NEW));
	assert_int_equal(f->own.announcements, 4);
}

static void an_endless_event(void **state)
{
	struct fixture *f = *state;
	static char part[16 * 1024];

	memset(part, 'x', sizeof(part) - 1);
	start_app(f);
	write_to(f, "data: ");
	for (int i = 0; i < 20 && f->own.node.stream; i++) {
		write_to(f, part);
	}
	assert_null(f->own.node.stream); /* cut long before it ends */
	come_back(f, 2);
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 11, NEW)));
}

/* An event whose content is wrong is refused, and those behind it are taken. */
static void an_event_with_garbage_in_it(void **state)
{
	struct fixture *f = *state;

	start_app(f);
	write_to(f, "id: 4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c:11\nevent: push\ndata: {\"btId\":\n\n");
	assert_code(DIAMETER_SUCCESS, tell(f, event_of(RP_A_PUSH, 12, NEW)));
	assert_int_equal(f->own.announcements, 1);
}

/* Each event over a stream of its own: none is lost, none is taken twice.  req: B9.6.1-d */
static void a_stream_cut_at_every_event(void **state)
{
	struct fixture *f = *state;

	start_app(f);
	for (int i = 0; i < 10; i++) {
		assert_code(DIAMETER_SUCCESS,
			tell(f, event_of(i % 2 ? RP_A_REVOKE : RP_A_PUSH, (uint64_t)(11 + i), NEW)));
		f->own.serial = (uint64_t)(11 + i);
		rp_a_node_cut(&f->own.node);
		world_settle(&f->w);
		come_back(f, i + 2);
		assert_true(f->own.had_log);
		assert_int_equal(f->own.last.serial, 11 + i);
		/* what it has comes again, and does nothing */
		assert_code(DIAMETER_SUCCESS,
			tell(f, event_of(RP_A_REVOKE, (uint64_t)(11 + i), NEW)));
	}
	assert_int_equal(f->change_count, 5);
}

#define CASE(name)   cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define STORED(name) cmocka_unit_test_setup_teardown(name, set_up_stored, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_served_is_announced),
		CASE(what_no_announcement_can_hold),
		CASE(a_connection_begins_with_an_announcement),
		CASE(an_announcement_refused_is_repeated),
		CASE(a_pull_that_succeeds_repeats_an_announcement_refused),
		CASE(an_answer_that_says_too_little_is_none),
		CASE(a_node_that_takes_no_announcements),
		CASE(a_pushed_token_needs_no_pull),
		CASE(a_token_of_a_group_is_taken),
		CASE(a_push_serves_who_waits_for_a_pull),
		CASE(a_push_that_has_expired_is_acknowledged_and_left),
		CASE(who_may_not_push),
		CASE(bad_events),
		CASE(an_event_of_another_log_is_not_taken),
		CASE(a_flood_of_pushes_is_bounded),
		STORED(a_flood_of_pushes_is_bounded),
		CASE(a_revoked_token_is_gone_at_once),
		CASE(a_token_that_is_not_held_is_revoked_too),
		CASE(a_revocation_during_a_pull),
		CASE(other_tokens_stay),
		CASE(events_are_taken_once),
		STORED(events_are_taken_once),
		CASE(a_changed_end_is_told),
		CASE(what_a_change_does_not_tell_is_asked_anew),
		CASE(a_change_can_be_an_end),
		CASE(a_change_during_a_pull_bounds_its_answer),
		CASE(a_renewed_token_ends_the_old_by_its_first_use),
		CASE(a_replaced_token_does_not_come_back),
		CASE(tokens_of_the_same_second),
		CASE(devices_do_not_replace_each_other),
		STORED(tokens_and_their_place_in_the_log_survive),
		STORED(a_used_token_stays_used),
		STORED(a_new_log_begins_where_it_stands),
		STORED(an_event_that_cannot_be_kept),
		STORED(the_same_event_twice_at_once),
	};

	int failed = RUN_TESTS(tests);

	const struct CMUnitTest https_tests[] = {
		CASE(a_node_that_writes_garbage),
		CASE(an_endless_event),
		CASE(an_event_with_garbage_in_it),
		CASE(a_stream_cut_at_every_event),
		STORED(a_stream_cut_at_every_event),
	};

	over_https = true;
	failed += _cmocka_run_group_tests("over HTTPS", tests, sizeof(tests) / sizeof(tests[0]),
		NULL, NULL);
	return failed + _cmocka_run_group_tests("HTTPS alone", https_tests,
				sizeof(https_tests) / sizeof(https_tests[0]), NULL, NULL);
}
