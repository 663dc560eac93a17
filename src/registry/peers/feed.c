// SPDX-License-Identifier: Apache-2.0
/*
 * Our log for another registry: a held stream of server-sent events (docs/protocol/registry_peers.md). A checkpoint first, then
 * entries as they are logged, each batch with a checkpoint behind it; no faster than the other side takes them. Who
 * is far behind gets a snapshot first: the newest event of each kind of each subject.  req: R7-iv-f R9.4-i-b
 */
#include "base/log.h"
#include "registry/ledger/proof.h"
#include "registry/peers/peers_inside.h"
#include "registry/status/policing.h"

#include <stdio.h>

enum {
	BATCH = 256,
	PART = 256 * 1024, /* bytes, about, before it is looked whether more may be sent */
	PART_MAX = 8 << 20,
	LEAF_ROOM = 512,
};

struct feed {
	struct peers *peers;
	struct peer *peer;
	struct http_request *request;
	int64_t next; /* the seq that is to be sent */
	bool busy;    /* something is being read or proved */
	bool blocked; /* the other side takes no more for now */
	struct timer keep_alive;
	bool ends; /* when it has sent what is below `last` */
	int64_t last;

	/* of a snapshot */
	bool in_snapshot;
	struct log_snapshot snapshot;
	uint64_t page;
};

static void go(struct feed *feed);

static struct ledger *ledger_of(const struct feed *feed)
{
	return feed->peers->registry->ledger;
}

static struct feed *feed_at(const struct registry *registry, uint64_t ref)
{
	return registry->peers ? pool_at(registry->peers->feeds, ref) : NULL;
}

/* --- its end --- */

static struct http_request *detach(struct feed *feed)
{
	struct http_request *request = feed->request;
	struct peers *peers = feed->peers;
	const pool_ref self = feed->peer->feed;

	timer_stop(peers->registry->loop, &feed->keep_alive);
	feed->peer->feed = 0;
	feed->peer->fed_at = registry_now(peers->registry);
	request->on_gone = NULL;
	log_event(LOG_INFO, "registry.stream_ended", "",
		LOG_VIEW("registry", reg_id_view(&feed->peer->id)));
	pool_give(peers->feeds, self);
	return request;
}

static void cut(struct feed *feed)
{
	http_answer_abort(detach(feed));
}

static void on_gone(struct http_request *request)
{
	cut(request->user);
}

void feed_end(struct peer *peer)
{
	struct feed *feed =
		peer->feed != 0 ? pool_at(peer->registry->peers->feeds, peer->feed) : NULL;

	if (feed) {
		http_answer_end(detach(feed));
	}
}

void feed_finish(struct peer *peer)
{
	struct feed *feed =
		peer->feed != 0 ? pool_at(peer->registry->peers->feeds, peer->feed) : NULL;

	if (feed) {
		feed->ends = true;
		feed->last = ledger_size(ledger_of(feed));
		go(feed);
	}
}

/* --- sending --- */

/* false: the feed is over. */
static bool send(struct feed *feed, const struct buf *text)
{
	enum err err = buf_end(text, "stream");

	err = err == OK ? http_answer_part(feed->request, buf_contents(text)) : err;
	feed->blocked = feed->blocked || err == ERR_AGAIN;
	if (err == OK || err == ERR_AGAIN) {
		timer_start(feed->peers->registry->loop, &feed->keep_alive,
			feed->peers->registry->conf->peers_keep_alive, feed->keep_alive.fn, feed);
		return true;
	}
	cut(feed);
	return false;
}

static void on_keep_alive(void *user)
{
	struct feed *feed = user;
	BUF_CLEANUP struct buf text = buf_growing(8);

	feed->keep_alive.fn = on_keep_alive;
	buf_text(&text, ":\n\n");
	(void)send(feed, &text);
}

static void write_event(struct buf *out, int64_t id, const char *name, struct view data)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%lld", (long long)id);
	sse_write(out, view_text(digits), name, data);
}

/* The same checkpoint goes to all that follow. */
static enum err write_checkpoint(struct feed *feed, int64_t size, const struct merkle_hash *root,
	struct buf *out)
{
	struct peers *peers = feed->peers;
	const struct note_key *key = ledger_key(ledger_of(feed));
	const struct note_checkpoint checkpoint = {.origin = view_text(key->name),
		.size = (uint64_t)size,
		.root = *root};
	BUF_CLEANUP struct buf text = buf_growing(NOTE_MAX);

