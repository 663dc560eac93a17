// SPDX-License-Identifier: Apache-2.0
/* Tokens in the application element: an authentication node that the test plays answers RP_A. */
#include "test.h"

#include "app/symapp.h"
#include "base/text.h"
#include "rp_a_node.h"
#include "wire/gba_xml.h"
#include "wire/rp_messages.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#define NODE	 "authn1.realm.example"
#define ID	 "ICEiIyQlJicoKSorLC0uLw==@" NODE
#define OTHER_ID "MDEyMzQ1Njc4OTo7PD0+Pw==@" NODE

enum mode { GIVE, SILENT, RESULT };

static bool over_https;

struct fixture {
	struct world w;
	char dir[32], store[64], master[64];
	struct ident application, other;
	/* the authentication node */
	struct rp_a_node authn;
	enum mode mode;
	uint32_t result;
	bool experimental;
	struct rp_a_ask *silent;
	int pulls;
	char id[TOKEN_ID_MAX + 1], naf_id[NAF_ID_MAX + 1], session[256], to_host[256],
		to_realm[256];
	size_t naf_id_len;
	int64_t lifetime;
	const char *uid;
	bool no_expiry, short_key, wrong_origin, bad_settings;
	/* the element */
	struct symapp *app;
	struct symapp_options options;
	struct diameter_peer_options peer;
	struct symapp_node node;
	int readied;
	uint64_t readied_ref;
	bool ready;
	struct symapp_token token;
};

static void key_for(const struct fixture *f, uint8_t ret[TOKEN_KEY])
{
	memset(ret, 0x40 + f->pulls, TOKEN_KEY);
}

static void keep_text(char *to, size_t room, struct view from)
{
	assert_ok(text_copy(to, room, from, "test"));
}

static void give(struct fixture *f, struct rp_a_ask *ask)
{
	BUF_CLEANUP struct buf settings = buf_growing(4096);
	uint8_t key[TOKEN_KEY];
	struct guss guss = {.uss_count = 1};

	key_for(f, key);
	guss.uss[0].id = 1;
	(void)strcpy(guss.uss[0].uid, f->uid ? f->uid : "");
	gba_xml_write_uss_list(&settings, &guss);
	int64_t now = env_wall(loop_env(f->w.loop));
	const struct rp_bia bia = {
		.s = {.origin_host = view_text(f->wrong_origin ? "authn2.realm.example" : NODE),
			.origin_realm = view_text("realm.example"),
			.auth_session_state = 1,
			.has_result = f->mode == GIVE || !f->experimental,
			.result = f->mode == GIVE ? DIAMETER_SUCCESS : f->result,
			.has_experimental = f->mode != GIVE && f->experimental,
			.experimental = f->result},
		.user_name = view_text("001010123456789@realm.example"),
		.key_material = view_of(key, f->short_key ? 16 : sizeof(key)),
		.has_expiry = !f->no_expiry,
		.expiry = now + f->lifetime,
		.has_creation = true,
		.creation = now - 10,
		.guss = f->bad_settings ? view_text("<ussList>")
			: f->uid	? buf_contents(&settings)
					: (struct view){0},
	};

	rp_a_node_give(ask, &bia);
}

static void on_pull(void *user, struct rp_a_ask *ask, const struct rp_bir *bir)
{
	struct fixture *f = user;

	f->pulls++;
	keep_text(f->id, sizeof(f->id), bir->transaction_id);
	keep_text(f->session, sizeof(f->session), bir->s.session_id);
	keep_text(f->to_host, sizeof(f->to_host), bir->s.destination_host);
	keep_text(f->to_realm, sizeof(f->to_realm), bir->s.destination_realm);
	f->naf_id_len = bir->naf_id.len;
	memcpy(f->naf_id, bir->naf_id.data, bir->naf_id.len);
	if (f->mode == SILENT) {
		f->silent = ask;
		return;
	}
	give(f, ask);
}

static void start_authn(struct fixture *f, const char *address)
{
	static const struct rp_a_node_on on = {.pulled = on_pull};

	rp_a_node_open(&f->authn, &f->w, NODE, address, over_https, &on, f);
}

static bool reaches(const struct fixture *f)
{
	return symapp_reaches(f->app, NODE);
}

