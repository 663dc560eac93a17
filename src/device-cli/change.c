// SPDX-License-Identifier: Apache-2.0
/*
 * change: clause 10.6 as a command: the device's consent, the new operator's portal, the new realm, the first token there.
 * Each step is kept before the next is taken, so the same command goes on where power or patience ended.
 *  req: B10.6.1 B10.6.2 B7.5-g
 */
#include "device-cli/device_cli.h"

#include "base/log.h"
#include "base/text.h"
#include "device-cli/portal.h"
#include "wire/realm_document.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WAIT_S = 60, WAIT_MAX_S = 24 * 3600, POLL_FIRST_MS = 100, POLL_MOST_MS = 3000 };
enum { CONSENT_S = 7 * 24 * 3600, BODY_MAX = 16 * 1024, PATH_LEN = 128, STATE_LEN = 24 };

struct run {
	struct device *device;
	struct portal *portal; /* NULL: not needed yet */
	struct symdev_change change;
	struct symdev_realm realm; /* the new one */
	int64_t until_us;	   /* how long the operators are waited for */
	char state[STATE_LEN];	   /* that the portal told last */
	char detail[DETAIL_MAX];
};

/* --- what is said --- */

static void say(const struct run *run, const char *clause, const char *event, const char *what)
{
	BUF_CLEANUP struct buf text = buf_growing(4096);
	struct json_writer w = json_to(&text);

	if (!run->device->options->json) {
		(void)printf("%-9s %s\n", clause, what);
		(void)fflush(stdout);
		return;
	}
	json_open(&w, NULL);
	json_put_string(&w, "clause", clause);
	json_put_string(&w, "event", event);
	json_put_string(&w, "text", what);
	json_close(&w);
	(void)printf("%s\n", buf_string(&text));
	(void)fflush(stdout);
}

/* The same, for who reads logs. */
static void say_step(const struct run *run, const char *clause, const char *event, const char *what)
{
	log_step(event, "", clause, "device", "device", 0);
	say(run, clause, event, what);
}

static const char *realm_of(const struct ident *client)
{
	return (const char *)ident_realm_of(client).data; /* the end of it */
}

static const char *clause_of(const struct run *run, const char *symmetric, const char *asymmetric)
{
	return run->change.method == CHANGE_SYMMETRIC ? symmetric : asymmetric;
}

static enum err say_end(const struct run *run, const struct symdev_token *token)
{
	BUF_CLEANUP struct buf text = buf_growing(8192);
	struct json_writer w = json_to(&text);
	char until[TEXT_TIME];

	if (!run->device->options->json) {
		(void)printf("%s is the active realm; %s is forgotten, with its tokens\n",
			realm_of(&run->change.new_client), realm_of(&run->change.client));
		return OK;
	}
	text_time(token->until, until);
	json_open(&w, NULL);
	json_put_string(&w, "change", run->change.id);
	json_put_string(&w, "state", "done");
	json_put_string(&w, "realm", realm_of(&run->change.new_client));
	json_put_string(&w, "client", run->change.new_client.text);
	json_put_string(&w, "left", realm_of(&run->change.client));
	json_put_string(&w, "token", token->id);
	json_put_string(&w, "until", until);
	json_close(&w);
	TRY(buf_end(&text, "answer"));
	return printf("%s\n", buf_string(&text)) > 0 ? OK : err_system("standard output");
}

/* --- the portal --- */

static enum err need_portal(struct run *run)
{
	const struct options *o = run->device->options;
	const char *authority = o->ca ? o->ca : run->realm.trust[0] ? run->realm.trust : NULL;

	if (run->portal) {
		return OK;
	}
	if (!o->token_file) {
		return err_fail(ERR_CONFIG, "--token-file FILE is wanted: of the user's session at "
					    "the new operator's portal");
	}
	return portal_open(run->device->loop, o->portal ? o->portal : run->change.url, authority,
		o->token_file, &run->portal);
}