	if (peers->note.len == 0 || peers->note_size != size) {
		note_checkpoint_write(&checkpoint, &text);
		TRY(buf_end(&text, "checkpoint"));
		buf_clear(&peers->note);
		peers->note_size = size;
		TRY(note_sign(buf_contents(&text), key, &peers->registry->log_seed, &peers->note));
	}
	write_event(out, size, "checkpoint", buf_contents(&peers->note));
	return OK;
}

static bool send_checkpoint(struct feed *feed, int64_t size, const struct merkle_hash *root)
{
	BUF_CLEANUP struct buf out = buf_growing(NOTE_MAX);

	if (write_checkpoint(feed, size, root, &out) != OK) {
		log_event(LOG_ERROR, "registry.checkpoint_failed", "", LOG_DETAIL());
		cut(feed);
		return false;
	}
	return send(feed, &out);
}

static void on_root(void *user, uint64_t ref, enum err err, struct view hashes)
{
	struct feed *feed = feed_at(user, ref);
	struct merkle_hash root;

	if (!feed) {
		return;
	}
	feed->busy = false;
	if (err != OK || hashes.len != sizeof(root.bytes)) {
		log_event(LOG_ERROR, "registry.checkpoint_failed", "", LOG_DETAIL());
		cut(feed);
		return;
	}
	struct reader r = reader_of(hashes);

	reader_copy(&r, root.bytes, sizeof(root.bytes));
	if (send_checkpoint(feed, feed->next, &root)) {
		go(feed);
	}
}

/* Of what was sent; the log may have grown meanwhile. */
static void sign_batch(struct feed *feed)
{
	struct ledger *ledger = ledger_of(feed);
	const struct proof_question question = {.kind = PROOF_ROOT, .a = (uint64_t)feed->next};
	struct merkle_hash root;

	if (feed->next == ledger_size(ledger)) {
		ledger_root(ledger, &root);
		if (send_checkpoint(feed, feed->next, &root)) {
			go(feed);
		}
		return;
	}
	feed->busy = true;
	if (ledger_prove(ledger, &question, on_root, feed->peers->registry, feed->peer->feed) !=
		OK) {
		cut(feed);
	}
}

/* --- entries --- */

/* Of a vulnerability, only what its label lets out (controlled dissemination).  req: R7-b */
static bool may_see(const struct feed *feed, const struct ledger_entry *entry)
{
	const struct registry *registry = feed->peers->registry;

	if (!entry->salt || !peer_rules_may_see(feed->peer->relation, entry->kind)) {
		return false;
	}
	return (entry->kind != EVENT_VULNERABILITY_RECORDED &&
		       entry->kind != EVENT_VULNERABILITY_WITHDRAWN) ||
	       vulnerability_record_may_go(registry, entry->record, VIEWER_REGISTRY);
}

static void write_entry(const struct feed *feed, const struct ledger_entry *entry, struct buf *json)
{
	uint8_t room[LEAF_ROOM];
	struct buf leaf = buf_fixed(room, sizeof(room));
	struct log_entry out = {.seq = entry->seq, .origin_seq = entry->origin_seq};

	ledger_leaf(entry, &leaf);
	out.leaf = buf_contents(&leaf);
	if (may_see(feed, entry)) {
		struct reader r = reader_of(view_of(entry->salt, LOG_SALT));

		out.has_record = true;
		out.record = entry->record;
		reader_copy(&r, out.salt, LOG_SALT);
	}
	log_entry_write(&out, json);
}

static void on_entries(void *user, uint64_t ref, enum err err, const struct ledger_entry *entries,
	size_t count)
{
	struct feed *feed = feed_at(user, ref);
	BUF_CLEANUP struct buf out = buf_growing(PART_MAX), json = buf_growing(PART_MAX);

	if (!feed) {
		return;
	}
	feed->busy = false;
	if (err != OK) {
		log_event(LOG_ERROR, "registry.log_not_sent", "", LOG_DETAIL());
		cut(feed);
		return;
	}
	for (size_t i = 0; i < count && out.len < PART; i++) {
		buf_clear(&json);
		write_entry(feed, &entries[i], &json);
		write_event(&out, entries[i].seq, "entry", buf_contents(&json));
		feed->next = entries[i].seq + 1;
		feed->peers->entries_out++;
	}
	if (count > 0 && send(feed, &out)) {
		sign_batch(feed);
	}
}

/* --- a snapshot --- */

static enum err write_page(struct feed *feed, const struct ledger_entry *entries, size_t count,
	struct buf *out, int64_t *ret_next)
{
	BUF_CLEANUP struct buf json = buf_growing(PART_MAX), text = buf_growing(NOTE_MAX);
	BUF_CLEANUP struct buf note = buf_growing(NOTE_MAX), all = buf_growing(PART_MAX);
	const struct note_key *key = ledger_key(ledger_of(feed));
	struct log_page page = {.origin = view_text(key->name),
		.size = feed->snapshot.range.size,
		.number = feed->page};
	size_t i;

