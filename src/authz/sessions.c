// SPDX-License-Identifier: Apache-2.0
#include "authz/sessions.h"

#include "authz/schema.h"
#include "base/log.h"
#include "wire/rp_messages.h"

#include <stdlib.h>
#include <string.h>

enum {
	WINDOW = 64,	  /* requests without an answer */
	LOOK_MS = 1000,	  /* how often the store is asked for what others marked, and for retries */
	SWEEP_MS = 60000, /* how often what has run out is removed, and all are counted */
	SWEEP_ROWS = 1000, /* at a time */
	SESSION_ID_MAX = 256,
};

/* One request under way. */
struct sent {
	uint8_t id[SESSION_ID_MAX];
	size_t id_len;
	bool ended; /* ASR; else RAR */
};

struct sessions {
	struct authz *authz;
	struct timer look, sweep;
	struct pool *sent;
	bool looking; /* a unit that looks or claims is under way */
	bool again;   /* look once more after it */
	bool sweeping;
	struct sessions_figures figures;
};

static void look(struct sessions *s);
static void on_look(void *user, uint64_t ref, const struct store_result *result);
static void claim(struct sessions *s);
static void on_claimed(void *user, uint64_t ref, const struct store_result *result);
static void send_one(struct sessions *s, struct view id, struct view origin, bool ended);
static void on_answered(void *user, uint64_t ref, enum err result, struct view message);
static void drop(struct sessions *s, const struct sent *sent);
static void sweep(void *user);

static int64_t now_of(const struct sessions *s)
{
	return env_wall(loop_env(s->authz->loop));
}

/* ---- what is to be sent ---- */

static void on_look_time(void *user)
{
	struct sessions *s = user;

	timer_start(s->authz->loop, &s->look, LOOK_MS, on_look_time, s);
	look(s);
}

void sessions_wake(struct authz *authz)
{
	if (authz->sessions) {
		look(authz->sessions);
	}
}

/* Reads first: mostly there is nothing, and a claim is a commit. */
static void look(struct sessions *s)
{
	const struct store_value now = STORE_INT_OF(now_of(s));
	const struct store_step steps[] = {
		{.statement = LOOK_ENDED, .param_count = 1, .params = {now}},
		{.statement = LOOK_CHANGED, .param_count = 1, .params = {now}},
	};

	if (s->looking) {
		s->again = true;
		return;
	}
	s->again = false;
	s->looking = store_submit(s->authz->store, steps, 2, on_look, s->authz, 0) == OK;
}

static void on_look(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct sessions *s = authz->sessions;

	(void)ref;
	if (!s) {
		return;
	}
	s->looking = false;
	if (result->err == OK && (result->steps[0].rows > 0 || result->steps[1].rows > 0)) {
		claim(s);
		return;
	}
	if (s->again) {
		look(s);
	}
}

/*
 * Takes rows for a while, longer with each try: of several nodes on one database one sends, and when it dies
 * before the answer, another takes over.
 */
static void claim(struct sessions *s)
{
	const size_t room = WINDOW - pool_count(s->sent);
	const struct store_value now = STORE_INT_OF(now_of(s));
	const struct store_value count = STORE_INT_OF((int64_t)room / 2); /* of each kind */
	const struct store_step steps[] = {
		{.statement = CLAIM_ENDED, .param_count = 2, .params = {now, count}},
		{.statement = CLAIM_CHANGED, .param_count = 2, .params = {now, count}},
	};

	if (room < WINDOW / 2) { /* the next answer makes room */
		return;
	}
	s->looking = store_submit(s->authz->store, steps, 2, on_claimed, s->authz, 0) == OK;
}

