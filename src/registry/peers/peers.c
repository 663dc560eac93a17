// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "base/text.h"
#include "net/metrics.h"
#include "registry/peers/certificate.h"
#include "registry/peers/peers_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 16 };

#define SCHEME	     "https://"
#define DEFAULT_PORT "443"

const char *peer_state_name(enum peer_state state)
{
	static const char *const names[] = {
		[PEER_ASKING] = "asking",
		[PEER_ASKED] = "asked",
		[PEER_JOINED] = "joined",
		[PEER_ISOLATED] = "isolated",
		[PEER_REFUSED] = "refused",
		[PEER_LEFT] = "left",
		[PEER_DENIED] = "denied",
	};

	return names[state];
}

/* --- which there are --- */

struct peer *peers_find(const struct peers *peers, struct view id)
{
	for (size_t i = 0; i < peers->count; i++) {
		if (view_equal(reg_id_view(&peers->items[i]->id), id)) {
			return peers->items[i];
		}
	}
	return NULL;
}

enum err peers_add(struct peers *peers, const struct reg_id *id, struct peer **ret)
{
	if (peers->count >= (size_t)peers->registry->conf->peers_max) {
		return err_fail(ERR_OVERLOAD, "peers.max: as many registries as may be");
	}
	if (peers->count == peers->room) {
		size_t room = peers->room > 0 ? 2 * peers->room : ROOM_FIRST;
		struct peer **more = realloc(peers->items, room * sizeof(struct peer *));

		if (!more) {
			return err_fail(ERR_MEMORY, "registry: out of memory");
		}
		peers->items = more;
		peers->room = room;
	}
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer) {
		return err_fail(ERR_MEMORY, "registry: out of memory");
	}
	peer->registry = peers->registry;
	peer->id = *id;
	peers->items[peers->count++] = peer;
	*ret = peer;
	return OK;
}

static void quiet_peer(struct peer *peer)
{
	asking_stop(peer);
	follower_stop(peer);
	feed_end(peer);
}

void peers_remove(struct peers *peers, struct peer *peer)
{
	quiet_peer(peer);
	for (size_t i = 0; i < peers->count; i++) {
		if (peers->items[i] == peer) {
			peers->items[i] = peers->items[--peers->count];
			break;
		}
	}
	free(peer);
}

size_t peers_parents(const struct peers *peers, const struct peer *but)
{
	size_t count = 0;

	for (size_t i = 0; i < peers->count; i++) {
		const struct peer *peer = peers->items[i];

		if (peer != but && peer->relation == PEER_PARENT &&
			(peer->state == PEER_JOINED || peer->state == PEER_ASKING ||
				peer->state == PEER_ISOLATED)) {
			count++;
		}
	}
	return count;
}

enum err peer_set_place(struct peer *peer, struct view url, struct view address)
{
	char text[PEER_URL], host[PEER_URL];
	const size_t scheme = sizeof(SCHEME) - 1;

	TRY(text_copy(text, sizeof(text), url, "url"));
	TRY(registry_check_url(text));
	if (url.len == 0) {
		return err_fail(ERR_SYNTAX, "url: https:// and a host");
	}
	const char *colon = strrchr(text + scheme, ':');
	const bool has_port = colon && !strchr(colon, ']');

	(void)snprintf(host, sizeof(host), "%.*s",
		has_port ? (int)(colon - text - (ptrdiff_t)scheme) : (int)sizeof(host) - 1,
		text + scheme);
	char place[PEER_URL + 8];

	(void)snprintf(place, sizeof(place), "%s:%s", host, has_port ? colon + 1 : DEFAULT_PORT);
	if (address.len == 0) {
		address = view_text(place);
	}
	char checked[ADDRESS_MAX];

	TRY(text_copy(checked, sizeof(checked), address, "address"));
	TRY(address_check(checked));
	(void)snprintf(peer->url, sizeof(peer->url), "%s", text);
	(void)snprintf(peer->host, sizeof(peer->host), "%s", host);
	(void)snprintf(peer->address, sizeof(peer->address), "%s", checked);
	return OK;
}

/* --- their rows --- */