static enum err take_text(const struct json *root, const char *name, char *ret, size_t room)
{
	struct view text = view_text("");

	TRY(json_text_opt(root, name, &text));
	if (!text_is_printable(text)) {
		return err_fail(ERR_SYNTAX, "portal: %s is not printable", name);
	}
	text.len = text.len < room ? text.len : room - 1;
	return text_copy(ret, room, text, name);
}

static enum err take_state(struct run *run, const struct json *root)
{
	TRY(take_text(root, "state", run->state, sizeof(run->state)));
	return take_text(root, "detail", run->detail, sizeof(run->detail));
}

static void path_of(const struct run *run, const char *rest, char ret[PATH_LEN])
{
	(void)snprintf(ret, PATH_LEN, "/v1/changes/%s%s", run->change.id, rest);
}

/* 10.6/1: the consent is handed in, as often as it takes: the portal knows it again. */
static enum err hand_in(struct run *run)
{
	BUF_CLEANUP struct buf body = buf_growing(BODY_MAX);
	JSON_CLEANUP struct json *root = NULL;
	struct json_writer w = json_to(&body);
	struct view id;

	TRY(need_portal(run));
	json_open(&w, NULL);
	json_put_string(&w, "consent", run->change.consent);
	json_close(&w);
	TRY(buf_end(&body, "consent"));
	TRY(portal_call(run->portal, "POST", "/v1/changes", buf_contents(&body), &root));
	TRY(json_text(root, "id", &id));
	TRY(take_state(run, root));
	return symdev_change_accepted(&se_soft_ops, run->device->se, &run->change, id);
}

/* The order comes with the state, if there is one. */
static enum err ask_state(struct run *run, struct buf *ret_order)
{
	JSON_CLEANUP struct json *root = NULL;
	struct view order = view_text("");
	char path[PATH_LEN];

	TRY(need_portal(run));
	path_of(run, "", path);
	TRY(portal_call(run->portal, "GET", path, (struct view){.len = 0}, &root));
	TRY(take_state(run, root));
	TRY(json_text_opt(root, "order", &order));
	buf_clear(ret_order);
	buf_view(ret_order, order);
	return buf_end(ret_order, "order");
}

static enum err hand_receipt(struct run *run)
{
	BUF_CLEANUP struct buf receipt = buf_growing(CHANGE_JWS);
	BUF_CLEANUP struct buf body = buf_growing(BODY_MAX);
	JSON_CLEANUP struct json *root = NULL;
	struct json_writer w = json_to(&body);
	char path[PATH_LEN];

	TRY(symdev_change_receipt(&se_soft_ops, run->device->se, run->device->env, &run->change,
		&receipt));
	json_open(&w, NULL);
	json_put_text(&w, "receipt", buf_contents(&receipt));
	json_close(&w);
	TRY(buf_end(&body, "receipt"));
	TRY(need_portal(run));
	path_of(run, "/receipt", path);
	return portal_call(run->portal, "POST", path, buf_contents(&body), &root);
}

/* --- waiting --- */

static bool is_over(const struct run *run)
{
	return strcmp(run->state, "aborted") == 0 || strcmp(run->state, "refused") == 0;
}

/* Given up by an operator or the user: the device stays, and all that it did for it is undone. */
static enum err go_back(struct run *run)
{
	TRY(symdev_change_abort(&se_soft_ops, run->device->se, &run->change));
	say(run, "10.6", "change.aborted", "the device stays where it was");
	return err_fail(ERR_DENIED, "10.6/2: the change to %s was %s: %s",
		realm_of(&run->change.new_client), run->state, run->detail);
}

static void pause_ms(int64_t ms)
{
	(void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000},
		NULL);
}

static bool is_one_of(const char *state, const char *const *states)
{
	while (*states && strcmp(*states, state) != 0) {
		states++;
	}
	return *states != NULL;
}