static void start_app(struct fixture *f)
{
	f->peer = (struct diameter_peer_options){.host = NODE,
		.realm = "realm.example",
		.address = f->authn.address,
		.plain = true};
	f->options.diameter = (struct diameter_node_options){.host = "gateway.app.example",
		.realm = "app.example",
		.listen = "",
		.listen_plain = "",
		.peers = &f->peer,
		.peer_count = over_https ? 0 : 1};
	f->node = (struct symapp_node){.host = NODE, .address = f->authn.address, .plain = true};
	f->options.nodes = &f->node;
	f->options.node_count = over_https ? 1 : 0;
	assert_ok(symapp_new(f->w.loop, &f->options, &f->app));
	for (int i = 0; i < 500 && !reaches(f); i++) {
		loop_turn(f->w.loop, 1);
	}
	assert_true(reaches(f));
}

static int set_up(void **state)
{
	static struct fixture f;
	char hex[65];

	memset(&f, 0, sizeof(f));
	f.lifetime = 3600;
	world_open(&f.w);
	(void)strcpy(f.dir, "/tmp/symapp-XXXXXX");
	assert_non_null(mkdtemp(f.dir));
	(void)snprintf(f.store, sizeof(f.store), "sqlite:%s/element.db", f.dir);
	(void)snprintf(f.master, sizeof(f.master), "%s/master", f.dir);
	memset(hex, '7', 64);
	hex[64] = '\n';
	assert_ok(text_write_file(f.master, view_of(hex, 65), 0600));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text("app.example"), &f.application));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text("other.example"), &f.other));
	start_authn(&f, "127.0.0.1:0");
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	static const char *const files[] = {"element.db", "element.db-wal", "element.db-shm",
		"master", "element.db.lock"};
	char path[64];

	symapp_free(f->app);
	rp_a_node_close(&f->authn);
	world_close(&f->w);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", f->dir, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(f->dir);
	return 0;
}

static void on_ready(void *user, uint64_t user_ref)
{
	struct fixture *f = user;

	f->readied++;
	f->readied_ref = user_ref;
	f->ready = true;
}

static enum err find_for(struct fixture *f, const char *id, const struct ident *application)
{
	return symapp_find(f->app, view_text(id), application, UA_TLS13_PSK, on_ready, f, 77,
		&f->token);
}

static enum err find(struct fixture *f)
{
	return find_for(f, ID, &f->application);
}

/* Asks, and asks again when told to. */
static enum err find_in_time(struct fixture *f)
{
	f->ready = false;
	enum err err = find(f);

	if (err != ERR_AGAIN) {
		return err;
	}
	assert_true(world_until(&f->w, &f->ready));
	return find(f);
}

/* req: B9.4.3 */
static void a_token_is_pulled_once(void **state)
{
	struct fixture *f = *state;
	uint8_t key[TOKEN_KEY];
	f->uid = "90G0DZKNLS5XhSFmrTrqdavy";
	start_app(f);
	assert_err(ERR_AGAIN, find(f));
	assert_int_equal(f->readied, 0);
	assert_true(world_until(&f->w, &f->ready));
	assert_int_equal(f->readied, 1);
	assert_int_equal(f->readied_ref, 77);
	assert_ok(find(f));
	assert_int_equal(f->pulls, 1);
	assert_string_equal(f->id, ID);
	if (!over_https) {
		assert_string_equal(f->to_host, NODE);
		assert_string_equal(f->to_realm, "realm.example");
	}
	assert_int_equal(f->naf_id_len, strlen("app.example") + UA_SIZE);
	assert_memory_equal(f->naf_id, "app.example\x01\0\0\0\x07", f->naf_id_len);
	assert_string_equal(f->token.id, ID);
	assert_string_equal(f->token.pseudonym, "90G0DZKNLS5XhSFmrTrqdavy");
	assert_int_equal(f->token.until, env_wall(&f->w.env.env) + 3600);
	assert_int_equal(f->token.from, env_wall(&f->w.env.env) - 10);
	assert_true(ident_equal(&f->token.application, &f->application));
	assert_true(ua_equal(f->token.ua, UA_TLS13_PSK));
	key_for(f, key);
	assert_int_equal(f->token.key.len, TOKEN_KEY);
	assert_memory_equal(f->token.key.bytes, key, TOKEN_KEY);
	/* the transaction's name goes along */
	assert_string_equal(f->session + strlen(f->session) - 8, f->token.tx);
	assert_int_equal(f->session[strlen(f->session) - 9], ';');
	for (int i = 0; i < 5; i++) {
		assert_ok(find(f));
	}
	assert_int_equal(f->pulls, 1);
	assert_int_equal(symapp_tokens(f->app), 1);
}