struct store_step peer_put_step(const struct peer *peer)
{
	return (struct store_step){
		.statement = PUT_PEER,
		.expect = STORE_ONE,
		.param_count = 11,
		.params = {STORE_TEXT_OF(reg_id_view(&peer->id)), STORE_INT_OF(peer->relation),
			STORE_INT_OF(peer->type), STORE_INT_OF(peer->state),
			STORE_TEXT_OF(view_text(peer->url)), STORE_TEXT_OF(view_text(peer->address)),
			STORE_TEXT_OF(view_text(peer->log_key)), STORE_INT_OF(peer->since),
			STORE_TEXT_OF(view_text(peer->reason)), STORE_TEXT_OF(view_text(peer->also)),
			STORE_TEXT_OF(view_text(peer->answer_key))},
	};
}

static enum err load_peer(struct peers *peers, const struct store_result *result, size_t row)
{
	struct reg_id id;
	struct peer *peer;
	const struct view range = store_at(result, 0, row, 10).bytes;

	TRY(reg_id_parse(store_at(result, 0, row, 0).bytes, &id));
	TRY(peers_add(peers, &id, &peer));
	peer->relation = (enum peer_relation)store_at(result, 0, row, 1).number;
	peer->type = (enum registry_type)store_at(result, 0, row, 2).number;
	peer->state = (enum peer_state)store_at(result, 0, row, 3).number;
	TRY(peer_set_place(peer, store_at(result, 0, row, 4).bytes,
		store_at(result, 0, row, 5).bytes));
	TRY(text_copy(peer->log_key, sizeof(peer->log_key), store_at(result, 0, row, 6).bytes,
		"log key"));
	peer->since = store_at(result, 0, row, 7).number;
	TRY(text_copy(peer->reason, sizeof(peer->reason), store_at(result, 0, row, 8).bytes,
		"reason"));
	peer->seq = store_at(result, 0, row, 9).number;
	TRY(text_copy(peer->also, sizeof(peer->also), store_at(result, 0, row, 11).bytes, "also"));
	TRY(text_copy(peer->answer_key, sizeof(peer->answer_key),
		store_at(result, 0, row, 12).bytes, "answer key"));
	return range.len > 0 ? merkle_range_read(range, &peer->range) : OK;
}

struct load {
	struct peers *peers;
	enum err err;
};

static void on_peers(void *user, uint64_t ref, const struct store_result *result)
{
	struct load *load = user;

	(void)ref;
	load->err = result->err == OK ? OK : err_fail(result->err, "%s", result->detail);
	for (size_t row = 0; load->err == OK && row < result->steps[0].rows; row++) {
		load->err = load_peer(load->peers, result, row);
	}
}

static enum err load_all(struct peers *peers)
{
	const struct store_step step = {.statement = ALL_PEERS};
	struct load load = {.peers = peers};

	TRY(store_run(peers->registry->store, &step, 1, on_peers, &load));
	return load.err;
}

/* --- what follows from a state --- */

void peer_settle(struct peer *peer)
{
	const struct peers *peers = peer->registry->peers;

	if (peers->quiet) {
		return;
	}
	if (peer->state == PEER_ASKING) {
		asking_start(peer);
	} else if (peer->state != PEER_JOINED) {
		asking_stop(peer);
	}
	if (peer->state == PEER_LEFT) { /* that it did is the last that it is told */
		follower_stop(peer);
		feed_finish(peer);
	} else if (peer->state != PEER_JOINED) {
		follower_stop(peer);
		feed_end(peer);
	} else if (!peer->follower && peers->tls && follower_start(peer) != OK) {
		log_event(LOG_ERROR, "registry.not_followed", "",
			LOG_VIEW("registry", reg_id_view(&peer->id)), LOG_DETAIL());
	}
}

void peer_record(const struct peer *peer, char subject[PEER_SUBJECT], struct buf *out)
{
	struct json_writer w = json_to(out);

	(void)snprintf(subject, PEER_SUBJECT, "registry:%s", peer->id.text);
	json_open(&w, NULL);
	json_put_string(&w, "subject", subject);
	json_put_string(&w, "relation", peer_relation_name(peer->relation));
	json_put_string(&w, "type", registry_type_name(peer->type));
	json_put_string(&w, "state", peer_state_name(peer->state));
	json_put_string(&w, "url", peer->url);
	json_put_string(&w, "log_key", peer->log_key);
	if (peer->reason[0]) {
		json_put_string(&w, "reason", peer->reason);
	}
	json_close(&w);
}

/* --- how they are --- */