static enum err not_yet(const struct run *run, const char *why)
{
	return err_fail(ERR_TIMEOUT, "10.6/3: the change is %s%s%s; call again, it goes on there",
		run->state, why[0] ? ": " : "", why);
}

/* Until the portal tells one of these; a portal that is away is waited for too. */
static enum err poll_for(struct run *run, const char *const *states, struct buf *ret_order)
{
	const struct env *env = run->device->env;
	int64_t pause = POLL_FIRST_MS;

	for (;;) {
		enum err err = ask_state(run, ret_order);

		if (err == OK && (is_over(run) || is_one_of(run->state, states))) {
			return OK;
		}
		if (err != OK && err != ERR_UNAVAILABLE && err != ERR_TIMEOUT && err != ERR_CLOSED) {
			return err;
		}
		if (env->steady_us(env) + pause * 1000 > run->until_us) {
			return err == OK ? not_yet(run, run->detail) : err;
		}
		pause_ms(pause);
		pause = pause * 2 < POLL_MOST_MS ? pause * 2 : POLL_MOST_MS;
	}
}

/* The device goes on with its old realm meanwhile: the secure element is for others to use.  req: B10.6.1 */
static enum err wait_for(struct run *run, const char *const *states, struct buf *ret_order)
{
	char detail[DETAIL_MAX];

	TRY(need_portal(run));
	device_close_se(run->device);
	enum err err = poll_for(run, states, ret_order);

	(void)snprintf(detail, sizeof(detail), "%s", err_detail());
	TRY(device_open_se(run->device));
	TRY(err == OK ? OK : err_fail(err, "%s", detail));
	if (symdev_change_load(&se_soft_ops, run->device->se, &run->change) != OK) {
		return err_fail(ERR_CONFLICT, "10.6: another call has ended the change meanwhile");
	}
	return is_over(run) ? go_back(run) : OK;
}

/* --- the steps --- */

/* Who it is at the new realm, while the old one is the active one still. */
static enum err bootstrap_there(struct run *run, struct symdev_token *ret)
{
	struct device there = *run->device;
	const struct options *o = run->device->options;
	struct ident application = run->realm.served[0];

	there.client = run->change.new_client;
	there.realm = run->realm;
	there.has_list = true;
	TRY(text_copy(there.ca, sizeof(there.ca), view_text(run->realm.trust), "authority"));
	if (o->app) {
		TRY(device_read_ident("--app", IDENT_APPLICATION, o->app, &application));
	}
	return device_bootstrap(&there, application.kind == IDENT_NONE ? NULL : &application, NULL,
		ret);
}

/* A node that knows the device no more may have been told so: then the portal knows why. */
static enum err why_refused(struct run *run, enum err err)
{
	BUF_CLEANUP struct buf order = buf_growing(CHANGE_JWS);
	char detail[DETAIL_MAX];

	(void)snprintf(detail, sizeof(detail), "%s", err_detail());
	if ((err == ERR_DENIED || err == ERR_AUTH) && ask_state(run, &order) == OK && is_over(run)) {
		return go_back(run);
	}
	return err_fail(err, "%s", detail);
}

/* As it stands in the list: an order has pinned other keys than the user has. */
static enum err reload_realm(struct run *run)
{
	struct ident name;

	TRY(ident_parse(IDENT_FQDN, ident_realm_of(&run->change.new_client), &name));
	return symdev_realm_load(&se_soft_ops, run->device->se, &name, &run->realm);
}

static enum err step_asked(struct run *run)
{
	static const char *const keyed[] = {"keyed", "updated", "first_token", NULL};
	static const char *const ordered[] = {"ordered", NULL};
	BUF_CLEANUP struct buf order = buf_growing(CHANGE_JWS);
	bool symmetric = run->change.method == CHANGE_SYMMETRIC;