/* The name of a node knows no letter case: one token, one entry. */
static void one_token_has_one_name(void **state)
{
	struct fixture *f = *state;

	start_app(f);
	assert_ok(find_in_time(f));
	assert_ok(find_for(f, "ICEiIyQlJicoKSorLC0uLw==@AUTHN1.Realm.Example", &f->application));
	assert_string_equal(f->token.id, ID);
	assert_int_equal(f->pulls, 1);
}

static void each_application_has_its_own(void **state)
{
	struct fixture *f = *state;
	struct secret first;

	start_app(f);
	assert_ok(find_in_time(f));
	first = f->token.key;
	f->ready = false;
	assert_err(ERR_AGAIN, find_for(f, ID, &f->other));
	assert_true(world_until(&f->w, &f->ready));
	assert_ok(find_for(f, ID, &f->other));
	assert_int_equal(f->pulls, 2);
	assert_false(secret_equal(&first, &f->token.key));
	f->ready = false;
	assert_err(ERR_AGAIN, symapp_find(f->app, view_text(ID), &f->application, UA_TLS12(0x00a8),
				      on_ready, f, 1, &f->token));
	assert_true(world_until(&f->w, &f->ready));
	assert_int_equal(f->pulls, 3);
	assert_int_equal(symapp_tokens(f->app), 2);
}

static void many_wait_for_one_pull(void **state)
{
	struct fixture *f = *state;

	f->mode = SILENT;
	start_app(f);
	for (int i = 0; i < 100; i++) {
		assert_err(ERR_AGAIN, find(f));
	}
	for (int i = 0; i < 500 && !f->silent; i++) {
		loop_turn(f->w.loop, 1);
	}
	assert_non_null(f->silent);
	world_settle(&f->w);
	assert_int_equal(f->readied, 0);
	f->mode = GIVE;
	give(f, f->silent);
	assert_true(world_until(&f->w, &f->ready));
	assert_int_equal(f->readied, 100);
	assert_int_equal(f->pulls, 1);
	assert_ok(find(f));
}

/* Refused is refused, for a moment; then it is asked again, as a permission may have been given.  req: B9.4.3 */
static void check_refused(struct fixture *f, uint32_t result, bool experimental)
{
	f->mode = RESULT;
	f->result = result;
	f->experimental = experimental;
	f->options.unknown_ms = 5000;
	start_app(f);
	assert_err(ERR_NOT_FOUND, find_in_time(f));
	assert_err(ERR_NOT_FOUND, find(f));
	assert_int_equal(f->pulls, 1);
	assert_int_equal(symapp_tokens(f->app), 0);
	world_advance(&f->w, 4999);
	assert_err(ERR_NOT_FOUND, find(f));
	assert_int_equal(f->pulls, 1);
	world_advance(&f->w, 1);
	f->mode = GIVE;
	assert_ok(find_in_time(f));
	assert_int_equal(f->pulls, 2);
}

static void permission_missing(void **state)
{
	check_refused(*state, DIAMETER_NOT_AUTHORIZED, true);
}

static void token_unknown(void **state)
{
	check_refused(*state, DIAMETER_TRANSACTION_IDENTIFIER_INVALID, true);
}

static void base_refusal(void **state)
{
	check_refused(*state, DIAMETER_AUTHORIZATION_REJECTED, false);
}

/* What cannot be asked now is no refusal, and is asked again soon. */
static void check_passing(struct fixture *f)
{
	assert_err(ERR_UNAVAILABLE, find_in_time(f));
	assert_err(ERR_UNAVAILABLE, find(f));
	assert_int_equal(f->pulls, 1);
	f->mode = GIVE;
	f->no_expiry = f->short_key = f->wrong_origin = f->bad_settings = false;
	world_advance(&f->w, 1000);
	assert_ok(find_in_time(f));
	assert_int_equal(f->pulls, 2);
}

static void authz_away(void **state)
{
	struct fixture *f = *state;

	f->mode = RESULT;
	f->result = DIAMETER_UNABLE_TO_COMPLY;
	start_app(f);
	check_passing(f);
}