static void on_claimed(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct sessions *s = authz->sessions;

	(void)ref;
	if (!s) {
		return;
	}
	s->looking = false;
	if (result->err != OK) {
		log_event(LOG_ERROR, "rp_b.not_claimed", "", LOG_TEXT("detail", result->detail));
		return;
	}
	for (size_t step = 0; step < 2; step++) {
		for (size_t row = 0; row < result->steps[step].rows; row++) {
			send_one(s, store_at(result, step, row, 0).bytes,
				store_at(result, step, row, 1).bytes, step == 0);
		}
	}
	if (s->again) {
		look(s);
	}
}

/* ---- ASR and RAR ---- */

/* Rows past the window stay claimed, and come again with their next try. */
static struct sent *take_slot(struct sessions *s, struct view id, bool ended, pool_ref *ret_ref)
{
	struct sent *sent;

	if (id.len > SESSION_ID_MAX || pool_take(s->sent, ret_ref, (void **)&sent) != OK) {
		return NULL;
	}
	memcpy(sent->id, id.data, id.len);
	sent->id_len = id.len;
	sent->ended = ended;
	return sent;
}

static void send_one(struct sessions *s, struct view id, struct view origin, bool ended)
{
	struct authz *authz = s->authz;
	char host[IDENT_MAX + 1];
	pool_ref ref;
	const struct rp_session session = {
		.session_id = id,
		.origin_host = ident_view(&authz->node),
		.origin_realm = ident_view(&authz->realm),
		.destination_host = origin,
		.destination_realm = ident_view(&authz->realm),
	};
	const struct rp_asr asr = {.s = session, .auth_application = DIAMETER_NASREQ};
	const struct rp_rar rar = {.s = session, .auth_application = DIAMETER_NASREQ};

	if (origin.len > IDENT_MAX || !take_slot(s, id, ended, &ref)) {
		return;
	}
	memcpy(host, origin.data, origin.len);
	host[origin.len] = '\0';
	diameter_send(authz->diameter, DIAMETER_NASREQ, ended ? DIAMETER_ASR : DIAMETER_RAR, host,
		authz->realm.text, ended ? rp_asr_rows : rp_rar_rows,
		ended ? (const void *)&asr : (const void *)&rar, on_answered, authz, ref);
}

/* The Result-Code of an ASA or RAA; 0 when there is none. */
static uint32_t result_of(struct view message, bool ended)
{
	struct rp_asa asa;
	struct diameter_fault fault;

	if (diameter_decode(message, ended ? rp_asa_rows : rp_raa_rows, &asa, &fault) != OK) {
		return 0;
	}
	return asa.s.result;
}

/*
 * An ASA of 2001, or 5002 to either: the element does not know the session, any more or at all. An RAA of 2001 is
 * a promise to ask again; the question that follows is what takes the mark away.
 */
static void on_answered(void *user, uint64_t ref, enum err result, struct view message)
{
	struct authz *authz = user;
	struct sessions *s = authz->sessions;
	struct sent *slot = s ? pool_at(s->sent, ref) : NULL;

	if (!slot) {
		return;
	}
	const struct sent sent = *slot;
	const uint32_t code = result == OK ? result_of(message, sent.ended) : 0;

	pool_give(s->sent, ref);
	if (code == DIAMETER_UNKNOWN_SESSION_ID || (code == DIAMETER_SUCCESS && sent.ended)) {
		drop(s, &sent);
	} else if (code == DIAMETER_SUCCESS) {
		s->figures.changed++;
	} else {
		s->figures.unanswered++;
		/* That a peer is away has been said once. */
		log_event(result == ERR_UNAVAILABLE ? LOG_DEBUG : LOG_WARN, "rp_b.not_told", "",
			LOG_TEXT("clause", sent.ended ? "RFC 6733 8.5.1" : "RFC 6733 8.3.1"),
			LOG_INT("result", code), LOG_TEXT("error", err_name(result)));
	}
	if (pool_count(s->sent) <= WINDOW / 2) {
		look(s);
	}
}

static void on_dropped(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;

	(void)ref;
	if (authz->sessions && result->err == OK) {
		authz->sessions->figures.aborted += result->steps[0].changed;
	}
}