static void put_follower(const struct peer *peer, struct json_writer *w)
{
	const struct follower *f = peer->follower;
	const int64_t now = registry_now(peer->registry);

	json_put_bool(w, "connected", f && f->call && f->check.greeted);
	json_put_int(w, "applied", peer->seq);
	json_put_int(w, "lag", f ? (int64_t)follower_lag(f) : 0);
	if (f && f->in_step > 0) {
		json_put_int(w, "as_of", f->in_step);
		json_put_int(w, "stale_ms", now > f->in_step ? now - f->in_step : 0);
	}
	json_put_int(w, "lost", f ? (int64_t)f->lost : 0);
}

/* By which it asked, or is asked, for a certificate: administrators compare it. */
static void put_answer_key(const struct peer *peer, struct json_writer *w)
{
	char own[JOSE_THUMBPRINT];

	if (peer->answer_key[0]) {
		json_put_string(w, "answer_key", peer->answer_key);
	} else if (certificate_is_wanted_of(peer) &&
		   jose_thumbprint(peer->registry->answer_key, own) == OK) {
		json_put_string(w, "answer_key", own);
	}
}

void peer_put(const struct peer *peer, struct json_writer *w)
{
	json_open(w, NULL);
	json_put_text(w, "id", reg_id_view(&peer->id));
	json_put_string(w, "relation", peer_relation_name(peer->relation));
	json_put_string(w, "type", registry_type_name(peer->type));
	json_put_string(w, "state", peer_state_name(peer->state));
	json_put_int(w, "since", peer->since);
	json_put_string(w, "url", peer->url);
	json_put_string(w, "address", peer->address);
	json_put_string(w, "log_key", peer->log_key);
	if (peer->reason[0]) {
		json_put_string(w, "reason", peer->reason);
	}
	if (peer->also[0]) {
		json_put_string(w, "also", peer->also);
	}
	put_answer_key(peer, w);
	json_put_bool(w, "followed_by", peer->feed != 0);
	put_follower(peer, w);
	json_close(w);
}

void peers_put_parents(const struct registry *registry, const struct reg_id *told,
	struct json_writer *w)
{
	const struct peers *peers = registry->peers;

	for (size_t i = 0; i < peers->count; i++) {
		const struct peer *peer = peers->items[i];

		if (peer->relation == PEER_PARENT && peer->state == PEER_JOINED &&
			!(told && reg_id_equal(&peer->id, told))) {
			json_put_text(w, NULL, reg_id_view(&peer->id));
		}
	}
}

void peers_put_status(const struct registry *registry, struct json_writer *w)
{
	const struct peers *peers = registry->peers;

	json_open_array(w, "peers");
	for (size_t i = 0; i < peers->count; i++) {
		peer_put(peers->items[i], w);
	}
	json_close_array(w);
}

/* Through the registry itself, or the nearest one above it that is known. */
bool peers_freshness(const struct registry *registry, const struct reg_id *of,
	struct peer_freshness *ret)
{
	const struct peers *peers = registry->peers;
	const struct peer *found = NULL;

	for (size_t i = 0; i < peers->count; i++) {
		const struct peer *peer = peers->items[i];
		const bool speaks_for_it =
			reg_id_within(of, &peer->id) || (!found && peer->relation == PEER_PARENT);

		if (peer->follower && speaks_for_it && (!found || peer->id.len > found->id.len)) {
			found = peer;
		}
	}
	if (!found || found->follower->in_step == 0) {
		return false;
	}
	const struct follower *f = found->follower;
	const bool now = f->call && f->check.greeted && follower_lag(f) == 0;

	*ret = (struct peer_freshness){
		.as_of = now ? registry_now(registry) : f->in_step,
		.through = found->id.text,
	};
	return true;
}

static void put_gauge_of_each(const struct peers *peers, struct buf *out, const char *name,
	const char *help, uint64_t (*value)(const struct peer *peer))
{
	metrics_put_head(out, name, METRIC_GAUGE, help);
	for (size_t i = 0; i < peers->count; i++) {
		const struct metric_label label = {"registry", peers->items[i]->id.text};

		metrics_put(out, name, &label, 1, value(peers->items[i]));
	}
}

static uint64_t lag_of(const struct peer *peer)
{
	return peer->follower ? follower_lag(peer->follower) : 0;
}

static uint64_t isolated_of(const struct peer *peer)
{
	return peer->state == PEER_ISOLATED ? 1 : 0;
}

static uint64_t connected_of(const struct peer *peer)
{
	return peer->follower && peer->follower->call && peer->follower->check.greeted ? 1 : 0;
}