static void answer_without_expiry(void **state)
{
	struct fixture *f = *state;

	f->no_expiry = true;
	start_app(f);
	check_passing(f);
}

static void answer_with_short_key(void **state)
{
	struct fixture *f = *state;

	f->short_key = true;
	start_app(f);
	check_passing(f);
}

static void answer_of_another_node(void **state)
{
	struct fixture *f = *state;

	if (over_https) {
		return; /* its certificate says who answers */
	}
	f->wrong_origin = true;
	start_app(f);
	check_passing(f);
}

static void answer_with_bad_settings(void **state)
{
	struct fixture *f = *state;

	f->bad_settings = true;
	start_app(f);
	check_passing(f);
}

static void answer_too_late(void **state)
{
	struct fixture *f = *state;

	f->mode = SILENT;
	start_app(f);
	assert_err(ERR_AGAIN, find(f));
	for (int i = 0; i < 500 && !f->silent; i++) {
		loop_turn(f->w.loop, 1);
	}
	assert_non_null(f->silent);
	world_advance(&f->w, 3001);
	assert_true(f->ready);
	assert_err(ERR_UNAVAILABLE, find(f));
	f->mode = GIVE;
	give(f, f->silent); /* nobody waits for it any more */
	world_settle(&f->w);
	assert_err(ERR_UNAVAILABLE, find(f));
	assert_int_equal(symapp_tokens(f->app), 0);
	world_advance(&f->w, 1000);
	assert_ok(find_in_time(f));
}

static void authn_away_and_back(void **state)
{
	struct fixture *f = *state;
	char address[64];

	start_app(f);
	(void)strcpy(address, f->authn.address);
	rp_a_node_close(&f->authn);
	if (over_https) { /* it is known when somebody asks */
		assert_err(ERR_UNAVAILABLE, find_in_time(f));
	}
	for (int i = 0; i < 500 && reaches(f); i++) {
		loop_turn(f->w.loop, 1);
	}
	assert_err(ERR_UNAVAILABLE, find(f));
	assert_int_equal(f->readied, over_https ? 1 : 0);
	start_authn(f, address);
	for (int i = 0; i < 100 && !reaches(f); i++) {
		world_advance(&f->w, 1000);
	}
	assert_true(reaches(f));
	assert_ok(find_in_time(f));
}

/* Strangers cannot make the element speak to hosts of their choice. */
static void a_strange_node_is_not_asked(void **state)
{
	struct fixture *f = *state;

	start_app(f);
	assert_err(ERR_NOT_FOUND,
		find_for(f, "ICEiIyQlJicoKSorLC0uLw==@evil.example", &f->application));
	assert_err(ERR_NOT_FOUND, find_for(f, "nonsense", &f->application));
	assert_err(ERR_NOT_FOUND, find_for(f, "", &f->application));
	assert_int_equal(f->pulls, 0);
}

/* req: B9.4.3 */
static void a_token_expires(void **state)
{
	struct fixture *f = *state;

	start_app(f);
	assert_ok(find_in_time(f));
	fake_env_advance(&f->w.env, 3599 * 1000);
	assert_ok(find(f));
	fake_env_advance(&f->w.env, 1000);
	assert_err(ERR_NOT_FOUND, find(f));
	assert_said("expired");
	assert_int_equal(f->pulls, 1);
	world_settle(&f->w); /* the sweep */
	assert_int_equal(symapp_tokens(f->app), 0);
}

static void an_expired_answer_is_none(void **state)
{
	struct fixture *f = *state;

	f->lifetime = 0;
	start_app(f);
	assert_err(ERR_NOT_FOUND, find_in_time(f));
}

static void a_forgotten_token_is_asked_for_again(void **state)
{
	struct fixture *f = *state;

	start_app(f);
	assert_ok(find_in_time(f));
	symapp_forget(f->app, view_text(ID));
	assert_int_equal(symapp_tokens(f->app), 0);
	assert_ok(find_in_time(f));
	assert_int_equal(f->pulls, 2);
	symapp_forget(f->app, view_text(OTHER_ID));
	assert_int_equal(symapp_tokens(f->app), 1);
}