	for (i = 0; i < count && out->len < PART; i++) {
		if (!may_see(feed, &entries[i])) {
			continue;
		}
		buf_clear(&json);
		write_entry(feed, &entries[i], &json);
		write_event(out, entries[i].seq, "entry", buf_contents(&json));
		buf_view(&all, buf_contents(&json));
		buf_u8(&all, '\n');
	}
	*ret_next = i > 0 ? entries[i - 1].seq + 1 : feed->next;
	page.is_last = i == count && count < BATCH;
	TRY(buf_end(&all, "page"));
	if (EVP_Digest(all.data, all.len, page.digest.bytes, NULL, EVP_sha256(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "SHA-256 of a page");
	}
	log_page_write(&page, &text);
	TRY(buf_end(&text, "page"));
	TRY(note_sign(buf_contents(&text), key, &feed->peers->registry->log_seed, &note));
	write_event(out, (int64_t)page.number, "page", buf_contents(&note));
	if (page.is_last) {
		feed->in_snapshot = false;
		*ret_next = (int64_t)page.size;
	}
	return OK;
}

static void on_page(void *user, uint64_t ref, enum err err, const struct ledger_entry *entries,
	size_t count)
{
	struct feed *feed = feed_at(user, ref);
	BUF_CLEANUP struct buf out = buf_growing(PART_MAX);

	if (!feed) {
		return;
	}
	feed->busy = false;
	if (err == OK) {
		err = write_page(feed, entries, count, &out, &feed->next);
	}
	if (err != OK) {
		log_event(LOG_ERROR, "registry.snapshot_failed", "", LOG_DETAIL());
		cut(feed);
		return;
	}
	feed->page++;
	if (send(feed, &out)) {
		go(feed);
	}
}

static void begin_snapshot(struct feed *feed)
{
	BUF_CLEANUP struct buf json = buf_growing(1 << 16), out = buf_growing(1 << 16);

	log_snapshot_write(&feed->snapshot, &json);
	write_event(&out, (int64_t)feed->snapshot.range.size, "snapshot", buf_contents(&json));
	feed->in_snapshot = true;
	feed->page = 0;
	feed->next = 0;
	log_event(LOG_INFO, "registry.snapshot_begun", "",
		LOG_VIEW("registry", reg_id_view(&feed->peer->id)),
		LOG_INT("from", (int64_t)feed->snapshot.from),
		LOG_INT("size", (int64_t)feed->snapshot.range.size));
	if (send(feed, &out)) {
		go(feed);
	}
}

static void on_proof(void *user, uint64_t ref, enum err err, struct view hashes)
{
	struct feed *feed = feed_at(user, ref);
	struct reader r = reader_of(hashes);

	if (!feed) {
		return;
	}
	feed->busy = false;
	while (reader_left(&r) >= MERKLE_HASH && feed->snapshot.proof.count <= MERKLE_LEVELS) {
		reader_copy(&r, feed->snapshot.proof.hash[feed->snapshot.proof.count++].bytes,
			MERKLE_HASH);
	}
	if (err != OK) {
		cut(feed);
		return;
	}
	begin_snapshot(feed);
}

static void on_range(void *user, uint64_t ref, enum err err, struct view hashes)
{
	struct feed *feed = feed_at(user, ref);
	BUF_CLEANUP struct buf bytes = buf_growing(MERKLE_RANGE_BYTES);
	struct proof_question question = {.kind = PROOF_CONSISTENCY};

	if (!feed) {
		return;
	}
	buf_u64(&bytes, feed->snapshot.range.size);
	buf_view(&bytes, hashes);
	if (err != OK || merkle_range_read(buf_contents(&bytes), &feed->snapshot.range) != OK) {
		log_event(LOG_ERROR, "registry.snapshot_failed", "", LOG_DETAIL());
		cut(feed);
		return;
	}
	question.a = feed->snapshot.from;
	question.b = feed->snapshot.range.size;
	if (ledger_prove(ledger_of(feed), &question, on_proof, user, ref) != OK) {
		cut(feed);
	}
}

static void prepare_snapshot(struct feed *feed, int64_t size)
{
	const struct proof_question question = {.kind = PROOF_RANGE, .a = (uint64_t)size};

	feed->snapshot = (struct log_snapshot){.from = (uint64_t)feed->next};
	feed->snapshot.range.size = (uint64_t)size;
	feed->busy = true;
	if (ledger_prove(ledger_of(feed), &question, on_range, feed->peers->registry,
		    feed->peer->feed) != OK) {
		cut(feed);
	}
}

/* --- what is next --- */

static void go(struct feed *feed)
{
	struct ledger *ledger = ledger_of(feed);
	struct registry *registry = feed->peers->registry;
	const pool_ref self = feed->peer->feed;
	enum err err = OK;

	if (feed->busy || feed->blocked) {
		return;
	}
	if (feed->ends && feed->next >= feed->last && !feed->in_snapshot) {
		http_answer_end(detach(feed));
		return;
	}
	if (feed->in_snapshot) {
		feed->busy = true;
		err = ledger_read_newest(ledger, feed->next, (int64_t)feed->snapshot.range.size,
			BATCH, on_page, registry, self);
	} else if (feed->next < ledger_size(ledger)) {
		feed->busy = true;
		err = ledger_read(ledger, feed->next, BATCH, on_entries, registry, self);
	}
	if (err != OK) {
		log_event(LOG_WARN, "registry.log_not_sent", "", LOG_DETAIL());
		cut(feed);
	}
}

static void on_drained(struct http_request *request)
{
	struct feed *feed = request->user;

	feed->blocked = false;
	go(feed);
}

static void wake_one(void *user, pool_ref ref, void *slot)
{
	(void)user;
	(void)ref;
	go(slot);
}

static void on_logged(void *user)
{
	const struct registry *registry = user;

	if (registry->peers && registry->peers->feeds) {
		pool_each(registry->peers->feeds, wake_one, NULL);
	}
}

enum err feeds_start_up(struct peers *peers)
{
	peers->note = buf_growing(NOTE_MAX);
	TRY(pool_new(sizeof(struct feed), (size_t)peers->registry->conf->peers_max, &peers->feeds));
	return ledger_watch(peers->registry->ledger, on_logged, peers->registry);
}

void feeds_shut_down(struct peers *peers)
{
	pool_free(peers->feeds);
	peers->feeds = NULL;
	buf_free(&peers->note);
}

/* --- a new one --- */

/* Where the log stands comes first: who has more than that knows at once that it was rolled back. */
static void greet(struct feed *feed)
{
	struct ledger *ledger = ledger_of(feed);
	const int64_t size = ledger_size(ledger);
	const pool_ref self = feed->peer->feed;
	const struct registry *registry = feed->peers->registry;
	struct merkle_hash root;

	ledger_root(ledger, &root);
	if (!send_checkpoint(feed, size, &root) || !feed_at(registry, self)) {
		return;
	}
	if (size - feed->next > registry->conf->peers_snapshot_behind) {
		prepare_snapshot(feed, size);
		return;
	}
	go(feed);
}

static enum err begin(struct peer *peer, struct http_request *request, int64_t from,
	struct feed **ret)
{
	static const struct http_field fields[] = {
		{{(const uint8_t *)"Content-Type", 12}, {(const uint8_t *)SSE_TYPE, 17}},
		{{(const uint8_t *)"Cache-Control", 13}, {(const uint8_t *)"no-store", 8}},
	};
	struct peers *peers = peer->registry->peers;
	struct feed *feed;
	pool_ref self;