	if (!run->change.id[0]) {
		log_step("change.asked", "", clause_of(run, "10.6.1/1", "10.6.2/1"), "device",
			"authz", 0);
		TRY(hand_in(run));
		say(run, clause_of(run, "10.6.1/1", "10.6.2/1"), "change.asked",
			"the new operator has the device's consent");
	}
	TRY(wait_for(run, symmetric ? keyed : ordered, &order));
	if (symmetric) {
		TRY(symdev_change_keyed(&se_soft_ops, run->device->se, &run->change));
		say_step(run, "10.6.1/3", "change.keyed", "the old operator has given the key");
		return OK;
	}
	TRY(symdev_change_order(&se_soft_ops, run->device->se, run->device->env, &run->change,
		buf_contents(&order)));
	say_step(run, "10.6.2/3", "change.ordered",
		"the old operator's order is verified: the new one's key is in the place of its "
		"own");
	return OK;
}

/* 10.6.1/4: by the old operator's key, for the last time. */
static enum err step_keyed(struct run *run)
{
	struct symdev_token token;
	enum err err = bootstrap_there(run, &token);

	if (err != OK) {
		return why_refused(run, err);
	}
	TRY(symdev_change_ready(&se_soft_ops, run->device->se, &run->change));
	say_step(run, "10.6.1/4", "change.updated",
		"the new operator's key is in the place of the old one's");
	return OK;
}

static enum err step_ordered(struct run *run)
{
	static const char *const updated[] = {"updated", "first_token", NULL};
	BUF_CLEANUP struct buf order = buf_growing(CHANGE_JWS);
	enum err err = hand_receipt(run);

	/* It may have been there already, when the answer was lost. */
	TRY(err == ERR_CONFLICT ? OK : err);
	TRY(wait_for(run, updated, &order));
	TRY(symdev_change_ready(&se_soft_ops, run->device->se, &run->change));
	say_step(run, "10.6.2/4", "change.updated",
		"the new operator has the device's public key from the old one");
	return OK;
}

static enum err step_ready(struct run *run)
{
	struct symdev_token token;
	enum err err = bootstrap_there(run, &token);

	if (err != OK) {
		return why_refused(run, err);
	}
	say(run, "10.4", "change.first_token", "the first bootstrap_token of the new realm");
	TRY(symdev_change_finish(&se_soft_ops, run->device->se, env_wall(run->device->env),
		&run->change));
	return say_end(run, &token);
}

static enum err drive(struct run *run)
{
	for (;;) {
		switch (run->change.step) {
		case SYMDEV_CHANGE_ASKED:
			TRY(step_asked(run));
			break;
		case SYMDEV_CHANGE_KEYED:
			TRY(step_keyed(run));
			break;
		case SYMDEV_CHANGE_ORDERED:
			TRY(step_ordered(run));
			break;
		default:
			return step_ready(run);
		}
	}
}

/* --- begun --- */

/* As it bootstraps now, unless it is said. */
static enum err read_method(const struct device *device, enum change_method *ret)
{
	const struct options *o = device->options;

	*ret = device->realm.certificate ? CHANGE_ASYMMETRIC : CHANGE_SYMMETRIC;
	return !o->method || change_method_of(view_text(o->method), ret) == OK
		       ? OK
		       : err_fail(ERR_CONFIG, "--method: symmetric or asymmetric");
}

/* An application that is used now is used there too, unless another is named. */
static enum err choose_application(const struct device *device, struct symdev_realm *ret)
{
	const char *app = device->options->app;
	struct symdev_token token;

	ret->served_count = 1;
	if (app) {
		return device_read_ident("--app", IDENT_APPLICATION, app, &ret->served[0]);
	}
	for (unsigned place = 0; place < SYMDEV_TOKENS; place++) {
		if (symdev_token_at(&se_soft_ops, device->se, &device->client, place, &token) ==
				OK &&
			token.application.kind != IDENT_NONE) {
			ret->served[0] = token.application;
			return OK;
		}
	}
	if (device->realm.served_count > 0) {
		ret->served[0] = device->realm.served[0];
		return OK;
	}
	return err_fail(ERR_CONFIG, "--app APPLICATION is wanted: for what the first token of the "
				    "new realm is to be");
}