static void the_least_recently_used_goes(void **state)
{
	struct fixture *f = *state;
	static const char *const ids[] = {"AAAAAAAAAAAAAAAAAAAAAA==@" NODE,
		"BBBBBBBBBBBBBBBBBBBBBB==@" NODE, "CCCCCCCCCCCCCCCCCCCCCC==@" NODE};

	f->options.tokens = 2;
	start_app(f);
	for (size_t i = 0; i < 3; i++) {
		f->ready = false;
		assert_err(ERR_AGAIN, find_for(f, ids[i], &f->application));
		assert_true(world_until(&f->w, &f->ready));
		assert_ok(find_for(f, ids[0], &f->application)); /* used: it stays */
	}
	assert_int_equal(symapp_tokens(f->app), 2);
	assert_ok(find_for(f, ids[2], &f->application));
	assert_err(ERR_AGAIN, find_for(f, ids[1], &f->application));
}

static void pulls_have_a_ceiling(void **state)
{
	struct fixture *f = *state;

	f->options.pulls = 1;
	f->mode = SILENT;
	start_app(f);
	assert_err(ERR_AGAIN, find(f));
	assert_err(ERR_OVERLOAD, find_for(f, OTHER_ID, &f->application));
	assert_err(ERR_AGAIN, find(f)); /* waiting is no pull */
	for (int i = 0; i < 500 && !f->silent; i++) {
		loop_turn(f->w.loop, 1);
	}
	f->mode = GIVE;
	give(f, f->silent);
	assert_true(world_until(&f->w, &f->ready));
	assert_err(ERR_AGAIN, find_for(f, OTHER_ID, &f->application));
	world_settle(&f->w);
}

static void stopping_tells_who_waits(void **state)
{
	struct fixture *f = *state;

	f->mode = SILENT;
	start_app(f);
	assert_err(ERR_AGAIN, find(f));
	for (int i = 0; i < 500 && !f->silent; i++) {
		loop_turn(f->w.loop, 1);
	}
	symapp_free(f->app);
	f->app = NULL;
	assert_int_equal(f->readied, 1);
	f->mode = GIVE;
	give(f, f->silent);
}

/* The store */

static void use_store(struct fixture *f)
{
	f->options.store_url = f->store;
	f->options.master_key = f->master;
}

static void restart(struct fixture *f)
{
	symapp_free(f->app);
	f->app = NULL;
	world_settle(&f->w);
	start_app(f);
}

/* req: B9.4.3 */
static void tokens_survive_a_restart(void **state)
{
	struct fixture *f = *state;
	struct symapp_token before;

	use_store(f);
	f->uid = "90G0DZKNLS5XhSFmrTrqdavy";
	start_app(f);
	assert_ok(find_in_time(f));
	before = f->token;
	restart(f);
	assert_int_equal(symapp_tokens(f->app), 1);
	memset(&f->token, 0, sizeof(f->token));
	assert_ok(find(f));
	assert_int_equal(f->pulls, 1);
	assert_string_equal(f->token.pseudonym, before.pseudonym);
	assert_string_equal(f->token.id, ID);
	assert_int_equal(f->token.until, before.until);
	assert_int_equal(f->token.from, before.from);
	assert_true(secret_equal(&f->token.key, &before.key));
	assert_string_equal(f->token.tx, "");
}

static void expired_and_forgotten_ones_do_not(void **state)
{
	struct fixture *f = *state;

	use_store(f);
	start_app(f);
	assert_ok(find_in_time(f));
	symapp_forget(f->app, view_text(ID));
	restart(f);
	assert_int_equal(symapp_tokens(f->app), 0);
	assert_ok(find_in_time(f));
	fake_env_advance(&f->w.env, 3600 * 1000);
	restart(f);
	assert_int_equal(symapp_tokens(f->app), 0);
}