	TRY(pool_take(peers->feeds, &self, (void **)&feed));
	*feed = (struct feed){.peers = peers, .peer = peer, .request = request, .next = from};
	feed->keep_alive.fn = on_keep_alive;
	enum err err = http_answer_begin(request, 200, fields, 2, on_drained);

	if (err != OK) {
		pool_give(peers->feeds, self);
		return err;
	}
	request->user = feed;
	request->on_gone = on_gone;
	peer->feed = self;
	peer->fed_at = registry_now(peers->registry);
	*ret = feed;
	return OK;
}

enum err peers_stream(struct call *call)
{
	struct registry *registry = call->registry;
	struct peer *peer = peers_find(registry->peers, view_text(call->asker.name));
	struct feed *feed;
	int64_t from = 0;

	TRY(call_query_number(call, "from", INT64_MAX - 1, &from));
	if (!peer || peer->state != PEER_JOINED) {
		return err_fail(ERR_DENIED, "the log is for registries that have joined");
	}
	feed_end(peer); /* the one before was lost on the way */
	struct http_request *request = call_take(call);

	if (begin(peer, request, from, &feed) != OK) {
		http_answer_abort(request);
		return OK;
	}
	log_event(LOG_INFO, "registry.stream_begun", "",
		LOG_VIEW("registry", reg_id_view(&peer->id)), LOG_INT("from", from));
	greet(feed);
	return OK;
}