/* A failure leaves the row, which is then tried again: 5002 ends it. */
static void drop(struct sessions *s, const struct sent *sent)
{
	const struct store_step step = {
		.statement = sent->ended ? DROP_ENDED : DROP_SESSION,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_of(sent->id, sent->id_len))},
	};

	if (store_submit(s->authz->store, &step, 1, on_dropped, s->authz, 0) != OK) {
		log_event(LOG_WARN, "rp_b.not_dropped", "", LOG_DETAIL());
	}
}

/* ---- a peer is back ---- */

static void on_hastened(void *user, uint64_t ref, const struct store_result *result)
{
	(void)ref;
	(void)result;
	sessions_wake(user);
}

void sessions_on_peer(void *user, const char *host, bool open)
{
	struct authz *authz = user;
	const struct store_value params = STORE_TEXT_OF(view_text(host));
	const struct store_step steps[] = {
		{.statement = HASTEN_ENDED, .param_count = 1, .params = {params}},
		{.statement = HASTEN_CHANGED, .param_count = 1, .params = {params}},
	};

	if (open && authz->sessions &&
		store_submit(authz->store, steps, 2, on_hastened, authz, 0) != OK) {
		log_event(LOG_WARN, "rp_b.not_hastened", "", LOG_DETAIL());
	}
}

/* ---- what has run out ---- */

static void on_swept(void *user, uint64_t ref, const struct store_result *result)
{
	struct authz *authz = user;
	struct sessions *s = authz->sessions;

	(void)ref;
	if (!s) {
		return;
	}
	s->sweeping = false;
	if (result->err != OK) {
		return;
	}
	s->figures.expired += result->steps[0].changed;
	s->figures.kept = (uint64_t)store_at(result, 1, 0, 0).number;
	if (result->steps[0].changed >= SWEEP_ROWS) {
		sweep(s);
	}
}

static void sweep(void *user)
{
	struct sessions *s = user;
	const struct store_step steps[] = {
		{.statement = SWEEP_SESSIONS,
			.param_count = 2,
			.params = {STORE_INT_OF(now_of(s)), STORE_INT_OF(SWEEP_ROWS)}},
		{.statement = COUNT_SESSIONS, .expect = STORE_ONE},
	};

	timer_start(s->authz->loop, &s->sweep, SWEEP_MS, sweep, s);
	if (!s->sweeping) {
		s->sweeping = store_submit(s->authz->store, steps, 2, on_swept, s->authz, 0) == OK;
	}
}

bool sessions_full(struct authz *authz)
{
	struct sessions *s = authz->sessions;

	if (!s || s->figures.kept < (uint64_t)authz->conf->sessions) {
		return false;
	}
	sweep(s); /* some may have run out, or were counted twice */
	return true;
}

void sessions_count_one(struct authz *authz)
{
	if (authz->sessions) {
		authz->sessions->figures.kept++;
	}
}

void sessions_figures(const struct authz *authz, struct sessions_figures *ret)
{
	*ret = authz->sessions ? authz->sessions->figures : (struct sessions_figures){.kept = 0};
}

enum err sessions_start_up(struct authz *authz)
{
	struct sessions *s = calloc(1, sizeof(*s));

	if (!s) {
		return err_fail(ERR_MEMORY, "sessions: out of memory");
	}
	authz->sessions = s;
	s->authz = authz;
	TRY(pool_new(sizeof(struct sent), WINDOW, &s->sent));
	sweep(s);
	on_look_time(s);
	return OK;
}

void sessions_shut_down(struct authz *authz)
{
	struct sessions *s = authz->sessions;

	if (!s) {
		return;
	}
	authz->sessions = NULL;
	timer_stop(authz->loop, &s->look);
	timer_stop(authz->loop, &s->sweep);
	pool_free(s->sent);
	free(s);
}