static void change_store(struct fixture *f, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->store + strlen("sqlite:"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A record that was moved to another token does not open: it is pulled again. */
static void a_moved_record_does_not_open(void **state)
{
	struct fixture *f = *state;

	use_store(f);
	start_app(f);
	assert_ok(find_in_time(f));
	symapp_free(f->app);
	f->app = NULL;
	world_settle(&f->w);
	change_store(f, "UPDATE held_token SET application = 'other.example'");
	start_app(f);
	assert_int_equal(symapp_tokens(f->app), 0);
	assert_ok(find_in_time(f));
	assert_int_equal(f->pulls, 2);
}

static void keys_are_sealed(void **state)
{
	struct fixture *f = *state;
	BUF_CLEANUP struct buf file = {0};
	uint8_t key[TOKEN_KEY];

	use_store(f);
	start_app(f);
	assert_ok(find_in_time(f));
	key_for(f, key);
	symapp_free(f->app);
	f->app = NULL;
	world_settle(&f->w);
	change_store(f, "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_ok(text_read_file(f->store + strlen("sqlite:"), 1 << 20, &file));
	assert_non_null(memmem(file.data, file.len, "app.example", 11));
	assert_null(memmem(file.data, file.len, key, sizeof(key)));
}

static void a_wrong_master_key_is_told(void **state)
{
	struct fixture *f = *state;
	char hex[65];
	struct symapp *app;

	use_store(f);
	start_app(f);
	symapp_free(f->app);
	f->app = NULL;
	world_settle(&f->w);
	memset(hex, '8', 64);
	hex[64] = '\n';
	assert_ok(text_write_file(f->master, view_of(hex, 65), 0600));
	assert_err(ERR_AUTH, symapp_new(f->w.loop, &f->options, &app));
	assert_said("master key");
}

/* Identities on RP_D */

#define Y_ID "ICEiIyQlJicoKSorLC0uLzAx@" NODE

/* req: B9.4.3 */
static void psk_identities(void **state)
{
	static const char *const bad[] = {"", "3GPP-bootstrapping", "3GPP-bootstrapping;",
		"3gpp-bootstrapping;" ID, "3GPP-bootstrapping:" ID, " 3GPP-bootstrapping;" ID,
		"3GPP-bootstrapping-uicc;" ID, ID, "y3056", "y3056;", "y3056." Y_ID, "Y3056;" Y_ID,
		Y_ID};
	struct view id;
	enum token_format format;

	(void)state;
	assert_ok(symapp_from_psk_identity(view_text("3GPP-bootstrapping;" ID), &format, &id));
	assert_view(id, ID);
	assert_int_equal(format, TOKEN_GBA);
	assert_ok(symapp_from_psk_identity(view_text("3GPP-bootstrapping." ID), &format, &id));
	assert_view(id, ID);
	assert_ok(symapp_from_psk_identity(view_text("y3056;" Y_ID), &format, &id));
	assert_view(id, Y_ID);
	assert_int_equal(format, TOKEN_Y3056);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_err(ERR_SYNTAX, symapp_from_psk_identity(view_text(bad[i]), &format, &id));
	}
}

/* req: B9.4.3 */
static void a_token_id_goes_with_its_own_format(void **state)
{
	struct view id;
	enum token_format format;

	(void)state;
	assert_err(ERR_SYNTAX, symapp_from_psk_identity(view_text("y3056;" ID), &format, &id));
	assert_said("another format");
	assert_err(ERR_SYNTAX,
		symapp_from_psk_identity(view_text("3GPP-bootstrapping;" Y_ID), &format, &id));
	assert_said("another format");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_token_is_pulled_once),
		CASE(one_token_has_one_name),
		CASE(each_application_has_its_own),
		CASE(many_wait_for_one_pull),
		CASE(permission_missing),
		CASE(token_unknown),
		CASE(base_refusal),
		CASE(authz_away),
		CASE(answer_without_expiry),
		CASE(answer_with_short_key),
		CASE(answer_of_another_node),
		CASE(answer_with_bad_settings),
		CASE(answer_too_late),
		CASE(authn_away_and_back),
		CASE(a_strange_node_is_not_asked),
		CASE(a_token_expires),
		CASE(an_expired_answer_is_none),
		CASE(a_forgotten_token_is_asked_for_again),
		CASE(the_least_recently_used_goes),
		CASE(pulls_have_a_ceiling),
		CASE(stopping_tells_who_waits),
		CASE(tokens_survive_a_restart),
		CASE(expired_and_forgotten_ones_do_not),
		CASE(a_moved_record_does_not_open),
		CASE(keys_are_sealed),
		CASE(a_wrong_master_key_is_told),
		TEST(psk_identities),
		TEST(a_token_id_goes_with_its_own_format),
	};

	int failed = RUN_TESTS(tests);

	over_https = true;
	return failed + _cmocka_run_group_tests("over HTTPS", tests,
				sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