static enum err read_node(const struct options *o, struct symdev_realm *ret)
{
	if (!o->node || !o->portal) {
		return err_fail(ERR_CONFIG,
			"the URL of the new operator's realm document is wanted, "
			"with --anchor; or --node and --portal");
	}
	TRY(device_read_ident("--node", IDENT_FQDN, o->node, &ret->nodes[0].host));
	ret->node_count = 1;
	if (o->address) {
		TRY(address_check(o->address));
		TRY(text_copy(ret->nodes[0].address, SYMDEV_ADDRESS, view_text(o->address),
			"--address"));
	}
	return OK;
}

/* What the realm says of itself, signed by the key that its user has from it; or what the user says. */
static enum err read_realm(struct run *run, struct realm_document *ret_document)
{
	const struct options *o = run->device->options;
	struct symdev_realm *realm = &run->realm;
	char authority[PATH_MAX];

	*realm = (struct symdev_realm){.node_count = 0};
	*ret_document = (struct realm_document){.serial = 0};
	if (!o->client) {
		return err_fail(ERR_CONFIG, "--client ID is wanted: who the device will be at the "
					    "new operator");
	}
	TRY(device_read_ident("--client", IDENT_CLIENT, o->client, &realm->client));
	if (o->ca) {
		TRY(device_absolute("--ca", o->ca, authority));
		TRY(text_copy(realm->trust, sizeof(realm->trust), view_text(authority), "--ca"));
	}
	TRY(o->anchor ? device_read_anchor(o->anchor, realm) : OK);
	if (!o->word) {
		return read_node(o, realm);
	}
	if (!o->anchor) {
		return err_fail(ERR_CONFIG,
			"--anchor FILE is wanted: the key that signs the realm's "
			"document, as you have it from the operator");
	}
	return device_learn_realm(o, run->device->loop, o->word, realm, ret_document);
}

static enum err choose_portal(struct run *run, const struct realm_document *document)
{
	const char *given = run->device->options->portal;
	const char *url = given ? given : document->change_url;

	if (!url[0]) {
		return err_fail(ERR_CONFIG, "--portal URL is wanted: the realm's document does not "
					    "say where a change of operator is asked for");
	}
	return text_copy(run->change.url, sizeof(run->change.url), view_text(url), "portal");
}

/* Whom the old operator is to seal the key for: who stands at the portal, says TLS. */
static enum err ask_envelope_key(struct run *run, char ret[JOSE_THUMBPRINT])
{
	JSON_CLEANUP struct json *root = NULL;
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	struct view realm;

	TRY(portal_call(run->portal, "GET", "/v1/change-key", (struct view){.len = 0}, &root));
	TRY(json_text(root, "realm", &realm));
	if (!view_equal(realm, ident_realm_of(&run->realm.client))) {
		return err_fail(ERR_AUTH, "10.6/1: the portal is of another realm than %s",
			realm_of(&run->realm.client));
	}
	if (!json_member(root, "key")) {
		return err_fail(ERR_SYNTAX, "10.6/1: the portal shows no key");
	}
	TRY(jose_key_from_jwk(json_member(root, "key"), &key));
	return jose_thumbprint(key, ret);
}

/* The document says it under the realm's signature; else the portal does. */
static enum err envelope_key(struct run *run, const struct realm_document *document,
	char ret[JOSE_THUMBPRINT])
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;

	if (document->change_key.len == 0) {
		return ask_envelope_key(run, ret);
	}
	TRY(jose_key_from_public(view_of(document->change_key.bytes, document->change_key.len),
		&key));
	return jose_thumbprint(key, ret);
}

static enum err sign_consent(struct run *run, const struct realm_document *document)
{
	struct device *device = run->device;
	struct symdev_change_options options = {.se_ops = &se_soft_ops,
		.se = device->se,
		.env = device->env,
		.realm = run->realm,
		.url = run->change.url,
		.pseudonyms = device->options->pseudonyms,
		.lifetime = CONSENT_S};