void peers_put_metrics(const struct registry *registry, struct buf *out)
{
	const struct peers *peers = registry->peers;

	if (!peers) {
		return;
	}
	put_gauge_of_each(peers, out, "symbolon_registry_peer_lag",
		"Entries of another registry's log that are not applied here.", lag_of);
	put_gauge_of_each(peers, out, "symbolon_registry_peer_connected",
		"Whether its log is being followed at this moment.", connected_of);
	put_gauge_of_each(peers, out, "symbolon_registry_peer_isolated",
		"Whether its log is not believed any more.", isolated_of);
	metrics_put_one(out, "symbolon_registry_peer_entries_in_total", METRIC_COUNTER,
		"Entries of other registries' logs that were applied.", peers->entries_in);
	metrics_put_one(out, "symbolon_registry_peer_entries_out_total", METRIC_COUNTER,
		"Entries of this log that were sent to other registries.", peers->entries_out);
	metrics_put_one(out, "symbolon_registry_peer_duplicates_total", METRIC_COUNTER,
		"Devices that were found at two registries below this one.", peers->duplicate_count);
	metrics_put_one(out, "symbolon_registry_peer_isolations_total", METRIC_COUNTER,
		"How often a registry was isolated.", peers->isolations);
}

void peers_unready(const struct registry *registry, struct buf *out)
{
	const struct peers *peers = registry->peers;

	for (size_t i = 0; peers && i < peers->count; i++) {
		if (peers->items[i]->state == PEER_ISOLATED) {
			buf_printf(out, "peers: %s is isolated: %s\n", peers->items[i]->id.text,
				peers->items[i]->reason);
		}
	}
}

/* --- a part of the program --- */

/* Only who has joined is a registry to us, and only under its own name. */
static bool find_peer(const struct registry *registry, const struct stream *stream, char ret_id[256])
{
	const struct peers *peers = registry->peers;

	for (size_t i = 0; peers && i < peers->count; i++) {
		const struct peer *peer = peers->items[i];

		if (peer->state == PEER_JOINED && certificate_is_of(peer, stream)) {
			(void)snprintf(ret_id, 256, "%s", peer->id.text);
			return true;
		}
	}
	return false;
}

static enum err open_tls(struct peers *peers)
{
	const struct registry_conf *conf = peers->registry->conf;
	const struct tls_files files = {conf->api_certificate, conf->api_key, conf->api_authority};

	if (!files.authority[0] || !files.certificate[0] != !files.key[0]) {
		return OK; /* it knows no other registries */
	}
	return tls_client(&files, &peers->tls);
}

enum err peers_start_up(struct registry *registry)
{
	struct peers *peers = calloc(1, sizeof(*peers));

	if (!peers) {
		return err_fail(ERR_MEMORY, "registry: out of memory");
	}
	registry->peers = peers;
	peers->registry = registry;
	TRY(open_tls(peers));
	TRY(certificate_start_up(peers));
	TRY(feeds_start_up(peers));
	TRY(pool_new(sizeof(struct unit), (size_t)registry->conf->peers_units, &peers->units));
	peers->image = calloc(1, sizeof(*peers->image));
	if (!peers->image) {
		return err_fail(ERR_MEMORY, "registry: out of memory");
	}
	peers->image->text = buf_fixed(peers->image->room, sizeof(peers->image->room));
	TRY(load_all(peers));
	TRY(duplicates_start_up(peers));
	registry->find_peer = find_peer;
	for (size_t i = 0; i < peers->count; i++) {
		struct peer *peer = peers->items[i];

		peer_settle(peer);
		if (peer->state == PEER_JOINED && peer->relation != PEER_CHILD && peers->tls) {
			asking_start(peer); /* we may be reached elsewhere now */
		}
	}
	return OK;
}

void peers_be_quiet(struct registry *registry)
{
	struct peers *peers = registry->peers;

	if (!peers) {
		return;
	}
	registry->find_peer = NULL;
	peers->quiet = true;
	certificate_be_quiet(peers);
	for (size_t i = 0; i < peers->count; i++) {
		quiet_peer(peers->items[i]);
	}
}

/* The store is closed: nothing comes back from there. */
void peers_shut_down(struct registry *registry)
{
	struct peers *peers = registry->peers;

	if (!peers) {
		return;
	}
	while (peers->count > 0) {
		peers_remove(peers, peers->items[0]);
	}
	feeds_shut_down(peers);
	duplicates_shut_down(peers);
	pool_free(peers->units);
	certificate_shut_down(peers);
	tls_free(peers->tls);
	free(peers->items);
	free(peers->image);
	free(peers);
	registry->peers = NULL;
}