	TRY(read_method(device, &options.method));
	options.realm.certificate = options.method == CHANGE_ASYMMETRIC;
	run->realm.certificate = options.realm.certificate;
	TRY(envelope_key(run, document, options.new_key));
	TRY(device_begin_list(device));
	enum err err = symdev_change_begin(&options, &run->change);

	return err == ERR_NOT_FOUND
		       ? err_fail(err,
				 "10.6/1: the device has no key of its own yet: register "
				 "what `symbolon-device own-key make` shows with its operator")
		       : err;
}

static enum err begin(struct run *run)
{
	struct realm_document document;
	char what[2 * IDENT_MAX];

	TRY(read_realm(run, &document));
	TRY(choose_application(run->device, &run->realm));
	TRY(choose_portal(run, &document));
	TRY(need_portal(run));
	TRY(sign_consent(run, &document));
	(void)snprintf(what, sizeof(what), "consent is signed: from %s to %s",
		realm_of(&run->change.client), realm_of(&run->change.new_client));
	say_step(run, clause_of(run, "10.6.1/1", "10.6.2/1"), "change.consented", what);
	return OK;
}

/* --- given up --- */

/* Power may have failed while the old realm was forgotten: then it is too late, whatever the portal knows. */
static enum err check_not_there(struct run *run)
{
	struct symdev_realm active;

	TRY(symdev_realm_active(&se_soft_ops, run->device->se, &active));
	return ident_equal(&active.client, &run->change.new_client)
		       ? err_fail(ERR_WRONG_STATE,
				 "10.6: the device has gone over to %s already; "
				 "call again without --abort",
				 realm_of(&run->change.new_client))
		       : OK;
}

/* The new operator first: after the first token there is no way back but another change. */
static enum err give_up(struct run *run)
{
	JSON_CLEANUP struct json *root = NULL;
	char path[PATH_LEN];
	enum err err = OK;

	TRY(check_not_there(run));
	if (run->change.id[0]) {
		TRY(need_portal(run));
		path_of(run, "", path);
		err = portal_call(run->portal, "DELETE", path, (struct view){.len = 0}, &root);
	}
	TRY(err == ERR_NOT_FOUND ? OK : err);
	TRY(symdev_change_abort(&se_soft_ops, run->device->se, &run->change));
	say(run, "10.6", "change.aborted", "the device stays where it was");
	return OK;
}

static enum err read_wait(struct run *run)
{
	const struct options *o = run->device->options;
	uint64_t seconds = WAIT_S;

	if (o->wait && text_from_u64(view_text(o->wait), WAIT_MAX_S, &seconds, "--wait") != OK) {
		return err_fail(ERR_CONFIG, "--wait: seconds, %d at most", WAIT_MAX_S);
	}
	run->until_us = run->device->env->steady_us(run->device->env) + (int64_t)seconds * 1000000;
	return OK;
}

static enum err change(struct run *run)
{
	struct device *device = run->device;

	TRY(read_wait(run));
	enum err err = symdev_change_load(&se_soft_ops, device->se, &run->change);

	if (err == OK) {
		TRY(symdev_change_realm(&se_soft_ops, device->se, &run->realm));
		TRY(run->change.step == SYMDEV_CHANGE_ASKED ? OK : reload_realm(run));
		return device->options->abort ? give_up(run) : drive(run);
	}
	TRY(err == ERR_NOT_FOUND && !device->options->abort ? OK : err);
	TRY(begin(run));
	return drive(run);
}

enum err command_change(const struct options *options)
{
	struct device device = {.options = options};
	struct run run = {.device = &device, .state = "not handed in"};
	enum err err = device_open(options, &device);

	if (err == OK) {
		err = change(&run);
	}
	portal_close(run.portal);
	device_close(&device);
	return err;
}
